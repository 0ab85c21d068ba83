package e2e_test

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// wipe deletes every item of a table with the given key, and returns what it had.
func (o operator) wipe(t *testing.T, table string, key ...string) []map[string]types.AttributeValue {
	t.Helper()
	scanned, err := o.tables.Scan(t.Context(), &dynamodb.ScanInput{TableName: &table})
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range scanned.Items {
		of := map[string]types.AttributeValue{}
		for _, name := range key {
			of[name] = item[name]
		}
		if _, err := o.tables.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: &table, Key: of}); err != nil {
			t.Fatal(err)
		}
	}
	return scanned.Items
}

// TestUploadsTableIsRebuilt loses the uploads table, as docs/operations.md has it. What the bucket has is recorded anew, with
// the name and the usage; what was described later comes back from a copy.
func TestUploadsTableIsRebuilt(t *testing.T) {
	requireLocal(t)
	t.Parallel()
	run := serve(t, assembly)
	o, c := run.operator(t), newClient(run.API, demoUser)
	var grants []grant
	for filename, file := range samples(t) {
		g := c.store(t, filename, file)
		c.await(t, g.ID, "ready")
		grants = append(grants, g)
	}
	if a := c.patch(t, grants[0].ID, map[string]any{"title": "Later"}); a.status != http.StatusOK {
		t.Fatalf("describing: got %d %s", a.status, a.body)
	}
	before := c.usage(t).Files
	described := o.item(t, grants[0].owner(), grants[0].ID)
	o.wipe(t, o.outputs["UploadsTableName"], "owner", "id")
	if got := c.list(t, ""); len(got.Uploads) != 0 {
		t.Fatalf("the table is not empty: %+v", got)
	}
	run.postern(t, "", "reconcile")
	for _, g := range grants {
		if r := c.await(t, g.ID, "ready"); r.Filename == "" || r.Title == "Later" {
			t.Errorf("%s: got %+v, want its name and not the later title", g.ID, r)
		}
	}
	if after := c.usage(t).Files; after != before {
		t.Errorf("usage: got %d files, want %d", after, before)
	}
	if _, err := o.tables.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(o.outputs["UploadsTableName"]), Item: described}); err != nil {
		t.Fatal(err)
	}
	if r := c.show(t, grants[0].ID); r.Title != "Later" || r.Status != "ready" {
		t.Errorf("with its item of before: got %+v", r)
	}
}

// startWithAFile starts a local run of its own, where the demo user keeps a file that is ready.
func startWithAFile(t *testing.T) (operator, client, grant) {
	t.Helper()
	run := serve(t, assembly)
	o, c := run.operator(t), newClient(run.API, demoUser)
	g := c.store(t, "a.txt", []byte("kept"))
	c.await(t, g.ID, "ready")
	return o, c, g
}

// TestUsersAreRestored loses the users table, and puts the rows of a copy back. Who had an owner has the same.
func TestUsersAreRestored(t *testing.T) {
	requireLocal(t)
	t.Parallel()
	o, c, g := startWithAFile(t)
	rows := o.wipe(t, o.outputs["UsersTableName"], "mail")
	for _, row := range rows {
		if _, err := o.tables.PutItem(t.Context(), &dynamodb.PutItemInput{
			TableName: aws.String(o.outputs["UsersTableName"]), Item: row, ConditionExpression: aws.String("attribute_not_exists(mail)"),
		}); err != nil {
			t.Fatal(err)
		}
	}
	if file, _ := c.download(t, g.ID); string(file) != "kept" {
		t.Errorf("got %q", file)
	}
}

// TestDeletedInTheConsole puts a delete marker on an object, as the console does. Its version stays, and is read by its id.
// Without the marker, everything is as before.
func TestDeletedInTheConsole(t *testing.T) {
	requireLocal(t)
	t.Parallel()
	o, c, g := startWithAFile(t)
	bucket := aws.String(o.outputs["BucketName"])
	marker, err := o.objects.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: bucket, Key: &g.Key})
	if err != nil || marker.VersionId == nil {
		t.Fatalf("got %+v, %v, want a marker", marker, err)
	}
	head := func() error {
		_, err := o.objects.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: bucket, Key: &g.Key})
		return err
	}
	if head() == nil {
		t.Error("the object is there in spite of its marker")
	}
	for _, step := range []string{"with the marker", "without it"} {
		if file, _ := c.download(t, g.ID); string(file) != "kept" {
			t.Errorf("%s: got %q", step, file)
		}
		if _, err := o.objects.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: bucket, Key: &g.Key, VersionId: marker.VersionId}); err != nil {
			t.Fatal(err)
		}
	}
	if err := head(); err != nil {
		t.Errorf("without the marker: %v", err)
	}
}

// TestAnotherOwnerKey: with another key, no upload of before can be found, and none is lost. With the old one they are back.
func TestAnotherOwnerKey(t *testing.T) {
	requireLocal(t)
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	start := func() *localRun {
		run, err := startLocal(assembly, data)
		if err != nil {
			t.Fatal(err)
		}
		return run
	}
	stop := func(run *localRun) {
		if err := run.stop(); err != nil {
			t.Fatal(err)
		}
	}
	run := start()
	g := newClient(run.API, demoUser).store(t, "a.txt", []byte("kept"))
	newClient(run.API, demoUser).await(t, g.ID, "ready")
	stop(run)
	secrets, err := filepath.Glob(filepath.Join(data, "secrets", "*OwnerKey*"))
	if err != nil || len(secrets) != 1 {
		t.Fatalf("got secrets %q, %v", secrets, err)
	}
	key, err := os.ReadFile(secrets[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		name   string
		key    []byte
		status int
	}{{"another key", bytes.Repeat([]byte("x"), len(key)), http.StatusNotFound}, {"the old key", key, http.StatusOK}} {
		if err := os.WriteFile(secrets[0], step.key, 0o600); err != nil {
			t.Fatal(err)
		}
		run := start()
		if a := newClient(run.API, demoUser).do(t, http.MethodGet, "uploads/"+g.ID); a.status != step.status {
			t.Errorf("with %s: got %d %s, want %d", step.name, a.status, a.body, step.status)
		}
		stop(run)
	}
}
