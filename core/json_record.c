/* json_record.c - the members of a JSON record to the fields of its type; which type it is. */
#include "json_scan.h"
#include "json_tree.h"

#define MAX_INDEXED 64 /* elements that may have a path of their own */

struct walk {
    struct logtype *lt;
    struct json_tree *tree;
    struct record *rec;
    const char *end;
    unsigned limit; /* fields from here on are not wanted */
    bool cut;       /* the record ends before its object does */
};

/* NULL, for the end of the record was met; what is broken in another way is only NULL. */
static const char *met_end(struct walk *w)
{
    w->cut = true;
    return NULL;
}

static void store(struct walk *w, int field, struct slice s)
{
    struct record *rec = w->rec;

    for (; (unsigned)field >= rec->n_val; rec->n_val++)
        rec->val[rec->n_val] = (struct slice){NULL, 0};
    rec->val[field] = s;
}

static inline bool wanted(const struct walk *w, int field)
{
    return field >= 0 && (unsigned)field < w->limit;
}

static inline int field_of(const struct walk *w, unsigned k)
{
    return k ? atomic_load_explicit(&w->tree->node[k].field, memory_order_relaxed) : FIELD_NEVER;
}

static const char *walk_object(struct walk *w, const char *p, unsigned k, unsigned depth);
static const char *walk_array(struct walk *w, const char *p, unsigned k, unsigned depth);

static const char *walk_scalar(struct walk *w, const char *p, int field)
{
    const char *stop;
    bool escaped = false;

    if (*p == '"') {
        stop = string_end(p + 1, w->end, &escaped);
        if (stop && wanted(w, field))
            store(w, field,
                  json_string_text(slice_of(p + 1, (size_t)(stop - p - 1)), escaped, &w->rec->mem));
        return stop ? stop + 1 : met_end(w);
    }
    stop = scalar_end(p, w->end);
    if (stop == w->end) /* a number may have gone on */
        return met_end(w);
    if (wanted(w, field) && !(stop - p == 4 && memcmp(p, "null", 4) == 0))
        store(w, field, slice_of(p, (size_t)(stop - p)));
    return stop == p ? NULL : stop;
}

/* An object or array: what is in it, and itself if a field wants it. */
static const char *walk_nested(struct walk *w, const char *p, unsigned k, unsigned depth)
{
    bool enter =
        k && depth < JSON_DEPTH &&
        (*p == '{' || atomic_load_explicit(&w->tree->node[k].elements, memory_order_relaxed));
    const char *stop = !enter      ? json_bracket_end(p, w->end)
                       : *p == '{' ? walk_object(w, p + 1, k, depth + 1)
                                   : walk_array(w, p, k, depth + 1);
    int field = field_of(w, k);

    if (!stop && !enter)
        return met_end(w);
    if (stop && wanted(w, field))
        store(w, field, slice_of(p, (size_t)(stop - p)));
    return stop;
}

static const char *walk_value(struct walk *w, const char *p, unsigned k, unsigned depth)
{
    if (*p == '{' || *p == '[')
        return walk_nested(w, p, k, depth);
    return walk_scalar(w, p, field_of(w, k));
}

static const char *walk_array(struct walk *w, const char *p, unsigned k, unsigned depth)
{
    const char *stop = json_bracket_end(p, w->end);
    struct slice rest, value;
    char index[16];

    if (!stop)
        return met_end(w);
    rest = slice_of(p, (size_t)(stop - p));
    for (unsigned i = 0; i < MAX_INDEXED && json_next_element(&rest, &value); i++) {
        unsigned any = i == 0 ? json_find_node(w->tree, k, SL("[]")) : 0, own;
        int n = 0;

        for (unsigned x = i; n == 0 || x; x /= 10)
            index[15 - n++] = (char)('0' + x % 10);
        own = json_find_node(w->tree, k, slice_of(index + 16 - n, (size_t)n));
        if (any)
            walk_value(w, value.ptr, any, depth);
        if (own)
            walk_value(w, value.ptr, own, depth);
    }
    return stop;
}

