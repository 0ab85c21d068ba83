package upload_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/uuid"

	"postern/api"
	"postern/internal/upload"
)

const (
	secret = "0123456789abcdef0123456789abcdef"
	owner  = "0123456789abcdef0123"
)

// keyOf derives an owner's key from a secret.
func keyOf(t testing.TB, secret, owner string) upload.DerivedKey {
	t.Helper()
	key, err := upload.DeriveKey([]byte(secret), owner)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// newID makes the id of an mp4 whose random bits are what the seed says.
func newID(t testing.TB, key upload.DerivedKey, now time.Time, seed byte) string {
	t.Helper()
	id, err := key.NewID(now, strings.NewReader(strings.Repeat(string(rune(seed)), 4)), "mp4")
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// The derivation is fixed: with another one, no id that was granted would be known. The values are those of
// Python's hmac and of RFC 5869, written down there.
func TestDerivationIsFixed(t *testing.T) {
	key := keyOf(t, secret, owner)
	if got, want := key.Text(), "rbD8ar5GAz2aaD9oIGhNFlDSGSePuxtHqNnLD7EwSq0"; got != want {
		t.Errorf("Text = %s, want %s", got, want)
	}
	id, err := key.NewID(time.UnixMilli(0x017f22e279b0), strings.NewReader("\xfc\xc3\xd8\xc4"), "mp4")
	if want := "017f22e279b07cc398c41d983941fd94.mp4"; err != nil || id != want {
		t.Errorf("NewID = %s, %v, want %s", id, err, want)
	}
}

func TestParseKey(t *testing.T) {
	key := keyOf(t, secret, owner)
	if got, err := upload.ParseKey(key.Text()); err != nil || got != key {
		t.Errorf("ParseKey: %v, another key: %t", err, got != key)
	}
	for _, text := range []string{"", "x", key.Text()[1:], key.Text() + "A", key.Text() + "=", strings.Repeat("+", 43), strings.Repeat("_", 43)} {
		if got, err := upload.ParseKey(text); err == nil || got != (upload.DerivedKey{}) || text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("ParseKey(%q): %v, want an error that does not hold it", text, err)
		}
	}
	if text := (upload.DerivedKey{}).Text(); text != "" {
		t.Errorf("the zero value is written as %q", text)
	}
}

func TestDeriveKeyDiffers(t *testing.T) {
	seen := map[upload.DerivedKey]string{}
	for _, of := range []struct{ secret, owner string }{
		{secret, owner}, {secret, "1" + owner[1:]}, {secret[1:] + "0", owner}, {secret, ""}, {secret + "0", owner[1:]},
	} {
		key := keyOf(t, of.secret, of.owner)
		if before, ok := seen[key]; ok || key == (upload.DerivedKey{}) {
			t.Errorf("%v has the key of %s", of, before)
		}
		seen[key] = fmt.Sprint(of)
	}
}

// However a key is printed or encoded, it is not to be seen.
func TestDerivedKeyIsHidden(t *testing.T) {
	key := keyOf(t, secret, owner)
	holder := struct{ Key upload.DerivedKey }{key}
	const want = "[derived key]"
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		for _, value := range []any{key, &key, holder, []upload.DerivedKey{key}} {
			if got := fmt.Sprintf(verb, value); !strings.Contains(got, want) {
				t.Errorf("%s of %T: %s", verb, value, got)
			}
		}
	}
	if got, err := json.Marshal(holder); err != nil || string(got) != `{"Key":"[derived key]"}` {
		t.Errorf("JSON: %s, %v", got, err)
	}
}

func TestNewIDIsAnIDAndAUUID(t *testing.T) {
	key, now := keyOf(t, secret, owner), time.UnixMilli(1_800_000_000_123)
	for seed := range 256 {
		id, err := key.NewID(now, strings.NewReader(string([]byte{byte(seed), byte(255 - seed), byte(seed * 7), byte(seed * 13)})), "webm")
		if err != nil || !api.IsID(id) || !key.Granted(id) {
			t.Fatalf("NewID = %s, %v, want an id", id, err)
		}
		u, err := uuid.Parse(id[:32])
		if err != nil || u.Version() != 7 || u.Variant() != uuid.RFC4122 {
			t.Errorf("version %v, variant %v, %v, want 7 of RFC 4122", u.Version(), u.Variant(), err)
		}
		if sec, nsec := u.Time().UnixTime(); !time.Unix(sec, nsec).Equal(now) {
			t.Errorf("time %v, want %v", time.Unix(sec, nsec), now)
		}
	}
}

func TestNewIDSortsByTime(t *testing.T) {
	key, now := keyOf(t, secret, owner), time.UnixMilli(1_800_000_000_255)
	earlier, later := newID(t, key, now, 0x7f), newID(t, key, now.Add(time.Millisecond), 0)
	if earlier >= later {
		t.Errorf("%s is not before %s", earlier, later)
	}
}

