/* prompts.c - the filter, search, time and command prompts, their completion and validity. */
#include <stdio.h>

#include "app.h"

#define COMPLETE_MAX 200

/* --- completion of field names and values --- */

static bool name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           strchr("_@.-:()", c);
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

    for (unsigned r = ROLE_NONE + 1; r < FIELD_ROLE_COUNT; r++)
        offer(c, slice_str(field_role_name(r)), word, "in every log type that has it");
    for (unsigned t = 0; t < logtype_count() && t < MAX_LOGTYPES; t++) {
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
    strbuf_addc(&q, '"');
    for (size_t i = 0; i < value.len; i++) {
        if (value.ptr[i] == '"' || value.ptr[i] == '\\')
            strbuf_addc(&q, '\\');
        strbuf_addc(&q, value.ptr[i]);
    }
    strbuf_addc(&q, '"');
    completions_add(c, strbuf_slice(&q), slice_str(note));
    strbuf_release(&q);
}

static void complete_from_dicts(const struct field_ref *ref, uint64_t types, struct slice word,
                                struct completions *c)
{
    for (unsigned t = 0; t < logtype_count() && t < MAX_LOGTYPES; t++) {
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

static void complete_values(struct app *a, struct slice name, struct slice word,
                            struct completions *c)
{
    struct field_ref ref;
    char hint[128], note[FMT_LEN];

    if (!field_resolve(name, &ref, hint, sizeof(hint)))
        return;
    for (unsigned i = 0; a->told && i < a->told->n_facet; i++) {
        const struct facet *f = a->told->facet[i];

        if (!f || !slice_is(name, f->name))
            continue;
        for (unsigned v = 0; v < f->n; v++)
            offer_value(c, f->value[v].text, word, fmt_count(note, f->value[v].count));
        if (c->n > 0)
            return;
    }
    if (ref.pseudo == PF_NONE)
        complete_from_dicts(&ref, a->types, word, c);
}

static void complete_filter(void *ctx, struct slice text, size_t cursor, struct completions *c)
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
}

static const struct {
    const char *name, *note;
} colon_commands[] = {
    {"write", "FILE: the records of this view (.json: one object a line)"},
    {"goto", "TIME: go to a moment"},
    {"tz", "utc or local"},
    {"theme", "FILE: read a theme"},
    {"view", "records, errors, edges, invocations, sources"},
    {"follow", "follow new records"},
    {"clear", "take all filter steps away"},
    {"help", "keys and words"},
    {"q", "quit"},
};

static void complete_command(void *ctx, struct slice text, size_t cursor, struct completions *c)
{
    if (!memchr(text.ptr, ' ', cursor)) {
        c->start = 0;
        for (unsigned i = 0; i < ARRAY_LEN(colon_commands); i++)
            offer(c, slice_str(colon_commands[i].name), slice_of(text.ptr, cursor),
                  colon_commands[i].note);
        if (c->n > 0)
            return;
    }
    complete_filter(ctx, text, cursor, c);
}

/* --- open, check, accept --- */

void app_open_prompt(struct app *a, enum prompt_kind kind)
{
    static const char *const label[] = {
        [ASK_FILTER] = "filter: ",   [ASK_SEARCH] = "/",  [ASK_SEARCH_BACK] = "?",
        [ASK_TIME] = "go to time: ", [ASK_COMMAND] = ":",
    };
    static const unsigned history[] = {
        [ASK_FILTER] = 0, [ASK_SEARCH] = 1,  [ASK_SEARCH_BACK] = 1,
        [ASK_TIME] = 2,   [ASK_COMMAND] = 3,
    };
    prompt_complete complete = kind == ASK_FILTER    ? complete_filter
                               : kind == ASK_COMMAND ? complete_command
                                                     : NULL;

    a->asking = kind;
    a->message[0] = '\0';
    prompt_open(a->prompt, label[kind], SL(""), history[kind], complete, a);
}

static void check_filter(struct app *a, const char *text)
{
    struct query_error qe;
    char msg[sizeof(qe.msg) + sizeof(qe.hint) + 8];
    struct query_ast *ast;

    app_env(a);
    ast = filter_parse(text, &a->env, &qe);
    if (ast) {
        /* A notice, such as "no field timeout, searching text", is no error but worth a look. */
        prompt_error(a->prompt, strlen(text), ast->notice[0] ? ast->notice : NULL);
        query_ast_free(ast);
        return;
    }
    snprintf(msg, sizeof(msg), "%s%s%s", qe.msg, qe.hint[0] ? "; " : "", qe.hint);
    prompt_error(a->prompt, qe.at, msg);
}

/* A moment as the user writes it: what the filter language reads behind "@timestamp >=". */
static bool read_time(struct app *a, const char *text, int64_t *us, struct query_error *qe)
{
    struct strbuf expr = STRBUF_INIT;
    struct query_ast *ast;
    bool ok = false;

    strbuf_adds(&expr, "@timestamp >= ");
    for (const char *s = text; *s; s++)
        strbuf_addc(&expr, *s == ' ' && s > text && s[1] >= '0' && s[1] <= '9' ? 'T' : *s);
    app_env(a);
    ast = filter_parse(expr.buf, &a->env, qe);
    if (ast && ast->n_cmd == 1 && ast->cmd[0].filter->n == 2 &&
        ast->cmd[0].filter->arg[1]->kind == EX_TIME) {
        *us = ast->cmd[0].filter->arg[1]->time_us;
        ok = true;
    } else if (ast) {
        snprintf(qe->msg, sizeof(qe->msg), "a time is 13:05, 13:05:30, 2024-05-01T13:05Z, -15m");
        qe->hint[0] = '\0';
    }
    query_ast_free(ast);
    strbuf_release(&expr);
    return ok;
}

static void check_regex(struct app *a, const char *text)
{
    struct err e = {0};
    struct regex *re = *text ? regex_new(slice_str(text), false, &e) : NULL;

    prompt_error(a->prompt, strlen(text), *text && !re ? e.msg : NULL);
    regex_free(re);
}

static void check_prompt(struct app *a)
{
    char *text = slice_dup(prompt_text(a->prompt));

    switch (a->asking) {
    case ASK_FILTER:
        check_filter(a, text);
        break;
    case ASK_SEARCH:
    case ASK_SEARCH_BACK:
        check_regex(a, text);
        break;
    case ASK_TIME: {
        int64_t us;
        struct query_error qe;
        bool ok = !*text || read_time(a, text, &us, &qe);

        prompt_error(a->prompt, 0, ok ? NULL : qe.msg);
        break;
    }
    default:
        break;
    }
    free(text);
}

static void search_run(struct app *a, bool backward)
{
    if (!app_rows(a))
        return;
    search_start(a->search, a->answer->rows, &a->list.cursor, backward);
    app_say(a, "searching for %s ...", search_text(a->search));
}

void app_search_again(struct app *a, bool reverse)
{
    if (!search_regex(a->search)) {
        app_say(a, "nothing was searched for yet: / begins");
        return;
    }
    search_run(a, a->search_backward != reverse);
}

static void accept_search(struct app *a, const char *text, bool backward)
{
    struct err e = {0};

    if (*text && search_pattern(a->search, text, &e) < 0) {
        app_complain(a, "%s", e.msg);
        return;
    }
    a->search_backward = backward;
    app_search_again(a, false);
}

static void accept_time(struct app *a, const char *text)
{
    struct query_error qe;
    int64_t us;

    if (read_time(a, text, &us, &qe))
        app_jump_time(a, us);
    else
        app_complain(a, "%s", qe.msg);
}

static void run_theme(struct app *a, const char *path)
{
    struct err e = {0};

    if (theme_read(a->theme, path, &e) < 0)
        app_complain(a, "%s", e.msg);
    else
        a->effect.redraw = true;
}

static void run_zone(struct app *a, struct slice name)
{
    a->zone = slice_eq_nocase(name, SL("utc")) ? ZONE_UTC : ZONE_LOCAL;
    app_env(a);
    if (a->answer)
        app_count_types(a);
}

static bool run_view(struct app *a, struct slice name)
{
    for (unsigned v = 0; v < VIEW_COUNT; v++) {
        if (view_number(v) && slice_is(name, view_class(v)->name)) {
            app_show_view(a, v);
            return true;
        }
    }
    return false;
}

static void run_clear(struct app *a)
{
    if (app_place(a)->n == 0)
        return;
    place_cut(app_push(a), 0);
    app_arrive(a);
}

/* Commands with an argument; false if the first word is none of them. */
static bool run_with_argument(struct app *a, struct slice word, struct slice arg)
{
    char *text = slice_dup(arg);
    bool known = true;

    if (slice_is(word, "write") || slice_is(word, "w"))
        write_view(a, text);
    else if (slice_is(word, "goto"))
        accept_time(a, text);
    else if (slice_is(word, "tz"))
        run_zone(a, arg);
    else if (slice_is(word, "theme"))
        run_theme(a, text);
    else if (slice_is(word, "filter") || slice_is(word, "where"))
        app_add_step(a, text, NULL);
    else
        known = slice_is(word, "view") && run_view(a, arg);
    free(text);
    return known;
}

bool app_run_line(struct app *a, struct slice line)
{
    struct slice rest = slice_trim(line), whole = rest, word = slice_cut(&rest, ' ');
    struct slice arg = slice_trim(rest);

    if (whole.len == 0)
        return true;
    if (arg.len > 0 && run_with_argument(a, word, arg))
        return true;
    if (arg.len == 0) {
        if (slice_is(whole, "q") || slice_is(whole, "quit")) {
            a->effect.quit = true;
            return true;
        }
        if (slice_is(whole, "clear")) {
            run_clear(a);
            return true;
        }
        if (slice_is(whole, "help") || slice_is(whole, "follow")) {
            app_do(a, &(struct key_match){.cmd = slice_is(whole, "help") ? CMD_HELP : CMD_FOLLOW,
                                          .count = 1});
            return true;
        }
    }
    char *text = slice_dup(whole);
    bool ok = app_add_step(a, text, NULL);
    free(text);
    return ok;
}

static void accept(struct app *a)
{
    char *text = slice_dup(prompt_text(a->prompt));
    enum prompt_kind kind = a->asking;

    prompt_close(a->prompt);
    a->asking = ASK_NOTHING;
    if (kind == ASK_FILTER)
        app_add_step(a, text, NULL);
    else if (kind == ASK_SEARCH || kind == ASK_SEARCH_BACK)
        accept_search(a, text, kind == ASK_SEARCH_BACK);
    else if (kind == ASK_TIME && *text)
        accept_time(a, text);
    else if (kind == ASK_COMMAND)
        app_run_line(a, slice_str(text));
    free(text);
}

/* An invalid filter stays in the prompt: Enter does not throw the typing away. */
static bool acceptable(struct app *a)
{
    struct query_error qe;
    char *text;

    if (a->asking != ASK_FILTER)
        return true;
    text = slice_dup(prompt_text(a->prompt));
    struct query_ast *ast = filter_parse(text, &a->env, &qe);
    bool ok = ast != NULL;
    query_ast_free(ast);
    free(text);
    return ok;
}

static void handle(struct app *a, enum prompt_result r)
{
    if (r == PROMPT_EDITED)
        check_prompt(a);
    else if (r == PROMPT_CANCELLED) {
        prompt_close(a->prompt);
        a->asking = ASK_NOTHING;
    } else if (r == PROMPT_ACCEPTED)
        accept(a);
}

void app_prompt_key(struct app *a, struct key key)
{
    if (key.code == KC_ENTER && !acceptable(a)) {
        check_prompt(a);
        a->effect.bell = true;
        return;
    }
    handle(a, prompt_key(a->prompt, key));
}

void app_prompt_paste(struct app *a, struct slice text)
{
    handle(a, prompt_paste(a->prompt, text));
}
