/* test_expr.c - the query language: what parses, what it means on rows, what it says when wrong.
 *
 * Rows are lists of names and texts of one log type, typed by the catalogue. Pairs of queries that
 * must mean the same are evaluated over all rows; printed trees must parse to the same answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "expr.h"

static const struct query_env env = {
    .now_us = 1717246800000000, /* 2024-06-01T13:00:00Z */
    .first_us = 1717200000000000,
    .last_us = 1717246000000000, /* 12:46:40 */
    .interactive = true,
};

/* --- rows --- */

struct pair {
    const char *name, *text;
};

struct fake_row {
    const char *type, *message, *time;
    struct pair field[12];
};

static const struct fake_row rows[] = {
    {"alb",
     "h2 504 timed out - GET /api/cart",
     "2024-06-01T12:50:00Z",
     {{"elb_status_code", "504"},
      {"target_status_code", "-"},
      {"client_ip", "10.0.0.5"},
      {"client:port", "10.0.0.5:4711"},
      {"request_verb", "GET"},
      {"target_processing_time", "0.300"}}},
    {"alb",
     "https 200 POST accessdenied",
     "2024-06-01T12:30:00Z",
     {{"elb_status_code", "200"},
      {"target_status_code", "200"},
      {"client_ip", "2001:db8::1"},
      {"client:port", "[2001:db8::1]:80"},
      {"request_verb", "POST"},
      {"target_processing_time", "0.200"}}},
    {"cloudfront",
     "edge",
     "2024-06-01T00:00:00Z",
     {{"x-edge-location", "IAD89-C1"},
      {"sc-status", "200"},
      {"sc-bytes", "6000000"},
      {"c-ip", "192.0.2.9"},
      {"cs(User-Agent)", "curl/8"},
      {"time-taken", "0.251"},
      {"cs-method", "GET"},
      {"cs-uri-stem", "/api/x"}}},
    {"cloudfront",
     "edge AccessDenied",
     "2024-05-31T23:59:59Z",
     {{"x-edge-location", "LHR50-P2"},
      {"sc-status", "503"},
      {"sc-bytes", "10"},
      {"c-ip", "192.0.2.10"},
      {"time-taken", "0.100"},
      {"cs-method", "POST"},
      {"cs-uri-stem", "/index"}}},
    {"vpcflow",
     "flow",
     "2024-05-01T05:00:00Z",
     {{"account-id", "012345678901"},
      {"srcaddr", "10.1.2.3"},
      {"dstaddr", "192.168.0.9"},
      {"bytes", "300"},
      {"packets", "3"},
      {"protocol", "17"},
      {"action", "REJECT"},
      {"log-status", "OK"},
      {"start", "1714539600"},
      {"end", "1714539660"}}},
    {"vpcflow",
     "nodata",
     "2024-05-02T05:00:00Z",
     {{"account-id", "12345678901"}, {"srcaddr", "-"}, {"log-status", "NODATA"}}},
};

static struct slice row_text(const struct fake_row *row, const struct field_ref *f)
{
    struct logtype *lt = logtype_by_name(slice_str(row->type));

    if (f->per_type[lt->id] < 0)
        return slice_of(NULL, 0);
    for (unsigned i = 0; i < ARRAY_LEN(row->field) && row->field[i].name; i++)
        if (!strcmp(row->field[i].name, lt->field[f->per_type[lt->id]]->name))
            return slice_str(row->field[i].text);
    return slice_of(NULL, 0);
}

static struct val typed(const struct field_def *f, struct slice s)
{
    int64_t n;
    double scale = 1;

    if (value_missing(s))
        return (struct val){.kind = VAL_MISSING};
    if (f->kind == FK_TIME && field_number(f, s, &n))
        return (struct val){.kind = VAL_TIME, .time_us = n};
    for (unsigned i = 0; i < f->scale; i++)
        scale *= 10;
    if (f->kind == FK_NUM && field_number(f, s, &n))
        return (struct val){.kind = VAL_NUM, .num = (double)n / scale, .str = s};
    return (struct val){.kind = VAL_STR, .str = s};
}

static struct val fake_field(void *p, const struct field_ref *f)
{
    const struct fake_row *row = p;
    struct logtype *lt = logtype_by_name(slice_str(row->type));
    struct val v = {.kind = VAL_STR};

    if (f->pseudo == PF_TIMESTAMP) {
        v.kind = VAL_TIME;
        assert_true(parse_iso8601(slice_str(row->time), &v.time_us));
    } else if (f->pseudo == PF_MESSAGE) {
        v.str = slice_str(row->message);
    } else if (f->pseudo == PF_LOGTYPE) {
        v.str = slice_str(row->type);
    } else if (f->pseudo == PF_NONE && f->per_type[lt->id] >= 0) {
        return typed(lt->field[f->per_type[lt->id]], row_text(row, f));
    } else {
        v.kind = VAL_MISSING;
    }
    return v;
}

