/* s3access.c - S3 server access log. Quotes inside the quoted values are not escaped, so a line is
 * read from both ends: up to the request line from the left; the request line ends where a status
 * and the five values behind it follow; the user agent ends at the last quote of the line. */
#include "derive.h"
#include "json.h"
#include "tok_space.h"
#include "value.h"

enum {
    F_OWNER,
    F_BUCKET,
    F_TIME,
    F_IP,
    F_REQUESTER,
    F_REQUEST_ID,
    F_OPERATION,
    F_KEY,
    F_URI,
    F_VERB,
    F_PATH,
    F_QUERY,
    F_PROTO,
    F_STATUS,
    F_ERROR,
    F_SENT,
    F_SIZE,
    F_TOTAL,
    F_TURN,
    F_REFERER,
    F_AGENT,
    F_VERSION,
    F_HOST_ID,
    F_SIGV,
    F_CIPHER,
    F_AUTH,
    F_HOST,
    F_TLS,
    F_ACCESS_POINT,
    F_ACL,
    F_REGION,
    F_KEY_DECODED,
    F_QUERY_DECODED,
    F_KEY_TEMPLATE,
    N_FIELDS
};

static const struct field_def fields[N_FIELDS] = {
    [F_OWNER] = {"bucket_owner", "bucketowner", FK_TEXT, 0, UNIT_NONE, 0, FR_NONE,
                 "canonical id of the owner of the bucket"},
    [F_BUCKET] = {"bucket", "bucket_name", FK_TEXT, 0, UNIT_NONE, 0, FR_NONE,
                  "bucket that the request was for"},
    [F_TIME] = {"time", "requestdatetime", FK_TIME, 0, UNIT_NONE, FF_NOCOL, FR_NONE,
                "when the request arrived (UTC)"},
    [F_IP] = {"remote_ip", "remoteip", FK_IP, 0, UNIT_NONE, 0, FR_CLIENT_IP,
              "address of the caller; none for requests of S3 itself"},
    [F_REQUESTER] = {"requester", NULL, FK_TEXT, 0, UNIT_NONE, 0, FR_PRINCIPAL,
                     "who asked: ARN, canonical id or service; none for anonymous"},
    [F_REQUEST_ID] = {"request_id", "requestid", FK_TEXT, 0, UNIT_NONE, FF_NOCOL, FR_REQUEST_ID,
                      "id that S3 gave to the request"},
    [F_OPERATION] = {"operation", NULL, FK_TEXT, 0, UNIT_NONE, 0, FR_ACTION,
                     "operation, as REST.GET.OBJECT"},
    [F_KEY] = {"key", NULL, FK_TEXT, 0, UNIT_NONE, FF_URLENC, FR_PATH, "key of the object"},
    [F_URI] = {"request_uri", NULL, FK_TEXT, 0, UNIT_NONE, FF_NOCOL, FR_NONE,
               "the request line: method, path and version"},
    [F_VERB] = {"request_verb", NULL, FK_TEXT, 0, UNIT_NONE, FF_DERIVED, FR_METHOD,
                "HTTP method of the request line"},
    [F_PATH] = {"request_path", NULL, FK_TEXT, 0, UNIT_NONE, FF_DERIVED, FR_NONE,
                "path of the request line"},
    [F_QUERY] = {"request_query", NULL, FK_TEXT, 0, UNIT_NONE, FF_NOCOL | FF_DERIVED, FR_QUERY,
                 "query string of the request line"},
    [F_PROTO] = {"request_proto", NULL, FK_TEXT, 0, UNIT_NONE, FF_DERIVED, FR_NONE,
                 "HTTP version of the request line"},
    [F_STATUS] = {"http_status", "httpstatus", FK_NUM, 0, UNIT_NONE, FF_STATUS, FR_STATUS,
                  "status of the answer"},
    [F_ERROR] = {"error_code", "errorcode", FK_TEXT, 0, UNIT_NONE, 0, FR_ERROR, "S3 error code"},
    [F_SENT] = {"bytes_sent", "bytessent", FK_NUM, 0, UNIT_BYTES, 0, FR_BYTES_OUT,
                "bytes of the answer without headers; none is zero"},
    [F_SIZE] = {"object_size", "objectsize", FK_NUM, 0, UNIT_BYTES, 0, FR_NONE,
                "size of the object"},
    [F_TOTAL] = {"total_time", "totaltime", FK_NUM, 0, UNIT_MS, 0, FR_DURATION,
                 "from receipt until the last byte of the answer left"},
    [F_TURN] = {"turn_around_time", "turnaroundtime", FK_NUM, 0, UNIT_MS, 0, FR_NONE,
                "from the last byte received until the first byte sent"},
    [F_REFERER] = {"referer", "referrer", FK_TEXT, 0, UNIT_NONE, 0, FR_NONE, "Referer header"},
    [F_AGENT] = {"user_agent", "useragent", FK_TEXT, 0, UNIT_NONE, 0, FR_USER_AGENT,
                 "User-Agent header"},
    [F_VERSION] = {"version_id", "versionid", FK_TEXT, 0, UNIT_NONE, FF_NOCOL, FR_NONE,
                   "version of the object that was asked for"},
    [F_HOST_ID] = {"host_id", "hostid", FK_TEXT, 0, UNIT_NONE, FF_NOCOL, FR_NONE,
                   "extended request id (x-amz-id-2)"},
    [F_SIGV] = {"signature_version", "sigv", FK_TEXT, 0, UNIT_NONE, 0, FR_NONE,
                "SigV2 or SigV4; none if unsigned"},
    [F_CIPHER] = {"cipher_suite", "ciphersuite", FK_TEXT, 0, UNIT_NONE, 0, FR_NONE,
                  "TLS cipher; none for plain HTTP"},
    [F_AUTH] = {"authentication_type", "authtype", FK_TEXT, 0, UNIT_NONE, 0, FR_NONE,
                "AuthHeader, QueryString (presigned) or none"},
    [F_HOST] = {"host_header", "endpoint", FK_TEXT, 0, UNIT_NONE, 0, FR_HOST,
                "endpoint that was used"},
    [F_TLS] = {"tls_version", "tlsversion", FK_TEXT, 0, UNIT_NONE, 0, FR_NONE, "TLS version"},
    [F_ACCESS_POINT] = {"access_point_arn", "accesspointarn", FK_TEXT, 0, UNIT_NONE, 0, FR_NONE,
                        "access point that the request came through"},
    [F_ACL] = {"acl_required", "aclrequired", FK_TEXT, 0, UNIT_NONE, 0, FR_NONE,
               "Yes if only an ACL allowed the request"},
    [F_REGION] = {"source_region", "sourceregion", FK_TEXT, 0, UNIT_NONE, 0, FR_NONE,
                  "AWS region that the request came from"},
    [F_KEY_DECODED] = DERIVED_FIELD("key_decoded", "path_decoded", derive_decoded_key, F_KEY,
                                    "key of the object without percent-encoding"),
    [F_QUERY_DECODED] = DERIVED_FIELD("query_decoded", NULL, derive_decoded, F_QUERY,
                                      "query string without percent-encoding"),
    [F_KEY_TEMPLATE] = DERIVED_FIELD("path_template", "key_template", derive_path_template, F_KEY,
                                     "key of the object with its ids folded"),
};

