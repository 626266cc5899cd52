/* required.c - sets of texts, put together as the pattern is.
 *
 * Of each part of a pattern one of two things is known: the few texts that are all its matches
 * (exact), or some of which every match contains one. In a sequence exact parts are multiplied as
 * long as few come out; of the products and of the sets on the way the one counts whose texts are
 * the least likely in a log. In a choice the sets are united. Where a set grows too large, or a
 * text too long, less is known, never more. */
#include "required.h"

#define MAX_TEXT 24  /* bytes; a longer run makes several */
#define MAX_CLASS 16 /* members, each a text */
#define MAX_DEPTH 50
#define MAX_REPEAT 100 /* of what is `regular`: automata grow with it */

struct piece {
    bool exact; /* the texts are all matches; else every match contains one of them, if n > 0 */
    unsigned n;
    struct slice text[LITERALS_MAX];
};

struct reader {
    struct slice p;
    size_t at;
    struct arena *mem;
    bool utf, icase, dotall;      /* as they are here */
    bool with_case, without_case; /* letters were read */
    bool failed;                  /* something unknown: nothing is known of the pattern */
    bool assertions;              /* there is more to it than texts */
    bool regular, one_line;
    unsigned depth;
};

static struct piece nothing(void)
{
    return (struct piece){.exact = false};
}

static struct piece fail(struct reader *r)
{
    r->failed = true;
    return nothing();
}

static struct piece empty_text(void)
{
    return (struct piece){.exact = true, .n = 1, .text = {SL("")}};
}

/* --- sets --- */

static void add_text(struct piece *x, struct slice s)
{
    for (unsigned i = 0; i < x->n; i++)
        if (slice_eq(x->text[i], s))
            return;
    x->text[x->n++] = s;
}

/* All of x before all of y; false, and *x as it was, if that is too much. */
static bool multiply(struct reader *r, struct piece *x, const struct piece *y)
{
    struct piece out = {.exact = true};

    if (!x->exact || !y->exact || x->n * y->n > LITERALS_MAX)
        return false;
    for (unsigned i = 0; i < x->n; i++)
        for (unsigned k = 0; k < y->n; k++) {
            size_t len = x->text[i].len + y->text[k].len;
            char *p;

            if (len > MAX_TEXT)
                return false;
            p = arena_alloc(r->mem, len + 1);
            memcpy(p, x->text[i].ptr, x->text[i].len);
            memcpy(p + x->text[i].len, y->text[k].ptr, y->text[k].len);
            add_text(&out, slice_of(p, len));
        }
    *x = out;
    return true;
}

static bool usable(const struct piece *x)
{
    for (unsigned i = 0; i < x->n; i++)
        if (x->text[i].len == 0)
            return false;
    return x->n > 0;
}

/* Of both sets every match contains a text: the rarer one it shall be. */
static void keep_rarer(const struct reader *r, struct piece *best, const struct piece *x)
{
    if (usable(x) && (best->n == 0 || literals_per_million(x->text, x->n, r->icase) <
                                          literals_per_million(best->text, best->n, r->icase))) {
        *best = *x;
        best->exact = false;
    }
}

static struct piece unite(const struct piece *x, const struct piece *y)
{
    struct piece out = *x;

    if (x->n + y->n > LITERALS_MAX || (!(x->exact && y->exact) && !(usable(x) && usable(y))))
        return nothing();
    out.exact = x->exact && y->exact;
    for (unsigned i = 0; i < y->n; i++)
        add_text(&out, y->text[i]);
    return out;
}

/* --- characters --- */

static char peek(const struct reader *r)
{
    return r->at < r->p.len ? r->p.ptr[r->at] : 0;
}

static bool take(struct reader *r, const char *s)
{
    if (!slice_starts(slice_of(r->p.ptr + r->at, r->p.len - r->at), s))
        return false;
    r->at += strlen(s);
    return true;
}

/* A byte as a text; nothing where PCRE2 knows other characters that differ from it in case alone
 * (the long s, the sign of kelvin), or what it is depends on the mode. */
