/* screen.c - the frame round the panes: header, status line, one-line histogram, the why box. */
#include "app.h"
#include "text.h"

enum role status_role(struct slice s)
{
    if (value_missing(s))
        return ROLE_MISSING;
    if (s.len == 3 && s.ptr[0] >= '1' && s.ptr[0] <= '5' && s.ptr[1] >= '0' && s.ptr[1] <= '9') {
        static const enum role by_class[] = {ROLE_NORMAL, ROLE_OK, ROLE_REDIRECT, ROLE_WARN,
                                             ROLE_ERROR};
        return by_class[s.ptr[0] - '1'];
    }
    if (slice_is(s, "Error") || slice_is(s, "CapacityExceeded"))
        return ROLE_ERROR;
    if (slice_is(s, "REJECT") || slice_is(s, "REJ") || slice_is(s, "LimitExceeded") ||
        slice_is(s, "AccessDenied"))
        return ROLE_WARN;
    if (slice_is(s, "000"))
        return ROLE_WARN;
    return ROLE_NORMAL;
}

/* --- header --- */

static void zoom_label(struct app *a, const struct step *s, struct strbuf *out)
{
    char from[FMT_LEN], to[FMT_LEN];

    if (!fmt_same_day(a->zone, s->from_us, s->to_us))
        strbuf_addf(out, "%s-%s", fmt_day_hm(from, a->zone, s->from_us),
                    fmt_day_hm(to, a->zone, s->to_us));
    else if (s->to_us - s->from_us < 120 * INT64_C(1000000))
        strbuf_addf(out, "%s-%s", fmt_hms(from, a->zone, s->from_us),
                    fmt_hms(to, a->zone, s->to_us));
    else
        strbuf_addf(out, "%s-%s", fmt_hm(from, a->zone, s->from_us), fmt_hm(to, a->zone, s->to_us));
}

/* The steps of the filter, and the query whose table is shown. */
static unsigned n_crumbs(const struct place *p)
{
    return p->n + (p->view == VIEW_RESULT && p->query ? 1 : 0);
}

static void crumb_label(struct app *a, unsigned i, struct strbuf *out)
{
    const struct place *p = app_place(a);
    const struct step *s = &p->step[i];

    strbuf_reset(out);
    if (i == p->n)
        strbuf_addf(out, ":%s", p->query);
    else if (s->zoom)
        zoom_label(a, s, out);
    else
        strbuf_adds(out, s->label ? s->label : s->expr);
}

/* Only the innermost stretch of time is worth a place in the header. */
static bool hidden(const struct place *p, unsigned i)
{
    for (unsigned j = i + 1; j < p->n && p->step[i].zoom; j++)
        if (p->step[j].zoom)
            return true;
    return false;
}

static size_t crumbs_width(struct app *a, const struct grid *g)
{
    struct place *p = app_place(a);
    struct strbuf label = STRBUF_INIT;
    size_t w = text_width(slice_str(a->title), g->ascii) + 2;

    for (unsigned i = 0; i < n_crumbs(p); i++) {
        crumb_label(a, i, &label);
        w += hidden(p, i) ? 0 : text_width(strbuf_slice(&label), g->ascii) + 3;
    }
    strbuf_release(&label);
    return w;
}

/* The breadcrumb; when it is too long its oldest steps give way to an ellipsis. */
static void draw_crumbs(struct app *a, struct grid *g, int max)
{
    struct place *p = app_place(a);
    struct strbuf label = STRBUF_INIT;
    struct slice title = slice_str(a->title);
    size_t title_w = MIN(text_width(title, g->ascii), (size_t)MAX(8, max / 3)), need = title_w + 1;
    unsigned n = n_crumbs(p), first = n;
    int x;

    while (first > 0) {
        if (hidden(p, first - 1)) {
            first--;
            continue;
        }
        crumb_label(a, first - 1, &label);
        size_t w = text_width(strbuf_slice(&label), g->ascii) + 3;

        if (first < n && need + w > (size_t)max)
            break;
        need += w;
        first--;
    }
    x = 1 + grid_put(g, 0, 1, title, (int)title_w, ROLE_HEADER, 0);
    for (unsigned i = first; i < n && x < max; i++) {
        if (hidden(p, i))
            continue;
        crumb_label(a, i, &label);
        x += grid_putf(g, 0, x, max - x + 1, ROLE_HEADER, " %s ",
                       glyph(g, i == first && first > 0 ? GLYPH_ELLIPSIS : GLYPH_CRUMB));
        x += grid_put(g, 0, x, strbuf_slice(&label), max - x + 1, ROLE_CRUMB, 0);
    }
    strbuf_release(&label);
}

