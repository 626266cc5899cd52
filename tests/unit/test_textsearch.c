/* test_textsearch.c - what is known of patterns, and that looking ahead never changes an answer. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "agg.h"
#include "automaton.h"
#include "required.h"
#include "rnd.h"
#include "search.h"
#include "textsearch.h"
#include "xalloc.h"

static char dir[64];
static int make_dir(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/awl-text-XXXXXX");
    assert_non_null(mkdtemp(dir));
    return 0;
}

static int remove_dir(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    return system(command);
}

/* --- what a pattern requires --- */

/* "a|b" of the texts in the order they are found, "/i" without case, "!" if they are all of it; "-"
 * if nothing is known. Then "r" if it is regular, "1" if it stays on its line. */
static void describe(const struct required *need, struct strbuf *out)
{
    for (unsigned i = 0; i < need->n; i++) {
        strbuf_adds(out, i ? "|" : "");
        strbuf_addsl(out, need->text[i]);
    }
    strbuf_adds(out, need->n == 0 ? "-" : need->icase ? "/i" : "");
    strbuf_adds(out, need->whole ? "!" : "");
    strbuf_addf(out, " %s%s", need->regular ? "r" : "", need->one_line ? "1" : "");
}

static void required_texts(void **state)
{
    static const struct {
        const char *pattern, *want;
    } row[] = {
        {"timeout", "timeout! r1"},
        {"time out [0-9]+ms", "time out  r1"},
        {"foo|bar", "foo|bar! r1"},
        {"foo|b*", "- r1"},
        {"(foo|bar)baz", "foobaz|barbaz! r1"},
        {"colou?r", "colour|color! r1"},
        {"ab*cd", "cd r1"},
        {"abc+d", "ab r1"},
        {"x{2}yz", "xxyz! r1"},
        {"x{2,}yz", "yz r1"},
        {"(ab)?", "- r1"},
        {"(?i)Error", "error/i! r1"},
        {"a(?i)bc", "abc/i r1"},
        {"(?i:q)Z", "qz/i r1"},
        {"(q(?i)x|y)z", "qxz|yz/i r1"},
        {"10\\.0\\.0\\.5", "10.0.0.5! r1"},
        {"\\d\\dabc", "abc r1"},
        {"abc\\x41def", "abcAdef! r1"},
        {"\\Qa|b\\E", "- "},
        {"[a|b]cd", "acd|bcd||cd! r1"},
        {"[]x]yz", "]yz|xyz! r1"},
        {"[a-cX-]q", "-q|Xq|aq|bq|cq! r1"},
        {"[^a]q", "q r"},
        {"[^a\\n]q", "q r1"},
        {"[[:alpha:]]q", "q r"},
        {"[[:a]|x:]b]c", "- "},
        {"a\\sq", "q r"},
        {"(?s)a.q", "q r"},
        {"^/api/.*$", "/api/ 1"},
        {"\\bq\\b", "q r1"},
        {"zz(?=q)x", "zzx 1"},
        {"zz(?!q|j)x", "zzx 1"},
        {"(?<=q)zz", "zz 1"},
        {"(?>q|qz)z", "qz|qzz 1"},
        {"q++z", "q 1"},
        {"(?<name>zq)\\1", "- "},
        {"(?P<name>zq)x", "zqx! r1"},
        {"(*ACCEPT)zq", "- "},
        {"(?|q|z)", "- "},
        {"(?x) q z", "- "},
        {"q(?#z)", "- "},
        {"{\"zq\"", "{\"zq\"! r1"},
        {"zq{,3}", "- "},
        {"q{1,200}z", "q 1"},
        {"(?i)straße", "tra/i 1"},
        {"straße", "straße 1"},
        {"é?q", "éq|q 1"},
        {"", "- r1"},
    };
    struct required *need = xmalloc(sizeof(*need));

    (void)state;
    for (unsigned i = 0; i < ARRAY_LEN(row); i++) {
        struct strbuf got = STRBUF_INIT;
        struct arena mem = {0};
        struct err e;
        struct regex *re = regex_new(slice_str(row[i].pattern), false, &e);

        assert_non_null(re);
        required_of(regex_source(re), regex_utf(re), &mem, need);
        describe(need, &got);
        if (strcmp(got.buf, row[i].want) != 0)
            fail_msg("%s: %s, not %s", row[i].pattern, got.buf, row[i].want);
        strbuf_release(&got);
        arena_release(&mem);
        regex_free(re);
    }
    free(need);
}

/* --- literals --- */

static bool begins(struct slice s, size_t at, struct slice text, bool icase)
{
    struct slice there = slice_of(s.ptr + at, text.len);

    if (s.len - at < text.len)
        return false;
    return icase ? slice_eq_nocase(there, text) : slice_eq(there, text);
}

