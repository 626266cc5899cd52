/* feed.h - how far a file was read, and what is known of its chunks. Internal to the session. */
#ifndef AWL_FEED_H
#define AWL_FEED_H

#include <pthread.h>

#include "segment.h"
#include "source.h"
#include "split.h"

/* One open file while the session lives. */
struct feed {
    struct source *src;
    struct index *index;      /* that it is kept in; NULL: in none */
    char *name;               /* its path below that index's folder */
    uint32_t index_id;        /* its number there; UINT32_MAX: none yet */
    pthread_mutex_t lock;     /* guards what follows */
    struct reader *reader;    /* NULL before the first and after the last chunk */
    const struct layout *lay; /* layout in force at the next chunk */
    struct splitter split;    /* how the file is cut, and where it stands at the next chunk */
    uint32_t *chunk_lines;    /* lines of each chunk, UINT32_MAX until known */
    size_t n_chunk, cap_chunk;
    uint64_t end;            /* inflated offset behind the last chunk handed out */
    uint64_t tail_from;      /* this far only: the rest was read first, as chunk TAIL_CHUNK */
    uint64_t tail_end;       /* inflated offset behind that rest */
    uint32_t tail_lines;     /* its lines, and how many chunks come before it: */
    size_t tail_at;          /* SIZE_MAX while the chunks before it are not all taken */
    uint64_t partial_from;   /* where an unfinished last record begins; UINT64_MAX if none */
    struct segment *partial; /* the segment that holds just that record (own reference) */
    bool taken;
    bool left;             /* followed no more: its path names another file, or it was read anew */
    atomic_bool exhausted; /* written under the lock, looked at without it */
    atomic_uint readers;   /* threads that take chunks of it */
};
#define TAIL_CHUNK UINT32_MAX

struct feed *feed_new(struct source *src);
void feed_free(struct feed *f); /* and its source */
/* 1-based number of the first line of a chunk; 0 while chunks before it are not read. */
uint64_t feed_line_base(struct feed *f, uint32_t chunk);
/* Makes a feed that was restored from an index one that nothing was read of. */
void feed_restart(struct feed *f);
/* Under its lock: there are no more chunks. */
void feed_exhaust(struct feed *f);
/* Makes a feed at its end go on from there: the file has grown. */
void feed_resume(struct feed *f);

#endif
