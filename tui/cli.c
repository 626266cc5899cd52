/* cli.c - the commands without a screen. Results go to standard output, all else to stderr. */
#include "athena.h"
#include "cli.h"

#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "demo.h"
#include "explain.h"
#include "runquery.h"
#include "samples.h"
#include "sink.h"
#include "xalloc.h"

#define PROGRESS_AFTER_MS 500
#define EXIT_INTERRUPTED 130
#define LIVE_LINES_PER_S 50
#define SOURCE_COLUMNS 11
#define UNKNOWN_NAMED 5 /* files of no known type that are told one by one */

static atomic_bool interrupted; /* ^C: what runs now stops */
static bool cut_short;          /* an earlier ^C ended the reading */
static struct sink result;      /* where it goes */

static void on_interrupt(int sig)
{
    (void)sig;
    interrupted = true;
}

static int64_t clock_us(clockid_t id)
{
    struct timespec t;

    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void complain(const char *text)
{
    struct strbuf sb = STRBUF_INIT;

    visible_text(&sb, slice_str(text));
    fprintf(stderr, "awl: %s\n", sb.buf ? sb.buf : "");
    strbuf_release(&sb);
}

static bool open_sink(const struct options *o)
{
    struct err e;

    if (sink_open(&result, o->to_file, o->redact, &e) == 0)
        return true;
    complain(e.msg);
    return false;
}

/* Ends what was written. A file is kept unless there was trouble or the result is not whole. */
static int finish(int code)
{
    struct err e;

    if (sink_close(&result, code != EXIT_TROUBLE && !interrupted, &e) < 0) {
        complain(e.msg);
        return EXIT_TROUBLE;
    }
    if (interrupted)
        complain("stopped: the result is not whole");
    return interrupted || cut_short ? EXIT_INTERRUPTED : code;
}

/* --- opening --- */

static void show_progress(struct session *s, int64_t since_us)
{
    struct progress p;

    session_progress(s, &p);
    if (p.total)
        fprintf(stderr, "\r\x1b[Kawl: %3.0f %%  %llu records  %u of %u files  %.1f s",
                100.0 * (double)p.bytes / (double)p.total, (unsigned long long)p.records,
                p.sources_done, p.sources, (double)(clock_us(CLOCK_MONOTONIC) - since_us) / 1e6);
}

static void wait_with_progress(struct session *s)
{
    bool terminal = isatty(STDERR_FILENO), shown = false;
    int64_t start = clock_us(CLOCK_MONOTONIC);
    struct timespec pause = {0, 2000000};
    struct progress p;

    for (;;) {
        session_progress(s, &p);
        if (!p.busy)
            break;
        if (interrupted)
            session_stop(s);
        if (terminal && clock_us(CLOCK_MONOTONIC) - start > PROGRESS_AFTER_MS * 1000) {
            show_progress(s, start);
            shown = true;
            pause.tv_nsec = 100000000;
        }
        nanosleep(&pause, NULL);
    }
    session_wait(s);
    if (shown)
        fputs("\r\x1b[K", stderr);
    if (!interrupted)
        return;
    /* the next ^C ends what is done with the records that are there */
    interrupted = false;
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
        complain(text.buf);
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
        complain(text);
    name_unknown(s);
}

/* Opens paths and indexes them. NULL if none of them could be opened. */
static struct session *open_paths(const struct options *o, char **path, int n)
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
    signal(SIGINT, on_interrupt);
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
            complain("there is no file to read");
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

/* --- query --- */

/* Without our name before it: the caret stands below the text. */
static void complain_query(const struct query_error *e, const char *text)
{
    struct strbuf sb = STRBUF_INIT;

    query_error_print(e, text, &sb);
    fprintf(stderr, "%s\n", sb.buf ? sb.buf : "");
    strbuf_release(&sb);
}

/* The result of a query of which only the plan is shown. */
static bool drop_bytes(void *ctx, const char *bytes, size_t n)
{
    (void)ctx;
    (void)bytes;
    (void)n;
    return true;
}

/* With a plan, that is printed, not the result. */
static int run_parsed(struct session *s, const struct options *o, struct query_ast *ast,
                      struct query_ast *within, enum output_format f, struct plan *plan)
{
    bool sketched = false;
    struct runquery q = {.session = s,
                         .ast = ast,
                         .within = within,
                         .format = f,
                         .no_sort = o->no_sort,
                         .plan = plan,
                         .sink = plan ? drop_bytes : sink_write,
                         .ctx = &result,
                         .cancel = &interrupted,
                         .sketched = &sketched};
    uint64_t rows = 0;
    struct err e;

    if (ast->notice[0])
        complain(ast->notice);
    if (runquery(&q, &rows, &e) < 0) {
        complain(e.msg);
        return EXIT_TROUBLE;
    }
    if (sketched)
        complain(SAMPLES_NOTE);
    if (plan)
        plan_print(plan, f, sink_write, &result);
    return rows ? EXIT_MATCH : EXIT_NOTHING;
}

/* The clock, and the first and last record if they are known (s is not NULL). */
static struct query_env query_env_of(const struct options *o, struct session *s)
{
    struct query_env env = {.now_us = o->now_us ? o->now_us : clock_us(CLOCK_REALTIME)};
    struct snapshot *snap;

    env.first_us = env.last_us = env.now_us;
    if (!s)
        return env;
    snap = session_snapshot(s);
    if (snap->rows) {
        env.first_us = snap->ts_min;
        env.last_us = snap->ts_max;
    }
    snapshot_unref(snap);
    return env;
}

/* Times of day mean the newest such moment in the logs, and files bring field names of their own,
 * so the query is read a second time when they are known; the first reading (s is NULL) finds
 * mistakes before any file is read. False if there is one. */
static bool read_query(const struct options *o, const char *text, struct session *s,
                       struct query_ast **ast)
{
    struct query_env env = query_env_of(o, s);
    struct query_error qe = {0};

    *ast = query_parse(text, &env, &qe);
    if (*ast || (!s && qe.unknown_field))
        return true;
    complain_query(&qe, text);
    return false;
}

/* A time as an option: "2024-01-02 03:04" is one word there. */
static void add_time(struct strbuf *out, const char *time)
{
    struct slice s = slice_trim(slice_str(time));

    strbuf_addsl(out, s);
    if (s.len > 11 && s.ptr[4] == '-' && s.ptr[7] == '-' && s.ptr[10] == ' ')
        out->buf[out->len - s.len + 10] = 'T';
}

/* --since and --until as a filter: NULL if there are none, false (and a word) for what is no time.
 */
static bool read_bounds(const struct options *o, struct session *s, struct query_ast **within)
{
    struct query_env env = query_env_of(o, s);
    struct query_error qe = {0};
    struct strbuf text = STRBUF_INIT;
    bool ok = true;

    if (o->since) {
        strbuf_adds(&text, "@timestamp >= ");
        add_time(&text, o->since);
    }
    if (o->until) {
        strbuf_addf(&text, "%s@timestamp < ", o->since ? " and " : "");
        add_time(&text, o->until);
    }
    *within = text.len ? filter_parse(text.buf, &env, &qe) : NULL;
    if (text.len && !*within) {
        fprintf(stderr, "awl: --since and --until want times such as -2h, 13:05 or "
                        "2024-01-02T03:04Z\n");
        complain_query(&qe, text.buf);
        ok = false;
    }
    strbuf_release(&text);
    return ok;
}

/* The mistakes that can be found before any file is read. */
static bool check_query(const struct options *o)
{
    struct query_ast *ast = NULL, *within = NULL;
    bool ok = read_query(o, o->arg[0], NULL, &ast) && read_bounds(o, NULL, &within);

    query_ast_free(ast);
    query_ast_free(within);
    return ok;
}

/* --- as SQL --- */

/* Adds a name to a comma separated list, once. */
static void add_once(struct strbuf *list, struct slice name)
{
    struct slice rest = strbuf_slice(list);

    while (rest.ptr && list->len)
        if (slice_eq(slice_cut(&rest, ','), name))
            return;
    if (name.len) {
        strbuf_adds(list, list->len ? "," : "");
        strbuf_addsl(list, name);
    }
}

/* The log types, accounts and regions of the files. */
static void describe_files(struct session *s, struct athena_options *a, struct strbuf *accounts,
                           struct strbuf *regions)
{
    struct snapshot *snap = session_snapshot(s);

    for (uint32_t i = 0; i < snap->n; i++)
        a->types |= UINT64_C(1) << snap->seg[i]->lt->id;
    snapshot_unref(snap);
    for (uint32_t i = 0; i < session_sources(s); i++) {
        add_once(accounts, session_source(s, i)->ident.account);
        add_once(regions, session_source(s, i)->ident.region);
    }
    a->accounts = accounts->len ? accounts->buf : NULL;
    a->regions = regions->len ? regions->buf : NULL;
}

/* The moments of --since and --until. */
static void take_bounds(const struct query_ast *within, struct athena_options *a)
{
    const struct expr *e = within && within->n_cmd ? within->cmd[0].filter : NULL;
    const struct expr *const *test =
        e && e->kind == EX_AND ? (const struct expr *const *)e->arg : &e;

    for (unsigned i = 0; e && i < (e->kind == EX_AND ? e->n : 1); i++) {
        if (test[i]->kind == EX_CMP && test[i]->op == OP_GE)
            a->from_us = test[i]->arg[1]->time_us;
        else if (test[i]->kind == EX_CMP && test[i]->op == OP_LT)
            a->to_us = test[i]->arg[1]->time_us;
    }
}

static int query_athena(const struct options *o)
{
    struct athena_options a = {.from_us = INT64_MIN, .to_us = INT64_MAX};
    struct strbuf sql = STRBUF_INIT, accounts = STRBUF_INIT, regions = STRBUF_INIT;
    struct session *s = o->n_arg > 1 ? open_paths(o, o->arg + 1, o->n_arg - 1) : NULL;
    struct query_ast *ast = NULL, *within = NULL;
    struct query_error qe;
    bool ok = false;

    if (s)
        describe_files(s, &a, &accounts, &regions);
    if ((s || o->n_arg == 1) && read_query(o, o->arg[0], s, &ast) && ast &&
        read_bounds(o, s, &within)) {
        take_bounds(within, &a);
        ok = athena_print(ast, &a, &sql, &qe) == 0;
        if (!ok)
            complain_query(&qe, o->arg[0]);
    }
    if (ok && open_sink(o))
        sink_write(&result, sql.buf, sql.len);
    query_ast_free(ast);
    query_ast_free(within);
    session_free(s);
    strbuf_release(&sql);
    strbuf_release(&accounts);
    strbuf_release(&regions);
    return ok ? finish(EXIT_MATCH) : EXIT_TROUBLE;
}

/* Opens the paths as the first step of the plan. */
static struct session *open_planned(const struct options *o, struct plan *plan)
{
    struct session *s;
    struct snapshot *snap;

    plan_begin(plan, SL("open"));
    s = open_paths(o, o->arg + 1, o->n_arg - 1);
    if (!s)
        return NULL;
    snap = session_snapshot(s);
    plan_how(plan, 0, "files: %u, segments: %u", session_sources(s), snap->n);
    plan_end(plan, PLAN_UNKNOWN, snap->rows);
    snapshot_unref(snap);
    return s;
}

int cli_query(const struct options *o)
{
    struct query_ast *ast = NULL, *within = NULL;
    struct plan *plan;
    enum output_format f;
    struct session *s;
    int rc = EXIT_TROUBLE;

    if (!cli_format(o, &f))
        return EXIT_TROUBLE;
    if (o->n_arg < 1) {
        fprintf(stderr, "awl: query wants a query: awl query 'status=5xx' logs/\n");
        return EXIT_TROUBLE;
    }
    if (o->athena)
        return query_athena(o);
    if (!check_query(o))
        return EXIT_TROUBLE;
    plan = o->explain_plan ? plan_new() : NULL;
    s = open_planned(o, plan);
    if (s && read_query(o, o->arg[0], s, &ast) && read_bounds(o, s, &within) && open_sink(o))
        rc = run_parsed(s, o, ast, within, f, plan);
    query_ast_free(ast);
    query_ast_free(within);
    plan_free(plan);
    session_free(s);
    return s ? finish(rc) : EXIT_TROUBLE;
}

/* --- sources --- */

static struct val text_cell(const char *s)
{
    return (struct val){.kind = s && *s ? VAL_STR : VAL_MISSING, .str = slice_str(s)};
}

static struct val number_cell(uint64_t n)
{
    return (struct val){.kind = VAL_NUM, .num = (double)n};
}

static struct val time_cell(const struct source *src, int64_t us)
{
    if (src->first_us > src->last_us)
        return (struct val){.kind = VAL_MISSING};
    return (struct val){.kind = VAL_TIME, .time_us = us};
}

static uint64_t unparsed_of(const struct source *src, struct strbuf *reasons)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < REASON_COUNT; i++) {
        uint64_t k = src->unparsed[i];

        if (k)
            strbuf_addf(reasons, "%s%llu %s", reasons->len ? ", " : "", (unsigned long long)k,
                        reason_text((enum parse_reason)i));
        n += k;
    }
    return n;
}

