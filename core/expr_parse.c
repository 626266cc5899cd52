/* expr_parse.c - the text of a query to its tree.
 *
 * Recursive descent without a token stream (expr_lex.h). Shorthands are rewritten here, names and
 * literals are bound as they are read (expr_bind.c). The first error wins and stops everything:
 * functions return NULL then and callers only pass that on. A right side is first tried as an
 * expression and, if that is none, read as a bare value; the trial is undone from a saved state. */
#include <math.h>
#include <stdio.h>

#include "expr_impl.h"

#define MAX_DEPTH 150
#define MAX_TERMS 500 /* of one sum or product: trees are walked by recursion */

/* --- pool, errors, nodes --- */

void *pool_alloc(struct expr_pool *pool, size_t n)
{
    GROW(pool->block, pool->cap_block, pool->n_block + 1);
    pool->block[pool->n_block] = xcalloc(1, n ? n : 1);
    return pool->block[pool->n_block++];
}

char *pool_str(struct expr_pool *pool, struct slice s)
{
    char *copy = pool_alloc(pool, s.len + 1);

    if (s.len)
        memcpy(copy, s.ptr, s.len);
    return copy;
}

struct slice pool_text(struct expr_pool *pool, struct slice s)
{
    return slice_of(pool_str(pool, s), s.len);
}

void pool_free(struct expr_pool *pool)
{
    for (size_t i = 0; i < pool->n_re; i++)
        regex_free(pool->re[i]);
    for (size_t i = 0; i < pool->n_block; i++)
        free(pool->block[i]);
    free(pool->re);
    free(pool->block);
    free(pool);
}

void *parse_fail(struct parser *p, size_t at, size_t len, const char *fmt, ...)
{
    va_list ap;

    if (p->failed)
        return NULL;
    p->failed = true;
    p->error->at = (unsigned)MIN(at, p->q.len);
    p->error->len = (unsigned)MAX(len, (size_t)1);
    p->error->hint[0] = 0;
    va_start(ap, fmt);
    vsnprintf(p->error->msg, sizeof(p->error->msg), fmt, ap);
    va_end(ap);
    return NULL;
}

void parse_hint(struct parser *p, const char *fmt, ...)
{
    va_list ap;

    if (p->error->hint[0])
        return;
    va_start(ap, fmt);
    vsnprintf(p->error->hint, sizeof(p->error->hint), fmt, ap);
    va_end(ap);
}

void parse_notice(struct parser *p, const char *fmt, ...)
{
    char *notice = p->ast->notice;
    size_t used = strlen(notice);
    va_list ap;

    if (used && used + 3 < sizeof(p->ast->notice)) {
        memcpy(notice + used, "; ", 3);
        used += 2;
    }
    va_start(ap, fmt);
    vsnprintf(notice + used, sizeof(p->ast->notice) - used, fmt, ap);
    va_end(ap);
}

struct expr *expr_new(struct parser *p, enum expr_kind kind, size_t at, size_t end)
{
    struct expr *e = pool_alloc(p->pool, sizeof(*e));

    e->kind = kind;
    e->at = (unsigned)at;
    e->at_len = (unsigned)(MAX(end, at) - at);
    return e;
}

void expr_add_arg(struct parser *p, struct expr *e, struct expr *arg)
{
    if ((e->n & (e->n - 1)) == 0) {
        struct expr **wider = pool_alloc(p->pool, (e->n ? 2 * e->n : 1) * sizeof(*wider));

        if (e->n)
            memcpy(wider, e->arg, e->n * sizeof(*wider));
        e->arg = wider;
    }
    e->arg[e->n++] = arg;
    e->at_len = MAX(e->at + e->at_len, arg->at + arg->at_len) - e->at;
}

struct expr *expr_copy(struct parser *p, const struct expr *e)
{
    struct expr *copy = pool_alloc(p->pool, sizeof(*copy));

    *copy = *e;
    copy->n = 0;
    for (unsigned i = 0; i < e->n; i++)
        expr_add_arg(p, copy, e->arg[i]);
    return copy;
}

struct expr *expr_op1(struct parser *p, enum expr_kind kind, struct expr *a)
{
    struct expr *e = expr_new(p, kind, a->at, a->at + a->at_len);

    expr_add_arg(p, e, a);
    return e;
}

