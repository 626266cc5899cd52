/* literal.h - a few texts looked for at once, in long stretches of bytes.
 *
 * Each text is known by up to three of its bytes that stand together and are rare in logs;
 * they are looked for at 32 places at a time (simd.h), and only where they are is the text
 * compared. */
#ifndef AWL_LITERAL_H
#define AWL_LITERAL_H

#include "str.h"

#define LITERALS_MAX 64

struct literals;

/* 1 ... LITERALS_MAX texts, none empty; copied. icase: the case of ASCII letters does not count. */
struct literals *literals_new(const struct slice *text, unsigned n, bool icase);
void literals_free(struct literals *l);
/* One of the texts that begins at or behind `at`: its place, and its length in *len. If one that is
 * wholly in s begins there, one is found, not always the first: no text that begins before the one
 * found ends before it begins. SIZE_MAX: there is none. */
size_t literals_find(const struct literals *l, struct slice s, size_t at, size_t *len);
/* A guess at how many bytes of a log in a million begin one of the texts. */
double literals_per_million(const struct slice *text, unsigned n, bool icase);

#endif
