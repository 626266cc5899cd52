/* agg.h - counts over a rowset: facets, histogram, groups. Pure functions: same rows, same answer,
 * whatever the number of threads. All stop early when *cancel becomes true and then return NULL. */
#ifndef AWL_AGG_H
#define AWL_AGG_H

#include <stdatomic.h>

#include "rowset.h"

/* --- facet: the values of one field with their counts, most frequent first --- */

struct facet_value {
    struct slice text; /* ptr NULL: missing. Owned by the facet or a dictionary */
    uint64_t count;
};
struct facet {
    char *name;    /* as asked: a field name or common alias */
    uint64_t rows; /* rows looked at */
    uint64_t missing;
    uint64_t distinct; /* values that are not missing */
    unsigned n;        /* values kept */
    struct facet_value *value;
    struct strbuf text; /* owns texts that no dictionary holds */
};
/* Top `top` values of a field reference over all log types of the rowset (alias: merged). */
struct facet *facet_compute(struct session *s, const struct rowset *r, const struct field_ref *f,
                            const char *name, unsigned top, const atomic_bool *cancel);
void facet_free(struct facet *f);

/* --- histogram: rows a time bucket, by class --- */

enum hist_class { HC_OK, HC_3XX, HC_4XX, HC_5XX, HC_OTHER, HC_COUNT };
struct histogram {
    atomic_uint refs;
    int64_t from_us, width_us;
    unsigned n;
    uint64_t (*bucket)[HC_COUNT];
    uint64_t peak; /* largest bucket total */
};
/* The class of a record: by its `status` role (5xx, 4xx, 3xx, else ok); VPC REJECT counts as 4xx;
 * CloudFront 000 and unparsed rows as HC_OTHER. */
struct histogram *histogram_compute(const struct rowset *r, int64_t from_us, int64_t to_us,
                                    unsigned buckets, const atomic_bool *cancel);
struct histogram *histogram_ref(struct histogram *h);
void histogram_unref(struct histogram *h); /* may be NULL */
/* A round width (1 ms ... 1 d) so that [from, to) needs at most `buckets` bars. */
int64_t histogram_round_width(int64_t from_us, int64_t to_us, unsigned buckets);

/* Bitmaps of "is 5xx" / "is 4xx, REJECT or denied" for e and w: built over a rowset. */
struct rowset *rowset_errors(const struct rowset *r, unsigned classes_mask /* 1 << HC_5XX ... */,
                             const atomic_bool *cancel);

/* --- groups: stats a, b by k1, k2 --- */

struct group_table {
    unsigned n_key, n_agg;
    uint64_t n;              /* rows */
    struct val *cell;        /* n * (n_key + n_agg), row by row, keys first */
    char **name;             /* n_key + n_agg column names */
    struct memlease memory;  /* of cell, where it was asked for */
    struct dict *texts;      /* owns the texts of cells */
    bool more;               /* runquery_table: there are rows that were left out */
    bool sketched;           /* percentiles are from a sketch (samples.h) */
    struct spilled *spilled; /* owns the cells, and texts of them (spill.h); NULL: malloc's */
};
/* Somebody who wants to see the groups while rows are counted: every thread asks `due` behind some
 * hundred rows, so many of all having been counted; if one is told so, all of them add what they
 * have, and go on. The table is of the first so many rows, and the caller's; NULL: it would take
 * too much memory. */
struct group_peek {
    bool (*due)(void *ctx, uint64_t rows);
    void (*show)(void *ctx, struct group_table *t, uint64_t rows);
    void *ctx;
};
/* The rows of a stats command, by their keys or, with any_order, as they come. `peek` may be NULL.
 * NULL with *e filled if cancelled or out of memory (membudget.h). */
struct group_table *group_compute(struct session *s, const struct rowset *r,
                                  const struct query_cmd *stats, bool any_order,
                                  const struct group_peek *peek, const atomic_bool *cancel,
                                  struct err *e);
/* The order of two rows of a table by their keys: those of a time from new to old. */
int group_row_cmp(const struct val *a, const struct val *b, unsigned n_key);
void group_free(struct group_table *t);

