/* JSON text as slices: walking, paths, escapes, records with a tree of keys that learns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "json.h"
#include "xalloc.h"

static struct arena mem;

static struct slice get(const char *text, const char *path)
{
    return json_get(slice_str(text), slice_str(path));
}

#define assert_slice(s, text)                                                                      \
    do {                                                                                           \
        struct slice s_ = (s);                                                                     \
        assert_non_null(s_.ptr);                                                                   \
        assert_int_equal(s_.len, strlen(text));                                                    \
        assert_memory_equal(s_.ptr, text, s_.len);                                                 \
    } while (0)

static void paths(void **state)
{
    static const char doc[] =
        "{ \"a\" : {\"b\":[10, {\"c\":\"x]}\\\"\"},[3]]},\"d.e\":true, \"f\":-1.5e3}";

    (void)state;
    assert_slice(get(doc, "a.b[0]"), "10");
    assert_slice(get(doc, "a.b.0"), "10");
    assert_slice(get(doc, "a.b[1].c"), "\"x]}\\\"\"");
    assert_slice(get(doc, "a.b[2][0]"), "3");
    assert_slice(get(doc, "d.e"), "true");
    assert_slice(get(doc, "f"), "-1.5e3");
    assert_null(get(doc, "a.b[3]").ptr);
    assert_null(get(doc, "a.x").ptr);
    assert_null(get(doc, "f.g").ptr);
    assert_null(get("[1,2", "2").ptr);
}

static void broken(void **state)
{
    static const char *const docs[] = {"",        "{",           "{\"a",      "{\"a\"",
                                       "{\"a\":", "{\"a\":\"",   "{\"a\":[1", "{\"a\":{\"b\":1}",
                                       "{a:1}",   "{\"a\":\"\\", "[",         "x"};

    (void)state;
    for (unsigned i = 0; i < ARRAY_LEN(docs); i++) {
        struct slice rest = slice_str(docs[i]);
        struct json_member m;
        unsigned n = 0;

        while (json_next_member(&rest, &m))
            n++;
        assert_true(n <= 1);
        (void)get(docs[i], "a.b");
    }
}

static void walking(void **state)
{
    struct slice rest = SL("{\"a\":1,,\"b\":[],\"c\":{},}"), value;
    struct json_member m;

    (void)state;
    assert_true(json_next_member(&rest, &m));
    assert_slice(m.key, "a");
    assert_true(json_next_member(&rest, &m));
    assert_slice(m.value, "[]");
    assert_true(json_next_member(&rest, &m));
    assert_slice(m.value, "{}");
    assert_false(json_next_member(&rest, &m));
    assert_null(rest.ptr);
    rest = SL("[[1],[2] , {\"x\":[3]}]");
    assert_true(json_next_element(&rest, &value));
    assert_slice(value, "[1]");
    assert_true(json_next_element(&rest, &value));
    assert_slice(value, "[2]");
    assert_true(json_next_element(&rest, &value));
    assert_slice(value, "{\"x\":[3]}");
    assert_false(json_next_element(&rest, &value));
    assert_null(rest.ptr);
}

static void escapes(void **state)
{
    (void)state;
    assert_slice(json_text(SL("\"a\\n\\t\\\"\\\\\\/\\u0041\\u00e9\\u20ac\""), &mem),
                 "a\n\t\"\\/A\xc3\xa9\xe2\x82\xac");
    assert_slice(json_text(SL("\"\\ud83d\\ude00 \\ud83d \\ude00\""), &mem),
                 "\xf0\x9f\x98\x80 \xef\xbf\xbd \xef\xbf\xbd");
    assert_slice(json_text(SL("\"\\x \\u12\\\""), &mem), "\\x \\u12\\");
    assert_slice(json_text(SL("plain"), &mem), "plain");
    assert_null(json_text(SL("null"), &mem).ptr);
    arena_clear(&mem);
}

/* The end found in blocks is that found byte by byte, wherever blocks begin and whatever is in
 * strings. */
static const char *slow_end(const char *p, const char *end)
{
    int depth = 0;
    bool text = false;

    for (; p < end; p++) {
        if (text) {
            if (*p == '\\')
                p++;
            else if (*p == '"')
                text = false;
        } else if (*p == '\\' && p + 1 < end && (p[1] == '"' || p[1] == '\\')) {
            p++; /* no JSON: any reading will do as long as it is the same */
        } else if (*p == '"') {
            text = true;
        } else if (*p == '{' || *p == '[') {
            depth++;
        } else if ((*p == '}' || *p == ']') && --depth == 0) {
            return p + 1;
        }
    }
    return NULL;
}

