/* demo_gen.c - when it goes wrong, and who comes. */
#include "demo_gen.h"
#include "xalloc.h"

struct phase phase_at(const struct gen *g, int64_t t)
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

void text_init(struct text *t, uint64_t seed)
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

void text_release(struct text *t)
{
    for (unsigned i = 0; i < N_AGENTS; i++)
        free((char *)(uintptr_t)t->agent_enc[i].ptr);
    free(t->client);
}

/* Some visitors come much more often than others. */
const struct client *pick_client(struct gen *g)
{
    uint64_t x = rng_next(&g->rng);
    uint64_t a = x & 0xffff, b = x >> 16 & 0xffff;

    return &g->text->client[(a * b >> 19) & (N_CLIENTS - 1)];
}
