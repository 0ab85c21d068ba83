package main

import (
	"strings"
	"testing"
	"time"

	"postern/api"
	"postern/internal/contract"
	"postern/internal/identity"
	"postern/internal/records"
)

// A blocked caller is refused whatever it presents, with clear words, within a minute, and let in again within another.
func TestBlockedCallers(t *testing.T) {
	issuer := newIssuer(t)
	bySubject := contract.Issuer{Issuer: issuer.URL, Audience: "app"}
	byMail := contract.Issuer{Issuer: issuer.URL, Audience: clientID, Mail: "email", Roles: contract.RoleClaim{Claim: "groups", Service: "svc"}}
	token := func(b *bench, claims payload) string { return bearerOf(issuer.sign(t, b.good(issuer).with(claims))) }
	for _, test := range []struct {
		name, owner string
		header      func(*bench) string
	}{
		{"a password", demoOwner, func(*bench) string { return demo }},
		{"a service's password", serviceOwner, func(*bench) string { return service }},
		{"a token of a user with a row", demoOwner, func(b *bench) string { return token(b, nil) }},
		{"a token of a user without a row", identity.Owner(ownerKey, "new@example.com"), func(b *bench) string { return token(b, payload{"email": "new@example.com"}) }},
		{"a token of a subject", subjectOwner(issuer.URL, "user-1"), func(b *bench) string { return token(b, payload{"aud": "app"}) }},
		{"a token of a service", demoOwner, func(b *bench) string { return token(b, payload{"groups": "svc"}) }},
		{"a key", demoOwner, func(b *bench) string {
			return b.addKey(t, func(key *records.ScriptKey) { key.Expires = b.clock.at.Add(time.Hour) })
		}},
	} {
		b := newBearerBench(t, issuer, byMail, bySubject)
		header := test.header(b)
		step := func(when string, blocked bool, move time.Duration, refused bool) {
			t.Helper()
			b.kept.blocked = map[string]bool{test.owner: blocked}
			b.clock.move(move)
			for _, mails := range [][]string{nil, {"malformed"}, {"a@x.com", "b@x.com"}, {"limited@example.com"}} {
				got := b.acts(t, requestOf(t, header, mails...))
				if refused != (got == string(errBlocked)) {
					t.Errorf("%s, %s, mails %v: got %s", test.name, when, mails, got)
				}
			}
		}
		step("before", false, 0, false)
		step("just after", true, time.Minute-time.Second, false)
		step("a minute after", true, time.Second, true)
		step("just unblocked", false, time.Minute-time.Second, true)
		step("a minute unblocked", false, time.Second, false)
	}
}

// Who presents nothing good learns nothing of a block.
func TestBlockedIsToldToTheCallerAlone(t *testing.T) {
	b := newBench(t)
	b.kept.blocked = map[string]bool{demoOwner: true}
	if got := b.acts(t, requestOf(t, basic("demo@example.com", "wrong-password"))); got != "Unauthorized" {
		t.Errorf("got %s, want Unauthorized", got)
	}
	if got := b.acts(t, requestOf(t, limited, "demo@example.com")); got != string(errForbidden) {
		t.Errorf("another user: got %s", got)
	}
	if strings.Contains(b.log.String(), "demo@") {
		t.Errorf("log %s", b.log)
	}
}

// For a blocked user, a service reads, deletes and revokes links, and neither uploads nor makes links.
func TestServiceForABlockedUser(t *testing.T) {
	for _, route := range contract.Routes {
		if route.Right == "" {
			continue
		}
		b := newBench(t)
		b.kept.blocked = map[string]bool{demoOwner: true, subjectOwner("", "user-1"): true}
		want, uploads := demoOwner, route.Right == api.RightUpload || route.Name == "createLink"
		if uploads {
			want = string(errBlockedUser)
		}
		if got := b.acts(t, routed(t, route, service, "demo@example.com")); got != want {
			t.Errorf("%s %s: got %s, want %s", route.Method, route.Path, got, want)
		}
		got := b.acts(t, naming(routed(t, route, service), "user-1"))
		if isRefused := got == string(errBlockedUser); isRefused != uploads {
			t.Errorf("%s %s for a subject: got %s", route.Method, route.Path, got)
		}
	}
}
