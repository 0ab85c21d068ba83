package s3

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
	"github.com/versity/versitygw/s3api/middlewares"
	"github.com/versity/versitygw/s3api/utils"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"
)

// A store is a backend.Backend that holds the objects on the disk. It locks the keys: the server finds a version first and
// then works on the file of that name. By then the file may be another version's, and a tag would go to an upload that has
// just arrived.
type store struct {
	*posix.Posix

	locks [64]sync.RWMutex // by hash of the key
	ends  [64]sync.Mutex   // by hash of a multipart upload's id
	seed  maphash.Seed

	arrivals arrivals

	// copy appends a part to an object.
	copy func(object, part *os.File) error
}

func (s *store) lock(key *string) *sync.RWMutex {
	return &s.locks[maphash.String(s.seed, aws.ToString(key))%uint64(len(s.locks))]
}

// reading locks a key against writes until the returned function is called.
func (s *store) reading(key *string) (done func()) {
	lock := s.lock(key)
	lock.RLock()
	return lock.RUnlock
}

// writing locks a key against all others until the returned function is called.
func (s *store) writing(key *string) (done func()) {
	lock := s.lock(key)
	lock.Lock()
	return lock.Unlock
}

// PutObject implements backend.Backend. Of a form, the object is the file alone. Other bodies must be whole.
func (s *store) PutObject(ctx context.Context, input s3response.PutObjectInput) (s3response.PutObjectOutput, error) {
	form, isForm := ctx.Value(string(utils.ContextKeyObjectPostResult)).(middlewares.PostObjectResult)
	if boundary, _ := ctx.Value(boundaryKey{}).(string); isForm && input.Body != nil {
		file, err := fileOf(form, boundary, input)
		if err != nil {
			return s3response.PutObjectOutput{}, err
		}
		input.Body = file
	} else {
		input.Body = whole(input.Body, input.ContentLength)
	}
	done := func() {}
	defer func() { done() }()
	// By then the bytes have arrived, however long they took.
	return s.PutObjectWithPostFunc(ctx, input, func(*os.File) error {
		done = s.writing(input.Key)
		return nil
	})
}

func (s *store) HeadObject(ctx context.Context, input *s3.HeadObjectInput) (*s3.HeadObjectOutput, error) {
	defer s.reading(input.Key)()
	return s.Posix.HeadObject(ctx, input)
}

// GetObject implements backend.Backend. The bytes are read later, from a file that stays the same.
func (s *store) GetObject(ctx context.Context, input *s3.GetObjectInput) (*s3.GetObjectOutput, error) {
	defer s.reading(input.Key)()
	return s.Posix.GetObject(ctx, input)
}

func (s *store) GetObjectTagging(ctx context.Context, bucket, key, version string) (map[string]string, error) {
	defer s.reading(&key)()
	return s.Posix.GetObjectTagging(ctx, bucket, key, version)
}

func (s *store) PutObjectTagging(ctx context.Context, bucket, key, version string, tags map[string]string) error {
	defer s.writing(&key)()
	return s.Posix.PutObjectTagging(ctx, bucket, key, version, tags)
}

// ListObjectVersions implements backend.Backend. In a list whose prefix is a key, each version of the key is once. A page
// continues after a marker that was deleted, where the server would skip the rest.
func (s *store) ListObjectVersions(ctx context.Context, input *s3.ListObjectVersionsInput) (s3response.ListVersionsResult, error) {
	defer s.reading(input.Prefix)()
	page := *input
	if aws.ToString(page.VersionIdMarker) != "" {
		marker := &s3.HeadObjectInput{Bucket: page.Bucket, Key: page.KeyMarker, VersionId: page.VersionIdMarker}
		if _, err := s.Posix.HeadObject(ctx, marker); isMissing(err) {
			page.VersionIdMarker = nil
		}
	}
	return s.Posix.ListObjectVersions(ctx, &page)
}

// DeleteObject implements backend.Backend. A missing version is not an error, as on S3.
func (s *store) DeleteObject(ctx context.Context, input *s3.DeleteObjectInput) (*s3.DeleteObjectOutput, error) {
	defer s.writing(input.Key)()
	if aws.ToString(input.VersionId) != "" {
		named := &s3.HeadObjectInput{Bucket: input.Bucket, Key: input.Key, VersionId: input.VersionId}
		if _, err := s.Posix.HeadObject(ctx, named); isMissing(err) {
			return &s3.DeleteObjectOutput{VersionId: input.VersionId}, nil
		}
	}
	return s.Posix.DeleteObject(ctx, input)
}

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

// isMissing reports whether an error says that there is no such version or key.
func isMissing(err error) bool {
	failure, ok := errors.AsType[s3err.S3Error](err)
	return ok && (failure.BaseError().Code == "NoSuchVersion" || failure.BaseError().Code == "NoSuchKey")
}
