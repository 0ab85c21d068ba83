package s3_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"

	"postern/internal/sign"
	local "postern/local/s3"
	"postern/local/stacktest"
)

// create begins a multipart upload of the key as presign's clients do, and returns its id.
func (r s3Run) create(t *testing.T, key string) string {
	t.Helper()
	out, err := r.client.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{
		Bucket: aws.String(bucket), Key: &key, Tagging: aws.String("status=pending"), ContentType: aws.String("video/mp4"),
		ChecksumAlgorithm: types.ChecksumAlgorithmCrc64nvme, ChecksumType: types.ChecksumTypeFullObject,
	})
	if err != nil {
		t.Fatal(err)
	}
	return *out.UploadId
}

// part sends a part and returns it as a completion names it.
func (r s3Run) part(t *testing.T, key, uploadID string, number int32, content string) types.CompletedPart {
	t.Helper()
	out, err := r.client.UploadPart(t.Context(), &s3.UploadPartInput{
		Bucket: aws.String(bucket), Key: &key, UploadId: &uploadID, PartNumber: &number, Body: strings.NewReader(content),
		ChecksumAlgorithm: types.ChecksumAlgorithmCrc64nvme,
	})
	if err != nil {
		t.Fatal(err)
	}
	return types.CompletedPart{PartNumber: aws.Int32(number), ETag: out.ETag, ChecksumCRC64NVME: out.ChecksumCRC64NVME}
}

func (r s3Run) complete(ctx context.Context, key, uploadID string, parts ...types.CompletedPart) error {
	_, err := r.client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: aws.String(bucket), Key: &key, UploadId: &uploadID, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
	})
	return err
}

// TestCutBodies ends requests before their bodies: with a FIN, after which the client waits for an answer, and with a reset.
func TestCutBodies(t *testing.T) {
	r := startS3(t, t.TempDir())
	const length = 200_000
	uploadID := r.create(t, key)
	put, err := r.signer.PresignPut(sign.Put{Key: key, Size: length, Headers: map[string]string{"x-amz-tagging": "status=pending"}}, time.Now(), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	parts, err := r.signer.PresignParts(sign.OpenUpload{Key: key, UploadID: uploadID}, []sign.Part{{Number: 1, Size: length}}, time.Now(), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	body, boundary := encode(t, r.form(t), strings.Repeat("x", maxSize))
	requests := map[string]struct{ head, body string }{
		"PUT":  {head(t, put, "x-amz-tagging: status=pending\r\n", length), strings.Repeat("x", length)},
		"part": {head(t, parts[0], "", length), strings.Repeat("x", length)},
		"form": {fmt.Sprintf("POST /%s HTTP/1.1\r\nHost: %s\r\nContent-Type: multipart/form-data; boundary=%s\r\nContent-Length: %d\r\n\r\n",
			bucket, strings.TrimPrefix(r.URL, "http://"), boundary, len(body)), body},
	}
	for name, request := range requests {
		for at, sent := range map[string]int{"the beginning": 0, "the first byte": 1, "the middle": len(request.body) / 2, "the last byte but one": len(request.body) - 1} {
			answer := r.cut(t, request.head+request.body[:sent], false)
			// The server itself refuses, with 500, what ends in the first piece that it reads, and forms.
			early := name == "form" || sent < 2
			if incomplete := strings.Contains(answer, "<Code>IncompleteBody</Code>"); !early && !incomplete || early && !strings.Contains(answer, "<Error>") {
				t.Errorf("%s, ended after %s: got %q, want IncompleteBody", name, at, answer)
			}
		}
		r.cut(t, request.head+request.body[:len(request.body)/2], true)
	}
	// What is whole is stored: the refusals above are for what was cut.
	whole := requests["part"]
	if answer := r.cut(t, whole.head+whole.body, false); !strings.HasPrefix(answer, "HTTP/1.1 200") {
		t.Errorf("a whole part: got %.300q, want 200", answer)
	}
	list, err := r.client.ListParts(t.Context(), &s3.ListPartsInput{Bucket: aws.String(bucket), Key: aws.String(key), UploadId: &uploadID})
	if err != nil || len(list.Parts) != 1 || *list.Parts[0].Size != length {
		t.Errorf("parts: got %v, %v, want one of %d bytes", list, err, length)
	}
	if n := r.versions(t); n != 0 {
		t.Errorf("%d objects are stored, want none", n)
	}
	if files := r.leftovers(t); len(files) != 0 {
		t.Errorf("left over: %v", files)
	}
}

// TestCompletesWithoutSums names parts by number and ETag alone, as Uppy 6 does. S3 takes that, but for what it does not have.
func TestCompletesWithoutSums(t *testing.T) {
	r := startS3(t, t.TempDir())
	uploadID := r.create(t, key)
	first, second := r.part(t, key, uploadID, 1, strings.Repeat("x", 5<<20)), r.part(t, key, uploadID, 2, "the end")
	first.ChecksumCRC64NVME, second.ChecksumCRC64NVME = nil, nil
	unknown := types.CompletedPart{PartNumber: aws.Int32(3), ETag: second.ETag}
	if err := r.complete(t.Context(), key, uploadID, first, unknown); err == nil {
		t.Error("a part that was never sent: got no error")
	}
	if err := r.complete(t.Context(), key, uploadID, first, second); err != nil {
		t.Fatal(err)
	}
	object, err := r.client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String(bucket), Key: aws.String(key), ChecksumMode: types.ChecksumModeEnabled})
	if err != nil || *object.ContentLength != 5<<20+7 || object.ChecksumType != types.ChecksumTypeFullObject || aws.ToString(object.ChecksumCRC64NVME) == "" {
		t.Errorf("got %+v, %v, want the whole object with its checksum", object, err)
	}
}

