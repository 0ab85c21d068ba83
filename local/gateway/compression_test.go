package gateway_test

import (
	"compress/gzip"
	"io"
	"strconv"
	"strings"
	"testing"
)

func TestCompression(t *testing.T) {
	answer := func(size int, headers string) string {
		return `{"headers":{` + headers + `},"body":"` + strings.Repeat("a", size) + `"}`
	}
	for _, test := range []struct {
		name   string
		least  *int
		answer string
		accept []string
		size   int
		zipped bool
	}{
		{"as large as the least", new(1024), answer(1024, ""), []string{"gzip"}, 1024, true},
		{"one byte less", new(1024), answer(1023, ""), []string{"gzip"}, 1023, false},
		{"everything", new(0), answer(1, ""), []string{"gzip"}, 1, true},
		{"not set", nil, answer(5000, ""), []string{"gzip"}, 5000, false},
		{"a browser", new(1024), answer(5000, ""), []string{"gzip, deflate, br, zstd"}, 5000, true},
		{"with a weight", new(1024), answer(5000, ""), []string{"br;q=1.0, GZIP ; q=0.5"}, 5000, true},
		{"in the second header", new(1024), answer(5000, ""), []string{"br", "gzip"}, 5000, true},
		{"a client that takes none", new(1024), answer(5000, ""), nil, 5000, false},
		{"a client that takes another", new(1024), answer(5000, ""), []string{"br, x-gzip2"}, 5000, false},
		{"a client that refuses it", new(1024), answer(5000, ""), []string{"gzip;q=0"}, 5000, false},
		{"a malformed weight", new(1024), answer(5000, ""), []string{"gzip;q=a"}, 5000, false},
		{"encoded already", new(1024), answer(5000, `"Content-Encoding":"br"`), []string{"gzip"}, 5000, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			api := api()
			api.MinCompression = test.least
			r := post("{}")
			r.Header["Accept-Encoding"] = test.accept
			w := serve(handler(t, api, with("Handler", answering(test.answer))), r)
			if length := w.Header().Get("Content-Length"); length != strconv.Itoa(w.Body.Len()) {
				t.Errorf("got Content-Length %s of %d bytes", length, w.Body.Len())
			}
			body := w.Body.String()
			if zipped := w.Header().Get("Content-Encoding") == "gzip"; zipped != test.zipped {
				t.Fatalf("got gzip: %t, want %t", zipped, test.zipped)
			}
			if test.zipped {
				reader, err := gzip.NewReader(strings.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				unzipped, err := io.ReadAll(reader)
				if err != nil {
					t.Fatal(err)
				}
				body = string(unzipped)
			}
			if body != strings.Repeat("a", test.size) {
				t.Errorf("got %d bytes, want %d", len(body), test.size)
			}
		})
	}
}
