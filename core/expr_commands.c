/* expr_commands.c - the commands of a query: what stands between the pipes. */
#include <stdio.h>

#include "expr_impl.h"
#include "pattern.h"

#define MAX_QUERY 65536
#define MAX_COMMANDS 100

/* --- commands --- */

struct query_cmd *add_cmd(struct parser *p, enum cmd_kind kind)
{
    struct query_ast *q = p->ast;
    struct query_cmd *wider = pool_alloc(p->pool, (q->n_cmd + 1) * sizeof(*wider));

    if (q->n_cmd)
        memcpy(wider, q->cmd, q->n_cmd * sizeof(*wider));
    q->cmd = wider;
    q->cmd[q->n_cmd].kind = kind;
    return &q->cmd[q->n_cmd++];
}

struct query_item *add_item(struct parser *p, struct query_item **list, unsigned *n)
{
    struct query_item *wider;

    if (*n == MAX_ITEMS)
        return parse_fail(p, p->at, 1, "more than %d items", MAX_ITEMS);
    wider = pool_alloc(p->pool, (*n + 1) * sizeof(*wider));
    if (*n)
        memcpy(wider, *list, *n * sizeof(*wider));
    *list = wider;
    return &wider[(*n)++];
}

void add_column(struct parser *p, const char *name, bool alias, struct expr *e)
{
    GROW(p->column, p->cap_column, p->n_column + 1);
    p->column[p->n_column++] = (struct column_name){
        .name = slice_str(name), .alias = alias, .item = p->agg != NULL, .expr = e};
}

void add_cell(struct parser *p, const char *name)
{
    add_column(p, name, true, bind_cell(p, slice_str(name), (int)p->width));
    p->width++;
}

void add_made(struct parser *p, struct query_cmd *cmd, char *name)
{
    unsigned n = cmd->n_made;

    if ((n & (n - 1)) == 0) { /* room for twice as many */
        char **made = pool_alloc(p->pool, (n ? 2 * n : 1) * sizeof(*made));
        unsigned *cell = pool_alloc(p->pool, (n ? 2 * n : 1) * sizeof(*cell));

        if (n) {
            memcpy(made, cmd->made, n * sizeof(*made));
            memcpy(cell, cmd->cell, n * sizeof(*cell));
        }
        cmd->made = made;
        cmd->cell = cell;
    }
    cmd->made[n] = name;
    cmd->cell[n] = p->width;
    cmd->n_made++;
    add_cell(p, name);
}

/* The text of an item as a column's name: blanks at the ends dropped, inner runs made one. */
static char *name_as_written(struct parser *p, size_t from, size_t to)
{
    struct slice s = slice_trim(text_at(p, from, to - from));
    char *name = pool_alloc(p->pool, s.len + 1);
    size_t n = 0;

    if (s.len > 2 && s.ptr[0] == '`' && memchr(s.ptr + 1, '`', s.len - 1) == s.ptr + s.len - 1)
        s = slice_of(s.ptr + 1, s.len - 2);
    for (size_t i = 0; i < s.len; i++) {
        bool blank = has_blank(slice_of(s.ptr + i, 1)) || s.ptr[i] == '\r';

        if (!blank)
            name[n++] = s.ptr[i];
        else if (n && name[n - 1] != ' ')
            name[n++] = ' ';
    }
    return name;
}

char *take_new_name(struct parser *p, const char *what)
{
    struct slice quoted;
    size_t n;

    skip(p);
    n = lex_quoted_name(p->q, p->at, &quoted);
    if (!n) {
        n = lex_wide_name(p->q, p->at);
        quoted = text_at(p, p->at, n);
    }
    if (!n)
        return fail_here(p, what);
    p->at += n;
    return pool_str(p->pool, quoted);
}

/* [ "as" name ]; the item's name either way. */
static bool take_alias(struct parser *p, struct query_item *item, size_t from, bool *alias)
{
    size_t end = p->at;

    *alias = take_word(p, "as");
    item->name =
        *alias ? take_new_name(p, "a name is expected after as") : name_as_written(p, from, end);
    return item->name != NULL;
}

