package main_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postern/internal/identity"
)

// madeKey is a key for scripts.
func madeKey(t *testing.T) (id, key string) {
	t.Helper()
	made, text, err := identity.NewScriptKey([]byte(ownerKey), mailOwner, strings.NewReader(strings.Repeat("r", 64)))
	if err != nil {
		t.Fatal(err)
	}
	return made.ID, text
}

// serveKeys has the API answer the routes of keys, to a user with a password.
func serveKeys(a *apiServer, id, key string) {
	a.fault = func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasPrefix(r.URL.Path, "/api/keys") {
			return false
		}
		if _, _, ok := r.BasicAuth(); !ok {
			refuse(w, http.StatusForbidden, "this route needs credentials with every right")
			return true
		}
		one := map[string]any{
			"id": id, "name": "night\x1b[2Jly", "may": []string{"upload", "read"}, "folders": []string{"videos"}, "maxSize": 5 << 30,
			"createdAt": "2026-11-01T10:00:00.000Z", "expires": "2027-01-30T10:00:00.000Z", "lastUsed": "2026-11-02T11:00:00.000Z",
		}
		switch r.Method {
		case http.MethodPost:
			one["key"] = key
			w.WriteHeader(http.StatusCreated)
			answer(w, one)
		case http.MethodDelete:
			w.WriteHeader(http.StatusNoContent)
		default:
			answer(w, map[string]any{"keys": []any{one, map[string]any{
				"id": "aaaaaaaa", "name": "x", "may": []string{"delete"}, "createdAt": "2026-11-01T10:00:00.000Z", "expires": "2027-01-30T10:00:00.000Z",
			}}})
		}
		return true
	}
}

func TestKeys(t *testing.T) {
	remote := serveAPI(t)
	id, key := madeKey(t)
	serveKeys(remote, id, key)

	got := run(t, "", "key", "create", "nightly", "--may=read,upload", "--folders=videos,images", "--max-size=5 GiB", "--days=90")
	got.done(t)
	if want := "made key " + id + ": may upload,read, expires 2027-01-30T10:00:00Z\nkey: " + key + "\n"; got.out != want {
		t.Errorf("got %q, want %q", got.out, want)
	}
	got = run(t, "", "key", "list")
	got.done(t)
	if strings.Contains(got.out, "\x1b") || len(strings.Split(got.out, "\n")) != 4 {
		t.Errorf("list: got\n%s", got.out)
	}
	for _, cell := range []string{id, "upload,read", "videos", "5 GiB", "2027-01-30T10:00:00Z", "2026-11-02T11h", "yours", "never"} {
		if !strings.Contains(got.out, cell) {
			t.Errorf("list lacks %s:\n%s", cell, got.out)
		}
	}
	got = run(t, "", "key", "list", "--json")
	if got.done(t); strings.Contains(got.out, key) || !strings.Contains(got.out, `"id": "`+id+`"`) {
		t.Errorf("list --json: got %s", got.out)
	}
	got = run(t, "", "key", "revoke", id)
	if got.done(t); got.out != "revoked key "+id+"; it stops working within 60 s\n" {
		t.Errorf("revoke: got %q", got.out)
	}
	wantRequests := []string{
		`POST /api/keys application/json {"name":"nightly","may":["upload","read"],"folders":["videos","images"],"maxSize":5368709120,"days":90}`,
		"GET /api/keys", "GET /api/keys", "DELETE /api/keys/" + id,
	}
	if diff := cmp.Diff(remote.requests, wantRequests); diff != "" {
		t.Errorf("requests (-got +want)\n%s", diff)
	}
	run(t, "", "key", "create", "x").refused(t, 2, "--may")
	run(t, "", "key", "create", "x", "--may=all").refused(t, 2, "--may: name each right")
	run(t, "", "key", "create", "x", "--may=write").refused(t, 2, "--may: not a list of rights")
	run(t, "", "key", "revoke", "../uploads").refused(t, 1, "not the id of a key")
	if len(remote.requests) != len(wantRequests) {
		t.Errorf("wrong lines made requests: %q", remote.requests[len(wantRequests):])
	}
}

// A key takes the place of a user and a password: from the environment, and from a profile.
func TestCallsWithAKey(t *testing.T) {
	remote := serveAPI(t)
	_, key := madeKey(t)
	var headers []string
	remote.fault = func(w http.ResponseWriter, r *http.Request) bool {
		header := r.Header.Get("Authorization")
		headers = append(headers, header)
		if header != "Bearer "+key {
			refuse(w, http.StatusUnauthorized, "Unauthorized")
			return true
		}
		remote.serveList(w, r)
		return true
	}
	t.Setenv("POSTERN_KEY", key)
	run(t, "", "list").done(t)
	t.Setenv("POSTERN_KEY", key[1:])
	got := run(t, "", "list")
	got.refused(t, 2, "POSTERN_KEY: not a key for scripts")
	if strings.Contains(got.err, key[10:40]) {
		t.Errorf("the error holds the key: %s", got.err)
	}
	config := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", config)
	for _, variable := range []string{"POSTERN_KEY", "POSTERN_URL", "POSTERN_USER", "POSTERN_PASSWORD"} {
		_ = os.Unsetenv(variable) // restored in the end
	}
	run(t, "", "login", "--url", remote.url).refused(t, 2, "--user")
	run(t, "", "login", "--url", remote.url, "--user", user, "--key").refused(t, 2, "--key")
	run(t, "planted\n", "login", "--url", remote.url, "--key").refused(t, 1, "reading the key from POSTERN_KEY, a terminal or stdin: not a key for scripts")
	got = run(t, key+"\n", "login", "--url", remote.url, "--key")
	if got.done(t); !strings.Contains(got.out, " with a key: saved in ") || strings.Contains(got.out, key) {
		t.Errorf("login: got %q", got.out)
	}
	info, err := os.Stat(filepath.Join(config, "postern", "profiles.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v, want mode 0600", info, err)
	}
	run(t, "", "list").done(t)
	if len(headers) < 3 {
		t.Errorf("got %d calls, want one of each command at least", len(headers))
	}
	for _, header := range headers {
		if header != "Bearer "+key {
			t.Errorf("got the header %s, want the key's", header)
		}
	}
	// A key that may upload alone is right, though it may not list.
	remote.fault = func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusForbidden)
		answer(w, map[string]string{"message": "your credentials lack the right read, which this route needs: they have upload", "code": "forbidden"})
		return true
	}
	run(t, key+"\n", "login", "--url", remote.url, "--key").done(t)
}
