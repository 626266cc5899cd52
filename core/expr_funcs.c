/* expr_funcs.c - the scalar functions of the query language, one table.
 *
 * Every function is total: an argument of the wrong kind gives a missing value. A text that a
 * function makes goes to *out; texts that are a part of an argument are returned as such. */
#include <stdio.h>

#include "expr_func.h"

/* --- numbers --- */

#define NUMERIC(name, formula)                                                                     \
    CALL(name)                                                                                     \
    {                                                                                              \
        double x;                                                                                  \
                                                                                                   \
        return val_number(arg[0], &x) ? number(formula) : missing();                               \
    }

NUMERIC(f_abs, fabs(x))
NUMERIC(f_ceil, ceil(x))
NUMERIC(f_floor, floor(x))
NUMERIC(f_sqrt, sqrt(x))
NUMERIC(f_log, log(x))
NUMERIC(f_number, x)
NUMERIC(f_integer, trunc(x))

CALL(f_round)
{
    double x, digits = 0, scale;

    if (!val_number(arg[0], &x) || (e->n > 1 && !val_number(arg[1], &digits)))
        return missing();
    scale = pow(10, MIN(MAX(digits, -15), 15));
    return number(round(x * scale) / scale);
}

static struct val extreme(const struct expr *e, const struct val *arg, int sign)
{
    double best = NAN, x;

    for (unsigned i = 0; i < e->n; i++)
        if (val_number(arg[i], &x) && (isnan(best) || sign * x > sign * best))
            best = x;
    return number(best);
}

CALL(f_greatest)
{
    return extreme(e, arg, 1);
}

CALL(f_least)
{
    return extreme(e, arg, -1);
}

/* --- general --- */

CALL(f_ispresent)
{
    return boolean(arg[0].kind != VAL_MISSING);
}

CALL(f_coalesce)
{
    for (unsigned i = 0; i < e->n; i++)
        if (arg[i].kind != VAL_MISSING)
            return arg[i];
    return missing();
}

CALL(f_if)
{
    return val_truth(arg[0]) ? arg[1] : arg[2];
}

CALL(f_case)
{
    unsigned i;

    for (i = 0; i + 1 < e->n; i += 2)
        if (val_truth(arg[i]))
            return arg[i + 1];
    return i < e->n ? arg[i] : missing();
}

/* Kilometres between two places, on a sphere of 6371 km. */
CALL(f_haversine)
{
    double x[4], a, b;

    for (unsigned i = 0; i < 4; i++) {
        if (!val_number(arg[i], &x[i]))
            return missing();
        x[i] *= M_PI / 180;
    }
    a = sin((x[2] - x[0]) / 2);
    b = sin((x[3] - x[1]) / 2);
    return number(2 * 6371 * asin(sqrt(a * a + cos(x[0]) * cos(x[2]) * b * b)));
}

CALL(f_isnumeric)
{
    double x;

    return boolean(val_number(arg[0], &x));
}

/* --- texts --- */

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

CALL(f_isempty)
{
    return flag(arg[0].kind == VAL_MISSING || (arg[0].kind == VAL_STR && arg[0].str.len == 0));
}

CALL(f_isblank)
{
    if (arg[0].kind != VAL_STR)
        return flag(arg[0].kind == VAL_MISSING);
    for (size_t i = 0; i < arg[0].str.len; i++)
        if (!is_space(arg[0].str.ptr[i]))
            return flag(false);
    return flag(true);
}

CALL(f_concat)
{
    for (unsigned i = 0; i < e->n; i++) {
        struct strbuf own = STRBUF_INIT;

        strbuf_addsl(out, text_of(&arg[i], &own));
        strbuf_release(&own);
    }
    return made(out);
}

static bool strips(char c, const struct expr *e, const struct val *arg)
{
    if (e->n < 2 || arg[1].kind != VAL_STR)
        return is_space(c);
    return arg[1].str.len && memchr(arg[1].str.ptr, c, arg[1].str.len);
}

static struct val trim_sides(const struct expr *e, const struct val *arg, bool left, bool right)
{
    struct slice s = arg[0].str;

    if (arg[0].kind != VAL_STR)
        return arg[0];
    while (left && s.len && strips(s.ptr[0], e, arg)) {
        s.ptr++;
        s.len--;
    }
    while (right && s.len && strips(s.ptr[s.len - 1], e, arg))
        s.len--;
    return text(s);
}

CALL(f_trim)
{
    return trim_sides(e, arg, true, true);
}

CALL(f_ltrim)
{
    return trim_sides(e, arg, true, false);
}

