/* Records cut out of containers: what they are, wherever chunks end, and what is inside them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "detect.h"
#include "xalloc.h"

struct want {
    const char *name, *text;
    enum frame_kind kind;
    const char *payload[6]; /* of the records; "#" is a header */
};

#define CW(stream, ...)                                                                            \
    "{\"messageType\":\"DATA_MESSAGE\",\"owner\":\"1\",\"logGroup\":\"g\",\"logStream\":\"" stream \
    "\",\"subscriptionFilters\":[],\"logEvents\":[" __VA_ARGS__ "]}"
#define EVENT(ms, text) "{\"id\":\"1\",\"timestamp\":" ms ",\"message\":\"" text "\"}"

static const struct want wants[] = {
    {"records of a trail",
     "{\"Records\":[{\"a\":1},{\"a\":[{}]}\n ]}\n",
     FRAME_JSON,
     {"{\"a\":1}", "{\"a\":[{}]}"}},
    {"an empty trail", "{\"Records\":[]}", FRAME_JSON, {NULL}},
    {"members around the array",
     "{\"v\":{\"x\":[1]},\"Records\":[{\"a\":1}],\"next\":\"]}\"}{\"b\":2}",
     FRAME_JSON,
     {"{\"a\":1}", "{\"b\":2}"}},
    {"documents, nothing between",
     "{\"a\":1}{\"a\":2}{\"a\":3}",
     FRAME_JSON,
     {"{\"a\":1}", "{\"a\":2}", "{\"a\":3}"}},
    {"documents in lines", "{\"a\":1}\r\n\n{\"a\":2}\n", FRAME_JSON, {"{\"a\":1}", "{\"a\":2}"}},
    {"an array of documents",
     "[\n {\"a\":1},\n {\"a\":2}\n]\n",
     FRAME_JSON,
     {"{\"a\":1}", "{\"a\":2}"}},
    {"printed over lines",
     "\n{\n  \"a\": [\n{\n\"b\": 1\n},\n{ }\n]\n}\n{\"c\":1}",
     FRAME_JSON,
     {"{\n  \"a\": [\n{\n\"b\": 1\n},\n{ }\n]\n}", "{\"c\":1}"}},
    {"a cut document",
     "{\"a\":1}\n{\"a\":\"cut off\n{\"a\":3}\n",
     FRAME_JSON,
     {"{\"a\":1}", "{\"a\":\"cut off", "{\"a\":3}"}},
    {"a cut element",
     "{\"Records\":[{\"a\":1},{\"a\":{\"b\":2\n{\"Records\":[{\"a\":3}]}",
     FRAME_JSON,
     {"{\"a\":1}", "{\"a\":{\"b\":2", "{\"a\":3}"}},
    {"rubbish between",
     "{\"a\":1}xyz\n{\"a\":2} tail",
     FRAME_JSON,
     {"{\"a\":1}", "xyz", "{\"a\":2}", "tail"}},
    {"the end is missing",
     "{\"a\":1}\n{\"a\":{\"b\":1}",
     FRAME_JSON,
     {"{\"a\":1}", "{\"a\":{\"b\":1}"}},
    {"a subscription",
     CW("s", EVENT("1432826855000", "one\\ntwo")) CW("t", EVENT("2", "x")),
     FRAME_JSON,
     {"one\ntwo", "x"}},
    {"a probe of the service",
     "{\"messageType\":\"CONTROL_MESSAGE\",\"logGroup\":\"\",\"logEvents\":[{\"message\":\"CWL\"}]"
     "}" CW("s", EVENT("1", "m")),
     FRAME_JSON,
     {"#", "m"}},
    {"filter-log-events",
     "{\n \"events\": [\n  {\n   \"logStreamName\": \"s\", \"timestamp\": 1, \"message\": \"m1\"\n "
     " },\n"
     "  {\"timestamp\": 2, \"message\": \"m2\"}\n ],\n \"searchedLogStreams\": []\n}\n",
     FRAME_JSON,
     {"m1", "m2"}},
    {"an application's events",
     "{\"events\":[1,2],\"a\":1}",
     FRAME_JSON,
     {"{\"events\":[1,2],\"a\":1}"}},
    {"an event bus",
     "{\"version\":\"0\",\"detail-type\":\"x\",\"detail\":{\"a\":1}}",
     FRAME_JSON,
     {"{\"a\":1}"}},
    {"a subscription with its keys sorted",
     "{\"logEvents\":[{\"id\":\"1\",\"message\":\"m\",\"timestamp\":1704164645678}],\"logGroup\":"
     "\"g\","
     "\"logStream\":\"s\",\"messageType\":\"DATA_MESSAGE\"}"
     "{\"logEvents\":[{\"id\":\"2\",\"message\":\"probe\",\"timestamp\":1}],\"messageType\":"
     "\"CONTROL_MESSAGE\"}",
     FRAME_JSON,
     {"m", "#"}},
    {"events of another kind",
     "{\"logEvents\":[1,2],\"a\":1}",
     FRAME_JSON,
     {"{\"logEvents\":[1,2],\"a\":1}"}},
    {"what a rule sent to a log group",
     "2024-01-02T03:04:05.678Z {\"version\":\"0\",\"id\":\"1\",\"detail-type\":\"t\",\"detail\":"
     "{\"eventVersion\":\"1.08\",\"eventName\":\"x\"}}\n"
     "2024-01-02T03:04:06.678Z {\"version\":\"0\",\"detail\":{\"a\":1}}\n",
     FRAME_EXPORT,
     {"{\"eventVersion\":\"1.08\",\"eventName\":\"x\"}",
      "{\"version\":\"0\",\"detail\":{\"a\":1}}"}},
    {"lookup-events",
     "{\"Events\":[{\"EventId\":\"1\",\"CloudTrailEvent\":\"{\\\"a\\\":1}\"}]}",
     FRAME_JSON,
     {"{\"a\":1}"}},
    {"query results",
     "{\"results\":[[{\"field\":\"@timestamp\",\"value\":\"2024-01-02 03:04:05.678\"},"
     "{\"field\":\"@message\",\"value\":\"m\"}]],\"status\":\"Complete\"}",
     FRAME_JSON,
     {"m"}},
    {"an Insights export",
     "[{\"@timestamp\":\"2024-01-02 03:04:05.678\",\"@message\":{\"a\":1}}]",
     FRAME_JSON,
     {"{\"a\":1}"}},
    {"kinds of documents by turns",
     "{\"a\":1}\n{\"message\":\"m\"}\n{\"b\":1}\n{\"c\":1}\n{\"d\":1}\n{\"message\":\"n\"}",
     FRAME_JSON,
     {"{\"a\":1}", "m", "{\"b\":1}", "{\"c\":1}", "{\"d\":1}", "n"}},
    {"a wrapper that starts as documents do",
     "{\"a\":1}{\"b\":1}{\"Records\":[{\"a\":2}]}{\"b\":{}}",
     FRAME_JSON,
     {"{\"a\":1}", "{\"b\":1}", "{\"a\":2}", "{\"b\":{}}"}},
    {"only a message", "{\"message\":\"m\"}\n{\"message\":\"n\"}", FRAME_JSON, {"m", "n"}},
    {"an export task",
     "2024-01-02T03:04:05.678Z first\nmore\n\nof it\n2024-01-02T03:04:06.000Z \n"
     "2024-01-02T03:04:07.000Z 2024-01-02T03:04:07.000Z twice\n",
     FRAME_EXPORT,
     {"first\nmore\n\nof it", "", "2024-01-02T03:04:07.000Z twice"}},
    {"tail",
     "2024-01-02T03:04:05.678000+00:00 2024/01/02/[$LATEST]abc m1\n  cont\n"
     "\x1b[32m2024-01-02T03:04:05.678000+00:00\x1b[0m \x1b[33mstream\x1b[0m m2\n",
     FRAME_TAIL,
     {"m1\n  cont", "m2"}},
    {"sam logs",
     "2024/01/02/[1]abc 2024-01-02T03:04:05.678000 m1\n2024/01/02/[1]abc "
     "2024-01-02T03:04:06.678000 m2",
     FRAME_SAM,
     {"m1", "m2"}},
    {"tail as JSON",
     "2024-01-02T03:04:05.678000+00:00 s \n{\n  \"a\": 1\n}\n"
     "2024-01-02T03:04:06.678000+00:00 s {\n  \"b\": 2\n}\n2024-01-02T03:04:07+00:00 s text\n"
     "2024-01-02T03:04:08.678000+00:00 s\n{\n    \"c\": 3\n}\n",
     FRAME_TAIL,
     {"{\n  \"a\": 1\n}", "{\n  \"b\": 2\n}", "text", "{\n    \"c\": 3\n}"}},
    {"filter-log-events as text",
     "EVENTS\t37001\t1704164645700\ts\tone\ttwo\n\t1704164645678\n"
     "EVENTS\t37002\t1704164645700\ts\ta\n  b\t1704164645679\n"
     "EVENTS\tis how this line begins\nSEARCHEDLOGSTREAMS\tTrue\ts\n",
     FRAME_EVENTS,
     {"one\ttwo", "a\n  b", "#"}},
    {"get-log-events as text",
     "b/1\tf/2\nEVENTS\t1704164645700\tm1\t1704164645678\nEVENTS\t1704164645700\t\t1704164645679"
     "\nEVENTS\t1704164645700\tcut off",
     FRAME_EVENTS,
     {"#", "m1", "", "cut off"}},
    {"times and messages of a query",
     "1704164645678\tm1\n\tmore\n1704164645679\tm2\n",
     FRAME_EVENTS,
     {"m1\n\tmore", "m2"}},
    {"an execution log",
     "(01234567-89ab-cdef-0123-456789abcdef) Method request body: {\n  \"a\": 1\n\n}\n"
     "(01234567-89ab-cdef-0123-456789abcdef) Method completed with status: 200\n",
     FRAME_EXEC,
     {"(01234567-89ab-cdef-0123-456789abcdef) Method request body: {\n  \"a\": 1\n\n}",
      "(01234567-89ab-cdef-0123-456789abcdef) Method completed with status: 200"}},
    {"a test in the console",
     "Execution log for request test-1\nThu Aug 31 01:07:25 UTC 2017 : Endpoint response body: "
     "<a>\n"
     "</a>\nThu Aug 31 01:07:26 UTC 2017 : Successfully completed execution\n",
     FRAME_EXEC,
     {"Execution log for request test-1",
      "Thu Aug 31 01:07:25 UTC 2017 : Endpoint response body: <a>\n</a>",
      "Thu Aug 31 01:07:26 UTC 2017 : Successfully completed execution"}},
    {"a CSV export",
     "@timestamp,@message\n2024-01-02 03:04:05.678,\"a \"\"b\"\",\nc\"\n2024-01-02 "
     "03:04:06.678,d\n",
     FRAME_CSV,
     {"#", "a \"b\",\nc", "d"}},
};

