/* group_spill.c - stats of groups that outgrow memory (spill.h). */
#include "group_impl.h"
#include "parallel.h"
#include "rowloop.h"
#include "spill.h"
#include "xalloc.h"

#define CANCEL_EVERY 1024 /* rows */
#define MAX_GROUPERS 2    /* of one part each, at a time: they share the memory */

struct row_values;

struct group_spill {
    const struct query_cmd *cmd;
    struct session *s;
    const struct rowset *r;
    const atomic_bool *cancel;
    struct spill *spill;
    struct spill_writer *writer; /* of rows that are no records, and their values */
    struct row_values *values;
    atomic_uint next;
    atomic_bool failed, sketched, full;
    uint64_t max_samples;
};

/* Values of the keys and aggregates of the row at hand. */
struct row_values {
    struct val key[MAX_KEYS], *val;
    struct strbuf *text; /* of each, keys first: results of functions */
};

static struct row_values values_new(const struct query_cmd *cmd)
{
    return (struct row_values){.val = xcalloc(MAX(cmd->n_agg, 1u), sizeof(struct val)),
                               .text = xcalloc(cmd->n_by + cmd->n_agg + 1u, sizeof(struct strbuf))};
}

static void values_release(struct row_values *v, const struct query_cmd *cmd)
{
    for (unsigned i = 0; i < cmd->n_by + cmd->n_agg; i++)
        strbuf_release(&v->text[i]);
    free(v->text);
    free(v->val);
}

static bool spill_values(const struct query_cmd *cmd, struct row_values *v,
                         struct row_access access, const struct group_place *at,
                         struct spill_writer *w)
{
    for (unsigned k = 0; k < cmd->n_by; k++) {
        access.scratch = &v->text[k];
        v->key[k] = group_key_eval(&cmd->by[k], &access);
    }
    for (unsigned i = 0; i < cmd->n_agg; i++) {
        access.scratch = &v->text[cmd->n_by + i];
        v->val[i] = cmd->agg[i].expr ? group_value(&cmd->agg[i], &access, at)
                                     : (struct val){.kind = VAL_NUM};
    }
    return spill_row(w, v->key, cmd->n_by, v->val, cmd->n_agg, &at->key);
}

static bool spill_segment(struct group_spill *g, uint32_t i, struct rowview *view,
                          struct row_values *v, struct spill_writer *w)
{
    struct segment *seg = g->r->snap->seg[i];
    uint32_t n = 0;

    FOR_ROWS(g->r, i, row)
    {
        struct group_place at = {.key = segment_key(seg, row), .seg = seg};

        rowview_at(view, seg, row);
        if (!spill_values(g->cmd, v, rowview_access(view), &at, w) ||
            (n++ % CANCEL_EVERY == 0 && ((g->cancel && *g->cancel) || g->failed)))
            return false;
    }
    return true;
}

static void spill_some(void *ctx, unsigned worker)
{
    struct group_spill *g = ctx;
    struct spill_writer *w = spill_writer_new(g->spill);
    struct row_values v = values_new(g->cmd);
    struct rowview view;
    uint32_t i;

    (void)worker;
    rowview_init(&view, g->s);
    while (!g->failed && (i = atomic_fetch_add(&g->next, 1)) < g->r->snap->n)
        if (g->r->count[i] && !spill_segment(g, i, &view, &v, w))
            g->failed = true;
    rowview_release(&view);
    values_release(&v, g->cmd);
    if (!spill_writer_end(w))
        g->failed = true;
}

/* --- part by part --- */

struct part {
    struct group_spill *g;
    struct grouper *grouper;
    uint64_t n;
};

static bool group_row(void *ctx, const struct val *key, const struct val *val,
                      const struct rowkey *at)
{
    struct part *p = ctx;

    grouper_put(p->grouper, key, val, at);
    if (++p->n % CANCEL_EVERY)
        return true;
    if (!grouper_settle(p->grouper))
        p->g->full = true;
    return !p->g->full && !(p->g->cancel && *p->g->cancel);
}

