/* test_inflate.c - gzip as chunks and at any place, against zlib on the whole: members, damage,
 * garbage behind, gzip in gzip, files large enough to be streamed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "inflate.h"
#include "membudget.h"
#include "source.h"
#include "xalloc.h"

static char dir[PATH_MAX], path[PATH_MAX + 16];

static int make_dir(void **state)
{
    const char *tmp = getenv("TMPDIR");

    (void)state;
    snprintf(dir, sizeof(dir), "%s/awl-inflate-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(dir))
        return -1;
    snprintf(path, sizeof(path), "%s/file", dir);
    return 0;
}

static int drop_dir(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(dir);
}

static void put(struct strbuf *sb)
{
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(sb->buf, 1, sb->len, f), sb->len);
    fclose(f);
}

static void deflate_more(struct strbuf *out, const char *p, size_t n, int level)
{
    z_stream zs = {0};
    size_t room = n + n / 100 + 1000;
    char *buf = xmalloc(room);

    assert_int_equal(deflateInit2(&zs, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    zs.next_in = (unsigned char *)(uintptr_t)p;
    zs.avail_in = (unsigned)n;
    zs.next_out = (unsigned char *)buf;
    zs.avail_out = (unsigned)room;
    assert_int_equal(deflate(&zs, Z_FINISH), Z_STREAM_END);
    strbuf_add(out, buf, room - zs.avail_out);
    deflateEnd(&zs);
    free(buf);
}

/* Lines; `bits` of each letter are random, so that it deflates to about bits/8. */
static struct strbuf make_lines(size_t n, unsigned bits)
{
    struct strbuf sb = STRBUF_INIT;
    uint64_t seed = 7;

    while (sb.len < n) {
        char line[200];
        size_t len;

        seed = seed * 6364136223846793005u + 1442695040888963407u;
        len = (seed >> 40) % (sizeof(line) - 1);
        for (size_t i = 0; i < len; i++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            line[i] = (char)(' ' + (seed >> 40) % (1u << bits));
        }
        line[len] = '\n';
        strbuf_add(&sb, line, len + 1);
    }
    return sb;
}

static struct source *opened(void)
{
    struct err e = {0};
    struct source *s = source_open(path, "file", &e);

    if (!s)
        fail_msg("%s", e.msg);
    return s;
}

struct ahead {
    struct reader *r;
    atomic_bool stop;
};

static void *work_ahead(void *arg)
{
    struct ahead *a = arg;

    while (!a->stop) {
        reader_ahead(a->r);
        sched_yield();
    }
    return NULL;
}

/* Reads all chunks, while another thread works ahead; the result of the last call. */
static int read_all(struct source *s, size_t chunk_size, struct strbuf *out, struct err *e)
{
    struct reader *r = reader_new(s, 0, chunk_size);
    struct ahead a = {.r = r};
    unsigned seq = 0;
    struct chunk c;
    pthread_t t;
    int rc;

    assert_int_equal(pthread_create(&t, NULL, work_ahead, &a), 0);
    while ((rc = reader_next(r, &c, e)) > 0) {
        assert_int_equal(c.off, out->len);
        assert_int_equal(c.seq, seq++);
        assert_true(c.last || c.ptr[c.len - 1] == '\n');
        strbuf_add(out, c.ptr, c.len);
        chunk_release(r, &c);
    }
    a.stop = true;
    pthread_join(t, NULL);
    reader_free(r);
    return rc;
}

static void check_views(struct source *s, struct slice want, unsigned n)
{
    uint64_t seed = 3;

    for (unsigned i = 0; i < n; i++) {
        struct blob_pin pin;
        struct slice v;
        struct err e;
        size_t off, len;

        seed = seed * 6364136223846793005u + 1442695040888963407u;
        off = (seed >> 20) % want.len;
        len = seed >> 60 ? (seed >> 53) : (seed >> 44); /* now and then over several blocks */
        assert_int_equal(blob_view(s, off, len, &v, &pin, &e), 0);
        assert_int_equal(v.len, MIN(len, want.len - off));
        assert_memory_equal(v.ptr, want.ptr + off, v.len);
        blob_unpin(&pin);
    }
}

