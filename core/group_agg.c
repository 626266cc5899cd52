/* group_agg.c - aggregates: what each keeps of a group, and what comes of it.
 *
 * Sums and squares are exact integers (10^-9 units in 128 and 256 bits), so the order in which rows
 * came cannot change a digit. */
#include <math.h>

#include "group_impl.h"
#include "xalloc.h"

#define SUM_MAX 1e21 /* larger ones are no numbers to add up: 10^8 of these fit */

struct moment { /* a sum of squares of them, the low part first */
    uint64_t part[4];
};

static bool takes_sum(enum agg_kind kind)
{
    return kind == AGG_SUM || kind == AGG_AVG || kind == AGG_STDDEV;
}

static bool takes_best(enum agg_kind kind)
{
    return kind == AGG_MIN || kind == AGG_MAX || kind == AGG_SORTS_FIRST ||
           kind == AGG_SORTS_LAST || kind == AGG_EARLIEST || kind == AGG_LATEST;
}

/* pct(x, 50), pct(x, 95): the values of x are kept once. */
static unsigned collector(const struct query_cmd *stats, unsigned i)
{
    struct strbuf mine = STRBUF_INIT, other = STRBUF_INIT;
    unsigned of = i;

    if (stats->agg[i].agg != AGG_PCT)
        return i;
    expr_print(stats->agg[i].expr, &mine);
    for (unsigned j = 0; j < i && of == i; j++) {
        if (stats->agg[j].agg != AGG_PCT)
            continue;
        strbuf_reset(&other);
        expr_print(stats->agg[j].expr, &other);
        of = slice_eq(strbuf_slice(&mine), strbuf_slice(&other)) ? j : i;
    }
    strbuf_release(&mine);
    strbuf_release(&other);
    return of;
}

struct agg *group_aggs_new(const struct query_cmd *stats, struct sample_budget *budget)
{
    struct agg *agg = xcalloc(MAX(stats->n_agg, 1u), sizeof(*agg));

    for (unsigned i = 0; i < stats->n_agg; i++) {
        unsigned of = collector(stats, i);

        agg[i].item = &stats->agg[i];
        agg[i].of = of;
        agg[i].at_rank = agg[of].n_rank;
        if (stats->agg[i].agg != AGG_PCT)
            continue;
        agg[of].n_rank++;
        if (of == i)
            agg[i].samples = samples_new(budget);
    }
    return agg;
}

void group_aggs_free(struct agg *agg, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        free(agg[i].count);
        free(agg[i].sum);
        free(agg[i].square);
        free(agg[i].best);
        free(agg[i].rank);
        samples_free(agg[i].samples);
    }
    free(agg);
}

/* Fresh pages are zero already: memory of groups that do not come up is never touched. */
static void *grow(void *p, size_t from, size_t to, size_t size)
{
    if (from == 0)
        return xcalloc(to, size);
    p = xreallocarray(p, to, size);
    memset((char *)p + from * size, 0, (to - from) * size);
    return p;
}

void group_agg_grow(struct agg *a, size_t from, size_t to)
{
    enum agg_kind kind = a->item->agg;

    if (kind == AGG_PCT)
        return;
    a->count = grow(a->count, from, to, sizeof(*a->count));
    if (takes_sum(kind))
        a->sum = grow(a->sum, from, to, sizeof(*a->sum));
    if (kind == AGG_STDDEV)
        a->square = grow(a->square, from, to, sizeof(*a->square));
    if (takes_best(kind))
        a->best = grow(a->best, from, to, sizeof(*a->best));
}

size_t group_agg_width(const struct agg *a)
{
    enum agg_kind kind = a->item->agg;

    if (kind == AGG_PCT)
        return 0;
    return sizeof(*a->count) + takes_sum(kind) * sizeof(*a->sum) +
           (kind == AGG_STDDEV) * sizeof(*a->square) + takes_best(kind) * sizeof(*a->best);
}

/* --- adding --- */

static void add_square(struct moment *m, __int128 units)
{
    unsigned __int128 x = units < 0 ? -(unsigned __int128)units : (unsigned __int128)units, sum;
    uint64_t lo = (uint64_t)x, hi = (uint64_t)(x >> 64), square[4] = {0};
    unsigned __int128 low = (unsigned __int128)lo * lo, mid = (unsigned __int128)lo * hi,
                      high = (unsigned __int128)hi * hi;

    square[0] = (uint64_t)low;
    sum = (low >> 64) + (uint64_t)mid + (uint64_t)mid;
    square[1] = (uint64_t)sum;
    sum = (sum >> 64) + (mid >> 64) + (mid >> 64) + (uint64_t)high;
    square[2] = (uint64_t)sum;
    square[3] = (uint64_t)(sum >> 64) + (uint64_t)(high >> 64);
    sum = 0;
    for (unsigned i = 0; i < 4; i++) {
        sum += (unsigned __int128)m->part[i] + square[i];
        m->part[i] = (uint64_t)sum;
        sum >>= 64;
    }
}

