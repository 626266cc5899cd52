/* fuzz_query.c - any bytes as a query: it parses or gives an error with a place, every expression
 * evaluates on a row, what an expression prints parses again, and all that moves in time. */
#include "expr.h"
#include "xalloc.h"

static struct val fake_field(void *row, const struct field_ref *f)
{
    (void)row;
    switch (f->pseudo) {
    case PF_TIMESTAMP:
        return (struct val){.kind = VAL_TIME, .time_us = 1717246800000000};
    case PF_LINE:
        return (struct val){.kind = VAL_NUM, .num = 7};
    case PF_UNPARSED:
        return (struct val){.kind = VAL_MISSING};
    default:
        return (struct val){.kind = VAL_STR, .str = SL("GET /api/cart 10.0.0.5 504")};
    }
}

static bool fake_ip(void *row, unsigned i, struct slice *out)
{
    (void)row;
    *out = SL("2001:db8::1");
    return i == 0;
}

static const struct query_env env = {
    .now_us = 1717246800000000,
    .first_us = 1717200000000000,
    .last_us = 1717246000000000,
    .interactive = true,
};

static void check_expr(const struct expr *e, const struct row_access *row)
{
    struct strbuf text = STRBUF_INIT;
    struct query_error error;
    struct query_ast *again;

    if (!e)
        return;
    strbuf_reset(row->scratch);
    val_print(expr_eval(e, row), &text);
    strbuf_reset(&text);
    expr_print(e, &text);
    again = filter_parse(text.buf ? text.buf : "", &env, &error);
    query_ast_free(again);
    strbuf_release(&text);
}

static void check_items(const struct query_item *item, unsigned n, const struct row_access *row)
{
    for (unsigned i = 0; i < n; i++)
        check_expr(item[i].expr, row);
}

static void check_commands(const struct query_ast *q, const struct row_access *row)
{
    for (unsigned i = 0; i < q->n_cmd; i++) {
        const struct query_cmd *c = &q->cmd[i];

        check_expr(c->filter, row);
        check_items(c->item, c->n_item, row);
        check_items(c->by, c->n_by, row);
        check_items(c->right, c->kind == QCMD_JOIN ? c->n_made : 0, row);
        if (c->sub)
            check_commands(c->sub, row);
    }
    for (unsigned i = 0; i < q->n_sub; i++)
        check_commands(q->sub[i]->ast, row);
}

static void check_moved(const struct query_ast *q, const struct row_access *row)
{
    struct time_window w = {INT64_MIN, INT64_MAX};
    struct query_ast *moved;

    for (unsigned i = 0; i < q->n_cmd; i++)
        time_window_narrow(&w, q->cmd[i].filter);
    moved = query_shift(q, q->n_cmd, w.from_us == INT64_MIN ? 3600000000 : w.from_us / 1000);
    check_commands(moved, row);
    query_ast_free(moved);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct strbuf scratch = STRBUF_INIT, text = STRBUF_INIT;
    struct row_access row = {fake_field, fake_ip, NULL, &scratch};
    char *query = xstrndup((const char *)data, size);
    struct query_error error;
    struct query_ast *q = query_parse(query, &env, &error);

    if (q) {
        check_commands(q, &row);
        check_moved(q, &row);
    } else {
        BUG_ON(!error.msg[0] || error.at > strlen(query));
        query_error_print(&error, query, &text);
    }
    query_ast_free(q);
    strbuf_release(&text);
    strbuf_release(&scratch);
    free(query);
    return 0;
}
