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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_match),          cmocka_unit_test(test_slice_is_the_whole_world),
        cmocka_unit_test(test_bad_pattern),    cmocka_unit_test(test_runaway_is_no_match),
        cmocka_unit_test(test_bytes_and_utf8),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
