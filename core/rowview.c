/* rowview.c - columns first, the line only when they cannot answer.
 *
 * Reads a window of the source around the wanted record and keeps it pinned, so that the rows of a
 * page or of a scan, which are neighbours in the file, cost one view. */
#include "rowview.h"

#include <stdio.h>

#define WINDOW (256 * 1024)
#define BEFORE (WINDOW / 4) /* of a window, before the record it is for */

static const double pow10_table[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};

void rowview_init(struct rowview *v, struct session *s)
{
    memset(v, 0, offsetof(struct rowview, rec));
    v->session = s;
    v->rec.n_val = 0;
    v->rec.static_only = false;
    v->rec.mem = v->mem = v->derived = (struct arena){0};
    v->seg = NULL;
    v->bytes_read = 0;
    v->parsed = v->pinned = v->readable = false;
    v->scratch = (struct strbuf)STRBUF_INIT;
}

static void unpin(struct rowview *v)
{
    if (v->pinned)
        blob_unpin(&v->pin);
    v->pinned = false;
}

void rowview_release(struct rowview *v)
{
    unpin(v);
    arena_release(&v->rec.mem);
    arena_release(&v->mem);
    arena_release(&v->derived);
    strbuf_release(&v->scratch);
}

void rowview_at(struct rowview *v, struct segment *seg, uint32_t row)
{
    const struct run *run = segment_run(seg, row);

    if (!v->src || v->src->id != run->source)
        v->src = session_source(v->session, run->source);
    v->seg = seg;
    v->row = row;
    v->raw = (struct slice){NULL, 0};
    v->parsed = false;
    arena_clear(&v->derived);
}

static bool covers(const struct rowview *v, uint64_t off, size_t len)
{
    return v->pinned && v->pin_source == v->src->id && off >= v->pin_off &&
           off + len <= v->pin_off + v->pin_bytes.len;
}

/* Where the view begins that is to cover a record. Some of what lies before it comes along, for
 * rows in order of time go to and fro in their file; to one who goes backwards most of the view. */
static uint64_t window_of(const struct rowview *v, uint64_t off, size_t len)
{
    bool backwards = v->pinned && v->pin_source == v->src->id && off < v->pin_off;
    uint64_t before = backwards ? WINDOW - MIN(len, (size_t)WINDOW) : BEFORE;

    return off - MIN(off, before);
}

struct slice rowview_bytes(struct rowview *v)
{
    struct position at = segment_position(v->seg, v->row);
    uint64_t off = at.off;
    size_t len = at.len;
    struct err e;

    if (v->raw.ptr)
        return v->raw;
    if (!covers(v, off, len)) {
        uint64_t from = window_of(v, off, len);

        unpin(v);
        if (blob_view(v->src, from, MAX((size_t)(off - from) + len, (size_t)WINDOW), &v->pin_bytes,
                      &v->pin, &e) == 0) {
            v->pinned = true;
            v->pin_source = v->src->id;
            v->pin_off = from;
        }
    }
    v->bytes_read += len;
    v->readable = covers(v, off, len);
    v->raw = v->readable ? slice_of(v->pin_bytes.ptr + (off - v->pin_off), len) : SL("");
    v->inside.payload = (struct slice){NULL, 0};
    return v->raw;
}

static const struct unwrapped *unwrap(struct rowview *v)
{
    struct slice s = rowview_bytes(v);

    if (v->inside.payload.ptr)
        return &v->inside;
    if (s.len && s.ptr[s.len - 1] == '\r')
        s.len--;
    frame_unwrap(frame_by_id(segment_run(v->seg, v->row)->frame), s, &v->mem, &v->inside);
    return &v->inside;
}

struct slice rowview_raw(struct rowview *v)
{
    return unwrap(v)->payload;
}

const struct record *rowview_record(struct rowview *v)
{
    const struct layout *lay;
    struct slice line;

    if (v->parsed)
        return &v->rec;
    line = rowview_raw(v);
    lay = layout_by_id(segment_run(v->seg, v->row)->layout);
    v->rec.n_val = 0;
    if (!v->readable || segment_unparsed(v->seg, v->row) ||
        (v->seg->lt->fmt->parse(v->seg->lt, &lay, line, &v->rec) != PARSE_OK &&
         !reason_keeps_fields(v->rec.reason)))
        v->rec.n_val = 0;
    v->rec.reason = segment_reason(v->seg, v->row);
    v->parsed = true;
    return &v->rec;
}

