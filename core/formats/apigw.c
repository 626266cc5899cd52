/* apigw.c - API Gateway: access logs in the forms that AWS proposes (CLF, JSON, XML, CSV), and the
 * lines of execution logs. Who sets a JSON form up names its keys: they are matched with the names
 * of $context whatever their case and punctuation. Values are not escaped by the service, so a
 * quote within one breaks the JSON: such a line is read again by where values must end. */
#include "formats/table.h"
#include "frame.h"
#include "json.h"
#include "tok_space.h"
#include "value.h"

enum {
    F_KIND,
    F_STATUS,
    F_METHOD,
    F_RESOURCE,
    F_PATH,
    F_ROUTE,
    F_IP,
    F_REQUEST_ID,
    F_EXTENDED_ID,
    F_TIME,
    F_EPOCH,
    F_PROTOCOL,
    F_LENGTH,
    F_LATENCY,
    F_INTEGRATION_LATENCY,
    F_INTEGRATION_STATUS,
    F_ERROR,
    F_RESPONSE_TYPE,
    F_CALLER,
    F_USER,
    F_EVENT_TYPE,
    F_CONNECTION,
    F_MESSAGE,
    F_TEMPLATE,
    N_NAMED
};

#define FIELD_MS(name, aliases, role, meaning)                                                     \
    FIELD(name, aliases, FK_NUM, 0, UNIT_MS, 0, role, meaning)
#define FIELD_STATUS(name, aliases, role, meaning)                                                 \
    FIELD(name, aliases, FK_NUM, 0, UNIT_NONE, FF_STATUS, role, meaning)

