package review_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postern/infra/review"
	"postern/internal/cfn"
)

// A mutation changes one property of a resource. A nil value removes it.
type mutation struct {
	resource string // logical id without its hash
	path     string // names and positions, separated by /
	value    any
	want     string // part of the finding that names it
}

type object = map[string]any

const (
	publicAccess = "PublicAccessBlockConfiguration/"
	encryption   = "BucketEncryption/ServerSideEncryptionConfiguration/0/"
	policy       = "PolicyDocument/Statement/"
	permissions  = "Policies/0/PolicyDocument/Statement/"
	trust        = "AssumeRolePolicyDocument/Statement/0/"
	settings     = "MethodSettings/"
	lifecycle    = "LifecycleConfiguration/Rules/"
	firewallRule = "Rules/0/"
	variables    = "Environment/Variables/"
)

// mutations are of the template of stage prod.
var mutations = []mutation{
	{"Uploads", publicAccess + "BlockPublicAcls", false, "BlockPublicAcls"},
	{"Uploads", publicAccess + "BlockPublicPolicy", false, "BlockPublicPolicy"},
	{"Uploads", publicAccess + "IgnorePublicAcls", nil, "IgnorePublicAcls"},
	{"Uploads", publicAccess + "RestrictPublicBuckets", "false", "RestrictPublicBuckets"},
	{"Uploads", "PublicAccessBlockConfiguration", nil, "RestrictPublicBuckets"},
	{"Uploads", "OwnershipControls/Rules/0/ObjectOwnership", "ObjectWriter", "ObjectOwnership"},
	{"Uploads", encryption + "ServerSideEncryptionByDefault/SSEAlgorithm", "aws:kms", "SSEAlgorithm"},
	{"Uploads", encryption + "BlockedEncryptionTypes", nil, "BlockedEncryptionTypes"},
	{"Uploads", "VersioningConfiguration/Status", "Suspended", "VersioningConfiguration"},
	{"Uploads", "WebsiteConfiguration", object{"IndexDocument": "index.html"}, "WebsiteConfiguration"},
	{"Uploads", "AccessControl", "PublicRead", "AccessControl"},
	{"Uploads", "CorsConfiguration/CorsRules/0/AllowedOrigins", []any{"*"}, "AllowedOrigins"},
	{"Uploads", "CorsConfiguration/CorsRules/0/AllowedHeaders", []any{"*"}, "AllowedHeaders"},
	{"Uploads", "CorsConfiguration/CorsRules/0/AllowedMethods", []any{"DELETE"}, "AllowedMethods"},
	{"Uploads", lifecycle + "0/ExpirationInDays", nil, "rejected-uploads"},
	{"Uploads", lifecycle + "0/TagFilters", nil, "status=rejected"},
	{"Uploads", lifecycle + "0/TagFilters/0/Value", "ready", "status=rejected"},
	{"Uploads", lifecycle + "1/NoncurrentVersionExpiration/NoncurrentDays", 1, "noncurrent-versions"},
	{"Uploads", lifecycle + "2/ExpiredObjectDeleteMarker", false, "expired-delete-markers"},
	{"Uploads", lifecycle + "3/Status", "Disabled", "incomplete-multipart-uploads"},
	{"Uploads", "NotificationConfiguration/QueueConfigurations/0/Event", "s3:ObjectCreated:Put", "s3:ObjectCreated:*"},
	{"Uploads", "NotificationConfiguration", nil, "s3:LifecycleExpiration:*"},
	{"Uploads", "/DeletionPolicy", "Delete", "DeletionPolicy"},
	{"Uploads", "/UpdateReplacePolicy", "Delete", "UpdateReplacePolicy"},

	{"UploadsPolicy", policy + "0/Effect", "Allow", "DenyWithoutTLS"},
	{"UploadsPolicy", policy + "0/Condition", object{"Bool": object{"aws:SecureTransport": "true"}}, "DenyWithoutTLS"},
	{"UploadsPolicy", policy + "1/Condition/NumericLessThan/s3:TlsVersion", "1.0", "DenyOldTLS"},
	{"UploadsPolicy", policy + "2/Principal", object{"AWS": "123456789012"}, "DenySigV2"},
	{"UploadsPolicy", policy + "3/Condition/NumericGreaterThan/s3:signatureAge", "604800000", "DenyOldSignatures"},
	{"UploadsPolicy", policy + "3/Condition/StringEquals/s3:authType", []any{"POST"}, "DenyOldSignatures"},
	{"UploadsPolicy", policy + "4/Condition/StringNotEquals", nil, "DenyOverwrites"},
	{"UploadsPolicy", policy + "4/Action", "s3:GetObject", "DenyOverwrites"},
	{"UploadsPolicy", policy + "4/Resource", object{"Ref": "Uploads4F6EB0FD"}, "DenyOverwrites"},
	{"UploadsPolicy", "/DeletionPolicy", "Delete", "DeletionPolicy"},

	{"Inspections", "SqsManagedSseEnabled", false, "SqsManagedSseEnabled"},
	{"DeadLetters", "SqsManagedSseEnabled", nil, "SqsManagedSseEnabled"},
	{"DeadLetters", "MessageRetentionPeriod", 345600, "MessageRetentionPeriod"},
	{"Inspections", "MessageRetentionPeriod", 60, "MessageRetentionPeriod"},
	{"Inspections", "RedrivePolicy", nil, "RedrivePolicy"},
	{"Inspections", "RedrivePolicy/maxReceiveCount", 1, "maxReceiveCount"},
	{"Inspections", "VisibilityTimeout", 30, "VisibilityTimeout"},
	{"InspectionsPolicy", policy + "0", nil, "aws:SecureTransport"},
	{"InspectionsPolicy", policy + "1/Condition/StringEquals", nil, "aws:SourceAccount"},
	{"InspectionsPolicy", policy + "1/Condition/ArnLike", nil, "aws:SourceArn"},
	{"InspectionsPolicy", policy + "1/Principal", object{"AWS": "*"}, "S3 and EventBridge only"},
	{"InspectionsPolicy", policy + "2/Condition", nil, "rule of the stack's own"},
	{"InspectionsPolicy", policy + "2/Action", "sqs:*", "sqs:SendMessage"},
	{"DeadLettersPolicy", policy + "0/Effect", "Allow", "aws:SecureTransport"},
	{"InspectInspections", "FunctionResponseTypes", nil, "FunctionResponseTypes"},
	{"InspectInspections", "ScalingConfig", nil, "MaximumConcurrency"},
	{"InspectInspections", "Enabled", false, "Enabled"},

	{"Users", "PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled", false, "PointInTimeRecovery"},
	{"UploadsTable", "PointInTimeRecoverySpecification", nil, "PointInTimeRecovery"},
	{"Users", "DeletionProtectionEnabled", false, "DeletionProtectionEnabled"},
	{"UploadsTable", "/DeletionPolicy", "Delete", "DeletionPolicy"},
	{"UploadsTable", "BillingMode", "PROVISIONED", "BillingMode"},
	{"Users", "TimeToLiveSpecification/Enabled", false, "TimeToLiveSpecification"},
	{"OwnerKey", "GenerateSecretString/PasswordLength", 8, "PasswordLength"},
	{"OwnerKey", "SecretString", "swordfish", "SecretString"},
	{"OwnerKey", "/UpdateReplacePolicy", "Delete", "UpdateReplacePolicy"},
	{"InspectLogs", "RetentionInDays", nil, "RetentionInDays"},
	{"AccessLogs", "/DeletionPolicy", "Delete", "DeletionPolicy"},

	{"PresignRole", permissions + "3/Condition", nil, "s3:RequestObjectTag/status"},
	{"PresignRole", permissions + "3/Condition/StringEquals/s3:RequestObjectTag~status", []any{"pending", "ready"}, "s3:RequestObjectTag/status"},
	{"PresignRole", permissions + "2/Action", "s3:*", "s3:*"},
	{"PresignRole", permissions + "2/Resource", "*", "a folder of the bucket"},
	{"PresignRole", permissions + "2/Resource", object{"Fn::Join": []any{"", []any{object{"Fn::GetAtt": []any{"Uploads4F6EB0FD", "Arn"}}, "/*"}}}, "a folder of the bucket"},
	{"PresignRole", permissions + "2/Action", []any{"s3:PutObject", "s3:GetObject"}, "no function may do s3:GetObject"},
	{"PresignRole", permissions + "2/NotAction", "s3:GetObject", "NotAction"},
	{"ManageRole", permissions + "3/Condition", nil, "s3:ExistingObjectTag/status"},
	{"ManageRole", permissions + "5/Condition", nil, "s3:prefix"},
	{"InspectRole", permissions + "4/Condition", nil, "s3:RequestObjectTag/status"},
	{"InspectRole", permissions + "5/Condition/StringLike/s3:prefix", "*", "s3:prefix"},
	{"InspectRole", permissions + "8/Condition/Null", nil, "events:source"},
	{"InspectRole", permissions + "8/Condition/ForAllValues:StringEquals", nil, "events:source"},
	{"AuthorizerRole", permissions + "3/Condition/Null", nil, "dynamodb:LeadingKeys"},
	{"AuthorizerRole", permissions + "3/Condition/ForAllValues:StringLike", nil, "dynamodb:LeadingKeys"},
	{"ManageRole", permissions + "8/Condition/Null", nil, "dynamodb:LeadingKeys"},
	{"ManageRole", permissions + "8/Condition/ForAllValues:StringLike", nil, "manage could"},
	{"AuthorizerRole", permissions + "0/Resource", "*", "a folder of the bucket"},
	{"SiteRole", "ManagedPolicyArns", []any{"arn:aws:iam::aws:policy/AdministratorAccess"}, "managed policies"},
	{"ManageRole", trust + "Principal", object{"AWS": "*"}, "Lambda, API Gateway or AWS Backup"},
	{"ApiGatewayLogRole", trust + "Condition", nil, "aws:SourceAccount"},
	{"ManageInvocation", "SourceArn", nil, "SourceArn"},
	{"PresignInvocation", "Principal", "*", "API alone"},
	{"SiteInvocation", "/Type", "AWS::Lambda::Url", "beside the roles"},

	{"Presign", "Role", object{"Fn::GetAtt": []any{"ManageRole06615960", "Arn"}}, "a role of its own"},
	{"Presign", "LoggingConfig", nil, "a log group"},
	{"Presign", "LoggingConfig/LogGroup", object{"Ref": "AuthorizerLogsBA5DABC9"}, "log group of its own"},
	{"Presign", "TracingConfig/Mode", "PassThrough", "TracingConfig.Mode must be Active"},
	{"PresignRole", permissions + "1", nil, "the role may not write traces"},
	{"PresignRole", permissions + "0/Action", "logs:PutLogEvents", "logs:CreateLogStream and logs:PutLogEvents"},
	{"PresignRole", permissions + "0/Sid", strings.Repeat("x", review.MaxRole), "must have 10240 at most"},
	{"Presign", "FileSystemConfigs", []any{object{"Arn": "x"}}, "FileSystemConfigs"},
	{"Presign", "Layers", []any{"arn:aws:lambda:eu-west-1:123456789012:layer:x:1"}, "Layers"},
	{"Presign", variables + "OWNER_KEY", "correct-horse", "OWNER_KEY"},
	{"Manage", variables + "X", "{{resolve:secretsmanager:x}}", "environment variable X"},
	{"Authorizer", variables + "OWNER_KEY_SECRET", "correct-horse", "OWNER_KEY_SECRET"},
	{"Site", "Timeout", 60, "Timeout"},
	{"Site", "Runtime", "nodejs24.x", "Runtime"},

	{"Api", "SecurityPolicy", "TLS_1_0", "SecurityPolicy"},
	{"Api", "EndpointAccessMode", "BASIC", "EndpointAccessMode"},
	{"Api", "EndpointConfiguration/Types/0", "EDGE", "EndpointConfiguration"},
	{"Api", "DisableExecuteApiEndpoint", true, "without a domain"},
	{"RequestAuthorizer", "AuthorizerResultTtlInSeconds", 300, "AuthorizerResultTtlInSeconds"},
	{"RequestAuthorizer", "Type", "TOKEN", "Type"},
	{"RequestAuthorizer", "IdentitySource", nil, "IdentitySource"},
	{"RequestAuthorizer", "AuthorizerCredentials", "arn:aws:iam::123456789012:role/x", "AuthorizerCredentials"},
	{"ApiuploadsGET", "AuthorizationType", "NONE", "GET /uploads must have the authorizer"},
	{"ApiuploadsidDELETE", "AuthorizerId", nil, "DELETE /uploads/{id} must have the authorizer"},
	{"ApiusageGET", "HttpMethod", "PUT", "PUT /usage must be in the route table"},
	{"ApihealthGET", "Integration/Uri", object{"Fn::Sub": "arn:x/functions/${Manage1EDA1F68.Arn}/invocations"}, "answered by API Gateway"},
	{"ApiUNAUTHORIZED", "ResponseParameters", nil, "X-Content-Type-Options"},
	{"ApiDEFAULT4XX", "ResponseType", "DEFAULT_5XX", "DEFAULT_4XX"},
	{"ApiDeploymentStageapi", settings + "0/DataTraceEnabled", true, "DataTraceEnabled"},
	{"ApiDeploymentStageapi", settings + "0/ThrottlingRateLimit", nil, "ThrottlingRateLimit"},
	{"ApiDeploymentStageapi", settings + "0/ThrottlingBurstLimit", 100000, "ThrottlingBurstLimit"},
	{"ApiDeploymentStageapi", settings + "0/HttpMethod", "GET", "the throttle must be of every method"},
	{"ApiDeploymentStageapi", settings + "0/ResourcePath", "/~1uploads", "the throttle must be of every path"},
	{"ApiDeploymentStageapi", settings + "2", nil, "throttle of its own"},
	{"ApiDeploymentStageapi", settings + "1/CachingEnabled", true, "cache answers"},
	{"ApiDeploymentStageapi", "TracingEnabled", true, "TracingEnabled"},
	{"ApiDeploymentStageapi", "AccessLogSetting", nil, "AccessLogSetting"},
	{"ApiDeploymentStageapi", "AccessLogSetting/Format", "$context.requestId", "nobody could tell who did what"},
	{"ApiDeploymentStageapi", "AccessLogSetting/Format", `{"path":"$context.path"}`, "paths and headers hold mails"},
	{"Firewall", firewallRule + "Action", object{"Count": object{}}, "must block addresses"},
	{"Firewall", firewallRule + "VisibilityConfig/SampledRequestsEnabled", true, "SampledRequestsEnabled"},
	{"FirewallAssociation", "WebACLArn", "x", "associated"},

	{"DeadLettersNotEmpty", "Dimensions", nil, "must have an alarm"},
	{"PresignFails", "Dimensions", nil, "Presign: an alarm must watch its Errors"},
	{"AuthorizerThrottled", "MetricName", "Duration", "Authorizer: an alarm must watch its Throttles"},
	{"UsersWritesThrottled", "Dimensions", nil, "Users: an alarm must watch its WriteThrottleEvents"},
	{"InspectionsLate", "ActionsEnabled", false, "ActionsEnabled"},
	{"InspectionsLate", "AlarmDescription", "Late", "docs/runbook/InspectionsLate.md"},
	{"CallersRefused", "AlarmDescription", "See docs/runbook/Nowhere.md", "docs/runbook/CallersRefused.md"},
	{"CallersRefused", "MetricName", "X", "metric Refusals"},
	{"CallersThrottled", "TreatMissingData", nil, "TreatMissingData"},
	{"Refusals", "FilterPattern", `{ $.status = "403" }`, "status 401"},
	{"Throttles", "/Type", "AWS::CloudFormation::WaitConditionHandle", "status 429"},
}

