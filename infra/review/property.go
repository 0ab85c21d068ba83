package review

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"postern/internal/cfn"
)

// A property is one that only a literal of infra/stack guards.
type property struct {
	row, kind string
	path      string // names and positions, separated by /
	must      expectation
	why       string // what happens otherwise
}

// An expectation is what a property's value must be.
type expectation struct {
	text  string
	holds func(value any) bool
}

func is(want string) expectation {
	return expectation{want, func(v any) bool { return cfn.Text(v) == want }}
}

func between(least, most int64) expectation {
	return expectation{fmt.Sprintf("%d to %d", least, most), func(v any) bool {
		n, ok := number(v)
		return ok && least <= n && n <= most
	}}
}

func has(parts ...string) expectation {
	return expectation{"with " + strings.Join(parts, ", "), func(v any) bool {
		text := cfn.Text(v)
		return !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(text, part) })
	}}
}

func without(parts ...string) expectation {
	return expectation{"without " + strings.Join(parts, ", "), func(v any) bool {
		text := cfn.Text(v)
		return !slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(text, part) })
	}}
}

var absent = expectation{"left out", func(v any) bool { return v == nil }}

func number(value any) (int64, bool) {
	n, ok := value.(json.Number)
	if !ok {
		return 0, false
	}
	i, err := n.Int64()
	return i, err == nil
}

const (
	bucketType   = "AWS::S3::Bucket"
	queueType    = "AWS::SQS::Queue"
	tableType    = "AWS::DynamoDB::Table"
	secretType   = "AWS::SecretsManager::Secret"
	functionType = "AWS::Lambda::Function"
	groupType    = "AWS::Logs::LogGroup"
	roleType     = "AWS::IAM::Role"
	alarmType    = "AWS::CloudWatch::Alarm"
	methodType   = "AWS::ApiGateway::Method"
	apiType      = "AWS::ApiGateway::RestApi"
	stageType    = "AWS::ApiGateway::Stage"
	sourceType   = "AWS::Lambda::EventSourceMapping"

	authorizerType = "AWS::ApiGateway::Authorizer"

	stageSettings = "MethodSettings/0/" // of every method
	encryption    = "BucketEncryption/ServerSideEncryptionConfiguration/0/"
	publicAccess  = "PublicAccessBlockConfiguration/"
)

