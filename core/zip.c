/* zip.c - what the directory says is believed of no file: places are checked, and a file ends with
 * an error as soon as it is larger than it should be. */
#include "zip.h"

#include <zlib.h>

#include "xalloc.h"

#define INPUT (64u * 1024)
#define MAX_FILES 1000000
#define MAX_DIRECTORY ((uint64_t)256 << 20)
#define END_RECORD 22      /* bytes of the end record without its comment */
#define LOCATOR 20         /* of what stands before it in zip64, and tells where */
#define END_RECORD64 56    /* its wide sister begins */
#define IS_WIDE UINT32_MAX /* in place of a number that stands in its wide form elsewhere */
#define WIDE_FIELD 1       /* the extra field of a directory entry that has them */
#define ENTRY 46           /* of a directory entry without what is variable */
#define HEADER 30          /* of the header before a file's bytes */

struct zip_reader {
    const struct zip_file *file;
    pack_input_fn input;
    void *ctx;
    uint64_t off, left; /* where input goes on; packed bytes not yet read */
    uint64_t given;
    uLong crc;
    bool begun, ended;
    z_stream z;
    bool z_open;
    unsigned char in[INPUT];
    size_t at, have; /* of `in` */
};

static unsigned get16(const unsigned char *p)
{
    return p[0] | (unsigned)p[1] << 8;
}

static uint32_t get32(const unsigned char *p)
{
    return get16(p) | (uint32_t)get16(p + 2) << 16;
}

static uint64_t get64(const unsigned char *p)
{
    return get32(p) | (uint64_t)get32(p + 4) << 32;
}

static int damaged(struct err *e, const char *what)
{
    return err_set(e, ERR_FORMAT, "damaged zip: %s", what);
}

static int read_all(pack_input_fn input, void *ctx, uint64_t off, unsigned char *buf, size_t n,
                    struct err *e)
{
    while (n) {
        ssize_t got = input(ctx, off, buf, n, e);

        if (got <= 0)
            return got < 0 ? (int)got : damaged(e, "it ends too early");
        buf += got;
        off += (uint64_t)got;
        n -= (size_t)got;
    }
    return 0;
}

/* --- the directory --- */

struct directory {
    uint64_t off, bytes;
};

/* The end record of zip64, of which the locator before the other one at `end` tells; where there is
 * none, what the other one says stands. */
static int widen_directory(uint64_t end, pack_input_fn input, void *ctx, struct directory *d,
                           struct err *e)
{
    unsigned char p[END_RECORD64];
    uint64_t at;
    int rc;

    if (end < LOCATOR)
        return 0;
    rc = read_all(input, ctx, end - LOCATOR, p, LOCATOR, e);
    if (rc < 0 || memcmp(p, "PK\6\7", 4) != 0)
        return rc;
    at = get64(p + 8);
    if (at > end || end - at < LOCATOR + END_RECORD64)
        return damaged(e, "the end record of zip64 is not within it");
    rc = read_all(input, ctx, at, p, END_RECORD64, e);
    if (rc < 0)
        return rc;
    if (memcmp(p, "PK\6\6", 4) != 0)
        return damaged(e, "the end record of zip64 is not where it should be");
    *d = (struct directory){.off = get64(p + 48), .bytes = get64(p + 40)};
    return 0;
}

/* The end record is at the end, behind it only a comment. */
static int find_directory(uint64_t size, pack_input_fn input, void *ctx, struct directory *d,
                          struct err *e)
{
    size_t n = (size_t)MIN(size, (uint64_t)END_RECORD + 65535), i = n;
    unsigned char *tail = xmalloc(n + 1);
    int rc = read_all(input, ctx, size - n, tail, n, e);
    bool found = false, wide = false;

    for (; rc == 0 && !found && i >= END_RECORD; i--) {
        const unsigned char *p = tail + (i - END_RECORD);

        found = memcmp(p, "PK\5\6", 4) == 0;
        *d = (struct directory){.off = get32(p + 16), .bytes = get32(p + 12)};
        wide = d->off == IS_WIDE || d->bytes == IS_WIDE || get16(p + 10) == UINT16_MAX;
    }
    free(tail);
    if (rc == 0 && !found)
        return damaged(e, "no directory at its end");
    if (rc == 0 && wide) /* i is one before the record's end */
        rc = widen_directory(size - n + i + 1 - END_RECORD, input, ctx, d, e);
    if (rc == 0 && (d->off > size || d->bytes > size - d->off))
        return damaged(e, "its directory is not within it");
    if (rc == 0 && d->bytes > MAX_DIRECTORY)
        return damaged(e, "its directory is too large");
    return rc;
}

