#include "place.h"

#include <stdio.h>

#include "xalloc.h"

static void step_release(struct step *s)
{
    free(s->expr);
    free(s->label);
    memset(s, 0, sizeof(*s));
}

static void place_release(struct place *p)
{
    place_cut(p, 0);
    place_query(p, NULL);
}

static void place_copy(struct place *to, const struct place *from)
{
    *to = *from;
    to->query = from->query ? xstrdup(from->query) : NULL;
    for (unsigned i = 0; i < from->n; i++) {
        to->step[i].expr = xstrdup(from->step[i].expr);
        to->step[i].label = from->step[i].label ? xstrdup(from->step[i].label) : NULL;
    }
}

void history_init(struct history *h, unsigned view)
{
    h->place = xcalloc(HISTORY_MAX, sizeof(*h->place));
    h->n = 1;
    h->at = 0;
    h->place[0].view = view;
    h->place[0].cursor = ROWKEY_MIN;
}

void history_release(struct history *h)
{
    for (unsigned i = 0; i < h->n; i++)
        place_release(&h->place[i]);
    free(h->place);
    memset(h, 0, sizeof(*h));
}

struct place *history_push(struct history *h)
{
    for (unsigned i = h->at + 1; i < h->n; i++)
        place_release(&h->place[i]);
    h->n = h->at + 1;
    if (h->n == HISTORY_MAX) {
        place_release(&h->place[0]);
        memmove(&h->place[0], &h->place[1], (HISTORY_MAX - 1) * sizeof(*h->place));
        h->n--;
        h->at--;
    }
    place_copy(&h->place[h->n], &h->place[h->at]);
    h->at = h->n++;
    return history_here(h);
}

bool history_back(struct history *h)
{
    if (h->at == 0)
        return false;
    h->at--;
    return true;
}

bool history_forward(struct history *h)
{
    if (h->at + 1 >= h->n)
        return false;
    h->at++;
    return true;
}

bool history_undo(struct history *h)
{
    for (unsigned i = h->at; i-- > 0;) {
        if (!place_same_filter(&h->place[i], &h->place[h->at])) {
            h->at = i;
            return true;
        }
    }
    return false;
}

bool history_redo(struct history *h)
{
    for (unsigned i = h->at + 1; i < h->n; i++) {
        if (!place_same_filter(&h->place[i], &h->place[h->at])) {
            h->at = i;
            return true;
        }
    }
    return false;
}

bool place_add(struct place *p, const char *expr, const char *label)
{
    if (p->n == PLACE_STEPS)
        return false;
    p->step[p->n++] = (struct step){
        .expr = xstrdup(expr),
        .label = label ? xstrdup(label) : NULL,
    };
    return true;
}

bool place_add_zoom(struct place *p, int64_t from_us, int64_t to_us)
{
    char from[40], to[40], expr[128];

    format_iso8601(from_us, from);
    format_iso8601(to_us, to);
    int n = snprintf(expr, sizeof(expr), "@timestamp >= %s and @timestamp < %s", from, to);
    BUG_ON(n < 0 || (size_t)n >= sizeof(expr));
    if (!place_add(p, expr, NULL))
        return false;
    p->step[p->n - 1].zoom = true;
    p->step[p->n - 1].from_us = from_us;
    p->step[p->n - 1].to_us = to_us;
    return true;
}

void place_query(struct place *p, const char *query)
{
    free(p->query);
    p->query = query ? xstrdup(query) : NULL;
}

void place_cut(struct place *p, unsigned n)
{
    while (p->n > n)
        step_release(&p->step[--p->n]);
}

void place_remove(struct place *p, unsigned i)
{
    BUG_ON(i >= p->n);
    step_release(&p->step[i]);
    memmove(&p->step[i], &p->step[i + 1], (p->n - i - 1) * sizeof(p->step[0]));
    p->n--;
    memset(&p->step[p->n], 0, sizeof(p->step[0]));
}

/* Whether a step needs parentheses beside others. Over-careful on purpose: an "or" inside a quoted
 * text gets harmless ones. */
static bool has_or(const char *expr)
{
    for (const char *s = expr; *s; s++)
        if ((s == expr || s[-1] == ' ' || s[-1] == ')') && (s[0] | 32) == 'o' &&
            (s[1] | 32) == 'r' && (s[2] == ' ' || s[2] == '('))
            return true;
    return false;
}

void place_filter(const struct place *p, struct strbuf *out)
{
    strbuf_reset(out);
    for (unsigned i = 0; i < p->n; i++) {
        bool paren = p->n > 1 && has_or(p->step[i].expr);

        strbuf_adds(out, i ? " and " : "");
        strbuf_adds(out, paren ? "(" : "");
        strbuf_adds(out, p->step[i].expr);
        strbuf_adds(out, paren ? ")" : "");
    }
    strbuf_adds(out, "");
}

bool place_same_filter(const struct place *a, const struct place *b)
{
    if (a->n != b->n)
        return false;
    for (unsigned i = 0; i < a->n; i++)
        if (strcmp(a->step[i].expr, b->step[i].expr) != 0)
            return false;
    return true;
}

bool place_zoom(const struct place *p, int64_t *from_us, int64_t *to_us)
{
    for (unsigned i = p->n; i-- > 0;) {
        if (p->step[i].zoom) {
            *from_us = p->step[i].from_us;
            *to_us = p->step[i].to_us;
            return true;
        }
    }
    return false;
}

/* Names that the parser reads bare: the rest go in backticks. */
static bool plain_name(const char *s)
{
    if (strncmp(s, "cs(", 3) == 0)
        return true;
    for (; *s; s++)
        if (!((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') || (*s >= '0' && *s <= '9') ||
              strchr("_@.-:", *s)))
            return false;
    return true;
}

void filter_quote(struct strbuf *out, struct slice text)
{
    strbuf_addc(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '"' || text.ptr[i] == '\\')
            strbuf_addc(out, '\\');
        strbuf_addc(out, text.ptr[i]);
    }
    strbuf_addc(out, '"');
}

void filter_test(struct strbuf *out, const char *field, struct slice value, bool include)
{
    const char *tick = plain_name(field) ? "" : "`";

    if (value_missing(value)) {
        strbuf_addf(out, "%sispresent(%s%s%s)", include ? "not " : "", tick, field, tick);
        return;
    }
    strbuf_addf(out, "%s%s%s%s", tick, field, tick, include ? "=" : "!=");
    filter_quote(out, value);
}