static bool cmd_filter(struct parser *p)
{
    struct expr *e;

    p->implied = true;
    e = parse_or(p);
    p->implied = false;
    if (!e)
        return false;
    add_cmd(p, QCMD_FILTER)->filter = e;
    return true;
}

static bool cmd_fields(struct parser *p, enum cmd_kind kind)
{
    struct query_cmd cmd = {.kind = kind};

    do {
        struct query_item *item = add_item(p, &cmd.item, &cmd.n_item);
        bool alias;
        size_t from;

        skip(p);
        from = p->at;
        if (!item || !(item->expr = parse_or(p)) || !take_alias(p, item, from, &alias))
            return false;
        if (kind == QCMD_FIELDS)
            add_column(p, item->name, alias, item->expr);
    } while (take_char(p, ','));
    *add_cmd(p, kind) = cmd;
    return true;
}

static bool cmd_sort(struct parser *p)
{
    struct query_cmd cmd = {.kind = QCMD_SORT};

    take_word(p, "by");
    do {
        struct query_item *item = add_item(p, &cmd.item, &cmd.n_item);
        size_t from;

        skip(p);
        from = p->at;
        if (!item || !(item->expr = parse_or(p)))
            return false;
        item->name = name_as_written(p, from, p->at);
        item->desc = take_word(p, "desc");
        if (!item->desc)
            take_word(p, "asc");
    } while (take_char(p, ','));
    *add_cmd(p, QCMD_SORT) = cmd;
    return true;
}

static bool take_count(struct parser *p, uint64_t *n)
{
    size_t at;

    skip(p);
    at = p->at;
    *n = 0;
    while (peek(p) >= '0' && peek(p) <= '9' && *n < UINT64_MAX / 100)
        *n = *n * 10 + (uint64_t)(p->q.ptr[p->at++] - '0');
    if (p->at > at && lex_edge(p->q, p->at))
        return true;
    p->at = at;
    fail_here(p, "a number of rows is expected");
    return false;
}

static bool cmd_limit(struct parser *p)
{
    uint64_t n;

    if (!take_count(p, &n))
        return false;
    add_cmd(p, QCMD_LIMIT)->limit = n;
    return true;
}

static bool cmd_dedup(struct parser *p)
{
    struct query_cmd cmd = {.kind = QCMD_DEDUP};

    do {
        struct query_item *item = add_item(p, &cmd.item, &cmd.n_item);
        size_t from;

        skip(p);
        from = p->at;
        if (!item || !(item->expr = take_field(p)))
            return false;
        item->name = name_as_written(p, from, p->at);
    } while (take_char(p, ','));
    *add_cmd(p, QCMD_DEDUP) = cmd;
    return true;
}

/* --- stats --- */

static const struct {
    const char *name;
    enum agg_kind kind;
} aggregates[] = {
    {"count", AGG_COUNT},
    {"count_distinct", AGG_COUNT_DISTINCT},
    {"sum", AGG_SUM},
    {"avg", AGG_AVG},
    {"min", AGG_MIN},
    {"max", AGG_MAX},
    {"pct", AGG_PCT},
    {"median", AGG_PCT},
    {"stddev", AGG_STDDEV},
    {"earliest", AGG_EARLIEST},
    {"latest", AGG_LATEST},
    {"sortsFirst", AGG_SORTS_FIRST},
    {"sortsLast", AGG_SORTS_LAST},
};

static enum agg_kind agg_find(struct slice name, bool *median)
{
    *median = slice_eq_nocase(name, SL("median"));
    for (unsigned i = 0; i < ARRAY_LEN(aggregates); i++)
        if (slice_eq_nocase(name, slice_str(aggregates[i].name)))
            return aggregates[i].kind;
    return AGG_NONE;
}

