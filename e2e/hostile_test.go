package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"postern/local/clip"
)

// postJSON posts a JSON body to a route.
func (c client) postJSON(t *testing.T, path string, body any) answer {
	t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return c.do(t, http.MethodPost, path, header("Content-Type", "application/json"), func(r *http.Request) {
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
	})
}

// grant asks for an upload.
func (c client) grant(t *testing.T, body map[string]any) grant {
	t.Helper()
	a := c.postJSON(t, "uploads", body)
	if a.status != http.StatusCreated {
		t.Fatalf("POST uploads %v: got %d %s, want 201", body, a.status, a.body)
	}
	var g grant
	if err := json.Unmarshal(a.body, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

// put sends the file of a PUT grant and returns the status and S3's error code.
func (g grant) put(t *testing.T, file []byte, edit ...func(*http.Request)) (status int, code string) {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPut, g.URL, bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range g.Headers {
		req.Header.Set(name, value)
	}
	for _, edit := range edit {
		edit(req)
	}
	a := send(t, req)
	var fault struct{ Code string }
	_ = xml.Unmarshal(a.body, &fault)
	return a.status, fault.Code
}

// A hostile is one alteration of what was signed.
type hostile[T any] struct {
	name string
	do   func(t *testing.T, signed T) (status int, code string)
}

// leastForms is how many attempts there are at least. A signature that covers less gives fewer.
const leastForms = 90

// TestEveryAlteredFormIsRefused alters each field that presign signs in each way, and adds other fields.
func TestEveryAlteredFormIsRefused(t *testing.T) {
	requireLocal(t)
	video := clip.MP4()
	sample := demo.grant(t, map[string]any{"filename": "intro.mp4", "size": len(video), "title": "Intro", "via": "form"})
	var attempts []hostile[form]
	add := func(name string, alter func(form)) {
		attempts = append(attempts, hostile[form]{name, func(t *testing.T, f form) (int, string) {
			alter(f)
			return f.post(t, video)
		}})
	}
	for _, name := range slices.Sorted(maps.Keys(sample.Fields)) {
		add(name+" altered", func(f form) { f.Fields[name] = alter(f.Fields[name]) })
		add(name+" emptied", func(f form) { f.Fields[name] = "" })
		add(name+" dropped", func(f form) { delete(f.Fields, name) })
		add(name+" with a space", func(f form) { f.Fields[name] += " " })
		attempts = append(attempts, hostile[form]{name + " doubled", func(t *testing.T, f form) (int, string) {
			return f.doubled(t, name, video)
		}})
	}
	for name, value := range forgeries(sample.Fields["x-amz-meta-postern"]) {
		add("metadata "+name, func(f form) { f.Fields["x-amz-meta-postern"] = value })
	}
	for _, name := range []string{"quota", "size", "filename", "title"} {
		add("metadata in clear, "+name, func(f form) { f.Fields["x-amz-meta-"+name] = "9000000000000000" })
	}
	for name, value := range map[string]string{
		"acl": "public-read", "cache-control": "public", "content-disposition": "inline", "content-encoding": "gzip",
		"expires": "0", "success_action_redirect": "https://example.com/", "success_action_status": "201",
		"x-amz-meta-owner": "other", "x-amz-storage-class": "GLACIER", "x-amz-server-side-encryption": "aws:kms",
		"x-amz-website-redirect-location": "https://example.com/", "x-amz-acl": "public-read",
		"x-amz-server-side-encryption-customer-algorithm": "AES256", "x-amz-object-lock-mode": "GOVERNANCE",
	} {
		add("extra "+name, func(f form) { f.Fields[name] = value })
	}
	for name, key := range map[string]string{
		"neighbour of the folder": "videos-evil/", "other folder": "images/", "no folder": "", "parent": "videos/../",
		"folder in other case": "Videos/", "folder with a slash before": "/videos/", "encoded": "videos%2F",
	} {
		add("key in "+name, func(f form) { f.Fields["key"] = key + strings.TrimPrefix(f.Key, "videos/") })
	}
	for _, size := range []int{0, 1, len(video) - 1, len(video) + 1, 2 * len(video)} {
		attempts = append(attempts, hostile[form]{fmt.Sprintf("%d bytes instead of %d", size, len(video)), func(t *testing.T, f form) (int, string) {
			return f.post(t, bytes.Repeat([]byte("x"), size))
		}})
	}
	refuseAll(t, leastForms, attempts, func() form {
		return demo.grant(t, map[string]any{"filename": "intro.mp4", "size": len(video), "title": "Intro", "via": "form"}).form()
	}, func(t *testing.T, f form) (int, string) { return f.post(t, video) })
}

// forgeries are a sealed field with one of its characters changed, a shorter and a longer one, and the field itself, which is
// another grant's. Of a request without the field there are none.
func forgeries(sealed string) map[string]string {
	if sealed == "" {
		return nil
	}
	all := map[string]string{"of another grant": sealed, "cut": sealed[:len(sealed)-4], "longer": sealed + "AAAA"}
	for at := 0; at < len(sealed); at += len(sealed) / 12 {
		all[fmt.Sprintf("changed at %d", at)] = sealed[:at] + alter(sealed[at:])
	}
	return all
}

// TestUnsignedHeadersDoNotRule sends headers with a signed PUT that no signature covers and that S3 keeps. The download has
// the headers that Postern signs for it all the same.
func TestUnsignedHeadersDoNotRule(t *testing.T) {
	text := []byte("text")
	signed := map[string]string{
		"Content-Type": "text/plain", "Content-Disposition": `attachment; filename="a.txt"`, "Cache-Control": "private, no-store",
		"Content-Language": "und", "Expires": "Thu, 01 Jan 1970 00:00:00 GMT",
	}
	for _, test := range []struct{ name, planted string }{
		{"Cache-Control", "public, max-age=31536000"},
		{"Content-Disposition", `inline; filename="evil.html"`},
		{"Content-Language", "tlh"},
		{"Expires", "Fri, 01 Jan 2100 00:00:00 GMT"},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := demo.grant(t, map[string]any{"filename": "a.txt", "size": len(text)})
			if status, code := g.put(t, text, header(test.name, test.planted)); status != http.StatusOK {
				t.Fatalf("PUT: got %d %s, want S3's 200", status, code)
			}
			demo.await(t, g.ID, "ready")
			a := demo.do(t, http.MethodGet, "uploads/"+g.ID+"/download")
			got := fetch(t, decoded[struct{ URL string }](t, a).URL)
			if got.status != http.StatusOK || !bytes.Equal(got.body, text) {
				t.Fatalf("download: got %d %s, want 200 with %s", got.status, got.body, text)
			}
			for name, want := range signed {
				if diff := cmp.Diff(got.header.Values(name), []string{want}); diff != "" {
					t.Errorf("%s of the download (-got +want):\n%s", name, diff)
				}
			}
			if strings.Contains(fmt.Sprint(got.header), test.planted) {
				t.Errorf("the download has what was planted: %v", got.header)
			}
		})
	}
}

