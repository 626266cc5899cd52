/* runquery.c - the commands of a query, one after the other.
 *
 * At first rows are records: a rowset, in time order. Filters before the first command that drops
 * or makes rows run vectorised into it, wherever they stand; as long as nothing reorders, rows are
 * visited and written as they come, and `stats` takes the set as it is. sort, dedup and a later
 * filter work on a list of references to records; a sort with a limit behind it keeps no more rows
 * than that (runquery_sort.c). unnest, parse ... multi, join and lookup make rows that have cells
 * beside their record (widen.c). After stats and pattern rows have cells alone. What a name stands
 * for was settled when the query was read (expr.h). */
#include "runquery_impl.h"

#include "json.h"
#include "membudget.h"
#include "parallel.h"
#include "redact.h"
#include "secret.h"
#include "spill.h"
#include "xalloc.h"

/* --- rows --- */

bool exec_cancelled(struct exec *r)
{
    if (!r->full && membudget_over()) {
        membudget_fail(r->e, "allow more, filter more, name fewer fields, put a limit behind the "
                             "sort, or print csv");
        r->full = true;
    }
    return r->full || (r->q->cancel && *r->q->cancel);
}

int exec_stopped(struct exec *r)
{
    bool stop = exec_cancelled(r);

    if (r->full)
        return r->e->code;
    return stop ? err_set(r->e, ERR_CANCEL, "stopped") : 0;
}

static struct val row_field(void *row, const struct field_ref *f)
{
    struct exec *r = row;

    if (f->pseudo == PF_COLUMN)
        return f->column >= 0 && (unsigned)f->column < r->width
                   ? r->cell[r->at * r->width + (unsigned)f->column]
                   : (struct val){.kind = VAL_MISSING};
    if (r->listed && !r->ref)
        return (struct val){.kind = VAL_MISSING};
    return rowview_value(&r->view, f);
}

static bool row_ip(void *row, unsigned i, struct slice *out)
{
    struct exec *r = row;
    struct row_access access = rowview_access(&r->view);

    return !(r->listed && !r->ref) && access.any_ip(access.row, i, out);
}

struct row_access exec_access(struct exec *r)
{
    return (struct row_access){row_field, row_ip, r, &r->scratch};
}

void exec_at_record(struct exec *r, struct rowref ref)
{
    rowview_at(&r->view, r->set->snap->seg[ref.seg], ref.row);
    strbuf_reset(&r->view.scratch);
    strbuf_reset(&r->scratch);
}

void exec_at(struct exec *r, uint64_t i)
{
    r->at = i;
    if (r->ref)
        exec_at_record(r, r->ref[i]);
    else
        strbuf_reset(&r->scratch);
}

struct visit {
    struct exec *r;
    bool (*fn)(struct exec *r, void *ctx);
    void *ctx;
};

static bool visit_ref(void *ctx, struct rowref ref)
{
    struct visit *v = ctx;

    exec_at_record(v->r, ref);
    return v->fn(v->r, v->ctx);
}

static bool take_ref(void *ctx, struct rowref ref)
{
    struct exec *r = ctx;

    if (!r->q->no_sort && r->n >= r->limit)
        return false;
    r->ref[r->n++] = ref;
    return !exec_cancelled(r);
}

static int by_place(const void *a, const void *b, void *ctx)
{
    const struct exec *r = ctx;
    struct rowkey x = rowref_key(r->set, *(const struct rowref *)a);
    struct rowkey y = rowref_key(r->set, *(const struct rowref *)b);

    x.ts = y.ts = 0;
    return rowkey_cmp(&x, &y);
}

void exec_list(struct exec *r)
{
    uint64_t most = r->q->no_sort ? r->set->total : MIN(r->set->total, r->limit);

    if (r->listed)
        return;
    r->listed = true;
    r->memory.use = MEMORY_ROWS;
    memlease_force(&r->memory, most * sizeof(*r->ref));
    if (exec_cancelled(r))
        return;
    r->ref = xmalloc(MAX(most, 1u) * sizeof(*r->ref));
    order_each(r->set, take_ref, r);
    if (r->q->no_sort && r->n)
        qsort_r(r->ref, r->n, sizeof(*r->ref), by_place, r);
    r->n = MIN(r->n, r->limit);
    r->limit = UINT64_MAX;
}

void exec_each(struct exec *r, bool (*fn)(struct exec *r, void *ctx), void *ctx)
{
    struct visit visit = {r, fn, ctx};

    if (r->q->no_sort || r->limit != UINT64_MAX)
        exec_list(r);
    if (!r->listed)
        order_each(r->set, visit_ref, &visit);
    for (uint64_t i = 0; r->listed && i < r->n && !exec_cancelled(r); i++) {
        exec_at(r, i);
        if (!fn(r, ctx))
            break;
    }
}

