/* simd_paths.h - the paths that are not portable; NULL where this machine has one not. */
#ifndef AWL_SIMD_PATHS_H
#define AWL_SIMD_PATHS_H

#include "simd.h"

/* The portable ones, for those that have no better. */
unsigned simd_places(const uint64_t *mask, size_t words, uint16_t *out);
size_t simd_candidates(const struct byte_tables *t, const char *p, size_t n, size_t at,
                       uint8_t out[SIMD_STEP], uint32_t *some);

/* The bytes that a backslash escapes. A run of them escapes the byte behind it if it is odd: where
 * adding its first one carries over to tells (as in simdjson). */
static inline uint64_t escaped_bytes(uint64_t back, uint64_t *carry)
{
    const uint64_t even = UINT64_C(0x5555555555555555);
    uint64_t follows, starts, sum;

    if (!back) {
        follows = *carry;
        *carry = 0;
        return follows;
    }
    back &= ~*carry;
    follows = back << 1 | *carry;
    starts = back & ~even & ~follows;
    *carry = __builtin_add_overflow(starts, back, &sum);
    return (even ^ sum << 1) & follows;
}

/* Each bit: the exclusive-or of those up to it. */
static inline uint64_t xor_up_to(uint64_t x)
{
    for (unsigned i = 1; i < 64; i *= 2)
        x ^= x << i;
    return x;
}

/* What is within strings: `flips` is xor_up_to() the quotes that are not escaped. */
static inline uint64_t json_text_mask(uint64_t flips, struct json_carry *carry)
{
    uint64_t text = flips ^ carry->inside;

    carry->inside = 0 - (text >> 63);
    return text;
}

const struct simd *simd_sse2(void);
const struct simd *simd_avx2(void);
const struct simd *simd_avx512(void);
const struct simd *simd_neon(void);

#endif
