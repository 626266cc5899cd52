/* dict.c - entries in chunks of doubling size, so that an id finds its chunk by its leading bit
 * and no entry ever moves; texts in an arena of blocks; an open-addressed table of (hash, id)
 * that only interning touches. The first ids may be adopted ones, which stand in blocks that are
 * somebody else's and have no entries. */
#define XXH_INLINE_ALL
#include "dict.h"

#include <pthread.h>
#include <stdatomic.h>
#include <xxhash.h>

#include "membudget.h"
#include "xalloc.h"

#define FIRST_CHUNK 1024
#define N_CHUNKS 23 /* 1024 * (2^23 - 1) entries: more than 32 bits number */
#define MIN_SLOTS ((size_t)1024)
#define TEXT_BLOCK (64 * 1024)

struct entry {
    const char *ptr;
    uint32_t len;
};

struct text_block {
    struct text_block *next;
    char bytes[];
};

struct slot {
    uint32_t hash; /* upper half */
    uint32_t id;   /* + 1; 0 = free */
};

struct dict {
    _Atomic uint32_t count;
    const struct dict_block *adopted; /* with what follows made before the first id is given */
    uint32_t *first;                  /* id of each block */
    uint32_t n_block, n_adopted;
    struct entry *_Atomic chunk[N_CHUNKS];
    pthread_mutex_t lock; /* guards the rest */
    struct slot *slot;
    size_t n_slot;
    uint32_t n_found; /* ids below this are in the table; others were adopted */
    struct text_block *blocks;
    char *free;
    size_t left;
    _Atomic size_t bytes;
    struct memlease memory; /* of those */
};

struct dict *dict_new(void)
{
    struct dict *d = xcalloc(1, sizeof(*d));

    d->memory.use = MEMORY_TEXTS;
    pthread_mutex_init(&d->lock, NULL);
    return d;
}

void dict_free(struct dict *d)
{
    if (!d)
        return;
    for (unsigned i = 0; i < N_CHUNKS; i++)
        free(d->chunk[i]);
    while (d->blocks) {
        struct text_block *b = d->blocks;
        d->blocks = b->next;
        free(b);
    }
    free((void *)(uintptr_t)d->adopted);
    free(d->first);
    free(d->slot);
    memlease_release(&d->memory);
    pthread_mutex_destroy(&d->lock);
    free(d);
}

static void add_bytes(struct dict *d, size_t n)
{
    d->bytes += n;
    memlease_force(&d->memory, d->bytes);
}

uint64_t dict_hash(struct slice s)
{
    return XXH3_64bits(s.ptr ? s.ptr : "", s.len);
}

/* Of an id that was not adopted. */
static struct entry *entry_at(const struct dict *d, uint32_t id)
{
    uint32_t at = id - d->n_adopted;
    unsigned k = 31 - (unsigned)__builtin_clz(at / FIRST_CHUNK + 1);
    uint32_t first = FIRST_CHUNK * ((1u << k) - 1);
    struct entry *chunk = atomic_load_explicit(&d->chunk[k], memory_order_acquire);

    return chunk + (at - first);
}

static struct slice adopted_at(const struct dict *d, uint32_t id)
{
    uint32_t lo = 0, hi = d->n_block;
    const struct dict_block *b;

    while (hi - lo > 1) {
        uint32_t mid = lo + (hi - lo) / 2;

        if (d->first[mid] <= id)
            lo = mid;
        else
            hi = mid;
    }
    b = &d->adopted[lo];
    id -= d->first[lo];
    return slice_of(b->bytes + b->off[id], b->off[id + 1] - b->off[id]);
}

static inline struct slice text_at(const struct dict *d, uint32_t id)
{
    const struct entry *e;

    if (id < d->n_adopted)
        return adopted_at(d, id);
    e = entry_at(d, id);
    return slice_of(e->ptr, e->len);
}

static const char *keep_text(struct dict *d, struct slice s)
{
    char *p;

    if (s.len > d->left) {
        size_t n = MAX(s.len, (size_t)TEXT_BLOCK);
        struct text_block *b = xmalloc(sizeof(*b) + n);

        b->next = d->blocks;
        d->blocks = b;
        d->free = b->bytes;
        d->left = n;
        add_bytes(d, sizeof(*b) + n);
    }
    p = d->free;
    if (s.len)
        memcpy(p, s.ptr, s.len);
    d->free += s.len;
    d->left -= s.len;
    return p;
}

static struct entry *append_entry(struct dict *d)
{
    uint32_t id = atomic_load_explicit(&d->count, memory_order_relaxed);
    unsigned k = 31 - (unsigned)__builtin_clz((id - d->n_adopted) / FIRST_CHUNK + 1);

    BUG_ON(id == UINT32_MAX - 1);
    if (!d->chunk[k]) {
        struct entry *chunk = xmalloc(((size_t)FIRST_CHUNK << k) * sizeof(*chunk));
        atomic_store_explicit(&d->chunk[k], chunk, memory_order_release);
        add_bytes(d, ((size_t)FIRST_CHUNK << k) * sizeof(*chunk));
    }
    return entry_at(d, id);
}

static uint32_t append(struct dict *d, struct slice s)
{
    struct entry *e = append_entry(d);

    e->ptr = keep_text(d, s);
    e->len = (uint32_t)s.len;
    return atomic_fetch_add_explicit(&d->count, 1, memory_order_release);
}

