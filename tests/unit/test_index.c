/* test_index.c - from files to rowsets: what the index says equals what a naive reading says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "agg.h"
#include "rnd.h"
#include "rowloop.h"
#include "rowview.h"
#include "xalloc.h"

#define N_LINES 9000

static char dir[64];
static void write_flows(const char *path, unsigned lines, bool newline, const char *eol)
{
    static const char *const actions[] = {"ACCEPT", "REJECT"};
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    for (unsigned i = 0; i < lines; i++) {
        long start = 1700000000 + (long)i / 4 - (long)rnd(30);
        const char *end = i + 1 < lines || newline ? eol : "";

        if (rnd(50) == 0)
            fprintf(f, "2 123456789012 eni-0a1b2c3d - - - - - - - %ld %ld - NODATA%s", start,
                    start + 60, end);
        else if (rnd(100) == 0)
            fprintf(f, "this is no flow %u%s", i, end);
        else if (rnd(100) == 0)
            fprintf(f, "%s", eol);
        else
            fprintf(f,
                    "2 123456789012 eni-0a1b2c3d 10.0.%u.%u 192.168.1.%u %u %u %u %u %u %ld %ld %s "
                    "OK%s",
                    rnd(4), rnd(200), rnd(9), rnd(65536), rnd(3) ? 443 : rnd(1024), rnd(5) ? 6 : 17,
                    1 + rnd(20), rnd(1000000), start, start + rnd(60), actions[rnd(4) == 0], end);
    }
    fclose(f);
}

static int make_dir(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/awl-index-XXXXXX");
    assert_non_null(mkdtemp(dir));
    return 0;
}

static int remove_dir(void **state)
{
    char cmd[128];

    (void)state;
    snprintf(cmd, sizeof(cmd), "rm -rf '%s'", dir);
    return system(cmd);
}

static struct session *open_dir(unsigned threads, unsigned chunk)
{
    struct session_options o = {.threads = threads, .chunk_bytes = chunk};
    struct session *s = session_new(&o);

    session_open(s, dir);
    session_start(s);
    session_wait(s);
    return s;
}

static struct session *open_flows(void)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/a.log", dir);
    write_flows(path, N_LINES, true, "\n");
    snprintf(path, sizeof(path), "%s/b.log", dir);
    write_flows(path, N_LINES / 3, false, "\r\n");
    return open_dir(2, 64 * 1024);
}

static uint64_t count_lines(const char *name)
{
    char cmd[160];
    unsigned long n = 0;
    FILE *p;

    snprintf(cmd, sizeof(cmd), "grep -c '' '%s/%s'", dir, name);
    p = popen(cmd, "r");
    assert_non_null(p);
    assert_int_equal(fscanf(p, "%lu", &n), 1);
    pclose(p);
    return n;
}

static void every_line_is_counted_once(void **state)
{
    struct session *s = open_flows();
    struct snapshot *snap = session_snapshot(s);
    uint64_t records = 0;

    (void)state;
    assert_int_equal(session_sources(s), 2);
    for (uint32_t i = 0; i < 2; i++) {
        struct source *src = session_source(s, i);

        assert_string_equal(src->lt->fmt->name, "vpcflow");
        assert_int_equal(src->records + src->headers + src->blanks, src->lines);
        assert_int_equal(src->lines, count_lines(i == 0 ? "a.log" : "b.log"));
        records += src->records;
    }
    assert_int_equal(snap->rows, records);
    snapshot_unref(snap);
    session_free(s);
}

struct seen {
    const struct rowset *r;
    struct rowkey last;
    uint64_t n;
};

static bool check_next(void *ctx, struct rowref ref)
{
    struct seen *v = ctx;
    struct rowkey k = rowref_key(v->r, ref);
    struct rowref found;

    assert_true(v->n == 0 || rowkey_cmp(&v->last, &k) < 0);
    if (v->n % 97 == 0) {
        assert_int_equal(order_rank(v->r, &k), v->n);
        assert_true(order_select(v->r, v->n, &found));
        assert_int_equal(found.seg, ref.seg);
        assert_int_equal(found.row, ref.row);
    }
    if (v->n) {
        assert_int_equal(order_backward(v->r, &k, false, &found, 1), 1);
        struct rowkey b = rowref_key(v->r, found);
        assert_int_equal(rowkey_cmp(&b, &v->last), 0);
        assert_int_equal(order_forward(v->r, &v->last, false, &found, 1), 1);
        assert_true(found.seg == ref.seg && found.row == ref.row);
    }
    v->last = k;
    v->n++;
    return true;
}

static struct query_ast *parse(const char *text)
{
    static const struct query_env env = {
        .now_us = 1700000000000000, .first_us = 1700000000000000, .last_us = 1700009999000000};
    struct query_error e;
    struct query_ast *q = filter_parse(text, &env, &e);

    if (!q)
        fail_msg("%s: %s", text, e.msg);
    return q;
}

static void rows_stand_in_time_order(void **state)
{
    static const char *const filters[] = {"", "action=REJECT", "dstport=443"};
    struct session *s = open_flows();
    struct snapshot *snap = session_snapshot(s);

    (void)state;
    for (unsigned i = 0; i < ARRAY_LEN(filters); i++) {
        struct query_ast *q = parse(filters[i]);
        struct filter *f = filter_new(q->n_cmd ? q->cmd[0].filter : NULL);
        struct rowset *r = rowset_eval(s, snap, f, NULL, 0, NULL);
        struct seen v = {.r = r};
        struct rowref ref;

        assert_true(order_each(r, check_next, &v));
        assert_int_equal(v.n, r->total);
        assert_false(order_select(r, r->total, &ref));
        rowset_unref(r);
        filter_free(f);
        query_ast_free(q);
    }
    snapshot_unref(snap);
    session_free(s);
}

/* One random test of the filter language over flow fields. */
static void random_test(struct strbuf *out)
{
    static const char *const ops[] = {"=", "!=", "<", "<=", ">", ">="};

    switch (rnd(12)) {
    case 0:
        strbuf_addf(out, "dstport %s %u", ops[rnd(6)], rnd(1100));
        break;
    case 1:
        strbuf_addf(out, "bytes %s %u", ops[rnd(6)], rnd(1000000));
        break;
    case 2:
        strbuf_addf(out, "action %s \"%s\"", ops[rnd(2)], rnd(2) ? "REJECT" : "ACCEPT");
        break;
    case 3:
        strbuf_addf(out, "srcaddr %sin 10.0.%u.0/%u", rnd(2) ? "not " : "", rnd(4), 24 + rnd(8));
        break;
    case 4:
        strbuf_addf(out, "protocol in [%u, 17]", rnd(20));
        break;
    case 5:
        strbuf_addf(out, "dstport in %u..%u", rnd(500), 500 + rnd(600));
        break;
    case 6:
        strbuf_addf(out, "srcaddr like \"%u\"", rnd(300));
        break;
    case 7:
        strbuf_addf(out, "@message like /%u (ACCEPT|REJECT)/", rnd(10));
        break;
    case 8:
        strbuf_addf(out, "%sispresent(packets)", rnd(2) ? "not " : "");
        break;
    case 9:
        strbuf_addf(out, "bytes / packets > %u", rnd(100000));
        break;
    case 10:
        strbuf_addf(out, "@timestamp > 2023-11-14T22:%02u:00Z", rnd(60));
        break;
    default:
        strbuf_addf(out, "\"%u\"", rnd(1000));
    }
}

