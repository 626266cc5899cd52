/* vpcflow.c - VPC flow log: values between blanks, columns named by a header line. A file without
 * one has the default order of version 2. Names that are not known become text columns; with names
 * of Transit Gateway records it is tgwflow.c's. */
#include "derive.h"
#include "formats/flow.h"
#include "tok_space.h"
#include "value.h"

enum {
    F_VERSION,
    F_ACCOUNT,
    F_INTERFACE,
    F_SRC,
    F_DST,
    F_SRC_PORT,
    F_DST_PORT,
    F_PROTOCOL,
    F_PACKETS,
    F_BYTES,
    F_START,
    F_END,
    F_ACTION,
    F_LOG_STATUS,
    F_VPC_ID,
    F_SUBNET_ID,
    F_INSTANCE_ID,
    F_TCP_FLAGS,
    F_TYPE,
    F_PKT_SRCADDR,
    F_PKT_DSTADDR,
    F_REGION,
    F_AZ_ID,
    F_SUBLOCATION_TYPE,
    F_SUBLOCATION_ID,
    F_PKT_SRC_AWS_SERVICE,
    F_PKT_DST_AWS_SERVICE,
    F_FLOW_DIRECTION,
    F_TRAFFIC_PATH,
    F_ECS_CLUSTER_ARN,
    F_ECS_CLUSTER_NAME,
    F_ECS_CONTAINER_INSTANCE_ARN,
    F_ECS_CONTAINER_INSTANCE_ID,
    F_ECS_CONTAINER_ID,
    F_ECS_SECOND_CONTAINER_ID,
    F_ECS_SERVICE_NAME,
    F_ECS_TASK_DEFINITION_ARN,
    F_ECS_TASK_ARN,
    F_ECS_TASK_ID,
    F_REJECT_REASON,
    F_RESOURCE_ID,
    F_ENCRYPTION_STATUS,
    F_INSTANCE_TAG,
    F_INSTANCE_TAG_2,
    F_INTERFACE_TAG,
    F_INTERFACE_TAG_2,
    F_ASG_TAG,
    F_ASG_TAG_2,
    F_INTERFACE_TYPE,
    F_NEXT_HOP_INTERFACE_ID,
    F_NEXT_HOP_SUBNET_ID,
    F_NEXT_HOP_AZ_ID,
    F_NEXT_HOP_VPC_ID,
    F_NEXT_HOP_INTERFACE_TYPE,
    F_PROTOCOL_NAME,
    F_SRC_PORT_NAME,
    F_DST_PORT_NAME,
    F_TCP_FLAGS_SPELLED,
    F_TRAFFIC_PATH_NAME,
    N_FIELDS
};

