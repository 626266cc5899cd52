/* explain_record.c - writes the paragraph of a record.
 *
 * It is put together from the meanings of its values and the few sums that only a whole record
 * allows: the pair of statuses, the time it took against the 10 s of a connect and the idle
 * timeout. */
#include <math.h>
#include <stdio.h>

#include "explain_tables.h"
#include "edge.h"
#include "value.h"

struct story {
    struct logtype *lt;
    const struct record *rec;
    struct strbuf *out;
    const char *side;
};

static struct slice get(const struct story *s, const char *name)
{
    int i = logtype_field(s->lt, slice_str(name), false);

    return i < 0 ? (struct slice){NULL, 0} : record_get(s->rec, (unsigned)i);
}

static double get_number(const struct story *s, const char *name)
{
    double v;

    return parse_double(get(s, name), &v) ? v : NAN;
}

static void add_next(struct story *s, const char *next)
{
    if (next)
        strbuf_addf(s->out, " Next: %s%s", next, slice_ends(slice_str(next), "?") ? "" : ".");
}

static void add_seconds(struct story *s, double sec)
{
    strbuf_addf(s->out, sec < 1 ? "%.3f s" : "%.1f s", sec);
}

static const char *or_dash(const char *s)
{
    return s ? s : "-";
}

static struct slice or_word(struct slice s, const char *word)
{
    return value_missing(s) ? slice_str(word) : s;
}

struct lb {
    struct slice elb, status, reason, target;
    double elapsed, target_time, request_time;
    struct cause cause;
    const char *kind; /* the word for who serves */
};

static void lb_read(const struct story *s, struct lb *l, bool alb)
{
    int64_t created;

    l->kind = alb ? "target" : "instance";
    l->elb = get(s, "elb_status_code");
    l->status = get(s, alb ? "target_status_code" : "backend_status_code");
    l->reason = alb ? get(s, "error_reason") : (struct slice){NULL, 0};
    l->target = get(s, alb ? "target:port" : "backend:port");
    l->target_time = get_number(s, alb ? "target_processing_time" : "backend_processing_time");
    l->request_time = get_number(s, "request_processing_time");
    l->elapsed = NAN;
    if (s->rec->ts != TIME_NONE && alb && parse_iso8601(get(s, "request_creation_time"), &created))
        l->elapsed = (double)(s->rec->ts - created) / 1e6;
    l->cause = cause_alb(l->elb, l->status, l->reason, l->elapsed, l->target_time);
}

static void lb_target(struct story *s, const struct lb *l)
{
    if (value_missing(l->target))
        strbuf_addf(s->out, "the %s", l->kind);
    else
        strbuf_addf(s->out, "%s " SLICE_FMT, l->kind, SLICE_ARG(l->target));
}

static void lb_504(struct story *s, const struct lb *l)
{
    if (l->elapsed >= CONNECT_LOW && l->elapsed <= CONNECT_HIGH) {
        strbuf_adds(s->out, "no connection to ");
        lb_target(s, l);
        strbuf_adds(s->out, " within 10 s: security group, network ACL, or it accepts nothing.");
        return;
    }
    lb_target(s, l);
    strbuf_adds(s->out, " sent nothing");
    if (l->elapsed > CONNECT_HIGH) {
        strbuf_adds(s->out, " for ");
        add_seconds(s, l->elapsed);
        strbuf_adds(s->out, ", the idle timeout.");
    } else {
        strbuf_adds(s->out, " in time, or closed the connection.");
    }
}

static void lb_502(struct story *s, const struct lb *l)
{
    lb_target(s, l);
    if (!value_missing(l->status))
        strbuf_addf(s->out, " answered " SLICE_FMT ", but in a form that cannot be passed on.",
                    SLICE_ARG(l->status));
    else if (l->target_time >= 0) {
        strbuf_adds(s->out, " closed the connection after ");
        add_seconds(s, l->target_time);
        strbuf_adds(s->out, ": it crashed, restarted, or its keep-alive is shorter than the load "
                            "balancer's idle timeout.");
    } else {
        strbuf_adds(s->out, " refused or reset the connection, or the TLS handshake failed.");
    }
}

static void lb_460(struct story *s, const struct lb *l)
{
    strbuf_adds(s->out, "the client closed the connection");
    if (!isnan(l->elapsed)) {
        strbuf_adds(s->out, " after ");
        add_seconds(s, l->elapsed);
    }
    if (value_missing(l->status))
        strbuf_adds(s->out, ", before an answer came: its own timeout, or somebody gave up.");
    else
        strbuf_addf(s->out, "; the %s had answered " SLICE_FMT ".", l->kind, SLICE_ARG(l->status));
}

