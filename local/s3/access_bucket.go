package s3

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"

	"postern/local/iam"
)

func bucketARN(bucket string) string { return "arn:aws:s3:::" + bucket }

// onBucket checks an action on a bucket.
func (a *access) onBucket(ctx context.Context, action, bucket string) error {
	return a.check(ctx, iam.Call{Action: action, Resource: bucketARN(bucket)})
}

// onSetting checks a caller who asks for a bucket's setting, by the name of its subresource. The server reads settings
// for itself too, whoever calls.
func (a *access) onSetting(ctx context.Context, subresource, action, bucket string) error {
	if r, ok := ctx.Value(requestKey{}).(request); ok {
		if _, asked := r.parameters[subresource]; !asked {
			return nil
		}
	}
	return a.onBucket(ctx, action, bucket)
}

// inBucket checks a list of a bucket's keys that begin with a prefix.
func (a *access) inBucket(ctx context.Context, action string, bucket, prefix *string) error {
	call := iam.Call{Action: action, Resource: bucketARN(aws.ToString(bucket))}
	if prefix != nil {
		call.Conditions = map[string]string{"s3:prefix": *prefix}
	}
	return a.check(ctx, call)
}

func (a *access) ListBuckets(ctx context.Context, in s3response.ListBucketsInput) (s3response.ListAllMyBucketsResult, error) {
	return do(ctx, a.check(ctx, iam.Call{Action: "s3:ListAllMyBuckets", Resource: "*"}), a.store.ListBuckets, in)
}

func (a *access) HeadBucket(ctx context.Context, in *s3.HeadBucketInput) (*s3.HeadBucketOutput, error) {
	return do(ctx, a.inBucket(ctx, "s3:ListBucket", in.Bucket, nil), a.store.HeadBucket, in)
}

func (a *access) CreateBucket(ctx context.Context, in *s3.CreateBucketInput, acl []byte) error {
	if err := a.onBucket(ctx, "s3:CreateBucket", aws.ToString(in.Bucket)); err != nil {
		return err
	}
	return a.store.CreateBucket(ctx, in, acl)
}

func (a *access) GetBucketVersioning(ctx context.Context, bucket string) (s3response.GetBucketVersioningOutput, error) {
	return do(ctx, a.onSetting(ctx, "versioning", "s3:GetBucketVersioning", bucket), a.store.GetBucketVersioning, bucket)
}

func (a *access) PutBucketVersioning(ctx context.Context, bucket string, status types.BucketVersioningStatus) error {
	if err := a.onBucket(ctx, "s3:PutBucketVersioning", bucket); err != nil {
		return err
	}
	return a.store.PutBucketVersioning(ctx, bucket, status)
}

func (a *access) GetBucketCors(ctx context.Context, bucket string) ([]byte, error) {
	return do(ctx, a.onSetting(ctx, "cors", "s3:GetBucketCORS", bucket), a.store.GetBucketCors, bucket)
}

func (a *access) PutBucketCors(ctx context.Context, bucket string, cors []byte) error {
	if err := a.onBucket(ctx, "s3:PutBucketCORS", bucket); err != nil {
		return err
	}
	return a.store.PutBucketCors(ctx, bucket, cors)
}

func (a *access) DeleteBucketCors(ctx context.Context, bucket string) error {
	if err := a.onBucket(ctx, "s3:PutBucketCORS", bucket); err != nil {
		return err
	}
	return a.store.DeleteBucketCors(ctx, bucket)
}

// GetBucketAcl tells the server who owns a bucket, before every operation in it.
func (a *access) GetBucketAcl(ctx context.Context, in *s3.GetBucketAclInput) ([]byte, error) {
	return do(ctx, a.onSetting(ctx, "acl", "s3:GetBucketAcl", aws.ToString(in.Bucket)), a.store.GetBucketAcl, in)
}

// GetBucketPolicy tells the server whether a bucket is public, before every operation in it. None is: the template's
// policies are checked here.
func (a *access) GetBucketPolicy(ctx context.Context, bucket string) ([]byte, error) {
	if err := a.onSetting(ctx, "policy", "s3:GetBucketPolicy", bucket); err != nil {
		return nil, err
	}
	return nil, s3err.GetAPIError(s3err.ErrNoSuchBucketPolicy)
}

// GetObjectLockConfiguration tells the server whether an object may be deleted or replaced. No bucket has locks.
func (a *access) GetObjectLockConfiguration(ctx context.Context, bucket string) ([]byte, error) {
	if err := a.onSetting(ctx, "object-lock", "s3:GetBucketObjectLockConfiguration", bucket); err != nil {
		return nil, err
	}
	return nil, s3err.GetAPIError(s3err.ErrObjectLockConfigurationNotFound)
}

func (a *access) ListObjectsV2(ctx context.Context, in *s3.ListObjectsV2Input) (s3response.ListObjectsV2Result, error) {
	return do(ctx, a.inBucket(ctx, "s3:ListBucket", in.Bucket, in.Prefix), a.store.ListObjectsV2, in)
}

func (a *access) ListObjectVersions(ctx context.Context, in *s3.ListObjectVersionsInput) (s3response.ListVersionsResult, error) {
	return do(ctx, a.inBucket(ctx, "s3:ListBucketVersions", in.Bucket, in.Prefix), a.store.ListObjectVersions, in)
}

// ListMultipartUploads has no condition key for its prefix, unlike the other lists.
func (a *access) ListMultipartUploads(ctx context.Context, in *s3.ListMultipartUploadsInput) (s3response.ListMultipartUploadsResult, error) {
	return do(ctx, a.onBucket(ctx, "s3:ListBucketMultipartUploads", aws.ToString(in.Bucket)), a.store.ListMultipartUploads, in)
}