struct expr *expr_op2(struct parser *p, enum expr_kind kind, enum expr_op op, struct expr *a,
                      struct expr *b)
{
    struct expr *e = expr_op1(p, kind, a);

    e->op = op;
    e->text = kind == EX_CMP ? b->text : (struct slice){NULL, 0};
    expr_add_arg(p, e, b);
    return e;
}

struct expr *expr_regex(struct parser *p, struct expr *left, struct slice pattern, bool icase,
                        size_t at, size_t end)
{
    struct strbuf text = STRBUF_INIT;
    struct expr *e = expr_op1(p, EX_MATCH, left);
    struct err err = {0};

    strbuf_adds(&text, icase ? "(?i)" : "");
    strbuf_addsl(&text, pattern);
    e->text = pool_text(p->pool, strbuf_slice(&text));
    strbuf_release(&text);
    e->at_len = (unsigned)MAX(end - e->at, (size_t)e->at_len);
    e->re = regex_new(e->text, false, &err);
    if (!e->re)
        return parse_fail(p, at, end - at, "%s", err.msg);
    GROW(p->pool->re, p->pool->cap_re, p->pool->n_re + 1);
    p->pool->re[p->pool->n_re++] = e->re;
    return e;
}

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

static struct expr *parse_sum(struct parser *p);

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

/* --- calls --- */

static bool is_period_func(const char *name)
{
    return !strcmp(name, "datefloor") || !strcmp(name, "dateceil");
}

static struct expr *take_period(struct parser *p)
{
    int64_t us, months;
    struct expr *e;
    size_t n;

    skip(p);
    n = lex_period(p->q, p->at, &us, &months);
    if (!n) {
        fail_here(p, "a period is expected");
        parse_hint(p, "5m, 1h, 30s, 1d");
        return NULL;
    }
    e = expr_new(p, EX_NUM, p->at, p->at + n);
    e->lit = LIT_PERIOD;
    e->text = pool_text(p->pool, text_at(p, p->at, n));
    e->lo_us = us;
    e->hi_us = months;
    e->num = (double)us / 1e6;
    p->at += n;
    return e;
}

static bool take_args(struct parser *p, struct expr *call)
{
    const struct func *f = call->func;

    if (take_char(p, ')'))
        return true;
    do {
        struct expr *arg = is_period_func(f->name) && call->n == 1 ? take_period(p) : parse_or(p);

        if (!arg)
            return false;
        if (call->n == f->max)
            return parse_fail(p, arg->at, arg->at_len, "%s takes %d arguments at most", f->name,
                              f->max);
        expr_add_arg(p, call, arg);
    } while (take_char(p, ','));
    if (take_char(p, ')'))
        return true;
    return fail_here(p, "a , or ) is expected");
}

/* isIpInSubnet(f, "cidr") and ispresent(f) have nodes of their own. */
static struct expr *simplify_call(struct parser *p, struct expr *call)
{
    const char *name = call->func->name;
    struct expr *net;
    bool v6;

    if (!strcmp(name, "ispresent"))
        return expr_op1(p, EX_PRESENT, call->arg[0]);
    if (!strstr(name, "InSubnet") || call->arg[1]->kind != EX_STR || call->arg[1]->lit)
        return call;
    net = expr_new(p, EX_CIDR, call->arg[1]->at, call->arg[1]->at + call->arg[1]->at_len);
    net->text = call->arg[1]->text;
    if (!parse_cidr(net->text, &net->net, &net->bits))
        return parse_fail(p, net->at, net->at_len, "that is no network; for example 10.0.0.0/8");
    v6 = net->net.v6;
    if ((!strcmp(name, "isIpv4InSubnet") && v6) || (!strcmp(name, "isIpv6InSubnet") && !v6))
        return parse_fail(p, net->at, net->at_len, "%s wants a network of the other family", name);
    return expr_op2(p, EX_INNET, OP_EQ, call->arg[0], net);
}

static struct expr *now_call(struct parser *p, size_t at)
{
    struct expr *e = expr_new(p, EX_NUM, at, p->at);

    struct strbuf text = STRBUF_INIT;

    e->num = floor((double)p->env->now_us / 1e6);
    strbuf_addf(&text, "%.0f", e->num);
    e->text = pool_text(p->pool, strbuf_slice(&text));
    e->lit = LIT_PLAIN;
    strbuf_release(&text);
    return e;
}

