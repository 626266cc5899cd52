/* Queries as SQL: every kind of node, every function, every table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "athena.h"
#include "athena_tables.h"

static const struct athena_options plain = {.from_us = INT64_MIN, .to_us = INT64_MAX};

/* The SQL behind the tables, or "at: message". */
static char *sql_with(const char *query, const struct athena_options *o)
{
    struct query_env env = {.now_us = INT64_C(1773500000000000)};
    struct query_error e = {0};
    struct query_ast *q = query_parse(query, &env, &e);
    struct strbuf out = STRBUF_INIT;
    char *found;

    if (!q)
        fail_msg("%s: %s", query, e.msg);
    if (athena_print(q, o, &out, &e) < 0) {
        strbuf_reset(&out);
        strbuf_addf(&out, "%u: %s", e.at, e.msg);
    }
    query_ast_free(q);
    found = strstr(out.buf, "WITH logs");
    if (found)
        memmove(out.buf, found, strlen(found) + 1);
    return out.buf;
}

static void has(const char *query, const char *part)
{
    char *sql = sql_with(query, &plain);

    if (!strstr(sql, part))
        fail_msg("%s\nwants: %s\ngot:   %s", query, part, sql);
    free(sql);
}

/* The condition that a filter of ALB logs becomes. */
static void where(const char *filter, const char *condition)
{
    struct strbuf q = STRBUF_INIT, want = STRBUF_INIT;

    strbuf_addf(&q, "filter @logtype = \"alb\" | filter %s", filter);
    strbuf_addf(&want, "\n  AND %s;\n", condition);
    has(q.buf, want.buf);
    strbuf_release(&q);
    strbuf_release(&want);
}

static void shows(const char *item, const char *sql)
{
    struct strbuf q = STRBUF_INIT, want = STRBUF_INIT;

    strbuf_addf(&q, "filter @logtype = \"alb\" | display %s as x", item);
    strbuf_addf(&want, "SELECT %s AS \"x\"\n", sql);
    has(q.buf, want.buf);
    strbuf_release(&q);
    strbuf_release(&want);
}

static void test_conditions(void **state)
{
    (void)state;
    where("elb_status_code = 504", "(\"elb_status_code\" = 504)");
    where("elb_status_code = \"504\"", "(\"elb_status_code\" = 504)");
    where("elb_status_code != 504", "COALESCE(\"elb_status_code\" <> 504, true)");
    where("elb_status_code = 5xx", "(\"elb_status_code\" BETWEEN 500 AND 599)");
    where("elb_status_code in [4xx, 504]",
          "((\"elb_status_code\" BETWEEN 400 AND 499) OR \"elb_status_code\" = 504)");
    where("not elb_status_code > 5", "(NOT COALESCE((\"elb_status_code\" > 5), false))");
    where("elb = \"it's\"", "(\"elb\" = 'it''s')");
    where("elb like \"a%b\"", "(strpos(\"elb\", 'a%b') > 0)");
    where("elb not like /a(?<n>b)/i", "(NOT COALESCE(regexp_like(\"elb\", '(?i)a(b)'), false))");
    where("request_path = /api/*", "(\"request_path\" LIKE '/api/%' ESCAPE '!')");
    where("client_ip in 10.0.0.0/8",
          "contains('10.0.0.0/8', TRY_CAST(\"client_ip\" AS ipaddress))");
    where("client_ip in 2001:db8::/32",
          "contains('2001:db8::/32', TRY_CAST(\"client_ip\" AS ipaddress))");
    where("target_ip = -", "(NOT (\"target_ip\" IS NOT NULL))");
    where("ispresent(target_ip)", "(\"target_ip\" IS NOT NULL)");
    where("elb = \"a\" or elb = \"b\"", "((\"elb\" = 'a') OR (\"elb\" = 'b'))");
    where("target_processing_time > 250ms", "(\"target_processing_time\" > 0.25)");
    where("@timestamp >= 2024-05-01T13:05Z",
          "(\"@timestamp\" >= from_iso8601_timestamp('2024-05-01T13:05:00Z'))");
    where("request_creation_time < 2024-05-01T13:05Z",
          "(\"request_creation_time\" < from_iso8601_timestamp('2024-05-01T13:05:00Z'))");
}