CALL(f_rtrim)
{
    return trim_sides(e, arg, false, true);
}

static bool starts_char(char c)
{
    return ((unsigned char)c & 0xc0) != 0x80;
}

CALL(f_strlen)
{
    struct strbuf own = STRBUF_INIT;
    struct slice s = text_of(&arg[0], &own);
    double n = 0;

    for (size_t i = 0; i < s.len; i++)
        n += starts_char(s.ptr[i]);
    strbuf_release(&own);
    return arg[0].kind == VAL_MISSING ? missing() : number(n);
}

static struct val change_case(const struct val *v, struct strbuf *out, char from, char to)
{
    struct strbuf own = STRBUF_INIT;
    struct slice s = text_of(v, &own);

    if (v->kind == VAL_MISSING)
        return missing();
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];

        strbuf_addc(out, c >= from && c <= from + 25 ? (char)(c - from + to) : c);
    }
    strbuf_release(&own);
    return made(out);
}

CALL(f_toupper)
{
    return change_case(&arg[0], out, 'a', 'A');
}

CALL(f_tolower)
{
    return change_case(&arg[0], out, 'A', 'a');
}

/* Byte offset of the n-th character, or the length. */
static size_t char_offset(struct slice s, double n)
{
    size_t i = 0;

    while (n >= 1 && i < s.len) {
        for (i++; i < s.len && !starts_char(s.ptr[i]);)
            i++;
        n--;
    }
    return i;
}

CALL(f_substr)
{
    struct strbuf own = STRBUF_INIT;
    struct slice s = text_of(&arg[0], &own);
    double from, n = 1e18;
    size_t at;

    if (arg[0].kind == VAL_MISSING || !val_number(arg[1], &from) ||
        (e->n > 2 && !val_number(arg[2], &n))) {
        strbuf_release(&own);
        return missing();
    }
    at = char_offset(s, MAX(from, 0));
    s = slice_of(s.ptr + at, s.len - at);
    strbuf_add(out, s.ptr, char_offset(s, MAX(n, 0)));
    strbuf_release(&own);
    return made(out);
}

CALL(f_replace)
{
    struct strbuf own[3] = {STRBUF_INIT, STRBUF_INIT, STRBUF_INIT};
    struct slice s = text_of(&arg[0], &own[0]), from = text_of(&arg[1], &own[1]);
    struct slice to = text_of(&arg[2], &own[2]);
    size_t i = 0;

    while (i < s.len && out->len < MAX_MADE) {
        const char *hit = from.len ? memmem(s.ptr + i, s.len - i, from.ptr, from.len) : NULL;
        size_t n = hit ? (size_t)(hit - s.ptr) - i : s.len - i;

        strbuf_add(out, s.ptr + i, n);
        i += n;
        if (hit) {
            strbuf_addsl(out, to);
            i += from.len;
        }
    }
    for (unsigned k = 0; k < 3; k++)
        strbuf_release(&own[k]);
    return arg[0].kind == VAL_MISSING ? missing() : made(out);
}

static bool find_part(struct slice s, struct slice part, bool fold)
{
    if (!fold)
        return part.len == 0 || (s.len >= part.len && memmem(s.ptr, s.len, part.ptr, part.len));
    for (size_t i = 0; i + part.len <= s.len; i++)
        if (slice_eq_nocase(slice_of(s.ptr + i, part.len), part))
            return true;
    return false;
}

enum place { PLACE_ANY, PLACE_START, PLACE_END };

static struct val part_test(const struct val *arg, enum place place, bool fold)
{
    struct strbuf own[2] = {STRBUF_INIT, STRBUF_INIT};
    struct slice s = text_of(&arg[0], &own[0]), part = text_of(&arg[1], &own[1]);
    bool yes = arg[0].kind != VAL_MISSING && arg[1].kind != VAL_MISSING && part.len <= s.len;

    if (yes && place == PLACE_ANY)
        yes = find_part(s, part, fold);
    else if (yes)
        yes = slice_eq(slice_of(place == PLACE_END ? s.ptr + s.len - part.len : s.ptr, part.len),
                       part);
    strbuf_release(&own[0]);
    strbuf_release(&own[1]);
    return flag(yes);
}

/* Nothing is masked in a local file. */
CALL(f_unmask)
{
    return arg[0];
}

CALL(f_strcontains)
{
    return part_test(arg, PLACE_ANY, e->n > 2 && val_truth(arg[2]));
}

CALL(f_startswith)
{
    return part_test(arg, PLACE_START, false);
}

