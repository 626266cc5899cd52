/* search.c - the nearest rows one by one, for there mostly is a match among them; then segment by
 * segment, in the order of time, as a filter would search them. */
#include "search.h"

#include <pthread.h>

#include "rawscan.h"
#include "xalloc.h"

#define NEAR 256 /* rows asked one by one */

struct search {
    struct session *session;
    void (*done)(void *ctx);
    void *ctx;
    struct regex *re;
    struct textsearch *lines; /* the same pattern, for many lines */
    char *text;

    pthread_t thread;
    bool started; /* thread must be joined */
    struct rowset *rows;
    struct rowkey from;
    bool backward;
    atomic_bool cancel;
    atomic_bool finished;
    _Atomic uint64_t looked;
    bool found;
    struct rowkey key;
};

struct search *search_new(struct session *session, void (*done)(void *ctx), void *ctx)
{
    struct search *s = xcalloc(1, sizeof(*s));

    s->session = session;
    s->done = done;
    s->ctx = ctx;
    return s;
}

static void search_join(struct search *s)
{
    if (!s->started)
        return;
    pthread_join(s->thread, NULL);
    s->started = false;
    rowset_unref(s->rows);
    s->rows = NULL;
}

void search_free(struct search *s)
{
    if (!s)
        return;
    atomic_store(&s->cancel, true);
    search_join(s);
    textsearch_free(s->lines);
    regex_free(s->re);
    free(s->text);
    free(s);
}

static bool has_capital(const char *p)
{
    for (; *p; p++) {
        if (*p == '\\' && p[1])
            p++;
        else if (*p >= 'A' && *p <= 'Z')
            return true;
    }
    return false;
}

int search_pattern(struct search *s, const char *pattern, struct err *e)
{
    struct regex *re = regex_new(slice_str(pattern), !has_capital(pattern), e);

    if (!re)
        return e->code ? e->code : ERR_USAGE;
    atomic_store(&s->cancel, true);
    search_join(s);
    textsearch_free(s->lines);
    regex_free(s->re);
    free(s->text);
    s->re = re;
    s->lines = textsearch_regex(re, TEXTSEARCH_ALL);
    s->text = xstrdup(pattern);
    return 0;
}

const struct regex *search_regex(const struct search *s)
{
    return s->re;
}

const char *search_text(const struct search *s)
{
    return s->text;
}

/* The nearest rows, from *at on, which goes behind them. True: the search is over. */
static bool search_near(struct search *s, struct rowview *view, struct rowkey *at)
{
    struct rowref ref[NEAR];
    uint32_t n = s->backward ? order_backward(s->rows, at, false, ref, NEAR)
                             : order_forward(s->rows, at, false, ref, NEAR);

    for (uint32_t i = 0; i < n && !s->cancel; i++) {
        rowview_at(view, s->rows->snap->seg[ref[i].seg], ref[i].row);
        *at = rowref_key(s->rows, ref[i]);
        if (textsearch_match(s->lines, rowview_raw(view))) {
            s->found = true;
            s->key = *at;
            return true;
        }
        atomic_fetch_add_explicit(&s->looked, 1, memory_order_relaxed);
    }
    return n < NEAR || s->cancel;
}

/* The rows of segment i that are still to be searched; their number. */
static uint32_t rows_left(const struct search *s, uint32_t i, const struct rowkey *at,
                          uint64_t *bits)
{
    const struct segment *seg = s->rows->snap->seg[i];
    uint32_t words = BITS_WORDS(seg->n), from = segment_lower_bound(seg, at), count = 0;
    struct rowkey first = from < seg->n ? segment_key(seg, from) : ROWKEY_MAX;

    if (!s->backward && rowkey_cmp(&first, at) == 0)
        from++;
    for (uint32_t w = 0; w < words; w++) {
        uint32_t lo = w * 64;
        uint64_t in = from <= lo ? ~UINT64_C(0) : from >= lo + 64 ? 0 : ~UINT64_C(0) << (from - lo);

        if (s->backward)
            in = ~in;
        if (lo + 64 > seg->n)
            in &= ~UINT64_C(0) >> (lo + 64 - seg->n);
        bits[w] = !s->rows->count[i] ? 0 : s->rows->bits[i] ? s->rows->bits[i][w] & in : in;
        count += (uint32_t)__builtin_popcountll(bits[w]);
    }
    return count;
}

