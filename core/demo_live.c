/* demo_live.c - fresh lines for files that grow and turn. */
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "demo_gen.h"
#include "xalloc.h"

struct live_file {
    struct gen g;
    struct demo_file sink;
    const char *name;
    uint64_t lines;
};

#define LIVE_TICK_NS 100000000L
#define LIVE_ROTATE_LINES 200000

static int64_t now_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * SEC + ts.tv_nsec / 1000;
}

static void live_date(struct gen *g, int64_t now)
{
    int64_t day = now / (86400 * SEC) * 86400 * SEC;
    time_t sec = (time_t)(day / SEC);
    struct tm tm;

    if (g->day_us == day)
        return;
    g->day_us = day;
    gmtime_r(&sec, &tm);
    strftime(g->date, sizeof(g->date), "%Y-%m-%d", &tm);
}

static int live_open(struct live_file *l, const char *dir, struct err *e)
{
    int rc;

    snprintf(l->sink.path, sizeof(l->sink.path), "%s/live/%s.log", dir, l->name);
    rc = demo_file_open(&l->sink, false, e);
    l->lines = 0;
    if (rc == 0 && demo_kinds[l->g.type].header) {
        const char *h = demo_kinds[l->g.type].header;

        l->sink.len = (size_t)(put(l->sink.buf, h, strlen(h)) - l->sink.buf);
    }
    return rc;
}

static int live_rotate(struct live_file *l, const char *dir, struct err *e)
{
    char old[PATH_MAX + 4];
    int rc = demo_file_close(&l->sink, e);

    snprintf(old, sizeof(old), "%s.1", l->sink.path);
    if (rc == 0 && rename(l->sink.path, old))
        rc = err_sys(e, "cannot rename", l->sink.path);
    return rc ? rc : live_open(l, dir, e);
}

static int live_tick(struct live_file *l, uint64_t n, const char *dir, struct err *e)
{
    int64_t now = now_us();
    int rc = 0;

    live_date(&l->g, now);
    for (uint64_t i = 0; i < n && rc == 0; i++) {
        int64_t t = now - l->g.day_us + (int64_t)(i * (uint64_t)(LIVE_TICK_NS / 1000) / n);

        if (l->sink.len > SINK_BUF - DEMO_LINE_MAX)
            rc = demo_file_flush(&l->sink, e);
        t = MIN(t, 86400 * SEC - 1);
        l->sink.len = (size_t)(demo_kinds[l->g.type].write(l->sink.buf + l->sink.len, &l->g, t) -
                               l->sink.buf);
        l->lines++;
    }
    if (rc == 0)
        rc = demo_file_flush(&l->sink, e);
    if (rc == 0 && l->lines > LIVE_ROTATE_LINES)
        rc = live_rotate(l, dir, e);
    return rc;
}

static int live_loop(struct live_file *f, unsigned n_files, const char *dir, uint64_t per_s,
                     const atomic_bool *stop, struct err *e)
{
    const struct timespec tick = {0, LIVE_TICK_NS};
    uint64_t debt[DEMO_N_TYPES] = {0}; /* lines times ten not written yet */
    int rc = 0;

    while (rc == 0 && !atomic_load(stop)) {
        for (unsigned i = 0; i < n_files && rc == 0; i++) {
            debt[i] += i == 0 ? per_s - per_s / 3 : per_s / 3;
            rc = live_tick(&f[i], debt[i] / 10, dir, e);
            debt[i] %= 10;
        }
        nanosleep(&tick, NULL);
    }
    return rc;
}

int demo_live(const char *dir, uint64_t lines_per_s, const atomic_bool *stop, struct err *e)
{
    static const enum demo_type kind[] = {DEMO_T_ALB, DEMO_T_CLOUDFRONT};
    struct live_file *f = xcalloc(ARRAY_LEN(kind), sizeof(*f));
    struct demo_summary sum;
    struct text text;
    int rc = 0;

    if (strlen(dir) > PATH_MAX - 64)
        return free(f), err_set(e, ERR_USAGE, "%s: path too long", dir);
    summary_init(&sum);
    text_init(&text, 1);
    for (unsigned i = 0; i < ARRAY_LEN(kind); i++) {
        gen_init(&f[i].g, &text, &sum, kind[i], (uint64_t)now_us());
        f[i].g.live = true;
        f[i].name = demo_type_name(kind[i]);
        f[i].sink.buf = xmalloc(SINK_BUF);
        f[i].sink.fd = -1;
        if (rc == 0)
            rc = live_open(&f[i], dir, e);
    }
    if (rc == 0)
        rc = live_loop(f, ARRAY_LEN(kind), dir, lines_per_s, stop, e);
    for (unsigned i = 0; i < ARRAY_LEN(kind); i++) {
        demo_file_drop(&f[i].sink);
        free(f[i].sink.buf);
    }
    text_release(&text);
    free(f);
    return rc;
}