// TestPutIsWriteOnce sends a PUT twice.
func TestPutIsWriteOnce(t *testing.T) {
	requireLocal(t)
	g := demo.grant(t, map[string]any{"filename": "a.txt", "size": 4})
	if status, code := g.put(t, []byte("good")); status != http.StatusOK {
		t.Fatalf("first: got %d %s, want 200", status, code)
	}
	if status, code := g.put(t, []byte("evil")); status != http.StatusPreconditionFailed {
		t.Errorf("second: got %d %s, want 412", status, code)
	}
	if got := server.operator(t).object(t, g.Key).Body; got != "good" {
		t.Errorf("stored: got %q, want the first content", got)
	}
}

// TestNobodyOverwrites writes to the bucket with credentials that may do all but what its policy denies to everyone.
func TestNobodyOverwrites(t *testing.T) {
	requireLocal(t)
	o := server.operator(t)
	g := demo.store(t, "a.txt", []byte("good"))
	bucket, key := aws.String(o.outputs["BucketName"]), &g.Key
	put := func(ifNoneMatch *string) error {
		_, err := o.objects.PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: key, Body: strings.NewReader("evil"), IfNoneMatch: ifNoneMatch})
		return err
	}
	created, err := o.objects.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: bucket, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	part, err := o.objects.UploadPart(t.Context(), &s3.UploadPartInput{
		Bucket: bucket, Key: key, UploadId: created.UploadId, PartNumber: aws.Int32(1), Body: strings.NewReader("evil"),
	})
	if err != nil {
		t.Fatalf("a part, of which no object comes: %v", err)
	}
	complete := func(ifNoneMatch *string) error {
		_, err := o.objects.CompleteMultipartUpload(t.Context(), &s3.CompleteMultipartUploadInput{
			Bucket: bucket, Key: key, UploadId: created.UploadId, IfNoneMatch: ifNoneMatch,
			MultipartUpload: &s3types.CompletedMultipartUpload{Parts: []s3types.CompletedPart{{PartNumber: aws.Int32(1), ETag: part.ETag, ChecksumCRC32: part.ChecksumCRC32}}},
		})
		return err
	}
	for _, test := range []struct {
		name string
		err  error
		want string
	}{
		{"put", put(nil), "AccessDenied"},
		{"put if there is none", put(aws.String("*")), "PreconditionFailed"},
		{"completion", complete(nil), "AccessDenied"},
		{"completion if there is none", complete(aws.String("*")), "PreconditionFailed"},
	} {
		refusal, ok := errors.AsType[smithy.APIError](test.err)
		if !ok || refusal.ErrorCode() != test.want {
			t.Errorf("%s: got %v, want %s", test.name, test.err, test.want)
		}
	}
	if got := o.object(t, g.Key).Body; got != "good" {
		t.Errorf("stored: got %q, want the first content", got)
	}
}

