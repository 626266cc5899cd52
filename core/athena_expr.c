/* athena_expr.c - expressions as SQL: one rule a node. */
#include <math.h>
#include <stdio.h>

#include "athena_impl.h"
#include "expr_impl.h"

/* --- words --- */

enum sql_type sql_refuse(const struct sql_env *env, const struct expr *e, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(env->error->msg, sizeof(env->error->msg), fmt, ap);
    va_end(ap);
    env->error->at = e ? e->at : 0;
    env->error->len = e ? e->at_len : 0;
    env->error->hint[0] = '\0';
    return SQL_ERROR;
}

static void add_quoted(struct strbuf *out, struct slice s, char quote)
{
    strbuf_addc(out, quote);
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == quote)
            strbuf_addc(out, quote);
        strbuf_addc(out, s.ptr[i]);
    }
    strbuf_addc(out, quote);
}

void sql_quote(struct strbuf *out, struct slice s)
{
    add_quoted(out, s, '\'');
}

void sql_identifier(struct strbuf *out, struct slice s)
{
    add_quoted(out, s, '"');
}

static void add_number(struct strbuf *out, double x)
{
    val_print((struct val){.kind = VAL_NUM, .num = x}, out);
}

static void add_moment(struct strbuf *out, int64_t us)
{
    char text[40];

    format_iso8601(us, text);
    strbuf_addf(out, "from_iso8601_timestamp('%s')", text);
}

void sql_bin(struct strbuf *out, const char *time, int64_t us, bool up)
{
    static const struct {
        int64_t us;
        const char *unit;
    } unit[] = {{1000000, "second"},
                {INT64_C(60000000), "minute"},
                {INT64_C(3600000000), "hour"},
                {INT64_C(86400000000), "day"}};
    double seconds = (double)us / 1e6;

    for (unsigned i = 0; i < ARRAY_LEN(unit) && !up; i++) {
        if (unit[i].us == us) {
            strbuf_addf(out, "date_trunc('%s', %s)", unit[i].unit, time);
            return;
        }
    }
    strbuf_addf(out, "from_unixtime(%s(to_unixtime(%s) / ", up ? "ceil" : "floor", time);
    add_number(out, seconds);
    strbuf_adds(out, ") * ");
    add_number(out, seconds);
    strbuf_addc(out, ')');
}

/* --- conversions --- */

static bool convert(const struct sql_env *env, const struct expr *e, enum sql_type from,
                    enum sql_type to, struct slice sql, struct strbuf *out)
{
    static const char *const rule[][SQL_JSON + 1] = {
        [SQL_NUMBER] = {[SQL_TEXT] = "TRY_CAST(%s AS double)",
                        [SQL_TRUTH] = "IF(%s, 1, 0)",
                        [SQL_TIME] = "to_unixtime(%s) * 1000",
                        [SQL_JSON] = "TRY_CAST(json_extract_scalar(%s, '$') AS double)"},
        [SQL_TEXT] = {[SQL_NUMBER] = "CAST(%s AS varchar)",
                      [SQL_TRUTH] = "IF(%s, '1', '0')",
                      [SQL_TIME] = "to_iso8601(%s)",
                      [SQL_JSON] = "json_format(%s)"},
        [SQL_TRUTH] = {[SQL_NUMBER] = "(%s <> 0)",
                       [SQL_TEXT] = "(%s NOT IN ('', 'false', '0'))",
                       [SQL_TIME] = "(%s IS NOT NULL)"},
        [SQL_TIME] = {[SQL_NUMBER] = "from_unixtime(%s / 1000.0)",
                      [SQL_TEXT] = "from_iso8601_timestamp(%s)"},
    };
    const char *how = from == to ? "%s" : to <= SQL_TIME ? rule[to][from] : NULL, *mark;

    if (!how) {
        sql_refuse(env, e, "SQL has no way from this kind of value to the other");
        return false;
    }
    mark = strstr(how, "%s");
    strbuf_add(out, how, (size_t)(mark - how));
    strbuf_addsl(out, sql);
    strbuf_adds(out, mark + 2);
    return true;
}

bool sql_test(const struct sql_env *env, const struct expr *e, struct strbuf *out)
{
    struct strbuf sql = STRBUF_INIT;
    enum sql_type type = sql_expr(env, e, &sql);
    bool ok = type != SQL_ERROR && convert(env, e, type, SQL_TRUTH, strbuf_slice(&sql), out);

    strbuf_release(&sql);
    return ok;
}

