/* fuzz_format.c - any bytes as the lines of any log type: detection gives a type, parsing gives
 * slices of the line or of the record's own memory, typed values come out of them or do not. */
#include <stdatomic.h>

#include "dict.h"
#include "format.h"
#include "value.h"
#include "xalloc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t sum;

static void check_value(const struct field_def *f, struct slice s)
{
    int64_t n;
    struct ip ip;

    if (f->kind == FK_NUM)
        (void)parse_fixed(s, f->scale, &n);
    else if (f->kind == FK_TIME)
        (void)parse_iso8601(s, &n);
    else if (f->kind == FK_IP)
        (void)parse_ip(s, &ip);
    (void)value_missing(s);
}

static void check_record(const struct logtype *lt, const struct record *rec, struct slice line)
{
    BUG_ON(rec->n_val > MAX_FIELDS);
    for (unsigned i = 0; i < rec->n_val; i++) {
        struct slice s = rec->val[i];

        if (!s.ptr)
            continue;
        if (s.ptr < line.ptr || s.ptr > line.ptr + line.len)
            sum += dict_hash(s); /* the sanitizer sees whether it may be read */
        else
            BUG_ON(s.ptr + s.len > line.ptr + line.len);
        if (i < atomic_load(&lt->n_fields))
            check_value(lt->field[i], s);
    }
}

/* Lines may be joined once, as the indexer does while a quote is open. */
static void check_lines(struct logtype *lt, struct slice text)
{
    static struct record rec;
    const struct layout *lay = NULL;

    while (text.len) {
        struct slice line = slice_cut(&text, '\n');
        enum parse_result got = lt->fmt->parse(lt, &lay, line, &rec);

        if (got == PARSE_MORE && text.ptr && text.len) {
            struct slice more = slice_cut(&text, '\n');

            line.len = (size_t)(more.ptr - line.ptr) + more.len;
            got = lt->fmt->parse(lt, &lay, line, &rec);
        }
        if (got == PARSE_OK)
            check_record(lt, &rec, line);
        else if (got == PARSE_BAD)
            BUG_ON(rec.reason == REASON_NONE || rec.reason >= REASON_COUNT);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice all = slice_of((const char *)data, size);
    struct probe probe = {.path = SL("AWSLogs/123456789012/x"), .head = all};
    struct strbuf why = STRBUF_INIT;

    BUG_ON(!detect_type(&probe, &why));
    strbuf_release(&why);
    for (unsigned i = 0; i < logtype_count(); i++)
        check_lines(logtype_get(i), all);
    return 0;
}
