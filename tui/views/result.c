/* result.c - what a query gave: a table of its columns. Sorted by the column under the cursor with
 * s and S; Enter on a group of stats or on a pattern shows its records. */
#include "../table.h"
#include "../text.h"
#include "chart.h"
#include "expr.h"
#include "samples.h"
#include "xalloc.h"

enum { CELL_MAX = 60, CELL_MIN = 20, BAR = 14, GAP = 2 };

static const struct group_table *table_of(const struct app *a)
{
    const struct partial *p = app_partial(a);

    return a->told && app_told(a) ? a->told->result : p ? p->result : NULL;
}

static unsigned width_of(const struct group_table *t)
{
    return t->n_key + t->n_agg;
}

static const struct val *cell_of(const struct group_table *t, uint32_t row, unsigned col)
{
    return &t->cell[(uint64_t)row * width_of(t) + col];
}

/* Times in the zone of the screen, numbers grouped, the rest as it is. */
static struct slice cell_text(struct app *a, const struct val *v)
{
    char text[FMT_LEN];

    strbuf_reset(&a->cell);
    if (v->kind == VAL_TIME)
        strbuf_adds(&a->cell, fmt_moment(text, a->zone, v->time_us));
    else if (v->kind == VAL_NUM && !v->str.ptr && v->num >= 0 && v->num < 1e15 &&
             v->num == (double)(uint64_t)v->num)
        strbuf_adds(&a->cell, fmt_count(text, (uint64_t)v->num));
    else if (v->kind == VAL_MISSING)
        return SL("-");
    else
        val_print(*v, &a->cell);
    return strbuf_slice(&a->cell);
}

/* --- order --- */

/* a->sort: 0 as the query says, else 2 * column + 1, one more for descending. */
struct by {
    const struct group_table *t;
    unsigned col;
    bool desc;
};

static int by_cell(const void *x, const void *y, void *ctx)
{
    const struct by *by = ctx;
    uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
    const struct val *v = cell_of(by->t, a, by->col), *w = cell_of(by->t, b, by->col);
    int c = val_cmp(*v, *w);

    if (by->desc && v->kind != VAL_MISSING && w->kind != VAL_MISSING)
        c = -c;
    return c ? c : (a > b) - (a < b);
}

static const uint32_t *order(struct app *a, const struct group_table *t)
{
    struct table_order *o = &a->order;
    unsigned sort = a->sort[VIEW_RESULT];
    struct by by = {t, (sort - 1) / 2, sort % 2 == 0};
    const struct partial *p = app_partial(a);
    uint64_t serial = p ? p->serial : a->told->serial, number = p ? p->number : 0;
    uint64_t generation = p ? 0 : a->told->generation;

    if (o->row && o->serial == serial && o->generation == generation && o->number == number &&
        o->sort == sort)
        return o->row;
    o->row = xreallocarray(o->row, MAX(t->n, (uint64_t)1), sizeof(*o->row));
    for (uint64_t i = 0; i < t->n; i++)
        o->row[i] = (uint32_t)i;
    if (sort && by.col < width_of(t))
        qsort_r(o->row, t->n, sizeof(*o->row), by_cell, &by);
    o->serial = serial;
    o->generation = generation;
    o->number = number;
    o->sort = sort;
    return o->row;
}

/* --- drawing --- */

struct shape {
    int x, w;
    bool number;
};

static void measure(struct app *a, const struct group_table *t, const uint32_t *row, unsigned top,
                    unsigned lines, unsigned col, struct shape *s)
{
    *s = (struct shape){.number = true, .w = (int)text_width(slice_str(t->name[col]), false)};
    for (uint64_t i = top; i < MIN(t->n, (uint64_t)top + lines); i++) {
        const struct val *v = cell_of(t, row[i], col);

        s->w = MAX(s->w, (int)text_width(cell_text(a, v), false));
        s->number &= v->kind == VAL_NUM || v->kind == VAL_MISSING;
    }
}

/* The columns from the first one shown, as wide as what is in sight. If they do not fit, the widest
 * text gives way; if that does not help, the last columns do. The column behind the last shown. */
static unsigned lay_out(struct app *a, const struct group_table *t, const uint32_t *row,
                        unsigned top, struct rect r, struct shape *shape)
{
    unsigned n = width_of(t), col, widest = a->column_off;
    int x = r.x + 1, end = r.x + r.w - 1, total = 0;

    for (col = a->column_off; col < n; col++) {
        measure(a, t, row, top, (unsigned)MAX(r.h - 1, 0), col, &shape[col]);
        shape[col].w = MIN(shape[col].w, MAX(CELL_MAX, r.w / 2));
        total += shape[col].w + GAP;
        if (!shape[col].number && shape[col].w > shape[widest].w)
            widest = col;
    }
    if (total - GAP > end - x && widest < n)
        shape[widest].w =
            MAX(MIN(shape[widest].w, CELL_MIN), shape[widest].w - (total - GAP - (end - x)));
    for (col = a->column_off; col < n && x < end - 2; col++) {
        shape[col].x = x;
        shape[col].w = MIN(shape[col].w, end - x);
        x += shape[col].w + GAP;
    }
    return col;
}

