/* A binding is a short sequence of patterns, each a key or a range of characters. The map is a flat
 * array searched from its start: with under a hundred bindings that costs less than a key press
 * takes to arrive, and help can list them in the order they were bound. */
#include "keys.h"

#include <stdio.h>

#include "conf.h"
#include "text.h"
#include "xalloc.h"

enum { SEQ_MAX = 4, COUNT_MAX = 999999999 };

struct pattern {
    struct key key; /* the first of the range */
    uint32_t last;  /* code of the last; key.code if it is one key */
};

struct binding {
    struct pattern seq[SEQ_MAX];
    unsigned n;
    enum command cmd;
};

struct keymap {
    struct binding *b;
    size_t n, cap;
    struct key pending[SEQ_MAX];
    unsigned npending;
    uint32_t count;
    unsigned digits;
};

struct command_row {
    const char *name, *keys, *help;
    enum command_group group;
};

static const struct command_row commands[CMD_COUNT] = {
    [CMD_NONE] = {"none", "", "", GROUP_SCREEN},
#define COMMAND(id, name, keys, group, help) [CMD_##id] = {name, keys, help, group},
#include "commands.def"
#undef COMMAND
};

static const struct {
    const char *name;
    uint32_t code;
} key_names[] = {
    {"Enter", KC_ENTER},   {"Esc", KC_ESC},       {"Tab", KC_TAB},   {"Backspace", KC_BACKSPACE},
    {"Delete", KC_DELETE}, {"Insert", KC_INSERT}, {"Up", KC_UP},     {"Down", KC_DOWN},
    {"Left", KC_LEFT},     {"Right", KC_RIGHT},   {"Home", KC_HOME}, {"End", KC_END},
    {"PgUp", KC_PGUP},     {"PgDn", KC_PGDN},     {"Space", ' '},
};

static const char *const group_titles[GROUP_COUNT] = {"Moving", "Searching and filtering", "Time",
                                                      "The record", "The screen"};

const char *command_name(enum command c)
{
    return commands[c].name;
}

const char *command_help(enum command c)
{
    return commands[c].help;
}

enum command_group command_group(enum command c)
{
    return commands[c].group;
}

const char *command_group_title(enum command_group g)
{
    return group_titles[g];
}

enum command command_by_name(struct slice name)
{
    for (int c = 1; c < CMD_COUNT; c++)
        if (slice_is(name, commands[c].name))
            return c;
    return CMD_NONE;
}

bool key_eq(struct key a, struct key b)
{
    return a.code == b.code && a.mods == b.mods;
}

static size_t parse_modifiers(struct slice s, uint8_t *mods)
{
    size_t used = 0;

    *mods = 0;
    while (s.len - used > 2 && s.ptr[used + 1] == '-') {
        char c = s.ptr[used];
        uint8_t mod = c == 'C' ? MOD_CTRL : c == 'M' ? MOD_ALT : c == 'S' ? MOD_SHIFT : 0;

        if (!mod || (*mods & mod))
            break;
        *mods |= mod;
        used += 2;
    }
    return used;
}

static size_t parse_function_key(struct slice s, uint32_t *code)
{
    unsigned n = 0;
    size_t used = 1;

    if (s.len < 2 || s.ptr[0] != 'F')
        return 0;
    while (used < s.len && used < 3 && s.ptr[used] >= '0' && s.ptr[used] <= '9')
        n = n * 10 + (unsigned)(s.ptr[used++] - '0');
    if (n < 1 || n > 12)
        return 0;
    *code = KC_F1 + n - 1;
    return used;
}

static size_t parse_code(struct slice s, uint32_t *code)
{
    for (size_t i = 0; i < ARRAY_LEN(key_names); i++) {
        if (slice_starts(s, key_names[i].name)) {
            *code = key_names[i].code;
            return strlen(key_names[i].name);
        }
    }
    size_t used = parse_function_key(s, code);

    return used ? used : text_decode(s.ptr, s.len, code);
}

size_t key_parse(struct slice s, struct key *key)
{
    size_t used = parse_modifiers(s, &key->mods), n;

    n = parse_code(slice_of(s.ptr + used, s.len - used), &key->code);
    if (!n || key->code < ' ' || key->code == 0x7F)
        return 0;
    if ((key->mods & MOD_CTRL) && key->code >= 'A' && key->code <= 'Z')
        key->code += 32;
    return used + n;
}

