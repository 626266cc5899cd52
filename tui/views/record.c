/* record.c - every field of the selected record with its value and meaning, the explanation on
 * top. The explanation scrolls with the fields; the cursor stands on fields only. */
#include "../app.h"
#include "../text.h"
#include "../why.h"

/* What an engineer looks for first: 0 the statuses, 1 what goes with them, 2 the rest. */
static unsigned rank(const struct field_def *d)
{
    static const char *const names[] = {
        "error_reason",
        "x-edge-result-type",
        "x-edge-detailed-result-type",
        "x-edge-location",
        "target_ip",
        "backend_ip",
        "target_processing_time",
        "backend_processing_time",
        "action",
        "reject-reason",
    };

    if (d->flags & FF_STATUS)
        return 0;
    if (d->role == ROLE_PATH || d->role == FIELD_ERROR)
        return 1;
    for (unsigned i = 0; i < ARRAY_LEN(names); i++)
        if (strcmp(d->name, names[i]) == 0)
            return 1;
    return 2;
}

/* Field indices of the record that are worth a line: the telling ones, then the others in the
 * order of the log type. */
struct shown {
    unsigned n;
    uint16_t field[MAX_FIELDS];
};

static void choose(struct rowview *v, struct shown *s)
{
    struct logtype *lt = v->seg->lt;
    const struct record *rec = rowview_record(v);
    unsigned n = atomic_load(&lt->n_fields);

    s->n = 0;
    for (unsigned i = 0; i < 3 * n; i++) {
        unsigned f = i % n;

        if (!(lt->field[f]->flags & FF_COMPOSITE) && record_get(rec, f).ptr &&
            rank(lt->field[f]) == i / n)
            s->field[s->n++] = (uint16_t)f;
    }
}

/* Head lines of the pane: where the record stands, and the explanation. */
static int draw_head(struct app *a, struct grid *g, struct rect r, struct rowview *v, int skip)
{
    struct strbuf text = STRBUF_INIT;
    struct slice rest, line;
    char t[FMT_LEN];
    int y = r.y - skip;

    uint64_t number = rowview_line(v);
    int x = r.x + 1 +
            grid_putf(g, y, r.x + 1, r.w - 2, ROLE_DIM, "%s  %s  %s", v->seg->lt->fmt->title,
                      fmt_moment(t, a->zone, v->seg->ts[v->row]), v->src ? v->src->name : "?");
    if (number > 0)
        grid_putf(g, y, x, r.x + r.w - 1 - x, ROLE_DIM, ":%llu", (unsigned long long)number);
    y++;
    if (v->seg->reason && v->seg->reason[v->row]) {
        grid_putf(g, y++, r.x + 1, r.w - 2, ROLE_NOTICE, "not parsed: %s",
                  reason_text(v->seg->reason[v->row]));
    }
    why_record(v, &text);
    rest = strbuf_slice(&text);
    while (rest.len > 0 && text_wrap(&rest, g->ascii, (size_t)MAX(10, r.w - 2), &line))
        grid_put(g, y++, r.x + 1, line, r.w - 2, ROLE_NOTICE, 0);
    strbuf_release(&text);
    return y - (r.y - skip);
}

static void draw_field(struct app *a, struct grid *g, struct rect r, int y, struct rowview *v,
                       unsigned f, bool selected)
{
    const struct field_def *d = v->seg->lt->field[f];
    struct slice value = rowview_field(v, (int)f), decoded;
    int name_w = MIN(26, r.w / 3), x = r.x + 2 + name_w;
    int meaning_w = r.w >= 100 ? r.w * 2 / 5 : r.w >= 60 ? r.w / 4 : 0;
    int value_w = r.w - name_w - 3 - meaning_w;
    struct strbuf note = STRBUF_INIT;

    decoded = value_missing(value) ? SL("-") : field_decode(d, value, &a->cell);
    grid_puts(g, y, r.x + 1, d->name, name_w, ROLE_LABEL);
    grid_put(g, y, x, decoded, value_w - 1,
             value_missing(value)   ? ROLE_MISSING
             : d->flags & FF_STATUS ? status_role(value)
                                    : ROLE_VALUE,
             0);
    why_value(v->seg->lt, d, value, &note);
    if (meaning_w > 0)
        grid_put(g, y, x + value_w, note.len ? strbuf_slice(&note) : slice_str(d->meaning),
                 meaning_w - 1, note.len ? ROLE_NORMAL : ROLE_DIM, 0);
    strbuf_release(&note);
    if (selected)
        grid_paint(g, rect_of(y, r.x, 1, r.w), ROLE_SELECTION, 0);
}

