/* source.c - identity of files and the walk that finds them. */
#include "source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "inflate.h"
#include "stdin_store.h"
#include "xalloc.h"

#define MAX_DEPTH 64

static struct slice next_part(struct slice *rest)
{
    return slice_cut(rest, '/');
}

/* "aws-region=eu-west-1" and "eu-west-1" mean the same. */
static struct slice hive_value(struct slice s)
{
    const char *eq = s.len ? memchr(s.ptr, '=', s.len) : NULL;

    return eq ? slice_of(eq + 1, (size_t)(s.ptr + s.len - eq - 1)) : s;
}

static bool all_digits(struct slice s, size_t n)
{
    if (s.len != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return false;
    return true;
}

static struct slice base_name(struct slice path)
{
    const char *slash = path.len ? memrchr(path.ptr, '/', path.len) : NULL;

    return slash ? slice_of(slash + 1, (size_t)(path.ptr + path.len - slash - 1)) : path;
}

/* ACCOUNT_elasticloadbalancing_REGION_app.NAME.ID_TIME_..., ACCOUNT_vpcflowlogs_REGION_fl-ID_... */
static void identify_name(struct slice name, struct s3_identity *out)
{
    struct slice part[5] = {{NULL, 0}}, rest = name;
    unsigned n = 0;

    while (rest.ptr && n < ARRAY_LEN(part))
        part[n++] = slice_cut(&rest, '_');
    if (n >= 4 && all_digits(part[0], 12)) {
        out->account = part[0];
        out->service = part[1];
        out->region = part[2];
        out->resource = part[3];
        if (slice_starts(out->resource, "app.") || slice_starts(out->resource, "net.")) {
            out->resource.ptr += 4;
            out->resource.len -= 4;
            rest = out->resource;
            out->resource = slice_cut(&rest, '.');
        }
    }
    rest = name;
    part[0] = slice_cut(&rest, '.');
    if (part[0].len >= 10 && part[0].len <= 14 && part[0].ptr[0] == 'E' && rest.len >= 13 &&
        rest.ptr[4] == '-' && rest.ptr[7] == '-') {
        out->service = SL("cloudfront");
        out->resource = part[0];
    }
}

void s3_identify(const char *path, struct s3_identity *out)
{
    const char *logs = strstr(path, "AWSLogs/");
    struct slice rest, part;

    *out = (struct s3_identity){SL(""), SL(""), SL(""), SL("")};
    if (logs) {
        rest = slice_str(logs + strlen("AWSLogs/"));
        part = hive_value(next_part(&rest));
        if (slice_starts(part, "o-"))
            part = hive_value(next_part(&rest));
        if (all_digits(part, 12)) {
            out->account = part;
            out->service = hive_value(next_part(&rest));
            part = hive_value(next_part(&rest));
            if (part.len > 4 && memchr(part.ptr, '-', part.len))
                out->region = part;
        }
    }
    identify_name(base_name(slice_str(path)), out);
}

static void set_origin(struct source *s)
{
    struct strbuf sb = STRBUF_INIT;
    const struct slice part[] = {s->ident.account, s->ident.region, s->ident.resource};

    for (unsigned i = 0; i < ARRAY_LEN(part); i++) {
        if (part[i].len == 0)
            continue;
        if (sb.len)
            strbuf_addc(&sb, '/');
        strbuf_addsl(&sb, part[i]);
    }
    s->origin = sb.buf ? sb.buf : xstrdup("");
}

static struct source *source_new(const char *path, const char *name)
{
    struct source *s = xcalloc(1, sizeof(*s));

    s->path = xstrdup(path);
    s->name = xstrdup(name);
    s->first_us = INT64_MAX;
    s->last_us = INT64_MIN;
    pthread_mutex_init(&s->lock, NULL);
    s3_identify(s->path, &s->ident);
    set_origin(s);
    return s;
}

static int64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int read_identity(struct source *s, int fd, struct err *e)
{
    unsigned char magic[2] = {0, 0};
    struct stat st;

    if (fstat(fd, &st) != 0)
        return err_sys(e, "cannot stat", s->path);
    if (S_ISDIR(st.st_mode))
        return err_set(e, ERR_SYS, "%s: is a folder", s->path);
    if (!S_ISREG(st.st_mode))
        return err_set(e, ERR_SYS, "%s: is no regular file (pipe it into `awl -`)", s->path);
    if (pread(fd, magic, 2, 0) < 0)
        return err_sys(e, "cannot read", s->path);
    s->dev = st.st_dev;
    s->ino = st.st_ino;
    s->size = (uint64_t)st.st_size;
    s->mtime_us = (int64_t)st.st_mtim.tv_sec * 1000000 + st.st_mtim.tv_nsec / 1000;
    if (magic[0] == 0x1f && magic[1] == 0x8b) {
        s->kind = SOURCE_GZIP;
        s->zaccess = zaccess_new();
    }
    return 0;
}

struct source *source_open(const char *path, const char *name, struct err *e)
{
    struct source *s;
    int fd, rc;

    if (strcmp(path, "-") == 0) {
        s = source_new("-", "-");
        s->kind = SOURCE_STDIN;
        s->mtime_us = now_us();
        s->store = stdin_store_new();
        return s;
    }
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        err_sys(e, "cannot open", path);
        return NULL;
    }
    s = source_new(path, name);
    rc = read_identity(s, fd, e);
    close(fd);
    if (rc < 0) {
        source_free(s);
        return NULL;
    }
    return s;
}

