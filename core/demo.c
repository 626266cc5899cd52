/* demo.c - writes the made-up day (demo.h).
 *
 * The day is cut into 288 slots of five minutes. A table of hourly weights says how many lines a
 * slot gets; inside a slot line i of n has the time slot + i/n plus a little jitter, so files are
 * nearly but not quite sorted, as the real ones are. Every type has a random stream of its own,
 * so leaving one out does not change the others. What happens to a request depends on its time
 * only through struct phase, which the live mode fills from the wall clock instead. */
#include "demo.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "demo_put.h"
#include "demo_shop.h"
#include "xalloc.h"

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
};

static const char *const type_names[DEMO_N_TYPES] = {"alb",      "cloudfront", "vpcflow",
                                                     "s3access", "nlb",        "clb"};

const char *demo_type_name(enum demo_type t)
{
    return type_names[t];
}

static struct phase phase_at(const struct gen *g, int64_t t)
{
    struct phase p = {false, false, false};

    if (g->live) {
        int64_t min = t / (60 * SEC) % 10;

        p.bad = min == 4 || min == 5;
        p.fresh = min == 4;
        return p;
    }
    p.bad = t >= DEPLOY && t < ROLLBACK;
    p.fresh = p.bad && t < DEPLOY + 180 * SEC;
    p.no_target = t >= NO_TARGET && t < NO_TARGET_END;
    return p;
}

/* --- set-up of the texts --- */
static void fill_pick(uint8_t pick[1024], const unsigned *weight, unsigned n)
{
    unsigned sum = 0, acc = 0, k = 0;

    for (unsigned i = 0; i < n; i++)
        sum += weight[i];
    for (unsigned i = 0; i < n; i++) {
        acc += weight[i];
        for (; k < 1024 * acc / sum; k++)
            pick[k] = (uint8_t)i;
    }
}

static struct slice encode_agent(const char *s)
{
    struct strbuf sb = STRBUF_INIT;

    for (; *s; s++)
        if (*s == ' ')
            strbuf_adds(&sb, "%20");
        else
            strbuf_addc(&sb, *s);
    return strbuf_slice(&sb);
}

static void make_client(struct client *c, unsigned i, struct rng *r, const uint8_t *edge_pick)
{
    static const char *const net[] = {"198.51.100.", "203.0.113.", "192.0.2."};
    char *p = c->ip;
    unsigned last = 1 + rng_below(r, 253);

    if (i % 29 == 7) {
        p = PUT_LIT(p, "2001:db8:");
        p = put_hex(p, rng_next(r) | UINT64_C(1) << 60, 4);
        *p++ = ':';
        p = put_hex(p, rng_next(r) | UINT64_C(1) << 60, 4);
        p = PUT_LIT(p, "::");
        p = put_u(p, last);
    } else if (i % 3 == 0) {
        const char *n = net[rng_below(r, 3)];

        p = put_u(put(p, n, strlen(n)), n[0] == '2' && last == 77 ? 78 : last);
    } else {
        p = put_u(PUT_LIT(p, "198."), 18 + rng_below(r, 2));
        *p++ = '.';
        p = put_u(p, rng_below(r, 256));
        *p++ = '.';
        p = put_u(p, last);
    }
    c->ip_len = (uint8_t)(p - c->ip);
    c->agent = (uint8_t)rng_below(r, N_AGENTS - AGENT_BOTS);
    if (last % 16 < 4)
        c->agent = AGENT_APP + last % 2;
    else if (last % 40 == 5)
        c->agent = (uint8_t)(N_AGENTS - 1 - rng_below(r, AGENT_BOTS));
    c->edge = edge_pick[rng_below(r, 1024)];
    c->cipher = (uint8_t)(rng_below(r, 10) < 7 ? 0 : 1 + rng_below(r, 2));
    c->h2 = rng_below(r, 5) != 0;
}

static void text_init(struct text *t, uint64_t seed)
{
    unsigned w[64];
    uint8_t edge_pick[1024];
    struct rng r = {seed ^ UINT64_C(0xc11e9700)};

    for (unsigned i = 0; i < N_AGENTS; i++) {
        t->agent[i] = slice_str(agents[i]);
        t->agent_enc[i] = encode_agent(agents[i]);
    }
    for (unsigned i = 0; i < ARRAY_LEN(alb_routes); i++)
        w[i] = alb_routes[i].weight;
    fill_pick(t->alb_pick, w, ARRAY_LEN(alb_routes));
    for (unsigned i = 0; i < ARRAY_LEN(cf_assets); i++)
        w[i] = cf_assets[i].weight;
    fill_pick(t->cf_pick, w, ARRAY_LEN(cf_assets));
    for (unsigned i = 0; i < ARRAY_LEN(edges); i++)
        w[i] = edges[i].weight;
    fill_pick(edge_pick, w, ARRAY_LEN(edges));
    t->client = xcalloc(N_CLIENTS, sizeof(*t->client));
    for (unsigned i = 0; i < N_CLIENTS; i++)
        make_client(&t->client[i], i, &r, edge_pick);
}

static void text_release(struct text *t)
{
    for (unsigned i = 0; i < N_AGENTS; i++)
        free((char *)(uintptr_t)t->agent_enc[i].ptr);
    free(t->client);
}

/* Some visitors come much more often than others. */
static const struct client *pick_client(struct gen *g)
{
    uint64_t x = rng_next(&g->rng);
    uint64_t a = x & 0xffff, b = x >> 16 & 0xffff;

    return &g->text->client[(a * b >> 19) & (N_CLIENTS - 1)];
}

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

/* --- ALB --- */
struct alb_line {
    int64_t t, elapsed; /* microseconds */
    const struct demo_route *route;
    const struct client *client;
    const char *target;             /* NULL: none */
    int64_t req_ms, tgt_ms, rsp_ms; /* -1: not reached */
    unsigned elb, status;           /* status 0: the target never answered */
    unsigned rx, tx;
    const char *action;
    const char *cls, *cls_reason; /* NULL: compliant */
    bool plain;                   /* http on port 80 */
    bool malformed;
};

/* No answer of the target stands in this line. */
static void alb_no_answer(struct alb_line *l, unsigned elb)
{
    l->elb = elb;
    l->status = 0;
    l->rsp_ms = -1;
    l->tx = elb == 460 ? 0 : elb == 504 ? 592 : elb == 502 ? 557 : 338;
}

static void alb_unrouted(struct alb_line *l, unsigned elb, const char *action)
{
    alb_no_answer(l, elb);
    l->req_ms = l->tgt_ms = -1;
    l->target = NULL;
    l->action = action;
    l->elapsed = 900;
}

static void alb_incident(struct alb_line *l, struct rng *r, const struct phase *ph)
{
    unsigned x = rng_below(r, 100);
    bool hit = l->route->cart ? x < 82 : x < 12;

    if (ph->fresh && x < 6) {
        alb_no_answer(l, 504);
        l->req_ms = l->tgt_ms = -1;
        l->elapsed = 10 * SEC + rng_below(r, 9000);
    } else if (hit && rng_below(r, 100) < 70) {
        alb_no_answer(l, 504);
        l->tgt_ms = -1;
        l->elapsed = 60 * SEC + rng_below(r, 14000);
    } else if (hit) {
        alb_no_answer(l, 502);
        l->tgt_ms = 1 + rng_below(r, 6);
        l->elapsed = l->tgt_ms * 1000 + rng_below(r, 900);
    } else {
        l->tgt_ms = 1800 + rng_ms(r, 6000) % 54000;
        l->elapsed = l->tgt_ms * 1000 + 700;
    }
    if (l->elb == 504 && rng_below(r, 40) == 0) { /* some do not wait a minute */
        l->elb = 460;
        l->tx = 0;
        l->elapsed = 4 * SEC + rng_below(r, 40000000);
    }
}

