/* spill.c - files of rows by the hash of their keys, and a merge of sorted runs of groups. */
#include "spill.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dict.h"
#include "xalloc.h"

#define PARTS 64
#define FLUSH (64u << 10) /* bytes that a writer keeps of a part */
#define READ (1u << 20)
#define HAS_TEXT 0x80

struct sorted_run {
    uint64_t first, n; /* rows of the file of cells */
};

struct spill {
    const char *dir;
    int fd[PARTS], cells, texts;
    _Atomic int64_t end[PARTS];
    pthread_mutex_t lock; /* guards the rest */
    struct err e;
    uint64_t n_rows, text_bytes;
    struct sorted_run *run;
    size_t n_run, cap_run;
};

/* --- files --- */

static int temp_file(const char *dir, struct err *e)
{
    char path[4096];
    int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    if (fd >= 0)
        return fd;
    if ((size_t)snprintf(path, sizeof(path), "%s/awl-spill-XXXXXX", dir) >= sizeof(path))
        return err_set(e, ERR_USAGE, "--spill: the name of the folder is too long");
    fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0)
        return err_sys(e, "--spill: cannot write in", dir);
    unlink(path);
    return fd;
}

struct spill *spill_new(const char *dir, struct err *e)
{
    struct spill *s = xcalloc(1, sizeof(*s));
    bool ok = true;

    s->dir = dir;
    pthread_mutex_init(&s->lock, NULL);
    for (unsigned p = 0; p < PARTS; p++) {
        s->fd[p] = ok ? temp_file(dir, e) : -1;
        ok = ok && s->fd[p] >= 0;
    }
    s->cells = ok ? temp_file(dir, e) : -1;
    s->texts = s->cells >= 0 ? temp_file(dir, e) : -1;
    if (s->texts >= 0)
        return s;
    spill_free(s);
    return NULL;
}

static void close_file(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void spill_free(struct spill *s)
{
    if (!s)
        return;
    for (unsigned p = 0; p < PARTS; p++)
        close_file(&s->fd[p]);
    close_file(&s->cells);
    close_file(&s->texts);
    pthread_mutex_destroy(&s->lock);
    free(s->run);
    free(s);
}

static bool write_at(struct spill *s, int fd, const char *p, size_t n, int64_t at)
{
    while (n > 0) {
        ssize_t done = pwrite(fd, p, n, at);

        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0) {
            pthread_mutex_lock(&s->lock);
            if (!s->e.code)
                err_sys(&s->e, "--spill: cannot write in", s->dir);
            pthread_mutex_unlock(&s->lock);
            return false;
        }
        p += done;
        n -= (size_t)done;
        at += done;
    }
    return true;
}

int spill_failed(struct spill *s, struct err *e)
{
    pthread_mutex_lock(&s->lock);
    if (s->e.code)
        *e = s->e;
    pthread_mutex_unlock(&s->lock);
    return s->e.code;
}

/* --- rows --- */

struct spill_writer {
    struct spill *s;
    struct strbuf part[PARTS], key;
};

struct spill_writer *spill_writer_new(struct spill *s)
{
    struct spill_writer *w = xcalloc(1, sizeof(*w));

    w->s = s;
    return w;
}

static bool flush(struct spill_writer *w, unsigned p)
{
    struct strbuf *sb = &w->part[p];
    int64_t at = atomic_fetch_add(&w->s->end[p], (int64_t)sb->len);
    bool ok = sb->len == 0 || write_at(w->s, w->s->fd[p], sb->buf, sb->len, at);

    strbuf_reset(sb);
    return ok;
}

static void put_val(struct strbuf *sb, const struct val *v)
{
    uint32_t len = (uint32_t)MIN(v->str.len, (size_t)UINT32_MAX);

    strbuf_addc(sb, (char)(v->kind | (v->str.ptr ? HAS_TEXT : 0)));
    if (v->kind == VAL_NUM || v->kind == VAL_BOOL)
        strbuf_add(sb, &v->num, sizeof(v->num));
    else if (v->kind == VAL_TIME)
        strbuf_add(sb, &v->time_us, sizeof(v->time_us));
    if (v->str.ptr) {
        strbuf_add(sb, &len, sizeof(len));
        strbuf_add(sb, v->str.ptr, len);
    }
}

