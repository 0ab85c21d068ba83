package e2e_test

import (
	"cmp"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// sealedUploads is how many uploads TestObjectsShowNothing looks at: 300, or as many hundreds as SEALED_UPLOADS says.
func sealedUploads(t *testing.T) int {
	t.Helper()
	text := cmp.Or(os.Getenv("SEALED_UPLOADS"), "300")
	count, err := strconv.Atoi(text)
	if err != nil || count < 100 || count%100 != 0 {
		t.Fatalf("SEALED_UPLOADS is %q: must be a multiple of 100", text)
	}
	return count
}

// TestObjectsShowNothing reads many uploads' objects with the operator's rights. Not one shows its name, its title or its
// owner's quotas, as they are or encoded, nor does a download.
func TestObjectsShowNothing(t *testing.T) {
	requireLocal(t)
	t.Parallel()
	const quota, fileQuota = "987654321987", "987654321"
	run := serve(t, assembly)
	o := run.operator(t)
	run.postern(t, servicePassword+"\n", "user", "add", serviceMail, "--quota", quota, "--file-quota", fileQuota)
	c := newClient(run.API, serviceMail+":"+servicePassword)
	const name, title = "planted-name", "planted-title"
	count := sealedUploads(t)
	var first string
	for n := 0; n < count; n += 100 {
		var files []map[string]any
		for i := n; i < n+100; i++ {
			files = append(files, map[string]any{
				"filename": fmt.Sprintf("%s-%d.txt", name, i), "size": 4, "title": fmt.Sprintf("%s-%d", title, i), "via": []string{"form", "put"}[i%2],
			})
		}
		grants := decoded[struct{ Uploads []grant }](t, c.postJSON(t, "uploads", map[string]any{"uploads": files})).Uploads
		if len(grants) != 100 {
			t.Fatalf("%d grants, want 100", len(grants))
		}
		if n == 0 { // its inspection does not wait for those of the others
			first = grants[0].ID
			sendText(t, grants[0])
			c.await(t, first, "ready")
			grants = grants[1:]
		}
		var sending sync.WaitGroup
		for some := range slices.Chunk(grants, 25) {
			sending.Go(func() {
				for _, g := range some {
					sendText(t, g)
				}
			})
		}
		sending.Wait()
	}
	keys := o.keys(t)
	if len(keys) != count {
		t.Fatalf("%d keys, want %d", len(keys), count)
	}
	for _, key := range keys {
		head, err := o.objects.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String(o.outputs["BucketName"]), Key: &key})
		if err != nil {
			t.Fatal(err)
		}
		shown := fmt.Sprint(key, " ", head.Metadata, aws.ToString(head.ContentDisposition))
		if len(head.Metadata) != 1 || tells(shown, name, title, quota, fileQuota) {
			t.Errorf("the object shows %s", shown)
		}
	}
	got := fetch(t, decoded[struct{ URL string }](t, c.do(t, http.MethodGet, "uploads/"+first+"/download")).URL)
	got.header.Del("Content-Disposition") // the file's name, from the record
	if shown := fmt.Sprint(got.header); got.status != http.StatusOK || tells(shown, name, title, quota, fileQuota) {
		t.Errorf("the download %d shows %s", got.status, shown)
	}
}

func sendText(t *testing.T, g grant) {
	t.Helper()
	if err := sender.Send(t.Context(), g.UploadGrant, strings.NewReader("text"), 4); err != nil {
		t.Error(err)
	}
}

// tells reports whether a text holds one of some words, as it is or encoded.
func tells(text string, words ...string) bool {
	return slices.ContainsFunc(words, func(word string) bool {
		return reveals(strings.ToLower(text), strings.ToLower(word)) || reveals(text, word)
	})
}