// head returns the head of a signed PUT with a body of a length.
func head(t *testing.T, request sign.PresignedRequest, headers string, length int) string {
	t.Helper()
	address, err := url.Parse(request.URL)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("PUT %s HTTP/1.1\r\nHost: %s\r\n%sContent-Length: %d\r\n\r\n", address.RequestURI(), address.Host, headers, length)
}

// cut sends text on a connection of its own and ends it: by a reset, or by a FIN. Then it returns the answer.
func (r s3Run) cut(t *testing.T, text string, reset bool) string {
	t.Helper()
	connection, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(r.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	tcp := connection.(*net.TCPConn)
	if _, err := tcp.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if reset {
		_ = tcp.SetLinger(0)
		return ""
	}
	_ = tcp.CloseWrite()
	_ = tcp.SetReadDeadline(time.Now().Add(10 * time.Second))
	answer, _ := io.ReadAll(tcp)
	return string(answer)
}

// TestCompletedOnce completes uploads more than once, and uploads that are not the key's.
func TestCompletedOnce(t *testing.T) {
	r := startTold(t)
	other := strings.Replace(key, "018f", "0190", 1)
	first, aborted, others := r.create(t, key), r.create(t, key), r.create(t, other)
	part := r.part(t, key, first, 1, "a video")
	r.part(t, other, others, 1, "a video")
	if _, err := r.client.AbortMultipartUpload(t.Context(), &s3.AbortMultipartUploadInput{Bucket: aws.String(bucket), Key: aws.String(key), UploadId: &aborted}); err != nil {
		t.Fatal(err)
	}
	if err := r.complete(t.Context(), key, first, part); err != nil {
		t.Fatal(err)
	}
	if got := r.told(t); !strings.Contains(got, "ObjectCreated:CompleteMultipartUpload") {
		t.Errorf("told %s, want the completion", got)
	}
	madeUp := part
	madeUp.ETag = aws.String(`"d41d8cd98f00b204e9800998ecf8427e"`)
	for name, err := range map[string]error{
		"again":                    r.complete(t.Context(), key, first, part),
		"again, with another part": r.complete(t.Context(), key, first, madeUp),
		"an aborted one":           r.complete(t.Context(), key, aborted, part),
		"another key's":            r.complete(t.Context(), key, others, part),
		"one that never was":       r.complete(t.Context(), key, "0190c1e2-7a4b-4c7e-9f60-1b2c3d4e5f60", part),
	} {
		if code := stacktest.Code(err); code != "NoSuchUpload" {
			t.Errorf("%s: got %s, want NoSuchUpload", name, code)
		}
	}
	if n := r.versions(t); n != 1 {
		t.Errorf("%d versions, want one", n)
	}
	if got := r.told(t); got != "" {
		t.Errorf("told %s as well, want nothing", got)
	}
}

// TestCompletedAtOnce completes one upload several times at the same time.
func TestCompletedAtOnce(t *testing.T) {
	r := startS3(t, t.TempDir())
	for range 5 {
		key := fmt.Sprintf("videos/0123456789abcdef0123/%d.mp4", time.Now().UnixNano())
		uploadID := r.create(t, key)
		part := r.part(t, key, uploadID, 1, strings.Repeat("a video", 100_000))
		errs := make([]error, 4)
		var all sync.WaitGroup
		for i := range errs {
			all.Go(func() { errs[i] = r.complete(t.Context(), key, uploadID, part) })
		}
		all.Wait()
		won := 0
		for _, err := range errs {
			switch {
			case err == nil:
				won++
			case stacktest.Code(err) != "NoSuchUpload":
				t.Errorf("got %v, want NoSuchUpload", err)
			}
		}
		if won != 1 {
			t.Errorf("%d completions succeeded, want one", won)
		}
	}
	if n := r.versions(t); n != 5 {
		t.Errorf("%d versions, want 5", n)
	}
}

// openStore opens a store with a bucket, and begins a multipart upload there.
func openStore(t *testing.T, data string, copied func(object, part *os.File) error) (store backend.Backend, uploadID string) {
	t.Helper()
	store, err := local.OpenStoreForTest(data, copied)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(data, "s3", bucket), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := store.PutBucketVersioning(t.Context(), bucket, types.BucketVersioningStatusEnabled); err != nil {
		t.Fatal(err)
	}
	created, err := store.CreateMultipartUpload(t.Context(), s3response.CreateMultipartUploadInput{
		Bucket: aws.String(bucket), Key: aws.String(key), ChecksumAlgorithm: types.ChecksumAlgorithmCrc64nvme, ChecksumType: types.ChecksumTypeFullObject,
	})
	if err != nil {
		t.Fatal(err)
	}
	return store, created.UploadId
}

// uploadPart stores part 1.
func uploadPart(t *testing.T, store backend.Backend, uploadID string) types.CompletedPart {
	t.Helper()
	const content, number = "a part", int32(1)
	out, err := store.UploadPart(t.Context(), &s3.UploadPartInput{
		Bucket: aws.String(bucket), Key: aws.String(key), UploadId: &uploadID, PartNumber: aws.Int32(number),
		Body: strings.NewReader(content), ContentLength: aws.Int64(int64(len(content))),
	})
	if err != nil {
		t.Fatal(err)
	}
	return types.CompletedPart{PartNumber: aws.Int32(number), ETag: out.ETag, ChecksumCRC64NVME: out.ChecksumCRC64NVME}
}

func completeIn(ctx context.Context, store backend.Backend, uploadID string, parts []types.CompletedPart) (version string, err error) {
	_, version, err = store.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: aws.String(bucket), Key: aws.String(key), UploadId: &uploadID, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
		IfNoneMatch: aws.String("*"),
	})
	return version, err
}

