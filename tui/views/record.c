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
    if (d->role == FR_PATH || d->role == FR_ERROR)
        return 1;
    for (unsigned i = 0; i < ARRAY_LEN(names); i++)
        if (strcmp(d->name, names[i]) == 0)
            return 1;
    return 2;
}

/* A learned member of a JSON object that is shown as a tree has its line there. */
static bool in_tree(const struct logtype *lt, const struct record *rec, unsigned f)
{
    const char *name = lt->field[f]->name;

    for (const char *dot = strchr(name, '.'); f >= lt->n_static && dot;
         dot = strchr(dot + 1, '.')) {
        struct slice value = {NULL, 0};
        int parent =
            logtype_field((struct logtype *)lt, slice_of(name, (size_t)(dot - name)), false);

        if (parent >= 0)
            value = record_get(rec, (unsigned)parent);
        if (value.len && (value.ptr[0] == '{' || value.ptr[0] == '['))
            return true;
    }
    return false;
}

/* A derived value that is absent, or what is shown of its base anyway. */
static bool says_nothing_new(struct app *a, struct rowview *v, const struct field_def *d,
                             struct slice value)
{
    struct slice base = rowview_field(v, d->from);

    return !value.ptr || slice_eq(value, base) ||
           slice_eq(value, field_decode(v->seg->lt->field[d->from], base, &a->cell));
}

/* The lines of the record: the telling fields, then the others in the order of the log type. */
static struct tree *lines_of(struct app *a, struct rowview *v)
{
    struct tree *t = &a->record.tree;
    const struct record *rec = rowview_record(v);
    struct logtype *lt = v->seg->lt;
    unsigned n = atomic_load(&lt->n_fields);

    tree_clear(t);
    for (unsigned i = 0; i < 3 * n; i++) {
        unsigned f = i % n;
        const struct field_def *d = lt->field[f];
        struct slice value;

        if ((d->flags & FF_COMPOSITE) || (!d->derive && !record_get(rec, f).ptr) ||
            rank(d) != i / n || in_tree(lt, rec, f))
            continue;
        value = rowview_field(v, (int)f);
        if (d->derive && says_nothing_new(a, v, d, value))
            continue;
        tree_add(t, &a->record.folds, (int)f, d->name, value);
    }
    return t;
}

/* Head lines of the pane: where the record stands, and the explanation. */
static int draw_head(struct app *a, struct grid *g, struct rect r, struct rowview *v, int skip)
{
    struct strbuf text = STRBUF_INIT;
    struct slice rest, line;
    char t[FMT_LEN];
    int y = r.y - skip;

    uint64_t number = rowview_line(v);
    int x =
        r.x + 1 +
        grid_putf(g, y, r.x + 1, r.w - 2, ROLE_DIM, "%s  %s  %s", v->seg->lt->fmt->title,
                  fmt_moment(t, a->zone, segment_ts(v->seg, v->row)), v->src ? v->src->name : "?");
    if (number > 0)
        grid_putf(g, y, x, r.x + r.w - 1 - x, ROLE_DIM, ":%llu", (unsigned long long)number);
    y++;
    why_record(v, &text);
    rest = strbuf_slice(&text);
    while (rest.len > 0 && text_wrap(&rest, g->ascii, (size_t)MAX(10, r.w - 2), &line))
        grid_put(g, y++, r.x + 1, line, r.w - 2, ROLE_NOTICE, 0);
    strbuf_release(&text);
    return y - (r.y - skip);
}

static const struct tree_line *line_at(struct app *a, struct rowview *v)
{
    const struct tree *t = lines_of(a, v);

    return a->record.at < t->n ? &t->line[a->record.at] : NULL;
}

static void draw_label(struct grid *g, int y, int x, int w, const struct tree_line *l)
{
    int in = 2 * (int)MIN(l->depth, (unsigned)w / 4);

    if (l->fold != FOLD_NONE)
        grid_glyph(g, y, x + in, l->fold == FOLD_OPEN ? GLYPH_DOWN : GLYPH_CURSOR, ROLE_DIM);
    if (l->fold != FOLD_NONE || l->depth)
        in += 2;
    grid_put(g, y, x + in, l->label, w - in, ROLE_LABEL, 0);
}

