package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// refusedBy starts a tool as review.sh does, and returns what it says and whether it refuses.
func refusedBy(t *testing.T, tool string, arguments ...string) (said string, refused bool) {
	t.Helper()
	command := exec.CommandContext(t.Context(), tool, arguments...)
	command.Env = append(os.Environ(), "NO_COLOR=1")
	out, err := command.CombinedOutput()
	if command.ProcessState == nil {
		t.Fatal(err)
	}
	return string(out), !command.ProcessState.Success()
}

// planted returns stage prod's template with a text in the place of another.
func planted(t *testing.T, old, fault string) []byte {
	t.Helper()
	b, err := os.ReadFile("../stack/testdata/prod.template.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(b, []byte(old)) {
		t.Fatalf("the template has no %s", old)
	}
	return bytes.ReplaceAll(b, []byte(old), []byte(fault))
}

// TestPreflightRefuses plants what a deploy would fail of, and no schema knows.
func TestPreflightRefuses(t *testing.T) {
	if _, err := os.Stat("preflight/node_modules"); err != nil {
		t.Skip("cdk-preflight is not installed: make review-tools")
	}
	file := filepath.Join(t.TempDir(), "Postern-prod.template.json")
	write(t, file, string(planted(t, "$context.requestId", "$context.stage")))
	said, refused := refusedBy(t, "node", "preflight/preflight.mjs", file)
	if !refused || !strings.Contains(said, "pf-apigw-access-log-format-request-id") {
		t.Errorf("got %t, want that it refuses the access log:\n%s", refused, said)
	}
}

// TestParliamentRefuses plants an action that AWS does not have. Without it, the policies are taken.
func TestParliamentRefuses(t *testing.T) {
	parliament, err := filepath.Abs("../../bin/python/bin/parliament")
	if _, missing := os.Stat(parliament); err != nil || missing != nil {
		t.Skip("parliament is not installed: make review-tools")
	}
	for action, want := range map[string]bool{"s3:PutObject": false, "s3:PutObjekt": true} {
		folder := t.TempDir()
		template := planted(t, `"s3:PutObject"`, `"`+action+`"`)
		var out bytes.Buffer
		if got := run([]string{"-change", assembly(t, map[string]string{"Postern-prod": string(template)}), "-policies", folder}, &out, &out); got != nothing {
			t.Fatalf("got %d: %s", got, &out)
		}
		said, refused := refusedBy(t, parliament, "--config", "parliament.yaml", "--directory", folder)
		if refused != want || strings.Contains(said, "Unknown action s3:PutObjekt") != want {
			t.Errorf("%s: got %t, want %t:\n%s", action, refused, want, said)
		}
	}
}