CALL(f_endswith)
{
    return part_test(arg, PLACE_END, false);
}

/* --- times --- */

bool val_time(struct val v, int64_t *us)
{
    double n;

    if (v.kind == VAL_TIME) {
        *us = v.time_us;
        return true;
    }
    if (v.kind == VAL_STR && parse_iso8601(v.str, us))
        return true;
    if (!val_number(v, &n) || fabs(n) > 9e15)
        return false;
    *us = (int64_t)(fabs(n) >= 1e11 ? n * 1e3 : n * 1e6);
    return true;
}

static struct val moment(int64_t us)
{
    return (struct val){.kind = VAL_TIME, .time_us = us};
}

static int64_t floor_width(int64_t us, int64_t width)
{
    const int64_t week = INT64_C(604800000000), monday = INT64_C(345600000000); /* 1970-01-05 */
    int64_t base = width % week == 0 ? monday : 0, rest = (us - base) % width;

    return us - (rest < 0 ? rest + width : rest);
}

static int64_t floor_months(int64_t us, int64_t months, int add)
{
    struct civil c = us_to_civil(us);
    int64_t m = (int64_t)c.year * 12 + c.mon - 1;

    m -= ((m % months) + months) % months;
    m += add * months;
    return civil_to_us((int)(m / 12), (int)(m % 12) + 1, 1, 0, 0, 0, 0);
}

#define US_MIN (-INT64_C(62135596800000000)) /* years 1 to 9999 */
#define US_MAX INT64_C(253402300799999999)

static struct val round_time(const struct expr *e, struct val v, bool up)
{
    const struct expr *period = e->arg[1];
    int64_t us, low;

    if (!val_time(v, &us) || us < US_MIN || us > US_MAX)
        return missing();
    if (period->lo_us > 0) {
        low = floor_width(us, period->lo_us);
        return moment(up && low < us ? low + period->lo_us : low);
    }
    low = floor_months(us, period->hi_us, 0);
    return moment(up && low < us ? floor_months(us, period->hi_us, 1) : low);
}

CALL(f_datefloor)
{
    return round_time(e, arg[0], false);
}

CALL(f_dateceil)
{
    return round_time(e, arg[0], true);
}

CALL(f_frommillis)
{
    double ms;

    if (!val_number(arg[0], &ms) || fabs(ms) > 9e15)
        return missing();
    return moment((int64_t)llround(ms * 1e3));
}

CALL(f_tomillis)
{
    int64_t us;

    return val_time(arg[0], &us) ? number(floor((double)us / 1e3)) : missing();
}

CALL(f_now)
{
    return missing(); /* the parser puts the number in its place */
}

/* --- addresses --- */

static bool address(struct val v, struct ip *ip)
{
    return v.kind == VAL_STR && parse_ip(v.str, ip);
}

CALL(f_isvalidip)
{
    struct ip ip;

    return boolean(address(arg[0], &ip));
}

CALL(f_isvalidipv4)
{
    struct ip ip;

    return boolean(address(arg[0], &ip) && !ip.v6);
}

CALL(f_isvalidipv6)
{
    struct ip ip;

    return boolean(address(arg[0], &ip) && ip.v6);
}

static bool in_subnet(const struct val *arg, bool v4, bool v6)
{
    struct ip ip, net;
    unsigned bits;

    return address(arg[0], &ip) && arg[1].kind == VAL_STR && parse_cidr(arg[1].str, &net, &bits) &&
           ip.v6 == net.v6 && (ip.v6 ? v6 : v4) && ip_in(&ip, &net, bits);
}

CALL(f_isipinsubnet)
{
    return boolean(in_subnet(arg, true, true));
}

CALL(f_isipv4insubnet)
{
    return boolean(in_subnet(arg, true, false));
}

CALL(f_isipv6insubnet)
{
    return boolean(in_subnet(arg, false, true));
}

static bool in_any(const struct ip *ip, const char *const *nets, unsigned n)
{
    struct ip net;
    unsigned bits;

    for (unsigned i = 0; i < n; i++)
        if (parse_cidr(slice_str(nets[i]), &net, &bits) && net.v6 == ip->v6 &&
            ip_in(ip, &net, bits))
            return true;
    return false;
}

