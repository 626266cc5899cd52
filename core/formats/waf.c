/* waf.c - AWS WAF web ACL traffic log: one JSON object a request. Headers are an array, in the
 * client's order and case, and a name may come twice: they are looked up without regard to case. */
#include "formats/table.h"
#include "json.h"
#include "tok_space.h"
#include "value.h"

enum {
    F_TIME,
    F_ACTION,
    F_RULE,
    F_DECIDED,
    F_CLIENT,
    F_COUNTRY,
    F_METHOD,
    F_URI,
    F_ARGS,
    F_HOST,
    F_AGENT,
    F_REFERER,
    F_FORWARDED,
    F_LABELS_TEXT,
    F_ACL,
    F_RULE_TYPE,
    F_GROUPS,
    F_HEADERS,
    F_LABELS,
    F_REQUEST_HOST,
    F_TEMPLATE,
    F_DECODED,
    F_QUERY_DECODED,
    N_NAMED
};

static const struct field_def fields[] = {
    [F_TIME] = FIELD_TIME("timestamp", NULL, FF_NOCOL, "when the request came (UTC)"),
    [F_ACTION] =
        FIELD_TEXT("action", NULL, 0, FR_ACTION, "what was done: ALLOW, BLOCK, CAPTCHA, CHALLENGE"),
    [F_RULE] = FIELD_TEXT("terminatingRuleId", "terminatingruleid", 0, FR_ERROR,
                          "rule that decided; Default_Action if none matched"),
    [F_DECIDED] = FIELD_TEXT("deciding_rule", "rule", FF_DERIVED, FR_NONE,
                             "rule that decided, with its rule group"),
    [F_CLIENT] = FIELD_IP("httpRequest.clientIp", "httprequest.clientip clientIp", FR_CLIENT_IP,
                          "address of the client"),
    [F_COUNTRY] = FIELD_TEXT("httpRequest.country", "httprequest.country country", 0, FR_NONE,
                             "country of the client, two letters"),
    [F_METHOD] = FIELD_TEXT("httpRequest.httpMethod", "httprequest.httpmethod httpMethod", 0,
                            FR_METHOD, "method of the request"),
    [F_URI] = FIELD_TEXT("httpRequest.uri", "httprequest.uri uri", FF_URLENC, FR_PATH,
                         "path of the request"),
    [F_ARGS] = FIELD_LONG("httpRequest.args", "httprequest.args args", FR_QUERY, "query string"),
    [F_HOST] =
        FIELD_TEXT("host_header", "httpRequest.headers[Host]", FF_DERIVED, FR_HOST, "Host header"),
    [F_AGENT] = FIELD_TEXT("user_agent_header", "httpRequest.headers[User-Agent]", FF_DERIVED,
                           FR_USER_AGENT, "User-Agent header"),
    [F_REFERER] = FIELD_TEXT("referer_header", "referer httpRequest.headers[Referer]", FF_DERIVED,
                             FR_NONE, "Referer header"),
    [F_FORWARDED] = FIELD_TEXT("x_forwarded_for", "X-Forwarded-For", FF_DERIVED, FR_NONE,
                               "X-Forwarded-For header"),
    [F_LABELS_TEXT] = FIELD_TEXT("label_names", NULL, FF_DERIVED, FR_NONE,
                                 "labels on the request, with blanks between"),
    [F_ACL] = FIELD_TEXT("webaclId", "webaclid", 0, FR_NONE, "web ACL"),
    [F_RULE_TYPE] = FIELD_TEXT("terminatingRuleType", "terminatingruletype", 0, FR_NONE,
                               "kind of the rule that decided"),
    [F_GROUPS] = FIELD_LONG("ruleGroupList", "rulegrouplist", FR_NONE,
                            "rule groups that looked at the request"),
    [F_HEADERS] =
        FIELD_LONG("httpRequest.headers", "httprequest.headers", FR_NONE, "headers of the request"),
    [F_LABELS] = FIELD_LONG("labels", NULL, FR_NONE, "labels on the request"),
    [F_REQUEST_HOST] = FIELD_TEXT("httpRequest.host", NULL, 0, FR_NONE, "host of the request"),
    [F_TEMPLATE] = DERIVED_FIELD("path_template", NULL, derive_path_template, F_URI,
                                 "path of the request with its ids folded"),
    [F_DECODED] = DERIVED_FIELD("path_decoded", NULL, derive_decoded, F_URI,
                                "path of the request without percent-encoding"),
    [F_QUERY_DECODED] = DERIVED_FIELD("query_decoded", NULL, derive_decoded, F_ARGS,
                                      "query string without percent-encoding"),
    FIELD_COUNT("formatVersion", "formatversion", "version of the log format"),
    FIELD_LONG("terminatingRuleMatchDetails", "terminatingrulematchdetails", FR_NONE,
               "what in the request matched, for SQL and script rules"),
    FIELD_TEXT("httpSourceName", "httpsourcename", 0, FR_NONE,
               "kind of what is protected: CF, ALB, APIGW ..."),
    FIELD_TEXT("httpSourceId", "httpsourceid", 0, FR_NONE, "what is protected"),
    FIELD_TEXT("ruleGroupList[].ruleGroupId", "rulegrouplist.rulegroupid", 0, FR_NONE,
               "first rule group that looked"),
    FIELD_LONG("rateBasedRuleList", "ratebasedrulelist", FR_NONE, "rate rules that counted"),
    FIELD_LONG("nonTerminatingMatchingRules", "nonterminatingmatchingrules", FR_NONE,
               "rules that matched and let the request go on"),
    FIELD_LONG("requestHeadersInserted", "requestheadersinserted", FR_NONE, "headers added by WAF"),
    FIELD("responseCodeSent", "responsecodesent", FK_NUM, 0, UNIT_NONE, FF_STATUS, FR_STATUS,
          "status of a custom response"),
    FIELD_TEXT("httpRequest.fragment", NULL, FF_NOCOL, FR_NONE, "fragment of the URL"),
    FIELD_TEXT("httpRequest.httpVersion", "httprequest.httpversion", 0, FR_NONE, "HTTP version"),
    FIELD_LONG("httpRequest.requestId", "httprequest.requestid", FR_REQUEST_ID,
               "id of the request; of an ALB its trace id"),
    FIELD_TEXT("httpRequest.scheme", NULL, 0, FR_NONE, "http or https"),
    FIELD_LONG("captchaResponse", "captcharesponse", FR_NONE, "how the CAPTCHA went"),
    FIELD_TEXT("captchaResponse.failureReason", NULL, 0, FR_NONE, "why the CAPTCHA token failed"),
    FIELD_LONG("challengeResponse", NULL, FR_NONE, "how the challenge went"),
    FIELD_TEXT("challengeResponse.failureReason", NULL, 0, FR_NONE,
               "why the challenge token failed"),
    FIELD_TEXT("oversizeFields", NULL, 0, FR_NONE, "parts that were too large to look at whole"),
    FIELD_TEXT("ja3Fingerprint", NULL, 0, FR_NONE, "JA3 fingerprint of the client's TLS"),
    FIELD_TEXT("ja4Fingerprint", NULL, 0, FR_NONE, "JA4 fingerprint of the client's TLS"),
    FIELD_COUNT("clientAsn", NULL, "autonomous system of the client"),
    FIELD_COUNT("forwardedAsn", NULL, "autonomous system of the forwarded address"),
    FIELD_BYTES("requestBodySize", NULL, FR_BYTES_IN, "bytes of the body"),
    FIELD_BYTES("requestBodySizeInspectedByWAF", NULL, FR_NONE, "bytes of the body looked at"),
    FIELD_TEXT("cfDistributionTenantId", NULL, 0, FR_NONE, "tenant of the distribution"),
    FIELD_LONG("monetizeVerifyResponse", NULL, FR_NONE, "outcome of a payment check"),
};

