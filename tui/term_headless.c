/* The terminal of the tests, of --script and of the README's pictures: it keeps what was drawn and
 * takes its events from a script. next() carries out orders until one of them is an event, so a
 * snapshot always shows what the program drew after the event before it. Nothing sleeps: idle asks
 * the program to drain its work, wait-for waits on the wake descriptor. */
#include "term.h"

#include <errno.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include "text.h"
#include "xalloc.h"

enum { WAIT_FOR_MS = 10000, WAIT_STEP_MS = 20, IDLE_ROUNDS = 100000 };

struct headless {
    struct term term;
    struct headless_options opt;
    struct theme theme;
    struct grid *grid; /* what was drawn last */
    struct slice rest; /* the script's lines not read yet */
    int line;
    struct slice press, type; /* what is left of the current line */
    struct slice wait_for;
    int64_t deadline;
    bool idle;
    unsigned rounds;
    struct err err;
    struct strbuf copied;
};

static struct headless *headless_of(const struct term *t)
{
    return (struct headless *)t;
}

static void fail(struct headless *h, const char *what, struct slice arg)
{
    if (h->err.code)
        return;
    err_set(&h->err, ERR_USAGE, "%s:%d: %s '" SLICE_FMT "'", h->opt.script_name, h->line, what,
            SLICE_ARG(arg));
}

static int64_t now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void dump_row(const struct grid *g, int y, struct strbuf *out)
{
    size_t end = out->len;

    for (int x = 0; x < g->w; x++) {
        strbuf_adds(out, grid_cell(g, y, x)->text);
        if (strcmp(grid_cell(g, y, x)->text, " ") != 0)
            end = out->len;
    }
    out->len = end;
    strbuf_addc(out, '\n');
}

static void dump_roles(const struct grid *g, int y, struct strbuf *out)
{
    size_t end = out->len;

    for (int x = 0; x < g->w; x++) {
        const struct cell *c = grid_cell(g, y, x);

        strbuf_addc(out, role_letter(c->role));
        if (c->role != ROLE_NORMAL)
            end = out->len;
    }
    out->len = end;
    strbuf_addc(out, '\n');
}

static bool dump_attrs(const struct grid *g, int y, struct strbuf *out)
{
    size_t end = out->len, start = end;

    for (int x = 0; x < g->w; x++) {
        unsigned attr = grid_cell(g, y, x)->attr;

        strbuf_addc(out, attr ? "0123456789abcdef"[attr & 15] : '.');
        if (attr)
            end = out->len;
    }
    out->len = end;
    strbuf_addc(out, '\n');
    return end > start;
}

void term_dump(const struct grid *g, struct strbuf *out)
{
    struct strbuf attrs = STRBUF_INIT;
    bool any = false;

    strbuf_addf(out, "== text %dx%d\n", g->w, g->h);
    for (int y = 0; y < g->h; y++)
        dump_row(g, y, out);
    strbuf_adds(out, "== roles\n");
    for (int y = 0; y < g->h; y++)
        dump_roles(g, y, out);
    for (int y = 0; y < g->h; y++)
        any |= dump_attrs(g, y, &attrs);
    if (any) {
        strbuf_adds(out, "== attributes\n");
        strbuf_addsl(out, strbuf_slice(&attrs));
    }
    if (g->cursor_y >= 0)
        strbuf_addf(out, "== cursor %d,%d\n", g->cursor_x, g->cursor_y);
    strbuf_release(&attrs);
}

static void svg_text(FILE *out, const char *s)
{
    for (; *s; s++) {
        if (*s == '&')
            fputs("&amp;", out);
        else if (*s == '<')
            fputs("&lt;", out);
        else if (*s == '>')
            fputs("&gt;", out);
        else
            fputc(*s, out);
    }
}

enum { SVG_CELL_W = 9, SVG_CELL_H = 18, SVG_PAD = 12 };

static struct look svg_look(const struct theme *t, const struct cell *c)
{
    struct look look = theme_look(t, c->role, c->attr, DEPTH_TRUE);
    int32_t fg = look.fg < 0 ? t->fg : look.fg, bg = look.bg < 0 ? t->bg : look.bg;

    return look.attr & ATTR_REVERSE ? (struct look){bg, fg, look.attr}
                                    : (struct look){fg, bg, look.attr};
}

static bool same_look(const struct theme *t, const struct cell *a, const struct cell *b)
{
    struct look x = svg_look(t, a), y = svg_look(t, b);

    return x.fg == y.fg && x.bg == y.bg && x.attr == y.attr;
}

