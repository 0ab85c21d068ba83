package issuer

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html/template"
	"io"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"postern/internal/identity"
	"postern/local/demouser"
)

// A grant is what a code stands for.
type grant struct {
	mail                       identity.Mail
	redirect, challenge, nonce string
	expires                    time.Time
}

// maxCodes bounds the codes that nobody has exchanged.
const maxCodes = 1000

var page = template.Must(template.New("").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Sign in</title>
<main><h1>Sign in to stage local</h1>
<p>This page is for trying on this machine: it asks for no password.</p>
<form method="post">
{{range $name, $value := .Hidden}}<input type="hidden" name="{{$name}}" value="{{$value}}">
{{end}}<label>Mail <input name="mail" type="email" required value="{{.Mail}}"></label>
<button>Sign in</button>
</form></main></html>
`))

// request reads an authorization request. What is wrong with it is told here, and never sent to an address that it names.
// Source: RFC 6749, section 4.1.1, and RFC 7636, section 4.3.
func (i *Issuer) request(r *http.Request) (parameters map[string]string, wrong string) {
	parameters = map[string]string{}
	for _, name := range []string{"response_type", "client_id", "redirect_uri", "state", "nonce", "code_challenge", "code_challenge_method"} {
		parameters[name] = r.FormValue(name)
	}
	switch {
	case parameters["response_type"] != "code":
		return nil, "response_type must be code"
	case parameters["client_id"] != i.Audience:
		return nil, "client_id must be " + i.Audience
	case !isPageHere(parameters["redirect_uri"]):
		return nil, "redirect_uri must be an http address of this machine: http://localhost or http://127.0.0.1, with any port"
	case parameters["code_challenge_method"] != "S256" || len(parameters["code_challenge"]) != 43:
		return nil, "code_challenge must be that of a verifier, with code_challenge_method S256"
	}
	return parameters, ""
}

func isPageHere(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" || u.User != nil || u.Fragment != "" {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || err == nil && ip.IsLoopback()
}

// ask shows the sign-in page.
func (i *Issuer) ask(w http.ResponseWriter, r *http.Request) {
	parameters, wrong := i.request(r)
	if wrong != "" {
		http.Error(w, wrong, http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	_ = page.Execute(w, map[string]any{"Hidden": parameters, "Mail": demouser.Mail})
}

// authorize sends the browser back with a code.
func (i *Issuer) authorize(w http.ResponseWriter, r *http.Request) {
	parameters, wrong := i.request(r)
	mail, err := identity.ParseMail(r.FormValue("mail"))
	if err != nil {
		wrong = "mail must be a mail address"
	}
	if wrong != "" {
		http.Error(w, wrong, http.StatusBadRequest)
		return
	}
	bytes := make([]byte, 32)
	if _, err := io.ReadFull(i.random, bytes); err != nil {
		http.Error(w, "no random bytes", http.StatusInternalServerError)
		return
	}
	code := hex.EncodeToString(bytes)
	i.mu.Lock()
	maps.DeleteFunc(i.codes, func(_ string, g grant) bool { return !i.now().Before(g.expires) || len(i.codes) >= maxCodes })
	i.codes[code] = grant{mail, parameters["redirect_uri"], parameters["code_challenge"], parameters["nonce"], i.now().Add(codeLifetime)}
	i.mu.Unlock()
	back, _ := url.Parse(parameters["redirect_uri"]) // which request has parsed
	query := back.Query()
	query.Set("code", code)
	if parameters["state"] != "" {
		query.Set("state", parameters["state"])
	}
	back.RawQuery = query.Encode()
	http.Redirect(w, r, back.String(), http.StatusSeeOther)
}

// exchange gives tokens for a code, once.
// Source: RFC 6749, section 4.1.3, and RFC 7636, section 4.6.
func (i *Issuer) exchange(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	g, ok := i.codes[r.PostFormValue("code")]
	delete(i.codes, r.PostFormValue("code"))
	i.mu.Unlock()
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	challenge := base64.RawURLEncoding.EncodeToString(sum[:])
	if !ok || !i.now().Before(g.expires) || r.PostFormValue("grant_type") != "authorization_code" || r.PostFormValue("client_id") != i.Audience ||
		r.PostFormValue("redirect_uri") != g.redirect || subtle.ConstantTimeCompare([]byte(challenge), []byte(g.challenge)) != 1 {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"error":"invalid_grant"}`)
		return
	}
	token, err := i.Token(g.mail, map[string]any{"nonce": g.nonce})
	if err != nil {
		http.Error(w, "signing failed", http.StatusInternalServerError)
		return
	}
	answer(w, map[string]any{"access_token": token, "id_token": token, "token_type": "Bearer", "expires_in": int(Lifetime.Seconds())})
}

// demo gives a token for a mail, the demo user's if none is given, without any sign-in: for curl. No page of another origin may
// read it. A group, if one is given, is in the claim groups.
func (i *Issuer) demo(w http.ResponseWriter, r *http.Request) {
	text := r.PostFormValue("mail")
	if text == "" {
		text = demouser.Mail
	}
	mail, err := identity.ParseMail(text)
	if err != nil {
		http.Error(w, "mail must be a mail address", http.StatusBadRequest)
		return
	}
	more := map[string]any{}
	if group := r.PostFormValue("group"); group != "" {
		more["groups"] = []string{group}
	}
	token, err := i.Token(mail, more)
	if err != nil {
		http.Error(w, "signing failed", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/plain")
	_, _ = io.WriteString(w, token+"\n")
}

// Token returns a token for a mail, with more claims.
func (i *Issuer) Token(mail identity.Mail, more map[string]any) (string, error) {
	now := i.now()
	claims := map[string]any{
		"iss": i.URL, "aud": i.Audience, "sub": string(mail), "email": string(mail), "email_verified": true,
		"iat": now.Unix(), "exp": now.Add(Lifetime).Unix(),
	}
	maps.Copy(claims, more)
	text, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	signed, err := i.signer.Sign(text)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}