static void alb_odd(struct alb_line *l, struct rng *r)
{
    static const char *const reason[] = {"BadMethod", "BadUri", "BadHeader", "BadVersion"};
    unsigned x = rng_below(r, 100);

    if (x < 34) {
        l->plain = true;
        alb_unrouted(l, 301, "redirect");
    } else if (x < 60) {
        alb_unrouted(l, 403, "waf");
    } else if (x < 75) {
        alb_unrouted(l, 400, "-");
        l->malformed = true;
        l->cls = "Severe";
        l->cls_reason = reason[rng_below(r, ARRAY_LEN(reason))];
    } else if (x < 88) {
        l->cls = "Ambiguous";
        l->cls_reason = "EmptyHeader";
    } else {
        alb_no_answer(l, 460);
        l->tgt_ms = -1;
        l->elapsed = 2 * SEC + rng_below(r, 9000000);
    }
}

static unsigned target_status(struct rng *r, const struct demo_route *route)
{
    unsigned x = rng_below(r, 1000);

    if (x < 962)
        return route->method[0] == 'P' && route->path[1] == 'a' ? 201 : 200;
    if (x < 976)
        return 304;
    if (x < 982)
        return 302;
    if (x < 991)
        return 404;
    if (x < 995)
        return 401;
    return x < 998 ? 400 : 429;
}

static void alb_decide(struct gen *g, struct alb_line *l)
{
    struct rng *r = &g->rng;
    struct phase ph = phase_at(g, l->t);
    uint64_t x = rng_next(r);
    unsigned k = (unsigned)(x >> 10 & 3);
    bool api;

    l->route = &alb_routes[g->text->alb_pick[x & 1023]];
    if (ph.bad && (x >> 40 & 255) < 110) /* people try again */
        l->route = &alb_routes[ROUTE_CART + (x >> 48 & 3) / 3];
    l->client = pick_client(g);
    api = l->route->group == GROUP_API;
    l->target = (api ? api_targets : web_targets)[k];
    l->tgt_ms = rng_ms(r, l->route->ms);
    l->req_ms = x >> 14 & 1;
    l->elapsed = (l->req_ms + l->tgt_ms) * 1000 + (int64_t)(x >> 20 & 511);
    l->elb = l->status = target_status(r, l->route);
    l->rx = 380 + (unsigned)(x >> 32 & 255) + (l->route->method[0] == 'P' ? 410 : 0);
    l->tx = l->elb == 304 ? 180 : l->route->bytes / 2 + rng_below(r, l->route->bytes);
    l->action = "waf,forward";
    if (api && ph.no_target && rng_chance(r, 92000))
        alb_unrouted(l, 503, "waf,forward");
    else if (api && ph.bad && k == API_SLOW)
        alb_incident(l, r, &ph);
    else if (api && k == API_BUGGY && rng_chance(r, 700)) {
        l->elb = l->status = 500;
        l->tx = 412;
    } else if (rng_chance(r, 1800))
        alb_odd(l, r);
    if (l->elapsed > l->t)
        l->elapsed = l->t;
}

static void alb_count(struct demo_summary *s, unsigned elb)
{
    s->alb_504 += elb == 504;
    s->alb_502 += elb == 502;
    s->alb_503 += elb == 503;
    s->alb_500 += elb == 500;
    s->alb_460 += elb == 460;
}

static inline char *put_quoted(char *p, const char *s)
{
    *p++ = '"';
    p = put(p, s, strlen(s));
    *p++ = '"';
    *p++ = ' ';
    return p;
}

static char *alb_request(char *p, const struct alb_line *l, struct rng *r)
{
    if (l->malformed)
        return PUT_LIT(p, "\"- http://" SHOP_HOST ":80- -\" ");
    *p++ = '"';
    p = put(p, l->route->method, strlen(l->route->method));
    p = l->plain ? PUT_LIT(p, " http://" SHOP_HOST ":80")
                 : PUT_LIT(p, " https://" SHOP_HOST ":443");
    p = put_path(p, l->route->path, r);
    return l->client->h2 && !l->plain ? PUT_LIT(p, " HTTP/2.0\" ") : PUT_LIT(p, " HTTP/1.1\" ");
}

static char *alb_head(char *p, const struct gen *g, const struct alb_line *l, struct rng *r)
{
    p = l->plain || l->malformed ? PUT_LIT(p, "http ")
        : l->client->h2          ? PUT_LIT(p, "h2 ")
                                 : PUT_LIT(p, "https ");
    p = put_iso(p, g, l->t);
    p = PUT_LIT(p, " app/shop/50dc6c495c0c9188 ");
    p = put_client(p, l->client, r);
    *p++ = ' ';
    p = l->target ? put(p, l->target, strlen(l->target)) : PUT_LIT(p, "-");
    *p++ = ' ';
    p = put_ms(p, l->req_ms);
    *p++ = ' ';
    p = put_ms(p, l->tgt_ms);
    *p++ = ' ';
    p = put_ms(p, l->rsp_ms);
    *p++ = ' ';
    p = put_u(p, l->elb);
    *p++ = ' ';
    p = l->status ? put_u(p, l->status) : PUT_LIT(p, "-");
    *p++ = ' ';
    p = put_u(p, l->rx);
    *p++ = ' ';
    p = put_u(p, l->tx);
    *p++ = ' ';
    return p;
}

static char *alb_tls(char *p, const struct gen *g, const struct alb_line *l)
{
    const char *c = ciphers[l->client->cipher];

    p = put_quoted(p, l->malformed ? "-" : g->text->agent[l->client->agent].ptr);
    if (l->plain || l->malformed)
        return PUT_LIT(p, "- - ");
    p = put(p, c, strlen(c));
    return l->client->cipher < 2 ? PUT_LIT(p, " TLSv1.3 ") : PUT_LIT(p, " TLSv1.2 ");
}

static char *alb_group(char *p, const struct alb_line *l)
{
    if (!l->target && l->elb != 503)
        return PUT_LIT(p, "- ");
    return l->route->group == GROUP_API ? PUT_LIT(p, SHOP_TG "shop-api/73e2d6bc24d8a067 ")
                                        : PUT_LIT(p, SHOP_TG "shop-web/2f1ce0a7745b93d8 ");
}

static char *alb_trace(char *p, const struct gen *g, const struct alb_line *l, struct rng *r)
{
    uint64_t sec = (uint64_t)((g->day_us + l->t - l->elapsed) / SEC);

    p = PUT_LIT(p, "\"Root=1-");
    p = put_hex(p, sec << 32, 8);
    *p++ = '-';
    p = put_hex(p, rng_next(r), 16);
    p = put_hex(p, rng_next(r), 8);
    p = PUT_LIT(p, "\" ");
    if (l->plain || l->malformed)
        return PUT_LIT(p, "\"-\" \"-\" ");
    if (rng_below(r, 10) < 4)
        return PUT_LIT(p, "\"" SHOP_HOST "\" \"session-reused\" ");
    return PUT_LIT(p, "\"" SHOP_HOST "\" \"" SHOP_CERT "\" ");
}

static char *alb_targets(char *p, const struct alb_line *l)
{
    p = put_quoted(p, l->target ? l->target : "-");
    *p++ = '"';
    p = l->status ? put_u(p, l->status) : PUT_LIT(p, "-");
    return PUT_LIT(p, "\" ");
}

static char *alb_tail(char *p, const struct gen *g, const struct alb_line *l, struct rng *r)
{
    bool node_b = rng_next(r) & 1;

    p = l->malformed                   ? PUT_LIT(p, "- ")
        : l->route->group == GROUP_API ? PUT_LIT(p, "20 ")
                                       : PUT_LIT(p, "0 ");
    p = put_iso(p, g, l->t - l->elapsed);
    *p++ = ' ';
    p = put_quoted(p, l->action);
    p = l->elb == 301 ? PUT_LIT(p, "\"https://" SHOP_HOST ":443/\" \"-\" ")
                      : PUT_LIT(p, "\"-\" \"-\" ");
    p = alb_targets(p, l);
    p = put_quoted(p, l->cls ? l->cls : "-");
    p = put_quoted(p, l->cls ? l->cls_reason : "-");
    p = PUT_LIT(p, "TID_");
    p = put_hex(p, rng_next(r), 16);
    p = put_hex(p, rng_next(r), 16);
    if (rng_below(r, 50) == 0) /* a node that still writes the older line */
        return PUT_LIT(p, "\n");
    p = PUT_LIT(p, " \"-\" \"-\" \"-\" ");
    return node_b ? PUT_LIT(p, "10.0.1.12\n") : PUT_LIT(p, "10.0.1.11\n");
}

