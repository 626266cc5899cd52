/* index.c - one folder's index: the table of contents, files, names and segments. */
#define XXH_INLINE_ALL
#include "index.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>
#include <xxhash.h>

#include "index_contents.h"
#include "index_file.h"
#include "index_segment.h"
#include "index_texts.h"
#include "inflate.h"
#include "recycle.h"
#include "xalloc.h"

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "0.1.0"
#endif

#define EDGE 4096 /* bytes hashed at both ends of a plain file */
/* A file as the session has it. */
struct member {
    struct feed *feed;
    uint32_t id; /* in the index */
    bool kept;   /* as it was in the index, unless it was read on */
};

struct index {
    char *folder;
    struct index_file *file;
    struct contents c; /* of the last commit, with what was put since */
    bool walked;       /* files that were not found are gone */
    bool changed;      /* since the last commit */
    atomic_bool damaged;
    pthread_mutex_t lock; /* guards what follows, and c.segment, c.layout, c.frame */
    struct member *member;
    size_t n_member, cap_member;
    uint32_t *by_session; /* index of the member + 1 by the session's source id */
    size_t n_session;
    uint32_t *session_of; /* by index id; UINT32_MAX: not open */
    struct index_texts texts;
};

/* --- what it was made with --- */

/* Another program, or other formats of the user's, might read the same lines otherwise. */
static uint64_t fingerprint(void)
{
    struct strbuf all = STRBUF_INIT;
    uint64_t h;

    strbuf_adds(&all, PACKAGE_VERSION);
    for (unsigned t = 0; t < logtype_count(); t++) {
        const struct logtype *lt = logtype_get(t);

        strbuf_addf(&all, "\n%s %u %llx", lt->fmt->name, lt->n_static,
                    (unsigned long long)lt->fmt->revision);
        for (unsigned f = 0; f < lt->n_static; f++) {
            const struct field_def *d = lt->field[f];

            strbuf_addf(&all, " %s %d %u %d %x", d->name, (int)d->kind, d->scale, (int)d->unit,
                        d->flags);
        }
        for (unsigned i = 0; i < lt->n_own_layout; i++)
            strbuf_add(&all, lt->own_layout[i]->field,
                       lt->own_layout[i]->n * sizeof(*lt->own_layout[i]->field));
    }
    h = XXH3_64bits(all.buf, all.len);
    strbuf_release(&all);
    return h;
}

/* --- opening --- */

static bool dictionaries_empty(void)
{
    for (unsigned t = 0; t < logtype_count(); t++)
        for (unsigned f = 0; f < logtype_get(t)->n_static; f++)
            if (dict_count(field_dict(logtype_get(t), f)) > 0)
                return false;
    return true;
}

static void drop_contents(struct index *x)
{
    contents_release(&x->c);
    index_texts_drop(&x->texts);
    free(x->session_of);
    x->session_of = NULL;
}

/* Rows of files that changed or went stay in their segments: at some point a new index is less. */
static bool is_mostly_dead(const struct contents *c)
{
    uint64_t all = 0, live = 0;

    for (size_t i = 0; i < c->n_segment; i++)
        all += c->segment[i].n;
    for (size_t i = 0; i < c->n_source; i++)
        live += c->source[i].records;
    return all > 2 * live + SEGMENT_ROWS;
}

static void read_contents(struct index *x)
{
    struct slice s = index_file_contents(x->file);

    if (s.ptr && contents_read(&x->c, s) && !is_mostly_dead(&x->c) &&
        index_texts_load(&x->texts, x->file, &x->c)) {
        x->session_of = xmalloc(MAX(x->c.next_id, 1u) * sizeof(*x->session_of));
        memset(x->session_of, 0xff, x->c.next_id * sizeof(*x->session_of));
        return;
    }
    if (s.ptr) {
        drop_contents(x);
        index_file_restart(x->file);
        x->texts.same = x->texts.same && dictionaries_empty();
    }
}

