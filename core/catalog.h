/* catalog.h - the set of published segments, as immutable snapshots.
 *
 * A snapshot is an array of segments with a generation. Publishing builds a new array and swaps
 * the pointer under a mutex held for a few instructions; readers keep their snapshot alive by
 * reference, so nothing they look at ever changes. */
#ifndef AWL_CATALOG_H
#define AWL_CATALOG_H

#include "segment.h"

struct snapshot {
    atomic_uint refs;
    uint64_t generation;
    uint32_t n;
    uint64_t rows;
    int64_t ts_min, ts_max; /* over all segments; min > max if empty */
    struct segment *seg[];
};

struct catalog;
struct catalog *catalog_new(void);
void catalog_free(struct catalog *c);
/* Replaces n_old segments by n, which stand where the first of those stood, else behind all others;
 * takes the caller's references of `fresh`. */
void catalog_exchange(struct catalog *c, struct segment *const *old, uint32_t n_old,
                      struct segment *const *fresh, uint32_t n);
/* The same of one: `old` may be NULL (none), as may `fresh` (drops it). */
void catalog_replace(struct catalog *c, struct segment *old, struct segment *fresh);
/* Adds n segments at once, taking the caller's references. */
void catalog_add(struct catalog *c, struct segment *const *seg, uint32_t n);
struct snapshot *catalog_snapshot(struct catalog *c); /* a new reference */
void snapshot_ref(struct snapshot *s);
void snapshot_unref(struct snapshot *s);
uint64_t catalog_generation(struct catalog *c);

#endif
