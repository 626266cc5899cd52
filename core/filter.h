/* filter.h - which rows of a segment an expression keeps: the vectorised evaluator.
 *
 * Tests on columns run as loops over packed codes into a bitmap, tests on dictionary columns once
 * a distinct text, zone maps decide whole segments, and only what is left reads raw lines. It must
 * agree with the naive evaluator (expr_eval) row by row; a property test says so. */
#ifndef AWL_FILTER_H
#define AWL_FILTER_H

#include "rowview.h"

struct filter;

/* How a test was answered in a segment. */
#define FILTER_WAYS(X)                                                                             \
    X(TYPE, "the log type")                                                                        \
    X(BOUNDS, "minima and maxima")                                                                 \
    X(TEXTS, "the segment's texts")                                                                \
    X(TIME, "order of time")                                                                       \
    X(CODES, "a range of codes")                                                                   \
    X(SET, "a set of codes")                                                                       \
    X(SEARCH, "search in lines")                                                                   \
    X(ROWS, "row by row")

enum filter_way {
#define WAY(id, name) FILTER_##id,
    FILTER_WAYS(WAY)
#undef WAY
        FILTER_N_WAYS
};

/* What was done for one node of the expression, over all segments and threads. */
struct filter_test {
    const struct expr *expr;
    unsigned depth;
    _Atomic uint64_t way[FILTER_N_WAYS]; /* segments; of tests, not of and, or, not */
    _Atomic uint64_t rows_in, rows_out;
    _Atomic uint64_t asked;    /* distinct texts that were compared */
    _Atomic uint64_t bytes;    /* of the log that were read */
    _Atomic uint64_t ns;       /* added up over the threads */
    _Atomic uint64_t segments; /* in which it was asked */
    _Atomic uint64_t turns;    /* its place among its neighbours, added up over them */
};
struct filter_watch {
    unsigned n;
    struct filter_test *test;               /* a node before its arguments */
    _Atomic uint64_t whole, left_out, read; /* segments: taken and left without a look at rows */
};

/* `e` (NULL: everything) must outlive the filter. */
struct filter *filter_new(const struct expr *e);
void filter_free(struct filter *f);
/* From now on it is noted what the filter does; before its first use. Lives as long as it. */
const struct filter_watch *filter_watch(struct filter *f);
/* bits: BITS_WORDS(seg->n) words, overwritten. `view` is the calling thread's reader. Returns the
 * number of rows kept, or -1 if *cancel became true on the way. */
int64_t filter_eval(struct filter *f, struct segment *seg, struct rowview *view, uint64_t *bits,
                    const atomic_bool *cancel);

#endif
