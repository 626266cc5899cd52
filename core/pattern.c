/* pattern.c - patterns in two steps.
 *
 * First every word with a digit in it, and every address, time and id, becomes a mark of its kind;
 * texts that are then equal are one. Most logs end here. Then shapes of as many words that begin
 * alike and agree in most of their words become one, as in Drain (He et al., 2017): where they
 * differ stands a mark for any word. Only distinct shapes come to the second step, so its cost does
 * not go with the number of texts. */
#include "pattern.h"

#include <math.h>
#include <stdio.h>

#include "dict.h"
#include "value.h"
#include "xalloc.h"

#define MAX_WORDS 256 /* of a text; the rest is one word */
#define MAX_SHAPES 200000
#define ALIKE 0.6      /* share of words that must agree */
#define SAME_START 500 /* shapes that begin alike and are compared */

/* Marks stand as one byte in a shape. */
enum { MARK_TOKEN = 1, MARK_NUMBER, MARK_TIME, MARK_IP, MARK_ID, MARK_END };

static const char *const mark_name[MARK_END] = {
    [MARK_TOKEN] = "Token", [MARK_NUMBER] = "Number", [MARK_TIME] = "Time",
    [MARK_IP] = "IP",       [MARK_ID] = "ID",
};

/* Of the time at hand and, with `diff`, of the one before it. */
struct tally {
    uint64_t now, before;
};

struct patterns {
    struct dict *shapes;
    struct tally *count;
    size_t cap;
    struct tally total, left; /* left: texts past MAX_SHAPES */
    struct strbuf shape;
};

const char *const pattern_columns[N_PATTERN] = {"@pattern", "@ratio", "@sampleCount",
                                                "@severityLabel"};
const char *const pattern_diff_columns[N_PATTERN_DIFF] = {
    "@pattern", "now", "before", "change", "@severityLabel", "@differenceDescription"};

static void tally_add(struct tally *t, bool before)
{
    if (before)
        t->before++;
    else
        t->now++;
}

struct patterns *patterns_new(void)
{
    struct patterns *p = xcalloc(1, sizeof(*p));

    p->shapes = dict_new();
    return p;
}

void patterns_free(struct patterns *p)
{
    if (!p)
        return;
    dict_free(p->shapes);
    free(p->count);
    strbuf_release(&p->shape);
    free(p);
}

static bool is_break(char c)
{
    return (unsigned char)c <= ' ' || strchr("=,;()[]{}<>\"'|", c);
}

/* What a word without blanks is: 0 for a word that counts as itself. */
static char mark_of(struct slice w)
{
    size_t digits = 0, hex = 0;
    int64_t us;
    struct ip ip;

    for (size_t i = 0; i < w.len; i++) {
        digits += is_digit(w.ptr[i]);
        hex += is_digit(w.ptr[i]) || ((w.ptr[i] | 32) >= 'a' && (w.ptr[i] | 32) <= 'f') ||
               w.ptr[i] == '-';
    }
    if (!digits)
        return 0;
    if (parse_ip(w, &ip))
        return MARK_IP;
    if ((w.len >= 8 && parse_iso8601(w, &us)) ||
        (w.len >= 8 && w.ptr[2] == ':' && w.ptr[5] == ':' && digits >= 6))
        return MARK_TIME;
    if (digits == w.len || (is_digit(w.ptr[0]) && w.len - digits <= 3))
        return MARK_NUMBER;
    return w.len >= 16 && hex == w.len ? MARK_ID : MARK_TOKEN;
}

/* Punctuation at the end of a word is no part of it. */
static size_t word_length(struct slice w)
{
    size_t n = w.len;

    while (n && (w.ptr[n - 1] == '.' || w.ptr[n - 1] == ':'))
        n--;
    return n;
}

