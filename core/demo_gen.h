/* demo_gen.h - what the files of the generator share (demo*.c); nobody else includes it.
 *
 * The day is cut into 288 slots of five minutes. Every type has a random stream of its own, so
 * leaving one out does not change the others. What happens to a request depends on its time only
 * through struct phase, which the live mode fills from the wall clock instead. */
#ifndef AWL_DEMO_GEN_H
#define AWL_DEMO_GEN_H

#include <zlib.h>

#include "demo.h"
#include "demo_put.h"
#include "demo_shop.h"

#define SEC INT64_C(1000000)
#define DAY_START (INT64_C(20526) * 86400 * SEC) /* 2026-03-14T00:00:00Z */
#define SLOTS 288
#define SLOT_SEC 300
#define AT(h, m, s) (((h)*3600 + (m)*60 + (s)) * SEC)

#define DEPLOY AT(13, 2, 0)
#define ROLLBACK AT(13, 41, 0)
#define NO_TARGET AT(13, 20, 2)
#define NO_TARGET_END AT(13, 22, 31)
#define SCAN_BEGIN_SLOT (12 * 12 + 9) /* 12:45 */
#define SCAN_END_SLOT (13 * 12 + 8)   /* 13:40 */
#define SCAN_SLOTS (SCAN_END_SLOT - SCAN_BEGIN_SLOT)
#define DELETED_AT AT(13, 43, 17)
#define DELETED_SLOT (13 * 12 + 8)

#define N_CLIENTS 8192
#define SINK_BUF ((size_t)1 << 18)

/* --- random numbers: splitmix64, one stream a type --- */
struct rng {
    uint64_t s;
};

static inline uint64_t rng_next(struct rng *r)
{
    uint64_t z = (r->s += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static inline unsigned rng_below(struct rng *r, unsigned n)
{
    return (unsigned)(((rng_next(r) >> 32) * n) >> 32);
}

/* True `n` times in a hundred thousand. */
static inline bool rng_chance(struct rng *r, unsigned n)
{
    return rng_below(r, 100000) < n;
}

/* A long-tailed duration around `usual`: mostly half to twice, now and then ten times as much. */
static inline unsigned rng_ms(struct rng *r, unsigned usual)
{
    uint64_t x = rng_next(r);
    unsigned v = usual / 2 + (unsigned)((x & 0xffff) * usual >> 16);

    if ((x >> 16 & 15) == 0)
        v += (unsigned)((x >> 20 & 0xff) * usual >> 6);
    if ((x >> 32 & 0x3ff) == 0)
        v += usual * 12;
    return v + 1;
}

/* --- the state of one type's stream --- */
struct client {
    char ip[40];
    uint8_t ip_len, agent, edge, cipher;
    bool h2;
};

struct phase {
    bool bad;       /* the bad version is deployed */
    bool fresh;     /* its first minutes: connections time out as well */
    bool no_target; /* the api group has no healthy target */
};

struct text {
    struct slice agent[N_AGENTS], agent_enc[N_AGENTS];
    uint8_t alb_pick[1024], cf_pick[1024];
    struct client *client;
};

struct gen {
    struct rng rng;
    const struct text *text;
    struct demo_summary *sum;
    enum demo_type type;
    char date[11], clf[12]; /* 2026-03-14, 14/Mar/2026 */
    int64_t day_us;         /* the day's start; times in lines are relative to it */
    bool live;
    uint64_t scan_n, scan_i, scan_mid; /* VPC: lines of the scan, the next, the accepted one */
    uint64_t more;                     /* records that the last call wrote beside the first */
};

struct phase phase_at(const struct gen *g, int64_t t);
void text_init(struct text *t, uint64_t seed);
void text_release(struct text *t);
const struct client *pick_client(struct gen *g);

/* --- parts of lines --- */
static inline char *put_iso(char *p, const struct gen *g, int64_t t)
{
    p = put(p, g->date, 10);
    *p++ = 'T';
    p = put_clock(p, (unsigned)(t / SEC), ':');
    *p++ = '.';
    p = put_6(p, (unsigned)(t % SEC));
    *p++ = 'Z';
    return p;
}

static inline char *put_path(char *p, const char *path, struct rng *r)
{
    for (; *path; path++)
        switch (*path) {
        case '#':
            p = put_u(p, 10000 + rng_below(r, 89999));
            break;
        case '$':
            p = put_hex(p, rng_next(r), 8);
            break;
        case '^':
            *p++ = (char)('1' + rng_below(r, 9));
            break;
        case '~': {
            const char *w = words[rng_below(r, ARRAY_LEN(words))];

            p = put(p, w, strlen(w));
            break;
        }
        default:
            *p++ = *path;
        }
    return p;
}

static inline char *put_client(char *p, const struct client *c, struct rng *r)
{
    p = put(p, c->ip, c->ip_len);
    *p++ = ':';
    return put_u(p, 32768 + rng_below(r, 28000));
}
static inline char *put_quoted(char *p, const char *s)
{
    *p++ = '"';
    p = put(p, s, strlen(s));
    *p++ = '"';
    *p++ = ' ';
    return p;
}

/* Writes the record (or the records) that begin at t, a time of day. */
typedef char *(*line_fn)(char *p, struct gen *g, int64_t t);
char *demo_alb_line(char *p, struct gen *g, int64_t t);
char *demo_nlb_line(char *p, struct gen *g, int64_t t);
char *demo_clb_line(char *p, struct gen *g, int64_t t);
char *demo_cloudfront_line(char *p, struct gen *g, int64_t t);
char *demo_vpc_line(char *p, struct gen *g, int64_t t);
char *demo_vpc_scan(char *p, struct gen *g, int64_t t);
char *demo_s3_line(char *p, struct gen *g, int64_t t);
char *demo_s3_deleted(char *p, struct gen *g, int64_t t);
char *demo_lambda_lines(char *p, struct gen *g, int64_t t);
char *demo_cloudtrail_event(char *p, struct gen *g, int64_t t);
char *demo_cloudtrail_story(char *p, struct gen *g, int64_t t); /* what happens just then */
#define STORY_CALLS 4
int64_t demo_cloudtrail_next(int64_t from); /* the next moment of the story; INT64_MAX: none */
const char *demo_lambda_function(unsigned slot);

/* A file that is being written. */
struct demo_file {
    char path[PATH_MAX];
    int fd;
    gzFile gz;
    char *buf; /* SINK_BUF bytes */
    size_t len;
};
int demo_file_open(struct demo_file *s, bool gz, struct err *e) MUST_CHECK;
int demo_file_flush(struct demo_file *s, struct err *e) MUST_CHECK;
int demo_file_close(struct demo_file *s, struct err *e) MUST_CHECK;
void demo_file_drop(struct demo_file *s); /* gives up a file whose writing has failed */

struct demo_kind {
    line_fn write;
    const char *header;  /* NULL: none */
    bool array;          /* the S3 layout has the records of a file as one JSON document */
    unsigned share;      /* of all lines, in a thousand */
    unsigned file_slots; /* five-minute slots a file of the S3 layout covers */
    bool gz;
};
extern const struct demo_kind demo_kinds[DEMO_N_TYPES];
void gen_init(struct gen *g, const struct text *text, struct demo_summary *sum, enum demo_type t,
              uint64_t seed);
void summary_init(struct demo_summary *s);

#endif
