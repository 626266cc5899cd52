/* rowset.c - making rowsets: one evaluation a segment, shared out over threads.
 *
 * Segments of an earlier result of the same filter are taken over by uid, so a growing session
 * costs only its new segments. */
#include "rowset.h"

#include <time.h>

#include "parallel.h"
#include "xalloc.h"

#define RANK_BLOCK 512 /* rows a rank entry */

static struct rowset *rowset_new(struct snapshot *snap)
{
    struct rowset *r = xcalloc(1, sizeof(*r));

    atomic_init(&r->refs, 1);
    snapshot_ref(snap);
    r->snap = snap;
    r->bits = xcalloc(snap->n, sizeof(*r->bits));
    r->count = xcalloc(snap->n, sizeof(*r->count));
    r->rank = xcalloc(snap->n, sizeof(*r->rank));
    return r;
}

void rowset_ref(struct rowset *r)
{
    atomic_fetch_add_explicit(&r->refs, 1, memory_order_relaxed);
}

void rowset_unref(struct rowset *r)
{
    if (!r || atomic_fetch_sub_explicit(&r->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (uint32_t i = 0; i < r->snap->n; i++) {
        free(r->bits[i]);
        free(r->rank[i]);
    }
    memlease_release(&r->memory);
    snapshot_unref(r->snap);
    free(r->bits);
    free(r->count);
    free(r->rank);
    free(r->waits);
    free(r);
}

/* Takes `bits` over; drops it if all or nothing is in. */
static void set_segment(struct rowset *r, uint32_t i, uint64_t *bits, uint32_t count)
{
    uint32_t n = r->snap->seg[i]->n, blocks = (n + RANK_BLOCK - 1) / RANK_BLOCK, sum = 0;

    r->count[i] = count;
    if (count == 0 || count == n) {
        free(bits);
        return;
    }
    r->bits[i] = bits;
    r->rank[i] = xmalloc(blocks * sizeof(**r->rank));
    for (uint32_t b = 0; b < blocks; b++) {
        uint32_t w = b * (RANK_BLOCK / 64), end = MIN(w + RANK_BLOCK / 64, BITS_WORDS(n));

        r->rank[i][b] = sum;
        for (; w < end; w++)
            sum += (uint32_t)__builtin_popcountll(bits[w]);
    }
}

static void sum_up(struct rowset *r)
{
    size_t bytes = r->snap->n * (sizeof(*r->bits) + sizeof(*r->count) + sizeof(*r->rank));

    r->total = r->pending = 0;
    for (uint32_t i = 0; i < r->snap->n; i++) {
        r->total += r->count[i];
        r->pending += r->waits && r->waits[i] ? r->snap->seg[i]->n : 0;
        bytes += r->bits[i] ? BITS_WORDS(r->snap->seg[i]->n) * sizeof(**r->bits) : 0;
    }
    r->memory.use = MEMORY_ROWS;
    memlease_force(&r->memory, bytes);
}

struct rowset *rowset_all(struct snapshot *snap)
{
    struct rowset *r = rowset_new(snap);

    for (uint32_t i = 0; i < snap->n; i++)
        r->count[i] = snap->seg[i]->n;
    sum_up(r);
    return r;
}

struct eval_job {
    struct session *s;
    struct rowset *r;
    struct filter *f;
    const struct rowset *prev;
    const atomic_bool *cancel;
    const uint32_t *order; /* in which segments are looked at; NULL: as they stand */
    int64_t until_us;
    const struct rowset_peek *peek; /* NULL: nobody looks */
    atomic_bool *done;              /* of a segment: its bits are there; where somebody looks */
    _Atomic uint64_t rows;          /* of those */
    atomic_uint next;
    atomic_uint begun; /* segments that were not taken over */
    atomic_bool failed;
};

static uint64_t *copy_bits(const uint64_t *bits, uint32_t n)
{
    return bits ? xmemdup(bits, BITS_WORDS(n) * sizeof(*bits)) : NULL;
}

static bool take_over(struct eval_job *j, uint32_t i)
{
    struct segment *seg = j->r->snap->seg[i];
    uint32_t k;

    if (!j->prev)
        return false;
    /* segments keep their place in the array, or move down when some before them go */
    for (k = MIN(i, j->prev->snap->n); k > 0 && i - k < 32; k--) {
        if (k < j->prev->snap->n && j->prev->snap->seg[k]->uid == seg->uid)
            break;
    }
    if (k >= j->prev->snap->n || j->prev->snap->seg[k]->uid != seg->uid)
        return false;
    if (j->prev->waits && j->prev->waits[k])
        return false;
    set_segment(j->r, i, copy_bits(j->prev->bits[k], seg->n), j->prev->count[k]);
    return true;
}

static bool is_late(const struct eval_job *j)
{
    struct timespec t;

    if (j->until_us == INT64_MAX || j->begun == 0)
        return false;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000 >= j->until_us;
}

/* The set as it is now; what is not done is pending. */
static struct rowset *so_far(const struct eval_job *j)
{
    struct rowset *r = rowset_new(j->r->snap);

    r->waits = xcalloc(r->snap->n, sizeof(*r->waits));
    for (uint32_t i = 0; i < r->snap->n; i++) {
        if (j->done[i])
            set_segment(r, i, copy_bits(j->r->bits[i], r->snap->seg[i]->n), j->r->count[i]);
        else
            r->waits[i] = true;
    }
    sum_up(r);
    return r;
}

static void show_so_far(struct eval_job *j)
{
    struct rowset *r;

    if (!j->peek->due(j->peek->ctx, j->rows, j->r->snap->rows))
        return;
    r = so_far(j);
    j->peek->show(j->peek->ctx, r);
    rowset_unref(r);
}

static void eval_some(void *ctx, unsigned worker)
{
    struct eval_job *j = ctx;
    struct rowview view;
    uint32_t i;

    (void)worker;
    rowview_init(&view, j->s);
    while ((i = atomic_fetch_add(&j->next, 1)) < j->r->snap->n && !j->failed) {
        struct segment *seg;
        uint64_t *bits;
        int64_t n;

        i = j->order ? j->order[i] : i;
        seg = j->r->snap->seg[i];
        if (take_over(j, i))
            continue;
        if (is_late(j)) {
            j->r->waits[i] = true;
            continue;
        }
        j->begun++;
        bits = xmalloc(BITS_WORDS(seg->n) * sizeof(*bits));
        n = filter_eval(j->f, seg, &view, bits, j->cancel);
        if (n < 0 || (j->cancel && *j->cancel)) {
            free(bits);
            j->failed = true;
            break;
        }
        set_segment(j->r, i, bits, (uint32_t)n);
        if (j->peek) {
            j->done[i] = true;
            j->rows += seg->n;
            show_so_far(j);
        }
    }
    rowview_release(&view);
}

static struct rowset *eval_all(struct eval_job *j, unsigned threads)
{
    parallel_run(parallel_threads(threads, j->r->snap->n), eval_some, j);
    if (j->failed) {
        rowset_unref(j->r);
        return NULL;
    }
    sum_up(j->r);
    return j->r;
}

struct rowset *rowset_eval(struct session *s, struct snapshot *snap, struct filter *f,
                           const struct rowset *prev, unsigned threads, const atomic_bool *cancel)
{
    struct eval_job j = {.s = s,
                         .r = rowset_new(snap),
                         .f = f,
                         .prev = prev,
                         .cancel = cancel,
                         .until_us = INT64_MAX};

    return eval_all(&j, threads);
}

struct rowset *rowset_eval_seen(struct session *s, struct snapshot *snap, struct filter *f,
                                const struct rowset_peek *peek, const atomic_bool *cancel)
{
    struct eval_job j = {.s = s,
                         .r = rowset_new(snap),
                         .f = f,
                         .cancel = cancel,
                         .peek = peek,
                         .done = xcalloc(MAX(snap->n, 1u), sizeof(*j.done)),
                         .until_us = INT64_MAX};
    struct rowset *r = eval_all(&j, 0);

    free(j.done);
    return r;
}

struct nearness {
    const struct snapshot *snap;
    int64_t us;
};

/* How far a segment is from the time; 0: the time is within. */
static uint64_t distance(const struct nearness *near, uint32_t i)
{
    const struct segment *s = near->snap->seg[i];

    return near->us < s->ts_min   ? (uint64_t)s->ts_min - (uint64_t)near->us
           : near->us > s->ts_max ? (uint64_t)near->us - (uint64_t)s->ts_max
                                  : 0;
}

static int by_distance(const void *a, const void *b, void *near)
{
    uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
    uint64_t x = distance(near, i), y = distance(near, k);

    return x != y ? (x > y) - (x < y) : (i > k) - (i < k);
}

struct rowset *rowset_eval_until(struct session *s, struct snapshot *snap, struct filter *f,
                                 const struct rowset *prev, int64_t near_us, int64_t until_us,
                                 const atomic_bool *cancel)
{
    struct nearness near = {snap, near_us};
    uint32_t *order = xmalloc(MAX(snap->n, 1u) * sizeof(*order));
    struct eval_job j = {.s = s,
                         .r = rowset_new(snap),
                         .f = f,
                         .prev = prev,
                         .cancel = cancel,
                         .order = order,
                         .until_us = until_us};
    struct rowset *r;

    for (uint32_t i = 0; i < snap->n; i++)
        order[i] = i;
    qsort_r(order, snap->n, sizeof(*order), by_distance, &near);
    j.r->waits = xcalloc(snap->n, sizeof(*j.r->waits));
    r = eval_all(&j, 0);
    free(order);
    return r;
}

struct rowset *rowset_and(const struct rowset *a, const struct rowset *b)
{
    struct rowset *r = rowset_new(a->snap);

    BUG_ON(a->snap != b->snap);
    for (uint32_t i = 0; i < r->snap->n; i++) {
        uint32_t n = r->snap->seg[i]->n, words = BITS_WORDS(n), count = 0;
        uint64_t *bits;

        if (a->count[i] == 0 || b->count[i] == 0)
            continue;
        if (!a->bits[i] || !b->bits[i]) {
            const struct rowset *x = a->bits[i] ? a : b;
            set_segment(r, i, copy_bits(x->bits[i], n), x->count[i]);
            continue;
        }
        bits = xmalloc(words * sizeof(*bits));
        for (uint32_t w = 0; w < words; w++) {
            bits[w] = a->bits[i][w] & b->bits[i][w];
            count += (uint32_t)__builtin_popcountll(bits[w]);
        }
        set_segment(r, i, bits, count);
    }
    sum_up(r);
    return r;
}

struct from_job {
    struct rowset *r;
    rowset_fill_fn fn;
    void *ctx;
    const atomic_bool *cancel;
};

static void fill_segment(void *ctx, uint32_t i)
{
    struct from_job *j = ctx;
    uint32_t words = BITS_WORDS(j->r->snap->seg[i]->n), count = 0;
    uint64_t *bits;

    if (j->cancel && *j->cancel)
        return;
    bits = xcalloc(words, sizeof(*bits));
    j->fn(j->ctx, i, bits);
    for (uint32_t w = 0; w < words; w++)
        count += (uint32_t)__builtin_popcountll(bits[w]);
    set_segment(j->r, i, bits, count);
}

struct rowset *rowset_from(struct snapshot *snap, rowset_fill_fn fn, void *ctx,
                           const atomic_bool *cancel)
{
    struct from_job j = {.r = rowset_new(snap), .fn = fn, .ctx = ctx, .cancel = cancel};

    parallel_each(snap->n, fill_segment, &j);
    if (cancel && *cancel) {
        rowset_unref(j.r);
        return NULL;
    }
    sum_up(j.r);
    return j.r;
}

bool rowset_has(const struct rowset *r, struct rowref ref)
{
    if (!r->bits[ref.seg])
        return r->count[ref.seg] > 0;
    return bit_get(r->bits[ref.seg], ref.row);
}