static void make_shape(struct slice text, struct strbuf *out)
{
    size_t i = 0, words = 0;

    strbuf_reset(out);
    while (i < text.len && words < MAX_WORDS) {
        size_t from = i, n;
        char mark;

        if (is_break(text.ptr[i])) {
            strbuf_addc(out, (unsigned char)text.ptr[i] < ' ' ? ' ' : text.ptr[i]);
            i++;
            continue;
        }
        while (i < text.len && !is_break(text.ptr[i]))
            i++;
        n = word_length(slice_of(text.ptr + from, i - from));
        mark = mark_of(slice_of(text.ptr + from, n));
        if (mark)
            strbuf_addc(out, mark);
        else
            strbuf_add(out, text.ptr + from, n);
        strbuf_add(out, text.ptr + from + n, i - from - n);
        words++;
    }
    if (i < text.len)
        strbuf_addc(out, MARK_TOKEN);
}

void patterns_add(struct patterns *p, struct slice text, bool before)
{
    uint32_t id;

    make_shape(text, &p->shape);
    tally_add(&p->total, before);
    if (dict_count(p->shapes) >= MAX_SHAPES) {
        tally_add(&p->left, before);
        return;
    }
    id = dict_add(p->shapes, strbuf_slice(&p->shape));
    if (id >= p->cap) {
        size_t cap = MAX(2 * p->cap, (size_t)id + 64);

        p->count = xreallocarray(p->count, cap, sizeof(*p->count));
        memset(p->count + p->cap, 0, (cap - p->cap) * sizeof(*p->count));
        p->cap = cap;
    }
    tally_add(&p->count[id], before);
}

/* --- shapes that are alike --- */

struct shape {
    struct slice text; /* of a dictionary */
    struct slice *word;
    unsigned n;
    struct tally count;
};

/* Words and the breaks between them, each a word here. */
static void cut_words(struct shape *s)
{
    size_t cap = 0, i = 0;

    while (i < s->text.len) {
        size_t from = i++;

        if (!is_break(s->text.ptr[from]) || s->text.ptr[from] < MARK_END)
            while (i < s->text.len && !is_break(s->text.ptr[i]))
                i++;
        GROW(s->word, cap, s->n + 1);
        s->word[s->n++] = slice_of(s->text.ptr + from, i - from);
    }
}

static int by_count(const void *a, const void *b)
{
    const struct shape *x = a, *y = b;
    uint64_t n = x->count.now + x->count.before, m = y->count.now + y->count.before;

    if (n != m)
        return n > m ? -1 : 1;
    return slice_cmp(x->text, y->text);
}

static bool counts(struct slice word)
{
    return !(word.len == 1 && is_break(word.ptr[0]) && word.ptr[0] >= MARK_END);
}

static bool alike(const struct shape *a, const struct shape *b)
{
    unsigned same = 0, words = 0;

    for (unsigned i = 0; i < a->n; i++) {
        bool equal = slice_eq(a->word[i], b->word[i]);

        if (!counts(a->word[i]) || !counts(b->word[i])) {
            if (!equal)
                return false;
            continue;
        }
        words++;
        same += equal;
    }
    return words > 3 && same >= ALIKE * words;
}

static void join(struct shape *to, const struct shape *from)
{
    static const char token[] = {MARK_TOKEN};

    for (unsigned i = 0; i < to->n; i++)
        if (!slice_eq(to->word[i], from->word[i]))
            to->word[i] = slice_of(token, 1);
    to->count.now += from->count.now;
    to->count.before += from->count.before;
}

static uint64_t start_of(const struct shape *s)
{
    return dict_hash(s->word[0]) * 31 + s->n;
}

