/* The text is UTF-8 with the cursor at a byte offset that is always a unit's boundary (text.h), so
 * the cursor never splits a character from its marks. Prompt lines are short: moving left walks
 * from the start. Drawing scrolls sideways so that the cursor stays visible. */
#include "prompt.h"

#include "text.h"
#include "xalloc.h"

enum { HISTORIES = 8, HISTORY_MAX = 500, POPUP_ROWS = 8, TEXT_MAX = 1 << 16 };

struct history {
    char **line;
    size_t n, cap;
};

struct prompt {
    bool open;
    const char *label;
    struct strbuf text, killed;
    size_t cursor;
    struct history history[HISTORIES];
    unsigned which;
    size_t recall;       /* the history line shown; history.n: the user's own */
    struct strbuf typed; /* the user's own text while the history is shown */
    bool anywhere;       /* lines that have it anywhere are shown, not only those that begin so */
    size_t typed_cursor; /* what lies before it is the prefix looked for */
    prompt_complete complete;
    void *ctx;
    struct completions found;
    bool popup;
    size_t chosen; /* found.n: none yet */
    char *error;
    size_t error_at;
};

void completions_add(struct completions *c, struct slice text, struct slice note)
{
    GROW(c->item, c->cap, c->n + 1);
    c->item[c->n++] = (struct completion){slice_dup(text), note.ptr ? slice_dup(note) : NULL};
}

static void popup_close(struct prompt *p)
{
    for (size_t i = 0; i < p->found.n; i++) {
        free(p->found.item[i].text);
        free(p->found.item[i].note);
    }
    p->found.n = 0;
    p->popup = false;
}

struct prompt *prompt_new(void)
{
    struct prompt *p = xcalloc(1, sizeof(*p));

    strbuf_adds(&p->text, "");
    return p;
}

void prompt_free(struct prompt *p)
{
    if (!p)
        return;
    prompt_close(p);
    for (unsigned h = 0; h < HISTORIES; h++) {
        for (size_t i = 0; i < p->history[h].n; i++)
            free(p->history[h].line[i]);
        free(p->history[h].line);
    }
    free(p->found.item);
    strbuf_release(&p->text);
    strbuf_release(&p->killed);
    strbuf_release(&p->typed);
    free(p);
}

void prompt_close(struct prompt *p)
{
    p->open = false;
    popup_close(p);
    prompt_error(p, 0, NULL);
}

bool prompt_is_open(const struct prompt *p)
{
    return p->open;
}

void prompt_open(struct prompt *p, const char *label, struct slice initial, unsigned history,
                 prompt_complete complete, void *ctx)
{
    BUG_ON(history >= HISTORIES);
    prompt_close(p);
    p->open = true;
    p->label = label;
    p->which = history;
    p->complete = complete;
    p->ctx = ctx;
    prompt_set(p, initial);
    p->recall = p->history[history].n;
}

struct slice prompt_text(const struct prompt *p)
{
    return strbuf_slice(&p->text);
}

size_t prompt_cursor(const struct prompt *p)
{
    return p->cursor;
}

void prompt_set(struct prompt *p, struct slice text)
{
    char *copy = slice_dup(text);

    strbuf_reset(&p->text);
    strbuf_adds(&p->text, copy);
    p->cursor = p->text.len;
    free(copy);
}

void prompt_error(struct prompt *p, size_t at, const char *message)
{
    free(p->error);
    p->error = message ? xstrdup(message) : NULL;
    p->error_at = at;
}

void prompt_history_add(struct prompt *p, unsigned history, struct slice text)
{
    struct history *h = &p->history[history];

    BUG_ON(history >= HISTORIES);
    if (!text.len || (h->n && slice_is(text, h->line[h->n - 1])))
        return;
    if (h->n == HISTORY_MAX) {
        free(h->line[0]);
        memmove(h->line, h->line + 1, (h->n - 1) * sizeof(*h->line));
        h->n--;
    }
    GROW(h->line, h->cap, h->n + 1);
    h->line[h->n++] = slice_dup(text);
}

static size_t unit_after(const struct prompt *p, size_t at)
{
    struct slice rest = slice_of(p->text.buf + at, p->text.len - at);
    struct text_unit u;

    return at < p->text.len && text_next(&rest, false, &u) ? at + u.src_len : at;
}

static size_t unit_before(const struct prompt *p, size_t at)
{
    size_t i = 0, last = 0;

    while (i < at) {
        last = i;
        i = unit_after(p, i);
    }
    return last;
}

static bool is_word(const struct prompt *p, size_t at)
{
    unsigned char c = (unsigned char)p->text.buf[at];

    return c >= 0x80 || c == '_' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
           (c >= 'a' && c <= 'z');
}

