/* tok_space.c - tokenizers of blank and tab separated lines, and their composites.
 *
 * One look at the bytes makes bit masks of where separators and quotes stand (simd.h); the fields
 * lie between set bits. In a quoted line every odd quote begins a field and every even one ends it,
 * nearly always; the masks tell whether it is so, and a line in which it is not is read byte by
 * byte. */
#include "tok_space.h"

#include "json.h"
#include "simd.h"

/* Where field number `n` goes; the last extra is the one that takes the rest. */
static inline unsigned slot(const struct tok_map *map, unsigned n)
{
    return n < map->n ? map->field[n] : map->extra + MIN(n - map->n, MAX_EXTRA - 1U);
}

static inline bool takes_rest(const struct tok_map *map, unsigned n)
{
    return n == map->n + MAX_EXTRA - 1;
}

static struct tok_result result(const struct tok_map *map, unsigned n, bool open)
{
    unsigned surplus = n > map->n ? MIN(n - map->n, (unsigned)MAX_EXTRA) : 0;

    return (struct tok_result){n, map->extra + surplus, open};
}

static bool is_escaped(const char *start, const char *quote)
{
    const char *p = quote;

    while (p > start && p[-1] == '\\')
        p--;
    return (quote - p) % 2 != 0;
}

/* The quote that closes the field whose text starts at `p`; NULL if there is none. */
static inline const char *closing_quote(const char *p, const char *end)
{
    const char *start = p;

    for (;; p++) {
        p = find_byte(p, end, '"');
        if (p == end)
            return NULL;
        if ((p + 1 == end || p[1] == ' ') && (p == start || p[-1] != '\\' || !is_escaped(start, p)))
            return p;
    }
}

static struct tok_result tok_escaped(struct slice line, struct tok_map map, struct slice *val)
{
    const char *p = line.ptr, *end = line.ptr + line.len;
    unsigned n = 0;

    if (!line.len)
        return result(&map, 0, false);
    for (;; p++) {
        struct slice *out = &val[slot(&map, n)];
        const char *stop;

        if (unlikely(takes_rest(&map, n))) {
            *out = slice_of(p, (size_t)(end - p));
            return result(&map, n + 1, false);
        }
        if (p < end && *p == '"') {
            stop = closing_quote(p + 1, end);
            if (!stop) {
                *out = slice_of(p + 1, (size_t)(end - p - 1));
                return result(&map, n + 1, true);
            }
            *out = slice_of(p + 1, (size_t)(stop - p - 1));
            stop++;
        } else {
            stop = find_byte(p, end, ' ');
            *out = slice_of(p, (size_t)(stop - p));
        }
        n++;
        if (stop == end)
            return result(&map, n, false);
        p = stop;
        if (p + 1 == end) /* a blank at the end of the line starts no field */
            return result(&map, n, false);
    }
}

typedef uint64_t masks[3][SIMD_WORDS];
typedef uint16_t places[SIMD_WINDOW + 64];

static inline size_t words_of(size_t bytes)
{
    return (bytes + 63) / 64;
}

/* Bit i of the result: whether an odd number of bits up to i is set. */
static inline uint64_t prefix_xor(uint64_t x)
{
    x ^= x << 1;
    x ^= x << 2;
    x ^= x << 4;
    x ^= x << 8;
    x ^= x << 16;
    return x ^ x << 32;
}

/* Makes the mask of blanks, beside those of quotes and backslashes, into that of blanks between
 * fields. False if quotes stand elsewhere than around a field, or may be escaped. */
static bool blanks_between(masks m, size_t len)
{
    uint64_t inside = 0, after_blank = 1, after_quote = 0, odd = 0;

    for (size_t w = 0; w < words_of(len); w++) {
        uint64_t blank = m[0][w], quote = m[1][w], in = prefix_xor(quote) ^ inside;
        uint64_t line = ~UINT64_C(0) >> (w * 64 + 64 > len ? w * 64 + 64 - len : 0);
        uint64_t closing = quote & ~in;

        odd |= m[2][w] | (quote & in & ~(blank << 1 | after_blank)) |
               ((closing << 1 | after_quote) & ~blank & line);
        inside = 0 - (in >> 63);
        after_blank = blank >> 63;
        after_quote = closing >> 63;
        m[0][w] = blank & ~in;
    }
    return !odd && !inside;
}

