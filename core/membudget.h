/* membudget.h - one limit on the memory whose size goes with the input: --memory.
 *
 * Who holds such memory has a lease of it, and asks before it takes more. A lease that would go
 * beyond the limit first makes the caches give way, and is refused if that is not enough; its owner
 * then makes do with less, writes to disk, or fails with membudget_fail(). What grows by small
 * pieces is counted by force instead, and those who make it grow look at membudget_over() now and
 * then: indexing after each chunk, queries after each row.
 *
 * The screen, buffers of a fixed size and what the allocator leaves unused do not count: some 16
 * MiB, and 4 MiB a thread. Mapped files do not count either: the system takes their pages back when
 * it needs them.
 *
 * One limit a process. All functions are thread-safe, a lease belongs to one thread at a time. */
#ifndef AWL_MEMBUDGET_H
#define AWL_MEMBUDGET_H

#include "err.h"

/* What memory is held for, and how a refusal names it. */
#define MEMORY_USES(X)                                                                             \
    X(BLOCKS, "inflated blocks")                                                                   \
    X(BUFFERS, "bytes being read")                                                                 \
    X(BUILDERS, "rows being packed")                                                               \
    X(SEGMENTS, "columns that are in no index")                                                    \
    X(TEXTS, "distinct texts")                                                                     \
    X(STORE, "bytes of pipes and archives")                                                        \
    X(ROWS, "rows of the result")                                                                  \
    X(GROUPS, "groups")

enum memory_use {
#define USE(id, name) MEMORY_##id,
    MEMORY_USES(USE)
#undef USE
        MEMORY_N
};

/* All zero but `use` holds nothing. */
struct memlease {
    enum memory_use use;
    size_t held;
};

/* Bytes; 0: none, as at first. Before the threads that ask. */
void membudget_set(uint64_t limit);
uint64_t membudget_limit(void); /* UINT64_MAX: none */
uint64_t membudget_held(void);  /* by all leases */

/* The lease is of n bytes from now on. False, and as it was, if that is more than before and the
 * limit does not allow it. Not while a lock is held that a cache takes when it gives way. */
bool memlease_resize(struct memlease *l, size_t n) MUST_CHECK;
/* The same for memory that is there anyway or cannot be less: never refused, but counted, so that
 * others are. */
void memlease_force(struct memlease *l, size_t n);
void memlease_release(struct memlease *l);

/* More than the limit is held, by force, and caches have given way. */
bool membudget_over(void);
/* A use has half of the limit: time to do with less of it. */
bool membudget_tight(enum memory_use use);

/* Sets *e to the limit, who holds how much of it, and `help`: what would make do with less. Returns
 * its code, ERR_LIMIT. */
int membudget_fail(struct err *e, const char *help);

/* A cache: `evict` frees up to `want` bytes or more, if it can, and gives their leases back. It is
 * called by any thread that asks for memory. A few at most; the same one is known once. Before the
 * threads that ask. */
void membudget_cache(void (*evict)(size_t want));

#endif
