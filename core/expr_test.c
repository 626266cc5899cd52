/* expr_test.c - tests and how they are joined: the shorthands are rewritten here.
 *
 * A right side is first tried as an expression and, if that is none, read as a bare value; the
 * trial is undone from a saved state. */
#include "expr_impl.h"

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
