/* lambda.c - what Lambda and the functions write to CloudWatch Logs, as text and as JSON.
 *
 * The lines of the service are pairs of key and value with TABs between (runs of blanks where a
 * tool has spoilt them), in no fixed order. Both forms fill the same fields. Logs Insights counts
 * memory in bytes of 10^6 a megabyte: @memorySize and @maxMemoryUsed do so, too, while the fields
 * of the line keep its megabytes. */
#include "formats/table.h"
#include "json.h"
#include "tok_space.h"
#include "value.h"

enum {
    F_KIND,
    F_REQUEST_ID,
    F_DURATION,
    F_BILLED,
    F_MEMORY,
    F_USED,
    F_INIT,
    F_STATUS,
    F_ERROR_TYPE,
    F_LEVEL,
    F_MESSAGE,
    F_TIME,
    F_TIMEOUT,
    F_TRACE,
    F_SEGMENT,
    F_SAMPLED,
    F_RESTORE,
    F_BILLED_RESTORE,
    F_VERSION,
    F_RUNTIME,
    F_RUNTIME_ARN,
    F_PHASE,
    F_MEMORY_BYTES,
    F_USED_BYTES,
    F_JSON_TYPE,
    F_OUTCOME,
    N_NAMED
};

#define FIELD_MS(name, aliases, role, meaning)                                                     \
    FIELD(name, aliases, FK_NUM, 3, UNIT_MS, 0, role, meaning)

static const struct field_def fields[] = {
    [F_KIND] = FIELD_TEXT("@type", "kind", FF_DERIVED, FR_ACTION,
                          "kind of line: START, END, REPORT, TIMEOUT, APP ... or platform.*"),
    [F_REQUEST_ID] = FIELD_LONG("RequestId", "@requestId requestId record.requestId", FR_REQUEST_ID,
                                "invocation"),
    [F_DURATION] = FIELD_MS("Duration", "@duration record.metrics.durationMs", FR_DURATION,
                            "how long the handler ran"),
    [F_BILLED] = FIELD_MS("billed_duration", "@billedDuration record.metrics.billedDurationMs",
                          FR_NONE, "time that is paid for"),
    [F_MEMORY] =
        FIELD_COUNT("memory_size", "record.metrics.memorySizeMB", "memory that was set, MB"),
    [F_USED] =
        FIELD_COUNT("max_memory_used", "record.metrics.maxMemoryUsedMB", "most memory in use, MB"),
    [F_INIT] = FIELD_MS("init_duration", "@initDuration record.metrics.initDurationMs", FR_NONE,
                        "time a cold start took before the handler"),
    [F_STATUS] = FIELD_TEXT("Status", "record.status", 0, FR_NONE,
                            "timeout or error; none on success, but in JSON"),
    [F_ERROR_TYPE] =
        FIELD_TEXT("error_type", "errorType record.errorType", 0, FR_ERROR, "class of the error"),
    [F_LEVEL] = FIELD_TEXT("level", "app_level", 0, FR_NONE, "how bad a line of the function is"),
    [F_MESSAGE] = FIELD_LONG("message", "app_message", FR_NONE, "what the function wrote"),
    [F_TIME] = FIELD_TIME("time", "timestamp app_time", FF_NOCOL, "time in the line itself"),
    [F_TIMEOUT] = FIELD("timeout_seconds", NULL, FK_NUM, 2, UNIT_S, 0, FR_NONE,
                        "limit at which the invocation was stopped"),
    [F_TRACE] = FIELD_LONG("xray_trace_id", "@xrayTraceId", FR_TRACE_ID, "X-Ray trace"),
    [F_SEGMENT] = FIELD_LONG("SegmentId", "@xraySegmentId", FR_NONE, "X-Ray segment"),
    [F_SAMPLED] = FIELD_TEXT("Sampled", NULL, 0, FR_NONE, "whether X-Ray keeps the trace"),
    [F_RESTORE] = FIELD_MS("restore_duration", "record.metrics.restoreDurationMs", FR_NONE,
                           "time to restore a snapshot"),
    [F_BILLED_RESTORE] =
        FIELD_MS("billed_restore_duration", "record.metrics.billedRestoreDurationMs", FR_NONE,
                 "part of the restore that is paid for"),
    [F_VERSION] = FIELD_TEXT("Version", "record.version", 0, FR_NONE, "version of the function"),
    [F_RUNTIME] =
        FIELD_TEXT("runtime_version", "record.runtimeVersion", 0, FR_NONE, "managed runtime"),
    [F_RUNTIME_ARN] = FIELD_TEXT("runtime_version_arn", "record.runtimeVersionArn", 0, FR_NONE,
                                 "ARN of the managed runtime"),
    [F_PHASE] = FIELD_TEXT("Phase", "record.phase", 0, FR_NONE, "init, invoke or snap-start"),
    [F_MEMORY_BYTES] = FIELD("@memorySize", NULL, FK_NUM, 0, UNIT_BYTES, FF_DERIVED, FR_NONE,
                             "memory that was set, as Logs Insights counts it"),
    [F_USED_BYTES] = FIELD("@maxMemoryUsed", NULL, FK_NUM, 0, UNIT_BYTES, FF_DERIVED, FR_NONE,
                           "most memory in use, as Logs Insights counts it"),
    [F_JSON_TYPE] = FIELD_TEXT("type", NULL, 0, FR_NONE, "JSON: kind of record"),
    [F_OUTCOME] = FIELD_TEXT("outcome", NULL, FF_DERIVED, FR_NONE,
                             "how the invocation ended: success, timeout, error"),
    FIELD_TEXT("errorMessage", NULL, FF_NOCOL, FR_NONE, "JSON: what the error says"),
    FIELD_LONG("stackTrace", NULL, FR_NONE, "JSON: where the error was"),
    FIELD_TEXT("record.functionName", "functionName", 0, FR_NONE, "JSON: function"),
    FIELD_TEXT("record.functionVersion", NULL, 0, FR_NONE, "JSON: version of the function"),
    FIELD_TEXT("record.initializationType", NULL, 0, FR_NONE,
               "JSON: on-demand, provisioned-concurrency, snap-start"),
    FIELD_TEXT("record.instanceId", NULL, 0, FR_NONE, "JSON: sandbox"),
    FIELD_BYTES("record.instanceMaxMemory", NULL, FR_NONE, "JSON: memory of the sandbox"),
    FIELD_BYTES("record.metrics.producedBytes", NULL, FR_BYTES_OUT, "JSON: bytes of the answer"),
    FIELD_LONG("record.spans", NULL, FR_NONE, "JSON: parts of the time"),
    FIELD_LONG("record.tracing", NULL, FR_NONE, "JSON: trace header"),
};

