/* options.c - GNU style: long and short options anywhere, -- ends them. The first word that is a
 * command is one; otherwise all words are paths. */
#include "cli.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "value.h"
#include "xalloc.h"

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "0.1.0"
#endif

#define MIN_MEMORY (16u << 20)

enum option_id {
#define OPTION(id, short_, long_, arg, on, help) OPT_##id,
#include "options.def"
#undef OPTION
    OPT_COUNT
};

static const struct option_def {
    int letter;
    const char *name, *arg;
    unsigned on;
    const char *help;
} option_defs[] = {
#define OPTION(id, short_, long_, arg, on, help) {short_, long_, arg, on, help},
#include "options.def"
#undef OPTION
};

static const struct command_def {
    const char *name;
    enum on on;
    const char *synopsis, *help;
} command_defs[] = {
    {"query", ON_QUERY, "awl query [OPTION]... 'QUERY' [PATH]...",
     "Runs a query and prints the result.\n"
     "  awl query 'status=5xx' logs/\n"
     "  awl query 'filter elb_status_code=504 | stats count(*) by target_ip' -o csv logs/\n"
     "Without a PATH the files below the current folder are read; - is standard input.\n"
     "Exit: 0 something matched, 1 nothing did, 2 an error."},
    {"sources", ON_SOURCES, "awl sources [OPTION]... [PATH]...",
     "One row a file: type, bytes, records, unparsed, first and last time."},
    {"fields", ON_FIELDS, "awl fields [OPTION]... [TYPE]",
     "The fields of every (or one) log type: name, aliases, kind, meaning."},
    {"explain", ON_EXPLAIN, "awl explain TYPE FIELD VALUE",
     "What a value means: awl explain alb elb_status_code 504"},
    {"formats", ON_FORMATS, "awl formats [OPTION]... [FILE]...",
     "The log types there are, your own among them; with FILEs: checks descriptions of own types."},
    {"index", ON_INDEX, "awl index [OPTION]... [PATH]...",
     "What is kept of logs that were opened: one index a folder, with its size and last use.\n"
     "It lies in $XDG_CACHE_HOME/awl (~/.cache/awl) and is made anew when it is missing."},
    {"demo", ON_DEMO, "awl demo [OPTION]...",
     "Makes up a day of a web shop with an incident in it, and opens it.\n"
     "Without a terminal it prints the incident's summary instead."},
    {NULL, ON_EXPLORE, "awl [OPTION]... [PATH]...",
     "Opens logs of AWS services: files, folders (recursively), or - for standard input.\n"
     "Commands: awl query, sources, fields, formats, explain, index, demo;\n"
     "awl COMMAND --help says more. Inside, F1 shows the keys."},
};

static const struct command_def *command_of(enum on on)
{
    const struct command_def *c = command_defs;

    while (c->on != on)
        c++;
    return c;
}

static void print_help(enum on on)
{
    const struct command_def *c = command_of(on);

    printf("usage: %s\n%s\n\nOptions:\n", c->synopsis, c->help);
    for (unsigned i = 0; i < OPT_COUNT; i++) {
        const struct option_def *d = &option_defs[i];
        char left[64];

        if (!(d->on & on))
            continue;
        snprintf(left, sizeof(left), "%c%c%s --%s%s%s", d->letter ? '-' : ' ',
                 d->letter ? d->letter : ' ', d->letter ? "," : " ", d->name, d->arg ? "=" : "",
                 d->arg ? d->arg : "");
        printf("  %-24s %s\n", left, d->help);
    }
}

static int usage(const char *what, const char *arg)
{
    fprintf(stderr, "awl: %s%s%s (awl --help)\n", what, arg ? ": " : "", arg ? arg : "");
    return EXIT_TROUBLE;
}

static bool number(const char *s, uint64_t *out)
{
    char *end;

    errno = 0;
    *out = strtoull(s, &end, 10);
    return *s >= '0' && *s <= '9' && *end == '\0' && errno == 0;
}

/* A number with K, M, G or T behind it, of 1024. */
static bool bytes(const char *s, uint64_t *out)
{
    static const char units[] = "KMGT";
    const char *unit;
    char *end;

    errno = 0;
    *out = strtoull(s, &end, 10);
    if (*s < '0' || *s > '9' || errno)
        return false;
    if (!*end)
        return true;
    unit = strchr(units, *end & ~32);
    if (!unit || end[1 + ((end[1] & ~32) == 'B')] || *out >> 24)
        return false;
    *out <<= 10 * (unit - units + 1);
    return true;
}

static uint64_t machine_memory(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);

    return pages > 0 && page > 0 ? (uint64_t)pages * (uint64_t)page : 2 * (uint64_t)MIN_MEMORY;
}

const char *options_cache(const struct options *o)
{
    static struct strbuf folder;
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

    if (o->no_cache || o->command == ON_DEMO)
        return NULL;
    strbuf_reset(&folder);
    if (cache && *cache == '/')
        strbuf_addf(&folder, "%s/awl", cache);
    else if (home && *home == '/')
        strbuf_addf(&folder, "%s/.cache/awl", home);
    return folder.len ? folder.buf : NULL;
}

