/* Zip and zstd: what comes out, and that damage anywhere is told and harms nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <zlib.h>

#include "xalloc.h"
#include "zip.h"

static ssize_t input(void *ctx, uint64_t off, void *buf, size_t n, struct err *e)
{
    const struct strbuf *sb = ctx;

    (void)e;
    n = off >= sb->len ? 0 : MIN(n, sb->len - (size_t)off);
    n = MIN(n, (size_t)7); /* in small pieces */
    if (n)
        memcpy(buf, sb->buf + off, n);
    return (ssize_t)n;
}

static void put(struct strbuf *sb, uint64_t v, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        strbuf_addc(sb, (char)(i < sizeof(v) ? v >> 8 * i : 0));
}

static struct strbuf deflated(struct slice text)
{
    struct strbuf out = STRBUF_INIT;
    unsigned char buf[4096];
    z_stream z = {0};

    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -MAX_WBITS, 8, 0), Z_OK);
    z.next_in = (unsigned char *)(uintptr_t)text.ptr;
    z.avail_in = (unsigned)text.len;
    z.next_out = buf;
    z.avail_out = sizeof(buf);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    strbuf_add(&out, buf, z.total_out);
    deflateEnd(&z);
    return out;
}

struct file {
    const char *name, *text;
    bool pack;
};

/* The numbers of a zip64 entry, in whose place something else stands. */
static void put_wide(struct strbuf *sb, uint64_t size, uint64_t packed, uint64_t at)
{
    put(sb, 0x5455, 2); /* another field before them: a time */
    put(sb, 1, 2);
    put(sb, 7, 1);
    put(sb, 1, 2);
    put(sb, 24, 2);
    put(sb, size, 8);
    put(sb, packed, 8);
    put(sb, at, 8);
}

static void put_wide_end(struct strbuf *zip, uint64_t at, uint64_t bytes)
{
    uint64_t end = zip->len;

    strbuf_adds(zip, "PK\6\6");
    put(zip, 44, 8);
    put(zip, 0, 28);
    put(zip, bytes, 8);
    put(zip, at, 8);
    strbuf_adds(zip, "PK\6\7");
    put(zip, 0, 4);
    put(zip, end, 8);
    put(zip, 1, 4);
}

static struct strbuf make_zip(const struct file *f, unsigned n, bool wide)
{
    struct strbuf zip = STRBUF_INIT, dir = STRBUF_INIT;
    uint64_t at, none = wide ? UINT32_MAX : 0;

    for (unsigned i = 0; i < n; i++) {
        struct slice text = slice_str(f[i].text), name = slice_str(f[i].name);
        struct strbuf data = f[i].pack ? deflated(text) : (struct strbuf)STRBUF_INIT;
        uint64_t off = zip.len;

        if (!f[i].pack)
            strbuf_addsl(&data, text);
        strbuf_adds(&zip, "PK\3\4");
        put(&zip, 20, 2);
        put(&zip, 8, 2); /* sizes behind the data: they count in the directory only */
        put(&zip, f[i].pack ? 8 : 0, 2);
        for (unsigned k = 0; k < 16; k++)
            strbuf_addc(&zip, 0);
        put(&zip, name.len, 2);
        put(&zip, 0, 2);
        strbuf_addsl(&zip, name);
        strbuf_addsl(&zip, strbuf_slice(&data));
        strbuf_adds(&dir, "PK\1\2");
        put(&dir, 20, 2);
        put(&dir, 20, 2);
        put(&dir, 0, 2);
        put(&dir, f[i].pack ? 8 : 0, 2);
        put(&dir, 0, 4);
        put(&dir, crc32(0, (const unsigned char *)text.ptr, (unsigned)text.len), 4);
        put(&dir, data.len | none, 4);
        put(&dir, text.len | none, 4);
        put(&dir, name.len, 2);
        put(&dir, wide ? 33 : 0, 4);
        put(&dir, 0, 8);
        put(&dir, off | none, 4);
        strbuf_addsl(&dir, name);
        if (wide)
            put_wide(&dir, text.len, data.len, off);
        strbuf_release(&data);
    }
    at = zip.len;
    strbuf_addsl(&zip, strbuf_slice(&dir));
    if (wide)
        put_wide_end(&zip, at, dir.len);
    strbuf_adds(&zip, "PK\5\6");
    put(&zip, 0, 8);
    put(&zip, dir.len | none, 4);
    put(&zip, at | none, 4);
    put(&zip, 0, 2);
    strbuf_release(&dir);
    return zip;
}

static int drain(struct unpacker *u, struct strbuf *out, struct err *e)
{
    char buf[16];
    ssize_t got;

    while ((got = unpacker_read(u, buf, sizeof(buf), e)) > 0 && out->len < 10000)
        strbuf_add(out, buf, (size_t)got);
    unpacker_free(u);
    return got < 0 ? (int)got : 0;
}

