/* elb.c - see elb.h. */
#include "formats/elb.h"

#include "json.h"

bool elb_read(struct logtype *lt, const uint16_t *order, unsigned n, struct slice line,
              struct record *rec, struct tok_result *got)
{
    if (unlikely(is_json_object(line))) {
        *got = (struct tok_result){.n = lt->n_static};
        return json_record(lt, line, rec) == PARSE_OK;
    }
    record_begin(rec, lt);
    *got = tok_quoted(line, (struct tok_map){order, n, lt->n_static}, rec->val);
    rec->n_val = MAX(rec->n_val, got->n_val);
    return true;
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
    part[2] = r.host;
    part[3] = r.path;
    part[4] = r.query;
    part[5] = r.proto;
}