static void add_units(struct agg *a, uint32_t group, __int128 units)
{
    a->sum[group] += units;
    if (a->square)
        add_square(&a->square[group], units);
    a->count[group]++;
}

static bool better(enum agg_kind kind, struct val v, struct val than)
{
    int c = val_cmp(v, than);

    if (c)
        return (kind == AGG_MAX || kind == AGG_SORTS_LAST) == (c > 0);
    /* equal, but written otherwise: not the one that happened to come first */
    return v.kind != than.kind ? v.kind < than.kind : slice_cmp(v.str, than.str) < 0;
}

static void add_best(struct grouper *g, uint32_t group, struct agg *a, struct val v,
                     const struct rowkey *at)
{
    enum agg_kind kind = a->item->agg;
    struct best *best = &a->best[group];
    bool take = a->count[group] == 0;

    if (!take && (kind == AGG_EARLIEST || kind == AGG_LATEST))
        take = (rowkey_cmp(at, &best->at) < 0) == (kind == AGG_EARLIEST);
    else if (!take)
        take = better(kind, v, best->v);
    if (take)
        *best = (struct best){val_keep(g->kept, v), at ? *at : ROWKEY_MIN};
}

static bool distinct_seen(struct grouper *g, uint32_t group, unsigned i, struct val v)
{
    uint32_t before = dict_count(g->distinct);

    strbuf_reset(&g->text);
    strbuf_add(&g->text, &group, sizeof(group));
    strbuf_add(&g->text, &i, sizeof(i));
    val_print(v, &g->text);
    return dict_add(g->distinct, strbuf_slice(&g->text)) < before;
}

void group_add_value(struct grouper *g, uint32_t group, unsigned i, struct val v,
                     const struct rowkey *at)
{
    struct agg *a = &g->agg[i];
    double x = (double)v.time_us / 1000;
    bool number = v.kind == VAL_TIME || val_number(v, &x);

    switch (a->item->agg) {
    case AGG_COUNT_DISTINCT:
        a->count[group] += !distinct_seen(g, group, i, v);
        break;
    case AGG_SUM:
    case AGG_AVG:
    case AGG_STDDEV:
        if (number && fabs(x) <= SUM_MAX)
            add_units(a, group, (__int128)rintl((long double)x * SUM_UNITS));
        break;
    case AGG_PCT:
        if (number && isfinite(x))
            samples_add(a->samples, group, x);
        break;
    case AGG_COUNT:
    case AGG_COUNT_FIELD:
    case AGG_NONE:
        a->count[group]++;
        break;
    default:
        add_best(g, group, a, v, at);
        a->count[group]++;
    }
}

void group_add_number(struct grouper *g, uint32_t group, unsigned i, int64_t value, int64_t unit,
                      double scale)
{
    struct agg *a = &g->agg[i];

    if (takes_sum(a->item->agg))
        add_units(a, group, (__int128)value * unit);
    else
        group_add_value(g, group, i, (struct val){.kind = VAL_NUM, .num = (double)value / scale},
                        NULL);
}

/* --- merging --- */

/* The distinct values of the other: their group has another number here. */
static void merge_distinct(struct grouper *g, const struct grouper *o, const uint32_t *here)
{
    for (uint32_t k = 0; k < dict_count(o->distinct); k++) {
        struct slice s = dict_text(o->distinct, k);
        uint32_t before = dict_count(g->distinct), group;
        unsigned i;

        memcpy(&group, s.ptr, sizeof(group));
        memcpy(&i, s.ptr + sizeof(group), sizeof(i));
        strbuf_reset(&g->text);
        strbuf_add(&g->text, &here[group], sizeof(group));
        strbuf_add(&g->text, s.ptr + sizeof(group), s.len - sizeof(group));
        g->agg[i].count[here[group]] += dict_add(g->distinct, strbuf_slice(&g->text)) >= before;
    }
}

static void merge_square(struct moment *to, const struct moment *from)
{
    unsigned __int128 sum = 0;

    for (unsigned i = 0; i < 4; i++) {
        sum += (unsigned __int128)to->part[i] + from->part[i];
        to->part[i] = (uint64_t)sum;
        sum >>= 64;
    }
}

