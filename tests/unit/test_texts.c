/* test_texts.c - numbers of the distinct texts of a column, against a search through all of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rnd.h"
#include "texts.h"
#include "value.h"
#include "xalloc.h"

#define MAX_KNOWN 20000

struct check {
    struct texts t;
    struct arena mem;
    struct slice known[MAX_KNOWN];
    uint32_t n;
    struct arena own;
};

static uint32_t naive(struct check *c, struct slice s)
{
    if (value_missing(s))
        return 0;
    for (uint32_t k = 0; k < c->n; k++)
        if (slice_eq(c->known[k], s))
            return k + 1;
    assert_true(c->n < MAX_KNOWN);
    c->known[c->n++] = arena_keep(&c->own, s);
    return c->n;
}

/* Of all lengths, many alike at both ends, some missing. */
static size_t make_text(char *to)
{
    static const char fill[] =
        "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnop";
    size_t n = rnd(4) ? rnd(18) : rnd(sizeof(fill));

    if (rnd(20) == 0)
        return rnd(2) ? 0 : (size_t)sprintf(to, "-");
    memcpy(to, fill, n);
    for (unsigned i = 0; n && i < 2; i++)
        to[rnd((uint32_t)n)] = (char)('0' + rnd(4));
    return n;
}

static void one_batch(struct check *c)
{
    struct slice text[TEXTS_BATCH];
    uint32_t code[TEXTS_BATCH];
    unsigned n = 1 + rnd(TEXTS_BATCH);
    char *bytes = xmalloc(TEXTS_BATCH * 100);

    memset(bytes, 'x', TEXTS_BATCH * 100); /* what is behind a text must not matter */
    for (unsigned i = 0; i < n; i++)
        text[i] = slice_of(bytes + i * 100, make_text(bytes + i * 100));
    texts_find(&c->t, &c->mem, text, n, code);
    for (unsigned i = 0; i < n; i++)
        assert_int_equal(code[i], naive(c, text[i]));
    free(bytes);
}

static void texts_have_numbers(void **state)
{
    struct check *c = xcalloc(1, sizeof(*c));
    struct slice *list;

    (void)state;
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < 150; i++)
            one_batch(c);
        assert_int_equal(c->t.n, c->n);
        list = xmalloc(c->n * sizeof(*list));
        texts_list(&c->t, 0, list);
        for (uint32_t k = 0; k < c->n; k++)
            assert_true(slice_eq(list[k], c->known[k]));
        free(list);
        texts_clear(&c->t);
        arena_clear(&c->mem);
        arena_clear(&c->own);
        c->n = 0;
    }
    texts_release(&c->t);
    arena_release(&c->mem);
    arena_release(&c->own);
    free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(texts_have_numbers)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
