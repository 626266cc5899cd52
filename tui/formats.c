/* formats.c - descriptions are few and small: they are read at every start. */
#include "formats.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "output.h"
#include "ownformat.h"
#include "xalloc.h"

#define MAX_FILE (1u << 20)

struct own_file {
    char *path;
    struct own_report report;
    bool good;
};

static struct own_file own_files[MAX_TYPES];
static unsigned n_own;

static bool read_file(const char *path, struct strbuf *text)
{
    FILE *f = fopen(path, "r");
    char buf[4096];
    size_t n;

    while (f && text->len < MAX_FILE && (n = fread(buf, 1, sizeof(buf), f)) > 0)
        strbuf_add(text, buf, n);
    if (!f) {
        fprintf(stderr, "awl: cannot open %s: %s\n", path, strerror(errno));
        return false;
    }
    fclose(f);
    return true;
}

static bool load_file(const char *path, bool check_only, struct own_report *report)
{
    struct strbuf text = STRBUF_INIT, shown = STRBUF_INIT;
    struct err e;
    bool good = false;

    if (read_file(path, &text)) {
        good = own_format_load(strbuf_slice(&text), path, check_only, report, &e) == 0;
        if (!good) {
            visible_text(&shown, slice_str(e.msg));
            fprintf(stderr, "awl: %s\n", shown.buf);
        }
    }
    strbuf_release(&text);
    strbuf_release(&shown);
    return good;
}

static int is_ini(const struct dirent *d)
{
    return d->d_name[0] != '.' && slice_ends(slice_str(d->d_name), ".ini");
}

void formats_load(void)
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    struct strbuf dir = STRBUF_INIT;
    struct dirent **entry = NULL;
    int n;

    if (!(config && *config) && !home)
        return;
    strbuf_addf(&dir, "%s%s/awl/formats", config && *config ? config : home,
                config && *config ? "" : "/.config");
    n = scandir(dir.buf, &entry, is_ini, alphasort);
    for (int i = 0; i < n; i++) {
        struct strbuf path = STRBUF_INIT;

        strbuf_addf(&path, "%s/%s", dir.buf, entry[i]->d_name);
        if (n_own < ARRAY_LEN(own_files)) {
            struct own_file *f = &own_files[n_own++];

            f->good = load_file(path.buf, false, &f->report);
            f->path = path.buf;
        } else {
            strbuf_release(&path);
        }
        free(entry[i]);
    }
    free(entry);
    strbuf_release(&dir);
}

static int check_files(const struct options *o)
{
    int rc = EXIT_MATCH;

    for (int i = 0; i < o->n_arg; i++) {
        struct own_report r;

        if (load_file(o->arg[i], true, &r))
            printf("%s: %s %s, samples that parse: %u\n", o->arg[i],
                   r.based ? "columns for" : "log type", r.name, r.samples);
        else
            rc = EXIT_TROUBLE;
    }
    return rc;
}

static struct val text(const char *s)
{
    return (struct val){.kind = s && *s ? VAL_STR : VAL_MISSING, .str = slice_str(s)};
}

/* The file that a type comes from, NULL for those that are built in. */
static const char *origin_of(const struct logtype *lt)
{
    for (unsigned i = 0; i < n_own; i++)
        if (own_files[i].good && !own_files[i].report.based &&
            strcmp(own_files[i].report.name, lt->fmt->name) == 0)
            return own_files[i].path;
    return NULL;
}

static bool to_stdout(void *ctx, const char *bytes, size_t n)
{
    (void)ctx;
    return fwrite(bytes, 1, n, stdout) == n;
}

int cli_formats(const struct options *o)
{
    static const char *const columns[] = {"type", "title", "fields", "from"};
    enum output_format format;
    struct output *out;

    if (o->n_arg)
        return check_files(o);
    format = output_format_by_name(o->format ? o->format : "table");
    if (format == OUTPUT_COUNT) {
        fprintf(stderr, "awl: no output format %s: table, csv, tsv, json, raw or md\n", o->format);
        return EXIT_TROUBLE;
    }
    out = output_new(format, columns, ARRAY_LEN(columns), to_stdout, NULL);
    for (unsigned i = 0; i < logtype_count(); i++) {
        const struct logtype *lt = logtype_get(i);
        const char *from = origin_of(lt);
        struct val row[] = {text(lt->fmt->name),
                            text(lt->fmt->title),
                            {.kind = VAL_NUM, .num = lt->n_static},
                            text(from ? from : "built in")};

        output_row(out, row);
    }
    for (unsigned i = 0; i < n_own; i++) {
        const struct own_file *f = &own_files[i];
        struct val row[] = {text(f->report.name),
                            text(f->good ? "order of columns" : "wrong: left out"),
                            {.kind = VAL_MISSING},
                            text(f->path)};

        if (!f->good || f->report.based)
            output_row(out, row);
    }
    output_end(out);
    return EXIT_MATCH;
}
