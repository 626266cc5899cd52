/* Decodes strictly (no overlong forms, surrogates, or values past U+10FFFF), so that what is shown
 * is what any other strict reader sees. A unit holds at most a base and four marks, ncursesw's
 * CCHARW_MAX, in TEXT_UNIT - 1 bytes; the marks that do not fit are escaped like baseless ones. */
#include "text.h"

#include <stdio.h>
#include <wchar.h>

enum { MARKS_MAX = 4 };

struct range {
    uint32_t lo, hi;
};

/* Characters that hide, reorder or mislead though they may be "printable". Sorted. */
static const struct range hidden[] = {
    {0xAD, 0xAD},     {0x34F, 0x34F},     {0x61C, 0x61C},     {0x115F, 0x1160},    {0x17B4, 0x17B5},
    {0x180B, 0x180F}, {0x200B, 0x200F},   {0x2028, 0x202E},   {0x2060, 0x206F},    {0x3164, 0x3164},
    {0xE000, 0xF8FF}, {0xFDD0, 0xFDEF},   {0xFE00, 0xFE0F},   {0xFEFF, 0xFEFF},    {0xFFA0, 0xFFA0},
    {0xFFF0, 0xFFFB}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0x10FFFF},
};

static bool is_hidden(uint32_t cp)
{
    size_t lo = 0, hi = ARRAY_LEN(hidden);

    if ((cp & 0xFFFE) == 0xFFFE)
        return true;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;

        if (cp > hidden[mid].hi)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < ARRAY_LEN(hidden) && cp >= hidden[lo].lo;
}

size_t text_decode(const char *ptr, size_t n, uint32_t *cp)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *p = (const unsigned char *)ptr;
    size_t len;
    uint32_t c;

    if (!n)
        return 0;
    if (p[0] < 0x80) {
        *cp = p[0];
        return 1;
    }
    if (p[0] < 0xC2 || p[0] > 0xF4)
        return 0;
    len = p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
    if (n < len)
        return 0;
    c = p[0] & (0x7Fu >> len);
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
        c = c << 6 | (p[i] & 0x3F);
    }
    if (c < least[len] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
        return 0;
    *cp = c;
    return len;
}

size_t text_encode(uint32_t cp, char out[5])
{
    size_t n;

    if (cp < 0x80) {
        out[0] = (char)cp;
        n = 1;
    } else if (cp < 0x800) {
        out[0] = (char)(0xC0 | cp >> 6);
        n = 2;
    } else if (cp < 0x10000) {
        out[0] = (char)(0xE0 | cp >> 12);
        n = 3;
    } else {
        out[0] = (char)(0xF0 | (cp >> 18 & 7));
        n = 4;
    }
    for (size_t i = 1; i < n; i++)
        out[i] = (char)(0x80 | (cp >> (6 * (n - 1 - i)) & 0x3F));
    out[n] = '\0';
    return n;
}

static void unit_escape(struct text_unit *u, size_t src_len, const char *fmt, unsigned value)
{
    int n = snprintf(u->out, sizeof(u->out), fmt, value);

    u->out_len = u->width = (uint8_t)n;
    u->escaped = true;
    u->src_len = src_len;
}

static void unit_control(struct text_unit *u, unsigned char c, bool ascii)
{
    if (c == '\t' && !ascii && wcwidth(0x21E5) == 1) {
        u->out_len = (uint8_t)text_encode(0x21E5, u->out);
        u->width = 1;
        u->escaped = true;
        u->src_len = 1;
        return;
    }
    unit_escape(u, 1, "^%c", c ^ 0x40u);
}

static int char_width(uint32_t cp)
{
    return is_hidden(cp) ? -1 : wcwidth((wchar_t)cp);
}

static void unit_marks(struct text_unit *u, struct slice rest)
{
    for (int i = 0; i < MARKS_MAX; i++) {
        uint32_t cp;
        size_t n = text_decode(rest.ptr + u->src_len, rest.len - u->src_len, &cp);

        if (n < 2 || char_width(cp) != 0 || u->out_len + n >= TEXT_UNIT)
            break;
        memcpy(u->out + u->out_len, rest.ptr + u->src_len, n);
        u->out_len += (uint8_t)n;
        u->src_len += n;
    }
    u->out[u->out_len] = '\0';
}

static void unit_plain(struct text_unit *u, struct slice rest, size_t n, int width, bool marks)
{
    memcpy(u->out, rest.ptr, n);
    u->out[n] = '\0';
    u->out_len = (uint8_t)n;
    u->width = (uint8_t)width;
    u->escaped = false;
    u->src_len = n;
    if (marks && rest.len > n && (unsigned char)rest.ptr[n] >= 0x80)
        unit_marks(u, rest);
}

bool text_next(struct slice *rest, bool ascii, struct text_unit *u)
{
    unsigned char c;
    uint32_t cp;
    size_t n;
    int width;

    if (!rest->len)
        return false;
    c = (unsigned char)rest->ptr[0];
    n = text_decode(rest->ptr, rest->len, &cp);
    if (n == 0)
        unit_escape(u, 1, "\\x%02x", c);
    else if (n == 1 && (c < 0x20 || c == 0x7F))
        unit_control(u, c, ascii);
    else if (n == 1)
        unit_plain(u, *rest, 1, 1, !ascii);
    else if (cp < 0xA0)
        unit_escape(u, n, "\\x%02x", cp);
    else if (ascii || (width = char_width(cp)) <= 0)
        unit_escape(u, n, "\\u{%X}", cp);
    else
        unit_plain(u, *rest, n, MIN(width, 2), true);
    rest->ptr += u->src_len;
    rest->len -= u->src_len;
    return true;
}

size_t text_width(struct slice s, bool ascii)
{
    struct text_unit u;
    size_t width = 0;

    while (text_next(&s, ascii, &u))
        width += u.width;
    return width;
}

struct slice text_prefix(struct slice s, bool ascii, size_t max, size_t *width)
{
    struct slice rest = s;
    struct text_unit u;
    size_t used = 0, len = 0;

    while (text_next(&rest, ascii, &u) && used + u.width <= max) {
        used += u.width;
        len += u.src_len;
    }
    if (width)
        *width = used;
    return slice_of(s.ptr, len);
}

static struct slice skip_blanks(struct slice s)
{
    while (s.len && s.ptr[0] == ' ') {
        s.ptr++;
        s.len--;
    }
    return s;
}

bool text_wrap(struct slice *rest, bool ascii, size_t width, struct slice *line)
{
    struct slice s = *rest;
    struct text_unit u;
    size_t used = 0, len = 0, brk = 0;

    if (!s.len)
        return false;
    while (len < s.len && s.ptr[len] != '\n') {
        struct slice tail = slice_of(s.ptr + len, s.len - len);

        text_next(&tail, ascii, &u);
        if (s.ptr[len] == ' ')
            brk = len;
        if (used + u.width > width && len > 0) {
            if (brk)
                len = brk;
            *line = slice_of(s.ptr, len);
            while (line->len && line->ptr[line->len - 1] == ' ')
                line->len--;
            *rest = skip_blanks(slice_of(s.ptr + len, s.len - len));
            return true;
        }
        used += u.width;
        len += u.src_len;
    }
    *line = slice_of(s.ptr, len);
    if (len < s.len)
        len++;
    *rest = slice_of(s.ptr + len, s.len - len);
    return true;
}

void text_escape(struct strbuf *out, struct slice s, bool ascii)
{
    struct text_unit u;

    while (text_next(&s, ascii, &u))
        strbuf_add(out, u.out, u.out_len);
}
