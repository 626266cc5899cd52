/* cloudfront_rt.c - CloudFront real-time log: TAB separated, the fields that its owner chose,
 * always in the order of the documentation, and no header. How many values a line has and what they
 * look like tells which fields they are: the line is aligned with the table so that the values fit
 * best (an address, a status, a method, an edge code, a result ...) and few stretches of fields are
 * left out. What a client sends can look like anything, so nothing is impossible, only unlikely. */
#include "formats/table.h"
#include "tok_space.h"
#include "value.h"

enum {
    F_TIME,
    F_C_IP,
    F_S_IP,
    F_FIRST_BYTE,
    F_STATUS,
    F_SC_BYTES,
    F_METHOD,
    F_PROTOCOL,
    F_CS_HOST,
    F_STEM,
    F_CS_BYTES,
    F_EDGE,
    F_REQUEST_ID,
    F_HOST,
    F_TAKEN,
    F_VERSION,
    F_FAMILY,
    F_AGENT,
    F_REFERER,
    F_COOKIE,
    F_QUERY,
    F_RESPONSE,
    F_FORWARDED,
    F_TLS,
    F_CIPHER,
    F_RESULT,
    F_FLE_FIELDS,
    F_FLE,
    F_TYPE,
    F_LENGTH,
    F_RANGE_START,
    F_RANGE_END,
    F_C_PORT,
    F_DETAIL,
    F_COUNTRY,
    F_ENCODING,
    F_ACCEPT,
    F_BEHAVIOR,
    F_HEADERS,
    F_HEADER_NAMES,
    F_HEADER_COUNT,
    F_PRIMARY_ID,
    F_PRIMARY_NAME,
    F_ORIGIN_FBL,
    F_ORIGIN_LBL,
    F_ASN,
    F_CMCD, /* eighteen of them */
    F_ORIGIN = F_CMCD + 18,
    F_FAILOVER,
    F_QUALITY,
    F_TENANT,
    F_CONNECTION,
    F_REQUEST_DATA,
    F_RESPONSE_DATA,
    N_ORDERED,
    F_PATH = N_ORDERED,
    F_PATH_QUERY,
    F_TEMPLATE,
    F_DECODED,
    F_QUERY_DECODED,
    F_AGENT_DECODED,
    F_IATA,
    F_CITY,
    F_EDGE_COUNTRY,
    N_FIELDS
};

