/* popup.c - menus and texts above the panes: the explanation, the pivot menu. */
#include "app.h"
#include "text.h"
#include "why.h"
#include "xalloc.h"

#define PIVOT_AROUND (INT64_C(15) * 60 * 1000000)

void popup_close(struct app *a)
{
    for (unsigned i = 0; i < a->popup.n_item; i++) {
        free(a->popup.item[i].label);
        free(a->popup.item[i].expr);
    }
    a->popup.n_item = a->popup.at = 0;
    a->popup.open = false;
    strbuf_reset(&a->popup.text);
}

void popup_text(struct app *a, const char *title)
{
    a->popup.open = true;
    snprintf(a->popup.title, sizeof(a->popup.title), "%s", title);
}

/* --- explain --- */

void popup_explain(struct app *a)
{
    const char *field = NULL;
    struct slice value;
    struct rowview *v = app_selected(a);
    struct strbuf *out = &a->popup.text;

    if (!v) {
        app_say(a, "no record to explain");
        return;
    }
    popup_close(a);
    if (app_cell(a, &field, &value)) {
        struct logtype *lt = v->seg->lt;
        int f = logtype_lookup(lt, slice_str(field));

        strbuf_addf(out, "%s = ", field);
        strbuf_addsl(out, value_missing(value) ? SL("-") : value);
        strbuf_adds(out, "\n");
        if (f >= 0) {
            if (lt->field[f]->meaning)
                strbuf_addf(out, "%s\n", lt->field[f]->meaning);
            why_value_long(lt, lt->field[f], value, out);
        }
    }
    size_t before = out->len;
    strbuf_adds(out, "\n");
    why_record(v, out);
    if (out->len == before + 1)
        strbuf_adds(out, "Nothing out of the ordinary about this record.");
    strbuf_addf(out, "\n\n%s", v->seg->lt->fmt->doc_url ? v->seg->lt->fmt->doc_url : "");
    popup_text(a, "explain");
}

/* --- pivot --- */

static void add_item(struct app *a, const char *what, const char *field, struct slice value,
                     bool raw)
{
    struct popup *p = &a->popup;
    struct strbuf label = STRBUF_INIT, expr = STRBUF_INIT;

    if (value_missing(value) || p->n_item == POPUP_ITEMS)
        return;
    filter_test(&expr, raw ? "@message" : field, value, true);
    if (raw) {
        /* An id may stand in any field of another service's line: look for its text. */
        strbuf_reset(&expr);
        strbuf_addc(&expr, '"');
        strbuf_addsl(&expr, value);
        strbuf_addc(&expr, '"');
    }
    for (unsigned i = 0; i < p->n_item; i++) {
        if (strcmp(p->item[i].expr, expr.buf) == 0) {
            strbuf_release(&expr);
            return;
        }
    }
    strbuf_addf(&label, "%s ", what);
    strbuf_addsl(&label, value);
    p->item[p->n_item].key = (char)('1' + p->n_item);
    p->item[p->n_item].label = label.buf;
    p->item[p->n_item++].expr = expr.buf;
}

/* The Root=1-... part of an X-Amzn-Trace-Id is what other services log. */
static struct slice trace_root(struct slice id)
{
    const char *root = id.ptr ? memmem(id.ptr, id.len, "Root=", 5) : NULL;
    struct slice s;

    if (!root)
        return id;
    s = slice_of(root + 5, id.len - (size_t)(root + 5 - id.ptr));
    return slice_cut(&s, ';');
}

static struct slice named(struct rowview *v, const char *name)
{
    int f = logtype_lookup(v->seg->lt, slice_str(name));

    return f >= 0 ? rowview_field(v, f) : (struct slice){NULL, 0};
}

void popup_pivot(struct app *a)
{
    struct rowview *v = app_selected(a);

    if (!v) {
        app_say(a, "no record to pivot from");
        return;
    }
    popup_close(a);
    add_item(a, "client", "ip", rowview_role(v, FR_CLIENT_IP), false);
    add_item(a, "server", "ip", rowview_role(v, FR_SERVER_IP), false);
    add_item(a, "destination", "ip", named(v, "dstaddr"), false);
    add_item(a, "trace", "trace_id", trace_root(rowview_role(v, FR_TRACE_ID)), true);
    add_item(a, "request", "request_id", rowview_role(v, FR_REQUEST_ID), true);
    add_item(a, "edge request", "x-edge-request-id", named(v, "x-edge-request-id"), true);
    add_item(a, "principal", "principal", rowview_role(v, FR_PRINCIPAL), false);
    add_item(a, "path", "path", rowview_role(v, FR_PATH), false);
    add_item(a, "user agent", "user_agent", rowview_role(v, FR_USER_AGENT), false);
    if (a->popup.n_item == 0) {
        app_say(a, "this record has no address or id to follow");
        return;
    }
    strbuf_adds(&a->popup.text, "Enter: in all logs, 15 minutes either side; "
                                "a: in all logs, all of the time; +: within this filter");
    popup_text(a, "same in all logs");
}

