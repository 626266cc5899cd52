/* do.c - what the commands do that are not a pane's own. */
#include "app.h"

#define ZOOM_PART 8 /* without a brush, z shows an eighth of the histogram round the cursor */

bool move_lines(const struct key_match *m, unsigned *at, unsigned lines, int height)
{
    int64_t page = MAX(1, height - 1), to = *at, n = m->count;

    switch (m->cmd) {
    case CMD_LINE_DOWN:
        to += n;
        break;
    case CMD_LINE_UP:
        to -= n;
        break;
    case CMD_HALF_DOWN:
        to += MAX(1, page / 2) * n;
        break;
    case CMD_HALF_UP:
        to -= MAX(1, page / 2) * n;
        break;
    case CMD_PAGE_DOWN:
        to += page * n;
        break;
    case CMD_PAGE_UP:
        to -= page * n;
        break;
    case CMD_TOP:
        to = m->has_count ? n - 1 : 0;
        break;
    case CMD_BOTTOM:
        to = m->has_count ? n - 1 : (int64_t)lines - 1;
        break;
    default:
        return false;
    }
    *at = (unsigned)MAX(0, MIN(to, (int64_t)lines - 1));
    return true;
}

void app_show_view(struct app *a, enum view_id view)
{
    struct place *p = app_place(a);

    if (p->view == view && p->level == 0)
        return;
    p = app_push(a);
    p->view = view;
    p->level = 0;
    p->row = 0;
    a->focus = view;
    a->maximised = false;
    app_arrive(a);
}

void app_goto(struct app *a, const struct rowkey *k)
{
    if (a->following && !a->paused) {
        a->paused = true;
        a->paused_rows = app_rows(a) ? app_rows(a)->total : 0;
    }
    list_goto(&a->list, app_rows(a), k, true);
}

void app_jump_time(struct app *a, int64_t us)
{
    app_goto(a, &(struct rowkey){us, 0, 0});
}

/* e E w W: the nearest record of a class, anywhere in the rows of the filter. */
static void jump_class(struct app *a, const struct key_match *m, bool bad, bool back)
{
    const struct rowset *set = NULL;
    struct rowref ref[64];
    uint32_t want = MIN(m->count, (uint32_t)ARRAY_LEN(ref)), got;

    if (a->answer)
        set = bad ? a->answer->err5 : a->answer->err4;
    if (!set || a->answer->serial < a->asked) {
        a->after_jump = true;
        a->waiting = *m;
        return;
    }
    /* Before the first movement the cursor's own record counts as not yet seen. */
    bool inclusive = a->list.stick == STICK_FIRST && !back;
    got = back ? order_backward(set, &a->list.cursor, false, ref, want)
               : order_forward(set, &a->list.cursor, inclusive, ref, want);
    if (got == 0) {
        app_say(a, "no %s %s %s here", back ? "earlier" : "later", bad ? "5xx" : "4xx or REJECT",
                app_place(a)->n ? "in this filter from" : "from");
        return;
    }
    struct rowkey k = rowref_key(set, ref[got - 1]);
    app_goto(a, &k);
    if (app_place(a)->view == VIEW_RECORDS && a->focus != VIEW_RECORD)
        a->focus = VIEW_RECORDS;
}

static void move_bucket(struct app *a, int64_t by)
{
    const struct histogram *h = a->answer ? a->answer->hist : NULL;
    int64_t at = app_bucket_of(a, a->list.cursor.ts);
    struct rowref ref;

    if (!h || h->n == 0)
        return;
    if (at < 0)
        at = by > 0 ? -1 : (int64_t)h->n;
    int64_t to = MAX(0, MIN(at + by, (int64_t)h->n - 1));
    if (by < 0) {
        /* Over empty buckets to the nearest one that holds something. */
        struct rowkey edge = {h->from_us + (to + 1) * h->width_us, 0, 0};

        if (order_backward(app_rows(a), &edge, false, &ref, 1) != 1)
            return;
        to = MAX(0, app_bucket_of(a, rowref_key(app_rows(a), ref).ts));
    }
    app_jump_time(a, h->from_us + to * h->width_us);
}

static void brush(struct app *a)
{
    a->brushing = !a->brushing;
    a->brush_us = a->list.cursor.ts;
    if (a->brushing)
        app_say(a, "brush: move with [ and ], z zooms into it");
}

