/* output.c - see output.h. UTF-8 is checked once here, by the table of RFC 3629. */
#include "output.h"

#include <math.h>
#include <stdio.h>
#include <wchar.h>

#include "json.h"
#include "membudget.h"
#include "xalloc.h"

#define STEP (1u << 20)
#define CELL_BYTES 24  /* of a kept cell, beside its text */
#define MAX_NESTING 64 /* of JSON that is written again; what is deeper is a string */

struct output {
    enum output_format f;
    char **name;
    unsigned n_col;
    output_sink sink;
    void *ctx;
    struct strbuf line;
    char **cell; /* table, md: all cells, row by row */
    size_t n_cell, cap_cell, cell_bytes;
    struct memlease memory; /* of the cells; grows by STEP */
    bool *number;           /* a column of numbers is set to the right */
    bool listening;
};

enum output_format output_format_by_name(const char *name)
{
    static const char *const names[] = {
#define X(id, text) text,
        OUTPUT_FORMATS(X)
#undef X
    };
    unsigned i;

    for (i = 0; i < ARRAY_LEN(names) && strcmp(names[i], name) != 0;)
        i++;
    return (enum output_format)i;
}

/* Length of the well-formed UTF-8 sequence at p, 0 if there is none. */
static size_t utf8_length(const unsigned char *p, size_t n)
{
    size_t len = p[0] < 0x80 ? 1 : p[0] < 0xC2 ? 0 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;

    if (len == 0 || p[0] > 0xF4 || len > n)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F) ||
        (p[0] == 0xF0 && p[1] < 0x90) || (p[0] == 0xF4 && p[1] > 0x8F))
        return 0;
    return len;
}

void json_string(struct strbuf *sb, struct slice s)
{
    strbuf_addc(sb, '"');
    for (size_t i = 0; i < s.len;) {
        unsigned char c = (unsigned char)s.ptr[i];
        size_t n = utf8_length((const unsigned char *)s.ptr + i, s.len - i);

        if (c == '"' || c == '\\')
            strbuf_addf(sb, "\\%c", c);
        else if (c == '\n')
            strbuf_adds(sb, "\\n");
        else if (c == '\t')
            strbuf_adds(sb, "\\t");
        else if (c == '\r')
            strbuf_adds(sb, "\\r");
        else if (c < 0x20 || c == 0x7f)
            strbuf_addf(sb, "\\u%04x", c);
        else if (n == 0)
            strbuf_adds(sb, "\xEF\xBF\xBD");
        else
            strbuf_add(sb, s.ptr + i, n);
        i += n ? n : 1;
    }
    strbuf_addc(sb, '"');
}

void json_number(struct strbuf *sb, double x)
{
    char buf[40];

    if (!isfinite(x)) {
        strbuf_adds(sb, "null");
        return;
    }
    if (x == nearbyint(x) && fabs(x) < 1e15) {
        strbuf_addf(sb, "%.0f", x == 0 ? 0.0 : x);
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(buf, sizeof(buf), "%.*g", digits, x);
        if (strtod(buf, NULL) == x)
            break;
    }
    strbuf_adds(sb, buf);
}

/* A number that JSON would take as it stands: no sign but "-", no leading zero, no bare point. */
static bool is_json_number(struct slice s)
{
    size_t i = s.len && s.ptr[0] == '-', from = i;

    while (i < s.len && s.ptr[i] >= '0' && s.ptr[i] <= '9')
        i++;
    if (i == from || (s.ptr[from] == '0' && i > from + 1))
        return false;
    if (i < s.len && s.ptr[i] == '.') {
        from = ++i;
        while (i < s.len && s.ptr[i] >= '0' && s.ptr[i] <= '9')
            i++;
        if (i == from)
            return false;
    }
    if (i < s.len && (s.ptr[i] == 'e' || s.ptr[i] == 'E')) {
        i += i + 1 < s.len && (s.ptr[i + 1] == '-' || s.ptr[i + 1] == '+') ? 2 : 1;
        from = i;
        while (i < s.len && s.ptr[i] >= '0' && s.ptr[i] <= '9')
            i++;
        if (i == from)
            return false;
    }
    return i == s.len;
}

