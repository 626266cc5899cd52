/* text.c - lines of no known type. They have no fields; a time at their start, or a CLF time in
 * brackets near it, places them on the time line. AWS's test objects are told apart by a reason. */
#include "tok_space.h"
#include "value.h"

#define LOOK_AHEAD 200 /* bytes searched for a bracketed time */

/* A date and a clock time with a blank between them count as one. */
static bool leading_iso(struct slice line, int64_t *us)
{
    struct slice rest = line, first = slice_cut(&rest, ' ');

    if (parse_iso8601(first, us))
        return true;
    if (first.len != 10 || !rest.ptr)
        return false;
    slice_cut(&rest, ' ');
    first.len = rest.ptr ? (size_t)(rest.ptr - line.ptr) - 1 : line.len;
    return parse_iso8601(first, us);
}

static bool bracketed_clf(struct slice line, int64_t *us)
{
    struct slice rest = slice_of(line.ptr, MIN(line.len, (size_t)LOOK_AHEAD));

    while (rest.ptr) {
        slice_cut(&rest, '[');
        if (rest.ptr && rest.len > 20) {
            struct slice inside = rest;

            if (parse_clf(slice_cut(&inside, ']'), us))
                return true;
        }
    }
    return false;
}

static bool is_test_object(struct slice line)
{
    return slice_starts(line, "Enable AccessLog for ELB:") ||
           slice_is(line, "Permission Check Successful"); /* aws-logs-write-test */
}

static enum parse_result parse(struct logtype *lt, const struct layout **lay, struct slice line,
                               struct record *rec)
{
    (void)lay;
    record_begin(rec, lt);
    if (!leading_iso(line, &rec->ts) && !bracketed_clf(line, &rec->ts))
        rec->ts = TIME_NONE;
    return record_bad(rec, is_test_object(line) ? REASON_SKIP : REASON_TYPE);
}

static int detect(const struct probe *p)
{
    struct slice head = p->head, line;

    if (slice_ends(p->path, "ELBAccessLogTestFile") || slice_ends(p->path, "aws-logs-write-test"))
        return 100;
    return probe_line(&head, &line) && is_test_object(line) ? 100 : 0;
}

static const char *const samples[] = {NULL};

const struct format format_text = {
    .name = "text",
    .title = "plain text",
    .doc_url = "",
    .detect = detect,
    .parse = parse,
    .samples = samples,
};
