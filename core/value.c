/* value.c - typed values of fields. Hand-written digit loops: these functions run once or more for
 * every record that is indexed, so the fixed-width ISO form has its own path and nothing here calls
 * into the locale or allocates. */
#include "value.h"

#include <arpa/inet.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>

#define US_PER_SEC 1000000LL
#define SEC_PER_DAY 86400LL
#define US_PER_DAY (SEC_PER_DAY * US_PER_SEC)

static inline bool is_digit(char c)
{
    return (unsigned char)(c - '0') <= 9;
}

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

/* --- times --- */

/* Days since 1970-01-01; years count from March so that the leap day comes last. */
static inline int64_t days_from_civil(int64_t y, unsigned mon, unsigned day)
{
    int64_t era;
    unsigned yoe, doy, doe;

    y -= mon <= 2;
    era = (y >= 0 ? y : y - 399) / 400;
    yoe = (unsigned)(y - era * 400);
    doy = (153 * (mon > 2 ? mon - 3 : mon + 9) + 2) / 5 + day - 1;
    doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + (int64_t)doe - 719468;
}

int64_t civil_to_us(int y, int mon, int d, int h, int min, int sec, int us)
{
    int64_t day = days_from_civil(y, (unsigned)mon, 1) + d - 1;

    return (day * SEC_PER_DAY + h * 3600LL + min * 60LL + sec) * US_PER_SEC + us;
}

struct civil us_to_civil(int64_t us)
{
    int64_t day = us / US_PER_DAY, rest = us % US_PER_DAY, z, era;
    unsigned doe, yoe, doy, mp;
    struct civil c;

    if (rest < 0) {
        rest += US_PER_DAY;
        day--;
    }
    z = day + 719468;
    era = (z >= 0 ? z : z - 146096) / 146097;
    doe = (unsigned)(z - era * 146097);
    yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    mp = (5 * doy + 2) / 153;
    c.day = (int)(doy - (153 * mp + 2) / 5 + 1);
    c.mon = (int)(mp < 10 ? mp + 3 : mp - 9);
    c.year = (int)((int64_t)yoe + era * 400 + (c.mon <= 2));
    c.wday = (int)(((day + 3) % 7 + 7) % 7);
    c.us = (int)(rest % US_PER_SEC);
    rest /= US_PER_SEC;
    c.sec = (int)(rest % 60);
    c.min = (int)(rest / 60 % 60);
    c.hour = (int)(rest / 3600);
    return c;
}

static char *put_digits(char *p, unsigned v, unsigned n)
{
    for (unsigned i = n; i-- > 0; v /= 10)
        p[i] = (char)('0' + v % 10);
    return p + n;
}

size_t format_iso8601(int64_t us, char out[40])
{
    struct civil c = us_to_civil(us);
    char *p = out;

    if (c.year >= 0 && c.year <= 9999)
        p = put_digits(p, (unsigned)c.year, 4);
    else
        p += sprintf(p, "%d", c.year);
    *p++ = '-';
    p = put_digits(p, (unsigned)c.mon, 2);
    *p++ = '-';
    p = put_digits(p, (unsigned)c.day, 2);
    *p++ = 'T';
    p = put_digits(p, (unsigned)c.hour, 2);
    *p++ = ':';
    p = put_digits(p, (unsigned)c.min, 2);
    *p++ = ':';
    p = put_digits(p, (unsigned)c.sec, 2);
    if (c.us) {
        *p++ = '.';
        if (c.us % 1000)
            p = put_digits(p, (unsigned)c.us, 6);
        else
            p = put_digits(p, (unsigned)c.us / 1000, 3);
    }
    *p++ = 'Z';
    *p = '\0';
    return (size_t)(p - out);
}

/* Two digits; a value over 99 if they are none. */
static inline unsigned two(const char *p)
{
    unsigned a = (unsigned char)(p[0] - '0'), b = (unsigned char)(p[1] - '0');

    return a > 9 || b > 9 ? 255 : a * 10 + b;
}

