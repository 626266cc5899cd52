/* query.c - the engine: one thread that answers the newest question, again whenever the session
 * has grown.
 *
 * An answer comes in three steps: rows and histogram at once, then the rows of errors to jump to,
 * then facets and tables. What the newest question has in common with the one before is not found
 * again. Where finding the rows takes long, which a search of the lines may, what was found so far
 * is shown after FIRST_US and then every SOME_US. While the session grows, rows are looked for in
 * new segments only, every REFRESH_MS or FOLLOW_MS; what looks at all rows takes a small share of
 * the time, so that it does not slow down the indexing it waits for. What a query that takes long
 * has found is shown beside that. */
#include "query.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>

#include "runquery.h"
#include "xalloc.h"

#define REFRESH_MS 100 /* between answers while the session grows ... */
#define FIRST_MS 5     /* ... and while there is next to nothing to show */
#define FOLLOW_MS 30   /* ... and while files that were indexed grow */
#define FIRST_ROWS 100000
#define FIRST_US 20000 /* until the first rows of a new question are shown ... */
#define SOME_US 100000 /* ... and between then and when there are more */
#define LOOK_MS 1000   /* in case nobody pokes */
/* Facets and tables take at most 1/10 of the time while files are indexed, and 1/50 while they are
 * followed, as do histogram and errors then. */
#define SHARE_INDEXING 10
#define SHARE_FOLLOWING 50

struct engine {
    struct session *s;
    struct query_env env;
    void (*changed)(void *);
    void *ctx;
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t wake;
    struct question q;
    char **facet;
    uint64_t serial;
    struct answer *last;
    struct partial *partial;
    uint64_t partials;
    bool quit, busy, stopped;
    atomic_bool cancel;
};

struct took {
    int64_t start_us, end_us;
};

/* What the thread keeps between answers. */
struct work {
    struct question q; /* facet names point into own */
    char **facet;
    uint64_t serial;
    struct query_ast *ast;
    struct query_env env; /* in which it was read */
    struct filter *filter;
    struct answer *quick;     /* the last: rows, histogram, and errors if they are known */
    bool complete, told;      /* the last answer; any answer to this question ... */
    bool settled;             /* ... with all files indexed: more come by following only */
    struct took second, last; /* steps */
    int64_t quick_end;
};

static int64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

void answer_unref(struct answer *a)
{
    if (!a || atomic_fetch_sub_explicit(&a->refs, 1, memory_order_acq_rel) != 1)
        return;
    rowset_unref(a->rows);
    rowset_unref(a->all);
    rowset_unref(a->err5);
    rowset_unref(a->err4);
    histogram_unref(a->hist);
    for (unsigned i = 0; i < a->n_facet; i++)
        facet_free(a->facet[i]);
    free(a->facet);
    error_table_free(a->errors);
    edge_table_free(a->edges);
    invocation_table_free(a->invocations);
    group_free(a->result);
    free(a);
}

static void answer_ref(struct answer *a)
{
    atomic_fetch_add_explicit(&a->refs, 1, memory_order_relaxed);
}

/* The first step of an answer as that to question `serial`. Not *a as a whole: the screen counts
 * references to it at the same time. */
static struct answer *answer_share(const struct answer *a, uint64_t serial)
{
    struct answer *own = xcalloc(1, sizeof(*own));

    atomic_init(&own->refs, 1);
    own->serial = serial;
    own->generation = a->generation;
    own->filter_ms = a->filter_ms;
    rowset_ref(own->rows = a->rows);
    rowset_ref(own->all = a->all);
    own->hist = a->hist ? histogram_ref(a->hist) : NULL;
    if (a->err5 && a->err4) {
        rowset_ref(own->err5 = a->err5);
        rowset_ref(own->err4 = a->err4);
    }
    return own;
}

