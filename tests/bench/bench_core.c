/* bench_core.c - times of the core on given files: bench_core [-i] [-c CACHE] [-o DIR] PATH...
 *
 * Prints one `name value unit` a line: indexing, memory beside the page cache (RssAnon), and the
 * questions a screen asks. Medians of several runs where a run is short. -c keeps an index in that
 * folder, -i stops behind the indexing, -o writes the answers of queries there, to be compared with
 * those of others. Not a test: it judges nothing. */
#include <dirent.h>
#include <getopt.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "runquery.h"
#include "xalloc.h"

#define RUNS 7
#define JUMPS 101

static double now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double anon_mib(void)
{
    FILE *f = fopen("/proc/self/status", "r");
    char line[256];
    double kb = 0;

    while (f && fgets(line, sizeof(line), f))
        if (sscanf(line, "RssAnon: %lf", &kb) == 1)
            break;
    if (f)
        fclose(f);
    return kb / 1024;
}

static unsigned descriptors(void)
{
    DIR *d = opendir("/proc/self/fd");
    unsigned n = 0;

    while (d && readdir(d))
        n++;
    if (d)
        closedir(d);
    return n > 3 ? n - 3 : 0; /* without ".", ".." and that of the listing */
}

static int by_double(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void report(const char *name, double *ms)
{
    qsort(ms, RUNS, sizeof(*ms), by_double);
    printf("%-28s %10.3f ms\n", name, ms[RUNS / 2]);
}

static struct rowset *run_filter(struct session *s, struct snapshot *snap, const char *text,
                                 const char *name)
{
    struct query_env env = {
        .now_us = snap->ts_max, .first_us = snap->ts_min, .last_us = snap->ts_max};
    struct query_error e;
    struct rowset *r = NULL;
    double ms[RUNS];

    for (unsigned i = 0; i < RUNS; i++) {
        struct query_ast *q = filter_parse(text, &env, &e);
        struct filter *f;
        double t = now_ms();

        if (!q) {
            fprintf(stderr, "%s: %s\n", text, e.msg);
            return NULL;
        }
        f = filter_new(q->cmd[0].filter);
        rowset_unref(r);
        r = rowset_eval(s, snap, f, NULL, 0, NULL);
        ms[i] = now_ms() - t;
        filter_free(f);
        query_ast_free(q);
    }
    report(name, ms);
    return r;
}

static void run_facet(struct session *s, const struct rowset *r, const char *field)
{
    struct field_ref ref;
    double ms[RUNS];
    char hint[64], name[64];

    if (!field_resolve(slice_str(field), &ref, hint, sizeof(hint)))
        return;
    for (unsigned i = 0; i < RUNS; i++) {
        double t = now_ms();

        facet_free(facet_compute(s, r, &ref, field, 20, NULL));
        ms[i] = now_ms() - t;
    }
    snprintf(name, sizeof(name), "top 20 %s", field);
    report(name, ms);
}

static void run_histogram(const struct rowset *r)
{
    double ms[RUNS];

    for (unsigned i = 0; i < RUNS; i++) {
        double t = now_ms();

        histogram_unref(histogram_compute(r, r->snap->ts_min, r->snap->ts_max + 1, 1500, NULL));
        ms[i] = now_ms() - t;
    }
    report("histogram", ms);
}

static void run_pages(struct session *s, const struct rowset *r)
{
    struct rowref page[60];
    struct rowkey k = ROWKEY_MIN;
    struct rowview view;
    double ms[RUNS];

    rowview_init(&view, s);
    for (unsigned i = 0; i < RUNS; i++) {
        double t = now_ms();
        uint32_t n = order_forward(r, &k, false, page, 60);

        for (uint32_t p = 0; p < n; p++) {
            rowview_at(&view, r->snap->seg[page[p].seg], page[p].row);
            rowview_record(&view);
            k = rowref_key(r, page[p]);
        }
        ms[i] = now_ms() - t;
    }
    report("page down, 60 records", ms);
    for (unsigned i = 0; i < RUNS; i++) {
        struct rowref ref;
        double t = now_ms();

        order_select(r, r->total * i / RUNS, &ref);
        ms[i] = now_ms() - t;
    }
    report("go to record N", ms);
    rowview_release(&view);
}

/* From anywhere to anywhere: the place is found, its bytes are read (and inflated), one record is
 * parsed. */
static void run_jumps(struct session *s, const struct rowset *r)
{
    struct rowview view;
    double ms[JUMPS];
    uint64_t at = 0;

    rowview_init(&view, s);
    for (unsigned i = 0; i < JUMPS; i++) {
        struct rowref ref;
        double t = now_ms();

        at = (at * 6364136223846793005 + 1442695040888963407);
        if (order_select(r, (at >> 16) % r->total, &ref)) {
            rowview_at(&view, r->snap->seg[ref.seg], ref.row);
            rowview_record(&view);
        }
        ms[i] = now_ms() - t;
    }
    rowview_release(&view);
    qsort(ms, JUMPS, sizeof(*ms), by_double);
    printf("%-28s %10.3f ms\n", "read any record, median", ms[JUMPS / 2]);
    printf("%-28s %10.3f ms\n", "read any record, worst", ms[JUMPS - 1]);
}

static void run_next_error(const struct rowset *r)
{
    struct rowset *bad = rowset_errors(r, 1u << HC_5XX, NULL);
    struct rowkey k = ROWKEY_MIN;
    struct rowref ref;
    double ms[RUNS];

    printf("%-28s %10llu rows\n", "5xx", (unsigned long long)bad->total);
    for (unsigned i = 0; i < RUNS; i++) {
        double t = now_ms();

        if (order_forward(bad, &k, false, &ref, 1))
            k = rowref_key(bad, ref);
        ms[i] = now_ms() - t;
    }
    report("next 5xx", ms);
    rowset_unref(bad);
}

struct answer {
    FILE *file; /* NULL: the answer is thrown away */
};

static bool write_answer(void *ctx, const char *bytes, size_t n)
{
    struct answer *a = ctx;

    return !a->file || fwrite(bytes, 1, n, a->file) == n;
}

static double run_once(struct session *s, struct snapshot *snap, const char *text, FILE *file)
{
    struct query_env env = {
        .now_us = snap->ts_max, .first_us = snap->ts_min, .last_us = snap->ts_max};
    struct answer a = {file};
    struct runquery q = {.session = s, .format = OUTPUT_TSV, .sink = write_answer, .ctx = &a};
    struct query_error qe;
    struct err e;
    uint64_t rows;
    double t = now_ms();

    q.ast = query_parse(text, &env, &qe);
    if (!q.ast || runquery(&q, &rows, &e) < 0)
        fprintf(stderr, "%s: %s\n", text, q.ast ? e.msg : qe.msg);
    t = now_ms() - t;
    query_ast_free(q.ast);
    return t;
}

/* The same questions are put to others by tests/bench/duck.js, under the same names. */
static const struct {
    const char *name, *text;
} query[] = {
    {"count_5xx", "filter status=5xx | stats count(*)"},
    {"by_status", "stats count(*) as n by elb_status_code | sort elb_status_code"},
    {"top_client", "stats count(*) as n by client_ip | sort n desc, client_ip | limit 20"},
    {"top_agent", "stats count(*) as n by user_agent | sort n desc, user_agent | limit 20"},
    {"by_minute", "stats count(*) as n by bin(1m) as m | sort m"},
    {"percentiles",
     "stats pct(target_processing_time, 50) as a, pct(target_processing_time, 95) as "
     "b, pct(target_processing_time, 99) as c by bin(1m) as m | sort m"},
    {"minute_status",
     "stats count(*) as n by bin(1m) as m, elb_status_code | sort m, elb_status_code"},
    {"pct_path",
     "stats pct(target_processing_time, 99) as p by path | sort p desc | limit 20 | display p"},
    /* all groups, in few figures: the order of texts and of sums is each program's own */
    {"pct_path_all", "stats pct(target_processing_time, 99) as p by path | "
                     "stats count(*) as n, count(p) as c, sum(round(p * 1000)) as s, max(p) as m"},
    {"parse_line",
     "parse @message /\"(?<m>[A-Z]+) (?<u>[^ ]+) / | stats count(*) as n by m | sort m"},
};

static void run_queries(struct session *s, struct snapshot *snap, const char *dir)
{
    double ms[RUNS];
    char path[PATH_MAX], name[64];

    for (size_t i = 0; i < ARRAY_LEN(query); i++) {
        FILE *file = NULL;

        snprintf(path, sizeof(path), "%s/%s.tsv", dir ? dir : "", query[i].name);
        if (dir && !(file = fopen(path, "w")))
            perror(path);
        run_once(s, snap, query[i].text, file);
        if (file)
            fclose(file);
        for (unsigned k = 0; k < RUNS; k++)
            ms[k] = run_once(s, snap, query[i].text, NULL);
        snprintf(name, sizeof(name), "query %s", query[i].name);
        report(name, ms);
    }
}

static void run_index(struct session *s)
{
    struct snapshot *snap;
    struct progress p;
    double t = now_ms(), first = 0, ms, looked = 0, most = 0;
    unsigned open = 0;

    session_start(s);
    do {
        usleep(1000);
        snap = session_snapshot(s);
        if (snap->rows && !first)
            first = now_ms() - t;
        snapshot_unref(snap);
        if (now_ms() - looked > 10) {
            looked = now_ms();
            most = MAX(most, anon_mib());
            open = MAX(open, descriptors());
        }
        session_progress(s, &p);
    } while (p.busy);
    ms = now_ms() - t;
    printf("%-28s %10.3f ms\n", "first records", first);
    printf("%-28s %10.3f ms\n", "index", ms);
    printf("%-28s %10.3f GB/s\n", "index speed, bytes on disk", (double)p.total / ms / 1e6);
    printf("%-28s %10llu\n", "records", (unsigned long long)p.records);
    printf("%-28s %10llu\n", "unparsed", (unsigned long long)p.unparsed);
    printf("%-28s %10.1f MiB\n", "private memory, at most", most);
    printf("%-28s %10u\n", "descriptors, at most", open);
}

static void run_questions(struct session *s, const char *answers)
{
    struct snapshot *snap = session_snapshot(s);
    struct rowset *all = rowset_all(snap);

    rowset_unref(run_filter(s, snap, "status=5xx", "filter status=5xx"));
    rowset_unref(run_filter(s, snap, "client_ip=203.0.113.9", "filter one address"));
    rowset_unref(run_filter(s, snap, "client_ip in 10.0.0.0/8", "filter a network"));
    run_facet(s, all, "status");
    run_facet(s, all, "client_ip");
    run_facet(s, all, "user_agent");
    run_facet(s, all, "path");
    run_histogram(all);
    run_next_error(all);
    run_pages(s, all);
    run_jumps(s, all);
    run_queries(s, snap, answers);
    rowset_unref(all);
    snapshot_unref(snap);
}

/* There is somebody who looks while files are read. */
static void ignore(void *ctx)
{
    (void)ctx;
}

int main(int argc, char **argv)
{
    struct session_options o = {.changed = ignore};
    struct session *s;
    const char *answers = NULL;
    bool index_only = false;
    int c;

    while ((c = getopt(argc, argv, "ic:o:")) != -1) {
        index_only |= c == 'i';
        if (c == 'c')
            o.cache = optarg;
        else if (c == 'o')
            answers = optarg;
        else if (c != 'i')
            return 2;
    }
    s = session_new(&o);
    for (int i = optind; i < argc; i++)
        session_open(s, argv[i]);
    run_index(s);
    if (index_only)
        usleep(500000); /* the last thread writes the index and gives memory back */
    else
        run_questions(s, answers);
    printf("%-28s %10.1f MiB\n", "private memory", anon_mib());
    session_free(s);
    return 0;
}
