#include "columns.h"

#include <stdio.h>

enum { TIME_WIDTH = 12 };

/* One column: the names it may have in different types; the first one that a type knows counts. */
struct column_def {
    const char *title;
    const char *names; /* blank separated */
    uint16_t width;
    bool flex, right, status;
};

static const struct column_def mixed_columns[] = {
    {"st",
     "errorCode rcode response_code outcome tls_verify_status connection-attempt-status status "
     "action",
     3, false, false, true},
    {"tgt", "target_status_code backend_status_code x-edge-result-type status_code error_code", 5,
     false, false, true},
    {"method", "service query_type @type event.proto method level connection-log-type protocol", 6,
     false, false, false},
    {"path",
     "eventName query_name event.alert.signature path dstaddr endpoint_ip target_addr "
     "tls_verify_status domain_name message",
     12, true, false, false},
    {"client", "client_ip", 15, false, false, false},
    {"took", "duration", 8, false, true, false},
    {"who", "principal", 20, false, false, false},
    {"host", "host bucket", 20, false, false, false},
    {"server", "server_ip x-edge-location", 15, false, false, false},
    {"bytes", "bytes_out", 9, false, true, false},
    {"error", "error", 20, false, false, false},
    {"user agent", "user_agent", 30, false, false, false},
    {"request id", "request_id trace_id", 36, false, false, false},
};

static const struct column_def single_columns[] = {
    {"st", "status", 3, false, false, true},
    {"operation", "operation", 18, false, false, false},
    {"event", "eventName", 22, false, false, false},
    {"action", "action", 6, false, false, true},
    {"what", "query_name event.alert.signature domain_name message", 12, true, false, false},
    {"tgt", "target_status_code backend_status_code", 3, false, false, true},
    {"result", "x-edge-result-type", 8, false, false, true},
    {"edge", "x-edge-location", 8, false, false, false},
    {"srcaddr", "srcaddr", 15, false, false, false},
    {"sport", "srcport", 5, false, true, false},
    {"dstaddr", "dstaddr", 15, false, false, false},
    {"dport", "dstport", 5, false, true, false},
    {"proto", "protocol", 5, false, true, false},
    {"packets", "packets", 7, false, true, false},
    {"bytes", "bytes", 9, false, true, false},
    {"method", "method", 6, false, false, false},
    {"bucket", "bucket", 14, false, false, false},
    {"path", "key path", 12, true, false, false},
    {"who", "principal", 24, false, false, false},
    {"client", "client_ip", 15, false, false, false},
    {"took", "duration", 8, false, true, false},
    {"target", "target_ip backend_ip destination_ip", 15, false, false, false},
    {"ttfb", "time-to-first-byte", 8, false, true, false},
    {"error", "error_code error_reason reason_code tls_verify_status", 20, false, false, false},
    {"host", "host", 20, false, false, false},
    {"sent", "bytes_out", 9, false, true, false},
    {"flags", "tcp-flags", 5, false, true, false},
    {"user agent", "user_agent", 30, false, false, false},
    {"request id", "request_id", 36, false, false, false},
    {"trace id", "trace_id", 36, false, false, false},
};

static int find_field(struct logtype *lt, const char *names)
{
    struct slice rest = slice_str(names);

    while (rest.ptr) {
        int f = logtype_lookup(lt, slice_cut(&rest, ' '));

        if (f >= 0)
            return f;
    }
    return -1;
}

static void set_title(struct list_column *c, const char *title)
{
    snprintf(c->title, sizeof(c->title), "%s", title);
}

static struct list_column *add_column(struct columns *c, const char *title, uint16_t width)
{
    struct list_column *col = &c->col[c->n++];

    memset(col, 0, sizeof(*col));
    set_title(col, title);
    col->width = width;
    for (unsigned i = 0; i < MAX_TYPES; i++)
        col->field[i] = -1;
    return col;
}

/* Adds a column if one of the types in sight has one of its fields that no column shows yet. */
static void add_def(struct columns *c, const struct column_def *d, uint64_t types, bool used[])
{
    int16_t field[MAX_TYPES];
    bool any = false;

    for (unsigned i = 0; i < logtype_count() && i < MAX_TYPES; i++) {
        field[i] = types >> i & 1 ? (int16_t)find_field(logtype_get(i), d->names) : -1;
        any |= field[i] >= 0 && !(used && used[field[i]]);
    }
    if (!any || c->n == COLUMNS_MAX)
        return;
    struct list_column *col = add_column(c, d->title, d->width);
    col->show = SHOW_FIELD;
    col->flex = d->flex;
    col->right = d->right;
    col->status = d->status;
    const struct list_column *before = &c->col[c->n - 2];
    col->extra = before->extra || strcmp(before->title, "took") == 0;
    for (unsigned i = 0; i < logtype_count() && i < MAX_TYPES; i++) {
        col->field[i] = field[i];
        if (used && field[i] >= 0)
            used[field[i]] = true;
    }
}