static struct piece character(struct reader *r, unsigned char c)
{
    struct piece x = {.exact = true, .n = 1};
    char *p;

    if (c == '\n')
        r->one_line = false;
    if (c >= 0x80 || (r->icase && r->utf && (c == 'k' || c == 'K' || c == 's' || c == 'S')))
        return nothing();
    if (is_letter(c)) {
        *(r->icase ? &r->without_case : &r->with_case) = true;
        c |= r->icase ? 0x20 : 0;
    }
    p = arena_alloc(r->mem, 1);
    *p = (char)c;
    x.text[0] = slice_of(p, 1);
    return x;
}

/* A character of more than one byte: the bytes, for it stands for itself unless case folds. */
static struct piece wide_character(struct reader *r)
{
    size_t from = r->at++;
    struct piece x = {.exact = true, .n = 1};

    while (((unsigned char)peek(r) & 0xc0) == 0x80)
        r->at++;
    x.text[0] = slice_of(r->p.ptr + from, r->at - from);
    return r->icase ? nothing() : x;
}

static int hex(char c)
{
    return c >= '0' && c <= '9'                               ? c - '0'
           : is_letter((unsigned char)c) && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
                                                              : -1;
}

/* The byte that an escape stands for, behind the backslash; -1: it is a class, or unknown. */
static int escaped_byte(struct reader *r)
{
    static const char name[] = "aefnrt", value[] = "\a\x1b\f\n\r\t";
    char c = peek(r);
    const char *known;
    int v;

    if (c > 0 && !is_letter((char)c) && !is_digit((char)c)) {
        r->at++;
        return c;
    }
    known = c ? strchr(name, c) : NULL;
    if (known) {
        r->at++;
        return value[known - name];
    }
    if (c != 'x' || r->at + 2 >= r->p.len)
        return -1;
    v = hex(r->p.ptr[r->at + 1]) < 0 || hex(r->p.ptr[r->at + 2]) < 0
            ? -1
            : hex(r->p.ptr[r->at + 1]) << 4 | hex(r->p.ptr[r->at + 2]);
    r->at += v < 0 ? 0 : 3;
    return v;
}

/* Behind the backslash. */
static struct piece escape(struct reader *r)
{
    int byte = escaped_byte(r);
    char c = peek(r);

    if (byte >= 0)
        return character(r, (unsigned char)byte);
    if (!c || !strchr("dDhHNRsSvVwWbBAzZK", c))
        return fail(r);
    r->at++;
    if (strchr("AzZK", c))
        r->regular = false;
    if (strchr("bBAzZK", c)) {
        r->assertions = true;
        return empty_text();
    }
    if (strchr("DHRsvW", c))
        r->one_line = false;
    return nothing();
}

/* --- classes --- */

struct class
{
    bool yes[256];
    bool large; /* it has members that are not in `yes` */
    bool feed;  /* and a line feed may be one of them */
};

/* Behind the bracket of [:alpha:]. */
static void take_posix_class(struct reader *r)
{
    take(r, ":");
    take(r, "^");
    while (is_letter((unsigned char)peek(r)))
        r->at++;
    if (!take(r, ":]"))
        fail(r);
}

/* One end of a range, or a class within the class (-1). */
static int class_member(struct reader *r, struct class *c)
{
    char x = peek(r);
    int byte;

    r->at++;
    if (x == '[' && peek(r) && strchr(":.=", peek(r))) {
        take_posix_class(r);
        c->large = c->feed = true;
        return -1;
    }
    if (x != '\\')
        return (unsigned char)x;
    byte = escaped_byte(r);
    if (byte >= 0)
        return byte;
    x = peek(r);
    if (!x || !strchr("dDhHsSvVwW", x)) {
        fail(r);
        return -1;
    }
    r->at++;
    c->large = true;
    c->feed |= strchr("DHsvW", x) != NULL;
    return -1;
}

