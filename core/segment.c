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
    for (unsigned f = 0; s->col && f < s->lt->n_static; f++) {
        free(s->col[f].data);
        free(s->col[f].gid);
        free(s->col[f].odd);
    }
    free(s->col);
    free(s->ts);
    free(s->off);
    free(s->len);
    free(s->line);
    free(s->run_of);
    free(s->run);
    free(s->reason);
    free(s->timeless);
    free(s);
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

        if (s->ts[mid] != k->ts) {
            if (s->ts[mid] < k->ts)
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

static void *gather(const void *from, size_t width, const uint32_t *keep, uint32_t n)
{
    char *to;

    if (!from || width == 0)
        return NULL;
    to = xmalloc(n * width);
    for (uint32_t i = 0; i < n; i++)
        memcpy(to + i * width, (const char *)from + keep[i] * width, width);
    return to;
}

static uint64_t *gather_bits(const uint64_t *from, const uint32_t *keep, uint32_t n)
{
    uint64_t *to;

    if (!from)
        return NULL;
    to = xcalloc(BITS_WORDS(n), sizeof(*to));
    for (uint32_t i = 0; i < n; i++)
        if (bit_get(from, keep[i]))
            bit_set(to, i);
    return to;
}

static struct segment *segment_gather(const struct segment *s, const uint32_t *keep, uint32_t n)
{
    struct segment *t = xcalloc(1, sizeof(*t));

    *t = *s;
    t->uid = segment_next_uid();
    t->n = n;
    atomic_init(&t->refs, 1);
    t->ts = gather(s->ts, sizeof(*s->ts), keep, n);
    t->ts_min = t->ts[0];
    t->ts_max = t->ts[n - 1];
    t->off = gather(s->off, sizeof(*s->off), keep, n);
    t->len = gather(s->len, sizeof(*s->len), keep, n);
    t->line = gather(s->line, sizeof(*s->line), keep, n);
    t->run_of = gather(s->run_of, sizeof(*s->run_of), keep, n);
    t->run = xmemdup(s->run, s->n_run * sizeof(*s->run));
    t->reason = gather(s->reason, 1, keep, n);
    t->timeless = gather_bits(s->timeless, keep, n);
    t->col = xmemdup(s->col, s->lt->n_static * sizeof(*s->col));
    for (unsigned f = 0; f < s->lt->n_static; f++) {
        struct column *c = &t->col[f];

        c->data = gather(c->data, c->width, keep, n);
        c->gid = c->gid ? xmemdup(c->gid, c->n_local * sizeof(*c->gid)) : NULL;
        c->odd = gather_bits(c->odd, keep, n);
        c->n_missing = 0;
        for (uint32_t i = 0; i < n; i++)
            c->n_missing += column_code(c, i) == 0;
    }
    return t;
}

struct segment *segment_without(const struct segment *s, uint32_t source)
{
    uint32_t *keep = xmalloc(s->n * sizeof(*keep)), n = 0;
    struct segment *t;

    for (uint32_t i = 0; i < s->n; i++)
        if (segment_run(s, i)->source != source)
            keep[n++] = i;
    t = n ? segment_gather(s, keep, n) : NULL;
    free(keep);
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
