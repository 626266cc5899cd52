/* expr_names.c - from names to fields and columns, and the nearest name to one that is not known.
 *
 * A name is looked up in every log type at once. An exact spelling anywhere outranks a loose one
 * elsewhere. */
#include <stdio.h>

#include "expr_impl.h"

/* --- nearest names --- */

#define NEAR_MAX 48

static unsigned char lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

static unsigned edit_distance(struct slice a, struct slice b)
{
    unsigned row[NEAR_MAX + 1];

    if (a.len > NEAR_MAX || b.len > NEAR_MAX)
        return UINT_MAX;
    for (size_t k = 0; k <= b.len; k++)
        row[k] = (unsigned)k;
    for (size_t i = 1; i <= a.len; i++) {
        unsigned diagonal = row[0];

        row[0] = (unsigned)i;
        for (size_t k = 1; k <= b.len; k++) {
            unsigned swap = diagonal + (lower(a.ptr[i - 1]) != lower(b.ptr[k - 1]));

            diagonal = row[k];
            row[k] = MIN(swap, MIN(row[k], row[k - 1]) + 1);
        }
    }
    return row[b.len];
}

void nearest_offer(struct nearest *near, struct slice name)
{
    unsigned d = edit_distance(near->want, name), i;

    if (d == 0 || d > MAX(2U, (unsigned)near->want.len / 3) || d >= near->want.len)
        return;
    for (i = 0; i < near->n; i++)
        if (slice_eq(near->best[i].name, name))
            return;
    for (i = near->n; i > 0 && near->best[i - 1].distance > d; i--)
        if (i < ARRAY_LEN(near->best))
            near->best[i] = near->best[i - 1];
    if (i == ARRAY_LEN(near->best))
        return;
    near->best[i].name = name;
    near->best[i].distance = d;
    near->n = MIN(near->n + 1, (unsigned)ARRAY_LEN(near->best));
}

void nearest_hint(const struct nearest *near, char *hint, size_t len)
{
    size_t used = 0;

    if (len)
        hint[0] = 0;
    for (unsigned i = 0; i < near->n && used < len; i++) {
        int k = snprintf(hint + used, len - used, "%s" SLICE_FMT,
                         i ? ", " : "nearest: ", SLICE_ARG(near->best[i].name));

        used += k > 0 ? (size_t)k : 0;
    }
}

/* --- fields --- */

static const struct {
    const char *name;
    enum pseudo_field pseudo;
} system_fields[] = {
    {"@timestamp", PF_TIMESTAMP},
    {"@message", PF_MESSAGE},
    {"@logtype", PF_LOGTYPE},
    {"@file", PF_FILE},
    {"@line", PF_LINE},
    {"@record", PF_RECORD},
    {"@source", PF_SOURCE},
    {"@account", PF_ACCOUNT},
    {"@region", PF_REGION},
    {"@service", PF_SERVICE},
    {"@resource", PF_RESOURCE},
    {"@unparsed", PF_UNPARSED},
    {"@logStream", PF_STREAM},
    {"logStream", PF_STREAM},
    {"@log", PF_LOG},
    {"logGroup", PF_LOG},
    {"@logGroup", PF_LOG},
    {"@type", PF_LOGTYPE},
    {"ip", PF_ANYIP},
};

static bool find_system(struct slice name, struct field_ref *out)
{
    for (unsigned i = 0; i < ARRAY_LEN(system_fields); i++) {
        if (slice_is(name, system_fields[i].name)) {
            out->pseudo = system_fields[i].pseudo;
            return true;
        }
    }
    return false;
}

static bool listed(const char *aliases, struct slice name)
{
    struct slice left = slice_str(aliases);

    while (left.ptr)
        if (slice_eq(slice_cut(&left, ' '), name))
            return true;
    return false;
}

enum { RANK_LOOSE = 1, RANK_ALIAS, RANK_EXACT };

static unsigned name_rank(const struct field_def *f, struct slice name)
{
    if (slice_is(name, f->name))
        return RANK_EXACT;
    if ((f->role != FR_NONE && slice_is(name, field_role_name(f->role))) ||
        listed(f->aliases, name))
        return RANK_ALIAS;
    return RANK_LOOSE;
}