bool spill_row(struct spill_writer *w, const struct val *key, unsigned n_key, const struct val *val,
               unsigned n_val, const struct rowkey *at)
{
    struct strbuf *sb;
    uint32_t len = 0;
    size_t from;
    unsigned p;

    strbuf_reset(&w->key);
    for (unsigned k = 0; k < n_key; k++) { /* what makes two keys the same */
        strbuf_addc(&w->key, (char)key[k].kind);
        val_print(key[k], &w->key);
        strbuf_addc(&w->key, '\0');
    }
    p = (unsigned)(dict_hash(strbuf_slice(&w->key)) >> 32) % PARTS;
    sb = &w->part[p];
    from = sb->len;
    strbuf_add(sb, &len, sizeof(len));
    strbuf_add(sb, at, sizeof(*at));
    for (unsigned k = 0; k < n_key; k++)
        put_val(sb, &key[k]);
    for (unsigned i = 0; i < n_val; i++)
        put_val(sb, &val[i]);
    len = (uint32_t)(sb->len - from);
    memcpy(sb->buf + from, &len, sizeof(len));
    return sb->len < FLUSH || flush(w, p);
}

bool spill_writer_end(struct spill_writer *w)
{
    bool ok = true;

    for (unsigned p = 0; p < PARTS; p++) {
        ok = flush(w, p) && ok;
        strbuf_release(&w->part[p]);
    }
    strbuf_release(&w->key);
    free(w);
    return ok;
}

unsigned spill_parts(const struct spill *s)
{
    return s ? PARTS : 0;
}

static const char *take(const char *p, void *out, size_t n)
{
    memcpy(out, p, n);
    return p + n;
}

static const char *get_val(const char *p, struct val *v)
{
    uint8_t kind = (uint8_t)*p++;
    uint32_t len;

    *v = (struct val){.kind = kind & ~HAS_TEXT};
    if (v->kind == VAL_NUM || v->kind == VAL_BOOL)
        p = take(p, &v->num, sizeof(v->num));
    else if (v->kind == VAL_TIME)
        p = take(p, &v->time_us, sizeof(v->time_us));
    if (kind & HAS_TEXT) {
        p = take(p, &len, sizeof(len));
        v->str = slice_of(p, len);
        p += len;
    }
    return p;
}

static bool read_more(int fd, struct strbuf *sb, size_t *from, int64_t *at, int64_t end)
{
    char *room;
    ssize_t n;

    if (*from) {
        memmove(sb->buf, sb->buf + *from, sb->len - *from);
        sb->len -= *from;
        *from = 0;
    }
    room = xmalloc(READ);
    n = pread(fd, room, (size_t)MIN((int64_t)READ, end - *at), *at);
    if (n > 0) {
        strbuf_add(sb, room, (size_t)n);
        *at += n;
    }
    free(room);
    return n > 0;
}

int spill_each(struct spill *s, unsigned part, unsigned n_key, unsigned n_val,
               bool (*fn)(void *ctx, const struct val *key, const struct val *val,
                          const struct rowkey *at),
               void *ctx, struct err *e)
{
    struct strbuf sb = STRBUF_INIT;
    struct val *v = xcalloc(n_key + n_val + 1u, sizeof(*v));
    int64_t at = 0, end = s->end[part];
    size_t from = 0;
    int rc = 0;

    while (rc == 0 && (at < end || from < sb.len)) {
        struct rowkey place;
        const char *p;
        uint32_t len = 0;

        if (sb.len - from >= sizeof(len))
            memcpy(&len, sb.buf + from, sizeof(len));
        if (len == 0 || sb.len - from < len) {
            if (!read_more(s->fd[part], &sb, &from, &at, end))
                rc = err_sys(e, "--spill: cannot read back from", s->dir);
            continue;
        }
        p = take(sb.buf + from + sizeof(len), &place, sizeof(place));
        for (unsigned i = 0; i < n_key + n_val; i++)
            p = get_val(p, &v[i]);
        if (!fn(ctx, v, v + n_key, &place))
            rc = ERR_LIMIT;
        from += len;
    }
    strbuf_release(&sb);
    free(v);
    return rc;
}

/* --- groups --- */

bool spill_run(struct spill *s, const struct val *cell, uint64_t n, unsigned width)
{
    struct strbuf text = STRBUF_INIT;
    struct val *copy = xmalloc(MAX(n * width, (uint64_t)1) * sizeof(*copy));
    size_t bytes = n * width * sizeof(*copy);
    uint64_t row, at;
    bool ok;

    for (uint64_t i = 0; i < n * width; i++) {
        copy[i] = cell[i];
        if (!cell[i].str.ptr)
            continue;
        copy[i].str.ptr = (const char *)(uintptr_t)(text.len + 1); /* a place, until merged */
        strbuf_addsl(&text, cell[i].str);
    }
    pthread_mutex_lock(&s->lock);
    GROW(s->run, s->cap_run, s->n_run + 1);
    row = s->n_rows;
    at = s->text_bytes;
    s->run[s->n_run++] = (struct sorted_run){row, n};
    s->n_rows += n;
    s->text_bytes += text.len;
    pthread_mutex_unlock(&s->lock);
    for (uint64_t i = 0; i < n * width; i++)
        if (copy[i].str.ptr)
            copy[i].str.ptr += at;
    ok = write_at(s, s->cells, (const char *)copy, bytes, (int64_t)(row * width * sizeof(*copy))) &&
         write_at(s, s->texts, text.buf, text.len, (int64_t)at);
    strbuf_release(&text);
    free(copy);
    return ok;
}

