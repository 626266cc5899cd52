/* group_scan.c - the rows of a segment into their groups, a batch at a time and a column at a time.
 *
 * Keys that are columns give their numbers by code, through a memo a segment. Where the codes of
 * all keys together are few, a memo of their combinations gives the group at once; it holds for a
 * stretch of one time bucket, and rows are sorted by time. Aggregates of numbers are made of the
 * codes; what is neither is asked of the naive evaluator, row by row. */
#include <math.h>

#include "group_impl.h"
#include "rowloop.h"
#include "value.h"
#include "xalloc.h"

#define BATCH 1024
#define BATCH_SLOW 64        /* where each row is asked of the evaluator, which may take long */
#define MAX_CODES (1u << 20) /* of a key with a memo */
#define MAX_COMBINED (1u << 16)

static const struct val missing = {.kind = VAL_MISSING};

struct key_plan {
    const struct column *col; /* NULL: a time bucket, or asked of the evaluator */
    uint32_t *memo;           /* code -> id + 1 */
    uint64_t n_code;
    bool direct;      /* ids are the numbers of the dictionary: no memo */
    uint64_t stride;  /* of its code in a combination */
    int64_t from, to; /* a time bucket: the one at hand */
    uint32_t id;
};

enum agg_how { BY_EVAL, BY_ROW, BY_CODE, BY_VALUE };

struct agg_plan {
    enum agg_how how; /* evaluator; every row; rows with a code; their values */
    const struct column *col;
    double scale; /* value / scale is the number */
    int64_t unit; /* value * unit is the sum in its units */
    bool skips;   /* values of -1 are none */
    int64_t skip;
};

struct scan {
    struct grouper *g;
    const struct rowset *r;
    uint32_t seg_at;
    struct segment *seg;
    struct rowview *view;
    struct row_access access;
    struct key_plan *key;
    struct agg_plan *agg;
    bool has_bin;
    uint32_t *combined; /* combination of codes -> group + 1; NULL: too many */
    uint64_t n_combined;
    uint32_t batch, n; /* rows of one, at most; of the one at hand */
    uint32_t row[BATCH], group[BATCH];
    uint64_t code[BATCH]; /* of the column at hand */
    int64_t ts[BATCH];
};

/* --- plans --- */

static const struct column *column_for(const struct query_item *it, const struct segment *seg,
                                       int *field)
{
    *field = group_key_field(it, seg->lt);
    return *field < 0 ? NULL : segment_column(seg, (unsigned)*field);
}

static void plan_key(struct scan *s, unsigned k)
{
    const struct query_item *item = s->g->key[k].item;
    struct key_plan *p = &s->key[k];
    int field;

    *p = (struct key_plan){.from = 1, .to = 0};
    if (item->bin_us) {
        s->has_bin = true;
        return;
    }
    p->col = column_for(item, s->seg, &field);
    p->n_code = p->col ? column_n_codes(p->col) : 0;
    if (!p->col || p->col->kind == COL_NONE || p->col->odd || p->n_code > MAX_CODES)
        p->col = NULL;
    else if (s->g->key[k].base && s->seg->lt->id == (unsigned)s->g->key[k].direct)
        p->direct = true;
    else
        p->memo = xcalloc(p->n_code, sizeof(*p->memo));
}

static void plan_combined(struct scan *s)
{
    uint64_t n = 1;
    unsigned bins = 0;

    for (unsigned k = 0; k < s->g->cmd->n_by; k++) {
        struct key_plan *p = &s->key[k];

        bins += s->g->key[k].item->bin_us > 0;
        if (s->g->key[k].item->bin_us)
            continue;
        if (!p->col)
            return;
        p->stride = n;
        n *= p->n_code;
        if (n > MAX_COMBINED)
            return;
    }
    if (bins > 1)
        return;
    s->n_combined = n;
    s->combined = xcalloc(n, sizeof(*s->combined));
}

static void plan_aggregate(struct scan *s, unsigned i)
{
    const struct query_item *it = &s->g->cmd->agg[i];
    struct agg_plan *p = &s->agg[i];
    const struct field_def *f;
    int field;

    *p = (struct agg_plan){.how = it->expr ? BY_EVAL : BY_ROW};
    p->col = column_for(it, s->seg, &field);
    if (!p->col || p->col->odd || p->col->kind == COL_NONE)
        return;
    f = s->seg->lt->field[field];
    p->scale = 1;
    p->unit = (int64_t)SUM_UNITS;
    for (unsigned d = 0; d < f->scale; d++) {
        p->scale *= 10;
        p->unit /= 10;
    }
    p->skips = f->flags & FF_NEG1;
    p->skip = -(int64_t)p->scale;
    if (it->agg == AGG_COUNT_FIELD)
        p->how = BY_CODE;
    else if (p->col->kind == COL_NUM && f->kind == FK_NUM && !(f->flags & FF_ID) && f->scale <= 9 &&
             it->agg != AGG_COUNT_DISTINCT && it->agg != AGG_EARLIEST && it->agg != AGG_LATEST)
        p->how = BY_VALUE;
}

