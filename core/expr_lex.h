/* expr_lex.h - the words of a query, read from a place in the text.
 *
 * What a text means depends on where it stands (a "/" divides or opens a regex, "IAD89-C1" is a
 * value only behind "="), so there is no token stream: the parser asks for the kind of word that
 * can stand where it is. All functions are pure; places are byte offsets. */
#ifndef AWL_EXPR_LEX_H
#define AWL_EXPR_LEX_H

#include "expr.h"

/* Behind blanks, newlines and comments. */
size_t lex_blank(struct slice q, size_t at);
/* Whether a value may end here: the end, a blank, or one of , ) ] | */
bool lex_edge(struct slice q, size_t at);
bool lex_name_char(char c);

/* A plain name: [@]letters, digits, _ and . ; length 0 if none starts here. */
size_t lex_name(struct slice q, size_t at);
/* The longest text without blanks that a field's name could be: also - : ( ) $ inside. */
size_t lex_wide_name(struct slice q, size_t at);
/* `name` or @`name`; 0 if there is none. *out is what stands inside, `at` of it kept. */
size_t lex_quoted_name(struct slice q, size_t at, struct slice *out);
/* The word at `at`, in any case, as a whole word: its length, else 0. */
size_t lex_word(struct slice q, size_t at, const char *word);

/* "..." or '...': length with the quotes, 0 if it does not end. Text unescaped into *out. */
size_t lex_string(struct slice q, size_t at, struct strbuf *out);
/* /regex/ or /regex/i: length, 0 if no "/" that may end it follows. */
size_t lex_regex(struct slice q, size_t at, struct slice *pattern, bool *icase);
/* A bare value: up to a blank , ) ] or | */
size_t lex_bare(struct slice q, size_t at);
/* = == != <> < <= > >= : length, 0 if none. "=~" is none. */
size_t lex_compare(struct slice q, size_t at, enum expr_op *op);

/* A literal that needs no quotes. `node` is filled as the parser keeps it (expr.h: lit). The
 * length, 0 if none starts here. */
size_t lex_literal(struct slice q, size_t at, const struct query_env *env, struct expr *node);
/* "5m", "1mo": a width in microseconds, or in months (then *us is 0). Length or 0. */
size_t lex_period(struct slice q, size_t at, int64_t *us, int64_t *months);
/* A moment as people write it: 2024-05-01, 2024-05-01T13:05[:06.5][Z], "T" may be a blank.
 * *last is the last microsecond of what is named (the day, the minute). Length or 0. */
size_t lex_moment(struct slice q, size_t at, const struct query_env *env, int64_t *us,
                  int64_t *last);
/* hh:mm[:ss]; microseconds of the day, *last as above. */
size_t lex_clock(struct slice q, size_t at, int64_t *us, int64_t *last);

#endif
