/* widen.c - commands whose rows have more cells than those before: unnest, parse ... multi, join
 * and lookup. A new list of rows takes the place of the one at hand; each row of it is one of
 * those, and what the command adds. */
#include "runquery_impl.h"

#include "dict.h"
#include "joined.h"
#include "regex.h"
#include "xalloc.h"

#define STEP (1u << 20)
#define MAX_ROWS_BYTES (UINT64_C(1) << 30) /* that a join may make */

struct maker {
    struct exec *r;
    const struct query_cmd *c;
    struct rowref *ref;
    struct val *cell;
    unsigned width;
    uint64_t n;
    size_t cap_ref, cap_cell;
    struct memlease memory; /* of those; grows by STEP */
    struct dict *texts;
};

/* One more row, that of the list at hand; the new cells are missing as yet. */
static struct val *make_row(struct maker *m)
{
    struct exec *r = m->r;
    size_t bytes = (m->n + 1) * (m->width * sizeof(*m->cell) + sizeof(*m->ref));
    struct val *cell;

    if (bytes > m->memory.held)
        memlease_force(&m->memory, bytes + STEP);
    GROW(m->cell, m->cap_cell, (m->n + 1) * m->width);
    cell = m->cell + m->n * m->width;
    if (r->ref) {
        GROW(m->ref, m->cap_ref, m->n + 1);
        m->ref[m->n] = r->ref[r->at];
    }
    for (unsigned i = 0; i < r->width; i++)
        cell[i] = val_keep(m->texts, r->cell[r->at * r->width + i]);
    for (unsigned i = r->width; i < m->width; i++)
        cell[i] = (struct val){.kind = VAL_MISSING};
    m->n++;
    return cell;
}

/* New cells of a table have names, too. */
static void name_cells(struct exec *r, const struct maker *m)
{
    const struct query_cmd *c = m->c;

    if (!r->name)
        return;
    r->name = xreallocarray(r->name, m->width, sizeof(*r->name));
    for (unsigned i = r->width; i < m->width; i++)
        r->name[i] = NULL;
    for (unsigned i = 0; i < c->n_made; i++) {
        free(r->name[c->cell[i]]);
        r->name[c->cell[i]] = xstrdup(c->made[i]);
    }
    for (unsigned i = r->width; i < m->width; i++)
        if (!r->name[i])
            r->name[i] = xstrdup("");
}

/* The rows are those that were made. */
static void take_made(struct exec *r, struct maker *m)
{
    name_cells(r, m);
    free(r->ref);
    exec_free_cells(r);
    dict_free(r->texts);
    r->ref = m->ref;
    r->cell = m->cell;
    r->width = m->width;
    r->texts = m->texts;
    r->n = m->n;
    memlease_release(&r->memory);
    r->memory = m->memory;
}

/* --- unnest, parse ... multi --- */

static void unnest_row(struct maker *m, struct val list, struct strbuf *own)
{
    struct val v;

    for (uint64_t i = 0; strbuf_reset(own), val_element(list, i, own, &v); i++)
        make_row(m)[m->c->cell[0]] = val_keep(m->texts, v);
}

static void match_row(struct maker *m, struct val from)
{
    const struct query_cmd *c = m->c;
    struct strbuf own = STRBUF_INIT;
    struct slice s, all;
    size_t at = 0, start;

    val_print(from, &own);
    s = strbuf_slice(&own);
    for (start = 0; regex_group(c->re, s, 0, &at, &all); start = at) {
        struct val *cell = make_row(m);

        for (unsigned i = 0; i < c->n_made; i++) {
            struct slice group = {NULL, 0};
            size_t again = start;

            if (regex_group(c->re, s, c->group[i], &again, &group) && group.ptr)
                cell[c->cell[i]] = val_keep(m->texts, (struct val){.kind = VAL_STR, .str = group});
        }
    }
    strbuf_release(&own);
}

static int expand(struct maker *m)
{
    struct exec *r = m->r;
    struct row_access access = exec_access(r);
    struct strbuf own = STRBUF_INIT;

    for (uint64_t i = 0; i < r->n && !exec_cancelled(r); i++) {
        struct val v;

        exec_at(r, i);
        v = expr_eval(m->c->from, &access);
        if (m->c->kind == QCMD_UNNEST)
            unnest_row(m, v, &own);
        else
            match_row(m, v);
        exec_tell(r, "widened", i, r->n);
    }
    strbuf_release(&own);
    return 0;
}

