/* index_segment.h - a segment as a block of the index: the same bytes as in memory, so that reading
 * one is setting pointers. docs/INDEX-FORMAT.md has the block byte by byte. */
#ifndef AWL_INDEX_SEGMENT_H
#define AWL_INDEX_SEGMENT_H

#include "segment.h"

/* What stands for what in the index: sources, layouts, frames and dictionary ids have numbers of
 * its own there. Each is asked with the number of the one side and answers with the other's. */
struct index_names {
    void *ctx;
    uint32_t (*source)(void *ctx, uint32_t id);
    uint32_t (*layout)(void *ctx, const struct logtype *lt, uint32_t id);
    uint32_t (*frame)(void *ctx, uint32_t id);
    uint32_t (*text)(void *ctx, const struct logtype *lt, unsigned field, uint32_t id);
    bool same_texts; /* ids of texts are the same on both sides: text is not asked */
};

/* Appends the block to *out (empty before). */
void index_segment_write(const struct segment *s, const struct index_names *to, struct strbuf *out);
/* How many bytes of a block are its head, which the checksum of the block is of; columns have their
 * own. 0: this is no block. */
size_t index_segment_head(struct slice bytes);
/* A segment whose data lie in `bytes`, which must outlive it; `runs` of it have their own numbers
 * still. NULL: the block is not one of this type. The head must be sound; columns are checked when
 * they are used (segment.h) if `damaged` is given, which must outlive the segment too. */
struct segment *index_segment_map(struct slice bytes, struct logtype *lt, atomic_bool *damaged);
/* Whether all columns are as they were written, or those of another segment under the same
 * `damaged` are not. */
bool index_segment_check(const struct segment *s);
/* Gives the runs and the texts the numbers of the session; false if one is unknown. */
bool index_segment_rename(struct segment *s, const struct index_names *from);
/* The same for a block that was just written from `s`, whose numbers they are. */
void index_segment_borrow(struct segment *mapped, const struct segment *s, bool same_texts);

#endif
