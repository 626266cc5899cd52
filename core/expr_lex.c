/* expr_lex.c - the words of a query; see expr_lex.h for the idea. */
#include "expr_lex.h"

#include <math.h>

#define US_S INT64_C(1000000)
#define US_DAY (86400 * US_S)
#define MAX_NAME 128 /* of names with - : ( ) inside, which are tried at every length */

static bool is_alpha(char c)
{
    return is_letter(c) || c == '_' || (unsigned char)c >= 0x80;
}

static char at_char(struct slice q, size_t at)
{
    return at < q.len ? q.ptr[at] : 0;
}

bool lex_name_char(char c)
{
    return is_alpha(c) || is_digit(c);
}

size_t lex_blank(struct slice q, size_t at)
{
    while (at < q.len) {
        if (is_blank(q.ptr[at])) {
            at++;
        } else if (q.ptr[at] == '#' && (at == 0 || is_blank(q.ptr[at - 1]))) {
            while (at < q.len && q.ptr[at] != '\n')
                at++;
        } else {
            break;
        }
    }
    return at;
}

bool lex_edge(struct slice q, size_t at)
{
    return at >= q.len || is_blank(q.ptr[at]) || strchr(",)]|", q.ptr[at]);
}

size_t lex_name(struct slice q, size_t at)
{
    size_t i = at;

    while (at_char(q, i) == '@')
        i++;
    if (!is_alpha(at_char(q, i)))
        return 0;
    while (lex_name_char(at_char(q, i)) ||
           (at_char(q, i) == '.' && lex_name_char(at_char(q, i + 1))))
        i++;
    return i - at;
}

size_t lex_wide_name(struct slice q, size_t at)
{
    size_t i = at + lex_name(q, at);
    bool header = i - at == 2 && at_char(q, i) == '(';

    if (i == at)
        return 0;
    while (i < q.len && i - at < MAX_NAME) {
        char c = q.ptr[i];

        if (c == '(' && !header)
            break;
        if (!lex_name_char(c) && !strchr(header ? "-:()$." : "-:$.", c))
            break;
        i++;
        if (c == ')')
            break;
    }
    return i - at;
}

size_t lex_quoted_name(struct slice q, size_t at, struct slice *out)
{
    size_t i = at;

    while (at_char(q, i) == '@')
        i++;
    if (at_char(q, i) != '`')
        return 0;
    for (size_t k = i + 1; k < q.len; k++) {
        if (q.ptr[k] == '`') {
            *out = slice_of(q.ptr + i + 1, k - i - 1);
            return k + 1 - at;
        }
    }
    return 0;
}

size_t lex_word(struct slice q, size_t at, const char *word)
{
    size_t n = strlen(word);

    if (at > q.len || q.len - at < n ||
        !slice_eq_nocase(slice_of(q.ptr + at, n), slice_of(word, n)))
        return 0;
    return lex_name_char(at_char(q, at + n)) || at_char(q, at + n) == '.' ? 0 : n;
}

size_t lex_string(struct slice q, size_t at, struct strbuf *out)
{
    char quote = at_char(q, at);

    strbuf_reset(out);
    for (size_t i = at + 1; i < q.len; i++) {
        char c = q.ptr[i];

        if (c == quote)
            return i + 1 - at;
        if (c == '\\' && i + 1 < q.len && strchr("\"'\\", q.ptr[i + 1]) && q.ptr[i + 1])
            c = q.ptr[++i];
        strbuf_addc(out, c);
    }
    return 0;
}

size_t lex_regex(struct slice q, size_t at, struct slice *pattern, bool *icase)
{
    for (size_t i = at + 1; i < q.len; i++) {
        size_t end = i + 1;

        if (q.ptr[i] == '\\') {
            i++;
            continue;
        }
        if (q.ptr[i] != '/')
            continue;
        *icase = at_char(q, end) == 'i';
        end += *icase;
        if (i > at + 1 && lex_edge(q, end)) {
            *pattern = slice_of(q.ptr + at + 1, i - at - 1);
            return end - at;
        }
    }
    return 0;
}

