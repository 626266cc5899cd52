/* test_property.c - random expressions over random rows: what columns and groups answer is what one
 * walk over the tree for each row answers.
 *
 * Rows are sample lines of several log types with parts of them replaced: by values of other kinds,
 * by "-", by nothing. The other side reads each field from the line and knows no column. A case is
 * one expression on one row. Environment: AWL_PROPERTY_SEED, AWL_PROPERTY_CASES. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>
#include <math.h>

#include "agg.h"
#include "rnd.h"
#include "runquery.h"
#include "xalloc.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CASES 60000
#else
#define CASES 1000000
#endif
#define TYPES 4      /* log types in a round */
#define LINES 100    /* of each */
#define ROUND 100000 /* cases of a round */
#define DEPTH 3

static uint64_t seed;

#define PICK(list) ((list)[rnd(ARRAY_LEN(list))])

/* --- rows --- */

struct round {
    char dir[64];
    const struct format *fmt[TYPES];
    struct strbuf lines; /* all of them */
    struct slice *word;  /* parts of them */
    size_t n_word, cap_word;
    struct session *s;
    struct snapshot *snap;
};

static const char *const odd_values[] = {
    "-",
    "0",
    "-1",
    "200",
    "503",
    "0.001",
    "12.3456789",
    "1e3",
    "abc",
    "",
    "10.0.0.5",
    "2001:db8::1",
    "10.0.0.5:80",
    "GET",
    "5xx",
    "\\x22",
    "%20",
    "999999999999999999999",
    "2024-05-01T00:00:00Z",
    "1714521600",
    "012",
    "+5",
    "0x10",
    "true",
    "null",
    "A",
    "a",
    "\xc3\xa9",
    "\xff",
};

static bool is_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.';
}

/* The line with some words replaced. */
static void add_line(struct round *d, const char *sample, bool change)
{
    for (const char *p = sample; *p;) {
        size_t n = 0;

        while (is_word(p[n]))
            n++;
        if (n && change && rnd(12) == 0)
            strbuf_adds(&d->lines, PICK(odd_values));
        else
            strbuf_add(&d->lines, p, n ? n : 1);
        p += n ? n : 1;
    }
    strbuf_addc(&d->lines, '\n');
}

/* Some samples of one layout: a header line, if `*header`, and the lines behind it. */
static unsigned pick_samples(struct logtype *lt, unsigned *first, bool *header)
{
    const char *const *samples = lt->fmt->samples;
    struct record *rec = record_new();
    const struct layout *lay = NULL;
    unsigned start[64], n_start = 0, n = 0, end, k;
    bool is_header[64];

    for (; samples[n]; n++) {
        bool now =
            lt->fmt->header && lt->fmt->parse(lt, &lay, slice_str(samples[n]), rec) == PARSE_HEADER;

        if ((now || n == 0) && n_start < ARRAY_LEN(start)) {
            is_header[n_start] = now;
            start[n_start++] = n;
        }
    }
    record_free(rec);
    do { /* not one that nothing follows */
        k = rnd(n_start);
        *first = start[k] + is_header[k];
        end = k + 1 < n_start ? start[k + 1] : n;
    } while (*first == end && n_start > 1);
    *header = is_header[k];
    return end - *first;
}

static void write_file(struct round *d, struct logtype *lt)
{
    const struct format *fmt = lt->fmt;
    struct strbuf path = STRBUF_INIT;
    size_t from = d->lines.len;
    unsigned first, n;
    bool header;
    FILE *f;

    n = pick_samples(lt, &first, &header);
    if (header)
        add_line(d, fmt->samples[first - 1], false);
    for (unsigned i = 0; n && i < LINES; i++)
        add_line(d, fmt->samples[first + rnd(n)], i > 4);
    strbuf_addf(&path, "%s/%s.log", d->dir, fmt->name);
    f = fopen(path.buf, "w");
    assert_non_null(f);
    fwrite(d->lines.buf + from, 1, d->lines.len - from, f);
    assert_int_equal(fclose(f), 0);
    strbuf_release(&path);
}

