/* demo.c - writes the made-up day (demo.h).
 *
 * A table of hourly weights says how many lines a slot of five minutes gets; inside a slot line i
 * of n has the time slot + i/n plus a little jitter, so files are nearly but not quite sorted, as
 * the real ones are. */
#include "demo.h"

#include <stdlib.h>

#include "demo_gen.h"
#include "xalloc.h"

static const char *const type_names[DEMO_N_TYPES] = {"alb", "cloudfront", "vpcflow", "s3access",
                                                     "nlb", "clb",        "lambda",  "cloudtrail"};

const char *demo_type_name(enum demo_type t)
{
    return type_names[t];
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

/* --- one type's day --- */
const struct demo_kind demo_kinds[DEMO_N_TYPES] = {
    [DEMO_T_ALB] = {demo_alb_line, NULL, false, 430, 1, true},
    [DEMO_T_CLOUDFRONT] = {demo_cloudfront_line, cf_header, false, 250, 6, true},
    [DEMO_T_VPC] = {demo_vpc_line, vpc_header, false, 180, 2, true},
    [DEMO_T_S3] = {demo_s3_line, NULL, false, 50, 6, false},
    [DEMO_T_NLB] = {demo_nlb_line, NULL, false, 30, 12, true},
    [DEMO_T_CLB] = {demo_clb_line, NULL, false, 20, 12, false},
    [DEMO_T_LAMBDA] = {demo_lambda_lines, NULL, false, 25, 12, true},
    [DEMO_T_CLOUDTRAIL] = {demo_cloudtrail_event, NULL, true, 15, 3, true},
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
    struct demo_file sink;
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
    unsigned close = slot + demo_kinds[j->g.type].file_slots; /* the slot after the file's last */
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
    case DEMO_T_CLOUDTRAIL:
        p = key_start(p, end, j->o->dir, "CloudTrail");
        snprintf(p, (size_t)(end - p), "202603%uT%02u%02uZ_%s.json.gz", day, h, m, rnd);
        break;
    case DEMO_T_LAMBDA:
        snprintf(p, (size_t)(end - p),
                 "%s/cloudwatch/aws/lambda/%s/2026-03-14-[$LATEST]%08x%016llx/000000.gz", j->o->dir,
                 demo_lambda_function(slot), (unsigned)rng_next(&j->g.rng),
                 (unsigned long long)rng_next(&j->g.rng));
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

static bool is_array(const struct job *j)
{
    return demo_kinds[j->g.type].array && !j->o->single;
}

static int job_close(struct job *j, struct err *e)
{
    if (j->sink.fd >= 0 && is_array(j))
        j->sink.len = (size_t)(PUT_LIT(j->sink.buf + j->sink.len, "]}") - j->sink.buf);
    return demo_file_close(&j->sink, e);
}

static int job_open(struct job *j, unsigned slot, struct err *e)
{
    const char *header = demo_kinds[j->g.type].header;
    int rc = job_close(j, e);

    if (rc)
        return rc;
    if (j->o->single)
        single_path(j);
    else
        layout_path(j, slot);
    rc = demo_file_open(&j->sink, j->o->single ? j->o->gz : demo_kinds[j->g.type].gz, e);
    if (rc)
        return rc;
    j->in_file = 0;
    j->g.sum->files++;
    if (header)
        j->sink.len = (size_t)(put(j->sink.buf, header, strlen(header)) - j->sink.buf);
    if (is_array(j))
        j->sink.len = (size_t)(PUT_LIT(j->sink.buf, "{\"Records\":[") - j->sink.buf);
    return 0;
}

static int job_line(struct job *j, line_fn write, unsigned slot, int64_t t, struct err *e)
{
    struct demo_summary *sum = j->g.sum;
    char *p;
    int rc = 0;
    int64_t us;

    if (j->o->cancel && *j->o->cancel)
        return err_set(e, ERR_CANCEL, "stopped");
    if (j->sink.fd < 0 || (j->o->single && j->o->gz && j->in_file >= j->o->per_file))
        rc = job_open(j, slot, e);
    else if (j->sink.len > SINK_BUF - DEMO_LINE_MAX)
        rc = demo_file_flush(&j->sink, e);
    if (rc)
        return rc;
    if (t >= 86400 * SEC)
        t = 86400 * SEC - 1;
    us = j->g.day_us + t;
    sum->start_us = MIN(sum->start_us, us);
    sum->end_us = MAX(sum->end_us, us);
    p = j->sink.buf + j->sink.len;
    if (is_array(j) && j->in_file)
        *p++ = ',';
    j->g.more = 0;
    p = write(p, &j->g, t);
    if (demo_kinds[j->g.type].array && j->o->single)
        *p++ = '\n';
    sum->lines[j->g.type] += 1 + j->g.more;
    j->in_file += 1 + j->g.more;
    j->sink.len = (size_t)(p - j->sink.buf);
    return 0;
}

static int job_scan(struct job *j, unsigned slot, struct err *e)
{
    unsigned k = slot - SCAN_BEGIN_SLOT;
    uint64_t from = j->g.scan_n * k / SCAN_SLOTS, to = j->g.scan_n * (k + 1) / SCAN_SLOTS;
    int64_t start = slot * SLOT_SEC * SEC;
    int rc = 0;

    for (uint64_t i = from; i < to && rc == 0; i++)
        rc = job_line(j, demo_vpc_scan, slot,
                      start + (int64_t)((i - from) * SLOT_SEC * SEC / (to - from)), e);
    return rc;
}

/* The calls of the story that fall into the slot. */
static int job_calls(struct job *j, unsigned slot, struct err *e)
{
    int64_t end = (int64_t)(slot + 1) * SLOT_SEC * SEC;
    int64_t t = demo_cloudtrail_next(end - SLOT_SEC * SEC);
    int rc = 0;

    for (; t < end && rc == 0; t = demo_cloudtrail_next(t + 1))
        rc = job_line(j, demo_cloudtrail_story, slot, t, e);
    return rc;
}

static int job_extra(struct job *j, unsigned slot, struct err *e)
{
    if (j->g.type == DEMO_T_VPC && slot >= SCAN_BEGIN_SLOT && slot < SCAN_END_SLOT)
        return job_scan(j, slot, e);
    if (j->g.type == DEMO_T_S3 && slot == DELETED_SLOT)
        return job_line(j, demo_s3_deleted, slot, DELETED_AT, e);
    return j->g.type == DEMO_T_CLOUDTRAIL ? job_calls(j, slot, e) : 0;
}

static int job_slot(struct job *j, unsigned slot, struct err *e)
{
    line_fn write = demo_kinds[j->g.type].write;
    uint64_t upto, n, i;
    int64_t start = (int64_t)slot * SLOT_SEC * SEC;
    int rc = 0;

    if (!j->o->single && slot % demo_kinds[j->g.type].file_slots == 0)
        rc = job_close(j, e);
    j->done_weight += slot_weight(j->g.type, slot);
    upto = (uint64_t)((double)j->want * (double)j->done_weight / (double)j->all_weight + 0.5);
    n = upto > j->written ? upto - j->written : 0;
    for (i = 0; i < n && rc == 0; i += 1 + j->g.more)
        rc = job_line(j, write, slot,
                      start + (int64_t)(i * SLOT_SEC * SEC / n) +
                          (int64_t)(rng_next(&j->g.rng) >> 44),
                      e); /* up to 1.05 s */
    j->written += i;
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
        rc = job_close(j, e);
    demo_file_drop(&j->sink);
    free(j->sink.buf);
    return rc;
}

void gen_init(struct gen *g, const struct text *text, struct demo_summary *sum, enum demo_type t,
              uint64_t seed)
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

void summary_init(struct demo_summary *s)
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
    j.want = o->lines * demo_kinds[t].share / share_sum;
    if (t == DEMO_T_VPC) {
        j.g.scan_n = MIN(j.want / 20 + 3, 6000);
        j.g.scan_mid = j.g.scan_n * 3 / 5;
        j.want -= MIN(j.want, j.g.scan_n);
    } else if (t == DEMO_T_S3 && j.want) {
        j.want--;
    } else if (t == DEMO_T_CLOUDTRAIL) {
        j.want -= MIN(j.want, (uint64_t)STORY_CALLS);
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
            share += demo_kinds[t].share;
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
    if (s->lines[DEMO_T_LAMBDA])
        fprintf(f,
                "%.5s  Lambda: cart-events waits for the API and times out %llu times; all day "
                "image-resize is out of memory %llu times.\n",
                clock_text(s->deploy_us, a), (unsigned long long)s->lambda_timeouts,
                (unsigned long long)s->lambda_killed);
    if (s->lines[DEMO_T_CLOUDTRAIL])
        fprintf(f, "%.5s  CloudTrail knows who deployed, rolled back and deleted: deploy-ci.\n",
                clock_text(s->deploy_us - 14 * SEC, a));
    if (s->deleted_us)
        fprintf(f, "%.5s  %s deletes s3://%s/%s from %s.\n", clock_text(s->deleted_us, a),
                s->deleted_by, s->deleted_bucket, s->deleted_key, s->deleted_from);
    fputs("\nRecords:", f);
    for (unsigned t = 0; t < DEMO_N_TYPES; t++)
        if (s->lines[t])
            fprintf(f, "  %s %llu", type_names[t], (unsigned long long)s->lines[t]);
    fprintf(f, "  in %llu files\n", (unsigned long long)s->files);
}