static const struct field_def fields[N_FIELDS] = {
    [F_VERSION] = {"version", NULL, FK_NUM, 0, UNIT_NONE, 0, FR_NONE,
                   "version of the record: the highest of its fields"},
    [F_ACCOUNT] = {"account-id", "account_id accountId", FK_TEXT, 0, UNIT_NONE, FF_ID, FR_NONE,
                   "account that owns the interface"},
    [F_INTERFACE] = {"interface-id", "interface_id interfaceId", FK_TEXT, 0, UNIT_NONE, 0, FR_NONE,
                     "network interface that saw the traffic"},
    [F_SRC] = {"srcaddr", "srcAddr", FK_IP, 0, UNIT_NONE, 0, FR_CLIENT_IP,
               "source address as the interface sees it"},
    [F_DST] = {"dstaddr", "dstAddr", FK_IP, 0, UNIT_NONE, 0, FR_SERVER_IP,
               "destination address as the interface sees it"},
    [F_SRC_PORT] = {"srcport", "srcPort", FK_NUM, 0, UNIT_NONE, FF_PORT, FR_NONE, "source port"},
    [F_DST_PORT] = {"dstport", "dstPort", FK_NUM, 0, UNIT_NONE, FF_PORT, FR_NONE,
                    "destination port"},
    [F_PROTOCOL] = {"protocol", NULL, FK_NUM, 0, UNIT_NONE, 0, FR_NONE,
                    "IANA number of the protocol: 1 ICMP, 6 TCP, 17 UDP"},
    [F_PACKETS] = {"packets", NULL, FK_NUM, 0, UNIT_NONE, 0, FR_NONE, "packets in the window"},
    [F_BYTES] = {"bytes", NULL, FK_NUM, 0, UNIT_BYTES, 0, FR_BYTES_OUT, "bytes in the window"},
    [F_START] = {"start", "startTime", FK_TIME, 0, UNIT_NONE, FF_NOCOL, FR_NONE,
                 "first packet of the flow in the window"},
    [F_END] = {"end", "endTime", FK_TIME, 0, UNIT_NONE, FF_NOCOL, FR_NONE,
               "last packet of the flow in the window"},
    [F_ACTION] = {"action", NULL, FK_TEXT, 0, UNIT_NONE, 0, FR_ACTION, "ACCEPT or REJECT"},
    [F_LOG_STATUS] = {"log-status", "log_status logStatus", FK_TEXT, 0, UNIT_NONE, 0, FR_NONE,
                      "OK, NODATA or SKIPDATA"},
    [F_VPC_ID] = {"vpc-id", "vpc_id", FK_TEXT, 0, UNIT_NONE, 0, FR_NONE, "VPC of the interface"},
    [F_SUBNET_ID] = {"subnet-id", "subnet_id", FK_TEXT, 0, UNIT_NONE, 0, FR_NONE,
                     "subnet of the interface"},
    [F_INSTANCE_ID] = {"instance-id", "instance_id", FK_TEXT, 0, UNIT_NONE, 0, FR_NONE,
                       "instance of the interface"},
    [F_TCP_FLAGS] = {"tcp-flags", "tcp_flags", FK_NUM, 0, UNIT_NONE, 0, FR_NONE,
                     "TCP flags seen: 1 FIN, 2 SYN, 4 RST, 18 SYN-ACK"},
    [F_TYPE] = {"type", "type", FK_TEXT, 0, UNIT_NONE, 0, FR_NONE, "IPv4, IPv6 or EFA"},
    [F_PKT_SRCADDR] = {"pkt-srcaddr", "pkt_srcaddr", FK_IP, 0, UNIT_NONE, 0, FR_NONE,
                       "source address in the packet"},
    [F_PKT_DSTADDR] = {"pkt-dstaddr", "pkt_dstaddr", FK_IP, 0, UNIT_NONE, 0, FR_NONE,
                       "destination address in the packet"},
    [F_REGION] = {"region", "region", FK_TEXT, 0, UNIT_NONE, 0, FR_NONE, "region of the interface"},
    [F_AZ_ID] = {"az-id", "az_id", FK_TEXT, 0, UNIT_NONE, 0, FR_NONE,
                 "availability zone of the interface"},
    [F_SUBLOCATION_TYPE] = {"sublocation-type", "sublocation_type", FK_TEXT, 0, UNIT_NONE, 0,
                            FR_NONE, "wavelength, outpost or localzone"},
    [F_SUBLOCATION_ID] = {"sublocation-id", "sublocation_id", FK_TEXT, 0, UNIT_NONE, 0, FR_NONE,
                          "id of the sublocation"},
    [F_PKT_SRC_AWS_SERVICE] = {"pkt-src-aws-service", "pkt_src_aws_service", FK_TEXT, 0, UNIT_NONE,
                               0, FR_NONE, "AWS service that owns the source address"},
    [F_PKT_DST_AWS_SERVICE] = {"pkt-dst-aws-service", "pkt_dst_aws_service", FK_TEXT, 0, UNIT_NONE,
                               0, FR_NONE, "AWS service that owns the destination address"},
    [F_FLOW_DIRECTION] = {"flow-direction", "flow_direction", FK_TEXT, 0, UNIT_NONE, 0, FR_NONE,
                          "ingress or egress"},
    [F_TRAFFIC_PATH] = {"traffic-path", "traffic_path", FK_NUM, 0, UNIT_NONE, 0, FR_NONE,
                        "way of outbound traffic: 1 own VPC, 2 internet gateway, 4 peering ..."},
    [F_ECS_CLUSTER_ARN] = {"ecs-cluster-arn", "ecs_cluster_arn", FK_TEXT, 0, UNIT_NONE, 0, FR_NONE,
                           "ARN of the ECS cluster"},
    [F_ECS_CLUSTER_NAME] = {"ecs-cluster-name", "ecs_cluster_name", FK_TEXT, 0, UNIT_NONE, 0,
                            FR_NONE, "name of the ECS cluster"},
    [F_ECS_CONTAINER_INSTANCE_ARN] = {"ecs-container-instance-arn", "ecs_container_instance_arn",
                                      FK_TEXT, 0, UNIT_NONE, 0, FR_NONE,
                                      "ARN of the container instance"},
    [F_ECS_CONTAINER_INSTANCE_ID] = {"ecs-container-instance-id", "ecs_container_instance_id",
                                     FK_TEXT, 0, UNIT_NONE, 0, FR_NONE,
                                     "id of the container instance"},
    [F_ECS_CONTAINER_ID] = {"ecs-container-id", "ecs_container_id", FK_TEXT, 0, UNIT_NONE, 0,
                            FR_NONE, "id of the first container of the task"},
    [F_ECS_SECOND_CONTAINER_ID] = {"ecs-second-container-id", "ecs_second_container_id", FK_TEXT, 0,
                                   UNIT_NONE, 0, FR_NONE, "id of the second container of the task"},
    [F_ECS_SERVICE_NAME] = {"ecs-service-name", "ecs_service_name", FK_TEXT, 0, UNIT_NONE, 0,
                            FR_NONE, "name of the ECS service"},
    [F_ECS_TASK_DEFINITION_ARN] = {"ecs-task-definition-arn", "ecs_task_definition_arn", FK_TEXT, 0,
                                   UNIT_NONE, 0, FR_NONE, "ARN of the task definition"},
    [F_ECS_TASK_ARN] = {"ecs-task-arn", "ecs_task_arn", FK_TEXT, 0, UNIT_NONE, 0, FR_NONE,
                        "ARN of the task"},
    [F_ECS_TASK_ID] = {"ecs-task-id", "ecs_task_id", FK_TEXT, 0, UNIT_NONE, 0, FR_NONE,
                       "id of the task"},
    [F_REJECT_REASON] = {"reject-reason", "reject_reason", FK_TEXT, 0, UNIT_NONE, 0, FR_NONE,
                         "why it was rejected: BPA or EC"},
    [F_RESOURCE_ID] = {"resource-id", "resource_id", FK_TEXT, 0, UNIT_NONE, 0, FR_NONE,
                       "id of a resource that has no interface"},
    [F_ENCRYPTION_STATUS] = {"encryption-status", "encryption_status", FK_NUM, 0, UNIT_NONE, 0,
                             FR_NONE, "0 none, 1 hardware, 2 application, 3 both"},
    [F_INSTANCE_TAG] = {"instance-tag", "instance_tag", FK_TEXT, 0, UNIT_NONE, FF_URLENC, FR_NONE,
                        "value of a tag of the instance"},
    [F_INSTANCE_TAG_2] = {"instance-tag-2", "instance_tag_2", FK_TEXT, 0, UNIT_NONE, FF_URLENC,
                          FR_NONE, "value of a second tag of the instance"},
    [F_INTERFACE_TAG] = {"interface-tag", "interface_tag", FK_TEXT, 0, UNIT_NONE, FF_URLENC,
                         FR_NONE, "value of a tag of the interface"},
    [F_INTERFACE_TAG_2] = {"interface-tag-2", "interface_tag_2", FK_TEXT, 0, UNIT_NONE, FF_URLENC,
                           FR_NONE, "value of a second tag of the interface"},
    [F_ASG_TAG] = {"asg-tag", "asg_tag", FK_TEXT, 0, UNIT_NONE, FF_URLENC, FR_NONE,
                   "value of a tag of the Auto Scaling group"},
    [F_ASG_TAG_2] = {"asg-tag-2", "asg_tag_2", FK_TEXT, 0, UNIT_NONE, FF_URLENC, FR_NONE,
                     "value of a second tag of that group"},
    [F_INTERFACE_TYPE] = {"interface-type", "interface_type", FK_TEXT, 0, UNIT_NONE, 0, FR_NONE,
                          "kind of managed interface"},
    [F_NEXT_HOP_INTERFACE_ID] = {"next-hop-interface-id", "next_hop_interface_id", FK_TEXT, 0,
                                 UNIT_NONE, 0, FR_NONE, "interface of the next hop"},
    [F_NEXT_HOP_SUBNET_ID] = {"next-hop-subnet-id", "next_hop_subnet_id", FK_TEXT, 0, UNIT_NONE, 0,
                              FR_NONE, "subnet of the next hop"},
    [F_NEXT_HOP_AZ_ID] = {"next-hop-az-id", "next_hop_az_id", FK_TEXT, 0, UNIT_NONE, 0, FR_NONE,
                          "zone of the next hop"},
    [F_NEXT_HOP_VPC_ID] = {"next-hop-vpc-id", "next_hop_vpc_id", FK_TEXT, 0, UNIT_NONE, 0, FR_NONE,
                           "VPC of the next hop"},
    [F_NEXT_HOP_INTERFACE_TYPE] = {"next-hop-interface-type", "next_hop_interface_type", FK_TEXT, 0,
                                   UNIT_NONE, 0, FR_NONE, "kind of interface of the next hop"},
    [F_PROTOCOL_NAME] = DERIVED_FIELD("protocol_name", "protocolName", derive_word, F_PROTOCOL,
                                      "name of the protocol"),
    [F_SRC_PORT_NAME] = DERIVED_FIELD("srcport_name", NULL, derive_word, F_SRC_PORT,
                                      "service that usually has the source port"),
    [F_DST_PORT_NAME] = DERIVED_FIELD("dstport_name", NULL, derive_word, F_DST_PORT,
                                      "service that usually has the destination port"),
    [F_TCP_FLAGS_SPELLED] = DERIVED_FIELD("tcp_flags_spelled", NULL, derive_word, F_TCP_FLAGS,
                                          "the TCP flags of the window by name"),
    [F_TRAFFIC_PATH_NAME] = DERIVED_FIELD("traffic_path_name", NULL, derive_word, F_TRAFFIC_PATH,
                                          "the way that egress traffic took, in words"),
};

