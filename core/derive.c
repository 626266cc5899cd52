/* derive.c - texts made from texts. */
#include "derive.h"

#include "edge.h"
#include "explain.h"
#include "tok_space.h"
#include "value.h"

#define MAX_TEMPLATE 512 /* of a path; what is behind is left off */
#define MAX_SEGMENTS 32

/* --- path templates --- */

struct letters {
    unsigned digits, hex, letters, dashes, others;
};

static struct letters count_letters(struct slice s)
{
    struct letters n = {0};

    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i], low = c | 0x20;

        if (c >= '0' && c <= '9')
            n.digits++;
        else if (low >= 'a' && low <= 'f')
            n.hex++;
        else if (low >= 'g' && low <= 'z')
            n.letters++;
        else if (c == '-' || c == '_')
            n.dashes++;
        else
            n.others++;
    }
    return n;
}

/* Whether a path segment names one thing among many rather than a kind of thing. */
static bool is_id(struct slice s)
{
    struct letters n = count_letters(s);

    if (!n.digits || n.others)
        return false;
    if (!n.hex && !n.letters)
        return true; /* 4711, 2024-01-02 */
    if (!n.letters && n.digits + n.hex >= 8)
        return true;                     /* hexadecimal, UUIDs */
    return s.len >= 16 && n.digits >= 3; /* ids in letters and digits */
}

/* Digits at the end of the segment, from 4 on, behind a dash: order-12345. */
static size_t tail_digits(struct slice s)
{
    size_t n = 0;

    while (n < s.len && (unsigned char)(s.ptr[s.len - 1 - n] - '0') <= 9)
        n++;
    return n >= 4 && n < s.len && strchr("-_.:", s.ptr[s.len - 1 - n]) ? n : 0;
}

static char *put(char *to, struct slice s)
{
    memcpy(to, s.ptr, s.len);
    return to + s.len;
}

static char *put_segment(char *to, struct slice s)
{
    const char *dot = s.len ? memrchr(s.ptr, '.', s.len) : NULL;
    struct slice stem = s, ext = slice_of(slice_end(s), 0);
    size_t tail;

    if (dot && dot > s.ptr && slice_end(s) - dot <= 6) {
        stem.len = (size_t)(dot - s.ptr);
        ext = slice_of(dot, s.len - stem.len);
    }
    tail = tail_digits(stem);
    if (is_id(stem)) {
        to = put(to, SL("{id}"));
    } else if (tail) {
        to = put(to, slice_of(stem.ptr, stem.len - tail));
        to = put(to, SL("{id}"));
    } else {
        to = put(to, stem);
    }
    return put(to, ext);
}

struct slice derive_path_template(const struct derive_from *from, struct slice base,
                                  struct arena *mem)
{
    struct slice rest = slice_of(base.ptr, MIN(base.len, (size_t)MAX_TEMPLATE));
    size_t room = rest.len + 4 * MAX_SEGMENTS + 8;
    char *out = arena_alloc(mem, room), *to = out;
    bool whole = rest.len == base.len;

    (void)from;
    for (unsigned n = 0; rest.ptr; n++) {
        struct slice segment = slice_cut(&rest, '/');

        if (n == MAX_SEGMENTS) {
            whole = false;
            break;
        }
        if (n)
            *to++ = '/';
        to = put_segment(to, segment);
    }
    if (!whole)
        to = put(to, SL("..."));
    arena_shrink(mem, room, (size_t)(to - out));
    return slice_of(out, (size_t)(to - out));
}

/* --- encodings --- */

static struct slice decoded(struct slice base, unsigned flags, struct arena *mem)
{
    const struct field_def as = {.flags = flags};
    struct strbuf sb = STRBUF_INIT;
    struct slice s = field_decode(&as, base, &sb);

    if (s.ptr == sb.buf)
        s = arena_keep(mem, s);
    strbuf_release(&sb);
    return s;
}

struct slice derive_decoded(const struct derive_from *from, struct slice base, struct arena *mem)
{
    return decoded(base, FF_URLENC | (from->field->flags & FF_HEXESC), mem);
}

struct slice derive_decoded_twice(const struct derive_from *from, struct slice base,
                                  struct arena *mem)
{
    (void)from;
    return decoded(base, FF_URLENC | FF_URLENC2, mem);
}

struct slice derive_decoded_key(const struct derive_from *from, struct slice base,
                                struct arena *mem)
{
    (void)from;
    return decoded(decoded(base, FF_URLENC, mem), FF_URLENC, mem);
}

/* --- URLs --- */

struct slice derive_url_scheme(const struct derive_from *from, struct slice base, struct arena *mem)
{
    (void)from;
    (void)mem;
    return split_url(base).scheme;
}

struct slice derive_url_port(const struct derive_from *from, struct slice base, struct arena *mem)
{
    struct slice port = split_url(base).port;

    (void)from;
    (void)mem;
    return is_digits(port) ? port : (struct slice){NULL, 0};
}

/* --- names --- */

/* Also where no airport of that code is known: sites go by it all the same. */
struct slice derive_edge_iata(const struct derive_from *from, struct slice base, struct arena *mem)
{
    (void)from;
    (void)mem;
    return edge_has_shape(base) ? slice_of(base.ptr, 3) : (struct slice){NULL, 0};
}

struct slice derive_edge_city(const struct derive_from *from, struct slice base, struct arena *mem)
{
    struct edge_place place;

    (void)from;
    (void)mem;
    return edge_lookup(base, &place, NULL) ? slice_str(place.city) : (struct slice){NULL, 0};
}

struct slice derive_edge_country(const struct derive_from *from, struct slice base,
                                 struct arena *mem)
{
    struct edge_place place;

    (void)from;
    (void)mem;
    return edge_lookup(base, &place, NULL) ? slice_str(place.country) : (struct slice){NULL, 0};
}

struct slice derive_word(const struct derive_from *from, struct slice base, struct arena *mem)
{
    struct explanation e = {0};
    struct slice s;

    if (!explain_value(slice_str(from->lt->fmt->name), slice_str(from->field->name), base, &e) ||
        !e.meaning)
        return (struct slice){NULL, 0};
    s = slice_str(e.meaning);
    s = slice_cut(&s, ':');
    return arena_keep(mem, s); /* the text may be a buffer that the next call reuses */
}

struct slice derive_resource_name(const struct derive_from *from, struct slice base,
                                  struct arena *mem)
{
    struct slice rest = base, part;

    (void)from;
    (void)mem;
    if (slice_starts(base, "arn:"))
        for (unsigned i = 0; i < 5 && rest.ptr; i++)
            slice_cut(&rest, ':');
    if (!rest.ptr)
        return rest;
    part = slice_cut(&rest, '/');
    if (!rest.ptr)
        return slice_cut(&part, ':');
    /* loadbalancer/app/NAME/ID, targetgroup/NAME/ID, app/NAME/ID, role/PATH/NAME */
    if (slice_is(part, "loadbalancer"))
        slice_cut(&rest, '/');
    return slice_cut(&rest, '/');
}

struct slice derive_elb_name(const struct derive_from *from, struct slice base, struct arena *mem)
{
    struct slice rest = base;

    (void)from;
    (void)mem;
    slice_cut(&rest, '/');
    return rest.ptr ? slice_cut(&rest, '/') : base;
}
