/* reader.c - a file as consecutive chunks of whole lines.
 *
 * Plain files: the end of a chunk is found by looking at a few bytes around the wished border, the
 * range is reserved under the lock, and its bytes are read outside it, so threads read side by
 * side. They are read with pread into recycled buffers that stay in the processor's cache rather
 * than mapped: as fast here, and a file that is cut cannot hurt. A chunk that reaches the end of
 * the file is the last one; what is appended later is for a new reader, which starts at that line.
 *
 * A file that begins with a bracket may be one line of many megabytes: its chunks end anywhere, and
 * who cuts them into records gives back the rest.
 *
 * Streams (gzip, pipes): fill a buffer, cut behind the last line feed, carry the rest over; all
 * under the lock. A small gzip file is inflated at once. A pipe gives what it has as soon as it
 * pauses behind a line.
 *
 * Once the last chunk is released all memory goes: a reader at its end may be kept, for tens of
 * thousands of files. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "inflate.h"
#include "membudget.h"
#include "recycle.h"
#include "members.h"
#include "once.h"
#include "source.h"
#include "stdin_store.h"
#include "xalloc.h"

#define WHOLE_GZIP (8u << 20)    /* compressed files up to here are inflated in one go, unless */
#define WHOLE_LIMIT (128u << 20) /* they are larger than this unpacked, or memory is short */
#define LOOK (4 * 1024)          /* bytes looked at at a time for the end of a line */
#define MAX_SPARE 16             /* buffers kept */

struct buffer {
    struct buffer *next;
    char *ptr;
    size_t len, cap;
    struct memlease memory;
};

struct reader {
    struct source *src;
    pthread_mutex_t lock;
    size_t chunk_size;
    uint64_t off; /* inflated offset behind what was given */
    uint64_t raw; /* next byte on disk */
    unsigned seq;
    unsigned n_out; /* chunks given and not released */
    size_t want;    /* of the next chunk, where chunk_size was too small; else 0 */
    bool at_end;
    bool any_cut;         /* chunks end anywhere */
    bool paused;          /* the pipe had nothing more */
    struct err err;       /* met behind bytes that were still given */
    int fd;               /* of a gzip file, open during one call only */
    struct buffer *carry; /* the beginning of a line */
    struct buffer *spare;
    unsigned n_spare;
    struct inflater *inflater;
    struct members *members; /* of a large gzip file that has several */
    struct once *once;       /* what comes over a pipe or is unpacked */
    struct strbuf whole;     /* a small gzip file, inflated */
    struct memlease whole_memory;
    bool is_whole, sniffed;
};

struct reader *reader_new(struct source *s, uint64_t from, size_t chunk_size)
{
    struct reader *r = xcalloc(1, sizeof(*r));

    r->src = s;
    r->off = r->raw = from;
    r->chunk_size = MIN(MAX(chunk_size, (size_t)4096), (size_t)MAX_CHUNK);
    r->fd = -1;
    pthread_mutex_init(&r->lock, NULL);
    return r;
}

static struct buffer *take_buffer(struct reader *r)
{
    struct buffer *b = r->spare;

    if (b) {
        r->spare = b->next;
        r->n_spare--;
        b->len = 0;
        return b;
    }
    b = xcalloc(1, sizeof(*b));
    b->memory.use = MEMORY_BUFFERS;
    return b;
}

static void free_buffer(struct buffer *b)
{
    if (!b)
        return;
    memlease_release(&b->memory);
    free(b->ptr);
    free(b);
}

static void make_room(struct buffer *b, size_t n)
{
    GROW(b->ptr, b->cap, n);
    if (b->cap != b->memory.held)
        memlease_force(&b->memory, b->cap);
}

/* Under the lock. Buffers of huge lines are not kept. */
static void give_back(struct reader *r, struct buffer *b)
{
    if (r->n_spare >= MAX_SPARE || b->cap > 4 * r->chunk_size) {
        free_buffer(b);
        return;
    }
    b->next = r->spare;
    r->spare = b;
    r->n_spare++;
}