// folderOf is where the server keeps the parts of the key's uploads.
func folderOf(data string) string {
	return filepath.Join(data, "s3", bucket, ".sgwtmp", "multipart", fmt.Sprintf("%x", sha256.Sum256([]byte(key))))
}

// TestTenThousandParts completes an upload of as many parts as there may be. They are one file, which has a hole, and are not
// copied.
func TestTenThousandParts(t *testing.T) {
	const parts, size = 10_000, 5 << 20
	data := t.TempDir()
	var copied int64
	store, uploadID := openStore(t, data, func(object, _ *os.File) error {
		copied += size
		return object.Truncate(copied)
	})
	completed := []types.CompletedPart{uploadPart(t, store, uploadID)}
	file := func(number int) string { return filepath.Join(folderOf(data), uploadID, fmt.Sprint(number)) }
	if err := os.Truncate(file(1), size); err != nil {
		t.Fatal(err)
	}
	for number := 2; number <= parts; number++ {
		part := completed[0]
		part.PartNumber = aws.Int32(int32(number))
		completed = append(completed, part)
		if err := os.Link(file(1), file(number)); err != nil {
			t.Fatal(err)
		}
	}
	listed, marker := 0, ""
	for page, more := 0, true; more; page++ {
		list, err := store.ListParts(t.Context(), &s3.ListPartsInput{
			Bucket: aws.String(bucket), Key: aws.String(key), UploadId: &uploadID, MaxParts: aws.Int32(1000), PartNumberMarker: &marker,
		})
		if err != nil || page > parts/1000 {
			t.Fatalf("page %d: %v", page, err)
		}
		listed, more, marker = listed+len(list.Parts), list.IsTruncated, fmt.Sprint(list.NextPartNumberMarker)
	}
	if listed != parts {
		t.Errorf("listed %d parts, want %d", listed, parts)
	}
	if version, err := completeIn(t.Context(), store, uploadID, completed); err != nil || version == "" {
		t.Fatalf("completing: got version %q, %v", version, err)
	}
	head, err := store.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String(bucket), Key: aws.String(key)})
	if err != nil || *head.ContentLength != parts*size || !strings.HasSuffix(*head.ETag, `-10000"`) {
		t.Errorf("got %+v, %v, want %d bytes of %d parts", head, err, parts*size, parts)
	}
}

