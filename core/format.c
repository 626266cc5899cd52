/* format.c - the registry of log types.
 *
 * Every type starts with its static table and extra_1 ... extra_32. Names learned from header
 * lines are appended behind them under one mutex; readers see a field once n_fields, stored with
 * release order, covers it, and a field never moves. Layouts are interned in one table: the id
 * of a layout is its place in it. */
#include "format.h"

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "json.h"
#include "json_scan.h"
#include "tok_space.h"
#include "xalloc.h"

#define FORMAT(name) extern const struct format format_##name;
#include "formats.def"
#undef FORMAT

static const struct format *const formats[] = {
#define FORMAT(name) &format_##name,
#include "formats.def"
#undef FORMAT
};

#define N_FORMATS ARRAY_LEN(formats)
#define MAX_LAYOUTS 4096
#define MAX_SCORE 100 /* of a probe */
#define MAX_NAME 256  /* longest column name taken from a header */

static struct logtype types[MAX_TYPES];
static unsigned n_types = N_FORMATS;
static struct field_def extra_fields[MAX_EXTRA];
static char extra_names[MAX_EXTRA][16];
static _Atomic(const struct layout *) layouts[MAX_LAYOUTS];
static unsigned n_layouts; /* under `lock` */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void name_extras(void)
{
    for (unsigned i = 0; i < MAX_EXTRA; i++) {
        snprintf(extra_names[i], sizeof(extra_names[i]), "extra_%u", i + 1);
        extra_fields[i] = (struct field_def){
            .name = extra_names[i],
            .kind = FK_TEXT,
            .flags = FF_NOCOL,
            .meaning = "a value behind the fields that are known",
        };
    }
}

static void init_type(unsigned id, const struct format *f)
{
    struct logtype *lt = &types[id];
    unsigned n = 0;

    lt->fmt = f;
    lt->id = id;
    lt->n_static = f->n_fields;
    BUG_ON(lt->n_static + MAX_EXTRA > MAX_FIELDS);
    for (; n < lt->n_static; n++)
        lt->field[n] = (struct field_def *)&f->fields[n];
    for (unsigned i = 0; i < MAX_EXTRA; i++)
        lt->field[n++] = &extra_fields[i];
    atomic_store_explicit(&lt->n_fields, n, memory_order_release);
}

static void init_types(void)
{
    name_extras();
    for (unsigned id = 0; id < N_FORMATS; id++)
        init_type(id, formats[id]);
}

unsigned logtype_count(void)
{
    return n_types;
}

struct logtype *logtype_get(unsigned id)
{
    pthread_once(&once, init_types);
    BUG_ON(id >= n_types);
    return &types[id];
}

struct logtype *logtype_by_name(struct slice name)
{
    for (unsigned id = 0; id < n_types; id++)
        if (slice_is(name, logtype_get(id)->fmt->name))
            return logtype_get(id);
    return NULL;
}

struct logtype *logtype_add(const struct format *f)
{
    if (n_types == MAX_TYPES || logtype_by_name(slice_str(f->name)))
        return NULL;
    init_type(n_types, f);
    return &types[n_types++];
}

struct logtype *logtype_text(void)
{
    return logtype_get(N_FORMATS - 1);
}

const char *reason_text(enum parse_reason r)
{
    static const char *const text[REASON_COUNT] = {[REASON_NONE] = "",
#define X(id, words) [REASON_##id] = words,
                                                   PARSE_REASONS(X)
#undef X
    };

    return (unsigned)r < REASON_COUNT ? text[r] : "";
}

const char *field_role_name(enum field_role role)
{
    static const char *const text[FR_COUNT] = {[FR_NONE] = "",
#define X(id, name) [FR_##id] = name,
                                               FIELD_ROLES(X)
#undef X
    };

    return (unsigned)role < FR_COUNT ? text[role] : "";
}

/* --- records --- */

static unsigned count_fields(const struct logtype *lt)
{
    return atomic_load_explicit(&lt->n_fields, memory_order_acquire);
}

struct record *record_new(void)
{
    struct record *r = xmalloc(sizeof(*r));

    r->n_val = 0;
    r->static_only = false;
    r->mem = (struct arena){0};
    return r;
}

void record_free(struct record *r)
{
    if (r)
        arena_release(&r->mem);
    free(r);
}

void record_begin(struct record *rec, const struct logtype *lt)
{
    record_begin_first(rec, rec->static_only || !lt->fmt->json ? lt->n_static : count_fields(lt));
}

void record_begin_first(struct record *rec, unsigned n)
{
    rec->n_val = n;
    memset(rec->val, 0, rec->n_val * sizeof(rec->val[0]));
    rec->ts = TIME_NONE;
    rec->reason = REASON_NONE;
    arena_clear(&rec->mem);
}