/* The field [p, stop), quotes stripped; blanks_between() saw to it that there are two. */
static inline struct slice unquote(const char *p, const char *stop)
{
    size_t quoted = *p == '"';

    return slice_of(p + quoted, (size_t)(stop - p) - 2 * quoted);
}

struct tok_result tok_quoted(struct slice line, struct tok_map map, struct slice *val)
{
    const char *p = line.ptr, *end = line.ptr + line.len;
    unsigned n = 0, n_stop;
    places stop;
    masks m;

    if (line.len > SIMD_WINDOW)
        return tok_escaped(line, map, val);
    simd->match(p, line.len, " \"\\", m);
    if (!blanks_between(m, line.len))
        return tok_escaped(line, map, val);
    n_stop = simd->places(m[0], words_of(line.len), stop);
    for (; n < n_stop && !takes_rest(&map, n); n++) {
        val[slot(&map, n)] = unquote(p, line.ptr + stop[n]);
        p = line.ptr + stop[n] + 1;
    }
    if (p < end) { /* a blank at the end of the line starts no field */
        val[slot(&map, n)] = takes_rest(&map, n) ? slice_of(p, (size_t)(end - p)) : unquote(p, end);
        n++;
    }
    return result(&map, n, false);
}

struct tok_result tok_sep(struct slice line, char sep, struct tok_map map, struct slice *val)
{
    const char *p = line.ptr, *end = line.ptr + line.len;
    unsigned n = 0;
    places stop;
    masks m;

    for (size_t at = 0; at < line.len && !takes_rest(&map, n); at += SIMD_WINDOW) {
        size_t len = MIN(line.len - at, (size_t)SIMD_WINDOW);
        unsigned n_stop;

        simd->match(line.ptr + at, len, (const char[3]){sep, sep, sep}, m);
        n_stop = simd->places(m[0], words_of(len), stop);
        for (unsigned i = 0; i < n_stop && !takes_rest(&map, n); i++) {
            val[slot(&map, n++)] = slice_of(p, (size_t)(line.ptr + at + stop[i] - p));
            p = line.ptr + at + stop[i] + 1;
        }
    }
    if (p < end)
        val[slot(&map, n++)] = slice_of(p, (size_t)(end - p));
    return result(&map, n, false);
}

/* Makes the masks of blanks and tabs into one of the places where fields begin and end. */
static void edges_of(masks m, size_t len, bool *in_field)
{
    uint64_t before = *in_field;

    for (size_t w = 0; w < words_of(len); w++) {
        uint64_t word = ~(m[0][w] | m[1][w]);

        m[0][w] = word ^ (word << 1 | before);
        before = word >> 63;
    }
    *in_field = before;
}

struct tok_result tok_runs(struct slice line, struct tok_map map, struct slice *val)
{
    const char *end = line.ptr + line.len, *start = NULL; /* of the field that has begun */
    bool in_field = false;
    unsigned n = 0;
    places edge;
    masks m;

    for (size_t at = 0; at < line.len; at += SIMD_WINDOW) {
        size_t len = MIN(line.len - at, (size_t)SIMD_WINDOW);
        unsigned n_edge;

        simd->match(line.ptr + at, len, " \t\t", m);
        edges_of(m, len, &in_field);
        n_edge = simd->places(m[0], words_of(len), edge);
        for (unsigned i = 0; i < n_edge && !(start && takes_rest(&map, n)); i++) {
            const char *p = line.ptr + at + edge[i];

            if (start)
                val[slot(&map, n++)] = slice_of(start, (size_t)(p - start));
            start = start ? NULL : p;
        }
    }
    if (start && start < end)
        val[slot(&map, n++)] = slice_of(start, (size_t)(end - start));
    return result(&map, n, false);
}

bool is_digits(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)(s.ptr[i] - '0') > 9)
            return false;
    return s.len > 0;
}

