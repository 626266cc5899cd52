/* builder.c - collects records of one type, then packs them.
 *
 * While collecting, every column is a plain array: int64 values, or 32-bit local codes of a table
 * of texts (texts.h). Records come row by row and are turned into columns in batches: their texts
 * are set aside, then field goes by field, so that one parser and one table are at work at a time.
 * Rows without a value are not written until the column has one again: in some types most are.
 * A text column in which nearly every row has its own value is given up for this segment
 * (COL_NONE): reading the line again costs less than a dictionary of unique texts.
 *
 * Sealing sorts by time (stable: stretches that are in order are merged, else by radix; equal times
 * by source and offset: segment.c), then gathers and packs each column. It leaves the builder
 * alone, so a growing file is sealed as often as it is shown, piece by piece. */
#include "segment.h"

#include "arena.h"
#include "texts.h"
#include "value.h"
#include "xalloc.h"

#define GIVE_UP_AFTER 8192 /* rows before a text column may be given up */
#define MIN_ROWS 4096      /* of a segment while memory is short */
#define ROW_BYTES 64       /* about, while collecting; and of each of its columns: */
#define CELL_BYTES 12
#define FEW_TEXTS 4096 /* of a segment: welcome while memory is short, too */

struct build_col {
    bool used, gave_up;
    uint8_t kind;    /* enum col_kind */
    int64_t *num;    /* COL_NUM: SEGMENT_ROWS values */
    uint32_t *code;  /* COL_DICT */
    uint32_t filled; /* rows so far in num or code; those behind are missing */
    struct texts texts;
    uint32_t *gid; /* dictionary ids of the first n_gid of them */
    uint32_t n_gid;
    uint64_t *odd;
};

/* The texts of a column in the rows of the batch that have one. */
struct waiting {
    uint32_t n;
    uint8_t row[TEXTS_BATCH]; /* of the batch, ascending */
    struct slice text[TEXTS_BATCH];
};

struct builder {
    struct logtype *lt;
    uint32_t n, max_rows;
    uint32_t n_collected; /* rows below this are in the columns; the others wait in `batch` */
    struct memlease memory;
    int64_t *ts;
    uint32_t *off, *len, *line;
    uint32_t *run_of;
    uint8_t *reason;
    uint64_t *timeless;
    uint32_t n_bad, n_timeless;
    struct run *run;
    size_t n_run, cap_run;
    struct build_col *col;
    uint16_t *active; /* the fields that have a column, ascending */
    unsigned n_active;
    uint16_t *n_below;     /* n_below[i]: how many of them are below i */
    uint16_t *present;     /* room for as many: those of a record that have a text */
    struct waiting *batch; /* of each active field */
    struct slice lent;     /* texts within these bytes need not be copied to wait */
    struct arena held;     /* those that were */
    struct arena texts;
    uint32_t *perm, *perm_tmp, *count; /* sealing's own: large, and needed again and again */
    void *scratch;
};

static enum col_kind kind_of(const struct field_def *f)
{
    if (f->flags & FF_NOCOL)
        return COL_NONE;
    return f->kind == FK_NUM || f->kind == FK_TIME ? COL_NUM : COL_DICT;
}

/* As many rows a segment as the memory allows. */
static void take_memory(struct builder *b)
{
    size_t row = ROW_BYTES + b->n_active * CELL_BYTES;

    b->memory.use = MEMORY_BUILDERS;
    b->max_rows = SEGMENT_ROWS;
    while (b->max_rows > MIN_ROWS && (b->max_rows * row > membudget_limit() / 8 ||
                                      !memlease_resize(&b->memory, b->max_rows * row)))
        b->max_rows /= 2;
    memlease_force(&b->memory, b->max_rows * row);
}

static void col_clear(struct build_col *c)
{
    texts_clear(&c->texts);
    c->used = c->gave_up = false;
    c->filled = c->n_gid = 0;
    free(c->gid);
    c->gid = NULL;
    free(c->odd);
    c->odd = NULL;
}

