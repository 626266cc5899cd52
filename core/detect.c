/* detect.c - tries, in this order: JSON documents if the first byte is a bracket, bare lines, and
 * lines within a container. What is inside is recognised by its own type, so that a flow log line
 * in a CloudWatch export is a flow log record. */
#include "detect.h"

#include "json.h"
#include "source.h"
#include "tok_space.h"

#define HEAD_LINES (64u * 1024) /* bytes that formats of lines may look at */
#define HEAD_INNER (256u * 1024)
#define MAX_COLON 60 /* a foreign prefix must leave lines that fit as well as this */
#define ALL_FIT 90   /* the score of lines that all fit */

/* One line a record, as formats are probed: line feeds in a record become blanks. */
static void add_probe_line(struct strbuf *out, struct slice payload)
{
    size_t at = out->len;

    if (payload.len + out->len > HEAD_INNER)
        payload.len = HEAD_INNER - out->len;
    strbuf_addsl(out, payload);
    for (; at < out->len; at++)
        if (out->buf[at] == '\n')
            out->buf[at] = ' ';
    strbuf_addc(out, '\n');
}

/* What is inside the first records of a head. */
struct inner {
    struct strbuf lines, path; /* the names that the container tells, behind that of the file */
    unsigned n, objects;
    bool contained; /* in a container of messages */
};

static bool holds_messages(const struct frame *f)
{
    if (f->kind == FRAME_JSON)
        return f->payload == PAYLOAD_MESSAGE || f->payload == PAYLOAD_INSIGHTS ||
               f->payload == PAYLOAD_RESULTS;
    return f->kind == FRAME_EXPORT || f->kind == FRAME_TAIL || f->kind == FRAME_SAM ||
           f->kind == FRAME_CSV || f->kind == FRAME_EVENTS;
}

static void add_names(struct strbuf *path, const struct unwrapped *u)
{
    strbuf_addc(path, '\n');
    strbuf_addsl(path, u->group);
    strbuf_addc(path, '\n');
    strbuf_addsl(path, u->stream);
}

static void add_event(struct inner *in, const struct event *e, const char *start, struct arena *mem)
{
    const struct frame *f = frame_by_id(e->frame);
    struct unwrapped u;

    if (e->header)
        return;
    frame_unwrap(f, slice_of(start + e->off, e->len), mem, &u);
    if (in->n == 0)
        add_names(&in->path, &u);
    in->contained |= holds_messages(f);
    in->objects += is_json_object(u.payload);
    add_probe_line(&in->lines, u.payload);
    in->n++;
}

static void look_inside(struct inner *in, struct slice path, struct splitter s, struct slice head,
                        bool whole)
{
    struct events events = {0};
    struct arena mem = {0};

    *in = (struct inner){0};
    strbuf_addsl(&in->path, path);
    split_records(&s, head, whole, &events);
    for (size_t i = 0; i < events.n && in->n < PROBE_LINES; i++)
        add_event(in, &events.item[i], head.ptr, &mem);
    free(events.item);
    arena_release(&mem);
}

static void inner_release(struct inner *in)
{
    strbuf_release(&in->lines);
    strbuf_release(&in->path);
}

static struct logtype *inner_type(const struct inner *in, int *score)
{
    struct probe p = {strbuf_slice(&in->path), strbuf_slice(&in->lines)};

    return best_type(&p, score);
}

static struct logtype *by_name(const char *name)
{
    struct logtype *lt = logtype_by_name(slice_str(name));

    return lt ? lt : logtype_text();
}

/* The type of records that fit none: by what they look like. */
static struct logtype *fallback(const struct inner *in)
{
    if (in->objects * 2 > in->n || !in->n)
        return by_name("json");
    return in->contained ? by_name("cwlogs") : logtype_text();
}

