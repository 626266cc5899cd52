/* index_contents.c - the table of contents as bytes: numbers of as many bytes as they need, seven
 * bits in each, texts and arrays with their length before them. */
#define XXH_INLINE_ALL
#include "index_contents.h"

#include <xxhash.h>

#include "frame.h"
#include "xalloc.h"

#define MAX_ITEMS (1u << 28) /* no list is longer */
#define MAX_NUMBER 10        /* bytes */
#define LEAST_SOURCE 24      /* bytes */

/* --- bytes --- */

/* The low bits first; the highest bit of a byte: there is another one. */
static void put(struct strbuf *out, uint64_t x)
{
    char bytes[MAX_NUMBER];
    size_t n = 0;

    for (; x > 0x7f; x >>= 7)
        bytes[n++] = (char)(x | 0x80);
    bytes[n++] = (char)x;
    strbuf_add(out, bytes, n);
}

static void put_bytes(struct strbuf *out, struct slice s)
{
    put(out, s.ptr ? s.len + 1 : 0);
    strbuf_addsl(out, s);
}

static void put_block(struct strbuf *out, const struct index_block *b)
{
    put(out, b->off);
    put(out, b->len);
    put(out, b->hash);
}

struct reader {
    struct slice left;
    bool bad;
};

static uint64_t take(struct reader *r)
{
    uint64_t x = 0;

    for (size_t i = 0; i < MIN(r->left.len, (size_t)MAX_NUMBER); i++) {
        unsigned char byte = (unsigned char)r->left.ptr[i];

        x |= (uint64_t)(byte & 0x7f) << 7 * i;
        if (byte < 0x80) {
            r->left = slice_of(r->left.ptr + i + 1, r->left.len - i - 1);
            return x;
        }
    }
    r->bad = true;
    return 0;
}

static uint32_t take_small(struct reader *r)
{
    uint64_t x = take(r);

    r->bad = r->bad || x > UINT32_MAX;
    return (uint32_t)x;
}

/* The length of a list whose items take at least `least` bytes each. */
static size_t take_count(struct reader *r, size_t least)
{
    uint64_t n = take(r);

    if (n > MAX_ITEMS || n > r->left.len / least) {
        r->bad = true;
        return 0;
    }
    return n;
}

static struct slice take_bytes(struct reader *r)
{
    uint64_t n = take(r);
    struct slice s;

    if (n == 0 || r->bad)
        return (struct slice){NULL, 0};
    if (--n > r->left.len) {
        r->bad = true;
        return (struct slice){NULL, 0};
    }
    s = slice_of(r->left.ptr, n);
    r->left = slice_of(r->left.ptr + n, r->left.len - n);
    return s;
}

static struct index_block take_block(struct reader *r)
{
    struct index_block b;

    b.off = take(r);
    b.len = take(r);
    b.hash = take(r);
    return b;
}

/* --- log types: by name; fields that were learned are learned again --- */

/* Objects were not learned but asked for, by their members: they will be so again. */
static bool was_learned(const struct logtype *lt, unsigned f)
{
    return !(lt->field[f]->flags & FF_COMPOSITE);
}

static void put_types(struct strbuf *out)
{
    put(out, logtype_count());
    for (unsigned t = 0; t < logtype_count(); t++) {
        const struct logtype *lt = logtype_get(t);
        unsigned n = lt->n_fields, from = lt->n_static + MAX_EXTRA, learned = 0;

        for (unsigned f = from; f < n; f++)
            learned += was_learned(lt, f);
        put_bytes(out, slice_str(lt->fmt->name));
        put(out, learned);
        for (unsigned f = from; f < n; f++)
            if (was_learned(lt, f))
                put_bytes(out, slice_str(lt->field[f]->name));
    }
}

struct types {
    struct logtype *lt[MAX_TYPES];
    size_t n;
};