struct builder *builder_new(struct logtype *lt)
{
    struct builder *b = xcalloc(1, sizeof(*b));

    b->lt = lt;
    b->ts = xmalloc(SEGMENT_ROWS * sizeof(*b->ts));
    b->off = xmalloc(SEGMENT_ROWS * sizeof(*b->off));
    b->len = xmalloc(SEGMENT_ROWS * sizeof(*b->len));
    b->line = xmalloc(SEGMENT_ROWS * sizeof(*b->line));
    b->run_of = xmalloc(SEGMENT_ROWS * sizeof(*b->run_of));
    b->reason = xcalloc(SEGMENT_ROWS, 1);
    b->timeless = xcalloc(BITS_WORDS(SEGMENT_ROWS), sizeof(*b->timeless));
    b->col = xcalloc(lt->n_static, sizeof(*b->col));
    b->active = xcalloc(lt->n_static, sizeof(*b->active));
    b->present = xcalloc(lt->n_static, sizeof(*b->present));
    b->n_below = xcalloc(lt->n_static + 1u, sizeof(*b->n_below));
    for (unsigned f = 0; f < lt->n_static; f++) {
        b->col[f].kind = (uint8_t)kind_of(lt->field[f]);
        col_clear(&b->col[f]);
        if (b->col[f].kind != COL_NONE)
            b->active[b->n_active++] = (uint16_t)f;
        b->n_below[f + 1] = (uint16_t)b->n_active;
    }
    b->batch = xcalloc(b->n_active, sizeof(*b->batch));
    take_memory(b);
    return b;
}

void builder_free(struct builder *b)
{
    if (!b)
        return;
    for (unsigned f = 0; f < b->lt->n_static; f++) {
        struct build_col *c = &b->col[f];
        free(c->num);
        free(c->code);
        texts_release(&c->texts);
        free(c->gid);
        free(c->odd);
    }
    arena_release(&b->texts);
    arena_release(&b->held);
    free(b->batch);
    free(b->scratch);
    free(b->perm);
    free(b->perm_tmp);
    free(b->count);
    free(b->col);
    free(b->active);
    free(b->present);
    free(b->n_below);
    free(b->ts);
    free(b->off);
    free(b->len);
    free(b->line);
    free(b->run_of);
    free(b->reason);
    free(b->timeless);
    free(b->run);
    memlease_release(&b->memory);
    free(b);
}

void builder_reset(struct builder *b)
{
    if (b->n_bad)
        memset(b->reason, 0, SEGMENT_ROWS);
    if (b->n_timeless)
        memset(b->timeless, 0, BITS_WORDS(SEGMENT_ROWS) * sizeof(*b->timeless));
    b->n = b->n_collected = b->n_bad = b->n_timeless = 0;
    b->n_run = 0;
    for (unsigned f = 0; f < b->lt->n_static; f++)
        col_clear(&b->col[f]);
    arena_clear(&b->texts);
}

uint32_t builder_rows(const struct builder *b)
{
    return b->n;
}

bool builder_full(const struct builder *b)
{
    return b->n == b->max_rows || b->n_run >= UINT16_MAX;
}

void builder_run(struct builder *b, const struct run *run)
{
    GROW(b->run, b->cap_run, b->n_run + 1);
    b->run[b->n_run++] = *run;
}

/* --- collecting --- */

/* Rows up to n that are missing. */
static void fill_missing(struct build_col *c, uint32_t n)
{
    if (c->kind == COL_NUM)
        for (uint32_t i = c->filled; i < n; i++)
            c->num[i] = NUM_MISSING;
    else if (c->filled < n)
        memset(c->code + c->filled, 0, (n - c->filled) * sizeof(*c->code));
    c->filled = n;
}

