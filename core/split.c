/* split.c - cutting bytes into records, one function a kind of frame. */
#include "split.h"

#include "json.h"
#include "tok_space.h"
#include "xalloc.h"

#define MAX_JOIN (1u << 20)   /* a message of several lines ends here at the latest */
#define PATIENCE (64u * 1024) /* so much of what is no JSON is waited for */

/* Bytes being cut: p is where the next record begins. */
struct cut {
    struct splitter *s;
    const char *start, *p, *end;
    const char *counted; /* line feeds before here are counted */
    uint32_t lines;
    bool last;
    struct events *out;
};

void splitter_init(struct splitter *s, const struct frame *f)
{
    memset(s, 0, sizeof(*s));
    s->kind = f->kind;
    s->frame = f;
}

/* Whether to wait for more bytes rather than to make do with these. */
static bool worth_waiting(const struct cut *c)
{
    return !c->last && c->end - c->p < (ptrdiff_t)PATIENCE;
}

static uint32_t count_feeds(const char *p, const char *end)
{
    uint32_t n = 0;

    for (; p < end && (p = memchr(p, '\n', (size_t)(end - p))); p++)
        n++;
    return n;
}

/* Line feeds before c->p. */
static uint32_t lines_before(struct cut *c)
{
    c->lines += count_feeds(c->counted, c->p);
    c->counted = c->p;
    return c->lines;
}

/* [c->p, to) is a record, if more than blanks. */
static void emit(struct cut *c, const char *to, const struct frame *f, bool header)
{
    struct splitter *s = c->s;
    bool within = s->kind == FRAME_JSON && s->state == SPLIT_IN_ARRAY;
    const char *stop = to;

    while (stop > c->p && (unsigned char)stop[-1] <= ' ')
        stop--;
    if (stop > c->p) {
        GROW(c->out->item, c->out->cap, c->out->n + 1);
        c->out->item[c->out->n++] = (struct event){.off = (uint32_t)(c->p - c->start),
                                                   .len = (uint32_t)(stop - c->p),
                                                   .frame = f->id,
                                                   .line = within ? s->records++ : lines_before(c),
                                                   .document = within ? s->document : 0,
                                                   .header = header};
    }
    c->p = to;
}

/* --- JSON --- */

static bool is_filler(char ch)
{
    return (unsigned char)ch <= ' ';
}

/* Behind blanks and the bytes of `also`, which has no quote and no opening brace. */
static const char *skip(const char *p, const char *end, const char *also)
{
    while (p < end && (is_filler(*p) || (*p != '{' && *p != '"' && strchr(also, *p))))
        p++;
    return p;
}

static const struct frame *json_frame(const struct splitter *s, enum frame_payload payload)
{
    struct frame f = {.kind = FRAME_JSON, .payload = payload};

    return s->frame->payload == payload && !s->frame->stream.ptr && !s->frame->group.ptr
               ? s->frame
               : frame_intern(&f);
}

/* What stands at c->p is no whole value: a record up to the end of the line. */
static void emit_line(struct cut *c)
{
    const char *feed = memchr(c->p, '\n', (size_t)(c->end - c->p));

    emit(c, feed ? feed : c->end, json_frame(c->s, PAYLOAD_WHOLE), false);
    c->s->state = SPLIT_BETWEEN;
}

/* The members of a document that tell what it is. */
struct document {
    const char *array; /* behind the bracket of the array it wraps; NULL if it wraps none */
    enum frame_payload payload;
    bool late; /* what names it stands behind the array */
    struct slice first_key, type, group, stream, owner;
    unsigned marks;
};
enum { HAS_MESSAGE = 1, HAS_STREAM = 2, HAS_DETAIL = 4, HAS_DETAIL_TYPE = 8, HAS_OTHERS = 16 };

/* The first element of the array at p, as far as it is there. */
static struct slice first_element(const char *p, const char *end)
{
    struct slice rest = slice_of(p, (size_t)(end - p)), value;

    return json_next_element(&rest, &value) ? value : (struct slice){NULL, 0};
}