static const uint16_t tail_order[] = {
    F_VERSION, F_HOST_ID, F_SIGV, F_CIPHER, F_AUTH, F_HOST, F_TLS, F_ACCESS_POINT, F_ACL, F_REGION,
};

static const uint16_t result_order[] = {F_STATUS, F_ERROR, F_SENT, F_SIZE, F_TOTAL, F_TURN};

static bool is_dash(struct slice s)
{
    return s.len == 1 && s.ptr[0] == '-';
}

static bool is_operation(struct slice s)
{
    return slice_starts(s, "REST.") || slice_starts(s, "WEBSITE.") || slice_starts(s, "BATCH.") ||
           slice_starts(s, "S3.") || slice_starts(s, "SOAP.");
}

/* owner bucket [time] address */
static enum parse_reason read_front(struct slice *left, struct record *rec)
{
    struct slice *val = rec->val;

    val[F_OWNER] = slice_cut(left, ' ');
    val[F_BUCKET] = slice_cut(left, ' ');
    if (!left->len || left->ptr[0] != '[')
        return REASON_SHAPE;
    left->ptr++;
    left->len--;
    val[F_TIME] = slice_cut(left, ']');
    if (!parse_clf(val[F_TIME], &rec->ts))
        return REASON_TIME;
    if (!left->len || left->ptr[0] != ' ')
        return REASON_SHORT;
    slice_cut(left, ' ');
    val[F_IP] = slice_cut(left, ' ');
    return left->ptr ? REASON_NONE : REASON_SHORT;
}

