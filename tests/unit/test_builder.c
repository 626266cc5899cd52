/* test_builder.c - rows sealed piece by piece are those that are sealed as a whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "rnd.h"
#include "segment.h"
#include "str.h"
#include "xalloc.h"

#define ROWS 20000
#define FIRST_US (INT64_C(1710400000) * 1000000)

/* Numbers that are none, missing ones, texts that come once and such that come again, a field that
 * only late rows have. */
static void make_line(struct strbuf *s, uint32_t i)
{
    unsigned bad = rnd(200);

    strbuf_reset(s);
    strbuf_addf(s, "2 123456789012 eni-%04x 10.0.%u.%u 10.0.2.9 %s %u 6 %s %u 1710400000 ",
                rnd(300), rnd(40), i % 256, bad == 1 ? "http" : "443", rnd(60000),
                i < ROWS / 2 ? "-" : "10", rnd(100000));
    strbuf_addf(s, "1710400060 %s %s", rnd(3) ? "ACCEPT" : "REJECT", bad == 2 ? "" : "OK");
}

static void add_row(struct builder *b, struct record *rec, uint32_t i)
{
    struct logtype *lt = logtype_by_name(SL("vpcflow"));
    const struct layout *lay = NULL;
    struct strbuf line = STRBUF_INIT;

    make_line(&line, i);
    rec->reason = REASON_NONE;
    lt->fmt->parse(lt, &lay, strbuf_slice(&line), rec);
    rec->ts = FIRST_US + rnd(5000) * INT64_C(1000000);
    if (i % 7000 == 0)
        builder_run(b, &(struct run){.source = i / 7000, .off = (uint64_t)i * 200});
    assert_true(builder_add(b, rec, (uint64_t)i * 200, (uint32_t)line.len, i % 7000));
    if (rnd(50) == 0)
        builder_timeless(b, i, rec->ts);
    strbuf_release(&line);
}

/* All that a segment knows of a row. */
static void describe(const struct segment *s, uint32_t row, struct strbuf *out)
{
    struct position at = segment_position(s, row);

    strbuf_addf(out, "%lld %u %llu+%u line %u reason %d timeless %d", (long long)segment_ts(s, row),
                at.run->source, (unsigned long long)at.off, at.len, at.line,
                (int)segment_reason(s, row), segment_timeless(s, row));
    for (unsigned f = 0; f < s->lt->n_static; f++) {
        const struct column *c = segment_column(s, f);
        uint64_t code = c->kind == COL_NONE ? 0 : column_code(c, row);

        strbuf_addc(out, '|');
        if (code && c->kind == COL_NUM)
            strbuf_addf(out, "%lld", (long long)column_value(c, code));
        else if (code)
            strbuf_addsl(out, dict_text(field_dict(s->lt, f), column_gid(c, code)));
        if (c->odd && bit_get(c->odd, row))
            strbuf_addf(out, " odd");
    }
}

/* The rows of a segment, described, by their place in the file; each must come once. */
static void note_rows(const struct segment *s, char **row)
{
    for (uint32_t i = 0; i < s->n; i++) {
        struct strbuf text = STRBUF_INIT;
        uint64_t k = segment_position(s, i).off / 200;

        describe(s, i, &text);
        assert_true(k < ROWS && !row[k]);
        row[k] = xstrdup(text.buf);
        strbuf_release(&text);
        assert_true(i == 0 || segment_ts(s, i - 1) <= segment_ts(s, i));
    }
}

/* What a column says of itself is so. */
static void check_columns(const struct segment *s)
{
    for (unsigned f = 0; f < s->lt->n_static; f++) {
        const struct column *c = segment_column(s, f);
        uint32_t missing = 0;
        int64_t min = INT64_MAX, max = INT64_MIN;

        for (uint32_t i = 0; c->kind != COL_NONE && i < s->n; i++) {
            uint64_t code = column_code(c, i);

            assert_true(code < column_n_codes(c));
            missing += code == 0;
            if (code && c->kind == COL_NUM) {
                min = MIN(min, column_value(c, code));
                max = MAX(max, column_value(c, code));
            }
        }
        if (c->kind == COL_NONE)
            continue;
        assert_int_equal(missing, c->n_missing);
        assert_true(c->kind != COL_NUM || (min == c->min && max == c->max));
    }
}

