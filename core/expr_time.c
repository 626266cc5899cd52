/* expr_time.c - a query and time: what its tests of @timestamp leave, and the query moved in time.
 *
 * To see what a query would have said of earlier records, @timestamp in it becomes @timestamp plus
 * the distance, and tests of it against times compare with earlier ones, which is the same and
 * fast. So bins, too, are those of the later records, and groups of both can be compared. */
#include "expr_impl.h"

#define MAX_TIME_US (INT64_MAX / 4) /* of a bound: so that differences do not overflow */

static bool is_timestamp(const struct expr *e)
{
    return e->kind == EX_FIELD && e->field->pseudo == PF_TIMESTAMP;
}

/* --- windows --- */

static bool has_field(const struct expr *e)
{
    if (e->kind == EX_FIELD)
        return true;
    for (unsigned i = 0; i < e->n; i++)
        if (has_field(e->arg[i]))
            return true;
    return false;
}

/* toMillis(@timestamp), and what it is compared with as a time. */
static bool is_millis(const struct expr *e)
{
    return e->kind == EX_CALL && !strcmp(e->func->name, "toMillis") && is_timestamp(e->arg[0]);
}

static bool constant_millis(const struct expr *e, int64_t *us)
{
    struct strbuf scratch = STRBUF_INIT;
    struct row_access none = {.scratch = &scratch};
    double ms;
    bool ok = !has_field(e) && val_number(expr_eval(e, &none), &ms) && ms > -9e14 && ms < 9e14;

    if (ok)
        *us = (int64_t)(ms * 1000);
    strbuf_release(&scratch);
    return ok;
}

static void narrow(struct time_window *w, enum expr_op op, int64_t us)
{
    us = MAX(MIN(us, MAX_TIME_US), -MAX_TIME_US);
    if (op == OP_GE || op == OP_EQ)
        w->from_us = MAX(w->from_us, us);
    else if (op == OP_GT)
        w->from_us = MAX(w->from_us, us + 1);
    if (op == OP_LT)
        w->to_us = MIN(w->to_us, us);
    else if (op == OP_LE || op == OP_EQ)
        w->to_us = MIN(w->to_us, us + 1);
}

static enum expr_op mirrored(enum expr_op op)
{
    static const enum expr_op other[] = {[OP_EQ] = OP_EQ, [OP_NE] = OP_NE, [OP_LT] = OP_GT,
                                         [OP_LE] = OP_GE, [OP_GT] = OP_LT, [OP_GE] = OP_LE};

    return other[op];
}

void time_window_narrow(struct time_window *w, const struct expr *e)
{
    const struct expr *a, *b;
    int64_t us;

    if (!e)
        return;
    if (e->kind == EX_AND)
        for (unsigned i = 0; i < e->n; i++)
            time_window_narrow(w, e->arg[i]);
    if (e->kind == EX_RANGE && e->is_time && is_timestamp(e->arg[0])) {
        narrow(w, OP_GE, e->lo_us);
        narrow(w, OP_LE, e->hi_us);
    }
    if (e->kind != EX_CMP)
        return;
    a = e->arg[0];
    b = e->arg[1];
    if (is_timestamp(a) && b->kind == EX_TIME)
        narrow(w, e->op, b->time_us);
    else if (is_timestamp(b) && a->kind == EX_TIME)
        narrow(w, mirrored(e->op), a->time_us);
    else if (is_millis(a) && constant_millis(b, &us))
        narrow(w, e->op, us);
    else if (is_millis(b) && constant_millis(a, &us))
        narrow(w, mirrored(e->op), us);
}

/* --- moving --- */

struct shift {
    struct parser p; /* for nodes alone; p.ast: the commands that are made */
    int64_t us;
};

static struct expr *shifted(struct shift *s, struct expr *e);
static struct query_item *shifted_items(struct shift *s, const struct query_item *item, unsigned n);
static void shift_commands(struct shift *s, const struct query_ast *q, unsigned n,
                           struct query_ast *to);

static struct expr *earlier(struct shift *s, const struct expr *e)
{
    struct expr *c = expr_copy(&s->p, e);

    if (c->kind == EX_TIME)
        c->time_us -= s->us;
    c->lo_us -= s->us;
    c->hi_us -= s->us;
    return c;
}

static bool all_times(const struct expr *e)
{
    for (unsigned i = 1; i < e->n; i++)
        if (e->arg[i]->kind != EX_TIME && !(e->arg[i]->kind == EX_SPAN && e->arg[i]->is_time))
            return false;
    return true;
}

/* A test of @timestamp itself against times: the times move instead. */
static struct expr *shifted_test(struct shift *s, const struct expr *e)
{
    bool tests = e->kind == EX_CMP || e->kind == EX_IN || (e->kind == EX_RANGE && e->is_time);
    struct expr *c;

