package lifecycle_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"postern/internal/lifecycle"
	"postern/internal/upload"
)

// A versionedBucket keeps every version of an object until it is removed, as S3 does with versioning on.
type versionedBucket struct {
	keys   map[string][]*version // the oldest first
	stored int                   // versions and delete markers so far
	aborts int
	open   map[string][]string // ids of open multipart uploads, by key
}

type version struct {
	upload.Version
	object upload.Object
	tag    string
}

func newVersionedBucket() *versionedBucket {
	return &versionedBucket{keys: map[string][]*version{}, open: map[string][]string{}}
}

// put stores an object as the newest version of its key.
func (b *versionedBucket) put(key string, object upload.Object) (versionID string) {
	b.stored++
	id := fmt.Sprintf("v%d", b.stored)
	b.keys[key] = append(b.keys[key], &version{Version: upload.Version{ID: id, Size: object.Size}, object: object})
	return id
}

// mark puts a delete marker over a key.
func (b *versionedBucket) mark(key string) (versionID string) {
	b.stored++
	id := fmt.Sprintf("m%d", b.stored)
	b.keys[key] = append(b.keys[key], &version{Version: upload.Version{ID: id, Marker: true}})
	return id
}

// newest is the newest version or delete marker of a key, nil if there is none.
func (b *versionedBucket) newest(key string) *version {
	if versions := b.keys[key]; len(versions) > 0 {
		return versions[len(versions)-1]
	}
	return nil
}

// tags are those of a key's versions without the delete markers.
func (b *versionedBucket) tags(key string) map[string]string {
	tags := map[string]string{}
	for _, v := range b.keys[key] {
		if !v.Marker {
			tags[v.ID] = v.tag
		}
	}
	return tags
}

func (b *versionedBucket) find(key, versionID string) (*version, error) {
	for _, v := range b.keys[key] {
		if v.ID == versionID && !v.Marker {
			return v, nil
		}
	}
	return nil, fmt.Errorf("finding a version: %w", upload.ErrGone)
}

func (b *versionedBucket) Open(_ context.Context, key, versionID string) (upload.Object, error) {
	v, err := b.find(key, versionID)
	if err != nil {
		return upload.Object{}, err
	}
	object := v.object
	object.Metadata = maps.Clone(object.Metadata)
	return object, nil
}

func (b *versionedBucket) Tag(_ context.Context, key, versionID string, status upload.Status) error {
	v, err := b.find(key, versionID)
	if err != nil {
		return err
	}
	v.tag = string(status)
	return nil
}

func (b *versionedBucket) Remove(_ context.Context, key string, versionIDs ...string) error {
	b.keys[key] = slices.DeleteFunc(b.keys[key], func(v *version) bool { return slices.Contains(versionIDs, v.ID) })
	return nil
}

func (b *versionedBucket) Versions(_ context.Context, key string) ([]upload.Version, error) {
	var versions []upload.Version
	for _, v := range b.keys[key] {
		versions = append(versions, v.Version)
	}
	return versions, nil
}

func (b *versionedBucket) AbortUploads(_ context.Context, key string) error {
	b.aborts++
	delete(b.open, key)
	return nil
}

// content are bytes that fit a format, or do not.
const (
	fitting = "fits"
	foreign = "does not"
)

// sealed is the metadata of an object under a key, as a signature of Postern's has it.
func sealed(key string, declared upload.Declared) map[string]string {
	a, _ := lifecycle.ParseArrival(key, "")
	metadata, err := derived(a.Owner).Seal(key, declared, strings.NewReader("twelve bytes"))
	if err != nil {
		panic(err)
	}
	return metadata
}

// object is one of size bytes that a signature of Postern's stored under the key of most tests.
func object(size, quota int64, content string) upload.Object {
	return upload.Object{
		Size: size, Type: "video/mp4", ETag: `"e"`, Metadata: sealed(key, upload.Declared{Quota: quota, Filename: "f.mp4", Title: "t"}),
		Content: strings.NewReader(content),
	}
}
