package services

import (
	"context"
	"errors"
	"hash/maphash"
	"os"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"
)

// A store is the disk's objects, behind the checks of a form's file that the S3 server leaves out. It keeps the versions
// of a key apart: the server finds a version first and then works on the file of its name, which by then may be another
// version's, so that a tag would go to an upload that has just come.
type store struct {
	*posix.Posix

	locks [64]sync.RWMutex // by hash of the key
	seed  maphash.Seed
}

func newStore(objects *posix.Posix) *store {
	return &store{Posix: objects, seed: maphash.MakeSeed()}
}

func (s *store) lock(key *string) *sync.RWMutex {
	return &s.locks[maphash.String(s.seed, aws.ToString(key))%uint64(len(s.locks))]
}

// PutObject stores an object. The file of a form is refused when anything follows it: the server takes further fields
// for a part of the file, and counts what follows the form as its bytes, so that an empty file is not seen to be empty.
// S3 ignores both.
func (s *store) PutObject(ctx context.Context, input s3response.PutObjectInput) (s3response.PutObjectOutput, error) {
	if boundary, ok := ctx.Value(boundaryKey{}).(string); ok && input.Body != nil && input.ContentLength != nil {
		input.Body = &formFile{file: input.Body, end: []byte("\r\n--" + boundary), left: *input.ContentLength}
	}
	lock, locked := s.lock(input.Key), false
	defer func() {
		if locked {
			lock.Unlock()
		}
	}()
	// The bytes have come by then, however long they took.
	return s.PutObjectWithPostFunc(ctx, input, func(*os.File) error {
		lock.Lock()
		locked = true
		return nil
	})
}

// CompleteMultipartUpload stores the object that the parts make.
func (s *store) CompleteMultipartUpload(ctx context.Context, input *s3.CompleteMultipartUploadInput) (s3response.CompleteMultipartUploadResult, string, error) {
	lock := s.lock(input.Key)
	lock.Lock()
	defer lock.Unlock()
	return s.Posix.CompleteMultipartUpload(ctx, input)
}

// CopyObject stores a copy.
func (s *store) CopyObject(ctx context.Context, input s3response.CopyObjectInput) (s3response.CopyObjectOutput, error) {
	lock := s.lock(input.Key)
	lock.Lock()
	defer lock.Unlock()
	return s.Posix.CopyObject(ctx, input)
}

// HeadObject reads the head of an object.
func (s *store) HeadObject(ctx context.Context, input *s3.HeadObjectInput) (*s3.HeadObjectOutput, error) {
	lock := s.lock(input.Key)
	lock.RLock()
	defer lock.RUnlock()
	return s.Posix.HeadObject(ctx, input)
}

// GetObject opens an object. Its bytes are read later, from a file that stays the same.
func (s *store) GetObject(ctx context.Context, input *s3.GetObjectInput) (*s3.GetObjectOutput, error) {
	lock := s.lock(input.Key)
	lock.RLock()
	defer lock.RUnlock()
	return s.Posix.GetObject(ctx, input)
}

// GetObjectTagging reads the tags of an object.
func (s *store) GetObjectTagging(ctx context.Context, bucket, key, version string) (map[string]string, error) {
	lock := s.lock(&key)
	lock.RLock()
	defer lock.RUnlock()
	return s.Posix.GetObjectTagging(ctx, bucket, key, version)
}

// PutObjectTagging sets the tags of an object.
func (s *store) PutObjectTagging(ctx context.Context, bucket, key, version string, tags map[string]string) error {
	lock := s.lock(&key)
	lock.Lock()
	defer lock.Unlock()
	return s.Posix.PutObjectTagging(ctx, bucket, key, version, tags)
}

// DeleteObjectTagging removes the tags of an object.
func (s *store) DeleteObjectTagging(ctx context.Context, bucket, key, version string) error {
	lock := s.lock(&key)
	lock.Lock()
	defer lock.Unlock()
	return s.Posix.DeleteObjectTagging(ctx, bucket, key, version)
}

// ListObjectVersions lists versions. A list of one key, which is its prefix, has each of them once. A page goes on after a
// marker that was deleted, where the server would skip all that follows.
func (s *store) ListObjectVersions(ctx context.Context, input *s3.ListObjectVersionsInput) (s3response.ListVersionsResult, error) {
	lock := s.lock(input.Prefix)
	lock.RLock()
	defer lock.RUnlock()
	page := *input
	if aws.ToString(page.VersionIdMarker) != "" {
		marker := &s3.HeadObjectInput{Bucket: page.Bucket, Key: page.KeyMarker, VersionId: page.VersionIdMarker}
		if _, err := s.Posix.HeadObject(ctx, marker); isMissing(err) {
			page.VersionIdMarker = nil
		}
	}
	return s.Posix.ListObjectVersions(ctx, &page)
}

// DeleteObject deletes an object or a version of it. One that is not there is no error, as to S3.
func (s *store) DeleteObject(ctx context.Context, input *s3.DeleteObjectInput) (*s3.DeleteObjectOutput, error) {
	lock := s.lock(input.Key)
	lock.Lock()
	defer lock.Unlock()
	if aws.ToString(input.VersionId) != "" {
		named := &s3.HeadObjectInput{Bucket: input.Bucket, Key: input.Key, VersionId: input.VersionId}
		if _, err := s.Posix.HeadObject(ctx, named); isMissing(err) {
			return &s3.DeleteObjectOutput{VersionId: input.VersionId}, nil
		}
	}
	return s.Posix.DeleteObject(ctx, input)
}

// DeleteObjects deletes one after another.
func (s *store) DeleteObjects(ctx context.Context, input *s3.DeleteObjectsInput) (s3response.DeleteResult, error) {
	var result s3response.DeleteResult
	for _, object := range input.Delete.Objects {
		out, err := s.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: input.Bucket, Key: object.Key, VersionId: object.VersionId})
		if err != nil {
			result.Error = append(result.Error, s3err.ObjectDeleteError(object.Key, object.VersionId, err))
			continue
		}
		deleted := types.DeletedObject{Key: object.Key, VersionId: object.VersionId, DeleteMarker: out.DeleteMarker}
		if aws.ToBool(out.DeleteMarker) {
			deleted.DeleteMarkerVersionId = out.VersionId
		}
		result.Deleted = append(result.Deleted, deleted)
	}
	return result, nil
}

// isMissing reports whether there is no such version, or no such key.
func isMissing(err error) bool {
	failure, ok := errors.AsType[s3err.S3Error](err)
	return ok && (failure.BaseError().Code == "NoSuchVersion" || failure.BaseError().Code == "NoSuchKey")
}