/* Room for rows from n on. */
static void reach_row(struct build_col *c, uint32_t n)
{
    c->used = true;
    if (c->kind == COL_NUM && !c->num)
        c->num = xmalloc(SEGMENT_ROWS * sizeof(*c->num));
    else if (c->kind == COL_DICT && !c->code)
        c->code = xmalloc(SEGMENT_ROWS * sizeof(*c->code));
    fill_missing(c, n);
}

static void collect_texts(struct builder *b, struct build_col *c, const struct waiting *w,
                          uint32_t *code)
{
    texts_find(&c->texts, &b->texts, w->text, w->n, code);
    if (unlikely(b->n > GIVE_UP_AFTER && c->texts.n > b->n - b->n / 16))
        c->gave_up = true;
}

static void set_odd(struct build_col *c, uint32_t row)
{
    if (!c->odd)
        c->odd = xcalloc(BITS_WORDS(SEGMENT_ROWS), sizeof(*c->odd));
    bit_set(c->odd, row);
}

static void collect_numbers(struct builder *b, const struct field_def *f, struct build_col *c,
                            const struct waiting *w, int64_t *num)
{
    bool plain = f->kind == FK_NUM;

    for (unsigned k = 0; k < w->n; k++) {
        struct slice text = w->text[k];

        num[k] = NUM_MISSING;
        if (!(plain && parse_short(text, f->scale, &num[k])) && !field_number(f, text, &num[k])) {
            num[k] = NUM_MISSING;
            if (!value_missing(text))
                set_odd(c, b->n_collected + w->row[k]);
        }
    }
}

static void collect_column(struct builder *b, unsigned field, const struct waiting *w)
{
    struct build_col *c = &b->col[field];
    uint32_t from = b->n_collected, to = from + w->row[w->n - 1] + 1;
    bool dense = to - from == w->n;

    reach_row(c, dense ? from : to);
    if (c->kind == COL_NUM) {
        int64_t num[TEXTS_BATCH];

        collect_numbers(b, b->lt->field[field], c, w, dense ? c->num + from : num);
        for (unsigned k = 0; !dense && k < w->n; k++)
            c->num[from + w->row[k]] = num[k];
    } else {
        uint32_t code[TEXTS_BATCH];

        collect_texts(b, c, w, dense ? c->code + from : code);
        for (unsigned k = 0; !dense && k < w->n; k++)
            c->code[from + w->row[k]] = code[k];
    }
    c->filled = to;
}

/* The waiting rows go to the columns. */
static void collect(struct builder *b)
{
    for (unsigned i = 0; b->n_collected < b->n && i < b->n_active; i++) {
        struct waiting *w = &b->batch[i];

        if (!w->n)
            continue;
        if (!b->col[b->active[i]].gave_up)
            collect_column(b, b->active[i], w);
        w->n = 0;
    }
    b->n_collected = b->n;
    arena_clear(&b->held);
}

void builder_lend(struct builder *b, struct slice bytes)
{
    collect(b);
    b->lent = bytes;
}

/* Most of those that must be copied are words of the program. */
static inline char *copy_text(char *to, struct slice s)
{
    if (s.len - 4 > 12)
        return memcpy(to, s.ptr, s.len);
    if (s.len < 8) {
        memcpy(to, s.ptr, 4);
        memcpy(to + s.len - 4, s.ptr + s.len - 4, 4);
    } else {
        memcpy(to, s.ptr, 8);
        memcpy(to + s.len - 8, s.ptr + s.len - 8, 8);
    }
    return to;
}

/* The texts of a record as they can wait: bytes behind them can be read (TEXT_SLACK). Which fields
 * have one is found first, without a branch, for it would be guessed wrong: records of one type are
 * often of several kinds, and most fields of some have no text. */
