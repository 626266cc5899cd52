#include "samples.h"

#include <math.h>
#include <float.h>
#include <string.h>

#include "parallel.h"
#include "select.h"
#include "xalloc.h"

#define RANGE_BITS 8 /* groups of a range */
#define RANGE (1u << RANGE_BITS)
#define BLOCK_MIN 32u
#define BLOCK_MAX 1024u
#define SLAB_MIN ((size_t)64 << 10)
#define LOOK_EVERY 65536u /* sketch: values before ranges are looked at */
#define COMPACT_MIN 4096u /* sketch: bins of a range before equal ones are looked for */

/* What a value is: itself, or how many are in a bin. */
union sample {
    double x;
    struct {
        int32_t bin;
        uint32_t n;
    } in;
};

/* Samples of a range: `cap` of them, then the low bits of their groups. */
struct block {
    struct block *next;
    uint32_t n, cap;
    union sample sample[];
};

static inline uint8_t *groups_of(struct block *b)
{
    return (uint8_t *)(b->sample + b->cap);
}

struct range {
    struct block *block; /* the newest first */
    uint64_t n;          /* in all blocks but the newest */
    uint64_t compact;    /* sketch: how many it had when equal bins were last put together */
};

struct pool {
    struct pool *next;
    size_t size;
};

struct samples {
    struct sample_budget *budget;
    struct range *range;
    uint32_t n_range;
    uint64_t n, told;  /* values; how many the budget knows of */
    uint64_t compared; /* sketch: how many there were when ranges were last looked at */
    bool sketch;
    struct block *spare; /* of BLOCK_MAX */
    struct pool *pool;
    char *free;
    size_t left, bytes;
};

/* --- the sketch --- */

/* Bin i > 0 has the values of (gamma^(i-1-BIN_ONE), gamma^(i-BIN_ONE)]; the negative ones likewise;
 * 0 has 0. The least double there is, is in a bin above 0. */
#define BIN_ONE 40000
#define GAMMA ((1 + SAMPLES_ERROR) / (1 - SAMPLES_ERROR))

static int32_t bin_of(double x)
{
    int32_t i;

    if (x == 0)
        return 0;
    i = (int32_t)ceil(log(fabs(x)) / log(GAMMA)) + BIN_ONE;
    return x > 0 ? i : -i;
}

static double bin_value(int32_t bin)
{
    double x = exp((abs(bin) - BIN_ONE) * log(GAMMA)) * (2 / (GAMMA + 1));

    if (bin == 0)
        return 0;
    return copysign(fmin(x, DBL_MAX), bin);
}

/* --- keeping --- */

struct samples *samples_new(struct sample_budget *b)
{
    struct samples *s = xcalloc(1, sizeof(*s));

    s->budget = b;
    s->sketch = b->sketch;
    return s;
}

static void drop_all(struct samples *s)
{
    while (s->pool) {
        struct pool *next = s->pool->next;

        free(s->pool);
        s->pool = next;
    }
    free(s->range);
    s->range = NULL;
    s->spare = NULL;
    s->n_range = 0;
    s->left = s->bytes = 0;
    s->n = s->told = s->compared = 0;
}

void samples_free(struct samples *s)
{
    if (!s)
        return;
    drop_all(s);
    free(s);
}

static void *pool_take(struct samples *s, size_t n)
{
    char *p;

    if (n > s->left) {
        size_t size = MIN(MAX(s->bytes, SLAB_MIN), (size_t)HUGE_PAGE);
        struct pool *pool = xmalloc_huge(size);

        pool->next = s->pool;
        pool->size = size;
        s->pool = pool;
        s->free = (char *)pool + sizeof(*pool);
        s->left = size - sizeof(*pool);
        s->bytes += size;
    }
    p = s->free;
    s->free += n;
    s->left -= n;
    return p;
}

/* A block with room for the range; they grow, so that a range of few values takes few. */
static struct block *more_room(struct samples *s, uint32_t range)
{
    struct range *r;
    struct block *b = NULL;
    uint32_t cap;

