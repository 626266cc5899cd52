/* group.c - stats a, b by k1, k2.
 *
 * Each key value becomes a small number (an interner a key); the numbers of a row make the group,
 * found in an open-addressed table. Columns give their numbers by code, through a memo a segment;
 * anything else goes through the naive evaluator. Sums are exact integers (10^-6 units in 128
 * bits), so the order in which segments were published cannot change a digit; percentiles are the
 * nearest rank over all values of a group, exact. */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "agg.h"
#include "rowloop.h"
#include "xalloc.h"

#define MAX_GROUPS 4000000u
#define MAX_KEYS 64
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
    const struct query_cmd *cmd;
    bool places; /* some aggregate asks where a row stands */
    struct key *key;
    uint32_t *tuple; /* n_by ids a group */
    size_t n_group, cap_group;
    struct state *state; /* n_agg a group */
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
    k->col = segment_column(seg, (unsigned)k->field);
    k->n_memo = column_n_codes(k->col);
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
        int64_t ts = segment_ts(view->seg, view->row), from;

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
    unsigned n_by = g->cmd->n_by, n_agg = g->cmd->n_agg;
    size_t i;

    if ((g->n_group + 1) * 2 > g->n_slot)
        rehash(g);
    for (i = tuple_hash(id, n_by) & (g->n_slot - 1); g->slot[i]; i = (i + 1) & (g->n_slot - 1))
        if (memcmp(g->tuple + (size_t)(g->slot[i] - 1) * n_by, id, n_by * sizeof(*id)) == 0)
            return g->slot[i] - 1;
    GROW(g->tuple, g->cap_group, (g->n_group + 1) * MAX(n_by, 1u));
    GROW(g->state, g->cap_state, (g->n_group + 1) * n_agg);
    memcpy(g->tuple + g->n_group * n_by, id, n_by * sizeof(*id));
    memset(g->state + g->n_group * n_agg, 0, n_agg * sizeof(*g->state));
    g->slot[i] = (uint32_t)++g->n_group;
    return g->n_group - 1;
}

/* --- aggregates --- */

static bool not_reached(const struct expr *e, const struct segment *seg, struct val v)
{
    int field;

    if (!seg || v.kind != VAL_NUM || v.num != -1 || e->kind != EX_FIELD ||
        e->field->pseudo != PF_NONE)
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
                      size_t group, unsigned item, struct val v, const struct rowkey *k)
{
    double x = (double)v.time_us / 1000;
    bool number = v.kind == VAL_TIME || val_number(v, &x);

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
    case AGG_SORTS_FIRST:
        keep_best(g, st, v, st->count == 0 || val_cmp(v, st->best) < 0);
        break;
    case AGG_MAX:
    case AGG_SORTS_LAST:
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
        if (st->count && (rowkey_cmp(k, &st->at) < 0) != (it->agg == AGG_EARLIEST))
            return;
        st->at = *k;
        keep_best(g, st, v, true);
        break;
    default:
        break;
    }
    st->count++;
}

static void add_row(struct grouper *g, size_t group, const struct row_access *access,
                    const struct group_place *at)
{
    for (unsigned i = 0; i < g->cmd->n_agg; i++) {
        const struct query_item *it = &g->cmd->agg[i];
        struct state *st = &g->state[group * g->cmd->n_agg + i];
        struct val v;

        if (!it->expr) {
            st->count++;
            continue;
        }
        strbuf_reset(access->scratch);
        v = expr_eval(it->expr, access);
        if (v.kind != VAL_MISSING && v.kind != VAL_JSON && !not_reached(it->expr, at->seg, v))
            add_value(g, st, it, group, i, v, &at->key);
    }
}

static bool group_segment(struct grouper *g, const struct rowset *r, uint32_t i,
                          struct rowview *view, const atomic_bool *cancel)
{
    struct row_access access = rowview_access(view);
    struct segment *seg = r->snap->seg[i];
    uint32_t id[MAX_KEYS];

    for (unsigned k = 0; k < g->cmd->n_by; k++)
        key_segment(&g->key[k], seg);
    FOR_ROWS(r, i, row)
    {
        struct group_place at = {.seg = seg};

        if (row % 4096 == 0 && cancel && *cancel)
            return false;
        rowview_at(view, seg, row);
        for (unsigned k = 0; k < g->cmd->n_by; k++)
            id[k] = key_of_row(g, &g->key[k], view, &access);
        if (g->places)
            at.key = segment_key(seg, row);
        add_row(g, group_of(g, id), &access, &at);
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

/* The value that stands at place k when all are sorted; reorders them. Median of three, and what is
 * smaller and larger to its sides, until k is found. */
static double select_nth(double *v, size_t n, size_t k)
{
    size_t lo = 0, hi = n - 1;

    while (lo < hi) {
        double a = v[lo], b = v[lo + (hi - lo) / 2], c = v[hi];
        double pivot = MAX(MIN(a, b), MIN(MAX(a, b), c));
        size_t i = lo, j = hi;

        for (;;) {
            double swap;

            while (v[i] < pivot)
                i++;
            while (v[j] > pivot)
                j--;
            if (i >= j)
                break;
            swap = v[i];
            v[i++] = v[j];
            v[j--] = swap;
        }
        if (k <= j)
            hi = j;
        else
            lo = j + 1;
    }
    return v[k];
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
        rank = (size_t)ceil(it->pct / 100 * (double)st->n_value);
        v.num = st->n_value ? select_nth(st->value, st->n_value, rank ? rank - 1 : 0) : 0;
        break;
    case AGG_STDDEV:
        if (st->n_value) /* the same sum in the same order, on any number of cores */
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

        if (x[k].kind == VAL_TIME && y[k].kind == VAL_TIME)
            c = -c; /* time keys: newest first */
        if (c)
            return c;
    }
    return 0;
}

static struct val agg_cell(void *row, const struct field_ref *f)
{
    const struct val *cell = row;