static const struct field_def fields[] = {
    [F_KIND] = FIELD_TEXT("kind", NULL, FF_DERIVED, FR_NONE, "access, or exec"),
    [F_STATUS] =
        FIELD_STATUS("status", "statusCode status_code", FR_STATUS, "status that the client got"),
    [F_METHOD] = FIELD_TEXT("httpMethod", "method", 0, FR_METHOD, "HTTP method"),
    [F_RESOURCE] = FIELD_TEXT("resourcePath", "resource", 0, FR_NONE,
                              "resource with its parameters by name, /pets/{id}"),
    [F_PATH] = FIELD_TEXT("path", "uri request_path", FF_URLENC | FF_DERIVED, FR_PATH,
                          "path as it was asked for, else the resource, else that of the route"),
    [F_ROUTE] = FIELD_TEXT("routeKey", "route", 0, FR_NONE, "route that matched"),
    [F_IP] = FIELD_IP("identity.sourceIp", "ip sourceIp source_ip clientIp client_ip", FR_CLIENT_IP,
                      "address of the client"),
    [F_REQUEST_ID] = FIELD_LONG("requestId", "reqId", FR_REQUEST_ID, "id of the request"),
    [F_EXTENDED_ID] = FIELD_LONG("extendedRequestId", NULL, FR_NONE, "second id of the request"),
    [F_TIME] = FIELD_TIME("requestTime", "request_time time", FF_NOCOL, "when the request came"),
    [F_EPOCH] = FIELD_TIME("requestTimeEpoch", "timestamp", FF_NOCOL,
                           "when the request came, to the millisecond"),
    [F_PROTOCOL] = FIELD_TEXT("protocol", NULL, 0, FR_NONE, "HTTP version"),
    [F_LENGTH] =
        FIELD_BYTES("responseLength", "response_length", FR_BYTES_OUT, "bytes of the answer"),
    [F_LATENCY] = FIELD_MS("responseLatency", "response_latency latency", FR_DURATION,
                           "time from request to answer"),
    [F_INTEGRATION_LATENCY] = FIELD_MS("integrationLatency", "integration_latency", FR_NONE,
                                       "part of it that the backend took"),
    [F_INTEGRATION_STATUS] = FIELD_STATUS("integrationStatus", "integration_status", FR_NONE,
                                          "status of the call to the backend"),
    [F_ERROR] = FIELD_TEXT("error.message", "errorMessage error_message", 0, FR_ERROR,
                           "what API Gateway says is wrong"),
    [F_RESPONSE_TYPE] = FIELD_TEXT("error.responseType", "responseType response_type", 0, FR_NONE,
                                   "gateway response that was given"),
    [F_CALLER] = FIELD_TEXT("identity.caller", "caller", 0, FR_NONE, "who signed the request"),
    [F_USER] = FIELD_TEXT("identity.user", "user", 0, FR_PRINCIPAL, "user who signed"),
    [F_EVENT_TYPE] =
        FIELD_TEXT("eventType", NULL, 0, FR_ACTION, "WebSocket: CONNECT, MESSAGE, DISCONNECT"),
    [F_CONNECTION] = FIELD_TEXT("connectionId", NULL, 0, FR_NONE, "WebSocket connection"),
    [F_MESSAGE] = FIELD_LONG("message", NULL, FR_NONE, "execution log: the line"),
    [F_TEMPLATE] = DERIVED_FIELD("path_template", NULL, derive_path_template, F_PATH,
                                 "path of the request with its ids folded"),
    FIELD_TIME("connectedAt", NULL, FF_NOCOL, "when the WebSocket was opened"),
    FIELD_LONG("messageId", NULL, FR_NONE, "WebSocket message"),
    FIELD_BYTES("dataProcessed", NULL, FR_BYTES_IN, "bytes processed"),
    FIELD_STATUS("integration.status", NULL, FR_NONE, "status that the backend answered"),
    FIELD_STATUS("integration.integrationStatus", NULL, FR_NONE, "status of the Lambda service"),
    FIELD_MS("integration.latency", NULL, FR_NONE, "time that the backend took"),
    FIELD_TEXT("integration.error", NULL, 0, FR_NONE, "what the backend call failed with"),
    FIELD_LONG("integration.requestId", NULL, FR_NONE, "id at the backend"),
    FIELD_TEXT("integration.responseTransferMode", NULL, 0, FR_NONE, "buffered or streamed"),
    FIELD_MS("integration.timeToFirstContent", NULL, FR_NONE, "time to the first bytes"),
    FIELD_MS("integration.timeToAllHeaders", NULL, FR_NONE, "time to all headers"),
    FIELD_TEXT("integrationErrorMessage", NULL, 0, FR_NONE, "what the backend call failed with"),
    FIELD_LONG("awsEndpointRequestId", NULL, FR_NONE, "id at the AWS service behind"),
    FIELD_LONG("awsEndpointRequestId2", NULL, FR_NONE, "second id at the AWS service behind"),
    FIELD_TEXT("error.messageString", NULL, 0, FR_NONE, "error.message in quotes"),
    FIELD_TEXT("error.validationErrorString", NULL, 0, FR_NONE, "what is wrong with the request"),
    FIELD_TEXT("apiId", NULL, 0, FR_NONE, "API"),
    FIELD_TEXT("accountId", NULL, FF_ID, FR_NONE, "account of the API"),
    FIELD_TEXT("stage", NULL, 0, FR_NONE, "stage"),
    FIELD_TEXT("deploymentId", NULL, 0, FR_NONE, "deployment"),
    FIELD_TEXT("resourceId", NULL, 0, FR_NONE, "id of the resource"),
    FIELD_TEXT("domainName", NULL, 0, FR_HOST, "domain that was called"),
    FIELD_TEXT("domainPrefix", NULL, 0, FR_NONE, "first label of the domain"),
    FIELD_TEXT("endpointType", NULL, 0, FR_NONE, "kind of endpoint"),
    FIELD_TEXT("customDomain.basePathMatched", NULL, 0, FR_NONE, "base path that matched"),
    FIELD_TEXT("customDomain.routingRuleIdMatched", NULL, 0, FR_NONE, "rule that matched"),
    FIELD_TEXT("isCanaryRequest", NULL, 0, FR_NONE, "true if the canary had it"),
    FIELD_TEXT("identity.userAgent", "userAgent user_agent", 0, FR_USER_AGENT, "user agent"),
    FIELD_TEXT("identity.userArn", "userArn", 0, FR_NONE, "ARN of the user"),
    FIELD_TEXT("identity.accountId", NULL, FF_ID, FR_NONE, "account of the caller"),
    FIELD_TEXT("identity.apiKey", "apiKey", 0, FR_NONE, "API key"),
    FIELD_TEXT("identity.apiKeyId", "apiKeyId", 0, FR_NONE, "id of the API key"),
    FIELD_TEXT("identity.principalOrgId", NULL, 0, FR_NONE, "organization of the caller"),
    FIELD_TEXT("identity.vpcId", NULL, 0, FR_NONE, "VPC of the caller"),
    FIELD_TEXT("identity.vpceId", NULL, 0, FR_NONE, "VPC endpoint of the caller"),
    FIELD_TEXT("identity.cognitoIdentityId", NULL, 0, FR_NONE, "Cognito identity"),
    FIELD_TEXT("identity.cognitoIdentityPoolId", NULL, 0, FR_NONE, "Cognito identity pool"),
    FIELD_TEXT("identity.cognitoAuthenticationType", NULL, 0, FR_NONE,
               "authenticated or not, by Cognito"),
    FIELD_TEXT("identity.cognitoAuthenticationProvider", NULL, 0, FR_NONE, "Cognito providers"),
    FIELD_TEXT("identity.clientCert.subjectDN", "clientsubjectDN", 0, FR_NONE,
               "subject of the client's certificate"),
    FIELD_TEXT("identity.clientCert.issuerDN", "clientissuerDN", 0, FR_NONE,
               "issuer of the client's certificate"),
    FIELD_TEXT("identity.clientCert.serialNumber", "clientserialNumber", 0, FR_NONE,
               "serial number of the client's certificate"),
    FIELD_LONG("identity.clientCert.clientCertPem", "clientCertPem", FR_NONE,
               "the client's certificate"),
    FIELD_TEXT("identity.clientCert.validity.notBefore", "clientnotBefore", 0, FR_NONE,
               "from when the certificate holds"),
    FIELD_TEXT("identity.clientCert.validity.notAfter", "clientnotAfter", 0, FR_NONE,
               "until when the certificate holds"),
    FIELD_TEXT("authorizer.principalId", "principalId principal_id", 0, FR_NONE,
               "who it is, by the authorizer"),
    FIELD_TEXT("authorizer.error", NULL, 0, FR_NONE, "what the authorizer failed with"),
    FIELD_MS("authorizer.latency", NULL, FR_NONE, "time that the authorizer took"),
    FIELD_MS("authorizer.integrationLatency", NULL, FR_NONE, "time of the Lambda authorizer"),
    FIELD_STATUS("authorizer.status", NULL, FR_NONE, "status of the authorizer"),
    FIELD_STATUS("authorizer.integrationStatus", NULL, FR_NONE,
                 "status of the Lambda service for the authorizer"),
    FIELD_LONG("authorizer.requestId", NULL, FR_NONE, "id at the authorizer"),
    FIELD_STATUS("authenticate.status", NULL, FR_NONE, "status of authentication"),
    FIELD_MS("authenticate.latency", NULL, FR_NONE, "time of authentication"),
    FIELD_TEXT("authenticate.error", NULL, 0, FR_NONE, "error of authentication"),
    FIELD_STATUS("authorize.status", NULL, FR_NONE, "status of authorization"),
    FIELD_MS("authorize.latency", NULL, FR_NONE, "time of authorization"),
    FIELD_TEXT("authorize.error", NULL, 0, FR_NONE, "error of authorization"),
    FIELD_STATUS("waf.status", "wafStatusCode waf_status_code", FR_NONE, "status by WAF"),
    FIELD_MS("waf.latency", NULL, FR_NONE, "time in WAF"),
    FIELD_TEXT("waf.error", NULL, 0, FR_NONE, "error of WAF"),
    FIELD_TEXT("wafResponseCode", NULL, 0, FR_NONE, "WAF_ALLOW or WAF_BLOCK"),
    FIELD_TEXT("webaclArn", NULL, 0, FR_NONE, "web ACL"),
    FIELD_LONG("xrayTraceId", NULL, FR_TRACE_ID, "X-Ray trace"),
    FIELD_TEXT("tlsVersion", NULL, 0, FR_NONE, "TLS version of the client"),
    FIELD_TEXT("cipherSuite", NULL, 0, FR_NONE, "cipher suite of the client"),
    FIELD_STATUS("responseOverride.status", NULL, FR_NONE, "status set by a mapping template"),
};

