/* filter.c - an expression over one segment, as bitmaps.
 *
 * and/or/not combine bitmaps; `and` evaluates its cheap arguments first and the costly ones only
 * on the rows still in. A leaf is one of
 *   a range of codes of a COL_NUM column (a comparison, a range, a list of numbers);
 *   a set of codes of a COL_DICT column, found by asking the naive evaluator once a distinct text;
 *   a search of raw lines;
 *   anything else: the naive evaluator, row by row.
 * Only the naive evaluator knows what a test means; the fast paths decide nothing that it would
 * decide otherwise. Rows whose text does not fit its column (`odd`) go through it, too. */
#include "filter.h"

#include <math.h>
#include <pthread.h>

#include "regex.h"
#include "xalloc.h"

#define CHECK_EVERY 1024 /* rows between looks at the cancel flag on slow paths */

/* Answers of one leaf by dictionary id, shared by all segments and threads. */
enum { MEMO_UNKNOWN, MEMO_NO, MEMO_YES };
struct memo {
    struct memo *next;
    const struct expr *leaf;
    unsigned lt;
    size_t n;
    _Atomic uint8_t answer[];
};

struct filter {
    const struct expr *expr;
    pthread_mutex_t lock;
    struct memo *memo; /* newest first; only ever added to */
};

struct scan {
    struct filter *filter;
    struct segment *seg;
    struct rowview *view;
    const atomic_bool *cancel;
    bool cancelled;
};

struct filter *filter_new(const struct expr *e)
{
    struct filter *f = xcalloc(1, sizeof(*f));

    f->expr = e;
    pthread_mutex_init(&f->lock, NULL);
    return f;
}

void filter_free(struct filter *f)
{
    if (!f)
        return;
    while (f->memo) {
        struct memo *m = f->memo;
        f->memo = m->next;
        free(m);
    }
    pthread_mutex_destroy(&f->lock);
    free(f);
}

/* The memo of a leaf for a log type with room for `n` ids. */
static struct memo *memo_of(struct filter *f, const struct expr *leaf, unsigned lt, size_t n)
{
    struct memo *m;

    pthread_mutex_lock(&f->lock);
    for (m = f->memo; m && (m->leaf != leaf || m->lt != lt || m->n < n);)
        m = m->next;
    if (!m) {
        n += n / 2;
        m = xcalloc(1, sizeof(*m) + n);
        m->leaf = leaf;
        m->lt = lt;
        m->n = n;
        m->next = f->memo;
        f->memo = m;
    }
    pthread_mutex_unlock(&f->lock);
    return m;
}

static void fill(uint64_t *bits, uint32_t n, bool on)
{
    memset(bits, on ? 0xff : 0, BITS_WORDS(n) * sizeof(*bits));
    if (on && n % 64)
        bits[n / 64] &= (UINT64_C(1) << n % 64) - 1;
}

/* The rows of `in` for which the naive evaluator says yes. */
static void eval_rows(struct scan *sc, const struct expr *e, const uint64_t *in, uint64_t *out)
{
    struct row_access access = rowview_access(sc->view);
    uint32_t words = BITS_WORDS(sc->seg->n);

    for (uint32_t w = 0; w < words; w++) {
        uint64_t left = in[w], keep = 0;

        if (left && w % (CHECK_EVERY / 64) == 0 && sc->cancel && *sc->cancel) {
            sc->cancelled = true;
            return;
        }
        for (; left; left &= left - 1) {
            uint32_t bit = (uint32_t)__builtin_ctzll(left);

            rowview_at(sc->view, sc->seg, w * 64 + bit);
            strbuf_reset(&sc->view->scratch);
            if (val_truth(expr_eval(e, &access)))
                keep |= UINT64_C(1) << bit;
        }
        out[w] = keep;
    }
}

/* --- numbers: a closed range of codes --- */

/* Column values in [lo, hi] into out. */
static void values_between(const struct column *c, uint32_t n, int64_t lo, int64_t hi,
                           uint64_t *out)
{
    uint64_t from, to;

    if (!column_code_range(c, lo, hi, &from, &to))
        fill(out, n, false);
    else if (c->n_missing == 0 && lo <= c->min && hi >= c->max)
        fill(out, n, true);
    else
        column_between(c, n, from, to, out);
}

struct bounds {
    int64_t lo, hi;
    bool invert; /* != */
};

