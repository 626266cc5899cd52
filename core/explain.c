/* explain.c - finds the meaning of a value in the tables, and the cause of a failed request.
 *
 * A value is looked up set by set (explain_tables.c); comma lists are explained by their last
 * part, which is the action that decided. */
#include "explain.h"

#include <stdio.h>

#include "edge.h"
#include "explain_tables.h"
#include "value.h"

/* --- values --- */
/* `word` is lower case letters and digits; in `name` case and everything else do not count. */
static bool same_name(struct slice name, struct slice word)
{
    size_t k = 0;

    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];

        if (!is_letter(c) && !is_digit(c))
            continue;
        if (c >= 'A' && c <= 'Z')
            c = (char)(c + 32);
        if (k == word.len || word.ptr[k++] != c)
            return false;
    }
    return k == word.len;
}

static bool in_list(const char *list, struct slice name)
{
    struct slice rest = slice_str(list);

    if (strcmp(list, "*") == 0)
        return true;
    while (rest.ptr)
        if (same_name(name, slice_cut(&rest, ' ')))
            return true;
    return false;
}

static bool type_in(const char *list, struct slice type)
{
    struct slice rest = slice_str(list);

    if (strcmp(list, "*") == 0)
        return true;
    while (rest.ptr)
        if (slice_eq(slice_cut(&rest, ' '), type))
            return true;
    return false;
}

/* One `*` matches any bytes; an entry has at most two. */
static bool glob(const char *pat, struct slice v)
{
    size_t i = 0;

    for (; *pat && *pat != '*'; pat++, i++)
        if (i == v.len || !slice_eq_nocase(slice_of(pat, 1), slice_of(v.ptr + i, 1)))
            return false;
    if (!*pat)
        return i == v.len;
    if (!pat[1])
        return true;
    for (; i <= v.len; i++)
        if (glob(pat + 1, slice_of(v.ptr + i, v.len - i)))
            return true;
    return false;
}

static const struct explanation *find_in(const struct explain_set *sets, unsigned n,
                                         struct slice type, struct slice field, struct slice value,
                                         const char **next)
{
    for (unsigned s = 0; s < n; s++) {
        const struct explain_set *set = &sets[s];

        if (!type_in(set->types, type) || !in_list(set->fields, field))
            continue;
        for (unsigned i = 0; i < set->n; i++)
            if (glob(set->entry[i].value, value)) {
                *next = set->next;
                return &set->entry[i].what;
            }
    }
    return NULL;
}

/* *next: where to look if the entry does not say. */
static const struct explanation *find_value(struct slice type, struct slice field,
                                            struct slice value, const char **next)
{
    const struct explanation *x =
        find_in(explain_service_sets, explain_n_service_sets, type, field, value, next);

    return x ? x : find_in(explain_sets, explain_n_sets, type, field, value, next);
}

static const struct explanation *find_cause(const char *type, const char *field, struct slice value)
{
    const char *next;

    if (value_missing(value))
        return NULL;
    return find_value(slice_str(type), slice_str(field), value, &next);
}

/* The bits of tcp-flags by name, and what the common sums say. */
static bool explain_flags(struct slice value, struct explanation *out)
{
    static const char *const names[] = {"FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"};
    static _Thread_local char text[128];
    int64_t v;
    size_t n = 0;

    if (!parse_fixed(value, 0, &v) || v < 0 || v > 255)
        return false;
    *out = (struct explanation){text, NULL, NULL};
    if (v == 0) {
        out->meaning = "no flag that is recorded (plain ACKs are not)";
        return true;
    }
    for (unsigned i = 0; i < ARRAY_LEN(names); i++)
        if (v >> i & 1) {
            if (n)
                text[n++] = '+';
            memcpy(text + n, names[i], 3);
            n += 3;
        }
    text[n] = '\0';
    if (v == 2) {
        strcpy(text + n, ": the start of a connection, no answer in this window");
        out->next = "many ports of one source with this value: a scan";
    } else if (v == 18) {
        strcpy(text + n, ": the answering side, connection accepted");
    } else if (v == 3 || v == 19 || v == 7) {
        strcpy(text + n, ": a short connection, begun and ended in this window");
    } else if (v & 4) {
        strcpy(text + n, ": reset");
    }
    return true;
}

