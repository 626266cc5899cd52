/* prompts.c - the filter, search, time and command prompts, and their validity. */
#include <stdio.h>

#include "app.h"

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
                               : kind == ASK_COMMAND ? complete_line
                                                     : NULL;

    a->asking = kind;
    a->message[0] = '\0';
    prompt_open(a->prompt, label[kind], SL(""), history[kind], complete, a);
}

static void tell_error(struct app *a, const struct query_error *qe)
{
    char msg[sizeof(qe->msg) + sizeof(qe->hint) + 8];

    snprintf(msg, sizeof(msg), "%s%s%s", qe->msg, qe->hint[0] ? "; " : "", qe->hint);
    prompt_error(a->prompt, qe->at, msg);
}

static void check_filter(struct app *a, const char *text)
{
    struct query_error qe;
    struct query_ast *ast;

    app_env(a);
    ast = filter_parse(text, &a->env, &qe);
    if (ast) {
        /* A notice, such as "no field timeout, searching text", is no error but worth a look. */
        prompt_error(a->prompt, strlen(text), ast->notice[0] ? ast->notice : NULL);
        query_ast_free(ast);
        return;
    }
    tell_error(a, &qe);
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

/* What a line behind ":" is, if it is none of the colon commands. */
enum line_kind { LINE_BAD, LINE_FILTER, LINE_QUERY };

/* `wordless`: see struct query_ast. */
static enum line_kind line_kind(struct app *a, const char *text, struct query_error *qe,
                                bool *wordless)
{
    struct query_error ignored;
    struct query_ast *ast;
    enum line_kind kind = LINE_FILTER;

    app_env(a);
    ast = query_parse(text, &a->env, qe);
    *wordless = ast && ast->wordless;
    if (!ast) {
        ast = filter_parse(text, &a->env, &ignored);
        kind = ast ? LINE_FILTER : LINE_BAD;
    } else if (ast->n_cmd > 1 || (ast->n_cmd && !ast->wordless) || ast->n_sub) {
        kind = LINE_QUERY;
    }
    query_ast_free(ast);
    return kind;
}

static void check_line(struct app *a, const char *text)
{
    struct query_error qe;
    bool wordless;

    if (colon_command(slice_str(text)))
        prompt_error(a->prompt, 0, NULL);
    else if (line_kind(a, text, &qe, &wordless) == LINE_BAD)
        tell_error(a, &qe);
    else
        prompt_error(a->prompt, 0, NULL);
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
    case ASK_COMMAND:
        check_line(a, text);
        break;
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
    struct query_error qe;
    bool known = true, wordless;

    if (slice_is(word, "write") || slice_is(word, "w"))
        write_view(a, text);
    else if (slice_is(word, "goto"))
        accept_time(a, text);
    else if (slice_is(word, "tz"))
        run_zone(a, arg);
    else if (slice_is(word, "theme"))
        run_theme(a, text);
    else if ((slice_is(word, "filter") || slice_is(word, "where")) &&
             line_kind(a, text, &qe, &wordless) == LINE_FILTER)
        app_add_step(a, text, NULL);
    else
        known = slice_is(word, "view") && run_view(a, arg);
    free(text);
    return known;
}

/* A filter becomes a step; a query is run on the records of the filter and shown as a table. */
static bool run_question(struct app *a, struct slice line)
{
    struct strbuf text = STRBUF_INIT;
    struct query_error qe;
    bool ok = true, wordless;

    strbuf_addsl(&text, line);
    switch (line_kind(a, text.buf, &qe, &wordless)) {
    case LINE_QUERY:
        strbuf_reset(&text);
        strbuf_addf(&text, "%s" SLICE_FMT, wordless ? "filter " : "", SLICE_ARG(line));
        app_run_query(a, text.buf);
        break;
    case LINE_FILTER:
        ok = app_add_step(a, text.buf, NULL);
        break;
    default:
        app_complain(a, "%s%s%s", qe.msg, qe.hint[0] ? "; " : "", qe.hint);
        ok = false;
    }
    strbuf_release(&text);
    return ok;
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
    return run_question(a, whole);
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

/* An invalid filter or query stays in the prompt: Enter does not throw the typing away. */
static bool acceptable(struct app *a)
{
    struct query_error qe;
    char *text;

    struct query_ast *ast = NULL;
    bool ok = true, wordless;

    text = slice_dup(prompt_text(a->prompt));
    if (a->asking == ASK_FILTER) {
        ast = filter_parse(text, &a->env, &qe);
        ok = ast != NULL;
    } else if (a->asking == ASK_COMMAND)
        ok = colon_command(slice_str(text)) || line_kind(a, text, &qe, &wordless) != LINE_BAD;
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
