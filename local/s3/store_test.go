package s3_test

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"

	"postern/local/stacktest"
)

// putVersions stores versions of one key, each with its number in its bytes, metadata, type and tag.
func (r s3Run) putVersions(t *testing.T, n int) []string {
	t.Helper()
	var versions []string
	for i := range n {
		input := put(bucket, key, fmt.Sprint("s", i))
		input.Body, input.ContentType = strings.NewReader(fmt.Sprint("content ", i)), aws.String(fmt.Sprint("video/", i))
		input.Metadata, input.ChecksumAlgorithm = map[string]string{"quota": fmt.Sprint(i)}, types.ChecksumAlgorithmSha256
		out, err := r.client.PutObject(t.Context(), input)
		if err != nil {
			t.Fatal(err)
		}
		versions = append(versions, *out.VersionId)
	}
	return versions
}

// describe is what a version holds: range, type, metadata, checksum's length, tags.
func (r s3Run) describe(t *testing.T, version string) string {
	t.Helper()
	b, k := aws.String(bucket), aws.String(key)
	got, err := r.client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: b, Key: k, VersionId: &version, Range: aws.String("bytes=8-")})
	if err != nil {
		return stacktest.Code(err)
	}
	content, _ := io.ReadAll(got.Body)
	head, err := r.client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: b, Key: k, VersionId: &version, ChecksumMode: types.ChecksumModeEnabled})
	if err != nil {
		return stacktest.Code(err)
	}
	tagging, err := r.client.GetObjectTagging(t.Context(), &s3.GetObjectTaggingInput{Bucket: b, Key: k, VersionId: &version})
	if err != nil {
		return stacktest.Code(err)
	}
	text := fmt.Sprint(string(content), " ", *head.ContentType, " ", head.Metadata["quota"], " ", len(aws.ToString(head.ChecksumSHA256)))
	for _, tag := range tagging.TagSet {
		text += " " + *tag.Key + "=" + *tag.Value
	}
	return text
}

// TestVersions has versions keep what is theirs, whichever is the newest.
func TestVersions(t *testing.T) {
	r := startS3(t, t.TempDir())
	ctx, b, k := t.Context(), aws.String(bucket), aws.String(key)
	versions := r.putVersions(t, 3)
	tag := func(version, value string) {
		t.Helper()
		if _, err := r.client.PutObjectTagging(ctx, &s3.PutObjectTaggingInput{Bucket: b, Key: k, VersionId: &version, Tagging: status(value)}); err != nil {
			t.Errorf("tagging %s: %v", value, err)
		}
	}
	remove := func(version string) {
		t.Helper()
		if _, err := r.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: b, Key: k, VersionId: &version}); err != nil {
			t.Errorf("deleting %s: %v", version, err)
		}
	}
	check := func(when string, want ...string) {
		t.Helper()
		var got []string
		for _, v := range versions {
			got = append(got, r.describe(t, v))
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("%s (-got +want):\n%s", when, diff)
		}
	}
	check("stored", "0 video/0 0 44 status=s0", "1 video/1 1 44 status=s1", "2 video/2 2 44 status=s2")
	tag(versions[0], "ready")
	check("the oldest tagged", "0 video/0 0 44 status=ready", "1 video/1 1 44 status=s1", "2 video/2 2 44 status=s2")
	remove(versions[2])
	check("the newest deleted", "0 video/0 0 44 status=ready", "1 video/1 1 44 status=s1", "NoSuchVersion")
	remove(versions[2])
	remove("01M89FNVDQ97R06ET7NHZ4D92Z")
	if _, err := r.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: b, Key: k}); err != nil {
		t.Fatal(err)
	}
	tag(versions[1], "rejected")
	check("below a delete marker", "0 video/0 0 44 status=ready", "1 video/1 1 44 status=rejected", "NoSuchVersion")
	remove(versions[0])
	remove(versions[1])
	check("deleted", "NoSuchVersion", "NoSuchVersion", "NoSuchVersion")

	for name, call := range map[string]func(version string) error{
		"GetObject": func(v string) error {
			_, err := r.client.GetObject(ctx, &s3.GetObjectInput{Bucket: b, Key: k, VersionId: &v})
			return err
		},
		"PutObjectTagging": func(v string) error {
			_, err := r.client.PutObjectTagging(ctx, &s3.PutObjectTaggingInput{Bucket: b, Key: k, VersionId: &v, Tagging: status("ready")})
			return err
		},
		"GetObjectTagging": func(v string) error {
			_, err := r.client.GetObjectTagging(ctx, &s3.GetObjectTaggingInput{Bucket: b, Key: k, VersionId: &v})
			return err
		},
	} {
		if code := stacktest.Code(call(versions[0])); code != "NoSuchVersion" {
			t.Errorf("%s of a missing version: got %s, want NoSuchVersion", name, code)
		}
		if code := stacktest.Code(call("garbage")); code != "InvalidArgument" {
			t.Errorf("%s of what is not a version: got %s, want InvalidArgument", name, code)
		}
	}
}

