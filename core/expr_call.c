/* expr_call.c - calls of functions, their arguments, and those calls that mean something else. */
#include "expr_func.h"
#include "zone.h"

static bool is_period_func(const char *name)
{
    return !strcmp(name, "datefloor") || !strcmp(name, "dateceil");
}

static struct expr *take_period(struct parser *p)
{
    int64_t us, months;
    struct expr *e;
    size_t n;

    skip(p);
    n = lex_period(p->q, p->at, &us, &months);
    if (!n) {
        fail_here(p, "a period is expected");
        parse_hint(p, "5m, 1h, 30s, 1d");
        return NULL;
    }
    e = expr_new(p, EX_NUM, p->at, p->at + n);
    e->lit = LIT_PERIOD;
    e->text = pool_text(p->pool, text_at(p, p->at, n));
    e->lo_us = us;
    e->hi_us = months;
    e->num = (double)us / 1e6;
    p->at += n;
    return e;
}

/* strcontains(s, x, true): there are no other truth values than 1 and 0 else. */
static struct expr *take_flag(struct parser *p)
{
    size_t yes = (skip(p), lex_word(p->q, p->at, "true")), no = lex_word(p->q, p->at, "false");
    struct expr *e;

    if (!yes && !no)
        return parse_or(p);
    e = expr_new(p, EX_NUM, p->at, p->at + yes + no);
    e->num = yes ? 1 : 0;
    e->text = yes ? SL("1") : SL("0");
    e->lit = LIT_PLAIN;
    p->at += yes + no;
    return e;
}

/* regexReplace(s, /re/, to) is what those expect who write it everywhere else. */
static struct expr *take_pattern(struct parser *p)
{
    struct strbuf text = STRBUF_INIT;
    struct slice pattern;
    struct expr *e;
    bool icase;
    size_t n = (skip(p), lex_regex(p->q, p->at, &pattern, &icase));

    if (!n)
        return parse_or(p);
    strbuf_addf(&text, "%s" SLICE_FMT, icase ? "(?i)" : "", SLICE_ARG(pattern));
    e = expr_new(p, EX_STR, p->at, p->at + n);
    e->text = pool_text(p->pool, strbuf_slice(&text));
    strbuf_release(&text);
    p->at += n;
    return e;
}

static struct expr *take_arg(struct parser *p, const struct expr *call)
{
    const char *name = call->func->name;

    if (is_period_func(name) && call->n == 1)
        return take_period(p);
    if (!strcmp(name, "strcontains") && call->n == 2)
        return take_flag(p);
    if (!strcmp(name, "regexReplace") && call->n == 1)
        return take_pattern(p);
    return parse_or(p);
}

static bool take_args(struct parser *p, struct expr *call)
{
    const struct func *f = call->func;

    if (take_char(p, ')'))
        return true;
    do {
        struct expr *arg = take_arg(p, call);

        if (!arg)
            return false;
        if (call->n == f->max)
            return parse_fail(p, arg->at, arg->at_len, "%s takes %d arguments at most", f->name,
                              f->max);
        expr_add_arg(p, call, arg);
    } while (take_char(p, ','));
    if (take_char(p, ')'))
        return true;
    return fail_here(p, "a , or ) is expected");
}

/* isIpInSubnet(f, "cidr") and ispresent(f) have nodes of their own. */
static struct expr *simplify_call(struct parser *p, struct expr *call)
{
    const char *name = call->func->name;
    struct expr *net;
    bool v6;

    if (!strcmp(name, "ispresent"))
        return expr_op1(p, EX_PRESENT, call->arg[0]);
    if (!strstr(name, "InSubnet") || call->arg[1]->kind != EX_STR || call->arg[1]->lit)
        return call;
    net = expr_new(p, EX_CIDR, call->arg[1]->at, call->arg[1]->at + call->arg[1]->at_len);
    net->text = call->arg[1]->text;
    if (!parse_cidr(net->text, &net->net, &net->bits))
        return parse_fail(p, net->at, net->at_len, "that is no network; for example 10.0.0.0/8");
    v6 = net->net.v6;
    if ((!strcmp(name, "isIpv4InSubnet") && v6) || (!strcmp(name, "isIpv6InSubnet") && !v6))
        return parse_fail(p, net->at, net->at_len, "%s wants a network of the other family", name);
    return expr_op2(p, EX_INNET, OP_EQ, call->arg[0], net);
}

static struct expr *now_call(struct parser *p, size_t at)
{
    struct expr *e = expr_new(p, EX_NUM, at, p->at);

    struct strbuf text = STRBUF_INIT;

    e->num = floor((double)p->env->now_us / 1e6);
    strbuf_addf(&text, "%.0f", e->num);
    e->text = pool_text(p->pool, strbuf_slice(&text));
    e->lit = LIT_PLAIN;
    strbuf_release(&text);
    return e;
}

/* AWS silently makes bin(300s) one of 60 s; here it is what it says, which deserves a word. */
static void note_bin_cap(struct parser *p, const struct expr *period)
{
    static const struct {
        int64_t unit_us;
        double cap;
    } caps[] = {{1000, 1000}, {1000000, 60}, {60000000, 60}, {INT64_C(3600000000), 24}};
    double n = strtod(period->text.ptr, NULL);

    for (unsigned i = 0; i < ARRAY_LEN(caps); i++)
        if (n > caps[i].cap && n * (double)caps[i].unit_us == (double)period->lo_us)
            parse_notice(p, "bin(" SLICE_FMT ") is that wide here; AWS caps the number at %.0f",
                         SLICE_ARG(period->text), caps[i].cap);
}

