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

static int stats_listed(struct exec *r, const struct query_cmd *c)
{
    struct row_access access = exec_access(r);
    struct sample_budget budget = {.max = group_max_samples()};
    struct grouper *g = grouper_new(c, &budget);
    struct group_table *t;
    struct field_ref ref = {.pseudo = PF_COLUMN, .column = -1};
    struct expr time = {.kind = EX_FIELD, .field = &ref};
    bool ok = true;

    for (unsigned i = 0; r->name && i < r->width; i++)
        if (!strcmp(r->name[i], "@timestamp") || !strcmp(r->name[i], "@t"))
            ref.column = (int)i;
    for (uint64_t i = 0; ok && i < r->n && !exec_cancelled(r); i++) {
        struct group_place at;

        exec_at(r, i);
        at = place_of(r, &time);
        grouper_add(g, &access, &at);
        ok = i % 1024 || grouper_settle(g);
    }
    ok = ok && grouper_settle(g);
    t = ok ? grouper_table(g, session_threads(r->q->session), false) : NULL;
    if (t)
        exec_take_table(r, t);
    else
        group_too_many(grouper_groups(g), r->e);
    grouper_free(g);
    return t ? 0 : r->e->code;
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

int exec_stats(struct exec *r, unsigned i)
{
    const struct query_cmd *c = &r->q->ast->cmd[i];
    bool any_order = sorted_next(r->q->ast, i);
    struct group_table *t;

    if (r->limit != UINT64_MAX)
        exec_list(r);
    if (r->listed)
        return stats_listed(r, c);
    plan_how(r->q->plan, parallel_threads(session_threads(r->q->session), r->set->snap->n), "%s",
             c->n_by ? "hash of the keys' numbers" : "one group");
    t = group_compute(r->q->session, r->set, c, any_order, r->q->cancel, r->e);
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

struct pattern_run {
    struct patterns *patterns;
    const struct expr *from;
    bool before;
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
    return !exec_cancelled(r);
}

void exec_patterns(struct exec *r, const struct expr *from, struct patterns *patterns, bool before)
{
    struct pattern_run run = {patterns, from, before};

    exec_each(r, pattern_row, &run);
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

void exec_pattern(struct exec *r, const struct query_cmd *c)
{
    struct patterns *patterns = patterns_new();

    exec_patterns(r, c->from, patterns, false);
    exec_take_table(r, pattern_table(patterns));
    patterns_free(patterns);
}