static bool is_private(const struct ip *ip)
{
    static const char *const nets[] = {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"};

    return in_any(ip, nets, ARRAY_LEN(nets));
}

static bool is_reserved(const struct ip *ip)
{
    static const char *const nets[] = {
        "0.0.0.0/8",      "100.64.0.0/10", "127.0.0.0/8",   "169.254.0.0/16",
        "192.0.0.0/24",   "192.0.2.0/24",  "198.18.0.0/15", "198.51.100.0/24",
        "203.0.113.0/24", "224.0.0.0/4",   "240.0.0.0/4",   "::/128",
        "::1/128",        "fe80::/10",     "ff00::/8",      "2001:db8::/32",
    };

    return in_any(ip, nets, ARRAY_LEN(nets));
}

CALL(f_isprivateip)
{
    struct ip ip;

    return boolean(address(arg[0], &ip) && is_private(&ip));
}

CALL(f_isreservedip)
{
    struct ip ip;

    return boolean(address(arg[0], &ip) && is_reserved(&ip));
}

CALL(f_ispublicip)
{
    struct ip ip;

    return boolean(address(arg[0], &ip) && !is_private(&ip) && !is_reserved(&ip));
}

/* --- the table --- */

#define MANY FUNC_MAX_ARGS

static const struct func basic[] = {
    {"abs", 1, 1, f_abs},
    {"ceil", 1, 1, f_ceil},
    {"floor", 1, 1, f_floor},
    {"sqrt", 1, 1, f_sqrt},
    {"log", 1, 1, f_log},
    {"greatest", 1, MANY, f_greatest},
    {"least", 1, MANY, f_least},
    {"round", 1, 2, f_round},
    {"toNumber", 1, 1, f_number},
    {"toDouble", 1, 1, f_number},
    {"toInt", 1, 1, f_integer},
    {"toLong", 1, 1, f_integer},
    {"ispresent", 1, 1, f_ispresent},
    {"coalesce", 1, MANY, f_coalesce},
    {"if", 3, 3, f_if},
    {"case", 2, MANY, f_case},
    {"haversine", 4, 4, f_haversine},
    {"isNumeric", 1, 1, f_isnumeric},
    {"isempty", 1, 1, f_isempty},
    {"isblank", 1, 1, f_isblank},
    {"concat", 1, MANY, f_concat},
    {"trim", 1, 2, f_trim},
    {"ltrim", 1, 2, f_ltrim},
    {"rtrim", 1, 2, f_rtrim},
    {"strlen", 1, 1, f_strlen},
    {"unmask", 1, 1, f_unmask},
    {"toupper", 1, 1, f_toupper},
    {"tolower", 1, 1, f_tolower},
    {"substr", 2, 3, f_substr},
    {"replace", 3, 3, f_replace},
    {"strcontains", 2, 3, f_strcontains},
    {"startsWith", 2, 2, f_startswith},
    {"endsWith", 2, 2, f_endswith},
    {"datefloor", 2, 2, f_datefloor},
    {"dateceil", 2, 2, f_dateceil},
    {"fromMillis", 1, 1, f_frommillis},
    {"toMillis", 1, 1, f_tomillis},
    {"now", 0, 0, f_now},
    {"isValidIp", 1, 1, f_isvalidip},
    {"isValidIpV4", 1, 1, f_isvalidipv4},
    {"isValidIpV6", 1, 1, f_isvalidipv6},
    {"isIpInSubnet", 2, 2, f_isipinsubnet},
    {"isIpv4InSubnet", 2, 2, f_isipv4insubnet},
    {"isIpv6InSubnet", 2, 2, f_isipv6insubnet},
    {"isPrivateIP", 1, 1, f_isprivateip},
    {"isPublicIP", 1, 1, f_ispublicip},
    {"isReservedIP", 1, 1, f_isreservedip},
};

const struct func_table funcs_basic = {basic, ARRAY_LEN(basic)};

static const struct func_table *const tables[] = {&funcs_basic, &funcs_codes, &funcs_json};

const struct func *func_find(struct slice name)
{
    for (unsigned t = 0; t < ARRAY_LEN(tables); t++)
        for (unsigned i = 0; i < tables[t]->n; i++)
            if (slice_eq_nocase(name, slice_str(tables[t]->func[i].name)))
                return &tables[t]->func[i];
    return NULL;
}

const struct func *func_at(unsigned i)
{
    for (unsigned t = 0; t < ARRAY_LEN(tables); t++) {
        if (i < tables[t]->n)
            return &tables[t]->func[i];
        i -= tables[t]->n;
    }
    return NULL;
}

void func_hint(struct slice name, char *hint, size_t len)
{
    struct nearest near = {.want = name};
    const struct func *f;

    for (unsigned i = 0; (f = func_at(i)); i++)
        nearest_offer(&near, slice_str(f->name));
    nearest_offer(&near, SL("bin"));
    nearest_hint(&near, hint, len);
}