static bool run_is_blank(const struct grid *g, int y, int x, int end)
{
    for (; x < end; x++)
        if (strcmp(grid_cell(g, y, x)->text, " ") != 0)
            return false;
    return true;
}

/* One stretch of cells that look the same: its background, then its text stretched to its width. */
static void svg_run(const struct grid *g, const struct theme *t, int y, int x, int end, FILE *out)
{
    struct look look = svg_look(t, grid_cell(g, y, x));
    int left = SVG_PAD + x * SVG_CELL_W, top = SVG_PAD + y * SVG_CELL_H;
    int width = (end - x) * SVG_CELL_W;

    if (look.bg != t->bg)
        fprintf(out, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"#%06x\"/>\n", left,
                top, width, SVG_CELL_H, (unsigned)look.bg);
    if (run_is_blank(g, y, x, end) && !(look.attr & ATTR_UNDERLINE))
        return;
    fprintf(out, "<text x=\"%d\" y=\"%d\" textLength=\"%d\" fill=\"#%06x\"", left, top + 14, width,
            (unsigned)look.fg);
    if (look.attr & ATTR_BOLD)
        fputs(" font-weight=\"bold\"", out);
    if (look.attr & ATTR_UNDERLINE)
        fputs(" text-decoration=\"underline\"", out);
    if (look.attr & ATTR_DIM)
        fputs(" opacity=\"0.7\"", out);
    fputc('>', out);
    for (; x < end; x++)
        svg_text(out, grid_cell(g, y, x)->text);
    fputs("</text>\n", out);
}

void term_svg(const struct grid *g, const struct theme *theme, FILE *out)
{
    int w = g->w * SVG_CELL_W + 2 * SVG_PAD, h = g->h * SVG_CELL_H + 2 * SVG_PAD;

    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" xml:space=\"preserve\" "
            "width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\">\n"
            "<style>text{font:15px 'DejaVu Sans Mono','Menlo','Consolas',monospace;"
            "white-space:pre}</style>\n"
            "<rect width=\"%d\" height=\"%d\" rx=\"8\" fill=\"#%06x\"/>\n",
            w, h, w, h, w, h, (unsigned)theme->bg);
    for (int y = 0; y < g->h; y++) {
        for (int x = 0, end; x < g->w; x = end) {
            for (end = x + 1; end < g->w; end++)
                if (!same_look(theme, grid_cell(g, y, x), grid_cell(g, y, end)))
                    break;
            svg_run(g, theme, y, x, end, out);
        }
    }
    fputs("</svg>\n", out);
}

void term_osc52(struct strbuf *out, struct slice text, bool tmux)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    strbuf_adds(out, tmux ? "\033Ptmux;\033\033]52;c;" : "\033]52;c;");
    for (size_t i = 0; i < text.len; i += 3) {
        size_t n = MIN(text.len - i, (size_t)3);
        uint32_t v = 0;

        for (size_t k = 0; k < 3; k++)
            v = v << 8 | (k < n ? (unsigned char)text.ptr[i + k] : 0);
        for (size_t k = 0; k < 4; k++)
            strbuf_addc(out, k <= n ? digits[v >> (18 - 6 * k) & 63] : '=');
    }
    strbuf_adds(out, tmux ? "\a\033\\" : "\a");
}

static FILE *snap_file(struct headless *h, struct slice name, const char *suffix)
{
    struct strbuf path = STRBUF_INIT;
    FILE *f;

    strbuf_addf(&path, "%s/" SLICE_FMT "%s", h->opt.snap_dir, SLICE_ARG(name), suffix);
    f = fopen(path.buf, "we");
    if (!f && !h->err.code)
        err_sys(&h->err, "cannot write snapshot", path.buf);
    strbuf_release(&path);
    return f;
}

static void snap_close(struct headless *h, FILE *f)
{
    if (fclose(f) != 0 && !h->err.code)
        err_sys(&h->err, "cannot write snapshot in", h->opt.snap_dir);
}

static void snap_screen(struct headless *h, struct slice name)
{
    FILE *f = h->opt.snap_dir ? snap_file(h, name, ".screen") : h->opt.out;
    struct strbuf dump = STRBUF_INIT;

    if (!f)
        return;
    if (!h->opt.snap_dir)
        fprintf(f, "=== " SLICE_FMT "\n", SLICE_ARG(name));
    term_dump(h->grid, &dump);
    fwrite(dump.buf, 1, dump.len, f);
    strbuf_release(&dump);
    if (h->opt.snap_dir)
        snap_close(h, f);
}

