/* explain_services.c - the values of the types that explain_tables.c does not have: CloudTrail,
 * WAF, Network Firewall, Lambda, API Gateway, DNS, Client VPN, and the newer balancer logs. */
#include "explain_tables.h"

#define CLIENT "client"
#define LB "load balancer"
#define TARGET "target"
#define AWS "aws"
#define SETUP "set-up"
#define APP "app"
#define YOU "you"

/* clang-format off */

/* --- CloudTrail --- */
static const struct explain_entry trail_error[] = {
    {"VpceAccessDenied", {"the policy of the VPC endpoint refused the call", YOU, "vpcEndpointId and its policy"}},
    {"*UnauthorizedOperation", {"no policy allows the action, or one denies it", YOU, "errorMessage: an encoded reason? then decode it; userIdentity.arn and what it is allowed to do"}},
    {"*AccessDenied*", {"no policy allows the action, or one denies it", YOU, "errorMessage names the kind of policy; userIdentity.arn; other denials of the same principal"}},
    {"*Unauthorized*", {"not allowed, or not signed in", YOU, "userIdentity and the policies of the resource"}},
    {"*AuthFailure*", {"the credentials are not good for this", CLIENT, "userIdentity.accessKeyId"}},
    {"*InvalidClientTokenId*", {"the access key does not exist or was deleted", CLIENT, "userIdentity.accessKeyId: who still uses it?"}},
    {"*ExpiredToken*", {"the session is over: its credentials were not renewed", CLIENT, "userAgent and sourceIPAddress of the program"}},
    {"*SignatureDoesNotMatch*", {"the request was signed with another key or changed on its way", CLIENT, "clock and secret key of the caller"}},
    {"*Throttling*", {"too many calls in a short time", CLIENT, "count by eventName and principal: who calls so often?"}},
    {"*RequestLimitExceeded*", {"too many calls in a short time", CLIENT, "count by eventName and principal: who calls so often?"}},
    {"*TooManyRequests*", {"too many calls in a short time", CLIENT, "count by eventName and principal: who calls so often?"}},
    {"*LimitExceeded*", {"a quota is used up", SETUP, "errorMessage names the quota"}},
    {"*QuotaExceeded*", {"a quota is used up", SETUP, "errorMessage names the quota"}},
    {"*DryRunOperation", {"only a test whether it would be allowed: it would", NULL, NULL}},
    {"ServerSideEncryptionConfigurationNotFoundError", {"the bucket has no default encryption set", NULL, NULL}},
    {"NoSuch*", {"what was asked for does not exist", CLIENT, "requestParameters"}},
    {"*NotFound*", {"what was asked for does not exist", CLIENT, "requestParameters"}},
    {"*DoesNotExist*", {"what was asked for does not exist", CLIENT, "requestParameters"}},
    {"*AlreadyExists*", {"it exists already", CLIENT, "requestParameters"}},
    {"*EntityAlreadyExists*", {"it exists already", CLIENT, "requestParameters"}},
    {"*Validation*", {"a parameter is not as it must be", CLIENT, "errorMessage and requestParameters"}},
    {"*Invalid*", {"a parameter is not as it must be", CLIENT, "errorMessage and requestParameters"}},
    {"*Malformed*", {"a document or parameter cannot be read", CLIENT, "requestParameters"}},
    {"*Conflict*", {"it is in use, or being changed by another call", CLIENT, "other calls on the same resource at that moment"}},
    {"*InUse*", {"it is in use", CLIENT, "what depends on it"}},
    {"*InsufficientInstanceCapacity*", {"AWS has no such instance left in this zone", AWS, "another zone or instance type"}},
    {"*InsufficientCapacity*", {"AWS has no capacity for this now", AWS, "another zone or size"}},
    {"*Internal*", {"the service failed by itself", AWS, "requestID, for a support case"}},
    {"*ServiceUnavailable*", {"the service was not available", AWS, "other calls to the same service at that moment"}},
    {"Failed authentication", {"a sign-in with a wrong password or second factor", CLIENT, "sourceIPAddress: one address with many names?"}},
};
static const struct explain_entry trail_identity[] = {
    {"Root", {"the root user of the account: nothing limits it", YOU, "eventName, sourceIPAddress, mfa; root should hardly ever act"}},
    {"IAMUser", {"a user with keys or a password of its own", NULL, NULL}},
    {"AssumedRole", {"a session of a role; the name of the session often says who", NULL, "the AssumeRole event that made the session"}},
    {"Role", {"a role", NULL, NULL}},
    {"FederatedUser", {"a session made for a user of another directory", NULL, NULL}},
    {"Directory", {"a user of a directory", NULL, NULL}},
    {"AWSAccount", {"another account", NULL, "userIdentity.accountId: is it one of yours?"}},
    {"AWSService", {"a service of AWS, by itself or on somebody's behalf", AWS, "userIdentity.invokedBy"}},
    {"IdentityCenterUser", {"a user of IAM Identity Center", NULL, "userIdentity.onBehalfOf.userId"}},
    {"SAMLUser", {"came in by SAML", NULL, "userIdentity.identityProvider"}},
    {"WebIdentityUser", {"came in by a web identity", NULL, "userIdentity.identityProvider"}},
    {"Unknown", {"CloudTrail could not tell who", NULL, NULL}},
};
static const struct explain_entry trail_event[] = {
    {"StopLogging", {"a trail was switched off: what comes after leaves no trace in it", YOU, "principal_chain, sourceIPAddress, and all they did before"}},
    {"DeleteTrail", {"a trail was deleted", YOU, "principal_chain and all they did before"}},
    {"UpdateTrail", {"a trail was changed: perhaps where it writes, or what", YOU, "requestParameters"}},
    {"PutEventSelectors", {"what a trail records was changed", YOU, "requestParameters"}},
    {"DeleteFlowLogs", {"VPC flow logs were switched off", YOU, "principal_chain and all they did before"}},
    {"DeleteDetector", {"GuardDuty was switched off", YOU, "principal_chain and all they did before"}},
    {"DeleteLogGroup", {"logs were deleted", YOU, "requestParameters.logGroupName"}},
    {"DeleteLogStream", {"logs were deleted", YOU, "requestParameters"}},
    {"PutBucketPolicy", {"who may use a bucket was changed", YOU, "requestParameters: a Principal of *?"}},
    {"PutBucketAcl", {"who may use a bucket was changed", YOU, "requestParameters: AllUsers?"}},
    {"DeleteBucketPublicAccessBlock", {"the guard against a public bucket was taken away", YOU, "bucket policies and ACLs after it"}},
    {"PutBucketPublicAccessBlock", {"the guard against a public bucket was changed", YOU, "requestParameters"}},
    {"CreateAccessKey", {"a lasting key was made for a user", YOU, "requestParameters.userName, and what the new key does"}},
    {"CreateUser", {"a user was made", YOU, "what it was given: AttachUserPolicy, CreateAccessKey, CreateLoginProfile"}},
    {"CreateLoginProfile", {"a user got a password for the console", YOU, "requestParameters.userName"}},
    {"UpdateLoginProfile", {"somebody's password was changed", YOU, "was it the user?"}},
    {"AttachUserPolicy", {"a user got more rights", YOU, "requestParameters.policyArn"}},
    {"AttachRolePolicy", {"a role got more rights", YOU, "requestParameters.policyArn"}},
    {"PutUserPolicy", {"a user got more rights", YOU, "requestParameters.policyDocument"}},
    {"PutRolePolicy", {"a role got more rights", YOU, "requestParameters.policyDocument"}},
    {"UpdateAssumeRolePolicy", {"who may take on a role was changed", YOU, "requestParameters.policyDocument: another account?"}},
    {"DeactivateMFADevice", {"a second factor was taken away", YOU, "requestParameters.userName"}},
    {"DeleteVirtualMFADevice", {"a second factor was taken away", YOU, "requestParameters"}},
    {"ConsoleLogin", {"a sign-in to the console", NULL, "mfa, responseElements.ConsoleLogin, sourceIPAddress"}},
    {"SwitchRole", {"a change of role in the console", NULL, NULL}},
    {"AssumeRole*", {"temporary keys of a role were handed out", NULL, "responseElements: the session, then what it did"}},
    {"GetSessionToken", {"temporary keys were handed out", NULL, NULL}},
    {"GetFederationToken", {"temporary keys were handed out", NULL, "what they may do outlives the user's own key"}},
    {"GetSecretValue", {"a secret was read", NULL, "requestParameters.secretId; the usual reader?"}},
    {"BatchGetSecretValue", {"secrets were read, many at once", NULL, "the usual reader?"}},
    {"GetPasswordData", {"the Windows password of an instance was read", NULL, NULL}},
    {"AuthorizeSecurityGroupIngress", {"a security group was opened", YOU, "requestParameters: 0.0.0.0/0?"}},
    {"RevokeSecurityGroup*", {"a security group was closed", YOU, "does somebody miss the way in now?"}},
    {"ModifySnapshotAttribute", {"a snapshot was shared", YOU, "requestParameters: which account?"}},
    {"ModifyImageAttribute", {"an image was shared", YOU, "requestParameters: which account?"}},
    {"SendSSHPublicKey", {"somebody got in to an instance by Instance Connect", NULL, NULL}},
    {"StartSession", {"somebody got a shell by Session Manager", NULL, "requestParameters.target"}},
    {"SendCommand", {"commands were run by Systems Manager", NULL, "requestParameters"}},
    {"RunInstances", {"instances were started", NULL, "requestParameters.instanceType, awsRegion: usual ones?"}},
    {"TerminateInstances", {"instances were ended for good", YOU, "requestParameters"}},
    {"DeleteObject*", {"objects were deleted", NULL, "the S3 access log has a line for each key"}},
    {"DeleteBucket", {"a bucket was deleted", YOU, "principal_chain"}},
    {"ScheduleKeyDeletion", {"a key will be deleted: what it encrypted is lost then", YOU, "CancelKeyDeletion, within the waiting time"}},
    {"DisableKey", {"a key was switched off: what it encrypted cannot be read", YOU, "requestParameters.keyId"}},
    {"UpdateFunctionCode*", {"the code of a function was replaced: a deployment", YOU, "errors of the function after it"}},
    {"UpdateService", {"a service was changed: a deployment", YOU, "errors after it"}},
};
static const struct explain_entry trail_category[] = {
    {"Management", {"a call that manages resources", NULL, NULL}},
    {"Data", {"a call on what is inside: objects, items, invocations", NULL, NULL}},
    {"NetworkActivity", {"a call through a VPC endpoint", NULL, NULL}},
    {"Insight", {"CloudTrail noticed unusual activity", NULL, "insightDetails"}},
    {"Aggregated", {"counts of calls over some minutes", NULL, "summary"}},
};
static const struct explain_entry yes_no_mfa[] = {
    {"true", {"a second factor was used", NULL, NULL}},
    {"false", {"no second factor; usual for roles and keys, not for people at the console", YOU, "eventName: a ConsoleLogin?"}},
    {"Yes", {"a second factor was used", NULL, NULL}},
    {"No", {"a sign-in without a second factor", YOU, "userIdentity.arn: require one"}},
};
static const struct explain_entry any_root[] = {
    {"true", {"the root user of the account: nothing limits it", YOU, "what for? Root should hardly ever act"}},
};

