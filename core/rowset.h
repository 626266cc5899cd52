/* rowset.h - the rows of a snapshot that a filter keeps, and their time order.
 *
 * A plain bitmap a segment, left out when all or no rows are in: at these densities plain bitmaps
 * beat compressed ones (docs/ARCHITECTURE.md). Immutable once made, shared by reference. Order
 * needs no array over all rows: segments are sorted, so a page is a k-way merge from a key, and
 * the rank of a key is one binary search a segment. */
#ifndef AWL_ROWSET_H
#define AWL_ROWSET_H

#include "filter.h"

struct rowset {
    atomic_uint refs;
    struct snapshot *snap;
    uint64_t total;
    uint64_t **bits; /* a segment: NULL = all rows if count == seg->n, none if count == 0 */
    uint32_t *count;
    struct memlease memory; /* of the bits */
    uint32_t **rank; /* a segment: rows kept before each block of 512; NULL where bits is NULL */
    /* Of a set that is not finished: rows of segments that were not looked at yet (none of them is
     * in), and which ones these are; 0, NULL: it is finished. */
    uint64_t pending;
    bool *waits;
};

/* A row of a rowset's snapshot. */
struct rowref {
    uint32_t seg, row;
};

struct rowset *rowset_all(struct snapshot *snap); /* takes its own reference */
/* Evaluates on `threads` threads (0 = one a core). `prev` (may be NULL) is an earlier result of the
 * SAME filter: segments with the same uid are taken over. NULL if cancelled. */
struct rowset *rowset_eval(struct session *s, struct snapshot *snap, struct filter *f,
                           const struct rowset *prev, unsigned threads, const atomic_bool *cancel);
/* The same, on all cores, for somebody who wants to see what was found so far: every thread asks
 * `due` behind each segment, `rows` of `of` having been looked at, and the one that is told so
 * shows the set as it is then, the rest pending, while the others go on. */
struct rowset_peek {
    bool (*due)(void *ctx, uint64_t rows, uint64_t of);
    void (*show)(void *ctx, struct rowset *so_far);
    void *ctx;
};
struct rowset *rowset_eval_seen(struct session *s, struct snapshot *snap, struct filter *f,
                                const struct rowset_peek *peek, const atomic_bool *cancel);
/* The same for a screen: the segments nearest to a time first, and once `until_us` (of
 * CLOCK_MONOTONIC) has passed, no more than one of them. What is left is pending; with the set as
 * `prev` the next call goes on. */
struct rowset *rowset_eval_until(struct session *s, struct snapshot *snap, struct filter *f,
                                 const struct rowset *prev, int64_t near_us, int64_t until_us,
                                 const atomic_bool *cancel);
/* A set made segment by segment, on all cores: fn sets bits (all clear at first) of snap->seg[i].
 */
typedef void (*rowset_fill_fn)(void *ctx, uint32_t i, uint64_t *bits);
struct rowset *rowset_from(struct snapshot *snap, rowset_fill_fn fn, void *ctx,
                           const atomic_bool *cancel);
/* Rows in both; the two must be of the same snapshot. */
struct rowset *rowset_and(const struct rowset *a, const struct rowset *b);
void rowset_ref(struct rowset *r);
void rowset_unref(struct rowset *r);
bool rowset_has(const struct rowset *r, struct rowref ref);

/* Up to n rows from key on (forward: >= or > key; backward: < or <= key, nearest first). */
uint32_t order_forward(const struct rowset *r, const struct rowkey *from, bool inclusive,
                       struct rowref *out, uint32_t n);
uint32_t order_backward(const struct rowset *r, const struct rowkey *from, bool inclusive,
                        struct rowref *out, uint32_t n);
uint64_t order_rank(const struct rowset *r, const struct rowkey *k); /* rows with a smaller key */
bool order_select(const struct rowset *r, uint64_t rank, struct rowref *out);
static inline struct rowkey rowref_key(const struct rowset *r, struct rowref ref)
{
    return segment_key(r->snap->seg[ref.seg], ref.row);
}

/* Visits every row of the set in time order; stops when fn returns false. */
bool order_each(const struct rowset *r, bool (*fn)(void *ctx, struct rowref ref), void *ctx);

#endif
