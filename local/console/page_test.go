package console_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"postern/local/console"
	"postern/local/demouser"
)

// TestRedirect opens addresses as a browser and as a client of the API.
func TestRedirect(t *testing.T) {
	next := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	handler := console.WithRedirect("api", next)
	for _, test := range []struct {
		method, path, location string
	}{
		{http.MethodGet, "/", "/api/"},
		{http.MethodGet, "/api", "/api/"},
		{http.MethodGet, "/api/", ""},
		{http.MethodPost, "/", ""},
		{http.MethodGet, "/api/uploads", ""},
		{http.MethodGet, "/other", ""},
	} {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), test.method, test.path, http.NoBody))
		if got := w.Header().Get("Location"); got != test.location || (got == "") != (w.Code == http.StatusTeapot) {
			t.Errorf("%+v: got %d, location %q", test, w.Code, got)
		}
	}
}

// TestPage holds what S3's address shows a browser.
func TestPage(t *testing.T) {
	page := console.Page("http://127.0.0.1:8080/api/<")
	if !strings.Contains(page, "8080/api/&lt;") || strings.Contains(page, demouser.Password) {
		t.Errorf("got %s, want the API's address, escaped, and no password", page)
	}
}
