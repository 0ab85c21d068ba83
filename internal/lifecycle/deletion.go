package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"time"

	"postern/internal/upload"
)

// Remains are what is left of an upload in the bucket.
type Remains interface {
	Versions
	// AbortUploads aborts every open multipart upload of exactly this key.
	AbortUploads(ctx context.Context, key string) error
}

// A Queue takes requests to inspect a key. No error holds personal data.
type Queue interface {
	// Inspect has whatever is under the key inspected, at least once.
	Inspect(ctx context.Context, key string) error
}

// A Deletion deletes uploads. It is safe for concurrent use, also with inspections. It can be repeated after any failure.
// Once the record is a tombstone and the key is queued, an Inspector completes it.
type Deletion struct {
	Records Records
	Objects Remains
	Queue   Queue
	Now     func() time.Time
}

// Delete deletes an upload. record is what was read of it or, if there is none, one with Owner, ID, Key and a Version of
// 0. Delete reports false, and does nothing, if the upload is deleted already and the event of that is published.
func (d *Deletion) Delete(ctx context.Context, record upload.Record) (bool, error) {
	if record.Status == upload.Deleted && record.Published {
		return false, nil
	}
	// This comes first, because nothing else does it: once the event of the tombstone is published, the deletion counts as done.
	if err := d.Objects.AbortUploads(ctx, record.Key); err != nil {
		return false, err
	}
	tombstone, err := d.markDeleted(ctx, record)
	if err != nil || tombstone.Published {
		return false, err
	}
	if err := d.Queue.Inspect(ctx, tombstone.Key); err != nil {
		return false, err
	}
	return true, removeAll(ctx, d.Objects, tombstone.Key)
}

// markDeleted replaces the record by a tombstone, also if it changes in the meantime.
func (d *Deletion) markDeleted(ctx context.Context, record upload.Record) (tombstone upload.Record, err error) {
	err = retryOnConflict(func() error {
		if record.Status == upload.Deleted {
			tombstone = record
			return nil
		}
		tombstone, err = d.Records.MarkDeleted(ctx, record, d.Now().Add(upload.TombstoneLifetime))
		if !errors.Is(err, upload.ErrChanged) {
			return err
		}
		if record, err = d.reread(ctx, record); err != nil {
			return err
		}
		return upload.ErrChanged
	})
	return tombstone, err
}

// reread returns the record as it is now. If it is gone, it returns one with a Version of 0.
func (d *Deletion) reread(ctx context.Context, record upload.Record) (upload.Record, error) {
	changed, found, err := d.Records.Record(ctx, record.Owner, record.ID)
	if err != nil || found {
		return changed, err
	}
	return upload.Record{Owner: record.Owner, ID: record.ID, Key: record.Key}, nil
}

// removeAll removes every version and delete marker of a key.
func removeAll(ctx context.Context, objects Versions, key string) error {
	versions, err := objects.Versions(ctx, key)
	if err != nil || len(versions) == 0 {
		return err
	}
	ids := make([]string, len(versions))
	for i, version := range versions {
		ids[i] = version.ID
	}
	if err := objects.Remove(ctx, key, ids...); err != nil {
		return fmt.Errorf("removing versions: %w", err)
	}
	return nil
}