static bool set_due(void *exec, uint64_t rows, uint64_t of)
{
    return exec_due_now(exec, "filtered", rows, of);
}

static void show_set(void *exec, struct rowset *so_far)
{
    exec_show_set(exec, 0, so_far);
}

/* The set of rows: those of the filter in the window of time. `filter` has room for one more. */
static int eval_set(struct exec *r, struct expr *filter)
{
    const struct time_window *w = r->q->window;
    struct plan *plan = r->q->plan;
    const struct filter_watch *watch;
    struct field_ref ref = {.pseudo = PF_TIMESTAMP};
    struct expr time = {.kind = EX_FIELD, .field = &ref, .text = SL("@timestamp")}, *left = &time;
    struct expr range = {.kind = EX_RANGE, .n = 1, .arg = &left, .is_time = true};
    struct rowset_peek peek = {set_due, show_set, r};
    struct filter *f;
    struct snapshot *snap = session_snapshot(r->q->session);

    if (w) {
        range.lo_us = w->from_us;
        range.hi_us = w->to_us - 1;
        filter->arg[filter->n++] = &range;
    }
    plan_begin(plan, filter->n ? SL("filter") : SL("all records"));
    f = filter_new(filter->n ? filter : NULL);
    watch = plan ? filter_watch(f) : NULL;
    r->set = r->watch ? rowset_eval_seen(r->q->session, snap, f, &peek, r->q->cancel)
                      : rowset_eval(r->q->session, snap, f, NULL, 0, r->q->cancel);
    plan_filter(plan, watch, parallel_threads(0, snap->n));
    plan_end(plan, snap->rows, r->set ? r->set->total : 0);
    filter_free(f);
    snapshot_unref(snap);
    return r->set ? 0 : err_set(r->e, ERR_CANCEL, "stopped");
}

void exec_move_row(struct exec *r, uint64_t to, uint64_t from)
{
    if (r->ref)
        r->ref[to] = r->ref[from];
    if (r->width)
        memmove(r->cell + to * r->width, r->cell + from * r->width, r->width * sizeof(*r->cell));
}

static void narrow(struct exec *r, const struct expr *e)
{
    struct row_access access = exec_access(r);
    uint64_t n = 0;

    exec_list(r);
    for (uint64_t i = 0; i < r->n && !exec_cancelled(r); i++) {
        exec_at(r, i);
        if (val_truth(expr_eval(e, &access)))
            exec_move_row(r, n++, i);
        exec_tell(r, "filtered", i, r->n);
    }
    r->n = n;
}

static uint64_t rows_now(const struct exec *r)
{
    return r->listed ? r->n : MIN(r->set->total, r->limit);
}

/* --- writing --- */

/* `fields` add up until a `display`, which says it all; the last one wins. */
static void add_columns(struct exec *r, struct query_cmd *c)
{
    if (c->kind == QCMD_FIELDS && r->display)
        return;
    if (c->kind == QCMD_DISPLAY) {
        r->n_col = 0;
        r->display = true;
    }
    r->col = xreallocarray(r->col, r->n_col + c->n_item, sizeof(*r->col));
    for (unsigned i = 0; i < c->n_item; i++)
        r->col[r->n_col++] = &c->item[i];
}

static bool write_whole(struct exec *r)
{
    struct slice s;

    if (r->q->format == OUTPUT_JSON) {
        output_record_json(&r->view, &r->line);
    } else {
        s = rowview_bytes(&r->view);
        strbuf_reset(&r->line);
        strbuf_addsl(&r->line, s);
        strbuf_addc(&r->line, '\n');
    }
    return r->q->sink(r->q->ctx, r->line.buf, r->line.len);
}

/* Members of a JSON record that no table of fields lists have columns of text; what they are stands
 * in the record. Strings need no look. */
static void find_json(struct exec *r)
{
    const struct logtype *lt = r->view.seg->lt;
    struct slice raw = slice_of(NULL, 0);

    for (unsigned i = 0; i < r->n_col; i++) {
        const struct expr *e = r->col[i]->expr;
        int at =
            e->kind == EX_FIELD && e->field->pseudo == PF_NONE ? e->field->per_type[lt->id] : -1;

        r->json[i] = slice_of(NULL, 0);
        if (at < (int)lt->n_static || r->cells[i].kind == VAL_MISSING)
            continue;
        if (!raw.ptr)
            raw = slice_trim(rowview_raw(&r->view));
        if (is_json_object(raw))
            r->json[i] = json_get(raw, slice_str(lt->field[at]->name));
        if (r->json[i].ptr && json_kind(r->json[i]) == JSON_STRING)
            r->json[i] = slice_of(NULL, 0);
    }
}

