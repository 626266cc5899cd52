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

/* The filter and what makes the view of it, as one query. */
static void view_query(struct app *a, struct strbuf *out)
{
    const struct view_class *view = view_class(app_place(a)->view);
    struct strbuf commands = STRBUF_INIT;

    place_filter(app_place(a), out);
    if (view->query)
        view->query(a, &commands);
    if (commands.len && out->len)
        strbuf_adds(out, " | ");
    strbuf_addsl(out, strbuf_slice(&commands));
    strbuf_release(&commands);
}

void copy_view(struct app *a)
{
    struct strbuf query = STRBUF_INIT;

    strbuf_reset(&a->effect.copy);
    if (app_place(a)->view == VIEW_SOURCES) {
        strbuf_adds(&a->effect.copy, "awl sources");
    } else {
        strbuf_adds(&a->effect.copy, "awl query ");
        view_query(a, &query);
        shell_quote(&a->effect.copy, query.buf);
    }
    strbuf_adds(&a->effect.copy, a->command);
    strbuf_release(&query);
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