static void snap_svg(struct headless *h, struct slice name)
{
    FILE *f = h->opt.snap_dir ? snap_file(h, name, ".svg") : h->opt.out;

    if (!f)
        return;
    term_svg(h->grid, h->opt.theme, f);
    if (h->opt.snap_dir)
        snap_close(h, f);
}

static void order_snap(struct headless *h, struct slice arg)
{
    struct slice rest = arg, name = slice_cut(&rest, ' ');

    if (!name.len || memchr(name.ptr, '/', name.len)) {
        fail(h, "not a name for a snapshot:", arg);
        return;
    }
    snap_screen(h, name);
    if (slice_is(slice_trim(rest), "svg"))
        snap_svg(h, name);
    else if (slice_trim(rest).len)
        fail(h, "only 'svg' may follow a snapshot's name, not", rest);
}

static bool order_resize(struct headless *h, struct slice arg, struct event *ev)
{
    char text[32], end;
    int w, height;

    snprintf(text, sizeof(text), SLICE_FMT, SLICE_ARG(arg));
    if (sscanf(text, "%5dx%5d%c", &w, &height, &end) != 2 || w < 1 || height < 1) {
        fail(h, "not a size like 80x24:", arg);
        return false;
    }
    grid_resize(h->grid, height, w);
    *ev = (struct event){.type = EV_RESIZE, .h = h->grid->h, .w = h->grid->w};
    return true;
}

static bool next_press(struct headless *h, struct event *ev)
{
    size_t n;

    h->press = slice_trim(h->press);
    if (!h->press.len)
        return false;
    n = key_parse(h->press, &ev->key);
    if (!n) {
        fail(h, "not a key:", h->press);
        h->press.len = 0;
        return false;
    }
    h->press = slice_of(h->press.ptr + n, h->press.len - n);
    ev->type = EV_KEY;
    return true;
}

static bool next_type(struct headless *h, struct event *ev)
{
    size_t n = text_decode(h->type.ptr, h->type.len, &ev->key.code);

    if (!n) {
        if (h->type.len)
            fail(h, "not UTF-8:", h->type);
        h->type.len = 0;
        return false;
    }
    h->type = slice_of(h->type.ptr + n, h->type.len - n);
    ev->type = EV_KEY;
    return true;
}

static bool drain(struct headless *h)
{
    return h->opt.drain && h->opt.drain(h->opt.ctx);
}

static bool woken(int wake_fd, int timeout_ms)
{
    struct pollfd p = {.fd = wake_fd, .events = POLLIN};
    uint64_t count;

    if (poll(&p, 1, timeout_ms) <= 0)
        return false;
    return read(wake_fd, &count, sizeof(count)) > 0;
}

/* One round of idle: something to draw, or else nothing left to wait for. */
static void next_idle(struct headless *h, int wake_fd, struct event *ev)
{
    bool more = drain(h);

    more |= woken(wake_fd, 0);
    if (more && ++h->rounds < IDLE_ROUNDS) {
        ev->type = EV_WAKE;
        return;
    }
    if (more)
        fail(h, "the program never comes to rest:", SL("idle"));
    h->idle = false;
    ev->type = EV_TIMEOUT;
}

static bool on_screen(const struct grid *g, struct slice text)
{
    struct strbuf row = STRBUF_INIT;
    bool found = false;

    for (int y = 0; y < g->h && !found; y++) {
        strbuf_reset(&row);
        dump_row(g, y, &row);
        found = memmem(row.buf, row.len, text.ptr, text.len) != NULL;
    }
    strbuf_release(&row);
    return found;
}

/* True if ev is to be delivered before the text is looked for again. */
static bool next_wait(struct headless *h, int wake_fd, struct event *ev)
{
    if (on_screen(h->grid, h->wait_for)) {
        h->wait_for.len = 0;
        return false;
    }
    if (now_ms() > h->deadline) {
        fail(h, "not on the screen after ten seconds:", h->wait_for);
        h->wait_for.len = 0;
        return false;
    }
    ev->type = drain(h) || woken(wake_fd, WAIT_STEP_MS) ? EV_WAKE : EV_TIMEOUT;
    return true;
}