/* The end of the text that ends first, of those that begin at or behind `at`. */
static size_t first_end(struct slice s, size_t at, const struct slice *text, unsigned n, bool icase)
{
    size_t best = SIZE_MAX;

    for (; at < s.len; at++)
        for (unsigned i = 0; i < n; i++)
            if (begins(s, at, text[i], icase))
                best = MIN(best, at + text[i].len);
    return best;
}

static void literals_are_found(void **state)
{
    char bytes[200], words[LITERALS_MAX][8];

    (void)state;
    for (unsigned round = 0; round < 20000; round++) {
        unsigned n = 1 + rnd(rnd(8) ? 4 : LITERALS_MAX), letters = 2 + rnd(20);
        bool icase = rnd(2);
        struct slice s = slice_of(bytes, rnd(sizeof(bytes))), text[LITERALS_MAX];
        struct literals *l;
        size_t at = 0, len, found;

        for (size_t i = 0; i < s.len; i++)
            bytes[i] = (char)((rnd(2) ? 'A' : 'a') + rnd(letters));
        for (unsigned i = 0; i < n; i++) {
            text[i] = slice_of(words[i], 1 + rnd(rnd(2) ? 7 : 3));
            for (size_t k = 0; k < text[i].len; k++)
                words[i][k] = (char)((rnd(2) ? 'A' : 'a') + rnd(letters));
        }
        l = literals_new(text, n, icase);
        while ((found = literals_find(l, s, at, &len)) != SIZE_MAX) {
            bool is_one = false;

            assert_true(found >= at && len <= s.len - found);
            for (unsigned i = 0; i < n; i++)
                is_one |= text[i].len == len && begins(s, found, text[i], icase);
            assert_true(is_one);
            /* none was passed by */
            assert_true(first_end(slice_of(bytes, MIN(s.len, found)), at, text, n, icase) ==
                        SIZE_MAX);
            at = found + 1;
        }
        assert_true(first_end(s, at, text, n, icase) == SIZE_MAX);
        literals_free(l);
    }
}

/* --- random patterns and records --- */

static const char *const words[] = {"ab", "0", "b1", "K", ".", "/x", "sk", "a", "bot", "\xc3\xa9"};

static void random_record(struct strbuf *out, unsigned n)
{
    static const char *const odd[] = {"\r", "\t", "\v", "\xff", "\xc3", "\xe2\x84\xaa", " ", "\f"};

    for (unsigned i = rnd(n); i > 0; i--) {
        if (rnd(5) == 0)
            strbuf_adds(out, odd[rnd(ARRAY_LEN(odd))]);
        else if (rnd(30) == 0)
            strbuf_addc(out, '\0');
        else
            strbuf_adds(out, words[rnd(ARRAY_LEN(words))]);
    }
}

static void random_atom(struct strbuf *out, unsigned depth);

static void random_pattern(struct strbuf *out, unsigned depth)
{
    static const char *const repeat[] = {"*", "+", "?", "{2}", "{1,2}", "{0,2}", "*?", "++", "+?"};

    for (unsigned i = 1 + rnd(3); i > 0; i--) {
        random_atom(out, depth);
        if (rnd(4) == 0)
            strbuf_adds(out, repeat[rnd(ARRAY_LEN(repeat))]);
    }
    if (rnd(5) == 0) {
        strbuf_addc(out, '|');
        random_pattern(out, depth);
    }
}

static void random_atom(struct strbuf *out, unsigned depth)
{
    static const char *const open[] = {"(",   "(?:", "(?i:", "(?>", "(?=",  "(?!",
                                       "(?<", "(?m", "(?s:", "(?-", "(?i)", "(?<n>"};
    static const char *const item[] = {
        "a",      "b",   "0",      "K",        "k",    "s",     "bot",         "\\.",    ".",
        "[^a]",   "\\s", "\\d",    "\\w",      "\\W",  "\\D",   "\\S",         "[ab]",   "[a-c0]",
        "[^\\s]", "\\b", "\\B",    "^",        "$",    "\\A",   "\\z",         "\\Z",    "\\x41",
        "\\/",    "\\n", "[\\d.]", "\\h",      "\\R",  "\\N",   "[[:space:]]", "(?<=a)", "(?<!b)",
        "x",      "/x",  "[^\\n]", "\xc3\xa9", "(?i)", "[\\W]", "\\v",         "\\t",
    };

    if (depth == 0 || rnd(4)) {
        strbuf_adds(out, item[rnd(ARRAY_LEN(item))]);
        return;
    }
    strbuf_adds(out, open[rnd(ARRAY_LEN(open))]);
    random_pattern(out, depth - 1);
    strbuf_addc(out, ')');
}

