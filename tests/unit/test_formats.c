/* test_formats.c - every format: its samples, its parts, what surplus and missing fields do,
 * headers, several physical lines, detection, and the names of fields. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "derive.h"
#include "tok_space.h"
#include "value.h"

static const struct layout *lay; /* in force */
static struct record rec;

static struct logtype *type(const char *name)
{
    struct logtype *lt = logtype_by_name(slice_str(name));

    assert_non_null(lt);
    return lt;
}

/* Parses a copy of its exact size, so that a sanitizer sees a read behind the end. */
static enum parse_result parse(const char *name, const char *line)
{
    static char *copy;
    size_t n = strlen(line);
    struct logtype *lt = type(name);

    free(copy);
    copy = malloc(n ? n : 1);
    memcpy(copy, line, n);
    return lt->fmt->parse(lt, &lay, slice_of(copy, n), &rec);
}

static void want(const char *name, const char *field, const char *value)
{
    int at = logtype_lookup(type(name), slice_str(field));
    struct slice got;

    assert_true(at >= 0);
    got = record_get(&rec, (unsigned)at);
    if (!value) {
        assert_null(got.ptr);
        return;
    }
    if (!got.ptr || got.len != strlen(value) || memcmp(got.ptr, value, got.len) != 0)
        fail_msg("%s: want [%s] got [" SLICE_FMT "]", field, value, SLICE_ARG(got));
}

/* A field that is made from another one. */
static void want_derived(const char *name, const char *field, const char *value)
{
    struct logtype *lt = type(name);
    int at = logtype_lookup(lt, slice_str(field));
    struct derive_from from = {.lt = lt};
    struct arena mem = {0};
    struct slice base, got = {NULL, 0};

    assert_true(at >= 0 && lt->field[at]->derive);
    from.field = lt->field[lt->field[at]->from];
    base = record_get(&rec, lt->field[at]->from);
    if (!value_missing(base))
        got = lt->field[at]->derive(&from, base, &mem);
    if (value ? !slice_is(got, value) : got.ptr != NULL)
        fail_msg("%s: want [%s] got [" SLICE_FMT "]", field, value, SLICE_ARG(got));
    arena_release(&mem);
}

static void test_samples(void **state)
{
    (void)state;
    for (unsigned id = 0; id < logtype_count(); id++) {
        struct logtype *lt = logtype_get(id);

        lay = NULL;
        for (const char *const *s = lt->fmt->samples; *s; s++) {
            enum parse_result res = parse(lt->fmt->name, *s);

            if (res != PARSE_OK && !(lt->fmt->header && res == PARSE_HEADER))
                fail_msg("%s: %s: %s", lt->fmt->name, reason_text(rec.reason), *s);
        }
    }
}

/* Cut anywhere, a sample is never more than bad, and nothing is read behind its end. */
static void test_cut_samples(void **state)
{
    (void)state;
    for (unsigned id = 0; id < logtype_count(); id++) {
        struct logtype *lt = logtype_get(id);

        for (const char *const *s = lt->fmt->samples; *s; s++) {
            lay = NULL;
            for (size_t n = 0; n <= strlen(*s) && (*s)[0] != '#'; n++) {
                char *cut = strndup(*s, n);

                if (parse(lt->fmt->name, cut) == PARSE_BAD)
                    assert_int_not_equal(rec.reason, REASON_NONE);
                assert_true(rec.n_val <= MAX_FIELDS);
                free(cut);
            }
        }
    }
}

static void test_tables(void **state)
{
    (void)state;
    for (unsigned id = 0; id < logtype_count(); id++) {
        struct logtype *lt = logtype_get(id);

        assert_int_equal(lt->id, id);
        for (unsigned i = 0; i < lt->n_static; i++) {
            const struct field_def *f = lt->field[i];

            assert_non_null(f->name);
            assert_non_null(f->meaning);
            assert_int_equal(logtype_field(lt, slice_str(f->name), false), i);
            assert_int_equal(logtype_lookup(lt, slice_str(f->name)), i);
        }
        assert_string_equal(lt->field[lt->n_static]->name, "extra_1");
        assert_string_equal(lt->field[lt->n_static + MAX_EXTRA - 1]->name, "extra_32");
    }
}

static void test_alb(void **state)
{
    const char *const *s = type("alb")->fmt->samples;

    (void)state;
    assert_int_equal(parse("alb", s[0]), PARSE_OK);
    assert_int_equal(rec.ts, civil_to_us(2024, 3, 5, 7, 8, 9, 123456));
    want("alb", "client_ip", "198.51.100.23");
    want("alb", "client:port", "198.51.100.23:50514");
    want("alb", "target_port", "8080");
    want("alb", "request_url", "https://shop.example.org:443/cart?item=7&n=2");
    want("alb", "host", "shop.example.org");
    want("alb", "path", "/cart");
    want("alb", "query", "item=7&n=2");
    want("alb", "user_agent", "Mozilla/5.0 (X11) \\x22q\\x22");
    want("alb", "ip_address", "10.0.0.9");
    want("alb", "extra_1", NULL);
    assert_int_equal(parse("alb", s[1]), PARSE_OK);
    want("alb", "client_ip", "2001:db8::17");
    want("alb", "target_ip", "-");
    want("alb", "target_port", NULL);
    want("alb", "request_verb", "-");
    want("alb", "request_url", "http://shop.example.org:80-");
    want("alb", "request_proto", "-");
    want("alb", "conn_trace_id", NULL);
    assert_int_equal(parse("alb", s[2]), PARSE_OK);
    want("alb", "request_url", "https://old.example.org:443/a b c");
    want("alb", "user_agent", "");
    want("alb", "domain_name", NULL);
}

#define ALB_FRONT "h2 2024-03-05T07:08:09Z app/a/b 192.0.2.1:1 - 0.001 0.002 0.003 200"

static void test_alb_edges(void **state)
{
    struct strbuf line = STRBUF_INIT;

    (void)state;
    assert_int_equal(parse("alb", ALB_FRONT), PARSE_OK);
    want("alb", "target_status_code", NULL);
    strbuf_adds(&line, ALB_FRONT " - 1 2 \"- - - \" \"-\" - - - \"-\" - -");
    strbuf_adds(&line, " - - - - - - - - - - - - - -");
    for (unsigned i = 1; i <= MAX_EXTRA + 2; i++)
        strbuf_addf(&line, " x%u", i);
    assert_int_equal(parse("alb", line.buf), PARSE_OK);
    want("alb", "request_verb", "-");
    want("alb", "request_url", "-");
    want("alb", "request_proto", "-");
    want("alb", "path", NULL);
    want("alb", "extra_1", "x1");
    want("alb", "extra_32", "x32 x33 x34");
    strbuf_release(&line);
    assert_int_equal(parse("alb", "tls 2.0 2023-02-03T04:05:06 net/a/b"), PARSE_BAD);
    assert_int_equal(rec.reason, REASON_SHAPE);
    assert_int_equal(parse("alb", "http yesterday app/a/b"), PARSE_BAD);
    assert_int_equal(rec.reason, REASON_TIME);
    assert_int_equal(parse("alb", "http 2024-03-05T07:08:09Z app/a/b"), PARSE_BAD);
    assert_int_equal(rec.reason, REASON_SHORT);
    assert_int_equal(parse("alb", ALB_FRONT " 200 1 2 \"GET http://x/"), PARSE_BAD);
    assert_int_equal(rec.reason, REASON_QUOTE);
    assert_int_equal(parse("alb", ""), PARSE_BAD);
}

/* A dash may stand anywhere, if what is left still says what the line is. */
static void test_elb_dashes(void **state)
{
    (void)state;
    assert_int_equal(parse("alb", "- 2024-03-05T07:08:09Z app/a/b - - -1 -1 -1 460 - 1 2"),
                     PARSE_OK);
    want("alb", "elb_status_code", "460");
    want("alb", "client_port", NULL);
    assert_int_equal(parse("alb", "h2 2024-03-05T07:08:09Z app/a/b 192.0.2.1 - -1 -1 -1 460 - 1 2"),
                     PARSE_OK);
    want("alb", "client_ip", "192.0.2.1");
    want("alb", "client_port", NULL);
    assert_int_equal(parse("clb", "2024-03-05T07:08:09Z b 192.0.2.1 - -1 0.1 -1 504 0 1 2"),
                     PARSE_OK);
    want("clb", "client_ip", "192.0.2.1");
    assert_int_equal(parse("alb", "- 2024-03-05T07:08:09Z b - - -1 -1 -1 460 - 1 2"), PARSE_BAD);
    assert_int_equal(
        parse("alb_conn", "2024-03-05T07:08:09Z - 1 443 TLSv1.3 - - \"-\" - - - TID_1"), PARSE_OK);
    want("alb_conn", "conn_trace_id", "TID_1");
    assert_int_equal(parse("alb_conn", "2024-03-05T07:08:09Z 192.0.2.1 - - - - - \"-\" - - -"),
                     PARSE_OK);
    assert_int_equal(parse("alb_conn", "2024-03-05T07:08:09Z - - - - - - - - -"), PARSE_BAD);
    assert_int_equal(parse("nlb", "tls 2.0 2024-03-05T07:08:09 net/a/b - - - - - - -"), PARSE_OK);
    assert_int_equal(parse("nlb", "tls 2.0 2024-03-05T07:08:09 b - - - - - - -"), PARSE_BAD);
    assert_int_equal(parse("clb", "2024-03-05T07:08:09Z b - - -1 0.1 -1 504 0 1 2"), PARSE_OK);
    want("clb", "backend_processing_time", "0.1");
    assert_int_equal(parse("clb", "2024-03-05T07:08:09Z b - a message - in - -"), PARSE_BAD);
}

#define AGENT_CUT "\\\" "
#define ALB_BEHIND                                                                                 \
    "TLS_AES_128_GCM_SHA256 TLSv1.3 arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/a/b "     \
    "\"Root=1-2-3\" \"shop.example.org\" \"-\" 3 2024-03-05T07:08:08Z \"forward\" \"-\" \"-\""

