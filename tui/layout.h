/* layout.h - where the panes are, for a size, a view and a focus. A pure function.
 *
 * Three shapes: full (from 100x28): histogram above, fields at the left, list and record at the
 * right, frames that share their borders; folded (from 40x10): one pane at a time, a one-line
 * histogram, and the explanation in a box of three lines below the list; too small: a message. */
#ifndef AWL_LAYOUT_H
#define AWL_LAYOUT_H

#include "view.h"

struct screen_layout {
    bool too_small, folded;
    struct rect header, status;
    struct rect pane[VIEW_COUNT]; /* with the frame where there is one; h == 0: not shown */
    struct rect spark;            /* the one-line histogram; h == 0: none */
    struct rect why;              /* the explanation's box with its rule; h == 0: none */
};

void layout_compute(struct screen_layout *l, int h, int w, enum view_id view, enum view_id focus,
                    bool maximised);
/* The pane after (step 1) or before (step -1) `from` among those the view has. */
enum view_id layout_next_pane(enum view_id view, enum view_id from, int step);

#endif
