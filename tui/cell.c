/* Every change of a cell goes through cell_set, which clips and keeps wide cells whole: a wide
 * grapheme that loses one half becomes blanks, also when the half lies outside the clip. */
#include "cell.h"

#include "text.h"
#include "xalloc.h"

enum { GRID_MAX = 4096 };

static const char *const glyphs[GLYPH_COUNT][2] = {
#define GLYPH_ROW(id, utf8, ascii) {utf8, ascii},
    GLYPHS(GLYPH_ROW)
#undef GLYPH_ROW
};

static const char *const lines[16] = {" ", "│", "│", "│", "─", "┘", "┐", "┤",
                                      "─", "└", "┌", "├", "─", "┴", "┬", "┼"};

struct rect rect_inset(struct rect r, int dy, int dx)
{
    return rect_of(r.y + dy, r.x + dx, MAX(r.h - 2 * dy, 0), MAX(r.w - 2 * dx, 0));
}

struct rect rect_common(struct rect a, struct rect b)
{
    int y = MAX(a.y, b.y), x = MAX(a.x, b.x);
    int y2 = MIN(a.y + a.h, b.y + b.h), x2 = MIN(a.x + a.w, b.x + b.w);

    return rect_of(y, x, MAX(y2 - y, 0), MAX(x2 - x, 0));
}

bool rect_has(struct rect r, int y, int x)
{
    return y >= r.y && y < r.y + r.h && x >= r.x && x < r.x + r.w;
}

static const struct cell blank = {.text = " ", .role = ROLE_NORMAL, .width = 1};

struct grid *grid_new(int h, int w)
{
    struct grid *g = xcalloc(1, sizeof(*g));

    grid_resize(g, h, w);
    return g;
}

void grid_free(struct grid *g)
{
    if (!g)
        return;
    free(g->cell);
    free(g);
}

void grid_resize(struct grid *g, int h, int w)
{
    g->h = MIN(MAX(h, 1), GRID_MAX);
    g->w = MIN(MAX(w, 1), GRID_MAX);
    g->cell = xreallocarray(g->cell, (size_t)g->h * (size_t)g->w, sizeof(*g->cell));
    grid_clear(g);
}

void grid_clear(struct grid *g)
{
    size_t n = (size_t)g->h * (size_t)g->w;

    for (size_t i = 0; i < n; i++)
        g->cell[i] = blank;
    g->clip = rect_of(0, 0, g->h, g->w);
    g->cursor_y = g->cursor_x = -1;
}

struct cell *grid_cell(const struct grid *g, int y, int x)
{
    if (y < 0 || y >= g->h || x < 0 || x >= g->w)
        return NULL;
    return &g->cell[(size_t)y * (size_t)g->w + (size_t)x];
}

bool cell_eq(const struct cell *a, const struct cell *b)
{
    return a->role == b->role && a->attr == b->attr && a->width == b->width &&
           strcmp(a->text, b->text) == 0;
}

struct rect grid_clip(struct grid *g, struct rect r)
{
    struct rect old = g->clip;

    g->clip = rect_common(old, r);
    return old;
}

void grid_unclip(struct grid *g, struct rect old)
{
    g->clip = old;
}

const char *glyph(const struct grid *g, enum glyph id)
{
    return glyphs[id][g->ascii];
}

const char *glyph_level(bool ascii, int eighths)
{
    static const char *const level[9][2] = {{" ", " "}, {"▁", "."}, {"▂", ":"},
                                            {"▃", "-"}, {"▄", "="}, {"▅", "+"},
                                            {"▆", "*"}, {"▇", "#"}, {"█", "%"}};

    return level[MIN(MAX(eighths, 0), 8)][ascii];
}

static void cell_blank(struct cell *c)
{
    uint8_t role = c->role, attr = c->attr;

    *c = blank;
    c->role = role;
    c->attr = attr;
}

/* Makes the cell at (y, x) free to be overwritten without leaving half a wide one behind. */
static void cell_split(struct grid *g, int y, int x)
{
    struct cell *c = grid_cell(g, y, x);
    struct cell *left = grid_cell(g, y, x - 1), *right = grid_cell(g, y, x + 1);

    if (c->width == 0 && left)
        cell_blank(left);
    else if (c->width == 2 && right)
        cell_blank(right);
}

