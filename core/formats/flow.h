/* flow.h - what the flow logs share: a header line of names, blanks between values. */
#ifndef AWL_FORMATS_FLOW_H
#define AWL_FORMATS_FLOW_H

#include "formats/w3c.h"

/* Whether a line has names only, of which at least two and a third are in the table (by name with
 * - _ or . between its words, or by alias). */
bool flow_is_header(const struct field_def *fields, unsigned n, struct slice line);
/* "#Version: 1.0" and the like, which names no columns and says nothing. */
static inline bool flow_is_comment(struct slice line)
{
    return w3c_is_comment(line) && !w3c_names(line).ptr;
}
/* The first line of the head that is no comment; false if there is none. */
bool flow_first_line(const struct probe *p, struct slice *line);
/* Whether names in a header line are those of Transit Gateway records: folder and file name do not
 * tell them from VPC flow logs. */
bool flow_names_gateway(struct slice line);
/* The layout that a header line names; names that the table does not have are learned. */
void flow_read_header(struct logtype *lt, const struct layout **lay, struct slice line);
/* record_begin(), then the values to the fields `field`; the number of values. Surplus values are
 * extras. */
unsigned flow_split(struct logtype *lt, const uint16_t *field, unsigned n, struct slice line,
                    struct record *rec);
bool flow_is_dash(struct slice s);
bool flow_is_status(struct slice s);  /* OK, NODATA, SKIPDATA */
bool flow_is_address(struct slice s); /* absent and a dash, too */
/* What those values of a record must not look like otherwise; all may be absent or a dash. */
bool flow_shape_fits(struct slice version, struct slice status, struct slice src, struct slice dst);

#endif
