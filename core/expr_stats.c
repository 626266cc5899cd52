/* expr_stats.c - stats and its short forms: aggregates, what is made of them, keys; fillmissing. */
#include "expr_impl.h"

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

bool is_aggregate(struct slice name)
{
    bool median;

    return agg_find(name, &median) != AGG_NONE;
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

bool cmd_stats(struct parser *p)
{
    struct query_cmd cmd = {.kind = QCMD_STATS};

    if (!take_stats_items(p, &cmd) || (take_word(p, "by") && !take_keys(p, &cmd)))
        return false;
    *add_cmd(p, QCMD_STATS) = cmd;
    stats_scope(p, &cmd);
    return true;
}

bool count_by(struct parser *p, const char *name, uint64_t limit)
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

bool start_top(struct parser *p)
{
    uint64_t n = 10;

    skip(p);
    if (peek(p) >= '0' && peek(p) <= '9' && !take_count(p, &n))
        return false;
    return count_by(p, "count", n);
}

/* fillmissing [ with VALUE for COLUMN ] */
bool cmd_fill(struct parser *p)
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