/* As it was written where JSON can say that: no digit of a log is changed or lost. */
static void add_number(struct strbuf *sb, double x, struct slice written)
{
    if (is_json_number(written))
        strbuf_addsl(sb, written);
    else
        json_number(sb, x);
}

void visible_text(struct strbuf *sb, struct slice s)
{
    for (size_t i = 0; i < s.len;) {
        const unsigned char *p = (const unsigned char *)s.ptr + i;
        size_t n = utf8_length(p, s.len - i);
        /* C1 controls, and the characters that turn the direction of text */
        bool hidden = n == 2 && p[0] == 0xC2 && p[1] < 0xA0;

        hidden |=
            n == 3 && p[0] == 0xE2 &&
            ((p[1] == 0x80 && ((p[2] >= 0x8B && p[2] <= 0x8F) || (p[2] >= 0xA8 && p[2] <= 0xAE))) ||
             (p[1] == 0x81 && p[2] >= 0xA0 && p[2] <= 0xAF));
        if (n == 0 || p[0] < 0x20 || p[0] == 0x7f || hidden) {
            n = n ? n : 1;
            for (size_t k = 0; k < n; k++)
                strbuf_addf(sb, "\\x%02x", p[k]);
        } else {
            strbuf_add(sb, p, n);
        }
        i += n;
    }
}

/* --- rows --- */

static bool send(struct output *o)
{
    if (o->listening && o->line.len)
        o->listening = o->sink(o->ctx, o->line.buf, o->line.len);
    strbuf_reset(&o->line);
    return o->listening;
}

static void add_csv(struct strbuf *sb, struct slice s)
{
    bool quote = false;

    for (size_t i = 0; i < s.len; i++)
        quote |= s.ptr[i] == '"' || s.ptr[i] == ',' || s.ptr[i] == '\n' || s.ptr[i] == '\r';
    if (!quote) {
        strbuf_addsl(sb, s);
        return;
    }
    strbuf_addc(sb, '"');
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '"')
            strbuf_addc(sb, '"');
        strbuf_addc(sb, s.ptr[i]);
    }
    strbuf_addc(sb, '"');
}

static void add_tsv(struct strbuf *sb, struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        switch (s.ptr[i]) {
        case '\t':
            strbuf_adds(sb, "\\t");
            break;
        case '\n':
            strbuf_adds(sb, "\\n");
            break;
        case '\r':
            strbuf_adds(sb, "\\r");
            break;
        case '\\':
            strbuf_adds(sb, "\\\\");
            break;
        default:
            strbuf_addc(sb, s.ptr[i]);
        }
    }
}

static void add_separated(struct output *o, unsigned col, struct slice s)
{
    if (col)
        strbuf_addc(&o->line, o->f == OUTPUT_CSV ? ',' : o->f == OUTPUT_TSV ? '\t' : ' ');
    if (o->f == OUTPUT_CSV)
        add_csv(&o->line, s);
    else if (o->f == OUTPUT_TSV)
        add_tsv(&o->line, s);
    else
        strbuf_addsl(&o->line, s);
}

struct output *output_new(enum output_format f, const char *const *name, unsigned n_col,
                          output_sink sink, void *ctx)
{
    struct output *o = xcalloc(1, sizeof(*o));

    o->f = f;
    o->n_col = n_col;
    o->sink = sink;
    o->ctx = ctx;
    o->listening = true;
    o->memory.use = MEMORY_ROWS;
    o->name = xcalloc(n_col, sizeof(*o->name));
    o->number = xcalloc(n_col, sizeof(*o->number));
    for (unsigned i = 0; i < n_col; i++) {
        o->name[i] = xstrdup(name[i]);
        o->number[i] = true;
        if (f == OUTPUT_CSV || f == OUTPUT_TSV)
            add_separated(o, i, slice_str(name[i]));
    }
    if (f == OUTPUT_CSV || f == OUTPUT_TSV)
        strbuf_addc(&o->line, '\n');
    return o;
}

