/* regex.c - PCRE2 patterns: compiled and JIT-compiled once, then read-only and shared.
 *
 * What a match needs to write (match data, match context with limits) belongs to the thread and
 * lives until the thread ends. The literal for prefilters is found by a small conservative scan
 * of the pattern: only runs of plain characters at the top level count, and anything that the
 * scan does not know ends the run. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "regex.h"

#include <pcre2.h>
#include <pthread.h>

#include "xalloc.h"

#define MATCH_LIMIT 1000000
#define DEPTH_LIMIT 10000
#define HEAP_LIMIT_KIB 20000
#define MAX_PATTERN 8192

struct regex {
    pcre2_code *code;
    struct strbuf literal, source;
};

#define MATCH_PAIRS 32 /* groups that need no memory of their own */

struct match_state {
    pcre2_match_data *data;
    pcre2_match_context *ctx;
};

static pthread_key_t state_key;
static pthread_once_t state_once = PTHREAD_ONCE_INIT;

static void state_free(void *p)
{
    struct match_state *st = p;

    pcre2_match_data_free(st->data);
    pcre2_match_context_free(st->ctx);
    free(st);
}

static void state_init(void)
{
    if (pthread_key_create(&state_key, state_free) != 0)
        BUG("no thread key");
}

static struct match_state *state_get(void)
{
    struct match_state *st;

    pthread_once(&state_once, state_init);
    st = pthread_getspecific(state_key);
    if (st)
        return st;
    st = xcalloc(1, sizeof(*st));
    st->data = pcre2_match_data_create(MATCH_PAIRS, NULL);
    st->ctx = pcre2_match_context_create(NULL);
    if (!st->data || !st->ctx)
        BUG("no memory for a regex match");
    pcre2_set_match_limit(st->ctx, MATCH_LIMIT);
    pcre2_set_depth_limit(st->ctx, DEPTH_LIMIT);
    pcre2_set_heap_limit(st->ctx, HEAP_LIMIT_KIB);
    pthread_setspecific(state_key, st);
    return st;
}

/* --- the literal --- */

/* Skips a [class] that starts at i; returns the index behind its ']'. */
static size_t skip_class(struct slice p, size_t i)
{
    i++;
    if (i < p.len && p.ptr[i] == '^')
        i++;
    if (i < p.len && p.ptr[i] == ']')
        i++;
    while (i < p.len && p.ptr[i] != ']') {
        if (p.ptr[i] == '\\')
            i++;
        else if (p.ptr[i] == '[' && i + 1 < p.len && strchr(":.=", p.ptr[i + 1]))
            for (i += 2; i + 1 < p.len && p.ptr[i + 1] != ']';)
                i++;
        i++;
    }
    return MIN(i + 1, p.len);
}

/* Skips a (group) that starts at i, with everything inside. */
static size_t skip_group(struct slice p, size_t i)
{
    unsigned depth = 0;

    while (i < p.len) {
        if (p.ptr[i] == '[') {
            i = skip_class(p, i);
            continue;
        }
        if (p.ptr[i] == '\\')
            i++;
        else if (p.ptr[i] == '(')
            depth++;
        else if (p.ptr[i] == ')' && --depth == 0)
            return i + 1;
        i++;
    }
    return p.len;
}

static bool has_alternation(struct slice p)
{
    for (size_t i = 0; i < p.len;) {
        if (p.ptr[i] == '|')
            return true;
        if (p.ptr[i] == '[')
            i = skip_class(p, i);
        else if (p.ptr[i] == '(')
            i = skip_group(p, i);
        else
            i += p.ptr[i] == '\\' ? 2 : 1;
    }
    return false;
}

static size_t skip_braces(struct slice p, size_t i)
{
    while (i < p.len && p.ptr[i] != '}')
        i++;
    return MIN(i + 1, p.len);
}

static void keep_longest(struct strbuf *run, struct strbuf *best)
{
    if (run->len > best->len) {
        strbuf_reset(best);
        strbuf_add(best, run->buf, run->len);
    }
    strbuf_reset(run);
}

