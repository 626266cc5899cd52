/* expr_funcs_codes.c - functions that write a value in another way: URLs, base64, hex, dates. */
#include <stdio.h>
#include <time.h>

#include "arn.h"
#include "expr_func.h"
#include "zone.h"

/* --- ARNs --- */

/* arnPart("arn:aws:iam::123456789012:role/x", "account"): missing where there is no such part. */
CALL(f_arnpart)
{
    struct slice part[ARN_PARTS];

    if (arg[0].kind != VAL_STR || arg[1].kind != VAL_STR)
        return missing();
    arn_split(arg[0].str, part); /* of one that is cut short, too */
    for (unsigned i = 0; i < ARN_PARTS; i++)
        if (part[i].len && slice_is(arg[1].str, arn_part_name(i)))
            return text(part[i]);
    return missing();
}

/* --- URLs, base64, hex --- */

static bool url_plain(char c)
{
    return is_digit(c) || is_letter(c) || (c && strchr("-._~", c));
}

CALL(f_urlencode)
{
    struct strbuf own = STRBUF_INIT;
    struct slice s = text_of(&arg[0], &own);

    for (size_t i = 0; i < s.len && out->len < MAX_MADE; i++)
        if (url_plain(s.ptr[i]))
            strbuf_addc(out, s.ptr[i]);
        else
            strbuf_addf(out, "%%%02X", (unsigned char)s.ptr[i]);
    strbuf_release(&own);
    return arg[0].kind == VAL_MISSING ? missing() : made(out);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

CALL(f_urldecode)
{
    struct strbuf own = STRBUF_INIT;
    struct slice s = text_of(&arg[0], &own);

    for (size_t i = 0; i < s.len; i++) {
        int hi = s.ptr[i] == '%' && i + 2 < s.len + 0 ? hex_digit(s.ptr[i + 1]) : -1;
        int lo = hi >= 0 ? hex_digit(s.ptr[i + 2]) : -1;

        if (lo >= 0) {
            strbuf_addc(out, (char)(hi * 16 + lo));
            i += 2;
        } else {
            strbuf_addc(out, s.ptr[i] == '+' ? ' ' : s.ptr[i]);
        }
    }
    strbuf_release(&own);
    return arg[0].kind == VAL_MISSING ? missing() : made(out);
}

CALL(f_base64encode)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    struct strbuf own = STRBUF_INIT;
    struct slice s = text_of(&arg[0], &own);

    for (size_t i = 0; i < s.len && out->len < MAX_MADE; i += 3) {
        unsigned n = (unsigned)MIN(s.len - i, (size_t)3), bits = 0;

        for (unsigned k = 0; k < 3; k++)
            bits = bits << 8 | (k < n ? (unsigned char)s.ptr[i + k] : 0);
        for (unsigned k = 0; k < 4; k++)
            strbuf_addc(out, k <= n ? digits[bits >> (18 - 6 * k) & 63] : '=');
    }
    strbuf_release(&own);
    return arg[0].kind == VAL_MISSING ? missing() : made(out);
}

CALL(f_base64decode)
{
    struct strbuf own = STRBUF_INIT;
    struct slice s = text_of(&arg[0], &own);
    bool ok = arg[0].kind != VAL_MISSING && base64_decode(s, out);

    strbuf_release(&own);
    return ok ? made(out) : missing();
}

CALL(f_hextoascii)
{
    struct strbuf own = STRBUF_INIT;
    struct slice s = text_of(&arg[0], &own);
    bool ok = arg[0].kind != VAL_MISSING && s.len % 2 == 0;

    for (size_t i = slice_starts(s, "0x") ? 2 : 0; ok && i + 1 < s.len; i += 2) {
        int hi = hex_digit(s.ptr[i]), lo = hex_digit(s.ptr[i + 1]);

        ok = hi >= 0 && lo >= 0;
        strbuf_addc(out, (char)(hi * 16 + lo));
    }
    strbuf_release(&own);
    return ok ? made(out) : missing();
}

CALL(f_hextodec)
{
    struct strbuf own = STRBUF_INIT;
    struct slice s = text_of(&arg[0], &own);
    size_t i = slice_starts(s, "0x") || slice_starts(s, "0X") ? 2 : 0;
    bool ok = s.len > i && s.len - i <= 16;
    double n = 0;

    for (; ok && i < s.len; i++) {
        int d = hex_digit(s.ptr[i]);

        ok = d >= 0;
        n = n * 16 + d;
    }
    strbuf_release(&own);
    return ok ? number(n) : missing();
}

CALL(f_dectohex)
{
    double n;

    if (!val_number(arg[0], &n) || n < 0 || n > 1.8e19)
        return missing();
    strbuf_addf(out, "0x%llx", (unsigned long long)n);
    return made(out);
}