/* Texts in the columns of API keys, also where they are members of the record. */
static void hide_secrets(struct exec *r, bool record)
{
    unsigned n = r->n_col ? r->n_col : r->width;

    if (!r->n_col)
        memcpy(r->cells, r->cell + r->at * r->width, n * sizeof(*r->cells));
    for (unsigned i = 0; i < n; i++) {
        struct strbuf hidden = STRBUF_INIT;

        if (!r->secret[i] || r->cells[i].kind != VAL_STR)
            continue;
        redact_secret(r->q->redactor, r->cells[i].str, &hidden);
        strbuf_release(&r->scratches[i]);
        r->scratches[i] = hidden;
        r->cells[i].str = strbuf_slice(&hidden);
        if (record)
            r->json[i] = slice_of(NULL, 0);
    }
}

static bool write_columns(struct exec *r)
{
    struct row_access access = exec_access(r);
    bool record = r->n_col && (!r->listed || r->ref) && r->q->format == OUTPUT_JSON;

    for (unsigned i = 0; i < r->n_col; i++) {
        strbuf_reset(&r->scratches[i]);
        access.scratch = &r->scratches[i];
        r->cells[i] = expr_eval(r->col[i]->expr, &access);
    }
    record = record && r->view.seg->lt->fmt->json &&
             segment_reason(r->view.seg, r->view.row) == REASON_NONE;
    if (record)
        find_json(r);
    if (r->secret)
        hide_secrets(r, record);
    return output_row_of_json(r->out, r->n_col || r->secret ? r->cells : r->cell + r->at * r->width,
                              record ? r->json : NULL);
}

static bool write_row(struct exec *r, void *ctx)
{
    (void)ctx;
    if (exec_cancelled(r))
        return false;
    r->written++;
    return r->out ? write_columns(r) : write_whole(r);
}

static void find_secrets(struct exec *r, unsigned n)
{
    secret_cells cells = secret_cells_of(r->q->ast);
    bool any = false;

    r->secret = xcalloc(n, sizeof(*r->secret));
    for (unsigned i = 0; i < n; i++)
        any |= r->secret[i] =
            r->n_col ? secret_item(r->col[i], cells) : secret_cell(r->name[i], i, cells);
    if (any)
        return;
    free(r->secret);
    r->secret = NULL;
}

static void begin_columns(struct exec *r)
{
    unsigned n = r->n_col ? r->n_col : r->name ? r->width : 0;
    const char **name;

    if (n == 0)
        return;
    name = xcalloc(n, sizeof(*name));
    for (unsigned i = 0; i < n; i++)
        name[i] = r->n_col ? r->col[i]->name : r->name[i];
    r->out = output_new(r->q->format, name, n, r->q->sink, r->q->ctx);
    r->cells = xcalloc(n, sizeof(*r->cells));
    r->scratches = xcalloc(n, sizeof(*r->scratches));
    r->json = xcalloc(n, sizeof(*r->json));
    r->n_scratch = n;
    free(name);
    if (r->q->redactor)
        find_secrets(r, n);
}

static void write_rows(struct exec *r)
{
    uint64_t n = rows_now(r);

    plan_begin(r->q->plan, SL("output"));
    begin_columns(r);
    exec_each(r, write_row, NULL);
    if (r->out)
        output_end(r->out);
    plan_end(r->q->plan, n, r->written);
}

/* --- the pipeline --- */

int exec_command(struct exec *r, unsigned i)
{
    struct query_ast *q = r->q->ast;
    struct query_cmd *c = &q->cmd[i];

    switch (c->kind) {
    case QCMD_FILTER:
        if (i >= r->early)
            narrow(r, c->filter);
        break;
    case QCMD_SORT:
        exec_sort(r, i);
        break;
    case QCMD_DEDUP:
        exec_dedup(r, c);
        break;
    case QCMD_LIMIT:
        if (r->listed)
            r->n = MIN(r->n, c->limit);
        else
            r->limit = MIN(r->limit, c->limit);
        break;
    case QCMD_FIELDS:
    case QCMD_DISPLAY:
        add_columns(r, c);
        break;
    case QCMD_STATS:
        return exec_stats(r, i);
    case QCMD_UNNEST:
    case QCMD_MULTI:
    case QCMD_JOIN:
    case QCMD_LOOKUP:
        return exec_widen(r, c);
    case QCMD_PATTERN:
        exec_pattern(r, i);
        break;
    case QCMD_FILL:
        exec_fill(r, c);
        break;
    case QCMD_DIFF: /* done with the command before it */
        break;
    }
    return exec_stopped(r);
}