static void question_copy(struct question *to, char ***facet, const struct question *from)
{
    *to = *from;
    to->filter = xstrdup(from->filter ? from->filter : "");
    to->query = from->query ? xstrdup(from->query) : NULL;
    *facet = xcalloc(from->n_facet, sizeof(**facet));
    for (unsigned i = 0; i < from->n_facet; i++)
        (*facet)[i] = xstrdup(from->facet[i]);
    to->facet = (const char *const *)*facet;
}

static void question_release(struct question *q, char **facet)
{
    for (unsigned i = 0; i < q->n_facet; i++)
        free(facet[i]);
    free(facet);
    free(q->filter);
    free((char *)(uintptr_t)q->query);
    memset(q, 0, sizeof(*q));
}

static void publish(struct engine *e, struct answer *a)
{
    struct answer *old;

    pthread_mutex_lock(&e->lock);
    old = e->last;
    e->last = a;
    pthread_mutex_unlock(&e->lock);
    answer_unref(old);
    e->changed(e->ctx);
}

static void forget(struct work *w)
{
    answer_unref(w->quick);
    filter_free(w->filter);
    query_ast_free(w->ast);
    question_release(&w->q, w->facet);
    memset(w, 0, sizeof(*w));
}

/* Whether the first step of their answers is the same. */
static bool same_rows(const struct question *a, const struct question *b)
{
    return a->filter && b->filter && strcmp(a->filter, b->filter) == 0 &&
           a->from_us == b->from_us && a->to_us == b->to_us && a->buckets == b->buckets;
}

/* Under the lock: takes the newest question. */
static void take_question(struct engine *e, struct work *w)
{
    if (same_rows(&w->q, &e->q))
        question_release(&w->q, w->facet);
    else
        forget(w);
    question_copy(&w->q, &w->facet, &e->q);
    w->serial = e->serial;
    w->complete = w->told = w->settled = false;
}

/* Parses the filter of a new question; one that does not parse keeps everything. */
static void prepare(struct engine *e, struct work *w, const struct snapshot *snap)
{
    struct query_error qe;
    struct query_env env = e->env;

    if (snap->rows) {
        env.first_us = snap->ts_min;
        env.last_us = snap->ts_max;
    }
    env.interactive = true;
    w->env = env;
    w->ast = filter_parse(w->q.filter, &env, &qe);
    w->filter = filter_new(w->ast && w->ast->n_cmd ? w->ast->cmd[0].filter : NULL);
}

static struct histogram *make_histogram(const struct work *w, const struct rowset *rows,
                                        const atomic_bool *cancel)
{
    const struct snapshot *snap = rows->snap;
    int64_t from = w->q.from_us, to = w->q.to_us;

    if (w->q.buckets == 0 || snap->rows == 0)
        return NULL;
    if (from == to) {
        from = snap->ts_min;
        to = snap->ts_max + 1;
    }
    return histogram_compute(rows, from, to, w->q.buckets, cancel);
}

static struct answer *quick_answer(struct engine *e, struct work *w, struct snapshot *snap)
{
    struct answer *a = xcalloc(1, sizeof(*a));
    const struct answer *had = w->quick;
    int64_t t = now_us();

    atomic_init(&a->refs, 1);
    a->serial = w->serial;
    a->generation = snap->generation;
    a->all = rowset_all(snap);
    if (w->ast && w->ast->n_cmd)
        a->rows = rowset_eval_until(e->s, snap, w->filter, had ? had->rows : NULL, w->q.near_us,
                                    t + (had ? SOME_US : FIRST_US), &e->cancel);
    else
        rowset_ref(a->rows = a->all);
    a->filter_ms = (double)(now_us() - t) / 1000;
    if (had && had->rows->pending)
        a->filter_ms += had->filter_ms;
    if (a->rows && w->settled && had && had->hist) /* the second step brings it up to date */
        a->hist = histogram_ref(had->hist);
    else if (a->rows)
        a->hist = make_histogram(w, a->rows, &e->cancel);
    if (!a->rows || (e->cancel && !a->hist)) {
        answer_unref(a);
        return NULL;
    }
    return a;
}

static struct answer *with_errors(struct engine *e, const struct work *w)
{
    struct answer *a = answer_share(w->quick, w->serial);

