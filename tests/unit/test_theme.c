/* Every theme is complete, legible and has a mono fallback; bad themes are told by line. */
#include "theme.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>
#include <cmocka.h>

static void assert_good(const struct theme *t)
{
    struct strbuf why = STRBUF_INIT;

    if (theme_check(t, &why) > 0)
        fail_msg("%s", why.buf);
    strbuf_release(&why);
}

static void read_bare(const char *name, struct theme *t)
{
    const char *top = getenv("srcdir");
    char path[4096];
    struct err err;

    theme_init(t);
    for (int r = 0; r < ROLE_COUNT; r++)
        t->style[r].named = false;
    snprintf(path, sizeof(path), "%s/themes/%s.theme", top ? top : ".", name);
    if (theme_read(t, path, &err) < 0)
        fail_msg("%s", err.msg);
}

static void shipped_themes_are_good(void **state)
{
    static const char *const names[] = {"dark", "light", "mono"};
    struct theme t;

    (void)state;
    theme_init(&t);
    assert_good(&t);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        read_bare(names[i], &t);
        assert_string_equal(t.name, names[i]);
        assert_good(&t);
    }
}

static void the_dark_theme_is_the_one_built_in(void **state)
{
    struct theme built_in, t;

    (void)state;
    theme_init(&built_in);
    read_bare("dark", &t);
    assert_int_equal(t.fg, built_in.fg);
    assert_int_equal(t.bg, built_in.bg);
    for (int r = 0; r < ROLE_COUNT; r++) {
        assert_int_equal(t.style[r].fg, built_in.style[r].fg);
        assert_int_equal(t.style[r].bg, built_in.style[r].bg);
        assert_int_equal(t.style[r].attr, built_in.style[r].attr);
        assert_int_equal(t.style[r].mono, built_in.style[r].mono);
    }
}

static void role_letters_differ(void **state)
{
    bool seen[256] = {false};

    (void)state;
    for (int r = 0; r < ROLE_COUNT; r++) {
        assert_false(seen[(unsigned char)role_letter(r)]);
        seen[(unsigned char)role_letter(r)] = true;
        assert_int_equal(role_by_name(slice_str(role_name(r))), r);
    }
    assert_int_equal(role_by_name(SL("nobody")), -1);
}

static void faults_are_found(void **state)
{
    struct strbuf why = STRBUF_INIT;
    struct theme t;

    (void)state;
    theme_init(&t);
    t.style[ROLE_ERROR].fg = 0x202020;
    t.style[ROLE_SELECTION].mono = 0;
    t.style[ROLE_TIME].named = false;
    assert_int_equal(theme_check(&t, &why), 3);
    assert_non_null(strstr(why.buf, "error5xx has a contrast"));
    strbuf_release(&why);
}

static void bad_themes_change_nothing(void **state)
{
    static const char *const bad[] = {
        "[roles]\nnormal = #ffffff",
        "[roles]\nnobody = default default",
        "[roles]\nnormal = red default",
        "[roles]\nnormal = #fffffg default",
        "[roles]\ntime",
        "[colours]\na = b",
        "[theme]\nbackground = default",
        "[roles]\nnormal = default default shiny",
        "[roles]\nok2xx = #000000 default bold / bold\nnormal =",
    };
    struct theme t;
    struct err err;

    (void)state;
    theme_init(&t);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_true(theme_parse(&t, slice_str(bad[i]), "t", &err) < 0);
        assert_int_equal(strncmp(err.msg, "t:", 2), 0);
    }
    assert_good(&t);
}

static void a_theme_may_name_a_few_roles(void **state)
{
    struct theme t;
    struct err err;

    (void)state;
    theme_init(&t);
    assert_int_equal(
        theme_parse(&t, SL("[roles]\ntime = #AABBCC default bold / dim ; soft\n"), "t", &err), 0);
    assert_int_equal(t.style[ROLE_TIME].fg, 0xaabbcc);
    assert_int_equal(t.style[ROLE_TIME].attr, ATTR_BOLD);
    assert_int_equal(t.style[ROLE_TIME].mono, ATTR_DIM);
}

static void colours_come_down_to_the_terminal(void **state)
{
    struct theme t;
    struct look look;

    (void)state;
    assert_int_equal(theme_index256(0xff0000), 196);
    assert_int_equal(theme_index256(0x808080), 244);
    assert_int_equal(theme_index16(0xffffff), 15);
    assert_int_equal(theme_index16(-1), -1);
    theme_init(&t);
    for (int r = 0; r < ROLE_COUNT; r++) {
        look = theme_look(&t, r, ATTR_DIM, DEPTH_16);
        assert_true(look.fg != look.bg || look.fg == COLOR_DEFAULT);
        look = theme_look(&t, r, 0, DEPTH_MONO);
        assert_int_equal(look.fg, COLOR_DEFAULT);
        assert_int_equal(look.bg, COLOR_DEFAULT);
    }
    assert_true(theme_contrast(0, 0xffffff) > 20.9);
}

static void a_missing_file_is_named(void **state)
{
    struct theme t;
    struct err err;

    (void)state;
    theme_init(&t);
    assert_int_equal(theme_read(&t, "/nowhere/x.theme", &err), ERR_SYS);
    assert_non_null(strstr(err.msg, "/nowhere/x.theme"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shipped_themes_are_good),
        cmocka_unit_test(the_dark_theme_is_the_one_built_in),
        cmocka_unit_test(role_letters_differ),
        cmocka_unit_test(faults_are_found),
        cmocka_unit_test(bad_themes_change_nothing),
        cmocka_unit_test(a_theme_may_name_a_few_roles),
        cmocka_unit_test(colours_come_down_to_the_terminal),
        cmocka_unit_test(a_missing_file_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