static void cell_set(struct grid *g, int y, int x, const char *text, int width, enum role role,
                     unsigned attr)
{
    struct cell *c;

    if (width == 2 && (!rect_has(g->clip, y, x) || !rect_has(g->clip, y, x + 1))) {
        cell_set(g, y, x, " ", 1, role, attr);
        cell_set(g, y, x + 1, " ", 1, role, attr);
        return;
    }
    c = grid_cell(g, y, x);
    if (!c || !rect_has(g->clip, y, x))
        return;
    cell_split(g, y, x);
    *c = (struct cell){.role = (uint8_t)role, .attr = (uint8_t)attr, .width = (uint8_t)width};
    strncpy(c->text, text, CELL_TEXT - 1);
    if (width == 2) {
        cell_split(g, y, x + 1);
        c[1] = (struct cell){.role = (uint8_t)role, .attr = (uint8_t)attr, .width = 0};
    }
}

static int put_unit(struct grid *g, int y, int x, const struct text_unit *u, enum role role,
                    unsigned attr)
{
    bool reversed = role == ROLE_SELECTION || role == ROLE_CURSOR_LINE || role == ROLE_POPUP_SEL;

    if (!u->escaped || u->width == 1) {
        cell_set(g, y, x, u->out, u->width, role, attr);
        return u->width;
    }
    for (int i = 0; i < u->width; i++) {
        char one[2] = {u->out[i], '\0'};

        if (reversed)
            cell_set(g, y, x + i, one, 1, role, attr | ATTR_UNDERLINE);
        else
            cell_set(g, y, x + i, one, 1, ROLE_ESCAPE, attr);
    }
    return u->width;
}

int grid_put(struct grid *g, int y, int x, struct slice text, int max, enum role role,
             unsigned attr)
{
    struct slice fit;
    struct text_unit u;
    int used = 0;

    if (max <= 0)
        return 0;
    fit = text_prefix(text, g->ascii, (size_t)max, NULL);
    if (fit.len < text.len)
        fit = text_prefix(text, g->ascii, (size_t)max - 1, NULL);
    for (struct slice rest = fit; text_next(&rest, g->ascii, &u);)
        used += put_unit(g, y, x + used, &u, role, attr);
    if (fit.len < text.len) {
        cell_set(g, y, x + used, glyph(g, GLYPH_ELLIPSIS), 1, role, attr);
        used++;
    }
    return used;
}

int grid_puts(struct grid *g, int y, int x, const char *text, int max, enum role role)
{
    return grid_put(g, y, x, slice_str(text), max, role, 0);
}

int grid_putf(struct grid *g, int y, int x, int max, enum role role, const char *fmt, ...)
{
    struct strbuf sb = STRBUF_INIT;
    va_list ap;
    int used;

    va_start(ap, fmt);
    strbuf_vaddf(&sb, fmt, ap);
    va_end(ap);
    used = grid_put(g, y, x, strbuf_slice(&sb), max, role, 0);
    strbuf_release(&sb);
    return used;
}

int grid_put_right(struct grid *g, int y, int x, int w, struct slice text, enum role role,
                   unsigned attr)
{
    size_t width;

    if (w <= 0)
        return 0;
    if (text_prefix(text, g->ascii, (size_t)w, &width).len == text.len)
        x += w - (int)width;
    return grid_put(g, y, x, text, w, role, attr);
}

int grid_glyph(struct grid *g, int y, int x, enum glyph id, enum role role)
{
    cell_set(g, y, x, glyph(g, id), 1, role, 0);
    return 1;
}

void grid_fill(struct grid *g, struct rect r, enum role role, unsigned attr)
{
    struct rect in = rect_common(r, g->clip);

    for (int y = in.y; y < in.y + in.h; y++)
        for (int x = in.x; x < in.x + in.w; x++)
            cell_set(g, y, x, " ", 1, role, attr);
}

void grid_paint(struct grid *g, struct rect r, enum role role, unsigned attr)
{
    struct rect in = rect_common(r, g->clip);

    for (int y = in.y; y < in.y + in.h; y++) {
        for (int x = in.x; x < in.x + in.w; x++) {
            struct cell *c = grid_cell(g, y, x);

            if (!c)
                continue;
            c->role = (uint8_t)role;
            c->attr |= (uint8_t)attr;
        }
    }
}

