/* redact.c - one pass over the text; at each place where a word can begin the kinds are tried. */
#include "redact.h"

#include "dict.h"
#include "xalloc.h"

struct redactor {
    uint64_t key;
    uint8_t octet[4][256]; /* a permutation each that keeps the number of digits */
    char hex[32][16];      /* a permutation of the digits for each place of an IPv6 address */
};

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static void shuffle(uint8_t *v, unsigned n, uint64_t *state)
{
    for (unsigned i = n; i > 1; i--) {
        unsigned k = (unsigned)(next_random(state) % i);
        uint8_t swap = v[i - 1];

        v[i - 1] = v[k];
        v[k] = swap;
    }
}

struct redactor *redactor_new(uint64_t key)
{
    struct redactor *r = xcalloc(1, sizeof(*r));
    uint64_t state = key;

    r->key = key;
    for (unsigned o = 0; o < 4; o++) {
        for (unsigned i = 0; i < 256; i++)
            r->octet[o][i] = (uint8_t)i;
        shuffle(r->octet[o], 10, &state);
        shuffle(r->octet[o] + 10, 90, &state);
        shuffle(r->octet[o] + 100, 156, &state);
    }
    for (unsigned i = 0; i < 32; i++) {
        memcpy(r->hex[i], "0123456789abcdef", 16);
        shuffle((uint8_t *)r->hex[i] + 1, 15, &state); /* zeros stay: :: stays short */
    }
    return r;
}

void redactor_free(struct redactor *r)
{
    free(r);
}

static bool is_word(char c)
{
    return is_digit(c) || is_letter(c) || c == '_';
}

/* Letters and digits of the same kinds and number, made from the whole of the text. */
static void replace_word(const struct redactor *r, struct slice s, struct strbuf *out)
{
    uint64_t state = dict_hash(s) ^ r->key;

    for (size_t i = 0; i < s.len; i++) {
        unsigned x = (unsigned)(next_random(&state) >> 32);
        char c = s.ptr[i];

        strbuf_addc(out, is_digit(c)               ? (char)('0' + x % 10)
                         : c >= 'a' && c <= 'z'    ? (char)('a' + x % 26)
                         : c >= 'A' && c <= 'Z'    ? (char)('A' + x % 26)
                         : (unsigned char)c < 0x80 ? c
                                                   : '?');
    }
}

/* Each of these appends the replacement of what stands at the start of `s` and returns how many
 * bytes it took, or 0 if it is not of the kind. */
typedef size_t kind_fn(const struct redactor *r, struct slice s, struct strbuf *out);

/* 192.0.2.1, and 192-0-2-1 as in the host names of instances */
static size_t address_v4(const struct redactor *r, struct slice s, struct strbuf *out)
{
    unsigned octet[4] = {0};
    size_t i = 0;
    char sep = 0;

    for (unsigned o = 0; o < 4; o++) {
        size_t from = i;

        for (; i < s.len && i - from < 3 && is_digit(s.ptr[i]); i++)
            octet[o] = octet[o] * 10 + (unsigned)(s.ptr[i] - '0');
        if (i == from || octet[o] > 255 || (s.ptr[from] == '0' && i > from + 1))
            return 0;
        if (o == 3)
            break;
        if (i == s.len || (s.ptr[i] != '.' && s.ptr[i] != '-') || (sep && s.ptr[i] != sep))
            return 0;
        sep = s.ptr[i++];
    }
    if (i < s.len &&
        (is_word(s.ptr[i]) || (s.ptr[i] == '.' && i + 1 < s.len && is_digit(s.ptr[i + 1]))))
        return 0;
    for (unsigned o = 0; o < 4; o++) {
        if (o)
            strbuf_addc(out, sep);
        strbuf_addf(out, "%u", r->octet[o][octet[o]]);
    }
    return i;
}

static int hex_digit(char c)
{
    return is_digit(c)                              ? c - '0'
           : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
                                                    : -1;
}

/* Groups of hex digits and colons, with at least two colons and a group of some length: not
 * 12:30:05. */
