/* expr_extract.c - parse: parts of a text by a glob, a regex, as logfmt or CSV. */
#include "expr_impl.h"

static bool take_names(struct parser *p, char **name, unsigned max, unsigned *n)
{
    do {
        if (*n == max) {
            skip(p);
            parse_fail(p, p->at, 1, "more names than there are parts");
            return false;
        }
        name[*n] = take_new_name(p, "a name is expected");
        if (!name[*n])
            return false;
        ++*n;
    } while (take_char(p, ','));
    return true;
}

/* "a * b *": each star takes the text up to the next literal, the last one the rest. */
static struct regex *glob_regex(struct parser *p, struct slice glob, size_t at)
{
    struct strbuf text = STRBUF_INIT;
    struct err err = {0};
    struct regex *re;

    strbuf_adds(&text, "(?s)");
    for (size_t i = 0; i < glob.len; i++) {
        char c = glob.ptr[i];
        bool word = lex_name_char(c) || (unsigned char)c >= 128;

        if (c == '*')
            strbuf_adds(&text, i + 1 == glob.len ? "(.*)" : "(.*?)");
        else if (c == ' ' || word)
            strbuf_addf(&text, c == '.' ? "\\%c" : "%c", c);
        else
            strbuf_addf(&text, "\\x%02x", (unsigned char)c);
    }
    re = regex_new(strbuf_slice(&text), false, &err);
    strbuf_release(&text);
    if (!re)
        return parse_fail(p, at, glob.len, "%s", err.msg);
    GROW(p->pool->re, p->pool->cap_re, p->pool->n_re + 1);
    p->pool->re[p->pool->n_re++] = re;
    return re;
}

/* The parts that a parse command makes: a name and a group each. */
struct parts {
    char *name[MAX_ITEMS];
    unsigned group[MAX_ITEMS], n;
    struct regex *re;
};

static bool take_glob(struct parser *p, struct parts *parts)
{
    size_t at = p->at;
    struct expr *glob = take_string(p);
    unsigned stars = 0;

    if (!glob)
        return false;
    for (size_t i = 0; i < glob->text.len; i++)
        stars += glob->text.ptr[i] == '*';
    if (stars == 0 || stars > MAX_ITEMS) {
        parse_fail(p, at, p->at - at, "the pattern of parse has a * for each part");
        parse_hint(p, "parse @message \"user=*, method=*\" as user, method");
        return false;
    }
    if (!take_word(p, "as")) {
        fail_here(p, "`as` and a name for each * are expected");
        return false;
    }
    if (!take_names(p, parts->name, stars, &parts->n))
        return false;
    if (parts->n != stars) {
        parse_fail(p, at, p->at - at, "there are %u * but %u names", stars, parts->n);
        return false;
    }
    for (unsigned i = 0; i < stars; i++)
        parts->group[i] = i + 1;
    parts->re = glob_regex(p, glob->text, at);
    return parts->re != NULL;
}

static bool take_groups(struct parser *p, struct parts *parts, struct expr *from)
{
    struct slice pattern;
    size_t at = p->at;
    bool icase;
    size_t n = lex_regex(p->q, at, &pattern, &icase);
    struct expr *match;
    unsigned groups;

    if (!n) {
        parse_fail(p, at, p->q.len - at, "the regex does not end with /");
        return false;
    }
    p->at += n;
    match = expr_regex(p, from, pattern, icase, at, p->at);
    if (!match)
        return false;
    parts->re = match->re;
    groups = regex_n_groups(parts->re);
    if (take_word(p, "as") && !take_names(p, parts->name, MIN(groups, MAX_ITEMS), &parts->n))
        return false;
    for (unsigned i = 0; i < parts->n; i++)
        parts->group[i] = i + 1;
    if (parts->n)
        return true;
    for (unsigned g = 1; g <= groups && parts->n < MAX_ITEMS; g++) {
        const char *name = regex_group_name(parts->re, g);

        if (!name)
            continue;
        parts->group[parts->n] = g;
        parts->name[parts->n++] = pool_str(p->pool, slice_str(name));
    }
    if (parts->n)
        return true;
    parse_fail(p, at, n, "no part of the regex has a name");
    parse_hint(p, "/user=(?<user>\\S+)/, or /user=(\\S+)/ as user");
    return false;
}

/* parse FROM logfmt as m ; parse FROM csv as a, b */
static bool parse_known(struct parser *p, struct expr *from, bool logfmt)
{
    char *name[MAX_ITEMS];
    unsigned n = 0;

    if (!take_word(p, "as") || !take_names(p, name, logfmt ? 1 : MAX_ITEMS, &n)) {
        if (!p->failed)
            fail_here(p, "`as` and a name are expected");
        return false;
    }
    for (unsigned i = 0; i < n; i++) {
        struct expr *call = expr_op1(p, EX_CALL, from), *number;

        call->func = func_find(logfmt ? SL("parseLogfmt") : SL("csvValue"));
        if (!logfmt) {
            number = expr_new(p, EX_NUM, from->at, from->at);
            number->num = i;
            number->lit = LIT_PLAIN;
            expr_add_arg(p, call, number);
        }
        add_column(p, name[i], true, call);
    }
    return true;
}

bool cmd_parse(struct parser *p)
{
    struct parts *parts = pool_alloc(p->pool, sizeof(*parts));
    struct expr *from;
    bool glob;

    skip(p);
    if (strchr("\"'/", peek(p)) && peek(p)) {
        from = p->after_stats ? NULL : bind_system(p, "@message");
        if (!from) {
            fail_here(p, "after stats parse needs a column");
            return false;
        }
    } else if (!(from = parse_primary(p)))
        return false;
    if (take_word(p, "logfmt"))
        return parse_known(p, from, true);
    if (take_word(p, "csv"))
        return parse_known(p, from, false);
    skip(p);
    glob = peek(p) == '"' || peek(p) == '\'';
    if (!glob && peek(p) != '/') {
        fail_here(p, "a pattern is expected: \"...*...\" or /regex/");
        return false;
    }
    if (glob ? !take_glob(p, parts) : !take_groups(p, parts, from))
        return false;
    if (take_word(p, "multi")) {
        struct query_cmd *cmd = add_cmd(p, QCMD_MULTI);

        cmd->from = from;
        cmd->re = parts->re;
        cmd->group = parts->group;
        for (unsigned i = 0; i < parts->n; i++)
            add_made(p, cmd, parts->name[i]);
        return true;
    }
    for (unsigned i = 0; i < parts->n; i++) {
        struct expr *part = expr_op1(p, EX_CAPTURE, from);

        part->re = parts->re;
        part->num = parts->group[i];
        part->text = slice_str(parts->name[i]);
        add_column(p, parts->name[i], true, part);
    }
    return true;
}
