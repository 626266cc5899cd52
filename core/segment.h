/* segment.h - up to 65,536 records of one log type as packed columns. Immutable once published.
 *
 * Rows stand in time order: by event time, then source, then offset (struct rowkey). A record
 * without a time of its own takes that of the record before it in its file; it is marked timeless.
 *
 * Where a row stands in its file is kept in order of arrival, for there the lines follow each
 * other: place, gap and extra are then nearly straight and cost a few bits a row (packed.h).
 *
 * A column is packed codes of 0 (all rows have the same), 1, 2, 4, 8, 16, 24, 32, 40, 48 or 64 bits
 * a row. Code 0 is "missing".
 *   COL_NUM   value = base + (code - 1) * unit, or value[code - 1] where they are few; ascending
 *             with the code; in the field's fixed-point unit (or microseconds)
 *   COL_DICT  local code c >= 1 stands for dictionary id column_gid(c) (dict.h)
 *   COL_NONE  no column: the value is read from the line again (unique texts, learned fields)
 * `odd` marks rows whose text does not fit the field's type ("abc" as a status): their code is 0
 * and the truth is in the line. Rows that did not parse have code 0 everywhere. */
#ifndef AWL_SEGMENT_H
#define AWL_SEGMENT_H

#include <stdatomic.h>

#include "dict.h"
#include "format.h"
#include "membudget.h"
#include "packed.h"

#define SEGMENT_ROWS 65536
#define BITS_WORDS(n) (((n) + 63) / 64)

enum col_kind { COL_NONE, COL_NUM, COL_DICT };

struct column {
    uint8_t kind;     /* enum col_kind */
    uint8_t bits;     /* of a code; 0 = every row has code `constant` */
    const void *data; /* codes, little endian, up to a multiple of 64 rows and 8 bytes more */
    uint64_t constant;
    int64_t base, unit, min, max; /* COL_NUM; min > max if all are missing */
    const int64_t *value;         /* COL_NUM: of codes 1 ... n_local; NULL: base and unit tell */
    uint32_t n_missing;
    uint32_t n_local;    /* COL_DICT: distinct texts; COL_NUM: distinct values, if in `value` */
    const uint32_t *gid; /* COL_DICT: local code - 1 -> dictionary id */
    const uint64_t *odd; /* bitmap, NULL if there are none */
};

/* Rows come from runs: stretches of one source read under one layout, out of one frame. A run may
 * have no rows; its source is then perhaps not open. */
struct run {
    uint32_t source;
    uint32_t layout; /* layout_by_id; UINT32_MAX if there is none */
    uint32_t frame;  /* frame_by_id */
    uint32_t chunk;  /* source_line_base(source, chunk) + line = line number */
    uint64_t off;    /* inflated offset that `off` of the rows counts from */
    /* Records within one JSON document: the line of the file on which it starts; `line` of the rows
     * is then their place in it, from 0. 0: records that have a line of their own. */
    uint64_t document;
    uint32_t first; /* its first row, in order of arrival */
    uint64_t place; /* what `place` of its rows counts from */
};

struct segment {
    struct logtype *lt;
    uint64_t uid; /* never used twice in a session: a key for caches */
    uint32_t n;   /* rows */
    atomic_uint refs;
    int64_t ts_min, ts_max;
    struct packed ts;    /* by row, ascending; microseconds */
    struct packed order; /* row -> its number in order of arrival; what follows goes by that */
    struct packed place; /* n + 1 values: place - run.place + run.off = offset in the file */
    struct packed gap;   /* bytes between the end of the record and the next place: terminators */
    struct packed extra; /* line - number in the run: blank lines and such before it */
    struct run *run;
    uint32_t n_run;
    struct column reason;         /* its codes are enum parse_reason */
    const uint64_t *timeless;     /* bitmap; NULL if all have their own time */
    struct column *col;           /* lt->n_static of them; see segment_column() */
    size_t bytes;                 /* memory held */
    struct memlease memory;       /* of those, once published */
    bool mapped;                  /* all but run, col and gids lie in the index (index.h) */
    uint32_t *gids;               /* of a mapped one whose dictionaries have other numbers here */
    struct column_checks *checks; /* of a mapped one that was written earlier; else NULL */
};

/* Columns of the index are compared with their checksums when they are first used. One that is not
 * as it was written has no values, and *damaged is set: then the rows must not count. */