static void field_hint(struct slice name, char *hint, size_t len)
{
    struct nearest near = {.want = name};

    for (unsigned i = 0; i < ARRAY_LEN(system_fields); i++)
        nearest_offer(&near, slice_str(system_fields[i].name));
    for (unsigned role = FR_NONE + 1; role < FR_COUNT; role++)
        nearest_offer(&near, slice_str(field_role_name(role)));
    for (unsigned t = 0; t < logtype_count(); t++) {
        struct logtype *lt = logtype_get(t);

        for (unsigned i = 0; i < lt->n_static; i++)
            nearest_offer(&near, slice_str(lt->field[i]->name));
    }
    nearest_hint(&near, hint, len);
}

bool field_resolve(struct slice name, struct field_ref *out, char *hint, size_t hint_len)
{
    unsigned rank[MAX_TYPES] = {0}, best = 0;
    const char *ambiguous = NULL;

    if (hint_len)
        hint[0] = 0;
    *out = (struct field_ref){.pseudo = PF_NONE, .column = -1};
    for (unsigned t = 0; t < MAX_TYPES; t++)
        out->per_type[t] = -1;
    for (unsigned t = 0; t < logtype_count(); t++) {
        struct logtype *lt = logtype_get(t);
        int field = logtype_lookup(lt, name);

        if (field == -2)
            ambiguous = lt->fmt->name;
        if (field < 0)
            continue;
        out->per_type[t] = (int16_t)field;
        rank[t] = name_rank(lt->field[field], name);
        best = MAX(best, rank[t]);
    }
    if (best < RANK_EXACT && find_system(name, out))
        best = 0;
    for (unsigned t = 0; t < MAX_TYPES; t++)
        if (rank[t] == 0 || out->pseudo != PF_NONE || (rank[t] == RANK_LOOSE && best > RANK_LOOSE))
            out->per_type[t] = -1;
    if (best > 0 || out->pseudo != PF_NONE)
        return true;
    if (ambiguous)
        snprintf(hint, hint_len, "more than one field of %s goes by that name", ambiguous);
    else
        field_hint(name, hint, hint_len);
    return false;
}

bool field_name_is_exact(struct slice name, const struct field_ref *near)
{
    if (near && near->pseudo == PF_LOGTYPE && logtype_by_name(name))
        return false; /* @logtype=waf, whatever else is called so */
    for (unsigned t = 0; t < logtype_count(); t++) {
        struct logtype *lt = logtype_get(t);

        if (near && near->pseudo == PF_NONE && near->per_type[t] < 0)
            continue;
        if (logtype_field(lt, name, false) >= 0)
            return true;
    }
    return false;
}

static struct expr *field_node(struct parser *p, struct slice name, size_t at, size_t len)
{
    struct field_ref ref;
    char hint[sizeof(p->error->hint)];
    struct expr *e;

    if (!field_resolve(name, &ref, hint, sizeof(hint)))
        return NULL;
    e = expr_new(p, EX_FIELD, at, at + len);
    e->text = pool_text(p->pool, name);
    e->field = pool_alloc(p->pool, sizeof(ref));
    *e->field = ref;
    return e;
}

struct expr *bind_system(struct parser *p, const char *name)
{
    return field_node(p, slice_str(name), p->at, 0);
}

/* How much of the text at `at` spells the column's name; blanks do not count, nor does case. */
static size_t spells_column(struct slice q, size_t at, struct slice name)
{
    size_t i = at, k = 0;

    while (k < name.len) {
        if (is_blank(name.ptr[k])) {
            k++;
        } else if (i < q.len && is_blank(q.ptr[i]) && i > at) {
            i++;
        } else if (i < q.len && lower(q.ptr[i]) == lower(name.ptr[k])) {
            i++;
            k++;
        } else {
            return 0;
        }
    }
    if (i < q.len && q.ptr[i] == '.') /* a member of it may follow */
        return i - at;
    return i < q.len && lex_name_char(q.ptr[i]) && lex_name_char(q.ptr[i - 1]) ? 0 : i - at;
}

static size_t column_length(struct slice q, size_t at, const struct column_name *c, bool stats)
{
    size_t n = spells_column(q, at, c->name);

    if (!n && stats && slice_eq_nocase(c->name, SL("count(*)")))
        n = spells_column(q, at, SL("count()"));
    if (!n && stats && slice_eq_nocase(c->name, SL("count()")))
        n = spells_column(q, at, SL("count(*)"));
    return n;
}

struct expr *bind_cell(struct parser *p, struct slice name, int cell)
{
    struct expr *e = expr_new(p, EX_FIELD, p->at, p->at);