/* --- WAF --- */
static const struct explain_entry waf_action[] = {
    {"ALLOW", {"the request was let through", NULL, NULL}},
    {"BLOCK", {"a rule of yours or of a managed group stopped the request", YOU, "deciding_rule: meant, or a false alarm? count by it and by path"}},
    {"CAPTCHA", {"the client had to solve a puzzle first", YOU, "captchaResponse.failureReason"}},
    {"CHALLENGE", {"the client's browser had to prove itself first", YOU, "challengeResponse.failureReason"}},
    {"COUNT", {"a rule matched but only counts", NULL, NULL}},
    {"EXCLUDED_AS_COUNT", {"a rule matched but was set to count", NULL, NULL}},
};
static const struct explain_entry waf_rule_type[] = {
    {"REGULAR", {"a rule of the web ACL, or its default action", NULL, NULL}},
    {"RATE_BASED", {"too many requests of one kind in the window", CLIENT, "rateBasedRuleList: the key and its value"}},
    {"GROUP", {"a rule group of yours", NULL, "ruleGroupList"}},
    {"MANAGED_RULE_GROUP", {"a managed rule group", NULL, "ruleGroupList: the rule within; label_names"}},
};
static const struct explain_entry waf_source[] = {
    {"CF", {"CloudFront distribution", NULL, NULL}},
    {"ALB", {"Application Load Balancer", NULL, "httpRequest.requestId is the trace id of its log"}},
    {"APIGW", {"API Gateway stage", NULL, NULL}},
    {"APPSYNC", {"AppSync API", NULL, NULL}},
    {"COGNITOIDP", {"Cognito user pool", NULL, NULL}},
    {"APPRUNNER", {"App Runner service", NULL, NULL}},
    {"VERIFIED_ACCESS", {"Verified Access instance", NULL, NULL}},
};
static const struct explain_entry waf_token[] = {
    {"TOKEN_MISSING", {"the client brought no token: it never did the puzzle, or dropped the cookie", CLIENT, "user_agent_header: a script?"}},
    {"TOKEN_EXPIRED", {"the token is too old", CLIENT, "the immunity time of the rule"}},
    {"TOKEN_INVALID", {"the token is not genuine, or of another client", CLIENT, "httpRequest.clientIp"}},
    {"TOKEN_DOMAIN_MISMATCH", {"the token was made for another domain", SETUP, "the token domains of the web ACL"}},
};
static const struct explain_entry waf_default[] = {
    {"Default_Action", {"no rule matched: the default action of the web ACL", NULL, NULL}},
};
static const struct explain_entry waf_oversize[] = {
    {"*REQUEST_JSON_BODY*", {"the JSON body was larger than what WAF looks at", CLIENT, "what the rule does with oversize: an attack can hide behind"}},
    {"*REQUEST_BODY*", {"the body was larger than what WAF looks at", CLIENT, "what the rule does with oversize: an attack can hide behind"}},
    {"*REQUEST_HEADERS*", {"the headers were larger than what WAF looks at", CLIENT, "cookies"}},
    {"*REQUEST_COOKIES*", {"the cookies were larger than what WAF looks at", CLIENT, NULL}},
};

