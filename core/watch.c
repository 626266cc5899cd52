/* watch.c - inotify on folders, and looking at every known file now and then.
 *
 * Folders are watched, not files: that covers growth, renames and new files with one watch a
 * folder. An event only names a path to look at; what happened is found by comparing stat() with
 * what is known, so events that come twice or late do no harm. Network file systems tell nothing:
 * there, and where a watch cannot be had, known files are looked at every poll_ms. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "source.h"
#include "xalloc.h"

#define MAX_DEPTH 64
#define EVENTS                                                                                     \
    (IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_CLOSE_WRITE | IN_ATTRIB | IN_DELETE)

struct known {
    char *path;
    dev_t dev;
    ino_t ino;
    uint64_t size;
    bool gone;
};

struct folder {
    char *path;
    dev_t dev;
    ino_t ino;
    bool all; /* new files count; else only known paths do */
};

struct watch {
    unsigned poll_ms;
    int fd, wake;
    struct folder *folder;
    size_t n_folder, cap_folder;
    uint32_t *by_wd; /* watch descriptor -> folder + 1 */
    size_t cap_wd;
    struct known *known;
    size_t n_known, cap_known;
    uint32_t *slot; /* hash of path -> known + 1 */
    size_t n_slot;
    char **dirty; /* paths to look at */
    size_t n_dirty, cap_dirty, next_dirty;
    bool polling; /* some folder cannot be watched */
    int64_t polled_ms;
};

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

struct watch *watch_new(unsigned poll_ms)
{
    struct watch *w = xcalloc(1, sizeof(*w));

    w->poll_ms = poll_ms;
    w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    w->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    w->polling = w->fd < 0;
    return w;
}

void watch_free(struct watch *w)
{
    if (!w)
        return;
    if (w->fd >= 0)
        close(w->fd);
    close(w->wake);
    for (size_t i = 0; i < w->n_folder; i++)
        free(w->folder[i].path);
    for (size_t i = 0; i < w->n_known; i++)
        free(w->known[i].path);
    for (size_t i = w->next_dirty; i < w->n_dirty; i++)
        free(w->dirty[i]);
    free(w->folder);
    free(w->by_wd);
    free(w->known);
    free(w->slot);
    free(w->dirty);
    free(w);
}

void watch_wake(struct watch *w)
{
    uint64_t one = 1;

    if (write(w->wake, &one, sizeof(one)) < 0)
        return; /* it is awake already */
}

/* --- what is known --- */

static size_t path_hash(const char *p)
{
    size_t h = 14695981039346656037u;

    for (; *p; p++)
        h = (h ^ (unsigned char)*p) * 1099511628211u;
    return h;
}

static struct known *find_known(struct watch *w, const char *path)
{
    if (!w->n_slot)
        return NULL;
    for (size_t i = path_hash(path) & (w->n_slot - 1); w->slot[i]; i = (i + 1) & (w->n_slot - 1))
        if (strcmp(w->known[w->slot[i] - 1].path, path) == 0)
            return &w->known[w->slot[i] - 1];
    return NULL;
}

static void index_known(struct watch *w, size_t k)
{
    size_t i = path_hash(w->known[k].path) & (w->n_slot - 1);

    while (w->slot[i])
        i = (i + 1) & (w->n_slot - 1);
    w->slot[i] = (uint32_t)k + 1;
}

static void add_known(struct watch *w, const char *path)
{
    GROW(w->known, w->cap_known, w->n_known + 1);
    w->known[w->n_known++] = (struct known){.path = xstrdup(path)};
    if (w->n_known * 2 > w->n_slot) {
        w->n_slot = w->n_slot ? w->n_slot * 2 : 256;
        free(w->slot);
        w->slot = xcalloc(w->n_slot, sizeof(*w->slot));
        for (size_t k = 0; k < w->n_known; k++)
            index_known(w, k);
    } else {
        index_known(w, w->n_known - 1);
    }
}

static void mark(struct watch *w, const char *path)
{
    for (size_t i = w->next_dirty; i < w->n_dirty && i < w->next_dirty + 16; i++)
        if (strcmp(w->dirty[i], path) == 0)
            return;
    if (w->next_dirty == w->n_dirty)
        w->next_dirty = w->n_dirty = 0;
    GROW(w->dirty, w->cap_dirty, w->n_dirty + 1);
    w->dirty[w->n_dirty++] = xstrdup(path);
}

void watch_know(struct watch *w, const char *path, dev_t dev, ino_t ino, uint64_t size)
{
    struct known *k = find_known(w, path);
    struct stat st;

    if (!k) {
        add_known(w, path);
        k = find_known(w, path);
    }
    k->dev = dev;
    k->ino = ino;
    k->size = size;
    k->gone = false;
    /* what was written before the watch began */
    if (stat(path, &st) == 0 && (st.st_ino != ino || (uint64_t)st.st_size != size))
        mark(w, path);
}