static void note_piece(struct builder *b, uint32_t from, uint32_t to, char **row)
{
    struct segment *s = builder_seal(b, from, to);

    assert_int_equal(s->n, to - from);
    check_columns(s);
    note_rows(s, row);
    segment_unref(s);
}

static void pieces_are_the_whole(void **state)
{
    static const uint32_t cut[] = {0, 64, 4096, 4160, 12800, ROWS / 64 * 64};
    struct builder *b = builder_new(logtype_by_name(SL("vpcflow")));
    struct record *rec = record_new();
    char **piece = xcalloc(ROWS, sizeof(*piece)), **whole = xcalloc(ROWS, sizeof(*whole));
    uint32_t i = 0;

    (void)state;
    for (unsigned k = 1; k < ARRAY_LEN(cut); k++) {
        for (; i < cut[k] + 20; i++)
            add_row(b, rec, i);
        segment_unref(builder_seal(b, cut[k - 1], i)); /* as it is while it grows */
        note_piece(b, cut[k - 1], cut[k], piece);
    }
    for (; i < ROWS; i++)
        add_row(b, rec, i);
    note_piece(b, cut[ARRAY_LEN(cut) - 1], ROWS, piece);
    note_piece(b, 0, ROWS, whole);
    for (i = 0; i < ROWS; i++) {
        assert_non_null(piece[i]);
        assert_string_equal(piece[i], whole[i]);
        free(piece[i]);
        free(whole[i]);
    }
    free(piece);
    free(whole);
    record_free(rec);
    builder_free(b);
}

/* Times in `stretches` that ascend, over `span` microseconds: rows come out by time, those of the
 * same time as they arrived. */
static void check_order(struct builder *b, struct record *rec, unsigned stretches, uint64_t span)
{
    const uint32_t n = 1 + rnd(5000), each = n / stretches + 1;
    int64_t start = rnd(2) ? FIRST_US : INT64_MIN + 1, *ts = xcalloc(n, sizeof(*ts));
    struct segment *s;

    builder_reset(b);
    builder_run(b, &(struct run){.source = 1});
    for (uint32_t i = 0; i < n; i++) {
        rec->ts =
            start + (int64_t)(i % each * (span / each) + rnd((uint32_t)MIN(span / each, 9) + 1));
        ts[i] = rec->ts;
        assert_true(builder_add(b, rec, i * 10, 9, i));
    }
    s = builder_seal(b, 0, n);
    for (uint32_t row = 0; row < n; row++) {
        uint32_t at = (uint32_t)(segment_position(s, row).off / 10);

        assert_int_equal(segment_ts(s, row), ts[at]);
        if (row)
            assert_true(segment_ts(s, row - 1) < ts[at] ||
                        (segment_ts(s, row - 1) == ts[at] &&
                         segment_position(s, row - 1).off < segment_position(s, row).off));
    }
    segment_unref(s);
    free(ts);
}

static void rows_are_in_order(void **state)
{
    static const uint64_t spans[] = {
        0, 1, 8191, 8192, 86400000000, UINT64_C(1) << 40, UINT64_C(1) << 62};
    struct builder *b = builder_new(logtype_by_name(SL("vpcflow")));
    struct record *rec = record_new();

    (void)state;
    record_begin(rec, logtype_by_name(SL("vpcflow")));
    for (unsigned stretches = 1; stretches < 40; stretches++)
        for (unsigned k = 0; k < ARRAY_LEN(spans); k++)
            check_order(b, rec, stretches, spans[k]);
    record_free(rec);
    builder_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_the_whole),
        cmocka_unit_test(rows_are_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
