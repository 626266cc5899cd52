/* expr_impl.h - what the files of the query language share; nobody else includes it. */
#ifndef AWL_EXPR_IMPL_H
#define AWL_EXPR_IMPL_H

#include "expr.h"
#include "expr_lex.h"
#include "regex.h"
#include "xalloc.h"

/* Owns every node, text and regex of one query; freed as a whole. */
struct expr_pool {
    void **block;
    size_t n_block, cap_block;
    struct regex **re;
    size_t n_re, cap_re;
};

void *pool_alloc(struct expr_pool *pool, size_t n); /* zeroed */
struct slice pool_text(struct expr_pool *pool, struct slice s);
char *pool_str(struct expr_pool *pool, struct slice s);

#define FUNC_MAX_ARGS 16

/* A scalar function. Results may lie in the arguments, in constants, or in *out. */
struct func {
    const char *name;
    uint8_t min, max; /* arguments */
    struct val (*call)(const struct expr *e, const struct val *arg, struct strbuf *out);
};
const struct func *func_find(struct slice name); /* in any case; NULL if there is none */
/* The nearest function or aggregate names as a hint. */
void func_hint(struct slice name, char *hint, size_t len);
bool val_number(struct val v, double *out);

/* A name of a column that an earlier command made. */
struct column_name {
    struct slice name;
    bool alias; /* written with "as", or a result of stats: found by its name alone */
};

struct parser {
    struct slice q;
    size_t at;
    const struct query_env *env;
    struct query_error *error;
    struct expr_pool *pool;
    struct query_ast *ast;
    bool failed;
    bool implied; /* filters: blank is "and", lone words are text searches */
    unsigned depth;
    struct column_name *column;
    size_t n_column, cap_column;
    bool after_stats; /* only columns are left */
    /* A right side that is tried as an expression (query-language.md 9.4, no. 19). */
    bool trial;
    const struct field_ref *trial_left;
    unsigned trial_fields, trial_calls;
};

void *parse_fail(struct parser *p, size_t at, size_t len, const char *fmt, ...) PRINTF_LIKE(4, 5);
void parse_hint(struct parser *p, const char *fmt, ...) PRINTF_LIKE(2, 3);
void parse_notice(struct parser *p, const char *fmt, ...) PRINTF_LIKE(2, 3);

struct expr *expr_new(struct parser *p, enum expr_kind kind, size_t at, size_t end);
struct expr *expr_op1(struct parser *p, enum expr_kind kind, struct expr *a);
struct expr *expr_op2(struct parser *p, enum expr_kind kind, enum expr_op op, struct expr *a,
                      struct expr *b);
void expr_add_arg(struct parser *p, struct expr *e, struct expr *arg);
struct expr *expr_regex(struct parser *p, struct expr *left, struct slice pattern, bool icase,
                        size_t at, size_t end);

/* --- expr_bind.c --- */

/* The field at p->at, longest known name first; NULL without an error if none is known. *len is
 * how much of the text it takes (0: no name stands here). */
struct expr *bind_name(struct parser *p, size_t *len);
struct expr *bind_column(struct parser *p, size_t i); /* a reference to p->column[i] */
struct expr *bind_system(struct parser *p, const char *name);
void bind_unknown(struct parser *p, size_t at, size_t len); /* the error */
bool field_name_is_exact(struct slice name, const struct field_ref *near);
/* Tests, from what was read to the tree: units, missing marks, types. NULL after an error. */
struct expr *bind_compare(struct parser *p, struct expr *left, enum expr_op op, struct expr *right);
struct expr *bind_in(struct parser *p, struct expr *left, struct expr **item, unsigned n);
struct expr *bind_arith(struct parser *p, enum expr_op op, struct expr *a, struct expr *b);

/* Names by edit distance: offer candidates, then take the hint. */
struct nearest {
    struct slice want;
    struct {
        struct slice name;
        unsigned distance;
    } best[3];
    unsigned n;
};
void nearest_offer(struct nearest *near, struct slice name);
void nearest_hint(const struct nearest *near, char *hint, size_t len);

#endif