struct index *index_open(const char *cache, const char *folder, bool alone, struct err *e)
{
    struct index_file *file = index_file_open(cache, folder, fingerprint(), e);
    struct index *x;

    if (!file)
        return NULL;
    x = xcalloc(1, sizeof(*x));
    x->folder = xstrdup(folder);
    x->file = file;
    x->texts.same = alone && dictionaries_empty();
    pthread_mutex_init(&x->lock, NULL);
    read_contents(x);
    return x;
}

void index_close(struct index *x)
{
    if (!x)
        return;
    drop_contents(x);
    index_file_close(x->file);
    pthread_mutex_destroy(&x->lock);
    free(x->member);
    free(x->by_session);
    free(x->folder);
    free(x);
}

const char *index_folder(const struct index *x)
{
    return x->folder;
}

/* --- files --- */

static uint64_t hash_at(int fd, uint64_t off, size_t n, bool *ok)
{
    char bytes[EDGE];

    *ok = *ok && pread(fd, bytes, n, (off_t)off) == (ssize_t)n;
    return XXH3_64bits(bytes, n);
}

/* The first and the last bytes of the first `size`; false if they cannot be read. *ended: a line
 * ends there. */
static bool edges(const char *path, uint64_t size, uint64_t hash[2], bool *ended)
{
    size_t n = MIN(size, (uint64_t)EDGE);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    bool ok = fd >= 0 && size > 0;
    char last = '\0';

    if (ok) {
        hash[0] = hash_at(fd, 0, n, &ok);
        hash[1] = hash_at(fd, size - n, n, &ok);
        ok = ok && pread(fd, &last, 1, (off_t)(size - 1)) == 1;
    }
    if (fd >= 0)
        close(fd);
    *ended = last == '\n';
    return ok;
}

static int64_t ns_of(const struct timespec *t)
{
    return (int64_t)t->tv_sec * 1000000000 + t->tv_nsec;
}

static bool same_identity(const struct contents_source *s, const struct stat *st)
{
    return s->dev == st->st_dev && s->ino == st->st_ino && s->size == (uint64_t)st->st_size &&
           s->mtime_ns == ns_of(&st->st_mtim) && s->ctime_ns == ns_of(&st->st_ctim);
}

static bool has_grown(const struct contents_source *s, const struct stat *st, const char *path)
{
    uint64_t hash[2];
    bool ended;

    return s->kind == SOURCE_PLAIN && !s->framed && s->dev == st->st_dev && s->ino == st->st_ino &&
           s->end > 0 && s->end <= (uint64_t)st->st_size && edges(path, s->end, hash, &ended) &&
           ended && hash[0] == s->edge[0] && hash[1] == s->edge[1];
}

/* A source and its feed as they were; the caller says whether they are at their end. */
static struct feed *restore(struct index *x, const struct contents_source *s, const char *path,
                            const char *shown, const struct stat *st)
{
    struct source *src = source_known(path, shown, (enum source_kind)s->kind, st);
    struct feed *f = feed_new(src);

    src->lt = s->lt;
    memcpy(src->why, s->why.ptr, MIN(s->why.len, sizeof(src->why) - 1));
    src->inflated = s->inflated;
    src->records = s->records;
    src->lines = s->lines;
    src->headers = s->headers;
    src->blanks = s->blanks;
    for (unsigned i = 0; i < REASON_COUNT; i++)
        src->unparsed[i] = s->unparsed[i];
    src->first_us = s->first_us;
    src->last_us = s->last_us;
    src->bytes_done = s->kind == SOURCE_PLAIN ? s->end : (uint64_t)st->st_size;
    if (src->zaccess && s->points.len)
        zaccess_restore(src->zaccess, s->points);
    f->end = s->end;
    f->lay = layout_by_id(contents_layout(&x->c, s->layout));
    f->n_chunk = f->cap_chunk = s->chunk_lines.len / sizeof(*f->chunk_lines);
    f->chunk_lines = xmemdup(s->chunk_lines.ptr, f->n_chunk * sizeof(*f->chunk_lines));
    if (s->tail_at != UINT64_MAX) {
        f->tail_at = s->tail_at;
        f->tail_lines = s->tail_lines;
    }
    return f;
}