/* AWS silently makes bin(300s) one of 60 s; here it is what it says, which deserves a word. */
static void note_bin_cap(struct parser *p, const struct expr *period)
{
    static const struct {
        int64_t unit_us;
        double cap;
    } caps[] = {{1000, 1000}, {1000000, 60}, {60000000, 60}, {INT64_C(3600000000), 24}};
    double n = strtod(period->text.ptr, NULL);

    for (unsigned i = 0; i < ARRAY_LEN(caps); i++)
        if (n > caps[i].cap && n * (double)caps[i].unit_us == (double)period->lo_us)
            parse_notice(p, "bin(" SLICE_FMT ") is that wide here; AWS caps the number at %.0f",
                         SLICE_ARG(period->text), caps[i].cap);
}

static struct expr *bin_call(struct parser *p, size_t at)
{
    struct expr *call = expr_new(p, EX_CALL, at, at), *time, *period;
    size_t open = p->at, len = 0;

    p->at = at;
    if (p->after_stats) {
        struct parser look = *p;

        look.q = SL("@timestamp");
        look.at = 0;
        time = bind_name(&look, &len);
        if (!time) {
            parse_fail(p, at, 3, "bin needs @timestamp, which is gone after the first stats");
            parse_hint(p, "name it in the first one (bin(5m) as @t), then dateceil(@t, 5m)");
            return NULL;
        }
    } else {
        time = bind_system(p, "@timestamp");
    }
    p->at = open;
    period = take_period(p);
    if (!period)
        return NULL;
    if (!take_char(p, ')'))
        return fail_here(p, "a ) is expected");
    note_bin_cap(p, period);
    call->func = func_find(SL("datefloor"));
    expr_add_arg(p, call, time);
    expr_add_arg(p, call, period);
    call->at = (unsigned)at;
    call->at_len = (unsigned)(p->at - at);
    return call;
}

/* The regex of regexReplace is compiled once. */
static struct expr *replace_call(struct parser *p, struct expr *call)
{
    struct expr *pattern = call->arg[1], *match;

    if (pattern->kind != EX_STR)
        return parse_fail(p, pattern->at, pattern->at_len, "the regex stands in quotes");
    match = expr_regex(p, call->arg[0], pattern->text, false, pattern->at, p->at);
    if (!match)
        return NULL;
    call->re = match->re;
    return call;
}

/* queryStartTime(), queryEndTime(), queryTimeRange(): milliseconds, of the records in view. */
static struct expr *range_call(struct parser *p, size_t at)
{
    static const char *const name[] = {"queryStartTime", "queryEndTime", "queryTimeRange"};
    const double value[] = {floor((double)p->env->first_us / 1e3),
                            floor((double)p->env->last_us / 1e3),
                            floor((double)(p->env->last_us - p->env->first_us) / 1e3)};
    size_t n, open;

    for (unsigned i = 0; i < ARRAY_LEN(name); i++) {
        struct expr *e;

        n = lex_word(p->q, at, name[i]);
        open = lex_blank(p->q, at + n);
        if (!n || open >= p->q.len || p->q.ptr[open] != '(')
            continue;
        p->at = open + 1;
        p->trial_calls++;
        if (!take_char(p, ')'))
            return fail_here(p, "a ) is expected");
        e = expr_new(p, EX_NUM, at, p->at);
        e->num = value[i];
        e->lit = LIT_PLAIN;
        return e;
    }
    return NULL;
}

static struct expr *finish_call(struct parser *p, struct slice name, size_t at)
{
    const struct func *f = func_find(name);
    struct expr *call = expr_new(p, EX_CALL, at, p->at);

    call->func = f;
    if (!take_args(p, call))
        return NULL;
    if (call->n < f->min)
        return parse_fail(p, at, p->at - at, "%s takes %d arguments at least", f->name, f->min);
    call->at_len = (unsigned)(p->at - at);
    if (!strcmp(f->name, "now"))
        return now_call(p, at);
    if (!strcmp(f->name, "regexReplace"))
        return replace_call(p, call);
    return simplify_call(p, call);
}

/* name ( ... ; NULL without an error if that is no call of a known function. */
static struct expr *take_call(struct parser *p)
{
    size_t at = p->at, n = lex_name(p->q, at), open = lex_blank(p->q, at + n);
    struct slice name = text_at(p, at, n);
    bool implied = p->implied, bin = slice_eq_nocase(name, SL("bin"));
    struct expr *e;

