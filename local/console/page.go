package console

import (
	"html"
	"net/http"
)

// Page returns what a browser shows that opens the address of S3. It names no password.
func Page(api string) string {
	api = html.EscapeString(api)
	return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Postern, the local run</title>
<h1>Postern, the local run</h1>
<p>This is S3 of a stage that runs on this machine. It is for programs.</p>
<p>The page is at <a href="` + api + `">` + api + `</a>. <code>bin/local --explain</code> says what lies where.</p>
</html>
`
}

// WithRedirect sends a browser that opens the address of this machine to the API's page. Any other request goes on.
func WithRedirect(stage string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.URL.Path != "/" && r.URL.Path != "/"+stage {
			next.ServeHTTP(w, r)
			return
		}
		http.Redirect(w, r, "/"+stage+"/", http.StatusTemporaryRedirect)
	})
}