/* Carries out one line; true if it is an event by itself. */
static bool run_line(struct headless *h, struct slice line, struct event *ev)
{
    struct slice arg = line, order = slice_cut(&arg, ' ');

    if (!arg.ptr)
        arg = SL("");
    if (slice_is(order, "press")) {
        h->press = arg;
    } else if (slice_is(order, "type")) {
        h->type = arg;
    } else if (slice_is(order, "idle")) {
        h->idle = true;
        h->rounds = 0;
    } else if (slice_is(order, "wait-for") && arg.len) {
        h->wait_for = arg;
        h->deadline = now_ms() + WAIT_FOR_MS;
    } else if (slice_is(order, "snap")) {
        order_snap(h, slice_trim(arg));
    } else if (slice_is(order, "copied")) {
        if (h->opt.out)
            fprintf(h->opt.out, "=== copied\n" SLICE_FMT "\n", SLICE_ARG(strbuf_slice(&h->copied)));
    } else if (slice_is(order, "resize")) {
        return order_resize(h, slice_trim(arg), ev);
    } else if (slice_is(order, "paste")) {
        *ev = (struct event){.type = EV_PASTE, .text = arg};
        return true;
    } else if (slice_is(order, "quit")) {
        h->rest.len = 0;
    } else {
        fail(h, "not an order:", line);
    }
    return false;
}

static bool next_line(struct headless *h, struct event *ev)
{
    struct slice line = slice_cut(&h->rest, '\n');

    h->line++;
    if (line.len && line.ptr[line.len - 1] == '\r')
        line.len--;
    if (!slice_trim(line).len || line.ptr[0] == '#')
        return false;
    return run_line(h, line, ev);
}

static void headless_next(struct term *t, int wake_fd, int timeout_ms, struct event *ev)
{
    struct headless *h = headless_of(t);

    (void)timeout_ms;
    *ev = (struct event){.type = EV_EOF};
    while (!h->err.code) {
        if (h->press.len && next_press(h, ev))
            return;
        if (h->type.len && next_type(h, ev))
            return;
        if (h->idle) {
            next_idle(h, wake_fd, ev);
            return;
        }
        if (h->wait_for.len) {
            if (next_wait(h, wake_fd, ev))
                return;
            continue;
        }
        if (!h->rest.len)
            break;
        if (next_line(h, ev))
            return;
    }
    *ev = (struct event){.type = EV_EOF};
}

static void headless_size(struct term *t, int *h, int *w)
{
    *h = headless_of(t)->grid->h;
    *w = headless_of(t)->grid->w;
}

static void headless_draw(struct term *t, const struct grid *g)
{
    struct grid *mine = headless_of(t)->grid;

    if (mine->h != g->h || mine->w != g->w)
        grid_resize(mine, g->h, g->w);
    memcpy(mine->cell, g->cell, (size_t)g->h * (size_t)g->w * sizeof(*g->cell));
    mine->cursor_y = g->cursor_y;
    mine->cursor_x = g->cursor_x;
}

static void headless_nothing(struct term *t)
{
    (void)t;
}

static void headless_copy(struct term *t, struct slice text)
{
    struct headless *h = headless_of(t);

    strbuf_reset(&h->copied);
    strbuf_addsl(&h->copied, text);
}

static void headless_free(struct term *t)
{
    struct headless *h = headless_of(t);

    if (h->opt.error)
        *h->opt.error = h->err;
    grid_free(h->grid);
    strbuf_release(&h->copied);
    free(h);
}

static const struct term_ops headless_ops = {
    .size = headless_size,
    .draw = headless_draw,
    .next = headless_next,
    .redraw = headless_nothing,
    .suspend = headless_nothing,
    .leave = headless_nothing,
    .enter = headless_nothing,
    .bell = headless_nothing,
    .copy = headless_copy,
    .free = headless_free,
};

struct term *term_headless_new(const struct headless_options *opt)
{
    struct headless *h = xcalloc(1, sizeof(*h));

    h->term.ops = &headless_ops;
    h->opt = *opt;
    if (!opt->theme) {
        theme_init(&h->theme);
        h->opt.theme = &h->theme;
    }
    if (!opt->script_name)
        h->opt.script_name = "script";
    h->rest = opt->script;
    h->grid = grid_new(opt->h, opt->w);
    return &h->term;
}

const struct err *term_headless_error(const struct term *t)
{
    const struct headless *h = headless_of(t);

    return h->err.code ? &h->err : NULL;
}