struct feed *index_feed(struct index *x, const char *path, const char *shown, const char *name)
{
    const struct contents_source *s = contents_find(&x->c, slice_str(name));
    struct feed *f;
    struct stat st;

    if (!s || x->session_of[s->id] != UINT32_MAX || stat(path, &st) != 0 || !S_ISREG(st.st_mode))
        return NULL;
    if (same_identity(s, &st) && (s->kind != SOURCE_PLAIN || s->end == s->size)) {
        f = restore(x, s, path, shown, &st);
        f->exhausted = f->taken = true;
        f->src->done = true;
    } else if (has_grown(s, &st, path)) {
        f = restore(x, s, path, shown, &st);
    } else {
        return NULL;
    }
    f->index_id = s->id;
    return f;
}

void index_add_feed(struct index *x, struct feed *f)
{
    uint32_t session = f->src->id;
    bool kept = f->index_id != UINT32_MAX;

    pthread_mutex_lock(&x->lock);
    if (session >= x->n_session) {
        size_t n = MAX((size_t)session + 1, 2 * x->n_session);

        x->by_session = xreallocarray(x->by_session, n, sizeof(*x->by_session));
        memset(x->by_session + x->n_session, 0, (n - x->n_session) * sizeof(*x->by_session));
        x->n_session = n;
    }
    if (kept)
        x->session_of[f->index_id] = session;
    else
        f->index_id = x->c.next_id++;
    x->changed = x->changed || !f->exhausted;
    GROW(x->member, x->cap_member, x->n_member + 1);
    x->member[x->n_member++] = (struct member){f, f->index_id, kept};
    x->by_session[session] = (uint32_t)x->n_member;
    pthread_mutex_unlock(&x->lock);
}

void index_walked(struct index *x)
{
    x->walked = true;
}

/* --- from the index's numbers to the session's --- */

static uint32_t source_in(void *ctx, uint32_t id)
{
    struct index *x = ctx;

    return x->session_of && id < x->c.n_loaded_id ? x->session_of[id] : UINT32_MAX;
}

static uint32_t layout_in(void *ctx, const struct logtype *lt, uint32_t id)
{
    struct index *x = ctx;

    (void)lt;
    return contents_layout(&x->c, id);
}

static uint32_t frame_in(void *ctx, uint32_t id)
{
    struct index *x = ctx;

    return id < x->c.n_frame ? x->c.frame[id] : UINT32_MAX;
}

static uint32_t text_in(void *ctx, const struct logtype *lt, unsigned field, uint32_t id)
{
    struct index *x = ctx;

    return index_texts_in(&x->texts, lt, field, id);
}

/* --- and back; under the lock --- */

static uint32_t source_out(void *ctx, uint32_t id)
{
    struct index *x = ctx;
    uint32_t at = id < x->n_session ? x->by_session[id] : 0;

    return at ? x->member[at - 1].id : UINT32_MAX;
}

static uint32_t layout_out(void *ctx, const struct logtype *lt, uint32_t id)
{
    struct index *x = ctx;

    return contents_add_layout(&x->c, lt, id);
}

static uint32_t frame_out(void *ctx, uint32_t id)
{
    struct index *x = ctx;

    return contents_add_frame(&x->c, id);
}

static uint32_t text_out(void *ctx, const struct logtype *lt, unsigned field, uint32_t id)
{
    struct index *x = ctx;

    return index_texts_out(&x->texts, lt, field, id);
}

/* --- segments --- */

uint32_t index_segments(const struct index *x)
{
    return (uint32_t)x->c.n_loaded;
}

static bool is_open(void *ctx, uint32_t source)
{
    (void)ctx;
    return source != UINT32_MAX;
}

