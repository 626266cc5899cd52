/* inflate_whole.c - whole members of gzip, by libdeflate if it is built in: twice as fast as a
 * stream.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "inflate.h"

#ifdef HAVE_LIBDEFLATE
#include <libdeflate.h>
#include <pthread.h>
#endif

#include "xalloc.h"

#define MEMBER_LIMIT (64u << 20) /* inflated in one go */

bool is_gzip(struct slice s)
{
    return s.len > 1 && (unsigned char)s.ptr[0] == 0x1f && (unsigned char)s.ptr[1] == 0x8b;
}

#ifdef HAVE_LIBDEFLATE

static pthread_key_t decompressor_key;

static void free_decompressor(void *d)
{
    libdeflate_free_decompressor(d);
}

static void make_key(void)
{
    if (pthread_key_create(&decompressor_key, free_decompressor) != 0)
        BUG("no key for the decompressors");
}

/* The thread's own: making one takes as long as inflating some kilobytes. NULL: no memory. */
static struct libdeflate_decompressor *decompressor(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct libdeflate_decompressor *d;

    pthread_once(&once, make_key);
    d = pthread_getspecific(decompressor_key);
    if (!d && (d = libdeflate_alloc_decompressor()))
        pthread_setspecific(decompressor_key, d);
    return d;
}

/* What the file says of its last member's size, if that is believable; else a guess. */
static size_t first_room(struct slice in)
{
    const unsigned char *t = (const unsigned char *)in.ptr + in.len - 4;
    size_t said = in.len < MIN_GZIP ? 0 : t[0] | t[1] << 8 | t[2] << 16 | (size_t)t[3] << 24;

    if (said < in.len || said / 1032 > in.len)
        said = in.len * 8;
    return MIN(MAX(said, (size_t)4096), (size_t)MEMBER_LIMIT);
}

static bool next_member_whole(struct libdeflate_decompressor *d, struct slice *in,
                              struct strbuf *out, size_t room, size_t limit)
{
    for (;; room *= 2) {
        size_t used, made;
        enum libdeflate_result r;

        size_t most = MIN(limit - out->len, (size_t)MEMBER_LIMIT);

        room = MIN(room, most);
        GROW(out->buf, out->cap, out->len + room + 1);
        r = libdeflate_gzip_decompress_ex(d, in->ptr, in->len, out->buf + out->len, room, &used,
                                          &made);
        if (r == LIBDEFLATE_SUCCESS) {
            out->len += made;
            in->ptr += used;
            in->len -= used;
            return true;
        }
        if (r != LIBDEFLATE_INSUFFICIENT_SPACE || room == most)
            return false;
    }
}

static bool inflate_members(struct libdeflate_decompressor *d, struct slice in, struct strbuf *out,
                            size_t limit, struct zaccess *z)
{
    size_t room = first_room(in);

    while (is_gzip(in)) {
        size_t before = out->len;

        if (!next_member_whole(d, &in, out, room, limit))
            return false;
        while (in.len && in.ptr[0] == 0)
            in = slice_of(in.ptr + 1, in.len - 1);
        if (z && in.len)
            zaccess_set_goes_on(z);
        /* members of one file are much alike */
        room = MIN(MAX((out->len - before) * 2, (size_t)4096), (size_t)MEMBER_LIMIT);
    }
    return in.len == 0;
}

bool inflate_whole(struct slice in, struct strbuf *out, size_t limit, struct zaccess *z)
{
    struct libdeflate_decompressor *d = decompressor();
    bool good = d && is_gzip(in) && inflate_members(d, in, out, limit, z);

    if (good && is_gzip(strbuf_slice(out))) {
        struct strbuf inner = STRBUF_INIT;

        good = inflate_members(d, strbuf_slice(out), &inner, limit, NULL) &&
               !is_gzip(strbuf_slice(&inner));
        strbuf_release(out);
        *out = inner;
    }
    return good;
}

bool inflate_member(struct slice *in, struct strbuf *out, size_t room, size_t limit)
{
    struct libdeflate_decompressor *d = decompressor();

    return d && is_gzip(*in) && next_member_whole(d, in, out, room, out->len + limit);
}

#else

bool inflate_whole(struct slice in, struct strbuf *out, size_t limit, struct zaccess *z)
{
    (void)z;
    (void)in;
    (void)out;
    (void)limit;
    return false; /* the stream does it */
}

bool inflate_member(struct slice *in, struct strbuf *out, size_t room, size_t limit)
{
    (void)in;
    (void)out;
    (void)room;
    (void)limit;
    return false;
}

#endif
