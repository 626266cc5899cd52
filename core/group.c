/* group.c - stats a, b by k1, k2.
 *
 * Each key value becomes a small number (an interner a key); the numbers of a row make the group,
 * found in an open-addressed table. Columns give their numbers by code, through a memo a segment;
 * anything else goes through the naive evaluator. Sums are exact integers (10^-6 units in 128
 * bits), so the order in which segments were published cannot change a digit; percentiles are the
 * nearest rank over all values of a group, exact. */
#include <math.h>
#include <stdio.h>

#include "agg.h"
#include "rowloop.h"
#include "xalloc.h"

#define MAX_GROUPS 4000000u
#define SUM_UNITS 1e6

struct key {
    const struct query_item *item;
    struct dict *texts; /* id of a value: its text */
    struct val *val;    /* by id; str points into texts */
    size_t n_val, cap_val;
    /* memo of the segment at hand: code -> id + 1 */
    const struct column *col;
    uint32_t *memo;
    uint64_t n_memo;
    int field;
    int64_t bin_from, bin_to; /* memo of a bin: rows are sorted by time */
    uint32_t bin_id;
};

struct state {
    uint64_t count;
    __int128 sum;
    struct val best; /* min, max, earliest, latest */
    struct rowkey at;
    double *value; /* pct, stddev */
    size_t n_value, cap_value;
};

struct grouper {
    struct session *s;
    const struct query_cmd *cmd;
    struct key *key;
    uint32_t *tuple; /* n_by ids a group */
    size_t n_group, cap_group;
    struct state *state; /* n_item a group */
    size_t cap_state;
    uint32_t *slot; /* group + 1 */
    size_t n_slot;
    struct dict *seen; /* count_distinct: (group, item, text) */
    struct strbuf text;
    struct dict *kept; /* texts of min/max/earliest/latest */
};

static struct val keep_val(struct dict *d, struct val v)
{
    uint64_t h;
    uint32_t id;

    if (!v.str.ptr)
        return v;
    h = dict_hash(v.str);
    dict_intern(d, &v.str, &h, &id, 1);
    v.str = dict_text(d, id);
    return v;
}

static uint32_t key_id(struct key *k, struct val v, struct strbuf *text)
{
    struct slice s;
    uint64_t h;
    uint32_t id;

    strbuf_reset(text);
    strbuf_addc(text, (char)('0' + v.kind)); /* 5 and "5" are two keys, missing is one */
    val_print(v, text);
    s = strbuf_slice(text);
    h = dict_hash(s);
    dict_intern(k->texts, &s, &h, &id, 1);
    GROW(k->val, k->cap_val, (size_t)id + 1);
    if (id >= k->n_val) {
        struct slice kept = dict_text(k->texts, id);

        v.str = v.str.ptr ? slice_of(kept.ptr + 1, kept.len - 1) : v.str;
        k->val[id] = v;
        k->n_val = id + 1;
    }
    return id;
}

static void key_segment(struct key *k, const struct segment *seg)
{
    const struct expr *e = k->item->expr;

    free(k->memo);
    k->memo = NULL;
    k->col = NULL;
    k->bin_from = 1;
    k->bin_to = 0;
    if (k->item->bin_us || !e || e->kind != EX_FIELD || e->field->pseudo != PF_NONE)
        return;
    k->field = e->field->per_type[seg->lt->id];
    if (k->field < 0 || (unsigned)k->field >= seg->lt->n_static)
        return;
    k->col = &seg->col[k->field];
    k->n_memo = k->col->kind == COL_DICT    ? (uint64_t)k->col->n_local + 1
                : k->col->min > k->col->max ? 1
                                            : (uint64_t)(k->col->max - k->col->base) + 2;
    if (k->col->kind == COL_NONE || k->col->odd || k->n_memo > (1u << 20))
        k->col = NULL;
    else
        k->memo = xcalloc(k->n_memo, sizeof(*k->memo));
}

