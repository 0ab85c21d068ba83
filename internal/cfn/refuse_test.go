package cfn_test

import (
	"strings"
	"testing"

	"postern/internal/cfn"
)

// What the local run would serve otherwise than AWS is an error that names the logical id and the property.
func TestLoadRefuses(t *testing.T) {
	const (
		method     = "ApipresignedurlGETDB01B911"
		authorizer = "RequestAuthorizer7473A0B3"
		function   = "PresignA4E612D7"
		role       = "AuthorizerRole8EA4615E"
		queue      = "InspectionsCB7FC74B"
		source     = "PresignInspectionsE2B0A77A"
	)
	arn := func(id string) map[string]any { return map[string]any{"Fn::GetAtt": []any{id, "Arn"}} }
	property := func(id string, value any, path ...string) func(map[string]any) {
		return func(resources map[string]any) { set(resources, id, value, path...) }
	}
	// The second statement of the role and of the bucket's policy.
	statement := func(value any, name string) func(map[string]any) {
		return func(resources map[string]any) {
			policies := resources[role].(map[string]any)["Properties"].(map[string]any)["Policies"].([]any)
			second(policies[0].(map[string]any)["PolicyDocument"])[name] = value
		}
	}
	condition := func(operator, key string, value any) func(map[string]any) {
		return statement(map[string]any{operator: map[string]any{key: value}}, "Condition")
	}
	denial := func(value any, name string) func(map[string]any) {
		return func(resources map[string]any) {
			second(resources["UploadsPolicy148F8199"].(map[string]any)["Properties"].(map[string]any)["PolicyDocument"])[name] = value
		}
	}
	sender := func(value any, name string) func(map[string]any) {
		return func(resources map[string]any) {
			second(resources["InspectionsPolicyB1F8F0A4"].(map[string]any)["Properties"].(map[string]any)["PolicyDocument"])[name] = value
		}
	}
	notification := func(value any, name string) func(map[string]any) {
		return func(resources map[string]any) {
			bucket := resources["Uploads4F6EB0FD"].(map[string]any)["Properties"].(map[string]any)
			list := bucket["NotificationConfiguration"].(map[string]any)["QueueConfigurations"].([]any)
			list[1].(map[string]any)[name] = value
		}
	}
	for _, test := range []struct {
		name string
		edit func(map[string]any)
		want string
	}{
		{
			"unknown resource type",
			func(r map[string]any) { r["Topic"] = map[string]any{"Type": "AWS::Kinesis::Stream"} },
			"Topic (AWS::Kinesis::Stream): the local run does not know this resource type",
		},
		{
			"condition on a served resource",
			func(r map[string]any) { r["Users0A0EEA89"].(map[string]any)["Condition"] = "IsProd" },
			"Users0A0EEA89 (AWS::DynamoDB::Table): Condition: conditions are not supported",
		},
		{
			"unknown property",
			property("Uploads4F6EB0FD", map[string]any{}, "WebsiteConfiguration"),
			"Uploads4F6EB0FD (AWS::S3::Bucket): WebsiteConfiguration: the local run does not know this property",
		},
		{
			"unknown nested property",
			property(function, 1, "Environment", "Secret"),
			"PresignA4E612D7 (AWS::Lambda::Function): Environment.Secret: the local run does not know this property",
		},
		{
			"unknown intrinsic function",
			property(function, map[string]any{"Fn::ImportValue": "x"}, "Environment", "Variables", "X"),
			"Environment.Variables.X.Fn::ImportValue: the local run does not know this intrinsic function",
		},
		{
			"conditional value",
			property(function, map[string]any{"Fn::If": []any{"a", "b", "c"}}, "Environment", "Variables", "X"),
			"Environment.Variables.X.Fn::If: the local run does not know this intrinsic function",
		},
		{
			"unknown reference",
			property(function, map[string]any{"Ref": "Nothing"}, "Environment", "Variables", "X"),
			`Environment.Variables.X.Ref: the local run has no value for "Nothing"`,
		},
		{
			"unknown attribute",
			property(function, map[string]any{"Fn::GetAtt": []any{"Users0A0EEA89", "StreamArn"}}, "Environment", "Variables", "X"),
			`the local run has no value for attribute "StreamArn" of "Users0A0EEA89"`,
		},
		{
			"wrong type",
			property(function, "soon", "Timeout"),
			`PresignA4E612D7 (AWS::Lambda::Function): Timeout: "soon" is not of type int`,
		},
		{"runtime", property(function, "nodejs22.x", "Runtime"), `Runtime: "nodejs22.x" is not served`},
		{"code outside the assembly", property(function, "other.zip", "Code", "S3Key"), `Code.S3Key: "other.zip" is not an asset`},
		{"unknown role", property(function, "arn:aws:iam::1:role/x", "Role"), `Role: "arn:aws:iam::1:role/x" is not a role`},
		{"secret of a value", property("OwnerKey3271C67A", "hunter2", "SecretString"), "SecretString: the local run does not know"},
		{"number key", property("Users0A0EEA89", []any{map[string]any{"AttributeName": "mail", "AttributeType": "N"}}, "AttributeDefinitions"), `attribute type "N" is not served`},
		{"cached authorizer", property(authorizer, 300, "AuthorizerResultTtlInSeconds"), "AuthorizerResultTtlInSeconds: the local run does not cache results"},
		{
			"authorizer cached by default",
			func(r map[string]any) {
				delete(r[authorizer].(map[string]any)["Properties"].(map[string]any), "AuthorizerResultTtlInSeconds")
			},
			"AuthorizerResultTtlInSeconds: the local run does not cache results",
		},
		{"token authorizer", property(authorizer, "TOKEN", "Type"), `RequestAuthorizer7473A0B3 (AWS::ApiGateway::Authorizer): Type: "TOKEN" is not served`},
		{"authorizer without function", property(authorizer, "https://example.com", "AuthorizerUri"), "AuthorizerUri: "},
		{"IAM authorization", property(method, "AWS_IAM", "AuthorizationType"), `AuthorizationType: "AWS_IAM" is not served`},
		{"missing authorizer", property(method, "nobody", "AuthorizerId"), `AuthorizerId: "nobody" is not an authorizer`},
		{"disabled authorizer", property(method, "NONE", "AuthorizationType"), "AuthorizerId: an authorizer has no effect"},
		{"API key", property(method, true, "ApiKeyRequired"), "ApiKeyRequired: the local run has no API keys"},
		{"integration type", property(method, "HTTP_PROXY", "Integration", "Type"), `Integration.Type: "HTTP_PROXY" is not served`},
		{"integration method", property(method, "GET", "Integration", "IntegrationHttpMethod"), `Integration.IntegrationHttpMethod: "GET" cannot invoke`},
		{"slow integration", property(method, 30000, "Integration", "TimeoutInMillis"), "Integration.TimeoutInMillis: 30000 is more than 29000"},
		{"unknown validator", property(method, "nobody", "RequestValidatorId"), `RequestValidatorId: "nobody" is not a request validator`},
		{"body validation", property("ApivalidatorE57348FD", true, "ValidateRequestBody"), "ValidateRequestBody: the local run does not validate bodies"},
		{"orphaned resource", property("Apipresignedurl2DC81AE0", "nowhere", "ParentId"), "ResourceId: "},
		{"resource below itself", property("Apipresignedurl2DC81AE0", map[string]any{"Ref": "Apipresignedurl2DC81AE0"}, "ParentId"), "does not lead to the API's root"},
		{"computed stage name", property("ApiDeploymentStageapi01526A9D", map[string]any{"Ref": "AWS::Region"}, "StageName"), "StageName: want a literal name"},
		{"binary API", property("ApiF70053CD", []any{"*/*"}, "BinaryMediaTypes"), "BinaryMediaTypes: the local run does not know"},
		{"edge API", property("ApiF70053CD", []any{"EDGE"}, "EndpointConfiguration", "Types"), `EndpointConfiguration.Types[0]: "EDGE" is not served`},
		{"stage cache", property("ApiDeploymentStageapi01526A9D", true, "CacheClusterEnabled"), "CacheClusterEnabled: the local run does not know"},
		{
			"second API",
			func(r map[string]any) {
				r["Another"] = map[string]any{"Type": "AWS::ApiGateway::RestApi", "Properties": map[string]any{"Name": "b"}}
			},
			"the local run serves one REST API",
		},
		{
			"no stage",
			func(r map[string]any) { delete(r, "ApiDeploymentStageapi01526A9D") },
			"the template has no AWS::ApiGateway::RestApi with an AWS::ApiGateway::Stage",
		},
		{
			"function that the API may not invoke",
			func(r map[string]any) {
				delete(r, "ApipresignedurlGETApiPermissionPosternlocalApi18202EAFGETpresignedurl0134F716")
			},
			"ApipresignedurlGETDB01B911 (AWS::ApiGateway::Method): Integration.Uri: no AWS::Lambda::Permission lets apigateway.amazonaws.com invoke PresignA4E612D7 from ",
		},
		{
			"function that another route may invoke",
			property("ApipresignedurlGETApiPermissionPosternlocalApi18202EAFGETpresignedurl0134F716",
				map[string]any{"Fn::Sub": "arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${ApiF70053CD}/api/POST/*"}, "SourceArn"),
			"no AWS::Lambda::Permission lets apigateway.amazonaws.com invoke PresignA4E612D7 from ",
		},
		{
			"authorizer that the API may not invoke",
			func(r map[string]any) {
				delete(r, "AuthorizerPosternlocalRequestAuthorizerA94B25ADPermissionsF06B15FD")
			},
			"RequestAuthorizer7473A0B3 (AWS::ApiGateway::Authorizer): AuthorizerUri: no AWS::Lambda::Permission lets",
		},
		{"managed policy", property(role, []any{"arn:aws:iam::aws:policy/AdministratorAccess"}, "ManagedPolicyArns"), "AuthorizerRole8EA4615E (AWS::IAM::Role): ManagedPolicyArns: the local run does not know"},
		{"permissions boundary", property(role, "arn:aws:iam::aws:policy/x", "PermissionsBoundary"), "PermissionsBoundary: the local run does not know"},
		{"NotAction", statement("s3:*", "NotAction"), "AuthorizerRole8EA4615E (AWS::IAM::Role): Policies[0].PolicyDocument.Statement[1].NotAction: the local run does not know"},
		{"NotResource", statement("*", "NotResource"), "Policies[0].PolicyDocument.Statement[1].NotResource: the local run does not know"},
		{"effect", statement("allow", "Effect"), `Policies[0].PolicyDocument.Statement[1].Effect: "allow" is neither Allow nor Deny`},
		{"no action", statement([]any{}, "Action"), "Policies[0].PolicyDocument.Statement[1]: want an Action and a Resource"},
		{"policy variable", statement("arn:aws:s3:::b/${aws:username}/*", "Resource"), "Statement[1].Resource[0]: the local run does not know policy variables"},
		{"condition operator", condition("ArnNotLike", "s3:prefix", "x"), "AuthorizerRole8EA4615E (AWS::IAM::Role): Policies[0].PolicyDocument.Statement[1].Condition.ArnNotLike.s3:prefix: the local run does not know this operator"},
		{"condition of another form", condition("ForAnyValue:StringEquals", "s3:prefix", "x"), "the local run does not know this operator"},
		{"condition key", condition("StringEquals", "aws:SourceIp", "x"), "Condition.StringEquals.aws:SourceIp: the local run does not know this key"},
		{"condition on no tag", condition("StringEquals", "s3:RequestObjectTag/", "x"), "Condition.StringEquals.s3:RequestObjectTag/: the local run does not know this key"},
		{"condition without a value", condition("StringEquals", "s3:prefix", []any{}), "Condition.StringEquals.s3:prefix: want a value"},
		{"condition that is not a number", condition("NumericLessThan", "s3:signatureAge", "soon"), `s3:signatureAge[0]: "soon" is not a number`},
		{"other version of the policy language", property(role, []any{map[string]any{"PolicyDocument": map[string]any{"Version": "2008-10-17"}}}, "Policies"), `Policies[0].PolicyDocument.Version: "2008-10-17" is not served`},
		{"policy of an unknown role", property("PresignRoleDefaultPolicy1C5B0A9D", []any{"nobody"}, "Roles"), `PresignRoleDefaultPolicy1C5B0A9D (AWS::IAM::Policy): Roles[0]: "nobody" is not a role`},
		{"policy of a user", property("PresignRoleDefaultPolicy1C5B0A9D", []any{"me"}, "Users"), "Users: the local run does not know"},
		{"policy of an unknown bucket", property("UploadsPolicy148F8199", "nothing", "Bucket"), `UploadsPolicy148F8199 (AWS::S3::BucketPolicy): Bucket: "nothing" is not a bucket`},
		{"bucket policy that allows", denial("Allow", "Effect"), "UploadsPolicy148F8199 (AWS::S3::BucketPolicy): PolicyDocument.Statement[1]: a bucket's policy must only deny"},
		{"bucket policy for some", denial(map[string]any{"AWS": "arn:aws:iam::1:root"}, "Principal"), "PolicyDocument.Statement[1]: a statement must allow something to one service, or deny something to the principal *"},
		{"FIFO queue", property(queue, true, "FifoQueue"), "InspectionsCB7FC74B (AWS::SQS::Queue): FifoQueue: the local run does not know"},
		{"negative visibility timeout", property(queue, -1, "VisibilityTimeout"), "VisibilityTimeout: -1 is negative"},
		{"dead letters elsewhere", property(queue, map[string]any{"deadLetterTargetArn": "arn:aws:sqs:eu-central-1:1:x", "maxReceiveCount": 5}, "RedrivePolicy"), `RedrivePolicy.deadLetterTargetArn: "arn:aws:sqs:eu-central-1:1:x" is not another queue`},
		{"dead letters that come back", property(queue, arn(queue), "RedrivePolicy", "deadLetterTargetArn"), "RedrivePolicy.deadLetterTargetArn: "},
		{"dead letters never", property(queue, 0, "RedrivePolicy", "maxReceiveCount"), `RedrivePolicy.maxReceiveCount: "0" is not a number from 1 to 1000`},
		{"redrive policy of another form", property(queue, 1, "RedrivePolicy", "maxReceives"), "RedrivePolicy.maxReceives: the local run does not know"},
		{"queue policy for everyone", sender(map[string]any{"AWS": "*"}, "Principal"), "InspectionsPolicyB1F8F0A4 (AWS::SQS::QueuePolicy): PolicyDocument.Statement[1]: a statement must allow something to one service, or deny something"},
		{"queue policy for two services", sender(map[string]any{"Service": []any{"a.amazonaws.com", "b.amazonaws.com"}}, "Principal"), "PolicyDocument.Statement[1]: a statement must allow something to one service, or deny something"},
		{"queue policy that denies a service", sender("Deny", "Effect"), "PolicyDocument.Statement[1]: a statement must allow something to one service, or deny something"},
		{"policy of an unknown queue", property("InspectionsPolicyB1F8F0A4", []any{"nothing"}, "Queues"), `Queues[0]: "nothing" is not a queue`},
		{"event source elsewhere", property(source, "arn:aws:sqs:eu-central-1:1:x", "EventSourceArn"), `PresignInspectionsE2B0A77A (AWS::Lambda::EventSourceMapping): EventSourceArn: "arn:aws:sqs:eu-central-1:1:x" is not a queue`},
		{"event source of no function", property(source, "f", "FunctionName"), `FunctionName: "f" is not a function`},
		{"disabled event source", property(source, false, "Enabled"), "Enabled: the local run serves enabled mappings only"},
		{"event source that does not report", property(source, []any{}, "FunctionResponseTypes"), "FunctionResponseTypes: [] is not served, only ReportBatchItemFailures is"},
		{"event source that filters", property(source, map[string]any{}, "FilterCriteria"), "FilterCriteria: the local run does not know"},
		{"batch that does not wait", property(source, 11, "BatchSize"), "BatchSize: 11 is more than 10, which needs a MaximumBatchingWindowInSeconds"},
		{"empty batch", property(source, 0, "BatchSize"), "BatchSize: 0 is not a number from 1 to 10000"},
		{"concurrency of one", property(source, 1, "ScalingConfig", "MaximumConcurrency"), "ScalingConfig.MaximumConcurrency: 1 is not a number from 2 to 1000"},
		{"notification of another event", notification("s3:ObjectRemoved:*", "Event"), `Uploads4F6EB0FD (AWS::S3::Bucket): NotificationConfiguration.QueueConfigurations[1].Event: the local run does not send "s3:ObjectRemoved:*"`},
		{"notification of no queue", notification("arn:aws:sqs:eu-central-1:1:x", "Queue"), `NotificationConfiguration.QueueConfigurations[1].Queue: "arn:aws:sqs:eu-central-1:1:x" is not a queue`},
		{"notification of some keys", notification(map[string]any{}, "Filter"), "NotificationConfiguration.QueueConfigurations[1].Filter: the local run does not know"},
		{"bucket policy for all but some", denial(map[string]any{"AWS": "*"}, "NotPrincipal"), "PolicyDocument.Statement[1].NotPrincipal: the local run does not know"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := cfn.Load(edited(t, test.edit))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
}

func second(document any) map[string]any {
	return document.(map[string]any)["Statement"].([]any)[1].(map[string]any)
}

// Everything that is wrong is reported at once.
func TestLoadReportsAll(t *testing.T) {
	_, err := cfn.Load(edited(t, func(r map[string]any) {
		set(r, "PresignA4E612D7", "nodejs22.x", "Runtime")
		set(r, "RequestAuthorizer7473A0B3", 300, "AuthorizerResultTtlInSeconds")
		r["Topic"] = map[string]any{"Type": "AWS::Kinesis::Stream"}
	}))
	for _, want := range []string{"PresignA4E612D7", "RequestAuthorizer7473A0B3", "Topic"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error that names %s", err, want)
		}
	}
}

func TestLoadWithoutCode(t *testing.T) {
	dir := edited(t, func(map[string]any) {})
	remove(t, dir, "asset.1c46a3f72f6009ddaacc72299ab78e50d95b56d158580c551000efa8b3a92177/bootstrap")
	_, err := cfn.Load(dir)
	if err == nil || !strings.Contains(err.Error(), "PresignA4E612D7 (AWS::Lambda::Function): Code.S3Key: the asset folder ") {
		t.Errorf("got %v, want an error that names the function's asset folder", err)
	}
}