static const uint16_t version_2[] = {
    F_VERSION,  F_ACCOUNT, F_INTERFACE, F_SRC,   F_DST, F_SRC_PORT, F_DST_PORT,
    F_PROTOCOL, F_PACKETS, F_BYTES,     F_START, F_END, F_ACTION,   F_LOG_STATUS,
};

/* The orders of the examples in AWS's documentation: of version 3, behind a NAT gateway, through a
 * Transit Gateway, and with names of services. */
static const uint16_t version_3[] = {
    F_VERSION, F_VPC_ID,  F_SUBNET_ID, F_INSTANCE_ID, F_INTERFACE,   F_ACCOUNT,     F_TYPE,
    F_SRC,     F_DST,     F_SRC_PORT,  F_DST_PORT,    F_PKT_SRCADDR, F_PKT_DSTADDR, F_PROTOCOL,
    F_BYTES,   F_PACKETS, F_START,     F_END,         F_ACTION,      F_TCP_FLAGS,   F_LOG_STATUS,
};
static const uint16_t behind_nat[] = {
    F_INSTANCE_ID, F_INTERFACE, F_SRC, F_DST, F_PKT_SRCADDR, F_PKT_DSTADDR,
};
static const uint16_t through_gateway[] = {
    F_VERSION, F_INTERFACE,   F_ACCOUNT,     F_VPC_ID,   F_SUBNET_ID,  F_INSTANCE_ID,
    F_SRC,     F_DST,         F_SRC_PORT,    F_DST_PORT, F_PROTOCOL,   F_TCP_FLAGS,
    F_TYPE,    F_PKT_SRCADDR, F_PKT_DSTADDR, F_ACTION,   F_LOG_STATUS,
};
static const uint16_t with_services[] = {
    F_VERSION,
    F_SRC,
    F_DST,
    F_SRC_PORT,
    F_DST_PORT,
    F_PROTOCOL,
    F_START,
    F_END,
    F_TYPE,
    F_PACKETS,
    F_BYTES,
    F_ACCOUNT,
    F_VPC_ID,
    F_SUBNET_ID,
    F_INSTANCE_ID,
    F_INTERFACE,
    F_REGION,
    F_AZ_ID,
    F_SUBLOCATION_TYPE,
    F_SUBLOCATION_ID,
    F_ACTION,
    F_TCP_FLAGS,
    F_PKT_SRCADDR,
    F_PKT_DSTADDR,
    F_PKT_SRC_AWS_SERVICE,
    F_PKT_DST_AWS_SERVICE,
    F_TRAFFIC_PATH,
    F_FLOW_DIRECTION,
    F_LOG_STATUS,
};