bool is_status(struct slice s)
{
    return (s.len == 1 && s.ptr[0] == '-') || (s.len <= 3 && is_digits(s));
}

void split_addr_port(struct slice s, struct slice *addr, struct slice *port)
{
    size_t colon = s.len; /* behind it: ports are short, so it is soon found from the end */

    *addr = s;
    *port = (struct slice){NULL, 0};
    while (colon && s.ptr[colon - 1] != ':')
        colon--;
    if (colon && !slice_starts(s, "arn:")) {
        addr->len = colon - 1;
        *port = slice_of(s.ptr + colon, s.len - colon);
    }
}

bool is_addr_port(struct slice s)
{
    struct slice addr, port;

    split_addr_port(s, &addr, &port);
    return addr.len >= 2 && is_digits(port) && memchr(addr.ptr, '/', addr.len) == NULL &&
           (memchr(addr.ptr, '.', addr.len) || memchr(addr.ptr, ':', addr.len));
}

static bool is_version(struct slice s)
{
    return slice_starts(s, "HTTP/") || (s.len == 1 && s.ptr[0] == '-');
}

/* The first `a` or `b` in [p, end), or `end`. */
static inline const char *find_either(const char *p, const char *end, char a, char b)
{
#ifdef __SSE2__
    const __m128i x = _mm_set1_epi8(a), y = _mm_set1_epi8(b);

    for (; end - p >= 16; p += 16) {
        __m128i w = _mm_loadu_si128((const __m128i *)(const void *)p);
        unsigned hits =
            (unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(w, x), _mm_cmpeq_epi8(w, y)));

        if (hits)
            return p + __builtin_ctz(hits);
    }
#endif
    while (p < end && *p != a && *p != b)
        p++;
    return p;
}

/* "user@host:port", "[v6]:port": names and passwords are left out. */
static void split_authority(struct slice s, struct url_parts *u)
{
    const char *end = slice_end(s), *host = s.ptr, *colon = host;

    if (unlikely(find_either(host, end, '@', '[') < end)) {
        const char *at = memrchr(host, '@', s.len);

        host = at ? at + 1 : host;
        colon = host < end && *host == '[' ? find_byte(host, end, ']') : host;
    }
    colon = find_byte(colon, end, ':');
    u->host = slice_of(host, (size_t)(colon - host));
    if (colon < end)
        u->port = slice_of(colon + 1, (size_t)(end - colon - 1));
}

struct url_parts split_url(struct slice url)
{
    struct url_parts u = {0};
    const char *p = url.ptr, *end = slice_end(url), *colon = p, *mark;

    if (!url.len || (url.len == 1 && *p == '-'))
        return u;
    while (colon < end && (unsigned char)((*colon | 0x20) - 'a') < 26) /* a URL may hold another */
        colon++;
    if (end - colon >= 3 && memcmp(colon, "://", 3) == 0) {
        const char *host = colon + 3, *stop = find_either(host, end, '/', '?');

        u.scheme = slice_of(p, (size_t)(colon - p));
        split_authority(slice_of(host, (size_t)(stop - host)), &u);
        p = stop;
    }
    mark = p < end ? memchr(p, '?', (size_t)(end - p)) : NULL;
    mark = mark ? mark : end;
    if (mark > p)
        u.path = slice_of(p, (size_t)(mark - p));
    if (mark < end)
        u.query = slice_of(mark + 1, (size_t)(end - mark - 1));
    return u;
}

/* The last blank of a request without its method; nearly always that before HTTP/1.1. */
static inline const char *last_blank(struct slice s)
{
    const char *p = s.len > 9 ? s.ptr + s.len - 9 : NULL;

    if (p && memcmp(p, " HTTP/", 6) == 0 && p[6] != ' ' && p[7] != ' ' && p[8] != ' ')
        return p;
    return memrchr(s.ptr, ' ', s.len);
}

struct request_parts split_request(struct slice s)
{
    struct request_parts r;
    struct slice rest = s;
    const char *blank;