/* Joins what is alike; shapes come most frequent first. Returns how many are left. */
static size_t join_shapes(struct shape *shape, size_t n)
{
    struct bucket {
        uint64_t start;
        size_t *member, cap;
        unsigned n;
    } * bucket;
    size_t slots = 16, kept = 0;

    while (slots < 2 * n)
        slots *= 2;
    bucket = xcalloc(slots, sizeof(*bucket));
    for (size_t i = 0; i < n; i++) {
        uint64_t start = start_of(&shape[i]);
        size_t at = start & (slots - 1);
        bool joined = false;

        while (bucket[at].n && bucket[at].start != start)
            at = (at + 1) & (slots - 1);
        bucket[at].start = start;
        for (unsigned k = 0; k < bucket[at].n && !joined; k++) {
            struct shape *other = &shape[bucket[at].member[k]];

            joined = other->n == shape[i].n && alike(other, &shape[i]);
            if (joined)
                join(other, &shape[i]);
        }
        if (joined) {
            free(shape[i].word);
            continue;
        }
        shape[kept] = shape[i];
        if (bucket[at].n < SAME_START) {
            GROW(bucket[at].member, bucket[at].cap, (size_t)bucket[at].n + 1);
            bucket[at].member[bucket[at].n++] = kept;
        }
        kept++;
    }
    for (size_t i = 0; i < slots; i++)
        free(bucket[i].member);
    free(bucket);
    return kept;
}

static bool says(struct slice s, const char *const *word, unsigned n)
{
    for (size_t i = 0; i < s.len; i++)
        for (unsigned k = 0; k < n; k++) {
            size_t len = strlen(word[k]);

            if (s.len - i >= len && slice_eq_nocase(slice_of(s.ptr + i, len), slice_str(word[k])))
                return true;
        }
    return false;
}

static const char *severity_of(struct slice s)
{
    static const char *const bad[] = {"error", "fail", "fatal", "exception", "critical", "denied"};
    static const char *const warn[] = {"warn"};
    static const char *const debug[] = {"debug", "trace"};

    if (says(s, bad, ARRAY_LEN(bad)))
        return "Error";
    if (says(s, warn, ARRAY_LEN(warn)))
        return "Warning";
    return says(s, debug, ARRAY_LEN(debug)) ? "Debug" : "Info";
}

/* Marks with their names and numbers. */
static void print_shape(const struct shape *s, struct strbuf *out)
{
    unsigned number[MARK_END] = {0};

    for (unsigned w = 0; w < s->n; w++)
        for (size_t i = 0; i < s->word[w].len; i++) {
            unsigned char c = (unsigned char)s->word[w].ptr[i];

            if (c > 0 && c < MARK_END)
                strbuf_addf(out, "<%s-%u>", mark_name[c], ++number[c]);
            else
                strbuf_addc(out, (char)c);
        }
}

static struct pattern pattern_of(const struct patterns *p, char *text, struct tally count,
                                 const char *severity)
{
    double share = p->total.now ? (double)count.now / (double)p->total.now : 0;

    return (struct pattern){text, count.now, count.before, round(100 * share) / 100, severity};
}

struct pattern *patterns_list(struct patterns *p, size_t *n)
{
    size_t shapes = dict_count(p->shapes);
    struct shape *shape = xcalloc(MAX(shapes, (size_t)1), sizeof(*shape));
    struct pattern *list;

    for (size_t i = 0; i < shapes; i++) {
        shape[i].text = dict_text(p->shapes, (uint32_t)i);
        shape[i].count = p->count[i];
        if (!shape[i].text.len)
            shape[i].text = SL(" ");
        cut_words(&shape[i]);
    }
    qsort(shape, shapes, sizeof(*shape), by_count);
    shapes = join_shapes(shape, shapes);
    qsort(shape, shapes, sizeof(*shape), by_count);
    list = xcalloc(shapes + 1, sizeof(*list));
    for (size_t i = 0; i < shapes; i++) {
        struct strbuf text = STRBUF_INIT;

        print_shape(&shape[i], &text);
        list[i] = pattern_of(p, xstrdup(text.buf ? text.buf : ""), shape[i].count,
                             severity_of(shape[i].text));
        strbuf_release(&text);
        free(shape[i].word);
    }
    if (p->left.now + p->left.before)
        list[shapes++] = pattern_of(p, xstrdup("(more patterns than are kept)"), p->left, "Info");
    free(shape);
    *n = shapes;
    return list;
}
