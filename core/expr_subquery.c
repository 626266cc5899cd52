/* expr_subquery.c - a query in parentheses within another one: x in (filter ... | fields y).
 *
 * It has a scope of its own, names of the outer query mean nothing in it. What it shows is settled
 * here, so that what does not fit is told with a caret before anything runs. */
#include "expr_impl.h"

bool at_subquery(struct parser *p)
{
    struct parser look = *p;

    if (!take_char(&look, '(') || !at_command(&look))
        return false;
    look.at += lex_name(look.q, look.at);
    skip(&look);
    return peek(&look) && !strchr(",)", peek(&look)); /* in (filter, sort) is a list */
}

bool parse_nested(struct parser *p, struct parser *sub)
{
    *sub = (struct parser){.q = p->q,
                           .at = p->at + 1,
                           .env = p->env,
                           .error = p->error,
                           .pool = p->pool,
                           .ast = pool_alloc(p->pool, sizeof(*sub->ast)),
                           .nested = true,
                           .depth = p->depth};
    if (enter(sub) && parse_pipeline(sub) && !take_char(sub, ')'))
        fail_here(sub, "a ) is missing");
    else if (!sub->failed && sub->q.ptr[sub->at - 1] != ')')
        parse_fail(sub, sub->at, 1, "this is no query");
    if (sub->ast->notice[0])
        parse_notice(p, "%s", sub->ast->notice);
    p->at = sub->at;
    p->failed |= sub->failed;
    return !p->failed;
}

bool is_cell(const struct expr *e, unsigned cell)
{
    return e->kind == EX_FIELD && e->field->pseudo == PF_COLUMN && e->field->column == (int)cell;
}

bool makes_table(enum cmd_kind kind)
{
    return kind == QCMD_STATS || kind == QCMD_PATTERN || kind == QCMD_DIFF;
}

unsigned shown_columns(struct parser *sub, struct query_item ***item)
{
    const struct query_ast *q = sub->ast;
    size_t room = sub->n_column;
    unsigned n = 0;
    bool display = false;

    for (unsigned i = 0; i < q->n_cmd; i++)
        room += q->cmd[i].n_item;
    *item = pool_alloc(sub->pool, room * sizeof(struct query_item *));
    for (unsigned i = 0; i < q->n_cmd; i++) {
        const struct query_cmd *c = &q->cmd[i];

        if (makes_table(c->kind) || c->kind == QCMD_DISPLAY)
            n = 0;
        display = !makes_table(c->kind) && (display || c->kind == QCMD_DISPLAY);
        if (c->kind == QCMD_DISPLAY || (c->kind == QCMD_FIELDS && !display))
            for (unsigned k = 0; k < c->n_item; k++)
                (*item)[n++] = &c->item[k];
    }
    if (n || !sub->after_stats)
        return n;
    for (size_t i = 0; i < sub->n_column; i++) {
        const struct column_name *c = &sub->column[i];
        struct query_item *cell = pool_alloc(sub->pool, sizeof(*cell));

        *cell = (struct query_item){.expr = c->expr, .name = pool_str(sub->pool, c->name)};
        if (is_cell(c->expr, n)) /* another name of a cell comes behind all of them */
            (*item)[n++] = cell;
    }
    return n;
}

/* The one column that a subquery shows, else the one that is called as the left side. */
static struct query_item *the_column(struct parser *p, struct parser *sub, const struct expr *left,
                                     size_t at)
{
    struct query_item **item;
    unsigned n = shown_columns(sub, &item);

    if (n == 1)
        return item[0];
    for (unsigned i = 0; left->kind == EX_FIELD && i < n; i++)
        if (slice_is(left->text, item[i]->name))
            return item[i];
    if (n == 0)
        parse_fail(p, at, p->at - at, "the subquery names no column");
    else
        parse_fail(p, at, p->at - at, "the subquery shows %u columns; which one is compared?", n);
    parse_hint(p, "end it with | fields NAME");
    return NULL;
}

void add_subquery(struct parser *p, struct subquery *s)
{
    struct query_ast *q = p->ast;
    struct subquery **wider = pool_alloc(p->pool, (q->n_sub + 1) * sizeof(*wider));

    if (q->n_sub)
        memcpy(wider, q->sub, q->n_sub * sizeof(*wider));
    q->sub = wider;
    q->sub[q->n_sub++] = s;
}

