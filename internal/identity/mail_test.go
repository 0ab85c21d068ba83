package identity_test

import (
	"errors"
	"strings"
	"testing"

	"postern/internal/identity"
)

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
		if again, err := identity.ParseMail(string(mail)); err != nil || again != mail {
			t.Errorf("ParseMail(%q) = %q, %v, want itself", mail, again, err)
		}
		if strings.Count(string(mail), "@") != 1 || strings.ContainsAny(string(mail), ":\r\n\x00 ") {
			t.Errorf("ParseMail(%q) = %q", s, mail)
		}
	})
}
