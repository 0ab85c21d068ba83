package host_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postern/local/host"
)

func TestFind(t *testing.T) {
	here := []string{"127.0.0.1", "localhost", "::1"}
	for _, test := range []struct {
		names     []string
		addresses []string
		isOpen    bool
		url       string
	}{
		{[]string{"127.0.0.1"}, []string{"127.0.0.1"}, false, "http://127.0.0.1:8080"},
		{[]string{"localhost", "box"}, []string{"127.0.0.1"}, false, "http://localhost:8080"},
		{[]string{"127.0.0.2"}, []string{"127.0.0.1", "127.0.0.2"}, false, "http://127.0.0.2:8080"},
		{[]string{"192.0.2.7", "box.example"}, []string{"127.0.0.1", "192.0.2.7"}, true, "http://192.0.2.7:8080"},
		{[]string{"2001:db8::7"}, []string{"127.0.0.1", "2001:db8::7"}, true, "http://[2001:db8::7]:8080"},
	} {
		h, err := host.Find(t.Context(), test.names)
		if err != nil {
			t.Errorf("%q: %v", test.names, err)
			continue
		}
		if diff := cmp.Diff(h.Addresses, test.addresses); diff != "" || h.IsOpen != test.isOpen || h.URL(8080) != test.url {
			t.Errorf("%q: got %+v, want %+v", test.names, h, test)
		}
		if diff := cmp.Diff(h.Names, append(here, test.names...)); diff != "" {
			t.Errorf("%q: names (-got +want):\n%s", test.names, diff)
		}
	}
	if _, err := host.Find(t.Context(), []string{"no-such-host.invalid"}); err == nil {
		t.Error("got no error for a name without an address")
	}
}

// TestCheck asks by this machine's names, and by the name that an attacker's page has.
func TestCheck(t *testing.T) {
	handler := host.Host{Names: []string{"127.0.0.1", "localhost", "::1", "box.example"}}.Check(http.NotFoundHandler())
	for name, status := range map[string]int{
		"127.0.0.1": http.StatusNotFound, "127.0.0.1:8080": http.StatusNotFound, "LOCALHOST:1": http.StatusNotFound, "[::1]:8080": http.StatusNotFound,
		"[::1]": http.StatusNotFound, "box.example:8080": http.StatusNotFound,
		"evil.example": http.StatusForbidden, "evil.example:8080": http.StatusForbidden, "127.0.0.1.evil.example": http.StatusForbidden,
		"localhost.evil.example:8080": http.StatusForbidden, "": http.StatusForbidden, "[::2]:8080": http.StatusForbidden, "127.0.0.1:80:80": http.StatusForbidden,
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/health", http.NoBody)
		r.Host = name
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != status {
			t.Errorf("Host %q: got %d, want %d", name, w.Code, status)
		}
	}
}
