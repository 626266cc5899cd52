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

char *name_as_written(struct parser *p, size_t from, size_t to)
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

bool take_alias(struct parser *p, struct query_item *item, size_t from, bool *alias)
{
    size_t end = p->at;

    *alias = take_word(p, "as");
    item->name =
        *alias ? take_new_name(p, "a name is expected after as") : name_as_written(p, from, end);
    return item->name != NULL;
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

bool take_count(struct parser *p, uint64_t *n)
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

/* Each with what would work, for who is told that something does not. */
static const struct {
    const char *name;
    bool (*parse)(struct parser *p);
    const char *example;
} commands[] = {
    {"filter", cmd_filter, "filter status=5xx and path like \"api\""},
    {"where", cmd_filter, "where status=5xx"},
    {"filterIndex", cmd_filter, "filterIndex status=5xx"},
    {"fields", cmd_show, "fields @timestamp, status, strlen(path) as n"},
    {"display", cmd_display, "display @timestamp, status"},
    {"sort", cmd_sort, "sort @timestamp desc"},
    {"limit", cmd_limit, "limit 20"},
    {"head", cmd_limit, "head 20"},
    {"stats", cmd_stats, "stats count(*), avg(duration) by path, bin(5m)"},
    {"dedup", cmd_dedup, "dedup client_ip, path"},
    {"parse", cmd_parse, "parse @message \"user=*, method=*\" as user, method"},
    {"unnest", cmd_unnest, "unnest list into item"},
    {"pattern", cmd_pattern, "pattern @message"},
    {"top", start_top, "top 10 path"},
    {"count", cmd_count, "count by path"},
    {"countFrequent", cmd_frequent, "countFrequent path"},
    {"fillmissing", cmd_fill, "stats count(*) as n by bin(5m) | fillmissing with 0 for n"},
    {"unmask", cmd_unmask, "unmask(@message)"},
    {"diff", cmd_diff, "stats count(*) by path | diff previousDay"},
    {"SOURCE", cmd_source, NULL},
    {"join", cmd_join, "join left=a right=b where a.x = b.y (filter @logtype=alb)"},
    {"lookup", cmd_lookup, NULL},
};

const char *query_command_word(unsigned i)
{
    return i < ARRAY_LEN(commands) ? commands[i].name : NULL;
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
    for (unsigned i = 0; i < ARRAY_LEN(commands); i++) {
        if (!take_command(p, commands[i].name))
            continue;
        if (commands[i].parse(p))
            return true;
        if (!p->error->unknown_field && commands[i].example)
            parse_hint(p, "for example: %s", commands[i].example);
        return false;
    }
    *none = true;
    return false;
}

static void nearest_commands(struct slice word, char *hint, size_t len)
{
    struct nearest near = {.want = word};

    for (unsigned i = 0; i < ARRAY_LEN(commands); i++)
        nearest_offer(&near, slice_str(commands[i].name));
    nearest_hint(&near, hint, len);
}

static bool no_command(struct parser *p)
{
    size_t n = lex_name(p->q, (skip(p), p->at));
    struct slice word = text_at(p, p->at, n);
    char hint[200] = "";

    if (!n) {
        fail_here(p, "a command is expected");
        parse_hint(p, "after | filter, stats, sort, limit, fields, dedup");
        return false;
    }
    nearest_commands(word, hint, sizeof(hint));
    parse_fail(p, p->at, n, "there is no command " SLICE_FMT, SLICE_ARG(word));
    parse_hint(p, "%s", hint[0] ? hint : "after | filter, stats, sort, limit, fields, dedup");
    return false;
}

/* "filer status=200": no field, but nearly a command. */
static void hint_command(struct parser *p, size_t at)
{
    size_t n = lex_name(p->q, at), next = lex_blank(p->q, at + n);
    char hint[200] = "";

    if (p->error->unknown_field && lex_word(p->q, at, "select")) {
        snprintf(p->error->hint, sizeof(p->error->hint),
                 "this is no SQL: filter status=200 | fields @timestamp, path | limit 20");
        return;
    }
    if (!p->error->unknown_field || p->error->at != at || next == at + n || !lex_name(p->q, next))
        return;
    nearest_commands(text_at(p, at, n), hint, sizeof(hint));
    if (hint[0])
        snprintf(p->error->hint, sizeof(p->error->hint), "is a command meant? %s", hint);
}

static bool parse_first(struct parser *p)
{
    size_t at;
    bool none;

    if (parse_command(p, &none))
        return true;
    if (!none)
        return false;
    p->ast->wordless = true;
    if (fail_unsupported(p))
        return false;
    at = (skip(p), p->at);
    if (cmd_filter(p))
        return true;
    hint_command(p, at);
    return false;
}

static bool parse_next(struct parser *p)
{
    bool none;

    if (parse_command(p, &none))
        return true;
    return none && !fail_unsupported(p) && no_command(p);
}

static void nearest_words(const char *const *list, unsigned n, struct slice word, char *hint,
                          size_t len)
{
    struct nearest near = {.want = word};

    for (unsigned i = 0; i < n; i++)
        nearest_offer(&near, slice_str(list[i]));
    nearest_hint(&near, hint, len);
}

/* "path lik x", "a=1 adn b=2": no field, but nearly an operator between two operands. */
static void hint_operator(struct parser *p, size_t at)
{
    static const char *const words[] = {"and", "or", "not", "like", "in"};
    struct query_error *e = p->error;
    size_t end = e->at + e->len, next = lex_blank(p->q, end);
    char hint[200];

    if (!e->unknown_field || e->at <= at || next == end || next >= p->q.len ||
        strchr("=<>!)|,+-*%^", p->q.ptr[next]))
        return;
    nearest_words(words, ARRAY_LEN(words), text_at(p, e->at, e->len), hint, sizeof(hint));
    if (hint[0])
        snprintf(e->hint, sizeof(e->hint), "is an operator meant? %s", hint);
}

static void no_continuation(struct parser *p)
{
    static const char *const words[] = {"by", "as", "asc", "desc", "sort", "limit", "and", "or"};
    struct slice word = text_at(p, p->at, lex_name(p->q, p->at));
    char hint[200];

    nearest_words(words, ARRAY_LEN(words), word, hint, sizeof(hint));
    fail_here(p, "this does not continue the query");
    parse_hint(p, "%s%sa | begins the next command, and a test is field=value", hint,
               hint[0] ? "; " : "");
}

/* Parses what stands between two pipes, and gives the commands made of it its text. */
static bool parse_stage(struct parser *p, bool (*parse)(struct parser *))
{
    unsigned before = p->ast->n_cmd;
    size_t at = p->at;
    struct slice text;

    if (!parse(p)) {
        hint_operator(p, at);
        return false;
    }
    text = pool_text(p->pool, slice_trim(text_at(p, at, p->at - at)));
    for (unsigned i = before; i < p->ast->n_cmd; i++)
        p->ast->cmd[i].text = text;
    return true;
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
    if (!parse_stage(p, parse_first))
        return false;
    while (!at_last(p)) {
        if (peek(p) != '|' || slice_starts(text_at(p, p->at, p->q.len - p->at), "||")) {
            no_continuation(p);
            return false;
        }
        p->at++;
        if (p->ast->n_cmd >= MAX_COMMANDS) {
            parse_fail(p, p->at, 1, "a query may have %d commands", MAX_COMMANDS);
            return false;
        }
        if (!parse_stage(p, parse_next))
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
    if (!cmd_filter(p)) {
        hint_operator(p, 0);
        return false;
    }
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
