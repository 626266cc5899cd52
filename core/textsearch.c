#include "textsearch.h"

#include "automaton.h"
#include "required.h"
#include "xalloc.h"

#define HELPFUL 500 /* literals begin in a million bytes: no more, or most records have one */

struct textsearch {
    const struct regex *re;      /* NULL: the literal is all */
    struct literals *literals;   /* NULL: none that helps */
    struct automaton *automaton; /* NULL: not needed, or it cannot */
    bool whole;                  /* each literal is a match */
    bool pcre2;                  /* PCRE2 may be asked of many records at once */
};

struct textsearch *textsearch_text(struct slice text)
{
    struct textsearch *t = xcalloc(1, sizeof(*t));

    if (text.len) {
        t->literals = literals_new(&text, 1, false);
        t->whole = true;
    }
    return t;
}

struct textsearch *textsearch_regex(const struct regex *re, unsigned use)
{
    struct textsearch *t = xcalloc(1, sizeof(*t));
    struct arena mem = {0};
    struct required *need = xmalloc(sizeof(*need));

    t->re = re;
    required_of(regex_source(re), regex_utf(re), &mem, need);
    if ((use & TEXTSEARCH_LITERALS) && need->n &&
        literals_per_million(need->text, need->n, need->icase) <= HELPFUL) {
        t->literals = literals_new(need->text, need->n, need->icase);
        t->whole = need->whole;
    }
    if (!t->literals && need->regular) {
        if (use & TEXTSEARCH_VECTORSCAN)
            t->automaton = automaton_new(regex_source(re));
        t->pcre2 = !t->automaton && need->one_line && (use & TEXTSEARCH_PCRE2);
    }
    free(need);
    arena_release(&mem);
    return t;
}

void textsearch_free(struct textsearch *t)
{
    if (!t)
        return;
    literals_free(t->literals);
    automaton_free(t->automaton);
    free(t);
}

unsigned textsearch_uses(const struct textsearch *t)
{
    return t->literals    ? TEXTSEARCH_LITERALS
           : t->automaton ? TEXTSEARCH_VECTORSCAN
           : t->pcre2     ? TEXTSEARCH_PCRE2
                          : 0;
}

bool textsearch_match(const struct textsearch *t, struct slice record)
{
    size_t len;

    if (t->literals && literals_find(t->literals, record, 0, &len) == SIZE_MAX)
        return false;
    return !t->re || t->whole || regex_match(t->re, record, NULL, NULL);
}

void text_scan_begin(struct text_scan *scan, const struct textsearch *t)
{
    *scan = (struct text_scan){.t = t, .by_record = textsearch_uses(t) == 0};
    if (t->automaton)
        scan->scratch = automaton_enter(t->automaton);
}

void text_scan_end(struct text_scan *scan)
{
    if (scan->t->automaton)
        automaton_leave(scan->t->automaton, scan->scratch);
}

/* The record in which the first match ends. */
static size_t automaton_next(struct text_scan *scan, struct slice s, size_t at)
{
    size_t end;

    switch (automaton_first(scan->t->automaton, scan->scratch, slice_of(s.ptr + at, s.len - at),
                            &end)) {
    case 0:
        return SIZE_MAX;
    case 1:
        return at + end - 1;
    default:
        scan->by_record = true;
        return at;
    }
}

static size_t pcre2_next(struct text_scan *scan, struct slice s, size_t at)
{
    size_t from, to;

    switch (regex_search(scan->t->re, slice_of(s.ptr + at, s.len - at), &from, &to)) {
    case 0:
        return SIZE_MAX;
    case 1:
        return at + from;
    default: /* a limit was reached, which each record has for itself */
        scan->by_record = true;
        return at;
    }
}

size_t text_scan_next(struct text_scan *scan, struct slice s, size_t at, size_t *sure)
{
    const struct textsearch *t = scan->t;
    size_t found, len;

    *sure = 0;
    if (scan->by_record)
        return at;
    if (t->automaton)
        return automaton_next(scan, s, at);
    if (t->pcre2)
        return pcre2_next(scan, s, at);
    found = literals_find(t->literals, s, at, &len);
    if (t->whole && found != SIZE_MAX)
        *sure = found + len;
    return found;
}
