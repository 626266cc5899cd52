/* cloudtrail.c - CloudTrail events: management, data, network activity, Insights, aggregated. What
 * a call carried (requestParameters, responseElements) differs for each action: it is kept as JSON
 * and its members are learned. */
#include "formats/table.h"
#include "json.h"
#include "tok_space.h"
#include "value.h"

enum {
    F_TIME,
    F_SOURCE,
    F_NAME,
    F_ERROR,
    F_PRINCIPAL,
    F_TYPE,
    F_ARN,
    F_PRINCIPAL_ID,
    F_ACCOUNT,
    F_USER,
    F_INVOKED_BY,
    F_ISSUER,
    F_SOURCE_IDENTITY,
    F_ON_BEHALF,
    F_PROVIDER,
    F_SESSION,
    F_SERVICE,
    F_ROOT,
    F_MFA,
    F_MFA_SESSION,
    F_MFA_USED,
    F_WINDOW,
    F_EVENT_VERSION,
    F_DIGEST,
    F_CATEGORY,
    F_MANAGEMENT,
    N_NAMED
};

static const struct field_def fields[] = {
    [F_TIME] = FIELD_TIME("eventTime", "eventtime", FF_NOCOL, "when the service was done (UTC)"),
    [F_SOURCE] = FIELD_TEXT("eventSource", "eventsource", 0, FR_HOST, "service that was called"),
    [F_NAME] = FIELD_TEXT("eventName", "eventname", 0, FR_ACTION, "action that was asked for"),
    [F_ERROR] = FIELD_TEXT("errorCode", "errorcode", 0, FR_ERROR,
                           "why the call failed; none if it did not"),
    [F_PRINCIPAL] = FIELD_TEXT("principal_chain", "who", FF_DERIVED, FR_PRINCIPAL,
                               "who called: user, session and the role behind it"),
    [F_TYPE] = FIELD_TEXT("userIdentity.type", "useridentity.type", 0, FR_NONE,
                          "kind of caller: Root, IAMUser, AssumedRole, AWSService ..."),
    [F_ARN] = FIELD_TEXT("userIdentity.arn", "useridentity.arn", 0, FR_NONE, "ARN of the caller"),
    [F_PRINCIPAL_ID] = FIELD_TEXT("userIdentity.principalId", "useridentity.principalid", 0,
                                  FR_NONE, "unique id of the caller; ROLE:SESSION for roles"),
    [F_ACCOUNT] = FIELD_TEXT("userIdentity.accountId", "useridentity.accountid", FF_ID, FR_NONE,
                             "account of the caller"),
    [F_USER] = FIELD_TEXT("userIdentity.userName", "useridentity.username", 0, FR_NONE,
                          "name of the user who called"),
    [F_INVOKED_BY] = FIELD_TEXT("userIdentity.invokedBy", "useridentity.invokedby", 0, FR_NONE,
                                "service that called on behalf of the caller"),
    [F_ISSUER] =
        FIELD_TEXT("userIdentity.sessionContext.sessionIssuer.userName", "sessionissuer.username",
                   0, FR_NONE, "role or user that the session belongs to"),
    [F_SOURCE_IDENTITY] = FIELD_TEXT("userIdentity.sessionContext.sourceIdentity", NULL, 0, FR_NONE,
                                     "who began the chain of roles"),
    [F_ON_BEHALF] = FIELD_TEXT("userIdentity.onBehalfOf.userId", "useridentity.onbehalfof.userid",
                               0, FR_NONE, "Identity Center user behind the call"),
    [F_PROVIDER] = FIELD_TEXT("userIdentity.identityProvider", NULL, 0, FR_NONE,
                              "provider that vouched for a federated user"),
    [F_SESSION] = FIELD_TEXT("session_name", NULL, FF_DERIVED, FR_NONE, "name of the role session"),
    [F_SERVICE] =
        FIELD_TEXT("service", NULL, FF_DERIVED, FR_NONE, "service that was called, in short"),
    [F_ROOT] = FIELD_TEXT("is_root", "root", FF_DERIVED, FR_NONE, "true if the root user called"),
    [F_MFA] = FIELD_TEXT("mfa", NULL, FF_DERIVED, FR_NONE,
                         "whether a second factor was used: true or false"),
    [F_MFA_SESSION] = FIELD_TEXT("userIdentity.sessionContext.attributes.mfaAuthenticated",
                                 "sessioncontext.attributes.mfaauthenticated", 0, FR_NONE,
                                 "whether the session was made with a second factor"),
    [F_MFA_USED] = FIELD_TEXT("additionalEventData.MFAUsed", NULL, 0, FR_NONE,
                              "whether a console sign-in had a second factor"),
    [F_WINDOW] = FIELD_TIME("timeWindow.windowStart", NULL, 0, "start of an aggregated event"),
    [F_EVENT_VERSION] =
        FIELD_TEXT("eventVersion", "eventversion", 0, FR_NONE, "version of the event format"),
    [F_DIGEST] = FIELD_TIME("digestStartTime", NULL, 0, "start of what a digest file covers"),
    [F_CATEGORY] =
        FIELD_TEXT("eventCategory", "eventcategory", 0, FR_NONE,
                   "Management, Data, NetworkActivity, Insight or Aggregated; before version 1.07, "
                   "which has none, Data where managementEvent is false and else Management"),
    [F_MANAGEMENT] =
        FIELD_TEXT("managementEvent", NULL, 0, FR_NONE, "true for calls that manage resources"),
    FIELD_TEXT("awsRegion", "awsregion", 0, FR_NONE, "region that was called"),
    FIELD_TEXT("sourceIPAddress", "sourceipaddress", 0, FR_CLIENT_IP,
               "address of the caller, or the name of the service that called"),
    FIELD_TEXT("userAgent", "useragent", 0, FR_USER_AGENT, "program that called"),
    FIELD_LONG("errorMessage", "errormessage", FR_NONE, "what the service said about the failure"),
    FIELD_LONG("requestParameters", "requestparameters", FR_NONE, "what the call asked for"),
    FIELD_LONG("responseElements", "responseelements", FR_NONE,
               "what a call that changes something gave back"),
    FIELD_LONG("additionalEventData", "additionaleventdata", FR_NONE, "facts beside the call"),
    FIELD_LONG("requestID", "requestid", FR_REQUEST_ID, "id that the service gave the call"),
    FIELD_LONG("eventID", "eventid", FR_NONE, "id of this event, the same in every copy"),
    FIELD_TEXT("eventType", "eventtype", 0, FR_NONE,
               "what made the event: a call, the console, a service"),
    FIELD_TEXT("apiVersion", "apiversion", 0, FR_NONE, "version of the API that was called"),
    FIELD_TEXT("readOnly", "readonly", 0, FR_NONE, "true if the call could change nothing"),
    FIELD_LONG("resources", NULL, FR_NONE, "resources that were touched"),
    FIELD_TEXT("resources[].ARN", "resources.arn", 0, FR_NONE, "first resource that was touched"),
    FIELD_TEXT("resources[].accountId", "resources.accountid", FF_ID, FR_NONE,
               "owner of the first resource"),
    FIELD_TEXT("resources[].type", "resources.type", 0, FR_NONE, "kind of the first resource"),
    FIELD_TEXT("recipientAccountId", "recipientaccountid", FF_ID, FR_NONE,
               "account that got this copy of the event"),
    FIELD_LONG("serviceEventDetails", "serviceeventdetails", FR_NONE,
               "what a service did by itself"),
    FIELD_LONG("sharedEventID", "sharedeventid", FR_NONE,
               "joins copies in other accounts, and start and end of an Insight"),
    FIELD_TEXT("vpcEndpointId", "vpcendpointid", 0, FR_NONE, "VPC endpoint that was used"),
    FIELD_TEXT("vpcEndpointAccountId", "vpcendpointaccountid", FF_ID, FR_NONE,
               "owner of the VPC endpoint"),
    FIELD_LONG("addendum", NULL, FR_NONE, "why the event came late or was changed"),
    FIELD_TEXT("sessionCredentialFromConsole", "sessioncredentialfromconsole", 0, FR_NONE,
               "true if a session of the console called"),
    FIELD_LONG("edgeDeviceDetails", "edgedevicedetails", FR_NONE, "device at the edge"),
    FIELD_TEXT("tlsDetails.tlsVersion", "tlsdetails.tlsversion", 0, FR_NONE, "TLS version"),
    FIELD_TEXT("tlsDetails.cipherSuite", "tlsdetails.ciphersuite", 0, FR_NONE, "cipher suite"),
    FIELD_TEXT("tlsDetails.clientProvidedHostHeader", "tlsdetails.clientprovidedhostheader", 0,
               FR_NONE, "host that the caller meant"),
    FIELD_TEXT("tlsDetails.keyExchange", NULL, 0, FR_NONE, "group of the key exchange"),
    FIELD_LONG("eventContext", NULL, FR_NONE, "tags and condition keys that were added"),
    FIELD_TEXT("userIdentity.accessKeyId", "useridentity.accesskeyid", 0, FR_NONE,
               "access key that signed; ASIA... are temporary"),
    FIELD_TIME("userIdentity.sessionContext.attributes.creationDate",
               "sessioncontext.attributes.creationdate", 0, "when the session began"),
    FIELD_TEXT("userIdentity.sessionContext.sessionIssuer.type", "sessionissuer.type", 0, FR_NONE,
               "kind of the session's owner"),
    FIELD_TEXT("userIdentity.sessionContext.sessionIssuer.arn", "sessionissuer.arn", 0, FR_NONE,
               "ARN of the role or user behind the session"),
    FIELD_TEXT("userIdentity.sessionContext.sessionIssuer.accountId", "sessionissuer.accountid",
               FF_ID, FR_NONE, "account of the session's owner"),
    FIELD_TEXT("userIdentity.sessionContext.sessionIssuer.principalId", "sessionissuer.principalid",
               0, FR_NONE, "unique id of the session's owner"),
    FIELD_TEXT("userIdentity.sessionContext.ec2RoleDelivery", NULL, 0, FR_NONE,
               "version of the instance metadata service that gave the keys"),
    FIELD_TEXT("userIdentity.sessionContext.webIdFederationData.federatedProvider", NULL, 0,
               FR_NONE, "provider of a web identity"),
    FIELD_TEXT("userIdentity.onBehalfOf.identityStoreArn", NULL, 0, FR_NONE,
               "store that knows the Identity Center user"),
    FIELD_LONG("userIdentity.inScopeOf", NULL, FR_NONE, "what a service acted within"),
    FIELD_TEXT("userIdentity.credentialId", NULL, 0, FR_NONE, "id of a bearer token"),
    FIELD_LONG("userIdentity.invokedByDelegate", NULL, FR_NONE, "delegate who began the call"),
    FIELD_TEXT("insightDetails.state", NULL, 0, FR_NONE, "Start or End of unusual activity"),
    FIELD_TEXT("insightDetails.eventSource", NULL, 0, FR_NONE, "service with unusual activity"),
    FIELD_TEXT("insightDetails.eventName", NULL, 0, FR_NONE, "action with unusual activity"),
    FIELD_TEXT("insightDetails.insightType", NULL, 0, FR_NONE,
               "unusual rate of calls or of errors"),
    FIELD_TEXT("insightDetails.errorCode", NULL, 0, FR_NONE, "error with an unusual rate"),
    FIELD("insightDetails.insightContext.statistics.baseline.average", NULL, FK_NUM, 6, UNIT_NONE,
          0, FR_NONE, "usual calls a minute"),
    FIELD("insightDetails.insightContext.statistics.insight.average", NULL, FK_NUM, 6, UNIT_NONE, 0,
          FR_NONE, "unusual calls a minute"),
    FIELD("insightDetails.insightContext.statistics.insightDuration", NULL, FK_NUM, 0, UNIT_NONE, 0,
          FR_NONE, "how many minutes it lasted; counts in the End event"),
    FIELD_LONG("insightDetails.insightContext.attributions", NULL, FR_NONE,
               "who and what made the unusual activity"),
    FIELD_TIME("timeWindow.windowEnd", NULL, 0, "end of an aggregated event"),
    FIELD_TEXT("timeWindow.windowSize", NULL, 0, FR_NONE, "length of an aggregated event"),
    FIELD_LONG("summary", NULL, FR_NONE, "counts of an aggregated event"),
    FIELD_TEXT("accountId", NULL, FF_ID, FR_NONE, "account of an aggregated event"),
    FIELD_LONG("eventId", NULL, FR_NONE, "id of an aggregated event"),
    FIELD_TIME("digestEndTime", NULL, 0, "end of what a digest file covers"),
    FIELD_LONG("logFiles", NULL, FR_NONE, "files and hashes of a digest"),
    FIELD_TEXT("requestParameters.bucketName", NULL, 0, FR_NONE, "bucket that was asked for"),
    FIELD_LONG("requestParameters.key", NULL, FR_PATH, "key of the object that was asked for"),
};