static void add_rest(struct columns *c, struct logtype *lt, const bool used[])
{
    unsigned n = MIN(atomic_load(&lt->n_fields), lt->n_static);

    for (unsigned f = 0; f < n && c->n < COLUMNS_MAX; f++) {
        const struct field_def *d = lt->field[f];
        size_t len = strlen(d->name);

        if (used[f] || d->flags & FF_COMPOSITE || d->kind == FK_TIME ||
            strcmp(d->name, "date") == 0 || strcmp(d->name, "time") == 0)
            continue;
        struct list_column *col = add_column(c, d->name, (uint16_t)MAX(MIN(len, 24), 12));
        col->show = SHOW_FIELD;
        col->right = d->kind == FK_NUM && !(d->flags & FF_ID);
        col->field[lt->id] = (int16_t)f;
    }
}

void columns_choose(struct columns *c, uint64_t types, bool days)
{
    bool used[MAX_FIELDS] = {false};
    bool several = types & (types - 1);

    c->n = 0;
    add_column(c, "time", TIME_WIDTH + (days ? 6 : 0))->show = SHOW_TIME;
    if (several || types == 0) {
        add_column(c, "type", 4)->show = SHOW_TYPE;
        for (unsigned i = 0; i < ARRAY_LEN(mixed_columns); i++)
            add_def(c, &mixed_columns[i], types, NULL);
        return;
    }
    for (unsigned i = 0; i < ARRAY_LEN(single_columns); i++)
        add_def(c, &single_columns[i], types, used);
    for (unsigned i = 0; i < logtype_count() && i < MAX_TYPES; i++)
        if (types >> i & 1)
            add_rest(c, logtype_get(i), used);
}

const char *type_short(const struct logtype *lt)
{
    static const struct {
        const char *name, *brief;
    } brief[] = {
        {"cloudfront", "cf"}, {"cloudfront_rt", "cfrt"}, {"vpcflow", "vpc"},
        {"s3access", "s3"},   {"cloudtrail", "ct"},      {"lambda", "fn"},
        {"route53", "r53"},   {"apigw", "api"},          {"netfw", "nfw"},
        {"alb_conn", "albc"}, {"alb_health", "albh"},    {"tgwflow", "tgw"},
        {"clientvpn", "vpn"}, {"route53public", "r53p"}, {"globalaccelerator", "ga"},
        {"cwlogs", "cw"},
    };

    for (unsigned i = 0; i < ARRAY_LEN(brief); i++)
        if (strcmp(brief[i].name, lt->fmt->name) == 0)
            return brief[i].brief;
    return lt->fmt->name;
}

const struct field_def *column_field(const struct list_column *c, const struct rowview *v)
{
    int f = c->show == SHOW_FIELD ? c->field[v->seg->lt->id] : -1;

    return f >= 0 ? v->seg->lt->field[f] : NULL;
}

static struct slice duration_text(const struct field_def *d, struct slice s, struct strbuf *buf)
{
    int64_t n;
    char out[FMT_LEN];
    double seconds;

    if (!field_number(d, s, &n))
        return s;
    if (d->flags & FF_NEG1 && n < 0)
        return SL("-");
    seconds = (double)n;
    for (unsigned i = 0; i < d->scale; i++)
        seconds /= 10;
    if (d->unit == UNIT_MS)
        seconds /= 1000;
    strbuf_reset(buf);
    strbuf_adds(buf, fmt_seconds(out, seconds));
    return strbuf_slice(buf);
}

/* A request that never reached a target has no duration in the log: it took from its creation to
 * its end. */
static struct slice elapsed_text(struct rowview *v, struct strbuf *buf)
{
    int f = logtype_lookup(v->seg->lt, SL("request_creation_time"));
    char out[FMT_LEN];
    int64_t from;

    if (f < 0 || !field_number(v->seg->lt->field[f], rowview_field(v, f), &from) ||
        from > segment_ts(v->seg, v->row))
        return SL("-");
    strbuf_reset(buf);
    strbuf_adds(buf, fmt_seconds(out, (double)(segment_ts(v->seg, v->row) - from) / 1e6));
    return strbuf_slice(buf);
}

static struct slice protocol_text(struct slice s)
{
    return slice_is(s, "6")    ? SL("tcp")
           : slice_is(s, "17") ? SL("udp")
           : slice_is(s, "1")  ? SL("icmp")
                               : s;
}

/* In the common list the destination of a flow stands for its path, port and all. */
static struct slice destination_text(struct rowview *v, struct slice addr, struct strbuf *buf)
{
    int f = find_field(v->seg->lt, "dstport endpoint_port");
    struct slice port = f < 0 ? SL("-") : rowview_field(v, f);

    if (value_missing(port))
        return addr;
    strbuf_reset(buf);
    strbuf_addsl(buf, addr);
    strbuf_addc(buf, ':');
    strbuf_addsl(buf, port);
    return strbuf_slice(buf);
}