/* An agent of `n` letters and `end`, in a line between `front` and `behind`. */
static enum parse_result parse_agent(const char *name, const char *front, unsigned n,
                                     const char *end, const char *behind)
{
    struct strbuf line = STRBUF_INIT;
    enum parse_result r;

    strbuf_addf(&line, "%s \"", front);
    for (unsigned i = 0; i < n; i++)
        strbuf_addc(&line, 'a');
    strbuf_addf(&line, "%s%s", end, behind);
    r = parse(name, line.buf);
    strbuf_release(&line);
    return r;
}

/* Agents are cut at 8 KB: what is left of an escape sequence makes the quote behind it look
 * escaped.
 */
static void test_elb_cut_agents(void **state)
{
    static const char alb[] = ALB_FRONT " 200 1 2 \"GET http://x:80/ HTTP/1.1\"";
    static const char clb[] =
        "2024-03-05T07:08:09Z b 192.0.2.1:1 - 0 0 0 200 200 1 2 \"GET http://x:80/ HTTP/1.1\"";
    struct slice agent;

    (void)state;
    assert_int_equal(parse_agent("alb", alb, 8191, AGENT_CUT, ALB_BEHIND), PARSE_OK);
    agent = record_get(&rec, (unsigned)logtype_lookup(type("alb"), SL("user_agent")));
    assert_int_equal(agent.len, 8192);
    assert_int_equal(agent.ptr[8191], '\\');
    want("alb", "ssl_cipher", "TLS_AES_128_GCM_SHA256");
    want("alb", "trace_id", "Root=1-2-3");
    want("alb", "domain_name", "shop.example.org");
    want("alb", "error_reason", "-");
    want("alb", "extra_1", NULL);
    assert_int_equal(parse_agent("alb", alb, 10, "\\\"x\\\" y" AGENT_CUT, "- - - \"-\""), PARSE_OK);
    want("alb", "user_agent", "aaaaaaaaaa\\\"x\\\" y\\");
    want("alb", "trace_id", "-");
    want("alb", "domain_name", NULL);
    assert_int_equal(parse_agent("alb", alb, 8191, AGENT_CUT, "cipher TLSv1.3 group \"-\" \"-\""),
                     PARSE_BAD);
    assert_int_equal(rec.reason, REASON_QUOTE);
    assert_int_equal(parse_agent("alb", alb, 10, AGENT_CUT "- - - \\\"-\\\"\" ", "- - - \"-\""),
                     PARSE_OK);
    want("alb", "user_agent", "aaaaaaaaaa\\\" - - - \\\"-\\\"");
    assert_int_equal(parse_agent("clb", clb, 8191, AGENT_CUT, "ECDHE-A TLSv1.2"), PARSE_OK);
    want("clb", "ssl_cipher", "ECDHE-A");
    want("clb", "ssl_protocol", "TLSv1.2");
    assert_int_equal(parse_agent("clb", clb, 100, AGENT_CUT, "ECDHE-A TLSv1.2"), PARSE_MORE);
}

/* Vended delivery: the user chose the fields, and the type need not be among them. */
static void test_elb_keyed(void **state)
{
    (void)state;
    assert_int_equal(parse("alb", "{\"time\":\"2024-03-05T07:08:09Z\",\"elb_status_code\":\"502\","
                                  "\"request_line\":\"GET http://h:81/a?b HTTP/1.1\"}"),
                     PARSE_OK);
    want("alb", "elb_status_code", "502");
    want("alb", "request_host", "h");
    assert_int_equal(parse("alb", "{\"elb_status_code\":\"502\"}"), PARSE_OK);
    assert_int_equal(rec.ts, TIME_NONE);
    assert_int_equal(parse("alb", "{\"time\":\"soon\",\"elb_status_code\":\"502\"}"), PARSE_BAD);
    assert_int_equal(rec.reason, REASON_TIME);
    assert_int_equal(parse("nlb", "{\"listener\":\"a\",\"tls_cipher\":\"b\"}"), PARSE_OK);
    assert_int_equal(parse("alb_health", "{\"target_addr\":\"10.0.0.1:80\"}"), PARSE_OK);
    assert_int_equal(parse("alb_conn", "{\"tls_verify_status\":\"Success\"}"), PARSE_OK);
}

/* Vended delivery in W3C form: the order is the header's, whatever it is. */
static void test_elb_named(void **state)
{
    (void)state;
    lay = NULL;
    assert_int_equal(parse("alb", "#Version: 1.0"), PARSE_HEADER);
    assert_null(lay);
    assert_int_equal(parse("alb", "#Fields: time elb_status_code client_port request_line made-up"),
                     PARSE_HEADER);
    assert_int_equal(parse("alb", "2024-03-05T07:08:09.5Z\t404\t198.51.100.23:50514\t"
                                  "GET https://a.example.org:443/x y HTTP/1.1\tnew one\tmore"),
                     PARSE_OK);
    assert_int_equal(rec.ts, civil_to_us(2024, 3, 5, 7, 8, 9, 500000));
    want("alb", "status", "404");
    want("alb", "client_ip", "198.51.100.23");
    want("alb", "client_port", "50514");
    want("alb", "path", "/x y");
    want("alb", "made-up", "new one");
    want("alb", "extra_1", "more");
    want("alb", "user_agent", NULL);
    assert_int_equal(parse("alb", "2024-03-05T07:08:09Z 200 - \"GET http://a:80/ HTTP/1.1\" -"),
                     PARSE_OK);
    want("alb", "request", "GET http://a:80/ HTTP/1.1");
    assert_int_equal(parse("alb", "rubbish\t404\t-\t-\t-"), PARSE_BAD);
    assert_int_equal(rec.reason, REASON_TIME);
    assert_int_equal(parse("alb", "2024-03-05T07:08:09Z\t404"), PARSE_BAD);
    assert_int_equal(rec.reason, REASON_SHORT);
    lay = NULL;
    assert_int_equal(
        parse("nlb", "#Fields: domain_name alpn_client_preference_list time client_ip"),
        PARSE_HEADER);
    assert_int_equal(parse("nlb", "a.example.org\t\"h2\",\"http/1.1\"\t2024-03-05T07:08:09\t::1"),
                     PARSE_OK);
    want("nlb", "alpn_client_preference_list", "\"h2\",\"http/1.1\"");
    want("nlb", "client_ip", "::1");
    assert_int_equal(
        parse("nlb", "{\"elb\":\"net/a/1\",\"alpn_client_preference_list\":\"\\\"h2\\\"\"}"),
        PARSE_OK);
    want("nlb", "alpn_client_preference_list", "\"h2\"");
    lay = NULL;
    assert_int_equal(parse("alb", "#Fields: time client_ip client_port"), PARSE_HEADER);
    assert_int_equal(parse("alb", "2024-03-05T07:08:09Z\t::1\t50514"), PARSE_OK);
    want("alb", "client_ip", "::1");
    want("alb", "client_port", "50514");
    lay = NULL;
    assert_int_equal(parse("vpcflow", "#Fields: srcaddr dstaddr start action"), PARSE_HEADER);
    assert_int_equal(parse("vpcflow", "10.0.0.1\t10.0.0.2\t1700000000\tREJECT"), PARSE_OK);
    want("vpcflow", "action", "REJECT");
    assert_int_equal(parse("vpcflow", "#Version: 1.0"), PARSE_HEADER);
    assert_int_equal(parse("vpcflow", "10.0.0.1 10.0.0.2 1700000000 ACCEPT"), PARSE_OK);
    want("vpcflow", "action", "ACCEPT");
    assert_int_equal(parse("vpcflow", "#Fields: version tgw-id srcaddr"), PARSE_BAD);
    assert_int_equal(parse("tgwflow", "#Version: 1.0"), PARSE_HEADER);
    assert_int_equal(parse("globalaccelerator", "#Version: 1.0"), PARSE_HEADER);
    lay = NULL;
}

static void test_url_fields(void **state)
{
    (void)state;
    assert_int_equal(parse("alb", ALB_FRONT " - 1 2 \"GET https://u:p@h:8443/a%20\\x22b?c=%2f"
                                            " HTTP/1.1\""),
                     PARSE_OK);
    want("alb", "request_host", "h");
    want_derived("alb", "url_scheme", "https");
    want_derived("alb", "url_port", "8443");
    want_derived("alb", "path_decoded", "/a \"b");
    want_derived("alb", "query_decoded", "c=/");
    assert_int_equal(parse("alb", ALB_FRONT " - 1 2 \"- http://h:80- -\""), PARSE_OK);
    want_derived("alb", "url_scheme", "http");
    want_derived("alb", "url_port", NULL);
    assert_int_equal(parse("clb", "2024-03-05T07:08:09Z b 192.0.2.1:1 - 0 0 0 200 200 1 2 "
                                  "\"GET http://[::1]/?u=http://x:1/ HTTP/1.1\""),
                     PARSE_OK);
    want("clb", "request_host", "[::1]");
    want_derived("clb", "url_port", NULL);
    want_derived("clb", "query_decoded", "u=http://x:1/");
}

static void want_request(const char *line, const char *verb, const char *url, const char *proto)
{
    struct request_parts r = split_request(slice_str(line));

    assert_true(slice_is(r.verb, verb));
    assert_true(slice_is(r.url, url));
    assert_true(proto ? slice_is(r.proto, proto) : !r.proto.ptr);
}

