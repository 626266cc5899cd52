/* elb.c - see elb.h. */
#include "formats/elb.h"

#include "json.h"
#include "value.h"

bool elb_read(struct logtype *lt, const uint16_t *order, unsigned n, struct slice line,
              struct record *rec, struct elb_line *got)
{
    struct tok_result tok;

    if (unlikely(is_json_object(line))) {
        *got = (struct elb_line){.n = lt->n_static, .keyed = true};
        return json_record(lt, line, rec) == PARSE_OK;
    }
    record_begin(rec, lt);
    tok = tok_quoted(line, (struct tok_map){order, n, lt->n_static}, rec->val);
    rec->n_val = MAX(rec->n_val, tok.n_val);
    *got = (struct elb_line){.n = tok.n, .open = tok.open};
    return true;
}

bool elb_time(const struct elb_line *got, struct slice s, int64_t *ts)
{
    return parse_iso8601(s, ts) || (got->keyed && value_missing(s));
}

void elb_split_addr(struct slice *val, unsigned whole)
{
    split_addr_port(val[whole], &val[whole + 1], &val[whole + 2]);
}

void elb_split_request(struct slice *val, unsigned whole)
{
    struct request_parts r = split_request(val[whole]);
    struct slice *part = &val[whole + 1];

    part[0] = r.verb;
    part[1] = r.url;
    part[2] = r.part.host;
    part[3] = r.part.path;
    part[4] = r.part.query;
    part[5] = r.proto;
}
