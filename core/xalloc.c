#include "xalloc.h"

#include <string.h>
#include <sys/mman.h>

static void *checked(void *p)
{
    if (unlikely(!p))
        BUG("out of memory");
    return p;
}

void *xmalloc(size_t n)
{
    return checked(malloc(n ? n : 1));
}

void *xcalloc(size_t n, size_t size)
{
    return checked(calloc(n ? n : 1, size ? size : 1));
}

void *xrealloc(void *p, size_t n)
{
    return checked(realloc(p, n ? n : 1));
}

void *xreallocarray(void *p, size_t n, size_t size)
{
    size_t total;

    if (__builtin_mul_overflow(n, size, &total))
        BUG("allocation size overflows");
    return xrealloc(p, total);
}

void *xmalloc_huge(size_t n)
{
    size_t whole;
    void *p;

    if (n < HUGE_PAGE)
        return xmalloc(n);
    if (__builtin_add_overflow(n, HUGE_PAGE - 1, &whole))
        BUG("allocation size overflows");
    whole -= whole % HUGE_PAGE;
    p = checked(aligned_alloc(HUGE_PAGE, whole));
    (void)madvise(p, whole, MADV_HUGEPAGE); /* a hint */
    return p;
}

void *xmemdup(const void *p, size_t n)
{
    void *q = xmalloc(n);

    if (n)
        memcpy(q, p, n);
    return q;
}

char *xstrdup(const char *s)
{
    return xstrndup(s, strlen(s));
}

char *xstrndup(const char *s, size_t n)
{
    char *q = xmalloc(n + 1);

    if (n)
        memcpy(q, s, n);
    q[n] = '\0';
    return q;
}
