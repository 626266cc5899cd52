/* cli_query.c - awl query: its result, its plan, or the same as SQL of Athena. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "athena.h"
#include "cli_impl.h"
#include "plan.h"
#include "runquery.h"
#include "samples.h"
#include "value.h"
#include "xalloc.h"
#include "zone.h"

/* Without our name before it: the caret stands below the text. */
static void complain_query(const struct query_error *e, const char *text)
{
    struct strbuf sb = STRBUF_INIT;

    query_error_print(e, text, &sb);
    fprintf(stderr, "%s\n", sb.buf ? sb.buf : "");
    strbuf_release(&sb);
}

/* The result of a query of which only the plan is shown. */
static bool drop_bytes(void *ctx, const char *bytes, size_t n)
{
    (void)ctx;
    (void)bytes;
    (void)n;
    return true;
}

/* With a plan, that is printed, not the result. */
static int run_parsed(struct session *s, const struct options *o, struct query_ast *ast,
                      struct query_ast *within, enum output_format f, struct plan *plan)
{
    bool sketched = false;
    struct runquery q = {.session = s,
                         .ast = ast,
                         .within = within,
                         .format = f,
                         .no_sort = o->no_sort,
                         .plan = plan,
                         .sink = plan ? drop_bytes : sink_write,
                         .ctx = &cli_result,
                         .redactor = cli_result.redactor,
                         .cancel = &cli_interrupted,
                         .sketched = &sketched};
    uint64_t rows = 0;
    struct err e;

    if (ast->notice[0])
        cli_complain(ast->notice);
    if (runquery(&q, &rows, &e) < 0) {
        cli_complain(e.msg);
        return EXIT_TROUBLE;
    }
    if (sketched)
        cli_complain(SAMPLES_NOTE);
    if (plan)
        plan_print(plan, f, sink_write, &cli_result);
    return rows ? EXIT_MATCH : EXIT_NOTHING;
}

/* The clock, and the first and last record if they are known (s is not NULL). */
static struct query_env query_env_of(const struct options *o, struct session *s)
{
    struct query_env env = {.now_us = o->now_us ? o->now_us : cli_clock(CLOCK_REALTIME)};
    struct snapshot *snap;

    env.first_us = env.last_us = env.now_us;
    if (!s)
        return env;
    snap = session_snapshot(s);
    if (snap->rows) {
        env.first_us = snap->ts_min;
        env.last_us = snap->ts_max;
    }
    snapshot_unref(snap);
    return env;
}

/* Times of day mean the newest such moment in the logs, and files bring field names of their own,
 * so the query is read a second time when they are known; the first reading (s is NULL) finds
 * mistakes before any file is read. False if there is one. */
static bool read_query(const struct options *o, const char *text, struct session *s,
                       struct query_ast **ast)
{
    struct query_env env = query_env_of(o, s);
    struct query_error qe = {0};

    *ast = query_parse(text, &env, &qe);
    if (*ast || (!s && qe.unknown_field))
        return true;
    complain_query(&qe, text);
    return false;
}

/* "2024-01-02T03:04 Europe/Berlin": the moment that this is. */
static bool zoned_time(struct slice s, int64_t *us)
{
    const char *blank = s.len ? memrchr(s.ptr, ' ', s.len) : NULL;
    struct slice name = blank ? slice_of(blank + 1, (size_t)(slice_end(s) - blank - 1)) : SL("");
    const struct time_zone *zone = name.len && !is_digit(*name.ptr) ? time_zone_find(name) : NULL;

    if (!zone)
        return false;
    s = slice_trim(slice_of(s.ptr, (size_t)(blank - s.ptr)));
    if (!s.len || !is_digit(s.ptr[s.len - 1]) || !parse_iso8601(s, us))
        return false;
    *us = time_zone_utc(zone, *us / 1000000) * 1000000 + *us % 1000000;
    return true;
}

/* A time as an option: "2024-01-02 03:04" is one word there, and a zone may be named. */
static void add_time(struct strbuf *out, const char *time)
{
    struct slice s = slice_trim(slice_str(time));
    char iso[40];
    int64_t us;

    if (zoned_time(s, &us)) {
        strbuf_add(out, iso, format_iso8601(us, iso));
        return;
    }
    strbuf_addsl(out, s);
    if (s.len > 11 && s.ptr[4] == '-' && s.ptr[7] == '-' && s.ptr[10] == ' ')
        out->buf[out->len - s.len + 10] = 'T';
}

/* --since and --until as a filter: NULL if there are none, false (and a word) for what is no time.
 */
static bool read_bounds(const struct options *o, struct session *s, struct query_ast **within)
{
    struct query_env env = query_env_of(o, s);
    struct query_error qe = {0};
    struct strbuf text = STRBUF_INIT;
    bool ok = true;

    if (o->since) {
        strbuf_adds(&text, "@timestamp >= ");
        add_time(&text, o->since);
    }
    if (o->until) {
        strbuf_addf(&text, "%s@timestamp < ", o->since ? " and " : "");
        add_time(&text, o->until);
    }
    *within = text.len ? filter_parse(text.buf, &env, &qe) : NULL;
    if (text.len && !*within) {
        fprintf(stderr, "awl: --since and --until want times such as -2h, 13:05, "
                        "2024-01-02T03:04Z or '2024-01-02 03:04 Europe/Berlin'\n");
        complain_query(&qe, text.buf);
        ok = false;
    }
    strbuf_release(&text);
    return ok;
}

