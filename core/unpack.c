/* unpack.c - zip by its central directory (APPNOTE 4.3), with zlib; zstd by its own library. A
 * line feed is put between the files of a zip that lack one at their end. */
#include "unpack.h"

#include <zlib.h>

#include "config.h"

#include "unpack_event.h"
#include "xalloc.h"

#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

#define INPUT (64u * 1024)
#define MAX_MEMBERS 65535
#define END_RECORD 22 /* bytes of the end record without its comment */

struct member {
    uint64_t off, packed;
    unsigned method; /* 0 stored, 8 deflated */
};

struct unpacker {
    enum pack_kind kind;
    uint64_t size, off; /* of the archive; where input goes on */
    pack_input_fn input;
    void *ctx;
    unsigned char in[INPUT];
    size_t at, have; /* of `in` */
    bool begun;
    /* zip */
    struct member *member;
    size_t n_member, next;
    uint64_t left; /* packed bytes of the current member that are still to be read */
    unsigned method;
    bool in_member;
    char last; /* byte given */
    z_stream z;
    bool z_open;
    struct event_reader event;
#ifdef HAVE_ZSTD
    ZSTD_DStream *zstd;
    bool whole; /* a frame ended */
#endif
};

enum pack_kind pack_kind(struct slice head)
{
    if (slice_starts(head, "\x28\xb5\x2f\xfd"))
        return PACK_ZSTD;
    if (slice_starts(head, "PK\3\4"))
        return PACK_ZIP;
    return is_packed_event(head) ? PACK_EVENT : PACK_NONE;
}

bool pack_supported(enum pack_kind kind)
{
#ifdef HAVE_ZSTD
    return kind != PACK_NONE;
#else
    return kind == PACK_ZIP || kind == PACK_EVENT;
#endif
}

struct unpacker *unpacker_new(enum pack_kind kind, uint64_t size, pack_input_fn input, void *ctx)
{
    struct unpacker *u = xcalloc(1, sizeof(*u));

    u->kind = kind;
    u->size = size;
    u->input = input;
    u->ctx = ctx;
    u->last = '\n';
    return u;
}

void unpacker_free(struct unpacker *u)
{
    if (!u)
        return;
    if (u->z_open)
        inflateEnd(&u->z);
#ifdef HAVE_ZSTD
    ZSTD_freeDStream(u->zstd);
#endif
    event_release(&u->event);
    free(u->member);
    free(u);
}

/* More input, at most `max` bytes; 0 at the end. */
static ssize_t fill(struct unpacker *u, uint64_t max, struct err *e)
{
    ssize_t got;

    if (u->at < u->have)
        return (ssize_t)(u->have - u->at);
    got = u->input(u->ctx, u->off, u->in, (size_t)MIN((uint64_t)INPUT, max), e);
    u->at = 0;
    u->have = got > 0 ? (size_t)got : 0;
    u->off += u->have;
    return got;
}

/* --- zip --- */

static unsigned get16(const unsigned char *p)
{
    return p[0] | (unsigned)p[1] << 8;
}

static uint64_t get32(const unsigned char *p)
{
    return get16(p) | (uint64_t)get16(p + 2) << 16;
}

static int damaged(struct err *e, const char *what)
{
    return err_set(e, ERR_FORMAT, "damaged zip: %s", what);
}

static int read_all(struct unpacker *u, uint64_t off, unsigned char *buf, size_t n, struct err *e)
{
    while (n) {
        ssize_t got = u->input(u->ctx, off, buf, n, e);

        if (got <= 0)
            return got < 0 ? (int)got : damaged(e, "it ends too early");
        buf += got;
        off += (uint64_t)got;
        n -= (size_t)got;
    }
    return 0;
}

/* The end record is at the end, behind it only a comment. */
static int find_directory(struct unpacker *u, uint64_t *off, size_t *bytes, struct err *e)
{
    size_t n = (size_t)MIN(u->size, (uint64_t)END_RECORD + 65535), i = n;
    unsigned char *tail = xmalloc(n + 1);
    int rc = read_all(u, u->size - n, tail, n, e);
    bool found = false;

    for (; rc == 0 && !found && i >= END_RECORD; i--) {
        const unsigned char *p = tail + (i - END_RECORD);

        found = memcmp(p, "PK\5\6", 4) == 0;
        *bytes = found ? get32(p + 12) : 0;
        *off = found ? get32(p + 16) : 0;
    }
    free(tail);
    if (rc == 0 && !found)
        return damaged(e, "no directory at its end");
    if (rc == 0 && *off + *bytes > u->size)
        return damaged(e, "its directory is not within it, or it is zip64");
    return rc;
}

static int add_member(struct unpacker *u, const unsigned char *p, size_t left, size_t *used,
                      struct err *e)
{
    size_t cap = u->n_member;
    unsigned flags, method, name, extra, comment;

    if (left < 46 || memcmp(p, "PK\1\2", 4) != 0)
        return damaged(e, "a directory entry is none");
    flags = get16(p + 8);
    method = get16(p + 10);
    name = get16(p + 28);
    extra = get16(p + 30);
    comment = get16(p + 32);
    *used = 46 + (size_t)name + extra + comment;
    if (*used > left)
        return damaged(e, "a directory entry is cut");
    if (name && p[46 + name - 1] == '/')
        return 0;
    if ((flags & 1) || (method != 0 && method != 8))
        return err_set(e, ERR_FORMAT, "a file in it is %s",
                       flags & 1 ? "encrypted" : "packed in a way that awl does not know");
    if (u->n_member == MAX_MEMBERS)
        return damaged(e, "too many files");
    GROW(u->member, cap, u->n_member + 1);
    u->member[u->n_member++] = (struct member){get32(p + 42), get32(p + 20), method};
    return 0;
}

