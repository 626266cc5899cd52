/* test_explain.c - meanings of values, stories of records, causes, places of edges. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "edge.h"
#include "explain.h"
#include "explain_tables.h"

static const char *meaning(const char *type, const char *field, const char *value)
{
    static struct explanation x;

    if (!explain_value(slice_str(type), slice_str(field), slice_str(value), &x))
        return NULL;
    return x.meaning;
}

static void assert_has(const char *text, const char *part)
{
    assert_non_null(text);
    if (!strstr(text, part))
        fail_msg("\"%s\" lacks \"%s\"", text, part);
}

static void test_values(void **state UNUSED)
{
    struct explanation x;

    assert_true(explain_value(SL("alb"), SL("elb_status_code"), SL("504"), &x));
    assert_string_equal(x.side, "target");
    assert_non_null(x.next);
    assert_has(meaning("alb", "elb_status_code", "460"), "client closed");
    assert_has(meaning("alb", "target_status_code", "-"), "no target answered");
    assert_has(meaning("alb", "target_status_code", "404"), "not found");
    assert_has(meaning("alb", "error_reason", "LambdaUnhandled"), "function");
    assert_has(meaning("alb", "actions_executed", "waf,forward"), "target group");
    assert_has(meaning("alb", "target_processing_time", "-1"), "not reached");
    assert_has(meaning("clb", "elb_status_code", "503"), "surge queue");
    assert_has(meaning("nlb", "incoming_tls_alert", "48"), "unknown_ca");
    assert_has(meaning("cloudfront", "x_edge_result_type", "RefreshHit"), "expired");
    assert_has(meaning("cloudfront", "sc-status", "000"), "viewer left");
    assert_has(meaning("vpcflow", "srcport", "5432"), "PostgreSQL");
    assert_has(meaning("vpcflow", "log-status", "SKIPDATA"), "lost");
    assert_has(meaning("s3access", "Error Code", "SlowDown"), "throttles");
    assert_has(meaning("s3access", "operation", "REST.DELETE.TAGGING"), "deleted");
    assert_has(meaning("s3access", "requester", "arn:aws:sts::123456789012:assumed-role/a/b"),
               "assumed role");
    assert_has(meaning("alb_conn", "tls_verify_status", "Failed:ClientCertRejected"), "check");
    assert_has(meaning("alb_conn", "tls_verify_status", "Failed:SomethingNew"), "refused");
    assert_has(meaning("alb_conn", "tls_protocol", "-"), "plain HTTP");
    assert_has(meaning("alb_health", "reason_code", "RequestTimedOut"), "no answer in time");
    assert_has(meaning("alb_health", "status_code", "503"), "unavailable");
    assert_has(meaning("alb_health", "status_code", "-"), "no answer");
    assert_has(meaning("tgwflow", "flow-direction", "egress"), "gateway");
    assert_has(meaning("tgwflow", "packets-lost-blackhole", "0"), "none");
    assert_has(meaning("tgwflow", "packets_lost_blackhole", "17"), "blackhole");
    assert_has(meaning("tgwflow", "tcp-flags", "18"), "SYN+ACK");
    assert_has(meaning("globalaccelerator", "log-status", "SKIPDATA"), "lost");
    assert_has(meaning("globalaccelerator", "reject_reason", "BPA"), "block public access");
    assert_has(meaning("globalaccelerator", "agaregion", "LHR50-P2"), "London");
    assert_has(meaning("route53public", "response_code", "NXDOMAIN"), "no such name");
    assert_has(meaning("cloudfront_rt", "x-edge-detailed-result-type", "OriginDnsError"),
               "resolve");
    assert_has(meaning("cloudfront", "connectionStatus", "Failed:TcpTimeout"), "in time");
    assert_null(meaning("alb", "user_agent", "504"));
    assert_null(meaning("alb", "error_reason", "Nonsense"));
    assert_false(explain_value(SL("alb"), SL("error_reason"), (struct slice){NULL, 0}, &x));
}

static void test_flags(void **state UNUSED)
{
    assert_has(meaning("vpcflow", "tcp-flags", "2"), "SYN: the start");
    assert_has(meaning("vpcflow", "tcp_flags", "18"), "SYN+ACK");
    assert_has(meaning("vpcflow", "tcp-flags", "7"), "FIN+SYN+RST");
    assert_has(meaning("vpcflow", "tcp-flags", "255"), "FIN+SYN+RST+PSH+ACK+URG+ECE+CWR");
    assert_null(meaning("vpcflow", "tcp-flags", "256"));
    assert_null(meaning("vpcflow", "tcp-flags", "x"));
}

/* Every entry can be reached through its own set, none says nothing, and one that blames somebody
 * says where to look next. */
