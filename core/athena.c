/* athena.c - the commands of a query as steps of SQL. */
#include "athena.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "athena_tables.h"
#include "regex.h"
#include "value.h"
#include "xalloc.h"

#define MAX_IMPLIED 3 /* log types that a query may mean without naming them */

/* A field that the query names: a column of the step `logs`. */
struct base_field {
    const struct expr *e;
    char *label, *quoted;
    enum sql_type type;
};

/* A column that a command made. */
struct made_column {
    char *name, *quoted;
    enum sql_type type;
};

struct translation {
    const struct query_ast *q;
    const struct athena_options *o;
    struct query_error *e;
    struct sql_env env;
    const struct athena_table *table[MAX_TYPES];
    struct logtype *lt[MAX_TYPES];
    unsigned n_type;
    struct base_field *field;
    size_t n_field, cap_field;
    /* the step at hand */
    struct strbuf with; /* the steps before it */
    unsigned n_step;
    struct strbuf where, order;
    uint64_t limit;
    struct made_column *column; /* cells of its rows */
    size_t n_column, cap_column;
    const struct query_item **shown;
    size_t n_shown, cap_shown;
    struct strbuf *agg; /* while the items of a stats are printed: its aggregates */
    unsigned n_agg;
};

/* --- the fields of the query --- */

static bool same_field(const struct field_ref *a, const struct field_ref *b)
{
    return a->pseudo == b->pseudo &&
           (a->pseudo != PF_NONE || memcmp(a->per_type, b->per_type, sizeof(a->per_type)) == 0);
}

static struct base_field *find_field(struct translation *t, const struct field_ref *f)
{
    for (size_t i = 0; i < t->n_field; i++)
        if (same_field(t->field[i].e->field, f))
            return &t->field[i];
    return NULL;
}

static char *quoted(struct slice name)
{
    struct strbuf out = STRBUF_INIT;

    sql_identifier(&out, name);
    return out.buf;
}

static void note_field(struct translation *t, const struct expr *e)
{
    struct slice name = e->text;
    struct strbuf label = STRBUF_INIT;

    if (e->field->pseudo == PF_COLUMN || find_field(t, e->field))
        return;
    if (e->field->pseudo == PF_TIMESTAMP)
        name = SL("@timestamp");
    strbuf_addsl(&label, name);
    GROW(t->field, t->cap_field, t->n_field + 1);
    t->field[t->n_field++] = (struct base_field){e, label.buf, quoted(name), SQL_TEXT};
}

static void note_fields(struct translation *t, const struct expr *e)
{
    if (!e)
        return;
    if (e->kind == EX_FIELD)
        note_field(t, e);
    for (unsigned i = 0; i < e->n; i++)
        note_fields(t, e->arg[i]);
}

static void note_items(struct translation *t, const struct query_item *item, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        note_fields(t, item[i].expr);
}

static void note_all(struct translation *t)
{
    for (unsigned i = 0; i < t->q->n_cmd; i++) {
        const struct query_cmd *c = &t->q->cmd[i];

        note_fields(t, c->filter);
        note_fields(t, c->from);
        note_items(t, c->item, c->n_item);
        note_items(t, c->by, c->n_by);
        note_items(t, c->agg, c->n_agg);
    }
}

/* --- which log types --- */

static bool is_logtype(const struct expr *e)
{
    return e->kind == EX_FIELD && e->field->pseudo == PF_LOGTYPE;
}

/* The types that a filter leaves: of and, or, and tests of @logtype; all of anything else. */
static uint64_t types_left(const struct expr *e, uint64_t all)
{
    uint64_t left = e->kind == EX_AND ? all : 0;

    switch (e->kind) {
    case EX_AND:
        for (unsigned i = 0; i < e->n; i++)
            left &= types_left(e->arg[i], all);
        return left;
    case EX_OR:
        for (unsigned i = 0; i < e->n; i++)
            left |= types_left(e->arg[i], all);
        return left;
    case EX_CMP:
    case EX_IN:
        if (!is_logtype(e->arg[0]) || (e->kind == EX_CMP && e->op != OP_EQ))
            return all;
        for (unsigned i = 1; i < e->n; i++) {
            struct logtype *lt =
                e->arg[i]->kind == EX_STR ? logtype_by_name(e->arg[i]->text) : NULL;

            left |= lt ? UINT64_C(1) << lt->id : 0;
        }
        return left;
    default:
        return all;
    }
}

/* Those that have every field of the query. */
static uint64_t types_with_fields(const struct translation *t, uint64_t types)
{
    for (size_t i = 0; i < t->n_field; i++) {
        const struct field_ref *f = t->field[i].e->field;

        for (unsigned id = 0; f->pseudo == PF_NONE && id < logtype_count(); id++)
            if (f->per_type[id] < 0)
                types &= ~(UINT64_C(1) << id);
    }
    return types;
}

static int no_types(struct translation *t, const char *why)
{
    sql_refuse(&t->env, NULL, "%s", why);
    snprintf(t->e->hint, sizeof(t->e->hint), "begin with filter @logtype = \"alb\"");
    return -1;
}