static bool day_exists(unsigned y, unsigned mon, unsigned d)
{
    static const uint8_t days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    if (mon < 1 || mon > 12 || d < 1 || d > days[mon - 1])
        return false;
    return mon != 2 || d < 29 || (y % 4 == 0 && (y % 100 != 0 || y % 400 == 0));
}

/* The days of YYYY-MM-DD at `p` (10 bytes readable). */
static inline bool read_date(const char *p, int64_t *days)
{
    unsigned hi = two(p), lo = two(p + 2), mon = two(p + 5), d = two(p + 8);

    if (p[4] != '-' || p[7] != '-' || hi > 99 || lo > 99 || !day_exists(hi * 100 + lo, mon, d))
        return false;
    *days = days_from_civil(hi * 100 + lo, mon, d);
    return true;
}

bool parse_date(struct slice s, int64_t *us)
{
    int64_t days;

    if (s.len != 10 || !read_date(s.ptr, &days))
        return false;
    *us = days * US_PER_DAY;
    return true;
}

/* A fraction after its point: up to nine digits, cut to microseconds. */
static inline bool read_fraction(const char **p, const char *end, int64_t *us)
{
    unsigned n = 0;
    int64_t v = 0;

    for (; *p < end && is_digit(**p); (*p)++, n++)
        if (n < 6)
            v = v * 10 + (**p - '0');
    if (n == 0 || n > 9)
        return false;
    for (; n < 6; n++)
        v *= 10;
    *us = v;
    return true;
}

/* Z, +hh:mm, +hhmm, +hh or nothing; the rest of the text. */
static bool read_zone(struct slice s, int64_t *seconds)
{
    unsigned h, m = 0;

    *seconds = 0;
    if (s.len == 0 || (s.len == 1 && (s.ptr[0] == 'Z' || s.ptr[0] == 'z')))
        return true;
    if ((s.ptr[0] != '+' && s.ptr[0] != '-') || (s.len != 3 && s.len != 5 && s.len != 6))
        return false;
    h = two(s.ptr + 1);
    if (s.len == 5)
        m = two(s.ptr + 3);
    else if (s.len == 6)
        m = s.ptr[3] == ':' ? two(s.ptr + 4) : 255;
    if (h > 23 || m > 59)
        return false;
    *seconds = (int64_t)h * 3600 + m * 60;
    if (s.ptr[0] == '-')
        *seconds = -*seconds;
    return true;
}

/* The forms that services write: YYYY-MM-DDThh:mm:ss, a fraction of six or three digits or none,
 * and a Z. Digits are taken in pairs, eight bytes at a time: byte i of `x` is ten times digit i
 * plus digit i + 1. False if it is anything else. */
#define PAIRS(x) ((x)*10 + ((x) >> 8))
#define PAIR(x, i) ((unsigned)((x) >> 8 * (i)) & 0xff)
static inline bool read_stamp(struct slice s, int64_t *us)
{
    const char *p = s.ptr, *frac;
    uint64_t date, time, tail;
    unsigned year, mon, day, hour, min, sec;
    int64_t micros = 0;

    if (s.len != 27 && s.len != 24 && s.len != 20)
        return false;
    frac = p + s.len - 8;
    date = load_8(p) ^ UINT64_C(0x2d30302d30303030);      /* 0000-00- */
    time = load_8(p + 8) ^ UINT64_C(0x30303a3030543030);  /* 00T00:00 */
    tail = load_8(p + 11) ^ UINT64_C(0x30303a30303a3030); /* 00:00:00 */
    if (!all_at_most(date, UINT64_C(0x7f76767f76767676)) ||
        !all_at_most(time, UINT64_C(0x76767f76767f7676)) ||
        !all_at_most(tail, UINT64_C(0x76767f76767f7676)))
        return false;
    date = PAIRS(date);
    time = PAIRS(time);
    tail = PAIRS(tail);
    if (s.len == 27) {
        uint64_t f = load_8(frac) ^ UINT64_C(0x5a3030303030302e); /* .000000Z */

        if (!all_at_most(f, UINT64_C(0x7f7676767676767f)))
            return false;
        f = PAIRS(f);
        micros = PAIR(f, 1) * 10000 + PAIR(f, 3) * 100 + PAIR(f, 5);
    } else if (s.len == 24) {
        uint64_t f = load_8(frac) ^ UINT64_C(0x5a3030302e30303a); /* :00.000Z */

        if (!all_at_most(f, UINT64_C(0x7f7676767f76767f)))
            return false;
        f = PAIRS(f);
        micros = PAIR(f, 4) * 10000 + (s.ptr[22] - '0') * 1000;
    } else if (s.ptr[19] != 'Z') {
        return false;
    }
    year = PAIR(date, 0) * 100 + PAIR(date, 2);
    mon = PAIR(date, 5);
    day = PAIR(time, 0);
    hour = PAIR(time, 3);
    min = PAIR(time, 6);
    sec = PAIR(tail, 6);
    if (!day_exists(year, mon, day) || hour > 23 || min > 59 || sec > 60)
        return false;
    *us = (days_from_civil(year, mon, day) * SEC_PER_DAY + hour * 3600 + min * 60 + sec) *
              US_PER_SEC +
          micros;
    return true;
}
#undef PAIRS
#undef PAIR

