#include "str.h"

#include <stdio.h>

#include "xalloc.h"

static unsigned char lower(unsigned char c)
{
    return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

bool slice_eq_nocase(struct slice a, struct slice b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower((unsigned char)a.ptr[i]) != lower((unsigned char)b.ptr[i]))
            return false;
    return true;
}

int slice_cmp(struct slice a, struct slice b)
{
    size_t n = MIN(a.len, b.len);
    int c = n ? memcmp(a.ptr, b.ptr, n) : 0;

    return c ? c : (a.len > b.len) - (a.len < b.len);
}

bool slice_ends(struct slice s, const char *suffix)
{
    size_t n = strlen(suffix);

    return s.len >= n && (n == 0 || memcmp(s.ptr + s.len - n, suffix, n) == 0);
}

struct slice slice_past_mark(struct slice s)
{
    return slice_starts(s, "\xef\xbb\xbf") ? slice_of(s.ptr + 3, s.len - 3) : s;
}

struct slice slice_cut(struct slice *s, char sep)
{
    struct slice head = *s;
    const char *p = s->len ? memchr(s->ptr, sep, s->len) : NULL;

    if (!p) {
        *s = (struct slice){NULL, 0};
        return head;
    }
    head.len = (size_t)(p - head.ptr);
    s->len -= head.len + 1;
    s->ptr = p + 1;
    return head;
}

char *slice_dup(struct slice s)
{
    return xstrndup(s.ptr ? s.ptr : "", s.len);
}

static void reserve(struct strbuf *sb, size_t more)
{
    if (more > SIZE_MAX / 2 - sb->len)
        BUG("buffer too large");
    GROW(sb->buf, sb->cap, sb->len + more + 1);
}

void strbuf_add(struct strbuf *sb, const void *p, size_t n)
{
    reserve(sb, n);
    if (n)
        memcpy(sb->buf + sb->len, p, n);
    sb->len += n;
    sb->buf[sb->len] = '\0';
}

void strbuf_addc(struct strbuf *sb, char c)
{
    strbuf_add(sb, &c, 1);
}

void strbuf_adds(struct strbuf *sb, const char *s)
{
    strbuf_add(sb, s, strlen(s));
}

void strbuf_addsl(struct strbuf *sb, struct slice s)
{
    strbuf_add(sb, s.ptr, s.len);
}

void strbuf_vaddf(struct strbuf *sb, const char *fmt, va_list ap)
{
    va_list again;
    int n;

    va_copy(again, ap);
    n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    BUG_ON(n < 0);
    reserve(sb, (size_t)n);
    vsnprintf(sb->buf + sb->len, (size_t)n + 1, fmt, ap);
    sb->len += (size_t)n;
}

void strbuf_addf(struct strbuf *sb, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    strbuf_vaddf(sb, fmt, ap);
    va_end(ap);
}

void strbuf_reset(struct strbuf *sb)
{
    sb->len = 0;
    if (sb->buf)
        sb->buf[0] = '\0';
}

void strbuf_release(struct strbuf *sb)
{
    free(sb->buf);
    *sb = (struct strbuf)STRBUF_INIT;
}
