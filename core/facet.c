/* facet.c - the most frequent values of a field.
 *
 * Dictionary columns are counted by local code, then added up by dictionary id; numbers by code
 * where codes are small, else by value; derived values once a distinct value of their base; facts
 * about a file by its runs; what has no column is read from the lines. Texts of
 * several log types meet in one interner at the end, where only distinct values are left. */
#include <inttypes.h>
#include <stdio.h>

#include "agg.h"
#include "rowloop.h"
#include "value.h"
#include "xalloc.h"

struct counter {
    struct dict *texts;
    uint64_t *count;
    size_t n, cap;
    uint64_t missing;
    struct arena mem; /* of derived texts */
};

static void counter_add(struct counter *c, struct slice text, uint64_t n)
{
    uint32_t id = dict_add(c->texts, text);

    GROW(c->count, c->cap, (size_t)id + 1);
    while (c->n <= id)
        c->count[c->n++] = 0;
    c->count[id] += n;
}

/* The field in whose column the values of this one are, or those that it is derived from. */
static unsigned base_field(const struct logtype *lt, unsigned field)
{
    return lt->field[field]->derive ? lt->field[field]->from : field;
}

/* n rows that have this text in the base field of field f. */
static void counter_add_base(struct counter *c, const struct logtype *lt, unsigned f,
                             struct slice text, uint64_t n)
{
    const struct field_def *d = lt->field[f];

    if (d->derive) {
        arena_clear(&c->mem);
        text = d->derive(&(struct derive_from){lt, lt->field[d->from]}, text, &c->mem);
    }
    if (value_missing(text))
        c->missing += n;
    else
        counter_add(c, text, n);
}

/* Rows of segment i by code of a column; n_code = largest code + 1. */
static uint64_t *count_codes(const struct rowset *r, uint32_t i, const struct column *c,
                             uint64_t n_code)
{
    uint64_t *count = xcalloc(n_code, sizeof(*count));

    if (c->bits == 0)
        count[c->constant] = r->count[i];
    else if (!r->bits[i])
        column_count(c, 0, r->snap->seg[i]->n, count);
    else
        FOR_ROWS(r, i, row)
    count[column_code(c, row)]++;
    return count;
}

struct by_type {
    uint64_t *count; /* by dictionary id */
    size_t n;
};

static void count_dictionary(const struct rowset *r, uint32_t i, unsigned field, struct by_type *t,
                             struct counter *total)
{
    struct segment *seg = r->snap->seg[i];
    unsigned base = base_field(seg->lt, field);
    const struct column *c = segment_column(seg, base);
    uint64_t *count = count_codes(r, i, c, column_n_codes(c));
    size_t ids = dict_count(field_dict(seg->lt, base));

    if (t->n < ids) {
        t->count = xreallocarray(t->count, ids, sizeof(*t->count));
        memset(t->count + t->n, 0, (ids - t->n) * sizeof(*t->count));
        t->n = ids;
    }
    total->missing += count[0];
    for (uint32_t k = 0; k < c->n_local; k++)
        t->count[column_gid(c, k + 1)] += count[k + 1];
    free(count);
}

static size_t print_number(const struct field_def *f, int64_t v, char out[48])
{
    int64_t unit = 1;

    if (f->kind == FK_TIME)
        return format_iso8601(v, out);
    for (unsigned i = 0; i < f->scale; i++)
        unit *= 10;
    if (unit == 1)
        return (size_t)snprintf(out, 48, "%" PRId64, v);
    return (size_t)snprintf(out, 48, "%s%" PRId64 ".%0*" PRId64, v < 0 ? "-" : "",
                            v < 0 ? -(v / unit) : v / unit, (int)f->scale,
                            v < 0 ? -(v % unit) : v % unit);
}

static struct slice number_text(const struct field_def *f, int64_t v, char text[48])
{
    return slice_of(text, print_number(f, v, text));
}