    memset(&r, 0, sizeof(r));
    if (!s.ptr)
        return r;
    while (rest.len && rest.ptr[rest.len - 1] == ' ')
        rest.len--;
    r.verb = slice_cut(&rest, ' ');
    if (!rest.ptr) {
        if (r.verb.len == 1 && r.verb.ptr[0] == '-')
            r.url = r.proto = r.verb;
        return r;
    }
    blank = last_blank(rest);
    r.url = rest;
    if (blank) {
        struct slice last = slice_of(blank + 1, rest.len - (size_t)(blank + 1 - rest.ptr));

        if (is_version(last)) {
            r.url.len = (size_t)(blank - rest.ptr);
            r.proto = last;
        }
    }
    r.part = split_url(r.url);
    return r;
}

/* --- detection --- */

#define PROBE_ENOUGH 6

bool probe_line(struct slice *head, struct slice *line)
{
    while (head->ptr) {
        *line = slice_cut(head, '\n');
        if (line->len && line->ptr[line->len - 1] == '\r')
            line->len--;
        if (line->len)
            return true;
    }
    return false;
}

bool starts_with_bracket(struct slice line)
{
    line = slice_trim(line);
    return line.len && (line.ptr[0] == '{' || line.ptr[0] == '[');
}

int score_lines(unsigned fit, unsigned seen, bool named)
{
    if (!seen)
        return named ? 60 : 0;
    if (!fit)
        return named ? 50 : 0;
    if (fit * 4 < seen && !named)
        return 0;
    return 60 + (int)(30 * fit / seen) + (named ? 10 : 0);
}

/* The line with the next one added, as long as its type asks for more. */
static enum parse_result probe_parse(struct logtype *lt, struct slice *head, struct slice line,
                                     struct record *rec)
{
    const struct layout *lay = NULL;
    enum parse_result got = lt->fmt->parse(lt, &lay, line, rec);

    while (got == PARSE_MORE && head->len) {
        struct slice more = slice_cut(head, '\n');

        line.len = (size_t)(slice_end(more) - line.ptr);
        got = lt->fmt->parse(lt, &lay, line, rec);
    }
    return got;
}

/* The best score that lines can still have of which these were seen. */
static int score_left(unsigned fit, unsigned seen, bool named)
{
    return score_lines(fit + PROBE_LINES - seen, PROBE_LINES, named);
}

int probe_records(const struct probe *p, const char *name, bool named)
{
    struct slice head = p->head, line;
    unsigned fit = 0, seen = 0;
    struct logtype *lt;
    struct record *rec;

    if (score_left(0, 0, named) <= p->beat)
        return 0;
    lt = logtype_by_name(slice_str(name));
    rec = record_new();
    /* lines of so many columns that all fit are enough: most files are small, and read twice so
     * far */
    while ((seen < PROBE_ENOUGH || fit < seen) && seen < PROBE_LINES &&
           score_left(fit, seen, named) > p->beat && probe_line(&head, &line)) {
        if (seen == 0 && starts_with_bracket(line))
            break;
        seen++;
        if (!is_json_object(line)) /* any type that can be JSON would take it */
            fit += probe_parse(lt, &head, line, rec) == PARSE_OK;
    }
    record_free(rec);
    if (!seen && head.ptr)
        return 0;
    return score_lines(fit, seen, named);
}

bool path_has(const struct probe *p, const char *part)
{
    return p->path.len && memmem(p->path.ptr, p->path.len, part, strlen(part)) != NULL;
}

bool path_is_elb(const struct probe *p, const char *kind)
{
    static const char mark[] = "_elasticloadbalancing_";
    struct slice s = p->path;
    const char *at = s.len ? memmem(s.ptr, s.len, mark, sizeof(mark) - 1) : NULL;

    if (!at || path_has(p, "conn_log") || path_has(p, "health_check_log"))
        return false;
    at += sizeof(mark) - 1;
    s = slice_of(at, s.len - (size_t)(at - s.ptr));
    slice_cut(&s, '_'); /* the region */
    if (*kind)
        return s.ptr && slice_starts(s, kind);
    return s.ptr && !slice_starts(s, "app.") && !slice_starts(s, "net.");
}
