/* Editing, history, completion and drawing of the prompt. */
#include "prompt.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static enum prompt_result press(struct prompt *p, const char *keys)
{
    struct slice rest = slice_trim(slice_str(keys));
    enum prompt_result result = PROMPT_IGNORED;

    while (rest.len) {
        struct key key;
        size_t n = key_parse(rest, &key);

        assert_true(n > 0);
        result = prompt_key(p, key);
        rest = slice_trim(slice_of(rest.ptr + n, rest.len - n));
    }
    return result;
}

static void assert_text(const struct prompt *p, const char *want, size_t cursor)
{
    assert_string_equal(prompt_text(p).ptr, want);
    assert_int_equal(prompt_cursor(p), cursor);
}

static void assert_row(const struct grid *g, int y, const char *want)
{
    struct strbuf sb = STRBUF_INIT;

    for (int x = 0; x < g->w; x++)
        strbuf_adds(&sb, grid_cell(g, y, x)->text);
    assert_string_equal(sb.buf, want);
    strbuf_release(&sb);
}

static void characters_are_edited_whole(void **state)
{
    struct prompt *p = prompt_new();

    (void)state;
    prompt_open(p, "/", SL(""), 0, NULL, NULL);
    assert_int_equal(press(p, "a é 日 b"), PROMPT_EDITED);
    assert_text(p, "aé日b", 7);
    assert_int_equal(press(p, "Left Left"), PROMPT_MOVED);
    assert_text(p, "aé日b", 3);
    press(p, "Backspace Delete");
    assert_text(p, "ab", 1);
    press(p, "C-a x C-e y");
    assert_text(p, "xaby", 4);
    prompt_free(p);
}

static void words_are_killed_and_put_back(void **state)
{
    struct prompt *p = prompt_new();

    (void)state;
    prompt_open(p, "/", SL("status=5xx and path"), 0, NULL, NULL);
    press(p, "C-w");
    assert_text(p, "status=5xx and ", 15);
    press(p, "C-y");
    assert_text(p, "status=5xx and path", 19);
    press(p, "M-b M-b M-b");
    assert_int_equal(prompt_cursor(p), 7);
    press(p, "C-k");
    assert_text(p, "status=", 7);
    press(p, "M-Backspace");
    assert_text(p, "", 0);
    assert_int_equal(press(p, "Backspace"), PROMPT_CANCELLED);
    assert_false(prompt_is_open(p));
    prompt_free(p);
}

static void pasted_lines_become_one(void **state)
{
    struct prompt *p = prompt_new();

    (void)state;
    prompt_open(p, "/", SL(""), 0, NULL, NULL);
    assert_int_equal(prompt_paste(p, SL("a\nb\tc\n")), PROMPT_EDITED);
    assert_text(p, "a b c", 5);
    prompt_free(p);
}

static void history_is_found_by_its_beginning(void **state)
{
    struct prompt *p = prompt_new();

    (void)state;
    prompt_history_add(p, 1, SL("status=404"));
    prompt_history_add(p, 1, SL("path=/x"));
    prompt_history_add(p, 1, SL("status=504"));
    prompt_open(p, "/", SL("st"), 1, NULL, NULL);
    press(p, "Up");
    assert_text(p, "status=504", 10);
    press(p, "Up");
    assert_text(p, "status=404", 10);
    press(p, "Up");
    assert_text(p, "status=404", 10);
    press(p, "Down Down");
    assert_text(p, "st", 2);
    press(p, "C-u n e w Enter");
    prompt_open(p, "/", SL(""), 1, NULL, NULL);
    press(p, "Up");
    assert_text(p, "new", 3);
    prompt_open(p, "/", SL(""), 2, NULL, NULL);
    press(p, "Up");
    assert_text(p, "", 0);
    prompt_free(p);
}

static void offer(void *ctx, struct slice text, size_t cursor, struct completions *c)
{
    static const char *const names[] = {"target_ip", "target_port", "time"};
    size_t start = cursor;

    (void)ctx;
    while (start > 0 && text.ptr[start - 1] != ' ')
        start--;
    c->start = start;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strncmp(names[i], text.ptr + start, cursor - start) == 0)
            completions_add(c, slice_str(names[i]), SL("a field"));
}

