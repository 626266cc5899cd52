/* histogram.c - rows a time bucket by class, and the rows of a class.
 *
 * A segment is sorted by time, so a bucket is a stretch of rows found by binary search; only the
 * classes within it are counted, by code of the status column. */
#include "agg.h"

#include <pthread.h>

#include "parallel.h"
#include "rowloop.h"
#include "value.h"
#include "xalloc.h"

/* What decides the class of the rows of a segment. */
struct class_plan {
    const struct column *col; /* NULL: all rows are `other` */
    uint8_t *by_code;         /* class of each code; NULL if codes are too many */
    uint64_t n_code;
    uint8_t other; /* class of rows without a code */
};

static uint8_t class_of_status(int64_t status)
{
    switch (status / 100) {
    case 1:
    case 2:
        return HC_OK;
    case 3:
        return HC_3XX;
    case 4:
        return HC_4XX;
    case 5:
        return HC_5XX;
    default:
        return HC_OTHER;
    }
}

static uint8_t class_of_text(struct slice s)
{
    int64_t n;

    if (slice_is(s, "ACCEPT") || slice_is(s, "OK"))
        return HC_OK;
    if (slice_is(s, "REJECT"))
        return HC_4XX;
    return parse_fixed(s, 0, &n) ? class_of_status(n) : HC_OTHER;
}

static void plan_classes(struct class_plan *p, const struct segment *seg)
{
    int field = logtype_role(seg->lt, FR_STATUS);

    memset(p, 0, sizeof(*p));
    p->other = HC_OTHER;
    if (field < 0)
        field = logtype_role(seg->lt, FR_ACTION);
    if (field < 0 || (unsigned)field >= seg->lt->n_static ||
        segment_column(seg, (unsigned)field)->kind == COL_NONE)
        return;
    p->col = segment_column(seg, (unsigned)field);
    p->n_code = column_n_codes(p->col);
    if (p->n_code > (1u << 20))
        return;
    p->by_code = xmalloc(p->n_code);
    p->by_code[0] = p->other;
    for (uint64_t c = 1; c < p->n_code; c++)
        p->by_code[c] = p->col->kind == COL_DICT
                            ? class_of_text(dict_text(field_dict(seg->lt, (unsigned)field),
                                                      column_gid(p->col, c)))
                            : class_of_status(column_value(p->col, c));
}

static uint8_t class_of_row(const struct class_plan *p, uint32_t row)
{
    uint64_t code;

    if (!p->col)
        return p->other;
    code = column_code(p->col, row);
    if (p->by_code)
        return p->by_code[code];
    return code ? class_of_status(column_value(p->col, code)) : p->other;
}

#define DENSE_CODES 1024 /* up to so many codes a stretch of all rows is counted by code */

static void count_stretch(const struct rowset *r, uint32_t i, const struct class_plan *p,
                          uint32_t from, uint32_t to, uint64_t *count)
{
    uint64_t by_code[DENSE_CODES];

    if (r->bits[i] || !p->by_code ||
        p->n_code > MIN((uint64_t)DENSE_CODES, (uint64_t)(to - from))) {
        for (uint32_t row = rowloop_next(r, i, from); row < to; row = rowloop_next(r, i, row + 1))
            count[class_of_row(p, row)]++;
        return;
    }
    memset(by_code, 0, p->n_code * sizeof(*by_code));
    column_count(p->col, from, to, by_code);
    for (uint64_t c = 0; c < p->n_code; c++)
        count[p->by_code[c]] += by_code[c];
}

static uint32_t first_at(const struct segment *s, int64_t ts)
{
    struct rowkey k = {ts, 0, 0};

    return segment_lower_bound(s, &k);
}

/* Adds the rows of segment i to the buckets. */
static void add_segment(const struct histogram *h, const struct rowset *r, uint32_t i,
                        uint64_t (*bucket)[HC_COUNT])
{
    struct segment *s = r->snap->seg[i];
    struct class_plan p;
    uint32_t row = first_at(s, h->from_us);

    if (r->count[i] == 0 || row == s->n)
        return;
    plan_classes(&p, s);
    while (row < s->n) {
        int64_t b = (segment_ts(s, row) - h->from_us) / h->width_us;
        uint32_t to;

        if (b >= h->n)
            break;
        to = first_at(s, h->from_us + (b + 1) * h->width_us);
        count_stretch(r, i, &p, row, to, bucket[b]);
        row = to;
    }
    free(p.by_code);
}

struct histogram_job {
    struct histogram *h;
    const struct rowset *r;
    const atomic_bool *cancel;
    atomic_uint next;
    pthread_mutex_t lock; /* guards the buckets of h */
};