/* A record without fields: the raw line, wrapped. */
static void draw_raw(struct grid *g, struct rect r, int y, struct rowview *v)
{
    struct slice raw = rowview_raw(v), line;

    raw.len = MIN(raw.len, (size_t)(r.w * r.h * 4));
    while (y < r.y + r.h && raw.len > 0 &&
           text_wrap(&raw, g->ascii, (size_t)MAX(10, r.w - 2), &line))
        grid_put(g, y++, r.x + 1, line, r.w - 2, ROLE_NORMAL, 0);
}

static void record_draw(struct app *a, struct grid *g, struct rect r)
{
    struct rowview *v = app_selected(a);
    struct record_pane *p = &a->record;
    struct shown s;
    int head;

    p->height = r.h;
    if (!v) {
        grid_puts(g, r.y, r.x + 1, "no record", r.w - 2, ROLE_DIM);
        return;
    }
    choose(v, &s);
    p->lines = s.n;
    p->at = s.n ? MIN(p->at, s.n - 1) : 0;
    head = draw_head(a, g, rect_of(r.y, r.x, r.h, r.w), v, (int)p->top);
    /* `top` counts screen lines, head included. */
    if (p->at == 0)
        p->top = 0;
    else if ((unsigned)head + p->at < p->top)
        p->top = (unsigned)head + p->at;
    else if ((unsigned)head + p->at >= p->top + (unsigned)r.h)
        p->top = (unsigned)head + p->at - (unsigned)r.h + 1;
    grid_fill(g, r, ROLE_NORMAL, 0);
    draw_head(a, g, r, v, (int)p->top);
    for (unsigned i = 0; i < s.n; i++) {
        int y = r.y + head + (int)i - (int)p->top;

        if (y >= r.y && y < r.y + r.h)
            draw_field(a, g, r, y, v, s.field[i], a->focus == VIEW_RECORD && i == p->at);
    }
    if (s.n == 0)
        draw_raw(g, r, r.y + head, v);
}

bool record_cell(struct app *a, const char **field, struct slice *value)
{
    struct rowview *v = app_selected(a);
    struct shown s;

    if (!v)
        return false;
    choose(v, &s);
    if (a->record.at >= s.n)
        return false;
    *field = v->seg->lt->field[s.field[a->record.at]]->name;
    *value = rowview_field(v, s.field[a->record.at]);
    return true;
}

static bool record_command(struct app *a, const struct key_match *m)
{
    if (m->cmd == CMD_COL_LEFT || m->cmd == CMD_COL_RIGHT) {
        list_move(&a->list, app_rows(a), m->cmd == CMD_COL_RIGHT ? m->count : -(int64_t)m->count);
        return true;
    }
    if (move_lines(m, &a->record.at, a->record.lines, a->record.height))
        return true;
    if (m->cmd == CMD_DRILL) {
        popup_explain(a);
        return true;
    }
    if (m->cmd == CMD_BACK) {
        a->maximised = false;
        a->focus = app_place(a)->view;
        return true;
    }
    if (m->cmd == CMD_UP && a->maximised) {
        a->maximised = false;
        a->focus = app_place(a)->view;
        return true;
    }
    return false;
}

static void record_caption(struct app *a, struct strbuf *out)
{
    strbuf_adds(out, a->focus == VIEW_RECORD ? "h l other records, + - filter, x explains" : "");
}

/* The folded screen's box: three lines that say what happened. */
void record_why(struct app *a, struct grid *g, struct rect r)
{
    struct rowview *v = app_selected(a);
    struct slice rest, line;
    struct strbuf text = STRBUF_INIT;
    int y = r.y + 1;

    grid_rule(g, r.y, r.x, r.w, SL("why"), ROLE_BORDER, ROLE_TITLE);
    if (!v)
        return;
    why_record(v, &text);
    if (text.len == 0)
        strbuf_addsl(&text, rowview_raw(v));
    rest = strbuf_slice(&text);
    while (y < r.y + r.h && rest.len > 0 &&
           text_wrap(&rest, g->ascii, (size_t)MAX(10, r.w - 2), &line)) {
        bool last = y == r.y + r.h - 1 && rest.len > 0;

        if (last) {
            /* What does not fit ends in an ellipsis. */
            line.len = (size_t)(rest.ptr + rest.len - line.ptr);
        }
        grid_put(g, y++, r.x + 1, line, r.w - 2, ROLE_NORMAL, 0);
    }
    strbuf_release(&text);
}

const struct view_class view_record = {
    .name = "record",
    .title = "record",
    .draw = record_draw,
    .command = record_command,
    .caption = record_caption,
};