/* The reason why no aggregate starts here. */
static bool not_aggregate(struct parser *p)
{
    size_t n = lex_name(p->q, p->at), open = lex_blank(p->q, p->at + n);
    struct nearest near = {.want = text_at(p, p->at, n)};
    char hint[200] = "";

    if (!n || open >= p->q.len || p->q.ptr[open] != '(') {
        fail_here(p, "stats needs an aggregate");
        parse_hint(p, "count(*), avg(x), pct(x, 95)");
        return false;
    }
    for (unsigned i = 0; i < ARRAY_LEN(aggregates); i++)
        nearest_offer(&near, slice_str(aggregates[i].name));
    nearest_hint(&near, hint, sizeof(hint));
    parse_fail(p, p->at, n, SLICE_FMT " is no aggregate", SLICE_ARG(near.want));
    parse_hint(p, "%s", hint);
    return false;
}

static bool take_pct(struct parser *p, struct query_item *item, bool median)
{
    struct expr *e;

    item->pct = 50;
    if (median)
        return true;
    if (!take_char(p, ',')) {
        fail_here(p, "a , and the percentage are expected");
        return false;
    }
    skip(p);
    e = take_literal(p);
    if (!e || e->kind != EX_NUM || e->lit != LIT_PLAIN || e->num < 0 || e->num > 100) {
        parse_fail(p, p->at, 1, "a percentage from 0 to 100 is expected");
        return false;
    }
    item->pct = e->num;
    return true;
}

static bool take_agg_args(struct parser *p, struct query_item *item, bool median)
{
    if (item->agg == AGG_COUNT && (take_char(p, '*') || (skip(p), peek(p) == ')')))
        item->expr = NULL;
    else if (!(item->expr = parse_or(p)))
        return false;
    if (item->agg == AGG_COUNT && item->expr)
        item->agg = AGG_COUNT_FIELD;
    if (item->agg == AGG_PCT && !take_pct(p, item, median))
        return false;
    if (take_char(p, ')'))
        return true;
    fail_here(p, "a ) is expected");
    return false;
}

struct expr *take_aggregate(struct parser *p)
{
    size_t at = p->at, n = lex_name(p->q, at), open = lex_blank(p->q, at + n);
    struct query_cmd *cmd = p->agg;
    struct query_item *item;
    struct expr *cell;
    bool median, ok;
    enum agg_kind agg = agg_find(text_at(p, at, n), &median);

    if (!n || agg == AGG_NONE || open >= p->q.len || p->q.ptr[open] != '(')
        return NULL;
    item = add_item(p, &cmd->agg, &cmd->n_agg);
    if (!item)
        return NULL;
    item->agg = agg;
    p->at = open + 1;
    p->agg = NULL; /* inside stand fields again */
    ok = take_agg_args(p, item, median);
    p->agg = cmd;
    if (!ok)
        return NULL;
    item->name = name_as_written(p, at, p->at);
    cell = bind_cell(p, slice_str(item->name), (int)cmd->n_agg - 1);
    cell->at = (unsigned)at;
    cell->at_len = (unsigned)(p->at - at);
    return cell;
}

static bool has_cell(const struct expr *e)
{
    if (e->kind == EX_FIELD)
        return e->field->pseudo == PF_COLUMN;
    for (unsigned i = 0; i < e->n; i++)
        if (has_cell(e->arg[i]))
            return true;
    return false;
}

/* Whether an item of stats can begin here: an aggregate, arithmetic, or an earlier item's name. */
static bool item_begins(struct parser *p)
{
    size_t n, open, len;
    bool median;

    skip(p);
    n = lex_name(p->q, p->at);
    open = lex_blank(p->q, p->at + n);
    if (!n)
        return peek(p) && strchr("(-.0123456789`\"", peek(p));
    if (open < p->q.len && p->q.ptr[open] == '(')
        return agg_find(text_at(p, p->at, n), &median) || func_find(text_at(p, p->at, n));
    return (p->q.ptr[p->at] >= '0' && p->q.ptr[p->at] <= '9') || bind_name(p, &len) != NULL;
}

