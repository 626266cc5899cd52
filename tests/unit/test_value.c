/* test_value.c - text to typed values and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "value.h"

static struct slice sl(const char *s)
{
    return slice_str(s);
}

static void want_fixed(const char *s, unsigned scale, int64_t want)
{
    int64_t got = -99;

    assert_true(parse_fixed(sl(s), scale, &got));
    assert_int_equal(got, want);
}

static void test_fixed(void **state)
{
    static const char *const bad[] = {"",
                                      "-",
                                      "+",
                                      ".5",
                                      "1.",
                                      "1.5.1",
                                      "1e3",
                                      "0x1",
                                      " 1",
                                      "1 ",
                                      "9223372036854775808",
                                      "99999999999999999999",
                                      "--1"};
    int64_t v;

    (void)state;
    want_fixed("0", 0, 0);
    want_fixed("000", 0, 0);
    want_fixed("-1", 3, -1000);
    want_fixed("+7", 0, 7);
    want_fixed("0.001", 3, 1);
    want_fixed("60.0010000", 3, 60001);
    want_fixed("1.5", 6, 1500000);
    want_fixed("0.000", 0, 0);
    want_fixed("9223372036854775807", 0, INT64_MAX);
    want_fixed("-9223372036854775807", 0, -INT64_MAX);
    for (unsigned i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(parse_fixed(sl(bad[i]), 3, &v));
    assert_false(parse_fixed(sl("0.0001"), 3, &v));
    assert_false(parse_fixed(sl("1.5"), 0, &v));
    assert_false(parse_fixed(sl("9223372036854775"), 6, &v));
    assert_false(parse_fixed((struct slice){NULL, 0}, 0, &v));
}

static void test_double(void **state)
{
    static const char *const bad[] = {"", "-", "e5", "1e", "inf", "nan", "0x10", "1,5", "1e999"};
    double d;

    (void)state;
    assert_true(parse_double(sl("1.28E8"), &d) && d == 1.28e8);
    assert_true(parse_double(sl("-0.5"), &d) && d == -0.5);
    assert_true(parse_double(sl("300"), &d) && d == 300);
    assert_true(parse_double(sl(".5"), &d) && d == 0.5);
    assert_true(parse_double(sl("1e-3"), &d) && d == 1e-3);
    for (unsigned i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(parse_double(sl(bad[i]), &d));
}

static void want_time(bool (*parse)(struct slice, int64_t *), const char *s, const char *want)
{
    char buf[40];
    int64_t us;

    assert_true(parse(sl(s), &us));
    assert_int_equal(format_iso8601(us, buf), strlen(want));
    assert_string_equal(buf, want);
}

static void test_iso8601(void **state)
{
    static const char *const bad[] = {
        "",
        "2024-01-02",
        "2024-13-02T00:00:00Z",
        "2023-02-29T00:00:00Z",
        "2024-01-02T24:00:00Z",
        "2024-01-02T03:04:05.Z",
        "2024-01-02T03:04:05.1234567890Z",
        "2024-01-02T03:04:05+1",
        "2024-01-02T03:04:05Zx",
        "2024-01-02x03:04:05Z",
    };
    int64_t us;

    (void)state;
    want_time(parse_iso8601, "2024-01-02T03:04:05.678901Z", "2024-01-02T03:04:05.678901Z");
    want_time(parse_iso8601, "2024-01-02 03:04:05", "2024-01-02T03:04:05Z");
    want_time(parse_iso8601, "2024-01-02T03:04:05.25", "2024-01-02T03:04:05.250Z");
    want_time(parse_iso8601, "2024-01-02T03:04:05.123456789Z", "2024-01-02T03:04:05.123456Z");
    want_time(parse_iso8601, "2024-01-02T03:04:05+02:00", "2024-01-02T01:04:05Z");
    want_time(parse_iso8601, "2024-03-01T03:04:05.000001-0530", "2024-03-01T08:34:05.000001Z");
    want_time(parse_iso8601, "2024-01-02T03:04Z", "2024-01-02T03:04:00Z");
    want_time(parse_iso8601, "1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z");
    want_time(parse_iso8601, "2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z");
    for (unsigned i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(parse_iso8601(sl(bad[i]), &us));
}

static void test_other_times(void **state)
{
    int64_t us;

    (void)state;
    want_time(parse_clf, "02/Jan/2024:03:04:05 +0000", "2024-01-02T03:04:05Z");
    want_time(parse_clf, "02/Dec/2024:03:04:05 -0100", "2024-12-02T04:04:05Z");
    assert_false(parse_clf(sl("02/Foo/2024:03:04:05 +0000"), &us));
    want_time(parse_epoch, "1700000000", "2023-11-14T22:13:20Z");
    want_time(parse_epoch, "1700000000.5", "2023-11-14T22:13:20.500Z");
    want_time(parse_epoch, "1700000000123", "2023-11-14T22:13:20.123Z");
    assert_false(parse_epoch(sl("-"), &us));
    assert_false(parse_epoch(sl("17000000001234"), &us));
    want_time(parse_date, "2024-01-02", "2024-01-02T00:00:00Z");
    assert_false(parse_date(sl("2024-1-2"), &us));
}

static void test_civil(void **state)
{
    struct civil c;

    (void)state;
    for (int64_t day = -800000; day < 800000; day += 37) {
        int64_t us = day * 86400000000LL + 1;

        c = us_to_civil(us);
        assert_int_equal(civil_to_us(c.year, c.mon, c.day, c.hour, c.min, c.sec, c.us), us);
    }
    c = us_to_civil(0);
    assert_int_equal(c.wday, 3);
    c = us_to_civil(-1);
    assert_int_equal(c.wday, 2);
    assert_int_equal(c.us, 999999);
}

static void want_ip(const char *s, const char *want)
{
    struct ip ip;
    char buf[48];

    assert_true(parse_ip(sl(s), &ip));
    assert_int_equal(format_ip(&ip, buf), strlen(want));
    assert_string_equal(buf, want);
}

static void test_ip(void **state)
{
    static const char *const bad[] = {
        "",    "-",       "1.2.3",   "1.2.3.4.5", "256.1.1.1",     "1.2.3.",
        ":",   ":::",     "1::2::3", "12345::",   "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9",
        "::g", "a.b.c.d", "1:"};
    struct ip ip;

    (void)state;
    want_ip("10.0.0.1", "10.0.0.1");
    want_ip("2001:DB8:0:0:0:0:0:1", "2001:db8::1");
    want_ip("::", "::");
    want_ip("::1", "::1");
    want_ip("fe80::", "fe80::");
    want_ip("::ffff:10.0.0.1", "::ffff:10.0.0.1");
    for (unsigned i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(parse_ip(sl(bad[i]), &ip));
}

static bool inside(const char *ip, const char *net)
{
    struct ip a, n;
    unsigned bits;

    assert_true(parse_ip(sl(ip), &a));
    assert_true(parse_cidr(sl(net), &n, &bits));
    return ip_in(&a, &n, bits);
}

static void test_cidr(void **state)
{
    struct ip net;
    unsigned bits;

    (void)state;
    assert_true(inside("10.1.2.3", "10.0.0.0/8"));
    assert_false(inside("11.1.2.3", "10.0.0.0/8"));
    assert_true(inside("192.0.2.129", "192.0.2.128/25"));
    assert_false(inside("192.0.2.127", "192.0.2.128/25"));
    assert_true(inside("1.2.3.4", "0.0.0.0/0"));
    assert_false(inside("2001:db8::1", "0.0.0.0/0"));
    assert_true(inside("2001:db8::1", "2001:db8::/32"));
    assert_true(inside("10.0.0.5", "10.0.0.5"));
    assert_false(parse_cidr(sl("10.0.0.0/33"), &net, &bits));
    assert_false(parse_cidr(sl("10.0.0.0/"), &net, &bits));
}

static void test_field_number(void **state)
{
    const struct field_def num = {.kind = FK_NUM, .scale = 3}, time = {.kind = FK_TIME},
                           text = {.kind = FK_TEXT, .flags = FF_ID};
    int64_t v;

    (void)state;
    assert_true(field_number(&num, sl("1.5"), &v) && v == 1500);
    assert_false(field_number(&num, sl("-"), &v));
    assert_false(field_number(&num, sl("abc"), &v));
    assert_false(field_number(&text, sl("123"), &v));
    assert_true(field_number(&time, sl("1700000000"), &v) && v == 1700000000000000);
    assert_true(field_number(&time, sl("2023-11-14T22:13:20Z"), &v) && v == 1700000000000000);
    assert_true(field_number(&time, sl("14/Nov/2023:22:13:20 +0000"), &v) && v == 1700000000000000);
}

static void want_decoded(unsigned flags, const char *s, const char *want)
{
    struct field_def f = {.flags = flags};
    struct strbuf sb = STRBUF_INIT;
    struct slice got = field_decode(&f, sl(s), &sb);

    assert_int_equal(got.len, strlen(want));
    assert_memory_equal(got.ptr, want, got.len);
    strbuf_release(&sb);
}

static void test_decode(void **state)
{
    (void)state;
    want_decoded(FF_URLENC, "a%20b%2", "a b%2");
    want_decoded(FF_URLENC, "%zz%41", "%zzA");
    want_decoded(FF_URLENC, "a%2520b", "a%20b");
    want_decoded(FF_URLENC | FF_URLENC2, "a%2520b", "a b");
    want_decoded(FF_URLENC | FF_URLENC2, "100%2525", "100%25");
    want_decoded(FF_HEXESC, "\\x22q\\x22 \\\"r\\\" \\\\ \\x2", "\"q\" \"r\" \\ \\x2");
    want_decoded(0, "a%20b", "a%20b");
    want_decoded(FF_URLENC, "", "");
}

/* The short way to a double equals that of the C library. */
static void decimals_equal_strtod(void **state)
{
    uint64_t x = 88172645463325252u;

    (void)state;
    for (unsigned i = 0; i < 200000; i++) {
        char text[40];
        double d;

        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        snprintf(text, sizeof(text), "%.*f", (int)(x % 9),
                 (double)(x >> 12) / (double)(1 + x % 1000003));
        assert_true(parse_double(sl(text), &d));
        assert_true(d == strtod(text, NULL));
    }
}

