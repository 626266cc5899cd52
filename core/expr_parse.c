/* expr_parse.c - the text of a query to its tree: values, names, arithmetic.
 *
 * Recursive descent without a token stream (expr_lex.h). Names and literals are bound as they are
 * read (expr_bind.c). The first error wins and stops everything: functions return NULL then and
 * callers only pass that on. */
#include "expr_impl.h"

#define MAX_DEPTH 150
#define MAX_TERMS 500 /* of one sum or product: trees are walked by recursion */

/* --- reading --- */

void *fail_here(struct parser *p, const char *what)
{
    size_t n;

    skip(p);
    n = lex_bare(p->q, p->at);
    if (p->at >= p->q.len)
        return parse_fail(p, p->q.len, 1, "%s, but the query ends here", what);
    if (peek(p) == '&' || slice_starts(text_at(p, p->at, p->q.len - p->at), "||")) {
        parse_fail(p, p->at, 2, "%s is no operator here", peek(p) == '&' ? "&" : "||");
        parse_hint(p, "use %s", peek(p) == '&' ? "and" : "or");
        return NULL;
    }
    return parse_fail(p, p->at, n, "%s", what);
}

bool enter(struct parser *p)
{
    if (++p->depth <= MAX_DEPTH)
        return true;
    parse_fail(p, p->at, 1, "the expression is nested too deeply");
    return false;
}

/* --- primaries --- */

struct expr *take_string(struct parser *p)
{
    struct strbuf text = STRBUF_INIT;
    size_t at = p->at, n = lex_string(p->q, at, &text);
    struct expr *e;

    if (!n) {
        strbuf_release(&text);
        return parse_fail(p, at, p->q.len - at, "the string does not end");
    }
    p->at += n;
    e = expr_new(p, EX_STR, at, p->at);
    e->text = pool_text(p->pool, strbuf_slice(&text));
    strbuf_release(&text);
    return e;
}

struct expr *take_literal(struct parser *p)
{
    struct expr node, *e;
    size_t n = lex_literal(p->q, p->at, p->env, &node);

    if (!n)
        return NULL;
    e = expr_new(p, node.kind, p->at, p->at + n);
    node.at = e->at;
    node.at_len = e->at_len;
    node.text = pool_text(p->pool, text_at(p, p->at, n));
    *e = node;
    p->at += n;
    return e;
}

static struct expr *take_parens(struct parser *p)
{
    size_t at = p->at++;
    struct expr *e;

    if (!enter(p))
        return NULL;
    e = parse_or(p);
    p->depth--;
    if (!e)
        return NULL;
    if (!take_char(p, ')')) {
        fail_here(p, "a ) is missing");
        p->error->hint[0] = 0;
        return NULL;
    }
    e->at = (unsigned)at;
    e->at_len = (unsigned)(p->at - at);
    return e;
}

static struct expr *moment_name(struct parser *p)
{
    size_t first = lex_word(p->q, p->at, "@first"), last = lex_word(p->q, p->at, "@last");
    struct expr *e;

    if (!first && !last)
        return NULL;
    e = expr_new(p, EX_TIME, p->at, p->at + first + last);
    e->time_us = first ? p->env->first_us : p->env->last_us;
    e->lo_us = e->hi_us = e->time_us;
    p->at += first + last;
    p->trial_calls++;
    return e;
}

/* The name of a member, or the number of an element, at p->at behind the . or [. */
static struct expr *take_member(struct parser *p, struct expr *map, bool element)
{
    struct expr *e = expr_op1(p, EX_MEMBER, map);
    struct slice name;
    size_t n = 0;

