/* elb.c - see elb.h. */
#include "formats/elb.h"

#include "formats/w3c.h"
#include "json.h"
#include "value.h"

/* Values between tabs need no quotes; if they have them all the same, they are not part of it. */
static void strip_quotes(const struct layout *lay, struct slice *val)
{
    for (unsigned i = 0; i < lay->n; i++) {
        struct slice *s = &val[lay->field[i]];

        if (s->len >= 2 && s->ptr[0] == '"' && s->ptr[s->len - 1] == '"')
            *s = slice_of(s->ptr + 1, s->len - 2);
    }
}

/* In the order that a header line told. */
static void read_named(struct logtype *lt, const struct layout *lay, struct slice line,
                       struct record *rec, struct elb_line *got)
{
    struct tok_result tok;

    if (memchr(line.ptr, '\t', line.len)) {
        tok = w3c_split(lay, lt->n_static, line, rec);
        strip_quotes(lay, rec->val);
    } else {
        w3c_clear_learned(lay, rec);
        tok = tok_quoted(line, (struct tok_map){lay->field, lay->n, lt->n_static}, rec->val);
        rec->n_val = MAX(rec->n_val, tok.n_val);
    }
    *got = (struct elb_line){
        .n = w3c_is_credible(lay, tok.n) ? lt->n_static : 0, .open = tok.open, .keyed = true};
}

enum parse_result elb_read(struct logtype *lt, struct tok_map usual, const struct layout **lay,
                           struct slice line, struct record *rec, struct elb_line *got)
{
    struct tok_result tok;

    if (unlikely(is_json_object(line))) {
        *got = (struct elb_line){.n = lt->n_static, .keyed = true};
        return json_record(lt, line, rec);
    }
    record_begin(rec, lt);
    if (unlikely(w3c_is_comment(line))) {
        w3c_read_header(lt, lay, line);
        return PARSE_HEADER;
    }
    if (unlikely(*lay)) {
        read_named(lt, *lay, line, rec, got);
        return PARSE_OK;
    }
    tok = tok_quoted(line, usual, rec->val);
    rec->n_val = MAX(rec->n_val, tok.n_val);
    *got = (struct elb_line){.n = tok.n, .open = tok.open};
    return PARSE_OK;
}

int elb_detect(const struct probe *p, const char *keys, bool keyed, bool named)
{
    int score = probe_json(p, keys, keyed);

    if (score)
        return score;
    score = w3c_probe(p);
    return score >= 0 ? score : probe_records(p, p->lt->fmt->name, named);
}

bool elb_time(const struct elb_line *got, struct slice s, int64_t *ts)
{
    return parse_iso8601(s, ts) || (got->keyed && value_missing(s));
}

void elb_split_addr(struct slice *val, unsigned whole)
{
    if (!val[whole].ptr) /* a header may have named the parts */
        return;
    if (val[whole + 1].ptr && is_digits(val[whole])) { /* and the port as the whole is called */
        val[whole + 2] = val[whole];
        val[whole] = (struct slice){NULL, 0};
        return;
    }
    split_addr_port(val[whole], &val[whole + 1], &val[whole + 2]);
}

void elb_split_request(struct slice *val, unsigned whole)
{
    struct request_parts r;
    struct slice *part = &val[whole + 1];

    if (!val[whole].ptr)
        return;
    r = split_request(val[whole]);
    part[0] = r.verb;
    part[1] = r.url;
    part[2] = r.part.host;
    part[3] = r.part.path;
    part[4] = r.part.query;
    part[5] = r.proto;
}

struct slice elb_cut_word(struct slice *s)
{
    const char *blank = s->len ? memrchr(s->ptr, ' ', s->len) : NULL;
    struct slice word;

    if (!blank)
        return (struct slice){NULL, 0};
    word = slice_of(blank + 1, (size_t)(slice_end(*s) - blank - 1));
    s->len = (size_t)(blank - s->ptr);
    return word;
}

bool elb_cut_agent(struct slice *agent, struct slice *rest)
{
    struct slice before = *agent, tls = elb_cut_word(&before), cipher = elb_cut_word(&before);

    if (!cipher.len || !slice_ends(before, "\\\"") ||
        !(slice_is(tls, "-") || slice_starts(tls, "TLSv") || slice_starts(tls, "SSLv")))
        return false;
    *rest = slice_of(cipher.ptr, (size_t)(slice_end(*agent) - cipher.ptr));
    *agent = slice_of(before.ptr, before.len - 1);
    return true;
}