static void lb_why(struct story *s, const struct lb *l, const struct explanation *x)
{
    if (!value_missing(l->reason))
        strbuf_addf(s->out, SLICE_FMT ": %s.", SLICE_ARG(l->reason), or_dash(l->cause.text));
    else if (slice_is(l->elb, "504"))
        lb_504(s, l);
    else if (slice_is(l->elb, "502"))
        lb_502(s, l);
    else if (slice_is(l->elb, "460"))
        lb_460(s, l);
    else
        strbuf_addf(s->out, "%s.", x->meaning);
}

static bool lb_is_special(const struct lb *l, const struct explanation *x)
{
    char c = l->elb.ptr[0];

    if (!value_missing(l->reason) || c == '5' || c == '0')
        return true;
    return c == '4' && value_missing(l->status) && x->side != NULL;
}

static void lb_story(struct story *s, bool alb)
{
    struct lb l;
    struct explanation x;

    lb_read(s, &l, alb);
    if (value_missing(l.elb) ||
        !explain_value(slice_str(s->lt->fmt->name), SL("elb_status_code"), l.elb, &x) ||
        !lb_is_special(&l, &x))
        return;
    s->side = l.cause.side;
    if (!value_missing(l.status) && slice_eq(l.elb, l.status)) {
        strbuf_addf(s->out, SLICE_FMT " comes from ", SLICE_ARG(l.elb));
        lb_target(s, &l);
        strbuf_adds(s->out, " itself: an application error, the load balancer only passed it on.");
        add_next(s, "the application's log at that moment, by trace_id; target_ip");
        return;
    }
    strbuf_addf(s->out, SLICE_FMT ", made by the load balancer: ", SLICE_ARG(l.elb));
    lb_why(s, &l, &x);
    if (l.request_time < 0 && value_missing(l.status) && l.elb.ptr[0] == '5')
        strbuf_addf(s->out, " The request never reached a %s.", l.kind);
    add_next(s, x.next);
}

static void add_edge(struct story *s)
{
    struct slice code = get(s, "x-edge-location");
    struct edge_place place;
    bool near;

    if (value_missing(code))
        return;
    strbuf_addf(s->out, " at " SLICE_FMT, SLICE_ARG(code));
    if (edge_lookup(code, &place, &near))
        strbuf_addf(s->out, near ? " (near %s, %s)" : " (%s, %s)", place.city, place.country);
}

static void cf_story(struct story *s)
{
    struct slice result = get(s, "x-edge-result-type"), status = get(s, "sc-status");
    struct slice detail = get(s, "x-edge-detailed-result-type");
    struct slice type = SL("cloudfront"), field = SL("x-edge-result-type");
    struct explanation x;
    bool error = slice_is(result, "Error"), left;

    if (value_missing(result) || slice_is(result, "Redirect") || slice_is(result, "Miss") ||
        slice_ends(result, "Hit") || slice_is(result, "FunctionGeneratedResponse"))
        return;
    left = error && (slice_is(status, "200") || slice_is(status, "000") || slice_is(status, "206"));
    if (!error || value_missing(detail))
        detail = result;
    strbuf_addf(s->out, SLICE_FMT " " SLICE_FMT, SLICE_ARG(or_word(status, "No status")),
                SLICE_ARG(detail));
    add_edge(s);
    strbuf_adds(s->out, ": ");
    if (left && (slice_is(detail, "Error") || slice_starts(detail, "Client"))) {
        s->side = "client";
        strbuf_addf(s->out,
                    "the viewer left after " SLICE_FMT " s, before the whole answer was "
                    "sent. Next: c-ip, cs(User-Agent), time-taken.",
                    SLICE_ARG(or_word(get(s, "time-taken"), "some")));
    } else if (explain_value(type, slice_is(detail, "Error") ? SL("sc-status") : field,
                             slice_is(detail, "Error") ? status : detail, &x)) {
        s->side = x.side;
        strbuf_addf(s->out, "%s.", x.meaning);
        add_next(s, x.next);
    } else {
        strbuf_adds(s->out, "a value this version does not know.");
    }
}

static void add_flow(struct story *s)
{
    struct slice port = get(s, "dstport");
    struct explanation x;

    strbuf_addf(s->out, SLICE_FMT " to " SLICE_FMT, SLICE_ARG(or_word(get(s, "srcaddr"), "?")),
                SLICE_ARG(or_word(get(s, "dstaddr"), "?")));
    if (value_missing(port) || slice_is(port, "0"))
        return;
    strbuf_addf(s->out, " port " SLICE_FMT, SLICE_ARG(port));
    if (explain_value(SL("vpcflow"), SL("dstport"), port, &x))
        strbuf_addf(s->out, " (%.*s)", (int)strcspn(x.meaning, ":"), x.meaning);
}

