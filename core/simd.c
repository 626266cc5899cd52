/* simd.c - the portable path, and which one is taken. Eight bytes at a time in a register. */
#include "simd.h"

#include <endian.h>
#include <string.h>

#include "simd_paths.h"

#define EACH_BYTE(x) (UINT64_C(0x0101010101010101) * (x))

/* Bit i of the result: whether byte i of eight is `c`. */
static inline uint64_t equal_8(uint64_t bytes, unsigned char c)
{
    uint64_t x = bytes ^ EACH_BYTE(c), low = EACH_BYTE(0x7f);
    uint64_t zero = ~(((x & low) + low) | x | low); /* 0x80 where a byte is 0, exactly */

    return (zero >> 7) * UINT64_C(0x0102040810204080) >> 56;
}

static void match(const char *p, size_t n, const char set[3], uint64_t (*out)[SIMD_WORDS])
{
    for (size_t i = 0; i < n; i += 8) {
        size_t left = MIN(n - i, (size_t)8);
        uint64_t bytes = 0;

        memcpy(&bytes, p + i, left);
        bytes = le64toh(bytes);
        for (unsigned k = 0; k < 3; k++) {
            /* the set may have the zero that fills up */
            uint64_t bits = equal_8(bytes, (unsigned char)set[k]) & 0xff >> (8 - left);

            out[k][i / 64] = (i % 64 ? out[k][i / 64] : 0) | bits << i % 64;
        }
    }
}

unsigned simd_places(const uint64_t *mask, size_t words, uint16_t *out)
{
    uint16_t *start = out;

    for (size_t w = 0; w < words; w++)
        for (uint64_t left = mask[w]; left; left &= left - 1)
            *out++ = (uint16_t)(w * 64 + (unsigned)__builtin_ctzll(left));
    return (unsigned)(out - start);
}

size_t simd_candidates(const struct byte_tables *t, const char *p, size_t n, size_t at,
                       uint8_t out[SIMD_STEP], uint32_t *some)
{
    const unsigned char *c = (const unsigned char *)p;

    *some = 0;
    for (; at + SIMD_STEP + 2 <= n; at += SIMD_STEP) {
        for (unsigned i = 0; i < SIMD_STEP; i++) {
            out[i] = 0xff;
            for (unsigned k = 0; k < 3; k++)
                out[i] &= t->low[k][c[at + i + k] & 15] & t->high[k][c[at + i + k] >> 4];
            *some |= (uint32_t)(out[i] != 0) << i;
        }
        if (*some)
            break;
    }
    return at;
}

static void json(const char *p, struct json_carry *carry, struct json_masks *m)
{
    uint64_t quote = 0, back = 0;

    *m = (struct json_masks){0};
    for (unsigned i = 0; i < 64; i += 8) {
        uint64_t bytes, low;

        memcpy(&bytes, p + i, 8);
        bytes = le64toh(bytes);
        low = bytes | EACH_BYTE(0x20); /* [ as {, ] as } */
        quote |= equal_8(bytes, '"') << i;
        back |= equal_8(bytes, '\\') << i;
        m->open |= equal_8(low, '{') << i;
        m->close |= equal_8(low, '}') << i;
        m->feed |= equal_8(bytes, '\n') << i;
    }
    m->text = json_text_mask(xor_up_to(quote & ~escaped_bytes(back, &carry->escape)), carry);
}

#define BETWEEN(type, name)                                                                        \
    static void name(const type *code, size_t words, type lo, type hi, uint64_t *out)              \
    {                                                                                              \
        for (size_t w = 0; w < words; w++, code += 64) {                                           \
            uint64_t bits = 0;                                                                     \
                                                                                                   \
            for (unsigned i = 0; i < 64; i++)                                                      \
                bits |= (uint64_t)((type)(code[i] - lo) <= (type)(hi - lo)) << i;                  \
            out[w] = bits;                                                                         \
        }                                                                                          \
    }

BETWEEN(uint8_t, between_8)
BETWEEN(uint16_t, between_16)
BETWEEN(uint32_t, between_32)

static const struct simd portable = {.name = "portable",
                                     .json = json,
                                     .match = match,
                                     .places = simd_places,
                                     .candidates = simd_candidates,
                                     .between_8 = between_8,
                                     .between_16 = between_16,
                                     .between_32 = between_32};

const struct simd *simd = &portable;

const struct simd *simd_path(unsigned i)
{
    const struct simd *const all[] = {&portable, simd_neon(), simd_sse2(), simd_avx2(),
                                      simd_avx512()};

    for (unsigned k = 0; k < ARRAY_LEN(all); k++)
        if (all[k] && i-- == 0)
            return all[k];
    return NULL;
}

void simd_use(const struct simd *path)
{
    simd = path;
}

__attribute__((constructor)) static void choose(void)
{
    for (unsigned i = 0; simd_path(i); i++)
        simd_use(simd_path(i));
}
