/* session_index.c - what the indexes have comes in first, then the files are read that they have
 * not.
 *
 * An index is of one folder: of an opened folder, or of the one that an opened file lies in. Its
 * segments are brought in by all threads and published together, which the screen is told; then
 * their columns are checked. If one is damaged, all rows of that index go and its files
 * are read. */
#include "session_index.h"

#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "index.h"
#include "index_file.h"
#include "index_segment.h"
#include "ingest.h"
#include "xalloc.h"

#define CHECK_AFTER_MS 100

/* The folder whose index a root's files are in, as a real path; NULL: none. */
static char *folder_of_root(const char *root)
{
    struct stat st;
    char *real, *slash;

    if (strcmp(root, "-") == 0 || stat(root, &st) != 0 ||
        !(S_ISDIR(st.st_mode) || S_ISREG(st.st_mode)))
        return NULL;
    real = realpath(root, NULL);
    if (real && !S_ISDIR(st.st_mode)) {
        slash = strrchr(real, '/');
        slash[slash == real] = '\0';
    }
    return real;
}

static struct index *find_index(struct session *s, const char *folder)
{
    for (size_t i = 0; i < s->n_index; i++)
        if (strcmp(index_folder(s->index[i]), folder) == 0)
            return s->index[i];
    return NULL;
}

static bool several_folders(struct session *s)
{
    char *first = NULL;
    bool several = false;

    for (size_t i = 0; i < s->n_root && !several; i++) {
        char *folder = folder_of_root(s->root[i]);

        several = folder && first && strcmp(folder, first) != 0;
        if (!first)
            first = folder;
        else
            free(folder);
    }
    free(first);
    return several;
}

static struct index *open_index(struct session *s, const char *folder, bool alone)
{
    struct index *x = find_index(s, folder);
    struct err e;

    if (x)
        return x;
    x = index_open(s->opt.cache, folder, alone, &e);
    if (x) {
        GROW(s->index, s->cap_index, s->n_index + 1);
        s->index[s->n_index++] = x;
    }
    return x;
}

void indexes_open(struct session *s)
{
    bool alone = !several_folders(s), loading = false;

    s->root_index = xcalloc(MAX(s->n_root, (size_t)1), sizeof(*s->root_index));
    for (size_t i = 0; s->opt.cache && i < s->n_root; i++) {
        char *folder = folder_of_root(s->root[i]);

        if (folder)
            s->root_index[i] = open_index(s, folder, alone);
        free(folder);
        loading = loading || (s->root_index[i] && index_segments(s->root_index[i]) > 0);
    }
    pthread_mutex_lock(&s->lock);
    s->loading = loading;
    s->opened = true;
    pthread_cond_broadcast(&s->work);
    pthread_mutex_unlock(&s->lock);
}

void indexes_walked(struct session *s)
{
    struct stat st;

    for (size_t i = 0; i < s->n_root; i++)
        if (s->root_index[i] && stat(s->root[i], &st) == 0 && S_ISDIR(st.st_mode))
            index_walked(s->root_index[i]);
}

/* What a path is called below a root; NULL if it is not. */
static const char *below(const char *root, const char *path)
{
    size_t n = strlen(root);

    if (strcmp(root, path) == 0) {
        const char *slash = strrchr(path, '/');

        return slash ? slash + 1 : path;
    }
    while (n > 1 && root[n - 1] == '/')
        n--;
    if (strncmp(root, path, n) != 0 || path[n] != '/')
        return NULL;
    for (path += n; *path == '/';)
        path++;
    return path;
}

struct index *session_index_of(struct session *s, const char *path, const char **name)
{
    struct index *best = NULL;

    *name = NULL;
    for (size_t i = 0; i < s->n_root; i++) {
        const char *rest = s->root_index[i] ? below(s->root[i], path) : NULL;

        /* the nearest of several roots */
        if (rest && (!best || strlen(rest) < strlen(*name))) {
            best = s->root_index[i];
            *name = rest;
        }
    }
    return best;
}

/* --- loading --- */

static bool wait_for_walk(struct session *s)
{
    bool loading;

    pthread_mutex_lock(&s->lock);
    while (!s->opened || (s->loading && !s->walked && !s->stop))
        pthread_cond_wait(&s->work, &s->lock);
    loading = s->loading && !s->stop;
    pthread_mutex_unlock(&s->lock);
    return loading;
}