static char *alb_write(char *p, struct gen *g, int64_t t)
{
    struct alb_line l = {.t = t};
    struct rng *r = &g->rng;

    alb_decide(g, &l);
    alb_count(g->sum, l.elb);
    p = alb_head(p, g, &l, r);
    p = alb_request(p, &l, r);
    p = alb_tls(p, g, &l);
    p = alb_group(p, &l);
    p = alb_trace(p, g, &l, r);
    return alb_tail(p, g, &l, r);
}

/* --- CloudFront --- */
struct cf_line {
    const struct client *client;
    const struct demo_edge *edge;
    const struct demo_asset *asset;
    const char *result, *response, *detail; /* x-edge-*-result-type */
    unsigned status, ms, ttfb, bytes;
};

static void cf_error(struct cf_line *l, const char *detail, unsigned status, unsigned ms)
{
    l->result = l->response = "Error";
    l->detail = detail;
    l->status = status;
    l->ms = l->ttfb = ms;
    l->bytes = 1033;
}

static void cf_cached(struct cf_line *l, struct rng *r, const struct phase *ph)
{
    bool cold = ph->bad && l->edge->cold;
    unsigned x = rng_below(r, 1000);

    if (x < (cold ? 380u : 905u)) {
        l->result = "Hit";
        l->ttfb = 1 + rng_below(r, 18);
    } else if (x < (cold ? 400u : 930u)) {
        l->result = "RefreshHit";
        l->ttfb = 18 + rng_ms(r, 30);
    } else {
        l->result = "Miss";
        l->ttfb = rng_ms(r, cold ? 480 : 70);
    }
}

static void cf_origin_failed(struct cf_line *l, struct rng *r)
{
    if (rng_below(r, 10) < 7)
        cf_error(l, "OriginCommError", 504, 30000 + rng_below(r, 60));
    else
        cf_error(l, "OriginError", 502, 40 + rng_below(r, 90));
}

static void cf_decide(struct gen *g, struct cf_line *l, int64_t t)
{
    struct rng *r = &g->rng;
    struct phase ph = phase_at(g, t);
    unsigned x;

    l->client = pick_client(g);
    l->edge = &edges[l->client->edge];
    l->asset = &cf_assets[g->text->cf_pick[rng_next(r) & 1023]];
    l->status = 200;
    l->bytes = l->asset->bytes + 420 + rng_below(r, 200);
    l->result = "Miss";
    if (l->asset->cached)
        cf_cached(l, r, &ph);
    else
        l->ttfb = rng_ms(r, 60);
    l->ms = l->ttfb + rng_below(r, 1 + l->bytes / 1500);
    l->response = l->detail = l->result;
    x = rng_below(r, 1000);
    if (ph.bad && l->asset->cart && x < (l->edge->hurt ? 310u : 40u))
        cf_origin_failed(l, r);
    else if (ph.bad && l->edge->cold && l->result[0] == 'M' && x < 30)
        cf_error(l, "OriginConnectError", 502, 10000 + rng_below(r, 40));
    else if (x == 999)
        cf_error(l, "ClientCommError", 0, 200 + rng_below(r, 9000));
    else if (x == 998 && l->result[0] == 'M')
        cf_error(l, "Error", 404, 30 + rng_below(r, 90));
    else if (x == 997)
        cf_error(l, "InvalidRequestBlocked", 403, 1);
    else if (x > 990)
        l->status = 304, l->bytes = 340;
}

static char *cf_uri(char *p, const char *path, struct rng *r, char **query)
{
    char *end = put_path(p, path, r);

    *query = memchr(p, '?', (size_t)(end - p));
    return end;
}

static char *cf_id(char *p, struct rng *r)
{
    for (unsigned i = 0; i < 5; i++)
        p = put_base64(p, rng_next(r), 10);
    return PUT_LIT(p, "3A==");
}

static char *cf_status(char *p, unsigned status)
{
    return status ? put_u(p, status) : PUT_LIT(p, "000");
}

static char *cf_first_half(char *p, struct gen *g, const struct cf_line *l, int64_t t)
{
    char uri[256], *query, *end = cf_uri(uri, l->asset->path, &g->rng, &query);
    char *stem_end = query ? query : end;

    p = put(p, g->date, 10);
    *p++ = '\t';
    p = put_clock(p, (unsigned)(t / SEC), ':');
    *p++ = '\t';
    p = put(p, l->edge->code, strlen(l->edge->code));
    *p++ = '\t';
    p = put_u(p, l->bytes);
    *p++ = '\t';
    p = put(p, l->client->ip, l->client->ip_len);
    p = PUT_LIT(p, "\tGET\td2shopex4mpl3.cloudfront.net\t");
    p = put(p, uri, (size_t)(stem_end - uri));
    *p++ = '\t';
    p = cf_status(p, l->status);
    p = l->asset->cached ? PUT_LIT(p, "\thttps://" SHOP_HOST "/\t") : PUT_LIT(p, "\t-\t");
    p = put_sl(p, g->text->agent_enc[l->client->agent]);
    *p++ = '\t';
    p = query ? put(p, query + 1, (size_t)(end - query - 1)) : PUT_LIT(p, "-");
    return PUT_LIT(p, "\t-\t");
}

static char *cf_second_half(char *p, struct gen *g, const struct cf_line *l)
{
    bool tls13 = l->client->cipher < 2;
    const char *c = ciphers[l->client->cipher];

    p = put(p, l->result, strlen(l->result));
    *p++ = '\t';
    p = cf_id(p, &g->rng);
    p = PUT_LIT(p, "\t" SHOP_HOST "\thttps\t");
    p = put_u(p, 90 + rng_below(&g->rng, 500));
    *p++ = '\t';
    p = put_ms(p, l->ms);
    p = tls13 ? PUT_LIT(p, "\t-\tTLSv1.3\t") : PUT_LIT(p, "\t-\tTLSv1.2\t");
    p = put(p, c, strlen(c));
    *p++ = '\t';
    p = put(p, l->response, strlen(l->response));
    p = l->client->h2 ? PUT_LIT(p, "\tHTTP/2.0\t-\t-\t") : PUT_LIT(p, "\tHTTP/1.1\t-\t-\t");
    p = put_u(p, 32768 + rng_below(&g->rng, 28000));
    *p++ = '\t';
    p = put_ms(p, l->ttfb);
    *p++ = '\t';
    p = put(p, l->detail, strlen(l->detail));
    *p++ = '\t';
    if (l->status == 200) {
        p = put(p, l->asset->type, strlen(l->asset->type));
        *p++ = '\t';
        p = put_u(p, l->bytes - 420);
    } else {
        p = PUT_LIT(p, "-\t-");
    }
    return PUT_LIT(p, "\t-\t-\n");
}

static char *cf_write(char *p, struct gen *g, int64_t t)
{
    struct cf_line l;

    cf_decide(g, &l, t);
    g->sum->cf_error += l.result[0] == 'E';
    p = cf_first_half(p, g, &l, t);
    return cf_second_half(p, g, &l);
}

static const char cf_header[] =
    "#Version: 1.0\n"
    "#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status "
    "cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id "
    "x-host-header cs-protocol cs-bytes time-taken x-forwarded-for ssl-protocol ssl-cipher "
    "x-edge-response-result-type cs-protocol-version fle-status fle-encrypted-fields c-port "
    "time-to-first-byte x-edge-detailed-result-type sc-content-type sc-content-len "
    "sc-range-start sc-range-end\n";

/* --- VPC flow --- */
static const char vpc_header[] =
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start "
    "end action log-status vpc-id subnet-id instance-id tcp-flags type pkt-srcaddr pkt-dstaddr "
    "flow-direction traffic-path\n";

struct vpc_line {
    const char *eni, *instance; /* what makes the line tell its place */
    const char *src, *dst;
    unsigned sport, dport, protocol, packets, bytes, flags;
    bool reject, egress;
    unsigned path; /* 0: ingress, none */
};

struct vpc_node {
    const char *eni, *instance, *ip;
    unsigned port;
};

