/* Hostile bytes become visible, widths are right, nothing is ever lost or read twice. */
#include "text.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void assert_escape(struct slice in, bool ascii, const char *want)
{
    struct strbuf sb = STRBUF_INIT;

    text_escape(&sb, in, ascii);
    assert_string_equal(strbuf_slice(&sb).ptr, want);
    assert_int_equal(text_width(in, ascii), text_width(slice_str(want), false));
    strbuf_release(&sb);
}

static void controls_become_visible(void **state)
{
    (void)state;
    assert_escape(SL("a\033[31mb"), false, "a^[[31mb");
    assert_escape(SL("\0\x7f\r\n"), false, "^@^?^M^J");
    assert_escape(SL("\xc2\x9b"
                     "31m"),
                  false, "\\x9b31m");
    assert_escape(SL("a\tb"), false, "a⇥b");
    assert_escape(SL("a\tb"), true, "a^Ib");
}

static void bidi_and_invisible_characters_become_visible(void **state)
{
    (void)state;
    assert_escape(SL("x\u202Ey"), false, "x\\u{202E}y");
    assert_escape(SL("x\u200By\uFEFF"), false, "x\\u{200B}y\\u{FEFF}");
    assert_escape(SL("\u2066a\u2069"), false, "\\u{2066}a\\u{2069}");
    assert_escape(SL("\U000E0041"), false, "\\u{E0041}");
    assert_escape(SL("\uE000"), false, "\\u{E000}");
}

static void invalid_utf8_becomes_visible(void **state)
{
    (void)state;
    assert_escape(SL("\xff\xc0\xaf"), false, "\\xff\\xc0\\xaf");
    assert_escape(SL("\xed\xa0\x80"), false, "\\xed\\xa0\\x80");
    assert_escape(SL("\xf4\x90\x80\x80"), false, "\\xf4\\x90\\x80\\x80");
    assert_escape(SL("ok\xe2\x82"), false, "ok\\xe2\\x82");
}

static void ascii_mode_shows_code_points(void **state)
{
    (void)state;
    assert_escape(SL("é日"), true, "\\u{E9}\\u{65E5}");
}

static void marks_stay_with_their_base(void **state)
{
    struct slice s = SL("e\u0301x");
    struct text_unit u;

    (void)state;
    assert_true(text_next(&s, false, &u));
    assert_string_equal(u.out, "e\u0301");
    assert_int_equal(u.width, 1);
    assert_escape(SL("\u0301"), false, "\\u{301}");
    s = SL("e\u0301\u0301\u0301\u0301\u0301");
    assert_true(text_next(&s, false, &u));
    assert_true(text_next(&s, false, &u));
    assert_true(u.escaped);
}

static void wide_characters_take_two_columns(void **state)
{
    size_t width;

    (void)state;
    assert_int_equal(text_width(SL("日本"), false), 4);
    assert_int_equal(text_prefix(SL("日本"), false, 3, &width).len, 3);
    assert_int_equal(width, 2);
}

static void code_points_survive_a_round_trip(void **state)
{
    char out[5];

    (void)state;
    for (uint32_t cp = 0; cp <= 0x10FFFF; cp++) {
        uint32_t back = 0;
        size_t n = text_encode(cp, out);
        bool surrogate = cp >= 0xD800 && cp <= 0xDFFF;

        assert_int_equal(text_decode(out, n, &back), surrogate ? 0 : n);
        if (!surrogate)
            assert_int_equal(back, cp);
    }
}

static void words_wrap(void **state)
{
    static const char *const want[] = {"the load", "balancer", "gave up", "", "abcdefgh", "ij"};
    struct slice rest = SL("the load balancer gave up\n\nabcdefghij"), line;
    size_t i = 0;

    (void)state;
    for (; text_wrap(&rest, false, 8, &line); i++)
        assert_true(slice_is(line, want[i]));
    assert_int_equal(i, ARRAY_LEN(want));
}

static void wrapping_always_gets_on(void **state)
{
    struct slice rest = SL("\x1b日\xff  "), line;
    int lines = 0;

    (void)state;
    while (text_wrap(&rest, true, 0, &line))
        assert_true(++lines < 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(controls_become_visible),
        cmocka_unit_test(bidi_and_invisible_characters_become_visible),
        cmocka_unit_test(invalid_utf8_becomes_visible),
        cmocka_unit_test(ascii_mode_shows_code_points),
        cmocka_unit_test(marks_stay_with_their_base),
        cmocka_unit_test(wide_characters_take_two_columns),
        cmocka_unit_test(code_points_survive_a_round_trip),
        cmocka_unit_test(words_wrap),
        cmocka_unit_test(wrapping_always_gets_on),
    };

    setlocale(LC_ALL, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
