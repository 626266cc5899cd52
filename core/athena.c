/* athena.c - the commands of a query as steps of SQL. */
#include <inttypes.h>
#include <stdio.h>

#include "athena_impl.h"
#include "regex.h"
#include "value.h"
#include "xalloc.h"

/* --- steps --- */

static const char *sql_field(void *ctx, const struct expr *e, enum sql_type *type)
{
    struct translation *t = ctx;
    const struct base_field *f;
    int at = e->field->column;

    if (e->field->pseudo == PF_COLUMN && t->agg) {
        *type = SQL_NUMBER;
        if (at >= 0 && (unsigned)at < t->n_agg)
            return t->agg[at].buf;
    } else if (e->field->pseudo == PF_COLUMN) {
        if (at >= 0 && (size_t)at < t->n_column) {
            *type = t->column[at].type;
            return t->column[at].quoted;
        }
    } else {
        f = sql_find_field(t, e->field);
        *type = f->type;
        return f->quoted;
    }
    *type = SQL_TEXT;
    return "NULL";
}

static void add_from(struct translation *t, struct strbuf *out)
{
    if (t->n_step)
        strbuf_addf(out, "s%u", t->n_step);
    else
        strbuf_adds(out, "logs");
}

static void add_clauses(struct translation *t, bool ordered, struct strbuf *out)
{
    if (t->where.len)
        strbuf_addf(out, "\nWHERE %s", t->where.buf);
    if (ordered && t->order.len)
        strbuf_addf(out, "\nORDER BY %s", t->order.buf);
    if (ordered && t->limit != UINT64_MAX)
        strbuf_addf(out, "\nLIMIT %" PRIu64, t->limit);
}

/* What was printed becomes a step, and the rows at hand are its. */
static void end_step(struct translation *t, struct strbuf *sql)
{
    strbuf_addf(&t->with, ",\ns%u AS (\n%s\n)", t->n_step + 1, sql->buf);
    t->n_step++;
    strbuf_reset(&t->where);
    t->limit = UINT64_MAX;
    strbuf_release(sql);
}

/* A limit holds before what comes next. */
static void settle(struct translation *t)
{
    struct strbuf sql = STRBUF_INIT;

    if (t->limit == UINT64_MAX)
        return;
    strbuf_adds(&sql, "SELECT * FROM ");
    add_from(t, &sql);
    add_clauses(t, true, &sql);
    end_step(t, &sql);
}

static void add_column(struct translation *t, const char *name, enum sql_type type)
{
    GROW(t->column, t->cap_column, t->n_column + 1);
    t->column[t->n_column++] =
        (struct made_column){xstrdup(name), sql_quoted(slice_str(name)), type};
}

static void drop_columns(struct translation *t)
{
    for (size_t i = 0; i < t->n_column; i++) {
        free(t->column[i].name);
        free(t->column[i].quoted);
    }
    t->n_column = 0;
}

static bool is_unreached(const struct translation *t, const struct expr *e)
{
    bool any = false;

    for (unsigned i = 0; e->kind == EX_FIELD && e->field->pseudo == PF_NONE && i < t->n_type; i++) {
        int at = e->field->per_type[t->lt[i]->id];

        any = any || (at >= 0 && (t->lt[i]->field[at]->flags & FF_NEG1));
    }
    return any;
}

static bool add_aggregate(struct translation *t, const struct query_item *it, struct strbuf *out)
{
    /* before and behind the value */
    static const struct {
        const char *before, *behind;
        enum sql_type as;
    } form[] = {
        [AGG_COUNT_FIELD] = {"count(", ")", SQL_ERROR},
        [AGG_COUNT_DISTINCT] = {"count(DISTINCT ", ")", SQL_ERROR},
        [AGG_SUM] = {"sum(", ")", SQL_NUMBER},
        [AGG_AVG] = {"avg(CAST(", " AS double))", SQL_NUMBER},
        [AGG_MIN] = {"min(", ")", SQL_ERROR},
        [AGG_MAX] = {"max(", ")", SQL_ERROR},
        [AGG_PCT] = {"approx_percentile(", NULL, SQL_NUMBER},
        [AGG_STDDEV] = {"stddev(", ")", SQL_NUMBER},
        [AGG_EARLIEST] = {"min_by(", ", \"@timestamp\")", SQL_ERROR},
        [AGG_LATEST] = {"max_by(", ", \"@timestamp\")", SQL_ERROR},
        [AGG_SORTS_FIRST] = {"min(", ")", SQL_ERROR},
        [AGG_SORTS_LAST] = {"max(", ")", SQL_ERROR},
    };
    bool unreached, ok;

    if (!it->expr) {
        strbuf_adds(out, "count(*)");
        return true;
    }
    unreached = is_unreached(t, it->expr);
    strbuf_adds(out, form[it->agg].before);
    strbuf_adds(out, unreached ? "NULLIF(" : "");
    ok = form[it->agg].as == SQL_ERROR ? sql_expr(&t->env, it->expr, out) != SQL_ERROR
                                       : sql_as(&t->env, it->expr, form[it->agg].as, out);
    strbuf_adds(out, unreached ? ", -1)" : "");
    if (it->agg == AGG_PCT)
        strbuf_addf(out, ", %.6g)", it->pct / 100);
    else
        strbuf_adds(out, form[it->agg].behind);
    return ok;
}

