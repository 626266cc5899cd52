/* ingest.c - chunks to records to segments.
 *
 * Chunks of one plain file are taken by several threads; what must be in order (the chunk number,
 * where JSON documents and messages of several lines begin and, for formats whose columns come from
 * header lines, the layout in force) is settled under the feed's lock before the parsing, which
 * runs outside it. Every line is counted exactly once: as (part of) a record, as a header, or as
 * blank. In a file that is not cut at line feeds a "line" is a record: a JSON event, a message. */
#include "ingest.h"

#include "detect.h"
#include "header.h"
#include "index.h"
#include "json.h"
#include "value.h"
#include "xalloc.h"

#define JOIN_LINES 16 /* a record may span this many lines */
#define JOIN_BYTES (64 * 1024)
#define TAIL_VIEW (64 * 1024)

void ingest_init(struct ingest *in, struct catalog *catalog)
{
    memset(in, 0, sizeof(*in));
    in->catalog = catalog;
    in->rec = record_new();
    in->rec->static_only = true;
}

void ingest_finish(struct ingest *in)
{
    ingest_seal(in);
    for (unsigned t = 0; t < ARRAY_LEN(in->builder); t++) {
        builder_free(in->builder[t]);
        in->builder[t] = NULL;
    }
    record_free(in->rec);
    in->rec = NULL;
    arena_release(&in->mem);
    free(in->events.item);
    in->events = (struct events){0};
}

/* --- one chunk --- */

/* The rows of one type that come out of a chunk. */
struct lane {
    struct builder *b; /* NULL while there are none */
    const struct layout *lay;
    uint32_t frame;    /* of the run that is open */
    uint64_t document; /* likewise */
    uint32_t pending;  /* rows before the first time in this chunk: the newest of the builder */
};

struct work {
    struct ingest *in;
    struct source *src;
    struct logtype *lt;   /* of the record in hand */
    struct logtype *home; /* of the file, or of the log group within it */
    struct lane lane[MAX_TYPES];
    struct slice bytes; /* that are parsed */
    uint32_t frame;     /* of the record in hand */
    uint64_t document;  /* the line on which the document around it starts, or 0 */
    uint32_t chunk;
    uint64_t base;   /* offset of the chunk */
    int64_t last_ts; /* of the record before, TIME_NONE at first */
    uint64_t records, headers, blanks, lines;
    uint64_t unparsed[REASON_COUNT];
    int64_t first_us, last_us;
};

static struct lane *lane_of(struct work *w)
{
    return &w->lane[w->lt->id];
}

static void set_pending(struct lane *l, int64_t ts)
{
    uint32_t n = l->b ? builder_rows(l->b) : 0;

    for (; l->pending > 0; l->pending--)
        builder_timeless(l->b, n - l->pending, ts);
}

static void set_all_pending(struct work *w, int64_t ts)
{
    for (unsigned t = 0; t < MAX_TYPES; t++)
        set_pending(&w->lane[t], ts);
}

static void begin_run(struct work *w, struct lane *l, uint64_t off)
{
    l->frame = w->frame;
    l->document = w->document;
    builder_run(l->b, &(struct run){.source = w->src->id,
                                    .layout = l->lay ? l->lay->id : UINT32_MAX,
                                    .frame = l->frame,
                                    .chunk = w->chunk,
                                    .off = off,
                                    .document = l->document});
}

static struct builder *builder_for(struct ingest *in, struct logtype *lt)
{
    BUG_ON(lt->id >= ARRAY_LEN(in->builder));
    if (!in->builder[lt->id])
        in->builder[lt->id] = builder_new(lt);
    return in->builder[lt->id];
}

/* The lane of the record in hand, with room for a row and a run that fits it. */
static struct lane *open_lane(struct work *w, uint64_t off)
{
    struct lane *l = lane_of(w);
    bool fresh = !l->b;

    if (fresh) {
        l->b = builder_for(w->in, w->lt);
        builder_lend(l->b, w->bytes);
    }
    if (builder_full(l->b)) {
        set_pending(l, w->src->mtime_us);
        ingest_publish(w->in, w->lt->id);
        fresh = true;
    }
    if (fresh || l->frame != w->frame || l->document != w->document)
        begin_run(w, l, off);
    return l;
}