// TestVersionsWhileOthersCome reads, tags and lists versions of a key while more of them are stored.
func TestVersionsWhileOthersCome(t *testing.T) {
	r := startS3(t, t.TempDir())
	ctx, b, k := t.Context(), aws.String(bucket), aws.String(key)
	var all sync.WaitGroup
	var versions []string
	for i := range 100 {
		version := r.putVersions(t, 1)[0]
		versions = append(versions, version)
		all.Go(func() {
			tagging := &s3.PutObjectTaggingInput{Bucket: b, Key: k, VersionId: &version, Tagging: status(fmt.Sprint("tagged ", i))}
			if _, err := r.client.PutObjectTagging(ctx, tagging); err != nil {
				t.Errorf("tagging: %v", err)
			}
		})
		all.Go(func() {
			list, err := r.client.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: b, Prefix: k})
			if err != nil {
				t.Errorf("listing: %v", err)
				return
			}
			seen := make(map[string]int)
			for _, v := range list.Versions {
				seen[*v.VersionId]++
			}
			for v, n := range seen {
				if n != 1 {
					t.Errorf("a list has %s %d times", v, n)
				}
			}
			if seen[version] == 0 {
				t.Errorf("a list lacks %s, which is stored", version)
			}
		})
	}
	all.Wait()
	for i, version := range versions {
		if got, want := r.describe(t, version), fmt.Sprint("0 video/0 0 44 status=tagged ", i); got != want {
			t.Errorf("version %d: got %s, want %s", i, got, want)
		}
	}
}

// TestListAfterADeletedMarker goes on with a list whose next marker was deleted meanwhile.
func TestListAfterADeletedMarker(t *testing.T) {
	r := startS3(t, t.TempDir())
	ctx, b := t.Context(), aws.String(bucket)
	for i := range 4 {
		if _, err := r.client.PutObject(ctx, put(bucket, fmt.Sprintf("videos/o/%d.mp4", i), "")); err != nil {
			t.Fatal(err)
		}
	}
	page, err := r.client.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: b, MaxKeys: aws.Int32(2)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: b, Key: page.NextKeyMarker, VersionId: page.NextVersionIdMarker}); err != nil {
		t.Fatal(err)
	}
	page, err = r.client.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: b, KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker})
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, v := range page.Versions {
		keys = append(keys, *v.Key)
	}
	if diff := cmp.Diff(keys, []string{"videos/o/2.mp4", "videos/o/3.mp4"}); diff != "" {
		t.Errorf("the rest of the list (-got +want):\n%s", diff)
	}
}

// TestReadyVersionBelowAPendingOne reads a version by its own tag: as manage signs its download.
func TestReadyVersionBelowAPendingOne(t *testing.T) {
	r := startS3(t, t.TempDir())
	ctx, b, k := t.Context(), aws.String(bucket), aws.String(key)
	versions := r.putVersions(t, 2)
	inspect, manage := r.clientOf(r.Issue(t, "InspectRole")), r.clientOf(r.Issue(t, "ManageRole"))
	if _, err := inspect.PutObjectTagging(ctx, &s3.PutObjectTaggingInput{Bucket: b, Key: k, VersionId: &versions[0], Tagging: status("ready")}); err != nil {
		t.Fatal(err)
	}
	_, err := inspect.PutObjectTagging(ctx, &s3.PutObjectTaggingInput{Bucket: b, Key: k, VersionId: &versions[0], Tagging: status("pending")})
	if !isDenied(err) {
		t.Errorf("tagging it pending: got %v, want AccessDenied", err)
	}
	if _, err := manage.GetObject(ctx, &s3.GetObjectInput{Bucket: b, Key: k, VersionId: &versions[0]}); err != nil {
		t.Errorf("the ready version: got %v, want it allowed", err)
	}
	if _, err := manage.GetObject(ctx, &s3.GetObjectInput{Bucket: b, Key: k, VersionId: &versions[1]}); !isDenied(err) {
		t.Errorf("the pending version: got %v, want AccessDenied", err)
	}
	if _, err := inspect.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: b, Key: k, VersionId: &versions[1]}); err != nil {
		t.Errorf("deleting the pending version: got %v, want it allowed", err)
	}
	if _, err := inspect.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: b, Key: k}); !isDenied(err) {
		t.Errorf("deleting whatever version: got %v, want AccessDenied", err)
	}
	if _, err := manage.GetObject(ctx, &s3.GetObjectInput{Bucket: b, Key: k, VersionId: &versions[0]}); err != nil {
		t.Errorf("the ready version, newest again: got %v, want it allowed", err)
	}
}
