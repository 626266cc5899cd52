/* fill.c - which bins are there, for each combination of the other keys; then those between. */
#include "fill.h"

#include "dict.h"
#include "xalloc.h"

#define MAX_FILLED 10000000u

struct fill {
    const struct query_cmd *c;
    unsigned width;
    struct dict *combos, *seen;
    struct val *key; /* n_key a combination, of its first row */
    size_t cap_key;
    int64_t from, to;
    struct strbuf text;
};

struct fill *fill_new(const struct query_cmd *c, unsigned width)
{
    struct fill *f = xcalloc(1, sizeof(*f));

    f->c = c;
    f->width = width;
    f->combos = dict_new();
    f->seen = dict_new();
    f->from = INT64_MAX;
    f->to = INT64_MIN;
    return f;
}

/* Whether the bin of the combination is new. */
static bool see(struct fill *f, uint32_t combo, int64_t us)
{
    uint32_t before = dict_count(f->seen);

    strbuf_reset(&f->text);
    strbuf_add(&f->text, &combo, sizeof(combo));
    strbuf_add(&f->text, &us, sizeof(us));
    return dict_add(f->seen, strbuf_slice(&f->text)) >= before;
}

void fill_row(struct fill *f, const struct val *cell)
{
    const struct query_cmd *c = f->c;
    uint32_t before = dict_count(f->combos), combo;

    if (cell[c->bin].kind != VAL_TIME)
        return;
    strbuf_reset(&f->text);
    for (unsigned k = 0; k < c->n_key; k++) {
        if (k != c->bin)
            val_print(cell[k], &f->text);
        strbuf_addc(&f->text, '\0');
    }
    combo = dict_add(f->combos, strbuf_slice(&f->text));
    if (combo >= before) {
        GROW(f->key, f->cap_key, ((size_t)combo + 1) * c->n_key);
        memcpy(f->key + (size_t)combo * c->n_key, cell, c->n_key * sizeof(*cell));
    }
    see(f, combo, cell[c->bin].time_us);
    f->from = MIN(f->from, cell[c->bin].time_us);
    f->to = MAX(f->to, cell[c->bin].time_us);
}

static int by_keys(const void *a, const void *b, void *ctx)
{
    const struct query_cmd *c = ctx;
    const struct val *x = a, *y = b;

    for (unsigned k = 0; k < c->n_key; k++) {
        int cmp = val_cmp(x[k], y[k]);

        if (cmp)
            return k == c->bin ? -cmp : cmp;
    }
    return 0;
}

struct val *fill_end(struct fill *f, struct val *cell, uint64_t *n)
{
    const struct query_cmd *c = f->c;
    size_t cap = *n * f->width;
    uint64_t bins = f->from <= f->to ? (uint64_t)(f->to - f->from) / (uint64_t)c->bin_us + 1 : 0;

    if (bins > MAX_FILLED / MAX(dict_count(f->combos), 1u))
        bins = 0; /* a gap of years: more rows than anybody looks at */
    for (uint32_t combo = 0; combo < dict_count(f->combos); combo++)
        for (uint64_t b = 0; b < bins; b++) {
            int64_t us = f->from + (int64_t)b * c->bin_us;
            struct val *row;

            if (!see(f, combo, us))
                continue;
            GROW(cell, cap, (*n + 1) * f->width);
            row = cell + (*n)++ * f->width;
            memset(row, 0, f->width * sizeof(*row));
            memcpy(row, f->key + (size_t)combo * c->n_key, c->n_key * sizeof(*row));
            row[c->bin] = (struct val){.kind = VAL_TIME, .time_us = us};
            if (c->fill && c->column < f->width)
                row[c->column] = *c->fill;
        }
    if (*n)
        qsort_r(cell, *n, f->width * sizeof(*cell), by_keys, (void *)(uintptr_t)c);
    dict_free(f->combos);
    dict_free(f->seen);
    strbuf_release(&f->text);
    free(f->key);
    free(f);
    return cell;
}
