package identity_test

import (
	"regexp"
	"testing"

	"postern/internal/identity"
)

func TestGuesserIsOfMailAndNetwork(t *testing.T) {
	guesser := func(mail identity.Mail, address string) string { return identity.Guesser(key, mail, address) }
	const mail = "demo@example.com"
	for _, test := range []struct {
		name       string
		one, other string
		same       bool
	}{
		{"one IPv4 network", "192.0.2.1", "192.0.2.254", true},
		{"its neighbour", "192.0.2.1", "192.0.3.1", false},
		{"IPv4 in IPv6", "192.0.2.1", "::ffff:192.0.2.77", true},
		{"one IPv6 customer", "2001:db8:0:1200::1", "2001:db8:0:12ff:ffff::2", true},
		{"its neighbour of IPv6", "2001:db8:0:1200::1", "2001:db8:0:1300::1", false},
		{"a zone", "fe80::1%eth0", "fe80::2%eth1", true},
		{"no addresses", "test-invoke-source-ip", "", true},
		{"no address and an unspecified one", "", "0.0.0.0", false},
		{"several addresses are none", "192.0.2.1, 198.51.100.7", "192.0.2.1", false},
	} {
		if got := guesser(mail, test.one) == guesser(mail, test.other); got != test.same {
			t.Errorf("%s: %q and %q are the same guesser: %t, want %t", test.name, test.one, test.other, got, test.same)
		}
	}
	if guesser(mail, "192.0.2.1") == guesser("other@example.com", "192.0.2.1") {
		t.Error("two mails have one guesser")
	}
	if guesser(mail, "192.0.2.1") == identity.Guesser(append(key, key...), mail, "192.0.2.1") {
		t.Error("two keys give the same guesser")
	}
	if got := guesser(mail, "192.0.2.1"); !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(got) {
		t.Errorf("Guesser = %s, want 32 hexadecimal digits", got)
	}
}

func TestTryIsOfGuesserAndPassword(t *testing.T) {
	a := identity.Try(key, "guesser", "password")
	if !regexp.MustCompile(`^[0-9a-f]{8}$`).MatchString(a) || a != identity.Try(key, "guesser", "password") {
		t.Errorf("Try = %s, want 8 hexadecimal digits, the same each time", a)
	}
	if a == identity.Try(key, "guesser", "passwore") || a == identity.Try(key, "another", "password") {
		t.Error("another password or guesser gives the same try")
	}
}
