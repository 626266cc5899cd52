/* keys.h - keys, the commands they stand for, and the live map between them.
 *
 * A key is a code point or one of KC_*, with modifiers. Names: "j", "C-d", "M-Left", "S-Tab",
 * "Space", "F1", "PgDn". A binding is a sequence of keys: "gg" is two, "{a-z}" in it is any such
 * character, given to the command as its argument ("m{a-z}"). Several bindings of a command are
 * parted by blanks. When one binding is the start of another the shorter wins at once.
 *
 * Digits collect a count ("20j"). A single digit after which nothing comes for KEYMAP_WAIT_MS is a
 * view's number: call keymap_timeout then. "0" without a count is an ordinary key. */
#ifndef AWL_KEYS_H
#define AWL_KEYS_H

#include "err.h"
#include "str.h"

enum { MOD_CTRL = 1, MOD_ALT = 2, MOD_SHIFT = 4 };

enum keycode {
    KC_FIRST = 0x110000, /* beyond Unicode */
    KC_ENTER = KC_FIRST,
    KC_ESC,
    KC_TAB,
    KC_BACKSPACE,
    KC_DELETE,
    KC_INSERT,
    KC_UP,
    KC_DOWN,
    KC_LEFT,
    KC_RIGHT,
    KC_HOME,
    KC_END,
    KC_PGUP,
    KC_PGDN,
    KC_F1, /* KC_F1 + 11 is F12 */
    KC_F12 = KC_F1 + 11,
};

/* Control characters are the letter in lower case with MOD_CTRL; shifted letters are upper case
 * without MOD_SHIFT. */
struct key {
    uint32_t code;
    uint8_t mods;
};

bool key_eq(struct key a, struct key b);
size_t key_parse(struct slice s, struct key *key); /* one key's name at s; bytes used, 0: none */
void key_label(struct strbuf *out, struct key key);

enum command_group {
    GROUP_MOVE,
    GROUP_FILTER,
    GROUP_TIME,
    GROUP_RECORD,
    GROUP_SCREEN,
    GROUP_COUNT
};

enum command {
    CMD_NONE,
#define COMMAND(id, name, keys, group, help) CMD_##id,
#include "commands.def"
#undef COMMAND
    CMD_COUNT
};

const char *command_name(enum command c);
const char *command_help(enum command c);
enum command_group command_group(enum command c);
const char *command_group_title(enum command_group g);
enum command command_by_name(struct slice name); /* CMD_NONE: none */

enum { KEYMAP_WAIT_MS = 500 };

enum keymap_result {
    KEYMAP_UNBOUND, /* no binding starts so; what was pending is dropped */
    KEYMAP_PENDING, /* more keys are awaited */
    KEYMAP_COMMAND, /* *m is filled */
};

struct key_match {
    enum command cmd;
    bool has_count;
    uint32_t count; /* 1 without a count, so that it can be used as a factor */
    uint32_t arg;   /* the character at {a-z}, or 0 */
};

struct keymap;

struct keymap *keymap_new(void); /* the default bindings of commands.def */
void keymap_free(struct keymap *m);
/* Replaces all bindings of a command; "" or "none" leaves it without. A binding that belonged to
 * another command is taken from it. */
int keymap_bind(struct keymap *m, struct slice command, struct slice keys,
                struct err *err) MUST_CHECK;
/* Applies the section [keys] of an INI text ("follow = F C-f"); file is for messages. */
int keymap_load(struct keymap *m, struct slice ini, const char *file, struct err *err) MUST_CHECK;

enum keymap_result keymap_feed(struct keymap *m, struct key key, struct key_match *match);
enum keymap_result keymap_timeout(struct keymap *m, struct key_match *match);
bool keymap_pending(const struct keymap *m);
void keymap_pending_text(const struct keymap *m, struct strbuf *out); /* "20" or "y", for display */
void keymap_reset(struct keymap *m);

/* The keys of a command as the user would press them, at most max of them (0: all). */
void keymap_keys(const struct keymap *m, enum command c, unsigned max, struct strbuf *out);

#endif
