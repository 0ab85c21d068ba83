package objects_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"postern/internal/cfn"
	"postern/internal/lifecycle"
	"postern/internal/objects"
	"postern/internal/upload"
	"postern/local/iam"
	local "postern/local/s3"
)

var _ lifecycle.Objects = (*objects.Bucket)(nil)

const (
	region  = "eu-west-1"
	name    = "postern-test-uploads"
	nameARN = "arn:aws:s3:::" + name
	key     = "videos/0123456789abcdef0123/0198c0de00007000800000000000cafe.mp4"
)

// A server is a running S3 server with a bucket in it.
type server struct {
	*objects.Bucket            // as the role of the package comment has it
	operator        *s3.Client // may do anything
	data            string     // the folder of the objects' bytes
	url             string
	credentials     iam.Credentials // of the role
}

func start(t *testing.T) server {
	t.Helper()
	allow := func(resource string, actions ...string) cfn.Statement {
		return cfn.Statement{Effect: "Allow", Actions: actions, Resources: []string{resource}}
	}
	stack := &cfn.Stack{
		Region: region, AccountID: "123456789012",
		Roles: []cfn.Role{{LogicalID: "Role", Name: "role", Statements: []cfn.Statement{
			allow(nameARN+"/videos/*", "s3:GetObjectVersion", "s3:GetObjectVersionTagging", "s3:PutObjectVersionTagging", "s3:DeleteObjectVersion", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"),
			allow(nameARN, "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"),
		}}},
		Buckets: []cfn.Bucket{{LogicalID: "Uploads", Name: name, Versioned: true}},
	}
	issuer, data := iam.NewIssuer(rand.Reader), t.TempDir()
	credentials := map[string]iam.Credentials{}
	for _, role := range []string{"Role", iam.Operator} {
		issued, err := issuer.Issue(role)
		if err != nil {
			t.Fatal(err)
		}
		credentials[role] = issued
	}
	denied := &bytes.Buffer{}
	s3Server, err := local.Start(local.Config{
		Data: data, Stack: stack, Issuer: issuer, Policies: iam.NewPolicies(stack, denied), Operator: credentials[iam.Operator],
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s3Server.Close()
		if denied.Len() > 0 {
			t.Errorf("the role lacks a permission:\n%s", denied)
		}
	})
	return server{
		Bucket: objects.New(aws.Config{Region: region, BaseEndpoint: &s3Server.URL, Credentials: credentials["Role"].Provider()}, name),
		operator: s3.New(s3.Options{
			Region: region, BaseEndpoint: &s3Server.URL, UsePathStyle: true, Credentials: credentials[iam.Operator].Provider(),
		}),
		data: data, url: s3Server.URL, credentials: credentials["Role"],
	}
}

// put stores an object and returns its version.
func (s server) put(t *testing.T, key, body string, change ...func(*s3.PutObjectInput)) string {
	t.Helper()
	input := &s3.PutObjectInput{Bucket: aws.String(name), Key: &key, Body: strings.NewReader(body), Tagging: aws.String("status=pending")}
	for _, c := range change {
		c(input)
	}
	output, err := s.operator.PutObject(t.Context(), input)
	if err != nil {
		t.Fatal(err)
	}
	return *output.VersionId
}

// hide puts a delete marker on top of a key and returns its version.
func (s server) hide(t *testing.T, key string) string {
	t.Helper()
	output, err := s.operator.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String(name), Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	return *output.VersionId
}

// begin begins a multipart upload.
func (s server) begin(t *testing.T, key string) {
	t.Helper()
	_, err := s.operator.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: aws.String(name), Key: &key})
	if err != nil {
		t.Fatal(err)
	}
}

