/* view.h - a view as a table of operations. A view draws the model into its rectangle and handles
 * the commands that mean something in it; it keeps no state of its own outside struct app. */
#ifndef AWL_VIEW_H
#define AWL_VIEW_H

#include "cell.h"
#include "keys.h"
#include "model.h"

struct app;

struct view_class {
    const char *name;      /* "records" */
    const char *title;     /* in the frame */
    enum table_kind table; /* what the engine must compute for it */
    /* The inside of the frame. */
    void (*draw)(struct app *a, struct grid *g, struct rect r);
    /* True if the command was for this view. */
    bool (*command)(struct app *a, const struct key_match *m);
    /* Text behind the title, may be NULL. */
    void (*caption)(struct app *a, struct strbuf *out);
    /* The commands of a query that make this table of the records of the filter; NULL, or nothing
     * written: the view shows the records themselves. */
    void (*query)(struct app *a, struct strbuf *out);
};

enum view_id {
#define VIEW(id, class, number) VIEW_##id,
#include "views.def"
#undef VIEW
    VIEW_COUNT
};

#define VIEW(id, class, number) extern const struct view_class view_##class;
#include "views.def"
#undef VIEW

const struct view_class *view_class(enum view_id id);
/* The view with this number, or -1. */
int view_by_number(unsigned number);
unsigned view_number(enum view_id id);

#endif