static void read_members(struct reader *r, struct class *c)
{
    bool first = true;

    while (!r->failed && r->at < r->p.len && (first || peek(r) != ']')) {
        int from = class_member(r, c), to = from;

        first = false;
        if (from >= 0 && peek(r) == '-' && r->at + 1 < r->p.len && r->p.ptr[r->at + 1] != ']') {
            r->at++;
            to = class_member(r, c);
        }
        if (from < 0)
            continue;
        if (to < 0) { /* a hyphen before a class */
            c->yes[from] = c->yes['-'] = true;
            continue;
        }
        for (int b = from; b <= to; b++)
            c->yes[b] = true;
    }
    if (!take(r, "]"))
        fail(r);
}

/* Behind the opening bracket. */
static struct piece class(struct reader *r)
{
    struct class c = {.large = false};
    struct piece out = {.exact = true};
    bool inverted = take(r, "^");

    read_members(r, &c);
    if (inverted ? !(c.yes['\n'] || c.feed) : c.yes['\n'] || c.feed)
        r->one_line = false;
    if (inverted && c.feed) /* [^\W]: whether it lacks the line feed is not looked into */
        r->one_line = false;
    if (inverted || c.large)
        return nothing();
    for (unsigned b = 0; b < 256; b++) {
        struct piece one;

        if (!c.yes[b])
            continue;
        one = character(r, (unsigned char)b);
        if (!one.exact || out.n == MAX_CLASS)
            return nothing();
        add_text(&out, one.text[0]);
    }
    return out;
}

/* --- groups and repetition --- */

static struct piece choice(struct reader *r);

/* Letters between "(?" and ")" or ":". */
static bool take_options(struct reader *r)
{
    bool on = true;

    for (; peek(r) && strchr("imsU-", peek(r)); r->at++) {
        switch (peek(r)) {
        case '-':
            on = false;
            break;
        case 'i':
            r->icase = on;
            break;
        case 's':
            r->dotall = on;
            break;
        }
    }
    return peek(r) == ')' || peek(r) == ':';
}

static bool take_name(struct reader *r)
{
    char close = take(r, "'") ? '\'' : take(r, "<") || take(r, "P<") ? '>' : 0;

    while (close && peek(r) && peek(r) != close)
        r->at++;
    return close && peek(r) == close && r->at++ < r->p.len;
}

/* Behind the opening parenthesis. */
static struct piece group(struct reader *r)
{
    bool icase = r->icase, dotall = r->dotall, assertion = false;
    struct piece x;

    if (peek(r) == '*')
        return fail(r);
    if (take(r, "?")) {
        assertion = take(r, "=") || take(r, "!") || take(r, "<=") || take(r, "<!");
        if (assertion || take(r, ">"))
            r->regular = false;
        else if (peek(r) && strchr("imsU-:", peek(r))) {
            if (!take_options(r))
                return fail(r);
            if (take(r, ")")) /* for the rest of the group around */
                return empty_text();
            r->at++;
        } else if (!take_name(r)) {
            return fail(r);
        }
    }
    if (++r->depth > MAX_DEPTH)
        return fail(r);
    x = choice(r);
    r->depth--;
    if (!take(r, ")"))
        return fail(r);
    r->icase = icase;
    r->dotall = dotall;
    r->assertions |= assertion;
    return assertion ? empty_text() : x;
}

static bool take_number(struct reader *r, unsigned *n)
{
    size_t from = r->at;

    for (*n = 0; peek(r) >= '0' && peek(r) <= '9' && *n < 100000; r->at++)
        *n = *n * 10 + (unsigned)(peek(r) - '0');
    return r->at > from;
}

