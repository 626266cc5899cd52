/* segment.c - reference counts, keys and the dictionaries that segments share. */
#include "segment.h"

#include <pthread.h>

#include "xalloc.h"

void segment_ref(struct segment *s)
{
    atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
}

void segment_unref(struct segment *s)
{
    if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
        return;
    if (!s->mapped) {
        for (unsigned f = 0; s->col && f < s->lt->n_static; f++)
            column_free(&s->col[f]);
        column_free(&s->reason);
        packed_free(&s->ts);
        packed_free(&s->order);
        packed_free(&s->place);
        packed_free(&s->gap);
        packed_free(&s->extra);
        free((void *)s->timeless);
    }
    memlease_release(&s->memory);
    free(s->gids);
    free(s->checks);
    free(s->col);
    free(s->run);
    free(s);
}

/* --- where a row stands --- */

/* The number of a row in order of arrival. What comes from the index is not trusted blindly. */
static uint32_t arrival_of(const struct segment *s, uint32_t row)
{
    uint64_t k = (uint64_t)packed_get(&s->order, row);

    return k < s->n ? (uint32_t)k : 0;
}

/* The last run that begins at or before the k-th arrived row. */
static const struct run *run_of(const struct segment *s, uint32_t k)
{
    uint32_t lo = 0, hi = s->n_run;

    while (hi - lo > 1) {
        uint32_t mid = lo + (hi - lo) / 2;

        if (s->run[mid].first <= k)
            lo = mid;
        else
            hi = mid;
    }
    return &s->run[lo];
}

const struct run *segment_run(const struct segment *s, uint32_t row)
{
    return run_of(s, s->n_run > 1 ? arrival_of(s, row) : 0);
}

void segment_count_runs(const struct segment *s, const uint64_t *bits, uint32_t *count)
{
    for (uint32_t k = 0; !bits && k < s->n_run; k++)
        count[k] += (k + 1 < s->n_run ? s->run[k + 1].first : s->n) - s->run[k].first;
    for (uint32_t w = 0; bits && w < BITS_WORDS(s->n); w++)
        for (uint64_t left = bits[w]; left; left &= left - 1) {
            uint32_t row = w * 64 + (uint32_t)__builtin_ctzll(left);

            count[segment_run(s, row) - s->run]++;
        }
}

struct position segment_position(const struct segment *s, uint32_t row)
{
    uint32_t k = arrival_of(s, row);
    const struct run *run = run_of(s, k);
    uint64_t at = (uint64_t)packed_get(&s->place, k);

    return (struct position){
        .run = run,
        .off = at - run->place + run->off,
        .len = (uint32_t)((uint64_t)packed_get(&s->place, k + 1) - at -
                          (uint64_t)packed_get(&s->gap, k)),
        .line = k - run->first + (uint32_t)packed_get(&s->extra, k),
    };
}

struct rowkey segment_key(const struct segment *s, uint32_t row)
{
    uint32_t k = arrival_of(s, row);
    const struct run *run = run_of(s, k);

    return (struct rowkey){packed_get(&s->ts, row), run->source,
                           (uint64_t)packed_get(&s->place, k) - run->place + run->off};
}

int rowkey_cmp(const struct rowkey *a, const struct rowkey *b)
{
    if (a->ts != b->ts)
        return a->ts < b->ts ? -1 : 1;
    if (a->source != b->source)
        return a->source < b->source ? -1 : 1;
    return (a->off > b->off) - (a->off < b->off);
}

