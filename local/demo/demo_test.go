package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
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

	"github.com/google/go-cmp/cmp"

	"postern/api"
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
	os.Exit(m.Run())
}

const (
	id  = "019a6b5f3c0070008d2f4b1c9e7a6530.mp4"
	key = "videos/0123456789abcdef0123/" + id
)

// A service stands for the API and the bucket: it gives every caller a grant and keeps what is sent with it.
type service struct {
	*httptest.Server
	data     string // where it keeps files, as the local run does
	requests atomic.Int32
	declared []api.UploadRequest

	refuse  int           // status of the answer to a PUT; 0: it is accepted
	record  api.Upload    // the record after one more request for it; zero: it is ready
	looked  atomic.Int32  // requests for the record
	spoil   bool          // keep other bytes than were sent
	holding chan struct{} // if set: closed at the first PUT, which then gets no answer
}

// newService starts a service after setting it up.
func newService(t *testing.T, setUp func(*service)) *service {
	s := &service{data: t.TempDir()}
	if setUp != nil {
		setUp(s)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/health", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("POST /api/uploads", s.presign)
	mux.HandleFunc("GET /api/uploads/"+id, s.show)
	mux.HandleFunc("GET /api/uploads/"+id+"/download", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(api.Download{URL: s.URL + "/bucket/file", Expires: api.Time{Time: time.Now().Add(time.Minute)}})
	})
	mux.HandleFunc("PUT /bucket/"+key, s.put)
	mux.HandleFunc("GET /bucket/file", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, s.path()) })
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// runs has the service look like a local run that uses its data.
func (s *service) runs(t *testing.T) *service {
	t.Helper()
	text := fmt.Sprintf(`{"Postern-local":{"ApiUrl":"%s/api/"}}`, s.URL)
	if err := os.WriteFile(filepath.Join(s.data, "outputs.json"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return s
}

// fail answers an error of the API.
func fail(w http.ResponseWriter, status int, code api.Code, message string) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(api.ErrorBody{Message: message, Code: code})
}

func (s *service) presign(w http.ResponseWriter, r *http.Request) {
	var request api.UploadRequest
	err := json.NewDecoder(r.Body).Decode(&request)
	s.declared = append(s.declared, request)
	s.requests.Add(1) // last: who has read it may read the others
	user, password, _ := r.BasicAuth()
	switch {
	case user != "demo@example.com" || password != "demo-password":
		fail(w, http.StatusUnauthorized, "unauthorized", "Unauthorized")
	case err != nil || r.Header.Get("Content-Type") != "application/json":
		fail(w, http.StatusBadRequest, "invalid_request", "the body is not JSON")
	case strings.HasSuffix(request.Filename, ".exe"):
		fail(w, http.StatusUnsupportedMediaType, "unsupported_media_type", "filename: extension exe is not allowed")
	default:
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(api.UploadGrant{
			URL: s.URL + "/bucket/" + key + "?X-Amz-Signature=0&x-id=PutObject", ID: id, Key: key, Method: api.MethodPut,
			Headers: map[string]string{"Content-Type": "video/mp4", "If-None-Match": "*", "X-Amz-Tagging": "status=pending"},
		})
	}
}

// show answers the upload's record. It is inspected between the first and the second request.
func (s *service) show(w http.ResponseWriter, _ *http.Request) {
	record := api.Upload{ID: id, Type: "video/mp4", Status: api.StatusWaiting}
	if s.looked.Add(1) > 1 {
		record.Status = api.StatusReady
		if info, err := os.Stat(s.path()); err == nil {
			record.Size = info.Size()
		}
		if s.record.Status != "" {
			record = s.record
		}
	}
	if record.Status == "gone" {
		fail(w, http.StatusNotFound, "not_found", "no such upload")
		return
	}
	_ = json.NewEncoder(w).Encode(record)
}

func (s *service) put(w http.ResponseWriter, r *http.Request) {
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
	if r.Header.Get("Content-Type") != "video/mp4" || r.Header.Get("If-None-Match") != "*" || r.Header.Get("X-Amz-Tagging") != "status=pending" || r.ContentLength < 1 {
		http.Error(w, "not the headers of the grant, or no length", http.StatusBadRequest)
		return
	}
	content, _ := io.ReadAll(r.Body)
	if s.spoil {
		content[0]++
	}
	_ = os.MkdirAll(filepath.Dir(s.path()), 0o755)
	_ = os.WriteFile(s.path(), content, 0o644)
}

// path is where the service keeps what is sent.
func (s *service) path() string { return filepath.Join(s.data, "s3", "bucket", key) }

// checkStored compares what was kept.
func (s *service) checkStored(t *testing.T, want []byte) {
	t.Helper()
	if content, err := os.ReadFile(s.path()); err != nil || !bytes.Equal(content, want) {
		t.Errorf("%d bytes are stored, want the %d sent: %v", len(content), len(want), err)
	}
}

// A process is one run of the program.
type process struct {
	*exec.Cmd
	out, err bytes.Buffer
}

// newDemo prepares a run of the demo with the service's data.
func newDemo(t *testing.T, s *service, args ...string) *process {
	d := &process{Cmd: exec.CommandContext(t.Context(), os.Args[0], args...)}
	d.Env = append(os.Environ(), asProgram+"=yes", "DATA="+s.data, "FILE=")
	d.Stdout, d.Stderr = &d.out, &d.err
	return d
}

// fails runs the demo, which must fail and name each of the texts.
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
	s := newService(t, nil).runs(t)
	d := newDemo(t, s, "--prepare", "exit 7", "--local", "./none") // which the running one makes needless
	d.succeeds(t)
	s.checkStored(t, clip.MP4())
	if last := "\n200: the video is in the bucket: " + s.path() + "\n"; !strings.HasSuffix(d.out.String(), last) {
		t.Errorf("output\n%s\nwant at its end\n%s", &d.out, last)
	}
	want := "curl -sS -u demo@example.com:demo-password -H 'Content-Type: application/json' \\\n" +
		fmt.Sprintf(`  -d '{"filename":"demo.mp4","size":%d}'`, len(clip.MP4())) + " \\\n  " + s.URL + "/api/uploads\n"
	if !strings.Contains(d.out.String(), want) {
		t.Errorf("output\n%s\nwant in it\n%s", &d.out, want)
	}
}

