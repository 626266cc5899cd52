/* group_impl.h - what the files of grouping share; nobody else includes it. */
#ifndef AWL_GROUP_IMPL_H
#define AWL_GROUP_IMPL_H

#include "agg.h"

#define MAX_GROUPS 4000000u
#define MAX_KEYS 64
#define SUM_UNITS 1e6

/* A by-key: its values as small numbers. They are told apart by their text; or, where a dictionary
 * of the session has all texts that can come up, by their number there, and no text is looked at.
 */
struct key {
    const struct query_item *item;
    struct val *val; /* by id */
    uint32_t *gid;   /* by id: number in `direct`; UINT32_MAX: told apart by text */
    size_t n_val, cap_val, cap_gid;
    struct dict *texts;  /* kinds and texts of the others */
    uint32_t *by_number; /* id by number in `texts` */
    size_t cap_number;
    int direct; /* the only log type that has the field, with a dictionary; -1: none */
    uint32_t *by_text[MAX_TYPES]; /* id + 1 by dictionary id of the column of a type; 0: none yet */
    size_t n_by_text[MAX_TYPES];
};

struct state {
    uint64_t count;
    __int128 sum;
    struct val best; /* min, max, earliest, latest */
    struct rowkey at;
};

/* All values of pct or stddev, of all groups. */
struct samples {
    uint32_t *group;
    double *value;
    size_t n, cap_group, cap_value;
    unsigned
        of; /* the aggregate that collects them: itself, or an earlier one of the same values */
};

struct grouper {
    const struct query_cmd *cmd;
    bool places; /* some aggregate asks where a row stands */
    struct key *key;
    uint32_t *tuple; /* n_by ids a group */
    size_t n_group, cap_group;
    struct state *state; /* n_agg a group */
    size_t cap_state;
    struct samples *samples; /* n_agg */
    uint32_t *slot;          /* group + 1; of a single key by its id, else hashed */
    size_t n_slot;
    struct dict *seen; /* count_distinct: (group, item, text) */
    struct strbuf text;
    struct dict *kept; /* texts of min/max/earliest/latest */
};

uint32_t group_key_id(struct key *k, struct val v, struct strbuf *text);
/* The key of text `gid` of the field's dictionary in the direct type. */
uint32_t group_key_direct(struct key *k, uint32_t gid);
/* The id that a dictionary text has by now; UINT32_MAX: none. */
uint32_t group_key_known(const struct key *k, unsigned type, uint32_t gid);
void group_key_remember(struct key *k, unsigned type, uint32_t gid, uint32_t id);
/* The field that a key is, in a type; -1: it is no field there that a column answers for. */
int group_key_field(const struct query_item *item, const struct logtype *lt);
/* The group of a tuple of key ids; made if it is new. */
size_t group_of(struct grouper *g, const uint32_t *id);
void group_add_sample(struct grouper *g, size_t group, unsigned item, double x);
/* Adds a value that is not missing to an aggregate. */
void group_add_value(struct grouper *g, struct state *st, const struct query_item *it, size_t group,
                     unsigned item, struct val v, const struct rowkey *k);
/* Evaluates aggregate i on a row and adds it. */
void group_add_eval(struct grouper *g, size_t group, unsigned i, const struct row_access *access,
                    const struct group_place *at);

/* The rows of the set in segment i (group_scan.c). False: cancelled, or too many groups. */
bool group_scan(struct grouper *g, const struct rowset *r, uint32_t i, struct rowview *view,
                const atomic_bool *cancel);

#endif
