/* The only file that knows curses. It compares the grid with what it drew before, hands the cells
 * that differ to ncurses, and waits in poll for the terminal, the wake descriptor and a pipe into
 * which the signal handlers write.
 *
 * ESC is a key, and also the start of Alt and of function keys: ncurses waits ESC_WAIT_MS for the
 * rest of a sequence; after that a character that follows at once makes it Alt. Arrow keys with
 * modifiers and the marks of a bracketed paste are told to ncurses as keys of our own.
 *
 * The terminal is put back on every way out: term_free, awl_abort_hook, and fatal signals. For the
 * last two only write and tcsetattr are used, with strings made ready at the start. SIGBUS is left
 * alone: the core guards its mapped files with it and ends in abort otherwise. */
#include "term.h"

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#include "text.h"
#include "xalloc.h"

enum { ESC_WAIT_MS = 40, CODE_PASTE = 3000, CODE_PASTE_END, CODE_KEYS, PASTE_MAX = 1 << 20 };

#define PASTE_ON "\033[?2004h"
#define PASTE_OFF "\033[?2004l"

struct screen {
    struct term term;
    struct term_options opt;
    SCREEN *scr;
    FILE *in, *out; /* ours to close when they are /dev/tty, else stdin and stdout */
    bool own_in, own_out;
    enum depth depth;
    int pair[ROLE_COUNT];
    uint8_t attr[ROLE_COUNT]; /* the theme's, beside the cell's own */
    struct grid *shown;
    bool all; /* draw every cell */
    bool eof;
    struct strbuf paste;
};

/* What a signal handler needs; there is one terminal in a process. */
static struct {
    volatile sig_atomic_t active;
    int fd;
    int pipe[2];
    struct termios saved;
    char restore[256];
    size_t restore_len;
} tty = {.pipe = {-1, -1}};

static const int caught[] = {SIGWINCH, SIGTERM, SIGHUP, SIGINT, SIGTSTP};
static const int fatal[] = {SIGSEGV, SIGABRT, SIGFPE, SIGILL, SIGQUIT};

static struct screen *screen_of(struct term *t)
{
    return (struct screen *)t;
}

static void write_all(int fd, const char *p, size_t n)
{
    while (n) {
        ssize_t done = write(fd, p, n);

        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return;
        p += done;
        n -= (size_t)done;
    }
}

/* Async-signal-safe. */
static void restore_terminal(void)
{
    if (!tty.active)
        return;
    tty.active = 0;
    write_all(tty.fd, tty.restore, tty.restore_len);
    tcsetattr(tty.fd, TCSANOW, &tty.saved);
}

static void on_fatal(int signo)
{
    restore_terminal();
    signal(signo, SIG_DFL);
    raise(signo);
}

static void on_signal(int signo)
{
    int keep = errno;
    unsigned char byte = (unsigned char)signo;

    if (write(tty.pipe[1], &byte, 1) < 0)
        byte = 0;
    errno = keep;
}

static void catch_signals(void)
{
    static char stack[1 << 16];
    stack_t alt = {.ss_sp = stack, .ss_size = sizeof(stack)};
    struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

    for (size_t i = 0; i < ARRAY_LEN(caught); i++)
        sigaction(caught[i], &sa, NULL);
    sigaltstack(&alt, NULL);
    sa = (struct sigaction){.sa_handler = on_fatal, .sa_flags = SA_ONSTACK | SA_RESETHAND};
    for (size_t i = 0; i < ARRAY_LEN(fatal); i++)
        sigaction(fatal[i], &sa, NULL);
    awl_abort_hook = restore_terminal;
}

static void release_signals(void)
{
    for (size_t i = 0; i < ARRAY_LEN(caught); i++)
        signal(caught[i], SIG_DFL);
    for (size_t i = 0; i < ARRAY_LEN(fatal); i++)
        signal(fatal[i], SIG_DFL);
    awl_abort_hook = NULL;
}

