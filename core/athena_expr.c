/* athena_expr.c - expressions as SQL: one rule a node, one line a function. */
#include <math.h>
#include <stdio.h>

#include "athena.h"
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

/* --- functions --- */

/* $1 ... are the arguments, as the letters of `args` want them: n number, s text, c text that is
 * never NULL, t time, b truth, a as it is; the last letter is for all that follow. $* are all of
 * them with commas between. */
static const struct rule {
    const char *name;
    unsigned n; /* arguments; 0: any number */
    enum sql_type type;
    const char *args, *sql;
} rules[] = {
    {"abs", 0, SQL_NUMBER, "n", "abs($1)"},
    {"ceil", 0, SQL_NUMBER, "n", "ceil($1)"},
    {"floor", 0, SQL_NUMBER, "n", "floor($1)"},
    {"sqrt", 0, SQL_NUMBER, "n", "sqrt($1)"},
    {"log", 0, SQL_NUMBER, "n", "ln($1)"},
    {"greatest", 0, SQL_NUMBER, "n", "greatest($*)"},
    {"least", 0, SQL_NUMBER, "n", "least($*)"},
    {"round", 1, SQL_NUMBER, "n", "round($1)"},
    {"round", 2, SQL_NUMBER, "n", "round($1, CAST($2 AS integer))"},
    {"toNumber", 0, SQL_NUMBER, "n", "$1"},
    {"toDouble", 0, SQL_NUMBER, "n", "$1"},
    {"toInt", 0, SQL_NUMBER, "n", "CAST(truncate($1) AS bigint)"},
    {"toLong", 0, SQL_NUMBER, "n", "CAST(truncate($1) AS bigint)"},
    {"ispresent", 0, SQL_TRUTH, "a", "($1 IS NOT NULL)"},
    {"haversine", 0, SQL_NUMBER, "n", "great_circle_distance($*)"},
    {"isNumeric", 0, SQL_TRUTH, "s", "(TRY_CAST($1 AS double) IS NOT NULL)"},
    {"messageSize", 0, SQL_NUMBER, "s", "length(to_utf8($1))"},
    {"isempty", 0, SQL_NUMBER, "c", "IF($1 = '', 1, 0)"},
    {"isblank", 0, SQL_NUMBER, "c", "IF(regexp_like($1, '^\\s*$'), 1, 0)"},
    {"concat", 1, SQL_TEXT, "c", "$1"},
    {"concat", 0, SQL_TEXT, "c", "concat($*)"},
    {"trim", 1, SQL_TEXT, "s", "trim($1)"},
    {"trim", 2, SQL_TEXT, "s", "trim(BOTH $2 FROM $1)"},
    {"ltrim", 1, SQL_TEXT, "s", "ltrim($1)"},
    {"ltrim", 2, SQL_TEXT, "s", "trim(LEADING $2 FROM $1)"},
    {"rtrim", 1, SQL_TEXT, "s", "rtrim($1)"},
    {"rtrim", 2, SQL_TEXT, "s", "trim(TRAILING $2 FROM $1)"},
    {"strlen", 0, SQL_NUMBER, "s", "length($1)"},
    {"toupper", 0, SQL_TEXT, "s", "upper($1)"},
    {"tolower", 0, SQL_TEXT, "s", "lower($1)"},
    {"substr", 2, SQL_TEXT, "sn", "substr($1, CAST($2 AS bigint) + 1)"},
    {"substr", 3, SQL_TEXT, "snn", "substr($1, CAST($2 AS bigint) + 1, CAST($3 AS bigint))"},
    {"replace", 0, SQL_TEXT, "s", "replace($1, $2, $3)"},
    {"strcontains", 2, SQL_NUMBER, "s", "IF(strpos($1, $2) > 0, 1, 0)"},
    {"strcontains", 3, SQL_NUMBER, "ssb",
     "IF(strpos(IF($3, lower($1), $1), IF($3, lower($2), $2)) > 0, 1, 0)"},
    {"startsWith", 0, SQL_TRUTH, "s", "starts_with($1, $2)"},
    {"endsWith", 0, SQL_TRUTH, "s", "(strpos(reverse($1), reverse($2)) = 1)"},
    {"fromMillis", 0, SQL_TIME, "n", "from_unixtime($1 / 1000.0)"},
    {"toMillis", 0, SQL_NUMBER, "t", "CAST(to_unixtime($1) * 1000 AS bigint)"},
    {"now", 0, SQL_NUMBER, "", "to_unixtime(now())"},
    {"isValidIp", 0, SQL_TRUTH, "s", "(TRY_CAST($1 AS ipaddress) IS NOT NULL)"},
    {"isValidIpV4", 0, SQL_TRUTH, "s",
     "(TRY_CAST($1 AS ipaddress) IS NOT NULL AND strpos($1, ':') = 0)"},
    {"isValidIpV6", 0, SQL_TRUTH, "s",
     "(TRY_CAST($1 AS ipaddress) IS NOT NULL AND strpos($1, ':') > 0)"},
    {"isIpInSubnet", 0, SQL_TRUTH, "s", "contains($2, TRY_CAST($1 AS ipaddress))"},
    {"isIpv4InSubnet", 0, SQL_TRUTH, "s", "contains($2, TRY_CAST($1 AS ipaddress))"},
    {"isIpv6InSubnet", 0, SQL_TRUTH, "s", "contains($2, TRY_CAST($1 AS ipaddress))"},
    {"urlencode", 0, SQL_TEXT, "s", "url_encode($1)"},
    {"urldecode", 0, SQL_TEXT, "s", "url_decode($1)"},
    {"base64encode", 0, SQL_TEXT, "s", "to_base64(to_utf8($1))"},
    {"base64decode", 0, SQL_TEXT, "s", "from_utf8(from_base64($1))"},
    {"hexToAscii", 0, SQL_TEXT, "s", "from_utf8(from_hex($1))"},
    {"hexToDec", 0, SQL_NUMBER, "s", "from_base(regexp_replace($1, '^0[xX]', ''), 16)"},
    {"decToHex", 0, SQL_TEXT, "n", "concat('0x', to_base(CAST($1 AS bigint), 16))"},
    {"parseDate", 2, SQL_NUMBER, "s", "(to_unixtime(parse_datetime($1, $2)) * 1000)"},
    {"jsonParse", 0, SQL_JSON, "s", "TRY(json_parse($1))"},
    {"jsonStringify", 0, SQL_TEXT, "a", "json_format($1)"},
    {"jsonArraySize", 0, SQL_NUMBER, "a", "json_array_length($1)"},
    {"jsonArrayContains", 0, SQL_TRUTH, "a", "json_array_contains($1, $2)"},
    {"split", 0, SQL_LIST, "s", "split($1, $2)"},
};

