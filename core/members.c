/* members.c - units of some members each, claimed ahead and given in order.
 *
 * A unit begins where the one before seems to end: at a member's header at least UNIT bytes behind
 * the start of that. It is inflated until it has come so far, or has made enough. If it ends
 * elsewhere, no unit begins there, those ahead are forgotten, and one is made from there. */
#include "members.h"

#include <pthread.h>

#include "membudget.h"
#include "xalloc.h"

#define UNIT (1u << 20)    /* compressed bytes of a unit, about */
#define WINDOW (8u << 20)  /* at most, and how far the next header is looked for */
#define STEP (1u << 20)    /* bytes read at a time */
#define ENOUGH (48u << 20) /* inflated bytes of a unit */
#define LARGE (16u << 20)  /* of a member: its last row is read from its beginning */
#define FIRST_ROOM (64u << 10)
#define MAX_UNITS 3
#define HEADER 10

struct start {
    size_t in, out;
};

struct unit {
    uint64_t begin, end; /* compressed */
    struct strbuf out;
    struct memlease memory;
    size_t given;
    struct start *member;
    size_t n_member, cap_member;
    bool ready, failed; /* failed: a stream has to go on from `end` */
    bool forgotten;     /* by everybody but who makes it */
};

struct members {
    members_input_fn input;
    void *ctx;
    uint64_t size;
    struct zaccess *z;
    struct inflater *stream; /* from stream_at on, once units do not work */
    uint64_t stream_at;
    uint64_t out;         /* inflated bytes given */
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t ready;
    struct unit *unit[MAX_UNITS];
    uint64_t at;    /* where the unit to be given begins */
    uint64_t guess; /* where one may begin that nobody makes; UINT64_MAX: nowhere */
    bool streaming;
};

/* --- where members begin --- */

static bool is_header(const unsigned char *p)
{
    return p[0] == 0x1f && p[1] == 0x8b && p[2] == 8 && (p[3] & 0xe0) == 0 &&
           (p[8] == 0 || p[8] == 2 || p[8] == 4) && (p[9] <= 13 || p[9] == 255);
}

/* The first header in [from, in->len); SIZE_MAX if there is none. */
static size_t find_header(const struct strbuf *in, size_t from)
{
    const char *p = in->buf + from, *end = in->buf + in->len;

    while (end - p >= HEADER && (p = memchr(p, 0x1f, (size_t)(end - p) - HEADER + 1))) {
        if (is_header((const unsigned char *)p))
            return (size_t)(p - in->buf);
        p++;
    }
    return SIZE_MAX;
}

/* Reads from `begin` on, until a header is found that lies far enough, or there is no more. Its
 * place in *in, SIZE_MAX if there is none. */
static size_t read_unit(struct members *m, uint64_t begin, struct strbuf *in)
{
    size_t looked = UNIT, next = SIZE_MAX;
    ssize_t got = 1;
    struct err e;

    while (got > 0 && next == SIZE_MAX && in->len < WINDOW) {
        GROW(in->buf, in->cap, in->len + STEP);
        got = m->input(m->ctx, begin + in->len, in->buf + in->len, STEP, &e);
        in->len += got > 0 ? (size_t)got : 0;
        if (in->len < looked + HEADER)
            continue;
        next = find_header(in, looked);
        looked = in->len - HEADER + 1;
    }
    return next;
}

/* --- units --- */

static void unit_free(struct unit *u)
{
    strbuf_release(&u->out);
    memlease_release(&u->memory);
    free(u->member);
    free(u);
}

/* The size of the member before the next header, as it says itself: a guess of that of all. */
static size_t said_size(struct slice in, size_t next)
{
    const unsigned char *t = (const unsigned char *)in.ptr + next - 4;

    return next == SIZE_MAX ? FIRST_ROOM : t[0] | t[1] << 8 | t[2] << 16 | (size_t)t[3] << 24;
}

static void inflate_unit(struct unit *u, struct slice in, size_t until)
{
    size_t room = MIN(MAX(said_size(in, until), (size_t)FIRST_ROOM), (size_t)LARGE);
    struct slice rest = in;

    while (rest.len && (size_t)(rest.ptr - in.ptr) < until && u->out.len < ENOUGH) {
        struct start s = {(size_t)(rest.ptr - in.ptr), u->out.len};

        if (!inflate_member(&rest, &u->out, room, LARGE)) {
            u->failed = true;
            break;
        }
        GROW(u->member, u->cap_member, u->n_member + 1);
        u->member[u->n_member++] = s;
        room = MIN(MAX((u->out.len - s.out) * 2, (size_t)FIRST_ROOM), (size_t)LARGE);
    }
    u->end = u->begin + (uint64_t)(rest.ptr - in.ptr);
}

static unsigned free_place(const struct members *m)
{
    unsigned i = 0;

    while (i < MAX_UNITS && m->unit[i])
        i++;
    return i;
}

