/* test_source.c - identity, the walk, plain files in chunks and at any place, pipes, cut files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sigbus.h"
#include "source.h"
#include "xalloc.h"

static char dir[PATH_MAX];

static int make_dir(void **state)
{
    const char *tmp = getenv("TMPDIR");

    (void)state;
    snprintf(dir, sizeof(dir), "%s/awl-source-XXXXXX", tmp ? tmp : "/tmp");
    return mkdtemp(dir) ? 0 : -1;
}

static int drop_dir(void **state)
{
    char cmd[PATH_MAX + 16];

    (void)state;
    snprintf(cmd, sizeof(cmd), "rm -rf '%s'", dir);
    return system(cmd);
}

static const char *in_dir(const char *name)
{
    static char path[4][PATH_MAX + 256];
    static unsigned turn;
    char *p = path[turn++ % 4];

    snprintf(p, sizeof(path[0]), "%s/%s", dir, name);
    return p;
}

static const char *put(const char *name, const void *p, size_t n)
{
    const char *path = in_dir(name);
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, n, f), n);
    fclose(f);
    return path;
}

/* Lines of 0 to 299 bytes, without a line feed at the end. */
static char *make_lines(size_t n)
{
    char *p = xmalloc(n);
    uint32_t seed = 7;
    size_t left = 0;

    for (size_t i = 0; i < n; i++) {
        seed = seed * 1664525 + 1013904223;
        if (left == 0) {
            p[i] = '\n';
            left = (seed >> 8) % 300 + 1;
        } else {
            p[i] = (char)('a' + (seed >> 24) % 26);
        }
        left--;
    }
    p[n - 1] = 'x';
    return p;
}

static struct source *opened(const char *path)
{
    struct err e = {0};
    struct source *s = source_open(path, "name", &e);

    if (!s)
        fail_msg("%s", e.msg);
    return s;
}

/* --- chunks --- */

struct job {
    struct reader *r;
    char *to;
    size_t n;
    atomic_size_t total;
    atomic_uint n_last, n_cut; /* chunks that are the last; that do not end with a line */
};

static void *read_chunks(void *arg)
{
    struct job *j = arg;
    struct chunk c;
    struct err e;

    while (reader_next(j->r, &c, &e) > 0) {
        if (c.off + c.len <= j->n)
            memcpy(j->to + c.off, c.ptr, c.len);
        j->total += c.len;
        j->n_last += c.last;
        j->n_cut += c.len == 0 || c.ptr[c.len - 1] != '\n';
        chunk_release(j->r, &c);
    }
    return NULL;
}

static void check_chunks(const char *path, const char *want, size_t n, size_t chunk_size)
{
    struct source *s = opened(path);
    struct job j = {.r = reader_new(s, 0, chunk_size), .to = xcalloc(n + 1, 1), .n = n};
    pthread_t t[2];

    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&t[i], NULL, read_chunks, &j), 0);
    for (unsigned i = 0; i < 2; i++)
        pthread_join(t[i], NULL);
    assert_int_equal(j.total, n);
    assert_true(n == 0 || memcmp(j.to, want, n) == 0);
    assert_int_equal(j.n_last, n > 0);
    assert_int_equal(j.n_cut, n > 0 && want[n - 1] != '\n');
    assert_int_equal(s->bytes_done, n);
    assert_int_equal(s->inflated, n);
    reader_free(j.r);
    source_free(s);
    free(j.to);
}

static void test_chunks_are_the_file(void **state)
{
    size_t n = 5000000;
    char *lines = make_lines(n);
    const char *path = put("lines", lines, n);

    (void)state;
    check_chunks(path, lines, n, 4096);
    check_chunks(path, lines, n, 1 << 20);
    check_chunks(path, lines, n, n);
    lines[n - 1] = '\n';
    check_chunks(put("ended", lines, n), lines, n, 100000);
    free(lines);
}

static void test_small_files(void **state)
{
    (void)state;
    check_chunks(put("empty", "", 0), "", 0, 4096);
    check_chunks(put("one", "a", 1), "a", 1, 4096);
    check_chunks(put("nl", "\n", 1), "\n", 1, 4096);
    check_chunks(put("crlf", "a\r\nb\r\n", 6), "a\r\nb\r\n", 6, 4096);
}

static void test_long_line(void **state)
{
    size_t n = 5 << 20;
    char *p = xmalloc(n + 10);

    (void)state;
    memset(p, 'y', n + 10);
    p[4] = p[n + 4] = p[n + 9] = '\n';
    check_chunks(put("long", p, n + 10), p, n + 10, 65536);
    free(p);
}

