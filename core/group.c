/* group.c - stats a, b by k1, k2: the groups, and the threads that fill them.
 *
 * Each key value becomes a small number (group_key.c); the numbers of a row make the group;
 * group_scan.c does that for whole stretches of rows, and group_agg.c adds up. Each thread has a
 * grouper of its own, and they are merged in the end. */
#include <inttypes.h>
#include <stdio.h>

#include "group_impl.h"
#include "parallel.h"
#include "xalloc.h"

/* --- the table of groups --- */

static uint64_t tuple_hash(const uint32_t *id, unsigned n)
{
    uint64_t h = 0x9E3779B97F4A7C15u;

    for (unsigned i = 0; i < n; i++)
        h = (h ^ id[i]) * 0xD6E8FEB86659FD93u ^ h >> 32;
    return h ^ h >> 29;
}

static void rehash(struct grouper *g)
{
    unsigned n_by = g->cmd->n_by;

    g->n_slot = g->n_slot ? g->n_slot * 2 : 1024;
    free(g->slot);
    g->slot = xcalloc(g->n_slot, sizeof(*g->slot));
    for (size_t k = 0; k < g->n_group; k++) {
        size_t i = tuple_hash(g->tuple + k * n_by, n_by) & (g->n_slot - 1);
        while (g->slot[i])
            i = (i + 1) & (g->n_slot - 1);
        g->slot[i] = (uint32_t)k + 1;
    }
}

/* Room for groups below n. */
static void grow_groups(struct grouper *g, size_t n)
{
    size_t cap = MAX(MAX(n, 2 * g->cap_group), (size_t)64), words = BITS_WORDS(g->cap_group);

    g->seen = xreallocarray(g->seen, BITS_WORDS(cap), sizeof(*g->seen));
    memset(g->seen + words, 0, (BITS_WORDS(cap) - words) * sizeof(*g->seen));
    if (g->cmd->n_by > 1)
        g->tuple = xreallocarray(g->tuple, cap, g->cmd->n_by * sizeof(*g->tuple));
    for (unsigned i = 0; i < g->cmd->n_agg; i++)
        group_agg_grow(&g->agg[i], g->cap_group, cap);
    g->cap_group = cap;
}

static uint32_t find_tuple(struct grouper *g, const uint32_t *id)
{
    unsigned n_by = g->cmd->n_by;
    size_t i;

    if ((g->n_group + 1) * 2 > g->n_slot)
        rehash(g);
    for (i = tuple_hash(id, n_by) & (g->n_slot - 1); g->slot[i]; i = (i + 1) & (g->n_slot - 1))
        if (memcmp(g->tuple + (size_t)(g->slot[i] - 1) * n_by, id, n_by * sizeof(*id)) == 0)
            return g->slot[i] - 1;
    g->slot[i] = (uint32_t)g->n_group + 1;
    return g->slot[i] - 1;
}

uint32_t group_of(struct grouper *g, const uint32_t *id)
{
    unsigned n_by = g->cmd->n_by;
    uint32_t group = n_by == 0 ? 0 : n_by == 1 ? id[0] : find_tuple(g, id);

    if (group >= g->cap_group)
        grow_groups(g, MAX((size_t)group + 1, n_by == 1 ? g->key[0].base : 0));
    if (!group_seen(g, group)) {
        bit_set(g->seen, group);
        g->n_seen++;
        g->n_group = MAX(g->n_group, (size_t)group + 1);
        if (n_by > 1)
            memcpy(g->tuple + (size_t)group * n_by, id, n_by * sizeof(*id));
    }
    return group;
}

/* --- groupers --- */

void grouper_free(struct grouper *g)
{
    if (!g)
        return;
    for (unsigned k = 0; k < g->cmd->n_by; k++)
        group_key_release(&g->key[k]);
    group_aggs_free(g->agg, g->cmd->n_agg);
    free(g->key);
    free(g->seen);
    free(g->tuple);
    free(g->slot);
    dict_free(g->distinct);
    dict_free(g->kept);
    strbuf_release(&g->text);
    memlease_release(&g->lease);
    free(g);
}

struct grouper *grouper_new(const struct query_cmd *stats, struct sample_budget *budget)
{
    struct grouper *g = xcalloc(1, sizeof(*g));

    g->cmd = stats;
    g->lease.use = MEMORY_GROUPS;
    g->distinct = dict_new();
    g->kept = dict_new();
    g->key = xcalloc(MAX(stats->n_by, 1u), sizeof(*g->key));
    for (unsigned k = 0; k < stats->n_by; k++)
        group_key_init(&g->key[k], &stats->by[k]);
    g->agg = group_aggs_new(stats, budget);
    for (unsigned i = 0; i < stats->n_agg; i++)
        g->places |= stats->agg[i].agg == AGG_EARLIEST || stats->agg[i].agg == AGG_LATEST;
    return g;
}

