/* session.c - threads around the feeds: one walks the opened paths, the others index.
 *
 * A worker takes whole files as long as there are untouched ones (small files and gzip scale
 * so), and then helps with the chunks of those that are still being read. Growing segments are
 * shown at once after the first chunk and then at most every SHOW_MS, so the screen has records
 * long before a segment is full. */
#include "session.h"

#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "follow.h"
#include "index.h"
#include "inflate.h"
#include "ingest.h"
#include "recycle.h"
#include "session_index.h"
#include "session_priv.h"
#include "xalloc.h"

#define SHOW_MS 150
#define DEFAULT_CHUNK (512u << 10)
#define TAIL_MIN (64u << 20) /* plain files from this size have their end read first */
#define TAIL_BYTES (1u << 20)
#define FRESH_US (10 * 60 * INT64_C(1000000)) /* a file written to this lately may grow */

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

struct session *session_new(const struct session_options *o)
{
    struct session *s = xcalloc(1, sizeof(*s));
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    s->opt = *o;
    if (!s->opt.threads)
        s->opt.threads = cores > 0 ? (unsigned)cores : 1;
    if (!s->opt.chunk_bytes)
        s->opt.chunk_bytes = DEFAULT_CHUNK;
    s->catalog = catalog_new();
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->work, NULL);
    pthread_cond_init(&s->idle, NULL);
    blob_init();
    return s;
}

void session_changed(struct session *s)
{
    if (s->opt.changed)
        s->opt.changed(s->opt.ctx);
}

void session_open(struct session *s, const char *path)
{
    GROW(s->root, s->cap_root, s->n_root + 1);
    s->root[s->n_root++] = xstrdup(path);
}

static void add_problem(struct session *s, const char *text, bool warning)
{
    pthread_mutex_lock(&s->lock);
    GROW(s->problem, s->cap_problem, s->n_problem + 1);
    s->problem[s->n_problem++] = xstrdup(text);
    s->n_warning += warning;
    pthread_mutex_unlock(&s->lock);
}

void session_add_problem(struct session *s, const char *text)
{
    add_problem(s, text, false);
}

bool session_problem(struct session *s, uint32_t i, char *buf, size_t n)
{
    bool there;

    pthread_mutex_lock(&s->lock);
    there = i < s->n_problem;
    if (there)
        snprintf(buf, n, "%s", s->problem[i]);
    pthread_mutex_unlock(&s->lock);
    return there;
}

static struct feed *open_feed(struct session *s, const char *path, const char *shown)
{
    const char *name;
    struct index *x = session_index_of(s, path, &name);
    struct feed *f = x ? index_feed(x, path, shown, name) : NULL;
    struct source *src;
    struct err e;

    if (!f) {
        src = source_open(path, shown, &e);
        if (!src) {
            session_add_problem(s, e.msg);
            return NULL;
        }
        f = feed_new(src);
        if (src->kind == SOURCE_STDIN || src->pack == PACK_ZIP)
            x = NULL;
    }
    f->index = x;
    f->name = x ? xstrdup(name) : NULL;
    return f;
}

static void add_feed(struct session *s, struct feed *f)
{
    pthread_mutex_lock(&s->lock);
    GROW(s->feed, s->cap_feed, s->n_feed + 1);
    f->src->id = (uint32_t)s->n_feed;
    if (f->index)
        index_add_feed(f->index, f);
    s->feed[s->n_feed++] = f;
    s->total += f->src->size;
    if (!s->loading) /* else they wait for the end of the walk */
        pthread_cond_broadcast(&s->work);
    pthread_mutex_unlock(&s->lock);
}

static void add_files(struct session *s, const struct source *zip, struct zip_list *list)
{
    for (size_t i = 0; i < list->n && !s->stop; i++)
        add_feed(s, feed_new(source_of_zip(zip, &list->file[i])));
    zip_list_free(list);
}

/* A zip came over a pipe: its files follow the pipe, which stays as an empty source. */
static void add_piped_zip(struct session *s, struct source *pipe)
{
    struct zip_list list;
    struct err e;

    if (source_list_zip(pipe, &list, &e) == 0) {
        snprintf(pipe->why, sizeof(pipe->why), "is a zip, whose files are sources of their own");
        add_files(s, pipe, &list);
    } else {
        source_fail(pipe, "%s", e.msg);
        session_add_problem(s, e.msg);
    }
}

