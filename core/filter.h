/* filter.h - which rows of a segment an expression keeps: the vectorised evaluator.
 *
 * Tests on columns run as loops over packed codes into a bitmap, tests on dictionary columns once
 * a distinct text, zone maps decide whole segments, and only what is left reads raw lines. It must
 * agree with the naive evaluator (expr_eval) row by row; a property test says so. */
#ifndef AWL_FILTER_H
#define AWL_FILTER_H

#include "rowview.h"

struct filter;

/* `e` (NULL: everything) must outlive the filter. */
struct filter *filter_new(const struct expr *e);
void filter_free(struct filter *f);
/* bits: BITS_WORDS(seg->n) words, overwritten. `view` is the calling thread's reader. Returns the
 * number of rows kept, or -1 if *cancel became true on the way. */
int64_t filter_eval(struct filter *f, struct segment *seg, struct rowview *view, uint64_t *bits,
                    const atomic_bool *cancel);

#endif