struct expr *take_subquery(struct parser *p, struct expr *left)
{
    size_t at = p->at;
    struct subquery *s = pool_alloc(p->pool, sizeof(*s));
    struct parser sub;
    struct expr *e;

    if (p->alone) {
        parse_fail(p, at, 1, "a subquery stands in a query, not in a filter by itself");
        parse_hint(p, "type : and filter ... in (...)");
        return NULL;
    }
    if (parse_nested(p, &sub))
        s->item = the_column(p, &sub, left, at);
    free(sub.column);
    if (!s->item)
        return NULL;
    s->ast = sub.ast;
    s->text = pool_text(p->pool, text_at(p, at + 1, p->at - at - 2));
    add_subquery(p, s);
    e = expr_op1(p, EX_INQUERY, left);
    e->sub = s;
    e->at_len = (unsigned)p->at - e->at;
    return e;
}

/* --- SOURCE --- */

/* The name of a log group: of "arn:aws:logs:...:log-group:NAME:*" what stands at NAME. */
static struct slice group_name(struct slice s)
{
    static const char mark[] = ":log-group:";
    const char *at = slice_starts(s, "arn:") ? memmem(s.ptr, s.len, mark, strlen(mark)) : NULL;

    if (!at)
        return s;
    at += strlen(mark);
    s = slice_of(at, (size_t)(slice_end(s) - at));
    return slice_ends(s, ":*") ? slice_of(s.ptr, s.len - 2) : s;
}

/* A log type, or the log group that the container of the record tells, its account before it or
 * not. */
static struct expr *source_test(struct parser *p, struct expr *name)
{
    struct strbuf glob = STRBUF_INIT;
    struct expr *any, *end;

    if (logtype_by_name(name->text))
        return bind_compare(p, bind_system(p, "@logtype"), OP_EQ, name);
    name->text = group_name(name->text);
    parse_notice(p, "SOURCE " SLICE_FMT ": the records whose @log is that", SLICE_ARG(name->text));
    any = expr_new(p, EX_OR, name->at, p->at);
    expr_add_arg(p, any, bind_compare(p, bind_system(p, "@log"), OP_EQ, name));
    strbuf_addf(&glob, "*:" SLICE_FMT, SLICE_ARG(name->text));
    end = expr_op1(p, EX_GLOB, bind_system(p, "@log"));
    end->text = pool_text(p->pool, strbuf_slice(&glob));
    expr_add_arg(p, any, end);
    strbuf_release(&glob);
    return any;
}

static struct expr *source_name(struct parser *p)
{
    size_t n;
    struct expr *e;

    skip(p);
    if (peek(p) == '"' || peek(p) == '\'')
        return take_string(p);
    n = lex_bare(p->q, p->at);
    if (lex_word(p->q, p->at, "logGroups"))
        return parse_fail(p, p->at, strlen("logGroups"),
                          "logGroups() of CloudWatch Logs Insights is not there: name the groups");
    if (!n)
        return fail_here(p, "a log type or a log group is expected");
    e = expr_new(p, EX_STR, p->at, p->at + n);
    e->text = pool_text(p->pool, text_at(p, p->at, n));
    p->at += n;
    return e;
}

bool nested_source(struct parser *p)
{
    struct expr *any = NULL;

    if (p->ast->n_cmd)
        return parse_fail(p, p->at - strlen("SOURCE"), strlen("SOURCE"), "SOURCE stands first");
    do {
        struct expr *name = source_name(p);

        if (!name)
            return false;
        if (!any)
            any = expr_new(p, EX_OR, name->at, p->at);
        expr_add_arg(p, any, source_test(p, name));
    } while (take_char(p, ','));
    if (at_word(p, "START") || at_word(p, "END"))
        return parse_fail(p, p->at, lex_name(p->q, p->at),
                          "START and END of CloudWatch Logs Insights are not there: a subquery has "
                          "the time range of the query");
    add_cmd(p, QCMD_FILTER)->filter = any->n == 1 ? any->arg[0] : any;
    return true;
}
