/* format.h - what a log type is: one static table a type (core/formats/NAME.c).
 *
 * A format turns the bytes of one record into slices, one a field, and converts nothing: a value is
 * a part of the raw line (quotes stripped, escapes still in it) wherever it can be, so the same
 * function serves the indexer, the record pane and the slow path of a filter. What stands nowhere
 * in the line (a JSON string without its escapes, a value put together) lives in record.mem.
 * Typed conversion is value.h's. Rules of each format come from the AWS documentation named in
 * `doc_url`.
 *
 * What a format sees is one record without the container it came in (frame.h): no time of a
 * CloudWatch export before it, no {"Records":[ around it. If it has no time of its own, ts stays
 * TIME_NONE and the container's counts.
 *
 * Contract of every parse function: never reads outside the slice, never fails for surplus
 * fields (they are the extras) nor for missing trailing ones (older generations), O(length). */
#ifndef AWL_FORMAT_H
#define AWL_FORMAT_H

#include "arena.h"
#include "err.h"

enum field_kind {
    FK_TEXT, /* bytes */
    FK_NUM,  /* fixed-point: `scale` decimals; stored as an integer of 10^-scale units */
    FK_TIME, /* moment, microseconds since 1970 UTC */
    FK_IP,   /* address, v4 or v6, as text */
};

enum field_unit { UNIT_NONE, UNIT_S, UNIT_MS, UNIT_BYTES };

enum field_flag {
    FF_NOCOL = 1 << 0,  /* (nearly) every record has its own value: no column, read from the line */
    FF_STATUS = 1 << 1, /* an HTTP status */
    FF_PORT = 1 << 2,   /* a port number */
    FF_NEG1 = 1 << 3,   /* -1 means "not reached": left out of every aggregate */
    FF_URLENC = 1 << 4, /* percent-encoded by the logger: decode once to show */
    FF_URLENC2 = 1 << 5,   /* CloudFront user agent: decode a second time if %20 is left */
    FF_HEXESC = 1 << 6,    /* \xHH, \" and \\ escapes of the load balancers */
    FF_ID = 1 << 7,        /* digits that are a name, not a number (account ids) */
    FF_DERIVED = 1 << 8,   /* a part of another field; -o json leaves it out */
    FF_BY_KEY = 1 << 10,   /* JSON: found by json_keys alone, not by its own name */
    FF_COMPOSITE = 1 << 9, /* the whole of which others are parts; kept for filters by its name */
};

/* The common fields, one meaning over all types (product.md); X-macro: enum, name. */
#define FIELD_ROLES(X)                                                                             \
    X(STATUS, "status")                                                                            \
    X(CLIENT_IP, "client_ip")                                                                      \
    X(SERVER_IP, "server_ip")                                                                      \
    X(METHOD, "method")                                                                            \
    X(HOST, "host")                                                                                \
    X(PATH, "path")                                                                                \
    X(QUERY, "query")                                                                              \
    X(BYTES_IN, "bytes_in")                                                                        \
    X(BYTES_OUT, "bytes_out")                                                                      \
    X(DURATION, "duration")                                                                        \
    X(USER_AGENT, "user_agent")                                                                    \
    X(REQUEST_ID, "request_id")                                                                    \
    X(TRACE_ID, "trace_id")                                                                        \
    X(PRINCIPAL, "principal")                                                                      \
    X(ACTION, "action")                                                                            \
    X(ERROR, "error")

enum field_role {
    FR_NONE,
#define X(id, name) FR_##id,
    FIELD_ROLES(X)
#undef X
        FR_COUNT
};
const char *field_role_name(enum field_role role);

struct logtype;
struct field_def;

/* Where a derived value comes from. */
struct derive_from {
    const struct logtype *lt;
    const struct field_def *field;
};
typedef struct slice derive_fn(const struct derive_from *from, struct slice base,
                               struct arena *mem);

struct field_def {
    const char *name;    /* as product.md spells it: "elb_status_code", "cs(User-Agent)" */
    const char *aliases; /* blank separated: Athena column, Logs Insights name, ...; NULL if none */
    enum field_kind kind;
    uint8_t scale; /* FK_NUM: decimals kept */
    enum field_unit unit;
    unsigned flags; /* enum field_flag */
    enum field_role role;
    const char *meaning; /* one line, own words */
    derive_fn *derive;   /* derive.h: no parse function sets it; NULL for all others */
    uint16_t from;       /* the field it is made from */
};