static int set_option(struct options *o, int id, const char *arg)
{
    uint64_t n;

    switch (id) {
#define TEXT(ID, member)                                                                           \
    case OPT_##ID:                                                                                 \
        o->member = arg;                                                                           \
        return -1;
#define FLAG(ID, member)                                                                           \
    case OPT_##ID:                                                                                 \
        o->member = true;                                                                          \
        return -1;
#define COUNT(ID, member)                                                                          \
    case OPT_##ID:                                                                                 \
        if (!number(arg, &n))                                                                      \
            return usage("not a number", arg);                                                     \
        o->member = n;                                                                             \
        return -1;
        TEXT(WHERE, where)
        TEXT(THEME, theme)
        TEXT(TZ, tz)
        TEXT(SCRIPT, script)
        TEXT(SIZE, size)
        TEXT(SNAP_DIR, snap_dir)
        TEXT(FORMAT, format)
        TEXT(OUTPUT, to_file)
        TEXT(SINCE, since)
        TEXT(UNTIL, until)
        TEXT(SPILL, spill)
        TEXT(WRITE, write)
        TEXT(TYPES, types)
        FLAG(FOLLOW, follow)
        FLAG(ASCII, ascii)
        FLAG(NO_SORT, no_sort)
        FLAG(REDACT, redact)
        FLAG(SINGLE, single)
        FLAG(GZIP, gzip)
        FLAG(LIVE, live)
        FLAG(NO_CACHE, no_cache)
        FLAG(PURGE, purge)
        FLAG(ATHENA, athena)
        FLAG(EXPLAIN_PLAN, explain_plan)
        COUNT(LINES, lines)
        COUNT(SEED, seed)
        COUNT(PER_FILE, per_file)
#undef TEXT
#undef FLAG
#undef COUNT
    case OPT_THREADS:
        if (!number(arg, &n) || n < 1 || n > 64)
            return usage("threads must be 1 to 64, not", arg);
        o->threads = (unsigned)n;
        return -1;
    case OPT_CACHE_SIZE:
        if (!bytes(arg, &o->cache_size))
            return usage("not a size like 500M or 8G", arg);
        return -1;
    case OPT_MEMORY:
        if (!bytes(arg, &o->memory) || o->memory < MIN_MEMORY)
            return usage("not a size like 500M or 8G, 16M at least", arg);
        return -1;
    case OPT_NOW:
        if (!parse_iso8601(slice_str(arg), &o->now_us))
            return usage("not a time like 2026-03-14T13:05:00Z", arg);
        return -1;
    case OPT_HELP:
        print_help(o->command);
        return EXIT_MATCH;
    case OPT_VERSION:
        printf("awl %s\n", PACKAGE_VERSION);
        return EXIT_MATCH;
    default:
        BUG("an option that nobody handles");
    }
}

/* The command is the first word that is no option, if it names one. */
static enum on take_command(struct options *o)
{
    for (const struct command_def *c = command_defs; o->n_arg > 0 && c->name; c++) {
        if (strcmp(o->arg[0], c->name) != 0)
            continue;
        o->arg++;
        o->n_arg--;
        return c->on;
    }
    return ON_EXPLORE;
}

int options_parse(struct options *o, int argc, char **argv)
{
    struct option longs[OPT_COUNT + 1];
    struct {
        int id;
        const char *arg;
    } given[128];
    char shorts[2 * OPT_COUNT + 1];
    size_t n_short = 0;
    int n_given = 0, c, rc;

    memset(o, 0, sizeof(*o));
    o->cache_size = UINT64_C(8) << 30;
    o->memory = machine_memory() / 2;
    memset(longs, 0, sizeof(longs));
    for (int i = 0; i < OPT_COUNT; i++) {
        longs[i] =
            (struct option){option_defs[i].name,
                            option_defs[i].arg ? required_argument : no_argument, NULL, 1000 + i};
        if (option_defs[i].letter) {
            shorts[n_short++] = (char)option_defs[i].letter;
            if (option_defs[i].arg)
                shorts[n_short++] = ':';
        }
    }
    shorts[n_short] = '\0';
    while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
        int id = c - 1000;

        if (c == '?')
            return usage("see", "awl --help");
        for (int i = 0; c < 1000 && i < OPT_COUNT; i++)
            if (option_defs[i].letter == c)
                id = i;
        if (n_given == (int)ARRAY_LEN(given))
            return usage("too many options", NULL);
        given[n_given].id = id;
        given[n_given++].arg = optarg;
    }
    o->arg = argv + optind;
    o->n_arg = argc - optind;
    o->command = take_command(o);
    for (int i = 0; i < n_given; i++) {
        const struct option_def *d = &option_defs[given[i].id];

        if (!(d->on & o->command)) {
            fprintf(stderr, "awl: --%s is no option of `%s`\n", d->name,
                    command_of(o->command)->synopsis);
            return EXIT_TROUBLE;
        }
        if ((rc = set_option(o, given[i].id, given[i].arg)) >= 0)
            return rc;
    }
    return -1;
}
