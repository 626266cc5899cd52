/* athena_logs.c - the first step of the SQL: the fields of the query as columns, out of the tables
 * that have them. */
#include <stdio.h>
#include <time.h>

#include "athena_impl.h"
#include "value.h"
#include "xalloc.h"

#define MAX_IMPLIED 3 /* log types that a query may mean without naming them */

/* --- the fields of the query --- */

static bool same_field(const struct field_ref *a, const struct field_ref *b)
{
    return a->pseudo == b->pseudo &&
           (a->pseudo != PF_NONE || memcmp(a->per_type, b->per_type, sizeof(a->per_type)) == 0);
}

struct base_field *sql_find_field(struct translation *t, const struct field_ref *f)
{
    for (size_t i = 0; i < t->n_field; i++)
        if (same_field(t->field[i].e->field, f))
            return &t->field[i];
    return NULL;
}

char *sql_quoted(struct slice name)
{
    struct strbuf out = STRBUF_INIT;

    sql_identifier(&out, name);
    return out.buf;
}

static void note_field(struct translation *t, const struct expr *e)
{
    struct slice name = e->text;
    struct strbuf label = STRBUF_INIT;

    if (e->field->pseudo == PF_COLUMN || sql_find_field(t, e->field))
        return;
    if (e->field->pseudo == PF_TIMESTAMP)
        name = SL("@timestamp");
    strbuf_addsl(&label, name);
    GROW(t->field, t->cap_field, t->n_field + 1);
    t->field[t->n_field++] = (struct base_field){e, label.buf, sql_quoted(name), SQL_TEXT};
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

/* Types that were asked for and have no table: with the reason of the first. */
static int no_table(struct translation *t, uint64_t types)
{
    const char *why = NULL, *type = NULL;

    for (unsigned id = 0; id < logtype_count() && !why; id++)
        if (types >> id & 1)
            why = athena_no_table(type = logtype_get(id)->fmt->name);
    if (!why)
        return no_types(
            t, "awl knows no table of Athena for logs of such a type, with all of these fields");
    sql_refuse(&t->env, NULL, "no table of Athena for %s: %s", type, why);
    return -1;
}

static int choose_types(struct translation *t)
{
    uint64_t all = 0, asked = t->o->types ? t->o->types : UINT64_MAX, types;
    bool named = t->o->types != 0, by_query = false;

    for (unsigned id = 0; id < logtype_count(); id++)
        if (athena_table(logtype_get(id)->fmt->name))
            all |= UINT64_C(1) << id;
    types = asked & all;
    for (unsigned i = 0; i < t->q->n_cmd && t->q->cmd[i].kind != QCMD_STATS; i++) {
        uint64_t left = t->q->cmd[i].kind == QCMD_FILTER
                            ? types_left(t->q->cmd[i].filter, UINT64_MAX)
                            : UINT64_MAX;

        by_query = by_query || left != UINT64_MAX;
        types &= left;
        asked &= left;
    }
    named = named || by_query;
    t->without = named ? asked & ~all : 0;
    if (t->without && (by_query || types == 0))
        return no_table(t, t->without);
    if (!named)
        types = types_with_fields(t, types);
    for (unsigned id = 0; id < logtype_count(); id++) {
        if (!(types >> id & 1))
            continue;
        t->lt[t->n_type] = logtype_get(id);
        t->table[t->n_type++] = athena_table(logtype_get(id)->fmt->name);
    }
    if (t->n_type == 0)
        return no_table(t, 0);
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
    strftime(text, sizeof(text),
             strstr(t->day, "mm")   ? "%Y/%m/%d/%H/%M"
             : strstr(t->day, "HH") ? "%Y/%m/%d/%H"
                                    : "%Y/%m/%d",
             &tm);
    strbuf_addf(out, "\"day\" %s '%s'", op, text);
}

/* Objects come minutes to a day after what is in them. */
#define LATE_US INT64_C(86400000000)

static void add_partitions(const struct translation *t, const struct athena_table *table,
                           struct strbuf *out)
{
    const char *word = "\n  WHERE ";

    if (table->files) {
        strbuf_addf(out, "%s%s", word, table->files);
        word = " AND ";
    }
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

int sql_logs(struct translation *t)
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
    return add_logs(t);
}
