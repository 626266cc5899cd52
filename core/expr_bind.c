/* expr_bind.c - tests: from what was read to the tree, and from literals to the field's type.
 *
 * Literals are bound where they meet a field: a duration takes the field's unit, a number on a
 * field of ids stays a text, a date becomes the whole day. A common alias may have seconds in one
 * type and milliseconds in another; such a test is split by type (expr.h: split). */
#include <stdio.h>

#include "expr_impl.h"

/* --- what a side of a test is --- */

enum side_kind { SIDE_ANY, SIDE_NUM, SIDE_TIME, SIDE_ID, SIDE_ADDRESS };

struct side {
    enum side_kind kind;
    bool s, ms; /* has seconds, milliseconds in some type */
    bool field; /* a field or column: "-" is the missing mark */
    bool text;  /* is a text in some type, whatever `kind` says of most */
};

static enum side_kind kind_of_field(const struct field_def *f)
{
    if (f->flags & FF_ID)
        return SIDE_ID;
    switch (f->kind) {
    case FK_NUM:
        return SIDE_NUM;
    case FK_TIME:
        return SIDE_TIME;
    case FK_IP:
        return SIDE_ADDRESS;
    case FK_TEXT:
        break;
    }
    return SIDE_ANY;
}

static struct side side_of_field(const struct field_ref *ref)
{
    unsigned count[SIDE_ADDRESS + 1] = {0};
    struct side side = {.field = true};

    if (ref->pseudo == PF_TIMESTAMP)
        side.kind = SIDE_TIME;
    if (ref->pseudo == PF_ANYIP)
        side.kind = SIDE_ADDRESS;
    if (ref->pseudo == PF_LINE || ref->pseudo == PF_RECORD)
        side.kind = SIDE_NUM;
    if (ref->pseudo != PF_NONE)
        return side;
    for (unsigned t = 0; t < logtype_count(); t++) {
        const struct field_def *f;

        if (ref->per_type[t] < 0)
            continue;
        f = logtype_get(t)->field[ref->per_type[t]];
        side.s |= f->unit == UNIT_S;
        side.ms |= f->unit == UNIT_MS;
        count[kind_of_field(f)]++;
    }
    /* What most types have: one text among ten numbers does not make rubbish of `status = abc`. */
    for (unsigned k = SIDE_ANY + 1; k <= SIDE_ADDRESS; k++)
        if (count[k] > count[side.kind] ||
            (k == SIDE_NUM && count[k] && count[k] >= count[side.kind]))
            side.kind = (enum side_kind)k;
    side.text = count[SIDE_ANY] > 0;
    return side;
}

static struct side side_of(const struct expr *e);

static struct side side_of_arith(const struct expr *e)
{
    struct side a = side_of(e->arg[0]), b = side_of(e->arg[1]);

    if (a.kind == SIDE_TIME && b.kind == SIDE_TIME)
        return (struct side){.kind = SIDE_NUM, .s = true};
    if (a.kind == SIDE_TIME)
        return a;
    a.s |= b.s;
    a.ms |= b.ms;
    a.kind = SIDE_NUM;
    a.field = false;
    return a;
}

static struct side side_of(const struct expr *e)
{
    struct side none = {.kind = SIDE_ANY};

    switch (e->kind) {
    case EX_FIELD:
        return side_of_field(e->field);
    case EX_TIME:
        return (struct side){.kind = SIDE_TIME};
    case EX_ARITH:
        return side_of_arith(e);
    case EX_CALL:
        if (slice_eq_nocase(slice_str(e->func->name), SL("toMillis")))
            return (struct side){.kind = SIDE_NUM, .ms = true};
        if (slice_starts(slice_str(e->func->name), "date") ||
            slice_is(slice_str(e->func->name), "fromMillis"))
            return (struct side){.kind = SIDE_TIME};
        if (slice_is(slice_str(e->func->name), "abs"))
            return side_of(e->arg[0]);
        return none;
    default:
        return none;
    }
}

static struct slice written(struct parser *p, const struct expr *e)
{
    return slice_of(p->q.ptr + e->at, e->at_len);
}