/* --- Network Firewall --- */
static const struct explain_entry fw_alert[] = {
    {"allowed", {"the rule raised an alert and let the packet go", NULL, "event.verdict.action has the last word"}},
    {"blocked", {"the rule stopped the packet", YOU, "event.alert.signature; server_name"}},
};
static const struct explain_entry fw_verdict[] = {
    {"pass", {"let through", NULL, NULL}},
    {"alert", {"let through, with an alert", NULL, NULL}},
    {"drop", {"dropped in silence: the sender waits until it gives up", YOU, "event.alert.signature"}},
    {"reject", {"refused with a reset: the sender knows at once", YOU, "event.alert.signature"}},
    {"blocked", {"stopped by the rule", YOU, "event.alert.signature"}},
    {"allowed", {"let through, with an alert", NULL, NULL}},
    {"ALLOW", {"the proxy let it through", NULL, NULL}},
    {"DENY", {"the proxy refused it", YOU, "final_rule_name"}},
};
static const struct explain_entry fw_severity[] = {
    {"1", {"the worst kind", NULL, NULL}},
    {"2", {"serious", NULL, NULL}},
    {"3", {"to be noted", NULL, NULL}},
    {"4", {"least of all", NULL, NULL}},
};
static const struct explain_entry fw_kind[] = {
    {"alert", {"a rule with alert, drop or reject matched", NULL, "event.alert.signature"}},
    {"netflow", {"one direction of a flow, when it ended", NULL, NULL}},
    {"tls", {"TLS inspection had trouble with a connection", SETUP, "event.tls_error.error_message, event.revocation_check.status"}},
    {"http", {"an HTTP request", NULL, NULL}},
    {"dns", {"a DNS query", NULL, NULL}},
};
static const struct explain_entry fw_revocation[] = {
    {"REVOKED", {"the server's certificate was called back", TARGET, "server_name"}},
    {"UNKNOWN", {"whether the certificate is good could not be found out", TARGET, "the responder of the issuer"}},
};

