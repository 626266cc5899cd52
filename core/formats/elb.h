/* elb.h - what the logs of the load balancers share: a line of quoted fields, or a JSON object of
 * the vended delivery, and composites whose parts stand right behind them in the table. */
#ifndef AWL_FORMATS_ELB_H
#define AWL_FORMATS_ELB_H

#include "tok_space.h"

struct elb_line {
    unsigned n;
    bool open;  /* a quote does not end */
    bool keyed; /* a JSON object: any field may be left out, and there are no first ones */
};

/* Reads a record, whichever form it has; a JSON object has as many fields as it needs. False if it
 * is a JSON object that is not whole: the reason is set. */
bool elb_read(struct logtype *lt, const uint16_t *order, unsigned n, struct slice line,
              struct record *rec, struct elb_line *got);
/* The time of a record; a keyed one may have none, *ts stays as it is then. */
bool elb_time(const struct elb_line *got, struct slice s, int64_t *ts);
/* "addr:port" in val[whole]: address and port go into the two fields behind it. */
void elb_split_addr(struct slice *val, unsigned whole);
/* A request line in val[whole]: method, URL, the URL's host, path and query, and the version go
 * into the six fields behind it. */
void elb_split_request(struct slice *val, unsigned whole);

#endif
