package identity_test

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"

	"postern/internal/identity"
)

const scriptOwner = "0123456789abcdef0123"

// madeOf makes a key of randomness that is one byte, again and again.
func madeOf(t testing.TB, seed byte) (identity.ScriptKey, string) {
	t.Helper()
	made, text, err := identity.NewScriptKey(key, scriptOwner, bytes.NewReader(bytes.Repeat([]byte{seed}, 37)))
	if err != nil {
		t.Fatal(err)
	}
	return made, text
}

func TestNewScriptKey(t *testing.T) {
	made, text := madeOf(t, 0x5a)
	// Made with Python: base64.b32encode, zlib.crc32 and hashlib.blake2b(body, digest_size=8, key=key).
	if want := "pstn_aerukz4jvpg66ajdljnfuws2ljnfuws2ljnfuws2ljnfu" +
		"ws2ljnfuws2ljnfuws2ljnfuws2ljnb5tcr6ow5ji45ab26e62c"; text != want {
		t.Errorf("got %s, want %s", text, want)
	}
	if !regexp.MustCompile(`^pstn_[a-z2-7]{88}[0-9a-f]{8}$`).MatchString(text) || len(text) != identity.ScriptKeySize {
		t.Errorf("got %s, want the form that scanners look for", text)
	}
	if made.Owner != scriptOwner || made.ID != "ljnfuws2" || !identity.IsScriptKeyID(made.ID) || !made.IsGenuine(key) {
		t.Errorf("got owner %s, id %s", made.Owner, made.ID)
	}
	if second, err := identity.ParseScriptKey(text); err != nil || second != made {
		t.Errorf("ParseScriptKey: %v, want the same", err)
	}
	if shown := fmt.Sprintf("%v %+v %s %q %#v", made, made, made, made, &made); strings.Contains(shown, text[5:40]) {
		t.Errorf("printed, it shows itself: %s", shown)
	}
	_, other := madeOf(t, 0x5b)
	second, err := identity.ParseScriptKey(other)
	if err != nil || second.Hash(key) == made.Hash(key) || len(made.Hash(key)) != 64 || strings.Contains(text, made.Hash(key)) {
		t.Errorf("hashes: %s and %s, %v", second.Hash(key), made.Hash(key), err)
	}
	if _, _, err := identity.NewScriptKey(key, scriptOwner, iotest.ErrReader(errors.New("no randomness"))); err == nil {
		t.Error("a key is made without randomness")
	}
	if _, _, err := identity.NewScriptKey(key, "planted", bytes.NewReader(make([]byte, 64))); err == nil {
		t.Error("a key is made of a malformed owner")
	}
}

func TestForgedScriptKeys(t *testing.T) {
	made, text := madeOf(t, 1)
	another := bytes.Repeat([]byte("x"), 32)
	if made.IsGenuine(another) {
		t.Error("a key of another stage, or owner, is genuine")
	}
	// Whoever flips a bit and corrects the checksum, which is no secret, still lacks the MAC.
	for i := len("pstn_"); i < len(text)-8; i++ {
		flipped := []byte(text)
		flipped[i] = "abcdefghijklmnopqrstuvwxyz234567"[(strings.IndexByte("abcdefghijklmnopqrstuvwxyz234567", flipped[i])+1)%32]
		if _, err := identity.ParseScriptKey(string(flipped)); !errors.Is(err, identity.ErrScriptKey) {
			t.Fatalf("character %d flipped: got %v, want %v", i, err, identity.ErrScriptKey)
		}
		corrected := identity.WithChecksum(string(flipped[:len(text)-8]))
		if forged, err := identity.ParseScriptKey(corrected); err != nil || forged.IsGenuine(key) {
			t.Fatalf("character %d flipped, checksum corrected: %v, genuine %t", i, err, forged.IsGenuine(key))
		}
	}
}

// badScriptKeys are texts near to a key.
func badScriptKeys(text string) map[string]string {
	return map[string]string{
		"empty": "", "prefix": "pstn_", "truncated": text[:len(text)-1], "without checksum": text[:len(text)-8], "longer": text + "a",
		"upper case": strings.ToUpper(text), "prefix in upper case": "PSTN_" + text[5:], "checksum in upper case": text[:93] + strings.ToUpper(text[93:]),
		"other prefix": "ghp_x" + text[5:], "space": " " + text[1:], "line break": text[:50] + "\n" + text[51:], "NUL": text[:50] + "\x00" + text[51:],
		"10 KB": text + strings.Repeat("a", 10<<10), "10 KB of prefix": strings.Repeat("pstn_", 2<<10), "look-alike": "pstn＿" + text[7:],
	}
}

func TestParseScriptKeyRefuses(t *testing.T) {
	_, text := madeOf(t, 0xff)
	for name, bad := range badScriptKeys(text) {
		if got, err := identity.ParseScriptKey(bad); !errors.Is(err, identity.ErrScriptKey) || got != (identity.ScriptKey{}) {
			t.Errorf("%s: got %v, %v, want %v", name, got, err, identity.ErrScriptKey)
		}
	}
	for _, id := range []string{"", "aaaaaaa", "aaaaaaaaa", "AAAAAAAA", "aaaaaaa1", "../../..", "aaaa\naaa", strings.Repeat("a", 16)} {
		if identity.IsScriptKeyID(id) {
			t.Errorf("%q is an id", id)
		}
	}
}

func FuzzParseScriptKey(f *testing.F) {
	_, text := madeOf(f, 7)
	f.Add(text)
	for _, bad := range badScriptKeys(text) {
		f.Add(bad)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := identity.ParseScriptKey(text)
		if err != nil {
			if got != (identity.ScriptKey{}) || !errors.Is(err, identity.ErrScriptKey) {
				t.Errorf("%q: got %v, %v", text, got, err)
			}
			return
		}
		if second := identity.WithChecksum(text[:len(text)-8]); second != text || !identity.IsScriptKeyID(got.ID) || len(got.Owner) != 20 {
			t.Errorf("%q is read as owner %q, id %q, and must be %q", text, got.Owner, got.ID, second)
		}
		got.IsGenuine(key)
	})
}
