/* ingest.h - from chunks of bytes to published segments. Internal to the session. */
#ifndef AWL_INGEST_H
#define AWL_INGEST_H

#include "catalog.h"
#include "feed.h"

/* What is published of a builder before it is full: segments of PART_ROWS to twice that, which stay
 * as they are, and one that is made anew as it grows. The segment of the full builder takes the
 * place of all. So showing costs what is new, and not what is there. */
#define PART_ROWS 4096
#define MAX_PARTS (SEGMENT_ROWS / PART_ROWS + 1)
struct shown {
    struct segment *part[MAX_PARTS]; /* n of them; the last may grow */
    uint32_t n;
    uint32_t rows; /* of the builder that are in them */
    uint32_t from; /* its row with which the growing one begins; == rows: there is none */
};

/* The builders of one thread. */
struct ingest {
    struct catalog *catalog;
    struct index *index;                /* that the rows of the builders go to */
    struct builder *builder[MAX_TYPES]; /* by log type id */
    struct shown shown[MAX_TYPES];      /* of that builder */
    uint64_t finished;                  /* segments published for good */
    struct record *rec;
    struct events events; /* of the chunk in hand, unless its records are lines */
    struct arena mem;     /* what records were unwrapped into */
    bool hold_tail;       /* keep an unfinished last record apart: the file may grow */
};

void ingest_init(struct ingest *in, struct catalog *catalog);
/* The rows to come go to this index (NULL: to none); those that are there are sealed before. */
void ingest_index(struct ingest *in, struct index *index);
/* Seals what is there and publishes it for good; the builders begin anew. */
void ingest_seal(struct ingest *in);
/* The same, and frees the builders. */
void ingest_finish(struct ingest *in);
/* Publishes the growing segments as they are now. Returns true if there was anything new. */
bool ingest_show(struct ingest *in);

/* Publishes the builder of type t for good; it starts anew. */
void ingest_publish(struct ingest *in, unsigned t);
/* Publishes what is there as a segment that the caller can take back (own reference); NULL if there
 * is nothing. */
struct segment *ingest_publish_alone(struct ingest *in);

/* Takes the next chunk of a feed and turns it into records. 1: done; 0: the feed is at its end;
 * <0: error, *e filled. */
int ingest_next(struct ingest *in, struct feed *f, size_t chunk_bytes, struct err *e);
/* Reads the last `bytes` of a large plain file before all else, so that its end can be shown. */
void ingest_tail(struct ingest *in, struct feed *f, size_t bytes);

#endif
