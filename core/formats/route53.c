/* route53.c - Route 53 Resolver query log: one JSON object a DNS query out of a VPC. */
#include "formats/table.h"
#include "json.h"
#include "tok_space.h"
#include "value.h"

enum {
    F_TIME,
    F_NAME,
    F_QTYPE,
    F_RCODE,
    F_CLIENT,
    F_ANSWERS,
    F_ANSWER_TEXT,
    F_INSTANCE,
    F_ENDPOINT,
    F_SOURCE,
    F_DOMAIN,
    N_NAMED
};

static const struct field_def fields[] = {
    [F_TIME] = FIELD_TIME("query_timestamp", NULL, FF_NOCOL, "when the query came (UTC)"),
    [F_NAME] = FIELD_TEXT("query_name", "queryName", 0, FR_HOST, "name asked for"),
    [F_QTYPE] = FIELD_TEXT("query_type", "queryType", 0, FR_ACTION, "record type asked for"),
    [F_RCODE] = FIELD_TEXT("rcode", "responseCode", 0, FR_ERROR, "result: NOERROR, NXDOMAIN ..."),
    [F_CLIENT] = FIELD_IP("srcaddr", "srcAddr", FR_CLIENT_IP, "address that asked"),
    [F_ANSWERS] = FIELD_LONG("answers", NULL, FR_NONE, "what was answered"),
    [F_ANSWER_TEXT] =
        FIELD_LONG("answer_data", NULL, FR_NONE, "the data of all answers, with blanks between"),
    [F_INSTANCE] = FIELD_TEXT("srcids.instance", "instance", 0, FR_NONE, "instance that asked"),
    [F_ENDPOINT] = FIELD_TEXT("srcids.resolver_endpoint", "resolver_endpoint", 0, FR_NONE,
                              "endpoint that the query came through"),
    [F_SOURCE] = FIELD_TEXT("query_source", NULL, FF_DERIVED, FR_PRINCIPAL,
                            "instance, else endpoint, else address that asked"),
    [F_DOMAIN] = FIELD_TEXT("query_domain", NULL, FF_DERIVED, FR_NONE,
                            "last two labels of the name asked for"),
    FIELD_TEXT("version", NULL, 0, FR_NONE, "version of the log format"),
    FIELD_TEXT("account_id", "accountId", FF_ID, FR_NONE, "account of the VPC"),
    FIELD_TEXT("region", NULL, 0, FR_NONE, "region of the VPC"),
    FIELD_TEXT("vpc_id", "vpcId", 0, FR_NONE, "VPC that asked"),
    FIELD_TEXT("resource_id", NULL, 0, FR_NONE, "what asked, where it is no VPC"),
    FIELD_TEXT("query_class", "queryClass", 0, FR_NONE, "class of the query, IN nearly always"),
    FIELD_TEXT("answers[].Rdata", "answers.rdata", 0, FR_NONE, "first answer"),
    FIELD_TEXT("answers[].Type", "answers.type", 0, FR_NONE, "record type of the first answer"),
    FIELD_TEXT("answers[].Class", "answers.class", 0, FR_NONE, "class of the first answer"),
    FIELD_PORT("srcport", "srcPort", "port that asked"),
    FIELD_TEXT("transport", NULL, 0, FR_NONE, "UDP, TCP, DOH ..."),
    FIELD_TEXT("srcids.resolver_network_interface", NULL, 0, FR_NONE,
               "interface that the query came through"),
    FIELD_TEXT("firewall_rule_group_id", NULL, 0, FR_NONE, "DNS Firewall group that matched"),
    FIELD_TEXT("firewall_rule_action", NULL, 0, FR_NONE, "ALERT or BLOCK by DNS Firewall"),
    FIELD_TEXT("firewall_domain_list_id", NULL, 0, FR_NONE, "domain list that matched"),
    FIELD_TEXT("additional_properties.is_delayed", NULL, 0, FR_NONE, "true if it came late"),
};

