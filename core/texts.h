/* texts.h - the distinct texts of one column while it is collected, numbered from 1 as they arrive.
 *
 * Look-ups come in batches of one column: its tables are hot, nothing waits for anything but
 * memory, and where the tables are larger than the inner caches the misses of a batch overlap. Most
 * texts are one of a few words, names or user agents, and are found among those met lately by their
 * ends. The first 16 bytes of a text stand beside its number, so most of them (addresses, words,
 * versions) are hashed and compared as two words, with no call.
 *
 * Every text handed in must have TEXT_SLACK readable bytes behind it. */
#ifndef AWL_TEXTS_H
#define AWL_TEXTS_H

#include "arena.h"

#define TEXTS_BATCH 128
#define TEXT_SLACK 16

struct texts {
    struct known_text *known; /* known[code]; known[0] is no text */
    uint32_t n, cap;
    struct text_slot *slot; /* open addressing, at most half full */
    uint32_t n_slot;
    uint32_t *recent; /* codes, by the ends of the text */
};

/* Codes of n <= TEXTS_BATCH texts, 0 where there is none (value_missing()). New ones are copied to
 * `mem`. */
void texts_find(struct texts *t, struct arena *mem, const struct slice *text, unsigned n,
                uint32_t *code);
/* The texts from the one with code from + 1 on, t->n - from of them; they lie in the arena. */
void texts_list(const struct texts *t, uint32_t from, struct slice *out);
void texts_clear(struct texts *t); /* keeps the memory */
void texts_release(struct texts *t);

#endif
