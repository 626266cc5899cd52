/* walk.c - finds the files below what was opened. It lists a folder at a time and sorts it; the
 * kind of an entry comes with the listing where the file system gives it, so that most files cost
 * no system call of their own. */
#include "source.h"

#include <dirent.h>
#include <sys/stat.h>

#include "xalloc.h"

#define MAX_DEPTH 64

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
        found(ctx, root, root);
        return true;
    }
    w.root_len = stat(root, &st) == 0 && S_ISDIR(st.st_mode) ? strlen(root) : 0;
    walk_path(&w, root, 0);
    return !*stop;
}
