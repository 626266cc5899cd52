/* arena.h - memory that is given out piece by piece and taken back all at once.
 *
 * All zero is an empty arena. What was given out stays where it is until arena_clear(). */
#ifndef AWL_ARENA_H
#define AWL_ARENA_H

#include "str.h"

struct arena_block;
struct arena {
    struct arena_block *used, *spare; /* in use; kept from earlier rounds */
    char *free;
    size_t left;
};

void *arena_alloc_slow(struct arena *a, size_t n);
void arena_clear_slow(struct arena *a);
void arena_release(struct arena *a); /* frees it all; the arena is empty and good for use */

/* n bytes, not aligned: for texts. */
static inline char *arena_alloc(struct arena *a, size_t n)
{
    char *p = a->free;

    if (unlikely(n > a->left))
        return arena_alloc_slow(a, n);
    a->free += n;
    a->left -= n;
    return p;
}

static inline void arena_clear(struct arena *a)
{
    if (unlikely(a->used))
        arena_clear_slow(a);
}

/* A copy of s. */
static inline struct slice arena_keep(struct arena *a, struct slice s)
{
    return slice_of(s.len ? memcpy(arena_alloc(a, s.len), s.ptr, s.len) : "", s.len);
}

/* Gives back the end of the newest piece, of which `used` of `n` bytes are needed. */
static inline void arena_shrink(struct arena *a, size_t n, size_t used)
{
    a->free -= n - used;
    a->left += n - used;
}

#endif