static const struct vpc_node vpc_nodes[] = {
    {"eni-0a11c3d4e5f601101", "-", "10.0.1.11", 443},
    {"eni-0a11c3d4e5f601102", "-", "10.0.1.12", 443},
    {"eni-0b22d4e5f60712011", "i-0c1d2e3f405162011", "10.0.2.11", 8080},
    {"eni-0b22d4e5f60712012", "i-0c1d2e3f405162012", "10.0.2.12", 8080},
    {"eni-0b33e5f6071823004", "i-0d2e3f40516273004", "10.0.3.4", 8080},
    {"eni-0b33e5f6071823005", "i-0d2e3f40516273005", "10.0.3.5", 8080},
    {"eni-0b33e5f6071823006", "i-0d2e3f40516273006", "10.0.3.6", 8080},
    {"eni-0c44f60718293a010", "-", "10.0.4.10", 5432},
    {"eni-0d5507182930ab020", "i-0e3f4051627384020", "10.0.1.20", 22},
};
#define VPC_BASTION 8

static char *vpc_tail(char *p, const struct vpc_line *l)
{
    p = PUT_LIT(p, " OK vpc-0f1e2d3c4b5a69788 subnet-0a9b8c7d6e5f40312 ");
    p = put(p, l->instance, strlen(l->instance));
    *p++ = ' ';
    p = put_u(p, l->flags);
    p = PUT_LIT(p, " IPv4 ");
    p = put(p, l->src, strlen(l->src));
    *p++ = ' ';
    p = put(p, l->dst, strlen(l->dst));
    if (!l->egress)
        return PUT_LIT(p, " ingress -\n");
    p = PUT_LIT(p, " egress ");
    p = put_u(p, l->path);
    return PUT_LIT(p, "\n");
}

static char *vpc_put(char *p, const struct gen *g, const struct vpc_line *l, int64_t t)
{
    uint64_t start = (uint64_t)((g->day_us + t) / SEC);
    const unsigned num[] = {l->sport, l->dport, l->protocol, l->packets, l->bytes};

    p = PUT_LIT(p, "5 " SHOP_ACCOUNT " ");
    p = put(p, l->eni, strlen(l->eni));
    *p++ = ' ';
    p = put(p, l->src, strlen(l->src));
    *p++ = ' ';
    p = put(p, l->dst, strlen(l->dst));
    for (unsigned i = 0; i < ARRAY_LEN(num); i++) {
        *p++ = ' ';
        p = put_u(p, num[i]);
    }
    *p++ = ' ';
    p = put_u(p, start);
    *p++ = ' ';
    p = put_u(p, start + 8 + l->sport % 52);
    p = l->reject ? PUT_LIT(p, " REJECT") : PUT_LIT(p, " ACCEPT");
    return vpc_tail(p, l);
}

static char *vpc_empty(char *p, struct gen *g, int64_t t, bool skip)
{
    const struct vpc_node *n = &vpc_nodes[rng_below(&g->rng, ARRAY_LEN(vpc_nodes))];
    uint64_t start = (uint64_t)((g->day_us + t) / SEC);

    p = PUT_LIT(p, "5 " SHOP_ACCOUNT " ");
    p = put(p, n->eni, strlen(n->eni));
    p = PUT_LIT(p, " - - - - - - - ");
    p = put_u(p, start);
    *p++ = ' ';
    p = put_u(p, start + 60);
    p = skip ? PUT_LIT(p, " - SKIPDATA") : PUT_LIT(p, " - NODATA");
    p = PUT_LIT(p, " vpc-0f1e2d3c4b5a69788 subnet-0a9b8c7d6e5f40312 - - - - - - -\n");
    g->sum->vpc_skipdata += skip;
    g->sum->vpc_nodata += !skip;
    return p;
}

/* Every probe has another port: 7919 and 65535 have no common factor. */
static unsigned scan_port(uint64_t i)
{
    return (unsigned)((i * 7919 + 40) % 65535) + 1;
}

static char *vpc_scan(char *p, struct gen *g, int64_t t)
{
    static const char *const dst[] = {"10.0.1.20", "10.0.1.21", "10.0.1.22"};
    uint64_t i = g->scan_i++;
    bool open = i == g->scan_mid;
    unsigned port = scan_port(i);
    const struct vpc_node *n = &vpc_nodes[VPC_BASTION];
    struct vpc_line l = {.eni = n->eni, .instance = n->instance, .src = SCAN_IP, .protocol = 6};

    if (open)
        port = 22;
    else if (port == 22)
        port = scan_port(g->scan_mid);
    l.dst = dst[open ? 0 : i % 3];
    l.sport = 40000 + rng_below(&g->rng, 20000);
    l.dport = port;
    l.packets = open ? 14 : 1;
    l.bytes = open ? 2894 : 44;
    l.flags = open ? 3 : 2;
    l.reject = !open;
    g->sum->scan_ports++;
    g->sum->scan_rejects += !open;
    g->sum->scan_accepts += open;
    return vpc_put(p, g, &l, t);
}

/* The background noise of any public address. */
static char *vpc_noise(char *p, struct gen *g, int64_t t)
{
    static const unsigned ports[] = {23, 445, 3389, 22, 8443, 6379, 5060, 1433};
    const struct client *c = &g->text->client[rng_below(&g->rng, N_CLIENTS / 3) * 3];
    const struct vpc_node *n = &vpc_nodes[rng_below(&g->rng, 2)];
    struct vpc_line l = {.eni = n->eni, .instance = "-", .src = c->ip, .dst = n->ip};

    if (strchr(c->ip, ':'))
        l.src = "198.51.100.200";
    l.sport = 30000 + rng_below(&g->rng, 30000);
    l.dport = ports[rng_below(&g->rng, ARRAY_LEN(ports))];
    l.protocol = l.dport == 5060 ? 17 : 6;
    l.packets = 1 + rng_below(&g->rng, 3);
    l.bytes = l.packets * 44;
    l.flags = l.protocol == 6 ? 2 : 0;
    l.reject = true;
    return vpc_put(p, g, &l, t);
}

static void vpc_peers(struct gen *g, struct vpc_line *l, const struct vpc_node *n)
{
    const struct client *c = pick_client(g);

    if (n->port == 443)
        l->src = strchr(c->ip, ':') ? "198.51.100.201" : c->ip;
    else if (n->port == 8080)
        l->src = vpc_nodes[rng_below(&g->rng, 2)].ip;
    else
        l->src = vpc_nodes[2 + rng_below(&g->rng, 5)].ip;
    l->dst = n->ip;
    l->sport = 32768 + rng_below(&g->rng, 28000);
    l->dport = n->port;
}

static char *vpc_usual(char *p, struct gen *g, int64_t t)
{
    const struct vpc_node *n = &vpc_nodes[rng_below(&g->rng, VPC_BASTION)];
    struct vpc_line l = {.eni = n->eni, .instance = n->instance, .protocol = 6, .flags = 3};
    unsigned x = rng_below(&g->rng, 100);

    vpc_peers(g, &l, n);
    l.packets = 6 + rng_below(&g->rng, 90);
    l.bytes = l.packets * (90 + rng_below(&g->rng, 900));
    if (x < 42) { /* the answer of the same flow */
        const char *a = l.src;
        unsigned port = l.sport;

        l.src = l.dst, l.dst = a;
        l.sport = l.dport, l.dport = port;
        l.egress = true;
        l.path = n->port == 443 ? 8 : 1;
        l.flags = 19;
        l.bytes *= 6;
    } else if (x < 47) { /* to S3 through the gateway endpoint */
        l.src = n->ip, l.dst = "192.0.2.60";
        l.dport = 443;
        l.egress = true;
        l.path = 7;
    }
    return vpc_put(p, g, &l, t);
}

static char *vpc_write(char *p, struct gen *g, int64_t t)
{
    unsigned x = rng_below(&g->rng, 10000);

    if (x < 60)
        return vpc_empty(p, g, t, false);
    if (x < 63 || (x < 120 && t >= AT(13, 10, 0) && t < AT(13, 20, 0)))
        return vpc_empty(p, g, t, true);
    return x < 420 ? vpc_noise(p, g, t) : vpc_usual(p, g, t);
}

/* --- S3 --- */
struct s3_line {
    const char *bucket, *ip, *who, *op, *method, *key, *error, *agent;
    unsigned status, bytes, size, ms;
};