static bool fake_ip(void *p, unsigned i, struct slice *out)
{
    static const char *const names[] = {"client_ip", "c-ip", "srcaddr", "dstaddr"};
    const struct fake_row *row = p;

    for (unsigned k = 0; k < ARRAY_LEN(row->field) && row->field[k].name; k++)
        for (unsigned n = 0; n < ARRAY_LEN(names); n++)
            if (!strcmp(row->field[k].name, names[n]) && i-- == 0) {
                *out = slice_str(row->field[k].text);
                return true;
            }
    return false;
}

/* --- helpers --- */

static struct query_ast *parse_ok(const char *text)
{
    struct query_error e;
    struct query_ast *q = query_parse(text, &env, &e);

    if (!q) {
        struct strbuf sb = STRBUF_INIT;

        query_error_print(&e, text, &sb);
        fail_msg("%s", sb.buf);
    }
    return q;
}

/* One letter a row: "1" kept, "0" not. */
static void answers(const struct expr *e, char out[ARRAY_LEN(rows) + 1])
{
    struct strbuf scratch = STRBUF_INIT;

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        struct row_access row = {fake_field, fake_ip, (void *)&rows[i], &scratch};

        strbuf_reset(&scratch);
        out[i] = val_truth(expr_eval(e, &row)) ? '1' : '0';
    }
    out[ARRAY_LEN(rows)] = 0;
    strbuf_release(&scratch);
}

static void answers_of(const char *text, char out[ARRAY_LEN(rows) + 1])
{
    struct query_ast *q = parse_ok(text);

    assert_int_equal(q->cmd[0].kind, QCMD_FILTER);
    answers(q->cmd[0].filter, out);
    query_ast_free(q);
}

static void expect_rows(const char *text, const char *want)
{
    char got[ARRAY_LEN(rows) + 1];

    answers_of(text, got);
    if (strcmp(got, want) != 0)
        fail_msg("%s: %s, wanted %s", text, got, want);
}

static void expect_print(const char *text, const char *want)
{
    struct query_ast *q = parse_ok(text);
    struct strbuf sb = STRBUF_INIT;

    expr_print(q->cmd[0].filter, &sb);
    assert_string_equal(sb.buf, want);
    strbuf_release(&sb);
    query_ast_free(q);
}

static void expect_error(const char *text, const char *part, unsigned at)
{
    struct query_error e;
    struct query_ast *q = query_parse(text, &env, &e);
    struct strbuf sb = STRBUF_INIT;

    if (q)
        fail_msg("%s parses", text);
    query_error_print(&e, text, &sb);
    if (!strstr(sb.buf, part) || e.at != at)
        fail_msg("at %u, wanted %u and \"%s\":\n%s", e.at, at, part, sb.buf);
    strbuf_release(&sb);
}

/* --- tests --- */

static void test_pairs(void **state)
{
    static const char *const pairs[][2] = {
        {"status=5xx", "filter status >= 500 and status <= 599"},
        {"status!=2xx method=POST",
         "filter not (status >= 200 and status <= 299) and method = \"POST\""},
        {"srcaddr in 10.0.0.0/8", "filter isIpInSubnet(srcaddr, \"10.0.0.0/8\")"},
        {"srcaddr not in [10.0.0.0/8, 192.168.0.0/16]",
         "filter not isIpInSubnet(srcaddr, \"10.0.0.0/8\") and "
         "not isIpInSubnet(srcaddr, \"192.168.0.0/16\")"},
        {"time-taken > 250ms", "filter `time-taken` > 0.25"},
        {"sc-bytes > 5MB sc-status=200", "filter `sc-bytes` > 5000000 and `sc-status` = 200"},
        {"cs(User-Agent) like \"curl\"", "filter `cs(User-Agent)` like \"curl\""},
        {"client:port like /^10\\./", "filter `client:port` like /^10\\./"},
        {"\"timed out\" @type=alb", "filter @message like \"timed out\" and @type = \"alb\""},
        {"/accessdenied/i", "filter @message like /(?i)accessdenied/"},
        {"@timestamp > -15m", "filter toMillis(@timestamp) > now() * 1000 - 900000"},
        {"path=/api/*", "filter path like /^\\/api\\/.*$/"},
        {"target_status_code = - elb_status_code=504",
         "filter not ispresent(target_status_code) and elb_status_code = 504"},
        {"protocol = 17 or (packets=1 bytes=2)",
         "filter protocol = 17 or (packets = 1 and bytes = 2)"},
        {"duration > 250ms", "target_processing_time > 0.25 or time-taken > 0.25"},
        {"status in (4xx, 503)", "status = 4xx or status = 503"},
        {"@timestamp = 2024-05-01", "@timestamp >= 2024-05-01 and @timestamp < 2024-05-02"},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_LEN(pairs); i++) {
        char a[ARRAY_LEN(rows) + 1], b[ARRAY_LEN(rows) + 1];

        answers_of(pairs[i][0], a);
        answers_of(pairs[i][1], b);
        if (strcmp(a, b) != 0)
            fail_msg("%s: %s, %s: %s", pairs[i][0], a, pairs[i][1], b);
    }
}

