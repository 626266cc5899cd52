/* test_slab.c - objects that are taken and given back in any order are zero, apart and kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rnd.h"
#include "slab.h"

struct object {
    uint32_t mark[25]; /* no multiple of what blocks are aligned to */
};

#define MANY 5000

static void objects_are_zero_and_apart(void **state)
{
    struct slab slab = SLAB_OF(struct object);
    static struct object *held[MANY];

    (void)state;
    for (uint32_t round = 1; round < 60000; round++) {
        uint32_t i = rnd(MANY);

        if (!held[i]) {
            held[i] = slab_take(&slab);
            assert_int_equal((uintptr_t)held[i] % _Alignof(max_align_t), 0);
            for (unsigned k = 0; k < 25; k++) {
                assert_int_equal(held[i]->mark[k], 0);
                held[i]->mark[k] = i + k;
            }
            continue;
        }
        for (unsigned k = 0; k < 25; k++)
            assert_int_equal(held[i]->mark[k], i + k);
        slab_give(&slab, held[i]);
        held[i] = NULL;
    }
    slab_give(&slab, NULL);
    for (uint32_t i = 0; i < MANY; i++)
        slab_give(&slab, held[i]);
    assert_null(slab.block);
    assert_null(slab.spare);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_are_zero_and_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
