/* stdin_store.c - a growing list of 1 MiB blocks under a lock. */
#include "stdin_store.h"

#include <pthread.h>

#include "membudget.h"
#include "xalloc.h"

#define BLOCK (1u << 20)

struct stdin_store {
    pthread_mutex_t lock;
    char **block;
    size_t n_block, cap_block;
    uint64_t len;
    struct memlease memory;
};

struct stdin_store *stdin_store_new(void)
{
    struct stdin_store *s = xcalloc(1, sizeof(*s));

    s->memory.use = MEMORY_STORE;
    pthread_mutex_init(&s->lock, NULL);
    return s;
}

void stdin_store_free(struct stdin_store *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->n_block; i++)
        free(s->block[i]);
    free(s->block);
    memlease_release(&s->memory);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

void stdin_store_add(struct stdin_store *s, const void *p, size_t n)
{
    const char *from = p;

    pthread_mutex_lock(&s->lock);
    while (n > 0) {
        size_t at = s->len % BLOCK, k = MIN(n, BLOCK - at);

        if (at == 0) {
            GROW(s->block, s->cap_block, s->n_block + 1);
            s->block[s->n_block++] = xmalloc(BLOCK);
            memlease_force(&s->memory, s->n_block * BLOCK);
        }
        memcpy(s->block[s->n_block - 1] + at, from, k);
        s->len += k;
        from += k;
        n -= k;
    }
    pthread_mutex_unlock(&s->lock);
}

size_t stdin_store_read(struct stdin_store *s, uint64_t off, void *p, size_t n)
{
    size_t done = 0;

    pthread_mutex_lock(&s->lock);
    n = off >= s->len ? 0 : (size_t)MIN((uint64_t)n, s->len - off);
    while (done < n) {
        size_t at = (off + done) % BLOCK, k = MIN(n - done, BLOCK - at);

        memcpy((char *)p + done, s->block[(off + done) / BLOCK] + at, k);
        done += k;
    }
    pthread_mutex_unlock(&s->lock);
    return done;
}
