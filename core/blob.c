/* blob.c - bytes of a source at any place.
 *
 * Plain files of some size that have been quiet for a while are mapped whole, at most MAX_MAPS of
 * them; small, fresh and followed ones are read. Inflated blocks (a whole small gzip file, or the
 * stretch between two access points) are kept in a cache with a limit, which gives way when memory
 * is short. Blocks are pinned by reference and go when they are neither pinned nor among the
 * recently used. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "inflate.h"
#include "membudget.h"
#include "sigbus.h"
#include "source.h"
#include "stdin_store.h"
#include "xalloc.h"

#define MAP_MIN (1u << 20)
#define MAX_MAPS 256
#define CACHE_BYTES (64u << 20)
#define QUIET_US (10 * 60 * INT64_C(1000000))
#define WHOLE_GZIP (8u << 20)
#define WHOLE_LIMIT (40u << 20) /* a larger one is inflated in stretches */
#define STRETCH (4u << 20)      /* an inflated block ends here at the latest */
#define STEP (256u << 10)

struct block {
    struct block *prev, *next; /* recently used first; NULL if it is not in the cache */
    struct source *src;
    uint64_t off;
    char *ptr;
    size_t len;
    struct memlease memory; /* while it is in the cache and not mapped */
    unsigned pins;
    bool mapped, cached, to_end; /* to_end: nothing follows in the source */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards everything below */
static struct block head = {.prev = &head, .next = &head};
static size_t cache_bytes, n_maps;

static void block_free(struct block *b)
{
    if (b->mapped) {
        sigbus_remove(b->ptr);
        munmap(b->ptr, b->len);
    } else {
        free(b->ptr);
    }
    free(b);
}

static void uncache(struct block *b)
{
    b->prev->next = b->next;
    b->next->prev = b->prev;
    b->cached = false;
    if (b->mapped)
        n_maps--;
    else
        cache_bytes -= b->len;
    memlease_release(&b->memory);
}

static void evict(void)
{
    /* the newest stays, however large: its rows are being looked at */
    for (struct block *b = head.prev, *before; b != head.next && b != &head; b = before) {
        before = b->prev;
        if (cache_bytes <= CACHE_BYTES && n_maps <= MAX_MAPS)
            return;
        if (b->pins || (b->mapped ? n_maps <= MAX_MAPS : cache_bytes <= CACHE_BYTES))
            continue;
        uncache(b);
        block_free(b);
    }
}

/* Memory is short. */
static void give_way(size_t want)
{
    size_t given = 0;

    pthread_mutex_lock(&lock);
    for (struct block *b = head.prev, *before; b != &head && given < want; b = before) {
        before = b->prev;
        if (b->pins || b->mapped)
            continue;
        given += b->len;
        uncache(b);
        block_free(b);
    }
    pthread_mutex_unlock(&lock);
}

void blob_init(void)
{
    sigbus_install();
    membudget_cache(give_way);
}

static void cache_front(struct block *b)
{
    b->prev = &head;
    b->next = head.next;
    head.next->prev = b;
    head.next = b;
}

static struct block *cache_add(struct block *b)
{
    b->memory.use = MEMORY_BLOCKS;
    memlease_force(&b->memory, b->mapped ? 0 : b->len);
    pthread_mutex_lock(&lock);
    b->pins = 1;
    b->cached = true;
    cache_front(b);
    if (b->mapped)
        n_maps++;
    else
        cache_bytes += b->len;
    evict();
    pthread_mutex_unlock(&lock);
    return b;
}

/* A cached block that holds `off`, pinned; NULL if there is none. */
static struct block *cache_find(struct source *s, uint64_t off)
{
    struct block *b;