/* The mistakes that can be found before any file is read. */
static bool check_query(const struct options *o)
{
    struct query_ast *ast = NULL, *within = NULL;
    bool ok = read_query(o, o->arg[0], NULL, &ast) && read_bounds(o, NULL, &within);

    query_ast_free(ast);
    query_ast_free(within);
    return ok;
}

/* --- as SQL --- */

/* Adds a name to a comma separated list, once. */
static void add_once(struct strbuf *list, struct slice name)
{
    struct slice rest = strbuf_slice(list);

    while (rest.ptr && list->len)
        if (slice_eq(slice_cut(&rest, ','), name))
            return;
    if (name.len) {
        strbuf_adds(list, list->len ? "," : "");
        strbuf_addsl(list, name);
    }
}

/* The log types, accounts and regions of the files. */
static void describe_files(struct session *s, struct athena_options *a, struct strbuf *accounts,
                           struct strbuf *regions)
{
    struct snapshot *snap = session_snapshot(s);

    for (uint32_t i = 0; i < snap->n; i++)
        a->types |= UINT64_C(1) << snap->seg[i]->lt->id;
    snapshot_unref(snap);
    for (uint32_t i = 0; i < session_sources(s); i++) {
        add_once(accounts, session_source(s, i)->ident.account);
        add_once(regions, session_source(s, i)->ident.region);
    }
    a->accounts = accounts->len ? accounts->buf : NULL;
    a->regions = regions->len ? regions->buf : NULL;
}

/* The moments of --since and --until. */
static void take_bounds(const struct query_ast *within, struct athena_options *a)
{
    const struct expr *e = within && within->n_cmd ? within->cmd[0].filter : NULL;
    const struct expr *const *test =
        e && e->kind == EX_AND ? (const struct expr *const *)e->arg : &e;

    for (unsigned i = 0; e && i < (e->kind == EX_AND ? e->n : 1); i++) {
        if (test[i]->kind == EX_CMP && test[i]->op == OP_GE)
            a->from_us = test[i]->arg[1]->time_us;
        else if (test[i]->kind == EX_CMP && test[i]->op == OP_LT)
            a->to_us = test[i]->arg[1]->time_us;
    }
}

static int query_athena(const struct options *o)
{
    struct athena_options a = {.from_us = INT64_MIN, .to_us = INT64_MAX};
    struct strbuf sql = STRBUF_INIT, accounts = STRBUF_INIT, regions = STRBUF_INIT;
    struct session *s = o->n_arg > 1 ? cli_open(o, o->arg + 1, o->n_arg - 1) : NULL;
    struct query_ast *ast = NULL, *within = NULL;
    struct query_error qe;
    bool ok = false;

    if (s)
        describe_files(s, &a, &accounts, &regions);
    if ((s || o->n_arg == 1) && read_query(o, o->arg[0], s, &ast) && ast &&
        read_bounds(o, s, &within)) {
        take_bounds(within, &a);
        ok = athena_print(ast, &a, &sql, &qe) == 0;
        if (!ok)
            complain_query(&qe, o->arg[0]);
    }
    if (ok && cli_open_sink(o))
        sink_write(&cli_result, sql.buf, sql.len);
    query_ast_free(ast);
    query_ast_free(within);
    session_free(s);
    strbuf_release(&sql);
    strbuf_release(&accounts);
    strbuf_release(&regions);
    return ok ? cli_finish(EXIT_MATCH) : EXIT_TROUBLE;
}

/* Opens the paths as the first step of the plan. */
static struct session *open_planned(const struct options *o, struct plan *plan)
{
    struct session *s;
    struct snapshot *snap;

    plan_begin(plan, SL("open"));
    s = cli_open(o, o->arg + 1, o->n_arg - 1);
    if (!s)
        return NULL;
    snap = session_snapshot(s);
    plan_how(plan, 0, "files: %u, segments: %u", session_sources(s), snap->n);
    plan_end(plan, PLAN_UNKNOWN, snap->rows);
    snapshot_unref(snap);
    return s;
}

int cli_query(const struct options *o)
{
    struct query_ast *ast = NULL, *within = NULL;
    struct plan *plan;
    enum output_format f;
    struct session *s;
    int rc = EXIT_TROUBLE;

    if (!cli_format(o, &f))
        return EXIT_TROUBLE;
    if (o->n_arg < 1) {
        fprintf(stderr, "awl: query wants a query: awl query 'status=5xx' logs/\n");
        return EXIT_TROUBLE;
    }
    if (o->athena)
        return query_athena(o);
    if (!check_query(o))
        return EXIT_TROUBLE;
    plan = o->explain_plan ? plan_new() : NULL;
    s = open_planned(o, plan);
    if (s && read_query(o, o->arg[0], s, &ast) && read_bounds(o, s, &within) && cli_open_sink(o))
        rc = run_parsed(s, o, ast, within, f, plan);
    query_ast_free(ast);
    query_ast_free(within);
    plan_free(plan);
    session_free(s);
    return s ? cli_finish(rc) : EXIT_TROUBLE;
}
