package issuer

import (
	"html/template"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"time"

	"postern/internal/identity"
	"postern/local/demouser"
)

// codeLifetime is how long a code is good.
const codeLifetime = time.Minute

// A code is what an authorization code stands for.
type code struct {
	session

	redirect, challenge, nonce string
}

var page = template.Must(template.New("").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Sign in</title>
<link rel="icon" href="data:,">
<main><h1>Sign in to stage local</h1>
<p>This page is for trying on this machine: it asks for no password.</p>
<form method="post">
{{range $name, $value := .Hidden}}<input type="hidden" name="{{$name}}" value="{{$value}}">
{{end}}<p><label>Mail <input name="mail" type="email" required value="{{.Mail}}"></label></p>
<p><label>Seconds until a token must be renewed <input name="lifetime" type="number" min="1" max="86400" value="{{.Lifetime}}"></label></p>
<button>Sign in</button> <button name="cancel" value="1" formnovalidate>Cancel</button>
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
	w.Header().Set("Content-Security-Policy", "default-src 'none'; img-src data:; base-uri 'none'; frame-ancestors 'none'")
	_ = page.Execute(w, map[string]any{"Hidden": parameters, "Mail": demouser.Mail, "Lifetime": int(Lifetime.Seconds())})
}

// authorize sends the browser back with a code, or with the error that the person cancelled.
func (i *Issuer) authorize(w http.ResponseWriter, r *http.Request) {
	parameters, wrong := i.request(r)
	if wrong == "" && r.FormValue("cancel") != "" {
		i.back(w, r, parameters, "error", "access_denied")
		return
	}
	var signedIn session
	if wrong == "" {
		signedIn, wrong = sessionOf(r)
	}
	if wrong != "" {
		http.Error(w, wrong, http.StatusBadRequest)
		return
	}
	name, err := i.codes.put(code{signedIn, parameters["redirect_uri"], parameters["code_challenge"], parameters["nonce"]})
	if err != nil {
		http.Error(w, "no random bytes", http.StatusInternalServerError)
		return
	}
	i.back(w, r, parameters, "code", name)
}

// sessionOf reads who signs in, and for how long a token shall be good.
func sessionOf(r *http.Request) (s session, wrong string) {
	mail, err := identity.ParseMail(r.FormValue("mail"))
	if err != nil {
		return session{}, "mail must be a mail address"
	}
	s = session{mail: mail, lifetime: Lifetime}
	if text := r.FormValue("lifetime"); text != "" {
		seconds, err := strconv.ParseUint(text, 10, 32)
		if s.lifetime = time.Duration(seconds) * time.Second; err != nil || seconds < 1 || s.lifetime > maxLifetime {
			return session{}, "lifetime must be 1 to 86400 seconds"
		}
	}
	return s, ""
}

// back sends the browser to the redirect_uri with a result. The issuer names itself, so that no other one is mistaken for it.
// Source: RFC 6749, section 4.1.2, and RFC 9207.
func (i *Issuer) back(w http.ResponseWriter, r *http.Request, parameters map[string]string, name, value string) {
	address, _ := url.Parse(parameters["redirect_uri"]) // which request has parsed
	query := address.Query()
	query.Set(name, value)
	query.Set("iss", i.URL)
	if parameters["state"] != "" {
		query.Set("state", parameters["state"])
	}
	address.RawQuery = query.Encode()
	http.Redirect(w, r, address.String(), http.StatusSeeOther)
}

// end sends the browser back to the page that signs out. There is nothing to end: no cookie is set.
// Source: OpenID Connect RP-Initiated Logout 1.0, section 2.
func (i *Issuer) end(w http.ResponseWriter, r *http.Request) {
	address := r.FormValue("post_logout_redirect_uri")
	if !isPageHere(address) {
		http.Error(w, "post_logout_redirect_uri must be an http address of this machine", http.StatusBadRequest)
		return
	}
	http.Redirect(w, r, address, http.StatusSeeOther)
}
