/* w3c.h - what logs in W3C form share: lines that start with # are comments, "#Fields:" among them
 * names the columns behind it, and tabs stand between values. CloudFront has always written so, and
 * vended delivery can for the load balancers and others: then any columns in any order. */
#ifndef AWL_FORMATS_W3C_H
#define AWL_FORMATS_W3C_H

#include "tok_space.h"

#define W3C_MARK "#Fields:"

static inline bool w3c_is_comment(struct slice line)
{
    return line.len && line.ptr[0] == '#';
}

/* What a #Fields line names, blanks between; a slice without ptr for every other line. */
struct slice w3c_names(struct slice line);
/* The layout that a #Fields line names, by the keys of JSON records, by names and by aliases; names
 * that the table does not have are learned. Other comments change nothing. */
void w3c_read_header(struct logtype *lt, const struct layout **lay, struct slice line);
/* Behind record_begin(): makes room for the columns that a header added behind the static ones. */
void w3c_clear_learned(const struct layout *lay, struct record *rec);
/* That, and the values to the columns of the layout. */
struct tok_result w3c_split(const struct layout *lay, unsigned extra, struct slice line,
                            struct record *rec);
/* Whether a line has values enough for the layout: of what a header promises half must be there. */
static inline bool w3c_is_credible(const struct layout *lay, unsigned n)
{
    return n * 2 >= lay->n;
}
/* A score if the head starts with comments that name columns: 0 if they are not those of the type
 * that is asked; -1 if nothing is named. */
int w3c_probe(const struct probe *p);

#endif