static const struct field_def fields[N_FIELDS] = {
#include "formats/cloudfront_fields.def"
    [F_TIME] = FIELD_TIME("timestamp", NULL, FF_NOCOL,
                          "when the edge finished the answer, seconds since 1970"),
    [F_S_IP] = FIELD_IP("s-ip", "s_ip", FR_SERVER_IP, "address of the edge server"),
    [F_CS_HOST] = FIELD_TEXT("cs-host", "cs_host", 0, FR_HOST,
                             "Host header of the viewer: the alias where one is used"),
    [F_HOST] =
        FIELD_TEXT("x-host-header", "x_host_header", 0, FR_NONE, "domain name of the distribution"),
    [F_STEM] = FIELD_TEXT("cs-uri-stem", "cs_uri_stem", FF_NOCOL | FF_URLENC, FR_NONE,
                          "the whole URI: in this log with its query string"),
    [F_FAMILY] = FIELD_TEXT("c-ip-version", "c_ip_version", 0, FR_NONE, "IPv4 or IPv6"),
    [F_AGENT] = FIELD_TEXT("cs-user-agent", "cs_user_agent", FF_URLENC | FF_URLENC2, FR_USER_AGENT,
                           "User-Agent header"),
    [F_REFERER] = FIELD_TEXT("cs-referer", "cs_referer", FF_URLENC, FR_NONE, "Referer header"),
    [F_COOKIE] = FIELD_TEXT("cs-cookie", "cs_cookie", FF_NOCOL | FF_URLENC, FR_NONE,
                            "Cookie header, cut at 800 bytes"),
    [F_QUERY] = FIELD_TEXT("cs-uri-query", "cs_uri_query", FF_NOCOL | FF_URLENC, FR_NONE,
                           "query string of the URL"),
    [F_ENCODING] = FIELD_TEXT("cs-accept-encoding", "cs_accept_encoding", FF_URLENC, FR_NONE,
                              "Accept-Encoding header: encodings that the viewer takes"),
    [F_ACCEPT] = FIELD_TEXT("cs-accept", "cs_accept", FF_URLENC, FR_NONE,
                            "Accept header: content types that the viewer takes"),
    [F_HEADERS] = FIELD_TEXT("cs-headers", "cs_headers", FF_NOCOL | FF_URLENC, FR_NONE,
                             "names and values of the request's headers, cut at 800 bytes"),
    [F_HEADER_NAMES] = FIELD_TEXT("cs-header-names", "cs_header_names", FF_NOCOL | FF_URLENC,
                                  FR_NONE, "names of the request's headers, cut at 800 bytes"),
    [F_HEADER_COUNT] =
        FIELD_COUNT("cs-headers-count", "cs_headers_count", "number of the request's headers"),
    [F_PATH] = FIELD_TEXT("uri_path", NULL, FF_DERIVED | FF_URLENC, FR_PATH,
                          "path of the request: cs-uri-stem up to its question mark"),
    [F_PATH_QUERY] = FIELD_TEXT("uri_query", NULL, FF_DERIVED | FF_NOCOL | FF_URLENC, FR_QUERY,
                                "query string of the request: cs-uri-stem from there on"),
    [F_TEMPLATE] = DERIVED_FIELD("path_template", NULL, derive_path_template, F_PATH,
                                 "path of the request with its ids folded"),
    [F_DECODED] = DERIVED_FIELD("path_decoded", NULL, derive_decoded, F_PATH,
                                "path of the request without percent-encoding"),
    [F_QUERY_DECODED] = DERIVED_FIELD("query_decoded", NULL, derive_decoded, F_PATH_QUERY,
                                      "query string without percent-encoding"),
    [F_AGENT_DECODED] = DERIVED_FIELD("user_agent_decoded", NULL, derive_decoded_twice, F_AGENT,
                                      "User-Agent header without percent-encoding"),
};

/* --- shapes: what values look like, and which fields look like that --- */

enum shape {
    TEXT, /* any */
    DASH,
    EPOCH,
    ADDRESS,
    ADDRESSES,
    SECONDS,
    STATUS,
    NUMBER,
    PORT,
    METHOD,
    SCHEME,
    HOST,
    DOMAIN, /* of a distribution */
    URI,
    EDGE,
    LONG_ID,
    HTTP,
    FAMILY,
    AGENT,
    URL,
    PAIRS, /* a=b */
    RESULT,
    TLS,
    CIPHER,
    MEDIA_TYPE,
    COUNTRY,
    ENCODING,
    PATTERN,
    HEADERS,
    HEADER_NAMES,
    DISTRIBUTION,
    N_SHAPES
};

/* How much it tells that a value has a shape: the rarer by chance, the more. */
static const int8_t telling[N_SHAPES] = {
    [TEXT] = 2,     [EPOCH] = 9,   [ADDRESS] = 9, [ADDRESSES] = 7,    [SECONDS] = 6,
    [STATUS] = 8,   [NUMBER] = 4,  [PORT] = 5,    [METHOD] = 8,       [SCHEME] = 9,
    [HOST] = 5,     [DOMAIN] = 8,  [URI] = 8,     [EDGE] = 9,         [LONG_ID] = 9,
    [HTTP] = 9,     [FAMILY] = 9,  [AGENT] = 5,   [URL] = 6,          [PAIRS] = 4,
    [RESULT] = 7,   [TLS] = 9,     [CIPHER] = 9,  [MEDIA_TYPE] = 6,   [COUNTRY] = 6,
    [ENCODING] = 8, [PATTERN] = 6, [HEADERS] = 9, [HEADER_NAMES] = 6, [DISTRIBUTION] = 8,
};