/* The same, row by row, of rows that are no records. */
struct group_place {
    struct rowkey key;         /* earliest() and latest() go by it */
    const struct segment *seg; /* of the record; NULL: it is none */
};
struct grouper;
struct sample_budget;
uint64_t group_max_samples(void); /* the budget's max */
struct grouper *grouper_new(const struct query_cmd *stats, struct sample_budget *budget);
void grouper_add(struct grouper *g, const struct row_access *access, const struct group_place *at);
/* Looks at the memory held; to be called every some hundred rows. False: there is no more. */
bool grouper_settle(struct grouper *g);
/* The same by way of files (spill.h), where there is a folder for them: `each` calls
 * group_spill_add for every row. NULL with *e filled. */
struct group_spill;
struct group_table *group_spilled_rows(struct session *s, const struct query_cmd *stats,
                                       bool (*each)(void *ctx, struct group_spill *to), void *ctx,
                                       const atomic_bool *cancel, struct err *e);
bool group_spill_add(struct group_spill *to, const struct row_access *access,
                     const struct group_place *at);
/* False, with *e filled: the command has more keys than there can be. */
bool group_keys_fit(const struct query_cmd *stats, struct err *e);
/* Fails: so many groups do not fit (membudget.h). Returns the code. */
int group_too_many(uint64_t groups, struct err *e);
uint64_t grouper_groups(const struct grouper *g);
/* NULL: memory does not allow it. */
struct group_table *grouper_table(struct grouper *g, unsigned threads, bool any_order);
/* The same of what it has by now; it can go on. NULL: that would take too much memory. */
struct group_table *grouper_so_far(struct grouper *g, bool any_order);
void grouper_free(struct grouper *g);

/* --- the tables of two views --- */

#define SPARK_BUCKETS 16

/* Errors: 5xx by cause. One row per (type, status, target status, target, reason cause). */
struct error_row {
    struct logtype *lt;
    struct slice status, target_status, target; /* target: target_ip, edge, or bucket */
    struct slice reason;
    const char *cause, *side; /* explain.h */
    uint64_t count;
    uint64_t paths; /* distinct */
    int64_t first_us, last_us;
    uint64_t spark[SPARK_BUCKETS];
};
struct error_table {
    uint64_t total;
    unsigned n;
    struct error_row *row; /* by count, descending */
    struct dict *texts;    /* owns the texts of the rows */
};
struct error_table *errors_compute(struct session *s, const struct rowset *r,
                                   const atomic_bool *cancel);
void error_table_free(struct error_table *t);

/* Edges: CloudFront by edge location. hit % = (Hit + RefreshHit) / (Hit + RefreshHit + Miss). */
struct edge_row {
    struct slice code;
    const char *city, *country; /* "" if unknown */
    uint64_t requests, hits, misses, e4xx, e5xx, bytes;
    double p95_ttfb; /* seconds; NAN if no row has it */
    uint64_t spark[SPARK_BUCKETS];
};
struct edge_table {
    unsigned n;
    struct edge_row *row; /* by requests, descending */
};
struct edge_table *edges_compute(struct session *s, const struct rowset *r,
                                 const atomic_bool *cancel);
void edge_table_free(struct edge_table *t);

/* Invocations: Lambda records joined by request id; see invocations.c. */
enum outcome { /* from good to bad */
               OUTCOME_SUCCESS,
               OUTCOME_LOGGED, /* ended well, but logged an error */
               OUTCOME_SILENT, /* no end is in the logs: still running, or its lines are cut off */
               OUTCOME_ERROR,
               OUTCOME_MEMORY,
               OUTCOME_TIMEOUT
};
const char *outcome_name(enum outcome o);

struct invocation {
    struct slice request_id, function, stream;
    struct slice last_text; /* what the function wrote last; "" if nothing */
    int64_t first_us, last_us;
    uint64_t lines;
    double duration_ms, billed_ms, init_ms, memory_mb, used_mb; /* NAN: not told */
    enum outcome outcome;
};
struct invocation_table {
    size_t n;
    uint64_t failed;        /* OUTCOME_ERROR and worse */
    struct invocation *row; /* in order of their first record */
    struct dict *texts, *ids;
};
/* Those of which at least one record is in r; each is joined from all of its records. */
struct invocation_table *invocations_compute(struct session *s, const struct rowset *r,
                                             const atomic_bool *cancel);
void invocation_table_free(struct invocation_table *t);

#endif