static const char *const json_keys[] = {
    "record.requestId",
    "RequestId",
    "requestId",
    "RequestId",
    "AWSRequestId",
    "RequestId",
    "awsRequestId",
    "RequestId",
    "aws_request_id",
    "RequestId",
    "function_request_id",
    "RequestId",
    "record.metrics.durationMs",
    "Duration",
    "record.metrics.billedDurationMs",
    "billed_duration",
    "record.metrics.memorySizeMB",
    "memory_size",
    "record.metrics.maxMemoryUsedMB",
    "max_memory_used",
    "record.metrics.initDurationMs",
    "init_duration",
    "record.metrics.restoreDurationMs",
    "restore_duration",
    "record.metrics.billedRestoreDurationMs",
    "billed_restore_duration",
    "record.status",
    "Status",
    "record.errorType",
    "error_type",
    "errorType",
    "error_type",
    "record.version",
    "Version",
    "record.runtimeVersion",
    "runtime_version",
    "record.runtimeVersionArn",
    "runtime_version_arn",
    "record.phase",
    "Phase",
    "record.tracing.value",
    "xray_trace_id",
    "xray_trace_id",
    "xray_trace_id",
    "log_level",
    "level",
    "timestamp",
    "time",
    NULL,
};

/* --- key and value --- */

/* By their last letter; of those that are the ends of others, the longer ones first. */
static const struct {
    struct slice key;
    uint8_t field;
} keys[] = {
    {SL("RequestId: "), F_REQUEST_ID},
    {SL("Max Memory Used: "), F_USED},
    {SL("XRAY TraceId: "), F_TRACE},
    {SL("SegmentId: "), F_SEGMENT},
    {SL("Sampled: "), F_SAMPLED},
    {SL("Billed Restore Duration: "), F_BILLED_RESTORE},
    {SL("Restore Duration: "), F_RESTORE},
    {SL("Billed Duration: "), F_BILLED},
    {SL("Init Duration: "), F_INIT},
    {SL("Duration: "), F_DURATION},
    {SL("Runtime Version: "), F_RUNTIME},
    {SL("Version: "), F_VERSION},
    {SL("Memory Size: "), F_MEMORY},
    {SL("Error Type: "), F_ERROR_TYPE},
    {SL("Phase: "), F_PHASE},
    {SL("Status: "), F_STATUS},
    {SL("Runtime Version ARN: "), F_RUNTIME_ARN},
};

