/* diff.c - the groups of a stats or pattern beside those of an earlier time.
 *
 * The commands before are run once more on the records of the earlier window, with a query whose
 * @timestamp is moved by the distance (expr_time.c). Patterns of both times are made together, or
 * each time would put its own marks; groups of stats meet by their keys. */
#include "runquery_impl.h"

#include <math.h>
#include <stdio.h>

#include "dict.h"
#include "pattern.h"
#include "value.h"
#include "xalloc.h"

#define DAY_US INT64_C(86400000000)

/* --- the two windows --- */

/* The same time of the month before, or its last day if it is a shorter one. */
static int64_t month_before(int64_t us)
{
    struct civil c = us_to_civil(us);
    int year = c.mon == 1 ? c.year - 1 : c.year, mon = c.mon == 1 ? 12 : c.mon - 1;
    int64_t day = civil_to_us(year, mon, c.day, c.hour, c.min, c.sec, c.us);

    while (us_to_civil(day).mon != mon)
        day -= DAY_US;
    return day;
}

/* The window of the query: of the filters before any command that drops rows. An open end is where
 * the records of the opening end. */
static bool window_of(const struct exec *r, struct time_window *w, bool *has_start)
{
    const struct snapshot *snap = r->set->snap;

    *w = window_within(r->q);
    for (unsigned i = 0; i < r->early; i++)
        time_window_narrow(w, r->q->ast->cmd[i].filter);
    *has_start = w->from_us != INT64_MIN;
    if (w->from_us == INT64_MIN)
        w->from_us = snap->ts_min;
    if (w->to_us == INT64_MAX)
        w->to_us = snap->ts_max + 1;
    return snap->ts_min <= snap->ts_max && w->from_us < w->to_us;
}

static int64_t distance(const struct time_window *w, enum diff_with with)
{
    switch (with) {
    case DIFF_DAY:
        return DAY_US;
    case DIFF_WEEK:
        return 7 * DAY_US;
    case DIFF_MONTH:
        return w->from_us - month_before(w->from_us);
    case DIFF_BEFORE:
        break;
    }
    return w->to_us - w->from_us;
}

/* --- stats --- */

/* The table that is made: keys, then three cells for each item of the stats. */
struct merger {
    const struct query_cmd *cmd;
    struct group_table *t;
    size_t cap;
    struct dict *keys; /* row by its keys */
    struct strbuf text;
};

/* Whether an item is made of counts and sums alone: without records it is 0, not missing. */
static bool is_count(const struct query_cmd *stats, const struct expr *e)
{
    bool all = e->kind == EX_NUM || (e->kind == EX_ARITH && e->op != OP_DIV);
    enum agg_kind agg;

    if (e->kind == EX_FIELD && e->field->column >= 0) {
        agg = stats->agg[e->field->column].agg;
        return agg == AGG_COUNT || agg == AGG_COUNT_FIELD || agg == AGG_COUNT_DISTINCT ||
               agg == AGG_SUM;
    }
    for (unsigned i = 0; i < e->n; i++)
        all = all && is_count(stats, e->arg[i]);
    return all;
}

/* The value of an item for a group that has no records. */
static struct val of_nothing(const struct query_cmd *c, unsigned item)
{
    return (struct val){.kind = is_count(c, c->item[item].expr) ? VAL_NUM : VAL_MISSING};
}

/* The row of these keys; a new one has no records in either time. */
static struct val *row_of(struct merger *m, const struct val *key)
{
    const struct query_cmd *c = m->cmd;
    unsigned width = m->t->n_key + m->t->n_agg;
    uint32_t before = dict_count(m->keys), id;
    struct val *row;

