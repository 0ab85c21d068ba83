package identity_test

import (
	"errors"
	"strings"
	"testing"
	"testing/iotest"

	"postern/internal/identity"
)

// Made with Python's argon2-cffi 25.1.0, which binds the reference implementation, of "demo-password":
//
//	argon2.low_level.hash_secret(b"demo-password", b"0123456789abcdef", time_cost=t, memory_cost=m, parallelism=p,
//		hash_len=32, type=argon2.low_level.Type.ID)
const (
	referenceHash = "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$XOZ422ZAe7ehBrttOEIZHOAF9GXabgOk+Otejz1RL2M"
	longerHash    = "$argon2id$v=19$m=32768,t=3,p=2$MDEyMzQ1Njc4OWFiY2RlZg$8PFkjoYKlImgeAMFG6s1CARkQJoPe2Ubb4bvnCYaz24"
)

func TestHashPasswordIsTheReferenceHash(t *testing.T) {
	got, err := identity.HashPassword(strings.NewReader("0123456789abcdef"), "demo-password")
	if err != nil || got != referenceHash {
		t.Errorf("HashPassword = %s, %v, want %s", got, err, referenceHash)
	}
}

func TestHashPasswordFails(t *testing.T) {
	for name, password := range map[string]string{
		"empty": "", "too long": strings.Repeat("x", 1025), "control": "a\x00b", "not UTF-8": "a\xffb", "unassigned": "a\u0378b",
	} {
		if _, err := identity.HashPassword(strings.NewReader("0123456789abcdef"), password); !errors.Is(err, identity.ErrPassword) {
			t.Errorf("%s: got %v, want ErrPassword", name, err)
		}
	}
	broken := errors.New("no randomness")
	if _, err := identity.HashPassword(iotest.ErrReader(broken), "demo-password"); !errors.Is(err, broken) {
		t.Errorf("without randomness: got %v, want %v", err, broken)
	}
}

func TestNewPasswordsAreLong(t *testing.T) {
	for _, test := range []struct {
		name, password string
		want           error
	}{
		{"11 characters", "demo-passwo", identity.ErrShortPassword},
		{"12 characters", "demo-passwor", nil},
		{"11 characters of 22 bytes", strings.Repeat("\u00e4", 11), identity.ErrShortPassword},
		{"12 characters of 24 bytes", strings.Repeat("\u00e4", 12), nil},
		{"11 characters, decomposed to 22", strings.Repeat("a\u0308", 11), identity.ErrShortPassword},
		{"12 characters, decomposed to 24", strings.Repeat("a\u0308", 12), nil},
		{"one letter", "a", identity.ErrShortPassword},
		{"longest", strings.Repeat("x", 1024), nil},
		{"empty", "", identity.ErrPassword},
	} {
		if err := identity.CheckNewPassword(test.password); !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
			t.Errorf("%s: CheckNewPassword = %v, want %v", test.name, err, test.want)
		}
		if _, err := identity.HashPassword(strings.NewReader("0123456789abcdef"), test.password); !errors.Is(err, test.want) {
			t.Errorf("%s: HashPassword fails with %v, want %v", test.name, err, test.want)
		}
	}
	if err := identity.CheckPassword("a"); err != nil {
		t.Errorf("a short password of an earlier version is refused: %v", err)
	}
}

func TestVerifyPassword(t *testing.T) {
	for _, test := range []struct {
		name, hash, password string
		want                 bool
	}{
		{"right", referenceHash, "demo-password", true},
		{"right, longer parameters", longerHash, "demo-password", true},
		{"wrong", referenceHash, "demo-passwore", false},
		{"wrong, longer parameters", longerHash, "demo-passwore", false},
		{"prefix", referenceHash, "demo-passwor", false},
		{"empty", referenceHash, "", false},
		{"too long", referenceHash, strings.Repeat("x", 1025), false},
		{"unknown user", identity.UnknownUserHash(), "demo-password", false},
	} {
		if got, err := identity.VerifyPassword(test.hash, test.password); err != nil || got != test.want {
			t.Errorf("%s: VerifyPassword = %t, %v, want %t", test.name, got, err, test.want)
		}
	}
}

func TestLongestPassword(t *testing.T) {
	password := strings.Repeat("ä", 512)
	hash, err := identity.HashPassword(strings.NewReader("0123456789abcdef"), password)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := identity.VerifyPassword(hash, password); err != nil || !got {
		t.Errorf("VerifyPassword = %t, %v, want true", got, err)
	}
}

