/* once.c - what is packed is told by its first bytes, which are given back to whoever reads on. */
#include "once.h"

#include <errno.h>
#include <unistd.h>

#include "inflate.h"
#include "membudget.h"
#include "stdin_store.h"
#include "xalloc.h"

#define PIPE_READ (256 * 1024)

struct once {
    struct source *src;
    uint64_t came;
    bool sniffed;
    char head[PACK_HEAD]; /* what was read to sniff */
    size_t n_head;
    struct unpacker *unpacker;
    struct inflater *inflater;
};

static bool is_pipe(const struct once *o)
{
    return o->src->kind == SOURCE_STDIN;
}

static ssize_t read_pipe(struct once *o, void *buf, size_t n, struct err *e)
{
    ssize_t got;

    do {
        if (!source_wait(o->src, &o->src->cancel))
            return 0;
        got = read(o->src->pipe, buf, MIN(n, (size_t)PIPE_READ));
    } while (got < 0 && (errno == EINTR || errno == EAGAIN));
    if (got < 0)
        return err_sys(e, "cannot read", o->src->path);
    o->came += (uint64_t)got;
    return got;
}

/* What sniffing took, as far as it is there. */
static size_t take_head(struct once *o, void *buf, size_t n)
{
    n = MIN(n, o->n_head);
    memcpy(buf, o->head, n);
    memmove(o->head, o->head + n, o->n_head - n);
    o->n_head -= n;
    return n;
}

/* For unpackers, which ask for one byte after the other, so that the place is of no use. */
static ssize_t pipe_input(void *ctx, uint64_t off, void *buf, size_t n, struct err *e)
{
    struct once *o = ctx;

    (void)off;
    return o->n_head ? (ssize_t)take_head(o, buf, n) : read_pipe(o, buf, n, e);
}

/* What comes over a pipe or out of an archive, which may be gzip again. */
static ssize_t once_input(void *ctx, void *buf, size_t n, struct err *e)
{
    struct once *o = ctx;

    if (is_pipe(o))
        return o->unpacker ? unpacker_read(o->unpacker, buf, n, e) : pipe_input(o, 0, buf, n, e);
    return o->n_head ? (ssize_t)take_head(o, buf, n) : unpacker_read(o->unpacker, buf, n, e);
}

/* The directory of a zip is at its end, so all of it is kept: an empty source by itself, whose
 * files the session makes sources of. */
static int keep_zip(struct once *o, struct err *e)
{
    char buf[64 * 1024];
    ssize_t got;

    while ((got = pipe_input(o, 0, buf, sizeof(buf), e)) > 0) {
        stdin_store_add(o->src->store, buf, (size_t)got);
        o->src->archive_size += (uint64_t)got;
        if (membudget_over())
            return membudget_fail(e, "allow more, or open the archive as a file");
    }
    o->src->pack = got == 0 ? PACK_ZIP : PACK_NONE;
    return (int)got;
}

/* So many bytes tell what is packed; of a pipe no more are waited for than must be. */
static size_t sniff_bytes(const struct once *o, struct slice head)
{
    return is_pipe(o) && head.len >= 2 && !pack_may_begin(head) ? 2 : 4;
}

static int sniff_once(struct once *o, struct err *e)
{
    size_t room = is_pipe(o) ? sizeof(o->head) : 4, n = 0;
    char head[sizeof(o->head)];
    enum pack_kind kind;
    ssize_t got = 1;

    o->sniffed = true;
    while (n < sniff_bytes(o, slice_of(head, n)) &&
           (got = once_input(o, head + n, room - n, e)) > 0)
        n += (size_t)got;
    memcpy(o->head, head, n);
    o->n_head = n;
    if (got < 0)
        return (int)got;
    kind = pack_kind(slice_of(head, n));
    if (kind == PACK_ZIP && is_pipe(o))
        return keep_zip(o, e);
    if (!is_pipe(o) && (kind == PACK_ZIP || kind == PACK_ZSTD))
        return err_set(e, ERR_FORMAT, "is an archive in an archive, which awl does not read");
    if (kind != PACK_NONE && !pack_supported(kind))
        return err_set(e, ERR_FORMAT, "is zstd, which this awl was built without");
    if (kind != PACK_NONE)
        o->unpacker = unpacker_new(kind, NULL, pipe_input, o);
    else if (slice_starts(slice_of(head, n), "\x1f\x8b"))
        o->inflater = inflater_once(o->src->zaccess, once_input, o);
    return 0;
}

struct once *once_new(struct source *src, pack_input_fn input, void *ctx)
{
    struct once *o = xcalloc(1, sizeof(*o));

    o->src = src;
    if (!src->zaccess)
        src->zaccess = zaccess_new();
    if (!is_pipe(o))
        o->unpacker = unpacker_new(src->pack, src->zipped, input, ctx);
    return o;
}

void once_free(struct once *o)
{
    if (!o)
        return;
    inflater_free(o->inflater);
    unpacker_free(o->unpacker);
    free(o);
}

ssize_t once_read(struct once *o, void *buf, size_t n, struct err *e)
{
    if (!o->sniffed && sniff_once(o, e) < 0)
        return e->code;
    return o->inflater ? inflater_read(o->inflater, buf, n, e) : once_input(o, buf, n, e);
}

uint64_t once_came(const struct once *o)
{
    return o->came;
}
