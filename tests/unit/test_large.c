/* test_large.c - counts beyond 32 bits: rows of a snapshot, by one segment that stands in it many
 * times; places in a file, by a file of holes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "agg.h"
#include "index_segment.h"
#include "xalloc.h"

#define COPIES 65600u /* of SEGMENT_ROWS: more than 2^32 rows */
#define FIRST_US (INT64_C(1710400000) * 1000000)
#define FAR (UINT64_C(5) << 30)

static const char line[] = "2 123456789012 eni-0a1b2c3d 10.0.1.5 10.0.2.9 443 50000 6 10 840 "
                           "1710400000 1710400060 ACCEPT OK";

/* Rows of `line` a second apart, `step` bytes apart in their file from `off` on. */
static struct segment *make_segment(uint32_t n, uint64_t off, uint64_t step)
{
    struct logtype *lt = logtype_by_name(SL("vpcflow"));
    struct builder *b = builder_new(lt);
    struct record *rec = record_new();
    const struct layout *lay = NULL;
    struct run run = {.frame = 0, .chunk = 7};
    struct segment *s;

    for (uint32_t i = 0; i < n; i++) {
        assert_int_equal(lt->fmt->parse(lt, &lay, slice_str(line), rec), PARSE_OK);
        rec->reason = 0;
        rec->ts = FIRST_US + i * INT64_C(1000000);
        run.layout = lay ? lay->id : UINT32_MAX;
        run.off = off + i * step;
        if (i == 0 || !builder_add(b, rec, run.off, sizeof(line) - 1, i)) {
            builder_run(b, &run);
            assert_true(builder_add(b, rec, run.off, sizeof(line) - 1, i));
        }
    }
    s = builder_seal(b, 0, builder_rows(b));
    builder_free(b);
    record_free(rec);
    return s;
}

/* --- rows --- */

/* What a session would have after a long time: the catalog would take as long to get there. */
static struct snapshot *make_snapshot(struct segment *seg, uint32_t n)
{
    struct snapshot *snap = xcalloc(1, sizeof(*snap) + n * sizeof(*snap->seg));

    atomic_init(&snap->refs, 1);
    snap->n = n;
    snap->rows = (uint64_t)n * seg->n;
    snap->ts_min = seg->ts_min;
    snap->ts_max = seg->ts_max;
    for (uint32_t i = 0; i < n; i++) {
        segment_ref(seg);
        snap->seg[i] = seg;
    }
    return snap;
}

static struct {
    struct session *session;
    struct segment *seg;
    struct snapshot *snap;
    struct rowset *all;
    uint64_t rows;
} many;

static int make_many(void **state)
{
    static const struct session_options options;

    (void)state;
    many.session = session_new(&options);
    many.seg = make_segment(SEGMENT_ROWS, 0, sizeof(line));
    many.snap = make_snapshot(many.seg, COPIES);
    many.all = rowset_all(many.snap);
    many.rows = (uint64_t)COPIES * SEGMENT_ROWS;
    return many.rows > UINT32_MAX ? 0 : -1;
}

static int drop_many(void **state)
{
    (void)state;
    rowset_unref(many.all);
    snapshot_unref(many.snap);
    segment_unref(many.seg);
    session_free(many.session);
    return 0;
}

static void test_order(void **state)
{
    struct rowkey k = {FIRST_US + INT64_C(65535) * 1000000, 0, 0};
    struct rowref ref[2];

    (void)state;
    assert_int_equal(many.all->total, many.rows);
    assert_int_equal(order_rank(many.all, &k), many.rows - COPIES);
    assert_true(order_select(many.all, many.rows - 1, &ref[0]));
    assert_int_equal(ref[0].row, SEGMENT_ROWS - 1);
    assert_false(order_select(many.all, many.rows, &ref[0]));
    assert_int_equal(order_backward(many.all, &ROWKEY_MAX, true, ref, 2), 2);
    assert_int_equal(ref[1].row, SEGMENT_ROWS - 1);
    assert_int_not_equal(ref[0].seg, ref[1].seg);
}

static uint64_t count_rows(const char *text)
{
    static const struct query_env env;
    struct query_error e = {0};
    struct query_ast *q = filter_parse(text, &env, &e);
    struct filter *f;
    struct rowset *r;
    uint64_t n;

    assert_non_null(q);
    f = filter_new(q->cmd[0].filter);
    r = rowset_eval(many.session, many.snap, f, NULL, 0, NULL);
    n = r->total;
    rowset_unref(r);
    filter_free(f);
    query_ast_free(q);
    return n;
}

