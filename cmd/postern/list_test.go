package main_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
)

const listed = "ID                                    STATUS                   SIZE     CREATED               NAME\n" +
	idC + "  waiting                  -        2026-11-03 10:00:00Z  \n" +
	idB + "  rejected: type_mismatch  1.5 KiB  2026-11-02 10:00:00Z  b.pdf\n" +
	idA + "  ready                    20 B     2026-11-01 10:00:00Z  Intro & <more>\n"

func TestListUploads(t *testing.T) {
	remote := serveAPI(t)
	got := run(t, "", "list")
	got.done(t)
	if diff := cmp.Diff(got.out, listed); diff != "" {
		t.Errorf("table (-got +want)\n%s", diff)
	}
	want := []string{"GET /api/uploads limit=50", "GET /api/uploads cursor=2&limit=48"}
	if diff := cmp.Diff(remote.called(), want); diff != "" {
		t.Errorf("requests (-got +want)\n%s", diff)
	}
}

func TestListFilters(t *testing.T) {
	remote := serveAPI(t)
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
		{[]string{"--context=order 7"}, []string{"GET /api/uploads context=order+7&limit=50", "GET /api/uploads context=order+7&cursor=2&limit=48"}, ""},
		{[]string{"--subject=auth0|B"}, []string{"GET /api/uploads limit=50&subject=auth0%7CB", "GET /api/uploads cursor=2&limit=48&subject=auth0%7CB"}, ""},
		{[]string{"--mail=Other+b@example.com"}, []string{"GET /api/uploads limit=50&mail=other%2Bb%40example.com", "GET /api/uploads cursor=2&limit=48&mail=other%2Bb%40example.com"}, ""},
	} {
		got := run(t, "", append([]string{"list"}, test.args...)...)
		if got.code != 0 || got.err != test.err {
			t.Errorf("%q: got code %d, stderr %q, want success and %q", test.args, got.code, got.err, test.err)
		}
		if diff := cmp.Diff(remote.called(), test.want); diff != "" {
			t.Errorf("%q: requests (-got +want)\n%s", test.args, diff)
		}
	}
}