// mutationsOfChoices are of the template of a stage with every choice: of what stage prod lacks.
var mutationsOfChoices = []mutation{
	{"Domain", "SecurityPolicy", "TLS_1_0", "SecurityPolicy"},
	{"Domain", "EndpointAccessMode", nil, "EndpointAccessMode"},
	{"Domain", "EndpointConfiguration/Types/0", "EDGE", "EndpointConfiguration"},
	{"DomainMapping", "BasePath", nil, "at the base path api"},
	{"DomainMapping", "RestApiId", "abcdef1234", "the domain must lead to the API's stage"},

	{"ObjectLog", publicAccess + "RestrictPublicBuckets", false, "RestrictPublicBuckets"},
	{"ObjectLog", "OwnershipControls", nil, "ObjectOwnership"},
	{"ObjectLog", encryption + "ServerSideEncryptionByDefault/SSEAlgorithm", "aws:kms", "SSEAlgorithm"},
	{"ObjectLog", "LifecycleConfiguration", nil, "expire the lines"},
	{"ObjectLog", lifecycle + "0/Status", "Disabled", "expire the lines"},
	{"ObjectLog", "/DeletionPolicy", "Delete", "DeletionPolicy"},
	{"ObjectLogPolicy", policy + "0/Condition", object{"Bool": object{"aws:SecureTransport": "true"}}, "DenyWithoutTLS"},
	{"ObjectLogPolicy", policy + "1", nil, "DenyOldTLS"},
	{"ObjectLogPolicy", policy + "2/Condition/StringEquals", nil, "aws:SourceAccount"},
	{"ObjectLogPolicy", policy + "2/Condition/ArnLike", nil, "aws:SourceArn"},
	{"ObjectLogPolicy", policy + "2/Action", "s3:*", "S3 alone must write the log"},
	{"ObjectLogPolicy", policy + "2/Principal", object{"AWS": "*"}, "S3 alone must write the log"},
	{"Uploads", "VersioningConfiguration", nil, "VersioningConfiguration"},
	{"Uploads", "LoggingConfiguration", nil, "ObjectLog: the bucket's policy must have DenyOverwrites"},

	{"BackupRole", trust + "Condition", nil, "aws:SourceAccount"},
	{"BackupRole", permissions + "1/Resource", "*", "a folder of the bucket"},
	{"BackupRole", permissions + "0/Action", "dynamodb:*", "dynamodb:*"},
	{"BackupPlan", "BackupPlan/BackupPlanRule/0/Lifecycle", nil, "DeleteAfterDays"},
	{"BackupPlan", "BackupPlan/BackupPlanRule/0/TargetBackupVault", "Default", "TargetBackupVault"},
	{"BackupSelection", "BackupSelection/Resources/1", nil, "UploadsTable: the table must be in the selection"},
	{"BackupFails", "Dimensions", nil, "an alarm must watch the copies"},
	{"BackupVault", "/DeletionPolicy", "Delete", "DeletionPolicy"},
}

