/* index_file.c - header, slots, appending and mapping of one index file. */
#define XXH_INLINE_ALL
#include "index_file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <xxhash.h>

#include "sigbus.h"
#include "xalloc.h"

#define MAGIC "awlindex"
#define SLOT_AT 64 /* two slots of 64 bytes */
#define FOLDER_AT 256
#define FOLDER_MAX (INDEX_HEADER - FOLDER_AT)
/* Address space, not memory: pages behind the end come to be as the file grows. */
#define WINDOW (UINT64_C(64) << 30)
#define WINDOW_MIN (UINT64_C(1) << 30)

struct head {
    char magic[8];
    uint32_t version, size;
    uint64_t fingerprint;
    uint64_t n_folder;
    uint64_t hash; /* of the members above and of the folder */
};

struct slot {
    uint64_t seq;            /* the larger one counts */
    uint64_t off, len, hash; /* of the table of contents */
    uint64_t end;            /* of what is committed */
    uint64_t made_us;
    uint64_t unused;
    uint64_t self; /* hash of the members above */
};

struct index_file {
    char *path, *temp, *folder; /* temp: what it is called before its first commit */
    uint64_t fingerprint;
    int fd; /* -1: there is none */
    bool locked;
    const char *map;
    uint64_t window;
    struct slot slot; /* the commit in force; seq 0: none */
    pthread_mutex_t lock;
    _Atomic uint64_t end; /* moved under the lock */
    atomic_bool failed;
    bool kept;                 /* index_file_keep() */
    struct index_file *before; /* what was left by a restart: still in use */
};

static uint64_t hash_of(const void *p, size_t n)
{
    return XXH3_64bits(p, n);
}

static uint64_t head_hash(const struct head *h, const char *folder)
{
    return hash_of(h, offsetof(struct head, hash)) ^ hash_of(folder, h->n_folder);
}

/* --- reading --- */

static bool map_file(struct index_file *f)
{
    void *p = MAP_FAILED;

    for (f->window = WINDOW; p == MAP_FAILED && f->window >= WINDOW_MIN; f->window /= 4) {
        p = mmap(NULL, f->window, PROT_READ, MAP_SHARED | MAP_NORESERVE, f->fd, 0);
        if (p != MAP_FAILED)
            break;
    }
    if (p == MAP_FAILED)
        return false;
    if (!sigbus_add(p, f->window, NULL)) {
        munmap(p, f->window);
        return false;
    }
    f->map = p;
    return true;
}

static void unmap_file(struct index_file *f)
{
    if (!f->map || f->kept)
        return;
    sigbus_remove(f->map);
    munmap((void *)(uintptr_t)f->map, f->window);
    f->map = NULL;
}

static bool slot_valid(const struct index_file *f, const struct slot *s, uint64_t size)
{
    return s->seq && s->self == hash_of(s, offsetof(struct slot, self)) && s->end <= size &&
           s->end <= f->window && s->off >= INDEX_HEADER && s->off <= s->end &&
           s->len <= s->end - s->off && s->hash == hash_of(f->map + s->off, s->len);
}

/* Any version's header, as far as all of them have it. */
static bool read_head(int fd, char bytes[INDEX_HEADER], struct head *h)
{
    if (pread(fd, bytes, INDEX_HEADER, 0) != INDEX_HEADER)
        return false;
    memcpy(h, bytes, sizeof(*h));
    return memcmp(h->magic, MAGIC, sizeof(h->magic)) == 0 && h->n_folder <= FOLDER_MAX &&
           h->hash == head_hash(h, bytes + FOLDER_AT);
}

char *index_file_folder(int fd)
{
    char bytes[INDEX_HEADER];
    struct head h;

    return read_head(fd, bytes, &h) ? xstrndup(bytes + FOLDER_AT, h.n_folder) : NULL;
}

