/* secret.h - which columns of a query show API keys, which nothing but the name of their field
 * tells from other words: under another name, as keys of groups, within other texts. */
#ifndef AWL_SECRET_H
#define AWL_SECRET_H

#include "expr.h"

/* Cells of a row that may hold such a value, a bit each; the last one is all from there on. */
typedef uint64_t secret_cells;

/* Those of the rows that a query ends with. */
secret_cells secret_cells_of(const struct query_ast *q);
/* Whether the value of an item may be one, on rows with those cells. */
bool secret_item(const struct query_item *item, secret_cells cells);
bool secret_cell(const char *name, unsigned cell, secret_cells cells);

#endif
