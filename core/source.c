/* source.c - identity of files and the walk that finds them.
 *
 * What a file is, its first bytes say, never its name. The walk lists a folder at a time and sorts
 * it; the kind of an entry comes with the listing where the file system gives it, so that most
 * files cost no system call of their own. */
#include "source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "inflate.h"
#include "slab.h"
#include "stdin_store.h"
#include "value.h"
#include "xalloc.h"

#define MAX_DEPTH 64
#define WAIT_MS 100 /* between looks at the flag that stops waiting */

/* --- what the key tells --- */

static bool all_digits(struct slice s, size_t n)
{
    if (s.len != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return false;
    return true;
}

/* "eu-west-1", "us-gov-east-1": words of letters, then a number; WAF has "cloudfront", too. */
static bool is_region(struct slice s)
{
    unsigned dashes = 0;
    size_t i = 0;

    if (slice_is(s, "cloudfront"))
        return true;
    for (; i < s.len && ((s.ptr[i] >= 'a' && s.ptr[i] <= 'z') || s.ptr[i] == '-'); i++)
        dashes += s.ptr[i] == '-';
    return dashes >= 2 && s.ptr[i - 1] == '-' && i < s.len &&
           all_digits(slice_of(s.ptr + i, s.len - i), s.len - i);
}

/* "20240131T2355Z", "202401312355" */
static bool is_stamp(struct slice s)
{
    return s.len >= 12 && all_digits(slice_of(s.ptr, 8), 8);
}

/* "E2ABCDEFGHIJKL" */
static bool is_distribution(struct slice s)
{
    if (s.len < 10 || s.len > 15 || s.ptr[0] != 'E')
        return false;
    for (size_t i = 1; i < s.len; i++)
        if (!(s.ptr[i] >= '0' && s.ptr[i] <= '9') && !(s.ptr[i] >= 'A' && s.ptr[i] <= 'Z'))
            return false;
    return true;
}

static struct slice base_name(struct slice path)
{
    const char *slash = path.len ? memrchr(path.ptr, '/', path.len) : NULL;

    return slash ? slice_of(slash + 1, (size_t)(path.ptr + path.len - slash - 1)) : path;
}

/* Folders: AWSLogs/[ORG/]ACCOUNT/SERVICE/[REGION/][RESOURCE/], or hive's KEY=VALUE anywhere. */
static void identify_folders(struct slice path, struct s3_identity *out)
{
    static const char *const key[] = {
        "aws-account-id=", "aws-region=", "aws-service=", "DistributionId="};
    struct slice *const value[] = {&out->account, &out->region, &out->service, &out->resource};
    struct slice part, rest = path;
    unsigned at = 0; /* 1: behind AWSLogs, 2: behind the account, 3: behind the service */

    while ((part = slice_cut(&rest, '/'), rest.ptr)) {
        bool hive = false;

        for (unsigned k = 0; k < ARRAY_LEN(key); k++) {
            size_t n = strlen(key[k]);

            if (!slice_starts(part, key[k]))
                continue;
            *value[k] = slice_of(part.ptr + n, part.len - n);
            at = MAX(at, k == 0 ? 2u : 0u);
            hive = true;
        }
        if (hive || part.len == 0)
            continue;
        if (slice_is(part, "AWSLogs")) {
            at = 1;
        } else if (at == 1 && all_digits(part, 12)) {
            out->account = part;
            at = 2;
        } else if (at == 2 && rest.ptr && out->service.len == 0) {
            out->service = part;
            at = 3;
        } else if (at == 3 && is_region(part)) {
            out->region = part;
            at = 4;
        } else if (at == 3 && (slice_starts(part, "vpc-") || is_distribution(part))) {
            out->resource = part;
        }
    }
}

/* app.NAME.ID and net.NAME.ID */
static struct slice balancer_name(struct slice s)
{
    struct slice rest = s;

    if (!slice_starts(s, "app.") && !slice_starts(s, "net.") && !slice_starts(s, "gwy."))
        return s;
    slice_cut(&rest, '.');
    return slice_cut(&rest, '.');
}

/* E2ABCDEFGHIJKL.2024-01-31-23.0a1b2c3d.gz */
static void identify_distribution(struct slice name, struct s3_identity *out)
{
    struct slice rest = name, id = slice_cut(&rest, '.');

    if (!is_distribution(id) || rest.len < 13 || rest.ptr[4] != '-' || rest.ptr[7] != '-' ||
        rest.ptr[10] != '-')
        return;
    out->service = SL("cloudfront");
    out->resource = id;
}

/* [conn_log_]ACCOUNT_SERVICE_[TYPE_]REGION_RESOURCE_TIME..., without REGION or RESOURCE for some,
 * and with the VPC in front for the resolver. */
static void identify_name(struct slice name, struct s3_identity *out)
{
    struct slice part[9] = {{NULL, 0}}, rest = name;
    unsigned n = 0, a = 0;

    while (rest.ptr && n < ARRAY_LEN(part))
        part[n++] = slice_cut(&rest, '_');
    while (a < n && !all_digits(part[a], 12)) {
        if (part[a].len > 12 && part[a].ptr[part[a].len - 13] == '.') /* conn_log.ACCOUNT */
            part[a] = slice_of(part[a].ptr + part[a].len - 12, 12);
        else
            a++;
    }
    if (a == 2 && slice_is(part[1], "vpcdnsquerylogs")) {
        out->account = part[2];
        out->service = part[1];
        out->resource = part[0];
        return;
    }
    if (a + 3 >= n || a > 3 || is_stamp(part[a + 1]))
        return;
    out->account = part[a];
    out->service = part[a + 1];
    part[0] = SL("");
    for (a += 2; a < n && !is_stamp(part[a]); a++) {
        if (is_region(part[a])) {
            out->region = part[a];
            part[0] = SL("");
        } else if (part[0].len == 0) {
            part[0] = part[a];
        } else { /* a name with underscores */
            part[0].len = (size_t)(part[a].ptr + part[a].len - part[0].ptr);
        }
    }
    if (part[0].len)
        out->resource = balancer_name(part[0]);
}

/* .../aws/lambda/FUNCTION/...: a log group as folders, as exports are often kept */
static void identify_function(struct slice path, struct s3_identity *out)
{
    static const char group[] = "aws/lambda/";
    const char *at = memmem(path.ptr, path.len, group, sizeof(group) - 1);
    struct slice rest;

    if (!at || (at != path.ptr && at[-1] != '/'))
        return;
    at += sizeof(group) - 1;
    rest = slice_of(at, (size_t)(slice_end(path) - at));
    out->service = SL("lambda");
    out->resource = slice_cut(&rest, '/');
}

/* The last part of *path, which is cut off. */
static struct slice last_part(struct slice *path)
{
    struct slice name = base_name(*path);

    path->len -= MIN(path->len, name.len + 1);
    return name;
}

/* YYYY-MM-DD-hh-mm-ss-UNIQUE of S3 access logs, often behind ACCOUNT/REGION/BUCKET/YYYY/MM/DD/ */
static void identify_access_log(struct slice path, struct s3_identity *out)
{
    struct slice name = last_part(&path), bucket, region, account;

    if (name.len != 36 || name.ptr[4] != '-' || name.ptr[19] != '-' ||
        !all_digits(slice_of(name.ptr, 4), 4) || !all_digits(slice_of(name.ptr + 17, 2), 2))
        return;
    out->service = SL("s3");
    if (!all_digits(last_part(&path), 2) || !all_digits(last_part(&path), 2) ||
        !all_digits(last_part(&path), 4))
        return;
    bucket = last_part(&path);
    region = last_part(&path);
    account = last_part(&path);
    if (all_digits(account, 12) && is_region(region))
        *out = (struct s3_identity){account, region, SL("s3"), bucket};
}

/* YYYY/MM/DD/HH/STREAM-N-YYYY-MM-DD-hh-mm-ss-UUID of Firehose: STREAM */
static void identify_firehose(struct slice path, struct s3_identity *out)
{
    struct slice name = last_part(&path), stream;
    size_t tail = sizeof("-YYYY-MM-DD-hh-mm-ss-01234567-89ab-cdef-0123-456789abcdef") - 1;
    const char *dot = name.len ? memchr(name.ptr, '.', name.len) : NULL, *dash;

    if (dot) /* .gz, .parquet */
        name.len = (size_t)(dot - name.ptr);
    if (name.len <= tail || !all_digits(last_part(&path), 2) || !all_digits(last_part(&path), 2) ||
        !all_digits(last_part(&path), 2) || !all_digits(last_part(&path), 4))
        return;
    stream = slice_of(name.ptr, name.len - tail);
    name = slice_of(slice_end(stream), tail);
    dash = memrchr(stream.ptr, '-', stream.len);
    if (name.ptr[0] != '-' || !all_digits(slice_of(name.ptr + 1, 4), 4) || name.ptr[20] != '-' ||
        !dash ||
        !all_digits(slice_of(dash + 1, (size_t)(slice_end(stream) - dash - 1)),
                    (size_t)(slice_end(stream) - dash - 1)))
        return;
    out->service = SL("firehose");
    out->resource = slice_of(stream.ptr, (size_t)(dash - stream.ptr));
}

struct slice s3_export_stream(struct slice path)
{
    struct slice name = last_part(&path), stream = last_part(&path);

    if (slice_ends(name, ".gz"))
        name.len -= 3;
    return stream.len && all_digits(name, 6) && is_uuid(last_part(&path)) ? stream
                                                                          : (struct slice){NULL, 0};
}

/* PREFIX/TASK/STREAM/000000.gz: the group is not told, unless the prefix is called like it */
static void identify_export(struct slice path, struct s3_identity *out)
{
    struct slice stream = s3_export_stream(path);

    if (!stream.ptr || out->resource.len)
        return;
    out->service = SL("logs");
    out->resource = stream;
}

void s3_identify(const char *path, struct s3_identity *out)
{
    struct slice whole = slice_str(path);

    *out = (struct s3_identity){SL(""), SL(""), SL(""), SL("")};
    identify_folders(whole, out);
    identify_name(base_name(whole), out);
    identify_distribution(base_name(whole), out);
    identify_function(whole, out);
    identify_access_log(whole, out);
    identify_firehose(whole, out);
    identify_export(whole, out);
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

static struct slab sources = SLAB_OF(struct source);

static struct source *source_new(const char *path, const char *name)
{
    struct source *s = slab_take(&sources);

    s->path = xstrdup(path);
    s->name = xstrdup(name);
    s->pipe = -1;
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

/* Bytes that come once: kept in memory. */
static void become_pipe(struct source *s, int fd)
{
    s->pipe = fd;
    s->kind = SOURCE_STDIN;
    s->mtime_us = now_us();
    s->store = stdin_store_new();
}

static void set_stat(struct source *s, const struct stat *st)
{
    s->dev = st->st_dev;
    s->ino = st->st_ino;
    s->size = (uint64_t)st->st_size;
    s->mtime_ns = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
    s->ctime_ns = (int64_t)st->st_ctim.tv_sec * 1000000000 + st->st_ctim.tv_nsec;
    s->mtime_us = s->mtime_ns / 1000;
}

static int read_identity(struct source *s, int fd, struct err *e)
{
    char bytes[PACK_HEAD];
    struct slice head;
    struct stat st;
    ssize_t n;

    if (fstat(fd, &st) != 0)
        return err_sys(e, "cannot stat", s->path);
    if (S_ISDIR(st.st_mode))
        return err_set(e, ERR_SYS, "%s: is a folder", s->path);
    if (S_ISFIFO(st.st_mode)) {
        become_pipe(s, fd); /* opened without waiting for a writer; poll() waits */
        return 0;
    }
    if (!S_ISREG(st.st_mode))
        return err_set(e, ERR_SYS, "%s: is no regular file (pipe it into `awl -`)", s->path);
    n = pread(fd, bytes, sizeof(bytes), 0);
    if (n < 0)
        return err_sys(e, "cannot read", s->path);
    head = slice_of(bytes, (size_t)n);
    s->pack = pack_kind(head);
    if (s->pack != PACK_NONE && !pack_supported(s->pack))
        return err_set(e, ERR_FORMAT,
                       "%s: is zstd, which this awl was built without; use `zstdcat FILE | awl -`",
                       s->path);
    if (slice_starts(head, "PAR1"))
        return err_set(e, ERR_FORMAT, "%s: is a Parquet file, which awl does not read", s->path);
    set_stat(s, &st);
    if (slice_starts(head, "\x1f\x8b")) {
        s->kind = SOURCE_GZIP;
        s->zaccess = zaccess_new();
    } else if (s->pack != PACK_NONE) {
        s->kind = SOURCE_PACKED;
        s->store = stdin_store_new();
    }
    return 0;
}

struct source *source_open(const char *path, const char *name, struct err *e)
{
    struct source *s;
    int fd, rc;

    if (strcmp(path, "-") == 0) {
        s = source_new("-", "-");
        become_pipe(s, STDIN_FILENO);
        return s;
    }
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        err_sys(e, "cannot open", path);
        return NULL;
    }
    s = source_new(path, name);
    rc = read_identity(s, fd, e);
    if (s->pipe != fd)
        close(fd);
    if (rc < 0) {
        source_free(s);
        return NULL;
    }
    return s;
}

struct source *source_known(const char *path, const char *name, enum source_kind kind,
                            const struct stat *st)
{
    struct source *s = source_new(path, name);

    s->kind = kind;
    set_stat(s, st);
    if (kind == SOURCE_GZIP)
        s->zaccess = zaccess_new();
    return s;
}

static ssize_t zip_input(void *ctx, uint64_t off, void *buf, size_t n, struct err *e)
{
    ssize_t got = pread(*(const int *)ctx, buf, n, (off_t)off);

    return got < 0 ? err_set(e, ERR_SYS, "cannot read: %s", strerror(errno)) : got;
}

static ssize_t store_input(void *ctx, uint64_t off, void *buf, size_t n, struct err *e)
{
    (void)e;
    return (ssize_t)stdin_store_read(ctx, off, buf, n);
}

static int list_file(struct source *zip, struct zip_list *out, struct err *e)
{
    int fd = open(zip->path, O_RDONLY | O_CLOEXEC | O_NOCTTY), rc;

    if (fd < 0)
        return err_sys(e, "cannot open", zip->path);
    rc = zip_list(zip->size, zip_input, &fd, out, e);
    close(fd);
    return rc;
}

int source_list_zip(struct source *zip, struct zip_list *out, struct err *e)
{
    struct err why;
    int rc = zip->kind == SOURCE_STDIN
                 ? zip_list(zip->archive_size, store_input, zip->store, out, &why)
                 : list_file(zip, out, &why);

    return rc < 0 ? err_set(e, why.code, "%s: %.400s", zip->path, why.msg) : 0;
}

static char *below(const char *folder, const char *name)
{
    struct strbuf sb = STRBUF_INIT;

    strbuf_addf(&sb, "%s/%s", folder, name);
    return sb.buf;
}

struct source *source_of_zip(const struct source *zip, const struct zip_file *f)
{
    char *path = below(zip->path, f->name), *name = below(zip->name, f->name);
    struct source *s = source_new(path, name);

    free(path);
    free(name);
    s->kind = SOURCE_PACKED;
    s->pack = PACK_ZIP;
    s->store = stdin_store_new();
    s->archive = xstrdup(zip->path);
    s->archive_size = zip->kind == SOURCE_STDIN ? zip->archive_size : zip->size;
    s->archive_store = zip->kind == SOURCE_STDIN ? zip->store : NULL;
    s->zipped = xmemdup(f, sizeof(*f));
    s->zipped->name = NULL;
    s->dev = zip->dev;
    s->ino = zip->ino;
    s->size = MIN(f->packed, s->archive_size); /* an archive may say what it likes */
    s->mtime_us = zip->mtime_us;
    s->mtime_ns = zip->mtime_ns;
    s->ctime_ns = zip->ctime_ns;
    return s;
}

const char *source_file(const struct source *s)
{
    return s->archive ? s->archive : s->path;
}

void source_free(struct source *s)
{
    if (!s)
        return;
    blob_forget(s);
    if (s->pipe > STDIN_FILENO)
        close(s->pipe);
    zaccess_free(s->zaccess);
    stdin_store_free(s->store);
    pthread_mutex_destroy(&s->lock);
    free(s->path);
    for (size_t i = 0; i < s->n_old_path; i++)
        free(s->old_path[i]);
    free(s->old_path);
    free(s->archive);
    free(s->zipped);
    free(s->name);
    free(s->origin);
    free(s->error);
    slab_give(&sources, s);
}

bool source_wait(struct source *s, const atomic_bool *stop)
{
    struct pollfd p = {.fd = s->pipe, .events = POLLIN};

    if (s->kind != SOURCE_STDIN)
        return !*stop;
    while (!*stop && !s->cancel)
        if (poll(&p, 1, WAIT_MS) > 0)
            return true;
    return false;
}

void source_rename(struct source *s, const char *path)
{
    pthread_mutex_lock(&s->lock);
    GROW(s->old_path, s->cap_old_path, s->n_old_path + 1);
    s->old_path[s->n_old_path++] = s->path; /* slices of the identity point into the first */
    s->path = xstrdup(path);
    pthread_mutex_unlock(&s->lock);
}

uint64_t source_unparsed(const struct source *s, struct strbuf *reasons)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < REASON_COUNT; i++) {
        uint64_t k = atomic_load(&s->unparsed[i]);

        if (k && reasons)
            strbuf_addf(reasons, "%s%llu %s", n ? ", " : "", (unsigned long long)k,
                        reason_text((enum parse_reason)i));
        n += k;
    }
    return n;
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

struct entry {
    char *name;
    bool regular; /* known to be a file, not a link to one */
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

/* Sorted; NULL if the folder cannot be read. */
static struct entry *list_folder(const char *path, size_t *n)
{
    DIR *d = opendir(path);
    struct dirent *de;
    struct entry *list = NULL;
    size_t cap = 0;

    *n = 0;
    if (!d)
        return NULL;
    while ((de = readdir(d))) {
        if (de->d_name[0] == '.')
            continue;
        GROW(list, cap, *n + 1);
        list[(*n)++] = (struct entry){xstrdup(de->d_name), de->d_type == DT_REG};
    }
    closedir(d);
    if (!list)
        return xcalloc(1, sizeof(*list));
    qsort(list, *n, sizeof(*list), by_name);
    return list;
}

static void tell_found(struct walk *w, const char *path)
{
    const char *name = path + MIN(w->root_len, strlen(path));

    while (*name == '/')
        name++;
    w->found(w->ctx, path, *name ? name : path);
}

static void walk_path(struct walk *w, const char *path, unsigned depth);

static void walk_folder(struct walk *w, const char *path, const struct stat *st, unsigned depth)
{
    struct strbuf sub = STRBUF_INIT;
    struct err e;
    size_t n, len;
    struct entry *list;

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
    list = list_folder(path, &n);
    if (!list) {
        err_sys(&e, "cannot read the folder", path);
        w->bad(w->ctx, path, &e);
        return;
    }
    strbuf_adds(&sub, path);
    if (path[strlen(path) - 1] != '/')
        strbuf_addc(&sub, '/');
    len = sub.len;
    for (size_t i = 0; i < n; i++) {
        sub.len = len;
        strbuf_adds(&sub, list[i].name);
        if (!*w->stop && list[i].regular)
            tell_found(w, sub.buf);
        else if (!*w->stop)
            walk_path(w, sub.buf, depth + 1);
        free(list[i].name);
    }
    free(list);
    strbuf_release(&sub);
}

static void walk_path(struct walk *w, const char *path, unsigned depth)
{
    struct stat st;
    struct err e;

    if (stat(path, &st) != 0) {
        err_sys(&e, "cannot open", path);
        w->bad(w->ctx, path, &e);
    } else if (S_ISDIR(st.st_mode)) {
        walk_folder(w, path, &st, depth);
    } else if (S_ISREG(st.st_mode) || depth == 0) {
        tell_found(w, path);
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
