/* frame.c - the table of frames, and what is inside a record of each kind. */
#include "frame.h"

#include <pthread.h>
#include <stdatomic.h>

#include "json.h"
#include "tok_space.h"
#include "value.h"
#include "xalloc.h"

#define MAX_FRAMES 65536
#define N_SLOTS (2 * MAX_FRAMES)
#define MAX_NAME 512 /* of a log group or stream, as the service allows */

static const struct frame bare_lines = {.id = FRAME_ID_LINES, .kind = FRAME_LINES};
static _Atomic(const struct frame *) frames[MAX_FRAMES] = {&bare_lines};
static unsigned n_frames = 1; /* under `lock`, as is `slot` */
static uint32_t *slot;        /* ids, 0 = free */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static bool same_frame(const struct frame *a, const struct frame *b)
{
    return a->kind == b->kind && a->payload == b->payload && slice_eq(a->group, b->group) &&
           slice_eq(a->stream, b->stream) && slice_eq(a->owner, b->owner) &&
           memcmp(a->csv, b->csv, sizeof(a->csv)) == 0;
}

static uint32_t hash_of(struct slice s, uint32_t h)
{
    for (size_t i = 0; i < s.len; i++)
        h = (h ^ (unsigned char)s.ptr[i]) * 16777619u;
    return h ^ h >> 15;
}

static struct slice keep_name(struct slice s)
{
    return s.ptr ? slice_of(slice_dup(s), s.len) : s;
}

/* Under the lock. NULL if the table is full. */
static const struct frame *find_or_add(const struct frame *f)
{
    uint32_t i = hash_of(f->stream, hash_of(f->group, 17u * (unsigned)f->kind + f->payload));
    struct frame *own;

    if (!slot)
        slot = xcalloc(N_SLOTS, sizeof(*slot));
    for (i %= N_SLOTS; slot[i]; i = (i + 1) % N_SLOTS)
        if (same_frame(frame_by_id(slot[i]), f))
            return frame_by_id(slot[i]);
    if (n_frames == MAX_FRAMES)
        return NULL;
    own = xmemdup(f, sizeof(*f));
    own->id = n_frames;
    own->group = keep_name(f->group);
    own->stream = keep_name(f->stream);
    own->owner = keep_name(f->owner);
    slot[i] = n_frames;
    atomic_store_explicit(&frames[n_frames++], own, memory_order_release);
    return own;
}

const struct frame *frame_intern(const struct frame *f)
{
    struct frame plain = *f;
    const struct frame *found = &bare_lines;

    if (f->kind == FRAME_LINES)
        return found;
    plain.group.len = MIN(plain.group.len, (size_t)MAX_NAME);
    plain.stream.len = MIN(plain.stream.len, (size_t)MAX_NAME);
    plain.owner.len = MIN(plain.owner.len, (size_t)MAX_NAME);
    pthread_mutex_lock(&lock);
    /* Room is left for every frame without names. */
    if (n_frames < MAX_FRAMES - 1024)
        found = find_or_add(&plain);
    else {
        plain.group = plain.stream = plain.owner = (struct slice){NULL, 0};
        found = find_or_add(&plain);
    }
    pthread_mutex_unlock(&lock);
    return found ? found : &bare_lines;
}

const struct frame *frame_by_id(unsigned id)
{
    const struct frame *f =
        id < MAX_FRAMES ? atomic_load_explicit(&frames[id], memory_order_acquire) : NULL;

    return f ? f : &bare_lines;
}

/* --- times --- */

static int64_t any_time(struct slice s)
{
    int64_t us;

    return s.ptr && (parse_epoch(s, &us) || parse_iso8601(s, &us)) ? us : TIME_NONE;
}

/* Whether a text starts as a shape says: d a digit, x a hexadecimal one, l a letter, others
 * themselves. */
static bool has_shape(struct slice s, const char *shape)
{
    for (size_t i = 0; shape[i]; i++) {
        char c = i < s.len ? s.ptr[i] : '\0';
        bool fits = shape[i] == 'd'   ? is_digit(c)
                    : shape[i] == 'x' ? is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
                    : shape[i] == 'l' ? is_letter(c)
                                      : c == shape[i];

        if (!fits)
            return false;
    }
    return true;
}

static bool looks_dated(struct slice s)
{
    return s.len >= 18 && has_shape(s, "dddd-dd-ddT");
}

