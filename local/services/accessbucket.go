package services

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/s3response"

	"postern/local/iam"
)

func bucketARN(bucket string) string { return "arn:aws:s3:::" + bucket }

func (a *access) onBucket(ctx context.Context, action, bucket string) error {
	return a.check(ctx, iam.Call{Action: action, Resource: bucketARN(bucket)})
}

// onSetting is for settings that the server reads by itself too, whoever calls: for the headers of every
// answer, and to find out what is locked. It checks a caller who asks for the setting, by the name of its subresource.
func (a *access) onSetting(ctx context.Context, subresource, action, resource string) error {
	if r, ok := ctx.Value(requestKey{}).(request); ok {
		if _, asked := r.parameters[subresource]; !asked {
			return nil
		}
	}
	return a.check(ctx, iam.Call{Action: action, Resource: resource})
}

// inBucket is for lists of a bucket's keys that begin with a prefix.
func (a *access) inBucket(ctx context.Context, action string, bucket, prefix *string) error {
	call := iam.Call{Action: action, Resource: bucketARN(aws.ToString(bucket))}
	if prefix != nil {
		call.Conditions = map[string]string{"s3:prefix": *prefix}
	}
	return a.check(ctx, call)
}

func (a *access) ListBuckets(ctx context.Context, in s3response.ListBucketsInput) (s3response.ListAllMyBucketsResult, error) {
	if err := a.check(ctx, iam.Call{Action: "s3:ListAllMyBuckets", Resource: "*"}); err != nil {
		return s3response.ListAllMyBucketsResult{}, err
	}
	return a.store.ListBuckets(ctx, in)
}

func (a *access) HeadBucket(ctx context.Context, in *s3.HeadBucketInput) (*s3.HeadBucketOutput, error) {
	if err := a.inBucket(ctx, "s3:ListBucket", in.Bucket, nil); err != nil {
		return nil, err
	}
	return a.store.HeadBucket(ctx, in)
}

func (a *access) ListObjects(ctx context.Context, in *s3.ListObjectsInput) (s3response.ListObjectsResult, error) {
	if err := a.inBucket(ctx, "s3:ListBucket", in.Bucket, in.Prefix); err != nil {
		return s3response.ListObjectsResult{}, err
	}
	return a.store.ListObjects(ctx, in)
}

func (a *access) ListObjectsV2(ctx context.Context, in *s3.ListObjectsV2Input) (s3response.ListObjectsV2Result, error) {
	if err := a.inBucket(ctx, "s3:ListBucket", in.Bucket, in.Prefix); err != nil {
		return s3response.ListObjectsV2Result{}, err
	}
	return a.store.ListObjectsV2(ctx, in)
}

func (a *access) ListObjectVersions(ctx context.Context, in *s3.ListObjectVersionsInput) (s3response.ListVersionsResult, error) {
	if err := a.inBucket(ctx, "s3:ListBucketVersions", in.Bucket, in.Prefix); err != nil {
		return s3response.ListVersionsResult{}, err
	}
	return a.store.ListObjectVersions(ctx, in)
}

// ListMultipartUploads has no condition key for its prefix, unlike the other lists.
func (a *access) ListMultipartUploads(ctx context.Context, in *s3.ListMultipartUploadsInput) (s3response.ListMultipartUploadsResult, error) {
	if err := a.onBucket(ctx, "s3:ListBucketMultipartUploads", aws.ToString(in.Bucket)); err != nil {
		return s3response.ListMultipartUploadsResult{}, err
	}
	return a.store.ListMultipartUploads(ctx, in)
}

func (a *access) CreateBucket(ctx context.Context, in *s3.CreateBucketInput, acl []byte) error {
	if err := a.onBucket(ctx, "s3:CreateBucket", aws.ToString(in.Bucket)); err != nil {
		return err
	}
	return a.store.CreateBucket(ctx, in, acl)
}

func (a *access) DeleteBucket(ctx context.Context, bucket string) error {
	if err := a.onBucket(ctx, "s3:DeleteBucket", bucket); err != nil {
		return err
	}
	return a.store.DeleteBucket(ctx, bucket)
}

func (a *access) GetBucketAcl(ctx context.Context, in *s3.GetBucketAclInput) ([]byte, error) {
	if err := a.onSetting(ctx, "acl", "s3:GetBucketAcl", bucketARN(aws.ToString(in.Bucket))); err != nil {
		return nil, err
	}
	return a.store.GetBucketAcl(ctx, in)
}

func (a *access) PutBucketAcl(ctx context.Context, bucket string, acl []byte) error {
	if err := a.onBucket(ctx, "s3:PutBucketAcl", bucket); err != nil {
		return err
	}
	return a.store.PutBucketAcl(ctx, bucket, acl)
}

func (a *access) GetBucketVersioning(ctx context.Context, bucket string) (s3response.GetBucketVersioningOutput, error) {
	if err := a.onSetting(ctx, "versioning", "s3:GetBucketVersioning", bucketARN(bucket)); err != nil {
		return s3response.GetBucketVersioningOutput{}, err
	}
	return a.store.GetBucketVersioning(ctx, bucket)
}

func (a *access) PutBucketVersioning(ctx context.Context, bucket string, status types.BucketVersioningStatus) error {
	if err := a.onBucket(ctx, "s3:PutBucketVersioning", bucket); err != nil {
		return err
	}
	return a.store.PutBucketVersioning(ctx, bucket, status)
}

