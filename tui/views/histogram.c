/* histogram.c - records over time, stacked by class; the bucket of the selected record is marked.
 */
#include "../app.h"
#include "../text.h"

/* Eighths of a row that a count is high; something is never nothing. */
static int eighths(uint64_t count, uint64_t peak, int rows)
{
    if (count == 0 || peak == 0)
        return 0;
    return (int)MAX(1.0, (double)count * rows * 8 / (double)peak + 0.5);
}

static void draw_bar(struct grid *g, int x, int bottom, int rows, const uint64_t *b, uint64_t peak)
{
    uint64_t total = 0, bad = b[HC_5XX], warn = b[HC_4XX];

    for (unsigned c = 0; c < HC_COUNT; c++)
        total += b[c];
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

static void draw_marks(struct app *a, struct grid *g, struct rect r, int bar_rows)
{
    const struct histogram *h = a->answer->hist;
    int64_t at = app_bucket_of(a, a->list.cursor.ts);
    int x = column_of(h, r.w, at), end = column_of(h, r.w, at + 1);

    if (a->brushing && at >= 0) {
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

static const char *axis_label(struct app *a, int64_t us, char t[FMT_LEN])
{
    const struct histogram *h = a->answer->hist;

    if (!fmt_same_day(a->zone, h->from_us, h->from_us + (int64_t)(h->n - 1) * h->width_us))
        return fmt_day_hm(t, a->zone, us);
    return h->width_us >= INT64_C(60000000) ? fmt_hm(t, a->zone, us) : fmt_hms(t, a->zone, us);
}

static void draw_axis(struct app *a, struct grid *g, struct rect r, int y)
{
    const struct histogram *h = a->answer->hist;
    int64_t at = app_bucket_of(a, a->list.cursor.ts);
    char t[FMT_LEN];
    int step = MAX(1, 20 * (int)h->n / MAX(r.w, (int)h->n));

    for (int i = 0; i < (int)h->n; i += step) {
        int64_t us = h->from_us + i * h->width_us;

        if (column_of(h, r.w, i) + 11 > r.w)
            break;
        grid_puts(g, y, r.x + column_of(h, r.w, i), axis_label(a, us, t), 11, ROLE_TIME);
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

static void histogram_draw(struct app *a, struct grid *g, struct rect r)
{
    const struct histogram *h = a->answer ? a->answer->hist : NULL;
    int rows = r.h - 1;

    if (!h || h->n == 0 || rows < 1) {
        grid_puts(g, r.y, r.x + 1, "no records with a time yet", r.w - 2, ROLE_DIM);
        return;
    }
    for (int i = 0; i < r.w && bucket_at(h, r.w, i) < (int)h->n; i++)
        draw_bar(g, r.x + i, r.y + rows - 1, rows, h->bucket[bucket_at(h, r.w, i)], h->peak);
    draw_marks(a, g, r, rows);
    draw_axis(a, g, r, r.y + rows);
}

static void histogram_caption(struct app *a, struct strbuf *out)
{
    const struct histogram *h = a->answer ? a->answer->hist : NULL;
    char width[FMT_LEN], from[FMT_LEN], to[FMT_LEN], day[FMT_LEN], n[FMT_LEN];
    int64_t end, at;

    if (!h || h->n == 0)
        return;
    end = h->from_us + (int64_t)h->n * h->width_us;
    strbuf_addf(out, "per %s · %s %s–%s · peak %s", fmt_width(width, h->width_us),
                fmt_day(day, a->zone, h->from_us), fmt_hm(from, a->zone, h->from_us),
                fmt_hm(to, a->zone, end), fmt_short(n, h->peak));
    at = app_bucket_of(a, a->list.cursor.ts);
    if (at >= 0) {
        const uint64_t *b = h->bucket[at];
        uint64_t total = 0;

        for (unsigned c = 0; c < HC_COUNT; c++)
            total += b[c];
        strbuf_addf(out, " · [%s] %s", fmt_hms(from, a->zone, h->from_us + at * h->width_us),
                    fmt_count(n, total));
        if (b[HC_5XX])
            strbuf_addf(out, ", %s 5xx", fmt_count(n, b[HC_5XX]));
        if (b[HC_4XX])
            strbuf_addf(out, ", %s 4xx", fmt_count(n, b[HC_4XX]));
    }
    strbuf_adds(out, " · from below: 5xx, 4xx, others");
}

/* The folded form: "12:00 ▁▂█▂ 14:00   peak 812/min". */
void histogram_line(struct app *a, struct grid *g, struct rect r)
{
    const struct histogram *h = a->answer ? a->answer->hist : NULL;
    char t[FMT_LEN], width[FMT_LEN], n[FMT_LEN];
    int x = r.x + 1;

    if (!h || h->n == 0)
        return;
    int64_t at = app_bucket_of(a, a->list.cursor.ts);
    x += grid_puts(g, r.y, x, fmt_hm(t, a->zone, h->from_us), 8, ROLE_TIME) + 1;
    int bars = MAX(1, r.w - (r.w < 60 ? 16 : 36));
    for (int i = 0; i < bars && bucket_at(h, bars, i) < (int)h->n; i++) {
        const uint64_t *b = h->bucket[bucket_at(h, bars, i)];
        uint64_t total = 0;
        enum role role = b[HC_5XX] ? ROLE_BAR_5XX : b[HC_4XX] ? ROLE_BAR_4XX : ROLE_BAR;

        for (unsigned c = 0; c < HC_COUNT; c++)
            total += b[c];
        grid_column(g, r.y, x + i, 1, eighths(total, h->peak, 1), role);
        if (bucket_at(h, bars, i) == at)
            grid_paint(g, rect_of(r.y, x + i, 1, 1), ROLE_BAR_CURSOR, 0);
    }
    x += bars + 1;
    x += grid_puts(g, r.y, x, fmt_hm(t, a->zone, h->from_us + (int64_t)h->n * h->width_us), 8,
                   ROLE_TIME);
    if (r.w < 60)
        return;
    grid_putf(g, r.y, x + 1, r.x + r.w - x - 1, ROLE_DIM, "peak %s/%s", fmt_short(n, h->peak),
              fmt_width(width, h->width_us));
}

static bool histogram_command(struct app *a, const struct key_match *m)
{
    struct key_match to = *m;

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
    .title = "records",
    .draw = histogram_draw,
    .command = histogram_command,
    .caption = histogram_caption,
};
