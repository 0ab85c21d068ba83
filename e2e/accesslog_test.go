package e2e_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestAccessLogTellsWhoDidWhat reads the lines of what a service and a user did with the same upload, and of what was
// refused. They name owners, and no mail.
func TestAccessLogTellsWhoDidWhat(t *testing.T) {
	requireLocal(t)
	run := serve(t, assembly)
	addService(t, run)
	user, service := newClient(run.API, demoUser), newClient(run.API, serviceMail+":"+servicePassword)
	o := run.operator(t)
	own, acting := o.ownerOf(t, user.user), o.ownerOf(t, serviceMail)
	g := user.store(t, "a.txt", []byte("text"))
	user.await(t, g.ID, "ready")
	forUser := "?mail=" + url.QueryEscape(user.user)

	type line struct{ Method, Resource, Status, Caller, Owner, Role, Address string }
	var want []line
	do := func(c client, method, path string, edit func(*http.Request), line line) {
		t.Helper()
		c.do(t, method, path, edit)
		line.Method = method
		want = append(want, line)
	}
	nothing := func(*http.Request) {}
	// A line is written after its answer, so those of store and await may come late.
	isBefore := func(l line) bool {
		return l.Method == http.MethodPost || l.Method == http.MethodGet && l.Resource == "/uploads/{id}"
	}
	began := len(run.Log())
	do(service, http.MethodGet, "uploads"+forUser, nothing, line{"", "/uploads", "200", acting, own, "service", ""})
	do(user, http.MethodGet, "uploads", nothing, line{"", "/uploads", "200", own, own, "user", ""})
	do(service, http.MethodGet, "uploads/"+g.ID+"/download"+forUser, nothing, line{"", "/uploads/{id}/download", "200", acting, own, "service", ""})
	do(user, http.MethodGet, "uploads?mail=other%40example.com", nothing, line{"", "/uploads", "403", own, "-", "-", ""})
	do(user, http.MethodGet, "uploads", dropHeader("Authorization"), line{"", "/uploads", "401", "-", "-", "-", ""})
	do(user, http.MethodGet, "health", nothing, line{"", "/health", "200", "-", "-", "-", ""})
	do(service, http.MethodDelete, "uploads/"+g.ID+forUser, nothing, line{"", "/uploads/{id}", "204", acting, own, "service", ""})

	var got []line
	read := func() bool {
		got = nil
		for text := range strings.Lines(run.Log()[began:]) {
			var read line
			if json.Unmarshal([]byte(text), &read) == nil && read.Resource != "" && !isBefore(read) {
				got = append(got, read)
			}
		}
		return len(got) == len(want)
	}
	eventually(t, read, func() string { return "the log has other lines: " + run.Log()[began:] })
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("lines (-got +want):\n%s", diff)
	}
	for _, what := range []string{"download signed", "upload deleted"} {
		count := 0
		for text := range strings.Lines(run.Log()[began:]) {
			if strings.Contains(text, what) && strings.Contains(text, `"caller":"`+acting+`","owner":"`+own+`","upload":"`+g.ID+`"`) {
				count++
			}
		}
		if count != 1 {
			t.Errorf("%q of the upload: got %d lines, want 1", what, count)
		}
	}
}
