package journal_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postern/local/journal"
)

// open opens a log whose state is the sum of its changes, and returns the changes that it has read.
func open(t *testing.T, name string) (*journal.Log, []int) {
	t.Helper()
	var read []int
	log, err := journal.Open(name, func(line []byte) error {
		var n int
		err := json.Unmarshal(line, &n)
		read = append(read, n)
		return err
	}, func(write func(any) error) error {
		sum := 0
		for _, n := range read {
			sum += n
		}
		return write(sum)
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(log.Close)
	return log, read
}

func appendAll(t *testing.T, log *journal.Log, changes ...int) {
	t.Helper()
	for _, n := range changes {
		if err := log.Append(n); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRestarts(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log.jsonl")
	first, read := open(t, name)
	if read != nil || !first.Modified.IsZero() {
		t.Errorf("got %v of %v, want nothing", read, first.Modified)
	}
	appendAll(t, first, 1, 2, 3)
	second, read := open(t, name) // the first is not closed, as after a kill
	if diff := cmp.Diff(read, []int{0, 1, 2, 3}); diff != "" {
		t.Errorf("the second start (-got +want):\n%s", diff)
	}
	if time.Since(second.Modified).Abs() > time.Minute {
		t.Errorf("got the time %v", second.Modified)
	}
	appendAll(t, second, 4)
	if _, read := open(t, name); cmp.Diff(read, []int{6, 4}) != "" {
		t.Errorf("the third start: got %v, want the snapshot and what came after it", read)
	}
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v, want mode 0600", info, err)
	}
}

func TestHalfALineIsDropped(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log.jsonl")
	if err := os.WriteFile(name, []byte("1\n2\n34"), 0o600); err != nil {
		t.Fatal(err)
	}
	log, read := open(t, name)
	appendAll(t, log, 5)
	if diff := cmp.Diff(read, []int{1, 2}); diff != "" {
		t.Errorf("got (-got +want):\n%s", diff)
	}
	if _, read := open(t, name); cmp.Diff(read, []int{3, 5}) != "" {
		t.Errorf("the next start: got %v, want 3 and 5", read)
	}
}

func TestMalformedLine(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log.jsonl")
	if err := os.WriteFile(name, []byte("1\nx\n2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := journal.Open(name, func(line []byte) error { return json.Unmarshal(line, new(int)) }, func(func(any) error) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "reading log.jsonl: line 2: ") || !strings.Contains(err.Error(), "remove the file") {
		t.Errorf("got %v, want an error that names line 2 and what to do", err)
	}
	if text, _ := os.ReadFile(name); string(text) != "1\nx\n2\n" {
		t.Errorf("the file is changed: %q", text)
	}
}

// TestFailedSnapshot keeps the file of the run before.
func TestFailedSnapshot(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log.jsonl")
	if err := os.WriteFile(name, []byte("1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	failure := errors.New("a failure")
	_, err := journal.Open(name, func([]byte) error { return nil }, func(func(any) error) error { return failure })
	if text, _ := os.ReadFile(name); !errors.Is(err, failure) || string(text) != "1\n" {
		t.Errorf("got %v and the file %q, want the failure and the file unchanged", err, text)
	}
}

func TestFailsForGood(t *testing.T) {
	log, _ := open(t, filepath.Join(t.TempDir(), "log.jsonl"))
	if err := log.Append(func() {}); err == nil {
		t.Error("what cannot be encoded: got no error")
	}
	if err := log.Append(1); err == nil {
		t.Error("a change after one that is lost: got no error")
	}
}