static void count_numbers(const struct rowset *r, uint32_t i, unsigned field, struct counter *total)
{
    const struct logtype *lt = r->snap->seg[i]->lt;
    unsigned base = base_field(lt, field);
    const struct column *c = segment_column(r->snap->seg[i], base);
    const struct field_def *def = lt->field[base];
    uint64_t n_code = column_n_codes(c);
    char text[48];

    if (n_code < (1u << 20)) {
        uint64_t *count = count_codes(r, i, c, n_code);

        total->missing += count[0];
        for (uint64_t k = 1; k < n_code; k++)
            if (count[k])
                counter_add_base(total, lt, field, number_text(def, column_value(c, k), text),
                                 count[k]);
        free(count);
        return;
    }
    FOR_ROWS(r, i, row)
    {
        uint64_t code = column_code(c, row);

        if (!code)
            total->missing++;
        else
            counter_add_base(total, lt, field, number_text(def, column_value(c, code), text), 1);
    }
}

static void count_rows(struct session *s, const struct rowset *r, uint32_t i,
                       const struct field_ref *f, struct counter *total, const atomic_bool *cancel)
{
    struct rowview view;
    struct strbuf text = STRBUF_INIT;

    rowview_init(&view, s);
    FOR_ROWS(r, i, row)
    {
        struct val v;

        if (row % 1024 == 0 && cancel && *cancel)
            break;
        rowview_at(&view, r->snap->seg[i], row);
        v = rowview_value(&view, f);
        if (v.kind == VAL_MISSING) {
            total->missing++;
        } else if (v.kind == VAL_STR) {
            counter_add(total, v.str, 1);
        } else {
            strbuf_reset(&text);
            val_print(v, &text);
            counter_add(total, strbuf_slice(&text), 1);
        }
    }
    rowview_release(&view);
    strbuf_release(&text);
}

/* Streams and groups differ from record to record where a container is around them. */
static bool in_container(const struct segment *seg, enum pseudo_field pseudo)
{
    if (pseudo != PF_STREAM && pseudo != PF_LOG)
        return false;
    for (uint32_t k = 0; k < seg->n_run; k++)
        if (seg->run[k].frame != FRAME_ID_LINES)
            return true;
    return false;
}

/* False, and nothing is counted, if the rows of a run may differ. */
static bool count_runs(struct session *s, const struct rowset *r, uint32_t i,
                       const struct field_ref *f, struct counter *total)
{
    const struct segment *seg = r->snap->seg[i];
    bool fact = !in_container(seg, f->pseudo);
    uint32_t *rows = xcalloc(seg->n_run, sizeof(*rows));
    struct slice text;

    segment_count_runs(seg, r->bits[i], rows);
    for (uint32_t k = 0; fact && k < seg->n_run; k++) {
        if (!rows[k])
            continue;
        fact = source_fact(session_source(s, seg->run[k].source), f->pseudo, &text);
        if (fact && text.len)
            counter_add(total, text, rows[k]);
        else if (fact)
            total->missing += rows[k];
    }
    free(rows);
    return fact;
}

static void count_field(struct session *s, const struct rowset *r, uint32_t i,
                        const struct field_ref *f, struct by_type *by, struct counter *total,
                        const atomic_bool *cancel)
{
    const struct segment *seg = r->snap->seg[i];
    unsigned field = (unsigned)f->per_type[seg->lt->id], base;
    const struct field_def *def;
    const struct column *c;

    if (field >= seg->lt->n_static) {
        count_rows(s, r, i, f, total, cancel);
        return;
    }
    base = base_field(seg->lt, field);
    def = seg->lt->field[base];
    c = segment_column(seg, base);
    if (c->kind == COL_DICT)
        count_dictionary(r, i, field, by, total);
    else if (c->kind == COL_NUM && !c->odd && (base == field || is_whole_number(def)))
        count_numbers(r, i, field, total);
    else
        count_rows(s, r, i, f, total, cancel);
}

static void count_segment(struct session *s, const struct rowset *r, uint32_t i,
                          const struct field_ref *f, struct by_type *by, struct counter *total,
                          const atomic_bool *cancel)
{
    const struct segment *seg = r->snap->seg[i];

    if (r->count[i] == 0)
        return;
    if (f->pseudo == PF_NONE && f->per_type[seg->lt->id] < 0)
        total->missing += r->count[i];
    else if (f->pseudo == PF_NONE)
        count_field(s, r, i, f, by, total, cancel);
    else if (f->pseudo == PF_LOGTYPE)
        counter_add(total, slice_str(seg->lt->fmt->name), r->count[i]);
    else if (!count_runs(s, r, i, f, total))
        count_rows(s, r, i, f, total, cancel);
}