/* --- Lambda --- */
static const struct explain_entry fn_status[] = {
    {"success", {"the handler came back", NULL, NULL}},
    {"timeout", {"stopped at the time limit: it hangs, most likely on something it waits for", APP, "the last line of this RequestId: what did it call? Durations all at the limit are a dependency that hangs"}},
    {"error", {"the handler or the runtime failed", APP, "error_type and the lines of this RequestId"}},
    {"failure", {"the handler gave an error back", APP, "error_type and the lines of this RequestId"}},
};
static const struct explain_entry fn_error[] = {
    {"Runtime.OutOfMemory", {"killed for want of memory", APP, "max_memory_used equals memory_size: more memory, or a leak"}},
    {"Runtime.ExitError", {"the process ended by itself: a crash, or killed for want of memory", APP, "signal: killed? then max_memory_used"}},
    {"Runtime.ImportModuleError", {"the code could not be loaded: a module is missing from the package", APP, "the last deployment"}},
    {"Runtime.HandlerNotFound", {"there is no such handler in the code", APP, "handler setting and the last deployment"}},
    {"Runtime.UserCodeSyntaxError", {"the code has a syntax error", APP, "the last deployment"}},
    {"Runtime.InvalidEntrypoint", {"the bootstrap or entry point cannot be started", APP, "architecture and permissions of the package"}},
    {"Runtime.UnhandledPromiseRejection", {"a promise was rejected and nobody caught it", APP, "the line with the stack"}},
    {"Runtime.Unknown", {"the runtime failed and does not say how", APP, "the lines before"}},
    {"Sandbox.Timedout", {"stopped at the time limit", APP, "the last line of this RequestId"}},
    {"Function.ResponseSizeTooLarge", {"the answer is over 6 MB", APP, "what the function returns: streaming, or a link to S3"}},
    {"Extension.*", {"an extension failed", SETUP, "EXTENSION lines"}},
    {"*Throttl*", {"too many at once: the concurrency limit", SETUP, "reserved concurrency, and who calls"}},
};
static const struct explain_entry fn_kind[] = {
    {"START", {"an invocation begins", NULL, NULL}},
    {"END", {"an invocation is over", NULL, NULL}},
    {"REPORT", {"what an invocation took", NULL, "init_duration: a cold start; max_memory_used against memory_size"}},
    {"INIT_START", {"a new sandbox starts: a cold start, or a runtime update if runtime_version changed", NULL, NULL}},
    {"INIT_REPORT", {"the start of a sandbox failed or took too long", APP, "error_type; over 10 s it is tried again within the invocation"}},
    {"RESTORE_START", {"a snapshot is being restored", NULL, NULL}},
    {"RESTORE_REPORT", {"a snapshot was restored", NULL, NULL}},
    {"TIMEOUT", {"stopped at the time limit", APP, "the line before it of this RequestId"}},
    {"APP", {"a line that the function wrote", NULL, NULL}},
    {"XRAY", {"the trace of the invocation before", NULL, NULL}},
    {"EXTENSION", {"an extension, and which events it wants", NULL, NULL}},
    {"TELEMETRY", {"an extension wants the telemetry", NULL, NULL}},
    {"LOGS", {"an extension wants the logs", NULL, NULL}},
    {"platform.initStart", {"a new sandbox starts: a cold start", NULL, "record.initializationType"}},
    {"platform.initRuntimeDone", {"the runtime is up, or has failed", NULL, "Status"}},
    {"platform.initReport", {"what the start of a sandbox took", NULL, "Duration; Status"}},
    {"platform.start", {"an invocation begins", NULL, NULL}},
    {"platform.runtimeDone", {"the handler came back, or was stopped", NULL, "Status"}},
    {"platform.report", {"what an invocation took", NULL, "init_duration: a cold start; max_memory_used against memory_size"}},
    {"platform.restoreStart", {"a snapshot is being restored", NULL, NULL}},
    {"platform.restoreRuntimeDone", {"the runtime is up after a restore, or has failed", NULL, "Status"}},
    {"platform.restoreReport", {"what the restore of a snapshot took", NULL, "restore_duration; Status"}},
    {"platform.extension", {"an extension, and which events it wants", NULL, NULL}},
    {"platform.telemetrySubscription", {"an extension wants the telemetry", NULL, NULL}},
    {"platform.invokeStart", {"a request of a web function begins", NULL, NULL}},
    {"platform.requestComplete", {"a request of a web function was answered", NULL, NULL}},
    {"platform.invokeSummary", {"what the requests of a web function took together", NULL, NULL}},
    {"platform.invokeReport", {"what a request of a web function took", NULL, NULL}},
    {"platform.spinDownStart", {"the sandbox is being shut down", NULL, NULL}},
    {"platform.spinDownReport", {"what the shutdown of the sandbox took", NULL, "Status"}},
    {"platform.logsDropped", {"lines were lost on their way", AWS, NULL}},
};
static const struct explain_entry log_level[] = {
    {"FATAL", {"the program gave up", APP, NULL}},
    {"CRITICAL", {"the program cannot go on as it should", APP, NULL}},
    {"ERROR", {"something failed", APP, NULL}},
    {"WARN*", {"something is not as it should be", NULL, NULL}},
    {"NOTICE", {"worth knowing, nothing is wrong", NULL, NULL}},
    {"INFO", {"the usual course of things", NULL, NULL}},
    {"DEBUG", {"detail for who looks for a fault", NULL, NULL}},
    {"TRACE", {"every step", NULL, NULL}},
};
static const struct explain_entry fn_phase[] = {
    {"init", {"while the sandbox started", NULL, NULL}},
    {"invoke", {"within an invocation: the start was tried again", NULL, "the INIT_REPORT before it"}},
    {"snap-start", {"while a snapshot was made or restored", NULL, NULL}},
};
static const struct explain_entry fn_init[] = {
    {"on-demand", {"started because a request came and no sandbox was free", NULL, NULL}},
    {"provisioned-concurrency", {"started ahead of requests", NULL, NULL}},
    {"snap-start", {"started from a snapshot", NULL, "restore_duration"}},
};

