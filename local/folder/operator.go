package folder

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

// Addresses are base URLs of the services. An empty one is of a service that does not run.
type Addresses struct {
	API, S3, AWS string // AWS is all of the others
}

// WriteOperator writes what this machine's operator needs to use the services directly: AWS's credentials and config files,
// and the stack's outputs as cdk deploy --outputs-file writes them. The returned function removes the files.
// Source: https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
func WriteOperator(data string, c iam.Credentials, stack *cfn.Stack, at Addresses) (forget func(), err error) {
	outputs := maps.Clone(stack.Outputs)
	outputs["ApiUrl"] = at.API
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

func configFile(region string, at Addresses) string {
	text := fmt.Sprintf("[default]\nregion = %s\nservices = local\n\n[services local]\n", region)
	for _, service := range []struct{ name, url string }{
		{"s3", at.S3}, {"dynamodb", at.AWS}, {"secrets_manager", at.AWS}, {"sqs", at.AWS}, {"eventbridge", at.AWS},
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

// WriteGrants writes what the roles are granted and how often each grant was used.
func WriteGrants(data string, policies *iam.Policies) error {
	text, err := json.MarshalIndent(policies.Grants(), "", "  ")
	if err != nil {
		return fmt.Errorf("writing the report of grants: %w", err)
	}
	return writePrivate(filepath.Join(data, "grants.json"), string(text)+"\n")
}