static void vpc_reject(struct story *s)
{
    struct slice reason = get(s, "reject-reason");
    struct explanation x;

    s->side = "you";
    strbuf_adds(s->out, "Blocked: ");
    add_flow(s);
    if (!value_missing(reason) && explain_value(SL("vpcflow"), SL("reject-reason"), reason, &x))
        strbuf_addf(s->out, ", %s.", x.meaning);
    else
        strbuf_adds(s->out, ", by a security group or network ACL.");
    if (slice_is(get(s, "tcp-flags"), "2") && get_number(s, "packets") <= 3) {
        s->side = "client";
        strbuf_adds(s->out, " One SYN and nothing else: a probe. Next: Talkers, how many ports "
                            "did this source try, and was any accepted?");
    } else {
        add_next(s, "an ACCEPT in the other direction means a network ACL");
    }
}

static void vpc_nat(struct story *s)
{
    struct slice src = get(s, "srcaddr"), pkt = get(s, "pkt-srcaddr");

    if (!value_missing(src) && !value_missing(pkt) && !slice_eq(src, pkt))
        strbuf_addf(s->out,
                    "The packet's own source is " SLICE_FMT ": behind a NAT gateway, a "
                    "load balancer or a pod network.",
                    SLICE_ARG(pkt));
}

/* Records that are about the recording rather than about traffic. */
static bool gap_story(struct story *s, const char *what)
{
    struct slice status = get(s, "log-status");

    if (slice_is(status, "SKIPDATA")) {
        s->side = "aws";
        strbuf_addf(s->out, "Records of this %s were lost in this window: a gap, not silence.",
                    what);
    } else if (slice_is(status, "NODATA")) {
        strbuf_addf(s->out, "No traffic on this %s in this window: idle.", what);
    } else {
        return false;
    }
    return true;
}

static void vpc_story(struct story *s)
{
    if (gap_story(s, "interface"))
        return;
    if (slice_is(get(s, "action"), "REJECT"))
        vpc_reject(s);
    else
        vpc_nat(s);
}

/* How many packets a Transit Gateway lost for this reason, and why. */
static bool add_lost(struct story *s, const char *field)
{
    struct slice lost = get(s, field);
    struct explanation x;

    if (!(get_number(s, field) > 0) || !explain_value(SL("tgwflow"), slice_str(field), lost, &x))
        return false;
    strbuf_addf(s->out, SLICE_FMT " packets from ", SLICE_ARG(lost));
    add_flow(s);
    strbuf_addf(s->out, " %s.", x.meaning);
    add_next(s, x.next);
    s->side = x.side;
    return true;
}

static void gateway_story(struct story *s)
{
    static const char *const fields[] = {"packets-lost-no-route", "packets-lost-blackhole",
                                         "packets-lost-mtu-exceeded", "packets-lost-ttl-expired"};

    if (gap_story(s, "gateway"))
        return;
    for (unsigned i = 0; i < ARRAY_LEN(fields); i++)
        if (add_lost(s, fields[i]))
            return;
}

static void s3_delete(struct story *s)
{
    struct slice who = get(s, "requester"), status = get(s, "http_status");
    struct slice key = or_word(get(s, "key"), "Something");
    struct slice from = or_word(get(s, "remote_ip"), "no address");

    who = or_word(who, "somebody anonymous");
    strbuf_addf(s->out, SLICE_FMT " deleted by " SLICE_FMT " from " SLICE_FMT, SLICE_ARG(key),
                SLICE_ARG(who), SLICE_ARG(from));
    if (!value_missing(status) && status.ptr[0] != '2')
        strbuf_addf(s->out, " was tried (" SLICE_FMT ")", SLICE_ARG(status));
    strbuf_adds(s->out, ". In a versioned bucket it is only hidden by a delete marker. Next: "
                        "CloudTrail by request_id, other lines of this requester.");
}

static void s3_error(struct story *s, struct slice code, struct slice status)
{
    struct explanation x;

    if (value_missing(code) || slice_is(code, "NotModified"))
        return;
    if (!explain_value(SL("s3access"), SL("error_code"), code, &x))
        return;
    s->side = x.side;
    strbuf_addf(s->out, SLICE_FMT " " SLICE_FMT ": %s.", SLICE_ARG(status), SLICE_ARG(code),
                x.meaning);
    add_next(s, x.next);
}

static void s3_story(struct story *s)
{
    struct slice op = get(s, "operation"), who = get(s, "requester");
    size_t start = s->out->len;
    struct explanation x;

    if (!op.ptr)
        return;
    if (slice_starts(op, "S3.")) {
        s->side = "you";
        if (explain_value(SL("s3access"), SL("operation"), op, &x))
            strbuf_addf(s->out,
                        SLICE_FMT ": %s. Nobody sent a request, so there is no requester "
                                  "and no status.",
                        SLICE_ARG(op), x.meaning);
        return;
    }
    if (memmem(op.ptr, op.len, "DELETE", 6))
        s3_delete(s);
    else
        s3_error(s, get(s, "error_code"), get(s, "http_status"));
    if (slice_is(who, "-"))
        strbuf_addf(s->out, "%sThe request was not signed: anonymous access.",
                    s->out->len > start ? " " : "");
}

