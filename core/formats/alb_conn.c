/* alb_conn.c - connection log of an Application Load Balancer: a line a connection, with what
 * became of its TLS handshake. Old lines may end at the verification. */
#include "formats/elb.h"
#include "formats/table.h"
#include "formats/w3c.h"
#include "value.h"

enum {
    F_TIME,
    F_CLIENT,
    F_CLIENT_PORT,
    F_LISTENER_PORT,
    F_PROTOCOL,
    F_CIPHER,
    F_LATENCY,
    F_SUBJECT,
    F_VALIDITY,
    F_SERIAL,
    F_VERIFY,
    F_TRACE,
    F_KEYEX,
    F_ELB,
    F_IP,
    N_FIELDS
};

static const struct field_def fields[N_FIELDS] = {
    [F_TIME] = FIELD_TIME("timestamp", "time", FF_NOCOL,
                          "when the connection was made, or failed to be (UTC)"),
    [F_CLIENT] = FIELD_IP("client_ip", NULL, FR_CLIENT_IP, "address of the client"),
    [F_CLIENT_PORT] = FIELD_PORT("client_port", NULL, "source port of the client"),
    [F_LISTENER_PORT] =
        FIELD_PORT("listener_port", NULL, "port of the listener that the client connected to"),
    [F_PROTOCOL] =
        FIELD_TEXT("tls_protocol", NULL, 0, FR_NONE, "TLS version; none on a plain HTTP listener"),
    [F_CIPHER] = FIELD_TEXT("tls_cipher", NULL, 0, FR_NONE,
                            "TLS cipher; none if no handshake was completed"),
    [F_LATENCY] = FIELD("tls_handshake_latency", NULL, FK_NUM, 3, UNIT_S, FF_NEG1, FR_DURATION,
                        "how long the TLS handshake took; none if it was not completed"),
    [F_SUBJECT] = FIELD_TEXT("leaf_client_cert_subject", NULL, FF_HEXESC, FR_PRINCIPAL,
                             "subject of the client's certificate, as CN=...,O=..."),
    [F_VALIDITY] = FIELD_TEXT("leaf_client_cert_validity", NULL, 0, FR_NONE,
                              "NotBefore=TIME;NotAfter=TIME of the client's certificate"),
    [F_SERIAL] = FIELD_TEXT("leaf_client_cert_serial_number", NULL, 0, FR_NONE,
                            "serial number of the client's certificate, hexadecimal"),
    [F_VERIFY] = FIELD_TEXT("tls_verify_status", NULL, 0, FR_ERROR,
                            "verdict on the client's certificate: Success or Failed:REASON"),
    [F_TRACE] = FIELD_LONG("conn_trace_id", NULL, FR_TRACE_ID,
                           "id of the connection, the same in the access log"),
    [F_KEYEX] = FIELD_TEXT("tls_keyexchange", NULL, 0, FR_NONE, "group of the key exchange"),
    [F_ELB] = FIELD_TEXT("elb", NULL, 0, FR_NONE, "the load balancer, as app/NAME/ID"),
    [F_IP] = FIELD_IP("ip_address", NULL, FR_SERVER_IP, "address of the load balancer's node"),
};

static const uint16_t order[N_FIELDS] = {F_TIME,     F_CLIENT, F_CLIENT_PORT, F_LISTENER_PORT,
                                         F_PROTOCOL, F_CIPHER, F_LATENCY,     F_SUBJECT,
                                         F_VALIDITY, F_SERIAL, F_VERIFY,      F_TRACE,
                                         F_KEYEX,    F_ELB,    F_IP};

#define MIN_FIELDS 7 /* up to tls_handshake_latency */

static bool is_tls(struct slice s)
{
    return value_missing(s) || slice_starts(s, "TLS") || slice_starts(s, "SSL");
}

static bool is_port(struct slice s)
{
    return value_missing(s) || is_digits(s);
}

/* Any of them may be a dash, but not both the address and the ports. */
static bool shape_fits(const struct slice *val)
{
    struct ip ip;

    if (!is_port(val[F_CLIENT_PORT]) || !is_port(val[F_LISTENER_PORT]) || !is_tls(val[F_PROTOCOL]))
        return false;
    return parse_ip(val[F_CLIENT], &ip) ||
           (value_missing(val[F_CLIENT]) && is_digits(val[F_LISTENER_PORT]));
}

/* Lines without a certificate may lack the verdict: the id of the connection stands there then. */
static void place_trace_id(struct slice *val)
{
    if (!val[F_TRACE].ptr && val[F_VERIFY].ptr && slice_starts(val[F_VERIFY], "TID_")) {
        val[F_TRACE] = val[F_VERIFY];
        val[F_VERIFY] = (struct slice){NULL, 0};
    }
}

static enum parse_result parse(struct logtype *lt, const struct layout **lay, struct slice line,
                               struct record *rec)
{
    struct slice *val = rec->val;
    struct elb_line got;
    enum parse_result r =
        elb_read(lt, (struct tok_map){order, ARRAY_LEN(order), N_FIELDS}, lay, line, rec, &got);

    if (r != PARSE_OK)
        return r;
    if (!elb_time(&got, val[F_TIME], &rec->ts))
        return record_bad(rec, REASON_TIME);
    if (got.open)
        return record_bad(rec, REASON_QUOTE);
    if (got.n < MIN_FIELDS)
        return record_bad(rec, REASON_SHORT);
    if (!got.keyed && !shape_fits(val))
        return record_bad(rec, REASON_SHAPE);
    place_trace_id(val);
    return PARSE_OK;
}

static int detect(const struct probe *p)
{
    bool named = path_has(p, "conn_log");

    return elb_detect(p, "tls_verify_status tls_handshake_latency|conn_trace_id", named, named);
}

static const char *const samples[] = {
    "2024-05-02T03:04:05.678901Z 203.0.113.9 50000 443 TLSv1.3 TLS_AES_128_GCM_SHA256 0.012 "
    "\"CN=anna,O=Example \\\"Inc\\\"\" "
    "NotBefore=2024-01-01T00:00:00Z;NotAfter=2025-01-01T00:00:00Z "
    "0A1B Success TID_0a1b2c",
    "2024-05-02T03:04:06.678901Z 2001:db8::9 50001 443 TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256 - \"-\" "
    "- - Failed:ClientCertExpired TID_0a1b2d - app/shop/0a1b 10.0.0.4",
    "2024-05-02T03:04:07.678901Z 203.0.113.9 50002 80 - - - \"-\" - - - TID_0a1b2e",
    NULL,
};

const struct format format_alb_conn = {
    .name = "alb_conn",
    .title = "Application Load Balancer connection log",
    .doc_url = "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/"
               "load-balancer-connection-logs.html",
    .fields = fields,
    .n_fields = N_FIELDS,
    .header = true,
    .header_first = true,
    .header_mark = W3C_MARK,
    .json = true,
    .detect = detect,
    .parse = parse,
    .samples = samples,
};
