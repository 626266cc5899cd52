/* inflate.c - streams of gzip, by zlib, and places to start again from.
 *
 * An access point is kept at the end of a deflate block once enough output has passed: the
 * compressed offset with the bits left over, and the 32 KiB window before it; at the start of a
 * member no window is needed. To go on from a point, inflation runs raw until that member ends,
 * its 8 bytes of trailer are skipped, and then members are read as usual. Points are kept in
 * order of output, each later than all before, so any number of streams over the same file may add
 * theirs. Windows of text deflate to a quarter and are kept so.
 *
 * A stream gives what it has before it asks for more input: a pipe that pauses holds nothing back.
 */
#include "inflate.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>
#include <zlib.h>

#include "membudget.h"
#include "slab.h"
#include "xalloc.h"

#define WINDOW 32768
#define SPACING (1u << 20)
#define IN_BUF (64 * 1024)
#define GZIP_BITS (15 + 16)
#define TEXT_HEAD 64 /* bytes that tell whether text stands behind a member */
#define TEXT_POINT 8 /* `bits` of a point between lines that are not packed */

struct point {
    uint64_t in, out;
    unsigned bits;         /* of the byte before `in`; or TEXT_POINT */
    unsigned char *window; /* deflated; NULL at the start of a member and in text */
    size_t n_window;
};

struct zaccess {
    pthread_mutex_t lock;
    struct point *point;
    size_t n, cap;
    struct memlease memory; /* of the windows */
    atomic_bool goes_on;    /* something but zeros stands behind the first member */
    uint64_t left_at, left; /* the bytes that were left out */
};

enum state { AT_MEMBER, IN_MEMBER, IN_RAW, IN_TEXT, LEFT_OUT, DONE, FAILED };

struct inflater {
    inflate_input_fn input;
    void *ctx;
    struct zaccess *z;
    z_stream zs;
    enum state state;
    bool eof, first;  /* no more input; no member seen yet */
    bool full;        /* the last step filled the output: there may be more of it */
    bool once;        /* z gets no points */
    bool line_begins; /* IN_TEXT */
    uint64_t in, out; /* compressed bytes taken, bytes given */
    uint64_t last_point;
    struct err err;         /* why it FAILED */
    struct inflater *inner; /* of a gzip inside: reads this one */
    bool looked_inside;
    unsigned char buf[IN_BUF];
};

static struct slab accesses = SLAB_OF(struct zaccess);

struct zaccess *zaccess_new(void)
{
    struct zaccess *z = slab_take(&accesses);

    z->memory.use = MEMORY_STORE;
    pthread_mutex_init(&z->lock, NULL);
    return z;
}

void zaccess_free(struct zaccess *z)
{
    if (!z)
        return;
    for (size_t i = 0; i < z->n; i++)
        free(z->point[i].window);
    free(z->point);
    memlease_release(&z->memory);
    pthread_mutex_destroy(&z->lock);
    slab_give(&accesses, z);
}

uint64_t zaccess_floor(struct zaccess *z, uint64_t off, size_t *index)
{
    size_t lo = 0, hi;
    uint64_t out;

    pthread_mutex_lock(&z->lock);
    for (hi = z->n; lo < hi;) {
        size_t mid = lo + (hi - lo) / 2;

        if (z->point[mid].out <= off)
            lo = mid + 1;
        else
            hi = mid;
    }
    *index = lo; /* 0: the beginning of the file, k: point k - 1 */
    out = lo ? z->point[lo - 1].out : 0;
    pthread_mutex_unlock(&z->lock);
    return out;
}

uint64_t zaccess_end(struct zaccess *z, size_t index)
{
    uint64_t end;

    pthread_mutex_lock(&z->lock);
    end = index < z->n ? z->point[index].out : UINT64_MAX;
    pthread_mutex_unlock(&z->lock);
    return end;
}

bool zaccess_goes_on(struct zaccess *z)
{
    return z->goes_on;
}

void zaccess_set_goes_on(struct zaccess *z)
{
    z->goes_on = true;
}

bool zaccess_left(struct zaccess *z, uint64_t *at, uint64_t *n)
{
    pthread_mutex_lock(&z->lock);
    *at = z->left_at;
    *n = z->left;
    pthread_mutex_unlock(&z->lock);
    return *n > 0;
}

