package e2e_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"postern/local/localrun"
)

// demoUser is the user that the local run makes.
const demoUser = "demo@example.com:demo-password"

// A localRun is a local run under test.
type localRun struct{ *localrun.Run }

// startLocal serves an assembly, with variables besides the test's, and returns once it is ready.
func startLocal(assembly, data string, variables ...string) (*localRun, error) {
	run, err := localrun.Start(context.Background(), localrun.Config{
		Program: filepath.Join(root, "bin", "local"), Assembly: assembly, Data: data, Environment: variables,
	})
	return &localRun{run}, err
}

// serve serves an assembly until the test ends, with variables besides the test's.
func serve(t *testing.T, assembly string, variables ...string) *localRun {
	t.Helper()
	run, err := startLocal(assembly, filepath.Join(t.TempDir(), "data"), variables...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := run.stop(); err != nil {
			t.Error(err)
		}
	})
	return run
}

// stop ends the run, and takes what it reports of grants and chaos.
func (r *localRun) stop() error {
	if err := r.Stop(); err != nil {
		return err
	}
	return errors.Join(allGrants.add(r.Data), allChaos.add(r.Log()))
}

// postern runs the command on a local run, with text for its stdin, and returns what it prints.
func (r *localRun) postern(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(context.Background(), filepath.Join(root, "bin", "postern"), args...)
	cmd.Args = append(cmd.Args, "--stage", "local", "--data", r.Data)
	cmd.Env = os.Environ()
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("postern %q: %v\n%s", args, err, out)
	}
	return string(out)
}

// operate runs an operator's command on the stage under test.
func operate(t *testing.T, stdin string, args ...string) {
	t.Helper()
	if server != nil {
		server.postern(t, stdin, args...)
		return
	}
	cmd := exec.CommandContext(context.Background(), filepath.Join(root, "bin", "postern"), args...)
	cmd.Args = append(cmd.Args, "--stage", os.Getenv("POSTERN_STAGE"))
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("postern %q: %v\n%s", args, err, out)
	}
}

// requireOperator skips a test that makes users, unless the stage under test is served here or named by POSTERN_STAGE.
func requireOperator(t *testing.T) {
	t.Helper()
	if server == nil && os.Getenv("POSTERN_STAGE") == "" {
		t.Skip("it makes users: name the stage with POSTERN_STAGE, with an operator's rights on AWS")
	}
}

// addUser adds a user until the test ends, and returns a client that calls as that user.
func addUser(t *testing.T, mail string, flags ...string) client {
	t.Helper()
	password := "password of " + mail
	operate(t, password+"\n", append([]string{"user", "add", mail}, flags...)...)
	remove := []string{"user", "remove", "--yes", mail}
	if server == nil {
		remove = append(remove, "--purge") // a deployed stage has the mail again in the next run
	}
	t.Cleanup(func() { operate(t, "", remove...) })
	return newClient(demo.base, mail+":"+password)
}