/* All records of a text that comes in pieces of `step` bytes, with absolute offsets. */
static void cut_in_steps(struct slice text, struct splitter s, size_t step, struct events *all)
{
    struct events some = {0};
    size_t from = 0, to = 0;

    all->n = 0;
    while (to < text.len || from < text.len) {
        bool last;
        size_t done;

        to = MIN(to + step, text.len);
        last = to == text.len;
        done = split_records(&s, slice_of(text.ptr + from, to - from), last, &some);
        assert_true(done <= to - from);
        assert_true(!last || done == to - from);
        for (size_t i = 0; i < some.n; i++) {
            GROW(all->item, all->cap, all->n + 1);
            all->item[all->n] = some.item[i];
            all->item[all->n++].off += (uint32_t)from;
        }
        from += done;
    }
    free(some.item);
}

static void check_payloads(const struct want *w, const struct events *got)
{
    struct arena mem = {0};

    for (size_t i = 0; i < got->n; i++) {
        const struct event *e = &got->item[i];
        struct slice payload;
        struct unwrapped u;

        assert_true(i < ARRAY_LEN(w->payload) && w->payload[i]);
        frame_unwrap(frame_by_id(e->frame), slice_of(w->text + e->off, e->len), &mem, &u);
        payload = e->header ? SL("#") : u.payload;
        if (!slice_is(payload, w->payload[i]))
            fail_msg("%s: record %zu is '%.*s'", w->name, i, SLICE_ARG(payload));
    }
    assert_true(got->n == ARRAY_LEN(w->payload) || !w->payload[got->n]);
    arena_release(&mem);
}