/* Under the lock, which is given up meanwhile: makes the unit that begins at the guess. */
static void make_unit(struct members *m, unsigned place)
{
    struct unit *u = xcalloc(1, sizeof(*u));
    struct strbuf in = STRBUF_INIT;
    size_t next;

    u->begin = m->guess;
    m->unit[place] = u;
    m->guess = UINT64_MAX;
    pthread_mutex_unlock(&m->lock);
    next = read_unit(m, u->begin, &in);
    pthread_mutex_lock(&m->lock);
    if (next != SIZE_MAX && !u->forgotten)
        m->guess = u->begin + next;
    pthread_mutex_unlock(&m->lock);
    inflate_unit(u, strbuf_slice(&in), next);
    strbuf_release(&in);
    u->memory.use = MEMORY_BUFFERS;
    memlease_force(&u->memory, u->out.cap);
    pthread_mutex_lock(&m->lock);
    u->ready = true;
    pthread_cond_broadcast(&m->ready);
    if (u->forgotten)
        unit_free(u);
}

static void forget(struct members *m, unsigned place)
{
    struct unit *u = m->unit[place];

    m->unit[place] = NULL;
    if (u && u->ready)
        unit_free(u);
    else if (u)
        u->forgotten = true;
}

static void forget_all(struct members *m)
{
    for (unsigned i = 0; i < MAX_UNITS; i++)
        forget(m, i);
}

/* The place of the unit that is to be given. */
static unsigned find_unit(const struct members *m)
{
    unsigned i = 0;

    while (i < MAX_UNITS && !(m->unit[i] && m->unit[i]->begin == m->at))
        i++;
    return i;
}

/* Under the lock: where the unit to be given is, once it is ready; MAX_UNITS at the end of the
 * file. */
static unsigned front(struct members *m)
{
    while (m->at < m->size) {
        unsigned i = find_unit(m);

        if (i < MAX_UNITS && m->unit[i]->ready)
            return i;
        if (i < MAX_UNITS) {
            pthread_cond_wait(&m->ready, &m->lock);
            continue;
        }
        forget_all(m);
        m->guess = m->at;
        make_unit(m, 0);
    }
    return MAX_UNITS;
}

void members_ahead(struct members *m)
{
    unsigned place;

    pthread_mutex_lock(&m->lock);
    place = free_place(m);
    if (place < MAX_UNITS && m->guess < m->size && !m->streaming)
        make_unit(m, place);
    pthread_mutex_unlock(&m->lock);
}

/* --- in order --- */

static ssize_t stream_input(void *ctx, void *buf, size_t n, struct err *e)
{
    struct members *m = ctx;
    ssize_t got = m->input(m->ctx, m->stream_at, buf, n, e);

    m->stream_at += got > 0 ? (uint64_t)got : 0;
    return got;
}

static void begin_stream(struct members *m, uint64_t from)
{
    m->streaming = true;
    forget_all(m);
    m->stream_at = from;
    m->stream = from ? inflater_from(m->z, from, m->out, stream_input, m)
                     : inflater_new(stream_input, m, m->z);
}

static void add_points(struct members *m, const struct unit *u)
{
    for (size_t i = 0; i < u->n_member; i++)
        zaccess_member(m->z, u->begin + u->member[i].in, m->out + u->member[i].out);
}

/* Under the lock: the next bytes of units; 0 if there are none, or the stream has to give them. */
static size_t give(struct members *m, void *buf, size_t n)
{
    unsigned i;

    while (!m->streaming && (i = front(m)) < MAX_UNITS) {
        struct unit *u = m->unit[i];
        size_t more = MIN(n, u->out.len - u->given);

        if (m->at == 0 && is_gzip(strbuf_slice(&u->out))) {
            begin_stream(m, 0); /* a gzip inside the gzip */
            return 0;
        }
        if (u->given == 0)
            add_points(m, u);
        if (more > 0) {
            memcpy(buf, u->out.buf + u->given, more);
            u->given += more;
            m->out += more;
            return more;
        }
        m->at = u->end;
        if (u->failed)
            begin_stream(m, u->end);
        else
            forget(m, i);
    }
    return 0;
}

ssize_t members_read(struct members *m, void *buf, size_t n, struct err *e)
{
    size_t got = 0;

    pthread_mutex_lock(&m->lock);
    if (!m->streaming)
        got = give(m, buf, n);
    pthread_mutex_unlock(&m->lock);
    return got || !m->stream ? (ssize_t)got : inflater_read(m->stream, buf, n, e);
}

uint64_t members_at(const struct members *m)
{
    return m->stream ? m->stream_at : m->at;
}

struct members *members_new(uint64_t size, members_input_fn input, void *ctx, struct zaccess *z)
{
    struct strbuf in = STRBUF_INIT;
    struct members *m;

    if (membudget_limit() / 2 < MAX_UNITS * (uint64_t)ENOUGH)
        return NULL;
    m = xcalloc(1, sizeof(*m));
    m->size = size;
    m->input = input;
    m->ctx = ctx;
    m->z = z;
    pthread_mutex_init(&m->lock, NULL);
    pthread_cond_init(&m->ready, NULL);
    if (read_unit(m, 0, &in) == SIZE_MAX) {
        members_free(m);
        m = NULL;
    }
    strbuf_release(&in);
    return m;
}

void members_free(struct members *m)
{
    if (!m)
        return;
    forget_all(m);
    inflater_free(m->stream);
    pthread_mutex_destroy(&m->lock);
    pthread_cond_destroy(&m->ready);
    free(m);
}
