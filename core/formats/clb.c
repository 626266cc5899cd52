/* clb.c - Classic Load Balancer access log: 12 or 15 fields. A user agent may hold raw line feeds;
 * such a record asks for the next line until its quote ends. */
#include "formats/elb.h"
#include "formats/table.h"
#include "value.h"

enum {
    F_TIME,
    F_ELB,
    F_CLIENT,
    F_CLIENT_IP,
    F_CLIENT_PORT,
    F_BACKEND,
    F_BACKEND_IP,
    F_BACKEND_PORT,
    F_REQUEST_TIME,
    F_BACKEND_TIME,
    F_RESPONSE_TIME,
    F_ELB_STATUS,
    F_BACKEND_STATUS,
    F_RECEIVED,
    F_SENT,
    F_REQUEST,
    F_VERB,
    F_URL,
    F_HOST,
    F_PATH,
    F_QUERY,
    F_PROTO,
    F_AGENT,
    F_CIPHER,
    F_PROTOCOL,
    F_TEMPLATE,
    F_DECODED,
    F_QUERY_DECODED,
    F_SCHEME,
    F_URL_PORT,
    N_FIELDS
};

static const struct field_def fields[N_FIELDS] = {
#include "formats/request_fields.def"
    [F_TIME] = FIELD_TIME("timestamp", "time", FF_NOCOL, "when the request arrived"),
    [F_ELB] = FIELD_TEXT("elb", "elb_name", 0, FR_NONE, "name of the balancer"),
    [F_CLIENT_IP] = FIELD_IP("client_ip", "request_ip", FR_CLIENT_IP, "address of the caller"),
    [F_CLIENT_PORT] = FIELD_PORT("client_port", "request_port", "source port of the caller"),
    [F_BACKEND] = FIELD_WHOLE("backend:port", NULL, 0, "address and port of the instance"),
    [F_BACKEND_IP] =
        FIELD_IP("backend_ip", "target_ip", FR_SERVER_IP,
                 "address of the instance; none if it was not reached or did not answer"),
    [F_BACKEND_PORT] = FIELD_PORT("backend_port", "target_port", "port of the instance"),
    [F_REQUEST_TIME] = FIELD("request_processing_time", NULL, FK_NUM, 6, UNIT_S, FF_NEG1, FR_NONE,
                             "from receipt of the request until it went to an instance"),
    [F_BACKEND_TIME] = FIELD(
        "backend_processing_time", "target_processing_time", FK_NUM, 6, UNIT_S, FF_NEG1,
        FR_DURATION, "until the instance's response headers began; TCP: until it was connected"),
    [F_RESPONSE_TIME] =
        FIELD("response_processing_time", "client_response_time", FK_NUM, 6, UNIT_S, FF_NEG1,
              FR_NONE, "from the instance's headers until the answer to the client began"),
    [F_ELB_STATUS] = FIELD("elb_status_code", "elb_response_code", FK_NUM, 0, UNIT_NONE, FF_STATUS,
                           FR_STATUS, "status that the client got; none on TCP and SSL listeners"),
    [F_BACKEND_STATUS] =
        FIELD("backend_status_code", "backend_response_code target_status_code", FK_NUM, 0,
              UNIT_NONE, FF_STATUS, FR_NONE, "status that the instance gave"),
    [F_RECEIVED] = FIELD_BYTES("received_bytes", NULL, FR_BYTES_IN,
                               "size of the request body; TCP: everything from the client"),
    [F_SENT] = FIELD_BYTES("sent_bytes", NULL, FR_BYTES_OUT,
                           "size of the response body; TCP: everything to the client"),
    [F_URL] = FIELD_TEXT("request_url", "url", FF_NOCOL | FF_HEXESC, FR_NONE,
                         "the whole URL with scheme, host and port"),
    [F_PROTO] = FIELD_TEXT("request_proto", "protocol", 0, FR_NONE, "HTTP version"),
};

static const uint16_t order[] = {
    F_TIME,         F_ELB,           F_CLIENT,     F_BACKEND,        F_REQUEST_TIME,
    F_BACKEND_TIME, F_RESPONSE_TIME, F_ELB_STATUS, F_BACKEND_STATUS, F_RECEIVED,
    F_SENT,         F_REQUEST,       F_AGENT,      F_CIPHER,         F_PROTOCOL,
};

#define MIN_FIELDS 8 /* up to elb_status_code */
#define TIME_LEN 20  /* the shortest ISO 8601 time of a record */

