/* invocations.c - Lambda invocations, joined by request id; Enter shows the lines of one: those
 * that name it, and those of its log stream between its first and its last that name none. */
#include <math.h>

#include "../table.h"
#include "xalloc.h"

enum {
    C_START,
    C_FUNCTION,
    C_ID,
    C_OUTCOME,
    C_DURATION,
    C_BILLED,
    C_INIT,
    C_MEMORY,
    C_LINES,
    C_LAST,
    C_N
};

static const struct table_column columns[C_N] = {
    [C_START] = {"start", 12, 0, false}, [C_FUNCTION] = {"function", 14, 3, false},
    [C_ID] = {"request", 36, 5, false},  [C_OUTCOME] = {"outcome", 13, 0, false},
    [C_DURATION] = {"took", 8, 0, true}, [C_BILLED] = {"billed", 8, 6, true},
    [C_INIT] = {"init", 7, 4, true},     [C_MEMORY] = {"used/MB", 9, 2, true},
    [C_LINES] = {"lines", 5, 7, true},   [C_LAST] = {"last line", 16, 1, false, true},
};

enum { SORT_DURATION, SORT_OUTCOME, SORT_START, SORT_INIT, SORT_MEMORY, SORT_N };

static const char *const sort_names[SORT_N] = {
    [SORT_DURATION] = "duration, longest first", [SORT_OUTCOME] = "outcome, worst first",
    [SORT_START] = "start, newest first",        [SORT_INIT] = "init, slowest first",
    [SORT_MEMORY] = "share of memory used",
};

static double known(double x)
{
    return isnan(x) ? -1 : x;
}

static double sort_value(const struct invocation *v, unsigned by)
{
    switch (by) {
    case SORT_OUTCOME:
        return v->outcome;
    case SORT_START:
        return (double)v->first_us;
    case SORT_INIT:
        return known(v->init_ms);
    case SORT_MEMORY:
        return known(v->used_mb / v->memory_mb);
    default:
        return known(v->duration_ms);
    }
}

struct by {
    const struct invocation *row;
    unsigned sort;
};

static int by_value(const void *x, const void *y, void *ctx)
{
    const struct by *by = ctx;
    uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
    double va = sort_value(&by->row[a], by->sort), vb = sort_value(&by->row[b], by->sort);

    if (va != vb)
        return va < vb ? 1 : -1;
    return (a > b) - (a < b);
}

/* The rows in the order shown; sorted anew when there is another answer or another wish. */
static const uint32_t *order(struct app *a, const struct invocation_table *t)
{
    struct table_order *o = &a->order;
    struct by by = {t->row, a->sort[VIEW_INVOCATIONS]};

    if (o->row && o->serial == a->told->serial && o->generation == a->told->generation &&
        o->sort == by.sort)
        return o->row;
    o->row = xreallocarray(o->row, MAX(t->n, (size_t)1), sizeof(*o->row));
    for (size_t i = 0; i < t->n; i++)
        o->row[i] = (uint32_t)i;
    qsort_r(o->row, t->n, sizeof(*o->row), by_value, &by);
    o->serial = a->told->serial;
    o->generation = a->told->generation;
    o->sort = by.sort;
    return o->row;
}

static const struct invocation_table *table_of(const struct app *a)
{
    return a->told ? a->told->invocations : NULL;
}

static void draw_ms(struct grid *g, int y, const struct table_shape *s, unsigned col, double ms)
{
    char t[FMT_LEN];

    table_cell(g, y, columns, s, col, slice_str(isnan(ms) ? "-" : fmt_seconds(t, ms / 1000)),
               ROLE_NUMBER);
}

static enum role outcome_role(enum outcome o)
{
    if (o >= OUTCOME_ERROR)
        return ROLE_ERROR;
    return o == OUTCOME_SUCCESS ? ROLE_OK : ROLE_WARN;
}

static void draw_row(struct app *a, struct grid *g, int y, const struct table_shape *s,
                     const struct invocation *v)
{
    char t[FMT_LEN];

    table_cell(g, y, columns, s, C_START, slice_str(fmt_clock(t, a->zone, v->first_us)), ROLE_TIME);
    table_cell(g, y, columns, s, C_FUNCTION, v->function, ROLE_NORMAL);
    table_cell(g, y, columns, s, C_ID, v->request_id, ROLE_VALUE);
    table_cell(g, y, columns, s, C_OUTCOME, slice_str(outcome_name(v->outcome)),
               outcome_role(v->outcome));
    draw_ms(g, y, s, C_DURATION, v->duration_ms);
    draw_ms(g, y, s, C_BILLED, v->billed_ms);
    draw_ms(g, y, s, C_INIT, v->init_ms);
    if (isnan(v->used_mb) || isnan(v->memory_mb))
        snprintf(t, sizeof(t), "-");
    else
        snprintf(t, sizeof(t), "%.0f/%.0f", v->used_mb, v->memory_mb);
    table_cell(g, y, columns, s, C_MEMORY, slice_str(t),
               v->used_mb >= v->memory_mb ? ROLE_ERROR : ROLE_NUMBER);
    table_cell(g, y, columns, s, C_LINES, slice_str(fmt_short(t, v->lines)), ROLE_NUMBER);
    table_cell(g, y, columns, s, C_LAST, v->last_text, ROLE_NORMAL);
}