#define WEB_ROLE "arn:aws:sts::" SHOP_ACCOUNT ":assumed-role/shop-web/i-0c1d2e3f405162011"
#define CF_OAC "svc:cloudfront.amazonaws.com"

static char *s3_number(char *p, unsigned v)
{
    *p++ = ' ';
    return v ? put_u(p, v) : PUT_LIT(p, "-");
}

static char *s3_head(char *p, struct gen *g, const struct s3_line *l, int64_t t)
{
    p = PUT_LIT(p, SHOP_OWNER " ");
    p = put(p, l->bucket, strlen(l->bucket));
    p = PUT_LIT(p, " [");
    p = put(p, g->clf, 11);
    *p++ = ':';
    p = put_clock(p, (unsigned)(t / SEC), ':');
    p = PUT_LIT(p, " +0000] ");
    p = put(p, l->ip, strlen(l->ip));
    *p++ = ' ';
    p = put(p, l->who, strlen(l->who));
    *p++ = ' ';
    p = put_caps(p, rng_next(&g->rng), 12);
    p = put_caps(p, rng_next(&g->rng), 4);
    *p++ = ' ';
    p = put(p, l->op, strlen(l->op));
    *p++ = ' ';
    return p;
}

static char *s3_tail(char *p, struct gen *g, const struct s3_line *l, bool service)
{
    p = PUT_LIT(p, " \"-\" ");
    p = put_quoted(p, l->agent);
    p = PUT_LIT(p, "- ");
    for (unsigned i = 0; i < 7; i++)
        p = put_base64(p, rng_next(&g->rng), 10);
    p = PUT_LIT(p, "4= ");
    if (service)
        return PUT_LIT(p, "- - - - - - - -\n");
    p = l->who[0] == '-' ? PUT_LIT(p, "- TLS_AES_128_GCM_SHA256 - ")
                         : PUT_LIT(p, "SigV4 TLS_AES_128_GCM_SHA256 AuthHeader ");
    p = put(p, l->bucket, strlen(l->bucket));
    return PUT_LIT(p, ".s3." SHOP_REGION ".amazonaws.com TLSv1.3 - - " SHOP_REGION "\n");
}

static char *s3_put(char *p, struct gen *g, const struct s3_line *l, int64_t t)
{
    bool service = l->op[1] == '3'; /* S3.…: nobody sent a request */
    char key[256], *key_end = put_path(key, l->key, &g->rng);

    p = s3_head(p, g, l, t);
    p = put(p, key, (size_t)(key_end - key));
    *p++ = ' ';
    if (service) {
        p = PUT_LIT(p, "\"-\" - -");
    } else {
        *p++ = '"';
        p = put(p, l->method, strlen(l->method));
        p = PUT_LIT(p, " /");
        p = put(p, key, (size_t)(key_end - key));
        p = PUT_LIT(p, " HTTP/1.1\"");
        p = s3_number(p, l->status);
        *p++ = ' ';
        p = put(p, l->error, strlen(l->error));
    }
    p = s3_number(p, l->bytes);
    p = s3_number(p, l->size);
    p = s3_number(p, l->ms);
    p = s3_number(p, l->ms / 2);
    return s3_tail(p, g, l, service);
}

static char *s3_deleted(char *p, struct gen *g, int64_t t)
{
    const struct s3_line l = {
        .bucket = DELETED_BUCKET,
        .ip = DELETED_FROM,
        .who = DELETED_BY,
        .op = "REST.DELETE.OBJECT",
        .method = "DELETE",
        .key = DELETED_KEY,
        .error = "-",
        .agent = "aws-cli/2.23.4 md/awscrt#0.23.4 ua/2.0 os/linux#6.8.0 lang/python#3.12.6",
        .status = 204,
        .size = 48210331,
        .ms = 41};

    g->sum->deleted_us = g->day_us + t / SEC * SEC;
    return s3_put(p, g, &l, t);
}

static struct s3_line s3_pick(struct gen *g, int64_t t)
{
    static const char sdk[] = "aws-sdk-java/2.29.50 md/io#sync lang/java#21.0.5";
    struct s3_line l = {"shop-media", "10.0.2.11",
                        CF_OAC,       "REST.GET.OBJECT",
                        "GET",        "img/products/#-^.webp",
                        "-",          "Amazon CloudFront",
                        200,          41200,
                        41200,        18};
    unsigned x = rng_below(&g->rng, 1000);

    l.ip = "192.0.2.41";
    if (x < 60 && t < 3 * 3600 * SEC) {
        l.ip = l.who = "-", l.op = "S3.EXPIRE.OBJECT", l.key = "tmp/uploads/2026/03/0^/$.bin";
        l.agent = "-", l.status = l.bytes = l.ms = 0;
        g->sum->s3_expired++;
    } else if (x < 130) {
        l.ip = "10.0.2.12", l.who = WEB_ROLE, l.op = "REST.PUT.OBJECT", l.method = "PUT";
        l.key = "tmp/uploads/2026/03/14/$.bin", l.agent = sdk, l.bytes = 0, l.ms = 64;
    } else if (x < 170) {
        l.ip = "10.0.2.12", l.who = WEB_ROLE, l.op = "REST.HEAD.OBJECT", l.method = "HEAD";
        l.agent = sdk, l.bytes = 0, l.ms = 9;
    } else if (x < 182) {
        l.status = 304, l.error = "NotModified", l.bytes = 0;
    } else if (x < 190) {
        l.status = 404, l.error = "NoSuchKey", l.bytes = 310, l.size = 0;
    } else if (x < 196) {
        l.ip = "203.0.113.140", l.who = "-", l.status = 403, l.error = "AccessDenied";
        l.key = "backup/#.sql.gz", l.agent = "curl/8.5.0", l.bytes = 243, l.size = 0;
    } else if (x < 198) {
        l.status = 503, l.error = "SlowDown", l.bytes = 320, l.size = 0;
    } else if (x < 205 && t > DELETED_AT + 2 * SEC && !g->live) {
        l.bucket = DELETED_BUCKET, l.key = DELETED_KEY, l.ip = "10.0.3.6", l.error = "NoSuchKey";
        l.who = "arn:aws:sts::" SHOP_ACCOUNT ":assumed-role/reporting/nightly";
        l.agent = sdk, l.status = 404, l.bytes = 278, l.size = 0;
    } else if (x < 215) {
        l.bucket = DELETED_BUCKET, l.key = "exports/2026/03/orders-2026-03-1^.parquet";
        l.who = "arn:aws:sts::" SHOP_ACCOUNT ":assumed-role/reporting/nightly";
        l.ip = "10.0.3.6", l.agent = sdk, l.bytes = l.size = 45900120, l.ms = 1900;
    } else {
        l.bytes = l.size = 3000 + rng_below(&g->rng, 80000);
        l.ms = rng_ms(&g->rng, 20);
    }
    return l;
}

static char *s3_write(char *p, struct gen *g, int64_t t)
{
    struct s3_line l = s3_pick(g, t);

    return s3_put(p, g, &l, t);
}

/* --- NLB --- */
static char *put_iso_s(char *p, const struct gen *g, int64_t t)
{
    p = put(p, g->date, 10);
    *p++ = 'T';
    return put_clock(p, (unsigned)(t / SEC), ':');
}

static char *nlb_write(char *p, struct gen *g, int64_t t)
{
    struct rng *r = &g->rng;
    bool failed = rng_chance(r, 900), tls13 = rng_below(r, 10) < 8;
    int64_t ms = 40 + rng_ms(r, 9000);

    if (ms * 1000 > t)
        ms = t / 1000;
    p = PUT_LIT(p, "tls 2.0 ");
    p = put_iso_s(p, g, t);
    p = PUT_LIT(p, " net/shop-mqtt/c6e77e28c25b2234 g3d4b5e8bb8464cd ");
    p = put_client(p, pick_client(g), r);
    p = PUT_LIT(p, " 10.0.1.30:8883 ");
    p = put_u(p, (uint64_t)ms);
    *p++ = ' ';
    if (failed) {
        p = PUT_LIT(p, "- 0 0 ");
        p = put_u(p, rng_next(r) & 1 ? 48 : 70);
        p = PUT_LIT(p, " - - - - - - - - - ");
    } else {
        p = put_u(p, rng_ms(r, 6));
        *p++ = ' ';
        p = put_u(p, 200 + rng_below(r, 9000));
        *p++ = ' ';
        p = put_u(p, 300 + rng_below(r, 30000));
        p = PUT_LIT(p, " - " SHOP_CERT " - ");
        p = tls13 ? PUT_LIT(p, "TLS_AES_128_GCM_SHA256 tlsv13 x25519 ")
                  : PUT_LIT(p, "ECDHE-RSA-AES128-GCM-SHA256 tlsv12 secp256r1 ");
        p = PUT_LIT(p, "mqtt.shop.example.com h2 h2 \"h2\",\"http/1.1\" ");
    }
    p = put_iso_s(p, g, t - ms * 1000);
    return PUT_LIT(p, "\n");
}