/* The commit in force, if the file is ours. */
static bool read_header(struct index_file *f)
{
    char bytes[INDEX_HEADER];
    struct head h;
    struct slot s;
    struct stat st;

    if (fstat(f->fd, &st) != 0 || !S_ISREG(st.st_mode) || !read_head(f->fd, bytes, &h) ||
        h.version != INDEX_VERSION || h.size != INDEX_HEADER || h.fingerprint != f->fingerprint ||
        h.n_folder != strlen(f->folder) || memcmp(bytes + FOLDER_AT, f->folder, h.n_folder) != 0)
        return false;
    for (unsigned i = 0; i < 2; i++) {
        memcpy(&s, bytes + SLOT_AT + i * sizeof(s), sizeof(s));
        if (s.seq > f->slot.seq && slot_valid(f, &s, (uint64_t)st.st_size))
            f->slot = s;
    }
    f->end = f->slot.end;
    return f->slot.seq > 0;
}

/* --- writing --- */

static bool write_at(int fd, const void *bytes, size_t n, uint64_t off)
{
    const char *p = bytes;

    while (n > 0) {
        ssize_t put = pwrite(fd, p, n, (off_t)off);

        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        p += put;
        n -= (size_t)put;
        off += (uint64_t)put;
    }
    return true;
}

static bool write_header(struct index_file *f)
{
    char bytes[INDEX_HEADER] = {0};
    struct head h = {.version = INDEX_VERSION,
                     .size = INDEX_HEADER,
                     .fingerprint = f->fingerprint,
                     .n_folder = strlen(f->folder)};

    memcpy(h.magic, MAGIC, sizeof(h.magic));
    h.hash = head_hash(&h, f->folder);
    memcpy(bytes, &h, sizeof(h));
    memcpy(bytes + FOLDER_AT, f->folder, h.n_folder);
    f->end = INDEX_HEADER;
    return write_at(f->fd, bytes, sizeof(bytes), 0);
}