/* The record of w->in->rec, whose bytes are [off, off + len). */
static void add_record(struct work *w, uint64_t off, size_t len, uint32_t line_no)
{
    struct record *rec = w->in->rec;
    bool timed = rec->ts != TIME_NONE;
    struct lane *l = open_lane(w, off);

    if (timed) {
        if (w->last_ts == TIME_NONE)
            set_all_pending(w, rec->ts);
        w->last_ts = rec->ts;
        w->first_us = MIN(w->first_us, rec->ts);
        w->last_us = MAX(w->last_us, rec->ts);
    } else {
        rec->ts = w->last_ts;
    }
    if (!builder_add(l->b, rec, off, (uint32_t)len, line_no)) {
        begin_run(w, l, off);
        BUG_ON(!builder_add(l->b, rec, off, (uint32_t)len, line_no));
    }
    if (!timed && w->last_ts != TIME_NONE)
        builder_timeless(l->b, builder_rows(l->b) - 1, w->last_ts);
    else if (!timed)
        l->pending++;
    w->records++;
    if (rec->reason)
        w->unparsed[rec->reason]++;
}

/* What parsing left of a record that is none. */
static void set_bad(struct record *rec, enum parse_reason reason)
{
    rec->reason = reason;
    rec->n_val = 0;
    rec->ts = TIME_NONE;
}

static struct slice without_cr(struct slice s)
{
    if (s.len && s.ptr[s.len - 1] == '\r')
        s.len--;
    return s;
}

/* A quote is open at the end of the line: joins following lines while the record wants more.
 * A line that begins like a date begins a record of its own. */
static enum parse_result join_lines(struct work *w, struct slice *line, const char *end,
                                    uint32_t *joined)
{
    const struct format *fmt = w->lt->fmt;
    enum parse_result r = PARSE_MORE;
    struct slice whole = *line;

    for (*joined = 0; r == PARSE_MORE && *joined < JOIN_LINES && whole.len < JOIN_BYTES;) {
        const char *next = whole.ptr + whole.len + 1, *nl;

        if (next >= end || (end - next > 5 && next[4] == '-' && next[0] >= '0' && next[0] <= '9'))
            break;
        nl = memchr(next, '\n', (size_t)(end - next));
        whole.len = (size_t)((nl ? nl : end) - whole.ptr);
        ++*joined;
        r = fmt->parse(w->lt, &lane_of(w)->lay, without_cr(whole), w->in->rec);
    }
    if (r == PARSE_MORE || r == PARSE_HEADER) {
        *joined = 0;
        set_bad(w->in->rec, REASON_QUOTE);
        return PARSE_BAD;
    }
    *line = whole;
    return r;
}

/* A line, which may be of the type that stands among those of the file. */
static enum parse_result parse_line(struct work *w, struct slice line)
{
    struct logtype *lt = w->src->lt, *other;
    const struct layout *usual = NULL;
    enum parse_result r;

    w->lt = lt;
    w->in->rec->reason = REASON_NONE;
    r = lt->fmt->parse(lt, &lane_of(w)->lay, line, w->in->rec);
    if (r != PARSE_BAD || !lt->fmt->sibling)
        return r;
    other = logtype_by_name(slice_str(lt->fmt->sibling));
    w->in->rec->reason = REASON_NONE;
    r = other->fmt->parse(other, &usual, line, w->in->rec);
    if (r == PARSE_OK)
        w->lt = other;
    return r == PARSE_OK || r == PARSE_HEADER
               ? r
               : lt->fmt->parse(lt, &lane_of(w)->lay, line, w->in->rec);
}

/* Handles the line at p; returns where the next one begins. */
static const char *one_line(struct work *w, const char *p, const char *start, const char *end)
{
    struct lane *l = &w->lane[w->src->lt->id];
    const struct layout *before = l->lay;
    const char *nl = memchr(p, '\n', (size_t)(end - p));
    struct slice line = slice_of(p, (size_t)((nl ? nl : end) - p));
    uint64_t off = w->base + (uint64_t)(p - start);
    uint32_t joined = 0, line_no = (uint32_t)w->lines;
    enum parse_result r;

    w->lines++;
    if (without_cr(line).len == 0) {
        w->blanks++;
        return nl ? nl + 1 : end;
    }
    r = parse_line(w, without_cr(line));
    if (r == PARSE_MORE)
        r = join_lines(w, &line, end, &joined);
    w->lines += joined;
    if (l->lay != before) { /* by a header, or by a record that is the first of its layout */
        if (r == PARSE_HEADER)
            set_pending(l, w->src->mtime_us);
        if (l->b)
            begin_run(w, l, off);
    }
    if (r == PARSE_HEADER)
        w->headers++;
    else
        add_record(w, off, line.len, line_no);
    p = line.ptr + line.len;
    return p < end ? p + 1 : end;
}

