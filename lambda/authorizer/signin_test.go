package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postern/internal/identity"
	"postern/internal/records"
)

// guessedUsers are users whose wrong passwords are counted, and how often they are read.
type guessedUsers struct {
	memoryUsers

	mutex   sync.Mutex
	guesses map[string]records.Guesses
	reads   int
	broken  error // of AddGuess
}

func (u *guessedUsers) SignIn(ctx context.Context, mail identity.Mail, guesser string, _ time.Time) (identity.User, bool, records.Guesses, error) {
	u.mutex.Lock()
	defer u.mutex.Unlock()
	u.reads++
	user, ok, err := u.User(ctx, mail)
	return user, ok, maps.Clone(u.guesses[guesser]), err
}

func (u *guessedUsers) AddGuess(_ context.Context, guesser, try string, now time.Time) error {
	u.mutex.Lock()
	defer u.mutex.Unlock()
	if u.guesses[guesser] == nil {
		u.guesses[guesser] = records.Guesses{}
	}
	u.guesses[guesser][try] = now
	return u.broken
}

// newGuessedBench is a bench whose users are guessed.
func newGuessedBench(t *testing.T) (*bench, *guessedUsers) {
	t.Helper()
	b := newBench(t)
	users := &guessedUsers{memoryUsers: rows(), guesses: map[string]records.Guesses{}}
	b.users = users
	return b, users
}

// from is the event of a request from an address.
func from(t *testing.T, address, header string) request {
	t.Helper()
	event := requestOf(t, header)
	event.RequestContext.Identity.SourceIP = address
	return event
}

// derivationsOf returns how many derivations a bench has made.
func derivationsOf(b *bench) int {
	all := 0
	for _, n := range b.passwords.derivations {
		all += n
	}
	return all
}

const (
	guessersAddress  = "192.0.2.1"
	guessersNeighbor = "192.0.2.254"
	otherAddress     = "198.51.100.7"
)

// guess tries so many wrong passwords for a mail from an address, each refused as a wrong password is.
func (b *bench) guess(t *testing.T, mail, address string, times int) {
	t.Helper()
	for i := range times {
		got, err := b.handle(t.Context(), from(t, address, basic(mail, fmt.Sprintf("guess %s %d", address, i))))
		checkRefused(t, fmt.Sprintf("guess %d of %s", i, mail), got, err, "Unauthorized")
	}
}

func TestGuessersAreRefusedWithoutADerivation(t *testing.T) {
	refused := deny("nobody", methodARN, "too many wrong passwords for this user from your network: try again in 15 minutes")
	for _, mail := range []string{"demo@example.com", "nobody@example.com"} {
		b, users := newGuessedBench(t)
		b.guess(t, mail, guessersAddress, maxGuesses)
		reads := users.reads
		for i, header := range []string{
			basic(mail, "one more"), basic(mail, "and more"), basic(strings.ToUpper(mail), "and more"), basic(mail, "demo-password"),
		} {
			for _, address := range []string{guessersAddress, guessersNeighbor} {
				event := from(t, address, header)
				event.Headers["X-Forwarded-For"] = otherAddress
				event.MultiValueHeaders["X-Forwarded-For"] = []string{otherAddress}
				got, err := b.handle(t.Context(), event)
				if diff := cmp.Diff(got, refused); err != nil || diff != "" {
					t.Errorf("%s, guess %d from %s: %v (-got +want)\n%s", mail, i, address, err, diff)
				}
			}
		}
		if got := derivationsOf(b); got != maxGuesses {
			t.Errorf("%s: %d derivations, want %d", mail, got, maxGuesses)
		}
		if users.reads != reads+1 {
			t.Errorf("%s: a guesser's flood made %d reads, want one", mail, users.reads-reads)
		}
		if log := b.log.String(); strings.Count(log, "\n") != 1 || !strings.Contains(log, "too many wrong passwords") || strings.Contains(log, "example.com") ||
			strings.Contains(log, guessersAddress) {
			t.Errorf("%s: log %s, want one line without mail and address", mail, log)
		}
	}
}

