/* histogram.c - records over time, stacked by class; the bucket of the selected record is marked.
 * Where the result of a query has times, its numbers stand here, and the row that is selected. */
#include "../app.h"
#include "../text.h"
#include "chart.h"

/* What is drawn: of the answer, or of the chart. */
struct bars {
    const struct histogram *h;
    int64_t at; /* the bar of what is selected; -1: none */
    bool brush;
};

static struct bars bars_of(struct app *a, int w, struct chart *c, bool *charted)
{
    const struct histogram *h = a->answer ? a->answer->hist : NULL;

    *charted = result_chart(a, (unsigned)MAX(w, 1), c);
    if (*charted)
        return (struct bars){&c->hist, c->at, false};
    return (struct bars){h, h && h->n ? app_bucket_of(a, a->list.cursor.ts) : -1, a->brushing};
}

/* Eighths of a row that a count is high; something is never nothing. */
static int eighths(uint64_t count, uint64_t peak, int rows)
{
    if (count == 0 || peak == 0)
        return 0;
    return (int)MAX(1.0, (double)count * rows * 8 / (double)peak + 0.5);
}

static uint64_t total_of(const uint64_t *b)
{
    uint64_t total = 0;

    for (unsigned c = 0; c < HC_COUNT; c++)
        total += b[c];
    return total;
}

static void draw_bar(struct grid *g, int x, int bottom, int rows, const uint64_t *b, uint64_t peak)
{
    uint64_t total = total_of(b), bad = b[HC_5XX], warn = b[HC_4XX];

    /* The tallest first, each over the one before: what shows is the stack, 5xx at the bottom. */
    grid_column(g, bottom, x, rows, eighths(total, peak, rows), ROLE_BAR);
    if (warn)
        grid_column(g, bottom, x, rows, eighths(bad + warn, peak, rows), ROLE_BAR_4XX);
    if (bad)
        grid_column(g, bottom, x, rows, eighths(bad, peak, rows), ROLE_BAR_5XX);
}

/* The buckets fill the width: column -> bucket, and bucket -> its first column. */
static int bucket_at(const struct histogram *h, int w, int column)
{
    return (int)h->n >= w ? column : (int)((int64_t)column * (int64_t)h->n / w);
}

static int column_of(const struct histogram *h, int w, int64_t bucket)
{
    return (int)h->n >= w ? (int)bucket : (int)((bucket * w + (int64_t)h->n - 1) / (int64_t)h->n);
}

static void draw_marks(struct app *a, struct grid *g, struct rect r, const struct bars *b,
                       int bar_rows)
{
    const struct histogram *h = b->h;
    int64_t at = b->at;
    int x = column_of(h, r.w, at), end = column_of(h, r.w, at + 1);

    if (b->brush && at >= 0) {
        int64_t from = app_bucket_of(a, a->brush_us), low, high;

        low = MAX(0, MIN(at, from));
        high = MAX(at, from);
        grid_paint(g,
                   rect_of(r.y, r.x + column_of(h, r.w, low), bar_rows,
                           column_of(h, r.w, high + 1) - column_of(h, r.w, low)),
                   ROLE_BRUSH, 0);
    }
    if (at >= 0 && at < (int64_t)h->n)
        grid_paint(g, rect_of(r.y, r.x + x, bar_rows, end - x), ROLE_BAR_CURSOR, 0);
}

/* An end of the range: of a short one, minutes would tell little. */
static const char *end_label(struct app *a, const struct histogram *h, int64_t us, char t[FMT_LEN])
{
    return h->width_us * (int64_t)h->n < INT64_C(600000000) ? fmt_hms(t, a->zone, us)
                                                            : fmt_hm(t, a->zone, us);
}

#define AXIS_LABEL 12 /* columns of the longest */

static const char *axis_label(struct app *a, const struct histogram *h, int64_t us, char t[FMT_LEN])
{
    if (!fmt_same_day(a->zone, h->from_us, h->from_us + (int64_t)(h->n - 1) * h->width_us))
        return fmt_day_hm(t, a->zone, us);
    if (h->width_us < INT64_C(1000000))
        return fmt_clock(t, a->zone, us);
    return h->width_us >= INT64_C(60000000) ? fmt_hm(t, a->zone, us) : fmt_hms(t, a->zone, us);
}