static const char *container_name(enum frame_kind kind)
{
    static const char *const names[] = {
        [FRAME_LINES] = "lines",
        [FRAME_JSON] = "JSON documents",
        [FRAME_EXPORT] = "messages with a time before them",
        [FRAME_TAIL] = "output of aws logs tail",
        [FRAME_SAM] = "output of sam logs",
        [FRAME_CSV] = "a Logs Insights export",
        [FRAME_COLON] = "lines with a file name before them",
        [FRAME_SYSLOG] = "lines with a foreign header",
        [FRAME_TOKEN] = "lines with a word before them",
        [FRAME_EXEC] = "lines and what continues them",
        [FRAME_EVENTS] = "output of aws logs as text",
    };

    return names[kind];
}

static void explain_choice(struct strbuf *why, const struct logtype *lt, enum frame_kind kind)
{
    strbuf_addf(why, "%s, in %s.", lt->fmt->title, container_name(kind));
}

/* --- JSON --- */

static struct logtype *try_json(struct slice path, struct slice head, bool whole,
                                struct splitter *s, struct strbuf *why)
{
    const struct frame f = {.kind = FRAME_JSON};
    struct logtype *lt = NULL;
    struct inner in;
    int score;

    splitter_init(s, frame_intern(&f));
    look_inside(&in, path, *s, head, whole);
    if (!in.n && head.len > 1 && !whole) { /* the first record is larger than what is here */
        add_probe_line(&in.lines, head);
        in.n = in.objects = 1;
    }
    if (in.objects || in.contained || !in.n) {
        lt = inner_type(&in, &score);
        lt = lt ? lt : fallback(&in);
        explain_choice(why, lt, FRAME_JSON);
    }
    inner_release(&in);
    return lt;
}

/* --- containers of lines --- */

static bool csv_columns(struct slice head, struct frame *f)
{
    static const char *const names[CSV_COLUMNS] = {"@timestamp", "@message", "@logStream", "@log"};
    struct slice line, value;
    struct arena mem = {0};

    memset(f->csv, -1, sizeof(f->csv));
    if (!probe_line(&head, &line) || !memmem(line.ptr, line.len, "@message", 8))
        return false;
    for (int8_t at = 0; at < INT8_MAX && csv_next(&line, &mem, &value); at++)
        for (unsigned c = 0; c < CSV_COLUMNS; c++)
            if (slice_is(value, names[c]))
                f->csv[c] = at;
    arena_release(&mem);
    return f->csv[1] >= 0;
}

/* Whether the first line begins a record of this kind; what is said beside records may be first. */
static bool fits_kind(enum frame_kind kind, struct slice head)
{
    unsigned seen = 0, fit = 0;
    struct slice line;

    while (seen < PROBE_LINES && probe_line(&head, &line)) {
        fit += frame_begins(kind, line);
        if (seen++ == 0 && !fit && !frame_is_aside(kind, line))
            return false;
    }
    return fit > 0;
}

/* Whether the first token of the head is a time with an offset rather than a Z. */
static bool has_offset(struct slice head)
{
    struct slice token = slice_cut(&head, ' ');

    if (slice_starts(token, "\x1b[")) /* a colour before it, and one that ends it */
        slice_cut(&token, 'm');
    token = slice_cut(&token, '\x1b');
    return token.len > 6 && (token.ptr[token.len - 6] == '+' || token.ptr[token.len - 6] == '-') &&
           token.ptr[token.len - 3] == ':';
}

struct choice {
    struct logtype *lt;
    struct frame frame;
    int score;
};

static void consider(struct choice *best, struct frame f, struct slice path, struct slice head,
                     bool whole)
{
    struct logtype *lt;
    struct splitter s;
    struct inner in;
    int score;

    splitter_init(&s, frame_intern(&f));
    look_inside(&in, path, s, head, whole);
    lt = inner_type(&in, &score);
    if (!lt && in.n && in.contained) {
        lt = fallback(&in);
        score = 50;
    }
    if (lt && f.kind == FRAME_TAIL)
        score += has_offset(head); /* as only the form with the stream has one */
    if (lt && score > best->score && (in.contained || score >= MAX_COLON))
        *best = (struct choice){lt, f, score};
    inner_release(&in);
}

