/* ownformat.c - an INI text becomes a struct format whose parse function reads by a delimiter, a
 * regex or JSON paths. The description and the format are one allocation for each file, so parse
 * finds its own through the type. */
#include "ownformat.h"

#include <fnmatch.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "conf.h"
#include "dict.h"
#include "json.h"
#include "regex.h"
#include "tok_space.h"
#include "value.h"
#include "xalloc.h"

#define MAX_OWN_FIELDS 256
#define MAX_SAMPLES 32
#define MAX_MOMENT 64 /* bytes of a time in a format of the user's own */

enum own_kind { OWN_NONE, OWN_DELIMITER, OWN_REGEX, OWN_JSON };

struct own {
    struct format fmt; /* first: parse gets it as lt->fmt */
    enum own_kind kind;
    char delimiter; /* ' ' stands for runs of blanks unless quoted */
    bool quoted;
    struct regex *pattern;
    uint16_t group_field[MAX_OWN_FIELDS]; /* field of each group, UINT16_MAX: none */
    unsigned n_group;
    uint16_t order[MAX_OWN_FIELDS]; /* position -> field */
    unsigned n_order;
    const char *keys[2 * MAX_OWN_FIELDS + 1]; /* JSON path, field name, ..., NULL */
    unsigned n_key;
    int time_field;          /* -1: none */
    const char *time_format; /* strptime's; NULL: told by its looks */
    const char *glob;
    struct field_def field[MAX_OWN_FIELDS];
    unsigned n_field;
    struct arena texts; /* all names, meanings, samples */
    const char *sample[MAX_SAMPLES + 1];
    int sample_line[MAX_SAMPLES];
    unsigned n_sample;
};

/* What is being read. */
struct load {
    struct own *own;
    struct conf conf;
    const char *file;
    struct logtype *base; /* based-on */
    struct err *e;
};

static int fail(struct load *l, const char *what, struct slice word)
{
    return err_set(l->e, ERR_USAGE, "%s:%d: %s" SLICE_FMT, l->file, l->conf.line, what,
                   SLICE_ARG(word));
}

/* --- parsing records --- */

static bool read_moment(const struct own *o, struct slice s, int64_t *us)
{
    char text[MAX_MOMENT + 1];
    struct tm tm = {.tm_mday = 1};
    const char *end;

    if (!o->time_format)
        return parse_iso8601(s, us) || parse_clf(s, us) || parse_epoch(s, us);
    if (!s.len || s.len > MAX_MOMENT || memchr(s.ptr, 0, s.len))
        return false;
    memcpy(text, s.ptr, s.len);
    text[s.len] = '\0';
    end = strptime(text, o->time_format, &tm);
    if (!end)
        return false;
    *us = civil_to_us(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
                      tm.tm_sec, 0) -
          (int64_t)tm.tm_gmtoff * 1000000;
    return true;
}

static enum parse_reason read_delimited(const struct own *o, struct logtype *lt, struct slice line,
                                        struct record *rec)
{
    struct tok_map map = {o->order, o->n_order, lt->n_static};
    struct tok_result got = o->delimiter != ' ' ? tok_sep(line, o->delimiter, map, rec->val)
                            : o->quoted         ? tok_quoted(line, map, rec->val)
                                                : tok_runs(line, map, rec->val);

    rec->n_val = MAX(rec->n_val, got.n_val);
    if (got.open)
        return REASON_QUOTE;
    return got.n * 2 < o->n_order || got.n < 2 ? REASON_SHORT : REASON_NONE;
}

static enum parse_reason read_pattern(const struct own *o, struct slice line, struct record *rec)
{
    struct slice group[MAX_OWN_FIELDS];

    if (!regex_groups(o->pattern, line, group, o->n_group))
        return REASON_SHAPE;
    for (unsigned i = 0; i < o->n_group; i++)
        if (o->group_field[i] != UINT16_MAX && group[i].ptr)
            rec->val[o->group_field[i]] = group[i];
    return REASON_NONE;
}

