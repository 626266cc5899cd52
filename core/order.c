/* order.c - time order without an array of all rows.
 *
 * Every segment is sorted, so the rows after a key are the merge of what each segment has after
 * it: a heap of cursors, one a segment that reaches beyond the key. The rank of a key is a sum of
 * one binary search a segment; the row of a rank is found by bisecting the key space (time first,
 * then source, then offset) with that sum. */
#include "rowloop.h"
#include "xalloc.h"

#define RANK_BLOCK 512

/* Rows of the set in segment i before `row`. */
static uint32_t rank_in(const struct rowset *r, uint32_t i, uint32_t row)
{
    const uint64_t *bits = r->bits[i];
    uint32_t sum, w;

    if (!bits)
        return r->count[i] ? row : 0;
    if (row == r->snap->seg[i]->n)
        return r->count[i];
    sum = r->rank[i][row / RANK_BLOCK];
    for (w = row / RANK_BLOCK * (RANK_BLOCK / 64); w < row / 64; w++)
        sum += (uint32_t)__builtin_popcountll(bits[w]);
    if (row % 64)
        sum += (uint32_t)__builtin_popcountll(bits[w] & ((UINT64_C(1) << row % 64) - 1));
    return sum;
}

/* Last row < row of the set in segment i; UINT32_MAX if none. */
static uint32_t prev_in(const struct rowset *r, uint32_t i, uint32_t row)
{
    const uint64_t *bits = r->bits[i];
    uint32_t w;
    uint64_t left;

    if (row == 0 || r->count[i] == 0)
        return UINT32_MAX;
    row--;
    if (!bits)
        return row;
    w = row / 64;
    left = bits[w] & (~UINT64_C(0) >> (63 - row % 64));
    while (!left) {
        if (w-- == 0)
            return UINT32_MAX;
        left = bits[w];
    }
    return w * 64 + 63 - (uint32_t)__builtin_clzll(left);
}

/* --- merging --- */

struct cursor {
    struct rowkey key;
    uint32_t seg, row;
};

struct heap {
    struct cursor *item;
    uint32_t n;
    int sign; /* 1: smallest key on top; -1: largest */
};

static bool above(const struct heap *h, uint32_t a, uint32_t b)
{
    return h->sign * rowkey_cmp(&h->item[a].key, &h->item[b].key) < 0;
}

static void sift(struct heap *h, uint32_t i)
{
    for (;;) {
        uint32_t best = i, l = 2 * i + 1, r = l + 1;
        struct cursor t;

        if (l < h->n && above(h, l, best))
            best = l;
        if (r < h->n && above(h, r, best))
            best = r;
        if (best == i)
            return;
        t = h->item[i];
        h->item[i] = h->item[best];
        h->item[best] = t;
        i = best;
    }
}

static void heap_start(struct heap *h, const struct rowset *r, const struct rowkey *from,
                       bool inclusive)
{
    struct rowkey k = *from;

    h->item = xmalloc(r->snap->n * sizeof(*h->item));
    h->n = 0;
    for (uint32_t i = 0; i < r->snap->n; i++) {
        struct segment *s = r->snap->seg[i];
        uint32_t row, at;

        if (r->count[i] == 0)
            continue;
        at = segment_lower_bound(s, &k);
        if (at < s->n && (h->sign > 0) != inclusive) {
            struct rowkey there = segment_key(s, at);
            at += rowkey_cmp(&there, &k) == 0; /* forward, exclusive; backward, inclusive */
        }
        row = h->sign > 0 ? rowloop_next(r, i, at) : prev_in(r, i, at);
        if (row < s->n)
            h->item[h->n++] = (struct cursor){segment_key(s, row), i, row};
    }
    for (uint32_t i = h->n / 2; i-- > 0;)
        sift(h, i);
}

/* Takes the top row and moves its cursor on. */
static struct rowref heap_take(struct heap *h, const struct rowset *r)
{
    struct cursor *top = &h->item[0];
    struct rowref ref = {top->seg, top->row};
    uint32_t row =
        h->sign > 0 ? rowloop_next(r, ref.seg, ref.row + 1) : prev_in(r, ref.seg, ref.row);

    if (row < r->snap->seg[ref.seg]->n) {
        top->row = row;
        top->key = segment_key(r->snap->seg[ref.seg], row);
    } else {
        h->item[0] = h->item[--h->n];
    }
    sift(h, 0);
    return ref;
}

static uint32_t take_some(const struct rowset *r, const struct rowkey *from, bool inclusive,
                          struct rowref *out, uint32_t n, int sign)
{
    struct heap h = {NULL, 0, sign};
    uint32_t got = 0;

    heap_start(&h, r, from, inclusive);
    while (got < n && h.n > 0)
        out[got++] = heap_take(&h, r);
    free(h.item);
    return got;
}

uint32_t order_forward(const struct rowset *r, const struct rowkey *from, bool inclusive,
                       struct rowref *out, uint32_t n)
{
    return take_some(r, from, inclusive, out, n, 1);
}

uint32_t order_backward(const struct rowset *r, const struct rowkey *from, bool inclusive,
                        struct rowref *out, uint32_t n)
{
    return take_some(r, from, inclusive, out, n, -1);
}

bool order_each(const struct rowset *r, bool (*fn)(void *ctx, struct rowref ref), void *ctx)
{
    struct heap h = {NULL, 0, 1};
    struct rowkey from = ROWKEY_MIN;
    bool go = true;

    heap_start(&h, r, &from, true);
    while (go && h.n > 0)
        go = fn(ctx, heap_take(&h, r));
    free(h.item);
    return go;
}

/* --- ranks --- */

uint64_t order_rank(const struct rowset *r, const struct rowkey *k)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < r->snap->n; i++)
        if (r->count[i])
            sum += rank_in(r, i, segment_lower_bound(r->snap->seg[i], k));
    return sum;
}

bool order_select(const struct rowset *r, uint64_t rank, struct rowref *out)
{
    struct rowkey k = ROWKEY_MIN;
    int64_t lo = r->snap->ts_min, hi = r->snap->ts_max;
    uint64_t source_lo = 0, source_hi = UINT32_MAX, off_lo = 0, off_hi = UINT64_MAX;

    if (rank >= r->total)
        return false;
    while (lo < hi) { /* the largest time with at most `rank` rows before it */
        k.ts = (int64_t)((uint64_t)lo + ((uint64_t)hi - (uint64_t)lo + 1) / 2);
        if (order_rank(r, &k) <= rank)
            lo = k.ts;
        else
            hi = k.ts - 1;
    }
    k.ts = lo;
    while (source_lo < source_hi) {
        uint64_t mid = source_lo + (source_hi - source_lo + 1) / 2;
        k.source = (uint32_t)mid;
        if (order_rank(r, &k) <= rank)
            source_lo = mid;
        else
            source_hi = mid - 1;
    }
    k.source = (uint32_t)source_lo;
    while (off_lo < off_hi) {
        k.off = off_lo + (off_hi - off_lo) / 2 + ((off_hi - off_lo) & 1);
        if (order_rank(r, &k) <= rank)
            off_lo = k.off;
        else
            off_hi = k.off - 1;
    }
    k.off = off_lo;
    return order_forward(r, &k, true, out, 1) == 1;
}