    strbuf_reset(&m->text);
    for (unsigned k = 0; k < c->n_by; k++) {
        strbuf_addc(&m->text, (char)('0' + key[k].kind));
        val_print(key[k], &m->text);
        strbuf_addc(&m->text, '\0');
    }
    id = dict_add(m->keys, strbuf_slice(&m->text));
    if (id < before)
        return m->t->cell + (size_t)id * width;
    GROW(m->t->cell, m->cap, ((size_t)id + 1) * width);
    m->t->n = (uint64_t)id + 1;
    row = m->t->cell + (size_t)id * width;
    for (unsigned k = 0; k < c->n_by; k++)
        row[k] = val_keep(m->t->texts, key[k]);
    for (unsigned i = 0; i < c->n_item; i++) {
        row[c->n_by + 3 * i] = row[c->n_by + 3 * i + 1] = of_nothing(c, i);
        row[c->n_by + 3 * i + 2] = (struct val){.kind = VAL_MISSING};
    }
    return row;
}

static void merge_rows(struct merger *m, const struct exec *r, unsigned which)
{
    for (uint64_t i = 0; i < r->n; i++) {
        const struct val *from = r->cell + i * r->width;
        struct val *row = row_of(m, from);

        for (unsigned k = 0; k < m->cmd->n_item; k++)
            row[m->cmd->n_by + 3 * k + which] = val_keep(m->t->texts, from[m->cmd->n_by + k]);
    }
}

/* How much more it is now: of times in seconds. */
static struct val change(struct val now, struct val before)
{
    double a, b;

    if (now.kind == VAL_TIME && before.kind == VAL_TIME)
        return (struct val){.kind = VAL_NUM, .num = (double)(now.time_us - before.time_us) / 1e6};
    if (!val_number(now, &a) || !val_number(before, &b))
        return (struct val){.kind = VAL_MISSING};
    return (struct val){.kind = VAL_NUM, .num = a - b};
}

/* The largest change of the first item first, then by the keys. */
static int by_change(const void *a, const void *b, void *ctx)
{
    const struct query_cmd *c = ctx;
    const struct val *x = a, *y = b, *u = &x[c->n_by + 2], *v = &y[c->n_by + 2];
    double du = u->kind == VAL_NUM ? fabs(u->num) : -1, dv = v->kind == VAL_NUM ? fabs(v->num) : -1;

    if (du != dv)
        return du < dv ? 1 : -1;
    for (unsigned k = 0; k < c->n_by; k++) {
        int cmp = val_cmp(x[k], y[k]);

        if (cmp)
            return cmp;
    }
    return 0;
}

/* With the names that the command gives its columns. */
static struct group_table *named_table(const struct query_cmd *diff, unsigned n_key)
{
    struct group_table *t = xcalloc(1, sizeof(*t));

    t->n_key = n_key;
    t->n_agg = diff->n_made - n_key;
    t->texts = dict_new();
    t->name = xcalloc(diff->n_made, sizeof(*t->name));
    for (unsigned i = 0; i < diff->n_made; i++)
        t->name[i] = xstrdup(diff->made[i]);
    return t;
}

/* Both have their groups as rows; those of r become the merged ones. */
static void diff_stats(struct exec *r, const struct exec *before, const struct query_cmd *c)
{
    struct merger m = {.cmd = c, .t = named_table(c + 1, c->n_by), .keys = dict_new()};
    unsigned width = m.t->n_key + m.t->n_agg;

    merge_rows(&m, r, 0);
    merge_rows(&m, before, 1);
    for (uint64_t i = 0; i < m.t->n; i++) {
        struct val *row = m.t->cell + i * width + c->n_by;

        for (unsigned k = 0; k < c->n_item; k++)
            row[3 * k + 2] = change(row[3 * k], row[3 * k + 1]);
    }
    if (m.t->n)
        qsort_r(m.t->cell, m.t->n, width * sizeof(*m.t->cell), by_change, (void *)(uintptr_t)c);
    exec_take_table(r, m.t);
    dict_free(m.keys);
    strbuf_release(&m.text);
}

/* --- patterns --- */

static int64_t change_of(const struct pattern *p)
{
    return (int64_t)p->count - (int64_t)p->before;
}

