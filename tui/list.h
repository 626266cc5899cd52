/* list.h - the position in the record list: a key, never an index.
 *
 * The selected record is named by its rowkey and stands on a line of the screen. While records
 * arrive before or behind it, both stay. Until the first movement the list holds on to the first
 * record (or, when following, to the last one). A page is a k-way merge from the key, so nothing
 * here depends on how many records there are. */
#ifndef AWL_LIST_H
#define AWL_LIST_H

#include "model.h"

#define LIST_ROWS_MAX 512

enum list_stick { STICK_NONE, STICK_FIRST, STICK_LAST };

struct list {
    struct rowkey want;   /* where the user went last; survives filters that hide it */
    struct rowkey cursor; /* the record nearest to it in the rows shown */
    enum list_stick stick;
    int line;   /* of the cursor on the screen */
    int height; /* lines of the pane when it was last drawn */

    struct rowref row[LIST_ROWS_MAX]; /* the page, filled by list_page */
    struct rowkey key[LIST_ROWS_MAX]; /* their keys, good beyond the rows they came from */
    unsigned n;
    unsigned at; /* index of the selected record in row[]; n == 0: none */
};

/* Fills the page for the rows; moves the cursor to the nearest record if its own is not there. */
void list_page(struct list *l, const struct rowset *rows, int height);
/* Moves by n records (negative: up). */
void list_move(struct list *l, const struct rowset *rows, int64_t n);
void list_first(struct list *l, const struct rowset *rows);
void list_last(struct list *l, const struct rowset *rows);
/* To the record at or behind the key; `centre` puts it a third down the pane if it was not in
 * sight. */
void list_goto(struct list *l, const struct rowset *rows, const struct rowkey *k, bool centre);
bool list_selected(const struct list *l, struct rowref *out);

#endif