static bool is_never_null(const struct expr *e)
{
    return e->kind == EX_NOT || e->kind == EX_PRESENT || (e->kind == EX_CMP && e->op == OP_NE);
}

bool sql_as(const struct sql_env *env, const struct expr *e, enum sql_type as, struct strbuf *out)
{
    struct strbuf sql = STRBUF_INIT;
    double number;
    enum sql_type type;
    bool ok;

    if (as == SQL_NUMBER && e->kind == EX_STR && parse_double(e->text, &number)) {
        add_number(out, number);
        return true;
    }
    if (as == SQL_TRUTH) {
        strbuf_adds(out, is_never_null(e) ? "" : "COALESCE(");
        ok = sql_test(env, e, out);
        strbuf_adds(out, is_never_null(e) ? "" : ", false)");
        return ok;
    }
    type = sql_expr(env, e, &sql);
    ok = type != SQL_ERROR && convert(env, e, type, as, strbuf_slice(&sql), out);
    strbuf_release(&sql);
    return ok;
}

/* --- tests --- */

enum sql_type sql_type_of(const struct sql_env *env, const struct expr *e)
{
    struct strbuf unused = STRBUF_INIT;
    enum sql_type t = sql_expr(env, e, &unused);

    strbuf_release(&unused);
    return t;
}

/* Times with a time as times; a number with a number, or with a literal of digits, as numbers; else
 * as texts. */
static enum sql_type comparison_type(const struct sql_env *env, const struct expr *a,
                                     const struct expr *b)
{
    enum sql_type x = sql_type_of(env, a), y = sql_type_of(env, b);
    double number;

    if (x == SQL_ERROR || y == SQL_ERROR)
        return SQL_ERROR;
    if (x == SQL_TIME && y == SQL_TIME)
        return SQL_TIME;
    if (x == SQL_NUMBER || y == SQL_NUMBER || x == SQL_TRUTH || y == SQL_TRUTH) {
        const struct expr *other = x == SQL_NUMBER || x == SQL_TRUTH ? b : a;

        if (other->kind == EX_STR && !parse_double(other->text, &number))
            return SQL_TEXT;
        return SQL_NUMBER;
    }
    return SQL_TEXT;
}

static enum sql_type compare(const struct sql_env *env, const struct expr *e, struct strbuf *out)
{
    static const char *const op[] = {[OP_EQ] = "=",  [OP_NE] = "<>", [OP_LT] = "<",
                                     [OP_LE] = "<=", [OP_GT] = ">",  [OP_GE] = ">="};
    enum sql_type as = comparison_type(env, e->arg[0], e->arg[1]);
    bool ok = as != SQL_ERROR;

    strbuf_adds(out, e->op == OP_NE ? "COALESCE(" : "(");
    ok = ok && sql_as(env, e->arg[0], as, out);
    strbuf_addf(out, " %s ", op[e->op]);
    ok = ok && sql_as(env, e->arg[1], as, out);
    strbuf_adds(out, e->op == OP_NE ? ", true)" : ")");
    return ok ? SQL_TRUTH : SQL_ERROR;
}

static bool add_between(const struct sql_env *env, const struct expr *x, const struct expr *range,
                        struct strbuf *out)
{
    bool ok;

    strbuf_addc(out, '(');
    ok = sql_as(env, x, range->is_time ? SQL_TIME : SQL_NUMBER, out);
    strbuf_adds(out, " BETWEEN ");
    if (range->is_time) {
        add_moment(out, range->lo_us);
        strbuf_adds(out, " AND ");
        add_moment(out, range->hi_us);
    } else {
        add_number(out, range->lo);
        strbuf_adds(out, " AND ");
        add_number(out, range->hi);
    }
    strbuf_addc(out, ')');
    return ok;
}

static bool add_in_net(const struct sql_env *env, const struct expr *x, const struct expr *net,
                       struct strbuf *out)
{
    char text[64];
    bool ok;

    format_ip(&net->net, text);
    /* an IPv4 network is kept as the one that it is mapped to */
    strbuf_addf(out, "contains('%s/%u', TRY_CAST(", text,
                strchr(text, ':') ? net->bits : net->bits - 96);
    ok = sql_as(env, x, SQL_TEXT, out);
    strbuf_adds(out, " AS ipaddress))");
    return ok;
}

