package e2e_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestHealthIsPublic(t *testing.T) {
	a := newClient(demo.base, "").do(t, http.MethodGet, "health")
	if got, want := strings.TrimSpace(string(a.body)), `{"status":"ok"}`; a.status != http.StatusOK || got != want {
		t.Errorf("got %d %s, want 200 %s", a.status, got, want)
	}
}

// Monitors ask with HEAD.
func TestHeadOfHealth(t *testing.T) {
	a := newClient(demo.base, "").do(t, http.MethodHead, "health")
	if a.status != http.StatusOK || len(a.body) != 0 {
		t.Errorf("got %d %q, want 200 without a body", a.status, a.body)
	}
}

func TestPreflightNeedsNoCredentials(t *testing.T) {
	a := newClient(demo.base, "").do(t, http.MethodOptions, "presignedurl", header("Origin", "https://app.example.com"))
	if a.status != http.StatusNoContent && a.status != http.StatusOK {
		t.Errorf("got %d, want 200 or 204", a.status)
	}
	for name, want := range map[string]string{
		"Access-Control-Allow-Origin":      "*",
		"Access-Control-Allow-Credentials": "",
	} {
		if got := a.header.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	for name, part := range map[string]string{
		"Access-Control-Allow-Headers": "Authorization",
		"Access-Control-Allow-Methods": "GET",
	} {
		if got := a.header.Get(name); !strings.Contains(got, part) {
			t.Errorf("%s: got %q, want it to have %q", name, got, part)
		}
	}
}

func TestRefusals(t *testing.T) {
	own := "presignedurl?mail=" + url.QueryEscape(demo.user)
	basic := func(credentials string) func(*http.Request) {
		return header("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(credentials)))
	}
	for _, test := range []struct {
		name   string
		method string // GET if empty
		path   string
		edit   func(*http.Request)

		status int
		code   string
		says   []string // what the message must contain
	}{
		// Credentials.
		{name: "no credentials", path: own, edit: dropHeader("Authorization"), status: 401, code: "unauthorized"},
		{name: "empty credentials", path: own, edit: header("Authorization", ""), status: 401, code: "unauthorized"},
		{name: "wrong password", path: own, edit: basic(demo.user + ":wrong"), status: 401, code: "unauthorized"},
		{name: "unknown user", path: own, edit: basic("nobody@example.com:" + demo.password), status: 401, code: "unauthorized"},
		{name: "empty password", path: own, edit: basic(demo.user + ":"), status: 401, code: "unauthorized"},
		{name: "empty user", path: own, edit: basic(":" + demo.password), status: 401, code: "unauthorized"},
		{name: "no colon", path: own, edit: basic(demo.user), status: 401, code: "unauthorized"},
		{name: "a NUL", path: own, edit: basic(demo.user + ":" + demo.password + "\x00"), status: 401, code: "unauthorized"},
		{name: "not UTF-8", path: own, edit: basic(demo.user + ":\xff\xfe"), status: 401, code: "unauthorized"},
		{name: "not base64", path: own, edit: header("Authorization", "Basic ?"), status: 401, code: "unauthorized"},
		{name: "another scheme", path: own, edit: header("Authorization", "Bearer abc"), status: 401, code: "unauthorized"},
		{name: "a long password", path: own, edit: basic(demo.user + ":" + strings.Repeat("x", 1025)), status: 401, code: "unauthorized"},
		{name: "a long header", path: own, edit: basic(demo.user + ":" + strings.Repeat("x", 7000)), status: 401, code: "unauthorized"},

		// mail.
		{name: "another's mail", path: "presignedurl?mail=other%40example.com", status: 403, code: "forbidden"},
		{name: "no mail", path: "presignedurl", status: 400, code: "invalid_request", says: []string{"mail"}},
		{name: "empty mail", path: "presignedurl?mail=", status: 400, code: "invalid_request", says: []string{"mail"}},
		{name: "malformed mail", path: "presignedurl?mail=demo", status: 400, code: "invalid_request", says: []string{"mail", `"demo"`}},
		{name: "mail twice", path: own + "&mail=" + url.QueryEscape(demo.user), status: 400, code: "invalid_request", says: []string{"mail", "once"}},
		{name: "mail and another's", path: own + "&mail=other%40example.com", status: 400, code: "invalid_request", says: []string{"mail", "once"}},
		{name: "mail with a line break", path: own + "%0D%0AX-Evil:1", status: 400, code: "invalid_request", says: []string{"mail"}},
		{name: "mail with a NUL", path: own + "%00", status: 400, code: "invalid_request", says: []string{"mail"}},
		{name: "mail not in UTF-8", path: own + "%ff", status: 400, code: "invalid_request", says: []string{"mail"}},
		{name: "a long mail", path: "presignedurl?mail=" + strings.Repeat("a", 3000) + "%40example.com", status: 400, code: "invalid_request", says: []string{"mail"}},
		{name: "a plus that was not escaped", path: "presignedurl?mail=demo+1@example.com", status: 400, code: "invalid_request", says: []string{"mail"}},

		// filename and type.
		{name: "unknown extension", path: own + "&filename=page.html", status: 415, code: "unsupported_media_type", says: []string{"filename", "page.html", "mp4"}},
		{name: "no extension", path: own + "&filename=intro", status: 415, code: "unsupported_media_type", says: []string{"filename", "intro", "mp4"}},
		{name: "unknown type", path: own + "&type=text%2Fhtml", status: 415, code: "unsupported_media_type", says: []string{"type", "text/html", "video/mp4"}},
		{name: "type that does not fit", path: own + "&filename=a.mp4&type=image%2Fpng", status: 415, code: "unsupported_media_type", says: []string{"type", "image/png", "video/mp4"}},
		{name: "file name twice", path: own + "&filename=a.mp4&filename=b.mp4", status: 400, code: "invalid_request", says: []string{"filename"}},
		{name: "type twice", path: own + "&type=video/mp4&type=image/png", status: 400, code: "invalid_request", says: []string{"type"}},
		{name: "file name with a line break", path: own + "&filename=a%0D%0Ab.mp4", status: 400, code: "invalid_request", says: []string{"filename"}},
		{name: "file name with a NUL", path: own + "&filename=a%00.mp4", status: 400, code: "invalid_request", says: []string{"filename"}},
		{name: "a long file name", path: own + "&filename=" + strings.Repeat("a", 3000) + ".mp4", status: 400, code: "invalid_request", says: []string{"filename"}},
		{name: "file name that is a path", path: own + "&filename=..%2F..%2Fa.mp4", status: 400, code: "invalid_request", says: []string{"filename"}},
		{name: "type with a line break", path: own + "&type=video/mp4%0D%0A", status: 415, code: "unsupported_media_type", says: []string{"type"}},
		{name: "a long type", path: own + "&type=" + strings.Repeat("a", 3000), status: 415, code: "unsupported_media_type", says: []string{"type"}},
		{name: "unknown parameter", path: own + "&acl=public-read", status: 400, code: "invalid_request", says: []string{"acl", "filename"}},

		// Routes.
		{name: "unknown route", path: "buckets", status: 404, code: "not_found", says: []string{"no such route"}},
		{name: "wrong method", method: http.MethodDelete, path: own, status: 404, code: "not_found"},
		{name: "below a route", path: "presignedurl/x?mail=a", status: 404, code: "not_found"},
		{name: "other case", path: "Presignedurl?mail=a", status: 404, code: "not_found"},
		{name: "above the stage", path: "../presignedurl", status: 404, code: "not_found"},
	} {
		t.Run(test.name, func(t *testing.T) {
			method, edit := test.method, test.edit
			if method == "" {
				method = http.MethodGet
			}
			if edit == nil {
				edit = func(*http.Request) {}
			}
			a := demo.do(t, method, test.path, edit)
			if a.status != test.status {
				t.Fatalf("got %d %s, want %d", a.status, a.body, test.status)
			}
			if test.code != "" {
				checkError(t, a, test.code, test.says)
			}
		})
	}
}

// checkError checks that an error has the shape of every error of the API.
func checkError(t *testing.T, a answer, code string, says []string) {
	t.Helper()
	var e errorBody
	if err := json.Unmarshal(a.body, &e); err != nil {
		t.Fatalf("body %q is not JSON: %v", a.body, err)
	}
	if string(e.Code) != code {
		t.Errorf("code: got %q, want %q", e.Code, code)
	}
	if e.Message == "" || e.RequestID == "" {
		t.Errorf("message %q or requestId %q is empty", e.Message, e.RequestID)
	}
	for _, part := range says {
		if !strings.Contains(e.Message, part) {
			t.Errorf("message: got %q, want it to name %q", e.Message, part)
		}
	}
	if len(a.body) > 2000 {
		t.Errorf("the body has %d bytes, want a short one", len(a.body))
	}
	want := map[string]string{
		"Access-Control-Allow-Origin": "*",
		"Cache-Control":               "no-store",
		"X-Content-Type-Options":      "nosniff",
	}
	for name, value := range want {
		if got := a.header.Get(name); got != value {
			t.Errorf("%s: got %q, want %q", name, got, value)
		}
	}
	if challenge := a.header.Get("WWW-Authenticate"); (a.status == http.StatusUnauthorized) != strings.HasPrefix(challenge, "Basic ") {
		t.Errorf("WWW-Authenticate of a %d: got %q", a.status, challenge)
	}
}

func TestMailIsNormalised(t *testing.T) {
	lower := demo.presignedURL(t)
	upper := demo
	upper.user = strings.ToUpper(demo.user)
	f := upper.presignedURL(t)
	owner := func(f form) string { return strings.Split(f.Key, "/")[1] }
	if owner(f) != owner(lower) {
		t.Errorf("owner: got %s, want %s", owner(f), owner(lower))
	}
	if strings.Contains(f.Key, "demo") {
		t.Errorf("key %s has something of the mail", f.Key)
	}
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func dropHeader(name string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Del(name) }
}