static void zoom(struct app *a)
{
    const struct histogram *h = a->answer ? a->answer->hist : NULL;
    int64_t at, from, to;

    if (!h || h->n == 0 || (at = app_bucket_of(a, a->list.cursor.ts)) < 0)
        return;
    int64_t other = a->brushing ? app_bucket_of(a, a->brush_us) : -1;
    if (a->brushing && other >= 0) {
        from = MIN(at, other);
        to = MAX(at, other) + 1;
    } else {
        int64_t half = MAX(1, (int64_t)h->n / ZOOM_PART / 2);

        from = MAX(0, at - half);
        to = MIN((int64_t)h->n, at + half + 1);
    }
    if (h->width_us * (to - from) < 1000) {
        app_say(a, "this is as close as it gets");
        return;
    }
    if (app_place(a)->n == PLACE_STEPS)
        return;
    struct place *p = app_push(a);
    place_add_zoom(p, h->from_us + from * h->width_us, h->from_us + to * h->width_us);
    app_arrive(a);
}

static void unzoom(struct app *a)
{
    struct place *p = app_place(a);

    for (unsigned i = p->n; i-- > 0;) {
        if (p->step[i].zoom) {
            place_remove(app_push(a), i);
            app_arrive(a);
            return;
        }
    }
    app_say(a, "all of the time is in sight");
}

static void walk(struct app *a, bool (*step)(struct history *), const char *nothing)
{
    app_leave(a);
    if (step(&a->history))
        app_arrive(a);
    else
        app_say(a, "%s", nothing);
}

static void follow(struct app *a)
{
    a->following = !a->following;
    session_follow(a->session, a->following);
    a->paused = false;
    a->list.stick = a->following ? STICK_LAST : STICK_NONE;
    app_say(a, a->following ? "following: the newest record stays in sight; moving up pauses"
                            : "no longer following");
}

static void cancel(struct app *a)
{
    struct progress p;
    uint64_t looked;

    session_progress(a->session, &p);
    if (search_running(a->search, &looked))
        search_cancel(a->search);
    else if (a->writer)
        writer_cancel(a->writer);
    else if (engine_busy(a->engine)) {
        const struct partial *found = app_partial(a);

        engine_cancel(a->engine);
        app_say(a, found && found->result ? "stopped; what was found so far stays, R asks again"
                                          : "stopped");
    } else if (p.busy) {
        session_stop(a->session);
        app_say(a, "indexing stopped; what was read stays");
    } else
        app_say(a, "nothing is running; Q quits");
}

/* q and Esc: a query that is being watched stops; else one level up; out of the last one the
 * program ends. */
static void up(struct app *a)
{
    struct place *p = app_place(a);

    if (a->brushing)
        a->brushing = false;
    else if (a->focus == VIEW_RESULT && app_partial(a) && engine_busy(a->engine))
        cancel(a);
    else if (a->maximised)
        a->maximised = false;
    else if (a->focus != (enum view_id)p->view)
        a->focus = p->view;
    else if (p->view != VIEW_RECORDS && a->history.at > 0)
        walk(a, history_back, "");
    else if (p->n > 0) {
        p = app_push(a);
        place_cut(p, p->n - 1);
        app_arrive(a);
    } else
        a->effect.quit = true;
}

static void show_number(struct app *a, uint32_t digit)
{
    int v = digit >= '1' && digit <= '9' ? view_by_number(digit - '0') : -1;

    if (v < 0)
        app_say(a, "there is no view %c yet", (int)digit);
    else
        app_show_view(a, (enum view_id)v);
}

static void test_cell(struct app *a, bool include)
{
    const char *field;
    struct slice value;

    if (!app_cell(a, &field, &value)) {
        app_say(a, "no value under the cursor");
        return;
    }
    char *copy = value.ptr ? slice_dup(value) : NULL;
    app_test(a, field, copy ? slice_of(copy, value.len) : value, include);
    free(copy);
}

static void zone_next(struct app *a)
{
    char name[FMT_LEN];

    a->zone = (a->zone + 1) % ZONE_COUNT;
    app_env(a);
    if (a->answer)
        app_count_types(a);
    app_say(a, "times are in %s", fmt_zone(name, a->zone, a->list.cursor.ts));
}

static void mark(struct app *a, uint32_t letter, bool jump)
{
    unsigned i = letter - 'a';

    if (i >= ARRAY_LEN(a->mark))
        return;
    if (!jump) {
        a->mark[i] = a->list.cursor;
        a->marked[i] = true;
        app_say(a, "bookmark %c; '%c comes back", (int)letter, (int)letter);
    } else if (a->marked[i])
        app_goto(a, &a->mark[i]);
    else
        app_say(a, "no bookmark %c", (int)letter);
}

