package stack_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postern/infra/stack"
	"postern/infra/stage"
)

// TestWhatStays finds out what CloudFormation does with each resource when the stack is deleted, or the resource replaced.
func TestWhatStays(t *testing.T) {
	type policies struct{ deletion, replacement string }
	data := map[string]map[stage.Removal]policies{
		"AWS::S3::Bucket":             {stage.Retain: {"RetainExceptOnCreate", "Retain"}, stage.Destroy: {"Delete", "Delete"}},
		"AWS::S3::BucketPolicy":       {stage.Retain: {"RetainExceptOnCreate", "Retain"}, stage.Destroy: {"Delete", "Delete"}},
		"AWS::SecretsManager::Secret": {stage.Retain: {"RetainExceptOnCreate", "Retain"}, stage.Destroy: {"Delete", "Delete"}},
		"AWS::Logs::LogGroup":         {stage.Retain: {"RetainExceptOnCreate", "Retain"}, stage.Destroy: {"Delete", "Delete"}},
		"AWS::DynamoDB::Table":        {stage.Retain: {"Retain", "Retain"}, stage.Destroy: {"Delete", "Delete"}},
		"AWS::SQS::Queue":             {stage.Retain: {"Delete", "Delete"}, stage.Destroy: {"Delete", "Delete"}},
		"AWS::ApiGateway::Account":    {stage.Retain: {"Retain", "Retain"}, stage.Destroy: {"Retain", "Retain"}},
	}
	deployed(t, func(t *testing.T, s stage.Stage, template *template) {
		for id, r := range template.Resources {
			want := data[r.Type][s.Removal]
			if name(id) == "ApiGatewayLogRole" { // the account's, as its setting is
				want = policies{"Retain", "Retain"}
			}
			if got := (policies{r.DeletionPolicy, r.UpdateReplacePolicy}); got != want {
				t.Errorf("%s: got %+v, want %+v", id, got, want)
			}
		}
	})
}

// TestFailedFirstDeploy rolls back a creation on paper. The rollback must succeed, and what it leaves behind must not be
// in the way of the next one: CloudFormation names everything anew.
func TestFailedFirstDeploy(t *testing.T) {
	deployed(t, func(t *testing.T, s stage.Stage, template *template) {
		want := []string{"ApiGatewayAccount", "ApiGatewayLogRole"}
		if s.Removal == stage.Retain {
			want = append(want, "UploadsTable", "Users")
		}
		var left []string
		for id, r := range template.Resources {
			switch {
			case r.DeletionPolicy == "Retain":
				left = append(left, name(id))
			case r.Properties["DeletionProtectionEnabled"] == true:
				t.Errorf("%s is to be deleted, and protected: the rollback fails", id)
			}
		}
		slices.Sort(left)
		if diff := cmp.Diff(left, want); diff != "" {
			t.Errorf("left behind (-got +want):\n%s", diff)
		}
	})
}

// TestDeployLiftsTheProtectionFirst looks at what make deploy runs: the CDK protects a stack before it creates it, so the
// next deploy could not delete what the failed one left.
func TestDeployLiftsTheProtectionFirst(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "make", "--dry-run", "deploy", "STAGE=prod")
	cmd.Dir = "../.."
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	unlock, deploy := strings.Index(string(out), "bin/postern unlock --stage prod"), strings.Index(string(out), "npx cdk deploy -c stage=prod")
	if unlock < 0 || deploy < unlock {
		t.Errorf("got unlock at %d and deploy at %d, want one before the other, in:\n%s", unlock, deploy, out)
	}
}

// TestTerminationProtection reads which stacks the CDK protects against their deletion.
func TestTerminationProtection(t *testing.T) {
	var manifest struct {
		Artifacts map[string]struct {
			Properties struct{ TerminationProtection bool }
		}
	}
	readJSON(t, "manifest.json", &manifest)
	for name, s := range stages {
		got := manifest.Artifacts[stack.Name(name)].Properties.TerminationProtection
		if want := s.Removal == stage.Retain; got != want {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
}
