/* required.h - what a text must contain so that a pattern can match it.
 *
 * A small reading of PCRE2's syntax that is sure of what it says and says nothing where it is not:
 * of a construct that it does not know it takes nothing to be known of the whole pattern. */
#ifndef AWL_REQUIRED_H
#define AWL_REQUIRED_H

#include "arena.h"
#include "literal.h"

struct required {
    /* Every match contains one of n texts (0: none are known), none of them empty. */
    struct slice text[LITERALS_MAX];
    unsigned n;
    bool icase; /* ... in any case of their ASCII letters */
    bool whole; /* and each of the texts is a match: there is no more to the pattern */
    /* Plain concatenation, choice and repetition, and \b, \B: so where a text that a line feed, or
     * nothing, stands before and behind matches by itself, it does within a longer one, too. */
    bool regular;
    bool one_line; /* no match has a line feed in it */
};

/* The texts lie in `mem`. `pattern` compiles, with PCRE2_UTF if `utf`. */
void required_of(struct slice pattern, bool utf, struct arena *mem, struct required *out);

#endif