/* All that comes out; the code of the error that ended it, or 0. */
static int unpack(enum pack_kind kind, struct strbuf *in, struct strbuf *out)
{
    struct err e;

    strbuf_reset(out);
    return drain(unpacker_new(kind, NULL, input, in), out, &e);
}

/* The files of a zip, each as "NAME:TEXT|", with the words of an error in place of what is missing;
 * or the code of the error that kept it from being listed. */
static int unzip(struct strbuf *in, struct strbuf *out)
{
    struct zip_list list;
    struct err e;
    int rc = zip_list(in->len, input, in, &list, &e);

    strbuf_reset(out);
    for (size_t i = 0; rc == 0 && i < list.n; i++) {
        strbuf_addf(out, "%s:", list.file[i].name);
        if (drain(unpacker_new(PACK_ZIP, &list.file[i], input, in), out, &e) < 0)
            strbuf_addf(out, "<%s>", e.msg);
        strbuf_addc(out, '|');
    }
    zip_list_free(&list);
    return rc;
}

static const struct file files[] = {
    {"a.log", "first line\nsecond line\n", true},
    {"folder/", "", false},
    {"folder/.hidden", "x", false},
    {"empty", "", true},
    {"folder/b.log", "no feed at the end", false},
    {"c.log", "last aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n", true},
};
#define LAST "|c.log:last aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n|"

static void zip_files(void **state)
{
    struct strbuf out = STRBUF_INIT;

    (void)state;
    for (unsigned wide = 0; wide < 2; wide++) {
        struct strbuf zip = make_zip(files, ARRAY_LEN(files), wide);

        assert_int_equal(unzip(&zip, &out), 0);
        assert_string_equal(out.buf, "a.log:first line\nsecond line\n|empty:|"
                                     "folder/b.log:no feed at the end" LAST);
        strbuf_release(&zip);
    }
    strbuf_release(&out);
}

/* Where the directory entry of a file begins. */
static unsigned char *entry_of(struct strbuf *zip, const char *name)
{
    size_t n = strlen(name);

    for (size_t i = 0; i + 46 + n <= zip->len; i++)
        if (memcmp(zip->buf + i, "PK\1\2", 4) == 0 && memcmp(zip->buf + i + 46, name, n) == 0)
            return (unsigned char *)zip->buf + i;
    fail_msg("no entry of %s", name);
    return NULL;
}

/* One file cannot be read: it is told how far it went and why, and the others come as they are. */
static void bad_file_of_zip(void **state)
{
    static const struct {
        const char *file;
        unsigned at, byte; /* of its directory entry */
        const char *comes;
    } t[] = {
        {"folder/b.log", 8, 1, "<is encrypted, so awl cannot read it>"},
        {"folder/b.log", 10, 14, "<is packed in a way that awl does not know (method 14)>"},
        {"folder/b.log", 16, 0x77, "no feed at the end<damaged zip: the file's checksum is wrong>"},
        {"folder/b.log", 24, 7, "no feed<damaged zip: the file is larger than its directory says>"},
        {"folder/b.log", 24, 19,
         "no feed at the end<damaged zip: the file is shorter than its directory says>"},
        {"folder/b.log", 42, 1, "<damaged zip: the file is not where the directory says>"},
    };
    struct strbuf out = STRBUF_INIT, want = STRBUF_INIT;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct strbuf zip = make_zip(files, ARRAY_LEN(files), false);

        entry_of(&zip, t[i].file)[t[i].at] = (unsigned char)t[i].byte;
        assert_int_equal(unzip(&zip, &out), 0);
        strbuf_reset(&want);
        strbuf_addf(&want, "a.log:first line\nsecond line\n|empty:|%s:%s" LAST, t[i].file,
                    t[i].comes);
        assert_string_equal(out.buf, want.buf);
        strbuf_release(&zip);
    }
    strbuf_release(&out);
    strbuf_release(&want);
}

static void damaged_zip(void **state)
{
    struct strbuf out = STRBUF_INIT;

    (void)state;
    for (unsigned wide = 0; wide < 2; wide++) {
        struct strbuf zip = make_zip(files, ARRAY_LEN(files), wide);
        size_t whole = zip.len;

        for (zip.len = 0; zip.len < whole; zip.len++)
            assert_int_equal(unzip(&zip, &out), ERR_FORMAT);
        for (size_t i = 0; i < whole; i++) {
            for (unsigned flip = 0x5a; flip <= 0xff; flip += 0xa5) {
                zip.buf[i] = (char)((unsigned char)zip.buf[i] ^ flip);
                (void)unzip(&zip, &out);
                zip.buf[i] = (char)((unsigned char)zip.buf[i] ^ flip);
            }
        }
        strbuf_release(&zip);
    }
    strbuf_release(&out);
}