static void test_values(void **state)
{
    (void)state;
    shows("elb_status_code / 3", "(CAST(\"elb_status_code\" AS double) / NULLIF(3, 0))");
    shows("elb_status_code % 3 + 2 ^ 3", "(mod(\"elb_status_code\", NULLIF(3, 0)) + power(2, 3))");
    shows("elb + 1", "(TRY_CAST(\"elb\" AS double) + 1)");
    shows("(elb = \"a\")", "IF((\"elb\" = 'a'), 1, 0)");
    shows("concat(elb, 1)", "concat(COALESCE(\"elb\", ''), COALESCE(CAST(1 AS varchar), ''))");
    shows("coalesce(elb, elb_status_code)",
          "COALESCE(\"elb\", CAST(\"elb_status_code\" AS varchar))");
    shows("if(elb_status_code = 5xx, 1, 0)",
          "CASE WHEN COALESCE((\"elb_status_code\" BETWEEN 500 AND 599), false) THEN 1 ELSE 0 END");
    shows("datefloor(@timestamp, 1h)", "date_trunc('hour', \"@timestamp\")");
    shows("datefloor(@timestamp, 1mo)", "date_trunc('month', \"@timestamp\")");
    shows("dateceil(@timestamp, 5m)",
          "from_unixtime(ceil(to_unixtime(\"@timestamp\") / 300) * 300)");
    shows("strftime(@timestamp, \"%H:%M\")", "date_format(\"@timestamp\", '%H:%i')");
    shows("jsonParse(user_agent).a.b[0]",
          "json_extract_scalar(TRY(json_parse(\"user_agent\")), '$[\"a\"][\"b\"][0]')");
    shows("split(elb, \"/\")[1]", "element_at(split(\"elb\", '/'), 2)");
    shows("regexReplace(elb, \"a+\", \"b\")", "regexp_replace(\"elb\", 'a+', 'b')");
    shows("substr(elb, 2)", "substr(\"elb\", CAST(2 AS bigint) + 1)");
}

static bool is_aggregate(const char *name)
{
    static const char *const names[] = {
        "count",  "count_distinct", "sum",      "avg",    "min",        "max",       "pct",
        "median", "stddev",         "earliest", "latest", "sortsFirst", "sortsLast", "bin"};

    for (unsigned i = 0; i < ARRAY_LEN(names); i++)
        if (!strcmp(names[i], name))
            return true;
    return false;
}

static void test_functions(void **state)
{
    const char *name;
    unsigned n = 0;

    (void)state;
    for (unsigned i = 0; (name = query_function_word(i)); i++) {
        const char *why = is_aggregate(name) ? NULL : sql_no_function(name);

        if (why && !*why)
            fail_msg("%s has neither SQL nor a reason why not", name);
        n++;
    }
    assert_true(n > 60);
    has("filter @logtype = \"alb\" | fields parseLogfmt(user_agent) as x",
        "parseLogfmt: Athena has no");
}

static void test_stats(void **state)
{
    (void)state;
    has("filter @logtype = \"alb\" | stats count(*), count(elb), count_distinct(elb), "
        "sum(sent_bytes), avg(sent_bytes), pct(target_processing_time, 95), median(sent_bytes), "
        "stddev(sent_bytes), earliest(elb), latest(elb) by elb, bin(5m)",
        "SELECT \"elb\" AS \"elb\",\n"
        "  from_unixtime(floor(to_unixtime(\"@timestamp\") / 300) * 300) AS \"bin(5m)\",\n"
        "  count(*) AS \"count(*)\",\n"
        "  count(\"elb\") AS \"count(elb)\",\n"
        "  count(DISTINCT \"elb\") AS \"count_distinct(elb)\",\n"
        "  sum(\"sent_bytes\") AS \"sum(sent_bytes)\",\n"
        "  avg(CAST(\"sent_bytes\" AS double)) AS \"avg(sent_bytes)\",\n"
        "  approx_percentile(NULLIF(\"target_processing_time\", -1), 0.95) AS "
        "\"pct(target_processing_time, 95)\",\n"
        "  approx_percentile(\"sent_bytes\", 0.5) AS \"median(sent_bytes)\",\n"
        "  stddev(\"sent_bytes\") AS \"stddev(sent_bytes)\",\n"
        "  min_by(\"elb\", \"@timestamp\") AS \"earliest(elb)\",\n"
        "  max_by(\"elb\", \"@timestamp\") AS \"latest(elb)\"\n"
        "FROM logs\nWHERE (\"@logtype\" = 'alb')\nGROUP BY 1, 2\n");
    has("filter @logtype = \"alb\" | stats sum(sent_bytes) / count(*) as m by elb | filter m > 5 | "
        "stats max(m) | sort `max(m)` desc | limit 3",
        "(CAST(sum(\"sent_bytes\") AS double) / NULLIF(count(*), 0)) AS \"m\"\n");
    has("filter @logtype = \"alb\" | stats count(*) as n by elb | filter n > 5 | stats max(n) as x",
        "s2 AS (\nSELECT max(\"n\") AS \"x\"\nFROM s1\nWHERE (\"n\" > 5)\n)\nSELECT \"x\"\nFROM "
        "s2;");
}

