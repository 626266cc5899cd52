/* athena_tables.h - how the logs that AWS puts into S3 are tables of Athena: columns, serde, place.
 *
 * Columns have the names of the AWS documentation's tables. A field of awl is a column, or made of
 * columns by an expression. */
#ifndef AWL_ATHENA_TABLES_H
#define AWL_ATHENA_TABLES_H

#include "str.h"

/* What a column looks like in a line; of it the pattern of a RegexSerDe is made. */
enum athena_shape {
    SHAPE_WORD,    /* up to the next blank */
    SHAPE_QUOTED,  /* "..." */
    SHAPE_ADDRESS, /* of address:port, whose port is the next column */
    SHAPE_PORT,
    SHAPE_VERB, /* of "verb url protocol", whose two others follow */
    SHAPE_URL,
    SHAPE_PROTOCOL,
    SHAPE_BRACKETS, /* [...] */
};

struct athena_column {
    const char *field; /* as awl calls it; NULL: awl has no such field */
    const char *name;
    const char *type; /* string, int, bigint, double, or a struct<> of JSON */
    enum athena_shape shape;
};

struct athena_made {
    const char *field, *sql;
};

enum athena_serde {
    SERDE_REGEX,
    SERDE_BLANKS, /* delimited by blanks */
    SERDE_TABS,
    SERDE_JSON,       /* a JSON object a line */
    SERDE_CLOUDTRAIL, /* {"Records":[...]} */
};

struct athena_table {
    const char *type; /* log type */
    const char *name;
    enum athena_serde serde;
    unsigned headers; /* lines to skip in each file */
    const struct athena_column *column;
    unsigned n_column;
    unsigned n_oldest; /* columns of the oldest lines; those behind may be missing */
    const struct athena_made *made;
    unsigned n_made;
    const char *time; /* expression of @timestamp */
    const char
        *folder;       /* below the bucket: ${account}, ${region}, ${kind}, ${day} are partitions */
    const char *day;   /* format of the day in it; NULL: not partitioned */
    const char *kinds; /* values of ${kind} */
    const char *files; /* condition on the files that are its own; NULL: all in the folder are */
};

/* NULL: the type has none. */
const struct athena_table *athena_table(const char *type);
/* Why it has none, and what to do; NULL: there is no more to say. */
const char *athena_no_table(const char *type);
/* The n-th table; NULL past the last. */
const struct athena_table *athena_table_at(unsigned n);
/* The statement that creates it. accounts, regions: comma separated values of the partitions. */
void athena_create(const struct athena_table *t, const char *accounts, const char *regions,
                   struct strbuf *out);
/* Whether the folder has a partition of this name. */
bool athena_partition(const struct athena_table *t, const char *name);

#endif
