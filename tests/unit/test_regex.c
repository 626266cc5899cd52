/* test_regex.c - matching, limits, and the literals that a prefilter may rely on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "regex.h"

static bool matches(const char *pattern, const char *text, size_t *from, size_t *to)
{
    struct err e = {0};
    struct regex *re = regex_new(slice_str(pattern), false, &e);
    bool yes;

    assert_non_null(re);
    yes = regex_match(re, slice_str(text), from, to);
    regex_free(re);
    return yes;
}

static void test_match(void **state)
{
    size_t from, to;

    (void)state;
    assert_true(matches("b+", "abbbc", &from, &to));
    assert_int_equal(from, 1);
    assert_int_equal(to, 4);
    assert_false(matches("^b", "abc", NULL, NULL));
    assert_true(matches("(?i)ERROR", "an error", NULL, NULL));
    assert_true(matches("(?<who>x)", "x", NULL, NULL));
    assert_true(matches("", "", &from, &to));
}

static void test_slice_is_the_whole_world(void **state)
{
    struct err e = {0};
    struct regex *re = regex_new(SL("ab$"), false, &e);

    (void)state;
    assert_true(regex_match(re, slice_of("abc", 2), NULL, NULL));
    assert_false(regex_match(re, slice_of("abc", 3), NULL, NULL));
    regex_free(re);
}

static void test_bad_pattern(void **state)
{
    struct err e = {0};

    (void)state;
    assert_null(regex_new(SL("a(b"), false, &e));
    assert_int_equal(e.code, ERR_USAGE);
    assert_non_null(strstr(e.msg, "byte 3"));
}

static void test_runaway_is_no_match(void **state)
{
    char text[64];

    (void)state;
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = 0;
    assert_false(matches("^(a+)+(a+)+(a+)+(a+)+$x", text, NULL, NULL));
}

static void test_bytes_and_utf8(void **state)
{
    (void)state;
    assert_true(matches("a.b",
                        "a\xff"
                        "b",
                        NULL, NULL));
    assert_true(matches("^caf.$", "caf\xc3", NULL, NULL));
    assert_true(matches("é.x", "é\xc3\xa9x", NULL, NULL));
}

static void test_literal(void **state)
{
    static const struct {
        const char *pattern, *literal;
    } row[] = {
        {"timeout", "timeout"},
        {"time out [0-9]+ms", "time out "},
        {"a|b", ""},
        {"(foo|bar)baz", "baz"},
        {"colou?r", "colo"},
        {"ab*cd", "cd"},
        {"abc+d", "abc"},
        {"x{2}yz", "yz"},
        {"(?i)error", ""},
        {"a(?i)b", ""},
        {"10\\.0\\.0\\.5", "10.0.0.5"},
        {"\\d\\dabc", "abc"},
        {"abc\\x41def", "abc"},
        {"\\Qa|b\\E", ""},
        {"[a|b]cd", "cd"},
        {"[]x]yz", "yz"},
        {"(ab)?c", "c"},
        {"^/api/.*$", "/api/"},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_LEN(row); i++) {
        struct err e = {0};
        struct regex *re = regex_new(slice_str(row[i].pattern), false, &e);

        assert_non_null(re);
        if (!slice_is(regex_literal(re), row[i].literal))
            fail_msg("%s: %.*s", row[i].pattern, SLICE_ARG(regex_literal(re)));
        regex_free(re);
    }
}

static void test_no_literal_without_case(void **state)
{
    struct err e = {0};
    struct regex *re = regex_new(SL("Error"), true, &e);

    (void)state;
    assert_int_equal(regex_literal(re).len, 0);
    assert_true(regex_match(re, SL("an ERROR"), NULL, NULL));
    regex_free(re);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_match),
        cmocka_unit_test(test_slice_is_the_whole_world),
        cmocka_unit_test(test_bad_pattern),
        cmocka_unit_test(test_runaway_is_no_match),
        cmocka_unit_test(test_bytes_and_utf8),
        cmocka_unit_test(test_literal),
        cmocka_unit_test(test_no_literal_without_case),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
