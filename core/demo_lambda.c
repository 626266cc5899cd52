/* demo_lambda.c - Lambda functions of the made-up day, as an export task of CloudWatch Logs writes
 * their lines. One call writes all lines of one invocation. */
#include "demo_gen.h"

static const struct function {
    const char *name, *says, *fails;
    unsigned ms, memory, used;
} functions[] = {
    {"cart-events", "GET http://api.shop.internal/api/cart", "cart service answered 503", 180, 256,
     92},
    {"image-resize", "resizing img/products to 640 wide", "not an image, left alone", 900, 512,
     310},
    {"order-mailer", "order confirmation sent", "SMTP 421 try again later", 240, 128, 71},
};

struct invocation_line {
    const struct function *f;
    char id[37];
    int64_t t; /* of the next line */
    uint64_t lines;
};

static void make_id(char id[37], struct rng *r)
{
    char *p = put_hex(id, rng_next(r), 8);

    *p++ = '-';
    p = put_hex(p, rng_next(r), 4);
    p = PUT_LIT(p, "-4");
    p = put_hex(p, rng_next(r), 3);
    p = PUT_LIT(p, "-8");
    p = put_hex(p, rng_next(r), 3);
    *p++ = '-';
    put_hex(p, rng_next(r), 12)[0] = '\0';
}

static char *put_iso_ms(char *p, const struct gen *g, int64_t t)
{
    p = put_iso(p, g, t) - 4; /* milliseconds are enough here */
    *p++ = 'Z';
    return p;
}

/* The time that the export puts before each message; nothing is later than the day. */
static char *start_line(char *p, struct gen *g, struct invocation_line *l, int64_t later)
{
    l->t = MIN(l->t + later, 86400 * SEC - 1000);
    g->sum->end_us = MAX(g->sum->end_us, g->day_us + l->t);
    l->lines++;
    p = put_iso_ms(p, g, l->t);
    *p++ = ' ';
    return p;
}

static char *with_id(char *p, const char *before, const struct invocation_line *l)
{
    p = put(p, before, strlen(before));
    return put(p, l->id, 36);
}

static char *app_line(char *p, struct gen *g, struct invocation_line *l, const char *level,
                      const char *text)
{
    p = start_line(p, g, l, 2000 + rng_below(&g->rng, 4000));
    *p++ = '[';
    p = put(p, level, strlen(level));
    p = PUT_LIT(p, "]\t");
    p = put_iso_ms(p, g, l->t);
    p = with_id(p, "\t", l);
    *p++ = '\t';
    p = put(p, text, strlen(text));
    *p++ = '\n';
    return p;
}

static char *put_hundredths(char *p, unsigned v)
{
    p = put_u(p, v / 100);
    *p++ = '.';
    return put_2(p, v % 100);
}

enum { ENDS_WELL, ENDS_TIMEOUT, ENDS_KILLED };

static char *end_lines(char *p, struct gen *g, struct invocation_line *l, unsigned ms,
                       unsigned init, unsigned how)
{
    unsigned used = how == ENDS_KILLED ? l->f->memory : l->f->used + rng_below(&g->rng, 20);

    p = with_id(start_line(p, g, l, 0), "END RequestId: ", l);
    *p++ = '\n';
    p = with_id(start_line(p, g, l, 0), "REPORT RequestId: ", l);
    p = put_hundredths(PUT_LIT(p, "\tDuration: "), ms * 100 + (ms == 30000 ? 0 : ms % 97));
    p = put_u(PUT_LIT(p, " ms\tBilled Duration: "), ms + (ms != 30000));
    p = put_u(PUT_LIT(p, " ms\tMemory Size: "), l->f->memory);
    p = put_u(PUT_LIT(p, " MB\tMax Memory Used: "), used);
    p = PUT_LIT(p, " MB\t");
    if (init) {
        p = put_hundredths(PUT_LIT(p, "Init Duration: "), init * 100 + 31);
        p = PUT_LIT(p, " ms\t");
    }
    if (how == ENDS_TIMEOUT)
        p = PUT_LIT(p, "Status: timeout");
    else if (how == ENDS_KILLED)
        p = PUT_LIT(p, "Status: error\tError Type: Runtime.OutOfMemory");
    *p++ = '\n';
    return p;
}

static char *middle_lines(char *p, struct gen *g, struct invocation_line *l, unsigned how,
                          unsigned ms)
{
    p = app_line(p, g, l, "INFO", l->f->says);
    if (how == ENDS_TIMEOUT) {
        p = start_line(p, g, l, (int64_t)ms * 1000);
        p = put_iso_ms(p, g, l->t);
        p = PUT_LIT(with_id(p, " ", l), " Task timed out after 30.00 seconds\n");
    } else if (how == ENDS_KILLED) {
        p = with_id(start_line(p, g, l, (int64_t)ms * 1000), "RequestId: ", l);
        p = PUT_LIT(p, " Error: Runtime exited with error: signal: killed\n");
    } else {
        if (rng_chance(&g->rng, 1500))
            p = app_line(p, g, l, "ERROR", l->f->fails);
        l->t += (int64_t)ms * 1000;
    }
    return p;
}

char *demo_lambda_lines(char *p, struct gen *g, int64_t t)
{
    unsigned part = (unsigned)(t / (demo_kinds[DEMO_T_LAMBDA].file_slots * SLOT_SEC * SEC));
    struct invocation_line l = {.f = &functions[(part + 2) % ARRAY_LEN(functions)], .t = t};
    bool cart = l.f == functions, hangs = cart && phase_at(g, t).bad && rng_chance(&g->rng, 60000);
    unsigned init = rng_chance(&g->rng, 4000) ? 180 + rng_below(&g->rng, 400) : 0;
    unsigned how = hangs ? ENDS_TIMEOUT : ENDS_WELL, ms = rng_ms(&g->rng, l.f->ms);

    if (l.f == &functions[1] && rng_chance(&g->rng, 900))
        how = ENDS_KILLED;
    if (hangs)
        ms = 30000;
    make_id(l.id, &g->rng);
    if (init)
        p = PUT_LIT(start_line(p, g, &l, 0),
                    "INIT_START Runtime Version: python:3.12.v38\tRuntime Version ARN: "
                    "arn:aws:lambda:" SHOP_REGION "::runtime:1f9d5a0c\n");
    p = PUT_LIT(with_id(start_line(p, g, &l, (int64_t)init * 1000), "START RequestId: ", &l),
                " Version: $LATEST\n");
    p = middle_lines(p, g, &l, how, ms);
    p = end_lines(p, g, &l, ms, init, how);
    g->sum->lambda_timeouts += how == ENDS_TIMEOUT;
    g->sum->lambda_killed += how == ENDS_KILLED;
    g->more = l.lines - 1;
    return p;
}

const char *demo_lambda_function(unsigned slot)
{
    return functions[(slot / demo_kinds[DEMO_T_LAMBDA].file_slots + 2) % ARRAY_LEN(functions)].name;
}
