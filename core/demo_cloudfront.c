/* demo_cloudfront.c - CloudFront on the made-up day. */
#include "demo_gen.h"

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

char *demo_cloudfront_line(char *p, struct gen *g, int64_t t)
{
    struct cf_line l;

    cf_decide(g, &l, t);
    g->sum->cf_error += l.result[0] == 'E';
    p = cf_first_half(p, g, &l, t);
    return cf_second_half(p, g, &l);
}
