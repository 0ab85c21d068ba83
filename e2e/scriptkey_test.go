package e2e_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"postern/api"
)

// newKey makes a key for scripts, and returns the client that holds it.
func (c client) newKey(t *testing.T, may ...api.Right) client {
	t.Helper()
	a := c.postJSON(t, "keys", api.ScriptKeyRequest{Name: "a key", May: may})
	if a.status != http.StatusCreated {
		t.Fatalf("POST keys: got %d %s, want 201", a.status, a.body)
	}
	return client{c.base, c.user, decoded[api.ScriptKey](t, a).Key}
}

// keyID is the id in a client's key.
func (c client) keyID() string { return c.password[len("pstn_")+16:][:8] }

// revoke revokes the key that a client holds, as its owner.
func (c client) revoke(t *testing.T, owner client) {
	t.Helper()
	if a := owner.do(t, http.MethodDelete, "keys/"+c.keyID()); a.status != http.StatusNoContent {
		t.Fatalf("DELETE keys/%s: got %d %s, want 204", c.keyID(), a.status, a.body)
	}
}

// keyIDOf returns the id of a new key of a caller, and for one who can have none an id that nobody has.
func keyIDOf(t *testing.T, c client) string {
	t.Helper()
	if a := c.postJSON(t, "keys", api.ScriptKeyRequest{Name: "matrix", May: api.Rights}); a.status == http.StatusCreated {
		return decoded[api.ScriptKey](t, a).ID
	}
	return "aaaaaaaa"
}

// A script uploads, reads and deletes with a key alone. Nothing of the key is in a log.
func TestKeyOfAScript(t *testing.T) {
	requireLocal(t)
	owner := addUser(t, "script@example.com")
	key := owner.newKey(t, api.Rights...)
	g := key.store(t, "a.txt", []byte("text"))
	key.await(t, g.ID, "ready")
	if a := owner.do(t, http.MethodGet, "uploads/"+g.ID); a.status != http.StatusOK {
		t.Errorf("the owner does not see what the key stored: got %d %s", a.status, a.body)
	}
	list := decoded[api.ScriptKeyList](t, owner.do(t, http.MethodGet, "keys"))
	if len(list.Keys) != 1 || list.Keys[0].LastUsed == nil || time.Since(list.Keys[0].LastUsed.Time) > 2*time.Hour || list.Keys[0].Key != "" {
		t.Errorf("got %+v, want one key that was used lately, without the key", list)
	}
	if a := key.do(t, http.MethodDelete, "uploads/"+g.ID); a.status != http.StatusNoContent {
		t.Errorf("delete: got %d %s", a.status, a.body)
	}
	for name, header := range map[string]string{
		"flipped":   "Bearer " + key.password[:40] + flipped(key.password[40:41]) + key.password[41:],
		"truncated": "Bearer " + key.password[:len(key.password)-1],
		"10 KB":     "Bearer " + key.password + strings.Repeat("a", 7<<10),
		"as Basic":  "Basic " + key.password,
	} {
		a := key.do(t, http.MethodGet, "uploads", func(r *http.Request) { r.Header.Set("Authorization", header) })
		if a.status != http.StatusUnauthorized {
			t.Errorf("%s: got %d %s, want 401", name, a.status, a.body)
		}
	}
	if log := server.Log(); strings.Contains(log, key.password[5:]) || strings.Contains(log, key.password[40:80]) {
		t.Error("the log holds a key")
	}
}

func flipped(character string) string {
	if character == "a" {
		return "b"
	}
	return "a"
}