/* Whether the array at p, called `key`, holds records, and of what kind. */
static bool wraps_records(struct document *d, struct slice key, const char *p, const char *end)
{
    struct slice first;

    if (slice_is(key, "Records")) {
        d->payload = PAYLOAD_WHOLE;
        return true;
    }
    if (!slice_is(key, "logEvents") && !slice_is(key, "events") && !slice_is(key, "Events") &&
        !slice_is(key, "results"))
        return false;
    first = first_element(p, end);
    if (slice_is(key, "logEvents") &&
        (d->type.ptr || d->group.ptr || json_get(first, SL("message")).ptr))
        d->payload = slice_is(d->type, "\"CONTROL_MESSAGE\"") ? PAYLOAD_SKIP : PAYLOAD_MESSAGE;
    else if (slice_is(key, "events") && json_get(first, SL("message")).ptr &&
             json_get(first, SL("timestamp")).ptr)
        d->payload = PAYLOAD_MESSAGE;
    else if (slice_is(key, "Events") && json_get(first, SL("CloudTrailEvent")).ptr)
        d->payload = PAYLOAD_LOOKUP;
    else if (slice_is(key, "results") && json_get(first, SL("0.field")).ptr)
        d->payload = PAYLOAD_RESULTS;
    else
        return false;
    return true;
}

static void note_member(struct document *d, struct slice key, struct slice value)
{
    if (slice_is(key, "messageType"))
        d->type = value;
    else if (slice_is(key, "logGroup"))
        d->group = value;
    else if (slice_is(key, "logStream"))
        d->stream = value;
    else if (slice_is(key, "owner"))
        d->owner = value;
    else if (slice_is(key, "logStreamName") || slice_is(key, "ingestionTime"))
        d->marks |= HAS_STREAM;
    else if (slice_is(key, "message"))
        d->marks |= HAS_MESSAGE;
    else if (slice_is(key, "detail") && json_kind(value) == JSON_OBJECT)
        d->marks |= HAS_DETAIL;
    else if (slice_is(key, "detail-type"))
        d->marks |= HAS_DETAIL_TYPE;
    else if (slice_is(key, "@message"))
        d->payload = PAYLOAD_INSIGHTS;
    else if (slice_is(key, "CloudTrailEvent"))
        d->payload = PAYLOAD_LOOKUP;
    else if (!slice_is(key, "timestamp") && !slice_is(key, "id") && !slice_is(key, "eventId"))
        d->marks |= HAS_OTHERS;
}

/* What names a document may stand behind its events, where a tool has sorted the keys. `rest`
 * begins with the events. */
static void look_behind(struct document *d, struct slice rest)
{
    struct json_member m;

    if (json_skip_value(&rest))
        while (json_next_member(&rest, &m))
            note_member(d, m.key, m.value);
}

/* Looks at the members of the document at p, as far as they are there. */
static struct document examine(const char *p, const char *end)
{
    struct document d = {.payload = PAYLOAD_WHOLE};
    struct slice rest = slice_of(p, (size_t)(end - p));
    struct slice key;
    const char *value;

    while (json_next_key(&rest, &key)) {
        value = rest.ptr;
        if (!d.first_key.ptr)
            d.first_key = key;
        d.late = slice_is(key, "logEvents") && !d.type.ptr && !d.group.ptr;
        if (d.late)
            look_behind(&d, rest);
        if (rest.len && *value == '[' && wraps_records(&d, key, value, end)) {
            d.array = value + 1;
            return d;
        }
        if (!json_skip_value(&rest))
            break;
        note_member(&d, key, slice_of(value, (size_t)(rest.ptr - value)));
    }
    if (d.payload == PAYLOAD_WHOLE && (d.marks & HAS_DETAIL) && (d.marks & HAS_DETAIL_TYPE))
        d.payload = PAYLOAD_DETAIL;
    if (d.payload == PAYLOAD_WHOLE && (d.marks & HAS_MESSAGE) &&
        ((d.marks & HAS_STREAM) || !(d.marks & HAS_OTHERS)))
        d.payload = PAYLOAD_MESSAGE;
    return d;
}

static struct slice bare_text(struct slice raw)
{
    return json_kind(raw) == JSON_STRING && raw.len > 2 ? slice_of(raw.ptr + 1, raw.len - 2)
                                                        : (struct slice){NULL, 0};
}

