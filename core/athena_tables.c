/* athena_tables.c - one table a log type. */
#include "athena_tables.h"

#include <stdio.h>

/* clang-format off */
#define WORD(field, name, type) {field, name, type, SHAPE_WORD}
#define QUOTED(field, name) {field, name, "string", SHAPE_QUOTED}
#define ADDRESS(field, name) {field, name, "string", SHAPE_ADDRESS}
#define PORT(field, name) {field, name, "int", SHAPE_PORT}
#define VERB(name) {"request_verb", name, "string", SHAPE_VERB}
#define URL(name) {"request_url", name, "string", SHAPE_URL}
#define PROTOCOL(name) {"request_proto", name, "string", SHAPE_PROTOCOL}

static const struct athena_column alb[] = {
    WORD("type", "type", "string"),
    WORD("time", "time", "string"),
    WORD("elb", "elb", "string"),
    ADDRESS("client_ip", "client_ip"),
    PORT("client_port", "client_port"),
    ADDRESS("target_ip", "target_ip"),
    PORT("target_port", "target_port"),
    WORD("request_processing_time", "request_processing_time", "double"),
    WORD("target_processing_time", "target_processing_time", "double"),
    WORD("response_processing_time", "response_processing_time", "double"),
    WORD("elb_status_code", "elb_status_code", "int"),
    WORD("target_status_code", "target_status_code", "int"),
    WORD("received_bytes", "received_bytes", "bigint"),
    WORD("sent_bytes", "sent_bytes", "bigint"),
    VERB("request_verb"),
    URL("request_url"),
    PROTOCOL("request_proto"),
    QUOTED("user_agent", "user_agent"),
    WORD("ssl_cipher", "ssl_cipher", "string"),
    WORD("ssl_protocol", "ssl_protocol", "string"),
    WORD("target_group_arn", "target_group_arn", "string"),
    QUOTED("trace_id", "trace_id"),
    QUOTED("domain_name", "domain_name"),
    QUOTED("chosen_cert_arn", "chosen_cert_arn"),
    WORD("matched_rule_priority", "matched_rule_priority", "int"),
    WORD("request_creation_time", "request_creation_time", "string"),
    QUOTED("actions_executed", "actions_executed"),
    QUOTED("redirect_url", "redirect_url"),
    QUOTED("error_reason", "lambda_error_reason"),
    QUOTED("target:port_list", "target_port_list"),
    QUOTED("target_status_code_list", "target_status_code_list"),
    QUOTED("classification", "classification"),
    QUOTED("classification_reason", "classification_reason"),
    WORD("conn_trace_id", "conn_trace_id", "string"),
};
static const struct athena_column nlb[] = {
    WORD("type", "type", "string"),
    WORD("version", "version", "string"),
    WORD("time", "time", "string"),
    WORD("elb", "elb", "string"),
    WORD("listener", "listener_id", "string"),
    ADDRESS("client_ip", "client_ip"),
    PORT("client_port", "client_port"),
    ADDRESS("destination_ip", "target_ip"),
    PORT("destination_port", "target_port"),
    WORD("connection_time", "tcp_connection_time_ms", "double"),
    WORD("tls_handshake_time", "tls_handshake_time_ms", "double"),
    WORD("received_bytes", "received_bytes", "bigint"),
    WORD("sent_bytes", "sent_bytes", "bigint"),
    WORD("incoming_tls_alert", "incoming_tls_alert", "int"),
    WORD("chosen_cert_arn", "cert_arn", "string"),
    WORD("chosen_cert_serial", "certificate_serial", "string"),
    WORD("tls_cipher", "tls_cipher_suite", "string"),
    WORD("tls_protocol_version", "tls_protocol_version", "string"),
    WORD("tls_keyexchange", "tls_named_group", "string"),
    WORD("domain_name", "domain_name", "string"),
    WORD("alpn_fe_protocol", "alpn_fe_protocol", "string"),
    WORD("alpn_be_protocol", "alpn_be_protocol", "string"),
    WORD("alpn_client_preference_list", "alpn_client_preference_list", "string"),
    WORD("tls_connection_creation_time", "tls_connection_creation_time", "string"),
};
static const struct athena_column clb[] = {
    WORD("timestamp", "timestamp", "string"),
    WORD("elb", "elb_name", "string"),
    ADDRESS("client_ip", "request_ip"),
    PORT("client_port", "request_port"),
    ADDRESS("backend_ip", "backend_ip"),
    PORT("backend_port", "backend_port"),
    WORD("request_processing_time", "request_processing_time", "double"),
    WORD("backend_processing_time", "backend_processing_time", "double"),
    WORD("response_processing_time", "client_response_time", "double"),
    WORD("elb_status_code", "elb_response_code", "int"),
    WORD("backend_status_code", "backend_response_code", "int"),
    WORD("received_bytes", "received_bytes", "bigint"),
    WORD("sent_bytes", "sent_bytes", "bigint"),
    VERB("request_verb"),
    URL("url"),
    PROTOCOL("protocol"),
    QUOTED("user_agent", "user_agent"),
    WORD("ssl_cipher", "ssl_cipher", "string"),
    WORD("ssl_protocol", "ssl_protocol", "string"),
};
static const struct athena_column s3access[] = {
    WORD("bucket_owner", "bucketowner", "string"),
    WORD("bucket", "bucket_name", "string"),
    {"time", "requestdatetime", "string", SHAPE_BRACKETS},
    WORD("remote_ip", "remoteip", "string"),
    WORD("requester", "requester", "string"),
    WORD("request_id", "requestid", "string"),
    WORD("operation", "operation", "string"),
    WORD("key", "key", "string"),
    QUOTED("request_uri", "request_uri"),
    WORD("http_status", "httpstatus", "int"),
    WORD("error_code", "errorcode", "string"),
    WORD("bytes_sent", "bytessent", "bigint"),
    WORD("object_size", "objectsize", "bigint"),
    WORD("total_time", "totaltime", "bigint"),
    WORD("turn_around_time", "turnaroundtime", "bigint"),
    QUOTED("referer", "referrer"),
    QUOTED("user_agent", "useragent"),
    WORD("version_id", "versionid", "string"),
    WORD("host_id", "hostid", "string"),
    WORD("signature_version", "sigv", "string"),
    WORD("cipher_suite", "ciphersuite", "string"),
    WORD("authentication_type", "authtype", "string"),
    WORD("host_header", "endpoint", "string"),
    WORD("tls_version", "tlsversion", "string"),
    WORD("access_point_arn", "accesspointarn", "string"),
    WORD("acl_required", "aclrequired", "string"),
    WORD("source_region", "sourceregion", "string"),
};
static const struct athena_column cloudfront[] = {
    WORD("date", "date", "date"),
    WORD("time", "time", "string"),
    WORD("x-edge-location", "x_edge_location", "string"),
    WORD("sc-bytes", "sc_bytes", "bigint"),
    WORD("c-ip", "c_ip", "string"),
    WORD("cs-method", "cs_method", "string"),
    WORD("cs(Host)", "cs_host", "string"),
    WORD("cs-uri-stem", "cs_uri_stem", "string"),
    WORD("sc-status", "sc_status", "int"),
    WORD("cs(Referer)", "cs_referrer", "string"),
    WORD("cs(User-Agent)", "cs_user_agent", "string"),
    WORD("cs-uri-query", "cs_uri_query", "string"),
    WORD("cs(Cookie)", "cs_cookie", "string"),
    WORD("x-edge-result-type", "x_edge_result_type", "string"),
    WORD("x-edge-request-id", "x_edge_request_id", "string"),
    WORD("x-host-header", "x_host_header", "string"),
    WORD("cs-protocol", "cs_protocol", "string"),
    WORD("cs-bytes", "cs_bytes", "bigint"),
    WORD("time-taken", "time_taken", "double"),
    WORD("x-forwarded-for", "x_forwarded_for", "string"),
    WORD("ssl-protocol", "ssl_protocol", "string"),
    WORD("ssl-cipher", "ssl_cipher", "string"),
    WORD("x-edge-response-result-type", "x_edge_response_result_type", "string"),
    WORD("cs-protocol-version", "cs_protocol_version", "string"),
    WORD("fle-status", "fle_status", "string"),
    WORD("fle-encrypted-fields", "fle_encrypted_fields", "int"),
    WORD("c-port", "c_port", "int"),
    WORD("time-to-first-byte", "time_to_first_byte", "double"),
    WORD("x-edge-detailed-result-type", "x_edge_detailed_result_type", "string"),
    WORD("sc-content-type", "sc_content_type", "string"),
    WORD("sc-content-len", "sc_content_len", "bigint"),
    WORD("sc-range-start", "sc_range_start", "bigint"),
    WORD("sc-range-end", "sc_range_end", "bigint"),
};
static const struct athena_column vpcflow[] = {
    WORD("version", "version", "int"),
    WORD("account-id", "account_id", "string"),
    WORD("interface-id", "interface_id", "string"),
    WORD("srcaddr", "srcaddr", "string"),
    WORD("dstaddr", "dstaddr", "string"),
    WORD("srcport", "srcport", "int"),
    WORD("dstport", "dstport", "int"),
    WORD("protocol", "protocol", "bigint"),
    WORD("packets", "packets", "bigint"),
    WORD("bytes", "bytes", "bigint"),
    WORD("start", "start", "bigint"),
    WORD("end", "end", "bigint"),
    WORD("action", "action", "string"),
    WORD("log-status", "log_status", "string"),
    WORD("vpc-id", "vpc_id", "string"),
    WORD("subnet-id", "subnet_id", "string"),
    WORD("instance-id", "instance_id", "string"),
    WORD("tcp-flags", "tcp_flags", "int"),
    WORD("type", "type", "string"),
    WORD("pkt-srcaddr", "pkt_srcaddr", "string"),
    WORD("pkt-dstaddr", "pkt_dstaddr", "string"),
    WORD("region", "log_region", "string"), /* region is a partition */
    WORD("az-id", "az_id", "string"),
    WORD("sublocation-type", "sublocation_type", "string"),
    WORD("sublocation-id", "sublocation_id", "string"),
    WORD("pkt-src-aws-service", "pkt_src_aws_service", "string"),
    WORD("pkt-dst-aws-service", "pkt_dst_aws_service", "string"),
    WORD("flow-direction", "flow_direction", "string"),
    WORD("traffic-path", "traffic_path", "int"),
};
static const struct athena_column tgwflow[] = {
    WORD("version", "version", "int"),
    WORD("resource-type", "resource_type", "string"),
    WORD("account-id", "account_id", "string"),
    WORD("tgw-id", "tgw_id", "string"),
    WORD("tgw-attachment-id", "tgw_attachment_id", "string"),
    WORD("tgw-src-vpc-account-id", "tgw_src_vpc_account_id", "string"),
    WORD("tgw-dst-vpc-account-id", "tgw_dst_vpc_account_id", "string"),
    WORD("tgw-src-vpc-id", "tgw_src_vpc_id", "string"),
    WORD("tgw-dst-vpc-id", "tgw_dst_vpc_id", "string"),
    WORD("tgw-src-subnet-id", "tgw_src_subnet_id", "string"),
    WORD("tgw-dst-subnet-id", "tgw_dst_subnet_id", "string"),
    WORD("tgw-src-eni", "tgw_src_eni", "string"),
    WORD("tgw-dst-eni", "tgw_dst_eni", "string"),
    WORD("tgw-src-az-id", "tgw_src_az_id", "string"),
    WORD("tgw-dst-az-id", "tgw_dst_az_id", "string"),
    WORD("tgw-pair-attachment-id", "tgw_pair_attachment_id", "string"),
    WORD("srcaddr", "srcaddr", "string"),
    WORD("dstaddr", "dstaddr", "string"),
    WORD("srcport", "srcport", "int"),
    WORD("dstport", "dstport", "int"),
    WORD("protocol", "protocol", "int"),
    WORD("packets", "packets", "bigint"),
    WORD("bytes", "bytes", "bigint"),
    WORD("start", "start", "bigint"),
    WORD("end", "end", "bigint"),
    WORD("log-status", "log_status", "string"),
    WORD("type", "type", "string"),
    WORD("packets-lost-no-route", "packets_lost_no_route", "bigint"),
    WORD("packets-lost-blackhole", "packets_lost_blackhole", "bigint"),
    WORD("packets-lost-mtu-exceeded", "packets_lost_mtu_exceeded", "bigint"),
    WORD("packets-lost-ttl-expired", "packets_lost_ttl_expired", "bigint"),
    WORD("tcp-flags", "tcp_flags", "int"),
    WORD("region", "log_region", "string"), /* region is a partition */
    WORD("flow-direction", "flow_direction", "string"),
    WORD("pkt-src-aws-service", "pkt_src_aws_service", "string"),
    WORD("pkt-dst-aws-service", "pkt_dst_aws_service", "string"),
};
static const struct athena_column alb_conn[] = {
    WORD("timestamp", "time", "string"),
    WORD("client_ip", "client_ip", "string"),
    WORD("client_port", "client_port", "int"),
    WORD("listener_port", "listener_port", "int"),
    WORD("tls_protocol", "tls_protocol", "string"),
    WORD("tls_cipher", "tls_cipher", "string"),
    WORD("tls_handshake_latency", "tls_handshake_latency", "double"),
    QUOTED("leaf_client_cert_subject", "leaf_client_cert_subject"),
    WORD("leaf_client_cert_validity", "leaf_client_cert_validity", "string"),
    WORD("leaf_client_cert_serial_number", "leaf_client_cert_serial_number", "string"),
    WORD("tls_verify_status", "tls_verify_status", "string"),
    WORD("conn_trace_id", "conn_trace_id", "string"),
    WORD("tls_keyexchange", "tls_keyexchange", "string"),
};
static const struct athena_column alb_health[] = {
    WORD("type", "type", "string"),
    WORD("time", "time", "string"),
    WORD("latency", "latency", "double"),
    WORD("target_addr", "target_addr", "string"),
    WORD("target_group_id", "target_group_id", "string"),
    WORD("status", "status", "string"),
    WORD("status_code", "status_code", "int"),
    WORD("reason_code", "reason_code", "string"),
    WORD("elb", "elb", "string"),
    WORD("ip_address", "ip_address", "string"),
};
static const struct athena_column globalaccelerator[] = {
    WORD("version", "version", "string"),
    WORD("aws_account_id", "account_id", "string"),
    WORD("accelerator_id", "acceleratorid", "string"),
    WORD("client_ip", "clientip", "string"),
    WORD("client_port", "clientport", "int"),
    WORD("accelerator_ip", "gip", "string"),
    WORD("accelerator_port", "gipport", "int"),
    WORD("endpoint_ip", "endpointip", "string"),
    WORD("endpoint_port", "endpointport", "int"),
    WORD("protocol", "protocol", "string"),
    WORD("ip_address_type", "ipaddresstype", "string"),
    WORD("packets", "numpackets", "bigint"),
    WORD("bytes", "numbytes", "bigint"),
    WORD("start_time", "starttime", "bigint"),
    WORD("end_time", "endtime", "bigint"),
    WORD("action", "action", "string"),
    WORD("log-status", "logstatus", "string"),
    WORD("globalaccelerator_source_ip", "agasourceip", "string"),
    WORD("globalaccelerator_source_port", "agasourceport", "int"),
    WORD("endpoint_region", "endpointregion", "string"),
    WORD("globalaccelerator_region", "agaregion", "string"),
    WORD("direction", "direction", "string"),
};
static const struct athena_column cloudtrail[] = {
    WORD("eventVersion", "eventversion", "string"),
    WORD(NULL, "useridentity",
         "struct<type:string,principalid:string,arn:string,accountid:string,invokedby:string,"
         "accesskeyid:string,username:string,onbehalfof:struct<userid:string,"
         "identitystorearn:string>,sessioncontext:struct<attributes:struct<"
         "mfaauthenticated:string,creationdate:string>,sessionissuer:struct<type:string,"
         "principalid:string,arn:string,accountid:string,username:string>,ec2roledelivery:string,"
         "webidfederationdata:struct<federatedprovider:string,attributes:map<string,string>>>>"),
    WORD("eventTime", "eventtime", "string"),
    WORD("eventSource", "eventsource", "string"),
    WORD("eventName", "eventname", "string"),
    WORD("awsRegion", "awsregion", "string"),
    WORD("sourceIPAddress", "sourceipaddress", "string"),
    WORD("userAgent", "useragent", "string"),
    WORD("errorCode", "errorcode", "string"),
    WORD("errorMessage", "errormessage", "string"),
    WORD("requestParameters", "requestparameters", "string"),
    WORD("responseElements", "responseelements", "string"),
    WORD("additionalEventData", "additionaleventdata", "string"),
    WORD("requestID", "requestid", "string"),
    WORD("eventID", "eventid", "string"),
    WORD(NULL, "resources", "array<struct<arn:string,accountid:string,type:string>>"),
    WORD("eventType", "eventtype", "string"),
    WORD("apiVersion", "apiversion", "string"),
    WORD("readOnly", "readonly", "string"),
    WORD("recipientAccountId", "recipientaccountid", "string"),
    WORD("serviceEventDetails", "serviceeventdetails", "string"),
    WORD("sharedEventID", "sharedeventid", "string"),
    WORD("vpcEndpointId", "vpcendpointid", "string"),
    WORD("vpcEndpointAccountId", "vpcendpointaccountid", "string"),
    WORD("eventCategory", "eventcategory", "string"),
    WORD("addendum", "addendum", "string"),
    WORD("sessionCredentialFromConsole", "sessioncredentialfromconsole", "string"),
    WORD("edgeDeviceDetails", "edgedevicedetails", "string"),
    WORD(NULL, "tlsdetails",
         "struct<tlsversion:string,ciphersuite:string,clientprovidedhostheader:string>"),
};
static const struct athena_column waf[] = {
    WORD("timestamp", "timestamp", "bigint"),
    WORD("formatVersion", "formatversion", "int"),
    WORD("webaclId", "webaclid", "string"),
    WORD("terminatingRuleId", "terminatingruleid", "string"),
    WORD("terminatingRuleType", "terminatingruletype", "string"),
    WORD("action", "action", "string"),
    WORD("httpSourceName", "httpsourcename", "string"),
    WORD("httpSourceId", "httpsourceid", "string"),
    WORD("responseCodeSent", "responsecodesent", "int"),
    WORD(NULL, "httprequest",
         "struct<clientip:string,country:string,headers:array<struct<name:string,value:string>>,"
         "uri:string,args:string,httpversion:string,httpmethod:string,requestid:string>"),
    WORD(NULL, "labels", "array<struct<name:string>>"),
    WORD("ja3Fingerprint", "ja3fingerprint", "string"),
    WORD("ja4Fingerprint", "ja4fingerprint", "string"),
};
static const struct athena_column netfw[] = {
    WORD("firewall_name", "firewall_name", "string"),
    WORD("availability_zone", "availability_zone", "string"),
    WORD("event_timestamp", "event_timestamp", "bigint"),
    WORD("aws_category", "aws_category", "string"),
    WORD(NULL, "event",
         "struct<timestamp:string,flow_id:string,event_type:string,src_ip:string,src_port:string,"
         "dest_ip:string,dest_port:string,proto:string,app_proto:string,direction:string,"
         "pkt_src:string,tx_id:string,alert:struct<action:string,signature_id:string,rev:string,"
         "signature:string,category:string,severity:string,metadata:string>,"
         "verdict:struct<action:string>,aws_metadata:struct<resource_arn:string>,"
         "netflow:struct<pkts:string,bytes:string,start:string,end:string,age:string,"
         "min_ttl:string,max_ttl:string>,tcp:struct<tcp_flags:string>,"
         "tls:struct<sni:string,version:string>,http:struct<hostname:string,url:string,"
         "http_user_agent:string,http_method:string,status:string>,sni:string,"
         "tls_inspected:string,tls_error:struct<error_message:string>,"
         "revocation_check:struct<leaf_cert_fpr:string,status:string,action:string>>"),
};
static const struct athena_column route53[] = {
    WORD("version", "version", "string"),
    WORD("account_id", "account_id", "string"),
    WORD("region", "log_region", "string"),
    WORD("vpc_id", "vpc_id", "string"),
    WORD("query_timestamp", "query_timestamp", "string"),
    WORD("query_name", "query_name", "string"),
    WORD("query_type", "query_type", "string"),
    WORD("query_class", "query_class", "string"),
    WORD("rcode", "rcode", "string"),
    WORD("srcaddr", "srcaddr", "string"),
    WORD("srcport", "srcport", "int"),
    WORD("transport", "transport", "string"),
    WORD(NULL, "srcids", "struct<instance:string,resolver_endpoint:string>"),
    WORD("firewall_rule_group_id", "firewall_rule_group_id", "string"),
    WORD("firewall_rule_action", "firewall_rule_action", "string"),
    WORD("firewall_domain_list_id", "firewall_domain_list_id", "string"),
};

