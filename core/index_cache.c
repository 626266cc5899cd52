/* index_cache.c - the folder of the index: where it is, what is in it, and keeping it small. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "index_file.h"
#include "xalloc.h"

static bool ends(const char *name, const char *with)
{
    return slice_ends(slice_str(name), with);
}

/* The folder that the index at `path` is of; NULL if it does not say. */
static char *folder_of(const char *path)
{
    char *folder = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd >= 0) {
        folder = index_file_folder(fd);
        close(fd);
    }
    return folder;
}

static void add_file(struct index_list *l, const char *cache, const char *name)
{
    struct strbuf path = STRBUF_INIT;
    struct index_info *i;
    struct stat st;

    strbuf_addf(&path, "%s/%s", cache, name);
    if (lstat(path.buf, &st) != 0 || !S_ISREG(st.st_mode)) {
        strbuf_release(&path);
        return;
    }
    GROW(l->item, l->cap, l->n + 1);
    i = &l->item[l->n++];
    *i = (struct index_info){
        .path = path.buf,
        .folder = folder_of(path.buf),
        .bytes = (uint64_t)st.st_blocks * 512,
        .used_us = (int64_t)st.st_mtim.tv_sec * 1000000 + st.st_mtim.tv_nsec / 1000,
    };
}

static int by_use(const void *a, const void *b)
{
    const struct index_info *x = a, *y = b;

    if (x->used_us != y->used_us)
        return x->used_us < y->used_us ? -1 : 1;
    return strcmp(x->path, y->path);
}

static void read_names(struct index_list *l, const char *cache, const char *suffix)
{
    DIR *d = opendir(cache);
    struct dirent *de;

    memset(l, 0, sizeof(*l));
    while (d && (de = readdir(d)))
        if (ends(de->d_name, suffix))
            add_file(l, cache, de->d_name);
    if (d)
        closedir(d);
    if (l->n)
        qsort(l->item, l->n, sizeof(*l->item), by_use);
}

void index_list_read(struct index_list *l, const char *cache)
{
    read_names(l, cache, ".idx");
}

void index_list_release(struct index_list *l)
{
    for (size_t i = 0; i < l->n; i++) {
        free(l->item[i].path);
        free(l->item[i].folder);
    }
    free(l->item);
    memset(l, 0, sizeof(*l));
}

/* Nobody is writing it: its writer would hold the lock. */
static bool is_idle(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    bool idle;

    if (fd < 0)
        return false;
    idle = flock(fd, LOCK_EX | LOCK_NB) == 0;
    close(fd);
    return idle;
}

static void remove_left_behind(const char *cache)
{
    struct index_list l;

    read_names(&l, cache, ".tmp");
    for (size_t i = 0; i < l.n; i++)
        if (is_idle(l.item[i].path))
            unlink(l.item[i].path);
    index_list_release(&l);
}

void index_cache_trim(const char *cache, uint64_t cap)
{
    struct index_list l;
    uint64_t sum = 0;

    remove_left_behind(cache);
    index_list_read(&l, cache);
    for (size_t i = 0; i < l.n; i++)
        sum += l.item[i].bytes;
    for (size_t i = 0; i < l.n && sum > cap; i++)
        if (is_idle(l.item[i].path) && unlink(l.item[i].path) == 0)
            sum -= l.item[i].bytes;
    index_list_release(&l);
}

static bool is_below(const char *folder, const char *path)
{
    size_t n = strlen(folder);

    while (n > 1 && folder[n - 1] == '/')
        n--;
    return path && strncmp(path, folder, n) == 0 && (n == 1 || path[n] == '/' || path[n] == '\0');
}

size_t index_cache_purge(const char *cache, const char *folder, uint64_t *bytes)
{
    struct index_list l;
    size_t n = 0;

    *bytes = 0;
    remove_left_behind(cache);
    index_list_read(&l, cache);
    for (size_t i = 0; i < l.n; i++) {
        if ((folder && !is_below(folder, l.item[i].folder)) || unlink(l.item[i].path) != 0)
            continue;
        *bytes += l.item[i].bytes;
        n++;
    }
    index_list_release(&l);
    return n;
}