/* Each file of a zip is a source. A zip that cannot be listed is one, with its error. */
static void add_zip(struct session *s, struct feed *zip)
{
    struct zip_list list;
    struct err e;

    if (source_list_zip(zip->src, &list, &e) < 0) {
        source_fail(zip->src, "%s", e.msg);
        session_add_problem(s, e.msg);
        feed_exhaust(zip);
        zip->src->done = true;
        add_feed(s, zip);
        return;
    }
    add_files(s, zip->src, &list);
    feed_free(zip);
}

void session_add_file(struct session *s, const char *path, const char *name)
{
    struct feed *f = open_feed(s, path, name);

    if (f && f->src->pack == PACK_ZIP)
        add_zip(s, f);
    else if (f)
        add_feed(s, f);
}

static void found(void *ctx, const char *path, const char *name)
{
    session_add_file(ctx, path, name);
}

static void bad(void *ctx, const char *path, const struct err *e)
{
    (void)path;
    session_add_problem(ctx, e->msg);
}

static void *walker(void *arg)
{
    struct session *s = arg;

    indexes_open(s);
    for (size_t i = 0; i < s->n_root && !s->stop; i++)
        source_walk(s->root[i], found, bad, s, &s->stop);
    if (!s->stop)
        indexes_walked(s);
    pthread_mutex_lock(&s->lock);
    s->walked = true;
    pthread_cond_broadcast(&s->work);
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

/* The next feed to work on: an untouched one, else one that others are reading. Of a stream one
 * thread inflates the next chunk while others parse. */
static struct feed *take_feed(struct session *s)
{
    struct feed *f = NULL;

    pthread_mutex_lock(&s->lock);
    while (!f && !s->stop) {
        if (s->loading) {
            pthread_cond_wait(&s->work, &s->lock);
            continue;
        }
        if (s->next_feed < s->n_feed) {
            f = s->feed[s->next_feed++];
            break;
        }
        while (s->first_open < s->next_feed && s->feed[s->first_open]->exhausted)
            s->first_open++;
        for (size_t i = s->first_open; i < s->next_feed && !f; i++)
            if (!s->feed[i]->exhausted && s->feed[i]->src->kind != SOURCE_STDIN)
                f = s->feed[i];
        if (f || s->walked)
            break;
        pthread_cond_wait(&s->work, &s->lock);
    }
    pthread_mutex_unlock(&s->lock);
    return f;
}

static bool stdin_is_quiet(void)
{
    struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};

    return poll(&p, 1, 0) == 0;
}

static bool may_grow(struct session *s, const struct source *src)
{
    struct timespec t;

    if (s->opt.follow)
        return true;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000 - src->mtime_us < FRESH_US;
}

struct worker {
    struct session *s;
    struct ingest in;
    int64_t shown_ms;
    uint64_t finished; /* segments by then */
};

static void show_sometimes(struct worker *w, const struct feed *f)
{
    int64_t now = now_ms();

    if (!w->s->opt.changed) /* nobody looks before all is there */
        return;
    if (now - w->shown_ms < SHOW_MS && !(f->src->kind == SOURCE_STDIN && stdin_is_quiet()))
        return;
    /* while whole segments come in time, half ones are not worth their sealing */
    if (w->in.finished == w->finished)
        ingest_show(&w->in);
    w->finished = w->in.finished;
    w->shown_ms = now_ms();
    session_changed(w->s);
}

/* False, and the session stops, if more memory is held than is allowed, although rows that were
 * being packed have been sealed: they may lie in the index now. */
static bool within_memory(struct worker *w)
{
    struct session *s = w->s;
    struct err e;
    bool first;

    if (!membudget_over())
        return true;
    ingest_seal(&w->in);
    if (!membudget_over())
        return true;
    membudget_fail(&e, s->opt.cache ? "allow more, or open fewer files"
                                    : "allow more, or let an index keep the columns on disk "
                                      "(without --no-cache)");
    pthread_mutex_lock(&s->lock);
    first = !s->full;
    s->full = true;
    pthread_mutex_unlock(&s->lock);
    if (first)
        session_add_problem(s, e.msg);
    session_stop(s);
    return false;
}