func TestNewIDFails(t *testing.T) {
	key, broken := keyOf(t, secret, owner), errors.New("no randomness")
	if _, err := key.NewID(time.Time{}, iotest.ErrReader(broken), "mp4"); !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
	if _, err := key.NewID(time.Time{}, strings.NewReader("012"), "mp4"); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("too little randomness: got %v", err)
	}
	for _, extension := range []string{"", ".mp4", "MP4", "m/p", "morethan8"} {
		if id, err := key.NewID(time.Time{}, strings.NewReader("0123456789"), extension); err == nil {
			t.Errorf("extension %q: got %s, want an error", extension, id)
		}
	}
}

// An id is granted by the key that made it, and by no other; and not one bit of it is another's to choose.
func TestGranted(t *testing.T) {
	key, now := keyOf(t, secret, owner), time.UnixMilli(1_800_000_000_123)
	id := newID(t, key, now, 'r')
	if !key.Granted(id) {
		t.Fatalf("%s is not granted", id)
	}
	const digits = "0123456789abcdef"
	for at := range 32 {
		for bit := range 4 {
			flipped := id[:at] + string(digits[strings.IndexByte(digits, id[at])^1<<bit]) + id[at+1:]
			if key.Granted(flipped) {
				t.Errorf("bit %d of digit %d is not under the MAC: %s", bit, at, flipped)
			}
		}
	}
	for name, other := range map[string]string{
		"another extension":       id[:33] + "mov",
		"a longer extension":      id + "4",
		"a shorter extension":     id[:len(id)-1],
		"another owner's":         newID(t, keyOf(t, secret, "1"+owner[1:]), now, 'r'),
		"another stage's":         newID(t, keyOf(t, secret[1:]+"0", owner), now, 'r'),
		"nobody's":                newID(t, upload.DerivedKey{}, now, 'r'),
		"another time's MAC":      id[:20] + newID(t, key, now.Add(time.Millisecond), 'r')[20:],
		"another randomness' MAC": id[:20] + newID(t, key, now, 's')[20:],
		"capitals":                strings.ToUpper(id[:32]) + ".mp4",
		"no extension":            id[:32],
		"empty":                   "",
		"short":                   id[:20],
		"a suffix":                id + "\n",
	} {
		if key.Granted(other) {
			t.Errorf("%s is granted: %s", name, other)
		}
	}
}

// Of ids that are made up, none is granted.
func TestMadeUpIDsAreNotGranted(t *testing.T) {
	key, random := keyOf(t, secret, owner), rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		id := fmt.Sprintf("%012x7%03x8%015x.mp4", 1_800_000_000_123, random.IntN(1<<12), random.Int64N(1<<60))
		if !api.IsID(id) || key.Granted(id) {
			t.Fatalf("%s is an id: %t, and granted: %t", id, api.IsID(id), key.Granted(id))
		}
	}
}

// The MAC depends on every bit of what it is over: about half of its bits change with any.
func TestMACIsSpread(t *testing.T) {
	key := keyOf(t, secret, owner)
	changed, pairs := 0, 0
	for i := range 256 {
		a, b := macOf(t, newID(t, key, time.UnixMilli(int64(i)), 'r')), macOf(t, newID(t, key, time.UnixMilli(int64(i)^1<<40), 'r'))
		changed, pairs = changed+bits.OnesCount64(a^b), pairs+1
	}
	if mean := float64(changed) / float64(pairs); mean < 23 || mean > 25 {
		t.Errorf("%.1f of 48 bits change, want about 24", mean)
	}
}

// macOf is the MAC in an id.
func macOf(t *testing.T, id string) (mac uint64) {
	t.Helper()
	if _, err := fmt.Sscanf(id[20:32], "%x", &mac); err != nil {
		t.Fatal(err)
	}
	return mac
}

func TestGrantedAt(t *testing.T) {
	now := time.UnixMilli(1_800_000_000_123).UTC()
	id := newID(t, keyOf(t, secret, owner), now, 'r')
	if got := upload.GrantedAt(id); !got.Equal(now) || got.Location() != time.UTC {
		t.Errorf("GrantedAt(%s) = %v, want %v", id, got, now)
	}
}

func FuzzGranted(f *testing.F) {
	key := keyOf(f, secret, owner)
	f.Add(newID(f, key, time.UnixMilli(1_800_000_000_123), 'r'), "")
	f.Add("", key.Text())
	f.Add("0190f3b2c4d57e8f90a1b2c3d4e5f607.mp4", "x")
	f.Fuzz(func(t *testing.T, id, text string) {
		if key.Granted(id) && !api.IsID(id) {
			t.Errorf("%q is granted, and no id", id)
		}
		if parsed, err := upload.ParseKey(text); err == nil && parsed.Text() != text {
			t.Errorf("%q is read as another key", text)
		}
	})
}
