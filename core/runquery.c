/* runquery.c - the commands of a query, one after the other.
 *
 * Before the first `stats` (or the end) rows are references to records. Filters before the first
 * `limit` or `dedup` run vectorised into a rowset, wherever they stand; as long as nothing
 * reorders, rows are visited in time order and written as they come. sort, dedup and a later filter
 * work on a list of references; a sort with a limit behind it keeps no more rows than that. After
 * `stats` rows are the cells of its table. Aliases made by `fields` are replaced by their
 * expressions first, so no later command needs to know of them. */
#include "runquery.h"

#include "agg.h"
#include "xalloc.h"

struct exec {
    const struct runquery *q;
    struct rowset *set;
    struct rowref *ref; /* the list, once there is one */
    uint64_t n_ref;
    bool listed;
    struct rowview view;
    unsigned early;          /* filters among the first so many commands are in `set` already */
    struct query_item **col; /* columns to show; none: whole records */
    unsigned n_col;
    bool display; /* by `display`: later `fields` add nothing */
    uint64_t written, limit;
    struct output *out;
    struct val *cells;
    struct strbuf *scratch; /* texts of each cell of a row */
    struct strbuf line;
    struct err *e;
};

/* --- aliases --- */

static void replace_columns(struct expr *e, struct query_item **item, unsigned n)
{
    if (e->kind == EX_FIELD && e->field->pseudo == PF_COLUMN) {
        if ((unsigned)e->field->column < n && item[e->field->column]->expr)
            *e = *item[e->field->column]->expr;
        return;
    }
    for (unsigned i = 0; i < e->n; i++)
        replace_columns(e->arg[i], item, n);
}

static void replace_in_items(struct query_item *it, unsigned n_it, struct query_item **item,
                             unsigned n)
{
    for (unsigned i = 0; i < n_it; i++)
        if (it[i].expr)
            replace_columns(it[i].expr, item, n);
}

/* Replaces aliases up to and including the first stats; returns the number of those commands. */
static unsigned inline_aliases(struct query_ast *q)
{
    struct query_item **item = NULL;
    size_t n = 0, cap = 0;
    unsigned i;
    bool stats = false;

    for (i = 0; i < q->n_cmd && !stats; i++) {
        struct query_cmd *c = &q->cmd[i];

        if (c->filter)
            replace_columns(c->filter, item, (unsigned)n);
        replace_in_items(c->item, c->n_item, item, (unsigned)n);
        replace_in_items(c->by, c->n_by, item, (unsigned)n);
        stats = c->kind == CMD_STATS;
        for (unsigned k = 0; c->kind == CMD_FIELDS && k < c->n_item; k++) {
            GROW(item, cap, n + 1);
            item[n++] = &c->item[k];
        }
    }
    free(item);
    return i;
}

/* --- rows --- */

static bool cancelled(const struct exec *r)
{
    return r->q->cancel && *r->q->cancel;
}

static bool take_ref(void *ctx, struct rowref ref)
{
    struct exec *r = ctx;

    if (!r->q->no_sort && r->n_ref >= r->limit)
        return false;
    r->ref[r->n_ref++] = ref;
    return !cancelled(r);
}

static int by_place(const void *a, const void *b, void *ctx)
{
    const struct exec *r = ctx;
    struct rowkey x = rowref_key(r->set, *(const struct rowref *)a);
    struct rowkey y = rowref_key(r->set, *(const struct rowref *)b);

    x.ts = y.ts = 0;
    return rowkey_cmp(&x, &y);
}

static void make_list(struct exec *r)
{
    if (r->listed)
        return;
    r->listed = true;
    r->ref =
        xmalloc((r->q->no_sort ? r->set->total : MIN(r->set->total, r->limit)) * sizeof(*r->ref));
    order_each(r->set, take_ref, r);
    if (r->q->no_sort && r->n_ref)
        qsort_r(r->ref, r->n_ref, sizeof(*r->ref), by_place, r);
    r->n_ref = MIN(r->n_ref, r->limit);
}

static void at_row(struct exec *r, struct rowref ref)
{
    rowview_at(&r->view, r->set->snap->seg[ref.seg], ref.row);
    strbuf_reset(&r->view.scratch);
}

static int eval_set(struct exec *r, const struct expr *e)
{
    struct filter *f = filter_new(e);
    struct snapshot *snap = session_snapshot(r->q->session);

    r->set = rowset_eval(r->q->session, snap, f, NULL, 0, r->q->cancel);
    filter_free(f);
    snapshot_unref(snap);
    return r->set ? 0 : err_set(r->e, ERR_CANCEL, "stopped");
}