static enum parse_reason read_json(struct logtype *lt, struct slice line, struct record *rec)
{
    unsigned found = 0;

    if (json_record(lt, line, rec) != PARSE_OK)
        return REASON_JSON;
    for (unsigned f = 0; f < lt->n_static; f++)
        found += rec->val[f].ptr != NULL;
    return found * 2 >= lt->n_static ? REASON_NONE : REASON_SHAPE;
}

static enum parse_result own_parse(struct logtype *lt, const struct layout **lay, struct slice line,
                                   struct record *rec)
{
    const struct own *o = (const struct own *)(const void *)lt->fmt;
    enum parse_reason reason;

    (void)lay;
    if (o->kind != OWN_JSON)
        record_begin(rec, lt);
    reason = o->kind == OWN_JSON    ? read_json(lt, line, rec)
             : o->kind == OWN_REGEX ? read_pattern(o, line, rec)
                                    : read_delimited(o, lt, line, rec);
    if (reason != REASON_NONE)
        return record_bad(rec, reason);
    if (o->time_field >= 0 && !read_moment(o, rec->val[o->time_field], &rec->ts)) {
        rec->ts = TIME_NONE;
        if (!value_missing(rec->val[o->time_field]) || o->kind == OWN_DELIMITER)
            return record_bad(rec, REASON_TIME);
    }
    return PARSE_OK;
}

/* By the name of the file if one is wanted, and by how the first records fit. */
static int own_detect(const struct probe *p)
{
    const struct own *o = (const struct own *)(const void *)p->lt->fmt;
    struct slice head = p->head, line;
    struct record *rec = record_new();
    unsigned seen = 0, fit = 0;
    char *path = slice_dup(p->path);
    bool named = o->glob && fnmatch(o->glob, path, 0) == 0;

    free(path);
    while ((named || !o->glob) && seen < PROBE_LINES && probe_line(&head, &line)) {
        const struct layout *lay = NULL;

        seen++;
        fit += own_parse((struct logtype *)(uintptr_t)p->lt, &lay, line, rec) == PARSE_OK;
    }
    record_free(rec);
    if (!seen || !fit)
        return 0;
    /* what the user describes goes before what looks like it */
    return named ? 101 : fit * 2 >= seen ? 75 + (int)(20 * fit / seen) : 0;
}

/* --- reading the description --- */

static const char *keep(struct own *o, struct slice s)
{
    char *p = arena_alloc(&o->texts, s.len + 1);

    if (s.len)
        memcpy(p, s.ptr, s.len);
    p[s.len] = '\0';
    return p;
}

static int field_number_of(struct own *o, struct slice name)
{
    for (unsigned i = 0; i < o->n_field; i++)
        if (slice_is(name, o->field[i].name))
            return (int)i;
    if (o->n_field == MAX_OWN_FIELDS || !name.len)
        return -1;
    o->field[o->n_field] = (struct field_def){
        .name = keep(o, name), .kind = FK_TEXT, .meaning = "a field of this own format"};
    return (int)o->n_field++;
}

static int read_fields(struct load *l, struct slice list)
{
    struct own *o = l->own;
    struct slice rest = list;

    while (rest.ptr) {
        struct slice name = slice_trim(slice_cut(&rest, ' '));
        int f;

        if (!name.len)
            continue;
        f = l->base ? logtype_lookup(l->base, name) : field_number_of(o, name);
        if (f < 0 && l->base)
            f = logtype_field(l->base, name, true);
        if (f < 0 || o->n_order == MAX_OWN_FIELDS)
            return fail(l, "too many fields at ", name);
        o->order[o->n_order++] = (uint16_t)f;
    }
    return 0;
}