static void collect_words(struct round *d)
{
    for (size_t i = 0; i < d->lines.len;) {
        size_t n = 0;

        while (i + n < d->lines.len && (is_word(d->lines.buf[i + n]) || d->lines.buf[i + n] == '/'))
            n++;
        if (n) {
            GROW(d->word, d->cap_word, d->n_word + 1);
            d->word[d->n_word++] = slice_of(d->lines.buf + i, n);
        }
        i += n ? n : 1;
    }
}

static void round_open(struct round *d, const struct session_options *o)
{
    d->s = session_new(o);
    session_open(d->s, d->dir);
    session_start(d->s);
    session_wait(d->s);
    d->snap = session_snapshot(d->s);
    assert_true(d->snap->rows > 0);
}

static void round_begin(struct round *d)
{
    struct session_options o = {.threads = 1 + rnd(3), .chunk_bytes = 2048 + rnd(32768)};

    memset(d, 0, sizeof(*d));
    snprintf(d->dir, sizeof(d->dir), "/tmp/awl-property-XXXXXX");
    assert_non_null(mkdtemp(d->dir));
    for (unsigned i = 0; i < TYPES;) {
        struct logtype *lt = logtype_get(rnd(logtype_count()));
        const struct format *fmt = lt->fmt;

        if (fmt->multiline || !fmt->samples || !fmt->samples[0])
            continue;
        d->fmt[i++] = fmt;
        write_file(d, lt);
    }
    collect_words(d);
    round_open(d, &o);
}

static void round_end(struct round *d)
{
    struct strbuf cmd = STRBUF_INIT;

    snapshot_unref(d->snap);
    session_free(d->s);
    strbuf_addf(&cmd, "rm -rf '%s'", d->dir);
    assert_int_equal(system(cmd.buf), 0);
    strbuf_release(&cmd);
    strbuf_release(&d->lines);
    free(d->word);
}

/* --- expressions --- */

static void quote(struct strbuf *out, struct slice s)
{
    strbuf_addc(out, '"');
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '"' || s.ptr[i] == '\\')
            strbuf_addc(out, '\\');
        strbuf_addc(out, s.ptr[i]);
    }
    strbuf_addc(out, '"');
}

static struct slice some_word(const struct round *d)
{
    struct slice s = d->word[rnd((uint32_t)d->n_word)];

    if (s.len > 1 && rnd(3) == 0) { /* a part of it */
        size_t from = rnd((uint32_t)s.len);

        s = slice_of(s.ptr + from, 1 + rnd((uint32_t)(s.len - from)));
    }
    return s;
}

static void put_field(const struct round *d, struct strbuf *out)
{
    static const char *const common[] = {"@timestamp", "@message", "@logtype", "@file",
                                         "@unparsed",  "ip",       "status",   "client_ip",
                                         "path",       "@line",    "bytes",    "duration"};
    const struct format *fmt = d->fmt[rnd(TYPES)];

    if (rnd(5) == 0 || !fmt->n_fields)
        strbuf_adds(out, PICK(common));
    else
        strbuf_addf(out, "`%s`", fmt->fields[rnd(fmt->n_fields)].name);
}

static void put_literal(const struct round *d, struct strbuf *out)
{
    static const char *const units[] = {"ms", "s", "KB", "m"};
    static const char *const forms[] = {"5xx",      "20x",        "4xx",   "-",
                                        "10.0.0.5", "2024-05-01", "13:05", "2024-05-01T13:05Z"};

    switch (rnd(8)) {
    case 0:
        strbuf_addf(out, "%u", rnd(1000));
        break;
    case 1:
        strbuf_addf(out, "%s%u.%u", rnd(2) ? "" : "-", rnd(1000), rnd(1000));
        break;
    case 2:
        strbuf_addf(out, "%u%s", rnd(5000), PICK(units));
        break;
    case 3:
        strbuf_adds(out, PICK(forms));
        break;
    case 4:
        strbuf_adds(out, PICK(odd_values));
        break;
    default:
        quote(out, some_word(d));
    }
}

static void put_test(const struct round *d, struct strbuf *out, unsigned depth);

