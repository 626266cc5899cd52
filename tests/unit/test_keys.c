/* Sequences, counts, arguments and rebinding of keys. */
#include "keys.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* Feeds the keys written in s; gives the last result. */
static enum keymap_result feed(struct keymap *m, const char *s, struct key_match *match)
{
    struct slice rest = slice_trim(slice_str(s));
    enum keymap_result result = KEYMAP_UNBOUND;

    while (rest.len) {
        struct key key;
        size_t n = key_parse(rest, &key);

        assert_true(n > 0);
        result = keymap_feed(m, key, match);
        rest = slice_trim(slice_of(rest.ptr + n, rest.len - n));
    }
    return result;
}

static void assert_command(struct keymap *m, const char *s, enum command want)
{
    struct key_match match;

    assert_int_equal(feed(m, s, &match), KEYMAP_COMMAND);
    assert_string_equal(command_name(match.cmd), command_name(want));
}

static void key_names_round_trip(void **state)
{
    static const char *const names[] = {"j",    "C-d", "M-Left", "S-Tab", "Space", "F1",    "F12",
                                        "PgDn", "-",   "C--",    "é",     "Esc",   "C-M-x", "<"};
    struct strbuf sb = STRBUF_INIT;
    struct key key;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        assert_int_equal(key_parse(slice_str(names[i]), &key), strlen(names[i]));
        strbuf_reset(&sb);
        key_label(&sb, key);
        assert_string_equal(sb.buf, names[i]);
    }
    assert_int_equal(key_parse(SL(""), &key), 0);
    assert_int_equal(key_parse(SL("\033"), &key), 0);
    strbuf_release(&sb);
}

static void every_command_has_a_key_and_help(void **state)
{
    struct keymap *m = keymap_new();
    struct strbuf sb = STRBUF_INIT;

    (void)state;
    for (int c = 1; c < CMD_COUNT; c++) {
        strbuf_reset(&sb);
        keymap_keys(m, c, 0, &sb);
        if (!sb.len)
            fail_msg("%s has no key", command_name(c));
        assert_true(strlen(command_help(c)) > 0);
        assert_int_equal(command_by_name(slice_str(command_name(c))), c);
        assert_non_null(command_group_title(command_group(c)));
    }
    strbuf_release(&sb);
    keymap_free(m);
}

static void single_keys_and_sequences(void **state)
{
    struct keymap *m = keymap_new();
    struct key_match match;

    (void)state;
    assert_command(m, "j", CMD_LINE_DOWN);
    assert_command(m, "C-d", CMD_HALF_DOWN);
    assert_command(m, "M-Left", CMD_HISTORY_BACK);
    assert_command(m, "gg", CMD_TOP);
    assert_int_equal(feed(m, "y", &match), KEYMAP_PENDING);
    assert_command(m, "j", CMD_COPY_JSON);
    assert_int_equal(feed(m, "yx", &match), KEYMAP_UNBOUND);
    assert_false(keymap_pending(m));
    assert_command(m, "0", CMD_COL_FIRST);
    keymap_free(m);
}

static void arguments(void **state)
{
    struct keymap *m = keymap_new();
    struct key_match match;

    (void)state;
    assert_int_equal(feed(m, "mq", &match), KEYMAP_COMMAND);
    assert_int_equal(match.cmd, CMD_MARK);
    assert_int_equal(match.arg, 'q');
    assert_int_equal(feed(m, "'Q", &match), KEYMAP_UNBOUND);
    assert_int_equal(feed(m, "v3", &match), KEYMAP_COMMAND);
    assert_int_equal(match.cmd, CMD_VIEW);
    assert_int_equal(match.arg, '3');
    assert_int_equal(feed(m, "M-4", &match), KEYMAP_COMMAND);
    assert_int_equal(match.arg, '4');
    keymap_free(m);
}

static void counts(void **state)
{
    struct keymap *m = keymap_new();
    struct strbuf sb = STRBUF_INIT;
    struct key_match match;

    (void)state;
    assert_int_equal(feed(m, "20", &match), KEYMAP_PENDING);
    keymap_pending_text(m, &sb);
    assert_string_equal(sb.buf, "20");
    assert_int_equal(feed(m, "j", &match), KEYMAP_COMMAND);
    assert_int_equal(match.count, 20);
    assert_true(match.has_count);
    assert_int_equal(feed(m, "j", &match), KEYMAP_COMMAND);
    assert_int_equal(match.count, 1);
    assert_false(match.has_count);
    assert_int_equal(feed(m, "99999999999999999999999G", &match), KEYMAP_COMMAND);
    assert_true(match.count < 1000000000);
    assert_int_equal(feed(m, "12 Esc", &match), KEYMAP_UNBOUND);
    assert_false(keymap_pending(m));
    assert_command(m, "Esc", CMD_UP);
    strbuf_release(&sb);
    keymap_free(m);
}

static void a_lone_digit_is_a_view(void **state)
{
    struct keymap *m = keymap_new();
    struct key_match match;

    (void)state;
    assert_int_equal(keymap_timeout(m, &match), KEYMAP_UNBOUND);
    feed(m, "2", &match);
    assert_int_equal(keymap_timeout(m, &match), KEYMAP_COMMAND);
    assert_int_equal(match.cmd, CMD_VIEW);
    assert_int_equal(match.arg, '2');
    feed(m, "12", &match);
    assert_int_equal(keymap_timeout(m, &match), KEYMAP_PENDING);
    keymap_free(m);
}

static void rebinding_takes_the_key_away(void **state)
{
    struct keymap *m = keymap_new();
    struct strbuf sb = STRBUF_INIT;
    struct err err;

    (void)state;
    assert_int_equal(keymap_load(m,
                                 SL("[other]\nx\n[keys]\nfollow = j C-xC-f ; tail\nzoom = none\n"
                                    "bucket-left = =\n"),
                                 "c", &err),
                     0);
    assert_command(m, "j", CMD_FOLLOW);
    assert_command(m, "C-x C-f", CMD_FOLLOW);
    assert_command(m, "=", CMD_BUCKET_LEFT);
    keymap_keys(m, CMD_LINE_DOWN, 0, &sb);
    assert_string_equal(sb.buf, "Down");
    strbuf_reset(&sb);
    keymap_keys(m, CMD_ZOOM, 0, &sb);
    assert_int_equal(sb.len, 0);
    keymap_keys(m, CMD_FOLLOW, 1, &sb);
    assert_string_equal(sb.buf, "j");
    strbuf_release(&sb);
    keymap_free(m);
}

static void bad_bindings_are_told_by_line(void **state)
{
    static const char *const bad[] = {"[keys]\n\nfly = j\n", "[keys]\n\nzoom = abcde\n",
                                      "[keys]\n\nzoom\n"};
    struct keymap *m = keymap_new();
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(keymap_load(m, slice_str(bad[i]), "c", &err), ERR_USAGE);
        assert_int_equal(strncmp(err.msg, "c:3: ", 5), 0);
    }
    assert_command(m, "z", CMD_ZOOM);
    keymap_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_names_round_trip),
        cmocka_unit_test(every_command_has_a_key_and_help),
        cmocka_unit_test(single_keys_and_sequences),
        cmocka_unit_test(arguments),
        cmocka_unit_test(counts),
        cmocka_unit_test(a_lone_digit_is_a_view),
        cmocka_unit_test(rebinding_takes_the_key_away),
        cmocka_unit_test(bad_bindings_are_told_by_line),
    };

    setlocale(LC_ALL, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
