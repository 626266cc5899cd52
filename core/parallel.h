/* parallel.h - a piece of work on several threads at once. */
#ifndef AWL_PARALLEL_H
#define AWL_PARALLEL_H

#include "base.h"

#define PARALLEL_MAX 64

/* How many threads to work on n items with: `wanted` (0: one a core), but no more than items, and
 * at least 1. */
unsigned parallel_threads(unsigned wanted, uint32_t n);
/* Calls fn(ctx, 0) ... fn(ctx, threads - 1) at the same time, one of them on the calling thread;
 * fewer of them if the system gives no more threads, so they must share out the work themselves.
 * Returns when all have. */
void parallel_run(unsigned threads, void (*fn)(void *ctx, unsigned worker), void *ctx);
/* Calls fn(ctx, i) for each i below n, one after the other on each of as many threads as there are
 * cores. Returns when all have been. */
void parallel_each(uint32_t n, void (*fn)(void *ctx, uint32_t i), void *ctx);

#endif
