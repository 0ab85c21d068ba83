package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"postern/local/clip"
	demo "postern/local/demo"
)

// asProgram is the variable that makes the test binary be the demo.
const asProgram = "DEMO_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		demo.Main()
		return
	}
	if _, err := exec.LookPath("curl"); err != nil {
		fmt.Println("skipped: curl is not installed")
		return
	}
	os.Exit(m.Run())
}

const (
	id  = "019a6b5f3c0070008d2f4b1c9e7a6530.mp4"
	key = "videos/0123456789abcdef0123/" + id
)

// A service stands for the API and the bucket: it gives every caller a form and keeps what is posted.
type service struct {
	*httptest.Server
	data     string // where it keeps posted files, as the local run does
	requests atomic.Int32
	mails    []string
	names    []string // file names asked for

	refuse  int           // status of the answer to a post, 0: it is accepted
	judged  string        // JSON of the record after one more request for it; empty: it is ready
	looked  atomic.Int32  // requests for the record
	spoil   bool          // keep other bytes than were posted
	holding chan struct{} // when set: closed at the first post, which is then never answered
}

func newService(t *testing.T) *service {
	s := &service{data: t.TempDir()}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/health", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /api/presignedurl", s.presign)
	mux.HandleFunc("GET /api/uploads/"+id, s.show)
	mux.HandleFunc("POST /bucket", s.post)
	s.Server = httptest.NewUnstartedServer(mux)
	t.Cleanup(s.Close)
	return s
}

// start lets the service answer, as it has been told to by then.
func (s *service) start() {
	if s.URL == "" {
		s.Start()
	}
}

func (s *service) port() string {
	return s.URL[strings.LastIndex(s.URL, ":")+1:]
}