/* --- API Gateway --- */
static const struct explain_entry gw_event[] = {
    {"CONNECT", {"a WebSocket is being opened", NULL, NULL}},
    {"MESSAGE", {"a message over a WebSocket", NULL, "routeKey"}},
    {"DISCONNECT", {"a WebSocket was closed", NULL, NULL}},
};
static const struct explain_entry gw_response[] = {
    {"DEFAULT_4XX", {"an error of the client's without a response of its own", CLIENT, NULL}},
    {"DEFAULT_5XX", {"an error of the API's without a response of its own", APP, "error.message, integrationStatus, integration.error"}},
    {"ACCESS_DENIED", {"a policy or the authorizer refused", YOU, "authorizer.error, resource policy"}},
    {"API_CONFIGURATION_ERROR", {"the API is not set up as it must be", SETUP, "the integration of this resource"}},
    {"AUTHORIZER_CONFIGURATION_ERROR", {"the authorizer cannot be called", SETUP, "its permissions"}},
    {"AUTHORIZER_FAILURE", {"the authorizer failed", APP, "its own log, authorizer.requestId"}},
    {"BAD_REQUEST_PARAMETERS", {"a parameter is missing or wrong", CLIENT, "error.validationErrorString"}},
    {"BAD_REQUEST_BODY", {"the body does not fit the model", CLIENT, "error.validationErrorString"}},
    {"EXPIRED_TOKEN", {"the signature's session is over", CLIENT, NULL}},
    {"INTEGRATION_FAILURE", {"the backend could not be reached or gave no valid answer", TARGET, "integration.error, the backend's log"}},
    {"INTEGRATION_TIMEOUT", {"the backend took longer than the limit (29 s by default)", TARGET, "integrationLatency; the function's REPORT line"}},
    {"INVALID_API_KEY", {"the API key is not one of the stage's", CLIENT, NULL}},
    {"INVALID_SIGNATURE", {"the signature is wrong", CLIENT, NULL}},
    {"MISSING_AUTHENTICATION_TOKEN", {"not signed; or there is no such path", CLIENT, "resourcePath: does it exist?"}},
    {"QUOTA_EXCEEDED", {"the quota of the usage plan is used up", CLIENT, "identity.apiKeyId"}},
    {"REQUEST_TOO_LARGE", {"over 10 MB", CLIENT, NULL}},
    {"RESOURCE_NOT_FOUND", {"there is no such resource", CLIENT, "path"}},
    {"THROTTLED", {"over the rate of stage, method or usage plan", CLIENT, "count by client_ip"}},
    {"UNAUTHORIZED", {"the authorizer found no valid identity", CLIENT, NULL}},
    {"UNSUPPORTED_MEDIA_TYPE", {"the content type is not one the method takes", CLIENT, NULL}},
    {"WAF_FILTERED", {"WAF blocked it", YOU, "the WAF log of the same minute"}},
};
static const struct explain_entry gw_waf[] = {
    {"WAF_ALLOW", {"WAF let it through", NULL, NULL}},
    {"WAF_BLOCK", {"WAF blocked it", YOU, "the WAF log of the same minute"}},
};
static const struct explain_entry gw_status[] = {
    {"403", {"refused: by a policy, a missing key or token, WAF; or there is no such path", YOU, "error.responseType"}},
    {"429", {"throttled: over the rate of stage, method, plan or account", CLIENT, "error.responseType, count by client_ip"}},
    {"500", {"the authorizer or the set-up failed; or the backend said so", SETUP, "error.responseType, integration.status"}},
    {"502", {"the function's answer has not the form a proxy integration must have, or it crashed", APP, "the function's log at that moment"}},
    {"503", {"the service behind was not available", TARGET, "integration.error"}},
    {"504", {"the backend took longer than the limit (29 s by default)", TARGET, "integrationLatency; the function's REPORT line"}},
};
static const struct explain_entry gw_error[] = {
    {"*configuration error*", {"the integration is not set up as it must be: its endpoint, permissions or answer", SETUP, "the end of the line"}},
    {"*timeout*", {"the backend took longer than the limit", TARGET, "integrationLatency"}},
    {"*throttl*", {"over the rate", CLIENT, "the usage plan and the limits of the stage; who calls so often?"}},
};

/* --- DNS --- */
static const struct explain_entry dns_code[] = {
    {"NOERROR", {"answered; without answers there is no record of that type", NULL, NULL}},
    {"NXDOMAIN", {"there is no such name", CLIENT, "query_domain: a typing error, a deleted record, or software that makes names up"}},
    {"SERVFAIL", {"the name servers did not answer, or not validly", TARGET, "the zone's name servers, DNSSEC"}},
    {"REFUSED", {"the server does not answer for this zone", SETUP, "delegation of the zone"}},
    {"FORMERR", {"the server could not read the query", CLIENT, NULL}},
    {"NOTIMP", {"the server does not know such a query", CLIENT, NULL}},
    {"YXDOMAIN", {"a name exists that should not", SETUP, NULL}},
    {"YXRRSET", {"a record exists that should not", SETUP, NULL}},
    {"NXRRSET", {"a record that should exist does not", SETUP, NULL}},
    {"NOTAUTH", {"the server has no authority over this zone, or the signature is not valid", SETUP, "delegation of the zone"}},
    {"NOTZONE", {"the name is outside of the zone", CLIENT, "query_name"}},
    {"BADVERS", {"the resolver speaks a version of EDNS that the server does not", CLIENT, NULL}},
};
static const struct explain_entry dns_firewall[] = {
    {"ALERT", {"a domain list matched; the query went through", NULL, "srcids.instance: what runs there?"}},
    {"BLOCK", {"a domain list matched and the query was stopped", YOU, "srcids.instance: what runs there?"}},
};