static const char *line_glyph(const struct grid *g, unsigned line)
{
    bool across = line & (LINE_LEFT | LINE_RIGHT), along = line & (LINE_UP | LINE_DOWN);

    if (!g->ascii)
        return lines[line & 15];
    return across && along ? "+" : across ? "-" : "|";
}

static void line_add(struct grid *g, int y, int x, unsigned line, enum role role)
{
    const struct cell *c = grid_cell(g, y, x);

    if (!c || !rect_has(g->clip, y, x))
        return;
    line |= c->line;
    if (c->line && c->role == ROLE_BORDER_FOCUS)
        role = ROLE_BORDER_FOCUS;
    cell_set(g, y, x, line_glyph(g, line), 1, role, 0);
    grid_cell(g, y, x)->line = (uint8_t)line;
}

void grid_hline(struct grid *g, int y, int x, int w, enum role role)
{
    for (int i = 0; i < w; i++) {
        unsigned line = (i > 0 || w == 1 ? LINE_LEFT : 0) | (i < w - 1 || w == 1 ? LINE_RIGHT : 0);

        line_add(g, y, x + i, line, role);
    }
}

void grid_vline(struct grid *g, int y, int x, int h, enum role role)
{
    for (int i = 0; i < h; i++) {
        unsigned line = (i > 0 || h == 1 ? LINE_UP : 0) | (i < h - 1 || h == 1 ? LINE_DOWN : 0);

        line_add(g, y + i, x, line, role);
    }
}

static void put_title(struct grid *g, int y, int x, int max, struct slice title, enum role role)
{
    int used;

    if (!title.len || max < 3)
        return;
    cell_set(g, y, x, " ", 1, role, 0);
    used = grid_put(g, y, x + 1, title, max - 2, role, 0);
    cell_set(g, y, x + 1 + used, " ", 1, role, 0);
}

void grid_box(struct grid *g, struct rect r, struct slice title, enum role border,
              enum role title_role)
{
    if (r.h < 1 || r.w < 1)
        return;
    grid_hline(g, r.y, r.x, r.w, border);
    if (r.h > 1) {
        grid_hline(g, r.y + r.h - 1, r.x, r.w, border);
        grid_vline(g, r.y, r.x, r.h, border);
        grid_vline(g, r.y, r.x + r.w - 1, r.h, border);
    }
    put_title(g, r.y, r.x + 1, r.w - 2, title, title_role);
}

void grid_rule(struct grid *g, int y, int x, int w, struct slice title, enum role border,
               enum role title_role)
{
    grid_hline(g, y, x, w, border);
    put_title(g, y, x + 1, w - 2, title, title_role);
}

/* value of max in steps, rounded, but never to 0 unless it is 0. */
static int scale(uint64_t value, uint64_t max, int steps)
{
    int level;

    if (!value || !max)
        return 0;
    level = (int)((double)MIN(value, max) / (double)max * steps + 0.5);
    return MAX(level, 1);
}

void grid_spark(struct grid *g, int y, int x, const uint64_t *v, int n, uint64_t max,
                enum role role)
{
    uint64_t greatest = 0;

    for (int i = 0; i < n; i++)
        greatest = MAX(greatest, v[i]);
    if (!max)
        max = greatest;
    for (int i = 0; i < n; i++)
        cell_set(g, y, x + i, glyph_level(g->ascii, scale(v[i], max, 8)), 1, role, 0);
}

int grid_column(struct grid *g, int y, int x, int h, int eighths, enum role role)
{
    int rows = 0;

    for (; rows < h && eighths > 0; rows++, eighths -= 8)
        cell_set(g, y - rows, x, glyph_level(g->ascii, eighths), 1, role, 0);
    return rows;
}

void grid_bar(struct grid *g, int y, int x, int w, uint64_t part, uint64_t whole, enum role role)
{
    static const char *const left[] = {" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"};
    int eighths = w > 0 ? scale(part, whole, w * 8) : 0;

    for (int i = 0; i < w; i++, eighths -= 8) {
        int n = MIN(MAX(eighths, 0), 8);

        cell_set(g, y, x + i, g->ascii ? (n >= 4 ? "#" : n ? "-" : " ") : left[n], 1, role, 0);
    }
}
