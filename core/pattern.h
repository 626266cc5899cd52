/* pattern.h - texts that say the same but for their numbers, ids and names, counted as one. */
#ifndef AWL_PATTERN_H
#define AWL_PATTERN_H

#include "str.h"

struct patterns;
struct patterns *patterns_new(void);
void patterns_free(struct patterns *p);
void patterns_add(struct patterns *p, struct slice text);

struct pattern {
    char *text; /* owned: "user <Token-1> failed after <Number-1> ms" */
    uint64_t count;
    double ratio;         /* of all texts, to two places */
    const char *severity; /* Error, Warning, Info, Debug */
};
/* Most frequent first; *n of them. Each text and the array are the caller's. */
struct pattern *patterns_list(struct patterns *p, size_t *n);

#endif
