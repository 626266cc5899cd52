/* inflate.h - gzip: whole small files, streams, and places to start again from.
 *
 * Members follow each other without end (RFC 1952, 2.2), also over zeros, with which tapes are
 * padded. Lines of text behind a member are given as they are, and members behind those are
 * inflated again: `cat a.gz b.log c.gz`. Other bytes that begin no member are left out to the end,
 * as gzip does, and counted. A gzip inside the gzip is inflated, too. */
#ifndef AWL_INFLATE_H
#define AWL_INFLATE_H

#include "err.h"
#include "str.h"

/* Points in a stream where inflation can start, about every MiB of output. Thread-safe. */
struct zaccess;
struct zaccess *zaccess_new(void);
void zaccess_free(struct zaccess *z);
/* Where the block holding inflated offset `off` begins, and its number. */
uint64_t zaccess_floor(struct zaccess *z, uint64_t off, size_t *index);
/* Where block `index` ends: the next point, UINT64_MAX if there is none yet. */
uint64_t zaccess_end(struct zaccess *z, size_t index);

/* A member begins at compressed byte `in`, inflated byte `out`: a point, unless one is near. */
void zaccess_member(struct zaccess *z, uint64_t in, uint64_t out);

/* Whether something but zeros was met behind the first member. */
bool zaccess_goes_on(struct zaccess *z);
void zaccess_set_goes_on(struct zaccess *z); /* for who inflates without a stream */

/* Whether something at the end was left out, that is neither gzip nor text: where it begins in the
 * file (in the gzip, if that is in another), and how many bytes that are. */
bool zaccess_left(struct zaccess *z, uint64_t *at, uint64_t *n);

/* The points as bytes, and back into an empty one; bytes that are none are left. */
void zaccess_save(struct zaccess *z, struct strbuf *out);
void zaccess_restore(struct zaccess *z, struct slice bytes);

struct inflater;
/* Reads compressed bytes: returns how many (0: end), < 0 with *e set. */
typedef ssize_t (*inflate_input_fn)(void *ctx, void *buf, size_t n, struct err *e);

/* A stream from the beginning; `z` (may be NULL) gets the access points. */
struct inflater *inflater_new(inflate_input_fn input, void *ctx, struct zaccess *z);
/* A stream from access point `index` (0: the beginning), which adds points, too. `input` is called
 * at once, and must give the bytes behind the first *skip; so *skip is best the input's own
 * position. */
struct inflater *inflater_at(struct zaccess *z, size_t index, inflate_input_fn input, void *ctx,
                             uint64_t *skip);
/* A stream from a member that is not the first one: compressed byte `in`, where `input` begins,
 * inflated byte `out`. */
struct inflater *inflater_from(struct zaccess *z, uint64_t in, uint64_t out, inflate_input_fn input,
                               void *ctx);
/* A stream whose bytes are kept elsewhere: `z` learns only of what is left out. */
struct inflater *inflater_once(struct zaccess *z, inflate_input_fn input, void *ctx);
void inflater_free(struct inflater *i);
/* Up to n bytes: the number, 0 at the end, < 0 for damage, the message naming both offsets. What
 * was given before stays good. */
ssize_t inflater_read(struct inflater *i, void *buf, size_t n, struct err *e);

/* A whole file in memory into *out (empty before), a gzip inside it inflated, too. False: larger
 * than `limit`, a member larger than 64 MiB, damaged, something but members in it, or built without
 * libdeflate; *out holds rubbish then, and a stream does better or tells what is wrong. `z` (may be
 * NULL) learns whether the file goes on behind its first member. */
bool inflate_whole(struct slice in, struct strbuf *out, size_t limit, struct zaccess *z);

/* The member at the start of *in, put behind what is in *out; *in is what follows it. `room` is a
 * guess of its size. False: it is not whole, damaged, larger than `limit`, or awl was built without
 * libdeflate. */
bool inflate_member(struct slice *in, struct strbuf *out, size_t room, size_t limit);
#define MIN_GZIP 18 /* bytes of a member: header and trailer */
bool is_gzip(struct slice s);

#endif
