/* expr_eval.c - the naive evaluator: one row, one tree walk, no state but the row's scratch.
 *
 * It is the oracle of the vectorised evaluator, so it favours being obviously right. Results of
 * string functions lie in the row's scratch buffer, which may move when it grows: values computed
 * earlier are moved along (follow_scratch). */
#include <math.h>
#include <stdio.h>

#include "dict.h"
#include "expr_impl.h"
#include "json.h"

/* --- values --- */

static struct val missing(void)
{
    return (struct val){.kind = VAL_MISSING};
}

static struct val number(double d)
{
    return isfinite(d) ? (struct val){.kind = VAL_NUM, .num = d} : missing();
}

static struct val boolean(bool b)
{
    return (struct val){.kind = VAL_BOOL, .num = b};
}

bool val_number(struct val v, double *out)
{
    switch (v.kind) {
    case VAL_NUM:
    case VAL_BOOL:
        *out = v.num;
        return true;
    case VAL_STR:
        return parse_double(v.str, out);
    default:
        return false;
    }
}

static struct slice val_text(struct val v, char buf[40])
{
    if (v.kind == VAL_STR || v.str.ptr)
        return v.str;
    if (v.kind == VAL_TIME)
        return slice_of(buf, format_iso8601(v.time_us, buf));
    return slice_of(buf, (size_t)snprintf(buf, 40, "%.15g", v.num));
}

bool val_truth(struct val v)
{
    switch (v.kind) {
    case VAL_MISSING:
        return false;
    case VAL_STR:
        return v.str.len && !slice_eq_nocase(v.str, SL("false")) && !slice_is(v.str, "0");
    case VAL_TIME:
    case VAL_JSON:
        return true;
    default:
        return v.num != 0;
    }
}

struct val expr_literal(const struct expr *e)
{
    if (e->kind == EX_NUM)
        return (struct val){.kind = VAL_NUM, .num = e->num};
    if (e->kind == EX_TIME)
        return (struct val){.kind = VAL_TIME, .time_us = e->time_us};
    return (struct val){.kind = VAL_STR, .str = e->text};
}

static bool order_holds(enum expr_op op, int c)
{
    switch (op) {
    case OP_EQ:
        return c == 0;
    case OP_NE:
        return c != 0;
    case OP_LT:
        return c < 0;
    case OP_LE:
        return c <= 0;
    case OP_GT:
        return c > 0;
    default:
        return c >= 0;
    }
}

/* A number against a time: seconds, or milliseconds from 10^11 on, as log files write them. */
static int64_t time_of_number(double d)
{
    double us = fabs(d) >= 1e11 ? d * 1e3 : d * 1e6;

    return us >= 9.2e18 ? INT64_MAX : us <= -9.2e18 ? INT64_MIN + 1 : (int64_t)us;
}