/* --- keys --- */

static uint32_t bin_id(struct scan *s, unsigned k, int64_t ts)
{
    struct key_plan *p = &s->key[k];
    int64_t width = s->g->key[k].item->bin_us;

    if (ts < p->from || ts >= p->to) {
        p->from = ts - ((ts % width) + width) % width;
        p->to = p->from + width;
        p->id = group_key_id(&s->g->key[k], (struct val){.kind = VAL_TIME, .time_us = p->from},
                             &s->g->text);
    }
    return p->id;
}

static uint32_t evaluated_key(struct scan *s, unsigned k, uint32_t row)
{
    struct key *key = &s->g->key[k];

    rowview_at(s->view, s->seg, row);
    strbuf_reset(s->access.scratch);
    return group_key_id(key, expr_eval(key->item->expr, &s->access), &s->g->text);
}

/* The id of a code: by the memo, by the dictionary's number, else by the value. */
static uint32_t key_of_code(struct scan *s, unsigned k, uint64_t code, uint32_t row)
{
    struct key_plan *p = &s->key[k];
    uint32_t id = UINT32_MAX;

    if (p->direct)
        return code ? column_gid(p->col, code) : group_key_id(&s->g->key[k], missing, &s->g->text);
    if (p->memo[code])
        return p->memo[code] - 1;
    if (code && p->col->kind == COL_DICT)
        id = group_key_known(&s->g->key[k], s->seg->lt->id, column_gid(p->col, code));
    if (id == UINT32_MAX) {
        id = evaluated_key(s, k, row);
        if (code && p->col->kind == COL_DICT)
            group_key_remember(&s->g->key[k], s->seg->lt->id, column_gid(p->col, code), id);
    }
    p->memo[code] = id + 1;
    return id;
}

static uint32_t key_of_row(struct scan *s, unsigned k, uint32_t i)
{
    struct key_plan *p = &s->key[k];

    if (s->g->key[k].item->bin_us)
        return bin_id(s, k, s->ts[i]);
    if (p->col)
        return key_of_code(s, k, column_code(p->col, s->row[i]), s->row[i]);
    return evaluated_key(s, k, s->row[i]);
}

static uint32_t group_of_row(struct scan *s, uint32_t i)
{
    uint32_t id[MAX_KEYS];

    for (unsigned k = 0; k < s->g->cmd->n_by; k++)
        id[k] = key_of_row(s, k, i);
    return group_of(s->g, id);
}

/* One key of codes: they are read all at once. */
static void find_by_code(struct scan *s)
{
    const struct key_plan *p = &s->key[0];
    uint32_t none = UINT32_MAX;

    column_codes(p->col, s->row, s->n, s->code);
    for (uint32_t i = 0; i < s->n; i++) {
        uint32_t id;

        if (s->code[i] == 0 && none != UINT32_MAX)
            id = none;
        else
            id = key_of_code(s, 0, s->code[i], s->row[i]);
        if (s->code[i] == 0)
            none = id;
        s->group[i] = group_of(s->g, &id);
    }
}

static void find_combined(struct scan *s)
{
    int64_t from = 1, to = 0; /* of the bucket that the memo is of; the first row begins one */
    unsigned n_by = s->g->cmd->n_by, bin = 0;

    for (unsigned k = 0; k < n_by; k++)
        bin = s->g->key[k].item->bin_us ? k : bin;
    if (s->has_bin) {
        from = s->key[bin].from;
        to = s->key[bin].to;
    }
    for (uint32_t i = 0; i < s->n; i++) {
        uint64_t at = 0;

        if (s->has_bin && (s->ts[i] < from || s->ts[i] >= to)) {
            bin_id(s, bin, s->ts[i]);
            from = s->key[bin].from;
            to = s->key[bin].to;
            memset(s->combined, 0, s->n_combined * sizeof(*s->combined));
        }
        for (unsigned k = 0; k < n_by; k++)
            if (s->key[k].col)
                at += column_code(s->key[k].col, s->row[i]) * s->key[k].stride;
        if (!s->combined[at])
            s->combined[at] = group_of_row(s, i) + 1;
        s->group[i] = s->combined[at] - 1;
    }
}

static void find_groups(struct scan *s)
{
    if (s->has_bin) {
        if (s->row[s->n - 1] - s->row[0] == s->n - 1)
            packed_read(&s->seg->ts, s->row[0], s->n, s->ts);
        else
            for (uint32_t i = 0; i < s->n; i++)
                s->ts[i] = segment_ts(s->seg, s->row[i]);
    }
    if (s->combined)
        find_combined(s);
    else if (s->g->cmd->n_by == 1 && s->key[0].col)
        find_by_code(s);
    else
        for (uint32_t i = 0; i < s->n; i++)
            s->group[i] = group_of_row(s, i);
}

/* --- aggregates --- */