// TestFile uploads files with odd names, then pastes the commands that were printed into a shell.
func TestFile(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Log("skipped: curl is not installed")
		return
	}
	for _, name := range []string{"intro.mp4", `it's "one", two; three+4 & 100%.mp4`, "-o.mp4", "é.mp4", "[1-2] {a,b}.mp4"} {
		s := newService(t, nil).runs(t)
		content := "content of " + name
		d := newDemo(t, s)
		d.Env = append(d.Env, "FILE="+writeFile(t, name, content))
		d.succeeds(t)
		s.checkStored(t, []byte(content))
		if err := os.Remove(s.path()); err != nil {
			t.Fatal(err)
		}
		var commands []string
		for paragraph := range strings.SplitSeq(d.out.String(), "\n\n") {
			if strings.HasPrefix(paragraph, "curl ") {
				commands = append(commands, paragraph)
			}
		}
		if len(commands) != 4 {
			t.Fatalf("%d commands printed, want 4:\n%s", len(commands), &d.out)
		}
		for _, command := range commands {
			if output, err := exec.CommandContext(t.Context(), "sh", "-c", command).CombinedOutput(); err != nil {
				t.Errorf("%v\n%s\n%s", err, command, output)
			}
		}
		s.checkStored(t, []byte(content))
		if got, want := s.requests.Load(), int32(4); got != want {
			t.Errorf("%d requests, want %d", got, want)
		}
		request := api.UploadRequest{Filename: name, Size: int64(len(content))}
		if diff := cmp.Diff(s.declared, []api.UploadRequest{request, request}); diff != "" {
			t.Errorf("declared (-got +want)\n%s", diff)
		}
	}
}

// TestBadFile holds that a file that cannot be uploaded is told before anything is asked.
func TestBadFile(t *testing.T) {
	folder := t.TempDir()
	large := writeFile(t, "large.mp4", "")
	if err := os.Truncate(large, api.MaxSinglePut+1); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		path string
		want string
	}{
		{filepath.Join(folder, "none.mp4"), "FILE does not exist: " + folder},
		{writeFile(t, "empty.mp4", ""), "FILE is empty"},
		{large, "FILE has 5368709121 bytes, the demo sends one request of at most 5368709120"},
		{folder, "is not a regular file"},
	} {
		s := newService(t, nil).runs(t)
		newDemo(t, s, tt.path).fails(t, "error: ", tt.want)
		if got := s.requests.Load(); got != 0 {
			t.Errorf("%s: %d requests, want none", tt.path, got)
		}
	}
}