static void check_sets(const struct explain_set *sets, unsigned n)
{
    for (unsigned s = 0; s < n; s++) {
        const struct explain_set *set = &sets[s];
        struct slice types = slice_str(set->types), fields = slice_str(set->fields);
        struct slice type = slice_cut(&types, ' '), field = slice_cut(&fields, ' ');

        for (unsigned i = 0; i < set->n; i++) {
            struct explanation x;

            assert_true(strlen(set->entry[i].what.meaning) > 1);
            assert_true(explain_value(type, field, slice_str(set->entry[i].value), &x));
            if (!strchr(set->entry[i].value, '*'))
                assert_string_equal(x.meaning, set->entry[i].what.meaning);
            if (x.side && !x.next)
                fail_msg("%s %s %s has no next step", set->types, set->fields, set->entry[i].value);
        }
    }
}

static void test_tables(void **state UNUSED)
{
    check_sets(explain_sets, explain_n_sets);
    check_sets(explain_service_sets, explain_n_service_sets);
}

static void test_causes(void **state UNUSED)
{
    struct slice none = SL("-");

    assert_has(cause_alb(SL("504"), none, none, 60.001, -1).text, "idle timeout");
    assert_has(cause_alb(SL("504"), none, none, 10.004, -1).text, "could not connect");
    assert_has(cause_alb(SL("504"), none, none, NAN, NAN).text, "no answer");
    assert_has(cause_alb(SL("502"), none, none, 0.004, 0.003).text, "closed the connection");
    assert_has(cause_alb(SL("502"), none, none, 0.004, -1).text, "refused");
    assert_string_equal(cause_alb(SL("503"), none, none, 0, -1).side, "set-up");
    assert_has(cause_alb(SL("500"), SL("500"), none, 1, 1).text, "application");
    assert_has(cause_alb(SL("502"), none, SL("LambdaThrottling"), 1, 1).text, "invocations");
    assert_non_null(cause_alb(SL("599"), none, none, 1, 1).text);
    assert_non_null(cause_alb(SL(""), SL(""), SL(""), NAN, NAN).text);
    assert_string_equal(cause_cloudfront(SL("504"), SL("OriginCommError")).side, "origin");
    assert_string_equal(cause_cloudfront(SL("000"), none).side, "client");
    assert_has(cause_cloudfront(SL("502"), SL("Miss")).text, "own answer");
    assert_string_equal(cause_s3(SL("503"), SL("SlowDown")).side, "client");
    assert_string_equal(cause_s3(SL("500"), none).side, "app");
    assert_non_null(cause_s3(none, none).text);
}

static void tell(const char *type, const char *line, struct strbuf *out, const char **side)
{
    static struct record rec;
    struct logtype *lt = logtype_by_name(slice_str(type));
    const struct layout *lay = NULL;

    assert_non_null(lt);
    memset(&rec, 0, sizeof(rec));
    assert_int_equal(lt->fmt->parse(lt, &lay, slice_str(line), &rec), PARSE_OK);
    strbuf_reset(out);
    explain_record(lt, &rec, out, side);
}

#define ALB_A "https 2026-03-14T13:05:12.123456Z app/shop/50dc6c495c0c9188 198.51.100.7:51234 "
#define ALB_B                                                                                      \
    " \"GET https://shop.example.com:443/api/cart HTTP/1.1\" \"-\" - - "                           \
    "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/a/1 \"Root=1-2-3\" \"-\" "    \
    "\"-\" 0 "
#define ALB_C " \"forward\" \"-\" \"-\" \"-\" \"-\" \"-\" \"-\" TID_1"

static void test_records(void **state UNUSED)
{
    struct strbuf out = STRBUF_INIT;
    const char *side = NULL;

    tell("alb", ALB_A "10.0.3.4:80 0.000 -1 -1 504 - 1 1" ALB_B "2026-03-14T13:04:12.122456Z" ALB_C,
         &out, &side);
    assert_has(out.buf,
               "504, made by the load balancer: target 10.0.3.4:80 sent nothing for 60.0 s");
    assert_string_equal(side, "target");
    tell("alb", ALB_A "- -1 -1 -1 503 - 1 1" ALB_B "2026-03-14T13:05:12.122456Z" ALB_C, &out,
         &side);
    assert_has(out.buf, "never reached a target");
    assert_string_equal(side, "set-up");
    tell("alb",
         ALB_A "10.0.3.4:80 0.000 0.1 0.0 200 200 1 1" ALB_B "2026-03-14T13:05:12.022456Z" ALB_C,
         &out, &side);
    assert_int_equal(out.len, 0);
    assert_null(side);
    tell("alb",
         ALB_A "10.0.3.5:80 0.000 0.1 0.0 500 500 1 1" ALB_B "2026-03-14T13:05:12.022456Z" ALB_C,
         &out, &side);
    assert_has(out.buf, "500 comes from target 10.0.3.5:80 itself");
    assert_string_equal(side, "app");
    strbuf_release(&out);
}