static int compare_times(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

bool val_compare(struct val a, enum expr_op op, struct val b)
{
    bool text = a.kind == VAL_STR && b.kind == VAL_STR;
    char ta[40], tb[40];
    double x, y;

    if (a.kind == VAL_MISSING || b.kind == VAL_MISSING || a.kind == VAL_JSON || b.kind == VAL_JSON)
        return op == OP_NE;
    if (a.kind == VAL_TIME && b.kind == VAL_TIME)
        return order_holds(op, compare_times(a.time_us, b.time_us));
    if (a.kind == VAL_TIME && val_number(b, &y))
        return order_holds(op, compare_times(a.time_us, time_of_number(y)));
    if (b.kind == VAL_TIME && val_number(a, &x))
        return order_holds(op, compare_times(time_of_number(x), b.time_us));
    if (!text && val_number(a, &x) && val_number(b, &y))
        return order_holds(op, (x > y) - (x < y));
    return order_holds(op, slice_cmp(val_text(a, ta), val_text(b, tb)));
}

/* --- natural order --- */

static struct slice take_run(struct slice *s)
{
    bool digits = s->len && is_digit(s->ptr[0]);
    size_t n = 0;
    struct slice run;

    while (n < s->len && is_digit(s->ptr[n]) == digits)
        n++;
    run = slice_of(s->ptr, n);
    s->ptr += n;
    s->len -= n;
    return run;
}

/* Runs of digits as numbers, others by bytes. What both begin with needs no runs. */
static int natural_cmp(struct slice a, struct slice b)
{
    size_t n = MIN(a.len, b.len), i = 0;

    while (i < n && a.ptr[i] == b.ptr[i])
        i++;
    if (i == n)
        return (a.len > n) - (b.len > n);
    if (i > 0 && !is_digit(a.ptr[i - 1]) && is_digit(a.ptr[i]) != is_digit(b.ptr[i]))
        return is_digit(a.ptr[i]) ? -1 : 1; /* its run is the shorter one */
    while (i > 0 && is_digit(a.ptr[i - 1]))
        i--;
    a = slice_of(a.ptr + i, a.len - i);
    b = slice_of(b.ptr + i, b.len - i);
    while (a.len && b.len) {
        bool digits = is_digit(a.ptr[0]) && is_digit(b.ptr[0]);
        struct slice x = take_run(&a), y = take_run(&b);
        int c;

        if (digits && x.len != y.len)
            return x.len > y.len ? 1 : -1;
        c = slice_cmp(x, y);
        if (c)
            return c;
    }
    return (a.len > 0) - (b.len > 0);
}

static int cmp_class(struct val v, double *n)
{
    if (v.kind == VAL_MISSING || v.kind == VAL_JSON)
        return 2;
    if (v.kind == VAL_TIME) {
        *n = (double)v.time_us / 1e3;
        return 1;
    }
    if (v.kind == VAL_STR && v.str.len && !strchr("+-.0123456789 \t", v.str.ptr[0]))
        return 0;
    return val_number(v, n) ? 1 : 0;
}

int val_cmp(struct val a, struct val b)
{
    double x = 0, y = 0;
    int ca = cmp_class(a, &x), cb = cmp_class(b, &y);

    if (ca != cb)
        return ca > cb ? 1 : -1;
    if (ca == 2)
        return 0;
    if (ca == 0)
        return natural_cmp(a.str, b.str);
    if (a.kind == VAL_TIME && b.kind == VAL_TIME)
        return compare_times(a.time_us, b.time_us);
    if (x != y)
        return x > y ? 1 : -1;
    return slice_cmp(a.str, b.str);
}

void val_print(struct val v, struct strbuf *out)
{
    char text[40];
    double back;

    if (v.kind == VAL_MISSING)
        return;
    if (v.kind == VAL_STR || v.kind == VAL_TIME || v.kind == VAL_JSON) {
        strbuf_addsl(out, val_text(v, text));
        return;
    }
    if (fabs(v.num) < 9007199254740992.0 && v.num == floor(v.num)) {
        strbuf_addf(out, "%lld", (long long)v.num);
        return;
    }
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, v.num);
        if (parse_double(slice_str(text), &back) && back == v.num)
            break;
    }
    strbuf_adds(out, text);
}

struct val val_keep(struct dict *d, struct val v)
{
    if (v.str.ptr)
        v.str = dict_keep(d, v.str);
    return v;
}

/* --- tests --- */

bool glob_match(struct slice glob, struct slice s)
{
    size_t g = 0, i = 0, star = SIZE_MAX, back = 0;

    while (i < s.len) {
        if (g < glob.len && glob.ptr[g] == '*') {
            star = g++;
            back = i;
        } else if (g < glob.len && glob.ptr[g] == s.ptr[i]) {
            g++;
            i++;
        } else if (star != SIZE_MAX) {
            g = star + 1;
            i = ++back;
        } else {
            return false;
        }
    }
    while (g < glob.len && glob.ptr[g] == '*')
        g++;
    return g == glob.len;
}

static bool contains(struct slice s, struct slice part)
{
    return part.len == 0 || (s.len >= part.len && memmem(s.ptr, s.len, part.ptr, part.len));
}

