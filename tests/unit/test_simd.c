/* test_simd.c - every path of this machine against the portable one, and the tokenizers that are
 * built on them against ones that go byte by byte. Inputs stand at the end of memory of their exact
 * size, so that a sanitizer sees a look beyond. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rnd.h"
#include "segment.h"
#include "simd.h"
#include "tok_space.h"
#include "xalloc.h"

static char *random_text(size_t n, const char *alphabet)
{
    char *p = xmalloc(n + (n == 0));

    for (size_t i = 0; i < n; i++)
        p[i] = alphabet[rnd((uint32_t)strlen(alphabet))];
    return p;
}

static void bytes_are_found(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 3000; round++) {
        static const char sets[][3] = {{' ', '"', '\\'}, {0, '\t', (char)0xff}, {'a', 'a', 'a'}};
        size_t n = rnd(round % 10 ? 300 : SIMD_WINDOW + 1), words = (n + 63) / 64;
        const char *set = sets[rnd(ARRAY_LEN(sets))];
        uint64_t want[3][SIMD_WORDS], got[3][SIMD_WORDS];
        uint16_t want_at[SIMD_WINDOW + 64], got_at[SIMD_WINDOW + 64];
        char *p = random_text(n, "aaaaaaaaaab \"\\\t\xff");

        for (size_t i = 0; i < n; i++)
            if (rnd(20) == 0)
                p[i] = 0;
        simd_path(0)->match(p, n, set, want);
        for (size_t i = 0; i < words * 64; i++)
            for (unsigned k = 0; k < 3; k++)
                assert_int_equal(want[k][i / 64] >> i % 64 & 1, i < n && p[i] == set[k]);
        for (unsigned i = 1; simd_path(i); i++) {
            unsigned n_want = simd_path(0)->places(want[0], words, want_at);

            simd_path(i)->match(p, n, set, got);
            for (unsigned k = 0; k < 3; k++)
                assert_memory_equal(got[k], want[k], words * sizeof(**got));
            assert_int_equal(simd_path(i)->places(got[0], words, got_at), n_want);
            assert_memory_equal(got_at, want_at, n_want * sizeof(*got_at));
        }
        free(p);
    }
}

/* The same, byte by byte. */
static void masks_of_json(const char *p, size_t n, struct json_masks *m)
{
    bool inside = false, escaped = false;

    memset(m, 0, n / 64 * sizeof(*m));
    for (size_t i = 0; i < n; i++) {
        uint64_t bit = UINT64_C(1) << i % 64;

        if (p[i] == '"' && !escaped)
            inside = !inside;
        escaped = p[i] == '\\' && !escaped;
        m[i / 64].text |= inside ? bit : 0;
        m[i / 64].open |= p[i] == '{' || p[i] == '[' ? bit : 0;
        m[i / 64].close |= p[i] == '}' || p[i] == ']' ? bit : 0;
        m[i / 64].feed |= p[i] == '\n' ? bit : 0;
    }
}

static void json_is_classified(void **state)
{
    static const char *const alphabets[] = {"a\"\\", "abcdefgh\"{}[],:\n\\",
                                            "ab\"{\x7f\xdb\xfd[}]\n"};

    (void)state;
    for (unsigned round = 0; round < 3000; round++) {
        size_t n = 64 * (1 + rnd(4));
        char *p = random_text(n, alphabets[round % ARRAY_LEN(alphabets)]);
        struct json_masks want[4];

        masks_of_json(p, n, want);
        for (unsigned i = 0; simd_path(i); i++) {
            struct json_carry carry = {0};
            struct json_masks got;

            for (size_t at = 0; at < n; at += 64) {
                simd_path(i)->json(p + at, &carry, &got);
                assert_memory_equal(&got, &want[at / 64], sizeof(got));
            }
        }
        free(p);
    }
}

static void places_of_full_words(void **state)
{
    uint64_t mask[SIMD_WORDS];
    uint16_t at[SIMD_WINDOW + 64];

    (void)state;
    memset(mask, 0xff, sizeof(mask));
    for (unsigned i = 0; simd_path(i); i++) {
        assert_int_equal(simd_path(i)->places(mask, SIMD_WORDS, at), SIMD_WINDOW);
        for (unsigned k = 0; k < SIMD_WINDOW; k++)
            assert_int_equal(at[k], k);
    }
}

