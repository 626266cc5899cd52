/* nlb.c - Network Load Balancer access log: one line for a TLS connection, written at its end.
 * Times have no zone letter and are UTC; only the ALPN list is quoted, and keeps its quotes. */
#include "formats/elb.h"
#include "formats/table.h"
#include "formats/w3c.h"
#include "json.h"
#include "value.h"

enum {
    F_TYPE,
    F_VERSION,
    F_TIME,
    F_ELB,
    F_LISTENER,
    F_CLIENT,
    F_CLIENT_IP,
    F_CLIENT_PORT,
    F_DEST,
    F_DEST_IP,
    F_DEST_PORT,
    F_CONN_TIME,
    F_HANDSHAKE,
    F_RECEIVED,
    F_SENT,
    F_ALERT,
    F_CERT,
    F_SERIAL,
    F_CIPHER,
    F_PROTOCOL,
    F_KEYEX,
    F_DOMAIN,
    F_ALPN_FE,
    F_ALPN_BE,
    F_ALPN_LIST,
    F_CREATED,
    N_FIELDS
};

static const struct field_def fields[N_FIELDS] = {
    [F_TYPE] = FIELD_TEXT("type", NULL, 0, FR_NONE, "kind of listener, tls"),
    [F_VERSION] = FIELD_TEXT("version", NULL, 0, FR_NONE, "version of the line format"),
    [F_TIME] = FIELD_TIME("time", NULL, FF_NOCOL, "when the connection ended (UTC)"),
    [F_ELB] = FIELD_TEXT("elb", NULL, 0, FR_NONE, "the load balancer, as net/NAME/ID"),
    [F_LISTENER] = FIELD_TEXT("listener", "listener_id", 0, FR_NONE, "id of the TLS listener"),
    [F_CLIENT] = FIELD_WHOLE("client:port", NULL, 0, "address and port of the client"),
    [F_CLIENT_IP] = FIELD_IP("client_ip", NULL, FR_CLIENT_IP, "address of the client"),
    [F_CLIENT_PORT] = FIELD_PORT("client_port", NULL, "source port of the client"),
    [F_DEST] = FIELD_WHOLE("destination:port", NULL, 0,
                           "address and port of the balancer that the client connected to"),
    [F_DEST_IP] = FIELD_IP("destination_ip", "target_ip", FR_SERVER_IP,
                           "address of the balancer, or of the VPC endpoint"),
    [F_DEST_PORT] = FIELD_PORT("destination_port", "target_port", "port of the listener"),
    [F_CONN_TIME] = FIELD("connection_time", "tcp_connection_time_ms", FK_NUM, 0, UNIT_MS, 0,
                          FR_DURATION, "how long the connection lasted"),
    [F_HANDSHAKE] = FIELD("tls_handshake_time", "tls_handshake_time_ms", FK_NUM, 0, UNIT_MS, 0,
                          FR_NONE, "how long the TLS handshake took; none if it did not finish"),
    [F_RECEIVED] =
        FIELD_BYTES("received_bytes", NULL, FR_BYTES_IN, "bytes from the client, decrypted"),
    [F_SENT] =
        FIELD_BYTES("sent_bytes", NULL, FR_BYTES_OUT, "bytes to the client, before encryption"),
    [F_ALERT] = FIELD("incoming_tls_alert", NULL, FK_NUM, 0, UNIT_NONE, 0, FR_ERROR,
                      "number of the TLS alert that the client sent"),
    [F_CERT] =
        FIELD_TEXT("chosen_cert_arn", "cert_arn", 0, FR_NONE, "certificate shown to the client"),
    [F_SERIAL] =
        FIELD_TEXT("chosen_cert_serial", "certificate_serial", 0, FR_NONE, "reserved, never set"),
    [F_CIPHER] = FIELD_TEXT("tls_cipher", "tls_cipher_suite", 0, FR_NONE, "cipher suite"),
    [F_PROTOCOL] = FIELD_TEXT("tls_protocol_version", NULL, 0, FR_NONE,
                              "TLS version in small letters: tlsv12, tlsv13"),
    [F_KEYEX] =
        FIELD_TEXT("tls_keyexchange", "tls_named_group", 0, FR_NONE, "group of the key exchange"),
    [F_DOMAIN] =
        FIELD_TEXT("domain_name", NULL, FF_URLENC, FR_HOST, "host name of the TLS handshake (SNI)"),
    [F_ALPN_FE] =
        FIELD_TEXT("alpn_fe_protocol", NULL, 0, FR_NONE, "protocol agreed with the client"),
    [F_ALPN_BE] =
        FIELD_TEXT("alpn_be_protocol", NULL, 0, FR_NONE, "protocol agreed with the target"),
    [F_ALPN_LIST] = FIELD_TEXT("alpn_client_preference_list", NULL, FF_URLENC, FR_NONE,
                               "protocols that the client offered"),
    [F_CREATED] =
        FIELD_TIME("tls_connection_creation_time", NULL, 0, "when the connection began (UTC)"),
};