static const struct athena_made alb_made[] = {
    {"request_host", "url_extract_host(request_url)"},
    {"request_path", "url_extract_path(request_url)"},
    {"request_query", "url_extract_query(request_url)"},
    {"request", "concat(request_verb, ' ', request_url, ' ', request_proto)"},
    {"client:port", "concat(client_ip, ':', CAST(client_port AS varchar))"},
    {"target:port", "concat(target_ip, ':', CAST(target_port AS varchar))"},
    {"path_decoded", "url_decode(url_extract_path(request_url))"},
    {"elb_name", "split_part(elb, '/', 2)"},
    {"target_group", "split_part(target_group_arn, '/', 2)"},
};
static const struct athena_made nlb_made[] = {
    {"client:port", "concat(client_ip, ':', CAST(client_port AS varchar))"},
    {"destination:port", "concat(target_ip, ':', CAST(target_port AS varchar))"},
};
static const struct athena_made clb_made[] = {
    {"request_host", "url_extract_host(url)"},
    {"request_path", "url_extract_path(url)"},
    {"request_query", "url_extract_query(url)"},
    {"request", "concat(request_verb, ' ', url, ' ', protocol)"},
    {"path_decoded", "url_decode(url_extract_path(url))"},
};
static const struct athena_made s3_made[] = {
    {"request_verb", "split_part(request_uri, ' ', 1)"},
    {"request_path", "split_part(split_part(request_uri, ' ', 2), '?', 1)"},
    {"request_query", "NULLIF(split_part(split_part(request_uri, ' ', 2), '?', 2), '')"},
    {"request_proto", "split_part(request_uri, ' ', 3)"},
    {"key_decoded", "url_decode(key)"},
};
static const struct athena_made health_made[] = {
    {"target_ip", "regexp_extract(target_addr, '^([^/]*):[0-9]+$', 1)"},
    {"target_port", "regexp_extract(target_addr, '^[^/]*:([0-9]+)$', 1)"},
};
static const struct athena_made netfw_made[] = {
    {"outcome", "COALESCE(event.verdict.action, event.alert.action)"},
    {"server_name", "COALESCE(event.sni, event.tls.sni, event.http.hostname)"},
};
static const struct athena_made cloudfront_made[] = {
    {"path_decoded", "url_decode(cs_uri_stem)"},
    {"user_agent_decoded", "url_decode(url_decode(cs_user_agent))"},
};
/* clang-format on */