static void random_expr(struct strbuf *out, unsigned depth)
{
    if (depth == 0 || rnd(3) == 0) {
        random_test(out);
        return;
    }
    if (rnd(4) == 0)
        strbuf_adds(out, "not ");
    strbuf_addc(out, '(');
    random_expr(out, depth - 1);
    strbuf_adds(out, rnd(2) ? " and " : " or ");
    random_expr(out, depth - 1);
    strbuf_addc(out, ')');
}

static void compare_with_naive(struct session *s, struct snapshot *snap, const char *text)
{
    struct query_ast *q = parse(text);
    struct filter *f = filter_new(q->cmd[0].filter);
    struct rowset *r = rowset_eval(s, snap, f, NULL, 2, NULL);
    struct rowview view;
    struct row_access access;

    rowview_init(&view, s);
    access = rowview_access(&view);
    for (uint32_t i = 0; i < snap->n; i++) {
        for (uint32_t row = 0; row < snap->seg[i]->n; row++) {
            bool fast = rowset_has(r, (struct rowref){i, row}), slow;

            rowview_at(&view, snap->seg[i], row);
            strbuf_reset(&view.scratch);
            slow = val_truth(expr_eval(q->cmd[0].filter, &access));
            if (fast != slow)
                fail_msg("%s: fast says %d of: " SLICE_FMT, text, fast,
                         SLICE_ARG(rowview_raw(&view)));
        }
    }
    rowview_release(&view);
    rowset_unref(r);
    filter_free(f);
    query_ast_free(q);
}

/* Rows of one time that come in any order of source and offset. */
static void equal_times_stand_by_file_and_place(void **state)
{
    struct builder *b = builder_new(logtype_text());
    struct record *rec = record_new();
    struct segment *seg;

    (void)state;
    for (uint32_t r = 0; r < 500; r++) {
        builder_run(b, &(struct run){.source = rnd(40), .layout = UINT32_MAX, .off = 1000 * r});
        for (uint32_t i = 0; i < 20; i++) {
            record_begin(rec, logtype_text());
            rec->ts = rnd(3);
            assert_true(builder_add(b, rec, 1000 * r + i * 10, 9, i));
        }
    }
    seg = builder_seal(b, 0, builder_rows(b));
    assert_int_equal(seg->n, 10000);
    for (uint32_t i = 1; i < seg->n; i++) {
        struct rowkey before = segment_key(seg, i - 1), k = segment_key(seg, i);

        assert_true(rowkey_cmp(&before, &k) < 0);
    }
    segment_unref(seg);
    record_free(rec);
    builder_free(b);
}