static void code_name(struct strbuf *out, uint32_t code)
{
    char utf8[5];

    for (size_t i = 0; i < ARRAY_LEN(key_names); i++) {
        if (key_names[i].code == code) {
            strbuf_adds(out, key_names[i].name);
            return;
        }
    }
    if (code >= KC_F1 && code <= KC_F12) {
        strbuf_addf(out, "F%u", code - KC_F1 + 1);
        return;
    }
    text_encode(code, utf8);
    text_escape(out, slice_str(utf8), false);
}

void key_label(struct strbuf *out, struct key key)
{
    if (key.mods & MOD_CTRL)
        strbuf_adds(out, "C-");
    if (key.mods & MOD_ALT)
        strbuf_adds(out, "M-");
    if (key.mods & MOD_SHIFT)
        strbuf_adds(out, "S-");
    code_name(out, key.code);
}

/* "{a-z}" at s; 0 if it is none. */
static size_t parse_range(struct slice s, struct pattern *p)
{
    if (s.len < 5 || s.ptr[0] != '{' || s.ptr[2] != '-' || s.ptr[4] != '}')
        return 0;
    if (s.ptr[1] < '!' || s.ptr[3] > '~' || s.ptr[1] > s.ptr[3])
        return 0;
    p->key.code = (unsigned char)s.ptr[1];
    p->last = (unsigned char)s.ptr[3];
    return 5;
}

static size_t parse_pattern(struct slice s, struct pattern *p)
{
    size_t mods = parse_modifiers(s, &p->key.mods), n;

    n = parse_range(slice_of(s.ptr + mods, s.len - mods), p);
    if (n)
        return mods + n;
    n = key_parse(s, &p->key);
    p->last = p->key.code;
    return n;
}

static bool parse_sequence(struct slice s, struct binding *b)
{
    while (s.len) {
        size_t n;

        if (b->n == SEQ_MAX || (n = parse_pattern(s, &b->seq[b->n])) == 0)
            return false;
        b->n++;
        s = slice_of(s.ptr + n, s.len - n);
    }
    return b->n > 0;
}

static bool same_sequence(const struct binding *a, const struct binding *b)
{
    if (a->n != b->n)
        return false;
    for (unsigned i = 0; i < a->n; i++)
        if (!key_eq(a->seq[i].key, b->seq[i].key) || a->seq[i].last != b->seq[i].last)
            return false;
    return true;
}

static void map_remove(struct keymap *m, size_t i)
{
    memmove(m->b + i, m->b + i + 1, (m->n - i - 1) * sizeof(*m->b));
    m->n--;
}

static void map_add(struct keymap *m, const struct binding *b)
{
    for (size_t i = 0; i < m->n; i++)
        if (same_sequence(&m->b[i], b)) {
            map_remove(m, i);
            break;
        }
    GROW(m->b, m->cap, m->n + 1);
    m->b[m->n++] = *b;
}

static void map_drop_command(struct keymap *m, enum command cmd)
{
    for (size_t i = m->n; i-- > 0;)
        if (m->b[i].cmd == cmd)
            map_remove(m, i);
}

/* Takes the first word of *keys as a binding of cmd: 1 taken, 0 none left, -1 no such key. */
static int next_binding(struct slice *keys, enum command cmd, struct binding *b, struct slice *word)
{
    *keys = slice_trim(*keys);
    if (!keys->len)
        return 0;
    *word = slice_cut(keys, ' ');
    *b = (struct binding){.cmd = cmd};
    return parse_sequence(*word, b) ? 1 : -1;
}

int keymap_bind(struct keymap *m, struct slice command, struct slice keys, struct err *err)
{
    enum command cmd = command_by_name(command);
    struct slice rest = slice_is(slice_trim(keys), "none") ? SL("") : keys, word;
    struct binding b;
    int rc;

    if (cmd == CMD_NONE)
        return err_set(err, ERR_USAGE, "no command is called '" SLICE_FMT "'", SLICE_ARG(command));
    for (struct slice check = rest; (rc = next_binding(&check, cmd, &b, &word)) != 0;)
        if (rc < 0)
            return err_set(err, ERR_USAGE,
                           "'" SLICE_FMT "' is not a key, nor a sequence of up to %d",
                           SLICE_ARG(word), SEQ_MAX);
    map_drop_command(m, cmd);
    while (next_binding(&rest, cmd, &b, &word) > 0)
        map_add(m, &b);
    keymap_reset(m);
    return 0;
}

struct keymap *keymap_new(void)
{
    struct keymap *m = xcalloc(1, sizeof(*m));
    struct err err;

    for (int c = 1; c < CMD_COUNT; c++)
        if (keymap_bind(m, slice_str(commands[c].name), slice_str(commands[c].keys), &err) < 0)
            BUG("a default key cannot be parsed");
    return m;
}

