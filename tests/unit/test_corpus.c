/* test_corpus.c - conformance with sample logs that others wrote, if $AWL_SHARED (or ../shared next
 * to the source) has them. For FILE there is FILE.expected.tsv: line number and field=value pairs.
 * Values that differ through a fault of the source stand in data/corpus-exceptions.tsv. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dirent.h>
#include <math.h>

#include "detect.h"
#include "value.h"

#define MAX_LINES 100000

struct lines {
    char *text;
    struct slice *line;
    unsigned n;
};

struct check {
    const char *file; /* base name */
    struct logtype *lt;
    struct lines log;
    unsigned bad, pairs, records, headers, unparsed;
};

static struct lines exceptions;

static const char *env_or(const char *name, const char *fallback)
{
    const char *value = getenv(name);

    return value && *value ? value : fallback;
}

static struct strbuf path_of(const char *dir, const char *name)
{
    struct strbuf sb = STRBUF_INIT;

    strbuf_addf(&sb, "%s/%s", dir, name);
    return sb;
}

static bool load(const char *path, struct lines *out)
{
    struct strbuf sb = STRBUF_INIT;
    FILE *f = fopen(path, "rb");
    struct slice left;
    char buf[65536];
    size_t n;

    memset(out, 0, sizeof(*out));
    if (!f)
        return false;
    while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
        strbuf_add(&sb, buf, n);
    fclose(f);
    strbuf_adds(&sb, "");
    out->text = sb.buf;
    out->line = calloc(MAX_LINES, sizeof(*out->line));
    left = slice_of(sb.buf, sb.len);
    while (left.ptr && left.len && out->n < MAX_LINES) {
        struct slice line = slice_cut(&left, '\n');

        if (line.len && line.ptr[line.len - 1] == '\r')
            line.len--;
        out->line[out->n++] = line;
    }
    return true;
}

static void unload(struct lines *l)
{
    free(l->text);
    free(l->line);
}

static bool is_exception(const struct check *c, unsigned line, struct slice field)
{
    for (unsigned i = 0; i < exceptions.n; i++) {
        struct slice row = exceptions.line[i];
        struct slice file = slice_cut(&row, '\t'), at = slice_cut(&row, '\t');
        struct slice name = slice_cut(&row, '\t');
        int64_t n;

        if (slice_is(file, c->file) && slice_eq(name, field) &&
            (slice_is(at, "*") || (parse_fixed(at, 0, &n) && n == (int64_t)line)))
            return true;
    }
    return false;
}

static struct slice unescape(struct slice s, struct strbuf *out)
{
    strbuf_reset(out);
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];

        if (c == '\\' && i + 1 < s.len) {
            c = s.ptr[++i];
            c = c == 't' ? '\t' : c == 'n' ? '\n' : c;
        }
        strbuf_addc(out, c);
    }
    return strbuf_slice(out);
}

static bool same_value(struct slice want, struct slice got)
{
    double a, b;

    if (value_missing(want))
        return value_missing(got);
    if (slice_eq(want, got))
        return true;
    return parse_double(want, &a) && parse_double(got, &b) && a == b;
}

/* NAME_epoch: seconds with as many decimals as the source kept. */
static bool same_epoch(struct slice want, int64_t us)
{
    double a;

    return parse_double(want, &a) && us != TIME_NONE && fabs(a - (double)us / 1e6) < 0.00101;
}

static struct slice alternative(struct logtype *lt, const struct record *rec, struct slice name)
{
    static const char *const pairs[][2] = {
        {"target_ip", "backend_ip"},
        {"target_port", "backend_port"},
        {"target_processing_time", "backend_processing_time"},
    };
    int at = logtype_lookup(lt, name);

    for (unsigned i = 0; at < 0 && i < ARRAY_LEN(pairs); i++)
        if (slice_is(name, pairs[i][0]))
            at = logtype_lookup(lt, slice_str(pairs[i][1]));
    return at >= 0 ? record_get(rec, (unsigned)at) : (struct slice){NULL, 0};
}

static bool pair_fits(struct check *c, const struct record *rec, struct slice name,
                      struct slice want, struct slice *got)
{
    if (slice_is(name, "time_epoch"))
        return same_epoch(want, rec->ts);
    if (slice_ends(name, "_epoch")) {
        int64_t us;

        *got = alternative(c->lt, rec, slice_of(name.ptr, name.len - 6));
        return parse_iso8601(*got, &us) && same_epoch(want, us);
    }
    *got = alternative(c->lt, rec, name);
    return same_value(want, *got);
}