static struct expr *bin_call(struct parser *p, size_t at)
{
    struct expr *call = expr_new(p, EX_CALL, at, at), *time, *period;
    size_t open = p->at, len = 0;

    p->at = at;
    if (p->after_stats) {
        struct parser look = *p;

        look.q = SL("@timestamp");
        look.at = 0;
        time = bind_name(&look, &len);
        if (!time) {
            parse_fail(p, at, 3, "bin needs @timestamp, which is gone after the first stats");
            parse_hint(p, "name it in the first one (bin(5m) as @t), then dateceil(@t, 5m)");
            return NULL;
        }
    } else {
        time = bind_system(p, "@timestamp");
    }
    p->at = open;
    period = take_period(p);
    if (!period)
        return NULL;
    if (!take_char(p, ')'))
        return fail_here(p, "a ) is expected");
    note_bin_cap(p, period);
    call->func = func_find(SL("datefloor"));
    expr_add_arg(p, call, time);
    expr_add_arg(p, call, period);
    call->at = (unsigned)at;
    call->at_len = (unsigned)(p->at - at);
    return call;
}

/* The regex of regexReplace is compiled once. */
static struct expr *replace_call(struct parser *p, struct expr *call)
{
    struct expr *pattern = call->arg[1], *match;

    if (pattern->kind != EX_STR)
        return parse_fail(p, pattern->at, pattern->at_len, "the regex stands in quotes");
    match = expr_regex(p, call->arg[0], pattern->text, false, pattern->at, p->at);
    if (!match)
        return NULL;
    call->re = match->re;
    return call;
}

/* queryStartTime(), queryEndTime(), queryTimeRange(): milliseconds, of the records in view. */
struct expr *range_call(struct parser *p, size_t at)
{
    static const char *const name[] = {"queryStartTime", "queryEndTime", "queryTimeRange"};
    const double value[] = {floor((double)p->env->first_us / 1e3),
                            floor((double)p->env->last_us / 1e3),
                            floor((double)(p->env->last_us - p->env->first_us) / 1e3)};
    size_t n, open;

    for (unsigned i = 0; i < ARRAY_LEN(name); i++) {
        struct expr *e;

        n = lex_word(p->q, at, name[i]);
        open = lex_blank(p->q, at + n);
        if (!n || open >= p->q.len || p->q.ptr[open] != '(')
            continue;
        p->at = open + 1;
        p->trial_calls++;
        if (!take_char(p, ')'))
            return fail_here(p, "a ) is expected");
        e = expr_new(p, EX_NUM, at, p->at);
        e->num = value[i];
        e->lit = LIT_PLAIN;
        return e;
    }
    return NULL;
}

static bool takes_zone(const char *name)
{
    return !strcmp(name, "parseDate") || !strcmp(name, "formatDate") || !strcmp(name, "strftime");
}

/* Better a word than missing values. */
static bool check_zone(struct parser *p, const struct expr *call)
{
    const char *name = call->func->name;
    const struct expr *zone = call->n == 3 ? call->arg[2] : NULL;
    int seconds;

    if (!zone || zone->kind != EX_STR || !takes_zone(name) || zone_seconds(zone->text, &seconds) ||
        time_zone_find(zone->text))
        return true;
    parse_fail(p, zone->at, zone->at_len, "this machine knows no such time zone");
    parse_hint(p, "\"+02:00\", \"UTC\", or \"Europe/Berlin\" where there is "
                  "/usr/share/zoneinfo/Europe/Berlin");
    return false;
}

static struct expr *finish_call(struct parser *p, struct slice name, size_t at)
{
    const struct func *f = func_find(name);
    struct expr *call = expr_new(p, EX_CALL, at, p->at);

    call->func = f;
    if (!take_args(p, call))
        return NULL;
    if (call->n < f->min)
        return parse_fail(p, at, p->at - at, "%s takes %d arguments at least", f->name, f->min);
    call->at_len = (unsigned)(p->at - at);
    if (!check_zone(p, call))
        return NULL;
    if (!strcmp(f->name, "now"))
        return now_call(p, at);
    if (!strcmp(f->name, "regexReplace"))
        return replace_call(p, call);
    return simplify_call(p, call);
}

/* name ( ... ; NULL without an error if that is no call of a known function. */
struct expr *take_call(struct parser *p)
{
    size_t at = p->at, n = lex_name(p->q, at), open = lex_blank(p->q, at + n);
    struct slice name = text_at(p, at, n);
    bool implied = p->implied, bin = slice_eq_nocase(name, SL("bin"));
    struct expr *e;

    if (!n || open >= p->q.len || p->q.ptr[open] != '(' || (!bin && !func_find(name)))
        return NULL;
    p->at = open + 1;
    p->trial_calls++;
    p->implied = false;
    if (!enter(p))
        return NULL;
    e = bin ? bin_call(p, at) : finish_call(p, name, at);
    p->depth--;
    p->implied = implied;
    return e;
}
