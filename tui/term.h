/* term.h - what the program needs of a terminal, as a table of operations with two makers:
 * term_ncurses.c (the only file that knows curses) and term_headless.c (a script and memory).
 *
 * One thread. next() waits for the first of: a key, a resize, a signal, wake_fd readable (it reads
 * the eventfd empty), the time-out. Nothing else waits. */
#ifndef AWL_TERM_H
#define AWL_TERM_H

#include <stdio.h>

#include "cell.h"
#include "err.h"
#include "keys.h"
#include "theme.h"

enum event_type {
    EV_TIMEOUT,
    EV_KEY,
    EV_PASTE,  /* text: bytes as pasted, valid until the next call of next() */
    EV_RESIZE, /* h, w */
    EV_WAKE,
    EV_SIGNAL, /* signo: SIGTERM, SIGHUP, SIGINT (leave) or SIGTSTP (call term_suspend) */
    EV_EOF,    /* the terminal or the script is at its end: leave */
};

struct event {
    enum event_type type;
    struct key key;
    struct slice text;
    int h, w;
    int signo;
};

struct term;

struct term_ops {
    void (*size)(struct term *t, int *h, int *w);
    void (*draw)(struct term *t, const struct grid *g); /* writes only what changed */
    void (*next)(struct term *t, int wake_fd, int timeout_ms, struct event *ev);
    void (*redraw)(struct term *t);  /* the next draw repaints everything */
    void (*suspend)(struct term *t); /* stops the process; returns when it is continued */
    void (*leave)(struct term *t);   /* gives the terminal to another program ... */
    void (*enter)(struct term *t);   /* ... and takes it back */
    void (*bell)(struct term *t);
    void (*copy)(struct term *t, struct slice text); /* to the clipboard (OSC 52) */
    void (*free)(struct term *t);                    /* restores the terminal */
};

struct term {
    const struct term_ops *ops;
};

static inline void term_size(struct term *t, int *h, int *w)
{
    t->ops->size(t, h, w);
}

static inline void term_draw(struct term *t, const struct grid *g)
{
    t->ops->draw(t, g);
}

/* timeout_ms < 0 waits for ever; wake_fd < 0 is none. */
static inline void term_next(struct term *t, int wake_fd, int timeout_ms, struct event *ev)
{
    t->ops->next(t, wake_fd, timeout_ms, ev);
}

static inline void term_redraw(struct term *t)
{
    t->ops->redraw(t);
}

static inline void term_suspend(struct term *t)
{
    t->ops->suspend(t);
}

static inline void term_leave(struct term *t)
{
    t->ops->leave(t);
}

static inline void term_enter(struct term *t)
{
    t->ops->enter(t);
}

static inline void term_bell(struct term *t)
{
    t->ops->bell(t);
}

static inline void term_copy(struct term *t, struct slice text)
{
    t->ops->copy(t, text);
}

static inline void term_free(struct term *t)
{
    if (t)
        t->ops->free(t);
}

struct term_options {
    const struct theme *theme; /* borrowed for the terminal's life */
    bool no_color;             /* NO_COLOR */
    bool truecolor;            /* COLORTERM says truecolor or 24bit */
    bool tmux;                 /* wrap OSC 52 for tmux */
};

/* The real terminal, on standard input and output, or on /dev/tty if input is no terminal.
 * NULL with *err filled if there is none. Sets awl_abort_hook and handlers for fatal signals. */
struct term *term_ncurses_new(const struct term_options *opt, struct err *err);

/* A script drives the program; one order a line, # starts a comment:
 *   press KEY...        keys by name ("press 2 0 j C-d Enter"; "gg" is two keys)
 *   type TEXT           each character of TEXT (to the end of the line) as a key
 *   paste TEXT          a bracketed paste
 *   idle                until background work is done; then one EV_TIMEOUT
 *   wait-for TEXT       until TEXT is on the screen, at most ten seconds
 *   resize WxH
 *   snap NAME [svg]     NAME.screen, and NAME.svg, of what was drawn last
 *   copied              what was copied last, to out
 *   quit                EV_EOF; so does the end of the script */
struct headless_options {
    int h, w;
    struct slice script;       /* borrowed */
    const char *script_name;   /* for messages */
    const char *snap_dir;      /* where snapshots go; NULL: to out */
    FILE *out;                 /* may be NULL if snap_dir is set */
    const struct theme *theme; /* for svg; NULL: the default */
    /* Waits until no background work runs; true if the program has something new to draw, and then
     * it is asked again after that. NULL: nothing ever runs. */
    bool (*drain)(void *ctx);
    void *ctx;
    struct err *error; /* gets what term_headless_error() says when the terminal goes; or NULL */
};

struct term *term_headless_new(const struct headless_options *opt);
/* The first thing that went wrong (a bad order, wait-for's time-out), or NULL. */
const struct err *term_headless_error(const struct term *t);

void term_dump(const struct grid *g, struct strbuf *out); /* text plane and role plane */
void term_svg(const struct grid *g, const struct theme *theme, FILE *out);
void term_osc52(struct strbuf *out, struct slice text, bool tmux); /* the sequence itself */

#endif