static void test_rows(void **state)
{
    (void)state;
    expect_rows("status=5xx", "100100");
    expect_rows("status!=5xx", "011011");
    expect_rows("method = GET", "101000");
    expect_rows("not method = GET", "010111");
    expect_rows("ip = 10.0.0.5", "100000");
    expect_rows("ip = 2001:0db8:0::1", "010000");
    expect_rows("ip in [10.0.0.0/8, 192.168.0.0/16]", "100010");
    expect_rows("ip != 10.0.0.0/8", "011101");
    expect_rows("account-id = 012345678901", "000010");
    expect_rows("account-id = 12345678901", "000001");
    expect_rows("srcaddr = -", "111101");
    expect_rows("srcaddr != \"-\"", "000010");
    expect_rows("x-edge-location=IAD89-C1", "001000");
    expect_rows("x-edge-location = LHR*", "000100");
    expect_rows("bytes / packets = 100", "000010");
    expect_rows("bytes / 0 = 1", "000000");
    expect_rows("end - start = 60", "000010");
    expect_rows("start + 1m = end", "000010");
    expect_rows("start = 1714539600", "000010");
    expect_rows("@timestamp in 12:00..12:40", "010000");
    expect_rows("@timestamp >= @last - 17m", "110000");
    expect_rows("action", "000010");
    expect_rows("nowhere", "000000");
    expect_rows("status = \"504\"", "100000");
    expect_rows("logStatus = NODATA", "000001");
    expect_rows("strlen(action) = 6", "000010");
    expect_rows("concat(toupper(method), \"-\", tolower(method)) = \"GET-get\"", "101000");
    expect_rows("substr(method, 1, 2) = \"OS\"", "010100");
    expect_rows("if(ispresent(action), 1, 0) = 1", "000010");
    expect_rows("datefloor(@timestamp, 1mo) = 2024-05-01T00:00:00Z", "000111");
    expect_rows("greatest(bytes, packets, 500) = 500 packets", "000010");
    expect_rows("isPrivateIP(srcaddr)", "000010");
    expect_rows("trim(\"xyZxyfooxyxyZ\", \"xyZ\") = \"foo\"", "111111");
}

static void test_round_trip(void **state)
{
    static const char *const text[] = {
        "status=5xx or method=POST and not action=REJECT",
        "not (status = 5xx or ip in 10.0.0.0/8) and duration > 250ms",
        "duration != 300ms",
        "status in [4xx, 200..299, 503] or path = /api/*",
        "@timestamp in 12:00..12:40 or @timestamp < -15m",
        "@message like \"a \\\"quoted\\\" \\\\ part\" or /timed|denied/",
        "(bytes + packets) * 2 - -3 > 2 ^ 3 ^ 2",
        "bytes - (packets - 1) > 5 % 3",
        "coalesce(action, \"x\") != \"REJECT\" and datefloor(@timestamp, 5m) > 2024-05-01",
        "`client:port` like /a\\/b|^10/",
        "target_status_code = - or srcaddr != -",
        "x-edge-location != IAD*",
        "account-id in [012345678901, \"a\"]",
        "(method = \"GET\") = 1",
        "@timestamp = @last or @timestamp = 2024-05-01T13:05 or start in [1714539600]",
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_LEN(text); i++) {
        char a[ARRAY_LEN(rows) + 1], b[ARRAY_LEN(rows) + 1];
        struct query_ast *q = parse_ok(text[i]), *again;
        struct strbuf first = STRBUF_INIT, second = STRBUF_INIT;

        expr_print(q->cmd[0].filter, &first);
        again = parse_ok(first.buf);
        expr_print(again->cmd[0].filter, &second);
        assert_string_equal(first.buf, second.buf);
        answers(q->cmd[0].filter, a);
        answers(again->cmd[0].filter, b);
        assert_string_equal(a, b);
        strbuf_release(&first);
        strbuf_release(&second);
        query_ast_free(q);
        query_ast_free(again);
    }
}

static void test_precedence(void **state)
{
    (void)state;
    expect_print("status=1 or status=2 and status=3", "status = 1 or status = 2 and status = 3");
    expect_print("(status=1 or status=2) status=3", "(status = 1 or status = 2) and status = 3");
    expect_print("not status=1 status=2", "not status = 1 and status = 2");
    expect_print("bytes - packets - 1 > 2 * 3 + 4", "bytes - packets - 1 > 2 * 3 + 4");
    expect_print("bytes - (packets - 1) > 2", "bytes - (packets - 1) > 2");
    expect_print("bytes = 2 ^ 3 ^ 2", "bytes = 2 ^ 3 ^ 2");
    expect_print("bytes = (2 ^ 3) ^ 2", "bytes = (2 ^ 3) ^ 2");
}

