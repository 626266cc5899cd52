/* cell.h - a screen in memory: a grid of cells, each a grapheme with a meaning (role).
 *
 * Views draw here and nowhere else; a terminal back end (term.h) shows the difference to what it
 * showed before. All text passes through text.h, so no control byte ever gets into a cell. Every
 * drawing function clips to the grid and to grid->clip: coordinates may be anywhere. */
#ifndef AWL_CELL_H
#define AWL_CELL_H

#include "str.h"

enum { ATTR_BOLD = 1, ATTR_REVERSE = 2, ATTR_UNDERLINE = 4, ATTR_DIM = 8 };

enum role {
#define ROLE(id, name, letter, fg, bg, attr, mono) ROLE_##id,
#include "roles.def"
#undef ROLE
    ROLE_COUNT
};

/* Glyphs with an ASCII twin. */
/* It measures UTF-8 otherwise each time. */
/* clang-format off */
#define GLYPHS(G) \
    G(ELLIPSIS, "…", "~") \
    G(CRUMB, "›", ">") \
    G(ARROW, "→", ">") \
    G(LEFT, "←", "<") \
    G(UP, "▲", "^") \
    G(DOWN, "▼", "v") \
    G(CROSS, "✗", "x") \
    G(CHECK, "✓", "+") \
    G(RELOAD, "⟳", "@") \
    G(DOT, "·", ".") \
    G(BULLET, "•", "*") \
    G(SQUARE, "■", "#") \
    G(SMALL_SQUARE, "▪", "=") \
    G(MINUS, "−", "-") \
    G(DASH, "–", "-") \
    G(MARK, "◆", "*") \
    G(CURSOR, "▸", ">") \
    G(TIMES, "×", "x") \
    G(PLUS_MINUS, "±", "~") \
    G(PAUSE, "‖", "!") \
    G(GAP, "╌", "?") \
    G(CARET, "▴", "^")
/* clang-format on */

enum glyph {
#define GLYPH_ENUM(id, utf8, ascii) GLYPH_##id,
    GLYPHS(GLYPH_ENUM)
#undef GLYPH_ENUM
        GLYPH_COUNT
};

enum { CELL_TEXT = 16 };

struct cell {
    char text[CELL_TEXT]; /* NUL-terminated UTF-8; empty in the second half of a wide cell */
    uint8_t role, attr;
    uint8_t width; /* 1, 2, or 0: the second half of the cell to the left */
    uint8_t line;  /* directions of a box line in this cell (LINE_*), so that lines join */
};

enum { LINE_UP = 1, LINE_DOWN = 2, LINE_LEFT = 4, LINE_RIGHT = 8 };

struct rect {
    int y, x, h, w;
};

static inline struct rect rect_of(int y, int x, int h, int w)
{
    return (struct rect){y, x, h, w};
}

struct rect rect_inset(struct rect r, int dy, int dx); /* never negative */
struct rect rect_common(struct rect a, struct rect b);
bool rect_has(struct rect r, int y, int x);

struct grid {
    int h, w;
    bool ascii; /* only ASCII glyphs; other text is escaped */
    struct rect clip;
    int cursor_y, cursor_x; /* where the terminal's cursor shows; y < 0 hides it */
    struct cell *cell;      /* h * w, row by row */
};

struct grid *grid_new(int h, int w); /* blank; sizes are at least 1 and at most 4096 */
void grid_free(struct grid *g);
void grid_resize(struct grid *g, int h, int w); /* blanks everything */
void grid_clear(struct grid *g);                /* blank, normal role, no clip, cursor hidden */
struct cell *grid_cell(const struct grid *g, int y, int x); /* NULL outside */
bool cell_eq(const struct cell *a, const struct cell *b);   /* looks the same */

/* Later drawing only changes cells inside r; gives back the old clip for grid_unclip. */
struct rect grid_clip(struct grid *g, struct rect r);
void grid_unclip(struct grid *g, struct rect old);

const char *glyph(const struct grid *g, enum glyph id);
const char *glyph_level(bool ascii, int eighths); /* 0..8: " ▁▂▃▄▅▆▇█", " .:-=+*#%" */

/* Writes text from (y, x) into at most max columns, ending in an ellipsis if it does not fit.
 * Returns the columns used. Escapes of hostile bytes are shown in the role `escape`. */
int grid_put(struct grid *g, int y, int x, struct slice text, int max, enum role role,
             unsigned attr);
int grid_puts(struct grid *g, int y, int x, const char *text, int max, enum role role);
int grid_putf(struct grid *g, int y, int x, int max, enum role role, const char *fmt, ...)
    PRINTF_LIKE(6, 7);
/* Right-aligned in the w columns from x; too long is cut as grid_put does. Returns columns used. */
int grid_put_right(struct grid *g, int y, int x, int w, struct slice text, enum role role,
                   unsigned attr);
int grid_glyph(struct grid *g, int y, int x, enum glyph id, enum role role); /* returns 1 */

void grid_fill(struct grid *g, struct rect r, enum role role, unsigned attr); /* blanks */
/* Gives the cells of r another role, and adds attr, and keeps their text: selections, brushes. */
void grid_paint(struct grid *g, struct rect r, enum role role, unsigned attr);

/* Lines join with lines already there: a box beside a box shares its border with ├ and ┬. */
void grid_hline(struct grid *g, int y, int x, int w, enum role role);
void grid_vline(struct grid *g, int y, int x, int h, enum role role);
/* A frame on the outermost cells of r; the title (may be absent) goes into its top. */
void grid_box(struct grid *g, struct rect r, struct slice title, enum role border,
              enum role title_role);
/* A horizontal rule with a title: "─ why ─────". */
void grid_rule(struct grid *g, int y, int x, int w, struct slice title, enum role border,
               enum role title_role);

/* A sparkline: n values, one a column; max 0 means the greatest of them. Above 0 is never blank. */
void grid_spark(struct grid *g, int y, int x, const uint64_t *v, int n, uint64_t max,
                enum role role);
/* A column of a chart that grows up from row y, at most h rows, `eighths` eighths of a row high.
 * Returns the rows it touched. */
int grid_column(struct grid *g, int y, int x, int h, int eighths, enum role role);
/* A bar that grows right: part of whole of w columns, in eighths. */
void grid_bar(struct grid *g, int y, int x, int w, uint64_t part, uint64_t whole, enum role role);

#endif
