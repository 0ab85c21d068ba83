package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"postern/internal/contract"
)

// spoilers are ways in which an issuer can be out of order. What it sends holds the marker.
func spoilers(t *testing.T, other *testIssuer) map[string]func(http.ResponseWriter, *http.Request) bool {
	t.Helper()
	says := func(status int, body string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Location", other.URL+discoveryPath)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
			return true
		}
	}
	keysOnly := func(spoil func(http.ResponseWriter, *http.Request) bool) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool { return r.URL.Path == keysPath && spoil(w, r) }
	}
	discovers := func(issuer, address string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			issuer := strings.ReplaceAll(issuer, "SELF", "http://"+r.Host)
			return r.URL.Path == discoveryPath && says(200, fmt.Sprintf(`{"issuer":%q,"jwks_uri":%q,"note":%q}`, issuer, address, marker))(w, r)
		}
	}
	hang := func(_ http.ResponseWriter, r *http.Request) bool {
		<-r.Context().Done()
		return true
	}
	return map[string]func(http.ResponseWriter, *http.Request) bool{
		"500":                           says(500, marker),
		"HTML":                          says(200, "<html>"+marker),
		"10 MB":                         says(200, `{"x":"`+strings.Repeat(marker, 10<<20/len(marker))+`"}`),
		"a redirect":                    says(302, marker),
		"hangs":                         hang,
		"no content":                    says(204, ""),
		"another issuer":                discovers(other.URL, other.URL+keysPath),
		"the issuer with a slash":       discovers("SELF/", other.URL+keysPath),
		"no keys' address":              discovers("SELF", ""),
		"keys without TLS":              discovers("SELF", "http://"+marker+".example.com/keys"),
		"keys in a file":                discovers("SELF", "file:///"+marker),
		"keys: 500":                     keysOnly(says(500, marker)),
		"keys: HTML":                    keysOnly(says(200, "<html>"+marker)),
		"keys: none":                    keysOnly(says(200, `{"keys":[]}`)),
		"keys: null":                    keysOnly(says(200, `null`)),
		"keys: a shared secret":         keysOnly(says(200, `{"keys":[{"kty":"oct","k":"c2VjcmV0","kid":"key-1"}]}`)),
		"keys: 10 MB":                   keysOnly(says(200, `{"keys":["`+strings.Repeat(marker, 10<<20/len(marker))+`"]}`)),
		"keys: a redirect":              keysOnly(says(307, marker)),
		"keys: hang":                    keysOnly(hang),
		"keys: kinds that nobody knows": keysOnly(says(200, `{"keys":[{"kty":"`+marker+`"}, 5, null]}`)),
	}
}

// Without keys, nobody is let in: it is a fault, and its log holds nothing that the issuer or the caller sent.
func TestIssuersOutOfOrder(t *testing.T) {
	other := newIssuer(t)
	for name, spoil := range spoilers(t, other) {
		issuer := newIssuer(t)
		issuer.spoiled(spoil)
		b := newBearerBench(t, issuer)
		b.clock.at = b.clock.at.Add(time.Hour) // whatever the time
		claims := b.good(issuer).with(payload{"sub": marker, "email": marker + "@example.com", "nonce": marker})
		token := signES256(t, issuer.key, payload{"alg": "ES256", "kid": marker}, claims)
		ctx, cancel := context.WithTimeout(t.Context(), margin+200*time.Millisecond)
		got, err := b.handle(ctx, requestOf(t, bearerOf(token)))
		cancel()
		checkRefused(t, name, got, err, "internal error")
		log := b.log.String()
		if !strings.Contains(log, "the issuer's keys are not known") || strings.Count(log, "\n") != 1 {
			t.Errorf("%s: log %s, want one line that tells of the keys", name, log)
		}
		for _, planted := range []string{marker, token, strings.Split(token, ".")[1], "key-1"} {
			if strings.Contains(log, planted) {
				t.Errorf("%s: the log holds %.40s: %s", name, planted, log)
			}
		}
		// It is not asked again at once, but soon.
		asked := issuer.asked()
		b.clock.move(keysRetry - time.Second)
		got, err = b.handle(t.Context(), requestOf(t, bearerOf(token)))
		checkRefused(t, name+", later", got, err, "internal error")
		if second := issuer.asked(); second != asked {
			t.Errorf("%s: asked again after 9 s", name)
		}
		issuer.spoiled(nil)
		b.clock.move(time.Second)
		if _, refused := b.caller(t, issuer.sign(t, b.good(issuer))); refused != "" {
			t.Errorf("%s: once it is in order: %s", name, refused)
		}
	}
	if len(other.fetches) > 0 {
		t.Errorf("another server was asked: %v", other.fetches)
	}
}