/* A file of our own beside the one that counts: it takes its name with the first commit. */
static void begin_new(struct index_file *f)
{
    struct strbuf temp = STRBUF_INIT;
    static atomic_uint number;

    memset(&f->slot, 0, sizeof(f->slot));
    strbuf_addf(&temp, "%s.%ld.%u.tmp", f->path, (long)getpid(), atomic_fetch_add(&number, 1));
    f->temp = temp.buf;
    f->fd = open(f->temp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    f->locked = f->fd >= 0 && flock(f->fd, LOCK_EX | LOCK_NB) == 0;
    if (!f->locked || !map_file(f) || !write_header(f))
        f->failed = true;
}

static void drop_file(struct index_file *f)
{
    unmap_file(f);
    if (f->temp && f->fd >= 0)
        unlink(f->temp);
    free(f->temp);
    f->temp = NULL;
    if (f->fd >= 0)
        close(f->fd);
    f->fd = -1;
    f->locked = false;
}

/* Opens what is there; false if nothing of it counts. *busy: somebody else is writing it. */
static bool open_old(struct index_file *f, bool *busy)
{
    struct stat mine, named;

    f->fd = open(f->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (f->fd < 0)
        return false;
    f->locked = flock(f->fd, LOCK_EX | LOCK_NB) == 0;
    *busy = !f->locked;
    /* replaced since it was opened: the lock is on a file that nobody will find again */
    if (fstat(f->fd, &mine) != 0 || stat(f->path, &named) != 0 || mine.st_ino != named.st_ino)
        f->locked = false;
    if (!map_file(f) || !read_header(f)) {
        drop_file(f);
        return false;
    }
    futimens(f->fd, NULL);
    return true;
}

static bool make_folder(const char *path)
{
    char *copy = xstrdup(path);
    bool ok;

    for (char *s = copy + 1; *s; s++) {
        if (*s != '/')
            continue;
        *s = '\0';
        mkdir(copy, 0700);
        *s = '/';
    }
    ok = mkdir(copy, 0700) == 0 || errno == EEXIST;
    free(copy);
    return ok;
}

struct index_file *index_file_open(const char *cache, const char *folder, uint64_t fingerprint,
                                   struct err *e)
{
    struct index_file *f;
    struct strbuf path = STRBUF_INIT;
    XXH128_hash_t name = XXH3_128bits(folder, strlen(folder));
    const uint16_t one = 1;
    bool busy = false;

    if (*(const char *)&one != 1 || sizeof(void *) < 8) {
        err_set(e, ERR_LIMIT, "the index is for little endian machines of 64 bits");
        return NULL;
    }
    if (strlen(folder) > FOLDER_MAX || !make_folder(cache)) {
        err_sys(e, "cannot make", cache);
        return NULL;
    }
    sigbus_install();
    f = xcalloc(1, sizeof(*f));
    strbuf_addf(&path, "%s/%016llx%016llx.idx", cache, (unsigned long long)name.high64,
                (unsigned long long)name.low64);
    f->path = path.buf;
    f->folder = xstrdup(folder);
    f->fingerprint = fingerprint;
    f->fd = -1;
    pthread_mutex_init(&f->lock, NULL);
    if (!open_old(f, &busy) && !busy)
        begin_new(f);
    return f;
}

void index_file_close(struct index_file *f)
{
    if (!f)
        return;
    index_file_close(f->before);
    drop_file(f);
    pthread_mutex_destroy(&f->lock);
    free(f->path);
    free(f->folder);
    free(f);
}

struct slice index_file_contents(const struct index_file *f)
{
    return f->slot.seq ? slice_of(f->map + f->slot.off, f->slot.len) : (struct slice){NULL, 0};
}

struct slice index_file_bytes(const struct index_file *f, const struct index_block *b)
{
    if (!f->map || b->off < INDEX_HEADER || b->off % INDEX_ALIGN || b->off > f->end ||
        b->len > f->end - b->off)
        return (struct slice){NULL, 0};
    return slice_of(f->map + b->off, b->len);
}

bool index_file_sound(const struct index_file *f, const struct index_block *b, size_t head)
{
    struct slice s = index_file_bytes(f, b);

    return s.ptr && head <= s.len && hash_of(s.ptr, head) == b->hash;
}

void index_file_keep(struct index_file *f)
{
    f->kept = true;
}

bool index_file_writable(const struct index_file *f)
{
    return f->locked && !f->failed;
}

bool index_file_append(struct index_file *f, struct slice bytes, size_t head, struct index_block *b)
{
    bool ok;

    if (!index_file_writable(f))
        return false;
    pthread_mutex_lock(&f->lock);
    b->off = (f->end + INDEX_ALIGN - 1) / INDEX_ALIGN * INDEX_ALIGN;
    b->len = bytes.len;
    ok = !f->failed && b->off + b->len <= f->window;
    if (ok)
        f->end = b->off + b->len;
    pthread_mutex_unlock(&f->lock);
    if (ok && !write_at(f->fd, bytes.ptr, bytes.len, b->off)) {
        f->failed = true;
        ok = false;
    }
    if (ok)
        b->hash = hash_of(bytes.ptr, head);
    return ok;
}

bool index_file_commit(struct index_file *f, struct slice contents)
{
    struct slot s = {.seq = f->slot.seq + 1};
    struct index_block b;
    struct timespec now;

    if (!index_file_append(f, contents, contents.len, &b))
        return false;
    clock_gettime(CLOCK_REALTIME, &now);
    s.off = b.off;
    s.len = b.len;
    s.hash = b.hash;
    s.end = f->end;
    s.made_us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
    s.self = hash_of(&s, offsetof(struct slot, self));
    if (!write_at(f->fd, &s, sizeof(s), SLOT_AT + s.seq % 2 * sizeof(s))) {
        f->failed = true;
        return false;
    }
    f->slot = s;
    if (f->temp) {
        if (rename(f->temp, f->path) != 0) {
            f->failed = true;
            return false;
        }
        free(f->temp);
        f->temp = NULL;
    }
    return true;
}

void index_file_restart(struct index_file *f)
{
    struct index_file *old;
    bool writer = f->locked;

    old = xcalloc(1, sizeof(*old));
    *old = *f;
    old->path = old->folder = NULL;
    pthread_mutex_init(&old->lock, NULL);
    f->before = old;
    f->temp = NULL;
    f->map = NULL;
    f->fd = -1;
    f->failed = f->locked = f->kept = false;
    memset(&f->slot, 0, sizeof(f->slot));
    if (writer)
        begin_new(f);
}
