package main_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"postern/internal/identity"
	"postern/internal/records"
	"postern/internal/upload"
)

const mail = "a@example.com"

// mailOwner is the owner that mail becomes.
var mailOwner = identity.Owner([]byte(ownerKey), mail)

// keep writes the record of an upload that is ready, and counts a byte.
func (d *depot) keep(t *testing.T, keys ...string) {
	t.Helper()
	for _, key := range keys {
		parts := strings.Split(key, "/")
		record := upload.Record{Owner: parts[1], ID: parts[2], Key: key, VersionID: "v", Status: upload.Accepted, Version: 1, Size: 1, Counted: 1}
		if err := d.uploads().Accept(t.Context(), record, upload.Usage{Bytes: 1 << 20, Files: 100}); err != nil {
			t.Fatal(err)
		}
	}
}

func (d *depot) uploads() *records.Uploads { return records.NewUploads(d.records, uploadsTable) }

func (d *depot) users() *records.Users { return records.NewUsers(d.records, table) }

// begin begins a multipart upload.
func (d *depot) begin(t *testing.T, key string) {
	t.Helper()
	if _, err := objects.client.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: &d.bucket, Key: &key}); err != nil {
		t.Fatal(err)
	}
}

// bury makes a tombstone of an upload.
func (d *depot) bury(t *testing.T, key string) {
	t.Helper()
	parts := strings.Split(key, "/")
	_, err := d.uploads().MarkDeleted(t.Context(), upload.Record{Owner: parts[1], ID: parts[2], Key: key}, time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
}

// everything is all that the depot keeps, but for tombstones: items by their keys, versions and open uploads by theirs.
func (d *depot) everything(t *testing.T) (all []string) {
	t.Helper()
	items, err := d.records.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String(uploadsTable)})
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range items.Items {
		if text := fmt.Sprint(item["status"]); !strings.Contains(text, "deleted") {
			all = append(all, fmt.Sprint(item["owner"], item["id"]))
		}
	}
	versions, err := objects.client.ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: &d.bucket})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range versions.Versions {
		all = append(all, *v.Key+" "+*v.VersionId)
	}
	for _, m := range versions.DeleteMarkers {
		all = append(all, *m.Key+" "+*m.VersionId)
	}
	open, err := objects.client.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: &d.bucket})
	if err != nil {
		t.Fatal(err)
	}
	for _, upload := range open.Uploads {
		all = append(all, *upload.Key+" "+*upload.UploadId)
	}
	slices.Sort(all)
	return all
}

// fill gives an owner uploads of every kind.
func (d *depot) fill(t *testing.T, owner string) {
	t.Helper()
	videos, images := uploadKeys("videos", owner, 4), uploadKeys("images", owner, 6)[4:]
	d.put(t, videos...)
	d.put(t, videos[0], images[0], "videos/"+owner+"/notes.txt")
	d.keep(t, videos[:3]...)
	d.keep(t, images...) // one has no bytes any more
	if _, err := objects.client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &d.bucket, Key: &videos[1]}); err != nil {
		t.Fatal(err)
	}
	d.begin(t, "open/"+owner+"/"+idA)
	d.bury(t, "videos/"+owner+"/"+idC)
}

// isMark reports whether an item says for ever that an owner was removed, or that its links were revoked.
func isMark(item string) bool {
	return strings.Contains(item, "removed") || strings.Contains(item, "{links ")
}