#define ELB_FOLDER "AWSLogs/${account}/elasticloadbalancing/${region}/${day}"
#define COLUMNS(c) c, ARRAY_LEN(c)

static const struct athena_table tables[] = {
    {"alb", "alb_logs", SERDE_REGEX, 0, COLUMNS(alb), 22, COLUMNS(alb_made),
     "from_iso8601_timestamp(time)", ELB_FOLDER, "yyyy/MM/dd", NULL,
     "NOT regexp_like(\"$path\", '/(conn|health_check)_log[._]')"},
    {"nlb", "nlb_tls_logs", SERDE_REGEX, 0, COLUMNS(nlb), 24, COLUMNS(nlb_made),
     "from_iso8601_timestamp(concat(time, 'Z'))", ELB_FOLDER, "yyyy/MM/dd"},
    {"clb", "elb_logs", SERDE_REGEX, 0, COLUMNS(clb), 16, COLUMNS(clb_made),
     "from_iso8601_timestamp(\"timestamp\")", ELB_FOLDER, "yyyy/MM/dd"},
    {"s3access", "s3_access_logs", SERDE_REGEX, 0, COLUMNS(s3access), 18, COLUMNS(s3_made),
     "parse_datetime(requestdatetime, 'dd/MMM/yyyy:HH:mm:ss Z')",
     "${account}/${region}/SOURCE-BUCKET/${day}", "yyyy/MM/dd"},
    {"cloudfront", "cloudfront_logs", SERDE_TABS, 2, COLUMNS(cloudfront), 0,
     COLUMNS(cloudfront_made),
     "from_iso8601_timestamp(concat(CAST(\"date\" AS varchar), 'T', time, 'Z'))", "PREFIX", NULL},
    {"vpcflow", "vpc_flow_logs", SERDE_BLANKS, 1, COLUMNS(vpcflow), 0, NULL, 0,
     "from_unixtime(\"start\")", "AWSLogs/${account}/vpcflowlogs/${region}/${day}", "yyyy/MM/dd"},
    {"tgwflow", "transit_gateway_flow_logs", SERDE_BLANKS, 1, COLUMNS(tgwflow), 0, NULL, 0,
     "from_unixtime(\"start\")", "AWSLogs/${account}/vpcflowlogs/${region}/${day}", "yyyy/MM/dd"},
    {"alb_conn", "alb_connection_logs", SERDE_REGEX, 0, COLUMNS(alb_conn), 12, NULL, 0,
     "from_iso8601_timestamp(time)", ELB_FOLDER, "yyyy/MM/dd", NULL,
     "regexp_like(\"$path\", '/conn_log[._]')"},
    {"alb_health", "alb_health_check_logs", SERDE_REGEX, 0, COLUMNS(alb_health), 8,
     COLUMNS(health_made), "from_iso8601_timestamp(time)", ELB_FOLDER, "yyyy/MM/dd", NULL,
     "regexp_like(\"$path\", '/health_check_log[._]')"},
    {"globalaccelerator", "globalaccelerator_logs", SERDE_BLANKS, 1, COLUMNS(globalaccelerator), 0,
     NULL, 0, "from_unixtime(starttime)", "AWSLogs/${account}/globalaccelerator/us-west-2/${day}",
     "yyyy/MM/dd"},
    {"cloudtrail", "cloudtrail_logs", SERDE_CLOUDTRAIL, 0, COLUMNS(cloudtrail), 0, NULL, 0,
     "from_iso8601_timestamp(eventtime)", "AWSLogs/${account}/CloudTrail/${region}/${day}",
     "yyyy/MM/dd"},
    {"waf", "waf_logs", SERDE_JSON, 0, COLUMNS(waf), 0, NULL, 0,
     "from_unixtime(\"timestamp\" / 1000.0)", "AWSLogs/${account}/WAFLogs/${region}/WEB-ACL/${day}",
     "yyyy/MM/dd/HH/mm"},
    {"netfw", "network_firewall_logs", SERDE_JSON, 0, COLUMNS(netfw), 0, COLUMNS(netfw_made),
     "from_iso8601_timestamp(event.\"timestamp\")",
     "AWSLogs/${account}/network-firewall/${kind}/${region}/FIREWALL/${day}", "yyyy/MM/dd/HH",
     "alert,flow,tls", NULL},
    {"route53", "route53_resolver_logs", SERDE_JSON, 0, COLUMNS(route53), 0, NULL, 0,
     "from_iso8601_timestamp(query_timestamp)", "AWSLogs/${account}/vpcdnsquerylogs/VPC/${day}",
     "yyyy/MM/dd"},
};

