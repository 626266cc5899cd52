/* pattern.h - texts that say the same but for their numbers, ids and names, counted as one. */
#ifndef AWL_PATTERN_H
#define AWL_PATTERN_H

#include "str.h"

/* The columns of `pattern`, and those with `diff` behind it. */
#define N_PATTERN 4
#define N_PATTERN_DIFF 6
extern const char *const pattern_columns[N_PATTERN], *const pattern_diff_columns[N_PATTERN_DIFF];

struct patterns;
struct patterns *patterns_new(void);
void patterns_free(struct patterns *p);
/* before: it is not of the time that is counted, but of the one that it is compared with. */
void patterns_add(struct patterns *p, struct slice text, bool before);

struct pattern {
    char *text; /* owned: "user <Token-1> failed after <Number-1> ms" */
    uint64_t count, before;
    double ratio;         /* of all texts that are counted, to two places */
    const char *severity; /* Error, Warning, Info, Debug */
};
/* Most frequent first, both times together; *n of them. Each text and the array are the caller's.
 */
struct pattern *patterns_list(struct patterns *p, size_t *n);

#endif
