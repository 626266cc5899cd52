/* plan.h - what a query did: its steps, how their rows were found, their rows and time.
 *
 * Steps nest: what begins within one that has not ended is part of it. A NULL plan keeps nothing,
 * so those who tell it need not ask. One thread tells. */
#ifndef AWL_PLAN_H
#define AWL_PLAN_H

#include "output.h"

struct filter_watch;
struct plan;

#define PLAN_UNKNOWN UINT64_MAX /* rows that nobody counted */

struct plan *plan_new(void);
void plan_free(struct plan *p);
void plan_begin(struct plan *p, struct slice what);
/* Of the step that began last and has not ended: how it was done, and on how many threads. */
void plan_how(struct plan *p, unsigned threads, const char *fmt, ...) PRINTF_LIKE(3, 4);
void plan_end(struct plan *p, uint64_t rows_in, uint64_t rows_out);
/* The tests of a filter as steps of this one, in the order in which they were made. */
void plan_filter(struct plan *p, const struct filter_watch *w, unsigned threads);

/* A step a row; those within others stand behind them, two blanks to the right. */
void plan_print(const struct plan *p, enum output_format f, output_sink sink, void *ctx);

#endif