static void containers(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ARRAY_LEN(wants); i++) {
        const struct want *w = &wants[i];
        struct slice text = slice_str(w->text);
        struct strbuf why = STRBUF_INIT;
        struct events whole = {0}, steps = {0};
        struct splitter s;

        assert_non_null(detect_content(SL(""), text, true, &s, &why));
        if (s.kind != w->kind)
            fail_msg("%s: taken for kind %d: %s", w->name, (int)s.kind, why.buf);
        cut_in_steps(text, s, text.len, &whole);
        check_payloads(w, &whole);
        for (size_t step = 1; step < text.len; step++) {
            cut_in_steps(text, s, step, &steps);
            assert_int_equal(steps.n, whole.n);
            for (size_t k = 0; k < whole.n; k++) {
                assert_int_equal(steps.item[k].off, whole.item[k].off);
                assert_int_equal(steps.item[k].len, whole.item[k].len);
                assert_int_equal(steps.item[k].frame, whole.item[k].frame);
            }
        }
        strbuf_release(&why);
        free(whole.item);
        free(steps.item);
    }
}

static struct unwrapped inside(const char *text, struct arena *mem)
{
    struct strbuf why = STRBUF_INIT;
    struct events events = {0};
    struct unwrapped u;
    struct splitter s;

    detect_content(SL("x/01234567-89ab-cdef-0123-456789abcdef/my-stream/000000.gz"),
                   slice_str(text), true, &s, &why);
    split_records(&s, slice_str(text), true, &events);
    assert_true(events.n > 0);
    frame_unwrap(frame_by_id(events.item[0].frame),
                 slice_of(text + events.item[0].off, events.item[0].len), mem, &u);
    strbuf_release(&why);
    free(events.item);
    return u;
}