#define BIT(shape) (1u << (shape))

/* What comes from clients and owners may look otherwise; what the edge itself writes does not. */
static const unsigned free_form = BIT(AGENT) | BIT(URL) | BIT(PAIRS) | BIT(ADDRESSES) | BIT(HOST) |
                                  BIT(MEDIA_TYPE) | BIT(ENCODING) | BIT(PATTERN);

#define SURPRISE (-2)    /* a value of another shape in such a field */
#define MISFIT (-9)      /* in any other */
#define NEVER_EMPTY (-4) /* a dash in a field that always has a value */
#define GAP (-2)         /* a stretch of fields that were not chosen */
#define CLEARLY 6        /* by how much another order must be better than the usual one */

static const struct {
    uint8_t shape;
    bool always;   /* has a value in every record */
    uint8_t liked; /* of those that look alike some are chosen more often */
} guess[N_ORDERED] = {
    [F_TIME] = {EPOCH, true, 2},
    [F_C_IP] = {ADDRESS, true, 2},
    [F_S_IP] = {ADDRESS, true, 0},
    [F_FIRST_BYTE] = {SECONDS, true, 2},
    [F_STATUS] = {STATUS, true, 2},
    [F_SC_BYTES] = {NUMBER, true, 2},
    [F_METHOD] = {METHOD, true, 2},
    [F_PROTOCOL] = {SCHEME, true, 2},
    [F_CS_HOST] = {HOST, true, 2},
    [F_STEM] = {URI, true, 2},
    [F_CS_BYTES] = {NUMBER, true, 2},
    [F_EDGE] = {EDGE, true, 2},
    [F_REQUEST_ID] = {LONG_ID, true, 2},
    [F_HOST] = {DOMAIN, true, 0},
    [F_TAKEN] = {SECONDS, true, 2},
    [F_VERSION] = {HTTP, true, 2},
    [F_FAMILY] = {FAMILY, true, 0},
    [F_AGENT] = {AGENT, false, 3},
    [F_REFERER] = {URL, false, 2},
    [F_COOKIE] = {PAIRS, false, 0},
    [F_QUERY] = {PAIRS, false, 2},
    [F_RESPONSE] = {RESULT, true, 0},
    [F_FORWARDED] = {ADDRESSES, false, 0},
    [F_TLS] = {TLS, false, 2},
    [F_CIPHER] = {CIPHER, false, 0},
    [F_RESULT] = {RESULT, true, 5},
    [F_FLE_FIELDS] = {NUMBER, false, 0},
    [F_TYPE] = {MEDIA_TYPE, false, 2},
    [F_LENGTH] = {NUMBER, false, 2},
    [F_RANGE_START] = {NUMBER, false, 0},
    [F_RANGE_END] = {NUMBER, false, 0},
    [F_C_PORT] = {PORT, true, 3},
    [F_DETAIL] = {RESULT, true, 1},
    [F_COUNTRY] = {COUNTRY, false, 2},
    [F_ENCODING] = {ENCODING, false, 0},
    [F_ACCEPT] = {MEDIA_TYPE, false, 0},
    [F_BEHAVIOR] = {PATTERN, false, 2},
    [F_HEADERS] = {HEADERS, false, 0},
    [F_HEADER_NAMES] = {HEADER_NAMES, false, 0},
    [F_HEADER_COUNT] = {NUMBER, true, 0},
    [F_PRIMARY_ID] = {DISTRIBUTION, false, 0},
    [F_PRIMARY_NAME] = {DOMAIN, false, 0},
    [F_ORIGIN_FBL] = {SECONDS, false, 2},
    [F_ORIGIN_LBL] = {SECONDS, false, 0},
    [F_ASN] = {NUMBER, true, 2},
    [F_ORIGIN] = {HOST, false, 0},
    [F_QUALITY] = {NUMBER, false, 0},
};

static bool is_one_of(struct slice s, const char *const *words, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (slice_is(s, words[i]))
            return true;
    return false;
}

