/* runquery_table.c - commands whose rows are a table of cells alone: stats, pattern, fillmissing.
 */
#include "runquery_impl.h"

#include "fill.h"
#include "membudget.h"
#include "parallel.h"
#include "pattern.h"
#include "samples.h"
#include "spill.h"
#include "xalloc.h"

void exec_free_names(struct exec *r)
{
    for (unsigned i = 0; r->name && i < r->width; i++)
        free(r->name[i]);
    free(r->name);
}

void exec_free_cells(struct exec *r)
{
    if (!r->spilled || r->cell != r->spilled->cell)
        free(r->cell);
    r->cell = NULL;
}

void exec_take_table(struct exec *r, struct group_table *t)
{
    if (t->sketched && r->q->sketched)
        *r->q->sketched = true;
    exec_free_names(r);
    free(r->ref);
    exec_free_cells(r);
    spilled_free(r->spilled);
    dict_free(r->texts);
    r->spilled = t->spilled;
    r->ref = NULL;
    r->width = t->n_key + t->n_agg;
    r->cell = t->cell;
    r->name = t->name;
    r->texts = t->texts;
    r->n = t->n;
    r->n_col = 0;
    r->listed = true;
    r->sorted = r->display = false;
    r->order_keys = 0;
    r->limit = UINT64_MAX;
    memlease_release(&r->memory);
    r->memory = t->memory;
    r->memory.use = MEMORY_ROWS;
    memlease_force(&r->memory, r->spilled ? 0 : r->n * r->width * sizeof(*r->cell));
    free(t);
}

/* The place of a row for earliest() and latest(): its record's, else its time's and number. */
static struct group_place place_of(struct exec *r, const struct expr *time)
{
    struct row_access access = exec_access(r);
    struct group_place at = {.key = {0, 0, r->at}};
    struct val v;

    if (r->ref) {
        at.seg = r->view.seg;
        at.key = segment_key(r->view.seg, r->view.row);
        return at;
    }
    v = time ? expr_eval(time, &access) : (struct val){.kind = VAL_MISSING};
    if (v.kind == VAL_TIME)
        at.key.ts = v.time_us;
    return at;
}

/* A stats of rows that are listed. */
struct listed_stats {
    struct exec *r;
    unsigned at; /* the command */
    struct field_ref ref;
    struct expr time; /* of a row; missing if it has none */
    struct grouper *g;
};

/* The column of the rows that is their time, if there is one. */
static int time_column(const struct exec *r)
{
    int column = -1;

    for (unsigned i = 0; r->name && i < r->width; i++)
        if (!strcmp(r->name[i], "@timestamp") || !strcmp(r->name[i], "@t"))
            column = (int)i;
    return column;
}

/* What is used up here comes free before files are tried, so memory is none of its business. */
static bool asked_to_stop(const struct exec *r)
{
    return r->q->cancel && *r->q->cancel;
}

/* Adds all rows to the grouper. False: memory is used up, or it was stopped. */
static bool group_listed(struct listed_stats *s)
{
    struct exec *r = s->r;
    struct row_access access = exec_access(r);

    for (uint64_t i = 0; i < r->n; i++) {
        struct group_place at;

        exec_at(r, i);
        at = place_of(r, &s->time);
        grouper_add(s->g, &access, &at);
        if (i % 1024 == 0 && (asked_to_stop(r) || !grouper_settle(s->g)))
            return false;
        if (exec_due(r, "counted", i, r->n))
            exec_show_table(r, s->at + 1, grouper_so_far(s->g, false), 0, "counted", i, r->n);
    }
    return grouper_settle(s->g);
}

static bool spill_listed(void *ctx, struct group_spill *to)
{
    struct listed_stats *s = ctx;
    struct exec *r = s->r;
    struct row_access access = exec_access(r);

    for (uint64_t i = 0; i < r->n; i++) {
        struct group_place at;

        exec_at(r, i);
        at = place_of(r, &s->time);
        if (!group_spill_add(to, &access, &at) || (i % 1024 == 0 && asked_to_stop(r)))
            return false;
        exec_tell(r, "spilled", i, r->n);
    }
    return true;
}

static int stats_listed(struct exec *r, unsigned at)
{
    const struct query_cmd *c = &r->q->ast->cmd[at];
    struct session *session = r->q->session;
    struct listed_stats s = {.r = r,
                             .at = at,
                             .ref = {.pseudo = PF_COLUMN, .column = time_column(r)},
                             .time = {.kind = EX_FIELD, .field = &s.ref}};
    struct sample_budget budget = {.max = group_max_samples()};
    struct group_table *t = NULL;
    uint64_t groups;

    if (!group_keys_fit(c, r->e))
        return r->e->code;
    s.g = grouper_new(c, &budget);
    if (group_listed(&s) && !(session_spill(session) && budget.sketch))
        t = grouper_table(s.g, session_threads(session), false);
    groups = grouper_groups(s.g);
    grouper_free(s.g);
    if (!t && exec_stopped(r))
        return r->e->code;
    if (!t && session_spill(session))
        t = group_spilled_rows(session, c, spill_listed, &s, r->q->cancel, r->e);
    else if (!t)
        group_too_many(groups, r->e);
    if (!t)
        return r->e->code;
    exec_take_table(r, t);
    return 0;
}