static void fast_filter_equals_naive(void **state)
{
    struct session *s = open_flows();
    struct snapshot *snap = session_snapshot(s);
    struct strbuf text = STRBUF_INIT;

    (void)state;
    for (unsigned i = 0; i < 150; i++) {
        strbuf_reset(&text);
        random_expr(&text, 2);
        compare_with_naive(s, snap, text.buf);
    }
    strbuf_release(&text);
    snapshot_unref(snap);
    session_free(s);
}

/* With no time left one segment, or one a thread, is looked at a step. */
static void a_set_is_made_in_steps(void **state)
{
    struct session *s = open_flows();
    struct snapshot *snap = session_snapshot(s);
    struct query_ast *q = parse("@message like /1[0-9]+ ACCEPT/");
    struct filter *f = filter_new(q->cmd[0].filter);
    struct rowset *whole = rowset_eval(s, snap, f, NULL, 0, NULL), *part = NULL;
    uint64_t left = snap->rows + 1;

    (void)state;
    while (!part || part->pending) {
        struct rowset *more = rowset_eval_until(s, snap, f, part, snap->ts_max, 0, NULL);

        assert_true(more->pending < left && more->total <= whole->total);
        assert_true(!part || more->total >= part->total);
        left = more->pending;
        rowset_unref(part);
        part = more;
    }
    assert_int_equal(part->total, whole->total);
    assert_true(whole->total > 0);
    for (uint32_t i = 0; i < snap->n; i++)
        for (uint32_t row = 0; row < snap->seg[i]->n; row++)
            assert_int_equal(rowset_has(part, (struct rowref){i, row}),
                             rowset_has(whole, (struct rowref){i, row}));
    rowset_unref(part);
    rowset_unref(whole);
    filter_free(f);
    query_ast_free(q);
    snapshot_unref(snap);
    session_free(s);
}

/* Each value is counted as often as reading all rows of the set finds it. */
static void compare_facet(struct session *s, const struct rowset *r, const char *name)
{
    struct dict *texts = dict_new();
    uint64_t *count = xcalloc(r->total + 1, sizeof(*count)), missing = 0;
    struct strbuf text = STRBUF_INIT;
    struct rowview view;
    struct field_ref ref;
    struct facet *f;
    char hint[64];

    assert_true(field_resolve(slice_str(name), &ref, hint, sizeof(hint)));
    rowview_init(&view, s);
    for (uint32_t i = 0; i < r->snap->n; i++)
        FOR_ROWS(r, i, row)
        {
            struct val v;

            rowview_at(&view, r->snap->seg[i], row);
            v = rowview_value(&view, &ref);
            strbuf_reset(&text);
            val_print(v, &text);
            if (v.kind == VAL_MISSING)
                missing++;
            else
                count[dict_add(texts, strbuf_slice(&text))]++;
        }
    rowview_release(&view);
    f = facet_compute(s, r, &ref, name, 100000, NULL);
    assert_int_equal(f->missing, missing);
    assert_int_equal(f->n, dict_count(texts));
    assert_int_equal(f->distinct, f->n);
    for (unsigned k = 0; k < f->n; k++) {
        uint32_t id;

        assert_true(dict_find(texts, f->value[k].text, &id));
        assert_int_equal(f->value[k].count, count[id]);
        assert_true(k == 0 || f->value[k].count <= f->value[k - 1].count);
    }
    facet_free(f);
    strbuf_release(&text);
    dict_free(texts);
    free(count);
}

static void facet_equals_naive(void **state)
{
    static const char *const names[] = {"action",  "dstport",       "srcaddr", "log-status",
                                        "bytes",   "protocol_name", "@file",   "@logStream",
                                        "@source", "@unparsed",     "@logtype"};
    struct session *s = open_flows();
    struct snapshot *snap = session_snapshot(s);
    struct rowset *all = rowset_all(snap);
    struct query_ast *q = parse("action = REJECT or dstport < 443");
    struct filter *flt = filter_new(q->cmd[0].filter);
    struct rowset *some = rowset_eval(s, snap, flt, NULL, 1, NULL);

    (void)state;
    assert_true(some->total > 0 && some->total < all->total);
    for (unsigned i = 0; i < ARRAY_LEN(names); i++) {
        compare_facet(s, all, names[i]);
        compare_facet(s, some, names[i]);
    }
    rowset_unref(some);
    filter_free(flt);
    query_ast_free(q);
    rowset_unref(all);
    snapshot_unref(snap);
    session_free(s);
}

