/* rawscan.c - records are looked for in the order of their file, not of their time.
 *
 * A run of rows is a stretch of one file. It is viewed in pieces that stay in a core's cache, and
 * searched as a whole (textsearch.h); the places of what is found are mapped back to rows by the
 * places of the records, which ascend in order of arrival. Rows that are not where they ought to be
 * (the file was cut), records within containers, records much longer than a piece, and the rows of
 * a filter that has left few of them are read one by one. What the index says of places is not
 * trusted: whatever it says, only bytes of the view are looked at. */
#include "rawscan.h"

#include "xalloc.h"

#define STRETCH (512u << 10)
#define SPARSE 4           /* fewer than one row in so many: one by one */
#define LONG (STRETCH / 4) /* so are records of this size */
#define BATCH 1024
#define CHECK_EVERY 1024 /* rows between looks at the cancel flag */

struct scan {
    const struct textsearch *t;
    struct segment *seg;
    struct rowview *view;
    const atomic_bool *cancel;
    struct text_scan text;
    uint64_t *hit, *single; /* by order of arrival: rows that match, rows to ask one by one */
    int64_t *place;         /* of the run's rows and of what follows them */
    bool any, cancelled;
};

static bool is_cancelled(struct scan *sc)
{
    return sc->cancelled = sc->cancelled || (sc->cancel && *sc->cancel);
}

static void ask_singly(struct scan *sc, uint32_t from, uint32_t to)
{
    for (uint32_t k = from; k < to; k++)
        bit_set(sc->single, k);
    sc->any = true;
}

/* --- stretches --- */

/* Rows k ... m - 1, by arrival, whose bytes are s from `base` on. */
struct stretch {
    struct slice s;
    int64_t base;
    uint32_t k, m, first; /* first: of the run, whose place is place[0] */
};

static size_t start_of(const struct scan *sc, const struct stretch *x, uint32_t k)
{
    return (size_t)(uint64_t)(sc->place[k - x->first] - x->base);
}

/* The last row from x->k on that begins at or before `at`. */
static uint32_t row_at(const struct scan *sc, const struct stretch *x, size_t at)
{
    uint32_t lo = x->k, hi = x->m;

    while (hi - lo > 1) {
        uint32_t mid = lo + (hi - lo) / 2;

        if (start_of(sc, x, mid) <= at)
            lo = mid;
        else
            hi = mid;
    }
    return lo;
}

/* A row's record as it is searched: without a CR at its end. False: it is not in the view. */
static bool record_of(const struct scan *sc, const struct stretch *x, uint32_t k, struct slice *out)
{
    size_t from = start_of(sc, x, k),
           len = start_of(sc, x, k + 1) - from - (size_t)packed_get(&sc->seg->gap, k);

    if (from > x->s.len || len > x->s.len - from)
        return false;
    *out = slice_of(x->s.ptr + from, len);
    if (len && out->ptr[len - 1] == '\r')
        out->len--;
    return true;
}

static void search_stretch(struct scan *sc, struct stretch *x)
{
    size_t at = 0, sure, found, next;
    struct slice rec;

    while ((found = text_scan_next(&sc->text, x->s, at, &sure)) != SIZE_MAX) {
        uint32_t k = x->k = row_at(sc, x, found);

        if (!record_of(sc, x, k, &rec)) {
            ask_singly(sc, k, k + 1);
        } else if (found <= (size_t)(rec.ptr + rec.len - x->s.ptr) &&
                   ((sure && sure <= (size_t)(rec.ptr + rec.len - x->s.ptr)) ||
                    textsearch_match(sc->t, rec))) {
            bit_set(sc->hit, k);
            sc->any = true;
        }
        next = start_of(sc, x, k + 1);
        if (k + 1 >= x->m || next <= at || next > x->s.len)
            break;
        at = next;
    }
}

/* Rows [k, m) of a run, whose bytes lie together. */
static void scan_stretch(struct scan *sc, const struct run *run, uint32_t k, uint32_t m)
{
    struct stretch x = {.k = k, .m = m, .first = run->first, .base = sc->place[k - run->first]};
    uint64_t off = (uint64_t)x.base - run->place + run->off;
    size_t len = start_of(sc, &x, m);
    struct blob_pin pin;
    struct err e;

    if (len == 0 || len / (m - k) > LONG ||
        blob_view(session_source(sc->view->session, run->source), off, len, &x.s, &pin, &e) != 0) {
        ask_singly(sc, k, m);
        return;
    }
    if (x.s.len == len)
        search_stretch(sc, &x);
    else
        ask_singly(sc, k, m);
    blob_unpin(&pin);
}

