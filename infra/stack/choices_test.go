package stack_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"postern/infra/stack"
	"postern/infra/stage"
	"postern/internal/cfn"
)

// everyChoice returns stage prod with everything that a stage may choose beside it.
func everyChoice() stage.Stage {
	s := stages["prod"]
	s.Name, s.Tags = "choices", maps.Clone(s.Tags)
	s.Tags["stage"] = s.Name
	s.Region = "eu-central-1"
	s.Domain = &stage.Domain{
		Name: "uploads.example.com", Certificate: "arn:aws:acm:eu-central-1:123456789012:certificate/12345678-1234-1234-1234-123456789012", Zone: "Z0123456789ABC",
	}
	s.WAF, s.MethodMetrics, s.LogAddresses = stage.ManagedWAF, true, true
	s.AuthorizerConcurrency, s.PresignConcurrency = 50, 50
	s.AlarmMail = "oncall@example.com"
	s.ObjectLog, s.Backup = true, &stage.Backup{Days: 90}
	return s
}

func synthesizeChoices() (err error) {
	app := newApp(chosen)
	s := everyChoice()
	if _, err := stack.New(app, stack.Name(s.Name), props(s)); err != nil {
		return err
	}
	app.Synth(nil)
	choices, err = readTemplate(chosen, s.Name)
	return err
}

// TestChoicesThatStay: what a stage that keeps its data has chosen stays with it, and what it made may go.
func TestChoicesThatStay(t *testing.T) {
	kept := map[string]bool{"ObjectLog": true, "ObjectLogPolicy": true, "BackupVault": true, "BackupRole": true}
	for id, r := range choices.Resources {
		if _, before := templates["prod"].Resources[id]; before || r.Type == "AWS::ApiGateway::Deployment" {
			continue
		}
		want := map[bool]string{true: "RetainExceptOnCreate", false: ""}[kept[name(id)]]
		if r.DeletionPolicy != want {
			t.Errorf("%s: got %q, want %q", id, r.DeletionPolicy, want)
		}
	}
}

// TestChoicesAreServed: the local run takes a template with every choice, and says which have no effect on this machine.
func TestChoicesAreServed(t *testing.T) {
	served, err := cfn.Load(chosen)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"Domain (AWS::ApiGateway::DomainName)", "DomainMapping (AWS::ApiGateway::BasePathMapping)", "DomainRecord (AWS::Route53::RecordSet)",
		"DisableExecuteApiEndpoint", "LoggingConfiguration", "PolicyDocument.Statement[2] Delivery",
		"BackupVault (AWS::Backup::BackupVault)", "BackupPlan (AWS::Backup::BackupPlan)", "BackupSelection (AWS::Backup::BackupSelection)",
	} {
		if !slices.ContainsFunc(served.Unenforced, func(line string) bool { return strings.HasSuffix(line, want) }) {
			t.Errorf("got no line %q in:\n%s", want, strings.Join(served.Unenforced, "\n"))
		}
	}
	for _, bucket := range served.Buckets {
		if isLog := strings.HasPrefix(bucket.LogicalID, "ObjectLog"); isLog == (len(bucket.Notifications) > 0) {
			t.Errorf("%s has %d notifications", bucket.LogicalID, len(bucket.Notifications))
		}
		for _, s := range bucket.Policy {
			if s.Effect != "Deny" {
				t.Errorf("%s: the policy has %s %s", bucket.LogicalID, s.Effect, s.Sid)
			}
		}
	}
}