static void check_pairs(struct check *c, const struct record *rec, unsigned line, struct slice row)
{
    struct strbuf sb = STRBUF_INIT;

    while (row.ptr) {
        struct slice pair = slice_cut(&row, '\t'), got = {NULL, 0};
        struct slice name = slice_cut(&pair, '='), want;

        if (!name.len || is_exception(c, line, name))
            continue;
        if (name.ptr[0] == '_' && slice_ends(name, "ime_epoch"))
            name = SL("time_epoch"); /* the event's own, whatever the source calls it */
        if (name.ptr[0] == '_')
            continue;
        want = unescape(pair, &sb);
        c->pairs++;
        if (!pair_fits(c, rec, name, want, &got)) {
            c->bad++;
            print_error("%s:%u: " SLICE_FMT ": want [" SLICE_FMT "] got [" SLICE_FMT "]\n", c->file,
                        line, SLICE_ARG(name), SLICE_ARG(want), SLICE_ARG(got));
        }
    }
    strbuf_release(&sb);
}

static void check_rows(struct check *c, const struct lines *want, const struct record *rec,
                       enum parse_result res, unsigned line)
{
    for (unsigned i = 0; i < want->n; i++) {
        struct slice row = want->line[i], number = slice_cut(&row, '\t');
        int64_t n;

        if (!parse_fixed(number, 0, &n) || n != (int64_t)line)
            continue;
        if (is_exception(c, line, SL("!record")))
            return;
        if (slice_is(row, "!error")) {
            c->bad += res == PARSE_OK;
        } else if (res != PARSE_OK) {
            c->bad++;
            print_error("%s:%u: no record: %s\n", c->file, line, reason_text(rec->reason));
        } else {
            check_pairs(c, rec, line, row);
        }
    }
}

/* Parses line `i` and, while a quote is open, those behind it; returns the lines used. */
static unsigned parse_at(struct check *c, const struct layout **lay, unsigned i, struct record *rec,
                         enum parse_result *res)
{
    const struct lines *l = &c->log;
    struct slice all = l->line[i];
    unsigned used = 1;

    while ((*res = c->lt->fmt->parse(c->lt, lay, all, rec)) == PARSE_MORE && i + used < l->n) {
        const struct slice *next = &l->line[i + used++];

        all.len = (size_t)(next->ptr + next->len - all.ptr);
    }
    return used;
}

/* A few samples are lists of lines of several types: such a line is read as what it looks like. */
static void parse_alone(struct check *c, struct slice line, struct record *rec,
                        enum parse_result *res)
{
    struct probe p = {.path = SL(""), .head = line};
    struct strbuf why = STRBUF_INIT;
    const struct layout *lay = NULL;
    struct logtype *lt = detect_type(&p, &why);

    strbuf_release(&why);
    if (lt == c->lt || lt == logtype_text())
        return;
    c->lt = lt;
    *res = lt->fmt->parse(lt, &lay, line, rec);
}

static void check_lines(struct check *c, const struct lines *want)
{
    struct logtype *of_file = c->lt;
    const struct layout *lay = NULL;
    struct record *rec = record_new();

    for (unsigned i = 0; i < c->log.n;) {
        enum parse_result res;
        unsigned at = i;

        if (!c->log.line[i].len) {
            i++;
            continue;
        }
        c->lt = of_file;
        i += parse_at(c, &lay, i, rec, &res);
        if (res == PARSE_BAD)
            parse_alone(c, c->log.line[at], rec, &res);
        c->records += res == PARSE_OK;
        c->headers += res == PARSE_HEADER;
        if (res == PARSE_BAD || res == PARSE_MORE) {
            c->unparsed++;
            if (res == PARSE_BAD)
                assert_int_not_equal(rec->reason, REASON_NONE);
        }
        check_rows(c, want, rec, res, at + 1);
    }
    c->lt = of_file;
    record_free(rec);
}

/* Records that are not lines: the rows of what is expected count them. */
static void check_events(struct check *c, const struct lines *want, struct splitter *split)
{
    struct slice all = slice_of(c->log.text, strlen(c->log.text));
    struct record *rec = record_new();
    struct events events = {0};
    struct arena mem = {0};

    split_records(split, all, true, &events);
    for (size_t i = 0; i < events.n; i++) {
        const struct frame *f = frame_by_id(events.item[i].frame);
        struct slice raw = slice_of(all.ptr + events.item[i].off, events.item[i].len);
        const struct layout *lay = NULL;
        struct unwrapped u;
        enum parse_result res = PARSE_HEADER;

        if (!events.item[i].header)
            res = frame_parse(f, c->lt, &lay, raw, &mem, &u, rec);
        c->records += res == PARSE_OK;
        c->headers += res == PARSE_HEADER;
        c->unparsed += res == PARSE_BAD;
        check_rows(c, want, rec, res, (unsigned)i + 1);
    }
    free(events.item);
    arena_release(&mem);
    record_free(rec);
}