static bool all_upper(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!is_upper(s.ptr[i]))
            return false;
    return s.len > 0;
}

static bool has(struct slice s, const char *part)
{
    return memmem(s.ptr, s.len, part, strlen(part)) != NULL;
}

/* "Hit", "OriginCommError", "FunctionGeneratedResponse": one word that ends as verdicts do. */
static bool is_result(struct slice s)
{
    static const char *const ends[] = {"Hit",      "Miss",    "Error",    "Redirect",
                                       "Exceeded", "Blocked", "Response", "Request"};

    for (size_t i = 0; i < s.len; i++)
        if (!is_letter(s.ptr[i]))
            return false;
    for (unsigned i = 0; i < ARRAY_LEN(ends); i++)
        if (slice_ends(s, ends[i]))
            return is_upper(s.ptr[0]);
    return slice_starts(s, "InvalidRequest");
}

static bool is_edge(struct slice s)
{
    return s.len >= 4 && s.len <= 12 && all_upper(slice_of(s.ptr, 3)) && s.ptr[3] >= '0' &&
           s.ptr[3] <= '9';
}

static bool is_scheme(struct slice s)
{
    static const char *const words[] = {"http", "https", "ws", "wss", "grpcs"};

    return is_one_of(s, words, ARRAY_LEN(words));
}

static bool is_cipher(struct slice s)
{
    static const char *const starts[] = {"TLS_", "ECDHE-", "AES", "DHE-", "DES-", "RC4-"};

    for (unsigned i = 0; i < ARRAY_LEN(starts); i++)
        if (slice_starts(s, starts[i]))
            return true;
    return false;
}

static bool is_host(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!is_letter(s.ptr[i]) && !strchr("0123456789.-:_", s.ptr[i]))
            return false;
    return s.len > 3 && memchr(s.ptr, '.', s.len) != NULL;
}

static bool is_address(struct slice s)
{
    struct ip ip;

    return parse_ip(s, &ip);
}

static bool is_method(struct slice s)
{
    return all_upper(s) && s.len >= 3 && s.len <= 16;
}

static bool is_uri(struct slice s)
{
    return s.len && s.ptr[0] == '/';
}

static bool is_http(struct slice s)
{
    return slice_starts(s, "HTTP/");
}

/* The first of several addresses, as X-Forwarded-For has them: "1.2.3.4,%205.6.7.8". */
static bool starts_with_address(struct slice s)
{
    return is_address(slice_cut(&s, ','));
}

static bool is_media_type(struct slice s)
{
    const char *slash = memchr(s.ptr, '/', s.len);

    return slash && slash > s.ptr && slash + 1 < s.ptr + s.len && !has(s, "://") &&
           (is_letter(s.ptr[0]) || s.ptr[0] == '*') && !(slash[1] >= '0' && slash[1] <= '9');
}

static bool is_distribution(struct slice s)
{
    if (s.len < 10 || s.len > 15 || s.ptr[0] != 'E')
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (!is_upper(s.ptr[i]) && !(s.ptr[i] >= '0' && s.ptr[i] <= '9'))
            return false;
    return true;
}

static unsigned shapes_of_number(struct slice s)
{
    unsigned n = BIT(NUMBER) | BIT(TEXT);
    int64_t v;

    if (s.len == 3 && s.ptr[0] < '6')
        n |= BIT(STATUS);
    if (parse_fixed(s, 0, &v) && v >= 1024 && v <= 65535)
        n |= BIT(PORT);
    return n;
}

static unsigned shapes_of_word(struct slice s)
{
    unsigned n = BIT(TEXT);

    if (is_method(s))
        n |= BIT(METHOD);
    if (all_upper(s) && s.len == 2)
        n |= BIT(COUNTRY);
    if (is_scheme(s))
        n |= BIT(SCHEME);
    if (is_result(s))
        n |= BIT(RESULT);
    if (is_edge(s))
        n |= BIT(EDGE);
    if (is_distribution(s))
        n |= BIT(DISTRIBUTION);
    if (slice_is(s, "IPv4") || slice_is(s, "IPv6"))
        n |= BIT(FAMILY);
    if (slice_starts(s, "TLSv") || slice_starts(s, "SSLv"))
        n |= BIT(TLS);
    if (is_cipher(s))
        n |= BIT(CIPHER);
    if (is_host(s))
        n |= slice_ends(s, ".cloudfront.net") ? BIT(HOST) | BIT(DOMAIN) : BIT(HOST);
    return n;
}