static void test_read_on_from_an_offset(void **state)
{
    struct source *s = opened(put("grow", "one\ntwo\n", 8));
    struct reader *r = reader_new(s, 0, 4096);
    struct chunk c;
    struct err e;
    FILE *f;

    (void)state;
    assert_int_equal(reader_next(r, &c, &e), 1);
    assert_true(c.last);
    chunk_release(r, &c);
    f = fopen(s->path, "ab");
    fputs("three\n", f);
    fclose(f);
    assert_int_equal(reader_next(r, &c, &e), 0); /* a line may have been half there */
    reader_free(r);
    r = reader_new(s, 8, 4096);
    assert_int_equal(reader_next(r, &c, &e), 1);
    assert_int_equal(c.off, 8);
    assert_memory_equal(c.ptr, "three\n", 6);
    chunk_release(r, &c);
    reader_free(r);
    source_free(s);
}

static void test_vanished_and_replaced(void **state)
{
    struct source *s = opened(put("gone", "a\n", 2));
    struct reader *r = reader_new(s, 0, 4096);
    struct blob_pin pin;
    struct chunk c;
    struct slice v;
    struct err e;

    (void)state;
    put("other", "b\n", 2);
    assert_int_equal(rename(in_dir("other"), s->path), 0);
    assert_true(reader_next(r, &c, &e) < 0);
    assert_non_null(strstr(e.msg, "another file"));
    assert_true(s->changed);
    unlink(s->path);
    assert_true(blob_view(s, 0, 1, &v, &pin, &e) < 0);
    assert_non_null(strstr(e.msg, s->path));
    reader_free(r);
    source_free(s);
}

static void test_what_cannot_be_opened(void **state)
{
    static const char zstd[] = "\x28\xb5\x2f\xfd....";
    struct err e;

    (void)state;
    assert_null(source_open(in_dir("missing"), "x", &e));
    assert_non_null(strstr(e.msg, "missing"));
    assert_null(source_open(dir, "x", &e));
    assert_non_null(strstr(e.msg, "folder"));
    assert_null(source_open("/dev/null", "x", &e));
    if (!pack_supported(PACK_ZSTD)) {
        assert_null(source_open(put("z", zstd, sizeof(zstd) - 1), "x", &e));
        assert_non_null(strstr(e.msg, "zstdcat"));
    }
    assert_null(source_open(put("p", "PAR1....", 8), "x", &e));
}

/* --- pipes --- */

static void test_named_pipe_gives_lines_as_they_come(void **state)
{
    const char *path = in_dir("fifo");
    struct source *s;
    struct reader *r;
    struct blob_pin pin;
    struct chunk c;
    struct slice v;
    struct err e = {0};
    int fd;

    (void)state;
    assert_int_equal(mkfifo(path, 0600), 0);
    s = opened(path);
    assert_int_equal(s->kind, SOURCE_STDIN);
    r = reader_new(s, 0, 1 << 20);
    fd = open(path, O_RDWR);
    assert_int_equal(write(fd, "one\ntw", 6), 6);
    assert_int_equal(reader_next(r, &c, &e), 1);
    assert_int_equal(c.len, 4);
    chunk_release(r, &c);
    assert_int_equal(write(fd, "o\n", 2), 2);
    assert_int_equal(reader_next(r, &c, &e), 1);
    assert_int_equal(c.off, 4);
    assert_memory_equal(c.ptr, "two\n", 4);
    chunk_release(r, &c);
    assert_int_equal(write(fd, "end", 3), 3);
    close(fd);
    assert_int_equal(reader_next(r, &c, &e), 1);
    assert_memory_equal(c.ptr, "end", 3);
    assert_true(c.last);
    chunk_release(r, &c);
    assert_int_equal(reader_next(r, &c, &e), 0);
    assert_int_equal(blob_view(s, 2, 100, &v, &pin, &e), 0);
    assert_int_equal(v.len, 9);
    assert_memory_equal(v.ptr, "e\ntwo\nend", 9);
    blob_unpin(&pin);
    reader_free(r);
    source_free(s);
}

static void *cancel_soon(void *arg)
{
    struct source *s = arg;

    usleep(20000);
    s->cancel = true;
    return NULL;
}

