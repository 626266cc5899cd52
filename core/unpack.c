/* unpack.c - tells what is packed, and leads it to who unpacks it; zstd by its own library. */
#include "unpack.h"

#include "config.h"

#include "unpack_event.h"
#include "xalloc.h"
#include "zip.h"

#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

#define INPUT (64u * 1024)

struct unpacker {
    enum pack_kind kind;
    uint64_t off; /* where input goes on */
    pack_input_fn input;
    void *ctx;
    struct zip_reader *zip;
    struct event_reader event;
#ifdef HAVE_ZSTD
    unsigned char in[INPUT];
    size_t at, have; /* of `in` */
    ZSTD_DStream *zstd;
    bool whole; /* a frame ended */
#endif
};

/* Whether the first n of four bytes are those of a frame of zstd, or of one to be skipped, with
 * which what pzstd writes begins. */
static bool begins_zstd(struct slice head, size_t n)
{
    return head.len >= n &&
           (memcmp(head.ptr, "\x28\xb5\x2f\xfd", n) == 0 ||
            ((head.ptr[0] & 0xf0) == 0x50 && memcmp(head.ptr + 1, "\x2a\x4d\x18", n - 1) == 0));
}

bool pack_may_begin(struct slice two)
{
    return begins_zstd(two, 2) || slice_starts(two, "PK");
}

enum pack_kind pack_kind(struct slice head)
{
    if (begins_zstd(head, 4))
        return PACK_ZSTD;
    if (slice_starts(head, "PK\3\4") || slice_starts(head, "PK\5\6"))
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

struct unpacker *unpacker_new(enum pack_kind kind, const struct zip_file *file, pack_input_fn input,
                              void *ctx)
{
    struct unpacker *u = xcalloc(1, sizeof(*u));

    u->kind = kind;
    u->input = input;
    u->ctx = ctx;
    if (kind == PACK_ZIP)
        u->zip = zip_reader_new(file, input, ctx);
    return u;
}

void unpacker_free(struct unpacker *u)
{
    if (!u)
        return;
    zip_reader_free(u->zip);
#ifdef HAVE_ZSTD
    ZSTD_freeDStream(u->zstd);
#endif
    event_release(&u->event);
    free(u);
}

#ifdef HAVE_ZSTD
/* Bytes that are still to be unpacked; 0 at the end. */
static ssize_t fill(struct unpacker *u, struct err *e)
{
    ssize_t got;

    if (u->at < u->have)
        return (ssize_t)(u->have - u->at);
    got = u->input(u->ctx, u->off, u->in, INPUT, e);
    u->at = 0;
    u->have = got > 0 ? (size_t)got : 0;
    u->off += u->have;
    return got;
}

static ssize_t read_zstd(struct unpacker *u, char *buf, size_t n, struct err *e)
{
    ZSTD_outBuffer out = {buf, n, 0};

    if (!u->zstd)
        u->zstd = ZSTD_createDStream();
    while (out.pos == 0) {
        ssize_t got = fill(u, e);
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
    return zip_read(u->zip, buf, n, e);
}
