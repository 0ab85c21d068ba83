// Package issuer is a small OpenID Provider for trying tokens on this machine: discovery, keys, sign-in by authorization code with
// PKCE, renewal by refresh tokens, and tokens by a plain request. It asks nobody for a password, so it answers this machine alone.
package issuer

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"postern/internal/cfn"
)

// variable is the one of a function's variables that names the issuers whose tokens it takes, as a JSON list of objects.
const variable = "ISSUERS"

// Lifetime is how long a token is good if nobody asks for another time.
const Lifetime = time.Hour

// An Issuer is an OpenID Provider. It is safe for concurrent use.
type Issuer struct {
	URL      string // of the issuer, without a slash at its end
	Audience string // of its tokens, which is its one client's id

	path   string // of URL
	now    func() time.Time
	public jose.JSONWebKey
	signer jose.Signer

	codes     *once[code]
	refreshes *once[session]
}

// Variables are the functions' variables by logical id that name an issuer where it is served.
type Variables map[string]map[string]string

// New returns the issuer that a function of the stack trusts at a loopback address, as served at a port, and the variables of
// all functions that name it, with that port: a template cannot know it. It returns nil if no function trusts one. Its key is
// made with random.
func New(stack *cfn.Stack, port int, random io.Reader, now func() time.Time) (*Issuer, Variables, error) {
	for _, f := range stack.Functions {
		address, audience, err := trusted(f)
		if err != nil {
			return nil, nil, err
		}
		served, ok := atPort(address, port)
		if !ok {
			continue
		}
		i, err := newIssuer(served, audience, random, now)
		return i, moved(stack, address, served), err
	}
	return nil, nil, nil
}

// trusted returns the loopback issuer that a function trusts, and whom its tokens are for. Both are empty if there is none.
func trusted(f cfn.Function) (address, audience string, err error) {
	var entries []struct{ Issuer, Audience string }
	if f.Environment[variable] == "" {
		return "", "", nil
	}
	if err := json.Unmarshal([]byte(f.Environment[variable]), &entries); err != nil {
		return "", "", fmt.Errorf("variable %s of %s is not a JSON list of objects", variable, f.LogicalID)
	}
	for _, entry := range entries {
		switch _, ok := atPort(entry.Issuer, 0); {
		case ok && address != "" && address != entry.Issuer:
			return "", "", fmt.Errorf("%s trusts several issuers at this machine: one is served", f.LogicalID)
		case ok && address == "":
			address, audience = entry.Issuer, entry.Audience
		}
	}
	return address, audience, nil
}

// moved returns the variables that hold an address as a JSON string, with another address in its place.
func moved(stack *cfn.Stack, from, to string) Variables {
	variables := Variables{}
	for _, f := range stack.Functions {
		for name, value := range f.Environment {
			if changed := strings.ReplaceAll(value, strconv.Quote(from), strconv.Quote(to)); changed != value {
				if variables[f.LogicalID] == nil {
					variables[f.LogicalID] = map[string]string{}
				}
				variables[f.LogicalID][name] = changed
			}
		}
	}
	return variables
}

// atPort returns the address of a loopback issuer with another port, and whether it is one.
func atPort(address string, port int) (string, bool) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" || strings.Trim(u.Path, "/") == "" {
		return "", false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	if err != nil || !ip.IsLoopback() {
		return "", false
	}
	u.Host = net.JoinHostPort(u.Hostname(), strconv.Itoa(port))
	return u.String(), true
}

func newIssuer(address, audience string, random io.Reader, now func() time.Time) (*Issuer, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), random)
	if err != nil {
		return nil, fmt.Errorf("making the issuer's key: %w", err)
	}
	// A key id of its own: who has cached the key of an earlier run asks again.
	id := strconv.FormatInt(now().UnixNano(), 36)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: id}},
		(&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return nil, fmt.Errorf("making the issuer's signer: %w", err)
	}
	return &Issuer{
		URL: strings.TrimSuffix(address, "/"), Audience: audience, path: strings.TrimSuffix(u.Path, "/"), now: now,
		public: jose.JSONWebKey{Key: key.Public(), KeyID: id, Algorithm: "ES256", Use: "sig"}, signer: signer,
		codes: newOnce[code](random, now, codeLifetime), refreshes: newOnce[session](random, now, sessionLifetime),
	}, nil
}

// Handler serves the issuer below its path, and everything else by next. A nil Issuer serves nothing.
func (i *Issuer) Handler(next http.Handler) http.Handler {
	if i == nil {
		return next
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+i.path+"/.well-known/openid-configuration", i.discover)
	mux.HandleFunc("GET "+i.path+"/keys", i.keys)
	mux.HandleFunc("GET "+i.path+"/authorize", i.ask)
	mux.HandleFunc("POST "+i.path+"/authorize", i.authorize)
	mux.HandleFunc("POST "+i.path+"/token", i.token)
	mux.HandleFunc("POST "+i.path+"/revoke", i.revoke)
	mux.HandleFunc("GET "+i.path+"/end", i.end)
	mux.HandleFunc("POST "+i.path+"/demo", i.demo)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, i.path+"/") {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if !isHere(r.RemoteAddr) {
			http.Error(w, "this issuer asks for no password: it answers its own machine alone", http.StatusForbidden)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
		mux.ServeHTTP(w, r)
	})
}

func isHere(remote string) bool {
	address, err := netip.ParseAddrPort(remote)
	return err == nil && address.Addr().Unmap().IsLoopback()
}

// discover answers the discovery document.
// Source: OpenID Connect Discovery 1.0, section 3.
func (i *Issuer) discover(w http.ResponseWriter, _ *http.Request) {
	answer(w, map[string]any{
		"issuer": i.URL, "jwks_uri": i.URL + "/keys", "authorization_endpoint": i.URL + "/authorize", "token_endpoint": i.URL + "/token",
		"revocation_endpoint": i.URL + "/revoke", "end_session_endpoint": i.URL + "/end",
		"response_types_supported": []string{"code"}, "grant_types_supported": []string{"authorization_code", "refresh_token"},
		"authorization_response_iss_parameter_supported": true,
		"subject_types_supported":                        []string{"public"}, "id_token_signing_alg_values_supported": []string{"ES256"},
		"code_challenge_methods_supported": []string{"S256"}, "token_endpoint_auth_methods_supported": []string{"none"},
		"scopes_supported": []string{"openid", "email"},
	})
}

func (i *Issuer) keys(w http.ResponseWriter, _ *http.Request) {
	answer(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{i.public}})
}

// answer sends JSON that any page on this machine may read: it holds nothing that the asker has not earned.
func answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Access-Control-Allow-Origin", "*")
	_ = json.NewEncoder(w).Encode(value)
}

// refuse sends an OAuth error in the same way.
// Source: RFC 6749, section 5.2.
func refuse(w http.ResponseWriter, code string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.WriteHeader(http.StatusBadRequest)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": code})
}

// Banner prints how to sign in by the issuer. A nil Issuer prints nothing.
func (i *Issuer) Banner(w io.Writer) {
	if i != nil {
		_, _ = fmt.Fprintf(w, "The local issuer signs in any mail, without a password, on this machine alone: on the page, or by a token for curl:\n  curl -s -d mail=you@example.com %s/demo\n", i.URL)
	}
}
