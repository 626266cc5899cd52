/* runquery.h - runs a parsed query over a session and writes the result. */
#ifndef AWL_RUNQUERY_H
#define AWL_RUNQUERY_H

#include "agg.h"
#include "output.h"
#include "plan.h"

/* Somebody who wants to see what was found so far, as a screen does: a few times a second, less
 * often where making that takes long. */
struct runquery_watch {
    /* What comes of the first `rows` of `of` rows, with which the query `did` something, such as
     * "counted" them; the table is the caller's. NULL: nothing new but how far it is. By any
     * thread, one after the other. */
    void (*show)(void *ctx, struct group_table *t, const char *did, uint64_t rows, uint64_t of);
    void *ctx;
    int64_t first_us, every_us; /* until it is called, and between two calls, at least */
    unsigned cost_share; /* making it takes 1/n of the time of one thread; 0: what it takes */
    int64_t longest_us;  /* what takes longer to make is not shown */
};

struct runquery {
    struct session *session;
    struct query_ast *ast;
    struct query_ast *within;         /* filters that hold before the query; NULL: none */
    const struct time_window *window; /* records of this time alone; NULL: of any */
    enum output_format format;
    bool no_sort;      /* rows in file order */
    struct plan *plan; /* what is done; NULL: nobody asks */
    output_sink sink;
    void *ctx;
    const struct redactor *redactor; /* hides columns of API keys; NULL: nothing is hidden */
    const atomic_bool *cancel;
    bool *sketched; /* set where percentiles are from a sketch (samples.h); NULL: nobody asks */
};

/* *rows: rows written. 0, or < 0 with *e filled. */
int runquery(const struct runquery *q, uint64_t *rows, struct err *e) MUST_CHECK;
/* The same as a table, for the screen: the first `max` rows; no column counts as a key. Format and
 * sink do not matter; `watch` may be NULL. NULL with *e filled. */
struct group_table *runquery_table(const struct runquery *q, uint64_t max,
                                   const struct runquery_watch *watch, struct err *e);

#endif