/* Scales a number to column units; false if it lies between two units or beyond them. */
static bool to_units(const struct field_def *f, double x, int64_t *below, int64_t *above)
{
    double u = x, r;

    for (unsigned i = 0; i < f->scale; i++)
        u *= 10;
    if (!(fabs(u) < 9e15))
        return false;
    r = nearbyint(u);
    if (fabs(u - r) <= fabs(u) * 4e-16) {
        *below = *above = (int64_t)r;
    } else {
        *below = (int64_t)floor(u);
        *above = (int64_t)ceil(u);
    }
    return true;
}

static bool cmp_bounds(enum expr_op op, int64_t below, int64_t above, struct bounds *b)
{
    *b = (struct bounds){INT64_MIN, INT64_MAX, op == OP_NE};
    switch (op) {
    case OP_EQ:
    case OP_NE:
        b->lo = above;
        b->hi = below; /* empty if the number lies between two units */
        return true;
    case OP_LT:
        b->hi = above - 1;
        return true;
    case OP_LE:
        b->hi = below;
        return true;
    case OP_GT:
        b->lo = below + 1;
        return true;
    case OP_GE:
        b->lo = above;
        return true;
    default:
        return false;
    }
}

/* The range of column values for which a test of one field, as it is, is true. */
static bool expr_bounds(const struct expr *e, const struct field_def *f, struct bounds *b)
{
    const struct expr *lit = e->kind == EX_CMP ? e->arg[1] : NULL;
    int64_t below, above, lo, hi, unused;

    if ((!lit && e->kind != EX_RANGE) || e->arg[0]->kind != EX_FIELD)
        return false; /* of what is made of it (bytes * 8 > 100) the column does not tell */
    if (lit && lit->kind == EX_NUM && f->kind == FK_NUM)
        return to_units(f, lit->num, &below, &above) && cmp_bounds(e->op, below, above, b);
    if (lit && lit->kind == EX_TIME && f->kind == FK_TIME)
        return cmp_bounds(e->op, lit->time_us, lit->time_us, b);
    if (e->kind == EX_RANGE && e->is_time && f->kind == FK_TIME) {
        *b = (struct bounds){e->lo_us, e->hi_us, false};
        return true;
    }
    if (e->kind == EX_RANGE && !e->is_time && f->kind == FK_NUM &&
        to_units(f, e->lo, &unused, &lo) && to_units(f, e->hi, &hi, &unused)) {
        *b = (struct bounds){lo, hi, false};
        return true;
    }
    return false;
}

static void invert(uint64_t *bits, uint32_t n)
{
    for (uint32_t w = 0; w < BITS_WORDS(n); w++)
        bits[w] = ~bits[w];
    if (n % 64)
        bits[n / 64] &= (UINT64_C(1) << n % 64) - 1;
}

/* Rows of `odd` are asked one by one. */
static void mend_odd(struct scan *sc, const struct expr *e, const struct column *c, uint64_t *out)
{
    uint32_t words = BITS_WORDS(sc->seg->n);
    uint64_t *yes;

    if (!c->odd)
        return;
    yes = xcalloc(words, sizeof(*yes));
    eval_rows(sc, e, c->odd, yes);
    for (uint32_t w = 0; w < words; w++)
        out[w] = (out[w] & ~c->odd[w]) | yes[w];
    free(yes);
}

static bool eval_number(struct scan *sc, const struct expr *e, const struct field_def *f,
                        const struct column *c, uint64_t *out)
{
    struct bounds b;

    if ((f->flags & FF_ID) || !expr_bounds(e, f, &b))
        return false;
    values_between(c, sc->seg->n, b.lo, b.hi, out);
    if (b.invert)
        invert(out, sc->seg->n);
    mend_odd(sc, e, c, out);
    return true;
}

static bool eval_timestamp(struct scan *sc, const struct expr *e, uint64_t *out)
{
    static const struct field_def time_field = {.kind = FK_TIME};
    struct segment *s = sc->seg;
    struct rowkey k = {0, 0, 0};
    struct bounds b;
    uint32_t from, to;

    if (s->timeless || !expr_bounds(e, &time_field, &b))
        return false;
    k.ts = b.lo;
    from = segment_lower_bound(s, &k);
    k.ts = b.hi;
    k.source = UINT32_MAX;
    k.off = UINT64_MAX;
    to = b.lo > b.hi ? from : segment_lower_bound(s, &k);
    for (uint32_t w = 0; w < BITS_WORDS(s->n); w++) {
        uint32_t first = w * 64;
        uint64_t lo = from <= first        ? ~UINT64_C(0)
                      : from >= first + 64 ? 0
                                           : ~UINT64_C(0) << (from - first);
        uint64_t hi = to <= first        ? 0
                      : to >= first + 64 ? ~UINT64_C(0)
                                         : (UINT64_C(1) << (to - first)) - 1;
        out[w] = lo & hi;
    }
    if (b.invert)
        invert(out, s->n);
    return true;
}