/* Adds the tests of a filter; leaves room for one more. */
static void add_tests(struct expr *all, struct expr *filter)
{
    unsigned n = filter->kind == EX_AND ? filter->n : 1;

    all->arg = xreallocarray(all->arg, all->n + n + 1u, sizeof(*all->arg));
    memcpy(all->arg + all->n, filter->kind == EX_AND ? filter->arg : &filter,
           n * sizeof(*all->arg));
    all->n += n;
}

/* Filters before the first command that drops rows by their number or order become one expression,
 * so that the cheapest of all tests comes first: what else stands among them (fields, sort) neither
 * drops rows nor makes any. Returns the first command that was not looked at; all->arg is the
 * caller's. */
static unsigned early_filters(const struct runquery *run, struct expr *all)
{
    const struct query_ast *q = run->ast, *within = run->within;
    unsigned i, n_within = within ? within->n_cmd : 0;

    *all = (struct expr){.kind = EX_AND, .arg = xcalloc(1, sizeof(*all->arg))};
    for (i = 0; i < n_within; i++)
        add_tests(all, within->cmd[i].filter);
    for (i = 0; i < q->n_cmd; i++) {
        const struct query_cmd *c = &q->cmd[i];

        if (c->kind == QCMD_FILTER)
            add_tests(all, c->filter);
        else if (c->kind != QCMD_FIELDS && c->kind != QCMD_DISPLAY && c->kind != QCMD_SORT)
            break;
    }
    return i;
}

/* A query that names no columns shows time and line, but in json and raw whole records. */
static struct query_ast *default_columns(void)
{
    static const struct query_env env;
    struct query_error e;

    return query_parse("fields @timestamp, @message", &env, &e);
}

static bool names_columns(const struct query_ast *q)
{
    for (unsigned i = 0; i < q->n_cmd; i++)
        if (q->cmd[i].kind == QCMD_FIELDS || q->cmd[i].kind == QCMD_DISPLAY ||
            q->cmd[i].kind == QCMD_STATS || q->cmd[i].kind == QCMD_PATTERN)
            return true;
    return false;
}

void exec_release_rows(struct exec *r)
{
    for (unsigned i = 0; i < r->n_scratch; i++)
        strbuf_release(&r->scratches[i]);
    free(r->scratches);
    free(r->json);
    free(r->secret);
    free(r->cells);
    free(r->col);
    exec_free_names(r);
    free(r->ref);
    exec_free_cells(r);
    memlease_release(&r->memory);
    spilled_free(r->spilled);
    dict_free(r->texts);
    strbuf_release(&r->line);
    strbuf_release(&r->scratch);
    rowview_release(&r->view);
    rowset_unref(r->set);
}

void exec_release(struct exec *r)
{
    exec_release_rows(r);
    subqueries_release(r->q->ast);
}

static bool before_diff(const struct query_ast *q, unsigned i)
{
    return i + 1 < q->n_cmd && q->cmd[i + 1].kind == QCMD_DIFF;
}

/* Commands that do nothing of their own when it is their turn. */
static bool does_nothing(const struct exec *r, unsigned i)
{
    enum cmd_kind kind = r->q->ast->cmd[i].kind;

    return kind == QCMD_FIELDS || kind == QCMD_DISPLAY || kind == QCMD_DIFF ||
           (kind == QCMD_FILTER && i < r->early);
}

/* The text of command i; of all but the first made of one text what they do. */
static struct slice step_text(const struct query_ast *q, unsigned i)
{
    const struct query_cmd *c = &q->cmd[i];

    if (i == 0 || c->text.ptr != q->cmd[i - 1].text.ptr)
        return c->text;
    return c->kind == QCMD_SORT ? SL("sort") : c->kind == QCMD_LIMIT ? SL("limit") : c->text;
}

/* Command i, and the diff behind it if `diff`. */
static int run_step(struct exec *r, unsigned i, bool diff)
{
    uint64_t before = rows_now(r);
    int rc;

    if (does_nothing(r, i))
        return exec_command(r, i);
    plan_begin(r->q->plan, step_text(r->q->ast, i));
    rc = diff ? diff_run(r, i) : exec_command(r, i);
    plan_end(r->q->plan, before, rows_now(r));
    return rc;
}