static const struct {
    const char *name, *why;
} refused[] = {
    {"ipv4ToNumber", "Athena has no function that makes a number of an address"},
    {"parseLogfmt", "Athena has no function that reads key=value pairs with quotes"},
    {"csvValue", "Athena has no function that reads a line of CSV"},
};

static const char *const private_nets[] = {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
                                           "fc00::/7"};
static const char *const reserved_nets[] = {
    "0.0.0.0/8",      "100.64.0.0/10", "127.0.0.0/8",   "169.254.0.0/16",
    "192.0.0.0/24",   "192.0.2.0/24",  "198.18.0.0/15", "198.51.100.0/24",
    "203.0.113.0/24", "224.0.0.0/4",   "240.0.0.0/4",   "::/128",
    "::1/128",        "fe80::/10",     "ff00::/8",      "2001:db8::/32"};

static void add_nets(struct strbuf *out, const char *address, const char *const *net, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        strbuf_addf(out, "%scontains('%s', TRY_CAST(%s AS ipaddress))", i ? " OR " : "(", net[i],
                    address);
    strbuf_addc(out, ')');
}

static enum sql_type in_nets(const struct sql_env *env, const struct expr *e, struct strbuf *out)
{
    struct strbuf a = STRBUF_INIT;
    bool ok = sql_as(env, e->arg[0], SQL_TEXT, &a);

    if (!strcmp(e->func->name, "isPrivateIP")) {
        add_nets(out, a.buf, private_nets, ARRAY_LEN(private_nets));
    } else if (!strcmp(e->func->name, "isReservedIP")) {
        add_nets(out, a.buf, reserved_nets, ARRAY_LEN(reserved_nets));
    } else {
        strbuf_addf(out, "(TRY_CAST(%s AS ipaddress) IS NOT NULL AND NOT ", a.buf);
        add_nets(out, a.buf, private_nets, ARRAY_LEN(private_nets));
        strbuf_adds(out, " AND NOT ");
        add_nets(out, a.buf, reserved_nets, ARRAY_LEN(reserved_nets));
        strbuf_addc(out, ')');
    }
    strbuf_release(&a);
    return ok ? SQL_TRUTH : SQL_ERROR;
}

/* The types of several values become one: that of the first, or text. */
static enum sql_type common_type(const struct sql_env *env, const struct expr *e, unsigned from,
                                 unsigned step)
{
    enum sql_type common = SQL_ERROR;

    for (unsigned i = from; i < e->n; i += step) {
        struct strbuf unused = STRBUF_INIT;
        enum sql_type t = sql_expr(env, e->arg[i], &unused);

        strbuf_release(&unused);
        if (t == SQL_ERROR)
            return SQL_ERROR;
        if (t == SQL_TRUTH)
            t = SQL_NUMBER;
        common = common == SQL_ERROR || common == t ? t : SQL_TEXT;
    }
    return common;
}