static size_t address_v6(const struct redactor *r, struct slice s, struct strbuf *out)
{
    unsigned colons = 0, group = 0, longest = 0, place = 0;
    bool twice = false;
    size_t n = 0;

    for (; n < s.len && (s.ptr[n] == ':' || hex_digit(s.ptr[n]) >= 0); n++) {
        bool colon = s.ptr[n] == ':';

        twice |= colon && n && s.ptr[n - 1] == ':';
        colons += colon;
        group = colon ? 0 : group + 1;
        longest = MAX(longest, group);
    }
    if (colons < 2 || colons > 7 || longest > 4 || (!twice && colons != 7) || n < 3 ||
        (n < s.len && is_word(s.ptr[n])))
        return 0;
    for (size_t i = 0; i < n; i++) {
        int d = hex_digit(s.ptr[i]);

        strbuf_addc(out, d < 0 ? ':' : r->hex[place++ % 32][d]);
    }
    return n;
}

static size_t count_run(struct slice s, bool (*is)(char))
{
    size_t n = 0;

    while (n < s.len && is(s.ptr[n]))
        n++;
    return n;
}

static size_t account(const struct redactor *r, struct slice s, struct strbuf *out)
{
    size_t n = count_run(s, is_digit);

    if (n != 12 || (n < s.len && is_word(s.ptr[n])))
        return 0;
    replace_word(r, slice_of(s.ptr, n), out);
    return n;
}

static bool is_hex(char c)
{
    return hex_digit(c) >= 0;
}

/* 64 hexadecimal digits: an account as S3 knows it */
static size_t canonical_id(const struct redactor *r, struct slice s, struct strbuf *out)
{
    size_t n = count_run(s, is_hex);
    uint64_t state = dict_hash(slice_of(s.ptr, n)) ^ r->key;

    if (n != 64 || (n < s.len && is_word(s.ptr[n])))
        return 0;
    for (size_t i = 0; i < n; i++)
        strbuf_addc(out, "0123456789abcdef"[next_random(&state) >> 60]);
    return n;
}

static bool is_capital(char c)
{
    return is_digit(c) || (c >= 'A' && c <= 'Z');
}

/* AKIA..., ASIA... and the other ids of IAM: four letters that tell the kind, 16 and more others */
static size_t iam_id(const struct redactor *r, struct slice s, struct strbuf *out)
{
    size_t n = count_run(s, is_capital);

    if (n < 16 || n > 128 || s.ptr[0] != 'A' || (n < s.len && is_word(s.ptr[n])) ||
        !(slice_starts(s, "AKIA") || slice_starts(s, "ASIA") || slice_starts(s, "AROA") ||
          slice_starts(s, "AIDA") || slice_starts(s, "AGPA") || slice_starts(s, "ANPA")))
        return 0;
    strbuf_add(out, s.ptr, 4);
    replace_word(r, slice_of(s.ptr + 4, n - 4), out);
    return n;
}

static bool in_arn(char c)
{
    return is_word(c) || (c && strchr(":/.-+=@*$~%#", c));
}

/* arn:PARTITION:SERVICE:REGION:ACCOUNT:TYPE/NAME...: the names behind the type */
static size_t arn(const struct redactor *r, struct slice s, struct strbuf *out)
{
    size_t n, at = 0, from;
    unsigned colons = 0;
    bool typed;

    if (!slice_starts(s, "arn:"))
        return 0;
    n = count_run(s, in_arn);
    for (; at < n && colons < 4; at++)
        colons += s.ptr[at] == ':';
    if (colons < 4)
        return 0;
    strbuf_add(out, s.ptr, at);
    at += account(r, slice_of(s.ptr + at, n - at), out);
    typed = at > 0 && s.ptr[at - 1] != ':'; /* S3 has neither account nor type */
    for (from = at; at <= n; at++) {
        struct slice part = slice_of(s.ptr + from, at - from);

        if (at < n && s.ptr[at] != '/' && s.ptr[at] != ':')
            continue;
        if (typed && part.len && at < n) {
            strbuf_addsl(out, part);
            typed = false;
        } else if (!account(r, part, out)) {
            replace_word(r, part, out);
        }
        if (at < n)
            strbuf_addc(out, s.ptr[at]);
        from = at + 1;
    }
    return n;
}

