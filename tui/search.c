#include "search.h"

#include <pthread.h>

#include "xalloc.h"

#define BATCH 256

struct search {
    struct session *session;
    void (*done)(void *ctx);
    void *ctx;
    struct regex *re;
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
    regex_free(s->re);
    free(s->text);
    s->re = re;
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

/* Looks through one batch; true when the search is over. */
static bool search_batch(struct search *s, struct rowview *view, struct rowkey *at, bool *over)
{
    struct rowref ref[BATCH];
    uint32_t n = s->backward ? order_backward(s->rows, at, false, ref, BATCH)
                             : order_forward(s->rows, at, false, ref, BATCH);

    *over = n == 0;
    for (uint32_t i = 0; i < n && !atomic_load(&s->cancel); i++) {
        rowview_at(view, s->rows->snap->seg[ref[i].seg], ref[i].row);
        *at = rowref_key(s->rows, ref[i]);
        if (regex_match(s->re, rowview_raw(view), NULL, NULL)) {
            s->found = true;
            s->key = *at;
            return true;
        }
        atomic_fetch_add_explicit(&s->looked, 1, memory_order_relaxed);
    }
    return *over;
}

static void *search_main(void *arg)
{
    struct search *s = arg;
    struct rowview view;
    struct rowkey at = s->from;
    bool over = false;

    rowview_init(&view, s->session);
    while (!over && !atomic_load(&s->cancel))
        if (search_batch(s, &view, &at, &over))
            break;
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