static struct regex *random_regex(struct strbuf *pattern)
{
    struct regex *re;
    struct err e;

    do {
        strbuf_reset(pattern);
        random_pattern(pattern, 2);
        re = regex_new(strbuf_slice(pattern), rnd(2), &e);
    } while (!re);
    return re;
}

#define RECORDS 40

/* Records one behind the other; what follows each is no part of it. */
struct records {
    struct strbuf bytes;
    size_t start[RECORDS + 1], len[RECORDS];
};

static void random_records(struct records *r)
{
    unsigned length = rnd(4) ? 12 : 200;

    strbuf_reset(&r->bytes);
    for (unsigned i = 0; i < RECORDS; i++) {
        r->start[i] = r->bytes.len;
        random_record(&r->bytes, length);
        r->len[i] = r->bytes.len - r->start[i];
        if (i + 1 < RECORDS || rnd(2))
            strbuf_adds(&r->bytes, rnd(4) ? "\n" : rnd(2) ? "\r\n" : "\n\n \n");
    }
    r->start[RECORDS] = r->bytes.len;
}

static struct slice record(const struct records *r, unsigned i)
{
    return slice_of(strbuf_slice(&r->bytes).ptr + r->start[i], r->len[i]);
}

/* Which records match, by a walk over all of them. */
static void walk(const struct textsearch *t, const struct records *r, bool *yes)
{
    struct slice all = strbuf_slice(&r->bytes);
    struct text_scan scan;
    size_t at = 0, sure, found;

    memset(yes, 0, RECORDS * sizeof(*yes));
    text_scan_begin(&scan, t);
    while ((found = text_scan_next(&scan, all, at, &sure)) != SIZE_MAX) {
        unsigned i = RECORDS - 1;

        assert_true(found >= at && found <= all.len);
        while (r->start[i] > found)
            i--;
        if (sure && sure <= r->start[i] + r->len[i])
            yes[i] = true;
        else
            yes[i] = textsearch_match(t, record(r, i));
        if (i + 1 == RECORDS)
            break;
        at = r->start[i + 1];
    }
    text_scan_end(&scan);
}

static bool has_automata(void)
{
    struct automaton *a = automaton_new(SL("[ab]+c"));
    bool has = a != NULL;

    automaton_free(a);
    return has;
}

/* Whatever looks ahead, the rows are those that PCRE2 finds one by one. */
static void looking_ahead_changes_nothing(void **state)
{
    struct strbuf pattern = STRBUF_INIT;
    struct records r = {.bytes = STRBUF_INIT};
    unsigned used[TEXTSEARCH_ALL + 1] = {0};

    (void)state;
    for (unsigned round = 0; round < 8000; round++) {
        struct regex *re = random_regex(&pattern);

        random_records(&r);
        for (unsigned use = 0; use <= TEXTSEARCH_ALL; use = use ? use * 2 : 1) {
            struct textsearch *t = textsearch_regex(re, use);
            bool yes[RECORDS];

            used[textsearch_uses(t)]++;
            walk(t, &r, yes);
            for (unsigned i = 0; i < RECORDS; i++)
                if (yes[i] != regex_match(re, record(&r, i), NULL, NULL))
                    fail_msg("%s with %u says %d of: " SLICE_FMT, pattern.buf, use, yes[i],
                             SLICE_ARG(record(&r, i)));
            textsearch_free(t);
        }
        regex_free(re);
    }
    assert_true(used[TEXTSEARCH_LITERALS] > 500 && used[TEXTSEARCH_PCRE2] > 500);
    if (has_automata())
        assert_true(used[TEXTSEARCH_VECTORSCAN] > 500);
    strbuf_release(&pattern);
    strbuf_release(&r.bytes);
}

/* --- files --- */

static void write_lines(const char *path, unsigned n, const char *eol)
{
    FILE *f = fopen(path, "w");
    struct strbuf line = STRBUF_INIT;

    assert_non_null(f);
    for (unsigned i = 0; i < n; i++) {
        strbuf_reset(&line);
        strbuf_addf(&line, "%u ", rnd(100));
        random_record(&line, 12);
        fwrite(line.buf, 1, line.len, f);
        fputs(i + 1 < n ? eol : "", f);
    }
    fclose(f);
    strbuf_release(&line);
}

static struct session *open_file(const char *path)
{
    struct session_options o = {.threads = 2, .chunk_bytes = 4096};
    struct session *s = session_new(&o);

    session_open(s, path);
    session_start(s);
    session_wait(s);
    return s;
}

