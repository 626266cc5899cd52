/* sortkey.c - natural order as plain bytes, and a quicksort over words of them.
 *
 * A value is a byte for its class (texts, numbers, missing ones), then
 *   text     bytes as they are, from 0 to 2 behind a 2; a run of digits is 1, its length, its
 * digits: so the longer number is the larger one, and the end of other characters comes before any
 * of them; then 0. At the start of a text digits stand between the bytes before and behind '0' ...
 * '9', by a class of their own. number   64 bits in the order of doubles or times, then its text,
 * if it was one */
#include "sortkey.h"

enum { CLASS_TEXT_LOW = 1, CLASS_TEXT_DIGITS, CLASS_TEXT_HIGH, CLASS_NUMBER, CLASS_MISSING };

static void add_word(struct strbuf *out, uint64_t x)
{
    x = __builtin_bswap64(x);
    strbuf_add(out, &x, sizeof(x));
}

static size_t add_digits(struct strbuf *out, struct slice s)
{
    size_t n = 0;

    while (n < s.len && is_digit(s.ptr[n]))
        n++;
    strbuf_addc(out, 1);
    strbuf_addc(out, (char)MIN(n, (size_t)255));
    if (n >= 255)
        add_word(out, n);
    strbuf_add(out, s.ptr, n);
    return n;
}

static void add_text(struct strbuf *out, struct slice s)
{
    char first = s.len ? s.ptr[0] : '\0';

    strbuf_addc(out, is_digit(first)              ? CLASS_TEXT_DIGITS
                     : (unsigned char)first < '0' ? CLASS_TEXT_LOW
                                                  : CLASS_TEXT_HIGH);
    for (size_t i = 0; i < s.len;) {
        if (is_digit(s.ptr[i])) {
            i += add_digits(out, slice_of(s.ptr + i, s.len - i));
            continue;
        }
        if ((unsigned char)s.ptr[i] <= 2)
            strbuf_addc(out, 2);
        strbuf_addc(out, s.ptr[i++]);
    }
    strbuf_addc(out, 0);
}

/* Of the smallest double the smallest number, and so on. */
static uint64_t ordered(double x)
{
    uint64_t bits;

    x += 0.0; /* -0 is 0 */
    memcpy(&bits, &x, sizeof(bits));
    return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

void sortkey_add(struct strbuf *out, struct val v, bool newest)
{
    double x;

    if (v.kind == VAL_MISSING || v.kind == VAL_JSON) {
        strbuf_addc(out, CLASS_MISSING);
    } else if (v.kind == VAL_TIME) {
        uint64_t t = (uint64_t)v.time_us ^ UINT64_C(1) << 63;

        strbuf_addc(out, CLASS_NUMBER);
        add_word(out, newest ? ~t : t);
    } else if (val_number(v, &x)) {
        strbuf_addc(out, CLASS_NUMBER);
        add_word(out, ordered(x));
        add_text(out, v.str);
    } else {
        add_text(out, v.str);
    }
}

/* --- sorting --- */

#define FEW 12

static void load_words(struct sortkey *k, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t w = 0;

        memcpy(&w, k[i].p, MIN(k[i].left, (uint32_t)8));
        k[i].word = __builtin_bswap64(w);
    }
}

static int compare(const struct sortkey *a, const struct sortkey *b)
{
    int c;

    if (a->word != b->word)
        return a->word < b->word ? -1 : 1;
    c = memcmp(a->p, b->p, MIN(a->left, b->left));
    return c ? c : (a->left > b->left) - (a->left < b->left);
}

static void insert_few(struct sortkey *k, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct sortkey x = k[i];
        size_t at = i;

        for (; at > 0 && compare(&x, &k[at - 1]) < 0; at--)
            k[at] = k[at - 1];
        k[at] = x;
    }
}

static uint64_t median(uint64_t a, uint64_t b, uint64_t c)
{
    return MAX(MIN(a, b), MIN(MAX(a, b), c));
}

static void swap_keys(struct sortkey *a, struct sortkey *b)
{
    struct sortkey t = *a;

    *a = *b;
    *b = t;
}

/* The words are loaded. Those equal to the middle one are sorted by the next eight bytes. */
static void sort_words(struct sortkey *k, size_t n)
{
    while (n > FEW) {
        uint64_t pivot = median(k[0].word, k[n / 2].word, k[n - 1].word);
        size_t low = 0, i = 0, high = n;
        bool more = false;

        while (i < high) {
            if (k[i].word < pivot)
                swap_keys(&k[low++], &k[i++]);
            else if (k[i].word > pivot)
                swap_keys(&k[i], &k[--high]);
            else
                i++;
        }
        sort_words(k, low);
        for (i = low; i < high; i++) {
            uint32_t step = MIN(k[i].left, (uint32_t)8);

            more = more || k[i].left > 8;
            k[i].p += step;
            k[i].left -= step;
        }
        if (more) {
            load_words(k + low, high - low);
            sort_words(k + low, high - low);
        }
        k += high;
        n -= high;
    }
    insert_few(k, n);
}

void sortkey_sort(struct sortkey *key, size_t n)
{
    load_words(key, n);
    sort_words(key, n);
}