    e->text = name;
    e->field = pool_alloc(p->pool, sizeof(*e->field));
    e->field->pseudo = PF_COLUMN;
    e->field->column = cell;
    for (unsigned t = 0; t < MAX_TYPES; t++)
        e->field->per_type[t] = -1;
    return e;
}

/* What the name at p->at stands for, the longest one counts. *whole: no member of it follows. */
static struct expr *find_column(struct parser *p, size_t *len, bool *whole)
{
    struct slice quoted = {NULL, 0};
    size_t n_quoted = lex_quoted_name(p->q, p->at, &quoted), best = 0, found = 0;
    struct expr *e;

    for (size_t i = p->n_column; i-- > 0;) {
        const struct column_name *c = &p->column[i];
        size_t n;

        if (!c->alias || c->item != (p->agg != NULL))
            continue;
        if (n_quoted)
            n = slice_eq(quoted, c->name) ? n_quoted : 0;
        else
            n = column_length(p->q, p->at, c, p->after_stats);
        if (n > best) {
            best = n;
            found = i;
        }
    }
    if (!best)
        return NULL;
    *len = best;
    *whole = p->at + best >= p->q.len || p->q.ptr[p->at + best] != '.';
    e = expr_copy(p, p->column[found].expr);
    e->at = (unsigned)p->at;
    e->at_len = (unsigned)best;
    return e;
}

static bool ends_name(char c)
{
    return c == ')' || lex_name_char(c);
}

/* Names with - : ( ) $ inside, longest first, down to the plain name. */
static struct expr *find_wide(struct parser *p, size_t *len)
{
    size_t plain = lex_name(p->q, p->at);

    for (size_t n = lex_wide_name(p->q, p->at); n > plain; n--) {
        bool inside = p->at + n < p->q.len && lex_name_char(p->q.ptr[p->at + n]) &&
                      lex_name_char(p->q.ptr[p->at + n - 1]);
        struct expr *e = NULL;

        if (!inside && ends_name(p->q.ptr[p->at + n - 1]))
            e = field_node(p, slice_of(p->q.ptr + p->at, n), p->at, n);
        if (e) {
            *len = n;
            return e;
        }
    }
    return NULL;
}

static struct expr *find_field(struct parser *p, size_t *len)
{
    struct slice name = {NULL, 0};
    size_t n = lex_quoted_name(p->q, p->at, &name);
    struct expr *e;

    *len = n ? n : lex_name(p->q, p->at);
    if (p->after_stats || p->agg || !*len)
        return NULL;
    if (!n) {
        e = find_wide(p, len);
        if (e)
            return e;
        name = slice_of(p->q.ptr + p->at, *len);
        if (name.len > 2 && name.ptr[0] == '@' && name.ptr[1] == '@')
            name = slice_of(name.ptr + 1, name.len - 1);
    } else if (p->q.ptr[p->at] == '@') {
        struct slice system = pool_text(p->pool, slice_of(p->q.ptr + p->at, n - 1));

        memmove((char *)system.ptr + 1, name.ptr, name.len);
        name = slice_of(system.ptr, name.len + 1);
    }
    return field_node(p, name, p->at, *len);
}

/* A column whose name is all of it, a field, a column of which a member follows. */
struct expr *bind_name(struct parser *p, size_t *len)
{
    bool whole = false;
    size_t n = 0;
    struct expr *column, *e;

    e = bind_joined(p, len);
    if (e || *len)
        return e;
    column = find_column(p, &n, &whole);

    if (column && whole) {
        *len = n;
        return column;
    }
    e = find_field(p, len);
    if (e || !column)
        return e;
    *len = n;
    return column;
}

void bind_unknown(struct parser *p, size_t at, size_t len)
{
    struct slice name = slice_of(p->q.ptr + at, len);
    struct field_ref ref;
    char hint[sizeof(p->error->hint)] = "";

    if (joined_unknown(p, at, len))
        return;
    if (p->after_stats) {
        struct nearest near = {.want = name};

        for (size_t i = 0; i < p->n_column; i++)
            nearest_offer(&near, p->column[i].name);
        nearest_hint(&near, hint, sizeof(hint));
        parse_fail(p, at, len, "stats made no column " SLICE_FMT, SLICE_ARG(name));
    } else {
        field_resolve(name, &ref, hint, sizeof(hint));
        parse_fail(p, at, len, "there is no field " SLICE_FMT, SLICE_ARG(name));
        p->error->unknown_field = true;
    }
    parse_hint(p, "%s", hint);
}