static void names_and_times(void **state)
{
    struct arena mem = {0};
    struct unwrapped u = inside(CW("st", EVENT("1432826855000", "m")), &mem);

    (void)state;
    assert_int_equal(u.ts, INT64_C(1432826855000000));
    assert_true(slice_is(u.stream, "st"));
    assert_true(slice_is(u.group, "g"));
    u = inside("2024-01-02T03:04:05.678Z m\n", &mem);
    assert_int_equal(u.ts, INT64_C(1704164645678000));
    assert_true(slice_is(u.stream, "my-stream"));
    u = inside("2024-01-02T03:04:05.678000+00:00 the/[$LATEST]stream m\n", &mem);
    assert_int_equal(u.ts, INT64_C(1704164645678000));
    assert_true(slice_is(u.stream, "the/[$LATEST]stream"));
    u = inside("EVENTS\t37001\t1704164645700\tst\tm\n\t1704164645678\n", &mem);
    assert_int_equal(u.ts, INT64_C(1704164645678000));
    assert_true(slice_is(u.stream, "st"));
    arena_release(&mem);
}

/* Records of a document have its line and their place in it; all others a line of their own. */
static void lines_and_places(void **state)
{
    static const char text[] =
        "{\"a\":1}\n\n{\"Records\":[\n{\"b\":1},\n{\"b\":2}\n]}\n{\"a\":2}\n";
    static const struct {
        uint32_t line;
        uint64_t document;
    } want[] = {{0, 0}, {0, 3}, {1, 3}, {6, 0}};
    struct strbuf why = STRBUF_INIT;
    struct events e = {0};
    struct splitter s;

    (void)state;
    detect_content(SL(""), slice_str(text), true, &s, &why);
    split_records(&s, slice_str(text), true, &e);
    assert_int_equal(e.n, ARRAY_LEN(want));
    for (size_t i = 0; i < e.n; i++) {
        assert_int_equal(e.item[i].line, want[i].line);
        assert_int_equal(e.item[i].document, want[i].document);
    }
    assert_int_equal(e.lines, 7);
    strbuf_release(&why);
    free(e.item);
}

/* A line of a flow log is one, whatever it came in. */
static void inner_types(void **state)
{
#define FLOW                                                                                       \
    "2 123456789010 eni-1 10.0.0.1 10.0.0.2 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK"
    static const char *const texts[] = {
        FLOW "\n",
        "2024-01-02T03:04:05.678Z " FLOW "\n",
        "2024-01-02T03:04:05.678000+00:00 eni-1-all " FLOW "\n",
        CW("eni-1-all", EVENT("1", FLOW)),
        "{\"message\":\"" FLOW "\"}",
        "EVENTS\t37001\t1704164645700\teni-1-all\t" FLOW "\t1704164645678\n",
        "b/1\tf/2\nEVENTS\t1704164645700\t" FLOW "\t1704164645678\n",
        "1704164645678\t" FLOW "\n",
        "dir/file.log:" FLOW "\n",
        "dir/file.log:17:" FLOW "\n",
        "Jan  2 03:04:05 host prog[1]: " FLOW "\n",
        "@timestamp,@message\n2024-01-02 03:04:05.678," FLOW "\n",
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_LEN(texts); i++) {
        struct strbuf why = STRBUF_INIT;
        struct splitter s;
        struct logtype *lt = detect_content(SL(""), slice_str(texts[i]), true, &s, &why);

        if (strcmp(lt->fmt->name, "vpcflow") != 0)
            fail_msg("%s: %s", texts[i], why.buf);
        strbuf_release(&why);
    }
}

/* Objects of an application among texts make nobody's log of it. */
static void objects_among_texts(void **state)
{
    static const char text[] = "2024-01-02T03:04:05.678Z ready\n"
                               "2024-01-02T03:04:06.678Z {\"level\":\"INFO\"}\n"
                               "2024-01-02T03:04:07.678Z done\n";
    struct strbuf why = STRBUF_INIT;
    struct splitter s;

    (void)state;
    assert_string_equal(detect_content(SL(""), slice_str(text), true, &s, &why)->fmt->name,
                        "cwlogs");
    strbuf_release(&why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(containers),          cmocka_unit_test(names_and_times),
        cmocka_unit_test(lines_and_places),    cmocka_unit_test(inner_types),
        cmocka_unit_test(objects_among_texts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
