/* unpack_event.h - JSON documents with packed payloads of CloudWatch Logs in them. */
#ifndef AWL_UNPACK_EVENT_H
#define AWL_UNPACK_EVENT_H

#include "err.h"
#include "str.h"

/* By the first bytes of a file. */
bool is_packed_event(struct slice head);

/* Bytes of the file, one after another: how many, 0 at the end, < 0 with *e set. */
typedef ssize_t (*event_input_fn)(void *ctx, void *buf, size_t n, struct err *e);

struct event_reader { /* zeroed at first */
    struct strbuf in, out;
    size_t at, given; /* of `in` that is done, of `out` that was given */
    bool ended;
};
void event_release(struct event_reader *r);
/* Up to n bytes of lines; 0 at the end. */
ssize_t event_read(struct event_reader *r, event_input_fn input, void *ctx, char *buf, size_t n,
                   struct err *e);

#endif
