package issuer_test

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/google/go-cmp/cmp"

	"postern/internal/cfn"
	"postern/local/issuer"
)

// stackOf is a stack with one function that has the issuers.
func stackOf(issuers string) *cfn.Stack {
	return &cfn.Stack{Functions: []cfn.Function{
		{LogicalID: "Other", Environment: map[string]string{"A": `{"at":"http://127.0.0.1:8080/issuer"}`, "B": "http://127.0.0.1:8080/issuer"}},
		{LogicalID: "Authorizer", Environment: map[string]string{"ISSUERS": issuers}},
	}}
}

func TestWhichIssuerIsServed(t *testing.T) {
	for name, test := range map[string]struct{ issuers, url, variable string }{
		"none":            {`[]`, "", ""},
		"another's":       {`[{"issuer":"https://id.example.com","audience":"web"}]`, "", ""},
		"without a path":  {`[{"issuer":"http://127.0.0.1:8080/","audience":"web"}]`, "", ""},
		"here":            {`[{"issuer":"http://127.0.0.1:8080/issuer","audience":"web"}]`, "http://127.0.0.1:7/issuer", `[{"issuer":"http://127.0.0.1:7/issuer","audience":"web"}]`},
		"here and abroad": {`[{"issuer":"https://a"},{"issuer":"http://[::1]/x","mail":"email"}]`, "http://[::1]:7/x", `[{"issuer":"https://a"},{"issuer":"http://[::1]:7/x","mail":"email"}]`},
	} {
		got, variables, err := issuer.New(stackOf(test.issuers), 7, rand.Reader, time.Now)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var address string
		if got != nil {
			address = got.URL
		}
		if address != test.url || variables["Authorizer"]["ISSUERS"] != test.variable {
			t.Errorf("%s: got %q, %v, want %q, %s", name, address, variables, test.url, test.variable)
		}
	}
	// Whatever else names it, as a JSON string, gets the port too.
	_, variables, err := issuer.New(stackOf(`[{"issuer":"http://127.0.0.1:8080/issuer","audience":"web"}]`), 7, rand.Reader, time.Now)
	if diff := cmp.Diff(variables["Other"], map[string]string{"A": `{"at":"http://127.0.0.1:7/issuer"}`}); err != nil || diff != "" {
		t.Errorf("another function: %v (-got +want):\n%s", err, diff)
	}
	for name, issuers := range map[string]string{
		"malformed": `{`, "two here": `[{"issuer":"http://127.0.0.1/a"},{"issuer":"http://127.0.0.1/b"}]`,
	} {
		if _, _, err := issuer.New(stackOf(issuers), 7, rand.Reader, time.Now); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// serve serves an issuer, and 404 for what is not its own.
func serve(t *testing.T, now func() time.Time) *issuer.Issuer {
	t.Helper()
	var handler http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	i, _, err := issuer.New(stackOf(`[{"issuer":"`+server.URL+`/issuer","audience":"web"}]`), port(t, u), rand.Reader, now)
	if err != nil {
		t.Fatal(err)
	}
	handler = i.Handler(http.NotFoundHandler())
	return i
}

func port(t *testing.T, u *url.URL) (port int) {
	t.Helper()
	if err := json.Unmarshal([]byte(u.Port()), &port); err != nil {
		t.Fatal(err)
	}
	return port
}

// An answer is what a request got.
type answer struct {
	StatusCode int
	Header     http.Header
}

// post sends a form and returns the answer, without following it.
func post(t *testing.T, address string, form url.Values) (answer, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header}, string(body)
}

// checkToken has the library of an application verify a token.
func checkToken(t *testing.T, i *issuer.Issuer, token, mail, nonce string) {
	t.Helper()
	provider, err := oidc.NewProvider(t.Context(), i.URL)
	if err != nil {
		t.Fatal(err)
	}
	verified, err := provider.Verifier(&oidc.Config{ClientID: "web", SupportedSigningAlgs: []string{"ES256"}}).Verify(t.Context(), strings.TrimSpace(token))
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Email    string `json:"email"`
		Verified bool   `json:"email_verified"`
	}
	if err := verified.Claims(&got); err != nil {
		t.Fatal(err)
	}
	if got.Email != mail || !got.Verified || verified.Nonce != nonce {
		t.Errorf("got %+v, nonce %q, want %s, verified, %q", got, verified.Nonce, mail, nonce)
	}
}