/* As it is told as an error of the file, too, no index keeps it silent. */
static void warn(struct session *s, struct source *src, const char *text)
{
    source_fail(src, "%s", text);
    add_problem(s, text, true);
}

/* CloudTrail writes one gzip member a file; what stands behind it was put there by somebody. All
 * records are shown, those as well. Nor are bytes left out silently that are no gzip. */
void session_check_end(struct session *s, struct feed *f)
{
    struct source *src = f->src;
    char text[PATH_MAX + 160];
    uint64_t at, n;

    if (!src->zaccess)
        return;
    if (zaccess_left(src->zaccess, &at, &n)) {
        snprintf(text, sizeof(text),
                 "%s: from byte %llu on, behind what is packed, %llu bytes are neither gzip nor "
                 "text; they are left out",
                 src->path, (unsigned long long)at, (unsigned long long)n);
        warn(s, src, text);
    }
    if (src->lt && strcmp(src->lt->fmt->name, "cloudtrail") == 0 && zaccess_goes_on(src->zaccess)) {
        snprintf(text, sizeof(text),
                 "%s: goes on behind its first gzip member, as no file of CloudTrail does: it was "
                 "joined or tampered with",
                 src->path);
        warn(s, src, text);
    }
}

static void read_feed(struct worker *w, struct feed *f)
{
    struct session *s = w->s;
    struct err e;
    bool first = false;
    int rc;

    if (f->exhausted) /* as the index has it */
        return;
    f->readers++;
    ingest_index(&w->in, f->index);
    pthread_mutex_lock(&f->lock);
    if (!f->taken) {
        f->taken = first = true;
        if (f->src->kind == SOURCE_PLAIN && f->src->size >= TAIL_MIN && f->end == 0)
            ingest_tail(&w->in, f, TAIL_BYTES);
    }
    pthread_mutex_unlock(&f->lock);
    w->in.hold_tail = may_grow(s, f->src);
    while (!s->stop && source_wait(f->src, &s->stop) &&
           (rc = ingest_next(&w->in, f, s->opt.chunk_bytes, &e)) != 0) {
        if (rc < 0) {
            source_fail(f->src, "%s", e.msg);
            session_add_problem(s, e.msg);
            break;
        }
        if (!within_memory(w))
            break;
        show_sometimes(w, f);
    }
    if (first && f->exhausted && !s->stop && f->src->kind == SOURCE_STDIN &&
        f->src->pack == PACK_ZIP)
        add_piped_zip(s, f->src);
    if (first && f->exhausted)
        session_check_end(s, f);
    if (first)
        f->src->done = true;
    f->readers--;
}

static void *worker(void *arg)
{
    struct worker w = {.s = arg};
    struct session *s = arg;
    struct feed *f;
    bool last, loaded;

    ingest_init(&w.in, s->catalog);
    loaded = indexes_load(s); /* which is over at once and waited for */
    if (s->opt.give_way)
        (void)!setpriority(PRIO_PROCESS, (id_t)gettid(), 10); /* refused: then as equals */
    if (loaded)
        indexes_check(s);
    within_memory(&w);
    while ((f = take_feed(s)))
        read_feed(&w, f);
    ingest_finish(&w.in);
    pthread_mutex_lock(&s->lock);
    last = --s->running == 0;
    pthread_cond_broadcast(&s->idle);
    pthread_mutex_unlock(&s->lock);
    session_changed(s);
    if (last && !s->opt.follow)
        indexes_commit(s);
    if (last) { /* what only reading needs */
        field_dicts_rest();
        recycle_rest();
        malloc_trim(0);
    }
    return NULL;
}

static void spawn(struct session *s, void *(*fn)(void *))
{
    BUG_ON(s->n_thread == ARRAY_LEN(s->thread));
    if (pthread_create(&s->thread[s->n_thread], NULL, fn, s) != 0)
        BUG("cannot start a thread");
    s->n_thread++;
}

void session_start(struct session *s)
{
    s->opt.threads = MIN(s->opt.threads, (unsigned)ARRAY_LEN(s->thread) - 2);
    s->running = s->opt.threads;
    spawn(s, walker);
    for (unsigned i = 0; i < s->opt.threads; i++)
        spawn(s, worker);
    if (s->opt.follow)
        session_follow(s, true);
}

