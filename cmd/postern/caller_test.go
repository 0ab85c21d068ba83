package main_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// writeLocalOutputs writes the outputs of a local run whose API is at an address.
func writeLocalOutputs(t *testing.T, url string) {
	t.Helper()
	data := t.TempDir()
	t.Setenv("DATA", data)
	write(t, data, "outputs.json", fmt.Sprintf(`{"Postern-local": {"ApiUrl": %q}}`, url))
}

// Which API is called: that of --url, else of the stage that is named, else of POSTERN_URL, else of the local run.
func TestAddress(t *testing.T) {
	servers := map[string]*apiServer{}
	for _, name := range []string{"flag", "local", "environment", "dev"} {
		servers[name] = serveAPI(t)
	}
	setAWS(t, cloudFormation(t, http.StatusOK, stacks(map[string]string{"ApiUrl": servers["dev"].url})))
	writeLocalOutputs(t, servers["local"].url)
	for _, test := range []struct {
		environment string
		args        []string
		want        string
	}{
		{servers["environment"].url, []string{"--stage=local", "--url", servers["flag"].url}, "flag"},
		{servers["environment"].url, []string{"--url", strings.TrimSuffix(servers["flag"].url, "/")}, "flag"},
		{servers["environment"].url, []string{"--stage=local"}, "local"},
		{servers["environment"].url, []string{"--stage=dev"}, "dev"},
		{servers["environment"].url, nil, "environment"},
		{strings.Replace(servers["environment"].url, "127.0.0.1", "localhost", 1), nil, "environment"},
		{"", nil, "local"},
	} {
		t.Setenv("POSTERN_URL", test.environment)
		run(t, "", append([]string{"list"}, test.args...)...).done(t)
		for name, server := range servers {
			if called := server.called() != nil; called != (name == test.want) {
				t.Errorf("%q with POSTERN_URL %q: %s is called: %t", test.args, test.environment, name, called)
			}
		}
	}
}

// What a local run left behind that was killed is not called.
func TestLocalRunThatWasKilled(t *testing.T) {
	remote := serveAPI(t)
	t.Setenv("POSTERN_URL", "")
	writeLocalOutputs(t, strings.TrimSuffix(remote.url, "/api/")+"/no-api/")
	run(t, "", "list").refused(t, 2, "which stage? No local run answers")
	writeLocalOutputs(t, "http://127.0.0.1:1/api/")
	run(t, "", "list").refused(t, 2, "which stage? No local run answers")
	writeLocalOutputs(t, remote.url)
	run(t, "", "list").done(t)
}

func TestAddressesThatAreRefused(t *testing.T) {
	serveAPI(t)
	for _, url := range []string{
		"", "example.com/api", "//example.com/api", "ftp://example.com/", "https:///api", "https:example.com",
		"http://example.com/api/", "http://127.0.0.1.example.com/", "http://localhost.example.com/", "http://10.0.0.1/", "http://[::2]/", "http://0.0.0.0/",
		"https://ann:" + password + "@example.com/api/", "https://example.com/?x", "https://example.com/?", "https://example.com/#x",
		"https://exa mple.com/", "https://example.com/%zz",
	} {
		run(t, "", "list", "--url="+url).refused(t, 2, "--url: not the address of an API: must be https://")
		if url != "" {
			t.Setenv("POSTERN_URL", url)
			run(t, "", "list").refused(t, 2, "POSTERN_URL: not the address of an API: must be https://")
		}
	}
	writeLocalOutputs(t, "http://example.com/api/")
	run(t, "", "list", "--stage=local").refused(t, 1, "reading the output ApiUrl of stage local: not the address")
	writeLocalOutputs(t, "")
	run(t, "", "list", "--stage=local").refused(t, 1, "finding stage local: the stack lacks the output ApiUrl: deploy it anew")
	t.Setenv("DATA", t.TempDir())
	run(t, "", "list", "--stage=local").refused(t, 1, "no local run has started in folder")
}

// A host that does not answer is named, and nothing else of the request.
func TestUnreachableAPI(t *testing.T) {
	remote := serveAPI(t)
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	t.Setenv("POSTERN_URL", server.URL+"/api/")
	got := run(t, "", "list", "--mail=planted@example.com")
	got.refused(t, 1, "listing uploads: calling "+strings.TrimPrefix(server.URL, "http://")+": dial tcp")
	if strings.Contains(got.err, "limit=") || strings.Contains(got.err, "planted") {
		t.Errorf("the error holds the query: %s", got.err)
	}
	t.Setenv("POSTERN_URL", strings.Replace(remote.url, "http://", "https://", 1))
	run(t, "", "list").refused(t, 1, "server gave HTTP response to HTTPS client")
}