/* A quantifier at i makes the character before it optional or repeated: it leaves the run. */
static size_t take_quantifier(struct slice p, size_t i, struct strbuf *run, struct strbuf *best)
{
    bool optional = p.ptr[i] != '+';

    if (optional && run->len)
        run->buf[--run->len] = 0;
    keep_longest(run, best);
    return p.ptr[i] == '{' ? skip_braces(p, i) : i + 1;
}

/* Escapes: of punctuation, a plain character; of a letter or digit, something unknown, whose
 * arguments may follow as plain characters, so scanning stops there unless it is a known class. */
static bool take_escape(struct slice p, size_t *i, struct strbuf *run, struct strbuf *best)
{
    char c = *i + 1 < p.len ? p.ptr[*i + 1] : 0;

    if (!c || (unsigned char)c >= 0x80)
        return false;
    *i += 2;
    if (strchr("dDsSwWbBAzZ", c)) {
        keep_longest(run, best);
        return true;
    }
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
        return false;
    strbuf_addc(run, c);
    return true;
}

static bool plain_scan_safe(struct slice p)
{
    for (size_t i = 0; i + 1 < p.len; i++)
        if (p.ptr[i] == '(' && (p.ptr[i + 1] == '*' || (p.ptr[i + 1] == '?' && i + 2 < p.len &&
                                                        strchr("imsxnJU-^#(|", p.ptr[i + 2]))))
            return false;
        else if (p.ptr[i] == '\\' && p.ptr[i + 1] == 'Q')
            return false;
    return true;
}

static void find_literal(struct slice p, struct strbuf *best)
{
    struct strbuf run = STRBUF_INIT;

    if (!plain_scan_safe(p) || has_alternation(p))
        return;
    for (size_t i = 0; i < p.len;) {
        char c = p.ptr[i];

        if (c == '\\') {
            if (!take_escape(p, &i, &run, best))
                break;
        } else if (strchr("*+?{", c) && c) {
            i = take_quantifier(p, i, &run, best);
        } else if (c == '[' || c == '(') {
            keep_longest(&run, best);
            i = c == '[' ? skip_class(p, i) : skip_group(p, i);
        } else if (strchr(".^$)", c)) {
            keep_longest(&run, best);
            i++;
        } else if ((unsigned char)c >= 0x80) {
            keep_longest(&run, best);
            i++;
        } else {
            strbuf_addc(&run, c);
            i++;
        }
    }
    keep_longest(&run, best);
    strbuf_release(&run);
}

/* --- the interface --- */

static bool has_non_ascii(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] >= 0x80)
            return true;
    return false;
}

struct regex *regex_new(struct slice pattern, bool icase, struct err *e)
{
    uint32_t flags = PCRE2_NEVER_BACKSLASH_C;
    PCRE2_SPTR text = (PCRE2_SPTR)(pattern.ptr ? pattern.ptr : "");
    struct regex *re;
    pcre2_code *code;
    size_t at = 0;
    int rc = 0;

    if (pattern.len > MAX_PATTERN) {
        err_set(e, ERR_LIMIT, "a regex may have %d bytes", MAX_PATTERN);
        return NULL;
    }
    if (icase)
        flags |= PCRE2_CASELESS;
    if (has_non_ascii(pattern))
        flags |= PCRE2_UTF | PCRE2_MATCH_INVALID_UTF;
    code = pcre2_compile(text, pattern.len, flags, &rc, &at, NULL);
    if (!code) {
        PCRE2_UCHAR msg[160] = "";

        pcre2_get_error_message(rc, msg, sizeof(msg));
        err_set(e, ERR_USAGE, "the regex does not compile at byte %zu: %s", at, (char *)msg);
        return NULL;
    }
    pcre2_jit_compile(code, PCRE2_JIT_COMPLETE); /* where there is no JIT the interpreter serves */
    re = xcalloc(1, sizeof(*re));
    re->code = code;
    strbuf_adds(&re->source, icase ? "(?i)" : "");
    strbuf_addsl(&re->source, pattern);
    if (!icase)
        find_literal(pattern, &re->literal);
    return re;
}