struct key_range {
    uint8_t from, to;
};

/* The keys that end with that letter. */
static struct key_range keys_ending(char last)
{
    switch (last) {
    case 'd':
        return (struct key_range){0, 5};
    case 'n':
        return (struct key_range){5, 12};
    case 'e':
        return (struct key_range){12, 15};
    case 's':
        return (struct key_range){15, 16};
    case 'N':
        return (struct key_range){16, 17};
    default:
        return (struct key_range){0, 0};
    }
}

/* The key that ends with the colon and the blank behind it: its place in the table, or -1. It
 * starts at `from` at the earliest. */
static int key_before(struct slice line, const char *from, const char *colon)
{
    struct key_range range = keys_ending(colon > from ? colon[-1] : 0);

    for (int i = range.from; i < range.to; i++) {
        size_t len = keys[i].key.len;
        const char *p = colon + 2 - len;

        if ((size_t)(colon + 2 - from) >= len && (p == line.ptr || is_blank(p[-1])) &&
            same_bytes(p, keys[i].key.ptr, len))
            return i;
    }
    return -1;
}

/* "128.83 ms" and "128 MB": the number; other values whole. */
static struct slice pair_value(const char *from, const char *to, unsigned field)
{
    struct slice s = slice_trim(slice_of(from, (size_t)(to - from)));

    if (field != F_STATUS && field != F_ERROR_TYPE && field != F_RUNTIME)
        s.len = (size_t)(find_byte(s.ptr, slice_end(s), ' ') - s.ptr);
    return s;
}

/* All pairs of `line`; a value ends where the next key begins. */
static void read_pairs(struct slice line, struct slice *val)
{
    const char *p = line.ptr, *end = slice_end(line), *from = p;
    int key = -1;

    for (;;) {
        const char *colon = find_byte(p, end, ':');
        int next = end - colon >= 2 && colon[1] == ' ' ? key_before(line, from, colon) : -1;

        p = colon + 1;
        if (colon < end && next < 0)
            continue;
        if (key >= 0)
            val[keys[key].field] =
                pair_value(from, next < 0 ? end : colon + 2 - keys[next].key.len, keys[key].field);
        if (colon == end)
            return;
        key = next;
        p = from = colon + 2;
    }
}

/* --- lines --- */

/* "128" MB -> "128000000" bytes */
static struct slice megabytes(struct slice mb, struct arena *mem)
{
    char *p;

    if (!mb.len || mb.len > 9 || !is_digits(mb))
        return (struct slice){NULL, 0};
    p = arena_alloc(mem, mb.len + 6);
    memcpy(p, mb.ptr, mb.len);
    memcpy(p + mb.len, "000000", 6);
    return slice_of(p, mb.len + 6);
}

/* Also 2024-05-02T12:01:23:521Z, as the guide has it. */
static bool read_time(struct slice s, int64_t *us)
{
    char fixed[40];

    if (parse_iso8601(s, us))
        return true;
    if (s.len < 21 || s.len > sizeof(fixed) || s.ptr[19] != ':')
        return false;
    memcpy(fixed, s.ptr, s.len);
    fixed[19] = '.';
    return parse_iso8601(slice_of(fixed, s.len), us);
}

static bool is_level(struct slice s)
{
    static const struct slice levels[] = {SL("INFO"),  SL("WARN"),   SL("ERROR"),
                                          SL("DEBUG"), SL("TRACE"),  SL("WARNING"),
                                          SL("FATAL"), SL("NOTICE"), SL("CRITICAL")};

    for (unsigned i = 0; i < ARRAY_LEN(levels); i++)
        if (slice_eq(s, levels[i]))
            return true;
    return false;
}

/* The first blank of [p, end), or `end`. */
static const char *find_blank(const char *p, const char *end)
{
#ifdef __SSE2__
    for (; end - p >= 16; p += 16) {
        __m128i w = _mm_loadu_si128((const __m128i *)(const void *)p);
        __m128i hit = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(w, _mm_set1_epi8(' ')),
                                                _mm_cmpeq_epi8(w, _mm_set1_epi8('\t'))),
                                   _mm_or_si128(_mm_cmpeq_epi8(w, _mm_set1_epi8('\n')),
                                                _mm_cmpeq_epi8(w, _mm_set1_epi8('\r'))));
        unsigned hits = (unsigned)_mm_movemask_epi8(hit);

        if (hits)
            return p + __builtin_ctz(hits);
    }