static enum sql_type choose(const struct sql_env *env, const struct expr *e, struct strbuf *out)
{
    enum sql_type t;
    bool ok = true;

    if (!strcmp(e->func->name, "coalesce")) {
        t = common_type(env, e, 0, 1);
        strbuf_adds(out, "COALESCE(");
        for (unsigned i = 0; ok && t && i < e->n; i++) {
            strbuf_adds(out, i ? ", " : "");
            ok = sql_as(env, e->arg[i], t, out);
        }
        strbuf_addc(out, ')');
        return ok ? t : SQL_ERROR;
    }
    /* if(c, a, b) and case(c1, v1, ...[, d]) are the same here */
    t = common_type(env, e, 1, 2);
    strbuf_adds(out, "CASE");
    for (unsigned i = 0; ok && t && i < e->n; i += 2) {
        if (i + 1 == e->n) {
            strbuf_adds(out, " ELSE ");
            ok = sql_as(env, e->arg[i], t, out);
            break;
        }
        strbuf_adds(out, " WHEN ");
        ok = sql_as(env, e->arg[i], SQL_TRUTH, out);
        strbuf_adds(out, " THEN ");
        ok = ok && sql_as(env, e->arg[i + 1], t, out);
    }
    strbuf_adds(out, " END");
    return ok ? t : SQL_ERROR;
}

static enum sql_type round_time(const struct sql_env *env, const struct expr *e, struct strbuf *out)
{
    static const char *const calendar[] = {[1] = "month", [3] = "quarter", [12] = "year"};
    const struct expr *period = e->arg[1];
    struct strbuf t = STRBUF_INIT;
    bool ok = sql_as(env, e->arg[0], SQL_TIME, &t), up = !strcmp(e->func->name, "dateceil");

    if (ok && period->hi_us > 0) {
        if (up || period->hi_us >= (int64_t)ARRAY_LEN(calendar) || !calendar[period->hi_us]) {
            sql_refuse(env, e,
                       "Athena rounds down to a month, a quarter, a year, and no other "
                       "number of months");
            ok = false;
        } else
            strbuf_addf(out, "date_trunc('%s', %s)", calendar[period->hi_us], t.buf);
    } else if (ok)
        sql_bin(out, t.buf, period->lo_us, up);
    strbuf_release(&t);
    return ok ? SQL_TIME : SQL_ERROR;
}

/* strftime's letters as date_format() has them. */
static enum sql_type format_date(const struct sql_env *env, const struct expr *e,
                                 struct strbuf *out)
{
    static const char from[] = "YmdHMSyjBbaAp%", to[] = "YmdHiSyjMbaWp%";
    const struct expr *f = e->arg[1];
    struct strbuf format = STRBUF_INIT;
    bool ok = e->n == 2 && f->kind == EX_STR;

    for (size_t i = 0; ok && i < f->text.len; i++) {
        const char *at;

        strbuf_addc(&format, f->text.ptr[i]);
        if (f->text.ptr[i] != '%')
            continue;
        at = ++i < f->text.len && f->text.ptr[i] ? strchr(from, f->text.ptr[i]) : NULL;
        ok = at != NULL;
        strbuf_addc(&format, ok ? to[at - from] : '?');
    }
    if (!ok) {
        strbuf_release(&format);
        return sql_refuse(env, e, "Athena has no way to write times in this form");
    }
    strbuf_adds(out, "date_format(");
    ok = sql_as(env, e->arg[0], SQL_TIME, out);
    strbuf_adds(out, ", ");
    sql_quote(out, strbuf_slice(&format));
    strbuf_addc(out, ')');
    strbuf_release(&format);
    return ok ? SQL_TEXT : SQL_ERROR;
}

/* Named groups are numbered in the same order without their names, which Java has rules for. */
void sql_regex(struct strbuf *out, struct slice re)
{
    struct strbuf plain = STRBUF_INIT;

    for (size_t i = 0; i < re.len; i++) {
        strbuf_addc(&plain, re.ptr[i]);
        if (re.ptr[i] == '\\' && i + 1 < re.len)
            strbuf_addc(&plain, re.ptr[++i]);
        else if (re.ptr[i] == '(' && i + 3 < re.len && re.ptr[i + 1] == '?' &&
                 (re.ptr[i + 2] == 'P' ||
                  (re.ptr[i + 2] == '<' && re.ptr[i + 3] != '=' && re.ptr[i + 3] != '!'))) {
            const char *close = memchr(re.ptr + i, '>', re.len - i);

            i = close ? (size_t)(close - re.ptr) : i;
        }
    }
    sql_quote(out, strbuf_slice(&plain));
    strbuf_release(&plain);
}

