/* netfw.c - AWS Network Firewall: alert, flow and TLS records in the EVE format of Suricata, with
 * all that is of the event within `event`; and the flat records of the proxy. */
#include "formats/table.h"
#include "json.h"
#include "tok_space.h"
#include "value.h"

enum {
    F_TIME,
    F_TYPE,
    F_ACTION,
    F_OUTCOME,
    F_VERDICT,
    F_SRC,
    F_SPORT,
    F_DST,
    F_DPORT,
    F_PROTO,
    F_SIGNATURE,
    F_SERVER_NAME,
    F_SNI,
    F_TLS_SNI,
    F_HTTP_HOST,
    F_DOMAIN,
    F_FIREWALL,
    F_WRITTEN,
    F_PROXY,
    F_FINAL,
    N_NAMED
};

static const struct field_def fields[] = {
    [F_TIME] = FIELD_TIME("event.timestamp", NULL, FF_NOCOL, "when it happened (UTC)"),
    [F_TYPE] = FIELD_TEXT("event.event_type", "event_type", 0, FR_NONE,
                          "kind of record: alert, netflow, tls, http ..."),
    [F_ACTION] = FIELD_TEXT("event.alert.action", "event_action", 0, FR_NONE,
                            "allowed or blocked, by the rule of the alert"),
    [F_OUTCOME] = FIELD_TEXT("outcome", NULL, FF_DERIVED, FR_ACTION,
                             "what became of the packet: verdict, alert action or the proxy's"),
    [F_VERDICT] = FIELD_TEXT("event.verdict.action", "verdict", 0, FR_NONE,
                             "what was done in the end: pass, drop, alert, reject"),
    [F_SRC] = FIELD_IP("event.src_ip", "src_ip client_src_ip", FR_CLIENT_IP, "source address"),
    [F_SPORT] = FIELD_PORT("event.src_port", "src_port client_src_port", "source port"),
    [F_DST] = FIELD_IP("event.dest_ip", "dest_ip", FR_SERVER_IP, "destination address"),
    [F_DPORT] = FIELD_PORT("event.dest_port", "dest_port", "destination port"),
    [F_PROTO] = FIELD_TEXT("event.proto", "proto", 0, FR_NONE, "TCP, UDP, ICMP ..."),
    [F_SIGNATURE] = FIELD_TEXT("event.alert.signature", "signature", 0, FR_ERROR,
                               "message of the rule that matched"),
    [F_SERVER_NAME] = FIELD_TEXT("server_name", NULL, FF_DERIVED, FR_HOST,
                                 "name asked for: TLS name, HTTP host or domain"),
    [F_SNI] = FIELD_TEXT("event.sni", NULL, 0, FR_NONE, "name of an inspected TLS connection"),
    [F_TLS_SNI] = FIELD_TEXT("event.tls.sni", "tls_sni", 0, FR_NONE, "name in the TLS hello"),
    [F_HTTP_HOST] = FIELD_TEXT("event.http.hostname", "http_hostname", 0, FR_NONE, "HTTP host"),
    [F_DOMAIN] = FIELD_TEXT("dest_domain", NULL, 0, FR_NONE, "proxy: name of the destination"),
    [F_FIREWALL] = FIELD_TEXT("firewall_name", NULL, 0, FR_NONE, "the firewall"),
    [F_WRITTEN] = FIELD_TIME("event_timestamp", NULL, FF_NOCOL, "when the record was written"),
    [F_PROXY] = FIELD_TEXT("proxy_name", NULL, 0, FR_NONE, "proxy: its name"),
    [F_FINAL] = FIELD_TEXT("final_action", NULL, 0, FR_NONE, "proxy: what was done in the end"),
    FIELD_TEXT("availability_zone", NULL, 0, FR_NONE, "zone of the endpoint"),
    FIELD_TEXT("aws_category", NULL, 0, FR_NONE, "category of the list that matched"),
    FIELD_TEXT("event.flow_id", "flow_id", FF_NOCOL | FF_ID, FR_REQUEST_ID,
               "id of the flow, the same in all its records"),
    FIELD_TEXT("event.app_proto", "app_proto", 0, FR_NONE, "protocol found in the bytes"),
    FIELD_TEXT("event.direction", "direction", 0, FR_NONE, "to_server or to_client"),
    FIELD_TEXT("event.pkt_src", "pkt_src", 0, FR_NONE, "where the packet came from"),
    FIELD_COUNT("event.tx_id", "tx_id", "number of the transaction in the flow"),
    FIELD_COUNT("event.alert.signature_id", "signature_id sid", "id of the rule"),
    FIELD_COUNT("event.alert.rev", "rev", "revision of the rule"),
    FIELD_TEXT("event.alert.category", "category", 0, FR_NONE, "class of the rule"),
    FIELD_COUNT("event.alert.severity", "severity", "1 is worst, 4 least"),
    FIELD_LONG("event.alert.metadata", NULL, FR_NONE, "metadata of the rule"),
    FIELD_TEXT("event.aws_metadata.resource_arn", NULL, 0, FR_NONE, "rule group"),
    FIELD_COUNT("event.netflow.pkts", "pkts", "packets"),
    FIELD_BYTES("event.netflow.bytes", NULL, FR_BYTES_OUT, "bytes"),
    FIELD_TIME("event.netflow.start", NULL, 0, "start of the flow"),
    FIELD_TIME("event.netflow.end", NULL, 0, "end of the flow"),
    FIELD("event.netflow.age", "age", FK_NUM, 0, UNIT_S, 0, FR_DURATION, "length of the flow"),
    FIELD_COUNT("event.netflow.min_ttl", NULL, "smallest TTL"),
    FIELD_COUNT("event.netflow.max_ttl", NULL, "largest TTL"),
    FIELD_TEXT("event.tcp.tcp_flags", "tcp_flags", 0, FR_NONE, "TCP flags, hexadecimal"),
    FIELD_TEXT("event.tls.version", "tls_version", 0, FR_NONE, "TLS version"),
    FIELD_TEXT("event.http.url", NULL, FF_URLENC, FR_PATH, "HTTP path"),
    FIELD_TEXT("event.http.http_user_agent", NULL, 0, FR_USER_AGENT, "HTTP user agent"),
    FIELD_TEXT("event.http.http_method", "http_method", 0, FR_METHOD, "HTTP method"),
    FIELD("event.http.status", "http_status_code", FK_NUM, 0, UNIT_NONE, FF_STATUS, FR_STATUS,
          "HTTP status"),
    FIELD_TEXT("event.tls_inspected", "tls_inspected", 0, FR_NONE, "true if it was decrypted"),
    FIELD_TEXT("event.tls_error.error_message", NULL, 0, FR_NONE, "why it was not decrypted"),
    FIELD_LONG("event.revocation_check.leaf_cert_fpr", NULL, FR_NONE,
               "fingerprint of the certificate"),
    FIELD_TEXT("event.revocation_check.status", NULL, 0, FR_NONE,
               "whether the certificate was revoked"),
    FIELD_TEXT("event.revocation_check.action", NULL, 0, FR_NONE, "what was done about it"),
    FIELD_TEXT("src_vpc", NULL, 0, FR_NONE, "proxy: VPC of the client"),
    FIELD_TEXT("src_vpce", NULL, 0, FR_NONE, "proxy: endpoint of the client"),
    FIELD_LONG("url", NULL, FR_NONE, "proxy: URL"),
    FIELD_TEXT("final_rule_name", NULL, 0, FR_NONE, "proxy: rule that decided"),
    FIELD_TEXT("final_rule_group_name", NULL, 0, FR_NONE, "proxy: group of that rule"),
    FIELD_BYTES("request_size", NULL, FR_BYTES_IN, "proxy: bytes of the request"),
    FIELD_BYTES("response_size", NULL, FR_NONE, "proxy: bytes of the response"),
};