/* A bar would end the cell of a Markdown table. */
static void escape_bars(struct strbuf *cell)
{
    struct strbuf plain = *cell;

    *cell = (struct strbuf)STRBUF_INIT;
    for (size_t i = 0; i < plain.len; i++) {
        if (plain.buf[i] == '|')
            strbuf_addc(cell, '\\');
        strbuf_addc(cell, plain.buf[i]);
    }
    strbuf_release(&plain);
}

static void keep_cell(struct output *o, unsigned col, const struct val *v, struct strbuf *text)
{
    struct strbuf cell = STRBUF_INIT;

    o->number[col] &= v->kind == VAL_NUM || v->kind == VAL_BOOL || v->kind == VAL_MISSING;
    visible_text(&cell, strbuf_slice(text));
    if (o->f == OUTPUT_MD)
        escape_bars(&cell);
    o->cell_bytes += cell.cap + CELL_BYTES;
    if (o->cell_bytes > o->memory.held)
        memlease_force(&o->memory, o->cell_bytes + STEP);
    GROW(o->cell, o->cap_cell, o->n_cell + 1);
    o->cell[o->n_cell++] = cell.buf ? cell.buf : xstrdup("");
}

static void add_json(struct strbuf *sb, struct slice raw, struct arena *mem, unsigned depth);

static void json_cell(struct output *o, const struct val *v, struct slice json, struct strbuf *text)
{
    struct arena mem = {0};

    if (json.ptr) {
        add_json(&o->line, json, &mem, 0);
        arena_release(&mem);
    } else if (v->kind == VAL_NUM || v->kind == VAL_BOOL ||
               (v->kind == VAL_TIME && is_json_number(v->str))) { /* seconds since 1970 */
        add_number(&o->line, v->num, v->str);
    } else {
        strbuf_reset(text);
        val_print(*v, text);
        json_string(&o->line, strbuf_slice(text));
    }
}

static void json_row(struct output *o, const struct val *v, const struct slice *json,
                     struct strbuf *text)
{
    bool any = false;

    strbuf_addc(&o->line, '{');
    for (unsigned i = 0; i < o->n_col; i++) {
        if (v[i].kind == VAL_MISSING)
            continue;
        if (any)
            strbuf_addc(&o->line, ',');
        any = true;
        json_string(&o->line, slice_str(o->name[i]));
        strbuf_addc(&o->line, ':');
        json_cell(o, &v[i], json ? json[i] : slice_of(NULL, 0), text);
    }
    strbuf_adds(&o->line, "}\n");
}

bool output_row(struct output *o, const struct val *v)
{
    return output_row_of_json(o, v, NULL);
}

bool output_row_of_json(struct output *o, const struct val *v, const struct slice *json)
{
    struct strbuf text = STRBUF_INIT;

    if (o->f == OUTPUT_JSON)
        json_row(o, v, json, &text);
    for (unsigned i = 0; i < o->n_col && o->f != OUTPUT_JSON; i++) {
        strbuf_reset(&text);
        val_print(v[i], &text);
        if (o->f == OUTPUT_TABLE || o->f == OUTPUT_MD)
            keep_cell(o, i, &v[i], &text);
        else
            add_separated(o, i, strbuf_slice(&text));
    }
    if (o->f == OUTPUT_CSV || o->f == OUTPUT_TSV || o->f == OUTPUT_RAW)
        strbuf_addc(&o->line, '\n');
    strbuf_release(&text);
    return o->line.len < 65536 || send(o);
}