static void enter(struct cut *c, const struct document *d)
{
    struct frame f = {.kind = FRAME_JSON,
                      .payload = d->payload,
                      .group = bare_text(d->group),
                      .stream = bare_text(d->stream),
                      .owner = bare_text(d->owner)};

    c->s->frame = frame_intern(&f);
    c->s->state = SPLIT_IN_ARRAY;
    c->s->document = c->s->lines + lines_before(c) + 1;
    c->s->records = 0;
    c->p = d->array;
}

static void remember(struct splitter *s, const struct document *d)
{
    struct known_document *k = &s->known[s->n_known % KNOWN_DOCUMENTS];
    struct slice key = d->first_key;

    if (!key.len || key.len > sizeof(k->key))
        return;
    memcpy(k->key, key.ptr, key.len);
    k->len = (uint8_t)key.len;
    k->payload = d->payload;
    s->n_known++;
}

/* Documents that start alike are alike: what those before were is not found out again. NULL if
 * none started as this one does. */
static const struct known_document *known_kind(const struct cut *c)
{
    static const struct known_document empty = {.payload = PAYLOAD_WHOLE};
    const char *p = skip(c->p + 1, c->end, "");

    if (p < c->end && *p == '}')
        return &empty;
    if (p == c->end || *p++ != '"')
        return NULL;
    for (unsigned i = 0; i < MIN(c->s->n_known, (unsigned)KNOWN_DOCUMENTS); i++) {
        const struct known_document *k = &c->s->known[i];

        if (c->end - p > k->len && p[k->len] == '"' && memcmp(p, k->key, k->len) == 0)
            return k;
    }
    return NULL;
}

/* The object or array at c->p, which is a record. False: more is needed. */
static bool cut_value(struct cut *c, const struct frame *f, const char *stop, bool broken)
{
    if (!stop && !c->last)
        return false;
    if (!stop)
        emit_line(c);
    else
        emit(c, stop, f, f->payload == PAYLOAD_SKIP);
    if (broken)
        c->s->state = SPLIT_BETWEEN;
    return true;
}

static bool cut_document(struct cut *c)
{
    const struct known_document *known = known_kind(c);
    struct document d;
    bool broken;
    const char *stop = json_document_end(c->p, c->end, &broken);

    if (known)
        return cut_value(c, json_frame(c->s, known->payload), stop, broken);
    d = examine(c->p, stop ? stop : c->end);
    if (d.array && d.late && !stop && worth_waiting(c))
        return false;
    if (d.array) {
        c->s->n_known = 0;
        enter(c, &d);
        return true;
    }
    if (stop && !broken)
        remember(c->s, &d);
    return cut_value(c, json_frame(c->s, d.payload), stop, broken);
}

/* Between documents. An array around documents needs no state: its brackets are passed over. */
static bool cut_between(struct cut *c)
{
    const char *stop;

    c->p = skip(c->p, c->end, ",[]}\xef\xbb\xbf");
    if (c->p == c->end)
        return false;
    if (*c->p == '{')
        return cut_document(c);
    for (stop = c->p; stop < c->end && *stop != '\n' && *stop != '{';)
        stop++;
    if (stop == c->end && worth_waiting(c))
        return false;
    emit(c, stop, json_frame(c->s, PAYLOAD_WHOLE), false);
    return true;
}

static bool cut_element(struct cut *c)
{
    bool broken = false, nested;
    const char *stop;

    c->p = skip(c->p, c->end, ",");
    if (c->p == c->end)
        return false;
    if (*c->p == ']' || *c->p == '}' || *c->p == ':') {
        c->s->state = *c->p == ']' ? SPLIT_BEHIND : SPLIT_BETWEEN;
        c->p += *c->p != ':';
        return true;
    }
    nested = *c->p == '{' || *c->p == '[';
    stop = nested ? json_document_end(c->p, c->end, &broken) : json_end(c->p, c->end);
    if (stop == c->end && !nested && *c->p != '"' && worth_waiting(c))
        return false; /* a number may go on */
    return cut_value(c, c->s->frame, stop, broken);
}