static void test_waiting_for_a_pipe_can_be_ended(void **state)
{
    const char *path = in_dir("quiet");
    atomic_bool stop = true;
    struct source *s;
    struct reader *r;
    struct chunk c;
    struct err e;
    pthread_t t;
    int fd;

    (void)state;
    assert_int_equal(mkfifo(path, 0600), 0);
    s = opened(path);
    fd = open(path, O_RDWR);
    assert_false(source_wait(s, &stop));
    stop = false;
    assert_int_equal(write(fd, "half a line", 11), 11);
    assert_true(source_wait(s, &stop));
    pthread_create(&t, NULL, cancel_soon, s);
    r = reader_new(s, 0, 4096);
    assert_int_equal(reader_next(r, &c, &e), 1);
    assert_int_equal(c.len, 11);
    chunk_release(r, &c);
    assert_int_equal(reader_next(r, &c, &e), 0);
    pthread_join(t, NULL);
    reader_free(r);
    source_free(s);
    close(fd);
}

/* --- any place --- */

static void check_views(const char *path, const char *want, size_t n)
{
    struct source *s = opened(path);
    uint32_t seed = 3;
    struct err e;

    for (unsigned i = 0; i < 2000; i++) {
        struct blob_pin pin;
        struct slice v;
        size_t off, len;

        seed = seed * 1664525 + 1013904223;
        off = seed % n;
        len = (seed >> 20) % 2000;
        assert_int_equal(blob_view(s, off, len, &v, &pin, &e), 0);
        assert_int_equal(v.len, MIN(len, n - off));
        assert_memory_equal(v.ptr, want + off, v.len);
        blob_unpin(&pin);
    }
    source_free(s);
}

static void age(const char *path)
{
    struct timespec t[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};

    assert_int_equal(utimensat(AT_FDCWD, path, t, 0), 0);
}

static void test_views_equal_the_file(void **state)
{
    size_t n = 3000000;
    char *lines = make_lines(n);
    const char *path = put("views", lines, n);

    (void)state;
    check_views(path, lines, n); /* fresh: read */
    age(path);
    check_views(path, lines, n); /* quiet: mapped */
    check_views(put("few", lines, 5000), lines, 5000);
    free(lines);
}

static void test_cut_while_mapped(void **state)
{
    size_t n = 3000000;
    char *lines = make_lines(n);
    const char *path = put("cut", lines, n);
    struct blob_pin pin, after;
    struct source *s;
    struct slice v;
    struct err e;
    size_t zeros = 0;

    (void)state;
    blob_init();
    age(path);
    s = opened(path);
    assert_int_equal(blob_view(s, 0, n, &v, &pin, &e), 0);
    assert_int_equal(v.len, n);
    assert_int_equal(truncate(path, 8192), 0);
    for (size_t i = 0; i < n; i++)
        zeros += v.ptr[i] == '\0';
    assert_memory_equal(v.ptr, lines, 8192);
    assert_int_equal(zeros, n - 8192);
    assert_true(s->changed);
    assert_int_equal(blob_view(s, 8000, 1000, &v, &after, &e), 0);
    assert_int_equal(v.len, 192);
    blob_unpin(&after);
    blob_forget(s);
    blob_unpin(&pin);
    source_free(s);
    free(lines);
}

static void test_many_maps(void **state)
{
    size_t n = 1 << 20;
    char *lines = make_lines(n);
    struct source *s[300];
    struct blob_pin pin;
    struct slice v;
    struct err e;

    (void)state;
    for (unsigned i = 0; i < ARRAY_LEN(s); i++) {
        char name[16];
        const char *path;

        snprintf(name, sizeof(name), "map%u", i);
        path = put(name, lines, 10);
        assert_int_equal(truncate(path, (off_t)n), 0); /* a hole */
        age(path);
        s[i] = opened(path);
        assert_int_equal(blob_view(s[i], 5, 10, &v, &pin, &e), 0);
        assert_memory_equal(v.ptr, lines + 5, 5);
        blob_unpin(&pin);
    }
    for (unsigned i = 0; i < ARRAY_LEN(s); i++)
        source_free(s[i]);
    free(lines);
}

/* --- the walk --- */

struct found {
    struct strbuf names;
    unsigned n, n_bad;
};

static void on_found(void *ctx, const char *path, const char *name)
{
    struct found *f = ctx;

    assert_true(strlen(path) >= strlen(name));
    strbuf_addf(&f->names, "%s ", name);
    f->n++;
}

static void on_bad(void *ctx, const char *path, const struct err *e)
{
    struct found *f = ctx;

    assert_non_null(strstr(e->msg, path));
    f->n_bad++;
}