/* --- one literal on one side --- */

static struct expr *copy_node(struct parser *p, const struct expr *e)
{
    struct expr *c = pool_alloc(p->pool, sizeof(*c));

    *c = *e;
    return c;
}

static struct expr *no_type(struct parser *p, const struct expr *left, const struct expr *right,
                            const char *what)
{
    return parse_fail(p, right->at, right->at_len, SLICE_FMT " is %s; " SLICE_FMT " is none",
                      SLICE_ARG(written(p, left)), what, SLICE_ARG(written(p, right)));
}

static struct expr *bind_duration(struct parser *p, const struct expr *left, struct expr *right,
                                  struct side side)
{
    if (side.kind == SIDE_TIME) {
        right->kind = EX_TIME;
        right->time_us = p->env->now_us + (int64_t)(right->num * 1e6);
        right->lo_us = right->hi_us = right->time_us;
        return right;
    }
    if (!side.s && !side.ms) {
        parse_fail(p, right->at, right->at_len, SLICE_FMT " has no unit of time",
                   SLICE_ARG(written(p, left)));
        parse_hint(p, "write the plain number");
        return NULL;
    }
    if (side.ms)
        right->num *= 1000;
    return right;
}

static struct expr *bind_number(struct parser *p, const struct expr *left, struct expr *right,
                                struct side side)
{
    int64_t us;

    if (right->lit == LIT_DURATION)
        return bind_duration(p, left, right, side);
    if (right->lit != LIT_PLAIN)
        return right;
    if (side.kind == SIDE_ID) {
        right->kind = EX_STR;
    } else if (side.kind == SIDE_TIME && parse_epoch(right->text, &us)) {
        right->kind = EX_TIME;
        right->time_us = right->lo_us = right->hi_us = us;
    }
    return right;
}

/* A word of digits and one letter M is a slip for minutes or megabytes. */
static bool ambiguous_m(struct slice s)
{
    double n;

    return s.len > 1 && s.ptr[s.len - 1] == 'M' && parse_double(slice_of(s.ptr, s.len - 1), &n);
}

/* "5xx" in quotes: what was meant stands without them. */
static bool is_status_class(struct slice s)
{
    return s.len == 3 && s.ptr[0] >= '1' && s.ptr[0] <= '5' && s.ptr[1] == 'x' && s.ptr[2] == 'x';
}

static struct expr *bind_string(struct parser *p, const struct expr *left, struct expr *right,
                                struct side side)
{
    if (side.kind == SIDE_NUM) {
        if (parse_double(right->text, &right->num)) {
            right->kind = EX_NUM;
            return right;
        }
        if (right->lit == LIT_BARE && ambiguous_m(right->text))
            return parse_fail(p, right->at, right->at_len,
                              SLICE_FMT ": " SLICE_FMT "m minutes or " SLICE_FMT "B?",
                              SLICE_ARG(right->text), (int)right->text.len - 1, right->text.ptr,
                              SLICE_ARG(right->text));
        return side.text && !is_status_class(right->text) ? right
                                                          : no_type(p, left, right, "a number");
    }
    if (side.kind == SIDE_TIME) {
        int64_t us, last;

        if (lex_moment(right->text, 0, p->env, &us, &last) == right->text.len) {
            right->lo_us = us;
            right->hi_us = last;
        } else if (parse_iso8601(right->text, &us) || parse_clf(right->text, &us)) {
            right->lo_us = right->hi_us = us;
        } else {
            return no_type(p, left, right, "a time");
        }
        right->kind = EX_TIME;
        right->time_us = us;
    }
    return right;
}

static struct expr *bind_time(struct parser *p, const struct expr *left, struct expr *right,
                              struct side side)
{
    if (side.kind == SIDE_NUM)
        return no_type(p, left, right, "a number");
    if (side.kind != SIDE_TIME && left->kind == EX_FIELD && left->field->pseudo != PF_COLUMN) {
        char iso[40];
        size_t n = format_iso8601(right->time_us, iso);

        if (right->lit == LIT_NONE)
            right->text = pool_text(p->pool, slice_of(iso, n));
        right->kind = EX_STR;
        right->lit = LIT_NONE;
    }
    return right;
}

