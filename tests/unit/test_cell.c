/* The grid clips, keeps wide cells whole, joins lines, and the headless terminal plays scripts. */
#include "cell.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#include "term.h"

static void assert_row(const struct grid *g, int y, const char *want)
{
    struct strbuf sb = STRBUF_INIT;

    for (int x = 0; x < g->w; x++)
        strbuf_adds(&sb, grid_cell(g, y, x)->text);
    assert_string_equal(sb.buf, want);
    strbuf_release(&sb);
}

static void long_text_is_cut_with_an_ellipsis(void **state)
{
    struct grid *g = grid_new(2, 8);

    (void)state;
    assert_int_equal(grid_puts(g, 0, 0, "abcdefghij", 6, ROLE_NORMAL), 6);
    assert_row(g, 0, "abcde…  ");
    g->ascii = true;
    assert_int_equal(grid_puts(g, 1, 0, "abcdefghij", 6, ROLE_NORMAL), 6);
    assert_row(g, 1, "abcde~  ");
    assert_int_equal(grid_puts(g, 1, 0, "x", 0, ROLE_NORMAL), 0);
    grid_free(g);
}

static void wide_cells_are_never_halved(void **state)
{
    struct grid *g = grid_new(1, 6);

    (void)state;
    grid_puts(g, 0, 0, "日本語", 6, ROLE_NORMAL);
    grid_puts(g, 0, 1, "x", 1, ROLE_NORMAL);
    assert_row(g, 0, " x本語");
    grid_puts(g, 0, 4, "y", 1, ROLE_NORMAL);
    assert_row(g, 0, " x本y ");
    grid_puts(g, 0, 5, "日", 9, ROLE_NORMAL);
    assert_row(g, 0, " x本y ");
    grid_free(g);
}

static void drawing_outside_changes_nothing(void **state)
{
    struct grid *g = grid_new(2, 4);
    struct rect old;

    (void)state;
    grid_puts(g, -1, 0, "no", 2, ROLE_NORMAL);
    grid_puts(g, 0, -2, "abcd", 4, ROLE_NORMAL);
    grid_puts(g, 1, 3, "日日", 4, ROLE_NORMAL);
    grid_box(g, rect_of(-5, -5, 3, 3), SL("t"), ROLE_BORDER, ROLE_TITLE);
    assert_row(g, 0, "cd  ");
    assert_row(g, 1, "    ");
    old = grid_clip(g, rect_of(0, 1, 1, 2));
    grid_fill(g, rect_of(-9, -9, 99, 99), ROLE_DIM, 0);
    assert_row(g, 0, "c   ");
    grid_unclip(g, old);
    assert_int_equal(grid_cell(g, 0, 1)->role, ROLE_DIM);
    assert_int_equal(grid_cell(g, 1, 1)->role, ROLE_NORMAL);
    grid_free(g);
}

static void boxes_join(void **state)
{
    struct grid *g = grid_new(5, 9);

    (void)state;
    grid_box(g, rect_of(0, 0, 3, 9), SL("t"), ROLE_BORDER, ROLE_TITLE);
    grid_box(g, rect_of(2, 0, 3, 5), SL(""), ROLE_BORDER, ROLE_TITLE);
    assert_row(g, 0, "┌ t ────┐");
    assert_row(g, 1, "│       │");
    assert_row(g, 2, "├───┬───┘");
    assert_row(g, 4, "└───┘    ");
    g->ascii = true;
    grid_clear(g);
    grid_box(g, rect_of(0, 0, 3, 9), SL("title is long"), ROLE_BORDER, ROLE_TITLE);
    assert_row(g, 0, "+ titl~ +");
    assert_row(g, 1, "|       |");
    grid_free(g);
}

static void numbers_stand_on_the_right(void **state)
{
    struct grid *g = grid_new(1, 8);

    (void)state;
    grid_put_right(g, 0, 1, 6, SL("12"), ROLE_NUMBER, 0);
    assert_row(g, 0, "     12 ");
    grid_put_right(g, 0, 1, 6, SL("12345678"), ROLE_NUMBER, 0);
    assert_row(g, 0, " 12345… ");
    grid_free(g);
}

static void small_values_are_still_seen(void **state)
{
    static const uint64_t v[] = {0, 1, 500, 1000};
    struct grid *g = grid_new(3, 4);

    (void)state;
    grid_spark(g, 0, 0, v, 4, 0, ROLE_BAR);
    assert_row(g, 0, " ▁▄█");
    grid_bar(g, 1, 0, 4, 1, 1000, ROLE_BAR);
    assert_row(g, 1, "▏   ");
    grid_bar(g, 1, 0, 4, UINT64_MAX, UINT64_MAX, ROLE_BAR);
    assert_row(g, 1, "████");
    assert_int_equal(grid_column(g, 2, 0, 2, 12, ROLE_BAR), 2);
    assert_string_equal(grid_cell(g, 1, 0)->text, "▄");
    assert_string_equal(grid_cell(g, 2, 0)->text, "█");
    grid_free(g);
}

