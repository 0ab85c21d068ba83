package e2e_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"
)

// A provider is an OpenID Provider whose tokens have no mail: they name users by subject.
type provider struct {
	*httptest.Server
	key *ecdsa.PrivateKey
}

// subjects is the provider that the local run trusts beside its own issuer. It is nil when a deployed stage is tested.
var subjects *provider

// subjectAudience is whom the provider's tokens are for.
const subjectAudience = "postern-subjects"

func newProvider() (*provider, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	p := &provider{key: key}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		var answer any = map[string]any{"issuer": p.URL, "jwks_uri": p.URL + "/keys"}
		if r.URL.Path == "/keys" {
			answer = jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "1", Algorithm: string(jose.ES256), Use: "sig"}}}
		}
		_ = json.NewEncoder(w).Encode(answer)
	}))
	return p, nil
}

// trust adds the provider to the issuers of an assembly's authorizer.
func (p *provider) trust(assembly string) error {
	path := filepath.Join(assembly, "Postern-local.template.json")
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var template map[string]any
	if err := json.Unmarshal(b, &template); err != nil {
		return err
	}
	trusted := false
	for _, resource := range template["Resources"].(map[string]any) {
		properties, _ := resource.(map[string]any)["Properties"].(map[string]any)
		environment, _ := properties["Environment"].(map[string]any)
		variables, _ := environment["Variables"].(map[string]any)
		text, ok := variables["ISSUERS"].(string)
		if !ok {
			continue
		}
		var issuers []any
		if err := json.Unmarshal([]byte(text), &issuers); err != nil {
			return err
		}
		changed, err := json.Marshal(append(issuers, map[string]any{"issuer": p.URL, "audience": subjectAudience}))
		if err != nil {
			return err
		}
		variables["ISSUERS"], trusted = string(changed), true
	}
	if !trusted {
		return fmt.Errorf("%s has no function with issuers", path)
	}
	if b, err = json.Marshal(template); err != nil {
		return err
	}
	return os.WriteFile(path, b, 0o600)
}

// subjectUser begins a client's user who has no mail but a subject.
const subjectUser = "subject:"

// client returns a client of the run with a token of a subject, that ends at a time.
func (p *provider) client(t *testing.T, subject string, ends time.Time) client {
	t.Helper()
	return client{demo.base, subjectUser + subject, p.token(t, p.key, subject, ends)}
}

// token returns a token that a key has signed, in the provider's name.
func (p *provider) token(t *testing.T, key *ecdsa.PrivateKey, subject string, ends time.Time) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "1"}}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		t.Fatal(err)
	}
	claims, err := json.Marshal(map[string]any{"iss": p.URL, "aud": subjectAudience, "sub": subject, "iat": time.Now().Unix(), "exp": ends.Unix()})
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(claims)
	if err != nil {
		t.Fatal(err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}
