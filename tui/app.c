#include "app.h"

#include <stdio.h>

#include "xalloc.h"

static const struct view_class *const classes[] = {
#define VIEW(id, class, number) &view_##class,
#include "views.def"
#undef VIEW
};

static const unsigned numbers[] = {
#define VIEW(id, class, number) number,
#include "views.def"
#undef VIEW
};

const struct view_class *view_class(enum view_id id)
{
    return classes[id];
}

unsigned view_number(enum view_id id)
{
    return numbers[id];
}

int view_by_number(unsigned number)
{
    for (unsigned i = 0; number > 0 && i < VIEW_COUNT; i++)
        if (numbers[i] == number)
            return (int)i;
    return -1;
}

static void say(struct app *a, bool bad, const char *fmt, va_list ap) PRINTF_LIKE(3, 0);

static void say(struct app *a, bool bad, const char *fmt, va_list ap)
{
    vsnprintf(a->message, sizeof(a->message), fmt, ap);
    a->message_bad = bad;
}

void app_say(struct app *a, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say(a, false, fmt, ap);
    va_end(ap);
}

void app_complain(struct app *a, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say(a, true, fmt, ap);
    va_end(ap);
    a->effect.bell = true;
}

/* The title of the header, and the paths as a shell would take them. */
static void take_paths(struct app *a, const struct app_options *o)
{
    struct strbuf title = STRBUF_INIT, command = STRBUF_INIT;

    for (int i = 0; i < o->n_paths; i++) {
        strbuf_addf(&title, "%s%s", i ? " " : "", o->paths[i]);
        strbuf_adds(&command, " '");
        for (const char *s = o->paths[i]; *s; s++) {
            if (*s == '\'')
                strbuf_adds(&command, "'\\''");
            else
                strbuf_addc(&command, *s);
        }
        strbuf_addc(&command, '\'');
    }
    strbuf_adds(&title, "");
    strbuf_adds(&command, "");
    a->title = title.buf ? title.buf : xstrdup("");
    a->command = command.buf ? command.buf : xstrdup("");
}

static int first_filter(struct app *a, const char *filter, struct err *e)
{
    struct query_error qe;
    struct query_ast *ast;

    app_env(a);
    ast = filter_parse(filter, &a->env, &qe);
    if (!ast)
        return err_set(e, ERR_USAGE, "filter: %s%s%s", qe.msg, qe.hint[0] ? "; " : "", qe.hint);
    if (ast->n_cmd > 0)
        place_add(app_place(a), filter, NULL);
    query_ast_free(ast);
    return 0;
}

struct app *app_new(const struct app_options *o, struct err *e)
{
    struct app *a = xcalloc(1, sizeof(*a));

    a->session = o->session;
    a->theme = o->theme;
    a->keys = o->keys;
    a->zone = o->zone;
    a->clock_us = o->clock_us;
    a->focus = VIEW_RECORDS;
    a->fields.at = 1;
    a->list.stick = o->follow ? STICK_LAST : STICK_FIRST;
    a->list.height = 1;
    a->following = o->follow;
    a->buckets = 80;
    take_paths(a, o);
    history_init(&a->history, VIEW_RECORDS);
    rowview_init(&a->row, a->session);
    a->prompt = prompt_new();
    a->changed = o->changed;
    a->changed_ctx = o->ctx;
    a->search = search_new(a->session, o->changed, o->ctx);
    app_env(a);
    a->engine = engine_new(a->session, &a->env, o->changed, o->ctx);
    if (o->filter && first_filter(a, o->filter, e) < 0) {
        app_free(a);
        return NULL;
    }
    app_ask(a);
    return a;
}

void app_free(struct app *a)
{
    if (!a)
        return;
    writer_free(a->writer);
    search_free(a->search);
    engine_free(a->engine);
    rowview_release(&a->row);
    answer_unref(a->answer);
    answer_unref(a->told);
    partial_unref(a->partial);
    popup_close(a);
    strbuf_release(&a->popup.text);
    strbuf_release(&a->effect.copy);
    tree_release(&a->record.tree);
    strbuf_release(&a->cell);
    prompt_free(a->prompt);
    history_release(&a->history);
    free(a->title);
    free(a->command);
    free(a->order.row);
    free(a);
}

/* Whether the newest answer is to the newest question over all there is. */
static bool answered(struct app *a)
{
    struct answer *newest = engine_answer(a->engine);
    bool yes = newest && newest->complete && newest->serial >= a->asked &&
               newest->generation >= session_generation(a->session);

    answer_unref(newest);
    return yes;
}

bool app_working(struct app *a)
{
    struct progress p;
    uint64_t looked;

    const char *failed;

    session_progress(a->session, &p);
    return p.busy || engine_busy(a->engine) || search_running(a->search, &looked) ||
           (a->writer && !writer_poll(a->writer, &looked, &failed));
}

bool app_busy(struct app *a)
{
    return app_working(a) || !answered(a);
}

static void take_search(struct app *a)
{
    struct rowkey found;
    uint64_t looked;
    char n[FMT_LEN];

    switch (search_poll(a->search, &found, &looked)) {
    case SEARCH_FOUND:
        a->message[0] = '\0';
        app_goto(a, &found);
        break;
    case SEARCH_NOTHING:
        app_say(a, "no match %s (%s records searched)", a->search_backward ? "above" : "below",
                fmt_count(n, looked));
        break;
    case SEARCH_CANCELLED:
        app_say(a, "search stopped after %s records", fmt_count(n, looked));
        break;
    case SEARCH_IDLE:
    case SEARCH_RUNNING:
        break;
    }
}

static void take_writer(struct app *a)
{
    const char *failed;
    uint64_t rows;
    char n[FMT_LEN];

    if (!a->writer)
        return;
    bool ended = writer_poll(a->writer, &rows, &failed);
    if (*failed)
        app_complain(a, "%s after %s records", failed, fmt_count(n, rows));
    else
        app_say(a, "%s %s records", ended ? "wrote" : "writing ...", fmt_count(n, rows));
    if (ended) {
        writer_free(a->writer);
        a->writer = NULL;
    }
}

static void feed(struct app *a, enum keymap_result r, const struct key_match *m, struct key key)
{
    if (r == KEYMAP_COMMAND)
        app_do(a, m);
    else if (r == KEYMAP_UNBOUND) {
        struct strbuf name = STRBUF_INIT;

        key_label(&name, key);
        app_say(a, "%s is not bound; F1 lists the keys", name.buf ? name.buf : "this key");
        strbuf_release(&name);
    }
}

static void take_key(struct app *a, struct key key)
{
    struct key_match m;

    a->message[0] = '\0';
    if (prompt_is_open(a->prompt))
        app_prompt_key(a, key);
    else if (!popup_key(a, key))
        feed(a, keymap_feed(a->keys, key, &m), &m, key);
}

bool app_event(struct app *a, const struct event *ev)
{
    struct key_match m;

    switch (ev->type) {
    case EV_KEY:
        take_key(a, ev->key);
        break;
    case EV_PASTE:
        if (prompt_is_open(a->prompt))
            app_prompt_paste(a, ev->text);
        break;
    case EV_TIMEOUT:
        if (keymap_pending(a->keys))
            feed(a, keymap_timeout(a->keys, &m), &m, (struct key){0});
        break;
    case EV_SIGNAL:
    case EV_EOF:
        a->effect.quit = true;
        break;
    case EV_RESIZE:
    case EV_WAKE:
        engine_poke(a->engine);
        break;
    }
    app_take_answer(a);
    take_search(a);
    take_writer(a);
    return true;
}