/* The headers that have fields of their own, in one walk. */
static void read_headers(struct record *rec)
{
    static const struct {
        const char *name;
        uint8_t field;
    } wanted[] = {{"host", F_HOST},
                  {"user-agent", F_AGENT},
                  {"referer", F_REFERER},
                  {"x-forwarded-for", F_FORWARDED}};
    struct slice rest = rec->val[F_HEADERS], header;

    while (json_kind(rec->val[F_HEADERS]) == JSON_ARRAY && json_next_element(&rest, &header)) {
        struct slice name = {NULL, 0}, value = {NULL, 0};
        struct json_member m;

        while (json_next_member(&header, &m)) {
            if (slice_is(m.key, "name"))
                name = json_text(m.value, &rec->mem);
            else if (slice_is(m.key, "value"))
                value = m.value;
        }
        for (unsigned i = 0; i < ARRAY_LEN(wanted); i++)
            if (!rec->val[wanted[i].field].ptr && name.len == strlen(wanted[i].name) &&
                slice_eq_nocase(name, slice_str(wanted[i].name)))
                rec->val[wanted[i].field] = json_text(value, &rec->mem);
    }
    if (!rec->val[F_HOST].len)
        rec->val[F_HOST] = rec->val[F_REQUEST_HOST];
}

/* "GROUP/RULE" of the group that ended the evaluation, else the rule of the ACL. */
static struct slice deciding_rule(struct record *rec)
{
    struct slice rest = rec->val[F_GROUPS], group;