/* --- dictionaries: ask once a distinct text --- */

struct text_row {
    const struct field_def *def;
    struct slice text;
};

static struct val text_row_field(void *row, const struct field_ref *f)
{
    struct text_row *t = row;

    (void)f;
    return text_val(t->def, t->text);
}

static bool text_row_ip(void *row, unsigned i, struct slice *out)
{
    (void)row;
    (void)i;
    (void)out;
    return false;
}

static bool eval_dictionary(struct scan *sc, const struct expr *e, unsigned field,
                            const struct column *c, uint64_t *out)
{
    struct strbuf scratch = STRBUF_INIT;
    struct text_row row = {sc->seg->lt->field[field], {NULL, 0}};
    struct row_access access = {text_row_field, text_row_ip, &row, &scratch};
    struct dict *d = field_dict(sc->seg->lt, field);
    struct memo *memo = memo_of(sc->filter, e, sc->seg->lt->id, dict_count(d));
    uint8_t *yes = xmalloc(c->n_local + 1);

    yes[0] = val_truth(expr_eval(e, &access));
    for (uint32_t i = 0; i < c->n_local; i++) {
        _Atomic uint8_t *known = &memo->answer[column_gid(c, i + 1)];
        uint8_t answer = atomic_load_explicit(known, memory_order_relaxed);

        if (answer == MEMO_UNKNOWN) {
            row.text = dict_text(d, column_gid(c, i + 1));
            strbuf_reset(&scratch);
            answer = val_truth(expr_eval(e, &access)) ? MEMO_YES : MEMO_NO;
            atomic_store_explicit(known, answer, memory_order_relaxed);
        }
        yes[i + 1] = answer == MEMO_YES;
    }
    column_choose(c, sc->seg->n, yes, out);
    free(yes);
    strbuf_release(&scratch);
    return true;
}

/* --- leaves --- */

/* The only field that an expression reads; NULL if none, more than one, or a pseudo field of the
 * row that a text cannot stand for. */
static const struct field_ref *only_field(const struct expr *e, const struct field_ref *seen,
                                          bool *ok)
{
    if (e->kind == EX_FIELD) {
        if (seen && memcmp(seen, e->field, sizeof(*seen)) != 0)
            *ok = false;
        return e->field;
    }
    for (unsigned i = 0; i < e->n && *ok; i++)
        seen = only_field(e->arg[i], seen, ok);
    return seen;
}

static bool search_text(const struct expr *e)
{
    return (e->kind == EX_LIKE || e->kind == EX_MATCH) && e->arg[0]->kind == EX_FIELD &&
           e->arg[0]->field->pseudo == PF_MESSAGE;
}

static void eval_search(struct scan *sc, const struct expr *e, const uint64_t *in, uint64_t *out)
{
    struct slice lit = e->kind == EX_LIKE ? e->arg[1]->text : regex_literal(e->re);
    uint32_t words = BITS_WORDS(sc->seg->n);

    for (uint32_t w = 0; w < words; w++) {
        uint64_t left = in[w], keep = 0;

        if (left && w % (CHECK_EVERY / 64) == 0 && sc->cancel && *sc->cancel) {
            sc->cancelled = true;
            return;
        }
        for (; left; left &= left - 1) {
            uint32_t bit = (uint32_t)__builtin_ctzll(left);
            struct slice line;

            rowview_at(sc->view, sc->seg, w * 64 + bit);
            line = rowview_raw(sc->view);
            if (lit.len && !memmem(line.ptr, line.len, lit.ptr, lit.len))
                continue;
            if (e->kind == EX_LIKE || regex_match(e->re, line, NULL, NULL))
                keep |= UINT64_C(1) << bit;
        }
        out[w] = keep;
    }
}