/* `left`: bytes at the end of the file that are told to be left out. */
static void check_file_left(struct strbuf *gz, struct slice want, unsigned views, uint64_t left)
{
    struct source *s;
    struct err e = {0};
    uint64_t at, n;

    put(gz);
    for (size_t chunk = 4096; chunk <= 1 << 20; chunk *= 256) {
        struct strbuf got = STRBUF_INIT;

        s = opened();
        assert_int_equal(s->kind, SOURCE_GZIP);
        assert_int_equal(read_all(s, chunk, &got, &e), 0);
        assert_true(slice_eq(strbuf_slice(&got), want));
        assert_int_equal(s->inflated, want.len);
        assert_int_equal(zaccess_left(s->zaccess, &at, &n), left > 0);
        assert_int_equal(n, left);
        assert_int_equal(at, left ? gz->len - left : 0);
        if (want.len)
            check_views(s, want, views);
        source_free(s);
        strbuf_release(&got);
    }
    s = opened();
    if (want.len)
        check_views(s, want, views); /* never read before */
    source_free(s);
    strbuf_release(gz);
}

static void check_file(struct strbuf *gz, struct slice want, unsigned views)
{
    check_file_left(gz, want, views, 0);
}

static void test_one_member(void **state)
{
    struct strbuf lines = make_lines(300000, 4), gz = STRBUF_INIT;

    (void)state;
    deflate_more(&gz, lines.buf, lines.len, 6);
    check_file(&gz, strbuf_slice(&lines), 200);
    strbuf_release(&lines);
}

static void test_nothing_inside(void **state)
{
    struct strbuf gz = STRBUF_INIT;

    (void)state;
    deflate_more(&gz, "", 0, 6);
    check_file(&gz, SL(""), 0);
}

static void test_members_and_garbage(void **state)
{
    struct strbuf lines = make_lines(500000, 4), gz = STRBUF_INIT;
    size_t at = 0, piece = 1;

    (void)state;
    for (; at < lines.len; at += MIN(piece, lines.len - at), piece = piece * 3 / 2 + 1)
        deflate_more(&gz, lines.buf + at, MIN(piece, lines.len - at), 6);
    deflate_more(&gz, "", 0, 6);
    strbuf_add(&gz, "\0\0\0\0gar\1age", 11);
    check_file_left(&gz, strbuf_slice(&lines), 200, 7);
    strbuf_release(&lines);
}

static void test_padding(void **state)
{
    static const char zeros[100000];
    struct strbuf gz = STRBUF_INIT;

    (void)state;
    deflate_more(&gz, "a\n", 2, 6);
    strbuf_add(&gz, zeros, sizeof(zeros));
    deflate_more(&gz, "b\n", 2, 6);
    strbuf_add(&gz, zeros, sizeof(zeros));
    strbuf_adds(&gz, "c\n");
    deflate_more(&gz, "d\n", 2, 6);
    strbuf_add(&gz, zeros, 3);
    check_file(&gz, SL("a\nb\nc\nd\n"), 20);
}

/* `cat a.gz b.log c.gz`, small and large: lines of b with what begins no member in them, and no
 * line feed before c where it must be looked for at the border of a buffer. */
static void test_text_between_members(void **state)
{
    static const size_t sizes[] = {1, 70, 65536 - 1, 300000, 12 << 20};

    (void)state;
    for (unsigned i = 0; i < ARRAY_LEN(sizes); i++) {
        struct strbuf a = make_lines(500000, 4), b = make_lines(sizes[i], 6), gz = STRBUF_INIT;
        struct strbuf want = STRBUF_INIT;

        if (b.len > 200)
            memcpy(b.buf + b.len / 2, "\n\x1f\x8a \x1f\x8b ", 7);
        deflate_more(&gz, a.buf, a.len, 6);
        strbuf_addsl(&gz, strbuf_slice(&b));
        deflate_more(&gz, a.buf, a.len, 6);
        strbuf_addsl(&gz, strbuf_slice(&b));
        for (unsigned k = 0; k < 2; k++) {
            strbuf_addsl(&want, strbuf_slice(&a));
            strbuf_addsl(&want, strbuf_slice(&b));
        }
        check_file(&gz, strbuf_slice(&want), 100);
        strbuf_release(&a);
        strbuf_release(&b);
        strbuf_release(&want);
    }
}

