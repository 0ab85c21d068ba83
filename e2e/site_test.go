package e2e_test

import (
	"bytes"
	"compress/gzip"
	"html"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// maxScripts bounds the page's script and the client module together, compressed, in bytes.
const maxScripts = 40 << 10

// TestPageHasItsFiles opens the page as a browser does: the document, then each script, style and picture that it names.
func TestPageHasItsFiles(t *testing.T) {
	page := newClient(demo.base, "").do(t, http.MethodGet, "")
	if page.status != http.StatusOK || page.header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Fatalf("got %d %s, want the page", page.status, page.header.Get("Content-Type"))
	}
	if policy := page.header.Get("Content-Security-Policy"); !strings.Contains(policy, "script-src 'self';") || strings.Contains(policy, "unsafe") {
		t.Errorf("policy: got %q", policy)
	}
	if want := html.EscapeString(`"issuer":"` + strings.TrimSuffix(demo.base, "/api/") + `/issuer"`); server != nil && !strings.Contains(string(page.body), want) {
		t.Errorf("the page does not name the issuer where it is served: got %s, want %s in it", page.body, want)
	}
	named := regexp.MustCompile(`(?:src|href)="/api/([^"]+)"`).FindAllStringSubmatch(string(page.body), -1)
	if len(named) != 3 {
		t.Errorf("got files %v, want a script, a style and an icon", named)
	}
	var scripts bytes.Buffer
	compressed, err := gzip.NewWriterLevel(&scripts, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(named, []string{"", "assets/postern.js"}) {
		file := newClient(demo.base, "").do(t, http.MethodGet, name[1])
		if file.status != http.StatusOK || len(file.body) == 0 {
			t.Errorf("%s: got %d", name[1], file.status)
		}
		if strings.HasSuffix(name[1], ".js") {
			_, _ = compressed.Write(file.body)
		}
	}
	if err := compressed.Close(); err != nil || scripts.Len() > maxScripts || scripts.Len() < maxScripts/10 {
		t.Errorf("page and module are %d bytes compressed, %v: want at most %d", scripts.Len(), err, maxScripts)
	}
}

// TestSiteAnswersNotModified asks for the client module again, as a browser does that has it.
func TestSiteAnswersNotModified(t *testing.T) {
	module := newClient(demo.base, "").do(t, http.MethodGet, "assets/postern.js")
	if module.status != http.StatusOK || module.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Fatalf("got %d %v, want a module that any page may import", module.status, module.header)
	}
	second := newClient(demo.base, "").do(t, http.MethodGet, "assets/postern.js", header("If-None-Match", module.header.Get("ETag")))
	if second.status != http.StatusNotModified || len(second.body) != 0 {
		t.Errorf("got %d with %d bytes, want 304 without a body", second.status, len(second.body))
	}
}

// TestSiteServesItsDocument holds the document that is served to the one that is reviewed.
func TestSiteServesItsDocument(t *testing.T) {
	want, err := os.ReadFile(filepath.Join(root, "docs", "openapi.json"))
	if err != nil {
		t.Fatal(err)
	}
	if got := newClient(demo.base, "").do(t, http.MethodGet, "openapi.json"); string(got.body) != string(want) {
		t.Errorf("got %d, %d bytes, want docs/openapi.json", got.status, len(got.body))
	}
}

// TestSiteServesNothingElse looks for the compiled function and for files of the machine.
func TestSiteServesNothingElse(t *testing.T) {
	for _, path := range []string{
		"assets/bootstrap", "assets/index.html", "assets/..%2fbootstrap", "assets/%2e%2e%2fbootstrap", "assets/..%5cbootstrap",
		"assets/%2fetc%2fpasswd", "assets/postern.js%00", "assets/page.js", "assets/", "bootstrap",
	} {
		if a := newClient(demo.base, "").do(t, http.MethodGet, path); a.status != http.StatusNotFound || strings.Contains(string(a.body), "ELF") {
			t.Errorf("%s: got %d %.80s, want 404", path, a.status, a.body)
		}
	}
}
