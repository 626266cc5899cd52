/* Any bytes as a file: chunks are consecutive and end with lines, and a view of any part equals
 * what the chunks gave. Output is bounded, since a few bytes can inflate to gigabytes. */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "inflate.h"
#include "source.h"
#include "xalloc.h"

#define ENOUGH (4u << 20)
#define MANY 8

static void check_views(struct source *s, struct slice want)
{
    for (size_t off = 0; off < want.len; off += want.len / 5 + 1) {
        struct blob_pin pin;
        struct slice v;
        struct err e;
        size_t len = MIN(want.len - off, (size_t)3000);

        BUG_ON(blob_view(s, off, len, &v, &pin, &e) < 0);
        BUG_ON(!slice_eq(v, slice_of(want.ptr + off, len)));
        blob_unpin(&pin);
    }
}

static void check_source(struct source *s, size_t chunk_size)
{
    struct reader *r = reader_new(s, 0, chunk_size);
    struct strbuf all = STRBUF_INIT;
    struct err e = {0};
    struct chunk c;
    bool last = false;
    unsigned seq = 0;
    int rc = 0;

    while (all.len < ENOUGH && (rc = reader_next(r, &c, &e)) > 0) {
        BUG_ON(last || c.seq != seq++ || c.off != all.len || c.len == 0);
        BUG_ON(!c.last && c.ptr[c.len - 1] != '\n');
        last = c.last;
        strbuf_add(&all, c.ptr, c.len);
        chunk_release(r, &c);
    }
    BUG_ON(rc < 0 && (e.code >= 0 || e.msg[0] == '\0'));
    reader_free(r);
    check_views(s, strbuf_slice(&all));
    strbuf_release(&all);
}

/* Its files, as the session opens them: none may read outside what the directory could say. */
static void check_zip(struct source *zip, size_t chunk_size)
{
    struct zip_list list;
    struct err e;

    if (source_list_zip(zip, &list, &e) < 0) {
        BUG_ON(e.msg[0] == '\0');
        return;
    }
    for (size_t i = 0; i < MIN(list.n, (size_t)MANY); i++) {
        struct source *s = source_of_zip(zip, &list.file[i]);

        check_source(s, chunk_size);
        source_free(s);
    }
    zip_list_free(&list);
}

static void check_whole(struct slice in)
{
    struct strbuf out = STRBUF_INIT;

    BUG_ON(inflate_whole(in, &out, ENOUGH, NULL) && out.len > ENOUGH);
    strbuf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    char path[64];

    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    for (size_t chunk = 4096; chunk <= 1 << 20; chunk *= 256) {
        struct err e;
        struct source *s = source_open(path, "fuzz", &e);

        if (s && s->pack == PACK_ZIP)
            check_zip(s, chunk);
        else if (s)
            check_source(s, chunk);
        source_free(s);
    }
    check_whole(slice_of((const char *)data, size));
    close(fd);
    return 0;
}