/* The first of some fields that is there. */
static void take_first(struct slice *val, unsigned into, const uint8_t *from, unsigned n)
{
    for (unsigned i = 0; i < n && !val[into].len; i++)
        val[into] = val[from[i]];
}

static enum parse_result parse(struct logtype *lt, const struct layout **lay, struct slice line,
                               struct record *rec)
{
    static const uint8_t outcomes[] = {F_VERDICT, F_ACTION, F_FINAL};
    static const uint8_t names[] = {F_TLS_SNI, F_SNI, F_HTTP_HOST, F_DOMAIN};
    enum parse_result r = json_record(lt, line, rec);
    struct slice *val = rec->val;

    (void)lay;
    if (!parse_iso8601(val[F_TIME], &rec->ts) && !parse_epoch(val[F_WRITTEN], &rec->ts) &&
        !parse_iso8601(val[F_WRITTEN], &rec->ts))
        rec->ts = TIME_NONE;
    if (r != PARSE_OK)
        return r;
    if ((!val[F_FIREWALL].len || !val[F_TYPE].len) && !(val[F_PROXY].len && val[F_FINAL].len))
        return record_bad(rec, REASON_SHAPE);
    take_first(val, F_OUTCOME, outcomes, ARRAY_LEN(outcomes));
    take_first(val, F_SERVER_NAME, names, ARRAY_LEN(names));
    return PARSE_OK;
}

