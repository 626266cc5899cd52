/* globalaccelerator.c - Global Accelerator flow log. A reject reason may be empty: the line then
 * ends in a blank, or one value early. */
#include "formats/flow.h"
#include "formats/table.h"
#include "tok_space.h"
#include "value.h"

enum {
    F_VERSION,
    F_ACCOUNT,
    F_ACCELERATOR,
    F_CLIENT,
    F_CLIENT_PORT,
    F_IP,
    F_PORT,
    F_ENDPOINT,
    F_ENDPOINT_PORT,
    F_PROTOCOL,
    F_FAMILY,
    F_PACKETS,
    F_BYTES,
    F_START,
    F_END,
    F_ACTION,
    F_LOG_STATUS,
    F_SOURCE,
    F_SOURCE_PORT,
    F_REGION,
    F_EDGE,
    F_DIRECTION,
    F_VPC,
    F_REASON,
    N_ORDERED,
    F_IATA = N_ORDERED,
    F_CITY,
    F_COUNTRY,
    N_FIELDS
};

static const struct field_def fields[N_FIELDS] = {
    [F_VERSION] = FIELD_TEXT("version", NULL, 0, FR_NONE, "version of the record: 1.0 or 2.0"),
    [F_ACCOUNT] =
        FIELD_TEXT("aws_account_id", "account", FF_ID, FR_NONE, "account of the accelerator"),
    [F_ACCELERATOR] =
        FIELD_TEXT("accelerator_id", "acceleratorid", 0, FR_NONE, "id of the accelerator"),
    [F_CLIENT] = FIELD_IP("client_ip", "clientip", FR_CLIENT_IP, "address of the user"),
    [F_CLIENT_PORT] = FIELD_PORT("client_port", "clientport", "source port of the user"),
    [F_IP] = FIELD_IP("accelerator_ip", "gip", FR_NONE,
                      "static address of the accelerator that was used"),
    [F_PORT] = FIELD_PORT("accelerator_port", "gipport", "port of the listener"),
    [F_ENDPOINT] = FIELD_IP("endpoint_ip", "endpointip", FR_SERVER_IP, "address of the endpoint"),
    [F_ENDPOINT_PORT] = FIELD_PORT("endpoint_port", "endpointport", "port of the endpoint"),
    [F_PROTOCOL] = FIELD_TEXT("protocol", NULL, 0, FR_NONE, "TCP or UDP"),
    [F_FAMILY] = FIELD_TEXT("ip_address_type", "ipaddresstype", 0, FR_NONE, "IPv4 or IPv6"),
    [F_PACKETS] = FIELD_COUNT("packets", "numpackets",
                              "packets in the window; 0 if the flow is alive but idle"),
    [F_BYTES] = FIELD_BYTES("bytes", "numbytes", FR_BYTES_OUT, "bytes in the window"),
    [F_START] = FIELD_TIME("start_time", "starttime", FF_NOCOL, "start of the window (UTC)"),
    [F_END] = FIELD_TIME("end_time", "endtime", FF_NOCOL, "end of the window (UTC)"),
    [F_ACTION] =
        FIELD_TEXT("action", NULL, 0, FR_ACTION, "what was done with the flow: always ACCEPT"),
    [F_LOG_STATUS] =
        FIELD_TEXT("log-status", "logstatus", 0, FR_NONE, "OK, or SKIPDATA if records were lost"),
    [F_SOURCE] = FIELD_IP("globalaccelerator_source_ip", "agasourceip", FR_NONE,
                          "address that the accelerator used; none if it keeps the client's"),
    [F_SOURCE_PORT] =
        FIELD_PORT("globalaccelerator_source_port", "agasourceport",
                   "port that the accelerator used; 0 if it keeps the client's address"),
    [F_REGION] =
        FIELD_TEXT("endpoint_region", "endpointregion", 0, FR_NONE, "region of the endpoint"),
    [F_EDGE] = FIELD_TEXT("globalaccelerator_region", "agaregion", 0, FR_NONE,
                          "edge location that took the flow: airport code, number, suffix"),
    [F_DIRECTION] =
        FIELD_TEXT("direction", NULL, 0, FR_NONE, "INGRESS to the endpoint, or EGRESS from it"),
    [F_VPC] = FIELD_TEXT("vpc_id", NULL, 0, FR_NONE, "VPC of the endpoint"),
    [F_REASON] = FIELD_TEXT("reject_reason", NULL, 0, FR_ERROR,
                            "why traffic was refused: BPA; empty if it was not"),
    [F_IATA] = DERIVED_FIELD("edge_iata", NULL, derive_edge_iata, F_EDGE,
                             "airport code of the edge location"),
    [F_CITY] =
        DERIVED_FIELD("city", "edge_city", derive_edge_city, F_EDGE, "city of the edge location"),
    [F_COUNTRY] = DERIVED_FIELD("country", "edge_country", derive_edge_country, F_EDGE,
                                "country of the edge location"),
};

