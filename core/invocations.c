/* invocations.c - Lambda records joined by request id.
 *
 * A sandbox has one log stream and runs one invocation at a time. So a line of a stream that names
 * no request belongs to the invocation that was begun there last. Records are taken in time order
 * over all files, for a stream may be spread over several. */
#include <math.h>

#include "agg.h"
#include "rowloop.h"
#include "xalloc.h"

#define NO_INVOCATION UINT32_MAX
#define LAST_TEXT 400 /* bytes kept of a last line */

/* What the lines of an invocation told about its end. */
enum { TOLD_END = 1, TOLD_ERROR = 2, TOLD_TIMEOUT = 4, TOLD_MEMORY = 8, TOLD_LOGGED = 16 };

struct join {
    struct invocation_table *t;
    size_t cap;
    uint8_t *told;
    bool *wanted; /* a row of it is in the filter */
    size_t cap_told, cap_wanted;
    struct dict *ids, *streams;
    uint32_t *running; /* by id of the stream */
    size_t n_running, cap_running;
    struct rowview view;
    const struct rowset *in, *all;
    const atomic_bool *cancel;
    struct logtype *lt; /* whose fields these are: */
    int kind, request_id, duration, billed, init, memory, used, status, error_type, level, message;
};

static void plan(struct join *j, struct logtype *lt)
{
    struct {
        int *at;
        const char *name;
    } field[] = {
        {&j->kind, "@type"},
        {&j->request_id, "RequestId"},
        {&j->duration, "Duration"},
        {&j->billed, "billed_duration"},
        {&j->init, "init_duration"},
        {&j->memory, "memory_size"},
        {&j->used, "max_memory_used"},
        {&j->status, "Status"},
        {&j->error_type, "error_type"},
        {&j->level, "level"},
        {&j->message, "message"},
    };

    j->lt = lt;
    for (unsigned i = 0; i < ARRAY_LEN(field); i++)
        *field[i].at = logtype_field(lt, slice_str(field[i].name), false);
}

static struct slice text_of(struct join *j, int field)
{
    return record_get(rowview_record(&j->view), (unsigned)field);
}

static void take_number(struct join *j, int field, double *out)
{
    struct val v = text_val(j->lt->field[field], text_of(j, field));

    if (v.kind == VAL_NUM)
        *out = v.num;
}

static struct slice pseudo_text(struct join *j, enum pseudo_field which)
{
    struct field_ref ref = {.pseudo = which};
    struct val v = rowview_value(&j->view, &ref);

    return v.kind == VAL_STR ? v.str : SL("");
}

/* "name" of "123456789012:/aws/lambda/name", else what the key of the file tells */
static struct slice function_name(struct join *j)
{
    struct slice log = pseudo_text(j, PF_LOG);
    const char *p = log.len ? memrchr(log.ptr, '/', log.len) : NULL;

    if (p && memmem(log.ptr, log.len, "/lambda/", 8))
        return slice_of(p + 1, (size_t)(slice_end(log) - p - 1));
    return pseudo_text(j, PF_RESOURCE);
}

static uint32_t begin(struct join *j, struct slice id, struct slice stream)
{
    uint32_t i = dict_add(j->ids, id);

    if (i < j->t->n)
        return i;
    GROW(j->t->row, j->cap, (size_t)i + 1);
    GROW(j->told, j->cap_told, (size_t)i + 1);
    GROW(j->wanted, j->cap_wanted, (size_t)i + 1);
    j->told[i] = 0;
    j->wanted[i] = false;
    j->t->row[j->t->n++] = (struct invocation){
        .request_id = dict_text(j->ids, i),
        .stream = dict_keep(j->t->texts, stream),
        .function = dict_keep(j->t->texts, function_name(j)),
        .first_us = segment_ts(j->view.seg, j->view.row),
        .duration_ms = NAN,
        .billed_ms = NAN,
        .init_ms = NAN,
        .memory_mb = NAN,
        .used_mb = NAN,
    };
    return i;
}

static uint32_t *running_in(struct join *j, struct slice stream)
{
    uint32_t s = dict_add(j->streams, stream);

    while (j->n_running <= s) {
        GROW(j->running, j->cap_running, j->n_running + 1);
        j->running[j->n_running++] = NO_INVOCATION;
    }
    return &j->running[s];
}

static bool has(struct slice s, const char *text)
{
    return s.len && memmem(s.ptr, s.len, text, strlen(text));
}

/* What this record says of how the invocation ended. */
static uint8_t tells(struct join *j, struct slice kind)
{
    struct slice status = text_of(j, j->status), error = text_of(j, j->error_type),
                 level = text_of(j, j->level), message = text_of(j, j->message);
    uint8_t told = 0;

    if (slice_is(kind, "REPORT") || slice_is(kind, "END") || slice_is(kind, "platform.report") ||
        slice_is(kind, "platform.runtimeDone") || slice_is(kind, "platform.end"))
        told |= TOLD_END;
    if (slice_is(status, "timeout"))
        told |= TOLD_TIMEOUT;
    else if (status.len && !slice_is(status, "success"))
        told |= TOLD_ERROR;
    if (has(error, "OutOfMemory") || has(message, "signal: killed"))
        told |= TOLD_MEMORY;
    if (slice_is(level, "ERROR") || slice_is(level, "FATAL") || slice_is(level, "CRITICAL"))
        told |= slice_starts(rowview_raw(&j->view), "RequestId: ") ? TOLD_ERROR : TOLD_LOGGED;
    return told;
}

