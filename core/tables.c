/* tables.c - the rows of the Errors and the Edges view. */
#include <math.h>
#include <stdio.h>

#include "agg.h"
#include "edge.h"
#include "explain.h"
#include "rowloop.h"
#include "xalloc.h"

static unsigned spark_at(const struct snapshot *snap, int64_t ts)
{
    uint64_t span = (uint64_t)(snap->ts_max - snap->ts_min) + 1;

    return (unsigned)((uint64_t)(ts - snap->ts_min) * SPARK_BUCKETS / span);
}

/* --- errors --- */

struct error_fields {
    const char *type, *status, *target_status, *target, *reason;
};

static const struct error_fields error_fields[] = {
    {"alb", "elb_status_code", "target_status_code", "target_ip", "error_reason"},
    {"clb", "elb_status_code", "backend_status_code", "backend_ip", NULL},
    {"cloudfront", "sc-status", NULL, "x-edge-location", "x-edge-detailed-result-type"},
    {"s3access", "http_status", NULL, "bucket", "error_code"},
};

struct error_plan {
    const struct error_fields *def;
    int status, target_status, target, reason, path, created, target_time;
};

struct error_build {
    struct error_table *t;
    size_t cap;
    struct dict *keys, *paths, *texts;
    struct strbuf key;
    struct rowview view;
};

static int find_field(struct logtype *lt, const char *name)
{
    return name ? logtype_field(lt, slice_str(name), false) : -1;
}

static bool plan_errors(struct error_plan *p, struct logtype *lt)
{
    for (unsigned i = 0; i < ARRAY_LEN(error_fields); i++) {
        const struct error_fields *d = &error_fields[i];

        if (strcmp(d->type, lt->fmt->name) != 0)
            continue;
        p->def = d;
        p->status = find_field(lt, d->status);
        p->target_status = find_field(lt, d->target_status);
        p->target = find_field(lt, d->target);
        p->reason = find_field(lt, d->reason);
        p->path = logtype_role(lt, FR_PATH);
        p->created = find_field(lt, "request_creation_time");
        p->target_time = find_field(lt, "target_processing_time");
        return true;
    }
    return false;
}

/* The text of a field of a numbered or text column, from the column alone. */
static struct slice column_text(struct rowview *v, int field, char buf[32])
{
    struct field_ref ref = {.pseudo = PF_NONE};
    struct val x;

    if (field < 0)
        return SL("");
    ref.per_type[v->seg->lt->id] = (int16_t)field;
    x = rowview_value(v, &ref);
    if (x.kind == VAL_NUM && !x.str.ptr)
        return slice_of(buf, (size_t)snprintf(buf, 32, "%03.0f", x.num));
    return x.kind == VAL_MISSING ? SL("-") : x.str;
}

static double column_number(struct rowview *v, int field)
{
    struct field_ref ref = {.pseudo = PF_NONE};
    struct val x;

    if (field < 0)
        return NAN;
    ref.per_type[v->seg->lt->id] = (int16_t)field;
    x = rowview_value(v, &ref);
    return x.kind == VAL_NUM ? x.num : x.kind == VAL_TIME ? (double)x.time_us / 1e6 : NAN;
}

static struct cause cause_of(const struct error_plan *p, struct rowview *v, struct slice status,
                             struct slice target_status, struct slice reason)
{
    if (strcmp(p->def->type, "cloudfront") == 0)
        return cause_cloudfront(status, reason);
    if (strcmp(p->def->type, "s3access") == 0)
        return cause_s3(status, reason);
    return cause_alb(status, target_status, reason,
                     (double)segment_ts(v->seg, v->row) / 1e6 - column_number(v, p->created),
                     column_number(v, p->target_time));
}

static struct error_row *error_row_for(struct error_build *b, struct logtype *lt,
                                       struct slice status, struct slice target_status,
                                       struct slice target, struct slice reason, struct cause cause)
{
    struct error_row *row;
    uint32_t id;

    strbuf_reset(&b->key);
    strbuf_addf(&b->key, "%u %p ", lt->id, (const void *)cause.text);
    strbuf_addsl(&b->key, status);
    strbuf_addc(&b->key, '\n');
    strbuf_addsl(&b->key, target_status);
    strbuf_addc(&b->key, '\n');
    strbuf_addsl(&b->key, target);
    strbuf_addc(&b->key, '\n');
    strbuf_addsl(&b->key, reason);
    id = dict_add(b->keys, strbuf_slice(&b->key));
    if (id < b->t->n)
        return &b->t->row[id];
    GROW(b->t->row, b->cap, (size_t)id + 1);
    row = &b->t->row[b->t->n++];
    *row = (struct error_row){.lt = lt,
                              .status = dict_keep(b->texts, status),
                              .target_status = dict_keep(b->texts, target_status),
                              .target = dict_keep(b->texts, target),
                              .reason = dict_keep(b->texts, reason),
                              .cause = cause.text,
                              .side = cause.side,
                              .first_us = INT64_MAX,
                              .last_us = INT64_MIN};
    return row;
}

