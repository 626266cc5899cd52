/* fields.c - facets: the values of the telling fields with their counts under the filter. */
#include "../app.h"
#include "../text.h"

enum { WIDEST = 64 }; /* counts stay near their values */

/* A line is a field's name (value < 0) or one of its values; value == n: the missing ones. */
struct line {
    const struct facet *facet;
    int value;
};

static unsigned shown_values(const struct app *a)
{
    return a->maximised || a->layout.folded ? FACET_TOP : 6;
}

static unsigned facet_lines(const struct app *a, const struct facet *f)
{
    return 1 + MIN(f->n, shown_values(a)) + (f->missing && f->missing < f->rows ? 1 : 0);
}

/* A field that no row in sight has is left out. */
static bool facet_empty(const struct facet *f)
{
    return !f || f->n == 0;
}

static unsigned count_lines(const struct app *a)
{
    unsigned n = 0;

    for (unsigned i = 0; a->told && i < a->told->n_facet; i++)
        if (!facet_empty(a->told->facet[i]))
            n += facet_lines(a, a->told->facet[i]);
    return n;
}

static bool line_at(const struct app *a, unsigned at, struct line *out)
{
    for (unsigned i = 0; a->told && i < a->told->n_facet; i++) {
        const struct facet *f = a->told->facet[i];
        unsigned n;

        if (facet_empty(f))
            continue;
        n = facet_lines(a, f);
        if (at < n) {
            unsigned shown = MIN(f->n, shown_values(a));

            *out = (struct line){f, at == 0 ? -1 : at - 1 < shown ? (int)at - 1 : (int)f->n};
            return true;
        }
        at -= n;
    }
    return false;
}

static void draw_line(struct app *a, struct grid *g, struct rect r, int y, const struct line *l,
                      bool selected)
{
    const struct facet *f = l->facet;
    char n[FMT_LEN];
    struct slice text;
    uint64_t count;

    (void)a;
    if (l->value < 0) {
        grid_puts(g, y, r.x + 1, f->name, r.w - 8, ROLE_COLUMN);
        grid_put_right(g, y, r.x + r.w - 7, 6, slice_str(fmt_short(n, f->distinct)), ROLE_DIM, 0);
        return;
    }
    bool missing = l->value == (int)f->n;
    text = missing ? SL("-") : f->value[l->value].text;
    count = missing ? f->missing : f->value[l->value].count;
    if (value_missing(text))
        text = SL("-");
    grid_put(g, y, r.x + 2, text, r.w - 10, missing ? ROLE_MISSING : status_role(text), 0);
    grid_put_right(g, y, r.x + r.w - 7, 6, slice_str(fmt_short(n, count)), ROLE_NUMBER, 0);
    if (selected)
        grid_paint(g, rect_of(y, r.x, 1, r.w), ROLE_SELECTION, 0);
}

static void fields_draw(struct app *a, struct grid *g, struct rect r)
{
    struct fields_pane *p = &a->fields;
    struct line l;

    r.w = MIN(r.w, WIDEST);
    p->height = r.h;
    p->lines = count_lines(a);
    if (p->lines == 0) {
        grid_puts(g, r.y, r.x + 1, app_told(a) ? "no fields" : "counting ...", r.w - 2, ROLE_DIM);
        return;
    }
    p->at = MIN(p->at, p->lines - 1);
    if (p->at < p->top)
        p->top = p->at;
    if (p->at >= p->top + (unsigned)r.h)
        p->top = p->at - (unsigned)r.h + 1;
    for (int i = 0; i < r.h && line_at(a, p->top + (unsigned)i, &l); i++) {
        bool here = a->focus == VIEW_FIELDS && p->top + (unsigned)i == p->at;

        draw_line(a, g, r, r.y + i, &l, here);
        if (here && l.value < 0)
            grid_paint(g, rect_of(r.y + i, r.x, 1, r.w), ROLE_CURSOR_LINE, 0);
    }
}

/* To the first value of the next or previous field. */
static void jump_field(struct app *a, int step)
{
    struct line l;
    int at = (int)a->fields.at + step;

    while (line_at(a, (unsigned)at, &l) && at > 0 && l.value >= 0)
        at += step;
    if (at >= 0 && line_at(a, (unsigned)at, &l))
        a->fields.at = (unsigned)at;
}

static bool fields_command(struct app *a, const struct key_match *m)
{
    struct line l;

    if (move_lines(m, &a->fields.at, a->fields.lines, a->fields.height))
        return true;
    switch (m->cmd) {
    case CMD_COL_LEFT:
        jump_field(a, -1);
        return true;
    case CMD_COL_RIGHT:
        jump_field(a, 1);
        return true;
    case CMD_DRILL: {
        struct key_match include = {.cmd = CMD_INCLUDE, .count = 1};

        if (line_at(a, a->fields.at, &l) && l.value < 0)
            jump_field(a, 1);
        else
            app_do(a, &include);
        return true;
    }
    default:
        return false;
    }
}

bool fields_cell(struct app *a, const char **field, struct slice *value)
{
    struct line l;

    if (!line_at(a, a->fields.at, &l) || l.value < 0)
        return false;
    *field = l.facet->name;
    *value = l.value == (int)l.facet->n ? (struct slice){NULL, 0} : l.facet->value[l.value].text;
    return true;
}

static void fields_caption(struct app *a, struct strbuf *out)
{
    if (a->told && !app_told(a))
        strbuf_adds(out, "counting");
}

const struct view_class view_fields = {
    .name = "fields",
    .title = "fields",
    .draw = fields_draw,
    .command = fields_command,
    .caption = fields_caption,
};