#endif
    while (p < end && !is_blank(*p))
        p++;
    return p;
}

/* The next word, parted by blanks or TABs. */
static struct slice next_word(struct slice *s)
{
    const char *p = s->ptr, *end = slice_end(*s), *from;

    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    from = p;
    p = find_blank(p, end);
    *s = slice_of(p, (size_t)(end - p));
    return slice_of(from, (size_t)(p - from));
}

/* Ids of requests look as UUIDs do, if not all their digits are such in made-up ones. */
static bool is_request_id(struct slice s)
{
    return s.len == 36 && s.ptr[8] == '-' && s.ptr[13] == '-' && s.ptr[18] == '-' &&
           s.ptr[23] == '-';
}

/* Cuts off an id, or the word that stands there before there is a request. What a function prints
 * behind a time of its own is none, unless a level follows. */
static struct slice cut_request_id(struct slice *rest)
{
    struct slice after = *rest, id, level;

    if (slice_starts(*rest, "\t\t")) { /* it is empty */
        *rest = slice_of(rest->ptr + 1, rest->len - 1);
        return (struct slice){NULL, 0};
    }
    id = next_word(&after);
    level = after;
    if (slice_is(id, "undefined"))
        *rest = after;
    if (!is_request_id(id) && (is_level(id) || !is_level(next_word(&level))))
        return (struct slice){NULL, 0};
    *rest = after;
    return slice_is(id, "undefined") ? (struct slice){NULL, 0} : id;
}

/* TIME ID Task timed out after N seconds; TIME ID LEVEL MESSAGE */
static void timed_line(struct slice time, struct slice rest, struct record *rec)
{
    static const char timeout[] = "Task timed out after ";
    struct slice *val = rec->val, after;

    val[F_TIME] = time;
    val[F_REQUEST_ID] = cut_request_id(&rest);
    rest = slice_trim(rest);
    if (slice_starts(rest, timeout)) {
        after = slice_of(rest.ptr + sizeof(timeout) - 1, rest.len - (sizeof(timeout) - 1));
        val[F_TIMEOUT] = slice_cut(&after, ' ');
        val[F_KIND] = SL("TIMEOUT");
        val[F_STATUS] = SL("timeout");
    } else {
        after = rest;
        if (is_level(next_word(&after))) {
            after = rest;
            val[F_LEVEL] = next_word(&after);
            rest = slice_trim(after);
        }
    }
    val[F_MESSAGE] = rest;
}

/* [LEVEL] TIME ID MESSAGE, as the logging of Python writes it; [LEVEL] MESSAGE, as its runtime
 * does; LEVEL: MESSAGE, as others do. */
static bool levelled_line(struct slice line, struct record *rec)
{
    struct slice rest = line, level = next_word(&rest), after = rest, time = next_word(&after);

    if (level.len > 2 && level.ptr[0] == '[' && level.ptr[level.len - 1] == ']')
        level = slice_of(level.ptr + 1, level.len - 2);
    else if (level.len > 1 && level.ptr[level.len - 1] == ':')
        level.len--;
    else
        return false;
    if (!is_level(level))
        return false;
    rec->val[F_LEVEL] = level;
    if (read_time(time, &rec->ts)) {
        rec->val[F_TIME] = time;
        rec->val[F_REQUEST_ID] = cut_request_id(&after);
        rest = after;
    } else {
        rec->ts = TIME_NONE;
    }
    rec->val[F_MESSAGE] = slice_trim(rest);
    return true;
}

/* RequestId: ID Error: TEXT */
static void failed_line(struct slice line, struct record *rec)
{
    struct slice rest = line;

    next_word(&rest);
    rec->val[F_REQUEST_ID] = next_word(&rest);
    rec->val[F_LEVEL] = SL("ERROR");
    rec->val[F_MESSAGE] = slice_trim(rest);
}

/* The ids of CloudFront, whose functions put them before every line. */
static bool is_edge_id(struct slice s)
{
    return s.len >= 32 && s.len <= 80 && slice_ends(s, "==");
}

