/* index_file.h - one file of the index: blocks that are only ever appended, and a table of contents
 * that says which of them count. docs/INDEX-FORMAT.md has it byte by byte.
 *
 * Nothing that was committed is written again, so a mapping of it never changes under a reader. A
 * commit is one write of a slot of 64 bytes in the header; whatever ends the program before that
 * leaves the commit before it. Sizes, places and checksums are checked before anything is believed;
 * a file that fails is left and a new one is begun. Little endian machines of 64 bits only: others
 * go without. */
#ifndef AWL_INDEX_FILE_H
#define AWL_INDEX_FILE_H

#include "err.h"
#include "str.h"

#define INDEX_VERSION 7
#define INDEX_ALIGN 4096 /* of a block */
#define INDEX_HEADER 8192

struct index_block {
    uint64_t off, len;
    uint64_t hash; /* XXH3, 64 bits; of all of it, or of a head whose length its bytes tell */
};

struct index_file;

/* The file of `folder` (a real path) below the cache folder, which is made if need be. What is
 * there counts if it is whole, of this version, and was made under the same `fingerprint`. NULL
 * with *e if there can be none. */
struct index_file *index_file_open(const char *cache, const char *folder, uint64_t fingerprint,
                                   struct err *e);
/* What is not committed is lost. Nothing of the file may be in use. */
void index_file_close(struct index_file *f);
/* The table of contents of the last commit; ptr NULL if there is none. */
struct slice index_file_contents(const struct index_file *f);
/* The bytes of a block; ptr NULL if it does not lie in the file. Valid until index_file_close. */
struct slice index_file_bytes(const struct index_file *f, const struct index_block *b);
/* Whether its first `head` bytes have its checksum. */
bool index_file_sound(const struct index_file *f, const struct index_block *b, size_t head);
/* Its bytes are in use for the life of the process: closing leaves them mapped. */
void index_file_keep(struct index_file *f);

/* Whether blocks can be added: not if another awl is writing, the disk is full, or the file system
 * refuses. */
bool index_file_writable(const struct index_file *f);
/* Thread-safe. The checksum is of the first `head` bytes. False: not writable (any more). */
bool index_file_append(struct index_file *f, struct slice bytes, size_t head,
                       struct index_block *b);
bool index_file_commit(struct index_file *f, struct slice contents);
/* Begins anew: what was committed does not count any more, though its bytes stay mapped. */
void index_file_restart(struct index_file *f);

/* --- the folder that all of them are in --- */

/* What the header of an open file says; owned by the caller. NULL: it is no index. */
char *index_file_folder(int fd);

struct index_info {
    char *path, *folder; /* of the file; that it is the index of. Owned by the list */
    uint64_t bytes;
    int64_t used_us; /* last opening or commit */
};
struct index_list {
    struct index_info *item; /* the longest unused first */
    size_t n, cap;
};
void index_list_read(struct index_list *l, const char *cache);
void index_list_release(struct index_list *l);
/* Removes the longest unused until they are no more than `cap` bytes; of those being written none.
 * Also what awls that were killed left behind. */
void index_cache_trim(const char *cache, uint64_t cap);
/* Removes those of a folder and of all below it; folder NULL: all. Returns how many. */
size_t index_cache_purge(const char *cache, const char *folder, uint64_t *bytes);

#endif