void keymap_free(struct keymap *m)
{
    if (!m)
        return;
    free(m->b);
    free(m);
}

int keymap_load(struct keymap *m, struct slice ini, const char *file, struct err *err)
{
    struct conf c = {.rest = ini};
    enum conf_item item;

    while ((item = conf_next(&c)) != CONF_END) {
        struct err why;

        if (!slice_is(c.section, "keys"))
            continue;
        if (item == CONF_BAD)
            return err_set(err, ERR_USAGE, "%s:%d: expected command = keys", file, c.line);
        if (keymap_bind(m, c.name, c.value, &why) < 0)
            return err_set(err, ERR_USAGE, "%s:%d: %.400s", file, c.line, why.msg);
    }
    return 0;
}

void keymap_reset(struct keymap *m)
{
    m->npending = 0;
    m->count = 0;
    m->digits = 0;
}

bool keymap_pending(const struct keymap *m)
{
    return m->npending > 0 || m->digits > 0;
}

void keymap_pending_text(const struct keymap *m, struct strbuf *out)
{
    if (m->digits)
        strbuf_addf(out, "%u", m->count);
    for (unsigned i = 0; i < m->npending; i++)
        key_label(out, m->pending[i]);
}

static bool take_digit(struct keymap *m, struct key key)
{
    if (m->npending || key.mods || key.code < '0' || key.code > '9')
        return false;
    if (key.code == '0' && !m->digits)
        return false;
    m->count = MIN(m->count, COUNT_MAX / 10 - 1) * 10 + (key.code - '0');
    m->digits++;
    return true;
}

/* Whether the first n keys of b match the pending ones; *arg is the character at a range. */
static bool binding_starts(const struct binding *b, const struct keymap *m, uint32_t *arg)
{
    if (b->n < m->npending)
        return false;
    *arg = 0;
    for (unsigned i = 0; i < m->npending; i++) {
        const struct pattern *p = &b->seq[i];
        struct key k = m->pending[i];

        if (k.mods != p->key.mods || k.code < p->key.code || k.code > p->last)
            return false;
        if (p->last != p->key.code)
            *arg = k.code;
    }
    return true;
}

static void fill_match(const struct keymap *m, enum command cmd, uint32_t arg,
                       struct key_match *match)
{
    *match = (struct key_match){
        .cmd = cmd, .has_count = m->digits > 0, .count = m->digits ? m->count : 1, .arg = arg};
}

enum keymap_result keymap_feed(struct keymap *m, struct key key, struct key_match *match)
{
    bool more = false;

    *match = (struct key_match){.count = 1};
    if (take_digit(m, key))
        return KEYMAP_PENDING;
    if (key.code == KC_ESC && keymap_pending(m)) {
        keymap_reset(m);
        return KEYMAP_UNBOUND;
    }
    m->pending[m->npending++] = key;
    for (size_t i = 0; i < m->n; i++) {
        uint32_t arg;

        if (!binding_starts(&m->b[i], m, &arg))
            continue;
        if (m->b[i].n == m->npending) {
            fill_match(m, m->b[i].cmd, arg, match);
            keymap_reset(m);
            return KEYMAP_COMMAND;
        }
        more = true;
    }
    if (more)
        return KEYMAP_PENDING;
    keymap_reset(m);
    return KEYMAP_UNBOUND;
}

enum keymap_result keymap_timeout(struct keymap *m, struct key_match *match)
{
    *match = (struct key_match){.count = 1};
    if (m->digits == 1 && !m->npending) {
        match->cmd = CMD_VIEW;
        match->arg = '0' + m->count;
        keymap_reset(m);
        return KEYMAP_COMMAND;
    }
    return keymap_pending(m) ? KEYMAP_PENDING : KEYMAP_UNBOUND;
}

static void pattern_name(struct strbuf *out, const struct pattern *p)
{
    struct key shown = p->key;

    if (p->last == p->key.code) {
        key_label(out, shown);
        return;
    }
    if (shown.mods & MOD_CTRL)
        strbuf_adds(out, "C-");
    if (shown.mods & MOD_ALT)
        strbuf_adds(out, "M-");
    strbuf_addf(out, "{%c-%c}", (char)p->key.code, (char)p->last);
}

void keymap_keys(const struct keymap *m, enum command c, unsigned max, struct strbuf *out)
{
    unsigned n = 0;

    for (size_t i = 0; i < m->n && (max == 0 || n < max); i++) {
        if (m->b[i].cmd != c)
            continue;
        if (n++)
            strbuf_addc(out, ' ');
        for (unsigned k = 0; k < m->b[i].n; k++)
            pattern_name(out, &m->b[i].seq[k]);
    }
}
