/* alb.c - Application Load Balancer access log: blank separated, quoted fields, 18 to 34 of them
 * by the age of the line. Composites are split in place: client:port, target:port, request. */
#include "formats/elb.h"
#include "formats/table.h"
#include "formats/w3c.h"
#include "json.h"
#include "value.h"

enum {
    F_TYPE,
    F_TIME,
    F_ELB,
    F_CLIENT,
    F_CLIENT_IP,
    F_CLIENT_PORT,
    F_TARGET,
    F_TARGET_IP,
    F_TARGET_PORT,
    F_REQUEST_TIME,
    F_TARGET_TIME,
    F_RESPONSE_TIME,
    F_ELB_STATUS,
    F_TARGET_STATUS,
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
    F_GROUP,
    F_TRACE,
    F_DOMAIN,
    F_CERT,
    F_PRIORITY,
    F_CREATED,
    F_ACTIONS,
    F_REDIRECT,
    F_ERROR,
    F_TARGETS,
    F_TARGET_STATUSES,
    F_CLASS,
    F_CLASS_REASON,
    F_CONN,
    F_NEW_HOST,
    F_NEW_URI,
    F_TRANSFORM,
    F_NODE,
    F_TEMPLATE,
    F_DECODED,
    F_QUERY_DECODED,
    F_SCHEME,
    F_URL_PORT,
    F_GROUP_NAME,
    F_ELB_NAME,
    N_FIELDS
};

static const struct field_def fields[N_FIELDS] = {
#include "formats/request_fields.def"
    [F_TYPE] = FIELD_TEXT("type", NULL, 0, FR_NONE,
                          "protocol of the request: http, https, h2, grpcs, ws or wss"),
    [F_TIME] = FIELD_TIME(
        "time", "timestamp", FF_NOCOL,
        "when the answer to the client was made; for WebSockets when the connection ended"),
    [F_ELB] = FIELD_TEXT("elb", NULL, 0, FR_NONE, "the load balancer, as app/NAME/ID"),
    [F_CLIENT_IP] = FIELD_IP("client_ip", NULL, FR_CLIENT_IP, "address of the caller"),
    [F_CLIENT_PORT] = FIELD_PORT("client_port", NULL, "source port of the caller"),
    [F_TARGET] = FIELD_WHOLE("target:port", NULL, 0, "address and port of the target"),
    [F_TARGET_IP] =
        FIELD_IP("target_ip", NULL, FR_SERVER_IP,
                 "address of the target; none if the balancer answered itself or for Lambda"),
    [F_TARGET_PORT] = FIELD_PORT("target_port", NULL, "port of the target"),
    [F_REQUEST_TIME] = FIELD("request_processing_time", NULL, FK_NUM, 3, UNIT_S, FF_NEG1, FR_NONE,
                             "from receipt of the request until it went to a target"),
    [F_TARGET_TIME] = FIELD("target_processing_time", NULL, FK_NUM, 3, UNIT_S, FF_NEG1, FR_DURATION,
                            "from sending to the target until its response headers began"),
    [F_RESPONSE_TIME] =
        FIELD("response_processing_time", NULL, FK_NUM, 3, UNIT_S, FF_NEG1, FR_NONE,
              "from the target's response headers until the answer to the client began"),
    [F_ELB_STATUS] =
        FIELD("elb_status_code", NULL, FK_NUM, 0, UNIT_NONE, FF_STATUS, FR_STATUS,
              "status that the client got, from the target or from the balancer itself"),
    [F_TARGET_STATUS] = FIELD("target_status_code", NULL, FK_NUM, 0, UNIT_NONE, FF_STATUS, FR_NONE,
                              "status that the target gave; none if no target answered"),
    [F_RECEIVED] =
        FIELD_BYTES("received_bytes", NULL, FR_BYTES_IN, "bytes from the client, headers included"),
    [F_SENT] =
        FIELD_BYTES("sent_bytes", NULL, FR_BYTES_OUT, "bytes to the client, headers included"),
    [F_URL] = FIELD_TEXT("request_url", NULL, FF_NOCOL | FF_HEXESC, FR_NONE,
                         "the whole URL with scheme, host and port"),
    [F_PROTO] = FIELD_TEXT("request_proto", NULL, 0, FR_NONE, "HTTP version"),
    [F_GROUP] =
        FIELD_TEXT("target_group_arn", NULL, 0, FR_NONE, "target group that the request went to"),
    [F_TRACE] =
        FIELD_TEXT("trace_id", NULL, FF_NOCOL | FF_HEXESC, FR_TRACE_ID, "X-Amzn-Trace-Id header"),
    [F_DOMAIN] =
        FIELD_TEXT("domain_name", NULL, 0, FR_NONE, "host name of the TLS handshake (SNI)"),
    [F_CERT] = FIELD_TEXT("chosen_cert_arn", NULL, 0, FR_NONE,
                          "certificate shown to the client, or session-reused"),
    [F_PRIORITY] =
        FIELD_COUNT("matched_rule_priority", NULL,
                    "priority of the rule that matched; 0 default action, -1 rules failed"),
    [F_CREATED] = FIELD_TIME("request_creation_time", NULL, 0, "when the request arrived"),
    [F_ACTIONS] = FIELD_TEXT("actions_executed", NULL, 0, FR_NONE,
                             "actions of the rule in order, comma separated"),
    [F_REDIRECT] = FIELD_TEXT("redirect_url", NULL, FF_NOCOL | FF_HEXESC, FR_NONE,
                              "where a redirect action sent the client"),
    [F_ERROR] = FIELD_TEXT("error_reason", "lambda_error_reason", 0, FR_ERROR,
                           "why an authenticate, forward, Lambda or WAF action failed"),
    [F_TARGETS] =
        FIELD_LONG("target:port_list", NULL, FR_NONE, "targets that worked on the request"),
    [F_TARGET_STATUSES] = FIELD_LONG("target_status_code_list", NULL, FR_NONE, "their statuses"),
    [F_CLASS] = FIELD_TEXT("classification", NULL, 0, FR_NONE,
                           "desync verdict: Acceptable, Ambiguous or Severe"),
    [F_CLASS_REASON] =
        FIELD_TEXT("classification_reason", NULL, 0, FR_NONE, "reason of the desync verdict"),
    [F_CONN] = FIELD_LONG("conn_trace_id", NULL, FR_NONE,
                          "id of the connection, the same in the connection log"),
    [F_NEW_HOST] = FIELD_TEXT("transformed_host", NULL, FF_HEXESC, FR_NONE,
                              "host after a transform of the rule"),
    [F_NEW_URI] = FIELD_TEXT("transformed_uri", NULL, FF_NOCOL | FF_HEXESC, FR_NONE,
                             "URI after a transform of the rule"),
    [F_TRANSFORM] =
        FIELD_TEXT("request_transform_status", NULL, 0, FR_NONE, "how the transform went"),
    [F_NODE] = FIELD_IP("ip_address", NULL, FR_NONE, "address of the load balancer node"),
    [F_GROUP_NAME] = DERIVED_FIELD("target_group", "target_group_name", derive_resource_name,
                                   F_GROUP, "name of the target group"),
    [F_ELB_NAME] =
        DERIVED_FIELD("elb_name", NULL, derive_elb_name, F_ELB, "name of the load balancer"),
};