    if (!n || open >= p->q.len || p->q.ptr[open] != '(' || (!bin && !func_find(name)))
        return NULL;
    p->at = open + 1;
    p->trial_calls++;
    p->implied = false;
    if (!enter(p))
        return NULL;
    e = bin ? bin_call(p, at) : finish_call(p, name, at);
    p->depth--;
    p->implied = implied;
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

static bool at_reserved(struct parser *p)
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

static struct expr *negative(struct parser *p, struct expr *e, size_t at)
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

static struct expr *parse_sum(struct parser *p)
{
    return parse_chain(p, "+-", parse_term);
}

/* --- right sides --- */

static struct expr *bare_value(struct parser *p)
{
    size_t n = lex_bare(p->q, p->at);
    struct expr *e;

    if (!n)
        return fail_here(p, "a value is expected");
    e = expr_new(p, EX_STR, p->at, p->at + n);
    e->lit = LIT_BARE;
    e->text = pool_text(p->pool, text_at(p, p->at, n));
    p->at += n;
    return e;
}

/* One end of lo..hi: a number, a moment, with a sign perhaps. */
static struct expr *span_end(struct parser *p)
{
    size_t at = p->at;
    bool minus = peek(p) == '-';
    struct expr *e;

    p->at += minus;
    e = take_literal(p);
    if (!e || (e->kind != EX_NUM && e->kind != EX_TIME)) {
        p->at = at;
        return NULL;
    }
    return minus ? negative(p, e, at) : e;
}

static void as_moment(struct parser *p, struct expr *e)
{
    if (e->kind != EX_NUM || e->lit != LIT_DURATION)
        return;
    e->kind = EX_TIME;
    e->time_us = e->lo_us = e->hi_us = p->env->now_us + (int64_t)(e->num * 1e6);
}

/* lo..hi ; NULL without an error and without a move if there is none. */
static struct expr *take_span(struct parser *p)
{
    size_t at = p->at;
    struct expr *lo = span_end(p), *hi = NULL, *e;

    if (lo && slice_starts(text_at(p, p->at, p->q.len - p->at), "..")) {
        p->at += 2;
        hi = span_end(p);
    }
    if (!hi || !lex_edge(p->q, p->at)) {
        p->at = at;
        return NULL;
    }
    if (lo->kind == EX_TIME || hi->kind == EX_TIME) {
        as_moment(p, lo);
        as_moment(p, hi);
    }
    if (lo->kind != hi->kind)
        return parse_fail(p, at, p->at - at, "both ends of a range are of one kind");
    e = expr_new(p, EX_SPAN, at, p->at);
    e->text = pool_text(p->pool, text_at(p, at, p->at - at));
    e->lit = lo->lit == LIT_DURATION || hi->lit == LIT_DURATION ? LIT_DURATION : LIT_NONE;
    e->lo = lo->num;
    e->hi = hi->num;
    e->is_time = lo->kind == EX_TIME;
    e->lo_us = lo->lo_us;
    e->hi_us = hi->lit == LIT_DATE && hi->at_len == 10 ? hi->hi_us : hi->time_us;
    if (hi->lit == LIT_CLOCK)
        while (e->hi_us < e->lo_us)
            e->hi_us += INT64_C(86400000000);
    if (e->is_time ? e->lo_us > e->hi_us : e->lo > e->hi)
        return parse_fail(p, at, p->at - at, "the range is empty: its ends are swapped");
    return e;
}

bool has_blank(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] == ' ' || s.ptr[i] == '\t' || s.ptr[i] == '\n')
            return true;
    return false;
}

/* Whether what was read as an expression is meant as one (9.4 no. 19). */
static bool trial_holds(struct parser *p, const struct expr *e, struct slice source)
{
    if (p->failed || !e)
        return false;
    if (!lex_edge(p->q, p->at))
        return false;
    return p->trial_fields > 0 || p->trial_calls > 0 || e->kind != EX_ARITH || has_blank(source) ||
           source.ptr[0] == '(';
}

static struct expr *try_expression(struct parser *p, const struct expr *left)
{
    struct parser saved = *p;
    struct query_error kept = *p->error;
    unsigned n_sub = p->ast->n_sub;
    struct expr *e;

