/* builder.c - collects records of one type, then packs them.
 *
 * While collecting, every column is a plain array: int64 values, or 32-bit local codes of a small
 * open-addressed table of texts. The value of the row before is tried first: in a log most columns
 * repeat. A text column in which nearly every row has its own value is given up for this
 * segment (COL_NONE): reading the line again costs less than a dictionary of unique texts.
 *
 * Sealing sorts by time (radix, stable; equal times by source and offset: segment.c), then gathers
 * and packs each column. It leaves the builder alone, so a growing file is sealed as often as it is
 * shown. */
#include "segment.h"

#include "arena.h"
#include "value.h"
#include "xalloc.h"

#define GIVE_UP_AFTER 8192 /* rows before a text column may be given up */
#define MIN_ROWS 4096      /* of a segment while memory is short */
#define ROW_BYTES 64       /* about, while collecting; and of each of its columns: */
#define CELL_BYTES 12
#define FEW_TEXTS 4096 /* of a segment: welcome while memory is short, too */

struct local_slot {
    uint32_t hash;
    uint32_t code; /* 0 = free */
};

struct build_col {
    bool used, gave_up;
    uint8_t kind;   /* enum col_kind */
    int64_t *num;   /* COL_NUM: SEGMENT_ROWS values */
    uint32_t *code; /* COL_DICT */
    struct local_slot *slot;
    uint32_t n_slot;
    struct slice *text; /* n_text; text of code c is text[c - 1], in the arena */
    uint64_t *hash;
    uint32_t n_text, cap_text, cap_hash;
    struct slice last; /* the row before's text and code */
    uint32_t last_code;
    uint64_t *odd;
};

struct builder {
    struct logtype *lt;
    uint32_t n, max_rows;
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
    uint16_t *active; /* the fields that have a column */
    unsigned n_active;
    struct arena texts;
    uint32_t *perm, *perm_tmp, *count; /* sealing's own: large, and needed again and again */
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
    for (unsigned f = 0; f < lt->n_static; f++) {
        b->col[f].kind = (uint8_t)kind_of(lt->field[f]);
        if (b->col[f].kind != COL_NONE)
            b->active[b->n_active++] = (uint16_t)f;
    }
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
        free(c->slot);
        free(c->text);
        free(c->hash);
        free(c->odd);
    }
    arena_release(&b->texts);
    free(b->perm);
    free(b->perm_tmp);
    free(b->count);
    free(b->col);
    free(b->active);
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
    b->n = b->n_bad = b->n_timeless = 0;
    b->n_run = 0;
    for (unsigned f = 0; f < b->lt->n_static; f++) {
        struct build_col *c = &b->col[f];
        if (c->n_text)
            memset(c->slot, 0, c->n_slot * sizeof(*c->slot));
        c->n_text = 0;
        c->used = c->gave_up = false;
        c->last = (struct slice){NULL, 0};
        c->last_code = 0;
        free(c->odd);
        c->odd = NULL;
    }
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

static void grow_local(struct build_col *c)
{
    uint32_t n = c->n_slot ? c->n_slot * 4 : 256;
    struct local_slot *fresh = xcalloc(n, sizeof(*fresh));

    for (uint32_t k = 0; k < c->n_text; k++) {
        uint32_t i = (uint32_t)c->hash[k] & (n - 1);
        while (fresh[i].code)
            i = (i + 1) & (n - 1);
        fresh[i] = (struct local_slot){(uint32_t)(c->hash[k] >> 32), k + 1};
    }
    free(c->slot);
    c->slot = fresh;
    c->n_slot = n;
}

static inline bool same_8(const char *a, const char *b)
{
    uint64_t x, y;

    memcpy(&x, a, 8);
    memcpy(&y, b, 8);
    return x == y;
}

static inline bool same_4(const char *a, const char *b)
{
    uint32_t x, y;

    memcpy(&x, a, 4);
    memcpy(&y, b, 4);
    return x == y;
}

/* Equal texts, most of them short: no call for what two or three loads decide. */
static inline bool same_text(struct slice a, struct slice b)
{
    size_t i, n = a.len;

    if (n != b.len)
        return false;
    if (n >= 8) {
        for (i = 0; i + 8 < n; i += 8)
            if (!same_8(a.ptr + i, b.ptr + i))
                return false;
        return same_8(a.ptr + n - 8, b.ptr + n - 8);
    }
    if (n >= 4)
        return same_4(a.ptr, b.ptr) && same_4(a.ptr + n - 4, b.ptr + n - 4);
    /* the first, the last and the middle one are all bytes of a text of up to three */
    return n == 0 ||
           (a.ptr[0] == b.ptr[0] && a.ptr[n - 1] == b.ptr[n - 1] && a.ptr[n / 2] == b.ptr[n / 2]);
}