static void narrow(struct exec *r, const struct expr *e)
{
    struct row_access access = rowview_access(&r->view);
    uint64_t n = 0;

    make_list(r);
    for (uint64_t i = 0; i < r->n_ref && !cancelled(r); i++) {
        at_row(r, r->ref[i]);
        if (val_truth(expr_eval(e, &access)))
            r->ref[n++] = r->ref[i];
    }
    r->n_ref = n;
}

/* --- sort --- */

struct sort_row {
    uint64_t at; /* place before, for equal keys */
    struct rowref ref;
    struct val key[];
};

/* Rows with their keys. With `keep` set, the rows behind the best `keep` are dropped each time the
 * room is used up, and their texts with them: so memory does not grow with the input. */
struct sorter {
    const struct query_cmd *cmd;
    struct dict *texts; /* of the keys */
    char *row;          /* elements of `size` bytes */
    size_t size;
    uint64_t n, cap, seen;
    uint64_t keep; /* 0: all */
    bool full;     /* the first `keep` rows are in order, the rest is newer */
    struct exec *exec;
};

#define SORT_ROOM 4096
#define SORT_KEEP_MAX 1000000

static int key_cmp(const struct query_item *it, const struct val *v, const struct val *w)
{
    int cmp = val_cmp(*v, *w);

    /* missing is last in both directions */
    return it->desc && v->kind != VAL_MISSING && w->kind != VAL_MISSING ? -cmp : cmp;
}

static int by_keys(const void *a, const void *b, void *ctx)
{
    const struct query_cmd *c = ctx;
    const struct sort_row *x = a, *y = b;

    for (unsigned k = 0; k < c->n_item; k++) {
        int cmp = key_cmp(&c->item[k], &x->key[k], &y->key[k]);

        if (cmp)
            return cmp;
    }
    return (x->at > y->at) - (x->at < y->at);
}

static struct val keep_text(struct dict *d, struct val v)
{
    uint64_t h;
    uint32_t id;

    if (!v.str.ptr)
        return v;
    h = dict_hash(v.str);
    dict_intern(d, &v.str, &h, &id, 1);
    v.str = dict_text(d, id);
    return v;
}

static struct sort_row *sorter_row(const struct sorter *s, uint64_t i)
{
    return (struct sort_row *)(s->row + i * s->size);
}

static void sorter_init(struct sorter *s, struct query_cmd *c, uint64_t limit)
{
    *s = (struct sorter){.cmd = c, .texts = dict_new()};
    s->size = sizeof(struct sort_row) + c->n_item * sizeof(struct val);
    s->keep = limit <= SORT_KEEP_MAX ? MAX(limit, 1) : 0;
}

static void sorter_release(struct sorter *s)
{
    free(s->row);
    dict_free(s->texts);
}

static void sorter_order(struct sorter *s)
{
    struct dict *texts;

    if (s->n)
        qsort_r(s->row, s->n, s->size, by_keys, (void *)s->cmd);
    if (!s->keep || s->n <= s->keep)
        return;
    s->n = s->keep;
    s->full = true;
    texts = dict_new();
    for (uint64_t i = 0; i < s->n; i++)
        for (unsigned k = 0; k < s->cmd->n_item; k++)
            sorter_row(s, i)->key[k] = keep_text(texts, sorter_row(s, i)->key[k]);
    dict_free(s->texts);
    s->texts = texts;
}

static void sorter_room(struct sorter *s)
{
    if (s->n < s->cap)
        return;
    if (s->keep && s->cap)
        sorter_order(s);
    if (s->n < s->cap)
        return;
    s->cap = s->cap ? 2 * s->cap : MAX(SORT_ROOM, 2 * s->keep);
    s->row = xreallocarray(s->row, s->cap, s->size);
}

static void sorter_add(struct sorter *s, struct rowref ref, const struct row_access *access)
{
    struct sort_row *row;

    sorter_room(s);
    row = sorter_row(s, s->n);
    row->at = s->seen++;
    row->ref = ref;
    for (unsigned k = 0; k < s->cmd->n_item; k++) {
        struct val v = expr_eval(s->cmd->item[k].expr, access);

        if (k == 0 && s->full &&
            key_cmp(&s->cmd->item[0], &v, &sorter_row(s, s->keep - 1)->key[0]) > 0)
            return;
        row->key[k] = keep_text(s->texts, v);
    }
    s->n++;
}