static void test_ambiguities(void **state)
{
    (void)state;
    expect_print("log-status = OK", "log-status = \"OK\"");                       /* 1 */
    expect_print("bytes-packets > 1", "bytes - packets > 1");                     /* 1 */
    expect_print("bytes / packets / 2 > 1", "bytes / packets / 2 > 1");           /* 5 */
    expect_print("path = /re/", "path = \"/re/\"");                               /* 6 */
    expect_print("/api/cart", "@message like \"/api/cart\"");                     /* 7 */
    expect_print("/api/", "@message like /api/");                                 /* 7 */
    expect_print("srcaddr = 10.0.0.5", "srcaddr = \"10.0.0.5\"");                 /* 8 */
    expect_print("@timestamp > 2024-05-01", "@timestamp > 2024-05-01T00:00:00Z"); /* 9 */
    expect_print("@timestamp > 13:05", "@timestamp > 2024-05-31T13:05:00Z");      /* 10 */
    expect_print("timeout", "@message like \"timeout\"");                         /* 12 */
    expect_print("end > 5", "end > 1970-01-01T00:00:05Z");                        /* 13 */
    expect_print("@timestamp > @last - 40s", "@timestamp > 2024-06-01T12:46:00Z");
    expect_print("action = \"5xx\"", "action = \"5xx\""); /* 15 */
    expect_print("path=/a#b", "path = \"/a#b\"");         /* 18 */
    expect_print("status=1 # status=2", "status = 1");
    expect_print("bytes = packets", "bytes = packets"); /* 19 */
    expect_print("action = packets", "action = packets");
    expect_print("action = method", "action = \"method\"");
    expect_print("account-id = 1234-5678", "account-id = \"1234-5678\"");
    expect_print("bytes > 5 -1", "bytes > 5 - 1");              /* 20 */
    expect_print("action (status=1)", "action and status = 1"); /* 21 */
    expect_print("target_status_code = - status=504",
                 "not ispresent(target_status_code) and status = 504"); /* 24 */
    expect_print("bytes = -packets", "bytes = 0 - packets");
}

static void test_errors(void **state)
{
    (void)state;
    expect_error("elb_status_code = abc", "elb_status_code is a number; abc is none", 18);
    expect_error("elb_status_cod = 5", "nearest: elb_status_code", 0);
    expect_error("status=1 || status=2", "use or", 9);
    expect_error("status=1 && status=2", "use and", 9);
    expect_error("method:GET", "method=GET", 6);
    expect_error("bytes = 5M", "5m minutes or 5MB?", 8);
    expect_error("bytes > 5m", "no unit of time", 8);
    expect_error("status = \"5xx\"", "is a number", 9);
    expect_error("status = 1 = 2", "do not chain", 11);
    expect_error("action = \"x", "does not end", 9);
    expect_error("(status=1", "the query ends here", 9);
    expect_error("abss(bytes) > 1", "nearest: abs", 0);
    expect_error("method =~ /a(b/", "does not compile", 10);
    expect_error("fields @timestamp | count()", "no command count", 20);
    expect_error("stats by action", "needs an aggregate", 6);
    expect_error("stats avgg(bytes)", "nearest: avg", 6);
    expect_error("filter count(*) > 1", "stats count(*) as n by path | filter n > 1", 7);
    expect_error("stats max(sum(bytes)) by path", "sum is an aggregate", 10);
    expect_error("limit x", "for example: limit 20", 6);
    expect_error("sort", "for example: sort @timestamp desc", 4);
    expect_error("stats count(*) where status=200", "a | begins the next command", 15);
    expect_error("stats count(*) bye status", "nearest: by; a | begins", 15);
    expect_error("sort status dsc", "nearest: asc, desc", 12);
    expect_error("fields formatDate(@timestamp, \"%H\", \"Europe/Nowhere\")",
                 "this machine knows no such time zone", 36);
    expect_error("fields formatDate(@timestamp, \"%H\", \"../zoneinfo/UTC\")",
                 "this machine knows no such time zone", 36);
    expect_error("stats sum(bytes) as b by action | stats avg(b) by bin(5m)", "@timestamp", 50);
    expect_error("parse @message \"*\" as x, y", "more names than there are parts", 25);
    expect_error("parse @message \"a\" as x", "has a * for each part", 15);
    expect_error("parse @message \"a *\"", "a name for each * are expected", 20);
    expect_error("parse @message /a(b)/", "no part of the regex has a name", 15);
    expect_error("status=5xx | anomaly", "that awl does not have", 13);
    expect_error("stats count(*) | fillmissing", "needs stats ... by bin()", 17);
    expect_error("stats method by path", "stats needs an aggregate", 6);
    expect_error("stats count(*), frob(status)", "frob is no aggregate", 16);
    expect_error("stats count(*) | unnest", "a value is expected", 23);
}