CALL(f_ipv4tonumber)
{
    struct ip ip;
    double n = 0;

    if (arg[0].kind != VAL_STR || !parse_ip(arg[0].str, &ip) || ip.v6)
        return missing();
    for (unsigned i = 12; i < 16; i++)
        n = n * 256 + ip.b[i];
    return number(n);
}

CALL(f_messagesize)
{
    struct strbuf own = STRBUF_INIT;
    double n = (double)text_of(&arg[0], &own).len;

    strbuf_release(&own);
    return arg[0].kind == VAL_MISSING ? missing() : number(n);
}

/* The regex is compiled with the query (e->re). "$1" and "\1" are groups. */
CALL(f_regexreplace)
{
    struct strbuf own[2] = {STRBUF_INIT, STRBUF_INIT};
    struct slice s = text_of(&arg[0], &own[0]), to = text_of(&arg[2], &own[1]), all, group;
    size_t at = 0, done = 0;

    while (out->len < MAX_MADE && regex_group(e->re, s, 0, &at, &all) && all.ptr) {
        size_t from = (size_t)(all.ptr - s.ptr);

        strbuf_add(out, s.ptr + done, from - done);
        for (size_t i = 0; i < to.len; i++) {
            bool mark = (to.ptr[i] == '$' || to.ptr[i] == '\\') && i + 1 < to.len &&
                        to.ptr[i + 1] >= '0' && to.ptr[i + 1] <= '9';
            size_t again = from;

            if (!mark)
                strbuf_addc(out, to.ptr[i]);
            else if (regex_group(e->re, s, (unsigned)(to.ptr[++i] - '0'), &again, &group))
                strbuf_addsl(out, group);
        }
        done = from + all.len;
        if (at > s.len)
            break;
    }
    if (done < s.len)
        strbuf_add(out, s.ptr + done, s.len - done);
    strbuf_release(&own[0]);
    strbuf_release(&own[1]);
    return arg[0].kind == VAL_MISSING ? missing() : made(out);
}

/* --- dates --- */

bool zone_seconds(struct slice s, int *out)
{
    int sign, h = 0, m = 0;
    char text[16];

    if (!s.len || slice_eq_nocase(s, SL("utc")) || slice_eq_nocase(s, SL("z")) ||
        slice_eq_nocase(s, SL("gmt"))) {
        *out = 0;
        return true;
    }
    if (s.len < 3 || s.len >= sizeof(text) || (s.ptr[0] != '+' && s.ptr[0] != '-'))
        return false;
    sign = s.ptr[0] == '-' ? -1 : 1;
    memcpy(text, s.ptr + 1, s.len - 1);
    text[s.len - 1] = 0;
    if (sscanf(text, "%2d:%2d", &h, &m) < 2 && sscanf(text, "%2d%2d", &h, &m) < 1)
        return false;
    *out = sign * (h * 3600 + m * 60);
    return true;
}

struct zone_arg {
    int seconds;                   /* east of UTC ... */
    const struct time_zone *named; /* ... if it is no name */
};

/* Names must be written in the query, where they were checked: no row makes awl open files. */
static bool arg_zone(const struct expr *e, const struct val *arg, unsigned at, struct zone_arg *out)
{
    *out = (struct zone_arg){0};
    if (e->n <= at)
        return true;
    if (arg[at].kind != VAL_STR)
        return false;
    if (zone_seconds(arg[at].str, &out->seconds))
        return true;
    out->named = e->arg[at]->kind == EX_STR ? time_zone_find(arg[at].str) : NULL;
    return out->named != NULL;
}

CALL(f_formatdate)
{
    struct tm tm = {0};
    struct strbuf own = STRBUF_INIT;
    struct slice format = text_of(&arg[1], &own);
    char copy[128], text[256];
    struct civil c;
    int64_t us;
    time_t sec;
    struct zone_arg zone;
    int east;
    size_t n = 0;

    if (val_time(arg[0], &us) && arg_zone(e, arg, 2, &zone) && format.len < sizeof(copy)) {
        sec = (time_t)(us / 1000000 - (us % 1000000 < 0));
        east = zone.named ? time_zone_offset(zone.named, sec) : zone.seconds;
        us += east * INT64_C(1000000);
        c = us_to_civil(us);
        sec = (time_t)(us / 1000000 - (us % 1000000 < 0));
        if (c.year > 0 && c.year < 10000 && gmtime_r(&sec, &tm)) {
            memcpy(copy, format.ptr, format.len);
            copy[format.len] = 0;
            tm.tm_gmtoff = east;
            n = strftime(text, sizeof(text), copy, &tm);
        }
    }
    strbuf_release(&own);
    if (!n)
        return missing();
    strbuf_add(out, text, n);
    return made(out);
}

/* The number at *s, of `max` digits at most. */
static bool take_digits(struct slice *s, size_t max, int *out)
{
    size_t n = 0;

    for (*out = 0; n < max && n < s->len && s->ptr[n] >= '0' && s->ptr[n] <= '9'; n++)
        *out = *out * 10 + (s->ptr[n] - '0');
    *s = slice_of(s->ptr + n, s->len - n);
    return n > 0;
}

