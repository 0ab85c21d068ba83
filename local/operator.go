package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"postern/internal/cfn"
	"postern/local/iam"
)

// addresses of the services.
type addresses struct {
	api, s3, aws string // aws is all of the others
}

// writeOperator writes what this machine's operator needs to use the services directly: AWS's credentials and config files,
// and the stack's outputs as cdk deploy --outputs-file writes them. The returned function removes the files.
// Source: https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
func writeOperator(data string, c iam.Credentials, stack *cfn.Stack, at addresses) (forget func(), err error) {
	outputs := maps.Clone(stack.Outputs)
	outputs["ApiUrl"] = at.api
	text, err := json.MarshalIndent(map[string]any{stack.Name: outputs}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing the stack's outputs: %w", err)
	}
	files := map[string]string{
		"credentials":  credentialsFile(c),
		"config":       configFile(stack.Region, at),
		"outputs.json": string(text) + "\n",
	}
	forget = func() {
		for name := range files {
			_ = os.Remove(filepath.Join(data, name))
		}
	}
	for name, text := range files {
		if err := writePrivate(filepath.Join(data, name), text); err != nil {
			forget()
			return nil, err
		}
	}
	return forget, nil
}

func credentialsFile(c iam.Credentials) string {
	return fmt.Sprintf("[default]\naws_access_key_id = %s\naws_secret_access_key = %s\naws_session_token = %s\n",
		c.AccessKeyID, c.SecretAccessKey, c.SessionToken)
}

func configFile(region string, at addresses) string {
	text := fmt.Sprintf("[default]\nregion = %s\nservices = local\n\n[services local]\n", region)
	for _, service := range []struct{ name, url string }{
		{"s3", at.s3}, {"dynamodb", at.aws}, {"secrets_manager", at.aws}, {"sqs", at.aws}, {"eventbridge", at.aws},
	} {
		text += fmt.Sprintf("%s =\n  endpoint_url = %s\n", service.name, service.url)
	}
	return text
}

// writePrivate writes a file that only its owner may read, whatever was there.
func writePrivate(file, text string) error {
	if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("replacing %s: %w", filepath.Base(file), err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return fmt.Errorf("writing %s: %w", filepath.Base(file), err)
	}
	return nil
}

// writeGrants writes what the roles are granted and how often each grant was used.
func writeGrants(data string, policies *iam.Policies) error {
	text, err := json.MarshalIndent(policies.Grants(), "", "  ")
	if err != nil {
		return fmt.Errorf("writing the report of grants: %w", err)
	}
	return writePrivate(filepath.Join(data, "grants.json"), string(text)+"\n")
}

// notEnforced lists what AWS enforces and this machine does not, whatever the template says.
var notEnforced = []string{
	"TLS, and the bucket policy's statements on it: API and S3 speak plain HTTP, at 127.0.0.1 only",
	"throttles of the API and of its methods",
	"lifecycle rules, encryption and backups",
	"memory sizes of functions",
}

// banner prints the addresses, and what a deployed stack enforces and this one does not.
func banner(w io.Writer, s settings, stack *cfn.Stack, services *services, api string) {
	lines := []string{
		stack.Name + ", from " + s.assembly,
		"  API        " + api,
		"  S3         " + services.s3.URL + ", region " + stack.Region + ", operator's credentials in " + filepath.Join(s.data, "credentials"),
		"  DynamoDB   and Secrets Manager, SQS, EventBridge: addresses in " + filepath.Join(s.data, "config"),
		"  demo user  " + demoMail + ", password " + demoPassword,
	}
	for _, bucket := range stack.Buckets {
		lines = append(lines, "  uploads    plain files in "+filepath.Join(s.data, "s3", bucket.Name))
	}
	for _, source := range stack.EventSources {
		lines = append(lines, "  queue      "+source.Queue+" feeds "+source.Function)
	}
	if services.chaos != nil {
		lines = append(lines,
			fmt.Sprintf("  chaos      CHAOS_SEED=%d repeats it. Messages come twice, late and in another order; calls of functions fail;", services.chaos.Seed()),
			fmt.Sprintf("             what a queue feeds is killed: its messages come again after %v, %d times.", chaosVisibility, chaosReceives),
		)
	}
	lines = append(lines,
		"  events     printed here, and kept in "+filepath.Join(s.data, "events.jsonl"),
		"Uploads, records, users and messages are kept in "+s.data+" for the next start.",
		"Not enforced on this machine:",
	)
	for _, what := range notEnforced {
		lines = append(lines, "  - "+what)
	}
	lines = append(lines, "So these parts of the template have no effect here:")
	for _, what := range stack.Unenforced {
		lines = append(lines, "  - "+what)
	}
	_, _ = fmt.Fprintln(w, strings.Join(lines, "\n"))
}
