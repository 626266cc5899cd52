/* json.c - reading JSON text without building anything: members, elements, paths, texts. */
#include "json_scan.h"

enum json_kind json_kind(struct slice raw)
{
    if (!raw.ptr || !raw.len)
        return JSON_NONE;
    switch (raw.ptr[0]) {
    case '{':
        return JSON_OBJECT;
    case '[':
        return JSON_ARRAY;
    case '"':
        return JSON_STRING;
    default:
        return raw.ptr[0] == '-' || (raw.ptr[0] >= '0' && raw.ptr[0] <= '9') ? JSON_NUMBER
                                                                             : JSON_WORD;
    }
}

bool is_json_object(struct slice line)
{
    const char *p = skip_blanks(line.ptr, line.ptr + line.len);

    return p < line.ptr + line.len && *p == '{';
}

/* --- walking --- */

/* At the next item of the container; false at its end or at a break. *rest may start at its open
 * bracket, or behind an item. */
static bool next_item(struct slice *rest, char open, char close)
{
    const char *p = rest->ptr, *end = slice_end(*rest);

    if (!p)
        return false;
    p = skip_blanks(p, end);
    if (p < end && *p == open && rest->len)
        p = skip_blanks(p + 1, end);
    while (p < end && *p == ',')
        p = skip_blanks(p + 1, end);
    *rest = slice_of(p, (size_t)(end - p));
    if (p < end && *p != close)
        return true;
    if (p < end)
        rest->ptr = NULL;
    return false;
}

static void advance(struct slice *rest, const char *to)
{
    rest->len -= (size_t)(to - rest->ptr);
    rest->ptr = to;
    /* What comes behind an item is never an open bracket: a comma hides one that is. */
}

bool json_next_key(struct slice *rest, struct slice *key)
{
    const char *p, *end, *stop;
    bool escaped;

    if (!next_item(rest, '{', '}') || rest->ptr[0] != '"')
        return false;
    p = rest->ptr + 1;
    end = rest->ptr + rest->len;
    stop = string_end(p, end, &escaped);
    if (!stop)
        return false;
    *key = slice_of(p, (size_t)(stop - p));
    p = skip_blanks(stop + 1, end);
    if (p == end || *p != ':')
        return false;
    advance(rest, skip_blanks(p + 1, end));
    return true;
}

bool json_skip_value(struct slice *rest)
{
    const char *stop = json_end(rest->ptr, rest->ptr + rest->len);

    if (!stop)
        return false;
    advance(rest, stop);
    return true;
}

bool json_next_member(struct slice *rest, struct json_member *m)
{
    const char *value;

    if (!json_next_key(rest, &m->key))
        return false;
    value = rest->ptr;
    if (!json_skip_value(rest))
        return false;
    m->value = slice_of(value, (size_t)(rest->ptr - value));
    return true;
}

bool json_next_element(struct slice *rest, struct slice *value)
{
    const char *end, *stop;
    bool first = rest->ptr && rest->len && json_kind(*rest) == JSON_ARRAY;

    /* Only the whole array starts with its own bracket: behind an element comes a comma. */
    if (!next_item(rest, first ? '[' : ',', ']'))
        return false;
    end = rest->ptr + rest->len;
    stop = json_end(rest->ptr, end);
    if (!stop)
        return false;
    *value = slice_of(rest->ptr, (size_t)(stop - rest->ptr));
    advance(rest, stop);
    return true;
}

static bool find_member(struct slice object, struct slice key, struct slice *value)
{
    struct json_member m;

    while (json_next_member(&object, &m)) {
        if (slice_eq(m.key, key)) {
            *value = m.value;
            return true;
        }
    }
    return false;
}

static bool find_element(struct slice array, struct slice index, struct slice *value)
{
    size_t n = 0;

    if (!is_digits(index) || index.len > 6)
        return false;
    for (size_t i = 0; i < index.len; i++)
        n = n * 10 + (size_t)(index.ptr[i] - '0');
    while (json_next_element(&array, value))
        if (n-- == 0)
            return true;
    return false;
}

struct slice json_next_step(struct slice *path)
{
    struct slice step = *path;
    size_t i = 0;

