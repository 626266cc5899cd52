#include "run.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "app.h"
#include "text.h"

#define FRAME_MS 33
#define BURST 5     /* frames that may come faster: the first records, the parts of an answer */
#define BUSY_MS 250 /* progress is shown this often while work runs */

struct loop {
    struct app *app;
    struct term *term;
    struct grid *grid;
    int wake;       /* eventfd that the workers write */
    int64_t due_ms; /* of the next frame that only news ask for */
};

static int64_t now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void wake(void *ctx)
{
    const struct loop *l = ctx;
    uint64_t one = 1;

    while (write(l->wake, &one, sizeof(one)) < 0 && errno == EINTR)
        ;
}

/* For scripts: waits until nothing runs any more, then takes the answer. */
static bool drain(void *ctx)
{
    struct loop *l = ctx;
    bool any = false;

    while (app_busy(l->app)) {
        struct timespec ms = {0, 1000000};

        nanosleep(&ms, NULL);
        any = true;
    }
    return any;
}

static void draw(struct loop *l)
{
    int h, w;

    term_size(l->term, &h, &w);
    if (h != l->grid->h || w != l->grid->w)
        grid_resize(l->grid, h, w);
    app_draw(l->app, l->grid);
    term_draw(l->term, l->grid);
}

/* What the model asked for. False: leave. */
static bool effects(struct loop *l)
{
    struct effect *e = &l->app->effect;

    if (e->copy.len > 0) {
        term_copy(l->term, strbuf_slice(&e->copy));
        strbuf_reset(&e->copy);
    }
    if (e->bell)
        term_bell(l->term);
    if (e->suspend)
        term_suspend(l->term);
    if (e->redraw || e->suspend)
        term_redraw(l->term);
    e->bell = e->suspend = e->redraw = false;
    return !e->quit;
}

static int next_timeout(struct loop *l, bool dirty)
{
    if (dirty)
        return (int)MAX(0, l->due_ms - now_ms());
    if (keymap_pending(l->app->keys))
        return KEYMAP_WAIT_MS;
    return app_working(l->app) ? BUSY_MS : -1;
}

static void run_loop(struct loop *l)
{
    bool dirty = false, on = true;
    struct event ev;

    draw(l);
    while (on) {
        bool held = dirty;
        int64_t now;

        term_next(l->term, l->wake, next_timeout(l, dirty), &ev);
        if (ev.type == EV_SIGNAL && ev.signo == SIGTSTP)
            l->app->effect.suspend = true;
        else if (!(held && ev.type == EV_TIMEOUT && !keymap_pending(l->app->keys)))
            app_event(l->app, &ev);
        on = effects(l);
        dirty = true;
        /* A key shows at once; news from the workers wait for the next frame. */
        now = now_ms();
        if (on && (ev.type != EV_WAKE || now >= l->due_ms)) {
            if (ev.type == EV_WAKE || ev.type == EV_TIMEOUT)
                l->due_ms = MAX(l->due_ms, now - (BURST - 1) * FRAME_MS) + FRAME_MS;
            draw(l);
            dirty = false;
        }
    }
}

/* None of the paths can be read at all: told on stderr, before there is a screen. */
static bool nothing_to_open(const struct tui_options *o)
{
    int bad = 0;

    for (int i = 0; i < o->n_paths; i++)
        bad += strcmp(o->paths[i], "-") != 0 && access(o->paths[i], R_OK) != 0;
    if (bad < o->n_paths || o->n_paths == 0)
        return false;
    for (int i = 0; i < o->n_paths; i++) {
        struct strbuf name = STRBUF_INIT;
        int code = access(o->paths[i], R_OK) != 0 ? errno : 0;

        text_escape(&name, slice_str(o->paths[i]), o->ascii);
        fprintf(stderr, "awl: cannot open %s: %s\n", name.buf ? name.buf : "", strerror(code));
        strbuf_release(&name);
    }
    return true;
}

static int run_with(struct loop *l, const struct tui_options *o, struct session *session,
                    struct keymap *keys)
{
    struct err e = {0};
    struct app_options ao = {
        .session = session,
        .theme = o->theme,
        .keys = keys,
        .paths = o->paths,
        .n_paths = o->n_paths,
        .filter = o->filter,
        .follow = o->follow,
        .zone = o->local_time ? ZONE_LOCAL : ZONE_UTC,
        .clock_us = o->clock_us,
        .changed = wake,
        .ctx = l,
    };

    l->app = app_new(&ao, &e);
    if (!l->app) {
        fprintf(stderr, "awl: %s\n", e.msg);
        return 2;
    }
    l->term = o->terminal(o->terminal_ctx, drain, l);
    if (!l->term)
        return 2;
    l->grid = grid_new(24, 80);
    l->grid->ascii = o->ascii;
    run_loop(l);
    return 0;
}

int tui_run(const struct tui_options *o)
{
    struct loop l = {.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    struct session_options so = {.threads = o->threads,
                                 .follow = o->follow,
                                 .give_way = true,
                                 .spill = o->spill,
                                 .cache = o->cache,
                                 .cache_cap = o->cache_cap,
                                 .changed = wake,
                                 .ctx = &l};
    struct keymap *keys = o->keys ? o->keys : keymap_new();
    struct session *session = session_new(&so);
    int code = 2;

    for (int i = 0; i < o->n_paths; i++)
        session_open(session, o->paths[i]);
    if (!nothing_to_open(o)) {
        session_start(session);
        code = run_with(&l, o, session, keys);
    }
    term_free(l.term);
    app_free(l.app);
    if (l.grid)
        grid_free(l.grid);
    session_free(session);
    if (keys != o->keys)
        keymap_free(keys);
    if (l.wake >= 0)
        close(l.wake);
    return code;
}
