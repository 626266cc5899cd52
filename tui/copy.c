/* copy.c - records and views on their way out: to the clipboard and to files. */
#include <errno.h>
#include <stdio.h>

#include "app.h"
#include "text.h"

static void copied(struct app *a, const char *what)
{
    char n[FMT_LEN];

    if (a->effect.copy.len)
        app_say(a, "copied %s, %s bytes", what, fmt_count(n, a->effect.copy.len));
}

void copy_line(struct app *a)
{
    struct rowview *v = app_selected(a);

    strbuf_reset(&a->effect.copy);
    if (v)
        strbuf_addsl(&a->effect.copy, rowview_raw(v));
    copied(a, "the line");
}

void copy_cell(struct app *a)
{
    const char *field;
    struct slice value;

    strbuf_reset(&a->effect.copy);
    if (app_cell(a, &field, &value) && value.ptr)
        strbuf_addsl(&a->effect.copy, value);
    copied(a, "the value");
}

static void json_string(struct strbuf *out, struct slice s)
{
    uint32_t cp;

    strbuf_addc(out, '"');
    for (size_t i = 0; i < s.len;) {
        unsigned char c = (unsigned char)s.ptr[i];
        size_t n = c < 0x80 ? 1 : text_decode(s.ptr + i, s.len - i, &cp);

        if (n == 0) {
            strbuf_adds(out, "\xef\xbf\xbd");
            i++;
            continue;
        }
        if (c == '"' || c == '\\')
            strbuf_addf(out, "\\%c", c);
        else if (c < 0x20)
            strbuf_addf(out, "\\u%04x", c);
        else
            strbuf_add(out, s.ptr + i, n);
        i += n;
    }
    strbuf_addc(out, '"');
}

static void json_pair(struct strbuf *out, const char *name, struct slice value, bool number)
{
    strbuf_addc(out, ',');
    json_string(out, slice_str(name));
    strbuf_addc(out, ':');
    if (number)
        strbuf_addsl(out, value);
    else
        json_string(out, value);
}

void record_json(struct rowview *v, struct strbuf *out)
{
    struct logtype *lt = v->seg->lt;
    char when[40];
    int64_t n;

    format_iso8601(v->seg->ts[v->row], when);
    strbuf_addf(out, "{\"@timestamp\":\"%s\",\"@logtype\":\"%s\"", when, lt->fmt->name);
    json_pair(out, "@file", slice_str(v->src ? v->src->name : ""), false);
    strbuf_addf(out, ",\"@line\":%llu", (unsigned long long)rowview_line(v));
    if (v->seg->reason && v->seg->reason[v->row])
        json_pair(out, "@unparsed", slice_str(reason_text(v->seg->reason[v->row])), false);
    json_pair(out, "@message", rowview_raw(v), false);
    for (unsigned f = 0; f < atomic_load(&lt->n_fields); f++) {
        const struct field_def *d = lt->field[f];
        struct slice s;

        if (d->flags & FF_DERIVED)
            continue;
        s = rowview_field(v, (int)f);
        if (!value_missing(s))
            json_pair(out, d->name, s,
                      d->kind == FK_NUM && !(d->flags & FF_ID) && field_number(d, s, &n) &&
                          (s.ptr[0] != '0' || s.len == 1 || s.ptr[1] == '.'));
    }
    strbuf_adds(out, "}");
}

void copy_json(struct app *a)
{
    struct rowview *v = app_selected(a);

    strbuf_reset(&a->effect.copy);
    if (v)
        record_json(v, &a->effect.copy);
    copied(a, "the record as JSON");
}

static void shell_quote(struct strbuf *out, const char *s)
{
    strbuf_addc(out, '\'');
    for (; *s; s++) {
        if (*s == '\'')
            strbuf_adds(out, "'\\''");
        else
            strbuf_addc(out, *s);
    }
    strbuf_addc(out, '\'');
}

void copy_view(struct app *a)
{
    struct strbuf filter = STRBUF_INIT;

    strbuf_reset(&a->effect.copy);
    place_filter(app_place(a), &filter);
    strbuf_adds(&a->effect.copy, "awl query ");
    shell_quote(&a->effect.copy, filter.buf);
    strbuf_addf(&a->effect.copy, "%s", a->command);
    strbuf_release(&filter);
    copied(a, "the view as a command");
}

struct writing {
    struct app *app;
    FILE *file;
    bool json;
    uint64_t rows;
};

static bool write_row(void *ctx, struct rowref ref)
{
    struct writing *w = ctx;
    struct rowview *v = &w->app->row;

    rowview_at(v, w->app->answer->rows->snap->seg[ref.seg], ref.row);
    strbuf_reset(&w->app->cell);
    if (w->json)
        record_json(v, &w->app->cell);
    else
        strbuf_addsl(&w->app->cell, rowview_raw(v));
    strbuf_addc(&w->app->cell, '\n');
    w->rows++;
    return fwrite(w->app->cell.buf, 1, w->app->cell.len, w->file) == w->app->cell.len;
}

void write_view(struct app *a, const char *path)
{
    struct writing w = {.app = a, .json = slice_ends(slice_str(path), ".json")};
    char n[FMT_LEN];
    int bad;

    if (!app_rows(a))
        return;
    w.file = fopen(path, "wx");
    if (!w.file) {
        app_complain(a, "%s: %s", path, strerror(errno));
        return;
    }
    order_each(a->answer->rows, write_row, &w);
    bad = ferror(w.file);
    bad |= fclose(w.file);
    if (bad)
        app_complain(a, "%s: %s", path, strerror(errno));
    else
        app_say(a, "wrote %s records to %s", fmt_count(n, w.rows), path);
}