static int choose_types(struct translation *t)
{
    uint64_t all = 0, types;
    bool named = t->o->types != 0;

    for (unsigned id = 0; id < logtype_count(); id++)
        if (athena_table(logtype_get(id)->fmt->name))
            all |= UINT64_C(1) << id;
    types = t->o->types ? t->o->types & all : all;
    for (unsigned i = 0; i < t->q->n_cmd && t->q->cmd[i].kind != QCMD_STATS; i++) {
        uint64_t left = t->q->cmd[i].kind == QCMD_FILTER
                            ? types_left(t->q->cmd[i].filter, UINT64_MAX)
                            : UINT64_MAX;

        named = named || left != UINT64_MAX;
        types &= left;
    }
    if (!named)
        types = types_with_fields(t, types);
    for (unsigned id = 0; id < logtype_count(); id++) {
        if (!(types >> id & 1))
            continue;
        t->lt[t->n_type] = logtype_get(id);
        t->table[t->n_type++] = athena_table(logtype_get(id)->fmt->name);
    }
    if (t->n_type == 0)
        return no_types(t, "AWS delivers no logs of such a type, with all of these fields, to S3");
    if (!named && t->n_type > MAX_IMPLIED)
        return no_types(t, "the query does not say which logs it is about");
    return 0;
}

/* --- fields as columns of their tables --- */

static const struct athena_column *column_of(const struct athena_table *t, const char *field)
{
    for (unsigned i = 0; i < t->n_column; i++)
        if (t->column[i].field && strcmp(t->column[i].field, field) == 0)
            return &t->column[i];
    return NULL;
}

static bool is_text_column(const struct athena_column *c)
{
    return strcmp(c->type, "string") == 0;
}

/* a.b.c: members of a struct column, or of JSON in a text column. */
static bool add_path(const struct athena_table *t, const char *field, struct strbuf *out)
{
    struct slice rest = slice_str(field), first = slice_cut(&rest, '.'), part;
    struct strbuf path = STRBUF_INIT;
    bool found = false;

    for (unsigned i = 0; rest.ptr && i < t->n_column && !found; i++) {
        const struct athena_column *c = &t->column[i];

        if (!slice_eq_nocase(first, slice_str(c->name)))
            continue;
        found = is_text_column(c) || strncmp(c->type, "struct<", 7) == 0;
        if (found && is_text_column(c)) {
            strbuf_addf(&path, "$." SLICE_FMT, SLICE_ARG(rest));
            strbuf_addf(out, "json_extract_scalar(\"%s\", ", c->name);
            sql_quote(out, strbuf_slice(&path));
            strbuf_addc(out, ')');
        } else if (found) {
            strbuf_addf(out, "\"%s\"", c->name);
            while ((part = slice_cut(&rest, '.')).ptr) {
                strbuf_addc(out, '.');
                strbuf_reset(&path);
                for (size_t k = 0; k < part.len; k++)
                    strbuf_addc(&path,
                                (char)(part.ptr[k] >= 'A' && part.ptr[k] <= 'Z' ? part.ptr[k] + 32
                                                                                : part.ptr[k]));
                sql_identifier(out, strbuf_slice(&path));
                if (!rest.ptr)
                    break;
            }
        }
    }
    strbuf_release(&path);
    return found;
}

/* The column or expression of a field as text or number; false: the table has nothing of it. */
static bool add_raw(const struct athena_table *t, const char *field, bool *text, struct strbuf *out)
{
    const struct athena_column *c = column_of(t, field);

    *text = !c || is_text_column(c);
    if (c && *text)
        strbuf_addf(out, "NULLIF(\"%s\", '-')", c->name);
    else if (c)
        strbuf_addf(out, "\"%s\"", c->name);
    if (c)
        return true;
    for (unsigned i = 0; i < t->n_made; i++) {
        if (strcmp(t->made[i].field, field) == 0) {
            strbuf_adds(out, t->made[i].sql);
            return true;
        }
    }
    return add_path(t, field, out);
}

static bool add_field(struct translation *t, unsigned i, const struct base_field *f,
                      struct strbuf *out)
{
    int at = f->e->field->per_type[t->lt[i]->id];
    const struct field_def *d = at >= 0 ? t->lt[i]->field[at] : NULL;
    struct strbuf raw = STRBUF_INIT;
    bool text, ok = true;

    if (!d) {
        strbuf_adds(out, "NULL");
    } else if (!add_raw(t->table[i], d->name, &text, &raw)) {
        sql_refuse(&t->env, f->e, "the Athena table of %s has no column for %s", t->table[i]->type,
                   d->name);
        ok = false;
    } else if (d->kind == FK_TIME) {
        strbuf_addf(out, text ? "from_iso8601_timestamp(%s)" : "from_unixtime(%s)", raw.buf);
    } else if (f->type == SQL_NUMBER) {
        strbuf_addf(out,
                    text            ? "TRY_CAST(%s AS double)"
                    : t->n_type > 1 ? "CAST(%s AS double)"
                                    : "%s",
                    raw.buf);
    } else {
        strbuf_addf(out, text ? "%s" : "CAST(%s AS varchar)", raw.buf);
    }
    strbuf_release(&raw);
    return ok;
}