/* ID START DistributionID: E0EXAMPLE; ID TEXT; ID END */
static void edge_line(struct slice line, struct record *rec)
{
    struct slice *val = rec->val, rest = line;

    val[F_REQUEST_ID] = next_word(&rest);
    rest = slice_trim(rest);
    if (slice_starts(rest, "START DistributionID:"))
        val[F_KIND] = SL("START");
    else if (slice_is(rest, "END"))
        val[F_KIND] = SL("END");
    val[F_MESSAGE] = rest;
}

/* Lines that the service writes begin with one of these words. */
static struct slice service_kind(struct slice line)
{
    static const struct {
        struct slice start, kind;
    } starts[] = {
        {SL("START RequestId: "), SL("START")},
        {SL("END RequestId: "), SL("END")},
        {SL("REPORT "), SL("REPORT")},
        {SL("INIT_START "), SL("INIT_START")},
        {SL("INIT_REPORT "), SL("INIT_REPORT")},
        {SL("RESTORE_START "), SL("RESTORE_START")},
        {SL("RESTORE_REPORT "), SL("RESTORE_REPORT")},
        {SL("XRAY TraceId: "), SL("XRAY")},
        {SL("EXTENSION\t"), SL("EXTENSION")},
        {SL("EXTENSION Name: "), SL("EXTENSION")},
        {SL("TELEMETRY\t"), SL("TELEMETRY")},
        {SL("TELEMETRY Name: "), SL("TELEMETRY")},
        {SL("LOGS\t"), SL("LOGS")},
        {SL("LOGS Name: "), SL("LOGS")},
    };

    for (unsigned i = 0; line.len && is_upper(line.ptr[0]) && i < ARRAY_LEN(starts); i++)
        if (starts[i].start.ptr[0] == line.ptr[0] && line.len >= starts[i].start.len &&
            same_bytes(line.ptr, starts[i].start.ptr, starts[i].start.len))
            return starts[i].kind;
    return (struct slice){NULL, 0};
}

static enum parse_result parse_service(struct slice line, struct record *rec, struct slice kind)
{
    struct slice *val = rec->val;

    val[F_KIND] = kind;
    read_pairs(line, val);
    if (val[F_KIND].len == 6 && slice_is(val[F_KIND], "REPORT") &&
        (!val[F_REQUEST_ID].len || !val[F_DURATION].len))
        return record_bad(rec, REASON_SHAPE);
    return PARSE_OK;
}

static enum parse_result parse_text(struct slice line, struct record *rec)
{
    struct slice kind = service_kind(line);
    struct slice rest = line, first;

    if (kind.ptr)
        return parse_service(line, rec, kind);
    rec->val[F_KIND] = SL("APP");
    first = next_word(&rest);
    if (line.len && (unsigned char)(line.ptr[0] - '0') <= 9 && read_time(first, &rec->ts) &&
        slice_trim(rest).len)
        timed_line(first, rest, rec);
    else if (slice_starts(line, "RequestId: "))
        failed_line(line, rec);
    else if (is_edge_id(first))
        edge_line(line, rec);
    else if (!levelled_line(line, rec))
        rec->val[F_MESSAGE] = line;
    return PARSE_OK;
}

/* "Root=1-0-0;Parent=0;Sampled=1", the trace header, has the id that the text form shows. */
static struct slice trace_id(struct slice s)
{
    if (!slice_starts(s, "Root="))
        return s;
    s = slice_of(s.ptr + 5, s.len - 5);
    return slice_cut(&s, ';');
}

static enum parse_result parse_json(struct logtype *lt, struct slice line, struct record *rec)
{
    enum parse_result r = json_record(lt, line, rec);
    struct slice *val = rec->val;

    if (!read_time(val[F_TIME], &rec->ts))
        rec->ts = TIME_NONE;
    val[F_TRACE] = trace_id(val[F_TRACE]);
    val[F_KIND] = slice_starts(val[F_JSON_TYPE], "platform.") ? val[F_JSON_TYPE] : SL("APP");
    return r;
}

static enum parse_result parse(struct logtype *lt, const struct layout **lay, struct slice line,
                               struct record *rec)
{
    struct slice text = slice_trim(line), *val = rec->val;
    enum parse_result r;

    (void)lay;
    if (is_json_object(text)) {
        r = parse_json(lt, text, rec);
        /* a message that only looks like one */
        if (r != PARSE_OK || (rec->reason == REASON_CUT && rec->ts == TIME_NONE)) {
            record_begin_first(rec, N_NAMED);
            r = parse_text(text, rec);
        }
    } else {
        record_begin_first(rec, N_NAMED);
        r = parse_text(text, rec);
    }
    val[F_MEMORY_BYTES] = megabytes(val[F_MEMORY], &rec->mem);
    val[F_USED_BYTES] = megabytes(val[F_USED], &rec->mem);
    if (val[F_STATUS].len)
        val[F_OUTCOME] = val[F_STATUS];
    else if (val[F_BILLED].len)
        val[F_OUTCOME] = SL("success");
    return r;
}