static enum sql_type in_list(const struct sql_env *env, const struct expr *e, struct strbuf *out)
{
    bool ok = true;

    strbuf_addc(out, '(');
    for (unsigned i = 1; ok && i < e->n; i++) {
        const struct expr *item = e->arg[i];

        strbuf_adds(out, i > 1 ? " OR " : "");
        if (item->kind == EX_SPAN) {
            ok = add_between(env, e->arg[0], item, out);
        } else if (item->kind == EX_CIDR) {
            ok = add_in_net(env, e->arg[0], item, out);
        } else {
            enum sql_type as = comparison_type(env, e->arg[0], item);

            ok = as != SQL_ERROR && sql_as(env, e->arg[0], as, out);
            strbuf_adds(out, " = ");
            ok = ok && sql_as(env, item, as, out);
        }
    }
    strbuf_addc(out, ')');
    return ok ? SQL_TRUTH : SQL_ERROR;
}

static enum sql_type glob(const struct sql_env *env, const struct expr *e, struct strbuf *out)
{
    struct strbuf pattern = STRBUF_INIT;
    struct slice g = e->text;
    bool ok;

    for (size_t i = 0; i < g.len; i++) {
        if (strchr("%_!", g.ptr[i]) && g.ptr[i])
            strbuf_addc(&pattern, '!');
        strbuf_addc(&pattern, g.ptr[i] == '*' ? '%' : g.ptr[i]);
    }
    strbuf_addc(out, '(');
    ok = sql_as(env, e->arg[0], SQL_TEXT, out);
    strbuf_adds(out, " LIKE ");
    sql_quote(out, strbuf_slice(&pattern));
    strbuf_adds(out, " ESCAPE '!')");
    strbuf_release(&pattern);
    return ok ? SQL_TRUTH : SQL_ERROR;
}

static enum sql_type junction(const struct sql_env *env, const struct expr *e, struct strbuf *out)
{
    bool ok = true;

    strbuf_addc(out, '(');
    for (unsigned i = 0; ok && i < e->n; i++) {
        strbuf_adds(out, !i ? "" : e->kind == EX_AND ? " AND " : " OR ");
        ok = sql_test(env, e->arg[i], out);
    }
    strbuf_addc(out, ')');
    return ok ? SQL_TRUTH : SQL_ERROR;
}

static enum sql_type arithmetic(const struct sql_env *env, const struct expr *e, struct strbuf *out)
{
    /* before, between and behind the operands */
    static const char *const form[][3] = {
        [OP_ADD] = {"(", " + ", ")"},
        [OP_SUB] = {"(", " - ", ")"},
        [OP_MUL] = {"(", " * ", ")"},
        [OP_DIV] = {"(CAST(", " AS double) / NULLIF(", ", 0))"},
        [OP_MOD] = {"mod(", ", NULLIF(", ", 0))"},
        [OP_POW] = {"power(", ", ", ")"},
    };
    bool ok;

    strbuf_adds(out, form[e->op][0]);
    ok = sql_as(env, e->arg[0], SQL_NUMBER, out);
    strbuf_adds(out, form[e->op][1]);
    ok = ok && sql_as(env, e->arg[1], SQL_NUMBER, out);
    strbuf_adds(out, form[e->op][2]);
    return ok ? SQL_NUMBER : SQL_ERROR;
}

/* a.b.c of JSON as one path. */
static enum sql_type member(const struct sql_env *env, const struct expr *e, struct strbuf *out)
{
    struct strbuf path = STRBUF_INIT, step = STRBUF_INIT;
    const struct expr *root = e;
    enum sql_type t;