/* --- CLB --- */
static char *clb_times(char *p, struct rng *r, unsigned status)
{
    if (status == 503)
        return PUT_LIT(p, " -1 -1 -1 503 0 0 0 ");
    if (status == 504)
        return PUT_LIT(p, " -1 -1 -1 504 0 0 0 ");
    p = PUT_LIT(p, " 0.0000");
    p = put_2(p, 20 + rng_below(r, 60));
    p = PUT_LIT(p, " 0.0");
    p = put_3(p, rng_below(r, 900));
    p = put_2(p, rng_below(r, 100));
    p = PUT_LIT(p, " 0.0000");
    p = put_2(p, 10 + rng_below(r, 50));
    *p++ = ' ';
    p = put_u(p, status);
    *p++ = ' ';
    p = put_u(p, status);
    p = PUT_LIT(p, " 0 ");
    p = put_u(p, 200 + rng_below(r, 20000));
    *p++ = ' ';
    return p;
}

static char *clb_write(char *p, struct gen *g, int64_t t)
{
    static const char *const paths[] = {"/admin/orders?page=^", "/admin/stock/#", "/admin/",
                                        "/admin/search?q=~"};
    struct rng *r = &g->rng;
    unsigned x = rng_below(r, 1000);
    unsigned status = x < 2 ? 503 : x < 4 ? 504 : x < 9 ? 500 : x < 30 ? 404 : 200;

    p = put_iso(p, g, t);
    p = PUT_LIT(p, " legacy-admin ");
    p = put_client(p, pick_client(g), r);
    p = status == 503 || status == 504 ? PUT_LIT(p, " -") : PUT_LIT(p, " 10.0.5.9:80");
    p = clb_times(p, r, status);
    p = PUT_LIT(p, "\"GET https://admin.shop.example.com:443");
    p = put_path(p, paths[rng_next(r) & 3], r);
    p = PUT_LIT(p, " HTTP/1.1\" ");
    p = put_quoted(p, agents[rng_below(r, 8)]);
    return PUT_LIT(p, "ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2\n");
}

/* --- files --- */
struct sink {
    char path[PATH_MAX];
    int fd;
    gzFile gz;
    char *buf;
    size_t len;
};

static int make_dirs(const char *path, struct err *e)
{
    char tmp[PATH_MAX];
    size_t n = strlen(path);

    if (n >= sizeof(tmp))
        return err_set(e, ERR_USAGE, "%s: path too long", path);
    memcpy(tmp, path, n + 1);
    for (char *p = tmp + 1; *p; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        if (mkdir(tmp, 0777) && errno != EEXIST)
            return err_sys(e, "cannot make the folder", tmp);
        *p = '/';
    }
    return 0;
}

