package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

var (
	// begunID is the id in what upload says when a large upload begins.
	begunID = regexp.MustCompile(`uploading \S+ as ([0-9a-f]{32}\.txt)`)
	// finishedPart is a line of the local run's log for a part that S3 has stored: its path ends in the part's number.
	finishedPart = regexp.MustCompile(`S3 +PUT +(\S+/parts/\d+) 200 `)
)

// letters returns bytes that are a text, the same for the same seed.
func letters(seed uint64, length int) []byte {
	content := make([]byte, length)
	_, _ = rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)}).Read(content)
	for i, b := range content {
		content[i] = 'a' + b%26
	}
	return content
}

// number returns a number from the environment, or a default one.
func number(t *testing.T, variable string, otherwise int) int {
	t.Helper()
	value := os.Getenv(variable)
	if value == "" {
		return otherwise
	}
	n, err := strconv.Atoi(value)
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return n
}

// serveLogged serves a local run that writes a line for each request.
func serveLogged(t *testing.T) *localRun {
	t.Helper()
	return serve(t, assembly, "LOG=text")
}

// A machine is where the command runs: what one leaves there is not seen on another.
type machine struct {
	run    *localRun
	folder string
}

func newMachine(t *testing.T, run *localRun) machine {
	t.Helper()
	return machine{run, t.TempDir()}
}

// write writes a file on the machine.
func (m machine) write(t *testing.T, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(m.folder, name), content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// command returns a call of the command on the machine.
func (m machine) command(args ...string) (command *exec.Cmd, out, logs *output) {
	out, logs = &output{}, &output{}
	command = exec.CommandContext(context.Background(), filepath.Join(root, "bin", "postern"), args...)
	command.Args = append(command.Args, "--stage", "local", "--data", m.run.Data)
	command.Dir = m.folder
	command.Env = append(os.Environ(), "XDG_STATE_HOME="+filepath.Join(m.folder, "state"), "XDG_CONFIG_HOME="+m.folder, "NETRC="+m.folder)
	command.Stdout, command.Stderr = out, logs
	return command, out, logs
}

// An output is written by one goroutine while another reads it.
type output struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return o.text.String()
}

// An uploaded is what upload --json says of a file.
type uploaded struct{ ID, Status, Error string }

// uploads runs upload --json to its end, which must be good, for one file.
func (m machine) uploads(t *testing.T, args ...string) uploaded {
	t.Helper()
	command, out, logs := m.command(append([]string{"upload", "--json", "--wait", "--part-size=5 MiB"}, args...)...)
	if err := command.Run(); err != nil {
		t.Fatalf("postern %q: %v\n%s%s\n%s", args, err, out, logs, tail(m.run.Log()))
	}
	var done uploaded
	if err := json.Unmarshal([]byte(out.String()), &done); err != nil || done.Status != "ready" {
		t.Fatalf("postern %q: got %s, %v, want it to be ready", args, out, err)
	}
	return done
}

// dies runs upload and kills it after a time. It returns the upload's id if it was told.
func (m machine) dies(t *testing.T, after time.Duration, args ...string) (id string) {
	t.Helper()
	command, _, logs := m.command(append([]string{"upload", "--part-size=5 MiB", "--limit-rate=48 MiB"}, args...)...)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = command.Wait()
	}()
	select {
	case <-ended:
	case <-time.After(after):
		_ = command.Process.Kill()
		<-ended
	}
	if told := begunID.FindAllStringSubmatch(logs.String(), -1); told != nil {
		return told[len(told)-1][1]
	}
	return ""
}

// finished returns the parts that S3 has stored, by the log of a local run, and how often.
func (r *localRun) finished() map[string]int {
	parts := map[string]int{}
	for _, line := range finishedPart.FindAllStringSubmatch(r.Log(), -1) {
		parts[line[1]]++
	}
	return parts
}

