/* str.h - (pointer, length) slices and a growing buffer.
 *
 * A slice borrows: it is valid as long as the bytes it points at, and the owner says until when.
 * ptr == NULL means "absent", which is not the same as an empty text. */
#ifndef AWL_STR_H
#define AWL_STR_H

#include <endian.h>
#include <stdarg.h>
#include <string.h>

#include "base.h"

struct slice {
    const char *ptr;
    size_t len;
};

#define SL(lit) ((struct slice){(lit), sizeof(lit) - 1})
#define SLICE_FMT "%.*s"
#define SLICE_ARG(s) (int)MIN((s).len, (size_t)INT_MAX), (s).ptr ? (s).ptr : ""

static inline struct slice slice_of(const char *ptr, size_t len)
{
    return (struct slice){ptr, len};
}

static inline struct slice slice_str(const char *s)
{
    return (struct slice){s, s ? strlen(s) : 0};
}

static inline bool slice_eq(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* Inline: of a literal the length is known, and the comparison is a few loads. */
static inline bool slice_is(struct slice a, const char *s)
{
    size_t n = strlen(s);

    return a.len == n && (n == 0 || memcmp(a.ptr, s, n) == 0);
}

static inline bool slice_starts(struct slice s, const char *prefix)
{
    size_t n = strlen(prefix);

    return s.len >= n && (n == 0 || memcmp(s.ptr, prefix, n) == 0);
}

/* Behind the last byte; also of an absent slice, to which nothing may be added. */
static inline const char *slice_end(struct slice s)
{
    return s.len ? s.ptr + s.len : s.ptr;
}

bool slice_eq_nocase(struct slice a, struct slice b); /* ASCII only */
int slice_cmp(struct slice a, struct slice b);        /* by bytes, as memcmp; shorter first */
bool slice_ends(struct slice s, const char *suffix);
struct slice slice_past_mark(struct slice s); /* without a byte order mark (UTF-8) at its start */
/* The bytes up to `sep` (all if absent); *s is what follows the separator (absent: ptr NULL). */
struct slice slice_cut(struct slice *s, char sep);
char *slice_dup(struct slice s); /* NUL-terminated, owned by the caller */

/* ASCII, whatever the locale. */
static inline bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}
static inline bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}
static inline bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}
static inline bool is_letter(char c)
{
    return is_upper(c) || is_lower(c);
}

static inline bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Without the blanks at both ends. */
static inline struct slice slice_trim(struct slice s)
{
    while (s.len && is_blank(s.ptr[0])) {
        s.ptr++;
        s.len--;
    }
    while (s.len && is_blank(s.ptr[s.len - 1]))
        s.len--;
    return s;
}

/* Eight bytes as a number, the first one in the lowest bits. */
static inline uint64_t load_8(const char *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof(v));
    return le64toh(v);
}

/* Whether n bytes are the same. For short ones: no call for what two or three loads decide. */
static inline bool same_bytes(const char *a, const char *b, size_t n)
{
    if (n < 4)
        return n == 0 || (a[0] == b[0] && a[n - 1] == b[n - 1] && a[n / 2] == b[n / 2]);
    if (n < 8)
        return memcmp(a, b, 4) == 0 && memcmp(a + n - 4, b + n - 4, 4) == 0;
    for (size_t i = 0; i + 8 < n; i += 8)
        if (load_8(a + i) != load_8(b + i))
            return false;
    return load_8(a + n - 8) == load_8(b + n - 8);
}

struct strbuf {
    char *buf; /* NUL-terminated once anything was added; NULL before */
    size_t len, cap;
};

#define STRBUF_INIT                                                                                \
    {                                                                                              \
        NULL, 0, 0                                                                                 \
    }
void strbuf_add(struct strbuf *sb, const void *p, size_t n);
void strbuf_addc(struct strbuf *sb, char c);
void strbuf_adds(struct strbuf *sb, const char *s);
void strbuf_addsl(struct strbuf *sb, struct slice s);
void strbuf_addf(struct strbuf *sb, const char *fmt, ...) PRINTF_LIKE(2, 3);
void strbuf_vaddf(struct strbuf *sb, const char *fmt, va_list ap);
void strbuf_reset(struct strbuf *sb);   /* keeps the memory */
void strbuf_release(struct strbuf *sb); /* frees it */
static inline struct slice strbuf_slice(const struct strbuf *sb)
{
    return slice_of(sb->buf ? sb->buf : "", sb->len);
}

#endif