static const uint16_t default_order[N_ORDERED] = {
    F_VERSION,     F_ACCOUNT,  F_ACCELERATOR,   F_CLIENT,    F_CLIENT_PORT, F_IP,
    F_PORT,        F_ENDPOINT, F_ENDPOINT_PORT, F_PROTOCOL,  F_FAMILY,      F_PACKETS,
    F_BYTES,       F_START,    F_END,           F_ACTION,    F_LOG_STATUS,  F_SOURCE,
    F_SOURCE_PORT, F_REGION,   F_EDGE,          F_DIRECTION, F_VPC,         F_REASON,
};

#define MIN_FIELDS 17 /* up to log-status */

static bool is_header(struct slice line)
{
    return flow_is_header(fields, N_FIELDS, line) &&
           memmem(line.ptr, line.len, "accelerator_", 12) != NULL;
}

static bool is_version(struct slice s)
{
    return s.len == 3 && s.ptr[1] == '.' && is_digits(slice_of(s.ptr, 1)) &&
           is_digits(slice_of(s.ptr + 2, 1));
}

static enum parse_result parse(struct logtype *lt, const struct layout **lay, struct slice line,
                               struct record *rec)
{
    const struct slice *val = rec->val;
    const struct layout *l = *lay;
    unsigned n;

    if (unlikely(is_header(line) || flow_is_comment(line))) {
        record_begin(rec, lt);
        flow_read_header(lt, lay, line);
        return PARSE_HEADER;
    }
    n = flow_split(lt, l ? l->field : default_order, l ? l->n : N_ORDERED, line, rec);
    if ((val[F_VERSION].ptr && !is_version(val[F_VERSION])) || !flow_is_address(val[F_CLIENT]))
        return record_bad(rec, REASON_SHAPE);
    if (n < MIN_FIELDS && (!l || n + 1 < l->n))
        return record_bad(rec, REASON_SHORT);
    if (!l && !flow_is_status(val[F_LOG_STATUS]))
        return record_bad(rec, REASON_SHAPE);
    if (!parse_epoch(val[F_START], &rec->ts) && !parse_epoch(val[F_END], &rec->ts))
        return record_bad(rec, REASON_TIME);
    return PARSE_OK;
}

static int detect(const struct probe *p)
{
    struct slice line;
    bool named = path_has(p, "globalaccelerator");

    if (flow_first_line(p, &line) && is_header(line))
        return named ? 100 : 95;
    return probe_records(p, "globalaccelerator", named);
}

static const char *const samples[] = {
    "2.0 111122223333 0a1b2c3d-0000-1111-2222-333344445555 203.0.113.9 50000 198.51.100.7 443 "
    "10.0.0.4 443 TCP IPV4 12 3400 1700000000 1700000010 ACCEPT OK - 0 eu-west-1 LHR50-P2 INGRESS "
    "vpc-01 ",
    "1.0 111122223333 0a1b2c3d-0000-1111-2222-333344445555 2001:db8::9 50001 2001:db8::7 443 "
    "10.0.0.4 443 UDP IPV6 0 0 1700000010 1700000020 ACCEPT OK 192.0.2.1 61000 eu-west-1 FRA2 "
    "EGRESS",
    "version aws_account_id accelerator_id client_ip client_port accelerator_ip accelerator_port "
    "endpoint_ip endpoint_port protocol ip_address_type packets bytes start_time end_time action "
    "log-status globalaccelerator_source_ip globalaccelerator_source_port endpoint_region "
    "globalaccelerator_region direction vpc_id reject_reason",
    "2.0 111122223333 0a1b2c3d-0000-1111-2222-333344445555 203.0.113.9 50000 198.51.100.7 443 "
    "10.0.0.4 443 TCP IPV4 1 60 1700000020 1700000030 ACCEPT SKIPDATA - 0 eu-west-1 LHR50-P2 "
    "INGRESS vpc-01 BPA",
    NULL,
};

const struct format format_globalaccelerator = {
    .name = "globalaccelerator",
    .title = "Global Accelerator flow log",
    .doc_url = "https://docs.aws.amazon.com/global-accelerator/latest/dg/"
               "monitoring-global-accelerator.flow-logs.html",
    .fields = fields,
    .n_fields = N_FIELDS,
    .header = true,
    .header_mark = "accelerator_id",
    .detect = detect,
    .parse = parse,
    .samples = samples,
};