static size_t word_before(const struct prompt *p)
{
    size_t at = p->cursor;

    while (at > 0 && !is_word(p, at - 1))
        at--;
    while (at > 0 && is_word(p, at - 1))
        at--;
    return at;
}

static size_t word_after(const struct prompt *p)
{
    size_t at = p->cursor;

    while (at < p->text.len && !is_word(p, at))
        at++;
    while (at < p->text.len && is_word(p, at))
        at++;
    return at;
}

/* As in a shell, C-w takes everything up to a blank. */
static size_t blank_before(const struct prompt *p)
{
    size_t at = p->cursor;

    while (at > 0 && p->text.buf[at - 1] == ' ')
        at--;
    while (at > 0 && p->text.buf[at - 1] != ' ')
        at--;
    return at;
}

static void replace(struct prompt *p, size_t from, size_t to, struct slice with)
{
    struct strbuf made = STRBUF_INIT;

    strbuf_add(&made, p->text.buf, from);
    strbuf_addsl(&made, with);
    strbuf_add(&made, p->text.buf + to, p->text.len - to);
    strbuf_release(&p->text);
    p->text = made;
    p->cursor = from + with.len;
}

static enum prompt_result moved(struct prompt *p, size_t to)
{
    p->cursor = to;
    popup_close(p);
    return PROMPT_MOVED;
}

static void popup_find(struct prompt *p)
{
    popup_close(p);
    if (!p->complete)
        return;
    p->found.start = p->cursor;
    p->complete(p->ctx, strbuf_slice(&p->text), p->cursor, &p->found);
    p->found.start = MIN(p->found.start, p->cursor);
    p->chosen = p->found.n;
    p->popup = p->found.n > 0;
}

/* The text has changed: the history starts again from here, an open popup follows. */
static enum prompt_result edited(struct prompt *p)
{
    p->recall = p->history[p->which].n;
    if (p->popup)
        popup_find(p);
    return PROMPT_EDITED;
}

static enum prompt_result erase(struct prompt *p, size_t from, size_t to, bool keep)
{
    if (from == to)
        return PROMPT_MOVED;
    if (keep) {
        strbuf_reset(&p->killed);
        strbuf_add(&p->killed, p->text.buf + from, to - from);
    }
    replace(p, from, to, SL(""));
    return edited(p);
}

static enum prompt_result insert(struct prompt *p, struct slice s)
{
    if (!s.len || p->text.len + s.len > TEXT_MAX)
        return PROMPT_MOVED;
    replace(p, p->cursor, p->cursor, s);
    p->cursor = unit_after(p, unit_before(p, p->cursor));
    return edited(p);
}

/* Up: what was typed before the cursor begins the line. ^R: all of it is somewhere in the line. */
static bool recalls(const struct prompt *p, const char *line)
{
    const char *typed = p->typed.buf ? p->typed.buf : "";

    if (slice_is(prompt_text(p), line))
        return false;
    return p->anywhere ? strstr(line, typed) != NULL : strncmp(line, typed, p->typed_cursor) == 0;
}

static enum prompt_result recall(struct prompt *p, int step, bool anywhere)
{
    const struct history *h = &p->history[p->which];
    size_t i = p->recall;

    p->anywhere = i == h->n ? anywhere : p->anywhere || anywhere;
    if (i == h->n) {
        strbuf_reset(&p->typed);
        strbuf_addsl(&p->typed, strbuf_slice(&p->text));
        p->typed_cursor = p->cursor;
    }
    do {
        if (step < 0 ? i == 0 : i == h->n)
            return PROMPT_MOVED;
        i += (size_t)step;
    } while (i < h->n && !recalls(p, h->line[i]));
    p->recall = i;
    popup_close(p);
    prompt_set(p, i == h->n ? strbuf_slice(&p->typed) : slice_str(h->line[i]));
    if (i == h->n)
        p->cursor = p->typed_cursor;
    return PROMPT_EDITED;
}

static size_t common_start(const struct completions *c)
{
    size_t n = strlen(c->item[0].text);

    for (size_t i = 1; i < c->n; i++) {
        size_t k = 0;

        while (k < n && c->item[i].text[k] == c->item[0].text[k])
            k++;
        n = k;
    }
    while (n && ((unsigned char)c->item[0].text[n] & 0xC0) == 0x80)
        n--;
    return n;
}

static enum prompt_result complete_first(struct prompt *p)
{
    size_t word, common;