static void put_value(const struct round *d, struct strbuf *out, unsigned depth)
{
    const char *word;
    unsigned n = 0;

    switch (depth ? rnd(9) : rnd(6)) {
    case 0:
    case 1:
    case 2:
    case 3:
        put_field(d, out);
        break;
    case 4:
    case 5:
        put_literal(d, out);
        break;
    case 6:
        strbuf_addc(out, '(');
        put_value(d, out, depth - 1);
        strbuf_addf(out, " %c ", "+-*/%^"[rnd(6)]);
        put_value(d, out, depth - 1);
        strbuf_addc(out, ')');
        break;
    default:
        while (query_function_word(n))
            n++;
        word = query_function_word(rnd(n));
        strbuf_addf(out, "%s(", word);
        n = 1 + (rnd(3) == 0) + (rnd(6) == 0);
        for (unsigned i = 0; i < n; i++) {
            strbuf_adds(out, i ? ", " : "");
            if (!i && rnd(12) == 0)
                put_test(d, out, depth - 1);
            else
                put_value(d, out, depth - 1);
        }
        strbuf_addc(out, ')');
    }
}

static void put_test(const struct round *d, struct strbuf *out, unsigned depth)
{
    static const char *const ops[] = {"=", "!=", "<", "<=", ">", ">=", "==", "<>"};
    static const char *const matches[] = {"like", "=~", "!~"}, *const heads[] = {"", "^", "(?i)"},
                             *const tails[] = {"", "$", "+", "|GET"},
                             *const globs[] = {"=", "!=", "=*"};

    switch (rnd(14)) {
    case 0:
        put_field(d, out);
        strbuf_addf(out, " %sin [", rnd(3) ? "" : "not ");
        for (unsigned i = 1 + rnd(4); i > 0; i--) {
            put_literal(d, out);
            strbuf_adds(out, i > 1 ? ", " : "]");
        }
        break;
    case 1:
        put_field(d, out);
        strbuf_addf(out, " %sin 10.%u.0.0/%u", rnd(3) ? "" : "not ", rnd(3), rnd(33));
        break;
    case 2:
        put_field(d, out);
        strbuf_addf(out, " %s %u..%u", rnd(2) ? "in" : "=", rnd(300), 200 + rnd(400));
        break;
    case 3:
        put_field(d, out);
        strbuf_adds(out, rnd(2) ? " like " : " not like ");
        quote(out, some_word(d));
        break;
    case 4:
        put_field(d, out);
        strbuf_addf(out, " %s /%s", PICK(matches), PICK(heads));
        strbuf_addsl(out, some_word(d));
        strbuf_addf(out, "%s/", PICK(tails));
        break;
    case 5:
        put_field(d, out);
        strbuf_adds(out, PICK(globs));
        strbuf_addsl(out, some_word(d));
        strbuf_addc(out, '*');
        break;
    case 6:
        strbuf_adds(out, "ispresent(");
        put_field(d, out);
        strbuf_addc(out, ')');
        break;
    case 7:
        quote(out, some_word(d));
        break;
    case 8:
        put_field(d, out);
        break;
    default:
        put_value(d, out, depth ? depth - 1 : 0);
        strbuf_addf(out, " %s ", PICK(ops));
        put_value(d, out, depth ? depth - 1 : 0);
    }
}

static void put_expr(const struct round *d, struct strbuf *out, unsigned depth)
{
    static const char *const joins[] = {" and ", " or ", " "};

    if (depth == 0 || rnd(3) == 0) {
        put_test(d, out, depth);
        return;
    }
    strbuf_adds(out, rnd(4) ? "(" : "not (");
    put_expr(d, out, depth - 1);
    strbuf_adds(out, PICK(joins));
    put_expr(d, out, depth - 1);
    strbuf_addc(out, ')');
}

/* --- the other side --- */

/* A field from the line; what stands in no line is asked of the view. */
static struct val line_field(void *row, const struct field_ref *f)
{
    struct rowview *v = row;
    int field = f->pseudo == PF_NONE ? f->per_type[v->seg->lt->id] : -1;
    const struct record *rec;

    if (f->pseudo != PF_NONE || (field >= 0 && v->seg->lt->field[field]->derive))
        return rowview_value(v, f);
    if (field < 0)
        return (struct val){.kind = VAL_MISSING};
    rec = rowview_record(v);
    if (v->seg->lt->fmt->json && field >= (int)v->seg->lt->n_static)
        return rowview_value(v, f); /* of any kind, as the JSON has it */
    return text_val(v->seg->lt->field[field], record_get(rec, (unsigned)field));
}