/* requester id operation key: the requester may have blanks in it, the operation tells the end. */
static bool read_caller(struct slice *left, struct slice *val)
{
    struct slice all = *left, rest = *left, before = {NULL, 0};
    unsigned n = 0;

    while (rest.ptr) {
        struct slice word = slice_cut(&rest, ' ');

        if (word.len && word.ptr[0] == '"')
            break;
        if (n >= 2 && is_operation(word)) {
            val[F_REQUESTER] = slice_of(all.ptr, (size_t)(before.ptr - all.ptr) - 1);
            val[F_REQUEST_ID] = before;
            val[F_OPERATION] = word;
            val[F_KEY] = slice_cut(&rest, ' ');
            *left = rest;
            return rest.ptr != NULL;
        }
        before = word;
        n++;
    }
    val[F_REQUESTER] = slice_cut(left, ' ');
    val[F_REQUEST_ID] = slice_cut(left, ' ');
    val[F_OPERATION] = slice_cut(left, ' ');
    val[F_KEY] = slice_cut(left, ' ');
    return left->ptr != NULL;
}

/* Status, error code and four numbers at the start of *left; they are cut off if they are there. */
static bool read_result(struct slice *left, struct slice *val)
{
    struct slice rest = *left, got[ARRAY_LEN(result_order)] = {{NULL, 0}};

    for (unsigned i = 0; i < ARRAY_LEN(got); i++) {
        got[i] = slice_cut(&rest, ' ');
        if (!got[i].len || (i == 0 && !is_status(got[i])) ||
            (i > 1 && !is_dash(got[i]) && !is_digits(got[i])))
            return false;
    }
    for (unsigned i = 0; i < ARRAY_LEN(got); i++)
        val[result_order[i]] = got[i];
    *left = rest;
    return true;
}

static bool ends_in_version(struct slice s)
{
    return s.len > 10 && memmem(slice_end(s) - 10, 10, " HTTP/", 6) != NULL;
}

/* The request line, quoted or a bare dash, and the result behind it. Clients may write what looks
 * like its end: the first that does counts, unless a later one stands behind an HTTP version. It is
 * a guess where there are several. */
static enum parse_reason read_request(struct slice *left, struct slice *val, bool *guess)
{
    const char *start = left->ptr + 1, *end = left->ptr + left->len, *p = start;
    struct slice behind = {NULL, 0};

    if (left->ptr[0] != '"') {
        val[F_URI] = slice_cut(left, ' ');
        return left->ptr && read_result(left, val) ? REASON_NONE : REASON_SHAPE;
    }
    while ((p = memchr(p, '"', (size_t)(end - p))) != NULL) {
        struct slice uri = slice_of(start, (size_t)(p - start));
        struct slice rest = slice_of(p + 2, p + 2 < end ? (size_t)(end - p - 2) : 0);
        bool sure = ends_in_version(uri);

        if (rest.len && p[1] == ' ' && (sure || !behind.ptr) && read_result(&rest, val)) {
            *guess |= behind.ptr != NULL;
            val[F_URI] = uri;
            behind = rest;
            if (sure)
                break;
        }
        p++;
    }
    if (!val[F_URI].ptr)
        return memchr(start, '"', (size_t)(end - start)) ? REASON_SHAPE : REASON_QUOTE;
    *left = behind;
    return REASON_NONE;
}

static bool has_border(struct slice s)
{
    return s.len && memchr(s.ptr, '"', s.len) && memmem(s.ptr, s.len, "\" \"", 3);
}

/* `"referer" "agent"`: the first `" "` parts them, agents having odd quotes more often; a guess
 * where there are more. */
static void split_quoted_pair(struct slice s, struct slice *val, bool *guess)
{
    struct slice inner = slice_of(s.ptr + 1, s.len - 2);
    const char *at = memmem(inner.ptr, inner.len, "\" \"", 3);
    size_t n = at ? (size_t)(at - inner.ptr) : inner.len;

    val[F_REFERER] = slice_of(inner.ptr, n);
    if (at)
        val[F_AGENT] = slice_of(at + 3, inner.len - n - 3);
    *guess |= has_border(val[F_AGENT]);
}

