/* index_segment.c - writing and mapping blocks of rows.
 *
 * A block is a head - all that says where rows stand and when they were - and then the columns,
 * each with a checksum of its own: an opening reads the heads, and what nobody asks for is checked
 * behind the screen. */
#define XXH_INLINE_ALL
#include "index_segment.h"

#include <pthread.h>
#include <xxhash.h>

#include "xalloc.h"

struct disk_packed {
    uint32_t n, n_word, unit, shift;
    uint64_t block, word; /* places in the block */
};

struct disk_column {
    uint8_t kind, bits;
    uint16_t unused;
    uint32_t n_missing;
    uint32_t n_local, unused2;
    uint64_t constant;
    int64_t base, unit, min, max;
    uint64_t data, value, gid, odd; /* places; 0: there is none */
    uint64_t at, len, hash;         /* the bytes that these lie in; of the column in the head 0 */
};

struct disk_run {
    uint32_t source, layout, frame, chunk, first, unused;
    uint64_t off, document, place;
};

struct disk_segment {
    uint32_t n, n_run, n_col, head; /* bytes of the head */
    int64_t ts_min, ts_max;
    struct disk_packed ts, order, place, gap, extra;
    struct disk_column reason;
    uint64_t timeless, run, col; /* places */
};

/* --- writing --- */

/* Puts bytes at the next multiple of 8 and says where; 0 if there are none. */
static uint64_t put(struct strbuf *out, const void *p, size_t n)
{
    static const char zeros[8];
    uint64_t at;

    if (!p || n == 0)
        return 0;
    strbuf_add(out, zeros, (8 - out->len % 8) % 8);
    at = out->len;
    strbuf_add(out, p, n);
    return at;
}

static struct disk_packed put_packed(struct strbuf *out, const struct packed *p)
{
    return (struct disk_packed){
        .n = p->n,
        .n_word = p->n_word,
        .unit = p->unit,
        .shift = p->shift,
        .block = put(out, p->block, packed_blocks(p) * sizeof(*p->block)),
        .word = put(out, p->word, p->n_word * sizeof(*p->word)),
    };
}

static struct disk_column put_column(struct strbuf *out, const struct column *c, uint32_t n,
                                     const uint32_t *gid)
{
    return (struct disk_column){
        .kind = c->kind,
        .bits = c->bits,
        .n_missing = c->n_missing,
        .n_local = c->n_local,
        .constant = c->constant,
        .base = c->base,
        .unit = c->unit,
        .min = c->min,
        .max = c->max,
        .data = put(out, c->data, column_data_bytes(c->bits, n)),
        .value = put(out, c->value, c->n_local * sizeof(*c->value)),
        .gid = put(out, gid, c->n_local * sizeof(*gid)),
        .odd = put(out, c->odd, BITS_WORDS(n) * sizeof(*c->odd)),
    };
}

static void put_runs(const struct segment *s, const struct index_names *to, struct strbuf *out,
                     struct disk_segment *d)
{
    struct disk_run *run = xcalloc(s->n_run, sizeof(*run));

    for (uint32_t i = 0; i < s->n_run; i++) {
        const struct run *r = &s->run[i];

        run[i] = (struct disk_run){
            .source = to->source(to->ctx, r->source),
            .layout = to->layout(to->ctx, s->lt, r->layout),
            .frame = to->frame(to->ctx, r->frame),
            .chunk = r->chunk,
            .first = r->first,
            .off = r->off,
            .document = r->document,
            .place = r->place,
        };
    }
    d->run = put(out, run, s->n_run * sizeof(*run));
    free(run);
}

static void put_columns(const struct segment *s, const struct index_names *to, struct strbuf *out,
                        struct disk_segment *d)
{
    struct disk_column *col = xcalloc(s->lt->n_static, sizeof(*col));
    uint32_t *gid = NULL;
    size_t cap = 0;