/* --- who --- */

/* The last part of arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION, else what is behind the colon of
 * ROLEID:SESSION. Users of another provider have a colon in their id as well. */
static struct slice session_name(const struct slice *val)
{
    struct slice s = val[F_ARN];
    const char *at;

    if (s.len && memmem(s.ptr, s.len, ":assumed-role/", 14)) {
        at = memrchr(s.ptr, '/', s.len);
        return slice_of(at + 1, (size_t)(slice_end(s) - at - 1));
    }
    s = val[F_PRINCIPAL_ID];
    if (slice_is(val[F_TYPE], "WebIdentityUser") || slice_is(val[F_TYPE], "SAMLUser"))
        return (struct slice){NULL, 0};
    at = s.len ? memchr(s.ptr, ':', s.len) : NULL;
    return at ? slice_of(at + 1, (size_t)(slice_end(s) - at - 1)) : (struct slice){NULL, 0};
}

/* The role in the ARN of a session, or whose ARN it is, where the event does not name an issuer. */
static struct slice role_name(const struct slice *val)
{
    struct slice s = val[F_ARN];
    const char *at = s.len ? memmem(s.ptr, s.len, ":assumed-role/", 14) : NULL;

    if (!val[F_ISSUER].len && !at && s.len && memmem(s.ptr, s.len, ":role/", 6)) {
        at = memrchr(s.ptr, '/', s.len);
        return slice_of(at + 1, (size_t)(slice_end(s) - at - 1));
    }
    if (val[F_ISSUER].len || !at)
        return val[F_ISSUER];
    s = slice_of(at + 14, (size_t)(slice_end(s) - at - 14));
    return slice_cut(&s, '/');
}

