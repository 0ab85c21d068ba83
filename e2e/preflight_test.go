package e2e_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
)

// A preflight is what a browser asks before a page's request.
type preflight struct{ method, header string }

// send asks a signed URL, and reports whether a page of the stage's origins may send the request.
func (p preflight) send(t *testing.T, url string) bool {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodOptions, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Origin", "https://app.example.com")
	req.Header.Set("Access-Control-Request-Method", p.method)
	if p.header != "" {
		req.Header.Set("Access-Control-Request-Headers", p.header)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	return res.StatusCode < 300 && strings.EqualFold(res.Header.Get("Access-Control-Allow-Headers"), p.header)
}

// TestPagesSendWhatIsSigned asks the bucket as browsers do: for each header that a signature fixes, and for others that S3
// would keep.
func TestPagesSendWhatIsSigned(t *testing.T) {
	requireLocal(t)
	sum := sha256.Sum256([]byte("text"))
	g := demo.grant(t, map[string]any{"filename": "a.txt", "size": 4, "via": "put", "checksum": base64.StdEncoding.EncodeToString(sum[:])})
	if g.Headers["If-None-Match"]+g.Headers["if-none-match"] == "" {
		t.Fatalf("the grant has no headers of a PUT: %v", g.Headers)
	}
	allowed := []preflight{
		{http.MethodGet, ""},
		{http.MethodHead, ""},
		{http.MethodPost, ""},
		{http.MethodPut, ""},
		{http.MethodGet, "range"},
		{http.MethodPost, "x-amz-checksum-algorithm"},
		{http.MethodPost, "x-amz-checksum-type"},
		{http.MethodPost, "x-amz-mp-object-size"},
		{http.MethodPut, "x-amz-checksum-crc64nvme"},
	}
	for name := range g.Headers {
		allowed = append(allowed, preflight{http.MethodPut, strings.ToLower(name)})
	}
	for _, p := range allowed {
		if !p.send(t, g.URL) {
			t.Errorf("%+v: refused, want it allowed", p)
		}
	}
	refused := []preflight{{http.MethodDelete, ""}, {http.MethodPatch, ""}}
	for _, name := range []string{
		"authorization", "cache-control", "content-disposition", "content-encoding", "content-language", "expires", "x-amz-acl",
		"x-amz-copy-source", "x-amz-meta-other", "x-amz-object-lock-mode", "x-amz-server-side-encryption", "x-amz-storage-class",
		"x-amz-website-redirect-location",
	} {
		refused = append(refused, preflight{http.MethodPut, name})
	}
	for _, p := range refused {
		if p.send(t, g.URL) {
			t.Errorf("%+v: allowed, want it refused", p)
		}
	}
}