    p->implied = false;
    p->trial = true;
    p->trial_left = left->kind == EX_FIELD ? left->field : NULL;
    p->trial_fields = p->trial_calls = 0;
    e = parse_sum(p);
    if (trial_holds(p, e, text_at(p, saved.at, p->at - saved.at))) {
        if (!saved.trial && e->kind == EX_FIELD && e->field->pseudo == PF_NONE &&
            p->q.ptr[saved.at] != '`')
            parse_notice(p, SLICE_FMT " is read as a field; quote it for text", SLICE_ARG(e->text));
    } else if (peek(&saved) == '(') {
        if (!p->failed)
            fail_here(p, "a test is expected");
        e = NULL;
    } else {
        *p->error = kept;
        p->failed = saved.failed;
        p->at = saved.at;
        p->ast->n_sub = n_sub;
        e = NULL;
    }
    p->depth = saved.depth;
    p->implied = saved.implied;
    p->trial = saved.trial;
    p->trial_left = saved.trial_left;
    p->trial_fields += saved.trial_fields;
    p->trial_calls += saved.trial_calls;
    return e;
}

static bool at_missing_mark(struct parser *p)
{
    if (peek(p) != '-')
        return false;
    return p->at + 1 >= p->q.len || strchr(" \t\r\n)|", p->q.ptr[p->at + 1]);
}

static struct expr *right_side(struct parser *p, const struct expr *left, enum expr_op op)
{
    struct expr *e;

    skip(p);
    if ((op == OP_EQ || op == OP_NE) && at_missing_mark(p))
        return bare_value(p);
    e = take_span(p);
    if (e || p->failed)
        return e;
    e = try_expression(p, left);
    if (e || p->failed)
        return e;
    if (peek(p) == '"' || peek(p) == '\'')
        return take_string(p);
    e = bare_value(p);
    if (e && e->text.len > 2 && e->text.ptr[0] == '/' && e->text.ptr[e->text.len - 1] == '/')
        parse_notice(p, SLICE_FMT " is read as that text; a regex is written =~ " SLICE_FMT,
                     SLICE_ARG(e->text), SLICE_ARG(e->text));
    return e;
}

/* --- lists --- */

static struct expr *list_item(struct parser *p)
{
    size_t at;
    struct expr *e;
    bool minus;

    skip(p);
    if (peek(p) == '"' || peek(p) == '\'')
        return take_string(p);
    e = take_span(p);
    if (e || p->failed)
        return e;
    at = p->at;
    minus = peek(p) == '-';
    p->at += minus;
    e = take_literal(p);
    if (e && lex_edge(p->q, p->at) && (!minus || e->kind == EX_NUM))
        return minus ? negative(p, e, at) : e;
    p->at = at;
    return bare_value(p);
}

static struct expr *take_list(struct parser *p, struct expr *left)
{
    struct expr *item[MAX_ITEMS];
    unsigned n = 0;
    char close = 0;

    if (take_char(p, '['))
        close = ']';
    else if (take_char(p, '('))
        close = ')';
    do {
        if (n == MAX_ITEMS)
            return parse_fail(p, p->at, 1, "a list may have %d items", MAX_ITEMS);
        item[n] = list_item(p);
        if (!item[n])
            return NULL;
        n++;
    } while (close && take_char(p, ','));
    if (!close && item[0]->kind != EX_SPAN && item[0]->kind != EX_CIDR) {
        parse_fail(p, item[0]->at, item[0]->at_len, "in takes a list, a range or a network");
        parse_hint(p, "in [a, b], in 200..299, in 10.0.0.0/8");
        return NULL;
    }
    if (close && !take_char(p, close)) {
        fail_here(p, close == ']' ? "a , or ] is expected" : "a , or ) is expected");
        if (close == ')')
            parse_hint(p, "a subquery begins with a command: in (filter ... | fields x)");
        return NULL;
    }
    return bind_in(p, left, item, n);
}

static struct expr *take_in(struct parser *p, struct expr *left)
{
    skip(p);
    return at_subquery(p) ? take_subquery(p, left) : take_list(p, left);
}

/* --- like, =~ --- */

static struct expr *contains(struct parser *p, struct expr *left, struct slice text, size_t at)
{
    struct expr *word = expr_new(p, EX_STR, at, p->at), *e;

    word->text = pool_text(p->pool, text);
    e = expr_op2(p, EX_LIKE, OP_EQ, left, word);
    e->text = word->text;
    e->at = (unsigned)MIN((size_t)left->at, at);
    e->at_len = (unsigned)(p->at - e->at);
    return e;
}

