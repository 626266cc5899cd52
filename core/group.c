/* group.c - stats a, b by k1, k2.
 *
 * Each key value becomes a small number (an interner a key); the numbers of a row make the group,
 * found in an open-addressed table; group_scan.c does that for whole stretches of rows. Sums are
 * exact integers (10^-6 units in 128 bits), so the order in which segments were published cannot
 * change a digit; percentiles are the nearest rank over all values of a group, exact. */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "group_impl.h"
#include "sortkey.h"
#include "xalloc.h"

/* --- keys --- */

int group_key_field(const struct query_item *item, const struct logtype *lt)
{
    const struct expr *e = item->expr;
    int field;

    if (item->bin_us || !e || e->kind != EX_FIELD || e->field->pseudo != PF_NONE)
        return -1;
    field = e->field->per_type[lt->id];
    return field >= 0 && (unsigned)field < lt->n_static && !lt->field[field]->derive ? field : -1;
}

static uint32_t new_key(struct key *k, struct val v, uint32_t gid)
{
    GROW(k->val, k->cap_val, k->n_val + 1);
    GROW(k->gid, k->cap_gid, k->n_val + 1);
    k->val[k->n_val] = v;
    k->gid[k->n_val] = gid;
    return (uint32_t)k->n_val++;
}

uint32_t group_key_known(const struct key *k, unsigned type, uint32_t gid)
{
    return gid < k->n_by_text[type] ? k->by_text[type][gid] - 1 : UINT32_MAX;
}

void group_key_remember(struct key *k, unsigned type, uint32_t gid, uint32_t id)
{
    if (gid >= k->n_by_text[type]) {
        size_t n = MAX((size_t)gid + 1, 2 * k->n_by_text[type]);

        k->by_text[type] = xreallocarray(k->by_text[type], n, sizeof(*k->by_text[type]));
        memset(k->by_text[type] + k->n_by_text[type], 0,
               (n - k->n_by_text[type]) * sizeof(*k->by_text[type]));
        k->n_by_text[type] = n;
    }
    k->by_text[type][gid] = id + 1;
}

static struct dict *direct_dict(const struct key *k)
{
    const struct logtype *lt = logtype_get((unsigned)k->direct);

    return field_dict(lt, (unsigned)group_key_field(k->item, lt));
}

uint32_t group_key_direct(struct key *k, uint32_t gid)
{
    uint32_t id = group_key_known(k, (unsigned)k->direct, gid);

    if (id == UINT32_MAX) {
        id = new_key(k, (struct val){.kind = VAL_STR, .str = dict_text(direct_dict(k), gid)}, gid);
        group_key_remember(k, (unsigned)k->direct, gid, id);
    }
    return id;
}

uint32_t group_key_id(struct key *k, struct val v, struct strbuf *text)
{
    uint32_t before = dict_count(k->texts), number, gid;

    if (k->direct >= 0 && v.kind == VAL_STR && dict_find(direct_dict(k), v.str, &gid))
        return group_key_direct(k, gid);
    strbuf_reset(text);
    strbuf_addc(text, (char)('0' + v.kind)); /* 5 and "5" are two keys, missing is one */
    val_print(v, text);
    number = dict_add(k->texts, strbuf_slice(text));
    if (number >= before) {
        struct slice kept = dict_text(k->texts, number);

        v.str = v.str.ptr ? slice_of(kept.ptr + 1, kept.len - 1) : v.str;
        GROW(k->by_number, k->cap_number, (size_t)number + 1);
        k->by_number[number] = new_key(k, v, UINT32_MAX);
    }
    return k->by_number[number];
}

