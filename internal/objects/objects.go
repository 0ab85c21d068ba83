// Package objects reads, tags and removes the objects of Postern's bucket. A caller that uses all of it needs, on the
// objects, s3:GetObjectVersion, s3:GetObjectVersionTagging, s3:PutObjectVersionTagging, s3:DeleteObjectVersion and
// s3:AbortMultipartUpload and s3:ListMultipartUploadParts, and on the bucket s3:ListBucketVersions and s3:ListBucketMultipartUploads.
package objects

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"postern/api"
	"postern/internal/upload"
)

// Bucket is the bucket that uploads go to. It implements lifecycle.Objects, lifecycle.Remains and lifecycle.OwnerObjects. It is safe for concurrent
// use. Its errors hold no URL and no metadata.
type Bucket struct {
	client *s3.Client
	name   string
}

// New returns the bucket of that name. At an address other than AWS's own, the bucket is the first segment of the path.
// It makes no request.
func New(config aws.Config, bucket string) *Bucket {
	return &Bucket{NewClient(config), bucket}
}

// NewClient returns a client of S3 that reads ranges. It makes no request.
func NewClient(config aws.Config) *s3.Client {
	return s3.NewFromConfig(config, func(options *s3.Options) {
		options.UsePathStyle = config.BaseEndpoint != nil
		// S3 has no checksum of a range. If an object has one part, S3 answers with a checksum that looks like the object's.
		options.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
	})
}

var errNoVersion = errors.New("there is no version id")

// Open implements lifecycle.Objects. It reads nothing of the content before that is asked for.
func (b *Bucket) Open(ctx context.Context, key, versionID string) (upload.Object, error) {
	const doing = "reading the head of an object"
	if versionID == "" {
		return upload.Object{}, fmt.Errorf("%s: %w", doing, errNoVersion)
	}
	// A ranged GET has no checksum, so the head is asked for by itself.
	head, err := b.client.HeadObject(ctx, &s3.HeadObjectInput{
		Bucket: &b.name, Key: &key, VersionId: &versionID, ChecksumMode: types.ChecksumModeEnabled,
	})
	if err != nil {
		return upload.Object{}, b.goneOr(ctx, key, versionID, wrap(doing, err))
	}
	size := aws.ToInt64(head.ContentLength)
	algorithm, checksum := wholeChecksum(head)
	return upload.Object{
		Size:     size,
		Type:     aws.ToString(head.ContentType),
		Encoding: aws.ToString(head.ContentEncoding),
		ETag:     aws.ToString(head.ETag),
		Checksum: checksum,
		Metadata: head.Metadata,

		ChecksumAlgorithm: algorithm,

		Content: &content{ctx: ctx, bucket: b, key: key, versionID: versionID, size: size, left: maxRead},
	}, nil
}

// wholeChecksum returns the checksum of the whole object, and its algorithm: the SHA-256 that was declared, or else the CRC64NVME
// that S3 makes. Both are empty if there is none, or only one of the parts' checksums.
func wholeChecksum(head *s3.HeadObjectOutput) (algorithm, checksum string) {
	for algorithm, given := range map[string]*string{api.SHA256: head.ChecksumSHA256, api.CRC64NVME: head.ChecksumCRC64NVME} {
		checksum := aws.ToString(given) // an object has one algorithm
		if checksum != "" && head.ChecksumType != types.ChecksumTypeComposite && !strings.Contains(checksum, "-") {
			return algorithm, checksum
		}
	}
	return "", ""
}

// statusTag is the key of Postern's own tag. Other tags are other people's, such as a virus scanner's.
const statusTag = "status"

// maxTags is how many tags an object can have.
// Source: Amazon S3 User Guide, "Categorizing your objects using tags".
const maxTags = 10

// Tag implements lifecycle.Objects. S3 only replaces a whole set of tags, so it reads the set first. A tag that somebody
// else writes between the two requests is lost: S3 has no condition that would prevent it.
func (b *Bucket) Tag(ctx context.Context, key, versionID string, status upload.Status) error {
	const doing = "tagging an object"
	if versionID == "" {
		return fmt.Errorf("%s: %w", doing, errNoVersion)
	}
	present, err := b.client.GetObjectTagging(ctx, &s3.GetObjectTaggingInput{Bucket: &b.name, Key: &key, VersionId: &versionID})
	if err != nil {
		return b.goneOr(ctx, key, versionID, wrap("reading the tags of an object", err))
	}
	_, err = b.client.PutObjectTagging(ctx, &s3.PutObjectTaggingInput{
		Bucket: &b.name, Key: &key, VersionId: &versionID, Tagging: &types.Tagging{TagSet: withStatus(present.TagSet, status)},
	})
	if err != nil {
		return b.goneOr(ctx, key, versionID, wrap(doing, err))
	}
	return nil
}

// withStatus returns a set of tags with that status. In a full set, the last of the other tags gives way.
func withStatus(tags []types.Tag, status upload.Status) []types.Tag {
	others := slices.DeleteFunc(tags, func(t types.Tag) bool { return aws.ToString(t.Key) == statusTag })
	own := types.Tag{Key: aws.String(statusTag), Value: aws.String(string(status))}
	return append([]types.Tag{own}, others[:min(len(others), maxTags-1)]...)
}

// goneOr returns upload.ErrGone if the version does not exist or is a delete marker, and failure otherwise.
func (b *Bucket) goneOr(ctx context.Context, key, versionID string, failure error) error {
	if !mayBeMissing(failure) {
		return failure
	}
	version, ok, err := b.find(ctx, key, versionID)
	if err != nil {
		return errors.Join(failure, err)
	}
	if ok && !version.Marker {
		return failure
	}
	return upload.ErrGone
}

