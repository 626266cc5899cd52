/* cli_demo.c - awl demo: writes the made-up day, and opens it if it is not to be kept. */
#include <errno.h>
#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "cli_impl.h"
#include "demo.h"
#include "xalloc.h"

#define LIVE_LINES_PER_S 50

static bool pick_types(const char *list, unsigned *mask)
{
    struct slice rest = slice_str(list);

    *mask = 0;
    while (rest.ptr) {
        struct slice name = slice_cut(&rest, ',');
        unsigned t = 0;

        while (t < DEMO_N_TYPES && !slice_is(name, demo_type_name((enum demo_type)t)))
            t++;
        if (t == DEMO_N_TYPES) {
            fprintf(stderr, "awl: the demo has no type " SLICE_FMT "\n", SLICE_ARG(name));
            return false;
        }
        *mask |= 1u << t;
    }
    return true;
}

struct live {
    const char *dir;
    atomic_bool stop;
};

static void *write_live(void *arg)
{
    struct live *l = arg;
    struct err e;

    if (demo_live(l->dir, LIVE_LINES_PER_S, &l->stop, &e) < 0)
        l->stop = true;
    return NULL;
}

static int explore_demo(const struct options *o, char *dir)
{
    struct options with = *o;
    struct live live = {.dir = dir};
    pthread_t thread;
    bool running = o->live && pthread_create(&thread, NULL, write_live, &live) == 0;
    char *paths[] = {dir};
    int rc;

    with.follow = o->live;
    rc = explore(&with, paths, 1);
    live.stop = true;
    if (running)
        pthread_join(thread, NULL);
    return rc;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

static void remove_folder(const char *dir)
{
    if (nftw(dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS) != 0)
        fprintf(stderr, "awl: %s is left behind: %s\n", dir, strerror(errno));
}

/* While a folder of our own is there, a signal must not leave it behind; a second one kills. */
static void catch_signals(void (*handler)(int))
{
    struct sigaction sa = {.sa_handler = handler, .sa_flags = SA_RESETHAND};

    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGHUP, &sa, NULL);
}

/* What is done with the files that were written. */
static int use_demo(const struct options *o, char *dir, const struct demo_summary *sum, bool screen)
{
    struct err e;

    if (screen) {
        catch_signals(SIG_DFL); /* the screen has its own */
        return explore_demo(o, dir);
    }
    demo_summary_print(sum, stdout);
    if (!o->write || !o->live)
        return EXIT_MATCH;
    fflush(stdout);
    catch_signals(cli_interrupt);
    if (demo_live(o->write, LIVE_LINES_PER_S, &cli_interrupted, &e) < 0) {
        cli_complain(e.msg);
        return EXIT_TROUBLE;
    }
    cli_interrupted = false; /* a signal is how this ends */
    return EXIT_MATCH;
}

int cli_demo(const struct options *o)
{
    struct demo_options d = {.dir = o->write,
                             .lines = o->lines,
                             .seed = o->seed,
                             .single = o->single,
                             .gz = o->gzip,
                             .per_file = o->per_file,
                             .cancel = &cli_interrupted};
    const char *tmp = getenv("TMPDIR");
    bool screen = !o->write && (o->script || (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO)));
    char dir[PATH_MAX];
    struct demo_summary sum;
    struct err e;
    int rc;

    if (o->n_arg) {
        fprintf(stderr, "awl: demo takes no paths\n");
        return EXIT_TROUBLE;
    }
    if (o->types && !pick_types(o->types, &d.types))
        return EXIT_TROUBLE;
    snprintf(dir, sizeof(dir), "%s/awl-demo-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!o->write) {
        catch_signals(cli_interrupt);
        if (!mkdtemp(dir)) {
            fprintf(stderr, "awl: cannot make a folder in %s: %s\n", dir, strerror(errno));
            return EXIT_TROUBLE;
        }
        d.dir = dir;
    }
    rc = demo_write(&d, &sum, &e);
    if (rc < 0) {
        if (!cli_interrupted)
            cli_complain(e.msg);
        rc = EXIT_TROUBLE;
    } else if (!cli_interrupted) {
        rc = use_demo(o, dir, &sum, screen);
    }
    if (!o->write)
        remove_folder(dir);
    return cli_finish(rc);
}