    if (w->settled) {
        histogram_unref(a->hist);
        a->hist = make_histogram(w, a->rows, &e->cancel);
    }
    a->err5 = rowset_errors(a->rows, 1u << HC_5XX, &e->cancel);
    a->err4 = rowset_errors(a->rows, 1u << HC_4XX, &e->cancel);
    if (a->err5 && a->err4)
        return a;
    answer_unref(a);
    return NULL;
}

/* --- the query --- */

#define RESULT_ROWS 100000

void partial_unref(struct partial *p)
{
    if (!p || atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) != 1)
        return;
    group_free(p->result);
    free(p);
}

static void set_partial(struct engine *e, struct partial *p)
{
    struct partial *old;

    pthread_mutex_lock(&e->lock);
    old = e->partial;
    e->partial = p;
    pthread_mutex_unlock(&e->lock);
    partial_unref(old);
}

struct showing {
    struct engine *e;
    uint64_t serial;
};

/* Only the thread that shows replaces what is shown, so it may look at it without the lock. */
static void show_partial(void *ctx, struct group_table *t, const char *did, uint64_t rows,
                         uint64_t of)
{
    const struct showing *s = ctx;
    struct engine *e = s->e;
    struct partial *p = e->partial;

    if (t || !p) {
        p = xcalloc(1, sizeof(*p));
        atomic_init(&p->refs, 1);
        p->serial = s->serial;
        p->number = ++e->partials;
        p->result = t;
    }
    p->did = did;
    p->rows = rows;
    p->of = of;
    if (p != e->partial)
        set_partial(e, p);
    e->changed(e->ctx);
}

/* Runs the query on the rows of the filter. */
static void run_result(struct engine *e, struct work *w, struct answer *a)
{
    struct query_error qe;
    struct query_env env = w->env;
    struct runquery q = {.session = e->s, .within = w->ast, .cancel = &e->cancel};
    struct showing showing = {e, w->serial};
    struct runquery_watch watch = {.show = show_partial,
                                   .ctx = &showing,
                                   .first_us = 150000, /* most queries are through by then */
                                   .every_us = 200000,
                                   .cost_share = 10,
                                   .longest_us = 200000};
    struct err err = {0};

    q.ast = query_parse(w->q.query, &env, &qe);
    if (!q.ast) {
        snprintf(a->failure, sizeof(a->failure), "%s", qe.msg);
        return;
    }
    a->result = runquery_table(&q, RESULT_ROWS, w->told ? NULL : &watch, &err);
    if (!a->result)
        snprintf(a->failure, sizeof(a->failure), "%.255s", err.msg);
    query_ast_free(q.ast);
}

/* The same answer with facets and tables; NULL if cancelled. */
static struct answer *full_answer(struct engine *e, struct work *w, const struct answer *quick)
{
    struct answer *a = answer_share(quick, w->serial);
    struct field_ref ref;
    char hint[64];

    if (w->q.table == TABLE_QUERY && w->q.query)
        run_result(e, w, a);
    a->facet = xcalloc(w->q.n_facet, sizeof(*a->facet));
    for (unsigned i = 0; i < w->q.n_facet; i++) {
        struct facet *f;

        if (!field_resolve(slice_str(w->q.facet[i]), &ref, hint, sizeof(hint)))
            continue;
        f = facet_compute(e->s, a->rows, &ref, w->q.facet[i], w->q.facet_top, &e->cancel);
        if (f)
            a->facet[a->n_facet++] = f;
    }
    if (w->q.table == TABLE_ERRORS)
        a->errors = errors_compute(e->s, a->err5, &e->cancel);
    else if (w->q.table == TABLE_EDGES)
        a->edges = edges_compute(e->s, a->rows, &e->cancel);
    else if (w->q.table == TABLE_INVOCATIONS)
        a->invocations = invocations_compute(e->s, a->rows, &e->cancel);
    a->complete = true;
    if (e->cancel) {
        answer_unref(a);
        return NULL;
    }
    return a;
}