func TestOpen(t *testing.T) {
	s := start(t)
	hash := sha256.Sum256([]byte("a video"))
	checksum := base64.StdEncoding.EncodeToString(hash[:])
	first := s.put(t, key, "a video", func(in *s3.PutObjectInput) {
		in.ContentType, in.ChecksumSHA256, in.ContentEncoding = aws.String("video/mp4"), &checksum, aws.String("gzip")
		in.Metadata = map[string]string{"quota": "5000", "Filename": "aG9saWRheS5tcDQ"}
	})
	second := s.put(t, key, "")

	got, err := s.Open(t.Context(), key, first)
	if err != nil {
		t.Fatal(err)
	}
	content := read(t, got)
	want := upload.Object{
		Size: 7, Type: "video/mp4", Encoding: "gzip", Checksum: checksum, ChecksumAlgorithm: "SHA256",
		Metadata: map[string]string{"quota": "5000", "filename": "aG9saWRheS5tcDQ"},
	}
	ignored := cmpopts.IgnoreFields(upload.Object{}, "Content", "ETag")
	if diff := cmp.Diff(got, want, ignored); diff != "" {
		t.Errorf("object (-got +want):\n%s", diff)
	}
	if len(got.ETag) != 34 || got.ETag[0] != '"' {
		t.Errorf("got ETag %s, want 32 digits in quotes", got.ETag)
	}
	if content != "a video" {
		t.Errorf("got content %q", content)
	}

	empty, err := s.Open(t.Context(), key, second)
	if err != nil {
		t.Fatal(err)
	}
	if content := read(t, empty); content != "" || empty.Size != 0 || empty.Checksum != "AAAAAAAAAAA=" || empty.ChecksumAlgorithm != "CRC64NVME" {
		t.Errorf("the empty version: got %q, %+v", content, empty)
	}
}