static bool add_key(struct translation *t, const struct query_item *key, struct strbuf *out,
                    enum sql_type *type)
{
    struct strbuf time = STRBUF_INIT;
    bool ok;

    if (!key->bin_us) {
        *type = sql_expr(&t->env, key->expr, out);
        return *type != SQL_ERROR;
    }
    ok = sql_as(&t->env, key->expr, SQL_TIME, &time);
    sql_bin(out, time.buf, key->bin_us, false);
    strbuf_release(&time);
    *type = SQL_TIME;
    return ok;
}

static int stats(struct translation *t, const struct query_cmd *c)
{
    enum sql_type *type = xcalloc(c->n_by + c->n_item + 1, sizeof(*type));
    struct strbuf sql = STRBUF_INIT, *agg = xcalloc(MAX(c->n_agg, 1u), sizeof(*agg));
    bool ok;

    settle(t);
    /* the aggregates are printed with the columns of the rows, the items with the aggregates */
    for (unsigned i = 0; i < c->n_agg; i++)
        agg[i] = (struct strbuf)STRBUF_INIT;
    ok = true;
    for (unsigned i = 0; ok && i < c->n_agg; i++)
        ok = add_aggregate(t, &c->agg[i], &agg[i]);
    strbuf_adds(&sql, "SELECT ");
    for (unsigned k = 0; ok && k < c->n_by; k++) {
        strbuf_adds(&sql, k ? ",\n  " : "");
        ok = add_key(t, &c->by[k], &sql, &type[k]);
        strbuf_adds(&sql, " AS ");
        sql_identifier(&sql, slice_str(c->by[k].name));
    }
    t->agg = agg;
    t->n_agg = c->n_agg;
    for (unsigned i = 0; ok && i < c->n_item; i++) {
        strbuf_adds(&sql, c->n_by + i ? ",\n  " : "");
        type[c->n_by + i] = sql_expr(&t->env, c->item[i].expr, &sql);
        ok = type[c->n_by + i] != SQL_ERROR;
        strbuf_adds(&sql, " AS ");
        sql_identifier(&sql, slice_str(c->item[i].name));
    }
    t->agg = NULL;
    strbuf_adds(&sql, "\nFROM ");
    add_from(t, &sql);
    add_clauses(t, false, &sql);
    for (unsigned k = 0; k < c->n_by; k++)
        strbuf_addf(&sql, "%s%u", k ? ", " : "\nGROUP BY ", k + 1);
    end_step(t, &sql);
    strbuf_reset(&t->order);
    t->n_shown = 0;
    drop_columns(t);
    for (unsigned k = 0; k < c->n_by; k++)
        add_column(t, c->by[k].name, type[k]);
    for (unsigned i = 0; i < c->n_item; i++)
        add_column(t, c->item[i].name, type[c->n_by + i]);
    for (unsigned i = 0; i < c->n_agg; i++)
        strbuf_release(&agg[i]);
    free(agg);
    free(type);
    return ok ? 0 : -1;
}

static int filter(struct translation *t, const struct query_cmd *c)
{
    settle(t);
    strbuf_adds(&t->where, t->where.len ? "\n  AND " : "");
    return sql_test(&t->env, c->filter, &t->where) ? 0 : -1;
}

static int sort(struct translation *t, const struct query_cmd *c)
{
    settle(t);
    strbuf_reset(&t->order);
    for (unsigned i = 0; i < c->n_item; i++) {
        strbuf_adds(&t->order, i ? ", " : "");
        if (sql_expr(&t->env, c->item[i].expr, &t->order) == SQL_ERROR)
            return -1;
        strbuf_adds(&t->order, c->item[i].desc ? " DESC NULLS LAST" : " NULLS LAST");
    }
    return 0;
}

