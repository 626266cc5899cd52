/* runquery.h - runs a parsed query over a session and writes the result. */
#ifndef AWL_RUNQUERY_H
#define AWL_RUNQUERY_H

#include "agg.h"
#include "output.h"
#include "plan.h"

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
    const atomic_bool *cancel;
    bool *sketched; /* set where percentiles are from a sketch (samples.h); NULL: nobody asks */
};

/* *rows: rows written. 0, or < 0 with *e filled. */
int runquery(const struct runquery *q, uint64_t *rows, struct err *e) MUST_CHECK;
/* The same as a table, for the screen: the first `max` rows; no column counts as a key. Format and
 * sink do not matter. NULL with *e filled. */
struct group_table *runquery_table(const struct runquery *q, uint64_t max, struct err *e);

#endif