struct column_checks {
    void (*check)(const struct segment *s, unsigned field); /* thread-safe; sets done */
    atomic_bool *damaged;
    const void *table;
    struct slice bytes;
    atomic_bool done[]; /* by field */
};

void segment_ref(struct segment *s);
void segment_unref(struct segment *s);

/* --- codes --- */

/* Codes of one byte or more. */
static inline uint64_t column_wide_code(const struct column *c, uint32_t row)
{
    const char *p = c->data;
    uint64_t v;

    switch (c->bits) {
    case 8:
        return ((const uint8_t *)p)[row];
    case 16:
        return ((const uint16_t *)(const void *)p)[row];
    case 32:
        return ((const uint32_t *)(const void *)p)[row];
    case 64:
        return ((const uint64_t *)(const void *)p)[row];
    default:
        memcpy(&v, p + (size_t)row * (c->bits / 8), sizeof(v));
        return v & ((UINT64_C(1) << c->bits) - 1);
    }
}

static inline uint64_t column_code(const struct column *c, uint32_t row)
{
    const uint8_t *p = c->data;

    switch (c->bits) {
    case 0:
        return c->constant;
    case 1:
        return p[row >> 3] >> (row & 7) & 1;
    case 2:
        return p[row >> 2] >> (row & 3) * 2 & 3;
    case 4:
        return p[row >> 1] >> (row & 1) * 4 & 15;
    default:
        return column_wide_code(c, row);
    }
}

/* The codes of n rows. */
void column_codes(const struct column *c, const uint32_t *row, uint32_t n, uint64_t *code);
/* Rows [from, to) by code, added to count[]. */
void column_count(const struct column *c, uint32_t from, uint32_t to, uint64_t *count);
/* The rows of n whose code the caller's table of column_n_codes() says yes to (0 or 1), as bits. */
void column_choose(const struct column *c, uint32_t n, const uint8_t *yes, uint64_t *out);
/* The same for lo <= code <= hi, where 1 <= lo. */
void column_between(const struct column *c, uint32_t n, uint64_t lo, uint64_t hi, uint64_t *out);

static inline int64_t column_value(const struct column *c, uint64_t code)
{
    if (c->value)
        return c->value[code - 1];
    return (int64_t)((uint64_t)c->base + (code - 1) * (uint64_t)c->unit);
}

/* Codes are below this. */
static inline uint64_t column_n_codes(const struct column *c)
{
    if (c->kind == COL_DICT || c->value)
        return (uint64_t)c->n_local + 1;
    return c->min > c->max ? 1 : ((uint64_t)c->max - (uint64_t)c->base) / (uint64_t)c->unit + 2;
}

/* The codes of a COL_NUM column whose values are in [lo, hi]; false if there are none. */
bool column_code_range(const struct column *c, int64_t lo, int64_t hi, uint64_t *from,
                       uint64_t *to);

static inline uint32_t column_gid(const struct column *c, uint64_t code)
{
    return c->gid[code - 1];
}

/* The column of a field of the table. */
static inline const struct column *segment_column(const struct segment *s, unsigned field)
{
    if (s->checks && !atomic_load_explicit(&s->checks->done[field], memory_order_acquire))
        s->checks->check(s, field);
    return &s->col[field];
}

/* --- rows --- */

static inline bool bit_get(const uint64_t *bits, uint32_t i)
{
    return bits[i >> 6] >> (i & 63) & 1;
}

static inline void bit_set(uint64_t *bits, uint32_t i)
{
    bits[i >> 6] |= UINT64_C(1) << (i & 63);
}

static inline int64_t segment_ts(const struct segment *s, uint32_t row)
{
    return packed_get(&s->ts, row);
}

static inline bool segment_timeless(const struct segment *s, uint32_t row)
{
    return s->timeless && bit_get(s->timeless, row);
}

static inline enum parse_reason segment_reason(const struct segment *s, uint32_t row)
{
    return (enum parse_reason)column_code(&s->reason, row);
}

/* Whether a record has no fields because it did not parse. */
static inline bool segment_unparsed(const struct segment *s, uint32_t row)
{
    enum parse_reason r = segment_reason(s, row);

    return r != REASON_NONE && !reason_keeps_fields(r);
}

