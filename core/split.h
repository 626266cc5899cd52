/* split.h - where the records of a file begin and end, from chunk to chunk.
 *
 * A splitter walks a file from its start and keeps what it must know between chunks: for JSON,
 * whether it is between documents, in the array of a wrapper ({"Records":[, "logEvents":[ ...), or
 * behind it. It never gives up: what does not end or is no JSON becomes a record by itself, to be
 * counted as unparsed, and the walk goes on with the next line or brace. */
#ifndef AWL_SPLIT_H
#define AWL_SPLIT_H

#include "frame.h"

struct event {
    uint32_t off, len; /* in the bytes that were split */
    uint32_t frame;
    uint32_t line;     /* line feeds before it in these bytes; within a document its place there */
    uint64_t document; /* line of the file on which the document around it starts; 0: none */
    bool header;       /* no record: a header line, a probe of the service */
};
struct events {
    struct event *item;
    size_t n, cap;
    uint32_t lines; /* line feeds in the bytes that are done with */
};

#define KNOWN_DOCUMENTS 4

struct splitter {
    enum frame_kind kind;
    const struct frame *frame; /* of the records to come */
    enum { SPLIT_BETWEEN, SPLIT_IN_ARRAY, SPLIT_BEHIND } state;
    bool header_seen;  /* FRAME_CSV */
    uint64_t lines;    /* line feeds so far */
    uint64_t document; /* SPLIT_IN_ARRAY: line on which the document starts, from 1 */
    uint32_t records;  /* SPLIT_IN_ARRAY: records of it so far */
    /* Documents that wrap nothing, by their first key, and what they were: the latest kinds. */
    struct known_document {
        char key[32];
        uint8_t len;
        enum frame_payload payload;
    } known[KNOWN_DOCUMENTS];
    unsigned n_known;
};

void splitter_init(struct splitter *s, const struct frame *f);
/* Appends the records of `bytes` to *out (which is emptied first) and returns how many bytes are
 * done with; the rest belongs to a record that does not end here and comes again at the start of
 * the next bytes. `last`: nothing follows, everything is done with. */
size_t split_records(struct splitter *s, struct slice bytes, bool last, struct events *out);

#endif