/* --- JSON --- */

static const char *past_blanks(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    return p;
}

/* Whether a key and its colon stand at p. */
static bool is_key(const char *p, const char *end)
{
    if (p == end || *p != '"')
        return false;
    p = find_byte(p + 1, end, '"');
    return p < end && (p = past_blanks(p + 1, end)) < end && *p == ':';
}

/* At the quote that ends an unescaped value at p: behind it come a comma and a key, or the closing
 * brace as the last of all. */
static const char *loose_end(const char *p, const char *end)
{
    for (; (p = find_byte(p, end, '"')) < end; p++) {
        const char *next = past_blanks(p + 1, end);

        if (next == end || (*next == '}' && past_blanks(next + 1, end) == end) ||
            (*next == ',' && is_key(past_blanks(next + 1, end), end)))
            return p;
    }
    return NULL;
}

/* The same for one that has no quotes. */
static const char *bare_end(const char *p, const char *end)
{
    while (p < end && *p != ',' && *p != '}')
        p++;
    return p;
}

/* Keys that no field has are learned, as json_record() does. */
static void set_member(struct logtype *lt, struct slice key, struct slice value, struct record *rec)
{
    int f = logtype_lookup(lt, key);

    if (f < 0 && !rec->static_only)
        f = logtype_field(lt, key, true);
    if (f < 0 || (rec->static_only && (unsigned)f >= lt->n_static))
        return;
    while (rec->n_val <= (unsigned)f)
        rec->val[rec->n_val++] = (struct slice){NULL, 0};
    rec->val[f] = value;
}

