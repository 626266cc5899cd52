/* diff.c - two windows of time, side by side. */
#include "diff.h"

#include <math.h>

#include "value.h"
#include "xalloc.h"

/* --- the windows --- */

static bool is_time(const struct expr *e)
{
    return e->kind == EX_FIELD && e->field->pseudo == PF_TIMESTAMP;
}

static void bound(const struct expr *e, struct diff_window *w)
{
    int64_t us;

    if (e->kind == EX_AND) {
        for (unsigned i = 0; i < e->n; i++)
            bound(e->arg[i], w);
    } else if (e->kind == EX_RANGE && e->is_time && is_time(e->arg[0])) {
        w->from_us = MAX(w->from_us, e->lo_us);
        w->to_us = MIN(w->to_us, e->hi_us + 1);
    } else if (e->kind == EX_CMP && is_time(e->arg[0]) && e->arg[1]->kind == EX_TIME) {
        us = e->arg[1]->time_us;
        if (e->op == OP_GE || e->op == OP_GT)
            w->from_us = MAX(w->from_us, us + (e->op == OP_GT));
        else if (e->op == OP_LT || e->op == OP_LE)
            w->to_us = MIN(w->to_us, us + (e->op == OP_LE));
    }
}

static int64_t months_before(int64_t us, unsigned months)
{
    struct civil c = us_to_civil(us);
    int month = c.mon - 1 - (int)months;

    /* a day that the month does not have is one of the next */
    return civil_to_us(c.year + (month < 0 ? (month - 11) / 12 : 0), (month % 12 + 12) % 12 + 1,
                       c.day, c.hour, c.min, c.sec, c.us);
}

bool diff_window(const struct query_ast *q, unsigned n_cmd, const struct query_ast *within,
                 const struct query_cmd *diff, int64_t newest_us, struct diff_window *w)
{
    *w = (struct diff_window){INT64_MIN, INT64_MAX, diff->bin_us};
    for (unsigned i = 0; within && i < within->n_cmd; i++)
        bound(within->cmd[i].filter, w);
    for (unsigned i = 0; i < n_cmd; i++)
        if (q->cmd[i].kind == QCMD_FILTER)
            bound(q->cmd[i].filter, w);
    if (w->from_us == INT64_MIN)
        return false;
    if (w->to_us == INT64_MAX)
        w->to_us = newest_us + 1;
    if (diff->column)
        w->back_us = w->from_us - months_before(w->from_us, diff->column);
    else if (!diff->bin_us)
        w->back_us = MAX(w->to_us - w->from_us, INT64_C(0));
    return true;
}

static void move(struct expr *e, int64_t us)
{
    if (e->kind == EX_RANGE && e->is_time && is_time(e->arg[0])) {
        e->lo_us += us;
        e->hi_us += us;
    }
    if (e->kind == EX_CMP && is_time(e->arg[0]) && e->arg[1]->kind == EX_TIME)
        e->arg[1]->time_us += us;
    for (unsigned i = 0; i < e->n; i++)
        move(e->arg[i], us);
}

void diff_move(struct query_ast *q, unsigned n_cmd, int64_t us)
{
    for (unsigned i = 0; i < n_cmd; i++)
        if (q->cmd[i].kind == QCMD_FILTER)
            move(q->cmd[i].filter, us);
}

/* --- the tables --- */

struct join {
    const struct query_cmd *c;
    struct group_table *t;
    size_t cap;
    struct dict *keys; /* id: row of t */
    struct strbuf text;
};

static unsigned table_width(const struct group_table *t)
{
    return t->n_key + t->n_agg;
}

static unsigned joined_width(const struct query_cmd *c)
{
    return c->n_key + 3 * c->n_item + c->n_agg;
}

/* The row with these keys; a new one has no values. */
static struct val *row_of(struct join *j, const struct val *key)
{
    uint32_t before = dict_count(j->keys), id;
    unsigned width = joined_width(j->c);
    struct slice s;
    uint64_t h;