static void check_count(struct check *c, const struct lines *want)
{
    for (unsigned i = 0; i < want->n; i++) {
        struct slice row = want->line[i];
        int64_t n;

        if (slice_is(slice_cut(&row, '\t'), "#records") && parse_fixed(row, 0, &n) &&
            n != (int64_t)c->records && !is_exception(c, 0, SL("#records"))) {
            c->bad++;
            print_error("%s: %u records, not %d\n", c->file, c->records, (int)n);
        }
    }
}

static unsigned check_file(const char *dir, const char *name)
{
    struct strbuf path = path_of(dir, name), why = STRBUF_INIT;
    struct check c = {.file = name};
    struct splitter split;
    struct lines want;

    assert_true(load(path.buf, &c.log));
    c.lt = detect_content(slice_str(name), slice_str(c.log.text), true, &split, &why);
    strbuf_adds(&path, ".expected.tsv");
    load(path.buf, &want);
    if (split.kind == FRAME_LINES)
        check_lines(&c, &want);
    else
        check_events(&c, &want, &split);
    check_count(&c, &want);
    print_message("%-60s %-10s %5u records %4u unparsed %2u headers %5u pairs\n", name,
                  c.lt->fmt->name, c.records, c.unparsed, c.headers, c.pairs);
    unload(&want);
    unload(&c.log);
    strbuf_release(&path);
    strbuf_release(&why);
    return c.bad;
}

static bool is_log(const char *name)
{
    struct slice s = slice_str(name);

    return name[0] != '.' && !slice_ends(s, ".tsv") && !slice_ends(s, "-expected.json") &&
           !slice_ends(s, ".gz");
}

static void check_folder(const char *folder)
{
    struct strbuf root = path_of(env_or("srcdir", "."), "../shared");
    struct strbuf corpus = path_of(env_or("AWL_SHARED", root.buf), "corpus");
    struct strbuf dir = path_of(corpus.buf, folder);
    struct strbuf rules = path_of(env_or("srcdir", "."), "tests/data/corpus-exceptions.tsv");
    struct dirent **entry = NULL;
    int n = scandir(dir.buf, &entry, NULL, alphasort);
    unsigned bad = 0;

    if (n < 0)
        print_message("skipped: no sample logs in %s\n", dir.buf);
    load(rules.buf, &exceptions);
    for (int i = 0; i < n; i++) {
        if (is_log(entry[i]->d_name))
            bad += check_file(dir.buf, entry[i]->d_name);
        free(entry[i]);
    }
    free(entry);
    unload(&exceptions);
    strbuf_release(&root);
    strbuf_release(&corpus);
    strbuf_release(&dir);
    strbuf_release(&rules);
    if (n < 0)
        skip();
    assert_int_equal(bad, 0);
}

static void test_elb(void **state)
{
    (void)state;
    check_folder("elb");
}

static void test_cloudfront(void **state)
{
    (void)state;
    check_folder("cloudfront");
}

static void test_vpcflow(void **state)
{
    (void)state;
    check_folder("vpcflow");
}

static void test_s3(void **state)
{
    (void)state;
    check_folder("s3");
}

static void test_cloudtrail(void **state)
{
    (void)state;
    check_folder("cloudtrail");
}

static void test_waf(void **state)
{
    (void)state;
    check_folder("waf");
}

static void test_network_firewall(void **state)
{
    (void)state;
    check_folder("networkfirewall");
}

static void test_api_gateway(void **state)
{
    (void)state;
    check_folder("apigateway");
}

static void test_route53(void **state)
{
    (void)state;
    check_folder("route53");
}

static void test_route53public(void **state)
{
    (void)state;
    check_folder("route53public");
}

static void test_cloudwatch(void **state)
{
    (void)state;
    check_folder("cloudwatch");
}

static void test_globalaccelerator(void **state)
{
    (void)state;
    check_folder("globalaccelerator");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_elb),
        cmocka_unit_test(test_cloudfront),
        cmocka_unit_test(test_vpcflow),
        cmocka_unit_test(test_s3),
        cmocka_unit_test(test_cloudtrail),
        cmocka_unit_test(test_waf),
        cmocka_unit_test(test_network_firewall),
        cmocka_unit_test(test_api_gateway),
        cmocka_unit_test(test_route53),
        cmocka_unit_test(test_route53public),
        cmocka_unit_test(test_cloudwatch),
        cmocka_unit_test(test_globalaccelerator),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