/* The only type of the set that has the field; it must have a dictionary of it. */
static int direct_type(const struct query_item *item, const struct rowset *r)
{
    int only = -1;

    for (uint32_t i = 0; i < r->snap->n; i++) {
        const struct logtype *lt = r->snap->seg[i]->lt;
        int field = group_key_field(item, lt);

        if (!r->count[i] || (int)lt->id == only)
            continue;
        if (item->expr && item->expr->kind == EX_FIELD && item->expr->field->pseudo == PF_NONE &&
            item->expr->field->per_type[lt->id] < 0)
            continue; /* always missing */
        if (field < 0 || only >= 0 || lt->field[field]->kind == FK_NUM ||
            lt->field[field]->kind == FK_TIME)
            return -1;
        only = (int)lt->id;
    }
    return only;
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

static size_t new_group(struct grouper *g, const uint32_t *id, uint32_t *slot)
{
    unsigned n_by = g->cmd->n_by, n_agg = g->cmd->n_agg;

    GROW(g->tuple, g->cap_group, (g->n_group + 1) * MAX(n_by, 1u));
    GROW(g->state, g->cap_state, (g->n_group + 1) * n_agg);
    memcpy(g->tuple + g->n_group * n_by, id, n_by * sizeof(*id));
    memset(g->state + g->n_group * n_agg, 0, n_agg * sizeof(*g->state));
    *slot = (uint32_t)++g->n_group;
    return g->n_group - 1;
}

static uint32_t *slot_of_key(struct grouper *g, uint32_t id)
{
    if (id >= g->n_slot) {
        size_t n = MAX((size_t)id + 1, 2 * g->n_slot);

        g->slot = xreallocarray(g->slot, n, sizeof(*g->slot));
        memset(g->slot + g->n_slot, 0, (n - g->n_slot) * sizeof(*g->slot));
        g->n_slot = n;
    }
    return &g->slot[id];
}

static uint32_t *slot_of_tuple(struct grouper *g, const uint32_t *id)
{
    unsigned n_by = g->cmd->n_by;
    size_t i;

    if ((g->n_group + 1) * 2 > g->n_slot)
        rehash(g);
    for (i = tuple_hash(id, n_by) & (g->n_slot - 1); g->slot[i]; i = (i + 1) & (g->n_slot - 1))
        if (memcmp(g->tuple + (size_t)(g->slot[i] - 1) * n_by, id, n_by * sizeof(*id)) == 0)
            break;
    return &g->slot[i];
}

size_t group_of(struct grouper *g, const uint32_t *id)
{
    uint32_t *slot = g->cmd->n_by == 1 ? slot_of_key(g, id[0]) : slot_of_tuple(g, id);

    return *slot ? *slot - 1 : new_group(g, id, slot);
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
    uint32_t before = dict_count(g->seen);

    strbuf_reset(&g->text);
    strbuf_add(&g->text, &group, sizeof(group));
    strbuf_add(&g->text, &item, sizeof(item));
    val_print(v, &g->text);
    return dict_add(g->seen, strbuf_slice(&g->text)) < before;
}

static void keep_best(struct grouper *g, struct state *st, struct val v, bool better)
{
    if (better)
        st->best = val_keep(g->kept, v);
}

void group_add_sample(struct grouper *g, size_t group, unsigned item, double x)
{
    struct samples *s = &g->samples[item];

    GROW(s->group, s->cap_group, s->n + 1);
    GROW(s->value, s->cap_value, s->n + 1);
    s->group[s->n] = (uint32_t)group;
    s->value[s->n++] = x;
}

/* Larger than any count of bytes; so many rows of it cannot overflow the sum. */
#define MAX_UNITS 0x1p90L

static __int128 sum_units(double x)
{
    long double units = rintl((long double)x * SUM_UNITS);

    return (__int128)MAX(-MAX_UNITS, MIN(units, MAX_UNITS));
}

void group_add_value(struct grouper *g, struct state *st, const struct query_item *it, size_t group,
                     unsigned item, struct val v, const struct rowkey *k)
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
        st->sum += sum_units(x);
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
        group_add_sample(g, group, item, x);
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

void group_add_eval(struct grouper *g, size_t group, unsigned i, const struct row_access *access,
                    const struct group_place *at)
{
    const struct query_item *it = &g->cmd->agg[i];
    struct state *st = &g->state[group * g->cmd->n_agg + i];
    struct val v;

    if (g->samples[i].of != i)
        return;
    if (!it->expr) {
        st->count++;
        return;
    }
    strbuf_reset(access->scratch);
    v = expr_eval(it->expr, access);
    if (v.kind != VAL_MISSING && v.kind != VAL_JSON && !not_reached(it->expr, at->seg, v))
        group_add_value(g, st, it, group, i, v, &at->key);
}

static bool takes_samples(const struct query_item *it)
{
    return it->agg == AGG_PCT || it->agg == AGG_STDDEV;
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

/* value: the samples of the group, which end up in another order. */
static struct val result(const struct query_item *it, const struct state *st, double *value)
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
        rank = (size_t)ceil(it->pct / 100 * (double)st->count);
        v.num = st->count ? select_nth(value, st->count, rank ? rank - 1 : 0) : 0;
        break;
    case AGG_STDDEV:
        if (st->count) /* the same sum in the same order, on any number of cores */
            qsort(value, st->count, sizeof(*value), by_double);
        v.num = stddev(value, st->count);
        break;
    default:
        v = st->best;
    }
    return st->count ? v : (struct val){.kind = VAL_MISSING};
}