/* ISO time, TAB, id, TAB */
static bool is_node_line(struct slice line)
{
    struct slice rest = line, time = slice_cut(&rest, '\t'), id = slice_cut(&rest, '\t');
    int64_t us;

    return rest.ptr && is_request_id(id) && read_time(time, &us);
}

static bool is_edge_start(struct slice line)
{
    return is_edge_id(next_word(&line)) && slice_starts(slice_trim(line), "START DistributionID:");
}

/* ISO time, id, the service's words */
static bool is_timeout_line(struct slice line)
{
    struct slice rest = line;
    int64_t us;

    return read_time(next_word(&rest), &us) && is_request_id(next_word(&rest)) &&
           slice_starts(slice_trim(rest), "Task timed out after ");
}

static int detect(const struct probe *p)
{
    struct slice head = p->head, line;
    bool named = path_has(p, "/aws/lambda/") || path_has(p, "/aws/cloudfront/function/");
    unsigned seen = 0, fit = 0;

    if (p->beat >= (named ? 100 : 90))
        return 0;
    while (seen < PROBE_LINES && probe_line(&head, &line)) {
        struct slice kind = service_kind(line);

        seen++;
        if (is_json_object(line))
            fit += json_get(line, SL("type")).len > 10 && json_get(line, SL("record")).ptr &&
                   slice_starts(json_get(line, SL("type")), "\"platform.");
        else
            fit += (kind.ptr && memmem(line.ptr, line.len, ": ", 2)) || is_node_line(line) ||
                   is_timeout_line(line) || is_edge_start(line);
    }
    return !seen || !fit ? (named ? 50 : 0) : 70 + (int)(20 * fit / seen) + (named ? 10 : 0);
}

static const char *const samples[] = {
    "START RequestId: 0a1b2c3d-0000-1111-2222-333344445555 Version: $LATEST",
    "END RequestId: 0a1b2c3d-0000-1111-2222-333344445555",
    "REPORT RequestId: 0a1b2c3d-0000-1111-2222-333344445555\tDuration: 12.34 ms\tBilled Duration: "
    "13 ms\tMemory Size: 128 MB\tMax Memory Used: 64 MB\tInit Duration: 200.50 ms\t\nXRAY TraceId: "
    "1-0-0\tSegmentId: 01\tSampled: true",
    "REPORT RequestId: 0a1b2c3d-0000-1111-2222-333344445555\tDuration: 3000.00 ms\tBilled "
    "Duration: 3000 ms\tMemory Size: 128 MB\tMax Memory Used: 128 MB\tStatus: timeout",
    "INIT_START Runtime Version: python:3.12.v1\tRuntime Version ARN: arn:aws:lambda:eu-west-1::r",
    "2024-05-02T03:04:05.678Z 0a1b2c3d-0000-1111-2222-333344445555 Task timed out after 3.00 "
    "seconds",
    "2024-05-02T03:04:05.678Z\t0a1b2c3d-0000-1111-2222-333344445555\tERROR\tcannot connect",
    "[WARNING]\t2024-05-02T03:04:05.678Z\t0a1b2c3d-0000-1111-2222-333344445555\tslow",
    "{\"time\":\"2024-05-02T03:04:05.678Z\",\"type\":\"platform.report\",\"record\":{\"requestId\":"
    "\"0a1b\",\"metrics\":{\"durationMs\":12.34,\"billedDurationMs\":13,\"memorySizeMB\":128,"
    "\"maxMemoryUsedMB\":64},\"status\":\"success\"}}",
    "{\"timestamp\":\"2024-05-02T03:04:05.678Z\",\"level\":\"INFO\",\"message\":\"ready\","
    "\"requestId\":\"0a1b\"}",
    "once upon a time",
    NULL,
};

const struct format format_lambda = {
    .name = "lambda",
    .title = "Lambda log",
    .doc_url = "https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html",
    .fields = fields,
    .n_fields = ARRAY_LEN(fields),
    .json = true,
    .container_time = true,
    .json_keys = json_keys,
    .detect = detect,
    .parse = parse,
    .samples = samples,
};