    if (element) {
        while (p->at + n < p->q.len && p->q.ptr[p->at + n] >= '0' && p->q.ptr[p->at + n] <= '9')
            n++;
        name = text_at(p, p->at, n);
        e->lit = LIT_PLAIN;
        if (n == 0 || n > 9 || !parse_double(name, &e->num))
            return fail_here(p, "the number of an element is expected");
    } else {
        n = lex_quoted_name(p->q, p->at, &name);
        if (!n) {
            while (p->at + n < p->q.len && lex_name_char(p->q.ptr[p->at + n]) &&
                   p->q.ptr[p->at + n] != '.')
                n++;
            name = text_at(p, p->at, n);
        }
        if (!n)
            return fail_here(p, "the name of a member is expected");
    }
    e->text = pool_text(p->pool, name);
    p->at += n;
    if (element && !take_char(p, ']'))
        return fail_here(p, "a ] is expected");
    return e;
}

struct expr *take_members(struct parser *p, struct expr *e)
{
    while (e && (peek(p) == '.' || peek(p) == '[')) {
        bool element = peek(p) == '[';
        unsigned at = e->at;

        if (!element && p->at + 1 < p->q.len && p->q.ptr[p->at + 1] == '.') /* a range: x..y */
            break;
        p->at++;
        e = take_member(p, e, element);
        if (e) {
            e->at = at;
            e->at_len = (unsigned)p->at - at;
        }
    }
    return e;
}

static const char *const reserved[] = {"and", "or", "not", "in", "like", "as", "by", "asc", "desc"};

bool at_reserved(struct parser *p)
{
    for (unsigned i = 0; i < ARRAY_LEN(reserved); i++)
        if (lex_word(p->q, p->at, reserved[i]))
            return true;
    return false;
}

static struct expr *unknown_name(struct parser *p, size_t len)
{
    size_t at = p->at, open = lex_blank(p->q, at + len);

    if (open == at + len && open < p->q.len && p->q.ptr[open] == '(') {
        char hint[200] = "";

        if (is_aggregate(text_at(p, at, len))) {
            parse_fail(p, at, len, SLICE_FMT " is an aggregate and stands in stats, not in another",
                       SLICE_ARG(text_at(p, at, len)));
            parse_hint(p, "stats count(*) as n by path | filter n > 1, or | stats max(n)");
            return NULL;
        }
        func_hint(text_at(p, at, len), hint, sizeof(hint));
        parse_fail(p, at, len, "there is no function " SLICE_FMT, SLICE_ARG(text_at(p, at, len)));
        parse_hint(p, "%s", hint);
    } else if (p->q.ptr[at] == '`') {
        bind_unknown(p, at + 1, len - 2);
    } else {
        bind_unknown(p, at, len);
    }
    return NULL;
}

/* "@user" where `parse` made "user": Logs Insights takes it for a field that no record has. */
static struct expr *missing_name(struct parser *p, size_t len)
{
    struct slice name = text_at(p, p->at, len);

    if (len < 2 || name.ptr[0] != '@')
        return NULL;
    for (size_t i = 0; i < p->n_column; i++) {
        struct expr *e;

        if (!slice_eq(p->column[i].name, slice_of(name.ptr + 1, len - 1)))
            continue;
        parse_notice(p,
                     "there is no field " SLICE_FMT ", so it is missing everywhere; is " SLICE_FMT
                     " meant?",
                     SLICE_ARG(name), SLICE_ARG(p->column[i].name));
        e = bind_cell(p, pool_text(p->pool, name), -1);
        p->at += len;
        return e;
    }
    return NULL;
}

struct expr *take_field(struct parser *p)
{
    size_t len = 0;
    struct expr *e = bind_name(p, &len);

    if (!e && (e = missing_name(p, len)))
        return e;
    if (!e)
        return len ? unknown_name(p, len) : fail_here(p, "a value is expected");
    if (p->trial && e->kind == EX_FIELD && e->field->pseudo == PF_NONE && peek(p) != '`' &&
        !field_name_is_exact(e->text, p->trial_left))
        return parse_fail(p, p->at, len, "not exact");
    p->trial_fields++;
    p->at += len;
    if (e->kind != EX_FIELD || e->field->pseudo == PF_COLUMN)
        return take_members(p, e);
    if (peek(p) == ':' && !p->trial) {
        parse_fail(p, p->at, 1, "a field is compared with =");
        parse_hint(p, SLICE_FMT "=" SLICE_FMT, SLICE_ARG(e->text),
                   SLICE_ARG(text_at(p, p->at + 1, lex_bare(p->q, p->at + 1))));
        return NULL;
    }
    return e;
}

