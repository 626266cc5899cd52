/* literal.c - the search for sets of texts known as Teddy, after the Hyperscan library.
 *
 * The texts are put into eight buckets. For each of three successive bytes two tables of 16 say, by
 * the low and the high half of the byte, in which buckets some text has such a byte there; so a
 * place is a candidate of the buckets that are left of six tables, and tables of 16 are what a
 * shuffle instruction looks up for 32 bytes at once. Letters in both cases cost nothing: they are
 * two entries. The three bytes are the least likely ones of a text, at a place of its own. */
#include "literal.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "xalloc.h"

#define BUCKETS 8
#define WINDOW 3

struct text {
    struct slice text;
    unsigned at; /* where in it the window begins */
};

struct literals {
    unsigned n, window; /* bytes of the window that count: all texts have that many */
    bool icase, vectors;
    unsigned first[BUCKETS + 1]; /* bucket b has the texts first[b] ... first[b + 1] - 1 */
    uint8_t low[WINDOW][16], high[WINDOW][16]; /* buckets, by half of the byte */
    struct text text[LITERALS_MAX];
};

static bool is_digit(unsigned char c)
{
    return c >= '0' && c <= '9';
}

static bool is_upper(unsigned char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_lower(unsigned char c)
{
    return c >= 'a' && c <= 'z';
}

static bool has_case(unsigned char c)
{
    return is_upper(c) || is_lower(c);
}

/* --- how likely a byte is --- */

/* Of a thousand bytes of a log, roughly. */
static unsigned share(unsigned char c)
{
    if (c == ' ' || is_digit(c))
        return 36;
    if (c == 0 || c >= 0x80)
        return 1;
    if (strchr("aeiorstcdpn-./\":", c))
        return 25;
    if (is_lower(c))
        return 12;
    return is_upper(c) || strchr("=_,;&()%?", c) ? 5 : 2;
}

static double window_share(struct slice s, unsigned n, bool icase)
{
    double product = 1;

    for (unsigned i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s.ptr[i];

        product *=
            share(c) / 1e3 + (icase && has_case(c) ? share((unsigned char)(c ^ 0x20)) / 1e3 : 0);
    }
    return product;
}

double literals_per_million(const struct slice *text, unsigned n, bool icase)
{
    double sum = 0;

    for (unsigned i = 0; i < n; i++)
        sum += window_share(text[i], (unsigned)MIN(text[i].len, (size_t)8), icase);
    return sum * 1e6;
}

/* --- the tables --- */

static unsigned rarest_window(struct slice s, unsigned n, bool icase)
{
    unsigned best = 0;
    double least = 2;

    for (unsigned i = 0; i + n <= s.len; i++) {
        double w = window_share(slice_of(s.ptr + i, n), n, icase);

        if (w < least) {
            least = w;
            best = i;
        }
    }
    return best;
}

static int by_window(const void *x, const void *y)
{
    const struct text *a = x, *b = y;
    int c = memcmp(a->text.ptr + a->at, b->text.ptr + b->at,
                   MIN(MIN(a->text.len - a->at, b->text.len - b->at), (size_t)WINDOW));

    return c ? c : slice_cmp(a->text, b->text);
}

static void add_byte(struct literals *l, unsigned i, unsigned char c, unsigned bucket)
{
    l->low[i][c & 15] |= (uint8_t)(1u << bucket);
    l->high[i][c >> 4] |= (uint8_t)(1u << bucket);
}

static void make_tables(struct literals *l)
{
    for (unsigned i = 0; i < WINDOW; i++) {
        memset(l->low[i], i < l->window ? 0 : 0xff, sizeof(l->low[i]));
        memset(l->high[i], i < l->window ? 0 : 0xff, sizeof(l->high[i]));
    }
    for (unsigned b = 0; b < BUCKETS; b++) {
        l->first[b] = b * l->n / BUCKETS;
        l->first[b + 1] = (b + 1) * l->n / BUCKETS;
        for (unsigned k = l->first[b]; k < l->first[b + 1]; k++)
            for (unsigned i = 0; i < l->window; i++) {
                unsigned char c = (unsigned char)l->text[k].text.ptr[l->text[k].at + i];

                add_byte(l, i, c, b);
                if (l->icase && has_case(c))
                    add_byte(l, i, c ^ 0x20, b);
            }
    }
}

/* --- comparing --- */

static bool same(const struct literals *l, const char *p, struct slice text)
{
    if (!l->icase)
        return memcmp(p, text.ptr, text.len) == 0;
    return slice_eq_nocase(slice_of(p, text.len), text);
}

/* Whether a text of these buckets has its window at p, and begins at or behind `at`. */
static inline size_t verify(const struct literals *l, struct slice s, size_t at, size_t p,
                            unsigned buckets, size_t *len)
{
    for (; buckets; buckets &= buckets - 1) {
        unsigned b = (unsigned)__builtin_ctz(buckets);

        for (unsigned k = l->first[b]; k < l->first[b + 1]; k++) {
            const struct text *t = &l->text[k];
            size_t start = p - t->at;

            if (p < at + t->at || s.len - start < t->text.len || !same(l, s.ptr + start, t->text))
                continue;
            *len = t->text.len;
            return start;
        }
    }
    return SIZE_MAX;
}

/* --- the search --- */

/* Places from *p on, one by one; the vectors' last bytes, and machines without such vectors. */
static size_t find_plain(const struct literals *l, struct slice s, size_t at, size_t p, size_t *len)
{
    const unsigned char *c = (const unsigned char *)s.ptr;

    for (; p + l->window <= s.len; p++) {
        unsigned buckets = 0xff;
        size_t found;

        for (unsigned i = 0; i < l->window; i++)
            buckets &= l->low[i][c[p + i] & 15] & l->high[i][c[p + i] >> 4];
        if (buckets && (found = verify(l, s, at, p, buckets, len)) != SIZE_MAX)
            return found;
    }
    return SIZE_MAX;
}

#if defined(__x86_64__)

__attribute__((target("avx2"))) static inline __m256i buckets_of(const char *p, __m256i low,
                                                                 __m256i high)
{
    const __m256i half = _mm256_set1_epi8(15);
    __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)p);

    return _mm256_and_si256(
        _mm256_shuffle_epi8(low, _mm256_and_si256(v, half)),
        _mm256_shuffle_epi8(high, _mm256_and_si256(_mm256_srli_epi16(v, 4), half)));
}