void zaccess_member(struct zaccess *z, uint64_t in, uint64_t out)
{
    z->goes_on |= in > 0;
    pthread_mutex_lock(&z->lock);
    if (out >= (z->n ? z->point[z->n - 1].out : 0) + SPACING) {
        GROW(z->point, z->cap, z->n + 1);
        z->point[z->n++] = (struct point){.in = in, .out = out};
    }
    pthread_mutex_unlock(&z->lock);
}

/* --- as bytes --- */

struct saved_point {
    uint64_t in, out;
    uint32_t bits, n_window;
};

void zaccess_save(struct zaccess *z, struct strbuf *out)
{
    pthread_mutex_lock(&z->lock);
    for (size_t i = 0; i < z->n; i++) {
        const struct point *p = &z->point[i];
        struct saved_point s = {p->in, p->out, p->bits, p->window ? (uint32_t)p->n_window : 0};

        strbuf_add(out, &s, sizeof(s));
        if (s.n_window)
            strbuf_add(out, p->window, s.n_window);
    }
    pthread_mutex_unlock(&z->lock);
}

/* A window that does not inflate to its size would end the program when it is used. */
static bool is_window(const unsigned char *p, size_t n)
{
    unsigned char window[WINDOW];
    uLongf len = sizeof(window);

    return uncompress(window, &len, p, n) == Z_OK && len == WINDOW;
}

void zaccess_restore(struct zaccess *z, struct slice bytes)
{
    struct saved_point s;

    pthread_mutex_lock(&z->lock);
    while (bytes.len >= sizeof(s)) {
        struct point p;

        memcpy(&s, bytes.ptr, sizeof(s));
        bytes = slice_of(bytes.ptr + sizeof(s), bytes.len - sizeof(s));
        if (s.n_window > bytes.len || s.bits > TEXT_POINT || (s.n_window && s.bits > 7) ||
            (z->n && s.out <= z->point[z->n - 1].out) ||
            (s.n_window && !is_window((const unsigned char *)bytes.ptr, s.n_window)))
            break;
        p = (struct point){.in = s.in, .out = s.out, .bits = s.bits, .n_window = s.n_window};
        if (s.n_window)
            p.window = xmemdup(bytes.ptr, s.n_window);
        bytes = slice_of(bytes.ptr + s.n_window, bytes.len - s.n_window);
        GROW(z->point, z->cap, z->n + 1);
        z->point[z->n++] = p;
        memlease_force(&z->memory, z->memory.held + sizeof(p) + p.n_window);
    }
    pthread_mutex_unlock(&z->lock);
}

static struct inflater *inflater_alloc(inflate_input_fn input, void *ctx, struct zaccess *z)
{
    struct inflater *i = xcalloc(1, sizeof(*i));

    i->input = input;
    i->ctx = ctx;
    i->z = z;
    i->first = true;
    if (inflateInit2(&i->zs, GZIP_BITS) != Z_OK)
        BUG("zlib does not start");
    return i;
}

struct inflater *inflater_new(inflate_input_fn input, void *ctx, struct zaccess *z)
{
    return inflater_alloc(input, ctx, z);
}

struct inflater *inflater_once(struct zaccess *z, inflate_input_fn input, void *ctx)
{
    struct inflater *i = inflater_alloc(input, ctx, z);

    i->once = true;
    return i;
}

struct inflater *inflater_from(struct zaccess *z, uint64_t in, uint64_t out, inflate_input_fn input,
                               void *ctx)
{
    struct inflater *i = inflater_alloc(input, ctx, z);

    i->in = in;
    i->out = i->last_point = out;
    i->looked_inside = true;
    i->first = false;
    return i;
}

static void restore_window(struct inflater *i, const struct point *p)
{
    unsigned char window[WINDOW];
    uLongf len = sizeof(window);

    if (uncompress(window, &len, p->window, p->n_window) != Z_OK || len != WINDOW)
        BUG("a window does not inflate");
    inflateSetDictionary(&i->zs, window, WINDOW);
}