/* {n}, {n,}, {n,m}. What else begins with a brace may stand for itself, or not, by version. */
static bool take_braces(struct reader *r, unsigned *least, unsigned *most)
{
    size_t from = r->at;

    if (!take(r, "{"))
        return false;
    if (!take_number(r, least)) {
        if (peek(r) == ',' || peek(r) == ' ' || peek(r) == '\t')
            fail(r);
        r->at = from;
        return false;
    }
    *most = *least;
    if (take(r, ",") && !take_number(r, most))
        *most = UINT_MAX;
    if (!take(r, "}"))
        fail(r);
    if (*least > MAX_REPEAT || (*most > MAX_REPEAT && *most != UINT_MAX))
        r->regular = false;
    return true;
}

static struct piece repeated(struct reader *r, const struct piece *x, unsigned least, unsigned most)
{
    struct piece out = empty_text();

    if (least == 0) {
        struct piece none = empty_text();

        return most == 1 && x->exact ? unite(x, &none) : nothing();
    }
    if (least == most && least <= MAX_TEXT) {
        unsigned i = 0;

        while (i < least && multiply(r, &out, x))
            i++;
        if (i == least)
            return out;
    }
    out = *x;
    out.exact = false;
    return out;
}

static struct piece quantified(struct reader *r, struct piece x)
{
    unsigned least, most;

    for (;;) {
        if (take(r, "*"))
            least = 0, most = UINT_MAX;
        else if (take(r, "+"))
            least = 1, most = UINT_MAX;
        else if (take(r, "?"))
            least = 0, most = 1;
        else if (!take_braces(r, &least, &most))
            return x;
        if (take(r, "+"))
            r->regular = false; /* possessive */
        else
            take(r, "?");
        x = repeated(r, &x, least, most);
    }
}

static struct piece atom(struct reader *r)
{
    unsigned char c = (unsigned char)peek(r);

    if (c >= 0x80 && r->utf)
        return wide_character(r);
    r->at++;
    switch (c) {
    case '\\':
        return escape(r);
    case '[':
        return class(r);
    case '(':
        return group(r);
    case '.':
        r->one_line &= !r->dotall;
        return nothing();
    case '^':
    case '$':
        r->regular = false;
        r->assertions = true;
        return empty_text();
    case '*':
    case '+':
    case '?':
        return fail(r);
    default:
        return character(r, c);
    }
}

static struct piece sequence(struct reader *r)
{
    struct piece run = empty_text(), best = nothing();
    bool all = true; /* `run` is all there is */

    while (!r->failed && r->at < r->p.len && peek(r) != '|' && peek(r) != ')') {
        struct piece x = quantified(r, atom(r));

        if (multiply(r, &run, &x))
            continue;
        all = false;
        keep_rarer(r, &best, &run);
        keep_rarer(r, &best, &x);
        run = x.exact ? x : empty_text();
    }
    if (all)
        return run;
    keep_rarer(r, &best, &run);
    return best;
}

static struct piece choice(struct reader *r)
{
    struct piece x = sequence(r);

    while (!r->failed && take(r, "|")) {
        struct piece y = sequence(r);

        x = unite(&x, &y);
    }
    return x;
}

static struct slice lower_copy(struct arena *mem, struct slice s)
{
    char *p = arena_alloc(mem, s.len);

    for (size_t i = 0; i < s.len; i++)
        p[i] = (char)(s.ptr[i] | (s.ptr[i] >= 'A' && s.ptr[i] <= 'Z' ? 0x20 : 0));
    return slice_of(p, s.len);
}

void required_of(struct slice pattern, bool utf, struct arena *mem, struct required *out)
{
    struct reader r = {.p = pattern, .mem = mem, .utf = utf, .regular = true, .one_line = true};
    struct piece x = choice(&r);

    *out = (struct required){.n = 0};
    if (r.failed || r.at < pattern.len)
        return;
    out->regular = r.regular && !utf;
    out->one_line = r.one_line;
    out->icase = r.without_case;
    if (!usable(&x))
        return;
    out->whole = x.exact && !r.assertions && out->regular && !(r.with_case && r.without_case);
    out->n = x.n;
    for (unsigned i = 0; i < x.n; i++)
        out->text[i] = r.without_case ? lower_copy(mem, x.text[i]) : x.text[i];
}