static void nlb_story(struct story *s)
{
    struct slice alert = get(s, "incoming_tls_alert");
    struct explanation x;

    if (value_missing(alert) || slice_is(alert, "0")) {
        if (slice_is(get(s, "tls_handshake_time"), "-"))
            strbuf_adds(s->out, "The TLS handshake was not completed.");
        return;
    }
    if (!explain_value(SL("nlb"), SL("incoming_tls_alert"), alert, &x))
        return;
    s->side = x.side;
    strbuf_addf(s->out, "The client ended it with TLS alert " SLICE_FMT ", %s.", SLICE_ARG(alert),
                x.meaning);
    add_next(s, x.next);
}

/* --- services --- */

/* What field `f` says, if it is worth a word. */
static bool field_says(const struct story *s, int f, struct slice *value, struct explanation *x)
{
    if (f < 0)
        return false;
    *value = record_get(s->rec, (unsigned)f);
    return !value_missing(*value) &&
           explain_value(slice_str(s->lt->fmt->name), slice_str(s->lt->field[f]->name), *value,
                         x) &&
           (x->side || x->next);
}

static bool role_says(const struct story *s, enum field_role role, struct slice *value,
                      struct explanation *x)
{
    return field_says(s, logtype_role(s->lt, role), value, x);
}

static void add_saying(struct story *s, struct slice value, const struct explanation *x)
{
    strbuf_addf(s->out, SLICE_FMT ": %s.", SLICE_ARG(value), x->meaning);
    add_next(s, x->next);
    s->side = x->side;
}

/* Who did what to which service, and what became of it. */
static void trail_story(struct story *s)
{
    struct slice who = get(s, "principal_chain"), event = get(s, "eventName"), value;
    struct explanation x;
    bool failed =
        role_says(s, FR_ERROR, &value, &x) || /* a sign-in that failed has a message alone */
        field_says(s, logtype_field(s->lt, SL("errorMessage"), false), &value, &x);

    if (!failed && !role_says(s, FR_ACTION, &value, &x))
        return;
    if (who.len)
        strbuf_addf(s->out, SLICE_FMT " ", SLICE_ARG(who));
    strbuf_addf(s->out, "%s " SLICE_FMT, failed ? "wanted" : "did", SLICE_ARG(event));
    if (failed)
        strbuf_addf(s->out, ", " SLICE_FMT, SLICE_ARG(value));
    strbuf_addf(s->out, ": %s.", x.meaning);
    add_next(s, x.next);
    s->side = x.side;
}

static void service_story(struct story *s)
{
    static const enum field_role roles[] = {FR_ERROR, FR_STATUS, FR_ACTION};
    struct explanation x;
    struct slice value;

    for (unsigned i = 0; i < ARRAY_LEN(roles); i++) {
        if (!role_says(s, roles[i], &value, &x))
            continue;
        add_saying(s, value, &x);
        return;
    }
}

/* How an invocation ended counts more than that this is the report of it. */
static void lambda_story(struct story *s)
{
    struct explanation x;
    struct slice value;

    if (value_missing(get(s, "error_type")) &&
        field_says(s, logtype_field(s->lt, SL("Status"), false), &value, &x))
        add_saying(s, value, &x);
    else
        service_story(s);
}

static void accelerator_story(struct story *s)
{
    if (!gap_story(s, "accelerator"))
        service_story(s);
}

static void alb_story(struct story *s)
{
    lb_story(s, true);
}

static void clb_story(struct story *s)
{
    lb_story(s, false);
}

void explain_record(const struct logtype *lt, const struct record *rec, struct strbuf *out,
                    const char **side)
{
    static const struct {
        const char *type;
        void (*tell)(struct story *);
    } stories[] = {
        {"alb", alb_story},          {"clb", clb_story},
        {"nlb", nlb_story},          {"cloudfront", cf_story},
        {"cloudfront_rt", cf_story}, {"vpcflow", vpc_story},
        {"tgwflow", gateway_story},  {"globalaccelerator", accelerator_story},
        {"s3access", s3_story},      {"cloudtrail", trail_story},
        {"lambda", lambda_story},
    };
    /* Looking up a field by name changes nothing when it is not to be created. */
    struct story s = {(struct logtype *)(uintptr_t)lt, rec, out, NULL};
    void (*tell)(struct story *) = service_story;

    for (unsigned i = 0; i < ARRAY_LEN(stories); i++)
        if (strcmp(stories[i].type, lt->fmt->name) == 0)
            tell = stories[i].tell;
    tell(&s);
    if (side)
        *side = s.side;
}
