/* group_peek.c - groups of the rows looked at so far, while the threads that count go on.
 *
 * The threads' groupers are nobody else's, so each adds a copy of its own to a sum when it is
 * between two batches anyway; the last one to do so makes the table. What counts is not touched. */
#include <pthread.h>

#include "group_impl.h"
#include "parallel.h"
#include "xalloc.h"

#define MEMORY_SHARE 16 /* a sum takes no more than 1/16 of the memory that there may be */

struct hand {
    struct grouper *g;
    _Atomic uint64_t rows; /* the thread itself writes it */
    unsigned round;        /* the last one that it added to */
    bool ended;            /* or not begun: at rest */
};

struct group_rounds {
    const struct group_peek *peek;
    const struct rowset *r;
    bool any_order;
    unsigned n;
    atomic_uint round;
    atomic_bool open;     /* it is going on */
    pthread_mutex_t lock; /* guards what follows */
    struct grouper *sum;  /* NULL: too large */
    struct sample_budget budget;
    unsigned missing;
    uint64_t rows, bytes;
    struct hand hand[PARALLEL_MAX];
};

static struct grouper *empty_like(const struct grouper *g, struct sample_budget *budget)
{
    *budget = (struct sample_budget){.max = UINT64_MAX};
    return grouper_new(g->cmd, budget);
}

static bool too_large(uint64_t bytes)
{
    return bytes > membudget_limit() / MEMORY_SHARE;
}

struct group_rounds *group_rounds_new(const struct group_peek *peek, const struct rowset *r,
                                      struct grouper *const *g, unsigned threads, bool any_order)
{
    struct group_rounds *s = xcalloc(1, sizeof(*s));

    s->peek = peek;
    s->r = r;
    s->any_order = any_order;
    s->n = threads;
    pthread_mutex_init(&s->lock, NULL);
    for (unsigned k = 0; k < threads; k++)
        s->hand[k] = (struct hand){.g = g[k], .ended = true};
    return s;
}

void group_rounds_free(struct group_rounds *s)
{
    if (!s)
        return;
    grouper_free(s->sum);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

/* What thread k has; the last one shows the sum. */
static void add(struct group_rounds *s, unsigned k)
{
    struct hand *h = &s->hand[k];
    struct group_table *t = NULL;

    h->round = s->round;
    s->rows += h->rows;
    s->bytes += h->g->lease.held;
    if (s->sum && too_large(s->bytes)) {
        grouper_free(s->sum);
        s->sum = NULL;
    }
    if (s->sum)
        grouper_merge(s->sum, h->g, true);
    if (--s->missing)
        return;
    if (s->sum)
        t = grouper_table(s->sum, 1, s->any_order);
    grouper_free(s->sum);
    s->sum = NULL;
    s->peek->show(s->peek->ctx, t, s->rows);
    s->open = false;
}

static void open_round(struct group_rounds *s)
{
    s->round++;
    s->open = true;
    s->missing = s->n;
    s->rows = s->bytes = 0;
    s->sum = empty_like(s->hand[0].g, &s->budget);
    for (unsigned k = 0; k < s->sum->cmd->n_by; k++)
        group_key_plan(&s->sum->key[k], s->r);
    for (unsigned k = 0; k < s->n; k++)
        if (s->hand[k].ended)
            add(s, k);
}

void group_rounds_begin(struct group_rounds *s, unsigned k)
{
    pthread_mutex_lock(&s->lock);
    s->hand[k].ended = false;
    s->hand[k].round = s->round;
    pthread_mutex_unlock(&s->lock);
}

static uint64_t rows_so_far(const struct group_rounds *s)
{
    uint64_t rows = 0;

    for (unsigned k = 0; k < s->n; k++)
        rows += atomic_load_explicit(&s->hand[k].rows, memory_order_relaxed);
    return rows;
}

void group_rounds_step(struct group_rounds *s, unsigned k, uint32_t rows)
{
    struct hand *h = &s->hand[k];

    atomic_fetch_add_explicit(&h->rows, rows, memory_order_relaxed);
    if (h->round == s->round && (s->open || !s->peek->due(s->peek->ctx, rows_so_far(s))))
        return;
    pthread_mutex_lock(&s->lock);
    if (h->round == s->round && !s->open)
        open_round(s);
    if (h->round != s->round)
        add(s, k);
    pthread_mutex_unlock(&s->lock);
}

void group_rounds_end(struct group_rounds *s, unsigned k)
{
    pthread_mutex_lock(&s->lock);
    s->hand[k].ended = true;
    if (s->open && s->hand[k].round != s->round)
        add(s, k);
    pthread_mutex_unlock(&s->lock);
}

struct group_table *grouper_so_far(struct grouper *g, bool any_order)
{
    struct sample_budget budget;
    struct grouper *copy;
    struct group_table *t;

    if (too_large(g->lease.held))
        return NULL;
    copy = empty_like(g, &budget);
    grouper_merge(copy, g, true);
    t = grouper_table(copy, 1, any_order);
    grouper_free(copy);
    return t;
}