static void escapes_are_told_from_text(void **state)
{
    struct grid *g = grid_new(1, 6);

    (void)state;
    grid_put(g, 0, 0, SL("^[\033x"), 6, ROLE_VALUE, 0);
    assert_row(g, 0, "^[^[x ");
    assert_int_equal(grid_cell(g, 0, 0)->role, ROLE_VALUE);
    assert_int_equal(grid_cell(g, 0, 2)->role, ROLE_ESCAPE);
    assert_int_equal(grid_cell(g, 0, 4)->role, ROLE_VALUE);
    grid_free(g);
}

static void scripts_become_events(void **state)
{
    struct headless_options opt = {.h = 2,
                                   .w = 10,
                                   .script =
                                       SL("# start\npress C-d gg\ntype é\nresize 20x3\nidle\n"
                                          "paste a b\nwait-for hi\nsnap one\nquit\npress x\n")};
    char *out = NULL;
    size_t len = 0;
    struct term *t;
    struct grid *g = grid_new(3, 20);
    struct event ev;
    static const enum event_type want[] = {EV_KEY,    EV_KEY,     EV_KEY,   EV_KEY,
                                           EV_RESIZE, EV_TIMEOUT, EV_PASTE, EV_EOF};

    (void)state;
    opt.out = open_memstream(&out, &len);
    t = term_headless_new(&opt);
    grid_puts(g, 1, 0, "hi", 2, ROLE_TITLE);
    for (size_t i = 0; i < ARRAY_LEN(want); i++) {
        term_next(t, -1, 0, &ev);
        assert_int_equal(ev.type, want[i]);
        if (i == 0)
            assert_true(key_eq(ev.key, (struct key){'d', MOD_CTRL}));
        if (i == 3)
            assert_int_equal(ev.key.code, 0xE9);
        term_draw(t, g);
    }
    assert_null(term_headless_error(t));
    fclose(opt.out);
    assert_string_equal(out, "=== one\n== text 20x3\n\nhi\n\n== roles\n\ntt\n\n");
    free(out);
    term_free(t);
    grid_free(g);
}

static void bad_scripts_are_told(void **state)
{
    struct headless_options opt = {.h = 2, .w = 10, .script = SL("\ndance\n"), .script_name = "s"};
    struct term *t = term_headless_new(&opt);
    struct event ev;

    (void)state;
    term_next(t, -1, 0, &ev);
    assert_int_equal(ev.type, EV_EOF);
    assert_string_equal(term_headless_error(t)->msg, "s:2: not an order: 'dance'");
    term_free(t);
}

static void the_clipboard_is_base64(void **state)
{
    struct strbuf sb = STRBUF_INIT;

    (void)state;
    term_osc52(&sb, SL("hello"), false);
    assert_string_equal(sb.buf, "\033]52;c;aGVsbG8=\a");
    strbuf_reset(&sb);
    term_osc52(&sb, SL("abc"), true);
    assert_string_equal(sb.buf, "\033Ptmux;\033\033]52;c;YWJj\a\033\\");
    strbuf_release(&sb);
}

static void pictures_escape_their_text(void **state)
{
    struct grid *g = grid_new(1, 4);
    struct theme theme;
    char *out = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&out, &len);

    (void)state;
    theme_init(&theme);
    grid_puts(g, 0, 0, "a<&>", 4, ROLE_ERROR);
    term_svg(g, &theme, f);
    fclose(f);
    assert_non_null(strstr(out, ">a&lt;&amp;&gt;</text>"));
    free(out);
    grid_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(long_text_is_cut_with_an_ellipsis),
        cmocka_unit_test(wide_cells_are_never_halved),
        cmocka_unit_test(drawing_outside_changes_nothing),
        cmocka_unit_test(boxes_join),
        cmocka_unit_test(numbers_stand_on_the_right),
        cmocka_unit_test(small_values_are_still_seen),
        cmocka_unit_test(escapes_are_told_from_text),
        cmocka_unit_test(scripts_become_events),
        cmocka_unit_test(bad_scripts_are_told),
        cmocka_unit_test(the_clipboard_is_base64),
        cmocka_unit_test(pictures_escape_their_text),
    };

    setlocale(LC_ALL, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
