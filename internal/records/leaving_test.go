package records_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/truora/minidyn/server"

	"postern/internal/identity"
	"postern/internal/records"
	"postern/internal/tabletest"
)

func TestUserWhoIsLeaving(t *testing.T) {
	const mail, owner = "demo@example.com", "0123456789abcdef0123"
	users, client := open(t, server.NewServer())
	tabletest.Create(t, client, table, "mail")
	if err := users.Leave(t.Context(), mail); !errors.Is(err, records.ErrNoUser) {
		t.Errorf("without a row: got %v", err)
	}
	if _, found, err := users.Owner(t.Context(), mail); found || err != nil {
		t.Errorf("without a row: got %t, %v", found, err)
	}
	put(t, client, row())
	damaged := row()
	damaged["mail"] = text("damaged@example.com")
	delete(damaged, "hash")
	put(t, client, damaged)
	other := row()
	other["mail"], other["owner"] = text("other@example.com"), text("0123456789abcdef0124")
	put(t, client, other)
	for range 2 {
		if err := users.Leave(t.Context(), mail); err != nil {
			t.Fatal(err)
		}
		if _, found, err := users.User(t.Context(), mail); found || err != nil {
			t.Errorf("User: got %t, %v, want none", found, err)
		}
	}
	for _, mail := range []identity.Mail{mail, "damaged@example.com"} {
		if got, found, err := users.Owner(t.Context(), mail); got != owner || !found || err != nil {
			t.Errorf("Owner(%s) = %q, %t, %v", mail, got, found, err)
		}
	}
	all, malformed, err := users.All(t.Context())
	if len(all) != 1 || all[0].Mail != "other@example.com" || err != nil {
		t.Errorf("All: got %d users, %v, want the other", len(all), err)
	}
	if malformed == nil || !strings.Contains(malformed.Error(), `"demo@example.com": the removal of this user has begun`) {
		t.Errorf("All: got %v", malformed)
	}
	mails, err := users.MailsOf(t.Context(), owner)
	slices.Sort(mails)
	if !slices.Equal(mails, []identity.Mail{"damaged@example.com", mail}) || err != nil {
		t.Errorf("MailsOf: got %q, %v", mails, err)
	}
	// A new password does not bring a user back who is leaving.
	if err := users.SetHash(t.Context(), mail, hash); err != nil {
		t.Fatal(err)
	}
	if _, found, err := users.User(t.Context(), mail); found || err != nil {
		t.Errorf("after a new password: got %t, %v, want none", found, err)
	}
	if err := users.Remove(t.Context(), mail); err != nil {
		t.Fatal(err)
	}
	if _, found, err := users.Owner(t.Context(), mail); found || err != nil {
		t.Errorf("after the removal: got %t, %v", found, err)
	}
}