/* Values of a percentile: they are collected. */
static void add_samples(struct scan *s, unsigned a)
{
    const struct agg_plan *p = &s->agg[a];
    uint32_t n = 0, group[BATCH];
    double x[BATCH];

    column_codes(p->col, s->row, s->n, s->code);
    for (uint32_t i = 0; i < s->n; i++) {
        uint64_t code = s->code[i];
        int64_t value = code ? column_value(p->col, code) : 0;

        group[n] = s->group[i];
        x[n] = (double)value / p->scale;
        n += code && !(p->skips && value == p->skip);
    }
    samples_add_many(s->g->agg[a].samples, group, x, n);
}

static void add_values(struct scan *s, unsigned a)
{
    const struct agg_plan *p = &s->agg[a];
    uint64_t *count = s->g->agg[a].count;

    column_codes(p->col, s->row, s->n, s->code);
    for (uint32_t i = 0; i < s->n; i++) {
        uint64_t code = s->code[i];
        int64_t value = code && p->col->kind == COL_NUM ? column_value(p->col, code) : 0;

        if (!code || (p->skips && value == p->skip))
            continue;
        if (p->how == BY_VALUE)
            group_add_number(s->g, s->group[i], a, value, p->unit, p->scale);
        else
            count[s->group[i]]++;
    }
}

static void add_evaluated(struct scan *s, unsigned a)
{
    for (uint32_t i = 0; i < s->n; i++) {
        struct group_place at = {.seg = s->seg};
        struct val v;

        rowview_at(s->view, s->seg, s->row[i]);
        if (s->g->places)
            at.key = segment_key(s->seg, s->row[i]);
        v = group_value(s->g->agg[a].item, &s->access, &at);
        if (v.kind != VAL_MISSING)
            group_add_value(s->g, s->group[i], a, v, &at.key);
    }
}

static void add_batch(struct scan *s)
{
    find_groups(s);
    for (unsigned a = 0; a < s->g->cmd->n_agg; a++) {
        uint64_t *count = s->g->agg[a].count;

        if (s->g->agg[a].of != a)
            continue;
        if (s->agg[a].how == BY_ROW)
            for (uint32_t i = 0; i < s->n; i++)
                count[s->group[i]]++;
        else if (s->agg[a].how == BY_EVAL)
            add_evaluated(s, a);
        else if (s->agg[a].how == BY_VALUE && s->g->agg[a].samples)
            add_samples(s, a);
        else
            add_values(s, a);
    }
}

/* --- segments --- */

static bool scan_rows(struct scan *s, bool (*go_on)(void *ctx, uint32_t rows), void *ctx)
{
    uint32_t row = rowloop_next(s->r, s->seg_at, 0);

    while (row < s->seg->n) {
        for (s->n = 0; s->n < s->batch && row < s->seg->n;
             row = rowloop_next(s->r, s->seg_at, row + 1))
            s->row[s->n++] = row;
        add_batch(s);
        if (!go_on(ctx, s->n))
            return false;
    }
    return true;
}

static bool evaluates(const struct scan *s)
{
    for (unsigned k = 0; k < s->g->cmd->n_by; k++)
        if (!s->key[k].col && !s->g->key[k].item->bin_us)
            return true;
    for (unsigned a = 0; a < s->g->cmd->n_agg; a++)
        if (s->agg[a].how == BY_EVAL)
            return true;
    return false;
}

/* count(*) of all rows: their number is known. */
static bool only_counts(const struct query_cmd *cmd)
{
    for (unsigned i = 0; i < cmd->n_agg; i++)
        if (cmd->agg[i].expr)
            return false;
    return cmd->n_by == 0;
}

bool group_scan(struct grouper *g, const struct rowset *r, uint32_t i, struct rowview *view,
                bool (*go_on)(void *ctx, uint32_t rows), void *ctx)
{
    struct scan *s;
    bool ok;

    if (only_counts(g->cmd)) {
        uint32_t group = group_of(g, (uint32_t[1]){0});

        for (unsigned a = 0; a < g->cmd->n_agg; a++)
            g->agg[a].count[group] += r->count[i];
        return go_on(ctx, r->count[i]);
    }
    s = xmalloc(sizeof(*s));
    memset(s, 0, offsetof(struct scan, row));
    s->g = g;
    s->r = r;
    s->seg_at = i;
    s->seg = r->snap->seg[i];
    s->view = view;
    s->access = rowview_access(view);
    s->key = xcalloc(MAX(g->cmd->n_by, 1u), sizeof(*s->key));
    s->agg = xcalloc(MAX(g->cmd->n_agg, 1u), sizeof(*s->agg));
    for (unsigned k = 0; k < g->cmd->n_by; k++)
        plan_key(s, k);
    plan_combined(s);
    for (unsigned a = 0; a < g->cmd->n_agg; a++)
        plan_aggregate(s, a);
    s->batch = evaluates(s) ? BATCH_SLOW : BATCH;
    ok = scan_rows(s, go_on, ctx);
    for (unsigned k = 0; k < g->cmd->n_by; k++)
        free(s->key[k].memo);
    free(s->combined);
    free(s->key);
    free(s->agg);
    free(s);
    return ok;
}
