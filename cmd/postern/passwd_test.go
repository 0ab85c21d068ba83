package main_test

import (
	"maps"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postern/internal/identity"
)

// verifyEither fails the test unless a row's present password and the one before are these.
func verifyEither(t *testing.T, row map[string]string, password, before string) {
	t.Helper()
	if is, _, err := identity.VerifyEither(row["hash"], row["oldHash"], password); !is || err != nil {
		t.Errorf("the password is not the row's: %v", err)
	}
	if _, isOld, err := identity.VerifyEither(row["hash"], row["oldHash"], before); !isOld || err != nil {
		t.Errorf("the password before is not the row's: %v", err)
	}
}

func TestRotation(t *testing.T) {
	b := startLocal(t)
	local(t, "the first password", "user", "add", "a@example.com", "--quota=1 MiB").done(t)
	first := b.row(t)

	got := local(t, "the second password", "user", "passwd", "a@example.com", "--keep-old=forever")
	got.done(t)
	if want := "changed the password of user a@example.com of stage local; the old one stays valid until --drop-old\n"; got.out != want {
		t.Errorf("got %q, want %q", got.out, want)
	}
	row := b.row(t)
	verifyEither(t, row, "the second password", "the first password")
	if row["oldUntil"] != "" {
		t.Errorf("the old password is valid until %s, want no end", row["oldUntil"])
	}

	got = local(t, "", "user", "passwd", "a@example.com", "--keep-old=7d", "--generate")
	got.done(t)
	_, generated, _ := strings.Cut(strings.TrimSpace(got.out), "password: ")
	row = b.row(t)
	verifyEither(t, row, generated, "the second password")
	seconds, err := strconv.ParseInt(row["oldUntil"], 10, 64)
	if left := time.Until(time.Unix(seconds, 0)); err != nil || left > 7*24*time.Hour || left < 7*24*time.Hour-10*time.Minute {
		t.Errorf("the old password is valid for %v more, %v, want seven days", left, err)
	}
	if !strings.Contains(got.out, "stays valid until "+time.Unix(seconds, 0).UTC().Format(time.RFC3339)) {
		t.Errorf("got %q, want it to say until when", got.out)
	}

	got = local(t, "", "user", "passwd", "a@example.com", "--drop-old")
	got.done(t)
	if want := "dropped the old password of user a@example.com of stage local; it stops working within 60 s\n"; got.out != want {
		t.Errorf("got %q, want %q", got.out, want)
	}
	row = b.row(t)
	verify(t, row, generated)
	want := maps.Clone(first)
	want["hash"] = row["hash"]
	if diff := cmp.Diff(row, want); diff != "" {
		t.Errorf("the row (-got +want)\n%s", diff)
	}
	local(t, "", "user", "passwd", "a@example.com", "--drop-old").refused(t, 1, "the user has no old password")
}

// A password that is simply changed leaves none before it.
func TestPasswdDropsTheOldOne(t *testing.T) {
	b := startLocal(t)
	local(t, "the first password", "user", "add", "a@example.com").done(t)
	local(t, "the second password", "user", "passwd", "a@example.com", "--keep-old=36h").done(t)
	local(t, "the third password", "user", "passwd", "a@example.com").done(t)
	row := b.row(t)
	verify(t, row, "the third password")
	if row["oldHash"] != "" || row["oldUntil"] != "" {
		t.Errorf("the row %v has an old password", row)
	}
}

func TestRotationsThatAreRefused(t *testing.T) {
	b := startLocal(t)
	local(t, "the first password", "user", "add", "a@example.com").done(t)
	before := b.row(t)
	local(t, "the first password", "user", "passwd", "a@example.com", "--keep-old=7d").refused(t, 1, "the new password is the old one")
	local(t, "a", "user", "passwd", "a@example.com", "--keep-old=7d").refused(t, 1, "too short")
	local(t, "the second password", "user", "passwd", "b@example.com", "--keep-old=7d").refused(t, 1, "there is no such user")
	local(t, "", "user", "passwd", "b@example.com", "--drop-old").refused(t, 1, "there is no such user")
	local(t, "", "user", "passwd", "a@example.com", "--drop-old", "--generate").refused(t, 2, "--drop-old gives no new password")
	local(t, "", "user", "passwd", "a@example.com", "--drop-old", "--keep-old=7d").refused(t, 2, "--keep-old")
	for _, time := range []string{"", "0d", "-1h", "7", "2020-01-01", "2027-02-30", "99999d", "70000d", "1e9h", "soon"} {
		local(t, "", "user", "passwd", "a@example.com", "--keep-old="+time).refused(t, 2, "--keep-old")
	}
	if diff := cmp.Diff(b.row(t), before); diff != "" {
		t.Errorf("the row changed (-got +want)\n%s", diff)
	}
}