/* --- join, lookup --- */

struct side {
    const struct query_cmd *c;
    struct joined *rows;
    struct val *cell; /* n_made */
    struct dict *texts;
    bool full;
};

static bool add_right(struct exec *r, void *ctx)
{
    struct side *s = ctx;
    struct row_access access = exec_access(r);

    for (unsigned i = 0; i < s->c->n_made; i++) {
        s->cell[i] = val_keep(s->texts, expr_eval(s->c->right[i].expr, &access));
        if (i < s->c->n_item)
            joined_key(s->rows, i, s->cell[i]);
    }
    s->full = !joined_add(s->rows, s->cell);
    return !s->full && !exec_cancelled(r);
}

/* The rows of the other side, by their keys, which are their first cells. */
static int read_right(struct maker *m, struct joined *rows)
{
    const struct query_cmd *c = m->c;
    struct side s = {.c = c, .rows = rows, .texts = m->texts};
    int rc;

    s.cell = xcalloc(c->n_made, sizeof(*s.cell));
    rc = subquery_each(m->r->q, c->sub, add_right, &s, m->r->e);
    free(s.cell);
    if (rc == 0 && s.full)
        rc = err_set(m->r->e, ERR_LIMIT,
                     "join: the other side has more than %u MiB: filter it more, or name fewer of "
                     "its fields",
                     JOINED_MAX_BYTES >> 20);
    return rc;
}

static bool make_joined(struct maker *m, const struct val *row)
{
    struct val *cell = make_row(m);

    for (unsigned i = 0; row && i < m->c->n_made; i++)
        cell[m->c->cell[i]] = row[i];
    return m->memory.held <= MAX_ROWS_BYTES && !membudget_over();
}

/* Row i with each of the other side that has its keys; of a file the first. */
static bool join_row(struct maker *m, struct joined *rows)
{
    const struct query_cmd *c = m->c;
    struct row_access access = exec_access(m->r);
    bool lookup = c->kind == QCMD_LOOKUP;
    uint32_t at;

    for (unsigned k = 0; k < c->n_item; k++)
        joined_key(rows, k, expr_eval(c->item[k].expr, &access));
    at = joined_find(rows);
    if (at == JOINED_NONE)
        return !(c->outer || lookup) || make_joined(m, NULL);
    for (; at != JOINED_NONE; at = lookup ? JOINED_NONE : joined_next(rows, at))
        if (!make_joined(m, joined_row(rows, at)))
            return false;
    return true;
}

static int join(struct maker *m)
{
    const struct query_cmd *c = m->c;
    struct exec *r = m->r;
    struct joined *rows = joined_new(c->n_made, m->texts);
    bool room = true;
    int rc = c->kind == QCMD_LOOKUP ? lookup_read(r, c, rows, m->texts) : read_right(m, rows);

    for (uint64_t i = 0; rc == 0 && room && i < r->n && !exec_cancelled(r); i++) {
        exec_at(r, i);
        room = join_row(m, rows);
    }
    if (!room && !exec_cancelled(r))
        rc = err_set(r->e, ERR_LIMIT,
                     "%s makes more than %u MiB of rows: filter before it, or join on more fields",
                     c->kind == QCMD_LOOKUP ? "lookup" : "join", (unsigned)(MAX_ROWS_BYTES >> 20));
    joined_free(rows);
    return rc;
}

int exec_widen(struct exec *r, const struct query_cmd *c)
{
    struct maker m = {
        .r = r, .c = c, .width = r->width, .texts = dict_new(), .memory = {.use = MEMORY_ROWS}};
    int rc;

    for (unsigned i = 0; i < c->n_made; i++)
        m.width = MAX(m.width, c->cell[i] + 1);
    exec_list(r);
    rc = c->kind == QCMD_UNNEST || c->kind == QCMD_MULTI ? expand(&m) : join(&m);
    take_made(r, &m);
    return rc ? rc : exec_stopped(r);
}
