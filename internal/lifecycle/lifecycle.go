// Package lifecycle carries an upload from the arrival of its bytes to its end: inspection (accept, tag, set the verdict,
// publish) and deletion. Each is a sequence of steps. It may be cut short at any point, repeated any number of times, and
// run by several processes at once: it continues at the first step that is not done. It calls its stores by interfaces.
package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"time"

	"postern/api"
	"postern/internal/upload"
)

// A RecordReader reads records of uploads. Every read is consistent. No error holds personal data.
type RecordReader interface {
	// Record reads a record, which may be a tombstone. It reports false if there is none.
	Record(ctx context.Context, owner, id string) (upload.Record, bool, error)
}

// Records keep the records of uploads, and each owner's usage. Every read is consistent. No error holds personal data.
type Records interface {
	RecordReader
	// IsRemoved reports whether the owner was removed. What arrives for such an owner is no upload.
	IsRemoved(ctx context.Context, owner string) (bool, error)
	// Accept writes a new record and adds its Counted and Files to the owner's usage, both or neither. It returns
	// upload.ErrChanged if there is a record already, a tombstone included, and upload.ErrOverQuota if the usage would exceed
	// quota. A record that counts nothing leaves the usage alone and fits any quota.
	Accept(ctx context.Context, record upload.Record, quota upload.Usage) error
	// AcceptFromLink is Accept for an upload that came by a link for guests: it counts the file to the link, too, as one that was
	// rejected if it has a reason. It returns upload.ErrLinkUsedUp if the link has no room for it.
	AcceptFromLink(ctx context.Context, record upload.Record, quota upload.Usage, link upload.LinkLimits) error
	// LinkState reads what has become of a link of an owner.
	LinkState(ctx context.Context, owner, id string) (upload.LinkState, error)
	// SetVerdict sets the Status of an accepted record to its Verdict, increments its Version, and returns it. It returns
	// upload.ErrChanged if the record is not accepted any more, or has another VersionID.
	SetVerdict(ctx context.Context, record upload.Record) (upload.Record, error)
	// MarkPublished notes that the event for the record's Status has been published. It returns upload.ErrChanged if the
	// record has another status by now, or does not exist.
	MarkPublished(ctx context.Context, record upload.Record) error
	// MarkDeleted replaces the record by a tombstone that expires at expires, and subtracts its Counted and Files from the
	// owner's usage, both or neither. A Version of 0 means that there is no record: the tombstone is new. It returns
	// upload.ErrChanged if the record's Status, VersionID or Counted is not as given. It returns the tombstone, which keeps
	// nothing that a client wrote.
	MarkDeleted(ctx context.Context, record upload.Record, expires time.Time) (upload.Record, error)
}

// A VersionLister lists what is in the bucket. No error holds personal data.
type VersionLister interface {
	// Versions lists the versions and delete markers of exactly this key, the oldest first.
	Versions(ctx context.Context, key string) ([]upload.Version, error)
}

// Versions are the versions of the bucket's objects. No error holds personal data.
type Versions interface {
	VersionLister
	// Remove deletes versions and delete markers of a key for good, as many as there are in one request where it can. A version
	// that does not exist is no error. If it fails, it may have deleted some.
	Remove(ctx context.Context, key string, versionIDs ...string) error
}

// Objects are the bucket's objects. No error holds personal data.
type Objects interface {
	Versions
	// Open reads the head of a version. It returns upload.ErrGone if the version does not exist or is a delete marker. The
	// object's Content is read with ctx.
	Open(ctx context.Context, key, versionID string) (upload.Object, error)
	// Tag sets the tag status of a version, and keeps its other tags. It returns upload.ErrGone as Open does.
	Tag(ctx context.Context, key, versionID string, status upload.Status) error
}

// Events publish what happens to uploads. No error holds personal data.
type Events interface {
	// Publish sends an event, at least once.
	Publish(ctx context.Context, event upload.Event) error
}

// An Arrival names what is to be inspected: a version of an object or, if VersionID is empty, whatever is under the key.
type Arrival struct {
	Key       string
	Owner, ID string // the parts of Key
	VersionID string
	// At is when the bytes arrived. Zero: it is not known.
	At time.Time
}

// ParseArrival returns the arrival of a version of an object, or of its key if versionID is empty. It reports false if the
// key is not that of an upload.
func ParseArrival(key, versionID string) (Arrival, bool) {
	owner, id, ok := api.ParseKey(key)
	return Arrival{Key: key, Owner: owner, ID: id, VersionID: versionID}, ok
}

// maxAttempts bounds how often steps are retried on a conflict. After that, the message is delivered again.
const maxAttempts = 5

// retryOnConflict calls steps until they do not return upload.ErrChanged. They start from the first step each time.
func retryOnConflict(steps func() error) error {
	for range maxAttempts {
		if err := steps(); !errors.Is(err, upload.ErrChanged) {
			return err
		}
	}
	return fmt.Errorf("trying %d times: %w", maxAttempts, upload.ErrChanged)
}