static void test_garbage_like_magic(void **state)
{
    struct strbuf gz = STRBUF_INIT;

    (void)state;
    deflate_more(&gz, "a\nb\n", 4, 6);
    strbuf_add(&gz, "\x1f\x8c", 2);
    check_file_left(&gz, SL("a\nb\n"), 10, 2);
}

static void test_gzip_in_gzip(void **state)
{
    struct strbuf lines = make_lines(700000, 4), inner = STRBUF_INIT, gz = STRBUF_INIT;

    (void)state;
    deflate_more(&inner, lines.buf, lines.len / 2, 6);
    deflate_more(&inner, lines.buf + lines.len / 2, lines.len - lines.len / 2, 6);
    deflate_more(&gz, inner.buf, inner.len, 6);
    check_file(&gz, strbuf_slice(&lines), 100);
    strbuf_release(&lines);
    strbuf_release(&inner);
}

/* Too large to be inflated at once: streamed, with access points. */
static void test_large(void **state)
{
    struct strbuf lines = make_lines(24 << 20, 4), gz = STRBUF_INIT;
    size_t half = lines.len / 2;

    (void)state;
    deflate_more(&gz, lines.buf, half, 1);
    deflate_more(&gz, lines.buf + half, lines.len - half, 6);
    assert_true(gz.len > 8 << 20);
    strbuf_adds(&lines, "behind\n");
    strbuf_adds(&gz, "behind\n");
    check_file(&gz, strbuf_slice(&lines), 150);
    strbuf_release(&lines);
}

/* Members of some hundred KiB, of which the last ones are small. */
static struct strbuf many_members(struct slice lines)
{
    struct strbuf gz = STRBUF_INIT;
    size_t left = lines.len;

    while (left > 0) {
        size_t n = left > 2 << 20 ? 1 << 20 : MIN(left, (size_t)50000);

        deflate_more(&gz, slice_end(lines) - left, n, 1);
        left -= n;
    }
    assert_true(gz.len > 8 << 20);
    return gz;
}

/* Inflated by both threads. */
static void test_many_members(void **state)
{
    struct strbuf lines = make_lines(18 << 20, 4), gz = many_members(strbuf_slice(&lines));

    (void)state;
    strbuf_add(&gz, "\0\0\0\0\x1f\1", 6);
    check_file_left(&gz, strbuf_slice(&lines), 150, 2);
    strbuf_release(&lines);
}

/* What looks like a header in the middle of a member is none; nor need all members be small. */
static void test_headers_that_are_none(void **state)
{
    static const char header[] = "\x1f\x8b\x08\0\0\0\0\0\0\x03";
    struct strbuf lines = make_lines(26 << 20, 4), gz = STRBUF_INIT;
    size_t first = 3 << 20, second = 20 << 20;

    (void)state;
    for (size_t at = 100; at < first; at += 300000)
        memcpy(lines.buf + at, header, sizeof(header) - 1);
    deflate_more(&gz, lines.buf, first, 0);
    deflate_more(&gz, lines.buf + first, 1 << 20, 1);
    deflate_more(&gz, lines.buf + first + (1 << 20), second - first - (1 << 20), 1);
    deflate_more(&gz, lines.buf + second, lines.len - second, 1);
    check_file(&gz, strbuf_slice(&lines), 100);
    strbuf_release(&lines);
}

static void check_damage(struct strbuf *gz, struct slice want, size_t at_least);

