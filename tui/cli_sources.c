/* cli_sources.c - awl sources: a row a file. */
#include <string.h>

#include "cli_impl.h"

#define SOURCE_COLUMNS 11

static struct val number_cell(uint64_t n)
{
    return (struct val){.kind = VAL_NUM, .num = (double)n};
}

static struct val time_cell(const struct source *src, int64_t us)
{
    if (src->first_us > src->last_us)
        return (struct val){.kind = VAL_MISSING};
    return (struct val){.kind = VAL_TIME, .time_us = us};
}

static void write_source(struct output *out, struct source *src)
{
    struct strbuf reasons = STRBUF_INIT;
    uint64_t bad = source_unparsed(src, &reasons);
    struct val row[SOURCE_COLUMNS] = {cli_text(src->path),
                                      cli_text(src->lt ? src->lt->fmt->name : NULL),
                                      number_cell(src->size ? src->size : src->bytes_done),
                                      number_cell(src->records),
                                      number_cell(bad),
                                      number_cell(src->headers),
                                      time_cell(src, src->first_us),
                                      time_cell(src, src->last_us),
                                      cli_text(src->origin),
                                      cli_text(reasons.buf),
                                      cli_text(src->error)};

    output_row(out, row);
    strbuf_release(&reasons);
}

/* A path that could not be opened at all has a row, too. */
static void write_unopened(struct output *out, struct session *s)
{
    char text[600];

    for (uint32_t i = 0; session_problem(s, i, text, sizeof(text)); i++) {
        bool told = false;

        for (uint32_t k = 0; k < session_sources(s) && !told; k++) {
            const char *why = session_source(s, k)->error;
            told = why && strcmp(why, text) == 0;
        }
        if (!told) {
            struct val row[SOURCE_COLUMNS] = {{.kind = VAL_MISSING}};

            row[SOURCE_COLUMNS - 1] = cli_text(text);
            output_row(out, row);
        }
    }
}

/* A zip that came over a pipe is its files; by itself it has nothing to tell, unless it is damaged.
 */
static bool is_listed(const struct source *src)
{
    return src->kind != SOURCE_STDIN || src->pack != PACK_ZIP || src->error;
}

int cli_sources(const struct options *o)
{
    static const char *const columns[SOURCE_COLUMNS] = {"path",     "type",    "bytes", "records",
                                                        "unparsed", "headers", "first", "last",
                                                        "source",   "reasons", "error"};
    enum output_format f;
    struct output *out;
    struct session *s;

    if (!cli_format(o, &f))
        return EXIT_TROUBLE;
    s = cli_open(o, o->arg, o->n_arg);
    if (!s)
        return EXIT_TROUBLE;
    if (!cli_open_sink(o)) {
        session_free(s);
        return EXIT_TROUBLE;
    }
    out = output_new(f, columns, SOURCE_COLUMNS, sink_write, &cli_result);
    for (uint32_t i = 0; i < session_sources(s); i++)
        if (is_listed(session_source(s, i)))
            write_source(out, session_source(s, i));
    write_unopened(out, s);
    output_end(out);
    session_free(s);
    return cli_finish(EXIT_MATCH);
}
