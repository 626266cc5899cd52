/* complete.c - completion of fields, values and the words of the query language. */
#include "app.h"

#define COMPLETE_MAX 200

static bool name_byte(char c)
{
    return is_letter(c) || is_digit(c) || strchr("_@.-:()", c);
}

static bool starts_nocase(struct slice s, struct slice prefix)
{
    return s.len >= prefix.len && slice_eq_nocase(slice_of(s.ptr, prefix.len), prefix);
}

static void offer(struct completions *c, struct slice name, struct slice word, const char *note)
{
    if (!starts_nocase(name, word) || c->n >= COMPLETE_MAX)
        return;
    for (size_t i = 0; i < c->n; i++)
        if (slice_is(name, c->item[i].text))
            return;
    completions_add(c, name, slice_str(note));
}

static void complete_names(struct app *a, struct slice word, struct completions *c)
{
    static const char *const pseudo[] = {"@timestamp", "@message", "@logtype", "@file",
                                         "@line",      "@source",  "@unparsed"};

    for (unsigned r = FR_NONE + 1; r < FR_COUNT; r++)
        offer(c, slice_str(field_role_name(r)), word, "in every log type that has it");
    for (unsigned t = 0; t < logtype_count() && t < MAX_TYPES; t++) {
        struct logtype *lt = logtype_get(t);
        unsigned n = atomic_load(&lt->n_fields);

        if (a->types && !(a->types >> t & 1))
            continue;
        for (unsigned f = 0; f < n; f++)
            offer(c, slice_str(lt->field[f]->name), word,
                  lt->field[f]->meaning ? lt->field[f]->meaning : "");
    }
    for (unsigned i = 0; i < ARRAY_LEN(pseudo); i++)
        offer(c, slice_str(pseudo[i]), word, "");
}

static void offer_value(struct completions *c, struct slice value, struct slice word,
                        const char *note)
{
    struct strbuf q = STRBUF_INIT;

    if (!value.ptr || !starts_nocase(value, word) || c->n >= COMPLETE_MAX)
        return;
    filter_quote(&q, value);
    completions_add(c, strbuf_slice(&q), slice_str(note));
    strbuf_release(&q);
}

static void complete_from_dicts(const struct field_ref *ref, uint64_t types, struct slice word,
                                struct completions *c)
{
    for (unsigned t = 0; t < logtype_count() && t < MAX_TYPES; t++) {
        struct logtype *lt = logtype_get(t);
        int f = ref->per_type[t];

        if (f < 0 || !(types >> t & 1) || (unsigned)f >= lt->n_static)
            continue;
        struct dict *d = field_dict(lt, (unsigned)f);
        uint32_t n = MIN(dict_count(d), 5000u);
        for (uint32_t i = 0; i < n; i++)
            offer_value(c, dict_text(d, i), word, "");
    }
}

/* Whether the facet counts the field, maybe by its common name and with those of other types. */
static bool counts_field(const struct facet *f, const struct field_ref *ref)
{
    struct field_ref of;
    char hint[128];

    if (!f || !field_resolve(slice_str(f->name), &of, hint, sizeof(hint)) ||
        of.pseudo != ref->pseudo)
        return false;
    if (of.pseudo != PF_NONE)
        return true;
    for (unsigned t = 0; t < MAX_TYPES; t++)
        if (ref->per_type[t] >= 0 && of.per_type[t] == ref->per_type[t])
            return true;
    return false;
}

static void complete_values(struct app *a, struct slice name, struct slice word,
                            struct completions *c)
{
    struct field_ref ref;
    char hint[128], note[FMT_LEN];

    if (!field_resolve(name, &ref, hint, sizeof(hint)))
        return;
    for (unsigned i = 0; a->told && i < a->told->n_facet; i++) {
        const struct facet *f = a->told->facet[i];

        if (!counts_field(f, &ref))
            continue;
        for (unsigned v = 0; v < f->n; v++)
            offer_value(c, f->value[v].text, word, fmt_count(note, f->value[v].count));
        if (c->n > 0)
            return;
    }
    if (ref.pseudo == PF_NONE)
        complete_from_dicts(&ref, a->types, word, c);
}

static void offer_words(struct completions *c, const char *(*nth)(unsigned), struct slice word,
                        const char *end, const char *note)
{
    struct strbuf text = STRBUF_INIT;
    const char *name;

    for (unsigned i = 0; (name = nth(i)); i++) {
        strbuf_reset(&text);
        strbuf_addf(&text, "%s%s", name, end);
        offer(c, strbuf_slice(&text), word, note);
    }
    strbuf_release(&text);
}