static void take_types(struct reader *r, struct types *t)
{
    t->n = take_count(r, 2);
    if (t->n > MAX_TYPES)
        r->bad = true;
    for (size_t i = 0; !r->bad && i < t->n; i++) {
        size_t n;

        t->lt[i] = logtype_by_name(take_bytes(r));
        n = take_count(r, 1);
        for (size_t f = 0; !r->bad && f < n; f++) {
            struct slice name = take_bytes(r);

            if (t->lt[i])
                logtype_field(t->lt[i], name, true);
        }
    }
}

static struct logtype *take_type(struct reader *r, const struct types *t)
{
    uint64_t i = take(r);

    if (i >= t->n || !t->lt[i]) {
        r->bad = true;
        return logtype_text();
    }
    return t->lt[i];
}

/* --- layouts and frames --- */

static void put_layouts(struct strbuf *out, const struct contents *c)
{
    put(out, c->n_layout);
    for (size_t i = 0; i < c->n_layout; i++) {
        const struct layout *l = layout_by_id(c->layout[i].id);
        const struct logtype *lt = c->layout[i].lt;

        put(out, lt->id);
        put(out, l->n);
        for (unsigned f = 0; f < l->n; f++)
            put_bytes(out, slice_str(lt->field[l->field[f]]->name));
    }
}

static void take_layouts(struct reader *r, const struct types *t, struct contents *c)
{
    size_t n = take_count(r, 2);

    for (size_t i = 0; !r->bad && i < n; i++) {
        struct logtype *lt = take_type(r, t);
        size_t fields = take_count(r, 1);
        uint16_t field[MAX_COLUMNS];
        const struct layout *l = NULL;

        if (fields > MAX_COLUMNS)
            r->bad = true;
        for (size_t f = 0; !r->bad && f < fields; f++) {
            int at = logtype_field(lt, take_bytes(r), true);

            field[f] = (uint16_t)at;
            r->bad = r->bad || at < 0;
        }
        if (!r->bad)
            l = layout_intern(lt, field, (unsigned)fields);
        if (!l) {
            r->bad = true;
            return;
        }
        GROW(c->layout, c->cap_layout, c->n_layout + 1);
        c->layout[c->n_layout++] = (struct contents_layout){lt, l->id};
    }
}

static void put_frames(struct strbuf *out, const struct contents *c)
{
    put(out, c->n_frame);
    for (size_t i = 0; i < c->n_frame; i++) {
        const struct frame *f = frame_by_id(c->frame[i]);

        put(out, f->kind);
        put(out, f->payload);
        put_bytes(out, f->group);
        put_bytes(out, f->stream);
        put_bytes(out, f->owner);
        put_bytes(out, slice_of((const char *)f->csv, sizeof(f->csv)));
    }
}

static void take_frames(struct reader *r, struct contents *c)
{
    size_t n = take_count(r, 6);

    for (size_t i = 0; !r->bad && i < n; i++) {
        struct frame f = {0};
        struct slice csv;

        f.kind = (enum frame_kind)take(r);
        f.payload = (enum frame_payload)take(r);
        f.group = take_bytes(r);
        f.stream = take_bytes(r);
        f.owner = take_bytes(r);
        csv = take_bytes(r);
        if (f.kind > FRAME_EXEC || f.payload > PAYLOAD_SKIP || csv.len != sizeof(f.csv)) {
            r->bad = true;
            return;
        }
        memcpy(f.csv, csv.ptr, sizeof(f.csv));
        if (contents_add_frame(c, frame_intern(&f)->id) != i)
            r->bad = true;
    }
}

uint32_t contents_layout(const struct contents *c, uint32_t i)
{
    return i < c->n_layout ? c->layout[i].id : UINT32_MAX;
}

uint32_t contents_add_layout(struct contents *c, const struct logtype *lt, uint32_t id)
{
    if (!layout_by_id(id))
        return UINT32_MAX;
    for (size_t i = c->n_layout; i-- > 0;)
        if (c->layout[i].id == id && c->layout[i].lt == lt)
            return (uint32_t)i;
    GROW(c->layout, c->cap_layout, c->n_layout + 1);
    c->layout[c->n_layout] = (struct contents_layout){(struct logtype *)(uintptr_t)lt, id};
    return (uint32_t)c->n_layout++;
}

