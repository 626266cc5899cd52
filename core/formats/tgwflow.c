/* tgwflow.c - Transit Gateway flow log. The folder and the file name are those of VPC flow logs;
 * only the header, or the second value of a line, tells them apart. Nothing is accepted or rejected
 * here: what is dropped is in the packets-lost counts. */
#include "formats/flow.h"
#include "formats/table.h"
#include "tok_space.h"
#include "value.h"

enum {
    F_VERSION,
    F_RESOURCE,
    F_ACCOUNT,
    F_TGW,
    F_ATTACHMENT,
    F_SRC_ACCOUNT,
    F_DST_ACCOUNT,
    F_SRC_VPC,
    F_DST_VPC,
    F_SRC_SUBNET,
    F_DST_SUBNET,
    F_SRC_ENI,
    F_DST_ENI,
    F_SRC_AZ,
    F_DST_AZ,
    F_PAIR,
    F_SRC,
    F_DST,
    F_SRC_PORT,
    F_DST_PORT,
    F_PROTOCOL,
    F_PACKETS,
    F_BYTES,
    F_START,
    F_END,
    F_LOG_STATUS,
    F_TYPE,
    F_NO_ROUTE,
    F_BLACKHOLE,
    F_MTU,
    F_TTL,
    F_TCP_FLAGS,
    F_REGION,
    F_DIRECTION,
    F_SRC_SERVICE,
    F_DST_SERVICE,
    N_ORDERED,
    F_PROTOCOL_NAME = N_ORDERED,
    F_DST_PORT_NAME,
    F_TCP_FLAGS_SPELLED,
    N_FIELDS
};

static const struct field_def fields[N_FIELDS] = {
    [F_VERSION] = FIELD_COUNT("version", NULL,
                              "version of the record: 6 with any field of a Transit Gateway"),
    [F_RESOURCE] = FIELD_TEXT("resource-type", "resource_type", 0, FR_NONE,
                              "TransitGateway or TransitGatewayAttachment"),
    [F_ACCOUNT] =
        FIELD_TEXT("account-id", "account_id", FF_ID, FR_NONE, "account of the Transit Gateway"),
    [F_TGW] = FIELD_TEXT("tgw-id", "tgw_id", 0, FR_NONE, "Transit Gateway"),
    [F_ATTACHMENT] = FIELD_TEXT("tgw-attachment-id", "tgw_attachment_id", 0, FR_NONE,
                                "attachment that the record is about"),
    [F_SRC_ACCOUNT] = FIELD_TEXT("tgw-src-vpc-account-id", "tgw_src_vpc_account_id", FF_ID, FR_NONE,
                                 "account of the source's VPC"),
    [F_DST_ACCOUNT] = FIELD_TEXT("tgw-dst-vpc-account-id", "tgw_dst_vpc_account_id", FF_ID, FR_NONE,
                                 "account of the destination's VPC"),
    [F_SRC_VPC] = FIELD_TEXT("tgw-src-vpc-id", "tgw_src_vpc_id", 0, FR_NONE, "VPC of the source"),
    [F_DST_VPC] =
        FIELD_TEXT("tgw-dst-vpc-id", "tgw_dst_vpc_id", 0, FR_NONE, "VPC of the destination"),
    [F_SRC_SUBNET] =
        FIELD_TEXT("tgw-src-subnet-id", "tgw_src_subnet_id", 0, FR_NONE, "subnet of the source"),
    [F_DST_SUBNET] = FIELD_TEXT("tgw-dst-subnet-id", "tgw_dst_subnet_id", 0, FR_NONE,
                                "subnet of the destination"),
    [F_SRC_ENI] = FIELD_TEXT("tgw-src-eni", "tgw_src_eni", 0, FR_NONE, "source interface"),
    [F_DST_ENI] = FIELD_TEXT("tgw-dst-eni", "tgw_dst_eni", 0, FR_NONE, "destination interface"),
    [F_SRC_AZ] = FIELD_TEXT("tgw-src-az-id", "tgw_src_az_id", 0, FR_NONE, "zone of the source"),
    [F_DST_AZ] =
        FIELD_TEXT("tgw-dst-az-id", "tgw_dst_az_id", 0, FR_NONE, "zone of the destination"),
    [F_PAIR] = FIELD_TEXT("tgw-pair-attachment-id", "tgw_pair_attachment_id", 0, FR_NONE,
                          "attachment on the other side of the flow"),
    [F_SRC] = FIELD_IP("srcaddr", "srcAddr", FR_CLIENT_IP, "source address"),
    [F_DST] = FIELD_IP("dstaddr", "dstAddr", FR_SERVER_IP, "destination address"),
    [F_SRC_PORT] = FIELD_PORT("srcport", "srcPort", "source port"),
    [F_DST_PORT] = FIELD_PORT("dstport", "dstPort", "destination port"),
    [F_PROTOCOL] = FIELD_COUNT("protocol", NULL, "IANA number of the protocol"),
    [F_PACKETS] = FIELD_COUNT("packets", NULL, "packets in the window"),
    [F_BYTES] = FIELD_BYTES("bytes", NULL, FR_BYTES_OUT, "bytes in the window"),
    [F_START] =
        FIELD_TIME("start", "startTime", FF_NOCOL, "first packet of the flow in the window (UTC)"),
    [F_END] = FIELD_TIME("end", "endTime", FF_NOCOL, "last packet of the flow in the window (UTC)"),
    [F_LOG_STATUS] = FIELD_TEXT("log-status", "logStatus", 0, FR_NONE,
                                "OK, NODATA, or SKIPDATA if records were lost"),
    [F_TYPE] = FIELD_TEXT("type", NULL, 0, FR_NONE, "IPv4, IPv6"),
    [F_NO_ROUTE] = FIELD_COUNT("packets-lost-no-route", "packets_lost_no_route",
                               "packets dropped because no route fits"),
    [F_BLACKHOLE] = FIELD_COUNT("packets-lost-blackhole", "packets_lost_blackhole",
                                "packets dropped by a blackhole route"),
    [F_MTU] = FIELD_COUNT("packets-lost-mtu-exceeded", "packets_lost_mtu_exceeded",
                          "packets dropped because they are larger than the MTU"),
    [F_TTL] = FIELD_COUNT("packets-lost-ttl-expired", "packets_lost_ttl_expired",
                          "packets dropped because their time to live ran out"),
    [F_TCP_FLAGS] = FIELD_COUNT(
        "tcp-flags", "tcpFlags",
        "TCP flags seen: 1 FIN, 2 SYN, 4 RST, 8 PSH, 18 SYN-ACK, 32 URG; a lone ACK is 0"),
    [F_REGION] = FIELD_TEXT("region", NULL, 0, FR_NONE, "region of the Transit Gateway"),
    [F_DIRECTION] = FIELD_TEXT("flow-direction", "flowDirection", 0, FR_NONE,
                               "ingress or egress at the attachment"),
    [F_SRC_SERVICE] = FIELD_TEXT("pkt-src-aws-service", "pkt_src_aws_service", 0, FR_NONE,
                                 "AWS service of the source address"),
    [F_DST_SERVICE] = FIELD_TEXT("pkt-dst-aws-service", "pkt_dst_aws_service", 0, FR_NONE,
                                 "AWS service of the destination address"),
    [F_PROTOCOL_NAME] =
        DERIVED_FIELD("protocol_name", NULL, derive_word, F_PROTOCOL, "name of the protocol"),
    [F_DST_PORT_NAME] = DERIVED_FIELD("dstport_name", NULL, derive_word, F_DST_PORT,
                                      "service that usually has the destination port"),
    [F_TCP_FLAGS_SPELLED] = DERIVED_FIELD("tcp_flags_spelled", NULL, derive_word, F_TCP_FLAGS,
                                          "the TCP flags of the window by name"),
};