/* Where a record stands. */
struct position {
    const struct run *run;
    uint64_t off;  /* inflated offset in the file */
    uint32_t len;  /* bytes of the record, terminator excluded */
    uint32_t line; /* line in the chunk, from 0; see struct run */
};
struct position segment_position(const struct segment *s, uint32_t row);
const struct run *segment_run(const struct segment *s, uint32_t row);
/* Adds to count[k] how many rows of run k are in the set; bits NULL: all of them. */
void segment_count_runs(const struct segment *s, const uint64_t *bits, uint32_t *count);

/* Total order of all records. A view's anchor is a key, never an index: keys outlive every
 * reorganisation of segments. */
struct rowkey {
    int64_t ts;
    uint32_t source;
    uint64_t off;
};
struct rowkey segment_key(const struct segment *s, uint32_t row);
int rowkey_cmp(const struct rowkey *a, const struct rowkey *b);
#define ROWKEY_MIN ((struct rowkey){INT64_MIN, 0, 0})
#define ROWKEY_MAX ((struct rowkey){INT64_MAX, UINT32_MAX, UINT64_MAX})

uint64_t segment_next_uid(void);
/* A copy with only the rows of the sources that `keep` says yes to; NULL if nothing is left. */
struct segment *segment_filter(const struct segment *s, bool (*keep)(void *ctx, uint32_t source),
                               void *ctx);
/* First row with key >= *k (n if none). */
uint32_t segment_lower_bound(const struct segment *s, const struct rowkey *k);

/* --- the builder: private to one thread until sealed --- */

struct builder;
struct builder *builder_new(struct logtype *lt);
void builder_free(struct builder *b);
/* first and place are the builder's own. */
void builder_run(struct builder *b, const struct run *run);
/* Adds a record of the current run; rec->reason tells whether it parsed. False if off does not fit
 * 32 bits from the run's: start a new run. Must not be called when builder_full(). */
bool builder_add(struct builder *b, const struct record *rec, uint64_t off, uint32_t len,
                 uint32_t line);
/* Gives a row (of this builder, by arrival) without a time of its own the time `ts`. */
void builder_timeless(struct builder *b, uint32_t row, int64_t ts);
/* The texts of the records to come may lie in these bytes, which stay as they are until others are
 * lent; none (a zero slice) gives them back. Texts elsewhere need not outlive builder_add(). */
void builder_lend(struct builder *b, struct slice bytes);
uint32_t builder_rows(const struct builder *b);
bool builder_full(const struct builder *b);
/* A new segment (reference 1) of rows [from, to) in order of arrival, at least one; `from` is a
 * multiple of 64. The builder stays as it is, so that growing files can be shown and added to. */
struct segment *builder_seal(struct builder *b, uint32_t from, uint32_t to);
void builder_reset(struct builder *b);

/* What a segment is packed from: rows in order of arrival, and `perm`, the row that stands at each
 * place. The runs are contiguous in that order. */
struct arrival {
    uint32_t n;
    uint32_t *perm;
    const int64_t *ts;
    const uint32_t *off, *len, *line, *run_of; /* see struct position; off counts from its run's */
    const struct run *run;
    uint32_t n_run;
    const uint8_t *reason;    /* NULL if all parsed */
    const uint64_t *timeless; /* NULL if all have a time */
    int64_t *scratch;         /* 2 * (n + 1) of them */
};
/* Puts rows of equal time in the order of their source and offset. */
void arrival_order_ties(struct arrival *a);
/* A new segment with its rows, still without columns. */
struct segment *segment_pack(struct logtype *lt, const struct arrival *a);

/* --- packing columns (column.c) --- */

#define NUM_MISSING INT64_MIN
/* Codes, 0 ... max_code, into c->data; _wide for those of more than 32 bits. */
void column_pack(struct column *c, const uint32_t *code, uint32_t n, uint32_t max_code);
void column_pack_wide(struct column *c, const uint64_t *code, uint32_t n, uint64_t max_code);
/* The same for the values v[perm[i]], NUM_MISSING where there is none, of which c->min, max and
 * n_missing tell already. `scratch` has room for n values. */
void column_pack_numbers(struct column *c, const int64_t *v, const uint32_t *perm, uint32_t n,
                         bool is_time, void *scratch);
void column_free(struct column *c);
size_t column_bytes_held(const struct column *c, uint32_t n);
size_t column_data_bytes(unsigned bits, uint32_t n);

/* The dictionary of a field; created on demand, lives for the process. */
struct dict *field_dict(const struct logtype *lt, unsigned field);
void field_dicts_rest(void); /* dict_rest() of all */

#endif