// TestKilledUploadGoesOn kills the command at any time, and goes on with nothing but the id, in another folder. In the
// end the object is what was uploaded, once, and S3 has stored no part twice that was stored when the command was started
// again. KILLS says how many uploads are killed.
func TestKilledUploadGoesOn(t *testing.T) {
	requireLocal(t)
	run := serveLogged(t)
	c := newClient(run.API, demoUser)
	kills := number(t, "KILLS", 5)
	const size = 22 << 20
	begin := time.Now()
	first := newMachine(t, run)
	first.write(t, "a.txt", letters(0, size))
	first.dies(t, time.Minute, "a.txt")
	whole := time.Since(begin) // of an upload that nobody kills
	cut := 0
	for i := 1; i <= kills; i++ {
		content := letters(uint64(i), size)
		id, args := "", []string{"a.txt"}
		for range 1 + i%2 { // some are killed twice
			m := newMachine(t, run)
			m.write(t, "a.txt", content)
			if told := m.dies(t, rand.N(whole), args...); told != "" {
				id = told
			}
			if id != "" {
				cut++
				args = []string{"a.txt", "--resume", id}
			}
		}
		before := run.finished()
		m := newMachine(t, run)
		m.write(t, "a.txt", content)
		done := m.uploads(t, args...)
		if got, _ := c.download(t, done.ID); !bytes.Equal(got, content) {
			t.Errorf("upload %d: downloaded %d bytes, or others, want %d", i, len(got), size)
		}
		for part, times := range run.finished() {
			// On a bad day an answer is lost, and the client has to send the part again.
			if !onBadDay && before[part] > 0 && times > before[part] {
				t.Errorf("upload %d: %s was stored, and sent again", i, part)
			}
		}
	}
	if objects := len(run.operator(t).keys(t)); objects != kills+1 {
		t.Errorf("the bucket has %d objects, want %d", objects, kills+1)
	}
	t.Logf("%d uploads, of which an id was told when they were killed %d times", kills, cut)
	if kills > 4 && cut == 0 {
		t.Error("no upload was killed after it had begun")
	}
}

// TestInterruptedUploadGoesOn interrupts the command as Ctrl-C does. It says how to go on, and the same command does.
func TestInterruptedUploadGoesOn(t *testing.T) {
	requireLocal(t)
	t.Parallel() // sending slowly takes most of the time
	run := serveLogged(t)
	m := newMachine(t, run)
	content := letters(1000, 22<<20)
	m.write(t, "a.txt", content)
	command, _, logs := m.command("upload", "a.txt", "--part-size=5 MiB", "--limit-rate=2 MiB")
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return len(run.finished()) > 0 }, func() string { return "no part was stored\n" + logs.String() })
	other, _, otherLogs := m.command("upload", "a.txt", "--part-size=5 MiB")
	if err := other.Run(); err == nil || !strings.Contains(otherLogs.String(), "another process uploads it") {
		t.Errorf("a second command at once: got %v, %s", err, otherLogs)
	}
	_ = command.Process.Signal(os.Interrupt)
	if err := command.Wait(); err == nil || !strings.Contains(logs.String(), "is interrupted: the same command goes on with it") {
		t.Errorf("got %v, %s, want it to say how to go on", err, logs)
	}
	id := begunID.FindStringSubmatch(logs.String())
	if list := m.run.postern(t, "", "list"); id == nil || strings.Contains(list, id[1]) {
		t.Fatalf("got id %q; list: %s", id, list)
	}
	before := run.finished()
	if done := m.uploads(t, "a.txt"); done.ID != id[1] {
		t.Errorf("got id %s, want %s", done.ID, id[1])
	}
	for part, times := range run.finished() {
		if !onBadDay && times > 1 {
			t.Errorf("%s was stored %d times, before %d", part, times, before[part])
		}
	}
	if left, _ := filepath.Glob(filepath.Join(m.folder, "state", "postern", "uploads", "*")); len(left) > 0 {
		t.Errorf("states are left: %q", left)
	}
}

