/* fmt.h - numbers, sizes, durations and moments as people read them. No locale, no allocation. */
#ifndef AWL_FMT_H
#define AWL_FMT_H

#include "str.h"

#define FMT_LEN 40

/* The zone that moments are shown in. */
enum zone { ZONE_UTC, ZONE_LOCAL, ZONE_COUNT };

char *fmt_count(char out[FMT_LEN], uint64_t n); /* 12,304 */
char *fmt_short(char out[FMT_LEN], uint64_t n); /* 812, 12.3k, 9.2M */
char *fmt_bytes(char out[FMT_LEN], uint64_t n); /* 812 B, 21 GB */
char *fmt_seconds(char out[FMT_LEN], double s); /* 60.001s, 84ms */
char *fmt_width(char out[FMT_LEN], int64_t us); /* a bucket: "minute", "5 min", "hour" */
int zone_offset(enum zone z, int64_t us);       /* seconds east of UTC */
char *fmt_zone(char out[FMT_LEN], enum zone z, int64_t us);   /* UTC, CET */
char *fmt_clock(char out[FMT_LEN], enum zone z, int64_t us);  /* 13:05:12.123 */
char *fmt_hms(char out[FMT_LEN], enum zone z, int64_t us);    /* 13:05:12 */
char *fmt_hm(char out[FMT_LEN], enum zone z, int64_t us);     /* 13:05 */
char *fmt_moment(char out[FMT_LEN], enum zone z, int64_t us); /* 2024-11-24 13:05:12.123 */
char *fmt_day(char out[FMT_LEN], enum zone z, int64_t us);    /* 2024-11-24 */
char *fmt_day_hm(char out[FMT_LEN], enum zone z, int64_t us); /* 11-24 13:05 */
bool fmt_same_day(enum zone z, int64_t a, int64_t b);

#endif
