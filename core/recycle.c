/* recycle.c - a stack of buffers. */
#include "recycle.h"

#include <pthread.h>

#include "membudget.h"
#include "xalloc.h"

#define KEPT 32
#define KEPT_BYTES ((size_t)64 << 20)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards what follows */
static struct strbuf kept[KEPT];
static unsigned n_kept;
static struct memlease memory = {.use = MEMORY_BUFFERS};

void recycle_take(struct strbuf *b)
{
    pthread_mutex_lock(&lock);
    if (n_kept) {
        *b = kept[--n_kept];
        memlease_force(&memory, memory.held - b->cap);
    }
    pthread_mutex_unlock(&lock);
    b->len = 0;
}

void recycle_give(struct strbuf *b)
{
    pthread_mutex_lock(&lock);
    if (n_kept < KEPT && b->cap && memory.held + b->cap <= MIN(KEPT_BYTES, membudget_limit() / 8)) {
        kept[n_kept++] = *b;
        memlease_force(&memory, memory.held + b->cap);
        *b = (struct strbuf)STRBUF_INIT;
    }
    pthread_mutex_unlock(&lock);
    strbuf_release(b);
}

void recycle_rest(void)
{
    pthread_mutex_lock(&lock);
    while (n_kept)
        strbuf_release(&kept[--n_kept]);
    memlease_release(&memory);
    pthread_mutex_unlock(&lock);
}