static uint32_t key_of_row(struct grouper *g, struct key *k, struct rowview *view,
                           const struct row_access *access)
{
    uint64_t code = 0;
    struct val v;

    if (k->item->bin_us) {
        int64_t ts = view->seg->ts[view->row], from;

        if (ts >= k->bin_from && ts < k->bin_to)
            return k->bin_id;
        from = ts - ((ts % k->item->bin_us) + k->item->bin_us) % k->item->bin_us;
        k->bin_from = from;
        k->bin_to = from + k->item->bin_us;
        k->bin_id = key_id(k, (struct val){.kind = VAL_TIME, .time_us = from}, &g->text);
        return k->bin_id;
    }
    if (k->col) {
        code = column_code(k->col, view->row);
        if (k->memo[code])
            return k->memo[code] - 1;
    }
    strbuf_reset(access->scratch);
    v = expr_eval(k->item->expr, access);
    if (k->col) {
        k->memo[code] = key_id(k, v, &g->text) + 1;
        return k->memo[code] - 1;
    }
    return key_id(k, v, &g->text);
}

/* --- the table of groups --- */

static uint64_t tuple_hash(const uint32_t *id, unsigned n)
{
    uint64_t h = 0x9E3779B97F4A7C15u;

    for (unsigned i = 0; i < n; i++)
        h = (h ^ id[i]) * 0xD6E8FEB86659FD93u ^ h >> 32;
    return h ^ h >> 29;
}

static void rehash(struct grouper *g)
{
    unsigned n_by = g->cmd->n_by;

    g->n_slot = g->n_slot ? g->n_slot * 2 : 1024;
    free(g->slot);
    g->slot = xcalloc(g->n_slot, sizeof(*g->slot));
    for (size_t k = 0; k < g->n_group; k++) {
        size_t i = tuple_hash(g->tuple + k * n_by, n_by) & (g->n_slot - 1);
        while (g->slot[i])
            i = (i + 1) & (g->n_slot - 1);
        g->slot[i] = (uint32_t)k + 1;
    }
}

static size_t group_of(struct grouper *g, const uint32_t *id)
{
    unsigned n_by = g->cmd->n_by, n_item = g->cmd->n_item;
    size_t i;

    if ((g->n_group + 1) * 2 > g->n_slot)
        rehash(g);
    for (i = tuple_hash(id, n_by) & (g->n_slot - 1); g->slot[i]; i = (i + 1) & (g->n_slot - 1))
        if (memcmp(g->tuple + (size_t)(g->slot[i] - 1) * n_by, id, n_by * sizeof(*id)) == 0)
            return g->slot[i] - 1;
    GROW(g->tuple, g->cap_group, (g->n_group + 1) * MAX(n_by, 1u));
    GROW(g->state, g->cap_state, (g->n_group + 1) * n_item);
    memcpy(g->tuple + g->n_group * n_by, id, n_by * sizeof(*id));
    memset(g->state + g->n_group * n_item, 0, n_item * sizeof(*g->state));
    g->slot[i] = (uint32_t)++g->n_group;
    return g->n_group - 1;
}

/* --- aggregates --- */

static bool not_reached(const struct expr *e, const struct segment *seg, struct val v)
{
    int field;

    if (v.kind != VAL_NUM || v.num != -1 || e->kind != EX_FIELD || e->field->pseudo != PF_NONE)
        return false;
    field = e->field->per_type[seg->lt->id];
    return field >= 0 && (seg->lt->field[field]->flags & FF_NEG1);
}

static bool distinct_seen(struct grouper *g, size_t group, unsigned item, struct val v)
{
    uint32_t before = dict_count(g->seen), id;
    struct slice s;
    uint64_t h;

    strbuf_reset(&g->text);
    strbuf_add(&g->text, &group, sizeof(group));
    strbuf_add(&g->text, &item, sizeof(item));
    val_print(v, &g->text);
    s = strbuf_slice(&g->text);
    h = dict_hash(s);
    dict_intern(g->seen, &s, &h, &id, 1);
    return id < before;
}

static void keep_best(struct grouper *g, struct state *st, struct val v, bool better)
{
    if (better)
        st->best = keep_val(g->kept, v);
}

