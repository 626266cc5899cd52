/* runquery_impl.h - what the files that run queries share; nobody else includes it. */
#ifndef AWL_RUNQUERY_IMPL_H
#define AWL_RUNQUERY_IMPL_H

#include "membudget.h"
#include "runquery.h"

struct patterns;
struct watcher;

/* A query that runs (runquery.c): its rows as they are after the commands so far. */
struct exec {
    const struct runquery *q;
    struct rowset *set; /* while !listed: the rows */
    bool listed;
    uint64_t n;
    struct memlease memory; /* of the list of rows and their cells */
    bool full;              /* it would be more than is allowed: *e says so */
    struct rowref *ref;     /* a row; NULL: rows are no records */
    struct val *cell;       /* width a row */
    unsigned width;
    struct dict *texts;      /* of the cells, once there are any */
    struct spilled *spilled; /* cells of a table that outgrew memory, and texts; NULL: none */
    char **name;             /* of the cells after stats and pattern; NULL before */
    bool sorted;             /* by a sort, so dedup goes from the front */
    unsigned order_keys; /* the rows are not yet by so many first cells: the next sort sees to it */
    uint64_t at;         /* the row that row_access answers for */
    struct rowview view; /* on its record */
    struct strbuf scratch;   /* texts that expressions made of it */
    unsigned early;          /* filters among the first so many commands are in `set` already */
    struct query_item **col; /* columns to show; none: whole records, or all cells */
    unsigned n_col;
    bool display; /* by `display`: later `fields` add nothing */
    uint64_t written, limit;
    struct output *out;
    struct val *cells;
    struct strbuf *scratches; /* texts of each column of a row */
    unsigned n_scratch;
    struct slice *json; /* what is in the record of each column, where that is JSON */
    bool *secret;       /* columns whose texts are redacted whole; NULL: none */
    struct strbuf line;
    struct watcher *watch; /* who wants to see what there is so far; NULL: nobody */
    unsigned asked;        /* how often, whether it is time to */
    struct err *e;
};

/* Runs the first n commands. 0, or < 0 with *r->e; exec_release either way. */
int exec_run(struct exec *r, unsigned n);
int exec_command(struct exec *r, unsigned i);          /* command i alone; the same results */
int exec_rest(struct exec *r, unsigned i, unsigned n); /* commands [i, n) */
/* The rows as a table that is the caller's: the first `max`. */
struct group_table *exec_collect(struct exec *r, uint64_t max);
void exec_release(struct exec *r);
void exec_release_rows(struct exec *r); /* of one that shares its query with another */
/* To stop: somebody asked, or memory is used up. */
bool exec_cancelled(struct exec *r);
/* 0, or < 0 with *r->e if that is so. */
int exec_stopped(struct exec *r);
/* How expressions see the row at hand. */
struct row_access exec_access(struct exec *r);
/* Makes the rows a list, of which exec_at then makes row i the one at hand. */
void exec_list(struct exec *r);
void exec_at(struct exec *r, uint64_t i);
void exec_at_record(struct exec *r, struct rowref ref); /* before they are a list */
/* Row `from` of the list takes the place of row `to`. */
void exec_move_row(struct exec *r, uint64_t to, uint64_t from);
/* Visits the rows; each is the row at hand while fn, which ends it by false, is called. */
void exec_each(struct exec *r, bool (*fn)(struct exec *r, void *ctx), void *ctx);
/* --- runquery_watch.c --- */

/* Whether to show now what there is so far of `rows` of `of` rows, with which the query `did`
 * something; now and then it tells only that. Of commands that make what is shown, it stops those
 * that take too long. To be asked behind every row; the second is for any thread and looks at the
 * clock each time. Who is told yes must call one of the next. */
bool exec_due(struct exec *r, const char *did, uint64_t rows, uint64_t of);
bool exec_due_now(struct exec *r, const char *did, uint64_t rows, uint64_t of);
/* Shows what the commands from `next` on make of the rows of a table, which is used up; of the rows
 * of a set; of a list of records. */
void exec_show_table(struct exec *r, unsigned next, struct group_table *t, unsigned order_keys,
                     const char *did, uint64_t rows, uint64_t of);
void exec_show_set(struct exec *r, unsigned next, struct rowset *set);
void exec_show_list(struct exec *r, unsigned next, const struct rowref *ref, uint64_t n,
                    uint64_t rows);
/* A table as it is; NULL: nothing new. */
void exec_show_rows(struct exec *r, struct group_table *t, const char *did, uint64_t rows,
                    uint64_t of);
/* Shows how far it is if it is time to. */
void exec_tell(struct exec *r, const char *did, uint64_t rows, uint64_t of);
/* Whether parts of it tell something: not of a diff, and joins would be made again each time. */
bool watcher_can(const struct query_ast *q);
/* For the query that is watched; `max` rows are shown. */
struct watcher *watcher_new(const struct runquery_watch *to, uint64_t max);
void watcher_free(struct watcher *w);

/* --- runquery_table.c --- */

/* The rows are those of t now, which is used up; t->texts and names are taken over. */
void exec_take_table(struct exec *r, struct group_table *t);
void exec_free_cells(struct exec *r);
void exec_free_names(struct exec *r);       /* of its columns */
int exec_stats(struct exec *r, unsigned i); /* command i; 0, or < 0 with *r->e */
/* Rows for the bins between the first and the last that have none, for each of the other keys. */
void exec_fill(struct exec *r, const struct query_cmd *c);
void exec_pattern(struct exec *r, unsigned i);
/* Adds the texts of the rows at hand. */
void exec_patterns(struct exec *r, const struct expr *from, struct patterns *patterns, bool before);

/* --- subquery.c --- */

/* Visits the rows of a subquery of q: of the records of the time of q, whatever else it filters.
 * 0, or < 0 with *e. */
int subquery_each(const struct runquery *q, struct query_ast *ast,
                  bool (*fn)(struct exec *r, void *ctx), void *ctx, struct err *e);
/* Finds the values of all subqueries in expressions of the query. 0, or < 0 with *e. */
int subqueries_run(const struct runquery *q, struct err *e);
void subqueries_release(const struct query_ast *q);
/* The time that the filters within which the query runs leave. */
struct time_window window_within(const struct runquery *q);

/* --- runquery_sort.c --- */

void exec_sort(struct exec *r, unsigned i); /* command i */
/* The first row of each combination stays; one with a missing key always does. */
void exec_dedup(struct exec *r, const struct query_cmd *c);

/* --- widen.c --- */

/* unnest, parse ... multi, join, lookup. 0, or < 0 with *r->e. */
int exec_widen(struct exec *r, const struct query_cmd *c);

/* --- lookup.c --- */

struct joined;
/* Reads the CSV file of a lookup: its rows by their keys, the texts of the cells in `texts`. 0, or
 * < 0 with *r->e: "FILE: line N: ...". */
int lookup_read(struct exec *r, const struct query_cmd *c, struct joined *rows, struct dict *texts);

/* --- diff.c --- */

/* Command i, which is a stats or pattern, and the diff behind it. */
int diff_run(struct exec *r, unsigned i);

#endif