static int sink_open(struct sink *s, bool gz, struct err *e)
{
    int rc = make_dirs(s->path, e);

    if (rc)
        return rc;
    s->len = 0;
    s->gz = NULL;
    s->fd = open(s->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (s->fd < 0)
        return err_sys(e, "cannot write", s->path);
    if (gz) {
        s->gz = gzdopen(s->fd, "wb5");
        if (!s->gz) {
            close(s->fd);
            s->fd = -1;
            return err_set(e, ERR_SYS, "%s: no memory for gzip", s->path);
        }
        gzbuffer(s->gz, 1 << 16);
    }
    return 0;
}

static int write_all(int fd, const char *p, size_t n)
{
    while (n) {
        ssize_t w = write(fd, p, n);

        if (w < 0 && errno == EINTR)
            continue;
        if (w < 0)
            return -1;
        p += w;
        n -= (size_t)w;
    }
    return 0;
}

static int sink_flush(struct sink *s, struct err *e)
{
    size_t n = s->len;

    s->len = 0;
    if (n == 0)
        return 0;
    if (s->gz ? gzwrite(s->gz, s->buf, (unsigned)n) != (int)n : write_all(s->fd, s->buf, n) != 0)
        return err_sys(e, "cannot write", s->path);
    return 0;
}

static int sink_close(struct sink *s, struct err *e)
{
    int rc, bad;

    if (s->fd < 0)
        return 0;
    rc = sink_flush(s, e);
    bad = s->gz ? gzclose(s->gz) != Z_OK : close(s->fd) != 0;
    s->fd = -1;
    s->gz = NULL;
    return rc == 0 && bad ? err_sys(e, "cannot write", s->path) : rc;
}

/* Gives up a file whose writing has failed. */
static void sink_drop(struct sink *s)
{
    if (s->fd < 0)
        return;
    if (s->gz)
        gzclose(s->gz);
    else
        close(s->fd);
    s->fd = -1;
}

/* --- one type's day --- */
typedef char *(*line_fn)(char *p, struct gen *g, int64_t t);

static const struct {
    line_fn write;
    const char *header;
    unsigned share;      /* of all lines, in a hundred */
    unsigned file_slots; /* five-minute slots a file of the S3 layout covers */
    bool gz;
} types[DEMO_N_TYPES] = {
    [DEMO_T_ALB] = {alb_write, NULL, 45, 1, true},
    [DEMO_T_CLOUDFRONT] = {cf_write, cf_header, 26, 6, true},
    [DEMO_T_VPC] = {vpc_write, vpc_header, 19, 2, true},
    [DEMO_T_S3] = {s3_write, NULL, 5, 6, false},
    [DEMO_T_NLB] = {nlb_write, NULL, 3, 12, true},
    [DEMO_T_CLB] = {clb_write, NULL, 2, 12, false},
};

/* The weight of a slot: requests an hour over the day, a line drawn between the hours. */
static unsigned slot_weight(enum demo_type t, unsigned slot)
{
    static const uint8_t hour[25] = {30,  22, 17, 14, 13, 15,  22,  38,  58,  75, 86, 92, 98,
                                     100, 96, 92, 90, 94, 100, 108, 112, 100, 78, 50, 30};
    unsigned h = slot / 12, part = slot % 12;
    unsigned w = hour[h] * (12 - part) + hour[h + 1] * part;
    bool retries = t == DEMO_T_ALB && slot * SLOT_SEC * SEC >= DEPLOY - 120 * SEC &&
                   slot * SLOT_SEC * SEC < ROLLBACK;

    return retries ? w * 2 : w;
}

struct job {
    const struct demo_options *o;
    struct gen g;
    struct sink sink;
    uint64_t want, done_weight, all_weight, written;
    uint64_t in_file, file_no;
};

static char *key_start(char *p, char *end, const char *dir, const char *service)
{
    int n = snprintf(p, (size_t)(end - p), "%s/AWSLogs/%s/%s/%s/2026/03/14/%s_%s_%s_", dir,
                     SHOP_ACCOUNT, service, SHOP_REGION, SHOP_ACCOUNT, service, SHOP_REGION);

    return n < 0 || n >= end - p ? end - 1 : p + n;
}

/* The S3 key of the file that begins with `slot`, below the folder. */
static void layout_path(struct job *j, unsigned slot)
{
    char *p = j->sink.path, *end = p + sizeof(j->sink.path);
    unsigned close = slot + types[j->g.type].file_slots; /* the slot after the file's last */
    unsigned h = close / 12, m = close % 12 * 5, day = 14 + h / 24;
    char rnd[24];

    put_caps(rnd, rng_next(&j->g.rng), 8)[0] = '\0';
    h %= 24;
    switch (j->g.type) {
    case DEMO_T_ALB:
        p = key_start(p, end, j->o->dir, "elasticloadbalancing");
        snprintf(p, (size_t)(end - p),
                 "app.shop.50dc6c495c0c9188_202603%uT%02u%02uZ_10.0.1.%u_%s.log.gz", day, h, m,
                 11 + slot % 2, rnd);
        break;
    case DEMO_T_NLB:
        p = key_start(p, end, j->o->dir, "elasticloadbalancing");
        snprintf(p, (size_t)(end - p),
                 "net.shop-mqtt.c6e77e28c25b2234_202603%uT%02u%02uZ_%s.log.gz", day, h, m, rnd);
        break;
    case DEMO_T_CLB:
        p = key_start(p, end, j->o->dir, "elasticloadbalancing");
        snprintf(p, (size_t)(end - p), "legacy-admin_202603%uT%02u%02uZ_10.0.5.4_%s.log", day, h, m,
                 rnd);
        break;
    case DEMO_T_VPC:
        p = key_start(p, end, j->o->dir, "vpcflowlogs");
        snprintf(p, (size_t)(end - p), "fl-0a1b2c3d4e5f60718_20260314T%02u%02uZ_%08x.log.gz",
                 slot / 12, slot % 12 * 5, (unsigned)rng_next(&j->g.rng));
        break;
    case DEMO_T_CLOUDFRONT:
        snprintf(p, (size_t)(end - p), "%s/cloudfront/E2SHOPEX4MPL3D.2026-03-14-%02u.%08x.gz",
                 j->o->dir, slot / 12, (unsigned)rng_next(&j->g.rng));
        break;
    default:
        snprintf(p, (size_t)(end - p), "%s/s3-access/2026-03-%u-%02u-%02u-%02u-%016llX", j->o->dir,
                 day, h, m + 3, (unsigned)(rng_next(&j->g.rng) % 60),
                 (unsigned long long)rng_next(&j->g.rng));
    }
}

static void single_path(struct job *j)
{
    const char *name = type_names[j->g.type];

    if (j->o->gz)
        snprintf(j->sink.path, sizeof(j->sink.path), "%s/%s-%05llu.log.gz", j->o->dir, name,
                 (unsigned long long)++j->file_no);
    else
        snprintf(j->sink.path, sizeof(j->sink.path), "%s/%s.log", j->o->dir, name);
}

static int job_open(struct job *j, unsigned slot, struct err *e)
{
    const char *header = types[j->g.type].header;
    int rc = sink_close(&j->sink, e);

    if (rc)
        return rc;
    if (j->o->single)
        single_path(j);
    else
        layout_path(j, slot);
    rc = sink_open(&j->sink, j->o->single ? j->o->gz : types[j->g.type].gz, e);
    if (rc)
        return rc;
    j->in_file = 0;
    j->g.sum->files++;
    if (header)
        j->sink.len = (size_t)(put(j->sink.buf, header, strlen(header)) - j->sink.buf);
    return 0;
}

static int job_line(struct job *j, line_fn write, unsigned slot, int64_t t, struct err *e)
{
    struct demo_summary *sum = j->g.sum;
    int rc = 0;
    int64_t us;

    if (j->sink.fd < 0 || (j->o->single && j->o->gz && j->in_file == j->o->per_file))
        rc = job_open(j, slot, e);
    else if (j->sink.len > SINK_BUF - DEMO_LINE_MAX)
        rc = sink_flush(&j->sink, e);
    if (rc)
        return rc;
    if (t >= 86400 * SEC)
        t = 86400 * SEC - 1;
    us = j->g.day_us + t;
    sum->start_us = MIN(sum->start_us, us);
    sum->end_us = MAX(sum->end_us, us);
    sum->lines[j->g.type]++;
    j->in_file++;
    j->sink.len = (size_t)(write(j->sink.buf + j->sink.len, &j->g, t) - j->sink.buf);
    return 0;
}

static int job_scan(struct job *j, unsigned slot, struct err *e)
{
    unsigned k = slot - SCAN_BEGIN_SLOT;
    uint64_t from = j->g.scan_n * k / SCAN_SLOTS, to = j->g.scan_n * (k + 1) / SCAN_SLOTS;
    int64_t start = slot * SLOT_SEC * SEC;
    int rc = 0;

    for (uint64_t i = from; i < to && rc == 0; i++)
        rc = job_line(j, vpc_scan, slot,
                      start + (int64_t)((i - from) * SLOT_SEC * SEC / (to - from)), e);
    return rc;
}

static int job_extra(struct job *j, unsigned slot, struct err *e)
{
    if (j->g.type == DEMO_T_VPC && slot >= SCAN_BEGIN_SLOT && slot < SCAN_END_SLOT)
        return job_scan(j, slot, e);
    if (j->g.type == DEMO_T_S3 && slot == DELETED_SLOT)
        return job_line(j, s3_deleted, slot, DELETED_AT, e);
    return 0;
}

static int job_slot(struct job *j, unsigned slot, struct err *e)
{
    line_fn write = types[j->g.type].write;
    uint64_t upto, n;
    int64_t start = (int64_t)slot * SLOT_SEC * SEC;
    int rc = 0;

    if (!j->o->single && slot % types[j->g.type].file_slots == 0)
        rc = sink_close(&j->sink, e);
    j->done_weight += slot_weight(j->g.type, slot);
    upto = (uint64_t)((double)j->want * (double)j->done_weight / (double)j->all_weight + 0.5);
    n = upto - j->written;
    for (uint64_t i = 0; i < n && rc == 0; i++)
        rc = job_line(j, write, slot,
                      start + (int64_t)(i * SLOT_SEC * SEC / n) +
                          (int64_t)(rng_next(&j->g.rng) >> 44),
                      e); /* up to 1.05 s */
    j->written = upto;
    return rc ? rc : job_extra(j, slot, e);
}

static int job_run(struct job *j, struct err *e)
{
    int rc = 0;

    for (unsigned s = 0; s < SLOTS; s++)
        j->all_weight += slot_weight(j->g.type, s);
    j->sink.buf = xmalloc(SINK_BUF);
    j->sink.fd = -1;
    for (unsigned s = 0; s < SLOTS && rc == 0; s++)
        rc = job_slot(j, s, e);
    if (rc == 0)
        rc = sink_close(&j->sink, e);
    sink_drop(&j->sink);
    free(j->sink.buf);
    return rc;
}

static void gen_init(struct gen *g, const struct text *text, struct demo_summary *sum,
                     enum demo_type t, uint64_t seed)
{
    memset(g, 0, sizeof(*g));
    g->rng.s = (seed + 1) * UINT64_C(0xd1342543de82ef95) ^ (uint64_t)t << 56;
    g->text = text;
    g->sum = sum;
    g->type = t;
    memcpy(g->date, "2026-03-14", 11);
    memcpy(g->clf, "14/Mar/2026", 12);
    g->day_us = DAY_START;
}

static void summary_init(struct demo_summary *s)
{
    memset(s, 0, sizeof(*s));
    s->start_us = INT64_MAX;
    s->end_us = INT64_MIN;
    s->deploy_us = DAY_START + DEPLOY;
    s->rollback_us = DAY_START + ROLLBACK;
    s->no_target_us = DAY_START + NO_TARGET;
    s->no_target_end_us = DAY_START + NO_TARGET_END;
    s->bad_target = BAD_TARGET_IP;
    s->scan_ip = SCAN_IP;
    s->scan_open_port = 22;
    s->deleted_bucket = DELETED_BUCKET;
    s->deleted_key = DELETED_KEY;
    s->deleted_by = DELETED_BY;
    s->deleted_from = DELETED_FROM;
}

static int write_type(const struct demo_options *o, const struct text *text, enum demo_type t,
                      unsigned share_sum, struct demo_summary *sum, struct err *e)
{
    struct job j = {.o = o};

    gen_init(&j.g, text, sum, t, o->seed);
    j.want = o->lines * types[t].share / share_sum;
    if (t == DEMO_T_VPC) {
        j.g.scan_n = MIN(j.want / 20 + 3, 6000);
        j.g.scan_mid = j.g.scan_n * 3 / 5;
        j.want -= MIN(j.want, j.g.scan_n);
    } else if (t == DEMO_T_S3 && j.want) {
        j.want--;
    }
    return job_run(&j, e);
}

int demo_write(const struct demo_options *o, struct demo_summary *sum, struct err *e)
{
    struct demo_options opt = *o;
    struct text text;
    unsigned share = 0;
    int rc = 0;

    summary_init(sum);
    if (strlen(o->dir) > PATH_MAX - 256)
        return err_set(e, ERR_USAGE, "%s: path too long", o->dir);
    opt.lines = o->lines ? o->lines : 200000;
    opt.types = o->types & DEMO_ALL ? o->types & DEMO_ALL : DEMO_ALL;
    opt.per_file = o->per_file ? o->per_file : 100000;
    for (unsigned t = 0; t < DEMO_N_TYPES; t++)
        if (opt.types >> t & 1)
            share += types[t].share;
    text_init(&text, o->seed);
    for (unsigned t = 0; t < DEMO_N_TYPES && rc == 0; t++)
        if (opt.types >> t & 1)
            rc = write_type(&opt, &text, (enum demo_type)t, share, sum, e);
    text_release(&text);
    return rc;
}

/* --- the incident in words --- */
static const char *clock_text(int64_t us, char out[9])
{
    put_clock(out, (unsigned)((us - DAY_START) / SEC), ':')[0] = '\0';
    return out;
}

static void print_vpc(const struct demo_summary *s, FILE *f)
{
    if (!s->lines[DEMO_T_VPC])
        return;
    fprintf(f,
            "12:45  %s tries %llu ports of the bastion subnet: %llu rejected, %llu accepted "
            "(port %u).\n",
            s->scan_ip, (unsigned long long)s->scan_ports, (unsigned long long)s->scan_rejects,
            (unsigned long long)s->scan_accepts, s->scan_open_port);
}

static void print_alb(const struct demo_summary *s, FILE *f)
{
    char a[9], b[9];

    fprintf(f,
            "%.5s  A deployment makes target %s slow: %llu answers 504, %llu 502, mostly on "
            "/api/cart.\n",
            clock_text(s->deploy_us, a), s->bad_target, (unsigned long long)s->alb_504,
            (unsigned long long)s->alb_502);
    fprintf(f, "%.5s  No healthy target in shop-api until %s: %llu answers 503.\n",
            clock_text(s->no_target_us, a), clock_text(s->no_target_end_us, b),
            (unsigned long long)s->alb_503);
    fprintf(f, "all day  10.0.3.5 fails by itself: %llu answers 500.\n",
            (unsigned long long)s->alb_500);
}

void demo_summary_print(const struct demo_summary *s, FILE *f)
{
    char a[9];

    fputs("2026-03-14, all times UTC: a day of shop.example.com\n\n", f);
    print_vpc(s, f);
    if (s->lines[DEMO_T_ALB])
        print_alb(s, f);
    if (s->lines[DEMO_T_CLOUDFRONT])
        fprintf(f,
                "%.5s  CloudFront: %llu errors, most at LHR50-P2, LHR62-C1 and DUB56-P1; the "
                "hit ratio of LHR50-P2 falls.\n",
                clock_text(s->deploy_us, a), (unsigned long long)s->cf_error);
    fprintf(f, "%.5s  Rollback.\n", clock_text(s->rollback_us, a));
    if (s->deleted_us)
        fprintf(f, "%.5s  %s deletes s3://%s/%s from %s.\n", clock_text(s->deleted_us, a),
                s->deleted_by, s->deleted_bucket, s->deleted_key, s->deleted_from);
    fputs("\nRecords:", f);
    for (unsigned t = 0; t < DEMO_N_TYPES; t++)
        if (s->lines[t])
            fprintf(f, "  %s %llu", type_names[t], (unsigned long long)s->lines[t]);
    fprintf(f, "  in %llu files\n", (unsigned long long)s->files);
}

/* --- live --- */
struct live_file {
    struct gen g;
    struct sink sink;
    const char *name;
    uint64_t lines;
};

#define LIVE_TICK_NS 100000000L
#define LIVE_ROTATE_LINES 200000

static int64_t now_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * SEC + ts.tv_nsec / 1000;
}

