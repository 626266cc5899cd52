/* simd_neon.c - the path of aarch64, which has NEON always. */
#include "simd_paths.h"

#if defined(__aarch64__) && defined(__ARM_NEON)

#include <arm_neon.h>
#include <string.h>

/* One bit of each of 64 bytes that are all ones or zero. */
static inline uint64_t bits_of(uint8x16_t a, uint8x16_t b, uint8x16_t c, uint8x16_t d)
{
    static const uint8_t weights[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    const uint8x16_t bit = vld1q_u8(weights);
    uint8x16_t ab = vpaddq_u8(vandq_u8(a, bit), vandq_u8(b, bit));
    uint8x16_t cd = vpaddq_u8(vandq_u8(c, bit), vandq_u8(d, bit));
    uint8x16_t all = vpaddq_u8(ab, cd);

    all = vpaddq_u8(all, all);
    return vgetq_lane_u64(vreinterpretq_u64_u8(all), 0);
}

static void match_64(const char *p, const char set[3], uint64_t (*out)[SIMD_WORDS], size_t w)
{
    const uint8_t *b = (const uint8_t *)p;
    uint8x16_t v0 = vld1q_u8(b), v1 = vld1q_u8(b + 16), v2 = vld1q_u8(b + 32),
               v3 = vld1q_u8(b + 48);

    for (unsigned k = 0; k < 3; k++) {
        uint8x16_t c = vdupq_n_u8((uint8_t)set[k]);

        out[k][w] = bits_of(vceqq_u8(v0, c), vceqq_u8(v1, c), vceqq_u8(v2, c), vceqq_u8(v3, c));
    }
}

static void match_neon(const char *p, size_t n, const char set[3], uint64_t (*out)[SIMD_WORDS])
{
    size_t i = 0;

    for (; i + 64 <= n; i += 64)
        match_64(p + i, set, out, i / 64);
    if (i < n) {
        char copy[64] = {0};

        memcpy(copy, p + i, n - i);
        match_64(copy, set, out, i / 64);
        for (unsigned k = 0; k < 3; k++)
            out[k][i / 64] &= (UINT64_C(1) << (n - i)) - 1;
    }
}

static inline uint8x16_t buckets_of(const uint8_t *p, const uint8_t *low, const uint8_t *high)
{
    uint8x16_t v = vld1q_u8(p);

    return vandq_u8(vqtbl1q_u8(vld1q_u8(low), vandq_u8(v, vdupq_n_u8(15))),
                    vqtbl1q_u8(vld1q_u8(high), vshrq_n_u8(v, 4)));
}

static size_t candidates_neon(const struct byte_tables *t, const char *p, size_t n, size_t at,
                              uint8_t out[SIMD_STEP], uint32_t *some)
{
    const uint8x16_t none = vdupq_n_u8(0);

    *some = 0;
    for (; at + SIMD_STEP + 2 <= n; at += SIMD_STEP) {
        const uint8_t *q = (const uint8_t *)p + at;
        uint8x16_t a = vdupq_n_u8(0xff), b = a;

        for (unsigned k = 0; k < 3; k++) {
            a = vandq_u8(a, buckets_of(q + k, t->low[k], t->high[k]));
            b = vandq_u8(b, buckets_of(q + 16 + k, t->low[k], t->high[k]));
        }
        if (vmaxvq_u8(vorrq_u8(a, b)) == 0)
            continue;
        vst1q_u8(out, a);
        vst1q_u8(out + 16, b);
        *some = (uint32_t)bits_of(vtstq_u8(a, a), vtstq_u8(b, b), none, none);
        break;
    }
    return at;
}

static void between_8_neon(const uint8_t *code, size_t words, uint8_t lo, uint8_t hi, uint64_t *out)
{
    const uint8x16_t from = vdupq_n_u8(lo), span = vdupq_n_u8((uint8_t)(hi - lo));

    for (size_t w = 0; w < words; w++, code += 64) {
        uint8x16_t in[4];

        for (unsigned i = 0; i < 4; i++)
            in[i] = vcleq_u8(vsubq_u8(vld1q_u8(code + i * 16), from), span);
        out[w] = bits_of(in[0], in[1], in[2], in[3]);
    }
}

static void between_16_neon(const uint16_t *code, size_t words, uint16_t lo, uint16_t hi,
                            uint64_t *out)
{
    const uint16x8_t from = vdupq_n_u16(lo), span = vdupq_n_u16((uint16_t)(hi - lo));

    for (size_t w = 0; w < words; w++, code += 64) {
        uint8x16_t in[4];

        for (unsigned i = 0; i < 4; i++) {
            uint16x8_t a = vcleq_u16(vsubq_u16(vld1q_u16(code + i * 16), from), span);
            uint16x8_t b = vcleq_u16(vsubq_u16(vld1q_u16(code + i * 16 + 8), from), span);

            in[i] = vcombine_u8(vmovn_u16(a), vmovn_u16(b));
        }
        out[w] = bits_of(in[0], in[1], in[2], in[3]);
    }
}

static void between_32_neon(const uint32_t *code, size_t words, uint32_t lo, uint32_t hi,
                            uint64_t *out)
{
    const uint32x4_t from = vdupq_n_u32(lo), span = vdupq_n_u32(hi - lo);

    for (size_t w = 0; w < words; w++, code += 64) {
        uint8x16_t in[4];

        for (unsigned i = 0; i < 4; i++) {
            uint16x4_t part[4];

            for (unsigned k = 0; k < 4; k++) {
                uint32x4_t v = vld1q_u32(code + i * 16 + k * 4);

                part[k] = vmovn_u32(vcleq_u32(vsubq_u32(v, from), span));
            }
            in[i] = vcombine_u8(vmovn_u16(vcombine_u16(part[0], part[1])),
                                vmovn_u16(vcombine_u16(part[2], part[3])));
        }
        out[w] = bits_of(in[0], in[1], in[2], in[3]);
    }
}

static void json_neon(const char *p, struct json_carry *carry, struct json_masks *m)
{
    uint8x16_t w[4], low[4];
    uint64_t quote, back;

    for (unsigned i = 0; i < 4; i++) {
        w[i] = vld1q_u8((const uint8_t *)p + i * 16);
        low[i] = vorrq_u8(w[i], vdupq_n_u8(0x20)); /* [ as {, ] as } */
    }
#define MASK(v, c)                                                                                 \
    bits_of(vceqq_u8((v)[0], vdupq_n_u8(c)), vceqq_u8((v)[1], vdupq_n_u8(c)),                      \
            vceqq_u8((v)[2], vdupq_n_u8(c)), vceqq_u8((v)[3], vdupq_n_u8(c)))
    quote = MASK(w, '"');
    back = MASK(w, '\\');
    m->open = MASK(low, '{');
    m->close = MASK(low, '}');
    m->feed = MASK(w, '\n');
#undef MASK
    m->text = json_text_mask(xor_up_to(quote & ~escaped_bytes(back, &carry->escape)), carry);
}

const struct simd *simd_neon(void)
{
    static const struct simd path = {.name = "NEON",
                                     .json = json_neon,
                                     .match = match_neon,
                                     .places = simd_places,
                                     .candidates = candidates_neon,
                                     .between_8 = between_8_neon,
                                     .between_16 = between_16_neon,
                                     .between_32 = between_32_neon};

    return &path;
}

#else

const struct simd *simd_neon(void)
{
    return NULL;
}

#endif
