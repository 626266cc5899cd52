/* reader.c - a file as consecutive chunks of whole lines.
 *
 * One loop serves all kinds: fill a buffer from the byte stream, cut behind the last line feed,
 * carry the rest over. Buffers are recycled. Plain files are read with pread into buffers that stay
 * in the cache rather than mapped: as fast here, and a file that is cut cannot hurt. */
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "inflate.h"
#include "source.h"
#include "stdin_store.h"
#include "xalloc.h"

#define MAX_CHUNK (256u << 20)
#define WHOLE_GZIP (8u << 20)      /* compressed files up to here are inflated in one go */
#define WHOLE_LIMIT (256u << 20)   /* unless they are larger than this unpacked */
#define PIPE_READ (256 * 1024)

struct buffer {
    struct buffer *next;
    char *ptr;
    size_t len, cap;
};

struct reader {
    struct source *src;
    pthread_mutex_t lock;
    size_t chunk_size;
    uint64_t off;              /* inflated offset behind the carried bytes */
    uint64_t raw;              /* next byte on disk */
    unsigned seq;
    bool at_end;
    struct err err;            /* met behind bytes that were still given */
    int fd;                    /* open during one call only (standard input: 0) */
    struct buffer *carry;      /* the beginning of a line */
    struct buffer *spare;
    struct inflater *inflater;
    struct strbuf whole;       /* a small gzip file, inflated */
    bool is_whole, sniffed;
    char head[2];              /* standard input: what was read to sniff */
    size_t n_head;
};

struct reader *reader_new(struct source *s, uint64_t from, size_t chunk_size)
{
    struct reader *r = xcalloc(1, sizeof(*r));

    r->src = s;
    r->off = r->raw = from;
    r->chunk_size = MAX(chunk_size, (size_t)4096);
    r->fd = -1;
    pthread_mutex_init(&r->lock, NULL);
    return r;
}

static struct buffer *take_buffer(struct reader *r)
{
    struct buffer *b = r->spare;

    if (b) {
        r->spare = b->next;
        b->len = 0;
        return b;
    }
    return xcalloc(1, sizeof(*b));
}

static void free_buffer(struct buffer *b)
{
    if (b)
        free(b->ptr);
    free(b);
}

/* --- the byte stream --- */

static ssize_t read_disk(struct reader *r, void *buf, size_t n, struct err *e)
{
    ssize_t got;

    if (r->fd < 0)
        r->fd = open(r->src->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (r->fd < 0)
        return err_sys(e, "cannot open", r->src->path);
    got = pread(r->fd, buf, n, (off_t)r->raw);
    if (got < 0)
        return err_sys(e, "cannot read", r->src->path);
    r->raw += (uint64_t)got;
    atomic_store_explicit(&r->src->bytes_done, r->raw, memory_order_relaxed);
    return got;
}

static ssize_t disk_input(void *ctx, void *buf, size_t n, struct err *e)
{
    return read_disk(ctx, buf, n, e);
}

static ssize_t read_pipe(struct reader *r, void *buf, size_t n, struct err *e)
{
    ssize_t got;

    if (r->n_head) { /* what sniffing took */
        got = (ssize_t)MIN(n, r->n_head);
        memcpy(buf, r->head, (size_t)got);
        memmove(r->head, r->head + got, r->n_head - (size_t)got);
        r->n_head -= (size_t)got;
        return got;
    }
    got = read(STDIN_FILENO, buf, MIN(n, (size_t)PIPE_READ));
    if (got < 0)
        return err_sys(e, "cannot read", "standard input");
    r->raw += (uint64_t)got;
    atomic_store_explicit(&r->src->bytes_done, r->raw, memory_order_relaxed);
    return got;
}

static ssize_t pipe_input(void *ctx, void *buf, size_t n, struct err *e)
{
    return read_pipe(ctx, buf, n, e);
}

static void sniff_pipe(struct reader *r)
{
    r->sniffed = true;
    while (r->n_head < 2) {
        ssize_t got = read(STDIN_FILENO, r->head + r->n_head, 2 - r->n_head);

        if (got <= 0)
            break;
        r->n_head += (size_t)got;
        r->raw += (uint64_t)got;
    }
    if (r->n_head == 2 && r->head[0] == 0x1f && (unsigned char)r->head[1] == 0x8b)
        r->inflater = inflater_new(pipe_input, r, NULL);
}

/* A small gzip file is read and inflated at once; anything odd about it goes the streaming way. */
static void try_whole(struct reader *r)
{
    struct buffer *b = take_buffer(r);
    struct err e;
    ssize_t got;

    r->sniffed = true;
    if (r->src->size <= WHOLE_GZIP) {
        GROW(b->ptr, b->cap, r->src->size + 1);
        while (b->len < r->src->size &&
               (got = read_disk(r, b->ptr + b->len, r->src->size - b->len, &e)) > 0)
            b->len += (size_t)got;
        r->is_whole = inflate_whole(slice_of(b->ptr, b->len), &r->whole, WHOLE_LIMIT);
    }
    b->next = r->spare;
    r->spare = b;
    if (!r->is_whole) {
        strbuf_release(&r->whole);
        r->raw = 0;
        r->inflater = inflater_new(disk_input, r, r->src->zaccess);
    }
}

static ssize_t read_bytes(struct reader *r, void *buf, size_t n, struct err *e)
{
    ssize_t got;

    if (r->src->kind == SOURCE_PLAIN)
        return read_disk(r, buf, n, e);
    if (r->src->kind == SOURCE_STDIN && !r->sniffed)
        sniff_pipe(r);
    got = r->inflater ? inflater_read(r->inflater, buf, n, e) : read_pipe(r, buf, n, e);
    if (r->src->kind == SOURCE_STDIN && got > 0)
        stdin_store_add(r->src->store, buf, (size_t)got);
    return got;
}

/* --- chunks --- */

static bool pipe_is_quiet(const struct reader *r)
{
    struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};

    return r->src->kind == SOURCE_STDIN && poll(&p, 1, 0) == 0;
}

