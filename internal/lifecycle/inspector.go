package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"postern/internal/contract"
	"postern/internal/upload"
)

// An Inspector carries uploads from their arrival to their verdict, and removes what no record pins. It is safe for
// concurrent use, also with other processes, and each of its methods can be repeated after any failure.
type Inspector struct {
	Records Records
	Objects Objects
	Events  Events
	// Check compares an object's content with its format: upload.TypeMismatch if it is another, empty if it fits.
	Check func(format contract.Format, object upload.Object) (upload.Reason, error)
	// Folders is the stage's format table.
	Folders contract.Folders
	Now     func() time.Time
	// Log hears of verdicts and of what is removed, by owner and id.
	Log *slog.Logger
}

// Inspect takes every step that is left of what arrived. The first version that is accepted is the upload; any other is
// removed, and so is what arrives for a tombstone.
func (i *Inspector) Inspect(ctx context.Context, arrival Arrival) error {
	return retryOnConflict(func() error { return i.inspect(ctx, arrival) })
}

func (i *Inspector) inspect(ctx context.Context, arrival Arrival) error {
	record, found, err := i.Records.Record(ctx, arrival.Owner, arrival.ID)
	switch {
	case err != nil:
		return err
	case !found:
		return i.begin(ctx, arrival)
	case record.Status == upload.Deleted:
		return i.inspectDeleted(ctx, arrival, record)
	}
	if arrival.VersionID == "" || pins(record, arrival) {
		if err := i.resume(ctx, record); err != nil {
			return err
		}
	}
	return i.discard(ctx, arrival, record)
}

// begin accepts the arrival, for which there is no record, and goes on from there.
func (i *Inspector) begin(ctx context.Context, arrival Arrival) error {
	first, err := i.first(ctx, arrival)
	if err != nil {
		return err
	}
	if first == "" {
		return i.giveUp(ctx, arrival)
	}
	record, err := i.accept(ctx, arrival, first)
	switch {
	case errors.Is(err, upload.ErrGone) && arrival.VersionID == "":
		return upload.ErrChanged // there may be others under the key
	case errors.Is(err, upload.ErrGone):
		return i.giveUp(ctx, arrival)
	case err != nil:
		return err
	}
	if err := i.resume(ctx, record); err != nil {
		return err
	}
	return i.discard(ctx, arrival, record)
}

// giveUp leaves an arrival whose bytes are gone, unless there is a record by now: then they may have been removed in an
// inspection that was cut short.
func (i *Inspector) giveUp(ctx context.Context, arrival Arrival) error {
	_, found, err := i.Records.Record(ctx, arrival.Owner, arrival.ID)
	if err == nil && found {
		return upload.ErrChanged
	}
	return err
}

// first is the version to be accepted: the one that arrived, or the oldest under its key. Empty if there is none.
func (i *Inspector) first(ctx context.Context, arrival Arrival) (versionID string, err error) {
	if arrival.VersionID != "" {
		return arrival.VersionID, nil
	}
	versions, err := i.Objects.Versions(ctx, arrival.Key)
	if err != nil {
		return "", err
	}
	for _, version := range versions {
		if !version.Marker {
			return version.ID, nil
		}
	}
	return "", nil
}

// inspectDeleted removes what arrived for a tombstone, and takes what steps are left of a deletion.
func (i *Inspector) inspectDeleted(ctx context.Context, arrival Arrival, tombstone upload.Record) error {
	if err := i.discard(ctx, arrival, tombstone); err != nil {
		return err
	}
	if tombstone.Announced {
		return nil
	}
	return i.clear(ctx, tombstone)
}

// resume takes what steps are left of a record that is no tombstone.
func (i *Inspector) resume(ctx context.Context, record upload.Record) error {
	if record.Status != upload.Accepted {
		return i.announce(ctx, record)
	}
	err := i.mark(ctx, record)
	if errors.Is(err, upload.ErrGone) {
		return i.markExpired(ctx, record)
	}
	if err != nil {
		return err
	}
	settled, err := i.Records.SetVerdict(ctx, record)
	if err != nil {
		return err
	}
	i.Log.InfoContext(ctx, "verdict set", "owner", settled.Owner, "id", settled.ID,
		"status", string(settled.Status), "reason", string(settled.Reason), "size", settled.Size)
	return i.announce(ctx, settled)
}

// mark makes the bytes what the verdict says: a tag on the version, or over quota no bytes at all.
func (i *Inspector) mark(ctx context.Context, record upload.Record) error {
	if record.Reason == upload.OverQuota {
		return i.Objects.Remove(ctx, record.Key, record.VersionID)
	}
	return i.Objects.Tag(ctx, record.Key, record.VersionID, record.Verdict())
}