/* A line feed inside the open quote that a new record follows: the quote never ends. */
static bool next_record_inside(struct slice line)
{
    const char *p = line.ptr, *end = line.ptr + line.len;
    int64_t us;

    while ((p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
        struct slice rest = slice_of(p + 1, (size_t)(end - p - 1));

        if (rest.len > TIME_LEN && parse_iso8601(slice_cut(&rest, ' '), &us))
            return true;
        p++;
    }
    return false;
}

static bool is_seconds(struct slice s)
{
    int64_t n;

    return parse_fixed(s, 6, &n);
}

/* Where the client is a dash or an address without a port, the three times must be numbers. */
static bool shape_fits(const struct slice *val)
{
    struct ip ip;

    if (!is_status(val[F_ELB_STATUS]))
        return false;
    return is_addr_port(val[F_CLIENT]) ||
           ((value_missing(val[F_CLIENT]) || parse_ip(val[F_CLIENT], &ip)) &&
            is_seconds(val[F_REQUEST_TIME]) && is_seconds(val[F_BACKEND_TIME]) &&
            is_seconds(val[F_RESPONSE_TIME]));
}

#define AGENT_AT 12 /* in the order of fields */

/* The agent is cut behind a backslash: the quote that ends it looks escaped, so none ends it. */
static bool mend_cut_agent(struct logtype *lt, struct record *rec)
{
    const struct tok_map map = {order + AGENT_AT + 1, ARRAY_LEN(order) - AGENT_AT - 1,
                                lt->n_static};
    struct slice rest;

    if (rec->val[F_AGENT].len < ELB_AGENT_LONG || !elb_cut_agent(&rec->val[F_AGENT], &rest))
        return false;
    tok_quoted(rest, map, rec->val);
    return true;
}

static enum parse_result parse(struct logtype *lt, const struct layout **lay, struct slice line,
                               struct record *rec)
{
    struct tok_result got;

    (void)lay;
    record_begin(rec, lt);
    got = tok_quoted(line, (struct tok_map){order, ARRAY_LEN(order), lt->n_static}, rec->val);
    rec->n_val = got.n_val;
    if (!parse_iso8601(rec->val[F_TIME], &rec->ts))
        return record_bad(rec, REASON_TIME);
    if (got.n < MIN_FIELDS)
        return record_bad(rec, REASON_SHORT);
    if (!shape_fits(rec->val))
        return record_bad(rec, REASON_SHAPE);
    if (got.open && !mend_cut_agent(lt, rec))
        return next_record_inside(line) ? record_bad(rec, REASON_QUOTE) : PARSE_MORE;
    elb_split_addr(rec->val, F_CLIENT);
    elb_split_addr(rec->val, F_BACKEND);
    elb_split_request(rec->val, F_REQUEST);
    return PARSE_OK;
}

static int detect(const struct probe *p)
{
    return probe_records(p, "clb", path_is_elb(p, ""));
}

static const char *const samples[] = {
    "2016-04-05T06:07:08.123456Z front 198.51.100.8:40000 10.0.3.4:80 0.000045 0.012345 0.000031 "
    "200 200 0 4321 \"GET http://www.example.org:80/a/b?c=d HTTP/1.1\" \"curl/7.43.0\" - -",
    "2016-04-05T06:07:09.000000Z front 198.51.100.8:40001 - -1 -1 -1 503 0 0 0 "
    "\"GET https://www.example.org:443/ HTTP/1.1\" \"a \\\"quoted\\\" agent\" "
    "ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2",
    "2016-04-05T06:07:10.5Z tcp-front 198.51.100.8:40002 10.0.3.4:443 0.001 0.00002 0.00003 - - "
    "57 502 \"- - - \" \"-\" - -",
    "2014-04-05T06:07:10.500000Z oldest 198.51.100.8:40002 10.0.3.4:80 0.001 0.00002 0.00003 404 "
    "404 57 502 \"HEAD http://www.example.org:80/x HTTP/1.0\"",
    "2016-04-05T06:07:11.000000Z front 198.51.100.8:40003 10.0.3.4:80 0.000045 0.012345 0.000031 "
    "200 200 0 1 \"GET http://www.example.org:80/ HTTP/1.1\" \"first\nsecond\" - -",
    NULL,
};

const struct format format_clb = {
    .name = "clb",
    .title = "Classic Load Balancer access log",
    .doc_url = "https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/"
               "access-log-collection.html",
    .fields = fields,
    .n_fields = N_FIELDS,
    .multiline = true,
    .detect = detect,
    .parse = parse,
    .samples = samples,
};
