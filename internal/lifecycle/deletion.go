package lifecycle

import (
	"context"
	"errors"
	"time"

	"postern/internal/upload"
)

// Remains are what is left of an upload in the bucket.
type Remains interface {
	Versions
	// AbortUploads aborts every multipart upload of exactly this key that is open.
	AbortUploads(ctx context.Context, key string) error
}

// A Queue takes what is to be inspected.
type Queue interface {
	// Inspect has whatever is under the key inspected, at least once.
	Inspect(ctx context.Context, key string) error
}

// A Deletion deletes uploads. It is safe for concurrent use, also with inspections. After any failure it can be
// repeated, and, once the record is a tombstone and the queue knows, an Inspector completes it.
type Deletion struct {
	Records Records
	Objects Remains
	Queue   Queue
	Now     func() time.Time
}

// Delete deletes an upload: record is what was read of it, or if there is no record one with Owner, ID, Key and a
// Version of 0. It reports false, and does nothing, when the upload is deleted already and that is announced.
func (d *Deletion) Delete(ctx context.Context, record upload.Record) (bool, error) {
	if record.Status == upload.Deleted && record.Announced {
		return false, nil
	}
	// First, because nothing else does it: once the tombstone is announced, all is taken to be done.
	if err := d.Objects.AbortUploads(ctx, record.Key); err != nil {
		return false, err
	}
	tombstone, err := d.markDeleted(ctx, record)
	if err != nil || tombstone.Announced {
		return false, err
	}
	if err := d.Queue.Inspect(ctx, tombstone.Key); err != nil {
		return false, err
	}
	return true, removeAll(ctx, d.Objects, tombstone.Key)
}

// markDeleted turns the record into a tombstone, also if it changes in the meantime.
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

// reread is the record as it is by now, or what is known of one that is gone.
func (d *Deletion) reread(ctx context.Context, record upload.Record) (upload.Record, error) {
	changed, found, err := d.Records.Record(ctx, record.Owner, record.ID)
	if err != nil || found {
		return changed, err
	}
	return upload.Record{Owner: record.Owner, ID: record.ID, Key: record.Key}, nil
}