/* All fields up to version 5 in the documented order. */
static const uint16_t version_5[] = {
    F_VERSION,
    F_ACCOUNT,
    F_INTERFACE,
    F_SRC,
    F_DST,
    F_SRC_PORT,
    F_DST_PORT,
    F_PROTOCOL,
    F_PACKETS,
    F_BYTES,
    F_START,
    F_END,
    F_ACTION,
    F_LOG_STATUS,
    F_VPC_ID,
    F_SUBNET_ID,
    F_INSTANCE_ID,
    F_TCP_FLAGS,
    F_TYPE,
    F_PKT_SRCADDR,
    F_PKT_DSTADDR,
    F_REGION,
    F_AZ_ID,
    F_SUBLOCATION_TYPE,
    F_SUBLOCATION_ID,
    F_PKT_SRC_AWS_SERVICE,
    F_PKT_DST_AWS_SERVICE,
    F_FLOW_DIRECTION,
    F_TRAFFIC_PATH,
};

/* The same fields as the console chooses them all: by the alphabet. */
static const uint16_t version_5_sorted[] = {
    F_ACCOUNT,
    F_ACTION,
    F_AZ_ID,
    F_BYTES,
    F_DST,
    F_DST_PORT,
    F_END,
    F_FLOW_DIRECTION,
    F_INSTANCE_ID,
    F_INTERFACE,
    F_LOG_STATUS,
    F_PACKETS,
    F_PKT_DST_AWS_SERVICE,
    F_PKT_DSTADDR,
    F_PKT_SRC_AWS_SERVICE,
    F_PKT_SRCADDR,
    F_PROTOCOL,
    F_REGION,
    F_SRC,
    F_SRC_PORT,
    F_START,
    F_SUBLOCATION_ID,
    F_SUBLOCATION_TYPE,
    F_SUBNET_ID,
    F_TCP_FLAGS,
    F_TRAFFIC_PATH,
    F_TYPE,
    F_VERSION,
    F_VPC_ID,
};