static inline void hold_texts(struct builder *b, const struct record *rec, uint32_t row)
{
    const uint16_t *active = b->active;
    const struct slice lent = b->lent;
    const struct slice *val = rec->val;
    bool has_fields = !rec->reason || reason_keeps_fields(rec->reason);
    unsigned n_val = has_fields ? MIN(rec->n_val, b->lt->n_static) : 0;
    unsigned n_active = b->n_below[n_val], n = 0;
    uint16_t *present = b->present;

    for (unsigned i = 0; i < n_active; i++) {
        present[n] = (uint16_t)i;
        n += val[active[i]].len != 0;
    }
    for (unsigned i = 0; i < n; i++) {
        struct waiting *w = &b->batch[present[i]];
        struct slice s = val[active[present[i]]];
        size_t off = (uintptr_t)s.ptr - (uintptr_t)lent.ptr;

        if (unlikely((off >= lent.len) | (lent.len - off < s.len + TEXT_SLACK)))
            s.ptr = copy_text(arena_alloc(&b->held, s.len + TEXT_SLACK), s);
        w->row[w->n] = (uint8_t)row;
        w->text[w->n++] = s;
    }
}

bool builder_add(struct builder *b, const struct record *rec, uint64_t off, uint32_t len,
                 uint32_t line)
{
    uint64_t rel = off - b->run[b->n_run - 1].off;
    uint32_t n = b->n, k = n - b->n_collected;

    BUG_ON(n >= SEGMENT_ROWS);
    if (rel > UINT32_MAX)
        return false;
    b->ts[n] = rec->ts;
    b->off[n] = (uint32_t)rel;
    b->len[n] = len;
    b->line[n] = line;
    b->run_of[n] = (uint32_t)(b->n_run - 1);
    if (rec->reason) {
        b->reason[n] = (uint8_t)rec->reason;
        b->n_bad++;
    }
    hold_texts(b, rec, k);
    b->n++;
    if (k + 1 == TEXTS_BATCH)
        collect(b);
    return true;
}

void builder_timeless(struct builder *b, uint32_t row, int64_t ts)
{
    b->ts[row] = ts;
    bit_set(b->timeless, row);
    b->n_timeless++;
}

/* --- sealing --- */

/* Rows from, from + 1, ... from + n - 1 of a builder, which are being sealed. */
struct stretch {
    struct builder *b;
    uint32_t from, n;
    const uint32_t *perm; /* perm[i] = the one that stands at place i, from 0 */
};

/* Rows that are in order already, one stretch behind the other. More of them are not merged. */
#define MAX_SORTED 16
#define MAX_DIGIT 13 /* bits */

/* Rows [0, n_a) and [n_a, n) of `from`, each in order, as one. */
static void merge(const int64_t *ts, const uint32_t *from, uint32_t n_a, uint32_t n, uint32_t *to)
{
    uint32_t a = 0, b = n_a;

    while (a < n_a && b < n)
        *to++ = ts[from[b]] < ts[from[a]] ? from[b++] : from[a++];
    memcpy(to, from + a, (n_a - a) * sizeof(*to));
    memcpy(to + n_a - a, from + b, (n - b) * sizeof(*to));
}

static void swap_perm(struct builder *b)
{
    uint32_t *swap = b->perm;

    b->perm = b->perm_tmp;
    b->perm_tmp = swap;
}

/* Stretch i is rows [start[i], start[i + 1]). */
static void merge_sorted(struct builder *b, const int64_t *ts, uint32_t *start, unsigned n)
{
    while (n > 1) {
        unsigned left = 0;

        for (unsigned i = 0; i < n; i += 2) {
            uint32_t from = start[i], mid = start[MIN(i + 1, n)], to = start[MIN(i + 2, n)];

            merge(ts, b->perm + from, mid - from, to - from, b->perm_tmp + from);
            start[left++] = from;
        }
        start[left] = start[n];
        n = left;
        swap_perm(b);
    }
}