static struct expr *take_regex(struct parser *p, struct expr *left)
{
    struct slice pattern;
    bool icase;
    size_t at = p->at, n = lex_regex(p->q, at, &pattern, &icase);

    if (!n)
        return parse_fail(p, at, p->q.len - at, "the regex does not end with /");
    p->at += n;
    return expr_regex(p, left, pattern, icase, at, p->at);
}

static struct expr *take_like(struct parser *p, struct expr *left)
{
    size_t at;
    struct expr *e;

    skip(p);
    at = p->at;
    if (peek(p) == '/')
        return take_regex(p, left);
    e = peek(p) == '"' || peek(p) == '\'' ? take_string(p) : bare_value(p);
    if (!e)
        return NULL;
    if (e->text.len > 1 && (e->text.ptr[0] == '%' || e->text.ptr[e->text.len - 1] == '%'))
        parse_notice(p, "like looks for a part; the %% in " SLICE_FMT " stands for itself",
                     SLICE_ARG(e->text));
    return contains(p, left, e->text, at);
}

static struct expr *take_match(struct parser *p, struct expr *left)
{
    size_t at;
    struct expr *e;

    skip(p);
    at = p->at;
    if (peek(p) == '/')
        return take_regex(p, left);
    if (peek(p) != '"' && peek(p) != '\'')
        return fail_here(p, "a /regex/ is expected");
    e = take_string(p);
    return e ? expr_regex(p, left, e->text, false, at, p->at) : NULL;
}

static struct expr *negated(struct parser *p, struct expr *e)
{
    return e ? expr_op1(p, EX_NOT, e) : NULL;
}

/* --- tests --- */

static bool at_text(const struct parser *p, const char *text)
{
    return slice_starts(text_at(p, p->at, p->q.len - p->at), text);
}

static bool take_text(struct parser *p, const char *text)
{
    skip(p);
    if (!at_text(p, text))
        return false;
    p->at += strlen(text);
    return true;
}

bool at_comparison(struct parser *p)
{
    enum expr_op op;

    skip(p);
    return lex_compare(p->q, p->at, &op) || at_text(p, "=~") || at_text(p, "!~");
}

static struct expr *word_test(struct parser *p, struct expr *left)
{
    if (take_word(p, "like"))
        return take_like(p, left);
    if (take_word(p, "in"))
        return take_in(p, left);
    if (!at_word(p, "not"))
        return left;
    if (lex_word(p->q, lex_blank(p->q, p->at + 3), "like")) {
        take_word(p, "not");
        take_word(p, "like");
        return negated(p, take_like(p, left));
    }
    if (lex_word(p->q, lex_blank(p->q, p->at + 3), "in")) {
        take_word(p, "not");
        take_word(p, "in");
        return negated(p, take_in(p, left));
    }
    return left;
}

static struct expr *operator_test(struct parser *p, struct expr *left)
{
    enum expr_op op;
    struct expr *right;
    size_t n;

    if (take_text(p, "=~"))
        return take_match(p, left);
    if (take_text(p, "!~"))
        return negated(p, take_match(p, left));
    n = lex_compare(p->q, p->at, &op);
    if (!n)
        return word_test(p, left);
    p->at += n;
    right = right_side(p, left, op);
    if (!right)
        return NULL;
    if (at_comparison(p)) {
        parse_fail(p, p->at, 1, "comparisons do not chain");
        parse_hint(p, "join them with and");
        return NULL;
    }
    return bind_compare(p, left, op, right);
}

static struct expr *search_message(struct parser *p, struct slice text, size_t at)
{
    struct expr *message = p->after_stats ? NULL : bind_system(p, "@message");

    if (!message)
        return parse_fail(p, at, text.len, "there is no text to search after stats");
    message->at = (unsigned)at;
    return contains(p, message, text, at);
}

static bool has_operator(struct slice word)
{
    for (size_t i = 0; i < word.len; i++)
        if (strchr("=<>!~", word.ptr[i]))
            return true;
    return false;
}

/* Where a lone word or /regex/ may be a text search. NULL without an error: it is none. */
static struct expr *lone_word(struct parser *p)
{
    size_t at = p->at, n = lex_bare(p->q, at), len = 0, after;
    struct slice word = text_at(p, at, n), pattern;
    bool icase;