// TestMutations makes sure that each mutation is named, and that none of the rules is without a mutation that it names.
func TestMutations(t *testing.T) {
	if len(mutations) < 60 {
		t.Errorf("got %d mutations, want 60 at least", len(mutations))
	}
	named := map[string]bool{} // rules
	checkMutations(t, "prod", mutations, named)
	checkMutations(t, "choices", mutationsOfChoices, named)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(named)), review.RuleNames()); diff != "" && !t.Failed() {
		t.Errorf("rules that a mutation sees (-got +want):\n%s", diff)
	}
}

func checkMutations(t *testing.T, stage string, mutations []mutation, named map[string]bool) {
	t.Helper()
	for _, m := range mutations {
		t.Run(fmt.Sprintf("%s/%s/%s=%v", stage, m.resource, m.path, m.value), func(t *testing.T) {
			template := golden(t, stage)
			mutate(t, template, m)
			var got []string
			for _, f := range review.Findings(template, pages(t)) {
				if strings.Contains(f.String(), m.want) {
					named[f.Rule] = true
					return
				}
				got = append(got, f.String())
			}
			t.Errorf("got %q, want a finding with %q", got, m.want)
		})
	}
}

// mutate changes a template. A path that begins with / is of the resource itself. ~ stands for a / in a name.
func mutate(t *testing.T, template *cfn.Template, m mutation) {
	t.Helper()
	id := idOf(t, template, m.resource)
	r := template.Resources[id]
	switch m.path {
	case "/DeletionPolicy":
		r.DeletionPolicy = m.value.(string)
	case "/UpdateReplacePolicy":
		r.UpdateReplacePolicy = m.value.(string)
	case "/Type":
		r.Type = m.value.(string)
	default:
		names := strings.Split(m.path, "/")
		for i := range names {
			names[i] = strings.ReplaceAll(names[i], "~", "/")
		}
		r.Properties = set(t, r.Properties, names, decoded(t, m.value)).(map[string]any)
	}
	template.Resources[id] = r
}