static void test_subquery_errors(void **state)
{
    struct query_error e;

    (void)state;
    expect_error("method in (filter status=5xx)", "names no column; end it with | fields NAME", 10);
    expect_error("method in (stats count(*) as n by host)", "shows 2 columns", 10);
    expect_error("method in (fields host, path)", "shows 2 columns; which one is compared?", 10);
    expect_error("method in (status=5xx | fields method)", "a subquery begins with a command", 22);
    expect_error("method in (filter statuss=5xx | fields method)", "no field statuss", 18);
    expect_error("method in (filter status=5xx | fields method", "a ) is missing", 44);
    expect_error("method in (filter status=5xx | frob)", "no command frob", 31);
    expect_error("method in (filter status=5xx | anomaly)", "that awl does not have", 31);
    expect_error("method in (stats count(*) as n by host | display path)", "no column path", 49);
    expect_error("method in (filter status=5xx | SOURCE alb | fields method)", "stands first", 31);
    expect_error("method in (SOURCE logGroups() | fields method)", "name the groups", 18);
    expect_error("method in (SOURCE alb START=-1h END=0s | fields method)", "time range", 22);
    assert_null(filter_parse("method in (filter status=5xx | fields method)", &env, &e));
    assert_int_equal(e.at, 10);
    assert_non_null(strstr(e.msg, "not in a filter by itself"));
}

static void test_subqueries(void **state)
{
    struct query_ast *q = parse_ok("host in (SOURCE alb | filter path in (fields path) | fields "
                                   "host, method) and method not in [GET] | limit 1");
    const struct expr *in = q->cmd[0].filter->arg[0];
    struct strbuf text = STRBUF_INIT;

    (void)state;
    assert_int_equal(in->kind, EX_INQUERY);
    assert_int_equal(q->n_sub, 1);
    assert_ptr_equal(q->sub[0], in->sub);
    assert_string_equal(in->sub->item->name, "host");
    assert_int_equal(in->sub->ast->n_cmd, 3);
    assert_int_equal(in->sub->ast->n_sub, 1);
    assert_int_equal(in->sub->ast->cmd[0].filter->kind, EX_CMP);
    assert_int_equal(q->cmd[1].limit, 1);
    expr_print(in, &text);
    assert_string_equal(text.buf,
                        "host in (SOURCE alb | filter path in (fields path) | fields host, "
                        "method)");
    strbuf_release(&text);
    query_ast_free(q);
    q = parse_ok("method in (filter, sort, stats)");
    assert_int_equal(q->cmd[0].filter->kind, EX_IN);
    query_ast_free(q);
    q = parse_ok(
        "method in (SOURCE 'arn:aws:logs:us-east-1:1:log-group:/my/group:*' | fields method)");
    assert_non_null(strstr(q->notice, "SOURCE /my/group: the records whose @log is that"));
    query_ast_free(q);
}

static void test_diff(void **state)
{
    static const int cell[] = {5, 3, 1, 3};
    struct query_ast *q =
        parse_ok("stats count(*) as n, avg(bytes) by method | diff previousWeek "
                 "| filter n before > 3 and n > 1 | sort n change desc, avg(bytes) before");

    (void)state;
    assert_int_equal(q->cmd[1].kind, QCMD_DIFF);
    assert_int_equal(q->cmd[1].with, DIFF_WEEK);
    assert_int_equal(q->cmd[2].filter->arg[0]->arg[0]->field->column, 2);
    assert_int_equal(q->cmd[2].filter->arg[1]->arg[0]->field->column, 1);
    assert_int_equal(q->cmd[3].item[0].expr->field->column, 3);
    assert_int_equal(q->cmd[3].item[1].expr->field->column, 5);
    query_ast_free(q);
    q = parse_ok("status=5xx | DIFF | display @differenceDescription, @diffEventCount, "
                 "@sampleCount, change");
    assert_int_equal(q->cmd[1].kind, QCMD_PATTERN);
    assert_int_equal(q->cmd[2].with, DIFF_BEFORE);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(q->cmd[3].item[i].expr->field->column, cell[i]);
    query_ast_free(q);
    q = parse_ok("stats count(*) by method | diff | filter now > before and count() > 3");
    assert_int_equal(q->cmd[2].filter->arg[1]->arg[0]->field->column, 1);
    query_ast_free(q);
    expect_error("stats count(*) | diff nextDay", "previousDay, previousWeek, previousMonth", 22);
    expect_error("stats count(*) | sort count(*) | diff", "stands behind it", 33);
    expect_error("stats count(*) as n | diff | filter m = 1", "no column m", 36);
}

