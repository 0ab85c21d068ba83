package s3

import (
	"context"
	"maps"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"

	"postern/local/iam"
)

// objectARN returns the ARN of the object that is really touched: another name of the same file must not get past a
// policy.
func (a *access) objectARN(bucket, key string) string {
	return bucketARN(bucket) + "/" + a.store.NormalizeObjectKey(bucket, key)
}

// ofVersion returns the action for a request that names a version, or the one for a request that does not.
func ofVersion(version, named, unnamed string) string {
	if version != "" {
		return named
	}
	return unnamed
}

// onObject checks an action that may depend on the tags that an object has.
func (a *access) onObject(ctx context.Context, action, bucket, key, version string) error {
	return a.check(ctx, iam.Call{
		Action: action, Resource: a.objectARN(bucket, key), Conditions: a.existingTags(ctx, bucket, key, version),
	})
}

// existingTags returns the tags of an object as condition keys. A missing object has none.
func (a *access) existingTags(ctx context.Context, bucket, key, version string) map[string]string {
	tags, err := a.store.GetObjectTagging(ctx, bucket, key, version)
	if err != nil {
		return nil
	}
	return tagConditions("s3:ExistingObjectTag/", tags)
}

func tagConditions(prefix string, tags map[string]string) map[string]string {
	conditions := make(map[string]string, len(tags))
	for name, value := range tags {
		conditions[prefix+name] = value
	}
	return conditions
}

// writing returns the condition keys of a write: whether it makes an object, which a part does not, and its If-None-Match.
// Source: Amazon S3 User Guide, "Enforce conditional writes on Amazon S3 buckets".
func writing(creates bool, ifNoneMatch *string) map[string]string {
	conditions := map[string]string{"s3:ObjectCreationOperation": strconv.FormatBool(creates)}
	if ifNoneMatch != nil {
		conditions["s3:if-none-match"] = *ifNoneMatch
	}
	return conditions
}

// onWrite checks a request that makes an object or a multipart upload, with its tags. Locks are not served.
func (a *access) onWrite(ctx context.Context, bucket, key, tagging *string, conditions map[string]string, mode types.ObjectLockMode, hold types.ObjectLockLegalHoldStatus) error {
	tags, err := backend.ParseObjectTags(aws.ToString(tagging))
	if err != nil {
		return err
	}
	put := iam.Call{
		Action:     "s3:PutObject",
		Resource:   a.objectARN(aws.ToString(bucket), aws.ToString(key)),
		Conditions: tagConditions("s3:RequestObjectTag/", tags),
	}
	maps.Copy(put.Conditions, conditions)
	calls := []iam.Call{put}
	if len(tags) > 0 {
		put.Action = "s3:PutObjectTagging"
		calls = append(calls, put)
	}
	if err := a.check(ctx, calls...); err != nil {
		return err
	}
	if mode != "" || hold != "" {
		return s3err.GetAPIError(s3err.ErrNotImplemented)
	}
	return nil
}

// PutObject serves forms too.
func (a *access) PutObject(ctx context.Context, in s3response.PutObjectInput) (s3response.PutObjectOutput, error) {
	return do(ctx, a.onWrite(ctx, in.Bucket, in.Key, in.Tagging, writing(true, in.IfNoneMatch), in.ObjectLockMode, in.ObjectLockLegalHoldStatus), a.store.PutObject, in)
}

func (a *access) HeadObject(ctx context.Context, in *s3.HeadObjectInput) (*s3.HeadObjectOutput, error) {
	return do(ctx, a.onRead(ctx, in.Bucket, in.Key, in.VersionId), a.store.HeadObject, in)
}

func (a *access) GetObject(ctx context.Context, in *s3.GetObjectInput) (*s3.GetObjectOutput, error) {
	return do(ctx, a.onRead(ctx, in.Bucket, in.Key, in.VersionId), a.store.GetObject, in)
}

func (a *access) onRead(ctx context.Context, bucket, key, versionID *string) error {
	version := aws.ToString(versionID)
	return a.onObject(ctx, ofVersion(version, "s3:GetObjectVersion", "s3:GetObject"), aws.ToString(bucket), aws.ToString(key), version)
}

func (a *access) deletion(bucket, key, versionID *string) iam.Call {
	return iam.Call{
		Action:   ofVersion(aws.ToString(versionID), "s3:DeleteObjectVersion", "s3:DeleteObject"),
		Resource: a.objectARN(aws.ToString(bucket), aws.ToString(key)),
	}
}