static uint32_t local_code(struct builder *b, struct build_col *c, struct slice s, uint64_t h)
{
    uint32_t i;

    if ((uint64_t)c->n_text * 2 >= c->n_slot)
        grow_local(c);
    for (i = (uint32_t)h & (c->n_slot - 1); c->slot[i].code; i = (i + 1) & (c->n_slot - 1))
        if (c->slot[i].hash == (uint32_t)(h >> 32) && same_text(c->text[c->slot[i].code - 1], s))
            return c->slot[i].code;
    GROW(c->text, c->cap_text, c->n_text + 1);
    GROW(c->hash, c->cap_hash, c->n_text + 1);
    c->text[c->n_text] = arena_keep(&b->texts, s);
    c->hash[c->n_text] = h;
    c->slot[i] = (struct local_slot){(uint32_t)(h >> 32), ++c->n_text};
    return c->n_text;
}

/* First value of this column in this segment: everything before was missing. */
static void col_begin(struct build_col *c, uint32_t n)
{
    c->used = true;
    if (c->kind == COL_NUM) {
        if (!c->num)
            c->num = xmalloc(SEGMENT_ROWS * sizeof(*c->num));
        for (uint32_t i = 0; i < n; i++)
            c->num[i] = NUM_MISSING;
    } else {
        if (!c->code)
            c->code = xmalloc(SEGMENT_ROWS * sizeof(*c->code));
        memset(c->code, 0, n * sizeof(*c->code));
    }
}

/* A text that is not that of the row before, waiting for its code. */
struct lookup {
    struct build_col *col;
    struct slice text;
    uint64_t hash;
    uint32_t guess; /* the code in the first slot, 0 if none */
};

static void add_text(struct builder *b, struct build_col *c, struct slice s, struct lookup *todo,
                     unsigned *n)
{
    struct lookup *l = &todo[*n];

    if (c->last_code && same_text(c->last, s)) {
        c->code[b->n] = c->last_code;
        return;
    }
    *l = (struct lookup){.col = c, .text = s, .hash = dict_hash(s)};
    if (c->n_slot)
        __builtin_prefetch(&c->slot[(uint32_t)l->hash & (c->n_slot - 1)]);
    ++*n;
}

/* The tables are larger than the inner caches and every look-up misses three times (slot, text,
 * bytes), so all columns of a row go step by step: the misses overlap. */
static void look_up(struct builder *b, struct lookup *todo, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct build_col *c = todo[i].col;

        if (!c->n_slot)
            continue;
        todo[i].guess = c->slot[(uint32_t)todo[i].hash & (c->n_slot - 1)].code;
        if (todo[i].guess)
            __builtin_prefetch(&c->text[todo[i].guess - 1]);
    }
    for (unsigned i = 0; i < n; i++)
        if (todo[i].guess)
            __builtin_prefetch(todo[i].col->text[todo[i].guess - 1].ptr);
    for (unsigned i = 0; i < n; i++) {
        struct build_col *c = todo[i].col;

        c->last_code = c->code[b->n] = local_code(b, c, todo[i].text, todo[i].hash);
        c->last = c->text[c->last_code - 1];
        if (unlikely(b->n > GIVE_UP_AFTER && c->n_text > b->n - b->n / 16))
            c->gave_up = true;
    }
}

static void add_number(struct builder *b, const struct field_def *f, struct build_col *c,
                       struct slice s)
{
    int64_t v; /* not the array's place: reading it again would wait for the cache line */

    if (field_number(f, s, &v) && v != NUM_MISSING) {
        c->num[b->n] = v;
        return;
    }
    c->num[b->n] = NUM_MISSING;
    if (!c->odd)
        c->odd = xcalloc(BITS_WORDS(SEGMENT_ROWS), sizeof(*c->odd));
    bit_set(c->odd, b->n);
}

static void add_missing(struct builder *b, struct build_col *c)
{
    if (!c->used)
        return;
    if (c->kind == COL_NUM)
        c->num[b->n] = NUM_MISSING;
    else
        c->code[b->n] = 0;
}

bool builder_add(struct builder *b, const struct record *rec, uint64_t off, uint32_t len,
                 uint32_t line)
{
    uint64_t rel = off - b->run[b->n_run - 1].off;
    struct lookup todo[MAX_FIELDS];
    unsigned n_todo = 0;
    uint32_t n = b->n;

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
    for (unsigned i = 0; i < b->n_active; i++) {
        unsigned f = b->active[i];
        struct build_col *c = &b->col[f];
        struct slice s;

        if (c->gave_up)
            continue;
        s = rec->reason ? (struct slice){NULL, 0} : record_get(rec, f);
        if (value_missing(s)) {
            add_missing(b, c);
            continue;
        }
        if (unlikely(!c->used))
            col_begin(c, n);
        if (c->kind == COL_NUM)
            add_number(b, b->lt->field[f], c, s);
        else
            add_text(b, c, s, todo, &n_todo);
    }
    look_up(b, todo, n_todo);
    b->n++;
    return true;
}

void builder_timeless(struct builder *b, uint32_t row, int64_t ts)
{
    b->ts[row] = ts;
    bit_set(b->timeless, row);
    b->n_timeless++;
}

/* --- sealing --- */

