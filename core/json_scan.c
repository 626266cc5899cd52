/* json_scan.c - where JSON values end.
 *
 * 64 bytes at a time become bit masks: quotes, brackets, line feeds. A running exclusive-or over
 * the quotes tells what is inside strings; only closing brackets outside them are looked at one by
 * one. The technique is known from simdjson (Langdale and Lemire, "Parsing gigabytes of JSON per
 * second"). */
#include "json_scan.h"

#define EVEN_BITS UINT64_C(0x5555555555555555)

struct masks {
    uint64_t quote, back, open, close, feed;
};

static inline void classify(const char *p, struct masks *m)
{
    *m = (struct masks){0};
#ifdef __SSE2__
    for (unsigned i = 0; i < 4; i++) {
        __m128i w = _mm_loadu_si128((const __m128i *)(const void *)(p + i * 16));
        __m128i low = _mm_or_si128(w, _mm_set1_epi8(0x20)); /* [ as {, ] as } */

#define MASK(v, c) ((uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_set1_epi8(c))))
        m->quote |= MASK(w, '"') << i * 16;
        m->back |= MASK(w, '\\') << i * 16;
        m->open |= MASK(low, '{') << i * 16;
        m->close |= MASK(low, '}') << i * 16;
        m->feed |= MASK(w, '\n') << i * 16;
#undef MASK
    }
#else
    for (unsigned i = 0; i < 64; i++) {
        m->quote |= (uint64_t)(p[i] == '"') << i;
        m->back |= (uint64_t)(p[i] == '\\') << i;
        m->open |= (uint64_t)((p[i] | 0x20) == '{') << i;
        m->close |= (uint64_t)((p[i] | 0x20) == '}') << i;
        m->feed |= (uint64_t)(p[i] == '\n') << i;
    }
#endif
}

/* The bytes that a backslash escapes; *carry: the first byte of the next block is one. */
static inline uint64_t escaped_bytes(uint64_t back, uint64_t *carry)
{
    uint64_t follows, starts, sum;

    if (!back) {
        follows = *carry;
        *carry = 0;
        return follows;
    }
    back &= ~*carry;
    follows = back << 1 | *carry;
    starts = back & ~EVEN_BITS & ~follows;
    *carry = __builtin_add_overflow(starts, back, &sum);
    return (EVEN_BITS ^ sum << 1) & follows;
}

static inline uint64_t xor_up_to(uint64_t x)
{
    for (unsigned i = 1; i < 64; i *= 2)
        x ^= x << i;
    return x;
}

/* With its grammar, byte by byte: from a brace at the start of a line on, which is either the
 * element of an array or the next document behind one that was cut. */
static const char *careful_end(const char *p, const char *end, bool *broken)
{
    uint64_t arrays = 0; /* the kinds of the open brackets, innermost in bit 0 */
    size_t depth = 0;
    const char *feed = NULL;
    char before = 0; /* the last byte that is no blank */
    bool escaped;

    for (; p < end; p++) {
        if (*p == '\n')
            feed = p;
        if ((unsigned char)*p <= ' ')
            continue;
        if (*p == '{' && feed == p - 1 && depth > 0 && before != '[' && before != ':' &&
            !(before == ',' && (arrays & 1))) {
            *broken = true;
            return feed;
        }
        before = *p;
        if (*p == '{' || *p == '[') {
            depth++;
            arrays = arrays << 1 | (*p == '[');
        } else if (*p == '}' || *p == ']') {
            arrays >>= 1;
            if (--depth == 0)
                return p + 1;
        } else if (*p == '"') {
            const char *quote = string_end(p + 1, end, &escaped);
            const char *stop = memchr(p, '\n', (size_t)((quote ? quote : end) - p));

            if (stop) {
                *broken = true;
                return stop;
            }
            if (!quote)
                return NULL;
            p = quote;
        }
    }
    return NULL;
}

static inline const char *quick_end(const char *start, const char *end, bool strict, bool *broken)
{
    uint64_t escape = 0, inside = 0, feed = 0; /* carried over to the next block */
    size_t depth = 0;
    char last[64];

    for (const char *p = start; p < end; p += 64) {
        const char *from = p;
        struct masks m;
        uint64_t text, stop, line, open, close;

        if (end - p < 64) {
            memset(last, ' ', sizeof(last));
            memcpy(last, p, (size_t)(end - p));
            from = last;
        }
        classify(from, &m);
        text = xor_up_to(m.quote & ~escaped_bytes(m.back, &escape)) ^ inside;
        inside = 0 - (text >> 63);
        open = m.open & ~text;
        close = m.close & ~text;
        line = strict ? open & (m.feed << 1 | feed) : 0;
        feed = m.feed >> 63;
        stop = strict ? close | line | (m.feed & text) : close;
        if (!stop) {
            for (; open; open &= open - 1)
                depth++;
            continue;
        }
        for (uint64_t bits = open | stop; bits; bits &= bits - 1) {
            uint64_t bit = bits & -bits;
            const char *at = p + __builtin_ctzll(bits);

            if (bit & close) {
                if (--depth == 0)
                    return at + 1;
            } else if (!(bit & open)) {
                *broken = true;
                return at;
            } else if ((bit & line) && depth > 0 && *at == '{') {
                return careful_end(start, end, broken);
            } else {
                depth++;
            }
        }
    }
    return NULL;
}

const char *json_bracket_end(const char *p, const char *end)
{
    bool broken;

    return quick_end(p, end, false, &broken);
}

const char *json_document_end(const char *p, const char *end, bool *broken)
{
    *broken = false;
    return quick_end(p, end, true, broken);
}

const char *json_end(const char *p, const char *end)
{
    const char *stop;
    bool escaped;

    p = skip_blanks(p, end);
    if (p == end)
        return NULL;
    if (*p == '"') {
        stop = string_end(p + 1, end, &escaped);
        return stop ? stop + 1 : NULL;
    }
    if (*p == '{' || *p == '[')
        return json_bracket_end(p, end);
    stop = scalar_end(p, end);
    return stop == p ? NULL : stop;
}