static void drop_slots(struct dict *d)
{
    free(d->slot);
    d->slot = NULL;
    d->bytes -= d->n_slot * sizeof(*d->slot);
    d->n_slot = 0;
    memlease_force(&d->memory, d->bytes);
}

static void make_slots(struct dict *d, size_t n)
{
    struct slot *fresh = xcalloc(n, sizeof(*fresh));

    for (uint32_t id = 0; id < d->count; id++) {
        uint64_t h = dict_hash(text_at(d, id));
        size_t i = h & (n - 1);

        while (fresh[i].id)
            i = (i + 1) & (n - 1);
        fresh[i] = (struct slot){(uint32_t)(h >> 32), id + 1};
    }
    drop_slots(d);
    d->slot = fresh;
    d->n_slot = n;
    add_bytes(d, n * sizeof(*fresh));
    d->n_found = d->count;
}

/* The slot of a text, free if it has none. */
static struct slot *slot_of(struct dict *d, struct slice s, uint64_t h)
{
    size_t mask = d->n_slot - 1, i = h & mask;

    for (; d->slot[i].id; i = (i + 1) & mask) {
        if (d->slot[i].hash == (uint32_t)(h >> 32)) {
            if (slice_eq(text_at(d, d->slot[i].id - 1), s))
                break;
        }
    }
    return &d->slot[i];
}

static uint32_t intern_one(struct dict *d, struct slice s, uint64_t h)
{
    struct slot *slot = slot_of(d, s, h);
    uint32_t id;

    if (slot->id)
        return slot->id - 1;
    id = append(d, s);
    *slot = (struct slot){(uint32_t)(h >> 32), id + 1};
    if (((size_t)id + 1) * 2 > d->n_slot)
        make_slots(d, d->n_slot * 2);
    d->n_found = id + 1;
    return id;
}

/* Texts that were adopted get into the table when somebody looks for one. */
static void complete_slots(struct dict *d)
{
    size_t slots = MAX(d->n_slot, MIN_SLOTS);

    if (d->slot && d->n_found == d->count)
        return;
    while (slots < (size_t)d->count * 2)
        slots *= 2;
    make_slots(d, slots);
}

/* A large dictionary lies in no cache and every look-up misses three times (slot, entry, text), so
 * a few go step by step: their misses overlap. */
#define AHEAD 16u

static void fetch(const struct dict *d, const uint64_t *hash, unsigned n)
{
    size_t mask = d->n_slot - 1;

    for (unsigned i = 0; i < n; i++)
        __builtin_prefetch(&d->slot[hash[i] & mask]);
    for (unsigned i = 0; i < n; i++) {
        uint32_t id = d->slot[hash[i] & mask].id;

        if (id > d->n_adopted)
            __builtin_prefetch(entry_at(d, id - 1));
    }
    for (unsigned i = 0; i < n; i++) {
        uint32_t id = d->slot[hash[i] & mask].id;

        if (id)
            __builtin_prefetch(text_at(d, id - 1).ptr);
    }
}

void dict_intern(struct dict *d, const struct slice *text, const uint64_t *hash, uint32_t *id,
                 unsigned n)
{
    pthread_mutex_lock(&d->lock);
    complete_slots(d);
    for (unsigned from = 0, m; from < n; from += m) {
        m = MIN(n - from, AHEAD);
        if (m > 1)
            fetch(d, hash + from, m);
        for (unsigned i = from; i < from + m; i++)
            id[i] = intern_one(d, text[i], hash[i]);
    }
    pthread_mutex_unlock(&d->lock);
}

uint32_t dict_add(struct dict *d, struct slice text)
{
    uint64_t h = dict_hash(text);
    uint32_t id;

    dict_intern(d, &text, &h, &id, 1);
    return id;
}

struct slice dict_keep(struct dict *d, struct slice text)
{
    return dict_text(d, dict_add(d, text));
}

bool dict_find(struct dict *d, struct slice text, uint32_t *id)
{
    const struct slot *slot;

    pthread_mutex_lock(&d->lock);
    complete_slots(d);
    slot = slot_of(d, text, dict_hash(text));
    *id = slot->id - 1;
    pthread_mutex_unlock(&d->lock);
    return *id != UINT32_MAX;
}

void dict_adopt(struct dict *d, const struct dict_block *block, uint32_t n)
{
    uint64_t all = 0;

    BUG_ON(dict_count(d) != 0);
    pthread_mutex_lock(&d->lock);
    d->adopted = xmemdup(block, n * sizeof(*block));
    d->first = xcalloc(n, sizeof(*d->first));
    d->n_block = n;
    for (uint32_t i = 0; i < n; all += block[i++].n)
        d->first[i] = (uint32_t)all;
    BUG_ON(all >= UINT32_MAX);
    d->n_adopted = (uint32_t)all;
    add_bytes(d, n * (sizeof(*block) + sizeof(*d->first)));
    atomic_store_explicit(&d->count, (uint32_t)all, memory_order_release);
    pthread_mutex_unlock(&d->lock);
}

uint32_t dict_count(const struct dict *d)
{
    return atomic_load_explicit(&d->count, memory_order_acquire);
}

struct slice dict_text(const struct dict *d, uint32_t id)
{
    BUG_ON(id >= dict_count(d));
    return text_at(d, id);
}

size_t dict_bytes(const struct dict *d)
{
    return d->bytes;
}

void dict_rest(struct dict *d)
{
    pthread_mutex_lock(&d->lock);
    drop_slots(d);
    pthread_mutex_unlock(&d->lock);
}