static void test_walk(void **state)
{
    atomic_bool stop = false;
    struct found f = {STRBUF_INIT, 0, 0};

    (void)state;
    mkdir(in_dir("w"), 0700);
    mkdir(in_dir("w/b"), 0700);
    mkdir(in_dir("w/empty"), 0700);
    mkdir(in_dir("w/.hidden"), 0700);
    put("w/b/2", "", 0);
    put("w/b/10", "", 0);
    put("w/c", "", 0);
    put("w/a", "", 0);
    put("w/.h", "", 0);
    put("w/.hidden/x", "", 0);
    assert_int_equal(symlink("..", in_dir("w/b/loop")), 0);
    assert_int_equal(symlink("a", in_dir("w/link")), 0);
    assert_int_equal(symlink("nowhere", in_dir("w/broken")), 0);
    assert_int_equal(mkfifo(in_dir("w/pipe"), 0600), 0);
    assert_true(source_walk(in_dir("w"), on_found, on_bad, &f, &stop));
    assert_string_equal(f.names.buf, "a b/10 b/2 c link ");
    assert_int_equal(f.n_bad, 1);
    strbuf_reset(&f.names);
    assert_true(source_walk(in_dir("w/a"), on_found, on_bad, &f, &stop));
    assert_true(source_walk("-", on_found, on_bad, &f, &stop));
    assert_true(source_walk(in_dir("w/nothing"), on_found, on_bad, &f, &stop));
    assert_int_equal(f.n_bad, 2);
    assert_non_null(strstr(f.names.buf, "w/a - "));
    stop = true;
    assert_false(source_walk(in_dir("w"), on_found, on_bad, &f, &stop));
    strbuf_release(&f.names);
}

/* --- keys --- */

#define AWS "bkt/pre/AWSLogs/"
#define TASK "01234567-89ab-cdef-0123-456789abcdef"