static bool in_span(const struct expr *e, struct val v)
{
    double x;

    if (e->is_time) {
        int64_t t = v.kind == VAL_TIME ? v.time_us : 0;

        if (v.kind != VAL_TIME && !val_number(v, &x))
            return false;
        if (v.kind != VAL_TIME)
            t = time_of_number(x);
        return t >= e->lo_us && t <= e->hi_us;
    }
    return val_number(v, &x) && x >= e->lo && x <= e->hi;
}

static bool in_net(const struct expr *cidr, struct val v)
{
    struct ip ip;

    return v.kind == VAL_STR && parse_ip(v.str, &ip) && ip_in(&ip, &cidr->net, cidr->bits);
}

static bool in_list(const struct expr *e, struct val v)
{
    for (unsigned i = 1; i < e->n; i++) {
        const struct expr *item = e->arg[i];
        bool hit;

        if (item->kind == EX_SPAN)
            hit = in_span(item, v);
        else if (item->kind == EX_CIDR)
            hit = in_net(item, v);
        else
            hit = val_compare(v, OP_EQ, expr_literal(item));
        if (hit)
            return true;
    }
    return false;
}

/* Values are the same if they print the same. */
static bool in_query(const struct subquery *sub, struct val v)
{
    struct strbuf text = STRBUF_INIT;
    uint32_t id;
    bool found;

    val_print(v, &text);
    found = sub->values && dict_find(sub->values, strbuf_slice(&text), &id);
    strbuf_release(&text);
    return found;
}

/* A positive test of one value; `right` is the other side of EX_CMP. */
static bool test_value(const struct expr *e, struct val v, struct val right)
{
    char buf[40];

    if (e->kind == EX_PRESENT)
        return v.kind != VAL_MISSING;
    if (e->kind == EX_CMP)
        return val_compare(v, e->op == OP_NE ? OP_EQ : e->op, right);
    if (v.kind == VAL_MISSING || v.kind == VAL_JSON)
        return false;
    switch (e->kind) {
    case EX_INQUERY:
        return in_query(e->sub, v);
    case EX_RANGE:
        return in_span(e, v);
    case EX_IN:
        return in_list(e, v);
    case EX_INNET:
        return in_net(e->arg[1], v);
    case EX_LIKE:
        return contains(val_text(v, buf), e->arg[1]->text);
    case EX_GLOB:
        return glob_match(e->text, val_text(v, buf));
    default:
        return regex_match(e->re, val_text(v, buf), NULL, NULL);
    }
}

/* --- the walk --- */

/* After an evaluation the scratch may have moved from `old`: earlier values in it follow. */
static void follow_scratch(struct val *v, unsigned n, uintptr_t old, size_t old_len,
                           const struct row_access *row)
{
    const char *now = row->scratch ? row->scratch->buf : NULL;

    if (!old || (uintptr_t)now == old)
        return;
    for (unsigned i = 0; i < n; i++) {
        uintptr_t at = (uintptr_t)v[i].str.ptr;

        if (at >= old && at <= old + old_len)
            v[i].str.ptr = now + (at - old);
    }
}

static void eval_args(const struct expr *e, unsigned n, struct val *v, const struct row_access *row)
{
    for (unsigned i = 0; i < n; i++) {
        uintptr_t old = row->scratch ? (uintptr_t)row->scratch->buf : 0;
        size_t len = row->scratch ? row->scratch->len : 0;

        v[i] = expr_eval(e->arg[i], row);
        follow_scratch(v, i, old, len, row);
    }
}

static bool test_any_ip(const struct expr *e, struct val right, const struct row_access *row)
{
    struct slice text;

    for (unsigned i = 0; row->any_ip && row->any_ip(row->row, i, &text); i++)
        if (test_value(e, (struct val){.kind = VAL_STR, .str = text}, right))
            return true;
    return false;
}