static enum parse_result parse_as(struct work *w, struct logtype *lt, const struct frame *f,
                                  struct slice raw, struct unwrapped *u)
{
    w->lt = lt;
    w->in->rec->reason = REASON_NONE;
    return frame_parse(f, lt, &lane_of(w)->lay, raw, &w->in->mem, u, w->in->rec);
}

/* A message of no known type takes what comes, but an object among texts has members. */
static bool is_object_in_text(const struct logtype *lt, struct slice payload)
{
    return lt->fmt->takes_any && !lt->fmt->json && is_json_object(payload);
}

/* A record that is not of the type of the one before may be of another one. */
static enum parse_result parse_event(struct work *w, const struct frame *f, struct slice raw)
{
    struct logtype *lt = w->lt != w->home && w->lt->fmt->takes_any ? w->home : w->lt, *other;
    struct unwrapped u;
    enum parse_result r = parse_as(w, lt, f, raw, &u);

    if ((r != PARSE_BAD && !is_object_in_text(lt, u.payload)) || w->in->rec->reason == REASON_SKIP)
        return r;
    other = detect_record(f, u.payload);
    if (!other || other == lt)
        return r;
    r = parse_as(w, other, f, raw, &u);
    return r == PARSE_OK ? r : parse_as(w, w->src->lt, f, raw, &u);
}

static void enter_frame(struct work *w, const struct events *ev, size_t i, const char *start)
{
    struct slice before = frame_by_id(w->frame)->group;

    w->frame = ev->item[i].frame;
    if (!slice_eq(before, frame_by_id(w->frame)->group))
        w->lt = w->home = detect_group(w->src->lt, ev, i, start);
}

static void one_event(struct work *w, const struct events *ev, size_t i, const char *start)
{
    const struct event *e = &ev->item[i];
    enum parse_result r;

    w->lines++;
    if (e->header) {
        w->headers++;
        return;
    }
    if (w->frame != e->frame)
        enter_frame(w, ev, i, start);
    w->document = e->document;
    r = parse_event(w, frame_by_id(e->frame), slice_of(start + e->off, e->len));
    if (r == PARSE_HEADER) {
        w->headers++;
        return;
    }
    if (r == PARSE_MORE)
        set_bad(w->in->rec, REASON_QUOTE);
    add_record(w, w->base + e->off, e->len, e->line);
}

static void count(struct work *w)
{
    struct source *s = w->src;
    int64_t seen;

    atomic_fetch_add(&s->records, w->records);
    atomic_fetch_add(&s->headers, w->headers);
    atomic_fetch_add(&s->blanks, w->blanks);
    atomic_fetch_add(&s->lines, w->lines);
    for (unsigned i = 0; i < REASON_COUNT; i++)
        if (w->unparsed[i])
            atomic_fetch_add(&s->unparsed[i], w->unparsed[i]);
    for (seen = s->first_us; w->first_us < seen;)
        if (atomic_compare_exchange_weak(&s->first_us, &seen, w->first_us))
            break;
    for (seen = s->last_us; w->last_us > seen;)
        if (atomic_compare_exchange_weak(&s->last_us, &seen, w->last_us))
            break;
}

/* Bytes to parse: lines, or the records that were found in them. */
struct batch {
    struct slice bytes;
    const struct events *events; /* NULL: lines */
    uint64_t off;
    uint32_t chunk;
};

/* Parses a batch; *lay is the layout in force before it and then behind it. Returns the number of
 * its lines. */
static uint32_t parse_batch(struct ingest *in, struct source *src, const struct layout **lay,
                            const struct batch *batch)
{
    struct work w = {.in = in,
                     .src = src,
                     .lt = src->lt,
                     .home = src->lt,
                     .chunk = batch->chunk,
                     .bytes = batch->bytes,
                     .base = batch->off,
                     .last_ts = TIME_NONE,
                     .first_us = INT64_MAX,
                     .last_us = INT64_MIN};
    const char *p = batch->bytes.ptr, *end = p + batch->bytes.len;

    lane_of(&w)->lay = *lay;
    if (batch->off == 0 && !batch->events)
        p = slice_past_mark(batch->bytes).ptr;
    for (size_t i = 0; batch->events && i < batch->events->n; i++)
        one_event(&w, batch->events, i, batch->bytes.ptr);
    while (!batch->events && p < end)
        p = one_line(&w, p, batch->bytes.ptr, end);
    set_all_pending(&w, src->mtime_us);
    for (unsigned t = 0; t < MAX_TYPES; t++)
        if (w.lane[t].b)
            builder_lend(w.lane[t].b, (struct slice){NULL, 0});
    *lay = w.lane[src->lt->id].lay;
    count(&w);
    return batch->events ? batch->events->lines : (uint32_t)w.lines;
}

