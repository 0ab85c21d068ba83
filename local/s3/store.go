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

// A store holds the objects on the disk. It locks the keys: the server finds a version first and then works on the file of that name. By then the file may be another
// version's, and a tag would go to an upload that has just arrived.
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

// PutObject implements backend.Backend. Of a form, the object is the file alone.
func (s *store) PutObject(ctx context.Context, input s3response.PutObjectInput) (s3response.PutObjectOutput, error) {
	form, isForm := ctx.Value(string(utils.ContextKeyObjectPostResult)).(middlewares.PostObjectResult)
	if boundary, _ := ctx.Value(boundaryKey{}).(string); isForm && input.Body != nil {
		file, err := fileOf(form, boundary, input)
		if err != nil {
			return s3response.PutObjectOutput{}, err
		}
		input.Body = file
	}
	lock, locked := s.lock(input.Key), false
	defer func() {
		if locked {
			lock.Unlock()
		}
	}()
	// By then the bytes have arrived, however long they took.
	return s.PutObjectWithPostFunc(ctx, input, func(*os.File) error {
		lock.Lock()
		locked = true
		return nil
	})
}

// CompleteMultipartUpload implements backend.Backend.
func (s *store) CompleteMultipartUpload(ctx context.Context, input *s3.CompleteMultipartUploadInput) (s3response.CompleteMultipartUploadResult, string, error) {
	lock := s.lock(input.Key)
	lock.Lock()
	defer lock.Unlock()
	return s.Posix.CompleteMultipartUpload(ctx, input)
}

// HeadObject implements backend.Backend.
func (s *store) HeadObject(ctx context.Context, input *s3.HeadObjectInput) (*s3.HeadObjectOutput, error) {
	lock := s.lock(input.Key)
	lock.RLock()
	defer lock.RUnlock()
	return s.Posix.HeadObject(ctx, input)
}

// GetObject implements backend.Backend. The bytes are read later, from a file that stays the same.
func (s *store) GetObject(ctx context.Context, input *s3.GetObjectInput) (*s3.GetObjectOutput, error) {
	lock := s.lock(input.Key)
	lock.RLock()
	defer lock.RUnlock()
	return s.Posix.GetObject(ctx, input)
}

// GetObjectTagging implements backend.Backend.
func (s *store) GetObjectTagging(ctx context.Context, bucket, key, version string) (map[string]string, error) {
	lock := s.lock(&key)
	lock.RLock()
	defer lock.RUnlock()
	return s.Posix.GetObjectTagging(ctx, bucket, key, version)
}

// PutObjectTagging implements backend.Backend.
func (s *store) PutObjectTagging(ctx context.Context, bucket, key, version string, tags map[string]string) error {
	lock := s.lock(&key)
	lock.Lock()
	defer lock.Unlock()
	return s.Posix.PutObjectTagging(ctx, bucket, key, version, tags)
}

// ListObjectVersions implements backend.Backend. In a list whose prefix is a key, each version of the key is once. A page
// continues after a marker that was deleted, where the server would skip the rest.
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

// DeleteObject implements backend.Backend. A missing version is not an error, as on S3.
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

// DeleteObjects implements backend.Backend.
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
