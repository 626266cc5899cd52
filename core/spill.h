/* spill.h - groups that outgrow memory, by way of files.
 *
 * Rows are written to files by a hash of their keys, so that all rows of a group are in one file;
 * then file after file is grouped in memory. The groups go to a file, too, in the order of their
 * keys, and are used mapped from there: the system takes their memory back when it is short. So the
 * result is that of grouping in memory. All files are unlinked as soon as they are made. */
#ifndef AWL_SPILL_H
#define AWL_SPILL_H

#include "expr.h"
#include "membudget.h"
#include "segment.h"

struct query_cmd;
struct spill;

/* In a folder that must be there. NULL with *e filled. */
struct spill *spill_new(const char *dir, struct err *e);
void spill_free(struct spill *s);

/* --- rows: one writer a thread --- */

struct spill_writer;
struct spill_writer *spill_writer_new(struct spill *s);
/* A row: the values of n_key keys and n_val aggregates, and its place. False: the disk is full or
 * such; spill_failed tells. */
bool spill_row(struct spill_writer *w, const struct val *key, unsigned n_key, const struct val *val,
               unsigned n_val, const struct rowkey *at);
/* Writes what it still has and frees it. */
bool spill_writer_end(struct spill_writer *w);
int spill_failed(struct spill *s, struct err *e); /* the code of the first failure; 0: none */

/* --- files of rows, after the writers --- */

unsigned spill_parts(const struct spill *s);
/* Visits the rows of a part; texts live as long as the call. 0, or < 0 with *e filled; ERR_LIMIT
 * without a message if fn says no. */
int spill_each(struct spill *s, unsigned part, unsigned n_key, unsigned n_val,
               bool (*fn)(void *ctx, const struct val *key, const struct val *val,
                          const struct rowkey *at),
               void *ctx, struct err *e);

/* --- groups --- */

/* Cells in a mapped file, and their texts in another one. */
struct spilled {
    struct val *cell;
    size_t cell_bytes;
    char *text;
    size_t text_bytes;
};
void spilled_free(struct spilled *s); /* NULL is fine */

/* The rows of a table, n of `width` cells, in the order of `cmp`. Thread-safe. */
bool spill_run(struct spill *s, const struct val *cell, uint64_t n, unsigned width);
/* All runs as one, in order; *n rows. NULL with *e filled. */
struct spilled *spill_merge(struct spill *s, unsigned width, unsigned n_key,
                            int (*cmp)(const struct val *a, const struct val *b, unsigned n_key),
                            uint64_t *n, struct err *e);

#endif