/* Whether the next command that looks at the order of the rows is a sort. */
static bool sorted_next(const struct query_ast *q, unsigned i)
{
    while (++i < q->n_cmd)
        if (q->cmd[i].kind != QCMD_FILTER && q->cmd[i].kind != QCMD_FIELDS &&
            q->cmd[i].kind != QCMD_DISPLAY)
            return q->cmd[i].kind == QCMD_SORT;
    return false;
}

/* Who wants to see the groups of a stats so far. */
struct stats_peek {
    struct exec *r;
    unsigned at; /* the command */
    unsigned order_keys;
};

static bool stats_due(void *ctx, uint64_t rows)
{
    const struct stats_peek *p = ctx;

    return exec_due_now(p->r, "counted", rows, p->r->set->total);
}

static void stats_show(void *ctx, struct group_table *t, uint64_t rows)
{
    const struct stats_peek *p = ctx;

    exec_show_table(p->r, p->at + 1, t, p->order_keys, "counted", rows, p->r->set->total);
}

int exec_stats(struct exec *r, unsigned i)
{
    const struct query_cmd *c = &r->q->ast->cmd[i];
    bool any_order = sorted_next(r->q->ast, i);
    struct stats_peek at = {r, i, any_order ? c->n_by : 0};
    struct group_peek peek = {stats_due, stats_show, &at};
    struct group_table *t;

    if (r->limit != UINT64_MAX)
        exec_list(r);
    if (r->listed)
        return stats_listed(r, i);
    plan_how(r->q->plan, parallel_threads(session_threads(r->q->session), r->set->snap->n), "%s",
             c->n_by ? "hash of the keys' numbers" : "one group");
    t = group_compute(r->q->session, r->set, c, any_order, r->watch ? &peek : NULL, r->q->cancel,
                      r->e);
    if (!t)
        return r->e->code;
    exec_take_table(r, t);
    r->order_keys = any_order ? c->n_by : 0;
    return 0;
}

void exec_fill(struct exec *r, const struct query_cmd *c)
{
    struct fill *f = fill_new(c, r->width);

    for (uint64_t i = 0; i < r->n; i++)
        fill_row(f, r->cell + i * r->width);
    if (r->spilled && r->cell == r->spilled->cell)
        r->cell = xmemdup(r->cell, r->n * r->width * sizeof(*r->cell)); /* it grows */
    r->cell = fill_end(f, r->cell, &r->n);
}

static struct group_table *pattern_table(struct patterns *patterns)
{
    struct group_table *t = xcalloc(1, sizeof(*t));
    struct pattern *list;
    size_t n;

    list = patterns_list(patterns, &n);
    t->n_key = 1;
    t->n_agg = N_PATTERN - 1;
    t->n = n;
    t->texts = dict_new();
    t->name = xcalloc(N_PATTERN, sizeof(*t->name));
    t->cell = xcalloc(MAX(n, (size_t)1) * N_PATTERN, sizeof(*t->cell));
    for (unsigned i = 0; i < N_PATTERN; i++)
        t->name[i] = xstrdup(pattern_columns[i]);
    for (size_t i = 0; i < n; i++) {
        struct val *cell = t->cell + i * N_PATTERN;

        cell[0] = val_keep(t->texts, (struct val){.kind = VAL_STR, .str = slice_str(list[i].text)});
        cell[1] = (struct val){.kind = VAL_NUM, .num = list[i].ratio};
        cell[2] = (struct val){.kind = VAL_NUM, .num = (double)list[i].count};
        cell[3] = (struct val){.kind = VAL_STR, .str = slice_str(list[i].severity)};
        free(list[i].text);
    }
    free(list);
    return t;
}

struct pattern_run {
    struct patterns *patterns;
    const struct expr *from;
    bool before;
    unsigned show; /* the command behind, if what there is so far may be shown; 0: it may not */
    uint64_t rows, of;
};

static bool pattern_row(struct exec *r, void *ctx)
{
    struct pattern_run *p = ctx;
    struct row_access access = exec_access(r);
    struct strbuf own = STRBUF_INIT;
    struct val v = expr_eval(p->from, &access);

    if (v.kind != VAL_MISSING) {
        if (!v.str.ptr)
            val_print(v, &own);
        patterns_add(p->patterns, v.str.ptr ? v.str : strbuf_slice(&own), p->before);
    }
    strbuf_release(&own);
    p->rows++;
    if (p->show && exec_due(r, "read", p->rows, p->of))
        exec_show_table(r, p->show, pattern_table(p->patterns), 0, "read", p->rows, p->of);
    return !exec_cancelled(r);
}

void exec_patterns(struct exec *r, const struct expr *from, struct patterns *patterns, bool before)
{
    struct pattern_run run = {patterns, from, before, 0, 0, 0};

    exec_each(r, pattern_row, &run);
}

void exec_pattern(struct exec *r, unsigned i)
{
    struct patterns *patterns = patterns_new();
    struct pattern_run run = {patterns, r->q->ast->cmd[i].from,
                              false,    i + 1,
                              0,        r->listed ? r->n : MIN(r->set->total, r->limit)};

    exec_each(r, pattern_row, &run);
    exec_take_table(r, pattern_table(patterns));
    patterns_free(patterns);
}
