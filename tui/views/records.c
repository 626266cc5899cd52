/* records.c - the list: records of all files and types merged by time, columns by type. */
#include "../app.h"
#include "../text.h"

/* What the visible columns are, and how wide. */
struct shape {
    unsigned n;
    struct {
        unsigned col;
        int x, w;
    } at[COLUMNS_MAX];
};

static unsigned fixed_columns(const struct columns *c)
{
    return c->n > 1 && c->col[1].show == SHOW_TYPE ? 2 : 1;
}

/* How wide the flexible column should be before columns of less worth are added. */
static int wanted_flex(int w)
{
    return w >= 150 ? 44 : 28;
}

static void shape_columns(struct app *a, struct rect r, struct shape *s)
{
    const struct columns *c = &a->columns;
    unsigned fixed = fixed_columns(c);
    int room = r.w - 4, flex = -1; /* a blank before, a glyph behind */

    s->n = 0;
    for (unsigned i = 0; i < c->n; i++) {
        int w = c->col[i].width;

        if (i >= fixed && i < fixed + a->column_off)
            continue;
        if (c->col[i].extra && flex >= 0 && s->at[flex].w + room - w - 1 < wanted_flex(r.w))
            break;
        if (w + 1 > room) {
            /* Without a column that grows, a cut one is better than an empty edge. */
            if (flex < 0 && room >= 8 && s->n > 0)
                w = room - 1;
            else
                break;
        }
        if (c->col[i].flex)
            flex = (int)s->n;
        s->at[s->n].col = i;
        s->at[s->n++].w = w;
        room -= w + 1;
        if (room < 4)
            break;
    }
    if (flex >= 0)
        s->at[flex].w += MAX(0, room);
    int x = r.x + 1;
    for (unsigned i = 0; i < s->n; i++) {
        s->at[i].x = x;
        x += s->at[i].w + 1;
    }
}

static bool column_seen(const struct shape *s, unsigned col)
{
    for (unsigned i = 0; i < s->n; i++)
        if (s->at[i].col == col)
            return true;
    return false;
}

/* Scrolls sideways until the column under the cursor is in sight. */
static void show_column(struct app *a, struct rect r, struct shape *s)
{
    unsigned fixed = fixed_columns(&a->columns);

    if (a->column >= fixed && a->column < fixed + a->column_off)
        a->column_off = a->column - fixed;
    shape_columns(a, r, s);
    while (!column_seen(s, a->column) && a->column_off + fixed < a->column) {
        a->column_off++;
        shape_columns(a, r, s);
    }
}

static void draw_titles(struct app *a, struct grid *g, struct rect r, const struct shape *s)
{
    for (unsigned i = 0; i < s->n; i++) {
        const struct list_column *c = &a->columns.col[s->at[i].col];
        bool here = s->at[i].col == a->column && a->focus == VIEW_RECORDS;
        enum role role = here ? ROLE_TITLE : ROLE_COLUMN;
        unsigned attr = here ? ATTR_UNDERLINE : 0;

        if (c->right)
            grid_put_right(g, r.y, s->at[i].x, s->at[i].w, slice_str(c->title), role, attr);
        else
            grid_put(g, r.y, s->at[i].x, slice_str(c->title), s->at[i].w, role, attr);
    }
    if (a->column_off)
        grid_glyph(g, r.y, r.x, GLYPH_LEFT, ROLE_KEY);
    if (s->n && s->at[s->n - 1].col + 1 < a->columns.n)
        grid_glyph(g, r.y, r.x + r.w - 1, GLYPH_ARROW, ROLE_KEY);
}

static enum role cell_role(const struct list_column *c, struct slice text)
{
    if (c->show == SHOW_TIME)
        return ROLE_TIME;
    if (c->show == SHOW_TYPE)
        return ROLE_LOGTYPE;
    if (value_missing(text))
        return ROLE_MISSING;
    return c->status ? status_role(text) : ROLE_NORMAL;
}

