/* demo_files.c - the files that the generator writes. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "demo_gen.h"

static int make_dirs(const char *path, struct err *e)
{
    char tmp[PATH_MAX];
    size_t n = strlen(path);

    if (n >= sizeof(tmp))
        return err_set(e, ERR_USAGE, "%s: path too long", path);
    memcpy(tmp, path, n + 1);
    for (char *p = tmp + 1; *p; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        if (mkdir(tmp, 0777) && errno != EEXIST)
            return err_sys(e, "cannot make the folder", tmp);
        *p = '/';
    }
    return 0;
}

int demo_file_open(struct demo_file *s, bool gz, struct err *e)
{
    int rc = make_dirs(s->path, e);

    if (rc)
        return rc;
    s->len = 0;
    s->gz = NULL;
    s->fd = open(s->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (s->fd < 0)
        return err_sys(e, "cannot write", s->path);
    if (gz) {
        s->gz = gzdopen(s->fd, "wb5");
        if (!s->gz) {
            close(s->fd);
            s->fd = -1;
            return err_set(e, ERR_SYS, "%s: no memory for gzip", s->path);
        }
        gzbuffer(s->gz, 1 << 16);
    }
    return 0;
}

static int write_all(int fd, const char *p, size_t n)
{
    while (n) {
        ssize_t w = write(fd, p, n);

        if (w < 0 && errno == EINTR)
            continue;
        if (w < 0)
            return -1;
        p += w;
        n -= (size_t)w;
    }
    return 0;
}

int demo_file_flush(struct demo_file *s, struct err *e)
{
    size_t n = s->len;

    s->len = 0;
    if (n == 0)
        return 0;
    if (s->gz ? gzwrite(s->gz, s->buf, (unsigned)n) != (int)n : write_all(s->fd, s->buf, n) != 0)
        return err_sys(e, "cannot write", s->path);
    return 0;
}

int demo_file_close(struct demo_file *s, struct err *e)
{
    int rc, bad;

    if (s->fd < 0)
        return 0;
    rc = demo_file_flush(s, e);
    bad = s->gz ? gzclose(s->gz) != Z_OK : close(s->fd) != 0;
    s->fd = -1;
    s->gz = NULL;
    return rc == 0 && bad ? err_sys(e, "cannot write", s->path) : rc;
}

/* Gives up a file whose writing has failed. */
void demo_file_drop(struct demo_file *s)
{
    if (s->fd < 0)
        return;
    if (s->gz)
        gzclose(s->gz);
    else
        close(s->fd);
    s->fd = -1;
}