func TestRemoveAndPurge(t *testing.T) {
	d := startDepot(t)
	d.fill(t, ownerA)
	d.fill(t, ownerB)
	others := d.everything(t)
	local(t, password, "user", "add", mail).done(t)
	local(t, password, "user", "add", "b@example.com").done(t)
	d.fill(t, mailOwner)

	got := local(t, "", "user", "remove", mail, "--purge", "--yes")
	want := "removed user a@example.com from stage local; their credentials are refused within 60 s\n" +
		"purged owner OWNER of stage local: 6 uploads, 1 of them without a record; 8 versions, 1 open multipart uploads\n" +
		"looked again: bucket BUCKET: 0 versions, 0 open multipart uploads, under images/OWNER/, open/OWNER/, videos/OWNER/\n" +
		"looked again: table Postern-local-Uploads: 0 records, 0 bytes of usage; 7 tombstones of deleted uploads, without anything that the user wrote, expire within 22 days\n"
	want = strings.NewReplacer("OWNER", mailOwner, "BUCKET", d.bucket).Replace(want)
	if got.code != 0 {
		t.Fatalf("got %+v", got)
	}
	if diff := cmp.Diff(got.out, want); diff != "" {
		t.Errorf("stdout (-got +want)\n%s", diff)
	}
	mark := fmt.Sprint("the marks of ", mailOwner)
	left := slices.DeleteFunc(d.everything(t), func(s string) bool { return strings.Contains(s, mailOwner) && isMark(s) })
	if diff := cmp.Diff(left, others); diff != "" {
		t.Errorf("what is left besides %s (-got +want)\n%s", mark, diff)
	}
	if removed, err := d.uploads().IsRemoved(t.Context(), mailOwner); !removed || err != nil {
		t.Errorf("the owner is not marked as removed: %v", err)
	}
	if keys := d.queue.keys(t, d.bucket); len(keys) != 7 {
		t.Errorf("%d keys are queued, want 7: %q", len(keys), keys)
	}
	if _, found, err := d.users().Owner(t.Context(), mail); found || err != nil {
		t.Errorf("the row: got %t, %v, want none", found, err)
	}
	if _, found, err := d.users().User(t.Context(), "b@example.com"); !found || err != nil {
		t.Errorf("the other user: got %t, %v", found, err)
	}

	// A second purge finds nothing, and says so.
	second := local(t, "", "user", "remove", mail, "--purge", "--yes")
	if second.code != 0 || !strings.HasPrefix(second.out, "purged owner "+mailOwner+" of stage local: 0 uploads, 0 of them without a record; 0 versions") {
		t.Errorf("again: got %+v", second)
	}
	// A mail that nobody has had is a mistake.
	local(t, "", "user", "remove", "nobody@example.com", "--purge", "--yes").refused(t, 1,
		"removing user nobody@example.com from stage local: there is no such user")
	if removed, err := d.uploads().IsRemoved(t.Context(), identity.Owner([]byte(ownerKey), "nobody@example.com")); removed || err != nil {
		t.Errorf("an unknown mail's owner is marked: %t, %v", removed, err)
	}
}

// A purge that fails leaves the row, so that the next one knows the owner. Until then nobody can sign in with it.
func TestPurgeThatFails(t *testing.T) {
	d := startDepot(t)
	local(t, password, "user", "add", mail, "--new-owner").done(t)
	owner, _, err := d.users().Owner(t.Context(), mail)
	if err != nil || owner == mailOwner {
		t.Fatalf("got the owner %s, %v, want one of its own", owner, err)
	}
	d.fill(t, owner)
	d.queue.fault = func(int) string { return "wrong" }
	got := local(t, "", "user", "remove", mail, "--purge", "--yes")
	if got.code != 1 || got.out != "" || !strings.Contains(got.err, "call it again: it goes on with what is left\n") ||
		!strings.Contains(got.err, "\nerror: removing user a@example.com from stage local: queueing inspections: SQS refuses a message") {
		t.Errorf("got %+v", got)
	}
	if _, found, err := d.users().User(t.Context(), mail); found || err != nil {
		t.Errorf("a user whose removal has begun can sign in: %t, %v", found, err)
	}
	if list := local(t, "", "user", "list"); list.code != 1 || !strings.Contains(list.err, `"a@example.com": the removal of this user has begun and is not complete`) {
		t.Errorf("list: got %+v", list)
	}
	local(t, password, "user", "add", mail).refused(t, 1, "the user exists already")
	d.queue.fault = nil
	if got := local(t, "", "user", "remove", mail, "--purge", "--yes"); got.code != 0 || !strings.HasPrefix(got.out, "removed user "+mail) {
		t.Errorf("the second purge: got %+v", got)
	}
	for _, left := range d.everything(t) {
		if strings.Contains(left, owner) && !isMark(left) {
			t.Errorf("left: %s", left)
		}
	}
	if _, found, err := d.users().Owner(t.Context(), mail); found || err != nil {
		t.Errorf("the row: got %t, %v, want none", found, err)
	}
}

