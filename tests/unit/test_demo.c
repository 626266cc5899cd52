/* test_demo.c - the made-up day is the same every time, its summary is true, its lines parse. */
#include <dirent.h>
#include <ftw.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <zlib.h>

#include "demo.h"
#include "detect.h"
#include "format.h"
#include "split.h"
#include "xalloc.h"

static char root[64];

static void write_day(const char *sub, struct demo_options o, struct demo_summary *sum)
{
    char dir[128];
    struct err e = {0};

    snprintf(dir, sizeof(dir), "%s/%s", root, sub);
    o.dir = dir;
    if (demo_write(&o, sum, &e))
        fail_msg("%s", e.msg);
}

/* Plain or gzip, the whole of it; NUL-terminated. */
static char *read_file(const char *path, size_t *len)
{
    gzFile f = gzopen(path, "rb");
    size_t cap = 1 << 20;
    char *buf = xmalloc(cap);
    int n;

    assert_non_null(f);
    *len = 0;
    while ((n = gzread(f, buf + *len, (unsigned)(cap - *len - 1))) > 0) {
        *len += (size_t)n;
        if (cap - *len < 2)
            buf = xrealloc(buf, cap *= 2);
    }
    assert_int_equal(n, 0);
    gzclose(f);
    buf[*len] = '\0';
    return buf;
}

static char *read_single(const char *sub, const char *name, size_t *len)
{
    char path[192];

    snprintf(path, sizeof(path), "%s/%s/%s.log", root, sub, name);
    return read_file(path, len);
}

static uint64_t count_lines_with(const char *buf, const char *part)
{
    uint64_t n = 0;

    for (const char *p = buf; (p = strstr(p, part)); n++) {
        p = strchr(p, '\n');
        if (!p++)
            break;
    }
    return n;
}

/* Every record is one of its type (or a header); returns how many there are. */
static uint64_t parse_all(const char *type, const char *path, const char *buf, size_t len,
                          int64_t *first, int64_t *last)
{
    static struct record rec;
    struct strbuf why = STRBUF_INIT;
    struct slice all = slice_of(buf, len);
    struct splitter s;
    struct logtype *lt = detect_content(slice_str(path), all, true, &s, &why);
    const struct layout *lay = NULL;
    struct events events = {0};
    struct arena mem = {0};
    uint64_t n = 0;

    assert_string_equal(lt->fmt->name, type);
    strbuf_release(&why);
    split_records(&s, all, true, &events);
    for (size_t i = 0; i < events.n; i++) {
        const struct event *e = &events.item[i];
        struct unwrapped u;
        enum parse_result r;

        if (e->header || e->len == 0)
            continue;
        frame_unwrap(frame_by_id(e->frame), slice_of(buf + e->off, e->len), &mem, &u);
        r = lt->fmt->parse(lt, &lay, u.payload, &rec);
        if (r == PARSE_HEADER)
            continue;
        if (r != PARSE_OK)
            fail_msg("%s: " SLICE_FMT, type, SLICE_ARG(u.payload));
        n++;
        if (rec.ts == TIME_NONE)
            rec.ts = u.ts;
        *first = MIN(*first, rec.ts);
        *last = MAX(*last, rec.ts);
    }
    free(events.item);
    arena_release(&mem);
    return n;
}

static void test_same_bytes(void **state UNUSED)
{
    struct demo_options o = {.lines = 20000, .seed = 7, .single = true};
    struct demo_summary a, b, c;

    write_day("a", o, &a);
    write_day("b", o, &b);
    o.seed = 8;
    write_day("c", o, &c);
    assert_memory_equal(&a, &b, sizeof(a));
    for (unsigned t = 0; t < DEMO_N_TYPES; t++) {
        size_t na, nb, nc;
        char *x = read_single("a", demo_type_name(t), &na);
        char *y = read_single("b", demo_type_name(t), &nb);
        char *z = read_single("c", demo_type_name(t), &nc);

        assert_int_equal(na, nb);
        assert_memory_equal(x, y, na);
        assert_true(na != nc || memcmp(x, z, na) != 0);
        free(x);
        free(y);
        free(z);
    }
}