// TestHostileUploadIDs names what is not a multipart upload of the key, by paths that lead to one and out of the store. None
// leads out of the test's folder: a store that follows them removes what they lead to.
func TestHostileUploadIDs(t *testing.T) {
	data := t.TempDir()
	store, uploadID := openStore(t, data, func(*os.File, *os.File) error { return nil })
	part := uploadPart(t, store, uploadID)
	outside := filepath.Join(data, "outside")
	if err := os.MkdirAll(filepath.Join(outside, "kept"), 0o700); err != nil {
		t.Fatal(err)
	}
	out, err := filepath.Rel(folderOf(data), outside)
	if err != nil {
		t.Fatal(err)
	}
	before := files(t, data)
	folder := filepath.Base(folderOf(data))
	for _, id := range []string{
		"", ".", "..", "/", "./" + uploadID, "../" + folder + "/" + uploadID, uploadID + "/", uploadID + "/.", uploadID + "/1", uploadID + "/../" + uploadID,
		"/" + uploadID, strings.ToUpper(uploadID), "{" + uploadID + "}", "urn:uuid:" + uploadID, strings.ReplaceAll(uploadID, "-", ""), uploadID + "\x00", uploadID + "\n",
		strings.Repeat("a", 4096), out, uploadID + "/../" + out, "0190c1e2-7a4b-4c7e-9f60-1b2c3d4e5f60",
	} {
		input := &s3.UploadPartInput{Bucket: aws.String(bucket), Key: aws.String(key), UploadId: &id, PartNumber: aws.Int32(1), Body: strings.NewReader("x"), ContentLength: aws.Int64(1)}
		_, errUpload := store.UploadPart(t.Context(), input)
		_, errList := store.ListParts(t.Context(), &s3.ListPartsInput{Bucket: input.Bucket, Key: input.Key, UploadId: &id, MaxParts: aws.Int32(1000)})
		_, errComplete := completeIn(t.Context(), store, id, []types.CompletedPart{part})
		errAbort := store.AbortMultipartUpload(t.Context(), &s3.AbortMultipartUploadInput{Bucket: input.Bucket, Key: input.Key, UploadId: &id})
		for operation, err := range map[string]error{"part": errUpload, "list": errList, "completion": errComplete, "abort": errAbort} {
			if refusal, ok := errors.AsType[s3err.S3Error](err); !ok || refusal.BaseError().Code != "NoSuchUpload" {
				t.Errorf("%s of %.80q: got %v, want NoSuchUpload", operation, id, err)
			}
		}
	}
	if diff := cmp.Diff(files(t, data), before); diff != "" {
		t.Errorf("files (-got +want):\n%s", diff)
	}
	if _, err := completeIn(t.Context(), store, uploadID, []types.CompletedPart{part}); err != nil {
		t.Errorf("the upload itself: %v", err)
	}
}

// files are all files below a folder.
func files(t *testing.T, folder string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(folder, func(path string, _ os.DirEntry, err error) error {
		all = append(all, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestCompletionThatWasCutShort ends a run in the middle of a completion.
func TestCompletionThatWasCutShort(t *testing.T) {
	data := t.TempDir()
	store, uploadID := openStore(t, data, nil)
	part := uploadPart(t, store, uploadID)
	open := filepath.Join(folderOf(data), uploadID)
	if err := os.Rename(open, open+".d41d8cd98f00b204e9800998ecf8427e-1.inprogress"); err != nil {
		t.Fatal(err)
	}
	store, _ = openStore(t, data, func(object, part *os.File) error {
		_, err := object.ReadFrom(part)
		return err
	})
	if version, err := completeIn(t.Context(), store, uploadID, []types.CompletedPart{part}); err != nil || version == "" {
		t.Errorf("completing in the next run: got version %q, %v", version, err)
	}
}