    popup_find(p);
    if (!p->popup)
        return PROMPT_MOVED;
    word = p->cursor - p->found.start;
    common = common_start(&p->found);
    if (p->found.n > 1 && common <= word)
        return PROMPT_MOVED;
    replace(p, p->found.start, p->cursor, slice_of(p->found.item[0].text, common));
    if (p->found.n == 1)
        popup_close(p);
    p->recall = p->history[p->which].n;
    return PROMPT_EDITED;
}

static enum prompt_result complete_step(struct prompt *p, int step)
{
    size_t n = p->found.n;

    if (!p->popup)
        return complete_first(p);
    if (p->chosen == n)
        p->chosen = step > 0 ? 0 : n - 1;
    else
        p->chosen = (p->chosen + n + (size_t)step) % n;
    replace(p, p->found.start, p->cursor, slice_str(p->found.item[p->chosen].text));
    return PROMPT_EDITED;
}

static enum prompt_result accept(struct prompt *p)
{
    prompt_history_add(p, p->which, prompt_text(p));
    popup_close(p);
    p->open = false;
    return PROMPT_ACCEPTED;
}

static enum prompt_result cancel(struct prompt *p)
{
    prompt_close(p);
    return PROMPT_CANCELLED;
}

/* Esc closes the popup first. */
static enum prompt_result escape(struct prompt *p)
{
    if (!p->popup)
        return cancel(p);
    popup_close(p);
    return PROMPT_MOVED;
}

static enum prompt_result backspace(struct prompt *p)
{
    if (!p->text.len)
        return cancel(p);
    return erase(p, unit_before(p, p->cursor), p->cursor, false);
}

static enum prompt_result control_key(struct prompt *p, uint32_t code)
{
    switch (code) {
    case 'a':
        return moved(p, 0);
    case 'e':
        return moved(p, p->text.len);
    case 'b':
        return moved(p, unit_before(p, p->cursor));
    case 'f':
        return moved(p, unit_after(p, p->cursor));
    case 'h':
        return backspace(p);
    case 'd':
        return erase(p, p->cursor, unit_after(p, p->cursor), false);
    case 'w':
        return erase(p, blank_before(p), p->cursor, true);
    case 'u':
        return erase(p, 0, p->cursor, true);
    case 'k':
        return erase(p, p->cursor, p->text.len, true);
    case 'y':
        return insert(p, strbuf_slice(&p->killed));
    case 'p':
        return recall(p, -1, false);
    case 'n':
        return recall(p, 1, false);
    case 'r':
        return recall(p, -1, true);
    case 'c':
    case 'g':
        return cancel(p);
    }
    return PROMPT_IGNORED;
}

static enum prompt_result alt_key(struct prompt *p, uint32_t code)
{
    switch (code) {
    case 'b':
    case KC_LEFT:
        return moved(p, word_before(p));
    case 'f':
    case KC_RIGHT:
        return moved(p, word_after(p));
    case 'd':
        return erase(p, p->cursor, word_after(p), true);
    case KC_BACKSPACE:
        return erase(p, word_before(p), p->cursor, true);
    }
    return PROMPT_IGNORED;
}

static enum prompt_result plain_key(struct prompt *p, uint32_t code)
{
    char utf8[5];

    switch (code) {
    case KC_ENTER:
        return accept(p);
    case KC_ESC:
        return escape(p);
    case KC_TAB:
        return complete_step(p, 1);
    case KC_BACKSPACE:
        return backspace(p);
    case KC_DELETE:
        return erase(p, p->cursor, unit_after(p, p->cursor), false);
    case KC_LEFT:
        return moved(p, unit_before(p, p->cursor));
    case KC_RIGHT:
        return moved(p, unit_after(p, p->cursor));
    case KC_HOME:
        return moved(p, 0);
    case KC_END:
        return moved(p, p->text.len);
    case KC_UP:
        return recall(p, -1, false);
    case KC_DOWN:
        return recall(p, 1, false);
    }
    if (code < ' ' || code >= KC_FIRST)
        return PROMPT_IGNORED;
    return insert(p, slice_of(utf8, text_encode(code, utf8)));
}

enum prompt_result prompt_key(struct prompt *p, struct key key)
{
    if (key.mods == MOD_CTRL && key.code < KC_FIRST)
        return control_key(p, key.code);
    if (key.mods == MOD_ALT)
        return alt_key(p, key.code);
    if (key.mods == MOD_SHIFT && key.code == KC_TAB)
        return complete_step(p, -1);
    return key.mods ? PROMPT_IGNORED : plain_key(p, key.code);
}

enum prompt_result prompt_paste(struct prompt *p, struct slice text)
{
    char *copy = slice_dup(slice_trim(text));
    enum prompt_result result;

    for (char *c = copy; *c; c++)
        if (*c == '\n' || *c == '\r' || *c == '\t')
            *c = ' ';
    result = insert(p, slice_str(copy));
    free(copy);
    return result;
}