    if (range >= s->n_range) {
        uint32_t n = MAX(range + 1, 2 * s->n_range);

        s->range = xreallocarray(s->range, n, sizeof(*s->range));
        memset(s->range + s->n_range, 0, (n - s->n_range) * sizeof(*s->range));
        s->n_range = n;
    }
    r = &s->range[range];
    cap = r->block ? MIN(2 * r->block->cap, BLOCK_MAX) : BLOCK_MIN;
    r->n += r->block ? r->block->n : 0;
    if (cap == BLOCK_MAX && s->spare) {
        b = s->spare;
        s->spare = b->next;
    } else {
        b = pool_take(s, sizeof(*b) + cap * (sizeof(*b->sample) + 1));
    }
    *b = (struct block){.next = r->block, .cap = cap};
    r->block = b;
    return b;
}

static inline void put(struct samples *s, uint32_t group, union sample v)
{
    uint32_t range = group >> RANGE_BITS;
    struct block *b = range < s->n_range ? s->range[range].block : NULL;

    if (unlikely(!b || b->n == b->cap))
        b = more_room(s, range);
    b->sample[b->n] = v;
    groups_of(b)[b->n++] = (uint8_t)(group & (RANGE - 1));
}

void samples_add_many(struct samples *s, const uint32_t *group, const double *x, uint32_t n)
{
    for (uint32_t i = 0; i < n && !s->sketch; i++)
        put(s, group[i], (union sample){.x = x[i]});
    for (uint32_t i = 0; i < n && s->sketch; i++)
        put(s, group[i], (union sample){.in = {bin_of(x[i]), 1}});
    s->n += n;
}

void samples_add(struct samples *s, uint32_t group, double x)
{
    samples_add_many(s, &group, &x, 1);
}

static uint64_t range_n(const struct range *r)
{
    return r->n + (r->block ? r->block->n : 0);
}

/* --- putting equal bins together --- */

struct binned {
    uint64_t key; /* group, bin */
    uint32_t n;
};

static uint64_t bin_key(uint32_t group, int32_t bin)
{
    return (uint64_t)group << 32 | ((uint32_t)bin ^ 0x80000000u);
}

static int32_t key_bin(uint64_t key)
{
    return (int32_t)((uint32_t)key ^ 0x80000000u);
}

static int by_key(const void *a, const void *b)
{
    uint64_t x = ((const struct binned *)a)->key, y = ((const struct binned *)b)->key;

    return (x > y) - (x < y);
}

/* The bins of a range, each once, by group and bin; *n of them. */
static struct binned *bins_of(const struct range *r, uint64_t *n)
{
    struct binned *list = xmalloc(MAX(range_n(r), (uint64_t)1) * sizeof(*list));
    uint64_t all = 0, kept = 0;

    for (struct block *b = r->block; b; b = b->next)
        for (uint32_t i = 0; i < b->n; i++)
            list[all++] =
                (struct binned){bin_key(groups_of(b)[i], b->sample[i].in.bin), b->sample[i].in.n};
    qsort(list, all, sizeof(*list), by_key);
    for (uint64_t i = 0; i < all; i++) {
        if (kept && list[kept - 1].key == list[i].key && list[kept - 1].n <= UINT32_MAX - list[i].n)
            list[kept - 1].n += list[i].n;
        else
            list[kept++] = list[i];
    }
    *n = kept;
    return list;
}

static void empty_range(struct samples *s, struct range *r)
{
    while (r->block) {
        struct block *b = r->block;

        r->block = b->next;
        if (b->cap == BLOCK_MAX) {
            b->next = s->spare;
            s->spare = b;
        }
    }
    r->n = 0;
}

static void compact(struct samples *s, uint32_t range)
{
    struct range *r = &s->range[range];
    uint64_t n;
    struct binned *list = bins_of(r, &n);

    empty_range(s, r);
    for (uint64_t i = 0; i < n; i++) {
        union sample v = {.in = {key_bin(list[i].key), list[i].n}};

        put(s, range << RANGE_BITS | (uint32_t)(list[i].key >> 32), v);
    }
    r->compact = n;
    free(list);
}

