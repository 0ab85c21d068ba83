package e2e_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// tokenOf gets a token for a mail from the run's issuer, as its banner says.
func tokenOf(t *testing.T, run *localRun, mail, group string) client {
	t.Helper()
	address := strings.TrimSuffix(run.API, "api/") + "issuer/demo"
	form := url.Values{"mail": {mail}, "group": {group}}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	token, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", address, answer.Status, err)
	}
	return newClient(run.API, bearer+":"+strings.TrimSpace(string(token)))
}

// Callers with tokens, through the compiled authorizer and an issuer's real keys: one with a row, one without, a service, and
// tokens that are changed.
func TestTokens(t *testing.T) {
	requireLocal(t)
	t.Parallel()
	run := serve(t, assembly)
	password := newClient(run.API, demoUser)
	known, unknown := tokenOf(t, run, "Demo@Example.com", ""), tokenOf(t, run, "new@example.com", "")
	service := tokenOf(t, run, "backend@example.com", "uploads-service")

	own := known.store(t, "a.txt", []byte("text"))
	known.await(t, own.ID, "ready")
	if got, name := known.download(t, own.ID); string(got) != "text" || name != "a.txt" {
		t.Errorf("downloaded %q as %q, want text as a.txt", got, name)
	}
	others := unknown.store(t, "b.txt", []byte("text"))
	unknown.await(t, others.ID, "ready")

	forged := unknown
	head, rest, _ := strings.Cut(unknown.password, ".")
	_, signature, _ := strings.Cut(rest, ".")
	_, claims, _ := strings.Cut(known.password, ".")
	claims, _, _ = strings.Cut(claims, ".")
	forged.password = head + "." + claims + "." + signature
	for name, test := range map[string]struct {
		caller client
		path   string
		want   int
	}{
		"with a row: its own":                  {known, "uploads/" + own.ID, http.StatusOK},
		"the same user by password":            {password, "uploads/" + own.ID, http.StatusOK},
		"with a row: another's":                {known, "uploads/" + others.ID, http.StatusNotFound},
		"with a row: for another":              {known, "uploads/" + others.ID + "?mail=new%40example.com", http.StatusForbidden},
		"without a row: its own":               {unknown, "uploads/" + others.ID, http.StatusOK},
		"without a row: another's":             {unknown, "uploads/" + own.ID, http.StatusNotFound},
		"without a row: for another":           {unknown, "uploads/" + own.ID + "?mail=demo%40example.com", http.StatusForbidden},
		"a service: for another":               {service, "uploads/" + others.ID + "?mail=new%40example.com", http.StatusOK},
		"a service: its own":                   {service, "uploads/" + own.ID, http.StatusNotFound},
		"another's claims under the signature": {forged, "uploads/" + own.ID, http.StatusUnauthorized},
		"no token at all":                      {newClient(run.API, bearer+":x"), "uploads/" + own.ID, http.StatusUnauthorized},
	} {
		if a := test.caller.do(t, http.MethodGet, test.path); a.status != test.want {
			t.Errorf("%s: got %d %s, want %d", name, a.status, a.body, test.want)
		}
	}
	if log := run.Log(); strings.Contains(log, signature) || strings.Contains(log, claims) {
		t.Error("the log holds a token")
	}
}