func TestListJSON(t *testing.T) {
	remote := serveAPI(t)
	got := run(t, "", "list", "--json")
	got.done(t)
	var uploads []map[string]any
	if err := json.Unmarshal([]byte(got.out), &uploads); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(plainJSON(t, uploads), plainJSON(t, remote.uploads)); diff != "" {
		t.Errorf("uploads (-got +want)\n%s", diff)
	}
	remote.uploads = []map[string]any{}
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
	remote := serveAPI(t)
	remote.uploads = []map[string]any{{
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

// JSON for programs may end at a terminal too. Its value stays what the API answered.
func TestJSONIsHarmless(t *testing.T) {
	remote := serveAPI(t)
	const title = "a\u009b31m\u202eb\x7f\u2066\u2028\U000e0041 été\u3000👩\u200d💻"
	remote.uploads = []map[string]any{{"id": idA, "title": title, "\u009b": 1, "createdAt": "2026-11-01T10:00:00Z"}}
	for _, args := range [][]string{{"list", "--json"}, {"show", "--json", idA}} {
		got := run(t, "", args...)
		got.done(t)
		if want := `"title": "a\u009b31m\u202eb\u007f\u2066\u2028\udb40\udc41 été　👩\u200d💻"`; !strings.Contains(got.out, want) {
			t.Errorf("%q: got %+q, want it to have %+q", args, got.out, want)
		}
		if strings.ContainsFunc(got.out, func(r rune) bool { return r != '\n' && !unicode.IsGraphic(r) }) {
			t.Errorf("%q: got %+q, want nothing that steers", args, got.out)
		}
		var value any = &[]map[string]any{}
		want := any(&remote.uploads)
		if args[0] == "show" {
			value, want = &map[string]any{}, &remote.uploads[0]
		}
		if err := json.Unmarshal([]byte(got.out), value); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(plainJSON(t, value), plainJSON(t, want)); diff != "" {
			t.Errorf("%q: value (-got +want)\n%s", args, diff)
		}
	}
}

// Pages may be empty, and the upload that is looked for far down. After one that is empty, a page is asked for in full.
func TestListPassesEmptyPages(t *testing.T) {
	remote := serveAPI(t)
	const empty = 1500
	pages := 0
	remote.fault = func(w http.ResponseWriter, _ *http.Request) bool {
		page := map[string]any{"uploads": []any{}, "cursor": strconv.Itoa(pages)}
		if pages == empty {
			page = map[string]any{"uploads": remote.uploads}
		}
		pages++
		answer(w, page)
		return true
	}
	got := run(t, "", "list", "--limit=2")
	if got.code != 0 || got.err != "there may be more: see them with a higher --limit or --all\n" {
		t.Errorf("got code %d, stderr %q, want success and more", got.code, got.err)
	}
	if want, _, _ := strings.Cut(listed, idA); got.out != want {
		t.Errorf("got %q, want %q", got.out, want)
	}
	want := []string{"GET /api/uploads limit=2", "GET /api/uploads cursor=0&limit=100"}
	if diff := cmp.Diff(remote.called()[:2], want); diff != "" {
		t.Errorf("requests (-got +want)\n%s", diff)
	}
}

// A server cannot keep the command busy for ever with pages that bring nothing, or nothing new.
func TestListEnds(t *testing.T) {
	for _, test := range []struct {
		name, uploads, want string
	}{
		{"nothing", `[]`, "answers 10000 pages in a row without an upload"},
		{"nothing new", `[{"id":"` + idA + `"}]`, "something else than a page of uploads"},
	} {
		t.Run(test.name, func(t *testing.T) {
			remote := serveAPI(t)
			pages := 0
			remote.fault = func(w http.ResponseWriter, _ *http.Request) bool {
				if pages++; pages > 20_000 {
					refuse(w, http.StatusTeapot, "enough")
					return true
				}
				_, _ = fmt.Fprintf(w, `{"uploads":%s,"cursor":"%d"}`, test.uploads, pages)
				return true
			}
			run(t, "", "list", "--all").refused(t, 1, test.want)
		})
	}
}

func TestStrangeAnswers(t *testing.T) {
	const notTheAPI = "and not as this API does: is it the API's address?"
	for _, test := range []struct {
		name   string
		status int
		body   string
		want   string
	}{
		{"HTML", http.StatusOK, "<!DOCTYPE html><title>Welcome</title>", "answers 200 OK, " + notTheAPI},
		{"HTML of an error", http.StatusBadGateway, "<html>\x1b[2J</html>", "answers 502 Bad Gateway, " + notTheAPI},
		{"no body", http.StatusForbidden, "", "answers 403 Forbidden, " + notTheAPI},
		{"error without a message", http.StatusForbidden, "{}", "answers 403 Forbidden, " + notTheAPI},
		{"redirect", http.StatusFound, "", "answers 302 Found, " + notTheAPI},
		{"other JSON", http.StatusOK, "[]", "answers 200 OK, " + notTheAPI},
		{"other object", http.StatusOK, "{}", "something else than a page of uploads"},
		{"two values", http.StatusOK, `{"uploads":[]}{}`, "answers 200 OK, " + notTheAPI},
		{"a path for an id", http.StatusOK, `{"uploads":[{"id":"../x.mp4"}]}`, "answers 200 OK, " + notTheAPI},
		{"no id", http.StatusOK, `{"uploads":[{"status":"ready"}]}`, "answers 200 OK, " + notTheAPI},
		{"message that steers", http.StatusConflict, `{"message":"a\u001b[2Jb"}`, "listing uploads: a�[2Jb"},
		{"denied by API Gateway", http.StatusForbidden, `{"Message":"denied"}`, "listing uploads: denied"},
		{"same page for ever", http.StatusOK, `{"uploads":[],"cursor":"x"}`, "something else than a page of uploads"},
		{"negative size", http.StatusOK, `{"uploads":[{"id":"` + idA + `","size":-5}]}`, "answers 200 OK, " + notTheAPI},
		{"not the newest first", http.StatusOK, `{"uploads":[{"id":"` + idA + `"},{"id":"` + idB + `"}]}`, "something else than a page of uploads"},
		{"one twice", http.StatusOK, `{"uploads":[{"id":"` + idA + `"},{"id":"` + idA + `"}]}`, "something else than a page of uploads"},
		{"more than asked for", http.StatusOK, `{"uploads":[{"id":"` + idC + `"},{"id":"` + idB + `"},{"id":"` + idA + `"}]}`, "something else than a page of uploads"},
	} {
		t.Run(test.name, func(t *testing.T) {
			remote := serveAPI(t)
			remote.fault = func(w http.ResponseWriter, _ *http.Request) bool {
				w.Header().Set("Location", "/api/uploads")
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.body)
				return true
			}
			run(t, "", "list", "--limit=2").refused(t, 1, test.want)
		})
	}
}
