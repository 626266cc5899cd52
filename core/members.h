/* members.h - a gzip file of many members, inflated by several threads and read in order.
 *
 * Only a guess says where the next member begins, so that a thread may begin there before another
 * one has come so far; what is given is right whatever the guesses were worth. What cannot be
 * inflated so (a large member, damage, what follows the last member) is left to a stream. */
#ifndef AWL_MEMBERS_H
#define AWL_MEMBERS_H

#include "inflate.h"

struct members;
/* Reads n bytes at `off` of the compressed file; less only at its end. Called by any thread. */
typedef ssize_t (*members_input_fn)(void *ctx, uint64_t off, void *buf, size_t n, struct err *e);

/* NULL if there seem to be no members to share, or memory is short. `z` gets the access points. */
struct members *members_new(uint64_t size, members_input_fn input, void *ctx, struct zaccess *z);
void members_free(struct members *m);
/* Inflates some of what comes next, unless enough is waiting. By any thread, beside a reader. */
void members_ahead(struct members *m);
/* As inflater_read(). By one thread at a time; it may wait for those that are ahead. */
ssize_t members_read(struct members *m, void *buf, size_t n, struct err *e);
/* How many compressed bytes were given, about. */
uint64_t members_at(const struct members *m);

#endif