static unsigned shapes_of_text(struct slice s)
{
    unsigned n = BIT(TEXT);

    if (is_http(s))
        n |= BIT(HTTP);
    if (is_uri(s))
        n |= BIT(URI);
    if (is_uri(s) || memchr(s.ptr, '*', s.len))
        n |= BIT(PATTERN);
    if (s.len > 40 && slice_ends(s, "==") && !has(s, "%"))
        n |= BIT(LONG_ID);
    if (has(s, "://"))
        n |= BIT(URL);
    if (memchr(s.ptr, '=', s.len) && !(n & BIT(LONG_ID)))
        n |= BIT(PAIRS);
    if (is_media_type(s))
        n |= BIT(MEDIA_TYPE);
    if (has(s, "gzip") || has(s, "deflate") || slice_is(s, "br") || slice_is(s, "identity"))
        n |= BIT(ENCODING);
    if (has(s, "%0A"))
        n |= memchr(s.ptr, ':', s.len) ? BIT(HEADERS) : BIT(HEADER_NAMES);
    if (is_letter(s.ptr[0]) && (has(s, "%20") || (has(s, "/") && !is_media_type(s))))
        n |= BIT(AGENT);
    return n;
}

/* All shapes that a value has. */
static unsigned shapes_of(struct slice s)
{
    unsigned n = 0;
    int64_t v;

    if (value_missing(s))
        return BIT(DASH);
    if (is_digits(s))
        return shapes_of_number(s);
    if (parse_fixed(s, 3, &v)) /* with a fraction */
        n = s.len >= 12 && v > 0 ? BIT(EPOCH) : BIT(SECONDS);
    else if (starts_with_address(s))
        n = memchr(s.ptr, ',', s.len) ? BIT(ADDRESSES) : BIT(ADDRESSES) | BIT(ADDRESS);
    return n ? n | BIT(TEXT) : shapes_of_word(s) | shapes_of_text(s);
}

/* How likely it is that a value of these shapes stands in the field. */
static int fit(unsigned field, unsigned shapes)
{
    unsigned shape = guess[field].shape;
    int n = guess[field].liked;

    if (shapes & BIT(DASH))
        return n + (guess[field].always ? NEVER_EMPTY : 1);
    if (shape == TEXT) /* what looks like another field is rather that one */
        return n + (shapes == BIT(TEXT) ? telling[TEXT] : 0);
    if (shapes & BIT(shape))
        return n + telling[shape];
    return n + (BIT(shape) & free_form ? SURPRISE : MISFIT);
}

static int score(const uint16_t *field, unsigned n, const unsigned *shapes)
{
    int sum = 0;

    for (unsigned i = 0; i < n; i++)
        sum += fit(field[i], shapes[i]) + (i && field[i] != field[i - 1] + 1 ? GAP : 0);
    return sum;
}

/* Whether enough of the values look like their fields, and one more than the time. */
static bool is_likely(const uint16_t *field, unsigned n, const unsigned *shapes)
{
    unsigned alike = 0;

    for (unsigned i = 0; i < n; i++)
        alike += guess[field[i]].shape != TEXT && shapes[i] & BIT(guess[field[i]].shape);
    return alike >= 2 && alike * 8 >= n;
}

#define NEVER (-10000)

/* The likeliest fields of n values, and how likely they are. By dynamic programming: best[i][f] is
 * that of the first i values when the last of them stands in field f - 1. */