static bool sort_ref(void *ctx, struct rowref ref)
{
    struct sorter *s = ctx;
    struct row_access access = rowview_access(&s->exec->view);

    at_row(s->exec, ref);
    sorter_add(s, ref, &access);
    return !cancelled(s->exec);
}

/* `limit`: how many rows are asked for by the commands behind, UINT64_MAX if all. */
static void sort_list(struct exec *r, struct query_cmd *c, uint64_t limit)
{
    struct sorter s;

    if (r->q->no_sort || r->limit != UINT64_MAX)
        make_list(r);
    sorter_init(&s, c, limit);
    s.exec = r;
    if (!r->listed)
        order_each(r->set, sort_ref, &s);
    for (uint64_t i = 0; r->listed && i < r->n_ref && sort_ref(&s, r->ref[i]); i++)
        ;
    sorter_order(&s);
    r->listed = true;
    r->n_ref = s.n;
    r->ref = xreallocarray(r->ref, MAX(s.n, 1), sizeof(*r->ref));
    for (uint64_t i = 0; i < s.n; i++)
        r->ref[i] = sorter_row(&s, i)->ref;
    sorter_release(&s);
}

/* The limit that follows the sort at `i` with nothing between that looks at the rows. */
static uint64_t limit_after(const struct exec *r, unsigned i, unsigned n)
{
    const struct query_cmd *cmd = r->q->ast->cmd;

    while (++i < n) {
        bool done_early = i < r->early && cmd[i].kind == CMD_FILTER;

        if (cmd[i].kind == CMD_LIMIT)
            return cmd[i].limit;
        if (cmd[i].kind != CMD_FIELDS && cmd[i].kind != CMD_DISPLAY && !done_early)
            break;
    }
    return UINT64_MAX;
}

/* --- dedup --- */

/* The first row of each combination stays; one with a missing key always does. */
static void dedup_list(struct exec *r, const struct query_cmd *c, bool sorted)
{
    struct row_access access = rowview_access(&r->view);
    struct dict *seen = dict_new();
    struct strbuf text = STRBUF_INIT;
    bool *keep;
    uint64_t n = 0;

    make_list(r);
    keep = xcalloc(r->n_ref, sizeof(*keep));
    for (uint64_t k = 0; k < r->n_ref; k++) {
        uint64_t i = sorted ? k : r->n_ref - 1 - k; /* without a sort the newest stays */
        bool missing = false;

        at_row(r, r->ref[i]);
        strbuf_reset(&text);
        for (unsigned f = 0; f < c->n_item; f++) {
            struct val v = expr_eval(c->item[f].expr, &access);

            missing |= v.kind == VAL_MISSING;
            val_print(v, &text);
            strbuf_addc(&text, '\0');
        }
        uint32_t before = dict_count(seen), id = 0;
        struct slice s = strbuf_slice(&text);
        uint64_t h = dict_hash(s);

        if (!missing)
            dict_intern(seen, &s, &h, &id, 1);
        keep[i] = missing || id >= before;
    }
    for (uint64_t i = 0; i < r->n_ref; i++)
        if (keep[i])
            r->ref[n++] = r->ref[i];
    r->n_ref = n;
    free(keep);
    strbuf_release(&text);
    dict_free(seen);
}

/* --- writing --- */