func (a *access) DeleteObject(ctx context.Context, in *s3.DeleteObjectInput) (*s3.DeleteObjectOutput, error) {
	return do(ctx, a.check(ctx, a.deletion(in.Bucket, in.Key, in.VersionId)), a.store.DeleteObject, in)
}

// DeleteObjects deletes the objects that the caller may delete, and answers with an error for each other.
func (a *access) DeleteObjects(ctx context.Context, in *s3.DeleteObjectsInput) (s3response.DeleteResult, error) {
	var denied []types.Error
	allowed := *in
	allowed.Delete = &types.Delete{}
	for _, object := range in.Delete.Objects {
		if err := a.check(ctx, a.deletion(in.Bucket, object.Key, object.VersionId)); err != nil {
			denied = append(denied, s3err.ObjectDeleteError(object.Key, object.VersionId, err))
			continue
		}
		allowed.Delete.Objects = append(allowed.Delete.Objects, object)
	}
	if len(allowed.Delete.Objects) == 0 {
		return s3response.DeleteResult{Error: denied}, nil
	}
	result, err := a.store.DeleteObjects(ctx, &allowed)
	result.Error = append(result.Error, denied...)
	return result, err
}

func (a *access) GetObjectTagging(ctx context.Context, bucket, key, version string) (map[string]string, error) {
	action := ofVersion(version, "s3:GetObjectVersionTagging", "s3:GetObjectTagging")
	if err := a.onObject(ctx, action, bucket, key, version); err != nil {
		return nil, err
	}
	return a.store.GetObjectTagging(ctx, bucket, key, version)
}

func (a *access) PutObjectTagging(ctx context.Context, bucket, key, version string, tags map[string]string) error {
	call := iam.Call{
		Action:     ofVersion(version, "s3:PutObjectVersionTagging", "s3:PutObjectTagging"),
		Resource:   a.objectARN(bucket, key),
		Conditions: tagConditions("s3:RequestObjectTag/", tags),
	}
	maps.Copy(call.Conditions, a.existingTags(ctx, bucket, key, version))
	if err := a.check(ctx, call); err != nil {
		return err
	}
	return a.store.PutObjectTagging(ctx, bucket, key, version, tags)
}

// onUpload checks an action on a multipart upload. It has no tags that a policy could depend on: they come with the object.
func (a *access) onUpload(ctx context.Context, action string, bucket, key *string, conditions map[string]string) error {
	return a.check(ctx, iam.Call{Action: action, Resource: a.objectARN(aws.ToString(bucket), aws.ToString(key)), Conditions: conditions})
}

func (a *access) CreateMultipartUpload(ctx context.Context, in s3response.CreateMultipartUploadInput) (s3response.InitiateMultipartUploadResult, error) {
	return do(ctx, a.onWrite(ctx, in.Bucket, in.Key, in.Tagging, writing(false, nil), in.ObjectLockMode, in.ObjectLockLegalHoldStatus), a.store.CreateMultipartUpload, in)
}

func (a *access) UploadPart(ctx context.Context, in *s3.UploadPartInput) (*s3.UploadPartOutput, error) {
	return do(ctx, a.onUpload(ctx, "s3:PutObject", in.Bucket, in.Key, writing(false, nil)), a.store.UploadPart, in)
}

func (a *access) ListParts(ctx context.Context, in *s3.ListPartsInput) (s3response.ListPartsResult, error) {
	return do(ctx, a.onUpload(ctx, "s3:ListMultipartUploadParts", in.Bucket, in.Key, nil), a.store.ListParts, in)
}

func (a *access) CompleteMultipartUpload(ctx context.Context, in *s3.CompleteMultipartUploadInput) (s3response.CompleteMultipartUploadResult, string, error) {
	if err := a.onUpload(ctx, "s3:PutObject", in.Bucket, in.Key, writing(true, in.IfNoneMatch)); err != nil {
		return s3response.CompleteMultipartUploadResult{}, "", err
	}
	return a.store.CompleteMultipartUpload(ctx, in)
}

func (a *access) AbortMultipartUpload(ctx context.Context, in *s3.AbortMultipartUploadInput) error {
	if err := a.onUpload(ctx, "s3:AbortMultipartUpload", in.Bucket, in.Key, nil); err != nil {
		return err
	}
	return a.store.AbortMultipartUpload(ctx, in)
}