static bool take_stats_item(struct parser *p, struct query_cmd *cmd)
{
    struct query_item *item = add_item(p, &cmd->item, &cmd->n_item);
    size_t from = (skip(p), p->at);
    bool alias;

    if (!item)
        return false;
    if (!item_begins(p))
        return not_aggregate(p);
    if (!(item->expr = parse_or(p)))
        return false;
    if (!has_cell(item->expr)) {
        parse_fail(p, from, p->at - from, "stats needs an aggregate");
        parse_hint(p, "count(*), avg(x), pct(x, 95)");
        return false;
    }
    if (!take_alias(p, item, from, &alias))
        return false;
    add_column(p, item->name, true, item->expr);
    return true;
}

static bool take_stats_items(struct parser *p, struct query_cmd *cmd)
{
    size_t before = p->n_column;
    bool ok;

    p->agg = cmd;
    do
        ok = take_stats_item(p, cmd);
    while (ok && take_char(p, ','));
    p->agg = NULL;
    p->n_column = before;
    return ok;
}

/* bin(5m) of a fixed width is kept as a width; weeks and months go by the calendar. */
static void fold_bin(struct query_item *key)
{
    struct expr *e = key->expr;

    if (e->kind != EX_CALL || strcmp(e->func->name, "datefloor") != 0 ||
        e->arg[0]->kind != EX_FIELD || e->arg[0]->field->pseudo != PF_TIMESTAMP ||
        e->arg[1]->lo_us <= 0 || e->arg[1]->lo_us % INT64_C(604800000000) == 0)
        return;
    key->bin_us = e->arg[1]->lo_us;
    key->expr = e->arg[0];
}

static bool take_keys(struct parser *p, struct query_cmd *cmd)
{
    do {
        struct query_item *key = add_item(p, &cmd->by, &cmd->n_by);
        bool alias;
        size_t from;

        skip(p);
        from = p->at;
        if (!key || !(key->expr = parse_or(p)) || !take_alias(p, key, from, &alias))
            return false;
        fold_bin(key);
    } while (take_char(p, ','));
    return true;
}

void begin_table(struct parser *p)
{
    p->n_column = 0;
    p->after_stats = true;
    p->width = p->n_key = 0;
    p->bin_us = 0;
    p->scope = NULL;
    p->widened = 0;
}

static void stats_scope(struct parser *p, const struct query_cmd *cmd)
{
    begin_table(p);
    p->n_key = cmd->n_by;
    for (unsigned i = 0; i < cmd->n_by; i++) {
        if (cmd->by[i].bin_us) {
            p->bin = i;
            p->bin_us = cmd->by[i].bin_us;
        }
        add_cell(p, cmd->by[i].name);
    }
    for (unsigned i = 0; i < cmd->n_item; i++)
        add_cell(p, cmd->item[i].name);
}

static bool cmd_stats(struct parser *p)
{
    struct query_cmd cmd = {.kind = QCMD_STATS};

    if (!take_stats_items(p, &cmd) || (take_word(p, "by") && !take_keys(p, &cmd)))
        return false;
    *add_cmd(p, QCMD_STATS) = cmd;
    stats_scope(p, &cmd);
    return true;
}

/* Rows counted by the keys that follow, most frequent first. limit 0: all. */
static bool count_by(struct parser *p, const char *name, uint64_t limit)
{
    struct query_cmd cmd = {.kind = QCMD_STATS}, sort = {.kind = QCMD_SORT};
    struct query_item *agg = add_item(p, &cmd.agg, &cmd.n_agg);
    struct query_item *item = add_item(p, &cmd.item, &cmd.n_item), *key;

    agg->agg = AGG_COUNT;
    agg->name = item->name = pool_str(p->pool, slice_str(name));
    item->expr = bind_cell(p, slice_str(item->name), 0);
    if (!take_keys(p, &cmd))
        return false;
    *add_cmd(p, QCMD_STATS) = cmd;
    stats_scope(p, &cmd);
    key = add_item(p, &sort.item, &sort.n_item);
    key->expr = p->column[cmd.n_by].expr;
    key->name = item->name;
    key->desc = true;
    *add_cmd(p, QCMD_SORT) = sort;
    if (limit)
        add_cmd(p, QCMD_LIMIT)->limit = limit;
    return true;
}