/* The members of a flat object whose values have quotes in them. */
static bool read_loosely(struct logtype *lt, struct slice line, struct record *rec)
{
    const char *p = line.ptr, *end = slice_end(line);
    unsigned found = 0;

    while ((p = find_byte(p, end, '"')) < end) {
        const char *key = ++p, *stop = find_byte(p, end, '"'), *key_end = stop, *value;

        if (end - stop < 2)
            break;
        for (p = stop + 1; p < end && (*p == ' ' || *p == ':');)
            p++;
        value = p + (p < end && *p == '"');
        stop = value > p ? loose_end(value, end) : bare_end(p, end);
        if (!stop)
            break;
        set_member(lt, slice_of(key, (size_t)(key_end - key)),
                   slice_of(value, (size_t)(stop - value)), rec);
        found++;
        p = stop + 1;
    }
    return found >= 3;
}

static enum parse_result parse_json(struct logtype *lt, struct slice line, struct record *rec)
{
    if (json_record(lt, line, rec) == PARSE_OK)
        return PARSE_OK; /* whole, or cut: no loose reading makes more of it */
    record_begin(rec, lt);
    return read_loosely(lt, line, rec) ? PARSE_OK : record_bad(rec, REASON_JSON);
}

/* --- text --- */

/* IP CALLER USER [TIME] "REQUEST" STATUS LENGTH ID EXTENDED_ID; no blank need be before the quote
 */
static enum parse_result parse_common(struct slice line, struct record *rec)
{
    struct slice rest = line, request, *val = rec->val;
    const char *quote;

    val[F_IP] = slice_cut(&rest, ' ');
    val[F_CALLER] = slice_cut(&rest, ' ');
    val[F_USER] = slice_cut(&rest, ' ');
    if (!rest.len || rest.ptr[0] != '[')
        return record_bad(rec, REASON_SHAPE);
    rest = slice_of(rest.ptr + 1, rest.len - 1);
    val[F_TIME] = slice_cut(&rest, ']');
    rest = slice_trim(rest);
    if (rest.len < 2 || rest.ptr[0] != '"')
        return record_bad(rec, REASON_SHAPE);
    rest = slice_of(rest.ptr + 1, rest.len - 1);
    quote = memrchr(rest.ptr, '"', rest.len);
    if (!quote)
        return record_bad(rec, REASON_QUOTE);
    request = slice_of(rest.ptr, (size_t)(quote - rest.ptr));
    rest = slice_trim(slice_of(quote + 1, (size_t)(slice_end(rest) - quote - 1)));
    val[F_METHOD] = slice_cut(&request, ' ');
    quote = request.len ? memrchr(request.ptr, ' ', request.len) : NULL;
    if (!quote)
        return record_bad(rec, REASON_SHAPE);
    val[F_RESOURCE] = slice_of(request.ptr, (size_t)(quote - request.ptr));
    val[F_PROTOCOL] = slice_of(quote + 1, (size_t)(slice_end(request) - quote - 1));
    val[F_STATUS] = slice_cut(&rest, ' ');
    if (!slice_starts(val[F_PROTOCOL], "HTTP/")) { /* a WebSocket has no length */
        val[F_EVENT_TYPE] = val[F_METHOD];
        val[F_ROUTE] = val[F_RESOURCE];
        val[F_CONNECTION] = val[F_PROTOCOL];
        val[F_METHOD] = val[F_RESOURCE] = val[F_PROTOCOL] = (struct slice){NULL, 0};
    } else {
        if (slice_starts(val[F_RESOURCE], "$") ||
            memchr(val[F_RESOURCE].ptr, ' ', val[F_RESOURCE].len)) {
            val[F_ROUTE] = val[F_RESOURCE];
            val[F_RESOURCE] = (struct slice){NULL, 0};
        }
        val[F_LENGTH] = slice_cut(&rest, ' ');
    }
    val[F_REQUEST_ID] = slice_cut(&rest, ' ');
    val[F_EXTENDED_ID] = slice_cut(&rest, ' ');
    if (!is_status(val[F_STATUS]) || val[F_REQUEST_ID].len < 8)
        return record_bad(rec, REASON_SHAPE);
    return PARSE_OK;
}

