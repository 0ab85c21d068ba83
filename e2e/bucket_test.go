package e2e_test

import (
	"io"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// An object is what lies under a key.
type object struct {
	Body        string
	ContentType string
	Tags        map[string]string
	Metadata    map[string]string
}

// keys lists every key of the bucket that has any version, sorted.
func (o operator) keys(t *testing.T) []string {
	t.Helper()
	var keys []string
	pages := s3.NewListObjectVersionsPaginator(o.objects, &s3.ListObjectVersionsInput{Bucket: aws.String(o.outputs["BucketName"])})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, version := range page.Versions {
			keys = append(keys, *version.Key)
		}
		for _, marker := range page.DeleteMarkers {
			keys = append(keys, *marker.Key)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// object reads an object, with its tags and metadata.
func (o operator) object(t *testing.T, key string) object {
	t.Helper()
	ctx := t.Context()
	got, err := o.objects.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(o.outputs["BucketName"]), Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = got.Body.Close() }()
	body, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	tagging, err := o.objects.GetObjectTagging(ctx, &s3.GetObjectTaggingInput{Bucket: aws.String(o.outputs["BucketName"]), Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	tags := map[string]string{}
	for _, tag := range tagging.TagSet {
		tags[*tag.Key] = *tag.Value
	}
	return object{string(body), aws.ToString(got.ContentType), tags, got.Metadata}
}