static int read_regex(struct load *l, struct slice pattern)
{
    struct own *o = l->own;
    struct err e;

    if (o->pattern)
        return fail(l, "there is a pattern already", SL(""));

    o->pattern = regex_new(pattern, false, &e);
    if (!o->pattern)
        return fail(l, e.msg, SL(""));
    o->n_group = regex_n_groups(o->pattern);
    if (o->n_group > MAX_OWN_FIELDS)
        return fail(l, "the pattern has too many groups", SL(""));
    for (unsigned g = 0; g < o->n_group; g++) {
        const char *name = regex_group_name(o->pattern, g + 1);
        int f = name ? field_number_of(o, slice_str(name)) : -1;

        o->group_field[g] = f < 0 ? UINT16_MAX : (uint16_t)f;
    }
    if (!o->n_field)
        return fail(l, "the pattern has no named group (?<name>...)", SL(""));
    o->kind = OWN_REGEX;
    return 0;
}

static int read_delimiter(struct load *l, struct slice value)
{
    struct own *o = l->own;

    if (slice_is(value, "tab"))
        o->delimiter = '\t';
    else if (slice_is(value, "blank"))
        o->delimiter = ' ';
    else if (value.len == 1)
        o->delimiter = value.ptr[0];
    else
        return fail(l, "a delimiter is tab, blank or one character, not ", value);
    o->kind = OWN_DELIMITER;
    return 0;
}

static int read_type(struct load *l, struct slice value)
{
    if (slice_is(value, "json"))
        l->own->kind = OWN_JSON;
    else if (!slice_is(value, "delimiter") && !slice_is(value, "regex"))
        return fail(l, "a type is delimiter, regex or json, not ", value);
    return 0;
}

static int read_time_format(struct load *l, struct slice value)
{
    static const char *const known[] = {"iso", "clf", "epoch", "auto"};

    for (unsigned i = 0; i < ARRAY_LEN(known); i++)
        if (slice_is(value, known[i]))
            return 0;
    if (!memchr(value.ptr, '%', value.len))
        return fail(l, "a time format is iso, clf, epoch, or has % in it as for date, not ", value);
    l->own->time_format = keep(l->own, value);
    return 0;
}

static int format_line(struct load *l, struct slice name, struct slice value)
{
    struct own *o = l->own;

    if (slice_is(name, "name"))
        o->fmt.name = keep(o, value);
    else if (slice_is(name, "title"))
        o->fmt.title = keep(o, value);
    else if (slice_is(name, "file"))
        o->glob = keep(o, value);
    else if (slice_is(name, "quoted"))
        o->quoted = slice_is(value, "yes") || slice_is(value, "true");
    else if (slice_is(name, "type"))
        return read_type(l, value);
    else if (slice_is(name, "delimiter"))
        return read_delimiter(l, value);
    else if (slice_is(name, "fields"))
        return read_fields(l, value);
    else if (slice_is(name, "pattern"))
        return read_regex(l, value);
    else if (slice_is(name, "time"))
        o->time_field = field_number_of(o, value);
    else if (slice_is(name, "time-format"))
        return read_time_format(l, value);
    else if (slice_is(name, "based-on")) {
        l->base = logtype_by_name(value);
        if (!l->base)
            return fail(l, "there is no log type ", value);
    } else
        return fail(l, "[format] has no ", name);
    return 0;
}

static bool pick(const char *const *names, unsigned n, struct slice value, unsigned *out)
{
    for (unsigned i = 0; i < n; i++) {
        if (names[i] && slice_is(value, names[i])) {
            *out = i;
            return true;
        }
    }
    return false;
}

