package identity_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"postern/internal/identity"
)

// beside makes the hash of a new password beside that of "demo-password".
func beside(t *testing.T, password string) string {
	t.Helper()
	hash, err := identity.HashPasswordBeside(referenceHash, password)
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

func TestTwoPasswordsAtATime(t *testing.T) {
	hash := beside(t, "the second one")
	for _, test := range []struct {
		name, hash, old, password string
		is, isOld                 bool
	}{
		{"new", hash, referenceHash, "the second one", true, false},
		{"old", hash, referenceHash, "demo-password", false, true},
		{"wrong", hash, referenceHash, "demo-passwore", false, false},
		{"empty", hash, referenceHash, "", false, false},
		{"old that is not valid any more", hash, "", "demo-password", false, false},
		{"one alone", hash, "", "the second one", true, false},
		{"unknown user", identity.UnknownUserHash(), "", "demo-password", false, false},
	} {
		is, isOld, err := identity.VerifyEither(test.hash, test.old, test.password)
		if is != test.is || isOld != test.isOld || err != nil {
			t.Errorf("%s: VerifyEither = %t, %t, %v, want %t, %t", test.name, is, isOld, err, test.is, test.isOld)
		}
	}
}

// A hash that needs a derivation of its own would tell by its time that a user has two passwords.
func TestOldHashesThatNeedAnotherDerivation(t *testing.T) {
	another, err := identity.HashPassword(strings.NewReader("fedcba9876543210"), "the second one")
	if err != nil {
		t.Fatal(err)
	}
	user := identity.User{Mail: "demo@example.com", Owner: "0123456789abcdef0123", Role: identity.RoleUser, Hash: referenceHash}
	for name, old := range map[string]string{
		"another salt": another, "other parameters": longerHash, "the same": referenceHash, "malformed": "planted",
	} {
		if is, isOld, err := identity.VerifyEither(referenceHash, old, "demo-password"); err == nil || is || isOld {
			t.Errorf("%s: VerifyEither = %t, %t, %v, want an error", name, is, isOld, err)
		} else if strings.Contains(err.Error(), old) {
			t.Errorf("%s: the error repeats the hash: %v", name, err)
		}
		user.OldHash = old
		if err := user.Check(); err == nil || !strings.Contains(err.Error(), "oldHash") {
			t.Errorf("%s: Check = %v, want an error about oldHash", name, err)
		}
	}
	user.OldHash = beside(t, "the second one")
	user.OldUntil = time.Unix(1_800_000_000, 0)
	if err := user.Check(); err != nil {
		t.Errorf("good: Check = %v", err)
	}
	for name, until := range map[string]time.Time{"fractions": time.Unix(1_800_000_000, 1), "before time began": time.Unix(-1, 0)} {
		user.OldUntil = until
		if err := user.Check(); err == nil || !strings.Contains(err.Error(), "oldUntil") {
			t.Errorf("%s: Check = %v, want an error about oldUntil", name, err)
		}
	}
	user.OldHash, user.OldUntil = "", time.Unix(1_800_000_000, 0)
	if err := user.Check(); err == nil || !strings.Contains(err.Error(), "oldUntil") {
		t.Errorf("a time alone: Check = %v, want an error about oldUntil", err)
	}
}

func TestHashPasswordBesideFails(t *testing.T) {
	weak := strings.Replace(referenceHash, "m=19456", "m=8192", 1)
	for name, test := range map[string]struct {
		old, password string
		want          error
	}{
		"the same":        {referenceHash, "demo-password", identity.ErrSamePassword},
		"short":           {referenceHash, "a", identity.ErrShortPassword},
		"control":         {referenceHash, "a password\x00 and more", identity.ErrPassword},
		"malformed":       {"planted", "the second one", nil},
		"weaker than now": {weak, "the second one", nil},
		"empty old hash":  {"", "the second one", nil},
	} {
		if hash, err := identity.HashPasswordBeside(test.old, test.password); err == nil || hash != "" || test.want != nil && !errors.Is(err, test.want) {
			t.Errorf("%s: HashPasswordBeside = %q, %v, want %v", name, hash, err, test.want)
		}
	}
}
