/* literal.c - the search for sets of texts known as Teddy, after the Hyperscan library.
 *
 * The texts are put into eight buckets. For each of three successive bytes two tables of 16 say, by
 * the low and the high half of the byte, in which buckets some text has such a byte there; so a
 * place is a candidate of the buckets that are left of six tables, and tables of 16 are what a
 * shuffle instruction looks up for 32 bytes at once. Letters in both cases cost nothing: they are
 * two entries. The three bytes are the least likely ones of a text, at a place of its own. */
#include "literal.h"

#include "simd.h"
#include "xalloc.h"

#define BUCKETS 8
#define WINDOW 3

struct text {
    struct slice text;
    unsigned at; /* where in it the window begins */
};

struct literals {
    unsigned n, window; /* bytes of the window that count: all texts have that many */
    bool icase;
    unsigned first[BUCKETS + 1]; /* bucket b has the texts first[b] ... first[b + 1] - 1 */
    struct byte_tables tables;   /* all buckets behind the window */
    struct text text[LITERALS_MAX];
};

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
            share(c) / 1e3 + (icase && is_letter(c) ? share((unsigned char)(c ^ 0x20)) / 1e3 : 0);
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
    l->tables.low[i][c & 15] |= (uint8_t)(1u << bucket);
    l->tables.high[i][c >> 4] |= (uint8_t)(1u << bucket);
}

static void make_tables(struct literals *l)
{
    for (unsigned i = 0; i < WINDOW; i++) {
        memset(l->tables.low[i], i < l->window ? 0 : 0xff, sizeof(l->tables.low[i]));
        memset(l->tables.high[i], i < l->window ? 0 : 0xff, sizeof(l->tables.high[i]));
    }
    for (unsigned b = 0; b < BUCKETS; b++) {
        l->first[b] = b * l->n / BUCKETS;
        l->first[b + 1] = (b + 1) * l->n / BUCKETS;
        for (unsigned k = l->first[b]; k < l->first[b + 1]; k++)
            for (unsigned i = 0; i < l->window; i++) {
                unsigned char c = (unsigned char)l->text[k].text.ptr[l->text[k].at + i];

                add_byte(l, i, c, b);
                if (l->icase && is_letter(c))
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

/* The last places, from p on, one by one. */
static size_t find_plain(const struct literals *l, struct slice s, size_t at, size_t p, size_t *len)
{
    const unsigned char *c = (const unsigned char *)s.ptr;

    for (; p + l->window <= s.len; p++) {
        unsigned buckets = 0xff;
        size_t found;

        for (unsigned i = 0; i < l->window; i++)
            buckets &= l->tables.low[i][c[p + i] & 15] & l->tables.high[i][c[p + i] >> 4];
        if (buckets && (found = verify(l, s, at, p, buckets, len)) != SIZE_MAX)
            return found;
    }
    return SIZE_MAX;
}

size_t literals_find(const struct literals *l, struct slice s, size_t at, size_t *len)
{
    size_t p = at, found;
    uint8_t buckets[SIMD_STEP];
    uint32_t some;

    for (;;) {
        p = simd->candidates(&l->tables, s.ptr, s.len, p, buckets, &some);
        if (!some)
            return find_plain(l, s, at, p, len);
        for (; some; some &= some - 1) {
            unsigned i = (unsigned)__builtin_ctz(some);

            found = verify(l, s, at, p + i, buckets[i], len);
            if (found != SIZE_MAX)
                return found;
        }
        p += SIMD_STEP;
    }
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
    return l;
}

void literals_free(struct literals *l)
{
    for (unsigned i = 0; l && i < l->n; i++)
        free((char *)(uintptr_t)l->text[i].text.ptr);
    free(l);
}
