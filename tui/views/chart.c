/* chart.c - the result of a query over time: one of its numbers, where a key is bin(). Drawn in the
 * place of the histogram, and out of one. */
#include "chart.h"

#include "expr.h"
#include "xalloc.h"

#define BINS_MAX 65536 /* more are drawn as wider ones */
#define SCALE 1000000  /* of the numbers, which need not be whole */

static const struct query_cmd *last_stats(const struct query_ast *q)
{
    const struct query_cmd *stats = NULL;

    for (unsigned i = 0; i < q->n_cmd; i++)
        if (q->cmd[i].kind == QCMD_STATS)
            stats = &q->cmd[i];
    return stats;
}

/* Whether groups of one time add up in the column, as counts and sums do. */
static bool adds_up(const struct query_cmd *stats, const char *column)
{
    for (unsigned i = 0; i < stats->n_item; i++) {
        const struct expr *e = stats->item[i].expr;
        unsigned at;

        if (strcmp(stats->item[i].name, column) != 0 || !e || e->kind != EX_FIELD ||
            e->field->pseudo != PF_COLUMN || e->field->column < 0)
            continue;
        at = (unsigned)e->field->column;
        return at < stats->n_agg &&
               (stats->agg[at].agg == AGG_COUNT || stats->agg[at].agg == AGG_COUNT_FIELD ||
                stats->agg[at].agg == AGG_SUM);
    }
    return false;
}

/* The time of every row is in one column; what its bins are. */
struct bins {
    const struct group_table *t;
    unsigned time, number;
    int64_t from_us, width_us, n;
    bool add;
};

static const struct val *cell_at(const struct bins *b, uint64_t row, unsigned col)
{
    return &b->t->cell[row * (b->t->n_key + b->t->n_agg) + col];
}

bool chart_has_numbers(const struct group_table *t, unsigned col)
{
    unsigned width = t->n_key + t->n_agg;
    bool some = false;

    for (uint64_t i = 0; i < t->n; i++) {
        enum val_kind kind = t->cell[i * width + col].kind;

        if (kind != VAL_NUM && kind != VAL_MISSING)
            return false;
        some |= kind == VAL_NUM;
    }
    return some;
}

static const struct query_item *key_named(const struct query_cmd *stats, const char *column)
{
    for (unsigned i = 0; i < stats->n_by; i++)
        if (strcmp(stats->by[i].name, column) == 0)
            return &stats->by[i];
    return NULL;
}

/* Columns may have been chosen, made and moved behind the stats: they are known by their names.
 * The number is that of the sorted column, else the last. */
static bool find_columns(struct bins *b, const struct query_cmd *stats, unsigned sorted)
{
    bool time = false, number = false;

    for (unsigned col = 0; col < b->t->n_key + b->t->n_agg; col++) {
        const struct query_item *key = key_named(stats, b->t->name[col]);

        if (key && key->bin_us) {
            b->time = col;
            b->width_us = key->bin_us;
            time = true;
        } else if (!key && (!number || b->number != sorted) && chart_has_numbers(b->t, col)) {
            b->number = col;
            number = true;
        }
    }
    return time && number;
}

static bool find_range(struct bins *b, int64_t *to_us)
{
    bool any = false;

    for (uint64_t i = 0; i < b->t->n; i++) {
        const struct val *v = cell_at(b, i, b->time);

        if (v->kind != VAL_TIME)
            continue;
        b->from_us = any ? MIN(b->from_us, v->time_us) : v->time_us;
        *to_us = any ? MAX(*to_us, v->time_us) : v->time_us;
        any = true;
    }
    return any;
}

static int64_t bin_of(const struct bins *b, uint64_t row)
{
    const struct val *v = cell_at(b, row, b->time);

    return v->kind == VAL_TIME ? (v->time_us - b->from_us) / b->width_us : -1;
}

static double *fill_bins(const struct bins *b)
{
    double *bin = xcalloc((size_t)b->n, sizeof(*bin));

    for (uint64_t i = 0; i < b->t->n; i++) {
        const struct val *v = cell_at(b, i, b->number);
        int64_t at = bin_of(b, i);

        if (at >= 0 && v->kind == VAL_NUM && v->num > 0)
            bin[at] = b->add ? bin[at] + v->num : MAX(bin[at], v->num);
    }
    return bin;
}

/* As many bins a bar as needed: the highest of them is what is seen. */
static void fill_bars(const struct bins *b, unsigned bars, uint64_t row, struct chart *c)
{
    int64_t each = (b->n + bars - 1) / bars, at = bin_of(b, row);
    double *bin = fill_bins(b);

    for (int64_t i = 0; i < b->n; i++)
        c->peak = MAX(c->peak, bin[i]);
    c->hist.from_us = b->from_us;
    c->hist.width_us = b->width_us * each;
    c->hist.n = (unsigned)((b->n + each - 1) / each);
    c->hist.bucket = xcalloc(c->hist.n, sizeof(*c->hist.bucket));
    c->hist.peak = SCALE;
    for (int64_t i = 0; i < b->n && c->peak > 0; i++) {
        uint64_t *bar = &c->hist.bucket[i / each][HC_OTHER];

        *bar = MAX(*bar, (uint64_t)(bin[i] / c->peak * SCALE));
        if (*bar == 0 && bin[i] > 0)
            *bar = 1;
    }
    c->at = at >= 0 ? at / each : -1;
    c->value = at >= 0 ? bin[at] : 0;
    c->at_us = at >= 0 ? b->from_us + at * b->width_us : 0;
    c->bin_us = b->width_us;
    free(bin);
}

bool chart_make(struct chart *c, const struct query_ast *q, const struct group_table *t,
                unsigned sorted, uint64_t row, unsigned bars)
{
    const struct query_cmd *stats = last_stats(q);
    struct bins b = {.t = t};
    int64_t to_us = 0;

    *c = (struct chart){.at = -1};
    if (!stats || row >= t->n || !find_columns(&b, stats, sorted) || !find_range(&b, &to_us))
        return false;
    b.width_us *= (to_us - b.from_us) / b.width_us / BINS_MAX + 1;
    b.n = (to_us - b.from_us) / b.width_us + 1;
    b.add = adds_up(stats, t->name[b.number]);
    c->name = t->name[b.number];
    fill_bars(&b, bars, row, c);
    return true;
}

void chart_release(struct chart *c)
{
    free(c->hist.bucket);
}