static int popup_width(const struct prompt *p, const struct grid *g, int *text_w)
{
    size_t text = 0, note = 0;

    for (size_t i = 0; i < p->found.n; i++) {
        const struct completion *c = &p->found.item[i];

        text = MAX(text, text_width(slice_str(c->text), g->ascii));
        note = MAX(note, text_width(slice_str(c->note), g->ascii));
    }
    *text_w = (int)MIN(text, (size_t)g->w);
    return *text_w + 2 + (note ? 2 + (int)MIN(note, (size_t)g->w) : 0);
}

static void draw_popup(const struct prompt *p, struct grid *g, int bottom, int at, struct rect in)
{
    int text_w, w = MIN(popup_width(p, g, &text_w), in.w), n = (int)MIN(p->found.n, POPUP_ROWS);
    size_t first = 0;

    n = MIN(n, bottom + 1);
    at = MAX(MIN(at - 1, in.x + in.w - w), in.x);
    if (p->chosen < p->found.n && p->chosen >= (size_t)n)
        first = p->chosen - (size_t)n + 1;
    for (int i = 0; i < n; i++) {
        const struct completion *c = &p->found.item[first + (size_t)i];
        bool sel = first + (size_t)i == p->chosen;
        int y = bottom - n + 1 + i;

        grid_fill(g, rect_of(y, at, 1, w), sel ? ROLE_POPUP_SEL : ROLE_POPUP, 0);
        grid_puts(g, y, at + 1, c->text, MIN(text_w, w - 2), sel ? ROLE_POPUP_SEL : ROLE_POPUP);
        if (c->note)
            grid_puts(g, y, at + 3 + text_w, c->note, w - text_w - 4,
                      sel ? ROLE_POPUP_SEL : ROLE_POPUP_DIM);
    }
    if (p->found.n > (size_t)n && n > 0)
        grid_glyph(g, bottom, at + w - 1, GLYPH_ELLIPSIS, ROLE_POPUP_DIM);
}

static int columns_before(const struct prompt *p, const struct grid *g, size_t byte)
{
    return (int)text_width(slice_of(p->text.buf, MIN(byte, p->text.len)), g->ascii);
}

/* The message stands above the place it speaks of, with a pointer down to it. */
static void draw_error(const struct prompt *p, struct grid *g, int y, int at, struct rect in)
{
    int w = (int)MIN(text_width(slice_str(p->error), g->ascii), (size_t)in.w) + 3;

    at = MAX(MIN(at, in.x + in.w - w), in.x);
    grid_fill(g, rect_of(y, at, 1, MIN(w, in.w)), ROLE_NOTICE, 0);
    grid_glyph(g, y, at, GLYPH_DOWN, ROLE_NOTICE);
    grid_puts(g, y, at + 2, p->error, in.x + in.w - at - 2, ROLE_NOTICE);
}

static void draw_text(const struct prompt *p, struct grid *g, struct rect in, int scroll)
{
    struct rect old = grid_clip(g, in);
    size_t good = p->error ? MIN(p->error_at, p->text.len) : p->text.len;
    int used =
        grid_put(g, in.y, in.x - scroll, slice_of(p->text.buf, good), INT_MAX, ROLE_PROMPT, 0);

    grid_put(g, in.y, in.x - scroll + used, slice_of(p->text.buf + good, p->text.len - good),
             INT_MAX, ROLE_PROMPT_ERROR, 0);
    grid_unclip(g, old);
}

void prompt_draw(const struct prompt *p, struct grid *g, int y, int x, int w)
{
    int label, cursor, scroll, above = y - 1;
    struct rect in;

    if (!p->open || w < 1)
        return;
    grid_fill(g, rect_of(y, x, 1, w), ROLE_PROMPT, 0);
    label = grid_puts(g, y, x, p->label, w / 2, ROLE_PROMPT_LABEL);
    in = rect_of(y, x + label, 1, w - label);
    cursor = columns_before(p, g, p->cursor);
    scroll = MAX(cursor - in.w + 1, 0);
    if (p->text.len)
        draw_text(p, g, in, scroll);
    g->cursor_y = y;
    g->cursor_x = in.x + cursor - scroll;
    if (p->error) {
        draw_error(p, g, y > 0 ? above : y, in.x - scroll + columns_before(p, g, p->error_at),
                   y > 0 ? rect_of(above, x, 1, w) : in);
        above--;
    }
    if (p->popup && above >= 0)
        draw_popup(p, g, above, in.x - scroll + columns_before(p, g, p->found.start),
                   rect_of(0, x, y, w));
}
