/* chart.h - one number of a query's result over time, as bars. */
#ifndef AWL_CHART_H
#define AWL_CHART_H

#include "agg.h"

struct query_ast;

struct chart {
    struct histogram hist; /* bars, of HC_OTHER alone; the highest is hist.peak */
    const char *name;      /* of the number's column; the table's */
    double peak, value;    /* the highest bin, and that of the row */
    int64_t at;            /* the bar of the row; -1: none */
    int64_t at_us, bin_us; /* when the bin of the row begins; how wide a bin is */
};

/* Whether the column has numbers and nothing else. */
bool chart_has_numbers(const struct group_table *t, unsigned col);
/* Of the sorted column if that is a number but no key, else of the last. Bins that lie in one bar
 * show the highest. False: no key of the query is bin(). */
bool chart_make(struct chart *c, const struct query_ast *q, const struct group_table *t,
                unsigned sorted, uint64_t row, unsigned bars);
void chart_release(struct chart *c);

#endif
