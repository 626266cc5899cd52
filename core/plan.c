/* plan.c - a list of steps with their depth. Times of tests are added up over the threads, those of
 * steps are by the clock. */
#include "plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "filter.h"
#include "xalloc.h"

#define COLUMNS 7

struct plan_step {
    unsigned depth, threads; /* threads 0: as the step around it */
    struct strbuf what, how;
    uint64_t rows_in, rows_out, bytes, ns; /* ns: when it began, until it ends */
    bool ended;
};

struct plan {
    struct plan_step *step;
    size_t n, cap;
    unsigned depth;
};

static const char *const way_name[] = {
#define WAY(id, name) name,
    FILTER_WAYS(WAY)
#undef WAY
};

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

struct plan *plan_new(void)
{
    return xcalloc(1, sizeof(struct plan));
}

void plan_free(struct plan *p)
{
    for (size_t i = 0; p && i < p->n; i++) {
        strbuf_release(&p->step[i].what);
        strbuf_release(&p->step[i].how);
    }
    if (p)
        free(p->step);
    free(p);
}

static struct plan_step *add_step(struct plan *p, unsigned depth)
{
    GROW(p->step, p->cap, p->n + 1);
    p->step[p->n] = (struct plan_step){
        .depth = depth, .what = STRBUF_INIT, .how = STRBUF_INIT, .rows_in = PLAN_UNKNOWN};
    return &p->step[p->n++];
}

/* The newest step that has not ended. */
static struct plan_step *open_step(struct plan *p)
{
    size_t i = p->n;

    while (i > 0 && p->step[i - 1].ended)
        i--;
    BUG_ON(i == 0);
    return &p->step[i - 1];
}

void plan_begin(struct plan *p, struct slice what)
{
    struct plan_step *s = p ? add_step(p, p->depth++) : NULL;

    if (!s)
        return;
    strbuf_addsl(&s->what, what);
    s->ns = now_ns();
}

void plan_how(struct plan *p, unsigned threads, const char *fmt, ...)
{
    struct plan_step *s = p ? open_step(p) : NULL;
    va_list ap;

    if (!s)
        return;
    s->threads = threads;
    va_start(ap, fmt);
    strbuf_vaddf(&s->how, fmt, ap);
    va_end(ap);
}

void plan_end(struct plan *p, uint64_t rows_in, uint64_t rows_out)
{
    struct plan_step *s = p ? open_step(p) : NULL;

    if (!s)
        return;
    s->ns = now_ns() - s->ns;
    s->rows_in = rows_in;
    s->rows_out = rows_out;
    s->ended = true;
    p->depth--;
}

/* --- filters --- */

static void describe_test(const struct filter_test *t, struct plan_step *s)
{
    switch (t->expr->kind) {
    case EX_AND:
        strbuf_adds(&s->what, "and");
        break;
    case EX_OR:
        strbuf_adds(&s->what, "or");
        break;
    case EX_NOT:
        strbuf_adds(&s->what, "not");
        break;
    default:
        expr_print(t->expr, &s->what);
    }
    for (unsigned i = 0; i < FILTER_N_WAYS; i++)
        if (t->way[i])
            strbuf_addf(&s->how, "%s%s: %" PRIu64, s->how.len ? ", " : "", way_name[i], t->way[i]);
    if (t->asked)
        strbuf_addf(&s->how, "; %" PRIu64 " texts asked", t->asked);
    if (!t->segments)
        strbuf_adds(&s->how, "never needed");
    s->rows_in = t->rows_in;
    s->rows_out = t->rows_out;
    s->bytes = t->bytes;
    s->ns = t->ns;
    s->ended = true;
}

/* Of two tests, that which came earlier on the average; one that was never needed comes last. */
static bool was_earlier(const struct filter_test *a, const struct filter_test *b)
{
    if (!a->segments || !b->segments)
        return a->segments > b->segments;
    return a->turns * b->segments < b->turns * a->segments;
}

/* The node behind node i and its arguments. */
static unsigned behind(const struct filter_watch *w, unsigned i)
{
    unsigned depth = w->test[i].depth;

    while (++i < w->n && w->test[i].depth > depth)
        ;
    return i;
}

static void add_tests(struct plan *p, const struct filter_watch *w, unsigned i, unsigned depth);

/* The arguments of node i, in the order in which they were evaluated. */
static void add_arguments(struct plan *p, const struct filter_watch *w, unsigned i, unsigned depth)
{
    unsigned n = 0, *child = xmalloc(w->n * sizeof(*child));

    for (unsigned c = i + 1; c < behind(w, i); c = behind(w, c)) {
        unsigned at = n++;

        for (; at > 0 && was_earlier(&w->test[c], &w->test[child[at - 1]]); at--)
            child[at] = child[at - 1];
        child[at] = c;
    }
    for (unsigned c = 0; c < n; c++)
        add_tests(p, w, child[c], depth);
    free(child);
}

static void add_tests(struct plan *p, const struct filter_watch *w, unsigned i, unsigned depth)
{
    describe_test(&w->test[i], add_step(p, depth));
    add_arguments(p, w, i, depth + 1);
}

void plan_filter(struct plan *p, const struct filter_watch *w, unsigned threads)
{
    if (!p)
        return;
    plan_how(p, threads,
             "segments: %" PRIu64 " taken whole, %" PRIu64 " left out, %" PRIu64 " read", w->whole,
             w->left_out, w->read);
    if (w->n && w->test[0].expr->kind == EX_AND)
        add_arguments(p, w, 0, p->depth);
    else if (w->n)
        add_tests(p, w, 0, p->depth);
}

/* --- printing --- */

static struct val number_or_none(uint64_t n, bool none)
{
    struct val v = {.kind = VAL_MISSING};

    if (!none)
        v = (struct val){.kind = VAL_NUM, .num = (double)n};
    return v;
}

void plan_print(const struct plan *p, enum output_format f, output_sink sink, void *ctx)
{
    static const char *const name[COLUMNS] = {"step",       "how",     "rows_in", "rows_out",
                                              "bytes_read", "threads", "ms"};
    struct output *out = output_new(f, name, COLUMNS, sink, ctx);
    struct strbuf step = STRBUF_INIT;

    for (size_t i = 0; i < p->n; i++) {
        const struct plan_step *s = &p->step[i];
        struct val row[COLUMNS];
        char ms[32];

        strbuf_reset(&step);
        strbuf_addf(&step, "%*s", (int)s->depth * 2, "");
        strbuf_addsl(&step, strbuf_slice(&s->what));
        snprintf(ms, sizeof(ms), "%.3f", (double)s->ns / 1e6);
        row[0] = (struct val){.kind = VAL_STR, .str = strbuf_slice(&step)};
        row[1] =
            (struct val){.kind = s->how.len ? VAL_STR : VAL_MISSING, .str = strbuf_slice(&s->how)};
        row[2] = number_or_none(s->rows_in, s->rows_in == PLAN_UNKNOWN);
        row[3] = number_or_none(s->rows_out, s->rows_out == PLAN_UNKNOWN);
        row[4] = number_or_none(s->bytes, s->bytes == 0);
        row[5] = number_or_none(s->threads, s->threads == 0);
        row[6] = (struct val){.kind = VAL_NUM, .num = strtod(ms, NULL), .str = slice_str(ms)};
        output_row(out, row);
    }
    output_end(out);
    strbuf_release(&step);
}
