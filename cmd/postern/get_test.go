package main_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	postern "postern/cmd/postern"
)

// inFolder changes into a new folder, where the command saves.
func inFolder(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	t.Chdir(folder)
	return folder
}

// files are the files below a folder, with their content, by name.
func files(t *testing.T, folder string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		found[strings.TrimPrefix(path, folder+"/")] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// leaves fails the test unless a folder has just these files.
func leaves(t *testing.T, folder string, want map[string]string) {
	t.Helper()
	if diff := cmp.Diff(files(t, folder), want); diff != "" {
		t.Errorf("files (-got +want)\n%s", diff)
	}
}

func TestGet(t *testing.T) {
	remote := serveAPI(t)
	folder := inFolder(t)
	remote.header.Set("Content-Disposition", `attachment; filename="a.mp4"`)
	got := run(t, "", "get", idA)
	got.done(t)
	if want := "saved a.mp4: 20 B, its checksum is right\n"; got.out != want {
		t.Errorf("got %q, want %q", got.out, want)
	}
	want := []string{
		"GET /api/uploads/" + idA,
		"GET /api/uploads/" + idA + "/download",
		"GET /bucket/key X-Amz-Signature=SIGNATURE",
	}
	if diff := cmp.Diff(remote.called(), want); diff != "" {
		t.Errorf("requests (-got +want)\n%s", diff)
	}
	leaves(t, folder, map[string]string{"a.mp4": string(remote.file)})

	delete(remote.uploads[2], "checksum")
	got = run(t, "", "get", idA, "--output=sub.mp4", "--mail=b@example.com")
	got.done(t)
	if want := "saved sub.mp4: 20 B, it has no checksum\n"; got.out != want {
		t.Errorf("got %q, want %q", got.out, want)
	}
	if got := remote.called()[1]; got != "GET /api/uploads/"+idA+"/download mail=b%40example.com" {
		t.Errorf("got request %q", got)
	}
	got = run(t, "", "get", idA, "-o", "-")
	got.done(t)
	if got.out != string(remote.file) {
		t.Errorf("got %q at stdout, want the file", got.out)
	}
	leaves(t, folder, map[string]string{"a.mp4": string(remote.file), "sub.mp4": string(remote.file)})
}

// A file is saved under a name, in this folder and nowhere else, whatever the server calls it.
func TestGetHostileNames(t *testing.T) {
	long := strings.Repeat("é", 125) + "x.mp4" // 255 bytes
	for _, test := range []struct{ disposition, want string }{
		{``, idA},
		{`attachment`, idA},
		{`attachment; filename=""`, idA},
		{`attachment; filename="été.mp4"`, "été.mp4"},
		{`attachment; filename="plain.mp4"; filename*=UTF-8''%C3%A9t%C3%A9%20%F0%9F%8F%96.mp4`, "été 🏖.mp4"},
		{`attachment; filename="../../etc/passwd"`, "passwd"},
		{`attachment; filename="/etc/passwd"`, "passwd"},
		{`attachment; filename="C:\\Windows\\x.exe"`, "x.exe"},
		{`attachment; filename*=UTF-8''..%2F..%2Fx.mp4`, "x.mp4"},
		{`attachment; filename*=UTF-8''a%5C..%5Cx.mp4`, "x.mp4"},
		{`attachment; filename="a/"`, idA},
		{`attachment; filename=".."`, idA},
		{`attachment; filename="."`, idA},
		{`attachment; filename=".bashrc"`, idA},
		{`attachment; filename="-rf"`, idA},
		{`attachment; filename="x/-rf"`, idA},
		{`attachment; filename="~"`, idA},
		{`attachment; filename="~root"`, idA},
		{`attachment; filename=" "`, idA},
		{`attachment; filename*=UTF-8''%E3%80%80%C2%A0`, idA},
		{`attachment; filename="a-~ b.mp4"`, "a-~ b.mp4"},
		{`attachment; filename*=UTF-8''a%1B%5B2J%0A%00%C2%9B%E2%80%AEb.mp4`, "a_[2J____b.mp4"},
		{`attachment; filename*=UTF-8''a%FFb.mp4`, "a_b.mp4"},
		{`attachment; filename="` + long + `"`, long},
		{`attachment; filename="` + long + `x"`, idA},
		{`attachment; filename="a.mp4"; filename="b.mp4"`, idA},
		{`attachment; filename="unfinished`, idA},
	} {
		t.Run(test.disposition, func(t *testing.T) {
			remote := serveAPI(t)
			folder := inFolder(t)
			remote.header["Content-Disposition"] = []string{test.disposition}
			got := run(t, "", "get", idA)
			got.done(t)
			if want := "saved " + test.want + ": 20 B, its checksum is right\n"; got.out != want {
				t.Errorf("got %q, want %q", got.out, want)
			}
			leaves(t, folder, map[string]string{test.want: string(remote.file)})
		})
	}
}

func TestGetOverwritesNothing(t *testing.T) {
	remote := serveAPI(t)
	remote.header.Set("Content-Disposition", `attachment; filename="a.mp4"`)
	folder := inFolder(t)
	write(t, folder, "a.mp4", "mine")
	write(t, folder, "b.mp4.part", "another download")
	if err := os.Symlink("nowhere", "link.mp4"); err != nil {
		t.Fatal(err)
	}
	const exists = `a.mp4" exists: name another file with --output, or write over it with --force`
	run(t, "", "get", idA).refused(t, 1, exists)
	run(t, "", "get", idA, "--output", filepath.Join(folder, "a.mp4")).refused(t, 1, exists)
	run(t, "", "get", idA, "--output=link.mp4").refused(t, 1, `link.mp4" exists`)
	run(t, "", "get", idA, "--output=b.mp4").refused(t, 1, `b.mp4.part" exists: another download is writing it`)
	run(t, "", "get", idA, "--output=none/c.mp4").refused(t, 1, "no such file or directory")
	if content, err := os.ReadFile("a.mp4"); err != nil || string(content) != "mine" {
		t.Errorf("a.mp4 holds %q, %v", content, err)
	}
	run(t, "", "get", idA, "--force").done(t)
	run(t, "", "get", idA, "--output=b.mp4", "--force").done(t)
	run(t, "", "get", idA, "--output=link.mp4", "--force").done(t)
	leaves(t, folder, map[string]string{"a.mp4": string(remote.file), "b.mp4": string(remote.file), "link.mp4": string(remote.file)})
}

func TestGetFails(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*apiServer)
		want   string
	}{
		{"not ready", func(a *apiServer) { a.uploads[2]["status"] = "waiting" }, "downloading upload " + idA + ": the upload is waiting"},
		{"rejected", func(a *apiServer) { a.uploads[2]["reason"] = "over_quota" }, "downloading upload " + idA + ": it was rejected: over_quota"},
		{"disguised", func(a *apiServer) { a.uploads[2]["reason"], a.uploads[2]["detected"] = "type_mismatch", "text/html" }, "it was rejected: type_mismatch, its content is text/html"},
		{"changed", func(a *apiServer) { a.file[3] ^= 1 }, "its SHA-256 is "},
		{"declared otherwise", func(a *apiServer) { a.uploads[2]["checksum"] = "x\x1b[2J" }, "and not x�[2J, as was declared"},
		{"shorter", func(a *apiServer) { a.file = a.file[:19] }, "it ended after 19 of 20 bytes: try again"},
		{"empty", func(a *apiServer) { a.file = nil }, "it ended after 0 of 20 bytes"},
		{"longer", func(a *apiServer) { a.file = append(a.file, 'x') }, "it has more than the upload's 20 bytes"},
		{"cut off", func(a *apiServer) { a.header.Set("Content-Length", "20"); a.file = a.file[:7] }, "it ended after 7 of 20 bytes"},
		{"packed", func(a *apiServer) {
			a.header.Set("Content-Encoding", "gzip")
			var packed bytes.Buffer
			w := gzip.NewWriter(&packed)
			_, _ = w.Write(a.file)
			_ = w.Close()
			a.file = packed.Bytes()
		}, "it has more than the upload's 20 bytes"},
		{"expired", func(a *apiServer) {
			a.download = strings.TrimSuffix(a.url, "/api/") + "/bucket/key?X-Amz-Signature=x" + signature
		}, " answers 403 Forbidden"},
		{"not encrypted", func(a *apiServer) { a.download = "http://example.com/?X-Amz-Signature=" + signature }, "answers with something else than a URL of https"},
		{"no URL", func(a *apiServer) { a.download = ":%" + signature }, "answers with something else than a URL of https"},
		{"unreachable", func(a *apiServer) { a.download = "http://127.0.0.1:1/?X-Amz-Signature=" + signature }, "calling 127.0.0.1:1: dial tcp"},
		{"host that steers", func(a *apiServer) { a.download = "https://\u009b31m\u202eevil.invalid:1/?X-Amz-Signature=" + signature }, "calling �31m�evil.invalid:1: "},
		{"negative size", func(a *apiServer) { a.uploads[2]["size"] = -5 }, "answers 200 OK, and not as this API does"},
		{"no HTTP", func(a *apiServer) {
			a.fault = func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path != "/bucket/key" {
					return false
				}
				connection, _, _ := w.(http.Hijacker).Hijack()
				_, _ = io.WriteString(connection, "\x1b[2J\r\n\r\n")
				_ = connection.Close()
				return true
			}
		}, "malformed HTTP response"},
		{"led away", func(a *apiServer) {
			a.fault = func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path == "/bucket/key" {
					http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
				}
				return r.URL.Path == "/bucket/key"
			}
		}, "answers 307 Temporary Redirect"},
	} {
		t.Run(test.name, func(t *testing.T) {
			remote := serveAPI(t)
			folder := inFolder(t)
			test.change(remote)
			got := run(t, "", "get", idA, "--output=a.mp4")
			got.refused(t, 1, test.want)
			if strings.Contains(got.err, signature) || strings.ContainsAny(got.err, "\x1b\u009b\u202e") {
				t.Errorf("the error holds the signature, or steers the terminal: %q", got.err)
			}
			leaves(t, folder, map[string]string{})
		})
	}
}

// However it is interrupted, nothing is left.
func TestInterruptDownload(t *testing.T) {
	remote := serveAPI(t)
	folder := inFolder(t)
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	remote.fault = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/bucket/key" {
			return false
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(remote.file)))
		_, _ = w.Write(remote.file[:7])
		w.(http.Flusher).Flush()
		for deadline := time.Now().Add(10 * time.Second); len(files(t, folder)["a.mp4.part"]) < 7 && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond)
		}
		interrupt()
		<-r.Context().Done()
		return true
	}
	var out, stderr bytes.Buffer
	code := postern.RealMain(ctx, []string{"get", idA, "--output=a.mp4"}, strings.NewReader(""), &out, &stderr)
	if code != 1 || stderr.String() != "error: interrupted\n" {
		t.Errorf("got code %d, stderr %q, want 1 and an interruption", code, stderr.String())
	}
	if !slices.Contains(remote.called(), "GET /bucket/key X-Amz-Signature=SIGNATURE") {
		t.Error("the download did not begin")
	}
	leaves(t, folder, map[string]string{})
}