/* --- Client VPN --- */
static const struct explain_entry vpn_reason[] = {
    {"authorization-policy-deny", {"the authorization policy refused", YOU, "authorization-policy-evaluation"}},
    {"*authentication*", {"the user could not be authenticated", CLIENT, "username, the directory's log"}},
    {"*certificate*", {"the certificate was not accepted", CLIENT, "common-name: expired or revoked?"}},
    {"*posture*", {"the device did not pass the posture check", CLIENT, "posture-compliance-statuses"}},
};
static const struct explain_entry vpn_status[] = {
    {"successful", {"connected", NULL, NULL}},
    {"failed", {"not connected", CLIENT, "connection-attempt-failure-reason"}},
    {"waiting-for-assertion", {"waits for the login at the identity provider", NULL, NULL}},
    {"NA", {"no attempt: the record is of a connection that exists", NULL, NULL}},
};
static const struct explain_entry vpn_kind[] = {
    {"connection-attempt", {"somebody tries to connect", NULL, NULL}},
    {"connection-reset", {"a connection ended: its counters are final", NULL, NULL}},
};

/* --- newer balancer logs, flows --- */
static const struct explain_entry conn_verify[] = {
    {"Success", {"the client's certificate was accepted", NULL, NULL}},
    {"Failed:ClientCertExpired", {"the client's certificate is out of date", CLIENT, "leaf_client_cert_validity"}},
    {"Failed:ClientCertNotYetValid", {"the client's certificate is not valid yet", CLIENT, "the client's clock"}},
    {"Failed:ClientCertUntrusted", {"no authority in the trust store signed it", SETUP, "the trust store, and the chain the client sends"}},
    {"Failed:ClientCertCrlHit", {"the certificate was called back", CLIENT, "leaf_client_cert_serial_number"}},
    {"Failed:ClientCertCrlProcessingError", {"the revocation list could not be read", SETUP, "the list in the trust store"}},
    {"Failed:ClientCertMaxChainDepthExceeded", {"the chain of certificates is too long", CLIENT, NULL}},
    {"Failed:ClientCertMaxSizeExceeded", {"the certificate is too large", CLIENT, NULL}},
    {"Failed:ClientCertPurposeInvalid", {"the certificate is not meant for clients", CLIENT, "extended key usage"}},
    {"Failed:ClientCertIntentInvalid", {"the certificate is not meant for clients", CLIENT, "extended key usage"}},
    {"Failed:ClientCertTypeUnsupported", {"a kind of certificate that is not supported", CLIENT, "its key: RSA or ECDSA, and how long?"}},
    {"Failed:ClientCertInvalid", {"the certificate is malformed or breaks the rules of X.509", CLIENT, "leaf_client_cert_subject; who issued it?"}},
    {"Failed:ClientCertRejected", {"the certificate failed a check that has no reason of its own", CLIENT, "leaf_client_cert_subject"}},
    {"Failed:ClientCertIncompatible", {"the certificate does not go with the TLS version or cipher that was agreed", CLIENT, "tls_protocol, tls_cipher; the listener's security policy"}},
    {"Failed:ClientCertMissing", {"a certificate is required and the client sent none", CLIENT, "is the client set up for mutual TLS?"}},
    {"Failed:TcpError", {"the connection broke during the handshake", CLIENT, NULL}},
    {"Failed:TcpTimeout", {"the client did not finish the handshake in time", CLIENT, NULL}},
    {"Failed:ConnectionFunctionError", {"the connection function failed", APP, "the function's log"}},
    {"Failed:ConnectionFunctionDenied", {"the connection function refused the client", YOU, "the function's log"}},
    {"Failed:Internal", {"an error inside CloudFront", AWS, NULL}},
    {"Failed:UnmappedConnectionError", {"the handshake failed for a reason that is not told apart", NULL, "other connections of the same client"}},
    {"Failed:*", {"the client's certificate was refused", CLIENT, NULL}},
    {"-", {"no certificate was asked for or none was sent", NULL, NULL}},
};
static const struct explain_entry conn_tls[] = {
    {"-", {"a plain HTTP listener, or no handshake was completed", NULL, "listener_port, tls_verify_status"}},
};
static const struct explain_entry health_status[] = {
    {"PASS", {"the target is well", NULL, NULL}},
    {"FAIL", {"the target did not pass this check", TARGET, "reason_code; some in a row take it out of service"}},
};
static const struct explain_entry health_reason[] = {
    {"*TimedOut", {"no answer in time: overloaded, or a security group in the way", TARGET, "latency; does the port answer from within the VPC?"}},
    {"ConnectionReset", {"the target reset the connection", TARGET, "does it listen on this port?"}},
    {"ResponseCodeMismatch", {"answered, but with another status than the check wants", TARGET, "status_code and the matcher of the target group"}},
    {"ResponseStringMismatch", {"answered, but not with the text the check wants", TARGET, NULL}},
    {"TargetError", {"the target answered with an error", TARGET, NULL}},
    {"InternalError", {"the load balancer could not check", AWS, NULL}},
    {"GRPCStatusHeaderEmpty", {"answered without a gRPC status", TARGET, "does the target speak gRPC on this port?"}},
    {"GRPCUnexpectedStatus", {"answered with another gRPC status than the check wants", TARGET, "status_code and the matcher of the target group"}},
    {"-", {"passed: there is nothing to tell", NULL, NULL}},
};
static const struct explain_entry health_code[] = {
    {"-", {"no answer came that has a status", NULL, "reason_code"}},
};