/* A line that did not parse is shown as it is. */
static void draw_raw(struct app *a, struct grid *g, struct rect r, int y, const struct shape *s)
{
    struct rowview *v = &a->row;
    unsigned first = MIN(fixed_columns(&a->columns), s->n);
    int x = first < s->n ? s->at[first].x : r.x + 1;

    for (unsigned i = 0; i < first; i++) {
        const struct list_column *c = &a->columns.col[s->at[i].col];
        struct slice text = column_text(c, v, a->zone, &a->cell);

        grid_put(g, y, s->at[i].x, text, s->at[i].w, cell_role(c, text), 0);
    }
    grid_put(g, y, x, rowview_raw(v), r.x + r.w - 2 - x, ROLE_NORMAL, 0);
}

static void draw_row(struct app *a, struct grid *g, struct rect r, int y, const struct shape *s,
                     struct rowref ref, bool selected)
{
    struct rowview *v = &a->row;
    enum row_class class;

    rowview_at(v, a->answer->rows->snap->seg[ref.seg], ref.row);
    class = row_class(v);
    if (class == ROW_UNPARSED || v->seg->lt == logtype_text())
        draw_raw(a, g, r, y, s);
    for (unsigned i = 0; i < s->n && class != ROW_UNPARSED && v->seg->lt != logtype_text(); i++) {
        const struct list_column *c = &a->columns.col[s->at[i].col];
        struct slice text = column_text(c, v, a->zone, &a->cell);

        if (c->right)
            grid_put_right(g, y, s->at[i].x, s->at[i].w, text, cell_role(c, text), 0);
        else
            grid_put(g, y, s->at[i].x, text, s->at[i].w, cell_role(c, text), 0);
    }
    if (selected)
        grid_paint(g, rect_of(y, r.x, 1, r.w), ROLE_SELECTION, 0);
    for (unsigned i = 0; i < s->n && selected && a->focus == VIEW_RECORDS; i++)
        if (s->at[i].col == a->column)
            grid_paint(g, rect_of(y, s->at[i].x, 1, s->at[i].w), ROLE_SELECTION,
                       ATTR_BOLD | ATTR_UNDERLINE);
    if (class == ROW_BAD)
        grid_glyph(g, y, r.x + r.w - 1, GLYPH_CROSS, selected ? ROLE_SELECTION : ROLE_ERROR);
    else if (class == ROW_WARN)
        grid_glyph(g, y, r.x + r.w - 1, GLYPH_SMALL_SQUARE, selected ? ROLE_SELECTION : ROLE_WARN);
    else if (class >= ROW_DOUBTFUL && v->seg->lt != logtype_text())
        grid_puts(g, y, r.x + r.w - 1, "?", 1, selected ? ROLE_SELECTION : ROLE_NOTICE);
}

static void draw_nothing(struct app *a, struct grid *g, struct rect r)
{
    struct progress p;

    session_progress(a->session, &p);
    if (!a->answer || (p.busy && a->answer->all->total == 0))
        grid_puts(g, r.y + 1, r.x + 1, "reading ...", r.w - 2, ROLE_DIM);
    else if (a->answer->all->total == 0)
        grid_puts(g, r.y + 1, r.x + 1, "no records in these files; view 8 says why", r.w - 2,
                  ROLE_NOTICE);
    else if (a->answer->rows->pending)
        grid_puts(g, r.y + 1, r.x + 1, "no record so far ...", r.w - 2, ROLE_DIM);
    else
        grid_puts(g, r.y + 1, r.x + 1, "no record matches; u takes the last filter step back",
                  r.w - 2, ROLE_NOTICE);
}

static void records_draw(struct app *a, struct grid *g, struct rect r)
{
    const struct rowset *rows = app_rows(a);
    struct shape s;

    list_page(&a->list, rows, r.h - 1);
    if (a->list.n == 0 || a->columns.n == 0) {
        draw_nothing(a, g, r);
        return;
    }
    show_column(a, r, &s);
    draw_titles(a, g, r, &s);
    for (unsigned i = 0; i < a->list.n; i++)
        draw_row(a, g, r, r.y + 1 + (int)i, &s, a->list.row[i], i == a->list.at);
}

