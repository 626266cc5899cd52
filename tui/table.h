/* table.h - what the table views share: a header row, aligned cells, a cursor line, scrolling.
 * A column is left out from the right when the room is too small; the flexible one takes the rest.
 */
#ifndef AWL_TABLE_H
#define AWL_TABLE_H

#include "app.h"

struct table_column {
    const char *title;
    uint8_t width; /* at least */
    uint8_t rank;  /* 0 stays always; the greatest gives way first */
    bool right;
    bool flex; /* takes some of what is left */
};

#define TABLE_COLUMNS 16

struct table_shape {
    unsigned n;
    int x[TABLE_COLUMNS], w[TABLE_COLUMNS]; /* w 0: left out */
};

/* Lays out the columns, draws their titles into the first row of r. */
void table_shape(struct grid *g, struct rect r, const struct table_column *c, unsigned n,
                 struct table_shape *s);
/* Keeps the cursor inside `lines` and in sight; returns the first line to draw. */
unsigned table_scroll(struct app *a, struct rect r, unsigned lines);
void table_cell(struct grid *g, int y, const struct table_column *c, const struct table_shape *s,
                unsigned col, struct slice text, enum role role);
void table_spark(struct grid *g, int y, const struct table_shape *s, unsigned col,
                 const uint64_t *v, enum role role);
void table_select(struct app *a, struct grid *g, struct rect r, int y, unsigned line);

#endif
