/* select.h - the k-th smallest of many numbers. */
#ifndef AWL_SELECT_H
#define AWL_SELECT_H

#include "base.h"

struct wanted {
    unsigned at; /* the caller's */
    size_t k;    /* its place if all were sorted */
    size_t kept; /* its place among those that select_wanted() looks at in the end */
    double x;    /* the answer */
};

/* Finds the wanted values of v[0 ... n), none of which is NaN; they are asked for in ascending
 * order of k, each below n. Reorders v, or uses `room`, which takes as many. */
void select_wanted(double *v, size_t n, struct wanted *w, unsigned n_wanted, double *room);

#endif