static bool start_top(struct parser *p)
{
    uint64_t n = 10;

    skip(p);
    if (peek(p) >= '0' && peek(p) <= '9' && !take_count(p, &n))
        return false;
    return count_by(p, "count", n);
}

/* fillmissing [ with VALUE for COLUMN ] */
static bool cmd_fill(struct parser *p)
{
    struct query_cmd cmd = {.kind = QCMD_FILL, .bin = p->bin, .bin_us = p->bin_us};
    size_t at = p->at, len = 0;
    struct expr *value = NULL, *column = NULL;

    if (!p->after_stats || !p->bin_us) {
        parse_fail(p, at - strlen("fillmissing"), strlen("fillmissing"),
                   "fillmissing needs stats ... by bin() before it");
        return false;
    }
    cmd.n_key = p->n_key;
    cmd.column = UINT_MAX;
    if (take_word(p, "with")) {
        skip(p);
        value = peek(p) == '"' || peek(p) == '\'' ? take_string(p) : take_literal(p);
        if (!value || !take_word(p, "for")) {
            fail_here(p, "a value and `for COLUMN` are expected");
            return false;
        }
        skip(p);
        column = bind_name(p, &len);
        if (!column || column->kind != EX_FIELD) {
            fail_here(p, "a column of stats is expected");
            return false;
        }
        p->at += len;
        cmd.column = (unsigned)column->field->column;
        cmd.fill = pool_alloc(p->pool, sizeof(*cmd.fill));
        *cmd.fill = expr_literal(value);
        if (value->kind == EX_NUM)
            cmd.fill->str = (struct slice){NULL, 0};
    }
    *add_cmd(p, QCMD_FILL) = cmd;
    return true;
}

/* --- parse --- */

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

static bool cmd_parse(struct parser *p)
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

/* --- more commands --- */

static bool cmd_unnest(struct parser *p)
{
    struct expr *from = parse_or(p);
    struct query_cmd *cmd;
    char *name;

    if (!from)
        return false;
    if (!take_word(p, "into")) {
        fail_here(p, "`into` and a name are expected");
        return false;
    }
    name = take_new_name(p, "a name is expected after into");
    if (!name)
        return false;
    cmd = add_cmd(p, QCMD_UNNEST);
    cmd->from = from;
    add_made(p, cmd, name);
    return true;
}

static bool cmd_pattern(struct parser *p)
{
    struct expr *from = parse_or(p);

    if (!from)
        return false;
    add_cmd(p, QCMD_PATTERN)->from = from;
    begin_table(p);
    for (unsigned i = 0; i < N_PATTERN; i++)
        add_cell(p, pattern_columns[i]);
    return true;
}

/* unmask(FIELD) [ as NAME ]: there is nothing masked in a file. */
static bool cmd_unmask(struct parser *p)
{
    struct query_cmd cmd = {.kind = QCMD_FIELDS};
    struct query_item *item = add_item(p, &cmd.item, &cmd.n_item);
    size_t from;
    bool alias;

    if (!take_char(p, '(')) {
        fail_here(p, "a ( is expected");
        return false;
    }
    skip(p);
    from = p->at;
    if (!(item->expr = take_field(p)) || !take_char(p, ')')) {
        if (!p->failed)
            fail_here(p, "a ) is expected");
        return false;
    }
    item->name = name_as_written(p, from, p->at - 1);
    if (take_word(p, "as") && !(item->name = take_new_name(p, "a name is expected after as")))
        return false;
    alias = true;
    add_column(p, item->name, alias, item->expr);
    *add_cmd(p, QCMD_FIELDS) = cmd;
    return true;
}