/* By the keys, so that the answer is the same whatever came first; times from new to old. */
static void sort_table(struct group_table *t)
{
    unsigned width = t->n_key + t->n_agg;
    struct val *sorted = xmalloc(MAX(t->n * width, (uint64_t)1) * sizeof(*sorted));
    struct sortkey *key = xcalloc(MAX(t->n, (uint64_t)1), sizeof(*key));
    struct strbuf bytes = STRBUF_INIT;
    size_t at = 0;

    for (uint64_t i = 0; i < t->n; i++) {
        size_t from = bytes.len;

        for (unsigned k = 0; k < t->n_key; k++) {
            const struct val *v = &t->cell[i * width + k];

            sortkey_add(&bytes, *v, true);
            strbuf_addc(&bytes, (char)v->kind);
        }
        key[i].left = (uint32_t)(bytes.len - from);
        key[i].row = (uint32_t)i;
    }
    for (uint64_t i = 0; i < t->n; i++) {
        key[i].p = (const unsigned char *)bytes.buf + at;
        at += key[i].left;
    }
    sortkey_sort(key, t->n);
    for (uint64_t i = 0; i < t->n; i++)
        memcpy(sorted + i * width, t->cell + (size_t)key[i].row * width, width * sizeof(*sorted));
    free(t->cell);
    t->cell = sorted;
    free(key);
    strbuf_release(&bytes);
}

static struct val agg_cell(void *row, const struct field_ref *f)
{
    const struct val *cell = row;

    return f->pseudo == PF_COLUMN && f->column >= 0 ? cell[f->column]
                                                    : (struct val){.kind = VAL_MISSING};
}

/* The samples of an aggregate, group by group: those of group k are value[start[k]] and on. */
struct sorted {
    double *value;
    size_t *start;
};

static void sort_samples(const struct grouper *g, const struct samples *s, struct sorted *out)
{
    size_t at = 0;

    out->start = xcalloc(g->n_group + 1, sizeof(*out->start));
    out->value = xmalloc(MAX(s->n, (size_t)1) * sizeof(*out->value));
    for (size_t i = 0; i < s->n; i++)
        out->start[s->group[i]]++;
    for (size_t k = 0; k < g->n_group; k++) {
        size_t n = out->start[k];

        out->start[k] = at;
        at += n;
    }
    for (size_t i = 0; i < s->n; i++)
        out->value[out->start[s->group[i]]++] = s->value[i];
    for (size_t k = g->n_group; k > 0; k--) /* each now begins where the one before ended */
        out->start[k] = out->start[k - 1];
    out->start[0] = 0;
}

/* The items of a group, from its aggregates; agg is room for them. */
static void fill_items(struct grouper *g, const struct sorted *sorted, struct dict *texts,
                       size_t group, struct val *agg, struct val *cell)
{
    const struct query_cmd *cmd = g->cmd;
    struct row_access access = {agg_cell, NULL, agg, &g->text};

    for (unsigned i = 0; i < cmd->n_agg; i++) {
        unsigned of = g->samples[i].of;
        double *value = sorted[of].value ? sorted[of].value + sorted[of].start[group] : NULL;

        agg[i] = val_keep(texts, result(&cmd->agg[i], &g->state[group * cmd->n_agg + of], value));
    }
    for (unsigned i = 0; i < cmd->n_item; i++) {
        strbuf_reset(&g->text);
        cell[i] = val_keep(texts, expr_eval(cmd->item[i].expr, &access));
    }
}

/* Cells of the keys and items of all groups. */
static void fill_table(struct grouper *g, struct group_table *t)
{
    const struct query_cmd *cmd = g->cmd;
    unsigned width = t->n_key + t->n_agg;
    struct sorted *sorted = xcalloc(MAX(cmd->n_agg, 1u), sizeof(*sorted));
    struct val *agg = xcalloc(MAX(cmd->n_agg, 1u), sizeof(*agg));

    for (unsigned i = 0; i < cmd->n_agg; i++)
        if (takes_samples(&cmd->agg[i]) && g->samples[i].of == i)
            sort_samples(g, &g->samples[i], &sorted[i]);
    for (uint64_t row = 0; row < t->n; row++) {
        struct val *cell = t->cell + row * width;

        for (unsigned k = 0; k < cmd->n_by; k++) {
            uint32_t id = g->tuple[row * cmd->n_by + k];

            /* the texts of the first key, and of dictionaries, stay where they are */
            cell[k] = g->key[k].val[id];
            if (k && g->key[k].gid[id] == UINT32_MAX)
                cell[k] = val_keep(t->texts, cell[k]);
        }
        fill_items(g, sorted, t->texts, row, agg, cell + cmd->n_by);
    }
    for (unsigned i = 0; i < cmd->n_agg; i++) {
        free(sorted[i].value);
        free(sorted[i].start);
    }
    free(agg);
    free(sorted);
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
    t->texts = cmd->n_by ? g->key[0].texts : dict_new();
    if (cmd->n_by)
        g->key[0].texts = NULL;
    fill_table(g, t);
    if (t->n_key)
        sort_table(t);
    return t;
}

