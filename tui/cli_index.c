/* cli_index.c - awl index: what is kept, and throwing it away. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "cli_impl.h"
#include "fmt.h"
#include "index_file.h"
#include "output.h"
#include "xalloc.h"

static void print_purged(size_t n, uint64_t bytes)
{
    char size[FMT_LEN];

    printf("%zu index%s removed, %s\n", n, n == 1 ? "" : "es", fmt_bytes(size, bytes));
}

static int purge(const struct options *o, const char *cache)
{
    uint64_t bytes = 0, some;
    size_t n = 0;
    int code = EXIT_MATCH;

    if (o->n_arg == 0)
        n = index_cache_purge(cache, NULL, &bytes);
    for (int i = 0; i < o->n_arg; i++) {
        char *real = realpath(o->arg[i], NULL);

        /* of a folder that is gone the index may still be there */
        if (!real && errno != ENOENT) {
            fprintf(stderr, "awl: cannot open %s: %s\n", o->arg[i], strerror(errno));
            code = EXIT_TROUBLE;
            continue;
        }
        n += index_cache_purge(cache, real ? real : o->arg[i], &some);
        bytes += some;
        free(real);
    }
    print_purged(n, bytes);
    return code;
}

int cli_index(const struct options *o)
{
    static const char *const columns[] = {"folder", "bytes", "used", "index"};
    const char *cache = options_cache(o);
    struct sink sink;
    struct index_list l;
    struct output *out;
    enum output_format f;
    struct err e;

    if (!cache) {
        fprintf(stderr, "awl: neither XDG_CACHE_HOME nor HOME says where the index is\n");
        return EXIT_TROUBLE;
    }
    if (o->purge)
        return purge(o, cache);
    if (!cli_format(o, &f))
        return EXIT_TROUBLE;
    if (sink_open(&sink, NULL, false, &e) < 0) {
        fprintf(stderr, "awl: %s\n", e.msg);
        return EXIT_TROUBLE;
    }
    index_list_read(&l, cache);
    out = output_new(f, columns, ARRAY_LEN(columns), sink_write, &sink);
    for (size_t i = l.n; i-- > 0;) {
        struct val row[] = {cli_text(l.item[i].folder),
                            {.kind = VAL_NUM, .num = (double)l.item[i].bytes},
                            {.kind = VAL_TIME, .time_us = l.item[i].used_us},
                            cli_text(l.item[i].path)};

        output_row(out, row);
    }
    output_end(out);
    index_list_release(&l);
    if (sink_close(&sink, true, &e) < 0) {
        fprintf(stderr, "awl: %s\n", e.msg);
        return EXIT_TROUBLE;
    }
    return EXIT_MATCH;
}