static void test_rows(void **state)
{
    (void)state;
    has("filter @logtype = \"alb\" | sort sent_bytes desc | limit 3 | filter elb = \"a\"",
        "SELECT * FROM logs\nWHERE (\"@logtype\" = 'alb')\nORDER BY \"sent_bytes\" DESC NULLS "
        "LAST\nLIMIT 3\n)\nSELECT *\nFROM s1\nWHERE (\"elb\" = 'a')");
    has("filter @logtype = \"alb\" | dedup elb",
        "SELECT * FROM (\n  SELECT *, row_number() OVER (PARTITION BY \"elb\" ORDER BY "
        "\"@timestamp\" DESC) AS \"nth\"\n  FROM logs\nWHERE (\"@logtype\" = 'alb')\n)\nWHERE "
        "\"nth\" = 1 OR \"elb\" IS NULL");
    has("filter @logtype = \"alb\" | parse user_agent \"*/* *\" as a, b, c | display b",
        "regexp_extract(\"user_agent\", ");
    has("filter @logtype = \"alb\" | parse user_agent /(?<w>[a-z]+)/ multi | stats count(*) by w",
        "CROSS JOIN UNNEST(regexp_extract_all(\"user_agent\", '([a-z]+)', 1)) AS u(\"w\")");
    has("filter @logtype = \"alb\" | fields split(elb, \"/\") as p | unnest p into q | display q",
        "CROSS JOIN UNNEST(split(\"elb\", '/')) AS u(\"q\")");
}

static void test_types(void **state)
{
    struct athena_options day = plain;

    (void)state;
    has("filter @logtype in [\"alb\", \"clb\"] | stats count(*) by status",
        "  SELECT from_iso8601_timestamp(time) AS \"@timestamp\",\n    'alb' AS \"@logtype\",\n    "
        "CAST(\"elb_status_code\" AS double) AS \"status\"\n  FROM alb_logs\n  WHERE NOT "
        "regexp_like(\"$path\", '/(conn|health_check)_log[._]')\n  "
        "UNION ALL\n  SELECT "
        "from_iso8601_timestamp(\"timestamp\") AS \"@timestamp\",\n    'clb' AS \"@logtype\",\n    "
        "CAST(\"elb_response_code\" AS double) AS \"status\"\n  FROM elb_logs\n");
    has("stats count(*) by x-edge-location", "FROM cloudfront_logs");
    has("filter @logtype = \"cloudtrail\" | stats count(*) by "
        "userIdentity.sessionContext.sessionIssuer.userName, requestParameters.bucketName",
        "\"useridentity\".\"sessioncontext\".\"sessionissuer\".\"username\"");
    has("filter @logtype = \"cloudtrail\" | stats count(*) by requestParameters.bucketName",
        "json_extract_scalar(\"requestparameters\", '$.bucketName')");
    day.from_us = INT64_C(1773450000000000); /* 2026-03-14T01:00:00Z */
    day.to_us = INT64_C(1773460000000000);
    char *sql = sql_with("filter @logtype = \"alb\"", &day);
    assert_non_null(strstr(sql, "AND \"day\" >= '2026/03/14' AND \"day\" <= '2026/03/15'"));
    free(sql);
    has("filter @logtype = \"alb_health\" | stats count(*) by target_ip, status_code",
        "FROM alb_health_check_logs\n  WHERE regexp_like(\"$path\", '/health_check_log[._]')\n");
    has("filter @logtype = \"netfw\" | stats sum(event.netflow.bytes) by src_ip, outcome",
        "\"event\".\"src_ip\" AS \"src_ip\",\n    "
        "COALESCE(event.verdict.action, event.alert.action) AS \"outcome\",\n    "
        "TRY_CAST(\"event\".\"netflow\".\"bytes\" AS double) AS "
        "\"event.netflow.bytes\"\n  FROM network_firewall_logs");
    sql = sql_with("filter @logtype = \"netfw\"", &day);
    assert_non_null(strstr(sql, "WHERE \"day\" >= '2026/03/14/01' AND \"day\" <= '2026/03/15/03'"));
    free(sql);
}