func TestRefused(t *testing.T) {
	for _, tt := range []struct {
		name  string
		setUp func(*service)
		file  string
		want  string
	}{
		{"extension", nil, "a.exe", "filename: extension exe is not allowed"},
		{"by S3", func(s *service) { s.refuse = 403 }, "a.mp4", "S3 answers 403 Forbidden: AccessDenied: Policy expired."},
		{"by inspection", func(s *service) {
			s.record = api.Upload{ID: id, Status: api.StatusRejected, Reason: "type_mismatch"}
		}, "a.mp4", "the upload is rejected: type_mismatch"},
		{"gone", func(s *service) { s.record.Status = "gone" }, "a.mp4", "asking for the upload: no such upload"},
		{"other bytes", func(s *service) { s.spoil = true }, "a.mp4", "what was stored differs"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newService(t, tt.setUp).runs(t)
			newDemo(t, s, writeFile(t, tt.file, "content")).fails(t, tt.want)
		})
	}
}

// localRun is a program that stands for the local run: it names the service's address, and writes to the file stopped when
// it is told to end.
func localRun(t *testing.T, s *service) (program, stopped string) {
	t.Helper()
	stopped = filepath.Join(t.TempDir(), "stopped")
	return writeFile(t, "local run", fmt.Sprintf(`#!/bin/sh
trap 'echo "$* $DATA" >%q; exit 0' TERM
echo 'a line of its log' >&2
echo 'ready: %s/api/'
while :; do sleep 0.05; done
`, stopped, s.URL)), stopped
}

func TestStartsLocalRun(t *testing.T) {
	s := newService(t, nil)
	program, stopped := localRun(t, s)
	prepared := filepath.Join(t.TempDir(), "prepared")
	d := newDemo(t, s, "--prepare", "touch '"+prepared+"'", "--local", program, "--assembly", "an assembly")
	d.succeeds(t)
	if _, err := os.Stat(prepared); err != nil {
		t.Errorf("nothing was prepared: %v", err)
	}
	s.checkStored(t, clip.MP4())
	if got, err := os.ReadFile(stopped); string(got) != "--assembly an assembly "+s.data+"\n" {
		t.Errorf("the local run was not ended: %q, %v", got, err)
	}
	if d.err.Len() > 0 {
		t.Errorf("standard error %q, want nothing", &d.err)
	}
}

func TestLocalRunFails(t *testing.T) {
	for _, tt := range []struct {
		script string
		want   []string
	}{
		{"echo 'another local run uses the data folder' >&2; exit 3", []string{"did not start", "exit status 3", "another local run uses"}},
		{"exit 0", []string{"did not start", "exit status 0"}},
		{"trap '' TERM; echo 'ready: http://127.0.0.1:1/api/'; echo panic >&2; exit 2", []string{"declaring demo.mp4 to the API", "exit status 2", "panic"}},
	} {
		newDemo(t, newService(t, nil), "--local", writeFile(t, "local", "#!/bin/sh\n"+tt.script+"\n")).fails(t, tt.want...)
	}
	newDemo(t, newService(t, nil), "--local", "./none").fails(t, "run `make setup` first")
	newDemo(t, newService(t, nil), "--prepare", "exit 7").fails(t, "preparing the local run: exit status 7")
}

// TestInterrupt ends the demo in the middle of an upload. The local run must end with it.
func TestInterrupt(t *testing.T) {
	s := newService(t, func(s *service) { s.holding = make(chan struct{}) })
	program, stopped := localRun(t, s)
	d := newDemo(t, s, "--local", program)
	if err := d.Start(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-s.holding:
	case <-time.After(10 * time.Second):
		t.Error("nothing was sent")
	}
	if err := d.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := d.Wait(); err == nil {
		t.Error("the demo succeeds, want an error")
	}
	if got, want := d.err.String(), "error: interrupt signal received\n"; got != want {
		t.Errorf("error %q, want %q", got, want)
	}
	if _, err := os.Stat(stopped); err != nil {
		t.Errorf("the local run was not ended: %v", err)
	}
}
