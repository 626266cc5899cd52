/* ask.c - filter steps, the questions they make, and the answers. */
#include <time.h>

#include "app.h"
#include "xalloc.h"

/* Fields worth a facet, most telling first. One is shown if a type in sight has it and no earlier
 * one means the same field in every type. */
static const char *const facet_names[] = {
    "@logtype",
    "status",
    "target_status_code",
    "x-edge-result-type",
    "action",
    "method",
    "operation",
    "error_code",
    "error_reason",
    "target_ip",
    "path",
    "client_ip",
    "x-edge-location",
    "dstport",
    "dstaddr",
    "host",
    "bucket",
    "requester",
    "elb",
    "target_group_arn",
    "protocol",
    "interface-id",
    "user_agent",
    "@file",
};

static bool ref_has_type(const struct field_ref *f, uint64_t types)
{
    for (unsigned i = 0; i < MAX_TYPES; i++)
        if (types >> i & 1 && f->per_type[i] >= 0)
            return true;
    return false;
}

static bool ref_same(const struct field_ref *a, const struct field_ref *b, uint64_t types)
{
    for (unsigned i = 0; i < MAX_TYPES; i++)
        if (types >> i & 1 && b->per_type[i] >= 0 && a->per_type[i] != b->per_type[i])
            return false;
    return a->pseudo == b->pseudo;
}

static void choose_facets(struct app *a)
{
    struct field_ref ref[FACETS_MAX];
    char hint[128];

    a->n_facet = 0;
    for (unsigned i = 0; i < ARRAY_LEN(facet_names) && a->n_facet < FACETS_MAX; i++) {
        struct field_ref *f = &ref[a->n_facet];
        bool dup = false;

        if (!field_resolve(slice_str(facet_names[i]), f, hint, sizeof(hint)))
            continue;
        if (f->pseudo == PF_NONE ? !ref_has_type(f, a->types)
                                 : f->pseudo == PF_LOGTYPE && !(a->types & (a->types - 1)))
            continue;
        for (unsigned j = 0; j < a->n_facet && f->pseudo == PF_NONE; j++)
            dup |= ref_same(&ref[j], f, a->types);
        if (!dup)
            a->facet[a->n_facet++] = facet_names[i];
    }
}

void app_ask(struct app *a)
{
    struct strbuf filter = STRBUF_INIT;
    struct place *p = app_place(a);
    struct question q = {
        .near_us = a->list.stick == STICK_LAST    ? INT64_MAX
                   : a->list.stick == STICK_FIRST ? INT64_MIN
                                                  : a->list.want.ts,
        .buckets = a->buckets,
        .facet = a->facet,
        .n_facet = a->n_facet,
        .facet_top = FACET_TOP,
        .table = view_class(p->view)->table,
    };

    place_filter(p, &filter);
    place_zoom(p, &q.from_us, &q.to_us);
    q.filter = filter.buf;
    q.query = p->query;
    a->asked = engine_ask(a->engine, &q);
    strbuf_release(&filter);
}

