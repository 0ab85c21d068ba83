package curl_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postern/local/demo/curl"
)

// odd are words that shells and curl's -F like to give a meaning to.
var odd = []string{
	"intro.mp4", "two words.mp4", "it's.mp4", `say "hi".mp4`, `back\slash.mp4`, "a,b;c.mp4", "a;type=text",
	"$HOME `id` $(id)", "*?[a].mp4", "~", "#1 & more | < > !.mp4", "é ü 日本.mp4", "\xff\xfe.mp4", "line\nbreak.mp4",
	"tab\t.mp4", "@file", "<file", "-x", "a=b", "''", "%{http_code}", "{a,b}",
}

func TestMain(m *testing.M) {
	if _, err := exec.LookPath("curl"); err != nil {
		fmt.Println("skipped: curl is not installed")
		return
	}
	os.Exit(m.Run())
}

func TestString(t *testing.T) {
	command := curl.Upload("http://127.0.0.1:9000/bucket", map[string]string{
		"key":     "videos/0a/1.mp4",
		"tagging": "<Tagging><TagSet/></Tagging>",
	}, "my intro.mp4")
	want := `curl -sS -w '%{http_code}\n' \
  --form-string 'key=videos/0a/1.mp4' \
  --form-string 'tagging=<Tagging><TagSet/></Tagging>' \
  -F 'file=@"my intro.mp4"' \
  http://127.0.0.1:9000/bucket`
	if diff := cmp.Diff(command.String(), want); diff != "" {
		t.Errorf("upload (-got +want):\n%s", diff)
	}
	got := curl.Get("demo@example.com:demo-password", "http://127.0.0.1:8080/api/presignedurl?mail=demo@example.com").String()
	want = `curl -sS -u demo@example.com:demo-password 'http://127.0.0.1:8080/api/presignedurl?mail=demo@example.com'`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestStringInShell gives printed commands to a shell, whose curl prints the words that reach it.
func TestStringInShell(t *testing.T) {
	for _, word := range append(odd, "", `ends in\`) {
		for _, command := range []curl.Command{
			curl.Get(word, word),
			curl.Upload("http://h/"+word, map[string]string{"a": word, "b" + word: "1"}, word),
		} {
			script := `curl() { printf '%s\0' curl "$@"; }` + "\n" + command.String()
			output, err := exec.CommandContext(t.Context(), "sh", "-c", script).CombinedOutput()
			if err != nil {
				t.Errorf("%q: %v\n%s\n%s", word, err, script, output)
			}
			got := strings.Split(strings.TrimSuffix(string(output), "\x00"), "\x00")
			if diff := cmp.Diff(got, command.Args()); diff != "" {
				t.Errorf("%q (-got +want):\n%s", word, diff)
			}
		}
	}
}

// A part is a form's field as it arrived.
type part struct{ Name, Content string }

// TestRunUpload uploads files with odd names and field values by the real curl.
func TestRunUpload(t *testing.T) {
	received := make(chan []part, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		form, err := r.MultipartReader()
		if err != nil {
			t.Error(err)
			return
		}
		var parts []part
		for {
			p, err := form.NextPart()
			if err != nil {
				break
			}
			content, _ := io.ReadAll(p)
			parts = append(parts, part{p.FormName(), string(content)})
		}
		received <- parts
		w.WriteHeader(http.StatusNoContent)
	}))
	defer server.Close()
	for _, word := range odd {
		path := filepath.Join(t.TempDir(), word)
		if err := os.WriteFile(path, []byte("content of "+word), 0o600); err != nil {
			t.Fatal(err)
		}
		command := curl.Upload(server.URL+"/bucket", map[string]string{"key": word, "z": "@" + path}, path)
		output, err := command.Run(t.Context())
		if got, want := string(output), "204\n"; err != nil || got != want {
			t.Fatalf("%q: output %q, error %v, want %q", word, got, err, want)
		}
		parts := <-received
		want := []part{{"key", word}, {"z", "@" + path}, {"file", "content of " + word}}
		if diff := cmp.Diff(parts, want); diff != "" {
			t.Errorf("%q: parts (-got +want):\n%s", word, diff)
		}
	}
}

// TestRunBehindProxy holds that an address of this machine is reached when the environment names a proxy.
func TestRunBehindProxy(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		_, _ = io.WriteString(w, user+" "+password+" "+r.RequestURI)
	}))
	defer server.Close()
	t.Setenv("http_proxy", "http://127.0.0.1:1")
	output, err := curl.Get("me@x.com:a:b", server.URL+"/?mail=a%2Bb").Run(t.Context())
	if got, want := string(output), "me@x.com a:b /?mail=a%2Bb"; err != nil || got != want {
		t.Errorf("got %q, error %v, want %q", got, err, want)
	}
}

func TestRunFails(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	_, err := curl.Get("a:b", server.URL).Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "curl: (7)") {
		t.Errorf("error %v, want curl's own", err)
	}
}
