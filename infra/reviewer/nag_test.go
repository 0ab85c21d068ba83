package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// nagReport says that a queue is not compliant.
const nagReport = `{"lines": [{"ruleId": "AwsSolutions-SQS4", "resourceId": "Postern-prod/Queue/Resource", "compliance": "Non-Compliant", "ruleInfo": "No TLS."}]}`

func TestNag(t *testing.T) {
	b, err := os.ReadFile("../stack/testdata/prod.template.json")
	if err != nil {
		t.Fatal(err)
	}
	// Without the exemptions of the template, which the report below does not use.
	prod := strings.ReplaceAll(string(b), "cdk_nag", "other")
	for name, test := range map[string]struct {
		packs []string
		want  int
		says  string
	}{
		"found":        {packs, stop, "**finding** `Postern-prod/Queue/Resource`: AwsSolutions-SQS4: No TLS."},
		"pack missing": {packs[:1], misused, "error: reading what cdk-nag found: open "},
	} {
		t.Run(name, func(t *testing.T) {
			folder := assembly(t, map[string]string{"Postern-prod": prod})
			for _, pack := range test.packs {
				write(t, filepath.Join(folder, pack+"--Postern-prod-NagReport.json"), nagReport)
			}
			var out bytes.Buffer
			got := run([]string{"-base", folder, "-base-pages", "../../docs/runbook", "-change", folder, "-change-pages", "../../docs/runbook", "-nag", folder}, &out, &out)
			if got != test.want || !strings.Contains(out.String(), test.says) {
				t.Errorf("got %d, want %d and %q:\n%s", got, test.want, test.says, &out)
			}
		})
	}
}

func TestPolicies(t *testing.T) {
	b, err := os.ReadFile("../stack/testdata/prod.template.json")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	var out bytes.Buffer
	if got := run([]string{"-change", assembly(t, map[string]string{"Postern-prod": string(b)}), "-policies", folder}, &out, &out); got != nothing {
		t.Fatalf("got %d: %s", got, &out)
	}
	written, err := filepath.Glob(filepath.Join(folder, "Postern-prod-*Role*-0.json"))
	if err != nil || len(written) != 6 {
		t.Fatalf("got %q, %v, want the policies of 6 roles", written, err)
	}
	for _, file := range written {
		policy, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(policy), "Fn::") || !strings.Contains(string(policy), `"Action":`) {
			t.Errorf("%s: got %s, want resolved statements", file, policy)
		}
		if strings.Contains(file, "PresignRole") && !strings.Contains(string(policy), `"arn:aws:s3:::postern-prod-uploads4f6eb0fd/`) {
			t.Errorf("%s: got %s, want the bucket's ARN", file, policy)
		}
	}
}