int exec_rest(struct exec *r, unsigned i, unsigned n)
{
    int rc = 0;

    for (; rc == 0 && i < n; i++)
        rc = run_step(r, i, before_diff(r->q->ast, i) && i + 1 < n);
    return rc;
}

int exec_run(struct exec *r, unsigned n)
{
    const struct runquery *q = r->q;
    struct expr all;
    int rc;

    rowview_init(&r->view, q->session);
    rc = subqueries_run(q, r->e);
    if (rc)
        return rc;
    r->early = early_filters(q, &all);
    rc = eval_set(r, &all);
    free(all.arg);
    return rc ? rc : exec_rest(r, 0, n);
}

/* All commands; *defaults are columns for a query that names none. */
static int run_all(struct exec *r, struct query_ast **defaults)
{
    const struct runquery *q = r->q;

    if (!names_columns(q->ast) && q->format != OUTPUT_JSON && q->format != OUTPUT_RAW) {
        *defaults = default_columns();
        add_columns(r, &(*defaults)->cmd[0]);
    }
    return exec_run(r, q->ast->n_cmd);
}

int runquery(const struct runquery *q, uint64_t *rows, struct err *e)
{
    struct exec r = {.q = q, .limit = UINT64_MAX, .e = e};
    struct query_ast *defaults = NULL;
    int rc = run_all(&r, &defaults);

    if (rc == 0)
        write_rows(&r);
    if (r.full)
        rc = e->code;
    *rows = r.written;
    exec_release(&r);
    query_ast_free(defaults);
    return rc;
}

/* --- as a table --- */

struct collect {
    struct group_table *t;
    uint64_t max;
    size_t cap;
};

static struct group_table *named_columns(const struct exec *r)
{
    struct group_table *t = xcalloc(1, sizeof(*t));

    t->n_agg = r->n_col ? r->n_col : r->width;
    t->texts = dict_new();
    t->name = xcalloc(MAX(t->n_agg, 1u), sizeof(*t->name));
    for (unsigned i = 0; i < t->n_agg; i++)
        t->name[i] = xstrdup(r->n_col ? r->col[i]->name : r->name[i]);
    return t;
}

static void show_collected(struct exec *r, const struct group_table *from)
{
    uint64_t cells = from->n * from->n_agg;
    struct group_table *t = named_columns(r);

    t->n = from->n;
    t->cell = xcalloc(MAX(cells, (uint64_t)1), sizeof(*t->cell));
    for (uint64_t i = 0; i < cells; i++)
        t->cell[i] = val_keep(t->texts, from->cell[i]);
    exec_show_rows(r, t, "listed", from->n, rows_now(r));
}

static bool collect_row(struct exec *r, void *ctx)
{
    struct collect *c = ctx;
    struct row_access access = exec_access(r);
    unsigned width = c->t->n_agg;
    struct val *cell;

    if (c->t->n == c->max || exec_cancelled(r)) {
        c->t->more = c->t->n == c->max;
        return false;
    }
    GROW(c->t->cell, c->cap, (c->t->n + 1) * MAX(width, 1u));
    cell = c->t->cell + c->t->n++ * width;
    for (unsigned i = 0; i < width; i++)
        cell[i] = val_keep(c->t->texts, r->n_col ? expr_eval(r->col[i]->expr, &access)
                                                 : r->cell[r->at * r->width + i]);
    if (r->name) /* all of it was shown before */
        exec_tell(r, "listed", c->t->n, r->n);
    else if (exec_due(r, "listed", c->t->n, rows_now(r)))
        show_collected(r, c->t);
    return true;
}

struct group_table *exec_collect(struct exec *r, uint64_t max)
{
    struct collect c = {.t = named_columns(r), .max = max};

    exec_each(r, collect_row, &c);
    return c.t;
}

struct group_table *runquery_table(const struct runquery *q, uint64_t max,
                                   const struct runquery_watch *watch, struct err *e)
{
    struct runquery asked = *q;
    struct exec r = {.q = &asked, .limit = UINT64_MAX, .e = e};
    struct query_ast *defaults = NULL;
    struct group_table *t = NULL;
    bool sketched = false;

    asked.sketched = &sketched;
    r.watch = watch && watcher_can(q->ast) ? watcher_new(watch, max) : NULL;
    if (run_all(&r, &defaults) == 0) {
        t = exec_collect(&r, max);
        t->sketched = sketched;
    }
    exec_release(&r);
    watcher_free(r.watch);
    query_ast_free(defaults);
    return t;
}