static const struct column *column_of(const struct rowview *v, int field)
{
    return (unsigned)field < v->seg->lt->n_static ? segment_column(v->seg, (unsigned)field) : NULL;
}

/* The text that a derived value is made from; whole numbers out of their column. */
static struct slice base_text(struct rowview *v, unsigned field)
{
    const struct column *c = segment_column(v->seg, field);
    const struct field_def *f = v->seg->lt->field[field];
    uint64_t code = c->kind == COL_NUM && is_whole_number(f) ? column_code(c, v->row) : 0;
    char *p;

    if (!code)
        return rowview_field(v, (int)field);
    p = arena_alloc(&v->derived, 24);
    return slice_of(p, (size_t)snprintf(p, 24, "%lld", (long long)column_value(c, code)));
}

static struct slice derived_field(struct rowview *v, const struct field_def *d)
{
    const struct logtype *lt = v->seg->lt;
    const struct derive_from from = {lt, lt->field[d->from]};
    struct slice base = base_text(v, d->from);

    return value_missing(base) ? (struct slice){NULL, 0} : d->derive(&from, base, &v->derived);
}

struct slice rowview_field(struct rowview *v, int field)
{
    const struct column *c;

    if (field < 0)
        return (struct slice){NULL, 0};
    if (v->seg->lt->field[field]->derive)
        return derived_field(v, v->seg->lt->field[field]);
    c = column_of(v, field);
    if (c && c->kind == COL_DICT) {
        uint64_t code = column_code(c, v->row);
        if (code)
            return dict_text(field_dict(v->seg->lt, (unsigned)field), column_gid(c, code));
    } else if (c && c->kind == COL_NUM && column_code(c, v->row) == 0 &&
               !(c->odd && bit_get(c->odd, v->row))) {
        return (struct slice){NULL, 0};
    }
    return record_get(rowview_record(v), (unsigned)field);
}

static struct val num_val(const struct field_def *f, int64_t n)
{
    if (f->kind == FK_TIME)
        return (struct val){.kind = VAL_TIME, .time_us = n};
    return (struct val){.kind = VAL_NUM, .num = (double)n / pow10_table[f->scale]};
}

struct val text_val(const struct field_def *f, struct slice s)
{
    struct val v = {.kind = VAL_STR, .str = s};
    double d;
    int64_t n;

    if (value_missing(s))
        return (struct val){.kind = VAL_MISSING};
    if ((f->kind != FK_NUM && f->kind != FK_TIME) || (f->flags & FF_ID))
        return v;
    if (field_number(f, s, &n)) {
        v = num_val(f, n); /* as from a column, which has no text */
        if (f->kind == FK_TIME && (f->flags & FF_NOCOL))
            v.str = s; /* seconds since 1970 are shown as such */
    } else if (f->kind == FK_NUM && parse_double(s, &d)) { /* more decimals than the column has */
        v = (struct val){.kind = VAL_NUM, .num = d, .str = s};
    }
    return v;
}

static struct val field_val(struct rowview *v, int field)
{
    const struct column *c = column_of(v, field);
    const struct field_def *f;

    if (field < 0)
        return (struct val){.kind = VAL_MISSING};
    f = v->seg->lt->field[field];
    if (c && c->kind == COL_NUM && !(f->flags & FF_ID)) {
        uint64_t code = column_code(c, v->row);
        if (code)
            return num_val(f, column_value(c, code));
    }
    return text_val(f, rowview_field(v, field));
}

static struct val str_val(struct slice s)
{
    return (struct val){.kind = s.ptr && s.len ? VAL_STR : VAL_MISSING, .str = s};
}

static bool any_ip(void *row, unsigned i, struct slice *out)
{
    struct rowview *v = row;

    for (unsigned f = 0; f < v->seg->lt->n_static; f++) {
        if (v->seg->lt->field[f]->kind != FK_IP)
            continue;
        *out = rowview_field(v, (int)f);
        if (!value_missing(*out) && i-- == 0)
            return true;
    }
    return false;
}