func (s *service) presign(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	s.mails = append(s.mails, query.Get("mail"))
	s.names = append(s.names, query.Get("filename"))
	s.requests.Add(1) // last: who has read it may read the others
	user, password, _ := r.BasicAuth()
	if user != "demo@example.com" || password != "demo-password" {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"message":"Unauthorized","code":"unauthorized"}`)
		return
	}
	if strings.HasSuffix(query.Get("filename"), ".exe") {
		w.WriteHeader(http.StatusUnsupportedMediaType)
		_, _ = io.WriteString(w, `{"message":"filename: extension exe is not allowed","code":"unsupported_media_type"}`)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"url": s.URL + "/bucket", "id": id, "key": key, "fields": map[string]string{
		"key": key, "content-type": "video/mp4", "tagging": "<Tagging><TagSet/></Tagging>",
	}})
}

// show tells of the upload as of one that is inspected between the first and the second request.
func (s *service) show(w http.ResponseWriter, _ *http.Request) {
	switch {
	case s.looked.Add(1) == 1:
		_, _ = io.WriteString(w, `{"status":"waiting"}`)
	case s.judged != "":
		_, _ = io.WriteString(w, s.judged)
	default:
		_, _ = io.WriteString(w, `{"status":"ready","id":"`+id+`"}`)
	}
}

func (s *service) post(w http.ResponseWriter, r *http.Request) {
	s.requests.Add(1)
	if s.holding != nil {
		_, _ = io.Copy(io.Discard, r.Body) // only then does the server see the client go
		close(s.holding)
		<-r.Context().Done()
		return
	}
	if s.refuse != 0 {
		w.WriteHeader(s.refuse)
		_, _ = io.WriteString(w, `<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Policy expired.</Message></Error>`)
		return
	}
	file, _, err := r.FormFile("file")
	if err != nil || r.FormValue("tagging") != "<Tagging><TagSet/></Tagging>" {
		http.Error(w, "no file or tagging", http.StatusBadRequest)
		return
	}
	content, _ := io.ReadAll(file)
	if s.spoil {
		content[0]++
	}
	path := filepath.Join(s.data, "s3", "bucket", r.FormValue("key"))
	_ = os.MkdirAll(filepath.Dir(path), 0o755)
	_ = os.WriteFile(path, content, 0o644)
	w.WriteHeader(http.StatusNoContent)
}

// stored is what was kept.
func (s *service) stored(t *testing.T) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(s.data, "s3", "bucket", key))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// A process is one run of the program.
type process struct {
	*exec.Cmd
	out, err bytes.Buffer
}

// newDemo prepares a run against the service, with what further variables say.
func newDemo(t *testing.T, s *service, args ...string) *process {
	s.start()
	d := &process{Cmd: exec.CommandContext(t.Context(), os.Args[0], args...)}
	d.Env = append(os.Environ(), asProgram+"=yes", "PORT="+s.port(), "DATA="+s.data, "FILE=")
	d.Stdout, d.Stderr = &d.out, &d.err
	return d
}

// fails runs the demo and holds that it fails, and with every one of the texts in its error.
func (d *process) fails(t *testing.T, want ...string) {
	t.Helper()
	if err := d.Run(); err == nil {
		t.Errorf("the demo succeeds, want an error with %q\n%s", want, &d.out)
	}
	for _, text := range want {
		if !strings.Contains(d.err.String(), text) {
			t.Errorf("error %q, want one with %q", &d.err, text)
		}
	}
}

func (d *process) succeeds(t *testing.T) {
	t.Helper()
	if err := d.Run(); err != nil {
		t.Fatalf("%v\n%s%s", err, &d.out, &d.err)
	}
}

func writeFile(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestClip(t *testing.T) {
	s := newService(t)
	d := newDemo(t, s)
	d.succeeds(t)
	if !bytes.Equal(s.stored(t), clip.MP4()) {
		t.Error("what was stored is not the clip")
	}
	last := "204: the video is in the bucket: " + filepath.Join(s.data, "s3", "bucket", key) + "\n"
	if !strings.HasSuffix(d.out.String(), "\n"+last) {
		t.Errorf("output\n%s\nwant at its end\n%s", &d.out, last)
	}
	want := "curl -sS -u demo@example.com:demo-password '" + s.URL + "/api/presignedurl?mail=demo@example.com&filename=demo.mp4'\n"
	if !strings.Contains(d.out.String(), want) {
		t.Errorf("output\n%s\nwant in it\n%s", &d.out, want)
	}
}

// TestFile uploads files with odd names, then pastes the commands that were printed into a shell.
func TestFile(t *testing.T) {
	for _, name := range []string{"intro.mp4", `it's "one", two; three+4 & 100%.mp4`, "-o.mp4", "é.mp4"} {
		s := newService(t)
		path := writeFile(t, name, "content of "+name)
		d := newDemo(t, s)
		d.Env = append(d.Env, "FILE="+path)
		d.succeeds(t)
		var commands []string
		for paragraph := range strings.SplitSeq(d.out.String(), "\n\n") {
			if strings.HasPrefix(paragraph, "curl ") {
				commands = append(commands, paragraph)
			}
		}
		if len(commands) != 3 {
			t.Fatalf("%d commands printed, want 3:\n%s", len(commands), &d.out)
		}
		for _, command := range commands {
			if output, err := exec.CommandContext(t.Context(), "sh", "-c", command).CombinedOutput(); err != nil {
				t.Errorf("%v\n%s\n%s", err, command, output)
			}
		}
		if got, want := s.requests.Load(), int32(4); got != want {
			t.Errorf("%d requests, want %d", got, want)
		}
		if got, want := fmt.Sprintf("%q", s.names), fmt.Sprintf("%q", []string{name, name}); got != want {
			t.Errorf("file names %s, want %s", got, want)
		}
		if got, want := fmt.Sprint(s.mails), "[demo@example.com demo@example.com]"; got != want {
			t.Errorf("mails %s, want %s", got, want)
		}
		if got, want := string(s.stored(t)), "content of "+name; got != want {
			t.Errorf("stored %q, want %q", got, want)
		}
	}
}

// TestOtherData uploads to a local run that keeps its data elsewhere.
func TestOtherData(t *testing.T) {
	s := newService(t)
	d := newDemo(t, s)
	d.Env = append(d.Env, "DATA="+t.TempDir())
	d.succeeds(t)
	if want := "\n204: the video is in the bucket bucket: " + key + "\n"; !strings.HasSuffix(d.out.String(), want) {
		t.Errorf("output\n%s\nwant at its end %q", &d.out, want)
	}
}

// TestBadFile holds that a file that cannot be uploaded is told before anything is asked.
func TestBadFile(t *testing.T) {
	folder := t.TempDir()
	for _, tt := range []struct {
		path string
		want string
	}{
		{filepath.Join(folder, "none.mp4"), "FILE does not exist: " + folder},
		{writeFile(t, "empty.mp4", ""), "FILE is empty"},
		{folder, "is not a regular file"},
	} {
		s := newService(t)
		newDemo(t, s, tt.path).fails(t, "error: ", tt.want)
		if got := s.requests.Load(); got != 0 {
			t.Errorf("%s: %d requests, want none", tt.path, got)
		}
	}
}