/* A folder, or hidden as the walk of folders leaves files out. */
static bool is_left_out(struct slice name)
{
    const char *slash = name.len ? memrchr(name.ptr, '/', name.len) : NULL;
    const char *base = slash ? slash + 1 : name.ptr;

    return name.len && (base == slice_end(name) || *base == '.');
}

/* Puts the wide forms in place, which stand in this order in an extra field of the entry at p. */
static bool widen_file(struct zip_file *f, const unsigned char *p)
{
    uint64_t *const number[] = {&f->size, &f->packed, &f->at};
    struct slice rest = slice_of((const char *)p + ENTRY + get16(p + 28), get16(p + 30));

    if (f->size != IS_WIDE && f->packed != IS_WIDE && f->at != IS_WIDE)
        return true;
    while (rest.len >= 4) {
        const unsigned char *x = (const unsigned char *)rest.ptr;
        size_t bytes = get16(x + 2), at = 4;

        if (bytes > rest.len - 4)
            return false;
        for (unsigned i = 0; get16(x) == WIDE_FIELD && i < ARRAY_LEN(number); i++) {
            if (*number[i] != IS_WIDE)
                continue;
            if (at + 8 > bytes + 4)
                return false;
            *number[i] = get64(x + at);
            at += 8;
        }
        if (get16(x) == WIDE_FIELD)
            return true;
        rest = slice_of(rest.ptr + 4 + bytes, rest.len - 4 - bytes);
    }
    return true; /* a number may happen to be that */
}

static int add_file(struct zip_list *l, const unsigned char *p, size_t left, size_t *used,
                    struct err *e)
{
    size_t cap = l->n;
    struct zip_file f;
    struct slice name;

    if (left < ENTRY || memcmp(p, "PK\1\2", 4) != 0)
        return damaged(e, "a directory entry is none");
    name = slice_of((const char *)p + ENTRY, get16(p + 28));
    *used = ENTRY + name.len + get16(p + 30) + get16(p + 32);
    if (*used > left)
        return damaged(e, "a directory entry is cut");
    if (is_left_out(name))
        return 0;
    if (l->n == MAX_FILES)
        return damaged(e, "too many files");
    f = (struct zip_file){.at = get32(p + 42),
                          .packed = get32(p + 20),
                          .size = get32(p + 24),
                          .crc = get32(p + 16),
                          .method = get16(p + 10),
                          .encrypted = get16(p + 8) & 1};
    if (!widen_file(&f, p))
        return damaged(e, "the sizes of a file are cut");
    f.name = slice_dup(name);
    GROW(l->file, cap, l->n + 1);
    l->file[l->n++] = f;
    return 0;
}

int zip_list(uint64_t size, pack_input_fn input, void *ctx, struct zip_list *out, struct err *e)
{
    unsigned char *dir;
    struct directory d = {0};
    size_t at = 0, used = 0;
    int rc;

    *out = (struct zip_list){0};
    rc = find_directory(size, input, ctx, &d, e);
    if (rc < 0)
        return rc;
    dir = xmalloc((size_t)d.bytes + 1);
    rc = read_all(input, ctx, d.off, dir, (size_t)d.bytes, e);
    for (; rc == 0 && at < d.bytes; at += used)
        rc = add_file(out, dir + at, (size_t)d.bytes - at, &used, e);
    free(dir);
    if (rc < 0)
        zip_list_free(out);
    return rc;
}

void zip_list_free(struct zip_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->file[i].name);
    free(l->file);
    *l = (struct zip_list){0};
}

/* --- a file --- */

struct zip_reader *zip_reader_new(const struct zip_file *f, pack_input_fn input, void *ctx)
{
    struct zip_reader *r = xcalloc(1, sizeof(*r));

    r->file = f;
    r->input = input;
    r->ctx = ctx;
    r->left = f->packed;
    r->crc = crc32(0, NULL, 0);
    return r;
}