/* The quote that closes the last quoted value of the line: a blank or the end follows. */
static const char *last_quote(struct slice s)
{
    const char *p = s.len ? memrchr(s.ptr, '"', s.len) : NULL;

    while (p && p + 1 < s.ptr + s.len && p[1] != ' ')
        p = p > s.ptr ? memrchr(s.ptr, '"', (size_t)(p - s.ptr)) : NULL;
    return p;
}

static struct slice after(struct slice s, const char *p)
{
    const char *end = s.ptr + s.len;

    return p < end ? slice_of(p, (size_t)(end - p)) : (struct slice){NULL, 0};
}

/* Referer and agent; *left becomes the tail behind them. Either may be a bare dash. */
static bool read_client(struct slice *left, struct slice *val, bool *guess)
{
    const char *quote = last_quote(*left);
    struct slice quoted;

    if (!quote || left->ptr[0] != '"') {
        val[F_REFERER] = slice_cut(left, ' ');
        if (!quote) {
            val[F_AGENT] = slice_cut(left, ' ');
            return !val[F_AGENT].len || val[F_AGENT].ptr[0] != '"';
        }
    }
    if (!left->len || left->ptr[0] != '"' || quote < left->ptr)
        return false; /* or the last quote is in the referer that was cut off */
    quoted = slice_of(left->ptr, (size_t)(quote + 1 - left->ptr));
    *left = after(*left, quote + 2);
    if (quoted.len < 2)
        return false;
    if (val[F_REFERER].ptr) {
        val[F_AGENT] = slice_of(quoted.ptr + 1, quoted.len - 2);
        return true;
    }
    split_quoted_pair(quoted, val, guess);
    if (!val[F_AGENT].ptr && left->ptr)
        val[F_AGENT] = slice_cut(left, ' ');
    return !val[F_AGENT].len || val[F_AGENT].ptr[0] != '"' || val[F_AGENT].ptr[-1] == '"';
}

static void split_uri(struct slice *val)
{
    struct request_parts r = split_request(val[F_URI]);

    val[F_VERB] = r.verb;
    val[F_PATH] = r.part.path;
    val[F_QUERY] = r.part.query;
    val[F_PROTO] = r.proto;
}

/* Vended delivery (section 2.4): the same values under names of their own. */
static const char *const json_keys[] = {
    "bucket_name",
    "bucket",
    "request_time",
    "time",
    "bucket_owner_id",
    "bucket_owner",
    "key_name",
    "key",
    "bytes_sent_size",
    "bytes_sent",
    "total_duration",
    "total_time",
    "turn_around_duration",
    "turn_around_time",
    NULL,
};

static enum parse_result parse_json(struct logtype *lt, struct slice line, struct record *rec)
{
    enum parse_result r = json_record(lt, line, rec);
    struct slice *time = &rec->val[F_TIME];

    if (r != PARSE_OK)
        return r;
    if (!rec->val[F_BUCKET].ptr && !rec->val[F_OPERATION].ptr && !rec->val[F_KEY].ptr)
        return record_bad(rec, REASON_SHAPE); /* which of the others there are, the user chose */
    if (time->len > 2 && time->ptr[0] == '[')
        *time = slice_of(time->ptr + 1, time->len - 2);
    if (!field_number(&fields[F_TIME], *time, &rec->ts)) {
        rec->ts = TIME_NONE;
        if (!value_missing(*time))
            return record_bad(rec, REASON_TIME);
    }
    split_uri(rec->val);
    return PARSE_OK;
}

static enum parse_result parse(struct logtype *lt, const struct layout **lay, struct slice line,
                               struct record *rec)
{
    struct slice left = line;
    enum parse_reason reason;
    bool guess = false;

    (void)lay;
    if (is_json_object(line))
        return parse_json(lt, line, rec);
    record_begin(rec, lt);
    reason = read_front(&left, rec);
    if (reason == REASON_NONE && !read_caller(&left, rec->val))
        reason = REASON_SHORT;
    if (reason == REASON_NONE && !left.len)
        reason = REASON_SHORT;
    if (reason == REASON_NONE)
        reason = read_request(&left, rec->val, &guess);
    if (reason == REASON_NONE && left.len && !read_client(&left, rec->val, &guess))
        reason = REASON_QUOTE;
    if (reason != REASON_NONE)
        return record_bad(rec, reason);
    if (left.len) {
        struct tok_map map = {tail_order, ARRAY_LEN(tail_order), lt->n_static};

        rec->n_val = tok_sep(left, ' ', map, rec->val).n_val;
    }
    split_uri(rec->val);
    rec->reason = guess ? REASON_GUESS : REASON_NONE;
    return PARSE_OK;
}