static void tab_completes(void **state)
{
    struct prompt *p = prompt_new();

    (void)state;
    prompt_open(p, "/", SL("x ta"), 0, offer, NULL);
    assert_int_equal(press(p, "Tab"), PROMPT_EDITED);
    assert_text(p, "x target_", 9);
    press(p, "Tab");
    assert_text(p, "x target_ip", 11);
    press(p, "Tab");
    assert_text(p, "x target_port", 13);
    press(p, "S-Tab");
    assert_text(p, "x target_ip", 11);
    assert_int_equal(press(p, "Esc"), PROMPT_MOVED);
    assert_true(prompt_is_open(p));
    press(p, "Space t i Tab");
    assert_text(p, "x target_ip time", 16);
    assert_int_equal(press(p, "Tab Esc Esc"), PROMPT_CANCELLED);
    prompt_free(p);
}

static void errors_point_at_their_place(void **state)
{
    struct grid *g = grid_new(3, 20);
    struct prompt *p = prompt_new();

    (void)state;
    prompt_open(p, "f ", SL("a = ("), 0, NULL, NULL);
    prompt_error(p, 4, "no end");
    prompt_draw(p, g, 2, 0, 20);
    assert_row(g, 2, "f a = (             ");
    assert_row(g, 1, "      ▼ no end      ");
    assert_int_equal(grid_cell(g, 2, 6)->role, ROLE_PROMPT_ERROR);
    assert_int_equal(grid_cell(g, 2, 5)->role, ROLE_PROMPT);
    assert_int_equal(g->cursor_x, 7);
    prompt_free(p);
    grid_free(g);
}

static void long_text_scrolls_to_the_cursor(void **state)
{
    struct grid *g = grid_new(1, 6);
    struct prompt *p = prompt_new();

    (void)state;
    prompt_open(p, "/", SL("abcdefghij"), 0, NULL, NULL);
    prompt_draw(p, g, 0, 0, 6);
    assert_row(g, 0, "/ghij ");
    assert_int_equal(g->cursor_x, 5);
    prompt_free(p);
    grid_free(g);
}

static void completions_pop_up_above(void **state)
{
    struct grid *g = grid_new(4, 24);
    struct prompt *p = prompt_new();

    (void)state;
    prompt_open(p, "/", SL("ta"), 0, offer, NULL);
    press(p, "Tab Tab");
    prompt_draw(p, g, 3, 0, 24);
    assert_row(g, 1, " target_ip    a field   ");
    assert_row(g, 2, " target_port  a field   ");
    assert_int_equal(grid_cell(g, 1, 1)->role, ROLE_POPUP_SEL);
    assert_int_equal(grid_cell(g, 2, 1)->role, ROLE_POPUP);
    prompt_draw(p, g, 0, 0, 24);
    prompt_draw(p, g, 3, 0, 3);
    prompt_free(p);
    grid_free(g);
}

static void history_is_searched(void **state)
{
    struct prompt *p = prompt_new();

    (void)state;
    prompt_history_add(p, 0, SL("stats pct(duration, 99) by path"));
    prompt_history_add(p, 0, SL("pct"));
    prompt_history_add(p, 0, SL("status=5xx"));
    prompt_open(p, ":", SL("pct("), 0, NULL, NULL);
    assert_int_equal(press(p, "C-r"), PROMPT_EDITED);
    assert_string_equal(prompt_text(p).ptr, "stats pct(duration, 99) by path");
    assert_int_equal(press(p, "C-r"), PROMPT_MOVED); /* there is no older one */
    press(p, "Down");
    assert_text(p, "pct(", 4);
    assert_int_equal(press(p, "Up"), PROMPT_MOVED); /* none begins so */
    press(p, "C-u s Up");
    assert_string_equal(prompt_text(p).ptr, "status=5xx");
    press(p, "Up");
    assert_string_equal(prompt_text(p).ptr, "stats pct(duration, 99) by path");
    prompt_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(history_is_searched),
        cmocka_unit_test(characters_are_edited_whole),
        cmocka_unit_test(words_are_killed_and_put_back),
        cmocka_unit_test(pasted_lines_become_one),
        cmocka_unit_test(history_is_found_by_its_beginning),
        cmocka_unit_test(tab_completes),
        cmocka_unit_test(errors_point_at_their_place),
        cmocka_unit_test(long_text_scrolls_to_the_cursor),
        cmocka_unit_test(completions_pop_up_above),
    };

    setlocale(LC_ALL, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
