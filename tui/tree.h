/* tree.h - a JSON value, or an ARN, as lines of a tree that can be folded. */
#ifndef AWL_TREE_H
#define AWL_TREE_H

#include "json.h"

#define TREE_LINES 2000 /* of one record; what is beyond stays folded */

enum fold { FOLD_NONE, FOLD_CLOSED, FOLD_OPEN };

/* A line of the record pane: a field of the record, or a member below it. */
struct tree_line {
    int field;          /* of the log type; members have that of the field they are in */
    unsigned depth;     /* 0: the field itself */
    enum fold fold;     /* whether there is something below */
    struct slice label; /* the field's name, a member's key, [N] */
    struct slice value; /* text without escapes; raw JSON where that can be folded */
    const char *path;   /* dotted, from the record */
    bool text;          /* the value is a string */
    bool arn;           /* what is below are parts of an ARN */
    bool quoted; /* in an ARN, or in JSON that is the text of a string: no field goes by the path */
};

/* Which folds the user has turned, by path; the newest are kept. */
struct tree_folds {
    uint32_t turned[64];
    unsigned n;
};

struct tree {
    struct tree_line *line;
    size_t n, cap;
    struct arena mem;
};

void tree_clear(struct tree *t);
void tree_release(struct tree *t);
/* Adds a field and, as far as it is JSON or an ARN and not folded, what is in it. */
void tree_add(struct tree *t, const struct tree_folds *folds, int field, const char *name,
              struct slice value);
void tree_turn(struct tree_folds *folds, const struct tree_line *line);

#endif