uint32_t segment_lower_bound(const struct segment *s, const struct rowkey *k)
{
    uint32_t lo = 0, hi = s->n;

    if (s->n == 0 || k->ts > s->ts_max)
        return s->n;
    if (k->ts < s->ts_min)
        return 0;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        struct rowkey m;

        m.ts = segment_ts(s, mid);
        if (m.ts != k->ts) {
            if (m.ts < k->ts)
                lo = mid + 1;
            else
                hi = mid;
            continue;
        }
        m = segment_key(s, mid);
        if (rowkey_cmp(&m, k) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* --- packing --- */

static int by_key(const void *x, const void *y, void *ctx)
{
    const struct arrival *a = ctx;
    uint32_t i = *(const uint32_t *)x, k = *(const uint32_t *)y;
    const struct run *r = &a->run[a->run_of[i]], *q = &a->run[a->run_of[k]];
    struct rowkey u = {a->ts[i], r->source, r->off + a->off[i]},
                  v = {a->ts[k], q->source, q->off + a->off[k]};

    return rowkey_cmp(&u, &v);
}

/* Whether row y may stand behind row x of the same time. */
static bool in_order(struct arrival *a, uint32_t x, uint32_t y)
{
    if (a->run_of[x] == a->run_of[y])
        return a->off[x] <= a->off[y];
    return by_key(&x, &y, a) <= 0;
}

/* They mostly stand in order of arrival, which is nearly always that of source and offset. */
void arrival_order_ties(struct arrival *a)
{
    uint32_t from = 0; /* of the stretch of equal times */
    bool sorted = true;

    for (uint32_t i = 1; i <= a->n; i++) {
        if (i < a->n && a->ts[a->perm[i]] == a->ts[a->perm[from]]) {
            sorted = sorted && in_order(a, a->perm[i - 1], a->perm[i]);
            continue;
        }
        if (!sorted)
            qsort_r(a->perm + from, i - from, sizeof(*a->perm), by_key, a);
        from = i;
        sorted = true;
    }
}

/* The terminators between records, and blank lines and the like before them: what `place` and the
 * number in the run do not tell. */
static void pack_places(struct segment *s, const struct arrival *a)
{
    int64_t *v = a->scratch, *gap = v + a->n + 1;

    for (uint32_t k = 0, r = UINT32_MAX; k < a->n; k++) {
        if (a->run_of[k] != r) {
            uint64_t end = k ? (uint64_t)v[k - 1] + a->len[k - 1] : 0;

            /* runs without rows begin where the next one does */
            for (r++; r <= a->run_of[k]; r++) {
                s->run[r].first = k;
                s->run[r].place = end - a->off[k];
            }
            r = a->run_of[k];
        }
        v[k] = (int64_t)(s->run[r].place + a->off[k]);
    }
    v[a->n] = v[a->n - 1] + a->len[a->n - 1];
    for (uint32_t k = 0; k < a->n; k++)
        gap[k] = v[k + 1] - v[k] - a->len[k];
    packed_make(&s->place, v, a->n + 1);
    packed_make(&s->gap, gap, a->n);
    for (uint32_t r = a->run_of[a->n - 1] + 1; r < s->n_run; r++)
        s->run[r].first = a->n;
    for (uint32_t k = 0; k < a->n; k++)
        v[k] = (int64_t)a->line[k] - (int64_t)(k - s->run[a->run_of[k]].first);
    packed_make(&s->extra, v, a->n);
}

struct segment *segment_pack(struct logtype *lt, const struct arrival *a)
{
    struct segment *s = xcalloc(1, sizeof(*s));
    int64_t *v = a->scratch;
    uint64_t *timeless;

    BUG_ON(a->n == 0);
    s->lt = lt;
    s->uid = segment_next_uid();
    s->n = a->n;
    atomic_init(&s->refs, 1);
    s->ts_min = a->ts[a->perm[0]];
    s->ts_max = a->ts[a->perm[a->n - 1]];
    for (uint32_t i = 0; i < a->n; i++)
        v[i] = a->ts[a->perm[i]];
    packed_make(&s->ts, v, a->n);
    for (uint32_t i = 0; i < a->n; i++)
        v[i] = a->perm[i];
    packed_make(&s->order, v, a->n);
    s->n_run = a->n_run;
    s->run = xmemdup(a->run, a->n_run * sizeof(*a->run));
    pack_places(s, a);
    if (a->reason) {
        uint32_t *code = xmalloc(a->n * sizeof(*code)), max = 0;

        for (uint32_t i = 0; i < a->n; i++) {
            code[i] = a->reason[a->perm[i]];
            max = MAX(max, code[i]);
        }
        if (max)
            column_pack(&s->reason, code, a->n, max);
        free(code);
    }
    if (a->timeless) {
        s->timeless = timeless = xcalloc(BITS_WORDS(a->n), sizeof(*timeless));
        for (uint32_t i = 0; i < a->n; i++)
            if (bit_get(a->timeless, a->perm[i]))
                bit_set(timeless, i);
    }
    s->bytes = sizeof(*s) + s->n_run * sizeof(*s->run) + packed_bytes(&s->ts) +
               packed_bytes(&s->order) + packed_bytes(&s->place) + packed_bytes(&s->gap) +
               packed_bytes(&s->extra) + column_bytes_held(&s->reason, s->n) +
               (s->timeless ? BITS_WORDS(s->n) * sizeof(*s->timeless) : 0);
    return s;
}

/* --- leaving rows out --- */

/* The rows that stay, in order of arrival and with the runs they had. */
struct kept {
    uint32_t n;
    uint32_t *row;        /* by time, rows of the segment */
    uint32_t *by_arrival; /* the same by place among the kept, in order of arrival */
    uint32_t *perm;
    int64_t *ts;
    uint32_t *off, *len, *line, *run_of;
    uint8_t *reason;
    uint64_t *timeless;
};

static void kept_fill(struct kept *k, const struct segment *s, uint32_t n_all,
                      const uint32_t *arrived)
{
    uint32_t *place_of = xmalloc(s->n * sizeof(*place_of)); /* arrival -> place among the kept */

    memset(place_of, 0xff, s->n * sizeof(*place_of));
    for (uint32_t i = 0; i < k->n; i++)
        place_of[arrived[i]] = 0;
    for (uint32_t a = 0, n = 0; a < n_all; a++)
        if (place_of[a] == 0)
            place_of[a] = n++;
    for (uint32_t i = 0; i < k->n; i++) {
        struct position p = segment_position(s, k->row[i]);
        uint32_t at = place_of[arrived[i]];

        k->perm[i] = at;
        k->by_arrival[at] = k->row[i];
        k->ts[at] = segment_ts(s, k->row[i]);
        k->off[at] = (uint32_t)(p.off - p.run->off);
        k->len[at] = p.len;
        k->line[at] = p.line;
        k->run_of[at] = (uint32_t)(p.run - s->run);
        k->reason[at] = (uint8_t)segment_reason(s, k->row[i]);
        if (segment_timeless(s, k->row[i]))
            bit_set(k->timeless, at);
    }
    free(place_of);
}

static void column_gather(struct column *to, const struct column *from, const struct kept *k)
{
    uint64_t max_code = column_n_codes(from) - 1, *wide = NULL, *odd;
    uint32_t *code = NULL;

    *to = *from;
    to->n_missing = 0;
    if (max_code > UINT32_MAX)
        wide = xmalloc(k->n * sizeof(*wide));
    else
        code = xmalloc(k->n * sizeof(*code));
    for (uint32_t i = 0; i < k->n; i++) {
        uint64_t v = column_code(from, k->row[i]);

        to->n_missing += v == 0;
        if (wide)
            wide[i] = v;
        else
            code[i] = (uint32_t)v;
    }
    if (from->bits && wide)
        column_pack_wide(to, wide, k->n, max_code);
    else if (from->bits)
        column_pack(to, code, k->n, (uint32_t)max_code);
    to->gid = from->gid ? xmemdup(from->gid, from->n_local * sizeof(*from->gid)) : NULL;
    to->value = from->value ? xmemdup(from->value, from->n_local * sizeof(*from->value)) : NULL;
    if (from->odd) {
        to->odd = odd = xcalloc(BITS_WORDS(k->n), sizeof(*odd));
        for (uint32_t i = 0; i < k->n; i++)
            if (bit_get(from->odd, k->row[i]))
                bit_set(odd, i);
    }
    free(wide);
    free(code);
}

static struct segment *segment_gather(const struct segment *s, struct kept *k,
                                      const uint32_t *arrived)
{
    struct arrival a = {.n = k->n,
                        .perm = k->perm,
                        .ts = k->ts,
                        .off = k->off,
                        .len = k->len,
                        .line = k->line,
                        .run_of = k->run_of,
                        .run = s->run,
                        .n_run = s->n_run,
                        .reason = k->reason,
                        .timeless = s->timeless ? k->timeless : NULL,
                        .scratch = xmalloc(2 * ((size_t)k->n + 1) * sizeof(int64_t))};
    struct segment *t;

    kept_fill(k, s, s->n, arrived);
    arrival_order_ties(&a);
    for (uint32_t i = 0; i < k->n; i++)
        k->row[i] = k->by_arrival[k->perm[i]];
    t = segment_pack(s->lt, &a);
    free(a.scratch);
    t->col = xcalloc(s->lt->n_static, sizeof(*t->col));
    for (unsigned f = 0; f < s->lt->n_static; f++) {
        column_gather(&t->col[f], segment_column(s, f), k);
        t->bytes += column_bytes_held(&t->col[f], t->n);
    }
    return t;
}

struct segment *segment_filter(const struct segment *s, bool (*keep)(void *ctx, uint32_t source),
                               void *ctx)
{
    uint32_t *arrived = xmalloc(s->n * sizeof(*arrived));
    struct kept k = {.row = xmalloc(s->n * sizeof(*k.row))};
    struct segment *t = NULL;

    for (uint32_t i = 0; i < s->n; i++) {
        if (!keep(ctx, segment_run(s, i)->source))
            continue;
        arrived[k.n] = arrival_of(s, i);
        k.row[k.n++] = i;
    }
    if (k.n) {
        k.perm = xmalloc(k.n * sizeof(*k.perm));
        k.by_arrival = xmalloc(k.n * sizeof(*k.by_arrival));
        k.ts = xmalloc(k.n * sizeof(*k.ts));
        k.off = xmalloc(k.n * sizeof(*k.off));
        k.len = xmalloc(k.n * sizeof(*k.len));
        k.line = xmalloc(k.n * sizeof(*k.line));
        k.run_of = xmalloc(k.n * sizeof(*k.run_of));
        k.reason = xmalloc(k.n);
        k.timeless = xcalloc(BITS_WORDS(k.n), sizeof(*k.timeless));
        t = segment_gather(s, &k, arrived);
    }
    free(arrived);
    free(k.row);
    free(k.perm);
    free(k.by_arrival);
    free(k.ts);
    free(k.off);
    free(k.len);
    free(k.line);
    free(k.run_of);
    free(k.reason);
    free(k.timeless);
    return t;
}

uint64_t segment_next_uid(void)
{
    static atomic_uint_fast64_t last;

    return atomic_fetch_add(&last, 1) + 1;
}

/* One table of dictionary pointers a log type; made under a lock, read without. */
static struct dict *_Atomic *_Atomic type_dicts[64];
static pthread_mutex_t dict_lock = PTHREAD_MUTEX_INITIALIZER;

void field_dicts_rest(void)
{
    for (unsigned t = 0; t < ARRAY_LEN(type_dicts); t++) {
        struct dict *_Atomic *table = type_dicts[t];

        for (unsigned f = 0; table && f < MAX_FIELDS; f++)
            if (table[f])
                dict_rest(table[f]);
    }
}

struct dict *field_dict(const struct logtype *lt, unsigned field)
{
    struct dict *_Atomic *table;
    struct dict *d;

    BUG_ON(lt->id >= ARRAY_LEN(type_dicts) || field >= MAX_FIELDS);
    table = atomic_load_explicit(&type_dicts[lt->id], memory_order_acquire);
    d = table ? atomic_load_explicit(&table[field], memory_order_acquire) : NULL;
    if (d)
        return d;
    pthread_mutex_lock(&dict_lock);
    table = type_dicts[lt->id];
    if (!table) {
        table = xcalloc(MAX_FIELDS, sizeof(*table));
        atomic_store_explicit(&type_dicts[lt->id], table, memory_order_release);
    }
    d = table[field];
    if (!d) {
        d = dict_new();
        atomic_store_explicit(&table[field], d, memory_order_release);
    }
    pthread_mutex_unlock(&dict_lock);
    return d;
}
