package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestNothingIsLeftRunning stops the local run in the middle of an upload, as Ctrl-C does and as a kill does.
func TestNothingIsLeftRunning(t *testing.T) {
	requireLocal(t)
	t.Parallel() // waiting takes most of the time
	for _, test := range []struct {
		name   string
		signal syscall.Signal
	}{
		{"Ctrl-C", syscall.SIGINT},
		{"terminated", syscall.SIGTERM},
		{"killed", syscall.SIGKILL},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			folder := edited(t, func(*testing.T, map[string]any) {}) // its path tells this run's processes from others
			data := filepath.Join(t.TempDir(), "data")
			run, err := startLocal(folder, data)
			if err != nil {
				t.Fatal(err)
			}
			f := newClient(run.API, demoUser).presignedURL(t)
			if got := processes(t, folder); len(got) < 3 {
				t.Fatalf("processes: got %q, want the local run and its functions", got)
			}
			half := sendHalf(t, f)
			defer func() { _ = half.Close() }()

			begin := time.Now()
			if err := run.End(test.signal); err != nil {
				t.Error(err)
			}
			if took := time.Since(begin); took > 10*time.Second {
				t.Errorf("it ended %s after the signal, want within 10 s\n%s", took, run.Log())
			}
			waitForNone(t, folder)

			second, err := startLocal(folder, data)
			if err != nil {
				t.Fatalf("starting again: %v", err)
			}
			newClient(second.API, demoUser).presignedURL(t)
			if keys := second.operator(t).keys(t); len(keys) != 0 {
				t.Errorf("the half-sent upload left %q", keys)
			}
			if err := second.stop(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestUploadsSurviveARestart(t *testing.T) {
	requireLocal(t)
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	var owners, keys []string
	for range 2 {
		run, err := startLocal(assembly, data)
		if err != nil {
			t.Fatal(err)
		}
		f := newClient(run.API, demoUser).presignedURL(t)
		if status, code := f.post(t, []byte("kept")); status != http.StatusNoContent {
			t.Errorf("upload: got %d %s, want 204", status, code)
		}
		owners = append(owners, strings.Split(f.Key, "/")[1])
		keys = run.operator(t).keys(t)
		if err := run.stop(); err != nil {
			t.Fatal(err)
		}
	}
	if len(keys) != 2 {
		t.Errorf("keys: got %q, want both uploads", keys)
	}
	if owners[0] != owners[1] {
		t.Errorf("owners: got %q, want the same one twice", owners)
	}
}

// TestNothingIsForgotten ends the local run, in order and by a kill. The next run has everything: nothing is inspected again, and
// no event is sent again.
func TestNothingIsForgotten(t *testing.T) {
	requireLocal(t)
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	user := newClient("", "anna@example.com:a password of hers")
	var kept, deleted grant
	var first record
	for i, end := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL, syscall.SIGKILL, syscall.SIGTERM} {
		run, err := startLocal(assembly, data)
		if err != nil {
			t.Fatal(err)
		}
		c := newClient(run.API, user.user+":"+user.password)
		if i == 0 {
			run.postern(t, user.password+"\n", "user", "add", user.user, "--quota", "1000")
			kept = c.store(t, "kept.txt", []byte("text"), "title", "Kept")
			deleted = c.store(t, "deleted.txt", []byte("gone"))
			c.await(t, kept.ID, "ready")
			c.await(t, deleted.ID, "ready")
			c.patch(t, kept.ID, map[string]any{"title": "Changed"})
			if a := c.do(t, http.MethodDelete, "uploads/"+deleted.ID); a.status != http.StatusNoContent {
				t.Fatalf("deleting: got %d %s, want 204", a.status, a.body)
			}
			eventually(t, func() bool { return len(eventsOf(t, data)) == 3 }, func() string { return fmt.Sprint(eventsOf(t, data)) })
			first = c.show(t, kept.ID)
		} else {
			crashing{run: run, operator: run.operator(t)}.rest(t)
			if got := eventsOf(t, data); len(got) != 0 {
				t.Errorf("start %d: events are sent again: %q", i+1, got)
			}
		}
		if diff := cmp.Diff(c.show(t, kept.ID), first); diff != "" || first.Title != "Changed" {
			t.Errorf("start %d (-got +want):\n%s", i+1, diff)
		}
		if a := c.do(t, http.MethodGet, "uploads/"+deleted.ID); a.status != http.StatusNotFound {
			t.Errorf("start %d: a deleted upload: got %d %s, want 404", i+1, a.status, a.body)
		}
		if got := run.operator(t).usage(t, kept.owner()); got != int64(4+len("kept.txt")+len("Changed")) {
			t.Errorf("start %d: %d bytes are used, want 4 and the texts", i+1, got)
		}
		if strings.Contains(run.Log(), "queued for inspection") {
			t.Errorf("start %d: uploads are inspected again:\n%s", i+1, run.Log())
		}
		checkBanner(t, run.Log())
		if err := run.End(end); err != nil {
			t.Fatal(err)
		}
	}
}

// eventsOf returns the types of the events that a run has sent.
func eventsOf(t *testing.T, data string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(data, "events.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var types []string
	for line := range strings.Lines(string(text)) {
		var event struct {
			Type string `json:"detail-type"`
		}
		if err := json.Unmarshal([]byte(line), &event); err != nil {
			t.Fatal(err)
		}
		types = append(types, event.Type)
	}
	return types
}

// checkBanner checks what a local run says at its start: what a person needs, in a few lines. The rest is explained when asked
// for: it keeps everything, and does not list roles as not enforced.
func checkBanner(t *testing.T, logs string) {
	t.Helper()
	banner, _, ok := strings.Cut(logs, "bin/local --explain")
	if lines := strings.Count(banner, "\n"); !ok || !strings.Contains(banner, "\n  demo user  demo@example.com") || strings.Contains(banner, "nforced") || lines > 12 {
		t.Errorf("the start says in %d lines:\n%s", lines, logs)
	}
	out, err := exec.CommandContext(t.Context(), filepath.Join(root, "bin", "local"), "--assembly", assembly, "--explain").Output()
	if err != nil {
		t.Fatal(err)
	}
	if !remembers.Match(out) {
		t.Errorf("nothing says %s:\n%s", remembers, out)
	}
	_, list, ok := strings.Cut(string(out), "\nNot enforced on this machine:\n")
	items := 0
	for line := range strings.Lines(list) {
		what, isItem := strings.CutPrefix(line, "  - ")
		if isItem {
			items++
		}
		if isItem && role.MatchString(what) {
			t.Errorf("not enforced: %s", what)
		}
	}
	if !ok || items < 5 {
		t.Errorf("got %d items of what is not enforced:\n%s", items, out)
	}
}

// remembers is what is explained of a restart.
var remembers = regexp.MustCompile(`Uploads, records, users and messages are kept in \S+ for the next start\.`)

// role matches words for the roles, which the local run enforces.
var role = regexp.MustCompile(`(?i)\b(roles?|iam|permissions?)\b`)

// sendHalf sends the head of an upload and half of its file, and leaves the connection open.
func sendHalf(t *testing.T, f form) net.Conn {
	t.Helper()
	at, err := url.Parse(f.URL)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", at.Host)
	if err != nil {
		t.Fatal(err)
	}
	var body strings.Builder
	for name, value := range f.Fields {
		fmt.Fprintf(&body, "--half\r\nContent-Disposition: form-data; name=%q\r\n\r\n%s\r\n", name, value)
	}
	fmt.Fprint(&body, "--half\r\nContent-Disposition: form-data; name=\"file\"; filename=\"intro.mp4\"\r\n\r\n")
	body.WriteString(strings.Repeat("x", 1<<20))
	_, err = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: multipart/form-data; boundary=half\r\n"+
		"Content-Length: %d\r\n\r\n%s", at.Path, at.Host, 2*body.Len(), body.String())
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(300 * time.Millisecond) // until the server is in the middle of it
	return conn
}

// processes lists the running commands that name a folder.
func processes(t *testing.T, folder string) []string {
	t.Helper()
	out, err := exec.CommandContext(context.Background(), "ps", "-axww", "-o", "command=").Output()
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, folder) {
			found = append(found, strings.TrimSpace(line))
		}
	}
	return found
}

func waitForNone(t *testing.T, folder string) {
	t.Helper()
	var left []string
	for range 50 {
		if left = processes(t, folder); len(left) == 0 {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Errorf("still running after 5 s: %q", left)
}
