package main_test

import (
	"encoding/base64"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A lambdaFunction is Lambda with the functions of stage prod, each of which answers with its event.
type lambdaFunction struct {
	fails, denies bool
	invoked       string
}

func (l *lambdaFunction) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if l.denies {
		w.Header().Set("X-Amzn-Errortype", "AccessDeniedException")
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `{"Message": "no"}`)
		return
	}
	event, _ := io.ReadAll(r.Body)
	l.invoked = r.URL.Path
	if l.fails {
		w.Header().Set("X-Amz-Function-Error", "Unhandled")
	}
	if r.Header.Get("X-Amz-Log-Type") == "Tail" {
		w.Header().Set("X-Amz-Log-Result", base64.StdEncoding.EncodeToString([]byte("a logged line\n")))
	}
	_, _ = w.Write(event)
}

func (l *lambdaFunction) start(t *testing.T) {
	t.Helper()
	(&deployedStage{}).start(t)
	t.Setenv("AWS_ENDPOINT_URL_LAMBDA", serve(t, signed(l)).URL)
}

func TestInvoke(t *testing.T) {
	l := &lambdaFunction{}
	l.start(t)
	file := filepath.Join(t.TempDir(), "event.json")
	if err := os.WriteFile(file, []byte(`{"from":"a file"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, stdin string
		args        []string
		want        string
	}{
		{"nothing", "", nil, "{}\n"},
		{"file", "", []string{"--event", file}, `{"from":"a file"}` + "\n"},
		{"stdin", `{"from":"stdin"}`, []string{"--event=-"}, `{"from":"stdin"}` + "\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := run(t, test.stdin, append([]string{"invoke", "--stage=prod", "Presign", "--yes"}, test.args...)...)
			if got.code != 0 || got.out != test.want || got.err != "a logged line\n" {
				t.Errorf("got %d, %q, %q, want %q and the logged line", got.code, got.out, got.err, test.want)
			}
			if !strings.Contains(l.invoked, "/functions/presign-function/invocations") {
				t.Errorf("got %q, want presign-function", l.invoked)
			}
		})
	}
}

func TestInvokeRefused(t *testing.T) {
	l := &lambdaFunction{}
	l.start(t)
	invoke := func(stdin string, args ...string) result {
		return run(t, stdin, append([]string{"invoke", "--stage=prod"}, args...)...)
	}
	invoke("", "presign").refused(t, 2, "say --yes")
	invoke("", "nosuch", "--yes").refused(t, 2, `no function "nosuch" in stack Postern-prod: must be one of presign`)
	invoke("{", "presign", "--yes", "--event=-").refused(t, 1, "the event must be JSON")
	invoke("", "presign", "--yes", "--event=/nonexistent").refused(t, 1, "opening the event")
	run(t, "", "invoke", "--stage=local", "presign", "--yes").refused(t, 2, "the local run's functions are invoked by its API")
	if l.invoked != "" {
		t.Errorf("got %q, want no invocation", l.invoked)
	}
	l.fails = true
	if got := invoke("", "presign", "--yes"); got.code != 1 || got.out != "{}\n" || !strings.Contains(got.err, "error: function presign failed") {
		t.Errorf("got %+v, want the answer, and that the function failed", got)
	}
	l.denies = true
	invoke("", "presign", "--yes").refused(t, 1, "AWS does not let these credentials call Invoke of Lambda")
}