size_t lex_bare(struct slice q, size_t at)
{
    size_t i = at;

    while (!lex_edge(q, i))
        i++;
    return i - at;
}

size_t lex_compare(struct slice q, size_t at, enum expr_op *op)
{
    static const struct {
        const char *text;
        enum expr_op op;
    } table[] = {
        {"==", OP_EQ}, {"!=", OP_NE}, {"<>", OP_NE}, {"<=", OP_LE},
        {">=", OP_GE}, {"=", OP_EQ},  {"<", OP_LT},  {">", OP_GT},
    };
    struct slice rest = slice_of(q.ptr + MIN(at, q.len), q.len - MIN(at, q.len));

    if (slice_starts(rest, "=~"))
        return 0;
    for (unsigned i = 0; i < ARRAY_LEN(table); i++) {
        if (slice_starts(rest, table[i].text)) {
            *op = table[i].op;
            return strlen(table[i].text);
        }
    }
    return 0;
}

/* --- numbers with units --- */

static size_t scan_number(struct slice q, size_t at)
{
    size_t i = at, e;

    while (is_digit(at_char(q, i)))
        i++;
    if (i == at)
        return 0;
    if (at_char(q, i) == '.' && is_digit(at_char(q, i + 1)))
        for (i++; is_digit(at_char(q, i));)
            i++;
    e = i;
    if (at_char(q, e) == 'e' || at_char(q, e) == 'E') {
        e++;
        if (at_char(q, e) == '-' || at_char(q, e) == '+')
            e++;
        if (is_digit(at_char(q, e))) {
            while (is_digit(at_char(q, e)))
                e++;
            if (!is_alpha(at_char(q, e)))
                i = e;
        }
    }
    return i - at;
}

static struct slice letters_at(struct slice q, size_t at)
{
    size_t i = at;

    while (is_alpha(at_char(q, i)))
        i++;
    return is_digit(at_char(q, i)) ? slice_of(NULL, 0) : slice_of(q.ptr + at, i - at);
}

struct unit_word {
    const char *words; /* blank separated */
    int64_t us, months;
};

static const struct unit_word periods[] = {
    {"ms msec msecs millisecond milliseconds", 1000, 0},
    {"s sec secs second seconds", US_S, 0},
    {"m min mins minute minutes", 60 * US_S, 0},
    {"h hr hrs hour hours", 3600 * US_S, 0},
    {"d day days", US_DAY, 0},
    {"w week weeks", 7 * US_DAY, 0},
    {"mo mon month months", 0, 1},
    {"q qtr quarter quarters", 0, 3},
    {"y yr year years", 0, 12},
};

static bool among(struct slice word, const char *words)
{
    struct slice left = slice_str(words);

    while (left.ptr)
        if (slice_eq(slice_cut(&left, ' '), word))
            return true;
    return false;
}

static const struct unit_word *period_unit(struct slice word)
{
    for (unsigned i = 0; word.len && i < ARRAY_LEN(periods); i++)
        if (among(word, periods[i].words))
            return &periods[i];
    return NULL;
}

static double size_unit(struct slice word)
{
    static const struct {
        const char *word;
        double bytes;
    } sizes[] = {
        {"B", 1},           {"KB", 1e3},           {"MB", 1e6},
        {"GB", 1e9},        {"TB", 1e12},          {"KiB", 1024.0},
        {"MiB", 1048576.0}, {"GiB", 1073741824.0}, {"TiB", 1099511627776.0},
    };

    for (unsigned i = 0; i < ARRAY_LEN(sizes); i++)
        if (slice_eq_nocase(word, slice_str(sizes[i].word)))
            return sizes[i].bytes;
    return 0;
}

size_t lex_period(struct slice q, size_t at, int64_t *us, int64_t *months)
{
    size_t n = scan_number(q, at);
    struct slice word = letters_at(q, at + n);
    const struct unit_word *u = n ? period_unit(word) : NULL;
    double count;

    if (!u || !parse_double(slice_of(q.ptr + at, n), &count) || count > 1e6 || count <= 0)
        return 0;
    *us = (int64_t)llround(count * (double)u->us);
    *months = (int64_t)llround(count * (double)u->months);
    return *us > 0 || *months > 0 ? n + word.len : 0;
}

