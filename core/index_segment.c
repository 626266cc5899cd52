/* index_segment.c - writing and mapping blocks of rows. */
#include "index_segment.h"

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
};

struct disk_run {
    uint32_t source, layout, frame, chunk, first, unused;
    uint64_t off, document, place;
};

struct disk_segment {
    uint32_t n, n_run, n_col, unused;
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

    for (unsigned f = 0; f < s->lt->n_static; f++) {
        const struct column *c = segment_column(s, f);
        const uint32_t *ids = c->gid;

        if (ids && !to->same_texts) {
            GROW(gid, cap, c->n_local);
            for (uint32_t i = 0; i < c->n_local; i++)
                gid[i] = to->text(to->ctx, s->lt, f, c->gid[i]);
            ids = gid;
        }
        col[f] = put_column(out, c, s->n, ids);
    }
    d->col = put(out, col, s->lt->n_static * sizeof(*col));
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

/* --- mapping --- */

struct view {
    struct slice bytes;
    bool bad;
};

static const void *get(struct view *v, uint64_t at, uint64_t n)
{
    if (at % 8 || at > v->bytes.len || n > v->bytes.len - at) {
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

static void get_columns(struct view *v, const struct disk_segment *d, struct segment *s)
{
    const struct disk_column *col = get(v, d->col, (uint64_t)d->n_col * sizeof(*col));

    s->col = xcalloc(MAX(s->lt->n_static, 1u), sizeof(*s->col));
    for (unsigned f = 0; col && f < s->lt->n_static; f++)
        get_column(v, &col[f], s->n, &s->col[f]);
}

struct segment *index_segment_map(struct slice bytes, struct logtype *lt)
{
    struct view v = {bytes, false};
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
    get_columns(&v, d, s);
    s->bytes = sizeof(*s) + s->n_run * sizeof(*s->run) + lt->n_static * sizeof(*s->col);
    if (v.bad) {
        segment_unref(s);
        return NULL;
    }
    return s;
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

/* Ids are looked up in arrays: none may lie behind their end. */
static bool texts_known(const struct segment *s)
{
    for (unsigned f = 0; f < s->lt->n_static; f++) {
        const struct column *c = &s->col[f];
        uint32_t n = c->gid ? dict_count(field_dict(s->lt, f)) : 0;

        for (uint32_t i = 0; c->gid && i < c->n_local; i++)
            if (c->gid[i] >= n)
                return false;
    }
    return true;
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
    return from->same_texts ? texts_known(s) : rename_texts(s, from);
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