func (a *access) GetBucketPolicy(ctx context.Context, bucket string) ([]byte, error) {
	if err := a.onSetting(ctx, "policy", "s3:GetBucketPolicy", bucketARN(bucket)); err != nil {
		return nil, err
	}
	if err := a.onSetting(ctx, "policyStatus", "s3:GetBucketPolicyStatus", bucketARN(bucket)); err != nil {
		return nil, err
	}
	return a.store.GetBucketPolicy(ctx, bucket)
}

func (a *access) PutBucketPolicy(ctx context.Context, bucket string, policy []byte) error {
	if err := a.onBucket(ctx, "s3:PutBucketPolicy", bucket); err != nil {
		return err
	}
	return a.store.PutBucketPolicy(ctx, bucket, policy)
}

func (a *access) DeleteBucketPolicy(ctx context.Context, bucket string) error {
	if err := a.onBucket(ctx, "s3:DeleteBucketPolicy", bucket); err != nil {
		return err
	}
	return a.store.DeleteBucketPolicy(ctx, bucket)
}

func (a *access) GetBucketOwnershipControls(ctx context.Context, bucket string) (types.ObjectOwnership, error) {
	if err := a.onSetting(ctx, "ownershipControls", "s3:GetBucketOwnershipControls", bucketARN(bucket)); err != nil {
		return "", err
	}
	return a.store.GetBucketOwnershipControls(ctx, bucket)
}

func (a *access) PutBucketOwnershipControls(ctx context.Context, bucket string, ownership types.ObjectOwnership) error {
	if err := a.onBucket(ctx, "s3:PutBucketOwnershipControls", bucket); err != nil {
		return err
	}
	return a.store.PutBucketOwnershipControls(ctx, bucket, ownership)
}

func (a *access) DeleteBucketOwnershipControls(ctx context.Context, bucket string) error {
	if err := a.onBucket(ctx, "s3:PutBucketOwnershipControls", bucket); err != nil {
		return err
	}
	return a.store.DeleteBucketOwnershipControls(ctx, bucket)
}

func (a *access) GetBucketCors(ctx context.Context, bucket string) ([]byte, error) {
	if err := a.onSetting(ctx, "cors", "s3:GetBucketCORS", bucketARN(bucket)); err != nil {
		return nil, err
	}
	return a.store.GetBucketCors(ctx, bucket)
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

func (a *access) GetBucketWebsite(ctx context.Context, bucket string) ([]byte, error) {
	if err := a.onBucket(ctx, "s3:GetBucketWebsite", bucket); err != nil {
		return nil, err
	}
	return a.store.GetBucketWebsite(ctx, bucket)
}

func (a *access) PutBucketWebsite(ctx context.Context, bucket string, website []byte) error {
	if err := a.onBucket(ctx, "s3:PutBucketWebsite", bucket); err != nil {
		return err
	}
	return a.store.PutBucketWebsite(ctx, bucket, website)
}

func (a *access) DeleteBucketWebsite(ctx context.Context, bucket string) error {
	if err := a.onBucket(ctx, "s3:DeleteBucketWebsite", bucket); err != nil {
		return err
	}
	return a.store.DeleteBucketWebsite(ctx, bucket)
}

func (a *access) GetBucketTagging(ctx context.Context, bucket string) (map[string]string, error) {
	if err := a.onBucket(ctx, "s3:GetBucketTagging", bucket); err != nil {
		return nil, err
	}
	return a.store.GetBucketTagging(ctx, bucket)
}

func (a *access) PutBucketTagging(ctx context.Context, bucket string, tags map[string]string) error {
	if err := a.onBucket(ctx, "s3:PutBucketTagging", bucket); err != nil {
		return err
	}
	return a.store.PutBucketTagging(ctx, bucket, tags)
}

func (a *access) DeleteBucketTagging(ctx context.Context, bucket string) error {
	if err := a.onBucket(ctx, "s3:PutBucketTagging", bucket); err != nil {
		return err
	}
	return a.store.DeleteBucketTagging(ctx, bucket)
}

func (a *access) GetObjectLockConfiguration(ctx context.Context, bucket string) ([]byte, error) {
	if err := a.onSetting(ctx, "object-lock", "s3:GetBucketObjectLockConfiguration", bucketARN(bucket)); err != nil {
		return nil, err
	}
	return a.store.GetObjectLockConfiguration(ctx, bucket)
}

func (a *access) PutObjectLockConfiguration(ctx context.Context, bucket string, config []byte) error {
	if err := a.onBucket(ctx, "s3:PutBucketObjectLockConfiguration", bucket); err != nil {
		return err
	}
	return a.store.PutObjectLockConfiguration(ctx, bucket, config)
}

func (a *access) ChangeBucketOwner(ctx context.Context, bucket, owner string) error {
	if err := a.closed(ctx, "ChangeBucketOwner"); err != nil {
		return err
	}
	return a.store.ChangeBucketOwner(ctx, bucket, owner)
}

func (a *access) ListBucketsAndOwners(ctx context.Context) ([]s3response.Bucket, error) {
	if err := a.closed(ctx, "ListBucketsAndOwners"); err != nil {
		return nil, err
	}
	return a.store.ListBucketsAndOwners(ctx)
}