/* Of the first token of a line, which a colour sequence may end. */
static int64_t leading_time(struct slice token)
{
    token.len = (size_t)(find_byte(token.ptr, token.ptr + token.len, '\x1b') - token.ptr);
    return looks_dated(token) ? any_time(token) : TIME_NONE;
}

/* --- text --- */

/* Behind colour sequences (ESC [ ... m) at the start. */
static struct slice past_colour(struct slice s)
{
    while (s.len > 2 && s.ptr[0] == '\x1b' && s.ptr[1] == '[') {
        const char *m = memchr(s.ptr, 'm', MIN(s.len, (size_t)16));

        if (!m)
            break;
        s = slice_of(m + 1, s.len - (size_t)(m + 1 - s.ptr));
    }
    return s;
}

static struct slice without_colour(struct slice s, struct arena *mem)
{
    char *out, *to;

    if (!s.len || !memchr(s.ptr, '\x1b', s.len))
        return s;
    out = to = arena_alloc(mem, s.len);
    while (s.len) {
        struct slice rest = past_colour(s);
        size_t n;

        if (rest.len == s.len) { /* an escape of another kind stays */
            *to++ = *s.ptr;
            rest = slice_of(s.ptr + 1, s.len - 1);
        }
        n = (size_t)(find_byte(rest.ptr, rest.ptr + rest.len, '\x1b') - rest.ptr);
        memcpy(to, rest.ptr, n);
        to += n;
        s = slice_of(rest.ptr + n, rest.len - n);
    }
    return slice_of(out, (size_t)(to - out));
}

static int64_t second_time(struct slice line, struct slice *stream, struct slice *rest)
{
    *rest = line;
    *stream = slice_cut(rest, ' ');
    if (!rest->ptr || !stream->len)
        return TIME_NONE;
    line = past_colour(*rest);
    *rest = line;
    return leading_time(slice_cut(rest, ' '));
}

/* --- events between tabs --- */

#define MS_DIGITS 13 /* of a time in milliseconds */

static bool is_ms(struct slice s)
{
    return s.len == MS_DIGITS && is_digits(s);
}

/* "EVENTS" and a number, or a time by itself, which is what --query leaves. */
static bool begins_event(struct slice line)
{
    struct slice first = slice_cut(&line, '\t');

    if (!line.ptr)
        return false;
    return is_ms(first) || (slice_is(first, "EVENTS") && is_digits(slice_cut(&line, '\t')));
}

/* Cuts the time off that stands last in an event, behind the last tab of a line. What follows on
 * lines of its own is no part of it. */
static struct slice cut_time(struct slice *s)
{
    const char *p = slice_end(*s), *end = p;

    while (p && (p = memrchr(s->ptr, '\t', (size_t)(p - s->ptr))) != NULL) {
        struct slice rest = slice_of(p + 1, (size_t)(end - p - 1)), ms = slice_cut(&rest, '\n');

        if (is_ms(ms)) {
            s->len = (size_t)(p - s->ptr);
            return ms;
        }
    }
    return (struct slice){NULL, 0};
}

/* EVENTS [ID] INGESTED [STREAM] MESSAGE TIME, in the order of the names of what stands there; the
 * stream comes with the id. */
static void unwrap_event(struct slice raw, struct unwrapped *out)
{
    struct slice rest = raw, first = slice_cut(&rest, '\t'), ms = first;

    if (!rest.ptr)
        return;
    if (!is_ms(first)) {
        ms = cut_time(&rest);
        if (!is_ms(slice_cut(&rest, '\t')) && rest.ptr) {
            slice_cut(&rest, '\t');
            out->stream = slice_cut(&rest, '\t');
        }
    }
    out->ts = any_time(ms);
    out->payload = slice_trim(rest.ptr ? rest : slice_of(raw.ptr + raw.len, 0));
}

bool frame_is_aside(enum frame_kind kind, struct slice raw)
{
    return kind == FRAME_EVENTS && !begins_event(raw);
}

bool frame_begins(enum frame_kind kind, struct slice line)
{
    struct slice rest, stream;

    switch (kind) {
    case FRAME_EXPORT:
    case FRAME_TAIL:
        line = past_colour(line);
        return looks_dated(line) && leading_time(slice_cut(&line, ' ')) != TIME_NONE;
    case FRAME_SAM:
        return second_time(past_colour(line), &stream, &rest) != TIME_NONE;
    case FRAME_EXEC:
        return has_shape(line, "(xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx) ") ||
               has_shape(line, "lll lll dd dd:dd:dd UTC dddd : ") ||
               slice_starts(line, "Execution log for request ");
    case FRAME_EVENTS:
        return begins_event(line) || slice_starts(line, "SEARCHEDLOGSTREAMS\t");
    default:
        return true;
    }
}