static void add_record(struct join *j, uint32_t i, struct slice kind)
{
    struct invocation *v = &j->t->row[i];
    struct slice message = text_of(j, j->message);
    uint8_t told = tells(j, kind);

    v->lines++;
    v->last_us = segment_ts(j->view.seg, j->view.row);
    j->told[i] |= told;
    take_number(j, j->duration, &v->duration_ms);
    take_number(j, j->billed, &v->billed_ms);
    take_number(j, j->init, &v->init_ms);
    take_number(j, j->memory, &v->memory_mb);
    take_number(j, j->used, &v->used_mb);
    if (message.len && !(told & TOLD_TIMEOUT))
        v->last_text =
            dict_keep(j->t->texts, slice_of(message.ptr, MIN(message.len, (size_t)LAST_TEXT)));
}

static bool join_row(void *ctx, struct rowref ref)
{
    struct join *j = ctx;
    struct segment *seg = j->all->snap->seg[ref.seg];
    struct slice id, kind, stream;
    uint32_t *running, i;

    if (seg->lt != j->lt)
        plan(j, seg->lt);
    rowview_at(&j->view, seg, ref.row);
    if (rowview_record(&j->view)->n_val == 0)
        return !(j->cancel && *j->cancel);
    id = text_of(j, j->request_id);
    kind = text_of(j, j->kind);
    stream = pseudo_text(j, PF_STREAM);
    running = running_in(j, stream);
    i = value_missing(id) ? *running : begin(j, id, stream);
    if (i != NO_INVOCATION) {
        *running = i;
        j->wanted[i] |= rowset_has(j->in, ref);
        add_record(j, i, kind);
        /* what comes after the report is of the next one, or of none */
        if (slice_is(kind, "REPORT") || slice_is(kind, "platform.report"))
            *running = NO_INVOCATION;
    }
    return !(j->cancel && *j->cancel);
}

static enum outcome outcome_of(const struct invocation *v, uint8_t told)
{
    if (told & TOLD_TIMEOUT)
        return OUTCOME_TIMEOUT;
    if (told & TOLD_MEMORY || (told & TOLD_ERROR && v->used_mb >= v->memory_mb))
        return OUTCOME_MEMORY;
    if (told & TOLD_ERROR)
        return OUTCOME_ERROR;
    if (!(told & TOLD_END))
        return OUTCOME_SILENT;
    return told & TOLD_LOGGED ? OUTCOME_LOGGED : OUTCOME_SUCCESS;
}

const char *outcome_name(enum outcome o)
{
    static const char *const name[] = {
        [OUTCOME_SUCCESS] = "success",      [OUTCOME_LOGGED] = "logged errors",
        [OUTCOME_SILENT] = "no end",        [OUTCOME_ERROR] = "error",
        [OUTCOME_MEMORY] = "out of memory", [OUTCOME_TIMEOUT] = "timeout",
    };

    return name[o];
}

static void finish(struct join *j)
{
    struct invocation_table *t = j->t;
    size_t n = 0;

    for (size_t i = 0; i < t->n; i++) {
        t->row[i].outcome = outcome_of(&t->row[i], j->told[i]);
        t->failed += j->wanted[i] && t->row[i].outcome >= OUTCOME_ERROR;
        if (j->wanted[i])
            t->row[n++] = t->row[i];
    }
    t->n = n;
}

static bool is_lambda(const struct segment *seg)
{
    return strcmp(seg->lt->fmt->name, "lambda") == 0;
}

static void lambda_rows(void *ctx, uint32_t i, uint64_t *bits)
{
    const struct snapshot *snap = ctx;

    for (uint32_t row = 0; is_lambda(snap->seg[i]) && row < snap->seg[i]->n; row++)
        bit_set(bits, row);
}

struct invocation_table *invocations_compute(struct session *s, const struct rowset *r,
                                             const atomic_bool *cancel)
{
    struct join j = {.t = xcalloc(1, sizeof(*j.t)), .in = r, .cancel = cancel};
    struct rowset *all = rowset_from(r->snap, lambda_rows, r->snap, cancel);

    j.t->texts = dict_new();
    j.t->ids = j.ids = dict_new();
    j.streams = dict_new();
    rowview_init(&j.view, s);
    if (all) {
        j.all = all;
        order_each(all, join_row, &j);
        finish(&j);
        rowset_unref(all);
    }
    rowview_release(&j.view);
    dict_free(j.streams);
    free(j.told);
    free(j.wanted);
    free(j.running);
    if (!all || (cancel && *cancel)) {
        invocation_table_free(j.t);
        return NULL;
    }
    return j.t;
}

void invocation_table_free(struct invocation_table *t)
{
    if (!t)
        return;
    dict_free(t->texts);
    dict_free(t->ids);
    free(t->row);
    free(t);
}