func read(t *testing.T, object upload.Object) string {
	t.Helper()
	content, err := io.ReadAll(io.NewSectionReader(object.Content, 0, object.Size))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// TestOpenMultipart: the checksum of a multipart upload is one of its parts' checksums, unless it is of the whole.
func TestOpenMultipart(t *testing.T) {
	s := start(t)
	for _, test := range []struct {
		algorithm types.ChecksumAlgorithm
		kind      types.ChecksumType
		want      [2]string // algorithm and checksum
	}{
		{types.ChecksumAlgorithmSha256, types.ChecksumTypeComposite, [2]string{}},
		{types.ChecksumAlgorithmCrc64nvme, types.ChecksumTypeFullObject, [2]string{"CRC64NVME", "OrZGU/bXN2U="}},
	} {
		created, err := s.operator.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{
			Bucket: aws.String(name), Key: aws.String(key), ChecksumAlgorithm: test.algorithm, ChecksumType: test.kind,
		})
		if err != nil {
			t.Fatal(err)
		}
		part, err := s.operator.UploadPart(t.Context(), &s3.UploadPartInput{
			Bucket: aws.String(name), Key: aws.String(key), UploadId: created.UploadId, PartNumber: aws.Int32(1), Body: strings.NewReader("a video"),
			ChecksumAlgorithm: test.algorithm,
		})
		if err != nil {
			t.Fatal(err)
		}
		completed, err := s.operator.CompleteMultipartUpload(t.Context(), &s3.CompleteMultipartUploadInput{
			Bucket: aws.String(name), Key: aws.String(key), UploadId: created.UploadId, MultipartUpload: &types.CompletedMultipartUpload{
				Parts: []types.CompletedPart{{
					ETag: part.ETag, PartNumber: aws.Int32(1), ChecksumSHA256: part.ChecksumSHA256, ChecksumCRC64NVME: part.ChecksumCRC64NVME,
				}},
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Open(t.Context(), key, *completed.VersionId)
		if err != nil {
			t.Fatal(err)
		}
		if content := read(t, got); content != "a video" || [2]string{got.ChecksumAlgorithm, got.Checksum} != test.want {
			t.Errorf("%s: got %q and checksum %s %s, want %v", test.kind, content, got.ChecksumAlgorithm, got.Checksum, test.want)
		}
	}
}

// TestOpenLarge reads of 5 GiB, almost all of which is a hole in the disk, what may be read, and no more.
func TestOpenLarge(t *testing.T) {
	const size = 5 << 30
	s := start(t)
	version := s.put(t, key, "a video")
	file := filepath.Join(s.data, "s3", name, key)
	if err := os.Truncate(file, size); err != nil {
		t.Fatal(err)
	}
	got, err := s.Open(t.Context(), key, version)
	if err != nil {
		t.Fatal(err)
	}
	if got.Size != size {
		t.Fatalf("got %d bytes, want %d", got.Size, int64(size))
	}
	readAt := func(offset, length int64, want error) []byte {
		t.Helper()
		p := make([]byte, length)
		n, err := got.Content.ReadAt(p, offset)
		if !errors.Is(err, want) {
			t.Errorf("%d bytes at %d: got %v, want %v", length, offset, err, want)
		}
		return p[:n]
	}
	if p := readAt(0, 7, nil); string(p) != "a video" {
		t.Errorf("got %q", p)
	}
	for range 100 { // read once, kept from then on
		readAt(0, 16<<10, nil)
		readAt(1000, 1000, nil)
	}
	if p := readAt(size-10, 20, io.EOF); len(p) != 10 {
		t.Errorf("got %d bytes at the end, want 10", len(p))
	}
	readAt(size, 1, io.EOF)
	readAt(math.MaxInt64, 1, io.EOF)
	readAt(16<<10, 176<<10-9, upload.ErrBudget)
	readAt(16<<10, 176<<10-10, nil) // all the rest
	readAt(1<<30, 1, upload.ErrBudget)
	readAt(0, 16<<10, nil)
}

func TestContentAtNegativeOffset(t *testing.T) {
	s := start(t)
	got, err := s.Open(t.Context(), key, s.put(t, key, "a video"))
	if err != nil {
		t.Fatal(err)
	}
	if n, err := got.Content.ReadAt(make([]byte, 1), -1); n != 0 || err == nil || errors.Is(err, io.EOF) {
		t.Errorf("got %d, %v, want an error", n, err)
	}
}

func TestGone(t *testing.T) {
	s := start(t)
	other := s.put(t, key+"x", "another key")
	removed := s.put(t, key, "a video")
	marker := s.hide(t, key)
	kept := s.put(t, key, "a second")
	if err := s.Remove(t.Context(), key, removed); err != nil {
		t.Fatal(err)
	}
	missing := "videos/0123456789abcdef0123/0198c0de00007000800000000000beef.mp4"
	for _, test := range []struct{ name, key, version string }{
		{"removed version", key, removed},
		{"version of another key", key, other},
		{"delete marker", key, marker},
		{"key without versions", missing, removed},
		{"beginning of a key", key[:len(key)-1], kept},
	} {
		if _, err := s.Open(t.Context(), test.key, test.version); !errors.Is(err, upload.ErrGone) {
			t.Errorf("%s: Open: got %v, want %v", test.name, err, upload.ErrGone)
		}
		if err := s.Tag(t.Context(), test.key, test.version, upload.Ready); !errors.Is(err, upload.ErrGone) {
			t.Errorf("%s: Tag: got %v, want %v", test.name, err, upload.ErrGone)
		}
		if test.version == marker {
			continue
		}
		if err := s.Remove(t.Context(), test.key, test.version); err != nil {
			t.Errorf("%s: Remove: %v", test.name, err)
		}
	}
	if _, err := s.Open(t.Context(), key, kept); err != nil {
		t.Errorf("a version that is there: %v", err)
	}
}

// TestRemoveMany removes versions in bulk, a delete marker and missing ones among them. The others stay.
func TestRemoveMany(t *testing.T) {
	s := start(t)
	gone := s.put(t, key, "one")
	kept := s.put(t, key, "two")
	ids := []string{gone, s.put(t, key, "three"), s.hide(t, key), s.put(t, key, "four"), s.put(t, key+"x", "another key")}
	if err := s.Remove(t.Context(), key, gone); err != nil {
		t.Fatal(err)
	}
	if err := s.Remove(t.Context(), key, ids...); err != nil {
		t.Errorf("Remove: %v", err)
	}
	if err := s.Remove(t.Context(), key); err != nil {
		t.Errorf("Remove of nothing: %v", err)
	}
	left, err := s.Versions(t.Context(), key)
	if err != nil || len(left) != 1 || left[0].ID != kept {
		t.Errorf("left %+v, %v, want %s", left, err, kept)
	}
}

// TestRemoveInRequests: one request has at most 1,000 versions.
func TestRemoveInRequests(t *testing.T) {
	var sizes []int
	bucket := bucketAt(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		sizes = append(sizes, strings.Count(string(body), "<VersionId>"))
		list(w, "DeleteResult", "")
	})
	ids := make([]string, 2001)
	for i := range ids {
		ids[i] = fmt.Sprint("v", i)
	}
	if err := bucket.Remove(t.Context(), key, ids...); err != nil || !slices.Equal(sizes, []int{1000, 1000, 1}) {
		t.Errorf("requests of %v versions, %v, want 1,000, 1,000 and 1", sizes, err)
	}
}

// TestGoneWhileReading: the version was there when it was opened.
func TestGoneWhileReading(t *testing.T) {
	s := start(t)
	version := s.put(t, key, "a video")
	got, err := s.Open(t.Context(), key, version)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Remove(t.Context(), key, version); err != nil {
		t.Fatal(err)
	}
	if _, err := got.Content.ReadAt(make([]byte, 7), 0); !errors.Is(err, upload.ErrGone) {
		t.Errorf("got %v, want %v", err, upload.ErrGone)
	}
}

// TestNoVersion: without a version, S3 would take the newest, or put a delete marker on it.
func TestNoVersion(t *testing.T) {
	s := start(t)
	s.put(t, key, "a video")
	before := versions(t, s)
	if _, err := s.Open(t.Context(), key, ""); err == nil {
		t.Error("Open: got no error")
	}
	if err := s.Tag(t.Context(), key, "", upload.Ready); err == nil {
		t.Error("Tag: got no error")
	}
	if err := s.Remove(t.Context(), key, ""); err == nil {
		t.Error("Remove: got no error")
	}
	if diff := cmp.Diff(versions(t, s), before); diff != "" {
		t.Errorf("versions changed (-got +before):\n%s", diff)
	}
}

// tags returns the tags of a version of key.
func (s server) tags(t *testing.T, version string) map[string]string {
	t.Helper()
	output, err := s.operator.GetObjectTagging(t.Context(), &s3.GetObjectTaggingInput{Bucket: aws.String(name), Key: aws.String(key), VersionId: &version})
	if err != nil {
		t.Fatal(err)
	}
	tags := map[string]string{}
	for _, tag := range output.TagSet {
		tags[*tag.Key] = *tag.Value
	}
	return tags
}

func TestTag(t *testing.T) {
	s := start(t)
	tagged := s.put(t, key, "a video", func(in *s3.PutObjectInput) { in.Tagging = aws.String("status=pending&other=1") })
	untouched := s.put(t, key, "a second")
	for _, status := range []upload.Status{upload.Rejected, upload.Ready} {
		if err := s.Tag(t.Context(), key, tagged, status); err != nil {
			t.Fatal(err)
		}
		for version, want := range map[string]map[string]string{tagged: {"status": string(status), "other": "1"}, untouched: {"status": "pending"}} {
			if diff := cmp.Diff(s.tags(t, version), want); diff != "" {
				t.Errorf("tags (-got +want):\n%s", diff)
			}
		}
	}
}

// TestTagOfFullSet: S3 refuses an eleventh tag, so another one gives way.
func TestTagOfFullSet(t *testing.T) {
	s := start(t)
	version := s.put(t, key, "a video")
	var full []types.Tag
	for i := range 10 {
		full = append(full, types.Tag{Key: aws.String(fmt.Sprint("other", i)), Value: aws.String("1")})
	}
	_, err := s.operator.PutObjectTagging(t.Context(), &s3.PutObjectTaggingInput{
		Bucket: aws.String(name), Key: aws.String(key), VersionId: &version, Tagging: &types.Tagging{TagSet: full},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Tag(t.Context(), key, version, upload.Ready); err != nil {
		t.Fatal(err)
	}
	if got := s.tags(t, version); len(got) != 10 || got["status"] != "ready" {
		t.Errorf("got %v, want status ready and nine others", got)
	}
}

func versions(t *testing.T, s server) []upload.Version {
	t.Helper()
	list, err := s.Versions(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestVersions(t *testing.T) {
	s := start(t)
	if got := versions(t, s); len(got) != 0 {
		t.Errorf("nothing is there: got %v", got)
	}
	s.put(t, key+"x", "a key that begins with it")
	want := []upload.Version{{ID: s.put(t, key, "a"), Size: 1}, {ID: s.put(t, key, "bb"), Size: 2}}
	if diff := cmp.Diff(versions(t, s), want, cmpopts.IgnoreFields(upload.Version{}, "Modified")); diff != "" {
		t.Errorf("versions (-got +want):\n%s", diff)
	}
	marker := s.hide(t, key)
	last := s.put(t, key, "ccc")
	sizes := map[string]int64{}
	for _, version := range versions(t, s) {
		if version.Modified.IsZero() || version.Marker != (version.ID == marker) {
			t.Errorf("got %+v", version)
		}
		sizes[version.ID] = version.Size
	}
	if diff := cmp.Diff(sizes, map[string]int64{want[0].ID: 1, want[1].ID: 2, marker: 0, last: 3}); diff != "" {
		t.Errorf("sizes (-got +want):\n%s", diff)
	}
	for id := range sizes {
		if err := s.Remove(t.Context(), key, id); err != nil {
			t.Error(err)
		}
	}
	if got := versions(t, s); len(got) != 0 {
		t.Errorf("all are removed: got %v", got)
	}
}

func TestUploads(t *testing.T) {
	s := start(t)
	open := func(key string) bool {
		t.Helper()
		open, err := s.OpenUploads(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		return len(open) > 0
	}
	longer := key + "x"
	if open(key) {
		t.Error("an upload is open before one has begun")
	}
	s.begin(t, longer)
	if open(key) {
		t.Error("an upload of a key that begins with it counts")
	}
	s.begin(t, key)
	s.begin(t, key)
	if !open(key) {
		t.Error("none is open after two have begun")
	}
	if err := s.AbortUploads(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	if open(key) {
		t.Error("one is open after they were aborted")
	}
	if !open(longer) {
		t.Error("the upload of another key was aborted")
	}
	if err := s.AbortUploads(t.Context(), key); err != nil {
		t.Errorf("nothing to abort: %v", err)
	}
}

// TestCancelled: a fault is none of the turns of events, and says why.
func TestCancelled(t *testing.T) {
	s := start(t)
	version := s.put(t, key, "a video")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Open(ctx, key, version); !errors.Is(err, context.Canceled) || errors.Is(err, upload.ErrGone) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

// TestOpenUploads tells of a key's open multipart uploads, the newest first, with the size of their first part.
func TestOpenUploads(t *testing.T) {
	s := start(t)
	var ids []string
	for range 12 {
		created, err := s.operator.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: aws.String(name), Key: aws.String(key)})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, *created.UploadId)
		for i, number := range map[int][]int32{6: {1}, 7: {2}, 8: {2, 1}}[len(ids)] {
			_, err := s.operator.UploadPart(t.Context(), &s3.UploadPartInput{
				Bucket: aws.String(name), Key: aws.String(key), UploadId: created.UploadId, PartNumber: &number,
				Body: strings.NewReader(strings.Repeat("x", 10*int(number)+i)),
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	s.begin(t, key+"x")
	open, err := s.OpenUploads(t.Context(), key)
	if err != nil || len(open) != 10 {
		t.Fatalf("got %v, %v, want 10", open, err)
	}
	sizes := map[string]int64{}
	for i, multipart := range open {
		if i > 0 && multipart.Begun.After(open[i-1].Begun) {
			t.Errorf("%v comes after %v", multipart, open[i-1])
		}
		if time.Since(multipart.Begun) > time.Minute || !slices.Contains(ids, multipart.ID) {
			t.Errorf("got %+v", multipart)
		}
		if multipart.PartSize != 0 {
			sizes[multipart.ID] = multipart.PartSize
		}
	}
	if diff := cmp.Diff(sizes, map[string]int64{ids[5]: 10, ids[7]: 11}); diff != "" {
		t.Errorf("sizes of first parts (-got +want):\n%s", diff)
	}
}