/* --- Transit Gateway and Global Accelerator --- */
static const struct explain_entry tgw_resource[] = {
    {"TransitGateway", {"recorded for the whole gateway", NULL, NULL}},
    {"TransitGatewayAttachment", {"recorded for one attachment", NULL, "tgw-attachment-id"}},
};
static const struct explain_entry tgw_direction[] = {
    {"ingress", {"into the gateway, through the attachment", NULL, NULL}},
    {"egress", {"out of the gateway, through the attachment", NULL, NULL}},
};
static const struct explain_entry tgw_no_route[] = {
    {"0", {"none was lost so", NULL, NULL}},
    {"-", {"not recorded", NULL, NULL}},
    {"*", {"dropped: the route table of the attachment has no route to the destination", SETUP, "route table and propagation of tgw-attachment-id; dstaddr"}},
};
static const struct explain_entry tgw_blackhole[] = {
    {"0", {"none was lost so", NULL, NULL}},
    {"-", {"not recorded", NULL, NULL}},
    {"*", {"dropped by a blackhole route: set on purpose, or its attachment is gone", YOU, "blackhole routes to dstaddr"}},
};
static const struct explain_entry tgw_mtu[] = {
    {"0", {"none was lost so", NULL, NULL}},
    {"-", {"not recorded", NULL, NULL}},
    {"*", {"dropped: larger than the attachment lets through (8,500 bytes, VPN less)", SETUP, "MTU of the sender; is path MTU discovery blocked?"}},
};
static const struct explain_entry tgw_ttl[] = {
    {"0", {"none was lost so", NULL, NULL}},
    {"-", {"not recorded", NULL, NULL}},
    {"*", {"dropped: the time to live ran out, as in a loop", SETUP, "routes back to where it came from; a traceroute"}},
};
static const struct explain_entry ga_action[] = {
    {"ACCEPT", {"carried: there is no other value", NULL, NULL}},
};
static const struct explain_entry ga_family[] = {
    {"IPV4", {"IPv4 traffic", NULL, NULL}},
    {"IPV6", {"IPv6 traffic", NULL, NULL}},
};
static const struct explain_entry ga_source[] = {
    {"-", {"the endpoint sees the client's own address", NULL, "client_ip"}},
};
static const struct explain_entry ga_reject[] = {
    {"BPA", {"refused by VPC block public access", YOU, "the exclusions of block public access"}},
    {"-", {"not refused", NULL, NULL}},
};
static const struct explain_entry ga_direction[] = {
    {"INGRESS", {"from the client to the endpoint", NULL, NULL}},
    {"EGRESS", {"from the endpoint to the client", NULL, NULL}},
};

static const struct explain_entry trail_kind[] = {
    {"AwsApiCall", {"a call of an API", NULL, NULL}},
    {"AwsServiceEvent", {"the service did it by itself, about a resource of yours", NULL, "serviceEventDetails"}},
    {"AwsConsoleAction", {"done in the console, and no call of an API", NULL, NULL}},
    {"AwsConsoleSignIn", {"a sign-in to the console", NULL, "responseElements.ConsoleLogin, mfa, sourceIPAddress"}},
    {"AwsVpceEvent*", {"a call through a VPC endpoint", NULL, "vpcEndpointId; errorCode: did its policy refuse?"}},
    {"AwsCloudTrailInsight", {"a rate of calls or errors that is not usual", NULL, "insightDetails.eventName and its averages"}},
    {"AwsAggregatedEvent", {"counts of the events of five minutes", NULL, "summary"}},
};
static const struct explain_entry trail_insight_state[] = {
    {"Start", {"the unusual rate begins", NULL, "the calls of insightDetails.eventName from then on"}},
    {"End", {"the rate is usual again", NULL, "the Start of the same sharedEventID"}},
};
static const struct explain_entry trail_insight_type[] = {
    {"ApiCallRateInsight", {"calls of a changing API come at an unusual rate", NULL, "insightDetails.insightContext.attributions: who calls"}},
    {"ApiErrorRateInsight", {"errors of an API come at an unusual rate", NULL, "insightDetails.errorCode"}},
};
static const struct explain_entry waf_limit_key[] = {
    {"IP", {"requests are counted by the client's address", NULL, NULL}},
    {"FORWARDED_IP", {"requests are counted by the address in a header", NULL, "x_forwarded_for: can the client choose it?"}},
    {"CUSTOMKEYS", {"requests are counted by keys of the rule", NULL, "rateBasedRuleList: customValues"}},
    {"CONSTANT", {"all requests are counted together", NULL, NULL}},
};
static const struct explain_entry waf_rate_rule[] = {
    {"NO_EVALUATION_PERFORMED", {"the rate rule could not be evaluated", NULL, "its aggregation keys: does the request have them?"}},
};
static const struct explain_entry fw_direction[] = {
    {"to_server", {"from the side that began the flow", NULL, NULL}},
    {"to_client", {"an answer to the side that began the flow", NULL, NULL}},
};
static const struct explain_entry fw_revocation_action[] = {
    {"PASS", {"let through", NULL, NULL}},
    {"DROP", {"dropped without an answer", YOU, "event.revocation_check.status; the TLS inspection configuration"}},
    {"REJECT", {"closed with a reset", YOU, "event.revocation_check.status; the TLS inspection configuration"}},
};
static const struct explain_entry transports[] = {
    {"TCP", {"over TCP", NULL, NULL}},
    {"UDP", {"over UDP", NULL, NULL}},
    {"DOH*", {"DNS over HTTPS", NULL, NULL}},
};
static const struct explain_entry vpn_reset[] = {
    {"NA", {"no reset", NULL, NULL}},
    {"assertion-received", {"reset to go on with the answer of the identity provider", NULL, "the connection-attempt behind it"}},
};
static const struct explain_entry vpn_result[] = {
    {"permit", {"the authorisation policy lets it connect", NULL, NULL}},
    {"deny", {"the authorisation policy refuses", YOU, "authorization-policy-evaluation.reason and .device-token-status; in shadow mode it is only observed"}},
    {"error", {"the authorisation policy could not be evaluated", SETUP, "authorization-policy-evaluation.device-token-status"}},
};
static const struct explain_entry vpn_evaluation[] = {
    {"connection-attempt", {"looked at when it connected", NULL, NULL}},
    {"periodic", {"looked at again while connected", NULL, NULL}},
};
static const struct explain_entry vpn_shadow[] = {
    {"enabled", {"only observed: the outcome is not enforced", NULL, NULL}},
    {"disabled", {"the outcome is enforced", NULL, NULL}},
};
static const struct explain_entry vpn_policy_reason[] = {
    {"policy-deny", {"a statement of the policy denies, or none permits", YOU, "authorization-policy-evaluation.context"}},
};

