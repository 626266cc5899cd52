#include "table.h"

static int needed(const struct table_column *c, unsigned n, unsigned max_rank)
{
    int w = 2;

    for (unsigned i = 0; i < n; i++)
        if (c[i].rank <= max_rank)
            w += c[i].width + 2;
    return w;
}

void table_shape(struct grid *g, struct rect r, const struct table_column *c, unsigned n,
                 struct table_shape *s)
{
    unsigned rank = 9;
    int x = r.x + 1, rest;

    while (rank > 0 && needed(c, n, rank) > r.w)
        rank--;
    rest = MAX(0, r.w - needed(c, n, rank));
    s->n = n;
    for (unsigned i = 0; i < n; i++) {
        s->x[i] = x;
        s->w[i] = c[i].rank > rank ? 0 : c[i].width + (c[i].flex ? MIN(rest, 48) : 0);
        if (s->w[i] == 0)
            continue;
        table_cell(g, r.y, c, s, i, slice_str(c[i].title), ROLE_COLUMN);
        x += s->w[i] + 2;
    }
}

unsigned table_scroll(struct app *a, struct rect r, unsigned lines)
{
    struct table_pane *t = &a->table;
    unsigned h = (unsigned)MAX(1, r.h - 1);

    t->lines = lines;
    t->height = (int)h;
    t->at = lines ? MIN(t->at, lines - 1) : 0;
    if (t->at < t->top)
        t->top = t->at;
    if (t->at >= t->top + h)
        t->top = t->at - h + 1;
    return t->top;
}

void table_cell(struct grid *g, int y, const struct table_column *c, const struct table_shape *s,
                unsigned col, struct slice text, enum role role)
{
    if (s->w[col] == 0)
        return;
    if (c[col].right)
        grid_put_right(g, y, s->x[col], s->w[col], text, role, 0);
    else
        grid_put(g, y, s->x[col], text, s->w[col], role, 0);
}

void table_spark(struct grid *g, int y, const struct table_shape *s, unsigned col,
                 const uint64_t *v, enum role role)
{
    if (s->w[col] > 0)
        grid_spark(g, y, s->x[col], v, MIN(SPARK_BUCKETS, s->w[col]), 0, role);
}

void table_select(struct app *a, struct grid *g, struct rect r, int y, unsigned line)
{
    if (line == a->table.at)
        grid_paint(g, rect_of(y, r.x, 1, r.w), ROLE_SELECTION, 0);
}
