/* main.c - what the program is told by its environment, and which command runs. */
#include <errno.h>
#include <signal.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "formats.h"
#include "membudget.h"
#include "run.h"
#include "term.h"
#include "xalloc.h"

#ifndef THEME_DIR
#define THEME_DIR "/usr/local/share/awl/themes"
#endif

struct terminal_choice {
    const struct options *o;
    struct theme *theme;
    struct strbuf script;
    struct err error; /* what went wrong in the script */
    int h, w;
};

static struct term *make_terminal(void *ctx, bool (*drain)(void *), void *drain_ctx)
{
    struct terminal_choice *c = ctx;
    const char *color = getenv("COLORTERM"), *no_color = getenv("NO_COLOR");
    struct err e;
    struct term *t;

    if (c->o->script) {
        struct headless_options h = {.h = c->h,
                                     .w = c->w,
                                     .script = strbuf_slice(&c->script),
                                     .script_name = c->o->script,
                                     .snap_dir = c->o->snap_dir,
                                     .out = stdout,
                                     .theme = c->theme,
                                     .drain = drain,
                                     .ctx = drain_ctx,
                                     .error = &c->error};

        return term_headless_new(&h);
    }
    struct term_options n = {
        .theme = c->theme,
        .no_color = no_color && *no_color,
        .truecolor = color && (strcmp(color, "truecolor") == 0 || strcmp(color, "24bit") == 0),
        .tmux = getenv("TMUX") != NULL};
    t = term_ncurses_new(&n, &e);
    if (!t)
        fprintf(stderr, "awl: %s\n", e.msg);
    return t;
}

/* A theme by path, or by name in the user's or the system's folder. "dark" is built in. */
static bool read_theme(const char *name, struct theme *theme)
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    struct strbuf path[3] = {STRBUF_INIT, STRBUF_INIT, STRBUF_INIT};
    struct err e = {.msg = "not found"};
    bool found = false;

    theme_init(theme);
    if (!name || strcmp(name, "dark") == 0)
        return true;
    if (strchr(name, '/')) {
        strbuf_adds(&path[0], name);
    } else {
        strbuf_addf(&path[0], "%s%s/awl/themes/%s.theme",
                    config && *config ? config
                    : home            ? home
                                      : "",
                    config && *config ? "" : "/.config", name);
        strbuf_addf(&path[1], THEME_DIR "/%s.theme", name);
        strbuf_addf(&path[2], "themes/%s.theme", name);
    }
    for (unsigned i = 0; i < ARRAY_LEN(path) && !found; i++)
        found = path[i].len && access(path[i].buf, R_OK) == 0 &&
                theme_read(theme, path[i].buf, &e) == 0;
    if (!found)
        fprintf(stderr, "awl: theme %s: %s\n", name, e.msg);
    for (unsigned i = 0; i < ARRAY_LEN(path); i++)
        strbuf_release(&path[i]);
    return found;
}

static bool read_script(struct terminal_choice *c)
{
    char buf[4096];
    size_t n;
    FILE *f;

    c->h = 24;
    c->w = 80;
    if (c->o->size && (sscanf(c->o->size, "%dx%d", &c->w, &c->h) != 2 || c->w < 1 || c->h < 1 ||
                       c->w > 1000 || c->h > 1000)) {
        fprintf(stderr, "awl: --size wants WxH like 120x40, not %s\n", c->o->size);
        return false;
    }
    if (!c->o->script)
        return true;
    f = fopen(c->o->script, "r");
    if (!f) {
        fprintf(stderr, "awl: cannot open %s: %s\n", c->o->script, strerror(errno));
        return false;
    }
    while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
        strbuf_add(&c->script, buf, n);
    fclose(f);
    return true;
}

static struct keymap *read_keys(void)
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    struct keymap *keys = keymap_new();
    struct strbuf path = STRBUF_INIT, text = STRBUF_INIT;
    struct err e;
    char buf[4096];
    size_t n;
    FILE *f;

    strbuf_addf(&path, "%s%s/awl/config",
                config && *config ? config
                : home            ? home
                                  : "",
                config && *config ? "" : "/.config");
    f = fopen(path.buf, "r");
    while (f && (n = fread(buf, 1, sizeof(buf), f)) > 0)
        strbuf_add(&text, buf, n);
    if (f)
        fclose(f);
    if (text.len && keymap_load(keys, strbuf_slice(&text), path.buf, &e) < 0)
        fprintf(stderr, "awl: %s\n", e.msg);
    strbuf_release(&path);
    strbuf_release(&text);
    return keys;
}

int explore(const struct options *o, char **paths, int n_paths)
{
    static char here[] = ".";
    char *only_here[] = {here};
    struct terminal_choice choice = {.o = o};
    struct theme theme;
    struct tui_options t = {.filter = o->where,
                            .follow = o->follow,
                            .ascii = o->ascii || strcmp(nl_langinfo(CODESET), "UTF-8") != 0,
                            .local_time = o->tz && strcmp(o->tz, "local") == 0,
                            .threads = o->threads,
                            .spill = o->spill,
                            .cache = options_cache(o),
                            .cache_cap = o->cache_size,
                            .clock_us = o->now_us,
                            .theme = &theme,
                            .terminal = make_terminal,
                            .terminal_ctx = &choice};
    int rc = EXIT_TROUBLE;

    t.paths = n_paths ? paths : o->n_arg ? o->arg : only_here;
    t.n_paths = n_paths ? n_paths : o->n_arg ? o->n_arg : 1;
    choice.theme = &theme;
    if (o->tz && strcmp(o->tz, "local") != 0 && strcmp(o->tz, "utc") != 0) {
        fprintf(stderr, "awl: --tz is utc or local, not %s\n", o->tz);
        return EXIT_TROUBLE;
    }
    if (!o->script && !isatty(STDOUT_FILENO)) {
        fprintf(stderr, "awl: standard output is no terminal; `awl query` prints results\n");
        return EXIT_TROUBLE;
    }
    if (!read_theme(o->theme, &theme) || !read_script(&choice))
        return EXIT_TROUBLE;
    t.keys = read_keys();
    rc = tui_run(&t);
    keymap_free(t.keys);
    strbuf_release(&choice.script);
    if (choice.error.code) {
        fprintf(stderr, "awl: %s\n", choice.error.msg);
        rc = EXIT_TROUBLE;
    }
    return rc;
}

int main(int argc, char **argv)
{
    struct options o;
    int rc;

    setlocale(LC_CTYPE, "");
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error, not the end */
    rc = options_parse(&o, argc, argv);
    if (rc >= 0)
        return rc;
    membudget_set(o.memory);
    if (o.command != ON_FORMATS || !o.n_arg) /* what is checked may be one of them */
        formats_load();
    switch (o.command) {
    case ON_QUERY:
        return cli_query(&o);
    case ON_SOURCES:
        return cli_sources(&o);
    case ON_FIELDS:
        return cli_fields(&o);
    case ON_EXPLAIN:
        return cli_explain(&o);
    case ON_FORMATS:
        return cli_formats(&o);
    case ON_INDEX:
        return cli_index(&o);
    case ON_DEMO:
        return cli_demo(&o);
    default:
        return explore(&o, NULL, 0);
    }
}
