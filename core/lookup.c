/* lookup.c - the CSV file of a lookup.
 *
 * As RFC 4180 has it, with line feeds alone, too: the first line names the columns, all others have
 * as many values. What does not fit ends the query, with file, line and reason: a table that is
 * half right would answer half right. */
#include "runquery_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dict.h"
#include "joined.h"
#include "xalloc.h"

#define MAX_FILE_BYTES (256u << 20)
#define MAX_VALUES 1024
#define CHECK_EVERY 4096 /* rows between looks at the cancel flag */

struct table {
    struct exec *r;
    const char *file;
    char *bytes;
    struct slice rest; /* the lines to come */
    uint64_t line, next_line;
    struct arena mem; /* of the values of a row */
    struct slice value[MAX_VALUES];
    unsigned n; /* of the row at hand */
};

/* --- the file --- */

static int open_table(const char *file, struct err *e)
{
    struct strbuf name = STRBUF_INIT;
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    if (fd < 0 && errno == ENOENT) {
        strbuf_addf(&name, "%s.csv", file);
        fd = open(name.buf, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        strbuf_release(&name);
        if (fd < 0)
            errno = ENOENT;
    }
    if (fd < 0)
        err_sys(e, "cannot open the table of lookup", file);
    return fd;
}

static int read_bytes(struct table *t, int fd, size_t size)
{
    size_t done = 0;

    t->bytes = xmalloc(size + 1);
    while (done < size) {
        ssize_t n = read(fd, t->bytes + done, size - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_sys(t->r->e, "cannot read", t->file);
        if (n == 0)
            break;
        done += (size_t)n;
    }
    t->rest = slice_past_mark(slice_of(t->bytes, done));
    return 0;
}

static int read_table(struct table *t)
{
    struct err *e = t->r->e;
    int fd = open_table(t->file, e), rc;
    struct stat st;

    if (fd < 0)
        return e->code;
    if (fstat(fd, &st) != 0)
        rc = err_sys(e, "cannot read", t->file);
    else if (!S_ISREG(st.st_mode))
        rc = err_set(e, ERR_USAGE, "%s: the table of lookup is a regular file", t->file);
    else if ((uint64_t)st.st_size > MAX_FILE_BYTES)
        rc = err_set(e, ERR_LIMIT, "%s: the table of lookup has %u MiB at most", t->file,
                     MAX_FILE_BYTES >> 20);
    else
        rc = read_bytes(t, fd, (size_t)st.st_size);
    close(fd);
    return rc;
}

/* --- its rows --- */

static int bad_line(struct table *t, const char *what)
{
    return err_set(t->r->e, ERR_FORMAT, "%s: line %llu: %s", t->file, (unsigned long long)t->line,
                   what);
}

/* Behind the value that begins at p: at its comma, its line feed, or the end. NULL: *what. */
static const char *value_end(struct table *t, const char *p, const char *end, const char **what)
{
    if (p == end || *p != '"') {
        while (p < end && *p != ',' && *p != '\n')
            p++;
        return p;
    }
    do {
        for (p++; p < end && *p != '"'; p++)
            t->next_line += *p == '\n';
        if (p == end) {
            *what = "a quote that does not end";
            return NULL;
        }
        p++;
    } while (p < end && *p == '"'); /* doubled: it is part of the value */
    if (end - p > 1 && p[0] == '\r' && p[1] == '\n')
        p++;
    if (p == end || *p == ',' || *p == '\n')
        return p;
    *what = "text behind a closing quote";
    return NULL;
}

/* The bytes of the next row without its line feed; 1, 0 at the end, < 0 with an error. */
static int next_row(struct table *t, struct slice *row)
{
    const char *p = t->rest.ptr, *end = slice_end(t->rest), *what = NULL;

    if (p == end)
        return 0;
    t->line = t->next_line;
    for (;; p++) {
        p = value_end(t, p, end, &what);
        if (!p)
            return bad_line(t, what);
        if (p == end || *p == '\n')
            break;
    }
    *row = slice_of(t->rest.ptr, (size_t)(p - t->rest.ptr));
    if (row->len && row->ptr[row->len - 1] == '\r')
        row->len--;
    t->rest = p == end ? slice_of(end, 0) : slice_of(p + 1, (size_t)(end - p - 1));
    t->next_line++;
    return 1;
}

static bool is_utf8(struct slice s)
{
    for (size_t i = 0; i < s.len;) {
        unsigned char c = (unsigned char)s.ptr[i++];
        unsigned more = c < 0x80 ? 0 : c >= 0xc2 && c < 0xe0 ? 1 : c >= 0xe0 && c < 0xf0 ? 2 : 3;

        if ((c >= 0x80 && c < 0xc2) || c > 0xf4 || s.len - i < more)
            return false;
        for (; more; more--)
            if (((unsigned char)s.ptr[i++] & 0xc0) != 0x80)
                return false;
    }
    return true;
}

/* The values of the next row that is not blank. 1, 0 at the end, < 0 with an error. */
static int take_row(struct table *t)
{
    struct slice row;
    int rc;

    do {
        rc = next_row(t, &row);
    } while (rc == 1 && !row.len);
    if (rc != 1)
        return rc;
    if (!is_utf8(row))
        return bad_line(t, "this is no UTF-8");
    arena_clear(&t->mem);
    for (t->n = 0; csv_next(&row, &t->mem, &t->value[t->n]); t->n++)
        if (t->n == MAX_VALUES - 1)
            return bad_line(t, "more than 1023 columns");
    return 1;
}

/* --- its columns --- */

static int no_column(struct table *t, struct slice name)
{
    struct strbuf all = STRBUF_INIT;

    for (unsigned i = 0; i < t->n && all.len < 300; i++) {
        strbuf_adds(&all, i ? ", " : "");
        strbuf_addsl(&all, t->value[i]);
    }
    err_set(t->r->e, ERR_USAGE, "%s: there is no column " SLICE_FMT "; it has %s", t->file,
            SLICE_ARG(name), all.buf ? all.buf : "");
    strbuf_release(&all);
    return -1;
}

/* The place of a column in the rows; < 0 with an error. */
static int find_column(struct table *t, const char *name)
{
    int found = -1;

    for (unsigned i = 0; i < t->n; i++) {
        if (!slice_is(t->value[i], name))
            continue;
        if (found >= 0) {
            err_set(t->r->e, ERR_FORMAT, "%s: line %llu: two columns are called %s", t->file,
                    (unsigned long long)t->line, name);
            return -1;
        }
        found = (int)i;
    }
    return found >= 0 ? found : no_column(t, slice_str(name));
}

static int find_columns(struct table *t, char *const *name, unsigned n, unsigned *at)
{
    for (unsigned i = 0; i < n; i++) {
        int found = find_column(t, name[i]);

        if (found < 0)
            return t->r->e->code;
        at[i] = (unsigned)found;
    }
    return 0;
}

/* --- the table --- */

static struct val value_of(struct slice s)
{
    return s.len ? (struct val){.kind = VAL_STR, .str = s} : (struct val){.kind = VAL_MISSING};
}

/* `at`: the columns of the keys, then of the cells. */
static int add_rows(struct table *t, const struct query_cmd *c, const unsigned *at,
                    struct joined *rows, struct dict *texts)
{
    struct val *cell = xcalloc(c->n_made, sizeof(*cell));
    unsigned width = t->n;
    uint64_t n = 0;
    int rc;

    while ((rc = take_row(t)) == 1 && (++n % CHECK_EVERY || !exec_cancelled(t->r))) {
        if (t->n != width) {
            rc = err_set(t->r->e, ERR_FORMAT, "%s: line %llu has %u values, the first has %u",
                         t->file, (unsigned long long)t->line, t->n, width);
            break;
        }
        for (unsigned k = 0; k < c->n_item; k++)
            joined_key(rows, k, value_of(t->value[at[k]]));
        for (unsigned i = 0; i < c->n_made; i++)
            cell[i] = val_keep(texts, value_of(t->value[at[c->n_item + i]]));
        if (!joined_add(rows, cell)) {
            rc = err_set(t->r->e, ERR_LIMIT, "%s: more than %u MiB in memory", t->file,
                         JOINED_MAX_BYTES >> 20);
            break;
        }
    }
    free(cell);
    return rc == 1 ? exec_stopped(t->r) : rc;
}

int lookup_read(struct exec *r, const struct query_cmd *c, struct joined *rows, struct dict *texts)
{
    struct table *t = xcalloc(1, sizeof(*t));
    unsigned *at = xcalloc(c->n_item + c->n_made, sizeof(*at));
    int rc;

    t->r = r;
    t->file = c->file;
    t->next_line = 1;
    rc = read_table(t);
    if (rc == 0)
        rc = take_row(t);
    if (rc == 0)
        rc = err_set(r->e, ERR_FORMAT, "%s: the table of lookup is empty", t->file);
    if (rc == 1)
        rc = find_columns(t, c->key, c->n_item, at);
    if (rc == 0)
        rc = find_columns(t, c->made, c->n_made, at + c->n_item);
    if (rc == 0)
        rc = add_rows(t, c, at, rows, texts);
    arena_release(&t->mem);
    free(t->bytes);
    free(t);
    free(at);
    return rc;
}