static void add_some(void *ctx, unsigned worker)
{
    struct histogram_job *j = ctx;
    uint64_t(*own)[HC_COUNT] = xcalloc(j->h->n, sizeof(*own));
    uint32_t i;

    (void)worker;
    while (!(j->cancel && *j->cancel) && (i = atomic_fetch_add(&j->next, 1)) < j->r->snap->n)
        add_segment(j->h, j->r, i, own);
    pthread_mutex_lock(&j->lock);
    for (unsigned b = 0; b < j->h->n; b++)
        for (unsigned c = 0; c < HC_COUNT; c++)
            j->h->bucket[b][c] += own[b][c];
    pthread_mutex_unlock(&j->lock);
    free(own);
}

struct histogram *histogram_compute(const struct rowset *r, int64_t from_us, int64_t to_us,
                                    unsigned buckets, const atomic_bool *cancel)
{
    struct histogram *h = xcalloc(1, sizeof(*h));
    struct histogram_job j = {.h = h, .r = r, .cancel = cancel, .lock = PTHREAD_MUTEX_INITIALIZER};

    BUG_ON(buckets == 0);
    atomic_init(&h->refs, 1);
    h->width_us = histogram_round_width(from_us, to_us, buckets);
    h->from_us = from_us - ((from_us % h->width_us) + h->width_us) % h->width_us;
    h->n = to_us > h->from_us ? (unsigned)((to_us - 1 - h->from_us) / h->width_us) + 1 : 1;
    h->bucket = xcalloc(h->n, sizeof(*h->bucket));
    parallel_run(parallel_threads(0, r->snap->n), add_some, &j);
    if (cancel && *cancel) {
        histogram_unref(h);
        return NULL;
    }
    for (unsigned b = 0; b < h->n; b++) {
        uint64_t sum = 0;

        for (unsigned c = 0; c < HC_COUNT; c++)
            sum += h->bucket[b][c];
        h->peak = MAX(h->peak, sum);
    }
    return h;
}

struct histogram *histogram_ref(struct histogram *h)
{
    atomic_fetch_add_explicit(&h->refs, 1, memory_order_relaxed);
    return h;
}

void histogram_unref(struct histogram *h)
{
    if (!h || atomic_fetch_sub_explicit(&h->refs, 1, memory_order_acq_rel) != 1)
        return;
    free(h->bucket);
    free(h);
}

int64_t histogram_round_width(int64_t from_us, int64_t to_us, unsigned buckets)
{
    static const int64_t steps_ms[] = {1, 2, 5, 10, 20, 50, 100, 200, 500};
    static const int64_t steps_s[] = {1,   2,   5,    10,   15,   30,    60,    120,   300,
                                      600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400};
    uint64_t span = to_us > from_us ? (uint64_t)to_us - (uint64_t)from_us : 1;
    int64_t days;

    /* one bar is lost to the rounding of the first one */
    buckets = buckets > 1 ? buckets - 1 : 1;
    for (unsigned i = 0; i < ARRAY_LEN(steps_ms); i++)
        if (span / (uint64_t)(steps_ms[i] * 1000) < buckets)
            return steps_ms[i] * 1000;
    for (unsigned i = 0; i < ARRAY_LEN(steps_s); i++)
        if (span / (uint64_t)(steps_s[i] * 1000000) < buckets)
            return steps_s[i] * 1000000;
    days = (int64_t)(span / ((uint64_t)buckets * UINT64_C(86400000000))) + 1;
    return days * INT64_C(86400000000);
}

#define SPARSE 32 /* fewer than one row in so many are asked one by one */

struct errors_fill {
    const struct rowset *r;
    unsigned mask;
};

static void fill_errors(void *ctx, uint32_t i, uint64_t *bits)
{
    const struct errors_fill *e = ctx;
    const struct segment *seg = e->r->snap->seg[i];
    struct class_plan p;
    bool any = false;

    if (e->r->count[i] == 0)
        return;
    plan_classes(&p, seg);
    for (uint64_t c = 0; p.by_code && c < p.n_code; c++) {
        p.by_code[c] = e->mask >> p.by_code[c] & 1;
        any |= p.by_code[c];
    }
    if (any && e->r->count[i] >= seg->n / SPARSE) {
        column_choose(p.col, seg->n, p.by_code, bits);
        for (uint32_t w = 0; e->r->bits[i] && w < BITS_WORDS(seg->n); w++)
            bits[w] &= e->r->bits[i][w];
    } else if (any || !p.by_code) {
        FOR_ROWS(e->r, i, row)
        if (p.by_code ? class_of_row(&p, row) : e->mask >> class_of_row(&p, row) & 1)
            bit_set(bits, row);
    }
    free(p.by_code);
}

struct rowset *rowset_errors(const struct rowset *r, unsigned classes_mask,
                             const atomic_bool *cancel)
{
    struct errors_fill e = {r, classes_mask};

    return rowset_from(r->snap, fill_errors, &e, cancel);
}
