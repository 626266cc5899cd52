/* demo_elb.c - the load balancers of the made-up day: application, network, classic. */
#include "demo_gen.h"

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

char *demo_alb_line(char *p, struct gen *g, int64_t t)
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

/* --- NLB --- */
static char *put_iso_s(char *p, const struct gen *g, int64_t t)
{
    p = put(p, g->date, 10);
    *p++ = 'T';
    return put_clock(p, (unsigned)(t / SEC), ':');
}

char *demo_nlb_line(char *p, struct gen *g, int64_t t)
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

char *demo_clb_line(char *p, struct gen *g, int64_t t)
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