static int align(const unsigned *shapes, unsigned n, uint16_t *field)
{
    static _Thread_local int16_t best[N_ORDERED + 1][N_ORDERED + 1];
    static _Thread_local uint8_t from[N_ORDERED + 1][N_ORDERED + 1];
    unsigned at = n;

    for (unsigned f = 0; f <= N_ORDERED; f++)
        best[0][f] = f ? NEVER : 0;
    for (unsigned i = 1; i <= n; i++) {
        int gap = NEVER; /* the best of those that leave out the field before */
        unsigned gap_from = 0;

        for (unsigned f = i; f <= N_ORDERED; f++) {
            int next = best[i - 1][f - 1];
            bool skip = gap + GAP > next;

            best[i][f] = (int16_t)(MAX(MAX(next, gap + GAP), NEVER) + fit(f - 1, shapes[i - 1]));
            from[i][f] = (uint8_t)(skip ? gap_from : f - 1);
            if (next > gap) {
                gap = next;
                gap_from = f - 1;
            }
        }
    }
    for (unsigned f = n; f <= N_ORDERED; f++)
        if (best[n][f] > best[n][at])
            at = f;
    for (unsigned i = n, f = at; i > 0; f = from[i][f], i--)
        field[i - 1] = (uint16_t)(f - 1);
    return best[n][at];
}

/* --- records --- */

static bool is_record(struct slice first)
{
    const char *point =
        first.len >= 12 && first.len <= 14 ? memchr(first.ptr, '.', first.len) : NULL;

    return point && is_digits(slice_of(first.ptr, (size_t)(point - first.ptr))) &&
           is_digits(slice_of(point + 1, first.len - (size_t)(point + 1 - first.ptr)));
}

/* Surplus values are not looked at; returns how many there are in all. */
static unsigned look_at(struct slice line, unsigned *shapes)
{
    unsigned n = 0;

    for (; line.ptr && (n == 0 || line.len); n++) {
        struct slice value = slice_cut(&line, '\t');

        if (n < N_ORDERED)
            shapes[n] = shapes_of(value);
    }
    return n;
}

/* The order that lines of so many values had so far. A line with many dashes says little: it is
 * read as those before it, also at the start of a chunk and after detection saw the first lines. */
static _Atomic(const struct layout *) usual[N_ORDERED + 1];

static bool is_as_good(const struct layout *l, unsigned n, const unsigned *shapes, int best)
{
    return l && l->n == n && score(l->field, n, shapes) + CLEARLY > best;
}

/* The layout of this line: that of the line before or the usual one unless another is clearly
 * better. NULL if it is no record. */
static const struct layout *find_layout(struct logtype *lt, const struct layout *before,
                                        struct slice line)
{
    unsigned shapes[N_ORDERED], n = look_at(line, shapes);
    const struct layout *found = logtype_own_layout(lt, n);
    uint16_t field[N_ORDERED];
    int best;

    if (found)
        return found;
    n = MIN(n, (unsigned)N_ORDERED);
    best = align(shapes, n, field);
    if (!is_likely(field, n, shapes))
        return NULL;
    if (is_as_good(before, n, shapes, best))
        return before;
    found = usual[n];
    if (is_as_good(found, n, shapes, best))
        return found;
    found = layout_intern(lt, field, n);
    usual[n] = found;
    return found;
}

/* Whether the values that have a shape of their own have it. */
static bool still_fits(const struct layout *lay, const struct layout *own, const struct slice *val,
                       unsigned n)
{
    static const struct {
        uint8_t field;
        bool (*fits)(struct slice);
    } anchor[] = {
        {F_C_IP, is_address}, {F_STATUS, is_status}, {F_METHOD, is_method}, {F_STEM, is_uri},
        {F_EDGE, is_edge},    {F_VERSION, is_http},  {F_RESULT, is_result},
    };

    if (n != lay->n && (n < N_ORDERED || lay->n != N_ORDERED))
        return false;
    for (unsigned i = 0; lay != own && i < ARRAY_LEN(anchor); i++) {
        struct slice s = val[anchor[i].field];

        if (!value_missing(s) && !anchor[i].fits(s))
            return false;
    }
    return true;
}