static void drop_memory(struct reader *r)
{
    while (r->spare) {
        struct buffer *b = r->spare;

        r->spare = b->next;
        free_buffer(b);
    }
    r->n_spare = 0;
    free_buffer(r->carry);
    r->carry = NULL;
    inflater_free(r->inflater);
    r->inflater = NULL;
    members_free(r->members);
    r->members = NULL;
    once_free(r->once);
    r->once = NULL;
    memlease_release(&r->whole_memory);
    recycle_give(&r->whole);
}

static int open_file(struct reader *r, uint64_t *size, struct err *e)
{
    const char *path = source_file(r->src);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat st;

    if (fd < 0)
        return err_sys(e, "cannot open", path);
    if (fstat(fd, &st) == 0 && st.st_dev == r->src->dev && st.st_ino == r->src->ino) {
        *size = (uint64_t)st.st_size;
        return fd;
    }
    close(fd);
    r->src->changed = true;
    return err_set(e, ERR_SYS, "%s: is another file now", path);
}

/* Where in a buffer at p the bytes from `off` of a file should stand: as far from the start of a
 * page as in the file. Some processors copy at a quarter of their speed to what lies a few bytes
 * further behind it. */
#define MAX_PAD 63
static size_t pad_of(const void *p, uint64_t off)
{
    return (size_t)(off - (uintptr_t)p) & MAX_PAD;
}

static ssize_t pread_some(int fd, void *buf, size_t n, uint64_t off)
{
    ssize_t got;

    do
        got = pread(fd, buf, n, (off_t)off);
    while (got < 0 && errno == EINTR);
    return got;
}

static void progress(struct reader *r, uint64_t raw, uint64_t inflated)
{
    atomic_store_explicit(&r->src->bytes_done, raw, memory_order_relaxed);
    atomic_store_explicit(&r->src->inflated, inflated, memory_order_relaxed);
}

/* Whether a file that begins so may hold JSON documents rather than lines. */
static bool starts_with_bracket(const char *p, size_t n)
{
    size_t i = n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

    while (i < n && (unsigned char)p[i] <= ' ')
        i++;
    return i < n && (p[i] == '{' || p[i] == '[');
}

static size_t wish(const struct reader *r)
{
    return MAX(r->want, r->chunk_size);
}

/* --- plain files --- */

/* Behind the last line feed of [from, to); 0 if it has none. */
static uint64_t line_end_before(int fd, uint64_t from, uint64_t to)
{
    char buf[LOOK];

    while (to > from) {
        size_t n = (size_t)MIN(to - from, (uint64_t)LOOK);
        ssize_t got = pread_some(fd, buf, n, to - n);
        const char *nl = got > 0 ? memrchr(buf, '\n', (size_t)got) : NULL;

        if (nl)
            return to - n + (uint64_t)(nl + 1 - buf);
        to -= n;
    }
    return 0;
}

/* Behind the first line feed of [from, to); `to` if it has none. */
static uint64_t line_end_after(int fd, uint64_t from, uint64_t to)
{
    char buf[LOOK];

    while (from < to) {
        ssize_t got = pread_some(fd, buf, (size_t)MIN(to - from, (uint64_t)LOOK), from);
        const char *nl = got > 0 ? memchr(buf, '\n', (size_t)got) : NULL;

        if (nl)
            return from + (uint64_t)(nl + 1 - buf);
        if (got <= 0)
            break;
        from += (uint64_t)got;
    }
    return to;
}

static uint64_t range_end(struct reader *r, int fd, uint64_t size)
{
    uint64_t border = r->off + wish(r), end;
    char head[64];

    if (r->off == 0) {
        ssize_t got = pread_some(fd, head, sizeof(head), 0);

        r->any_cut |= got > 0 && starts_with_bracket(head, (size_t)got);
    }
    if (border >= size)
        return size;
    if (r->any_cut)
        return border;
    end = line_end_before(fd, r->off, border);
    return end ? end : line_end_after(fd, border, MIN(size, r->off + MAX_CHUNK));
}

