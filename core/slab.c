/* slab.c - see slab.h. A block is a link to the one before it, then its objects. */
#include "slab.h"

#include <string.h>

#include "xalloc.h"

#define BLOCK_BYTES ((size_t)64 << 10)
#define ALIGNED(n) (((n) + 15) & ~(size_t)15)

#ifdef __SANITIZE_ADDRESS__ /* which shall see each object by itself */
#define BLOCK_OF_ONE 1
#else
#define BLOCK_OF_ONE 0
#endif

struct slab_link {
    struct slab_link *next;
};

static void *take_new(struct slab *s)
{
    size_t head = ALIGNED(sizeof(struct slab_link)), step = ALIGNED(s->size);

    if (!s->n_left) {
        struct slab_link *block;

        s->n_left = MAX((BLOCK_BYTES - head) / step, (size_t)1);
        block = xcalloc(1, head + s->n_left * step);
        block->next = s->block;
        s->block = block;
    }
    return (char *)s->block + head + --s->n_left * step;
}

void *slab_take(struct slab *s)
{
    void *p;

    if (BLOCK_OF_ONE)
        return xcalloc(1, s->size);
    pthread_mutex_lock(&s->lock);
    p = s->spare;
    if (p) {
        s->spare = s->spare->next;
        memset(p, 0, s->size);
    } else {
        p = take_new(s);
    }
    s->n_taken++;
    pthread_mutex_unlock(&s->lock);
    return p;
}

static void free_blocks(struct slab *s)
{
    while (s->block) {
        struct slab_link *next = s->block->next;

        free(s->block);
        s->block = next;
    }
    s->spare = NULL;
    s->n_left = 0;
}

void slab_give(struct slab *s, void *p)
{
    struct slab_link *link = p;

    if (BLOCK_OF_ONE)
        free(p);
    if (BLOCK_OF_ONE || !p)
        return;
    pthread_mutex_lock(&s->lock);
    link->next = s->spare;
    s->spare = link;
    if (--s->n_taken == 0)
        free_blocks(s);
    pthread_mutex_unlock(&s->lock);
}
