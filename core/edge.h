/* edge.h - where an edge location code (LHR50-P2) is: three letters of an airport, a number, and
 * maybe a suffix of no documented meaning. */
#ifndef AWL_EDGE_H
#define AWL_EDGE_H

#include "str.h"

struct edge_place {
    const char *city;    /* UTF-8 */
    const char *country; /* ISO 3166, two letters */
};

/* Whether it has the shape of a code. */
bool edge_has_shape(struct slice code);
/* False: no such code, or it has not the shape of one. *near (may be NULL) is set if the name is
 * only that of the nearest airport's town, not one AWS is known to use for its edges. */
bool edge_lookup(struct slice code, struct edge_place *out, bool *near);

#endif
