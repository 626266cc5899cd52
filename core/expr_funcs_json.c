/* expr_funcs_json.c - functions that make or read maps and lists. These are raw JSON texts. */
#include "expr_func.h"
#include "frame.h"
#include "json.h"

static struct val map(const struct strbuf *out)
{
    return (struct val){.kind = VAL_JSON, .str = strbuf_slice(out)};
}

static bool is_list(struct val v)
{
    return v.kind == VAL_JSON && json_kind(v.str) == JSON_ARRAY;
}

/* A map or a list, or nothing. */
CALL(f_jsonparse)
{
    struct slice s = arg[0].str;

    if (arg[0].kind == VAL_JSON)
        return arg[0];
    if (arg[0].kind != VAL_STR)
        return missing();
    s = slice_trim(s);
    if (!s.len || (s.ptr[0] != '{' && s.ptr[0] != '[') ||
        json_end(s.ptr, slice_end(s)) != slice_end(s))
        return missing();
    return (struct val){.kind = VAL_JSON, .str = s};
}

CALL(f_jsonstringify)
{
    return arg[0].kind == VAL_JSON ? text(arg[0].str) : missing();
}

CALL(f_jsonarraysize)
{
    struct slice rest = arg[0].str, value;
    double n = 0;

    if (!is_list(arg[0]))
        return missing();
    while (json_next_element(&rest, &value))
        n++;
    return number(n);
}

CALL(f_jsonarraycontains)
{
    bool found = false, more = is_list(arg[0]);

    for (uint64_t i = 0; more && !found; i++) {
        struct strbuf own = STRBUF_INIT;
        struct val v;

        more = val_element(arg[0], i, &own, &v);
        found = more && val_compare(v, OP_EQ, arg[1]);
        strbuf_release(&own);
    }
    return flag(found);
}

static void add_quoted(struct strbuf *out, struct slice s)
{
    strbuf_addc(out, '"');
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];

        if (c == '"' || c == '\\')
            strbuf_addc(out, '\\');
        if (c < 32)
            strbuf_addf(out, "\\u%04x", c);
        else
            strbuf_addc(out, (char)c);
    }
    strbuf_addc(out, '"');
}

CALL(f_split)
{
    struct strbuf own[2] = {STRBUF_INIT, STRBUF_INIT};
    struct slice s = text_of(&arg[0], &own[0]), by = text_of(&arg[1], &own[1]);
    const char *hit;

    strbuf_addc(out, '[');
    while (by.len && (hit = memmem(s.ptr, s.len, by.ptr, by.len)) && out->len < MAX_MADE) {
        add_quoted(out, slice_of(s.ptr, (size_t)(hit - s.ptr)));
        strbuf_addc(out, ',');
        s = slice_of(hit + by.len, s.len - (size_t)(hit - s.ptr) - by.len);
    }
    add_quoted(out, s);
    strbuf_addc(out, ']');
    strbuf_release(&own[0]);
    strbuf_release(&own[1]);
    return arg[0].kind == VAL_MISSING ? missing() : map(out);
}

/* The value at the start of s, in quotes or up to a blank; s goes behind it. */
static void logfmt_value(struct slice *s, struct strbuf *out)
{
    bool quoted = s->len && s->ptr[0] == '"';
    size_t n = quoted;

    strbuf_addc(out, '"');
    for (; n < s->len && s->ptr[n] != (quoted ? '"' : ' '); n++) {
        unsigned char c = (unsigned char)s->ptr[n];

        if (quoted && c == '\\' && n + 1 < s->len) {
            strbuf_addc(out, '\\');
            c = (unsigned char)s->ptr[++n];
            if (c != '"' && c != '\\' && c != 'n' && c != 't')
                strbuf_addc(out, '\\');
        } else if (c == '"' || c == '\\') {
            strbuf_addc(out, '\\');
        }
        if (c < 32)
            strbuf_addf(out, "\\u%04x", c);
        else
            strbuf_addc(out, (char)c);
    }
    strbuf_addc(out, '"');
    n = MIN(n + quoted, s->len);
    *s = slice_of(s->ptr + n, s->len - n);
}

/* key=value key="value": a map; of `parse ... logfmt` */
CALL(f_logfmt)
{
    struct slice s = arg[0].str;
    bool any = false;

    if (arg[0].kind != VAL_STR)
        return missing();
    strbuf_addc(out, '{');
    while (s.len && out->len < MAX_MADE) {
        size_t n = 0;

        while (n < s.len && s.ptr[n] != ' ' && s.ptr[n] != '=')
            n++;
        if (n && n < s.len && s.ptr[n] == '=') {
            strbuf_adds(out, any ? "," : "");
            add_quoted(out, slice_of(s.ptr, n));
            strbuf_addc(out, ':');
            s = slice_of(s.ptr + n + 1, s.len - n - 1);
            logfmt_value(&s, out);
            any = true;
        } else {
            n += n < s.len;
            s = slice_of(s.ptr + n, s.len - n);
        }
    }
    strbuf_addc(out, '}');
    return any ? map(out) : missing();
}

/* The n-th value between commas; of `parse ... csv` */
CALL(f_csv)
{
    struct slice s = arg[0].str, value = {NULL, 0};
    struct arena mem = {0};
    double n;

    if (arg[0].kind != VAL_STR || !val_number(arg[1], &n))
        return missing();
    for (; n >= 0; n--)
        if (!csv_next(&s, &mem, &value))
            break;
    if (n < 0 && value.ptr)
        strbuf_addsl(out, value);
    arena_release(&mem);
    return n < 0 ? made(out) : missing();
}

static const struct func json[] = {
    {"jsonParse", 1, 1, f_jsonparse, true},
    {"jsonStringify", 1, 1, f_jsonstringify, true},
    {"jsonArraySize", 1, 1, f_jsonarraysize, true},
    {"jsonArrayContains", 2, 2, f_jsonarraycontains, true},
    {"split", 2, 2, f_split, false},
    {"parseLogfmt", 1, 1, f_logfmt, false},
    {"csvValue", 2, 2, f_csv, false},
};

const struct func_table funcs_json = {json, ARRAY_LEN(json)};
