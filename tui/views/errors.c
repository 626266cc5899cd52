/* errors.c - 5xx by cause: who made them, for which target, since when. Enter shows the records. */
#include "../table.h"

enum {
    C_CAUSE,
    C_SIDE,
    C_TYPE,
    C_PAIR,
    C_TARGET,
    C_COUNT,
    C_SHARE,
    C_PATHS,
    C_FIRST,
    C_LAST,
    C_SPARK,
    C_N
};

static const struct table_column columns[C_N] = {
    [C_CAUSE] = {"cause", 30, 0, false, true},
    [C_SIDE] = {"side", 8, 2, false},
    [C_TYPE] = {"type", 4, 5, false},
    [C_PAIR] = {"lb/tgt", 7, 0, false},
    [C_TARGET] = {"target", 15, 1, false},
    [C_COUNT] = {"count", 7, 0, true},
    [C_SHARE] = {"share", 5, 3, true},
    [C_PATHS] = {"paths", 6, 7, true},
    [C_FIRST] = {"first", 8, 4, false},
    [C_LAST] = {"last", 8, 4, false},
    [C_SPARK] = {"over time", SPARK_BUCKETS, 6, false},
};

static struct slice or_dash(struct slice s)
{
    return value_missing(s) ? SL("-") : s;
}

static void draw_row(struct app *a, struct grid *g, int y, const struct table_shape *s,
                     const struct error_row *e, uint64_t total)
{
    char t[FMT_LEN];

    table_cell(g, y, columns, s, C_CAUSE, slice_str(e->cause ? e->cause : "5xx"), ROLE_NORMAL);
    table_cell(g, y, columns, s, C_SIDE, slice_str(e->side ? e->side : "-"), ROLE_LABEL);
    table_cell(g, y, columns, s, C_TYPE, slice_str(type_short(e->lt)), ROLE_LOGTYPE);
    strbuf_reset(&a->cell);
    strbuf_addsl(&a->cell, or_dash(e->status));
    strbuf_addc(&a->cell, '/');
    strbuf_addsl(&a->cell, or_dash(e->target_status));
    table_cell(g, y, columns, s, C_PAIR, strbuf_slice(&a->cell), ROLE_ERROR);
    table_cell(g, y, columns, s, C_TARGET, or_dash(e->target), ROLE_NORMAL);
    table_cell(g, y, columns, s, C_COUNT, slice_str(fmt_count(t, e->count)), ROLE_NUMBER);
    snprintf(t, sizeof(t), "%.0f %%", total ? 100.0 * (double)e->count / (double)total : 0);
    table_cell(g, y, columns, s, C_SHARE, slice_str(t), ROLE_NUMBER);
    table_cell(g, y, columns, s, C_PATHS, slice_str(fmt_short(t, e->paths)), ROLE_NUMBER);
    table_cell(g, y, columns, s, C_FIRST, slice_str(fmt_hms(t, a->zone, e->first_us)), ROLE_TIME);
    table_cell(g, y, columns, s, C_LAST, slice_str(fmt_hms(t, a->zone, e->last_us)), ROLE_TIME);
    table_spark(g, y, s, C_SPARK, e->spark, ROLE_BAR_5XX);
}

static void errors_draw(struct app *a, struct grid *g, struct rect r)
{
    const struct error_table *t = a->told ? a->told->errors : NULL;
    struct table_shape s;
    unsigned top;

    table_shape(g, r, columns, C_N, &s);
    if (!t) {
        grid_puts(g, r.y + 1, r.x + 1, "counting ...", r.w - 2, ROLE_DIM);
        return;
    }
    top = table_scroll(a, r, t->n);
    if (t->n == 0)
        grid_puts(g, r.y + 1, r.x + 1, "no 5xx in these records", r.w - 2, ROLE_OK);
    for (unsigned i = top; i < t->n && (int)(i - top) < r.h - 1; i++) {
        int y = r.y + 1 + (int)(i - top);

        draw_row(a, g, y, &s, &t->row[i], t->total);
        table_select(a, g, r, y, i);
    }
}

static void errors_caption(struct app *a, struct strbuf *out)
{
    char n[FMT_LEN];

    if (a->told && a->told->errors)
        strbuf_addf(out, "%s by cause", fmt_count(n, a->told->errors->total));
}

static void add_role_test(struct strbuf *out, const struct logtype *lt, const char *names,
                          struct slice value)
{
    struct slice rest = slice_str(names);

    while (rest.ptr) {
        int f = logtype_lookup((struct logtype *)lt, slice_cut(&rest, ' '));

        if (f < 0)
            continue;
        strbuf_adds(out, " and ");
        filter_test(out, lt->field[f]->name, value, true);
        return;
    }
}

/* The records of a row: its type, status, target status and target. */
static void drill(struct app *a, const struct error_row *e)
{
    struct strbuf expr = STRBUF_INIT, label = STRBUF_INIT;
    struct place *p;

    filter_test(&expr, "@logtype", slice_str(e->lt->fmt->name), true);
    add_role_test(&expr, e->lt, "status", e->status);
    add_role_test(&expr, e->lt, "target_status_code backend_status_code", e->target_status);
    add_role_test(&expr, e->lt, "target_ip backend_ip destination_ip x-edge-location bucket",
                  e->target);
    strbuf_addf(&label, SLICE_FMT "/" SLICE_FMT " " SLICE_FMT, SLICE_ARG(or_dash(e->status)),
                SLICE_ARG(or_dash(e->target_status)), SLICE_ARG(or_dash(e->target)));
    p = app_push(a);
    if (place_add(p, expr.buf, label.buf)) {
        p->view = VIEW_RECORDS;
        p->row = 0;
        p->cursor = (struct rowkey){e->first_us, 0, 0};
        a->list.stick = STICK_NONE;
    }
    app_arrive(a);
    strbuf_release(&expr);
    strbuf_release(&label);
}

static bool errors_command(struct app *a, const struct key_match *m)
{
    const struct error_table *t = a->told ? a->told->errors : NULL;

    if (move_lines(m, &a->table.at, a->table.lines, a->table.height))
        return true;
    if (m->cmd != CMD_DRILL)
        return false;
    if (t && a->table.at < t->n)
        drill(a, &t->row[a->table.at]);
    return true;
}

static void errors_query(struct app *a, struct strbuf *out)
{
    (void)a;
    strbuf_adds(out, "filter status=5xx | stats count(*) as count, count_distinct(path) as paths, "
                     "earliest(@timestamp) as first, latest(@timestamp) as last by @logtype, "
                     "status, coalesce(target_status_code, backend_status_code) as target_status, "
                     "coalesce(target_ip, backend_ip, x-edge-location, bucket) as target, "
                     "coalesce(error_reason, x-edge-detailed-result-type, error_code) as reason "
                     "| sort count desc, status, target, reason");
}

const struct view_class view_errors = {
    .name = "errors",
    .title = "errors",
    .table = TABLE_ERRORS,
    .draw = errors_draw,
    .command = errors_command,
    .caption = errors_caption,
    .query = errors_query,
};