    d->col = put(out, col, s->lt->n_static * sizeof(*col));
    d->head = (uint32_t)out->len;
    for (unsigned f = 0; f < s->lt->n_static; f++) {
        const struct column *c = segment_column(s, f);
        const uint32_t *ids = c->gid;
        uint64_t at = (out->len + 7) / 8 * 8;

        if (ids && !to->same_texts) {
            GROW(gid, cap, c->n_local);
            for (uint32_t i = 0; i < c->n_local; i++)
                gid[i] = to->text(to->ctx, s->lt, f, c->gid[i]);
            ids = gid;
        }
        col[f] = put_column(out, c, s->n, ids);
        if (out->len > at) {
            col[f].at = at;
            col[f].len = out->len - at;
            col[f].hash = XXH3_64bits(out->buf + at, col[f].len);
        }
    }
    if (d->col)
        memcpy(out->buf + d->col, col, s->lt->n_static * sizeof(*col));
    free(col);
    free(gid);
}

void index_segment_write(const struct segment *s, const struct index_names *to, struct strbuf *out)
{
    struct disk_segment d = {.n = s->n,
                             .n_run = s->n_run,
                             .n_col = s->lt->n_static,
                             .ts_min = s->ts_min,
                             .ts_max = s->ts_max};

    strbuf_add(out, &d, sizeof(d)); /* its place; the content is known at the end */
    d.ts = put_packed(out, &s->ts);
    d.order = put_packed(out, &s->order);
    d.place = put_packed(out, &s->place);
    d.gap = put_packed(out, &s->gap);
    d.extra = put_packed(out, &s->extra);
    d.reason = put_column(out, &s->reason, s->n, NULL);
    d.timeless = put(out, s->timeless, BITS_WORDS(s->n) * sizeof(*s->timeless));
    put_runs(s, to, out, &d);
    put_columns(s, to, out, &d);
    memcpy(out->buf, &d, sizeof(d));
}

size_t index_segment_head(struct slice bytes)
{
    struct disk_segment d;

    if (bytes.len < sizeof(d))
        return 0;
    memcpy(&d, bytes.ptr, sizeof(d));
    return d.head >= sizeof(d) && d.head <= bytes.len ? d.head : 0;
}

/* --- mapping --- */

struct view {
    struct slice bytes;
    uint64_t from; /* no place is before this */
    bool bad;
};

static const void *get(struct view *v, uint64_t at, uint64_t n)
{
    if (at % 8 || at < v->from || at > v->bytes.len || n > v->bytes.len - at) {
        v->bad = true;
        return NULL;
    }
    return v->bytes.ptr + at;
}

static void get_packed(struct view *v, const struct disk_packed *d, uint32_t n, struct packed *p)
{
    *p = (struct packed){.n = d->n, .n_word = d->n_word, .unit = d->unit, .shift = d->shift};
    if (d->n != n || d->shift > PACKED_SHIFT_MAX) {
        v->bad = true;
        return;
    }
    p->block = get(v, d->block, packed_blocks(p) * sizeof(*p->block));
    p->word = get(v, d->word, (uint64_t)d->n_word * sizeof(*p->word));
    v->bad = v->bad || !packed_check(p);
}

static bool known_bits(unsigned bits)
{
    return bits <= 64 && (bits % 8 == 0 || bits == 1 || bits == 2 || bits == 4) && bits != 56;
}

static void get_column(struct view *v, const struct disk_column *d, uint32_t n, struct column *c)
{
    *c = (struct column){
        .kind = d->kind,
        .bits = d->bits,
        .n_missing = d->n_missing,
        .n_local = d->n_local,
        .constant = d->constant,
        .base = d->base,
        .unit = d->unit,
        .min = d->min,
        .max = d->max,
    };
    if (d->kind > COL_DICT || !known_bits(d->bits) || d->unit < 0 ||
        (d->kind == COL_NUM && d->unit == 0) || (d->kind == COL_DICT && d->n_local && !d->gid) ||
        (d->bits == 0 && d->constant > 1 && d->kind != COL_NONE)) {
        v->bad = true;
        return;
    }
    if (d->bits)
        c->data = get(v, d->data, column_data_bytes(d->bits, n));
    if (d->value)
        c->value = get(v, d->value, d->n_local * sizeof(*c->value));
    if (d->gid)
        c->gid = get(v, d->gid, d->n_local * sizeof(*c->gid));
    if (d->odd)
        c->odd = get(v, d->odd, BITS_WORDS(n) * sizeof(*c->odd));
}

