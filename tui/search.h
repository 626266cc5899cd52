/* search.h - looking for text in the raw lines, beside the screen.
 *
 * One thread a search walks the rows of a filter from the cursor in time order and stops at the
 * first line that matches. The screen polls search_poll() when told; a new search or ^C cancels. */
#ifndef AWL_SEARCH_H
#define AWL_SEARCH_H

#include "model.h"

struct search;

struct search *search_new(struct session *s, void (*done)(void *ctx), void *ctx);
void search_free(struct search *s);
/* Sets the pattern (PCRE2; smart case: without a capital letter, case does not count). */
int search_pattern(struct search *s, const char *pattern, struct err *e) MUST_CHECK;
/* The compiled pattern, to mark matches on the screen; NULL if none. */
const struct regex *search_regex(const struct search *s);
const char *search_text(const struct search *s);
/* Starts from `from` (exclusive); takes its own reference of the rows. */
void search_start(struct search *s, struct rowset *rows, const struct rowkey *from, bool backward);
void search_cancel(struct search *s);

enum search_state { SEARCH_IDLE, SEARCH_RUNNING, SEARCH_FOUND, SEARCH_NOTHING, SEARCH_CANCELLED };
/* FOUND, NOTHING and CANCELLED are told once. `*looked` is the number of rows looked at. */
enum search_state search_poll(struct search *s, struct rowkey *found, uint64_t *looked);

bool search_running(const struct search *s, uint64_t *looked);

#endif