static void write_source(struct output *out, struct source *src)
{
    struct strbuf reasons = STRBUF_INIT;
    uint64_t bad = unparsed_of(src, &reasons);
    struct val row[SOURCE_COLUMNS] = {text_cell(src->path),
                                      text_cell(src->lt ? src->lt->fmt->name : NULL),
                                      number_cell(src->size ? src->size : src->bytes_done),
                                      number_cell(src->records),
                                      number_cell(bad),
                                      number_cell(src->headers),
                                      time_cell(src, src->first_us),
                                      time_cell(src, src->last_us),
                                      text_cell(src->origin),
                                      text_cell(reasons.buf),
                                      text_cell(src->error)};

    output_row(out, row);
    strbuf_release(&reasons);
}

/* A path that could not be opened at all has a row, too. */
static void write_unopened(struct output *out, struct session *s)
{
    char text[600];

    for (uint32_t i = 0; session_problem(s, i, text, sizeof(text)); i++) {
        bool told = false;

        for (uint32_t k = 0; k < session_sources(s) && !told; k++) {
            const char *why = session_source(s, k)->error;
            told = why && strcmp(why, text) == 0;
        }
        if (!told) {
            struct val row[SOURCE_COLUMNS] = {{.kind = VAL_MISSING}};

            row[SOURCE_COLUMNS - 1] = text_cell(text);
            output_row(out, row);
        }
    }
}

