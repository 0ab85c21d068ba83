package objects

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"postern/internal/upload"
)

// maxRemoved is how many versions one request deletes at most, and how many one lists.
// Source: Amazon S3 API Reference, DeleteObjects and ListObjectVersions.
const maxRemoved = 1000

// Remove implements lifecycle.Versions.
func (b *Bucket) Remove(ctx context.Context, key string, versionIDs ...string) error {
	if len(versionIDs) == 1 {
		return b.remove(ctx, key, versionIDs[0])
	}
	for ids := range slices.Chunk(versionIDs, maxRemoved) {
		versions := make([]upload.KeyVersion, len(ids))
		for i, id := range ids {
			versions[i] = upload.KeyVersion{Key: key, VersionID: id}
		}
		if err := b.RemoveAll(ctx, versions); err != nil {
			return err
		}
	}
	return nil
}

// remove deletes one version.
func (b *Bucket) remove(ctx context.Context, key, versionID string) error {
	const doing = "deleting a version of an object"
	if versionID == "" {
		// S3 would put a delete marker on top.
		return fmt.Errorf("%s: %w", doing, errNoVersion)
	}
	_, err := b.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.name, Key: &key, VersionId: &versionID})
	if err == nil {
		return nil
	}
	failure := wrap(doing, err)
	if !mayBeMissing(failure) {
		return failure
	}
	// S3 itself reports success for a version that does not exist. Other servers do not.
	_, ok, err := b.find(ctx, key, versionID)
	if err != nil {
		return errors.Join(failure, err)
	}
	if ok {
		return failure
	}
	return nil
}

// RemoveAll implements lifecycle.OwnerObjects.
func (b *Bucket) RemoveAll(ctx context.Context, versions []upload.KeyVersion) error {
	const doing = "deleting versions of objects"
	var named []types.ObjectIdentifier
	for _, v := range versions {
		if v.VersionID == "" || !isXML(v.Key) {
			if err := b.Remove(ctx, v.Key, v.VersionID); err != nil {
				return err
			}
			continue
		}
		named = append(named, types.ObjectIdentifier{Key: &v.Key, VersionId: &v.VersionID})
	}
	if len(named) == 0 {
		return nil
	}
	output, err := b.client.DeleteObjects(ctx, &s3.DeleteObjectsInput{
		Bucket: &b.name, Delete: &types.Delete{Objects: named, Quiet: aws.Bool(true)},
	})
	if err != nil {
		return wrap(doing, err)
	}
	if len(output.Errors) > 0 {
		first := output.Errors[0]
		return fmt.Errorf("%s: S3 refuses %d of %d: %s: %s", doing, len(output.Errors), len(named), aws.ToString(first.Code), aws.ToString(first.Message))
	}
	return nil
}

// isXML reports whether the body of a request can name a key, which XML's own line ends would change, too.
func isXML(key string) bool {
	return utf8.ValidString(key) && !strings.ContainsFunc(key, func(r rune) bool {
		return r < ' ' || r == utf8.RuneError || r == '\ufffe' || r == '\uffff'
	})
}
