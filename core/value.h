/* value.h - from the text of a field to a typed value, and back to text. No allocation, no locale.
 * Everything here is total: rubbish gives false, never an error. */
#ifndef AWL_VALUE_H
#define AWL_VALUE_H

#include "format.h"

/* "-" and "" are AWS's missing marks; ptr NULL is absent. */
static inline bool value_missing(struct slice s)
{
    return !s.ptr || s.len == 0 || (s.len == 1 && s.ptr[0] == '-');
}

/* Digits with an optional sign and fraction -> integer of 10^-scale units. False if anything else
 * stands there, on overflow, or if non-zero digits would be lost beyond `scale` decimals. */
bool parse_fixed(struct slice s, unsigned scale, int64_t *out);
/* The same for what most numbers are: up to eight digits, or seven around a point that has `scale`
 * of them behind it. False also if it is another number. Eight bytes from s.ptr on are read. */
static inline bool parse_short(struct slice s, unsigned scale, int64_t *out);
/* Any decimal number incl. exponent ("1.28E8"); false if it is not wholly one. */
bool parse_double(struct slice s, double *out);

/* ISO 8601 with T or blank, 0-9 fraction digits, Z, +hh:mm, +hhmm or nothing (= UTC). */
bool parse_iso8601(struct slice s, int64_t *us);
bool parse_clf(struct slice s, int64_t *us);   /* 02/Jan/2024:03:04:05 +0000, no brackets */
bool parse_epoch(struct slice s, int64_t *us); /* seconds, up to 6 decimals; 13 digits = ms */
bool parse_date(struct slice s, int64_t *us);  /* 2024-01-02 */
bool is_uuid(struct slice s);
int64_t civil_to_us(int y, int mon, int d, int h, int min, int sec, int us); /* UTC, proleptic */
struct civil {
    int year, mon, day, hour, min, sec, us, wday; /* wday 0 = Monday */
};
struct civil us_to_civil(int64_t us);
/* "2024-01-02T03:04:05.678901Z": with 0, 3 or 6 decimals, as many as needed. Returns length. */
size_t format_iso8601(int64_t us, char out[40]);

struct ip {
    uint8_t b[16]; /* v4 as ::ffff:a.b.c.d */
    bool v6;
};
bool parse_ip(struct slice s, struct ip *out);
bool parse_cidr(struct slice s, struct ip *net, unsigned *bits); /* bits counted in the 128 */
bool ip_in(const struct ip *a, const struct ip *net, unsigned bits);
size_t format_ip(const struct ip *a, char out[48]);

/* The typed value of a field of a record; kind-driven use of the above. FK_TIME covers ISO, CLF
 * and epoch forms. False: missing or not of that type (then it is text). */
bool field_number(const struct field_def *f, struct slice s, int64_t *out);

/* One level of the encoding that the format's flags name (FF_URLENC, FF_URLENC2, FF_HEXESC) undone
 * into *out (reset first); the slice is either `s` itself or *out's. */
struct slice field_decode(const struct field_def *f, struct slice s, struct strbuf *out);

/* Adds the bytes that base64 text stands for, padded or not. False: it is none. */
bool base64_decode(struct slice s, struct strbuf *out);

/* Eight bytes, the first one lowest: each the value of a digit, or more than 9. */
static inline uint64_t digits_of(uint64_t text)
{
    return text ^ UINT64_C(0x3030303030303030);
}

/* Whether byte i of eight is at most 127 - b, where byte i of `add` is b. */
static inline bool all_at_most(uint64_t bytes, uint64_t add)
{
    return (((bytes + add) | bytes) & UINT64_C(0x8080808080808080)) == 0;
}

#define NINES UINT64_C(0x7676767676767676) /* for all_at_most(): eight digits */

static inline bool parse_short(struct slice s, unsigned scale, int64_t *out)
{
    uint64_t v;
    size_t n = s.len;

    if (n - 1 > 7)
        return false;
    v = load_8(s.ptr);
    if (scale) {
        size_t point = n - 1 - scale; /* there is a digit before it */

        if (n < scale + 2 || s.ptr[point] != '.')
            return false;
        v = (v & ((UINT64_C(1) << point * 8) - 1)) | (v >> 8 & ~UINT64_C(0) << point * 8);
        n--;
    }
    v = digits_of(v) << (64 - n * 8); /* zeros before the number */
    if (!all_at_most(v, NINES))
        return false;
    v = v * 10 + (v >> 8); /* pairs of digits in every other byte, and so on */
    *out = (int64_t)(((v & UINT64_C(0xff000000ff)) * (100 + (UINT64_C(1000000) << 32)) +
                      (v >> 16 & UINT64_C(0xff000000ff)) * (1 + (UINT64_C(10000) << 32))) >>
                     32);
    return true;
}

#endif