    pthread_mutex_lock(&lock);
    for (b = head.next; b != &head; b = b->next)
        if (b->src == s && off >= b->off && off - b->off < b->len)
            break;
    if (b != &head) {
        b->pins++;
        b->prev->next = b->next;
        b->next->prev = b->prev;
        cache_front(b);
    }
    pthread_mutex_unlock(&lock);
    return b == &head ? NULL : b;
}

void blob_unpin(struct blob_pin *pin)
{
    struct block *b = pin->block;
    bool gone;

    pin->block = NULL;
    if (!b)
        return;
    pthread_mutex_lock(&lock);
    gone = --b->pins == 0 && !b->cached;
    if (!gone)
        evict();
    pthread_mutex_unlock(&lock);
    if (gone)
        block_free(b);
}

/* Drops what is cached of a source that goes away or was cut. */
void blob_forget(struct source *s)
{
    pthread_mutex_lock(&lock);
    for (struct block *b = head.next, *after; b != &head; b = after) {
        after = b->next;
        if (b->src != s)
            continue;
        uncache(b);
        if (!b->pins)
            block_free(b);
        else if (b->mapped)
            sigbus_mute(b->ptr); /* the source may go before the pin */
    }
    pthread_mutex_unlock(&lock);
}

static struct block *block_new(struct source *s, uint64_t off, char *ptr, size_t len)
{
    struct block *b = xcalloc(1, sizeof(*b));

    b->src = s;
    b->off = off;
    b->ptr = ptr;
    b->len = len;
    b->pins = 1;
    return b;
}

/* --- plain files --- */

static bool is_quiet(const struct source *s)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000 - s->mtime_us > QUIET_US;
}