/* --- fields --- */

static int find_exact(const struct logtype *lt, struct slice name, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++)
        if (slice_is(name, lt->field[i]->name))
            return (int)i;
    return -1;
}

bool logtype_has_parts(const struct logtype *lt, struct slice name)
{
    for (unsigned i = 0, n = count_fields(lt); i < n; i++) {
        const char *own = lt->field[i]->name;

        if (strlen(own) > name.len && memcmp(own, name.ptr, name.len) == 0 && own[name.len] == '.')
            return true;
    }
    return false;
}

static int append_field(struct logtype *lt, struct slice name)
{
    unsigned n = count_fields(lt);
    struct field_def *f;

    if (n == MAX_FIELDS || !name.len || name.len > MAX_NAME || memchr(name.ptr, '\0', name.len))
        return -1;
    f = xcalloc(1, sizeof(*f));
    f->name = slice_dup(name);
    f->kind = FK_TEXT;
    f->flags = FF_NOCOL;
    if (lt->fmt->json && logtype_has_parts(lt, name))
        f->flags |= FF_COMPOSITE; /* an object whose members were met before it was asked for */
    f->meaning = lt->fmt->json ? "a member that the documentation does not list"
                               : "a column that the header names and the documentation does not";
    lt->field[n] = f;
    atomic_store_explicit(&lt->n_fields, n + 1, memory_order_release);
    return (int)n;
}

int logtype_field(struct logtype *lt, struct slice name, bool create)
{
    int at = find_exact(lt, name, 0, count_fields(lt));

    if (at >= 0 || !create)
        return at;
    pthread_mutex_lock(&lock);
    at = find_exact(lt, name, lt->n_static, count_fields(lt));
    if (at < 0)
        at = append_field(lt, name);
    pthread_mutex_unlock(&lock);
    return at;
}

int logtype_role(const struct logtype *lt, enum field_role role)
{
    for (unsigned i = 0; i < lt->n_static; i++)
        if (role != FR_NONE && lt->field[i]->role == role)
            return (int)i;
    return -1;
}

static int find_role(const struct logtype *lt, struct slice name)
{
    for (unsigned role = FR_NONE + 1; role < FR_COUNT; role++)
        if (slice_is(name, field_role_name(role)))
            return logtype_role(lt, role);
    return -1;
}

typedef bool same_name_fn(struct slice a, struct slice b);

static bool has_alias(const struct field_def *f, struct slice name, same_name_fn *same)
{
    struct slice left = slice_str(f->aliases);

    while (left.ptr) {
        struct slice alias = slice_cut(&left, ' ');

        if (alias.len && same(alias, name))
            return true;
    }
    return false;
}

/* The next character that counts in a loose comparison, in lower case; 0 at the end. */
static unsigned char next_letter(struct slice s, size_t *i)
{
    while (*i < s.len) {
        unsigned char c = (unsigned char)s.ptr[(*i)++];

        if (c && !strchr("-_. ():$", c))
            return c >= 'A' && c <= 'Z' ? c + 32 : c;
    }
    return 0;
}

static bool same_loosely(struct slice a, struct slice b)
{
    size_t i = 0, k = 0;

    for (;;) {
        unsigned char x = next_letter(a, &i), y = next_letter(b, &k);

        if (x != y)
            return false;
        if (!x)
            return true;
    }
}

/* Whether field `i` goes by `name` when case and punctuation are ignored. */
static bool matches_loosely(const struct logtype *lt, unsigned i, struct slice name)
{
    const struct field_def *f = lt->field[i];

    return same_loosely(slice_str(f->name), name) || has_alias(f, name, same_loosely) ||
           (f->role != FR_NONE && same_loosely(slice_str(field_role_name(f->role)), name));
}

static int find_loosely(const struct logtype *lt, struct slice name, unsigned n)
{
    int found = -1, whole = -1;

    for (unsigned i = 0; i < n; i++) {
        if (!matches_loosely(lt, i, name))
            continue;
        if (lt->field[i]->flags & FF_COMPOSITE) {
            whole = whole < 0 ? (int)i : whole;
            continue;
        }
        if (found >= 0)
            return -2;
        found = (int)i;
    }
    return found >= 0 ? found : whole;
}

static int find_alias(const struct logtype *lt, struct slice name)
{
    for (unsigned i = 0; i < lt->n_static; i++)
        if (has_alias(lt->field[i], name, slice_eq))
            return (int)i;
    return -1;
}

int logtype_alias(const struct logtype *lt, struct slice name)
{
    int at = find_alias(lt, name);

    return at >= 0 ? at : MAX(find_loosely(lt, name, lt->n_static), -1);
}

