/* rnd.h - numbers that look random and are the same every time. */
#ifndef AWL_TEST_RND_H
#define AWL_TEST_RND_H

#include <stdint.h>

static uint64_t rnd_state = 7;

/* Below n. */
static inline uint32_t rnd(uint32_t n)
{
    rnd_state = rnd_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(rnd_state >> 33) % n;
}

#endif