func TestTokenByCurl(t *testing.T) {
	i := serve(t, time.Now)
	_, token := post(t, i.URL+"/demo", nil)
	checkToken(t, i, token, "demo@example.com", "")
	answer, token := post(t, i.URL+"/demo", url.Values{"mail": {"You@example.com"}})
	checkToken(t, i, token, "you@example.com", "")
	if got := answer.Header.Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("pages of origin %q may read it, want none", got)
	}
	if answer, _ := post(t, i.URL+"/demo", url.Values{"mail": {"nobody"}}); answer.StatusCode != http.StatusBadRequest {
		t.Errorf("no mail: got %d, want 400", answer.StatusCode)
	}
}

const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // of RFC 7636, appendix B

func authorization() url.Values {
	sum := sha256.Sum256([]byte(verifier))
	return url.Values{
		"response_type": {"code"}, "client_id": {"web"}, "redirect_uri": {"http://localhost:5173/back?a=b"}, "state": {"s"}, "nonce": {"n"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"}, "mail": {"you@example.com"},
	}
}

func TestCode(t *testing.T) {
	now := time.Now()
	i := serve(t, func() time.Time { return now })
	code := func() string {
		answer, body := post(t, i.URL+"/authorize", authorization())
		back, err := url.Parse(answer.Header.Get("Location"))
		if err != nil || answer.StatusCode != http.StatusSeeOther || back.Query().Get("state") != "s" || back.Query().Get("iss") != i.URL || back.Query().Get("a") != "b" || back.Host != "localhost:5173" {
			t.Fatalf("got %d, %v, %s, want to be sent back", answer.StatusCode, back, body)
		}
		return back.Query().Get("code")
	}
	good := url.Values{
		"grant_type": {"authorization_code"}, "client_id": {"web"}, "redirect_uri": {"http://localhost:5173/back?a=b"}, "code_verifier": {verifier},
	}
	good.Set("code", code())
	answer, body := post(t, i.URL+"/token", good)
	var got struct {
		ID string `json:"id_token"`
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("got %d %s", answer.StatusCode, body)
	}
	checkToken(t, i, got.ID, "you@example.com", "n")
	if answer, _ := post(t, i.URL+"/token", good); answer.StatusCode != http.StatusBadRequest {
		t.Errorf("the code again: got %d, want 400", answer.StatusCode)
	}
	for name, value := range map[string]string{"grant_type": "password", "client_id": "x", "redirect_uri": "http://localhost:1", "code_verifier": "x", "code": "x"} {
		good.Set("code", code())
		bad := url.Values{}
		for other := range good {
			bad.Set(other, good.Get(other))
		}
		bad.Set(name, value)
		if answer, body := post(t, i.URL+"/token", bad); answer.StatusCode != http.StatusBadRequest || !strings.Contains(body, `"error":"`) || strings.Contains(body, "token\"") {
			t.Errorf("%s=%s: got %d %s, want 400", name, value, answer.StatusCode, body)
		}
	}
	good.Set("code", code())
	now = now.Add(time.Minute)
	if answer, _ := post(t, i.URL+"/token", good); answer.StatusCode != http.StatusBadRequest {
		t.Errorf("an old code: got %d, want 400", answer.StatusCode)
	}
}

func TestAuthorizationsThatAreRefused(t *testing.T) {
	i := serve(t, time.Now)
	for name, values := range map[string][]string{
		"redirect_uri":          {"", "https://evil.example.com", "http://evil.example.com", "javascript://localhost", "http://localhost.evil.example.com", "http://localhost@evil.example.com"},
		"client_id":             {"", "other"},
		"response_type":         {"token"},
		"code_challenge_method": {"plain", ""},
		"code_challenge":        {"", "x"},
		"mail":                  {"", "nobody"},
		"lifetime":              {"0", "-1", "86401", "1h", "99999999999999999999"},
	} {
		for _, value := range values {
			form := authorization()
			form.Set(name, value)
			if answer, _ := post(t, i.URL+"/authorize", form); answer.StatusCode != http.StatusBadRequest || answer.Header.Get("Location") != "" {
				t.Errorf("%s=%q: got %d to %q, want 400", name, value, answer.StatusCode, answer.Header.Get("Location"))
			}
		}
	}
}

// Each token is renewed once by its refresh token, lives as long as was asked for, and ends when the person signs out.
func TestRenewal(t *testing.T) {
	now := time.Now()
	i := serve(t, func() time.Time { return now })
	type tokens struct {
		ID      string `json:"id_token"`
		Refresh string `json:"refresh_token"`
		Seconds int    `json:"expires_in"`
	}
	call := func(form url.Values) (got tokens) {
		form.Set("client_id", "web")
		answer, body := post(t, i.URL+"/token", form)
		if err := json.Unmarshal([]byte(body), &got); err != nil || answer.Header.Get("Access-Control-Allow-Origin") != "*" {
			t.Fatalf("got %d %s, want JSON that a page may read", answer.StatusCode, body)
		}
		return got
	}
	signIn := func() tokens {
		form := authorization()
		form.Set("lifetime", "7")
		answer, _ := post(t, i.URL+"/authorize", form)
		back, _ := url.Parse(answer.Header.Get("Location"))
		return call(url.Values{
			"grant_type": {"authorization_code"}, "redirect_uri": {form.Get("redirect_uri")}, "code_verifier": {verifier}, "code": {back.Query().Get("code")},
		})
	}
	renew := func(refresh string) tokens {
		return call(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}})
	}
	first := signIn()
	second := renew(first.Refresh)
	if first.Seconds != 7 || second.Seconds != 7 || second.Refresh == first.Refresh {
		t.Errorf("got %+v, then %+v, want 7 seconds each and another refresh token", first, second)
	}
	checkToken(t, i, second.ID, "you@example.com", "")
	for name, refresh := range map[string]string{"used": first.Refresh, "none": "", "made up": "x"} {
		if got := renew(refresh); got != (tokens{}) {
			t.Errorf("a refresh token that is %s: got %+v, want nothing", name, got)
		}
	}
	if answer, _ := post(t, i.URL+"/revoke", url.Values{"token": {second.Refresh}}); answer.StatusCode != http.StatusOK {
		t.Errorf("revoking: got %d, want 200", answer.StatusCode)
	}
	if got := renew(second.Refresh); got != (tokens{}) {
		t.Errorf("a revoked refresh token: got %+v, want nothing", got)
	}
	late := signIn()
	now = now.Add(12 * time.Hour)
	if got := renew(late.Refresh); got != (tokens{}) {
		t.Errorf("an old refresh token: got %+v, want nothing", got)
	}
}