/* A small query holds little and need not ask often. */
#define LEASE_STEP ((size_t)1 << 20)

bool grouper_settle(struct grouper *g)
{
    size_t width = 1, n;

    for (unsigned i = 0; i < g->cmd->n_agg; i++)
        width += group_agg_width(&g->agg[i]);
    width += g->cmd->n_by > 1 ? g->cmd->n_by * sizeof(*g->tuple) : 0;
    n = g->n_seen * width + g->n_slot * sizeof(*g->slot) + dict_bytes(g->distinct) +
        dict_bytes(g->kept);
    for (unsigned k = 0; k < g->cmd->n_by; k++)
        n += group_key_bytes(&g->key[k]);
    for (unsigned i = 0; i < g->cmd->n_agg; i++) {
        if (!g->agg[i].samples)
            continue;
        samples_settle(g->agg[i].samples);
        n += samples_bytes(g->agg[i].samples);
    }
    n += LEASE_STEP - n % LEASE_STEP;
    return n == g->lease.held || memlease_resize(&g->lease, n);
}

uint64_t grouper_groups(const struct grouper *g)
{
    return g->n_seen;
}

static bool not_reached(const struct expr *e, const struct segment *seg, struct val v)
{
    int field;

    if (!seg || v.kind != VAL_NUM || v.num != -1 || e->kind != EX_FIELD ||
        e->field->pseudo != PF_NONE)
        return false;
    field = e->field->per_type[seg->lt->id];
    return field >= 0 && (seg->lt->field[field]->flags & FF_NEG1);
}

struct val group_value(const struct query_item *it, const struct row_access *access,
                       const struct group_place *at)
{
    struct val v;

    strbuf_reset(access->scratch);
    v = expr_eval(it->expr, access);
    if (v.kind == VAL_JSON || not_reached(it->expr, at->seg, v))
        v.kind = VAL_MISSING;
    return v;
}

struct val group_key_eval(const struct query_item *key, const struct row_access *access)
{
    int64_t w = key->bin_us;
    struct val v;

    strbuf_reset(access->scratch);
    v = expr_eval(key->expr, access);
    if (w && v.kind == VAL_TIME)
        v.time_us -= ((v.time_us % w) + w) % w;
    return v;
}

void grouper_put(struct grouper *g, const struct val *key, const struct val *val,
                 const struct rowkey *at)
{
    uint32_t id[MAX_KEYS], group;

    for (unsigned k = 0; k < g->cmd->n_by; k++)
        id[k] = group_key_id(&g->key[k], key[k], &g->text);
    group = group_of(g, id);
    for (unsigned i = 0; i < g->cmd->n_agg; i++)
        if (g->agg[i].of == i && val[i].kind != VAL_MISSING)
            group_add_value(g, group, i, val[i], at);
}

void grouper_add(struct grouper *g, const struct row_access *access, const struct group_place *at)
{
    uint32_t id[MAX_KEYS], group;

    for (unsigned k = 0; k < g->cmd->n_by; k++)
        id[k] = group_key_id(&g->key[k], group_key_eval(g->key[k].item, access), &g->text);
    group = group_of(g, id);
    for (unsigned i = 0; i < g->cmd->n_agg; i++) {
        const struct query_item *it = g->agg[i].item;
        struct val v = {.kind = VAL_NUM};

        if (g->agg[i].of != i)
            continue;
        if (it->expr)
            v = group_value(it, access, at);
        if (v.kind != VAL_MISSING)
            group_add_value(g, group, i, v, &at->key);
    }
}

/* --- merging --- */

void grouper_merge(struct grouper *g, struct grouper *o, bool keep)
{
    const struct query_cmd *cmd = g->cmd;
    uint32_t *here = xcalloc(MAX(o->n_group, (size_t)1), sizeof(*here));

    for (uint32_t i = 0; i < o->n_group; i++) {
        uint32_t id[MAX_KEYS] = {0};

        if (!group_seen(o, i))
            continue;
        for (unsigned k = 0; k < cmd->n_by; k++) {
            uint32_t there = cmd->n_by == 1 ? i : o->tuple[(size_t)i * cmd->n_by + k];

            id[k] = there < g->key[k].base
                        ? there
                        : group_key_id(&g->key[k], group_key_val(&o->key[k], there), &g->text);
        }
        here[i] = group_of(g, id);
    }
    group_aggs_merge(g, o, here, keep);
    free(here);
}

