/* demo_s3.c - S3 access logs of the made-up day, the deleted object among them. */
#include "demo_gen.h"

struct s3_line {
    const char *bucket, *ip, *who, *op, *method, *key, *error, *agent;
    unsigned status, bytes, size, ms;
    const char *request; /* NULL: any */
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
    if (l->request) {
        p = put(p, l->request, strlen(l->request));
    } else {
        p = put_caps(p, rng_next(&g->rng), 12);
        p = put_caps(p, rng_next(&g->rng), 4);
    }
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

char *demo_s3_deleted(char *p, struct gen *g, int64_t t)
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
        .ms = 41,
        .request = DELETED_REQUEST};

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
                        41200,        18,
                        NULL};
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

char *demo_s3_line(char *p, struct gen *g, int64_t t)
{
    struct s3_line l = s3_pick(g, t);

    return s3_put(p, g, &l, t);
}