static bool take_month(struct slice *s, int *out)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

    for (int m = 0; m < 12 && s->len >= 3; m++)
        if (slice_eq_nocase(slice_of(s->ptr, 3), slice_of(months + 3 * m, 3))) {
            size_t n = 3;

            while (n < s->len && (s->ptr[n] | 32) >= 'a' && (s->ptr[n] | 32) <= 'z')
                n++;
            *s = slice_of(s->ptr + n, s->len - n);
            *out = m + 1;
            return true;
        }
    return false;
}

struct date {
    int y, mon, d, h, min, sec, ms, zone;
    bool zoned; /* its text says in which zone it is */
};

/* One run of n equal letters of a Java pattern. */
static bool take_part(struct slice *s, char letter, size_t n, struct date *d)
{
    size_t len = 0, before;
    int v;

    switch (letter) {
    case 'y':
    case 'u':
        if (!take_digits(s, n == 2 ? 2 : 4, &d->y))
            return false;
        d->y += n == 2 ? 2000 : 0;
        return true;
    case 'M':
        return n >= 3 ? take_month(s, &d->mon) : take_digits(s, 2, &d->mon);
    case 'd':
        return take_digits(s, 2, &d->d);
    case 'H':
        return take_digits(s, 2, &d->h);
    case 'm':
        return take_digits(s, 2, &d->min);
    case 's':
        return take_digits(s, 2, &d->sec);
    case 'S':
        before = s->len;
        if (!take_digits(s, 9, &v))
            return false;
        for (len = before - s->len; len < 3; len++)
            v *= 10;
        for (; len > 3; len--)
            v /= 10;
        d->ms = v;
        return true;
    case 'X':
    case 'x':
    case 'Z':
    case 'z':
        while (len < s->len && s->ptr[len] != ' ')
            len++;
        v = d->zoned = zone_seconds(slice_of(s->ptr, len), &d->zone);
        *s = slice_of(s->ptr + len, s->len - len);
        return v;
    default:
        return false;
    }
}

static bool take_date(struct slice s, struct slice format, struct date *d)
{
    for (size_t i = 0; i < format.len;) {
        char c = format.ptr[i];
        size_t n = 1;

        if (c == '\'') { /* 'T' is the letter itself */
            for (i++; i < format.len && format.ptr[i] != '\'';
                 i++, s = slice_of(s.ptr + 1, s.len - 1))
                if (!s.len || s.ptr[0] != format.ptr[i])
                    return false;
            i++;
            continue;
        }
        if ((c | 32) < 'a' || (c | 32) > 'z') {
            if (!s.len || s.ptr[0] != c)
                return false;
            s = slice_of(s.ptr + 1, s.len - 1);
            i++;
            continue;
        }
        while (i + n < format.len && format.ptr[i + n] == c)
            n++;
        if (!take_part(&s, c, n, d))
            return false;
        i += n;
    }
    return s.len == 0;
}

CALL(f_parsedate)
{
    struct date d = {.y = 1970, .mon = 1, .d = 1};
    struct zone_arg zone;
    int64_t s;

    if (arg[0].kind != VAL_STR || arg[1].kind != VAL_STR || !arg_zone(e, arg, 2, &zone) ||
        !take_date(arg[0].str, arg[1].str, &d) || d.mon < 1 || d.mon > 12 || d.d < 1 || d.d > 31 ||
        d.h > 24 || d.min > 59 || d.sec > 60 || d.y < 1)
        return missing();
    s = civil_to_us(d.y, d.mon, d.d, d.h, d.min, d.sec, 0) / 1000000;
    if (zone.named && !d.zoned)
        s = time_zone_utc(zone.named, s);
    else
        s -= d.zoned ? d.zone : zone.seconds;
    return number((double)(s * 1000 + d.ms));
}

static const struct func codes[] = {
    {"urlencode", 1, 1, f_urlencode, false},       {"urldecode", 1, 1, f_urldecode, false},
    {"base64encode", 1, 1, f_base64encode, false}, {"base64decode", 1, 1, f_base64decode, false},
    {"hexToAscii", 1, 1, f_hextoascii, false},     {"hexToDec", 1, 1, f_hextodec, false},
    {"decToHex", 1, 1, f_dectohex, false},         {"ipv4ToNumber", 1, 1, f_ipv4tonumber, false},
    {"messageSize", 1, 1, f_messagesize, false},   {"regexReplace", 3, 3, f_regexreplace, false},
    {"formatDate", 2, 3, f_formatdate, false},     {"strftime", 2, 3, f_formatdate, false},
    {"parseDate", 2, 3, f_parsedate, false},       {"arnPart", 2, 2, f_arnpart, false},
};

const struct func_table funcs_codes = {codes, ARRAY_LEN(codes)};
