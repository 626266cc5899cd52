/* rawscan.h - the rows of a segment whose record holds a text or matches a pattern. */
#ifndef AWL_RAWSCAN_H
#define AWL_RAWSCAN_H

#include "rowview.h"
#include "textsearch.h"

/* Of the rows in `in` those that match into `out`; of others it may hold anything. `view` is the
 * thread's reader. False: *cancel became true on the way. */
bool rawscan(const struct textsearch *t, struct segment *seg, struct rowview *view,
             const uint64_t *in, uint64_t *out, const atomic_bool *cancel);

#endif
