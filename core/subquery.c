/* subquery.c - queries within a query: run first, on all records of the opening.
 *
 * They see the time range of the outer query and nothing else of it, as in CloudWatch, where they
 * may be of other log groups. What `in` compares with is kept as a dictionary of printed values, so
 * a number and a text of the same digits are the same, and the cost is that of the distinct values.
 */
#include "runquery_impl.h"

#include "dict.h"

#define MAX_VALUES_BYTES (512u << 20)

struct time_window window_within(const struct runquery *q)
{
    struct time_window w = q->window ? *q->window : (struct time_window){INT64_MIN, INT64_MAX};

    for (unsigned i = 0; q->within && i < q->within->n_cmd; i++)
        time_window_narrow(&w, q->within->cmd[i].filter);
    return w;
}

int subquery_each(const struct runquery *q, struct query_ast *ast,
                  bool (*fn)(struct exec *r, void *ctx), void *ctx, struct err *e)
{
    struct time_window w = window_within(q);
    bool bounded = w.from_us != INT64_MIN || w.to_us != INT64_MAX;
    struct runquery sub = {.session = q->session,
                           .ast = ast,
                           .window = bounded ? &w : NULL,
                           .plan = q->plan,
                           .cancel = q->cancel};
    struct exec r = {.q = &sub, .limit = UINT64_MAX, .e = e};
    int rc = exec_run(&r, ast->n_cmd);

    if (rc == 0) {
        exec_each(&r, fn, ctx);
        rc = exec_stopped(&r);
    }
    exec_release(&r);
    return rc;
}

struct values {
    struct subquery *sub;
    struct strbuf text;
};

static bool add_value(struct exec *r, void *ctx)
{
    struct values *v = ctx;
    struct row_access access = exec_access(r);
    struct val val = expr_eval(v->sub->item->expr, &access);

    if (val.kind == VAL_MISSING || val.kind == VAL_JSON)
        return true;
    strbuf_reset(&v->text);
    val_print(val, &v->text);
    dict_add(v->sub->values, strbuf_slice(&v->text));
    return dict_bytes(v->sub->values) <= MAX_VALUES_BYTES;
}

static int find_values(const struct runquery *q, struct subquery *sub, struct err *e)
{
    struct values v = {.sub = sub};
    int rc;

    sub->values = dict_new();
    plan_begin(q->plan, SL("subquery"));
    rc = subquery_each(q, sub->ast, add_value, &v, e);
    plan_how(q->plan, 0, "distinct values");
    plan_end(q->plan, PLAN_UNKNOWN, dict_count(sub->values));
    strbuf_release(&v.text);
    if (rc == 0 && dict_bytes(sub->values) > MAX_VALUES_BYTES)
        rc = err_set(e, ERR_LIMIT, "the subquery has more than %u MiB of values: filter it more",
                     MAX_VALUES_BYTES >> 20);
    return rc;
}

int subqueries_run(const struct runquery *q, struct err *e)
{
    int rc = 0;

    for (unsigned i = 0; rc == 0 && i < q->ast->n_sub; i++)
        rc = find_values(q, q->ast->sub[i], e);
    return rc;
}

void subqueries_release(const struct query_ast *q)
{
    for (unsigned i = 0; i < q->n_sub; i++) {
        dict_free(q->sub[i]->values);
        q->sub[i]->values = NULL;
    }
}
