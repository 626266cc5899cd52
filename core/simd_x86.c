/* simd_x86.c - the paths of x86-64: SSE2, which every one has, AVX2 and AVX-512.
 *
 * Codes are compared as unsigned numbers: x - lo <= hi - lo, wrapping. For AVX-512 the loops of
 * AVX2 do: they are as fast as memory is. */
#include "simd_paths.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#define AVX2 __attribute__((target("avx2,bmi,popcnt,pclmul")))
#define AVX512 __attribute__((target("avx2,bmi,popcnt,pclmul,avx512f,avx512bw,avx512vbmi2")))

/* The last, incomplete 64 bytes as whole ones: those that end with the text, shifted, or a copy. */
#define MATCH_TAIL(match_64, p, n, set, out)                                                       \
    do {                                                                                           \
        size_t left_ = (n) % 64, w_ = (n) / 64;                                                    \
                                                                                                   \
        if (left_ && w_) {                                                                         \
            match_64((p) + (n)-64, (set), (out), w_);                                              \
            for (unsigned k_ = 0; k_ < 3; k_++)                                                    \
                (out)[k_][w_] >>= 64 - left_;                                                      \
        } else if (left_) {                                                                        \
            char copy_[64];                                                                        \
                                                                                                   \
            memcpy(copy_, (p), left_);                                                             \
            memset(copy_ + left_, 0, 64 - left_);                                                  \
            match_64(copy_, (set), (out), 0);                                                      \
            for (unsigned k_ = 0; k_ < 3; k_++)                                                    \
                (out)[k_][0] &= (UINT64_C(1) << left_) - 1;                                        \
        }                                                                                          \
    } while (0)

/* --- SSE2 --- */

static inline void match_64_sse2(const char *p, const __m128i set[3], uint64_t (*out)[SIMD_WORDS],
                                 size_t w)
{
    __m128i v[4];

    for (unsigned i = 0; i < 4; i++)
        v[i] = _mm_loadu_si128((const __m128i *)(const void *)(p + i * 16));
    for (unsigned k = 0; k < 3; k++) {
        out[k][w] = 0;
        for (unsigned i = 0; i < 4; i++)
            out[k][w] |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v[i], set[k]))
                         << i * 16;
    }
}

static void match_sse2(const char *p, size_t n, const char set[3], uint64_t (*out)[SIMD_WORDS])
{
    const __m128i s[3] = {_mm_set1_epi8(set[0]), _mm_set1_epi8(set[1]), _mm_set1_epi8(set[2])};
    size_t i = 0;

    for (; i + 64 <= n; i += 64)
        match_64_sse2(p + i, s, out, i / 64);
    MATCH_TAIL(match_64_sse2, p, n, s, out);
}

static void between_8_sse2(const uint8_t *code, size_t words, uint8_t lo, uint8_t hi, uint64_t *out)
{
    const __m128i from = _mm_set1_epi8((char)lo), span = _mm_set1_epi8((char)(hi - lo));

    for (size_t w = 0; w < words; w++, code += 64) {
        out[w] = 0;
        for (unsigned i = 0; i < 4; i++) {
            __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(code + i * 16));
            __m128i over = _mm_subs_epu8(_mm_sub_epi8(v, from), span);

            out[w] |=
                (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(over, _mm_setzero_si128()))
                << i * 16;
        }
    }
}

static void between_16_sse2(const uint16_t *code, size_t words, uint16_t lo, uint16_t hi,
                            uint64_t *out)
{
    const __m128i from = _mm_set1_epi16((short)lo), span = _mm_set1_epi16((short)(hi - lo));
    const __m128i zero = _mm_setzero_si128();

    for (size_t w = 0; w < words; w++, code += 64) {
        out[w] = 0;
        for (unsigned i = 0; i < 4; i++) {
            const __m128i *p = (const __m128i *)(const void *)(code + i * 16);
            __m128i a = _mm_subs_epu16(_mm_sub_epi16(_mm_loadu_si128(p), from), span);
            __m128i b = _mm_subs_epu16(_mm_sub_epi16(_mm_loadu_si128(p + 1), from), span);
            __m128i in = _mm_packs_epi16(_mm_cmpeq_epi16(a, zero), _mm_cmpeq_epi16(b, zero));

            out[w] |= (uint64_t)(unsigned)_mm_movemask_epi8(in) << i * 16;
        }
    }
}