/* The nearest of the rows in `bits`, if it is nearer than what was found. */
static void take_nearest(struct search *s, const struct segment *seg, const uint64_t *bits)
{
    uint32_t words = BITS_WORDS(seg->n), w = 0;
    struct rowkey k;
    int order;

    while (w < words && !bits[s->backward ? words - 1 - w : w])
        w++;
    if (w == words)
        return;
    w = s->backward ? words - 1 - w : w;
    k = segment_key(seg, w * 64 + (uint32_t)(s->backward ? 63 - __builtin_clzll(bits[w])
                                                         : __builtin_ctzll(bits[w])));
    order = s->found ? rowkey_cmp(&k, &s->key) : 0;
    if (!s->found || (s->backward ? order > 0 : order < 0))
        s->key = k;
    s->found = true;
}

static void search_segment(struct search *s, struct rowview *view, uint32_t i,
                           const struct rowkey *at)
{
    struct segment *seg = s->rows->snap->seg[i];
    uint64_t *in = xcalloc(2 * (size_t)BITS_WORDS(seg->n), sizeof(*in));
    uint64_t *out = in + BITS_WORDS(seg->n);
    uint32_t n = rows_left(s, i, at, in);

    if (n && rawscan(s->lines, seg, view, in, out, &s->cancel)) {
        for (uint32_t w = 0; w < BITS_WORDS(seg->n); w++)
            out[w] &= in[w];
        take_nearest(s, seg, out);
        atomic_fetch_add_explicit(&s->looked, n, memory_order_relaxed);
    }
    free(in);
}

static int by_start(const void *a, const void *b, void *ctx)
{
    const struct snapshot *snap = ctx;
    int64_t x = snap->seg[*(const uint32_t *)a]->ts_min,
            y = snap->seg[*(const uint32_t *)b]->ts_min;

    return (x > y) - (x < y);
}

static int by_end(const void *a, const void *b, void *ctx)
{
    const struct snapshot *snap = ctx;
    int64_t x = snap->seg[*(const uint32_t *)a]->ts_max,
            y = snap->seg[*(const uint32_t *)b]->ts_max;

    return (x < y) - (x > y);
}

/* Segments, nearest first, until what is found is nearer than all of the rest. */
static void search_far(struct search *s, struct rowview *view, const struct rowkey *at)
{
    struct snapshot *snap = s->rows->snap;
    uint32_t *order = xmalloc(MAX(snap->n, 1u) * sizeof(*order));

    for (uint32_t i = 0; i < snap->n; i++)
        order[i] = i;
    qsort_r(order, snap->n, sizeof(*order), s->backward ? by_end : by_start, snap);
    for (uint32_t i = 0; i < snap->n && !s->cancel; i++) {
        const struct segment *seg = snap->seg[order[i]];

        if (s->found && (s->backward ? seg->ts_max < s->key.ts : seg->ts_min > s->key.ts))
            break;
        if (s->backward ? seg->ts_min <= at->ts : seg->ts_max >= at->ts)
            search_segment(s, view, order[i], at);
    }
    if (s->cancel)
        s->found = false; /* there may be a nearer one */
    free(order);
}

static void *search_main(void *arg)
{
    struct search *s = arg;
    struct rowview view;
    struct rowkey at = s->from;

    rowview_init(&view, s->session);
    if (!search_near(s, &view, &at))
        search_far(s, &view, &at);
    rowview_release(&view);
    atomic_store(&s->finished, true);
    s->done(s->ctx);
    return NULL;
}

void search_start(struct search *s, struct rowset *rows, const struct rowkey *from, bool backward)
{
    BUG_ON(!s->re);
    atomic_store(&s->cancel, true);
    search_join(s);
    rowset_ref(rows);
    s->rows = rows;
    s->from = *from;
    s->backward = backward;
    s->found = false;
    atomic_store(&s->cancel, false);
    atomic_store(&s->finished, false);
    atomic_store(&s->looked, 0);
    if (pthread_create(&s->thread, NULL, search_main, s) != 0) {
        rowset_unref(rows);
        s->rows = NULL;
        return;
    }
    s->started = true;
}

void search_cancel(struct search *s)
{
    atomic_store(&s->cancel, true);
}

enum search_state search_poll(struct search *s, struct rowkey *found, uint64_t *looked)
{
    *looked = atomic_load(&s->looked);
    if (!s->started)
        return SEARCH_IDLE;
    if (!atomic_load(&s->finished))
        return SEARCH_RUNNING;
    search_join(s);
    if (s->found) {
        *found = s->key;
        return SEARCH_FOUND;
    }
    return atomic_load(&s->cancel) ? SEARCH_CANCELLED : SEARCH_NOTHING;
}

bool search_running(const struct search *s, uint64_t *looked)
{
    *looked = atomic_load(&s->looked);
    return s->started && !atomic_load(&s->finished);
}
