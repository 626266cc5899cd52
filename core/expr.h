/* expr.h - the query language: text -> tree -> tree bound to fields.
 *
 * The grammar is CloudWatch Logs Insights QL with awl's shorthands (docs/ARCHITECTURE.md, "Query
 * language"). Shorthands are rewritten while parsing, so a tree has only the node kinds below.
 * A tree is immutable after query_parse() and may be read by many threads; what subqueries found is
 * put into it before.
 *
 * Meaning of a test on a missing value: every positive test is false, and !=, not like, not in,
 * not (...) are the exact opposite, hence true. */
#ifndef AWL_EXPR_H
#define AWL_EXPR_H

#include "err.h"
#include "format.h"
#include "value.h"

enum expr_kind {
    EX_NUM,   /* num */
    EX_STR,   /* text; quoted or a bare value */
    EX_TIME,  /* time_us: absolute by the time of parsing (query_env) */
    EX_FIELD, /* field */
    EX_AND,   /* arg[0..n) */
    EX_OR,    /* arg[0..n) */
    EX_NOT,   /* arg[0] */
    EX_CMP,   /* arg[0] op arg[1] */
    EX_RANGE, /* arg[0] in [lo, hi] inclusive numbers or times: 5xx, 200..299, a day */
    EX_IN, /* arg[0] in arg[1..n): any kinds mixed, also EX_RANGE-like items as EX_SPAN, EX_CIDR */
    EX_SPAN,    /* lo..hi as a list item */
    EX_CIDR,    /* net/bits; as arg[1] of EX_INNET or as a list item */
    EX_INNET,   /* arg[0] in the network arg[1] */
    EX_LIKE,    /* arg[0] contains text of arg[1] (EX_STR) */
    EX_GLOB,    /* arg[0] matches the whole glob text (path=/api/ *) */
    EX_MATCH,   /* arg[0] matches regex (PCRE2, search) */
    EX_PRESENT, /* ispresent(arg[0]) */
    EX_ARITH,   /* arg[0] op arg[1]: + - * / % ^ ; unary minus is 0 - x */
    EX_CALL,    /* function `func` of arg[0..n) */
    EX_MEMBER,  /* member `text` of the map arg[0]; with LIT_PLAIN: element num of the list */
    EX_CAPTURE, /* group num of the first match of `re` in arg[0]; made by `parse` */
    EX_INQUERY, /* arg[0] is one of the values of the subquery `sub` */
};

enum expr_op {
    OP_EQ,
    OP_NE,
    OP_LT,
    OP_LE,
    OP_GT,
    OP_GE,
    OP_ADD,
    OP_SUB,
    OP_MUL,
    OP_DIV,
    OP_MOD,
    OP_POW
};

/* How a literal was written; the binder turns it into the field's unit or type. */
enum lit_form {
    LIT_NONE,
    LIT_PLAIN,    /* a number */
    LIT_DURATION, /* 250ms; num in seconds until bound, then in the unit of the field */
    LIT_SIZE,     /* 5MB; num in bytes */
    LIT_DATE,     /* a date or a full moment; lo_us..hi_us is what it names */
    LIT_CLOCK,    /* 13:05 */
    LIT_ADDRESS,  /* a bare address */
    LIT_BARE,     /* a value without quotes: "*" is a wildcard in it */
    LIT_PERIOD,   /* of bin, datefloor, dateceil: lo_us wide, or hi_us months */
};

/* What a name stands for, by log type: resolved once, used per row. */
enum pseudo_field {
    PF_NONE,      /* a field of the log type: per_type[] */
    PF_TIMESTAMP, /* @timestamp */
    PF_MESSAGE,   /* @message, the raw line */
    PF_LOGTYPE,   /* @logtype; @type on types without an own one */
    PF_FILE,      /* @file */
    PF_LINE,      /* @line */
    PF_RECORD,    /* @record: place within a JSON document */
    PF_SOURCE,    /* @source */
    PF_ACCOUNT,   /* @account, @region, @service, @resource: what the S3 key tells */
    PF_REGION,
    PF_SERVICE,
    PF_RESOURCE,
    PF_STREAM,   /* @logStream: the container's, else @file */
    PF_LOG,      /* @log: the log group of the container, else @source */
    PF_UNPARSED, /* @unparsed: the reason */
    PF_ANYIP,    /* "ip": any address field of the record */
    PF_COLUMN,   /* a cell of the row at hand: `column`. After stats and pattern those of its table,
                    behind unnest and parse ... multi what these made, in an item of stats the
                    aggregates. -1: nothing, always missing. Aliases are no such columns: they are
                    replaced by what they stand for as they are read. */
};

struct field_ref {
    enum pseudo_field pseudo;
    int16_t per_type[MAX_TYPES]; /* field index in each log type, -1: missing there */
    int column;                  /* PF_COLUMN */
};

struct dict;
struct query_ast;
struct query_item;