/* Orders that a file without header may have: told by their number of values, then by shape. */
static const struct {
    const uint16_t *field;
    unsigned n;
} guesses[] = {
    {version_3, ARRAY_LEN(version_3)},
    {behind_nat, ARRAY_LEN(behind_nat)},
    {through_gateway, ARRAY_LEN(through_gateway)},
    {with_services, ARRAY_LEN(with_services)},
    {version_5, ARRAY_LEN(version_5)},
    {version_5_sorted, ARRAY_LEN(version_5_sorted)},
};

#define MIN_DEFAULT 12 /* up to `end` */

/* --- the header --- */

static bool is_header(struct slice line)
{
    return flow_is_header(fields, N_FIELDS, line) && !flow_names_gateway(line);
}

/* --- records --- */

/* The default order, told by the values that have a shape of their own. */
static bool is_default(const struct slice *val, unsigned n)
{
    return n >= MIN_DEFAULT && is_digits(val[F_VERSION]) &&
           (flow_is_dash(val[F_INTERFACE]) || slice_starts(val[F_INTERFACE], "eni-")) &&
           (n < ARRAY_LEN(version_2) || flow_is_status(val[F_LOG_STATUS]));
}

static bool shape_fits(const struct slice *val)
{
    return flow_shape_fits(val[F_VERSION], val[F_LOG_STATUS], val[F_SRC], val[F_DST]);
}

static enum parse_reason event_time(struct record *rec)
{
    const struct slice *val = rec->val;

    if (parse_epoch(val[F_START], &rec->ts) || parse_epoch(val[F_END], &rec->ts))
        return REASON_NONE;
    rec->ts = TIME_NONE;
    return value_missing(val[F_START]) && value_missing(val[F_END]) ? REASON_NONE : REASON_TIME;
}

static bool has_prefix(struct slice s, const char *prefix)
{
    return !s.ptr || flow_is_dash(s) || slice_starts(s, prefix);
}