// A guesser locks nobody out but its own network, and that for one mail.
func TestGuessersLockNobodyElseOut(t *testing.T) {
	b, _ := newGuessedBench(t)
	if _, err := b.handle(t.Context(), from(t, guessersAddress, demo)); err != nil {
		t.Fatal(err)
	}
	b.guess(t, "demo@example.com", guessersAddress, maxGuesses)
	for name, event := range map[string]request{
		"who is remembered, from the guesser's network": from(t, guessersAddress, demo),
		"the user from elsewhere":                       from(t, otherAddress, demo),
		"another user from the guesser's network":       from(t, guessersAddress, service),
	} {
		got, err := b.handle(t.Context(), event)
		if err != nil || got.PolicyDocument.Statement[0].Effect != "Allow" {
			t.Errorf("%s: got %+v, %v, want it allowed", name, got, err)
		}
	}
	b.clock.move(2 * time.Minute) // nobody is remembered any more
	if got, err := b.handle(t.Context(), from(t, otherAddress, demo)); err != nil || got.PolicyDocument.Statement[0].Effect != "Allow" {
		t.Errorf("the user from elsewhere, later: got %+v, %v, want it allowed", got, err)
	}
}

func TestGuessesAreForgotten(t *testing.T) {
	b, _ := newGuessedBench(t)
	b.guess(t, "demo@example.com", guessersAddress, maxGuesses-1)
	b.clock.move(14 * time.Minute)
	got, err := b.handle(t.Context(), from(t, guessersAddress, basic("demo@example.com", "tenth guess")))
	checkRefused(t, "tenth guess", got, err, "Unauthorized")
	for _, step := range []struct {
		by   time.Duration
		want string
	}{{59 * time.Second, "Deny"}, {11 * time.Second, "Allow"}} {
		b.clock.move(step.by)
		got, err := b.handle(t.Context(), from(t, guessersAddress, demo))
		if err != nil || got.PolicyDocument.Statement[0].Effect != step.want {
			t.Errorf("after %v more: got %+v, %v, want %s", step.by, got, err, step.want)
		}
	}
}

// A program that goes on with an old password does not lock its user out.
func TestOneWrongPasswordCountsOnce(t *testing.T) {
	b, _ := newGuessedBench(t)
	for range 100 {
		got, err := b.handle(t.Context(), from(t, guessersAddress, basic("demo@example.com", "old password")))
		checkRefused(t, "old password", got, err, "Unauthorized")
		b.clock.move(9 * time.Second)
	}
	if got, err := b.handle(t.Context(), from(t, guessersAddress, demo)); err != nil || got.PolicyDocument.Statement[0].Effect != "Allow" {
		t.Errorf("the right one: got %+v, %v, want it allowed", got, err)
	}
}

// spellings are values of the header that say the same.
func spellings(user, password string) []string {
	encode := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	var all []string
	for _, scheme := range []string{"Basic ", "basic ", "BASIC   "} {
		for _, mail := range []string{user, strings.ToUpper(user)} {
			for _, password := range []string{password, strings.ReplaceAll(password, " ", "\u3000"), strings.ReplaceAll(password, "\u00e4", "a\u0308")} {
				all = append(all, scheme+encode(mail+":"+password))
			}
		}
		all = append(all, scheme+base64.StdEncoding.EncodeToString([]byte(user+":"+strings.ReplaceAll(password, "\u00e4", "\xe4"))))
	}
	return all
}

func TestSpellingsOfACredentialCostOneDerivation(t *testing.T) {
	const password = "a p\u00e4ssword of mine"
	for name, test := range map[string]struct {
		stored string
		want   error
	}{"right": {password, nil}, "wrong": {"another", errUnauthorized}} {
		b, users := newGuessedBench(t)
		users.memoryUsers["demo@example.com"] = identity.User{Mail: "demo@example.com", Owner: demoOwner, Hash: test.stored, Role: identity.RoleUser}
		for _, header := range spellings("demo@example.com", password) {
			if _, err := b.handle(t.Context(), requestOf(t, header)); !errors.Is(err, test.want) {
				t.Errorf("%s, %q: got %v, want %v", name, header, err, test.want)
			}
		}
		if got := derivationsOf(b); got != 1 || users.reads != 1 {
			t.Errorf("%s: %d derivations and %d reads for %d spellings, want one", name, got, users.reads, len(spellings("", "")))
		}
	}
}

func TestRefusalsAreRememberedForSeconds(t *testing.T) {
	b, users := newGuessedBench(t)
	early := basic("new@example.com", "a new password")
	for _, step := range []struct {
		by          time.Duration
		derivations int
	}{{0, 1}, {9 * time.Second, 1}, {time.Second, 2}} {
		b.clock.move(step.by)
		got, err := b.handle(t.Context(), requestOf(t, early))
		checkRefused(t, "before there is such a user", got, err, "Unauthorized")
		if got := derivationsOf(b); got != step.derivations {
			t.Errorf("after %v more: %d derivations, want %d", step.by, got, step.derivations)
		}
	}
	users.memoryUsers["new@example.com"] = identity.User{Mail: "new@example.com", Owner: limitedOwner, Hash: "a new password", Role: identity.RoleUser}
	b.clock.move(10 * time.Second)
	if _, err := b.handle(t.Context(), requestOf(t, early)); err != nil {
		t.Errorf("10 s after the last refusal: %v, want the new user allowed", err)
	}
}