static bool in_value(char c)
{
    return is_word(c) || (c && strchr("%-.~+/=", c));
}

/* What makes a signed URL worth something. */
static size_t signature(const struct redactor *r, struct slice s, struct strbuf *out)
{
    static const char *const names[] = {
        "X-Amz-Signature=", "X-Amz-Security-Token=", "Signature=", "Key-Pair-Id=", "Policy="};

    for (unsigned i = 0; i < ARRAY_LEN(names); i++) {
        size_t name = strlen(names[i]), n;

        if (!slice_starts(s, names[i]))
            continue;
        n = count_run(slice_of(s.ptr + name, s.len - name), in_value);
        strbuf_add(out, s.ptr, name);
        replace_word(r, slice_of(s.ptr + name, n), out);
        return name + n;
    }
    return 0;
}

static bool between(char c)
{
    return c && strchr("\\\" :=", c);
}

static const char *const key_names[] = {"apiKey", "api_key", "identity_apiKey", "identity_api_key",
                                        "x-api-key"};

bool redact_names_secret(struct slice field)
{
    const char *dot = field.len ? memrchr(field.ptr, '.', field.len) : NULL;
    bool is = false;

    if (dot)
        field = slice_of(dot + 1, (size_t)(slice_end(field) - dot - 1));
    for (unsigned i = 0; i < ARRAY_LEN(key_names); i++)
        is |= slice_eq_nocase(field, slice_str(key_names[i]));
    return is;
}

void redact_secret(const struct redactor *r, struct slice value, struct strbuf *out)
{
    replace_word(r, value, out);
}

/* The value of an API key behind its name, as access and execution logs of API Gateway have it. */
static size_t api_key(const struct redactor *r, struct slice s, struct strbuf *out)
{
    for (unsigned i = 0; i < ARRAY_LEN(key_names); i++) {
        size_t at = strlen(key_names[i]), gap, n;

        if (s.len < at || !slice_eq_nocase(slice_of(s.ptr, at), slice_str(key_names[i])))
            continue;
        gap = count_run(slice_of(s.ptr + at, s.len - at), between);
        n = count_run(slice_of(s.ptr + at + gap, s.len - at - gap), in_value);
        if (!gap || !memchr(s.ptr + at, s.ptr[at] == '=' ? '=' : ':', gap) || n < 8)
            continue;
        strbuf_add(out, s.ptr, at + gap);
        replace_word(r, slice_of(s.ptr + at + gap, n), out);
        return at + gap + n;
    }
    return 0;
}

static size_t replace_at(const struct redactor *r, struct slice s, struct strbuf *out)
{
    static kind_fn *const kinds[] = {address_v4, account,   canonical_id, iam_id,
                                     arn,        signature, address_v6,   api_key};
    size_t n = 0;

    for (unsigned i = 0; i < ARRAY_LEN(kinds) && !n; i++)
        n = kinds[i](r, s, out);
    return n;
}

void redact(const struct redactor *r, struct slice text, struct strbuf *out)
{
    size_t from = 0, i = 0;

    while (i < text.len) {
        bool begins = i == 0 || !is_word(text.ptr[i - 1]);
        char c = text.ptr[i];

        /* nothing begins with other bytes, and most bytes are within words */
        if (begins && (is_digit(c) || is_letter(c) || c == ':')) {
            struct strbuf new = STRBUF_INIT;
            size_t n = replace_at(r, slice_of(text.ptr + i, text.len - i), &new);

            if (n) {
                strbuf_add(out, text.ptr + from, i - from);
                strbuf_addsl(out, strbuf_slice(&new));
                i += n;
                from = i;
            }
            strbuf_release(&new);
            if (n)
                continue;
        }
        i++;
    }
    strbuf_add(out, text.ptr + from, text.len - from);
}