/* perm[i] = collected row that stands at place i. */
static uint32_t *time_order(struct builder *b)
{
    uint32_t n = b->n;
    int64_t lo = b->ts[0], hi = b->ts[0];
    bool sorted = true;

    if (!b->perm) {
        b->perm = xmalloc(SEGMENT_ROWS * sizeof(*b->perm));
        b->perm_tmp = xmalloc(SEGMENT_ROWS * sizeof(*b->perm_tmp));
        b->count = xmalloc(65537 * sizeof(*b->count));
    }
    for (uint32_t i = 1; i < n; i++) {
        sorted &= b->ts[i] >= b->ts[i - 1];
        lo = MIN(lo, b->ts[i]);
        hi = MAX(hi, b->ts[i]);
    }
    for (uint32_t i = 0; i < n; i++)
        b->perm[i] = i;
    for (unsigned shift = 0; !sorted && shift < 64 && ((uint64_t)hi - (uint64_t)lo) >> shift;
         shift += 16) {
        uint32_t *swap = b->perm;

        memset(b->count, 0, 65537 * sizeof(*b->count));
        for (uint32_t i = 0; i < n; i++)
            b->count[(((uint64_t)b->ts[i] - (uint64_t)lo) >> shift & 0xffff) + 1]++;
        for (uint32_t i = 0; i < 65536; i++)
            b->count[i + 1] += b->count[i];
        for (uint32_t i = 0; i < n; i++) {
            uint64_t key = (uint64_t)b->ts[b->perm[i]] - (uint64_t)lo;
            b->perm_tmp[b->count[key >> shift & 0xffff]++] = b->perm[i];
        }
        b->perm = b->perm_tmp;
        b->perm_tmp = swap;
    }
    return b->perm;
}

static void seal_text(const struct builder *b, unsigned field, const struct build_col *from,
                      struct column *c, const uint32_t *perm)
{
    uint32_t *gid = xmalloc(from->n_text * sizeof(*gid));
    uint64_t *code;

    dict_intern(field_dict(b->lt, field), from->text, from->hash, gid, from->n_text);
    c->gid = gid;
    c->n_local = from->n_text;
    for (uint32_t i = 0; i < b->n; i++)
        c->n_missing += from->code[i] == 0;
    if (from->n_text == 1 && c->n_missing == 0) {
        c->constant = 1;
        return;
    }
    code = xmalloc(b->n * sizeof(*code));
    for (uint32_t i = 0; i < b->n; i++)
        code[i] = from->code[perm[i]];
    column_pack(c, code, b->n, from->n_text);
    free(code);
}

static void seal_number(const struct builder *b, const struct field_def *f,
                        const struct build_col *from, struct column *c, const uint32_t *perm)
{
    int64_t *v = xmalloc(b->n * sizeof(*v));

    for (uint32_t i = 0; i < b->n; i++)
        v[i] = from->num[perm[i]];
    column_pack_numbers(c, v, b->n, f->kind == FK_TIME);
    free(v);
}

static void seal_odd(const struct builder *b, const uint64_t *from, struct column *c,
                     const uint32_t *perm)
{
    uint64_t *odd = xcalloc(BITS_WORDS(b->n), sizeof(*odd));

    for (uint32_t i = 0; i < b->n; i++)
        if (bit_get(from, perm[i]))
            bit_set(odd, i);
    c->odd = odd;
}

/* While memory is short, texts that are many are better read from their lines again. */
static bool costs_too_much(const struct build_col *c)
{
    return c->kind == COL_DICT && c->n_text > FEW_TEXTS && membudget_tight(MEMORY_TEXTS);
}

static void seal_columns(const struct builder *b, struct segment *s, const uint32_t *perm)
{
    s->col = xcalloc(b->lt->n_static, sizeof(*s->col));
    for (unsigned f = 0; f < b->lt->n_static; f++) {
        const struct build_col *from = &b->col[f];
        struct column *c = &s->col[f];

        c->min = INT64_MAX;
        c->max = INT64_MIN;
        c->unit = 1;
        if (from->kind == COL_NONE || from->gave_up || costs_too_much(from))
            continue;
        c->kind = from->kind;
        if (!from->used) {
            c->n_missing = b->n;
            continue;
        }
        if (from->kind == COL_NUM)
            seal_number(b, b->lt->field[f], from, c, perm);
        else
            seal_text(b, f, from, c, perm);
        if (from->odd)
            seal_odd(b, from->odd, c, perm);
        s->bytes += column_bytes_held(c, b->n);
    }
}

struct segment *builder_seal(struct builder *b)
{
    uint32_t *perm = time_order(b);
    struct arrival a = {.n = b->n,
                        .perm = perm,
                        .ts = b->ts,
                        .off = b->off,
                        .len = b->len,
                        .line = b->line,
                        .run_of = b->run_of,
                        .run = b->run,
                        .n_run = (uint32_t)b->n_run,
                        .reason = b->n_bad ? b->reason : NULL,
                        .timeless = b->n_timeless ? b->timeless : NULL};
    struct segment *s;

    arrival_order_ties(&a);
    s = segment_pack(b->lt, &a);
    seal_columns(b, s, perm);
    return s;
}