static uint64_t type_bit(const char *name)
{
    return UINT64_C(1) << logtype_by_name(slice_str(name))->id;
}

/* Logs that AWS does not put into S3: the query is refused if it asks for them by name or for
 * nothing else; beside others the SQL says that they are not in it. */
static void test_without_table(void **state)
{
    struct athena_options o = plain;
    struct strbuf out = STRBUF_INIT;
    struct query_error e = {0};
    struct query_env env = {0};
    struct query_ast *q = query_parse("stats count(*)", &env, &e);

    (void)state;
    for (unsigned id = 0; id < logtype_count(); id++) {
        const char *name = logtype_get(id)->fmt->name;

        if (!athena_table(name) == !athena_no_table(name))
            fail_msg("%s has both or none of a table and a reason for none", name);
    }
    has("filter @logtype in [\"alb\", \"clientvpn\"] | stats count(*)",
        "no table of Athena for clientvpn: Client VPN logs into CloudWatch alone: export");
    o.types = type_bit("alb") | type_bit("lambda");
    assert_int_equal(athena_print(q, &o, &out, &e), 0);
    assert_non_null(strstr(out.buf, "-- without lambda, of which there is no table of Athena\n"));
    o.types = type_bit("lambda");
    assert_int_equal(athena_print(q, &o, &out, &e), -1);
    assert_non_null(strstr(e.msg, "no table of Athena for lambda: "));
    query_ast_free(q);
    strbuf_release(&out);
}

static void test_refused(void **state)
{
    (void)state;
    has("stats count(*)", "0: the query does not say which logs it is about");
    has("filter @logtype = \"lambda\"",
        "0: no table of Athena for lambda: AWS keeps logs of Lambda in CloudWatch: export");
    has("filter @logtype = \"alb\" | filter @message like \"x\"",
        "33: an Athena table has no raw line");
    has("filter @logtype = \"alb\" | pattern elb", "pattern: SQL does not");
    has("filter @logtype = \"alb\" | stats count(*) by path_template",
        "has no column for path_template");
}

static bool has_column(const struct athena_table *t, const char *field)
{
    for (unsigned i = 0; i < t->n_column; i++)
        if (t->column[i].field && !strcmp(t->column[i].field, field))
            return true;
    for (unsigned i = 0; i < t->n_made; i++)
        if (!strcmp(t->made[i].field, field))
            return true;
    return false;
}

/* Every column is a field of its type, and no field of the oldest generation is forgotten. */
static void test_tables(void **state)
{
    const struct athena_table *t;

    (void)state;
    for (unsigned i = 0; (t = athena_table_at(i)); i++) {
        struct logtype *lt = logtype_by_name(slice_str(t->type));
        struct strbuf out = STRBUF_INIT;

        assert_non_null(lt);
        for (unsigned k = 0; k < t->n_column; k++)
            if (t->column[k].field && logtype_lookup(lt, slice_str(t->column[k].field)) < 0)
                fail_msg("%s has no field %s", t->type, t->column[k].field);
        athena_create(t, "123456789012", "eu-west-1", &out);
        for (unsigned k = 0; k < t->n_column; k++) {
            struct strbuf want = STRBUF_INIT;

            strbuf_addf(&want, "\n  `%s` %s", t->column[k].name, t->column[k].type);
            assert_non_null(strstr(out.buf, want.buf));
            strbuf_release(&want);
        }
        assert_int_equal(strstr(out.buf, "projection.enabled") != NULL, t->day != NULL);
        strbuf_release(&out);
    }
    for (unsigned f = 0; f < 20; f++) {
        struct logtype *lt = logtype_by_name(SL("vpcflow"));

        assert_true(has_column(athena_table("vpcflow"), lt->field[f]->name));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conditions),    cmocka_unit_test(test_values),
        cmocka_unit_test(test_functions),     cmocka_unit_test(test_stats),
        cmocka_unit_test(test_rows),          cmocka_unit_test(test_types),
        cmocka_unit_test(test_without_table), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_tables),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