static void draw_axis(struct app *a, struct grid *g, struct rect r, const struct bars *b, int y)
{
    const struct histogram *h = b->h;
    int64_t at = b->at;
    char t[FMT_LEN];
    int step = MAX(1, 20 * (int)h->n / MAX(r.w, (int)h->n));

    for (int i = 0; i < (int)h->n; i += step) {
        int64_t us = h->from_us + i * h->width_us;

        if (column_of(h, r.w, i) + AXIS_LABEL > r.w)
            break;
        grid_puts(g, y, r.x + column_of(h, r.w, i), axis_label(a, h, us, t), AXIS_LABEL, ROLE_TIME);
    }
    if (at >= 0) {
        int x = r.x + column_of(h, r.w, at), end = r.x + column_of(h, r.w, at + 1);

        for (int i = x; i < end; i++)
            grid_glyph(g, y, i, GLYPH_CARET, ROLE_KEY);
        if (at > 0)
            grid_puts(g, y, x - 1, "[", 1, ROLE_KEY);
        grid_puts(g, y, end, "]", 1, ROLE_KEY);
    }
}

static void draw_bars(struct app *a, struct grid *g, struct rect r, const struct bars *b)
{
    const struct histogram *h = b->h;
    int rows = r.h - 1;

    if (!h || h->n == 0 || rows < 1) {
        grid_puts(g, r.y, r.x + 1, "no records with a time yet", r.w - 2, ROLE_DIM);
        return;
    }
    for (int i = 0; i < r.w && bucket_at(h, r.w, i) < (int)h->n; i++)
        draw_bar(g, r.x + i, r.y + rows - 1, rows, h->bucket[bucket_at(h, r.w, i)], h->peak);
    draw_marks(a, g, r, b, rows);
    draw_axis(a, g, r, b, r.y + rows);
}

static void histogram_draw(struct app *a, struct grid *g, struct rect r)
{
    struct chart c;
    bool charted;
    struct bars b = bars_of(a, r.w, &c, &charted);

    draw_bars(a, g, r, &b);
    if (charted)
        chart_release(&c);
}

static void add_number(struct strbuf *out, double n)
{
    char text[FMT_LEN];

    if (n >= 1000 && n < 1e15)
        strbuf_adds(out, fmt_count(text, (uint64_t)(n + 0.5)));
    else
        val_print((struct val){.kind = VAL_NUM, .num = n}, out);
}

static void chart_caption(struct app *a, const struct chart *c, struct strbuf *out)
{
    char width[FMT_LEN], moment[FMT_LEN];

    strbuf_addf(out, "%s per %s · peak ", c->name, fmt_width(width, c->bin_us));
    add_number(out, c->peak);
    if (c->at < 0)
        return;
    strbuf_addf(out, " · [%s] ", fmt_day_hm(moment, a->zone, c->at_us));
    add_number(out, c->value);
}

static void histogram_caption(struct app *a, struct strbuf *out)
{
    const struct histogram *h = a->answer ? a->answer->hist : NULL;
    char width[FMT_LEN], from[FMT_LEN], to[FMT_LEN], day[FMT_LEN], n[FMT_LEN];
    int64_t end, at;
    struct chart c;

    if (result_chart(a, 1, &c)) {
        chart_caption(a, &c, out);
        chart_release(&c);
        return;
    }
    strbuf_adds(out, "records");
    if (!h || h->n == 0)
        return;
    end = h->from_us + (int64_t)h->n * h->width_us;
    strbuf_addf(out, " · per %s · %s %s–%s · peak %s", fmt_width(width, h->width_us),
                fmt_day(day, a->zone, h->from_us), end_label(a, h, h->from_us, from),
                end_label(a, h, end, to), fmt_short(n, h->peak));
    at = app_bucket_of(a, a->list.cursor.ts);
    if (at >= 0) {
        const uint64_t *b = h->bucket[at];

        strbuf_addf(out, " · [%s] %s", fmt_hms(from, a->zone, h->from_us + at * h->width_us),
                    fmt_count(n, total_of(b)));
        if (b[HC_5XX])
            strbuf_addf(out, ", %s 5xx", fmt_count(n, b[HC_5XX]));
        if (b[HC_4XX])
            strbuf_addf(out, ", %s 4xx", fmt_count(n, b[HC_4XX]));
    }
    strbuf_adds(out, " · from below: 5xx, 4xx, others");
}

