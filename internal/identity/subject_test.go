package identity_test

import (
	"errors"
	"strings"
	"testing"

	"postern/internal/identity"
)

func TestParseSubject(t *testing.T) {
	for subject, good := range map[string]bool{
		"a": true, "auth0|5f7c8ec7c33c6c004bbafe82": true, "User 1": true, "~": true, strings.Repeat("s", 255): true,
		"": false, strings.Repeat("s", 256): false, "a\x00b": false, "a\n": false, "a\x7f": false, "\u00e4": false,
	} {
		got, err := identity.ParseSubject(subject)
		if (err == nil) != good || good && string(got) != subject {
			t.Errorf("ParseSubject(%q): got %q, %v, want it good: %v", subject, got, err, good)
		}
		if err != nil && (!errors.Is(err, identity.ErrSubject) || got != "") {
			t.Errorf("ParseSubject(%q): got %q, %v, want nothing and ErrSubject", subject, got, err)
		}
	}
}

// Golden: an owner names a folder that is there for good.
func TestSubjectOwner(t *testing.T) {
	key := []byte("0123456789abcdef0123456789abcdef")
	for _, test := range []struct{ issuer, subject, want string }{
		{"https://id.example.com", "user-1", "22619858ebb55b4fceca"},
		{"https://id.example.com/", "user-1", "7ef9cdb0af81da609139"},
		{"https://id.example.com", "user-2", "9f6d54c6b0098d061468"},
	} {
		if got := identity.SubjectOwner(key, test.issuer, identity.Subject(test.subject)); got != test.want {
			t.Errorf("%s of %s: got %s, want %s", test.subject, test.issuer, got, test.want)
		}
	}
}
