/* group_table.c - groups as rows. */
#include "group_impl.h"
#include "sortkey.h"
#include "spill.h"
#include "xalloc.h"

#define SORT_BYTES 64 /* about; a row, for its key */

/* By the keys, so that the answer is the same whatever came first; times from new to old. */
static void sort_table(struct group_table *t)
{
    unsigned width = t->n_key + t->n_agg;
    struct val *sorted = xmalloc_huge(MAX(t->n * width, (uint64_t)1) * sizeof(*sorted));
    struct sortkey *key = xcalloc(MAX(t->n, (uint64_t)1), sizeof(*key));
    struct strbuf bytes = STRBUF_INIT;
    size_t at = 0;

    for (uint64_t i = 0; i < t->n; i++) {
        size_t from = bytes.len;

        for (unsigned k = 0; k < t->n_key; k++) {
            const struct val *v = &t->cell[i * width + k];

            sortkey_add(&bytes, *v, true);
            strbuf_addc(&bytes, (char)v->kind);
        }
        key[i].left = (uint32_t)(bytes.len - from);
        key[i].row = (uint32_t)i;
    }
    for (uint64_t i = 0; i < t->n; i++) {
        key[i].p = (const unsigned char *)bytes.buf + at;
        at += key[i].left;
    }
    sortkey_sort(key, t->n);
    for (uint64_t i = 0; i < t->n; i++)
        memcpy(sorted + i * width, t->cell + (size_t)key[i].row * width, width * sizeof(*sorted));
    free(t->cell);
    t->cell = sorted;
    free(key);
    strbuf_release(&bytes);
}

int group_row_cmp(const struct val *a, const struct val *b, unsigned n_key)
{
    for (unsigned k = 0; k < n_key; k++) {
        int cmp = val_cmp(a[k], b[k]);

        if (cmp)
            return a[k].kind == VAL_TIME && b[k].kind == VAL_TIME ? -cmp : cmp;
        if (a[k].kind != b[k].kind)
            return a[k].kind < b[k].kind ? -1 : 1;
    }
    return 0;
}

static struct val agg_cell(void *row, const struct field_ref *f)
{
    const struct val *cell = row;

    return f->pseudo == PF_COLUMN && f->column >= 0 ? cell[f->column]
                                                    : (struct val){.kind = VAL_MISSING};
}

/* The items of a group, from its aggregates; agg is room for them. */
static void fill_items(struct grouper *g, struct dict *texts, uint32_t group, struct val *agg,
                       struct val *cell)
{
    const struct query_cmd *cmd = g->cmd;
    struct row_access access = {agg_cell, NULL, agg, &g->text};

    for (unsigned i = 0; i < cmd->n_agg; i++)
        agg[i] = val_keep(texts, group_result(g, group, i));
    for (unsigned i = 0; i < cmd->n_item; i++) {
        strbuf_reset(&g->text);
        cell[i] = val_keep(texts, expr_eval(cmd->item[i].expr, &access));
    }
}

/* Cells of the keys and items of all groups that came up. */
static void fill_table(struct grouper *g, struct group_table *t)
{
    const struct query_cmd *cmd = g->cmd;
    struct val *agg = xcalloc(MAX(cmd->n_agg, 1u), sizeof(*agg)), *cell = t->cell;

    for (uint32_t group = 0; group < g->n_group; group++) {
        if (!group_seen(g, group))
            continue;
        for (unsigned k = 0; k < cmd->n_by; k++) {
            uint32_t id = cmd->n_by == 1 ? group : g->tuple[(size_t)group * cmd->n_by + k];

            cell[k] = group_key_val(&g->key[k], id);
            /* the texts of the first key, and of dictionaries, stay where they are */
            if (k && id >= g->key[k].base)
                cell[k] = val_keep(t->texts, cell[k]);
        }
        fill_items(g, t->texts, group, agg, cell + cmd->n_by);
        cell += t->n_key + t->n_agg;
    }
    free(agg);
}

struct group_table *group_table_new(const struct query_cmd *stats, uint64_t n)
{
    struct group_table *t = xcalloc(1, sizeof(*t));
    unsigned width = stats->n_by + stats->n_item;

    t->n_key = stats->n_by;
    t->n_agg = stats->n_item;
    t->n = n;
    t->name = xcalloc(width, sizeof(*t->name));
    for (unsigned i = 0; i < width; i++)
        t->name[i] =
            xstrdup(i < stats->n_by ? stats->by[i].name : stats->item[i - stats->n_by].name);
    return t;
}

struct group_table *grouper_table(struct grouper *g, unsigned threads, bool any_order)
{
    const struct query_cmd *cmd = g->cmd;
    size_t row = (cmd->n_by + cmd->n_item) * sizeof(struct val);
    struct memlease memory = {.use = MEMORY_ROWS};
    bool sorts = cmd->n_by && !any_order;
    struct group_table *t;

    if (cmd->n_by == 0)
        group_of(g, (uint32_t[1]){0});
    if (!memlease_resize(&memory, g->n_seen * (sorts ? 2 * row + SORT_BYTES : row)))
        return NULL;
    t = group_table_new(cmd, g->n_seen);
    t->sketched = group_aggs_finish(g, threads);
    t->cell = xmalloc_huge(MAX(t->n, (uint64_t)1) * (t->n_key + t->n_agg) * sizeof(*t->cell));
    t->texts = cmd->n_by ? g->key[0].texts : dict_new();
    fill_table(g, t);
    if (cmd->n_by)
        g->key[0].texts = NULL;
    if (sorts)
        sort_table(t);
    memlease_force(&memory, t->n * row);
    t->memory = memory;
    return t;
}

void group_free(struct group_table *t)
{
    if (!t)
        return;
    for (unsigned i = 0; i < t->n_key + t->n_agg; i++)
        free(t->name[i]);
    free(t->name);
    if (!t->spilled)
        free(t->cell);
    spilled_free(t->spilled);
    memlease_release(&t->memory);
    dict_free(t->texts);
    free(t);
}