func TestGuessThatCannotBeCounted(t *testing.T) {
	b, users := newGuessedBench(t)
	users.broken = errors.New("the table is on fire")
	got, err := b.handle(t.Context(), requestOf(t, basic("demo@example.com", "wrong")))
	checkRefused(t, "a wrong password", got, err, "internal error")
	if log := b.log.String(); !strings.Contains(log, "counting a wrong password: the table is on fire") || strings.Contains(log, "example.com") {
		t.Errorf("log %s, want the fault without the mail", log)
	}
	for range 20 {
		if got, err := b.handle(t.Context(), requestOf(t, basic("demo@example.com", "another"))); err != nil || got.PrincipalID != "nobody" {
			t.Fatalf("the next guess: got %+v, %v, want it refused", got, err)
		}
	}
	if got := derivationsOf(b); got != 1 {
		t.Errorf("%d derivations, want one", got)
	}
}

func TestDerivationsAreBounded(t *testing.T) {
	b, _ := newGuessedBench(t)
	b.derivations = make(chan struct{}, maxDerivations)
	var mu sync.Mutex
	running, most := 0, 0
	begun, release := make(chan struct{}, 100), make(chan struct{})
	b.verify = func(string, string, string) (bool, bool, error) {
		mu.Lock()
		running++
		most = max(most, running)
		mu.Unlock()
		begun <- struct{}{}
		<-release
		mu.Lock()
		running--
		mu.Unlock()
		return false, false, nil
	}
	var calls sync.WaitGroup
	var events []request
	for i := range maxDerivations {
		events = append(events, requestOf(t, basic("demo@example.com", fmt.Sprint("held ", i))))
	}
	for _, event := range events {
		calls.Go(func() { _, _ = b.decide(t.Context(), event) })
	}
	for range events {
		<-begun
	}
	// One more waits until its deadline, and derives nothing.
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := b.decide(ctx, requestOf(t, basic("limited@example.com", "one more")))
	close(release)
	calls.Wait()
	if !errors.Is(err, context.DeadlineExceeded) || most != maxDerivations {
		t.Errorf("got %v with %d derivations at a time, want the deadline with %d", err, most, maxDerivations)
	}
}

func TestBasicThatIsSwitchedOff(t *testing.T) {
	b, users := newGuessedBench(t)
	b.basic = false
	for _, header := range []string{demo, service, basic("demo@example.com", "wrong"), "Basic x", "Bearer x"} {
		got, err := b.handle(t.Context(), requestOf(t, header))
		checkRefused(t, header, got, err, "Unauthorized")
	}
	if derivationsOf(b) != 0 || users.reads != 0 || b.key.reads != 0 {
		t.Errorf("%d derivations, %d reads of users, %d of the key, want none", derivationsOf(b), users.reads, b.key.reads)
	}
}

// Whichever of a user's passwords is given, and whether it is right, costs one derivation of the same kind.
func TestTwoPasswordsOfAUser(t *testing.T) {
	for _, test := range []struct {
		name, password string
		until          time.Duration // from now; 0: until it is dropped
		want           error
	}{
		{"the new one", "new password", 0, nil},
		{"the old one", "old password", 0, nil},
		{"the old one in time", "old password", time.Second, nil},
		{"the old one too late", "old password", -time.Second, errUnauthorized},
		{"the old one at its end", "old password", time.Nanosecond, nil},
		{"the new one, while the old one has ended", "new password", -time.Second, nil},
		{"a wrong one", "wrong password", 0, errUnauthorized},
		{"an empty old one", "", 0, errUnauthorized},
	} {
		b, users := newGuessedBench(t)
		user := identity.User{Mail: "demo@example.com", Owner: demoOwner, Hash: "new password", OldHash: "old password", Role: identity.RoleUser}
		if test.until != 0 {
			user.OldUntil = b.clock.now().Add(test.until)
		}
		users.memoryUsers["demo@example.com"] = user
		if _, err := b.handle(t.Context(), requestOf(t, basic("demo@example.com", test.password))); !errors.Is(err, test.want) {
			t.Errorf("%s: got %v, want %v", test.name, err, test.want)
		}
		if want := min(1, len(test.password)); derivationsOf(b) != want || b.passwords.derivations["new password"] != want {
			t.Errorf("%s: derivations %v, want %d of the new hash", test.name, b.passwords.derivations, want)
		}
	}
}
