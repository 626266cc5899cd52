/* group_impl.h - what the files of grouping share; nobody else includes it. */
#ifndef AWL_GROUP_IMPL_H
#define AWL_GROUP_IMPL_H

#include "agg.h"
#include "membudget.h"
#include "samples.h"

#define MAX_KEYS 64
#define SUM_UNITS 1e9 /* sums are whole numbers of 1 / SUM_UNITS */

/* A by-key: its values as small numbers. Where a dictionary of the session has all texts that can
 * come up, they are the numbers there, and no text is looked at; what else there may be has those
 * behind. Other keys are told apart by their text. */
struct key {
    const struct query_item *item;
    int direct;      /* the only log type that has the field, with a dictionary; -1: none */
    uint32_t base;   /* ids below it are those of its dictionary; 0 if not direct */
    struct val *val; /* of the ids from `base` on, number in `texts` + base */
    size_t n_val, cap_val;
    struct dict *texts;           /* kind and text of each */
    uint32_t *by_text[MAX_TYPES]; /* id + 1 by dictionary id of the column of a type; 0: none yet */
    size_t n_by_text[MAX_TYPES];
};

struct best { /* min, max, earliest, latest */
    struct val v;
    struct rowkey at;
};

/* An aggregate: what it has of each group, by the number of the group. */
struct agg {
    const struct query_item *item;
    unsigned of; /* pct: the aggregate that collects its values: itself, or an earlier one */
    uint64_t *count;
    __int128 *sum;         /* sum, avg, stddev */
    struct moment *square; /* stddev */
    struct best *best;
    struct samples *samples; /* pct */
    double *rank;            /* pct, in the end: of each group those of all that share the values */
    unsigned n_rank, at_rank;
};

/* Groups are numbered: without keys there is one, of a single key they are its ids, else they are
 * tuples of ids in a table. Numbers below n_group need not all have come up. */
struct grouper {
    const struct query_cmd *cmd;
    bool places; /* some aggregate asks where a row stands */
    struct key *key;
    struct agg *agg;
    size_t n_group, cap_group;
    size_t n_seen;   /* groups that came up ... */
    uint64_t *seen;  /* ... as bits */
    uint32_t *tuple; /* n_by ids a group, of several keys */
    uint32_t *slot;  /* group + 1, hashed */
    size_t n_slot;
    struct dict *distinct; /* count_distinct: (group, aggregate, text) */
    struct dict *kept;     /* texts of best */
    struct strbuf text;
    struct memlease lease;
};

/* --- group_key.c --- */

void group_key_init(struct key *k, const struct query_item *item);
void group_key_release(struct key *k);
/* Makes it direct if it can be, for the rows of the set. Before the first id. */
void group_key_plan(struct key *k, const struct rowset *r);
uint32_t group_key_id(struct key *k, struct val v, struct strbuf *text);
struct val group_key_val(const struct key *k, uint32_t id);
/* The id that a text of a type's dictionary has by now; UINT32_MAX: none. */
uint32_t group_key_known(const struct key *k, unsigned type, uint32_t gid);
void group_key_remember(struct key *k, unsigned type, uint32_t gid, uint32_t id);
/* The field that a key is, in a type; -1: it is no field there that a column answers for. */
int group_key_field(const struct query_item *item, const struct logtype *lt);
size_t group_key_bytes(const struct key *k);

/* --- group_agg.c --- */

/* The aggregates of the command; values of percentiles go by the budget. */
struct agg *group_aggs_new(const struct query_cmd *stats, struct sample_budget *budget);
void group_aggs_free(struct agg *a, unsigned n);
/* Room for groups [from, to), with nothing in them. */
void group_agg_grow(struct agg *a, size_t from, size_t to);
size_t group_agg_width(const struct agg *a); /* bytes a group */
/* Adds a value that is not missing to aggregate i of a group. */
void group_add_value(struct grouper *g, uint32_t group, unsigned i, struct val v,
                     const struct rowkey *at);
/* The same for value / scale, a number. */
void group_add_number(struct grouper *g, uint32_t group, unsigned i, int64_t value, int64_t unit,
                      double scale);
/* Adds what the other has of its groups, of which k has the number here[k]; uses it up, unless it
 * is to keep it. */
void group_aggs_merge(struct grouper *g, struct grouper *o, const uint32_t *here, bool keep);
/* Before results are asked for. True: percentiles are from a sketch. */
bool group_aggs_finish(struct grouper *g, unsigned threads);
struct val group_result(const struct grouper *g, uint32_t group, unsigned i);

/* --- group.c --- */

/* Adds all that o has. keep: o has it afterwards, too. */
void grouper_merge(struct grouper *g, struct grouper *o, bool keep);
/* The group of a tuple of key ids, as one that came up. */
uint32_t group_of(struct grouper *g, const uint32_t *id);
/* The value of aggregate i (with an expression) on a row; missing if it does not count. */
struct val group_value(const struct query_item *it, const struct row_access *access,
                       const struct group_place *at);
static inline bool group_seen(const struct grouper *g, size_t group)
{
    return bit_get(g->seen, (uint32_t)group);
}

/* The value of a key on a row. */
struct val group_key_eval(const struct query_item *key, const struct row_access *access);
/* Adds a row by the values of its keys and aggregates; those of them that are missing do not count.
 */
void grouper_put(struct grouper *g, const struct val *key, const struct val *val,
                 const struct rowkey *at);
/* A table of the command with n rows, still without cells and texts. */
struct group_table *group_table_new(const struct query_cmd *stats, uint64_t n);

/* --- group_peek.c --- */

/* The rounds in which the threads of a grouping add what they have. */
struct group_rounds;
struct group_rounds *group_rounds_new(const struct group_peek *peek, const struct rowset *r,
                                      struct grouper *const *g, unsigned threads, bool any_order);
void group_rounds_free(struct group_rounds *s);
/* Thread k begins; stands between two batches, having looked at so many rows more; ends. */
void group_rounds_begin(struct group_rounds *s, unsigned k);
void group_rounds_step(struct group_rounds *s, unsigned k, uint32_t rows);
void group_rounds_end(struct group_rounds *s, unsigned k);

/* --- group_spill.c --- */

/* The same as group_compute, by way of files in the session's folder for that. */
struct group_table *group_spilled(struct session *s, const struct rowset *r,
                                  const struct query_cmd *stats, const atomic_bool *cancel,
                                  struct err *e);

/* --- group_scan.c --- */

/* The rows of the set in segment i. Behind every some hundred of them go_on(ctx, how many) is
 * asked; false ends it, and is returned. */
bool group_scan(struct grouper *g, const struct rowset *r, uint32_t i, struct rowview *view,
                bool (*go_on)(void *ctx, uint32_t rows), void *ctx);

#endif
