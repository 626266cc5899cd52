/* sources.c - the files: what they are, what was read of them, what went wrong. Enter shows the
 * records of one; where lines did not parse, those first, a step before all of them. */
#include "../table.h"
#include "../text.h"

enum { C_NAME, C_TYPE, C_BYTES, C_RECORDS, C_UNPARSED, C_REASONS, C_FIRST, C_LAST, C_STATE, C_N };

static const struct table_column columns[C_N] = {
    [C_NAME] = {"file", 26, 0, false, true}, [C_TYPE] = {"type", 10, 0, false},
    [C_BYTES] = {"bytes", 8, 4, true},       [C_RECORDS] = {"records", 10, 0, true},
    [C_UNPARSED] = {"unparsed", 8, 1, true}, [C_REASONS] = {"reasons", 30, 7, false},
    [C_FIRST] = {"first", 19, 6, false},     [C_LAST] = {"last", 19, 5, false},
    [C_STATE] = {"state", 14, 2, false},
};

/* What is wrong with a file, without its name, which stands in the same line. */
static const char *past_name(const struct source *s, const char *error)
{
    size_t n = strlen(s->path);

    return strncmp(error, s->path, n) == 0 && error[n] == ':' ? error + n + 2 : error;
}

static void state_text(struct source *s, struct strbuf *out)
{
    strbuf_reset(out);
    pthread_mutex_lock(&s->lock);
    if (s->error)
        strbuf_adds(out, past_name(s, s->error));
    pthread_mutex_unlock(&s->lock);
    if (out->len == 0 && atomic_load(&s->changed))
        strbuf_adds(out, "changed on disk");
    if (out->len == 0)
        strbuf_adds(out, atomic_load(&s->done) ? "read" : "reading");
}

/* The end of a path tells more than its beginning. */
static void draw_name(struct grid *g, int y, const struct table_shape *s, const char *name)
{
    struct slice rest = slice_str(name);
    struct text_unit u;
    int w = (int)text_width(rest, g->ascii), x = s->x[C_NAME];

    if (w > s->w[C_NAME]) {
        for (; w > s->w[C_NAME] - 1 && text_next(&rest, g->ascii, &u); w -= u.width)
            ;
        x += grid_glyph(g, y, x, GLYPH_ELLIPSIS, ROLE_DIM);
    }
    grid_put(g, y, x, rest, s->x[C_NAME] + s->w[C_NAME] - x, ROLE_VALUE, 0);
}

static void draw_source(struct app *a, struct grid *g, int y, const struct table_shape *s,
                        struct source *src)
{
    char t[FMT_LEN];
    int64_t first = atomic_load(&src->first_us), last = atomic_load(&src->last_us);
    uint64_t bad;

    strbuf_reset(&a->cell);
    bad = source_unparsed(src, &a->cell);
    draw_name(g, y, s, src->name);
    table_cell(g, y, columns, s, C_TYPE, slice_str(src->lt ? src->lt->fmt->name : "-"),
               ROLE_LOGTYPE);
    table_cell(g, y, columns, s, C_BYTES, slice_str(fmt_bytes(t, src->size)), ROLE_NUMBER);
    table_cell(g, y, columns, s, C_RECORDS, slice_str(fmt_count(t, atomic_load(&src->records))),
               ROLE_NUMBER);
    table_cell(g, y, columns, s, C_UNPARSED, slice_str(bad ? fmt_count(t, bad) : "-"),
               bad ? ROLE_NOTICE : ROLE_MISSING);
    table_cell(g, y, columns, s, C_REASONS, strbuf_slice(&a->cell), ROLE_NOTICE);
    if (first <= last) {
        table_cell(g, y, columns, s, C_FIRST, slice_of(fmt_moment(t, a->zone, first), 19),
                   ROLE_TIME);
        table_cell(g, y, columns, s, C_LAST, slice_of(fmt_moment(t, a->zone, last), 19), ROLE_TIME);
    }
    state_text(src, &a->cell);
    table_cell(g, y, columns, s, C_STATE, strbuf_slice(&a->cell),
               src->error ? ROLE_ERROR : ROLE_DIM);
}

static unsigned count_problems(struct app *a)
{
    char buf[16];
    unsigned n = 0;

    while (n < 1000 && session_problem(a->session, n, buf, sizeof(buf)))
        n++;
    return n;
}

static void sources_draw(struct app *a, struct grid *g, struct rect r)
{
    unsigned n = session_sources(a->session), bad = count_problems(a), top;
    struct table_shape s;
    char problem[600];

    table_shape(g, r, columns, C_N, &s);
    top = table_scroll(a, r, n + bad);
    for (unsigned i = top; i < n + bad && (int)(i - top) < r.h - 1; i++) {
        int y = r.y + 1 + (int)(i - top);

        if (i >= bad)
            draw_source(a, g, y, &s, session_source(a->session, i - bad));
        else if (session_problem(a->session, i, problem, sizeof(problem)))
            grid_puts(g, y, r.x + 1, problem, r.w - 2, ROLE_ERROR);
        table_select(a, g, r, y, i);
    }
}

static void sources_caption(struct app *a, struct strbuf *out)
{
    struct progress p;
    char n[FMT_LEN], rec[FMT_LEN], un[FMT_LEN];

    session_progress(a->session, &p);
    strbuf_addf(out, "%s files · %s records · %s unparsed", fmt_count(n, p.sources),
                fmt_count(rec, p.records), fmt_count(un, p.unparsed));
}

static struct source *selected(struct app *a)
{
    unsigned bad = count_problems(a);

    return a->table.at >= bad && a->table.at - bad < session_sources(a->session)
               ? session_source(a->session, a->table.at - bad)
               : NULL;
}

/* A line below the table would hide files: why a type was chosen, or what did not parse, is told in
 * the status line. */
static void tell_why(struct app *a)
{
    struct strbuf reasons = STRBUF_INIT;
    struct source *s = selected(a);

    if (s && source_unparsed(s, &reasons))
        app_say(a, "not parsed: %s", reasons.buf);
    else if (s)
        app_say(a, "%s: %s", s->lt ? s->lt->fmt->title : "?", s->why);
    strbuf_release(&reasons);
}

static void show_records(struct app *a, const char *expr)
{
    struct place *p = app_push(a);

    if (!place_add(p, expr, NULL))
        return;
    p->view = VIEW_RECORDS;
    p->row = 0;
    p->cursor = ROWKEY_MIN;
}

static void drill(struct app *a, const struct source *s)
{
    struct strbuf expr = STRBUF_INIT;

    filter_test(&expr, "@file", slice_str(s->name), true);
    show_records(a, expr.buf);
    if (source_unparsed(s, NULL))
        show_records(a, "@unparsed");
    strbuf_release(&expr);
    app_arrive(a);
}

static bool sources_command(struct app *a, const struct key_match *m)
{
    const struct source *s;

    if (move_lines(m, &a->table.at, a->table.lines, a->table.height)) {
        tell_why(a);
        return true;
    }
    if (m->cmd != CMD_DRILL)
        return false;
    s = selected(a);
    if (s)
        drill(a, s);
    return true;
}

const struct view_class view_sources = {
    .name = "sources",
    .title = "sources",
    .draw = sources_draw,
    .command = sources_command,
    .caption = sources_caption,
};