static void make_sketch(struct samples *s)
{
    s->sketch = true;
    for (uint32_t k = 0; k < s->n_range; k++) {
        for (struct block *b = s->range[k].block; b; b = b->next)
            for (uint32_t i = 0; i < b->n; i++) {
                b->sample[i].in.bin = bin_of(b->sample[i].x);
                b->sample[i].in.n = 1;
            }
        compact(s, k);
    }
}

void samples_settle(struct samples *s)
{
    uint64_t all = atomic_fetch_add(&s->budget->n, s->n - s->told) + s->n - s->told;

    s->told = s->n;
    if (all > s->budget->max)
        s->budget->sketch = true;
    if (!s->budget->sketch)
        return;
    if (!s->sketch) {
        make_sketch(s);
        return;
    }
    if (s->n - s->compared < LOOK_EVERY)
        return;
    s->compared = s->n;
    for (uint32_t k = 0; k < s->n_range; k++)
        if (range_n(&s->range[k]) > MAX(2 * s->range[k].compact, (uint64_t)COMPACT_MIN))
            compact(s, k);
}

/* --- taking over --- */

/* Gives the samples of a block their numbers here, if they are all of one range here: of that; else
 * UINT32_MAX, and the block is as it was. */
static uint32_t renumber(struct block *b, const uint32_t *here)
{
    uint8_t *group = groups_of(b);
    uint32_t range = here[group[0]] >> RANGE_BITS;

    for (uint32_t i = 0; i < b->n; i++)
        if (here[group[i]] >> RANGE_BITS != range)
            return UINT32_MAX;
    for (uint32_t i = 0; i < b->n; i++)
        group[i] = (uint8_t)(here[group[i]] & (RANGE - 1));
    return range;
}

/* A block that stays where it is: its pool goes over, too. The newest is the one with room. */
static void splice(struct samples *s, uint32_t range, struct block *b)
{
    struct block *newest = range < s->n_range ? s->range[range].block : NULL;

    if (!newest)
        newest = more_room(s, range);
    b->next = newest->next;
    newest->next = b;
    s->range[range].n += b->n;
}

void samples_merge(struct samples *s, struct samples *from, const uint32_t *here)
{
    struct pool **end = &from->pool;
    struct block *next;

    BUG_ON(s->sketch != from->sketch);
    for (uint32_t k = 0; k < from->n_range; k++) {
        const uint32_t *mine = here + (k << RANGE_BITS);

        for (struct block *b = from->range[k].block; b; b = next) {
            uint32_t range = b->n ? renumber(b, mine) : UINT32_MAX;

            next = b->next;
            if (range != UINT32_MAX) {
                splice(s, range, b);
                continue;
            }
            for (uint32_t i = 0; i < b->n; i++)
                put(s, mine[groups_of(b)[i]], b->sample[i]);
        }
    }
    while (*end)
        end = &(*end)->next;
    *end = s->pool; /* the room at hand is in the first of mine */
    s->pool = from->pool;
    s->bytes += from->bytes;
    s->n += from->n;
    s->told += from->told;
    from->pool = NULL;
    drop_all(from);
}

void samples_copy(struct samples *s, const struct samples *from, const uint32_t *here)
{
    if (from->sketch && !s->sketch)
        make_sketch(s);
    for (uint32_t k = 0; k < from->n_range; k++)
        for (struct block *b = from->range[k].block; b; b = b->next)
            for (uint32_t i = 0; i < b->n; i++) {
                union sample v = b->sample[i];

                if (s->sketch && !from->sketch) {
                    v.in.bin = bin_of(b->sample[i].x);
                    v.in.n = 1;
                }
                put(s, here[k << RANGE_BITS | groups_of(b)[i]], v);
            }
    s->n += from->n;
}

bool samples_sketched(const struct samples *s)
{
    return s->sketch;
}

size_t samples_bytes(const struct samples *s)
{
    return s ? s->bytes + s->n_range * sizeof(*s->range) : 0;
}

/* --- percentiles --- */

static uint64_t nearest_rank(double pct, uint64_t n)
{
    uint64_t rank = (uint64_t)ceil(pct / 100 * (double)n);

    return rank ? MIN(rank, n) - 1 : 0;
}

struct ranking {
    struct samples *s;
    const double *pct;
    const unsigned *order; /* of these, by size */
    unsigned n_pct;
    double *value;
    uint64_t *count;
    uint64_t largest; /* values of a range, at most */
    atomic_uint next;
};

