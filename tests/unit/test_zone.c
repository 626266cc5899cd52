/* Zones of time by name: held against the C library's, moment by moment; files that are broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "xalloc.h"
#include "zone.h"

static const struct time_zone *zone_or_skip(const char *name)
{
    char path[100];

    snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", name);
    if (access(path, R_OK) != 0) {
        print_message("skip: there is no %s\n", path);
        skip();
    }
    return time_zone_find(slice_str(name));
}

static void zones_are_those_of_the_library(void **state)
{
    static const char *const names[] = {
        "Europe/Berlin",  "America/New_York",   "Asia/Kolkata",     "Australia/Lord_Howe",
        "Europe/Dublin",  "America/Sao_Paulo",  "America/Santiago", "America/Nuuk",
        "Asia/Gaza",      "Pacific/Kiritimati", "Africa/Cairo",     "Africa/Casablanca",
        "Pacific/Easter", "Antarctica/Troll",   "Etc/GMT+5",        "UTC",
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_LEN(names); i++) {
        const struct time_zone *z = zone_or_skip(names[i]);

        assert_non_null(z);
        setenv("TZ", names[i], 1);
        tzset();
        for (int64_t at = -2000000000; at < INT64_C(7000000000); at += 9 * 3600 - 1) {
            time_t t = (time_t)at;
            struct tm tm;

            localtime_r(&t, &tm);
            if (time_zone_offset(z, at) != tm.tm_gmtoff)
                fail_msg("%s at %lld: %d, not %ld", names[i], (long long)at,
                         time_zone_offset(z, at), (long)tm.tm_gmtoff);
            if (time_zone_utc(z, at + tm.tm_gmtoff) > at)
                fail_msg("%s: the local time of %lld is taken for a later one", names[i],
                         (long long)at);
        }
    }
    setenv("TZ", "UTC", 1);
    tzset();
}

static void clocks_change_when_they_do(void **state)
{
    const struct time_zone *z = zone_or_skip("Europe/Berlin");

    (void)state;
    assert_int_equal(time_zone_offset(z, 1711846799), 3600); /* 2024-03-31T00:59:59Z */
    assert_int_equal(time_zone_offset(z, 1711846800), 7200);
    assert_int_equal(time_zone_offset(z, 1729990799), 7200); /* 2024-10-27T00:59:59Z */
    assert_int_equal(time_zone_offset(z, 1729990800), 3600);
    assert_int_equal(time_zone_utc(z, 1729996200), 1729989000); /* 02:30, the first of two */
    assert_int_equal(time_zone_utc(z, 1711852200), 1711848600); /* 02:30, which there was not */
    assert_int_equal(time_zone_utc(z, 1719835200), 1719828000);
}

static void names_stay_in_the_folder(void **state)
{
    static const char *const names[] = {"",         "/etc/passwd",   "../../../etc/passwd",
                                        "Europe",   "Europe/..",     "./UTC",
                                        "zone.tab", "Europe/Nowhere"};

    (void)state;
    for (unsigned i = 0; i < ARRAY_LEN(names); i++)
        assert_null(time_zone_find(slice_str(names[i])));
    assert_null(time_zone_find(slice_of("UTC\0", 4)));
}

static void put32(char *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (char)(v >> (24 - 8 * i));
}

/* A file of one change, of two types, and the rule. */
static size_t make_file(char *f, const char *rule)
{
    size_t at = 44 + 44;

    memset(f, 0, 400);
    memcpy(f, "TZif2", 5);
    memcpy(f + 44, "TZif2", 5);
    put32(f + 44 + 32, 1);
    put32(f + 44 + 36, 2);
    put32(f + at + 4, 1000); /* the change, of 8 bytes */
    f[at + 8] = 1;
    put32(f + at + 9, 60);
    put32(f + at + 15, 120);
    at += 21;
    return at + (size_t)snprintf(f + at, 100, "\n%s\n", rule);
}

static void broken_files_are_none(void **state)
{
    char file[400];
    size_t n = make_file(file, "<+01>-1");
    struct time_zone *z = time_zone_parse(slice_of(file, n));

    (void)state;
    assert_non_null(z);
    assert_int_equal(time_zone_offset(z, 999), 60);
    assert_int_equal(time_zone_offset(z, 1000), 3600); /* as the rule says */
    time_zone_free(z);
    n = make_file(file, "rubbish");
    z = time_zone_parse(slice_of(file, n));
    assert_int_equal(time_zone_offset(z, 1000), 120); /* as the last change says */
    time_zone_free(z);
    for (size_t len = 0; len < 44 + 44 + 21; len++) {
        char *copy = xmemdup(file, len + 1);

        assert_null(time_zone_parse(slice_of(copy, len)));
        free(copy);
    }
    file[44 + 44 + 8] = 2; /* there are two types */
    assert_null(time_zone_parse(slice_of(file, n)));
    make_file(file, "UTC0");
    put32(file + 44 + 32, 0xffffffff);
    assert_null(time_zone_parse(slice_of(file, n)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zones_are_those_of_the_library),
        cmocka_unit_test(clocks_change_when_they_do),
        cmocka_unit_test(names_stay_in_the_folder),
        cmocka_unit_test(broken_files_are_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
