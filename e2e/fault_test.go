package e2e_test

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestFunctionsThatFail serves a presign function that panics, hangs, exits or answers nonsense, with a timeout of one
// second.
func TestFunctionsThatFail(t *testing.T) {
	requireLocal(t)
	folder := edited(t, func(t *testing.T, template map[string]any) {
		properties(t, template, "AWS::Lambda::Function", presign)["Timeout"] = 1
	})
	replaceFunction(t, folder, "presign", "./e2e/testdata/misbehaving")
	run := serve(t, folder)
	c := newClient(run.API, demoUser)

	t.Cleanup(func() {
		if want := "Task timed out after 1.00 seconds"; !strings.Contains(run.Log(), want) {
			t.Errorf("logs: got no %q, the timeout of the template\n%s", want, run.Log())
		}
	})
	for _, fault := range []string{"panic", "exit", "hang", "garbage", "large", "error"} {
		t.Run(fault, func(t *testing.T) {
			start := time.Now()
			a := c.do(t, http.MethodGet, "presignedurl?mail=demo%40example.com&filename="+fault)
			if a.status != http.StatusBadGateway {
				t.Fatalf("got %d %s, want 502", a.status, a.body)
			}
			checkError(t, a, "internal_error", nil)
			if strings.Contains(string(a.body), "secret") {
				t.Errorf("body %s has the function's own words", a.body)
			}
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("took %s, want about the function's timeout of 1 s", took)
			}
			if a := c.do(t, http.MethodGet, "presignedurl?mail=demo%40example.com"); a.status != http.StatusOK {
				t.Errorf("next call: got %d %s, want 200", a.status, a.body)
			}
		})
	}
}

// replaceFunction replaces a function of an assembly by a package, which it compiles with further flags of go build. It
// returns the program's path.
func replaceFunction(t *testing.T, folder, function, source string, flags ...string) string {
	t.Helper()
	original, err := os.ReadFile(filepath.Join(root, "dist", "host", function, "bootstrap"))
	if err != nil {
		t.Fatal(err)
	}
	bootstraps, err := filepath.Glob(filepath.Join(folder, "asset.*", "bootstrap"))
	if err != nil {
		t.Fatal(err)
	}
	for _, bootstrap := range bootstraps {
		b, err := os.ReadFile(bootstrap)
		if err != nil {
			t.Fatal(err)
		}
		if string(b) != string(original) {
			continue
		}
		// With the Makefile's flags and environment, go build finds in its cache what make setup has compiled.
		args := append([]string{"build", "-tags", "lambda.norpc", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", bootstrap}, flags...)
		cmd := exec.CommandContext(context.Background(), "go", append(args, source)...)
		cmd.Dir = root
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("building %s: %v\n%s", source, err, out)
		}
		return bootstrap
	}
	t.Fatalf("%s has no function %s", folder, function)
	return ""
}
