/* follow.c - one thread that waits for the watch and indexes what is new.
 *
 * It starts once the first indexing has ended, so that every file has one reader at a time.
 *   grown      the feed goes on where it ended; an unterminated last line, which stood in a
 *              segment of its own, is dropped and read again, whole
 *   truncated  the rows of the file go, and it is read from its beginning
 *   replaced   (renamed and created anew) the old rows stay, their source keeps the renamed file
 *              if it can be found beside; the path is opened as a new source; the rows of a zip go
 *   new file   opened, unless it is a known file under another name (device and inode)
 *   gone       the old rows stay, unless the file was packed: then those of PATH.gz are instead */
#include "follow.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "ingest.h"
#include "session_priv.h"
#include "xalloc.h"

#define POLL_MS 250
#define FOLLOW_CHUNK (1u << 20)

struct follow {
    struct session *s;
    struct watch *watch;
    pthread_t thread;
    atomic_bool stop, paused;
    struct ingest in;
    uint32_t known; /* feeds that the watch was told of */
};

static struct feed *feed_by_path(struct follow *w, const char *path)
{
    for (uint32_t i = session_sources(w->s); i-- > 0;) {
        struct feed *f = session_feed(w->s, i);

        if (strcmp(source_file(f->src), path) == 0 && !f->left)
            return f;
    }
    return NULL;
}

static struct feed *feed_by_inode(struct follow *w, dev_t dev, ino_t ino)
{
    for (uint32_t i = session_sources(w->s); i-- > 0;) {
        struct feed *f = session_feed(w->s, i);

        if (f->src->dev == dev && f->src->ino == ino && !f->left)
            return f;
    }
    return NULL;
}

static void tell_watch(struct follow *w, const struct source *src, uint64_t size)
{
    if (src->kind != SOURCE_STDIN && !src->archive_store)
        watch_know(w->watch, source_file(src), src->dev, src->ino,
                   src->archive ? src->archive_size : size);
}

static bool not_this(void *ctx, uint32_t source)
{
    return source != *(const uint32_t *)ctx;
}

static void drop_rows(struct follow *w, uint32_t source)
{
    struct snapshot *snap;

    ingest_seal(&w->in); /* no builder may bring them back */
    snap = session_snapshot(w->s);

    for (uint32_t i = 0; i < snap->n; i++) {
        struct segment *seg = snap->seg[i];
        bool has = false;

        for (uint32_t r = 0; r < seg->n_run && !has; r++)
            has = seg->run[r].source == source;
        if (has)
            catalog_replace(w->s->catalog, seg, segment_filter(seg, not_this, &source));
    }
    snapshot_unref(snap);
}

static void drop_partial(struct follow *w, struct feed *f)
{
    if (f->partial_from == UINT64_MAX)
        return;
    if (f->partial) {
        catalog_replace(w->s->catalog, f->partial, NULL);
        atomic_fetch_sub(&f->src->records, f->partial->n);
        atomic_fetch_sub(&f->src->lines, 1);
        segment_unref(f->partial);
    }
    if (f->n_chunk)
        f->chunk_lines[f->n_chunk - 1] = 0;
    f->partial = NULL;
    f->partial_from = UINT64_MAX;
}

/* Indexes what a feed has beyond its end. */
static void read_on(struct follow *w, struct feed *f)
{
    struct err e;
    int rc;

    w->in.hold_tail = true;
    while (!w->stop && (rc = ingest_next(&w->in, f, FOLLOW_CHUNK, &e)) != 0) {
        if (rc < 0) {
            source_fail(f->src, "%s", e.msg);
            session_add_problem(w->s, e.msg);
            break;
        }
    }
    session_check_end(w->s, f);
    f->src->done = true;
    tell_watch(w, f->src, f->src->kind == SOURCE_PLAIN ? f->end : f->src->size);
}

/* What is told of its path is about another file from now on. */
static void leave(struct feed *f)
{
    f->left = true;
    f->src->changed = true;
}