/* The column of [from, end) whose numbers are drawn as bars: the sorted one, else the last with
 * numbers. */
static int bar_column(const struct app *a, const struct group_table *t, unsigned from, unsigned end)
{
    unsigned sorted = (a->sort[VIEW_RESULT] - 1) / 2;

    if (a->sort[VIEW_RESULT] && sorted >= from && sorted < end && chart_has_numbers(t, sorted))
        return (int)sorted;
    for (unsigned col = end; col-- > from;)
        if (chart_has_numbers(t, col))
            return (int)col;
    return -1;
}

static double largest(const struct group_table *t, unsigned col)
{
    double max = 0;

    for (uint64_t i = 0; i < t->n; i++) {
        const struct val *v = cell_of(t, (uint32_t)i, col);

        max = v->kind == VAL_NUM ? MAX(max, v->num) : max;
    }
    return max;
}

static void draw_titles(struct app *a, struct grid *g, int y, const struct group_table *t,
                        const struct shape *shape, unsigned end)
{
    for (unsigned col = a->column_off; col < end; col++) {
        const struct shape *s = &shape[col];
        enum role role = col == a->column ? ROLE_BORDER_FOCUS : ROLE_COLUMN;

        if (s->number)
            grid_put_right(g, y, s->x, s->w, slice_str(t->name[col]), role, 0);
        else
            grid_put(g, y, s->x, slice_str(t->name[col]), s->w, role, 0);
    }
}

static void draw_row(struct app *a, struct grid *g, int y, const struct group_table *t,
                     uint32_t row, const struct shape *shape, unsigned end)
{
    for (unsigned col = a->column_off; col < end; col++) {
        const struct val *v = cell_of(t, row, col);
        enum role role = v->kind == VAL_MISSING ? ROLE_MISSING
                         : v->kind == VAL_NUM   ? ROLE_NUMBER
                         : v->kind == VAL_TIME  ? ROLE_TIME
                                                : ROLE_VALUE;

        if (shape[col].number)
            grid_put_right(g, y, shape[col].x, shape[col].w, cell_text(a, v), role, 0);
        else
            grid_put(g, y, shape[col].x, cell_text(a, v), shape[col].w, role, 0);
    }
}

static void draw_bar(struct grid *g, int y, struct rect r, int x, const struct val *v, double max)
{
    if (v->kind == VAL_NUM && v->num > 0 && max > 0)
        grid_bar(g, y, x, MIN(BAR, r.x + r.w - 1 - x), (uint64_t)(v->num / max * 1000), 1000,
                 ROLE_BAR);
}

static void draw_table(struct app *a, struct grid *g, struct rect r, const struct group_table *t)
{
    const uint32_t *row = order(a, t);
    struct shape *shape = xcalloc(MAX(width_of(t), 1u), sizeof(*shape));
    unsigned top = table_scroll(a, r, (unsigned)t->n), end = lay_out(a, t, row, top, r, shape);
    int bar = bar_column(a, t, a->column_off, end), x = r.x + r.w;
    double max = bar >= 0 ? largest(t, (unsigned)bar) : 0;

    if (end == width_of(t) && end > 0)
        x = shape[end - 1].x + shape[end - 1].w + GAP;
    draw_titles(a, g, r.y, t, shape, end);
    for (unsigned i = top; i < t->n && (int)(i - top) < r.h - 1; i++) {
        int y = r.y + 1 + (int)(i - top);

        draw_row(a, g, y, t, row[i], shape, end);
        if (bar >= 0 && x < r.x + r.w - 4)
            draw_bar(g, y, r, x, cell_of(t, row[i], (unsigned)bar), max);
        table_select(a, g, r, y, i);
    }
    free(shape);
}

bool result_chart(struct app *a, unsigned bars, struct chart *c)
{
    const struct group_table *t = table_of(a);
    struct query_error qe;
    struct query_ast *q;
    bool ok;

    if (app_place(a)->view != VIEW_RESULT || !app_place(a)->query || !t || !t->n)
        return false;
    app_env(a);
    q = query_parse(app_place(a)->query, &a->env, &qe);
    ok = q && chart_make(c, q, t, (a->sort[VIEW_RESULT] - 1) / 2,
                         order(a, t)[MIN((uint64_t)a->table.at, t->n - 1)], bars);
    query_ast_free(q);
    return ok;
}

