package localrun_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"postern/local/localrun"
)

// serves ends a script that stands for bin/local: it becomes ready and goes on until a signal.
const serves = "\necho \"$2 $PORT $S3_PORT $DATA\" >&2\necho 'ready: http://127.0.0.1:1/api/'\nwhile :; do sleep 0.02; done\n"

// start starts a script in place of bin/local.
func start(t *testing.T, script string) (*localrun.Run, error) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "local")
	if err := writeScript(program, script); err != nil {
		t.Fatal(err)
	}
	return localrun.Start(t.Context(), localrun.Config{Program: program, Assembly: "an assembly", Data: "a folder", OwnGroup: true})
}

// writeScript writes a script while no other test starts a process, which would hold the file open for writing: a program that
// is open so cannot be started (https://go.dev/issue/22315).
func writeScript(program, script string) error {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	return os.WriteFile(program, []byte("#!/bin/sh\n"+script), 0o700)
}

// mustStart starts a script that becomes ready.
func mustStart(t *testing.T, script string) *localrun.Run {
	t.Helper()
	run, err := start(t, script)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func TestStart(t *testing.T) {
	run := mustStart(t, "trap 'exit 0' TERM"+serves)
	if run.API != "http://127.0.0.1:1/api/" || run.Data != "a folder" || run.Startup <= 0 {
		t.Errorf("got API %s, data %s, startup %s", run.API, run.Data, run.Startup)
	}
	if err := run.Stop(); err != nil {
		t.Error(err)
	}
	if got, want := run.Log(), "an assembly 0 0 a folder\n"; got != want {
		t.Errorf("log: got %q, want %q", got, want)
	}
	if err := syscall.Kill(run.PID(), 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("the process after Stop: got %v, want it gone", err)
	}
}

func TestStartFails(t *testing.T) {
	_, err := localrun.Start(t.Context(), localrun.Config{Program: filepath.Join(t.TempDir(), "local")})
	if err == nil || !strings.HasSuffix(err.Error(), "is not built: run `make setup` first") {
		t.Errorf("no program: got %v", err)
	}
	_, err = start(t, "echo 'port 9 is in use' >&2\nexit 3\n")
	if want := "the local run did not start: exit status 3\nport 9 is in use"; err == nil || err.Error() != want {
		t.Errorf("a program that fails: got %v, want %s", err, want)
	}
}

// TestEnd ends runs in several ways, and wants the errors of those that do not end well.
func TestEnd(t *testing.T) {
	stop := (*localrun.Run).Stop
	end := func(signal syscall.Signal) func(*localrun.Run) error {
		return func(r *localrun.Run) error { return r.End(signal) }
	}
	for _, test := range []struct {
		name, script string
		end          func(*localrun.Run) error
		want         string
	}{
		{"stopped", "trap 'exit 0' TERM" + serves, stop, ""},
		{"stopped, with a failure", "trap 'echo a fault >&2; exit 3' TERM" + serves, stop, "failed: exit status 3\nan assembly 0 0 a folder\na fault"},
		{"ended before it is stopped", "echo 'ready: x'", func(r *localrun.Run) error {
			time.Sleep(300 * time.Millisecond)
			return r.Stop()
		}, "failed: exit status 0"},
		{"interrupted", "trap 'exit 0' INT" + serves, end(syscall.SIGINT), ""},
		{"interrupted, with a failure", "trap 'exit 4' INT" + serves, end(syscall.SIGINT), "failed: exit status 4"},
		{"killed", "trap '' TERM INT" + serves, end(syscall.SIGKILL), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			err := test.end(mustStart(t, test.script))
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// TestContextStopsTheRun cancels the context of a run: one signal must be all that the run gets.
func TestContextStopsTheRun(t *testing.T) {
	program := filepath.Join(t.TempDir(), "local")
	script := "trap 'trap \"exit 9\" TERM; sleep 0.3; exit 0' TERM" + serves
	if err := writeScript(program, script); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	run, err := localrun.Start(ctx, localrun.Config{Program: program})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	time.Sleep(100 * time.Millisecond) // until the script is in its trap
	if err := run.Stop(); err != nil {
		t.Error(err)
	}
}

func TestFind(t *testing.T) {
	healthy := true
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !healthy || r.URL.Path != "/api/health" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	data := t.TempDir()
	if api, ok := localrun.Find(t.Context(), data); ok {
		t.Errorf("without outputs.json: got %s", api)
	}
	outputs := fmt.Sprintf(`{"Postern-local":{"ApiUrl":"%s/api/","BucketName":"b"}}`, server.URL)
	if err := os.WriteFile(filepath.Join(data, "outputs.json"), []byte(outputs), 0o600); err != nil {
		t.Fatal(err)
	}
	if api, ok := localrun.Find(t.Context(), data); !ok || api != server.URL+"/api/" {
		t.Errorf("got %s %t, want the API", api, ok)
	}
	healthy = false
	if _, ok := localrun.Find(t.Context(), data); ok {
		t.Error("an API that is not healthy is found")
	}
	server.Close()
	if _, ok := localrun.Find(t.Context(), data); ok {
		t.Error("an API that does not answer is found")
	}
}

func TestOutputsFail(t *testing.T) {
	for _, text := range []string{"", "{}", "[]", `{"Postern-local":1}`} {
		data := t.TempDir()
		if err := os.WriteFile(filepath.Join(data, "outputs.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if outputs, err := localrun.Outputs(data); err == nil {
			t.Errorf("%q: got %v, want an error", text, outputs)
		}
	}
}