static struct choice try_containers(struct slice path, struct slice head, bool whole, int score)
{
    static const enum frame_kind timed[] = {FRAME_EXPORT, FRAME_TAIL, FRAME_SAM, FRAME_EVENTS};
    static const enum frame_kind foreign[] = {FRAME_COLON, FRAME_SYSLOG, FRAME_TOKEN};
    struct choice best = {.score = MAX(score, 49)};
    struct frame f = {.kind = FRAME_CSV};

    if (csv_columns(head, &f))
        consider(&best, f, path, head, whole);
    for (unsigned i = 0; i < ARRAY_LEN(timed); i++) {
        f = (struct frame){.kind = timed[i]};
        if (f.kind == FRAME_EXPORT)
            f.stream = s3_export_stream(path);
        if (fits_kind(timed[i], head))
            consider(&best, f, path, head, whole);
    }
    for (unsigned i = 0; i < ARRAY_LEN(foreign) && best.score < MAX_COLON; i++)
        consider(&best, (struct frame){.kind = foreign[i]}, SL(""), head, whole);
    return best;
}

struct logtype *detect_content(struct slice path, struct slice head, bool whole, struct splitter *s,
                               struct strbuf *why)
{
    struct slice lines = slice_past_mark(slice_of(head.ptr, MIN(head.len, (size_t)HEAD_LINES)));
    struct slice first;
    struct probe p = {path, lines};
    struct logtype *lt = NULL;
    struct choice inside = {0};
    int score = 0;

    if (probe_line(&lines, &first) && starts_with_bracket(first))
        lt = try_json(path, head, whole, s, why);
    if (lt)
        return lt;
    splitter_init(s, frame_by_id(FRAME_ID_LINES));
    lt = best_type(&p, &score);
    /* Where not all lines fit, the others may be right: what continues a message in a container
     * looks like a line of its own. */
    if (score < ALL_FIT)
        inside = try_containers(path, p.head, whole && p.head.len == head.len, lt ? score : 0);
    if (!inside.lt && lt == by_name("apigw") && frame_begins(FRAME_EXEC, first))
        splitter_init(s, frame_intern(&(struct frame){.kind = FRAME_EXEC}));
    if (!inside.lt) {
        explain_type(lt, score, why);
        return lt ? lt : logtype_text();
    }
    splitter_init(s, frame_intern(&inside.frame));
    explain_choice(why, inside.lt, inside.frame.kind);
    return inside.lt;
}

struct logtype *detect_record(const struct frame *f, struct slice payload)
{
    struct strbuf line = STRBUF_INIT;
    struct probe p = {.path = SL("")};
    struct inner in = {.n = 1, .objects = is_json_object(payload), .contained = holds_messages(f)};
    struct logtype *lt;
    int score;

    add_probe_line(&line, payload);
    p.head = strbuf_slice(&line);
    lt = best_type(&p, &score);
    lt = lt ? lt : fallback(&in);
    strbuf_release(&line);
    return lt == logtype_text() ? NULL : lt;
}

/* Whether no text is wrong in a log of this type, so that none tells of another one. */
static bool takes_anything(const struct logtype *lt)
{
    return lt == by_name("lambda") || lt == by_name("cwlogs");
}

struct logtype *detect_group(struct logtype *usual, const struct events *ev, size_t i,
                             const char *start)
{
    const struct frame *f = frame_by_id(ev->item[i].frame);
    struct inner in = {0};
    struct arena mem = {0};
    struct logtype *lt;
    int score;

    if (!f->group.len || !takes_anything(usual) ||
        (usual == by_name("lambda") && slice_starts(f->group, "/aws/lambda/")))
        return usual;
    for (; i < ev->n && ev->item[i].frame == f->id && in.n < PROBE_LINES; i++)
        add_event(&in, &ev->item[i], start, &mem);
    lt = inner_type(&in, &score);
    inner_release(&in);
    arena_release(&mem);
    return lt ? lt : usual;
}