int logtype_key(const struct logtype *lt, struct slice name)
{
    for (const char *const *pair = lt->fmt->json_keys; pair && *pair; pair += 2)
        if (slice_is(name, pair[0]))
            return find_exact(lt, slice_str(pair[1]), 0, lt->n_static);
    return -1;
}

bool logtype_documents(const struct logtype *lt, struct slice name)
{
    return find_exact(lt, name, 0, lt->n_static) >= 0 || logtype_key(lt, name) >= 0 ||
           find_alias(lt, name) >= 0;
}

int logtype_lookup(struct logtype *lt, struct slice name)
{
    int at = find_exact(lt, name, 0, lt->n_static);

    if (at < 0)
        at = find_role(lt, name);
    if (at < 0)
        at = find_alias(lt, name);
    if (at < 0)
        at = logtype_key(lt, name);
    if (at < 0) /* what was learned stands back behind what is documented */
        at = find_exact(lt, name, lt->n_static, count_fields(lt));
    if (at < 0)
        at = find_loosely(lt, name, count_fields(lt));
    return at == -1 && lt->fmt->json ? json_field(lt, name) : at;
}

/* --- layouts --- */

const struct layout *layout_by_id(unsigned id)
{
    return id < MAX_LAYOUTS ? atomic_load_explicit(&layouts[id], memory_order_acquire) : NULL;
}

const struct layout *logtype_own_layout(const struct logtype *lt, unsigned n)
{
    for (unsigned i = 0; i < lt->n_own_layout; i++)
        if (lt->own_layout[i]->n == n)
            return lt->own_layout[i];
    return NULL;
}

static const struct layout *find_layout(const uint16_t *field, unsigned n)
{
    for (unsigned i = 0; i < n_layouts; i++) {
        const struct layout *l = layout_by_id(i);

        if (l->n == n && memcmp(l->field, field, n * sizeof(*field)) == 0)
            return l;
    }
    return NULL;
}

/* The same order of columns means the same in every type, so layouts are shared between them.
 * NULL when the table is full: a file then goes without. */
const struct layout *layout_intern(struct logtype *lt, const uint16_t *field, unsigned n)
{
    const struct layout *found;

    (void)lt;
    BUG_ON(n > MAX_COLUMNS);
    pthread_mutex_lock(&lock);
    found = find_layout(field, n);
    if (!found && n_layouts < MAX_LAYOUTS) {
        struct layout *l = xcalloc(1, sizeof(*l));

        l->id = n_layouts;
        l->n = n;
        memcpy(l->field, field, n * sizeof(*field));
        atomic_store_explicit(&layouts[n_layouts++], l, memory_order_release);
        found = l;
    }
    pthread_mutex_unlock(&lock);
    return found;
}

/* --- detection --- */

/* Whoever has a good score makes the rest cheap, for they stop at the first lines that do not fit.
 * Files of one type come together: so the type that fitted last is asked first. Its place in the
 * registry still decides among equals, and what fits best does not depend on what was asked before.
 */
static bool has_objects(struct slice head)
{
    struct slice line;

    for (unsigned seen = 0; seen < PROBE_LINES && probe_line(&head, &line); seen++)
        if (is_json_object(slice_trim(line)))
            return true;
    return false;
}

struct logtype *best_type(const struct probe *p, int *score)
{
    static atomic_uint last;
    bool objects = has_objects(p->head);
    unsigned first = atomic_load_explicit(&last, memory_order_relaxed), best = UINT_MAX;

    *score = 49;
    for (unsigned i = 0; i < n_types; i++) {
        unsigned id = i == 0 ? first : i - (i <= first);
        struct probe own = *p;
        int fit;

        own.lt = logtype_get(id);
        own.objects = objects;
        own.beat = *score - (id < best && best != UINT_MAX);
        if (own.beat >= MAX_SCORE)
            continue;
        fit = own.lt->fmt->detect(&own);
        if (fit > own.beat) {
            best = id;
            *score = fit;
        }
    }
    if (best == UINT_MAX)
        return NULL;
    atomic_store_explicit(&last, best, memory_order_relaxed);
    return logtype_get(best);
}

void explain_type(const struct logtype *best, int score, struct strbuf *why)
{
    if (best)
        strbuf_addf(why, "The first lines and the name fit %s (%d of 100).", best->fmt->title,
                    score);
    else
        strbuf_adds(why, "Neither the name nor the first lines fit a log type that is known.");
}

struct logtype *detect_type(const struct probe *p, struct strbuf *why)
{
    int score;
    struct logtype *best = best_type(p, &score);

    explain_type(best, score, why);
    return best ? best : logtype_text();
}
