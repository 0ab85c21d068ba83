package services

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/versity/versitygw/s3response"

	"postern/local/iam"
)

// onUpload is for calls on a multipart upload. It has no tags to depend on: they come with the object.
func (a *access) onUpload(ctx context.Context, action string, bucket, key *string) error {
	return a.check(ctx, iam.Call{Action: action, Resource: a.objectARN(aws.ToString(bucket), aws.ToString(key))})
}

func (a *access) CreateMultipartUpload(ctx context.Context, in s3response.CreateMultipartUploadInput) (s3response.InitiateMultipartUploadResult, error) {
	calls, err := a.puts(in.Bucket, in.Key, in.Tagging, in.ObjectLockMode, in.ObjectLockLegalHoldStatus)
	if err == nil {
		err = a.check(ctx, calls...)
	}
	if err != nil {
		return s3response.InitiateMultipartUploadResult{}, err
	}
	return a.store.CreateMultipartUpload(ctx, in)
}

func (a *access) UploadPart(ctx context.Context, in *s3.UploadPartInput) (*s3.UploadPartOutput, error) {
	if err := a.onUpload(ctx, "s3:PutObject", in.Bucket, in.Key); err != nil {
		return nil, err
	}
	return a.store.UploadPart(ctx, in)
}

func (a *access) CompleteMultipartUpload(ctx context.Context, in *s3.CompleteMultipartUploadInput) (s3response.CompleteMultipartUploadResult, string, error) {
	if err := a.onUpload(ctx, "s3:PutObject", in.Bucket, in.Key); err != nil {
		return s3response.CompleteMultipartUploadResult{}, "", err
	}
	return a.store.CompleteMultipartUpload(ctx, in)
}

func (a *access) AbortMultipartUpload(ctx context.Context, in *s3.AbortMultipartUploadInput) error {
	if err := a.onUpload(ctx, "s3:AbortMultipartUpload", in.Bucket, in.Key); err != nil {
		return err
	}
	return a.store.AbortMultipartUpload(ctx, in)
}

func (a *access) ListParts(ctx context.Context, in *s3.ListPartsInput) (s3response.ListPartsResult, error) {
	if err := a.onUpload(ctx, "s3:ListMultipartUploadParts", in.Bucket, in.Key); err != nil {
		return s3response.ListPartsResult{}, err
	}
	return a.store.ListParts(ctx, in)
}

func (a *access) UploadPartCopy(ctx context.Context, in *s3.UploadPartCopyInput) (s3response.CopyPartResult, error) {
	if err := a.closed(ctx, "UploadPartCopy"); err != nil {
		return s3response.CopyPartResult{}, err
	}
	return a.store.UploadPartCopy(ctx, in)
}