func TestPasswordsAreComparedNormalized(t *testing.T) {
	const composed, decomposed = "my long p\u00e4ssw\u00f6rd", "my long pa\u0308sswo\u0308rd"
	for _, test := range []struct {
		name, set, given string
		want             bool
	}{
		{"composed, then decomposed", composed, decomposed, true},
		{"decomposed, then composed", decomposed, composed, true},
		{"ideographic space", "correct\u3000horse", "correct horse", true},
		{"emoji", "\U0001F40E battery staple", "\U0001F40E battery staple", true},
		{"other letter", composed, "my long passw\u00f6rd", false},
		{"other case", composed, "My long p\u00e4ssw\u00f6rd", false},
		{"compatibility form", "\uff41bc of compatibility", "abc of compatibility", false},
	} {
		hash, err := identity.HashPassword(strings.NewReader("0123456789abcdef"), test.set)
		if err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		if got, err := identity.VerifyPassword(hash, test.given); err != nil || got != test.want {
			t.Errorf("%s: VerifyPassword = %t, %v, want %t", test.name, got, err, test.want)
		}
	}
}

func TestUnknownUserHashHasTheParametersOfNewHashes(t *testing.T) {
	parameters := func(hash string) string { return hash[:strings.LastIndex(hash[:strings.LastIndex(hash, "$")], "$")] }
	got, want := parameters(identity.UnknownUserHash()), parameters(referenceHash)
	if got != want || len(identity.UnknownUserHash()) != len(referenceHash) {
		t.Errorf("parameters %s, want %s", got, want)
	}
}

func TestVerifyPasswordRefusesHashes(t *testing.T) {
	const salt, sum = "MDEyMzQ1Njc4OWFiY2RlZg", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	for name, hash := range map[string]string{
		"empty":             "",
		"plain text":        "planted",
		"argon2i":           "$argon2i$v=19$m=19456,t=2,p=1$" + salt + "$" + sum,
		"bcrypt":            "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
		"old version":       "$argon2id$v=16$m=19456,t=2,p=1$" + salt + "$" + sum,
		"too much memory":   "$argon2id$v=19$m=65537,t=2,p=1$" + salt + "$" + sum,
		"huge memory":       "$argon2id$v=19$m=4294967295,t=2,p=1$" + salt + "$" + sum,
		"memory overflow":   "$argon2id$v=19$m=4294986752,t=2,p=1$" + salt + "$" + sum,
		"too little memory": "$argon2id$v=19$m=7167,t=2,p=1$" + salt + "$" + sum,
		"too many passes":   "$argon2id$v=19$m=19456,t=17,p=1$" + salt + "$" + sum,
		"no pass":           "$argon2id$v=19$m=19456,t=0,p=1$" + salt + "$" + sum,
		"no thread":         "$argon2id$v=19$m=19456,t=2,p=0$" + salt + "$" + sum,
		"too many threads":  "$argon2id$v=19$m=19456,t=2,p=9$" + salt + "$" + sum,
		"sign":              "$argon2id$v=19$m=+19456,t=2,p=1$" + salt + "$" + sum,
		"leading zero":      "$argon2id$v=19$m=019456,t=2,p=1$" + salt + "$" + sum,
		"further parameter": "$argon2id$v=19$m=19456,t=2,p=1,data=AA$" + salt + "$" + sum,
		"further field":     "$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$" + sum + "$",
		"no salt":           "$argon2id$v=19$m=19456,t=2,p=1$$" + sum,
		"no sum":            "$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$",
		"short sum":         "$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$AAAA",
		"long sum":          "$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$" + strings.Repeat("AAAA", 22),
		"padded":            "$argon2id$v=19$m=19456,t=2,p=1$" + salt + "==$" + sum,
		"line break":        "$argon2id$v=19$m=19456,t=2,p=1$" + salt + "\n$" + sum,
		"bits left over":    "$argon2id$v=19$m=19456,t=2,p=1$" + salt[:21] + "h$" + sum,
	} {
		got, err := identity.VerifyPassword(hash, "demo-password")
		if err == nil || got {
			t.Errorf("%s: VerifyPassword = %t, %v, want an error", name, got, err)
		} else if hash != "" && strings.Contains(err.Error(), hash) {
			t.Errorf("%s: error %q repeats the hash", name, err)
		}
	}
}

func BenchmarkVerifyPassword(b *testing.B) {
	for b.Loop() {
		if ok, err := identity.VerifyPassword(referenceHash, "demo-password"); err != nil || !ok {
			b.Fatal(ok, err)
		}
	}
}
