/* packed.h - a sequence of integers in few bits, read at any place.
 *
 * The values stand in blocks of 2^shift; value k of a block is (base + slope * k + rest) * unit,
 * where `rest` has the width that the block needs: ascending times, offsets and line numbers are
 * nearly straight lines and take a few bits each, straight ones none. Arithmetic wraps, so any
 * values can be packed, and any bytes read: what was not packed here gives rubbish, never a fault,
 * once packed_check() has agreed. The same bytes lie in memory and on disk (docs/INDEX-FORMAT.md).
 */
#ifndef AWL_PACKED_H
#define AWL_PACKED_H

#include "base.h"

struct packed_block {
    int64_t base;
    int32_t slope;
    uint32_t at; /* first word of the block's rests << 8 | bits of a rest */
};

struct packed {
    const struct packed_block *block;
    const uint64_t *word; /* n_word of them; one more than is used, for reading across the end */
    uint32_t n;           /* values */
    uint32_t n_word;
    uint32_t unit;
    uint32_t shift;
};

#define PACKED_SHIFT_MAX 20 /* the longest block */
#define PACKED_MAX (1u << PACKED_SHIFT_MAX)

static inline int64_t packed_get(const struct packed *p, uint32_t i)
{
    const struct packed_block *b = &p->block[i >> p->shift];
    uint32_t k = i & ((1u << p->shift) - 1), bits = b->at & 0xff;
    uint64_t v = (uint64_t)b->base + (uint64_t)(int64_t)b->slope * k;

    if (bits) {
        uint64_t bit = (uint64_t)k * bits;
        const uint64_t *w = p->word + (b->at >> 8) + (bit >> 6);
        uint64_t rest = w[0] >> (bit & 63) | w[1] << 1 << (63 - (bit & 63));

        v += rest & (~UINT64_C(0) >> (64 - bits));
    }
    return (int64_t)(v * p->unit);
}

static inline uint32_t packed_blocks(const struct packed *p)
{
    return (p->n + (1u << p->shift) - 1) >> p->shift;
}

/* Packs n (1 ... PACKED_MAX) values, which may be others afterwards; the memory is the caller's to
 * give to packed_free(). */
void packed_make(struct packed *p, int64_t *v, uint32_t n);
void packed_free(struct packed *p);
/* Values [from, from + n). */
void packed_read(const struct packed *p, uint32_t from, uint32_t n, int64_t *out);
size_t packed_bytes(const struct packed *p); /* memory held */
/* Whether no read of [0, n) goes beyond n_word words and the blocks: for bytes of foreign make. */
bool packed_check(const struct packed *p);

#endif