enum pivot_kind { PIVOT_AROUND_15, PIVOT_ALL, PIVOT_WITHIN };

static void pivot(struct app *a, enum pivot_kind kind)
{
    char *expr = xstrdup(a->popup.item[a->popup.at].expr);
    int64_t ts = a->list.cursor.ts;
    struct place *p;

    popup_close(a);
    p = app_push(a);
    if (kind != PIVOT_WITHIN)
        place_cut(p, 0);
    if (kind == PIVOT_AROUND_15)
        place_add_zoom(p, ts - PIVOT_AROUND, ts + PIVOT_AROUND + 1);
    place_add(p, expr, NULL);
    p->view = VIEW_RECORDS;
    p->level = 0;
    a->maximised = false;
    app_arrive(a);
    a->list.stick = STICK_NONE;
    free(expr);
}

static bool pivot_key(struct app *a, struct key key)
{
    struct popup *p = &a->popup;

    if (key.mods)
        return false;
    if (key.code == 'j' || key.code == KC_DOWN)
        p->at = MIN(p->at + 1, p->n_item - 1);
    else if (key.code == 'k' || key.code == KC_UP)
        p->at -= p->at > 0;
    else if (key.code == KC_ENTER)
        pivot(a, PIVOT_AROUND_15);
    else if (key.code == 'a')
        pivot(a, PIVOT_ALL);
    else if (key.code == '+')
        pivot(a, PIVOT_WITHIN);
    else if (key.code >= '1' && key.code < '1' + p->n_item) {
        p->at = key.code - '1';
        pivot(a, PIVOT_AROUND_15);
    } else
        return false;
    return true;
}

bool popup_key(struct app *a, struct key key)
{
    if (!a->popup.open)
        return false;
    if (a->popup.n_item > 0 && pivot_key(a, key))
        return true;
    popup_close(a);
    return true;
}

/* --- drawing --- */

static int text_lines(const struct app *a, const struct grid *g, int w)
{
    struct slice rest = strbuf_slice(&a->popup.text), line;
    int n = 0;

    while (rest.len > 0 && text_wrap(&rest, g->ascii, (size_t)w, &line))
        n++;
    return n;
}

void popup_draw(struct app *a, struct grid *g)
{
    struct popup *p = &a->popup;
    int w = MIN(g->w - 4, 96), lines, h, y;
    struct slice rest, line;
    struct rect r;

    if (!p->open)
        return;
    lines = text_lines(a, g, w - 4);
    h = MIN(g->h - 2, lines + (int)p->n_item + 2 + (p->n_item ? 1 : 0));
    r = rect_of((g->h - h) / 2, (g->w - w) / 2, h, w);
    grid_fill(g, r, ROLE_POPUP, 0);
    grid_box(g, r, slice_str(p->title), ROLE_POPUP_DIM, ROLE_POPUP_TITLE);
    y = r.y + 1;
    for (unsigned i = 0; i < p->n_item && y < r.y + h - 1; i++, y++) {
        grid_putf(g, y, r.x + 2, w - 4, ROLE_POPUP, "%c  %s", p->item[i].key, p->item[i].label);
        if (i == p->at)
            grid_paint(g, rect_of(y, r.x + 1, 1, w - 2), ROLE_POPUP_SEL, 0);
    }
    y += p->n_item ? 1 : 0;
    rest = strbuf_slice(&p->text);
    while (y < r.y + h - 1 && rest.len > 0 && text_wrap(&rest, g->ascii, (size_t)(w - 4), &line))
        grid_put(g, y++, r.x + 2, line, w - 4, p->n_item ? ROLE_POPUP_DIM : ROLE_POPUP, 0);
}

/* --- the cell under the cursor --- */

struct rowview *app_selected(struct app *a)
{
    struct rowref ref;

    if (!a->answer || !list_selected(&a->list, &ref))
        return NULL;
    rowview_at(&a->row, a->answer->rows->snap->seg[ref.seg], ref.row);
    return &a->row;
}

bool app_cell(struct app *a, const char **field, struct slice *value)
{
    if (a->focus == VIEW_FIELDS)
        return fields_cell(a, field, value);
    if (a->focus == VIEW_RECORD)
        return record_cell(a, field, value);
    return a->focus == VIEW_RECORDS && records_cell(a, field, value);
}