static int field_line(struct load *l, struct field_def *f, struct slice name, struct slice value)
{
    static const char *const kinds[] = {
        [FK_TEXT] = "text", [FK_NUM] = "number", [FK_TIME] = "time", [FK_IP] = "ip"};
    static const char *const units[] = {[UNIT_S] = "s", [UNIT_MS] = "ms", [UNIT_BYTES] = "bytes"};
    unsigned at;
    int64_t n;

    if (slice_is(name, "kind") && pick(kinds, ARRAY_LEN(kinds), value, &at))
        f->kind = (enum field_kind)at;
    else if (slice_is(name, "unit") && pick(units, ARRAY_LEN(units), value, &at))
        f->unit = (enum field_unit)at;
    else if (slice_is(name, "decimals") && parse_fixed(value, 0, &n) && n >= 0 && n <= 9)
        f->scale = (uint8_t)n;
    else if (slice_is(name, "alias"))
        f->aliases = keep(l->own, value);
    else if (slice_is(name, "meaning"))
        f->meaning = keep(l->own, value);
    else if (slice_is(name, "unique"))
        f->flags |= slice_is(value, "yes") ? FF_NOCOL : 0;
    else if (slice_is(name, "path") && l->own->n_key < 2 * MAX_OWN_FIELDS) {
        l->own->keys[l->own->n_key++] = keep(l->own, value);
        l->own->keys[l->own->n_key++] = f->name;
        f->flags |= FF_BY_KEY;
    } else if (slice_is(name, "role")) {
        for (at = FR_NONE + 1; at < FR_COUNT; at++)
            if (slice_is(value, field_role_name((enum field_role)at)))
                break;
        if (at == FR_COUNT)
            return fail(l, "there is no role ", value);
        f->role = (enum field_role)at;
        if (at == FR_STATUS)
            f->flags |= FF_STATUS;
    } else
        return fail(l, "a field has no such line, or not with this value: ", name);
    return 0;
}

static int sample_line(struct load *l, struct slice value)
{
    struct own *o = l->own;

    if (o->n_sample == MAX_SAMPLES)
        return fail(l, "too many samples", SL(""));
    o->sample_line[o->n_sample] = l->conf.line;
    o->sample[o->n_sample++] = keep(o, value);
    return 0;
}

static int read_line(struct load *l)
{
    struct slice section = l->conf.section, name = l->conf.name, value = l->conf.value;
    int f;

    if (slice_is(section, "format"))
        return format_line(l, name, value);
    if (slice_is(section, "samples"))
        return sample_line(l, value);
    if (slice_starts(section, "field ")) {
        f = field_number_of(l->own, slice_trim(slice_of(section.ptr + 6, section.len - 6)));
        return f < 0 ? fail(l, "too many fields at ", section)
                     : field_line(l, &l->own->field[f], name, value);
    }
    return fail(l, "sections are [format], [field NAME] and [samples], not ", section);
}

static int check_whole(struct load *l)
{
    struct own *o = l->own;

    if (l->base)
        return o->n_order >= 2 ? 0 : fail(l, "based-on wants a line of fields", SL(""));
    if (!o->fmt.name || !*o->fmt.name)
        return fail(l, "[format] wants a name", SL(""));
    if (o->kind == OWN_NONE)
        return fail(l, "[format] wants delimiter and fields, or pattern, or type = json", SL(""));
    if (o->kind == OWN_DELIMITER && o->n_order < 2)
        return fail(l, "a delimiter wants a line of fields", SL(""));
    if (!o->n_field)
        return fail(l, "it has no fields", SL(""));
    if (logtype_by_name(slice_str(o->fmt.name)))
        return fail(l, "there is a log type of that name: ", slice_str(o->fmt.name));
    return 0;
}

static void complete(struct own *o)
{
    if (o->time_field >= 0) {
        struct field_def *f = &o->field[o->time_field];

        f->flags |= FF_NOCOL;
        f->kind = o->time_format ? FK_TEXT : FK_TIME;
    }
    if (!o->fmt.title)
        o->fmt.title = o->fmt.name;
    o->fmt.doc_url = "";
    o->fmt.fields = o->field;
    o->fmt.n_fields = o->n_field;
    o->fmt.json = o->kind == OWN_JSON;
    o->fmt.json_keys = o->n_key ? o->keys : NULL;
    o->fmt.detect = own_detect;
    o->fmt.parse = own_parse;
    o->fmt.samples = o->sample;
}