/* The short path gives what the long one gives, or leaves it to that. */
static void short_numbers_are_numbers(void **state)
{
    static const char bytes[] = "0123456789..-+ a/:\xb0";
    uint64_t x = 5;
    unsigned taken = 0;

    (void)state;
    for (unsigned round = 0; round < 200000; round++) {
        char text[17] = "9999999999999999"; /* what is behind must not matter */
        struct slice s = {text, 0};
        unsigned scale = round % 4;
        int64_t got = -7, want = -8;

        x = x * 6364136223846793005u + 1442695040888963407u;
        s.len = (x >> 33) % 11;
        for (size_t i = 0; i < s.len; i++) {
            x = x * 6364136223846793005u + 1442695040888963407u;
            text[i] = bytes[(x >> 33) % (round % 3 ? 10 : sizeof(bytes) - 1)];
        }
        if (scale && s.len > scale + 1 && round % 3)
            text[s.len - 1 - scale] = '.';
        if (!parse_short(s, scale, &got))
            continue;
        taken++;
        assert_true(parse_fixed(s, scale, &want));
        assert_int_equal(got, want);
    }
    assert_true(taken > 50000);
}

/* Every second part of a day of every month, in the three forms that have a path of their own. */
static void stamps_are_read(void **state)
{
    (void)state;
    for (int i = 0; i < 40000; i++) {
        int y = 1600 + i % 900, mon = 1 + i % 12, d = 1 + i % 28, h = i % 24, min = i % 60;
        int sec = i % 59, us = i * 7919 % 1000000, digits = i % 3 * 3;
        int64_t got, want;
        char text[40];
        size_t n;

        n = (size_t)sprintf(text, "%04d-%02d-%02dT%02d:%02d:%02d", y, mon, d, h, min, sec);
        us = digits == 6 ? us : digits == 3 ? us / 1000 * 1000 : 0;
        if (digits)
            n += (size_t)sprintf(text + n, ".%0*d", digits, digits == 3 ? us / 1000 : us);
        text[n++] = 'Z';
        want = civil_to_us(y, mon, d, h, min, sec, us);
        assert_true(parse_iso8601(slice_of(text, n), &got));
        assert_int_equal(got, want);
        text[i % (int)n] = i % 2 ? '/' : ':'; /* neighbours of the digits; a colon stays right */
        if (parse_iso8601(slice_of(text, n), &got))
            assert_true(i % 2 == 0 && (i % (int)n == 13 || i % (int)n == 16) && got == want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fixed),        cmocka_unit_test(short_numbers_are_numbers),
        cmocka_unit_test(stamps_are_read),   cmocka_unit_test(decimals_equal_strtod),
        cmocka_unit_test(test_double),       cmocka_unit_test(test_iso8601),
        cmocka_unit_test(test_other_times),  cmocka_unit_test(test_civil),
        cmocka_unit_test(test_ip),           cmocka_unit_test(test_cidr),
        cmocka_unit_test(test_field_number), cmocka_unit_test(test_decode),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
