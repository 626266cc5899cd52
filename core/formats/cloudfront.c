/* cloudfront.c - CloudFront standard log: tab separated, columns named by a #Fields line that may
 * stand anywhere in the file. Without one the columns are those of the legacy log, which only ever
 * grew at its end. Pasted lines whose tabs became blanks are read too: values have no blanks. */
#include "formats/table.h"
#include "formats/w3c.h"
#include "json.h"
#include "value.h"

enum {
    F_DATE,
    F_TIME,
    F_EDGE,
    F_SC_BYTES,
    F_C_IP,
    F_METHOD,
    F_CS_HOST,
    F_STEM,
    F_STATUS,
    F_REFERER,
    F_AGENT,
    F_QUERY,
    F_COOKIE,
    F_RESULT,
    F_REQUEST_ID,
    F_HOST,
    F_PROTOCOL,
    F_CS_BYTES,
    F_TAKEN,
    F_FORWARDED,
    F_TLS,
    F_CIPHER,
    F_RESPONSE,
    F_VERSION,
    F_FLE,
    F_FLE_FIELDS,
    F_C_PORT,
    F_FIRST_BYTE,
    F_DETAIL,
    F_TYPE,
    F_LENGTH,
    F_RANGE_START,
    F_RANGE_END,
    F_STAMP,
    F_STAMP_MS,
    F_ORIGIN_FBL,
    F_ORIGIN_LBL,
    F_ASN,
    F_COUNTRY,
    F_BEHAVIOR,
    F_TENANT,
    F_CONNECTION,
    F_REQUEST_DATA,
    F_RESPONSE_DATA,
    F_S_IP,
    F_PRIMARY_ID,
    F_PRIMARY_NAME,
    F_ORIGIN,
    F_FAILOVER,
    F_QUALITY,
    F_CMCD, /* eighteen of them */
    F_TEMPLATE = F_CMCD + 18,
    F_DECODED,
    F_QUERY_DECODED,
    F_AGENT_DECODED,
    F_IATA,
    F_CITY,
    F_EDGE_COUNTRY,
    F_EVENT_STAMP,
    F_CONN_STATUS, /* and the others of the connection log */
    F_RTMP_EVENT = F_CONN_STATUS + 9,
    N_FIELDS
};

static const struct field_def fields[N_FIELDS] = {
#include "formats/cloudfront_fields.def"
    [F_DATE] = FIELD_LONG("date", NULL, FR_NONE, "day of the event (UTC)"),
    [F_TIME] =
        FIELD_LONG("time", NULL, FR_NONE, "clock time at which the edge finished the answer (UTC)"),
    [F_CS_HOST] = FIELD_TEXT("cs(Host)", "cs_host", 0, FR_NONE, "domain name of the distribution"),
    [F_STEM] = FIELD_TEXT("cs-uri-stem", "cs_uri_stem uri", FF_URLENC, FR_PATH, "path of the URL"),
    [F_REFERER] = FIELD_TEXT("cs(Referer)", "cs_referrer cs_referer referrer referer", FF_URLENC,
                             FR_NONE, "Referer header"),
    [F_AGENT] = FIELD_TEXT("cs(User-Agent)", "cs_user_agent", FF_URLENC | FF_URLENC2, FR_USER_AGENT,
                           "User-Agent header"),
    [F_QUERY] = FIELD_TEXT("cs-uri-query", "cs_uri_query query_string", FF_NOCOL | FF_URLENC,
                           FR_QUERY, "query string of the URL"),
    [F_COOKIE] = FIELD_TEXT("cs(Cookie)", "cs_cookie cookie", FF_NOCOL | FF_URLENC, FR_NONE,
                            "Cookie header, if cookies are logged"),
    [F_HOST] = FIELD_TEXT("x-host-header", "x_host_header host_header", 0, FR_HOST,
                          "Host header of the viewer: the alias where one is used"),
    [F_S_IP] = FIELD_IP("s-ip", "s_ip serverIp", FR_NONE, "address of the edge server"),
    [F_STAMP] = FIELD_TIME("timestamp", NULL, FF_NOCOL, "end of the answer, seconds since 1970"),
    [F_STAMP_MS] =
        FIELD_TIME("timestamp(ms)", NULL, FF_NOCOL, "end of the answer, milliseconds since 1970"),
    [F_TEMPLATE] = DERIVED_FIELD("path_template", NULL, derive_path_template, F_STEM,
                                 "path of the request with its ids folded"),
    [F_DECODED] = DERIVED_FIELD("path_decoded", NULL, derive_decoded, F_STEM,
                                "path of the request without percent-encoding"),
    [F_QUERY_DECODED] = DERIVED_FIELD("query_decoded", NULL, derive_decoded, F_QUERY,
                                      "query string without percent-encoding"),
    [F_AGENT_DECODED] = DERIVED_FIELD("user_agent_decoded", NULL, derive_decoded_twice, F_AGENT,
                                      "User-Agent header without percent-encoding"),
    [F_EVENT_STAMP] =
        FIELD_TIME("eventTimestamp", NULL, FF_NOCOL, "connection log: when it happened (UTC)"),
    [F_CONN_STATUS] =
        FIELD_TEXT("connectionStatus", NULL, 0, FR_NONE, "connection log: Success or Failed:..."),
    [F_CONN_STATUS + 1] =
        FIELD_TEXT("distributionId", NULL, 0, FR_NONE, "connection log: the distribution"),
    FIELD("tlsHandshakeDuration", NULL, FK_NUM, 0, UNIT_MS, 0, FR_NONE,
          "connection log: time that the handshake took"),
    FIELD_TEXT("tlsSni", NULL, 0, FR_NONE, "connection log: host name of the TLS handshake (SNI)"),
    FIELD_LONG("clientLeafCertSerialNumber", NULL, FR_NONE,
               "connection log: serial number of the client's certificate"),
    FIELD_TEXT("clientLeafCertSubject", NULL, 0, FR_NONE,
               "connection log: subject of the client's certificate"),
    FIELD_TEXT("clientLeafCertIssuer", NULL, 0, FR_NONE,
               "connection log: issuer of the client's certificate"),
    FIELD_TEXT("clientLeafCertValidity", NULL, 0, FR_NONE,
               "connection log: when the client's certificate is valid"),
    FIELD_TEXT("connectionLogCustomData", NULL, FF_NOCOL, FR_NONE,
               "connection log: text of a connection function"),
    [F_RTMP_EVENT] = FIELD_TEXT("x-event", NULL, FF_NOCOL, FR_NONE,
                                "tells logs of RTMP streams, whose records are not read"),
};