static int dedup(struct translation *t, const struct query_cmd *c)
{
    struct strbuf sql = STRBUF_INIT, missing = STRBUF_INIT;
    bool ok = true;

    settle(t);
    strbuf_adds(&sql, "SELECT * FROM (\n  SELECT *, row_number() OVER (PARTITION BY ");
    for (unsigned i = 0; ok && i < c->n_item; i++) {
        size_t from;

        strbuf_adds(&sql, i ? ", " : "");
        from = sql.len;
        ok = sql_expr(&t->env, c->item[i].expr, &sql) != SQL_ERROR;
        strbuf_addf(&missing, " OR %s IS NULL", ok ? sql.buf + from : "");
    }
    strbuf_addf(&sql, " ORDER BY %s) AS \"nth\"\n  FROM ",
                t->order.len  ? t->order.buf
                : t->n_column ? t->column[0].quoted
                              : "\"@timestamp\" DESC");
    add_from(t, &sql);
    add_clauses(t, false, &sql);
    strbuf_addf(&sql, "\n)\nWHERE \"nth\" = 1%s", missing.buf ? missing.buf : "");
    strbuf_release(&missing);
    end_step(t, &sql);
    return ok ? 0 : -1;
}

/* A row for each element; `lists` gives those of the new columns. */
static void cross_join(struct translation *t, struct slice lists, size_t first)
{
    struct strbuf sql = STRBUF_INIT;

    strbuf_adds(&sql, "SELECT * FROM ");
    add_from(t, &sql);
    strbuf_addf(&sql, "\nCROSS JOIN UNNEST(" SLICE_FMT ") AS u(", SLICE_ARG(lists));
    for (size_t i = first; i < t->n_column; i++)
        strbuf_addf(&sql, "%s%s", i > first ? ", " : "", t->column[i].quoted);
    strbuf_addc(&sql, ')');
    add_clauses(t, false, &sql);
    end_step(t, &sql);
}

static int unnest(struct translation *t, const struct query_cmd *c)
{
    struct strbuf list = STRBUF_INIT, as = STRBUF_INIT;
    size_t first = t->n_column;
    enum sql_type type;

    settle(t);
    type = sql_expr(&t->env, c->from, &list);
    if (type == SQL_JSON)
        strbuf_addf(&as, "CAST(%s AS array(json))", list.buf);
    else if (type == SQL_LIST)
        strbuf_adds(&as, list.buf);
    else if (type != SQL_ERROR)
        sql_refuse(&t->env, c->from, "only lists that split() or jsonParse() made can be unnested");
    if (as.len) {
        add_column(t, c->made[0], type == SQL_JSON ? SQL_JSON : SQL_TEXT);
        cross_join(t, strbuf_slice(&as), first);
    }
    strbuf_release(&list);
    first = as.len;
    strbuf_release(&as);
    return first ? 0 : -1;
}

static int multi(struct translation *t, const struct query_cmd *c)
{
    struct strbuf lists = STRBUF_INIT, from = STRBUF_INIT;
    size_t first = t->n_column;
    bool ok;

    settle(t);
    ok = sql_as(&t->env, c->from, SQL_TEXT, &from);
    for (unsigned i = 0; ok && i < c->n_made; i++) {
        strbuf_addf(&lists, "%sregexp_extract_all(%s, ", i ? ", " : "", from.buf);
        sql_regex(&lists, regex_source(c->re));
        strbuf_addf(&lists, ", %u)", c->group[i]);
        add_column(t, c->made[i], SQL_TEXT);
    }
    if (ok)
        cross_join(t, strbuf_slice(&lists), first);
    strbuf_release(&lists);
    strbuf_release(&from);
    return ok ? 0 : -1;
}

static void show(struct translation *t, const struct query_cmd *c)
{
    if (c->kind == QCMD_DISPLAY)
        t->n_shown = 0;
    for (unsigned i = 0; i < c->n_item; i++) {
        GROW(t->shown, t->cap_shown, t->n_shown + 1);
        t->shown[t->n_shown++] = &c->item[i];
    }
}

