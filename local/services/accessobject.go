package services

import (
	"bufio"
	"context"
	"maps"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"

	"postern/local/iam"
)

// objectARN is that of the object that is touched: under another name of the same file it would get past a policy.
func (a *access) objectARN(bucket, key string) string {
	return bucketARN(bucket) + "/" + a.store.NormalizeObjectKey(bucket, key)
}

// ofVersion is the action when a request names a version, instead of the one when it does not.
func ofVersion(version, named, unnamed string) string {
	if version != "" {
		return named
	}
	return unnamed
}

// onObject is for calls that may depend on the tags that an object has.
func (a *access) onObject(ctx context.Context, action, bucket, key, version string) error {
	return a.check(ctx, iam.Call{
		Action: action, Resource: a.objectARN(bucket, key), Conditions: a.existingTags(ctx, bucket, key, version),
	})
}

// existingTags are those of an object, as condition keys. A missing object has none.
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

// puts are the calls of a request that makes an object: to put it and, where the request says so, to tag and lock it.
func (a *access) puts(bucket, key, tagging *string, mode types.ObjectLockMode, hold types.ObjectLockLegalHoldStatus) ([]iam.Call, error) {
	tags, err := backend.ParseObjectTags(aws.ToString(tagging))
	if err != nil {
		return nil, err
	}
	actions := []string{"s3:PutObject"}
	if len(tags) > 0 {
		actions = append(actions, "s3:PutObjectTagging")
	}
	if mode != "" {
		actions = append(actions, "s3:PutObjectRetention")
	}
	if hold != "" {
		actions = append(actions, "s3:PutObjectLegalHold")
	}
	calls := make([]iam.Call, len(actions))
	for i, action := range actions {
		calls[i] = iam.Call{
			Action:     action,
			Resource:   a.objectARN(aws.ToString(bucket), aws.ToString(key)),
			Conditions: tagConditions("s3:RequestObjectTag/", tags),
		}
	}
	return calls, nil
}

// PutObject is what forms end in too.
func (a *access) PutObject(ctx context.Context, in s3response.PutObjectInput) (s3response.PutObjectOutput, error) {
	calls, err := a.puts(in.Bucket, in.Key, in.Tagging, in.ObjectLockMode, in.ObjectLockLegalHoldStatus)
	if err == nil {
		err = a.check(ctx, calls...)
	}
	if err != nil {
		return s3response.PutObjectOutput{}, err
	}
	return a.store.PutObject(ctx, in)
}

func (a *access) HeadObject(ctx context.Context, in *s3.HeadObjectInput) (*s3.HeadObjectOutput, error) {
	if err := a.read(ctx, in.Bucket, in.Key, in.VersionId); err != nil {
		return nil, err
	}
	return a.store.HeadObject(ctx, in)
}

func (a *access) GetObject(ctx context.Context, in *s3.GetObjectInput) (*s3.GetObjectOutput, error) {
	if err := a.read(ctx, in.Bucket, in.Key, in.VersionId); err != nil {
		return nil, err
	}
	return a.store.GetObject(ctx, in)
}

func (a *access) read(ctx context.Context, bucket, key, versionID *string) error {
	version := aws.ToString(versionID)
	return a.onObject(ctx, ofVersion(version, "s3:GetObjectVersion", "s3:GetObject"), aws.ToString(bucket), aws.ToString(key), version)
}

func (a *access) GetObjectAttributes(ctx context.Context, in *s3.GetObjectAttributesInput) (s3response.GetObjectAttributesResponse, error) {
	err := a.read(ctx, in.Bucket, in.Key, in.VersionId)
	if err == nil {
		version := aws.ToString(in.VersionId)
		action := ofVersion(version, "s3:GetObjectVersionAttributes", "s3:GetObjectAttributes")
		err = a.onObject(ctx, action, aws.ToString(in.Bucket), aws.ToString(in.Key), version)
	}
	if err != nil {
		return s3response.GetObjectAttributesResponse{}, err
	}
	return a.store.GetObjectAttributes(ctx, in)
}

