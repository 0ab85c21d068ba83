// Package objects reads, tags and removes what is in Postern's bucket.
package objects

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"

	"postern/lambda/internal/upload"
)

// Config says where the bucket is.
type Config struct {
	// Region is the AWS region.
	Region string
	// Endpoint is S3's address, at which buckets are addressed by path. If empty, it is AWS's own of the region.
	Endpoint string
	// Bucket is the bucket's name.
	Bucket string
	// Credentials sign the requests.
	Credentials aws.CredentialsProvider
}

// Bucket is the bucket that uploads go to.
type Bucket struct{}

// New returns the bucket. It makes no request.
func New(Config) *Bucket { return &Bucket{} }

var errTODO = errors.New("not built yet")

// Open reads the head of a version.
func (b *Bucket) Open(context.Context, string, string) (upload.Object, error) {
	return upload.Object{}, errTODO
}

// Tag sets the tag status of a version, and no other.
func (b *Bucket) Tag(context.Context, string, string, upload.Status) error { return errTODO }

// Remove deletes a version for good.
func (b *Bucket) Remove(context.Context, string, string) error { return errTODO }

// Versions lists the versions and delete markers of exactly this key, the oldest first.
func (b *Bucket) Versions(context.Context, string) ([]upload.Version, error) { return nil, errTODO }

// AbortUploads aborts every open multipart upload of exactly this key.
func (b *Bucket) AbortUploads(context.Context, string) error { return errTODO }

// HasOpenUpload reports whether a multipart upload of exactly this key is open.
func (b *Bucket) HasOpenUpload(context.Context, string) (bool, error) { return false, errTODO }