/* Drops what was read of a file on disk. */
static void forget(struct follow *w, struct feed *f)
{
    char *path = xstrdup(source_file(f->src));

    for (; f; f = feed_by_path(w, path)) { /* a zip is several */
        leave(f);
        drop_rows(w, f->src->id);
    }
    free(path);
}

static void grown(struct follow *w, struct feed *f);

static bool leads_to(const char *path, const struct source *src)
{
    struct stat st;

    return stat(path, &st) == 0 && st.st_dev == src->dev && st.st_ino == src->ino;
}

/* A file that is known turned up by another name, which is its own if the one before is not. */
static void seen_as(struct follow *w, struct feed *f, const char *path, const struct stat *st)
{
    if (!f->src->archive && !leads_to(source_file(f->src), f->src)) {
        source_rename(f->src, path);
        f->src->changed = (uint64_t)st->st_size < f->src->size;
        if (f->src->kind == SOURCE_PLAIN) {
            grown(w, f); /* what was written before the rename */
            return;
        }
    }
    tell_watch(w, f->src, (uint64_t)st->st_size);
}

static void open_new(struct follow *w, const char *path)
{
    struct feed *f;
    const char *base = strrchr(path, '/');
    uint32_t next = session_sources(w->s);
    struct stat st;

    /* what an empty file will be is known when it has a first byte: it is opened as it grows */
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size == 0)
        return;
    f = feed_by_inode(w, st.st_dev, st.st_ino);
    if (f && (f->src->archive || f->src->error)) {
        forget(w, f); /* it was renamed before it was read, or its files go by another name now */
    } else if (f) {
        seen_as(w, f, path, &st);
        return;
    }
    session_add_file(w->s, path, base ? base + 1 : path);
    for (; next < session_sources(w->s); next++) {
        f = session_feed(w->s, next);
        f->taken = true;
        read_on(w, f);
    }
}

/* Drops what was read of a file and reads it as a new one. */
static void open_again(struct follow *w, struct feed *f)
{
    char *path = xstrdup(source_file(f->src));

    forget(w, f);
    open_new(w, path);
    free(path);
}

static void grown(struct follow *w, struct feed *f)
{
    struct stat st;

    if (f->src->kind == SOURCE_STDIN || stat(source_file(f->src), &st) != 0)
        return;
    if (f->src->kind != SOURCE_PLAIN || f->src->size == 0) {
        open_again(w, f); /* a copy that was still being written */
        return;
    }
    feed_resume(f);
    drop_partial(w, f);
    f->src->size = (uint64_t)st.st_size;
    read_on(w, f);
}

/* The renamed file lies in the same folder under another name; its bytes are read from there. */
static void find_renamed(struct source *src)
{
    char dir[PATH_MAX], path[PATH_MAX + 256];
    char *slash;
    struct dirent *de;
    struct stat st;
    DIR *d;

    snprintf(dir, sizeof(dir), "%s", src->path);
    slash = strrchr(dir, '/');
    if (slash)
        *slash = '\0';
    d = opendir(slash ? dir : ".");
    while (d && (de = readdir(d))) {
        snprintf(path, sizeof(path), "%s/%s", slash ? dir : ".", de->d_name);
        if (stat(path, &st) == 0 && st.st_dev == src->dev && st.st_ino == src->ino) {
            source_rename(src, path);
            /* somebody may have looked for it meanwhile */
            src->changed = (uint64_t)st.st_size < src->size;
            break;
        }
    }
    if (d)
        closedir(d);
}

static void replaced(struct follow *w, struct feed *f, const char *path)
{
    if (f->src->archive) { /* written anew with what it had and more, as zip does */
        open_again(w, f);
        return;
    }
    find_renamed(f->src);
    if (strcmp(f->src->path, path) != 0)
        grown(w, f); /* what was written before the rename */
    else
        leave(f);
    open_new(w, path);
}