static void add_value(struct grouper *g, struct state *st, const struct query_item *it,
                      size_t group, unsigned item, struct val v, const struct rowview *view)
{
    struct rowkey k;
    double x = v.kind == VAL_TIME ? (double)v.time_us / 1000 : v.num;
    bool number = v.kind == VAL_NUM || v.kind == VAL_BOOL || v.kind == VAL_TIME;

    switch (it->agg) {
    case AGG_COUNT_DISTINCT:
        st->count += !distinct_seen(g, group, item, v);
        return;
    case AGG_SUM:
    case AGG_AVG:
        if (!number || !isfinite(x))
            return;
        st->sum += (__int128)llrintl((long double)x * SUM_UNITS);
        break;
    case AGG_MIN:
        keep_best(g, st, v, st->count == 0 || val_cmp(v, st->best) < 0);
        break;
    case AGG_MAX:
        keep_best(g, st, v, st->count == 0 || val_cmp(v, st->best) > 0);
        break;
    case AGG_PCT:
    case AGG_STDDEV:
        if (!number || !isfinite(x))
            return;
        GROW(st->value, st->cap_value, st->n_value + 1);
        st->value[st->n_value++] = x;
        break;
    case AGG_EARLIEST:
    case AGG_LATEST:
        k = segment_key(view->seg, view->row);
        if (st->count && (rowkey_cmp(&k, &st->at) < 0) != (it->agg == AGG_EARLIEST))
            return;
        st->at = k;
        keep_best(g, st, v, true);
        break;
    default:
        break;
    }
    st->count++;
}

static void add_row(struct grouper *g, size_t group, struct rowview *view,
                    const struct row_access *access)
{
    for (unsigned i = 0; i < g->cmd->n_item; i++) {
        const struct query_item *it = &g->cmd->item[i];
        struct state *st = &g->state[group * g->cmd->n_item + i];
        struct val v;

        if (!it->expr) {
            st->count++;
            continue;
        }
        strbuf_reset(access->scratch);
        v = expr_eval(it->expr, access);
        if (v.kind != VAL_MISSING && !not_reached(it->expr, view->seg, v))
            add_value(g, st, it, group, i, v, view);
    }
}

static bool group_segment(struct grouper *g, const struct rowset *r, uint32_t i,
                          struct rowview *view, const atomic_bool *cancel)
{
    struct row_access access = rowview_access(view);
    uint32_t id[64];

    for (unsigned k = 0; k < g->cmd->n_by; k++)
        key_segment(&g->key[k], r->snap->seg[i]);
    FOR_ROWS(r, i, row)
    {
        if (row % 4096 == 0 && cancel && *cancel)
            return false;
        rowview_at(view, r->snap->seg[i], row);
        for (unsigned k = 0; k < g->cmd->n_by; k++)
            id[k] = key_of_row(g, &g->key[k], view, &access);
        add_row(g, group_of(g, id), view, &access);
        if (g->n_group > MAX_GROUPS)
            return false;
    }
    return true;
}

/* --- results --- */