uint32_t contents_add_frame(struct contents *c, uint32_t id)
{
    if (id >= c->n_frame_at) {
        uint32_t n = MAX(id + 1, 2 * c->n_frame_at);

        c->frame_at = xreallocarray(c->frame_at, n, sizeof(*c->frame_at));
        memset(c->frame_at + c->n_frame_at, 0, (n - c->n_frame_at) * sizeof(*c->frame_at));
        c->n_frame_at = n;
    }
    if (!c->frame_at[id]) {
        GROW(c->frame, c->cap_frame, c->n_frame + 1);
        c->frame[c->n_frame++] = id;
        c->frame_at[id] = (uint32_t)c->n_frame;
    }
    return c->frame_at[id] - 1;
}

/* --- segments and texts --- */

void contents_add_segment(struct contents *c, const struct contents_segment *s)
{
    GROW(c->segment, c->cap_segment, c->n_segment + 1);
    c->segment[c->n_segment++] = *s;
}

void contents_add_texts(struct contents *c, const struct contents_texts *t)
{
    GROW(c->texts, c->cap_texts, c->n_texts + 1);
    c->texts[c->n_texts++] = *t;
}

static void put_blocks(struct strbuf *out, const struct contents *c)
{
    put(out, c->n_segment);
    for (size_t i = 0; i < c->n_segment; i++) {
        put(out, c->segment[i].lt->id);
        put(out, c->segment[i].n);
        put_block(out, &c->segment[i].block);
    }
    put(out, c->n_texts);
    for (size_t i = 0; i < c->n_texts; i++) {
        put(out, c->texts[i].lt->id);
        put(out, c->texts[i].field);
        put(out, c->texts[i].first);
        put(out, c->texts[i].n);
        put_block(out, &c->texts[i].block);
    }
}

static void take_blocks(struct reader *r, const struct types *t, struct contents *c)
{
    size_t n = take_count(r, 5);

    for (size_t i = 0; !r->bad && i < n; i++) {
        struct contents_segment s = {.lt = take_type(r, t)};

        s.n = take_small(r);
        s.block = take_block(r);
        contents_add_segment(c, &s);
    }
    c->n_loaded = c->n_segment;
    n = take_count(r, 7);
    for (size_t i = 0; !r->bad && i < n; i++) {
        struct contents_texts s = {.lt = take_type(r, t)};

        s.field = take_small(r);
        s.first = take_small(r);
        s.n = take_small(r);
        s.block = take_block(r);
        r->bad = r->bad || s.field >= s.lt->n_static;
        contents_add_texts(c, &s);
    }
}

/* --- sources --- */

/* Every number of a source, in the order of the file. */
#define SOURCE_NUMBERS(X)                                                                          \
    X(id)                                                                                          \
    X(kind)                                                                                        \
    X(framed)                                                                                      \
    X(dev)                                                                                         \
    X(ino)                                                                                         \
    X(size)                                                                                        \
    X(mtime_ns)                                                                                    \
    X(ctime_ns)                                                                                    \
    X(edge[0])                                                                                     \
    X(edge[1])                                                                                     \
    X(records)                                                                                     \
    X(lines)                                                                                       \
    X(headers)                                                                                     \
    X(blanks)                                                                                      \
    X(inflated)                                                                                    \
    X(end)                                                                                         \
    X(first_us)                                                                                    \
    X(last_us)                                                                                     \
    X(layout)                                                                                      \
    X(tail_at)                                                                                     \
    X(tail_lines)

void contents_put_source(struct contents_writer *w, const struct contents_source *s)
{
    struct strbuf *out = &w->out;
    bool same = w->n_source++ && slice_eq(w->why, s->why);

#define X(member) put(out, (uint64_t)s->member);
    SOURCE_NUMBERS(X)
#undef X
    put(out, s->lt->id);
    for (unsigned i = 0; i < REASON_COUNT; i++)
        put(out, s->unparsed[i]);
    put_bytes(out, s->name);
    put(out, same);
    if (!same)
        put_bytes(out, s->why);
    w->why = s->why;
    put_bytes(out, s->chunk_lines);
    put_bytes(out, s->points);
}

