/* zone.h - zones of time by name, from the files that the system has of them (TZif, RFC 8536). */
#ifndef AWL_ZONE_H
#define AWL_ZONE_H

#include "str.h"

struct time_zone;

/* The zone of that name, read when it is first asked for and then kept. NULL: it is no name of a
 * zone, or there is no file of it, or that is broken. Any thread. */
const struct time_zone *time_zone_find(struct slice name);
int time_zone_offset(const struct time_zone *z, int64_t utc_s); /* seconds east of UTC */
/* The moment of a local time: of two the first; of none, in spring, as if the clock had not been
 * put forward yet. */
int64_t time_zone_utc(const struct time_zone *z, int64_t local_s);

/* For tests: from the bytes of a file. NULL: they are none. */
struct time_zone *time_zone_parse(struct slice file);
void time_zone_free(struct time_zone *z);

#endif