static struct expr *bind_span(struct parser *p, const struct expr *left, struct expr *right,
                              struct side side)
{
    if (right->is_time)
        return side.kind == SIDE_NUM ? no_type(p, left, right, "a number") : right;
    if (side.kind == SIDE_TIME)
        return no_type(p, left, right, "a time");
    if (right->lit == LIT_DURATION) {
        if (!side.s && !side.ms)
            return bind_duration(p, left, right, side);
        right->lo *= side.ms ? 1000 : 1;
        right->hi *= side.ms ? 1000 : 1;
    }
    return right;
}

/* A copy of a literal in the type and unit of the other side. */
static struct expr *bind_literal(struct parser *p, const struct expr *left,
                                 const struct expr *literal, struct side side)
{
    struct expr *right = copy_node(p, literal);

    switch (right->kind) {
    case EX_NUM:
        return bind_number(p, left, right, side);
    case EX_STR:
        return bind_string(p, left, right, side);
    case EX_TIME:
        return bind_time(p, left, right, side);
    case EX_SPAN:
        return bind_span(p, left, right, side);
    default:
        return right;
    }
}

/* --- tests --- */

static struct expr *negate_if(struct parser *p, enum expr_op op, struct expr *e)
{
    return e && op == OP_NE ? expr_op1(p, EX_NOT, e) : e;
}

static bool is_missing_mark(const struct expr *left, const struct expr *right)
{
    return left->kind == EX_FIELD && right->kind == EX_STR && value_missing(right->text);
}

static struct expr *range_of(struct parser *p, struct expr *left, const struct expr *span)
{
    struct expr *e = expr_op1(p, EX_RANGE, left);

    e->lo = span->lo;
    e->hi = span->hi;
    e->is_time = span->is_time || span->kind == EX_TIME;
    e->lo_us = span->lo_us;
    e->hi_us = span->hi_us;
    e->text = span->text;
    e->lit = span->lit;
    e->at_len = span->at + span->at_len - left->at;
    return e;
}

static struct expr *glob_of(struct parser *p, struct expr *left, const struct expr *text)
{
    struct expr *e = expr_op1(p, EX_GLOB, left);

    e->text = text->text;
    return e;
}

static struct expr *equality(struct parser *p, struct expr *left, enum expr_op op,
                             struct expr *right)
{
    if (is_missing_mark(left, right))
        return op == OP_NE ? expr_op1(p, EX_PRESENT, left)
                           : expr_op1(p, EX_NOT, expr_op1(p, EX_PRESENT, left));
    if (right->kind == EX_SPAN || (right->kind == EX_TIME && right->hi_us > right->lo_us))
        return negate_if(p, op, range_of(p, left, right));
    if (right->kind == EX_CIDR)
        return negate_if(p, op, expr_op2(p, EX_INNET, OP_EQ, left, right));
    if (right->kind == EX_STR && right->lit == LIT_BARE && right->text.len &&
        memchr(right->text.ptr, '*', right->text.len))
        return negate_if(p, op, glob_of(p, left, right));
    return expr_op2(p, EX_CMP, op, left, right);
}

static struct expr *compare_one(struct parser *p, struct expr *left, enum expr_op op,
                                const struct expr *literal)
{
    bool equal = op == OP_EQ || op == OP_NE;
    struct expr *right;

    if (equal && (is_missing_mark(left, literal) ||
                  (literal->kind == EX_STR && literal->lit == LIT_BARE && literal->text.len &&
                   memchr(literal->text.ptr, '*', literal->text.len))))
        return equality(p, left, op, (struct expr *)literal);
    right = bind_literal(p, left, literal, side_of(left));
    if (!right)
        return NULL;
    if (equal)
        return equality(p, left, op, right);
    if (right->kind == EX_SPAN || right->kind == EX_CIDR) {
        parse_fail(p, right->at, right->at_len, "a range has no order");
        parse_hint(p, "use = or in");
        return NULL;
    }
    return expr_op2(p, EX_CMP, op, left, right);
}

