/* text.h - the one place where bytes from files become something a terminal may see.
 *
 * Text is cut into display units: a printable character with the combining marks after it, or the
 * visible escape of something that must not reach a terminal:
 *
 *   C0, DEL           ^X, ^?             tab is the one-column ⇥ (ASCII: ^I)
 *   C1                \x85               from U+0080..U+009F
 *   bidi, zero width, unassigned, private use, variation selectors      \u{202E}
 *   a byte that is no UTF-8                                             \xHH
 *   a mark with no base, or the fifth mark on one                       \u{301}
 *
 * In ASCII mode everything beyond ASCII is \u{...}. Widths are wcwidth's, as ncursesw's are, so
 * LC_CTYPE must be a UTF-8 locale (C.UTF-8 will do); in any other, non-ASCII is escaped. */
#ifndef AWL_TEXT_H
#define AWL_TEXT_H

#include "str.h"

enum { TEXT_UNIT = 16 };

struct text_unit {
    char out[TEXT_UNIT]; /* NUL-terminated, printable UTF-8 */
    uint8_t out_len;
    uint8_t width;  /* columns: 1 or 2; an escape's length */
    bool escaped;   /* out is an escape: ASCII, one column a byte */
    size_t src_len; /* bytes of the source that this unit stands for */
};

/* Takes the first unit off *rest; false at the end. */
bool text_next(struct slice *rest, bool ascii, struct text_unit *u);

/* Length of the valid UTF-8 sequence at p and its code point; 0 if there is none. */
size_t text_decode(const char *p, size_t n, uint32_t *cp);
size_t text_encode(uint32_t cp, char out[5]); /* NUL-terminated; returns the length */

size_t text_width(struct slice s, bool ascii);
/* The longest start of s that is at most max columns wide; *width (may be NULL) is its width. */
struct slice text_prefix(struct slice s, bool ascii, size_t max, size_t *width);
/* Takes the next line of at most width columns off *rest, broken at blanks where there are any, and
 * at newlines; the blanks at the break are dropped. False at the end. */
bool text_wrap(struct slice *rest, bool ascii, size_t width, struct slice *line);
void text_escape(struct strbuf *out, struct slice s, bool ascii); /* appends the visible form */

#endif