/* The columns without a header: 12, 15, 18, 19, 23, 24, 26 or 33 of them. */
static const uint16_t legacy[] = {
    F_DATE,       F_TIME,     F_EDGE,     F_SC_BYTES,    F_C_IP,       F_METHOD,    F_CS_HOST,
    F_STEM,       F_STATUS,   F_REFERER,  F_AGENT,       F_QUERY,      F_COOKIE,    F_RESULT,
    F_REQUEST_ID, F_HOST,     F_PROTOCOL, F_CS_BYTES,    F_TAKEN,      F_FORWARDED, F_TLS,
    F_CIPHER,     F_RESPONSE, F_VERSION,  F_FLE,         F_FLE_FIELDS, F_C_PORT,    F_FIRST_BYTE,
    F_DETAIL,     F_TYPE,     F_LENGTH,   F_RANGE_START, F_RANGE_END,
};

#define MIN_LEGACY 12
#define MIN_BLANKS 24 /* columns that make a line without tabs credible */
#define DATE_LEN 10

/* --- records --- */

/* Seconds of hh:mm:ss. */
static bool clock_time(struct slice s, int64_t *us)
{
    char iso[] = "1970-01-01T00:00:00";

    if (s.len != 8)
        return false;
    memcpy(iso + DATE_LEN + 1, s.ptr, 8);
    return parse_iso8601(slice_of(iso, sizeof(iso) - 1), us);
}

static bool event_time(const struct slice *val, int64_t *ts)
{
    int64_t day, clock = 0;

    if (parse_epoch(val[F_STAMP_MS], ts) || parse_epoch(val[F_STAMP], ts) ||
        parse_iso8601(val[F_STAMP], ts) || parse_epoch(val[F_EVENT_STAMP], ts) ||
        parse_iso8601(val[F_EVENT_STAMP], ts))
        return true;
    if (!parse_date(val[F_DATE], &day) || (val[F_TIME].ptr && !clock_time(val[F_TIME], &clock)))
        return false;
    *ts = day + clock;
    return true;
}

/* Whether the columns have a time at all: the user chose them, and without a day there is none. */
static bool has_time(const struct slice *val)
{
    return val[F_DATE].ptr || val[F_STAMP].ptr || val[F_STAMP_MS].ptr;
}

/* By the header, or as the legacy log. */
static struct tok_result split(struct logtype *lt, const struct layout *lay, struct slice line,
                               struct record *rec)
{
    struct tok_map map = {legacy, ARRAY_LEN(legacy), lt->n_static};
    struct tok_result got;

    if (lay)
        return w3c_split(lay, lt->n_static, line, rec);
    got = memchr(line.ptr, '\t', line.len) ? tok_sep(line, '\t', map, rec->val)
                                           : tok_runs(line, map, rec->val);
    rec->n_val = MAX(rec->n_val, got.n_val);
    return got;
}

static bool credible(struct slice line, const struct layout *lay, unsigned n)
{
    if (lay)
        return w3c_is_credible(lay, n);
    return n >= (memchr(line.ptr, '\t', line.len) ? MIN_LEGACY : MIN_BLANKS);
}

