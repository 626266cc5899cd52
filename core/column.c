/* column.c - codes in as few bits as serve: narrowing them, and reading many at once.
 *
 * Codes of 8 bits and more are compared where they are; of narrower ones a byte holds several, and
 * a table of 256 says for all of them at once. Data reach to a multiple of 64 rows, so loops over
 * whole words need no end of their own. */
#include "segment.h"

#include "xalloc.h"

static uint8_t bits_for(uint64_t max_code)
{
    static const uint8_t steps[] = {1, 2, 4, 8, 16, 24, 32, 40, 48};

    for (unsigned i = 0; i < ARRAY_LEN(steps); i++)
        if (max_code >> steps[i] == 0)
            return steps[i];
    return 64;
}

size_t column_data_bytes(unsigned bits, uint32_t n)
{
    return bits ? (size_t)BITS_WORDS(n) * 8 * bits + 8 : 0;
}

static void put_narrow(uint8_t *to, const uint64_t *code, uint32_t n, unsigned bits)
{
    unsigned per = 8 / bits;

    for (uint32_t i = 0; i < n; i++)
        to[i / per] |= (uint8_t)(code[i] << i % per * bits);
}

static void put_wide(char *to, const uint64_t *code, uint32_t n, unsigned bytes)
{
    for (uint32_t i = 0; i < n; i++, to += bytes)
        memcpy(to, &code[i], sizeof(*code)); /* what is too much the next one overwrites */
    memset(to, 0, 8);
}

#define PUT(type)                                                                                  \
    do {                                                                                           \
        type *to_ = data;                                                                          \
        for (uint32_t i = 0; i < n; i++)                                                           \
            to_[i] = (type)code[i];                                                                \
    } while (0)

void column_pack(struct column *c, const uint64_t *code, uint32_t n, uint64_t max_code)
{
    void *data;

    c->bits = bits_for(max_code);
    data = xcalloc(column_data_bytes(c->bits, n), 1);
    if (c->bits < 8)
        put_narrow(data, code, n, c->bits);
    else if (c->bits == 8)
        PUT(uint8_t);
    else if (c->bits == 16)
        PUT(uint16_t);
    else if (c->bits == 32)
        PUT(uint32_t);
    else
        put_wide(data, code, n, c->bits / 8);
    c->data = data;
}

/* --- numbers --- */

/* How far apart the codes of a column may be for its distinct values to be looked for. */
#define TABLE_SPAN (1u << 18)

/* Sets c->value if the few distinct values (their codes are in `code`) make for fewer bits, and
 * turns the codes into theirs. Returns the largest code. */
static uint64_t tabulate(struct column *c, uint64_t *code, uint32_t n, uint64_t max_code)
{
    uint32_t words = (uint32_t)(max_code / 64) + 1, distinct = 0, *before;
    uint64_t *seen;
    int64_t *value;

    if (bits_for(max_code) <= 4 || max_code >= TABLE_SPAN)
        return max_code;
    seen = xcalloc(words, sizeof(*seen));
    for (uint32_t i = 0; i < n; i++)
        bit_set(seen, (uint32_t)code[i]);
    seen[0] &= ~UINT64_C(1); /* missing is 0 in either way */
    before = xmalloc(words * sizeof(*before));
    for (uint32_t w = 0; w < words; w++) {
        before[w] = distinct;
        distinct += (uint32_t)__builtin_popcountll(seen[w]);
    }
    if ((uint64_t)bits_for(distinct) * n + (uint64_t)distinct * 64 <
        (uint64_t)bits_for(max_code) * n) {
        c->value = value = xmalloc(distinct * sizeof(*value));
        c->n_local = distinct;
        for (uint32_t w = 0; w < words; w++)
            for (uint64_t left = seen[w]; left; left &= left - 1)
                *value++ =
                    (int64_t)((uint64_t)c->base +
                              (w * 64 + (uint64_t)__builtin_ctzll(left) - 1) * (uint64_t)c->unit);
        for (uint32_t i = 0; i < n; i++)
            if (code[i])
                code[i] = 1 + before[code[i] / 64] +
                          (uint32_t)__builtin_popcountll(seen[code[i] / 64] &
                                                         ((UINT64_C(1) << code[i] % 64) - 1));
        max_code = distinct;
    }
    free(seen);
    free(before);
    return max_code;
}

/* Logs of whole seconds keep them in microseconds. */
static int64_t common_unit(const int64_t *v, uint32_t n, int64_t base)
{
    static const uint64_t units[] = {1000000, 1000};

    for (unsigned u = 0; u < ARRAY_LEN(units); u++) {
        uint32_t i = 0;

        while (i < n && (v[i] == NUM_MISSING || ((uint64_t)v[i] - (uint64_t)base) % units[u] == 0))
            i++;
        if (i == n)
            return (int64_t)units[u];
    }
    return 1;
}