static void test_filter(void **state)
{
    (void)state;
    assert_int_equal(count_rows("action = ACCEPT and bytes < 1000"), many.rows);
    assert_int_equal(count_rows("action = REJECT"), 0);
}

static struct query_ast *parse_query(const char *text)
{
    static const struct query_env env;
    struct query_error e = {0};
    struct query_ast *q = query_parse(text, &env, &e);

    assert_non_null(q);
    return q;
}

static void test_counts(void **state)
{
    struct query_ast *q = parse_query("stats count(*), count(*) * 2");
    struct query_ast *field = parse_query("fields action");
    struct err e;
    struct group_table *t =
        group_compute(many.session, many.all, &q->cmd[0], false, NULL, NULL, &e);
    struct histogram *h =
        histogram_compute(many.all, FIRST_US, FIRST_US + INT64_C(86400) * 1000000, 1, NULL);
    struct facet *f =
        facet_compute(many.session, many.all, field->cmd[0].item[0].expr->field, "action", 5, NULL);

    (void)state;
    assert_non_null(t);
    assert_true(t->cell[0].num == (double)many.rows);
    assert_true(t->cell[1].num == 2 * (double)many.rows);
    assert_int_equal(h->n, 1);
    assert_int_equal(h->bucket[0][HC_OK], many.rows);
    assert_int_equal(h->peak, many.rows);
    assert_int_equal(f->rows, many.rows);
    assert_int_equal(f->n, 1);
    assert_int_equal(f->value[0].count, many.rows);
    assert_int_equal(f->missing, 0);
    facet_free(f);
    histogram_unref(h);
    group_free(t);
    query_ast_free(q);
    query_ast_free(field);
}

/* --- places --- */

#define FAR_ROWS 8u
#define FAR_STEP (UINT64_C(3) << 30)

static uint32_t same(void *ctx, uint32_t id)
{
    (void)ctx;
    return id;
}

static uint32_t same_layout(void *ctx, const struct logtype *lt, uint32_t id)
{
    (void)ctx;
    (void)lt;
    return id;
}

static void write_far(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    for (uint32_t i = 0; i < FAR_ROWS; i++)
        assert_int_equal(pwrite(fd, line, sizeof(line) - 1, (off_t)(FAR + i * FAR_STEP)),
                         sizeof(line) - 1);
    close(fd);
}

/* Every row of a segment knows its place, and the line is there. */
static void check_places(struct source *src, const struct segment *s)
{
    for (uint32_t i = 0; i < FAR_ROWS; i++) {
        struct position at = segment_position(s, i);
        struct blob_pin pin;
        struct slice got;
        struct err e;

        assert_int_equal(at.off, FAR + i * FAR_STEP);
        assert_int_equal(segment_key(s, i).off, at.off);
        assert_int_equal(at.len, sizeof(line) - 1);
        assert_int_equal(blob_view(src, at.off, at.len, &got, &pin, &e), 0);
        assert_true(slice_is(got, line));
        blob_unpin(&pin);
    }
}

static void test_places(void **state)
{
    const struct index_names names = {NULL, same, same_layout, same, NULL, true};
    const char *tmp = getenv("TMPDIR");
    struct strbuf bytes = STRBUF_INIT;
    struct segment *s = make_segment(FAR_ROWS, FAR, FAR_STEP), *mapped;
    struct source *src;
    struct err e;
    char path[PATH_MAX];

    (void)state;
    snprintf(path, sizeof(path), "%s/awl-large-%d.log", tmp ? tmp : "/tmp", (int)getpid());
    write_far(path);
    src = source_open(path, path, &e);
    assert_non_null(src);
    assert_true(src->size > FAR + (FAR_ROWS - 1) * FAR_STEP);
    check_places(src, s);
    index_segment_write(s, &names, &bytes);
    mapped = index_segment_map(strbuf_slice(&bytes), s->lt, NULL);
    assert_non_null(mapped);
    index_segment_borrow(mapped, s, true);
    check_places(src, mapped);
    segment_unref(mapped);
    segment_unref(s);
    source_free(src);
    strbuf_release(&bytes);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest rows[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_filter),
        cmocka_unit_test(test_counts),
    };
    const struct CMUnitTest places[] = {cmocka_unit_test(test_places)};

    return cmocka_run_group_tests(rows, make_many, drop_many) +
           cmocka_run_group_tests(places, NULL, NULL);
}