static void truncated(struct follow *w, struct feed *f)
{
    source_fail(f->src, "%s: cut on disk; what was read before is gone", f->src->path);
    open_again(w, f);
}

/* A file that was packed as PATH.gz and deleted: its lines are in that now. */
static void gone(struct follow *w, struct feed *f)
{
    char path[PATH_MAX + 4];
    struct feed *packed;
    struct stat st;

    snprintf(path, sizeof(path), "%s.gz", source_file(f->src));
    packed = feed_by_path(w, path);
    if (packed && packed->src->kind == SOURCE_GZIP && packed->src->inflated == f->src->size &&
        stat(source_file(f->src), &st) != 0)
        forget(w, f);
}

/* The other way round: PATH.gz is seen when PATH is gone already. */
static void find_unpacked(struct follow *w, const char *packed)
{
    size_t n = strlen(packed);
    char path[PATH_MAX];
    struct feed *f;

    if (n < 4 || n >= sizeof(path) || strcmp(packed + n - 3, ".gz") != 0)
        return;
    snprintf(path, sizeof(path), "%.*s", (int)(n - 3), packed);
    f = feed_by_path(w, path);
    if (f)
        gone(w, f);
}

static void handle(struct follow *w, const struct watch_event *ev)
{
    struct feed *f = feed_by_path(w, ev->path);

    if (!f) {
        if (ev->kind != WATCH_GONE)
            open_new(w, ev->path);
        find_unpacked(w, ev->path);
        return;
    }
    switch (ev->kind) {
    case WATCH_GROWN:
        grown(w, f);
        find_unpacked(w, ev->path);
        break;
    case WATCH_TRUNCATED:
        truncated(w, f);
        break;
    case WATCH_REPLACED:
        replaced(w, f, ev->path);
        break;
    case WATCH_GONE:
        gone(w, f);
        break;
    case WATCH_NEW_FILE: /* it was gone for a moment */
        if (!leads_to(ev->path, f->src))
            replaced(w, f, ev->path);
        break;
    }
}

static void tell_all(struct follow *w)
{
    for (; w->known < session_sources(w->s); w->known++) {
        struct feed *f = session_feed(w->s, w->known);

        tell_watch(w, f->src,
                   f->src->kind == SOURCE_PLAIN ? MAX(f->end, f->tail_end) : f->src->size);
    }
}

static void *follower(void *arg)
{
    struct follow *w = arg;
    struct watch_event ev;
    int rc;

    session_wait(w->s);
    ingest_init(&w->in, w->s->catalog);
    for (size_t i = 0; i < w->s->n_root; i++)
        if (strcmp(w->s->root[i], "-") != 0)
            watch_add_root(w->watch, w->s->root[i]);
    tell_all(w);
    while (!w->stop && (rc = watch_next(w->watch, &ev, POLL_MS)) >= 0) {
        if (rc == 0)
            continue;
        handle(w, &ev);
        for (unsigned i = 0; i < 64 && watch_next(w->watch, &ev, 0) > 0; i++)
            handle(w, &ev);
        if (ingest_show(&w->in))
            session_changed(w->s);
    }
    ingest_finish(&w->in);
    return NULL;
}

void session_follow(struct session *s, bool on)
{
    if (!on || s->follow)
        return; /* once files are watched, pausing is the view's business */
    session_unsettle(s, true);
    s->follow = xcalloc(1, sizeof(*s->follow));
    s->follow->s = s;
    s->follow->watch = watch_new(POLL_MS);
    if (pthread_create(&s->follow->thread, NULL, follower, s->follow) != 0)
        BUG("cannot start a thread");
}

void follow_stop(struct session *s)
{
    struct follow *w = s->follow;

    if (!w)
        return;
    w->stop = true;
    watch_wake(w->watch);
    pthread_join(w->thread, NULL);
    watch_free(w->watch);
    free(w);
    s->follow = NULL;
}