static size_t literal_number(struct slice q, size_t at, struct expr *node)
{
    size_t n = scan_number(q, at);
    struct slice word = n ? letters_at(q, at + n) : slice_of(NULL, 0);
    const struct unit_word *u;

    if (!n || !word.ptr || !parse_double(slice_of(q.ptr + at, n), &node->num))
        return 0;
    node->kind = EX_NUM;
    node->lit = LIT_PLAIN;
    if (word.len == 0)
        return n;
    u = period_unit(word);
    if (u && u->us) {
        node->lit = LIT_DURATION;
        node->num *= (double)u->us / 1e6;
        return n + word.len;
    }
    if (size_unit(word) > 0) {
        node->lit = LIT_SIZE;
        node->num *= size_unit(word);
        return n + word.len;
    }
    return 0;
}

/* --- classes, addresses --- */

/* 5xx, 50x */
static size_t literal_class(struct slice q, size_t at, struct expr *node)
{
    char a = at_char(q, at), b = at_char(q, at + 1), c = at_char(q, at + 2);
    bool b_x = b == 'x' || b == 'X';

    if (!is_digit(a) || !(is_digit(b) || b_x) || !(c == 'x' || c == 'X') || !lex_edge(q, at + 3))
        return 0;
    node->kind = EX_SPAN;
    node->lo = (a - '0') * 100 + (b_x ? 0 : (b - '0') * 10);
    node->hi = node->lo + (b_x ? 99 : 9);
    return 3;
}

static size_t address_run(struct slice q, size_t at)
{
    size_t i = at;

    while (i < q.len && strchr("0123456789abcdefABCDEF:.", q.ptr[i]) && q.ptr[i] &&
           !(q.ptr[i] == '.' && at_char(q, i + 1) == '.'))
        i++;
    return i - at;
}

static size_t literal_address(struct slice q, size_t at, struct expr *node)
{
    size_t n = address_run(q, at), bits = 0;
    struct ip ip;

    if (n < 2 || !parse_ip(slice_of(q.ptr + at, n), &ip) || lex_name_char(at_char(q, at + n)))
        return 0;
    if (at_char(q, at + n) == '/') {
        for (bits = 1; is_digit(at_char(q, at + n + bits));)
            bits++;
        if (bits > 1 && parse_cidr(slice_of(q.ptr + at, n + bits), &node->net, &node->bits)) {
            node->kind = EX_CIDR;
            return n + bits;
        }
        return 0;
    }
    node->kind = ip.v6 ? EX_CIDR : EX_STR;
    node->lit = LIT_ADDRESS;
    node->net = ip;
    node->bits = 128;
    return n;
}

/* --- times --- */

static bool digits_at(struct slice q, size_t at, unsigned n, int *out)
{
    *out = 0;
    for (unsigned i = 0; i < n; i++) {
        if (!is_digit(at_char(q, at + i)))
            return false;
        *out = *out * 10 + (q.ptr[at + i] - '0');
    }
    return true;
}

static size_t clock_fraction(struct slice q, size_t at, int64_t *us, int64_t *unit)
{
    size_t i = at + 1;

    if (at_char(q, at) != '.' || !is_digit(at_char(q, i)))
        return 0;
    *unit = US_S;
    for (; is_digit(at_char(q, i)); i++) {
        *unit = *unit > 1 ? *unit / 10 : 0;
        *us += *unit * (q.ptr[i] - '0');
    }
    *unit = MAX(*unit, 1);
    return i - at;
}

size_t lex_clock(struct slice q, size_t at, int64_t *us, int64_t *last)
{
    size_t i = at;
    int64_t unit = 60 * US_S;
    int h, m, s = 0;

    i += is_digit(at_char(q, at + 1)) ? 2 : 1;
    if (!digits_at(q, at, (unsigned)(i - at), &h) || h > 23 || at_char(q, i) != ':' ||
        !digits_at(q, i + 1, 2, &m) || m > 59)
        return 0;
    i += 3;
    *us = (h * 3600 + m * 60) * US_S;
    if (at_char(q, i) == ':' && digits_at(q, i + 1, 2, &s) && s < 60) {
        i += 3;
        unit = US_S;
        *us += s * US_S;
        i += clock_fraction(q, i, us, &unit);
    }
    *last = *us + unit - 1;
    return i - at;
}

