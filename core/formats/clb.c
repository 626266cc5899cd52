/* clb.c - Classic Load Balancer access log: 12 or 15 fields. A user agent may hold raw line feeds;
 * such a record asks for the next line until its quote ends. */
#include "derive.h"
#include "tok_space.h"
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
    N_FIELDS
};

static const struct field_def fields[N_FIELDS] = {
    [F_TIME] = {"timestamp", "time", FK_TIME, 0, UNIT_NONE, FF_NOCOL, ROLE_NONE,
                "when the request arrived"},
    [F_ELB] = {"elb", "elb_name", FK_TEXT, 0, UNIT_NONE, 0, ROLE_NONE, "name of the balancer"},
    [F_CLIENT] = {"client:port", NULL, FK_TEXT, 0, UNIT_NONE, FF_NOCOL | FF_COMPOSITE, ROLE_NONE,
                  "address and port of the caller"},
    [F_CLIENT_IP] = {"client_ip", "request_ip", FK_IP, 0, UNIT_NONE, 0, ROLE_CLIENT_IP,
                     "address of the caller"},
    [F_CLIENT_PORT] = {"client_port", "request_port", FK_NUM, 0, UNIT_NONE, FF_PORT, ROLE_NONE,
                       "source port of the caller"},
    [F_BACKEND] = {"backend:port", NULL, FK_TEXT, 0, UNIT_NONE, FF_NOCOL | FF_COMPOSITE, ROLE_NONE,
                   "address and port of the instance"},
    [F_BACKEND_IP] = {"backend_ip", "target_ip", FK_IP, 0, UNIT_NONE, 0, ROLE_SERVER_IP,
                      "address of the instance; none if it was not reached or did not answer"},
    [F_BACKEND_PORT] = {"backend_port", "target_port", FK_NUM, 0, UNIT_NONE, FF_PORT, ROLE_NONE,
                        "port of the instance"},
    [F_REQUEST_TIME] = {"request_processing_time", NULL, FK_NUM, 6, UNIT_S, FF_NEG1, ROLE_NONE,
                        "from receipt of the request until it went to an instance"},
    [F_BACKEND_TIME] = {"backend_processing_time", "target_processing_time", FK_NUM, 6, UNIT_S,
                        FF_NEG1, ROLE_DURATION,
                        "until the instance's response headers began; TCP: until it was connected"},
    [F_RESPONSE_TIME] = {"response_processing_time", "client_response_time", FK_NUM, 6, UNIT_S,
                         FF_NEG1, ROLE_NONE,
                         "from the instance's headers until the answer to the client began"},
    [F_ELB_STATUS] = {"elb_status_code", "elb_response_code", FK_NUM, 0, UNIT_NONE, FF_STATUS,
                      ROLE_STATUS, "status that the client got; none on TCP and SSL listeners"},
    [F_BACKEND_STATUS] = {"backend_status_code", "backend_response_code target_status_code", FK_NUM,
                          0, UNIT_NONE, FF_STATUS, ROLE_NONE, "status that the instance gave"},
    [F_RECEIVED] = {"received_bytes", NULL, FK_NUM, 0, UNIT_BYTES, 0, ROLE_BYTES_IN,
                    "size of the request body; TCP: everything from the client"},
    [F_SENT] = {"sent_bytes", NULL, FK_NUM, 0, UNIT_BYTES, 0, ROLE_BYTES_OUT,
                "size of the response body; TCP: everything to the client"},
    [F_REQUEST] = {"request", "request_line", FK_TEXT, 0, UNIT_NONE,
                   FF_NOCOL | FF_COMPOSITE | FF_HEXESC, ROLE_NONE,
                   "the request line: method, URL and version"},
    [F_VERB] = {"request_verb", NULL, FK_TEXT, 0, UNIT_NONE, 0, ROLE_METHOD, "HTTP method"},
    [F_URL] = {"request_url", "url", FK_TEXT, 0, UNIT_NONE, FF_NOCOL | FF_HEXESC, ROLE_NONE,
               "the whole URL with scheme, host and port"},
    [F_HOST] = {"request_host", NULL, FK_TEXT, 0, UNIT_NONE, FF_DERIVED | FF_HEXESC, ROLE_HOST,
                "host of the URL, without its port"},
    [F_PATH] = {"request_path", NULL, FK_TEXT, 0, UNIT_NONE, FF_DERIVED | FF_HEXESC, ROLE_PATH,
                "path of the URL"},
    [F_QUERY] = {"request_query", NULL, FK_TEXT, 0, UNIT_NONE, FF_NOCOL | FF_DERIVED | FF_HEXESC,
                 ROLE_QUERY, "query string of the URL"},
    [F_PROTO] = {"request_proto", "protocol", FK_TEXT, 0, UNIT_NONE, 0, ROLE_NONE, "HTTP version"},
    [F_AGENT] = {"user_agent", NULL, FK_TEXT, 0, UNIT_NONE, FF_HEXESC, ROLE_USER_AGENT,
                 "User-Agent header, cut at 8 KB"},
    [F_CIPHER] = {"ssl_cipher", NULL, FK_TEXT, 0, UNIT_NONE, 0, ROLE_NONE,
                  "TLS cipher of an HTTPS or SSL listener"},
    [F_PROTOCOL] = {"ssl_protocol", NULL, FK_TEXT, 0, UNIT_NONE, 0, ROLE_NONE, "TLS version"},
    [F_TEMPLATE] = DERIVED_FIELD("path_template", NULL, derive_path_template, F_PATH,
                                 "path of the request with its ids folded"),
    [F_DECODED] = DERIVED_FIELD("path_decoded", NULL, derive_decoded, F_PATH,
                                "path of the request without percent-encoding"),
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

static bool shape_fits(const struct slice *val)
{
    return is_addr_port(val[F_CLIENT]) && is_status(val[F_ELB_STATUS]);
}

static void split_parts(struct slice *val)
{
    struct request_parts r = split_request(val[F_REQUEST]);

    split_addr_port(val[F_CLIENT], &val[F_CLIENT_IP], &val[F_CLIENT_PORT]);
    split_addr_port(val[F_BACKEND], &val[F_BACKEND_IP], &val[F_BACKEND_PORT]);
    val[F_VERB] = r.verb;
    val[F_URL] = r.url;
    val[F_PROTO] = r.proto;
    val[F_HOST] = r.host;
    val[F_PATH] = r.path;
    val[F_QUERY] = r.query;
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
    if (got.open)
        return next_record_inside(line) ? record_bad(rec, REASON_QUOTE) : PARSE_MORE;
    split_parts(rec->val);
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
