package e2e_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"postern/api"
)

// A block is felt within a minute by callers whom the authorizer remembers, whatever they present, and only by them. What is
// theirs stays, and a service can read and delete it.
func TestBlockIsFelt(t *testing.T) {
	requireLocal(t)
	run := serve(t, assembly)
	add := func(mail string, flags ...string) client {
		run.postern(t, "a password of "+mail+"\n", append([]string{"user", "add", mail}, flags...)...)
		return newClient(run.API, mail+":a password of "+mail)
	}
	user, bystander, service := add("misuser@example.com"), add("bystander@example.com"), add("moderator@example.com", "--role", "service")
	nobody := tokenOf(t, run, "no-row@example.com", "")
	subject := client{run.API, subjectUser + "s|7", subjects.client(t, "s|7", time.Now().Add(time.Hour)).password}
	callers := map[string]client{
		"a password": user, "a token of a user with a row": tokenOf(t, run, user.user, ""), "a key": user.newKey(t, api.Rights...),
		"a token of a user without a row": nobody, "a token of a user without a mail": subject,
	}
	stored := user.store(t, "a.txt", []byte("text"))
	user.await(t, stored.ID, "ready")
	for name, c := range callers {
		if a := c.do(t, http.MethodGet, "usage"); a.status != http.StatusOK {
			t.Fatalf("%s, before: got %d %s", name, a.status, a.body)
		}
	}
	for _, name := range [][]string{{user.user}, {"no-row@example.com"}, {"--subject", "s|7", "--issuer", subjects.URL}} {
		run.postern(t, "", append([]string{"user", "block"}, name...)...)
	}
	deadline := time.Now().Add(62 * time.Second)
	t.Parallel() // the minute passes while other tests run
	for name, c := range callers {
		a := c.do(t, http.MethodGet, "usage")
		for ; a.status != http.StatusForbidden && time.Now().Before(deadline); a = c.do(t, http.MethodGet, "usage") {
			time.Sleep(time.Second)
		}
		if a.status != http.StatusForbidden || !strings.Contains(string(a.body), "you are blocked here: ask who runs this service") {
			t.Errorf("%s: a minute later: got %d %s, want 403", name, a.status, a.body)
		}
	}
	if a := bystander.do(t, http.MethodGet, "usage"); a.status != http.StatusOK {
		t.Errorf("another user: got %d %s", a.status, a.body)
	}
	forUser := "?mail=" + url.QueryEscape(user.user)
	if a := service.postJSON(t, "uploads"+forUser, map[string]any{"filename": "a.txt", "size": 4}); a.status != http.StatusForbidden {
		t.Errorf("a service uploads for the user: got %d %s, want 403", a.status, a.body)
	}
	if a := service.do(t, http.MethodGet, "uploads/"+stored.ID+forUser); a.status != http.StatusOK {
		t.Errorf("a service reads what is there: got %d %s", a.status, a.body)
	}
	list := run.postern(t, "", "user", "list")
	for _, want := range []string{"misuser@example.com", "no-row@example.com", `"s|7" of ` + subjects.URL} {
		shown := false
		for line := range strings.Lines(list) {
			shown = shown || strings.HasPrefix(line, want) && strings.HasSuffix(line, "blocked\n")
		}
		if !shown {
			t.Errorf("user list does not show that %s is blocked:\n%s", want, list)
		}
	}
}