    if (peek(p) == '/') {
        bool regex = lex_regex(p->q, at, &pattern, &icase) > 0;

        if (regex)
            return p->after_stats ? fail_here(p, "a test is expected")
                                  : take_regex(p, bind_system(p, "@message"));
        p->at += n;
        return search_message(p, word, at);
    }
    if (!lex_name(p->q, at) || at_reserved(p) || lex_word(p->q, at, "@first") ||
        lex_word(p->q, at, "@last") || bind_name(p, &len))
        return NULL;
    after = lex_blank(p->q, at + lex_name(p->q, at));
    if (after < p->q.len && p->q.ptr[after] == '(' &&
        (after == at + lex_name(p->q, at) || func_find(text_at(p, at, lex_name(p->q, at))) ||
         lex_word(p->q, at, "bin")))
        return NULL;
    p->at = lex_blank(p->q, at + n);
    if (has_operator(word) || at_comparison(p) || at_word(p, "like") || at_word(p, "in") ||
        lex_word(p->q, lex_blank(p->q, p->at + lex_word(p->q, p->at, "not")), "like") ||
        lex_word(p->q, lex_blank(p->q, p->at + lex_word(p->q, p->at, "not")), "in") ||
        (peek(p) && strchr("+*%^", peek(p)))) {
        p->at = at;
        return NULL;
    }
    p->at = at + n;
    if (!p->env->interactive) {
        bind_unknown(p, at, n);
        p->error->hint[0]
            ? (void)0
            : parse_hint(p, "for a text search write \"" SLICE_FMT "\"", SLICE_ARG(word));
        return NULL;
    }
    parse_notice(p, "no field " SLICE_FMT ", searching text", SLICE_ARG(word));
    return search_message(p, word, at);
}

static bool is_lone_literal(const struct expr *e)
{
    return e->kind == EX_NUM || e->kind == EX_STR || e->kind == EX_TIME || e->kind == EX_SPAN ||
           e->kind == EX_CIDR;
}

static struct expr *parse_test(struct parser *p)
{
    struct expr *left, *test;
    size_t at;

    skip(p);
    at = p->at;
    if (p->implied) {
        test = lone_word(p);
        if (test || p->failed)
            return test;
    }
    left = parse_sum(p);
    if (!left)
        return NULL;
    if ((left->kind == EX_SPAN || left->kind == EX_CIDR) && !p->implied)
        return parse_fail(p, left->at, left->at_len, "that stands only behind = != or in");
    test = operator_test(p, left);
    if (!test || test != left || !p->implied || p->trial || !is_lone_literal(left))
        return test;
    if (left->kind != EX_STR || left->lit)
        parse_notice(p, SLICE_FMT " is searched as text",
                     SLICE_ARG(text_at(p, left->at, left->at_len)));
    return search_message(p, left->text.len ? left->text : text_at(p, at, left->at_len), at);
}

static struct expr *parse_not(struct parser *p)
{
    struct expr *e;

    if (!take_word(p, "not"))
        return parse_test(p);
    if (!enter(p))
        return NULL;
    e = parse_not(p);
    p->depth--;
    return negated(p, e);
}

/* Whether a test may follow by the implied "and". */
static bool next_test(struct parser *p)
{
    skip(p);
    if (!p->implied || at_end(p) || strchr("),]|&=<>!~*+^%:;-", peek(p)))
        return false;
    return !at_reserved(p) || at_word(p, "not");
}

static struct expr *join(struct parser *p, enum expr_kind kind, struct expr *all, struct expr *e)
{
    struct expr *wider = all;

    if (all->kind != kind || all->split) {
        wider = expr_new(p, kind, all->at, all->at);
        expr_add_arg(p, wider, all);
    }
    if (e->kind == kind && !e->split)
        for (unsigned i = 0; i < e->n; i++)
            expr_add_arg(p, wider, e->arg[i]);
    else
        expr_add_arg(p, wider, e);
    return wider;
}

static struct expr *parse_and(struct parser *p)
{
    struct expr *e = parse_not(p);

    while (e && (take_word(p, "and") || next_test(p))) {
        struct expr *right = parse_not(p);

        e = right ? join(p, EX_AND, e, right) : NULL;
    }
    return e;
}

struct expr *parse_or(struct parser *p)
{
    struct expr *e = parse_and(p);

    while (e && take_word(p, "or")) {
        struct expr *right = parse_and(p);

        e = right ? join(p, EX_OR, e, right) : NULL;
    }
    return e;
}