struct slice regex_source(const struct regex *re)
{
    return strbuf_slice(&re->source);
}

void regex_free(struct regex *re)
{
    if (!re)
        return;
    pcre2_code_free(re->code);
    strbuf_release(&re->literal);
    strbuf_release(&re->source);
    free(re);
}

bool regex_match(const struct regex *re, struct slice s, size_t *from, size_t *to)
{
    struct match_state *st = state_get();
    const PCRE2_SIZE *bounds;
    int rc =
        pcre2_match(re->code, (PCRE2_SPTR)(s.ptr ? s.ptr : ""), s.len, 0, 0, st->data, st->ctx);

    if (rc < 0)
        return false;
    bounds = pcre2_get_ovector_pointer(st->data);
    if (from)
        *from = MIN(bounds[0], bounds[1]);
    if (to)
        *to = MAX(bounds[0], bounds[1]);
    return true;
}

unsigned regex_n_groups(const struct regex *re)
{
    uint32_t n = 0;

    pcre2_pattern_info(re->code, PCRE2_INFO_CAPTURECOUNT, &n);
    return n;
}

unsigned regex_group_number(const struct regex *re, const char *name)
{
    int n = pcre2_substring_number_from_name(re->code, (PCRE2_SPTR)name);

    return n > 0 ? (unsigned)n : 0;
}

const char *regex_group_name(const struct regex *re, unsigned number)
{
    uint32_t count = 0, size = 0;
    PCRE2_SPTR table = NULL;

    pcre2_pattern_info(re->code, PCRE2_INFO_NAMECOUNT, &count);
    pcre2_pattern_info(re->code, PCRE2_INFO_NAMEENTRYSIZE, &size);
    pcre2_pattern_info(re->code, PCRE2_INFO_NAMETABLE, &table);
    for (uint32_t i = 0; i < count; i++, table += size)
        if (((unsigned)table[0] << 8 | table[1]) == number)
            return (const char *)table + 2;
    return NULL;
}

/* Matches from `at` on; the texts of groups from `first` to first + n - 1. */
static bool match_groups(const struct regex *re, struct slice s, size_t *at, struct slice *group,
                         unsigned first, unsigned n)
{
    struct match_state *st = state_get();
    pcre2_match_data *data = regex_n_groups(re) < MATCH_PAIRS
                                 ? st->data
                                 : pcre2_match_data_create_from_pattern(re->code, NULL);
    const PCRE2_SIZE *bounds = pcre2_get_ovector_pointer(data);
    int rc = pcre2_match(re->code, (PCRE2_SPTR)(s.ptr ? s.ptr : ""), s.len, *at, 0, data, st->ctx);

    for (unsigned i = 0; i < n && rc >= 0; i++) {
        const PCRE2_SIZE *b = bounds + 2 * (first + i);
        bool set = (int)(first + i) < rc && b[0] != PCRE2_UNSET && b[1] >= b[0];

        group[i] = set ? slice_of(s.ptr + b[0], b[1] - b[0]) : (struct slice){NULL, 0};
    }
    if (rc >= 0)
        *at = MAX(bounds[1], bounds[0] + 1);
    if (data != st->data)
        pcre2_match_data_free(data);
    return rc >= 0;
}

bool regex_groups(const struct regex *re, struct slice s, struct slice *group, unsigned n)
{
    size_t at = 0;

    return match_groups(re, s, &at, group, 1, n);
}

bool regex_group(const struct regex *re, struct slice s, unsigned n, size_t *at,
                 struct slice *group)
{
    return *at <= s.len && match_groups(re, s, at, group, n, 1);
}

struct slice regex_literal(const struct regex *re)
{
    return strbuf_slice(&re->literal);
}