static struct slice first_of(const struct slice *val, const uint8_t *field, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (val[field[i]].len)
            return val[field[i]];
    return (struct slice){NULL, 0};
}

/* "anna ← deploy-17 ← DeployRole", as much of it as there is. */
static struct slice principal(struct record *rec)
{
    static const uint8_t origins[] = {F_SOURCE_IDENTITY, F_ON_BEHALF};
    static const uint8_t others[] = {F_USER, F_INVOKED_BY, F_ARN, F_PRINCIPAL_ID, F_ACCOUNT};
    const struct slice *val = rec->val;
    struct slice part[3] = {first_of(val, origins, ARRAY_LEN(origins)), val[F_SESSION],
                            role_name(val)};
    size_t n = 0;
    char *out, *to;

    if (val[F_ROOT].len)
        return SL("root");
    if (!part[1].len && !part[2].len)
        part[1] = first_of(val, others, ARRAY_LEN(others));
    if (!part[0].len && !part[2].len && val[F_PROVIDER].len)
        part[2] = val[F_PROVIDER];
    for (unsigned i = 0; i < 3; i++)
        n += part[i].len + 5;
    out = to = arena_alloc(&rec->mem, n);
    for (unsigned i = 0; i < 3; i++) {
        if (!part[i].len)
            continue;
        if (to > out) {
            memcpy(to, " \xe2\x86\x90 ", 5);
            to += 5;
        }
        memcpy(to, part[i].ptr, part[i].len);
        to += part[i].len;
    }
    return to > out ? slice_of(out, (size_t)(to - out)) : (struct slice){NULL, 0};
}

