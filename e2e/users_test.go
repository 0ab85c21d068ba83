package e2e_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// postern runs the command on a local run, with text for its stdin, and returns what it prints.
func (r *localRun) postern(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(context.Background(), filepath.Join(root, "bin", "postern"), args...)
	cmd.Args = append(cmd.Args, "--stage", "local", "--data", r.data)
	cmd.Env = os.Environ()
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("postern %q: %v\n%s", args, err, out)
	}
	return string(out)
}

// addUser adds a user until the test ends, and returns a client that calls as that user.
func addUser(t *testing.T, mail string, flags ...string) client {
	t.Helper()
	password := "password of " + mail
	server.postern(t, password+"\n", append([]string{"user", "add", mail}, flags...)...)
	t.Cleanup(func() { server.postern(t, "", "user", "remove", "--yes", mail) })
	return newClient(api.base, mail+":"+password)
}
