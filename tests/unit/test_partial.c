/* test_partial.c - what is shown of a query while it runs: parts of what comes out in the end,
 * which is the same whether somebody looks on or not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <unistd.h>

#include "dict.h"
#include "runquery.h"
#include "session.h"
#include "xalloc.h"

#define LINES 150000u
#define RESULT 1000u

static struct {
    char path[64];
    struct session *s;
} log_file;

static const struct query_env env = {.now_us = INT64_C(1710500000000000),
                                     .first_us = INT64_C(1710400000000000),
                                     .last_us = INT64_C(1710500000000000)};

static int write_log(void **state)
{
    static const struct session_options options = {.threads = 2};
    FILE *f;

    (void)state;
    snprintf(log_file.path, sizeof(log_file.path), "/tmp/awl-partial-%ld.log", (long)getpid());
    f = fopen(log_file.path, "w");
    if (!f)
        return -1;
    for (unsigned i = 0; i < LINES; i++)
        fprintf(f, "2 123456789012 eni-0a1b2c3d 10.0.%u.%u 10.1.0.%u 443 %u 6 %u %u %u %u %s OK\n",
                i % 7, i % 251, i % 13, 1024 + i % 5000, 1 + i % 9, i * 7919 % 100003,
                1710400000 + i / 10, 1710400060 + i / 10, i % 11 ? "ACCEPT" : "REJECT");
    if (fclose(f) != 0)
        return -1;
    log_file.s = session_new(&options);
    session_open(log_file.s, log_file.path);
    session_start(log_file.s);
    session_wait(log_file.s);
    return 0;
}

static int remove_log(void **state)
{
    (void)state;
    session_free(log_file.s);
    return unlink(log_file.path);
}

/* Somebody who looks as often as may be. */
struct onlooker {
    unsigned shown, told;
    bool stops;
    atomic_bool cancel;
    /* of the tables: the largest sum of column `sum`, which must be the rows looked at, if `adds`
     */
    int sum;
    bool adds;
    uint64_t max_rows;
};

static void look(void *ctx, struct group_table *t, const char *did, uint64_t rows, uint64_t of)
{
    struct onlooker *o = ctx;

    assert_true(rows <= of);
    assert_true(*did);
    o->told++;
    if (!t)
        return;
    o->shown++;
    assert_true(t->n <= RESULT);
    if (o->adds) {
        double sum = 0;

        for (uint64_t i = 0; i < t->n; i++)
            sum += t->cell[i * (t->n_key + t->n_agg) + (unsigned)o->sum].num;
        if (sum != (double)rows)
            fail_msg("%.0f counted, of %llu", sum, (unsigned long long)rows);
    }
    o->max_rows = MAX(o->max_rows, t->n);
    group_free(t);
    if (o->stops)
        o->cancel = true;
}

static struct group_table *run(const char *text, struct onlooker *o, struct err *e)
{
    struct runquery_watch watch = {
        .show = look, .ctx = o, .cost_share = 1, .longest_us = INT64_C(1000000000)};
    struct query_error qe;
    struct query_ast *ast = query_parse(text, &env, &qe);
    struct runquery q = {.session = log_file.s, .ast = ast, .cancel = o ? &o->cancel : NULL};
    struct group_table *t;

    assert_non_null(ast);
    t = runquery_table(&q, RESULT, o ? &watch : NULL, e);
    query_ast_free(ast);
    return t;
}

static void assert_same(const char *text, const struct group_table *a, const struct group_table *b)
{
    struct strbuf x = STRBUF_INIT, y = STRBUF_INIT;

    assert_int_equal(a->n, b->n);
    assert_int_equal(a->n_key + a->n_agg, b->n_key + b->n_agg);
    for (uint64_t i = 0; i < a->n * (a->n_key + a->n_agg); i++) {
        strbuf_reset(&x);
        strbuf_reset(&y);
        val_print(a->cell[i], &x);
        val_print(b->cell[i], &y);
        if (!slice_eq(strbuf_slice(&x), strbuf_slice(&y)))
            fail_msg("%s: %s, alone %s", text, y.buf, x.buf);
    }
    strbuf_release(&x);
    strbuf_release(&y);
}

static void test_same_result(void **state)
{
    static const char *const queries[] = {
        "stats count(*) by srcaddr",
        "stats count(*), sum(bytes), avg(bytes), stddev(bytes), min(bytes), max(srcaddr), "
        "pct(bytes, 95), "
        "count_distinct(dstport), earliest(bytes), latest(bytes) by dstaddr, bin(10m)",
        "stats count(*) as n by srcaddr, dstport | filter n > 2 | sort n desc, srcaddr, dstport | "
        "limit 20",
        "stats sum(bytes) as b by srcaddr, dstport | stats count(*), max(b), pct(b, 50) by srcaddr",
        "filter @message like /4\\d+ 6 .*REJECT/ | stats count(*) by srcaddr | sort srcaddr",
        "fields srcaddr, bytes | sort bytes desc, srcaddr | limit 7",
        "sort bytes | fields bytes % 100 as x | filter x > 50",
        "pattern @message",
        "parse @message /(?<n>\\d+)/ multi | stats count(*) as c by n | sort c desc, n | limit 9",
        "dedup srcaddr | fields srcaddr",
        "fields srcaddr, bytes / 2",
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_LEN(queries); i++) {
        struct onlooker o = {0};
        struct err e = {0};
        struct group_table *alone = run(queries[i], NULL, &e), *seen = run(queries[i], &o, &e);

        assert_non_null(alone);
        assert_non_null(seen);
        assert_same(queries[i], alone, seen);
        if (!o.told)
            fail_msg("%s: nothing was shown", queries[i]);
        group_free(alone);
        group_free(seen);
    }
}

/* Each table that is shown has counted just the rows that it says. */
static void test_parts_add_up(void **state)
{
    struct onlooker o = {.adds = true, .sum = 1};
    struct err e = {0};
    struct group_table *t = run("stats count(*) as n by bytes % 500", &o, &e);

    (void)state;
    assert_non_null(t);
    assert_true(o.shown > 0);
    assert_true(o.max_rows > 1);
    group_free(t);
}

static void test_stops(void **state)
{
    struct onlooker o = {.stops = true};
    struct err e = {0};

    (void)state;
    assert_null(run("stats count(*) by substr(@message, 2, 40)", &o, &e));
    assert_int_equal(e.code, ERR_CANCEL);
    assert_int_equal(o.shown, 1);
}

/* Half of a comparison would mislead. */
static void test_diff_is_whole(void **state)
{
    struct onlooker o = {0};
    struct err e = {0};
    struct group_table *t =
        run("filter @timestamp >= 2024-03-14T08:00Z | stats count(*) by srcaddr | diff", &o, &e);

    (void)state;
    assert_non_null(t);
    assert_int_equal(o.told, 0);
    group_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_result),
        cmocka_unit_test(test_parts_add_up),
        cmocka_unit_test(test_stops),
        cmocka_unit_test(test_diff_is_whole),
    };

    return cmocka_run_group_tests_name("partial", tests, write_log, remove_log);
}
