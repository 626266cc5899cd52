/* cloudfront_rt.c - CloudFront real-time log: TAB separated, the fields that its owner chose,
 * always in the order of the documentation, and no header. How many values a line has and what they
 * look like tells which fields they are: a line is aligned with the table, the chosen fields being
 * those whose shapes fit (an address, a status, a method, an edge code, a result ...). */
#include "formats/table.h"
#include "tok_space.h"
#include "value.h"

enum {
    F_TIME,
    F_CLIENT,
    F_SERVER,
    F_TTFB,
    F_STATUS,
    F_SC_BYTES,
    F_METHOD,
    F_CS_PROTOCOL,
    F_HOST,
    F_STEM,
    F_CS_BYTES,
    F_EDGE,
    F_REQUEST_ID,
    F_HOST_HEADER,
    F_TAKEN,
    F_VERSION,
    F_IP_VERSION,
    F_AGENT,
    F_REFERER,
    F_COOKIE,
    F_QUERY,
    F_RESPONSE_RESULT,
    F_FORWARDED,
    F_SSL_PROTOCOL,
    F_SSL_CIPHER,
    F_RESULT,
    F_FLE_FIELDS,
    F_FLE_STATUS,
    F_TYPE,
    F_LENGTH,
    F_RANGE_START,
    F_RANGE_END,
    F_PORT,
    F_DETAILED,
    F_COUNTRY,
    F_ENCODING,
    F_ACCEPT,
    F_BEHAVIOUR,
    F_HEADERS,
    F_HEADER_NAMES,
    F_HEADERS_COUNT,
    F_DISTRIBUTION,
    F_DISTRIBUTION_NAME,
    F_ORIGIN_FBL,
    F_ORIGIN_LBL,
    F_ASN,
    F_CMCD, /* eighteen of them */
    F_R_HOST = F_CMCD + 18,
    F_SR_REASON,
    F_MQCS,
    F_TENANT,
    F_CONNECTION,
    F_REQUEST_DATA,
    F_RESPONSE_DATA,
    N_ORDERED,
    F_CITY = N_ORDERED,
    F_EDGE_COUNTRY,
    F_TEMPLATE,
    F_PATH,
    F_PATH_QUERY,
    N_FIELDS
};

#define FIELD_S(name, aliases, role, meaning)                                                      \
    FIELD(name, aliases, FK_NUM, 3, UNIT_S, 0, role, meaning)