static void between_32_sse2(const uint32_t *code, size_t words, uint32_t lo, uint32_t hi,
                            uint64_t *out)
{
    /* it compares signed numbers only: both sides are moved down by half the range */
    const __m128i from = _mm_set1_epi32((int)(lo + (UINT32_C(1) << 31)));
    const __m128i span = _mm_set1_epi32((int)((hi - lo) ^ UINT32_C(1) << 31));

    for (size_t w = 0; w < words; w++, code += 64) {
        out[w] = 0;
        for (unsigned i = 0; i < 16; i++) {
            __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(code + i * 4));
            __m128i over = _mm_cmpgt_epi32(_mm_sub_epi32(v, from), span);
            unsigned bits = (unsigned)_mm_movemask_ps(_mm_castsi128_ps(over)) ^ 15;

            out[w] |= (uint64_t)bits << i * 4;
        }
    }
}

static void json_sse2(const char *p, struct json_carry *carry, struct json_masks *m)
{
    uint64_t quote = 0, back = 0;

    *m = (struct json_masks){0};
    for (unsigned i = 0; i < 4; i++) {
        __m128i w = _mm_loadu_si128((const __m128i *)(const void *)(p + i * 16));
        __m128i low = _mm_or_si128(w, _mm_set1_epi8(0x20)); /* [ as {, ] as } */

#define MASK(v, c)                                                                                 \
    ((uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_set1_epi8(c))) << i * 16)
        quote |= MASK(w, '"');
        back |= MASK(w, '\\');
        m->open |= MASK(low, '{');
        m->close |= MASK(low, '}');
        m->feed |= MASK(w, '\n');
#undef MASK
    }
    m->text = json_text_mask(xor_up_to(quote & ~escaped_bytes(back, &carry->escape)), carry);
}

const struct simd *simd_sse2(void)
{
    static const struct simd path = {.name = "SSE2",
                                     .json = json_sse2,
                                     .match = match_sse2,
                                     .places = simd_places,
                                     .candidates = simd_candidates,
                                     .between_8 = between_8_sse2,
                                     .between_16 = between_16_sse2,
                                     .between_32 = between_32_sse2};

    return &path;
}

/* --- AVX2 --- */

AVX2 static inline void match_64_avx2(const char *p, const __m256i set[3],
                                      uint64_t (*out)[SIMD_WORDS], size_t w)
{
    __m256i a = _mm256_loadu_si256((const __m256i *)(const void *)p);
    __m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(p + 32));

    for (unsigned k = 0; k < 3; k++)
        out[k][w] = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(a, set[k])) |
                    (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(b, set[k])) << 32;
}

AVX2 static void match_avx2(const char *p, size_t n, const char set[3], uint64_t (*out)[SIMD_WORDS])
{
    const __m256i s[3] = {_mm256_set1_epi8(set[0]), _mm256_set1_epi8(set[1]),
                          _mm256_set1_epi8(set[2])};
    size_t i = 0;

    for (; i + 64 <= n; i += 64)
        match_64_avx2(p + i, s, out, i / 64);
    MATCH_TAIL(match_64_avx2, p, n, s, out);
}

/* Few words have more than eight: those are written whether they are there or not, with nothing to
 * be guessed. */
AVX2 static unsigned places_avx2(const uint64_t *mask, size_t words, uint16_t *out)
{
    uint16_t *start = out;

    for (size_t w = 0; w < words; w++) {
        uint64_t left = mask[w];
        unsigned n = (unsigned)__builtin_popcountll(left);

        for (unsigned i = 0; i < 8; i++, left &= left - 1)
            out[i] = (uint16_t)(w * 64 + _tzcnt_u64(left));
        for (unsigned i = 8; i < n; i++, left &= left - 1)
            out[i] = (uint16_t)(w * 64 + _tzcnt_u64(left));
        out += n;
    }
    return (unsigned)(out - start);
}

AVX2 static inline __m256i table_of(const uint8_t *t)
{
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)t));
}

AVX2 static inline __m256i buckets_of(const char *p, __m256i low, __m256i high)
{
    const __m256i half = _mm256_set1_epi8(15);
    __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)p);

    return _mm256_and_si256(
        _mm256_shuffle_epi8(low, _mm256_and_si256(v, half)),
        _mm256_shuffle_epi8(high, _mm256_and_si256(_mm256_srli_epi16(v, 4), half)));
}