static void restore_add(const char *s)
{
    size_t n = s && s != (char *)-1 ? strlen(s) : 0;

    if (n == 0 || tty.restore_len + n > sizeof(tty.restore))
        return;
    memcpy(tty.restore + tty.restore_len, s, n);
    tty.restore_len += n;
}

static void prepare_restore(void)
{
    tty.restore_len = 0;
    restore_add(PASTE_OFF);
    restore_add(tigetstr("sgr0"));
    restore_add(tigetstr("cnorm"));
    restore_add(tigetstr("rmkx"));
    restore_add(tigetstr("rmcup"));
}

static void define_keys(void)
{
    static const char final[] = "ABCDHF";
    char seq[32];

    define_key("\033[200~", CODE_PASTE);
    define_key("\033[201~", CODE_PASTE_END);
    for (int mods = 1; mods < 8; mods++) {
        for (int i = 0; final[i]; i++) {
            snprintf(seq, sizeof(seq), "\033[1;%d%c", mods + 1, final[i]);
            define_key(seq, CODE_KEYS + mods * 8 + i);
        }
    }
}

static uint8_t xterm_mods(int bits)
{
    return (uint8_t)((bits & 1 ? MOD_SHIFT : 0) | (bits & 2 ? MOD_ALT : 0) |
                     (bits & 4 ? MOD_CTRL : 0));
}

static bool own_key(int code, struct key *key)
{
    static const uint32_t codes[] = {KC_UP, KC_DOWN, KC_RIGHT, KC_LEFT, KC_HOME, KC_END};
    int i = (code - CODE_KEYS) % 8;

    if (code < CODE_KEYS || code >= CODE_KEYS + 64 || i >= (int)ARRAY_LEN(codes))
        return false;
    *key = (struct key){codes[i], xterm_mods((code - CODE_KEYS) / 8)};
    return true;
}

static bool curses_key(int code, struct key *key)
{
    static const struct {
        int code;
        struct key key;
    } table[] = {
        {KEY_UP, {KC_UP, 0}},
        {KEY_DOWN, {KC_DOWN, 0}},
        {KEY_LEFT, {KC_LEFT, 0}},
        {KEY_RIGHT, {KC_RIGHT, 0}},
        {KEY_HOME, {KC_HOME, 0}},
        {KEY_END, {KC_END, 0}},
        {KEY_PPAGE, {KC_PGUP, 0}},
        {KEY_NPAGE, {KC_PGDN, 0}},
        {KEY_DC, {KC_DELETE, 0}},
        {KEY_IC, {KC_INSERT, 0}},
        {KEY_ENTER, {KC_ENTER, 0}},
        {KEY_BACKSPACE, {KC_BACKSPACE, 0}},
        {KEY_BTAB, {KC_TAB, MOD_SHIFT}},
    };

    if (code >= KEY_F(1) && code <= KEY_F(12)) {
        *key = (struct key){(uint32_t)(KC_F1 + code - KEY_F(1)), 0};
        return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        if (table[i].code == code) {
            *key = table[i].key;
            return true;
        }
    }
    return own_key(code, key);
}

static void char_key(wint_t c, struct key *key)
{
    if (c == '\r' || c == '\n')
        *key = (struct key){KC_ENTER, 0};
    else if (c == '\t')
        *key = (struct key){KC_TAB, 0};
    else if (c == 0x7F || c == '\b')
        *key = (struct key){KC_BACKSPACE, 0};
    else if (c == 0)
        *key = (struct key){' ', MOD_CTRL};
    else if (c < 0x1B)
        *key = (struct key){c + 'a' - 1, MOD_CTRL};
    else if (c < ' ')
        *key = (struct key){c + '@', MOD_CTRL};
    else
        *key = (struct key){c, 0};
}

