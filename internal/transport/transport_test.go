package transport_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"postern/internal/transport"
)

// A body is done for when it is closed, as the SDK's is.
type body struct {
	*bytes.Reader
	closed atomic.Bool
}

func (b *body) WriteTo(w io.Writer) (int64, error) {
	if b.closed.Load() {
		return 0, io.EOF
	}
	return b.Reader.WriteTo(w)
}

func (b *body) Close() error {
	b.closed.Store(true)
	return nil
}

func TestClosedBodyIsNoFault(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got, err := io.ReadAll(r.Body)
		if string(got) != "body" || err != nil {
			t.Errorf("body %q, %v", got, err)
		}
		_, _ = w.Write(make([]byte, 64<<10))
	}))
	defer server.Close()
	for _, close := range []bool{false, true} {
		sent := &body{Reader: bytes.NewReader([]byte("body"))}
		if close {
			// The last look: all is sent, and the body is closed.
			sent.Reader = bytes.NewReader(nil)
			_ = sent.Close()
		}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, sent)
		if err != nil {
			t.Fatal(err)
		}
		if close {
			request.Body = struct {
				io.Reader
				io.WriterTo
				io.Closer
			}{bytes.NewReader([]byte("body")), sent, sent}
		}
		request.ContentLength = 4
		response, err := transport.New().Do(request)
		if err != nil {
			t.Fatalf("closed %t: %v", close, err)
		}
		answer, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if len(answer) != 64<<10 || err != nil {
			t.Errorf("closed %t: an answer of %d bytes, %v", close, len(answer), err)
		}
	}
}