static enum parse_result parse_csv(struct slice line, struct record *rec)
{
    static const uint8_t order[] = {F_IP,     F_CALLER,     F_USER,       F_TIME,
                                    F_METHOD, F_RESOURCE,   F_PROTOCOL,   F_STATUS,
                                    F_LENGTH, F_REQUEST_ID, F_EXTENDED_ID};
    struct slice rest = line;

    for (unsigned i = 0; i < ARRAY_LEN(order); i++)
        if (rest.ptr)
            rec->val[order[i]] = slice_cut(&rest, ',');
    if (!rec->val[F_REQUEST_ID].len || !is_status(rec->val[F_STATUS]) ||
        !slice_starts(rec->val[F_PROTOCOL], "HTTP/"))
        return record_bad(rec, REASON_SHAPE);
    return PARSE_OK;
}

/* <request id="..."> <status>200</status> ... </request> */
static enum parse_result parse_xml(struct logtype *lt, struct slice line, struct record *rec)
{
    const char *p = line.ptr, *end = slice_end(line);
    static const char head[] = "<request id=\"";
    unsigned found = 0;

    p += sizeof(head) - 1;
    rec->val[F_REQUEST_ID] = slice_of(p, (size_t)(find_byte(p, end, '"') - p));
    while ((p = find_byte(p, end, '<')) < end) {
        const char *name = p + 1, *close = find_byte(name, end, '>'), *stop;
        int f;

        if (close == end)
            break;
        stop = find_byte(close, end, '<');
        p = close + 1;
        if (*name == '/' || stop == end)
            continue;
        f = logtype_lookup(lt, slice_of(name, (size_t)(close - name)));
        if (f >= 0 && (unsigned)f < lt->n_static) {
            rec->val[f] = slice_of(close + 1, (size_t)(stop - close - 1));
            found++;
        }
        p = stop;
    }
    return found >= 3 ? PARSE_OK : record_bad(rec, REASON_SHAPE);
}

/* --- execution logs --- */

static struct slice behind(struct slice s, const char *mark)
{
    const char *at = s.len ? memmem(s.ptr, s.len, mark, strlen(mark)) : NULL;

    if (!at)
        return (struct slice){NULL, 0};
    at += strlen(mark);
    return slice_of(at, (size_t)(slice_end(s) - at));
}

/* What the console's test shows has the time where the id would be:
 * "Thu Aug 31 01:07:25 UTC 2017 : TEXT". */
#define CONSOLE_TIME 28
#define TEST_TITLE "Execution log for request "

static bool console_time(struct slice line, int64_t *us)
{
    char clf[] = "31/Aug/2017:01:07:25";

    if (line.len < CONSOLE_TIME + 3 || memcmp(line.ptr + 19, " UTC ", 5) != 0 ||
        memcmp(line.ptr + CONSOLE_TIME, " : ", 3) != 0)
        return false;
    memcpy(clf, line.ptr + 8, 2);
    memcpy(clf + 3, line.ptr + 4, 3);
    memcpy(clf + 7, line.ptr + 24, 4);
    memcpy(clf + 12, line.ptr + 11, 8);
    return parse_clf(slice_of(clf, sizeof(clf) - 1), us);
}

