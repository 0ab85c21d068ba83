package e2e_test

import (
	"bufio"
	"context"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// A store looks into the bucket as its operator, past the API.
type store struct {
	client *s3.Client
	bucket string
}

// An object is what lies under a key.
type object struct {
	Body        string
	ContentType string
	Tags        map[string]string
	Metadata    map[string]string
}

// openStore opens the bucket that a form points at, with the operator's credentials of the local run.
func openStore(t *testing.T, run *localRun, f form) store {
	t.Helper()
	at, err := url.Parse(f.URL)
	if err != nil {
		t.Fatal(err)
	}
	credentials := operatorCredentials(t, run.data)
	client := s3.New(s3.Options{
		Region:       "eu-west-1",
		BaseEndpoint: aws.String("http://" + at.Host),
		UsePathStyle: true,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return credentials, nil
		}),
	})
	return store{client, strings.Trim(at.Path, "/")}
}

// operatorCredentials reads the AWS credentials file that the local run writes for its operator.
func operatorCredentials(t *testing.T, data string) aws.Credentials {
	t.Helper()
	file, err := os.Open(filepath.Join(data, "credentials"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	values := map[string]string{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if name, value, ok := strings.Cut(lines.Text(), "="); ok {
			values[strings.TrimSpace(name)] = strings.TrimSpace(value)
		}
	}
	return aws.Credentials{
		AccessKeyID:     values["aws_access_key_id"],
		SecretAccessKey: values["aws_secret_access_key"],
		SessionToken:    values["aws_session_token"],
	}
}

// keys lists every key of the bucket that has any version, sorted.
func (s store) keys(t *testing.T) []string {
	t.Helper()
	var keys []string
	pages := s3.NewListObjectVersionsPaginator(s.client, &s3.ListObjectVersionsInput{Bucket: &s.bucket})
	for pages.HasMorePages() {
		page, err := pages.NextPage(context.Background())
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

// get reads an object, with its tags and metadata.
func (s store) get(t *testing.T, key string) object {
	t.Helper()
	ctx := context.Background()
	got, err := s.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.bucket, Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = got.Body.Close() }()
	body, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	tagging, err := s.client.GetObjectTagging(ctx, &s3.GetObjectTaggingInput{Bucket: &s.bucket, Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	tags := map[string]string{}
	for _, tag := range tagging.TagSet {
		tags[*tag.Key] = *tag.Value
	}
	return object{string(body), aws.ToString(got.ContentType), tags, got.Metadata}
}