static void follow_badge(struct app *a, const struct grid *g, struct strbuf *out)
{
    char n[FMT_LEN];

    if (!a->following)
        return;
    uint64_t rows = app_rows(a) ? app_rows(a)->total : 0;
    uint64_t more = rows > a->paused_rows ? rows - a->paused_rows : 0;
    if (a->paused)
        strbuf_addf(out, " %s +%s", glyph(g, GLYPH_PAUSE), fmt_short(n, more));
    else
        strbuf_addf(out, " %s", glyph(g, GLYPH_RELOAD));
}

static void type_counts(struct app *a, const struct grid *g, struct strbuf *out)
{
    char n[FMT_LEN];
    bool any = false;

    for (unsigned i = 0; i < logtype_count() && i < MAX_TYPES; i++) {
        if (!a->type_rows[i])
            continue;
        if (any)
            strbuf_addf(out, " %s ", glyph(g, GLYPH_DOT));
        strbuf_addf(out, "%s %s", type_short(logtype_get(i)), fmt_short(n, a->type_rows[i]));
        any = true;
    }
}

/* "12,304 of 9.2M" */
static void kept_count(struct app *a, struct strbuf *out)
{
    char n[FMT_LEN], all[FMT_LEN];

    if (!a->answer)
        return;
    if (a->answer->rows->total == a->answer->all->total)
        strbuf_addf(out, "%s record%s", fmt_count(n, a->answer->all->total),
                    a->answer->all->total == 1 ? "" : "s");
    else
        strbuf_addf(out, "%s of %s", fmt_count(n, a->answer->rows->total),
                    fmt_short(all, a->answer->all->total));
}

static void draw_header(struct app *a, struct grid *g)
{
    struct strbuf right = STRBUF_INIT;
    char zone[FMT_LEN];
    int w;

    grid_fill(g, a->layout.header, ROLE_HEADER, 0);
    strbuf_addf(&right, "%s  ", fmt_zone(zone, a->zone, a->list.cursor.ts));
    if (a->layout.folded)
        kept_count(a, &right);
    else
        type_counts(a, g, &right);
    if (n_crumbs(app_place(a)) > 0 && right.len + crumbs_width(a, g) > (size_t)g->w) {
        /* The way here is worth more than the counts. */
        strbuf_reset(&right);
        strbuf_addf(&right, "%s  ", zone);
        kept_count(a, &right);
    }
    follow_badge(a, g, &right);
    strbuf_addc(&right, ' ');
    w = (int)text_width(strbuf_slice(&right), g->ascii);
    w = MIN(w, g->w * 2 / 3);
    grid_put_right(g, 0, g->w - w, w, strbuf_slice(&right), ROLE_HEADER, 0);
    draw_crumbs(a, g, g->w - w - 2);
    strbuf_release(&right);
}

/* --- status line --- */

static void draw_hints(struct app *a, struct grid *g, int y, int max)
{
    static const struct {
        enum command cmd;
        const char *what;
    } hint[] = {
        {CMD_FILTER, "filter"},    {CMD_NEXT_5XX, "next 5xx"}, {CMD_DRILL, "drill"},
        {CMD_PANE_NEXT, "panes"},  {CMD_HELP, "help"},         {CMD_INCLUDE, "only this"},
        {CMD_EXCLUDE, "not this"}, {CMD_BACK, "back"},         {CMD_ZOOM, "zoom"},
        {CMD_PIVOT, "pivot"},      {CMD_EXPLAIN, "explain"},   {CMD_SEARCH, "search"},
    };
    struct strbuf key = STRBUF_INIT;
    int x = 1;

    for (unsigned i = 0; i < ARRAY_LEN(hint); i++) {
        strbuf_reset(&key);
        keymap_keys(a->keys, hint[i].cmd, 1, &key);
        if (key.len == 0)
            continue;
        if (x + (int)(key.len + strlen(hint[i].what)) + 1 > max)
            break;
        x += grid_put(g, y, x, strbuf_slice(&key), max - x, ROLE_KEY, 0) + 1;
        x += grid_puts(g, y, x, hint[i].what, max - x, ROLE_STATUS) + 2;
    }
    strbuf_release(&key);
}