static void ends_agree(void **state)
{
    static const char alphabet[] = "{}[]\"\"\\\\:, a";
    unsigned seed = 7, found = 0;
    char text[400];

    (void)state;
    for (unsigned round = 0; round < 50000; round++) {
        size_t n;
        bool broken;

        seed = seed * 1103515245 + 12345;
        n = 1 + (seed >> 8) % (sizeof(text) - 1);
        text[0] = '{';
        for (size_t i = 1; i < n; i++) {
            seed = seed * 1103515245 + 12345;
            text[i] = round % 2 && (seed >> 24) % 4 ? 'x' : alphabet[(seed >> 16) % 13];
        }
        found += slow_end(text, text + n) != NULL;
        assert_ptr_equal(json_end(text, text + n), slow_end(text, text + n));
        assert_ptr_equal(json_document_end(text, text + n, &broken), slow_end(text, text + n));
        assert_false(broken);
    }
    assert_true(found > 10000);
}

static void damaged(void **state)
{
    static const struct {
        const char *text;
        size_t end; /* 0: does not end */
        bool broken;
    } t[] = {
        {"{\"a\":1}\n{\"b\":2}", 7, false},
        {"{\"a\":\"cut\n{\"b\":2}", 9, true},
        {"{\"a\":1\n{\"b\":2}", 6, true},
        {"{\"a\":1,\n{\"b\":2}", 7, true},
        {"{\"a\":{\"c\":1}\n{\"b\":2}", 12, true},
        {"{\"a\":\n{\"b\":2}}", 14, false},
        {"{\"a\":[\n{\"b\":2},\n{\"c\":3}]}", 25, false},
        {"{\"a\":[\n{\"b\":2}\n{\"c\":3}]}", 14, true},
        {"{\"a\":1", 0, false},
    };
    bool broken;

    (void)state;
    for (unsigned i = 0; i < ARRAY_LEN(t); i++) {
        const char *end = t[i].text + strlen(t[i].text);
        const char *got = json_document_end(t[i].text, end, &broken);

        assert_int_equal(got ? got - t[i].text : 0, t[i].end);
        assert_int_equal(broken, t[i].broken);
    }
}

/* --- records --- */

enum { F_NAME, F_USER, F_USER_ARN, F_FIRST, F_RAW, F_PAIR, N_FIELDS };
static const struct field_def table[] = {
    [F_NAME] = {.name = "name", .aliases = "Title"},
    [F_USER] = {.name = "user.name"},
    [F_USER_ARN] = {.name = "user.session.arn"},
    [F_FIRST] = {.name = "resources[].ARN"},
    [F_RAW] = {.name = "params"},
    [F_PAIR] = {.name = "client:port"},
};
static const char *const keys[] = {"client_port", "client:port", NULL};
static const struct format fmt = {
    .name = "test", .fields = table, .n_fields = N_FIELDS, .json = true, .json_keys = keys};
static struct logtype type = {.fmt = &fmt, .id = 63, .n_static = N_FIELDS, .n_fields = N_FIELDS};
static struct record rec;

static enum parse_result parse(const char *line)
{
    for (unsigned i = 0; i < N_FIELDS; i++)
        type.field[i] = (struct field_def *)&table[i];
    return json_record(&type, slice_str(line), &rec);
}

static struct slice learned(const char *name)
{
    int f = logtype_field(&type, slice_str(name), false);

    return f < 0 ? (struct slice){NULL, 0} : record_get(&rec, (unsigned)f);
}

static void records(void **state)
{
    (void)state;
    assert_int_equal(
        parse("{\"name\":\"a\\tb\",\"user\":{\"name\":\"bob\",\"x\":7,\"session\":{\"arn\":null}},"
              "\"resources\":[{\"type\":1,\"ARN\":\"arn:1\"},{\"ARN\":\"arn:2\"}],"
              "\"params\":{\"k\":[1,2]},\"client_port\":\"1.2.3.4:5\"}"),
        PARSE_OK);
    assert_slice(rec.val[F_NAME], "a\tb");
    assert_slice(rec.val[F_USER], "bob");
    assert_null(rec.val[F_USER_ARN].ptr);
    assert_slice(rec.val[F_FIRST], "arn:1");
    assert_slice(rec.val[F_RAW], "{\"k\":[1,2]}");
    assert_slice(rec.val[F_PAIR], "1.2.3.4:5");
    assert_slice(learned("user.x"), "7");
    assert_slice(learned("params.k"), "[1,2]");
    assert_int_equal(parse("{\"title\":\"t\"}"), PARSE_OK);
    assert_slice(rec.val[F_NAME], "t");
    assert_null(learned("user.x").ptr);
}