const struct explain_set explain_service_sets[] = {
    SET("cloudtrail", "errorcode error errormessage", trail_error),
    SET("cloudtrail", "useridentitytype", trail_identity),
    SET("cloudtrail", "eventname action", trail_event),
    SET_NEXT("cloudtrail", "eventcategory", trail_category, "eventName and resources"),
    SET("cloudtrail", "mfa useridentitysessioncontextattributesmfaauthenticated additionaleventdatamfaused", yes_no_mfa),
    SET("cloudtrail", "isroot root", any_root),
    SET("cloudtrail", "eventtype", trail_kind),
    SET("cloudtrail", "insightdetailsstate", trail_insight_state),
    SET("cloudtrail", "insightdetailsinsighttype", trail_insight_type),
    SET("waf", "action", waf_action),
    SET("waf", "terminatingruletype", waf_rule_type),
    SET("waf", "httpsourcename", waf_source),
    SET("waf", "captcharesponsefailurereason challengeresponsefailurereason failurereason", waf_token),
    SET("waf", "terminatingruleid decidingrule rule error", waf_default),
    SET_NEXT("waf", "oversizefields", waf_oversize, "httpRequest.uri; the oversize handling of the rules, for the rest was not looked at"),
    SET("waf", "limitkey ratebasedrulelistlimitkey", waf_limit_key),
    SET("waf", "ratebasedruleid ratebasedrulelistratebasedruleid", waf_rate_rule),
    SET("netfw", "eventdirection direction", fw_direction),
    SET("netfw", "eventrevocationcheckaction", fw_revocation_action),
    SET("netfw", "eventalertaction eventaction", fw_alert),
    SET("netfw", "eventverdictaction verdict outcome action finalaction", fw_verdict),
    SET("netfw", "eventalertseverity severity", fw_severity),
    SET("netfw", "eventeventtype eventtype", fw_kind),
    SET("netfw", "eventrevocationcheckstatus", fw_revocation),
    SET("lambda", "status outcome recordstatus", fn_status),
    SET("lambda", "errortype error recorderrortype", fn_error),
    SET("lambda", "phase recordphase", fn_phase),
    SET("lambda", "recordinitializationtype", fn_init),
    SET_NEXT("lambda", "type kind action", fn_kind, "record.reason"),
    SET_NEXT("lambda json cwlogs", "level action", log_level, "the lines before it with the same RequestId"),
    SET_NEXT("apigw", "errorresponsetype responsetype", gw_response, "error.message, identity.sourceIp and user_agent: which client asks so?"),
    SET("apigw", "wafresponsecode", gw_waf),
    SET("apigw", "eventtype", gw_event),
    SET_NEXT("apigw", "status", gw_status, "error.message, identity.sourceIp and user_agent: which client asks so?"),
    SET("apigw", "errormessage error", gw_error),
    SET_NEXT("route53 route53public", "rcode responsecode error", dns_code, "which client asks so, and since when"),
    SET("route53", "firewallruleaction", dns_firewall),
    SET("clientvpn", "connectionattemptfailurereason error", vpn_reason),
    SET("clientvpn", "connectionattemptstatus", vpn_status),
    SET("clientvpn", "connectionresetstatus", vpn_reset),
    SET("clientvpn", "authorizationpolicyevaluationresult", vpn_result),
    SET("clientvpn", "authorizationpolicyevaluationevaluationtype", vpn_evaluation),
    SET("clientvpn", "authorizationpolicyevaluationshadowmode", vpn_shadow),
    SET("clientvpn", "authorizationpolicyevaluationreason", vpn_policy_reason),
    SET("route53 route53public globalaccelerator clientvpn", "transport protocol transportprotocol", transports),
    SET("clientvpn", "connectionlogtype action", vpn_kind),
    SET_NEXT("alb_conn", "tlsverifystatus error", conn_verify, "leaf_client_cert_subject and leaf_client_cert_validity: which certificate is it?"),
    SET_NEXT("cloudfront", "connectionstatus", conn_verify, "clientLeafCertSubject and clientLeafCertValidity: which certificate is it?"),
    SET("alb_conn", "tlsprotocol tlscipher tlshandshakelatency duration", conn_tls),
    SET("alb_health", "status result action", health_status),
    SET_NEXT("alb_health", "reasoncode reason error", health_reason, "the target's own log at that moment"),
    SET("alb_health", "statuscode", health_code),
    SET("tgwflow", "resourcetype", tgw_resource),
    SET("tgwflow", "flowdirection", tgw_direction),
    SET("tgwflow", "packetslostnoroute", tgw_no_route),
    SET("tgwflow", "packetslostblackhole", tgw_blackhole),
    SET("tgwflow", "packetslostmtuexceeded", tgw_mtu),
    SET("tgwflow", "packetslostttlexpired", tgw_ttl),
    SET("globalaccelerator", "direction", ga_direction),
    SET("globalaccelerator", "action", ga_action),
    SET("globalaccelerator", "ipaddresstype", ga_family),
    SET("globalaccelerator", "globalacceleratorsourceip agasourceip", ga_source),
    SET("globalaccelerator", "rejectreason error", ga_reject),
};
const unsigned explain_n_service_sets = ARRAY_LEN(explain_service_sets);