static struct row_access line_access(struct rowview *v)
{
    struct row_access access = rowview_access(v);

    access.field = line_field;
    return access;
}

/* The smallest part of e that the filter sees otherwise. */
static const struct expr *culprit(const struct expr *e, struct rowview *view,
                                  const struct row_access *access)
{
    struct segment *seg = view->seg;
    uint32_t row = view->row;
    uint64_t *bits = xcalloc(BITS_WORDS(seg->n), sizeof(*bits));
    struct filter *f = filter_new(e);
    const struct expr *found = NULL;
    bool fast;

    assert_true(filter_eval(f, seg, view, bits, NULL) >= 0);
    fast = bit_get(bits, row);
    free(bits);
    filter_free(f);
    rowview_at(view, seg, row);
    strbuf_reset(access->scratch);
    if (fast == val_truth(expr_eval(e, access)))
        return NULL;
    if (e->kind == EX_AND || e->kind == EX_OR || e->kind == EX_NOT)
        for (unsigned i = 0; i < e->n && !found; i++)
            found = culprit(e->arg[i], view, access);
    return found ? found : e;
}

static void report(const struct expr *e, const char *text, struct rowview *view,
                   const struct row_access *access, bool fast)
{
    const struct expr *small = culprit(e, view, access);
    struct strbuf sb = STRBUF_INIT;

    expr_print(small ? small : e, &sb);
    strbuf_adds(&sb, "");
    fail_msg(
        "seed %llu: %s\n  smallest part: %s\n  columns say %d, the line says %d: %s: " SLICE_FMT,
        (unsigned long long)seed, text, sb.buf, fast, !fast, view->seg->lt->fmt->name,
        SLICE_ARG(rowview_raw(view)));
}

static const struct query_env env = {
    .now_us = 1714600000000000, .first_us = 1714500000000000, .last_us = 1714600000000000};

static uint64_t filter_case(const struct round *d, const struct expr *e, const char *text)
{
    struct filter *f = filter_new(e);
    struct rowset *r = rowset_eval(d->s, d->snap, f, NULL, 1 + rnd(2), NULL);
    struct rowview view;
    struct row_access access;

    rowview_init(&view, d->s);
    access = line_access(&view);
    for (uint32_t i = 0; i < d->snap->n; i++)
        for (uint32_t row = 0; row < d->snap->seg[i]->n; row++) {
            bool fast = rowset_has(r, (struct rowref){i, row});

            rowview_at(&view, d->snap->seg[i], row);
            strbuf_reset(access.scratch);
            if (fast != val_truth(expr_eval(e, &access)))
                report(e, text, &view, &access, fast);
        }
    rowview_release(&view);
    rowset_unref(r);
    filter_free(f);
    return d->snap->rows;
}

/* --- groups --- */

static void cell_text(struct strbuf *out, struct val v)
{
    strbuf_addc(out, (char)('0' + v.kind));
    val_print(v, out);
    strbuf_addc(out, '\t');
}

/* What a group has come to, one row after the other. */
struct tally {
    struct strbuf key;
    uint64_t rows, n;
    double *x;
    size_t n_x, cap_x;
    struct val min, max;
    struct dict *distinct;
};