static void result_draw(struct app *a, struct grid *g, struct rect r)
{
    const struct group_table *t = table_of(a);

    if (!app_place(a)->query)
        grid_puts(g, r.y, r.x + 1, "no query yet: type : and one, such as  stats count(*) by path",
                  r.w - 2, ROLE_NOTICE);
    else if (t && t->n)
        draw_table(a, g, r, t);
    else if (t)
        grid_puts(g, r.y, r.x + 1, "no rows", r.w - 2, ROLE_NOTICE);
    else if (app_told(a) && a->told->failure[0])
        grid_puts(g, r.y, r.x + 1, a->told->failure, r.w - 2, ROLE_ERROR);
    else
        grid_puts(g, r.y, r.x + 1, "counting ...", r.w - 2, ROLE_DIM);
}

static void result_caption(struct app *a, struct strbuf *out)
{
    const struct group_table *t = table_of(a);
    const struct partial *p = app_partial(a);
    char n[FMT_LEN], of[FMT_LEN];

    if (p)
        strbuf_addf(out, "%s: %s %s of %s rows (%u %%) · ",
                    engine_busy(a->engine) ? "partial" : "stopped, partial", p->did,
                    fmt_count(n, p->rows), fmt_count(of, p->of),
                    (unsigned)(p->of ? p->rows * 100 / p->of : 100));
    if (t)
        strbuf_addf(out, "%s rows%s%s%s", fmt_count(n, t->n), t->more ? ", and more" : "",
                    t->sketched ? "; " : "", t->sketched ? SAMPLES_NOTE : "");
}

/* --- drill --- */

static bool add_value_test(struct place *p, const struct query_item *key, const struct val *v)
{
    struct strbuf out = STRBUF_INIT, text = STRBUF_INIT;
    bool ok;

    if (key->bin_us && v->kind == VAL_TIME)
        return place_add_zoom(p, v->time_us, v->time_us + key->bin_us);
    if (v->kind == VAL_MISSING)
        strbuf_adds(&out, "not ispresent(");
    expr_print(key->expr, &out);
    if (v->kind == VAL_MISSING) {
        strbuf_addc(&out, ')');
    } else {
        strbuf_adds(&out, " = ");
        val_print(*v, &text);
        if (v->kind == VAL_NUM && !v->str.ptr)
            strbuf_addsl(&out, strbuf_slice(&text));
        else
            filter_quote(&out, strbuf_slice(&text));
    }
    ok = place_add(p, out.buf, NULL);
    strbuf_release(&out);
    strbuf_release(&text);
    return ok;
}

/* A pattern as a regex: its marks are words, all else is itself. */
static void add_pattern_test(struct strbuf *out, const struct query_cmd *c, struct slice pattern)
{
    expr_print(c->from, out);
    strbuf_adds(out, " like /");
    for (size_t i = 0; i < pattern.len; i++) {
        const char *close = memchr(pattern.ptr + i, '>', pattern.len - i);

        if (pattern.ptr[i] == '<' && close && close[-1] >= '0' && close[-1] <= '9') {
            strbuf_adds(out, "\\S+");
            i = (size_t)(close - pattern.ptr);
        } else if (pattern.ptr[i] == ' ') {
            strbuf_adds(out, "\\s");
        } else {
            if (strchr("\\^$.|?*+()[]{}/", pattern.ptr[i]))
                strbuf_addc(out, '\\');
            strbuf_addc(out, pattern.ptr[i]);
        }
    }
    strbuf_addc(out, '/');
}

/* The one command that made groups of records, and the filters before it as steps. False: rows of
 * this query are not groups of records. */
static const struct query_cmd *grouping(const struct query_ast *q, struct place *p)
{
    for (unsigned i = 0; i < q->n_cmd; i++) {
        const struct query_cmd *c = &q->cmd[i];
        struct strbuf expr = STRBUF_INIT;

        if (c->kind == QCMD_STATS || c->kind == QCMD_PATTERN) {
            for (unsigned k = i + 1; k < q->n_cmd; k++)
                if (q->cmd[k].kind == QCMD_STATS || q->cmd[k].kind == QCMD_PATTERN ||
                    q->cmd[k].kind == QCMD_FIELDS || q->cmd[k].kind == QCMD_DISPLAY)
                    return NULL;
            return c;
        }
        if (c->kind == QCMD_UNNEST || c->kind == QCMD_MULTI || c->kind == QCMD_JOIN ||
            c->kind == QCMD_LOOKUP)
            return NULL;
        if (c->kind == QCMD_FILTER) {
            expr_print(c->filter, &expr);
            place_add(p, expr.buf, NULL);
            strbuf_release(&expr);
        }
    }
    return NULL;
}

