/* runquery_sort.c - sort and dedup. A sort with a limit behind it keeps no more rows than that. */
#include "runquery_impl.h"

#include <inttypes.h>

#include "dict.h"
#include "xalloc.h"

/* The rows order[0..n) in this order, some of them perhaps left out. */
static void reorder(struct exec *r, const uint64_t *order, uint64_t n)
{
    struct rowref *ref = r->ref ? xmalloc(MAX(n, 1u) * sizeof(*ref)) : NULL;
    struct val *cell = r->width ? xmalloc(MAX(n, 1u) * r->width * sizeof(*cell)) : NULL;

    for (uint64_t i = 0; i < n; i++) {
        if (ref)
            ref[i] = r->ref[order[i]];
        if (cell)
            memcpy(cell + i * r->width, r->cell + order[i] * r->width, r->width * sizeof(*cell));
    }
    free(r->ref);
    exec_free_cells(r);
    r->ref = ref;
    r->cell = cell;
    r->n = n;
}

/* --- sort --- */

struct sort_row {
    uint64_t at; /* place before, for equal keys */
    struct rowref ref;
    struct val key[];
};

/* Rows with their keys. With `keep` set, the rows behind the best `keep` are dropped each time the
 * room is used up, and their texts with them: so memory does not grow with the input. */
struct sorter {
    const struct query_cmd *cmd;
    struct dict *texts; /* of the keys */
    char *row;          /* elements of `size` bytes */
    size_t size;
    uint64_t n, cap, seen;
    uint64_t keep; /* 0: all */
    bool full;     /* the first `keep` rows are in order, the rest is newer */
    struct exec *exec;
    unsigned next;          /* the command behind */
    struct memlease memory; /* of the rows */
};

#define SORT_ROOM 4096
#define SORT_KEEP_MAX 1000000

static int key_cmp(const struct query_item *it, const struct val *v, const struct val *w)
{
    int cmp = val_cmp(*v, *w);

    /* missing is last in both directions */
    return it->desc && v->kind != VAL_MISSING && w->kind != VAL_MISSING ? -cmp : cmp;
}

/* What is equal stays as it was: by its place, or as it would have been by the keys of its group.
 */
static int by_keys(const void *a, const void *b, void *ctx)
{
    const struct sorter *s = ctx;
    const struct query_cmd *c = s->cmd;
    const struct exec *r = s->exec;
    const struct sort_row *x = a, *y = b;

    for (unsigned k = 0; k < c->n_item; k++) {
        int cmp = key_cmp(&c->item[k], &x->key[k], &y->key[k]);

        if (cmp)
            return cmp;
    }
    if (r->order_keys)
        return group_row_cmp(r->cell + x->at * r->width, r->cell + y->at * r->width, r->order_keys);
    return (x->at > y->at) - (x->at < y->at);
}

static struct sort_row *sorter_row(const struct sorter *s, uint64_t i)
{
    return (struct sort_row *)(s->row + i * s->size);
}

static void sorter_init(struct sorter *s, struct query_cmd *c, uint64_t limit)
{
    *s = (struct sorter){.cmd = c, .texts = dict_new(), .memory = {.use = MEMORY_ROWS}};
    s->size = sizeof(struct sort_row) + c->n_item * sizeof(struct val);
    s->keep = limit <= SORT_KEEP_MAX ? MAX(limit, 1) : 0;
}

static void sorter_release(struct sorter *s)
{
    free(s->row);
    memlease_release(&s->memory);
    dict_free(s->texts);
}

static void sorter_order(struct sorter *s)
{
    struct dict *texts;

    if (s->n)
        qsort_r(s->row, s->n, s->size, by_keys, s);
    if (!s->keep || s->n <= s->keep)
        return;
    s->n = s->keep;
    s->full = true;
    texts = dict_new();
    for (uint64_t i = 0; i < s->n; i++)
        for (unsigned k = 0; k < s->cmd->n_item; k++)
            sorter_row(s, i)->key[k] = val_keep(texts, sorter_row(s, i)->key[k]);
    dict_free(s->texts);
    s->texts = texts;
}

static void sorter_room(struct sorter *s)
{
    if (s->n < s->cap)
        return;
    if (s->keep && s->cap)
        sorter_order(s);
    if (s->n < s->cap)
        return;
    s->cap = s->cap ? 2 * s->cap : MAX(SORT_ROOM, 2 * s->keep);
    memlease_force(&s->memory, s->cap * s->size);
    s->row = xreallocarray(s->row, s->cap, s->size);
}

static void sorter_add(struct sorter *s, struct rowref ref, const struct row_access *access)
{
    struct sort_row *row;

    sorter_room(s);
    row = sorter_row(s, s->n);
    row->at = s->seen++;
    row->ref = ref;
    for (unsigned k = 0; k < s->cmd->n_item; k++) {
        struct val v = expr_eval(s->cmd->item[k].expr, access);

        if (k == 0 && s->full &&
            key_cmp(&s->cmd->item[0], &v, &sorter_row(s, s->keep - 1)->key[0]) > 0)
            return;
        row->key[k] = val_keep(s->texts, v);
    }
    s->n++;
}