/* Reserves the next range. 1: reserved, *fd is open; 0: the end; < 0: error. */
static int reserve(struct reader *r, struct chunk *c, size_t *want, int *fd, struct err *e)
{
    uint64_t size = 0, end;

    if (r->at_end) {
        *e = r->err;
        return r->err.code;
    }
    *fd = open_file(r, &size, e);
    if (*fd < 0) {
        r->at_end = true;
        r->err = *e;
        return *fd;
    }
    if (size <= r->off) {
        if (size < r->off)
            r->src->changed = true;
        r->at_end = true;
        close(*fd);
        return 0;
    }
    end = range_end(r, *fd, size);
    r->at_end = end >= size;
    *c = (struct chunk){.off = r->off, .seq = r->seq++, .last = r->at_end};
    *want = (size_t)(end - r->off);
    c->owner = take_buffer(r);
    r->n_out++;
    r->off = end;
    r->want = 0;
    progress(r, end, end);
    return 1;
}

static int next_plain(struct reader *r, struct chunk *c, struct err *e)
{
    struct buffer *b;
    size_t want = 0, pad;
    ssize_t got = 1;
    int fd = -1, rc, why;

    pthread_mutex_lock(&r->lock);
    rc = reserve(r, c, &want, &fd, e);
    pthread_mutex_unlock(&r->lock);
    if (rc <= 0)
        return rc;
    b = c->owner;
    make_room(b, want + MAX_PAD);
    pad = pad_of(b->ptr, c->off);
    while (b->len < want && got > 0) {
        got = pread_some(fd, b->ptr + pad + b->len, want - b->len, c->off + b->len);
        b->len += got > 0 ? (size_t)got : 0;
    }
    why = errno;
    close(fd);
    c->ptr = b->ptr + pad;
    c->len = b->len;
    if (b->len < want)
        r->src->changed = true;
    if (b->len > 0)
        return 1;
    chunk_release(r, c);
    errno = why;
    return got < 0 ? err_sys(e, "cannot read", r->src->path) : 0;
}

/* --- streams of bytes --- */

static ssize_t pack_input(void *ctx, uint64_t off, void *buf, size_t n, struct err *e)
{
    struct reader *r = ctx;
    uint64_t size;
    ssize_t got;

    if (r->fd < 0 && !r->src->archive_store)
        r->fd = open_file(r, &size, e);
    if (r->fd < 0 && !r->src->archive_store)
        return ERR_SYS;
    got = r->src->archive_store ? (ssize_t)stdin_store_read(r->src->archive_store, off, buf, n)
                                : pread_some(r->fd, buf, n, off);
    if (got < 0)
        return err_sys(e, "cannot read", r->src->path);
    r->raw = off + (uint64_t)got;
    if (r->src->zipped) /* counted from where the file begins */
        r->raw = MIN(r->raw - MIN(r->raw, r->src->zipped->at), r->src->zipped->packed);
    return got;
}

static ssize_t read_disk(struct reader *r, void *buf, size_t n, struct err *e)
{
    return pack_input(r, r->raw, buf, n, e);
}

/* By any thread, so with a descriptor of its own. */
static ssize_t members_input(void *ctx, uint64_t off, void *buf, size_t n, struct err *e)
{
    struct reader *r = ctx;
    uint64_t size;
    int fd = open_file(r, &size, e);
    ssize_t done = 0, got = 1;

    if (fd < 0)
        return fd;
    while ((size_t)done < n && got > 0) {
        got = pread_some(fd, (char *)buf + done, n - (size_t)done, off + (uint64_t)done);
        done += MAX(got, 0);
    }
    if (got < 0)
        done = err_sys(e, "cannot read", r->src->path);
    close(fd);
    return done;
}

static ssize_t disk_input(void *ctx, void *buf, size_t n, struct err *e)
{
    return read_disk(ctx, buf, n, e);
}

