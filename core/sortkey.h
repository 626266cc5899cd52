/* sortkey.h - values as bytes whose order is that of val_cmp(), and sorting by them.
 *
 * Comparing values looks at both again and again; a table of many groups is sorted faster by bytes
 * made once, eight at a time. */
#ifndef AWL_SORTKEY_H
#define AWL_SORTKEY_H

#include "expr.h"

/* Appends the bytes of a value; those of several values may follow each other. Times with
 * `newest`: the later ones first. */
void sortkey_add(struct strbuf *out, struct val v, bool newest);

struct sortkey {
    const unsigned char *p; /* the bytes */
    uint32_t left;          /* how many */
    uint32_t row;
    uint64_t word; /* the sorter's own */
};
/* Sorts by the bytes. Equal ones end up in any order. */
void sortkey_sort(struct sortkey *key, size_t n);

#endif
