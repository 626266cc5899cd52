/* edges.c - CloudFront by edge location; Enter goes edge -> result types -> paths -> records.
 * hit % = (Hit + RefreshHit) / (Hit + RefreshHit + Miss). */
#include <math.h>

#include "../table.h"
#include "xalloc.h"

enum { LEVEL_EDGES, LEVEL_RESULTS, LEVEL_PATHS };

enum { C_EDGE, C_PLACE, C_REQUESTS, C_HIT, C_4XX, C_5XX, C_TTFB, C_BYTES, C_SPARK, C_N };

static const struct table_column columns[C_N] = {
    [C_EDGE] = {"edge", 10, 0, false},
    [C_PLACE] = {"place", 12, 2, false, true},
    [C_REQUESTS] = {"requests", 10, 0, true},
    [C_HIT] = {"hit %", 6, 0, true},
    [C_4XX] = {"4xx %", 6, 3, true},
    [C_5XX] = {"5xx %", 6, 1, true},
    [C_TTFB] = {"p95 first byte", 14, 4, true},
    [C_BYTES] = {"bytes", 8, 5, true},
    [C_SPARK] = {"over time", SPARK_BUCKETS, 6, false},
};

static const struct table_column value_columns[] = {
    {"value", 20, 0, false, true},
    {"requests", 10, 0, true, false},
    {"share", 8, 1, true, false},
};

static void percent(char t[FMT_LEN], uint64_t part, uint64_t whole)
{
    if (whole)
        snprintf(t, FMT_LEN, "%.1f", 100.0 * (double)part / (double)whole);
    else
        snprintf(t, FMT_LEN, "-");
}

static void draw_edge(struct app *a, struct grid *g, int y, const struct table_shape *s,
                      const struct edge_row *e)
{
    char t[FMT_LEN];

    table_cell(g, y, columns, s, C_EDGE, value_missing(e->code) ? SL("-") : e->code, ROLE_VALUE);
    strbuf_reset(&a->cell);
    strbuf_addf(&a->cell, "%s%s%s", e->city, e->city[0] && e->country[0] ? ", " : "", e->country);
    table_cell(g, y, columns, s, C_PLACE, strbuf_slice(&a->cell), ROLE_NORMAL);
    table_cell(g, y, columns, s, C_REQUESTS, slice_str(fmt_count(t, e->requests)), ROLE_NUMBER);
    percent(t, e->hits, e->hits + e->misses);
    table_cell(g, y, columns, s, C_HIT, slice_str(t), ROLE_NUMBER);
    percent(t, e->e4xx, e->requests);
    table_cell(g, y, columns, s, C_4XX, slice_str(t), e->e4xx ? ROLE_WARN : ROLE_DIM);
    percent(t, e->e5xx, e->requests);
    table_cell(g, y, columns, s, C_5XX, slice_str(t), e->e5xx ? ROLE_ERROR : ROLE_DIM);
    table_cell(g, y, columns, s, C_TTFB,
               slice_str(isnan(e->p95_ttfb) ? "-" : fmt_seconds(t, e->p95_ttfb)), ROLE_NUMBER);
    table_cell(g, y, columns, s, C_BYTES, slice_str(fmt_bytes(t, e->bytes)), ROLE_NUMBER);
    table_spark(g, y, s, C_SPARK, e->spark, ROLE_BAR);
}

enum { SORT_REQUESTS, SORT_HIT, SORT_5XX, SORT_TTFB, SORT_N };

static const char *const sort_names[SORT_N] = {
    [SORT_REQUESTS] = "requests",
    [SORT_HIT] = "hit %, lowest first",
    [SORT_5XX] = "5xx %",
    [SORT_TTFB] = "first byte, slowest first",
};

static double sort_value(const struct edge_row *e, unsigned by)
{
    uint64_t looked_up = e->hits + e->misses;

    switch (by) {
    case SORT_HIT:
        return looked_up ? -(double)e->hits / (double)looked_up : -2;
    case SORT_5XX:
        return e->requests ? (double)e->e5xx / (double)e->requests : 0;
    case SORT_TTFB:
        return isnan(e->p95_ttfb) ? -1 : e->p95_ttfb;
    default:
        return (double)e->requests;
    }
}

static int by_value(const void *x, const void *y, void *ctx)
{
    const struct edge_row *const *a = x, *const *b = y;
    unsigned by = *(const unsigned *)ctx;
    double va = sort_value(*a, by), vb = sort_value(*b, by);

    if (va != vb)
        return va < vb ? 1 : -1;
    return slice_cmp((*a)->code, (*b)->code);
}

/* The rows in the order shown; the caller frees them. */
static const struct edge_row **sorted(const struct app *a, const struct edge_table *t)
{
    const struct edge_row **row = xreallocarray(NULL, MAX(t->n, 1u), sizeof(*row));
    unsigned by = a->sort[VIEW_EDGES];

    for (unsigned i = 0; i < t->n; i++)
        row[i] = &t->row[i];
    qsort_r(row, t->n, sizeof(*row), by_value, &by);
    return row;
}

static void draw_edges(struct app *a, struct grid *g, struct rect r)
{
    const struct edge_table *t = a->told ? a->told->edges : NULL;
    struct table_shape s;
    unsigned top;

    table_shape(g, r, columns, C_N, &s);
    if (!t) {
        grid_puts(g, r.y + 1, r.x + 1, "counting ...", r.w - 2, ROLE_DIM);
        return;
    }
    top = table_scroll(a, r, t->n);
    if (t->n == 0)
        grid_puts(g, r.y + 1, r.x + 1, "no CloudFront records here", r.w - 2, ROLE_NOTICE);
    const struct edge_row **row = sorted(a, t);
    for (unsigned i = top; i < t->n && (int)(i - top) < r.h - 1; i++) {
        int y = r.y + 1 + (int)(i - top);

        draw_edge(a, g, y, &s, row[i]);
        table_select(a, g, r, y, i);
    }
    free(row);
}

