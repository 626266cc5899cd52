/* bench_core.c - times of the core on given files: bench_core FILE...
 *
 * Prints one `name value unit` a line: indexing, memory beside the page cache (RssAnon), and the
 * questions a screen asks. Medians of several runs where a run is short. Not a test: it judges
 * nothing. */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "agg.h"
#include "xalloc.h"

#define RUNS 7

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

        histogram_free(histogram_compute(r, r->snap->ts_min, r->snap->ts_max + 1, 1500, NULL));
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

int main(int argc, char **argv)
{
    struct session_options o = {0};
    struct session *s = session_new(&o);
    struct snapshot *snap;
    struct progress p;
    struct rowset *all;
    double t = now_ms(), first = 0, ms;

    for (int i = 1; i < argc; i++)
        session_open(s, argv[i]);
    session_start(s);
    do {
        usleep(1000);
        snap = session_snapshot(s);
        if (snap->rows && !first)
            first = now_ms() - t;
        snapshot_unref(snap);
        session_progress(s, &p);
    } while (p.busy);
    ms = now_ms() - t;
    snap = session_snapshot(s);
    printf("%-28s %10.3f ms\n", "first records", first);
    printf("%-28s %10.3f ms\n", "index", ms);
    printf("%-28s %10.3f GB/s\n", "index speed", (double)p.total / ms / 1e6);
    printf("%-28s %10llu\n", "records", (unsigned long long)snap->rows);
    printf("%-28s %10llu\n", "unparsed", (unsigned long long)p.unparsed);
    printf("%-28s %10.1f MiB\n", "private memory", anon_mib());
    printf("%-28s %10.1f bytes\n", "private memory a record",
           anon_mib() * 1048576 / (double)MAX(snap->rows, (uint64_t)1));
    all = rowset_all(snap);
    rowset_unref(run_filter(s, snap, "status=5xx", "filter status=5xx"));
    rowset_unref(run_filter(s, snap, "client_ip=203.0.113.9", "filter one address"));
    rowset_unref(run_filter(s, snap, "client_ip in 10.0.0.0/8", "filter a network"));
    run_facet(s, all, "status");
    run_facet(s, all, "client_ip");
    run_facet(s, all, "path");
    run_histogram(all);
    run_next_error(all);
    run_pages(s, all);
    rowset_unref(all);
    snapshot_unref(snap);
    session_free(s);
    return 0;
}
