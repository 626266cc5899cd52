/* slab.h - objects of one size, of which there may be tens of thousands: taken from blocks of many,
 * for the allocator asks the system for each page by itself when a thread's memory grows.
 * Thread-safe. */
#ifndef AWL_SLAB_H
#define AWL_SLAB_H

#include <pthread.h>

#include "base.h"

struct slab_link;
struct slab {
    size_t size; /* of an object */
    pthread_mutex_t lock;
    struct slab_link *block, *spare; /* all blocks; objects given back */
    size_t n_left;                   /* objects of the newest block that were never taken */
    size_t n_taken;
};

#define SLAB_OF(type)                                                                              \
    {                                                                                              \
        .size = sizeof(type), .lock = PTHREAD_MUTEX_INITIALIZER                                    \
    }

void *slab_take(struct slab *s); /* all zero */
/* p may be NULL. Once all objects are given back, their memory is. */
void slab_give(struct slab *s, void *p);

#endif
