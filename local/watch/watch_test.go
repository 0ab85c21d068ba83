package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// A log is written by several processes.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// awaitCount waits until the log holds text so many times.
func (l *log) awaitCount(t *testing.T, text string, count int) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); strings.Count(l.String(), text) != count; {
		if time.Now().After(deadline) {
			t.Fatalf("%q is not in the log %d times:\n%s", text, count, l)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestWatch changes a source, breaks the build, mends it and stops. The command that serves says what was built.
func TestWatch(t *testing.T) {
	root := t.TempDir()
	source, built := filepath.Join(root, "stage", "stage.go"), filepath.Join(root, "bin", "built")
	write(t, source, "one")
	write(t, built, "one")
	var out log
	ctx, stop := context.WithCancel(t.Context())
	w := watcher{
		build: []string{"sh", "-c", `! grep -q broken "$0" && cp "$0" "$1"`, source, built},
		serve: []string{"sh", "-c", `trap 'echo "ended"; exit 0' TERM; echo "serving $(cat "$0")"; while :; do sleep 0.02; done`, built},
		root:  root, every: 20 * time.Millisecond, stdout: &out, stderr: &out,
	}
	ended := make(chan error, 1)
	go func() { ended <- w.run(ctx) }()

	out.awaitCount(t, "serving one", 1)
	write(t, source, "two!")
	out.awaitCount(t, "serving two!", 1)
	out.awaitCount(t, "ended", 1)

	write(t, source, "broken")
	out.awaitCount(t, "the build failed", 1)
	out.awaitCount(t, "ended", 1)

	write(t, source, "three")
	out.awaitCount(t, "serving three", 1)
	out.awaitCount(t, "ended", 2)

	stop()
	if err := <-ended; err != nil {
		t.Errorf("run: %v", err)
	}
	out.awaitCount(t, "ended", 3)
	if strings.Contains(out.String(), "by itself") {
		t.Errorf("a run that was stopped counts as one that ended:\n%s", &out)
	}
}

func TestRunThatEnds(t *testing.T) {
	root := t.TempDir()
	var out log
	ctx, stop := context.WithCancel(t.Context())
	w := watcher{
		build: []string{"true"}, serve: []string{"sh", "-c", "echo serving; exit 3"}, root: root, every: 20 * time.Millisecond,
		stdout: &out, stderr: &out,
	}
	ended := make(chan error, 1)
	go func() { ended <- w.run(ctx) }()
	out.awaitCount(t, "by itself (exit status 3)", 1)
	write(t, filepath.Join(root, "cdk.json"), "{}")
	out.awaitCount(t, "serving\n", 2)
	stop()
	if err := <-ended; err != nil {
		t.Errorf("run: %v", err)
	}
	w.serve = []string{filepath.Join(root, "missing")}
	if err := w.run(t.Context()); err == nil {
		t.Error("got no error for a command that is missing")
	}
}

func TestFingerprint(t *testing.T) {
	root := t.TempDir()
	print := func() string {
		sum, err := fingerprint(root)
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	before := print()
	for _, name := range []string{"cdk.json", "go.mod", "lambda/presign/main.go", "web/page/index.html"} {
		write(t, filepath.Join(root, name), name)
		if now := print(); now == before {
			t.Errorf("%s is not seen", name)
		} else {
			before = now
		}
	}
	for _, name := range []string{
		"README.md", "lambda/presign/main_test.go", "lambda/testdata/x.go", "node_modules/x/index.js", ".local/outputs.json", ".git/x.go", "dist/x.go",
	} {
		write(t, filepath.Join(root, name), name)
		if print() != before {
			t.Errorf("%s is seen", name)
		}
	}
	if err := os.Remove(filepath.Join(root, "go.mod")); err != nil || print() == before {
		t.Errorf("a file that is gone is not seen (%v)", err)
	}
}
