package main_test

import (
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const listed = "ID                                    STATUS    SIZE     CREATED               NAME\n" +
	idC + "  waiting   -        2026-11-03 10:00:00Z  \n" +
	idB + "  rejected  1.5 KiB  2026-11-02 10:00:00Z  b.pdf\n" +
	idA + "  ready     20 B     2026-11-01 10:00:00Z  Intro & <more>\n"

func TestListUploads(t *testing.T) {
	api := serveAPI(t)
	got := run(t, "", "list")
	got.done(t)
	if diff := cmp.Diff(got.out, listed); diff != "" {
		t.Errorf("table (-got +want)\n%s", diff)
	}
	want := []string{"GET /api/uploads limit=50", "GET /api/uploads cursor=2&limit=48"}
	if diff := cmp.Diff(api.called(), want); diff != "" {
		t.Errorf("requests (-got +want)\n%s", diff)
	}
}

func TestListFilters(t *testing.T) {
	api := serveAPI(t)
	for _, test := range []struct {
		args []string
		want []string
		err  string
	}{
		{[]string{"--limit=1"}, []string{"GET /api/uploads limit=1"}, "there may be more: see them with a higher --limit or --all\n"},
		{[]string{"--limit=3"}, []string{"GET /api/uploads limit=3", "GET /api/uploads cursor=2&limit=1"}, ""},
		{[]string{"--limit=1000"}, []string{"GET /api/uploads limit=100", "GET /api/uploads cursor=2&limit=100"}, ""},
		{[]string{"--all"}, []string{"GET /api/uploads limit=100", "GET /api/uploads cursor=2&limit=100"}, ""},
		{[]string{"--status=ready"}, []string{"GET /api/uploads limit=50&status=ready"}, ""},
		{[]string{"--mail=Other+b@example.com"}, []string{"GET /api/uploads limit=50&mail=other%2Bb%40example.com", "GET /api/uploads cursor=2&limit=48&mail=other%2Bb%40example.com"}, ""},
	} {
		got := run(t, "", append([]string{"list"}, test.args...)...)
		if got.code != 0 || got.err != test.err {
			t.Errorf("%q: got code %d, stderr %q, want success and %q", test.args, got.code, got.err, test.err)
		}
		if diff := cmp.Diff(api.called(), test.want); diff != "" {
			t.Errorf("%q: requests (-got +want)\n%s", test.args, diff)
		}
	}
}

func TestListJSON(t *testing.T) {
	api := serveAPI(t)
	got := run(t, "", "list", "--json")
	got.done(t)
	var uploads []map[string]any
	if err := json.Unmarshal([]byte(got.out), &uploads); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(plainJSON(t, uploads), plainJSON(t, api.uploads)); diff != "" {
		t.Errorf("uploads (-got +want)\n%s", diff)
	}
	api.uploads = []map[string]any{}
	if got := run(t, "", "list", "--json"); got.out != "[]\n" {
		t.Errorf("got %q for no uploads, want []", got.out)
	}
}

// plainJSON is a value as JSON has it.
func plainJSON(t *testing.T, value any) (plain any) {
	t.Helper()
	text, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(text, &plain)
	}
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

// What others wrote can neither steer the terminal nor turn a line around.
func TestListIsHarmless(t *testing.T) {
	api := serveAPI(t)
	api.uploads = []map[string]any{{
		"id": idA, "status": "ready\x1b[2J", "title": "a\x1b]0;x\x07\tb\nc\u202etxt.\u2066\u009b été\u3000👩\u200d💻", "size": 1, "createdAt": "2026-11-01T10:00:00Z",
	}}
	got := run(t, "", "list")
	got.done(t)
	want := "ID                                    STATUS     SIZE  CREATED               NAME\n" +
		idA + "  ready�[2J  1 B   2026-11-01 10:00:00Z  a�]0;x��b�c�txt.�� été\u3000👩\u200d💻\n"
	if diff := cmp.Diff(got.out, want); diff != "" {
		t.Errorf("table (-got +want)\n%s", diff)
	}
}

func TestStrangeAnswers(t *testing.T) {
	const strange = "and not as this API does: is it the API's address?"
	for _, test := range []struct {
		name   string
		status int
		body   string
		want   string
	}{
		{"HTML", http.StatusOK, "<!DOCTYPE html><title>Welcome</title>", "answers 200 OK, " + strange},
		{"HTML of an error", http.StatusBadGateway, "<html>\x1b[2J</html>", "answers 502 Bad Gateway, " + strange},
		{"no body", http.StatusForbidden, "", "answers 403 Forbidden, " + strange},
		{"error without a message", http.StatusForbidden, "{}", "answers 403 Forbidden, " + strange},
		{"redirect", http.StatusFound, "", "answers 302 Found, " + strange},
		{"other JSON", http.StatusOK, "[]", "answers 200 OK, " + strange},
		{"other object", http.StatusOK, "{}", "something else than a page of uploads"},
		{"two values", http.StatusOK, `{"uploads":[]}{}`, "answers 200 OK, " + strange},
		{"a path for an id", http.StatusOK, `{"uploads":[{"id":"../x.mp4"}]}`, "answers 200 OK, " + strange},
		{"no id", http.StatusOK, `{"uploads":[{"status":"ready"}]}`, "answers 200 OK, " + strange},
		{"message that steers", http.StatusConflict, `{"message":"a\u001b[2Jb"}`, "listing uploads: a�[2Jb"},
		{"denied by API Gateway", http.StatusForbidden, `{"Message":"denied"}`, "listing uploads: denied"},
		{"same page for ever", http.StatusOK, `{"uploads":[],"cursor":"x"}`, "something else than a page of uploads"},
		{"more than asked for", http.StatusOK, `{"uploads":[{"id":"` + idA + `"},{"id":"` + idB + `"},{"id":"` + idC + `"}]}`, "something else than a page of uploads"},
	} {
		t.Run(test.name, func(t *testing.T) {
			api := serveAPI(t)
			api.fault = func(w http.ResponseWriter, _ *http.Request) bool {
				w.Header().Set("Location", "/api/uploads")
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.body)
				return true
			}
			run(t, "", "list", "--limit=2").refused(t, 1, test.want)
		})
	}
}
