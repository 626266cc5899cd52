/* sink.c - redacting comes before escaping: what is looked for is whole text. */
#include "sink.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output.h"
#include "xalloc.h"

static int open_part(struct sink *s, const char *path, struct err *e)
{
    struct strbuf part = STRBUF_INIT;
    mode_t mask = umask(0);
    int fd;

    umask(mask);
    strbuf_addf(&part, "%s.XXXXXX", path);
    s->path = xstrdup(path);
    s->part = part.buf;
    fd = mkstemp(s->part);
    if (fd >= 0 && fchmod(fd, 0666 & ~mask) == 0)
        s->file = fdopen(fd, "w");
    if (s->file)
        return 0;
    err_sys(e, "cannot write", path);
    if (fd >= 0) {
        close(fd);
        unlink(s->part);
    }
    return ERR_SYS;
}

int sink_open(struct sink *s, const char *path, bool redacted, struct err *e)
{
    uint64_t key = 0;

    memset(s, 0, sizeof(*s));
    if (redacted) {
        if (getrandom(&key, sizeof(key), 0) != sizeof(key))
            return err_sys(e, "no random numbers to redact with", "");
        s->redactor = redactor_new(key);
    }
    if (path)
        return open_part(s, path, e);
    s->file = stdout;
    s->terminal = isatty(STDOUT_FILENO);
    return 0;
}

static void visible_lines(struct strbuf *sb, struct slice s)
{
    size_t from = 0;

    for (size_t i = 0; i <= s.len; i++) {
        if (i < s.len && s.ptr[i] != '\n' && s.ptr[i] != '\t')
            continue;
        visible_text(sb, slice_of(s.ptr + from, i - from));
        if (i < s.len)
            strbuf_addc(sb, s.ptr[i]);
        from = i + 1;
    }
}

bool sink_write(void *sink, const char *bytes, size_t n)
{
    struct strbuf redacted = STRBUF_INIT, shown = STRBUF_INIT;
    struct slice text = slice_of(bytes, n);
    struct sink *s = sink;
    bool ok;

    if (s->redactor) {
        redact(s->redactor, text, &redacted);
        text = strbuf_slice(&redacted);
    }
    if (s->terminal) {
        visible_lines(&shown, text);
        text = strbuf_slice(&shown);
    }
    ok = fwrite(text.ptr, 1, text.len, s->file) == text.len;
    if (!ok && !s->error)
        s->error = errno;
    strbuf_release(&redacted);
    strbuf_release(&shown);
    return ok;
}

int sink_close(struct sink *s, bool keep, struct err *e)
{
    int rc = 0;

    if (!s->file)
        s->file = stdout; /* what was printed without a sink */
    if (fflush(s->file) != 0 && !s->error)
        s->error = errno;
    if (s->part && s->file != stdout) {
        if (fclose(s->file) != 0 && !s->error)
            s->error = errno;
        if (s->error || !keep)
            unlink(s->part);
        else if (rename(s->part, s->path) != 0)
            s->error = errno;
    }
    if (s->error && s->error != EPIPE) {
        errno = s->error;
        rc = err_sys(e, "cannot write", s->path ? s->path : "the result");
    }
    free(s->path);
    free(s->part);
    redactor_free(s->redactor);
    *s = (struct sink){0};
    return rc;
}