    return f->pseudo == PF_COLUMN && f->column >= 0 ? cell[f->column]
                                                    : (struct val){.kind = VAL_MISSING};
}

/* The items of a group, from its aggregates. */
static void fill_items(struct grouper *g, struct dict *texts, size_t group, struct val *cell)
{
    const struct query_cmd *cmd = g->cmd;
    struct val *agg = xcalloc(MAX(cmd->n_agg, 1u), sizeof(*agg));
    struct row_access access = {agg_cell, NULL, agg, &g->text};

    for (unsigned i = 0; i < cmd->n_agg; i++)
        agg[i] = keep_val(texts, result(&cmd->agg[i], &g->state[group * cmd->n_agg + i]));
    for (unsigned i = 0; i < cmd->n_item; i++) {
        strbuf_reset(&g->text);
        cell[i] = keep_val(texts, expr_eval(cmd->item[i].expr, &access));
    }
    free(agg);
}

struct group_table *grouper_table(struct grouper *g)
{
    const struct query_cmd *cmd = g->cmd;
    struct group_table *t = xcalloc(1, sizeof(*t));
    unsigned width = cmd->n_by + cmd->n_item;

    if (cmd->n_by == 0 && g->n_group == 0)
        group_of(g, (uint32_t[1]){0});
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
        fill_items(g, t->texts, row, cell + cmd->n_by);
    }
    if (t->n)
        qsort_r(t->cell, t->n, width * sizeof(*t->cell), order_rows, (void *)(uintptr_t)cmd);
    return t;
}

void grouper_free(struct grouper *g)
{
    if (!g)
        return;
    for (unsigned k = 0; k < g->cmd->n_by; k++) {
        dict_free(g->key[k].texts);
        free(g->key[k].val);
        free(g->key[k].memo);
    }
    for (size_t i = 0; i < g->n_group * g->cmd->n_agg; i++)
        free(g->state[i].value);
    free(g->key);
    free(g->tuple);
    free(g->state);
    free(g->slot);
    dict_free(g->seen);
    dict_free(g->kept);
    strbuf_release(&g->text);
    free(g);
}

struct grouper *grouper_new(const struct query_cmd *stats)
{
    struct grouper *g = xcalloc(1, sizeof(*g));

    g->cmd = stats;
    g->seen = dict_new();
    g->kept = dict_new();
    g->key = xcalloc(MAX(stats->n_by, 1u), sizeof(*g->key));
    for (unsigned k = 0; k < stats->n_by; k++) {
        g->key[k].item = &stats->by[k];
        g->key[k].texts = dict_new();
    }
    for (unsigned i = 0; i < stats->n_agg; i++)
        g->places |= stats->agg[i].agg == AGG_EARLIEST || stats->agg[i].agg == AGG_LATEST;
    return g;
}

static struct val bin_of(const struct query_item *key, struct val v)
{
    int64_t w = key->bin_us;

    if (w && v.kind == VAL_TIME)
        v.time_us -= ((v.time_us % w) + w) % w;
    return v;
}

bool grouper_add(struct grouper *g, const struct row_access *access, const struct group_place *at)
{
    uint32_t id[MAX_KEYS];

    for (unsigned k = 0; k < g->cmd->n_by; k++) {
        strbuf_reset(access->scratch);
        id[k] = key_id(&g->key[k], bin_of(g->key[k].item, expr_eval(g->key[k].item->expr, access)),
                       &g->text);
    }
    add_row(g, group_of(g, id), access, at);
    return g->n_group <= MAX_GROUPS;
}

/* --- several threads --- */

/* Adds the values of another group of the same keys. */
static void merge_state(struct grouper *g, const struct query_item *it, struct state *to,
                        struct state *from)
{
    bool first = to->count == 0;
    int c;

