/* value.c - typed values of fields: numbers, addresses, texts behind escapes. Hand-written digit
 * loops: these functions run once or more for every record that is indexed, so nothing here calls
 * into the locale or allocates. */
#include "value.h"

#include <arpa/inet.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>

/* --- numbers --- */

/* Appends a decimal digit to *v; false on overflow past INT64_MAX. */
static inline bool push_digit(uint64_t *v, unsigned digit)
{
    if (unlikely(*v > (INT64_MAX - 9) / 10 &&
                 (*v > INT64_MAX / 10 || *v * 10 > (uint64_t)INT64_MAX - digit)))
        return false;
    *v = *v * 10 + digit;
    return true;
}

/* The digits at *p; false if there is none or the value overflows. */
static inline bool take_digits(const char **p, const char *end, uint64_t *v)
{
    const char *start = *p;

    for (; *p < end && is_digit(**p); (*p)++)
        if (!push_digit(v, (unsigned)(**p - '0')))
            return false;
    return *p > start;
}

/* What most numbers are: up to 18 digits, which cannot overflow, and nothing else. */
static inline bool parse_plain(struct slice s, int64_t *out)
{
    uint64_t v = 0;

    if (!s.len || s.len > 18)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        unsigned d = (unsigned char)s.ptr[i] - '0';

        if (d > 9)
            return false;
        v = v * 10 + d;
    }
    *out = (int64_t)v;
    return true;
}

bool parse_fixed(struct slice s, unsigned scale, int64_t *out)
{
    const char *p = s.ptr, *end = slice_end(s);
    bool neg = false;
    uint64_t v = 0;
    unsigned left = scale;

    if (!s.len)
        return false;
    if (scale == 0 && parse_plain(s, out))
        return true;
    if (*p == '-' || *p == '+')
        neg = *p++ == '-';
    if (!take_digits(&p, end, &v))
        return false;
    if (p < end) {
        if (*p++ != '.' || p == end)
            return false;
        for (; p < end && left && is_digit(*p); p++, left--)
            if (!push_digit(&v, (unsigned)(*p - '0')))
                return false;
        while (p < end && *p == '0')
            p++;
        if (p < end)
            return false;
    }
    for (; left; left--)
        if (!push_digit(&v, 0))
            return false;
    *out = neg ? -(int64_t)v : (int64_t)v;
    return true;
}

/* Whether `s` is [sign] digits [. digits] [e [sign] digits] with a digit in the mantissa. */
static bool is_decimal(struct slice s)
{
    size_t i = 0, digits = 0, exp_digits = 0;

    if (i < s.len && (s.ptr[i] == '-' || s.ptr[i] == '+'))
        i++;
    for (; i < s.len && is_digit(s.ptr[i]); i++)
        digits++;
    if (i < s.len && s.ptr[i] == '.')
        for (i++; i < s.len && is_digit(s.ptr[i]); i++)
            digits++;
    if (!digits)
        return false;
    if (i == s.len)
        return true;
    if (s.ptr[i] != 'e' && s.ptr[i] != 'E')
        return false;
    i++;
    if (i < s.len && (s.ptr[i] == '-' || s.ptr[i] == '+'))
        i++;
    for (; i < s.len && is_digit(s.ptr[i]); i++)
        exp_digits++;
    return exp_digits && i == s.len;
}

/* Up to fifteen digits, with a point among them or not: both the digits and the power of ten are
 * exact, so their quotient is the double that is nearest. */
static bool parse_short_decimal(struct slice s, double *out)
{
    static const double pow10[] = {1,   1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                   1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    size_t point = s.len;
    uint64_t v = 0;

    if (s.len > 16)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if (is_digit(s.ptr[i]))
            v = v * 10 + (unsigned)(s.ptr[i] - '0');
        else if (s.ptr[i] == '.' && point == s.len)
            point = i;
        else
            return false;
    }
    if (s.len == 16 && point == s.len) /* sixteen digits */
        return false;
    *out = (double)v / pow10[point == s.len ? 0 : s.len - 1 - point];
    return true;
}

