/* write.h - the rows of a view into a file, beside the screen: raw lines byte for byte, or JSON,
 * one object a line, if the name ends in .json. An existing file is never overwritten. */
#ifndef AWL_WRITE_H
#define AWL_WRITE_H

#include "model.h"

struct writer;

/* Starts a thread; takes its own reference of the rows. NULL with *e filled if the file cannot be
 * made. `done` is called from the thread at the end. */
struct writer *writer_new(struct session *s, struct rowset *rows, const char *path,
                          void (*done)(void *ctx), void *ctx, struct err *e);
void writer_cancel(struct writer *w);
/* Rows written so far; true when it has ended, then *failed is "" or says why. */
bool writer_poll(struct writer *w, uint64_t *rows, const char **failed);
void writer_free(struct writer *w); /* stops it first */

#endif