static bool group_part(struct group_spill *g, unsigned part)
{
    struct sample_budget budget = {.max = g->max_samples};
    struct part p = {.g = g, .grouper = grouper_new(g->cmd, &budget)};
    struct err e = {0};
    bool ok = spill_each(g->spill, part, g->cmd->n_by, g->cmd->n_agg, group_row, &p, &e) == 0;

    if (ok && !grouper_settle(p.grouper)) {
        g->full = true;
        ok = false;
    }
    if (ok && (p.n || (g->cmd->n_by == 0 && part == 0))) {
        struct group_table *t = grouper_table(p.grouper, 1, false);

        g->full = g->full || !t;
        ok = t && spill_run(g->spill, t->cell, t->n, t->n_key + t->n_agg);
        g->sketched = g->sketched || (t && t->sketched);
        group_free(t);
    }
    grouper_free(p.grouper);
    return ok;
}

static void group_some(void *ctx, unsigned worker)
{
    struct group_spill *g = ctx;
    unsigned part;

    (void)worker;
    while (!g->failed && (part = atomic_fetch_add(&g->next, 1)) < spill_parts(g->spill))
        if (!group_part(g, part))
            g->failed = true;
}

static struct group_table *merged(struct group_spill *g, struct err *e)
{
    unsigned width = g->cmd->n_by + g->cmd->n_item;
    struct group_table *t;
    uint64_t n;
    struct spilled *spilled = spill_merge(g->spill, width, g->cmd->n_by, group_row_cmp, &n, e);

    if (!spilled)
        return NULL;
    t = group_table_new(g->cmd, n);
    t->spilled = spilled;
    t->cell = spilled->cell;
    t->texts = dict_new();
    t->sketched = g->sketched;
    return t;
}

static struct group_table *finish(struct group_spill *g, unsigned threads, struct err *e)
{
    struct group_table *t = NULL;

    g->next = 0;
    if (!g->failed)
        parallel_run(MIN(parallel_threads(threads, spill_parts(g->spill)), MAX_GROUPERS),
                     group_some, g);
    if (!g->failed)
        t = merged(g, e);
    else if (g->cancel && *g->cancel)
        err_set(e, ERR_CANCEL, "stopped");
    else if (g->full)
        membudget_fail(e, "even a 64th of the groups does not fit; give more --memory");
    else if (!spill_failed(g->spill, e))
        err_set(e, ERR_SYS, "--spill: cannot read back what was written");
    spill_free(g->spill);
    return t;
}

struct group_table *group_spilled(struct session *s, const struct rowset *r,
                                  const struct query_cmd *stats, const atomic_bool *cancel,
                                  struct err *e)
{
    struct group_spill g = {.cmd = stats, .s = s, .r = r, .cancel = cancel};

    g.max_samples = group_max_samples();
    g.spill = spill_new(session_spill(s), e);
    if (!g.spill)
        return NULL;
    parallel_run(parallel_threads(session_threads(s), r->snap->n), spill_some, &g);
    return finish(&g, session_threads(s), e);
}

/* --- rows that are no records --- */

bool group_spill_add(struct group_spill *to, const struct row_access *access,
                     const struct group_place *at)
{
    return spill_values(to->cmd, to->values, *access, at, to->writer);
}

struct group_table *group_spilled_rows(struct session *s, const struct query_cmd *stats,
                                       bool (*each)(void *ctx, struct group_spill *to), void *ctx,
                                       const atomic_bool *cancel, struct err *e)
{
    struct row_values values;
    struct group_spill g = {.cmd = stats, .s = s, .cancel = cancel, .values = &values};

    g.max_samples = group_max_samples();
    g.spill = spill_new(session_spill(s), e);
    if (!g.spill)
        return NULL;
    g.writer = spill_writer_new(g.spill);
    values = values_new(stats);
    g.failed = !each(ctx, &g);
    if (!spill_writer_end(g.writer))
        g.failed = true;
    values_release(&values, stats);
    return finish(&g, session_threads(s), e);
}