static const struct field_def fields[N_FIELDS] = {
    [F_TIME] = FIELD_TIME("timestamp", NULL, FF_NOCOL, "when the edge was done (UTC)"),
    [F_CLIENT] = FIELD_IP("c-ip", "c_ip", ROLE_CLIENT_IP, "address of the viewer"),
    [F_SERVER] = FIELD_IP("s-ip", "s_ip", ROLE_SERVER_IP, "address of the edge server"),
    [F_TTFB] =
        FIELD_S("time-to-first-byte", "time_to_first_byte", ROLE_NONE, "time to the first byte"),
    [F_STATUS] = FIELD("sc-status", "sc_status", FK_NUM, 0, UNIT_NONE, FF_STATUS, ROLE_STATUS,
                       "status that the viewer got; 000: it left before"),
    [F_SC_BYTES] = FIELD_BYTES("sc-bytes", "sc_bytes", ROLE_BYTES_OUT, "bytes to the viewer"),
    [F_METHOD] = FIELD_TEXT("cs-method", "cs_method", 0, ROLE_METHOD, "HTTP method"),
    [F_CS_PROTOCOL] =
        FIELD_TEXT("cs-protocol", "cs_protocol", 0, ROLE_NONE, "http, https, ws, wss"),
    [F_HOST] = FIELD_TEXT("cs-host", "cs_host", 0, ROLE_HOST, "Host header of the viewer"),
    [F_STEM] = FIELD_TEXT("cs-uri-stem", "cs_uri_stem", FF_URLENC, ROLE_NONE,
                          "path and, in this log, query"),
    [F_CS_BYTES] = FIELD_BYTES("cs-bytes", "cs_bytes", ROLE_BYTES_IN, "bytes from the viewer"),
    [F_EDGE] = FIELD_TEXT("x-edge-location", "x_edge_location", 0, ROLE_NONE, "edge location"),
    [F_REQUEST_ID] =
        FIELD_LONG("x-edge-request-id", "x_edge_request_id", ROLE_REQUEST_ID, "id of the request"),
    [F_HOST_HEADER] =
        FIELD_TEXT("x-host-header", "x_host_header", 0, ROLE_NONE, "domain of the distribution"),
    [F_TAKEN] = FIELD_S("time-taken", "time_taken", ROLE_DURATION, "time to the last byte"),
    [F_VERSION] =
        FIELD_TEXT("cs-protocol-version", "cs_protocol_version", 0, ROLE_NONE, "HTTP version"),
    [F_IP_VERSION] = FIELD_TEXT("c-ip-version", "c_ip_version", 0, ROLE_NONE, "IPv4 or IPv6"),
    [F_AGENT] = FIELD_TEXT("cs-user-agent", "cs_user_agent", FF_URLENC | FF_URLENC2,
                           ROLE_USER_AGENT, "user agent"),
    [F_REFERER] = FIELD_TEXT("cs-referer", "cs_referer", FF_URLENC, ROLE_NONE, "Referer header"),
    [F_COOKIE] = FIELD_LONG("cs-cookie", "cs_cookie", ROLE_NONE, "cookies, cut at 800 bytes"),
    [F_QUERY] = FIELD_LONG("cs-uri-query", "cs_uri_query", ROLE_NONE, "query string"),
    [F_RESPONSE_RESULT] = FIELD_TEXT("x-edge-response-result-type", "x_edge_response_result_type",
                                     0, ROLE_NONE, "result before the answer was sent"),
    [F_FORWARDED] =
        FIELD_TEXT("x-forwarded-for", "x_forwarded_for", 0, ROLE_NONE, "address behind a proxy"),
    [F_SSL_PROTOCOL] = FIELD_TEXT("ssl-protocol", "ssl_protocol", 0, ROLE_NONE, "TLS version"),
    [F_SSL_CIPHER] = FIELD_TEXT("ssl-cipher", "ssl_cipher", 0, ROLE_NONE, "cipher suite"),
    [F_RESULT] = FIELD_TEXT("x-edge-result-type", "x_edge_result_type", 0, ROLE_ACTION,
                            "result: Hit, Miss, Error ..."),
    [F_FLE_FIELDS] =
        FIELD_COUNT("fle-encrypted-fields", "fle_encrypted_fields", "fields that were encrypted"),
    [F_FLE_STATUS] =
        FIELD_TEXT("fle-status", "fle_status", 0, ROLE_NONE, "how field encryption went"),
    [F_TYPE] = FIELD_TEXT("sc-content-type", "sc_content_type", 0, ROLE_NONE, "content type"),
    [F_LENGTH] = FIELD_BYTES("sc-content-len", "sc_content_len", ROLE_NONE, "content length"),
    [F_RANGE_START] = FIELD_BYTES("sc-range-start", "sc_range_start", ROLE_NONE, "range start"),
    [F_RANGE_END] = FIELD_BYTES("sc-range-end", "sc_range_end", ROLE_NONE, "range end"),
    [F_PORT] = FIELD_PORT("c-port", "c_port", "port of the viewer"),
    [F_DETAILED] = FIELD_TEXT("x-edge-detailed-result-type", "x_edge_detailed_result_type", 0,
                              ROLE_ERROR, "what exactly went wrong"),
    [F_COUNTRY] = FIELD_TEXT("c-country", "c_country", 0, ROLE_NONE, "country of the viewer"),
    [F_ENCODING] = FIELD_TEXT("cs-accept-encoding", "cs_accept_encoding", 0, ROLE_NONE,
                              "encodings that the viewer takes"),
    [F_ACCEPT] = FIELD_TEXT("cs-accept", "cs_accept", 0, ROLE_NONE, "types that the viewer takes"),
    [F_BEHAVIOUR] = FIELD_TEXT("cache-behavior-path-pattern", "cache_behavior_path_pattern", 0,
                               ROLE_NONE, "cache behaviour that matched"),
    [F_HEADERS] = FIELD_LONG("cs-headers", "cs_headers", ROLE_NONE, "headers, cut at 800 bytes"),
    [F_HEADER_NAMES] =
        FIELD_LONG("cs-header-names", "cs_header_names", ROLE_NONE, "names of the headers"),
    [F_HEADERS_COUNT] = FIELD_COUNT("cs-headers-count", "cs_headers_count", "number of headers"),
    [F_DISTRIBUTION] = FIELD_TEXT("primary-distribution-id", "primary_distribution_id", 0,
                                  ROLE_NONE, "primary distribution"),
    [F_DISTRIBUTION_NAME] =
        FIELD_TEXT("primary-distribution-dns-name", "primary_distribution_dns_name", 0, ROLE_NONE,
                   "name of the primary distribution"),
    [F_ORIGIN_FBL] =
        FIELD_S("origin-fbl", "origin_fbl", ROLE_NONE, "time to the first byte from the origin"),
    [F_ORIGIN_LBL] =
        FIELD_S("origin-lbl", "origin_lbl", ROLE_NONE, "time to the last byte from the origin"),
    [F_ASN] = FIELD_COUNT("asn", NULL, "autonomous system of the viewer"),
    [F_CMCD] = FIELD_COUNT("cmcd-encoded-bitrate", NULL, "player: bit rate, kbit/s"),
    FIELD_COUNT("cmcd-buffer-length", NULL, "player: buffer, ms"),
    FIELD_TEXT("cmcd-buffer-starvation", NULL, 0, ROLE_NONE, "player: buffer ran out"),
    FIELD_TEXT("cmcd-content-id", NULL, 0, ROLE_NONE, "player: content"),
    FIELD_COUNT("cmcd-object-duration", NULL, "player: length of the object, ms"),
    FIELD_COUNT("cmcd-deadline", NULL, "player: deadline, ms"),
    FIELD_COUNT("cmcd-measured-throughput", NULL, "player: throughput, kbit/s"),
    FIELD_TEXT("cmcd-next-object-request", NULL, FF_NOCOL, ROLE_NONE, "player: next object"),
    FIELD_TEXT("cmcd-next-range-request", NULL, FF_NOCOL, ROLE_NONE, "player: next range"),
    FIELD_TEXT("cmcd-object-type", NULL, 0, ROLE_NONE, "player: kind of object"),
    FIELD("cmcd-playback-rate", NULL, FK_NUM, 3, UNIT_NONE, 0, ROLE_NONE, "player: speed"),
    FIELD_COUNT("cmcd-requested-maximum-throughput", NULL, "player: most wanted, kbit/s"),
    FIELD_TEXT("cmcd-streaming-format", NULL, 0, ROLE_NONE, "player: format"),
    FIELD_TEXT("cmcd-session-id", NULL, 0, ROLE_NONE, "player: session"),
    FIELD_TEXT("cmcd-stream-type", NULL, 0, ROLE_NONE, "player: live or on demand"),
    FIELD_TEXT("cmcd-startup", NULL, 0, ROLE_NONE, "player: starting up"),
    FIELD_COUNT("cmcd-top-bitrate", NULL, "player: best bit rate, kbit/s"),
    FIELD_COUNT("cmcd-version", NULL, "player: version"),
    [F_R_HOST] = FIELD_TEXT("r-host", NULL, 0, ROLE_NONE, "origin that answered"),
    [F_SR_REASON] = FIELD_TEXT("sr-reason", NULL, 0, ROLE_NONE, "why that origin was chosen"),
    [F_MQCS] = FIELD_COUNT("x-edge-mqcs", NULL, "quality score of the media"),
    [F_TENANT] = FIELD_TEXT("distribution-tenant-id", NULL, 0, ROLE_NONE, "tenant"),
    [F_CONNECTION] = FIELD_LONG("connection-id", NULL, ROLE_NONE, "connection"),
    [F_REQUEST_DATA] =
        FIELD_LONG("viewer-request-log-data", NULL, ROLE_NONE, "what the request function logged"),
    [F_RESPONSE_DATA] = FIELD_LONG("viewer-response-log-data", NULL, ROLE_NONE,
                                   "what the response function logged"),
    [F_CITY] = DERIVED_FIELD("city", NULL, derive_edge_city, F_EDGE, "city of the edge location"),
    [F_EDGE_COUNTRY] = DERIVED_FIELD("edge_country", NULL, derive_edge_country, F_EDGE,
                                     "country of the edge location"),
    [F_TEMPLATE] = DERIVED_FIELD("path_template", NULL, derive_path_template, F_PATH,
                                 "path of the request with its ids folded"),
    [F_PATH] =
        FIELD_TEXT("uri_path", NULL, FF_DERIVED | FF_URLENC, ROLE_PATH, "path of the request"),
    [F_PATH_QUERY] = FIELD("uri_query", NULL, FK_TEXT, 0, UNIT_NONE, FF_DERIVED | FF_NOCOL,
                           ROLE_QUERY, "query of the request"),
};

