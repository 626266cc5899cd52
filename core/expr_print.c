/* expr_print.c - a tree back to text that parses to the same tree, and errors with carets.
 *
 * Strings are always in "" so that the text can stand in the shell's single quotes; literals keep
 * the writer's spelling where the tree has it (250ms, 5xx). */
#include <stdio.h>

#include "expr_impl.h"

enum { P_OR, P_AND, P_NOT, P_TEST, P_SUM, P_TERM, P_POWER, P_UNARY };

static void print(const struct expr *e, int level, struct strbuf *out);

static void print_string(struct slice s, struct strbuf *out)
{
    strbuf_addc(out, '"');
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '"' || s.ptr[i] == '\\')
            strbuf_addc(out, '\\');
        strbuf_addc(out, s.ptr[i]);
    }
    strbuf_addc(out, '"');
}

static bool is_keyword(struct slice s)
{
    static const char *const words[] = {
        "and",     "or",     "not",    "in",     "like",   "as",    "by",   "asc",
        "desc",    "sort",   "limit",  "stats",  "dedup",  "where", "head", "fields",
        "display", "filter", "top",    "count",  "parse",  "diff",  "join", "tail",
        "pattern", "unnest", "lookup", "source", "expand",
    };

    for (unsigned i = 0; i < ARRAY_LEN(words); i++)
        if (slice_eq_nocase(s, slice_str(words[i])))
            return true;
    return false;
}

/* Known names may hold - : and ( ) without backticks, as the parser tries the longest first. */
static void print_name(const struct expr *e, struct strbuf *out)
{
    struct slice s = e->text;
    bool plain = s.len && lex_wide_name(s, 0) == s.len && !is_keyword(s);

    if (plain && s.len > 1 && s.ptr[0] == '@' && s.ptr[1] == '@')
        plain = false;
    if (!plain)
        strbuf_addc(out, '`');
    strbuf_addsl(out, s);
    if (!plain)
        strbuf_addc(out, '`');
}

static void print_double(double d, struct strbuf *out)
{
    char text[40];
    double back;

    snprintf(text, sizeof(text), "%.15g", d);
    if (!parse_double(slice_str(text), &back) || back != d)
        snprintf(text, sizeof(text), "%.17g", d);
    strbuf_adds(out, text);
}

static void print_time(int64_t us, struct strbuf *out)
{
    char text[40];

    strbuf_add(out, text, format_iso8601(us, text));
}

/* With all six decimals, as "= 12:00:00" would mean the whole second. */
static void print_exact_time(int64_t us, struct strbuf *out)
{
    int64_t part = ((us % 1000000) + 1000000) % 1000000;
    char text[40];
    size_t n = format_iso8601(us - part, text);

    strbuf_add(out, text, n - 1);
    strbuf_addf(out, ".%06uZ", (unsigned)part);
}

static void print_span(const struct expr *e, struct strbuf *out)
{
    if (e->is_time) {
        print_time(e->lo_us, out);
        strbuf_adds(out, "..");
        print_time(e->hi_us, out);
    } else if (e->text.len) {
        strbuf_addsl(out, e->text);
    } else {
        print_double(e->lo, out);
        strbuf_adds(out, "..");
        print_double(e->hi, out);
    }
}

static void print_regex(struct slice s, struct strbuf *out)
{
    strbuf_addc(out, '/');
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '\\' && i + 1 < s.len)
            strbuf_addc(out, s.ptr[i++]);
        else if (s.ptr[i] == '/')
            strbuf_addc(out, '\\');
        strbuf_addc(out, s.ptr[i]);
    }
    strbuf_addc(out, '/');
}

static void print_equal(const struct expr *e, int level, struct strbuf *out)
{
    if (e->kind == EX_TIME)
        print_exact_time(e->time_us, out);
    else
        print(e, level, out);
}

static void print_list(const struct expr *e, unsigned from, const char *close, struct strbuf *out)
{
    for (unsigned i = from; i < e->n; i++) {
        if (i > from)
            strbuf_adds(out, ", ");
        print_equal(e->arg[i], P_OR, out);
    }
    strbuf_adds(out, close);
}

static void print_cidr(const struct expr *e, struct strbuf *out)
{
    char text[48];

    strbuf_add(out, text, format_ip(&e->net, text));
    strbuf_addf(out, "/%u", e->net.v6 ? e->bits : e->bits - 96);
}

static bool is_class(struct slice s)
{
    return s.len == 3 && (s.ptr[2] == 'x' || s.ptr[2] == 'X');
}

/* Tests of a left side; `yes` false: their opposite, where the language has a word for it. */
static void print_test(const struct expr *e, bool yes, struct strbuf *out)
{
    static const char *const op[] = {"=", "!=", "<", "<=", ">", ">="};
    const char *no = yes ? "" : "not ";

    if (e->kind == EX_PRESENT) {
        strbuf_addf(out, "%sispresent(", no);
        print(e->arg[0], P_OR, out);
        strbuf_addc(out, ')');
        return;
    }
    print(e->arg[0], P_SUM, out);
    if (e->kind == EX_CMP) {
        strbuf_addf(out, " %s ", op[e->op]);
        if (e->op == OP_EQ || e->op == OP_NE)
            print_equal(e->arg[1], P_SUM, out);
        else
            print(e->arg[1], P_SUM, out);
    } else if (e->kind == EX_RANGE) {
        strbuf_adds(out, is_class(e->text) ? (yes ? " = " : " != ") : yes ? " in " : " not in ");
        print_span(e, out);
    } else if (e->kind == EX_IN) {
        strbuf_addf(out, " %sin [", no);
        print_list(e, 1, "]", out);
    } else if (e->kind == EX_INQUERY) {
        strbuf_addf(out, " %sin (" SLICE_FMT ")", no, SLICE_ARG(e->sub->text));
    } else if (e->kind == EX_INNET) {
        strbuf_addf(out, " %sin ", no);
        print_cidr(e->arg[1], out);
    } else if (e->kind == EX_LIKE) {
        strbuf_addf(out, " %slike ", no);
        print_string(e->arg[1]->text, out);
    } else if (e->kind == EX_GLOB) {
        strbuf_adds(out, yes ? " = " : " != ");
        strbuf_addsl(out, e->text);
    } else {
        strbuf_addf(out, " %slike ", no);
        print_regex(e->text, out);
    }
}