/* Rows of equal time stand in the order of their sources: it must be the same as before. */
static bool same_order(const struct segment *s, const struct contents_segment *was,
                       struct slice bytes, bool *all, bool *any)
{
    struct segment *old = index_segment_map(bytes, was->lt, NULL);
    bool same = old != NULL;
    uint32_t last_old = 0, last = 0;

    *all = true;
    *any = false;
    for (uint32_t i = 0; same && i < s->n_run; i++) {
        uint32_t end = i + 1 < s->n_run ? s->run[i + 1].first : s->n;

        if (s->run[i].first == end)
            continue;
        *all = *all && s->run[i].source != UINT32_MAX;
        *any = *any || s->run[i].source != UINT32_MAX;
        if ((old->run[i].source < last_old) != (s->run[i].source < last))
            same = false;
        last_old = old->run[i].source;
        last = s->run[i].source;
    }
    segment_unref(old);
    return same;
}

static bool found_damaged(struct index *x)
{
    x->damaged = true;
    return false;
}

bool index_load(struct index *x, uint32_t i, struct segment **out)
{
    const struct contents_segment *c = &x->c.segment[i];
    const struct index_names names = {x, source_in, layout_in, frame_in, text_in, x->texts.same};
    struct slice bytes = index_file_bytes(x->file, &c->block);
    size_t head = index_segment_head(bytes);
    struct segment *s;
    bool all, any, same;

    *out = NULL;
    if (!head || !index_file_sound(x->file, &c->block, head) ||
        !(s = index_segment_map(bytes, c->lt, &x->damaged)))
        return found_damaged(x);
    if (!index_segment_rename(s, &names)) {
        segment_unref(s);
        return found_damaged(x);
    }
    same = same_order(s, c, bytes, &all, &any);
    if (all && same) {
        *out = s;
        return true;
    }
    if (any)
        *out = segment_filter(s, is_open, NULL);
    segment_unref(s);
    return !x->damaged;
}

bool index_damaged(const struct index *x)
{
    return x->damaged;
}

void index_restart(struct index *x)
{
    pthread_mutex_lock(&x->lock);
    drop_contents(x);
    index_file_restart(x->file);
    /* the session's dictionaries have texts that the new file has not */
    x->texts.same = false;
    x->changed = true;
    for (size_t i = 0; i < x->n_member; i++) {
        x->member[i].id = x->member[i].feed->index_id = x->c.next_id++;
        x->member[i].kept = false;
    }
    pthread_mutex_unlock(&x->lock);
}

struct segment *index_put(struct index *x, struct segment *s)
{
    const struct index_names names = {x,         source_out, layout_out,
                                      frame_out, text_out,   x->texts.same};
    struct contents_segment c = {.lt = s->lt, .n = s->n};
    struct segment *mapped = NULL;
    struct strbuf bytes = STRBUF_INIT;

    if (!index_file_writable(x->file))
        return NULL;
    recycle_take(&bytes);
    pthread_mutex_lock(&x->lock);
    index_segment_write(s, &names, &bytes);
    pthread_mutex_unlock(&x->lock);
    if (index_file_append(x->file, strbuf_slice(&bytes), index_segment_head(strbuf_slice(&bytes)),
                          &c.block))
        mapped = index_segment_map(index_file_bytes(x->file, &c.block), s->lt, NULL);
    recycle_give(&bytes);
    if (!mapped)
        return NULL;
    /* what was written is known: runs and texts of the session */
    mapped->uid = s->uid;
    index_segment_borrow(mapped, s, x->texts.same);
    pthread_mutex_lock(&x->lock);
    contents_add_segment(&x->c, &c);
    x->changed = true;
    pthread_mutex_unlock(&x->lock);
    return mapped;
}

/* What is to be known of a file next time; false if it was not read to its end, or not well. */
static bool describe(struct index *x, const struct member *m, struct contents_source *s,
                     struct strbuf *points)
{
    struct feed *f = m->feed;
    struct source *src = f->src;
    bool ended;