#define EXPORT                                                                                     \
    "export the log group to S3, or let a subscription with Firehose write it there, and make a "  \
    "table of what is in that bucket"

static const struct {
    const char *type, *why;
} no_table[] = {
    {"lambda", "AWS keeps logs of Lambda in CloudWatch: " EXPORT},
    {"apigw", "API Gateway logs into CloudWatch, or by Firehose in a form of your own: " EXPORT},
    {"clientvpn", "Client VPN logs into CloudWatch alone: " EXPORT},
    {"route53public",
     "queries of a public zone are logged in CloudWatch (us-east-1) alone: " EXPORT},
    {"cwlogs", "what is in CloudWatch has no place in S3: " EXPORT},
    {"cloudfront_rt",
     "real-time logs go to Kinesis, with the fields that you chose: let Firehose write "
     "them to S3, and make a table of these fields"},
    {"json",
     "JSON that is no log of AWS has no place and no columns that are known: make a table of "
     "its members, with the serde org.openx.data.jsonserde.JsonSerDe"},
    {"text", "plain lines have no columns: make a table of one, or of a RegexSerDe of yours"},
};

const char *athena_no_table(const char *type)
{
    for (unsigned i = 0; i < ARRAY_LEN(no_table); i++)
        if (strcmp(no_table[i].type, type) == 0)
            return no_table[i].why;
    return NULL;
}