static void test_alone(void **state UNUSED)
{
    struct demo_options o = {.lines = 9000, .seed = 7, .single = true, .types = DEMO_ALB};
    struct demo_summary s;
    size_t n;
    char *x;

    write_day("alone", o, &s);
    assert_int_equal(s.lines[DEMO_T_ALB], 9000);
    assert_int_equal(s.lines[DEMO_T_VPC], 0);
    assert_int_equal(s.files, 1);
    x = read_single("alone", "alb", &n);
    assert_int_equal(count_lines_with(x, "\n"), 9000);
    assert_in_range(n / 9000, 560, 720); /* bytes a line */
    free(x);
}

static void check_alb(const struct demo_summary *s)
{
    size_t n;
    char *x = read_single("sum", "alb", &n);

    assert_int_equal(count_lines_with(x, " 504 - "), s->alb_504);
    assert_int_equal(count_lines_with(x, " 502 - "), s->alb_502);
    assert_int_equal(count_lines_with(x, " 503 - "), s->alb_503);
    assert_int_equal(count_lines_with(x, " 500 500 "), s->alb_500);
    assert_int_equal(count_lines_with(x, " 460 - "), s->alb_460);
    assert_true(s->alb_504 > 50 && s->alb_502 > 20 && s->alb_503 > 20 && s->alb_500 > 5);
    free(x);
}

static void check_vpc(const struct demo_summary *s)
{
    static bool seen[65536];
    size_t n;
    char *x = read_single("sum", "vpcflow", &n);
    uint64_t ports = 0, rejects = 0, accepts = 0;

    for (char *p = x; (p = strstr(p, s->scan_ip)); p = strchr(p, '\n')) {
        char dst[40], action[16];
        unsigned dport;

        assert_int_equal(sscanf(p, "%*s %39s %*u %u %*u %*u %*u %*u %*u %15s", dst, &dport, action),
                         3);
        ports += !seen[dport];
        seen[dport] = true;
        rejects += strcmp(action, "REJECT") == 0;
        accepts += strcmp(action, "ACCEPT") == 0;
    }
    assert_int_equal(ports, s->scan_ports);
    assert_int_equal(rejects, s->scan_rejects);
    assert_int_equal(accepts, s->scan_accepts);
    assert_int_equal(accepts, 1);
    assert_true(seen[22]);
    assert_int_equal(count_lines_with(x, " NODATA "), s->vpc_nodata);
    assert_int_equal(count_lines_with(x, " SKIPDATA "), s->vpc_skipdata);
    free(x);
}

static void check_rest(const struct demo_summary *s)
{
    size_t n;
    char *x = read_single("sum", "cloudfront", &n), deleted[256];

    assert_int_equal(count_lines_with(x, "\tError\t"), s->cf_error);
    free(x);
    x = read_single("sum", "s3access", &n);
    snprintf(deleted, sizeof(deleted), "REST.DELETE.OBJECT %s ", s->deleted_key);
    assert_int_equal(count_lines_with(x, deleted), 1);
    assert_non_null(strstr(x, "[14/Mar/2026:13:43:17 +0000] 198.51.100.23 arn:aws:sts:"));
    assert_int_equal(s->deleted_us, INT64_C(1773495797000000));
    assert_int_equal(count_lines_with(x, " S3.EXPIRE.OBJECT "), s->s3_expired);
    free(x);
    x = read_single("sum", "lambda", &n);
    assert_int_equal(count_lines_with(x, "Status: timeout"), s->lambda_timeouts);
    assert_int_equal(count_lines_with(x, "Error Type: Runtime.OutOfMemory"), s->lambda_killed);
    assert_true(s->lambda_timeouts > 3 && s->lambda_killed > 0);
    free(x);
}

static void test_summary(void **state UNUSED)
{
    struct demo_options o = {.lines = 60000, .seed = 3, .single = true};
    struct demo_summary s;
    uint64_t all = 0;
    int64_t first = INT64_MAX, last = INT64_MIN;

    write_day("sum", o, &s);
    check_alb(&s);
    check_vpc(&s);
    check_rest(&s);
    for (unsigned t = 0; t < DEMO_N_TYPES; t++) {
        size_t n;
        char *x = read_single("sum", demo_type_name(t), &n);

        assert_int_equal(parse_all(demo_type_name(t), "", x, n, &first, &last), s.lines[t]);
        all += s.lines[t];
        free(x);
    }
    assert_in_range(all, 60000, 60005); /* the last invocation is whole */
    assert_in_range(first / 1000000, s.start_us / 1000000 - 1, s.start_us / 1000000 + 1);
    assert_in_range(last / 1000000, s.end_us / 1000000 - 1, s.end_us / 1000000 + 1);
}

