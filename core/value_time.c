/* value_time.c - times as logs write them, and back. They are read once or more for every record
 * that is indexed, so the fixed-width ISO form has a path of its own. */
#include "value.h"

#include <stdio.h>

#define US_PER_SEC 1000000LL
#define SEC_PER_DAY 86400LL
#define US_PER_DAY (SEC_PER_DAY * US_PER_SEC)

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
    int64_t v = 0, unit = US_PER_SEC, frac = 0;
    unsigned whole = 0;

    for (; p < end && is_digit(*p) && whole <= 13; p++, whole++)
        v = v * 10 + (*p - '0');
    if (whole == 13)
        unit = 1000;
    else if (whole == 0 || whole > 11)
        return false;
    if (p < end) {
        if (unit == 1000 || *p++ != '.' || !read_fraction(&p, end, &frac) || p < end)
            return false;
    }
    *us = v * unit + frac;
    return true;
}