static enum parse_result parse_exec(struct slice line, struct record *rec)
{
    struct slice rest = line, text, *val = rec->val;

    val[F_KIND] = SL("exec");
    if (slice_starts(line, TEST_TITLE)) {
        val[F_REQUEST_ID] = slice_trim(behind(line, TEST_TITLE));
    } else if (rec->ts == TIME_NONE) {
        slice_cut(&rest, '(');
        val[F_REQUEST_ID] = slice_cut(&rest, ')');
    } else {
        rest = slice_of(line.ptr + CONSOLE_TIME + 3, line.len - CONSOLE_TIME - 3);
    }
    if (!rest.ptr)
        return record_bad(rec, REASON_SHAPE);
    text = slice_trim(rest);
    val[F_MESSAGE] = text;
    if (!val[F_REQUEST_ID].ptr && slice_starts(text, "Starting execution for request: "))
        val[F_REQUEST_ID] = behind(text, "request: ");
    if (slice_starts(text, "HTTP Method: ")) {
        val[F_RESOURCE] = behind(text, "Resource Path: ");
        text = behind(text, "HTTP Method: ");
        val[F_METHOD] = slice_cut(&text, ',');
    } else if (slice_starts(text, "Received response.")) {
        struct slice status = behind(text, "Status: "), latency = behind(text, "latency: ");

        val[F_INTEGRATION_STATUS] = slice_cut(&status, ',');
        val[F_INTEGRATION_LATENCY] = slice_cut(&latency, ' ');
    } else if (slice_starts(text, "Method completed with status: ")) {
        val[F_STATUS] = slice_trim(behind(text, "status: "));
    } else if (slice_starts(text, "Execution failed") || slice_starts(text, "Key throttle limit")) {
        val[F_ERROR] = text;
    } else if (slice_starts(text, "Gateway response type: ")) {
        val[F_STATUS] = slice_trim(behind(text, "status code: "));
        text = behind(text, "type: ");
        val[F_RESPONSE_TYPE] = slice_cut(&text, ' ');
    }
    return PARSE_OK;
}

/* --- all of them --- */

/* "GET /pets/{id}" -> "/pets/{id}"; $default has no path. */
static struct slice route_path(struct slice route)
{
    const char *at = route.len ? memchr(route.ptr, '/', route.len) : NULL;

    return at ? slice_of(at, (size_t)(slice_end(route) - at)) : (struct slice){NULL, 0};
}

static enum parse_result finish_access(struct record *rec)
{
    struct slice *val = rec->val;

    if (!value_missing(val[F_EPOCH]))
        parse_epoch(val[F_EPOCH], &rec->ts);
    if (rec->ts == TIME_NONE && !field_number(&fields[F_TIME], val[F_TIME], &rec->ts))
        rec->ts = TIME_NONE;
    val[F_KIND] = SL("access");
    if (value_missing(val[F_PATH]))
        val[F_PATH] = !value_missing(val[F_RESOURCE]) ? val[F_RESOURCE] : route_path(val[F_ROUTE]);
    if (value_missing(val[F_REQUEST_ID]) && value_missing(val[F_EXTENDED_ID]))
        return record_bad(rec, REASON_SHAPE);
    if (!val[F_STATUS].ptr)
        return record_bad(rec, REASON_SHAPE);
    return PARSE_OK;
}

static enum parse_result parse(struct logtype *lt, const struct layout **lay, struct slice line,
                               struct record *rec)
{
    enum parse_result r;

    (void)lay;
    if (is_json_object(line)) {
        r = parse_json(lt, line, rec);
        return r == PARSE_OK ? finish_access(rec) : r;
    }
    record_begin(rec, lt);
    if (frame_begins(FRAME_EXEC, line)) {
        if (!console_time(line, &rec->ts))
            rec->ts = TIME_NONE;
        return parse_exec(line, rec);
    }
    if (slice_starts(line, "<request id=\""))
        r = parse_xml(lt, line, rec);
    else if (line.len && memchr(line.ptr, '[', MIN(line.len, (size_t)300)))
        r = parse_common(line, rec);
    else
        r = parse_csv(line, rec);
    return r == PARSE_OK ? finish_access(rec) : r;
}

