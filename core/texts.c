/* texts.c - see texts.h. A batch goes through the table step by step: hash, fetch the slots, fetch
 * what they point at, compare. */
#define XXH_INLINE_ALL
#include "texts.h"

#include <xxhash.h>

#include "value.h"
#include "xalloc.h"

#define MIN_SLOTS 256u
#define LARGE_SLOTS 4096u /* a table that does not fit the innermost cache */
#define RECENT_BITS 9
#define N_RECENT (1u << RECENT_BITS)

/* The first 16 bytes, zeros behind the end. */
struct head {
    uint64_t a, b;
};

#define NO_TEXT 0 /* the length of what stands for none: no text that is looked up is empty */

struct known_text {
    struct head head;
    const char *ptr;
    uint32_t len;
};

struct text_slot {
    uint32_t hash;
    uint32_t code; /* 0 = free */
};

/* A text that is not among the recent ones. */
struct lookup {
    struct head head;
    uint32_t hash;
    uint32_t row;
    uint32_t *recent; /* where it is to be kept */
};

static inline struct head head_of(struct slice s)
{
    static const struct head keep[17] = {
#define KEEP(n) (~UINT64_C(0) >> (64 - 8 * (n)))
        {0, 0},
        {KEEP(1), 0},
        {KEEP(2), 0},
        {KEEP(3), 0},
        {KEEP(4), 0},
        {KEEP(5), 0},
        {KEEP(6), 0},
        {KEEP(7), 0},
        {KEEP(8), 0},
        {KEEP(8), KEEP(1)},
        {KEEP(8), KEEP(2)},
        {KEEP(8), KEEP(3)},
        {KEEP(8), KEEP(4)},
        {KEEP(8), KEEP(5)},
        {KEEP(8), KEEP(6)},
        {KEEP(8), KEEP(7)},
        {KEEP(8), KEEP(8)},
#undef KEEP
    };
    const struct head *k = &keep[MIN(s.len, (size_t)16)];

    return (struct head){load_8(s.ptr) & k->a, load_8(s.ptr + 8) & k->b};
}

/* Its upper bits tell texts apart that were met lately; finish() makes a hash of it. */
static inline uint64_t mix(uint64_t a, uint64_t b, size_t len)
{
    return (a ^ len) * UINT64_C(0x9e3779b97f4a7c15) + (b ^ b >> 29) * UINT64_C(0xc2b2ae3d27d4eb4f);
}

static inline uint32_t finish(uint64_t mixed)
{
    return (uint32_t)((mixed ^ mixed >> 32) * UINT64_C(0xd6e8feb86659fd93) >> 32);
}

static inline bool is_known(const struct known_text *k, struct slice s, struct head head)
{
    return k->head.a == head.a && k->head.b == head.b && k->len == s.len &&
           (s.len <= 16 || memcmp(k->ptr + 16, s.ptr + 16, s.len - 16) == 0);
}

static void make_room(struct texts *t, uint32_t n)
{
    uint32_t slots = MAX(t->n_slot, MIN_SLOTS);
    struct text_slot *fresh;

    GROW(t->known, t->cap, n + 1);
    while ((uint64_t)slots < (uint64_t)n * 2)
        slots *= 2;
    if (slots == t->n_slot)
        return;
    fresh = xcalloc(slots, sizeof(*fresh));
    for (uint32_t k = 0; k < t->n_slot; k++) {
        uint32_t i = t->slot[k].hash & (slots - 1);

        if (!t->slot[k].code)
            continue;
        while (fresh[i].code)
            i = (i + 1) & (slots - 1);
        fresh[i] = t->slot[k];
    }
    free(t->slot);
    t->slot = fresh;
    t->n_slot = slots;
}

/* Of all bytes of a short text; of a long one both ends, which tell enough to find it again among a
 * few: those of its words that mix() takes. */