void app_env(struct app *a)
{
    if (a->clock_us)
        a->env.now_us = a->clock_us;
    else {
        struct timespec ts;

        clock_gettime(CLOCK_REALTIME, &ts);
        a->env.now_us = (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
    }
    a->env.interactive = true;
    if (a->answer && a->answer->all->total > 0) {
        a->env.first_us = a->answer->all->snap->ts_min;
        a->env.last_us = a->answer->all->snap->ts_max;
    }
    a->env.tz_offset_s = zone_offset(a->zone, a->env.last_us);
}

static void choose_columns(struct app *a)
{
    struct list_column before = {.show = SHOW_FIELD, .title = "st"};

    if (a->column < a->columns.n)
        before = a->columns.col[a->column];
    columns_choose(&a->columns, a->kept_types ? a->kept_types : a->types, a->days);
    a->column = MIN(2u, a->columns.n - 1);
    for (unsigned i = a->columns.n; i-- > 0;)
        if (a->columns.col[i].show == before.show &&
            strcmp(a->columns.col[i].title, before.title) == 0)
            a->column = i;
    a->column_off = 0;
}

/* Which log types there are, and which the filter keeps. */
void app_count_types(struct app *a)
{
    const struct rowset *rows = a->answer->rows, *all = a->answer->all;
    uint64_t types = 0, kept = 0;

    memset(a->type_rows, 0, sizeof(a->type_rows));
    for (uint32_t i = 0; i < all->snap->n; i++) {
        unsigned id = all->snap->seg[i]->lt->id;

        a->type_rows[id] += all->snap->seg[i]->n;
        types |= all->snap->seg[i]->n ? UINT64_C(1) << id : 0;
    }
    for (uint32_t i = 0; i < rows->snap->n; i++)
        kept |= rows->count[i] ? UINT64_C(1) << rows->snap->seg[i]->lt->id : 0;
    bool days = all->total > 0 && !fmt_same_day(a->zone, all->snap->ts_min, all->snap->ts_max);
    if (types != a->types || kept != a->kept_types || days != a->days || a->columns.n == 0) {
        bool more = types != a->types;

        a->days = days;
        a->types = types;
        a->kept_types = kept;
        choose_columns(a);
        if (more) {
            choose_facets(a);
            app_ask(a);
        }
    }
}

void app_take_answer(struct app *a)
{
    struct answer *fresh = engine_answer(a->engine);

    partial_unref(a->partial);
    a->partial = engine_partial(a->engine);
    if (!fresh || fresh == a->answer) {
        answer_unref(fresh);
        return;
    }
    rowview_release(&a->row);
    rowview_init(&a->row, a->session);
    answer_unref(a->answer);
    a->answer = fresh;
    if (fresh->complete) {
        atomic_fetch_add(&fresh->refs, 1);
        answer_unref(a->told);
        a->told = fresh;
    }
    app_count_types(a);
    app_env(a);
    if (a->after_jump && a->answer->serial >= a->asked && a->answer->err5) {
        a->after_jump = false;
        app_do(a, &a->waiting);
    }
}

const struct facet *app_facet(const struct app *a, const char *name)
{
    for (unsigned i = 0; a->told && i < a->told->n_facet; i++)
        if (a->told->facet[i] && strcmp(a->told->facet[i]->name, name) == 0)
            return a->told->facet[i];
    return NULL;
}

void app_leave(struct app *a)
{
    struct place *p = app_place(a);

    p->cursor = a->list.stick == STICK_FIRST ? ROWKEY_MIN : a->list.want;
    p->row = a->table.at;
}

struct place *app_push(struct app *a)
{
    app_leave(a);
    return history_push(&a->history);
}

void app_arrive(struct app *a)
{
    struct place *p = app_place(a);
    struct rowkey first = ROWKEY_MIN;

    a->list.want = a->list.cursor = p->cursor;
    if (a->list.stick != STICK_LAST)
        a->list.stick = rowkey_cmp(&p->cursor, &first) == 0 ? STICK_FIRST : STICK_NONE;
    a->table.at = p->row;
    a->table.top = 0;
    a->fields.at = 1;
    a->fields.top = 0;
    a->brushing = false;
    if (p->view != VIEW_RECORDS)
        a->focus = p->view;
    else if (view_number(a->focus) > 0 || a->focus == VIEW_HELP)
        a->focus = VIEW_RECORDS;
    app_ask(a);
}

bool app_add_step(struct app *a, const char *expr, const char *label)
{
    struct query_error qe;
    struct query_ast *ast;

    app_env(a);
    ast = filter_parse(expr, &a->env, &qe);
    if (!ast) {
        app_complain(a, "%s%s%s", qe.msg, qe.hint[0] ? "; " : "", qe.hint);
        return false;
    }
    bool empty = ast->n_cmd == 0;
    if (ast->notice[0])
        app_say(a, "%s", ast->notice);
    query_ast_free(ast);
    if (empty)
        return false;
    if (app_place(a)->n == PLACE_STEPS) {
        app_complain(a, "the filter has %d steps already; join some into one", PLACE_STEPS);
        return false;
    }
    place_add(app_push(a), expr, label);
    app_arrive(a);
    return true;
}

void app_run_query(struct app *a, const char *query)
{
    struct place *p = app_push(a);

    place_query(p, query);
    p->view = VIEW_RESULT;
    p->level = 0;
    p->row = 0;
    a->column = a->column_off = 0;
    a->sort[VIEW_RESULT] = 0;
    app_arrive(a);
}

void app_test(struct app *a, const char *field, struct slice value, bool include)
{
    struct strbuf expr = STRBUF_INIT;

    filter_test(&expr, field, value, include);
    app_add_step(a, expr.buf, NULL);
    strbuf_release(&expr);
}

int64_t app_bucket_of(const struct app *a, int64_t us)
{
    const struct histogram *h = a->answer ? a->answer->hist : NULL;

    if (!h || h->n == 0 || us < h->from_us)
        return -1;
    int64_t i = (us - h->from_us) / h->width_us;
    return i < (int64_t)h->n ? i : -1;
}