// properties are held for every resource of their type.
var properties = []property{
	{"TestBucket", bucketType, publicAccess + "BlockPublicAcls", is("true"), "an ACL could open the bucket"},
	{"TestBucket", bucketType, publicAccess + "BlockPublicPolicy", is("true"), "a policy could open the bucket"},
	{"TestBucket", bucketType, publicAccess + "IgnorePublicAcls", is("true"), "an ACL could open an object"},
	{"TestBucket", bucketType, publicAccess + "RestrictPublicBuckets", is("true"), "other accounts could read by a public policy"},
	{"TestBucket", bucketType, "OwnershipControls/Rules/0/ObjectOwnership", is("BucketOwnerEnforced"), "ACLs would count"},
	{"TestBucket", bucketType, encryption + "ServerSideEncryptionByDefault/SSEAlgorithm", is("AES256"), "how objects are encrypted would be up to a default"},
	{"TestBucket", bucketType, encryption + "BlockedEncryptionTypes/EncryptionType/0", is("SSE-C"), "a client could encrypt with a key that inspection lacks"},
	{"TestBucket", bucketType, "WebsiteConfiguration", absent, "the bucket would serve pages"},
	{"TestBucket", bucketType, "AccessControl", absent, "the bucket would have an ACL"},
	{"TestBucket", bucketType, "CorsConfiguration/CorsRules/0/AllowedOrigins", without(`"*"`), "pages of any origin could use what is signed for their visitors"},
	{"TestBucket", bucketType, "CorsConfiguration/CorsRules/0/AllowedHeaders", without("*"), "a page could plant headers that no signature fixes"},
	{"TestBucket", bucketType, "CorsConfiguration/CorsRules/0/AllowedMethods", without("DELETE"), "no page deletes objects by itself"},

	{"TestQueuePolicies", queueType, "SqsManagedSseEnabled", is("true"), "messages would not be encrypted"},
	{"TestQueuePolicies", queueType, "MessageRetentionPeriod", between(345_600, 1_209_600), "messages would be lost before somebody looks"},

	{"TestWhoTakesARole", functionType, "Runtime", is("provided.al2023"), "functions are compiled programs"},
	{"TestRoles", functionType, "Timeout", between(1, 30), "API Gateway waits 29 seconds, and the queue's messages come back after 180"},
	{"TestRoles", functionType, "FileSystemConfigs", absent, "functions keep nothing"},
	{"TestRoles", functionType, "Layers", absent, "a function's code is this repository's alone"},
	{"TestRoles", groupType, "RetentionInDays", between(1, 3653), "logs would be kept for ever"},

	{"TestEveryMethodIsAuthorized", apiType, "SecurityPolicy", is("SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09"), "API Gateway would take TLS that is older or not safe from quantum computers"},
	{"TestEveryMethodIsAuthorized", apiType, "EndpointAccessMode", is("STRICT"), "a request's SNI and Host could differ"},
	{"TestEveryMethodIsAuthorized", apiType, "EndpointConfiguration/Types/0", is("REGIONAL"), "AWS WAF and latency are those of a region"},
	{"TestEveryMethodIsAuthorized", authorizerType, "AuthorizerResultTtlInSeconds", is("0"), "a cached answer would serve requests for other mails"},
	{"TestEveryMethodIsAuthorized", authorizerType, "Type", is("REQUEST"), "the authorizer reads the query"},
	{"TestEveryMethodIsAuthorized", authorizerType, "IdentitySource", is("method.request.header.Authorization"), "a request without credentials would start the authorizer"},
	{"TestEveryMethodIsAuthorized", authorizerType, "AuthorizerCredentials", absent, "the authorizer is invoked by its permission"},

	{"TestAccessLog", stageType, "AccessLogSetting/Format", has(`"requestId":`, `"caller":`, `"owner":`, `"status":`, `"resource":`, `"time":`), "nobody could tell who did what"},
	{"TestAccessLog", stageType, "AccessLogSetting/Format", without("$context.path\"", "$context.requestOverride", "identity.userAgent", "identity.user\"", "$input"), "paths and headers hold mails"},
	{"TestAccessLog", stageType, stageSettings + "DataTraceEnabled", is("false"), "bodies and headers would be logged"},
	{"TestAccessLog", stageType, "TracingEnabled", is("false"), "a trace names the URL, and the query holds a mail"},
	{"TestFirewall", stageType, stageSettings + "HttpMethod", is("*"), "the throttle must be of every method"},
	{"TestFirewall", stageType, stageSettings + "ResourcePath", is("/*"), "the throttle must be of every path"},
	{"TestFirewall", stageType, stageSettings + "ThrottlingRateLimit", between(1, 10_000), "one client could use up the account's limit"},
	{"TestFirewall", stageType, stageSettings + "ThrottlingBurstLimit", between(1, 5_000), "one client could use up the account's limit"},

	{"TestBucket", tableType, "PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled", is("true"), "a deleted row could not be restored"},
	{"TestBucket", tableType, "TimeToLiveSpecification/Enabled", is("true"), "guesses and tombstones would be kept for ever"},
	{"TestBucket", tableType, "BillingMode", is("PAY_PER_REQUEST"), "a burst would be throttled"},
	{"TestRoles", secretType, "GenerateSecretString/PasswordLength", between(43, 4096), "the key would have less than 256 bits"},
	{"TestRoles", secretType, "SecretString", absent, "the template would hold the key"},

	{"TestQueuePolicies", sourceType, "FunctionResponseTypes/0", is("ReportBatchItemFailures"), "one bad message would repeat, and at last set aside, its whole batch"},
	{"TestQueuePolicies", sourceType, "ScalingConfig/MaximumConcurrency", between(2, 1000), "a burst of uploads would take the API's share of concurrent executions"},
	{"TestQueuePolicies", sourceType, "Enabled", expectation{"true or left out", func(v any) bool { return v == nil || v == true }}, "nothing would be inspected"},
}

// propertyRules hold each of properties.
var propertyRules = func() []rule {
	all := make([]rule, len(properties))
	for i, p := range properties {
		all[i] = rule{"property " + p.path, p.row, each(p.kind, p.find)}
	}
	return all
}()

func (p property) find(_ stack, id string, r cfn.Resource) []Finding {
	value := r.At(p.path)
	if p.must.holds(value) {
		return nil
	}
	got := cfn.Text(value)
	if value == nil {
		got = "not set"
	}
	return []Finding{found(id, "%s is %s, and must be %s: otherwise %s", strings.ReplaceAll(p.path, "/", "."), got, p.must.text, p.why)}
}
