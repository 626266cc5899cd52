/* joined.h - rows found by their keys: the other side of a join, the table of a lookup. */
#ifndef AWL_JOINED_H
#define AWL_JOINED_H

#include "expr.h"

#define JOINED_MAX_BYTES (512u << 20)
#define JOINED_NONE UINT32_MAX

struct joined;
/* Rows of `width` cells, whose texts lie in the dictionary, which counts for their size. */
struct joined *joined_new(unsigned width, const struct dict *texts);
void joined_free(struct joined *j);
/* Sets part k of the key at hand, 0 first; its text need not stay. */
void joined_key(struct joined *j, unsigned k, struct val v);
/* Adds a row of the key at hand; if a part is missing it is left out, for it would not be found.
 * False: there would be more than JOINED_MAX_BYTES. */
bool joined_add(struct joined *j, const struct val *cell);
/* The first row of the key at hand: of those whose keys print the same; JOINED_NONE: there is none.
 */
uint32_t joined_find(struct joined *j);
/* The next row with the same key, in the order in which they were added. */
uint32_t joined_next(const struct joined *j, uint32_t row);
const struct val *joined_row(const struct joined *j, uint32_t row); /* until the next joined_add */

#endif