static enum role worst_role(const uint64_t *b)
{
    return b[HC_5XX] ? ROLE_BAR_5XX : b[HC_4XX] ? ROLE_BAR_4XX : ROLE_BAR;
}

static void draw_line(struct grid *g, int y, int x, int bars, const struct bars *b)
{
    const struct histogram *h = b->h;

    for (int i = 0; i < bars && bucket_at(h, bars, i) < (int)h->n; i++) {
        const uint64_t *bucket = h->bucket[bucket_at(h, bars, i)];

        grid_column(g, y, x + i, 1, eighths(total_of(bucket), h->peak, 1), worst_role(bucket));
        if (bucket_at(h, bars, i) == b->at)
            grid_paint(g, rect_of(y, x + i, 1, 1), ROLE_BAR_CURSOR, 0);
    }
}

static void draw_peak(struct grid *g, int y, int x, int w, const struct histogram *h,
                      const struct chart *c)
{
    char width[FMT_LEN], n[FMT_LEN];
    struct strbuf peak = STRBUF_INIT;

    if (c)
        add_number(&peak, c->peak);
    else
        strbuf_adds(&peak, fmt_short(n, h->peak));
    grid_putf(g, y, x, w, ROLE_DIM, "peak %s/%s", peak.buf,
              fmt_width(width, c ? c->bin_us : h->width_us));
    strbuf_release(&peak);
}

/* The folded form: "12:00 ▁▂█▂ 14:00   peak 812/min". */
void histogram_line(struct app *a, struct grid *g, struct rect r)
{
    char t[FMT_LEN];
    int x = r.x + 1, bars = MAX(1, r.w - (r.w < 60 ? 16 : 36));
    struct chart c;
    bool charted;
    struct bars b = bars_of(a, bars, &c, &charted);
    const struct histogram *h = b.h;

    if (!h || h->n == 0)
        return;
    x += grid_puts(g, r.y, x, end_label(a, h, h->from_us, t), 8, ROLE_TIME) + 1;
    draw_line(g, r.y, x, bars, &b);
    x += bars + 1;
    x += grid_puts(g, r.y, x, end_label(a, h, h->from_us + (int64_t)h->n * h->width_us, t), 8,
                   ROLE_TIME);
    if (r.w >= 60)
        draw_peak(g, r.y, x + 1, r.x + r.w - x - 1, h, charted ? &c : NULL);
    if (charted)
        chart_release(&c);
}

static bool histogram_command(struct app *a, const struct key_match *m)
{
    struct key_match to = *m;

    if (app_place(a)->view == VIEW_RESULT)
        return view_result.command(a, m);
    switch (m->cmd) {
    case CMD_COL_LEFT:
        to.cmd = CMD_BUCKET_LEFT;
        break;
    case CMD_COL_RIGHT:
        to.cmd = CMD_BUCKET_RIGHT;
        break;
    case CMD_PAGE_DOWN:
        to.cmd = CMD_BRUSH;
        break;
    case CMD_DRILL:
        to.cmd = CMD_ZOOM;
        break;
    case CMD_TOP:
    case CMD_COL_FIRST:
        list_first(&a->list, app_rows(a));
        return true;
    case CMD_BOTTOM:
    case CMD_COL_LAST:
        list_last(&a->list, app_rows(a));
        return true;
    default:
        return false;
    }
    app_do(a, &to);
    return true;
}

const struct view_class view_histogram = {
    .name = "histogram",
    .title = "", /* the caption says what is counted */
    .draw = histogram_draw,
    .command = histogram_command,
    .caption = histogram_caption,
};
