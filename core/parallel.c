#include "parallel.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

unsigned parallel_threads(unsigned wanted, uint32_t n)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    if (!wanted)
        wanted = cores > 0 ? (unsigned)MIN(cores, (long)PARALLEL_MAX) : 1;
    wanted = MIN(wanted, (unsigned)PARALLEL_MAX);
    return MAX(MIN(wanted, n), 1u);
}

struct worker {
    pthread_t thread;
    void (*fn)(void *ctx, unsigned worker);
    void *ctx;
    unsigned number;
};

static void *work(void *arg)
{
    struct worker *w = arg;

    w->fn(w->ctx, w->number);
    return NULL;
}

void parallel_run(unsigned threads, void (*fn)(void *ctx, unsigned worker), void *ctx)
{
    struct worker worker[PARALLEL_MAX];
    unsigned n = 1;

    for (; n < MIN(threads, (unsigned)PARALLEL_MAX); n++) {
        worker[n] = (struct worker){.fn = fn, .ctx = ctx, .number = n};
        if (pthread_create(&worker[n].thread, NULL, work, &worker[n]) != 0)
            break;
    }
    fn(ctx, 0);
    while (n > 1)
        pthread_join(worker[--n].thread, NULL);
}

struct items {
    uint32_t n;
    void (*fn)(void *ctx, uint32_t i);
    void *ctx;
    atomic_uint next;
};

static void take_items(void *arg, unsigned worker)
{
    struct items *all = arg;
    uint32_t i;

    (void)worker;
    while ((i = atomic_fetch_add(&all->next, 1)) < all->n)
        all->fn(all->ctx, i);
}

void parallel_each(uint32_t n, void (*fn)(void *ctx, uint32_t i), void *ctx)
{
    struct items all = {.n = n, .fn = fn, .ctx = ctx};

    parallel_run(parallel_threads(0, n), take_items, &all);
}
