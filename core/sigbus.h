/* sigbus.h - mappings of files that may be cut. A page that is gone reads as zeros, and the
 * mapping's flag is raised; a fault elsewhere goes to whoever had the signal before. */
#ifndef AWL_SIGBUS_H
#define AWL_SIGBUS_H

#include <stdatomic.h>

#include "base.h"

void sigbus_install(void);
/* False if the table is full: do not map then. */
bool sigbus_add(const void *ptr, size_t len, atomic_bool *hit);
void sigbus_mute(const void *ptr); /* the flag goes away, the mapping stays */
void sigbus_remove(const void *ptr);

#endif
