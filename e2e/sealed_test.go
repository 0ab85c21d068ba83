package e2e_test

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// TestObjectsShowNothing lists 1,000 uploads' objects with the operator's rights. Not one shows its name, its title or its
// owner's quota, as it is or encoded, nor does a download.
func TestObjectsShowNothing(t *testing.T) {
	requireLocal(t)
	const quota = "987654321987"
	run := serve(t, assembly)
	o := run.operator(t)
	run.postern(t, servicePassword+"\n", "user", "add", serviceMail, "--quota", quota)
	c := newClient(run.API, serviceMail+":"+servicePassword)
	const name, title = "planted-name", "planted-title"
	var first grant
	for i := range 1000 {
		via := []string{"form", "put"}[i%2]
		g := c.grant(t, map[string]any{"filename": fmt.Sprintf("%s-%d.txt", name, i), "size": 4, "title": fmt.Sprintf("%s-%d", title, i), "via": via})
		if err := sender.Send(t.Context(), g.UploadGrant, bytes.NewReader([]byte("text")), 4); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			// Its inspection does not wait for those of the others.
			first = g
			c.await(t, first.ID, "ready")
		}
	}
	keys := o.keys(t)
	if len(keys) != 1000 {
		t.Fatalf("%d keys, want 1000", len(keys))
	}
	for _, key := range keys {
		head, err := o.objects.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String(o.outputs["BucketName"]), Key: &key})
		if err != nil {
			t.Fatal(err)
		}
		if shown := fmt.Sprint(key, " ", head.Metadata, aws.ToString(head.ContentDisposition)); len(head.Metadata) != 1 || tells(shown, name, title, quota) {
			t.Errorf("the object shows %s", shown)
		}
	}
	got := fetch(t, decoded[struct{ URL string }](t, c.do(t, http.MethodGet, "uploads/"+first.ID+"/download")).URL)
	got.header.Del("Content-Disposition") // the file's name, from the record
	if shown := fmt.Sprint(got.header); got.status != http.StatusOK || tells(shown, name, title, quota) {
		t.Errorf("the download %d shows %s", got.status, shown)
	}
}

// tells reports whether a text holds one of some words, as it is or encoded.
func tells(text string, words ...string) bool {
	return slices.ContainsFunc(words, func(word string) bool {
		return reveals(strings.ToLower(text), strings.ToLower(word)) || reveals(text, word)
	})
}
