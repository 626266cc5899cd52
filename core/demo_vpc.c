/* demo_vpc.c - VPC flow logs of the made-up day, a port scan among them. */
#include "demo_gen.h"

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

char *demo_vpc_scan(char *p, struct gen *g, int64_t t)
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

char *demo_vpc_line(char *p, struct gen *g, int64_t t)
{
    unsigned x = rng_below(&g->rng, 10000);

    if (x < 60)
        return vpc_empty(p, g, t, false);
    if (x < 63 || (x < 120 && t >= AT(13, 10, 0) && t < AT(13, 20, 0)))
        return vpc_empty(p, g, t, true);
    return x < 420 ? vpc_noise(p, g, t) : vpc_usual(p, g, t);
}