static void read_paste(struct screen *s, struct event *ev)
{
    char utf8[5];
    wint_t c;
    int rc;

    strbuf_reset(&s->paste);
    timeout(1000);
    while ((rc = get_wch(&c)) != ERR && !(rc == KEY_CODE_YES && c == CODE_PASTE_END))
        if (rc == OK && s->paste.len < PASTE_MAX)
            strbuf_add(&s->paste, utf8, text_encode(c, utf8));
    timeout(0);
    *ev = (struct event){.type = EV_PASTE, .text = strbuf_slice(&s->paste)};
}

static bool key_event(int rc, wint_t c, struct key *key)
{
    if (rc == KEY_CODE_YES)
        return curses_key((int)c, key);
    char_key(c, key);
    return true;
}

/* A key that has already arrived. */
static bool read_key(struct screen *s, struct event *ev)
{
    wint_t c;
    int rc = get_wch(&c);

    if (rc == ERR)
        return false;
    if (rc == KEY_CODE_YES && c == CODE_PASTE) {
        read_paste(s, ev);
        return true;
    }
    ev->type = EV_KEY;
    if (rc == OK && c == 0x1B) {
        rc = get_wch(&c);
        if (rc == ERR || (rc == OK && c == 0x1B)) {
            ev->key = (struct key){KC_ESC, 0};
            return true;
        }
        if (!key_event(rc, c, &ev->key))
            return false;
        ev->key.mods |= MOD_ALT;
        return true;
    }
    return key_event(rc, c, &ev->key);
}

static void take_size(struct screen *s, struct event *ev)
{
    struct winsize ws;

    if (ioctl(fileno(s->out), TIOCGWINSZ, &ws) == 0 && ws.ws_row && ws.ws_col)
        resizeterm(ws.ws_row, ws.ws_col);
    s->all = true;
    *ev = (struct event){.type = EV_RESIZE, .h = LINES, .w = COLS};
}

static bool read_signal(struct screen *s, struct event *ev)
{
    unsigned char signo;

    if (read(tty.pipe[0], &signo, 1) != 1)
        return false;
    if (signo == SIGWINCH)
        take_size(s, ev);
    else
        *ev = (struct event){.type = EV_SIGNAL, .signo = signo};
    return true;
}

static void screen_next(struct term *t, int wake_fd, int timeout_ms, struct event *ev)
{
    struct screen *s = screen_of(t);
    struct pollfd p[3] = {{.fd = s->eof ? -1 : fileno(s->in), .events = POLLIN},
                          {.fd = tty.pipe[0], .events = POLLIN},
                          {.fd = wake_fd, .events = POLLIN}};
    uint64_t count;

    *ev = (struct event){.type = EV_TIMEOUT};
    if (read_signal(s, ev) || read_key(s, ev))
        return;
    if (poll(p, 3, timeout_ms) <= 0 || read_signal(s, ev))
        return;
    if (p[0].revents) {
        if (read_key(s, ev))
            return;
        if (p[0].revents & (POLLHUP | POLLERR | POLLNVAL)) {
            s->eof = true;
            ev->type = EV_EOF;
            return;
        }
    }
    if ((p[2].revents & POLLIN) && read(wake_fd, &count, sizeof(count)) > 0)
        ev->type = EV_WAKE;
}

static attr_t curses_attr(unsigned attr)
{
    return (attr & ATTR_BOLD ? A_BOLD : 0) | (attr & ATTR_REVERSE ? A_REVERSE : 0) |
           (attr & ATTR_UNDERLINE ? A_UNDERLINE : 0) | (attr & ATTR_DIM ? A_DIM : 0);
}

static void draw_cell(const struct screen *s, int y, int x, const struct cell *c)
{
    wchar_t wide[CELL_TEXT];
    cchar_t cc;
    size_t n = 0, len = strlen(c->text);
    int pair = s->pair[c->role];
    uint32_t cp;

    for (size_t i = 0, used; i < len && (used = text_decode(c->text + i, len - i, &cp)); i += used)
        wide[n++] = (wchar_t)cp;
    wide[n] = L'\0';
    setcchar(&cc, wide, curses_attr(s->attr[c->role] | c->attr), 0, &pair);
    mvadd_wch(y, x, &cc);
}