struct inflater *inflater_at(struct zaccess *z, size_t index, inflate_input_fn input, void *ctx,
                             uint64_t *skip)
{
    struct inflater *i = inflater_alloc(input, ctx, z);
    struct point p;

    *skip = 0;
    if (index == 0)
        return i;
    pthread_mutex_lock(&z->lock);
    p = z->point[index - 1];
    pthread_mutex_unlock(&z->lock);
    i->out = p.out;
    i->in = *skip = p.in - (p.bits > 0 && p.bits != TEXT_POINT);
    i->last_point = p.out;
    i->looked_inside = true; /* a stream with another inside has no points */
    i->first = false;
    if (p.bits == TEXT_POINT)
        i->state = IN_TEXT;
    if (p.window) {
        inflateReset2(&i->zs, -15);
        i->state = IN_RAW;
        if (p.bits) {
            unsigned char byte = 0;
            struct err e;

            if (input(ctx, &byte, 1, &e) == 1)
                inflatePrime(&i->zs, (int)p.bits, byte >> (8 - p.bits));
            i->in++;
        }
        restore_window(i, &p);
    }
    return i;
}

void inflater_free(struct inflater *i)
{
    if (!i)
        return;
    inflater_free(i->inner);
    inflateEnd(&i->zs);
    free(i);
}

static bool points_wanted(const struct inflater *i)
{
    return i->z && !i->once;
}

/* Makes sure that there is input; false at its end. */
static bool fill(struct inflater *i, struct err *e, int *rc)
{
    ssize_t n;

    if (i->zs.avail_in > 0)
        return true;
    if (i->eof)
        return false;
    n = i->input(i->ctx, i->buf, sizeof(i->buf), e);
    if (n < 0)
        *rc = (int)n;
    i->eof = n <= 0;
    i->zs.next_in = i->buf;
    i->zs.avail_in = n > 0 ? (unsigned)n : 0;
    return n > 0;
}

/* Makes sure of n bytes of input, as far as there are so many. */
static bool look_ahead(struct inflater *i, size_t n, struct err *e, int *rc)
{
    while (i->zs.avail_in < n && !i->eof) {
        size_t have = i->zs.avail_in;
        ssize_t got;

        if (have)
            memmove(i->buf, i->zs.next_in, have);
        got = i->input(i->ctx, i->buf + have, sizeof(i->buf) - have, e);
        if (got < 0)
            *rc = (int)got;
        i->eof = got <= 0;
        i->zs.next_in = i->buf;
        i->zs.avail_in = (unsigned)(have + (size_t)MAX(got, 0));
    }
    return *rc == 0;
}

static void take_input(struct inflater *i, size_t n)
{
    i->zs.next_in += n;
    i->zs.avail_in -= (unsigned)n;
    i->in += n;
}

static ssize_t damaged(struct inflater *i, const char *what, struct err *e)
{
    i->state = FAILED;
    err_set(e, ERR_FORMAT, "damaged gzip after inflated byte %llu (compressed byte %llu): %s",
            (unsigned long long)i->out, (unsigned long long)i->in, what);
    i->err = *e;
    return ERR_FORMAT;
}

static bool save_window(struct inflater *i, struct point *p)
{
    unsigned char window[WINDOW];
    unsigned len = WINDOW;
    uLongf size = compressBound(WINDOW);

    if (inflateGetDictionary(&i->zs, window, &len) != Z_OK || len != WINDOW)
        return false;
    p->window = xmalloc(size);
    if (compress2(p->window, &size, window, WINDOW, 1) != Z_OK)
        BUG("a window does not deflate");
    p->window = xrealloc(p->window, size);
    p->n_window = size;
    return true;
}

static bool is_news(struct zaccess *z, uint64_t out)
{
    bool news;

    pthread_mutex_lock(&z->lock);
    news = z->n == 0 || out > z->point[z->n - 1].out;
    pthread_mutex_unlock(&z->lock);
    return news;
}

