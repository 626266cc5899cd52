/* arena.c - blocks of one size, larger ones for larger pieces. Blocks of the one size are kept for
 * the next round: the same work comes again. */
#include "arena.h"

#include "xalloc.h"

#define BLOCK ((size_t)256 * 1024)
#define FIRST ((size_t)8 * 1024) /* most arenas hold little: the first block is small */

struct arena_block {
    struct arena_block *next;
    size_t size;
    char bytes[];
};

static struct arena_block *take_spare(struct arena *a, size_t n)
{
    struct arena_block *k = a->spare;

    if (!k || k->size < n)
        return NULL;
    a->spare = k->next;
    return k;
}

void *arena_alloc_slow(struct arena *a, size_t n)
{
    struct arena_block *k = take_spare(a, n);

    if (!k) {
        size_t size = MAX(n, a->used ? BLOCK : FIRST);

        k = xmalloc(sizeof(*k) + size);
        k->size = size;
    }
    k->next = a->used;
    a->used = k;
    a->free = k->bytes + n;
    a->left = k->size - n;
    return k->bytes;
}

void arena_clear_slow(struct arena *a)
{
    while (a->used) {
        struct arena_block *k = a->used;

        a->used = k->next;
        if (k->size > BLOCK) {
            free(k);
            continue;
        }
        k->next = a->spare;
        a->spare = k;
    }
    a->free = NULL;
    a->left = 0;
}

void arena_release(struct arena *a)
{
    arena_clear(a);
    while (a->spare) {
        struct arena_block *k = a->spare;

        a->spare = k->next;
        free(k);
    }
}