static void test_join(void **state)
{
    struct query_ast *q =
        parse_ok("method=GET | JOIN TYPE=Left left=a right=b WHERE a.path = b.p and b.host=a.host "
                 "(SOURCE cloudfront | fields path as p, status as s) "
                 "| filter b.s = 500 and a.status != b.s and b.bytes_out > 1 | display "
                 "a.@timestamp, b.`path`");
    const struct query_cmd *join = &q->cmd[1];

    (void)state;
    assert_int_equal(join->kind, QCMD_JOIN);
    assert_true(join->outer);
    assert_int_equal(join->n_item, 2);
    assert_true(slice_is(join->item[1].expr->text, "host"));
    assert_int_equal(join->n_made, 5);
    assert_string_equal(join->made[2], "b.s");
    assert_string_equal(join->made[4], "b.path");
    assert_true(slice_is(join->right[2].expr->text, "status"));
    assert_int_equal(q->cmd[2].filter->arg[0]->arg[0]->field->column, (int)join->cell[2]);
    assert_int_equal(q->cmd[3].item[0].expr->field->pseudo, PF_TIMESTAMP);
    assert_int_equal(q->n_cmd, 4);
    query_ast_free(q);
    /* names that are met later do not move cells of commands between */
    q = parse_ok("join left=a right=b where a.host = b.host (SOURCE alb) | unnest path into part "
                 "| filter b.method = part | stats count(*) by b.path");
    assert_int_equal(q->cmd[1].cell[0], 1);
    assert_int_equal(q->cmd[0].cell[1], 2);
    assert_int_equal(q->cmd[0].cell[2], 3);
    query_ast_free(q);
    /* what no command shows is shown */
    q = parse_ok("stats count(*) as n by path | join left=a right=b where a.path=b.path "
                 "(stats max(bytes_out) as m by path) | lookup x.csv c as n OUTPUT o");
    assert_int_equal(q->cmd[3].kind, QCMD_FIELDS);
    assert_int_equal(q->cmd[3].n_item, 5);
    assert_string_equal(q->cmd[3].item[3].name, "b.m");
    assert_string_equal(q->cmd[3].item[4].name, "o");
    query_ast_free(q);
    q = parse_ok("lookup 'a b.csv' code as status, `x y` as path output meaning | display meaning");
    assert_string_equal(q->cmd[0].file, "a b.csv");
    assert_string_equal(q->cmd[0].key[1], "x y");
    assert_string_equal(q->cmd[0].made[0], "meaning");
    assert_int_equal(q->n_cmd, 2);
    query_ast_free(q);
}

static void test_join_errors(void **state)
{
    (void)state;
    expect_error("join type=outer left=a right=b where a.x=b.x (SOURCE alb)", "inner or left", 10);
    expect_error("join type= left=a right=b where a.x=b.x (SOURCE alb)", "inner or left", 11);
    expect_error("join where a.path=b.path (SOURCE alb)", "a join names both sides", 5);
    expect_error("join left=a right=a where a.path=a.path (SOURCE alb)", "names both sides", 20);
    expect_error("join left=a right=b (SOURCE alb)", "where a.x = b.y", 20);
    expect_error("join left=a right=b where path=b.path (SOURCE alb)", "one of the sides", 26);
    expect_error("join left=a right=b where a.path>b.path (SOURCE alb)", "on equal fields", 32);
    expect_error("join left=a right=b where a.path=a.host (SOURCE alb)", "of the same side", 26);
    expect_error("join left=a right=b where a.pathh=b.path (SOURCE alb)", "nearest: path", 28);
    expect_error("join left=a right=b where a.path=b.pathh (SOURCE alb)", "nearest: path", 35);
    expect_error("join left=a right=b where a.path=b.path", "a query in ( ), is expected", 39);
    expect_error("join left=a right=b where a.path=b.path (SOURCE alb", "a ) is missing", 51);
    expect_error("join left=a right=b where a.path=b.path (SOURCE alb) | fields b.hots",
                 "nearest: host", 64);
    expect_error(
        "join left=a right=b where a.path=b.path (stats count(*) as n by path) | fields b.m",
        "stats made no column m", 81);
    expect_error("join left=a right=b where a.path=b.path (SOURCE alb) | filter b. = 1",
                 "a name is expected", 64);
    expect_error("lookup", "the name of a CSV file is expected", 6);
    expect_error("lookup x.csv a OUTPUT b", "`as` and a field of the log", 15);
    expect_error("lookup x.csv a as statuss OUTPUT b", "nearest: status", 18);
    expect_error("lookup x.csv a as status", "OUTPUT and the columns", 24);
}