static int by_double(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double stddev(const double *v, size_t n)
{
    double mean = 0, sum = 0;

    if (n < 2)
        return 0;
    for (size_t i = 0; i < n; i++)
        mean += v[i] / (double)n;
    for (size_t i = 0; i < n; i++)
        sum += (v[i] - mean) * (v[i] - mean);
    return sqrt(sum / (double)(n - 1));
}

static struct val result(const struct query_item *it, struct state *st)
{
    struct val v = {.kind = VAL_NUM};
    size_t rank;

    switch (it->agg) {
    case AGG_COUNT:
    case AGG_COUNT_FIELD:
    case AGG_COUNT_DISTINCT:
    case AGG_NONE:
        v.num = (double)st->count;
        return v;
    case AGG_SUM:
        v.num = (double)((long double)st->sum / SUM_UNITS);
        return v;
    case AGG_AVG:
        v.num = st->count ? (double)((long double)st->sum / SUM_UNITS / st->count) : 0;
        break;
    case AGG_PCT:
        qsort(st->value, st->n_value, sizeof(*st->value), by_double);
        rank = (size_t)ceil(it->pct / 100 * (double)st->n_value);
        v.num = st->n_value ? st->value[rank ? rank - 1 : 0] : 0;
        break;
    case AGG_STDDEV:
        qsort(st->value, st->n_value, sizeof(*st->value), by_double);
        v.num = stddev(st->value, st->n_value);
        break;
    default:
        v = st->best;
    }
    return st->count ? v : (struct val){.kind = VAL_MISSING};
}

static int order_rows(const void *a, const void *b, void *ctx)
{
    const struct query_cmd *cmd = ctx;
    const struct val *x = a, *y = b;

    for (unsigned k = 0; k < cmd->n_by; k++) {
        int c = val_cmp(x[k], y[k]);

        if (cmd->by[k].bin_us)
            c = -c; /* time keys: newest first */
        if (c)
            return c;
    }
    return 0;
}

static struct group_table *make_table(struct grouper *g)
{
    const struct query_cmd *cmd = g->cmd;
    struct group_table *t = xcalloc(1, sizeof(*t));
    unsigned width = cmd->n_by + cmd->n_item;

    t->n_key = cmd->n_by;
    t->n_agg = cmd->n_item;
    t->n = g->n_group;
    t->name = xcalloc(width, sizeof(*t->name));
    for (unsigned i = 0; i < width; i++)
        t->name[i] = xstrdup(i < cmd->n_by ? cmd->by[i].name : cmd->item[i - cmd->n_by].name);
    t->cell = xcalloc(t->n * width, sizeof(*t->cell));
    t->texts = dict_new();
    for (uint64_t row = 0; row < t->n; row++) {
        struct val *cell = t->cell + row * width;

        for (unsigned k = 0; k < cmd->n_by; k++)
            cell[k] = keep_val(t->texts, g->key[k].val[g->tuple[row * cmd->n_by + k]]);
        for (unsigned i = 0; i < cmd->n_item; i++)
            cell[cmd->n_by + i] =
                keep_val(t->texts, result(&cmd->item[i], &g->state[row * cmd->n_item + i]));
    }
    if (t->n)
        qsort_r(t->cell, t->n, width * sizeof(*t->cell), order_rows, (void *)(uintptr_t)cmd);
    return t;
}

static void grouper_free(struct grouper *g)
{
    for (unsigned k = 0; k < g->cmd->n_by; k++) {
        dict_free(g->key[k].texts);
        free(g->key[k].val);
        free(g->key[k].memo);
    }
    for (size_t i = 0; i < g->n_group * g->cmd->n_item; i++)
        free(g->state[i].value);
    free(g->key);
    free(g->tuple);
    free(g->state);
    free(g->slot);
    dict_free(g->seen);
    dict_free(g->kept);
    strbuf_release(&g->text);
}

struct group_table *group_compute(struct session *s, const struct rowset *r,
                                  const struct query_cmd *stats, const atomic_bool *cancel,
                                  struct err *e)
{
    struct grouper g = {.s = s, .cmd = stats, .seen = dict_new(), .kept = dict_new()};
    struct group_table *t = NULL;
    struct rowview view;
    bool ok = stats->n_by <= 64;

    g.key = xcalloc(stats->n_by, sizeof(*g.key));
    for (unsigned k = 0; k < stats->n_by; k++) {
        g.key[k].item = &stats->by[k];
        g.key[k].texts = dict_new();
    }
    rowview_init(&view, s);
    for (uint32_t i = 0; i < r->snap->n && ok; i++)
        ok = r->count[i] == 0 || group_segment(&g, r, i, &view, cancel);
    rowview_release(&view);
    if (stats->n_by == 0 && g.n_group == 0)
        group_of(&g, (uint32_t[1]){0});
    if (ok)
        t = make_table(&g);
    else if (cancel && *cancel)
        err_set(e, ERR_CANCEL, "stopped");
    else
        err_set(e, ERR_LIMIT, "more than %u groups: group by fewer or coarser keys", MAX_GROUPS);
    grouper_free(&g);
    return t;
}

void group_free(struct group_table *t)
{
    if (!t)
        return;
    for (unsigned i = 0; i < t->n_key + t->n_agg; i++)
        free(t->name[i]);
    free(t->name);
    free(t->cell);
    dict_free(t->texts);
    free(t);
}