// Keys that are known are used while the issuer is out of order.
func TestIssuerGoesDown(t *testing.T) {
	other := newIssuer(t)
	for name, spoil := range spoilers(t, other) {
		issuer := newIssuer(t)
		b := newBearerBench(t, issuer)
		if _, refused := b.caller(t, issuer.sign(t, b.good(issuer))); refused != "" {
			t.Fatalf("%s: %s", name, refused)
		}
		issuer.spoiled(spoil)
		b.clock.move(keysLifetime)
		ctx, cancel := context.WithTimeout(t.Context(), margin+200*time.Millisecond)
		_, _ = b.handle(ctx, requestOf(t, bearerOf(issuer.sign(t, b.good(issuer)))))
		cancel()
		if _, refused := b.caller(t, issuer.sign(t, b.good(issuer).with(payload{"jti": "2"}))); refused != "" {
			t.Errorf("%s: with keys from before: %s\n%s", name, refused, b.log)
		}
	}
}

// Unknown kids make nobody send more than a request a minute, and a new key is found with the first of them.
func TestRotation(t *testing.T) {
	issuer := newIssuer(t)
	b := newBearerBench(t, issuer)
	old, oldID := issuer.key, issuer.keyID
	if _, refused := b.caller(t, issuer.sign(t, b.good(issuer))); refused != "" {
		t.Fatal(refused)
	}
	issuer.rotate(t, "key-2")
	if _, refused := b.caller(t, issuer.sign(t, b.good(issuer))); refused != "Unauthorized" {
		t.Errorf("a new key within a minute: %q, want it unknown", refused)
	}
	b.clock.move(keysInterval)
	for i := range 3 {
		if _, refused := b.caller(t, issuer.sign(t, b.good(issuer).with(payload{"jti": i}))); refused != "" {
			t.Errorf("a new key after a minute: %s", refused)
		}
		unknown := signES256(t, old, payload{"alg": "ES256", "kid": fmt.Sprintf("unknown-%d", i)}, b.good(issuer))
		if _, refused := b.caller(t, unknown); refused != "Unauthorized" {
			t.Errorf("an unknown key: %q, want Unauthorized", refused)
		}
	}
	if _, refused := b.caller(t, signES256(t, old, payload{"alg": "ES256", "kid": oldID}, b.good(issuer).with(payload{"jti": "x"}))); refused != "Unauthorized" {
		t.Errorf("the key from before: %q, want Unauthorized", refused)
	}
	if got := issuer.asked(); got != 2 {
		t.Errorf("asked %d times, want twice", got)
	}
}

// A key that an issuer withdraws is not used for longer than an hour.
func TestWithdrawnKey(t *testing.T) {
	issuer := newIssuer(t)
	b := newBearerBench(t, issuer)
	old := issuer.key
	sign := func(i int) string {
		return signES256(t, old, payload{"alg": "ES256", "kid": "key-1"}, b.good(issuer).with(payload{"jti": i}))
	}
	if _, refused := b.caller(t, sign(1)); refused != "" {
		t.Fatal(refused)
	}
	issuer.rotate(t, "key-2")
	b.clock.move(keysLifetime - time.Second)
	if _, refused := b.caller(t, sign(2)); refused != "" {
		t.Errorf("within the hour: %s", refused)
	}
	b.clock.move(time.Second)
	if _, refused := b.caller(t, sign(3)); refused != "Unauthorized" {
		t.Errorf("after the hour: %q, want Unauthorized", refused)
	}
}