/* The values of each group of the range side by side. */
static void sort_out(const struct range *r, uint64_t end[RANGE], double *room)
{
    uint64_t at = 0;

    memset(end, 0, RANGE * sizeof(*end));
    for (struct block *b = r->block; b; b = b->next)
        for (uint32_t i = 0; i < b->n; i++)
            end[groups_of(b)[i]]++;
    for (unsigned g = 0; g < RANGE; g++) {
        uint64_t n = end[g];

        end[g] = at;
        at += n;
    }
    for (struct block *b = r->block; b; b = b->next)
        for (uint32_t i = 0; i < b->n; i++)
            room[end[groups_of(b)[i]]++] = b->sample[i].x;
}

/* The percentiles of each group of the range. */
static void rank_values(struct ranking *q, uint32_t range, double *room, struct wanted *w)
{
    uint64_t end[RANGE], at = 0;

    sort_out(&q->s->range[range], end, room);
    for (uint32_t g = 0; g < RANGE; at = end[g++]) {
        uint64_t n = end[g] - at, group = (uint64_t)range << RANGE_BITS | g;

        if (n == 0)
            continue;
        q->count[group] = n;
        for (unsigned i = 0; i < q->n_pct; i++)
            w[i] = (struct wanted){.at = q->order[i], .k = nearest_rank(q->pct[q->order[i]], n)};
        select_wanted(room + at, n, w, q->n_pct, room + q->largest);
        for (unsigned i = 0; i < q->n_pct; i++)
            q->value[group * q->n_pct + w[i].at] = w[i].x;
    }
}

static int32_t ranked_bin(const struct binned *bin, uint64_t rank)
{
    while (bin->n <= rank)
        rank -= bin++->n;
    return key_bin(bin->key);
}

static void rank_bins(struct ranking *q, uint32_t range)
{
    uint64_t n, end;
    struct binned *bin = bins_of(&q->s->range[range], &n);

    for (uint64_t i = 0; i < n; i = end) {
        uint64_t group = (uint64_t)range << RANGE_BITS | bin[i].key >> 32, all = 0;

        for (end = i; end < n && bin[end].key >> 32 == bin[i].key >> 32; end++)
            all += bin[end].n;
        q->count[group] = all;
        for (unsigned k = 0; k < q->n_pct; k++)
            q->value[group * q->n_pct + k] =
                bin_value(ranked_bin(&bin[i], nearest_rank(q->pct[k], all)));
    }
    free(bin);
}

static void rank_some(void *ctx, unsigned worker)
{
    struct ranking *q = ctx;
    double *room = q->s->sketch ? NULL : xmalloc_huge(2 * q->largest * sizeof(*room));
    struct wanted *w = xcalloc(MAX(q->n_pct, 1u), sizeof(*w));
    uint32_t k;

    (void)worker;
    while ((k = atomic_fetch_add(&q->next, 1)) < q->s->n_range) {
        if (range_n(&q->s->range[k]) == 0)
            continue;
        if (q->s->sketch)
            rank_bins(q, k);
        else
            rank_values(q, k, room, w);
    }
    free(w);
    free(room);
}

static unsigned *order_of_percentiles(const double *pct, unsigned n)
{
    unsigned *order = xcalloc(MAX(n, 1u), sizeof(*order));

    for (unsigned i = 0; i < n; i++) {
        unsigned k = i;

        for (; k > 0 && pct[order[k - 1]] > pct[i]; k--)
            order[k] = order[k - 1];
        order[k] = i;
    }
    return order;
}

void samples_rank(struct samples *s, const double *pct, unsigned n_pct, double *value,
                  uint64_t *count, unsigned threads)
{
    unsigned *order = order_of_percentiles(pct, n_pct);
    struct ranking q = {
        .s = s, .pct = pct, .order = order, .n_pct = n_pct, .value = value, .count = count};

    for (uint32_t k = 0; k < s->n_range; k++)
        q.largest = MAX(q.largest, range_n(&s->range[k]));
    parallel_run(parallel_threads(threads, s->n_range), rank_some, &q);
    free(order);
}