/* --- shapes --- */

static bool is_one_of(struct slice s, const char *const *words, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (slice_is(s, words[i]))
            return true;
    return false;
}

static bool is_result(struct slice s)
{
    static const char *const words[] = {"Hit",           "RefreshHit",       "Miss",
                                        "LimitExceeded", "CapacityExceeded", "Error",
                                        "Redirect",      "OriginShieldHit"};

    return is_one_of(s, words, ARRAY_LEN(words));
}

static bool is_edge(struct slice s)
{
    return s.len >= 4 && s.len <= 12 && s.ptr[0] >= 'A' && s.ptr[0] <= 'Z' && s.ptr[2] >= 'A' &&
           s.ptr[2] <= 'Z' && s.ptr[3] >= '0' && s.ptr[3] <= '9';
}

static bool is_method(struct slice s)
{
    static const char *const words[] = {"GET",    "HEAD",    "POST",    "PUT",  "PATCH",
                                        "DELETE", "OPTIONS", "CONNECT", "TRACE"};

    return is_one_of(s, words, ARRAY_LEN(words));
}

static bool is_scheme(struct slice s)
{
    static const char *const words[] = {"http", "https", "ws", "wss", "grpcs"};

    return is_one_of(s, words, ARRAY_LEN(words));
}

static bool is_fraction(struct slice s)
{
    double v;

    return parse_double(s, &v) && memchr(s.ptr, '.', s.len);
}

