/* segment.h - up to 65,536 records of one log type as packed columns. Immutable once published.
 *
 * Rows stand in time order: by event time, then source, then offset (struct rowkey). A record
 * without a time of its own takes that of the record before it in its file; it is marked timeless.
 *
 * A column is packed codes of 0 (constant), 1, 2, 4 or 8 bytes a row. Code 0 is "missing".
 *   COL_NUM   value = base + (code - 1), in the field's fixed-point unit (or microseconds)
 *   COL_DICT  local code c >= 1 stands for dictionary id gid[c - 1] (dict.h)
 *   COL_NONE  no column: the value is read from the line again (unique texts, learned fields)
 * `odd` marks rows whose text does not fit the field's type ("abc" as a status): their code is 0
 * and the truth is in the line. Rows that did not parse have code 0 everywhere. */
#ifndef AWL_SEGMENT_H
#define AWL_SEGMENT_H

#include <stdatomic.h>

#include "dict.h"
#include "format.h"

#define SEGMENT_ROWS 65536
#define BITS_WORDS(n) (((n) + 63) / 64)

enum col_kind { COL_NONE, COL_NUM, COL_DICT };

struct column {
    uint8_t kind;  /* enum col_kind */
    uint8_t width; /* bytes a row: 0 = every row has code `constant` */
    void *data;
    uint64_t constant;
    int64_t base, min, max; /* COL_NUM; min > max if all are missing */
    uint32_t n_missing;
    uint32_t *gid; /* COL_DICT: local code - 1 -> dictionary id */
    uint32_t n_local;
    uint64_t *odd; /* bitmap, NULL if there are none */
};

/* Rows come from runs: stretches of one source read under one layout, out of one frame. */
struct run {
    uint32_t source;
    uint32_t layout; /* layout_by_id; UINT32_MAX if there is none */
    uint32_t frame;  /* frame_by_id */
    uint32_t chunk;  /* source_line_base(source, chunk) + line = line number */
    uint64_t off;    /* inflated offset that `off` of the rows counts from */
    /* Records within one JSON document: the line of the file on which it starts; `line` of the rows
     * is then their place in it, from 0. 0: records that have a line of their own. */
    uint64_t document;
};

struct segment {
    struct logtype *lt;
    uint64_t uid; /* never used twice in a session: a key for caches */
    uint32_t n;   /* rows */
    atomic_uint refs;
    int64_t *ts; /* n, ascending; microseconds */
    int64_t ts_min, ts_max;
    uint32_t *off;    /* from run.off */
    uint32_t *len;    /* bytes of the record, terminator excluded */
    uint32_t *line;   /* line in the chunk, from 0; see struct run */
    uint16_t *run_of; /* row -> run; NULL if there is one run */
    struct run *run;
    uint32_t n_run;
    uint8_t *reason;    /* enum parse_reason a row; NULL if all parsed */
    uint64_t *timeless; /* bitmap; NULL if all have their own time */
    struct column *col; /* lt->n_static of them */
    size_t bytes;       /* memory held */
};

void segment_ref(struct segment *s);
void segment_unref(struct segment *s);

static inline uint64_t column_code(const struct column *c, uint32_t row)
{
    switch (c->width) {
    case 1:
        return ((const uint8_t *)c->data)[row];
    case 2:
        return ((const uint16_t *)c->data)[row];
    case 4:
        return ((const uint32_t *)c->data)[row];
    case 8:
        return ((const uint64_t *)c->data)[row];
    default:
        return c->constant;
    }
}

static inline bool bit_get(const uint64_t *bits, uint32_t i)
{
    return bits[i >> 6] >> (i & 63) & 1;
}

static inline void bit_set(uint64_t *bits, uint32_t i)
{
    bits[i >> 6] |= UINT64_C(1) << (i & 63);
}

static inline const struct run *segment_run(const struct segment *s, uint32_t row)
{
    return &s->run[s->run_of ? s->run_of[row] : 0];
}

static inline uint64_t segment_offset(const struct segment *s, uint32_t row)
{
    return segment_run(s, row)->off + s->off[row];
}

/* Total order of all records. A view's anchor is a key, never an index: keys outlive every
 * reorganisation of segments. */
struct rowkey {
    int64_t ts;
    uint32_t source;
    uint64_t off;
};
static inline struct rowkey segment_key(const struct segment *s, uint32_t row)
{
    return (struct rowkey){s->ts[row], segment_run(s, row)->source, segment_offset(s, row)};
}
int rowkey_cmp(const struct rowkey *a, const struct rowkey *b);
#define ROWKEY_MIN ((struct rowkey){INT64_MIN, 0, 0})
#define ROWKEY_MAX ((struct rowkey){INT64_MAX, UINT32_MAX, UINT64_MAX})

uint64_t segment_next_uid(void);
/* A copy without the rows of one source (it was cut or replaced); NULL if nothing is left. */
struct segment *segment_without(const struct segment *s, uint32_t source);
/* First row with key >= *k (n if none). */
uint32_t segment_lower_bound(const struct segment *s, const struct rowkey *k);

/* --- the builder: private to one thread until sealed --- */

struct builder;
struct builder *builder_new(struct logtype *lt);
void builder_free(struct builder *b);
void builder_run(struct builder *b, const struct run *run);
/* Adds a record of the current run; rec->reason tells whether it parsed. False if off does not fit
 * 32 bits from the run's: start a new run. Must not be called when builder_full(). */
bool builder_add(struct builder *b, const struct record *rec, uint64_t off, uint32_t len,
                 uint32_t line);
/* Gives a row (of this builder, by arrival) without a time of its own the time `ts`. */
void builder_timeless(struct builder *b, uint32_t row, int64_t ts);
uint32_t builder_rows(const struct builder *b);
bool builder_full(const struct builder *b);
/* A new segment of all rows so far (reference 1); the builder stays as it is, so that growing
 * files can be shown and added to. */
struct segment *builder_seal(struct builder *b);
void builder_reset(struct builder *b);

/* The dictionary of a field; created on demand, lives for the process. */
struct dict *field_dict(const struct logtype *lt, unsigned field);

#endif