/* Columns of a text that visible_text() made, hence well-formed. */
static size_t shown_width(const char *s)
{
    const unsigned char *p = (const unsigned char *)s;
    size_t width = 0;

    while (*p) {
        wchar_t c = *p < 0x80 ? *p : *p & (0xFF >> (*p < 0xE0 ? 3 : *p < 0xF0 ? 4 : 5));
        int w;

        for (p++; (*p & 0xC0) == 0x80; p++)
            c = (wchar_t)(c << 6 | (*p & 0x3F));
        w = c < 0x80 ? 1 : wcwidth(c);
        width += w < 0 ? 1 : (size_t)w;
    }
    return width;
}

static void pad(struct strbuf *sb, size_t n)
{
    while (n-- > 0)
        strbuf_addc(sb, ' ');
}

static void table_line(struct output *o, char *const *cell, const size_t *width)
{
    bool md = o->f == OUTPUT_MD;

    for (unsigned i = 0; i < o->n_col; i++) {
        size_t gap = width[i] - shown_width(cell[i]);

        strbuf_adds(&o->line, md ? "| " : i ? "  " : "");
        if (o->number[i])
            pad(&o->line, gap);
        strbuf_adds(&o->line, cell[i]);
        if (!o->number[i] && (md || i + 1 < o->n_col))
            pad(&o->line, gap);
        strbuf_adds(&o->line, md ? " " : "");
    }
    strbuf_adds(&o->line, md ? "|\n" : "\n");
    if (o->line.len > 65536)
        send(o);
}

static void write_table(struct output *o)
{
    size_t *width = xcalloc(o->n_col, sizeof(*width));

    for (unsigned i = 0; i < o->n_col; i++)
        width[i] = MAX(shown_width(o->name[i]), (size_t)(o->f == OUTPUT_MD ? 3 : 0));
    for (size_t k = 0; k < o->n_cell; k++)
        width[k % o->n_col] = MAX(width[k % o->n_col], shown_width(o->cell[k]));
    table_line(o, o->name, width);
    for (unsigned i = 0; i < o->n_col && o->f == OUTPUT_MD; i++) {
        strbuf_adds(&o->line, "| ");
        for (size_t k = 0; k + 1 < width[i]; k++)
            strbuf_addc(&o->line, '-');
        strbuf_adds(&o->line, o->number[i] ? ": " : "- ");
    }
    if (o->f == OUTPUT_MD)
        strbuf_adds(&o->line, "|\n");
    for (size_t k = 0; k < o->n_cell && o->listening; k += o->n_col)
        table_line(o, o->cell + k, width);
    free(width);
}

bool output_end(struct output *o)
{
    bool listening;

    if ((o->f == OUTPUT_TABLE || o->f == OUTPUT_MD) && o->n_cell)
        write_table(o);
    send(o);
    listening = o->listening;
    for (unsigned i = 0; i < o->n_col; i++)
        free(o->name[i]);
    for (size_t i = 0; i < o->n_cell; i++)
        free(o->cell[i]);
    free(o->cell);
    memlease_release(&o->memory);
    free(o->name);
    free(o->number);
    strbuf_release(&o->line);
    free(o);
    return listening;
}

/* --- whole records --- */

static void member(struct strbuf *sb, const char *name)
{
    if (sb->len > 1)
        strbuf_addc(sb, ',');
    json_string(sb, slice_str(name));
    strbuf_addc(sb, ':');
}

static void add_value(struct strbuf *sb, const char *name, const struct field_def *f,
                      struct slice raw)
{
    struct val v = text_val(f, raw);

    if (v.kind == VAL_MISSING)
        return;
    member(sb, name);
    if (v.kind == VAL_NUM)
        add_number(sb, v.num, raw);
    else if (v.kind == VAL_TIME && is_json_number(raw))
        strbuf_addsl(sb, raw); /* seconds since 1970 */
    else
        json_string(sb, raw);
}

static void add_pseudo(struct strbuf *sb, const char *name, struct rowview *v,
                       enum pseudo_field pseudo)
{
    struct field_ref ref = {.pseudo = pseudo};
    struct strbuf text = STRBUF_INIT;
    struct val x = rowview_value(v, &ref);