/* --- folders --- */

static bool tells_nothing(const char *path)
{
    static const long network[] = {0x6969, 0x517B, 0xFE534D42, 0x65735546, 0x01021997, 0xFF534D42};
    struct statfs fs;

    if (statfs(path, &fs) != 0)
        return true;
    for (unsigned i = 0; i < ARRAY_LEN(network); i++)
        if ((unsigned long)fs.f_type == (unsigned long)network[i])
            return true;
    return false;
}

static struct folder *folder_by_wd(struct watch *w, int wd)
{
    return wd >= 0 && (size_t)wd < w->cap_wd && w->by_wd[wd] ? &w->folder[w->by_wd[wd] - 1] : NULL;
}

static struct folder *folder_by_inode(struct watch *w, const struct stat *st)
{
    for (size_t i = 0; i < w->n_folder; i++)
        if (w->folder[i].ino == st->st_ino && w->folder[i].dev == st->st_dev)
            return &w->folder[i];
    return NULL;
}

static void index_folder(struct watch *w, int wd)
{
    if ((size_t)wd >= w->cap_wd) {
        size_t cap = MAX((size_t)wd + 1, w->cap_wd * 2);

        w->by_wd = xreallocarray(w->by_wd, cap, sizeof(*w->by_wd));
        memset(w->by_wd + w->cap_wd, 0, (cap - w->cap_wd) * sizeof(*w->by_wd));
        w->cap_wd = cap;
    }
    w->by_wd[wd] = (uint32_t)w->n_folder;
}

/* Names in folder "" are told bare, as they were opened. False: too long. */
static bool path_below(const char *dir, const char *name, char path[PATH_MAX])
{
    size_t n = strlen(dir);

    return snprintf(path, PATH_MAX, "%s%s%s", dir, n == 0 || dir[n - 1] == '/' ? "" : "/", name) <
           PATH_MAX;
}

static bool is_still(const char *path, const struct stat *is)
{
    struct stat st;

    return stat(*path ? path : ".", &st) == 0 && st.st_dev == is->st_dev && st.st_ino == is->st_ino;
}

/* A folder that came again under another name, or was made anew under the same, is one folder.
 * False: it is watched already, as much as asked. */
static bool enter_folder(struct watch *w, const char *path, bool all)
{
    const char *at = *path ? path : ".";
    int wd = w->fd >= 0 ? inotify_add_watch(w->fd, at, EVENTS) : -1;
    struct folder *f;
    struct stat st;
    bool more;

    if (stat(at, &st) != 0)
        return false;
    f = wd >= 0 ? folder_by_wd(w, wd) : folder_by_inode(w, &st);
    if (wd < 0 || tells_nothing(at))
        w->polling = true;
    if (f && !is_still(f->path, &st)) { /* renamed; not a link, which may be a loop */
        free(f->path);
        f->path = xstrdup(path);
        f->all |= all;
        return true;
    }
    if (f) {
        more = all && !f->all;
        f->all |= all;
        return more;
    }
    GROW(w->folder, w->cap_folder, w->n_folder + 1);
    w->folder[w->n_folder++] = (struct folder){xstrdup(path), st.st_dev, st.st_ino, all};
    if (wd >= 0)
        index_folder(w, wd);
    return true;
}

static void add_folder(struct watch *w, const char *path, bool all, bool report, unsigned depth)
{
    struct dirent *de;
    DIR *d;

    if (!enter_folder(w, path, all))
        return;
    if (!all || depth >= MAX_DEPTH || !(d = opendir(path))) /* "" is never watched whole */
        return;
    while ((de = readdir(d))) {
        char sub[PATH_MAX];
        struct stat st;

        if (de->d_name[0] == '.' || (de->d_type == DT_REG && !report) ||
            !path_below(path, de->d_name, sub) || stat(sub, &st) != 0)
            continue;
        if (S_ISDIR(st.st_mode))
            add_folder(w, sub, true, report, depth + 1);
        else if (report)
            mark(w, sub);
    }
    closedir(d);
}

void watch_add_root(struct watch *w, const char *path)
{
    struct stat st;
    char dir[PATH_MAX];
    char *slash;
    size_t n;

    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
        snprintf(dir, sizeof(dir), "%s", path);
        for (n = strlen(dir); n > 1 && dir[n - 1] == '/'; n--)
            dir[n - 1] = '\0';
        add_folder(w, dir, true, false, 0);
        return;
    }
    snprintf(dir, sizeof(dir), "%s", path);
    slash = strrchr(dir, '/');
    if (slash)
        slash[slash == dir] = '\0';
    add_folder(w, slash ? dir : "", false, false, 0);
}