static void test_damage_among_members(void **state)
{
    struct strbuf lines = make_lines(18 << 20, 4), gz = many_members(strbuf_slice(&lines));

    (void)state;
    gz.buf[gz.len / 2] ^= 0x10;
    check_damage(&gz, strbuf_slice(&lines), 8 << 20);
    gz.buf[gz.len / 2] ^= 0x10;
    gz.len -= 100;
    check_damage(&gz, strbuf_slice(&lines), lines.len - 50000);
    strbuf_release(&gz);
    strbuf_release(&lines);
}

/* Small on disk, large inflated: read at once, viewed by stretches. */
static void test_dense(void **state)
{
    struct strbuf lines = make_lines(3000, 4), all = STRBUF_INIT, gz = STRBUF_INIT;

    (void)state;
    while (all.len < 40 << 20)
        strbuf_addsl(&all, strbuf_slice(&lines));
    deflate_more(&gz, all.buf, all.len, 1);
    check_file(&gz, strbuf_slice(&all), 150);
    strbuf_release(&lines);
    strbuf_release(&all);
}

static void test_small_cache(void **state)
{
    struct strbuf lines = make_lines(1 << 20, 4), gz = STRBUF_INIT;

    (void)state;
    blob_init();
    membudget_set(1000);
    deflate_more(&gz, lines.buf, lines.len, 6);
    check_file(&gz, strbuf_slice(&lines), 20);
    membudget_set(0);
    strbuf_release(&lines);
}

/* What stands before the damage is given, then the error names the place. */
static void check_damage(struct strbuf *gz, struct slice want, size_t at_least)
{
    struct strbuf got = STRBUF_INIT;
    struct err e = {0};
    struct source *s;

    put(gz);
    s = opened();
    assert_true(read_all(s, 65536, &got, &e) < 0);
    assert_int_equal(e.code, ERR_FORMAT);
    assert_non_null(strstr(e.msg, path));
    assert_non_null(strstr(e.msg, "inflated byte"));
    assert_non_null(strstr(e.msg, "compressed byte"));
    assert_true(got.len >= at_least && got.len <= want.len);
    if (got.len)
        check_views(s, slice_of(want.ptr, MAX(at_least, 1)), 0);
    assert_memory_equal(got.buf ? got.buf : "", want.ptr, MIN(got.len, at_least));
    source_free(s);
    strbuf_release(&got);
}

static void test_truncated(void **state)
{
    struct strbuf lines = make_lines(300000, 4), gz = STRBUF_INIT;

    (void)state;
    deflate_more(&gz, lines.buf, lines.len, 6);
    gz.len -= 4; /* only the trailer is short */
    check_damage(&gz, strbuf_slice(&lines), lines.len);
    gz.len /= 2;
    check_damage(&gz, strbuf_slice(&lines), lines.len / 3);
    gz.len = 12;
    check_damage(&gz, strbuf_slice(&lines), 0);
    gz.len = 2;
    check_damage(&gz, strbuf_slice(&lines), 0);
    strbuf_release(&gz);
    strbuf_release(&lines);
}

static void test_flipped_byte(void **state)
{
    struct strbuf lines = make_lines(300000, 4), gz = STRBUF_INIT;
    size_t first;

    (void)state;
    deflate_more(&gz, lines.buf, lines.len / 2, 6);
    first = gz.len;
    deflate_more(&gz, lines.buf + lines.len / 2, lines.len - lines.len / 2, 6);
    gz.buf[gz.len - 6] ^= 0x10; /* the check sum */
    check_damage(&gz, strbuf_slice(&lines), lines.len);
    gz.buf[gz.len - 6] ^= 0x10;
    gz.buf[first + 5000] ^= 0x10; /* inside the second member */
    check_damage(&gz, strbuf_slice(&lines), lines.len / 2);
    strbuf_release(&gz);
    strbuf_release(&lines);
}

static void *view_all(void *arg)
{
    void **a = arg;

    check_views(a[0], *(struct slice *)a[1], 60);
    return NULL;
}

