/* test_membudget.c - one limit for all leases: refused, forced, given back, caches that give way,
 * and many threads at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "membudget.h"

#define MIB (1u << 20)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of the cache */
static struct memlease cached = {.use = MEMORY_BLOCKS};
static size_t wanted;

static void evict(size_t want)
{
    pthread_mutex_lock(&lock);
    wanted = want;
    memlease_release(&cached);
    pthread_mutex_unlock(&lock);
}

static int no_limit(void **state)
{
    (void)state;
    membudget_set(0);
    memlease_release(&cached);
    return membudget_held() == 0 ? 0 : -1;
}

static void test_limit(void **state)
{
    struct memlease a = {.use = MEMORY_ROWS}, b = {.use = MEMORY_GROUPS};

    (void)state;
    assert_true(memlease_resize(&a, SIZE_MAX / 4)); /* there is none yet */
    memlease_release(&a);
    membudget_set(10 * MIB);
    assert_int_equal(membudget_limit(), 10 * MIB);
    assert_true(memlease_resize(&a, 10 * MIB));
    assert_false(memlease_resize(&b, 1));
    assert_int_equal(b.held, 0);
    assert_true(memlease_resize(&a, 4 * MIB));
    assert_true(memlease_resize(&b, 6 * MIB));
    assert_false(memlease_resize(&a, 4 * MIB + 1));
    assert_int_equal(a.held, 4 * MIB);
    assert_true(membudget_tight(MEMORY_GROUPS));
    assert_false(membudget_tight(MEMORY_ROWS));
    assert_false(membudget_over());
    memlease_force(&a, 40 * MIB);
    assert_true(membudget_over());
    assert_int_equal(membudget_held(), 46 * MIB);
    assert_true(memlease_resize(&a, 30 * MIB)); /* less is never refused */
    assert_true(memlease_resize(&b, 0));
    memlease_release(&a);
    assert_int_equal(membudget_held(), 0);
}

static void test_cache_gives_way(void **state)
{
    struct memlease a = {.use = MEMORY_ROWS};

    (void)state;
    membudget_cache(evict);
    membudget_cache(evict);
    membudget_set(10 * MIB);
    memlease_force(&cached, 3 * MIB);
    assert_true(memlease_resize(&a, 7 * MIB));
    assert_int_equal(cached.held, 3 * MIB);
    assert_true(memlease_resize(&a, 9 * MIB));
    assert_int_equal(cached.held, 0);
    assert_int_equal(wanted, 2 * MIB);
    assert_false(memlease_resize(&a, 11 * MIB));
    memlease_force(&cached, 2 * MIB);
    assert_false(membudget_over()); /* it gave way */
    assert_int_equal(cached.held, 0);
    memlease_release(&a);
}

static void test_words(void **state)
{
    struct memlease a = {.use = MEMORY_ROWS}, b = {.use = MEMORY_GROUPS};
    struct err e;

    (void)state;
    membudget_set(8 * MIB);
    memlease_force(&a, 3 * MIB);
    memlease_force(&b, MIB - 1);
    assert_int_equal(membudget_fail(&e, "sort less"), ERR_LIMIT);
    assert_int_equal(e.code, ERR_LIMIT);
    assert_string_equal(e.msg, "the limit of memory, --memory=8M, is reached (3M rows of the "
                               "result): sort less");
    memlease_release(&a);
    memlease_release(&b);
}

static _Atomic uint64_t granted; /* what all threads hold, by their own count */

static void *take_and_give(void *arg)
{
    struct memlease l = {.use = MEMORY_TEXTS};
    bool bad = false;

    for (unsigned i = 0; i < 20000 && !bad; i++) {
        if (memlease_resize(&l, (i % 7 + 1) * (MIB / 4)))
            bad = (granted += l.held) > 2 * MIB;
        granted -= l.held;
        memlease_release(&l);
    }
    return bad ? arg : NULL;
}

static void test_threads(void **state)
{
    pthread_t thread[4];
    void *bad;

    (void)state;
    membudget_set(2 * MIB);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, take_and_give, state), 0);
    for (unsigned i = 0; i < 4; i++) {
        pthread_join(thread[i], &bad);
        assert_null(bad);
    }
    assert_int_equal(membudget_held(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_limit, no_limit, no_limit),
        cmocka_unit_test_setup_teardown(test_cache_gives_way, no_limit, no_limit),
        cmocka_unit_test_setup_teardown(test_words, no_limit, no_limit),
        cmocka_unit_test_setup_teardown(test_threads, no_limit, no_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