/* No header says what the columns are: the first ones must look like those of the legacy log. */
static bool is_legacy(const struct slice *val)
{
    struct ip ip;

    return (value_missing(val[F_SC_BYTES]) || is_digits(val[F_SC_BYTES])) &&
           (value_missing(val[F_C_IP]) || parse_ip(val[F_C_IP], &ip)) &&
           (value_missing(val[F_STATUS]) || is_status(val[F_STATUS]));
}

/* Any of the fields that nothing else has; which ones there are is the user's choice. */
static bool has_field(const struct slice *val)
{
    static const uint16_t own[] = {
        F_EDGE,     F_RESULT,   F_RESPONSE,   F_DETAIL,      F_REQUEST_ID, F_METHOD,
        F_STEM,     F_QUERY,    F_STATUS,     F_AGENT,       F_HOST,       F_CS_HOST,
        F_STAMP_MS, F_BEHAVIOR, F_FIRST_BYTE, F_CONN_STATUS,
    };

    for (unsigned i = 0; i < ARRAY_LEN(own); i++)
        if (val[own[i]].ptr)
            return true;
    return false;
}

/* Version 2 as JSON: keys as in the header line; also the connection log of mutual TLS. */
static enum parse_result parse_json(struct logtype *lt, struct slice line, struct record *rec)
{
    const struct slice *val = rec->val;

    if (json_record(lt, line, rec) != PARSE_OK)
        return PARSE_BAD;
    if (!has_field(val))
        return record_bad(rec, REASON_SHAPE);
    if (!event_time(val, &rec->ts))
        rec->ts = TIME_NONE;
    return rec->ts == TIME_NONE && has_time(val) ? record_bad(rec, REASON_TIME) : PARSE_OK;
}

static enum parse_result parse(struct logtype *lt, const struct layout **lay, struct slice line,
                               struct record *rec)
{
    struct tok_result got;

    if (unlikely(is_json_object(line)))
        return parse_json(lt, line, rec);
    record_begin(rec, lt);
    if (w3c_is_comment(line)) {
        w3c_read_header(lt, lay, line);
        return PARSE_HEADER;
    }
    if (!line.len)
        return record_bad(rec, REASON_SHORT);
    got = split(lt, *lay, line, rec);
    if (!event_time(rec->val, &rec->ts) && (has_time(rec->val) || !*lay))
        return record_bad(rec, *lay || got.n < MIN_LEGACY ? REASON_TIME : REASON_HEADER);
    if (unlikely(rec->val[F_RTMP_EVENT].ptr)) /* its columns are called alike and mean others */
        return record_bad(rec, REASON_RTMP);
    if (!credible(line, *lay, got.n))
        return record_bad(rec, REASON_SHORT);
    return *lay || is_legacy(rec->val) ? PARSE_OK : record_bad(rec, REASON_SHAPE);
}

/* --- detection --- */

static int detect(const struct probe *p)
{
    bool named = path_has(p, "/CloudFront/");
    int score = probe_json(p,
                           "x-edge-location|x-edge-result-type|x-edge-response-result-type|"
                           "x-edge-detailed-result-type|x-edge-request-id|x-host-header|"
                           "cs-uri-stem|cs-uri-query|cs(User-Agent)|cs(Host)|timestamp(ms)|"
                           "cache-behavior-path-pattern|time-to-first-byte",
                           named);

    if (!score)
        score = probe_json(p, "connectionStatus eventTimestamp|connectionId|clientIp", named);
    if (score)
        return score;
    score = w3c_probe(p);
    if (score >= 0)
        return score;
    return probe_records(p, "cloudfront", named);
}

static const char *const samples[] = {
    "#Version: 1.0",
    "#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status "
    "cs(Referer) cs(User-Agent) cs-uri-query x-edge-result-type timestamp(ms) x-new-column",
    "2024-06-07\t08:09:10\tDUB56-P1\t1234\t2001:db8::5\tGET\td0example.cloudfront.net\t"
    "/a%20b.html\t200\t-\tAgent/1.0%2520(test)\tq=1&r=2\tHit\t1717747750123\tnew value",
    "#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status "
    "cs(Referer) cs(User-Agent) cs-uri-query",
    "2013-06-07\t08:09:10\tLHR5\t99\t203.0.113.2\tHEAD\td0example.cloudfront.net\t/\t000\t-\t-"
    "\t-\tsurplus",
    NULL,
};

const struct format format_cloudfront = {
    .name = "cloudfront",
    .title = "CloudFront standard log",
    .doc_url = "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/"
               "standard-logs-reference.html",
    .fields = fields,
    .n_fields = N_FIELDS,
    .header = true,
    .header_mark = W3C_MARK,
    .json = true,
    .detect = detect,
    .parse = parse,
    .samples = samples,
};
