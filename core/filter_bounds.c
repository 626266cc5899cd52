/* filter_bounds.c - comparisons as closed ranges of fixed-point units. */
#include "filter_bounds.h"

#include <math.h>

/* Scales a number to column units; false if it lies between two units or beyond them. */
static bool to_units(const struct field_def *f, double x, int64_t *below, int64_t *above)
{
    double u = x, r;

    for (unsigned i = 0; i < f->scale; i++)
        u *= 10;
    if (!(fabs(u) < 9e15))
        return false;
    r = nearbyint(u);
    if (fabs(u - r) <= fabs(u) * 4e-16) {
        *below = *above = (int64_t)r;
    } else {
        *below = (int64_t)floor(u);
        *above = (int64_t)ceil(u);
    }
    return true;
}

static bool cmp_bounds(enum expr_op op, int64_t below, int64_t above, struct filter_bounds *b)
{
    *b = (struct filter_bounds){INT64_MIN, INT64_MAX, op == OP_NE};
    switch (op) {
    case OP_EQ:
    case OP_NE:
        b->lo = above;
        b->hi = below; /* empty if the number lies between two units */
        return true;
    case OP_LT:
        b->hi = above - 1;
        return true;
    case OP_LE:
        b->hi = below;
        return true;
    case OP_GT:
        b->lo = below + 1;
        return true;
    case OP_GE:
        b->lo = above;
        return true;
    default:
        return false;
    }
}

bool filter_bounds(const struct expr *e, const struct field_def *f, struct filter_bounds *b)
{
    const struct expr *lit = e->kind == EX_CMP ? e->arg[1] : NULL;
    int64_t below, above, lo, hi, unused;

    if ((!lit && e->kind != EX_RANGE) || e->arg[0]->kind != EX_FIELD)
        return false; /* of what is made of it (bytes * 8 > 100) the column does not tell */
    if (lit && lit->kind == EX_NUM && f->kind == FK_NUM)
        return to_units(f, lit->num, &below, &above) && cmp_bounds(e->op, below, above, b);
    if (lit && lit->kind == EX_TIME && f->kind == FK_TIME)
        return cmp_bounds(e->op, lit->time_us, lit->time_us, b);
    if (e->kind == EX_RANGE && e->is_time && f->kind == FK_TIME) {
        *b = (struct filter_bounds){e->lo_us, e->hi_us, false};
        return true;
    }
    if (e->kind == EX_RANGE && !e->is_time && f->kind == FK_NUM &&
        to_units(f, e->lo, &unused, &lo) && to_units(f, e->hi, &hi, &unused)) {
        *b = (struct filter_bounds){lo, hi, false};
        return true;
    }
    return false;
}
