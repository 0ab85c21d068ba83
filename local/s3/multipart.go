package s3

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/s3api/middlewares"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"
)

// attributes keeps the metadata of objects in extended attributes, but for where the parts of an object begin: with more
// than about 430 parts, that is more than some file systems take. The server reads it for requests of single parts of an
// object, which nothing here makes.
type attributes struct{ meta.XattrMeta }

// StoreAttribute implements meta.MetadataStorer.
func (a attributes) StoreAttribute(f *os.File, bucket, object, attribute string, value []byte) error {
	if attribute == "mp-metadata" {
		return nil
	}
	return a.XattrMeta.StoreAttribute(f, bucket, object, attribute, value)
}

// uploadID is the form of the server's own ids of multipart uploads. It takes them for names of folders, and others would
// lead elsewhere.
var uploadID = regexp.MustCompile("^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")

// checkUploadID returns S3's NoSuchUpload for an id that the server cannot have given.
func checkUploadID(id *string) error {
	if !uploadID.MatchString(aws.ToString(id)) {
		return s3err.GetNoSuchUploadErr(aws.ToString(id))
	}
	return nil
}

func (s *store) ListParts(ctx context.Context, input *s3.ListPartsInput) (s3response.ListPartsResult, error) {
	if s.arrivals.hasEnded(aws.ToString(input.UploadId)) {
		return s3response.ListPartsResult{}, s3err.GetNoSuchUploadErr(aws.ToString(input.UploadId))
	}
	return do(ctx, checkUploadID(input.UploadId), s.Posix.ListParts, input)
}

// ending locks a multipart upload against being completed or aborted by others until the returned function is called.
func (s *store) ending(id *string) (done func()) {
	lock := &s.ends[maphash.String(s.seed, aws.ToString(id))%uint64(len(s.ends))]
	lock.Lock()
	return lock.Unlock
}

func (s *store) AbortMultipartUpload(ctx context.Context, input *s3.AbortMultipartUploadInput) error {
	if err := checkUploadID(input.UploadId); err != nil {
		return err
	}
	defer s.ending(input.UploadId)()
	err := s.Posix.AbortMultipartUpload(ctx, input)
	if err == nil {
		s.arrivals.end(aws.ToString(input.UploadId))
	}
	return err
}

// CompleteMultipartUpload implements backend.Backend. The upload must be open: the server takes any for completed as soon as
// the key has an object.
func (s *store) CompleteMultipartUpload(ctx context.Context, input *s3.CompleteMultipartUploadInput) (s3response.CompleteMultipartUploadResult, string, error) {
	defer s.ending(input.UploadId)()
	if err := s.checkOpen(ctx, input); err != nil {
		return s3response.CompleteMultipartUploadResult{}, "", err
	}
	input, err := s.withSums(ctx, input)
	if err != nil {
		return s3response.CompleteMultipartUploadResult{}, "", err
	}
	left := 0
	if input.MultipartUpload != nil {
		left = len(input.MultipartUpload.Parts)
	}
	done := func() {}
	defer func() { done() }()
	result, version, err := s.CompleteMultipartUploadWithCopy(ctx, input, func(part, object *os.File) (bool, error) {
		err := s.copy(object, part)
		// By the last part, most of the time has passed.
		if left--; left == 0 && err == nil {
			done = s.writing(input.Key)
		}
		return true, err
	})
	if err == nil {
		s.arrivals.end(aws.ToString(input.UploadId))
	}
	return result, version, err
}

// checkOpen returns S3's NoSuchUpload for a multipart upload that is not open.
func (s *store) checkOpen(ctx context.Context, input *s3.CompleteMultipartUploadInput) error {
	_, err := s.ListParts(ctx, &s3.ListPartsInput{
		Bucket: input.Bucket, Key: input.Key, UploadId: input.UploadId,
		MaxParts: aws.Int32(1), PartNumberMarker: aws.String(strconv.Itoa(maxParts)), // the parts do not matter
	})
	return err
}

// withSums returns a completion that has the stored checksum of each part that it names without one. The server wants all of
// them. S3 does not, if the object has a checksum of its whole content: https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
func (s *store) withSums(ctx context.Context, input *s3.CompleteMultipartUploadInput) (*s3.CompleteMultipartUploadInput, error) {
	if input.MultipartUpload == nil || !slices.ContainsFunc(input.MultipartUpload.Parts, func(p types.CompletedPart) bool { return p.ChecksumCRC64NVME == nil }) {
		return input, nil
	}
	stored, err := s.ListParts(ctx, &s3.ListPartsInput{Bucket: input.Bucket, Key: input.Key, UploadId: input.UploadId, MaxParts: aws.Int32(maxParts)})
	if err != nil || stored.ChecksumType != types.ChecksumTypeFullObject {
		return input, err
	}
	sums := make(map[int32]*string, len(stored.Parts))
	for _, part := range stored.Parts {
		sums[int32(part.PartNumber)] = part.ChecksumCRC64NVME
	}
	parts := slices.Clone(input.MultipartUpload.Parts)
	for i, part := range parts {
		if part.ChecksumCRC64NVME == nil {
			parts[i].ChecksumCRC64NVME = sums[aws.ToInt32(part.PartNumber)]
		}
	}
	completed := *input
	completed.MultipartUpload = &types.CompletedMultipartUpload{Parts: parts}
	return &completed, nil
}

func appendPart(object, part *os.File) error {
	_, err := io.Copy(object, part)
	return err
}

// reopenUploads opens the multipart uploads again whose completion was cut short by the end of a run.
func reopenUploads(objects string) error {
	folders, err := filepath.Glob(filepath.Join(objects, "*", posix.MetaTmpMultipartDir, "*", "*.inprogress"))
	if err != nil {
		return err
	}
	for _, folder := range folders {
		id, _, _ := strings.Cut(filepath.Base(folder), ".")
		if err := os.Rename(folder, filepath.Join(filepath.Dir(folder), id)); err != nil {
			return fmt.Errorf("opening a multipart upload again: %w", err)
		}
	}
	return nil
}

// whole returns a reader of a body that must have a length, in bytes: one that ends before is an error. The server would store
// what has come by then. A body in signed chunks tells its end itself, and is returned as it is.
func whole(body io.Reader, length *int64) io.Reader {
	if _, chunked := body.(middlewares.ChecksumReader); chunked || body == nil || length == nil {
		return body
	}
	return &wholeBody{body, *length}
}

type wholeBody struct {
	io.Reader

	missing int64 // bytes
}

// Read implements io.Reader.
func (b *wholeBody) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	b.missing -= int64(n)
	if b.missing > 0 && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)) {
		err = s3err.GetAPIError(s3err.ErrIncompleteBody)
	}
	return n, err
}