/* Whether the keys of the object, however they are written, are those of an access log. */
static bool has_access_keys(const struct logtype *lt, struct slice line)
{
    bool id = false, status = false, route = false;
    struct json_member m;

    while (!(id && status && route) && json_next_member(&line, &m)) {
        int f = logtype_alias(lt, m.key);

        id |= f == F_REQUEST_ID || f == F_EXTENDED_ID;
        status |= f == F_STATUS;
        /* others log a "method", too */
        route |= f == F_RESOURCE || f == F_ROUTE || (f == F_METHOD && !slice_is(m.key, "method")) ||
                 slice_is(m.key, "path");
    }
    return id && status && route;
}

static int detect(const struct probe *p)
{
    struct slice head = p->head, line;
    bool named = path_has(p, "API-Gateway-Execution-Logs") || path_has(p, "amazon-apigateway-");
    unsigned fit = 0, seen = 0;

    if (p->objects && score_lines(PROBE_LINES, PROBE_LINES, named) > p->beat)
        for (; seen < PROBE_LINES && probe_line(&head, &line); seen++)
            fit += is_json_object(line) && has_access_keys(p->lt, line);
    if (fit)
        return score_lines(fit, seen, named);
    head = p->head;
    if (!probe_line(&head, &line) || line.ptr[0] == '{' || line.ptr[0] == '[')
        return 0;
    return probe_records(p, "apigw", named);
}

static const char *const samples[] = {
    "{\"requestId\":\"0a1b2c3d-0000-1111-2222-333344445555\",\"ip\":\"203.0.113.5\",\"caller\":"
    "\"-\",\"user\":\"-\",\"requestTime\":\"02/May/2024:03:04:05 +0000\",\"httpMethod\":\"GET\","
    "\"resourcePath\":\"/pets/{id}\",\"status\":\"200\",\"protocol\":\"HTTP/1.1\","
    "\"responseLength\":\"184\"}",
    "{\"request_id\":\"0a1b2c3d\",\"client_ip\":\"203.0.113.5\",\"status_code\":\"504\","
    "\"http_method\":\"POST\",\"path\":\"/prod/cart\",\"user_agent\":\"odd \" agent\","
    "\"integration_latency\":\"29000\",\"request_time\":\"02/May/2024:03:04:05 +0000\"}",
    "203.0.113.5 - - [02/May/2024:03:04:05 +0000]\"GET /pets HTTP/1.1\" 200 184 "
    "0a1b2c3d-0000-1111-2222-333344445555 Y0abcdEFGh=",
    "203.0.113.5 - - [02/May/2024:03:04:05 +0000] \"GET GET /pets HTTP/1.1\" 200 184 "
    "Y0abcdEFGh= Y0abcdEFGh=",
    "203.0.113.5 - - [02/May/2024:03:04:05 +0000] \"CONNECT $connect Y0conn=\" 200 Y0abcdEFGh=",
    "<request id=\"0a1b2c3d\"> <ip>203.0.113.5</ip> <caller>-</caller> <user>-</user> "
    "<requestTime>02/May/2024:03:04:05 +0000</requestTime> <httpMethod>GET</httpMethod> "
    "<resourcePath>/pets</resourcePath> <status>200</status> <protocol>HTTP/1.1</protocol> "
    "<responseLength>1</responseLength> </request>",
    "203.0.113.5,-,-,02/May/2024:03:04:05 +0000,GET,/pets,HTTP/1.1,200,184,"
    "0a1b2c3d-0000-1111-2222-333344445555,Y0abcdEFGh=",
    "(0a1b2c3d-0000-1111-2222-333344445555) Received response. Status: 200, Integration latency: "
    "31 ms",
    "(0a1b2c3d-0000-1111-2222-333344445555) Method completed with status: 504",
    NULL,
};

const struct format format_apigw = {
    .name = "apigw",
    .title = "API Gateway log",
    .doc_url = "https://docs.aws.amazon.com/apigateway/latest/developerguide/"
               "set-up-logging.html",
    .fields = fields,
    .n_fields = ARRAY_LEN(fields),
    .json = true,
    .detect = detect,
    .parse = parse,
    .samples = samples,
};