static void unwrap_timed(struct slice raw, bool has_stream, struct arena *mem,
                         struct unwrapped *out)
{
    struct slice rest = without_colour(raw, mem), stream = {NULL, 0};
    int64_t ts = leading_time(slice_cut(&rest, ' '));

    if (ts == TIME_NONE)
        return;
    if (has_stream && rest.ptr) { /* --format json has a line feed behind it */
        const char *p = rest.ptr, *end = slice_end(rest);

        while (p < end && *p != ' ' && *p != '\n')
            p++;
        stream = slice_of(rest.ptr, (size_t)(p - rest.ptr));
        rest = p < end ? slice_of(p + 1, (size_t)(end - p - 1)) : (struct slice){NULL, 0};
    }
    out->ts = ts;
    out->stream = stream.len ? stream : out->stream;
    if (rest.len && rest.ptr[0] == '\n') /* --format json starts a line of its own */
        rest = slice_of(rest.ptr + 1, rest.len - 1);
    out->payload = rest.ptr ? rest : slice_of(raw.ptr + raw.len, 0);
}

static void unwrap_sam(struct slice raw, struct arena *mem, struct unwrapped *out)
{
    struct slice rest, stream;
    int64_t ts = second_time(without_colour(raw, mem), &stream, &rest);

    if (ts == TIME_NONE)
        return;
    out->ts = ts;
    out->stream = stream;
    out->payload = rest.ptr ? rest : slice_of(raw.ptr + raw.len, 0);
}

static void unwrap_colon(struct slice raw, struct unwrapped *out)
{
    struct slice rest = raw, number;

    slice_cut(&rest, ':');
    if (!rest.ptr)
        return;
    out->payload = rest;
    number = slice_cut(&rest, ':');
    if (rest.ptr && number.len < 10 && is_digits(number))
        out->payload = rest;
}

static void unwrap_syslog(struct slice raw, struct unwrapped *out)
{
    const char *at = raw.len ? memmem(raw.ptr, raw.len, ": ", 2) : NULL;

    if (at)
        out->payload = slice_of(at + 2, raw.len - (size_t)(at + 2 - raw.ptr));
}

static void unwrap_token(struct slice raw, struct unwrapped *out)
{
    struct slice rest = raw;

    slice_cut(&rest, ' ');
    if (rest.ptr)
        out->payload = rest;
}

/* --- CSV --- */

/* The text of a quoted value, whose opening quote was passed; *rest is then behind the closing. */
static struct slice csv_quoted(struct slice *rest, struct arena *mem)
{
    const char *p = rest->ptr, *end = p + rest->len;
    char *out = arena_alloc(mem, rest->len + 1), *to = out;

    for (;;) {
        const char *quote = find_byte(p, end, '"');

        memcpy(to, p, (size_t)(quote - p));
        to += quote - p;
        p = quote < end ? quote + 1 : end;
        if (p == end || *p != '"')
            break;
        *to++ = *p++;
    }
    arena_shrink(mem, rest->len + 1, (size_t)(to - out));
    *rest = slice_of(p, (size_t)(end - p));
    return slice_of(out, (size_t)(to - out));
}

bool csv_next(struct slice *rest, struct arena *mem, struct slice *value)
{
    if (!rest->ptr)
        return false;
    if (rest->len && rest->ptr[0] == '"') {
        *rest = slice_of(rest->ptr + 1, rest->len - 1);
        *value = csv_quoted(rest, mem);
        slice_cut(rest, ',');
    } else {
        *value = slice_cut(rest, ',');
    }
    return true;
}

static void unwrap_csv(const struct frame *f, struct slice raw, struct arena *mem,
                       struct unwrapped *out)
{
    struct slice got[CSV_COLUMNS] = {{NULL, 0}}, rest = raw, value;

    for (int at = 0; at < INT8_MAX && csv_next(&rest, mem, &value); at++)
        for (unsigned c = 0; c < CSV_COLUMNS; c++)
            if (f->csv[c] == at)
                got[c] = value;
    out->ts = any_time(got[0]);
    out->payload = got[1].ptr ? got[1] : raw;
    out->stream = got[2];
    out->group = got[3];
}