static void take_event(struct watch *w, const struct inotify_event *ev)
{
    const struct folder *f = folder_by_wd(w, ev->wd);
    char path[PATH_MAX];
    struct stat st;

    if (ev->mask & IN_Q_OVERFLOW)
        w->polled_ms = 0;           /* look at everything */
    if (ev->mask & IN_IGNORED && f) /* the number may come again for another folder */
        w->by_wd[ev->wd] = 0;
    if (!f || ev->len == 0 || !path_below(f->path, ev->name, path))
        return;
    if (ev->mask & (IN_CREATE | IN_MOVED_TO) && stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
        if (f->all && ev->name[0] != '.')
            add_folder(w, path, true, true, 1);
    } else if (f->all || find_known(w, path)) {
        mark(w, path);
    }
}

static void read_inotify(struct watch *w)
{
    char buf[16384] __attribute__((aligned(8)));
    ssize_t n;

    while (w->fd >= 0 && (n = read(w->fd, buf, sizeof(buf))) > 0) {
        for (char *p = buf; p < buf + n;) {
            const struct inotify_event *ev = (const struct inotify_event *)(const void *)p;

            p += sizeof(*ev) + ev->len;
            take_event(w, ev);
        }
    }
}

/* Adding folders moves the array: the path is copied. */
static void scan_folder(struct watch *w, size_t index)
{
    char dir[PATH_MAX], sub[PATH_MAX];
    struct dirent *de;
    DIR *d;

    snprintf(dir, sizeof(dir), "%s", w->folder[index].path);
    d = opendir(*dir ? dir : ".");
    while (d && (de = readdir(d))) {
        if (de->d_name[0] == '.' || !path_below(dir, de->d_name, sub))
            continue;
        if (de->d_type == DT_DIR)
            add_folder(w, sub, true, true, 1);
        else if (!find_known(w, sub))
            mark(w, sub);
    }
    if (d)
        closedir(d);
}

static void poll_all(struct watch *w)
{
    for (size_t i = 0; i < w->n_known; i++) {
        struct stat st;
        struct known *k = &w->known[i];

        bool there = stat(k->path, &st) == 0;

        if (there ? st.st_ino != k->ino || (uint64_t)st.st_size != k->size : !k->gone)
            mark(w, k->path);
    }
    for (size_t i = 0; i < w->n_folder; i++)
        if (w->folder[i].all)
            scan_folder(w, i);
    w->polled_ms = now_ms();
}

/* What became of a path. False: nothing. */
static bool look_at(struct watch *w, const char *path, struct watch_event *ev)
{
    const char *base = strrchr(path, '/');
    struct known *k = find_known(w, path);
    struct stat st;
    bool back;

    snprintf(ev->path, sizeof(ev->path), "%s", path);
    if (stat(path, &st) != 0) {
        if (!k || k->gone)
            return false;
        k->gone = true;
        ev->kind = WATCH_GONE;
        return true;
    }
    if (!S_ISREG(st.st_mode) || (base ? base[1] : path[0]) == '.')
        return false;
    if (!k) {
        watch_know(w, path, st.st_dev, st.st_ino, (uint64_t)st.st_size);
        ev->kind = WATCH_NEW_FILE;
        return true;
    }
    back = k->gone; /* perhaps with the number of the file that went */
    k->gone = false;
    if (back || k->ino != st.st_ino || k->dev != st.st_dev)
        ev->kind = WATCH_REPLACED;
    else if ((uint64_t)st.st_size < k->size)
        ev->kind = WATCH_TRUNCATED;
    else if ((uint64_t)st.st_size > k->size)
        ev->kind = WATCH_GROWN;
    else
        return false;
    k->dev = st.st_dev;
    k->ino = st.st_ino;
    k->size = (uint64_t)st.st_size;
    return true;
}

static bool next_dirty(struct watch *w, struct watch_event *ev)
{
    while (w->next_dirty < w->n_dirty) {
        char *path = w->dirty[w->next_dirty++];
        bool news = look_at(w, path, ev);

        free(path);
        if (news)
            return true;
    }
    return false;
}

int watch_next(struct watch *w, struct watch_event *ev, int timeout_ms)
{
    struct pollfd p[2] = {{.fd = w->wake, .events = POLLIN}, {.fd = w->fd, .events = POLLIN}};

    if (next_dirty(w, ev))
        return 1;
    if (w->polling && (timeout_ms < 0 || timeout_ms > (int)w->poll_ms))
        timeout_ms = (int)w->poll_ms;
    poll(p, w->fd >= 0 ? 2 : 1, timeout_ms);
    if (p[0].revents)
        return -1;
    read_inotify(w);
    if ((w->polling || w->polled_ms == 0) && now_ms() - w->polled_ms >= w->poll_ms)
        poll_all(w);
    return next_dirty(w, ev) ? 1 : 0;
}
