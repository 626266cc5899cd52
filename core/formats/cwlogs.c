/* cwlogs.c - a message of CloudWatch Logs of no other type: what an application printed. Nothing
 * about it can be wrong. A level, a request id and a time of its own are taken where they are easy
 * to see: in the first words of the first line. */
#include "formats/table.h"
#include "tok_space.h"
#include "value.h"

#define LOOK_AT 200 /* bytes in which a level is looked for */

enum { F_LEVEL, F_MESSAGE, F_REQUEST_ID, N_FIELDS };

static const struct field_def fields[N_FIELDS] = {
    [F_LEVEL] = FIELD_TEXT("level", "severity", 0, FR_ACTION, "how bad it is, if it says so"),
    [F_MESSAGE] = FIELD_LONG("message", NULL, FR_NONE, "what was logged"),
    [F_REQUEST_ID] =
        FIELD_LONG("requestId", "request_id", FR_REQUEST_ID, "the first UUID in the message"),
};

static bool is_level(struct slice word)
{
    static const char *const levels[] = {"TRACE", "DEBUG", "INFO",     "NOTICE", "WARN",  "WARNING",
                                         "ERROR", "FATAL", "CRITICAL", "SEVERE", "PANIC", "ALERT"};

    for (unsigned i = 0; i < ARRAY_LEN(levels); i++)
        if (slice_eq_nocase(word, slice_str(levels[i])))
            return true;
    return false;
}

static bool in_word(char c)
{
    return is_digit(c) || is_letter(c) || c == '-';
}

/* Words of the first line: a level counts in the first ones only, "error" in a sentence is none
 * unless it is in capitals or in brackets. */
static void read_words(struct slice line, struct slice *val)
{
    const char *p = line.ptr, *end = line.ptr + MIN(line.len, (size_t)LOOK_AT);

    end = find_byte(p, end, '\n');
    for (unsigned n = 0; p < end; n++) {
        const char *start;
        struct slice word;

        while (p < end && !in_word(*p))
            p++;
        start = p;
        while (p < end && in_word(*p))
            p++;
        word = slice_of(start, (size_t)(p - start));
        if (!val[F_LEVEL].ptr && word.len >= 4 && is_level(word) &&
            (n == 0 || (word.ptr[1] >= 'A' && word.ptr[1] <= 'Z') ||
             (start > line.ptr && start[-1] == '[')))
            val[F_LEVEL] = word;
        if (!val[F_REQUEST_ID].ptr && is_uuid(word))
            val[F_REQUEST_ID] = word;
    }
}

static enum parse_result parse(struct logtype *lt, const struct layout **lay, struct slice line,
                               struct record *rec)
{
    struct slice rest = line;

    (void)lay;
    record_begin(rec, lt);
    rec->val[F_MESSAGE] = line;
    if (line.len)
        read_words(line, rec->val);
    if (line.len < 19 || !parse_iso8601(slice_cut(&rest, ' '), &rec->ts))
        rec->ts = TIME_NONE;
    return PARSE_OK;
}

/* The container layer falls back on this type by its name. */
static int detect(const struct probe *p)
{
    (void)p;
    return 0;
}

static const char *const samples[] = {
    "[ERROR] cannot connect to 10.0.0.1",
    "2024-05-02T03:04:05.678Z 01234567-89ab-cdef-0123-456789abcdef INFO ready",
    "plain words",
    NULL,
};

const struct format format_cwlogs = {
    .name = "cwlogs",
    .title = "CloudWatch Logs message",
    .doc_url = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/WhatIsCloudWatchLogs.html",
    .fields = fields,
    .n_fields = N_FIELDS,
    .takes_any = true,
    .detect = detect,
    .parse = parse,
    .samples = samples,
};