static int detect(const struct probe *p)
{
    int score = probe_json(p, "firewall_name event.event_type|event.timestamp",
                           path_has(p, "network-firewall"));

    return MAX(score, probe_json(p, "proxy_name final_action", false));
}

static const char *const samples[] = {
    "{\"firewall_name\":\"fw\",\"availability_zone\":\"eu-west-1a\",\"event_timestamp\":"
    "\"1714619045\",\"event\":{\"timestamp\":\"2024-05-02T03:04:05.123456+0000\",\"flow_id\":"
    "1234567890123456789,\"event_type\":\"alert\",\"src_ip\":\"10.0.0.1\",\"src_port\":50000,"
    "\"dest_ip\":\"203.0.113.9\",\"dest_port\":443,\"proto\":\"TCP\",\"alert\":{\"action\":"
    "\"blocked\",\"signature_id\":5,\"rev\":1,\"signature\":\"no such host\",\"category\":\"\","
    "\"severity\":1},\"tls\":{\"sni\":\"bad.example\"},\"verdict\":{\"action\":\"drop\"}}}",
    "{\"firewall_name\":\"fw\",\"availability_zone\":\"eu-west-1a\",\"event_timestamp\":1714619045,"
    "\"event\":{\"tcp\":{\"tcp_flags\":\"1f\"},\"app_proto\":\"tls\",\"timestamp\":"
    "\"2024-05-02T03:04:05.123456+0000\",\"flow_id\":1,\"event_type\":\"netflow\",\"src_ip\":"
    "\"10.0.0.1\",\"dest_ip\":\"10.0.0.2\",\"proto\":\"ICMP\",\"netflow\":{\"pkts\":2,\"bytes\":"
    "168,\"age\":0}}}",
    "{\"proxy_name\":\"px\",\"final_action\":\"DENY\",\"client_src_ip\":\"10.0.0.1\","
    "\"client_src_port\":\"50000\",\"dest_domain\":\"bad.example\",\"event_timestamp\":"
    "\"1714619045\",\"http_status_code\":\"403\"}",
    NULL,
};

const struct format format_netfw = {
    .name = "netfw",
    .title = "Network Firewall log",
    .doc_url = "https://docs.aws.amazon.com/network-firewall/latest/developerguide/"
               "firewall-logging-contents.html",
    .fields = fields,
    .n_fields = ARRAY_LEN(fields),
    .json = true,
    .detect = detect,
    .parse = parse,
    .samples = samples,
};
