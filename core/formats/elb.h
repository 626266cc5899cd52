/* elb.h - what the logs of the load balancers share: a line of quoted fields, or a JSON object or
 * W3C lines of the vended delivery, and composites whose parts stand right behind them in the
 * table. */
#ifndef AWL_FORMATS_ELB_H
#define AWL_FORMATS_ELB_H

#include "tok_space.h"

struct elb_line {
    unsigned n;
    bool open;  /* a quote does not end */
    bool keyed; /* JSON, or named by a header: any field may be left out, and none are first */
};

/* Reads a record, whichever form it has: a line of the usual order or of the one that a header told
 * (*lay), which is quoted between blanks or stands between tabs; or a JSON object, which has as
 * many fields as it needs. PARSE_HEADER for comments, which may replace *lay; PARSE_BAD for a JSON
 * object that is not whole: the reason is set. */
enum parse_result elb_read(struct logtype *lt, struct tok_map usual, const struct layout **lay,
                           struct slice line, struct record *rec, struct elb_line *got);
/* Scores the three forms: JSON by `keys` (`keyed`: the path names the type), a header by its names,
 * lines by parsing them (`named`: likewise). */
int elb_detect(const struct probe *p, const char *keys, bool keyed, bool named);
/* The time of a record; a keyed one may have none, *ts stays as it is then. */
bool elb_time(const struct elb_line *got, struct slice s, int64_t *ts);
/* "addr:port" in val[whole]: address and port go into the two fields behind it. */
void elb_split_addr(struct slice *val, unsigned whole);
/* A request line in val[whole]: method, URL, the URL's host, path and query, and the version go
 * into the six fields behind it. */
void elb_split_request(struct slice *val, unsigned whole);

/* --- user agents, which are cut at 8 KB, be it behind the backslash of an escape sequence --- */

#define ELB_AGENT_LONG (8192 - 8)
/* The word behind the last blank of *s, which ends before it then; absent if there is no blank. */
struct slice elb_cut_word(struct slice *s);
/* Whether *agent goes on, over the quote that ends it, to a cipher and a TLS version: *rest begins
 * there and *agent ends at the backslash. */
bool elb_cut_agent(struct slice *agent, struct slice *rest);

#endif