static void test_requests(void **state)
{
    struct request_parts r;

    (void)state;
    want_request("GET /a b HTTP/1.1", "GET", "/a b", "HTTP/1.1");
    want_request("- http://h:80-/ ", "-", "http://h:80-/", NULL);
    want_request("- - - ", "-", "-", "-");
    want_request("-", "-", "-", "-");
    want_request("GET /a b", "GET", "/a b", NULL);
    r = split_request(SL("GET http://[2001:db8::1]:443?x=/y HTTP/1.1"));
    assert_true(slice_is(r.part.host, "[2001:db8::1]"));
    assert_null(r.part.path.ptr);
    assert_true(slice_is(r.part.query, "x=/y"));
    r = split_request(SL("GET /a:b/c HTTP/1.1"));
    assert_null(r.part.host.ptr);
    assert_true(slice_is(r.part.path, "/a:b/c"));
    r = split_request(SL("GET /to?u=http://x/y HTTP/1.1"));
    assert_null(r.part.host.ptr);
    assert_true(slice_is(r.part.path, "/to"));
    assert_true(slice_is(r.part.query, "u=http://x/y"));
}

static void test_clb(void **state)
{
    const char *const *s = type("clb")->fmt->samples;

    (void)state;
    assert_int_equal(parse("clb", s[1]), PARSE_OK);
    want("clb", "user_agent", "a \\\"quoted\\\" agent");
    want("clb", "backend_ip", "-");
    want("clb", "backend_processing_time", "-1");
    want("clb", "ssl_protocol", "TLSv1.2");
    assert_int_equal(parse("clb", s[2]), PARSE_OK);
    want("clb", "status", "-");
    want("clb", "request_url", "-");
    assert_int_equal(parse("clb", s[3]), PARSE_OK);
    want("clb", "user_agent", NULL);
    assert_int_equal(parse("clb", "2016-04-05T06:07:11Z f 1.2.3.4:5 - 0 0 0 200 200 0 1 "
                                  "\"GET http://x:80/ HTTP/1.1\" \"first"),
                     PARSE_MORE);
    assert_int_equal(parse("clb", s[4]), PARSE_OK);
    want("clb", "user_agent", "first\nsecond");
    assert_int_equal(parse("clb", "2016-04-05T06:07:11Z f 1.2.3.4:5 - 0 0 0 200 200 0 1 "
                                  "\"GET http://x:80/ HTTP/1.1\" \"first\n"
                                  "2016-04-05T06:07:12Z f 1.2.3.4:5 - 0 0 0 200"),
                     PARSE_BAD);
    assert_int_equal(rec.reason, REASON_QUOTE);
}

static void test_nlb(void **state)
{
    const char *const *s = type("nlb")->fmt->samples;

    (void)state;
    assert_int_equal(parse("nlb", s[0]), PARSE_OK);
    assert_int_equal(rec.ts, civil_to_us(2023, 2, 3, 4, 5, 6, 0));
    want("nlb", "alpn_client_preference_list", "\"h2\",\"http/1.1\"");
    want("nlb", "destination_ip", "10.7.7.7");
    want("nlb", "tls_connection_creation_time", "2023-02-03T04:05:04");
    assert_int_equal(parse("nlb", s[1]), PARSE_OK);
    want("nlb", "client_ip", "2001:db8::9");
    want("nlb", "alpn_client_preference_list", "-");
}

static void test_cloudfront(void **state)
{
    const char *const *s = type("cloudfront")->fmt->samples;
    const char *plain = s[4];

    (void)state;
    lay = NULL;
    assert_int_equal(parse("cloudfront", plain), PARSE_OK);
    assert_int_equal(rec.ts, civil_to_us(2013, 6, 7, 8, 9, 10, 0));
    want("cloudfront", "x-edge-location", "LHR5");
    want("cloudfront", "status", "000");
    want("cloudfront", "cs(Cookie)", "surplus");
    assert_int_equal(parse("cloudfront", s[0]), PARSE_HEADER);
    assert_null(lay);
    assert_int_equal(parse("cloudfront", s[1]), PARSE_HEADER);
    assert_int_equal(parse("cloudfront", s[2]), PARSE_OK);
    assert_int_equal(rec.ts, civil_to_us(2024, 6, 7, 8, 9, 10, 123000));
    want("cloudfront", "x-edge-result-type", "Hit");
    want("cloudfront", "x-new-column", "new value");
    want("cloudfront", "cs(Cookie)", NULL);
    assert_int_equal(parse("cloudfront", s[3]), PARSE_HEADER);
    assert_int_equal(parse("cloudfront", plain), PARSE_OK);
    want("cloudfront", "extra_1", "surplus");
    want("cloudfront", "x-new-column", NULL);
    assert_int_equal(parse("cloudfront", "rubbish"), PARSE_BAD);
    assert_int_equal(
        parse("cloudfront", "#Fields: date time x-edge-location c-ip x-event sc-bytes x-cf-status"),
        PARSE_HEADER);
    assert_int_equal(
        parse("cloudfront", "2010-03-12\t23:51:20\tSEA4\t192.0.2.147\tconnect\t2014\tOK"),
        PARSE_BAD);
    assert_int_equal(rec.reason, REASON_RTMP);
    assert_int_equal(rec.ts, INT64_C(1268437880000000));
}

static void want_type(const char *path, const char *head, const char *name)
{
    struct probe p = {slice_str(path), slice_str(head)};
    struct strbuf why = STRBUF_INIT;

    assert_string_equal(detect_type(&p, &why)->fmt->name, name);
    assert_true(why.len > 0);
    strbuf_release(&why);
}

#define EDGE_ID "3JXAbRxIQDYrUJ-x5_mvAOpY6mPn6yHpbU3UWl3-DxmBjtDiWFgFbw=="

static void test_lambda_edge(void **state)
{
    (void)state;
    assert_int_equal(parse("lambda", EDGE_ID " START DistributionID: E1ABC"), PARSE_OK);
    want("lambda", "@type", "START");
    want("lambda", "RequestId", EDGE_ID);
    assert_int_equal(parse("lambda", EDGE_ID " hello there"), PARSE_OK);
    want("lambda", "@type", "APP");
    want("lambda", "message", "hello there");
    assert_int_equal(parse("lambda", EDGE_ID " END"), PARSE_OK);
    want("lambda", "@type", "END");
    want_type("", EDGE_ID " START DistributionID: E1ABC\n" EDGE_ID " END\n", "lambda");
}

