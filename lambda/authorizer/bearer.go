package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"postern/internal/contract"
	"postern/internal/function"
	"postern/internal/identity"
)

// errRemoved is returned when the user of a valid token was removed.
var errRemoved = errors.New("the user was removed")

// A bearer verifies the tokens of a stage's issuers.
type bearer struct {
	issuers []contract.Issuer
	keys    map[string]*keys // by issuer
	now     func() time.Time // of a wall clock

	// verified has the user of a token that was verified, refused the tokens that were not, by token: only digests are kept.
	verified *cache[tokenUser]
	refused  *cache[struct{}]
}

// A tokenUser is who presents a token, and until when it may be remembered.
type tokenUser struct {
	user    identity.User
	removed bool
	expires time.Time
}

// newBearer returns nil if there are no issuers. It makes no request. random is for the keys of its caches.
func newBearer(issuers []contract.Issuer, random io.Reader) (*bearer, error) {
	if len(issuers) == 0 {
		return nil, nil
	}
	return makeBearer(issuers, random, function.WallClock)
}

func makeBearer(issuers []contract.Issuer, random io.Reader, now func() time.Time) (*bearer, error) {
	verified, verifiedErr := newCache[tokenUser](random, now, cacheLifetime)
	refused, refusedErr := newCache[struct{}](random, now, refusalLifetime)
	if err := errors.Join(verifiedErr, refusedErr); err != nil {
		return nil, err
	}
	b := &bearer{issuers: issuers, keys: map[string]*keys{}, now: now, verified: verified, refused: refused}
	client := newIssuerClient()
	for _, issuer := range issuers {
		b.keys[issuer.Issuer] = newKeys(issuer.Issuer, client, now)
	}
	return b, nil
}

// signInBearer finds the user of a token. It fails with errUnauthorized if the token is not good, with errRemoved if its user was
// removed, and with another error if nobody can know.
func (a *authorizer) signInBearer(ctx context.Context, token string) (identity.User, error) {
	b := a.bearer
	if b == nil {
		return identity.User{}, errUnauthorized
	}
	caller, ok := b.verified.get(token)
	if !ok || !b.now().Before(caller.expires) {
		given, err := parseToken(token)
		if err != nil {
			return identity.User{}, err
		}
		if caller, err = a.verifyToken(ctx, given); err != nil {
			return identity.User{}, err
		}
		b.verified.put(token, caller)
	}
	if caller.removed {
		return identity.User{}, errRemoved
	}
	return caller.user, nil
}

// verifyToken verifies a token that is not remembered as a user's, and finds that user.
func (a *authorizer) verifyToken(ctx context.Context, given claimed) (tokenUser, error) {
	if _, ok := a.bearer.refused.get(given.token); ok {
		return tokenUser{}, errUnauthorized
	}
	issuer, caller, err := a.bearer.verify(ctx, given)
	if errors.Is(err, errUnauthorized) {
		a.bearer.refused.put(given.token, struct{}{})
	}
	if err != nil {
		return tokenUser{}, err
	}
	user, err := a.tokenUser(ctx, issuer, caller)
	if err != nil && !errors.Is(err, errForbidden) {
		return tokenUser{}, fmt.Errorf("finding the caller: %w", err)
	}
	return tokenUser{user: user, removed: err != nil, expires: caller.expires}, nil
}

// A signature is one verification by an issuer's keys. It keeps the error, which the verifier's own error does not wrap.
type signature struct {
	keys *keys
	err  error
}

// VerifySignature implements oidc.KeySet.
func (s *signature) VerifySignature(ctx context.Context, token string) (payload []byte, err error) {
	payload, s.err = s.keys.verify(ctx, token)
	return payload, s.err
}

// verifierConfig leaves audience and expiry to claims.read: an issuer may have several audiences, and a clock of its own.
func verifierConfig() *oidc.Config {
	config := &oidc.Config{SkipClientIDCheck: true, SkipExpiryCheck: true}
	for _, algorithm := range algorithms {
		config.SupportedSigningAlgs = append(config.SupportedSigningAlgs, string(algorithm))
	}
	return config
}

// verify returns the issuer's entry that a token is good for, and what it says. If it is good for none, or no issuer's key has
// signed it, the error is errUnauthorized.
func (b *bearer) verify(ctx context.Context, given claimed) (contract.Issuer, signedIn, error) {
	known, ok := b.keys[given.issuer]
	if !ok {
		return contract.Issuer{}, signedIn{}, errUnauthorized
	}
	signature := &signature{keys: known}
	token, err := oidc.NewVerifier(given.issuer, signature, verifierConfig()).Verify(ctx, given.token)
	if errors.Is(signature.err, errNoKeys) {
		return contract.Issuer{}, signedIn{}, signature.err
	}
	var all claims
	if err != nil || token.Claims(&all) != nil {
		return contract.Issuer{}, signedIn{}, errUnauthorized
	}
	for _, issuer := range b.issuers {
		if issuer.Issuer != token.Issuer {
			continue
		}
		if caller, err := all.read(issuer, b.now()); err == nil {
			return issuer, caller, nil
		}
	}
	return contract.Issuer{}, signedIn{}, errUnauthorized
}

// tokenUser returns the user that a token names. A row gives owner and limits, where the mail has one; the role is the token's
// alone. It returns errForbidden if the user was removed.
func (a *authorizer) tokenUser(ctx context.Context, issuer contract.Issuer, caller signedIn) (user identity.User, err error) {
	if caller.mail != "" {
		user, err = a.user(ctx, caller.mail)
	} else {
		user, err = a.subjectUser(ctx, issuer.Issuer, caller.subject)
	}
	user.Role, user.Issuer = caller.role, issuer.Issuer
	user.Hash, user.OldHash = "", "" // memory need not keep it
	return user, err
}

// subjectUser returns the user that issuer and subject name, who has no row. It returns errForbidden if that owner was removed.
func (a *authorizer) subjectUser(ctx context.Context, issuer string, subject identity.Subject) (identity.User, error) {
	key, err := a.ownerKeys.OwnerKey(ctx)
	if err != nil {
		return identity.User{}, err
	}
	owner := identity.SubjectOwner(key, issuer, subject)
	removed, err := a.removals.IsRemoved(ctx, owner)
	if err == nil && removed {
		err = errForbidden
	}
	return identity.User{Owner: owner}, err
}