/* The buckets of one step, place by place. */
static uint32_t buckets_of_step(const struct byte_tables *t, const char *p, uint8_t *out)
{
    uint32_t some = 0;

    for (unsigned i = 0; i < SIMD_STEP; i++) {
        out[i] = 0xff;
        for (unsigned k = 0; k < 3; k++) {
            uint8_t c = (uint8_t)p[i + k];

            out[i] &= t->low[k][c % 16] & t->high[k][c / 16];
        }
        some |= (uint32_t)(out[i] != 0) << i;
    }
    return some;
}

static void candidates_are_found(void **state)
{
    unsigned found = 0;

    (void)state;
    for (unsigned round = 0; round < 2000; round++) {
        size_t n = rnd(400), start = rnd(20);
        struct byte_tables t;
        char *p = random_text(n, "abcdefghijklmnopqrstuvwxyz \xff\x80");

        for (unsigned k = 0; k < 3; k++)
            for (unsigned i = 0; i < 16; i++) {
                t.low[k][i] = (uint8_t)(1u << rnd(8));
                t.high[k][i] = (uint8_t)rnd(256);
            }
        for (unsigned i = 0; simd_path(i); i++)
            for (size_t at = start;; at += SIMD_STEP) {
                uint8_t want[SIMD_STEP], got[SIMD_STEP];
                uint32_t some = 0, got_some;
                size_t place = simd_path(i)->candidates(&t, p, n, at, got, &got_some);

                while (at + SIMD_STEP + 2 <= n && !(some = buckets_of_step(&t, p + at, want)))
                    at += SIMD_STEP;
                assert_int_equal(place, at);
                assert_int_equal(got_some, some);
                if (!some)
                    break;
                assert_memory_equal(got, want, sizeof(got));
                found++;
            }
        free(p);
    }
    assert_true(found > 1000);
}

/* Values near the bounds and near the ends of the type. */
static uint32_t edge_value(uint32_t lo, uint32_t hi, uint32_t max)
{
    const uint32_t v[] = {lo, hi, lo - 1, lo + 1,  hi - 1,      hi + 1,
                          0,  1,  max,    max / 2, max / 2 + 1, rnd(UINT32_MAX)};

    return v[rnd(ARRAY_LEN(v))] & max;
}

#define CHECK_BETWEEN(type, op)                                                                    \
    for (unsigned round = 0; round < 400; round++) {                                               \
        size_t words = 1 + rnd(4);                                                                 \
        type lo = (type)edge_value(0, 0, (type)-1), hi = (type)edge_value(lo, lo, (type)-1);       \
        type *code = xmalloc(words * 64 * sizeof(*code));                                          \
        uint64_t bits[4];                                                                          \
                                                                                                   \
        if (lo > hi)                                                                               \
            hi = lo;                                                                               \
        for (size_t i = 0; i < words * 64; i++)                                                    \
            code[i] = (type)edge_value(lo, hi, (type)-1);                                          \
        for (unsigned k = 0; simd_path(k); k++) {                                                  \
            simd_path(k)->op(code, words, lo, hi, bits);                                           \
            for (size_t i = 0; i < words * 64; i++)                                                \
                assert_int_equal(bits[i / 64] >> i % 64 & 1, code[i] >= lo && code[i] <= hi);      \
        }                                                                                          \
        free(code);                                                                                \
    }

static void codes_are_compared(void **state)
{
    (void)state;
    CHECK_BETWEEN(uint8_t, between_8)
    CHECK_BETWEEN(uint16_t, between_16)
    CHECK_BETWEEN(uint32_t, between_32)
}

/* --- tokenizers --- */

#define N_KNOWN 5
#define EXTRA_AT 6
#define N_VAL (EXTRA_AT + MAX_EXTRA)
static const uint16_t order[N_KNOWN] = {3, 1, 0, 4, 2};
static const struct tok_map map = {order, N_KNOWN, EXTRA_AT};

/* What a tokenizer gave, or should give. */
struct cut {
    struct tok_result r;
    struct slice val[N_VAL];
};

static void put(struct cut *c, const char *from, const char *to)
{
    unsigned n = c->r.n++;

    c->val[n < N_KNOWN ? order[n] : EXTRA_AT + n - N_KNOWN] = slice_of(from, (size_t)(to - from));
    c->r.n_val = EXTRA_AT + (n < N_KNOWN ? 0 : n - N_KNOWN + 1);
}

static bool last_one(const struct cut *c)
{
    return c->r.n == N_KNOWN + MAX_EXTRA - 1;
}

