/* filter.c - an expression over one segment, as bitmaps.
 *
 * and/or/not combine bitmaps; `and` and `or` evaluate their cheap arguments first and the costly
 * ones only on the rows that are not decided yet, and end when there are none. A leaf is one of
 *   a range of codes of a COL_NUM column (a comparison, a range, a list of numbers);
 *   a set of codes of a COL_DICT column, found by asking the naive evaluator once a distinct text;
 *   a search of raw lines;
 *   anything else: the naive evaluator, row by row.
 * Only the naive evaluator knows what a test means; the fast paths decide nothing that it would
 * decide otherwise. Rows whose text does not fit its column (`odd`) go through it, too. */
#include "filter.h"

#include <pthread.h>
#include <time.h>

#include "filter_bounds.h"
#include "rawscan.h"
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

/* How the raw lines are searched for one leaf. */
struct text_leaf {
    struct text_leaf *next;
    const struct expr *leaf;
    struct textsearch *search;
};

struct filter {
    const struct expr *expr;
    pthread_mutex_t lock;
    struct memo *memo;          /* newest first; only ever added to */
    struct text_leaf *text;     /* the same */
    struct filter_watch *watch; /* NULL: nobody wants to know */
};

struct scan {
    struct filter *filter;
    struct segment *seg;
    struct rowview *view;
    const atomic_bool *cancel;
    bool cancelled;
    bool read;      /* rows were looked at */
    uint64_t asked; /* distinct texts */
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
    while (f->text) {
        struct text_leaf *t = f->text;
        f->text = t->next;
        textsearch_free(t->search);
        free(t);
    }
    if (f->watch)
        free(f->watch->test);
    free(f->watch);
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

static const struct textsearch *textsearch_of(struct filter *f, const struct expr *leaf)
{
    struct text_leaf *t;

    pthread_mutex_lock(&f->lock);
    for (t = f->text; t && t->leaf != leaf;)
        t = t->next;
    if (!t) {
        t = xcalloc(1, sizeof(*t));
        t->leaf = leaf;
        t->search = leaf->kind == EX_LIKE ? textsearch_text(leaf->arg[1]->text)
                                          : textsearch_regex(leaf->re, TEXTSEARCH_ALL);
        t->next = f->text;
        f->text = t;
    }
    pthread_mutex_unlock(&f->lock);
    return t->search;
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
static enum filter_way values_between(const struct column *c, uint32_t n, int64_t lo, int64_t hi,
                                      uint64_t *out)
{
    uint64_t from, to;

    if (!column_code_range(c, lo, hi, &from, &to)) {
        fill(out, n, false);
    } else if (c->n_missing == 0 && lo <= c->min && hi >= c->max) {
        fill(out, n, true);
    } else {
        column_between(c, n, from, to, out);
        return FILTER_CODES;
    }
    return FILTER_BOUNDS;
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

static enum filter_way eval_number(struct scan *sc, const struct expr *e,
                                   const struct filter_bounds *b, const struct column *c,
                                   uint64_t *out)
{
    enum filter_way way = values_between(c, sc->seg->n, b->lo, b->hi, out);

    if (b->invert)
        invert(out, sc->seg->n);
    mend_odd(sc, e, c, out);
    return c->odd ? FILTER_CODES : way;
}

static bool eval_timestamp(struct scan *sc, const struct expr *e, uint64_t *out)
{
    static const struct field_def time_field = {.kind = FK_TIME};
    struct segment *s = sc->seg;
    struct rowkey k = {0, 0, 0};
    struct filter_bounds b;
    uint32_t from, to;

    if (s->timeless || !filter_bounds(e, &time_field, &b))
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

static enum filter_way eval_dictionary(struct scan *sc, const struct expr *e, unsigned field,
                                       const struct column *c, uint64_t *out)
{
    struct strbuf scratch = STRBUF_INIT;
    struct text_row row = {sc->seg->lt->field[field], {NULL, 0}};
    struct row_access access = {text_row_field, text_row_ip, &row, &scratch};
    struct dict *d = field_dict(sc->seg->lt, field);
    struct memo *memo = memo_of(sc->filter, e, sc->seg->lt->id, dict_count(d));
    uint8_t *yes = xmalloc((size_t)c->n_local + 1);
    uint32_t n_yes;

    n_yes = yes[0] = val_truth(expr_eval(e, &access));
    for (uint32_t i = 0; i < c->n_local; i++) {
        _Atomic uint8_t *known = &memo->answer[column_gid(c, i + 1)];
        uint8_t answer = atomic_load_explicit(known, memory_order_relaxed);

        if (answer == MEMO_UNKNOWN) {
            row.text = dict_text(d, column_gid(c, i + 1));
            strbuf_reset(&scratch);
            answer = val_truth(expr_eval(e, &access)) ? MEMO_YES : MEMO_NO;
            sc->asked += atomic_exchange(known, answer) == MEMO_UNKNOWN;
        }
        yes[i + 1] = answer == MEMO_YES;
        n_yes += yes[i + 1];
    }
    if (n_yes == 0 || n_yes == c->n_local + 1)
        fill(out, sc->seg->n, n_yes);
    else
        column_choose(c, sc->seg->n, yes, out);
    free(yes);
    strbuf_release(&scratch);
    return n_yes == 0 || n_yes == c->n_local + 1 ? FILTER_TEXTS : FILTER_SET;
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
    if (!rawscan(textsearch_of(sc->filter, e), sc->seg, sc->view, in, out, sc->cancel))
        sc->cancelled = true;
}

/* A test on a field that this type does not have: the same for all rows. */
static enum filter_way eval_absent(struct scan *sc, const struct expr *e, uint64_t *out)
{
    struct text_row row = {sc->seg->lt->field[0], {NULL, 0}};
    struct row_access access = {text_row_field, text_row_ip, &row, &sc->view->scratch};

    fill(out, sc->seg->n, val_truth(expr_eval(e, &access)));
    return FILTER_TYPE;
}

static enum filter_way eval_logtype(struct scan *sc, const struct expr *e, uint64_t *out)
{
    struct row_access access = rowview_access(sc->view);

    rowview_at(sc->view, sc->seg, 0);
    fill(out, sc->seg->n, val_truth(expr_eval(e, &access)));
    return FILTER_TYPE;
}

/* The column of a field of the log type; NULL if it has none in this segment. */
static const struct column *column_of(const struct segment *seg, int field)
{
    const struct column *c = field >= 0 && (unsigned)field < seg->lt->n_static
                                 ? segment_column(seg, (unsigned)field)
                                 : NULL;

    return c && c->kind != COL_NONE ? c : NULL;
}

static enum filter_way eval_leaf(struct scan *sc, const struct expr *e, const uint64_t *in,
                                 uint64_t *out)
{
    bool one = true;
    const struct field_ref *f = only_field(e, NULL, &one);
    const struct field_def *def;
    const struct column *c;
    struct filter_bounds b;
    int field;

    if (search_text(e)) {
        eval_search(sc, e, in, out);
        return FILTER_SEARCH;
    }
    if (f && one && f->pseudo == PF_TIMESTAMP && eval_timestamp(sc, e, out))
        return FILTER_TIME;
    if (f && one && f->pseudo == PF_LOGTYPE)
        return eval_logtype(sc, e, out);
    field = f && one && f->pseudo == PF_NONE ? f->per_type[sc->seg->lt->id] : -1;
    if (f && one && f->pseudo == PF_NONE && field < 0)
        return eval_absent(sc, e, out);
    c = column_of(sc->seg, field);
    def = field >= 0 ? sc->seg->lt->field[field] : NULL;
    if (c && c->kind == COL_NUM && !(def->flags & FF_ID) && filter_bounds(e, def, &b))
        return eval_number(sc, e, &b, c, out);
    if (c && c->kind == COL_DICT)
        return eval_dictionary(sc, e, (unsigned)field, c, out);
    eval_rows(sc, e, in, out);
    return FILTER_ROWS;
}

/* --- the tree --- */

/* What a test costs in this segment, least first: no look at rows, packed codes, values row by row,
 * a search in the lines, lines taken apart. */
enum { COST_NONE, COST_CODES, COST_VALUES, COST_SEARCH, COST_LINES, N_COSTS };

static unsigned field_cost(const struct segment *seg, const struct field_ref *f)
{
    int field;

    if (f->pseudo == PF_TIMESTAMP || f->pseudo == PF_LOGTYPE)
        return COST_NONE;
    if (f->pseudo != PF_NONE)
        return f->pseudo == PF_MESSAGE || f->pseudo == PF_ANYIP ? COST_LINES : COST_VALUES;
    field = f->per_type[seg->lt->id];
    if (field < 0)
        return COST_NONE;
    return column_of(seg, field) ? COST_CODES : COST_LINES;
}

static unsigned cost(const struct segment *seg, const struct expr *e)
{
    unsigned c = COST_NONE;

    if (search_text(e))
        return COST_SEARCH;
    if (e->kind == EX_FIELD)
        return field_cost(seg, e->field);
    for (unsigned i = 0; i < e->n; i++)
        c = MAX(c, cost(seg, e->arg[i]));
    return c;
}

static bool any_left(const uint64_t *bits, uint32_t words)
{
    for (uint32_t w = 0; w < words; w++)
        if (bits[w])
            return true;
    return false;
}

static void eval_node(struct scan *sc, const struct expr *e, unsigned turn, const uint64_t *in,
                      uint64_t *out);

static void eval_and(struct scan *sc, const struct expr *e, const uint64_t *in, uint64_t *out)
{
    uint32_t words = BITS_WORDS(sc->seg->n);
    uint64_t *part = xmalloc(words * sizeof(*part));
    unsigned turn = 0;
    bool left = true;

    memcpy(out, in, words * sizeof(*out));
    for (unsigned level = 0; level < N_COSTS && left; level++) {
        for (unsigned i = 0; i < e->n && left && !sc->cancelled; i++) {
            if (cost(sc->seg, e->arg[i]) != level)
                continue;
            eval_node(sc, e->arg[i], turn++, out, part);
            for (uint32_t w = 0; w < words; w++)
                out[w] &= part[w];
            left = any_left(out, words);
        }
    }
    free(part);
}

static void eval_or(struct scan *sc, const struct expr *e, const uint64_t *in, uint64_t *out)
{
    uint32_t words = BITS_WORDS(sc->seg->n);
    uint64_t *part = xmalloc(words * sizeof(*part)), *rest = xmalloc(words * sizeof(*rest));
    unsigned turn = 0;
    bool left = true;

    memset(out, 0, words * sizeof(*out));
    memcpy(rest, in, words * sizeof(*rest));
    for (unsigned level = 0; level < N_COSTS && left; level++) {
        for (unsigned i = 0; i < e->n && left && !sc->cancelled; i++) {
            if (cost(sc->seg, e->arg[i]) != level)
                continue;
            eval_node(sc, e->arg[i], turn++, rest, part);
            for (uint32_t w = 0; w < words; w++) {
                out[w] |= part[w] & in[w];
                rest[w] &= ~part[w];
            }
            left = any_left(rest, words);
        }
    }
    free(part);
    free(rest);
}

/* The way a test was answered; FILTER_N_WAYS: it is none. */
static enum filter_way eval_kind(struct scan *sc, const struct expr *e, const uint64_t *in,
                                 uint64_t *out)
{
    switch (e->kind) {
    case EX_AND:
        eval_and(sc, e, in, out);
        return FILTER_N_WAYS;
    case EX_OR:
        eval_or(sc, e, in, out);
        return FILTER_N_WAYS;
    case EX_NOT:
        eval_node(sc, e->arg[0], 0, in, out);
        invert(out, sc->seg->n);
        return FILTER_N_WAYS;
    default:
        return eval_leaf(sc, e, in, out);
    }
}

/* --- watching --- */

static bool is_junction(const struct expr *e)
{
    return e->kind == EX_AND || e->kind == EX_OR || e->kind == EX_NOT;
}

static unsigned count_nodes(const struct expr *e)
{
    unsigned n = 1;

    for (unsigned i = 0; i < e->n && is_junction(e); i++)
        n += count_nodes(e->arg[i]);
    return n;
}

static void add_nodes(struct filter_watch *w, const struct expr *e, unsigned depth)
{
    struct filter_test *t = &w->test[w->n++];

    t->expr = e;
    t->depth = depth;
    for (unsigned i = 0; i < e->n && is_junction(e); i++)
        add_nodes(w, e->arg[i], depth + 1);
}

const struct filter_watch *filter_watch(struct filter *f)
{
    f->watch = xcalloc(1, sizeof(*f->watch));
    if (f->expr) {
        f->watch->test = xcalloc(count_nodes(f->expr), sizeof(*f->watch->test));
        add_nodes(f->watch, f->expr, 0);
    }
    return f->watch;
}

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void watch_node(struct scan *sc, const struct expr *e, unsigned turn, const uint64_t *in,
                       uint64_t *out)
{
    uint64_t start = now_ns(), bytes = sc->view->bytes_read, asked = sc->asked, n_in = 0, n_out = 0;
    struct filter_test *t = sc->filter->watch->test;
    enum filter_way way = eval_kind(sc, e, in, out);

    while (t->expr != e)
        t++;
    for (uint32_t w = 0; w < BITS_WORDS(sc->seg->n); w++) {
        n_in += (uint64_t)__builtin_popcountll(in[w]);
        n_out += (uint64_t)__builtin_popcountll(in[w] & out[w]);
    }
    t->rows_in += n_in;
    t->rows_out += n_out;
    t->segments++;
    t->turns += turn;
    t->bytes += sc->view->bytes_read - bytes;
    t->asked += sc->asked - asked;
    if (way < FILTER_N_WAYS) {
        t->way[way]++;
        sc->read |= way >= FILTER_CODES;
    }
    t->ns += now_ns() - start;
}

static void watch_segment(struct scan *sc, int64_t n)
{
    struct filter_watch *w = sc->filter->watch;

    if (sc->read)
        w->read++;
    else if (n)
        w->whole++;
    else
        w->left_out++;
}

/* Result is right for the rows of `in`; others may hold anything. It is the node's turn-th turn
 * among its neighbours. */
static void eval_node(struct scan *sc, const struct expr *e, unsigned turn, const uint64_t *in,
                      uint64_t *out)
{
    if (unlikely(sc->filter->watch))
        watch_node(sc, e, turn, in, out);
    else
        eval_kind(sc, e, in, out);
}

int64_t filter_eval(struct filter *f, struct segment *seg, struct rowview *view, uint64_t *bits,
                    const atomic_bool *cancel)
{
    struct scan sc = {.filter = f, .seg = seg, .view = view, .cancel = cancel};
    uint32_t words = BITS_WORDS(seg->n);
    uint64_t *all;
    int64_t n = 0;

    fill(bits, seg->n, true);
    if (!f->expr) {
        if (f->watch)
            f->watch->whole++;
        return seg->n;
    }
    all = xmemdup(bits, words * sizeof(*all));
    eval_node(&sc, f->expr, 0, all, bits);
    for (uint32_t w = 0; w < words; w++) {
        bits[w] &= all[w];
        n += __builtin_popcountll(bits[w]);
    }
    free(all);
    if (f->watch)
        watch_segment(&sc, n);
    return sc.cancelled ? -1 : n;
}