static void get_runs(struct view *v, const struct disk_segment *d, struct segment *s)
{
    const struct disk_run *run = get(v, d->run, (uint64_t)d->n_run * sizeof(*run));

    if (!run || d->n_run == 0 || run[0].first != 0) {
        v->bad = true;
        return;
    }
    s->n_run = d->n_run;
    s->run = xcalloc(d->n_run, sizeof(*s->run));
    for (uint32_t i = 0; i < d->n_run; i++) {
        s->run[i] = (struct run){
            .source = run[i].source,
            .layout = run[i].layout,
            .frame = run[i].frame,
            .chunk = run[i].chunk,
            .off = run[i].off,
            .document = run[i].document,
            .first = run[i].first,
            .place = run[i].place,
        };
        if (i && run[i].first < run[i - 1].first)
            v->bad = true;
    }
}

static void get_columns(struct view *head, struct slice bytes, const struct disk_segment *d,
                        struct segment *s)
{
    const struct disk_column *col = get(head, d->col, (uint64_t)d->n_col * sizeof(*col));

    s->col = xcalloc(MAX(s->lt->n_static, 1u), sizeof(*s->col));
    for (unsigned f = 0; col && f < s->lt->n_static; f++) {
        struct view v = {.from = col[f].at};

        if (col[f].at > bytes.len || col[f].len > bytes.len - col[f].at) {
            head->bad = true;
            return;
        }
        v.bytes = slice_of(bytes.ptr, col[f].at + col[f].len);
        get_column(&v, &col[f], s->n, &s->col[f]);
        head->bad = head->bad || v.bad;
    }
}

/* --- checking --- */

/* Ids are looked up in arrays: none may lie behind their end. */
static bool texts_known(const struct segment *s, unsigned field)
{
    const struct column *c = &s->col[field];
    uint32_t n = c->gid ? dict_count(field_dict(s->lt, field)) : 0;

    for (uint32_t i = 0; c->gid && i < c->n_local; i++)
        if (c->gid[i] >= n)
            return false;
    return true;
}

static void check_column(const struct segment *s, unsigned field)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards columns that get emptied */
    struct column_checks *k = s->checks;
    const struct disk_column *d = (const struct disk_column *)k->table + field;
    bool sound = XXH3_64bits(k->bytes.ptr + d->at, d->len) == d->hash || d->len == 0;

    if (sound && texts_known(s, field)) {
        atomic_store_explicit(&k->done[field], true, memory_order_release);
        return;
    }
    pthread_mutex_lock(&lock);
    if (!k->done[field])
        s->col[field] = (struct column){.kind = s->col[field].kind,
                                        .n_missing = s->n,
                                        .unit = 1,
                                        .min = INT64_MAX,
                                        .max = INT64_MIN};
    atomic_store(k->damaged, true);
    atomic_store_explicit(&k->done[field], true, memory_order_release);
    pthread_mutex_unlock(&lock);
}

static struct column_checks *new_checks(const struct segment *s, struct slice bytes,
                                        const struct disk_segment *d, atomic_bool *damaged)
{
    struct column_checks *k = xcalloc(1, sizeof(*k) + s->lt->n_static * sizeof(*k->done));

    k->check = check_column;
    k->damaged = damaged;
    k->table = bytes.ptr + d->col;
    k->bytes = bytes;
    return k;
}