void complete_filter(void *ctx, struct slice text, size_t cursor, struct completions *c)
{
    struct app *a = ctx;
    size_t start = cursor, op, name;

    while (start > 0 && !strchr(" =<>!\"[,(", text.ptr[start - 1]))
        start--;
    struct slice word = slice_of(text.ptr + start, cursor - start);
    op = start;
    if (op > 0 && text.ptr[op - 1] == '"')
        op--;
    c->start = op;
    while (op > 0 && text.ptr[op - 1] == ' ')
        op--;
    name = op;
    while (name > 0 && strchr("=!", text.ptr[name - 1]))
        name--;
    if (name < op) {
        size_t end = name;

        while (end > 0 && text.ptr[end - 1] == ' ')
            end--;
        for (name = end; name > 0 && name_byte(text.ptr[name - 1]);)
            name--;
        complete_values(a, slice_of(text.ptr + name, end - name), word, c);
        return;
    }
    c->start = start;
    complete_names(a, word, c);
    if (word.len > 0)
        offer_words(c, query_function_word, word, "(", "function");
}

static const struct {
    const char *name, *note;
} colon_commands[] = {
    {"write", "FILE: the records of this view (.json: one object a line)"},
    {"goto", "TIME: go to a moment"},
    {"tz", "utc or local"},
    {"theme", "FILE: read a theme"},
    {"view", "records, errors, edges, invocations, sources, result"},
    {"follow", "follow new records"},
    {"clear", "take all filter steps away"},
    {"help", "keys and words"},
    {"q", "quit"},
};

/* The small words within commands. */
static const char *query_small_word(unsigned i)
{
    static const char *const words[] = {"by", "as",  "asc",  "desc", "and",
                                        "or", "not", "like", "in"};

    return i < ARRAY_LEN(words) ? words[i] : NULL;
}

/* Where the command of the query that the cursor is in begins: behind the last | outside quotes. */
static size_t command_start(struct slice text, size_t cursor)
{
    size_t start = 0;
    char quote = '\0';

    for (size_t i = 0; i < cursor; i++) {
        char c = text.ptr[i];

        if (quote)
            quote = c == quote ? '\0' : quote;
        else if (c == '"' || c == '\'' || c == '`')
            quote = c;
        else if (c == '|')
            start = i + 1;
    }
    while (start < cursor && text.ptr[start] == ' ')
        start++;
    return start;
}

/* They stand behind a whole operand, and go before the many names of fields. */
static void complete_small_words(struct slice text, size_t cursor, struct completions *c)
{
    size_t start = cursor, before, first = command_start(text, cursor);

    while (start > 0 && is_letter(text.ptr[start - 1]))
        start--;
    before = start;
    while (before > 0 && text.ptr[before - 1] == ' ')
        before--;
    while (first < cursor && is_letter(text.ptr[first])) /* the word of the command */
        first++;
    if (start < cursor && before < start && before > first &&
        !strchr("=!<>,([|", text.ptr[before - 1]))
        offer_words(c, query_small_word, slice_of(text.ptr + start, cursor - start), "", "");
}

void complete_line(void *ctx, struct slice text, size_t cursor, struct completions *c)
{
    size_t start = command_start(text, cursor);

    if (!memchr(text.ptr + start, ' ', cursor - start)) {
        struct slice word = slice_of(text.ptr + start, cursor - start);

        c->start = start;
        offer_words(c, query_command_word, word, "", "of a query");
        if (c->n > 0 && start > 0)
            return;
        for (unsigned i = 0; start == 0 && i < ARRAY_LEN(colon_commands); i++)
            offer(c, slice_str(colon_commands[i].name), word, colon_commands[i].note);
        if (c->n > 0)
            return;
    }
    complete_small_words(text, cursor, c);
    complete_filter(ctx, text, cursor, c);
}

bool colon_command(struct slice text)
{
    struct slice rest = slice_trim(text), word = slice_cut(&rest, ' ');

    for (unsigned i = 0; i < ARRAY_LEN(colon_commands); i++)
        if (slice_is(word, colon_commands[i].name))
            return true;
    return word.len == 0 || slice_is(word, "w") || slice_is(word, "quit");
}