/* "123456789012:/aws/lambda/name", as Logs Insights writes it; without an account just the name. */
static struct slice log_group(struct rowview *v)
{
    const struct frame *f = frame_by_id(segment_run(v->seg, v->row)->frame);
    struct slice group = unwrap(v)->group;
    size_t n = f->owner.len;
    char *p;

    if (!group.len || !n)
        return group;
    p = arena_alloc(&v->mem, n + 1 + group.len);
    memcpy(p, f->owner.ptr, n);
    p[n] = ':';
    memcpy(p + n + 1, group.ptr, group.len);
    return slice_of(p, n + 1 + group.len);
}

bool source_fact(const struct source *src, enum pseudo_field pseudo, struct slice *out)
{
    switch (pseudo) {
    case PF_FILE:
    case PF_STREAM:
        *out = slice_str(src->name);
        return true;
    case PF_LOG: /* a stream is no group */
        *out = slice_is(src->ident.service, "logs") ? SL("") : slice_str(src->origin);
        return true;
    case PF_SOURCE:
        *out = slice_str(src->origin);
        return true;
    case PF_ACCOUNT:
        *out = src->ident.account;
        return true;
    case PF_REGION:
        *out = src->ident.region;
        return true;
    case PF_SERVICE:
        *out = src->ident.service;
        return true;
    case PF_RESOURCE:
        *out = src->ident.resource;
        return true;
    default:
        return false;
    }
}

static struct val fact_val(const struct rowview *v, enum pseudo_field pseudo)
{
    struct slice s = SL("");

    source_fact(v->src, pseudo, &s);
    return str_val(s);
}

static struct val number_in_document(const struct rowview *v)
{
    if (!segment_run(v->seg, v->row)->document)
        return (struct val){.kind = VAL_MISSING};
    return (struct val){.kind = VAL_NUM, .num = (double)segment_position(v->seg, v->row).line + 1};
}

struct val rowview_value(struct rowview *v, const struct field_ref *f)
{
    struct slice s;

    switch (f->pseudo) {
    case PF_NONE:
        return field_val(v, f->per_type[v->seg->lt->id]);
    case PF_TIMESTAMP:
        if (segment_timeless(v->seg, v->row))
            return (struct val){.kind = VAL_MISSING};
        return (struct val){.kind = VAL_TIME, .time_us = segment_ts(v->seg, v->row)};
    case PF_MESSAGE:
        return (struct val){.kind = VAL_STR, .str = rowview_raw(v)};
    case PF_LOGTYPE:
        return str_val(slice_str(v->seg->lt->fmt->name));
    case PF_LINE:
        return (struct val){.kind = VAL_NUM, .num = (double)rowview_line(v)};
    case PF_RECORD:
        return number_in_document(v);
    case PF_STREAM:
        s = unwrap(v)->stream;
        return s.len ? str_val(s) : fact_val(v, f->pseudo);
    case PF_LOG:
        s = log_group(v);
        return s.len ? str_val(s) : fact_val(v, f->pseudo);
    case PF_FILE:
    case PF_SOURCE:
    case PF_ACCOUNT:
    case PF_REGION:
    case PF_SERVICE:
    case PF_RESOURCE:
        return fact_val(v, f->pseudo);
    case PF_UNPARSED:
        return str_val(slice_str(reason_text(segment_reason(v->seg, v->row))));
    case PF_ANYIP:
        return any_ip(v, 0, &s) ? str_val(s) : (struct val){.kind = VAL_MISSING};
    case PF_COLUMN:
        break;
    }
    return (struct val){.kind = VAL_MISSING};
}

struct slice rowview_role(struct rowview *v, enum field_role role)
{
    return rowview_field(v, logtype_role(v->seg->lt, role));
}

uint64_t rowview_line(struct rowview *v)
{
    struct position at = segment_position(v->seg, v->row);
    uint64_t base;

    if (at.run->document)
        return at.run->document;
    base = session_line_base(v->session, at.run->source, at.run->chunk);
    return base ? base + at.line : 0;
}

static struct val access_field(void *row, const struct field_ref *f)
{
    return rowview_value(row, f);
}

struct row_access rowview_access(struct rowview *v)
{
    return (struct row_access){access_field, any_ip, v, &v->scratch};
}