/* Whether the records of a frame lie in the file as they are searched. */
static bool is_bare(const struct frame *f)
{
    return f->kind == FRAME_LINES || f->kind == FRAME_EXEC ||
           (f->kind == FRAME_JSON && (f->payload == PAYLOAD_WHOLE || f->payload == PAYLOAD_SKIP));
}

static void scan_run(struct scan *sc, const struct run *run, uint32_t end)
{
    uint32_t k = run->first;

    if (!is_bare(frame_by_id(run->frame))) {
        ask_singly(sc, k, end);
        return;
    }
    packed_read(&sc->seg->place, k, end - k + 1, sc->place);
    while (k < end && !is_cancelled(sc)) {
        const int64_t *place = sc->place - run->first;
        uint32_t m = k + 1;

        while (m < end && (uint64_t)(place[m + 1] - place[k]) <= STRETCH)
            m++;
        scan_stretch(sc, run, k, m);
        k = m;
    }
}

/* --- rows --- */

static void ask_row(struct scan *sc, uint32_t row, uint64_t *out)
{
    rowview_at(sc->view, sc->seg, row);
    if (textsearch_match(sc->t, rowview_raw(sc->view)))
        bit_set(out, row);
}

/* From order of arrival to order of rows. */
static void take_rows(struct scan *sc, const uint64_t *in, uint64_t *out)
{
    int64_t order[BATCH];
    uint32_t n = sc->seg->n;

    for (uint32_t from = 0; from < n && !is_cancelled(sc); from += BATCH) {
        uint32_t some = MIN(n - from, (uint32_t)BATCH);

        packed_read(&sc->seg->order, from, some, order);
        for (uint32_t i = 0; i < some; i++) {
            uint32_t k = (uint64_t)order[i] < n ? (uint32_t)order[i] : 0;

            if (bit_get(sc->hit, k))
                bit_set(out, from + i);
            else if (bit_get(sc->single, k) && bit_get(in, from + i))
                ask_row(sc, from + i, out);
        }
    }
}

static void take_singly(struct scan *sc, const uint64_t *in, uint64_t *out)
{
    for (uint32_t w = 0; w < BITS_WORDS(sc->seg->n); w++) {
        if (w % (CHECK_EVERY / 64) == 0 && is_cancelled(sc))
            return;
        for (uint64_t left = in[w]; left; left &= left - 1)
            ask_row(sc, w * 64 + (uint32_t)__builtin_ctzll(left), out);
    }
}

static void take_stretches(struct scan *sc, const uint64_t *in, uint64_t *out)
{
    const struct segment *seg = sc->seg;

    sc->hit = xcalloc(2 * (size_t)BITS_WORDS(seg->n), sizeof(*sc->hit));
    sc->single = sc->hit + BITS_WORDS(seg->n);
    sc->place = xmalloc(((size_t)seg->n + 1) * sizeof(*sc->place));
    text_scan_begin(&sc->text, sc->t);
    for (uint32_t r = 0; r < seg->n_run && !is_cancelled(sc); r++) {
        uint32_t end = r + 1 < seg->n_run ? seg->run[r + 1].first : seg->n;

        if (seg->run[r].first < MIN(end, seg->n))
            scan_run(sc, &seg->run[r], MIN(end, seg->n));
    }
    text_scan_end(&sc->text);
    if (sc->any)
        take_rows(sc, in, out);
    free(sc->hit);
    free(sc->place);
}

bool rawscan(const struct textsearch *t, struct segment *seg, struct rowview *view,
             const uint64_t *in, uint64_t *out, const atomic_bool *cancel)
{
    struct scan sc = {.t = t, .seg = seg, .view = view, .cancel = cancel};
    uint32_t n = 0;

    memset(out, 0, BITS_WORDS(seg->n) * sizeof(*out));
    for (uint32_t w = 0; w < BITS_WORDS(seg->n); w++)
        n += (uint32_t)__builtin_popcountll(in[w]);
    if (n < seg->n / SPARSE)
        take_singly(&sc, in, out);
    else
        take_stretches(&sc, in, out);
    return !sc.cancelled;
}
