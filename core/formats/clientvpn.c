/* clientvpn.c - Client VPN connection log: one JSON object an attempt, an update or the end of a
 * connection. All values are strings, "NA" where there is none. */
#include "formats/table.h"
#include "json.h"
#include "tok_space.h"
#include "value.h"

enum { F_UPDATED, F_STARTED, F_KIND, F_STATUS, F_REASON, F_ID, F_USER, F_NAME, F_WHO, N_NAMED };

static const struct field_def fields[] = {
    [F_UPDATED] = FIELD_TIME("connection-last-update-time", NULL, FF_NOCOL,
                             "when the record was brought up to date (UTC)"),
    [F_STARTED] = FIELD_TIME("connection-start-time", NULL, 0, "when the connection began (UTC)"),
    [F_KIND] = FIELD_TEXT("connection-log-type", NULL, 0, FR_ACTION,
                          "connection-attempt or connection-reset"),
    [F_STATUS] = FIELD_TEXT("connection-attempt-status", NULL, 0, FR_NONE,
                            "how the attempt went: successful, failed, waiting-for-assertion"),
    [F_REASON] = FIELD_TEXT("connection-attempt-failure-reason", NULL, 0, FR_ERROR,
                            "why the attempt failed"),
    [F_ID] = FIELD_TEXT("connection-id", NULL, 0, FR_REQUEST_ID, "id of the connection"),
    [F_USER] = FIELD_TEXT("username", NULL, 0, FR_NONE, "user, where there was a login"),
    [F_NAME] = FIELD_TEXT("common-name", NULL, 0, FR_NONE, "common name of the certificate"),
    [F_WHO] = FIELD_TEXT("vpn_user", NULL, FF_DERIVED, FR_PRINCIPAL,
                         "user, else common name of the certificate"),
    FIELD_TEXT("connection-reset-status", NULL, 0, FR_NONE, "how the reset went"),
    FIELD_TEXT("client-vpn-endpoint-id", NULL, 0, FR_NONE, "endpoint"),
    FIELD_TEXT("transport-protocol", NULL, 0, FR_NONE, "tcp or udp"),
    FIELD_IP("client-ip", NULL, FR_NONE, "address given to the client"),
    FIELD_IP("client-ip-v6", NULL, FR_NONE, "IPv6 address given to the client"),
    FIELD_TEXT("device-type", NULL, 0, FR_USER_AGENT, "platform of the client"),
    FIELD_IP("device-ip", NULL, FR_CLIENT_IP, "public address of the client"),
    FIELD_PORT("port", NULL, "port of the connection"),
    FIELD_BYTES("ingress-bytes", NULL, FR_BYTES_IN, "bytes from the client"),
    FIELD_BYTES("egress-bytes", NULL, FR_BYTES_OUT, "bytes to the client"),
    FIELD_COUNT("ingress-packets", NULL, "packets from the client"),
    FIELD_COUNT("egress-packets", NULL, "packets to the client"),
    FIELD_TIME("connection-end-time", NULL, 0, "when the connection ended (UTC)"),
    FIELD_LONG("posture-compliance-statuses", NULL, FR_NONE, "outcome of posture checks"),
    FIELD_LONG("authorization-policy-evaluation", NULL, FR_NONE,
               "what the authorization policy said"),
    FIELD_TEXT("authorization-policy-evaluation.result", NULL, 0, FR_NONE, "permit, deny or error"),
    FIELD_TEXT("authorization-policy-evaluation.evaluation-type", NULL, 0, FR_NONE,
               "at the attempt, or periodic"),
    FIELD_TEXT("authorization-policy-evaluation.shadow-mode", NULL, 0, FR_NONE,
               "enabled: the policy only watches"),
    FIELD_TEXT("authorization-policy-evaluation.reason", NULL, 0, FR_NONE, "why it was denied"),
    FIELD_LONG("authorization-policy-evaluation.device-token-status", NULL, FR_NONE,
               "state of the device's trust tokens"),
    FIELD_LONG("authorization-policy-evaluation.context", NULL, FR_NONE,
               "all that the policy looked at"),
    FIELD("connection-duration-seconds", NULL, FK_NUM, 0, UNIT_S, 0, FR_DURATION,
          "how long the connection lasted"),
};

static bool moment(struct slice s, int64_t *us)
{
    return s.len > 2 && parse_iso8601(s, us);
}

static enum parse_result parse(struct logtype *lt, const struct layout **lay, struct slice line,
                               struct record *rec)
{
    enum parse_result r = json_record(lt, line, rec);
    struct slice *val = rec->val;

    (void)lay;
    if (r == PARSE_OK && !val[F_KIND].len)
        return record_bad(rec, REASON_SHAPE);
    for (unsigned f = 0; f < lt->n_static; f++)
        if (slice_is(val[f], "NA"))
            val[f] = (struct slice){NULL, 0};
    if (!moment(val[F_UPDATED], &rec->ts) && !moment(val[F_STARTED], &rec->ts))
        rec->ts = TIME_NONE;
    val[F_WHO] = val[F_USER].len ? val[F_USER] : val[F_NAME];
    return r;
}

static int detect(const struct probe *p)
{
    return probe_json(p, "connection-log-type connection-id|client-vpn-endpoint-id", false);
}

static const char *const samples[] = {
    "{\"connection-log-type\":\"connection-attempt\",\"connection-attempt-status\":\"successful\","
    "\"connection-reset-status\":\"NA\",\"connection-attempt-failure-reason\":\"NA\","
    "\"connection-id\":\"cvpn-connection-1\",\"client-vpn-endpoint-id\":\"cvpn-endpoint-1\","
    "\"transport-protocol\":\"udp\",\"connection-start-time\":\"2024-05-02 03:04:05\","
    "\"connection-last-update-time\":\"2024-05-02 03:04:05\",\"client-ip\":\"10.9.0.2\","
    "\"common-name\":\"anna\",\"device-type\":\"mac\",\"device-ip\":\"203.0.113.7\",\"port\":"
    "\"50000\",\"ingress-bytes\":\"0\",\"egress-bytes\":\"0\",\"ingress-packets\":\"0\","
    "\"egress-packets\":\"0\",\"connection-end-time\":\"NA\"}",
    "{\"connection-log-type\":\"connection-attempt\",\"connection-attempt-status\":\"failed\","
    "\"connection-attempt-failure-reason\":\"authorization-policy-deny\",\"connection-id\":"
    "\"cvpn-connection-2\",\"client-vpn-endpoint-id\":\"cvpn-endpoint-1\","
    "\"connection-start-time\":\"NA\",\"connection-last-update-time\":\"2026-05-02 03:04:06\","
    "\"authorization-policy-evaluation\":{\"result\":\"deny\",\"reason\":\"policy-deny\"}}",
    NULL,
};

const struct format format_clientvpn = {
    .name = "clientvpn",
    .title = "Client VPN connection log",
    .doc_url = "https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/connection-logging.html",
    .fields = fields,
    .n_fields = ARRAY_LEN(fields),
    .json = true,
    .detect = detect,
    .parse = parse,
    .samples = samples,
};
