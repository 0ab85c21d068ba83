package client_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postern/api"
	"postern/client"
)

func TestScriptKeys(t *testing.T) {
	// The server cuts the last call off, so nothing but the lock orders its handler before the test's reading.
	var mu sync.Mutex
	var calls []string
	created := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		calls = append(calls, r.Method+" "+r.URL.Path+" "+r.Header.Get("Authorization")+" "+string(body))
		switch r.Method {
		case http.MethodPost:
			if created++; created > 1 {
				panic(http.ErrAbortHandler)
			}
			w.WriteHeader(http.StatusCreated)
			_ = json.NewEncoder(w).Encode(api.ScriptKey{ID: "aaaaaaaa", Key: "pstn_x"})
		case http.MethodDelete:
			w.WriteHeader(http.StatusNoContent)
		default:
			_, _ = io.WriteString(w, `{"keys":[{"id":"aaaaaaaa"}]}`)
		}
	}))
	defer server.Close()
	c, err := client.New(server.URL+"/api", client.Bearer("k"))
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	if made, err := c.CreateKey(ctx, api.ScriptKeyRequest{Name: "n", May: []api.Right{api.RightRead}}); err != nil || made.Key != "pstn_x" {
		t.Errorf("CreateKey: %+v, %v", made, err)
	}
	if keys, err := c.Keys(ctx); err != nil || len(keys) != 1 || keys[0].ID != "aaaaaaaa" {
		t.Errorf("Keys: %+v, %v", keys, err)
	}
	if err := c.RevokeKey(ctx, "aaaaaaaa"); err != nil {
		t.Errorf("RevokeKey: %v", err)
	}
	for _, id := range []string{"", "aaaaaaa", "../users", "aaaaaaaa/x", "AAAAAAAA"} {
		if err := c.RevokeKey(ctx, id); err == nil {
			t.Errorf("RevokeKey(%q): want an error", id)
		}
	}
	// A key whose making was cut short may be there: it is not made twice.
	if _, err := c.CreateKey(ctx, api.ScriptKeyRequest{Name: "n"}); err == nil {
		t.Error("CreateKey cut short: want an error")
	}
	want := []string{
		`POST /api/keys Bearer k {"name":"n","may":["read"]}`, "GET /api/keys Bearer k ", "DELETE /api/keys/aaaaaaaa Bearer k ",
		`POST /api/keys Bearer k {"name":"n","may":null}`,
	}
	mu.Lock()
	defer mu.Unlock()
	if diff := cmp.Diff(calls, want); diff != "" {
		t.Errorf("calls (-got +want)\n%s", diff)
	}
}