const char *session_spill(const struct session *s)
{
    return s->opt.spill;
}

unsigned session_threads(const struct session *s)
{
    return s->opt.threads;
}

void session_wait(struct session *s)
{
    pthread_mutex_lock(&s->lock);
    while (s->running > 0)
        pthread_cond_wait(&s->idle, &s->lock);
    pthread_mutex_unlock(&s->lock);
}

void session_stop(struct session *s)
{
    s->stop = true;
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < s->n_feed; i++)
        s->feed[i]->src->cancel = true;
    pthread_cond_broadcast(&s->work);
    pthread_mutex_unlock(&s->lock);
}

void session_free(struct session *s)
{
    if (!s)
        return;
    session_stop(s);
    follow_stop(s);
    for (unsigned i = 0; i < s->n_thread; i++)
        pthread_join(s->thread[i], NULL);
    indexes_commit(s);
    for (size_t i = 0; i < s->n_feed; i++)
        feed_free(s->feed[i]);
    for (uint32_t i = 0; i < s->n_loaded; i++) /* it was stopped before they were shown */
        segment_unref(s->loaded[i]);
    free(s->loaded);
    catalog_free(s->catalog);
    indexes_close(s);
    for (size_t i = 0; i < s->n_root; i++)
        free(s->root[i]);
    for (size_t i = 0; i < s->n_problem; i++)
        free(s->problem[i]);
    free(s->root);
    free(s->feed);
    free(s->problem);
    pthread_cond_destroy(&s->work);
    pthread_cond_destroy(&s->idle);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

static void add_progress(struct progress *p, const struct source *src)
{
    p->bytes += src->bytes_done;
    p->records += src->records;
    p->sources_done += src->done;
    for (unsigned r = 0; r < REASON_COUNT; r++)
        p->unparsed += src->unparsed[r];
}

/* Adds up the first feeds once for all, as far as nothing of them changes any more: there may be
 * tens of thousands, and the screen asks at every key. */
static void settle(struct session *s)
{
    while (s->n_settled < s->n_feed && !s->following) {
        struct feed *f = s->feed[s->n_settled];

        if (!f->src->done || !f->exhausted || f->readers > 0)
            return;
        add_progress(&s->settled, f->src);
        s->n_settled++;
    }
}

void session_unsettle(struct session *s, bool following)
{
    pthread_mutex_lock(&s->lock);
    s->following = following;
    s->n_settled = 0;
    s->settled = (struct progress){0};
    pthread_mutex_unlock(&s->lock);
}

void session_progress(struct session *s, struct progress *p)
{
    size_t n;

    pthread_mutex_lock(&s->lock);
    settle(s);
    *p = s->settled;
    p->busy = s->running > 0;
    p->stopped = s->stop;
    p->full = s->full;
    p->total = s->total;
    p->sources = (uint32_t)s->n_feed;
    p->failed = (uint32_t)(s->n_problem - s->n_warning);
    p->warnings = (uint32_t)s->n_warning;
    /* those behind are not begun */
    n = s->running > 0 && !s->loading ? s->next_feed : s->n_feed;
    for (size_t i = s->n_settled; i < n; i++)
        add_progress(p, s->feed[i]->src);
    pthread_mutex_unlock(&s->lock);
}

struct snapshot *session_snapshot(struct session *s)
{
    return catalog_snapshot(s->catalog);
}

uint64_t session_generation(struct session *s)
{
    return catalog_generation(s->catalog);
}

uint32_t session_sources(struct session *s)
{
    uint32_t n;

    pthread_mutex_lock(&s->lock);
    n = (uint32_t)s->n_feed;
    pthread_mutex_unlock(&s->lock);
    return n;
}

struct feed *session_feed(struct session *s, uint32_t id)
{
    struct feed *f;

    pthread_mutex_lock(&s->lock);
    f = id < s->n_feed ? s->feed[id] : NULL;
    pthread_mutex_unlock(&s->lock);
    return f;
}

struct source *session_source(struct session *s, uint32_t id)
{
    struct feed *f = session_feed(s, id);

    return f ? f->src : NULL;
}

uint64_t session_line_base(struct session *s, uint32_t source, uint32_t chunk)
{
    struct feed *f = session_feed(s, source);

    return f ? feed_line_base(f, chunk) : 0;
}