static int command(struct translation *t, const struct query_cmd *c)
{
    switch (c->kind) {
    case QCMD_FILTER:
        return filter(t, c);
    case QCMD_FIELDS:
    case QCMD_DISPLAY:
        show(t, c);
        return 0;
    case QCMD_SORT:
        return sort(t, c);
    case QCMD_LIMIT:
        t->limit = MIN(t->limit, c->limit);
        return 0;
    case QCMD_STATS:
        return stats(t, c);
    case QCMD_DEDUP:
        return dedup(t, c);
    case QCMD_UNNEST:
        return unnest(t, c);
    case QCMD_MULTI:
        return multi(t, c);
    case QCMD_PATTERN:
        sql_refuse(&t->env, c->from, "pattern: SQL does not group texts by their shape");
        return -1;
    case QCMD_JOIN:
        sql_refuse(&t->env, c->item[0].expr, "joins are not written as SQL yet");
        return -1;
    case QCMD_LOOKUP:
        sql_refuse(&t->env, c->item[0].expr, "lookup: Athena does not see a file of this machine");
        return -1;
    case QCMD_DIFF:
        sql_refuse(&t->env, NULL, "diff: ask for each window, and compare what comes");
        return -1;
    case QCMD_FILL:
        sql_refuse(&t->env, NULL, "fillmissing: SQL makes no rows for empty bins");
        return -1;
    }
    return -1;
}

/* --- the whole --- */

static int add_select(struct translation *t, struct strbuf *out)
{
    strbuf_adds(out, "SELECT ");
    for (size_t i = 0; i < t->n_shown; i++) {
        const struct expr *e = t->shown[i]->expr;
        struct strbuf sql = STRBUF_INIT;
        enum sql_type type = sql_expr(&t->env, e, &sql);

        if (type == SQL_ERROR) {
            strbuf_release(&sql);
            return -1;
        }
        strbuf_addf(out, type == SQL_TRUTH ? "%sIF(%s, 1, 0) AS " : "%s%s AS ", i ? ",\n  " : "",
                    sql.buf);
        sql_identifier(out, slice_str(t->shown[i]->name));
        strbuf_release(&sql);
    }
    for (size_t i = 0; !t->n_shown && i < t->n_column; i++)
        strbuf_addf(out, "%s%s", i ? ", " : "", t->column[i].quoted);
    if (!t->n_shown && !t->n_column)
        strbuf_adds(out, "*");
    strbuf_adds(out, "\nFROM ");
    add_from(t, out);
    add_clauses(t, true, out);
    strbuf_adds(out, ";\n");
    return 0;
}

static void add_range(struct translation *t)
{
    const char *word = "";

    if (t->o->from_us != INT64_MIN) {
        char text[40];

        format_iso8601(t->o->from_us, text);
        strbuf_addf(&t->where, "\"@timestamp\" >= from_iso8601_timestamp('%s')", text);
        word = "\n  AND ";
    }
    if (t->o->to_us != INT64_MAX) {
        char text[40];

        format_iso8601(t->o->to_us, text);
        strbuf_addf(&t->where, "%s\"@timestamp\" < from_iso8601_timestamp('%s')", word, text);
    }
}

static int translate(struct translation *t, struct strbuf *out)
{
    if (sql_logs(t) < 0)
        return -1;
    add_range(t);
    for (unsigned i = 0; i < t->q->n_cmd; i++)
        if (command(t, &t->q->cmd[i]) < 0)
            return -1;
    for (unsigned i = 0; i < t->n_type; i++) {
        athena_create(t->table[i], t->o->accounts ? t->o->accounts : "123456789012",
                      t->o->regions ? t->o->regions : "us-east-1", out);
        strbuf_addc(out, '\n');
    }
    for (unsigned id = 0; id < logtype_count(); id++)
        if (t->without >> id & 1)
            strbuf_addf(out, "-- without %s, of which there is no table of Athena\n",
                        logtype_get(id)->fmt->name);
    if (strstr(t->with.buf, "approx_percentile("))
        strbuf_adds(out, "-- approx_percentile() estimates: within some 2 % of the rank\n");
    strbuf_addsl(out, strbuf_slice(&t->with));
    strbuf_addc(out, '\n');
    return add_select(t, out);
}

int athena_print(const struct query_ast *q, const struct athena_options *o, struct strbuf *out,
                 struct query_error *e)
{
    struct translation t = {.q = q, .o = o, .e = e, .limit = UINT64_MAX};
    int rc;

    memset(e, 0, sizeof(*e));
    t.env = (struct sql_env){sql_field, &t, e};
    rc = translate(&t, out);
    for (size_t i = 0; i < t.n_field; i++) {
        free(t.field[i].label);
        free(t.field[i].quoted);
    }
    drop_columns(&t);
    free(t.field);
    free(t.column);
    free(t.shown);
    strbuf_release(&t.with);
    strbuf_release(&t.where);
    strbuf_release(&t.order);
    return rc;
}