/* The field in those log types only where its unit is `unit`. */
static struct expr *field_with_unit(struct parser *p, const struct expr *left, enum field_unit unit)
{
    struct expr *e = copy_node(p, left);

    e->field = pool_alloc(p->pool, sizeof(*e->field));
    *e->field = *left->field;
    for (unsigned t = 0; t < logtype_count(); t++)
        if (left->field->per_type[t] >= 0 &&
            logtype_get(t)->field[left->field->per_type[t]]->unit != unit)
            e->field->per_type[t] = -1;
    return e;
}

static bool needs_split(const struct expr *left, const struct expr *right)
{
    struct side side = side_of(left);

    return left->kind == EX_FIELD && right->lit == LIT_DURATION && side.s && side.ms;
}

struct expr *bind_compare(struct parser *p, struct expr *left, enum expr_op op, struct expr *right)
{
    enum expr_op inner = op == OP_NE ? OP_EQ : op;
    struct expr *a, *b, *either;

    if (!needs_split(left, right))
        return compare_one(p, left, op, right);
    a = compare_one(p, field_with_unit(p, left, UNIT_S), inner, right);
    b = compare_one(p, field_with_unit(p, left, UNIT_MS), inner, right);
    if (!a || !b)
        return NULL;
    either = expr_op2(p, EX_OR, OP_EQ, a, b);
    either->split = true;
    return negate_if(p, op, either);
}

struct expr *bind_in(struct parser *p, struct expr *left, struct expr **item, unsigned n)
{
    struct expr *list = expr_op1(p, EX_IN, left), *any = NULL;

    if (n == 1 && (item[0]->kind == EX_SPAN || item[0]->kind == EX_CIDR))
        return bind_compare(p, left, OP_EQ, item[0]);
    for (unsigned i = 0; i < n; i++) {
        struct expr *v = item[i], *test = NULL;

        if (v->lit == LIT_BARE && memchr(v->text.ptr, '*', v->text.len))
            test = glob_of(p, left, v);
        else if (needs_split(left, v))
            test = bind_compare(p, left, OP_EQ, v);
        else if (!(v = bind_literal(p, left, v, side_of(left))))
            return NULL;
        if (p->failed)
            return NULL;
        if (v->kind == EX_TIME && v->hi_us > v->lo_us)
            test = range_of(p, left, v);
        if (!test) {
            expr_add_arg(p, list, v);
            continue;
        }
        if (!any)
            any = expr_new(p, EX_OR, left->at, p->at);
        expr_add_arg(p, any, test);
    }
    if (!any)
        return list;
    if (list->n > 1)
        expr_add_arg(p, any, list);
    return any->n == 1 ? any->arg[0] : any;
}

/* --- arithmetic with units --- */

static bool plain_duration(const struct expr *e)
{
    return e->kind == EX_NUM && e->lit == LIT_DURATION;
}

static struct expr *shift_time(struct parser *p, enum expr_op op, const struct expr *time,
                               const struct expr *by)
{
    struct expr *e = copy_node(p, time);
    int64_t us = (int64_t)(by->num * 1e6);

    e->time_us += op == OP_SUB ? -us : us;
    e->lo_us = e->hi_us = e->time_us;
    e->lit = LIT_NONE;
    return e;
}

/* A duration beside a time stays in seconds, as times are added in seconds; beside a field with
 * a unit it takes that unit. */
struct expr *bind_arith(struct parser *p, enum expr_op op, struct expr *a, struct expr *b)
{
    if (plain_duration(b) && (op == OP_ADD || op == OP_SUB)) {
        struct side side = side_of(a);

        if (a->kind == EX_TIME)
            return shift_time(p, op, a, b);
        if (side.kind != SIDE_TIME && !plain_duration(a)) {
            if (side.s && side.ms)
                return parse_fail(p, b->at, b->at_len,
                                  SLICE_FMT " is in seconds in some logs and "
                                            "in milliseconds in others",
                                  SLICE_ARG(written(p, a)));
            b = bind_duration(p, a, copy_node(p, b), side);
            if (!b)
                return NULL;
        }
    }
    return expr_op2(p, EX_ARITH, op, a, b);
}