/* The node of the member of k whose key starts at *p, behind which *p is then put; 0 if it has none
 * so far, and *key is filled. NULL in *p: the key does not end. */
static inline unsigned find_key(struct walk *w, const char **p, unsigned k, _Atomic uint16_t *guess,
                                struct slice *key)
{
    unsigned child = json_guess(w->tree, guess, *p, w->end);
    const char *stop;
    bool escaped;

    if (likely(child)) {
        *key = slice_of(*p, w->tree->node[child].key.len);
        *p += key->len + 1;
        return child;
    }
    stop = string_end(*p, w->end, &escaped);
    *key = slice_of(*p, stop ? (size_t)(stop - *p) : 0);
    *p = stop ? stop + 1 : NULL;
    child = stop ? json_find_node(w->tree, k, *key) : 0;
    if (child)
        json_note_guess(guess, child);
    return child;
}

/* p is behind the open brace. */
static const char *walk_object(struct walk *w, const char *p, unsigned k, unsigned depth)
{
    _Atomic uint16_t *guess = w->tree->node[k].inside;
    const char *end = w->end;

    for (;;) {
        struct slice key;
        unsigned child;

        p = skip_blanks(p, end);
        if (p < end && *p == ',') {
            p++;
            continue;
        }
        if (p == end)
            return met_end(w);
        if (*p != '"')
            return *p == '}' ? p + 1 : NULL;
        p++;
        child = find_key(w, &p, k, guess, &key);
        p = p ? skip_blanks(p, end) : end;
        if (p == end)
            return met_end(w);
        if (*p != ':')
            return NULL;
        p = skip_blanks(p + 1, end);
        if (p == end)
            return met_end(w);
        if (unlikely(!child || (*p != '{' && field_of(w, child) == FIELD_NONE)))
            child = json_learn(w->lt, w->tree, k, key, *p != '{');
        p = walk_value(w, p, child, depth);
        if (!p)
            return NULL;
        if (child)
            guess = w->tree->node[child].behind;
    }
}

enum parse_result json_record(struct logtype *lt, struct slice line, struct record *rec)
{
    struct walk w = {.lt = lt, .tree = json_tree_of(lt), .rec = rec, .end = line.ptr + line.len};
    const char *p;

    record_begin(rec, lt);
    w.limit = rec->static_only ? lt->n_static : MAX_FIELDS;
    p = skip_blanks(line.ptr, w.end);
    if (p == w.end || *p != '{')
        return record_bad(rec, REASON_JSON);
    if (!walk_object(&w, p + 1, 0, 0)) {
        if (!w.cut)
            return record_bad(rec, REASON_JSON);
        rec->reason = REASON_CUT;
    }
    return PARSE_OK;
}

/* --- detection --- */

static bool has_group(struct slice line, struct slice group)
{
    while (group.ptr)
        if (json_get(line, slice_cut(&group, '|')).ptr)
            return true;
    return false;
}

static bool has_groups(struct slice line, const char *groups)
{
    struct slice rest = slice_str(groups);

    while (rest.ptr)
        if (!has_group(line, slice_cut(&rest, ' ')))
            return false;
    return true;
}

int probe_json(const struct probe *p, const char *groups, bool named)
{
    struct slice head = p->head, line;
    unsigned fit = 0, seen = 0, objects = 0;

    if (!p->objects || score_lines(PROBE_LINES, PROBE_LINES, named) <= p->beat)
        return 0;
    while (seen < PROBE_LINES && probe_line(&head, &line)) {
        line = slice_trim(line);
        seen++;
        if (!is_json_object(line))
            continue;
        objects++;
        fit += has_groups(line, groups);
    }
    return objects ? score_lines(fit, seen, named) : 0;
}
