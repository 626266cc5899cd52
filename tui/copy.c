/* copy.c - records and views on their way to the clipboard. */
#include "app.h"
#include "output.h"

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

void copy_json(struct app *a)
{
    struct rowview *v = app_selected(a);

    strbuf_reset(&a->effect.copy);
    if (v) {
        output_record_json(v, &a->effect.copy);
        a->effect.copy.len--; /* the line feed */
    }
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

void write_view(struct app *a, const char *path)
{
    struct err e = {0};

    if (!app_rows(a))
        return;
    if (a->writer) {
        app_complain(a, "still writing; ^C stops it");
        return;
    }
    a->writer = writer_new(a->session, a->answer->rows, path, a->changed, a->changed_ctx, &e);
    if (!a->writer)
        app_complain(a, "%s", e.msg);
}
