/* rowloop.h - visiting the rows of a rowset in one segment, in order. */
#ifndef AWL_ROWLOOP_H
#define AWL_ROWLOOP_H

#include "rowset.h"

/* Runs the statement once a row of the set in segment i, with `row` declared. */
#define FOR_ROWS(r, i, row)                                                                        \
    for (uint32_t row = rowloop_next((r), (i), 0); row < (r)->snap->seg[i]->n;                     \
         row = rowloop_next((r), (i), row + 1))

/* First row >= row of the set in segment i; the segment's n if there is none. */
static inline uint32_t rowloop_next(const struct rowset *r, uint32_t i, uint32_t row)
{
    uint32_t n = r->snap->seg[i]->n, w = row / 64;
    const uint64_t *bits = r->bits[i];
    uint64_t left;

    if (row >= n || r->count[i] == 0)
        return n;
    if (!bits)
        return row;
    left = bits[w] & (~UINT64_C(0) << row % 64);
    while (!left) {
        if (++w >= BITS_WORDS(n))
            return n;
        left = bits[w];
    }
    return w * 64 + (uint32_t)__builtin_ctzll(left);
}

#endif