bool parse_double(struct slice s, double *out)
{
    char buf[400];
    locale_t c_locale;
    double d;

    if (!s.len || s.len >= sizeof(buf) || !is_decimal(s))
        return false;
    if (parse_short_decimal(s, out))
        return true;
    memcpy(buf, s.ptr, s.len);
    buf[s.len] = '\0';
    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0); /* a constant of the C library */
    d = strtod_l(buf, NULL, c_locale);
    freelocale(c_locale);
    if (!isfinite(d))
        return false;
    *out = d;
    return true;
}

bool is_uuid(struct slice s)
{
    if (s.len != 36)
        return false;
    for (size_t i = 0; i < 36; i++) {
        char c = s.ptr[i];
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;

        if (dash ? c != '-' : !(is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')))
            return false;
    }
    return true;
}

/* --- addresses --- */

static bool read_v4(struct slice s, uint8_t b[4])
{
    const char *p = s.ptr, *end = slice_end(s);

    for (unsigned i = 0; i < 4; i++) {
        unsigned v = 0, n = 0;

        if (i && (p == end || *p++ != '.'))
            return false;
        for (; p < end && n < 3 && is_digit(*p); p++, n++)
            v = v * 10 + (unsigned)(*p - '0');
        if (n == 0 || v > 255)
            return false;
        b[i] = (uint8_t)v;
    }
    return p == end;
}

static int hex_value(char c)
{
    if (is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Up to four hex digits at *p. */
static bool read_group(const char **p, const char *end, unsigned *v)
{
    unsigned n = 0;

    for (*v = 0; *p < end && n < 4 && hex_value(**p) >= 0; (*p)++, n++)
        *v = *v * 16 + (unsigned)hex_value(**p);
    return n > 0;
}

static bool read_v6(struct slice s, uint8_t b[16])
{
    const char *p = s.ptr, *end = slice_end(s);
    unsigned n = 0, gap = UINT_MAX;
    uint8_t out[16];

    if (s.len >= 2 && p[0] == ':' && p[1] == ':') {
        gap = 0;
        p += 2;
    }
    while (p < end) {
        const char *start = p;
        unsigned v;

        if (n == 16 || !read_group(&p, end, &v))
            return false;
        if (p < end && *p == '.') {
            if (n > 12 || !read_v4(slice_of(start, (size_t)(end - start)), out + n))
                return false;
            n += 4;
            break;
        }
        out[n++] = (uint8_t)(v >> 8);
        out[n++] = (uint8_t)v;
        if (p == end)
            break;
        if (*p++ != ':' || p == end)
            return false;
        if (*p == ':') {
            if (gap != UINT_MAX)
                return false;
            gap = n;
            p++;
        }
    }
    if (gap == UINT_MAX ? n != 16 : n > 14)
        return false;
    if (gap == UINT_MAX)
        gap = n;
    memset(b, 0, 16);
    memcpy(b, out, gap);
    memcpy(b + 16 - (n - gap), out + gap, n - gap);
    return true;
}

bool parse_ip(struct slice s, struct ip *out)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

    if (s.len < 2 || s.len > 45)
        return false;
    out->v6 = memchr(s.ptr, ':', s.len) != NULL;
    if (out->v6)
        return read_v6(s, out->b);
    memcpy(out->b, mapped, sizeof(mapped));
    return read_v4(s, out->b + 12);
}

bool parse_cidr(struct slice s, struct ip *net, unsigned *bits)
{
    struct slice addr = slice_cut(&s, '/');
    int64_t n;

    if (!parse_ip(addr, net))
        return false;
    *bits = 128;
    if (!s.ptr)
        return true;
    if (s.len > 3 || !s.len || !is_digit(s.ptr[0]) || !parse_fixed(s, 0, &n) ||
        n > (net->v6 ? 128 : 32))
        return false;
    *bits = (unsigned)n + (net->v6 ? 0 : 96);
    return true;
}

bool ip_in(const struct ip *a, const struct ip *net, unsigned bits)
{
    unsigned bytes = bits / 8, rest = bits % 8;

    if (memcmp(a->b, net->b, bytes) != 0)
        return false;
    return !rest || ((a->b[bytes] ^ net->b[bytes]) & (0xff00 >> rest) & 0xff) == 0;
}

size_t format_ip(const struct ip *a, char out[48])
{
    if (a->v6)
        inet_ntop(AF_INET6, a->b, out, 48);
    else
        inet_ntop(AF_INET, a->b + 12, out, 48);
    return strlen(out);
}

/* --- fields --- */

static bool time_value(struct slice s, int64_t *out)
{
    if (s.len > 4 && s.ptr[4] == '-')
        return parse_iso8601(s, out) || parse_date(s, out);
    if (s.len > 2 && s.ptr[2] == '/')
        return parse_clf(s, out);
    return parse_epoch(s, out);
}

bool field_number(const struct field_def *f, struct slice s, int64_t *out)
{
    if (value_missing(s))
        return false;
    if (f->kind == FK_NUM)
        return parse_fixed(s, f->scale, out);
    return f->kind == FK_TIME && time_value(s, out);
}

/* Undoes %HH once; what is no such sequence stays. */
static void url_decode(struct slice s, struct strbuf *out)
{
    size_t i = 0;

    while (i < s.len) {
        const char *p = memchr(s.ptr + i, '%', s.len - i);
        size_t next = p ? (size_t)(p - s.ptr) : s.len;
        int hi, lo;

        strbuf_add(out, s.ptr + i, next - i);
        i = next;
        if (i == s.len)
            break;
        hi = i + 2 < s.len ? hex_value(s.ptr[i + 1]) : -1;
        lo = hi >= 0 ? hex_value(s.ptr[i + 2]) : -1;
        strbuf_addc(out, lo >= 0 ? (char)(hi * 16 + lo) : '%');
        i += lo >= 0 ? 3 : 1;
    }
}

static void hex_unescape(struct slice s, struct strbuf *out)
{
    size_t i = 0;

    while (i < s.len) {
        const char *p = memchr(s.ptr + i, '\\', s.len - i);
        size_t next = p ? (size_t)(p - s.ptr) : s.len;
        size_t left = s.len - next;

        strbuf_add(out, s.ptr + i, next - i);
        i = next;
        if (left >= 4 && p[1] == 'x' && hex_value(p[2]) >= 0 && hex_value(p[3]) >= 0) {
            strbuf_addc(out, (char)(hex_value(p[2]) * 16 + hex_value(p[3])));
            i += 4;
        } else if (left >= 2 && (p[1] == '"' || p[1] == '\\')) {
            strbuf_addc(out, p[1]);
            i += 2;
        } else if (left) {
            strbuf_addc(out, '\\');
            i++;
        }
    }
}

static bool has_blank_code(struct slice s)
{
    return s.len && memmem(s.ptr, s.len, "%20", 3) != NULL;
}

/* One step of decoding into *out, where what is decoded may itself lie. */
static struct slice undo(void (*step)(struct slice, struct strbuf *), struct slice s,
                         struct strbuf *out)
{
    struct strbuf before = STRBUF_INIT;

    if (s.ptr == out->buf) {
        before = *out;
        *out = (struct strbuf)STRBUF_INIT;
    }
    step(s, out);
    strbuf_release(&before);
    return strbuf_slice(out);
}

struct slice field_decode(const struct field_def *f, struct slice s, struct strbuf *out)
{
    strbuf_reset(out);
    if (!s.len)
        return s;
    if ((f->flags & FF_HEXESC) && memchr(s.ptr, '\\', s.len))
        s = undo(hex_unescape, s, out);
    if ((f->flags & (FF_URLENC | FF_URLENC2)) && memchr(s.ptr, '%', s.len)) {
        s = undo(url_decode, s, out);
        if ((f->flags & FF_URLENC2) && has_blank_code(s))
            s = undo(url_decode, s, out);
    }
    return s;
}

/* --- base64 --- */

static int base64_digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool base64_decode(struct slice s, struct strbuf *out)
{
    uint32_t bits = 0;
    unsigned n = 0;

    while (s.len && s.ptr[s.len - 1] == '=')
        s.len--;
    for (size_t i = 0; i < s.len; i++) {
        int d = base64_digit(s.ptr[i]);

        if (d < 0)
            return false;
        bits = bits << 6 | (unsigned)d;
        if (++n % 4 != 1)
            strbuf_addc(out, (char)(bits >> (6 - 2 * ((n - 1) % 4))));
    }
    return true;
}