static void invocations_draw(struct app *a, struct grid *g, struct rect r)
{
    const struct invocation_table *t = table_of(a);
    const uint32_t *row;
    struct table_shape s;
    unsigned top;

    table_shape(g, r, columns, C_N, &s);
    if (!t) {
        grid_puts(g, r.y + 1, r.x + 1, "joining ...", r.w - 2, ROLE_DIM);
        return;
    }
    top = table_scroll(a, r, (unsigned)t->n);
    if (t->n == 0)
        grid_puts(g, r.y + 1, r.x + 1, "no Lambda invocations here", r.w - 2, ROLE_NOTICE);
    row = order(a, t);
    for (unsigned i = top; i < t->n && (int)(i - top) < r.h - 1; i++) {
        int y = r.y + 1 + (int)(i - top);

        draw_row(a, g, y, &s, &t->row[row[i]]);
        table_select(a, g, r, y, i);
    }
}

static void invocations_caption(struct app *a, struct strbuf *out)
{
    const struct invocation_table *t = table_of(a);
    char n[FMT_LEN], failed[FMT_LEN];

    if (t)
        strbuf_addf(out, "%s, %s failed, by %s", fmt_count(n, t->n), fmt_count(failed, t->failed),
                    sort_names[a->sort[VIEW_INVOCATIONS]]);
}

static void add_time(struct strbuf *out, const char *op, int64_t us)
{
    strbuf_addf(out, " and @timestamp %s ", op);
    val_print((struct val){.kind = VAL_TIME, .time_us = us}, out);
}

/* The filters before are left: they need not hold for the other lines of an invocation. */
static void drill(struct app *a, const struct invocation *v)
{
    struct strbuf expr = STRBUF_INIT, label = STRBUF_INIT;
    struct place *p;

    filter_test(&expr, "@logtype", SL("lambda"), true);
    strbuf_adds(&expr, " and (");
    filter_test(&expr, "RequestId", v->request_id, true);
    strbuf_adds(&expr, " or not ispresent(RequestId) and ");
    filter_test(&expr, "@logStream", v->stream, true);
    add_time(&expr, ">=", v->first_us);
    add_time(&expr, "<=", v->last_us);
    strbuf_addc(&expr, ')');
    strbuf_addf(&label, "invocation " SLICE_FMT, SLICE_ARG(v->request_id));
    p = app_push(a);
    place_cut(p, 0);
    if (place_add(p, expr.buf, label.buf)) {
        p->view = VIEW_RECORDS;
        p->row = 0;
        p->cursor = (struct rowkey){v->last_us, UINT32_MAX, UINT64_MAX};
        a->list.stick = STICK_NONE;
    }
    app_arrive(a);
    strbuf_release(&expr);
    strbuf_release(&label);
}

static bool invocations_command(struct app *a, const struct key_match *m)
{
    const struct invocation_table *t = table_of(a);
    unsigned *sort = &a->sort[VIEW_INVOCATIONS];

    if (move_lines(m, &a->table.at, a->table.lines, a->table.height))
        return true;
    if (m->cmd == CMD_SORT || m->cmd == CMD_SORT_REVERSE) {
        *sort = (*sort + (m->cmd == CMD_SORT ? 1 : SORT_N - 1)) % SORT_N;
        a->table.at = 0;
        app_say(a, "invocations by %s", sort_names[*sort]);
        return true;
    }
    if (m->cmd != CMD_DRILL)
        return false;
    if (t && app_told(a) && a->table.at < t->n)
        drill(a, &t->row[order(a, t)[a->table.at]]);
    return true;
}

static void invocations_query(struct app *a, struct strbuf *out)
{
    static const char *const by[SORT_N] = {
        [SORT_DURATION] = "took", [SORT_OUTCOME] = "outcome",      [SORT_START] = "start",
        [SORT_INIT] = "init",     [SORT_MEMORY] = "used / memory",
    };

    strbuf_addf(out,
                "filter ispresent(@requestId) | stats earliest(@timestamp) as start, "
                "latest(Status) as outcome, max(@duration) as took, "
                "max(@billedDuration) as billed, max(@initDuration) as init, "
                "max(@maxMemoryUsed) / 1000 / 1000 as used, max(@memorySize) / 1000 / 1000 as "
                "memory, count(*) as lines by @resource, @requestId | sort %s desc",
                by[a->sort[VIEW_INVOCATIONS]]);
}

const struct view_class view_invocations = {
    .name = "invocations",
    .title = "invocations",
    .table = TABLE_INVOCATIONS,
    .draw = invocations_draw,
    .command = invocations_command,
    .caption = invocations_caption,
    .query = invocations_query,
};
