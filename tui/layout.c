#include "layout.h"

enum { MIN_H = 10, MIN_W = 40, FULL_H = 28, FULL_W = 100, WHY_H = 4 };

static int clamp(int v, int low, int high)
{
    return v < low ? low : v > high ? high : v;
}

static void layout_folded(struct screen_layout *l, int h, int w, enum view_id view,
                          enum view_id focus)
{
    int top = 1, bottom = h - 1;
    bool list = focus == VIEW_RECORDS;

    l->folded = true;
    if (focus != VIEW_HISTOGRAM && view != VIEW_HELP) {
        l->spark = rect_of(top, 0, 1, w);
        top++;
    }
    if (list && h >= 16) {
        l->why = rect_of(bottom - WHY_H, 0, WHY_H, w);
        bottom -= WHY_H;
    }
    l->pane[focus] = rect_of(top, 0, bottom - top, w);
}

static void layout_full(struct screen_layout *l, int h, int w, enum view_id view)
{
    int hist = clamp(h / 6, 6, 10), top = 1, bottom = h - 1;
    int fields = clamp(w / 5, 20, 36), record = clamp((h - hist) / 3, 9, 22);

    if (view == VIEW_HELP) {
        l->pane[view] = rect_of(top, 0, bottom - top, w);
        return;
    }
    l->pane[VIEW_HISTOGRAM] = rect_of(top, 0, hist, w);
    top += hist - 1;
    if (view != VIEW_RECORDS) {
        l->pane[view] = rect_of(top, 0, bottom - top, w);
        return;
    }
    l->pane[VIEW_FIELDS] = rect_of(top, 0, bottom - top, fields);
    l->pane[VIEW_RECORDS] = rect_of(top, fields - 1, bottom - top - record + 1, w - fields + 1);
    l->pane[VIEW_RECORD] = rect_of(bottom - record, fields - 1, record, w - fields + 1);
}

void layout_compute(struct screen_layout *l, int h, int w, enum view_id view, enum view_id focus,
                    bool maximised)
{
    memset(l, 0, sizeof(*l));
    if (h < MIN_H || w < MIN_W) {
        l->too_small = true;
        return;
    }
    l->header = rect_of(0, 0, 1, w);
    l->status = rect_of(h - 1, 0, 1, w);
    if (h < FULL_H || w < FULL_W)
        layout_folded(l, h, w, view, focus);
    else if (maximised)
        l->pane[focus] = rect_of(1, 0, h - 2, w);
    else
        layout_full(l, h, w, view);
}

enum view_id layout_next_pane(enum view_id view, enum view_id from, int step)
{
    static const enum view_id records[] = {VIEW_RECORDS, VIEW_RECORD, VIEW_FIELDS, VIEW_HISTOGRAM};
    const enum view_id other[] = {view, VIEW_HISTOGRAM};
    const enum view_id *pane = view == VIEW_RECORDS ? records : other;
    int n = view == VIEW_RECORDS ? (int)ARRAY_LEN(records) : (int)ARRAY_LEN(other);

    if (view == VIEW_HELP)
        return view;
    for (int i = 0; i < n; i++)
        if (pane[i] == from)
            return pane[(i + step + n) % n];
    return pane[0];
}