void column_pack_numbers(struct column *c, int64_t *v, uint32_t n, bool is_time)
{
    uint64_t *code = (uint64_t *)v, max_code;

    for (uint32_t i = 0; i < n; i++) {
        c->n_missing += v[i] == NUM_MISSING;
        c->min = v[i] == NUM_MISSING ? c->min : MIN(c->min, v[i]);
        c->max = MAX(c->max, v[i]); /* NUM_MISSING is the least of all */
    }
    c->base = c->min;
    c->unit = 1;
    if (c->n_missing == n || (c->n_missing == 0 && c->min == c->max)) {
        c->constant = c->n_missing == 0;
        return;
    }
    if ((uint64_t)c->max - (uint64_t)c->min == UINT64_MAX)
        c->base++; /* cannot happen for real values; keeps the code from wrapping to 0 */
    c->unit = is_time ? common_unit(v, n, c->base) : 1;
    for (uint32_t i = 0; i < n; i++)
        code[i] =
            v[i] == NUM_MISSING ? 0 : ((uint64_t)v[i] - (uint64_t)c->base) / (uint64_t)c->unit + 1;
    max_code = ((uint64_t)c->max - (uint64_t)c->base) / (uint64_t)c->unit + 1;
    max_code = tabulate(c, code, n, max_code);
    column_pack(c, code, n, max_code);
}

bool column_code_range(const struct column *c, int64_t lo, int64_t hi, uint64_t *from, uint64_t *to)
{
    uint64_t below, unit = (uint64_t)c->unit;

    lo = MAX(lo, c->min);
    hi = MIN(hi, c->max);
    if (lo > hi)
        return false;
    if (c->value) {
        for (*from = 1; *from <= c->n_local && c->value[*from - 1] < lo;)
            ++*from;
        for (*to = c->n_local; *to >= 1 && c->value[*to - 1] > hi;)
            --*to;
        return *from <= *to;
    }
    below = (uint64_t)lo - (uint64_t)c->base;
    *from = below / unit + (below % unit != 0) + 1;
    *to = ((uint64_t)hi - (uint64_t)c->base) / unit + 1;
    return *from <= *to;
}

/* --- reading --- */

static uint64_t code_at(const char *p, uint64_t keep)
{
    uint64_t v;

    memcpy(&v, p, sizeof(v));
    return v & keep;
}

/* Codes of less than a byte: the bytes are counted, then what is in each of them. */
static void count_narrow(const struct column *c, uint32_t from, uint32_t to, uint64_t *count)
{
    const uint8_t *p = c->data;
    unsigned per = 8 / c->bits, keep = (1u << c->bits) - 1;
    uint32_t bytes[256] = {0};

    for (; from < to && from % per; from++)
        count[column_code(c, from)]++;
    for (; to > from && to % per; to--)
        count[column_code(c, to - 1)]++;
    for (uint32_t i = from / per; i < to / per; i++)
        bytes[p[i]]++;
    for (unsigned b = 0; b < 256; b++)
        for (unsigned i = 0; bytes[b] && i < per; i++)
            count[b >> i * c->bits & keep] += bytes[b];
}

void column_count(const struct column *c, uint32_t from, uint32_t to, uint64_t *count)
{
    if (c->bits == 0) {
        count[c->constant] += to - from;
    } else if (c->bits < 8 && to - from > 512) {
        count_narrow(c, from, to, count);
    } else if (c->bits == 8) {
        for (uint32_t row = from; row < to; row++)
            count[((const uint8_t *)c->data)[row]]++;
    } else if (c->bits == 16) {
        for (uint32_t row = from; row < to; row++)
            count[((const uint16_t *)c->data)[row]]++;
    } else {
        for (uint32_t row = from; row < to; row++)
            count[column_code(c, row)]++;
    }
}

#define CODES(type)                                                                                \
    for (uint32_t i = 0; i < n; i++)                                                               \
    code[i] = ((const type *)c->data)[row[i]]

void column_codes(const struct column *c, const uint32_t *row, uint32_t n, uint64_t *code)
{
    if (c->bits == 8)
        CODES(uint8_t);
    else if (c->bits == 16)
        CODES(uint16_t);
    else
        for (uint32_t i = 0; i < n; i++)
            code[i] = column_code(c, row[i]);
}

static void fill_all(uint64_t *bits, uint32_t n, bool on)
{
    memset(bits, on ? 0xff : 0, BITS_WORDS(n) * sizeof(*bits));
}