/* --- JSON --- */

static void unwrap_members(struct slice raw, const char *message, const char *time,
                           const char *stream, const char *group, struct arena *mem,
                           struct unwrapped *out)
{
    struct json_member m;

    while (json_next_member(&raw, &m)) {
        if (slice_is(m.key, message))
            out->payload = json_text(m.value, mem);
        else if (slice_is(m.key, time))
            out->ts = any_time(json_text(m.value, mem));
        else if (slice_is(m.key, stream))
            out->stream = json_text(m.value, mem);
        else if (slice_is(m.key, group))
            out->group = json_text(m.value, mem);
    }
}

static void unwrap_results(struct slice raw, struct arena *mem, struct unwrapped *out)
{
    struct slice cell;

    while (json_next_element(&raw, &cell)) {
        struct slice name = json_value(cell, "field", mem), text = json_value(cell, "value", mem);

        if (slice_is(name, "@message"))
            out->payload = text;
        else if (slice_is(name, "@timestamp"))
            out->ts = any_time(text);
        else if (slice_is(name, "@logStream"))
            out->stream = text;
        else if (slice_is(name, "@log"))
            out->group = text;
    }
}

static void unwrap_json(const struct frame *f, struct slice raw, struct arena *mem,
                        struct unwrapped *out)
{
    switch (f->payload) {
    case PAYLOAD_WHOLE:
    case PAYLOAD_SKIP:
        break;
    case PAYLOAD_MESSAGE:
        unwrap_members(raw, "message", "timestamp", "logStreamName", "logGroupName", mem, out);
        break;
    case PAYLOAD_DETAIL:
        unwrap_members(raw, "detail", "time", "", "", mem, out);
        break;
    case PAYLOAD_LOOKUP:
        unwrap_members(raw, "CloudTrailEvent", "EventTime", "", "", mem, out);
        break;
    case PAYLOAD_INSIGHTS:
        unwrap_members(raw, "@message", "@timestamp", "@logStream", "@log", mem, out);
        break;
    case PAYLOAD_RESULTS:
        unwrap_results(raw, mem, out);
        break;
    }
    if (!out->payload.ptr)
        out->payload = raw;
}

/* What a rule of EventBridge sent to a log group: the event is within. */
static void unwrap_rule(struct unwrapped *out)
{
    struct slice detail = json_get(out->payload, SL("detail"));

    if (json_kind(detail) == JSON_OBJECT && json_get(out->payload, SL("detail-type")).ptr)
        out->payload = detail;
}

void frame_unwrap(const struct frame *f, struct slice raw, struct arena *mem, struct unwrapped *out)
{
    *out = (struct unwrapped){raw, TIME_NONE, f->stream, f->group};
    if (f->kind == FRAME_LINES || f->kind == FRAME_EXEC)
        return;
    arena_clear(mem);
    switch (f->kind) {
    case FRAME_LINES:
    case FRAME_EXEC:
        break;
    case FRAME_JSON:
        unwrap_json(f, raw, mem, out);
        break;
    case FRAME_EXPORT:
    case FRAME_TAIL:
        unwrap_timed(raw, f->kind == FRAME_TAIL, mem, out);
        break;
    case FRAME_SAM:
        unwrap_sam(raw, mem, out);
        break;
    case FRAME_CSV:
        unwrap_csv(f, raw, mem, out);
        break;
    case FRAME_COLON:
        unwrap_colon(raw, out);
        break;
    case FRAME_SYSLOG:
        unwrap_syslog(raw, out);
        break;
    case FRAME_TOKEN:
        unwrap_token(raw, out);
        break;
    case FRAME_EVENTS:
        unwrap_event(raw, out);
        break;
    }
    if (slice_starts(out->payload, "{\"version\":\"0\","))
        unwrap_rule(out);
}

enum parse_result frame_parse(const struct frame *f, struct logtype *lt, const struct layout **lay,
                              struct slice raw, struct arena *mem, struct unwrapped *u,
                              struct record *rec)
{
    enum parse_result r;

    frame_unwrap(f, raw, mem, u);
    r = lt->fmt->parse(lt, lay, u->payload, rec);
    if (rec->ts == TIME_NONE || (lt->fmt->container_time && u->ts != TIME_NONE))
        rec->ts = u->ts;
    return r;
}