void source_free(struct source *s)
{
    if (!s)
        return;
    blob_forget(s);
    zaccess_free(s->zaccess);
    stdin_store_free(s->store);
    pthread_mutex_destroy(&s->lock);
    free(s->path);
    free(s->old_path);
    free(s->name);
    free(s->origin);
    free(s->error);
    free(s);
}

bool source_rename(struct source *s, const char *path)
{
    bool first;

    pthread_mutex_lock(&s->lock);
    first = !s->old_path;
    if (first) {
        s->old_path = s->path;
        s->path = xstrdup(path);
        /* the slices of the identity point into the old path, which stays */
    }
    pthread_mutex_unlock(&s->lock);
    return first;
}

void source_fail(struct source *s, const char *fmt, ...)
{
    struct strbuf sb = STRBUF_INIT;
    va_list ap;

    va_start(ap, fmt);
    strbuf_vaddf(&sb, fmt, ap);
    va_end(ap);
    pthread_mutex_lock(&s->lock);
    if (!s->error)
        s->error = sb.buf;
    else
        free(sb.buf);
    pthread_mutex_unlock(&s->lock);
}

/* --- the walk --- */

struct walk {
    source_found_fn found;
    source_bad_fn bad;
    void *ctx;
    const atomic_bool *stop;
    size_t root_len; /* names begin behind it */
    struct {
        dev_t dev;
        ino_t ino;
    } seen[MAX_DEPTH]; /* the folders we are in */
};

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static char **list_folder(const char *path, size_t *n)
{
    DIR *d = opendir(path);
    struct dirent *de;
    char **name = NULL;
    size_t cap = 0;

    *n = 0;
    if (!d)
        return NULL;
    while ((de = readdir(d))) {
        if (de->d_name[0] == '.')
            continue;
        GROW(name, cap, *n + 1);
        name[(*n)++] = xstrdup(de->d_name);
    }
    closedir(d);
    if (!name)
        return xcalloc(1, sizeof(*name));
    qsort(name, *n, sizeof(*name), by_name);
    return name;
}

static void walk_path(struct walk *w, const char *path, unsigned depth);

static void walk_folder(struct walk *w, const char *path, const struct stat *st, unsigned depth)
{
    struct strbuf sub = STRBUF_INIT;
    struct err e;
    size_t n;
    char **name;

    for (unsigned i = 0; i < depth; i++)
        if (w->seen[i].dev == st->st_dev && w->seen[i].ino == st->st_ino)
            return; /* a loop of links */
    if (depth == MAX_DEPTH) {
        err_set(&e, ERR_LIMIT, "%s: folders lie too deep", path);
        w->bad(w->ctx, path, &e);
        return;
    }
    w->seen[depth].dev = st->st_dev;
    w->seen[depth].ino = st->st_ino;
    name = list_folder(path, &n);
    if (!name) {
        err_sys(&e, "cannot read the folder", path);
        w->bad(w->ctx, path, &e);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        strbuf_reset(&sub);
        strbuf_addf(&sub, "%s%s%s", path, path[strlen(path) - 1] == '/' ? "" : "/", name[i]);
        if (!*w->stop)
            walk_path(w, sub.buf, depth + 1);
        free(name[i]);
    }
    free(name);
    strbuf_release(&sub);
}

static void walk_path(struct walk *w, const char *path, unsigned depth)
{
    const char *name = path + MIN(w->root_len, strlen(path));
    struct stat st;
    struct err e;

    if (stat(path, &st) != 0) {
        err_sys(&e, "cannot open", path);
        w->bad(w->ctx, path, &e);
    } else if (S_ISDIR(st.st_mode)) {
        walk_folder(w, path, &st, depth);
    } else if (S_ISREG(st.st_mode) || depth == 0) {
        while (*name == '/')
            name++;
        w->found(w->ctx, path, *name ? name : path);
    }
}

bool source_walk(const char *root, source_found_fn found, source_bad_fn bad, void *ctx,
                 const atomic_bool *stop)
{
    struct walk w = {.found = found, .bad = bad, .ctx = ctx, .stop = stop};
    struct stat st;

    if (strcmp(root, "-") == 0) {
        found(ctx, "-", "-");
        return true;
    }
    w.root_len = stat(root, &st) == 0 && S_ISDIR(st.st_mode) ? strlen(root) : 0;
    walk_path(&w, root, 0);
    return !*stop;
}