static inline bool is_whole_number(const struct field_def *f)
{
    return f->kind == FK_NUM && f->scale == 0;
}

/* Why a line is no record of its type. Texts by reason_text(). X-macro: enum, text. */
#define PARSE_REASONS(X)                                                                           \
    X(SHORT, "too few fields")                                                                     \
    X(TIME, "the time does not read as one")                                                       \
    X(QUOTE, "a quoted field does not end")                                                        \
    X(SHAPE, "the first fields have another shape")                                                \
    X(HEADER, "no field list says what the columns are")                                           \
    X(TYPE, "the log type is not known")                                                           \
    X(SKIP, "an AWS test or digest object, not a log")                                             \
    X(LONG, "longer than a record may be")                                                         \
    X(JSON, "not a whole JSON object")                                                             \
    X(CUT, "cut in the middle, with the fields before that")                                       \
    X(RTMP, "a log of RTMP streams, which CloudFront gave up")                                     \
    X(GUESS, "quotes within quoted values, so their ends are a guess")

enum parse_reason {
    REASON_NONE,
#define X(id, text) REASON_##id,
    PARSE_REASONS(X)
#undef X
        REASON_COUNT
};
const char *reason_text(enum parse_reason r);
/* Whether such a record has its fields all the same, as far as they go. */
static inline bool reason_keeps_fields(enum parse_reason r)
{
    return r == REASON_CUT || r == REASON_GUESS;
}

#define MAX_EXTRA 32    /* extra_1 ... extra_32; the last takes the rest of the line */
#define MAX_FIELDS 2048 /* static + extras + names learned from headers and JSON records */
#define MAX_COLUMNS 512 /* of one layout */
#define MAX_TYPES 64
#define TIME_NONE INT64_MIN

/* One record, as slices into the line or into `mem`. A val with ptr NULL is absent. "-" stays "-"
 * here: what counts as missing is value_missing()'s to say (value.h). A record that is all zero can
 * be parsed into. */
struct record {
    struct slice val[MAX_FIELDS];
    unsigned n_val; /* val[0..n_val) are set; those behind are absent */
    int64_t ts;     /* canonical event time in microseconds UTC, or TIME_NONE */
    enum parse_reason reason;
    bool static_only; /* fields that were learned are not wanted: the indexer has no use for them */
    struct arena mem; /* values that stand nowhere in the line; cleared by record_begin() */
};

struct record *record_new(void);
void record_free(struct record *r);

enum parse_result {
    PARSE_OK,     /* record.reason may name one that keeps the fields */
    PARSE_BAD,    /* record.reason says why; the line is kept as an unparsed record */
    PARSE_HEADER, /* a comment or a header line; *lay may have been replaced */
    PARSE_MORE,   /* a quote is open at the end of the line: try again with the next line added */
};

/* The order of columns in one file, learned from its header line. Immutable, interned for the
 * life of the process, shared by threads. Positional formats have one fixed layout. */
struct layout {
    unsigned id;
    unsigned n;
    uint16_t field[MAX_COLUMNS]; /* position -> field index in the log type */
};

struct format;

/* A log type while the program runs: the static table and the fields learned since.
 * Fields are only appended; indices never change. All functions are thread-safe. */
#define MAX_OWN_LAYOUTS 8
struct logtype {
    const struct format *fmt;
    unsigned id;               /* index in the registry */
    unsigned n_static;         /* fields of the table; extras follow at n_static + i */
    _Atomic unsigned n_fields; /* all fields so far */
    struct field_def *field[MAX_FIELDS];
    /* Orders of columns that the user told of, for files that do not say (ownformat.h). */
    const struct layout *own_layout[MAX_OWN_LAYOUTS];
    unsigned n_own_layout;
};

/* What detection may look at. */
struct probe {
    struct slice path; /* the S3 key or file name, "" if none */
    struct slice head; /* the first inflated bytes, whole lines where possible, up to 64 KiB */
    const struct logtype *lt; /* the type that is asked; best_type() sets it */
    int beat;     /* likewise: a score up to here is as good as none, whatever it would be */
    bool objects; /* likewise: some of the first lines are JSON objects */
};

