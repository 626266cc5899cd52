#include "list.h"

/* The record the cursor stands for in these rows: its own, else the next, else the last. */
static bool resolve(struct list *l, const struct rowset *rows)
{
    struct rowref ref;
    struct rowkey end = ROWKEY_MAX, begin = ROWKEY_MIN;

    if (l->stick == STICK_LAST && order_backward(rows, &end, true, &ref, 1) == 1) {
        l->want = l->cursor = rowref_key(rows, ref);
        l->line = l->height - 1;
        return true;
    }
    if (l->stick == STICK_FIRST && order_forward(rows, &begin, true, &ref, 1) == 1) {
        l->want = l->cursor = rowref_key(rows, ref);
        l->line = 0;
        return true;
    }
    if (order_forward(rows, &l->want, true, &ref, 1) == 1 ||
        order_backward(rows, &l->want, true, &ref, 1) == 1) {
        l->cursor = rowref_key(rows, ref);
        return true;
    }
    return false;
}

static void reverse(struct rowref *r, unsigned n)
{
    for (unsigned i = 0; i < n / 2; i++) {
        struct rowref t = r[i];

        r[i] = r[n - 1 - i];
        r[n - 1 - i] = t;
    }
}

void list_page(struct list *l, const struct rowset *rows, int height)
{
    unsigned h = (unsigned)MAX(1, MIN(height, LIST_ROWS_MAX)), before, behind;

    l->height = (int)h;
    l->n = l->at = 0;
    if (!rows || rows->total == 0 || !resolve(l, rows))
        return;
    l->line = MAX(0, MIN(l->line, (int)h - 1));
    before = order_backward(rows, &l->cursor, false, l->row, (uint32_t)l->line);
    reverse(l->row, before);
    behind = order_forward(rows, &l->cursor, true, l->row + before, h - before);
    if (before + behind < h && before == (unsigned)l->line) {
        /* The end of the rows is in sight: fill up from above. */
        before = order_backward(rows, &l->cursor, false, l->row, h - behind);
        reverse(l->row, before);
        behind = order_forward(rows, &l->cursor, true, l->row + before, h - before);
    }
    l->n = before + behind;
    for (unsigned i = 0; i < l->n; i++)
        l->key[i] = rowref_key(rows, l->row[i]);
    l->at = before;
    l->line = (int)before;
}

static void list_take(struct list *l, const struct rowset *rows, struct rowref ref)
{
    l->want = l->cursor = rowref_key(rows, ref);
    l->stick = STICK_NONE;
}

/* Far jumps go by rank, near ones by walking. */
static void move_far(struct list *l, const struct rowset *rows, int64_t n)
{
    uint64_t rank = order_rank(rows, &l->cursor), to;
    struct rowref ref;

    if (rows->total == 0)
        return;
    if (n < 0)
        to = rank > (uint64_t)-n ? rank - (uint64_t)-n : 0;
    else
        to = MIN(rank + (uint64_t)n, rows->total - 1);
    if (order_select(rows, to, &ref))
        list_take(l, rows, ref);
}

void list_move(struct list *l, const struct rowset *rows, int64_t n)
{
    struct rowref ref[LIST_ROWS_MAX];
    uint32_t want, got;

    if (!rows || n == 0)
        return;
    l->line = (int)MAX(0, MIN((int64_t)l->height - 1, l->line + n));
    if (n > LIST_ROWS_MAX || n < -LIST_ROWS_MAX) {
        move_far(l, rows, n);
        return;
    }
    want = (uint32_t)(n < 0 ? -n : n);
    got = n < 0 ? order_backward(rows, &l->cursor, false, ref, want)
                : order_forward(rows, &l->cursor, false, ref, want);
    if (got > 0)
        list_take(l, rows, ref[got - 1]);
}

void list_first(struct list *l, const struct rowset *rows)
{
    struct rowkey k = ROWKEY_MIN;

    l->line = 0;
    list_goto(l, rows, &k, false);
}

void list_last(struct list *l, const struct rowset *rows)
{
    struct rowkey k = ROWKEY_MAX;
    struct rowref ref;

    if (!rows || order_backward(rows, &k, true, &ref, 1) != 1)
        return;
    list_take(l, rows, ref);
    l->line = l->height - 1;
}

void list_goto(struct list *l, const struct rowset *rows, const struct rowkey *k, bool centre)
{
    struct rowref ref;

    if (!rows ||
        (order_forward(rows, k, true, &ref, 1) != 1 && order_backward(rows, k, true, &ref, 1) != 1))
        return;
    struct rowkey key = rowref_key(rows, ref);
    bool seen = false;
    for (unsigned i = 0; i < l->n && centre && !seen; i++) {
        if (rowkey_cmp(&l->key[i], &key) == 0) {
            l->line = (int)i;
            seen = true;
        }
    }
    if (centre && !seen)
        l->line = l->height / 3;
    list_take(l, rows, ref);
}

bool list_selected(const struct list *l, struct rowref *out)
{
    if (l->at >= l->n)
        return false;
    *out = l->row[l->at];
    return true;
}
