/* athena.h - a query as SQL of Amazon Athena (Trino), for logs that have outgrown one machine.
 *
 * The SQL has one step `logs`, in which the fields that the query names become columns of every log
 * type, with missing values as NULL, and behind it one step for each command that makes other rows.
 * What SQL cannot say is refused with its reason and place. Rules: docs of Athena engine 3. */
#ifndef AWL_ATHENA_H
#define AWL_ATHENA_H

#include "expr.h"

struct athena_options {
    uint64_t types;       /* bit a log type to ask; 0: those that the query names or implies */
    const char *accounts; /* comma separated, for the partitions of the tables; NULL: an example */
    const char *regions;
    int64_t from_us, to_us; /* [from, to); INT64_MIN, INT64_MAX: open */
};

/* Appends CREATE statements of the tables and the SELECT. -1 with *e filled (place in the text of
 * the query) if there is no such SQL. */
int athena_print(const struct query_ast *q, const struct athena_options *o, struct strbuf *out,
                 struct query_error *e);

/* --- for athena_expr.c and tests --- */

enum sql_type { SQL_ERROR, SQL_NUMBER, SQL_TEXT, SQL_TRUTH, SQL_TIME, SQL_LIST, SQL_JSON };

struct sql_env {
    /* The SQL of a field, its type in *type; NULL (and *e filled) if it has none. */
    const char *(*field)(void *ctx, const struct expr *e, enum sql_type *type);
    void *ctx;
    struct query_error *error;
};

/* Appends the SQL of an expression; SQL_ERROR with env->error filled if it has none. */
enum sql_type sql_expr(const struct sql_env *env, const struct expr *e, struct strbuf *out);
/* The same as a number, text, truth (never NULL) or time. */
bool sql_as(const struct sql_env *env, const struct expr *e, enum sql_type as, struct strbuf *out);
/* The same as a truth that may be NULL, which WHERE, AND and OR take as false. */
bool sql_test(const struct sql_env *env, const struct expr *e, struct strbuf *out);
void sql_quote(struct strbuf *out, struct slice s);      /* 'text' */
void sql_identifier(struct strbuf *out, struct slice s); /* "name" */
void sql_regex(struct strbuf *out, struct slice re);     /* 'regex', in Java's words */
void sql_bin(struct strbuf *out, const char *time, int64_t us, bool up);
/* Fills the error at an expression; returns SQL_ERROR. */
enum sql_type sql_refuse(const struct sql_env *env, const struct expr *e, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
/* The reason why a function has no translation, or NULL if it has one; for a function that neither
 * has a rule nor a reason: "". */
const char *sql_no_function(const char *name);

#endif