static void naive_quoted(struct slice s, struct cut *c)
{
    const char *p = s.ptr, *end = s.ptr + s.len, *q;

    while (p < end && !last_one(c)) {
        if (*p == '"') {
            unsigned slashes = 0;

            for (q = ++p; q < end; q++) {
                if (*q == '"' && slashes % 2 == 0 && (q + 1 == end || q[1] == ' '))
                    break;
                slashes = *q == '\\' ? slashes + 1 : 0;
            }
            put(c, p, q);
            c->r.open = q == end;
            p = q < end ? q + 2 : end;
        } else {
            for (q = p; q < end && *q != ' '; q++)
                ;
            put(c, p, q);
            p = q + 1;
        }
    }
    if (p < end)
        put(c, p, end);
}

static void naive_sep(struct slice s, char sep, struct cut *c)
{
    const char *p = s.ptr, *end = s.ptr + s.len, *q;

    for (; p < end && !last_one(c); p = q + 1) {
        for (q = p; q < end && *q != sep; q++)
            ;
        put(c, p, q);
    }
    if (p < end)
        put(c, p, end);
}

static bool is_space(char b)
{
    return b == ' ' || b == '\t';
}

static void naive_runs(struct slice s, struct cut *c)
{
    const char *p = s.ptr, *end = s.ptr + s.len, *q;

    for (;; p = q) {
        while (p < end && is_space(*p))
            p++;
        if (p == end)
            return;
        q = p;
        while (q < end && (last_one(c) || !is_space(*q)))
            q++;
        put(c, p, q);
    }
}

static void same_cut(const struct cut *got, const struct cut *want, struct slice line)
{
    bool same =
        got->r.n == want->r.n && got->r.n_val == want->r.n_val && got->r.open == want->r.open;

    for (unsigned i = 0; i < N_VAL; i++)
        same &= got->val[i].ptr == want->val[i].ptr && got->val[i].len == want->val[i].len;
    if (!same)
        fail_msg("%s cuts otherwise: " SLICE_FMT, simd->name, SLICE_ARG(line));
}

static void cut_all(struct slice line)
{
    const struct cut none = {.r = {.n_val = EXTRA_AT}};
    struct cut quoted = none, sep = none, runs = none;

    naive_quoted(line, &quoted);
    naive_sep(line, '\t', &sep);
    naive_runs(line, &runs);
    for (unsigned i = 0; simd_path(i); i++) {
        struct cut got = none;

        simd_use(simd_path(i));
        got.r = tok_quoted(line, map, got.val);
        same_cut(&got, &quoted, line);
        got = none;
        got.r = tok_sep(line, '\t', map, got.val);
        same_cut(&got, &sep, line);
        got = none;
        got.r = tok_runs(line, map, got.val);
        same_cut(&got, &runs, line);
    }
}

static void lines_are_cut_at_any_length(void **state)
{
    static const char *const alphabets[] = {
        "ab \"", "abcdefgh \"\\", "ab\t ", "abcdefghijklmnopq\t ", "\" ", "a"};

    (void)state;
    for (unsigned round = 0; round < 20000; round++) {
        size_t n = rnd(round % 50 ? 200 : 3 * SIMD_WINDOW);
        char *p = random_text(n, alphabets[rnd(ARRAY_LEN(alphabets))]);

        cut_all(slice_of(p, n));
        free(p);
    }
}

/* As logs are: fields in quotes or not, now and then one with a quote in it. */
static void quoted_lines_are_cut(void **state)
{
    static const char *const field[] = {"200 ",
                                        "- ",
                                        "\"\" ",
                                        "\"-\" ",
                                        "\"GET http://a/b?c HTTP/1.1\" ",
                                        " ",
                                        "a\"b ",
                                        "\"say \\\"hi\\\" \" ",
                                        "\"a\"b\" ",
                                        "\"x\\\\\" "};

    (void)state;
    for (unsigned round = 0; round < 20000; round++) {
        unsigned n_field = rnd(round % 10 ? 12 : 60), odd = rnd(4);
        struct strbuf sb = STRBUF_INIT;
        struct slice line;
        char *exact;

        for (unsigned i = 0; i < n_field; i++)
            strbuf_adds(&sb, field[rnd(odd ? 5 : ARRAY_LEN(field))]);
        line = strbuf_slice(&sb);
        line.len -= line.len && rnd(2);
        exact = xmemdup(line.ptr, line.len + (line.len == 0));
        cut_all(slice_of(exact, line.len));
        free(exact);
        strbuf_release(&sb);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_found),      cmocka_unit_test(json_is_classified),
        cmocka_unit_test(places_of_full_words), cmocka_unit_test(candidates_are_found),
        cmocka_unit_test(codes_are_compared),   cmocka_unit_test(lines_are_cut_at_any_length),
        cmocka_unit_test(quoted_lines_are_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