static struct rowref *sorted_refs(const struct sorter *s)
{
    struct rowref *ref = xmalloc(MAX(s->n, 1u) * sizeof(*ref));

    for (uint64_t i = 0; i < s->n; i++)
        ref[i] = sorter_row(s, i)->ref;
    return ref;
}

/* Rows that are in order by now are so in the end, too, when others are among them. */
static void show_sorted(struct sorter *s)
{
    struct rowref *ref;

    sorter_order(s);
    ref = sorted_refs(s);
    exec_show_list(s->exec, s->next, ref, s->n, s->seen);
    free(ref);
}

static bool sort_ref(void *ctx, struct rowref ref)
{
    struct sorter *s = ctx;
    struct row_access access = exec_access(s->exec);

    exec_at_record(s->exec, ref);
    sorter_add(s, ref, &access);
    if (exec_due(s->exec, "sorted", s->seen, s->exec->set->total))
        show_sorted(s);
    return !exec_cancelled(s->exec);
}

static void sort_listed(struct exec *r, struct sorter *s)
{
    struct row_access access = exec_access(r);
    uint64_t *order;

    for (uint64_t i = 0; i < r->n && !exec_cancelled(r); i++) {
        exec_at(r, i);
        sorter_add(s, (struct rowref){0, 0}, &access);
    }
    sorter_order(s);
    order = xmalloc(MAX(s->n, 1u) * sizeof(*order));
    for (uint64_t i = 0; i < s->n; i++)
        order[i] = sorter_row(s, i)->at;
    reorder(r, order, s->n);
    r->order_keys = 0;
    free(order);
}

/* Command i; `limit`: how many rows are asked for by the commands behind, UINT64_MAX if all. */
static void sort_rows(struct exec *r, unsigned i, uint64_t limit)
{
    struct sorter s;

    if (r->q->no_sort || r->limit != UINT64_MAX)
        exec_list(r);
    sorter_init(&s, &r->q->ast->cmd[i], limit);
    s.exec = r;
    s.next = i + 1;
    if (r->listed) {
        sort_listed(r, &s);
    } else {
        order_each(r->set, sort_ref, &s);
        sorter_order(&s);
        r->listed = true;
        r->n = s.n;
        r->ref = sorted_refs(&s);
    }
    r->sorted = true;
    sorter_release(&s);
}

/* The limit that follows the sort at `i` with nothing between that looks at the rows. */
static uint64_t limit_after(const struct exec *r, unsigned i, unsigned n)
{
    const struct query_cmd *cmd = r->q->ast->cmd;

    while (++i < n) {
        bool done_early = i < r->early && cmd[i].kind == QCMD_FILTER;

        if (cmd[i].kind == QCMD_LIMIT)
            return cmd[i].limit;
        if (cmd[i].kind != QCMD_FIELDS && cmd[i].kind != QCMD_DISPLAY && !done_early)
            break;
    }
    return UINT64_MAX;
}

void exec_sort(struct exec *r, unsigned i)
{
    const struct query_ast *q = r->q->ast;
    uint64_t limit = limit_after(r, i, q->n_cmd);

    if (limit <= SORT_KEEP_MAX)
        plan_how(r->q->plan, 0, "the best %" PRIu64 " are kept", limit);
    sort_rows(r, i, limit);
}

/* --- dedup --- */

void exec_dedup(struct exec *r, const struct query_cmd *c)
{
    struct row_access access = exec_access(r);
    struct dict *seen = dict_new();
    struct strbuf text = STRBUF_INIT;
    bool *keep;
    uint64_t n = 0;

    exec_list(r);
    keep = xcalloc(MAX(r->n, 1u), sizeof(*keep));
    for (uint64_t k = 0; k < r->n; k++) {
        /* records without a sort: the newest stays */
        uint64_t i = r->sorted || r->name ? k : r->n - 1 - k;
        bool missing = false;

        exec_at(r, i);
        strbuf_reset(&text);
        for (unsigned f = 0; f < c->n_item; f++) {
            struct val v = expr_eval(c->item[f].expr, &access);

            missing |= v.kind == VAL_MISSING;
            val_print(v, &text);
            strbuf_addc(&text, '\0');
        }
        uint32_t before = dict_count(seen);

        keep[i] = missing || dict_add(seen, strbuf_slice(&text)) >= before;
        exec_tell(r, "compared", k, r->n);
    }
    for (uint64_t i = 0; i < r->n; i++)
        if (keep[i])
            exec_move_row(r, n++, i);
    r->n = n;
    free(keep);
    strbuf_release(&text);
    dict_free(seen);
}