    if (!tests || !is_timestamp(e->arg[0]) || !all_times(e))
        return NULL;
    c = e->kind == EX_RANGE ? earlier(s, e) : expr_copy(&s->p, e);
    for (unsigned i = 1; i < c->n; i++)
        c->arg[i] = earlier(s, c->arg[i]);
    return c;
}

static struct expr *later(struct shift *s, struct expr *time)
{
    struct expr *by = expr_new(&s->p, EX_NUM, time->at, time->at);

    by->num = (double)s->us / 1e6;
    by->lit = LIT_PLAIN;
    return expr_op2(&s->p, EX_ARITH, OP_ADD, time, by);
}

/* A query of the earlier time, too. */
static struct expr *shifted_subquery(struct shift *s, const struct expr *e)
{
    struct expr *c = expr_copy(&s->p, e);
    struct query_ast *outer = s->p.ast, *ast = pool_alloc(s->p.pool, sizeof(*ast));

    c->arg[0] = shifted(s, e->arg[0]);
    c->sub = pool_alloc(s->p.pool, sizeof(*c->sub));
    *c->sub = (struct subquery){.ast = ast, .text = e->sub->text};
    shift_commands(s, e->sub->ast, e->sub->ast->n_cmd, ast);
    s->p.ast = ast; /* what the column asks belongs to it */
    c->sub->item = shifted_items(s, e->sub->item, 1);
    s->p.ast = outer;
    add_subquery(&s->p, c->sub);
    return c;
}

/* e itself if it does not have the time. */
static struct expr *shifted(struct shift *s, struct expr *e)
{
    struct expr *c = NULL, *test;

    if (!e || e->kind == EX_PRESENT)
        return e;
    if (is_timestamp(e))
        return later(s, e);
    if (e->kind == EX_INQUERY)
        return shifted_subquery(s, e);
    test = shifted_test(s, e);
    if (test)
        return test;
    for (unsigned i = 0; i < e->n; i++) {
        struct expr *arg = shifted(s, e->arg[i]);

        if (arg == e->arg[i])
            continue;
        if (!c)
            c = expr_copy(&s->p, e);
        c->arg[i] = arg;
    }
    return c ? c : e;
}

/* A bin of a fixed width as the function that it was. */
static void shift_bin(struct shift *s, struct query_item *item)
{
    struct expr *call = expr_op1(&s->p, EX_CALL, item->expr), *period;

    period = expr_new(&s->p, EX_NUM, call->at, call->at);
    period->lit = LIT_PERIOD;
    period->lo_us = item->bin_us;
    call->func = func_find(SL("datefloor"));
    expr_add_arg(&s->p, call, period);
    item->expr = call;
    item->bin_us = 0;
}

static struct query_item *shifted_items(struct shift *s, const struct query_item *item, unsigned n)
{
    struct query_item *c = pool_alloc(s->p.pool, n * sizeof(*c));

    for (unsigned i = 0; i < n; i++) {
        c[i] = item[i];
        c[i].expr = shifted(s, item[i].expr);
        if (c[i].bin_us)
            shift_bin(s, &c[i]);
    }
    return c;
}

static void shift_command(struct shift *s, const struct query_cmd *from, struct query_cmd *to)
{
    *to = *from;
    to->filter = shifted(s, from->filter);
    to->from = shifted(s, from->from);
    to->item = shifted_items(s, from->item, from->n_item);
    to->by = shifted_items(s, from->by, from->n_by);
    to->agg = shifted_items(s, from->agg, from->n_agg);
    if (from->kind != QCMD_JOIN)
        return;
    to->sub = pool_alloc(s->p.pool, sizeof(*to->sub));
    shift_commands(s, from->sub, from->sub->n_cmd, to->sub);
    to->right = shifted_items(s, from->right, from->n_made);
}

static void shift_commands(struct shift *s, const struct query_ast *q, unsigned n,
                           struct query_ast *to)
{
    struct query_ast *outer = s->p.ast;

    s->p.ast = to;
    to->n_cmd = n;
    to->cmd = pool_alloc(s->p.pool, n * sizeof(*to->cmd));
    for (unsigned i = 0; i < n; i++)
        shift_command(s, &q->cmd[i], &to->cmd[i]);
    s->p.ast = outer;
}

struct query_ast *query_shift(const struct query_ast *q, unsigned n, int64_t us)
{
    struct query_ast *c = xcalloc(1, sizeof(*c));
    struct shift s = {.us = us};

    c->pool = s.p.pool = xcalloc(1, sizeof(*c->pool));
    shift_commands(&s, q, n, c);
    return c;
}
