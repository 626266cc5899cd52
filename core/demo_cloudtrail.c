/* demo_cloudtrail.c - CloudTrail on the made-up day: what services do all the time, somebody who is
 * not allowed to, and the calls of the story. */
#include "demo_gen.h"

struct who {
    const char *role, *session, *ip, *agent;
};

static const struct who whos[] = {
    {"shop-web", "i-0c1d2e3f405162011", "10.0.2.11", "aws-sdk-java/2.29.50 md/io#sync"},
    {"autoscaling", "AutoScaling", "autoscaling.amazonaws.com", "autoscaling.amazonaws.com"},
    {"monitoring", "prometheus-1", "10.0.3.6", "Boto3/1.36.11 md/Botocore#1.36.11"},
    {"deploy-ci", "rollback-7781", DELETED_FROM,
     "aws-cli/2.23.4 md/awscrt#0.23.4 ua/2.0 os/linux#6.8.0 lang/python#3.12.6"},
    {"reporting", "nightly", "10.0.3.6", "aws-sdk-java/2.29.50 md/io#sync"},
};
#define DEPLOY_CI 3

struct call {
    unsigned who, weight;
    const char *source, *name, *params, *error, *message;
    bool writes, data;
};

static const struct call usual[] = {
    {0, 260, "ssm", "GetParameter", "{\"name\":\"/shop/api/url\",\"withDecryption\":true}", NULL,
     NULL, false, false},
    {0, 140, "secretsmanager", "GetSecretValue", "{\"secretId\":\"shop/db\"}", NULL, NULL, false,
     false},
    {1, 120, "ec2", "DescribeInstances", "{\"instancesSet\":{},\"filterSet\":{}}", NULL, NULL,
     false, false},
    {1, 90, "elasticloadbalancing", "DescribeTargetHealth",
     "{\"targetGroupArn\":\"" SHOP_TG "shop-api/6d0ecf831eec9f09\"}", NULL, NULL, false, false},
    {2, 160, "cloudwatch", "GetMetricData", "{\"maxDatapoints\":500}", NULL, NULL, false, false},
    {2, 40, "ec2", "DescribeVolumes", "null", "Client.RequestLimitExceeded",
     "Request limit exceeded.", false, false},
    {4, 30, "s3", "ListObjects", "{\"bucketName\":\"" DELETED_BUCKET "\",\"prefix\":\"exports/\"}",
     NULL, NULL, false, false},
    {4, 12, "iam", "ListUsers", "null", "AccessDenied",
     "User: arn:aws:sts::" SHOP_ACCOUNT ":assumed-role/reporting/nightly is not authorized to "
     "perform: iam:ListUsers because no identity-based policy allows the iam:ListUsers action",
     false, false},
};

/* The calls of the story, in order of time. */
static const struct {
    int64_t at;
    struct call call;
} story[STORY_CALLS] = {
    {DEPLOY - 14 * SEC,
     {DEPLOY_CI, 0, "codedeploy", "CreateDeployment",
      "{\"applicationName\":\"shop-api\",\"deploymentGroupName\":\"prod\",\"revision\":{"
      "\"gitHubLocation\":{\"commitId\":\"9f31c2d7\"}}}",
      NULL, NULL, true, false}},
    {NO_TARGET - 2 * SEC,
     {DEPLOY_CI, 0, "elasticloadbalancing", "DeregisterTargets",
      "{\"targetGroupArn\":\"" SHOP_TG "shop-api/6d0ecf831eec9f09\",\"targets\":[{\"id\":"
      "\"i-0d2e3f40516273004\"}]}",
      NULL, NULL, true, false}},
    {ROLLBACK - 9 * SEC,
     {DEPLOY_CI, 0, "codedeploy", "CreateDeployment",
      "{\"applicationName\":\"shop-api\",\"deploymentGroupName\":\"prod\",\"revision\":{"
      "\"gitHubLocation\":{\"commitId\":\"44c0a1be\"}},\"description\":\"rollback\"}",
      NULL, NULL, true, false}},
    {DELETED_AT,
     {DEPLOY_CI, 0, "s3", "DeleteObject",
      "{\"bucketName\":\"" DELETED_BUCKET "\",\"key\":\"" DELETED_KEY "\"}", NULL, NULL, true,
      true}},
};

#define PUT_STR(p, s) put((p), (s), strlen(s))

static char *put_time(char *p, const struct gen *g, int64_t t)
{
    p = put_iso(p, g, t) - 8; /* whole seconds */
    *p++ = 'Z';
    return p;
}

