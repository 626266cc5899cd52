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
    bool takes_maps; /* else maps and lists are missing to it */
};
const struct func *func_find(struct slice name); /* in any case; NULL if there is none */
const struct func *func_at(unsigned i);          /* NULL past the last */
bool is_aggregate(struct slice name);
/* The nearest function or aggregate names as a hint. */
void func_hint(struct slice name, char *hint, size_t len);
bool val_time(struct val v, int64_t *us); /* also seconds, milliseconds, ISO 8601 */

/* A name that an earlier command made, and what it stands for. */
struct column_name {
    struct slice name;
    bool alias; /* written with "as", or a result of stats: found by its name alone */
    bool item;  /* an item of the stats that is being read: only later items of it may use it */
    struct expr *expr;
};

/* The two sides of a join, by the names that it gives them. */
struct join_scope {
    struct slice left, right;
    struct parser *of; /* the scope of the right side, which nothing is added to */
    unsigned cmd;      /* number of the join */
    struct join_scope *next;
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
    unsigned width;           /* cells that a row has by now */
    bool after_stats;         /* only columns are left */
    struct query_cmd *agg;    /* the stats whose items are read; NULL within an aggregate */
    struct join_scope *scope; /* joins since the last table, newest first */
    unsigned widened;         /* 1 + number of the first join or lookup since then; 0: none */
    unsigned n_plain;         /* cells before it */
    unsigned bin; /* cell of the last stats that is a bin of bin_us, among its n_key keys */
    int64_t bin_us;
    unsigned n_key;
    /* A right side that is tried as an expression (query-language.md 9.4, no. 19). */
    bool trial;
    bool nested; /* a query in parentheses */
    bool alone;  /* an expression without commands: no subqueries in it */
    const struct field_ref *trial_left;
    unsigned trial_fields, trial_calls;
};

/* --- expr_node.c --- */

void pool_free(struct expr_pool *pool);
void *parse_fail(struct parser *p, size_t at, size_t len, const char *fmt, ...) PRINTF_LIKE(4, 5);
void parse_hint(struct parser *p, const char *fmt, ...) PRINTF_LIKE(2, 3);
void parse_notice(struct parser *p, const char *fmt, ...) PRINTF_LIKE(2, 3);

struct expr *expr_new(struct parser *p, enum expr_kind kind, size_t at, size_t end);
/* The node anew, with room of its own for arguments, which are the same. */
struct expr *expr_copy(struct parser *p, const struct expr *e);
struct expr *expr_op1(struct parser *p, enum expr_kind kind, struct expr *a);
struct expr *expr_op2(struct parser *p, enum expr_kind kind, enum expr_op op, struct expr *a,
                      struct expr *b);
void expr_add_arg(struct parser *p, struct expr *e, struct expr *arg);
struct expr *expr_regex(struct parser *p, struct expr *left, struct slice pattern, bool icase,
                        size_t at, size_t end);

/* --- reading the text --- */

static inline char peek(const struct parser *p)
{
    return p->at < p->q.len ? p->q.ptr[p->at] : 0;
}

static inline void skip(struct parser *p)
{
    p->at = lex_blank(p->q, p->at);
}

/* Takes what is there or does not move, not even over blanks. */
static inline bool take_char(struct parser *p, char c)
{
    size_t at = lex_blank(p->q, p->at);

    if (at >= p->q.len || p->q.ptr[at] != c)
        return false;
    p->at = at + 1;
    return true;
}

static inline bool take_word(struct parser *p, const char *word)
{
    size_t n;

    skip(p);
    n = lex_word(p->q, p->at, word);
    p->at += n;
    return n > 0;
}

static inline bool at_word(struct parser *p, const char *word)
{
    skip(p);
    return lex_word(p->q, p->at, word) > 0;
}

static inline bool at_end(struct parser *p)
{
    skip(p);
    return p->at >= p->q.len;
}

static inline struct slice text_at(const struct parser *p, size_t at, size_t len)
{
    return slice_of(p->q.ptr + at, len);
}

/* "what is expected", with what is there instead. NULL. */
void *fail_here(struct parser *p, const char *what);
bool has_blank(struct slice s);

/* --- expr_parse.c --- */

#define MAX_ITEMS 256
#define MAX_JOIN_KEYS 16

struct expr *parse_primary(struct parser *p);
struct expr *parse_sum(struct parser *p);
struct expr *take_field(struct parser *p);
struct expr *take_string(struct parser *p);
struct expr *take_literal(struct parser *p);
/* Members behind a map: .name, .`name`, [0]; e itself if there are none. */
struct expr *take_members(struct parser *p, struct expr *e);
/* -e, whose sign stands at `at`. */
struct expr *negative(struct parser *p, struct expr *e, size_t at);
bool at_reserved(struct parser *p);
/* For the recursion: false after an error. p->depth-- leaves. */
bool enter(struct parser *p);