static int by_double(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

struct tallies {
    struct tally *list;
    size_t n, cap;
    struct dict *keys;
};

static struct tally *tally_of(struct tallies *t, const struct strbuf *key)
{
    uint32_t id = dict_add(t->keys, strbuf_slice(key));

    if (id == t->n) {
        GROW(t->list, t->cap, t->n + 1);
        t->list[t->n++] = (struct tally){.distinct = dict_new()};
        strbuf_addsl(&t->list[id].key, strbuf_slice(key));
    }
    return &t->list[id];
}

static void tally_add(struct tally *t, struct val v, struct dict *kept)
{
    struct strbuf sb = STRBUF_INIT;
    double x;

    t->rows++;
    if (v.kind == VAL_MISSING || v.kind == VAL_JSON)
        return;
    v = val_keep(kept, v);
    if (t->n++ == 0 || val_cmp(v, t->min) < 0)
        t->min = v;
    if (t->n == 1 || val_cmp(v, t->max) > 0)
        t->max = v;
    val_print(v, &sb);
    dict_add(t->distinct, strbuf_slice(&sb));
    strbuf_release(&sb);
    if (v.kind == VAL_TIME)
        x = (double)v.time_us / 1000;
    else if (!val_number(v, &x) || !isfinite(x))
        return;
    GROW(t->x, t->cap_x, t->n_x + 1);
    t->x[t->n_x++] = x;
}

/* `size`: the sum of what was added up, without signs. */
static bool near(struct val v, double want, double size)
{
    return v.kind == VAL_NUM && fabs(v.num - want) <= 1e-9 + 1e-9 * size;
}

static void check_group(const struct tally *t, const struct val *cell, const char *text)
{
    double sum = 0, size = 0, p90;
    bool huge = false;

    for (size_t i = 0; i < t->n_x; i++) {
        huge |= fabs(t->x[i]) > 1e21;
        sum += t->x[i];
        size += fabs(t->x[i]) + 1;
    }
    if (t->n_x)
        qsort(t->x, t->n_x, sizeof(*t->x), by_double);
    p90 = t->n_x ? t->x[(size_t)ceil(0.9 * (double)t->n_x) - 1] : 0;
    if (cell[0].num != (double)t->rows || cell[1].num != (double)t->n ||
        (!huge && !near(cell[2], sum, size)) ||
        (!huge && t->n_x && !near(cell[3], sum / (double)t->n_x, size / (double)t->n_x)) ||
        (t->n && (val_cmp(cell[4], t->min) || val_cmp(cell[5], t->max))) ||
        (!t->n && cell[4].kind != VAL_MISSING) ||
        (t->n_x ? !near(cell[6], p90, 0) : cell[6].kind != VAL_MISSING) ||
        cell[7].num != (double)dict_count(t->distinct)) {
        struct strbuf sb = STRBUF_INIT;

        for (unsigned i = 0; i < 8; i++)
            cell_text(&sb, cell[i]);
        fail_msg("seed %llu: %s\n  group %s\n  says %s\n  line by line: %llu rows, %llu values, "
                 "%zu numbers, sum %g, p90 %g, %u distinct",
                 (unsigned long long)seed, text, t->key.buf, sb.buf, (unsigned long long)t->rows,
                 (unsigned long long)t->n, t->n_x, sum, p90, dict_count(t->distinct));
    }
}

static bool not_reached(const struct expr *e, const struct segment *seg, struct val v)
{
    int field =
        e->kind == EX_FIELD && e->field->pseudo == PF_NONE ? e->field->per_type[seg->lt->id] : -1;

    return field >= 0 && v.kind == VAL_NUM && v.num == -1 &&
           (seg->lt->field[field]->flags & FF_NEG1);
}

static void tally_rows(const struct round *d, const struct query_cmd *stats, struct tallies *t,
                       struct dict *kept)
{
    struct strbuf key = STRBUF_INIT;
    struct rowview view;
    struct row_access access;

    rowview_init(&view, d->s);
    access = line_access(&view);
    for (uint32_t i = 0; i < d->snap->n; i++)
        for (uint32_t row = 0; row < d->snap->seg[i]->n; row++) {
            struct tally *group;
            struct val v;

            rowview_at(&view, d->snap->seg[i], row);
            strbuf_reset(&key);
            for (unsigned k = 0; k < stats->n_by; k++) {
                strbuf_reset(access.scratch);
                cell_text(&key, expr_eval(stats->by[k].expr, &access));
            }
            group = tally_of(t, &key);
            strbuf_reset(access.scratch);
            v = expr_eval(stats->agg[1].expr, &access);
            if (not_reached(stats->agg[1].expr, view.seg, v))
                v.kind = VAL_MISSING;
            tally_add(group, v, kept);
        }
    rowview_release(&view);
    strbuf_release(&key);
}

static uint64_t stats_case(const struct round *d)
{
    struct strbuf text = STRBUF_INIT, x = STRBUF_INIT, key = STRBUF_INIT;
    struct tallies t = {.keys = dict_new()};
    struct dict *kept = dict_new();
    struct query_error qe;
    struct query_ast *q;
    uint64_t cases = 0;

    put_value(d, &x, 1);
    strbuf_addf(&text,
                "stats count(*), count(%s), sum(%s), avg(%s), min(%s), max(%s), pct(%s, 90), "
                "count_distinct(%s) by ",
                x.buf, x.buf, x.buf, x.buf, x.buf, x.buf, x.buf);
    for (unsigned k = 1 + rnd(2); k > 0; k--) {
        put_value(d, &text, rnd(2));
        strbuf_adds(&text, k > 1 ? ", " : "");
    }
    q = query_parse(text.buf, &env, &qe);
    if (q && q->n_cmd == 1 && q->cmd[0].n_agg == 8 && q->cmd[0].agg[1].expr) {
        struct err e = {0};
        struct rowset *all = rowset_all(d->snap);
        struct group_table *table = group_compute(d->s, all, &q->cmd[0], rnd(2), NULL, NULL, &e);

        assert_non_null(table);
        tally_rows(d, &q->cmd[0], &t, kept);
        if (table->n != t.n)
            fail_msg("seed %llu: %s: %llu groups, line by line %zu", (unsigned long long)seed,
                     text.buf, (unsigned long long)table->n, t.n);
        for (uint64_t i = 0; i < table->n; i++) {
            const struct val *cell = table->cell + i * (table->n_key + table->n_agg);

            strbuf_reset(&key);
            for (unsigned k = 0; k < table->n_key; k++)
                cell_text(&key, cell[k]);
            check_group(tally_of(&t, &key), cell + table->n_key, text.buf);
        }
        assert_int_equal(t.n, table->n); /* tally_of made none */
        cases = d->snap->rows;
        group_free(table);
        rowset_unref(all);
    }
    for (size_t i = 0; i < t.n; i++) {
        strbuf_release(&t.list[i].key);
        free(t.list[i].x);
        dict_free(t.list[i].distinct);
    }
    free(t.list);
    dict_free(t.keys);
    dict_free(kept);
    query_ast_free(q);
    strbuf_release(&text);
    strbuf_release(&x);
    strbuf_release(&key);
    return cases;
}

/* --- columns --- */

struct printed {
    const struct round *d;
    const struct expr *e;
    const struct group_table *t;
    struct rowview view;
    struct row_access access;
    const char *text;
    uint64_t at;
};

static bool same_cell(void *ctx, struct rowref ref)
{
    struct printed *p = ctx;
    struct strbuf want = STRBUF_INIT, got = STRBUF_INIT;

    rowview_at(&p->view, p->d->snap->seg[ref.seg], ref.row);
    strbuf_reset(p->access.scratch);
    cell_text(&want, expr_eval(p->e, &p->access));
    cell_text(&got, p->t->cell[p->at++]);
    if (!slice_eq(strbuf_slice(&want), strbuf_slice(&got)))
        fail_msg("seed %llu: %s: row %llu is %s, by its line %s", (unsigned long long)seed, p->text,
                 (unsigned long long)p->at, got.buf, want.buf);
    strbuf_release(&want);
    strbuf_release(&got);
    return true;
}

static uint64_t fields_case(const struct round *d)
{
    struct strbuf text = STRBUF_INIT;
    struct query_error qe;
    struct query_ast *q;
    uint64_t cases = 0;

    strbuf_adds(&text, "fields ");
    put_value(d, &text, DEPTH);
    q = query_parse(text.buf, &env, &qe);
    if (q && q->n_cmd == 1 && q->cmd[0].n_item == 1) {
        struct err e = {0};
        struct runquery run = {.session = d->s, .ast = q};
        struct rowset *all = rowset_all(d->snap);
        struct printed p = {.d = d, .e = q->cmd[0].item[0].expr, .text = text.buf};
        struct group_table *t = runquery_table(&run, UINT64_MAX, NULL, &e);

        assert_non_null(t);
        assert_int_equal(t->n, d->snap->rows);
        p.t = t;
        rowview_init(&p.view, d->s);
        p.access = line_access(&p.view);
        order_each(all, same_cell, &p);
        rowview_release(&p.view);
        rowset_unref(all);
        group_free(t);
        cases = d->snap->rows;
    }
    query_ast_free(q);
    strbuf_release(&text);
    return cases;
}

static uint64_t one_expression(const struct round *d)
{
    struct strbuf text = STRBUF_INIT;
    struct query_error e;
    struct query_ast *q;
    uint64_t cases = 0;

    put_expr(d, &text, DEPTH);
    q = filter_parse(text.buf, &env, &e);
    if (q && q->n_cmd)
        cases = filter_case(d, q->cmd[0].filter, text.buf);
    query_ast_free(q);
    strbuf_release(&text);
    return cases;
}

static uint64_t number_env(const char *name, uint64_t fallback)
{
    const char *s = getenv(name);

    return s && *s ? strtoull(s, NULL, 10) : fallback;
}

static void columns_agree_with_lines(void **unused)
{
    uint64_t want = number_env("AWL_PROPERTY_CASES", CASES), cases = 0, asked = 0, refused = 0;

    (void)unused;
    seed = number_env("AWL_PROPERTY_SEED", 1);
    rnd_state = seed;
    print_message("seed %llu (AWL_PROPERTY_SEED)\n", (unsigned long long)seed);
    while (cases < want) {
        uint64_t end = MIN(cases + ROUND, want);
        struct round d;

        round_begin(&d);
        while (cases < end) {
            uint64_t n = rnd(8) ? one_expression(&d) : rnd(2) ? stats_case(&d) : fields_case(&d);

            cases += n;
            asked++;
            refused += n == 0;
        }
        round_end(&d);
    }
    print_message("%llu cases of %llu expressions, %llu more are none\n", (unsigned long long)cases,
                  (unsigned long long)(asked - refused), (unsigned long long)refused);
    assert_true(asked > 3 * refused / 2);
}

/* A number is the same whether it comes from a column or, where there is none, from the line. */
static void numbers_of_fields_have_no_text(void **unused)
{
    static const struct field_def number = {.name = "n", .kind = FK_NUM, .scale = 3},
                                  time = {.name = "t", .kind = FK_TIME};
    struct val v = text_val(&number, SL("0.100"));

    (void)unused;
    assert_true(v.kind == VAL_NUM && v.num == 0.1 && !v.str.ptr);
    v = text_val(&time, SL("2024-05-01T00:00:00"));
    assert_true(v.kind == VAL_TIME && !v.str.ptr);
    v = text_val(&number, SL("0.1234")); /* more than a column keeps */
    assert_true(v.kind == VAL_NUM && slice_is(v.str, "0.1234"));
}

/* A line of other fields than those before it is shown as it was read. */
static void a_record_may_be_the_first_of_its_layout(void **unused)
{
    const struct format *fmt = logtype_by_name(SL("cloudfront_rt"))->fmt;
    struct session_options o = {.threads = 1};
    struct strbuf path = STRBUF_INIT;
    struct round d;
    FILE *f;

    (void)unused;
    memset(&d, 0, sizeof(d));
    snprintf(d.dir, sizeof(d.dir), "/tmp/awl-property-XXXXXX");
    assert_non_null(mkdtemp(d.dir));
    strbuf_addf(&path, "%s/rt.log", d.dir);
    f = fopen(path.buf, "w");
    assert_non_null(f);
    fprintf(f, "%s\n%s\n%s\n", fmt->samples[0], fmt->samples[2], fmt->samples[0]);
    fclose(f);
    strbuf_release(&path);
    round_open(&d, &o);
    for (unsigned i = 0; i < fmt->n_fields; i++) {
        struct strbuf text = STRBUF_INIT;
        struct query_error e;
        struct query_ast *q;

        strbuf_addf(&text, "ispresent(`%s`)", fmt->fields[i].name);
        q = filter_parse(text.buf, &env, &e);
        assert_non_null(q);
        assert_int_equal(filter_case(&d, q->cmd[0].filter, text.buf), 3);
        query_ast_free(q);
        strbuf_release(&text);
    }
    round_end(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_of_fields_have_no_text),
        cmocka_unit_test(a_record_may_be_the_first_of_its_layout),
        cmocka_unit_test(columns_agree_with_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