static void eval_leaf(struct scan *sc, const struct expr *e, const uint64_t *in, uint64_t *out)
{
    bool one = true;
    const struct field_ref *f = only_field(e, NULL, &one);
    const struct column *c;
    int field;

    if (search_text(e)) {
        eval_search(sc, e, in, out);
        return;
    }
    if (f && one && f->pseudo == PF_TIMESTAMP && eval_timestamp(sc, e, out))
        return;
    if (f && one && f->pseudo == PF_LOGTYPE) {
        struct rowview *v = sc->view;
        struct row_access access = rowview_access(v);

        rowview_at(v, sc->seg, 0);
        fill(out, sc->seg->n, val_truth(expr_eval(e, &access)));
        return;
    }
    field = f && one && f->pseudo == PF_NONE ? f->per_type[sc->seg->lt->id] : -1;
    if (f && one && f->pseudo == PF_NONE && field < 0) {
        struct text_row row = {sc->seg->lt->field[0], {NULL, 0}};
        struct row_access access = {text_row_field, text_row_ip, &row, &sc->view->scratch};

        fill(out, sc->seg->n, val_truth(expr_eval(e, &access)));
        return;
    }
    c = field >= 0 && (unsigned)field < sc->seg->lt->n_static
            ? segment_column(sc->seg, (unsigned)field)
            : NULL;
    if (c && c->kind == COL_NUM && eval_number(sc, e, sc->seg->lt->field[field], c, out))
        return;
    if (c && c->kind == COL_DICT && eval_dictionary(sc, e, (unsigned)field, c, out))
        return;
    eval_rows(sc, e, in, out);
}

/* --- the tree --- */

/* 0: columns; 1: raw lines. */
static int cost(const struct expr *e)
{
    int c = 0;

    if (e->kind == EX_FIELD && e->field->pseudo != PF_NONE && e->field->pseudo != PF_TIMESTAMP &&
        e->field->pseudo != PF_LOGTYPE)
        return 1;
    for (unsigned i = 0; i < e->n; i++)
        c = MAX(c, cost(e->arg[i]));
    return c;
}

static void eval_node(struct scan *sc, const struct expr *e, const uint64_t *in, uint64_t *out);

static void eval_and(struct scan *sc, const struct expr *e, const uint64_t *in, uint64_t *out)
{
    uint32_t words = BITS_WORDS(sc->seg->n);
    uint64_t *part = xmalloc(words * sizeof(*part));

    memcpy(out, in, words * sizeof(*out));
    for (int level = 0; level < 2; level++) {
        for (unsigned i = 0; i < e->n && !sc->cancelled; i++) {
            if (cost(e->arg[i]) != level)
                continue;
            eval_node(sc, e->arg[i], out, part);
            for (uint32_t w = 0; w < words; w++)
                out[w] &= part[w];
        }
    }
    free(part);
}

static void eval_or(struct scan *sc, const struct expr *e, const uint64_t *in, uint64_t *out)
{
    uint32_t words = BITS_WORDS(sc->seg->n);
    uint64_t *part = xmalloc(words * sizeof(*part)), *rest = xmalloc(words * sizeof(*rest));

    memset(out, 0, words * sizeof(*out));
    memcpy(rest, in, words * sizeof(*rest));
    for (unsigned i = 0; i < e->n && !sc->cancelled; i++) {
        eval_node(sc, e->arg[i], rest, part);
        for (uint32_t w = 0; w < words; w++) {
            out[w] |= part[w] & in[w];
            rest[w] &= ~part[w];
        }
    }
    free(part);
    free(rest);
}

/* Result is right for the rows of `in`; others may hold anything. */
static void eval_node(struct scan *sc, const struct expr *e, const uint64_t *in, uint64_t *out)
{
    switch (e->kind) {
    case EX_AND:
        eval_and(sc, e, in, out);
        break;
    case EX_OR:
        eval_or(sc, e, in, out);
        break;
    case EX_NOT:
        eval_node(sc, e->arg[0], in, out);
        invert(out, sc->seg->n);
        break;
    default:
        eval_leaf(sc, e, in, out);
    }
}

int64_t filter_eval(struct filter *f, struct segment *seg, struct rowview *view, uint64_t *bits,
                    const atomic_bool *cancel)
{
    struct scan sc = {f, seg, view, cancel, false};
    uint32_t words = BITS_WORDS(seg->n);
    uint64_t *all;
    int64_t n = 0;

    fill(bits, seg->n, true);
    if (!f->expr)
        return seg->n;
    all = xmemdup(bits, words * sizeof(*all));
    eval_node(&sc, f->expr, all, bits);
    for (uint32_t w = 0; w < words; w++) {
        bits[w] &= all[w];
        n += __builtin_popcountll(bits[w]);
    }
    free(all);
    return sc.cancelled ? -1 : n;
}
