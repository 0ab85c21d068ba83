package main

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/aws/aws-lambda-go/events"

	"postern/internal/contract"
)

const bucketOrigin = "https://uploads.s3.eu-west-1.amazonaws.com"

var built = fstest.MapFS{
	"index.html":         {Data: []byte(`<!doctype html><meta name="sign-in" content="">`)},
	"openapi.json":       {Data: []byte(`{"openapi":"3.0.3"}`)},
	"page-ABCD2345.js":   {Data: []byte("render()")},
	"style-ABCD2345.css": {Data: []byte("body{}")},
	"postern.js":         {Data: []byte("export {}")},
	"postern.d.ts":       {Data: []byte("export {}")},
	"icon.svg":           {Data: []byte("<svg/>")},
	"reference.html":     {Data: []byte("<!doctype html><h1>")},
}

// basic is the sign-in of a stage without issuers.
var basic = contract.SignIn{Basic: true}

func get(t *testing.T, path, file string, headers map[string][]string) events.APIGatewayProxyResponse {
	t.Helper()
	return getOf(t, basic, path, file, headers)
}

func getOf(t *testing.T, signIn contract.SignIn, path, file string, headers map[string][]string) events.APIGatewayProxyResponse {
	t.Helper()
	s, err := newSite(built, bucketOrigin, signIn)
	if err != nil {
		t.Fatal(err)
	}
	event := events.APIGatewayProxyRequest{HTTPMethod: http.MethodGet, Resource: path, MultiValueHeaders: headers}
	if file != "" {
		event.PathParameters = map[string]string{"file": file}
	}
	event.RequestContext.RequestID = "r-1"
	answer, err := s.answer(context.Background(), event)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func TestFiles(t *testing.T) {
	const kept, asked, never = "public, max-age=31536000, immutable", "no-cache", "no-store"
	for _, test := range []struct{ path, file, contentType, cache, body string }{
		{contract.PagePath, "", "text/html; charset=utf-8", never, `<!doctype html><meta name="sign-in" content="{&#34;basic&#34;:true}">`},
		{contract.DocumentPath, "", "application/json", asked, `{"openapi":"3.0.3"}`},
		{contract.AssetPath, "page-ABCD2345.js", "text/javascript; charset=utf-8", kept, "render()"},
		{contract.AssetPath, "style-ABCD2345.css", "text/css; charset=utf-8", kept, "body{}"},
		{contract.AssetPath, "postern.js", "text/javascript; charset=utf-8", asked, "export {}"},
		{contract.AssetPath, "postern.d.ts", "text/plain; charset=utf-8", asked, "export {}"},
		{contract.AssetPath, "icon.svg", "image/svg+xml", asked, "<svg/>"},
		{contract.AssetPath, "reference.html", "text/html; charset=utf-8", never, "<!doctype html><h1>"},
	} {
		got := get(t, test.path, test.file, nil)
		if got.StatusCode != http.StatusOK || got.Body != test.body || got.Headers["Content-Type"] != test.contentType || got.Headers["Cache-Control"] != test.cache {
			t.Errorf("%s %s: got %d %q %v, want %+v", test.path, test.file, got.StatusCode, got.Body, got.Headers, test)
		}
		for name := range contract.Headers {
			if got.Headers[name] == "" {
				t.Errorf("%s %s: header %s is missing", test.path, test.file, name)
			}
		}
		etag := got.Headers["ETag"]
		second := get(t, test.path, test.file, map[string][]string{"if-none-match": {`"other", W/` + etag}})
		if second.StatusCode != http.StatusNotModified || second.Body != "" || second.Headers["ETag"] != etag {
			t.Errorf("%s %s with its ETag: got %d %q, want 304 and nothing", test.path, test.file, second.StatusCode, second.Body)
		}
		if changed := get(t, test.path, test.file, map[string][]string{"If-None-Match": {`"other"`}}); changed.StatusCode != http.StatusOK {
			t.Errorf("%s %s with another ETag: got %d, want 200", test.path, test.file, changed.StatusCode)
		}
	}
}

// TestNoOtherFile asks for what is no asset: nothing outside the folder, and no route's file by another's.
func TestNoOtherFile(t *testing.T) {
	for _, test := range []struct{ path, file string }{
		{contract.AssetPath, ""},
		{contract.AssetPath, "index.html"},
		{contract.AssetPath, "openapi.json"},
		{contract.AssetPath, "../bootstrap"},
		{contract.AssetPath, "..%2fbootstrap"},
		{contract.AssetPath, "/etc/passwd"},
		{contract.AssetPath, "."},
		{contract.AssetPath, "postern.js/"},
		{contract.AssetPath, "POSTERN.JS"},
		{"/uploads", ""},
		{"/health", ""},
		{"", ""},
	} {
		got := get(t, test.path, test.file, nil)
		if got.StatusCode != http.StatusNotFound || !strings.Contains(got.Body, `"code":"not_found","requestId":"r-1"}`) || got.Headers["Cache-Control"] != "no-store" {
			t.Errorf("%q %q: got %d %s, want 404", test.path, test.file, got.StatusCode, got.Body)
		}
	}
}

// TestPolicy holds the page to its own scripts and styles. Whatever a file name or a title held, it would not run.
func TestPolicy(t *testing.T) {
	headers := get(t, contract.PagePath, "", nil).Headers
	directives := map[string]string{}
	for directive := range strings.SplitSeq(headers["Content-Security-Policy"], "; ") {
		name, sources, _ := strings.Cut(directive, " ")
		directives[name] = sources
	}
	for name, want := range map[string]string{
		"default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "worker-src": "'self'",
		"connect-src": "'self' " + bucketOrigin, "img-src": "'self' " + bucketOrigin, "media-src": bucketOrigin,
		"form-action": "'none'", "base-uri": "'none'", "frame-ancestors": "'none'",
	} {
		if directives[name] != want {
			t.Errorf("%s: got %q, want %q", name, directives[name], want)
		}
		delete(directives, name)
	}
	if len(directives) > 0 {
		t.Errorf("got more: %v", directives)
	}
	if headers["X-Frame-Options"] != "DENY" {
		t.Errorf("X-Frame-Options: got %q", headers["X-Frame-Options"])
	}
	if got, want := get(t, contract.AssetPath, "reference.html", nil).Headers["Content-Security-Policy"], headers["Content-Security-Policy"]; got != want {
		t.Errorf("the reference's policy: got %q, want %q", got, want)
	}
}

// TestProvider lets the page alone call its provider, and tells it how to sign in. What is configured stays a text.
func TestProvider(t *testing.T) {
	signIn := contract.SignIn{Provider: &contract.Provider{
		Issuer: "https://id.example.com/realms/a", ClientID: `"><script>`, Scope: "openid", Origin: "https://auth.example.com",
	}}
	page, other := getOf(t, signIn, contract.PagePath, "", nil), getOf(t, signIn, contract.AssetPath, "reference.html", nil)
	const want = "; connect-src 'self' " + bucketOrigin + " https://id.example.com https://auth.example.com; "
	if got := page.Headers["Content-Security-Policy"]; !strings.Contains(got, want) {
		t.Errorf("got policy %q, want %q in it", got, want)
	}
	if got := other.Headers["Content-Security-Policy"]; strings.Contains(got, "example.com") {
		t.Errorf("got policy %q of the reference, want no provider in it", got)
	}
	const content = `content="{&#34;basic&#34;:false,&#34;provider&#34;:{&#34;issuer&#34;:&#34;https://id.example.com/realms/a&#34;,` +
		`&#34;clientId&#34;:&#34;\&#34;\u003e\u003cscript\u003e&#34;,&#34;scope&#34;:&#34;openid&#34;,&#34;origin&#34;:&#34;https://auth.example.com&#34;}}">`
	if !strings.HasSuffix(page.Body, content) {
		t.Errorf("got %s, want %s", page.Body, content)
	}
	if page.Headers["ETag"] == get(t, contract.PagePath, "", nil).Headers["ETag"] {
		t.Error("pages of two stages have one ETag")
	}
}

func TestMissingFile(t *testing.T) {
	if _, err := newSite(fstest.MapFS{pageFile: {Data: []byte("<!doctype html>")}}, bucketOrigin, basic); err == nil || !strings.Contains(err.Error(), place) {
		t.Errorf("without a place for how to sign in: got %v, want an error that names it", err)
	}
	for _, missing := range []string{pageFile, documentFile} {
		folder := fstest.MapFS{}
		for name, file := range built {
			if name != missing {
				folder[name] = file
			}
		}
		if _, err := newSite(folder, bucketOrigin, basic); err == nil || !strings.Contains(err.Error(), missing) {
			t.Errorf("without %s: got %v, want an error that names it", missing, err)
		}
	}
}