func (a *access) GetObjectAcl(ctx context.Context, in *s3.GetObjectAclInput) (*s3.GetObjectAclOutput, error) {
	version := aws.ToString(in.VersionId)
	action := ofVersion(version, "s3:GetObjectVersionAcl", "s3:GetObjectAcl")
	if err := a.onObject(ctx, action, aws.ToString(in.Bucket), aws.ToString(in.Key), version); err != nil {
		return nil, err
	}
	return a.store.GetObjectAcl(ctx, in)
}

func (a *access) PutObjectAcl(ctx context.Context, in *s3.PutObjectAclInput) error {
	version := aws.ToString(in.VersionId)
	action := ofVersion(version, "s3:PutObjectVersionAcl", "s3:PutObjectAcl")
	if err := a.onObject(ctx, action, aws.ToString(in.Bucket), aws.ToString(in.Key), version); err != nil {
		return err
	}
	return a.store.PutObjectAcl(ctx, in)
}

func (a *access) deletion(bucket, key, versionID *string) iam.Call {
	return iam.Call{
		Action:   ofVersion(aws.ToString(versionID), "s3:DeleteObjectVersion", "s3:DeleteObject"),
		Resource: a.objectARN(aws.ToString(bucket), aws.ToString(key)),
	}
}

func (a *access) DeleteObject(ctx context.Context, in *s3.DeleteObjectInput) (*s3.DeleteObjectOutput, error) {
	if err := a.check(ctx, a.deletion(in.Bucket, in.Key, in.VersionId)); err != nil {
		return nil, err
	}
	return a.store.DeleteObject(ctx, in)
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

func (a *access) DeleteObjectTagging(ctx context.Context, bucket, key, version string) error {
	action := ofVersion(version, "s3:DeleteObjectVersionTagging", "s3:DeleteObjectTagging")
	if err := a.onObject(ctx, action, bucket, key, version); err != nil {
		return err
	}
	return a.store.DeleteObjectTagging(ctx, bucket, key, version)
}

func (a *access) GetObjectRetention(ctx context.Context, bucket, key, version string) ([]byte, error) {
	if err := a.onSetting(ctx, "retention", "s3:GetObjectRetention", a.objectARN(bucket, key)); err != nil {
		return nil, err
	}
	return a.store.GetObjectRetention(ctx, bucket, key, version)
}

func (a *access) PutObjectRetention(ctx context.Context, bucket, key, version string, retention []byte) error {
	if err := a.onObject(ctx, "s3:PutObjectRetention", bucket, key, version); err != nil {
		return err
	}
	return a.store.PutObjectRetention(ctx, bucket, key, version, retention)
}

func (a *access) GetObjectLegalHold(ctx context.Context, bucket, key, version string) (*bool, error) {
	if err := a.onSetting(ctx, "legal-hold", "s3:GetObjectLegalHold", a.objectARN(bucket, key)); err != nil {
		return nil, err
	}
	return a.store.GetObjectLegalHold(ctx, bucket, key, version)
}

func (a *access) PutObjectLegalHold(ctx context.Context, bucket, key, version string, status bool) error {
	if err := a.onObject(ctx, "s3:PutObjectLegalHold", bucket, key, version); err != nil {
		return err
	}
	return a.store.PutObjectLegalHold(ctx, bucket, key, version, status)
}

func (a *access) CopyObject(ctx context.Context, in s3response.CopyObjectInput) (s3response.CopyObjectOutput, error) {
	if err := a.closed(ctx, "CopyObject"); err != nil {
		return s3response.CopyObjectOutput{}, err
	}
	return a.store.CopyObject(ctx, in)
}

func (a *access) RestoreObject(ctx context.Context, in *s3.RestoreObjectInput) error {
	if err := a.onObject(ctx, "s3:RestoreObject", aws.ToString(in.Bucket), aws.ToString(in.Key), aws.ToString(in.VersionId)); err != nil {
		return err
	}
	return a.store.RestoreObject(ctx, in)
}

// SelectObjectContent answers in a stream, which cannot hold the refusal: it ends at once.
func (a *access) SelectObjectContent(ctx context.Context, in *s3.SelectObjectContentInput) func(*bufio.Writer) {
	if err := a.read(ctx, in.Bucket, in.Key, nil); err != nil {
		return func(*bufio.Writer) {}
	}
	return a.store.SelectObjectContent(ctx, in)
}