/* `why` is that of the source before, and then of this one. */
static void take_source(struct reader *r, const struct types *t, struct contents_source *s,
                        struct slice *why)
{
#define X(member) s->member = (__typeof__(s->member))take(r);
    SOURCE_NUMBERS(X)
#undef X
    s->lt = take_type(r, t);
    for (unsigned i = 0; i < REASON_COUNT; i++)
        s->unparsed[i] = take(r);
    s->name = take_bytes(r);
    if (!take(r))
        *why = take_bytes(r);
    s->why = *why;
    s->chunk_lines = take_bytes(r);
    s->points = take_bytes(r);
}

static uint32_t slot_of(const struct contents *c, struct slice name)
{
    uint32_t mask = c->n_slot - 1, i = (uint32_t)XXH3_64bits(name.ptr, name.len) & mask;

    while (c->slot[i] && !slice_eq(c->source[c->slot[i] - 1].name, name))
        i = (i + 1) & mask;
    return i;
}

static void take_sources(struct reader *r, const struct types *t, struct contents *c)
{
    uint64_t n = UINT64_MAX;
    struct slice why = {NULL, 0};

    if (r->left.len >= sizeof(n)) {
        memcpy(&n, r->left.ptr, sizeof(n));
        r->left = slice_of(r->left.ptr + sizeof(n), r->left.len - sizeof(n));
    }
    if (n > MIN(r->left.len / LEAST_SOURCE, (size_t)MAX_ITEMS)) {
        r->bad = true;
        return;
    }
    for (c->n_slot = 16; c->n_slot < 2 * n;)
        c->n_slot *= 2;
    c->slot = xcalloc(c->n_slot, sizeof(*c->slot));
    c->source = xcalloc(MAX(n, (size_t)1), sizeof(*c->source));
    for (size_t i = 0; !r->bad && i < n; i++) {
        struct contents_source *s = &c->source[i];

        take_source(r, t, s, &why);
        if (r->bad || !s->name.ptr || s->id >= c->next_id) {
            r->bad = true;
            return;
        }
        c->slot[slot_of(c, s->name)] = (uint32_t)++c->n_source;
    }
}

struct contents_source *contents_find(const struct contents *c, struct slice name)
{
    uint32_t at = c->n_source ? c->slot[slot_of(c, name)] : 0;

    return at ? &c->source[at - 1] : NULL;
}

/* --- the whole --- */

bool contents_read(struct contents *c, struct slice bytes)
{
    struct reader r = {bytes, false};
    struct types types = {.n = 0};

    memset(c, 0, sizeof(*c));
    c->next_id = c->n_loaded_id = take_small(&r);
    take_types(&r, &types);
    take_layouts(&r, &types, c);
    take_frames(&r, c);
    take_blocks(&r, &types, c);
    take_sources(&r, &types, c);
    if (r.bad)
        contents_release(c);
    return !r.bad;
}

void contents_release(struct contents *c)
{
    free(c->segment);
    free(c->texts);
    free(c->layout);
    free(c->frame);
    free(c->frame_at);
    free(c->source);
    free(c->slot);
    memset(c, 0, sizeof(*c));
}

void contents_begin(struct contents_writer *w, const struct contents *c)
{
    memset(w, 0, sizeof(*w));
    put(&w->out, c->next_id);
    put_types(&w->out);
    put_layouts(&w->out, c);
    put_frames(&w->out, c);
    put_blocks(&w->out, c);
    w->count_at = w->out.len;
    strbuf_add(&w->out, &w->n_source, sizeof(w->n_source));
}

struct slice contents_end(struct contents_writer *w)
{
    memcpy(w->out.buf + w->count_at, &w->n_source, sizeof(w->n_source));
    return strbuf_slice(&w->out);
}

void contents_writer_release(struct contents_writer *w)
{
    strbuf_release(&w->out);
}