/* The type that a field has in all the log types together. */
static enum sql_type field_type(const struct translation *t, const struct base_field *f)
{
    enum sql_type common = SQL_ERROR;

    for (unsigned i = 0; i < t->n_type; i++) {
        int at = f->e->field->per_type[t->lt[i]->id];
        const struct field_def *d = at >= 0 ? t->lt[i]->field[at] : NULL;
        enum sql_type own = !d                                         ? SQL_ERROR
                            : d->kind == FK_TIME                       ? SQL_TIME
                            : d->kind == FK_NUM && !(d->flags & FF_ID) ? SQL_NUMBER
                                                                       : SQL_TEXT;

        if (own != SQL_ERROR)
            common = common == SQL_ERROR || common == own ? own : SQL_TEXT;
    }
    return common == SQL_ERROR ? SQL_TEXT : common;
}

static bool add_pseudo(struct translation *t, unsigned i, const struct base_field *f,
                       struct strbuf *out)
{
    switch (f->e->field->pseudo) {
    case PF_TIMESTAMP:
        strbuf_adds(out, t->table[i]->time);
        return true;
    case PF_LOGTYPE:
        strbuf_addf(out, "'%s'", t->table[i]->type);
        return true;
    case PF_FILE:
        strbuf_adds(out, "\"$path\"");
        return true;
    case PF_ACCOUNT:
    case PF_REGION:
        strbuf_adds(out, !athena_partition(t->table[i], f->label + 1) ? "NULL"
                         : f->e->field->pseudo == PF_ACCOUNT          ? "\"account\""
                                                                      : "\"region\"");
        return true;
    case PF_MESSAGE:
        sql_refuse(&t->env, f->e, "an Athena table has no raw line: name a field");
        return false;
    default:
        sql_refuse(&t->env, f->e, "%s is not known to an Athena table", f->label);
        return false;
    }
}

static void add_day(const struct athena_table *t, const char *op, int64_t us, struct strbuf *out)
{
    time_t s = (time_t)(us / 1000000 - (us % 1000000 < 0));
    char text[32];
    struct tm tm;

    gmtime_r(&s, &tm);
    strftime(text, sizeof(text), strstr(t->day, "mm") ? "%Y/%m/%d/%H/%M" : "%Y/%m/%d", &tm);
    strbuf_addf(out, "\"day\" %s '%s'", op, text);
}

/* Objects come minutes to a day after what is in them. */
#define LATE_US INT64_C(86400000000)

static void add_partitions(const struct translation *t, const struct athena_table *table,
                           struct strbuf *out)
{
    const char *word = "\n  WHERE ";

    if (!table->day)
        return;
    if (t->o->from_us != INT64_MIN) {
        strbuf_adds(out, word);
        add_day(table, ">=", t->o->from_us, out);
        word = " AND ";
    }
    if (t->o->to_us != INT64_MAX) {
        strbuf_adds(out, word);
        add_day(table, "<=", t->o->to_us + LATE_US, out);
    }
}

static int add_logs(struct translation *t)
{
    struct strbuf *out = &t->with;

    strbuf_adds(out, "WITH logs AS (\n");
    for (unsigned i = 0; i < t->n_type; i++) {
        strbuf_adds(out, i ? "\n  UNION ALL\n  SELECT " : "  SELECT ");
        for (size_t k = 0; k < t->n_field; k++) {
            const struct base_field *f = &t->field[k];

            strbuf_adds(out, k ? ",\n    " : "");
            if (f->e->field->pseudo == PF_NONE ? !add_field(t, i, f, out)
                                               : !add_pseudo(t, i, f, out))
                return -1;
            strbuf_addf(out, " AS %s", f->quoted);
        }
        strbuf_addf(out, "\n  FROM %s", t->table[i]->name);
        add_partitions(t, t->table[i], out);
    }
    strbuf_adds(out, "\n)");
    return 0;
}

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
        f = find_field(t, e->field);
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
    t->column[t->n_column++] = (struct made_column){xstrdup(name), quoted(slice_str(name)), type};
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
    static struct field_ref time_ref = {.pseudo = PF_TIMESTAMP, .column = -1};
    static const struct expr time_field = {.kind = EX_FIELD, .field = &time_ref};

    note_field(t, &time_field);
    note_all(t);
    if (choose_types(t) < 0)
        return -1;
    for (size_t i = 0; i < t->n_field; i++)
        t->field[i].type = t->field[i].e->field->pseudo == PF_TIMESTAMP ? SQL_TIME
                           : t->field[i].e->field->pseudo == PF_NONE ? field_type(t, &t->field[i])
                                                                     : SQL_TEXT;
    if (add_logs(t) < 0)
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
