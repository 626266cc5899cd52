/* simd.h - loops over bytes and packed codes, one path for each kind of processor.
 *
 * The table of the best path this machine has is set before main(). Every path gives the answers of
 * the portable one, which is the definition; a test holds them against each other. A loop belongs
 * here if the baseline of the architecture leaves a factor of two: what the compiler or the C
 * library (memchr) dispatches itself does not. */
#ifndef AWL_SIMD_H
#define AWL_SIMD_H

#include "base.h"

#define SIMD_WINDOW 4096 /* bytes that are looked at at once, at most */
#define SIMD_WORDS (SIMD_WINDOW / 64)
#define SIMD_STEP 32 /* places of candidates() */

/* Up to eight buckets, a bit each, of which a byte at one of three places may be: those that both
 * of its halves are of. */
struct byte_tables {
    uint8_t low[3][16], high[3][16];
};

/* Of 64 bytes of JSON: those within strings (with the opening quote, without the closing one), and
 * all brackets, braces and line feeds, within strings or not. */
struct json_masks {
    uint64_t text, open, close, feed;
};
/* What one 64 bytes tell the next: all zero at the start. */
struct json_carry {
    uint64_t escape; /* 1: the first byte is escaped */
    uint64_t inside; /* all ones: it is within a string */
};

struct simd {
    const char *name;
    void (*json)(const char *p, struct json_carry *carry, struct json_masks *m);
    /* Where three bytes stand: bit i of out[k][w] is set if p[w * 64 + i] is set[k]. Bits behind
     * the n-th byte are 0; nothing but [p, p + n) is read. */
    void (*match)(const char *p, size_t n, const char set[3], uint64_t (*out)[SIMD_WORDS]);
    /* The numbers of the bits that are set, ascending; how many they are. `out` has room for 64
     * more than that. */
    unsigned (*places)(const uint64_t *mask, size_t words, uint16_t *out);
    /* Steps of SIMD_STEP places, from `at` on, while two more bytes than that are left of n. The
     * first step in which the three bytes at a place are of the same bucket: where it begins, the
     * buckets of each of its places in `out`, and a bit for each place that has one in *some. If
     * there is none: where the steps ended, *some is 0. */
    size_t (*candidates)(const struct byte_tables *t, const char *p, size_t n, size_t at,
                         uint8_t out[SIMD_STEP], uint32_t *some);
    /* Which codes are in [lo, hi]: bit i of out[w] for code w * 64 + i. There are 64 * words. */
    void (*between_8)(const uint8_t *code, size_t words, uint8_t lo, uint8_t hi, uint64_t *out);
    void (*between_16)(const uint16_t *code, size_t words, uint16_t lo, uint16_t hi, uint64_t *out);
    void (*between_32)(const uint32_t *code, size_t words, uint32_t lo, uint32_t hi, uint64_t *out);
};

extern const struct simd *simd; /* the path in use */

/* The paths of this machine, the portable one first, the best one last; NULL ends them. */
const struct simd *simd_path(unsigned i);
/* Takes another path: for tests, while no other thread runs. */
void simd_use(const struct simd *path);

#endif