/* Digits as few as can be, each with counters that fit the innermost cache. */
static void radix_sort(struct builder *b, const int64_t *ts, uint32_t n, uint64_t lo, uint64_t hi)
{
    unsigned bits = bit_width(hi - lo), passes = (bits + MAX_DIGIT - 1) / MAX_DIGIT;
    unsigned digit = (bits + passes - 1) / passes;
    uint32_t mask = (1u << digit) - 1, *count = b->count;

    for (unsigned shift = 0; shift < bits; shift += digit) {
        memset(count, 0, (mask + 1) * sizeof(*count));
        for (uint32_t i = 0; i < n; i++)
            count[(((uint64_t)ts[i] - lo) >> shift) & mask]++;
        for (uint32_t i = 0, before = 0; i <= mask; i++) {
            uint32_t here = count[i];

            count[i] = before;
            before += here;
        }
        for (uint32_t i = 0; i < n; i++) {
            uint64_t key = (uint64_t)ts[b->perm[i]] - lo;

            b->perm_tmp[count[key >> shift & mask]++] = b->perm[i];
        }
        swap_perm(b);
    }
}

static uint32_t *time_order(struct builder *b, const int64_t *ts, uint32_t n)
{
    uint32_t start[MAX_SORTED + 1] = {0};
    int64_t lo = ts[0], hi = ts[0];
    unsigned n_sorted = 1;

    if (!b->perm) {
        b->perm = xmalloc(SEGMENT_ROWS * sizeof(*b->perm));
        b->perm_tmp = xmalloc(SEGMENT_ROWS * sizeof(*b->perm_tmp));
        b->count = xmalloc((1u << MAX_DIGIT) * sizeof(*b->count));
        b->scratch = xmalloc(2 * (SEGMENT_ROWS + 1) * sizeof(int64_t));
    }
    for (uint32_t i = 1; i < n; i++) {
        if (ts[i] < ts[i - 1] && n_sorted++ < MAX_SORTED)
            start[n_sorted - 1] = i;
        lo = MIN(lo, ts[i]);
        hi = MAX(hi, ts[i]);
    }
    for (uint32_t i = 0; i < n; i++)
        b->perm[i] = i;
    if (n_sorted > MAX_SORTED) {
        radix_sort(b, ts, n, (uint64_t)lo, (uint64_t)hi);
    } else {
        start[n_sorted] = n;
        merge_sorted(b, ts, start, n_sorted);
    }
    return b->perm;
}

/* Numbers of the texts in the dictionary of the field. Those of a column that is sealed piece by
 * piece are kept. */
static const uint32_t *intern_texts(struct builder *b, unsigned field)
{
    struct build_col *c = &b->col[field];
    uint32_t n = c->texts.n - c->n_gid;
    struct slice *text = xmalloc(n * sizeof(*text));
    uint64_t *hash = xmalloc(n * sizeof(*hash));

    c->gid = xreallocarray(c->gid, c->texts.n, sizeof(*c->gid));
    texts_list(&c->texts, c->n_gid, text);
    for (uint32_t k = 0; k < n; k++)
        hash[k] = dict_hash(text[k]);
    dict_intern(field_dict(b->lt, field), text, hash, c->gid + c->n_gid, n);
    c->n_gid = c->texts.n;
    free(text);
    free(hash);
    return c->gid;
}

/* The texts that occur in a piece get codes of their own. */
static void seal_some_texts(const struct stretch *st, unsigned field, struct column *c)
{
    struct build_col *from = &st->b->col[field];
    const uint32_t *known = intern_texts(st->b, field), *code = from->code + st->from;
    uint32_t *own = xcalloc(from->texts.n + 1, sizeof(*own)), *packed = st->b->scratch;
    uint32_t *gid = xmalloc(st->n * sizeof(*gid));

    for (uint32_t i = 0; i < st->n; i++) {
        uint32_t k = code[st->perm[i]];

        if (k && !own[k]) {
            gid[c->n_local] = known[k - 1];
            own[k] = ++c->n_local;
        }
        packed[i] = own[k];
        c->n_missing += k == 0;
    }
    c->gid = gid;
    c->constant = c->n_local == 1 && c->n_missing == 0;
    if (c->n_local && !c->constant)
        column_pack(c, packed, st->n, c->n_local);
    free(own);
}