/* How far a filter has come that is not through yet. */
static void filter_state(struct app *a, const struct grid *g, struct strbuf *out)
{
    uint64_t all = a->answer->all->total, left = a->answer->rows->pending;
    unsigned percent = (unsigned)((all - left) * 100 / all);

    if (engine_busy(a->engine))
        strbuf_addf(out, " %s filtered %u %%  ^C stops", glyph(g, GLYPH_DOT), percent);
    else
        strbuf_addf(out, " %s stopped at %u %%", glyph(g, GLYPH_DOT), percent);
}

/* The same of a query whose first rows are shown. */
static void query_state(struct app *a, const struct grid *g, struct strbuf *out)
{
    const struct partial *p = app_partial(a);
    unsigned percent = (unsigned)(p->of ? p->rows * 100 / p->of : 100);

    if (engine_busy(a->engine))
        strbuf_addf(out, " %s partial: %s %u %%  ^C stops", glyph(g, GLYPH_DOT), p->did, percent);
    else
        strbuf_addf(out, " %s partial: stopped at %u %%", glyph(g, GLYPH_DOT), percent);
}

static void work_state(struct app *a, const struct grid *g, struct strbuf *out)
{
    struct progress p;
    uint64_t looked = 0;
    char n[FMT_LEN];

    session_progress(a->session, &p);
    if (search_running(a->search, &looked))
        strbuf_addf(out, " %s searched %s  ^C stops", glyph(g, GLYPH_DOT), fmt_short(n, looked));
    if (a->answer && a->answer->rows->pending)
        filter_state(a, g, out);
    if (p.busy && p.bytes < p.total)
        strbuf_addf(out, " %s indexing %u %%", glyph(g, GLYPH_DOT),
                    (unsigned)(p.bytes * 100 / p.total));
    else if (p.stopped)
        strbuf_addf(out, " %s indexing stopped", glyph(g, GLYPH_DOT));
    else if (app_partial(a) && a->focus == VIEW_RESULT)
        query_state(a, g, out);
    else if (engine_busy(a->engine) && !(a->answer && a->answer->rows->pending))
        strbuf_addf(out, " %s counting", glyph(g, GLYPH_DOT));
    if (p.failed)
        strbuf_addf(out, " %s %u files unread (8)", glyph(g, GLYPH_DOT), p.failed);
    if (p.warnings)
        strbuf_addf(out, " %s %u %s (8)", glyph(g, GLYPH_DOT), p.warnings,
                    p.warnings == 1 ? "warning" : "warnings");
}

static void draw_status(struct app *a, struct grid *g)
{
    struct strbuf right = STRBUF_INIT;
    struct strbuf keys = STRBUF_INIT;
    int y = a->layout.status.y, w;

    grid_fill(g, a->layout.status, ROLE_STATUS, 0);
    if (prompt_is_open(a->prompt)) {
        prompt_draw(a->prompt, g, y, 0, g->w);
        return;
    }
    keymap_pending_text(a->keys, &keys);
    if (keys.len)
        strbuf_addf(&right, "%s  ", keys.buf);
    if (!a->layout.folded)
        kept_count(a, &right);
    if (a->answer && a->answer->filter_ms >= 0 && !a->clock_us)
        strbuf_addf(&right, " %s %.0f ms", glyph(g, GLYPH_DOT), a->answer->filter_ms);
    work_state(a, g, &right);
    strbuf_addc(&right, ' ');
    w = MIN((int)text_width(strbuf_slice(&right), g->ascii), g->w / 2);
    grid_put_right(g, y, g->w - w, w, strbuf_slice(&right), ROLE_STATUS, 0);
    if (a->message[0])
        grid_put(g, y, 1, slice_str(a->message), g->w - w - 2,
                 a->message_bad ? ROLE_PROMPT_ERROR : ROLE_NOTICE, 0);
    else
        draw_hints(a, g, y, g->w - w - 1);
    strbuf_release(&right);
    strbuf_release(&keys);
}

/* --- panes --- */

