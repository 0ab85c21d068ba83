package console

import (
	"html"
	"io"
	"net/http"
	"strings"
)

// Page returns what a browser shows that opens the address of the API or of S3. It names no password.
func Page(what, api string) string {
	api = html.EscapeString(api)
	return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Postern, the local run</title>
<h1>Postern, the local run</h1>
<p>This is ` + html.EscapeString(what) + ` of a stage that runs on this machine. It is for programs.</p>
<p>The address of the API is <code>` + api + `</code>. These of its routes are for a look:</p>
<ul>
<li><a href="` + api + `health">` + api + `health</a>
<li><a href="` + api + `uploads">` + api + `uploads</a>, with the name and password of a user
</ul>
<p>README.md and docs/clients.md tell the rest. <code>bin/local --explain</code> says what lies where.</p>
</html>
`
}

// WithPage answers a browser that opens the API's address, where the template has no route. Any other request goes on.
func WithPage(page, stage string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		isRoot := r.URL.Path == "/" || r.URL.Path == "/"+stage || r.URL.Path == "/"+stage+"/"
		if r.Method != http.MethodGet || !isRoot || !strings.Contains(r.Header.Get("Accept"), "text/html") {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, page)
	})
}