/* Where the members of the records before say what key comes next, it is another. */
static void other_orders(void **state)
{
    static const char *const lines[] = {"{\"o1\":1,\"o2\":2,\"o3\":3}",
                                        "{\"o3\":3,\"o2\":2,\"o1\":1}",
                                        "{\"o2\":2,\"o1\":1,\"o3\":3}",
                                        "{\"o1\":1,\"o22\":0,\"o2\":2,\"o3\":3}",
                                        "{\"o1\":1,\"o\":0,\"o2\":2,\"o3\":3}",
                                        "{\"o1\":1,\"o2\\\"\":0,\"o3\":3,\"o2\":2}",
                                        "{\"o1\":1,\"o2\":2,\"o2\\\"\":0,\"o3\":3}"};

    (void)state;
    for (unsigned i = 0; i < 2 * ARRAY_LEN(lines); i++) {
        assert_int_equal(parse(lines[i % ARRAY_LEN(lines)]), PARSE_OK);
        assert_slice(learned("o1"), "1");
        assert_slice(learned("o2"), "2");
        assert_slice(learned("o3"), "3");
    }
    for (unsigned i = 0; i < 2; i++) { /* a key that is cut behind one that was guessed */
        assert_int_equal(parse(i ? "{\"o1\":1,\"o2\"" : "{\"o1\":1,\"o2"), PARSE_OK);
        assert_int_equal(rec.reason, REASON_CUT);
        assert_slice(learned("o1"), "1");
        assert_null(learned("o2").ptr);
    }
}

static void asked_for(void **state)
{
    int f = json_field(&type, SL("params.items[1].id"));

    (void)state;
    assert_true(f > F_PAIR);
    assert_string_equal(type.field[f]->name, "params.items.1.id");
    assert_int_equal(json_field(&type, SL("params.items.1.id")), f);
    assert_int_equal(json_field(&type, SL("nothing.known")), -1);
    assert_int_equal(json_field(&type, SL("user.nosuch")), -1);
    assert_int_equal(json_field(&type, SL("use")), -1);
    f = json_field(&type, SL("user"));
    assert_true(f > F_PAIR);
    assert_true(type.field[f]->flags & FF_COMPOSITE);
    assert_int_equal(parse("{\"user\":{\"name\":\"u\", \"x\":1}}"), PARSE_OK);
    assert_slice(record_get(&rec, (unsigned)f), "{\"name\":\"u\", \"x\":1}");
    f = json_field(&type, SL("params.items[1].id"));
    assert_int_equal(parse("{\"params\":{\"items\":[{\"id\":\"p\"},{\"id\":\"q\"}]}}"), PARSE_OK);
    assert_slice(record_get(&rec, (unsigned)f), "q");
}

static void static_only(void **state)
{
    (void)state;
    rec.static_only = true;
    assert_int_equal(parse("{\"name\":\"n\",\"fresh\":\"v\",\"params\":1}"), PARSE_OK);
    assert_int_equal(rec.n_val, N_FIELDS);
    assert_slice(rec.val[F_RAW], "1");
    rec.static_only = false;
    assert_true(logtype_field(&type, SL("fresh"), false) > 0);
}

static void cut_records(void **state)
{
    static const char line[] =
        "{\"name\":\"n\",\"user\":{\"name\":\"u\\u0041\"},\"params\":[{\"a\":1}]}";

    (void)state;
    for (size_t n = 0; n < sizeof(line) - 1; n++) {
        char *exact = xmemdup(line, n ? n : 1);

        assert_int_equal(json_record(&type, slice_of(exact, n), &rec), n ? PARSE_OK : PARSE_BAD);
        assert_int_equal(rec.reason, n ? REASON_CUT : REASON_JSON);
        for (unsigned f = 0; f < rec.n_val; f++) /* nothing but values that are whole */
            assert_true(!rec.val[f].ptr || slice_is(rec.val[f], "n") ||
                        slice_is(rec.val[f], "uA") || slice_is(rec.val[f], "[{\"a\":1}]") ||
                        rec.val[f].ptr[0] == '{' || slice_is(rec.val[f], "1"));
        free(exact);
    }
    assert_int_equal(parse(line), PARSE_OK);
}

/* More distinct members than there is room for: the known ones go on working. */
static void too_many(void **state)
{
    char line[128];

    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        snprintf(line, sizeof(line), "{\"k%u\":{\"a\":%u,\"b\":{\"c\":1}},\"name\":\"n%u\"}", i, i,
                 i);
        assert_int_equal(parse(line), PARSE_OK);
        assert_true(rec.val[F_NAME].len > 1);
        assert_true(rec.n_val <= MAX_FIELDS);
    }
    assert_true(type.n_fields <= MAX_FIELDS);
}

static int teardown(void **state)
{
    (void)state;
    arena_release(&mem);
    arena_release(&rec.mem);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths),        cmocka_unit_test(broken),
        cmocka_unit_test(walking),      cmocka_unit_test(escapes),
        cmocka_unit_test(ends_agree),   cmocka_unit_test(damaged),
        cmocka_unit_test(records),      cmocka_unit_test(asked_for),
        cmocka_unit_test(static_only),  cmocka_unit_test(cut_records),
        cmocka_unit_test(other_orders), cmocka_unit_test(too_many),
    };

    return cmocka_run_group_tests(tests, NULL, teardown);
}
