/* nlb.c - Network Load Balancer access log: one line for a TLS connection, written at its end.
 * Times have no zone letter and are UTC; only the ALPN list is quoted, and keeps its quotes. */
#include "json.h"
#include "tok_space.h"
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
    [F_TYPE] = {"type", NULL, FK_TEXT, 0, UNIT_NONE, 0, ROLE_NONE, "kind of listener, tls"},
    [F_VERSION] = {"version", NULL, FK_TEXT, 0, UNIT_NONE, 0, ROLE_NONE,
                   "version of the line format"},
    [F_TIME] = {"time", NULL, FK_TIME, 0, UNIT_NONE, FF_NOCOL, ROLE_NONE,
                "when the connection ended (UTC)"},
    [F_ELB] = {"elb", NULL, FK_TEXT, 0, UNIT_NONE, 0, ROLE_NONE,
               "the load balancer, as net/NAME/ID"},
    [F_LISTENER] = {"listener", "listener_id", FK_TEXT, 0, UNIT_NONE, 0, ROLE_NONE,
                    "id of the TLS listener"},
    [F_CLIENT] = {"client:port", NULL, FK_TEXT, 0, UNIT_NONE, FF_NOCOL | FF_COMPOSITE, ROLE_NONE,
                  "address and port of the client"},
    [F_CLIENT_IP] = {"client_ip", NULL, FK_IP, 0, UNIT_NONE, 0, ROLE_CLIENT_IP,
                     "address of the client"},
    [F_CLIENT_PORT] = {"client_port", NULL, FK_NUM, 0, UNIT_NONE, FF_PORT, ROLE_NONE,
                       "source port of the client"},
    [F_DEST] = {"destination:port", NULL, FK_TEXT, 0, UNIT_NONE, FF_NOCOL | FF_COMPOSITE, ROLE_NONE,
                "address and port of the balancer that the client connected to"},
    [F_DEST_IP] = {"destination_ip", "target_ip", FK_IP, 0, UNIT_NONE, 0, ROLE_SERVER_IP,
                   "address of the balancer, or of the VPC endpoint"},
    [F_DEST_PORT] = {"destination_port", "target_port", FK_NUM, 0, UNIT_NONE, FF_PORT, ROLE_NONE,
                     "port of the listener"},
    [F_CONN_TIME] = {"connection_time", "tcp_connection_time_ms", FK_NUM, 0, UNIT_MS, 0,
                     ROLE_DURATION, "how long the connection lasted"},
    [F_HANDSHAKE] = {"tls_handshake_time", "tls_handshake_time_ms", FK_NUM, 0, UNIT_MS, 0,
                     ROLE_NONE, "how long the TLS handshake took; none if it did not finish"},
    [F_RECEIVED] = {"received_bytes", NULL, FK_NUM, 0, UNIT_BYTES, 0, ROLE_BYTES_IN,
                    "bytes from the client, decrypted"},
    [F_SENT] = {"sent_bytes", NULL, FK_NUM, 0, UNIT_BYTES, 0, ROLE_BYTES_OUT,
                "bytes to the client, before encryption"},
    [F_ALERT] = {"incoming_tls_alert", NULL, FK_NUM, 0, UNIT_NONE, 0, ROLE_ERROR,
                 "number of the TLS alert that the client sent"},
    [F_CERT] = {"chosen_cert_arn", "cert_arn", FK_TEXT, 0, UNIT_NONE, 0, ROLE_NONE,
                "certificate shown to the client"},
    [F_SERIAL] = {"chosen_cert_serial", "certificate_serial", FK_TEXT, 0, UNIT_NONE, 0, ROLE_NONE,
                  "reserved, never set"},
    [F_CIPHER] = {"tls_cipher", "tls_cipher_suite", FK_TEXT, 0, UNIT_NONE, 0, ROLE_NONE,
                  "cipher suite"},
    [F_PROTOCOL] = {"tls_protocol_version", NULL, FK_TEXT, 0, UNIT_NONE, 0, ROLE_NONE,
                    "TLS version in small letters: tlsv12, tlsv13"},
    [F_KEYEX] = {"tls_keyexchange", "tls_named_group", FK_TEXT, 0, UNIT_NONE, 0, ROLE_NONE,
                 "group of the key exchange"},
    [F_DOMAIN] = {"domain_name", NULL, FK_TEXT, 0, UNIT_NONE, FF_URLENC, ROLE_HOST,
                  "host name of the TLS handshake (SNI)"},
    [F_ALPN_FE] = {"alpn_fe_protocol", NULL, FK_TEXT, 0, UNIT_NONE, 0, ROLE_NONE,
                   "protocol agreed with the client"},
    [F_ALPN_BE] = {"alpn_be_protocol", NULL, FK_TEXT, 0, UNIT_NONE, 0, ROLE_NONE,
                   "protocol agreed with the target"},
    [F_ALPN_LIST] = {"alpn_client_preference_list", NULL, FK_TEXT, 0, UNIT_NONE, FF_URLENC,
                     ROLE_NONE, "protocols that the client offered"},
    [F_CREATED] = {"tls_connection_creation_time", NULL, FK_TIME, 0, UNIT_NONE, 0, ROLE_NONE,
                   "when the connection began (UTC)"},
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
    struct tok_result got;

    (void)lay;
    if (unlikely(is_json_object(line))) {
        if (json_record(lt, line, rec) != PARSE_OK)
            return PARSE_BAD;
        got = (struct tok_result){.n = N_FIELDS};
    } else {
        record_begin(rec, lt);
        got = tok_quoted(line, (struct tok_map){order, ARRAY_LEN(order), lt->n_static}, val);
        rec->n_val = MAX(rec->n_val, got.n_val);
        keep_quotes(&val[F_ALPN_LIST], line);
    }
    if (!slice_is(val[F_TYPE], "tls"))
        return record_bad(rec, REASON_SHAPE);
    if (!parse_iso8601(val[F_TIME], &rec->ts))
        return record_bad(rec, REASON_TIME);
    if (got.open)
        return record_bad(rec, REASON_QUOTE);
    if (got.n < MIN_FIELDS)
        return record_bad(rec, REASON_SHORT);
    if (!is_addr_port(val[F_CLIENT]))
        return record_bad(rec, REASON_SHAPE);
    split_addr_port(val[F_CLIENT], &val[F_CLIENT_IP], &val[F_CLIENT_PORT]);
    split_addr_port(val[F_DEST], &val[F_DEST_IP], &val[F_DEST_PORT]);
    return PARSE_OK;
}

static int detect(const struct probe *p)
{
    int score = probe_json(p, "alpn_fe_protocol|tls_handshake_time listener|elb", false);

    return score ? score : probe_records(p, "nlb", path_is_elb(p, "net."));
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
    .json = true,
    .json_keys = json_keys,
    .detect = detect,
    .parse = parse,
    .samples = samples,
};