func TestPurgeLater(t *testing.T) {
	d := startDepot(t)
	local(t, password, "user", "add", mail, "--new-owner").done(t)
	owner, _, err := d.users().Owner(t.Context(), mail)
	if err != nil {
		t.Fatal(err)
	}
	d.fill(t, owner)
	got := local(t, "", "user", "remove", mail, "--yes")
	got.done(t)
	hint := "delete them with postern user remove a@example.com --purge --owner " + owner + "\n"
	if !strings.HasSuffix(got.out, "their files stay (5 B)\n"+hint) {
		t.Errorf("got %q, want it to end with %q", got.out, hint)
	}
	// The mail has another user by now, who stays.
	local(t, password, "user", "add", mail).done(t)
	second, _, err := d.users().Owner(t.Context(), mail)
	if err != nil || second == owner {
		t.Fatalf("the second user has the owner %s of the first, or %v", second, err)
	}
	d.fill(t, second)
	line := strings.Fields(hint)[4:]
	purged := local(t, "", append(line, "--yes")...)
	if purged.code != 0 || !strings.HasPrefix(purged.out, "purged owner "+owner) {
		t.Errorf("%q: got %+v", line, purged)
	}
	user, found, err := d.users().User(t.Context(), mail)
	if !found || err != nil || user.Owner != second {
		t.Errorf("the second user: got %+v, %t, %v", user, found, err)
	}
	if kept := strings.Count(strings.Join(d.everything(t), "\n"), second); kept != 15 {
		t.Errorf("%d things of the second user are left, want all 15", kept)
	}
}

func TestPurgeOfAnothersOwner(t *testing.T) {
	d := startDepot(t)
	local(t, password, "user", "add", mail).done(t)
	local(t, password, "user", "add", "b@example.com").done(t)
	d.fill(t, mailOwner)
	before := d.everything(t)
	for _, victim := range []string{"b@example.com", "nobody@example.com"} {
		local(t, "", "user", "remove", victim, "--purge", "--yes", "--owner", mailOwner).refused(t, 1, "owner "+mailOwner+" is that of user a@example.com")
	}
	local(t, "", "user", "remove", mail, "--yes", "--owner", mailOwner).refused(t, 2, "--owner says what to purge: it needs --purge")
	for _, none := range []string{"", "videos", mailOwner[1:], strings.ToUpper(mailOwner), mailOwner + "/"} {
		local(t, "", "user", "remove", mail, "--purge", "--yes", "--owner="+none).refused(t, 2, "--owner")
	}
	local(t, "", "user", "remove", mail, "--purge").refused(t, 2, "confirm the removal with --yes")
	if diff := cmp.Diff(d.everything(t), before); diff != "" {
		t.Errorf("(-got +want)\n%s", diff)
	}
}

func TestRemoveTakesBackNothingOnItsWay(t *testing.T) {
	d := startDepot(t)
	local(t, password, "user", "add", mail).done(t)
	// The mark comes before the keys, the links and the row go: else, in between, nothing would stop what was signed.
	var order []string
	next := d.tables.Config.Handler
	d.tables.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), "."); operation != "GetItem" {
			order = append(order, operation)
		}
		next.ServeHTTP(w, r)
	})
	local(t, "", "user", "remove", mail, "--yes").done(t)
	if diff := cmp.Diff(order, []string{"UpdateItem", "PutItem", "DeleteItem", "DeleteItem", "UpdateItem", "DeleteItem"}); diff != "" {
		t.Errorf("calls (-got +want)\n%s", diff)
	}
	if removed, err := d.uploads().IsRemoved(context.Background(), mailOwner); !removed || err != nil {
		t.Errorf("the owner is not marked: %t, %v", removed, err)
	}
}

// A user who has no mail is purged by its subject, or by its owner, and another's row stays.
func TestPurgeOfASubject(t *testing.T) {
	const issuer = "https://id.example.com/"
	owner := identity.SubjectOwner([]byte(ownerKey), issuer, "auth0|7")
	for _, args := range [][]string{{"--subject=auth0|7", "--issuer=" + issuer}, {"--owner=" + owner}} {
		d := startDepot(t)
		local(t, password, "user", "add", mail).done(t)
		remove := append([]string{"user", "remove", "--purge", "--yes"}, args...)
		local(t, "", remove...).refused(t, 1, "there is no such user")
		d.fill(t, owner)
		local(t, "", remove...)
		if removed, err := d.uploads().IsRemoved(t.Context(), owner); !removed || err != nil {
			t.Errorf("%s: the owner is not marked: %t, %v", args, removed, err)
		}
		for _, item := range d.everything(t) {
			if strings.Contains(item, owner) && !isMark(item) {
				t.Errorf("%s: %s is left", args, item)
			}
		}
		if _, found, err := d.users().User(t.Context(), mail); !found || err != nil {
			t.Errorf("%s: another's row is gone: %v", args, err)
		}
	}
	startDepot(t)
	for want, args := range map[string][]string{
		"a subject has no row to remove": {"--subject=7", "--issuer=none"},
		"name one user":                  {"--purge"},
		"it needs --purge":               {"--owner=" + owner},
		"go together":                    {"--purge", "--subject=7"},
	} {
		local(t, "", append([]string{"user", "remove", "--yes"}, args...)...).refused(t, 2, want)
	}
}
