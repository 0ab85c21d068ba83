package client_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postern/api"
	"postern/client"
)

const content = "the bytes of a video"

// A bucket hands out a file and loses the connection after some of its bytes.
type bucket struct {
	file  string
	cuts  []int // how many bytes each request gets; the ones after them get all
	wrong func(w http.ResponseWriter)

	ranges, conditions []string
}

func (b *bucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/api/uploads/"+idA+"/download" {
		_, _ = fmt.Fprintf(w, `{"url":"http://%s/key?X-Amz-Signature=%s"}`, r.Host, signature)
		return
	}
	b.ranges = append(b.ranges, r.Header.Get("Range"))
	b.conditions = append(b.conditions, r.Header.Get("If-Match"))
	if b.wrong != nil && len(b.ranges) > 1 {
		b.wrong(w)
		return
	}
	from := 0
	if value := r.Header.Get("Range"); value != "" {
		_, _ = fmt.Sscanf(value, "bytes=%d-", &from)
	}
	w.Header().Set("ETag", `"etag"`)
	w.Header().Set("Content-Length", fmt.Sprint(len(b.file)-from))
	if from > 0 {
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(b.file)-1, len(b.file)))
		w.WriteHeader(http.StatusPartialContent)
	}
	if n := len(b.ranges) - 1; n < len(b.cuts) {
		_, _ = io.WriteString(w, b.file[from:from+b.cuts[n]])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	_, _ = io.WriteString(w, b.file[from:])
}

// download reads an upload with the content, and its checksum, from a bucket.
func download(t *testing.T, b *bucket) (string, error) {
	t.Helper()
	client.RecordPauses(t)
	c, err := client.New(serve(t, b)+"/api", nil)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte(content))
	d, err := c.Download(t.Context(), api.Upload{
		ID: idA, Size: int64(len(content)), Checksum: base64.StdEncoding.EncodeToString(digest[:]),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	got, err := io.ReadAll(d)
	return string(got), err
}

func TestDownloadResumes(t *testing.T) {
	for _, test := range []struct {
		cuts []int
		want []string // ranges
	}{
		{nil, []string{""}},
		{[]int{7}, []string{"", "bytes=7-"}},
		{[]int{0, 5, 0, 0, 1, 0, 0, 3}, []string{"", "", "bytes=5-", "bytes=5-", "bytes=5-", "bytes=6-", "bytes=6-", "bytes=6-", "bytes=9-"}},
	} {
		b := &bucket{file: content, cuts: test.cuts}
		if got, err := download(t, b); got != content || err != nil {
			t.Errorf("%v: got %q, %v", test.cuts, got, err)
		}
		if diff := cmp.Diff(b.ranges, test.want); diff != "" {
			t.Errorf("%v: ranges (-got +want)\n%s", test.cuts, diff)
		}
		for i, condition := range b.conditions {
			if want := map[bool]string{true: `"etag"`}[i > 0]; condition != want {
				t.Errorf("request %d: got If-Match %q, want %q", i, condition, want)
			}
		}
	}
}

func TestDownloadFails(t *testing.T) {
	fault := func(status int) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) { says(status, fmt.Sprintf(s3Fault, "Code"))(w, nil) }
	}
	for _, test := range []struct {
		name   string
		bucket bucket
		want   string
	}{
		{"changed", bucket{file: strings.ToUpper(content)}, "its SHA-256 is "},
		{"shorter", bucket{file: content[1:]}, "it ended after 19 of 20 bytes: try again"},
		{"longer", bucket{file: content + "x"}, "it has more than the upload's 20 bytes"},
		{"never again", bucket{file: content, cuts: []int{7, 0, 0, 0, 0}}, "it ended after 7 of 20 bytes: try again"},
		{"changed meanwhile", bucket{file: content, cuts: []int{7}, wrong: fault(412)}, "it ended after 7 of 20 bytes: S3 answers 412 Precondition Failed: Code: Access Denied"},
		{"from the beginning", bucket{file: content, cuts: []int{7}, wrong: fault(200)}, "it ended after 7 of 20 bytes: S3 answers 200 OK"},
		{"another range", bucket{file: content, cuts: []int{7}, wrong: func(w http.ResponseWriter) {
			w.Header().Set("Content-Range", "bytes 70-80/100")
			w.WriteHeader(http.StatusPartialContent)
		}}, "it ended after 7 of 20 bytes: S3 answers 206 Partial Content"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := download(t, &test.bucket)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			secretless(t, err)
		})
	}
}
