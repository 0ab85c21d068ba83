package console_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"postern/local/console"
)

// TestRequestLines calls an API and S3 with what must not be shown.
func TestRequestLines(t *testing.T) {
	var out bytes.Buffer
	requests := console.NewRequests("text", &out)
	requests.S3(http.MethodPut, "/before", http.StatusOK, 0)
	requests.Begin()
	handler := requests.API(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodDelete {
			w.WriteHeader(http.StatusNoContent)
		}
	}))
	for _, r := range []*http.Request{
		httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/presignedurl?mail=planted@example.com&X-Amz-Signature=planted", http.NoBody),
		httptest.NewRequestWithContext(t.Context(), http.MethodDelete, "/api/uploads/planted%40example.com/a%1b%5b31m%0ab", http.NoBody),
		httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/"+strings.Repeat("x", 500), http.NoBody),
	} {
		r.SetBasicAuth("planted@example.com", "planted")
		handler.ServeHTTP(httptest.NewRecorder(), r)
	}
	requests.S3(http.MethodPut, "/bucket/videos/1.mp4", http.StatusForbidden, 1500*time.Millisecond)
	want := regexp.MustCompile(`^API GET    /api/presignedurl 200 \d+ ms\n` +
		`API DELETE /api/uploads/…/a%1B%5B31m%0Ab 204 \d+ ms\n` +
		`API GET    /api/x{195}… 200 \d+ ms\n` +
		`S3  PUT    /bucket/videos/1.mp4 403 1500 ms\n$`)
	if !want.Match(out.Bytes()) {
		t.Errorf("got\n%s\nwant %s", &out, want)
	}
}

// TestRequestLogOfAProgram writes the template's access log, whoever asks, where no person reads.
func TestRequestLogOfAProgram(t *testing.T) {
	for _, log := range []string{"", "json"} {
		if console.NewRequests(log, &bytes.Buffer{}) != nil {
			t.Errorf("LOG=%s: got short lines", log)
		}
	}
}
