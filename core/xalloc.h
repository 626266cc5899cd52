/* xalloc.h - allocation that cannot fail: out of memory restores the terminal and aborts.
 * Sizes are checked for overflow. Buffers whose size comes from input must be capped by the caller.
 */
#ifndef AWL_XALLOC_H
#define AWL_XALLOC_H

#include "base.h"

void *xmalloc(size_t n);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t n);
void *xreallocarray(void *p, size_t n, size_t size);
/* For megabytes that will all be written: in huge pages where the system has them, for a fault a
 * page of 4 KiB would take longer than filling it. free() frees it. */
#define HUGE_PAGE (2u << 20)
void *xmalloc_huge(size_t n);
void *xmemdup(const void *p, size_t n);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);

/* Makes room for `need` elements in a growing array: GROW(v->item, v->cap, v->n + 1). */
#define GROW(ptr, cap, need)                                                                       \
    do {                                                                                           \
        if ((size_t)(need) > (size_t)(cap)) {                                                      \
            size_t grow_cap_ = (cap) ? (size_t)(cap)*2 : 16;                                       \
            if (grow_cap_ < (size_t)(need))                                                        \
                grow_cap_ = (size_t)(need);                                                        \
            (ptr) = xreallocarray((ptr), grow_cap_, sizeof(*(ptr)));                               \
            (cap) = grow_cap_;                                                                     \
        }                                                                                          \
    } while (0)

#endif
