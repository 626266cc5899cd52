/* cloudfront.c - CloudFront standard log: tab separated, columns named by a #Fields line that may
 * stand anywhere in the file. Without one the columns are those of the legacy log, which only ever
 * grew at its end. Pasted lines whose tabs became blanks are read too: values have no blanks. */
#include "formats/table.h"
#include "json.h"
#include "tok_space.h"
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
    F_CITY,
    F_EDGE_COUNTRY,
    F_EVENT_STAMP,
    F_CONN_STATUS, /* and the others of the connection log */
    N_FIELDS = F_CONN_STATUS + 9
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

/* --- the header --- */

static bool is_header(struct slice line)
{
    return line.len && line.ptr[0] == '#';
}

static bool next_name(struct slice *names, struct slice *name)
{
    *names = slice_trim(*names);
    if (!names->len)
        return false;
    name->ptr = names->ptr;
    name->len = 0;
    while (name->len < names->len && names->ptr[name->len] != ' ' && names->ptr[name->len] != '\t')
        name->len++;
    names->ptr += name->len;
    names->len -= name->len;
    return true;
}

static int column(struct logtype *lt, struct slice name)
{
    int at = logtype_lookup(lt, name);

    return at >= 0 ? at : logtype_field(lt, name, true);
}

static void read_header(struct logtype *lt, const struct layout **lay, struct slice line)
{
    static const char mark[] = "#Fields:";
    const struct layout *learned;
    uint16_t field[MAX_COLUMNS];
    struct slice name;
    unsigned n = 0;

    if (!slice_starts(line, mark))
        return;
    line.ptr += sizeof(mark) - 1;
    line.len -= sizeof(mark) - 1;
    while (n < MAX_COLUMNS && next_name(&line, &name)) {
        int at = column(lt, name);

        if (at < 0)
            break;
        field[n++] = (uint16_t)at;
    }
    learned = n ? layout_intern(lt, field, n) : NULL;
    if (learned)
        *lay = learned;
}

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
    int64_t day, clock;

    if (parse_epoch(val[F_STAMP_MS], ts) || parse_epoch(val[F_STAMP], ts) ||
        parse_iso8601(val[F_STAMP], ts) || parse_epoch(val[F_EVENT_STAMP], ts) ||
        parse_iso8601(val[F_EVENT_STAMP], ts))
        return true;
    if (!parse_date(val[F_DATE], &day) || !clock_time(val[F_TIME], &clock))
        return false;
    *ts = day + clock;
    return true;
}

/* Whether the columns have a time at all. */
static bool has_time(const struct slice *val)
{
    return val[F_DATE].ptr || val[F_TIME].ptr || val[F_STAMP].ptr || val[F_STAMP_MS].ptr;
}

static unsigned highest(const struct layout *lay)
{
    unsigned max = 0;

    for (unsigned i = 0; i < lay->n; i++)
        max = MAX(max, lay->field[i]);
    return max;
}

/* Room for the columns that a header added behind the static ones. */
static void clear_learned(struct record *rec, unsigned last)
{
    for (; rec->n_val <= last; rec->n_val++)
        rec->val[rec->n_val] = (struct slice){NULL, 0};
}

static struct tok_result split(struct slice line, struct tok_map map, struct slice *val)
{
    if (memchr(line.ptr, '\t', line.len))
        return tok_sep(line, '\t', map, val);
    return tok_runs(line, map, val);
}

static bool credible(struct slice line, const struct layout *lay, unsigned n)
{
    if (lay)
        return n * 2 >= lay->n;
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

/* Version 2 as JSON: keys as in the header line; also the connection log of mutual TLS. */
static enum parse_result parse_json(struct logtype *lt, struct slice line, struct record *rec)
{
    const struct slice *val = rec->val;

    if (json_record(lt, line, rec) != PARSE_OK)
        return PARSE_BAD;
    if (!val[F_EDGE].ptr && !val[F_RESULT].ptr && !val[F_METHOD].ptr && !val[F_CONN_STATUS].ptr)
        return record_bad(rec, REASON_SHAPE);
    if (!event_time(val, &rec->ts))
        rec->ts = TIME_NONE;
    return rec->ts == TIME_NONE && has_time(val) ? record_bad(rec, REASON_TIME) : PARSE_OK;
}

static enum parse_result parse(struct logtype *lt, const struct layout **lay, struct slice line,
                               struct record *rec)
{
    struct tok_map map = {legacy, ARRAY_LEN(legacy), lt->n_static};
    struct tok_result got;

    if (unlikely(is_json_object(line)))
        return parse_json(lt, line, rec);
    record_begin(rec, lt);
    if (is_header(line)) {
        read_header(lt, lay, line);
        return PARSE_HEADER;
    }
    if (!line.len)
        return record_bad(rec, REASON_SHORT);
    if (*lay) {
        map.field = (*lay)->field;
        map.n = (*lay)->n;
        clear_learned(rec, highest(*lay));
    }
    got = split(line, map, rec->val);
    rec->n_val = MAX(rec->n_val, got.n_val);
    if (!event_time(rec->val, &rec->ts) && (has_time(rec->val) || !*lay))
        return record_bad(rec, *lay || got.n < MIN_LEGACY ? REASON_TIME : REASON_HEADER);
    if (!credible(line, *lay, got.n))
        return record_bad(rec, REASON_SHORT);
    return *lay || is_legacy(rec->val) ? PARSE_OK : record_bad(rec, REASON_SHAPE);
}

/* --- detection --- */

static unsigned known_names(struct slice names)
{
    struct slice name;
    unsigned n = 0;

    while (next_name(&names, &name)) {
        n += slice_starts(name, "x-edge-") || slice_starts(name, "cs-") ||
             slice_starts(name, "cs(") || slice_starts(name, "sc-");
        n += slice_is(name, "x-edge-location"); /* no other log has it */
    }
    return n;
}

static int detect(const struct probe *p)
{
    struct slice head = p->head, line;
    int score = probe_json(p,
                           "x-edge-location|x-edge-result-type|connectionStatus "
                           "cs-method|c-ip|sc-status|date|timestamp|eventTimestamp",
                           false);

    if (score)
        return score;
    while (probe_line(&head, &line) && is_header(line))
        if (slice_starts(line, "#Fields:"))
            return known_names(line) >= 2 ? 95 : 0;
    return probe_records(p, "cloudfront", path_has(p, "/CloudFront/"));
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
    .header_mark = "#Fields:",
    .json = true,
    .detect = detect,
    .parse = parse,
    .samples = samples,
};