static const uint16_t default_order[N_ORDERED] = {
    F_VERSION,     F_RESOURCE,   F_ACCOUNT,  F_TGW,        F_ATTACHMENT,  F_SRC_ACCOUNT,
    F_DST_ACCOUNT, F_SRC_VPC,    F_DST_VPC,  F_SRC_SUBNET, F_DST_SUBNET,  F_SRC_ENI,
    F_DST_ENI,     F_SRC_AZ,     F_DST_AZ,   F_PAIR,       F_SRC,         F_DST,
    F_SRC_PORT,    F_DST_PORT,   F_PROTOCOL, F_PACKETS,    F_BYTES,       F_START,
    F_END,         F_LOG_STATUS, F_TYPE,     F_NO_ROUTE,   F_BLACKHOLE,   F_MTU,
    F_TTL,         F_TCP_FLAGS,  F_REGION,   F_DIRECTION,  F_SRC_SERVICE, F_DST_SERVICE,
};

#define MIN_DEFAULT 26 /* up to log-status */

static bool is_header(struct slice line)
{
    return flow_is_header(fields, N_FIELDS, line) && flow_names_gateway(line);
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
    if (!l && (l = logtype_own_layout(lt, n)) != NULL)
        flow_split(lt, l->field, l->n, line, rec);
    if (!l && !slice_starts(val[F_RESOURCE], "TransitGateway"))
        return record_bad(rec, REASON_HEADER);
    if (n < (l ? l->n : MIN_DEFAULT))
        return record_bad(rec, REASON_SHORT);
    if (!flow_shape_fits(val[F_VERSION], val[F_LOG_STATUS], val[F_SRC], val[F_DST]))
        return record_bad(rec, REASON_SHAPE);
    if (parse_epoch(val[F_START], &rec->ts) || parse_epoch(val[F_END], &rec->ts))
        return PARSE_OK;
    rec->ts = TIME_NONE;
    return value_missing(val[F_START]) && value_missing(val[F_END]) ? PARSE_OK
                                                                    : record_bad(rec, REASON_TIME);
}

static int detect(const struct probe *p)
{
    struct slice line;

    if (flow_first_line(p, &line) && is_header(line))
        return path_has(p, "vpcflowlogs") ? 100 : 95;
    return probe_records(p, "tgwflow", false);
}

static const char *const samples[] = {
    "6 TransitGateway 111122223333 tgw-01 tgw-attach-01 111122223333 444455556666 vpc-01 vpc-02 "
    "subnet-01 subnet-02 eni-01 eni-02 euw1-az1 euw1-az2 tgw-attach-02 10.0.0.1 10.1.0.2 50000 443 "
    "6 10 1200 1700000000 1700000060 OK IPv4 0 2 0 0 2 eu-west-1 ingress - -",
    "6 TransitGatewayAttachment 111122223333 tgw-01 tgw-attach-01 - - - - - - - - - - - - - - - - "
    "- - "
    "1700000060 1700000120 NODATA - - - - - - eu-west-1 - - -",
    "version tgw_id srcaddr dstaddr packets_lost_no_route start end log-status",
    "6  tgw-01 10.0.0.1 2001:db8::2  4 1700000000 1700000060 OK",
    NULL,
};

const struct format format_tgwflow = {
    .name = "tgwflow",
    .title = "Transit Gateway flow log",
    .doc_url = "https://docs.aws.amazon.com/vpc/latest/tgw/tgw-flow-log-records.html",
    .fields = fields,
    .n_fields = N_FIELDS,
    .header = true,
    .header_mark = "srcaddr",
    .sibling = "vpcflow",
    .detect = detect,
    .parse = parse,
    .samples = samples,
};
