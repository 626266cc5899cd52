/* prompt.h - a one-line editor with history, completion and a place for an error.
 *
 * It knows nothing of what is typed: the owner checks the text after PROMPT_EDITED and says with
 * prompt_error where it stops making sense; completions come from a callback.
 *
 *   Left Right C-b C-f Home End C-a C-e  move     M-b M-f M-Left M-Right  by word
 *   Backspace C-h Delete C-d             delete   C-w M-Backspace M-d C-u C-k  word, line
 *   C-y  put back what was killed        Up Down C-p C-n  history with the same beginning
 *   Tab S-Tab  next, previous completion Enter  accept    Esc C-c C-g  cancel */
#ifndef AWL_PROMPT_H
#define AWL_PROMPT_H

#include "cell.h"
#include "keys.h"

enum prompt_result {
    PROMPT_IGNORED,  /* the key means nothing here */
    PROMPT_MOVED,    /* cursor, popup: draw again */
    PROMPT_EDITED,   /* the text changed: check it, draw again */
    PROMPT_ACCEPTED, /* prompt_text is the answer (and was added to the history) */
    PROMPT_CANCELLED,
};

struct completion {
    char *text; /* replaces the word; owned */
    char *note; /* shown beside it; owned, may be NULL */
};

struct completions {
    size_t start; /* byte of the text where the word being completed begins; default: cursor */
    struct completion *item;
    size_t n, cap;
};

void completions_add(struct completions *c, struct slice text, struct slice note);

/* Fills c for the word that ends at the cursor. */
typedef void (*prompt_complete)(void *ctx, struct slice text, size_t cursor, struct completions *c);

struct prompt;

struct prompt *prompt_new(void);
void prompt_free(struct prompt *p);
/* Starts editing. history names one of the histories kept (0..7), so that searches and filters do
 * not mix; complete may be NULL. label is borrowed until the prompt is closed. */
void prompt_open(struct prompt *p, const char *label, struct slice initial, unsigned history,
                 prompt_complete complete, void *ctx);
bool prompt_is_open(const struct prompt *p);
void prompt_close(struct prompt *p);

enum prompt_result prompt_key(struct prompt *p, struct key key);
enum prompt_result prompt_paste(struct prompt *p, struct slice text); /* line ends become blanks */
struct slice prompt_text(const struct prompt *p); /* valid until the next change */
size_t prompt_cursor(const struct prompt *p);
void prompt_set(struct prompt *p, struct slice text); /* replaces the text, cursor at its end */
/* Marks the text from byte `at` as wrong and says why; message NULL: it is right. */
void prompt_error(struct prompt *p, size_t at, const char *message);
void prompt_history_add(struct prompt *p, unsigned history, struct slice text);

/* Draws into row y, columns x .. x+w; the error goes to the row's right end or, if y > 0, to the
 * row above; completions pop up above that. Sets the grid's cursor. */
void prompt_draw(const struct prompt *p, struct grid *g, int y, int x, int w);

#endif