static void live_date(struct gen *g, int64_t now)
{
    int64_t day = now / (86400 * SEC) * 86400 * SEC;
    time_t sec = (time_t)(day / SEC);
    struct tm tm;

    if (g->day_us == day)
        return;
    g->day_us = day;
    gmtime_r(&sec, &tm);
    strftime(g->date, sizeof(g->date), "%Y-%m-%d", &tm);
}

static int live_open(struct live_file *l, const char *dir, struct err *e)
{
    int rc;

    snprintf(l->sink.path, sizeof(l->sink.path), "%s/live/%s.log", dir, l->name);
    rc = sink_open(&l->sink, false, e);
    l->lines = 0;
    if (rc == 0 && types[l->g.type].header) {
        const char *h = types[l->g.type].header;

        l->sink.len = (size_t)(put(l->sink.buf, h, strlen(h)) - l->sink.buf);
    }
    return rc;
}

static int live_rotate(struct live_file *l, const char *dir, struct err *e)
{
    char old[PATH_MAX + 4];
    int rc = sink_close(&l->sink, e);

    snprintf(old, sizeof(old), "%s.1", l->sink.path);
    if (rc == 0 && rename(l->sink.path, old))
        rc = err_sys(e, "cannot rename", l->sink.path);
    return rc ? rc : live_open(l, dir, e);
}

static int live_tick(struct live_file *l, uint64_t n, const char *dir, struct err *e)
{
    int64_t now = now_us();
    int rc = 0;

    live_date(&l->g, now);
    for (uint64_t i = 0; i < n && rc == 0; i++) {
        int64_t t = now - l->g.day_us + (int64_t)(i * (uint64_t)(LIVE_TICK_NS / 1000) / n);

        if (l->sink.len > SINK_BUF - DEMO_LINE_MAX)
            rc = sink_flush(&l->sink, e);
        t = MIN(t, 86400 * SEC - 1);
        l->sink.len =
            (size_t)(types[l->g.type].write(l->sink.buf + l->sink.len, &l->g, t) - l->sink.buf);
        l->lines++;
    }
    if (rc == 0)
        rc = sink_flush(&l->sink, e);
    if (rc == 0 && l->lines > LIVE_ROTATE_LINES)
        rc = live_rotate(l, dir, e);
    return rc;
}

static int live_loop(struct live_file *f, unsigned n_files, const char *dir, uint64_t per_s,
                     const atomic_bool *stop, struct err *e)
{
    const struct timespec tick = {0, LIVE_TICK_NS};
    uint64_t debt[DEMO_N_TYPES] = {0}; /* lines times ten not written yet */
    int rc = 0;

    while (rc == 0 && !atomic_load(stop)) {
        for (unsigned i = 0; i < n_files && rc == 0; i++) {
            debt[i] += i == 0 ? per_s - per_s / 3 : per_s / 3;
            rc = live_tick(&f[i], debt[i] / 10, dir, e);
            debt[i] %= 10;
        }
        nanosleep(&tick, NULL);
    }
    return rc;
}

int demo_live(const char *dir, uint64_t lines_per_s, const atomic_bool *stop, struct err *e)
{
    static const enum demo_type kind[] = {DEMO_T_ALB, DEMO_T_CLOUDFRONT};
    struct live_file *f = xcalloc(ARRAY_LEN(kind), sizeof(*f));
    struct demo_summary sum;
    struct text text;
    int rc = 0;

    if (strlen(dir) > PATH_MAX - 64)
        return free(f), err_set(e, ERR_USAGE, "%s: path too long", dir);
    summary_init(&sum);
    text_init(&text, 1);
    for (unsigned i = 0; i < ARRAY_LEN(kind); i++) {
        gen_init(&f[i].g, &text, &sum, kind[i], (uint64_t)now_us());
        f[i].g.live = true;
        f[i].name = type_names[kind[i]];
        f[i].sink.buf = xmalloc(SINK_BUF);
        f[i].sink.fd = -1;
        if (rc == 0)
            rc = live_open(&f[i], dir, e);
    }
    if (rc == 0)
        rc = live_loop(f, ARRAY_LEN(kind), dir, lines_per_s, stop, e);
    for (unsigned i = 0; i < ARRAY_LEN(kind); i++) {
        sink_drop(&f[i].sink);
        free(f[i].sink.buf);
    }
    text_release(&text);
    free(f);
    return rc;
}