    if (!f->exhausted || src->changed || src->error || !src->lt ||
        (src->kind != SOURCE_PLAIN && src->kind != SOURCE_GZIP))
        return false;
    *s = (struct contents_source){
        .name = slice_str(f->name),
        .id = m->id,
        .kind = (uint8_t)src->kind,
        .framed = f->split.kind != FRAME_LINES,
        .dev = src->dev,
        .ino = src->ino,
        .size = src->size,
        .mtime_ns = src->mtime_ns,
        .ctime_ns = src->ctime_ns,
        .lt = src->lt,
        .why = slice_str(src->why),
        .records = src->records,
        .lines = src->lines,
        .headers = src->headers,
        .blanks = src->blanks,
        .inflated = src->inflated,
        .end = f->end,
        .first_us = src->first_us,
        .last_us = src->last_us,
        .layout = f->lay ? contents_add_layout(&x->c, src->lt, f->lay->id) : UINT32_MAX,
        .chunk_lines = slice_of((const char *)f->chunk_lines, f->n_chunk * sizeof(*f->chunk_lines)),
        .tail_at = f->tail_at == SIZE_MAX ? UINT64_MAX : f->tail_at,
        .tail_lines = f->tail_lines,
    };
    for (unsigned i = 0; i < REASON_COUNT; i++)
        s->unparsed[i] = src->unparsed[i];
    if (f->tail_at != SIZE_MAX)
        s->end = MAX(s->end, f->tail_end);
    if (f->partial_from != UINT64_MAX) { /* it is read again, whole */
        s->end = f->partial_from;
        s->records -= f->partial ? f->partial->n : 0;
        s->lines -= 1;
        s->chunk_lines.len -= MIN(s->chunk_lines.len, sizeof(*f->chunk_lines));
    }
    if (src->kind == SOURCE_PLAIN)
        return edges(src->path, s->end, s->edge, &ended);
    if (src->zaccess)
        zaccess_save(src->zaccess, points);
    s->points = strbuf_slice(points);
    return true;
}

/* They stand before the sources. */
static void note_layouts(struct index *x)
{
    for (size_t i = 0; i < x->n_member; i++) {
        const struct feed *f = x->member[i].feed;

        if (f->lay && f->src->lt)
            contents_add_layout(&x->c, f->src->lt, f->lay->id);
    }
}

static void write_members(struct index *x, struct contents_writer *w)
{
    struct contents_source s;
    struct strbuf points = STRBUF_INIT;

    for (size_t i = 0; i < x->n_member; i++) {
        strbuf_reset(&points);
        if (describe(x, &x->member[i], &s, &points))
            contents_put_source(w, &s);
    }
    strbuf_release(&points);
}

/* Files that were not opened: as they were, unless they are known to be gone. */
static void write_others(struct index *x, struct contents_writer *w)
{
    for (size_t i = 0; i < x->c.n_source && !x->walked; i++)
        if (x->session_of[x->c.source[i].id] == UINT32_MAX && !x->c.source[i].replaced)
            contents_put_source(w, &x->c.source[i]);
}

static void mark_replaced(struct index *x)
{
    for (size_t i = 0; i < x->n_member; i++) {
        struct contents_source *s =
            x->member[i].kept ? NULL : contents_find(&x->c, slice_str(x->member[i].feed->name));

        if (s)
            s->replaced = true;
    }
}

void index_commit(struct index *x)
{
    struct contents_writer w;

    pthread_mutex_lock(&x->lock);
    if (!x->walked ? x->changed : x->changed || x->n_member < x->c.n_source) {
        mark_replaced(x);
        if (index_file_writable(x->file) && index_texts_write(&x->texts, x->file, &x->c)) {
            note_layouts(x);
            contents_begin(&w, &x->c);
            write_members(x, &w);
            write_others(x, &w);
            index_file_commit(x->file, contents_end(&w));
            contents_writer_release(&w);
        }
        x->changed = false;
    }
    pthread_mutex_unlock(&x->lock);
}
