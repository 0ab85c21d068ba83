// Package lifecycle carries an upload from the arrival of its bytes to its end: inspection (accept, tag, settle,
// announce) and deletion. Each is a sequence of steps that can be cut short at any point and begun again any number of
// times, by several at once: it goes on at the first step that is not done. It knows its stores by what they promise.
package lifecycle

import (
	"context"
	"time"

	"postern/internal/upload"
)

// Records keep what is known of uploads, and each owner's usage. Every read is consistent. No error holds personal data.
type Records interface {
	// Record reads a record, a tombstone included, and reports false when there is none.
	Record(ctx context.Context, owner, id string) (upload.Record, bool, error)
	// Accept writes a new record and adds its Counted to the owner's usage, both or neither: upload.ErrChanged when
	// there is a record already, upload.ErrOverQuota when the usage would then be more than quota. A record whose Counted
	// is 0 leaves the usage alone and fits any quota.
	Accept(ctx context.Context, record upload.Record, quota int64) error
	// SetVerdict gives an accepted record its Verdict as status and the next Version, and returns it. It is
	// upload.ErrChanged when the record is not accepted any more, or pins another version of the object.
	SetVerdict(ctx context.Context, record upload.Record) (upload.Record, error)
	// MarkAnnounced notes that the event of the record's status is sent. It is upload.ErrChanged when the record has another
	// status by now.
	MarkAnnounced(ctx context.Context, record upload.Record) error
	// MarkDeleted turns the record, as it was read, into a tombstone until expires, and gives its Counted back to the owner's
	// usage, both or neither. A record with a Version of 0 is one that does not exist: the tombstone is new. It is
	// upload.ErrChanged when the record has come further since it was read, or pins or counts something else; what people
	// have written of it in the meantime goes with it. It returns the tombstone.
	MarkDeleted(ctx context.Context, record upload.Record, expires time.Time) (upload.Record, error)
}

// Versions are what lies under keys in the bucket. No error holds personal data.
type Versions interface {
	// Versions lists the versions and delete markers of exactly this key, the oldest first.
	Versions(ctx context.Context, key string) ([]upload.Version, error)
	// Remove deletes a version for good. One that is not there is no error.
	Remove(ctx context.Context, key, versionID string) error
}

// Objects are the bucket's. No error holds personal data.
type Objects interface {
	Versions
	// Open reads the head of a version: upload.ErrGone when there is none.
	Open(ctx context.Context, key, versionID string) (upload.Object, error)
	// Tag sets the tag status of a version, and no other: upload.ErrGone when there is none.
	Tag(ctx context.Context, key, versionID string, status upload.Status) error
}

// Events hear of uploads. No error holds personal data.
type Events interface {
	// Publish sends an announcement, at least once.
	Publish(ctx context.Context, announcement upload.Event) error
}