/* A small gzip file is read and inflated at once; anything odd about it goes the streaming way. */
static void try_whole(struct reader *r)
{
    struct strbuf in = STRBUF_INIT;
    uint64_t size = r->src->size, limit = MIN(WHOLE_LIMIT, membudget_limit() / 8);
    struct err e;
    ssize_t got;
    char *bytes;

    r->sniffed = true;
    if (size <= WHOLE_GZIP) {
        recycle_take(&r->whole);
        recycle_take(&in);
        GROW(in.buf, in.cap, size + MAX_PAD + 1);
        bytes = in.buf + pad_of(in.buf, 0);
        while (in.len < size && (got = read_disk(r, bytes + in.len, size - in.len, &e)) > 0)
            in.len += (size_t)got;
        r->is_whole = inflate_whole(slice_of(bytes, in.len), &r->whole, limit, r->src->zaccess);
        r->whole_memory.use = MEMORY_BUFFERS;
        memlease_force(&r->whole_memory, r->is_whole ? r->whole.cap : 0);
        recycle_give(&in);
    }
    if (!r->is_whole) {
        recycle_give(&r->whole);
        r->raw = 0;
        if (size > WHOLE_GZIP)
            r->members = members_new(size, members_input, r, r->src->zaccess);
        if (!r->members)
            r->inflater = inflater_new(disk_input, r, r->src->zaccess);
    }
}

static bool is_pipe(const struct reader *r)
{
    return r->src->kind == SOURCE_STDIN;
}

static ssize_t read_bytes(struct reader *r, void *buf, size_t n, struct err *e)
{
    ssize_t got;

    if (r->src->store && !r->once)
        r->once = once_new(r->src, pack_input, r);
    got = r->members ? members_read(r->members, buf, n, e)
          : r->once  ? once_read(r->once, buf, n, e)
                     : inflater_read(r->inflater, buf, n, e);
    if (r->members)
        r->raw = members_at(r->members);
    if (is_pipe(r))
        r->raw = once_came(r->once);
    if (r->once && got > 0)
        stdin_store_add(r->src->store, buf, (size_t)got);
    return got;
}

static bool pipe_is_quiet(const struct reader *r)
{
    struct pollfd p = {.fd = r->src->pipe, .events = POLLIN};

    return is_pipe(r) && poll(&p, 1, 0) == 0;
}

/* Fills b up to `want` bytes, or less where a pipe pauses after a line. */
static void fill_buffer(struct reader *r, struct buffer *b, size_t want)
{
    make_room(b, want + 1);
    while (b->len < want && !r->at_end) {
        ssize_t got = read_bytes(r, b->ptr + b->len, want - b->len, &r->err);

        if (got <= 0)
            r->at_end = true;
        else
            b->len += (size_t)got;
        r->paused = got > 0 && pipe_is_quiet(r);
        if (r->paused && (r->any_cut || memchr(b->ptr + b->len - got, '\n', (size_t)got)))
            break;
    }
}

/* Bytes behind the last line feed wait for the next chunk. */
static void carry_over(struct reader *r, struct buffer *b, size_t keep)
{
    if (keep == b->len)
        return;
    r->carry = take_buffer(r);
    make_room(r->carry, MAX(b->len - keep, r->chunk_size + 1));
    memcpy(r->carry->ptr, b->ptr + keep, b->len - keep);
    r->carry->len = b->len - keep;
    b->len = keep;
}

/* The next stretch of whole lines into a buffer; the rest becomes the carry. */
static struct buffer *next_lines(struct reader *r)
{
    struct buffer *b = r->carry ? r->carry : take_buffer(r);
    size_t want = MAX(wish(r), b->len);
    const char *nl = NULL;

    r->carry = NULL;
    if (r->any_cut && b->len)
        fill_buffer(r, b, MIN(MAX(want, b->len * 2), (size_t)MAX_CHUNK));
    while (!nl && !r->at_end && b->len < MAX_CHUNK && !(r->any_cut && b->len)) {
        size_t before = b->len;

        fill_buffer(r, b, MIN(MAX(want, b->len + 1), (size_t)MAX_CHUNK));
        if (r->off == 0 && before == 0)
            r->any_cut |= starts_with_bracket(b->ptr, b->len);
        nl = memrchr(b->ptr + before, '\n', b->len - before);
        want = b->len * 2;
    }
    if (!r->at_end && nl && !r->any_cut)
        carry_over(r, b, (size_t)(nl + 1 - b->ptr));
    return b;
}

static void give(struct reader *r, struct chunk *c, const char *ptr, size_t len, void *owner)
{
    *c = (struct chunk){.ptr = ptr, .len = len, .off = r->off, .seq = r->seq++, .owner = owner};
    r->off += len;
    r->want = 0;
    r->n_out++;
    progress(r, r->raw, r->off);
}