struct segment *index_segment_map(struct slice bytes, struct logtype *lt, atomic_bool *damaged)
{
    struct view v = {.bytes = slice_of(bytes.ptr, index_segment_head(bytes))};
    const struct disk_segment *d = get(&v, 0, sizeof(*d));
    struct segment *s;

    if (!d || d->n == 0 || d->n > SEGMENT_ROWS || d->n_col != lt->n_static)
        return NULL;
    s = xcalloc(1, sizeof(*s));
    s->lt = lt;
    s->uid = segment_next_uid();
    s->n = d->n;
    s->ts_min = d->ts_min;
    s->ts_max = d->ts_max;
    s->mapped = true;
    atomic_init(&s->refs, 1);
    get_packed(&v, &d->ts, d->n, &s->ts);
    get_packed(&v, &d->order, d->n, &s->order);
    get_packed(&v, &d->place, d->n + 1, &s->place);
    get_packed(&v, &d->gap, d->n, &s->gap);
    get_packed(&v, &d->extra, d->n, &s->extra);
    get_column(&v, &d->reason, d->n, &s->reason);
    if (d->timeless)
        s->timeless = get(&v, d->timeless, BITS_WORDS(d->n) * sizeof(*s->timeless));
    get_runs(&v, d, s);
    get_columns(&v, bytes, d, s);
    s->bytes = sizeof(*s) + s->n_run * sizeof(*s->run) + lt->n_static * sizeof(*s->col);
    if (v.bad) {
        segment_unref(s);
        return NULL;
    }
    if (damaged)
        s->checks = new_checks(s, bytes, d, damaged);
    return s;
}

bool index_segment_check(const struct segment *s)
{
    for (unsigned f = 0; f < s->lt->n_static; f++)
        segment_column(s, f);
    return !s->checks || !*s->checks->damaged;
}

static bool rename_texts(struct segment *s, const struct index_names *from)
{
    size_t n = 0;
    uint32_t *next;
    bool ok = true;

    for (unsigned f = 0; f < s->lt->n_static; f++)
        n += s->col[f].gid ? s->col[f].n_local : 0;
    next = s->gids = xmalloc(MAX(n, (size_t)1) * sizeof(*next));
    s->bytes += n * sizeof(*next);
    for (unsigned f = 0; f < s->lt->n_static; f++) {
        struct column *c = &s->col[f];

        for (uint32_t i = 0; c->gid && i < c->n_local; i++) {
            next[i] = from->text(from->ctx, s->lt, f, c->gid[i]);
            ok = ok && next[i] != UINT32_MAX;
        }
        if (c->gid) {
            c->gid = next;
            next += c->n_local;
        }
    }
    return ok;
}

bool index_segment_rename(struct segment *s, const struct index_names *from)
{
    for (uint32_t i = 0; i < s->n_run; i++) {
        struct run *r = &s->run[i];

        r->source = from->source(from->ctx, r->source);
        r->layout = from->layout(from->ctx, s->lt, r->layout);
        r->frame = from->frame(from->ctx, r->frame);
        if (r->frame == UINT32_MAX)
            return false;
    }
    return from->same_texts || (index_segment_check(s) && rename_texts(s, from));
}

void index_segment_borrow(struct segment *mapped, const struct segment *s, bool same_texts)
{
    uint32_t *next;
    size_t n = 0;

    memcpy(mapped->run, s->run, s->n_run * sizeof(*s->run));
    for (unsigned f = 0; !same_texts && f < s->lt->n_static; f++)
        n += s->col[f].gid ? s->col[f].n_local : 0;
    if (n == 0)
        return;
    next = mapped->gids = xmalloc(n * sizeof(*next));
    mapped->bytes += n * sizeof(*next);
    for (unsigned f = 0; f < s->lt->n_static; f++) {
        const struct column *c = &s->col[f];

        if (!c->gid)
            continue;
        memcpy(next, c->gid, c->n_local * sizeof(*next));
        mapped->col[f].gid = next;
        next += c->n_local;
    }
}