// mayBeMissing reports whether the version may be missing. S3 answers 404 for a missing version, but also for a missing
// bucket, and HEAD does not tell them apart. It answers 403 to a caller who may not list objects, 405 for a delete marker
// and 400 for a malformed version id.
func mayBeMissing(failure error) bool {
	response, ok := errors.AsType[interface {
		error
		HTTPStatusCode() int
	}](failure)
	if !ok {
		return false
	}
	switch response.HTTPStatusCode() {
	case http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed:
		return true
	}
	return false
}

// find reports whether the bucket has a version, or a delete marker, of a key.
func (b *Bucket) find(ctx context.Context, key, versionID string) (upload.Version, bool, error) {
	versions, err := b.Versions(ctx, key)
	i := slices.IndexFunc(versions, func(v upload.Version) bool { return v.ID == versionID })
	if i < 0 {
		return upload.Version{}, false, err
	}
	return versions[i], true, nil
}

// Versions implements lifecycle.VersionLister.
func (b *Bucket) Versions(ctx context.Context, key string) ([]upload.Version, error) {
	var versions, markers []upload.Version // the newest first, as S3 lists them
	pages := s3.NewListObjectVersionsPaginator(b.client, &s3.ListObjectVersionsInput{Bucket: &b.name, Prefix: &key})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, wrap("listing the versions of an object", err)
		}
		for _, v := range page.Versions {
			if aws.ToString(v.Key) == key {
				versions = append(versions, upload.Version{ID: aws.ToString(v.VersionId), Size: aws.ToInt64(v.Size), Modified: aws.ToTime(v.LastModified)})
			}
		}
		for _, m := range page.DeleteMarkers {
			if aws.ToString(m.Key) == key {
				markers = append(markers, upload.Version{ID: aws.ToString(m.VersionId), Modified: aws.ToTime(m.LastModified), Marker: true})
			}
		}
		if aws.ToString(page.NextKeyMarker) > key {
			break // keys are listed in the order of their bytes
		}
	}
	return oldestFirst(versions, markers), nil
}

// oldestFirst merges two lists that have the newest first. Each keeps its own order, which is that of arrival. Times alone
// would not do: that of a multipart upload is when it was begun.
func oldestFirst(versions, markers []upload.Version) []upload.Version {
	var all []upload.Version
	for v, m := len(versions), len(markers); v+m > 0; {
		if m == 0 || v > 0 && !versions[v-1].Modified.After(markers[m-1].Modified) {
			v--
			all = append(all, versions[v])
		} else {
			m--
			all = append(all, markers[m])
		}
	}
	return all
}

// AbortUploads implements lifecycle.Remains. A part that is being sent may survive until the bucket's rule for incomplete
// uploads removes it.
func (b *Bucket) AbortUploads(ctx context.Context, key string) error {
	open, err := b.uploads(ctx, key)
	if err != nil {
		return err
	}
	for _, upload := range open {
		if err := b.abort(ctx, key, upload.ID); err != nil {
			return err
		}
	}
	return nil
}

// maxMultiparts bounds how many multipart uploads are told of one key. A client has one, or a few more that it has lost.
const maxMultiparts = 10

// OpenUploads implements objectVersions of lambda/manage.
func (b *Bucket) OpenUploads(ctx context.Context, key string) ([]upload.Multipart, error) {
	open, err := b.uploads(ctx, key)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(open, func(a, b upload.Multipart) int { return b.Begun.Compare(a.Begun) })
	open = open[:min(len(open), maxMultiparts)]
	for i := range open {
		if open[i].PartSize, err = b.firstPart(ctx, key, open[i].ID); err != nil {
			return nil, err
		}
	}
	return open, nil
}

// firstPart returns the size of a multipart upload's part 1, in bytes. It is 0 if there is none, or if the upload has just ended.
func (b *Bucket) firstPart(ctx context.Context, key, id string) (int64, error) {
	list, err := b.client.ListParts(ctx, &s3.ListPartsInput{Bucket: &b.name, Key: &key, UploadId: &id, MaxParts: aws.Int32(1)})
	if refusal, ok := errors.AsType[smithy.APIError](err); ok && refusal.ErrorCode() == "NoSuchUpload" {
		return 0, nil
	}
	if err != nil {
		return 0, wrap("listing the parts of a multipart upload", err)
	}
	if len(list.Parts) == 0 || aws.ToInt32(list.Parts[0].PartNumber) != 1 {
		return 0, nil
	}
	return aws.ToInt64(list.Parts[0].Size), nil
}

// uploads returns the open multipart uploads of exactly this key, without their part sizes.
func (b *Bucket) uploads(ctx context.Context, key string) ([]upload.Multipart, error) {
	var all []upload.Multipart
	pages := s3.NewListMultipartUploadsPaginator(b.client, &s3.ListMultipartUploadsInput{Bucket: &b.name, Prefix: &key})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, wrap("listing multipart uploads", err)
		}
		for _, open := range page.Uploads {
			if aws.ToString(open.Key) == key {
				all = append(all, upload.Multipart{ID: aws.ToString(open.UploadId), Begun: aws.ToTime(open.Initiated)})
			}
		}
		if aws.ToString(page.NextKeyMarker) > key {
			break
		}
	}
	return all, nil
}

// wrap says what failed. It leaves out the URL, which the SDK's error holds if there was no answer.
func wrap(doing string, err error) error {
	if failure, ok := errors.AsType[*url.Error](err); ok {
		return fmt.Errorf("%s: sending the request: %w", doing, failure.Err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}