static void *read_it(void *arg)
{
    void **a = arg;
    struct strbuf got = STRBUF_INIT;
    struct err e = {0};
    bool same = read_all(a[0], 1 << 18, &got, &e) == 0 &&
                slice_eq(strbuf_slice(&got), *(struct slice *)a[1]);

    strbuf_release(&got);
    return same ? arg : NULL;
}

/* One thread reads, two look at rows. */
static void test_reads_between_two_threads(void **state)
{
    struct strbuf lines = make_lines(18 << 20, 4), gz = STRBUF_INIT;
    struct slice want = strbuf_slice(&lines);
    void *arg[2], *same;
    struct source *s;
    pthread_t t[3];

    (void)state;
    deflate_more(&gz, lines.buf, lines.len, 1);
    put(&gz);
    s = opened();
    arg[0] = s;
    arg[1] = &want;
    pthread_create(&t[0], NULL, read_it, arg);
    pthread_create(&t[1], NULL, view_all, arg);
    pthread_create(&t[2], NULL, view_all, arg);
    pthread_join(t[0], &same);
    pthread_join(t[1], NULL);
    pthread_join(t[2], NULL);
    assert_non_null(same);
    source_free(s);
    strbuf_release(&gz);
    strbuf_release(&lines);
}

static void test_gzip_pipe_gives_lines_as_they_come(void **state)
{
    struct strbuf gz = STRBUF_INIT;
    struct source *s;
    struct reader *r;
    struct chunk c;
    struct err e = {0};
    int fd;

    (void)state;
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    s = opened();
    r = reader_new(s, 0, 1 << 20);
    fd = open(path, O_RDWR);
    deflate_more(&gz, "first member, long enough\n", 26, 6);
    assert_int_equal(write(fd, gz.buf, gz.len), gz.len);
    assert_int_equal(reader_next(r, &c, &e), 1);
    assert_int_equal(c.len, 26);
    assert_memory_equal(c.ptr, "first", 5);
    chunk_release(r, &c);
    strbuf_reset(&gz);
    deflate_more(&gz, "second\n", 7, 6);
    assert_int_equal(write(fd, gz.buf, gz.len), gz.len);
    close(fd);
    assert_int_equal(reader_next(r, &c, &e), 1);
    assert_int_equal(c.off, 26);
    assert_memory_equal(c.ptr, "second\n", 7);
    chunk_release(r, &c);
    assert_int_equal(reader_next(r, &c, &e), 0);
    reader_free(r);
    source_free(s);
    strbuf_release(&gz);
    unlink(path);
}

static void test_whole_keeps_its_limit(void **state)
{
    struct strbuf zeros = STRBUF_INIT, gz = STRBUF_INIT, out = STRBUF_INIT;
    char block[4096] = {0};

    (void)state;
    while (zeros.len < 8 << 20)
        strbuf_add(&zeros, block, sizeof(block));
    deflate_more(&gz, zeros.buf, zeros.len, 9);
    assert_false(inflate_whole(strbuf_slice(&gz), &out, 1 << 20, NULL));
    assert_true(out.cap <= 1 << 21);
    strbuf_release(&zeros);
    strbuf_release(&gz);
    strbuf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_member),
        cmocka_unit_test(test_nothing_inside),
        cmocka_unit_test(test_members_and_garbage),
        cmocka_unit_test(test_garbage_like_magic),
        cmocka_unit_test(test_padding),
        cmocka_unit_test(test_text_between_members),
        cmocka_unit_test(test_gzip_in_gzip),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_many_members),
        cmocka_unit_test(test_headers_that_are_none),
        cmocka_unit_test(test_damage_among_members),
        cmocka_unit_test(test_dense),
        cmocka_unit_test(test_small_cache),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_flipped_byte),
        cmocka_unit_test(test_reads_between_two_threads),
        cmocka_unit_test(test_gzip_pipe_gives_lines_as_they_come),
        cmocka_unit_test(test_whole_keeps_its_limit),
    };

    return cmocka_run_group_tests_name("inflate", tests, make_dir, drop_dir);
}