/* --- detection --- */

/* YYYY-MM-DD-hh-mm-ss-UNIQUE at the end of the key. */
static bool is_named(struct slice path)
{
    static const char shape[] = "0000-00-00-00-00-00-XXXXXXXXXXXXXXXX";
    const char *p;

    if (path.len < sizeof(shape) - 1)
        return false;
    p = path.ptr + path.len - (sizeof(shape) - 1);
    for (size_t i = 0; shape[i]; i++) {
        bool digit = p[i] >= '0' && p[i] <= '9';

        if (shape[i] == '-' ? p[i] != '-'
                            : !digit && !(shape[i] == 'X' && p[i] >= 'A' && p[i] <= 'F'))
            return false;
    }
    return true;
}

static int detect(const struct probe *p)
{
    int score = probe_json(p,
                           "bucket_name|bucket_arn operation|schema_version_id "
                           "request_uri|http_status|key_name|operation",
                           false);

    return score ? score : probe_records(p, "s3access", is_named(p->path));
}

static const char *const samples[] = {
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef pictures "
    "[03/Apr/2023:05:06:07 +0000] 203.0.113.50 arn:aws:iam::111122223333:user/anna "
    "0A1B2C3D4E5F6071 "
    "REST.GET.OBJECT cats/one%2520two.png \"GET /cats/one%20two.png?versionId=7 HTTP/1.1\" 200 - "
    "4096 4096 31 30 \"https://www.example.org/\" \"aws-cli/2.0\" 7 "
    "aGVsbG8gd29ybGQ= SigV4 TLS_AES_128_GCM_SHA256 AuthHeader pictures.s3.eu-west-1.amazonaws.com "
    "TLSv1.3 - Yes eu-west-1 later",
    "0123 pictures [03/Apr/2023:05:06:08 +0000] - "
    "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E0EXAMPLE 0A1B2C3D4E5F6072 "
    "REST.HEAD.OBJECT a \"HEAD /a\" HTTP/1.1\" 404 NoSuchKey 300 - 5 - \"-\" "
    "\"odd \" agent\"\" - id - - - host TLSv1.2",
    "0123 pictures [03/Apr/2023:05:06:09 +0000] - AmazonS3 0A1B2C3D4E5F6073 S3.EXPIRE.OBJECT "
    "old/key - - - - - - - - - - - - - - - -",
    "0123 pictures [03/Apr/2011:05:06:09 +0000] 2001:db8::3 - 0A1B2C3D4E5F6074 REST.GET.ACL - "
    "\"GET /pictures?acl HTTP/1.1\" 403 AccessDenied 231 - 7 - \"-\" \"Agent/1\" -",
    "{\"schema_version_id\":\"1.0\",\"bucket_arn\":\"arn:aws:s3:::pictures\",\"bucket_name\":"
    "\"pictures\","
    "\"request_time\":\"2026-01-02T03:04:05.000Z\",\"bucket_owner_id\":\"0123\",\"remote_ip\":"
    "\"203.0.113.50\",\"requester\":null,\"request_id\":\"0A1B2C3D4E5F6075\",\"operation\":"
    "\"REST.GET.OBJECT\",\"key_name\":\"cats/one.png\",\"request_uri\":\"GET /cats/one.png?v=1 "
    "HTTP/1.1\","
    "\"http_status\":\"200\",\"error_code\":null,\"bytes_sent_size\":\"4096\",\"object_size\":"
    "\"4096\","
    "\"total_duration\":\"31\",\"turn_around_duration\":\"30\",\"acl_required\":true}",
    NULL,
};

const struct format format_s3access = {
    .name = "s3access",
    .title = "S3 server access log",
    .doc_url = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html",
    .fields = fields,
    .n_fields = N_FIELDS,
    .json = true,
    .json_keys = json_keys,
    .detect = detect,
    .parse = parse,
    .samples = samples,
};
