/* packed.c - the best straight line a block, and what is left of it in bits.
 *
 * The line goes through the first and the last value. Two block sizes are tried: 128 values, and
 * all in one where they are straight: line numbers and rows that arrived in order need 16 bytes. */
#include "packed.h"

#include <string.h>

#include "xalloc.h"

#define SHIFT 7
#define MAX_BITS_AT 24 /* bits for the place of a block's first word */

/* The largest of a few units that all values are a multiple of: logs in whole seconds are kept in
 * microseconds. */
static uint32_t common_unit(const int64_t *v, uint32_t n)
{
    static const uint32_t units[] = {1000000, 1000};

    for (unsigned u = 0; u < ARRAY_LEN(units); u++) {
        uint32_t i = 0;

        while (i < n && v[i] % (int64_t)units[u] == 0)
            i++;
        if (i == n)
            return units[u];
    }
    return 1;
}

static uint64_t distance(int64_t a, int64_t b)
{
    return a < b ? (uint64_t)b - (uint64_t)a : (uint64_t)a - (uint64_t)b;
}

struct line {
    uint64_t base;
    int32_t slope;
    unsigned bits;
};

static void try_slope(const int64_t *v, uint32_t n, int32_t slope, struct line *best)
{
    int64_t lo = v[0], hi = v[0];
    unsigned bits;

    for (uint32_t k = 1; k < n; k++) {
        int64_t rest = (int64_t)((uint64_t)v[k] - (uint64_t)(int64_t)slope * k);

        lo = MIN(lo, rest);
        hi = MAX(hi, rest);
    }
    bits = bit_width((uint64_t)hi - (uint64_t)lo);
    if (bits < best->bits)
        *best = (struct line){(uint64_t)lo, slope, bits};
}

static struct line fit(const int64_t *v, uint32_t n)
{
    struct line best = {.bits = 65};
    int64_t slope = n > 1 ? (int64_t)((uint64_t)v[n - 1] - (uint64_t)v[0]) / (int64_t)(n - 1) : 0;

    if (slope == (int32_t)slope)
        try_slope(v, n, (int32_t)slope, &best);
    /* without a slope the rests are at least what lies between both ends */
    if (slope != 0 && bit_width(distance(v[0], v[n - 1])) < best.bits)
        try_slope(v, n, 0, &best);
    return best;
}

static bool is_straight(const int64_t *v, uint32_t n)
{
    uint64_t slope = n > 1 ? (uint64_t)v[1] - (uint64_t)v[0] : 0;

    for (uint32_t i = 1; i < n; i++)
        if ((uint64_t)v[i] - (uint64_t)v[i - 1] != slope)
            return false;
    return (int64_t)slope == (int32_t)slope;
}

static void put_rests(uint64_t *word, const int64_t *v, uint32_t n, const struct line *l)
{
    uint64_t have = 0;
    unsigned filled = 0;

    if (!l->bits)
        return;
    for (uint32_t k = 0; k < n; k++) {
        uint64_t rest = (uint64_t)v[k] - (uint64_t)(int64_t)l->slope * k - l->base;

        have |= rest << filled;
        filled += l->bits;
        if (filled >= 64) {
            *word++ = have;
            filled -= 64;
            have = filled ? rest >> (l->bits - filled) : 0;
        }
    }
    if (filled)
        *word = have;
}

static uint32_t words_of(uint32_t n, unsigned bits)
{
    return (uint32_t)(((uint64_t)n * bits + 63) / 64);
}

void packed_make(struct packed *p, int64_t *v, uint32_t n)
{
    uint32_t unit = common_unit(v, n), blocks, at = 0;
    struct packed_block *block;
    struct line *line;
    uint64_t *word;

    BUG_ON(n == 0 || n > PACKED_MAX);
    for (uint32_t i = 0; unit > 1 && i < n; i++) /* by constants, which takes no division */
        v[i] = unit == 1000 ? v[i] / 1000 : v[i] / 1000000;
    *p = (struct packed){.n = n, .unit = unit, .shift = SHIFT};
    if (is_straight(v, n))
        p->shift = bit_width(n - 1);
    blocks = packed_blocks(p);
    line = xmalloc(blocks * sizeof(*line));
    block = xmalloc(blocks * sizeof(*block));
    for (uint32_t b = 0; b < blocks; b++) {
        uint32_t from = b << p->shift, m = MIN(1u << p->shift, n - from);

        line[b] = fit(v + from, m);
        block[b] =
            (struct packed_block){(int64_t)line[b].base, line[b].slope, at << 8 | line[b].bits};
        at += words_of(m, line[b].bits);
    }
    BUG_ON(at >> MAX_BITS_AT);
    word = xcalloc((size_t)at + 1, sizeof(*word));
    for (uint32_t b = 0; b < blocks; b++) {
        uint32_t from = b << p->shift;

        put_rests(word + (block[b].at >> 8), v + from, MIN(1u << p->shift, n - from), &line[b]);
    }
    p->block = block;
    p->word = word;
    p->n_word = at + 1;
    free(line);
}

void packed_free(struct packed *p)
{
    free((void *)p->block);
    free((void *)p->word);
    *p = (struct packed){0};
}

void packed_read(const struct packed *p, uint32_t from, uint32_t n, int64_t *out)
{
    uint32_t mask = (1u << p->shift) - 1;

    for (uint32_t i = 0; i < n;) {
        const struct packed_block *b = &p->block[(from + i) >> p->shift];
        uint32_t k = (from + i) & mask, m = MIN(mask + 1 - k, n - i), bits = b->at & 0xff;
        uint64_t v = (uint64_t)b->base + (uint64_t)(int64_t)b->slope * k;
        uint64_t keep = bits ? ~UINT64_C(0) >> (64 - bits) : 0;
        const uint64_t *word = p->word + (b->at >> 8);

        for (uint32_t j = 0; j < m; j++, v += (uint64_t)(int64_t)b->slope) {
            uint64_t bit = (uint64_t)(k + j) * bits, rest = 0;

            if (bits)
                rest = word[bit >> 6] >> (bit & 63) | word[(bit >> 6) + 1] << 1
                                                                           << (63 - (bit & 63));
            out[i + j] = (int64_t)((v + (rest & keep)) * p->unit);
        }
        i += m;
    }
}

size_t packed_bytes(const struct packed *p)
{
    return packed_blocks(p) * sizeof(*p->block) + p->n_word * sizeof(*p->word);
}

bool packed_check(const struct packed *p)
{
    if (p->n == 0 || p->n > PACKED_MAX || p->shift > PACKED_SHIFT_MAX || p->n_word == 0)
        return false;
    for (uint32_t b = 0; b < packed_blocks(p); b++) {
        uint32_t bits = p->block[b].at & 0xff;
        uint32_t m = MIN(1u << p->shift, p->n - (b << p->shift));

        /* a read looks one word further than it needs */
        if (bits > 64 || (bits && (p->block[b].at >> 8) + words_of(m, bits) >= p->n_word))
            return false;
    }
    return true;
}
