/* column.c - codes in as few bits as serve: narrowing them, and reading many at once.
 *
 * Codes of 8 bits and more are compared where they are; of narrower ones a byte holds several, and
 * a table of 256 says for all of them at once. Data reach to a multiple of 64 rows, so loops over
 * whole words need no end of their own. */
#include "segment.h"

#include "simd.h"
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

/* Codes of less than a byte. */
static inline __attribute__((always_inline)) void put_narrow(uint8_t *to, const uint32_t *code,
                                                             uint32_t n, unsigned bits)
{
    uint32_t per = 8 / bits, i = 0, left = n % per;

    for (; i + per <= n; i += per) {
        uint32_t byte = 0;

        for (uint32_t k = 0; k < per; k++)
            byte |= code[i + k] << k * bits;
        *to++ = (uint8_t)byte;
    }
    for (uint32_t k = 0; k < left; k++)
        *to |= (uint8_t)(code[i + k] << k * bits);
}

#define PUT(type)                                                                                  \
    for (uint32_t i = 0; i < n; i++)                                                               \
    ((type *)data)[i] = (type)code[i]

/* Whole bytes: what is too much the next one overwrites. */
#define PUT_BYTES(bytes)                                                                           \
    do {                                                                                           \
        char *to_ = data;                                                                          \
        for (uint32_t i = 0; i < n; i++, to_ += (bytes))                                           \
            memcpy(to_, &code[i], sizeof(*code));                                                  \
        memset(to_, 0, 8);                                                                         \
    } while (0)

void column_pack(struct column *c, const uint32_t *code, uint32_t n, uint32_t max_code)
{
    void *data;

    c->bits = bits_for(max_code);
    c->data = data = xcalloc(column_data_bytes(c->bits, n), 1);
    if (c->bits == 1)
        put_narrow(data, code, n, 1);
    else if (c->bits == 2)
        put_narrow(data, code, n, 2);
    else if (c->bits == 4)
        put_narrow(data, code, n, 4);
    else if (c->bits == 8)
        PUT(uint8_t);
    else if (c->bits == 16)
        PUT(uint16_t);
    else if (c->bits == 24)
        PUT_BYTES(3);
    else
        PUT(uint32_t);
}

void column_pack_wide(struct column *c, const uint64_t *code, uint32_t n, uint64_t max_code)
{
    void *data;

    c->bits = bits_for(max_code);
    c->data = data = xcalloc(column_data_bytes(c->bits, n), 1);
    PUT_BYTES(c->bits / 8);
}

/* --- numbers --- */

/* How far apart the codes of a column may be for its distinct values to be looked for. */
#define TABLE_SPAN (1u << 18)

/* The most distinct values whose table makes for fewer bits in all; below 65,536. */
static uint32_t table_limit(uint32_t n, uint64_t max_code)
{
    unsigned bits = bits_for(max_code);
    uint64_t limit = 0;

    if (bits <= 4 || max_code >= TABLE_SPAN)
        return 0;
    for (unsigned few = 1; few < bits && few <= 16; few *= 2)
        limit = MAX(limit, MIN((UINT64_C(1) << few) - 1, ((uint64_t)(bits - few) * n - 1) / 64));
    return (uint32_t)limit;
}

/* The values of the codes that are marked into c->value, and fresh[code] = the new one. Marks reach
 * to a multiple of 8. */
static void number_values(struct column *c, const uint8_t *seen, uint32_t n_seen, uint32_t distinct,
                          uint16_t *fresh)
{
    int64_t *value = xmalloc(distinct * sizeof(*value));
    uint16_t k = 0;

    fresh[0] = 0;
    for (uint32_t at = 0; at < n_seen; at += 8) {
        for (uint64_t left = load_8((const char *)seen + at); left; left &= left - 1) {
            uint32_t old = at + (uint32_t)__builtin_ctzll(left) / 8;

            value[k++] = column_value(c, old);
            fresh[old] = k;
        }
    }
    c->value = value;
    c->n_local = distinct;
}

/* Sets c->value if the few distinct values (their codes are in `code`) make for fewer bits, and
 * turns the codes into theirs. Returns the largest code. */
