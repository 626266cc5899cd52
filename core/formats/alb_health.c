/* alb_health.c - health check log of an Application Load Balancer: a line a check. The first words
 * are those of an access log; the sixth, PASS or FAIL, tells them apart. */
#include "formats/elb.h"
#include "formats/table.h"
#include "formats/w3c.h"
#include "value.h"

enum {
    F_TYPE,
    F_TIME,
    F_LATENCY,
    F_TARGET,
    F_TARGET_IP,
    F_TARGET_PORT,
    F_GROUP,
    F_RESULT,
    F_CODE,
    F_REASON,
    F_ELB,
    F_IP,
    N_FIELDS
};

static const struct field_def fields[N_FIELDS] = {
    [F_TYPE] =
        FIELD_TEXT("type", NULL, 0, FR_NONE, "how it was asked: http, https, h2, grpc, lambda"),
    [F_TIME] = FIELD_TIME("time", "timestamp", FF_NOCOL, "when the check began (UTC)"),
    [F_LATENCY] = FIELD("latency", NULL, FK_NUM, 9, UNIT_S, FF_NEG1, FR_DURATION,
                        "how long the check took, to the nanosecond"),
    [F_TARGET] = FIELD_TEXT("target_addr", NULL, 0, FR_NONE,
                            "target that was asked: address and port, or the ARN of a function"),
    [F_TARGET_IP] = FIELD("target_ip", NULL, FK_IP, 0, UNIT_NONE, FF_DERIVED, FR_SERVER_IP,
                          "address of the target; none for a function"),
    [F_TARGET_PORT] = FIELD("target_port", NULL, FK_NUM, 0, UNIT_NONE, FF_PORT | FF_DERIVED,
                            FR_NONE, "port of the target"),
    [F_GROUP] =
        FIELD_TEXT("target_group_id", "target_group", 0, FR_NONE, "name of the target group"),
    [F_RESULT] = FIELD_TEXT("status", "result", 0, FR_ACTION, "PASS or FAIL"),
    [F_CODE] = FIELD("status_code", NULL, FK_NUM, 0, UNIT_NONE, FF_STATUS, FR_STATUS,
                     "status that the target answered; none if it did not"),
    [F_REASON] =
        FIELD_TEXT("reason_code", "reason", 0, FR_ERROR, "why the check failed; none if it passed"),
    [F_ELB] = FIELD_TEXT("elb", NULL, 0, FR_NONE, "the load balancer, as app/NAME/ID"),
    [F_IP] = FIELD_IP("ip_address", NULL, FR_NONE, "address of the load balancer's node"),
};

static const uint16_t order[] = {F_TYPE,   F_TIME, F_LATENCY, F_TARGET, F_GROUP,
                                 F_RESULT, F_CODE, F_REASON,  F_ELB,    F_IP};

#define MIN_FIELDS 6 /* up to status */

/* An access log line has the balancer's name where the latency stands here. */
static bool shape_fits(const struct slice *val)
{
    int64_t ns;
    double seconds;

    return (slice_is(val[F_RESULT], "PASS") || slice_is(val[F_RESULT], "FAIL")) &&
           (value_missing(val[F_LATENCY]) || parse_fixed(val[F_LATENCY], 9, &ns) ||
            parse_double(val[F_LATENCY], &seconds));
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
    if (got.n < MIN_FIELDS)
        return record_bad(rec, REASON_SHORT);
    if (!got.keyed && !shape_fits(val))
        return record_bad(rec, REASON_SHAPE);
    if (!slice_starts(val[F_TARGET], "arn:"))
        elb_split_addr(val, F_TARGET);
    return PARSE_OK;
}

static int detect(const struct probe *p)
{
    bool named = path_has(p, "health_check_log");

    return elb_detect(p, "target_addr target_group_id reason_code|status", named, named);
}

static const char *const samples[] = {
    "http 2025-12-02T03:04:05.678901Z 0.012345678 10.0.3.4:8080 shop-api PASS 200 -",
    "https 2025-12-02T03:04:06.678901Z 5.000123456 10.0.3.5:8080 shop-api FAIL - TimedOut",
    "lambda 2025-12-02T03:04:07.678901Z 0.100000000 "
    "arn:aws:lambda:eu-west-1:111122223333:function:shop shop-fn FAIL 500 ResponseCodeMismatch "
    "app/shop/0a1b 10.0.0.4",
    NULL,
};

const struct format format_alb_health = {
    .name = "alb_health",
    .title = "Application Load Balancer health check log",
    .doc_url = "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/"
               "load-balancer-health-check-logs.html",
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
