/* index.h - what is kept of the files below one folder, from one opening to the next.
 *
 * An index has the sealed segments of these files, the dictionaries they use, and for each file
 * what it was when it was read: device, inode, size, times, and of plain files a hash of its first
 * and last bytes. A file that is still the same is not opened at all; a plain one that has grown is
 * read on from where it ended; any other is read anew, and its old rows do not count any more.
 *
 * A segment that is put into the index is given back mapped, so what was built need not stay in
 * memory. Nothing counts before index_commit(). */
#ifndef AWL_INDEX_H
#define AWL_INDEX_H

#include <sys/stat.h>

#include "ingest.h"

struct index;

/* The index of a folder (a real path). `alone`: no other one of the session is open; its
 * dictionaries then are those of the session, as long as these were empty. NULL with *e if there
 * can be none. Not while anything is indexed. */
struct index *index_open(const char *cache, const char *folder, bool alone, struct err *e);
void index_close(struct index *x);
const char *index_folder(const struct index *x);

/* The file `name` (its path below the folder) as it was left: a feed that is at its end, or has to
 * go on from there. NULL: it has to be read from its beginning. */
struct feed *index_feed(struct index *x, const char *path, const char *shown, const char *name);
/* Every feed of a file below the folder, once it has its id. */
void index_add_feed(struct index *x, struct feed *f);
/* All files below the folder were found: those that were not are gone. */
void index_walked(struct index *x);

uint32_t index_segments(const struct index *x);
/* Segment i, whose columns are checked when they are used (segment.h); *out is NULL if no file that
 * is open has rows in it. Thread-safe; after all feeds were added. False: the index is damaged. */
bool index_load(struct index *x, uint32_t i, struct segment **out);
bool index_damaged(const struct index *x); /* as far as was looked */
/* Forgets all that was kept. */
void index_restart(struct index *x);

/* A sealed segment, all of whose rows are of files below the folder. The same one, mapped (a new
 * reference), or NULL if it could not be kept. Thread-safe. */
struct segment *index_put(struct index *x, struct segment *s);
/* Makes what was put and the state of all files count. Not while they are read. */
void index_commit(struct index *x);

#endif
