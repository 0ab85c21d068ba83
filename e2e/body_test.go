package e2e_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
)

func TestUploadsTakesOneJSONObject(t *testing.T) {
	const good = `{"filename":"a.txt","size":1}`
	for _, test := range []struct {
		name, contentType, body string
		chunked                 bool

		status int
		code   string
		says   []string
	}{
		{name: "good", contentType: "application/json", body: good, status: 201},
		{name: "with a charset", contentType: "application/json; charset=utf-8", body: good, status: 201},
		{name: "chunked", contentType: "application/json", body: good, chunked: true, status: 201},
		{name: "form-encoded", contentType: "application/x-www-form-urlencoded", body: good, status: 415, code: "unsupported_media_type", says: []string{"application/json"}},
		{name: "no Content-Type", body: good, status: 415, code: "unsupported_media_type", says: []string{"application/json"}},
		{name: "another Content-Type", contentType: "text/json", body: good, status: 415, code: "unsupported_media_type", says: []string{"text/json"}},
		{name: "empty", contentType: "application/json", status: 400, code: "invalid_request"},
		{name: "not JSON", contentType: "application/json", body: "filename=a.txt", status: 400, code: "invalid_request"},
		{name: "array", contentType: "application/json", body: "[" + good + "]", status: 400, code: "invalid_request"},
		{name: "two values", contentType: "application/json", body: good + good, status: 400, code: "invalid_request"},
		{name: "null", contentType: "application/json", body: "null", status: 400, code: "invalid_request"},
		{name: "doubled field", contentType: "application/json", body: `{"filename":"a.txt","size":1,"size":2}`, status: 400, code: "invalid_request", says: []string{"size"}},
		{name: "unknown field", contentType: "application/json", body: `{"filename":"a.txt","size":1,"acl":"public-read"}`, status: 400, code: "invalid_request", says: []string{"acl", "checksum"}},
		{name: "owner", contentType: "application/json", body: `{"filename":"a.txt","size":1,"owner":"00000000000000000000"}`, status: 400, code: "invalid_request", says: []string{"owner"}},
		{name: "size as text", contentType: "application/json", body: `{"filename":"a.txt","size":"1"}`, status: 400, code: "invalid_request", says: []string{"size"}},
		{name: "size with a fraction", contentType: "application/json", body: `{"filename":"a.txt","size":1.5}`, status: 400, code: "invalid_request", says: []string{"size"}},
		{name: "no size", contentType: "application/json", body: `{"filename":"a.txt"}`, status: 400, code: "invalid_request", says: []string{"size"}},
		{name: "too large for its folder", contentType: "application/json", body: `{"filename":"a.txt","size":9000000000000}`, status: 413, code: "payload_too_large", says: []string{"size"}},
		{name: "huge size", contentType: "application/json", body: `{"filename":"a.txt","size":1e999}`, status: 400, code: "invalid_request", says: []string{"size"}},
		{name: "512 KiB and more", contentType: "application/json", body: `{"filename":"` + strings.Repeat("a", 513<<10) + `"}`, status: 413, code: "payload_too_large"},
		{name: "7 MB, more than a function takes", contentType: "application/json", body: strings.Repeat(" ", 7<<20), status: 413, code: "payload_too_large"},
		{name: "11 MB, more than API Gateway takes", contentType: "application/json", body: strings.Repeat(" ", 11<<20), status: 413, code: "payload_too_large"},
		{name: "deep", contentType: "application/json", body: strings.Repeat(`{"title":`, 7000), status: 400, code: "invalid_request"},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := demo.do(t, http.MethodPost, "uploads", func(r *http.Request) {
				r.Body, r.ContentLength = io.NopCloser(strings.NewReader(test.body)), int64(len(test.body))
				if test.chunked {
					r.ContentLength = -1
				}
				if test.contentType != "" {
					r.Header.Set("Content-Type", test.contentType)
				}
			})
			if a.status != test.status {
				t.Fatalf("got %d %s, want %d", a.status, a.body, test.status)
			}
			if test.code != "" {
				checkError(t, a, test.code, test.says)
			}
		})
	}
}

// TestConcurrentGrants asks for 200 uploads of one user at once.
func TestConcurrentGrants(t *testing.T) {
	var mu sync.Mutex
	keys := map[string]bool{}
	var all sync.WaitGroup
	for range 200 {
		all.Go(func() {
			a := demo.postJSON(t, "uploads", map[string]any{"filename": "a.txt", "size": 1})
			var g grant
			if err := json.Unmarshal(a.body, &g); err != nil || a.status != http.StatusCreated {
				t.Errorf("got %d %s, want 201", a.status, a.body)
			}
			mu.Lock()
			defer mu.Unlock()
			keys[g.Key] = true
		})
	}
	all.Wait()
	if len(keys) != 200 {
		t.Errorf("got %d keys, want 200", len(keys))
	}
}
