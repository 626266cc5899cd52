/* sink.h - where the results of a command go: standard output, or a file that is there whole or not
 * at all. */
#ifndef AWL_SINK_H
#define AWL_SINK_H

#include <stdio.h>

#include "err.h"
#include "redact.h"

struct sink {
    FILE *file;
    char *path, *part;         /* of a file: its name, and that of what is being written */
    bool terminal;             /* no byte that it would obey gets there; lines and tabs stay */
    struct redactor *redactor; /* NULL: as it is */
    int error;                 /* errno of the first failed write */
};

/* path NULL: standard output. An existing file is replaced at the end. */
int sink_open(struct sink *s, const char *path, bool redacted, struct err *e) MUST_CHECK;
/* An output_sink (output.h) over a struct sink; rows come whole. */
bool sink_write(void *sink, const char *bytes, size_t n);
/* Flushes; a file gets its name if `keep` and all was written. 0, or < 0 with *e; a reader of a
 * pipe that has gone is no error. */
int sink_close(struct sink *s, bool keep, struct err *e);

#endif