AVX2 static size_t candidates_avx2(const struct byte_tables *t, const char *p, size_t n, size_t at,
                                   uint8_t out[SIMD_STEP], uint32_t *some)
{
    const __m256i low0 = table_of(t->low[0]), high0 = table_of(t->high[0]),
                  low1 = table_of(t->low[1]), high1 = table_of(t->high[1]),
                  low2 = table_of(t->low[2]), high2 = table_of(t->high[2]);

    *some = 0;
    for (; at + SIMD_STEP + 2 <= n; at += SIMD_STEP) {
        const char *q = p + at;
        __m256i v = _mm256_and_si256(
            _mm256_and_si256(buckets_of(q, low0, high0), buckets_of(q + 1, low1, high1)),
            buckets_of(q + 2, low2, high2));

        if (_mm256_testz_si256(v, v))
            continue;
        _mm256_storeu_si256((__m256i *)(void *)out, v);
        *some = ~(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(v, _mm256_setzero_si256()));
        break;
    }
    return at;
}

AVX2 static void between_8_avx2(const uint8_t *code, size_t words, uint8_t lo, uint8_t hi,
                                uint64_t *out)
{
    const __m256i from = _mm256_set1_epi8((char)lo), span = _mm256_set1_epi8((char)(hi - lo));

    for (size_t w = 0; w < words; w++, code += 64) {
        out[w] = 0;
        for (unsigned i = 0; i < 2; i++) {
            __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)(code + i * 32));
            __m256i rel = _mm256_sub_epi8(v, from);
            __m256i in = _mm256_cmpeq_epi8(_mm256_max_epu8(rel, span), span);

            out[w] |= (uint64_t)(uint32_t)_mm256_movemask_epi8(in) << i * 32;
        }
    }
}

AVX2 static void between_16_avx2(const uint16_t *code, size_t words, uint16_t lo, uint16_t hi,
                                 uint64_t *out)
{
    const __m256i from = _mm256_set1_epi16((short)lo), span = _mm256_set1_epi16((short)(hi - lo));

    for (size_t w = 0; w < words; w++, code += 64) {
        out[w] = 0;
        for (unsigned i = 0; i < 2; i++) {
            const __m256i *p = (const __m256i *)(const void *)(code + i * 32);
            __m256i a = _mm256_sub_epi16(_mm256_loadu_si256(p), from);
            __m256i b = _mm256_sub_epi16(_mm256_loadu_si256(p + 1), from);
            __m256i in = _mm256_packs_epi16(_mm256_cmpeq_epi16(_mm256_max_epu16(a, span), span),
                                            _mm256_cmpeq_epi16(_mm256_max_epu16(b, span), span));

            /* packing goes by halves: the middle quarters change places */
            in = _mm256_permute4x64_epi64(in, 0xd8);
            out[w] |= (uint64_t)(uint32_t)_mm256_movemask_epi8(in) << i * 32;
        }
    }
}

AVX2 static void between_32_avx2(const uint32_t *code, size_t words, uint32_t lo, uint32_t hi,
                                 uint64_t *out)
{
    const __m256i from = _mm256_set1_epi32((int)lo), span = _mm256_set1_epi32((int)(hi - lo));

    for (size_t w = 0; w < words; w++, code += 64) {
        out[w] = 0;
        for (unsigned i = 0; i < 8; i++) {
            __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)(code + i * 8));
            __m256i rel = _mm256_sub_epi32(v, from);
            __m256i in = _mm256_cmpeq_epi32(_mm256_max_epu32(rel, span), span);

            out[w] |= (uint64_t)(unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(in)) << i * 8;
        }
    }
}

/* xor_up_to() as a product without carries. */
AVX2 static inline uint64_t xor_up_to_avx2(uint64_t x)
{
    __m128i ones = _mm_set1_epi8((char)0xff);

    return (uint64_t)_mm_cvtsi128_si64(
        _mm_clmulepi64_si128(_mm_cvtsi64_si128((int64_t)x), ones, 0));
}

AVX2 static void json_avx2(const char *p, struct json_carry *carry, struct json_masks *m)
{
    __m256i a = _mm256_loadu_si256((const __m256i *)(const void *)p);
    __m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(p + 32));
    __m256i bit = _mm256_set1_epi8(0x20); /* [ as {, ] as } */
    __m256i low_a = _mm256_or_si256(a, bit), low_b = _mm256_or_si256(b, bit);
    uint64_t quote, back;

