/* demo.h - a made-up day of a web shop as AWS logs, with an incident in it.
 *
 * The same options give the same bytes on every machine. The summary counts what was written, so
 * tests can compare and the incident can be told in words. */
#ifndef AWL_DEMO_H
#define AWL_DEMO_H

#include <stdatomic.h>
#include <stdio.h>

#include "err.h"

enum demo_type {
    DEMO_T_ALB,
    DEMO_T_CLOUDFRONT,
    DEMO_T_VPC,
    DEMO_T_S3,
    DEMO_T_NLB,
    DEMO_T_CLB,
    DEMO_T_LAMBDA,
    DEMO_T_CLOUDTRAIL,
    DEMO_N_TYPES
};

#define DEMO_ALB (1u << DEMO_T_ALB)
#define DEMO_CLOUDFRONT (1u << DEMO_T_CLOUDFRONT)
#define DEMO_VPC (1u << DEMO_T_VPC)
#define DEMO_S3 (1u << DEMO_T_S3)
#define DEMO_NLB (1u << DEMO_T_NLB)
#define DEMO_CLB (1u << DEMO_T_CLB)
#define DEMO_LAMBDA (1u << DEMO_T_LAMBDA)
#define DEMO_CLOUDTRAIL (1u << DEMO_T_CLOUDTRAIL)
#define DEMO_ALL ((1u << DEMO_N_TYPES) - 1)

struct demo_options {
    const char *dir; /* made if it is not there */
    uint64_t lines;  /* in all, headers not counted; 0 = 200,000. Up to 5 more, for the
                        lines of the last Lambda invocation */
    uint64_t seed;
    unsigned types;    /* DEMO_ALB | ...; 0 = all */
    bool single;       /* one plain file a type, DIR/alb.log ..., instead of the S3 key layout */
    bool gz;           /* with single: DIR/alb-00001.log.gz ... of per_file lines each */
    uint64_t per_file; /* 0 = 100,000 */
    const atomic_bool *cancel; /* NULL: nobody stops it */
};

struct demo_summary {
    uint64_t lines[DEMO_N_TYPES]; /* records, header lines not counted */
    uint64_t files;
    int64_t start_us, end_us; /* first and last event time */
    int64_t deploy_us, rollback_us, no_target_us, no_target_end_us;
    const char *bad_target; /* the address that was slow */
    uint64_t alb_504, alb_502, alb_503, alb_500, alb_460;
    uint64_t cf_error; /* x-edge-result-type Error */
    const char *scan_ip;
    uint64_t scan_ports; /* distinct ports tried, the accepted one included */
    uint64_t scan_rejects, scan_accepts;
    unsigned scan_open_port;
    uint64_t vpc_nodata, vpc_skipdata;
    const char *deleted_bucket, *deleted_key, *deleted_by, *deleted_from;
    int64_t deleted_us;
    uint64_t lambda_timeouts, lambda_killed;
    uint64_t s3_expired; /* S3.EXPIRE.OBJECT rows */
};

const char *demo_type_name(enum demo_type t); /* "alb", "cloudfront", "vpcflow", ... */

/* Writes the day below o->dir. *sum is set in every case. */
int demo_write(const struct demo_options *o, struct demo_summary *sum, struct err *e) MUST_CHECK;
void demo_summary_print(const struct demo_summary *sum, FILE *f);

/* Appends fresh lines to DIR/live/alb.log and DIR/live/cloudfront.log until *stop is set, about
 * lines_per_s in all; now and then a file is renamed to NAME.1 and begun anew. Runs in the
 * caller's thread. Every tenth minute or so the slow target comes back for two minutes. */
int demo_live(const char *dir, uint64_t lines_per_s, const atomic_bool *stop,
              struct err *e) MUST_CHECK;

#endif