/* How well a value fits a field: 0 it cannot be, 1 it can, 3 it looks like nothing else. */
static unsigned fit(unsigned field, struct slice s)
{
    struct ip ip;

    if (s.len == 1 && s.ptr[0] == '-')
        return 1;
    switch (field) {
    case F_TIME:
        return is_fraction(s) && s.len >= 14 ? 3 : 0;
    case F_CLIENT:
    case F_SERVER:
        return parse_ip(s, &ip) ? 3 : 0;
    case F_TTFB:
    case F_TAKEN:
    case F_ORIGIN_FBL:
    case F_ORIGIN_LBL:
        return is_fraction(s) ? 2 : 0;
    case F_STATUS:
        return s.len == 3 && is_digits(s) ? 2 : 0;
    case F_METHOD:
        return is_method(s) ? 3 : 0;
    case F_CS_PROTOCOL:
        return is_scheme(s) ? 3 : 0;
    case F_STEM:
        return s.ptr && s.len && s.ptr[0] == '/' ? 3 : 0;
    case F_EDGE:
        return is_edge(s) ? 3 : 0;
    case F_REQUEST_ID:
        return s.len > 40 && slice_ends(s, "==") ? 3 : 0;
    case F_VERSION:
        return slice_starts(s, "HTTP/") ? 3 : 0;
    case F_IP_VERSION:
        return slice_is(s, "IPv4") || slice_is(s, "IPv6") ? 3 : 0;
    case F_RESULT:
    case F_RESPONSE_RESULT:
        return is_result(s) ? 3 : 0;
    case F_SSL_PROTOCOL:
        return slice_starts(s, "TLSv") || slice_starts(s, "SSLv") ? 3 : 0;
    case F_COUNTRY:
        return s.len == 2 ? 2 : 0;
    case F_SC_BYTES:
    case F_CS_BYTES:
    case F_LENGTH:
    case F_PORT:
    case F_FLE_FIELDS:
    case F_RANGE_START:
    case F_RANGE_END:
    case F_HEADERS_COUNT:
    case F_ASN:
        return is_digits(s) ? 2 : 0;
    default:
        /* a text that has the shape of another field is rather that one */
        return is_method(s) || slice_starts(s, "HTTP/") || is_scheme(s) ? 0 : 1;
    }
}

#define NEVER (-1)

