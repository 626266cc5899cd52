/* explain.h - what values and records mean, whose side they point at, and where to look next.
 *
 * Everything is a table in explain_tables.c (own words; rules of the AWS documentation), nothing
 * needs a network. Sides: "client", "edge", "load balancer", "target", "origin", "aws", "set-up"
 * (configuration: no healthy target, a security group), "app" (the code behind), "you" (a rule
 * somebody made on purpose) or NULL if the value blames nobody. */
#ifndef AWL_EXPLAIN_H
#define AWL_EXPLAIN_H

#include "format.h"

struct explanation {
    const char *meaning; /* a sentence part without a full stop */
    const char *side;    /* NULL: nobody's */
    const char *next;    /* what to look at next, NULL if nothing */
};

/* `field` is the AWS name or any spelling of it (case and punctuation do not count). The texts are
 * static, but for bit masks they stand in a buffer of the thread until its next call. */
bool explain_value(struct slice type, struct slice field, struct slice value,
                   struct explanation *out);

/* Appends one short paragraph about the whole record to *out; nothing if it is an everyday one.
 * *side (may be NULL) gets the side or NULL. */
void explain_record(const struct logtype *lt, const struct record *rec, struct strbuf *out,
                    const char **side);

/* The cause of a failed request in a few words: rows of the Errors view. The texts are static and
 * unique, so they can be compared as pointers. Missing values are "-" or "", numbers NAN. */
struct cause {
    const char *text;
    const char *side;
};

/* ALB and CLB. elapsed_s: time - request_creation_time; target_time: -1 if not reached. */
struct cause cause_alb(struct slice elb, struct slice target_status, struct slice error_reason,
                       double elapsed_s, double target_time);
struct cause cause_cloudfront(struct slice status, struct slice detailed);
struct cause cause_s3(struct slice status, struct slice error_code);

#endif
