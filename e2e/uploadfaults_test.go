package e2e_test

import (
	"bytes"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// begins starts upload for a.txt, slowly, with variables besides the machine's, and returns when S3 has stored a part.
func (m machine) begins(t *testing.T, variables ...string) (command *exec.Cmd, out, logs *output) {
	t.Helper()
	command, out, logs = m.command("upload", "a.txt", "--part-size=5 MiB", "--limit-rate=4 MiB", "--wait")
	command.Env = append(command.Env, variables...)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return len(m.run.finished()) > 0 }, func() string { return "no part was stored\n" + logs.String() })
	return command, out, logs
}

// TestSilentServer stops API and S3 for a while in the middle of an upload, as a lost network does. The upload goes on, and
// sends no part twice that was stored.
func TestSilentServer(t *testing.T) {
	requireLocal(t)
	t.Parallel() // waiting takes most of the time
	run := serveLogged(t)
	m := newMachine(t, run)
	content := letters(5000, 22<<20)
	m.write(t, "a.txt", content)
	command, out, logs := m.begins(t)
	before := run.finished()
	signal := func(s syscall.Signal) {
		if err := syscall.Kill(run.PID(), s); err != nil {
			t.Fatal(err)
		}
	}
	signal(syscall.SIGSTOP)
	time.Sleep(8 * time.Second)
	signal(syscall.SIGCONT)
	if err := command.Wait(); err != nil {
		t.Fatalf("%v\n%s%s", err, out, logs)
	}
	keys := run.operator(t).keys(t)
	if len(keys) != 1 {
		t.Fatalf("the bucket has %q, want one object", keys)
	}
	if got, _ := newClient(run.API, demoUser).download(t, keys[0][strings.LastIndexByte(keys[0], '/')+1:]); !bytes.Equal(got, content) {
		t.Errorf("downloaded %d bytes, or others, want %d", len(got), len(content))
	}
	for part, times := range run.finished() {
		if before[part] > 0 && times > before[part] {
			t.Errorf("%s was stored, and sent again", part)
		}
	}
}

// TestUserRemovedInTheMiddle removes a user whose upload is under way. The command fails and says why, and nothing of the
// upload stays.
func TestUserRemovedInTheMiddle(t *testing.T) {
	requireLocal(t)
	t.Parallel() // waiting takes most of the time
	run := serveLogged(t)
	const mail, password = "leaver@example.com", "a password of the leaver"
	run.postern(t, password+"\n", "user", "add", mail)
	m := newMachine(t, run)
	m.write(t, "a.txt", letters(5001, 44<<20))
	command, out, logs := m.begins(t, "POSTERN_USER="+mail, "POSTERN_PASSWORD="+password)
	run.postern(t, "", "user", "remove", "--yes", mail, "--purge")
	if err := command.Wait(); err == nil {
		t.Errorf("the upload of a user who was removed succeeded: %s", out)
	}
	if !strings.Contains(logs.String(), "error: a.txt: ") {
		t.Errorf("got %s, want why", logs)
	}
	if keys := run.operator(t).keys(t); len(keys) != 0 {
		t.Errorf("the bucket has %q, want nothing", keys)
	}
}
