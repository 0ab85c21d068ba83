package identity_test

import (
	"strings"
	"testing"

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
}
