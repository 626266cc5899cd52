/* textsearch.h - one text or pattern looked for in many records at once.
 *
 * What is cheap is asked of a whole stretch of records: a literal of which every match has one
 * (required.h, literal.h), the automaton of vectorscan, or PCRE2 itself. It says which record may
 * match next; only that one is asked by itself, so that no match reaches beyond its record or sees
 * what stands beside it. A pattern that nothing can be said of is tried record by record. */
#ifndef AWL_TEXTSEARCH_H
#define AWL_TEXTSEARCH_H

#include "regex.h"

/* What may be used on stretches; less than all is for tests. */
enum {
    TEXTSEARCH_LITERALS = 1,
    TEXTSEARCH_VECTORSCAN = 2,
    TEXTSEARCH_PCRE2 = 4,
    TEXTSEARCH_ALL = 7,
};

struct textsearch; /* immutable, shared by threads */

/* Records that contain `text`, which is copied. */
struct textsearch *textsearch_text(struct slice text);
/* Records that `re`, which must stay, matches. */
struct textsearch *textsearch_regex(const struct regex *re, unsigned use);
void textsearch_free(struct textsearch *t);
/* Which of the enum is used; 0: none. */
unsigned textsearch_uses(const struct textsearch *t);
/* Whether a record, by itself, matches. */
bool textsearch_match(const struct textsearch *t, struct slice record);

/* A walk over stretches, by one thread. */
struct text_scan {
    const struct textsearch *t;
    void *scratch;  /* of vectorscan */
    bool by_record; /* nothing is gained from looking ahead */
};
void text_scan_begin(struct text_scan *scan, const struct textsearch *t);
void text_scan_end(struct text_scan *scan);
/* s: records with a line feed, or nothing, before and behind each; `at`: where one of them, or what
 * lies between them, begins. Records that end before the place that is returned (SIZE_MAX: all from
 * `at` on) do not match; the one that the place is in may. If *sure is not 0 the bytes from the
 * place to *sure are a match in themselves: it does match if they are all its own. */
size_t text_scan_next(struct text_scan *scan, struct slice s, size_t at, size_t *sure);

#endif