static void place_cursor(const struct grid *g)
{
    curs_set(g->cursor_y >= 0);
    if (g->cursor_y >= 0)
        move(MIN(g->cursor_y, LINES - 1), MIN(g->cursor_x, COLS - 1));
}

static void screen_draw(struct term *t, const struct grid *g)
{
    struct screen *s = screen_of(t);

    if (s->shown->h != g->h || s->shown->w != g->w) {
        grid_resize(s->shown, g->h, g->w);
        s->all = true;
    }
    if (s->all)
        erase();
    for (int y = 0; y < MIN(g->h, LINES); y++) {
        for (int x = 0; x < MIN(g->w, COLS); x++) {
            const struct cell *c = grid_cell(g, y, x);
            struct cell *old = grid_cell(s->shown, y, x);

            if (c->width && (s->all || !cell_eq(c, old)))
                draw_cell(s, y, x, c);
            *old = *c;
        }
    }
    s->all = false;
    place_cursor(g);
    refresh();
}

static void screen_size(struct term *t, int *h, int *w)
{
    (void)t;
    *h = LINES;
    *w = COLS;
}

static void screen_redraw(struct term *t)
{
    screen_of(t)->all = true;
    clearok(stdscr, TRUE);
}

static void screen_leave(struct term *t)
{
    struct screen *s = screen_of(t);

    def_prog_mode();
    write_all(fileno(s->out), PASTE_OFF, strlen(PASTE_OFF));
    endwin();
    tty.active = 0;
}

static void screen_enter(struct term *t)
{
    struct screen *s = screen_of(t);
    unsigned char winch = SIGWINCH;

    reset_prog_mode();
    refresh();
    write_all(fileno(s->out), PASTE_ON, strlen(PASTE_ON));
    tty.active = 1;
    screen_redraw(t);
    write_all(tty.pipe[1], (const char *)&winch, 1);
}

/* The whole process group stops, as it would by the terminal's own ^Z. */
static void screen_suspend(struct term *t)
{
    struct sigaction stop = {.sa_handler = SIG_DFL}, ours;

    screen_leave(t);
    sigaction(SIGTSTP, &stop, &ours);
    kill(0, SIGTSTP);
    sigaction(SIGTSTP, &ours, NULL);
    screen_enter(t);
}

static void screen_bell(struct term *t)
{
    (void)t;
    beep();
}

static void screen_copy(struct term *t, struct slice text)
{
    struct screen *s = screen_of(t);
    struct strbuf seq = STRBUF_INIT;

    term_osc52(&seq, text, s->opt.tmux);
    write_all(fileno(s->out), seq.buf, seq.len);
    strbuf_release(&seq);
}

static void close_files(struct screen *s)
{
    if (s->own_in)
        fclose(s->in);
    if (s->own_out)
        fclose(s->out);
}

static void screen_free(struct term *t)
{
    struct screen *s = screen_of(t);

    screen_leave(t);
    release_signals();
    delscreen(s->scr);
    close(tty.pipe[0]);
    close(tty.pipe[1]);
    tty.pipe[0] = tty.pipe[1] = -1;
    close_files(s);
    grid_free(s->shown);
    strbuf_release(&s->paste);
    free(s);
}

static const struct term_ops screen_ops = {
    .size = screen_size,
    .draw = screen_draw,
    .next = screen_next,
    .redraw = screen_redraw,
    .suspend = screen_suspend,
    .leave = screen_leave,
    .enter = screen_enter,
    .bell = screen_bell,
    .copy = screen_copy,
    .free = screen_free,
};

static enum depth screen_depth(const struct screen *s)
{
    if (s->opt.no_color || !has_colors() || start_color() == ERR)
        return DEPTH_MONO;
    use_default_colors();
    if (COLORS > 256 && tigetflag("RGB") == 1)
        return DEPTH_TRUE;
    return COLORS >= 256 ? DEPTH_256 : COLORS >= 16 ? DEPTH_16 : DEPTH_MONO;
}