/* x in (filter ... | fields y): a query within an expression. */
struct subquery {
    struct query_ast *ast;
    struct query_item *item; /* the values: evaluated on each of its rows */
    struct slice text;       /* as written, without the parentheses */
    struct dict *values;     /* as they print; the runner makes and frees it. NULL: not run */
};

struct expr {
    enum expr_kind kind;
    enum expr_op op;
    unsigned n; /* arguments */
    struct expr **arg;
    double num;      /* EX_NUM */
    int64_t time_us; /* EX_TIME */
    double lo, hi;   /* EX_RANGE, EX_SPAN of numbers */
    bool is_time;    /* EX_RANGE, EX_SPAN: lo_us/hi_us are meant */
    int64_t lo_us, hi_us;
    struct slice text; /* EX_STR, EX_LIKE/GLOB text, EX_MATCH pattern source, EX_FIELD name, EX_NUM/
                          EX_CMP literal as written (so "012345678901" keeps its zero) */
    struct ip net;     /* EX_CIDR */
    unsigned bits;
    struct regex *re;        /* EX_MATCH; compiled, JIT, shared (regex.h) */
    struct field_ref *field; /* EX_FIELD */
    const struct func *func; /* EX_CALL */
    struct subquery *sub;    /* EX_INQUERY */
    unsigned at, at_len;     /* place in the query text, for carets */
    enum lit_form lit;       /* EX_NUM, EX_STR, EX_TIME as written */
    bool split; /* EX_OR made of one test on a name whose unit differs by log type: each
                   argument is the test for some types; printed as one */
};

/* The clock and zone a query is read in; injected, the core asks nobody. */
struct query_env {
    int64_t now_us;            /* "-15m", now() */
    int64_t first_us, last_us; /* oldest and newest record in view (@first, @last, bare 13:05) */
    int tz_offset_s;           /* zone of time literals without one, seconds east of UTC */
    bool interactive; /* an unknown bare word is a text search with a notice, else an error */
};

struct query_error {
    unsigned at, len;   /* bytes in the query text */
    bool unknown_field; /* a name that the files may yet bring, if they were not read */
    char msg[256];
    char hint[256]; /* nearest names or an example; "" if none */
};

enum cmd_kind {
    QCMD_FILTER,
    QCMD_FIELDS,
    QCMD_DISPLAY,
    QCMD_SORT,
    QCMD_LIMIT,
    QCMD_STATS,
    QCMD_DEDUP,
    QCMD_UNNEST, /* a row for each element of a list, which is a new cell */
    QCMD_MULTI,  /* parse ... multi: a row for each match, whose groups are new cells */
    QCMD_JOIN,   /* a row for each row of a subquery with the same keys, which is new cells */
    QCMD_LOOKUP, /* the same of the first such row of a CSV file; rows without one stay */
    QCMD_PATTERN,
    QCMD_FILL, /* fillmissing: rows for the empty bins of the stats before */
    QCMD_DIFF, /* the stats or pattern right before it, beside those of an earlier time */
};

enum agg_kind {
    AGG_NONE,
    AGG_COUNT,
    AGG_COUNT_FIELD,
    AGG_COUNT_DISTINCT,
    AGG_SUM,
    AGG_AVG,
    AGG_MIN,
    AGG_MAX,
    AGG_PCT,
    AGG_STDDEV,
    AGG_EARLIEST,
    AGG_LATEST,
    AGG_SORTS_FIRST,
    AGG_SORTS_LAST,
};

/* With which time `diff` compares. */
enum diff_with { DIFF_BEFORE, DIFF_DAY, DIFF_WEEK, DIFF_MONTH };

struct val;

struct query_item {
    struct expr *expr; /* NULL for count(*) */
    enum agg_kind agg; /* aggregates */
    double pct;        /* AGG_PCT: 0..100 */
    int64_t bin_us;    /* by-keys made with bin(p): width; expr is @timestamp. 0 otherwise */
    bool desc;         /* sort */
    char *name;        /* the column's name: alias or the text as written */
};

struct query_cmd {
    enum cmd_kind kind;
    struct slice text;       /* as written; commands made of one (top) share it */
    struct expr *filter;     /* QCMD_FILTER */
    struct query_item *item; /* fields, display, sort, dedup; stats: over the aggregates as cells;
                                join, lookup: the keys */
    unsigned n_item;
    struct query_item *by; /* stats */
    unsigned n_by;
    struct query_item *agg; /* stats: the aggregates its items are made of */
    unsigned n_agg;
    uint64_t limit;
    struct expr *from;        /* unnest, multi, pattern: what is taken apart */
    struct regex *re;         /* multi */
    unsigned *group;          /* multi: number of the group of each of n_made cells */
    unsigned n_made;          /* unnest, multi, join, lookup, diff: new cells ... */
    char **made;              /* ... their names */
    unsigned *cell;           /* ... and, but for diff, their places in the row */
    struct query_ast *sub;    /* join: the other side */
    struct query_item *right; /* join: the new cells, evaluated there; first the keys (n_item) */
    bool outer;               /* join: rows without one of the other side stay */
    char *file;               /* lookup */
    char **key;               /* lookup: the columns of the file that are the keys (n_item) */
    unsigned bin;             /* fillmissing: cell of the time */
    unsigned column;          /* fillmissing: cell to fill */
    unsigned n_key;           /* fillmissing: cells that are keys */
    int64_t bin_us;           /* fillmissing */
    struct val *fill;         /* fillmissing */
    enum diff_with with;
};