/* Commands about time and the record cursor. */
static bool do_time(struct app *a, const struct key_match *m)
{
    switch (m->cmd) {
    case CMD_NEXT_5XX:
    case CMD_PREV_5XX:
        jump_class(a, m, true, m->cmd == CMD_PREV_5XX);
        return true;
    case CMD_NEXT_4XX:
    case CMD_PREV_4XX:
        jump_class(a, m, false, m->cmd == CMD_PREV_4XX);
        return true;
    case CMD_BUCKET_LEFT:
        move_bucket(a, -(int64_t)m->count);
        return true;
    case CMD_BUCKET_RIGHT:
        move_bucket(a, m->count);
        return true;
    case CMD_BRUSH:
        brush(a);
        return true;
    case CMD_ZOOM:
        zoom(a);
        return true;
    case CMD_UNZOOM:
        unzoom(a);
        return true;
    case CMD_GOTO_TIME:
        app_open_prompt(a, ASK_TIME);
        return true;
    case CMD_TIMEZONE:
        zone_next(a);
        return true;
    case CMD_FOLLOW:
        follow(a);
        return true;
    case CMD_MARK:
    case CMD_JUMP:
        mark(a, m->arg, m->cmd == CMD_JUMP);
        return true;
    default:
        return false;
    }
}

/* Commands about the filter and the way here. */
static bool do_filter(struct app *a, const struct key_match *m)
{
    switch (m->cmd) {
    case CMD_FILTER:
        app_open_prompt(a, ASK_FILTER);
        return true;
    case CMD_SEARCH:
        app_open_prompt(a, ASK_SEARCH);
        return true;
    case CMD_SEARCH_BACK:
        app_open_prompt(a, ASK_SEARCH_BACK);
        return true;
    case CMD_COMMAND:
        app_open_prompt(a, ASK_COMMAND);
        return true;
    case CMD_SEARCH_NEXT:
    case CMD_SEARCH_PREV:
        app_search_again(a, m->cmd == CMD_SEARCH_PREV);
        return true;
    case CMD_INCLUDE:
    case CMD_EXCLUDE:
        test_cell(a, m->cmd == CMD_INCLUDE);
        return true;
    case CMD_UNDO:
        walk(a, history_undo, "nothing to undo");
        return true;
    case CMD_REDO:
        walk(a, history_redo, "nothing to redo");
        return true;
    case CMD_BACK:
    case CMD_HISTORY_BACK:
        walk(a, history_back, "this is where you began");
        return true;
    case CMD_HISTORY_FORWARD:
        walk(a, history_forward, "nothing ahead");
        return true;
    default:
        return false;
    }
}

static bool do_record(struct app *a, const struct key_match *m)
{
    switch (m->cmd) {
    case CMD_PIVOT:
        popup_pivot(a);
        return true;
    case CMD_EXPLAIN:
        popup_explain(a);
        return true;
    case CMD_COPY_LINE:
        copy_line(a);
        return true;
    case CMD_COPY_CELL:
        copy_cell(a);
        return true;
    case CMD_COPY_JSON:
        copy_json(a);
        return true;
    case CMD_COPY_VIEW:
        copy_view(a);
        return true;
    default:
        return false;
    }
}

static void do_screen(struct app *a, const struct key_match *m)
{
    switch (m->cmd) {
    case CMD_VIEW:
        show_number(a, m->arg);
        break;
    case CMD_PANE_NEXT:
    case CMD_PANE_PREV:
        a->focus = layout_next_pane(app_place(a)->view, a->focus, m->cmd == CMD_PANE_NEXT ? 1 : -1);
        break;
    case CMD_MAXIMISE:
        a->maximised = !a->maximised;
        break;
    case CMD_HELP:
        app_show_view(a, VIEW_HELP);
        break;
    case CMD_REDRAW:
        a->effect.redraw = true;
        break;
    case CMD_REFRESH:
        app_ask(a);
        break;
    case CMD_SUSPEND:
        a->effect.suspend = true;
        break;
    case CMD_CANCEL:
        cancel(a);
        break;
    case CMD_UP:
        up(a);
        break;
    case CMD_QUIT:
        a->effect.quit = true;
        break;
    default:
        app_say(a, "%s: not in this view", command_help(m->cmd));
    }
}

void app_do(struct app *a, const struct key_match *m)
{
    if (view_class(a->focus)->command(a, m))
        return;
    if (!do_time(a, m) && !do_filter(a, m) && !do_record(a, m))
        do_screen(a, m);
}
