/* fill.h - fillmissing: rows for the bins of a table that has none for them. */
#ifndef AWL_FILL_H
#define AWL_FILL_H

#include "expr.h"

struct fill;
struct fill *fill_new(const struct query_cmd *c, unsigned width);
/* A row of the table: its keys first. Texts must stay. */
void fill_row(struct fill *f, const struct val *cell);
/* The rows with those that were missing, in the order of stats; `cell` (malloc'd, *n rows) is used
 * up, and f. */
struct val *fill_end(struct fill *f, struct val *cell, uint64_t *n);

#endif