/* Z, +hh:mm, +hhmm: seconds east. Nothing: the zone of the environment. */
static size_t lex_zone(struct slice q, size_t at, const struct query_env *env, int *offset)
{
    char c = at_char(q, at);
    size_t i = at + 3;
    int h, m = 0;

    *offset = env->tz_offset_s;
    if (c == 'Z' || c == 'z') {
        *offset = 0;
        return 1;
    }
    if ((c != '+' && c != '-') || !digits_at(q, at + 1, 2, &h))
        return 0;
    i += at_char(q, i) == ':';
    if (!digits_at(q, i, 2, &m))
        return 0;
    *offset = (c == '-' ? -1 : 1) * (h * 3600 + m * 60);
    return i + 2 - at;
}

size_t lex_moment(struct slice q, size_t at, const struct query_env *env, int64_t *us,
                  int64_t *last)
{
    int64_t day, clock = 0, clock_last = US_DAY - 1;
    int offset = env->tz_offset_s;
    size_t n = 10, k = 0;
    char t = at_char(q, at + 10);

    if (at + 10 > q.len || !parse_date(slice_of(q.ptr + at, 10), &day))
        return 0;
    if (t == 'T' || t == 't' || t == ' ')
        k = lex_clock(q, at + 11, &clock, &clock_last);
    if (k) {
        n += 1 + k;
        n += lex_zone(q, at + n, env, &offset);
    }
    *us = day + clock - offset * US_S;
    *last = day + clock_last - offset * US_S;
    return n;
}

/* The newest moment with this time of day that is not after the newest record in view. */
static int64_t newest_clock(int64_t clock, const struct query_env *env)
{
    int64_t newest = env->last_us && env->last_us != TIME_NONE ? env->last_us : env->now_us;
    int64_t zone = env->tz_offset_s * US_S;
    int64_t local = newest + zone;
    int64_t day = local - ((local % US_DAY) + US_DAY) % US_DAY;
    int64_t t = day + clock;

    return (t > local ? t - US_DAY : t) - zone;
}

static size_t literal_time(struct slice q, size_t at, const struct query_env *env,
                           struct expr *node)
{
    int64_t us, last;
    size_t n = 0;

    if (at_char(q, at + 10) != ' ')
        n = lex_moment(q, at, env, &us, &last);
    else if (lex_moment(slice_of(q.ptr, at + 10), at, env, &us, &last))
        n = 10;
    node->lit = LIT_DATE;
    if (!n && is_digit(at_char(q, at))) {
        n = lex_clock(q, at, &us, &last);
        if (!n)
            return 0;
        node->lit = LIT_CLOCK;
        last -= us;
        us = newest_clock(us, env);
        last += us;
    }
    if (!n || lex_name_char(at_char(q, at + n)) || at_char(q, at + n) == ':')
        return 0;
    node->kind = EX_TIME;
    node->time_us = us;
    node->lo_us = us;
    node->hi_us = last;
    return n;
}

size_t lex_literal(struct slice q, size_t at, const struct query_env *env, struct expr *node)
{
    size_t n = 0;

    *node = (struct expr){.kind = EX_STR};
    if (is_digit(at_char(q, at)) && is_digit(at_char(q, at + 1)))
        n = literal_time(q, at, env, node);
    else if (is_digit(at_char(q, at)) && at_char(q, at + 1) == ':')
        n = literal_time(q, at, env, node);
    if (!n) {
        *node = (struct expr){.kind = EX_STR};
        n = literal_address(q, at, node);
    }
    if (!n) {
        *node = (struct expr){.kind = EX_STR};
        n = literal_class(q, at, node);
    }
    if (!n)
        n = literal_number(q, at, node);
    node->text = slice_of(q.ptr + at, n);
    return n;
}
