/* regex.h - PCRE2 with JIT: compiled once, shared by threads, one match context a thread. */
#ifndef AWL_REGEX_H
#define AWL_REGEX_H

#include "err.h"
#include "str.h"

struct regex;

/* Flags: 'i' case folds. NULL with *e filled (offset and PCRE2's words) if it does not compile. */
struct regex *regex_new(struct slice pattern, bool icase, struct err *e);
void regex_free(struct regex *re);
/* As it was written; (?i) in front if case folds. */
struct slice regex_source(const struct regex *re);
/* First match in s: its bounds in *from, *to (may be NULL). Never crosses the slice; match limits
 * are set, a match that exceeds them counts as no match. Bytes, not UTF-8, unless the pattern
 * holds non-ASCII. Thread-safe. */
bool regex_match(const struct regex *re, struct slice s, size_t *from, size_t *to);
/* The same told apart: 1 a match, 0 none, -1 given up at a limit. */
int regex_search(const struct regex *re, struct slice s, size_t *from, size_t *to);
/* The texts of groups 1 to n of the first match in group[0] to group[n - 1]; ptr NULL for a group
 * that took no part. False if there is no match. */
bool regex_groups(const struct regex *re, struct slice s, struct slice *group, unsigned n);
/* Group n (0: the whole) of the first match at or behind *at; *at goes behind the match. */
bool regex_group(const struct regex *re, struct slice s, unsigned n, size_t *at,
                 struct slice *group);
/* The number of groups, and the number of the group called `name` (0: none). */
unsigned regex_n_groups(const struct regex *re);
unsigned regex_group_number(const struct regex *re, const char *name);
/* The name of group `number`, NULL if it has none. */
const char *regex_group_name(const struct regex *re, unsigned number);
/* Whether it was compiled for UTF-8. */
bool regex_utf(const struct regex *re);

#endif