/* The fields of n values: the alignment with the table that fits best, by dynamic programming.
 * False if no field can be at some value. */
static bool align(const struct slice *value, unsigned n, uint16_t *field)
{
    static _Thread_local int16_t best[N_ORDERED + 1][N_ORDERED + 1];

    if (n > N_ORDERED)
        return false;
    for (unsigned f = 0; f <= N_ORDERED; f++)
        best[0][f] = 0;
    for (unsigned i = 1; i <= n; i++) {
        best[i][i - 1] = NEVER;
        for (unsigned f = i; f <= N_ORDERED; f++) {
            unsigned own = fit(f - 1, value[i - 1]);
            int take = own && best[i - 1][f - 1] != NEVER ? best[i - 1][f - 1] + (int)own : NEVER;

            best[i][f] = (int16_t)MAX(take, f > i ? best[i][f - 1] : NEVER);
        }
    }
    if (best[n][N_ORDERED] == NEVER)
        return false;
    for (unsigned i = n, f = N_ORDERED; i > 0; i--) {
        while (f > i && best[i][f - 1] == best[i][f])
            f--; /* the earliest place: fields at the end are chosen least often */
        field[i - 1] = (uint16_t)(f - 1);
        f--;
    }
    return true;
}

/* --- records --- */

static bool is_record(struct slice first)
{
    return first.len >= 12 && first.len <= 14 && is_fraction(first) &&
           (unsigned char)(first.ptr[0] - '0') <= 9 && memchr(first.ptr, '.', first.len) != NULL;
}

static unsigned cut_values(struct slice line, struct slice *value, unsigned max)
{
    unsigned n = 0;

    while (line.ptr && n < max)
        value[n++] = slice_cut(&line, '\t');
    return line.ptr ? max + 1 : n;
}

/* The layout of this line, which is that of the file from here on. */
static bool find_layout(struct logtype *lt, const struct layout **lay, struct slice line)
{
    struct slice value[N_ORDERED];
    uint16_t field[N_ORDERED];
    unsigned n = cut_values(line, value, N_ORDERED);
    const struct layout *found;

    found = logtype_own_layout(lt, n);
    if (found) { /* its owner knows best */
        *lay = found;
        return true;
    }
    if (n < 3 || !align(value, n, field))
        return false;
    found = layout_intern(lt, field, n);
    if (found)
        *lay = found;
    return found != NULL;
}

/* Whether the values of a line fit the layout of the lines before: those with a shape of their own.
 */
static bool still_fits(const struct layout *lay, const struct layout *own, const struct slice *val,
                       unsigned n)
{
    static const uint8_t anchors[] = {F_TIME, F_STATUS, F_METHOD, F_STEM, F_EDGE, F_VERSION};

    if (n != lay->n)
        return false;
    for (unsigned i = 0; lay != own && i < ARRAY_LEN(anchors); i++)
        if (val[anchors[i]].ptr && !fit(anchors[i], val[anchors[i]]))
            return false;
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

static enum parse_result parse(struct logtype *lt, const struct layout **lay, struct slice line,
                               struct record *rec)
{
    struct slice rest = line, *val = rec->val;
    const char *mark;
    unsigned n;

    record_begin(rec, lt);
    if (!is_record(slice_cut(&rest, '\t')) || !rest.ptr)
        return record_bad(rec, REASON_SHAPE);
    if (!*lay && !find_layout(lt, lay, line))
        return record_bad(rec, REASON_HEADER);
    n = read_values(lt, *lay, line, rec);
    if (!still_fits(*lay, logtype_own_layout(lt, n), val, n)) {
        if (!find_layout(lt, lay, line))
            return record_bad(rec, REASON_SHAPE);
        read_values(lt, *lay, line, rec);
    }
    if (!parse_epoch(val[F_TIME], &rec->ts))
        return record_bad(rec, REASON_TIME);
    val[F_PATH] = val[F_STEM];
    mark = val[F_STEM].len ? memchr(val[F_STEM].ptr, '?', val[F_STEM].len) : NULL;
    if (mark) {
        val[F_PATH].len = (size_t)(mark - val[F_STEM].ptr);
        val[F_PATH_QUERY] = slice_of(mark + 1, val[F_STEM].len - val[F_PATH].len - 1);
    }
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
