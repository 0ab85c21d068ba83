package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestGeneratedRequests has schemathesis send what it makes of the API's own document: each member missing, at its limits and
// of another type, in calls that follow from one another. No answer may be a fault, or other than the document says.
func TestGeneratedRequests(t *testing.T) {
	program := os.Getenv("SCHEMATHESIS")
	if program == "" {
		t.Skip("make test-api runs this")
	}
	run := serve(t, assembly)
	const mail, password = "generated@example.com", "a password of generated requests"
	run.postern(t, password+"\n", "user", "add", mail)
	command := exec.CommandContext(t.Context(), program, "--config-file", filepath.Join(root, "e2e", "testdata", "schemathesis.toml"),
		"run", run.API+"openapi.json", "--url", run.API, "--auth", mail+":"+password,
		"--max-examples", "25", "--continue-on-failure", "--warnings", "off", "--no-color")
	command.Dir = t.TempDir() // where it keeps what it learns
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", program, err, out)
	}
	t.Logf("%s", out)
}
