/* regex.c - PCRE2 patterns: compiled and JIT-compiled once, then read-only and shared.
 *
 * What a match needs to write (match data, match context with limits) belongs to the thread and
 * lives until the thread ends. */
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
    struct strbuf source;
    bool utf;
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
    bool utf = has_non_ascii(pattern);
    int rc = 0;

    if (pattern.len > MAX_PATTERN) {
        err_set(e, ERR_LIMIT, "a regex may have %d bytes", MAX_PATTERN);
        return NULL;
    }
    if (icase)
        flags |= PCRE2_CASELESS;
    if (utf)
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
    re->utf = utf;
    strbuf_adds(&re->source, icase ? "(?i)" : "");
    strbuf_addsl(&re->source, pattern);
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
    strbuf_release(&re->source);
    free(re);
}

int regex_search(const struct regex *re, struct slice s, size_t *from, size_t *to)
{
    struct match_state *st = state_get();
    const PCRE2_SIZE *bounds;
    int rc =
        pcre2_match(re->code, (PCRE2_SPTR)(s.ptr ? s.ptr : ""), s.len, 0, 0, st->data, st->ctx);

    if (rc < 0)
        return rc == PCRE2_ERROR_NOMATCH ? 0 : -1;
    bounds = pcre2_get_ovector_pointer(st->data);
    *from = MIN(bounds[0], bounds[1]);
    *to = MAX(bounds[0], bounds[1]);
    return 1;
}

bool regex_match(const struct regex *re, struct slice s, size_t *from, size_t *to)
{
    size_t first, end;

    if (regex_search(re, s, &first, &end) <= 0)
        return false;
    if (from)
        *from = first;
    if (to)
        *to = end;
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

bool regex_utf(const struct regex *re)
{
    return re->utf;
}