static uint64_t n_found, n_records;

static int visit(const char *path, const struct stat *st UNUSED, int flag, struct FTW *ftw UNUSED)
{
    static const char *const mark[DEMO_N_TYPES] = {"_app.",       "/cloudfront/", "_vpcflowlogs_",
                                                   "/s3-access/", "_net.",        "_legacy-admin",
                                                   "/lambda/",    "_CloudTrail_"};
    int64_t first = 0, last = 0;
    size_t n;
    char *x;

    if (flag != FTW_F)
        return 0;
    n_found++;
    x = read_file(path, &n);
    for (unsigned t = 0; t < DEMO_N_TYPES; t++)
        if (strstr(path, mark[t]))
            n_records += parse_all(demo_type_name(t), path, x, n, &first, &last);
    free(x);
    return 0;
}

static void test_layout(void **state UNUSED)
{
    struct demo_options o = {.lines = 30000, .seed = 1};
    struct demo_summary s;
    char dir[128];

    write_day("tree", o, &s);
    snprintf(dir, sizeof(dir), "%s/tree", root);
    assert_int_equal(nftw(dir, visit, 16, FTW_PHYS), 0);
    assert_int_equal(n_found, s.files);
    assert_in_range(n_found, 200, 900);
    assert_in_range(n_records, 30000, 30005);
}

static void test_gz_parts(void **state UNUSED)
{
    struct demo_options o = {
        .lines = 2500, .seed = 1, .single = true, .gz = true, .per_file = 1000, .types = DEMO_ALB};
    struct demo_summary s;
    char path[192];
    size_t n;
    char *x;

    write_day("gz", o, &s);
    assert_int_equal(s.files, 3);
    snprintf(path, sizeof(path), "%s/gz/alb-00003.log.gz", root);
    x = read_file(path, &n);
    assert_int_equal(count_lines_with(x, "\n"), 500);
    free(x);
}

static void test_print(void **state UNUSED)
{
    struct demo_options o = {.lines = 3000, .seed = 1, .single = true};
    struct demo_summary s;
    char *text = NULL;
    size_t n;
    FILE *f = open_memstream(&text, &n);

    write_day("print", o, &s);
    demo_summary_print(&s, f);
    fclose(f);
    assert_non_null(strstr(text, "13:02"));
    assert_non_null(strstr(text, s.deleted_key));
    assert_non_null(strstr(text, s.scan_ip));
    free(text);
}

static void test_unwritable(void **state UNUSED)
{
    struct demo_options o = {.dir = "/dev/null/x", .lines = 100};
    struct demo_summary s;
    struct err e = {0};

    assert_int_equal(demo_write(&o, &s, &e), ERR_SYS);
    assert_non_null(strstr(e.msg, "/dev/null"));
}

static atomic_bool stop;

static void *run_live(void *dir)
{
    static struct err e;

    return demo_live(dir, 2000, &stop, &e) ? &e : NULL;
}

static void test_live(void **state UNUSED)
{
    const struct timespec wait = {0, 700000000};
    char path[192];
    int64_t first = INT64_MAX, last = 0;
    pthread_t th;
    void *failed;
    size_t n;
    char *x;

    assert_int_equal(pthread_create(&th, NULL, run_live, root), 0);
    nanosleep(&wait, NULL);
    atomic_store(&stop, true);
    pthread_join(th, &failed);
    assert_null(failed);
    snprintf(path, sizeof(path), "%s/live/alb.log", root);
    x = read_file(path, &n);
    assert_in_range(parse_all("alb", "", x, n, &first, &last), 200, 1400);
    assert_in_range(last / 1000000, time(NULL) - 5, time(NULL) + 5);
    free(x);
}

static int remove_one(const char *path, const struct stat *st UNUSED, int flag UNUSED,
                      struct FTW *ftw UNUSED)
{
    return remove(path);
}

static int setup(void **state UNUSED)
{
    snprintf(root, sizeof(root), "/tmp/awl-test-demo-XXXXXX");
    return mkdtemp(root) ? 0 : -1;
}

static int teardown(void **state UNUSED)
{
    return nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_bytes), cmocka_unit_test(test_alone),
        cmocka_unit_test(test_summary),    cmocka_unit_test(test_layout),
        cmocka_unit_test(test_gz_parts),   cmocka_unit_test(test_print),
        cmocka_unit_test(test_unwritable), cmocka_unit_test(test_live),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