/* "LHR50-P2": the place of an edge location. */
static bool explain_edge(struct slice value, struct explanation *out)
{
    static _Thread_local char text[96];
    struct edge_place place;
    bool near;

    if (!edge_lookup(value, &place, &near))
        return false;
    snprintf(text, sizeof(text), "%s%s, %s", near ? "near " : "", place.city, place.country);
    *out = (struct explanation){text, NULL, NULL};
    return true;
}

bool explain_value(struct slice type, struct slice field, struct slice value,
                   struct explanation *out)
{
    const struct explanation *x;
    const char *next, *comma;

    if (!value.ptr)
        return false;
    if (same_name(field, SL("tcpflags")) && !value_missing(value))
        return explain_flags(value, out);
    if (in_list("xedgelocation edgelocation globalacceleratorregion agaregion", field) &&
        explain_edge(value, out))
        return true;
    x = find_value(type, field, value.len ? value : SL("-"), &next);
    comma = !x && value.len ? memrchr(value.ptr, ',', value.len) : NULL;
    if (comma) {
        size_t at = (size_t)(comma + 1 - value.ptr);

        x = find_value(type, field, slice_trim(slice_of(value.ptr + at, value.len - at)), &next);
    }
    if (!x)
        return false;
    *out = *x;
    if (out->side && !out->next)
        out->next = next;
    return true;
}

/* --- causes --- */
static struct cause cause_of_entry(const struct explanation *x)
{
    return (struct cause){x->meaning, x->side ? x->side : "app"};
}

static struct cause cause_504(double elapsed_s)
{
    if (elapsed_s >= CONNECT_LOW && elapsed_s <= CONNECT_HIGH)
        return (struct cause){"could not connect to the target", "set-up"};
    if (elapsed_s > CONNECT_HIGH)
        return (struct cause){"slow target, idle timeout reached", "target"};
    return (struct cause){"no answer of the target in time", "target"};
}

static struct cause cause_502(double target_time)
{
    if (target_time >= 0)
        return (struct cause){"target closed the connection", "target"};
    if (target_time < 0)
        return (struct cause){"target refused the connection", "target"};
    return (struct cause){"no valid answer of the target", "target"};
}

struct cause cause_alb(struct slice elb, struct slice target_status, struct slice error_reason,
                       double elapsed_s, double target_time)
{
    const struct explanation *x = find_cause("alb", "error_reason", error_reason);

    if (x)
        return cause_of_entry(x);
    if (!value_missing(target_status) && slice_eq(elb, target_status))
        return elb.ptr[0] == '5' ? (struct cause){"application error", "app"}
                                 : (struct cause){"refused by the application", "client"};
    if (!value_missing(target_status) && slice_is(elb, "502"))
        return (struct cause){"answer of the target cannot be used", "target"};
    if (slice_is(elb, "502"))
        return cause_502(target_time);
    if (slice_is(elb, "503"))
        return (struct cause){"no healthy target", "set-up"};
    if (slice_is(elb, "504"))
        return cause_504(elapsed_s);
    if (slice_is(elb, "500"))
        return (struct cause){"load balancer failed (rule, WAF or log-in)", "load balancer"};
    if (slice_is(elb, "460"))
        return (struct cause){"client left before the answer", "client"};
    x = find_cause("alb", "elb_status_code", elb);
    return x ? cause_of_entry(x) : (struct cause){"no cause known", NULL};
}

struct cause cause_cloudfront(struct slice status, struct slice detailed)
{
    const struct explanation *x;

    if (!value_missing(detailed) && !slice_is(detailed, "Error")) {
        if (slice_starts(detailed, "Miss") || slice_ends(detailed, "Hit"))
            return (struct cause){"the origin's own answer", "origin"};
        x = find_cause("cloudfront", "x-edge-detailed-result-type", detailed);
        if (x)
            return (struct cause){x->meaning, x->side ? x->side : "origin"};
    }
    if (slice_is(status, "000") || slice_is(status, "0"))
        return (struct cause){"viewer left before the answer", "client"};
    x = find_cause("cloudfront", "sc-status", status);
    return x ? (struct cause){x->meaning, x->side ? x->side : "origin"}
             : (struct cause){"no cause known", NULL};
}

struct cause cause_s3(struct slice status, struct slice error_code)
{
    const struct explanation *x = find_cause("s3access", "error_code", error_code);

    if (!x)
        x = find_cause("s3access", "http_status", status);
    return x ? (struct cause){x->meaning, x->side ? x->side : "client"}
             : (struct cause){"no cause known", NULL};
}
