/* query.h - questions that run beside the screen.
 *
 * One worker thread answers the newest question; older ones are cancelled. The screen asks and
 * later takes the newest finished answer; `changed` of the engine tells it when. Answers are
 * immutable and shared by reference. */
#ifndef AWL_QUERY_H
#define AWL_QUERY_H

#include "agg.h"

enum table_kind { TABLE_NONE, TABLE_ERRORS, TABLE_EDGES, TABLE_INVOCATIONS, TABLE_QUERY };

/* What the screen wants to know of the rows a filter keeps. Copied by engine_ask. */
struct question {
    char *filter;             /* expression text, "" = all; must have been validated */
    int64_t from_us, to_us;   /* histogram range; from == to: the whole of the snapshot */
    int64_t near_us;          /* the rows in sight: looked at first where it takes long */
    unsigned buckets;         /* histogram bars wanted; 0: none */
    const char *const *facet; /* n_facet field names */
    unsigned n_facet, facet_top;
    enum table_kind table;
    const char
        *query; /* TABLE_QUERY: commands on the rows of the filter; must have been validated */
};

struct answer {
    atomic_uint refs;
    uint64_t serial;            /* of the question */
    uint64_t generation;        /* of the snapshot */
    struct rowset *rows;        /* rows of the filter; `pending` while it is at work */
    struct rowset *all;         /* all rows of the same snapshot */
    struct rowset *err5, *err4; /* rows with 5xx; 4xx/REJECT/denied; NULL: not known yet */
    struct histogram *hist;
    struct facet **facet;
    unsigned n_facet;
    struct error_table *errors;
    struct edge_table *edges;
    struct invocation_table *invocations;
    struct group_table *result; /* of the query; NULL: it failed, failure says why */
    char failure[256];
    double filter_ms;
    bool complete; /* facets and tables are in, too; else only rows and histogram */
};

/* What the query of a question found so far, while it runs or after it was stopped. */
struct partial {
    atomic_uint refs;
    uint64_t serial;            /* of the question */
    uint64_t number;            /* counts up */
    struct group_table *result; /* NULL: there is nothing to show yet */
    _Atomic(const char *) did;  /* "counted" `rows` of `of` rows */
    _Atomic uint64_t rows, of;
};

struct engine;
struct engine *engine_new(struct session *s, const struct query_env *env, void (*changed)(void *),
                          void *ctx);
void engine_free(struct engine *e);
/* Asks anew; returns the serial. The answer of the same question over a newer snapshot is made by
 * itself while the session grows (at most every 100 ms), until the next engine_ask. */
uint64_t engine_ask(struct engine *e, const struct question *q);
struct answer *engine_answer(struct engine *e); /* newest, a new reference; NULL if none yet */
void answer_unref(struct answer *a);
/* The newest of a question whose answer is not there yet, a new reference; NULL if there is none:
 * most queries are through before anything is shown. */
struct partial *engine_partial(struct engine *e);
void partial_unref(struct partial *p);
/* The session may have grown: look now rather than within a second. */
void engine_poke(struct engine *e);
bool engine_busy(struct engine *e);
void engine_cancel(struct engine *e); /* ^C: stop the running question, keep the last answer */

#endif