void grouper_free(struct grouper *g)
{
    if (!g)
        return;
    for (unsigned k = 0; k < g->cmd->n_by; k++) {
        dict_free(g->key[k].texts);
        free(g->key[k].val);
        free(g->key[k].gid);
        free(g->key[k].by_number);
        for (unsigned t = 0; t < MAX_TYPES; t++)
            free(g->key[k].by_text[t]);
    }
    for (unsigned i = 0; i < g->cmd->n_agg; i++) {
        free(g->samples[i].group);
        free(g->samples[i].value);
    }
    free(g->samples);
    free(g->key);
    free(g->tuple);
    free(g->state);
    free(g->slot);
    dict_free(g->seen);
    dict_free(g->kept);
    strbuf_release(&g->text);
    free(g);
}

/* pct(x, 50), pct(x, 95): the values of x are kept once. */
static unsigned collector(const struct query_cmd *stats, unsigned i)
{
    struct strbuf mine = STRBUF_INIT, other = STRBUF_INIT;
    unsigned of = i;

    if (!takes_samples(&stats->agg[i]))
        return i;
    expr_print(stats->agg[i].expr, &mine);
    for (unsigned j = 0; j < i && of == i; j++) {
        if (!takes_samples(&stats->agg[j]))
            continue;
        strbuf_reset(&other);
        expr_print(stats->agg[j].expr, &other);
        of = slice_eq(strbuf_slice(&mine), strbuf_slice(&other)) ? j : i;
    }
    strbuf_release(&mine);
    strbuf_release(&other);
    return of;
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
        g->key[k].direct = -1;
    }
    g->samples = xcalloc(MAX(stats->n_agg, 1u), sizeof(*g->samples));
    for (unsigned i = 0; i < stats->n_agg; i++) {
        g->samples[i].of = collector(stats, i);
        g->places |= stats->agg[i].agg == AGG_EARLIEST || stats->agg[i].agg == AGG_LATEST;
    }
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
    size_t group;

    for (unsigned k = 0; k < g->cmd->n_by; k++) {
        strbuf_reset(access->scratch);
        id[k] = group_key_id(
            &g->key[k], bin_of(g->key[k].item, expr_eval(g->key[k].item->expr, access)), &g->text);
    }
    group = group_of(g, id);
    for (unsigned i = 0; i < g->cmd->n_agg; i++)
        group_add_eval(g, group, i, access, at);
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
        break; /* merge_samples */
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
        uint32_t before = dict_count(g->seen);
        size_t group;
        unsigned item;

        memcpy(&group, s.ptr, sizeof(group));
        memcpy(&item, s.ptr + sizeof(group), sizeof(item));
        group = group_here[group];
        strbuf_reset(&g->text);
        strbuf_add(&g->text, &group, sizeof(group));
        strbuf_addsl(&g->text, slice_of(s.ptr + sizeof(group), s.len - sizeof(group)));
        g->state[group * g->cmd->n_agg + item].count +=
            dict_add(g->seen, strbuf_slice(&g->text)) >= before;
    }
}

static void merge_samples(struct grouper *g, const struct grouper *o, const size_t *group_here)
{
    for (unsigned a = 0; a < g->cmd->n_agg; a++)
        for (size_t i = 0; i < o->samples[a].n; i++)
            group_add_sample(g, group_here[o->samples[a].group[i]], a, o->samples[a].value[i]);
}

static void merge(struct grouper *g, struct grouper *o)
{
    const struct query_cmd *cmd = g->cmd;
    size_t *here = xcalloc(MAX(o->n_group, (size_t)1), sizeof(*here));

    for (size_t i = 0; i < o->n_group; i++) {
        uint32_t id[MAX_KEYS];

        for (unsigned k = 0; k < cmd->n_by; k++) {
            const struct key *from = &o->key[k];
            uint32_t there = o->tuple[i * cmd->n_by + k];

            id[k] = from->gid[there] != UINT32_MAX
                        ? group_key_direct(&g->key[k], from->gid[there])
                        : group_key_id(&g->key[k], from->val[there], &g->text);
        }
        here[i] = group_of(g, id);
        for (unsigned a = 0; a < cmd->n_agg; a++)
            merge_state(g, &cmd->agg[a], &g->state[here[i] * cmd->n_agg + a],
                        &o->state[i * cmd->n_agg + a]);
    }
    merge_seen(g, o, here);
    merge_samples(g, o, here);
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
        if (c->r->count[i] && !group_scan(h->g, c->r, i, &view, c->cancel))
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
    for (unsigned i = 0; i < n; i++) {
        hand[i] = (struct hand){.crew = &crew, .g = grouper_new(stats)};
        for (unsigned k = 0; k < stats->n_by; k++)
            hand[i].g->key[k].direct = direct_type(&stats->by[k], r);
    }
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