static bool eval_test(const struct expr *e, const struct row_access *row)
{
    struct val v[2] = {{.kind = VAL_MISSING}, {.kind = VAL_MISSING}};
    const struct expr *left = e->arg[0];
    bool yes;

    eval_args(e, e->kind == EX_CMP ? 2 : 1, v, row);
    if (left->kind == EX_FIELD && left->field->pseudo == PF_ANYIP)
        yes = test_any_ip(e, v[1], row);
    else
        yes = test_value(e, v[0], v[1]);
    return e->kind == EX_CMP && e->op == OP_NE ? !yes : yes;
}

static struct val eval_field(const struct expr *e, const struct row_access *row)
{
    struct slice text;

    if (e->field->pseudo != PF_ANYIP)
        return row->field(row->row, e->field);
    if (!row->any_ip || !row->any_ip(row->row, 0, &text))
        return missing();
    return (struct val){.kind = VAL_STR, .str = text};
}

static struct val shift_time(int64_t us, double seconds)
{
    double t = (double)us + seconds * 1e6;

    if (!(fabs(t) < 9.2e18) || fabs(seconds) > 9.2e12)
        return missing();
    return (struct val){.kind = VAL_TIME, .time_us = us + (int64_t)llround(seconds * 1e6)};
}

static struct val arith_times(enum expr_op op, struct val a, struct val b)
{
    double n;

    if (op == OP_SUB && a.kind == VAL_TIME && b.kind == VAL_TIME)
        return number(((double)a.time_us - (double)b.time_us) / 1e6);
    if ((op == OP_ADD || op == OP_SUB) && a.kind == VAL_TIME && val_number(b, &n))
        return shift_time(a.time_us, op == OP_SUB ? -n : n);
    if (op == OP_ADD && b.kind == VAL_TIME && val_number(a, &n))
        return shift_time(b.time_us, n);
    return missing();
}

static struct val eval_arith(const struct expr *e, const struct row_access *row)
{
    struct val v[2];
    double a, b;

    eval_args(e, 2, v, row);
    if (v[0].kind == VAL_TIME || v[1].kind == VAL_TIME)
        return arith_times(e->op, v[0], v[1]);
    if (!val_number(v[0], &a) || !val_number(v[1], &b))
        return missing();
    switch (e->op) {
    case OP_ADD:
        return number(a + b);
    case OP_SUB:
        return number(a - b);
    case OP_MUL:
        return number(a * b);
    case OP_DIV:
        return b == 0 ? missing() : number(a / b);
    case OP_MOD:
        return b == 0 ? missing() : number(fmod(a, b));
    default:
        return number(pow(a, b));
    }
}

/* --- maps and lists --- */

/* What the raw text of a JSON value is; strings with escapes are undone at the end of `scratch`. */
static struct val json_val(struct slice raw, struct strbuf *scratch)
{
    struct arena mem = {0};
    struct val v = {.kind = VAL_STR};
    double d;

    switch (json_kind(raw)) {
    case JSON_OBJECT:
    case JSON_ARRAY:
        return (struct val){.kind = VAL_JSON, .str = raw};
    case JSON_NUMBER:
        if (!parse_double(raw, &d))
            return missing();
        v = number(d);
        v.str = raw;
        return v;
    case JSON_WORD:
        if (slice_is(raw, "null"))
            return missing();
        return boolean(slice_is(raw, "true"));
    case JSON_STRING:
        v.str = json_text(raw, &mem);
        if (mem.used && v.str.len) {
            size_t at = scratch->len;

            strbuf_addsl(scratch, v.str);
            v.str.ptr = scratch->buf + at;
        }
        arena_release(&mem);
        if (!v.str.len)
            v.str = SL("");
        return v;
    default:
        return missing();
    }
}

static struct slice json_member(struct slice map, struct slice name)
{
    struct json_member m;
    struct arena mem = {0};
    struct slice found = {NULL, 0};

    while (!found.ptr && json_next_member(&map, &m))
        if (slice_eq(json_unescape(m.key, &mem), name))
            found = m.value;
    arena_release(&mem);
    return found;
}

static struct slice json_element(struct slice list, uint64_t n)
{
    struct slice value;

