package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	jose "github.com/go-jose/go-jose/v4"

	"postern/internal/contract"
)

// A testIssuer is an OpenID Provider at a real server, whose documents a test can spoil.
type testIssuer struct {
	*httptest.Server
	mutex     sync.Mutex
	key       *ecdsa.PrivateKey
	keyID     string
	published []jose.JSONWebKey
	fetches   map[string]int                                // by path
	spoil     func(http.ResponseWriter, *http.Request) bool // whether it has answered; nil: nothing is spoiled
}

const (
	discoveryPath = "/.well-known/openid-configuration"
	keysPath      = "/keys"
)

func newIssuer(t *testing.T) *testIssuer {
	t.Helper()
	i := &testIssuer{fetches: map[string]int{}}
	i.rotate(t, "key-1")
	i.Server = httptest.NewServer(http.HandlerFunc(i.serve))
	t.Cleanup(i.Close)
	return i
}

// rotate gives the issuer another key, and publishes that alone.
func (i *testIssuer) rotate(t *testing.T, keyID string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i.mutex.Lock()
	defer i.mutex.Unlock()
	i.key, i.keyID = key, keyID
	i.published = []jose.JSONWebKey{{Key: key.Public(), KeyID: keyID, Algorithm: "ES256", Use: "sig"}}
}

func (i *testIssuer) serve(w http.ResponseWriter, r *http.Request) {
	i.mutex.Lock()
	defer i.mutex.Unlock()
	i.fetches[r.URL.Path]++
	if i.spoil != nil && i.spoil(w, r) {
		return
	}
	switch r.URL.Path {
	case discoveryPath:
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": i.URL, "jwks_uri": i.URL + keysPath})
	case keysPath:
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: i.published})
	default:
		http.NotFound(w, r)
	}
}

// spoiled has the issuer answer by the function from now on; nil: as it should.
func (i *testIssuer) spoiled(by func(http.ResponseWriter, *http.Request) bool) {
	i.mutex.Lock()
	defer i.mutex.Unlock()
	i.spoil = by
}

// asked is how often the issuer's keys were asked for.
func (i *testIssuer) asked() int {
	i.mutex.Lock()
	defer i.mutex.Unlock()
	return i.fetches[discoveryPath]
}

// A payload is the claims of a token.
type payload map[string]any

// with returns the claims with others in their place; nil removes.
func (p payload) with(others payload) payload {
	changed := maps.Clone(p)
	maps.Copy(changed, others)
	maps.DeleteFunc(changed, func(_ string, value any) bool { return value == nil })
	return changed
}

// sign makes a token as the issuer does.
func (i *testIssuer) sign(t *testing.T, claims payload) string {
	t.Helper()
	return signES256(t, i.key, payload{"alg": "ES256", "kid": i.keyID, "typ": "JWT"}, claims)
}

// signES256 makes a token with any header.
func signES256(t *testing.T, key *ecdsa.PrivateKey, header, claims payload) string {
	t.Helper()
	input := part(t, header) + "." + part(t, claims)
	sum := sha256.Sum256([]byte(input))
	r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return input + "." + base64.RawURLEncoding.EncodeToString(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
}

// signHS256 makes a token that is signed with a shared secret.
func signHS256(t *testing.T, secret []byte, header, claims payload) string {
	t.Helper()
	input := part(t, header) + "." + part(t, claims)
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(input))
	return input + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// signJose makes a token of any algorithm.
func signJose(t *testing.T, algorithm jose.SignatureAlgorithm, key crypto.Signer, keyID string, claims payload) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: jose.JSONWebKey{Key: key, KeyID: keyID}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(text)
	if err != nil {
		t.Fatal(err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// part is a part of a token.
func part(t *testing.T, object payload) string {
	t.Helper()
	text, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

const clientID = "postern-web"

// good are the claims of a good token, at the time of the test's clock.
func (b *bench) good(issuer *testIssuer) payload {
	return payload{
		"iss": issuer.URL, "aud": clientID, "sub": "user-1", "email": "demo@example.com", "email_verified": true,
		"iat": b.clock.at.Unix(), "exp": b.clock.at.Unix() + 300,
	}
}

// newBearerBench is a bench that takes an issuer's tokens, by mail, besides Basic credentials.
func newBearerBench(t *testing.T, issuer *testIssuer, entries ...contract.Issuer) *bench {
	t.Helper()
	b := newBench(t)
	if len(entries) == 0 {
		entries = []contract.Issuer{{
			Issuer: issuer.URL, Audience: clientID, Mail: "email", Roles: contract.RoleClaim{Claim: "groups", Service: "uploads-service"},
		}}
	}
	var err error
	if b.bearer, err = makeBearer(entries, strings.NewReader(strings.Repeat("k", 64)), b.clock.now); err != nil {
		t.Fatal(err)
	}
	return b
}
