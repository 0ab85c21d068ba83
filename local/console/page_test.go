package console_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"postern/local/console"
	"postern/local/demouser"
)

// TestPage opens addresses as a browser and as a client of the API.
func TestPage(t *testing.T) {
	const address = "http://127.0.0.1:8080/api/"
	next := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	handler := console.WithPage(console.Page("the API", address+"<"), "api", next)
	for _, test := range []struct {
		method, path, accept string
		isPage               bool
	}{
		{http.MethodGet, "/", "text/html,application/xhtml+xml", true},
		{http.MethodGet, "/api", "text/html", true},
		{http.MethodGet, "/api/", "text/html", true},
		{http.MethodGet, "/", "*/*", false},
		{http.MethodGet, "/", "", false},
		{http.MethodPost, "/api/", "text/html", false},
		{http.MethodGet, "/api/uploads", "text/html", false},
		{http.MethodGet, "/other", "text/html", false},
	} {
		r := httptest.NewRequestWithContext(t.Context(), test.method, test.path, http.NoBody)
		r.Header.Set("Accept", test.accept)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if !test.isPage {
			if w.Code != http.StatusTeapot {
				t.Errorf("%+v: got %d, want the API's answer", test, w.Code)
			}
			continue
		}
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "text/html; charset=utf-8" || !strings.Contains(w.Body.String(), address+"&lt;uploads") {
			t.Errorf("%+v: got %d %v %s", test, w.Code, w.Header(), w.Body)
		}
		if strings.Contains(w.Body.String(), demouser.Password) {
			t.Error("the page tells the password")
		}
	}
}