    if (x.kind == VAL_MISSING)
        return;
    member(sb, name);
    if (x.kind == VAL_NUM) {
        json_number(sb, x.num);
    } else {
        val_print(x, &text);
        json_string(sb, strbuf_slice(&text));
    }
    strbuf_release(&text);
}

/* A JSON value again, on one line and by the grammar, whatever the log had. */
static void add_json(struct strbuf *sb, struct slice raw, struct arena *mem, unsigned depth)
{
    enum json_kind kind = json_kind(raw);
    struct json_member m;
    struct slice value;
    char sep = 0;

    if ((kind == JSON_OBJECT || kind == JSON_ARRAY) && depth < MAX_NESTING) {
        strbuf_addc(sb, raw.ptr[0]);
        while (kind == JSON_OBJECT ? json_next_member(&raw, &m) : json_next_element(&raw, &value)) {
            if (sep)
                strbuf_addc(sb, sep);
            sep = ',';
            if (kind == JSON_OBJECT) {
                json_string(sb, json_unescape(m.key, mem));
                strbuf_addc(sb, ':');
                value = m.value;
            }
            add_json(sb, value, mem, depth + 1);
        }
        strbuf_addc(sb, kind == JSON_OBJECT ? '}' : ']');
    } else if (kind == JSON_NUMBER && is_json_number(raw)) {
        strbuf_addsl(sb, raw);
    } else if (slice_is(raw, "null") || slice_is(raw, "true") || slice_is(raw, "false")) {
        strbuf_addsl(sb, raw);
    } else {
        json_string(sb, json_text(raw, mem));
    }
}

/* The members of the record as the log has them; nothing and false if they cannot be read so to
 * their end, which a type may have done with rules of its own. A comma too many is none. */
static bool add_original(struct strbuf *sb, struct slice object)
{
    size_t before = sb->len;
    struct arena mem = {0};
    struct json_member m;

    while (json_next_member(&object, &m)) {
        if (sb->len > 1)
            strbuf_addc(sb, ',');
        json_string(sb, json_unescape(m.key, &mem));
        strbuf_addc(sb, ':');
        add_json(sb, m.value, &mem, 0);
    }
    arena_release(&mem);
    while (object.ptr && object.len && strchr(" ,}", object.ptr[object.len - 1]))
        object.len--;
    if (!object.ptr || !object.len)
        return true;
    sb->len = before;
    return false;
}

static void add_fields(struct strbuf *sb, struct rowview *v)
{
    const struct record *rec = rowview_record(v);
    struct logtype *lt = v->seg->lt;
    unsigned n = MIN(rec->n_val, atomic_load(&lt->n_fields));

    for (unsigned f = 0; f < n; f++)
        if (!(lt->field[f]->flags & (FF_DERIVED | FF_COMPOSITE)))
            add_value(sb, lt->field[f]->name, lt->field[f], rec->val[f]);
}

void output_record_json(struct rowview *v, struct strbuf *sb)
{
    bool bad = segment_reason(v->seg, v->row) != REASON_NONE;

    strbuf_reset(sb);
    strbuf_addc(sb, '{');
    add_pseudo(sb, "@timestamp", v, PF_TIMESTAMP);
    add_pseudo(sb, "@logtype", v, PF_LOGTYPE);
    if (bad || !v->seg->lt->fmt->json || !is_json_object(rowview_raw(v)) ||
        !add_original(sb, slice_trim(rowview_raw(v))))
        add_fields(sb, v);
    add_pseudo(sb, "@unparsed", v, PF_UNPARSED);
    add_pseudo(sb, "@source", v, PF_SOURCE);
    add_pseudo(sb, "@file", v, PF_FILE);
    add_pseudo(sb, "@line", v, PF_LINE);
    add_pseudo(sb, "@record", v, PF_RECORD);
    add_pseudo(sb, "@message", v, PF_MESSAGE);
    strbuf_adds(sb, "}\n");
}
