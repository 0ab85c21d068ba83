package identity_test

import (
	"bytes"
	"testing"

	"postern/internal/identity"
)

var key = []byte("0123456789abcdef0123456789abcdef")

func TestOwner(t *testing.T) {
	// Made with Python: hashlib.blake2b(mail, digest_size=10, key=key).hexdigest()
	if got, want := identity.Owner(key, "demo@example.com"), "3158726655d98c6901b6"; got != want {
		t.Errorf("Owner = %s, want %s", got, want)
	}
	if got, want := identity.Owner(append(key, key...), "demo@example.com"), "365d7fa97ea03df39176"; got != want {
		t.Errorf("Owner with a key of 64 bytes = %s, want %s", got, want)
	}
}

func TestOwnerRefusesWeakKeys(t *testing.T) {
	for size, want := range map[int]bool{0: false, 31: false, 32: true, 64: true, 65: false} {
		key := bytes.Repeat([]byte{'k'}, size)
		if got := identity.CheckKey(key) == nil; got != want {
			t.Errorf("CheckKey accepts %d bytes: %t, want %t", size, got, want)
		}
		if got := !panics(func() { identity.Owner(key, "demo@example.com") }); got != want {
			t.Errorf("Owner accepts %d bytes: %t, want %t", size, got, want)
		}
	}
}

func panics(f func()) (panicked bool) {
	defer func() { panicked = recover() != nil }()
	f()
	return false
}