/* Before version 1.07 an event does not say what category it is of. */
static void test_cloudtrail_category(void **state)
{
    static const struct {
        const char *members, *category;
    } t[] = {
        {"\"eventVersion\":\"1.05\",\"managementEvent\":false", "Data"},
        {"\"eventVersion\":\"1.06\",\"managementEvent\":true", "Management"},
        {"\"eventVersion\":\"1.0\"", "Management"},
        {"\"eventVersion\":\"1.05\",\"eventCategory\":\"Insight\"", "Insight"},
        {"\"eventVersion\":\"1.07\",\"managementEvent\":false", NULL},
        {"\"eventVersion\":\"1.10\"", NULL},
        {"\"eventVersion\":\"2.01\"", NULL},
        {"\"eventVersion\":\"1.0\",\"timeWindow\":{\"windowStart\":\"2026-01-02T03:00:00Z\"}",
         NULL},
        {"\"eventVersion\":\"1.\"", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct strbuf sb = STRBUF_INIT;

        strbuf_addf(&sb, "{%s,\"eventTime\":\"2019-05-02T03:00:00Z\",\"eventName\":\"GetObject\"}",
                    t[i].members);
        assert_int_equal(parse("cloudtrail", sb.buf), PARSE_OK);
        want("cloudtrail", "eventCategory", t[i].category);
        strbuf_release(&sb);
    }
}

/* Who called: user, session and role, as far as the event has them. */
static void test_cloudtrail_principal(void **state)
{
    static const struct {
        const char *identity, *principal, *session;
    } t[] = {
        {"\"type\":\"IAMUser\",\"principalId\":\"AIDA\",\"userName\":\"anna\"", "anna", NULL},
        {"\"type\":\"AssumedRole\",\"principalId\":\"AROA:s\",\"arn\":\"arn:aws:sts::1:assumed-"
         "role/R/s\","
         "\"sessionContext\":{\"sourceIdentity\":\"bob\"}",
         "bob ← s ← R", "s"},
        {"\"type\":\"Role\",\"principalId\":\"AROA:s\",\"arn\":\"arn:aws:iam::1:role/path/R\"",
         "s ← R", "s"},
        {"\"type\":\"AWSAccount\",\"principalId\":\"AROA:s\",\"accountId\":\"2\"", "s", "s"},
        {"\"type\":\"WebIdentityUser\",\"principalId\":\"accounts.google.com:app:4711\","
         "\"userName\":"
         "\"4711\",\"identityProvider\":\"accounts.google.com\"",
         "4711 ← accounts.google.com", NULL},
        {"\"type\":\"SAMLUser\",\"principalId\":\"q:anna\",\"userName\":\"anna\"", "anna", NULL},
        {"\"type\":\"Root\",\"principalId\":\"1\",\"arn\":\"arn:aws:iam::1:root\"", "root", NULL},
        {"\"type\":\"AWSService\",\"invokedBy\":\"s3.amazonaws.com\"", "s3.amazonaws.com", NULL},
        {"\"type\":\"AWSAccount\",\"principalId\":\"\",\"accountId\":\"anonymous\"", "anonymous",
         NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct strbuf sb = STRBUF_INIT;

        strbuf_addf(&sb,
                    "{\"eventVersion\":\"1.08\",\"userIdentity\":{%s},\"eventTime\":\"2019-05-"
                    "02T03:00:00Z\","
                    "\"eventName\":\"GetObject\"}",
                    t[i].identity);
        assert_int_equal(parse("cloudtrail", sb.buf), PARSE_OK);
        want("cloudtrail", "principal", t[i].principal);
        want("cloudtrail", "session_name", t[i].session);
        strbuf_release(&sb);
    }
}

static void test_apigw(void **state)
{
    (void)state;
    assert_int_equal(parse("apigw",
                           "{\"requestId\":\"r1\",\"status\":\"200\",\"httpMethod\":\"GET\","
                           "\"resourcePath\":\"/pets/{id}\"}"),
                     PARSE_OK);
    want("apigw", "path", "/pets/{id}");
    assert_int_equal(parse("apigw",
                           "{\"requestId\":\"r1\",\"status\":\"200\",\"path\":\"/prod/pets/1\","
                           "\"resourcePath\":\"/pets/{id}\"}"),
                     PARSE_OK);
    want("apigw", "path", "/prod/pets/1");
    want("apigw", "resourcePath", "/pets/{id}");
    assert_int_equal(
        parse("apigw", "{\"requestId\":\"r1\",\"odd key\":\"a \"b\" c\\\",\"status\":-}"),
        PARSE_OK);
    want("apigw", "odd key", "a \"b\" c\\");
    want("apigw", "status", "-");
    assert_int_equal(parse("apigw",
                           "{\"requestId\":\"r1\",\"identity_userAgent\":\"x (a,\"b\"} c\", "
                           "\"status\":\"200\"}"),
                     PARSE_OK);
    want("apigw", "user_agent", "x (a,\"b\"} c");
    want("apigw", "status", "200");
    assert_int_equal(parse("apigw", "192.0.2.1 - - [02/Jan/2024:03:04:05 +0000] \"GET $default "
                                    "HTTP/1.1\" 404 12 JKJaXmPLvHcESHA= JKJaXmPLvHcESHA="),
                     PARSE_OK);
    want("apigw", "routeKey", "$default");
    want("apigw", "path", NULL);
    assert_int_equal(
        parse("apigw", "Thu Aug 31 01:07:25 UTC 2017 : Method completed with status: 200"),
        PARSE_OK);
    assert_int_equal(rec.ts, civil_to_us(2017, 8, 31, 1, 7, 25, 0));
    want("apigw", "kind", "exec");
    want("apigw", "status", "200");
    assert_int_equal(parse("apigw", "Thu Aug 32 01:07:25 UTC 2017 : Method completed"), PARSE_BAD);
}

static void test_cloudfront_connection(void **state)
{
    (void)state;
    lay = NULL;
    assert_int_equal(
        parse("cloudfront",
              "{\"eventTimestamp\":\"1731620046814\",\"connectionId\":\"c==\","
              "\"connectionStatus\":\"Failed:ClientCertExpired\",\"clientIp\":\"192.0.2.2\","
              "\"clientPort\":\"12137\",\"serverIp\":\"192.0.2.3\",\"distributionId\":\"E2\","
              "\"tlsProtocol\":\"TLSv1.3\",\"tlsHandshakeDuration\":\"153\",\"tlsSni\":\"a.b\","
              "\"clientLeafCertSubject\":\"CN=x\"}"),
        PARSE_OK);
    assert_int_equal(rec.ts, 1731620046814000);
    want("cloudfront", "c-ip", "192.0.2.2");
    want("cloudfront", "clientPort", "12137");
    want("cloudfront", "s-ip", "192.0.2.3");
    want("cloudfront", "ssl-protocol", "TLSv1.3");
    want("cloudfront", "connection-id", "c==");
    want("cloudfront", "distributionId", "E2");
    want("cloudfront", "tlsHandshakeDuration", "153");
    want("cloudfront", "clientLeafCertSubject", "CN=x");
    assert_int_equal(
        parse("cloudfront", "{\"timestamp(ms)\":\"1731620046814\",\"cs-uri-stem\":\"/a\"}"),
        PARSE_OK);
    want("cloudfront", "path", "/a");
    assert_int_equal(parse("cloudfront", "{\"date\":\"2024-01-02\",\"sc-status\":\"200\"}"),
                     PARSE_OK);
    assert_int_equal(rec.ts, civil_to_us(2024, 1, 2, 0, 0, 0, 0));
    assert_int_equal(parse("cloudfront", "{\"time\":\"03:04:05\",\"sc-status\":\"200\"}"),
                     PARSE_OK);
    assert_int_equal(rec.ts, TIME_NONE);
    assert_int_equal(parse("cloudfront", "{\"date\":\"2024-01-02\",\"time\":\"03:04:05\"}"),
                     PARSE_BAD);
}

static void test_vpcflow(void **state)
{
    const char *const *s = type("vpcflow")->fmt->samples;

    (void)state;
    lay = NULL;
    assert_int_equal(parse("vpcflow", s[0]), PARSE_OK);
    assert_int_equal(rec.ts, 1700000000000000);
    want("vpcflow", "dstPort", "443");
    assert_int_equal(parse("vpcflow", s[1]), PARSE_OK);
    want("vpcflow", "logStatus", "NODATA");
    want("vpcflow", "account_id", "unknown");
    assert_int_equal(parse("vpcflow", s[2]), PARSE_HEADER);
    assert_int_equal(parse("vpcflow", s[3]), PARSE_OK);
    assert_int_equal(rec.ts, 1700000200000000);
    want("vpcflow", "brand-new", "value");
    want("vpcflow", "srcport", NULL);
    want("vpcflow", "interface-id", "eni-0a0b0c0d0e0f0a0b0");
    assert_int_equal(parse("vpcflow", s[4]), PARSE_OK);
    want("vpcflow", "srcport", "50000");
    want("vpcflow", "brand-new", NULL);
    assert_int_equal(parse("vpcflow", "8 vpc-0123 eni-1 not-an-address 10.0.0.1 7 1 2 A B OK"),
                     PARSE_BAD);
    assert_int_equal(rec.reason, REASON_SHAPE);
    assert_int_equal(parse("vpcflow", "${start} ${srcaddr} ${bytes}"), PARSE_HEADER);
    assert_int_equal(parse("vpcflow", "1700000000 192.0.2.1 5 more"), PARSE_OK);
    want("vpcflow", "extra_1", "more");
    lay = NULL;
    assert_int_equal(parse("vpcflow", "5 a b c d e f"), PARSE_BAD);
    assert_int_equal(rec.reason, REASON_HEADER);
    lay = NULL; /* all fields by the alphabet, as the console chooses them */
    assert_int_equal(parse("vpcflow",
                           "111122223333 ACCEPT euw1-az1 100 10.0.0.1 443 1700000060 egress "
                           "i-1 eni-1 OK 5 S3 10.0.0.1 - 10.0.0.2 6 eu-west-1 10.0.0.2 50000 "
                           "1700000000 - - subnet-1 19 8 IPv4 5 vpc-1"),
                     PARSE_OK);
    want("vpcflow", "srcaddr", "10.0.0.2");
    want("vpcflow", "pkt-dst-aws-service", "S3");
    want("vpcflow", "vpc-id", "vpc-1");
    /* the examples of the documentation */
    assert_int_equal(parse("vpcflow", "- eni-1 10.0.1.5 10.0.0.220 10.0.1.5 203.0.113.5"),
                     PARSE_OK);
    want("vpcflow", "interface-id", "eni-1");
    want("vpcflow", "pkt-dstaddr", "203.0.113.5");
    assert_int_equal(rec.ts, TIME_NONE);
    assert_int_equal(parse("vpcflow", "- - - - - -"), PARSE_BAD);
    assert_int_equal(parse("vpcflow", "- eni-1 10.0.1.5 10.0.0.220 10.0.1.5 nowhere"), PARSE_BAD);
    assert_int_equal(parse("vpcflow", "3 eni-1 111122223333 vpc-1 subnet-1 i-1 10.20.33.164 "
                                      "10.40.2.236 39812 80 6 3 IPv4 10.20.33.164 10.40.2.236 "
                                      "ACCEPT OK"),
                     PARSE_OK);
    want("vpcflow", "srcport", "39812");
    want("vpcflow", "tcp-flags", "3");
    want("vpcflow", "action", "ACCEPT");
    assert_int_equal(parse("vpcflow",
                           "5 203.0.113.9 10.0.0.71 80 34210 6 1700000000 1700000060 IPv4 14 15044 "
                           "111122223333 vpc-1 subnet-1 i-1 eni-1 eu-west-1 euw1-az3 - - ACCEPT 19 "
                           "203.0.113.9 10.0.0.71 S3 - - ingress OK"),
                     PARSE_OK);
    assert_int_equal(rec.ts, 1700000000000000);
    want("vpcflow", "bytes", "15044");
    want("vpcflow", "pkt-src-aws-service", "S3");
    want("vpcflow", "flow-direction", "ingress");
}

#define S3_FRONT "o b [03/Apr/2023:05:06:07 +0000] 192.0.2.1 - R1 REST.GET.OBJECT k "

static void test_s3access(void **state)
{
    const char *const *s = type("s3access")->fmt->samples;

    (void)state;
    assert_int_equal(parse("s3access", s[0]), PARSE_OK);
    assert_int_equal(rec.ts, civil_to_us(2023, 4, 3, 5, 6, 7, 0));
    want("s3access", "time", "03/Apr/2023:05:06:07 +0000");
    want("s3access", "key", "cats/one%2520two.png");
    want("s3access", "request_verb", "GET");
    want("s3access", "request_path", "/cats/one%20two.png");
    want("s3access", "request_query", "versionId=7");
    want_derived("s3access", "key_decoded", "cats/one two.png");
    want("s3access", "acl_required", "Yes");
    want("s3access", "source_region", "eu-west-1");
    want("s3access", "extra_1", "later");
    assert_int_equal(parse("s3access", s[1]), PARSE_OK);
    want("s3access", "requester",
         "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E0EXAMPLE");
    want("s3access", "request_uri", "HEAD /a\" HTTP/1.1");
    want("s3access", "error_code", "NoSuchKey");
    want("s3access", "referer", "-");
    want("s3access", "user_agent", "odd \" agent\"");
    want("s3access", "host_id", "id");
    want("s3access", "tls_version", "TLSv1.2");
    assert_int_equal(parse("s3access", s[2]), PARSE_OK);
    want("s3access", "request_uri", "-");
    want("s3access", "http_status", "-");
    want("s3access", "operation", "S3.EXPIRE.OBJECT");
    assert_int_equal(parse("s3access", s[3]), PARSE_OK);
    want("s3access", "version_id", "-");
    want("s3access", "host_id", NULL);
    assert_int_equal(parse("s3access",
                           S3_FRONT "\"GET /?x=\"y\" 404 - 1 2 3 4 z HTTP/1.1\" 200 - 9 - - - "
                                    "\"-\" \"u\" 500 - 1 2 3 4 \""),
                     PARSE_OK);
    want("s3access", "request_uri", "GET /?x=\"y\" 404 - 1 2 3 4 z HTTP/1.1");
    want("s3access", "http_status", "200");
    assert_int_equal(parse("s3access", S3_FRONT "\"-\" - - - 1 - - \"-\" \"-\" - id - - - - - - -"),
                     PARSE_OK);
    want("s3access", "request_uri", "-");
    want("s3access", "host_id", "id");
    assert_int_equal(parse("s3access", "a b [rubbish] c"), PARSE_BAD);
    assert_int_equal(rec.reason, REASON_TIME);
    /* vended delivery: the fields are the user's choice */
    assert_int_equal(
        parse("s3access", "{\"bucket_arn\":\"arn:aws:s3:::b\",\"operation\":\"REST.GET.OBJECT\"}"),
        PARSE_OK);
    assert_int_equal(rec.ts, TIME_NONE);
    assert_int_equal(parse("s3access", "{\"bucket_name\":\"b\",\"request_time\":\"soon\"}"),
                     PARSE_BAD);
    assert_int_equal(rec.reason, REASON_TIME);
    assert_int_equal(parse("s3access", "{\"bucket_arn\":\"arn:aws:s3:::b\"}"), PARSE_BAD);
}

/* Where quotes within values leave a choice, the record says so and has its fields. */
static void test_s3access_quotes(void **state)
{
    static const struct {
        const char *line, *uri, *referer, *agent;
        enum parse_reason reason;
    } t[] = {
        {"\"GET /a HTTP/1.1\" 200 - 1 1 1 1 \"-\" \"odd \"agent\"\" - id", "GET /a HTTP/1.1", "-",
         "odd \"agent\"", REASON_NONE},
        {"\"GET /a HTTP/1.1\" 200 - 1 1 1 1 \"-\" \"odd\" \"agent\" - id", "GET /a HTTP/1.1", "-",
         "odd\" \"agent", REASON_GUESS},
        {"\"GET /a HTTP/1.1\" 200 - 1 1 1 1 - \"odd\" \"agent\" - id", "GET /a HTTP/1.1", "-",
         "odd\" \"agent", REASON_NONE},
        {"\"GET /a\" 200 - 1 1 1 1 \" HTTP/1.1\" 404 - 2 2 2 2 \"-\" \"agent\" - id",
         "GET /a\" 200 - 1 1 1 1 \" HTTP/1.1", "-", "agent", REASON_GUESS},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_LEN(t); i++) {
        struct strbuf sb = STRBUF_INIT;

        strbuf_addf(&sb, S3_FRONT "%s", t[i].line);
        assert_int_equal(parse("s3access", sb.buf), PARSE_OK);
        assert_int_equal(rec.reason, t[i].reason);
        want("s3access", "request_uri", t[i].uri);
        want("s3access", "referer", t[i].referer);
        want("s3access", "user_agent", t[i].agent);
        want("s3access", "host_id", "id");
        strbuf_release(&sb);
    }
}

/* An event that is cut has the values which are whole, and is flagged even where what its type
 * asks for stood behind the cut. */
static void test_cut_events(void **state)
{
    (void)state;
    assert_int_equal(
        parse("cloudtrail",
              "{\"eventVersion\":\"1.09\",\"userIdentity\":{\"type\":\"IAMUser\",\"userName\":"
              "\"anna\"},\"eventTime\":\"2024-05-02T03:04:05Z\",\"eventSource\":"
              "\"s3.amazonaws.com\",\"eventName\":\"PutObject\",\"requestParameters\":"
              "{\"bucketName\":\"b\",\"key\":\"a/lo"),
        PARSE_OK);
    assert_int_equal(rec.reason, REASON_CUT);
    assert_int_equal(rec.ts, INT64_C(1714619045000000));
    want("cloudtrail", "eventName", "PutObject");
    want("cloudtrail", "principal", "anna");
    want("cloudtrail", "requestParameters.bucketName", "b");
    want("cloudtrail", "requestParameters.key", NULL);
    want("cloudtrail", "requestParameters", NULL);
    parse("cloudtrail", "{\"awsRegion\":\"eu-west-1\",\"eventVersion\":\"1.0");
    assert_int_equal(rec.reason, REASON_CUT);
    want("cloudtrail", "awsRegion", "eu-west-1");
    want("cloudtrail", "eventVersion", NULL);
    parse("cloudtrail", "{\"awsRegion\":\"eu-west-1\",eventVersion");
    assert_int_equal(rec.reason, REASON_JSON);
    /* numbers may go on behind a cut, and a brace alone begins a text as well */
    parse("waf", "{\"timestamp\":1714619045123,\"webaclId\":\"w\",\"action\":\"BLOCK\","
                 "\"responseCodeSent\":40");
    assert_int_equal(rec.reason, REASON_CUT);
    want("waf", "action", "BLOCK");
    want("waf", "responseCodeSent", NULL);
    assert_int_equal(parse("lambda", "{"), PARSE_OK);
    assert_int_equal(rec.reason, REASON_NONE);
}

static void test_alb_conn(void **state)
{
    const char *const *s = type("alb_conn")->fmt->samples;

    (void)state;
    assert_int_equal(parse("alb_conn", s[0]), PARSE_OK);
    assert_int_equal(rec.ts, civil_to_us(2024, 5, 2, 3, 4, 5, 678901));
    want("alb_conn", "time", "2024-05-02T03:04:05.678901Z");
    want("alb_conn", "listener_port", "443");
    want("alb_conn", "duration", "0.012");
    want("alb_conn", "leaf_client_cert_subject", "CN=anna,O=Example \\\"Inc\\\"");
    want("alb_conn", "leaf_client_cert_validity",
         "NotBefore=2024-01-01T00:00:00Z;NotAfter=2025-01-01T00:00:00Z");
    want("alb_conn", "tls_verify_status", "Success");
    want("alb_conn", "conn_trace_id", "TID_0a1b2c");
    want("alb_conn", "tls_keyexchange", NULL);
    assert_int_equal(parse("alb_conn", s[1]), PARSE_OK);
    want("alb_conn", "client_ip", "2001:db8::9");
    want("alb_conn", "error", "Failed:ClientCertExpired");
    want("alb_conn", "ip_address", "10.0.0.4");
    assert_int_equal(parse("alb_conn", s[2]), PARSE_OK);
    want("alb_conn", "tls_protocol", "-");
    want("alb_conn", "conn_trace_id", "TID_0a1b2e");
    /* old lines end at the verdict, or have none */
    assert_int_equal(parse("alb_conn", "2024-05-02T03:04:07Z 203.0.113.9 50002 443 TLSv1.2 AES128 "
                                       "0.1 \"-\" - - Success"),
                     PARSE_OK);
    want("alb_conn", "tls_verify_status", "Success");
    want("alb_conn", "conn_trace_id", NULL);
    assert_int_equal(parse("alb_conn", "2024-05-02T03:04:07Z 203.0.113.9 50002 80 - - - \"-\" - - "
                                       "TID_0a1b2f"),
                     PARSE_OK);
    want("alb_conn", "tls_verify_status", NULL);
    want("alb_conn", "conn_trace_id", "TID_0a1b2f");
    assert_int_equal(parse("alb_conn", "2024-05-02T03:04:07Z shop 203.0.113.9:5 10.0.0.1:80 0 0 0"),
                     PARSE_BAD);
    assert_int_equal(rec.reason, REASON_SHAPE);
}

static void test_alb_health(void **state)
{
    const char *const *s = type("alb_health")->fmt->samples;

    (void)state;
    assert_int_equal(parse("alb_health", s[0]), PARSE_OK);
    assert_int_equal(rec.ts, civil_to_us(2025, 12, 2, 3, 4, 5, 678901));
    want("alb_health", "latency", "0.012345678");
    want("alb_health", "target_addr", "10.0.3.4:8080");
    want("alb_health", "target_ip", "10.0.3.4");
    want("alb_health", "target_port", "8080");
    want("alb_health", "status", "PASS");
    want("alb_health", "status_code", "200");
    want("alb_health", "elb", NULL);
    assert_int_equal(parse("alb_health", s[1]), PARSE_OK);
    want("alb_health", "error", "TimedOut");
    assert_int_equal(parse("alb_health", s[2]), PARSE_OK);
    want("alb_health", "target_addr", "arn:aws:lambda:eu-west-1:111122223333:function:shop");
    want("alb_health", "target_ip", NULL);
    want("alb_health", "ip_address", "10.0.0.4");
    assert_int_equal(parse("alb_health", "http 2025-12-02T03:04:05Z app/a/b 10.0.3.4:8080 x PASS"),
                     PARSE_BAD);
    assert_int_equal(rec.reason, REASON_SHAPE);
}

/* Pairs of key and value: keys that are ends of others, spoilt blanks, what only looks like a key.
 */
static void test_lambda_pairs(void **state)
{
    (void)state;
    assert_int_equal(parse("lambda",
                           "REPORT RequestId: a-1  Duration: 3.10 ms Billed Duration: 4 ms\t"
                           "Init Duration: 200.50 ms\tBilled Restore Duration: 7 ms\t"
                           "Restore Duration: 6.5 ms \tMax Memory Used: 64 MB\t"),
                     PARSE_OK);
    want("lambda", "RequestId", "a-1");
    want("lambda", "Duration", "3.10");
    want("lambda", "billed_duration", "4");
    want("lambda", "init_duration", "200.50");
    want("lambda", "billed_restore_duration", "7");
    want("lambda", "restore_duration", "6.5");
    want("lambda", "max_memory_used", "64");
    want("lambda", "memory_size", NULL);
    assert_int_equal(parse("lambda",
                           "INIT_START Runtime Version: python: 3.12\tRuntime Version ARN: "
                           "arn:aws:lambda:x::runtime:y"),
                     PARSE_OK);
    want("lambda", "runtime_version", "python: 3.12");
    want("lambda", "runtime_version_arn", "arn:aws:lambda:x::runtime:y");
    want("lambda", "Version", NULL);
    assert_int_equal(parse("lambda", "REPORT RequestId: a xDuration: 1 ms Duration: 2 ms Status:"),
                     PARSE_OK);
    want("lambda", "RequestId", "a");
    want("lambda", "Duration", "2");
    want("lambda", "Status", NULL);
    assert_int_equal(parse("lambda", "REPORT RequestId: a Phase: invoke"), PARSE_BAD);
}

/* Who is named in a line with a time of its own: the request, or nobody. */
static void test_lambda_request(void **state)
{
    static const char time[] = "2024-01-02T03:04:05.678Z",
                      id[] = "0a1b2c3d-0000-1111-2222-333344445555";
    static const struct {
        const char *line, *id, *level, *message; /* ~ is the time, @ the id */
    } t[] = {
        {"~\t@\tINFO\thello\tthere", id, "INFO", "hello\tthere"},
        {"~\tundefined\tERROR\tno module", NULL, "ERROR", "no module"},
        {"~ abc123 ERROR something broke", "abc123", "ERROR", "something broke"},
        {"~ @ something broke", id, NULL, "something broke"},
        {"~ INFO ready", NULL, "INFO", "ready"},
        {"~ once upon a time", NULL, NULL, "once upon a time"},
        {"[INFO]\t~\t@\tready", id, "INFO", "ready"},
        {"[INFO]\t~\t\tready to serve", NULL, "INFO", "ready to serve"},
        {"[INFO] ~ ready", NULL, "INFO", "ready"},
        {"~ @ Task timed out after 3.00 seconds", id, NULL, "Task timed out after 3.00 seconds"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct strbuf sb = STRBUF_INIT;

        for (const char *p = t[i].line; *p; p++)
            if (*p == '~' || *p == '@')
                strbuf_adds(&sb, *p == '~' ? time : id);
            else
                strbuf_addc(&sb, *p);
        assert_int_equal(parse("lambda", sb.buf), PARSE_OK);
        assert_int_equal(rec.ts, civil_to_us(2024, 1, 2, 3, 4, 5, 678000));
        want("lambda", "RequestId", t[i].id);
        want("lambda", "level", t[i].level);
        want("lambda", "message", t[i].message);
        strbuf_release(&sb);
    }
    assert_int_equal(parse("lambda", "[ERROR] KeyError: 'x'\rTraceback (most recent call last):"),
                     PARSE_OK);
    want("lambda", "level", "ERROR");
    want("lambda", "message", "KeyError: 'x'\rTraceback (most recent call last):");
    assert_int_equal(rec.ts, TIME_NONE);
    assert_int_equal(parse("lambda", "WARN: no cart"), PARSE_OK);
    want("lambda", "level", "WARN");
    want("lambda", "message", "no cart");
    assert_int_equal(parse("lambda", "[1] ERROR: none"), PARSE_OK);
    want("lambda", "level", NULL);
    want("lambda", "message", "[1] ERROR: none");
    assert_int_equal(parse("lambda",
                           "{\"time\":\"2024-01-02T03:04:05.678Z\",\"type\":\"platform.start\","
                           "\"record\":{\"requestId\":\"a\",\"tracing\":{\"value\":"
                           "\"Root=1-2-3;Parent=4;Sampled=1\"}},}"),
                     PARSE_OK);
    want("lambda", "trace_id", "1-2-3");
    want("lambda", "@type", "platform.start");
}

static void test_tgwflow(void **state)
{
    const char *const *s = type("tgwflow")->fmt->samples;

    (void)state;
    lay = NULL;
    assert_int_equal(parse("tgwflow", s[0]), PARSE_OK);
    assert_int_equal(rec.ts, 1700000000000000);
    want("tgwflow", "tgw-pair-attachment-id", "tgw-attach-02");
    want("tgwflow", "packets_lost_blackhole", "2");
    want("tgwflow", "pkt-dst-aws-service", "-");
    assert_int_equal(parse("tgwflow", s[1]), PARSE_OK);
    want("tgwflow", "log-status", "NODATA");
    assert_int_equal(parse("tgwflow", s[2]), PARSE_HEADER);
    assert_int_equal(parse("tgwflow", s[3]), PARSE_OK);
    want("tgwflow", "server_ip", "2001:db8::2");
    want("tgwflow", "packets-lost-no-route", "4");
    want("tgwflow", "srcport", NULL);
    assert_int_equal(parse("tgwflow", "6 tgw-01 10.0.0.1"), PARSE_BAD);
    assert_int_equal(rec.reason, REASON_SHORT);
    assert_int_equal(parse("tgwflow", "6 tgw-01 nobody 10.0.0.1 0 1 2 OK"), PARSE_BAD);
    assert_int_equal(rec.reason, REASON_SHAPE);
    lay = NULL;
    assert_int_equal(parse("tgwflow",
                           "a.log:6 TransitGateway 1 tgw-1 a - - - - - - - - - - - - - - - "
                           "- - - 1700000000 1700000060 NODATA"),
                     PARSE_BAD);
    assert_int_equal(rec.reason, REASON_SHAPE);
}

static void test_globalaccelerator(void **state)
{
    const char *const *s = type("globalaccelerator")->fmt->samples;

    (void)state;
    lay = NULL;
    assert_int_equal(parse("globalaccelerator", s[0]), PARSE_OK);
    assert_int_equal(rec.ts, 1700000000000000);
    want("globalaccelerator", "endpointip", "10.0.0.4");
    want("globalaccelerator", "agaregion", "LHR50-P2");
    want("globalaccelerator", "vpc_id", "vpc-01");
    want("globalaccelerator", "reject_reason", NULL);
    assert_int_equal(parse("globalaccelerator", s[1]), PARSE_OK);
    want("globalaccelerator", "client_ip", "2001:db8::9");
    want("globalaccelerator", "direction", "EGRESS");
    want("globalaccelerator", "vpc_id", NULL);
    assert_int_equal(parse("globalaccelerator", s[2]), PARSE_HEADER);
    assert_int_equal(parse("globalaccelerator", s[3]), PARSE_OK);
    want("globalaccelerator", "logstatus", "SKIPDATA");
    want("globalaccelerator", "error", "BPA");
    assert_int_equal(parse("globalaccelerator", s[0]), PARSE_OK); /* one value less than names */
    assert_int_equal(parse("globalaccelerator", "2.0 111122223333 0a1b 203.0.113.9 5"), PARSE_BAD);
    assert_int_equal(rec.reason, REASON_SHORT);
}

static void test_route53public(void **state)
{
    const char *const *s = type("route53public")->fmt->samples;

    (void)state;
    assert_int_equal(parse("route53public", s[0]), PARSE_OK);
    assert_int_equal(rec.ts, civil_to_us(2024, 5, 2, 3, 4, 5, 678000));
    want("route53public", "queryName", "www.example.com");
    want("route53public", "rcode", "NOERROR");
    want("route53public", "edns_client_subnet", "198.51.100.0/24");
    assert_int_equal(parse("route53public", s[1]), PARSE_OK);
    want("route53public", "client_ip", "2001:db8::9");
    want("route53public", "edge_location", "IAD12");
    /* the documentation's own sample has a word for the edge */
    assert_int_equal(parse("route53public",
                           "1.0 2017-12-13T08:16:02.130Z Z123412341234 example.com "
                           "A NOERROR UDP Region 192.168.1.1 -"),
                     PARSE_OK);
    assert_int_equal(parse("route53public", "1.0 2017-12-13T08:16:02.130Z x example.com A NOERROR"),
                     PARSE_BAD);
    assert_int_equal(rec.reason, REASON_SHAPE);
}

/* A full real-time record; what is odd about it must not matter: an agent that looks like a method,
 * a referer that looks like a scheme, dashes wherever there can be some. */
static const char *const rt_values[] = {
    "1714619047.250",
    "203.0.113.9",
    "192.0.2.80",
    "0.010",
    "502",
    "1234",
    "GET",
    "https",
    "shop.example.com",
    "/cart?item=7",
    "77",
    "LHR50-P2",
    "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCdEfGhIjKlMnOr==",
    "d1.cloudfront.net",
    "0.012",
    "HTTP/2.0",
    "IPv4",
    "GET",
    "https",
    "-",
    "item=7",
    "Error",
    "198.51.100.1,%20192.0.2.3",
    "TLSv1.3",
    "TLS_AES_128_GCM_SHA256",
    "Error",
    "-",
    "-",
    "-",
    "-",
    "-",
    "-",
    "50000",
    "OriginCommError",
    "US",
    "gzip",
    "*/*",
    "*",
    "host:x%0A",
    "host%0A",
    "1",
    "-",
    "-",
    "0.008",
    "0.009",
    "64500",
    "-",
    "-",
    "-",
    "-",
    "-",
    "-",
    "-",
    "-",
    "-",
    "-",
    "-",
    "-",
    "-",
    "-",
    "-",
    "-",
    "-",
    "-",
    "origin.example.com",
    "-",
    "-",
    "-",
    "0a1b2c",
    "-",
    "-",
    "surplus",
};

/* The line of the first n values without those of the list. */
static void rt_line(struct strbuf *out, unsigned n, const unsigned *without, unsigned n_without)
{
    strbuf_reset(out);
    for (unsigned i = 0; i < n; i++) {
        bool leave_out = false;

        for (unsigned k = 0; k < n_without; k++)
            leave_out |= without[k] == i;
        if (!leave_out)
            strbuf_addf(out, "%s%s", out->len ? "\t" : "", rt_values[i]);
    }
}

/* Without a header the fields are found, whichever were chosen. */
/* From the edge location of whichever type has one. */
static void test_edges(void **state)
{
    static const struct {
        const char *edge, *iata, *city;
    } t[] = {
        {"LHR50-P1", "LHR", "London"}, {"YTO50", "YTO", "Toronto"}, {"QQQ1-C12", "QQQ", NULL},
        {"LHR", NULL, NULL},           {"Lhr50", NULL, NULL},       {"-", NULL, NULL},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_LEN(t); i++) {
        struct strbuf sb = STRBUF_INIT;

        lay = NULL;
        strbuf_addf(&sb, "1.0 2024-01-02T03:04:05Z Z1 example.com A NOERROR UDP %s 192.0.2.1 -",
                    t[i].edge);
        parse("route53public", sb.buf);
        want_derived("route53public", "edge_iata", t[i].iata);
        want_derived("route53public", "edge_city", t[i].city);
        strbuf_reset(&sb);
        strbuf_addf(&sb, "{\"x-edge-location\":\"%s\"}", t[i].edge);
        assert_int_equal(parse("cloudfront", sb.buf), PARSE_OK);
        want_derived("cloudfront", "edge_iata", t[i].iata);
        want_derived("cloudfront", "city", t[i].city);
        strbuf_release(&sb);
    }
    assert_true(logtype_lookup(type("cloudfront_rt"), SL("edge_iata")) >= 0);
    assert_true(logtype_lookup(type("globalaccelerator"), SL("edge_iata")) >= 0);
}

static void test_cloudfront_rt(void **state)
{
    static const unsigned server[] = {2}, some[] = {2, 7, 10, 12, 13, 15, 16};
    static const struct {
        unsigned n;
        const unsigned *without;
        unsigned n_without;
    } choice[] = {
        {46, NULL, 0},   {46, server, 1}, {69, NULL, 0},
        {71, NULL, 0},   {40, NULL, 0},   {40, server, 1},
        {41, server, 1}, {71, server, 1}, {46, some, ARRAY_LEN(some)},
    };
    struct strbuf line = STRBUF_INIT;

    (void)state;
    for (unsigned i = 0; i < ARRAY_LEN(choice); i++) {
        lay = NULL;
        rt_line(&line, choice[i].n, choice[i].without, choice[i].n_without);
        assert_int_equal(parse("cloudfront_rt", line.buf), PARSE_OK);
        assert_int_equal(lay->n, choice[i].n - choice[i].n_without);
        assert_int_equal(rec.ts, 1714619047250000);
        want("cloudfront_rt", "c-ip", "203.0.113.9");
        want("cloudfront_rt", "s-ip", choice[i].without ? NULL : "192.0.2.80");
        want("cloudfront_rt", "status", "502");
        want("cloudfront_rt", "cs-uri-stem", "/cart?item=7");
        want("cloudfront_rt", "path", "/cart");
        want("cloudfront_rt", "query", "item=7");
        want("cloudfront_rt", "x-edge-location", "LHR50-P2");
        want("cloudfront_rt", "cs-user-agent", "GET");
        want("cloudfront_rt", "x-edge-result-type", "Error");
        want("cloudfront_rt", "error", "OriginCommError");
        want("cloudfront_rt", "c-country", "US");
        if (choice[i].n >= 46) {
            want("cloudfront_rt", "cs-headers-count", "1");
            want("cloudfront_rt", "asn", "64500");
        }
        if (choice[i].n >= 69)
            want("cloudfront_rt", "connection-id", "0a1b2c");
    }
    strbuf_release(&line);
}

#define RT_FEW "1714619047.250\t203.0.113.9\t200\tGET\t/cart\tLHR50-P2\t0.012\tcurl/8\t"

static void test_cloudfront_rt_edges(void **state)
{
    struct strbuf line = STRBUF_INIT;
    const struct layout *first;

    (void)state;
    lay = NULL;
    rt_line(&line, ARRAY_LEN(rt_values), NULL, 0);
    assert_int_equal(parse("cloudfront_rt", line.buf), PARSE_OK);
    want("cloudfront_rt", "viewer-response-log-data", "-");
    want("cloudfront_rt", "extra_1", "surplus");
    /* the order stays that of the file when one value is odd */
    first = lay;
    line.buf[strlen("1714619047.250\t")] = 'x';
    assert_int_equal(parse("cloudfront_rt", line.buf), PARSE_OK);
    assert_ptr_equal(lay, first);
    want("cloudfront_rt", "c-ip", "x03.0.113.9");
    /* a line that says less is read as those before it */
    lay = NULL;
    assert_int_equal(parse("cloudfront_rt", RT_FEW "Hit\tUS"), PARSE_OK);
    want("cloudfront_rt", "c-country", "US");
    first = lay;
    lay = NULL;
    assert_int_equal(parse("cloudfront_rt", RT_FEW "-\t-"), PARSE_OK);
    assert_ptr_equal(lay, first);
    /* a TAB at the end is no field more */
    lay = NULL;
    rt_line(&line, 46, NULL, 0);
    strbuf_addc(&line, '\t');
    assert_int_equal(parse("cloudfront_rt", line.buf), PARSE_OK);
    assert_int_equal(lay->n, 46);
    lay = NULL;
    assert_int_equal(parse("cloudfront_rt", "1714619047.250"), PARSE_BAD);
    assert_int_equal(rec.reason, REASON_SHAPE);
    assert_int_equal(parse("cloudfront_rt", "1714619047.250\tone\ttwo"), PARSE_BAD);
    assert_int_equal(rec.reason, REASON_HEADER);
    strbuf_release(&line);
}

static void test_text(void **state)
{
    (void)state;
    assert_int_equal(parse("text", "2024-01-02T03:04:05Z hello"), PARSE_BAD);
    assert_int_equal(rec.reason, REASON_TYPE);
    assert_int_equal(rec.ts, civil_to_us(2024, 1, 2, 3, 4, 5, 0));
    assert_int_equal(parse("text", "2024-01-02 03:04:05.5 hello"), PARSE_BAD);
    assert_int_equal(rec.ts, civil_to_us(2024, 1, 2, 3, 4, 5, 500000));
    assert_int_equal(parse("text", "10.0.0.1 - - [02/Jan/2024:03:04:05 +0000] \"GET /\""),
                     PARSE_BAD);
    assert_int_equal(rec.ts, civil_to_us(2024, 1, 2, 3, 4, 5, 0));
    assert_int_equal(parse("text", ""), PARSE_BAD);
    assert_true(rec.ts == TIME_NONE);
    assert_int_equal(parse("text", "Enable AccessLog for ELB: app/a/b at 2024"), PARSE_BAD);
    assert_int_equal(rec.reason, REASON_SKIP);
}

static void test_detect(void **state)
{
    (void)state;
    for (unsigned id = 0; id < logtype_count(); id++) {
        const struct format *f = logtype_get(id)->fmt;
        struct strbuf head = STRBUF_INIT;

        if (strcmp(f->name, "cwlogs") == 0)
            continue; /* is never detected: what is in a container falls back on it */
        for (const char *const *s = f->samples; *s; s++) {
            strbuf_addf(&head, "%s\n", *s);
            if (strcmp(f->name, "apigw") == 0) /* each in a form of its own */
                want_type("", *s, f->name);
        }
        if (strcmp(f->name, "apigw") != 0)
            want_type("", head.buf ? head.buf : "", f->name);
        strbuf_release(&head);
    }
    want_type("", "{\"Records\":[]}", "json");
    want_type("", "hello\nworld\n", "text");
    want_type("", "#Version: 1.0\n#Fields: date time x-edge-location\n", "cloudfront");
    want_type(
        "",
        "2016-04-05T06:07:11Z front 192.0.2.1:1 - 0 0 0 200 200 0 1 \"- - - \" \"a\nb\nc\" - -\n",
        "clb");
    want_type("x/1_elasticloadbalancing_eu-west-1_app.a.b_20240101T0000Z_1.2.3.4_r.log.gz", "",
              "alb");
    want_type("x/1_elasticloadbalancing_eu-west-1_net.a.b_20240101T0000Z_r.log.gz", "", "nlb");
    want_type("x/1_elasticloadbalancing_eu-west-1_name_20240101T0000Z_1.2.3.4_r.log", "", "clb");
    want_type("x/ELBAccessLogTestFile", "Enable AccessLog for ELB: app/a/b at 2024-01-01", "text");
}

/* Without a header: every generation of the legacy log, told by its first columns. */
static void test_cloudfront_generations(void **state)
{
    static const char *const value[] = {"2013-06-07",
                                        "08:09:10",
                                        "LHR5",
                                        "99",
                                        "203.0.113.2",
                                        "GET",
                                        "d0example.cloudfront.net",
                                        "/a",
                                        "200",
                                        "-",
                                        "-",
                                        "-",
                                        "-",
                                        "Hit",
                                        "id==",
                                        "www.example.com",
                                        "https",
                                        "12",
                                        "0.034",
                                        "-",
                                        "TLSv1.2",
                                        "AES128",
                                        "Hit",
                                        "HTTP/1.1",
                                        "-",
                                        "-",
                                        "50000",
                                        "0.012",
                                        "Hit",
                                        "text/html",
                                        "7",
                                        "-",
                                        "-",
                                        "later"};
    static const unsigned count[] = {12, 15, 18, 19, 23, 24, 26, 33, 34};
    struct strbuf line = STRBUF_INIT;

    (void)state;
    for (unsigned i = 0; i < ARRAY_LEN(count); i++) {
        lay = NULL;
        strbuf_reset(&line);
        for (unsigned k = 0; k < count[i]; k++)
            strbuf_addf(&line, "%s%s", k ? "\t" : "", value[k]);
        want_type("", line.buf, "cloudfront");
        assert_int_equal(parse("cloudfront", line.buf), PARSE_OK);
        want("cloudfront", "status", "200");
        want("cloudfront", "time-taken", count[i] >= 19 ? "0.034" : NULL);
        want("cloudfront", "sc-range-end", count[i] >= 33 ? "-" : NULL);
        want("cloudfront", "extra_1", count[i] >= 34 ? "later" : NULL);
    }
    lay = NULL;
    assert_int_equal(parse("cloudfront", "2013-06-07\t08:09:10\ta\tb\tc\td\te\tf\tg\th\ti\tj"),
                     PARSE_BAD);
    assert_int_equal(rec.reason, REASON_SHAPE);
    strbuf_release(&line);
}

#define ELB "AWSLogs/111122223333/elasticloadbalancing/eu-west-1/2025/12/02/"
#define ELB_APP                                                                                    \
    "111122223333_elasticloadbalancing_eu-west-1_app.shop.0a1b_20251202T0305Z_192.0.2.1_x"
#define FLOW "AWSLogs/111122223333/vpcflowlogs/eu-west-1/2025/12/02/"

/* The logs of one load balancer lie side by side, and begin alike. */
static int score_of(unsigned id, const char *sample, const char **name)
{
    struct strbuf head = STRBUF_INIT;
    struct probe p = {.path = SL("")};
    struct logtype *lt;
    int score;

    /* half of the lines are of another type, for scores between */
    strbuf_addf(&head, "%s\n%s\n", sample,
                logtype_get((id + 1) % logtype_count())->fmt->samples[0]);
    p.head = strbuf_slice(&head);
    lt = best_type(&p, &score);
    *name = lt ? lt->fmt->name : "none";
    strbuf_release(&head);
    return score;
}

/* What fits does not depend on what was asked before. */
static void test_detect_in_any_order(void **state)
{
    const char *found[256], *name;
    int score[256];
    unsigned n = 0;

    (void)state;
    for (unsigned id = 0; id < logtype_count(); id++)
        for (const char *const *s = logtype_get(id)->fmt->samples; *s && n < 256; s++, n++)
            score[n] = score_of(id, *s, &found[n]);
    for (unsigned id = logtype_count(); id-- > 0;) {
        const char *const *s = logtype_get(id)->fmt->samples;
        unsigned of_type = 0;

        while (s[of_type])
            of_type++;
        while (of_type-- > 0) {
            assert_int_equal(score_of(id, s[of_type], &name), score[--n]);
            assert_string_equal(name, found[n]);
        }
    }
    assert_int_equal(n, 0);
}

static void test_detect_balancers(void **state)
{
    static const struct {
        const char *path, *name;
    } file[] = {
        {ELB ELB_APP ".log.gz", "alb"},
        {ELB "conn_log_" ELB_APP ".log.gz", "alb_conn"},
        {ELB "health_check_log_" ELB_APP ".log.gz", "alb_health"},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_LEN(file); i++) {
        want_type(file[i].path, "", file[i].name);
        for (unsigned k = 0; k < ARRAY_LEN(file); k++)
            for (const char *const *s = type(file[k].name)->fmt->samples; *s; s++)
                want_type(file[i].path, *s, file[k].name); /* the content counts for more */
    }
}

/* Folder and file name are the same for both kinds of flow logs. */
static void test_detect_flows(void **state)
{
    static const char path[] =
        FLOW "111122223333_vpcflowlogs_eu-west-1_fl-01_20251202T0305Z_0a.log";

    (void)state;
    want_type(path, type("tgwflow")->fmt->samples[0], "tgwflow");
    want_type(path, type("tgwflow")->fmt->samples[1], "tgwflow");
    want_type(path, "version resource-type packets-lost-no-route srcaddr start\n", "tgwflow");
    want_type(path, "version tgw_src_vpc_id srcaddr start\n", "tgwflow");
    want_type(path, "version interface-type srcaddr start resource-id\n", "vpcflow");
    want_type(path, type("vpcflow")->fmt->samples[0], "vpcflow");
}

/* No sample of a type looks like another one. */
static void test_detect_headers(void **state)
{
    (void)state;
    want_type("x", "#Version: 1.0\n#Fields: time elb client_port request_line\n", "alb");
    want_type("x", "#Fields: time elb listener client_port tls_cipher\n", "nlb");
    want_type("x", "#Fields: timestamp client_ip tls_verify_status conn_trace_id\n", "alb_conn");
    want_type("x", "#Fields: time target_addr status reason_code latency\n", "alb_health");
    want_type("x", "#Fields: date time x-edge-location cs-method x-new\n", "cloudfront");
    want_type("x", "#Fields: version srcaddr dstaddr action\n", "vpcflow");
    want_type("x", "{\"timestamp(ms)\":\"1731620046814\",\"cs-uri-stem\":\"/a\"}\n", "cloudfront");
    want_type("x", "{\"schema_version_id\":\"1.0\",\"bucket_arn\":\"a\",\"key_name\":\"k\"}\n",
              "s3access");
    want_type("x",
              "{\"time\":\"-\",\"client_port\":\"192.0.2.1:4\",\"target_status_code\":\"2\"}\n",
              "alb");
    want_type("x", "{\"matched_rule_priority\":\"1\",\"actions_executed\":\"forward\"}\n", "alb");
    want_type("x", "{\"elb\":\"app/a/1\",\"user_agent\":\"curl\"}\n", "alb");
    want_type("x", "{\"elb\":\"net/a/1\",\"client_port\":\"4\",\"tls_handshake_time\":\"2\"}\n",
              "nlb");
    want_type("x", "{\"user_agent\":\"curl\",\"trace_id\":\"1\",\"client_port\":\"4\"}\n", "json");
    want_type("x", "#Version: 1.0\n#Fields: version srcaddr dstaddr action\n", "vpcflow");
    want_type("x", "#Version: 2\n\nversion srcaddr dstaddr action\n", "vpcflow");
    want_type("x", "#Version: 1.0\n#Fields: version tgw-id srcaddr\n", "tgwflow");
    want_type("x", "#Version: 1.0\n#Fields: accelerator_id client_ip\n", "globalaccelerator");
    want_type("x", "#Fields: of nothing that is known\n", "text");
}

static void test_detect_alone(void **state)
{
    static const char *const names[] = {"alb_conn", "alb_health", "globalaccelerator",
                                        "route53public", "cloudfront_rt"};

    (void)state;
    for (unsigned i = 0; i < ARRAY_LEN(names); i++)
        for (const char *const *s = type(names[i])->fmt->samples; *s; s++)
            want_type("", *s, names[i]);
}

static void test_lookup(void **state)
{
    struct logtype *vpc = type("vpcflow"), *s3 = type("s3access"), *clb = type("clb");
    int start = logtype_field(vpc, SL("start"), false);

    (void)state;
    assert_int_equal(logtype_lookup(vpc, SL("startTime")), start);
    assert_int_equal(logtype_lookup(vpc, SL("LogStatus")),
                     logtype_field(vpc, SL("log-status"), false));
    assert_int_equal(logtype_lookup(vpc, SL("client_ip")),
                     logtype_field(vpc, SL("srcaddr"), false));
    assert_int_equal(logtype_lookup(s3, SL("Bucket Owner")), 0);
    assert_int_equal(logtype_lookup(clb, SL("clientPort")),
                     logtype_field(clb, SL("client_port"), false));
    assert_int_equal(logtype_lookup(vpc, SL("nothing")), -1);
    assert_int_equal(logtype_role(vpc, FR_STATUS), -1);
    assert_string_equal(field_role_name(FR_USER_AGENT), "user_agent");
}

static void test_layouts(void **state)
{
    struct logtype *lt = type("vpcflow");
    const uint16_t a[] = {1, 2, 3}, b[] = {1, 2};
    const struct layout *x = layout_intern(lt, a, 3);

    (void)state;
    assert_ptr_equal(layout_intern(lt, a, 3), x);
    assert_ptr_not_equal(layout_intern(lt, b, 2), x);
    assert_ptr_equal(layout_by_id(x->id), x);
    assert_null(layout_by_id(UINT_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples),
        cmocka_unit_test(test_cut_samples),
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_alb),
        cmocka_unit_test(test_alb_edges),
        cmocka_unit_test(test_elb_dashes),
        cmocka_unit_test(test_elb_cut_agents),
        cmocka_unit_test(test_elb_keyed),
        cmocka_unit_test(test_elb_named),
        cmocka_unit_test(test_url_fields),
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_alb_conn),
        cmocka_unit_test(test_alb_health),
        cmocka_unit_test(test_lambda_pairs),
        cmocka_unit_test(test_lambda_request),
        cmocka_unit_test(test_clb),
        cmocka_unit_test(test_nlb),
        cmocka_unit_test(test_cloudtrail_principal),
        cmocka_unit_test(test_cloudtrail_category),
        cmocka_unit_test(test_apigw),
        cmocka_unit_test(test_lambda_edge),
        cmocka_unit_test(test_cloudfront),
        cmocka_unit_test(test_cloudfront_connection),
        cmocka_unit_test(test_cloudfront_generations),
        cmocka_unit_test(test_edges),
        cmocka_unit_test(test_cloudfront_rt),
        cmocka_unit_test(test_cloudfront_rt_edges),
        cmocka_unit_test(test_vpcflow),
        cmocka_unit_test(test_tgwflow),
        cmocka_unit_test(test_globalaccelerator),
        cmocka_unit_test(test_route53public),
        cmocka_unit_test(test_s3access),
        cmocka_unit_test(test_s3access_quotes),
        cmocka_unit_test(test_cut_events),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_detect),
        cmocka_unit_test(test_detect_in_any_order),
        cmocka_unit_test(test_detect_balancers),
        cmocka_unit_test(test_detect_flows),
        cmocka_unit_test(test_detect_headers),
        cmocka_unit_test(test_detect_alone),
        cmocka_unit_test(test_lookup),
        cmocka_unit_test(test_layouts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
