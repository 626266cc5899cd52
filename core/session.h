/* session.h - the one facade that the screen and the command line use: opened files, the index
 * that grows behind, and what was found so far.
 *
 * All functions are thread-safe unless said otherwise. Nothing here blocks for longer than a
 * mutex of a few instructions, except session_wait() and session_free(). */
#ifndef AWL_SESSION_H
#define AWL_SESSION_H

#include "catalog.h"
#include "source.h"

struct session;

struct session_options {
    unsigned threads;     /* 0 = one a core */
    bool follow;          /* watch for growth from the start */
    bool give_way;        /* indexing yields the processor to the calling thread (a screen) */
    const char *spill;    /* folder for what outgrows memory (spill.h); NULL: none */
    const char *cache;    /* folder of the index (index_file.h); NULL: keep none */
    uint64_t cache_cap;   /* bytes that may stay there; 0: as many as there are */
    unsigned chunk_bytes; /* 0 = default (512 KiB: stays in a core's cache); tests use small ones */
    /* Called (from any thread, not often than every 10 ms or so) when there is something new to
     * see; must be quick, e.g. write to an eventfd. NULL: nobody looks before all is read, so that
     * segments are only shown once they are whole. */
    void (*changed)(void *ctx);
    void *ctx;
};

struct session *session_new(const struct session_options *o);
void session_free(struct session *s); /* stops all work first */
/* Adds a file, folder or "-". Problems are kept and listed by session_problem(). */
void session_open(struct session *s, const char *path);
void session_start(struct session *s);              /* begins to walk and index all opened paths */
void session_wait(struct session *s);               /* until everything is indexed or stopped */
void session_stop(struct session *s);               /* ^C: stops indexing, keeps what is there */
const char *session_spill(const struct session *s); /* the option */
unsigned session_threads(const struct session *s);  /* for work on many cores */
void session_follow(struct session *s, bool on);

struct progress {
    bool busy;             /* walking or indexing */
    bool stopped;          /* by session_stop */
    bool full;             /* stopped because memory was used up (membudget.h): a problem says so */
    uint64_t bytes, total; /* on disk */
    uint64_t records, unparsed;
    uint32_t sources, sources_done;
    uint32_t failed;   /* problems: paths that could not be opened or read */
    uint32_t warnings; /* problems of files that were read all the same */
};
void session_progress(struct session *s, struct progress *p);

struct snapshot *session_snapshot(struct session *s); /* a new reference */
uint64_t session_generation(struct session *s);

uint32_t session_sources(struct session *s);
struct source *session_source(struct session *s, uint32_t id); /* lives as long as the session */
/* 1-based number of the first line of a chunk of a source; 0 while not known yet. */
uint64_t session_line_base(struct session *s, uint32_t source, uint32_t chunk);
/* The i-th problem, warnings among them; false past the last. */
bool session_problem(struct session *s, uint32_t i, char *buf, size_t n);

#endif
