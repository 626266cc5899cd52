/* automaton.h - patterns as automata: vectorscan, where awl is built with it.
 *
 * It finds where matches end, in one pass whatever the pattern, and cannot do all that PCRE2 can.
 */
#ifndef AWL_AUTOMATON_H
#define AWL_AUTOMATON_H

#include "str.h"

struct automaton; /* immutable, shared by threads */

/* NULL: it cannot do the pattern (PCRE2's syntax), or awl is built without vectorscan. */
struct automaton *automaton_new(struct slice pattern);
void automaton_free(struct automaton *a);
/* What a thread writes to while it searches. */
void *automaton_enter(struct automaton *a);
void automaton_leave(struct automaton *a, void *scratch);
/* Where the match that ends first ends: 1 and *end, never 0; 0: there is no match; -1: it failed.
 */
int automaton_first(const struct automaton *a, void *scratch, struct slice s, size_t *end);

#endif