/* Opens the file that was indexed, and no other of that name. */
static int open_same(struct source *s, struct err *e)
{
    int fd = open(s->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    struct stat st;

    if (fd < 0)
        return err_sys(e, "cannot open", s->path);
    if (fstat(fd, &st) == 0 && st.st_ino == s->ino && st.st_dev == s->dev)
        return fd;
    close(fd);
    s->changed = true;
    return err_set(e, ERR_SYS, "%s: is another file now", s->path);
}

static struct block *map_file(struct source *s)
{
    struct block *b = NULL;
    struct stat st;
    struct err e;
    int fd = open_same(s, &e);
    void *p;

    if (fd < 0)
        return NULL;
    if (fstat(fd, &st) == 0 && st.st_size > 0) {
        p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
        if (p != MAP_FAILED) {
            b = block_new(s, 0, p, (size_t)st.st_size);
            b->mapped = true;
            if (!sigbus_add(p, b->len, &s->changed)) {
                block_free(b);
                b = NULL;
            }
        }
    }
    close(fd);
    return b ? cache_add(b) : NULL;
}

static struct block *read_plain(struct source *s, uint64_t off, size_t len, struct err *e)
{
    int fd = open_same(s, e);
    size_t done = 0;
    char *buf;

    if (fd < 0)
        return NULL;
    buf = xmalloc(len);
    while (done < len) {
        ssize_t n = pread(fd, buf + done, len - done, (off_t)(off + done));

        if (n <= 0)
            break;
        done += (size_t)n;
    }
    close(fd);
    return block_new(s, off, buf, done);
}

/* --- gzip --- */

struct file_input {
    struct source *s;
    int fd;
    uint64_t at;
};

static ssize_t file_read(void *ctx, void *buf, size_t n, struct err *e)
{
    struct file_input *in = ctx;
    ssize_t got = pread(in->fd, buf, n, (off_t)in->at);

    if (got < 0)
        return err_sys(e, "cannot read", in->s->path);
    in->at += (uint64_t)got;
    return got;
}

static struct block *inflate_small(struct source *s, int fd)
{
    struct strbuf in = STRBUF_INIT, out = STRBUF_INIT;
    struct block *b = NULL;
    ssize_t got;

    GROW(in.buf, in.cap, s->size + 1);
    got = pread(fd, in.buf, s->size, 0);
    if (got > 0 && inflate_whole(slice_of(in.buf, (size_t)got), &out, WHOLE_LIMIT, NULL)) {
        b = block_new(s, 0, xrealloc(out.buf, out.len), out.len);
        b->to_end = true;
        out = (struct strbuf)STRBUF_INIT;
    }
    strbuf_release(&in);
    strbuf_release(&out);
    return b;
}

/* The stretch from the last access point before `off` to the next. */
static struct block *inflate_stretch(struct source *s, int fd, uint64_t off)
{
    struct file_input in = {s, fd, 0};
    struct strbuf out = STRBUF_INIT;
    struct inflater *i;
    size_t index, enough;
    uint64_t from = zaccess_floor(s->zaccess, off, &index), end = zaccess_end(s->zaccess, index);
    struct block *b;
    struct err e;
    ssize_t got = 1;

    /* without points the way here is long: take more at once */
    enough = index == 0 && end == UINT64_MAX ? 4 * STRETCH : STRETCH;
    i = inflater_at(s->zaccess, index, file_read, &in, &in.at);
    while (from + out.len < end && got > 0) {
        size_t want = (size_t)MIN(end - from - out.len, (uint64_t)STEP);

        if (from + out.len > off && out.len >= enough)
            break;
        if (from + out.len <= off && out.len >= STRETCH) {
            from += out.len;
            out.len = 0;
        }
        GROW(out.buf, out.cap, out.len + want + 1);
        got = inflater_read(i, out.buf + out.len, want, &e);
        if (got > 0)
            out.len += (size_t)got;
    }
    inflater_free(i);
    b = block_new(s, from, xrealloc(out.buf, out.len), out.len);
    b->to_end = got <= 0;
    return b;
}

static struct block *inflate_block(struct source *s, uint64_t off, struct err *e)
{
    int fd = open_same(s, e);
    struct block *b = NULL;

    if (fd < 0)
        return NULL;
    if (s->size <= WHOLE_GZIP && s->inflated <= WHOLE_LIMIT)
        b = inflate_small(s, fd);
    if (!b)
        b = inflate_stretch(s, fd, off);
    close(fd);
    return b;
}

/* --- views --- */

/* A pinned block that holds `off`; what lies beyond it is the caller's business. */
static struct block *block_at(struct source *s, uint64_t off, size_t len, struct err *e)
{
    struct block *b;
    char *buf;

    if (s->kind == SOURCE_PLAIN && s->changed)
        return read_plain(s, off, len, e); /* a mapping may hold pages of zeros now */
    b = cache_find(s, off);
    if (b)
        return b;
    switch (s->kind) {
    case SOURCE_PLAIN:
        if (s->size >= MAP_MIN && is_quiet(s) && (b = map_file(s)))
            return b;
        return read_plain(s, off, len, e);
    case SOURCE_GZIP:
        b = inflate_block(s, off, e);
        return b && b->len ? cache_add(b) : b;
    case SOURCE_STDIN:
    case SOURCE_PACKED:
        buf = xmalloc(len);
        return block_new(s, off, buf, stdin_store_read(s->store, off, buf, len));
    }
    return NULL;
}

/* A view over several blocks is copied together. */
static int copy_view(struct source *s, struct block *first, uint64_t off, size_t len,
                     struct slice *out, struct blob_pin *pin, struct err *e)
{
    struct block *b = first, *joined = block_new(s, off, xmalloc(len), 0);
    int rc = 0;

    for (;;) {
        uint64_t at = off + joined->len;
        struct blob_pin done = {b};
        size_t n = at < b->off || at - b->off >= b->len
                       ? 0
                       : (size_t)MIN(b->len - (at - b->off), (uint64_t)(len - joined->len));
        bool end = b->to_end || n == 0;

        memcpy(joined->ptr + joined->len, b->ptr + (at - b->off), n);
        joined->len += n;
        blob_unpin(&done);
        if (joined->len == len || end)
            break;
        b = block_at(s, off + joined->len, len - joined->len, e);
        if (!b) {
            rc = e->code;
            break;
        }
    }
    pin->block = joined;
    *out = slice_of(joined->ptr, joined->len);
    return joined->len ? 0 : rc;
}

int blob_view(struct source *s, uint64_t off, size_t len, struct slice *out, struct blob_pin *pin,
              struct err *e)
{
    struct block *b = block_at(s, off, len, e);
    uint64_t at;

    pin->block = NULL;
    if (!b)
        return e->code;
    at = off - b->off;
    if (b->mapped && b->len - at < len) { /* the end, or the file has grown since */
        struct blob_pin done = {b};

        blob_unpin(&done);
        b = read_plain(s, off, len, e);
        if (!b)
            return e->code;
        at = 0;
    }
    if (at >= b->len || b->len - at >= len || b->to_end || s->kind != SOURCE_GZIP) {
        pin->block = b;
        *out = at >= b->len ? SL("") : slice_of(b->ptr + at, MIN(len, b->len - (size_t)at));
        return 0;
    }
    return copy_view(s, b, off, len, out, pin, e);
}