static struct slice service(struct slice source)
{
    static const char tail[] = ".amazonaws.com";

    if (slice_ends(source, tail))
        source.len -= sizeof(tail) - 1;
    return source;
}

static struct slice second_factor(const struct slice *val)
{
    struct slice s = val[F_MFA_USED].len ? val[F_MFA_USED] : val[F_MFA_SESSION];

    if (!s.len)
        return s;
    return slice_is(s, "Yes") || slice_is(s, "true") ? SL("true") : SL("false");
}

/* Whether a version, MAJOR.MINOR, is older than 1.07; 1.10 is newer. */
static bool is_before_categories(struct slice version)
{
    struct slice minor = version, major = slice_cut(&minor, '.');

    if (!slice_is(major, "1") || !is_digits(minor))
        return false;
    while (minor.len && minor.ptr[0] == '0')
        minor = slice_of(minor.ptr + 1, minor.len - 1);
    return minor.len == 0 || (minor.len == 1 && minor.ptr[0] < '7');
}

/* What the event says it is, or what it would say had its version the word. */
static struct slice category(const struct slice *val)
{
    if (val[F_CATEGORY].len || val[F_WINDOW].len || !is_before_categories(val[F_EVENT_VERSION]))
        return val[F_CATEGORY];
    return slice_is(val[F_MANAGEMENT], "false") ? SL("Data") : SL("Management");
}

static enum parse_result parse(struct logtype *lt, const struct layout **lay, struct slice line,
                               struct record *rec)
{
    enum parse_result r = json_record(lt, line, rec);
    struct slice *val = rec->val;