struct query_ast {
    struct query_cmd *cmd;
    unsigned n_cmd;
    struct subquery **sub; /* of its expressions; not those within other subqueries */
    unsigned n_sub;
    bool wordless;    /* begins with an expression, whose `filter` is implied */
    char notice[512]; /* what was read otherwise than QL would ("y read as a field"); "" if none */
    /* owns everything below it; freed by query_ast_free */
    struct expr_pool *pool;
};

/* Parses and binds a whole query ("filter ... | stats ..."), or a bare expression as an implied
 * filter. Returns NULL with *e filled. The text need not outlive the call. */
struct query_ast *query_parse(const char *text, const struct query_env *env, struct query_error *e);
/* One expression only (the filter prompt), without subqueries. Stands in cmd[0] as QCMD_FILTER; ""
 * gives n_cmd == 0. */
struct query_ast *filter_parse(const char *text, const struct query_env *env,
                               struct query_error *e);
void query_ast_free(struct query_ast *q);

/* From one moment (inclusive) to another; INT64_MIN, INT64_MAX: no bound. */
struct time_window {
    int64_t from_us, to_us;
};
/* Narrows the window to what the tests of @timestamp leave that must hold for e (NULL: none). */
void time_window_narrow(struct time_window *w, const struct expr *e);
/* The first n commands of q for the records of `us` earlier: wherever they have @timestamp, it is
 * that much later than the record's. q must outlive it. */
struct query_ast *query_shift(const struct query_ast *q, unsigned n, int64_t us);
/* "text\n      ^^^^\nmessage; hint" for a terminal or stderr. */
void query_error_print(const struct query_error *e, const char *text, struct strbuf *out);
/* Canonical text of an expression: strings in "", parses to the same tree. */
void expr_print(const struct expr *e, struct strbuf *out);

/* --- the naive evaluator: one row at a time, the oracle of the vectorised one (filter.h) --- */

/* VAL_JSON: a map or list, as its raw text; for tests and functions of texts it is as good as
 * missing, but ispresent. */
enum val_kind { VAL_MISSING, VAL_NUM, VAL_STR, VAL_BOOL, VAL_TIME, VAL_JSON };

struct val {
    enum val_kind kind;
    double num;       /* VAL_NUM, VAL_BOOL */
    int64_t time_us;  /* VAL_TIME */
    struct slice str; /* VAL_STR, VAL_JSON; VAL_NUM: the text it came from, if any */
};

/* How a row answers for a field; implemented over a parsed record (rowview.h) or a result row. */
struct row_access {
    /* Raw text typed by the field's kind; VAL_MISSING for absent and "-". */
    struct val (*field)(void *row, const struct field_ref *f);
    /* PF_ANYIP: the i-th address of the record, false past the last. */
    bool (*any_ip)(void *row, unsigned i, struct slice *out);
    void *row;
    struct strbuf *scratch; /* for results of string functions; reset by the caller per row */
};

/* `a op b` as EX_CMP means it. Missing on either side: false, but true for OP_NE. Two times: as
 * times. A number with a number, or with a text that is one: as numbers. Else texts by bytes; so
 * two texts are never numbers. */
bool val_compare(struct val a, enum expr_op op, struct val b);
/* The value of a literal node: EX_NUM, EX_STR, EX_TIME. */
struct val expr_literal(const struct expr *e);
bool glob_match(struct slice glob, struct slice s); /* "*" is any text; the whole of s */

struct val expr_eval(const struct expr *e, const struct row_access *row);
/* Element i of a list; a value that is no list is a list of itself. False: there is none. Texts may
 * lie in scratch. */
bool val_element(struct val list, uint64_t i, struct strbuf *scratch, struct val *out);
bool val_number(struct val v, double *out); /* also a text of digits */
bool val_truth(struct val v);               /* missing, 0, "", false are false */
int val_cmp(struct val a, struct val b);    /* total order of `sort`: natural order, missing last */
/* Text of a value as results print it; numbers in shortest form. */
void val_print(struct val v, struct strbuf *out);
/* The value with its text, if any, in the dictionary. */
struct val val_keep(struct dict *d, struct val v);

/* The words of the language, for completion; NULL past the last. */
const char *query_command_word(unsigned i);
const char *query_function_word(unsigned i); /* aggregates, then functions */

/* Field look-up over all types: "elb_status_code", "status", "@timestamp", "ip". False: unknown;
 * then `hint` gets the nearest names. */
bool field_resolve(struct slice name, struct field_ref *out, char *hint, size_t hint_len);

#endif