func TestNoCurl(t *testing.T) {
	d := newDemo(t, newService(t))
	d.Env = append(d.Env, "PATH=")
	d.fails(t, "error: curl is not installed")
}

func TestRefused(t *testing.T) {
	for _, tt := range []struct {
		name    string
		service func(*service)
		file    string
		want    string
	}{
		{"extension", func(*service) {}, "a.exe", "filename: extension exe is not allowed (unsupported_media_type)"},
		{"by S3", func(s *service) { s.refuse = 403 }, "a.mp4", "S3 refuses the upload: 403 AccessDenied: Policy expired."},
		{"by inspection", func(s *service) { s.judged = `{"status":"rejected","reason":"type_mismatch"}` }, "a.mp4", "the upload is rejected: type_mismatch"},
		{"by a broken API", func(s *service) { s.judged = `{"message":"internal error","code":"internal_error"}` }, "a.mp4", "internal error (internal_error)"},
		{"other bytes", func(s *service) { s.spoil = true }, "a.mp4", "what was stored differs"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newService(t)
			tt.service(s)
			newDemo(t, s, writeFile(t, tt.file, "content")).fails(t, tt.want)
		})
	}
}

// freePort is a port that nothing listens on.
func freePort(t *testing.T) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return port
}

// localRun is a command that stands for the local run: it names the service's address, and writes to the file stopped
// when it is told to end.
func localRun(t *testing.T, s *service) (command, stopped string) {
	t.Helper()
	s.start()
	stopped = filepath.Join(t.TempDir(), "stopped")
	path := writeFile(t, "local run", fmt.Sprintf(`#!/bin/sh
trap 'echo "$1" >%q; exit 0' TERM
echo 'a line of its log' >&2
echo 'ready: %s/api/'
while :; do sleep 0.05; done
`, stopped, s.URL))
	return fmt.Sprintf("'%s' 'my data'", path), stopped
}

func TestStartsLocalRun(t *testing.T) {
	s := newService(t)
	command, stopped := localRun(t, s)
	for _, port := range []string{freePort(t), "0"} {
		d := newDemo(t, s, "--local", command)
		d.Env = append(d.Env, "PORT="+port)
		d.succeeds(t)
		if !bytes.Equal(s.stored(t), clip.MP4()) {
			t.Error("what was stored is not the clip")
		}
		if got, err := os.ReadFile(stopped); string(got) != "my data\n" {
			t.Errorf("the local run was not ended: %q, %v", got, err)
		}
		if d.err.Len() > 0 {
			t.Errorf("standard error %q, want nothing", &d.err)
		}
		_ = os.Remove(stopped)
	}
}

func TestLocalRunFails(t *testing.T) {
	for _, tt := range []struct {
		script string
		want   []string
	}{
		{"echo 'port 8080 is in use: set PORT' >&2; exit 3", []string{"did not start", "exit status 3", "port 8080 is in use: set PORT"}},
		{"exit 0", []string{"did not start", "it ended by itself"}},
		{"trap '' TERM; echo 'ready: http://127.0.0.1:1/api/'; echo panic >&2; exit 2", []string{"asking the API", "exit status 2", "panic"}},
	} {
		d := newDemo(t, newService(t), "--local", writeFile(t, "local", "#!/bin/sh\n"+tt.script+"\n"))
		d.Env = append(d.Env, "PORT="+freePort(t))
		d.fails(t, tt.want...)
	}
}

// TestInterrupt ends the demo in the middle of an upload, and holds that the local run ends with it.
func TestInterrupt(t *testing.T) {
	s := newService(t)
	s.holding = make(chan struct{})
	command, stopped := localRun(t, s)
	d := newDemo(t, s, "--local", command)
	d.Env = append(d.Env, "PORT="+freePort(t))
	if err := d.Start(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-s.holding:
	case <-time.After(10 * time.Second):
		t.Error("nothing was posted")
	}
	if err := d.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := d.Wait(); err == nil {
		t.Error("the demo succeeds, want an error")
	}
	if got, want := d.err.String(), "error: posting the file: interrupt signal received\n"; got != want {
		t.Errorf("error %q, want %q", got, want)
	}
	if _, err := os.Stat(stopped); err != nil {
		t.Errorf("the local run was not ended: %v", err)
	}
}
