/* json_scan.h - the smallest steps through JSON text. Internal to core/json*.c. */
#ifndef AWL_JSON_SCAN_H
#define AWL_JSON_SCAN_H

#include "json.h"
#include "tok_space.h"

static inline const char *skip_blanks(const char *p, const char *end)
{
    while (p < end && is_blank(*p))
        p++;
    return p;
}

/* The first quote or backslash of [p, end), or `end`. */
static inline const char *find_special(const char *p, const char *end)
{
#ifdef __SSE2__
    const __m128i quote = _mm_set1_epi8('"'), back = _mm_set1_epi8('\\');

    for (; end - p >= 16; p += 16) {
        __m128i w = _mm_loadu_si128((const __m128i *)(const void *)p);
        unsigned hits = (unsigned)_mm_movemask_epi8(
            _mm_or_si128(_mm_cmpeq_epi8(w, quote), _mm_cmpeq_epi8(w, back)));

        if (hits)
            return p + __builtin_ctz(hits);
    }
#endif
    while (p < end && *p != '"' && *p != '\\')
        p++;
    return p;
}

/* The quote that ends the string whose text starts at p; NULL if there is none. */
static inline const char *string_end(const char *p, const char *end, bool *escaped)
{
    for (;;) {
        p = find_special(p, end);
        if (p == end)
            return NULL;
        if (*p == '"')
            return p;
        *escaped = true;
        if (end - p < 2)
            return NULL;
        p += 2;
    }
}

/* Behind a number or word: at , : ] } or what is no more than a blank. */
static inline const char *scalar_end(const char *p, const char *end)
{
    static const bool ends[256] = {
        1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,         1,         1,         1,        1,
        1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, [','] = 1, [':'] = 1, [']'] = 1, ['}'] = 1};

    while (p < end && !ends[(unsigned char)*p])
        p++;
    return p;
}

/* Behind the object or array that starts at p; NULL if it does not end. */
const char *json_bracket_end(const char *p, const char *end);
/* The next step of a path: up to a dot or bracket, or the index within brackets. */
struct slice json_next_step(struct slice *path);
/* The text between the quotes of a string, which has escapes in it or not. */
struct slice json_string_text(struct slice inside, bool escaped, struct arena *mem);

#endif
