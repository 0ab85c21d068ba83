package main_test

import (
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	postern "postern/cmd/postern"
)

func TestUploadFolder(t *testing.T) {
	remote := serveAPI(t)
	folder := inFolder(t)
	if err := os.MkdirAll(filepath.Join(folder, "clips", "below", ".git"), 0o700); err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("é", 125) + "x.txt" // 255 bytes
	for name, content := range map[string]string{
		"clips/a.txt": "a", "clips/below/b.txt": "b", "clips/two\nlines.txt": "c", "clips/back\\slash.txt": "d", "clips/" + long: "e",
		"clips/.hidden.txt": "f", "clips/below/.git/g.txt": "g", "clips/virus.exe": "h", "clips/empty.txt": "", "other.txt": "i",
	} {
		write(t, folder, name, content)
	}
	for link, to := range map[string]string{
		"clips/loop": "..", "clips/below/self": "self", "clips/linked.txt": "../other.txt", "clips/broken.txt": "nowhere",
	} {
		if err := os.Symlink(to, filepath.Join(folder, link)); err != nil {
			t.Fatal(err)
		}
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", "clips/socket.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()

	got := run(t, "", "upload", "clips", "clips/a.txt", "missing.txt", "*.nothing")
	if got.code != 1 || strings.Count(got.out, "uploaded ") != 6 || !strings.Contains(got.out, "uploaded clips/a.txt: 1 B, id "+idA+"\n") {
		t.Errorf("got code %d, stdout %s", got.code, got.out)
	}
	for _, want := range []string{
		"error: clips/virus.exe: the extension is refused\n", "error: clips/empty.txt: it is empty: an upload has 1 byte at least\n",
		"error: clips/broken.txt: no such file or directory\n", "error: clips/below/self: too many levels of symbolic links\n",
		"error: clips/socket.txt: not a file: it is a device, a pipe or a socket\n", "error: missing.txt: no such file or directory\n",
		"error: *.nothing: no file matches this pattern\n", "error: 7 of 13 files were not uploaded\n",
	} {
		if !strings.Contains(got.err, want) {
			t.Errorf("got stderr %s, want %q in it", got.err, want)
		}
	}
	want := map[string]string{"a.txt": "a", "b.txt": "b", "two_lines.txt": "c", "back_slash.txt": "d", long: "e", "linked.txt": "i"}
	if diff := cmp.Diff(remote.stored, want); diff != "" {
		t.Errorf("stored (-got +want)\n%s", diff)
	}
	if calls := remote.called(); len(calls) != 1 {
		t.Errorf("got %d calls, want one for all: %q", len(calls), calls)
	}
}

func TestUploadPattern(t *testing.T) {
	remote := serveAPI(t)
	folder := inFolder(t)
	write(t, folder, "a.txt", "a")
	write(t, folder, "b.txt", "b")
	write(t, folder, "[c].txt", "c")
	run(t, "", "upload", "?.txt").done(t)
	run(t, "", "upload", "[c].txt").done(t)
	if diff := cmp.Diff(remote.stored, map[string]string{"a.txt": "a", "b.txt": "b", "[c].txt": "c"}); diff != "" {
		t.Errorf("stored (-got +want)\n%s", diff)
	}
}

// One file that cannot be read does not keep the others from being uploaded. It can be the superuser that runs this.
func TestUploadUnreadable(t *testing.T) {
	remote := serveAPI(t)
	folder := inFolder(t)
	write(t, folder, "a.txt", "a")
	write(t, folder, "locked.txt", "b")
	if err := os.Chmod("locked.txt", 0); err != nil {
		t.Fatal(err)
	}
	if _, err := os.ReadFile("locked.txt"); err == nil {
		t.Log("skipped: this user can read everything")
		return
	}
	got := run(t, "", "upload", folder)
	if got.code != 1 || !strings.Contains(got.err, "locked.txt: permission denied\n") || remote.stored["a.txt"] != "a" {
		t.Errorf("got %+v, stored %v", got, remote.stored)
	}
}

func TestUploadVerdicts(t *testing.T) {
	remote := serveAPI(t)
	folder := inFolder(t)
	write(t, folder, "a.mp4", "the bytes of a video")
	got := run(t, "", "upload", "a.mp4", "--wait", "--label=x", "--label=y")
	got.done(t)
	if want := "uploaded a.mp4: 20 B, id " + idA + ", ready\n"; got.out != want {
		t.Errorf("got %q, want %q", got.out, want)
	}
	want := []string{
		`POST /api/uploads application/json {"filename":"a.mp4","size":20}`, "GET /api/uploads/" + idA,
		"PATCH /api/uploads/" + idA + ` application/json {"labels":["x","y"]}`,
	}
	if diff := cmp.Diff(remote.called(), want); diff != "" {
		t.Errorf("requests (-got +want)\n%s", diff)
	}
	remote.uploads[2]["status"], remote.uploads[2]["reason"], remote.uploads[2]["detected"] = "rejected", "type_mismatch", "text/html"
	got = run(t, "", "upload", "a.mp4", "--wait", "--title=T", "--name=b.mp4")
	if got.code != 3 || got.err != "error: 1 of the uploads are rejected\n" || !strings.Contains(got.out, ", rejected: type_mismatch, its content is text/html\n") {
		t.Errorf("got %+v, want code 3", got)
	}
	if want := `POST /api/uploads application/json {"filename":"b.mp4","size":20,"title":"T"}`; remote.called()[0] != want {
		t.Errorf("want %s", want)
	}
	got = run(t, "", "upload", "a.mp4", "missing.mp4", "--wait", "--json")
	lines := strings.Split(strings.TrimSpace(got.out), "\n")
	var results []map[string]any
	for _, text := range lines {
		var result map[string]any
		if err := json.Unmarshal([]byte(text), &result); err != nil {
			t.Fatal(err)
		}
		results = append(results, result)
	}
	wantJSON := []map[string]any{
		{"file": "missing.mp4", "error": "no such file or directory"},
		{"file": "a.mp4", "id": idA, "size": 20.0, "status": "rejected", "reason": "type_mismatch"},
	}
	if diff := cmp.Diff(results, wantJSON); diff != "" || got.code != 1 {
		t.Errorf("code %d (-got +want)\n%s", got.code, diff)
	}
}

func TestUploadStdin(t *testing.T) {
	remote := serveAPI(t)
	inFolder(t)
	run(t, "from a pipe", "upload", "-", "--name=a.txt").done(t)
	run(t, "of a size", "upload", "-", "--name=b.txt", "--size=9").done(t)
	if diff := cmp.Diff(remote.stored, map[string]string{"a.txt": "from a pipe", "b.txt": "of a size"}); diff != "" {
		t.Errorf("stored (-got +want)\n%s", diff)
	}
	got := run(t, "of a size", "upload", "-", "--name=c.txt", "--size=10")
	if want := "error: -: it ends before the 10 bytes that were declared\n"; got.code != 1 || !strings.Contains(got.err, want) {
		t.Errorf("got %+v, want %q", got, want)
	}
	_ = os.Unsetenv("POSTERN_PASSWORD")
	run(t, password+"\n", "upload", "-", "--name=d.txt").refused(t, 2, "stdin holds the file: give the password in POSTERN_PASSWORD")
	if _, ok := remote.stored["d.txt"]; ok {
		t.Error("d.txt was uploaded")
	}
}

// Credentials that are refused end the run.
func TestUploadStops(t *testing.T) {
	remote := serveAPI(t)
	folder := inFolder(t)
	for _, name := range []string{"a.txt", "b.txt"} {
		write(t, folder, name, name)
	}
	t.Setenv("POSTERN_PASSWORD", "wrong")
	run(t, "", "upload", ".").refused(t, 1, "asking for grants: credentials are wrong")
	if calls := remote.called(); len(calls) != 1 {
		t.Errorf("got calls %q, want one", calls)
	}
}

func TestUploadWrongLines(t *testing.T) {
	remote := serveAPI(t)
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{}, `expected "<file> ..."`},
		{[]string{"a", "b", "--title=x"}, "--resume, --title and --name are for one file"},
		{[]string{"a", "b", "--resume=" + idA}, "are for one file"},
		{[]string{"a", "--resume=x"}, "not the id of an upload"},
		{[]string{"a", "--resume=" + idA, "--restart"}, "--restart and --resume exclude each other"},
		{[]string{"-", "a"}, "- (stdin) stands alone"},
		{[]string{"-"}, "stdin has no name: give --name"},
		{[]string{"-", "--name=a.txt", "--resume=" + idA}, "stdin cannot be resumed"},
		{[]string{"a", "--size=1"}, "--size is for - (stdin) alone"},
		{[]string{"-", "--name=a.txt", "--size=0"}, "--size is less than 1"},
		{[]string{"a", "--concurrency=0"}, "--concurrency must be 1 to 64"},
		{[]string{"a", "--concurrency=65"}, "--concurrency must be 1 to 64"},
		{[]string{"a", "--part-size=1MiB"}, "--part-size must be 5 MiB to 5 GiB"},
		{[]string{"a", "--part-size=6GiB"}, "--part-size must be 5 MiB to 5 GiB"},
		{[]string{"a", "--limit-rate=0"}, "--limit-rate is less than 1"},
		{[]string{"a", "--limit-rate=fast"}, "not a size"},
	} {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			run(t, "", append([]string{"upload"}, test.args...)...).refused(t, 2, test.want)
		})
	}
	if calls := remote.called(); calls != nil {
		t.Errorf("got calls %q, want none", calls)
	}
}