int cli_sources(const struct options *o)
{
    static const char *const columns[SOURCE_COLUMNS] = {"path",     "type",    "bytes", "records",
                                                        "unparsed", "headers", "first", "last",
                                                        "source",   "reasons", "error"};
    enum output_format f;
    struct output *out;
    struct session *s;

    if (!cli_format(o, &f))
        return EXIT_TROUBLE;
    s = open_paths(o, o->arg, o->n_arg);
    if (!s)
        return EXIT_TROUBLE;
    if (!open_sink(o)) {
        session_free(s);
        return EXIT_TROUBLE;
    }
    out = output_new(f, columns, SOURCE_COLUMNS, sink_write, &result);
    for (uint32_t i = 0; i < session_sources(s); i++)
        write_source(out, session_source(s, i));
    write_unopened(out, s);
    output_end(out);
    session_free(s);
    return finish(EXIT_MATCH);
}

/* --- fields, explain --- */

static const char *kind_name(const struct field_def *f)
{
    static const char *const names[] = {"text", "number", "time", "address"};

    return names[f->kind];
}

static const char *unit_name(const struct field_def *f)
{
    static const char *const names[] = {NULL, "s", "ms", "B"};

    return names[f->unit];
}

static void write_fields(struct output *out, struct logtype *lt)
{
    for (unsigned i = 0; i < lt->n_static; i++) {
        const struct field_def *f = lt->field[i];
        struct val row[] = {
            text_cell(lt->fmt->name), text_cell(f->name),      text_cell(field_role_name(f->role)),
            text_cell(kind_name(f)),  text_cell(unit_name(f)), text_cell(f->aliases),
            text_cell(f->meaning)};

        output_row(out, row);
    }
}