const struct athena_table *athena_table_at(unsigned n)
{
    return n < ARRAY_LEN(tables) ? &tables[n] : NULL;
}

const struct athena_table *athena_table(const char *type)
{
    for (unsigned i = 0; i < ARRAY_LEN(tables); i++)
        if (strcmp(tables[i].type, type) == 0)
            return &tables[i];
    return NULL;
}

bool athena_partition(const struct athena_table *t, const char *name)
{
    char mark[32];

    snprintf(mark, sizeof(mark), "${%s}", name);
    return strstr(t->folder, mark) != NULL;
}

/* --- the statement --- */

static const char *shape_pattern(enum athena_shape s)
{
    static const char *const pattern[] = {
        [SHAPE_WORD] = "([^ ]*)",          [SHAPE_QUOTED] = "(\"[^\"]*\"|-)",
        [SHAPE_ADDRESS] = "([^ ]*?)",      [SHAPE_PORT] = "(?::([0-9]*))?",
        [SHAPE_VERB] = "\"([^ ]*)",        [SHAPE_URL] = "(.*?)",
        [SHAPE_PROTOCOL] = "(- |[^ ]*)\"", [SHAPE_BRACKETS] = "\\[(.*?)\\]",
    };

    return pattern[s];
}

/* Quotes are left out of the column, not only matched. */
static const char *column_pattern(const struct athena_column *c)
{
    return c->shape == SHAPE_QUOTED ? "(?:\"([^\"]*)\"|-)" : shape_pattern(c->shape);
}

