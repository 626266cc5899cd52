/* route53public.c - query log of a public hosted zone: one line an answer, out of CloudWatch Logs.
 */
#include "formats/table.h"
#include "tok_space.h"
#include "value.h"

enum {
    F_VERSION,
    F_TIME,
    F_ZONE,
    F_NAME,
    F_TYPE,
    F_CODE,
    F_PROTOCOL,
    F_EDGE,
    F_RESOLVER,
    F_SUBNET,
    N_ORDERED,
    F_IATA = N_ORDERED,
    F_CITY,
    F_COUNTRY,
    N_FIELDS
};

static const struct field_def fields[N_FIELDS] = {
    [F_VERSION] = FIELD_TEXT("version", NULL, 0, FR_NONE, "version of the line format: 1.0"),
    [F_TIME] = FIELD_TIME("query_timestamp", "query-timestamp", FF_NOCOL,
                          "when the query was answered (UTC)"),
    [F_ZONE] = FIELD_TEXT("hosted_zone_id", "hostedZoneId hosted-zone-id", 0, FR_NONE,
                          "id of the hosted zone"),
    [F_NAME] = FIELD_TEXT("query_name", "queryName query-name", 0, FR_HOST,
                          "name that was asked for, without a dot at its end"),
    [F_TYPE] = FIELD_TEXT("query_type", "queryType query-type", 0, FR_ACTION,
                          "record type that was asked for, or ANY"),
    [F_CODE] = FIELD_TEXT("response_code", "responseCode response-code rcode", 0, FR_ERROR,
                          "result: NOERROR, NXDOMAIN ..."),
    [F_PROTOCOL] = FIELD_TEXT("protocol", NULL, 0, FR_NONE, "UDP or TCP"),
    [F_EDGE] = FIELD_TEXT("edge_location", "edgeLocation edge-location", 0, FR_NONE,
                          "edge location that answered: airport code, number, suffix"),
    [F_RESOLVER] = FIELD_IP("resolver_ip", "resolverIp resolver-ip", FR_CLIENT_IP,
                            "address of the resolver that asked"),
    [F_SUBNET] = FIELD_TEXT("edns_client_subnet", "ednsClientSubnet edns-client-subnet", 0, FR_NONE,
                            "network of the client behind the resolver, where it tells"),
    [F_IATA] = DERIVED_FIELD("edge_iata", NULL, derive_edge_iata, F_EDGE,
                             "airport code of the edge location"),
    [F_CITY] =
        DERIVED_FIELD("city", "edge_city", derive_edge_city, F_EDGE, "city of the edge location"),
    [F_COUNTRY] = DERIVED_FIELD("country", "edge_country", derive_edge_country, F_EDGE,
                                "country of the edge location"),
};

static const uint16_t order[N_ORDERED] = {F_VERSION, F_TIME,     F_ZONE, F_NAME,     F_TYPE,
                                          F_CODE,    F_PROTOCOL, F_EDGE, F_RESOLVER, F_SUBNET};

#define MIN_FIELDS 6 /* up to the result */

static enum parse_result parse(struct logtype *lt, const struct layout **lay, struct slice line,
                               struct record *rec)
{
    struct tok_map map = {order, N_ORDERED, lt->n_static};
    const struct slice *val = rec->val;
    struct tok_result got;

    (void)lay;
    record_begin(rec, lt);
    got = tok_sep(line, ' ', map, rec->val);
    rec->n_val = MAX(rec->n_val, got.n_val);
    if (val[F_VERSION].len != 3 || val[F_VERSION].ptr[1] != '.')
        return record_bad(rec, REASON_SHAPE);
    if (!parse_iso8601(val[F_TIME], &rec->ts))
        return record_bad(rec, REASON_TIME);
    if (got.n < MIN_FIELDS)
        return record_bad(rec, REASON_SHORT);
    return val[F_ZONE].len && val[F_ZONE].ptr[0] == 'Z' ? PARSE_OK : record_bad(rec, REASON_SHAPE);
}

static int detect(const struct probe *p)
{
    return probe_records(p, "route53public", false);
}

static const char *const samples[] = {
    "1.0 2024-05-02T03:04:05.678Z Z0123456789 www.example.com A NOERROR UDP LHR50-C1 203.0.113.9 "
    "198.51.100.0/24",
    "1.0 2024-05-02T03:04:06.000Z Z0123456789 nothere.example.com ANY NXDOMAIN TCP IAD12 "
    "2001:db8::9 -",
    NULL,
};

const struct format format_route53public = {
    .name = "route53public",
    .title = "Route 53 public zone query log",
    .doc_url = "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/query-logs.html",
    .fields = fields,
    .n_fields = N_FIELDS,
    .detect = detect,
    .parse = parse,
    .samples = samples,
};