static int by_count(const void *a, const void *b)
{
    const struct facet_value *x = a, *y = b;

    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return slice_cmp(x->text, y->text);
}

/* Keeps the `top` best of a stream of values: a full array is sorted and cut to half. */
static void offer(struct facet *f, struct facet_value v, unsigned top, uint64_t *floor)
{
    f->distinct++;
    if (v.count < *floor)
        return;
    f->value[f->n++] = v;
    if (f->n < 2 * top)
        return;
    qsort(f->value, f->n, sizeof(*f->value), by_count);
    f->n = top;
    *floor = f->value[top - 1].count;
}

/* The only log type that has counts by dictionary id, if these texts are the values and nothing
 * else was counted by text; else -1. */
static int only_type(const struct field_ref *ref, const struct by_type *by,
                     const struct counter *total)
{
    int only = -1;

    for (unsigned t = 0; t < MAX_TYPES; t++) {
        if (!by[t].n)
            continue;
        if (only >= 0 || total->n || logtype_get(t)->field[ref->per_type[t]]->derive)
            return -1;
        only = (int)t;
    }
    return only;
}

static void keep_texts(struct facet *f)
{
    size_t n = 0;

    for (unsigned i = 0; i < f->n; i++)
        n += f->value[i].text.len;
    f->text = (struct strbuf)STRBUF_INIT;
    GROW(f->text.buf, f->text.cap, n + 1); /* never grows again: slices into it stay */
    for (unsigned i = 0; i < f->n; i++) {
        size_t at = f->text.len;
        strbuf_addsl(&f->text, f->value[i].text);
        f->value[i].text.ptr = f->text.buf + at;
    }
}

static void pick_top(struct facet *f, const struct field_ref *ref, struct by_type *by,
                     struct counter *total, unsigned top)
{
    int only = only_type(ref, by, total);
    uint64_t floor = 0;

    f->value = xcalloc(2 * (size_t)top + 1, sizeof(*f->value));
    for (unsigned t = 0; t < MAX_TYPES; t++) {
        const struct logtype *lt = by[t].n ? logtype_get(t) : NULL;
        unsigned field = (unsigned)ref->per_type[t];
        struct dict *d = lt ? field_dict(lt, base_field(lt, field)) : NULL;

        for (size_t id = 0; id < by[t].n; id++) {
            if (!by[t].count[id])
                continue;
            if (only >= 0)
                offer(f, (struct facet_value){dict_text(d, (uint32_t)id), by[t].count[id]}, top,
                      &floor);
            else
                counter_add_base(total, lt, field, dict_text(d, (uint32_t)id), by[t].count[id]);
        }
    }
    for (size_t id = 0; id < total->n; id++)
        if (total->count[id])
            offer(f, (struct facet_value){dict_text(total->texts, (uint32_t)id), total->count[id]},
                  top, &floor);
    qsort(f->value, f->n, sizeof(*f->value), by_count);
    f->n = MIN(f->n, top);
}

struct facet *facet_compute(struct session *s, const struct rowset *r, const struct field_ref *ref,
                            const char *name, unsigned top, const atomic_bool *cancel)
{
    struct by_type by[MAX_TYPES] = {{NULL, 0}};
    struct counter total = {.texts = dict_new()};
    struct facet *f = xcalloc(1, sizeof(*f));

    f->name = xstrdup(name);
    f->rows = r->total;
    for (uint32_t i = 0; i < r->snap->n && !(cancel && *cancel); i++)
        count_segment(s, r, i, ref, &by[r->snap->seg[i]->lt->id], &total, cancel);
    pick_top(f, ref, by, &total, top);
    f->missing = total.missing;
    keep_texts(f);
    for (unsigned t = 0; t < MAX_TYPES; t++)
        free(by[t].count);
    dict_free(total.texts);
    free(total.count);
    arena_release(&total.mem);
    if (cancel && *cancel) {
        facet_free(f);
        return NULL;
    }
    return f;
}

void facet_free(struct facet *f)
{
    if (!f)
        return;
    free(f->name);
    free(f->value);
    strbuf_release(&f->text);
    free(f);
}
