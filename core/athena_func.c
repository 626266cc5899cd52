/* athena_func.c - the functions of the query language as SQL: one line a function. */
#include <stdio.h>

#include "athena_impl.h"
#include "expr_impl.h"

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
    {"unmask", 0, SQL_TEXT, "s", "$1"},
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
    {"arnPart", "Athena has no function for ARNs; split_part(ARN, ':', 5) is the account"},
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

enum sql_type sql_call(const struct sql_env *env, const struct expr *e, struct strbuf *out)
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