static unsigned read_values(struct logtype *lt, const struct layout *lay, struct slice line,
                            struct record *rec)
{
    struct tok_map map = {lay->field, lay->n, lt->n_static};
    struct tok_result got;

    record_begin(rec, lt);
    got = tok_sep(line, '\t', map, rec->val);
    rec->n_val = MAX(rec->n_val, got.n_val);
    return got.n;
}

static void split_uri(struct slice *val)
{
    struct slice rest = val[F_STEM];

    if (!rest.ptr)
        return;
    val[F_PATH] = slice_cut(&rest, '?');
    val[F_PATH_QUERY] = rest;
}

static enum parse_result parse(struct logtype *lt, const struct layout **lay, struct slice line,
                               struct record *rec)
{
    struct slice rest = line, *val = rec->val;
    const struct layout *found;
    unsigned n;

    record_begin(rec, lt);
    if (!is_record(slice_cut(&rest, '\t')) || !rest.ptr)
        return record_bad(rec, REASON_SHAPE);
    if (!*lay && (found = find_layout(lt, NULL, line)) != NULL)
        *lay = found;
    if (!*lay)
        return record_bad(rec, REASON_HEADER);
    n = read_values(lt, *lay, line, rec);
    if (!still_fits(*lay, logtype_own_layout(lt, n), val, n)) {
        found = find_layout(lt, *lay, line);
        if (!found)
            return record_bad(rec, REASON_SHAPE);
        *lay = found;
        read_values(lt, found, line, rec);
    }
    if (!parse_epoch(val[F_TIME], &rec->ts))
        return record_bad(rec, REASON_TIME);
    split_uri(val);
    return PARSE_OK;
}

static int detect(const struct probe *p)
{
    struct slice head = p->head, line;

    if (!probe_line(&head, &line) || !is_record(slice_cut(&line, '\t')) || !line.ptr)
        return 0;
    return probe_records(p, "cloudfront_rt", false);
}

static const char *const samples[] = {
    "1714619045.123\t203.0.113.9\t0.004\t200\t4096\tGET\thttps\tshop.example.com\t/cart?a=1\t512\t"
    "LHR50-P2\tAbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCdEfGhIjKlMnOp==\td1.cloudfront.net\t0.005\t"
    "HTTP/2.0\tIPv4\tcurl/8\t-\t-\ta=1\tHit\t-\tTLSv1.3\tTLS_AES_128_GCM_SHA256\tHit",
    "1714619046.123\t2001:db8::9\t0.104\t502\t40\tPOST\thttps\tshop.example.com\t/cart\t512\t"
    "LHR50-P2\tAbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCdEfGhIjKlMnOq==\td1.cloudfront.net\t0.105\t"
    "HTTP/1.1\tIPv6\tcurl/8\t-\t-\t-\tError\t-\tTLSv1.3\tTLS_AES_128_GCM_SHA256\tError",
    /* 46 fields: all up to asn */
    "1714619047.000\t203.0.113.9\t192.0.2.80\t0.010\t000\t0\tGET\thttp\tshop.example.com\t/\t77\t"
    "IAD12\tAbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCdEfGhIjKlMnOr==\td1.cloudfront.net\t0.010\t"
    "HTTP/"
    "1.1\tIPv4\tGET\thttps\t-\t-\tError\t198.51.100.1,%20192.0.2.3\t-\t-\tError\t-\t-\t-\t-\t-\t-\t"
    "50000\tClientCommError\tUS\tgzip\t*/*\t*\thost:x%0A\thost%0A\t1\t-\t-\t-\t-\t64500",
    NULL,
};

const struct format format_cloudfront_rt = {
    .name = "cloudfront_rt",
    .title = "CloudFront real-time log",
    .doc_url = "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/"
               "real-time-logs.html",
    .fields = fields,
    .n_fields = N_FIELDS,
    .detect = detect,
    .parse = parse,
    .samples = samples,
};