static int by_pattern_change(const void *a, const void *b)
{
    int64_t x = llabs(change_of(a)), y = llabs(change_of(b));
    const struct pattern *p = a, *q = b;

    if (x != y)
        return x > y ? -1 : 1;
    if (p->count != q->count)
        return p->count > q->count ? -1 : 1;
    return strcmp(p->text, q->text);
}

static void describe(const struct pattern *p, char out[40])
{
    if (!p->before)
        snprintf(out, 40, "New");
    else if (!p->count)
        snprintf(out, 40, "Gone");
    else if (p->count == p->before)
        snprintf(out, 40, "Unchanged");
    else
        snprintf(out, 40, "%+.0f%%", 100.0 * (double)change_of(p) / (double)p->before);
}

static void pattern_row(struct val *cell, struct pattern *p, struct dict *texts)
{
    char text[40];

    describe(p, text);
    cell[0] = val_keep(texts, (struct val){.kind = VAL_STR, .str = slice_str(p->text)});
    cell[1] = (struct val){.kind = VAL_NUM, .num = (double)p->count};
    cell[2] = (struct val){.kind = VAL_NUM, .num = (double)p->before};
    cell[3] = (struct val){.kind = VAL_NUM, .num = (double)change_of(p)};
    cell[4] = (struct val){.kind = VAL_STR, .str = slice_str(p->severity)};
    cell[5] = val_keep(texts, (struct val){.kind = VAL_STR, .str = slice_str(text)});
}

static void diff_patterns(struct exec *r, struct exec *before, const struct query_cmd *c,
                          const struct expr *from_before)
{
    struct group_table *t = named_table(c + 1, 1);
    struct patterns *patterns = patterns_new();
    struct pattern *list;
    size_t n;

    exec_patterns(r, c->from, patterns, false);
    exec_patterns(before, from_before, patterns, true);
    list = patterns_list(patterns, &n);
    if (n)
        qsort(list, n, sizeof(*list), by_pattern_change);
    t->n = n;
    t->cell = xcalloc(MAX(n, (size_t)1) * N_PATTERN_DIFF, sizeof(*t->cell));
    for (size_t i = 0; i < n; i++) {
        pattern_row(t->cell + i * N_PATTERN_DIFF, &list[i], t->texts);
        free(list[i].text);
    }
    free(list);
    patterns_free(patterns);
    exec_take_table(r, t);
}

/* --- the command --- */

/* The groups of both times, `before` having run up to the grouping command. */
static int compare(struct exec *r, struct exec *before, unsigned i)
{
    const struct query_cmd *c = &r->q->ast->cmd[i];
    int rc;

    if (c->kind == QCMD_STATS) {
        rc = exec_command(r, i);
        if (rc == 0)
            rc = exec_command(before, i);
        if (rc == 0)
            diff_stats(r, before, c);
        return rc;
    }
    diff_patterns(r, before, c, before->q->ast->cmd[i].from);
    return exec_stopped(r);
}

int diff_run(struct exec *r, unsigned i)
{
    const struct query_ast *q = r->q->ast;
    enum diff_with with = q->cmd[i + 1].with;
    struct time_window w;
    bool has_start, any = window_of(r, &w, &has_start);
    int64_t by = any ? distance(&w, with) : 1;
    struct time_window earlier = {w.from_us - by, any ? w.to_us - by : w.from_us - by};
    struct runquery past = *r->q;
    struct exec before = {.q = &past, .limit = UINT64_MAX, .e = r->e};
    int rc;

    if (with == DIFF_BEFORE && !has_start)
        return err_set(r->e, ERR_USAGE,
                       "diff: nothing is before the first record: give a start (--since, or filter "
                       "@timestamp >= ...), or compare with previousDay");
    past.window = &earlier;
    past.ast = query_shift(q, i + 1, by);
    past.within = r->q->within ? query_shift(r->q->within, r->q->within->n_cmd, by) : NULL;
    rc = exec_run(&before, i);
    if (rc == 0)
        rc = compare(r, &before, i);
    exec_release(&before);
    query_ast_free(past.ast);
    query_ast_free(past.within);
    return rc;
}
