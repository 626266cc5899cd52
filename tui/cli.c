/* cli.c - what the commands without a screen share: opening with progress, ^C, where results go. */
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "cli_impl.h"
#include "xalloc.h"

#define PROGRESS_AFTER_MS 500
#define EXIT_INTERRUPTED 130
#define UNKNOWN_NAMED 5 /* files of no known type that are told one by one */

atomic_bool cli_interrupted;
static bool cut_short; /* an earlier ^C ended the reading */
struct sink cli_result;

void cli_interrupt(int sig)
{
    (void)sig;
    cli_interrupted = true;
}

int64_t cli_clock(clockid_t id)
{
    struct timespec t;

    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

void cli_complain(const char *text)
{
    struct strbuf sb = STRBUF_INIT;

    visible_text(&sb, slice_str(text));
    fprintf(stderr, "awl: %s\n", sb.buf ? sb.buf : "");
    strbuf_release(&sb);
}

bool cli_open_sink(const struct options *o)
{
    struct err e;

    if (sink_open(&cli_result, o->to_file, o->redact, &e) == 0)
        return true;
    cli_complain(e.msg);
    return false;
}

int cli_finish(int code)
{
    struct err e;

    if (sink_close(&cli_result, code != EXIT_TROUBLE && !cli_interrupted, &e) < 0) {
        cli_complain(e.msg);
        return EXIT_TROUBLE;
    }
    if (cli_interrupted)
        cli_complain("stopped: the result is not whole");
    return cli_interrupted || cut_short ? EXIT_INTERRUPTED : code;
}

/* --- opening --- */

static void show_progress(struct session *s, int64_t since_us)
{
    struct progress p;

    session_progress(s, &p);
    if (p.total)
        fprintf(stderr, "\r\x1b[Kawl: %3.0f %%  %llu records  %u of %u files  %.1f s",
                100.0 * (double)p.bytes / (double)p.total, (unsigned long long)p.records,
                p.sources_done, p.sources, (double)(cli_clock(CLOCK_MONOTONIC) - since_us) / 1e6);
}

static void wait_with_progress(struct session *s)
{
    bool terminal = isatty(STDERR_FILENO), shown = false;
    int64_t start = cli_clock(CLOCK_MONOTONIC);
    struct timespec pause = {0, 2000000};
    struct progress p;

    for (;;) {
        session_progress(s, &p);
        if (!p.busy)
            break;
        if (cli_interrupted)
            session_stop(s);
        if (terminal && cli_clock(CLOCK_MONOTONIC) - start > PROGRESS_AFTER_MS * 1000) {
            show_progress(s, start);
            shown = true;
            pause.tv_nsec = 100000000;
        }
        nanosleep(&pause, NULL);
    }
    session_wait(s);
    if (shown)
        fputs("\r\x1b[K", stderr);
    if (!cli_interrupted)
        return;
    /* the next ^C ends what is done with the records that are there */
    cli_interrupted = false;
    cut_short = true;
    session_progress(s, &p);
    fprintf(stderr, "awl: stopped reading; the result is of the first %llu records\n",
            (unsigned long long)p.records);
}

/* Files whose lines are all shown as they are, for no log type knows them. */
static void name_unknown(struct session *s)
{
    struct strbuf text = STRBUF_INIT;
    uint32_t unknown = 0;

    for (uint32_t i = 0; i < session_sources(s); i++) {
        const struct source *src = session_source(s, i);

        if (src->lt != logtype_text() || src->records == 0 || ++unknown > UNKNOWN_NAMED)
            continue;
        strbuf_reset(&text);
        strbuf_addf(&text, "%s: no log type that is known; its lines are taken as they are",
                    src->path);
        cli_complain(text.buf);
    }
    if (unknown > UNKNOWN_NAMED)
        fprintf(stderr, "awl: and %u more such files (awl sources lists them)\n",
                unknown - UNKNOWN_NAMED);
    strbuf_release(&text);
}

static void print_problems(struct session *s)
{
    char text[600];

    for (uint32_t i = 0; session_problem(s, i, text, sizeof(text)); i++)
        cli_complain(text);
    name_unknown(s);
}

struct session *cli_open(const struct options *o, char **path, int n)
{
    static char here[] = ".";
    char *only_here[] = {here};
    struct session_options so = {.threads = o->threads,
                                 .spill = o->spill,
                                 .cache = options_cache(o),
                                 .cache_cap = o->cache_size};
    struct session *s = session_new(&so);
    struct progress p;

    if (n == 0) {
        path = only_here;
        n = 1;
    }
    for (int i = 0; i < n; i++)
        session_open(s, path[i]);
    signal(SIGINT, cli_interrupt);
    signal(SIGPIPE, SIG_IGN);
    session_start(s);
    wait_with_progress(s);
    print_problems(s);
    session_progress(s, &p);
    if (p.full) { /* told as a problem */
        session_free(s);
        return NULL;
    }
    if (session_sources(s) == 0) {
        if (!session_problem(s, 0, (char[2]){0}, 2))
            cli_complain("there is no file to read");
        session_free(s);
        return NULL;
    }
    return s;
}

bool cli_format(const struct options *o, enum output_format *f)
{
    *f = output_format_by_name(o->format ? o->format : "table");
    if (*f != OUTPUT_COUNT)
        return true;
    fprintf(stderr, "awl: no output format %s: table, csv, tsv, json, raw or md\n", o->format);
    return false;
}