static bool is_indexing(const struct engine *e)
{
    struct progress p;

    session_progress(e->s, &p);
    return p.busy;
}

/* Microseconds until a step may be taken that may not take more than its share; 0: now. */
static int64_t wait_for_share(const struct took *t, int64_t share)
{
    return MAX(t->end_us + (t->end_us - t->start_us) * share - now_us(), 0);
}

static int64_t second_wait(const struct work *w)
{
    return w->settled ? wait_for_share(&w->second, SHARE_FOLLOWING) : 0;
}

static int64_t last_wait(const struct engine *e, const struct work *w)
{
    if (is_indexing(e))
        return wait_for_share(&w->last, SHARE_INDEXING);
    return w->settled ? wait_for_share(&w->last, SHARE_FOLLOWING) : 0;
}

static void publish_step(struct engine *e, struct work *w, struct answer *a)
{
    answer_unref(w->quick);
    w->quick = a;
    answer_ref(a);
    publish(e, a);
}

/* Rows and histogram, unless the question before had the same. */
static bool first_step(struct engine *e, struct work *w, struct snapshot *snap)
{
    const struct answer *had = w->quick;
    bool same = had && had->generation == snap->generation && !had->rows->pending;
    struct answer *a;

    if (same && had->serial == w->serial)
        return true;
    a = same ? answer_share(had, w->serial) : quick_answer(e, w, snap);
    w->quick_end = now_us() / 1000;
    if (!a)
        return false;
    w->complete = false;
    publish_step(e, w, a);
    return true;
}

static bool second_step(struct engine *e, struct work *w)
{
    struct answer *a;

    if (w->quick->err5)
        return true;
    if (second_wait(w) > 0)
        return false;
    w->second.start_us = now_us();
    a = with_errors(e, w);
    w->second.end_us = now_us();
    if (a)
        publish_step(e, w, a);
    return a != NULL;
}

static void last_step(struct engine *e, struct work *w)
{
    bool settled = !is_indexing(e); /* before, for it may end meanwhile */
    struct answer *full;

    w->last.start_us = now_us();
    full = full_answer(e, w, w->quick);
    w->last.end_us = now_us();
    if (!full)
        return;
    w->complete = w->told = true;
    w->settled = settled;
    publish(e, full);
    set_partial(e, NULL);
}

static void answer_once(struct engine *e, struct work *w)
{
    struct snapshot *snap = session_snapshot(e->s);

    if (!w->filter)
        prepare(e, w, snap);
    if (first_step(e, w, snap) && second_step(e, w) && !w->quick->rows->pending &&
        last_wait(e, w) == 0)
        last_step(e, w);
    snapshot_unref(snap);
}

/* Whether there is nothing to do about the question now; *ms: look again then, if that is sooner.
 */
static bool is_answered(const struct engine *e, const struct work *w, int64_t *ms)
{
    int64_t wait;

    if (session_generation(e->s) != w->quick->generation || w->quick->rows->pending)
        return false;
    if (w->complete)
        return true;
    wait = w->quick->err5 ? last_wait(e, w) : second_wait(w);
    *ms = MIN(*ms, (wait + 999) / 1000);
    return wait > 0;
}

/* Under the lock: sleeps until there is something to do. False: quit. */
static bool wait_for_work(struct engine *e, struct work *w)
{
    struct timespec t;

    e->busy = false;
    if (e->stopped) /* nothing else will come that the screen could draw this with */
        e->changed(e->ctx);
    while (!e->quit && (e->serial == 0 || e->serial == w->serial)) {
        int64_t ms = LOOK_MS;

        if (e->serial && !e->stopped && (!w->quick || !is_answered(e, w, &ms)))
            break;
        clock_gettime(CLOCK_REALTIME, &t);
        t.tv_sec += (t.tv_nsec / 1000000 + ms) / 1000;
        t.tv_nsec = (t.tv_nsec / 1000000 + ms) % 1000 * 1000000;
        pthread_cond_timedwait(&e->wake, &e->lock, &t);
    }
    e->busy = true;
    e->cancel = e->quit;
    return !e->quit;
}

