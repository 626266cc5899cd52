/* runquery_watch.c - what a query found so far, for somebody who looks on.
 *
 * Whatever is at work asks now and then whether it is time to show something, and lets the rest of
 * the commands run on what it has: by an exec of their own, which shares the query and nothing
 * else, is not watched, and gives up when it takes long. Time for that is a small part of the
 * query's. */
#include "runquery_impl.h"

#include <time.h>

#include "xalloc.h"

#define ASK_EVERY 64 /* rows, between two looks at the clock */

struct watcher {
    const struct runquery_watch *to; /* NULL: it is of the commands that make what is shown */
    uint64_t max;
    _Atomic int64_t due_us;  /* when to show again, or (of such commands) when to give up */
    _Atomic int64_t tell_us; /* when to tell how far it is */
    int64_t begun_us;        /* of the show at hand */
    atomic_bool showing, stop;
    const atomic_bool *cancel;
};

static int64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

struct watcher *watcher_new(const struct runquery_watch *to, uint64_t max)
{
    struct watcher *w = xcalloc(1, sizeof(*w));

    w->to = to;
    w->max = max;
    w->due_us = w->tell_us = now_us() + to->first_us;
    return w;
}

bool watcher_can(const struct query_ast *q)
{
    for (unsigned i = 0; i < q->n_cmd; i++)
        if (q->cmd[i].kind == QCMD_DIFF || q->cmd[i].kind == QCMD_JOIN)
            return false;
    return true;
}

void watcher_free(struct watcher *w)
{
    free(w);
}

static bool watcher_due(struct watcher *w, const char *did, uint64_t rows, uint64_t of)
{
    int64_t now = now_us();

    if (!w->to) {
        if (now >= w->due_us || (w->cancel && *w->cancel))
            w->stop = true;
        return false;
    }
    if ((now < w->due_us && now < w->tell_us) || atomic_exchange(&w->showing, true))
        return false;
    w->begun_us = now;
    w->tell_us = now + w->to->every_us;
    if (now >= w->due_us)
        return true;
    w->to->show(w->to->ctx, NULL, did, rows, of);
    w->showing = false;
    return false;
}

bool exec_due_now(struct exec *r, const char *did, uint64_t rows, uint64_t of)
{
    return r->watch && watcher_due(r->watch, did, rows, of);
}

bool exec_due(struct exec *r, const char *did, uint64_t rows, uint64_t of)
{
    return r->watch && r->asked++ % ASK_EVERY == 0 && watcher_due(r->watch, did, rows, of);
}

void exec_show_rows(struct exec *r, struct group_table *t, const char *did, uint64_t rows,
                    uint64_t of)
{
    struct watcher *w = r->watch;
    int64_t now;

    w->to->show(w->to->ctx, t, did, rows, of);
    now = now_us();
    w->due_us = now + MAX((now - w->begun_us) * w->to->cost_share, w->to->every_us);
    w->showing = false;
}

void exec_tell(struct exec *r, const char *did, uint64_t rows, uint64_t of)
{
    if (exec_due(r, did, rows, of))
        exec_show_rows(r, NULL, did, rows, of);
}

/* --- the commands behind --- */

struct rest {
    struct exec r;
    struct runquery q;
    struct watcher w;
    struct err e;
    bool sketched;
};

/* `set`: of which the rows are or came. */
static void rest_begin(struct rest *s, const struct exec *r, struct rowset *set)
{
    memset(s, 0, sizeof(*s));
    s->w.cancel = r->q->cancel;
    s->w.due_us = now_us() + r->watch->to->longest_us;
    s->q = *r->q;
    s->q.plan = NULL;
    s->q.cancel = &s->w.stop;
    s->q.sketched = &s->sketched;
    s->r = (struct exec){.q = &s->q,
                         .limit = UINT64_MAX,
                         .early = r->early,
                         .n_col = r->n_col,
                         .display = r->display,
                         .set = set,
                         .watch = &s->w,
                         .e = &s->e};
    if (r->n_col)
        s->r.col = xmemdup(r->col, r->n_col * sizeof(*r->col));
    rowset_ref(set);
    rowview_init(&s->r.view, r->q->session);
}

static struct group_table *rest_end(struct rest *s, unsigned next, uint64_t max)
{
    struct group_table *t = NULL;

    if (exec_rest(&s->r, next, s->q.ast->n_cmd) == 0)
        t = exec_collect(&s->r, max);
    if (t && exec_cancelled(&s->r)) {
        group_free(t);
        t = NULL;
    }
    if (t)
        t->sketched = s->sketched;
    exec_release_rows(&s->r);
    return t;
}

void exec_show_table(struct exec *r, unsigned next, struct group_table *t, unsigned order_keys,
                     const char *did, uint64_t rows, uint64_t of)
{
    struct rest s;

    if (t) {
        rest_begin(&s, r, r->set);
        exec_take_table(&s.r, t);
        s.r.order_keys = order_keys;
        t = rest_end(&s, next, r->watch->max);
    }
    exec_show_rows(r, t, did, rows, of);
}

void exec_show_set(struct exec *r, unsigned next, struct rowset *set)
{
    uint64_t all = set->snap->rows;
    struct rest s;

    rest_begin(&s, r, set);
    exec_show_rows(r, rest_end(&s, next, r->watch->max), "filtered", all - set->pending, all);
}

void exec_show_list(struct exec *r, unsigned next, const struct rowref *ref, uint64_t n,
                    uint64_t rows)
{
    struct rest s;

    rest_begin(&s, r, r->set);
    s.r.listed = s.r.sorted = true;
    s.r.ref = xmemdup(ref, MAX(n, 1u) * sizeof(*ref));
    s.r.n = n;
    exec_show_rows(r, rest_end(&s, next, r->watch->max), "sorted", rows, r->set->total);
}