/* After stats: a column that is called as it was written, "bin(1h)". */
static struct expr *take_written_column(struct parser *p)
{
    size_t len = 0;
    struct expr *e = bind_name(p, &len);

    if (!e || len <= lex_name(p->q, p->at))
        return NULL;
    p->trial_fields++;
    p->at += len;
    return take_members(p, e);
}

struct expr *parse_primary(struct parser *p)
{
    struct expr *e;

    skip(p);
    if (peek(p) == '(')
        return take_members(p, take_parens(p));
    if (peek(p) == '"' || peek(p) == '\'')
        return take_string(p);
    e = take_literal(p);
    if (!e && lex_name(p->q, p->at)) {
        if (at_reserved(p))
            return fail_here(p, "a value is expected");
        e = moment_name(p);
        if (!e && p->after_stats)
            e = take_written_column(p);
        if (!e && !p->failed)
            e = range_call(p, p->at);
        if (!e && !p->failed && p->agg)
            e = take_aggregate(p);
        if (!e && !p->failed)
            e = take_members(p, take_call(p));
    }
    if (e || p->failed)
        return e;
    return take_field(p);
}

/* --- arithmetic --- */

struct expr *negative(struct parser *p, struct expr *e, size_t at)
{
    struct expr *zero;

    if (e->kind == EX_NUM) {
        e->num = -e->num;
        e->at_len += e->at - (unsigned)at;
        e->at = (unsigned)at;
        e->text = pool_text(p->pool, text_at(p, at, e->at_len));
        return e;
    }
    zero = expr_new(p, EX_NUM, at, at + 1);
    return bind_arith(p, OP_SUB, zero, e);
}

static struct expr *parse_unary(struct parser *p)
{
    struct expr *e;
    size_t at;

    skip(p);
    at = p->at;
    if (peek(p) != '-')
        return parse_primary(p);
    p->at++;
    if (!enter(p))
        return NULL;
    e = parse_unary(p);
    p->depth--;
    return e ? negative(p, e, at) : NULL;
}

static struct expr *parse_power(struct parser *p)
{
    struct expr *e = parse_unary(p), *right;

    if (!e || !take_char(p, '^'))
        return e;
    if (!enter(p))
        return NULL;
    right = parse_power(p);
    p->depth--;
    return right ? bind_arith(p, OP_POW, e, right) : NULL;
}

static bool take_op(struct parser *p, const char *ops, enum expr_op *op)
{
    size_t at = lex_blank(p->q, p->at);
    char c = at < p->q.len ? p->q.ptr[at] : 0;

    if (!c || !strchr(ops, c))
        return false;
    *op = c == '+' ? OP_ADD : c == '-' ? OP_SUB : c == '*' ? OP_MUL : c == '/' ? OP_DIV : OP_MOD;
    p->at = at + 1;
    return true;
}

static struct expr *parse_chain(struct parser *p, const char *ops,
                                struct expr *(*operand)(struct parser *))
{
    struct expr *e = operand(p);
    enum expr_op op;
    unsigned n = 0;

    while (e && take_op(p, ops, &op)) {
        struct expr *right;

        if (++n > MAX_TERMS)
            return parse_fail(p, p->at, 1, "more than %d terms", MAX_TERMS);
        right = operand(p);
        e = right ? bind_arith(p, op, e, right) : NULL;
    }
    return e;
}

static struct expr *parse_term(struct parser *p)
{
    return parse_chain(p, "*/%", parse_power);
}

struct expr *parse_sum(struct parser *p)
{
    return parse_chain(p, "+-", parse_term);
}
