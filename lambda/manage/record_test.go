package main

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestWhoDidWhat reads the lines of a service's download and deletion of another's upload, and of what was refused.
func TestWhoDidWhat(t *testing.T) {
	w := newWorld(t)
	id := idAt(start.Add(-time.Hour), 1, "mp4")
	w.setVerdict(t, arrived(owner, id))
	service := call{principal: other, owner: owner, id: id}
	for _, c := range []struct {
		method, path string
		status       int
		want         string // message of the line; empty: none
	}{
		{http.MethodGet, "/uploads/{id}", http.StatusOK, ""},
		{http.MethodGet, "/uploads/{id}/download", http.StatusOK, "download signed"},
		{http.MethodDelete, "/uploads/{id}", http.StatusNoContent, "upload deleted"},
		{http.MethodGet, "/uploads/{id}/download", http.StatusNotFound, ""},
	} {
		w.log.Reset()
		service.method, service.path = c.method, c.path
		if response := w.do(t, service); response.StatusCode != c.status {
			t.Fatalf("%s %s: got %d %s, want %d", c.method, c.path, response.StatusCode, response.Body, c.status)
		}
		if c.want == "" {
			if w.log.Len() != 0 {
				t.Errorf("%s %s: got the log %s, want none", c.method, c.path, &w.log)
			}
			continue
		}
		var got map[string]any
		if err := json.Unmarshal([]byte(w.log.String()), &got); err != nil {
			t.Fatalf("%s %s: %v: %s", c.method, c.path, err, &w.log)
		}
		delete(got, "time")
		want := map[string]any{"level": "INFO", "msg": c.want, "apiRequestId": "request-1", "caller": other, "owner": owner, "upload": id}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("%s %s (-got +want):\n%s", c.method, c.path, diff)
		}
	}
}
