/* membudget.c - a sum under a limit, and counters a use that say who it is. */
#include "membudget.h"

#include <stdatomic.h>

#include "str.h"

#define MAX_CACHES 4

static const char *const use_name[] = {
#define USE(id, name) name,
    MEMORY_USES(USE)
#undef USE
};

static _Atomic uint64_t limit = UINT64_MAX, held, held_by[MEMORY_N];
static void (*cache[MAX_CACHES])(size_t want);
static unsigned n_cache;

void membudget_set(uint64_t bytes)
{
    limit = bytes ? bytes : UINT64_MAX;
}

uint64_t membudget_limit(void)
{
    return limit;
}

uint64_t membudget_held(void)
{
    return held;
}

void membudget_cache(void (*evict)(size_t want))
{
    for (unsigned i = 0; i < n_cache; i++)
        if (cache[i] == evict)
            return;
    BUG_ON(n_cache == MAX_CACHES);
    cache[n_cache++] = evict;
}

static void take(struct memlease *l, size_t n)
{
    held += n - l->held; /* wraps back where it is less */
    held_by[l->use] += n - l->held;
    l->held = n;
}

/* Makes the caches give way to what is beyond the limit. */
static void make_room(void)
{
    for (unsigned i = 0; i < n_cache; i++) {
        uint64_t now = held;

        if (now <= limit)
            return;
        cache[i]((size_t)(now - limit));
    }
}

bool memlease_resize(struct memlease *l, size_t n)
{
    size_t before = l->held;

    take(l, n);
    if (n <= before || held <= limit)
        return true;
    make_room();
    if (held <= limit)
        return true;
    take(l, before);
    return false;
}

void memlease_force(struct memlease *l, size_t n)
{
    size_t before = l->held;

    take(l, n);
    if (n > before && held > limit)
        make_room();
}

void memlease_release(struct memlease *l)
{
    take(l, 0);
}

bool membudget_over(void)
{
    if (held > limit)
        make_room();
    return held > limit;
}

bool membudget_tight(enum memory_use use)
{
    return held_by[use] > limit / 2;
}

int membudget_fail(struct err *e, const char *help)
{
    struct strbuf who = STRBUF_INIT;
    unsigned long long mib = 1u << 20;

    for (unsigned i = 0; i < MEMORY_N; i++)
        if (held_by[i] >= mib)
            strbuf_addf(&who, "%s%lluM %s", who.len ? ", " : "", held_by[i] / mib, use_name[i]);
    err_set(e, ERR_LIMIT, "the limit of memory, --memory=%lluM, is reached%s%s%s: %s", limit / mib,
            who.len ? " (" : "", who.len ? who.buf : "", who.len ? ")" : "", help);
    strbuf_release(&who);
    return e->code;
}
