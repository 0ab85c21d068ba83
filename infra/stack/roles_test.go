package stack_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/google/go-cmp/cmp"

	"postern/infra/stage"
	"postern/internal/contract"
)

// A statement is one of a policy's, written as text.
type statement struct {
	sid       string
	effect    string
	actions   []string
	resources []string
	principal map[string]any
	condition map[string]any
}

// statements are those of a policy document.
func statements(document any) []statement {
	var all []statement
	for _, s := range document.(map[string]any)["Statement"].([]any) {
		s := s.(map[string]any)
		read := statement{actions: writeAll(s["Action"])}
		read.sid, _ = s["Sid"].(string)
		read.effect, _ = s["Effect"].(string)
		read.principal, _ = s["Principal"].(map[string]any)
		read.condition, _ = written(s["Condition"]).(map[string]any)
		if s["Resource"] != nil {
			read.resources = writeAll(s["Resource"])
		}
		all = append(all, read)
	}
	return all
}

// permissions are the statements of all policies of a role.
func permissions(role resource) []statement {
	var all []statement
	for _, policy := range role.Properties["Policies"].([]any) {
		all = append(all, statements(policy.(map[string]any)["PolicyDocument"])...)
	}
	return all
}

var tracing = statement{
	sid: "Traces", effect: "Allow", resources: []string{"*"},
	actions: []string{"xray:PutTelemetryRecords", "xray:PutTraceSegments"},
}

func logging(group string) statement {
	return statement{
		sid: "Logs", effect: "Allow", resources: []string{"${" + group + ".Arn}"},
		actions: []string{"logs:CreateLogStream", "logs:PutLogEvents"},
	}
}