static void count_path(struct error_build *b, const struct error_plan *p, struct error_row *row)
{
    struct slice path = rowview_field(&b->view, p->path), key;
    uint32_t before = dict_count(b->paths), id = (uint32_t)(row - b->t->row);

    strbuf_reset(&b->key);
    strbuf_add(&b->key, &id, sizeof(id));
    strbuf_addsl(&b->key, path);
    key = strbuf_slice(&b->key);
    row->paths += dict_add(b->paths, key) >= before;
}

static void add_error(struct error_build *b, const struct rowset *r, const struct error_plan *p,
                      uint32_t i, uint32_t row)
{
    struct segment *seg = r->snap->seg[i];
    char text[4][32];
    struct slice status, target_status, target, reason;
    struct error_row *e;
    int64_t ts = segment_ts(seg, row);

    rowview_at(&b->view, seg, row);
    status = column_text(&b->view, p->status, text[0]);
    target_status = column_text(&b->view, p->target_status, text[1]);
    target = column_text(&b->view, p->target, text[2]);
    reason = column_text(&b->view, p->reason, text[3]);
    e = error_row_for(b, seg->lt, status, target_status, target, reason,
                      cause_of(p, &b->view, status, target_status, reason));
    e->count++;
    e->first_us = MIN(e->first_us, ts);
    e->last_us = MAX(e->last_us, ts);
    e->spark[spark_at(r->snap, ts)]++;
    count_path(b, p, e);
}

static int by_count(const void *a, const void *b)
{
    const struct error_row *x = a, *y = b;
    int c;

    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    if ((c = slice_cmp(x->status, y->status)) || (c = slice_cmp(x->target, y->target)))
        return c;
    return slice_cmp(x->reason, y->reason);
}

struct error_table *errors_compute(struct session *s, const struct rowset *r,
                                   const atomic_bool *cancel)
{
    struct error_build b = {.t = xcalloc(1, sizeof(*b.t)),
                            .keys = dict_new(),
                            .paths = dict_new(),
                            .texts = dict_new()};
    struct error_plan p;

    rowview_init(&b.view, s);
    for (uint32_t i = 0; i < r->snap->n && !(cancel && *cancel); i++) {
        if (r->count[i] == 0 || !plan_errors(&p, r->snap->seg[i]->lt))
            continue;
        FOR_ROWS(r, i, row)
        add_error(&b, r, &p, i, row);
        b.t->total += r->count[i];
    }
    rowview_release(&b.view);
    dict_free(b.keys);
    dict_free(b.paths);
    strbuf_release(&b.key);
    b.t->texts = b.texts;
    if (cancel && *cancel) {
        error_table_free(b.t);
        return NULL;
    }
    if (b.t->n)
        qsort(b.t->row, b.t->n, sizeof(*b.t->row), by_count);
    return b.t;
}

void error_table_free(struct error_table *t)
{
    if (!t)
        return;
    dict_free(t->texts);
    free(t->row);
    free(t);
}

/* --- edges --- */

struct edge_build {
    struct edge_row *row; /* by dictionary id of the location */
    struct ttfb_list {
        uint32_t *us; /* microseconds, saturated */
        size_t n, cap;
    } * list;
    size_t n;
};

enum { RESULT_OTHER, RESULT_HIT, RESULT_MISS };

static uint8_t result_class(struct slice s)
{
    if (slice_is(s, "Hit") || slice_is(s, "RefreshHit"))
        return RESULT_HIT;
    return slice_is(s, "Miss") ? RESULT_MISS : RESULT_OTHER;
}

struct edge_plan {
    int edge, result, status, bytes, ttfb;
    uint8_t *class_of; /* by local code of the result type */
};

static bool plan_edges(struct edge_plan *p, struct segment *seg)
{
    const struct column *c;

    p->edge = find_field(seg->lt, "x-edge-location");
    p->result = find_field(seg->lt, "x-edge-result-type");
    p->status = find_field(seg->lt, "sc-status");
    p->bytes = find_field(seg->lt, "sc-bytes");
    p->ttfb = find_field(seg->lt, "time-to-first-byte");
    if (p->edge < 0 || p->result < 0 || segment_column(seg, (unsigned)p->edge)->kind != COL_DICT ||
        segment_column(seg, (unsigned)p->result)->kind != COL_DICT)
        return false;
    c = segment_column(seg, (unsigned)p->result);
    p->class_of = xcalloc((size_t)c->n_local + 1, 1);
    for (uint32_t k = 0; k < c->n_local; k++)
        p->class_of[k + 1] =
            result_class(dict_text(field_dict(seg->lt, (unsigned)p->result), column_gid(c, k + 1)));
    return true;
}

