/* place.h - where the user is and was: the breadcrumb and its history.
 *
 * A place is a stack of filter steps, a view, a level of drilling in it, and the record that was
 * selected. Places are values: changing the filter makes a new one behind the current and drops
 * what was ahead, as in a browser. Undo and back are the same walk; undo skips places that differ
 * from the current one by view or record only. */
#ifndef AWL_PLACE_H
#define AWL_PLACE_H

#include "model.h"

#define PLACE_STEPS 32
#define HISTORY_MAX 200

struct step {
    char *expr;  /* filter expression, always valid */
    char *label; /* what the breadcrumb shows; NULL: the expression */
    bool zoom;   /* a stretch of time: [from_us, to_us) */
    int64_t from_us, to_us;
};

struct place {
    struct step step[PLACE_STEPS];
    unsigned n;
    unsigned view;  /* enum view_id */
    unsigned level; /* of a drill inside the view */
    struct rowkey cursor;
    unsigned row; /* selected row of a table view */
    char *query;  /* shown by the result view, always valid; NULL: none yet */
};

struct history {
    struct place *place; /* the one at `at` is the current one */
    unsigned n, at;
};

void history_init(struct history *h, unsigned view);
void history_release(struct history *h);
static inline struct place *history_here(struct history *h)
{
    return &h->place[h->at];
}
/* A copy of the current place becomes the new current one; the caller changes it. */
struct place *history_push(struct history *h);
/* False if there is nothing in that direction. */
bool history_back(struct history *h);
bool history_forward(struct history *h);
/* Like back and forward, to the nearest place with another filter. */
bool history_undo(struct history *h);
bool history_redo(struct history *h);

/* False if the breadcrumb is full. Texts are copied. */
bool place_add(struct place *p, const char *expr, const char *label);
bool place_add_zoom(struct place *p, int64_t from_us, int64_t to_us);
/* Takes steps away from the end until `n` are left. */
void place_cut(struct place *p, unsigned n);
void place_remove(struct place *p, unsigned i);
/* The whole filter: steps joined with " and "; steps with an `or` get parentheses. */
void place_filter(const struct place *p, struct strbuf *out);
bool place_same_filter(const struct place *a, const struct place *b);
/* The innermost stretch of time; false if the place has none. */
bool place_zoom(const struct place *p, int64_t *from_us, int64_t *to_us);

/* Another query; NULL: none. */
void place_query(struct place *p, const char *query);

/* "text", as the filter language reads it. */
void filter_quote(struct strbuf *out, struct slice text);
/* field="value" or field!="value"; value ptr NULL = missing. */
void filter_test(struct strbuf *out, const char *field, struct slice value, bool include);

#endif