static void histogram_counts_every_row(void **state)
{
    struct session *s = open_flows();
    struct snapshot *snap = session_snapshot(s);
    struct rowset *all = rowset_all(snap), *bad = rowset_errors(all, 1u << HC_4XX, NULL);
    struct histogram *h = histogram_compute(all, snap->ts_min, snap->ts_max + 1, 60, NULL);
    uint64_t sum[HC_COUNT] = {0}, total = 0;

    (void)state;
    assert_true(h->n <= 60);
    for (unsigned b = 0; b < h->n; b++)
        for (unsigned c = 0; c < HC_COUNT; c++) {
            sum[c] += h->bucket[b][c];
            total += h->bucket[b][c];
        }
    assert_int_equal(total, all->total);
    assert_int_equal(sum[HC_4XX], bad->total);
    assert_true(bad->total > 0);
    histogram_unref(h);
    rowset_unref(bad);
    rowset_unref(all);
    snapshot_unref(snap);
    session_free(s);
}

static void lines_know_their_numbers(void **state)
{
    struct session *s = open_flows();
    struct snapshot *snap = session_snapshot(s);
    struct rowview view;

    (void)state;
    rowview_init(&view, s);
    for (unsigned i = 0; i < 20; i++) {
        struct segment *seg = snap->seg[rnd(snap->n)];
        char cmd[200], line[4096];
        FILE *p;

        rowview_at(&view, seg, rnd(seg->n));
        snprintf(cmd, sizeof(cmd), "sed -n %lup '%s'", (unsigned long)rowview_line(&view),
                 view.src->path);
        p = popen(cmd, "r");
        assert_non_null(p);
        assert_non_null(fgets(line, sizeof(line), p));
        pclose(p);
        assert_true(slice_eq(slice_trim(slice_str(line)), slice_trim(rowview_raw(&view))));
    }
    rowview_release(&view);
    snapshot_unref(snap);
    session_free(s);
}

static void a_growing_file_is_joined_once(void **state)
{
    struct session_options o = {.threads = 1, .follow = true};
    struct session *s = session_new(&o);
    char path[128];
    uint64_t want = 0;
    FILE *f;

    (void)state;
    snprintf(path, sizeof(path), "%s/grow.log", dir);
    f = fopen(path, "w");
    session_open(s, path);
    for (unsigned i = 0; i < 40; i++) {
        fprintf(
            f,
            "2 123456789012 eni-0a1b2c3d 10.0.0.1 10.0.0.2 1 2 6 1 1 17000000%02u 1700000100 ACC",
            i);
        fflush(f);
        if (i == 0)
            session_start(s);
        usleep(i % 8 == 0 ? 60000 : 1000);
        fprintf(f, "EPT OK\n");
        fflush(f);
        want++;
    }
    fclose(f);
    for (unsigned i = 0; i < 3000; i++) { /* a minute: the machine may be busy */
        struct snapshot *snap = session_snapshot(s);
        uint64_t rows = snap->rows;

        snapshot_unref(snap);
        if (rows == want && session_source(s, 0)->records == want)
            break;
        usleep(20000);
    }
    struct snapshot *snap = session_snapshot(s);
    assert_int_equal(snap->rows, want);
    assert_int_equal(session_source(s, 0)->records, want);
    for (unsigned i = 0; i < snap->n; i++)
        for (uint32_t row = 0; row < snap->seg[i]->n; row++)
            assert_int_equal(segment_reason(snap->seg[i], row), REASON_NONE);
    snapshot_unref(snap);
    session_free(s);
    unlink(path);
}

static void dictionary_numbers_texts(void **state)
{
    struct dict *d = dict_new();
    char text[32];

    (void)state;
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < 20000; i++) {
            struct slice s = slice_of(text, (size_t)snprintf(text, sizeof(text), "text-%u", i));
            uint32_t id = dict_add(d, s);

            assert_int_equal(id, i);
            assert_true(slice_eq(dict_text(d, id), s));
        }
    }
    assert_int_equal(dict_count(d), 20000);
    dict_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dictionary_numbers_texts),
        cmocka_unit_test(every_line_is_counted_once),
        cmocka_unit_test(rows_stand_in_time_order),
        cmocka_unit_test(equal_times_stand_by_file_and_place),
        cmocka_unit_test(fast_filter_equals_naive),
        cmocka_unit_test(a_set_is_made_in_steps),
        cmocka_unit_test(facet_equals_naive),
        cmocka_unit_test(histogram_counts_every_row),
        cmocka_unit_test(lines_know_their_numbers),
        cmocka_unit_test(a_growing_file_is_joined_once),
    };

    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
