/* filter_bounds.h - the range of column values that a test means. */
#ifndef AWL_FILTER_BOUNDS_H
#define AWL_FILTER_BOUNDS_H

#include "expr.h"

/* Values in [lo, hi], none if lo > hi; with `invert` all others (!=), missing ones among them. */
struct filter_bounds {
    int64_t lo, hi;
    bool invert;
};

/* The values, in the units of f, for which a test of one field, as it is, is true; false if they
 * are no range. */
bool filter_bounds(const struct expr *e, const struct field_def *f, struct filter_bounds *b);

#endif