/* No bits behind the last row. */
static void cut_tail(uint64_t *bits, uint32_t n)
{
    if (n % 64)
        bits[n / 64] &= (UINT64_C(1) << n % 64) - 1;
}

/* Codes of up to a byte: what every byte has to say, then a look at each byte. */
static void choose_bytes(const struct column *c, uint32_t n, const uint8_t *yes, uint64_t *out)
{
    const uint8_t *p = c->data;
    unsigned per = 8 / c->bits, keep = (1u << c->bits) - 1, n_codes = (unsigned)column_n_codes(c);
    uint8_t answer[256] = {0};

    for (unsigned b = 0; b < 256; b++)
        for (unsigned i = 0; i < per; i++) {
            unsigned code = b >> i * c->bits & keep;

            answer[b] |= (uint8_t)((code < n_codes && yes[code]) << i);
        }
    for (uint32_t w = 0; w < BITS_WORDS(n); w++) {
        uint64_t bits = 0;

        for (unsigned i = 0; i < 64 / per; i++)
            bits |= (uint64_t)answer[*p++] << i * per;
        out[w] = bits;
    }
}

void column_choose(const struct column *c, uint32_t n, const uint8_t *yes, uint64_t *out)
{
    if (c->bits == 0) {
        fill_all(out, n, yes[c->constant]);
    } else if (c->bits <= 8) {
        choose_bytes(c, n, yes, out);
    } else {
        const char *p = c->data;
        uint64_t keep = ~UINT64_C(0) >> (64 - c->bits);

        for (uint32_t w = 0; w < BITS_WORDS(n); w++) {
            uint64_t bits = 0;

            for (unsigned i = 0; i < 64 && w * 64 + i < n; i++, p += c->bits / 8)
                bits |= (uint64_t)yes[code_at(p, keep)] << i;
            out[w] = bits;
        }
    }
    cut_tail(out, n);
}

#define BETWEEN(type)                                                                              \
    do {                                                                                           \
        const type *d = c->data;                                                                   \
        for (uint32_t w = 0; w < BITS_WORDS(n); w++, d += 64) {                                    \
            uint64_t bits = 0;                                                                     \
            for (unsigned i = 0; i < 64; i++)                                                      \
                bits |= (uint64_t)((type)(d[i] - (type)lo) <= (type)(hi - lo)) << i;               \
            out[w] = bits;                                                                         \
        }                                                                                          \
    } while (0)

__attribute__((optimize("O3"))) static void between_even(const struct column *c, uint32_t n,
                                                         uint64_t lo, uint64_t hi, uint64_t *out)
{
    if (c->bits == 8)
        BETWEEN(uint8_t);
    else if (c->bits == 16)
        BETWEEN(uint16_t);
    else if (c->bits == 32)
        BETWEEN(uint32_t);
    else
        BETWEEN(uint64_t);
}

static void between_odd(const struct column *c, uint32_t n, uint64_t lo, uint64_t hi, uint64_t *out)
{
    const char *p = c->data;
    uint64_t keep = ~UINT64_C(0) >> (64 - c->bits);

    for (uint32_t w = 0; w < BITS_WORDS(n); w++) {
        uint64_t bits = 0;

        for (unsigned i = 0; i < 64; i++, p += c->bits / 8)
            bits |= (uint64_t)(code_at(p, keep) - lo <= hi - lo) << i;
        out[w] = bits;
    }
}

void column_between(const struct column *c, uint32_t n, uint64_t lo, uint64_t hi, uint64_t *out)
{
    if (c->bits == 0) {
        fill_all(out, n, c->constant >= lo && c->constant <= hi);
    } else if (c->bits < 8) {
        uint8_t yes[16] = {0};

        for (uint64_t code = lo; code <= hi && code < ARRAY_LEN(yes); code++)
            yes[code] = 1;
        choose_bytes(c, n, yes, out);
    } else if (c->bits == 8 || c->bits == 16 || c->bits == 32 || c->bits == 64) {
        between_even(c, n, lo, hi, out);
    } else {
        between_odd(c, n, lo, hi, out);
    }
    cut_tail(out, n);
}

size_t column_bytes_held(const struct column *c, uint32_t n)
{
    return column_data_bytes(c->bits, n) + (c->gid ? c->n_local * sizeof(*c->gid) : 0) +
           (c->value ? c->n_local * sizeof(*c->value) : 0) +
           (c->odd ? BITS_WORDS(n) * sizeof(*c->odd) : 0);
}

void column_free(struct column *c)
{
    free((void *)c->data);
    free((void *)c->value);
    free((void *)c->gid);
    free((void *)c->odd);
}