static void seal_text(const struct stretch *st, unsigned field, struct column *c)
{
    struct build_col *from = &st->b->col[field];
    uint32_t *code = st->b->scratch;

    intern_texts(st->b, field);
    c->gid = from->gid;
    from->gid = NULL;
    from->n_gid = 0;
    c->n_local = from->texts.n;
    for (uint32_t i = 0; i < st->n; i++) {
        code[i] = from->code[st->perm[i]];
        c->n_missing += code[i] == 0;
    }
    c->constant = c->n_local == 1 && c->n_missing == 0;
    if (!c->constant)
        column_pack(c, code, st->n, c->n_local);
}

static void seal_number(const struct stretch *st, const struct field_def *f,
                        const struct build_col *from, struct column *c)
{
    const int64_t *num = from->num + st->from;

    for (uint32_t i = 0; i < st->n; i++) {
        c->n_missing += num[i] == NUM_MISSING;
        c->min = num[i] < c->min && num[i] != NUM_MISSING ? num[i] : c->min;
        c->max = MAX(c->max, num[i]);
    }
    column_pack_numbers(c, num, st->perm, st->n, f->kind == FK_TIME, st->b->scratch);
}

static void seal_odd(const struct stretch *st, const uint64_t *from, struct column *c)
{
    uint64_t *odd = xcalloc(BITS_WORDS(st->n), sizeof(*odd));

    for (uint32_t i = 0; i < st->n; i++)
        if (bit_get(from, st->from + st->perm[i]))
            bit_set(odd, i);
    c->odd = odd;
}

/* While memory is short, texts that are many are better read from their lines again. */
static bool costs_too_much(const struct build_col *c)
{
    return c->kind == COL_DICT && c->texts.n > FEW_TEXTS && membudget_tight(MEMORY_TEXTS);
}

static void seal_column(const struct stretch *st, unsigned field, struct column *c)
{
    struct builder *b = st->b;
    struct build_col *from = &b->col[field];

    c->kind = from->kind;
    if (!from->used) {
        c->n_missing = st->n;
        return;
    }
    fill_missing(from, b->n);
    if (from->kind == COL_NUM)
        seal_number(st, b->lt->field[field], from, c);
    else if (st->n == b->n)
        seal_text(st, field, c);
    else
        seal_some_texts(st, field, c);
    if (from->odd)
        seal_odd(st, from->odd, c);
}

struct segment *builder_seal(struct builder *b, uint32_t from, uint32_t to)
{
    uint32_t n = to - from, *perm = time_order(b, b->ts + from, n);
    struct stretch st = {.b = b, .from = from, .n = n, .perm = perm};
    struct arrival a = {.n = n,
                        .perm = perm,
                        .ts = b->ts + from,
                        .off = b->off + from,
                        .len = b->len + from,
                        .line = b->line + from,
                        .run_of = b->run_of + from,
                        .run = b->run,
                        .n_run = (uint32_t)b->n_run,
                        .reason = b->n_bad ? b->reason + from : NULL,
                        .timeless = b->n_timeless ? b->timeless + from / 64 : NULL,
                        .scratch = b->scratch};
    struct segment *s;

    BUG_ON(from % 64 || to > b->n);
    collect(b);
    arrival_order_ties(&a);
    s = segment_pack(b->lt, &a);
    s->col = xcalloc(b->lt->n_static, sizeof(*s->col));
    for (unsigned f = 0; f < b->lt->n_static; f++) {
        struct column *c = &s->col[f];

        c->min = INT64_MAX;
        c->max = INT64_MIN;
        c->unit = 1;
        if (b->col[f].kind == COL_NONE || b->col[f].gave_up || costs_too_much(&b->col[f]))
            continue;
        seal_column(&st, f, c);
        s->bytes += column_bytes_held(c, n);
    }
    return s;
}