/* The window of a filter, and what it is when the query is moved by an hour. */
static void test_time(void **state)
{
    static const struct {
        const char *text;
        int64_t from_us, to_us;
    } row[] = {
        {"status=5xx", INT64_MIN, INT64_MAX},
        {"@timestamp >= 2024-06-01T12:00Z status=5xx", 1717243200000000, INT64_MAX},
        {"@timestamp = 12:00..12:30", 1717243200000000, 1717245000000001},
        {"@timestamp > 2024-06-01T12:00Z and @timestamp <= 2024-06-01T12:30Z", 1717243200000001,
         1717245000000001},
        {"toMillis(@timestamp) >= (now() * 1000 - 7200000)", 1717239600000000, INT64_MAX},
        {"@timestamp < 2024-06-01T12:00Z or status=5xx", INT64_MIN, INT64_MAX},
    };
    char a[ARRAY_LEN(rows) + 1], b[ARRAY_LEN(rows) + 1];

    (void)state;
    for (unsigned i = 0; i < ARRAY_LEN(row); i++) {
        struct time_window w = {INT64_MIN, INT64_MAX};
        struct query_ast *q = parse_ok(row[i].text);

        time_window_narrow(&w, q->cmd[0].filter);
        if (w.from_us != row[i].from_us || w.to_us != row[i].to_us)
            fail_msg("%s: %lld %lld", row[i].text, (long long)w.from_us, (long long)w.to_us);
        query_ast_free(q);
    }
    for (unsigned i = 0; i < 2; i++) {
        struct query_ast *q = parse_ok(i ? "@timestamp > 2024-06-01T12:40Z and status=5xx"
                                         : "datefloor(@timestamp, 10m) = 2024-06-01T12:50:00Z");
        struct query_ast *moved = query_shift(q, 1, -600 * INT64_C(1000000));

        answers(q->cmd[0].filter, a);
        answers(moved->cmd[0].filter, b);
        assert_string_equal(a, "100000");
        assert_string_equal(b, "000000");
        query_ast_free(moved);
        moved = query_shift(q, 1, i ? 600 * INT64_C(1000000) : 1200 * INT64_C(1000000));
        answers(moved->cmd[0].filter, b);
        assert_string_equal(b, i ? "100000" : "010000");
        query_ast_free(moved);
        query_ast_free(q);
    }
}

static void test_error_caret(void **state)
{
    struct strbuf sb = STRBUF_INIT;
    struct query_error e;

    (void)state;
    assert_null(query_parse("status=5xx elb_status_cod=1", &env, &e));
    query_error_print(&e, "status=5xx elb_status_cod=1", &sb);
    assert_string_equal(sb.buf, "status=5xx elb_status_cod=1\n           ^^^^^^^^^^^^^^\n"
                                "there is no field elb_status_cod; nearest: elb_status_code");
    strbuf_release(&sb);
}

static void test_script_has_no_text_search(void **state)
{
    struct query_env script = env;
    struct query_error e;

    (void)state;
    script.interactive = false;
    assert_null(query_parse("timeout", &script, &e));
    assert_non_null(strstr(e.msg, "no field timeout"));
}

static void test_commands(void **state)
{
    struct query_ast *q = parse_ok("filter status=5xx | stats count(*), avg(bytes) as b, "
                                   "pct(duration, 95), median(bytes) by method, bin(5m) as @t "
                                   "| sort b desc, count() | filter b > 3 | limit 7");
    const struct query_cmd *stats = &q->cmd[1], *sort = &q->cmd[2];

    (void)state;
    assert_int_equal(q->n_cmd, 5);
    assert_int_equal(stats->n_by, 2);
    assert_int_equal(stats->by[1].bin_us, 300000000);
    assert_string_equal(stats->by[1].name, "@t");
    assert_string_equal(stats->item[2].name, "pct(duration, 95)");
    assert_int_equal(stats->n_agg, stats->n_item);
    assert_true(stats->agg[2].pct == 95 && stats->agg[3].pct == 50);
    assert_null(stats->agg[0].expr);
    assert_int_equal(stats->item[2].expr->field->column, 2);
    assert_int_equal(sort->item[0].expr->field->pseudo, PF_COLUMN);
    assert_int_equal(sort->item[0].expr->field->column, 3);
    assert_true(sort->item[0].desc);
    assert_int_equal(sort->item[1].expr->field->column, 2);
    assert_int_equal(q->cmd[4].limit, 7);
    query_ast_free(q);
}