static inline struct head ends_of(struct slice s, struct head head)
{
    if (s.len <= 16)
        return head;
    return (struct head){head.a ^ load_8(s.ptr + s.len - 8), load_8(s.ptr + s.len - 16)};
}

static inline uint32_t hash_of(struct slice s, uint64_t mixed)
{
    return s.len <= 16 ? finish(mixed) : (uint32_t)(XXH3_64bits(s.ptr, s.len) >> 32);
}

/* What was met lately has its code at once; what was not must be looked up in the table. */
static unsigned find_recent(const struct texts *t, const struct slice *text, unsigned n,
                            uint32_t *code, struct lookup *todo)
{
    const struct known_text *known = t->known;
    uint32_t *recent = t->recent;
    uint32_t mask = t->n_slot - 1;
    unsigned n_todo = 0;

    for (unsigned i = 0; i < n; i++) {
        struct slice s = text[i];
        struct head head, ends;
        uint64_t mixed;
        uint32_t *met;
        struct lookup *l;

        code[i] = 0;
        if (value_missing(s))
            continue;
        head = head_of(s);
        ends = ends_of(s, head);
        mixed = mix(ends.a, ends.b, s.len);
        met = &recent[mixed >> (64 - RECENT_BITS)];
        code[i] = *met;
        if (likely(is_known(&known[*met], s, head)))
            continue;
        l = &todo[n_todo++];
        *l = (struct lookup){.head = head, .hash = hash_of(s, mixed), .row = i, .recent = met};
        __builtin_prefetch(&t->slot[l->hash & mask]);
    }
    return n_todo;
}

/* Fetches what the slots point at. */
static void fetch(const struct texts *t, const struct lookup *todo, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        uint32_t code = t->slot[todo[i].hash & (t->n_slot - 1)].code;

        if (code)
            __builtin_prefetch(&t->known[code]);
    }
}

static uint32_t find_or_add(struct texts *t, struct arena *mem, struct slice s,
                            const struct lookup *l)
{
    uint32_t mask = t->n_slot - 1, i = l->hash & mask;

    for (; t->slot[i].code; i = (i + 1) & mask)
        if (t->slot[i].hash == l->hash && is_known(&t->known[t->slot[i].code], s, l->head))
            return t->slot[i].code;
    t->known[++t->n] = (struct known_text){l->head, arena_keep(mem, s).ptr, (uint32_t)s.len};
    t->slot[i] = (struct text_slot){l->hash, t->n};
    return t->n;
}

void texts_find(struct texts *t, struct arena *mem, const struct slice *text, unsigned n,
                uint32_t *code)
{
    struct lookup todo[TEXTS_BATCH];
    unsigned n_todo;

    BUG_ON(n > TEXTS_BATCH);
    if (!t->recent) {
        t->recent = xcalloc(N_RECENT, sizeof(*t->recent));
        make_room(t, TEXTS_BATCH);
        t->known[0] = (struct known_text){.len = NO_TEXT};
    }
    n_todo = find_recent(t, text, n, code, todo);
    if (!n_todo)
        return;
    make_room(t, t->n + n_todo);
    if (t->n_slot >= LARGE_SLOTS)
        fetch(t, todo, n_todo);
    for (unsigned i = 0; i < n_todo; i++) {
        const struct lookup *l = &todo[i];

        code[l->row] = find_or_add(t, mem, text[l->row], l);
        *l->recent = code[l->row];
    }
}

void texts_list(const struct texts *t, uint32_t from, struct slice *out)
{
    for (uint32_t k = from; k < t->n; k++)
        out[k - from] = slice_of(t->known[k + 1].ptr, t->known[k + 1].len);
}

void texts_clear(struct texts *t)
{
    if (!t->n)
        return;
    memset(t->slot, 0, t->n_slot * sizeof(*t->slot));
    memset(t->recent, 0, N_RECENT * sizeof(*t->recent));
    t->n = 0;
}

void texts_release(struct texts *t)
{
    free(t->known);
    free(t->slot);
    free(t->recent);
    *t = (struct texts){0};
}
