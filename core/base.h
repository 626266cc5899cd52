/* base.h - what every file of awl may assume: sizes, attributes, BUG().
 *
 * BUG() is for broken invariants only (our mistake). Bad input is a counted row with a reason,
 * a bad environment is a negative code and a struct err (err.h), never a BUG(). */
#ifndef AWL_BASE_H
#define AWL_BASE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define MUST_CHECK __attribute__((warn_unused_result))
#define UNUSED __attribute__((unused))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

/* Bits that x needs; 0 for 0. */
static inline unsigned bit_width(uint64_t x)
{
    return x ? 64 - (unsigned)__builtin_clzll(x) : 0;
}

_Noreturn void bug_at(const char *file, int line, const char *what);
#define BUG(what) bug_at(__FILE__, __LINE__, (what))
#define BUG_ON(cond)                                                                               \
    do {                                                                                           \
        if (unlikely(cond))                                                                        \
            BUG(#cond);                                                                            \
    } while (0)

/* Called by bug_at and by the allocators before abort(); the screen puts the terminal back here. */
extern void (*awl_abort_hook)(void);

#endif