static void add_point(struct inflater *i)
{
    struct point p = {.in = i->in, .out = i->out};
    struct zaccess *z = i->z;

    if (is_news(z, i->out)) {
        if (i->state == IN_TEXT) {
            p.bits = TEXT_POINT;
        } else if (i->state != AT_MEMBER) {
            p.bits = (unsigned)i->zs.data_type & 7;
            if (!save_window(i, &p))
                return;
        }
        pthread_mutex_lock(&z->lock);
        if (z->n == 0 || p.out > z->point[z->n - 1].out) {
            GROW(z->point, z->cap, z->n + 1);
            z->point[z->n++] = p;
            memlease_force(&z->memory, z->memory.held + sizeof(p) + p.n_window);
            p.window = NULL;
        }
        pthread_mutex_unlock(&z->lock);
        free(p.window);
    }
    i->last_point = i->out;
}

/* Whether the input goes on as text does, up to a line that may be a member. */
static bool is_text(const struct inflater *i)
{
    size_t n = MIN((size_t)i->zs.avail_in, (size_t)TEXT_HEAD);

    for (size_t k = 0; k < n; k++) {
        unsigned char c = i->zs.next_in[k];

        if (c == 0x1f && k > 0 && i->zs.next_in[k - 1] == '\n')
            break;
        if ((c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\033') || c == 0x7f)
            return false;
    }
    return true;
}

static bool is_member(const struct inflater *i)
{
    return is_gzip(slice_of((const char *)i->zs.next_in, i->zs.avail_in));
}

static void skip_zeros(struct inflater *i)
{
    size_t n = 0;

    while (n < i->zs.avail_in && i->zs.next_in[n] == 0)
        n++;
    take_input(i, n);
}

/* Between members: what comes? False: nothing. Where bytes are neither a member nor zeros, it is
 * their first ones alone that tell, so that every stream over the file has the same bytes. */
static bool next_member(struct inflater *i, struct err *e, int *rc)
{
    if (!fill(i, e, rc))
        return false;
    if (!i->first) {
        skip_zeros(i);
        if (i->zs.avail_in == 0)
            return true; /* more of them, or the end */
        if (!look_ahead(i, 2, e, rc) || (!is_member(i) && !look_ahead(i, TEXT_HEAD, e, rc)))
            return false;
    }
    if (points_wanted(i) && i->in > 0)
        zaccess_set_goes_on(i->z);
    if (!i->first && !is_member(i)) {
        i->state = is_text(i) ? IN_TEXT : LEFT_OUT;
        i->line_begins = false;
        return true;
    }
    if (points_wanted(i) && i->out - i->last_point >= SPACING)
        add_point(i);
    inflateReset2(&i->zs, GZIP_BITS);
    i->state = IN_MEMBER;
    i->first = false;
    return true;
}

/* Lines that are not packed, up to one that begins like a member. */
static void copy_text(struct inflater *i, struct err *e, int *rc)
{
    size_t n = MIN(i->zs.avail_in, i->zs.avail_out);
    const unsigned char *at;

    if (i->line_begins && i->zs.next_in[0] == 0x1f) {
        if (!look_ahead(i, 2, e, rc))
            return;
        if (is_member(i)) {
            i->state = AT_MEMBER;
            return;
        }
    }
    at = memmem(i->zs.next_in, n, "\n\x1f", 2);
    n = at ? (size_t)(at + 1 - i->zs.next_in) : n;
    memcpy(i->zs.next_out, i->zs.next_in, n);
    i->line_begins = i->zs.next_in[n - 1] == '\n';
    take_input(i, n);
    i->zs.next_out += n;
    i->zs.avail_out -= (unsigned)n;
    i->out += n;
    if (points_wanted(i) && !i->line_begins && i->out - i->last_point >= SPACING)
        add_point(i);
}

/* What is left out is read to its end, which tells how much it is. */
static void leave_out(struct inflater *i, struct err *e, int *rc)
{
    uint64_t from = i->in;

    do
        take_input(i, i->zs.avail_in);
    while (fill(i, e, rc));
    if (!i->z)
        return;
    pthread_mutex_lock(&i->z->lock);
    i->z->left_at = from;
    i->z->left = i->in - from;
    pthread_mutex_unlock(&i->z->lock);
}

static bool skip_trailer(struct inflater *i, struct err *e, int *rc)
{
    for (unsigned k = 0; k < 8; k++) {
        if (!fill(i, e, rc))
            return false;
        take_input(i, 1);
    }
    return true;
}

/* One call of inflate(); true to go on. */
static bool step(struct inflater *i, struct err *e, int *rc)
{
    unsigned in = i->zs.avail_in, out = i->zs.avail_out;
    int z = inflate(&i->zs, points_wanted(i) ? Z_BLOCK : Z_NO_FLUSH);

    i->in += in - i->zs.avail_in;
    i->out += out - i->zs.avail_out;
    i->full = i->zs.avail_out == 0;
    if (z == Z_STREAM_END) {
        if (i->state == IN_RAW && !skip_trailer(i, e, rc))
            return false;
        i->state = AT_MEMBER;
        return true;
    }
    if (z != Z_OK && z != Z_BUF_ERROR) {
        *rc = (int)damaged(i, i->zs.msg ? i->zs.msg : zError(z), e);
        return false;
    }
    if (points_wanted(i) && (i->zs.data_type & 128) && !(i->zs.data_type & 64) &&
        i->out - i->last_point >= SPACING)
        add_point(i);
    return true;
}

static ssize_t read_outer(struct inflater *i, void *buf, size_t n, struct err *e)
{
    int rc = 0;

    if (i->state == FAILED) {
        *e = i->err;
        return i->err.code;
    }
    n = MIN(n, (size_t)1 << 30);
    i->zs.next_out = buf;
    i->zs.avail_out = (unsigned)n;
    while (i->zs.avail_out > 0 && rc == 0 && i->state != DONE) {
        /* what is there is given before more is waited for */
        if (i->zs.avail_in < (i->state == AT_MEMBER ? TEXT_HEAD : 1) && i->zs.avail_out < n)
            break;
        if (i->state == AT_MEMBER) {
            if (!next_member(i, e, &rc))
                i->state = DONE;
        } else if (i->state == IN_TEXT) {
            if (fill(i, e, &rc))
                copy_text(i, e, &rc);
            else
                i->state = DONE;
        } else if (i->state == LEFT_OUT) {
            leave_out(i, e, &rc);
            i->state = DONE;
        } else if (!i->full && !fill(i, e, &rc)) {
            if (rc == 0)
                rc = (int)damaged(i, "the file ends in the middle", e);
        } else if (!step(i, e, &rc)) {
            break;
        }
    }
    if (rc < 0 && i->state != FAILED) {
        i->state = FAILED;
        i->err = *e;
    }
    /* what was inflated before an error is given first, the error with the next call */
    return i->zs.avail_out < n ? (ssize_t)(n - i->zs.avail_out) : rc;
}

static ssize_t inner_input(void *ctx, void *buf, size_t n, struct err *e)
{
    return read_outer(ctx, buf, n, e);
}

/* Reads the first bytes of the output once, and opens a gzip found in it. */
static ssize_t look_inside(struct inflater *i, void *buf, size_t n, struct err *e)
{
    ssize_t got = 0, more = 1;
    const unsigned char *b = buf;

    while (got < MIN_GZIP && (size_t)got < n && more > 0) {
        more = read_outer(i, (char *)buf + got, n - (size_t)got, e);
        got += MAX(more, 0);
    }
    if (got == 0)
        return more;

    i->looked_inside = true;
    if (got < MIN_GZIP || b[0] != 0x1f || b[1] != 0x8b || b[2] != 8)
        return got;
    i->inner = inflater_once(i->z, inner_input, i);
    i->once = true;
    got = (ssize_t)MIN((size_t)got, sizeof(i->inner->buf));
    memcpy(i->inner->buf, buf, (size_t)got);
    i->inner->zs.next_in = i->inner->buf;
    i->inner->zs.avail_in = (unsigned)got;
    return inflater_read(i->inner, buf, n, e);
}

ssize_t inflater_read(struct inflater *i, void *buf, size_t n, struct err *e)
{
    if (i->inner)
        return inflater_read(i->inner, buf, n, e);
    if (!i->looked_inside) /* no more than the inner buffer holds */
        return look_inside(i, buf, MIN(n, (size_t)IN_BUF), e);
    return read_outer(i, buf, n, e);
}
