package e2e_test

import (
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/google/go-cmp/cmp"

	"postern/internal/upload"
)

// secret returns the stage's secret.
func (o operator) secret(t *testing.T) string {
	t.Helper()
	output, err := o.secrets.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: aws.String(o.outputs["OwnerKeySecretArn"])})
	if err != nil {
		t.Fatal(err)
	}
	return *output.SecretString
}

// derive returns an owner's derived key.
func derive(t *testing.T, secret, owner string) upload.DerivedKey {
	t.Helper()
	key, err := upload.DeriveKey([]byte(secret), owner)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// items returns how many items the uploads table has of each owner.
func (o operator) items(t *testing.T) map[string]int {
	t.Helper()
	items := map[string]int{}
	pages := dynamodb.NewScanPaginator(o.tables, &dynamodb.ScanInput{TableName: aws.String(o.outputs["UploadsTableName"])})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range page.Items {
			items[item["owner"].(*types.AttributeValueMemberS).Value]++
		}
	}
	return items
}

// flips returns a text of hexadecimal digits with each of its bits changed in turn.
func flips(digits string) []string {
	const all = "0123456789abcdef"
	var flipped []string
	for at := range digits {
		for bit := range 4 {
			other := all[strings.IndexByte(all, digits[at])^1<<bit]
			flipped = append(flipped, digits[:at]+string(other)+digits[at+1:])
		}
	}
	return flipped
}

// TestIDsNobodyGranted calls every route of an upload with ids that nobody granted to the caller. All are not found. The
// manage function reads nothing, writes nothing and queues nothing: it does not use one of its rights.
func TestIDsNobodyGranted(t *testing.T) {
	requireLocal(t)
	run, err := startLocal(assembly, filepath.Join(t.TempDir(), "data"))
	if err != nil {
		t.Fatal(err)
	}
	addService(t, run)
	c, o := newClient(run.API, demoUser), run.operator(t)
	g := c.grant(t, map[string]any{"filename": "a.mp4", "size": 1})
	another := newClient(run.API, serviceMail+":"+servicePassword).grant(t, map[string]any{"filename": "a.mp4", "size": 1})
	const otherSecret = "0123456789abcdef0123456789abcdef"
	elsewhere, err := derive(t, otherSecret, g.owner()).NewID(time.Now(), strings.NewReader("0123"), "mp4")
	if err != nil {
		t.Fatal(err)
	}
	ids := []string{another.ID, elsewhere, g.ID[:33] + "mov", g.ID[:33] + "mp3"}
	for _, digits := range flips(g.ID[:32]) {
		ids = append(ids, digits+".mp4")
	}
	for i := range 100 {
		ids = append(ids, fmt.Sprintf("%012x7%03x8%015x.mp4", time.Now().UnixMilli(), i, i*i*i))
	}
	items, queued, keys := o.items(t), o.queued(t), o.keys(t)
	for _, id := range ids {
		checkUnknown(t, c, id)
	}
	if got := o.items(t); !maps.Equal(got, items) || o.queued(t) != queued || !slices.Equal(o.keys(t), keys) {
		t.Errorf("items %v, %d messages, keys %q, want %v, %d, %q as before", got, o.queued(t), o.keys(t), items, queued, keys)
	}
	if err := run.stop(); err != nil {
		t.Fatal(err)
	}
	all, err := grants(run.Data)
	if err != nil {
		t.Fatal(err)
	}
	for _, grant := range all {
		if strings.HasPrefix(grant.Role, "ManageRole") && grant.Used > 0 {
			t.Errorf("%s: used %d times, want 0", grant.name(), grant.Used)
		}
	}
}

// TestObjectsUnderIDsNobodyGranted puts an object past the API under an id that nobody granted, with everything else as a
// grant has it. It is rejected, and no route tells of it.
func TestObjectsUnderIDsNobodyGranted(t *testing.T) {
	requireLocal(t)
	c := addUser(t, "ungranted@example.com")
	o, g := server.operator(t), c.store(t, "a.txt", []byte("text"))
	c.await(t, g.ID, "ready")
	id := flips(g.ID[:32])[127] + ".txt"
	key := strings.ReplaceAll(g.Key, g.ID, id)
	o.put(t, key, "text/plain", o.object(t, g.Key).Metadata, []byte("text"))
	e := server.awaitEvent(t, id, "Upload Rejected")
	if reason := e.Detail.Upload["reason"]; reason != "unsigned" {
		t.Errorf("reason %v, want unsigned", reason)
	}
	if tag := o.tag(t, key); tag != "rejected" {
		t.Errorf("tag %q, want rejected", tag)
	}
	checkUnknown(t, c, id)
	if diff := cmp.Diff(idsOf(c.list(t, "")), []string{g.ID}); diff != "" {
		t.Errorf("list (-got +want):\n%s", diff)
	}
	if a := c.do(t, http.MethodGet, "uploads?status=rejected"); strings.Contains(string(a.body), id) {
		t.Errorf("the list of what is rejected tells of it: %s", a.body)
	}
}