func TestRoles(t *testing.T) {
	deployed(t, func(t *testing.T, s stage.Stage, template *template) {
		folders := []string{"${Uploads.Arn}/audio/*", "${Uploads.Arn}/documents/*", "${Uploads.Arn}/images/*", "${Uploads.Arn}/videos/*"}
		prefixes := []any{"audio/*", "documents/*", "images/*", "videos/*"}
		uploads, bucket, queue := []string{"${UploadsTable.Arn}"}, []string{"${Uploads.Arn}"}, []string{"${Inspections.Arn}"}
		versions := statement{
			sid: "Versions", effect: "Allow", actions: []string{"s3:ListBucketVersions"}, resources: bucket,
			condition: map[string]any{"StringLike": map[string]any{"s3:prefix": prefixes}},
		}
		want := map[string][]statement{
			"AuthorizerRole": {
				logging("AuthorizerLogs"),
				tracing,
				{sid: "Users", effect: "Allow", actions: []string{"dynamodb:BatchGetItem", "dynamodb:GetItem"}, resources: []string{"${Users.Arn}"}},
				{
					sid: "Guesses", effect: "Allow", actions: []string{"dynamodb:UpdateItem"}, resources: []string{"${Users.Arn}"},
					condition: map[string]any{
						"ForAllValues:StringLike": map[string]any{"dynamodb:LeadingKeys": []any{"guesses#*", "keys#*"}},
						"Null":                    map[string]any{"dynamodb:LeadingKeys": "false"},
					},
				},
				{sid: "Usage", effect: "Allow", actions: []string{"dynamodb:BatchGetItem", "dynamodb:GetItem"}, resources: uploads},
				{sid: "OwnerKey", effect: "Allow", actions: []string{"secretsmanager:GetSecretValue"}, resources: []string{"${OwnerKey}"}},
			},
			"PresignRole": {
				logging("PresignLogs"),
				tracing,
				{sid: "Objects", effect: "Allow", actions: []string{"s3:ListMultipartUploadParts", "s3:PutObject"}, resources: folders},
				{
					sid: "TagPending", effect: "Allow", actions: []string{"s3:PutObjectTagging"}, resources: folders,
					condition: map[string]any{"StringEquals": map[string]any{"s3:RequestObjectTag/status": "pending"}},
				},
			},
			"ManageRole": {
				logging("ManageLogs"),
				tracing,
				{
					sid: "Records", effect: "Allow", resources: uploads,
					actions: []string{"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"},
				},
				{
					sid: "ReadReady", effect: "Allow", actions: []string{"s3:GetObjectVersion"}, resources: folders,
					condition: map[string]any{"StringEquals": map[string]any{"s3:ExistingObjectTag/status": "ready"}},
				},
				{
					sid: "Objects", effect: "Allow", resources: folders,
					actions: []string{"s3:AbortMultipartUpload", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:ListMultipartUploadParts"},
				},
				versions,
				{sid: "Multiparts", effect: "Allow", actions: []string{"s3:ListBucketMultipartUploads"}, resources: bucket},
				{sid: "Queue", effect: "Allow", actions: []string{"sqs:SendMessage"}, resources: queue},
				{
					sid: "ScriptKeys", effect: "Allow", actions: []string{"dynamodb:GetItem", "dynamodb:PutItem"}, resources: []string{"${Users.Arn}"},
					condition: map[string]any{
						"ForAllValues:StringLike": map[string]any{"dynamodb:LeadingKeys": "keys#*"},
						"Null":                    map[string]any{"dynamodb:LeadingKeys": "false"},
					},
				},
			},
			"SiteRole": {logging("SiteLogs"), tracing},
			"InspectRole": {
				logging("InspectLogs"),
				tracing,
				{
					sid: "Records", effect: "Allow", resources: uploads,
					actions: []string{"dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"},
				},
				{
					sid: "Objects", effect: "Allow", resources: folders,
					actions: []string{"s3:DeleteObject", "s3:DeleteObjectVersion", "s3:GetObjectTagging", "s3:GetObjectVersion", "s3:GetObjectVersionTagging"},
				},
				{
					sid: "TagVerdict", effect: "Allow", actions: []string{"s3:PutObjectTagging", "s3:PutObjectVersionTagging"}, resources: folders,
					condition: map[string]any{"StringEquals": map[string]any{"s3:RequestObjectTag/status": []any{"ready", "rejected"}}},
				},
				{
					sid: "Versions", effect: "Allow", actions: []string{"s3:ListBucket", "s3:ListBucketVersions"}, resources: bucket,
					condition: versions.condition,
				},
				{sid: "OwnerKey", effect: "Allow", actions: []string{"secretsmanager:GetSecretValue"}, resources: []string{"${OwnerKey}"}},
				{
					sid: "Queue", effect: "Allow", resources: queue,
					actions: []string{"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:SendMessage"},
				},
				{
					sid: "Events", effect: "Allow", actions: []string{"events:PutEvents"},
					resources: []string{"arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/default"},
					condition: map[string]any{
						"ForAllValues:StringEquals": map[string]any{"events:source": "postern"},
						"Null":                      map[string]any{"events:source": "false"},
					},
				},
			},
		}
		if s.APIGatewayLogRole == stage.CreateLogRole {
			want["ApiGatewayLogRole"] = []statement{{
				sid: "Logs", effect: "Allow", resources: []string{"*"},
				actions: []string{
					"logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogGroups", "logs:DescribeLogStreams",
					"logs:FilterLogEvents", "logs:GetLogEvents", "logs:PutLogEvents",
				},
			}}
		}
		got := map[string][]statement{}
		for name, role := range template.of("AWS::IAM::Role") {
			got[name] = permissions(role)
		}
		if diff := cmp.Diff(got, want, cmp.AllowUnexported(statement{})); diff != "" {
			t.Errorf("statements by role (-got +want):\n%s", diff)
		}
	})
}

func TestWhoTakesARole(t *testing.T) {
	deployed(t, func(t *testing.T, _ stage.Stage, template *template) {
		got := map[string]string{}
		for name, role := range template.of("AWS::IAM::Role") {
			document := role.Properties["AssumeRolePolicyDocument"].(map[string]any)
			for _, s := range document["Statement"].([]any) {
				got[name] += fmt.Sprint(written(s))
			}
		}
		trust := "map[Action:sts:AssumeRole%s Effect:Allow Principal:map[Service:%s.amazonaws.com]]"
		ofThisAccount := " Condition:map[StringEquals:map[aws:SourceAccount:${AWS::AccountId}]]"
		want := map[string]string{
			"AuthorizerRole":    fmt.Sprintf(trust, "", "lambda"),
			"PresignRole":       fmt.Sprintf(trust, "", "lambda"),
			"ManageRole":        fmt.Sprintf(trust, "", "lambda"),
			"SiteRole":          fmt.Sprintf(trust, "", "lambda"),
			"InspectRole":       fmt.Sprintf(trust, "", "lambda"),
			"ApiGatewayLogRole": fmt.Sprintf(trust, ofThisAccount, "apigateway"),
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("trust by role (-got +want):\n%s", diff)
		}
		for name, function := range template.of("AWS::Lambda::Function") {
			if got, want := write(function.Properties["Role"]), "${"+name+"Role.Arn}"; got != want {
				t.Errorf("role of %s: got %s, want %s", name, got, want)
			}
		}
	})
}

// TestNothingGrantsMore looks for permissions outside the inline policies that TestRoles reads.
func TestNothingGrantsMore(t *testing.T) {
	deployed(t, func(t *testing.T, _ stage.Stage, template *template) {
		for name, role := range template.of("AWS::IAM::Role") {
			if role.Properties["ManagedPolicyArns"] != nil {
				t.Errorf("%s has managed policies", name)
			}
			for _, s := range permissions(role) {
				for _, action := range s.actions {
					if strings.Contains(action, "*") {
						t.Errorf("%s may do %s: a wildcard", name, action)
					}
				}
				// Traces and an account's log groups have no narrower resource.
				if slices.Contains(s.resources, "*") && s.sid != "Traces" && name != "ApiGatewayLogRole" {
					t.Errorf("%s/%s is about every resource", name, s.sid)
				}
			}
		}
		for _, kind := range []string{"AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"} {
			if found := template.of(kind); len(found) != 0 {
				t.Errorf("got %d of %s, want none", len(found), kind)
			}
		}
	})
}

// A role may have 10,240 characters of inline policies, white space aside. maxPolicies leaves a quarter for what comes.
// Source: IAM User Guide, "IAM and AWS STS quotas".
const maxPolicies = 10240 * 3 / 4

// TestRoomForFolders measures the roles of a stage with as many folders as one may have, and the longest names.
func TestRoomForFolders(t *testing.T) {
	s := stages["dev"]
	s.Folders = contract.Folders{}
	for i := range stage.MaxFolders {
		s.Folders[fmt.Sprintf("%032d", i)] = contract.Folder{MaxSize: 1, Formats: map[string]string{fmt.Sprint("e", i): fmt.Sprint("a/", i)}}
	}
	made, err := synthesize(t, s, func(awsapigateway.RestApi) {})
	if err != nil {
		t.Fatal(err)
	}
	for name, role := range made.of("AWS::IAM::Role") {
		length := 0
		for _, policy := range role.Properties["Policies"].([]any) {
			document, err := json.Marshal(written(policy.(map[string]any)["PolicyDocument"]))
			if err != nil {
				t.Fatal(err)
			}
			length += len(longest.Replace(string(document)))
		}
		t.Logf("%s: %d characters", name, length)
		if length > maxPolicies {
			t.Errorf("%s: got %d characters of policies, want at most %d", name, length, maxPolicies)
		}
	}
}