static void test_shorthand_commands(void **state)
{
    struct query_ast *q = parse_ok("status=200 | top 5 method");

    (void)state;
    assert_int_equal(q->n_cmd, 4);
    assert_int_equal(q->cmd[1].agg[0].agg, AGG_COUNT);
    assert_int_equal(q->cmd[2].item[0].expr->field->column, 1);
    assert_int_equal(q->cmd[3].limit, 5);
    query_ast_free(q);
    q = parse_ok("fields `time-taken` as t, bytes * 2 as d | filter d > 3 | sort t");
    assert_int_equal(q->cmd[1].filter->arg[0]->kind, EX_ARITH);
    assert_true(slice_is(q->cmd[2].item[0].expr->text, "time-taken"));
    query_ast_free(q);
    q = parse_ok("fields bytes * 2 as d, abs(bytes) as a | filter packets = d and status = a");
    assert_int_equal(q->cmd[1].filter->arg[0]->arg[1]->kind, EX_ARITH);
    assert_int_equal(q->cmd[1].filter->arg[1]->arg[1]->kind, EX_CALL);
    query_ast_free(q);
    q = parse_ok("stats count(*) by bin(300s)");
    assert_non_null(strstr(q->notice, "caps"));
    assert_int_equal(q->cmd[0].by[0].bin_us, 300000000);
    query_ast_free(q);
    q = parse_ok("");
    assert_int_equal(q->n_cmd, 0);
    query_ast_free(q);
}

static void test_samples(void **state)
{
    static const char *const text[] = {
        "fields @timestamp, @message | sort @timestamp desc | limit 20",
        "filter @message like /Error/ | stats count(*) as errors by bin(1h) | sort errors desc",
        "fields @message | filter @message not like /Error/",
        "stats sum(packets) as moved by srcAddr, dstAddr | sort moved desc | limit 10",
        "filter isIpv4InSubnet(srcAddr, \"192.0.2.0/24\") | stats sum(bytes) as b by dstAddr",
        "filter protocol=6 | stats count(*) by srcAddr",
        "filter logStatus=\"SKIPDATA\" | stats count(*) by bin(1h) as t | sort t",
        "fields @timestamp, srcAddr, dstPort | filter logStream = 'flows' and "
        "interfaceId = 'eni-1' | sort @timestamp desc | dedup srcAddr, dstPort | limit 20",
        "filter (dstAddr like 'x.x.x' and srcAddr not like 'y.y.') "
        "| stats sum(bytes) as b by srcAddr",
        "stats avg (bytes), max(bytes) by dstAddr",
        "STATS count_distinct(client_ip) AS ips, count(*) AS n BY method, host | FILTER ips > 1 "
        "| STATS sum(n) AS total BY method",
        "FIELDS strlen(@message) AS n | STATS sum(n) as b BY BIN(5m) as @t "
        "| STATS max(b) AS peak BY dateceil(@t, 10m)",
        "filter toMillis(@timestamp) >= (now() * 1000 - 7200000)",
        "fields @timestamp, @message | where @message like /error/",
        "filter status in [300,400,\"500\"] | display method, status = 300 as redirected",
        "fields ispresent(action) as acts | filter acts | stats count() as n by action "
        "| sort n desc",
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_LEN(text); i++)
        query_ast_free(parse_ok(text[i]));
}

static void test_order(void **state)
{
    static const char *const order[] = {"!", "#",     "*%04",   "0#", "5A", "111A", "2345_", "@",
                                        "A", "A9876", "a12345", "0",  "1",  "2",    "30"};

    (void)state;
    for (unsigned i = 0; i + 1 < ARRAY_LEN(order); i++) {
        struct val a = {.kind = VAL_STR, .str = slice_str(order[i])};
        struct val b = {.kind = VAL_STR, .str = slice_str(order[i + 1])};

        if (val_cmp(a, b) >= 0 || val_cmp(b, a) <= 0)
            fail_msg("%s, %s", order[i], order[i + 1]);
        assert_true(val_cmp(a, (struct val){.kind = VAL_MISSING}) < 0);
    }
}

static void test_val_print(void **state)
{
    static const struct {
        double num;
        const char *text;
    } row[] = {{0, "0"}, {-3, "-3"}, {0.25, "0.25"}, {1e6, "1000000"}, {0.1, "0.1"}};

    (void)state;
    for (unsigned i = 0; i < ARRAY_LEN(row); i++) {
        struct strbuf sb = STRBUF_INIT;

        val_print((struct val){.kind = VAL_NUM, .num = row[i].num}, &sb);
        assert_string_equal(sb.buf, row[i].text);
        strbuf_release(&sb);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pairs),       cmocka_unit_test(test_rows),
        cmocka_unit_test(test_round_trip),  cmocka_unit_test(test_precedence),
        cmocka_unit_test(test_ambiguities), cmocka_unit_test(test_errors),
        cmocka_unit_test(test_error_caret), cmocka_unit_test(test_script_has_no_text_search),
        cmocka_unit_test(test_commands),    cmocka_unit_test(test_shorthand_commands),
        cmocka_unit_test(test_samples),     cmocka_unit_test(test_order),
        cmocka_unit_test(test_val_print),   cmocka_unit_test(test_subquery_errors),
        cmocka_unit_test(test_subqueries),  cmocka_unit_test(test_diff),
        cmocka_unit_test(test_time),        cmocka_unit_test(test_join),
        cmocka_unit_test(test_join_errors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