// The page hears of a person who cancels, and signs out to itself alone.
func TestWayBack(t *testing.T) {
	i := serve(t, time.Now)
	form := authorization()
	form.Set("cancel", "1")
	answer, _ := post(t, i.URL+"/authorize", form)
	back, err := url.Parse(answer.Header.Get("Location"))
	if err != nil || back.Query().Get("error") != "access_denied" || back.Query().Get("state") != "s" || back.Query().Has("code") {
		t.Errorf("cancelled: got %d to %v, want to be sent back with the error", answer.StatusCode, back)
	}
	for address, want := range map[string]int{"http://127.0.0.1:1/api/": http.StatusSeeOther, "https://evil.example.com": http.StatusBadRequest, "": http.StatusBadRequest} {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/issuer/end?post_logout_redirect_uri="+url.QueryEscape(address), http.NoBody)
		r.RemoteAddr = "127.0.0.1:5"
		i.Handler(http.NotFoundHandler()).ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("signing out to %q: got %d, want %d", address, w.Code, want)
		}
	}
}

// The page escapes what a link brings along.
func TestPage(t *testing.T) {
	i := serve(t, time.Now)
	form := authorization()
	form.Set("state", `"><script>alert(1)</script>`)
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/issuer/authorize?"+form.Encode(), http.NoBody)
	r.RemoteAddr = "127.0.0.1:5"
	i.Handler(http.NotFoundHandler()).ServeHTTP(w, r)
	if body := w.Body.String(); w.Code != http.StatusOK || strings.Contains(body, "<script>") || !strings.Contains(body, "&lt;script&gt;") {
		t.Errorf("got %d %s", w.Code, body)
	}
}

// Other machines get nothing, and what is not the issuer's is another's.
func TestWhoIsAnswered(t *testing.T) {
	i := serve(t, time.Now)
	next := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	got := map[string]int{}
	for _, remote := range []string{"127.0.0.1:5", "[::1]:5", "[::ffff:127.0.0.1]:5", "192.168.1.5:5", ""} {
		for _, path := range []string{"/issuer/keys", "/api/health", "/issuers"} {
			w := httptest.NewRecorder()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody)
			r.RemoteAddr = remote
			i.Handler(next).ServeHTTP(w, r)
			got[remote+" "+path] = w.Code
		}
	}
	want := map[string]int{}
	for remote, status := range map[string]int{"127.0.0.1:5": 200, "[::1]:5": 200, "[::ffff:127.0.0.1]:5": 200, "192.168.1.5:5": 403, "": 403} {
		want[remote+" /issuer/keys"], want[remote+" /api/health"], want[remote+" /issuers"] = status, 418, 418
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
}