/* Every sample must parse; `lt` is a stand-in that is in no registry, or the built-in type. */
static int check_samples(struct load *l, struct logtype *lt, struct own_report *report)
{
    struct own *o = l->own;
    struct record *rec = record_new();
    int rc = 0;

    for (unsigned i = 0; i < o->n_sample && rc == 0; i++) {
        const struct layout *lay = NULL;

        l->conf.line = o->sample_line[i];
        rec->reason = REASON_NONE;
        if (lt->fmt->parse(lt, &lay, slice_str(o->sample[i]), rec) == PARSE_OK)
            report->samples++;
        else
            rc = fail(l, "this sample does not parse: ", slice_str(reason_text(rec->reason)));
    }
    record_free(rec);
    return rc;
}

static void own_free(struct own *o)
{
    arena_release(&o->texts);
    regex_free(o->pattern);
    free(o);
}

/* A type that is complete but in no registry, to try the samples on. */
static struct logtype *stand_in(const struct own *o)
{
    struct logtype *lt = xcalloc(1, sizeof(*lt));

    lt->fmt = &o->fmt;
    lt->id = MAX_TYPES - 1; /* the last to be given away */
    lt->n_static = o->n_field;
    for (unsigned i = 0; i < o->n_field; i++)
        lt->field[i] = (struct field_def *)&o->field[i];
    atomic_init(&lt->n_fields, o->n_field);
    return lt;
}

static void drop_stand_in(struct logtype *lt)
{
    json_forget(lt);
    for (unsigned i = lt->n_static; i < lt->n_fields; i++) { /* what the samples taught it */
        free((char *)(uintptr_t)lt->field[i]->name);
        free(lt->field[i]);
    }
    free(lt);
}

static int add_layout(struct load *l)
{
    const struct layout *lay = layout_intern(l->base, l->own->order, l->own->n_order);

    if (!lay || l->base->n_own_layout == MAX_OWN_LAYOUTS)
        return fail(l, "too many orders of columns for ", slice_str(l->base->fmt->name));
    l->base->own_layout[l->base->n_own_layout++] = lay;
    return 0;
}

static int finish(struct load *l, bool check_only, struct own_report *report)
{
    unsigned before = l->base ? l->base->n_own_layout : 0;
    struct own *o = l->own;
    struct logtype *lt;
    int rc = check_whole(l);

    if (rc < 0)
        return rc;
    report->based = l->base != NULL;
    snprintf(report->name, sizeof(report->name), "%s", l->base ? l->base->fmt->name : o->fmt.name);
    if (l->base) {
        rc = add_layout(l);
        if (rc == 0)
            rc = check_samples(l, l->base, report);
        if (rc < 0 || check_only)
            l->base->n_own_layout = before;
        return rc;
    }
    complete(o);
    lt = stand_in(o);
    rc = check_samples(l, lt, report);
    drop_stand_in(lt);
    if (rc < 0 || check_only)
        return rc;
    if (!logtype_add(&o->fmt))
        return fail(l, "there are too many log types", SL(""));
    l->own = NULL; /* the registry has it now */
    return 0;
}

int own_format_load(struct slice text, const char *file, bool check_only, struct own_report *report,
                    struct err *e)
{
    struct load l = {.own = xcalloc(1, sizeof(*l.own)), .file = file, .e = e};
    enum conf_item item;
    int rc = 0;

    memset(report, 0, sizeof(*report));
    l.conf.rest = text;
    l.own->fmt.revision = dict_hash(text);
    l.own->time_field = -1;
    while (rc == 0 && (item = conf_next(&l.conf)) != CONF_END)
        rc = item == CONF_BAD ? fail(&l, "neither NAME = VALUE nor a [section]", SL(""))
                              : read_line(&l);
    if (rc == 0)
        rc = finish(&l, check_only, report);
    if (l.own)
        own_free(l.own);
    return rc;
}