/* `fields` add up until a `display`, which says it all; the last one wins. */
static void add_columns(struct exec *r, struct query_cmd *c)
{
    if (c->kind == CMD_FIELDS && r->display)
        return;
    if (c->kind == CMD_DISPLAY) {
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

static bool write_columns(struct exec *r)
{
    struct row_access access = rowview_access(&r->view);

    for (unsigned i = 0; i < r->n_col; i++) {
        strbuf_reset(&r->scratch[i]);
        access.scratch = &r->scratch[i];
        r->cells[i] = expr_eval(r->col[i]->expr, &access);
    }
    return output_row(r->out, r->cells);
}

static bool write_ref(void *ctx, struct rowref ref)
{
    struct exec *r = ctx;

    if (r->written >= r->limit || cancelled(r))
        return false;
    at_row(r, ref);
    r->written++;
    return r->out ? write_columns(r) : write_whole(r);
}

static void begin_columns(struct exec *r)
{
    const char **name;

    if (r->n_col == 0)
        return;
    name = xcalloc(r->n_col, sizeof(*name));
    for (unsigned i = 0; i < r->n_col; i++)
        name[i] = r->col[i]->name;
    r->out = output_new(r->q->format, name, r->n_col, r->q->sink, r->q->ctx);
    r->cells = xcalloc(r->n_col, sizeof(*r->cells));
    r->scratch = xcalloc(r->n_col, sizeof(*r->scratch));
    free(name);
}

static void write_rows(struct exec *r)
{
    begin_columns(r);
    if (r->q->no_sort)
        make_list(r);
    if (!r->listed)
        order_each(r->set, write_ref, r);
    for (uint64_t i = 0; r->listed && i < r->n_ref && write_ref(r, r->ref[i]); i++)
        ;
    if (r->out)
        output_end(r->out);
}

/* --- after stats --- */

struct cells_row {
    const struct val *cell;
    unsigned n;
};

static struct val cell_field(void *row, const struct field_ref *f)
{
    const struct cells_row *c = row;

    if (f->pseudo == PF_COLUMN && (unsigned)f->column < c->n)
        return c->cell[f->column];
    return (struct val){.kind = VAL_MISSING};
}

static bool cell_ip(void *row, unsigned i, struct slice *out)
{
    (void)row;
    (void)i;
    (void)out;
    return false;
}

struct stats_rows {
    struct group_table *t;
    unsigned width;
    struct strbuf scratch;
};

static void stats_filter(struct stats_rows *s, const struct expr *e)
{
    uint64_t n = 0;

    for (uint64_t i = 0; i < s->t->n; i++) {
        struct cells_row row = {s->t->cell + i * s->width, s->width};
        struct row_access access = {cell_field, cell_ip, &row, &s->scratch};

        strbuf_reset(&s->scratch);
        if (!val_truth(expr_eval(e, &access)))
            continue;
        memmove(s->t->cell + n * s->width, s->t->cell + i * s->width,
                s->width * sizeof(*s->t->cell));
        n++;
    }
    s->t->n = n;
}

static void stats_sort(struct stats_rows *s, struct query_cmd *c)
{
    struct val *old = xmemdup(s->t->cell, s->t->n * s->width * sizeof(*old));
    struct sorter sorter;

    sorter_init(&sorter, c, UINT64_MAX);
    for (uint64_t i = 0; i < s->t->n; i++) {
        struct cells_row cells = {old + i * s->width, s->width};
        struct row_access access = {cell_field, cell_ip, &cells, &s->scratch};

        strbuf_reset(&s->scratch);
        sorter_add(&sorter, (struct rowref){0, 0}, &access);
    }
    sorter_order(&sorter);
    for (uint64_t i = 0; i < s->t->n; i++)
        memcpy(s->t->cell + i * s->width, old + sorter_row(&sorter, i)->at * s->width,
               s->width * sizeof(*old));
    sorter_release(&sorter);
    free(old);
}

/* The columns that `fields` and `display` chose (r->col), or all of the table. */
static void stats_write(struct exec *r, struct stats_rows *s)
{
    unsigned n = r->n_col ? r->n_col : s->width;
    const char **name = xcalloc(n, sizeof(*name));
    struct val *cell = xcalloc(n, sizeof(*cell));

    for (unsigned i = 0; i < n; i++)
        name[i] = r->n_col ? r->col[i]->name : s->t->name[i];
    r->out = output_new(r->q->format, name, n, r->q->sink, r->q->ctx);
    for (uint64_t k = 0; k < s->t->n && !cancelled(r); k++) {
        struct cells_row cells = {s->t->cell + k * s->width, s->width};
        struct row_access access = {cell_field, cell_ip, &cells, &s->scratch};

        strbuf_reset(&s->scratch);
        for (unsigned i = 0; i < n; i++)
            cell[i] = r->n_col ? keep_text(s->t->texts, expr_eval(r->col[i]->expr, &access))
                               : cells.cell[i];
        r->written++;
        if (!output_row(r->out, cell))
            break;
    }
    output_end(r->out);
    free(name);
    free(cell);
}

static int run_stats(struct exec *r, unsigned at)
{
    struct query_ast *q = r->q->ast;
    struct stats_rows s = {.scratch = STRBUF_INIT};

    for (unsigned i = at + 1; i < q->n_cmd; i++)
        if (q->cmd[i].kind == CMD_STATS || q->cmd[i].kind == CMD_DEDUP)
            return err_set(r->e, ERR_USAGE, "%s after stats is not supported by this version",
                           q->cmd[i].kind == CMD_STATS ? "a second stats" : "dedup");
    s.t = group_compute(r->q->session, r->set, &q->cmd[at], r->q->cancel, r->e);
    if (!s.t)
        return r->e->code;
    s.width = s.t->n_key + s.t->n_agg;
    r->n_col = 0;
    r->display = false;
    for (unsigned i = at + 1; i < q->n_cmd; i++) {
        struct query_cmd *c = &q->cmd[i];

        if (c->kind == CMD_FILTER)
            stats_filter(&s, c->filter);
        else if (c->kind == CMD_SORT)
            stats_sort(&s, c);
        else if (c->kind == CMD_LIMIT)
            s.t->n = MIN(s.t->n, c->limit);
        else
            add_columns(r, c);
    }
    stats_write(r, &s);
    group_free(s.t);
    strbuf_release(&s.scratch);
    return 0;
}

/* --- the pipeline --- */

/* The rows that a list still holds, as a set again: stats takes sets. */
static void fill_listed(void *ctx, uint32_t i, uint64_t *bits)
{
    const struct exec *r = ctx;

    for (uint64_t k = 0; k < r->n_ref; k++)
        if (r->ref[k].seg == i)
            bit_set(bits, r->ref[k].row);
}

static void list_to_set(struct exec *r)
{
    struct rowset *all = r->set;

    r->limit = UINT64_MAX;
    r->set = rowset_from(all->snap, fill_listed, r, NULL);
    rowset_unref(all);
}

static int run_commands(struct exec *r, unsigned n)
{
    struct query_ast *q = r->q->ast;
    bool sorted = false;

    for (unsigned i = 0; i < n; i++) {
        struct query_cmd *c = &q->cmd[i];

        switch (c->kind) {
        case CMD_FILTER:
            if (i >= r->early)
                narrow(r, c->filter);
            break;
        case CMD_SORT:
            sort_list(r, c, limit_after(r, i, n));
            sorted = true;
            break;
        case CMD_DEDUP:
            dedup_list(r, c, sorted);
            break;
        case CMD_LIMIT:
            r->limit = MIN(r->limit, c->limit);
            if (r->listed)
                r->n_ref = MIN(r->n_ref, r->limit);
            break;
        case CMD_FIELDS:
        case CMD_DISPLAY:
            add_columns(r, c);
            break;
        case CMD_STATS:
            if (r->limit != UINT64_MAX)
                make_list(r);
            if (r->listed)
                list_to_set(r);
            return run_stats(r, i);
        }
    }
    write_rows(r);
    return 0;
}

/* Filters before the first command that drops rows by their number or order become one expression:
 * what else stands among them (fields, sort) neither drops rows nor makes any. Returns the first
 * command that was not looked at; all->arg is the caller's. */
static unsigned early_filters(const struct query_ast *q, const struct query_ast *within,
                              struct expr *all)
{
    unsigned i, n_within = within ? within->n_cmd : 0;

    *all = (struct expr){.kind = EX_AND, .arg = xcalloc(q->n_cmd + n_within, sizeof(*all->arg))};
    for (i = 0; i < n_within; i++)
        all->arg[all->n++] = within->cmd[i].filter;
    for (i = 0; i < q->n_cmd; i++) {
        const struct query_cmd *c = &q->cmd[i];

        if (c->kind == CMD_FILTER)
            all->arg[all->n++] = c->filter;
        else if (c->kind != CMD_FIELDS && c->kind != CMD_DISPLAY && c->kind != CMD_SORT)
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
        if (q->cmd[i].kind == CMD_FIELDS || q->cmd[i].kind == CMD_DISPLAY ||
            q->cmd[i].kind == CMD_STATS)
            return true;
    return false;
}

static void run_release(struct exec *r, struct query_ast *defaults)
{
    for (unsigned i = 0; r->scratch && i < r->n_col; i++)
        strbuf_release(&r->scratch[i]);
    free(r->scratch);
    free(r->cells);
    free(r->col);
    free(r->ref);
    strbuf_release(&r->line);
    rowview_release(&r->view);
    rowset_unref(r->set);
    query_ast_free(defaults);
}

int runquery(const struct runquery *q, uint64_t *rows, struct err *e)
{
    struct exec r = {.q = q, .limit = UINT64_MAX, .e = e};
    struct query_ast *defaults = NULL;
    struct expr all;
    unsigned n = inline_aliases(q->ast);
    int rc;

    r.early = early_filters(q->ast, q->within, &all);
    rowview_init(&r.view, q->session);
    if (!names_columns(q->ast) && q->format != OUTPUT_JSON && q->format != OUTPUT_RAW) {
        defaults = default_columns();
        add_columns(&r, &defaults->cmd[0]);
    }
    rc = eval_set(&r, all.n ? &all : NULL);
    free(all.arg);
    if (rc == 0)
        rc = run_commands(&r, n);
    *rows = r.written;
    run_release(&r, defaults);
    return rc;
}
