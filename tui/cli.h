/* cli.h - the command line: which command, which options, and the commands without a screen. */
#ifndef AWL_CLI_H
#define AWL_CLI_H

#include <stdint.h>

#include "base.h"
#include "output.h"

enum on {
    ON_EXPLORE = 1,
    ON_QUERY = 2,
    ON_SOURCES = 4,
    ON_FIELDS = 8,
    ON_EXPLAIN = 16,
    ON_DEMO = 32,
    ON_FORMATS = 64,
    ON_INDEX = 128,
    ON_ALL = 255
};

enum exit_code { EXIT_MATCH = 0, EXIT_NOTHING = 1, EXIT_TROUBLE = 2 };

struct options {
    enum on command;
    char **arg; /* what is no option: paths, and before them the query or names */
    int n_arg;
    const char *where, *theme, *tz, *script, *size, *snap_dir, *format, *write, *types;
    const char *to_file, *since, *until, *spill;
    bool follow, ascii, no_sort, redact, single, gzip, live, no_cache, purge, athena, explain_plan;
    int64_t now_us; /* 0: the real clock */
    unsigned threads;
    uint64_t lines, seed, per_file;
    uint64_t cache_size; /* bytes that the index may take */
    uint64_t memory;     /* bytes (membudget.h) */
};

/* Fills *o; returns -1 to go on, or the exit code (after --help, --version, a usage error). */
int options_parse(struct options *o, int argc, char **argv);

/* The folder of the index; NULL: nothing is kept. */
const char *options_cache(const struct options *o);

/* The form asked for with -o; false, and a word on stderr, if there is no such. */
bool cli_format(const struct options *o, enum output_format *f);
int cli_query(const struct options *o);
int cli_sources(const struct options *o);
int cli_fields(const struct options *o);
int cli_explain(const struct options *o);
int cli_index(const struct options *o); /* cli_index.c */
/* Opens the explorer on o->arg, or on `paths` if there are any (demo). In main.c, for it needs the
 * terminal. */
int explore(const struct options *o, char **paths, int n_paths);
int cli_demo(const struct options *o);

#endif