/* The members of a wrapper behind its array. */
static bool cut_behind(struct cut *c)
{
    struct slice rest, key;

    c->p = skip(c->p, c->end, ",");
    if (c->p == c->end)
        return false;
    if (*c->p != '"') {
        c->s->state = SPLIT_BETWEEN;
        c->p += *c->p == '}';
        return true;
    }
    rest = slice_of(c->p, (size_t)(c->end - c->p));
    if (json_next_key(&rest, &key) && json_skip_value(&rest) &&
        (rest.len || !worth_waiting(c))) { /* else a number may go on */
        c->p = rest.ptr;
        return true;
    }
    if (worth_waiting(c))
        return false;
    emit_line(c);
    return true;
}

static void split_json(struct cut *c)
{
    bool more = true;

    while (more && c->p < c->end) {
        switch (c->s->state) {
        case SPLIT_BETWEEN:
            more = cut_between(c);
            break;
        case SPLIT_IN_ARRAY:
            more = cut_element(c);
            break;
        case SPLIT_BEHIND:
            more = cut_behind(c);
            break;
        }
    }
}

/* --- lines --- */

static const char *next_line(const char *p, const char *end)
{
    const char *feed = memchr(p, '\n', (size_t)(end - p));

    return feed ? feed + 1 : end;
}

/* The record before `to`, which may be something said beside the records. */
static void emit_message(struct cut *c, const char *to)
{
    struct slice raw = slice_of(c->p, (size_t)(to - c->p));

    emit(c, to, c->s->frame, frame_is_aside(c->s->kind, raw));
}

/* A record is a line and those behind it that begin none. */
static void split_messages(struct cut *c)
{
    const char *line = c->p;

    while (line < c->end) {
        const char *next = next_line(line, c->end);
        struct slice s = slice_of(line, (size_t)(next - line));

        if (next == c->end && next[-1] != '\n' && !c->last)
            return; /* half a line tells nothing */
        if (line > c->p &&
            (frame_begins(c->s->kind, slice_trim(s)) || line - c->p > (ptrdiff_t)MAX_JOIN))
            emit_message(c, line);
        line = next;
    }
    if (c->last)
        emit_message(c, c->end);
}

static void split_lines(struct cut *c)
{
    while (c->p < c->end) {
        const char *next = next_line(c->p, c->end);

        if (next == c->end && next[-1] != '\n' && !c->last)
            return;
        emit(c, next, c->s->frame, false);
    }
}

/* Behind a CSV line: the first line feed that is not within quotes. */
static const char *csv_end(const char *p, const char *end)
{
    const char *start = p;
    bool quoted = false;

    for (; p < end && (!quoted || p - start < (ptrdiff_t)MAX_JOIN); p++) {
        if (*p == '"')
            quoted = !quoted;
        else if (*p == '\n' && !quoted)
            return p + 1;
    }
    return p < end ? next_line(start, end) : NULL;
}

static void split_csv(struct cut *c)
{
    while (c->p < c->end) {
        const char *next = csv_end(c->p, c->end);

        if (!next && !c->last)
            return;
        emit(c, next ? next : c->end, c->s->frame, !c->s->header_seen);
        c->s->header_seen = true;
    }
}

size_t split_records(struct splitter *s, struct slice bytes, bool last, struct events *out)
{
    struct cut c = {.s = s,
                    .start = bytes.ptr,
                    .p = bytes.ptr,
                    .end = slice_end(bytes),
                    .counted = bytes.ptr,
                    .last = last,
                    .out = out};

    out->n = 0;
    switch (s->kind) {
    case FRAME_JSON:
        split_json(&c);
        break;
    case FRAME_EXPORT:
    case FRAME_TAIL:
    case FRAME_SAM:
    case FRAME_EVENTS:
    case FRAME_EXEC:
        split_messages(&c);
        break;
    case FRAME_CSV:
        split_csv(&c);
        break;
    case FRAME_LINES:
    case FRAME_COLON:
    case FRAME_SYSLOG:
    case FRAME_TOKEN:
        split_lines(&c);
        break;
    }
    if (last)
        c.p = c.end;
    out->lines = lines_before(&c);
    s->lines += out->lines;
    return (size_t)(c.p - c.start);
}
