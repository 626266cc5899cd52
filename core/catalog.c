/* catalog.c - copy-on-write array of segments behind one pointer. Arrays are small (a pointer for
 * 65,536 rows), so copying one a published segment costs nothing that can be measured. */
#include "catalog.h"

#include <pthread.h>

#include "xalloc.h"

struct catalog {
    pthread_mutex_t lock;
    struct snapshot *now;
};

static struct snapshot *snapshot_new(uint32_t n, uint64_t generation)
{
    struct snapshot *s = xmalloc(sizeof(*s) + n * sizeof(s->seg[0]));

    atomic_init(&s->refs, 1);
    s->generation = generation;
    s->n = 0;
    s->rows = 0;
    s->ts_min = INT64_MAX;
    s->ts_max = INT64_MIN;
    return s;
}

static void snapshot_add(struct snapshot *s, struct segment *seg)
{
    segment_ref(seg);
    s->seg[s->n++] = seg;
    s->rows += seg->n;
    s->ts_min = MIN(s->ts_min, seg->ts_min);
    s->ts_max = MAX(s->ts_max, seg->ts_max);
}

void snapshot_ref(struct snapshot *s)
{
    atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
}

void snapshot_unref(struct snapshot *s)
{
    if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (uint32_t i = 0; i < s->n; i++)
        segment_unref(s->seg[i]);
    free(s);
}

struct catalog *catalog_new(void)
{
    struct catalog *c = xcalloc(1, sizeof(*c));

    pthread_mutex_init(&c->lock, NULL);
    c->now = snapshot_new(0, 0);
    return c;
}

void catalog_free(struct catalog *c)
{
    if (!c)
        return;
    snapshot_unref(c->now);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

static void charge(struct segment *seg)
{
    seg->memory.use = MEMORY_SEGMENTS;
    memlease_force(&seg->memory, seg->bytes);
}

static bool is_among(const struct segment *seg, struct segment *const *some, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (some[i] == seg)
            return true;
    return false;
}

void catalog_exchange(struct catalog *c, struct segment *const *old, uint32_t n_old,
                      struct segment *const *fresh, uint32_t n)
{
    struct snapshot *before, *after;
    bool placed = false;

    for (uint32_t i = 0; i < n; i++)
        charge(fresh[i]);
    pthread_mutex_lock(&c->lock);
    before = c->now;
    after = snapshot_new(before->n + n, before->generation + 1);
    for (uint32_t at = 0; at <= before->n; at++) {
        bool goes = at < before->n && is_among(before->seg[at], old, n_old);

        for (uint32_t i = 0; !placed && (goes || at == before->n) && i < n; i++)
            snapshot_add(after, fresh[i]);
        placed |= goes;
        if (at < before->n && !goes)
            snapshot_add(after, before->seg[at]);
    }
    c->now = after;
    pthread_mutex_unlock(&c->lock);
    snapshot_unref(before);
    for (uint32_t i = 0; i < n; i++)
        segment_unref(fresh[i]);
}

void catalog_add(struct catalog *c, struct segment *const *seg, uint32_t n)
{
    catalog_exchange(c, NULL, 0, seg, n);
}

void catalog_replace(struct catalog *c, struct segment *old, struct segment *fresh)
{
    catalog_exchange(c, &old, old != NULL, &fresh, fresh != NULL);
}

struct snapshot *catalog_snapshot(struct catalog *c)
{
    struct snapshot *s;

    pthread_mutex_lock(&c->lock);
    s = c->now;
    snapshot_ref(s);
    pthread_mutex_unlock(&c->lock);
    return s;
}

uint64_t catalog_generation(struct catalog *c)
{
    uint64_t g;

    pthread_mutex_lock(&c->lock);
    g = c->now->generation;
    pthread_mutex_unlock(&c->lock);
    return g;
}