void zip_reader_free(struct zip_reader *r)
{
    if (!r)
        return;
    if (r->z_open)
        inflateEnd(&r->z);
    free(r);
}

/* Goes to the file's bytes. */
static int begin(struct zip_reader *r, struct err *e)
{
    unsigned char head[HEADER];
    int rc;

    if (r->file->encrypted)
        return err_set(e, ERR_FORMAT, "is encrypted, so awl cannot read it");
    if (r->file->method != 0 && r->file->method != Z_DEFLATED)
        return err_set(e, ERR_FORMAT, "is packed in a way that awl does not know (method %u)",
                       r->file->method);
    rc = read_all(r->input, r->ctx, r->file->at, head, sizeof(head), e);
    if (rc < 0)
        return rc;
    if (memcmp(head, "PK\3\4", 4) != 0)
        return damaged(e, "the file is not where the directory says");
    r->off = r->file->at + HEADER + get16(head + 26) + get16(head + 28);
    if (r->file->method == Z_DEFLATED) {
        if (inflateInit2(&r->z, -MAX_WBITS) != Z_OK)
            return err_set(e, ERR_SYS, "no memory to unpack");
        r->z_open = true;
    }
    r->begun = true;
    return 0;
}

/* Packed bytes that are still to be unpacked; 0 at their end. */
static ssize_t fill(struct zip_reader *r, struct err *e)
{
    ssize_t got;

    if (r->at < r->have)
        return (ssize_t)(r->have - r->at);
    if (r->left == 0)
        return 0;
    got = r->input(r->ctx, r->off, r->in, (size_t)MIN((uint64_t)INPUT, r->left), e);
    if (got <= 0)
        return got < 0 ? got : damaged(e, "it ends too early");
    r->at = 0;
    r->have = (size_t)got;
    r->off += r->have;
    r->left -= r->have;
    return got;
}

static ssize_t stored(struct zip_reader *r, void *buf, size_t n, struct err *e)
{
    ssize_t got = fill(r, e);

    if (got <= 0)
        return got;
    n = MIN(n, (size_t)got);
    memcpy(buf, r->in + r->at, n);
    r->at += n;
    return (ssize_t)n;
}

static ssize_t deflated(struct zip_reader *r, void *buf, size_t n, struct err *e)
{
    size_t took = 0;

    while (took == 0 && !r->ended) {
        ssize_t got = fill(r, e);
        int rc;

        if (got < 0)
            return got;
        r->z.next_in = r->in + r->at;
        r->z.avail_in = (unsigned)got;
        r->z.next_out = buf;
        r->z.avail_out = (unsigned)MIN(n, (size_t)INPUT * 16);
        rc = inflate(&r->z, Z_NO_FLUSH);
        took = (size_t)((unsigned char *)r->z.next_out - (unsigned char *)buf);
        r->at = r->have - r->z.avail_in;
        r->ended = rc == Z_STREAM_END;
        if (rc == Z_BUF_ERROR && got == 0 && took == 0)
            return damaged(e, "the file ends too early");
        if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
            return damaged(e, "the file does not unpack");
    }
    return (ssize_t)took;
}

/* At the end of the file. */
static int check(const struct zip_reader *r, struct err *e)
{
    if (r->given != r->file->size)
        return damaged(e, "the file is shorter than its directory says");
    if (r->crc != r->file->crc)
        return damaged(e, "the file's checksum is wrong");
    return 0;
}

ssize_t zip_read(struct zip_reader *r, void *buf, size_t n, struct err *e)
{
    uint64_t room = r->file->size - r->given;
    char beyond;
    ssize_t got;
    int rc = r->begun ? 0 : begin(r, e);

    if (rc < 0)
        return rc;
    if (room == 0) { /* one more is asked for, which must not come */
        buf = &beyond;
        n = 1;
    }
    n = (size_t)MIN((uint64_t)n, MAX(room, (uint64_t)1));
    got = r->file->method == 0 ? stored(r, buf, n, e) : deflated(r, buf, n, e);
    if (got < 0)
        return got;
    if (got == 0)
        return check(r, e);
    if (room == 0)
        return damaged(e, "the file is larger than its directory says");
    r->crc = crc32(r->crc, buf, (unsigned)got);
    r->given += (uint64_t)got;
    return got;
}