    if (path->len && path->ptr[0] == '[') {
        const char *close = memchr(path->ptr, ']', path->len);

        i = close ? (size_t)(close - path->ptr) + 1 : path->len;
        step = slice_of(path->ptr + 1, i - (close ? 2 : 1));
        if (close && i == 2)
            step = slice_of(path->ptr, 2); /* [] : any element */
    } else {
        while (i < path->len && path->ptr[i] != '.' && (path->ptr[i] != '[' || i == 0))
            i++;
        step.len = i;
    }
    if (i < path->len && path->ptr[i] == '.')
        i++;
    *path = slice_of(path->ptr + i, path->len - i);
    return step;
}

struct slice json_get(struct slice raw, struct slice path)
{
    struct slice value = raw;

    while (path.len) {
        struct slice step;

        raw = value;
        if (json_kind(raw) == JSON_OBJECT && find_member(raw, path, &value))
            return value;
        step = json_next_step(&path);
        if (json_kind(raw) == JSON_OBJECT ? !find_member(raw, step, &value)
                                          : !find_element(raw, step, &value))
            return (struct slice){NULL, 0};
    }
    return value;
}

/* --- texts --- */

static int hex4(const char *p, const char *end)
{
    int v = 0;

    if (end - p < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        int d = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : -1;

        if (d < 0)
            return -1;
        v = v * 16 + d;
    }
    return v;
}

static char *put_utf8(char *to, unsigned c)
{
    if (c < 0x80) {
        *to++ = (char)c;
    } else if (c < 0x800) {
        *to++ = (char)(0xc0 | c >> 6);
        *to++ = (char)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        *to++ = (char)(0xe0 | c >> 12);
        *to++ = (char)(0x80 | (c >> 6 & 0x3f));
        *to++ = (char)(0x80 | (c & 0x3f));
    } else {
        *to++ = (char)(0xf0 | c >> 18);
        *to++ = (char)(0x80 | (c >> 12 & 0x3f));
        *to++ = (char)(0x80 | (c >> 6 & 0x3f));
        *to++ = (char)(0x80 | (c & 0x3f));
    }
    return to;
}

/* \uXXXX at p (behind the u), with the second half of a pair. Half a pair is U+FFFD. */
static char *put_unicode(char *to, const char **p, const char *end)
{
    int c = hex4(*p, end), low;

    if (c < 0) {
        *to++ = '\\';
        *to++ = 'u';
        return to;
    }
    *p += 4;
    if (c >= 0xd800 && c < 0xdc00 && end - *p >= 6 && (*p)[0] == '\\' && (*p)[1] == 'u') {
        low = hex4(*p + 2, end);
        if (low >= 0xdc00 && low < 0xe000) {
            *p += 6;
            return put_utf8(to, 0x10000 + (((unsigned)c - 0xd800) << 10) + (unsigned)low - 0xdc00);
        }
    }
    return put_utf8(to, c >= 0xd800 && c < 0xe000 ? 0xfffd : (unsigned)c);
}

struct slice json_unescape(struct slice s, struct arena *mem)
{
    static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
    const char *p = s.ptr, *end = p + s.len;
    char *out = arena_alloc(mem, s.len + 1), *to = out;

    while (p < end) {
        const char *back = find_byte(p, end, '\\');
        const char *known;

        memcpy(to, p, (size_t)(back - p));
        to += back - p;
        if (end - back < 2) {
            if (back < end)
                *to++ = '\\';
            break;
        }
        p = back + 2;
        known = back[1] ? strchr(from, back[1]) : NULL;
        if (known) {
            *to++ = into[known - from];
        } else if (back[1] == 'u') {
            to = put_unicode(to, &p, end);
        } else {
            *to++ = '\\';
            *to++ = back[1];
        }
    }
    arena_shrink(mem, s.len + 1, (size_t)(to - out));
    return slice_of(out, (size_t)(to - out));
}

struct slice json_string_text(struct slice inside, bool escaped, struct arena *mem)
{
    return escaped ? json_unescape(inside, mem) : inside;
}

struct slice json_text(struct slice raw, struct arena *mem)
{
    enum json_kind kind = json_kind(raw);

    if (kind == JSON_STRING && raw.len >= 2) {
        struct slice inside = slice_of(raw.ptr + 1, raw.len - 2);

        return json_string_text(inside, memchr(inside.ptr, '\\', inside.len) != NULL, mem);
    }
    if (kind == JSON_WORD && slice_is(raw, "null"))
        return (struct slice){NULL, 0};
    return raw;
}

struct slice json_value(struct slice raw, const char *path, struct arena *mem)
{
    struct slice s = json_text(json_get(raw, slice_str(path)), mem);

    return s.len ? s : (struct slice){NULL, 0};
}
