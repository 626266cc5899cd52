/* json.c - any other JSON objects: what applications log. Their members are learned; the time and
 * a few fields that most loggers have go by the names that are usual. */
#include "json.h"

#include "formats/table.h"
#include "tok_space.h"
#include "value.h"

enum { F_TIME, F_LEVEL, F_MESSAGE, F_ERROR, F_REQUEST_ID, F_TRACE_ID, N_FIELDS };

static const struct field_def fields[N_FIELDS] = {
    [F_TIME] = FIELD_TIME("time", NULL, FF_NOCOL, "when it was logged"),
    [F_LEVEL] = FIELD_TEXT("level", NULL, 0, FR_ACTION, "how bad it is"),
    [F_MESSAGE] = FIELD_LONG("message", NULL, FR_NONE, "what was logged"),
    [F_ERROR] = FIELD_TEXT("error", NULL, 0, FR_ERROR, "what went wrong"),
    [F_REQUEST_ID] = FIELD_LONG("requestId", NULL, FR_REQUEST_ID, "id of the request"),
    [F_TRACE_ID] = FIELD_LONG("traceId", NULL, FR_TRACE_ID, "id of the trace"),
};

static const char *const json_keys[] = {
    "@timestamp",
    "time",
    "timestamp",
    "time",
    "ts",
    "time",
    "eventTime",
    "time",
    "event_time",
    "time",
    "datetime",
    "time",
    "date",
    "time",
    "severity",
    "level",
    "log.level",
    "level",
    "levelname",
    "level",
    "loglevel",
    "level",
    "lvl",
    "level",
    "msg",
    "message",
    "log",
    "message",
    "err",
    "error",
    "errorType",
    "error",
    "error.type",
    "error",
    "exception",
    "error",
    "request_id",
    "requestId",
    "aws_request_id",
    "requestId",
    "awsRequestId",
    "requestId",
    "AWSRequestId",
    "requestId",
    "trace_id",
    "traceId",
    "xray_trace_id",
    "traceId",
    NULL,
};

static enum parse_result parse(struct logtype *lt, const struct layout **lay, struct slice line,
                               struct record *rec)
{
    enum parse_result r = json_record(lt, line, rec);

    (void)lay;
    if (!field_number(&fields[F_TIME], rec->val[F_TIME], &rec->ts))
        rec->ts = TIME_NONE;
    return r;
}

static int detect(const struct probe *p)
{
    struct slice head = p->head, line;
    unsigned seen = 0, objects = 0;

    if (!p->objects)
        return 0;
    while (seen < PROBE_LINES && probe_line(&head, &line)) {
        seen++;
        objects += is_json_object(line);
    }
    return objects * 2 > seen ? 50 : 0;
}

static const char *const samples[] = {
    "{\"level\":\"error\",\"ts\":1714619045.123,\"msg\":\"cannot "
    "connect\",\"host\":{\"name\":\"a\"}}",
    "{\"@timestamp\":\"2024-05-02T03:04:05.678Z\",\"severity\":\"INFO\",\"message\":\"ready\"}",
    "{}",
    NULL,
};

const struct format format_json = {
    .name = "json",
    .title = "JSON records",
    .doc_url = "",
    .fields = fields,
    .n_fields = N_FIELDS,
    .json = true,
    .json_keys = json_keys,
    .takes_any = true,
    .detect = detect,
    .parse = parse,
    .samples = samples,
};