static void test_records_flows(void **state UNUSED)
{
    struct strbuf out = STRBUF_INIT;
    const char *side = NULL;

    tell("tgwflow",
         "6 TransitGateway 111122223333 tgw-01 tgw-attach-01 - - vpc-01 vpc-02 subnet-01 subnet-02 "
         "eni-01 eni-02 euw1-az1 euw1-az2 - 10.0.0.1 10.1.0.2 50000 443 6 10 1200 1700000000 "
         "1700000060 OK IPv4 4 0 0 0 2 eu-west-1 ingress - -",
         &out, &side);
    assert_has(out.buf, "4 packets from 10.0.0.1 to 10.1.0.2 port 443 (HTTPS) dropped: the route "
                        "table of the attachment");
    assert_string_equal(side, "set-up");
    tell("tgwflow",
         "6 TransitGateway 1 tgw-01 tgw-attach-01 - - - - - - - - - - - - - - - - - - 1700000000 "
         "1700000060 SKIPDATA",
         &out, &side);
    assert_has(out.buf, "Records of this gateway were lost");
    assert_string_equal(side, "aws");
    tell("vpcflow", "2 1 eni-01 - - - - - - - 1700000000 1700000060 - NODATA", &out, &side);
    assert_has(out.buf, "No traffic on this interface");
    tell("alb_health", "http 2025-12-02T03:04:05Z 5.0 10.0.3.5:80 shop FAIL - TimedOut", &out,
         &side);
    assert_has(out.buf, "TimedOut: no answer in time");
    assert_string_equal(side, "target");
    strbuf_release(&out);
}

static void test_records_s3(void **state UNUSED)
{
    static const char line[] =
        "4f1c shop-media [14/Mar/2026:00:00:19 +0000] - - 4QCXVF657QN4WLXL S3.EXPIRE.OBJECT "
        "tmp/1.bin \"-\" - - - 41200 - - \"-\" \"-\" - Wrj= - - - - - - - -";
    struct strbuf out = STRBUF_INIT;
    const char *side = NULL;

    tell("s3access", line, &out, &side);
    assert_has(out.buf, "lifecycle");
    assert_null(strstr(out.buf, "anonymous"));
    assert_string_equal(side, "you");
    strbuf_release(&out);
}

static void test_records_ends(void **state UNUSED)
{
    struct strbuf out = STRBUF_INIT;
    const char *side = NULL;

    tell("lambda", "REPORT RequestId: 0a\tDuration: 3000.00 ms\tStatus: timeout", &out, &side);
    assert_has(out.buf, "timeout: stopped at the time limit");
    assert_string_equal(side, "app");
    tell("lambda",
         "REPORT RequestId: 0a\tDuration: 3.00 ms\tStatus: error\tError Type: Runtime.ExitError",
         &out, &side);
    assert_has(out.buf, "Runtime.ExitError: ");
    tell("cloudtrail",
         "{\"eventVersion\":\"1.08\",\"userIdentity\":{\"type\":\"Root\"},\"eventName\":"
         "\"ConsoleLogin\",\"errorMessage\":\"Failed authentication\"}",
         &out, &side);
    assert_has(out.buf, "root wanted ConsoleLogin, Failed authentication: ");
    tell("lambda", "REPORT RequestId: 0a\tDuration: 3.00 ms", &out, &side);
    assert_has(out.buf, "REPORT: ");
    strbuf_release(&out);
}

static void check_place(const char *code, const char *city, const char *country, bool is_near)
{
    struct edge_place p;
    bool near = !is_near;

    assert_true(edge_lookup(slice_str(code), &p, &near));
    assert_string_equal(p.city, city);
    assert_string_equal(p.country, country);
    assert_int_equal(near, is_near);
}

static void test_edges(void **state UNUSED)
{
    static const char *const bad[] = {"",        "-",       "LHR",      "lhr50",      "LHR50-",
                                      "LHR50-P", "QQQ12",   "LHR50P2",  "LHR1234",    "LHR50-P2x",
                                      "LHR-P2",  "LHR50-2", "LHR50-PP", "LHR50-P1234"};
    struct edge_place p;

    check_place("LHR50-P2", "London", "GB", false);
    check_place("YTO1", "Toronto", "CA", false);
    check_place("TXL52-C1", "Berlin", "DE", false);
    check_place("BOM78-P11", "Mumbai", "IN", false);
    check_place("AKL5", "Auckland", "NZ", false);
    check_place("ZRH55-P3", "Zurich", "CH", false);
    check_place("BJS9-E1", "Beijing", "CN", false);
    check_place("WAS1", "Washington", "US", false);
    check_place("KEF50-P1", "Reykjavík", "IS", true);
    for (unsigned i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(edge_lookup(slice_str(bad[i]), &p, NULL));
    assert_false(edge_lookup((struct slice){NULL, 0}, &p, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),     cmocka_unit_test(test_flags),
        cmocka_unit_test(test_tables),     cmocka_unit_test(test_causes),
        cmocka_unit_test(test_records),    cmocka_unit_test(test_records_flows),
        cmocka_unit_test(test_records_s3), cmocka_unit_test(test_records_ends),
        cmocka_unit_test(test_edges),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