static void compare_rows(struct session *s, const struct regex *re)
{
    struct snapshot *snap = session_snapshot(s);
    struct field_ref message = {.pseudo = PF_MESSAGE};
    struct expr field = {.kind = EX_FIELD, .field = &message}, *left = &field;
    struct expr e = {.kind = EX_MATCH, .n = 1, .arg = &left, .re = (struct regex *)(uintptr_t)re};
    struct filter *f = filter_new(&e);
    struct rowset *r = rowset_eval(s, snap, f, NULL, 2, NULL);
    struct rowview view;

    rowview_init(&view, s);
    for (uint32_t i = 0; i < snap->n; i++)
        for (uint32_t row = 0; row < snap->seg[i]->n; row++) {
            bool fast = rowset_has(r, (struct rowref){i, row});

            rowview_at(&view, snap->seg[i], row);
            if (fast != regex_match(re, rowview_raw(&view), NULL, NULL))
                fail_msg(SLICE_FMT " says %d of: " SLICE_FMT, SLICE_ARG(regex_source(re)), fast,
                         SLICE_ARG(rowview_raw(&view)));
        }
    rowview_release(&view);
    rowset_unref(r);
    filter_free(f);
    snapshot_unref(snap);
}

static void search_file(const char *path)
{
    struct strbuf pattern = STRBUF_INIT;
    struct session *s = open_file(path);

    for (unsigned i = 0; i < 60; i++) {
        struct regex *re = random_regex(&pattern);

        compare_rows(s, re);
        regex_free(re);
    }
    session_free(s);
    strbuf_release(&pattern);
}

static void rows_of_files_are_the_same(void **state)
{
    char path[128], command[300];
    struct timespec old[2] = {{.tv_sec = 1000000}, {.tv_sec = 1000000}};

    (void)state;
    snprintf(path, sizeof(path), "%s/fresh.log", dir);
    write_lines(path, 5000, "\r\n");
    search_file(path);
    snprintf(path, sizeof(path), "%s/mapped.log", dir);
    write_lines(path, 80000, "\n");
    assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
    search_file(path);
    snprintf(command, sizeof(command), "gzip -k %s", path);
    assert_int_equal(system(command), 0);
    snprintf(path, sizeof(path), "%s/mapped.log.gz", dir);
    search_file(path);
}

/* --- the nearest match --- */

static void ignore(void *ctx)
{
    (void)ctx;
}

/* By a walk over all rows from the key on. */
static bool nearest(struct session *s, const struct rowset *rows, const struct regex *re,
                    struct rowkey from, bool backward, struct rowkey *found)
{
    struct rowview view;
    struct rowref ref;
    bool yes = false;

    rowview_init(&view, s);
    while (!yes && (backward ? order_backward(rows, &from, false, &ref, 1)
                             : order_forward(rows, &from, false, &ref, 1))) {
        *found = from = rowref_key(rows, ref);
        rowview_at(&view, rows->snap->seg[ref.seg], ref.row);
        yes = regex_match(re, rowview_raw(&view), NULL, NULL);
    }
    rowview_release(&view);
    return yes;
}

static void the_nearest_match_is_found(void **state)
{
    static const char *const patterns[] = {"botbotbotb1K", "^7 .*/x/x/x/x", "no such text",
                                           "\\. ab\\.",    "sksk.*bot$",    "kk"};
    char path[128];
    struct session *s;
    struct snapshot *snap;
    struct rowset *rows;
    struct search *search;

    (void)state;
    snprintf(path, sizeof(path), "%s/mapped.log", dir);
    s = open_file(path);
    snap = session_snapshot(s);
    rows = rowset_all(snap);
    search = search_new(s, ignore, NULL);
    for (unsigned i = 0; i < 60; i++) {
        struct rowkey from, want = ROWKEY_MIN, got = ROWKEY_MIN;
        enum search_state is;
        uint64_t looked;
        struct rowref ref;
        struct err e;
        bool backward = i % 2, expected;

        assert_true(order_select(rows, rnd((uint32_t)rows->total), &ref));
        from = rowref_key(rows, ref);
        assert_int_equal(search_pattern(search, patterns[i % ARRAY_LEN(patterns)], &e), 0);
        search_start(search, rows, &from, backward);
        while ((is = search_poll(search, &got, &looked)) == SEARCH_RUNNING)
            usleep(200);
        expected = nearest(s, rows, search_regex(search), from, backward, &want);
        assert_int_equal(is, expected ? SEARCH_FOUND : SEARCH_NOTHING);
        assert_true(!expected || rowkey_cmp(&got, &want) == 0);
    }
    search_free(search);
    rowset_unref(rows);
    snapshot_unref(snap);
    session_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(required_texts),
        cmocka_unit_test(literals_are_found),
        cmocka_unit_test(looking_ahead_changes_nothing),
        cmocka_unit_test(rows_of_files_are_the_same),
        cmocka_unit_test(the_nearest_match_is_found),
    };

    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