#define MASK(x, y, c)                                                                              \
    ((uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(x, _mm256_set1_epi8(c))) |                   \
     (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(y, _mm256_set1_epi8(c))) << 32)
    quote = MASK(a, b, '"');
    back = MASK(a, b, '\\');
    m->open = MASK(low_a, low_b, '{');
    m->close = MASK(low_a, low_b, '}');
    m->feed = MASK(a, b, '\n');
#undef MASK
    m->text = json_text_mask(xor_up_to_avx2(quote & ~escaped_bytes(back, &carry->escape)), carry);
}

const struct simd *simd_avx2(void)
{
    static const struct simd path = {.name = "AVX2",
                                     .json = json_avx2,
                                     .match = match_avx2,
                                     .places = places_avx2,
                                     .candidates = candidates_avx2,
                                     .between_8 = between_8_avx2,
                                     .between_16 = between_16_avx2,
                                     .between_32 = between_32_avx2};

    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
                   __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("pclmul")
               ? &path
               : NULL;
}

/* --- AVX-512 --- */

AVX512 static void match_avx512(const char *p, size_t n, const char set[3],
                                uint64_t (*out)[SIMD_WORDS])
{
    const __m512i a = _mm512_set1_epi8(set[0]), b = _mm512_set1_epi8(set[1]),
                  c = _mm512_set1_epi8(set[2]);

    for (size_t i = 0; i < n; i += 64) {
        __mmask64 in = n - i < 64 ? (UINT64_C(1) << (n - i)) - 1 : ~UINT64_C(0);
        __m512i v = _mm512_maskz_loadu_epi8(in, p + i);

        out[0][i / 64] = _mm512_mask_cmpeq_epi8_mask(in, v, a);
        out[1][i / 64] = _mm512_mask_cmpeq_epi8_mask(in, v, b);
        out[2][i / 64] = _mm512_mask_cmpeq_epi8_mask(in, v, c);
    }
}

AVX512 static unsigned places_avx512(const uint64_t *mask, size_t words, uint16_t *out)
{
    static const uint8_t numbers[64] = {
        0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
        22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
        44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};
    const __m512i all = _mm512_loadu_si512(numbers);
    uint16_t *start = out;

    for (size_t w = 0; w < words; w++) {
        __m512i set = _mm512_maskz_compress_epi8(mask[w], all),
                base = _mm512_set1_epi16((short)(w * 64));
        unsigned n = (unsigned)__builtin_popcountll(mask[w]);

        _mm512_storeu_si512(
            out, _mm512_add_epi16(base, _mm512_cvtepu8_epi16(_mm512_castsi512_si256(set))));
        if (n > 32)
            _mm512_storeu_si512(
                out + 32,
                _mm512_add_epi16(base, _mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64(set, 1))));
        out += n;
    }
    return (unsigned)(out - start);
}

AVX512 static void json_avx512(const char *p, struct json_carry *carry, struct json_masks *m)
{
    __m512i w = _mm512_loadu_si512(p);
    __m512i low = _mm512_or_si512(w, _mm512_set1_epi8(0x20)); /* [ as {, ] as } */
    uint64_t quote = _mm512_cmpeq_epi8_mask(w, _mm512_set1_epi8('"'));
    uint64_t back = _mm512_cmpeq_epi8_mask(w, _mm512_set1_epi8('\\'));

    m->open = _mm512_cmpeq_epi8_mask(low, _mm512_set1_epi8('{'));
    m->close = _mm512_cmpeq_epi8_mask(low, _mm512_set1_epi8('}'));
    m->feed = _mm512_cmpeq_epi8_mask(w, _mm512_set1_epi8('\n'));
    m->text = json_text_mask(xor_up_to_avx2(quote & ~escaped_bytes(back, &carry->escape)), carry);
}

const struct simd *simd_avx512(void)
{
    static const struct simd path = {.name = "AVX-512",
                                     .json = json_avx512,
                                     .match = match_avx512,
                                     .places = places_avx512,
                                     .candidates = candidates_avx2,
                                     .between_8 = between_8_avx2,
                                     .between_16 = between_16_avx2,
                                     .between_32 = between_32_avx2};

    return simd_avx2() && __builtin_cpu_supports("avx512bw") &&
                   __builtin_cpu_supports("avx512vbmi2")
               ? &path
               : NULL;
}

#else

const struct simd *simd_sse2(void)
{
    return NULL;
}

const struct simd *simd_avx2(void)
{
    return NULL;
}

const struct simd *simd_avx512(void)
{
    return NULL;
}

#endif