static const uint16_t order[] = {
    F_TYPE,          F_TIME,          F_ELB,
    F_CLIENT,        F_TARGET,        F_REQUEST_TIME,
    F_TARGET_TIME,   F_RESPONSE_TIME, F_ELB_STATUS,
    F_TARGET_STATUS, F_RECEIVED,      F_SENT,
    F_REQUEST,       F_AGENT,         F_CIPHER,
    F_PROTOCOL,      F_GROUP,         F_TRACE,
    F_DOMAIN,        F_CERT,          F_PRIORITY,
    F_CREATED,       F_ACTIONS,       F_REDIRECT,
    F_ERROR,         F_TARGETS,       F_TARGET_STATUSES,
    F_CLASS,         F_CLASS_REASON,  F_CONN,
    F_NEW_HOST,      F_NEW_URI,       F_TRANSFORM,
    F_NODE,
};

#define MIN_FIELDS 9 /* up to elb_status_code */

static bool is_type(struct slice s)
{
    return slice_is(s, "h2") || slice_is(s, "https") || slice_is(s, "http") ||
           slice_is(s, "grpcs") || slice_is(s, "grpc") || slice_is(s, "ws") || slice_is(s, "wss") ||
           slice_is(s, "-");
}

/* A health check line has the same first two fields, then a number and more numbers. Where a dash
 * or an address without a port says nothing, the name of the balancer must. */
static bool shape_fits(const struct slice *val)
{
    if (!is_status(val[F_ELB_STATUS]))
        return false;
    return slice_starts(val[F_ELB], "app/") ||
           (!value_missing(val[F_TYPE]) && !is_digits(val[F_ELB]) && is_addr_port(val[F_CLIENT]));
}

#define AGENT_AT 13 /* in the order of fields */

/* An agent cut behind a backslash: the quote that ends it looks escaped, and the agent goes on to
 * that of trace_id, over cipher, protocol and group. They, and the bare quote behind them, tell. */
static enum parse_reason mend_cut_agent(struct logtype *lt, struct slice line, struct record *rec)
{
    const struct tok_map map = {order + AGENT_AT + 1, ARRAY_LEN(order) - AGENT_AT - 1,
                                lt->n_static};
    struct slice agent = rec->val[F_AGENT], before = agent, group, rest;
    const char *quote = agent.len ? memchr(agent.ptr + 1, '"', agent.len - 1) : NULL;

    while (quote && quote[-1] == '\\')
        quote = memchr(quote + 1, '"', (size_t)(slice_end(agent) - quote - 1));
    if (!quote || quote[-1] != ' ')
        return REASON_NONE;
    before.len = (size_t)(quote - 1 - agent.ptr);
    group = elb_cut_word(&before);
    if ((!slice_is(group, "-") && !slice_starts(group, "arn:")) || !elb_cut_agent(&before, &rest))
        return agent.len > ELB_AGENT_LONG ? REASON_QUOTE : REASON_NONE;
    rec->val[F_AGENT] = before;
    line = slice_of(rest.ptr, (size_t)(slice_end(line) - rest.ptr));
    rec->n_val = MAX(rec->n_val, tok_quoted(line, map, rec->val).n_val);
    return REASON_NONE;
}

