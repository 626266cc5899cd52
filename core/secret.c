/* secret.c - see secret.h. In doubt a column counts as secret: only texts of it are hidden. */
#include "secret.h"

#include "format.h"
#include "redact.h"

#define ALL_CELLS (~(secret_cells)0)

static secret_cells bit_of(unsigned cell)
{
    return (secret_cells)1 << MIN(cell, 63u);
}

static bool is_secret_field(const struct expr *e, secret_cells cells)
{
    const struct field_ref *f = e->field;
    bool is = redact_names_secret(e->text);

    if (f->pseudo == PF_COLUMN)
        return is || (f->column >= 0 && (cells & bit_of((unsigned)f->column)));
    for (unsigned t = 0; f->pseudo == PF_NONE && !is && t < logtype_count(); t++)
        is = f->per_type[t] >= 0 &&
             redact_names_secret(slice_str(logtype_get(t)->field[f->per_type[t]]->name));
    return is;
}

static bool is_secret(const struct expr *e, secret_cells cells)
{
    bool is = e && e->kind == EX_FIELD && is_secret_field(e, cells);

    for (unsigned i = 0; e && i < e->n && !is; i++)
        is = is_secret(e->arg[i], cells);
    return is;
}

bool secret_item(const struct query_item *item, secret_cells cells)
{
    return is_secret(item->expr, cells) ||
           (item->name && redact_names_secret(slice_str(item->name)));
}

bool secret_cell(const char *name, unsigned cell, secret_cells cells)
{
    return (cells & bit_of(cell)) || redact_names_secret(slice_str(name));
}

/* Keys, then items; these are over the aggregates as cells. */
static secret_cells of_stats(const struct query_cmd *c, secret_cells before)
{
    secret_cells agg = 0, after = 0;

    for (unsigned i = 0; i < c->n_agg; i++)
        if (is_secret(c->agg[i].expr, before))
            agg |= bit_of(i);
    for (unsigned i = 0; i < c->n_by; i++)
        if (secret_item(&c->by[i], before))
            after |= bit_of(i);
    for (unsigned i = 0; i < c->n_item; i++)
        if (secret_item(&c->item[i], agg))
            after |= bit_of(c->n_by + i);
    return after;
}

/* The cells that a command adds are all of one source, but those of the other side of a join. */
static secret_cells of_made(const struct query_cmd *c, secret_cells before)
{
    secret_cells other = c->sub ? secret_cells_of(c->sub) : 0;

    for (unsigned i = 0; i < c->n_made; i++)
        if (redact_names_secret(slice_str(c->made[i])) ||
            (c->right ? is_secret(c->right[c->n_item + i].expr, other)
                      : is_secret(c->from, before)))
            before |= bit_of(c->cell[i]);
    return before;
}

secret_cells secret_cells_of(const struct query_ast *q)
{
    secret_cells cells = 0;

    for (unsigned i = 0; i < q->n_cmd; i++) {
        const struct query_cmd *c = &q->cmd[i];

        if (c->kind == QCMD_STATS)
            cells = of_stats(c, cells);
        else if (c->kind == QCMD_PATTERN)
            cells = is_secret(c->from, cells) ? bit_of(0) : 0; /* the pattern */
        else if (c->kind == QCMD_DIFF)
            cells = cells ? ALL_CELLS : 0;
        else if (c->n_made && c->cell)
            cells = of_made(c, cells);
    }
    return cells;
}