/* Places and sizes of zip64 that lie nowhere. */
static void impossible_zip64(void **state)
{
    static const char *const marks[] = {"PK\6\6", "PK\6\7"};
    static const unsigned places[][2] = {{40, 48}, {8, 8}};
    struct strbuf out = STRBUF_INIT;

    (void)state;
    for (unsigned m = 0; m < 2; m++) {
        for (unsigned p = 0; p < 2; p++) {
            for (unsigned byte = 2; byte < 8; byte++) {
                struct strbuf zip = make_zip(files, ARRAY_LEN(files), true);
                char *at = memmem(zip.buf, zip.len, marks[m], 4);

                at[places[m][p] + byte] = '\x7f';
                assert_int_equal(unzip(&zip, &out), ERR_FORMAT);
                strbuf_release(&zip);
            }
        }
    }
    strbuf_release(&out);
}

static void zstd_frames(void **state)
{
    static const char frame[] = "\x28\xb5\x2f\xfd\x20\x05\x29\x00\x00hello";
    struct strbuf in = STRBUF_INIT, out = STRBUF_INIT;

    (void)state;
    if (!pack_supported(PACK_ZSTD)) {
        print_message("skipped: built without zstd\n");
        skip();
    }
    strbuf_add(&in, "\x53\x2a\x4d\x18\x02\0\0\0ab", 10); /* to be skipped */
    strbuf_add(&in, frame, sizeof(frame) - 1);
    assert_int_equal(pack_kind(strbuf_slice(&in)), PACK_ZSTD);
    assert_int_equal(unpack(PACK_ZSTD, &in, &out), 0);
    assert_string_equal(out.buf, "hello");
    strbuf_reset(&in);
    strbuf_add(&in, frame, sizeof(frame) - 1);
    strbuf_add(&in, frame, sizeof(frame) - 1);
    assert_int_equal(unpack(PACK_ZSTD, &in, &out), 0);
    assert_string_equal(out.buf, "hellohello");
    for (in.len = sizeof(frame); in.len < 2 * (sizeof(frame) - 1); in.len++) {
        assert_int_equal(unpack(PACK_ZSTD, &in, &out), ERR_FORMAT);
        assert_true(out.len >= 5);
    }
    strbuf_release(&in);
    strbuf_release(&out);
}

/* {"messageType":"DATA_MESSAGE","logEvents":[]} */
#define PAYLOAD                                                                                    \
    "H4sIAAAAAAACA6tWyk0tLk5MTw2pLEhVslJycQxxjPd1DQ52dHdV0lHKyU93LUvNKylWsoqOrQUAgsFiHC0AAAA="
#define INSIDE "{\"messageType\":\"DATA_MESSAGE\",\"logEvents\":[]}\n"

static void events(void **state)
{
    static const struct {
        const char *in, *out;
    } t[] = {
        {"{\"awslogs\":{\"data\":\"" PAYLOAD "\"}}", INSIDE},
        {"{\n  \"awslogs\": {\n    \"data\" : \"" PAYLOAD "\"\n  }\n}\n", INSIDE},
        {"{\"Records\":[{\"kinesis\":{\"data\":\"" PAYLOAD "\"}},{\"kinesis\":{\"data\":\"" PAYLOAD
         "\"}}]}",
         INSIDE INSIDE},
        {"{\"awslogs\":{\"data\":\"" PAYLOAD "\"}}{\"other\":1}\n{\"awslogs\":{\"data\":\"" PAYLOAD
         "\"}}\n",
         INSIDE "{\"other\":1}\n" INSIDE},
        /* damaged: as it is */
        {"{\"data\":\"H4sIAAAA\"}\n", "{\"data\":\"H4sIAAAA\"}\n"},
        {"{\"data\":\"H4sI*\"}\n{\"b\":2}", "{\"data\":\"H4sI*\"}\n{\"b\":2}\n"},
        {"{\"data\":\"H4sIAAAA", "{\"data\":\"H4sIAAAA\n"},
    };
    struct strbuf in = STRBUF_INIT, out = STRBUF_INIT;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        strbuf_reset(&in);
        strbuf_adds(&in, t[i].in);
        assert_int_equal(pack_kind(strbuf_slice(&in)), PACK_EVENT);
        assert_int_equal(unpack(PACK_EVENT, &in, &out), 0);
        assert_string_equal(out.buf, t[i].out);
    }
    assert_int_equal(pack_kind(SL("{\"H4sI\":1}")), PACK_NONE);
    assert_int_equal(pack_kind(SL("{\"date\":\"H4sI\"}")), PACK_NONE);
    strbuf_release(&in);
    strbuf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zip_files),   cmocka_unit_test(bad_file_of_zip),
        cmocka_unit_test(damaged_zip), cmocka_unit_test(impossible_zip64),
        cmocka_unit_test(zstd_frames), cmocka_unit_test(events),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