void spilled_free(struct spilled *s)
{
    if (!s)
        return;
    if (s->cell)
        munmap(s->cell, s->cell_bytes);
    if (s->text)
        munmap(s->text, s->text_bytes);
    free(s);
}

static void *map(int fd, size_t n, int prot)
{
    void *p = mmap(NULL, n, prot, MAP_SHARED, fd, 0);

    return p == MAP_FAILED ? NULL : p;
}

/* Runs by their first rows, the least on top. */
struct merge {
    const struct val *cell;
    unsigned width, n_key;
    int (*cmp)(const struct val *a, const struct val *b, unsigned n_key);
    struct sorted_run *run;
    size_t n;
};

static bool before(const struct merge *m, size_t a, size_t b)
{
    return m->cmp(m->cell + m->run[a].first * m->width, m->cell + m->run[b].first * m->width,
                  m->n_key) < 0;
}

static void sift_down(struct merge *m, size_t i)
{
    for (;;) {
        size_t least = i;
        struct sorted_run t;

        for (size_t c = 2 * i + 1; c <= 2 * i + 2 && c < m->n; c++)
            least = before(m, c, least) ? c : least;
        if (least == i)
            return;
        t = m->run[i];
        m->run[i] = m->run[least];
        m->run[least] = t;
        i = least;
    }
}

static bool write_merged(struct spill *s, struct merge *m, int fd)
{
    struct strbuf sb = STRBUF_INIT;
    int64_t at = 0;
    bool ok = true;

    for (size_t i = m->n; i-- > 0;)
        sift_down(m, i);
    while (ok && m->n) {
        strbuf_add(&sb, m->cell + m->run[0].first * m->width, m->width * sizeof(*m->cell));
        m->run[0].first++;
        if (--m->run[0].n == 0)
            m->run[0] = m->run[--m->n];
        sift_down(m, 0);
        if (sb.len >= READ || !m->n) {
            ok = write_at(s, fd, sb.buf, sb.len, at);
            at += (int64_t)sb.len;
            strbuf_reset(&sb);
        }
    }
    strbuf_release(&sb);
    return ok;
}

/* Places of texts become pointers. */
static void point(struct val *cell, uint64_t n, const char *text)
{
    for (uint64_t i = 0; i < n; i++)
        if (cell[i].str.ptr)
            cell[i].str.ptr = text + ((uintptr_t)cell[i].str.ptr - 1);
}

struct spilled *spill_merge(struct spill *s, unsigned width, unsigned n_key,
                            int (*cmp)(const struct val *a, const struct val *b, unsigned n_key),
                            uint64_t *n, struct err *e)
{
    struct spilled *out = xcalloc(1, sizeof(*out));
    size_t bytes = s->n_rows * width * sizeof(struct val);
    struct val *cell = NULL;
    struct merge m = {.width = width, .n_key = n_key, .cmp = cmp, .run = s->run};
    int fd = temp_file(s->dir, e);
    bool ok = fd >= 0;

    *n = s->n_rows;
    for (size_t i = 0; i < s->n_run; i++)
        if (s->run[i].n)
            s->run[m.n++] = s->run[i];
    if (ok && bytes) {
        out->text_bytes = MAX(s->text_bytes, (uint64_t)1);
        out->cell_bytes = bytes;
        ok = ftruncate(s->texts, (off_t)out->text_bytes) == 0 &&
             (out->text = map(s->texts, out->text_bytes, PROT_READ)) != NULL &&
             (cell = map(s->cells, bytes, PROT_READ | PROT_WRITE)) != NULL;
        if (ok)
            point(cell, s->n_rows * width, out->text);
        m.cell = cell;
        ok = ok && write_merged(s, &m, fd) &&
             (out->cell = map(fd, bytes, PROT_READ | PROT_WRITE)) != NULL;
        if (!ok && !spill_failed(s, e))
            err_sys(e, "--spill: cannot map a file in", s->dir);
    }
    if (cell)
        munmap(cell, bytes);
    close_file(&fd);
    if (ok)
        return out;
    spilled_free(out);
    return NULL;
}