/* With eight colours the bright half of the sixteen is the same colour in bold. */
static struct look eight(struct look look)
{
    if (look.fg > 7) {
        look.fg -= 8;
        look.attr |= ATTR_BOLD;
    }
    if (look.bg > 7)
        look.bg -= 8;
    if (look.fg == look.bg && look.fg >= 0)
        look.fg = look.bg == 0 ? 7 : 0;
    return look;
}

static void prepare_styles(struct screen *s)
{
    bool few = s->depth == DEPTH_MONO && !s->opt.no_color && has_colors() && COLORS == 8;

    if (few)
        s->depth = DEPTH_16;
    for (int r = 0; r < ROLE_COUNT; r++) {
        struct look look = theme_look(s->opt.theme, r, 0, s->depth);

        if (few)
            look = eight(look);
        s->attr[r] = look.attr;
        if (s->depth != DEPTH_MONO)
            s->pair[r] = MAX(alloc_pair(look.fg, look.bg), 0);
    }
}

static bool open_files(struct screen *s, struct err *err)
{
    s->in = stdin;
    s->out = stdout;
    if (!isatty(STDIN_FILENO)) {
        s->in = fopen("/dev/tty", "re");
        s->own_in = s->in != NULL;
    }
    if (!isatty(STDOUT_FILENO)) {
        s->out = fopen("/dev/tty", "we");
        s->own_out = s->out != NULL;
    }
    if (s->in && s->out)
        return true;
    err_sys(err, "cannot open the terminal", "/dev/tty");
    return false;
}

/* A terminal that shows 24-bit colours has an entry of its own kind, such as "xterm-direct". */
static SCREEN *open_screen(const struct screen *s)
{
    const char *name = getenv("TERM");
    SCREEN *scr = NULL;
    char direct[64];

    if (s->opt.truecolor && name) {
        snprintf(direct, sizeof(direct), "%.*s-direct", (int)MIN(strcspn(name, "-"), (size_t)48),
                 name);
        scr = newterm(direct, s->out, s->in);
    }
    return scr ? scr : newterm(NULL, s->out, s->in);
}

static void prepare_screen(struct screen *s)
{
    raw();
    noecho();
    nonl();
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    scrollok(stdscr, FALSE);
    set_escdelay(ESC_WAIT_MS);
    define_keys();
    s->depth = screen_depth(s);
    prepare_styles(s);
    prepare_restore();
    refresh();
    write_all(fileno(s->out), PASTE_ON, strlen(PASTE_ON));
    s->shown = grid_new(LINES, COLS);
    s->all = true;
}

static void close_all(struct screen *s)
{
    close_files(s);
    if (tty.pipe[0] >= 0) {
        close(tty.pipe[0]);
        close(tty.pipe[1]);
    }
    free(s);
}

struct term *term_ncurses_new(const struct term_options *opt, struct err *err)
{
    struct screen *s = xcalloc(1, sizeof(*s));

    BUG_ON(tty.active);
    s->term.ops = &screen_ops;
    s->opt = *opt;
    if (!open_files(s, err)) {
        close_all(s);
        return NULL;
    }
    tty.fd = fileno(s->out);
    if (pipe2(tty.pipe, O_CLOEXEC | O_NONBLOCK) < 0 || tcgetattr(tty.fd, &tty.saved) < 0) {
        err_sys(err, "cannot prepare the terminal", "tty");
        close_all(s);
        return NULL;
    }
    s->scr = open_screen(s);
    if (!s->scr) {
        err_set(err, ERR_SYS, "cannot use this terminal: set TERM to its type");
        close_all(s);
        return NULL;
    }
    prepare_screen(s);
    tty.active = 1;
    catch_signals();
    return &s->term;
}