/* A growing session is not asked at every change, except the first. */
static void pause_between(const struct engine *e, const struct work *w)
{
    uint64_t shown = w->quick ? w->quick->rows->snap->rows : 0;
    int64_t ms = shown < FIRST_ROWS ? FIRST_MS : REFRESH_MS;
    struct timespec t = {0};

    if (!shown)
        return;
    if (!is_indexing(e))
        ms = w->quick_end + FOLLOW_MS - now_us() / 1000;
    t.tv_nsec = MIN(ms, REFRESH_MS) * 1000000L;
    if (ms > 0)
        nanosleep(&t, NULL);
}

static void *engine_main(void *arg)
{
    struct engine *e = arg;
    struct work w;

    memset(&w, 0, sizeof(w));
    pthread_mutex_lock(&e->lock);
    while (wait_for_work(e, &w)) {
        bool fresh = e->serial != w.serial;

        if (fresh) {
            pthread_mutex_unlock(&e->lock);
            set_partial(e, NULL);
            pthread_mutex_lock(&e->lock);
            take_question(e, &w);
        }
        pthread_mutex_unlock(&e->lock);
        if (!fresh && !(w.quick && w.quick->rows->pending))
            pause_between(e, &w);
        answer_once(e, &w);
        pthread_mutex_lock(&e->lock);
    }
    pthread_mutex_unlock(&e->lock);
    forget(&w);
    return NULL;
}

struct engine *engine_new(struct session *s, const struct query_env *env, void (*changed)(void *),
                          void *ctx)
{
    struct engine *e = xcalloc(1, sizeof(*e));

    e->s = s;
    e->env = *env;
    e->changed = changed;
    e->ctx = ctx;
    pthread_mutex_init(&e->lock, NULL);
    pthread_cond_init(&e->wake, NULL);
    if (pthread_create(&e->thread, NULL, engine_main, e) != 0)
        BUG("cannot start a thread");
    return e;
}

void engine_free(struct engine *e)
{
    if (!e)
        return;
    pthread_mutex_lock(&e->lock);
    e->quit = true;
    e->cancel = true;
    pthread_cond_signal(&e->wake);
    pthread_mutex_unlock(&e->lock);
    pthread_join(e->thread, NULL);
    answer_unref(e->last);
    partial_unref(e->partial);
    question_release(&e->q, e->facet);
    pthread_cond_destroy(&e->wake);
    pthread_mutex_destroy(&e->lock);
    free(e);
}

uint64_t engine_ask(struct engine *e, const struct question *q)
{
    uint64_t serial;

    pthread_mutex_lock(&e->lock);
    question_release(&e->q, e->facet);
    question_copy(&e->q, &e->facet, q);
    serial = ++e->serial;
    e->stopped = false;
    e->cancel = true;
    pthread_cond_signal(&e->wake);
    pthread_mutex_unlock(&e->lock);
    return serial;
}

struct answer *engine_answer(struct engine *e)
{
    struct answer *a;

    pthread_mutex_lock(&e->lock);
    a = e->last;
    if (a)
        answer_ref(a);
    pthread_mutex_unlock(&e->lock);
    return a;
}

struct partial *engine_partial(struct engine *e)
{
    struct partial *p;

    pthread_mutex_lock(&e->lock);
    p = e->partial;
    if (p)
        atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
    pthread_mutex_unlock(&e->lock);
    return p;
}

void engine_poke(struct engine *e)
{
    pthread_mutex_lock(&e->lock);
    pthread_cond_signal(&e->wake);
    pthread_mutex_unlock(&e->lock);
}

bool engine_busy(struct engine *e)
{
    bool busy;

    pthread_mutex_lock(&e->lock);
    busy = e->busy;
    pthread_mutex_unlock(&e->lock);
    return busy;
}

void engine_cancel(struct engine *e)
{
    pthread_mutex_lock(&e->lock);
    e->cancel = true;
    e->stopped = true;
    pthread_mutex_unlock(&e->lock);
}