static void add_regex(const struct athena_table *t, struct strbuf *out)
{
    unsigned open = 0;

    for (unsigned i = 0; i < t->n_column; i++) {
        bool optional = t->n_oldest && i >= t->n_oldest;

        if (optional) {
            strbuf_adds(out, "(?:");
            open++;
        }
        if (i > 0 && t->column[i].shape != SHAPE_PORT)
            strbuf_addc(out, ' ');
        strbuf_adds(out, column_pattern(&t->column[i]));
    }
    strbuf_adds(out, "(?: .*)?");
    while (open-- > 0)
        strbuf_adds(out, ")?");
}

static void add_escaped(struct strbuf *out, struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '\\' || s.ptr[i] == '\'')
            strbuf_addc(out, '\\');
        strbuf_addc(out, s.ptr[i]);
    }
}

static void add_serde(const struct athena_table *t, struct strbuf *out)
{
    struct strbuf regex = STRBUF_INIT;

    switch (t->serde) {
    case SERDE_REGEX:
        add_regex(t, &regex);
        strbuf_adds(out, "ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.RegexSerDe'\n"
                         "WITH SERDEPROPERTIES ('serialization.format' = '1', 'input.regex' = '");
        add_escaped(out, strbuf_slice(&regex));
        strbuf_adds(out, "')\n");
        break;
    case SERDE_BLANKS:
    case SERDE_TABS:
        strbuf_addf(out, "ROW FORMAT DELIMITED FIELDS TERMINATED BY '%s'\n",
                    t->serde == SERDE_TABS ? "\\t" : " ");
        break;
    case SERDE_JSON:
        strbuf_adds(out, "ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'\n");
        break;
    case SERDE_CLOUDTRAIL:
        strbuf_adds(out,
                    "ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe'\n"
                    "STORED AS INPUTFORMAT 'com.amazon.emr.cloudtrail.CloudTrailInputFormat'\n"
                    "OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'\n");
        break;
    }
    strbuf_release(&regex);
}

