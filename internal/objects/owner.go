package objects

import (
	"context"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"postern/internal/upload"
)

// Folders implements lifecycle.OwnerObjects.
func (b *Bucket) Folders(ctx context.Context) ([]string, error) {
	folders := map[string]bool{}
	add := func(prefixes []types.CommonPrefix) {
		for _, prefix := range prefixes {
			folders[strings.TrimSuffix(aws.ToString(prefix.Prefix), "/")] = true
		}
	}
	delimiter := aws.String("/")
	versions := s3.NewListObjectVersionsPaginator(b.client, &s3.ListObjectVersionsInput{Bucket: &b.name, Delimiter: delimiter})
	for versions.HasMorePages() {
		page, err := versions.NextPage(ctx)
		if err != nil {
			return nil, wrap("listing the folders of the bucket", err)
		}
		add(page.CommonPrefixes)
	}
	uploads := s3.NewListMultipartUploadsPaginator(b.client, &s3.ListMultipartUploadsInput{Bucket: &b.name, Delimiter: delimiter})
	for uploads.HasMorePages() {
		page, err := uploads.NextPage(ctx)
		if err != nil {
			return nil, wrap("listing the folders of multipart uploads", err)
		}
		add(page.CommonPrefixes)
	}
	return slices.Sorted(maps.Keys(folders)), nil
}

// Holds reports whether there is a version, a delete marker or an open multipart upload whose key begins with prefix.
func (b *Bucket) Holds(ctx context.Context, prefix string) (bool, error) {
	versions, err := b.firstVersions(ctx, prefix, 1)
	if err != nil || len(versions) > 0 {
		return len(versions) > 0, err
	}
	page, err := b.client.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: &b.name, Prefix: &prefix, MaxUploads: aws.Int32(1)})
	if err != nil {
		return false, wrap("listing multipart uploads", err)
	}
	return len(page.Uploads) > 0, nil
}

// AbortAll implements lifecycle.OwnerObjects. A part that is being sent may survive, as with AbortUploads.
func (b *Bucket) AbortAll(ctx context.Context, prefix string) (int, error) {
	open, err := b.openUploads(ctx, prefix)
	if err != nil {
		return 0, err
	}
	for _, upload := range open {
		if err := b.abort(ctx, aws.ToString(upload.Key), aws.ToString(upload.UploadId)); err != nil {
			return 0, err
		}
	}
	return len(open), nil
}

// openUploads lists the open multipart uploads whose keys begin with prefix.
func (b *Bucket) openUploads(ctx context.Context, prefix string) (open []types.MultipartUpload, err error) {
	pages := s3.NewListMultipartUploadsPaginator(b.client, &s3.ListMultipartUploadsInput{Bucket: &b.name, Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, wrap("listing multipart uploads", err)
		}
		open = append(open, page.Uploads...)
	}
	return open, nil
}

// abort aborts a multipart upload. One that is gone is no error.
func (b *Bucket) abort(ctx context.Context, key, uploadID string) error {
	_, err := b.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &b.name, Key: &key, UploadId: &uploadID})
	if failure, ok := errors.AsType[smithy.APIError](err); ok && failure.ErrorCode() == "NoSuchUpload" {
		return nil
	}
	if err != nil {
		return wrap("aborting a multipart upload", err)
	}
	return nil
}

// FirstVersions implements lifecycle.OwnerObjects.
func (b *Bucket) FirstVersions(ctx context.Context, prefix string) ([]upload.KeyVersion, error) {
	return b.firstVersions(ctx, prefix, maxRemoved)
}

func (b *Bucket) firstVersions(ctx context.Context, prefix string, limit int32) ([]upload.KeyVersion, error) {
	page, err := b.client.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{
		Bucket: &b.name, Prefix: &prefix, MaxKeys: &limit,
		// A key may hold characters that XML cannot.
		EncodingType: types.EncodingTypeUrl,
	})
	if err != nil {
		return nil, wrap("listing versions", err)
	}
	decode := func(listed *string) string { return decodeKey(aws.ToString(listed), page.EncodingType) }
	var versions []upload.KeyVersion
	for _, v := range page.Versions {
		versions = append(versions, upload.KeyVersion{Key: decode(v.Key), VersionID: aws.ToString(v.VersionId)})
	}
	for _, m := range page.DeleteMarkers {
		versions = append(versions, upload.KeyVersion{Key: decode(m.Key), VersionID: aws.ToString(m.VersionId)})
	}
	return versions, nil
}

// decodeKey returns a key of a list as it is. A server that does not encode keys does not name the encoding.
func decodeKey(listed string, encoding types.EncodingType) string {
	if key, err := url.QueryUnescape(listed); err == nil && encoding == types.EncodingTypeUrl {
		return key
	}
	return listed
}
