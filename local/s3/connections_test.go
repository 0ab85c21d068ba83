package s3_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
)

// TestIdleConnectionsRefuseNobody keeps more connections open than the server answers requests at the same time. Half have
// sent a request, as a browser's, and half have not.
func TestIdleConnectionsRefuseNobody(t *testing.T) {
	r := startS3(t, t.TempDir())
	address := strings.TrimPrefix(r.URL, "http://")
	for i := range 300 {
		connection, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
		if err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
		defer func() { _ = connection.Close() }()
		if i%2 == 0 {
			continue
		}
		if _, err := fmt.Fprintf(connection, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", address); err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
		answer, err := http.ReadResponse(bufio.NewReader(connection), nil)
		if err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != http.StatusForbidden {
			t.Fatalf("connection %d: got %d, want 403", i, answer.StatusCode)
		}
	}
	body, boundary := encode(t, r.form(t), "idle")
	if status, text := r.post(t, body, boundary); status != http.StatusNoContent {
		t.Errorf("an upload beside them: got %d %s, want 204", status, text)
	}
}