static bool is_test(const struct expr *e)
{
    return e->kind == EX_CMP || e->kind == EX_RANGE || e->kind == EX_IN || e->kind == EX_INNET ||
           e->kind == EX_LIKE || e->kind == EX_GLOB || e->kind == EX_MATCH ||
           e->kind == EX_INQUERY || e->kind == EX_PRESENT;
}

static void print_joined(const struct expr *e, struct strbuf *out)
{
    for (unsigned i = 0; i < e->n; i++) {
        if (i)
            strbuf_adds(out, e->kind == EX_AND ? " and " : " or ");
        print(e->arg[i], e->kind == EX_AND ? P_NOT : P_AND, out);
    }
}

static void print_not(const struct expr *e, struct strbuf *out)
{
    const struct expr *a = e->arg[0];

    if (is_test(a) && a->kind != EX_CMP) {
        print_test(a, false, out);
        return;
    }
    strbuf_adds(out, "not ");
    print(a, P_NOT, out);
}

static void print_arith(const struct expr *e, struct strbuf *out)
{
    static const char *const op[] = {[OP_ADD] = "+", [OP_SUB] = "-", [OP_MUL] = "*",
                                     [OP_DIV] = "/", [OP_MOD] = "%", [OP_POW] = "^"};
    int level = e->op == OP_ADD || e->op == OP_SUB ? P_SUM : e->op == OP_POW ? P_POWER : P_TERM;

    print(e->arg[0], e->op == OP_POW ? P_UNARY : level, out);
    strbuf_addf(out, " %s ", op[e->op]);
    print(e->arg[1], e->op == OP_POW ? P_POWER : level + 1, out);
}

static int level_of(const struct expr *e)
{
    if (e->kind == EX_OR)
        return e->split ? P_TEST : P_OR;
    if (e->kind == EX_AND)
        return P_AND;
    if (e->kind == EX_NOT)
        return P_NOT;
    if (is_test(e))
        return e->kind == EX_PRESENT ? P_UNARY : P_TEST;
    if (e->kind == EX_ARITH)
        return e->op == OP_ADD || e->op == OP_SUB ? P_SUM : e->op == OP_POW ? P_POWER : P_TERM;
    return P_UNARY;
}

static void print_node(const struct expr *e, struct strbuf *out)
{
    switch (e->kind) {
    case EX_NUM:
        if (e->text.len)
            strbuf_addsl(out, e->text);
        else
            print_double(e->num, out);
        break;
    case EX_STR:
        print_string(e->text, out);
        break;
    case EX_TIME:
        print_time(e->time_us, out);
        break;
    case EX_FIELD:
        print_name(e, out);
        break;
    case EX_AND:
    case EX_OR:
        if (e->split)
            print(e->arg[0], P_TEST, out);
        else
            print_joined(e, out);
        break;
    case EX_NOT:
        print_not(e, out);
        break;
    case EX_SPAN:
        print_span(e, out);
        break;
    case EX_CIDR:
        print_cidr(e, out);
        break;
    case EX_ARITH:
        print_arith(e, out);
        break;
    case EX_CALL:
        strbuf_addf(out, "%s(", e->func->name);
        print_list(e, 0, ")", out);
        break;
    default:
        print_test(e, true, out);
        break;
    }
}

static void print(const struct expr *e, int level, struct strbuf *out)
{
    bool parens = level_of(e) < level;

    if (parens)
        strbuf_addc(out, '(');
    print_node(e, out);
    if (parens)
        strbuf_addc(out, ')');
}

void expr_print(const struct expr *e, struct strbuf *out)
{
    print(e, P_OR, out);
}

/* --- errors --- */

/* Columns that a piece of UTF-8 takes, near enough: one a character. */
static unsigned count_columns(struct slice s)
{
    unsigned n = 0;

    for (size_t i = 0; i < s.len; i++)
        n += ((unsigned char)s.ptr[i] & 0xc0) != 0x80;
    return n;
}

void query_error_print(const struct query_error *e, const char *text, struct strbuf *out)
{
    struct slice q = slice_str(text);
    size_t at = MIN((size_t)e->at, q.len), from = at, to = at;
    unsigned before, wide;

    while (from > 0 && q.ptr[from - 1] != '\n')
        from--;
    while (to < q.len && q.ptr[to] != '\n')
        to++;
    before = count_columns(slice_of(q.ptr + from, at - from));
    wide = count_columns(slice_of(q.ptr + at, MIN((size_t)e->len, to - at)));
    for (size_t i = from; i < to; i++)
        strbuf_addc(out, (unsigned char)q.ptr[i] < 32 || q.ptr[i] == 127 ? ' ' : q.ptr[i]);
    strbuf_addc(out, '\n');
    while (before--)
        strbuf_addc(out, ' ');
    for (unsigned i = 0; i < MAX(wide, 1U); i++)
        strbuf_addc(out, '^');
    strbuf_addf(out, "\n%s%s%s", e->msg, e->hint[0] ? "; " : "", e->hint);
}
