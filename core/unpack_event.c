/* unpack_event.c - what Lambda and Kinesis hand to a function: JSON documents in which a payload of
 * CloudWatch Logs stands as base64 of gzip, {"awslogs":{"data":"H4sI..."}} or many as
 * {"Records":[{"kinesis":{"data":"H4sI..."}}, ...]}. Each payload comes out as a line; a document
 * that has none, or a damaged one, comes out as it is. */
#include "unpack_event.h"

#include <zlib.h>

#include "json.h"
#include "value.h"
#include "xalloc.h"

#define DOCUMENT_MAX ((size_t)64 << 20)
#define PAYLOAD_MAX ((size_t)256 << 20)
#define GZIP_AS_BASE64 "\"H4sI"

/* The text of the next member "data" behind p that is gzip; NULL if there is none. */
static const char *next_payload(struct slice doc, const char *p)
{
    const char *end = slice_end(doc);

    while (p < end && (p = memmem(p, (size_t)(end - p), GZIP_AS_BASE64, 5))) {
        const char *key = p;

        while (key > doc.ptr && memchr(" :\t\r\n", key[-1], 5))
            key--;
        if (key - doc.ptr > 6 && memcmp(key - 6, "\"data\"", 6) == 0)
            return p + 1;
        p += 5;
    }
    return NULL;
}

bool is_packed_event(struct slice head)
{
    return head.len && head.ptr[0] == '{' && next_payload(head, head.ptr) != NULL;
}

static bool inflate_payload(struct slice in, struct strbuf *out)
{
    unsigned char buf[16384];
    z_stream z = {0};
    int rc = Z_OK;

    if (in.len > UINT32_MAX || inflateInit2(&z, 16 + MAX_WBITS) != Z_OK)
        return false;
    z.next_in = (unsigned char *)(uintptr_t)in.ptr;
    z.avail_in = (unsigned)in.len;
    while (rc == Z_OK && out->len < PAYLOAD_MAX) {
        z.next_out = buf;
        z.avail_out = sizeof(buf);
        rc = inflate(&z, Z_NO_FLUSH);
        strbuf_add(out, buf, sizeof(buf) - z.avail_out);
    }
    inflateEnd(&z);
    return rc == Z_STREAM_END;
}

/* All payloads of a document as lines behind out; false and out as before if it has none or a
 * damaged one. */
static bool unpack_document(struct slice doc, struct strbuf *out)
{
    size_t before = out->len;
    const char *end = slice_end(doc), *p = doc.ptr;
    struct strbuf gz = STRBUF_INIT;
    bool ok = true, any = false;

    while (ok && p < end && (p = next_payload(doc, p))) {
        const char *quote = memchr(p, '"', (size_t)(end - p));

        strbuf_reset(&gz);
        ok = quote && base64_decode(slice_of(p, (size_t)(quote - p)), &gz) &&
             inflate_payload(strbuf_slice(&gz), out);
        if (ok && out->buf[out->len - 1] != '\n')
            strbuf_addc(out, '\n');
        any = true;
        p = quote;
    }
    strbuf_release(&gz);
    if (!ok || !any)
        out->len = before;
    return ok && any;
}

void event_release(struct event_reader *r)
{
    strbuf_release(&r->in);
    strbuf_release(&r->out);
}

/* The first document of what was read, taken away; false if more is needed for it. */
static bool take_document(struct event_reader *r, bool whole)
{
    const char *p = r->in.buf + r->at, *end = r->in.buf + r->in.len, *stop;

    while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
        p++;
    stop = p < end ? json_end(p, end) : NULL;
    if (!stop && !whole && r->in.len - r->at < DOCUMENT_MAX)
        return false;
    if (!stop)
        stop = end;
    if (!unpack_document(slice_of(p, (size_t)(stop - p)), &r->out)) {
        strbuf_add(&r->out, p, (size_t)(stop - p));
        if (p < stop)
            strbuf_addc(&r->out, '\n');
    }
    r->at = (size_t)(stop - r->in.buf);
    return true;
}

/* Reads on until there is twice as much, so that a long document is looked at few times. */
static ssize_t read_more(struct event_reader *r, event_input_fn input, void *ctx, struct err *e)
{
    size_t left = r->in.len - r->at, want = MAX(left, (size_t)65536), had = 0;

    if (left > 0)
        memmove(r->in.buf, r->in.buf + r->at, left);
    r->in.len = left;
    r->at = 0;
    while (had < want) {
        char buf[16384];
        ssize_t got = input(ctx, buf, sizeof(buf), e);

        if (got < 0)
            return got;
        if (got == 0)
            break;
        strbuf_add(&r->in, buf, (size_t)got);
        had += (size_t)got;
    }
    return (ssize_t)had;
}

ssize_t event_read(struct event_reader *r, event_input_fn input, void *ctx, char *buf, size_t n,
                   struct err *e)
{
    while (r->given == r->out.len) {
        ssize_t got = 1;

        strbuf_reset(&r->out);
        r->given = 0;
        if (r->at < r->in.len && take_document(r, r->ended))
            continue;
        if (r->ended)
            return 0;
        got = read_more(r, input, ctx, e);
        if (got < 0)
            return got;
        r->ended = got == 0;
    }
    n = MIN(n, r->out.len - r->given);
    memcpy(buf, r->out.buf + r->given, n);
    r->given += n;
    return (ssize_t)n;
}