    (void)lay;
    if (!parse_iso8601(val[F_TIME].len ? val[F_TIME] : val[F_WINDOW], &rec->ts))
        rec->ts = TIME_NONE;
    if (r != PARSE_OK)
        return r;
    if (val[F_DIGEST].len)
        return record_bad(rec, REASON_SKIP);
    if ((!val[F_EVENT_VERSION].len && !val[F_WINDOW].len) ||
        (!val[F_SOURCE].len && !val[F_NAME].len && !val[F_WINDOW].len && !val[F_TIME].len))
        return record_bad(rec, REASON_SHAPE);
    val[F_CATEGORY] = category(val);
    val[F_SESSION] = session_name(val);
    val[F_SERVICE] = service(val[F_SOURCE]);
    val[F_ROOT] = slice_is(val[F_TYPE], "Root") ? SL("true") : (struct slice){NULL, 0};
    val[F_MFA] = second_factor(val);
    val[F_PRINCIPAL] = principal(rec);
    return PARSE_OK;
}

static int detect(const struct probe *p)
{
    bool named = path_has(p, "_CloudTrail_") || path_has(p, "/CloudTrail");

    if (!p->head.len) /* {"Records":[]} */
        return named ? 60 : 0;
    if (probe_json(p, "digestStartTime digestEndTime logFiles", false))
        return 90;
    return probe_json(p, "eventVersion eventName|eventType|eventCategory", named);
}

static const char *const samples[] = {
    "{\"eventVersion\":\"1.09\",\"userIdentity\":{\"type\":\"AssumedRole\",\"principalId\":"
    "\"AROAEXAMPLEID:deploy-17\",\"arn\":\"arn:aws:sts::111122223333:assumed-role/DeployRole/"
    "deploy-17\",\"accountId\":\"111122223333\",\"sessionContext\":{\"sessionIssuer\":{\"type\":"
    "\"Role\",\"userName\":\"DeployRole\"},\"attributes\":{\"creationDate\":"
    "\"2024-05-02T03:00:00Z\",\"mfaAuthenticated\":\"false\"}}},\"eventTime\":"
    "\"2024-05-02T03:04:05Z\",\"eventSource\":\"s3.amazonaws.com\",\"eventName\":\"DeleteObject\","
    "\"awsRegion\":\"eu-west-1\",\"sourceIPAddress\":\"203.0.113.5\",\"userAgent\":\"aws-cli/2\","
    "\"errorCode\":\"AccessDenied\",\"requestParameters\":{\"bucketName\":\"b\",\"key\":\"k\"},"
    "\"responseElements\":null,\"readOnly\":false,\"resources\":[{\"ARN\":\"arn:aws:s3:::b/k\"}]}",
    "{\"eventVersion\":\"1.08\",\"userIdentity\":{\"type\":\"Root\",\"principalId\":"
    "\"111122223333\",\"arn\":\"arn:aws:iam::111122223333:root\"},\"eventTime\":"
    "\"2024-05-02T03:04:06Z\",\"eventSource\":\"signin.amazonaws.com\",\"eventName\":"
    "\"ConsoleLogin\",\"additionalEventData\":{\"MFAUsed\":\"No\"},\"responseElements\":"
    "{\"ConsoleLogin\":\"Success\"}}",
    "{\"eventVersion\":\"1.07\",\"eventTime\":\"2024-05-02T03:00:00Z\",\"awsRegion\":\"us-east-1\","
    "\"eventType\":\"AwsCloudTrailInsight\",\"insightDetails\":{\"state\":\"Start\",\"eventName\":"
    "\"RunInstances\",\"insightContext\":{\"statistics\":{\"baseline\":{\"average\":0.25},"
    "\"insight\":{\"average\":12.5}}}},\"eventCategory\":\"Insight\"}",
    "{\"eventVersion\":\"1.0\",\"eventType\":\"AwsAggregatedEvent\",\"eventCategory\":"
    "\"Aggregated\",\"timeWindow\":{\"windowStart\":\"2026-01-02T03:00:00Z\",\"windowEnd\":"
    "\"2026-01-02T03:05:00Z\",\"windowSize\":\"PT5M\"},\"accountId\":\"111122223333\"}",
    NULL,
};

const struct format format_cloudtrail = {
    .name = "cloudtrail",
    .title = "CloudTrail event",
    .doc_url = "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/"
               "cloudtrail-event-reference.html",
    .fields = fields,
    .n_fields = ARRAY_LEN(fields),
    .json = true,
    .detect = detect,
    .parse = parse,
    .samples = samples,
};