static int no_type(const char *name)
{
    fprintf(stderr, "awl: no log type %s; there are", name);
    for (unsigned i = 0; i < logtype_count(); i++)
        fprintf(stderr, " %s", logtype_get(i)->fmt->name);
    fputc('\n', stderr);
    return EXIT_TROUBLE;
}

int cli_fields(const struct options *o)
{
    static const char *const columns[] = {"type", "field",   "common", "kind",
                                          "unit", "aliases", "meaning"};
    enum output_format f;
    struct output *out;

    if (!cli_format(o, &f))
        return EXIT_TROUBLE;
    for (int i = 0; i < o->n_arg; i++)
        if (!logtype_by_name(slice_str(o->arg[i])))
            return no_type(o->arg[i]);
    if (!open_sink(o))
        return EXIT_TROUBLE;
    out = output_new(f, columns, ARRAY_LEN(columns), sink_write, &result);
    for (int i = 0; i < o->n_arg; i++)
        write_fields(out, logtype_by_name(slice_str(o->arg[i])));
    for (unsigned i = 0; o->n_arg == 0 && i < logtype_count(); i++)
        write_fields(out, logtype_get(i));
    output_end(out);
    return finish(EXIT_MATCH);
}

int cli_explain(const struct options *o)
{
    struct explanation x;

    if (o->n_arg != 3) {
        fprintf(stderr, "awl: explain wants a type, a field and a value: "
                        "awl explain alb elb_status_code 504\n");
        return EXIT_TROUBLE;
    }
    if (!logtype_by_name(slice_str(o->arg[0])))
        return no_type(o->arg[0]);
    if (!explain_value(slice_str(o->arg[0]), slice_str(o->arg[1]), slice_str(o->arg[2]), &x)) {
        fprintf(stderr, "awl: nothing is known of %s = %s in %s\n", o->arg[1], o->arg[2],
                o->arg[0]);
        return EXIT_NOTHING;
    }
    printf("%s = %s: %s\n", o->arg[1], o->arg[2], x.meaning);
    if (x.side)
        printf("side: %s\n", x.side);
    if (x.next)
        printf("next: %s\n", x.next);
    return finish(EXIT_MATCH);
}

/* --- demo --- */

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
    catch_signals(on_interrupt);
    if (demo_live(o->write, LIVE_LINES_PER_S, &interrupted, &e) < 0) {
        complain(e.msg);
        return EXIT_TROUBLE;
    }
    interrupted = false; /* a signal is how this ends */
    return EXIT_MATCH;
}

int cli_demo(const struct options *o)
{
    struct demo_options d = {.dir = o->write,
                             .lines = o->lines,
                             .seed = o->seed,
                             .single = o->single,
                             .gz = o->gzip,
                             .per_file = o->per_file};
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
        if (!mkdtemp(dir)) {
            fprintf(stderr, "awl: cannot make a folder in %s: %s\n", dir, strerror(errno));
            return EXIT_TROUBLE;
        }
        d.dir = dir;
        catch_signals(on_interrupt);
    }
    rc = demo_write(&d, &sum, &e);
    if (rc < 0) {
        complain(e.msg);
        rc = EXIT_TROUBLE;
    } else if (!interrupted) {
        rc = use_demo(o, dir, &sum, screen);
    }
    if (!o->write)
        remove_folder(dir);
    return finish(rc);
}
