package identity_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"postern/internal/identity"
)

func TestUserCheck(t *testing.T) {
	limit, negative := int64(0), int64(-1)
	check := func(change func(*identity.User), want string) {
		t.Helper()
		user := identity.User{
			Mail: "demo@example.com", Owner: "0123456789abcdef0123", Hash: referenceHash, Role: identity.RoleUser, MaxSize: &limit, Quota: &limit,
		}
		change(&user)
		err := user.Check()
		switch {
		case want == "" && err != nil:
			t.Errorf("Check: %v, want none", err)
		case want != "" && (err == nil || err.Error() != "attribute "+want+" of a user is missing or malformed"):
			t.Errorf("Check: %v, want an error that names %s alone", err, want)
		}
	}
	check(func(*identity.User) {}, "")
	check(func(u *identity.User) { u.Role, u.MaxSize, u.Quota = identity.RoleService, nil, nil }, "")
	for _, mail := range []identity.Mail{"", "planted", "Demo@example.com"} {
		check(func(u *identity.User) { u.Mail = mail }, "mail")
	}
	for _, owner := range []string{"", "planted", "0123456789ABCDEF0123", "0123456789abcdef01"} {
		check(func(u *identity.User) { u.Owner = owner }, "owner")
	}
	for _, hash := range []string{"", "planted", strings.Replace(referenceHash, "m=", "m=9", 1)} {
		check(func(u *identity.User) { u.Hash = hash }, "hash")
	}
	for _, role := range []identity.Role{"", "planted", "Service", "admin"} {
		check(func(u *identity.User) { u.Role = role }, "role")
	}
	check(func(u *identity.User) { u.MaxSize = &negative }, "maxSize")
	check(func(u *identity.User) { u.Quota = &negative }, "quota")
	check(func(u *identity.User) { u.FileQuota = &negative }, "fileQuota")
	check(func(u *identity.User) { u.FileQuota = new(int64(1_000_000_001)) }, "fileQuota")
	check(func(u *identity.User) { u.FileQuota = new(int64(1_000_000_000)) }, "")
	check(func(u *identity.User) {
		u.Scope = identity.Scope{May: identity.Rights{"upload", "read"}, For: "example.com", Expires: time.Unix(1, 0)}
	}, "")
	for _, may := range []identity.Rights{{""}, {"planted"}, {"read", "upload"}, {"read", "read"}} {
		check(func(u *identity.User) { u.May = may }, "may")
	}
	for _, mails := range []identity.Mails{"*", "Example.com", "planted planted"} {
		check(func(u *identity.User) { u.For = mails }, "for")
	}
	check(func(u *identity.User) { u.Expires = time.Unix(1, 1) }, "expires")
}

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

func TestParseMail(t *testing.T) {
	local64 := strings.Repeat("a", 64)
	domain189 := strings.Repeat("b", 63) + "." + strings.Repeat("c", 63) + "." + strings.Repeat("d", 61)
	for _, s := range []string{
		"demo@example.com", "Demo@Example.COM", "a+b@x.com", "o'neil@example.org", "a.b.c@x-y.example", "root@localhost",
		local64 + "@" + domain189, // 254 bytes
	} {
		got, err := identity.ParseMail(s)
		if want := identity.Mail(strings.ToLower(s)); err != nil || got != want {
			t.Errorf("ParseMail(%q) = %q, %v, want %q", s, got, err, want)
		}
	}
	for _, s := range []string{
		"", "@", "a@", "@b", "demo", "demo@example.com@example.com", "a b@x.com", " a@x.com", "a@x.com ", "a@x.com\r\nX: y",
		"a\x00@x.com", "a@x.com\x00", "ä@x.com", "a@exämple.com", "a\xff@x.com", "a:b@x.com", `"a"@x.com`, "a@[127.0.0.1]",
		".a@x.com", "a.@x.com", "a..b@x.com", "a@.com", "a@x.", "a@x..com", "a@-x.com", "a@x-.com", "a@x_y.com", "a/b@x,com",
		"\u212aa@x.com", // the Kelvin sign, whose lower case is an ASCII k
		local64 + "a@x.com", "a@" + strings.Repeat("b", 64) + ".com", local64 + "@" + domain189 + "d",
	} {
		if got, err := identity.ParseMail(s); got != "" || !errors.Is(err, identity.ErrMail) {
			t.Errorf("ParseMail(%q) = %q, %v, want ErrMail", s, got, err)
		}
	}
}

func TestMailErrorDoesNotRepeatTheMail(t *testing.T) {
	if _, err := identity.ParseMail("planted secret@x.com"); err == nil || strings.Contains(err.Error(), "planted") {
		t.Errorf("got %v, want an error without the mail", err)
	}
}

func FuzzParseMail(f *testing.F) {
	f.Add("Demo@Example.com")
	f.Add("a@b\r\n")
	f.Fuzz(func(t *testing.T, s string) {
		mail, err := identity.ParseMail(s)
		if err != nil {
			return
		}
		if second, err := identity.ParseMail(string(mail)); err != nil || second != mail {
			t.Errorf("ParseMail(%q) = %q, %v, want itself", mail, second, err)
		}
		if strings.Count(string(mail), "@") != 1 || strings.ContainsAny(string(mail), ":\r\n\x00 ") {
			t.Errorf("ParseMail(%q) = %q", s, mail)
		}
	})
}