/* Takes the n-th segment of all indexes; false behind the last. */
static bool nth_segment(struct session *s, size_t n, struct index **x, uint32_t *i)
{
    for (size_t k = 0; k < s->n_index; k++) {
        if (n < index_segments(s->index[k])) {
            *x = s->index[k];
            *i = (uint32_t)n;
            return true;
        }
        n -= index_segments(s->index[k]);
    }
    return false;
}

static void take_back(struct session *s, struct index *x)
{
    struct snapshot *snap = session_snapshot(s);

    /* the rows of all that is there are of files of one of the indexes */
    for (uint32_t i = 0; i < snap->n; i++)
        if (session_feed(s, snap->seg[i]->run[0].source)->index == x)
            catalog_replace(s->catalog, snap->seg[i], NULL);
    snapshot_unref(snap);
    index_restart(x);
    for (uint32_t i = 0; i < session_sources(s); i++) {
        struct feed *f = session_feed(s, i);

        if (f->index == x)
            feed_restart(f);
    }
    session_unsettle(s, s->following);
}

static void end_loading(struct session *s)
{
    for (size_t i = 0; i < s->n_index; i++)
        if (index_damaged(s->index[i]))
            take_back(s, s->index[i]);
    pthread_mutex_lock(&s->lock);
    s->loading = false;
    pthread_cond_broadcast(&s->work);
    pthread_mutex_unlock(&s->lock);
    session_changed(s);
}

static void load_some(struct session *s)
{
    struct segment *seg;
    struct index *x;
    uint32_t i;

    while (!s->stop && nth_segment(s, atomic_fetch_add(&s->next_load, 1), &x, &i)) {
        if (!index_load(x, i, &seg) || !seg)
            continue;
        pthread_mutex_lock(&s->lock);
        GROW(s->loaded, s->cap_loaded, s->n_loaded + 1);
        s->loaded[s->n_loaded++] = seg;
        pthread_mutex_unlock(&s->lock);
    }
}

/* All at once, so that the first answer is not to a part of them. Under the lock. */
static void show_loaded(struct session *s)
{
    catalog_add(s->catalog, s->loaded, s->n_loaded);
    free(s->loaded);
    s->loaded = NULL;
    s->n_loaded = 0;
}

/* The columns that nobody asked for so far. */
static void check_some(struct session *s)
{
    struct snapshot *snap = session_snapshot(s);
    uint32_t i;

    while (!s->stop && (i = atomic_fetch_add(&s->next_check, 1)) < snap->n)
        index_segment_check(snap->seg[i]);
    snapshot_unref(snap);
}

/* Waits until all threads are here, or the session stops; true for the last one, which does `then`
 * before the others go on. */
static bool all_here(struct session *s, unsigned *here, void (*then)(struct session *s))
{
    bool last;

    pthread_mutex_lock(&s->lock);
    last = ++*here == s->opt.threads;
    if (last && then)
        then(s);
    pthread_cond_broadcast(&s->work);
    while (*here < s->opt.threads && !s->stop)
        pthread_cond_wait(&s->work, &s->lock);
    pthread_mutex_unlock(&s->lock);
    return last;
}

bool indexes_load(struct session *s)
{
    if (!wait_for_walk(s))
        return false;
    load_some(s);
    if (all_here(s, &s->n_load_done, show_loaded))
        session_changed(s);
    return true;
}

/* A screen that waits for its first answer needs the processors and the memory more. */
static void stand_back(struct session *s)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    t.tv_nsec += CHECK_AFTER_MS * 1000000L;
    t.tv_sec += t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    pthread_mutex_lock(&s->lock);
    while (!s->stop && pthread_cond_timedwait(&s->work, &s->lock, &t) == 0)
        ;
    pthread_mutex_unlock(&s->lock);
}

void indexes_check(struct session *s)
{
    if (s->opt.give_way)
        stand_back(s);
    check_some(s);
    if (all_here(s, &s->n_check_done, NULL))
        end_loading(s);
}

/* --- the end --- */

void indexes_commit(struct session *s)
{
    for (size_t i = 0; i < s->n_index; i++)
        index_commit(s->index[i]);
    if (s->n_index && s->opt.cache_cap)
        index_cache_trim(s->opt.cache, s->opt.cache_cap);
}

void indexes_close(struct session *s)
{
    for (size_t i = 0; i < s->n_index; i++)
        index_close(s->index[i]);
    free(s->index);
    free(s->root_index);
}