static void detect_feed(struct feed *f, struct slice head, bool whole)
{
    struct strbuf why = STRBUF_INIT;

    f->src->lt = detect_content(slice_str(f->src->path), head, whole, &f->split, &why);
    memcpy(f->src->why, why.buf ? why.buf : "", MIN(why.len, sizeof(f->src->why) - 1));
    strbuf_release(&why);
}

static uint32_t next_chunk_id(struct feed *f)
{
    GROW(f->chunk_lines, f->cap_chunk, f->n_chunk + 1);
    f->chunk_lines[f->n_chunk] = UINT32_MAX;
    return (uint32_t)f->n_chunk++;
}

static bool is_framed(const struct feed *f)
{
    return f->split.kind != FRAME_LINES;
}

/* Whether the end of a chunk is that of a record, as far as anybody can tell now. */
static bool is_complete(const struct ingest *in, const struct feed *f, const struct chunk *c)
{
    if (c->last)
        return !in->hold_tail || f->src->kind != SOURCE_PLAIN;
    if (c->paused)
        return f->split.kind != FRAME_JSON && c->ptr[c->len - 1] == '\n';
    return c->len >= MAX_CHUNK;
}

static size_t whole_lines(const struct chunk *c, bool complete)
{
    const char *nl = complete ? NULL : memrchr(c->ptr, '\n', c->len);

    return complete ? c->len : nl ? (size_t)(nl + 1 - c->ptr) : 0;
}

/* The next chunk that has whole records in it; *done: how many bytes they are. What is behind them
 * was given back, unless it is the unfinished end of a file. */
static int next_records(struct ingest *in, struct feed *f, struct chunk *c, size_t *done,
                        struct err *e)
{
    int rc;

    while ((rc = reader_next(f->reader, c, e)) > 0) {
        bool complete;

        if (!f->src->lt)
            detect_feed(f, slice_of(c->ptr, c->len), c->last);
        if (is_framed(f))
            reader_cut_anywhere(f->reader);
        complete = is_complete(in, f, c);
        if (is_framed(f))
            *done = split_records(&f->split, slice_of(c->ptr, c->len), complete, &in->events);
        else
            *done = whole_lines(c, complete || (!c->last && !reader_cuts_anywhere(f->reader)));
        if (c->last || *done == c->len)
            break;
        reader_unread(f->reader, c, c->len - *done);
        if (*done)
            break;
        chunk_release(f->reader, c);
    }
    return rc;
}

/* Whether a header may stand in chunk `id`. */
static bool may_name_columns(const struct feed *f, uint32_t id)
{
    const struct format *fmt = f->src->lt->fmt;

    return fmt->header && !is_framed(f) && (!fmt->header_first || f->lay || id == 0);
}

/* The layout in force behind chunk `id`. */
static void note_layout(struct ingest *in, struct feed *f, const struct chunk *c, uint32_t id)
{
    struct logtype *lt = f->src->lt;
    struct slice bytes = slice_of(c->ptr, c->len);

    if (may_name_columns(f, id)) {
        if (id == 0 && !f->lay)
            f->lay = layout_of_head(lt, bytes, in->rec);
        if (f->lay || !lt->fmt->header_first)
            f->lay = layout_behind(lt, f->lay, bytes, in->rec);
    } else if (id == 0 && is_framed(f) && lt->fmt->header) {
        f->lay = layout_behind_events(lt, &in->events, c->ptr, &in->mem, in->rec);
    }
}

/* Under the feed's lock: the next chunk with its number and layout. */
static int take_chunk(struct ingest *in, struct feed *f, size_t chunk_bytes, struct chunk *c,
                      size_t *done, uint32_t *id, const struct layout **lay, bool *alone,
                      struct err *e)
{
    int rc;