static const struct facet *level_facet(struct app *a)
{
    if (app_place(a)->level == LEVEL_RESULTS)
        return app_facet(a, "x-edge-result-type");
    return app_facet(a, "path");
}

static void draw_values(struct app *a, struct grid *g, struct rect r)
{
    const struct facet *f = level_facet(a);
    struct table_shape s;
    unsigned top;
    char t[FMT_LEN];

    table_shape(g, r, value_columns, ARRAY_LEN(value_columns), &s);
    if (!f || !app_told(a)) {
        grid_puts(g, r.y + 1, r.x + 1, "counting ...", r.w - 2, ROLE_DIM);
        return;
    }
    top = table_scroll(a, r, f->n);
    for (unsigned i = top; i < f->n && (int)(i - top) < r.h - 1; i++) {
        int y = r.y + 1 + (int)(i - top);
        struct slice v = f->value[i].text;

        table_cell(g, y, value_columns, &s, 0, value_missing(v) ? SL("-") : v, status_role(v));
        table_cell(g, y, value_columns, &s, 1, slice_str(fmt_count(t, f->value[i].count)),
                   ROLE_NUMBER);
        percent(t, f->value[i].count, f->rows);
        table_cell(g, y, value_columns, &s, 2, slice_str(t), ROLE_NUMBER);
        table_select(a, g, r, y, i);
    }
}

static void edges_draw(struct app *a, struct grid *g, struct rect r)
{
    if (app_place(a)->level == LEVEL_EDGES)
        draw_edges(a, g, r);
    else
        draw_values(a, g, r);
}

static void edges_caption(struct app *a, struct strbuf *out)
{
    static const char *const level[] = {
        [LEVEL_EDGES] = "hit % = (Hit + RefreshHit) / (Hit + RefreshHit + Miss)",
        [LEVEL_RESULTS] = "result types; Enter shows their paths",
        [LEVEL_PATHS] = "paths; Enter shows the records",
    };

    strbuf_adds(out, level[app_place(a)->level]);
}

/* One level deeper with a test more. */
static void deeper(struct app *a, const char *field, struct slice value)
{
    struct strbuf expr = STRBUF_INIT;
    struct place *p;

    filter_test(&expr, field, value, true);
    p = app_push(a);
    if (place_add(p, expr.buf, NULL)) {
        p->row = 0;
        if (p->level == LEVEL_PATHS) {
            p->view = VIEW_RECORDS;
            p->level = 0;
            p->cursor = ROWKEY_MIN;
        } else
            p->level++;
    }
    app_arrive(a);
    strbuf_release(&expr);
}

static void drill(struct app *a)
{
    unsigned level = app_place(a)->level, at = a->table.at;

    if (!app_told(a))
        return;
    if (level == LEVEL_EDGES) {
        if (a->told->edges && at < a->told->edges->n) {
            const struct edge_row **row = sorted(a, a->told->edges);

            deeper(a, "x-edge-location", row[at]->code);
            free(row);
        }
        return;
    }
    const struct facet *f = level_facet(a);
    if (f && at < f->n)
        deeper(a, f->name, f->value[at].text);
}

static bool edges_command(struct app *a, const struct key_match *m)
{
    unsigned *sort = &a->sort[VIEW_EDGES];

    if (move_lines(m, &a->table.at, a->table.lines, a->table.height))
        return true;
    if (m->cmd == CMD_SORT || m->cmd == CMD_SORT_REVERSE) {
        *sort = (*sort + (m->cmd == CMD_SORT ? 1 : SORT_N - 1)) % SORT_N;
        a->table.at = 0;
        app_say(a, "edges by %s", sort_names[*sort]);
        return true;
    }
    if (m->cmd != CMD_DRILL)
        return false;
    drill(a);
    return true;
}

static void edges_query(struct app *a, struct strbuf *out)
{
    static const char *const by[SORT_N] = {
        [SORT_REQUESTS] = "requests desc",
        [SORT_HIT] = "hit",
        [SORT_5XX] = "errors desc",
        [SORT_TTFB] = "first_byte desc",
    };

    switch (app_place(a)->level) {
    case LEVEL_EDGES:
        strbuf_addf(
            out,
            "filter ispresent(x-edge-location) | stats count(*) as requests, "
            "100 * sum(x-edge-result-type in [\"Hit\", \"RefreshHit\"]) / "
            "sum(x-edge-result-type in [\"Hit\", \"RefreshHit\", \"Miss\"]) as hit, "
            "100 * avg(sc-status=4xx) as client_errors, 100 * avg(sc-status=5xx) as errors, "
            "pct(time-to-first-byte, 95) as first_byte, sum(sc-bytes) as bytes "
            "by x-edge-location | sort %s, x-edge-location",
            by[a->sort[VIEW_EDGES]]);
        break;
    case LEVEL_RESULTS:
        strbuf_adds(out, "stats count(*) as requests by x-edge-result-type | sort requests desc, "
                         "x-edge-result-type");
        break;
    default:
        strbuf_adds(out, "stats count(*) as requests by path | sort requests desc, path");
    }
}

const struct view_class view_edges = {
    .name = "edges",
    .title = "edges",
    .table = TABLE_EDGES,
    .draw = edges_draw,
    .command = edges_command,
    .caption = edges_caption,
    .query = edges_query,
};