static bool add_group(struct place *p, const struct query_cmd *c, const struct group_table *t,
                      uint32_t row)
{
    struct strbuf expr = STRBUF_INIT, label = STRBUF_INIT;
    bool ok = true;

    if (c->kind == QCMD_PATTERN) {
        struct slice pattern = cell_of(t, row, 0)->str;

        add_pattern_test(&expr, c, pattern);
        strbuf_addsl(&label, pattern);
        ok = place_add(p, expr.buf, label.buf);
    }
    for (unsigned k = 0; ok && c->kind == QCMD_STATS && k < c->n_by; k++)
        ok = add_value_test(p, &c->by[k], cell_of(t, row, k));
    strbuf_release(&expr);
    strbuf_release(&label);
    return ok;
}

/* What an expression prints need not be a filter: captures of `parse` have no other name. */
static bool all_valid(struct app *a, const struct place *p)
{
    struct query_error qe;
    bool ok = true;

    for (unsigned i = 0; ok && i < p->n; i++) {
        struct query_ast *ast = filter_parse(p->step[i].expr, &a->env, &qe);

        ok = ast != NULL;
        query_ast_free(ast);
    }
    return ok;
}

static void drill(struct app *a, const struct group_table *t)
{
    struct query_error qe;
    struct query_ast *q;
    const struct query_cmd *c;
    struct place *p;
    uint32_t row = order(a, t)[a->table.at];

    app_env(a);
    q = query_parse(app_place(a)->query, &a->env, &qe);
    if (!q)
        return;
    p = app_push(a);
    c = grouping(q, p);
    if (!c || !add_group(p, c, t, row) || !all_valid(a, p)) {
        history_back(&a->history);
        app_say(a, "rows of this query are no groups of records");
        query_ast_free(q);
        return;
    }
    query_ast_free(q);
    p->view = VIEW_RECORDS;
    p->row = 0;
    p->cursor = ROWKEY_MIN;
    a->list.stick = STICK_NONE;
    app_arrive(a);
}

/* --- commands --- */

static void move_column(struct app *a, const struct key_match *m, unsigned n)
{
    unsigned count = MAX(m->count, 1u);

    if (m->cmd == CMD_COL_LEFT)
        a->column -= MIN(a->column, count);
    else if (m->cmd == CMD_COL_RIGHT)
        a->column = MIN(a->column + count, n - 1);
    else
        a->column = m->cmd == CMD_COL_FIRST ? 0 : n - 1;
    if (a->column < a->column_off || m->cmd == CMD_COL_FIRST)
        a->column_off = a->column;
    else if (a->column > a->column_off + 6)
        a->column_off = a->column - 6;
}

static void sort_by(struct app *a, const struct group_table *t, bool reverse)
{
    unsigned *sort = &a->sort[VIEW_RESULT], up = 2 * a->column + 1;

    if (reverse && *sort)
        *sort = *sort % 2 ? *sort + 1 : *sort - 1;
    else
        *sort = *sort == up + 1 ? up : up + 1; /* the largest first */
    a->table.at = 0;
    app_say(a, "by %s, %s first", t->name[(*sort - 1) / 2], *sort % 2 ? "smallest" : "largest");
}

static bool result_command(struct app *a, const struct key_match *m)
{
    const struct group_table *t = table_of(a);

    if (move_lines(m, &a->table.at, a->table.lines, a->table.height))
        return true;
    switch (m->cmd) {
    case CMD_COL_LEFT:
    case CMD_COL_RIGHT:
    case CMD_COL_FIRST:
    case CMD_COL_LAST:
        if (t && width_of(t))
            move_column(a, m, width_of(t));
        return true;
    case CMD_SORT:
    case CMD_SORT_REVERSE:
        if (t && a->column < width_of(t))
            sort_by(a, t, m->cmd == CMD_SORT_REVERSE);
        return true;
    case CMD_DRILL:
        if (t && a->table.at < t->n)
            drill(a, t);
        return true;
    default:
        return false;
    }
}

static void result_query(struct app *a, struct strbuf *out)
{
    const struct group_table *t = table_of(a);
    unsigned sort = a->sort[VIEW_RESULT];

    if (!app_place(a)->query)
        return;
    strbuf_adds(out, app_place(a)->query);
    if (t && sort && (sort - 1) / 2 < width_of(t))
        strbuf_addf(out, " | sort `%s` %s", t->name[(sort - 1) / 2], sort % 2 ? "asc" : "desc");
}

const struct view_class view_result = {
    .name = "result",
    .title = "query",
    .table = TABLE_QUERY,
    .draw = result_draw,
    .command = result_command,
    .caption = result_caption,
    .query = result_query,
};