var idHash = regexp.MustCompile(`[0-9A-F]{8}$`)

func idOf(t *testing.T, template *cfn.Template, resource string) string {
	t.Helper()
	for id := range template.Resources {
		if id == resource || idHash.MatchString(id) && id[:len(id)-8] == resource {
			return id
		}
	}
	t.Fatalf("the template has no resource %s", resource)
	return ""
}

// decoded returns a value as a template's would be read.
func decoded(t *testing.T, value any) any {
	t.Helper()
	b, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(strings.NewReader(string(b)))
	decoder.UseNumber()
	var read any
	if err := decoder.Decode(&read); err != nil {
		t.Fatal(err)
	}
	return read
}

// set returns a value with another one, or none, at a path within it.
func set(t *testing.T, parent any, names []string, value any) any {
	t.Helper()
	if len(names) == 0 {
		return value
	}
	switch parent := parent.(type) {
	case []any:
		i, err := strconv.Atoi(names[0])
		if err != nil || i >= len(parent) {
			t.Fatalf("no position %s in a list of %d", names[0], len(parent))
		}
		if parent[i] = set(t, parent[i], names[1:], value); parent[i] == nil {
			return append(parent[:i:i], parent[i+1:]...)
		}
		return parent
	case map[string]any:
		if parent[names[0]] = set(t, parent[names[0]], names[1:], value); parent[names[0]] == nil {
			delete(parent, names[0])
		}
		return parent
	case nil:
		return map[string]any{names[0]: set(t, nil, names[1:], value)}
	default:
		t.Fatalf("%s is within %v", names[0], parent)
		return nil
	}
}