    while (json_kind(rec->val[F_GROUPS]) == JSON_ARRAY && json_next_element(&rest, &group)) {
        struct slice rule = json_value(group, "terminatingRule.ruleId", &rec->mem);
        struct slice id = json_value(group, "ruleGroupId", &rec->mem);
        char *p;

        if (!rule.len || !id.len)
            continue;
        p = arena_alloc(&rec->mem, id.len + 1 + rule.len);
        memcpy(p, id.ptr, id.len);
        p[id.len] = '/';
        memcpy(p + id.len + 1, rule.ptr, rule.len);
        return slice_of(p, id.len + 1 + rule.len);
    }
    return rec->val[F_RULE];
}

static struct slice label_names(struct record *rec)
{
    struct slice rest = rec->val[F_LABELS], label;
    char *out, *to;

    if (json_kind(rest) != JSON_ARRAY)
        return (struct slice){NULL, 0};
    out = to = arena_alloc(&rec->mem, rest.len);
    while (json_next_element(&rest, &label)) {
        struct slice name = json_value(label, "name", &rec->mem);

        if (to > out)
            *to++ = ' ';
        memcpy(to, name.ptr ? name.ptr : "", name.len);
        to += name.len;
    }
    return slice_of(out, (size_t)(to - out));
}

static enum parse_result parse(struct logtype *lt, const struct layout **lay, struct slice line,
                               struct record *rec)
{
    enum parse_result r = json_record(lt, line, rec);

    (void)lay;
    if (r == PARSE_OK && (!rec->val[F_ACL].len || !rec->val[F_ACTION].len))
        return record_bad(rec, REASON_SHAPE);
    if (!parse_epoch(rec->val[F_TIME], &rec->ts) && !parse_iso8601(rec->val[F_TIME], &rec->ts))
        rec->ts = TIME_NONE;
    if (r != PARSE_OK)
        return r;
    if (rec->ts == TIME_NONE && rec->val[F_TIME].len)
        return record_bad(rec, REASON_TIME);
    read_headers(rec);
    rec->val[F_DECIDED] = deciding_rule(rec);
    rec->val[F_LABELS_TEXT] = label_names(rec);
    return PARSE_OK;
}

static int detect(const struct probe *p)
{
    return probe_json(p, "webaclId action|terminatingRuleId",
                      path_has(p, "WAFLogs") || path_has(p, "aws-waf-logs-"));
}

static const char *const samples[] = {
    "{\"timestamp\":1714619045123,\"formatVersion\":1,\"webaclId\":\"arn:aws:wafv2:eu-west-1:"
    "111122223333:regional/webacl/shop/0a1b\",\"terminatingRuleId\":\"AWS-Common\","
    "\"terminatingRuleType\":\"MANAGED_RULE_GROUP\",\"action\":\"BLOCK\","
    "\"terminatingRuleMatchDetails\":[],\"httpSourceName\":\"ALB\",\"httpSourceId\":"
    "\"111122223333-app/shop/0a1b\",\"ruleGroupList\":[{\"ruleGroupId\":\"AWS#Common\","
    "\"terminatingRule\":{\"ruleId\":\"NoUserAgent_HEADER\",\"action\":\"BLOCK\"},"
    "\"nonTerminatingMatchingRules\":[],\"excludedRules\":null}],\"rateBasedRuleList\":[],"
    "\"nonTerminatingMatchingRules\":[],\"requestHeadersInserted\":null,\"responseCodeSent\":null,"
    "\"httpRequest\":{\"clientIp\":\"203.0.113.9\",\"country\":\"NL\",\"headers\":[{\"name\":"
    "\"HOST\",\"value\":\"shop.example.com\"},{\"name\":\"x-forwarded-for\",\"value\":"
    "\"198.51.100.3\"}],\"uri\":\"/users/4711\",\"args\":\"a=1\",\"httpVersion\":\"HTTP/2.0\","
    "\"httpMethod\":\"GET\",\"requestId\":\"1-0\"},\"labels\":[{\"name\":\"awswaf:a\"},"
    "{\"name\":\"awswaf:b\"}]}",
    "{\"timestamp\":1714619046000,\"formatVersion\":1,\"webaclId\":\"0a1b-classic\","
    "\"terminatingRuleId\":\"Default_Action\",\"terminatingRuleType\":\"REGULAR\",\"action\":"
    "\"ALLOW\",\"httpSourceName\":\"CF\",\"httpSourceId\":\"E0EXAMPLE\",\"ruleGroupList\":null,"
    "\"httpRequest\":{\"clientIp\":\"2001:db8::9\",\"country\":\"-\",\"headers\":null,\"uri\":\"/"
    "\","
    "\"args\":\"\",\"httpVersion\":\"HTTP/1.1\",\"httpMethod\":\"POST\",\"requestId\":null}}",
    NULL,
};

const struct format format_waf = {
    .name = "waf",
    .title = "AWS WAF log",
    .doc_url = "https://docs.aws.amazon.com/waf/latest/developerguide/logging-fields.html",
    .fields = fields,
    .n_fields = ARRAY_LEN(fields),
    .json = true,
    .detect = detect,
    .parse = parse,
    .samples = samples,
};
