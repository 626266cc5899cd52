/* detect.h - what a file is: how it is cut into records, and the type of what is in them. */
#ifndef AWL_DETECT_H
#define AWL_DETECT_H

#include "split.h"

/* From the first bytes of a file (`whole`: they are all of it). Never NULL: plain lines of no known
 * type at worst. *s is ready to cut the file from its start; *why gets one sentence. */
struct logtype *detect_content(struct slice path, struct slice head, bool whole, struct splitter *s,
                               struct strbuf *why);
/* The type of one record by itself, for files of several types: never by its file's name. NULL if
 * nothing fits. */
struct logtype *detect_record(const struct frame *f, struct slice payload);
/* The type that the records of another log group begin with, where those before were of `usual`: of
 * events that begin at `start`, the group's first is number i. */
struct logtype *detect_group(struct logtype *usual, const struct events *ev, size_t i,
                             const char *start);

#endif