struct format {
    const char *name;  /* "alb": the value of @logtype */
    const char *title; /* "Application Load Balancer access log" */
    const char *doc_url;
    const struct field_def *fields;
    unsigned n_fields;
    bool multiline;          /* parse may answer PARSE_MORE */
    bool header;             /* columns come from a header line; mid-file headers occur */
    bool header_first;       /* with `header`: none occurs unless the file begins with one */
    const char *header_mark; /* with `header`: what only such a line has in it */
    bool json; /* records can be JSON objects; what they hold beyond the table is learned */
    /* Another type whose lines may stand among those of this one, in its usual order of columns. */
    const char *sibling;
    bool takes_any;      /* what fits no other type, as texts or as JSON objects, is of this one */
    bool container_time; /* the time of the container counts more than that in the record */
    /* JSON keys that are not called as the field is: pairs of key and field name, then NULL. */
    const char *const *json_keys;
    /* 0 = certainly not ... 100 = certainly; 50 and more opens the file as this type. */
    int (*detect)(const struct probe *p);
    /* `line` has no terminator (no LF, no CR before it). *lay is the layout in force (NULL before
     * any header) and may be changed on PARSE_HEADER. `lt` is for learning header names. */
    enum parse_result (*parse)(struct logtype *lt, const struct layout **lay, struct slice line,
                               struct record *rec);
    uint64_t revision;          /* of a description of the user's: another one, another number */
    const char *const *samples; /* NULL-terminated; every one parses (a test checks) */
};

/* --- the registry (format.c): one logtype for each line of formats.def, then the user's own --- */
unsigned logtype_count(void);
/* Adds a type that lives as long as the process; NULL if there are too many or its name is taken.
 * Before any file is opened: the registry is not locked. */
struct logtype *logtype_add(const struct format *f);
struct logtype *logtype_get(unsigned id);
struct logtype *logtype_by_name(struct slice name); /* NULL if there is none */
/* Plain lines of no known type: no fields, everything REASON_TYPE but listed all the same.
 * A leading ISO 8601 or CLF time is taken as the record's time where one is found. */
struct logtype *logtype_text(void);
/* The type that fits best (of equals the first one of the registry) and its score; NULL if none has
 * 50 or more. */
struct logtype *best_type(const struct probe *p, int *score);
/* What best_type() found, in one sentence. */
void explain_type(const struct logtype *best, int score, struct strbuf *why);
/* The type of a file. Never NULL (logtype_text() at worst). *why gets one sentence. */
struct logtype *detect_type(const struct probe *p, struct strbuf *why);

/* Index of the field with exactly this AWS name; created as a text field if `create`. -1 if none.
 */
int logtype_field(struct logtype *lt, struct slice name, bool create);
/* Look-up of query-language.md 9.3 within one type: exact, common alias (role), listed alias,
 * then ignoring case and - _ . blank ( ) : $; at last as a path into a member of a JSON record that
 * was not met yet. -1 none, -2 ambiguous. */
int logtype_lookup(struct logtype *lt, struct slice name);
/* Index of the field that JSON records call `name` when its own name is another; -1 if none. */
int logtype_key(const struct logtype *lt, struct slice name);
/* Whether there are fields "name.x": members of what the name stands for. */
bool logtype_has_parts(const struct logtype *lt, struct slice name);
/* Whether the table has a field of that name, key or alias. */
bool logtype_documents(const struct logtype *lt, struct slice name);
/* Index of the one field of the table that goes by `name` as an alias or when case and punctuation
 * do not count; -1 if none or several. */
int logtype_alias(const struct logtype *lt, struct slice name);
int logtype_role(const struct logtype *lt, enum field_role role); /* -1 if the type has none */
const struct layout *layout_intern(struct logtype *lt, const uint16_t *field, unsigned n);
/* The layout of the user's with n columns, NULL if there is none. */
const struct layout *logtype_own_layout(const struct logtype *lt, unsigned n);
const struct layout *layout_by_id(unsigned id); /* NULL for id UINT_MAX */

/* All static fields absent (and all others, unless static_only); no time, no reason. */
void record_begin(struct record *rec, const struct logtype *lt);
/* The same for a record that sets none but the first n fields. */
void record_begin_first(struct record *rec, unsigned n);

/* What a cut record lacks for its type may have stood behind the cut. */
static inline enum parse_result record_bad(struct record *rec, enum parse_reason reason)
{
    if (rec->reason != REASON_CUT)
        rec->reason = reason;
    return PARSE_BAD;
}

static inline struct slice record_get(const struct record *r, unsigned field)
{
    return field < r->n_val ? r->val[field] : (struct slice){NULL, 0};
}

#endif