__attribute__((target("avx2"))) static inline __m256i table_of(const uint8_t *t)
{
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)t));
}

/* From `at` on; *p is the first place that was not looked at. */
__attribute__((target("avx2"))) static size_t find_avx2(const struct literals *l, struct slice s,
                                                        size_t at, size_t *p, size_t *len)
{
    const __m256i low0 = table_of(l->low[0]), high0 = table_of(l->high[0]),
                  low1 = table_of(l->low[1]), high1 = table_of(l->high[1]),
                  low2 = table_of(l->low[2]), high2 = table_of(l->high[2]);

    for (; s.len - *p >= 32 + WINDOW - 1; *p += 32) {
        const char *q = s.ptr + *p;
        __m256i v = _mm256_and_si256(
            _mm256_and_si256(buckets_of(q, low0, high0), buckets_of(q + 1, low1, high1)),
            buckets_of(q + 2, low2, high2));
        uint8_t buckets[32];
        uint32_t left;

        if (_mm256_testz_si256(v, v))
            continue;
        _mm256_storeu_si256((__m256i *)(void *)buckets, v);
        left = ~(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(v, _mm256_setzero_si256()));
        for (; left; left &= left - 1) {
            unsigned i = (unsigned)__builtin_ctz(left);
            size_t found = verify(l, s, at, *p + i, buckets[i], len);

            if (found != SIZE_MAX)
                return found;
        }
    }
    return SIZE_MAX;
}

#endif

size_t literals_find(const struct literals *l, struct slice s, size_t at, size_t *len)
{
    size_t p = at;

#if defined(__x86_64__)
    if (l->vectors && at < s.len) {
        size_t found = find_avx2(l, s, at, &p, len);

        if (found != SIZE_MAX)
            return found;
    }
#endif
    return find_plain(l, s, at, p, len);
}

struct literals *literals_new(const struct slice *text, unsigned n, bool icase)
{
    struct literals *l = xcalloc(1, sizeof(*l));

    BUG_ON(n == 0 || n > LITERALS_MAX);
    l->n = n;
    l->icase = icase;
    l->window = WINDOW;
    for (unsigned i = 0; i < n; i++)
        l->window = (unsigned)MIN(l->window, text[i].len);
    for (unsigned i = 0; i < n; i++)
        l->text[i] = (struct text){slice_of(slice_dup(text[i]), text[i].len),
                                   rarest_window(text[i], l->window, icase)};
    qsort(l->text, n, sizeof(*l->text), by_window);
    make_tables(l);
#if defined(__x86_64__)
    l->vectors = __builtin_cpu_supports("avx2");
#endif
    return l;
}

void literals_free(struct literals *l)
{
    for (unsigned i = 0; l && i < l->n; i++)
        free((char *)(uintptr_t)l->text[i].text.ptr);
    free(l);
}