    strbuf_reset(&j->text);
    for (unsigned k = 0; k < j->c->n_key; k++) {
        strbuf_addc(&j->text, (char)('0' + key[k].kind));
        val_print(key[k], &j->text);
        strbuf_addc(&j->text, '\0');
    }
    s = strbuf_slice(&j->text);
    h = dict_hash(s);
    dict_intern(j->keys, &s, &h, &id, 1);
    if (id >= before) {
        GROW(j->t->cell, j->cap, (j->t->n + 1) * MAX(width, 1u));
        memset(j->t->cell + j->t->n * width, 0, width * sizeof(*j->t->cell));
        j->t->n++;
    }
    return j->t->cell + (size_t)id * width;
}

static struct val keep(struct dict *d, struct val v)
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

/* The rows of one window; side 0: now, 1: before. */
static void add_side(struct join *j, const struct group_table *t, unsigned side, int64_t back_us)
{
    const struct query_cmd *c = j->c;

    for (uint64_t i = 0; i < t->n; i++) {
        struct val *cell = t->cell + i * table_width(t), *to;

        for (unsigned k = 0; side && k < c->n_key; k++)
            if (cell[k].kind == VAL_TIME)
                cell[k].time_us += back_us; /* a bin meets the one it is compared with */
        to = row_of(j, cell);
        for (unsigned k = 0; k < c->n_key; k++)
            to[k] = keep(j->t->texts, cell[k]);
        for (unsigned v = 0; v < c->n_item; v++)
            to[c->n_key + 3 * v + side] = keep(j->t->texts, cell[c->group[v]]);
        for (unsigned v = 0; v < c->n_agg; v++)
            to[c->n_key + 3 * c->n_item + v] = keep(j->t->texts, cell[c->group[c->n_item + v]]);
    }
}

/* A group that is missing in a window counts 0 there, if it is counts that are compared. */
static void add_changes(struct join *j)
{
    const struct query_cmd *c = j->c;

    for (uint64_t i = 0; i < j->t->n; i++) {
        struct val *row = j->t->cell + i * joined_width(c);

        for (unsigned v = 0; v < c->n_item; v++) {
            struct val *cell = row + c->n_key + 3 * v;

            for (unsigned side = 0; side < 2; side++)
                if (cell[side].kind == VAL_MISSING && c->limit >> v & 1)
                    cell[side] = (struct val){.kind = VAL_NUM, .num = 0};
            if (cell[0].kind == VAL_NUM && cell[1].kind == VAL_NUM)
                cell[2] = (struct val){.kind = VAL_NUM, .num = cell[0].num - cell[1].num};
        }
    }
}

static int by_change(const void *a, const void *b, void *ctx)
{
    const struct query_cmd *c = ctx;
    const struct val *x = a, *y = b, *u = &x[c->n_key + 2], *v = &y[c->n_key + 2];
    double du = u->kind == VAL_NUM ? fabs(u->num) : -1, dv = v->kind == VAL_NUM ? fabs(v->num) : -1;

    if (du != dv)
        return du < dv ? 1 : -1;
    for (unsigned k = 0; k < c->n_key; k++) {
        int cmp = val_cmp(x[k], y[k]);

        if (cmp)
            return cmp;
    }
    return 0;
}

struct group_table *diff_join(struct group_table *now, struct group_table *before,
                              const struct query_cmd *diff, int64_t back_us)
{
    struct join j = {.c = diff, .t = xcalloc(1, sizeof(*j.t)), .keys = dict_new()};
    unsigned width = joined_width(diff);

    j.t->texts = dict_new();
    j.t->n_key = diff->n_key;
    j.t->n_agg = width - diff->n_key;
    j.t->name = xcalloc(MAX(width, 1u), sizeof(*j.t->name));
    for (unsigned i = 0; i < width; i++)
        j.t->name[i] = xstrdup(diff->made[i]);
    add_side(&j, now, 0, back_us);
    add_side(&j, before, 1, back_us);
    add_changes(&j);
    if (j.t->n)
        qsort_r(j.t->cell, j.t->n, width * sizeof(*j.t->cell), by_change, (void *)(uintptr_t)diff);
    group_free(now);
    group_free(before);
    dict_free(j.keys);
    strbuf_release(&j.text);
    return j.t;
}