    if (f->exhausted)
        return 0;
    if (!f->reader)
        f->reader = reader_new(f->src, f->end, chunk_bytes);
    if (f->src->lt && is_framed(f))
        reader_cut_anywhere(f->reader);
    rc = next_records(in, f, c, done, e);
    if (rc <= 0) {
        feed_exhaust(f);
        return rc;
    }
    if (c->off >= f->tail_from) {
        chunk_release(f->reader, c);
        feed_exhaust(f);
        return 0;
    }
    if (c->off + c->len > f->tail_from)
        *done = c->len = f->tail_from - c->off;
    f->end = c->off + c->len;
    *id = next_chunk_id(f);
    *lay = f->lay;
    *alone = c->last && *id == 0;
    if (!*alone)
        note_layout(in, f, c, *id);
    return 1;
}

/* An unfinished last record of a file that may grow goes into a segment of its own. */
static void hold_partial(struct ingest *in, struct feed *f, struct slice bytes, uint64_t off,
                         uint32_t id, const struct layout *lay)
{
    struct splitter split = f->split;
    struct batch batch = {.bytes = bytes, .off = off, .chunk = id};
    struct ingest own;
    uint32_t lines;

    ingest_init(&own, in->catalog);
    if (is_framed(f)) {
        split_records(&split, bytes, true, &own.events);
        batch.events = &own.events;
    }
    lines = parse_batch(&own, f->src, &lay, &batch);
    pthread_mutex_lock(&f->lock);
    f->partial_from = off;
    f->chunk_lines[id] = lines;
    f->partial = ingest_publish_alone(&own);
    pthread_mutex_unlock(&f->lock);
    ingest_finish(&own);
}

static void inflate_ahead(struct feed *f)
{
    struct reader *r;

    if (f->src->kind != SOURCE_GZIP)
        return;
    pthread_mutex_lock(&f->lock);
    r = f->reader;
    pthread_mutex_unlock(&f->lock);
    if (r)
        reader_ahead(r);
}

int ingest_next(struct ingest *in, struct feed *f, size_t chunk_bytes, struct err *e)
{
    struct batch batch = {0};
    struct slice rest;
    const struct layout *lay;
    struct chunk c;
    uint32_t lines;
    size_t done = 0;
    bool alone;
    int rc;

    inflate_ahead(f);
    pthread_mutex_lock(&f->lock);
    rc = take_chunk(in, f, chunk_bytes, &c, &done, &batch.chunk, &lay, &alone, e);
    pthread_mutex_unlock(&f->lock);
    if (rc <= 0)
        return rc;
    batch.off = c.off;
    batch.bytes = slice_of(c.ptr, done);
    batch.events = is_framed(f) ? &in->events : NULL;
    rest = slice_of(c.ptr + done, c.len - done);
    lines = parse_batch(in, f->src, &lay, &batch);
    pthread_mutex_lock(&f->lock);
    f->chunk_lines[batch.chunk] = lines;
    if (alone)
        f->lay = lay;
    if (rest.len)
        batch.chunk = next_chunk_id(f);
    pthread_mutex_unlock(&f->lock);
    if (rest.len)
        hold_partial(in, f, rest, c.off + done, batch.chunk, lay);
    chunk_release(f->reader, &c);
    return 1;
}

/* Type and layout of a file from its beginning, for reading its end first. */
static bool learn_head(struct ingest *in, struct feed *f)
{
    struct slice head;
    struct blob_pin pin;
    struct err e;

    if (blob_view(f->src, 0, TAIL_VIEW, &head, &pin, &e) < 0)
        return false;
    detect_feed(f, head, head.len == f->src->size);
    if (f->src->lt->fmt->header && !is_framed(f))
        f->lay = layout_of_head(f->src->lt, head, in->rec);
    blob_unpin(&pin);
    return true;
}

void ingest_tail(struct ingest *in, struct feed *f, size_t bytes)
{
    const struct layout *lay;
    struct slice tail;
    struct blob_pin pin;
    struct err e;
    uint64_t from = f->src->size - bytes;
    const char *nl;

    if (!learn_head(in, f) || is_framed(f) || blob_view(f->src, from, bytes, &tail, &pin, &e) < 0)
        return;
    nl = tail.len == bytes ? memchr(tail.ptr, '\n', tail.len) : NULL;
    if (nl && tail.ptr[tail.len - 1] == '\n') {
        from += (uint64_t)(nl + 1 - tail.ptr);
        tail = slice_of(nl + 1, tail.len - (size_t)(nl + 1 - tail.ptr));
        lay = f->lay;
        f->tail_from = from;
        f->tail_end = from + tail.len;
        f->tail_lines = parse_batch(
            in, f->src, &lay, &(struct batch){.bytes = tail, .off = from, .chunk = TAIL_CHUNK});
        ingest_show(in);
    }
    blob_unpin(&pin);
}