func TestLogin(t *testing.T) {
	remote := serveAPI(t)
	config := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", config)
	for _, variable := range []string{"POSTERN_URL", "POSTERN_USER", "POSTERN_PASSWORD"} {
		_ = os.Unsetenv(variable) // serveAPI restores them
	}
	run(t, "wrong\n", "login", "--url", remote.url, "--user", user).refused(t, 1, "logging in: credentials are wrong")
	file := filepath.Join(config, "postern", "profiles.json")
	if _, err := os.Stat(file); err == nil {
		t.Error("wrong credentials were saved")
	}
	run(t, password+"\n", "login", "--url", remote.url, "--user", user).done(t)
	run(t, password+"\n", "login", "work", "--url", remote.url, "--user", user).done(t)
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v, want mode 0600", info, err)
	}
	run(t, "", "list").done(t)
	run(t, "", "list", "--as=work").done(t)
	run(t, "", "list", "--url", remote.url).done(t)
	run(t, "", "list", "--user", user).done(t)
	run(t, "wrong\n", "list", "--user=b@example.com").refused(t, 1, "credentials are wrong")
	run(t, "", "list", "--as=nobody").refused(t, 2, `no profile "nobody" is saved: save it with postern login`)

	// What is saved for one address is not sent to another.
	var sent bool
	stranger := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, sent = r.Header["Authorization"]
		w.WriteHeader(http.StatusTeapot)
	}))
	run(t, "", "list", "--url", stranger.URL).refused(t, 2, "no user is named")
	run(t, "", "list", "--as=work", "--url", stranger.URL).refused(t, 2, `profile "work" is for another address`)
	if sent {
		t.Error("a stranger got the password")
	}
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, "", "list").refused(t, 1, "can be read by others: make it yours alone with chmod 600")
	if err := os.Chmod(file, 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, "", "logout").done(t)
	run(t, "", "logout").refused(t, 1, `no profile "default" is saved`)
	run(t, "", "list", "--as=work").done(t)
}