// Every algorithm that is allowed, with the keys that it needs, and keys that are not good enough.
func TestAlgorithms(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	curve := func(c elliptic.Curve) crypto.Signer {
		key, err := ecdsa.GenerateKey(c, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	for _, test := range []struct {
		algorithm jose.SignatureAlgorithm
		key       crypto.Signer
		published jose.JSONWebKey // without its key
		want      string
	}{
		{jose.RS256, rsaKey, jose.JSONWebKey{}, ""},
		{jose.RS384, rsaKey, jose.JSONWebKey{}, ""},
		{jose.RS512, rsaKey, jose.JSONWebKey{}, ""},
		{jose.PS256, rsaKey, jose.JSONWebKey{}, ""},
		{jose.PS384, rsaKey, jose.JSONWebKey{}, ""},
		{jose.PS512, rsaKey, jose.JSONWebKey{}, ""},
		{jose.ES256, curve(elliptic.P256()), jose.JSONWebKey{}, ""},
		{jose.ES384, curve(elliptic.P384()), jose.JSONWebKey{}, ""},
		{jose.ES512, curve(elliptic.P521()), jose.JSONWebKey{}, ""},
		{jose.EdDSA, edKey, jose.JSONWebKey{}, ""},
		{jose.RS256, rsaKey, jose.JSONWebKey{Algorithm: "RS256", Use: "sig"}, ""},
		{jose.RS256, rsaKey, jose.JSONWebKey{Algorithm: "PS256"}, "Unauthorized"},
		{jose.RS256, rsaKey, jose.JSONWebKey{Use: "enc"}, "Unauthorized"},
	} {
		issuer := newIssuer(t)
		test.published.Key, test.published.KeyID = test.key.Public(), "k"
		issuer.published = []jose.JSONWebKey{test.published}
		b := newBearerBench(t, issuer)
		if _, refused := b.caller(t, signJose(t, test.algorithm, test.key, "k", b.good(issuer))); refused != test.want {
			t.Errorf("%s, published as %q for %q: got %q, want %q", test.algorithm, test.published.Algorithm, test.published.Use, refused, test.want)
		}
		// Without a kid, any key counts.
		if _, refused := b.caller(t, signJose(t, test.algorithm, test.key, "", b.good(issuer).with(payload{"jti": "2"}))); refused != test.want {
			t.Errorf("%s without kid: got %q, want %q", test.algorithm, refused, test.want)
		}
	}
}

// The issuers of a stage share no keys, and an issuer with two audiences is asked once.
func TestSeveralIssuers(t *testing.T) {
	one, other := newIssuer(t), newIssuer(t)
	b := newBearerBench(t, one, contract.Issuer{Issuer: one.URL, Audience: "web", Mail: "email"},
		contract.Issuer{Issuer: one.URL, Audience: "app", Mail: "email"}, contract.Issuer{Issuer: other.URL, Audience: "web", Mail: "email"})
	for name, test := range map[string]struct{ token, want string }{
		"first audience":            {one.sign(t, b.good(one).with(payload{"aud": "web"})), ""},
		"second audience":           {one.sign(t, b.good(one).with(payload{"aud": "app"})), ""},
		"other issuer":              {other.sign(t, b.good(other).with(payload{"aud": "web"})), ""},
		"audience of another":       {other.sign(t, b.good(other).with(payload{"aud": "app"})), "Unauthorized"},
		"the other's key":           {other.sign(t, b.good(one).with(payload{"aud": "web"})), "Unauthorized"},
		"the other's key by itself": {one.sign(t, b.good(other).with(payload{"aud": "web"})), "Unauthorized"},
	} {
		if _, refused := b.caller(t, test.token); refused != test.want {
			t.Errorf("%s: got %q, want %q", name, refused, test.want)
		}
	}
	if got := one.asked(); got != 1 {
		t.Errorf("asked %d times, want once", got)
	}
}

// A rotation of keys while many ask at the same time costs one fetch.
func TestKeysAtTheSameTime(t *testing.T) {
	issuer := newIssuer(t)
	known := newKeys(issuer.URL, newIssuerClient(), newClock().now)
	b := newBearerBench(t, issuer)
	token := issuer.sign(t, b.good(issuer))
	failed := make(chan error, 20)
	for range cap(failed) {
		go func() {
			_, err := known.verify(t.Context(), token)
			failed <- err
		}()
	}
	for range cap(failed) {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
	if got := issuer.asked(); got != 1 {
		t.Errorf("asked %d times, want once", got)
	}
}