bool parse_iso8601(struct slice s, int64_t *us)
{
    const char *p = s.ptr, *end = slice_end(s);
    unsigned h, m, sec = 0;
    int64_t days, frac = 0, zone = 0;

    if (read_stamp(s, us))
        return true;
    if (s.len < 16 || !read_date(p, &days) || (p[10] != 'T' && p[10] != ' ') || p[13] != ':')
        return false;
    h = two(p + 11);
    m = two(p + 14);
    p += 16;
    if (end - p >= 3 && *p == ':') {
        sec = two(p + 1);
        p += 3;
        if (p < end && (*p == '.' || *p == ',')) {
            p++;
            if (!read_fraction(&p, end, &frac))
                return false;
        }
    }
    if (h > 23 || m > 59 || sec > 60)
        return false;
    if (!read_zone(slice_of(p, (size_t)(end - p)), &zone))
        return false;
    *us = (days * SEC_PER_DAY + (int64_t)(h * 3600 + m * 60 + sec) - zone) * US_PER_SEC + frac;
    return true;
}

static unsigned month_by_name(const char *p)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

    for (unsigned i = 0; i < 12; i++)
        if (memcmp(p, names + 3 * (size_t)i, 3) == 0)
            return i + 1;
    return 0;
}

bool parse_clf(struct slice s, int64_t *us)
{
    const char *p = s.ptr;
    unsigned d, mon, hi, lo, h, m, sec;
    int64_t zone = 0;

    if (s.len < 20 || p[2] != '/' || p[6] != '/' || p[11] != ':' || p[14] != ':' || p[17] != ':')
        return false;
    d = two(p);
    mon = month_by_name(p + 3);
    hi = two(p + 7);
    lo = two(p + 9);
    h = two(p + 12);
    m = two(p + 15);
    sec = two(p + 18);
    if (hi > 99 || lo > 99 || !day_exists(hi * 100 + lo, mon, d) || h > 23 || m > 59 || sec > 60)
        return false;
    if (s.len > 20 && (p[20] != ' ' || !read_zone(slice_of(p + 21, s.len - 21), &zone)))
        return false;
    *us = civil_to_us((int)(hi * 100 + lo), (int)mon, (int)d, (int)h, (int)m, (int)sec, 0) -
          zone * US_PER_SEC;
    return true;
}

bool parse_epoch(struct slice s, int64_t *us)
{
    const char *p = s.ptr, *end = slice_end(s);
    uint64_t v = 0;
    unsigned whole;
    int64_t unit = US_PER_SEC, frac = 0;

    if (!s.len || !take_digits(&p, end, &v))
        return false;
    whole = (unsigned)(p - s.ptr);
    if (whole == 13)
        unit = 1000;
    else if (whole > 11)
        return false;
    if (p < end) {
        if (unit == 1000 || *p++ != '.' || !read_fraction(&p, end, &frac) || p < end)
            return false;
    }
    *us = (int64_t)v * unit + frac;
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