/* Whether the values are those of the fields by the looks of the ones that have any. */
static bool guess_fits(const struct slice *val)
{
    struct ip ip;

    return has_prefix(val[F_VPC_ID], "vpc-") && has_prefix(val[F_INTERFACE], "eni-") &&
           has_prefix(val[F_INSTANCE_ID], "i-") && flow_is_address(val[F_PKT_SRCADDR]) &&
           flow_is_address(val[F_PKT_DSTADDR]) && shape_fits(val) &&
           (val[F_LOG_STATUS].ptr ? flow_is_status(val[F_LOG_STATUS]) : parse_ip(val[F_SRC], &ip));
}

/* No header so far: the default order, or another one that the values betray. */
static enum parse_reason read_unnamed(struct logtype *lt, struct slice line, struct record *rec)
{
    const struct slice *val = rec->val;
    unsigned n = flow_split(lt, version_2, ARRAY_LEN(version_2), line, rec);
    const struct layout *own = logtype_own_layout(lt, n);

    if (own) {
        flow_split(lt, own->field, own->n, line, rec);
        if (shape_fits(val))
            return REASON_NONE;
        flow_split(lt, version_2, ARRAY_LEN(version_2), line, rec);
    }
    for (unsigned i = 0; i < ARRAY_LEN(guesses); i++) {
        if (guesses[i].n != n)
            continue;
        flow_split(lt, guesses[i].field, n, line, rec);
        if (guess_fits(val))
            return REASON_NONE;
        flow_split(lt, version_2, ARRAY_LEN(version_2), line, rec);
    }
    if (!is_default(val, n))
        return n < 2 ? REASON_SHORT : REASON_HEADER;
    return shape_fits(val) ? REASON_NONE : REASON_SHAPE;
}

/* By the header; but a line of the default order may follow another header in joined files. */
static enum parse_reason read_named(struct logtype *lt, const struct layout *lay, struct slice line,
                                    struct record *rec)
{
    unsigned n = flow_split(lt, lay->field, lay->n, line, rec);
    enum parse_reason reason = n < lay->n ? REASON_SHORT : REASON_SHAPE;

    if (n >= lay->n && shape_fits(rec->val))
        return REASON_NONE;
    if (!slice_starts(line, "2 "))
        return reason;
    n = flow_split(lt, version_2, ARRAY_LEN(version_2), line, rec);
    if (n == ARRAY_LEN(version_2) && is_default(rec->val, n) && shape_fits(rec->val))
        return REASON_NONE;
    return reason;
}

static enum parse_result parse(struct logtype *lt, const struct layout **lay, struct slice line,
                               struct record *rec)
{
    enum parse_reason reason;

    if (unlikely(is_header(line) || flow_is_comment(line))) {
        record_begin(rec, lt);
        flow_read_header(lt, lay, line);
        return PARSE_HEADER;
    }
    reason = *lay ? read_named(lt, *lay, line, rec) : read_unnamed(lt, line, rec);
    if (reason == REASON_NONE)
        reason = event_time(rec);
    return reason == REASON_NONE ? PARSE_OK : record_bad(rec, reason);
}

static int detect(const struct probe *p)
{
    struct slice line;
    bool named = path_has(p, "vpcflowlogs");

    if (flow_first_line(p, &line) && is_header(line))
        return named ? 100 : 90;
    return probe_records(p, "vpcflow", named);
}

static const char *const samples[] = {
    "2 111122223333 eni-0a0b0c0d0e0f0a0b0 198.51.100.4 10.0.0.7 50000 443 6 12 3456 1700000000 "
    "1700000059 ACCEPT OK",
    "2 unknown  eni-0a0b0c0d0e0f0a0b0 - - - - - - - 1700000060 1700000119 - NODATA",
    "version vpc-id interface_id srcaddr dstaddr bytes start end action brand-new log-status",
    "8 vpc-0123 eni-0a0b0c0d0e0f0a0b0 2001:db8::1 2001:db8::2 77 - 1700000200 REJECT value OK",
    "2 111122223333 eni-0a0b0c0d0e0f0a0b0 198.51.100.4 10.0.0.7 50000 443 6 12 3456 1700000000 "
    "1700000059 ACCEPT OK",
    NULL,
};

const struct format format_vpcflow = {
    .name = "vpcflow",
    .title = "VPC flow log",
    .doc_url = "https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html",
    .fields = fields,
    .n_fields = N_FIELDS,
    .header = true,
    .header_mark = "srcaddr",
    .sibling = "tgwflow",
    .detect = detect,
    .parse = parse,
    .samples = samples,
};