/* What a value means, on the right; what is below a folded one says enough by itself. */
static void draw_meaning(struct grid *g, int y, int x, int w, struct rowview *v,
                         const struct tree_line *l)
{
    const struct field_def *d = v->seg->lt->field[l->field];
    struct strbuf note = STRBUF_INIT;

    if (l->depth || w <= 0)
        return;
    why_value(v->seg->lt, d, l->value, &note);
    grid_put(g, y, x, note.len ? strbuf_slice(&note) : slice_str(d->meaning), w - 1,
             note.len ? ROLE_NORMAL : ROLE_DIM, 0);
    strbuf_release(&note);
}

static void draw_line(struct app *a, struct grid *g, struct rect r, int y, struct rowview *v,
                      const struct tree_line *l, bool selected)
{
    const struct field_def *d = v->seg->lt->field[l->field];
    bool missing = l->depth ? !l->value.ptr : value_missing(l->value);
    struct slice value = missing ? SL("-") : l->value;
    int name_w = MIN(26, r.w / 3) + 2 * (int)MIN(l->depth, 4u), x = r.x + 2 + name_w;
    int meaning_w = l->depth ? 0 : r.w >= 100 ? r.w * 2 / 5 : r.w >= 60 ? r.w / 4 : 0;
    int value_w = r.w - name_w - 3 - meaning_w;
    enum role role = missing                               ? ROLE_MISSING
                     : !l->depth && (d->flags & FF_STATUS) ? status_role(value)
                                                           : ROLE_VALUE;

    if (!l->depth && !missing)
        value = field_decode(d, value, &a->cell);
    draw_label(g, y, r.x + 1, name_w, l);
    if (l->fold != FOLD_OPEN || l->arn)
        grid_put(g, y, x, value, value_w - 1, role, 0);
    draw_meaning(g, y, x + value_w, meaning_w, v, l);
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
    const struct tree *t;
    int head;

    p->height = r.h;
    if (!v) {
        grid_puts(g, r.y, r.x + 1, "no record", r.w - 2, ROLE_DIM);
        return;
    }
    t = lines_of(a, v);
    p->lines = (unsigned)t->n;
    p->at = p->lines ? MIN(p->at, p->lines - 1) : 0;
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
    for (unsigned i = 0; i < p->lines; i++) {
        int y = r.y + head + (int)i - (int)p->top;

        if (y >= r.y && y < r.y + r.h)
            draw_line(a, g, r, y, v, &t->line[i], a->focus == VIEW_RECORD && i == p->at);
    }
    if (t->n == 0)
        draw_raw(g, r, r.y + head, v);
}

bool record_cell(struct app *a, const char **field, struct slice *value)
{
    struct rowview *v = app_selected(a);
    const struct tree_line *l = v ? line_at(a, v) : NULL;

    if (!l || l->quoted)
        return false;
    *field = l->path;
    *value = l->value;
    return true;
}

/* Folds or unfolds the line under the cursor; false if there is nothing below it. */
static bool turn_fold(struct app *a)
{
    struct rowview *v = app_selected(a);
    const struct tree_line *l = v ? line_at(a, v) : NULL;

    if (!l || l->fold == FOLD_NONE)
        return false;
    tree_turn(&a->record.folds, l);
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
        if (!turn_fold(a))
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
    const struct tree *t = &a->record.tree; /* as it was drawn last */
    bool folds = a->record.at < t->n && t->line[a->record.at].fold != FOLD_NONE;

    strbuf_adds(out, a->focus != VIEW_RECORD ? ""
                     : folds                 ? "Enter folds, + - filter, x explains"
                                             : "h l other records, + - filter, x explains");
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
    if (segment_unparsed(v->seg, v->row))
        strbuf_adds(&text, ": ");
    if (text.len == 0 || segment_unparsed(v->seg, v->row))
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