/* Vended delivery: what is called otherwise in JSON (section 2.4). */
static const char *const json_keys[] = {
    "client_port", "client:port",      "target_port",      "target:port", "request_line",
    "request",     "target_port_list", "target:port_list", NULL,
};

static enum parse_result parse(struct logtype *lt, const struct layout **lay, struct slice line,
                               struct record *rec)
{
    struct elb_line got;
    enum parse_result r =
        elb_read(lt, (struct tok_map){order, ARRAY_LEN(order), N_FIELDS}, lay, line, rec, &got);

    if (r != PARSE_OK)
        return r;
    if (!got.keyed && !is_type(rec->val[F_TYPE]))
        return record_bad(rec, REASON_SHAPE);
    if (!elb_time(&got, rec->val[F_TIME], &rec->ts))
        return record_bad(rec, REASON_TIME);
    if (got.open)
        return record_bad(rec, REASON_QUOTE);
    if (got.n < MIN_FIELDS)
        return record_bad(rec, REASON_SHORT);
    if (!got.keyed && !shape_fits(rec->val))
        return record_bad(rec, REASON_SHAPE);
    if (!got.keyed && mend_cut_agent(lt, line, rec) != REASON_NONE)
        return record_bad(rec, REASON_QUOTE);
    elb_split_addr(rec->val, F_CLIENT);
    elb_split_addr(rec->val, F_TARGET);
    elb_split_request(rec->val, F_REQUEST);
    return PARSE_OK;
}

/* Which fields a vended record has is the user's choice: one that nothing else has, or two that
 * nothing else has together. */
static int detect(const struct probe *p)
{
    static const char *const chosen[] = {
        "matched_rule_priority|actions_executed|target_status_code_list|target_port_list|"
        "request_processing_time|target_processing_time|response_processing_time|"
        "request_creation_time|classification_reason|transformed_uri|request_transform_status",
        "elb target_port|target_group_arn|trace_id|user_agent|elb_status_code",
        "request_line|target_status_code|elb_status_code "
        "client_port|target_port|target_group_arn|elb|chosen_cert_arn|conn_trace_id|redirect_url",
        "request_line target_status_code|received_bytes|sent_bytes",
    };

    for (unsigned i = 0; i < ARRAY_LEN(chosen); i++) {
        int score = probe_json(p, chosen[i], false);

        if (score)
            return score;
    }
    return elb_detect(p, "elb_status_code request_line|target_status_code|elb", false,
                      path_is_elb(p, "app."));
}

static const char *const samples[] = {
    "https 2024-03-05T07:08:09.123456Z app/shop/0a1b2c3d4e5f6071 198.51.100.23:50514 "
    "10.1.2.3:8080 0.001 0.250 0.000 200 200 512 2048 "
    "\"GET https://shop.example.org:443/cart?item=7&n=2 HTTP/1.1\" \"Mozilla/5.0 (X11) "
    "\\x22q\\x22\" "
    "TLS_AES_128_GCM_SHA256 TLSv1.3 "
    "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/shop/0011223344556677 "
    "\"Root=1-65e6c3a9-0123456789abcdef01234567\" \"shop.example.org\" \"session-reused\" 3 "
    "2024-03-05T07:08:08.872000Z \"waf,forward\" \"-\" \"-\" \"10.1.2.3:8080\" \"200\" \"-\" \"-\" "
    "TID_00112233445566778899aabbccddeeff \"-\" \"-\" \"-\" 10.0.0.9",
    "http 2024-03-05T07:08:10.000001Z app/shop/0a1b2c3d4e5f6071 2001:db8::17:50515 - -1 -1 -1 400 "
    "- 0 272 \"- http://shop.example.org:80- -\" \"-\" - - - \"-\" \"-\" \"-\" - "
    "2024-03-05T07:08:09.999000Z \"-\" \"-\" \"-\" \"-\" \"-\" \"Severe\" \"BadHeader\"",
    "h2 2017-06-07T08:09:10.111213Z app/old/1234567890abcdef 203.0.113.9:1024 10.9.8.7:80 0.000 "
    "1.500 0.000 502 - 99 100 \"POST https://old.example.org:443/a b c HTTP/2.0\" \"\" "
    "ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 "
    "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/old/0011223344556677 "
    "\"Self=1-2-3;Root=1-4-5\"",
    NULL,
};

const struct format format_alb = {
    .name = "alb",
    .title = "Application Load Balancer access log",
    .doc_url = "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/"
               "load-balancer-access-logs.html",
    .fields = fields,
    .n_fields = N_FIELDS,
    .header = true,
    .header_first = true,
    .header_mark = W3C_MARK,
    .json = true,
    .json_keys = json_keys,
    .detect = detect,
    .parse = parse,
    .samples = samples,
};