func TestCredentials(t *testing.T) {
	remote := serveAPI(t)
	set := func(name, user, password string) {
		t.Helper()
		t.Setenv("POSTERN_USER", user)
		t.Setenv("POSTERN_PASSWORD", password)
		for variable, value := range map[string]string{"POSTERN_USER": user, "POSTERN_PASSWORD": password} {
			if value == "" {
				_ = os.Unsetenv(variable)
			}
		}
		t.Log(name)
	}
	set("password from stdin", user, "")
	run(t, password+"\r\nanother line\n", "list").done(t)
	run(t, "wrong\n", "list").refused(t, 1, "listing uploads: credentials are wrong")
	for _, input := range []string{"", "\n", "a\x00b\n", strings.Repeat("x", 1<<20)} {
		run(t, input, "list").refused(t, 1, "reading the password from POSTERN_PASSWORD, a terminal or stdin: not a password")
	}
	set("password from the environment, not from stdin", user, password)
	run(t, "wrong\n", "list").done(t)
	set("flag before environment", "other@example.com", password)
	run(t, "", "list").refused(t, 1, "credentials are wrong")
	run(t, "", "list", "--user=ANN@example.com").done(t)
	set("nobody", "", password)
	run(t, "", "list").refused(t, 2, "no user is named: name one with --user or POSTERN_USER")

	// The local run has a known user, for whom nothing is asked; another one's password is.
	var authorization string
	remote.fault = func(w http.ResponseWriter, r *http.Request) bool {
		name, secret, _ := r.BasicAuth()
		authorization = name + ":" + secret
		answer(w, map[string]any{"uploads": []any{}})
		return true
	}
	writeLocalOutputs(t, remote.url)
	local(t, "", "list").done(t)
	if want := "demo@example.com:demo-password"; authorization != want {
		t.Errorf("got %q, want %q", authorization, want)
	}
	set("another user of the local run", "", "")
	local(t, password+"\n", "list", "--user=b@example.com").done(t)
	if want := "b@example.com:" + password; authorization != want {
		t.Errorf("got %q, want %q", authorization, want)
	}
	run(t, "", "list", "--url", remote.url).refused(t, 2, "no user is named")
	run(t, "", "--stage=local", "list", "--url", remote.url).refused(t, 2, "no user is named")
}

func TestCallersWrongLines(t *testing.T) {
	remote := serveAPI(t)
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"list", "--limit=0"}, "--limit is less than 1"},
		{[]string{"list", "--limit=-1"}, "--limit"},
		{[]string{"list", "--limit=x"}, "--limit"},
		{[]string{"list", "--status=deleted"}, "--status must be one of"},
		{[]string{"list", "--user=ann"}, "not a mail address"},
		{[]string{"list", "--mail=ann"}, "not a mail address"},
		{[]string{"list", "--subject="}, "not a subject: must be 1 to 128 printable ASCII characters"},
		{[]string{"list", "--subject=" + strings.Repeat("a", 129)}, "not a subject"},
		{[]string{"list", "--subject=a", "--mail=ann@example.com"}, "can't be used together"},
		{[]string{"list", "--password=" + password}, "unknown flag --password"},
		{[]string{"list", password}, "unexpected argument: a password is never one"},
		{[]string{"show"}, `expected "<id>"`},
		{[]string{"show", "x.mp4"}, "not the id of an upload"},
		{[]string{"show", "../" + idA}, "not the id of an upload"},
		{[]string{"show", idA + "\n"}, "not the id of an upload"},
		{[]string{"show", strings.ToUpper(idA)}, "not the id of an upload"},
		{[]string{"show", idA, password}, "unexpected argument: a password is never one"},
		{[]string{"describe", idA}, "nothing to change: name --title, --description, --label or --no-labels"},
		{[]string{"describe", idA, "--if-version=1"}, "nothing to change"},
		{[]string{"describe", idA, "--label=a", "--no-labels"}, "--label and --no-labels exclude each other"},
		{[]string{"describe", idA, "--title=a", "--if-version=x"}, "--if-version"},
		{[]string{"rm", "--yes"}, `expected "<id> ..."`},
		{[]string{"rm", idA, "usage", "--yes"}, "not the id of an upload"},
		{[]string{"get"}, `expected "<id>"`},
		{[]string{"reconcile", "--folder="}, "--folder is not a folder"},
		{[]string{"reconcile", "--folder=a/b"}, "--folder is not a folder"},
		{[]string{"reconcile", "--after="}, "--after is empty"},
		{[]string{"reconcile", "--user=ann@example.com"}, "unknown flag --user"},
	} {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			run(t, "", test.args...).refused(t, 2, test.want)
		})
	}
	if diff := cmp.Diff(remote.called(), []string(nil)); diff != "" {
		t.Errorf("requests (-got +want)\n%s", diff)
	}
}