/* SOURCE ...: which log groups; here the files are named beside the query. */
static bool cmd_source(struct parser *p)
{
    struct strbuf text = STRBUF_INIT;

    if (p->nested)
        return nested_source(p);

    while (p->at < p->q.len && peek(p) != '|') {
        size_t n = peek(p) == '"' || peek(p) == '\'' ? lex_string(p->q, p->at, &text) : 0;

        p->at += MAX(n, (size_t)1);
    }
    strbuf_release(&text);
    parse_notice(p, "SOURCE is left out: the files are those of the command line");
    return true;
}

/* --- the pipeline --- */

/* Commands of CloudWatch Logs Insights that awl does not have. */
static const char *const unsupported[] = {
    "anomaly",    "addtotals",  "filldown",       "accum", "outlier",    "expand",   "sessionize",
    "cidrlookup", "appendcols", "relevantfields", "tail",  "logcompare", "estimate", "autoregress",
};

static bool cmd_count(struct parser *p)
{
    return take_word(p, "by") && count_by(p, "count", 0);
}

static bool cmd_frequent(struct parser *p)
{
    return count_by(p, "_approxcount", 0);
}

static bool cmd_show(struct parser *p)
{
    return cmd_fields(p, QCMD_FIELDS);
}

static bool cmd_display(struct parser *p)
{
    return cmd_fields(p, QCMD_DISPLAY);
}

static const struct {
    const char *name;
    bool (*parse)(struct parser *p);
} commands[] = {
    {"filter", cmd_filter},      {"where", cmd_filter},
    {"filterIndex", cmd_filter}, {"fields", cmd_show},
    {"display", cmd_display},    {"sort", cmd_sort},
    {"limit", cmd_limit},        {"head", cmd_limit},
    {"stats", cmd_stats},        {"dedup", cmd_dedup},
    {"parse", cmd_parse},        {"unnest", cmd_unnest},
    {"pattern", cmd_pattern},    {"top", start_top},
    {"count", cmd_count},        {"countFrequent", cmd_frequent},
    {"fillmissing", cmd_fill},   {"unmask", cmd_unmask},
    {"diff", cmd_diff},          {"SOURCE", cmd_source},
    {"join", cmd_join},          {"lookup", cmd_lookup},
};

const char *query_command_word(unsigned i)
{
    return i < ARRAY_LEN(commands) ? commands[i].name : NULL;
}

const char *query_function_word(unsigned i)
{
    const struct func *f;

    if (i < ARRAY_LEN(aggregates))
        return aggregates[i].name;
    if (i == ARRAY_LEN(aggregates))
        return "bin";
    f = func_at(i - ARRAY_LEN(aggregates) - 1);
    return f ? f->name : NULL;
}

/* A command word that no operator follows: "limit = 5" is a test of a field. */
static bool is_command(struct parser *p, const char *word)
{
    size_t n, at = p->at;
    bool field;

    skip(p);
    n = lex_word(p->q, p->at, word);
    if (!n || (p->at + n < p->q.len && strchr("-:", p->q.ptr[p->at + n])))
        return false;
    at = p->at;
    p->at += n;
    field = at_comparison(p) || at_word(p, "in") || at_word(p, "like") ||
            lex_word(p->q, lex_blank(p->q, p->at + lex_word(p->q, p->at, "not")), "in") ||
            lex_word(p->q, lex_blank(p->q, p->at + lex_word(p->q, p->at, "not")), "like");
    if (!strcmp(word, "count"))
        field = !at_word(p, "by");
    p->at = at;
    return !field;
}

static bool take_command(struct parser *p, const char *word)
{
    if (!is_command(p, word))
        return false;
    p->at += strlen(word);
    return true;
}

bool at_command(struct parser *p)
{
    for (unsigned i = 0; i < ARRAY_LEN(commands); i++)
        if (is_command(p, commands[i].name))
            return true;
    for (unsigned i = 0; i < ARRAY_LEN(unsupported); i++)
        if (is_command(p, unsupported[i]))
            return true;
    return false;
}