/* --- expr_call.c --- */

/* name( ... ; NULL without an error if that is no call of a known function. */
struct expr *take_call(struct parser *p);
/* The calls that are numbers: the ends of the time range. NULL without an error likewise. */
struct expr *range_call(struct parser *p, size_t at);

/* --- expr_test.c --- */

struct expr *parse_or(struct parser *p); /* a whole expression */
bool at_comparison(struct parser *p);

/* --- expr_commands.c --- */

struct query_cmd *add_cmd(struct parser *p, enum cmd_kind kind);
struct query_item *add_item(struct parser *p, struct query_item **list, unsigned *n);
/* From here on the columns are all there is. */
void begin_table(struct parser *p);
/* From here on `name` stands for e. */
void add_column(struct parser *p, const char *name, bool alias, struct expr *e);
/* The next cell of the row is called `name`. */
void add_cell(struct parser *p, const char *name);
/* The same for a cell that the command makes. */
void add_made(struct parser *p, struct query_cmd *cmd, char *name);
/* A name that is new; NULL after an error. */
char *take_new_name(struct parser *p, const char *what);
/* Whether a command begins here: its word, which no operator follows. */
bool at_command(struct parser *p);
/* The commands of a query, to the end of the text or of the parentheses around it. */
bool parse_pipeline(struct parser *p);

/* The text of an item as a column's name: blanks at the ends dropped, inner runs made one. */
char *name_as_written(struct parser *p, size_t from, size_t to);
/* [ "as" name ]; the item's name either way. */
bool take_alias(struct parser *p, struct query_item *item, size_t from, bool *alias);
bool take_count(struct parser *p, uint64_t *n);

/* --- expr_stats.c --- */

/* name( of an aggregate, when an item of stats is read: a reference to its cell. NULL without an
 * error if there is none. */
struct expr *take_aggregate(struct parser *p);
bool cmd_stats(struct parser *p);
/* Rows counted by the keys that follow, most frequent first. limit 0: all. */
bool count_by(struct parser *p, const char *name, uint64_t limit);
bool start_top(struct parser *p);
bool cmd_fill(struct parser *p);

/* --- expr_extract.c --- */

bool cmd_parse(struct parser *p);

/* --- expr_subquery.c --- */

/* Whether behind the ( at p->at stands a query rather than a list. */
bool at_subquery(struct parser *p);
/* left in (QUERY): its parentheses are at p->at. */
struct expr *take_subquery(struct parser *p, struct expr *left);
/* The query in the parentheses at p->at, in a scope of its own; its columns are the caller's to
 * free. False after an error. */
bool parse_nested(struct parser *p, struct parser *sub);
/* The columns that its rows show; 0: they are records of which it names none. */
unsigned shown_columns(struct parser *sub, struct query_item ***item);
bool is_cell(const struct expr *e, unsigned cell);
/* One more of the query that is read. */
void add_subquery(struct parser *p, struct subquery *s);
/* Whether the columns of this command are all there is behind it. */
bool makes_table(enum cmd_kind kind);
/* SOURCE of a subquery: a filter. */
bool nested_source(struct parser *p);

/* --- expr_join.c --- */

bool cmd_join(struct parser *p);
bool cmd_lookup(struct parser *p);
/* A name of a side of a join, "left.name", at p->at. NULL with *len 0: it is none; with the length:
 * there is a side, but it has no such name. */
struct expr *bind_joined(struct parser *p, size_t *len);
/* The error for a name that bind_joined did not find; false: it is no such name. */
bool joined_unknown(struct parser *p, size_t at, size_t len);
/* At the end of a query: if no command shows what its joins and lookups made, one more does. */
void show_joined(struct parser *p);

/* --- expr_diff.c --- */

bool cmd_diff(struct parser *p);

/* --- expr_names.c --- */

/* The field at p->at, longest known name first; NULL without an error if none is known. *len is
 * how much of the text it takes (0: no name stands here). */
struct expr *bind_name(struct parser *p, size_t *len);
/* A reference to a cell of the row. */
struct expr *bind_cell(struct parser *p, struct slice name, int cell);
struct expr *bind_system(struct parser *p, const char *name);
void bind_unknown(struct parser *p, size_t at, size_t len); /* the error */
bool field_name_is_exact(struct slice name, const struct field_ref *near);

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

/* --- expr_bind.c --- */

/* Tests, from what was read to the tree: units, missing marks, types. NULL after an error. */
struct expr *bind_compare(struct parser *p, struct expr *left, enum expr_op op, struct expr *right);
struct expr *bind_in(struct parser *p, struct expr *left, struct expr **item, unsigned n);
struct expr *bind_arith(struct parser *p, enum expr_op op, struct expr *a, struct expr *b);

#endif