static void merge_agg(struct grouper *g, const struct grouper *o, unsigned i, const uint32_t *here)
{
    struct agg *a = &g->agg[i];
    const struct agg *b = &o->agg[i];

    for (size_t k = 0; k < o->n_group; k++) {
        if (!b->count[k])
            continue;
        if (b->sum)
            a->sum[here[k]] += b->sum[k];
        if (b->square)
            merge_square(&a->square[here[k]], &b->square[k]);
        if (b->best)
            add_best(g, here[k], a, b->best[k].v, &b->best[k].at);
        a->count[here[k]] += b->count[k];
    }
}

void group_aggs_merge(struct grouper *g, struct grouper *o, const uint32_t *here, bool keep)
{
    for (unsigned i = 0; i < g->cmd->n_agg; i++) {
        if (g->agg[i].samples && keep)
            samples_copy(g->agg[i].samples, o->agg[i].samples, here);
        else if (g->agg[i].samples)
            samples_merge(g->agg[i].samples, o->agg[i].samples, here);
        else if (g->agg[i].count && g->agg[i].item->agg != AGG_COUNT_DISTINCT)
            merge_agg(g, o, i, here);
    }
    merge_distinct(g, o, here);
}

/* --- results --- */

bool group_aggs_finish(struct grouper *g, unsigned threads)
{
    bool sketched = false;
    double *pct = xcalloc(MAX(g->cmd->n_agg, 1u), sizeof(*pct));

    for (unsigned of = 0; of < g->cmd->n_agg; of++) {
        struct agg *a = &g->agg[of];

        if (!a->samples)
            continue;
        for (unsigned i = of; i < g->cmd->n_agg; i++)
            if (g->agg[i].of == of)
                pct[g->agg[i].at_rank] = g->agg[i].item->pct;
        a->count = xcalloc(g->n_group, sizeof(*a->count));
        a->rank = xcalloc(g->n_group, a->n_rank * sizeof(*a->rank));
        sketched |= samples_sketched(a->samples);
        samples_rank(a->samples, pct, a->n_rank, a->rank, a->count, threads);
    }
    free(pct);
    return sketched;
}

/* a * b, of n and m parts. */
static void multiply(const uint64_t *a, unsigned n, const uint64_t *b, unsigned m, uint64_t *out)
{
    memset(out, 0, (n + m) * sizeof(*out));
    for (unsigned i = 0; i < n; i++) {
        unsigned __int128 carry = 0;

        for (unsigned j = 0; j < m; j++) {
            carry += (unsigned __int128)a[i] * b[j] + out[i + j];
            out[i + j] = (uint64_t)carry;
            carry >>= 64;
        }
        out[i + m] = (uint64_t)carry;
    }
}

/* (n * sum of squares - square of the sum) / (n * (n - 1)), the difference exact. */
static double stddev(const struct agg *a, uint32_t group)
{
    unsigned __int128 sum = (unsigned __int128)(a->sum[group] < 0 ? -a->sum[group] : a->sum[group]);
    uint64_t n = a->count[group], part[2] = {(uint64_t)sum, (uint64_t)(sum >> 64)};
    uint64_t all[5], less[5] = {0};
    __int128 borrow = 0;
    long double difference = 0;

    if (n < 2)
        return 0;
    multiply(a->square[group].part, 4, &n, 1, all);
    multiply(part, 2, part, 2, less);
    for (unsigned i = 0; i < 5; i++) {
        borrow += (__int128)all[i] - less[i];
        all[i] = (uint64_t)borrow;
        borrow >>= 64;
    }
    for (unsigned i = 5; i-- > 0;)
        difference = difference * 18446744073709551616.0L + all[i];
    return (double)(sqrtl(difference / ((long double)n * (long double)(n - 1))) / SUM_UNITS);
}

struct val group_result(const struct grouper *g, uint32_t group, unsigned i)
{
    const struct agg *a = &g->agg[i], *from = &g->agg[a->of];
    uint64_t n = from->count[group];
    struct val v = {.kind = VAL_NUM};

    switch (a->item->agg) {
    case AGG_COUNT:
    case AGG_COUNT_FIELD:
    case AGG_COUNT_DISTINCT:
    case AGG_NONE:
        v.num = (double)n;
        return v;
    case AGG_SUM:
        v.num = (double)((long double)a->sum[group] / SUM_UNITS);
        return v;
    case AGG_AVG:
        v.num = n ? (double)((long double)a->sum[group] / SUM_UNITS / n) : 0;
        break;
    case AGG_PCT:
        v.num = from->rank[(size_t)group * from->n_rank + a->at_rank];
        break;
    case AGG_STDDEV:
        v.num = stddev(a, group);
        break;
    default:
        v = a->best[group].v;
    }
    return n ? v : (struct val){.kind = VAL_MISSING};
}