// announce publishes the record's status unless that is done. What a client wrote stays behind.
func (i *Inspector) announce(ctx context.Context, record upload.Record) error {
	if record.Announced {
		return nil
	}
	if err := i.publish(ctx, record); err != nil {
		return err
	}
	return i.Records.MarkAnnounced(ctx, record)
}

// publish tells others of a record's status. Of the end of an upload that never was they hear nothing: anybody may
// delete any number of ids of their own that were never used.
func (i *Inspector) publish(ctx context.Context, record upload.Record) error {
	if record.Status == upload.Deleted && record.VersionID == "" {
		return nil
	}
	return i.Events.Publish(ctx, upload.Event{
		ID: record.Owner + "/" + record.ID + "/" + string(record.Status),
		Record: upload.Record{
			Owner: record.Owner, ID: record.ID, Key: record.Key, VersionID: record.VersionID, Status: record.Status,
			Reason: record.Reason, Size: record.Size, Type: record.Type, Checksum: record.Checksum,
		},
	})
}

// markExpired ends an upload whose bytes are gone, or soon will be.
func (i *Inspector) markExpired(ctx context.Context, record upload.Record) error {
	tombstone, err := i.Records.MarkDeleted(ctx, record, i.Now().Add(upload.TombstoneLifetime))
	if err != nil {
		return err
	}
	i.Log.InfoContext(ctx, "upload expired", "owner", record.Owner, "id", record.ID)
	return i.clear(ctx, tombstone)
}

// clear removes all that is left of a deleted upload, and announces its end.
func (i *Inspector) clear(ctx context.Context, tombstone upload.Record) error {
	if err := removeAll(ctx, i.Objects, tombstone.Key); err != nil {
		return err
	}
	return i.announce(ctx, tombstone)
}

// discard removes of what arrived all that the record does not pin.
func (i *Inspector) discard(ctx context.Context, arrival Arrival, record upload.Record) error {
	versions := []upload.Version{{ID: arrival.VersionID}}
	if arrival.VersionID == "" {
		var err error
		if versions, err = i.Objects.Versions(ctx, arrival.Key); err != nil {
			return err
		}
	}
	for _, version := range versions {
		arrival.VersionID = version.ID
		if record.Status != upload.Deleted && (version.Marker || pins(record, arrival)) {
			continue
		}
		if err := i.Objects.Remove(ctx, arrival.Key, version.ID); err != nil {
			return err
		}
		i.Log.WarnContext(ctx, "version removed", "owner", record.Owner, "id", record.ID, "status", string(record.Status))
	}
	return nil
}

// pins reports whether the arrival is the version that was accepted.
func pins(record upload.Record, arrival Arrival) bool {
	return record.Key == arrival.Key && record.VersionID == arrival.VersionID
}

// Expire ends an upload whose bytes have expired by a rule of the bucket's life cycle, which arrival tells of: a
// rejected one that such a rule has put a delete marker on, or any whose version is gone.
func (i *Inspector) Expire(ctx context.Context, arrival Arrival) error {
	return retryOnConflict(func() error { return i.expire(ctx, arrival) })
}

func (i *Inspector) expire(ctx context.Context, arrival Arrival) error {
	record, found, err := i.Records.Record(ctx, arrival.Owner, arrival.ID)
	switch {
	case err != nil:
		return err
	case !found:
		return nil
	case record.Status == upload.Deleted && !record.Announced:
		return i.clear(ctx, record)
	case record.Status == upload.Deleted, record.Reason == upload.OverQuota: // without bytes anyway
		return nil
	}
	versions, err := i.Objects.Versions(ctx, record.Key)
	if err != nil || !isExpired(record, versions) {
		return err
	}
	return i.markExpired(ctx, record)
}

// isExpired decides by the versions under the record's key, the oldest first.
func isExpired(record upload.Record, versions []upload.Version) bool {
	at := slices.IndexFunc(versions, func(v upload.Version) bool { return v.ID == record.VersionID })
	if at < 0 {
		return true
	}
	return record.Verdict() == upload.Rejected && slices.ContainsFunc(versions[at:], func(v upload.Version) bool { return v.Marker })
}

// removeAll deletes every version and delete marker of a key.
func removeAll(ctx context.Context, objects Versions, key string) error {
	versions, err := objects.Versions(ctx, key)
	if err != nil {
		return err
	}
	for _, version := range versions {
		if err := objects.Remove(ctx, key, version.ID); err != nil {
			return fmt.Errorf("removing a version: %w", err)
		}
	}
	return nil
}
