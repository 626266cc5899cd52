/* explain_tables.h - what the files of the explanations share: the shape of the tables. */
#ifndef AWL_EXPLAIN_TABLES_H
#define AWL_EXPLAIN_TABLES_H

#include "explain.h"

struct explain_entry {
    const char *value; /* a `*` at the end stands for any rest */
    struct explanation what;
};

struct explain_set {
    const char *types;  /* blank separated; "*" is every type */
    const char *fields; /* blank separated, lower case, letters and digits only */
    const struct explain_entry *entry;
    unsigned n;
    const char *next; /* for those that blame somebody and name no step of their own; or NULL */
};

#define SET(types, fields, table)                                                                  \
    {                                                                                              \
        types, fields, table, ARRAY_LEN(table), NULL                                               \
    }
#define SET_NEXT(types, fields, table, next)                                                       \
    {                                                                                              \
        types, fields, table, ARRAY_LEN(table), next                                               \
    }

/* In order: the first set that has the field and the value answers. Those of the services come
 * before; the last of explain_sets are for every type. */
extern const struct explain_set explain_service_sets[], explain_sets[];
extern const unsigned explain_n_service_sets, explain_n_sets;

/* Seconds around the load balancer's fixed 10 s to connect to a target. */
#define CONNECT_LOW 9.5
#define CONNECT_HIGH 11.5

#endif