/* The screen's own words use a few signs beyond ASCII; on a terminal without UTF-8 their twins. */
static void plain_signs(const struct grid *g, struct strbuf *s)
{
    static const char *const sign[][2] = {{"·", "."}, {"–", "-"}};

    for (unsigned i = 0; g->ascii && s->len && i < ARRAY_LEN(sign); i++) {
        size_t n = strlen(sign[i][0]);

        for (char *at = s->buf; (at = strstr(at, sign[i][0])) != NULL; s->len -= n - 1) {
            *at = sign[i][1][0];
            memmove(at + 1, at + n, strlen(at + n) + 1);
        }
    }
}

static void draw_title(struct app *a, struct grid *g, enum view_id id, struct rect r)
{
    const struct view_class *v = view_class(id);
    struct strbuf title = STRBUF_INIT;
    bool focus = a->focus == id;

    strbuf_addf(&title, " %s", v->title);
    if (v->caption && !*v->title) {
        v->caption(a, &title);
    } else if (v->caption) {
        size_t before;

        strbuf_addf(&title, " %s ", glyph(g, GLYPH_DOT));
        before = title.len;
        v->caption(a, &title);
        if (title.len == before)
            title.len -= strlen(glyph(g, GLYPH_DOT)) + 2;
    }
    strbuf_addc(&title, ' ');
    plain_signs(g, &title);
    grid_put(g, r.y, r.x + 1, strbuf_slice(&title), r.w - 2, focus ? ROLE_TITLE : ROLE_LABEL, 0);
    strbuf_release(&title);
}

/* Frames share their borders: the focused one is drawn last, and the titles after all of them. */
static void draw_frames(struct app *a, struct grid *g)
{
    struct slice none = {NULL, 0};

    for (unsigned i = 0; i < VIEW_COUNT; i++)
        if (a->layout.pane[i].h > 0 && i != a->focus)
            grid_box(g, a->layout.pane[i], none, ROLE_BORDER, ROLE_LABEL);
    if (a->layout.pane[a->focus].h > 0)
        grid_box(g, a->layout.pane[a->focus], none, ROLE_BORDER_FOCUS, ROLE_TITLE);
    for (unsigned i = 0; i < VIEW_COUNT; i++)
        if (a->layout.pane[i].h > 0)
            draw_title(a, g, i, a->layout.pane[i]);
}

static void draw_pane(struct app *a, struct grid *g, enum view_id id)
{
    struct rect r = a->layout.pane[id];
    struct rect old;

    if (r.h <= 0)
        return;
    if (!a->layout.folded)
        r = rect_inset(r, 1, 1);
    old = grid_clip(g, r);
    view_class(id)->draw(a, g, r);
    grid_unclip(g, old);
}

static void draw_panes(struct app *a, struct grid *g)
{
    if (!a->layout.folded)
        draw_frames(a, g);
    draw_pane(a, g, VIEW_RECORDS);
    for (unsigned i = 0; i < VIEW_COUNT; i++)
        if (i != VIEW_RECORDS)
            draw_pane(a, g, i);
}

static void draw_too_small(struct grid *g)
{
    grid_puts(g, g->h / 2, 0, "awl needs 40x10", g->w, ROLE_NOTICE);
}

void app_draw(struct app *a, struct grid *g)
{
    unsigned bars;

    layout_compute(&a->layout, g->h, g->w, app_place(a)->view, a->focus, a->maximised);
    grid_clear(g);
    if (a->layout.too_small) {
        draw_too_small(g);
        return;
    }
    bars = (unsigned)MAX(20, g->w - 2);
    if (a->layout.folded && a->focus != VIEW_HISTOGRAM)
        bars = (unsigned)MAX(20, g->w - (g->w < 60 ? 16 : 36));
    if (bars != a->buckets) {
        a->buckets = bars;
        app_ask(a);
    }
    /* The list first: everything else shows what it has selected. */
    list_page(&a->list, app_rows(a), MAX(1, a->list.height));
    draw_header(a, g);
    draw_panes(a, g);
    if (a->layout.spark.h > 0)
        histogram_line(a, g, a->layout.spark);
    if (a->layout.why.h > 0)
        record_why(a, g, a->layout.why);
    draw_status(a, g);
    popup_draw(a, g);
}