static char *put_uuid(char *p, struct rng *r)
{
    static const uint8_t part[] = {8, 4, 4, 4, 12};

    for (unsigned i = 0; i < ARRAY_LEN(part); i++) {
        if (i)
            *p++ = '-';
        p = put_hex(p, rng_next(r), part[i]);
    }
    return p;
}

static char *put_identity(char *p, const struct gen *g, const struct who *w, unsigned i)
{
    p = PUT_LIT(p, "\"userIdentity\":{\"type\":\"AssumedRole\",\"principalId\":\"AROAEXAMPLE");
    p = put_u(p, i);
    p = PUT_STR(PUT_LIT(p, ":"), w->session);
    p = PUT_STR(PUT_LIT(p, "\",\"arn\":\"arn:aws:sts::" SHOP_ACCOUNT ":assumed-role/"), w->role);
    p = PUT_STR(PUT_LIT(p, "/"), w->session);
    p = PUT_LIT(p, "\",\"accountId\":\"" SHOP_ACCOUNT "\",\"accessKeyId\":\"ASIAEXAMPLE");
    p = put_u(p, i);
    p = PUT_LIT(p, "\",\"sessionContext\":{\"sessionIssuer\":{\"type\":\"Role\",\"principalId\":"
                   "\"AROAEXAMPLE");
    p = put_u(p, i);
    p = PUT_STR(PUT_LIT(p, "\",\"arn\":\"arn:aws:iam::" SHOP_ACCOUNT ":role/"), w->role);
    p = PUT_STR(PUT_LIT(p, "\",\"accountId\":\"" SHOP_ACCOUNT "\",\"userName\":\""), w->role);
    p = put(PUT_LIT(p, "\"},\"attributes\":{\"creationDate\":\""), g->date, 10);
    return PUT_LIT(p, "T00:00:00Z\",\"mfaAuthenticated\":\"false\"}}},");
}

static char *put_call(char *p, struct gen *g, const struct call *c, int64_t t)
{
    const struct who *w = &whos[c->who];

    p = put_identity(PUT_LIT(p, "{\"eventVersion\":\"1.11\","), g, w, c->who);
    p = put_time(PUT_LIT(p, "\"eventTime\":\""), g, t);
    p = PUT_STR(PUT_LIT(p, "\",\"eventSource\":\""), c->source);
    p = PUT_STR(PUT_LIT(p, ".amazonaws.com\",\"eventName\":\""), c->name);
    p = PUT_STR(PUT_LIT(p, "\",\"awsRegion\":\"" SHOP_REGION "\",\"sourceIPAddress\":\""), w->ip);
    p = PUT_STR(PUT_LIT(p, "\",\"userAgent\":\""), w->agent);
    if (c->error) {
        p = PUT_STR(PUT_LIT(p, "\",\"errorCode\":\""), c->error);
        p = PUT_STR(PUT_LIT(p, "\",\"errorMessage\":\""), c->message);
    }
    p = PUT_STR(PUT_LIT(p, "\",\"requestParameters\":"), c->params);
    p = PUT_LIT(p, ",\"responseElements\":null,\"requestID\":\"");
    p = c->data ? PUT_LIT(p, DELETED_REQUEST) : put_uuid(p, &g->rng);
    p = put_uuid(PUT_LIT(p, "\",\"eventID\":\""), &g->rng);
    p = PUT_STR(PUT_LIT(p, "\",\"readOnly\":"), c->writes ? "false" : "true");
    p = PUT_STR(PUT_LIT(p, ",\"eventType\":\"AwsApiCall\",\"managementEvent\":"),
                c->data ? "false" : "true");
    p = PUT_STR(PUT_LIT(p, ",\"recipientAccountId\":\"" SHOP_ACCOUNT "\",\"eventCategory\":\""),
                c->data ? "Data" : "Management");
    return PUT_LIT(p, "\"}");
}

char *demo_cloudtrail_event(char *p, struct gen *g, int64_t t)
{
    unsigned sum = 0, x;

    for (unsigned i = 0; i < ARRAY_LEN(usual); i++)
        sum += usual[i].weight;
    x = rng_below(&g->rng, sum);
    for (unsigned i = 0;; i++) {
        if (x < usual[i].weight)
            return put_call(p, g, &usual[i], t);
        x -= usual[i].weight;
    }
}

char *demo_cloudtrail_story(char *p, struct gen *g, int64_t t)
{
    for (unsigned i = 0; i < ARRAY_LEN(story); i++)
        if (story[i].at == t)
            return put_call(p, g, &story[i].call, t);
    BUG("nothing happens then");
}

int64_t demo_cloudtrail_next(int64_t from)
{
    for (unsigned i = 0; i < ARRAY_LEN(story); i++)
        if (story[i].at >= from)
            return story[i].at;
    return INT64_MAX;
}