// TestChecksumIsEnforced sends other bytes than those whose checksum was signed.
func TestChecksumIsEnforced(t *testing.T) {
	for _, via := range []string{"form", "put"} {
		t.Run(via, func(t *testing.T) {
			body := map[string]any{
				"filename": "a.txt", "size": 4, "via": via,
				"checksum": "dw5gdiTWiSZcpsRIhNCAfZsFTSPEc8EGxyvp3gi3N2w=", // of "good"
			}
			if status, code := demo.grant(t, body).send(t, []byte("good")); status >= 300 {
				t.Errorf("signed content: got %d %s, want 2xx", status, code)
			}
			if status, code := demo.grant(t, body).send(t, []byte("evil")); status != http.StatusBadRequest {
				t.Errorf("other content: got %d %s, want 400", status, code)
			}
		})
	}
}

// refuseAll uses what was signed unaltered once, which must succeed. Then each attempt must be refused, and the bucket must
// stay as it is. There must be at least so many attempts.
func refuseAll[T any](t *testing.T, least int, attempts []hostile[T], signed func() T, send func(*testing.T, T) (int, string)) {
	t.Helper()
	if len(attempts) < least {
		t.Errorf("got %d attempts, want at least %d", len(attempts), least)
	}
	if status, code := send(t, signed()); status >= 300 {
		t.Fatalf("unaltered: got %d %s, want 2xx", status, code)
	}
	bucket := server.operator(t)
	before := bucket.keys(t)
	for _, attempt := range attempts {
		t.Run(attempt.name, func(t *testing.T) {
			if status, code := attempt.do(t, signed()); status < 400 || status > 499 {
				t.Errorf("got %d %s, want 4xx", status, code)
			}
		})
	}
	if diff := cmp.Diff(bucket.keys(t), before); diff != "" {
		t.Errorf("something was stored (-got +want):\n%s", diff)
	}
	t.Logf("%d attempts", len(attempts))
}

// doubled posts a file with a field twice, the second time with another value.
func (f form) doubled(t *testing.T, name string, file []byte) (status int, code string) {
	t.Helper()
	var fields []string
	for _, n := range slices.Sorted(maps.Keys(f.Fields)) {
		fields = append(fields, n, f.Fields[n])
	}
	fields = append(fields, name, alter(f.Fields[name]))
	return f.send(t, fields, bytes.NewReader(file), int64(len(file)), nil)
}

// alter changes one character of a value.
func alter(value string) string {
	if value == "" {
		return "x"
	}
	i := len(value) / 2
	c := byte('0')
	if value[i] == c {
		c = '1'
	}
	return value[:i] + string(c) + value[i+1:]
}
