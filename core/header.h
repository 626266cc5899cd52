/* header.h - the layout in force behind a chunk that nobody has parsed yet: chunks are parsed side
 * by side, and what a header line says counts for the chunks behind its own. */
#ifndef AWL_HEADER_H
#define AWL_HEADER_H

#include "split.h"

/* Of the first lines of a file, whatever columns its header names. */
const struct layout *layout_of_head(struct logtype *lt, struct slice head, struct record *rec);
/* Behind lines, without parsing them: only those that have the mark of a header count. */
const struct layout *layout_behind(struct logtype *lt, const struct layout *lay, struct slice bytes,
                                   struct record *rec);
/* Behind the first records of a file that are not bare lines; `start`: the bytes they lie in. */
const struct layout *layout_behind_events(struct logtype *lt, const struct events *events,
                                          const char *start, struct arena *mem, struct record *rec);

#endif