static void make_rows(struct edge_build *b, struct segment *seg, int field)
{
    size_t n = dict_count(field_dict(seg->lt, (unsigned)field));

    if (n <= b->n)
        return;
    b->row = xreallocarray(b->row, n, sizeof(*b->row));
    b->list = xreallocarray(b->list, n, sizeof(*b->list));
    memset(b->row + b->n, 0, (n - b->n) * sizeof(*b->row));
    memset(b->list + b->n, 0, (n - b->n) * sizeof(*b->list));
    b->n = n;
}

static int64_t number_at(const struct segment *seg, int field, uint32_t row, bool *there)
{
    const struct column *c = field < 0 ? NULL : segment_column(seg, (unsigned)field);
    uint64_t code = c && c->kind == COL_NUM ? column_code(c, row) : 0;

    *there = code != 0;
    return code ? column_value(c, code) : 0;
}

static void add_edge(struct edge_build *b, const struct rowset *r, const struct edge_plan *p,
                     struct segment *seg, uint32_t row)
{
    uint64_t code = column_code(segment_column(seg, (unsigned)p->edge), row);
    uint32_t gid;
    struct edge_row *e;
    struct ttfb_list *l;
    uint8_t result;
    int64_t v;
    bool there;

    if (!code)
        return;
    gid = column_gid(segment_column(seg, (unsigned)p->edge), code);
    e = &b->row[gid];
    e->requests++;
    result = p->class_of[column_code(segment_column(seg, (unsigned)p->result), row)];
    e->hits += result == RESULT_HIT;
    e->misses += result == RESULT_MISS;
    v = number_at(seg, p->status, row, &there);
    e->e4xx += there && v / 100 == 4;
    e->e5xx += there && v / 100 == 5;
    e->bytes += (uint64_t)number_at(seg, p->bytes, row, &there);
    e->spark[spark_at(r->snap, segment_ts(seg, row))]++;
    v = number_at(seg, p->ttfb, row, &there);
    if (there && v >= 0) {
        l = &b->list[gid];
        GROW(l->us, l->cap, l->n + 1);
        l->us[l->n++] = (uint32_t)MIN(v, (int64_t)UINT32_MAX);
    }
}

static int by_u32(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static int by_requests(const void *a, const void *b)
{
    const struct edge_row *x = a, *y = b;

    if (x->requests != y->requests)
        return x->requests > y->requests ? -1 : 1;
    return slice_cmp(x->code, y->code);
}

static void finish_edges(struct edge_build *b, struct logtype *lt, int edge, double unit)
{
    struct edge_place place;
    bool near;
    size_t n = 0;

    for (size_t id = 0; id < b->n; id++) {
        struct edge_row *e = &b->row[id];
        struct ttfb_list *l = &b->list[id];

        e->code = dict_text(field_dict(lt, (unsigned)edge), (uint32_t)id);
        e->city = e->country = "";
        if (edge_lookup(e->code, &place, &near)) {
            e->city = place.city;
            e->country = place.country;
        }
        e->p95_ttfb = NAN;
        if (l->n) {
            qsort(l->us, l->n, sizeof(*l->us), by_u32);
            size_t rank = (l->n * 95 + 99) / 100;
            e->p95_ttfb = l->us[rank - 1] * unit;
        }
        free(l->us);
        if (e->requests)
            b->row[n++] = *e;
    }
    b->n = n;
}

struct edge_table *edges_compute(struct session *s, const struct rowset *r,
                                 const atomic_bool *cancel)
{
    struct edge_table *t = xcalloc(1, sizeof(*t));
    struct edge_build b = {.n = 0};
    struct logtype *lt = NULL;
    struct edge_plan p;
    double unit = 1;

    (void)s;
    for (uint32_t i = 0; i < r->snap->n && !(cancel && *cancel); i++) {
        struct segment *seg = r->snap->seg[i];

        if (r->count[i] == 0 || strcmp(seg->lt->fmt->name, "cloudfront") != 0 ||
            !plan_edges(&p, seg))
            continue;
        lt = seg->lt;
        make_rows(&b, seg, p.edge);
        FOR_ROWS(r, i, row)
        add_edge(&b, r, &p, seg, row);
        free(p.class_of);
    }
    if (lt) {
        for (unsigned i = 0; p.ttfb >= 0 && i < lt->field[p.ttfb]->scale; i++)
            unit /= 10;
        finish_edges(&b, lt, p.edge, unit);
        qsort(b.row, b.n, sizeof(*b.row), by_requests);
    }
    t->n = (unsigned)b.n;
    t->row = b.row;
    free(b.list);
    if (cancel && *cancel) {
        edge_table_free(t);
        return NULL;
    }
    return t;
}

void edge_table_free(struct edge_table *t)
{
    if (!t)
        return;
    free(t->row);
    free(t);
}