    while (root->kind == EX_MEMBER)
        root = root->arg[0];
    t = sql_type_of(env, root);
    if (t == SQL_LIST && e->arg[0] == root && e->lit == LIT_PLAIN) {
        strbuf_adds(out, "element_at(");
        sql_expr(env, root, out);
        strbuf_addf(out, ", %.0f)", e->num + 1);
        return SQL_TEXT;
    }
    if (t != SQL_JSON)
        return t == SQL_ERROR ? t : sql_refuse(env, e, "only what jsonParse() made has members");
    for (const struct expr *m = e; m->kind == EX_MEMBER; m = m->arg[0]) {
        strbuf_reset(&step);
        if (m->lit == LIT_PLAIN)
            strbuf_addf(&step, "[%.0f]", m->num);
        else
            strbuf_addf(&step, "[\"" SLICE_FMT "\"]", SLICE_ARG(m->text));
        strbuf_addsl(&step, strbuf_slice(&path));
        strbuf_reset(&path);
        strbuf_addsl(&path, strbuf_slice(&step));
    }
    strbuf_adds(out, "json_extract_scalar(");
    sql_expr(env, root, out);
    strbuf_adds(out, ", ");
    strbuf_reset(&step);
    strbuf_addf(&step, "$%s", path.buf);
    sql_quote(out, strbuf_slice(&step));
    strbuf_addc(out, ')');
    strbuf_release(&path);
    strbuf_release(&step);
    return SQL_TEXT;
}

static enum sql_type literal(const struct expr *e, struct strbuf *out)
{
    if (e->kind == EX_NUM) {
        add_number(out, e->num);
        return SQL_NUMBER;
    }
    if (e->kind == EX_TIME) {
        add_moment(out, e->time_us);
        return SQL_TIME;
    }
    sql_quote(out, e->text);
    return SQL_TEXT;
}

static enum sql_type text_test(const struct sql_env *env, const struct expr *e, struct strbuf *out)
{
    bool ok;

    strbuf_adds(out, e->kind == EX_LIKE ? "(strpos(" : "regexp_like(");
    ok = sql_as(env, e->arg[0], SQL_TEXT, out);
    strbuf_adds(out, ", ");
    if (e->kind == EX_LIKE)
        sql_quote(out, e->arg[1]->text);
    else
        sql_regex(out, regex_source(e->re));
    strbuf_adds(out, e->kind == EX_LIKE ? ") > 0)" : ")");
    return ok ? SQL_TRUTH : SQL_ERROR;
}

enum sql_type sql_expr(const struct sql_env *env, const struct expr *e, struct strbuf *out)
{
    enum sql_type type = SQL_TRUTH;
    const char *sql;
    bool ok;

    switch (e->kind) {
    case EX_NUM:
    case EX_STR:
    case EX_TIME:
        return literal(e, out);
    case EX_FIELD:
        sql = env->field(env->ctx, e, &type);
        strbuf_adds(out, sql ? sql : "");
        return sql ? type : SQL_ERROR;
    case EX_AND:
    case EX_OR:
        return junction(env, e, out);
    case EX_NOT:
        strbuf_adds(out, "(NOT ");
        ok = sql_as(env, e->arg[0], SQL_TRUTH, out);
        strbuf_addc(out, ')');
        return ok ? SQL_TRUTH : SQL_ERROR;
    case EX_CMP:
        return compare(env, e, out);
    case EX_RANGE:
        return add_between(env, e->arg[0], e, out) ? SQL_TRUTH : SQL_ERROR;
    case EX_IN:
        return in_list(env, e, out);
    case EX_INNET:
        return add_in_net(env, e->arg[0], e->arg[1], out) ? SQL_TRUTH : SQL_ERROR;
    case EX_LIKE:
    case EX_MATCH:
        return text_test(env, e, out);
    case EX_GLOB:
        return glob(env, e, out);
    case EX_PRESENT:
        strbuf_addc(out, '(');
        ok = sql_expr(env, e->arg[0], out) != SQL_ERROR;
        strbuf_adds(out, " IS NOT NULL)");
        return ok ? SQL_TRUTH : SQL_ERROR;
    case EX_ARITH:
        return arithmetic(env, e, out);
    case EX_CALL:
        return sql_call(env, e, out);
    case EX_MEMBER:
        return member(env, e, out);
    case EX_CAPTURE:
        strbuf_adds(out, "regexp_extract(");
        ok = sql_as(env, e->arg[0], SQL_TEXT, out);
        strbuf_adds(out, ", ");
        sql_regex(out, regex_source(e->re));
        strbuf_addf(out, ", %.0f)", e->num);
        return ok ? SQL_TEXT : SQL_ERROR;
    case EX_INQUERY:
        return sql_refuse(env, e, "subqueries are not written as SQL yet");
    case EX_SPAN:
    case EX_CIDR:
        break;
    }
    return sql_refuse(env, e, "there is no SQL for this");
}