static uint32_t tabulate(struct column *c, uint32_t *code, uint32_t n, uint32_t max_code)
{
    uint32_t limit = table_limit(n, max_code), n_seen = (max_code + 8) / 8 * 8, distinct = 0;
    uint8_t *seen; /* a byte each: a bit would have to be read to be set */

    if (!limit)
        return max_code;
    seen = xcalloc(n_seen, 1);
    for (uint32_t i = 0; i < n; i++)
        seen[code[i]] = 1;
    seen[0] = 0; /* missing is 0 in either way */
    for (uint32_t k = 0; k < n_seen; k++)
        distinct += seen[k];
    if (distinct <= limit) {
        uint16_t *fresh = xmalloc(n_seen * sizeof(*fresh));

        number_values(c, seen, n_seen, distinct, fresh);
        for (uint32_t i = 0; i < n; i++)
            code[i] = fresh[code[i]];
        free(fresh);
        max_code = distinct;
    }
    free(seen);
    return max_code;
}

static bool all_multiples(const int64_t *v, uint32_t n, int64_t base, uint64_t unit)
{
    uint32_t i = 0;

    while (i < n && (v[i] == NUM_MISSING || ((uint64_t)v[i] - (uint64_t)base) % unit == 0))
        i++;
    return i == n;
}

/* Logs of whole seconds keep them in microseconds. */
static int64_t common_unit(const int64_t *v, uint32_t n, int64_t base)
{
    return all_multiples(v, n, base, 1000000) ? 1000000
           : all_multiples(v, n, base, 1000)  ? 1000
                                              : 1;
}

static inline uint64_t code_of(const struct column *c, int64_t v, bool unit)
{
    uint64_t rel = (uint64_t)v - (uint64_t)c->base;

    return v == NUM_MISSING ? 0 : (unit ? rel / (uint64_t)c->unit : rel) + 1;
}

void column_pack_numbers(struct column *c, const int64_t *v, const uint32_t *perm, uint32_t n,
                         bool is_time, void *scratch)
{
    uint64_t max_code;
    bool unit;

    c->base = c->min;
    c->unit = 1;
    if (c->n_missing == n || (c->n_missing == 0 && c->min == c->max)) {
        c->constant = c->n_missing == 0;
        return;
    }
    if ((uint64_t)c->max - (uint64_t)c->min == UINT64_MAX)
        c->base++; /* cannot happen for real values; keeps the code from wrapping to 0 */
    c->unit = is_time ? common_unit(v, n, c->base) : 1;
    unit = c->unit != 1;
    max_code = code_of(c, c->max, unit);
    if (max_code <= UINT32_MAX) {
        uint32_t *code = scratch;

        for (uint32_t i = 0; i < n; i++)
            code[i] = (uint32_t)code_of(c, v[perm[i]], unit);
        column_pack(c, code, n, tabulate(c, code, n, (uint32_t)max_code));
    } else {
        uint64_t *code = scratch;

        for (uint32_t i = 0; i < n; i++)
            code[i] = code_of(c, v[perm[i]], unit);
        column_pack_wide(c, code, n, max_code);
    }
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

static void count_bytes(const uint8_t *p, const uint8_t *end, uint32_t n[4][256])
{
    for (; end - p >= 8; p += 8) {
        uint64_t w;

        memcpy(&w, p, sizeof(w));
        for (unsigned i = 0; i < 8; i++, w >>= 8)
            n[i % 4][w & 0xff]++;
    }
    for (; p < end; p++)
        n[0][*p]++;
}

/* Codes of less than a byte: the bytes are counted, then what is in each of them. Neighbours are
 * often equal, so they are counted in tables of their own: none waits for the one before. */
static void count_narrow(const struct column *c, uint32_t from, uint32_t to, uint64_t *count)
{
    const uint8_t *p = c->data;
    unsigned per = 8 / c->bits, keep = (1u << c->bits) - 1;
    uint32_t bytes[4][256] = {0};

    for (; from < to && from % per; from++)
        count[column_code(c, from)]++;
    for (; to > from && to % per; to--)
        count[column_code(c, to - 1)]++;
    count_bytes(p + from / per, p + to / per, bytes);
    for (unsigned b = 0; b < 256; b++) {
        uint32_t n = bytes[0][b] + bytes[1][b] + bytes[2][b] + bytes[3][b];

        for (unsigned i = 0; n && i < per; i++)
            count[b >> i * c->bits & keep] += n;
    }
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

static void between_bytes(const struct column *c, uint32_t n, uint64_t lo, uint64_t hi,
                          uint64_t *out)
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
    } else if (c->bits == 8) {
        simd->between_8(c->data, BITS_WORDS(n), (uint8_t)lo, (uint8_t)hi, out);
    } else if (c->bits == 16) {
        simd->between_16(c->data, BITS_WORDS(n), (uint16_t)lo, (uint16_t)hi, out);
    } else if (c->bits == 32) {
        simd->between_32(c->data, BITS_WORDS(n), (uint32_t)lo, (uint32_t)hi, out);
    } else {
        between_bytes(c, n, lo, hi, out);
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