/* How something ended, in the three letters that a status takes; in capitals if not well. */
static struct slice outcome_text(struct slice s)
{
    static const struct {
        const char *part, *brief;
    } outcomes[] = {
        {"REJECT", "REJ"},  {"ACCEPT", "acc"},    {"ALLOW", "ok"},     {"BLOCK", "BLK"},
        {"CAPTCHA", "CAP"}, {"CHALLENGE", "CHL"}, {"drop", "DRP"},     {"reject", "REJ"},
        {"blocked", "BLK"}, {"allowed", "ok"},    {"alert", "ALR"},    {"pass", "ok"},
        {"NOERROR", "ok"},  {"NXDOMAIN", "NXD"},  {"SERVFAIL", "SRV"}, {"success", "ok"},
        {"timeout", "T/O"}, {"failed", "ERR"},    {"failure", "ERR"},  {"error", "ERR"},
        {"PASS", "ok"},     {"FAIL", "ERR"},      {"Denied", "DEN"},   {"Unauthorized", "DEN"},
        {"Throttl", "THR"}, {"DENY", "DEN"},      {"Success", "ok"},   {"Failed", "ERR"},
    };

    for (unsigned i = 0; i < ARRAY_LEN(outcomes); i++)
        if (memmem(s.ptr, s.len, outcomes[i].part, strlen(outcomes[i].part)))
            return slice_str(outcomes[i].brief);
    return s;
}

/* A call of the trail without an error went well; other words than the known ones did not. */
static struct slice status_text(const struct field_def *d, struct slice s)
{
    bool error = strcmp(d->name, "errorCode") == 0;

    if (value_missing(s))
        return error ? SL("ok") : SL("-");
    if (s.len > 3)
        s = outcome_text(s);
    return s.len > 3 && error ? SL("ERR") : s;
}

struct slice column_text(const struct list_column *c, struct rowview *v, enum zone z,
                         struct strbuf *buf)
{
    const struct field_def *d = column_field(c, v);
    char out[FMT_LEN];

    if (c->show == SHOW_TIME) {
        int64_t ts = segment_ts(v->seg, v->row);

        if (ts == TIME_NONE)
            return SL("-");
        strbuf_reset(buf);
        if (c->width > TIME_WIDTH)
            strbuf_addf(buf, "%.6s", fmt_day_hm(out, z, ts));
        strbuf_adds(buf, fmt_clock(out, z, ts));
        return strbuf_slice(buf);
    }
    if (c->show == SHOW_TYPE)
        return slice_str(type_short(v->seg->lt));
    if (!d)
        return (struct slice){NULL, 0};
    struct slice s = rowview_field(v, c->field[v->seg->lt->id]);
    if (c->status && c->width == 3)
        return status_text(d, s);
    if (value_missing(s))
        return c->flex && strcmp(d->name, "message") == 0 ? rowview_raw(v) : SL("-");
    if (d->unit == UNIT_S || d->unit == UNIT_MS) {
        s = duration_text(d, s, buf);
        return d->role == FR_DURATION && slice_is(s, "-") ? elapsed_text(v, buf) : s;
    }
    if (strcmp(d->name, "protocol") == 0)
        return protocol_text(s);
    if (c->flex && (strcmp(d->name, "dstaddr") == 0 || strcmp(d->name, "endpoint_ip") == 0))
        return destination_text(v, s, buf);
    if (d->unit == UNIT_BYTES) {
        int64_t n;

        if (!field_number(d, s, &n) || n < 0)
            return s;
        strbuf_reset(buf);
        strbuf_adds(buf, fmt_bytes(out, (uint64_t)n));
        return strbuf_slice(buf);
    }
    return field_decode(d, s, buf);
}

/* What the type says of the end of what it logs, where that is no HTTP status. */
static enum row_class outcome_class(struct rowview *v)
{
    struct slice error = rowview_role(v, FR_ERROR), action = rowview_role(v, FR_ACTION);
    const char *type = v->seg->lt->fmt->name;
    int outcome = logtype_field(v->seg->lt, SL("outcome"), false);

    if (slice_is(action, "REJECT") || slice_is(action, "BLOCK") || slice_is(action, "drop") ||
        slice_is(action, "reject") || slice_is(action, "blocked"))
        return ROW_WARN;
    if (strcmp(type, "cloudtrail") == 0)
        return value_missing(error) ? ROW_OK : ROW_WARN;
    if (strcmp(type, "lambda") == 0 && outcome >= 0) {
        struct slice s = rowview_field(v, outcome);

        return value_missing(s) || slice_is(s, "success") ? ROW_OK : ROW_BAD;
    }
    return slice_is(error, "SERVFAIL") ? ROW_WARN : ROW_OK;
}

/* That a request failed matters more than that a value of its record is a guess. */
enum row_class row_class(struct rowview *v)
{
    enum row_class class = ROW_OK;
    struct slice st;

    if (segment_unparsed(v->seg, v->row))
        return ROW_UNPARSED;
    st = rowview_role(v, FR_STATUS);
    if (st.len == 3 && st.ptr[0] == '5')
        class = ROW_BAD;
    else if (st.len == 3 && st.ptr[0] == '4')
        class = ROW_WARN;
    else if (value_missing(st))
        class = outcome_class(v);
    return class == ROW_OK && segment_reason(v->seg, v->row) ? ROW_DOUBTFUL : class;
}
