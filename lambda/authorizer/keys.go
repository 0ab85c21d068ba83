package main

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	jose "github.com/go-jose/go-jose/v4"
)

const (
	// keysInterval is how long keys are not asked for again, whatever a token says: who sends bad tokens shall not make us send
	// requests.
	keysInterval = time.Minute
	// keysRetry is the same while there are none at all.
	keysRetry = 10 * time.Second
	// keysLifetime is after how long keys are asked for again that nothing is wrong with: one may have been withdrawn.
	keysLifetime = time.Hour

	fetchTimeout = 3 * time.Second // for both documents
	maxDocument  = 1 << 20         // bytes of each
	maxKeys      = 100
	minRSA       = 2048 // bits
)

// errNoKeys is returned while an issuer's keys are not known.
var errNoKeys = errors.New("the issuer's keys are not known")

// keys are an issuer's public keys, fetched when they are first needed. They are safe for concurrent use.
type keys struct {
	issuer string
	client *http.Client
	now    func() time.Time // of a wall clock

	fetching sync.Mutex // held by whoever fetches

	mu      sync.Mutex
	known   []jose.JSONWebKey // nil: none yet
	fetched time.Time         // when known was
	tried   time.Time         // when it was last tried
	failure error             // of that; nil: it went well
}

// newKeys returns the keys of an issuer. It makes no request.
func newKeys(issuer string, client *http.Client, now func() time.Time) *keys {
	return &keys{issuer: issuer, client: client, now: now}
}

// newIssuerClient returns the client for an issuer's documents. It follows no redirect: where keys are is what the issuer's own
// document says.
func newIssuerClient() *http.Client {
	return &http.Client{
		Timeout:       fetchTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// verify returns the payload of a token if a key of the issuer has signed it, with one of the algorithms. An error that wraps
// errNoKeys says that nobody can know, any other is errUnauthorized.
func (k *keys) verify(ctx context.Context, token string) ([]byte, error) {
	jws, err := jose.ParseSignedCompact(token, algorithms)
	if err != nil {
		return nil, errUnauthorized
	}
	known, fetched := k.current()
	if payload, ok := verifyWith(known, jws); ok && k.now().Sub(fetched) < keysLifetime {
		return payload, nil
	}
	known, err = k.refresh(ctx)
	if err != nil {
		return nil, err
	}
	if payload, ok := verifyWith(known, jws); ok {
		return payload, nil
	}
	return nil, errUnauthorized
}

// verifyWith returns the payload if one of the keys has signed it: the one with the token's kid or, if the token has none, any.
// A key that is for something else, or for another algorithm, does not count.
func verifyWith(known []jose.JSONWebKey, jws *jose.JSONWebSignature) (payload []byte, ok bool) {
	header := jws.Signatures[0].Header
	for _, key := range known {
		isMeant := header.KeyID == "" || key.KeyID == header.KeyID
		if !isMeant || key.Algorithm != "" && key.Algorithm != header.Algorithm || key.Use != "" && key.Use != "sig" {
			continue
		}
		if payload, err := jws.Verify(key.Key); err == nil {
			return payload, true
		}
	}
	return nil, false
}

func (k *keys) current() (known []jose.JSONWebKey, fetched time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.known, k.fetched
}

// refresh fetches the keys, unless that was tried a short time ago, and returns those that are known then. While the issuer is
// down they are those from before. If there are none, the error wraps errNoKeys and says why.
func (k *keys) refresh(ctx context.Context) ([]jose.JSONWebKey, error) {
	k.fetching.Lock()
	defer k.fetching.Unlock()
	if k.mayFetch() {
		known, err := k.fetch(ctx)
		k.mu.Lock()
		k.tried, k.failure = k.now(), err
		if err == nil {
			k.known, k.fetched = known, k.tried
		}
		k.mu.Unlock()
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.known == nil {
		return nil, fmt.Errorf("%w: %w", errNoKeys, k.failure)
	}
	return k.known, nil
}

// mayFetch reports whether the last try is long enough ago, or in the future: a clock that was set back leaves that behind.
func (k *keys) mayFetch() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	age, wait := k.now().Sub(k.tried), keysInterval
	if k.known == nil {
		wait = keysRetry
	}
	return k.tried.IsZero() || age < 0 || age >= wait
}

// fetch reads the issuer's discovery document, and then its keys. Its errors hold nothing that the issuer sent.
// Source: OpenID Connect Discovery 1.0, section 4.
func (k *keys) fetch(ctx context.Context) ([]jose.JSONWebKey, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	var discovery struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	address := strings.TrimSuffix(k.issuer, "/") + "/.well-known/openid-configuration"
	if err := k.get(ctx, address, &discovery); err != nil {
		return nil, fmt.Errorf("reading the discovery document of %s: %w", k.issuer, err)
	}
	if discovery.Issuer != k.issuer {
		return nil, fmt.Errorf("the discovery document of %s is another issuer's", k.issuer)
	}
	if !isFetchable(discovery.Keys, k.issuer) {
		return nil, fmt.Errorf("the discovery document of %s names no keys at https", k.issuer)
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := k.get(ctx, discovery.Keys, &set); err != nil {
		return nil, fmt.Errorf("reading the keys of %s: %w", k.issuer, err)
	}
	known := usable(set.Keys)
	if len(known) == 0 || len(known) > maxKeys {
		return nil, fmt.Errorf("reading the keys of %s: %d are usable: must be 1 to %d", k.issuer, len(known), maxKeys)
	}
	return known, nil
}

// usable returns the keys that can verify a signature. Others are left out: an issuer may publish kinds that are not known
// here (RFC 7517, section 5), and a shared secret or a private key would be none that only the issuer has.
func usable(raw []json.RawMessage) []jose.JSONWebKey {
	var known []jose.JSONWebKey
	for _, text := range raw {
		var key jose.JSONWebKey
		if json.Unmarshal(text, &key) == nil && key.IsPublic() && key.Valid() && isStrong(key.Key) {
			known = append(known, key)
		}
	}
	return known
}

// isStrong reports whether a key has the length that its algorithms ask for (RFC 7518, section 3.3).
func isStrong(key any) bool {
	rsaKey, ok := key.(*rsa.PublicKey)
	return !ok || rsaKey.N.BitLen() >= minRSA
}

// isFetchable reports whether keys may be fetched from an address: over TLS, unless the issuer itself is on this machine.
func isFetchable(address, issuer string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && isLoopback(u) && strings.HasPrefix(issuer, "http://")
}

func isLoopback(u *url.URL) bool {
	ip, err := netip.ParseAddr(u.Hostname())
	return err == nil && ip.IsLoopback()
}

// get reads a JSON document. Its errors hold nothing of it.
func (k *keys) get(ctx context.Context, address string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return errors.New("the address is malformed")
	}
	request.Header.Set("Accept", "application/json")
	answer, err := k.client.Do(request)
	if err != nil {
		if u, ok := errors.AsType[*url.Error](err); ok {
			err = u.Err // without the address, which the issuer may have sent
		}
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the status is %d: must be 200", answer.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxDocument+1))
	switch {
	case err != nil:
		return fmt.Errorf("reading the body: %w", err)
	case len(body) > maxDocument:
		return fmt.Errorf("the body is too long: must be at most %d bytes", maxDocument)
	case json.Unmarshal(body, into) != nil:
		return errors.New("the body is not the JSON that it must be")
	}
	return nil
}