static void add_property(struct strbuf *out, const char *name, const char *value)
{
    strbuf_addf(out, ",\n  '%s' = '%s'", name, value);
}

static void add_properties(const struct athena_table *t, const char *accounts, const char *regions,
                           struct strbuf *out)
{
    struct strbuf place = STRBUF_INIT;

    strbuf_addf(out, "TBLPROPERTIES (\n  'skip.header.line.count' = '%u'", t->headers);
    if (t->day) {
        add_property(out, "projection.enabled", "true");
        if (athena_partition(t, "account")) {
            add_property(out, "projection.account.type", "enum");
            add_property(out, "projection.account.values", accounts);
        }
        if (athena_partition(t, "region")) {
            add_property(out, "projection.region.type", "enum");
            add_property(out, "projection.region.values", regions);
        }
        if (t->kinds) {
            add_property(out, "projection.kind.type", "enum");
            add_property(out, "projection.kind.values", t->kinds);
        }
        add_property(out, "projection.day.type", "date");
        add_property(out, "projection.day.format", t->day);
        add_property(out, "projection.day.range", "NOW-1YEARS,NOW");
        add_property(out, "projection.day.interval", "1");
        add_property(out, "projection.day.interval.unit",
                     strstr(t->day, "mm")   ? "MINUTES"
                     : strstr(t->day, "HH") ? "HOURS"
                                            : "DAYS");
        strbuf_addf(&place, "s3://BUCKET/%s", t->folder);
        add_property(out, "storage.location.template", place.buf);
    }
    strbuf_adds(out, "\n);\n");
    strbuf_release(&place);
}

void athena_create(const struct athena_table *t, const char *accounts, const char *regions,
                   struct strbuf *out)
{
    static const char *const partition[] = {"account", "region", "kind", "day"};
    unsigned n = 0;

    strbuf_addf(out, "CREATE EXTERNAL TABLE IF NOT EXISTS %s (", t->name);
    for (unsigned i = 0; i < t->n_column; i++)
        strbuf_addf(out, "%s\n  `%s` %s", i ? "," : "", t->column[i].name, t->column[i].type);
    strbuf_adds(out, "\n)\n");
    for (unsigned i = 0; i < ARRAY_LEN(partition); i++)
        if (athena_partition(t, partition[i]))
            strbuf_addf(out, "%s`%s` string", n++ ? ", " : "PARTITIONED BY (", partition[i]);
    strbuf_adds(out, n ? ")\n" : "");
    add_serde(t, out);
    strbuf_addf(out, "LOCATION 's3://BUCKET/%.*s'\n", (int)strcspn(t->folder, "$"), t->folder);
    add_properties(t, accounts, regions, out);
}
