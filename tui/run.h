/* run.h - the explorer as a whole: a session, a model and a terminal in one loop.
 *
 * The loop waits for a key, a signal, or news from the workers (an eventfd), gives it to the model
 * and draws at most 30 frames a second, and only after something happened: an idle screen costs
 * nothing. Curses stays outside: the caller makes the terminal. */
#ifndef AWL_RUN_H
#define AWL_RUN_H

#include <stdint.h>
#include <stdbool.h>

struct term;
struct theme;
struct keymap;

struct tui_options {
    char *const *paths;
    int n_paths;
    const char *filter;  /* -w; may be NULL */
    bool follow;         /* -F */
    bool ascii;          /* no UTF-8 on this terminal */
    bool local_time;     /* start in local time instead of UTC */
    unsigned threads;    /* 0: one a core */
    const char *spill;   /* folder for groups that outgrow memory; NULL: none */
    const char *cache;   /* folder of the index; NULL: none is kept */
    uint64_t cache_cap;  /* bytes that may stay there */
    int64_t clock_us;    /* the clock, for scripts; 0: the real one */
    struct theme *theme; /* borrowed; :theme changes it */
    struct keymap *keys; /* borrowed; NULL: the default */
    /* Makes the terminal once everything else stands; `drain` and `drain_ctx` are what the
     * headless one needs for `idle`. NULL with a message on stderr: no terminal. */
    struct term *(*terminal)(void *ctx, bool (*drain)(void *), void *drain_ctx);
    void *terminal_ctx;
};

/* Runs until the user leaves. Returns an exit code: 0, or 2 if nothing could be opened, the filter
 * is wrong (told on stderr), or there is no terminal. */
int tui_run(const struct tui_options *o);

#endif