static bool next_of_whole(struct reader *r, struct chunk *c)
{
    size_t left = r->whole.len - (size_t)MIN(r->off, (uint64_t)r->whole.len);
    size_t n = MIN(left, wish(r));
    const char *at, *nl;

    if (left == 0) {
        r->at_end = true;
        return false;
    }
    at = r->whole.buf + r->off;
    r->any_cut |= r->off == 0 && starts_with_bracket(at, left);
    if (n < left && !r->any_cut) {
        nl = memrchr(at, '\n', n);
        if (!nl)
            nl = memchr(at + n, '\n', left - n);
        n = nl ? (size_t)(nl + 1 - at) : left;
    }
    give(r, c, at, n, &r->whole);
    c->last = r->at_end = n == left;
    return true;
}

/* The end of a stream, or what is wrong there: always told after the last line before it. */
static int end_of_stream(const struct reader *r, struct err *e)
{
    if (!r->err.code)
        return 0;
    *e = r->err;
    if (r->err.code == ERR_FORMAT)
        return err_set(e, ERR_FORMAT, "%s: %.400s", r->src->path, r->err.msg);
    return r->err.code;
}

static int next_streamed(struct reader *r, struct chunk *c, struct err *e)
{
    struct buffer *b;

    if (r->src->kind == SOURCE_GZIP && !r->sniffed)
        try_whole(r);
    if (r->is_whole)
        return next_of_whole(r, c);
    if (r->at_end && !r->carry)
        return end_of_stream(r, e);
    b = next_lines(r);
    if (b->len == 0) {
        free_buffer(b);
        if (r->n_out == 0)
            drop_memory(r);
        return end_of_stream(r, e);
    }
    give(r, c, b->ptr, b->len, b);
    c->last = r->at_end;
    c->paused = r->paused;
    return 1;
}

int reader_next(struct reader *r, struct chunk *c, struct err *e)
{
    int rc;

    if (r->src->kind == SOURCE_PLAIN)
        return next_plain(r, c, e);
    pthread_mutex_lock(&r->lock);
    rc = next_streamed(r, c, e);
    if (r->fd >= 0)
        close(r->fd);
    r->fd = -1;
    pthread_mutex_unlock(&r->lock);
    return rc;
}

/* Under the lock: a user of the reader's memory has ended. */
static void one_less(struct reader *r)
{
    if (--r->n_out == 0 && r->at_end && !r->carry)
        drop_memory(r);
}

void chunk_release(struct reader *r, struct chunk *c)
{
    void *owner = c->owner;

    c->owner = NULL;
    if (!owner)
        return;
    pthread_mutex_lock(&r->lock);
    if (owner != &r->whole)
        give_back(r, owner);
    one_less(r);
    pthread_mutex_unlock(&r->lock);
}

void reader_ahead(struct reader *r)
{
    struct members *m;

    pthread_mutex_lock(&r->lock);
    m = r->at_end ? NULL : r->members;
    r->n_out += m != NULL; /* it stays as long as this */
    pthread_mutex_unlock(&r->lock);
    if (!m)
        return;
    members_ahead(m);
    pthread_mutex_lock(&r->lock);
    one_less(r);
    pthread_mutex_unlock(&r->lock);
}

void reader_cut_anywhere(struct reader *r)
{
    r->any_cut = true;
}

bool reader_cuts_anywhere(const struct reader *r)
{
    return r->any_cut;
}

void reader_unread(struct reader *r, struct chunk *c, size_t n)
{
    pthread_mutex_lock(&r->lock);
    r->off -= n;
    r->want = n == c->len ? MIN(n * 2, (size_t)MAX_CHUNK) : 0;
    if (r->src->kind == SOURCE_PLAIN || r->is_whole)
        r->at_end = false;
    else
        carry_over(r, c->owner, c->len - n);
    c->len -= n;
    c->last = false;
    pthread_mutex_unlock(&r->lock);
}

void reader_free(struct reader *r)
{
    if (!r)
        return;
    drop_memory(r);
    pthread_mutex_destroy(&r->lock);
    free(r);
}