static struct slice answer_text(struct record *rec)
{
    struct slice rest = rec->val[F_ANSWERS], answer;
    char *out, *to;

    if (json_kind(rest) != JSON_ARRAY)
        return (struct slice){NULL, 0};
    out = to = arena_alloc(&rec->mem, rest.len);
    while (json_next_element(&rest, &answer)) {
        struct slice data = json_value(answer, "Rdata", &rec->mem);

        if (!data.len)
            continue;
        if (to > out)
            *to++ = ' ';
        memcpy(to, data.ptr, data.len);
        to += data.len;
    }
    return to > out ? slice_of(out, (size_t)(to - out)) : (struct slice){NULL, 0};
}

/* "a.b.example.com." -> "example.com" */
static struct slice last_labels(struct slice name)
{
    size_t at;
    unsigned dots = 0;

    if (name.len > 1 && name.ptr[name.len - 1] == '.')
        name.len--;
    for (at = name.len; at > 0; at--)
        if (name.ptr[at - 1] == '.' && ++dots == 2)
            break;
    return name.len ? slice_of(name.ptr + at, name.len - at) : name;
}

static enum parse_result parse(struct logtype *lt, const struct layout **lay, struct slice line,
                               struct record *rec)
{
    enum parse_result r = json_record(lt, line, rec);
    struct slice *val = rec->val;

    (void)lay;
    if (!parse_iso8601(val[F_TIME], &rec->ts))
        rec->ts = TIME_NONE;
    if (r != PARSE_OK)
        return r;
    if (!val[F_NAME].len || !val[F_RCODE].len)
        return record_bad(rec, REASON_SHAPE);
    if (!rec->static_only)
        val[F_ANSWER_TEXT] = answer_text(rec);
    val[F_SOURCE] = val[F_INSTANCE].len   ? val[F_INSTANCE]
                    : val[F_ENDPOINT].len ? val[F_ENDPOINT]
                                          : val[F_CLIENT];
    val[F_DOMAIN] = last_labels(val[F_NAME]);
    return PARSE_OK;
}

static int detect(const struct probe *p)
{
    return probe_json(p, "query_timestamp query_name rcode", path_has(p, "vpcdnsquerylogs"));
}

static const char *const samples[] = {
    "{\"version\":\"1.100000\",\"account_id\":\"111122223333\",\"region\":\"eu-west-1\",\"vpc_id\":"
    "\"vpc-0a1b\",\"query_timestamp\":\"2024-05-02T03:04:05Z\",\"query_name\":\"www.example.com.\","
    "\"query_type\":\"A\",\"query_class\":\"IN\",\"rcode\":\"NOERROR\",\"answers\":[{\"Rdata\":"
    "\"203.0.113.9\",\"Type\":\"A\",\"Class\":\"IN\"}],\"srcaddr\":\"10.0.0.5\",\"srcport\":"
    "\"50000\",\"transport\":\"UDP\",\"srcids\":{\"instance\":\"i-0a1b\"}}",
    "{\"version\":\"1.1\",\"account_id\":\"111122223333\",\"region\":\"eu-west-1\",\"vpc_id\":"
    "\"vpc-0a1b\",\"query_timestamp\":\"2024-05-02T03:04:06Z\",\"query_name\":\"bad.example.\","
    "\"query_type\":\"AAAA\",\"query_class\":\"IN\",\"rcode\":\"NXDOMAIN\",\"answers\":[],"
    "\"srcaddr\":\"10.0.0.5\",\"srcport\":\"50001\",\"transport\":\"TCP\",\"srcids\":{},"
    "\"firewall_rule_action\":\"BLOCK\",\"firewall_rule_group_id\":\"rslvr-frg-1\"}",
    NULL,
};

const struct format format_route53 = {
    .name = "route53",
    .title = "Route 53 Resolver query log",
    .doc_url = "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/"
               "resolver-query-logs-format.html",
    .fields = fields,
    .n_fields = ARRAY_LEN(fields),
    .json = true,
    .detect = detect,
    .parse = parse,
    .samples = samples,
};