func TestNetrc(t *testing.T) {
	remote := serveAPI(t)
	for _, variable := range []string{"POSTERN_USER", "POSTERN_PASSWORD"} {
		_ = os.Unsetenv(variable)
	}
	file := filepath.Join(t.TempDir(), "netrc")
	t.Setenv("NETRC", file)
	for _, test := range []struct {
		name, text string
		args       []string
		want       string // empty: it works
	}{
		{"machine", "machine other.example password x\nmachine 127.0.0.1 login " + user + " password " + password, nil, ""},
		{"on lines", "machine 127.0.0.1\n  login " + user + "\n  password " + password + "\n", nil, ""},
		{"default", "default login " + user + " password " + password, nil, ""},
		{"after a macro", "macdef init\nmachine 127.0.0.1 login x password y\n\nmachine 127.0.0.1 login " + user + " password " + password, nil, ""},
		{"of two users", "machine 127.0.0.1 login b@example.com password x\nmachine 127.0.0.1 login " + user + " password " + password, []string{"--user", user}, ""},
		{"another machine", "machine 127.0.0.2 login " + user + " password " + password, nil, "no user is named"},
		{"no password", "machine 127.0.0.1 login " + user, nil, "no user is named"},
		{"cut off", "machine", nil, "no user is named"},
		{"empty", "", nil, "no user is named"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := os.WriteFile(file, []byte(test.text), 0o600); err != nil {
				t.Fatal(err)
			}
			got := run(t, "", append([]string{"list"}, test.args...)...)
			if test.want == "" {
				got.done(t)
			} else {
				got.refused(t, 2, test.want)
			}
		})
	}
	_ = remote
}

