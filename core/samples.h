/* samples.h - the values of groups that percentiles are taken of.
 *
 * They are kept as they are, and percentiles are exact, until there are more of them than the
 * budget allows; from then on all of them are a DDSketch (Masson, Rim, Lee 2019): a count for each
 * bin of values within SAMPLES_ERROR of its middle. Bins do not depend on which value came first or
 * on which thread, and whether there are too many is a matter of their number alone, so the same
 * rows give the same answer on any number of threads.
 *
 * Values stand by ranges of group numbers: those of a range fit the processor's cache when they are
 * sorted out, and ranges are worked on side by side. */
#ifndef AWL_SAMPLES_H
#define AWL_SAMPLES_H

#include <stdatomic.h>

#include "base.h"

#define SAMPLES_ERROR 0.01 /* relative, of a percentile from the sketch */
/* What a reader of such percentiles is told. */
#define SAMPLES_NOTE "percentiles are from a DDSketch, right to 1 %; more --memory gives exact ones"
#define SAMPLE_BYTES 10 /* of memory for a value, about */

/* Of all samples of a query, on all its threads. */
struct sample_budget {
    uint64_t max; /* values that may be kept */
    _Atomic uint64_t n;
    atomic_bool sketch; /* there are more */
};

struct samples; /* one thread's */

struct samples *samples_new(struct sample_budget *b);
void samples_free(struct samples *s);
/* x is finite. */
void samples_add(struct samples *s, uint32_t group, double x);
void samples_add_many(struct samples *s, const uint32_t *group, const double *x, uint32_t n);
/* Tells the budget what came since the last time, and makes a sketch if it has to be. To be called
 * every some thousand values, and before the next two. */
void samples_settle(struct samples *s);
/* Takes over what `from` has, which ends up empty. Its group k is here[k]. */
void samples_merge(struct samples *s, struct samples *from, const uint32_t *here);
/* The same, but `from` keeps what it has; s is nobody's but the caller's, and not told to a budget.
 */
void samples_copy(struct samples *s, const struct samples *from, const uint32_t *here);
bool samples_sketched(const struct samples *s);
size_t samples_bytes(const struct samples *s); /* memory held */

/* Percentiles pct[0 ... n_pct) (0 ... 100) by nearest rank: value[group * n_pct + k], and how many
 * values the group has, count[group]. Groups without values are left as they are. */
void samples_rank(struct samples *s, const double *pct, unsigned n_pct, double *value,
                  uint64_t *count, unsigned threads);

#endif
