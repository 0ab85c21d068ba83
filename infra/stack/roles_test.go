package stack_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postern/infra/stage"
)

// A statement is one of a policy's, written as text.
type statement struct {
	sid       string
	effect    string
	actions   []string
	resources []string
	condition map[string]any
}

// statements are those of a policy document.
func statements(document any) []statement {
	var all []statement
	for _, s := range document.(map[string]any)["Statement"].([]any) {
		s := s.(map[string]any)
		written := statement{actions: writeAll(s["Action"])}
		written.sid, _ = s["Sid"].(string)
		written.effect, _ = s["Effect"].(string)
		written.condition, _ = s["Condition"].(map[string]any)
		if s["Resource"] != nil {
			written.resources = writeAll(s["Resource"])
		}
		all = append(all, written)
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
	actions: []string{"xray:PutTraceSegments", "xray:PutTelemetryRecords"},
}

func logging(group string) statement {
	return statement{
		sid: "Logs", effect: "Allow", resources: []string{"${" + group + ".Arn}"},
		actions: []string{"logs:CreateLogStream", "logs:PutLogEvents"},
	}
}

func TestRoles(t *testing.T) {
	deployed(t, func(t *testing.T, s stage.Stage, template *template) {
		var folders []string
		for _, folder := range s.Folders.Names() {
			folders = append(folders, "${Uploads.Arn}/"+folder+"/*")
		}
		want := map[string][]statement{
			"AuthorizerRole": {
				logging("AuthorizerLogs"),
				tracing,
				{sid: "Users", effect: "Allow", actions: []string{"dynamodb:GetItem"}, resources: []string{"${Users.Arn}"}},
				{sid: "OwnerKey", effect: "Allow", actions: []string{"secretsmanager:GetSecretValue"}, resources: []string{"${OwnerKey}"}},
			},
			"PresignRole": {
				logging("PresignLogs"),
				tracing,
				{sid: "Put", effect: "Allow", actions: []string{"s3:PutObject"}, resources: folders},
				{
					sid: "TagPending", effect: "Allow", actions: []string{"s3:PutObjectTagging"}, resources: folders,
					condition: map[string]any{"StringEquals": map[string]any{"s3:RequestObjectTag/status": "pending"}},
				},
			},
		}
		if s.APIGatewayLogRole == stage.CreateLogRole {
			want["ApiGatewayLogRole"] = []statement{{
				sid: "Logs", effect: "Allow", resources: []string{"*"},
				actions: []string{
					"logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogGroups", "logs:DescribeLogStreams",
					"logs:PutLogEvents", "logs:GetLogEvents", "logs:FilterLogEvents",
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
				got[name] += fmt.Sprint(s)
			}
		}
		trust := "map[Action:sts:AssumeRole Effect:Allow Principal:map[Service:%s.amazonaws.com]]"
		want := map[string]string{
			"AuthorizerRole":    fmt.Sprintf(trust, "lambda"),
			"PresignRole":       fmt.Sprintf(trust, "lambda"),
			"ApiGatewayLogRole": fmt.Sprintf(trust, "apigateway"),
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
			}
		}
		for _, kind := range []string{"AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"} {
			if found := template.of(kind); len(found) != 0 {
				t.Errorf("got %d of %s, want none", len(found), kind)
			}
		}
	})
}