// A folder may change between the look at its files and their upload. What is no longer the file that was granted is an error
// of its own, and the others are uploaded.
func TestUploadFolderThatChanges(t *testing.T) {
	remote := serveAPI(t)
	folder := inFolder(t)
	for _, name := range []string{"stays.txt", "vanishes.txt", "grows.txt", "shrinks.txt", "folder.txt", "pipe.txt", "link.txt"} {
		write(t, folder, name, name)
	}
	changed := false
	remote.fault = func(_ http.ResponseWriter, r *http.Request) bool {
		if changed || r.Method != http.MethodPost {
			return false
		}
		changed = true
		for _, name := range []string{"vanishes.txt", "folder.txt", "pipe.txt", "link.txt"} {
			if err := os.Remove(name); err != nil {
				t.Error(err)
			}
		}
		write(t, folder, "appears.txt", "not looked for")
		if err := errors.Join(os.Truncate("grows.txt", 50), os.Truncate("shrinks.txt", 1), os.Mkdir("folder.txt", 0o700),
			unix.Mkfifo("pipe.txt", 0o600), os.Symlink("link.txt", "link.txt")); err != nil {
			t.Error(err)
		}
		return false
	}
	got := run(t, "", "upload", folder)
	for _, want := range []string{
		"/vanishes.txt: no such file or directory\n", "/grows.txt: the file has changed: it has 50 bytes, and was declared with 9\n",
		"/shrinks.txt: the file has changed: it has 1 bytes, and was declared with 11\n", "/link.txt: too many levels of symbolic links\n",
		"/folder.txt: it is no longer a file: it has become a folder, a device, a pipe or a socket\n",
		"/pipe.txt: it is no longer a file: it has become a folder, a device, a pipe or a socket\n", "error: 6 of 7 files were not uploaded\n",
	} {
		if !strings.Contains(got.err, want) {
			t.Errorf("got stderr %s, want %q in it", got.err, want)
		}
	}
	if diff := cmp.Diff(remote.stored, map[string]string{"stays.txt": "stays.txt"}); diff != "" || got.code != 1 {
		t.Errorf("code %d, stored (-got +want)\n%s", got.code, diff)
	}
}

// Where no terminal shows a bar, a line now and then says how far it is.
func TestPlainProgress(t *testing.T) {
	remote := serveAPI(t)
	folder := inFolder(t)
	postern.NoticeAlways(t)
	write(t, folder, "a.txt", "some text")
	got := run(t, "", "upload", "a.txt")
	if got.code != 0 || !strings.HasPrefix(got.err, "9 B of 9 B, ") || !strings.HasSuffix(got.err, "/s\n") || remote.stored["a.txt"] != "some text" {
		t.Errorf("got %+v, want a line of progress", got)
	}
	if got := run(t, "", "upload", "a.txt", "--json"); got.err != "" {
		t.Errorf("with --json: stderr %q, want none", got.err)
	}
}