/* Fills b up to `want` bytes, or less where a pipe pauses after a line. */
static void fill_buffer(struct reader *r, struct buffer *b, size_t want)
{
    GROW(b->ptr, b->cap, want + 1);
    while (b->len < want && !r->at_end) {
        ssize_t got = read_bytes(r, b->ptr + b->len, want - b->len, &r->err);

        if (got <= 0)
            r->at_end = true;
        else
            b->len += (size_t)got;
        if (got > 0 && memchr(b->ptr + b->len - got, '\n', (size_t)got) && pipe_is_quiet(r))
            break;
    }
}

static bool disk_ends_here(const struct reader *r)
{
    return r->src->kind == SOURCE_PLAIN && r->raw >= r->src->size;
}

/* The next stretch of whole lines into a buffer; the rest becomes the carry. */
static struct buffer *next_lines(struct reader *r)
{
    struct buffer *b = r->carry ? r->carry : take_buffer(r);
    size_t want = r->chunk_size;
    const char *nl = NULL;

    r->carry = NULL;
    for (;;) {
        size_t before = b->len;

        fill_buffer(r, b, MAX(want, b->len + 1));
        nl = b->len ? memrchr(b->ptr, '\n', b->len) : NULL;
        if (r->at_end || nl || b->len >= MAX_CHUNK)
            break;
        want = b->len * 2;
        if (b->len == before)
            break;
    }
    if (!r->at_end && !disk_ends_here(r) && nl) {
        size_t keep = (size_t)(nl + 1 - b->ptr);

        if (keep < b->len) {
            r->carry = take_buffer(r);
            GROW(r->carry->ptr, r->carry->cap, MAX(b->len - keep, r->chunk_size + 1));
            memcpy(r->carry->ptr, b->ptr + keep, b->len - keep);
            r->carry->len = b->len - keep;
            b->len = keep;
        }
    }
    return b;
}

static void give(struct reader *r, struct chunk *c, const char *ptr, size_t len, void *owner)
{
    *c = (struct chunk){.ptr = ptr, .len = len, .off = r->off, .seq = r->seq++, .owner = owner};
    r->off += len;
    atomic_store_explicit(&r->src->inflated, r->off, memory_order_relaxed);
}

static bool next_of_whole(struct reader *r, struct chunk *c)
{
    size_t left = r->whole.len - r->off, n = MIN(left, r->chunk_size);
    const char *at = r->whole.buf + r->off, *nl;

    if (left == 0)
        return false;
    if (n < left) {
        nl = memrchr(at, '\n', n);
        if (!nl)
            nl = memchr(at + n, '\n', left - n);
        n = nl ? (size_t)(nl + 1 - at) : left;
    }
    give(r, c, at, n, NULL);
    c->last = n == left;
    return true;
}

static int next_locked(struct reader *r, struct chunk *c, struct err *e)
{
    struct buffer *b;

    if (r->src->kind == SOURCE_GZIP && !r->sniffed)
        try_whole(r);
    if (r->is_whole)
        return next_of_whole(r, c);
    b = r->at_end && !r->carry ? NULL : next_lines(r);
    if (!b || b->len == 0) {
        free_buffer(b);
        if (r->err.code)
            *e = r->err;
        return r->err.code;
    }
    give(r, c, b->ptr, b->len, b);
    c->last = !r->carry && (r->at_end || disk_ends_here(r));
    return 1;
}

int reader_next(struct reader *r, struct chunk *c, struct err *e)
{
    int rc;

    pthread_mutex_lock(&r->lock);
    rc = next_locked(r, c, e);
    if (r->fd >= 0)
        close(r->fd);
    r->fd = -1;
    pthread_mutex_unlock(&r->lock);
    if (rc < 0 && r->src->kind == SOURCE_GZIP) {
        struct err why = *e;
        return err_set(e, why.code, "%s: %s", r->src->path, why.msg);
    }
    return rc;
}

void chunk_release(struct reader *r, struct chunk *c)
{
    struct buffer *b = c->owner;

    c->owner = NULL;
    if (!b)
        return;
    pthread_mutex_lock(&r->lock);
    b->next = r->spare;
    r->spare = b;
    pthread_mutex_unlock(&r->lock);
}

void reader_free(struct reader *r)
{
    if (!r)
        return;
    while (r->spare) {
        struct buffer *b = r->spare;
        r->spare = b->next;
        free_buffer(b);
    }
    free_buffer(r->carry);
    inflater_free(r->inflater);
    strbuf_release(&r->whole);
    pthread_mutex_destroy(&r->lock);
    free(r);
}