/* --- all rows of a set --- */

struct crew {
    struct session *s;
    const struct rowset *r;
    const atomic_bool *cancel;
    struct group_rounds *rounds; /* NULL: nobody looks */
    struct grouper *g[PARALLEL_MAX];
    atomic_uint next;
    atomic_bool failed;
};

struct hand { /* of a crew */
    struct crew *crew;
    unsigned number;
};

static bool go_on(void *ctx, uint32_t rows)
{
    const struct hand *h = ctx;
    const struct crew *c = h->crew;

    if ((c->cancel && *c->cancel) || !grouper_settle(c->g[h->number]))
        return false;
    if (c->rounds)
        group_rounds_step(c->rounds, h->number, rows);
    return true;
}

static void group_some(void *ctx, unsigned worker)
{
    struct crew *c = ctx;
    struct hand hand = {c, worker};
    struct rowview view;
    uint32_t i;

    rowview_init(&view, c->s);
    if (c->rounds)
        group_rounds_begin(c->rounds, worker);
    while (!c->failed && (i = atomic_fetch_add(&c->next, 1)) < c->r->snap->n)
        if (c->r->count[i] && !group_scan(c->g[worker], c->r, i, &view, go_on, &hand))
            c->failed = true;
    if (c->rounds)
        group_rounds_end(c->rounds, worker);
    rowview_release(&view);
}

/* The values that percentiles may keep: a quarter of what memory there may be. */
uint64_t group_max_samples(void)
{
    return membudget_limit() == UINT64_MAX ? UINT64_MAX : membudget_limit() / 4 / SAMPLE_BYTES;
}

bool group_keys_fit(const struct query_cmd *stats, struct err *e)
{
    if (stats->n_by > MAX_KEYS)
        err_set(e, ERR_LIMIT, "more than %u keys", MAX_KEYS);
    return stats->n_by <= MAX_KEYS;
}

int group_too_many(uint64_t groups, struct err *e)
{
    char help[200];

    snprintf(help, sizeof(help),
             "%" PRIu64 " groups and more; group by fewer or coarser keys, filter more, give more "
             "--memory, or --spill=DIR for a folder to write to",
             groups);
    return membudget_fail(e, help);
}

/* NULL: cancelled, or out of memory; *groups: how many there were. */
static struct group_table *in_memory(struct session *s, const struct rowset *r,
                                     const struct query_cmd *stats, bool any_order,
                                     const struct group_peek *peek, const atomic_bool *cancel,
                                     uint64_t *groups)
{
    struct crew crew = {.s = s, .r = r, .cancel = cancel};
    unsigned n = parallel_threads(session_threads(s), r->snap->n);
    struct sample_budget budget = {.max = group_max_samples()};
    struct group_table *t = NULL;

    for (unsigned i = 0; i < n; i++) {
        crew.g[i] = grouper_new(stats, &budget);
        for (unsigned k = 0; k < stats->n_by; k++)
            group_key_plan(&crew.g[i]->key[k], r);
    }
    if (peek)
        crew.rounds = group_rounds_new(peek, r, crew.g, n, any_order);
    parallel_run(n, group_some, &crew);
    group_rounds_free(crew.rounds);
    for (unsigned i = 0; i < n; i++) { /* what one thread came to know last is for all */
        crew.failed |= !grouper_settle(crew.g[i]) || (session_spill(s) && budget.sketch);
        *groups += crew.g[i]->n_seen;
    }
    for (unsigned i = 1; i < n; i++) {
        if (!crew.failed)
            grouper_merge(crew.g[0], crew.g[i], false);
        grouper_free(crew.g[i]);
    }
    if (!crew.failed)
        t = grouper_table(crew.g[0], session_threads(s), any_order);
    grouper_free(crew.g[0]);
    return t;
}

struct group_table *group_compute(struct session *s, const struct rowset *r,
                                  const struct query_cmd *stats, bool any_order,
                                  const struct group_peek *peek, const atomic_bool *cancel,
                                  struct err *e)
{
    struct group_table *t;
    uint64_t groups = 0;

    if (!group_keys_fit(stats, e))
        return NULL;
    t = in_memory(s, r, stats, any_order, peek, cancel, &groups);
    if (t)
        return t;
    if (cancel && *cancel)
        err_set(e, ERR_CANCEL, "stopped");
    else if (session_spill(s))
        return group_spilled(s, r, stats, cancel, e);
    else
        group_too_many(groups, e);
    return NULL;
}