static const uint16_t order[] = {
    F_TYPE,      F_VERSION,  F_TIME,    F_ELB,     F_LISTENER,  F_CLIENT,  F_DEST,   F_CONN_TIME,
    F_HANDSHAKE, F_RECEIVED, F_SENT,    F_ALERT,   F_CERT,      F_SERIAL,  F_CIPHER, F_PROTOCOL,
    F_KEYEX,     F_DOMAIN,   F_ALPN_FE, F_ALPN_BE, F_ALPN_LIST, F_CREATED,
};

#define MIN_FIELDS 8 /* up to connection_time */

/* `"h2","http/1.1"` is one value: the outer quotes are no frame. */
static void keep_quotes(struct slice *list, struct slice line)
{
    if (list->ptr && list->ptr > line.ptr && list->ptr[-1] == '"') {
        list->ptr--;
        list->len += 2;
    }
}

static const char *const json_keys[] = {"client_port", "client:port", "destination_port",
                                        "destination:port", NULL};

static enum parse_result parse(struct logtype *lt, const struct layout **lay, struct slice line,
                               struct record *rec)
{
    struct slice *val = rec->val;
    struct elb_line got;
    enum parse_result r =
        elb_read(lt, (struct tok_map){order, ARRAY_LEN(order), N_FIELDS}, lay, line, rec, &got);

    if (r != PARSE_OK)
        return r;
    if (!got.keyed && !slice_is(val[F_TYPE], "tls"))
        return record_bad(rec, REASON_SHAPE);
    if (!elb_time(&got, val[F_TIME], &rec->ts))
        return record_bad(rec, REASON_TIME);
    if (got.open)
        return record_bad(rec, REASON_QUOTE);
    if (got.n < MIN_FIELDS)
        return record_bad(rec, REASON_SHORT);
    if (!got.keyed && !is_addr_port(val[F_CLIENT]) && !slice_starts(val[F_ELB], "net/"))
        return record_bad(rec, REASON_SHAPE);
    if (!is_json_object(line)) /* whose strings have quotes of their own */
        keep_quotes(&val[F_ALPN_LIST], line);
    elb_split_addr(val, F_CLIENT);
    elb_split_addr(val, F_DEST);
    return PARSE_OK;
}

static int detect(const struct probe *p)
{
    return elb_detect(p, "alpn_fe_protocol|tls_handshake_time listener|elb", false,
                      path_is_elb(p, "net."));
}

static const char *const samples[] = {
    "tls 2.0 2023-02-03T04:05:06 net/edge/0123456789abcdef 0a0b0c0d0e0f0102 203.0.113.77:61000 "
    "10.7.7.7:443 1503 12 980 24601 - "
    "arn:aws:acm:eu-west-1:111122223333:certificate/00000000-1111-2222-3333-444444444444 - "
    "TLS_AES_128_GCM_SHA256 tlsv13 x25519 api.example.org h2 h2 \"h2\",\"http/1.1\" "
    "2023-02-03T04:05:04",
    "tls 2.0 2023-02-03T04:05:07 net/edge/0123456789abcdef 0a0b0c0d0e0f0102 2001:db8::9:61001 "
    "10.7.7.7:443 3 - 0 0 48 - - - - - - - - - 2023-02-03T04:05:07",
    NULL,
};

const struct format format_nlb = {
    .name = "nlb",
    .title = "Network Load Balancer access log",
    .doc_url = "https://docs.aws.amazon.com/elasticloadbalancing/latest/network/"
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