static const struct {
    const char *path, *account, *region, *service, *resource;
} key[] = {
    {AWS "123456789012/elasticloadbalancing/eu-west-1/2024/01/31/123456789012_elasticloadbalancing_"
         "eu-west-1_app.shop.0a1b2c_20240131T2355Z_10.0.0.1_abcd.log.gz",
     "123456789012", "eu-west-1", "elasticloadbalancing", "shop"},
    {"123456789012_elasticloadbalancing_us-gov-west-1_net.n-l-b.0a1b2c_20240131T2355Z_abcd.log.gz",
     "123456789012", "us-gov-west-1", "elasticloadbalancing", "n-l-b"},
    {"123456789012_elasticloadbalancing_us-east-1_classic_20240131T2355Z_10.0.0.1_x.log",
     "123456789012", "us-east-1", "elasticloadbalancing", "classic"},
    {"d/conn_log_123456789012_elasticloadbalancing_us-east-1_app.web.1_20240131T2355Z_1.2.3.4_x.gz",
     "123456789012", "us-east-1", "elasticloadbalancing", "web"},
    {"d/conn_log.123456789012_elasticloadbalancing_us-east-1_app.web.1_20240131T2355Z_1.2.3.4_x.gz",
     "123456789012", "us-east-1", "elasticloadbalancing", "web"},
    {AWS "o-abc123/012345678901/CloudTrail/us-east-1/2024/01/31/012345678901_CloudTrail_us-east-1_"
         "20240131T2355Z_abc.json.gz",
     "012345678901", "us-east-1", "CloudTrail", ""},
    {AWS "aws-account-id=123456789012/aws-service=vpcflowlogs/aws-region=eu-central-1/year=2024/x",
     "123456789012", "eu-central-1", "vpcflowlogs", ""},
    {"123456789012_vpcflowlogs_eu-west-2_fl-0abc_20240131T2355Z_aa.log.gz", "123456789012",
     "eu-west-2", "vpcflowlogs", "fl-0abc"},
    {AWS "123456789012/WAFLogs/cloudfront/my_acl/2024/01/31/23/55/123456789012_waflogs_cloudfront_"
         "my_acl_20240131T2355Z_aa.log.gz",
     "123456789012", "cloudfront", "waflogs", "my_acl"},
    {AWS "123456789012/vpcdnsquerylogs/vpc-0abc/2024/01/31/vpc-0abc_vpcdnsquerylogs_123456789012_"
         "20240131T2355Z_aa.log.gz",
     "123456789012", "", "vpcdnsquerylogs", "vpc-0abc"},
    {AWS "123456789012/network-firewall/alert/us-east-1/fw/2024/01/31/23/123456789012_"
         "network-firewall_alert_us-east-1_fw_202401312355_aa.log.gz",
     "123456789012", "us-east-1", "network-firewall", "fw"},
    {AWS "123456789012/globalaccelerator/us-west-2/2024/01/31/123456789012_globalaccelerator_"
         "1234-abcd_20240131T2355Z_aa.log.gz",
     "123456789012", "us-west-2", "globalaccelerator", "1234-abcd"},
    {"logs/E2ABCDEFGHIJKL.2024-01-31-23.0a1b2c3d.gz", "", "", "cloudfront", "E2ABCDEFGHIJKL"},
    {AWS "123456789012/CloudFront/E2ABCDEFGHIJKL/2024/01/31/x.gz", "123456789012", "", "CloudFront",
     "E2ABCDEFGHIJKL"},
    {AWS "aws-account-id=123456789012/CloudFront/DistributionId=E2ABCDEFGHIJKL/year=2024/x.gz",
     "123456789012", "", "CloudFront", "E2ABCDEFGHIJKL"},
    {AWS "aws-account-id=123456789012/x.gz", "123456789012", "", "", ""},
    {"2024/01/31/23/aws-waf-logs-web-7-2024-01-31-23-55-01-01234567-89ab-cdef-0123-456789abcdef.gz",
     "", "", "firehose", "aws-waf-logs-web"},
    {"2024/01/31/23/web-2024-01-31-23-55-01-01234567-89ab-cdef-0123-456789abcdef", "", "", "", ""},
    {"2024-01-31-23-55-01-0123456789ABCDEF", "", "", "s3", ""},
    {"p/123456789012/eu-west-1/b.c/2024/01/31/2024-01-31-23-55-01-0123456789ABCDEF", "123456789012",
     "eu-west-1", "s3", "b.c"},
    {"eu-west-1/b.c/2024/01/31/2024-01-31-23-55-01-0123456789ABCDEF", "", "", "s3", ""},
    {"/2024/01/31/2024-01-31-23-55-01-0123456789ABCDEF", "", "", "s3", ""},
    {"access.log", "", "", "", ""},
    {"", "", "", "", ""},
    {"AWSLogs/", "", "", "", ""},
    {"x/aws/lambda/cart/2026/000000.gz", "", "", "lambda", "cart"},
    {"myaws/lambda/cart/x", "", "", "", ""},
    {"exported/" TASK "/2024-01-31-[$LATEST]0a1b/000000.gz", "", "", "logs",
     "2024-01-31-[$LATEST]0a1b"},
    {TASK "/eni-0abc-all/000012", "", "", "logs", "eni-0abc-all"},
    {"aws/lambda/cart/" TASK "/2024-01-31-[7]0a1b/000000.gz", "", "", "lambda", "cart"},
    {TASK "/000000.gz", "", "", "", ""},
    {TASK "/web/0000000.gz", "", "", "", ""},
    {"0" TASK "/web/000000.gz", "", "", "", ""},
    {"g1234567-89ab-cdef-0123-456789abcdef/web/000000.gz", "", "", "", ""},
    {"/000000.gz", "", "", "", ""},
    {"AWSLogs", "", "", "", ""},
    {"____", "", "", "", ""},
    {"123456789012_", "", "", "", ""},
};

static void test_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(key); i++) {
        struct s3_identity id;

        s3_identify(key[i].path, &id);
        if (!slice_is(id.account, key[i].account) || !slice_is(id.region, key[i].region) ||
            !slice_is(id.service, key[i].service) || !slice_is(id.resource, key[i].resource))
            fail_msg("%s: " SLICE_FMT " " SLICE_FMT " " SLICE_FMT " " SLICE_FMT, key[i].path,
                     SLICE_ARG(id.account), SLICE_ARG(id.region), SLICE_ARG(id.service),
                     SLICE_ARG(id.resource));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chunks_are_the_file),
        cmocka_unit_test(test_small_files),
        cmocka_unit_test(test_long_line),
        cmocka_unit_test(test_read_on_from_an_offset),
        cmocka_unit_test(test_vanished_and_replaced),
        cmocka_unit_test(test_what_cannot_be_opened),
        cmocka_unit_test(test_named_pipe_gives_lines_as_they_come),
        cmocka_unit_test(test_waiting_for_a_pipe_can_be_ended),
        cmocka_unit_test(test_views_equal_the_file),
        cmocka_unit_test(test_cut_while_mapped),
        cmocka_unit_test(test_many_maps),
        cmocka_unit_test(test_walk),
        cmocka_unit_test(test_keys),
    };

    return cmocka_run_group_tests_name("source", tests, make_dir, drop_dir);
}
