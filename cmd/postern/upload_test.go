package main_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestShow(t *testing.T) {
	remote := serveAPI(t)
	remote.uploads[2]["description"] = "first\nsecond\twith a tab\x1b[2J"
	got := run(t, "", "show", idA)
	got.done(t)
	want := "id           " + idA + "\n" +
		"status       ready\n" +
		"title        Intro & <more>\n" +
		"file name    a.mp4\n" +
		"type         video/mp4\n" +
		"size         20 B (20 bytes)\n" +
		"SHA-256      " + checksum(remote.file) + "\n" +
		"labels       a\n" +
		"             b\n" +
		"created      2026-11-01 10:00:00Z\n" +
		"version      2\n" +
		"description  first\n" +
		"             second with a tab�[2J\n"
	if diff := cmp.Diff(got.out, want); diff != "" {
		t.Errorf("-got +want\n%s", diff)
	}
	remote.uploads[1]["detected"] = "text/html"
	got = run(t, "", "show", idB)
	got.done(t)
	for _, want := range []string{"reason     type_mismatch\n", "type       application/pdf\ndetected   text/html\n"} {
		if !strings.Contains(got.out, want) {
			t.Errorf("got %q, want %q in it", got.out, want)
		}
	}
	remote.uploads[2]["detected"] = "video/mp4" // the type itself, which is not said twice
	if got := run(t, "", "show", idA); strings.Contains(got.out, "detected") {
		t.Errorf("got %q, want nothing detected in it", got.out)
	}
	remote.called()

	got = run(t, "", "show", idA, "--json", "--mail=b@example.com")
	got.done(t)
	var shown map[string]any
	if err := json.Unmarshal([]byte(got.out), &shown); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(plainJSON(t, shown), plainJSON(t, remote.uploads[2])); diff != "" {
		t.Errorf("JSON (-got +want)\n%s", diff)
	}
	if diff := cmp.Diff(remote.called(), []string{"GET /api/uploads/" + idA + " mail=b%40example.com"}); diff != "" {
		t.Errorf("requests (-got +want)\n%s", diff)
	}
}

func TestShowRefuses(t *testing.T) {
	remote := serveAPI(t)
	run(t, "", "show", unknownID).refused(t, 1, `asking for upload `+unknownID+`: there is no upload "`+unknownID+`"`)
	t.Setenv("POSTERN_PASSWORD", "wrong")
	run(t, "", "show", idA).refused(t, 1, "asking for upload "+idA+": credentials are wrong")
	t.Setenv("POSTERN_PASSWORD", password)
	remote.fault = func(w http.ResponseWriter, _ *http.Request) bool {
		answer(w, remote.uploads[0])
		return true
	}
	run(t, "", "show", idA).refused(t, 1, "answers with another")
}

func TestDescribe(t *testing.T) {
	remote := serveAPI(t)
	const path = "PATCH /api/uploads/" + idA + " application/json "
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"--title=New, \"title\""}, path + `{"title":"New, \"title\""}`},
		{[]string{"--title=", "--description", "two\nlines"}, path + `{"title":"","description":"two\nlines"}`},
		{[]string{"--label=a, b", "--label", "c"}, path + `{"labels":["a, b","c"]}`},
		{[]string{"--no-labels", "--if-version=2"}, path + `{"labels":[]} if "2"`},
	} {
		got := run(t, "", append([]string{"describe", idA}, test.args...)...)
		got.done(t)
		if want := "described upload " + idA + ": it has version 3 now\n"; got.out != want {
			t.Errorf("%q: got %q, want %q", test.args, got.out, want)
		}
		if diff := cmp.Diff(remote.called(), []string{test.want}); diff != "" {
			t.Errorf("%q: requests (-got +want)\n%s", test.args, diff)
		}
	}
	run(t, "", "describe", idA, "--title=x", "--if-version=1").refused(t, 1, "describing upload "+idA+": the upload has version 2")
}

func TestRm(t *testing.T) {
	remote := serveAPI(t)
	run(t, "y\n", "rm", idA).refused(t, 2, "stdin is not a terminal to ask at: confirm the deletion with --yes")
	if requests := remote.called(); requests != nil {
		t.Errorf("got requests %q, want none", requests)
	}
	got := run(t, "", "rm", idA, unknownID, idB, "--yes")
	if want := "deleted upload " + idA + "\ndeleted upload " + idB + "\n"; got.code != 1 || got.out != want {
		t.Errorf("got code %d, stdout %q, want 1 and %q", got.code, got.out, want)
	}
	if want := "error: deleting upload " + unknownID + `: there is no upload "` + unknownID + "\"\n"; got.err != want {
		t.Errorf("got stderr %q, want %q", got.err, want)
	}
	if len(remote.uploads) != 1 || remote.uploads[0]["id"] != idC {
		t.Errorf("left are %v, want %s", remote.uploads, idC)
	}
	remote.called()
	t.Setenv("POSTERN_PASSWORD", "wrong")
	run(t, "", "rm", idC, unknownID, "--yes").refused(t, 1, "deleting upload "+idC+": credentials are wrong")
	if diff := cmp.Diff(remote.called(), []string{"DELETE /api/uploads/" + idC}); diff != "" {
		t.Errorf("requests after wrong credentials (-got +want)\n%s", diff)
	}
}