// TestUploadsOnABadDay uploads large files while S3 drops answers and connections break. Each arrives once, as it was.
// BAD_DAY says how many.
func TestUploadsOnABadDay(t *testing.T) {
	requireLocal(t)
	if !onBadDay {
		t.Skip("make test-chaos runs it")
	}
	run, err := startLocal(assembly, filepath.Join(t.TempDir(), "data"), "CHAOS=1")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := run.Stop(); err != nil {
			t.Error(err)
		}
		counts, err := readChaos(run.Log(), true)
		if err != nil || counts["requests of clients cut off"] == 0 || counts["answers to clients dropped"] == 0 {
			t.Errorf("got %v, %v, want connections that were cut", counts, err)
		}
	}()
	files := number(t, "BAD_DAY", 20)
	const size = 11 << 20 // three parts
	m := newMachine(t, run)
	contents := map[string][]byte{}
	args := []string{"upload", "--json", "--part-size=5 MiB"}
	for i := range files {
		name := fmt.Sprintf("%d.txt", i)
		contents[name] = letters(uint64(2000+i), size)
		m.write(t, name, contents[name])
		args = append(args, name)
	}
	command, out, logs := m.command(args...)
	if err := command.Run(); err != nil {
		t.Fatalf("%v\n%s%s\n%s", err, out, logs, tail(run.Log()))
	}
	c := newClient(run.API, demoUser)
	decoder := json.NewDecoder(strings.NewReader(out.String()))
	for decoder.More() {
		var done struct{ File, ID string }
		if err := decoder.Decode(&done); err != nil {
			t.Fatal(err)
		}
		c.await(t, done.ID, "ready")
		copied := filepath.Join(m.folder, "copy")
		get, _, getLogs := m.command("get", done.ID, "--force", "--output", copied)
		if err := get.Run(); err != nil {
			t.Fatalf("get: %v\n%s", err, getLogs)
		}
		if got, err := os.ReadFile(copied); err != nil || !bytes.Equal(got, contents[done.File]) {
			t.Errorf("%s: downloaded %d bytes, or others, %v", done.File, len(got), err)
		}
		delete(contents, done.File)
	}
	if len(contents) > 0 {
		t.Errorf("%d files are lost", len(contents))
	}
	if objects := len(run.operator(t).keys(t)); objects != files {
		t.Errorf("the bucket has %d objects, want %d", objects, files)
	}
}

// apiCall is a line of the local run's log for a call of a caller's command.
var apiCall = regexp.MustCompile(`(?m)^API (POST|GET) +/api/uploads`)

// TestUploadMakesFewCalls counts the calls to the API of a large file and of many small ones.
func TestUploadMakesFewCalls(t *testing.T) {
	requireLocal(t)
	run := serveLogged(t)
	for _, test := range []struct {
		name        string
		files, size int
		most        int // calls
	}{
		// One more than it takes: on a busy machine an answer may come too late.
		{"a large file", 1, 66 << 20, 4}, {"small files", 300, 100, 4},
	} {
		m := newMachine(t, run)
		args := []string{"upload"}
		for i := range test.files {
			name := fmt.Sprintf("%d.txt", i)
			m.write(t, name, letters(uint64(4000+i), test.size))
			args = append(args, name)
		}
		before := len(apiCall.FindAllString(run.Log(), -1))
		command, out, logs := m.command(args...)
		if err := command.Run(); err != nil || strings.Count(out.String(), "uploaded ") != test.files {
			t.Fatalf("%s: %v\n%s%s", test.name, err, out, logs)
		}
		if calls := len(apiCall.FindAllString(run.Log(), -1)) - before; calls > test.most || calls == 0 && !onBadDay {
			t.Errorf("%s: got %d calls, want at most %d:\n%s", test.name, calls, test.most, tail(run.Log()))
		}
	}
}
