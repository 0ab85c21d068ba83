package main_test

import (
	"testing"

	"postern/api"
)

func TestMailUsedBefore(t *testing.T) {
	const random = "random"
	video := uploadKeys("videos", mailOwner, 1)[0]
	for _, test := range []struct {
		name    string
		prepare func(*testing.T, *depot)
		removed bool
		want    string // the owner; empty: the user is refused
	}{
		{"never", func(*testing.T, *depot) {}, false, mailOwner},
		{"another's uploads", func(t *testing.T, d *depot) { d.fill(t, ownerA) }, false, mailOwner},
		{"a record", func(t *testing.T, d *depot) { d.keep(t, video) }, false, ""},
		{"an object", func(t *testing.T, d *depot) { d.put(t, video) }, false, ""},
		{"an object in a folder of old", func(t *testing.T, d *depot) { d.put(t, "old/"+mailOwner+"/x") }, false, ""},
		{"an open multipart upload", func(t *testing.T, d *depot) { d.begin(t, video) }, false, ""},
		{"a tombstone", func(t *testing.T, d *depot) { d.bury(t, video) }, false, mailOwner},
		{"removed", func(*testing.T, *depot) {}, true, random},
		{"removed, an object that has just arrived", func(t *testing.T, d *depot) { d.put(t, video) }, true, random},
		{"removed, an open multipart upload", func(t *testing.T, d *depot) { d.begin(t, video) }, true, random},
		{"removed, a tombstone", func(t *testing.T, d *depot) { d.bury(t, video) }, true, random},
		{"removed, a record", func(t *testing.T, d *depot) { d.keep(t, video) }, true, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, flag := range []string{"", "--new-owner", "--keep-files"} {
				d := startDepot(t)
				test.prepare(t, d)
				if test.removed {
					d.remove(t, mailOwner)
				}
				want := map[string]string{"": test.want, "--new-owner": random, "--keep-files": mailOwner}[flag]
				args := []string{"user", "add", mail}
				if flag != "" {
					args = append(args, flag)
				}
				got := local(t, password, args...)
				if want == "" {
					got.refused(t, 1, "adding user a@example.com to stage local: the mail was used before, and its files are still there: owner "+mailOwner+": --keep-files gives")
					if rows := d.rows(t); rows != 0 {
						t.Errorf("refused, and there are %d rows", rows)
					}
					continue
				}
				got.done(t)
				d.checkOwner(t, flag, want)
				if removed, err := d.uploads().IsRemoved(t.Context(), mailOwner); removed != (want == random) || err != nil {
					t.Errorf("%q: the former owner is marked as removed: %t, %v", flag, removed, err)
				}
			}
		})
	}
	local(t, password, "user", "add", mail, "--new-owner", "--keep-files").refused(t, 2, "--keep-files")
	local(t, password, "user", "add", mail, "--owner", ownerA).refused(t, 2, "--owner says whose files to keep: it needs --keep-files")
}

func (d *depot) remove(t *testing.T, owner string) {
	t.Helper()
	if err := d.uploads().MarkRemoved(t.Context(), owner); err != nil {
		t.Fatal(err)
	}
}

func (d *depot) rows(t *testing.T) int {
	t.Helper()
	users, _, err := d.users().All(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return len(users)
}

// checkOwner holds the user's owner to want: an owner, or "random" for one that nobody has had. What arrives for it must be
// accepted.
func (d *depot) checkOwner(t *testing.T, flag, want string) {
	t.Helper()
	got, _, err := d.users().Owner(t.Context(), mail)
	if err != nil || !api.IsOwner(got) || (got == want) == (want == "random") || want == "random" && got == mailOwner {
		t.Errorf("%q: got the owner %q, %v, want %s", flag, got, err, want)
	}
	if removed, err := d.uploads().IsRemoved(t.Context(), got); removed || err != nil {
		t.Errorf("%q: what arrives for the owner is removed: %t, %v", flag, removed, err)
	}
}

func TestKeepFilesOfAnOwner(t *testing.T) {
	d := startDepot(t)
	d.fill(t, ownerA)
	d.remove(t, ownerA)
	local(t, password, "user", "add", mail, "--keep-files", "--owner", ownerA).done(t)
	d.checkOwner(t, "", ownerA)
	local(t, password, "user", "add", "b@example.com", "--keep-files", "--owner", ownerA).refused(t, 1,
		"adding user b@example.com to stage local: owner "+ownerA+" is that of user a@example.com")
	// An owner that is a user's is left as it is.
	d.fill(t, mailOwner)
	local(t, password, "user", "add", "c@example.com", "--keep-files", "--owner", mailOwner).done(t)
	local(t, "", "user", "remove", mail, "--yes").done(t)
	local(t, password, "user", "add", mail, "--new-owner").done(t)
	if removed, err := d.uploads().IsRemoved(t.Context(), mailOwner); removed || err != nil {
		t.Errorf("the owner of another user is marked as removed: %t, %v", removed, err)
	}
	local(t, password, "user", "add", "b@example.com", "--keep-files", "--owner", "x").refused(t, 2, "not an owner: must be 20 digits")
}