static bool fail_unsupported(struct parser *p)
{
    for (unsigned i = 0; i < ARRAY_LEN(unsupported); i++) {
        if (is_command(p, unsupported[i])) {
            parse_fail(p, p->at, strlen(unsupported[i]),
                       "%s is a command of CloudWatch Logs Insights that awl does not have",
                       unsupported[i]);
            return true;
        }
    }
    return false;
}

/* Runs a command; false with *none if the next word is no command. */
static bool parse_command(struct parser *p, bool *none)
{
    *none = false;
    for (unsigned i = 0; i < ARRAY_LEN(commands); i++)
        if (take_command(p, commands[i].name))
            return commands[i].parse(p);
    *none = true;
    return false;
}

static bool no_command(struct parser *p)
{
    size_t n = lex_name(p->q, (skip(p), p->at));
    struct nearest near = {.want = text_at(p, p->at, n)};
    char hint[200] = "";

    if (!n) {
        fail_here(p, "a command is expected");
        return false;
    }
    for (unsigned i = 0; i < ARRAY_LEN(commands); i++)
        nearest_offer(&near, slice_str(commands[i].name));
    nearest_hint(&near, hint, sizeof(hint));
    parse_fail(p, p->at, n, "there is no command " SLICE_FMT, SLICE_ARG(near.want));
    parse_hint(p, "%s", hint[0] ? hint : "after | filter, stats, sort, limit, fields, dedup");
    return false;
}

static bool parse_first(struct parser *p)
{
    bool none;

    if (parse_command(p, &none))
        return true;
    if (!none)
        return false;
    p->ast->wordless = true;
    return !fail_unsupported(p) && cmd_filter(p);
}

static bool parse_next(struct parser *p)
{
    bool none;

    if (parse_command(p, &none))
        return true;
    return none && !fail_unsupported(p) && no_command(p);
}

/* The end of the query: of the text, or of the parentheses. */
static bool at_last(struct parser *p)
{
    return at_end(p) || (p->nested && peek(p) == ')');
}

bool parse_pipeline(struct parser *p)
{
    if (at_last(p))
        return true;
    if (!parse_first(p))
        return false;
    while (!at_last(p)) {
        if (peek(p) != '|' || slice_starts(text_at(p, p->at, p->q.len - p->at), "||")) {
            fail_here(p, "this does not continue the query");
            return false;
        }
        p->at++;
        if (p->ast->n_cmd >= MAX_COMMANDS) {
            parse_fail(p, p->at, 1, "a query may have %d commands", MAX_COMMANDS);
            return false;
        }
        if (!parse_next(p))
            return false;
    }
    show_joined(p);
    return true;
}

static bool parse_filter_only(struct parser *p)
{
    p->alone = true;
    if (at_end(p))
        return true;
    if (!cmd_filter(p))
        return false;
    if (!at_end(p))
        fail_here(p, "this does not continue the filter");
    return !p->failed;
}

static struct query_ast *run(const char *text, const struct query_env *env, struct query_error *e,
                             bool (*parse)(struct parser *))
{
    struct query_ast *q = xcalloc(1, sizeof(*q));
    struct parser p = {.env = env, .error = e, .ast = q};

    *e = (struct query_error){0};
    q->pool = p.pool = xcalloc(1, sizeof(*q->pool));
    p.q = slice_str(text);
    if (p.q.len > MAX_QUERY)
        parse_fail(&p, 0, 1, "a query may have %d bytes", MAX_QUERY);
    else if (parse(&p) && !p.failed)
        p.failed = false;
    else if (!p.failed)
        parse_fail(&p, p.at, 1, "this is no query");
    free(p.column);
    if (!p.failed)
        return q;
    query_ast_free(q);
    return NULL;
}

struct query_ast *query_parse(const char *text, const struct query_env *env, struct query_error *e)
{
    return run(text, env, e, parse_pipeline);
}

struct query_ast *filter_parse(const char *text, const struct query_env *env, struct query_error *e)
{
    return run(text, env, e, parse_filter_only);
}

void query_ast_free(struct query_ast *q)
{
    if (!q)
        return;
    pool_free(q->pool);
    free(q);
}
