package e2e_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestBackends runs each program of docs/backend.md: an upload in a user's name, its event, and what the order says then.
func TestBackends(t *testing.T) {
	requireLocal(t)
	service := addUser(t, "shop@example.com", "--role", "service", "--may", "upload,read")
	blocks := readBlocks(t, "docs/backend.md")
	for _, test := range []struct{ section, file, runs string }{
		{"Node", "backend.mjs", "node"}, {"Python", "backend.py", "python3"}, {"Go", "backend.go", "go run"},
	} {
		t.Run(test.section, func(t *testing.T) {
			run := strings.Fields(test.runs)
			if _, err := exec.LookPath(run[0]); err != nil {
				t.Logf("skipped: %s is not installed", run[0])
				return
			}
			b := backend{startBackend(t, append(run, test.file), blocks[test.section][0].text, service)}
			for _, refused := range []struct{ method, path, cookie, key string }{
				{http.MethodPost, "/orders/7/files", "", ""},
				{http.MethodGet, "/orders/7", "session=another", ""},
				{http.MethodPost, "/events", "session=a-secret", ""},
				{http.MethodPost, "/events", "session=a-secret", "another"},
			} {
				if status, body := b.call(t, refused.method, refused.path, refused.cookie, refused.key, `{}`); status != http.StatusUnauthorized {
					t.Errorf("%+v: got %d %s, want 401", refused, status, body)
				}
			}
			b.order(t)
		})
	}
}

// A backend is one of the programs, by its address.
type backend struct{ address string }

// order uploads a file for an order, delivers its event twice, and looks at the order.
func (b backend) order(t *testing.T) {
	t.Helper()
	const session = "session=a-secret"
	if status, body := b.call(t, http.MethodPost, "/orders/1042/files", session, "", `{"filename":"a.exe","size":6}`); status != http.StatusUnsupportedMediaType {
		t.Errorf("a.exe: got %d %s, want 415", status, body)
	}
	status, body := b.call(t, http.MethodPost, "/orders/1042/files", session, "", `{"filename":"a.txt","size":6}`)
	var granted grant
	if err := json.Unmarshal(body, &granted); err != nil || status != http.StatusCreated {
		t.Fatalf("got %d %s, want a grant", status, body)
	}
	if status, code := granted.send(t, []byte("a text")); status != http.StatusOK {
		t.Fatalf("sending: got %d %s", status, code)
	}
	if record := demo.await(t, granted.ID, "ready"); record.Context != "order 1042" {
		t.Errorf("got %+v, want the order as context", record)
	}
	server.awaitEvent(t, granted.ID, "Upload Ready")
	for _, line := range server.allEvents(t) {
		if !strings.Contains(line, granted.ID) {
			continue
		}
		for range 2 {
			if status, body := b.call(t, http.MethodPost, "/events", "", "a-key", line); status != http.StatusNoContent {
				t.Fatalf("an event: got %d %s", status, body)
			}
		}
	}
	_, body = b.call(t, http.MethodGet, "/orders/1042", session, "", "")
	var files map[string]string
	if err := json.Unmarshal(body, &files); err != nil || len(files) != 1 || files[granted.ID] != "ready" {
		t.Errorf("the order: got %s, want %s to be ready", body, granted.ID)
	}
	if _, body := b.call(t, http.MethodGet, "/orders/1043", session, "", ""); strings.Contains(string(body), granted.ID) {
		t.Errorf("another order: got %s", body)
	}
}

// startBackend starts a program for a service, until the test ends, and returns its address.
func startBackend(t *testing.T, command []string, text string, service client) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, command[len(command)-1]), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "API="+strings.TrimSuffix(demo.base, "/"), "SERVICE_MAIL="+service.user, "SERVICE_PASSWORD="+service.password,
		"SESSION=a-secret", "EVENTS_KEY=a-key", "PORT=0")
	var logs output
	cmd.Stderr = &logs
	stdout := startGroup(t, cmd, syscall.SIGKILL) // go run has a child
	address, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("%v\n%s", err, logs.String())
	}
	return strings.TrimSpace(address)
}

// startGroup starts a command as a group of processes, which gets a signal when the test is over, and returns its output.
func startGroup(t *testing.T, cmd *exec.Cmd, end syscall.Signal) io.Reader {
	t.Helper()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, end)
		_ = cmd.Wait()
	})
	return stdout
}

func (b backend) call(t *testing.T, method, path, cookie, key, body string) (int, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, b.address+path, bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{"Content-Type": "application/json", "Cookie": cookie, "X-Events-Key": key} {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, answer
}
