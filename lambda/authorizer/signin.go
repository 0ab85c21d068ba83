package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"postern/internal/identity"
	"postern/internal/records"
)

// maxGuesses is how many different wrong passwords a guesser may try for a mail within records.GuessesKept. Then it is
// refused without a derivation, whatever it sends. The same mail from elsewhere is not.
const maxGuesses = 10

// maxDerivations bounds the derivations of a process at a time: each takes 19 MiB and a whole processor.
const maxDerivations = 2

// errTooManyGuesses is returned when a guesser has tried too many passwords.
var errTooManyGuesses = errors.New("too many wrong passwords")

// users finds users by mail, and counts wrong passwords.
type users interface {
	// User reads a user's row as it is now, and reports false when there is none. Its errors do not hold the mail.
	User(ctx context.Context, mail identity.Mail) (identity.User, bool, error)
	// SignIn reads, in one call, a user's row and what a guesser has tried before now. Its errors do not hold the mail.
	SignIn(ctx context.Context, mail identity.Mail, guesser string, now time.Time) (identity.User, bool, records.Guesses, error)
	// AddGuess records what a guesser tries in vain now.
	AddGuess(ctx context.Context, guesser, try string, now time.Time) error
}

// An attempt is a credential and who presents it.
type attempt struct {
	credential

	guesser string // see identity.Guesser
	try     string // see identity.Try
}

// authenticate finds the user whose credentials the event holds. It fails with errUnauthorized, with errTooManyGuesses if
// the guesser has tried too many, or with errRemoved. What it remembers it remembers by credential, so that it makes no difference how a header
// spells it.
func (a *authorizer) authenticate(ctx context.Context, event request) (identity.User, error) {
	headers := authorization(event)
	if len(headers) != 1 {
		return identity.User{}, errUnauthorized
	}
	if text, ok := bearerScriptKey(headers[0]); ok {
		return a.authenticateKey(ctx, text)
	}
	if token, ok := cutBearer(headers[0]); ok {
		return a.signInBearer(ctx, token)
	}
	if !a.basic {
		return identity.User{}, errUnauthorized
	}
	given, err := parseBasic(headers[0])
	if err != nil {
		return identity.User{}, err
	}
	caller, ok := a.verified.get(given.name())
	if !ok {
		if caller, err = a.signIn(ctx, given, event.RequestContext.Identity.SourceIP); err != nil {
			return identity.User{}, err
		}
	}
	return caller, nil
}

// signIn verifies a credential that is not remembered as a user's. The address is API Gateway's own: a client can write any
// into a header.
func (a *authorizer) signIn(ctx context.Context, given credential, address string) (identity.User, error) {
	if _, ok := a.refused.get(given.name()); ok {
		return identity.User{}, errUnauthorized
	}
	key, err := a.ownerKeys.OwnerKey(ctx)
	if err != nil {
		return identity.User{}, fmt.Errorf("finding the caller: %w", err)
	}
	guesser := identity.Guesser(key, given.mail, address)
	if _, ok := a.blocked.get(guesser); ok {
		return identity.User{}, errTooManyGuesses
	}
	now := a.now()
	user, found, guesses, err := a.users.SignIn(ctx, given.mail, guesser, now)
	if err != nil {
		return identity.User{}, fmt.Errorf("finding the caller: %w", err)
	}
	if guesses.Since(now.Add(-records.GuessesKept)) >= maxGuesses {
		a.block(ctx, guesser)
		return identity.User{}, errTooManyGuesses
	}
	right, err := a.isRight(ctx, user, found, given.password)
	if err != nil {
		return identity.User{}, err
	}
	if !right {
		return identity.User{}, a.refuse(ctx, attempt{given, guesser, identity.Try(key, guesser, given.password)})
	}
	user.Hash, user.OldHash = "", "" // no longer needed: memory need not keep it
	a.verified.put(given.name(), user)
	return user, nil
}

// isRight reports whether a password is the user's, or the one before while that is valid. An unknown user and a wrong password
// take the same derivation, however many passwords the user has.
func (a *authorizer) isRight(ctx context.Context, user identity.User, found bool, password string) (bool, error) {
	select {
	case a.derivations <- struct{}{}:
		defer func() { <-a.derivations }()
	case <-ctx.Done():
	}
	if err := ctx.Err(); err != nil {
		return false, fmt.Errorf("finding the caller in time: %w", err)
	}
	hash := user.Hash
	if !found {
		hash = identity.UnknownUserHash()
	}
	is, isOld, err := a.verify(hash, user.OldHash, password)
	if err != nil {
		return false, fmt.Errorf("verifying a password: %w", err)
	}
	isOld = isOld && (user.OldUntil.IsZero() || a.now().Before(user.OldUntil))
	return found && (is || isOld), nil
}

// refuse counts a wrong password and returns errUnauthorized. If it cannot be counted, its guesser is refused for a while
// here, and the caller gets a fault.
func (a *authorizer) refuse(ctx context.Context, wrong attempt) error {
	a.refused.put(wrong.name(), struct{}{})
	if err := a.users.AddGuess(ctx, wrong.guesser, wrong.try, a.now()); err != nil {
		a.block(ctx, wrong.guesser)
		return fmt.Errorf("counting a wrong password: %w", err)
	}
	return errUnauthorized
}

// block refuses a guesser without a look at the table, for refusalLifetime.
func (a *authorizer) block(ctx context.Context, guesser string) {
	a.blocked.put(guesser, struct{}{})
	a.log.WarnContext(ctx, "sign-ins are refused after too many wrong passwords", "guesser", guesser)
}
