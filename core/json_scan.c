/* json_scan.c - where JSON values end.
 *
 * 64 bytes at a time become bit masks: what is inside strings, brackets, line feeds (simd.h). Only
 * closing brackets outside strings are looked at one by one. The technique is known from simdjson
 * (Langdale and Lemire, "Parsing gigabytes of JSON per second"). */
#include "json_scan.h"

#include "simd.h"

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
    struct json_carry carry = {0};
    uint64_t feed = 0; /* the last byte of the block before was one */
    size_t depth = 0;
    char last[64];

    for (const char *p = start; p < end; p += 64) {
        const char *from = p;
        struct json_masks m;
        uint64_t stop, line, open, close;

        if (end - p < 64) {
            memset(last, ' ', sizeof(last));
            memcpy(last, p, (size_t)(end - p));
            from = last;
        }
        simd->json(from, &carry, &m);
        open = m.open & ~m.text;
        close = m.close & ~m.text;
        line = strict ? open & (m.feed << 1 | feed) : 0;
        feed = m.feed >> 63;
        stop = strict ? close | line | (m.feed & m.text) : close;
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