    while (json_next_element(&list, &value))
        if (n-- == 0)
            return value;
    return (struct slice){NULL, 0};
}

static struct val eval_member(const struct expr *e, const struct row_access *row)
{
    struct val v = expr_eval(e->arg[0], row);
    struct slice raw = {NULL, 0};
    int64_t at;

    if (v.kind != VAL_JSON)
        return missing();
    if (json_kind(v.str) == JSON_OBJECT && e->lit != LIT_PLAIN)
        raw = json_member(v.str, e->text);
    else if (json_kind(v.str) == JSON_ARRAY && parse_fixed(e->text, 0, &at) && at >= 0)
        raw = json_element(v.str, (uint64_t)at);
    return raw.ptr ? json_val(raw, row->scratch) : missing();
}

bool val_element(struct val list, uint64_t i, struct strbuf *scratch, struct val *out)
{
    struct slice raw;

    if (list.kind != VAL_JSON || json_kind(list.str) != JSON_ARRAY) {
        *out = list; /* what is no list is one of itself */
        return i == 0 && list.kind != VAL_MISSING;
    }
    raw = json_element(list.str, i);
    if (raw.ptr)
        *out = json_val(raw, scratch);
    return raw.ptr != NULL;
}

static struct val eval_capture(const struct expr *e, const struct row_access *row)
{
    struct val v = expr_eval(e->arg[0], row);
    unsigned n = (unsigned)e->num;
    struct slice group;
    char buf[40];
    size_t at = 0;

    if (v.kind == VAL_MISSING || v.kind == VAL_JSON ||
        !regex_group(e->re, val_text(v, buf), n, &at, &group) || !group.ptr)
        return missing();
    if (group.ptr >= buf && group.ptr <= buf + sizeof(buf)) {
        at = row->scratch->len;
        strbuf_addsl(row->scratch, group);
        group.ptr = row->scratch->buf + at;
    }
    return (struct val){.kind = VAL_STR, .str = group.len ? group : SL("")};
}

static struct val eval_call(const struct expr *e, const struct row_access *row)
{
    struct strbuf out = STRBUF_INIT;
    struct val v[FUNC_MAX_ARGS] = {{.kind = VAL_MISSING}}, result;

    eval_args(e, e->n, v, row);
    for (unsigned i = 0; i < e->n && !e->func->takes_maps; i++)
        if (v[i].kind == VAL_JSON)
            v[i] = missing();
    result = e->func->call(e, v, &out);
    if (out.len && (result.kind == VAL_STR || result.kind == VAL_JSON) &&
        result.str.ptr == out.buf) {
        size_t at = row->scratch->len;

        strbuf_add(row->scratch, out.buf, out.len);
        result.str.ptr = row->scratch->buf + at;
    } else if (result.kind == VAL_STR && result.str.len == 0) {
        result.str = SL("");
    }
    strbuf_release(&out);
    return result;
}

static bool eval_truth(const struct expr *e, const struct row_access *row)
{
    return val_truth(expr_eval(e, row));
}

struct val expr_eval(const struct expr *e, const struct row_access *row)
{
    switch (e->kind) {
    case EX_NUM:
    case EX_STR:
    case EX_TIME:
    case EX_SPAN:
    case EX_CIDR:
        return expr_literal(e);
    case EX_FIELD:
        return eval_field(e, row);
    case EX_AND:
        for (unsigned i = 0; i < e->n; i++)
            if (!eval_truth(e->arg[i], row))
                return boolean(false);
        return boolean(true);
    case EX_OR:
        for (unsigned i = 0; i < e->n; i++)
            if (eval_truth(e->arg[i], row))
                return boolean(true);
        return boolean(false);
    case EX_NOT:
        return boolean(!eval_truth(e->arg[0], row));
    case EX_ARITH:
        return eval_arith(e, row);
    case EX_CALL:
        return eval_call(e, row);
    case EX_MEMBER:
        return eval_member(e, row);
    case EX_CAPTURE:
        return eval_capture(e, row);
    default:
        return boolean(eval_test(e, row));
    }
}