    switch (it->agg) {
    case AGG_MIN:
    case AGG_SORTS_FIRST:
    case AGG_MAX:
    case AGG_SORTS_LAST:
        c = from->count && !first ? val_cmp(from->best, to->best) : 0;
        if (it->agg == AGG_MAX || it->agg == AGG_SORTS_LAST)
            c = -c;
        keep_best(g, to, from->best, from->count && (first || c < 0));
        break;
    case AGG_EARLIEST:
    case AGG_LATEST:
        if (!from->count ||
            (!first && (rowkey_cmp(&from->at, &to->at) < 0) != (it->agg == AGG_EARLIEST)))
            break;
        to->at = from->at;
        keep_best(g, to, from->best, true);
        break;
    case AGG_PCT:
    case AGG_STDDEV:
        GROW(to->value, to->cap_value, to->n_value + from->n_value);
        if (from->n_value)
            memcpy(to->value + to->n_value, from->value, from->n_value * sizeof(*to->value));
        to->n_value += from->n_value;
        break;
    default:
        to->sum += from->sum;
    }
    if (it->agg != AGG_COUNT_DISTINCT) /* counted anew in merge_seen */
        to->count += from->count;
}

/* The distinct values of the other: their group has another number here. */
static void merge_seen(struct grouper *g, const struct grouper *o, const size_t *group_here)
{
    for (uint32_t i = 0; i < dict_count(o->seen); i++) {
        struct slice s = dict_text(o->seen, i);
        uint32_t before = dict_count(g->seen), id;
        size_t group;
        unsigned item;
        uint64_t h;

        memcpy(&group, s.ptr, sizeof(group));
        memcpy(&item, s.ptr + sizeof(group), sizeof(item));
        group = group_here[group];
        strbuf_reset(&g->text);
        strbuf_add(&g->text, &group, sizeof(group));
        strbuf_addsl(&g->text, slice_of(s.ptr + sizeof(group), s.len - sizeof(group)));
        s = strbuf_slice(&g->text);
        h = dict_hash(s);
        dict_intern(g->seen, &s, &h, &id, 1);
        g->state[group * g->cmd->n_agg + item].count += id >= before;
    }
}

static void merge(struct grouper *g, struct grouper *o)
{
    const struct query_cmd *cmd = g->cmd;
    size_t *here = xcalloc(MAX(o->n_group, (size_t)1), sizeof(*here));

    for (size_t i = 0; i < o->n_group; i++) {
        uint32_t id[MAX_KEYS];

        for (unsigned k = 0; k < cmd->n_by; k++)
            id[k] = key_id(&g->key[k], o->key[k].val[o->tuple[i * cmd->n_by + k]], &g->text);
        here[i] = group_of(g, id);
        for (unsigned a = 0; a < cmd->n_agg; a++)
            merge_state(g, &cmd->agg[a], &g->state[here[i] * cmd->n_agg + a],
                        &o->state[i * cmd->n_agg + a]);
    }
    merge_seen(g, o, here);
    free(here);
}

/* What the threads share: they take segment after segment. */
struct crew {
    struct session *s;
    const struct rowset *r;
    const struct query_cmd *cmd;
    const atomic_bool *cancel;
    atomic_uint next;
    atomic_bool failed;
};

struct hand {
    pthread_t thread;
    struct crew *crew;
    struct grouper *g;
};

static void *group_some(void *arg)
{
    struct hand *h = arg;
    struct crew *c = h->crew;
    struct rowview view;
    uint32_t i;

    rowview_init(&view, c->s);
    while (!c->failed && (i = atomic_fetch_add(&c->next, 1)) < c->r->snap->n)
        if (c->r->count[i] && !group_segment(h->g, c->r, i, &view, c->cancel))
            c->failed = true;
    rowview_release(&view);
    return NULL;
}

#define MAX_HANDS 64

struct group_table *group_compute(struct session *s, const struct rowset *r,
                                  const struct query_cmd *stats, const atomic_bool *cancel,
                                  struct err *e)
{
    struct crew crew = {.s = s, .r = r, .cmd = stats, .cancel = cancel};
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned n = (unsigned)MIN(MAX(cores, 1), MIN((long)MAX_HANDS, (long)r->snap->n)), started = 1;
    struct hand hand[MAX_HANDS];
    struct group_table *t = NULL;

    n = MAX(n, 1u);
    if (stats->n_by > MAX_KEYS) {
        err_set(e, ERR_LIMIT, "more than %u keys", MAX_KEYS);
        return NULL;
    }
    for (unsigned i = 0; i < n; i++)
        hand[i] = (struct hand){.crew = &crew, .g = grouper_new(stats)};
    while (started < n &&
           pthread_create(&hand[started].thread, NULL, group_some, &hand[started]) == 0)
        started++;
    group_some(&hand[0]);
    for (unsigned i = 1; i < started; i++)
        pthread_join(hand[i].thread, NULL);
    for (unsigned i = 1; i < n; i++) {
        if (!crew.failed)
            merge(hand[0].g, hand[i].g);
        crew.failed |= hand[0].g->n_group > MAX_GROUPS;
        grouper_free(hand[i].g);
    }
    if (!crew.failed)
        t = grouper_table(hand[0].g);
    else if (cancel && *cancel)
        err_set(e, ERR_CANCEL, "stopped");
    else
        err_set(e, ERR_LIMIT, "more than %u groups: group by fewer or coarser keys", MAX_GROUPS);
    grouper_free(hand[0].g);
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
