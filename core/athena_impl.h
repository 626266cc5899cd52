/* athena_impl.h - what the files of the translation to SQL share; nobody else includes it. */
#ifndef AWL_ATHENA_IMPL_H
#define AWL_ATHENA_IMPL_H

#include "athena.h"
#include "athena_tables.h"

/* A field that the query names: a column of the step `logs`. */
struct base_field {
    const struct expr *e;
    char *label, *quoted;
    enum sql_type type;
};

/* A column that a command made. */
struct made_column {
    char *name, *quoted;
    enum sql_type type;
};

struct translation {
    const struct query_ast *q;
    const struct athena_options *o;
    struct query_error *e;
    struct sql_env env;
    const struct athena_table *table[MAX_TYPES];
    struct logtype *lt[MAX_TYPES];
    unsigned n_type;
    uint64_t without; /* bit a log type of the files that has no table */
    struct base_field *field;
    size_t n_field, cap_field;
    /* the step at hand */
    struct strbuf with; /* the steps before it */
    unsigned n_step;
    struct strbuf where, order;
    uint64_t limit;
    struct made_column *column; /* cells of its rows */
    size_t n_column, cap_column;
    const struct query_item **shown;
    size_t n_shown, cap_shown;
    struct strbuf *agg; /* while the items of a stats are printed: its aggregates */
    unsigned n_agg;
};

/* --- athena_logs.c --- */

/* Finds the fields of the query and the tables that have them, and begins t->with with the step
 * `logs`. -1 with the error filled. */
int sql_logs(struct translation *t);
struct base_field *sql_find_field(struct translation *t, const struct field_ref *f);
char *sql_quoted(struct slice name); /* as an identifier; the caller's to free */

/* --- athena_func.c --- */

/* A call of a function; see sql_expr. */
enum sql_type sql_call(const struct sql_env *env, const struct expr *e, struct strbuf *out);

/* --- athena_expr.c --- */

enum sql_type sql_type_of(const struct sql_env *env, const struct expr *e);

#endif
