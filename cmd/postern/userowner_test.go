package main_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"

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

// What has just arrived for a user who was removed is removed by an inspection. Until then it is not clear whether anything
// stays.
func TestAddWaitsForTheInspection(t *testing.T) {
	d := startDepot(t)
	d.remove(t, mailOwner)
	key := uploadKeys("videos", mailOwner, 1)[0]
	d.put(t, key)
	versions, err := objects.client.ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: &d.bucket})
	if err != nil {
		t.Fatal(err)
	}
	looks := 0
	next := d.tables.Config.Handler
	d.tables.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".Query") {
			looks++
			if looks == 3 { // the inspection, which takes a while
				if _, err := objects.client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &d.bucket, Key: &key, VersionId: versions.Versions[0].VersionId}); err != nil {
					t.Error(err)
				}
			}
		}
		next.ServeHTTP(w, r)
	})
	got := local(t, password, "user", "add", mail)
	if got.code != 0 || got.err != "waiting: what has arrived for the former user of this mail is being removed\n" {
		t.Errorf("got %+v", got)
	}
	d.checkOwner(t, "", "random")
}
