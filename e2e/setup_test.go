package e2e_test

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestBusyPortIsNamed starts the local run on a port that is in use.
func TestBusyPortIsNamed(t *testing.T) {
	requireLocal(t)
	taken, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	port := strconv.Itoa(taken.Addr().(*net.TCPAddr).Port)

	for _, variable := range []string{"PORT", "S3_PORT"} {
		t.Run(variable, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), filepath.Join(root, "bin", "local"), "--assembly", assembly)
			cmd.Env = append(os.Environ(), "PORT=0", "S3_PORT=0", "DATA="+filepath.Join(t.TempDir(), "data"), variable+"="+port)
			out, err := cmd.CombinedOutput()
			checkFailure(t, out, err, port, "in use", "set "+variable)
			if lines := strings.Count(string(out), "\n"); lines != 1 {
				t.Errorf("got %d lines, want one:\n%s", lines, out)
			}
		})
	}
}

func TestSetUpNamesWhatIsWrong(t *testing.T) {
	for _, test := range []struct {
		name string
		// tools are programs of the PATH that stand before the machine's own: name to what it prints.
		tools map[string]string
		says  []string
	}{
		{"old Node", map[string]string{"node": "v18.20.8"}, []string{"Node 20 or newer", "found: 18.20.8"}},
		{"no Node", map[string]string{"node": ""}, []string{"Node 20 or newer", "found: none"}},
		{"old Go", map[string]string{"go": "go1.24.1"}, []string{"Go 1.26 or newer", "found: 1.24.1"}},
		{"no Go", map[string]string{"go": ""}, []string{"Go 1.26 or newer", "found: none"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			checkout, bin := t.TempDir(), t.TempDir()
			copyFile(t, filepath.Join(root, "Makefile"), filepath.Join(checkout, "Makefile"))
			for name, prints := range test.tools {
				script := "#!/bin/sh\necho " + prints + "\n"
				if prints == "" {
					script = "#!/bin/sh\nexit 127\n"
				}
				if err := os.WriteFile(filepath.Join(bin, name), []byte(script), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			cmd := exec.CommandContext(t.Context(), "make", "check")
			cmd.Dir = checkout
			cmd.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "MAKEFLAGS=")
			out, err := cmd.CombinedOutput()
			checkFailure(t, out, err, test.says...)
		})
	}
}

func TestUnknownStageListsTheStages(t *testing.T) {
	t.Parallel()
	err := synthesize("staging", filepath.Join(t.TempDir(), "assembly"))
	if err == nil {
		t.Fatal("got no error")
	}
	for _, part := range []string{"staging", "local", "dev", "prod"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("got %v, want it to name %q", err, part)
		}
	}
}

// checkFailure fails the test unless a command has failed and printed certain texts.
func checkFailure(t *testing.T, out []byte, err error, says ...string) {
	t.Helper()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		t.Fatalf("got %v, want a failure\n%s", err, out)
	}
	for _, part := range says {
		if !strings.Contains(string(out), part) {
			t.Errorf("got %q, want it to say %q", out, part)
		}
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, b, 0o600); err != nil {
		t.Fatal(err)
	}
}