static enum sql_type replace_regex(const struct sql_env *env, const struct expr *e,
                                   struct strbuf *out)
{
    bool ok;

    if (e->arg[1]->kind != EX_STR)
        return sql_refuse(env, e, "the pattern must be written out");
    strbuf_adds(out, "regexp_replace(");
    ok = sql_as(env, e->arg[0], SQL_TEXT, out);
    strbuf_adds(out, ", ");
    sql_regex(out, e->arg[1]->text);
    strbuf_adds(out, ", ");
    ok = ok && sql_as(env, e->arg[2], SQL_TEXT, out);
    strbuf_addc(out, ')');
    return ok ? SQL_TEXT : SQL_ERROR;
}

/* Those that a line of `rules` cannot say. */
static const struct {
    const char *name;
    enum sql_type (*print)(const struct sql_env *env, const struct expr *e, struct strbuf *out);
} special[] = {
    {"coalesce", choose},      {"if", choose},
    {"case", choose},          {"datefloor", round_time},
    {"dateceil", round_time},  {"formatDate", format_date},
    {"strftime", format_date}, {"regexReplace", replace_regex},
    {"isPrivateIP", in_nets},  {"isPublicIP", in_nets},
    {"isReservedIP", in_nets},
};

const char *sql_no_function(const char *name)
{
    for (unsigned i = 0; i < ARRAY_LEN(rules); i++)
        if (!strcmp(rules[i].name, name))
            return NULL;
    for (unsigned i = 0; i < ARRAY_LEN(special); i++)
        if (!strcmp(special[i].name, name))
            return NULL;
    for (unsigned i = 0; i < ARRAY_LEN(refused); i++)
        if (!strcmp(refused[i].name, name))
            return refused[i].why;
    return "";
}

static bool add_argument(const struct sql_env *env, const struct expr *e, char how,
                         struct strbuf *out)
{
    static const char letters[] = "nstb";
    static const enum sql_type types[] = {SQL_NUMBER, SQL_TEXT, SQL_TIME, SQL_TRUTH};
    const char *at = strchr(letters, how);
    bool ok;

    if (at)
        return sql_as(env, e, types[at - letters], out);
    if (how == 'a')
        return sql_expr(env, e, out) != SQL_ERROR;
    strbuf_adds(out, "COALESCE(");
    ok = sql_as(env, e, SQL_TEXT, out);
    strbuf_adds(out, ", '')");
    return ok;
}

static char letter_of(const struct rule *r, unsigned i)
{
    size_t n = strlen(r->args);

    return n ? r->args[MIN((size_t)i, n - 1)] : 'a';
}

static enum sql_type apply(const struct sql_env *env, const struct expr *e, const struct rule *r,
                           struct strbuf *out)
{
    for (const char *s = r->sql; *s; s++) {
        unsigned from, to;

        if (*s != '$' || !(s[1] == '*' || (s[1] >= '1' && s[1] <= '9'))) {
            strbuf_addc(out, *s);
            continue;
        }
        from = *++s == '*' ? 0 : (unsigned)(*s - '1');
        to = *s == '*' ? e->n : from + 1;
        for (unsigned i = from; i < to; i++) {
            strbuf_adds(out, i > from ? ", " : "");
            if (i >= e->n || !add_argument(env, e->arg[i], letter_of(r, i), out))
                return SQL_ERROR;
        }
    }
    return r->type;
}

static enum sql_type call(const struct sql_env *env, const struct expr *e, struct strbuf *out)
{
    const char *name = e->func->name;

    for (unsigned i = 0; i < ARRAY_LEN(special); i++)
        if (!strcmp(special[i].name, name))
            return special[i].print(env, e, out);
    for (unsigned i = 0; i < ARRAY_LEN(rules); i++)
        if (!strcmp(rules[i].name, name) && (!rules[i].n || rules[i].n == e->n))
            return apply(env, e, &rules[i], out);
    for (unsigned i = 0; i < ARRAY_LEN(refused); i++)
        if (!strcmp(refused[i].name, name))
            return sql_refuse(env, e, "%s: %s", name, refused[i].why);
    return sql_refuse(env, e, "%s: there is no SQL for it with %u arguments", name, e->n);
}

/* --- tests --- */

static enum sql_type type_of(const struct sql_env *env, const struct expr *e)
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
    enum sql_type x = type_of(env, a), y = type_of(env, b);
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
    t = type_of(env, root);
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
        return call(env, e, out);
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