static void records_caption(struct app *a, struct strbuf *out)
{
    char day[FMT_LEN], rank[FMT_LEN];

    if (!app_rows(a) || app_rows(a)->total == 0)
        return;
    strbuf_addf(out, "%s · %s", fmt_day(day, a->zone, a->list.cursor.ts),
                fmt_count(rank, order_rank(app_rows(a), &a->list.cursor) + 1));
}

/* --- movement --- */

static void pause_or_resume(struct app *a)
{
    struct rowref ref;

    if (!a->following)
        return;
    bool last = order_forward(app_rows(a), &a->list.cursor, false, &ref, 1) == 0;
    if (last) {
        a->paused = false;
        a->list.stick = STICK_LAST;
    } else if (!a->paused) {
        a->paused = true;
        a->paused_rows = app_rows(a)->total;
    }
}

static bool move_records(struct app *a, const struct key_match *m)
{
    int64_t page = MAX(1, a->list.height - 1), n = m->count;
    const struct rowset *rows = app_rows(a);
    struct rowref ref;

    switch (m->cmd) {
    case CMD_LINE_DOWN:
        list_move(&a->list, rows, n);
        return true;
    case CMD_LINE_UP:
        list_move(&a->list, rows, -n);
        return true;
    case CMD_HALF_DOWN:
        list_move(&a->list, rows, MAX(1, page / 2) * n);
        return true;
    case CMD_HALF_UP:
        list_move(&a->list, rows, -MAX(1, page / 2) * n);
        return true;
    case CMD_PAGE_DOWN:
        list_move(&a->list, rows, page * n);
        return true;
    case CMD_PAGE_UP:
        list_move(&a->list, rows, -page * n);
        return true;
    case CMD_TOP:
    case CMD_BOTTOM:
        if (m->has_count && rows &&
            order_select(rows, MIN((uint64_t)MAX(n, 1) - 1, MAX(rows->total, 1) - 1), &ref)) {
            struct rowkey k = rowref_key(rows, ref);

            list_goto(&a->list, rows, &k, true);
        } else if (m->cmd == CMD_TOP)
            list_first(&a->list, rows);
        else
            list_last(&a->list, rows);
        return true;
    default:
        return false;
    }
}

static bool move_columns(struct app *a, const struct key_match *m)
{
    unsigned last = a->columns.n ? a->columns.n - 1 : 0;

    switch (m->cmd) {
    case CMD_COL_LEFT:
        a->column -= MIN(a->column, m->count);
        return true;
    case CMD_COL_RIGHT:
        a->column = MIN(last, a->column + m->count);
        return true;
    case CMD_COL_FIRST:
        a->column = 0;
        return true;
    case CMD_COL_LAST:
        a->column = last;
        return true;
    default:
        return false;
    }
}

static bool records_command(struct app *a, const struct key_match *m)
{
    if (app_rows(a) && move_records(a, m)) {
        pause_or_resume(a);
        return true;
    }
    if (move_columns(a, m))
        return true;
    if (m->cmd == CMD_DRILL) {
        a->focus = VIEW_RECORD;
        a->maximised = true;
        return true;
    }
    return false;
}

bool records_cell(struct app *a, const char **field, struct slice *value)
{
    struct rowview *v = app_selected(a);
    const struct list_column *c;
    const struct field_def *d;

    if (!v || a->column >= a->columns.n)
        return false;
    c = &a->columns.col[a->column];
    if (c->show == SHOW_TYPE) {
        *field = "@logtype";
        *value = slice_str(v->seg->lt->fmt->name);
        return true;
    }
    d = column_field(c, v);
    if (!d)
        return false;
    *field = d->name;
    *value = rowview_field(v, c->field[v->seg->lt->id]);
    return true;
}

const struct view_class view_records = {
    .name = "records",
    .title = "records",
    .draw = records_draw,
    .command = records_command,
    .caption = records_caption,
};
