/* test_samples.c - percentiles of groups: exact, and from the sketch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <float.h>
#include <math.h>

#include "rnd.h"
#include "samples.h"
#include "xalloc.h"

#define GROUPS 700
#define VALUES 90000
#define PARTS 3

static const double pct[] = {50, 0, 99, 99.9, 100, 50};
#define N_PCT ARRAY_LEN(pct)

static struct {
    uint32_t group;
    double x;
} sample[VALUES];

static int make_samples(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < VALUES; i++) {
        double x = exp((double)rnd(20000) / 1000 - 10);

        /* some are large; the last ones come in order, as those of time buckets do */
        sample[i].group = i > VALUES / 2 ? (uint32_t)(i / 2000 * 10)
                          : rnd(3)       ? rnd(GROUPS)
                                         : 5 + rnd(2);
        sample[i].x = sample[i].group == 6 ? 1.5 : rnd(10) == 0 ? 0 : rnd(4) == 0 ? -x : x;
    }
    sample[0].x = DBL_MAX;
    sample[1].x = DBL_TRUE_MIN;
    sample[2].x = -DBL_MAX;
    return 0;
}

struct answer {
    double value[GROUPS * N_PCT];
    uint64_t count[GROUPS];
};

/* The answer when `parts` threads of other group numbers had a share each. */
static bool ask(uint64_t max, unsigned parts, struct answer *out)
{
    struct sample_budget budget = {.max = max};
    struct samples *s[PARTS];
    uint32_t *here = xcalloc(GROUPS, sizeof(*here));
    bool sketched;

    memset(out, 0, sizeof(*out));
    for (unsigned p = 0; p < parts; p++)
        s[p] = samples_new(&budget);
    for (size_t i = 0; i < VALUES; i++) {
        unsigned p = (unsigned)(i * 7 / 11 % parts);

        samples_add(s[p], (sample[i].group + (p == 1 ? 100 : 0)) % GROUPS, sample[i].x);
        if (i % 1000 == 0)
            samples_settle(s[p]);
    }
    for (unsigned round = 0; round < 2; round++)
        for (unsigned p = 0; p < parts; p++)
            samples_settle(s[p]);
    for (unsigned p = 1; p < parts; p++) {
        for (uint32_t g = 0; g < GROUPS; g++)
            here[g] = p == 1 ? (g + GROUPS - 100) % GROUPS : g;
        samples_merge(s[0], s[p], here);
        samples_free(s[p]);
    }
    sketched = samples_sketched(s[0]);
    samples_rank(s[0], pct, N_PCT, out->value, out->count, parts);
    samples_free(s[0]);
    free(here);
    return sketched;
}

static int by_double(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void sorted(uint32_t group, double *x, size_t *n)
{
    *n = 0;
    for (size_t i = 0; i < VALUES; i++)
        if (sample[i].group == group)
            x[(*n)++] = sample[i].x;
    if (*n)
        qsort(x, *n, sizeof(*x), by_double);
}

static void expect(const struct answer *a, double error)
{
    double *x = xcalloc(VALUES, sizeof(*x));

    for (uint32_t g = 0; g < GROUPS; g++) {
        size_t n;

        sorted(g, x, &n);
        assert_int_equal(a->count[g], n);
        for (unsigned k = 0; n && k < N_PCT; k++) {
            size_t rank = (size_t)ceil(pct[k] / 100 * (double)n);
            double want = x[rank ? rank - 1 : 0], got = a->value[g * N_PCT + k];

            if (!(fabs(got - want) <= fabs(want) * error) && fabs(want) > 1e-300)
                fail_msg("group %u, p%g: %g, should be %g", g, pct[k], got, want);
        }
    }
    free(x);
}

static void all_of_them_are_exact(void **unused)
{
    struct answer *a = xmalloc(sizeof(*a));

    (void)unused;
    for (unsigned parts = 1; parts <= PARTS; parts++) {
        assert_false(ask(VALUES, parts, a));
        expect(a, 0);
    }
    free(a);
}

static void too_many_are_a_sketch(void **unused)
{
    struct answer *one = xmalloc(sizeof(*one)), *many = xmalloc(sizeof(*many));

    (void)unused;
    for (unsigned i = 0; i < 3; i++) {
        uint64_t max = ((const uint64_t[]){0, 1000, VALUES - 1})[i];

        assert_true(ask(max, 1, one));
        expect(one, SAMPLES_ERROR * (1 + 1e-9));
        for (unsigned parts = 2; parts <= PARTS; parts++) {
            assert_true(ask(max, parts, many));
            assert_memory_equal(one, many, sizeof(*one));
        }
    }
    free(one);
    free(many);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_them_are_exact),
        cmocka_unit_test(too_many_are_a_sketch),
    };

    return cmocka_run_group_tests(tests, make_samples, NULL);
}
