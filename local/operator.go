package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"

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