static int read_directory(struct unpacker *u, struct err *e)
{
    unsigned char *dir;
    uint64_t off = 0;
    size_t bytes = 0, at = 0, used = 0;
    int rc = find_directory(u, &off, &bytes, e);

    if (rc < 0)
        return rc;
    dir = xmalloc(bytes + 1);
    rc = read_all(u, off, dir, bytes, e);
    for (; rc == 0 && at < bytes; at += used)
        rc = add_member(u, dir + at, bytes - at, &used, e);
    free(dir);
    return rc;
}

/* Goes to the bytes of the next file. 1, 0 behind the last one, < 0. */
static int next_member(struct unpacker *u, struct err *e)
{
    unsigned char head[30];
    const struct member *m;
    int rc;

    if (u->next == u->n_member)
        return 0;
    m = &u->member[u->next++];
    rc = read_all(u, m->off, head, sizeof(head), e);
    if (rc < 0)
        return rc;
    if (memcmp(head, "PK\3\4", 4) != 0)
        return damaged(e, "a file is not where the directory says");
    u->off = m->off + sizeof(head) + get16(head + 26) + get16(head + 28);
    u->at = u->have = 0;
    u->left = m->packed;
    u->method = m->method;
    u->in_member = true;
    if (u->z_open)
        inflateReset(&u->z);
    else if (inflateInit2(&u->z, -MAX_WBITS) != Z_OK)
        return err_set(e, ERR_SYS, "no memory to unpack");
    u->z_open = true;
    return 1;
}

/* Bytes of the current file; 0 at its end. */
static ssize_t member_bytes(struct unpacker *u, void *buf, size_t n, struct err *e)
{
    size_t had = u->have - u->at, took;
    ssize_t got = had ? (ssize_t)had : u->left ? fill(u, u->left, e) : 0;
    int rc;

    if (got < 0)
        return got;
    if (!had)
        u->left -= MIN(u->left, (uint64_t)got);
    if (u->method == 0) {
        took = MIN((size_t)got, n);
        memcpy(buf, u->in + u->at, took);
        u->at += took;
        return (ssize_t)took;
    }
    u->z.next_in = u->in + u->at;
    u->z.avail_in = (unsigned)got;
    u->z.next_out = buf;
    u->z.avail_out = (unsigned)MIN(n, (size_t)INPUT * 16);
    rc = inflate(&u->z, Z_NO_FLUSH);
    took = (size_t)((unsigned char *)u->z.next_out - (unsigned char *)buf);
    u->at = u->have - u->z.avail_in;
    if (rc == Z_STREAM_END)
        u->in_member = false;
    else if (rc != Z_OK && (rc != Z_BUF_ERROR || (got == 0 && took == 0)))
        return damaged(e, rc == Z_BUF_ERROR ? "a file ends too early" : "a file does not unpack");
    return (ssize_t)took;
}

static ssize_t read_zip(struct unpacker *u, char *buf, size_t n, struct err *e)
{
    ssize_t got = 0;
    int rc;

    if (!u->begun && (rc = read_directory(u, e)) < 0)
        return rc;
    u->begun = true;
    for (;;) {
        if (u->in_member) {
            got = member_bytes(u, buf, n, e);
            u->in_member &= u->method != 0 || got != 0;
            if (got > 0)
                u->last = buf[got - 1];
            if (got != 0)
                return got;
            continue;
        }
        if (u->last != '\n') {
            u->last = buf[0] = '\n';
            return 1;
        }
        rc = next_member(u, e);
        if (rc <= 0)
            return rc;
    }
}

/* --- zstd --- */

#ifdef HAVE_ZSTD
static ssize_t read_zstd(struct unpacker *u, char *buf, size_t n, struct err *e)
{
    ZSTD_outBuffer out = {buf, n, 0};

    if (!u->zstd)
        u->zstd = ZSTD_createDStream();
    while (out.pos == 0) {
        ssize_t got = fill(u, INPUT, e);
        ZSTD_inBuffer in = {u->in, u->have, u->at};
        size_t rc;

        if (got < 0)
            return got;
        if (got == 0 && (u->whole || u->off == 0))
            return 0;
        rc = ZSTD_decompressStream(u->zstd, &out, &in);
        if (ZSTD_isError(rc))
            return err_set(e, ERR_FORMAT, "damaged zstd near byte %llu: %s",
                           (unsigned long long)u->off, ZSTD_getErrorName(rc));
        if (got == 0 && out.pos == 0)
            return err_set(e, ERR_FORMAT, "damaged zstd: it ends too early");
        u->at = in.pos;
        u->whole = rc == 0;
    }
    return (ssize_t)out.pos;
}
#endif

static ssize_t event_input(void *ctx, void *buf, size_t n, struct err *e)
{
    struct unpacker *u = ctx;
    ssize_t got = u->input(u->ctx, u->off, buf, n, e);

    u->off += got > 0 ? (uint64_t)got : 0;
    return got;
}

ssize_t unpacker_read(struct unpacker *u, void *buf, size_t n, struct err *e)
{
    if (n == 0)
        return 0;
#ifdef HAVE_ZSTD
    if (u->kind == PACK_ZSTD)
        return read_zstd(u, buf, n, e);
#endif
    if (u->kind == PACK_EVENT)
        return event_read(&u->event, event_input, u, buf, n, e);
    return read_zip(u, buf, n, e);
}
