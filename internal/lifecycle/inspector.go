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

// An Inspector carries uploads from their arrival to their verdict, and removes every version that is not the accepted one.
// It is safe for concurrent use, also with other processes. Each method can be repeated after any failure.
type Inspector struct {
	Records Records
	Objects Objects
	Events  Events
	// OwnerKey reads the stage's secret, from which the owners' keys are derived. Its errors do not hold it.
	OwnerKey func(ctx context.Context) ([]byte, error)
	// Check compares an object's content with its format.
	Check func(format contract.Format, object upload.Object) (upload.Finding, error)
	// Folders is the stage's format table.
	Folders contract.Folders
	Now     func() time.Time
	// Replays bounds what one key takes of the inspector. If nil, nothing is left for later.
	Replays *Replays
	// Log gets a line for each verdict, and one for all that an inspection removes, with owner and id.
	Log *slog.Logger
}

// Inspect takes every step that is left of an arrival, and of others of the same key: it reads their record once, and
// removes in bulk what they have to lose. The first version that is accepted is the upload. Any other is removed, and so is
// what arrives for a tombstone. If Inspect fails, it has to be repeated for all of them.
func (i *Inspector) Inspect(ctx context.Context, arrival Arrival, others ...Arrival) error {
	arrivals := append([]Arrival{arrival}, others...)
	for _, a := range others {
		if a.Key != arrival.Key {
			return fmt.Errorf("inspecting arrivals of %s and %s: must be of one key", arrival.Key, a.Key)
		}
		if a.VersionID == "" {
			arrivals = []Arrival{a} // whatever is under the key has all of them
			break
		}
	}
	if arrivals[0].VersionID != "" && i.Replays.covered(arrival.Key) {
		return nil
	}
	return retryOnConflict(func() error { return i.inspect(ctx, arrivals) })
}

// inspect takes arrivals of one key. Without a record, it begins with the first, and has a record for the others.
func (i *Inspector) inspect(ctx context.Context, arrivals []Arrival) error {
	record, found, err := i.Records.Record(ctx, arrivals[0].Owner, arrivals[0].ID)
	switch {
	case err != nil:
		return err
	case !found:
		if err := i.begin(ctx, arrivals[0]); err != nil || len(arrivals) == 1 {
			return err
		}
		return i.inspect(ctx, arrivals[1:])
	case record.Status == upload.Deleted:
		return i.inspectDeleted(ctx, arrivals, record)
	}
	if slices.ContainsFunc(arrivals, func(a Arrival) bool { return a.VersionID == "" || isAccepted(record, a) }) {
		if err := i.resume(ctx, record, arrivals[0].At); err != nil {
			return err
		}
	}
	return i.removeOthers(ctx, arrivals, record)
}

// inspectDeleted removes what arrived for a tombstone, and takes the steps that are left of the deletion.
func (i *Inspector) inspectDeleted(ctx context.Context, arrivals []Arrival, tombstone upload.Record) error {
	if err := i.removeOthers(ctx, arrivals, tombstone); err != nil {
		return err
	}
	if tombstone.Published {
		return nil
	}
	return i.finishDeletion(ctx, tombstone)
}

// resume takes the steps that are left of a record that is not a tombstone. arrived is when its bytes arrived, or zero.
func (i *Inspector) resume(ctx context.Context, record upload.Record, arrived time.Time) error {
	if record.Status != upload.Accepted {
		return i.publish(ctx, record)
	}
	err := i.applyVerdict(ctx, record)
	if errors.Is(err, upload.ErrGone) {
		return i.markExpired(ctx, record)
	}
	if err != nil {
		return err
	}
	judged, err := i.Records.SetVerdict(ctx, record)
	if err != nil {
		return err
	}
	i.logVerdict(ctx, judged, arrived)
	return i.publish(ctx, judged)
}

// logVerdict writes the line of which infra/stack makes metrics. Without the time of the arrival, it does not say how long
// the verdict took.
func (i *Inspector) logVerdict(ctx context.Context, judged upload.Record, arrived time.Time) {
	attributes := []any{
		"owner", judged.Owner, "id", judged.ID,
		"status", string(judged.Status), "reason", string(judged.Reason), "size", judged.Size,
	}
	if !arrived.IsZero() {
		// Two clocks: S3's and this process's.
		attributes = append(attributes, "milliseconds", max(0, i.Now().Sub(arrived).Milliseconds()))
	}
	i.Log.InfoContext(ctx, "verdict set", attributes...)
}

// applyVerdict tags the version with the verdict. It removes a version that has no place to stay instead.
func (i *Inspector) applyVerdict(ctx context.Context, record upload.Record) error {
	if record.IsRefused() {
		return i.Objects.Remove(ctx, record.Key, record.VersionID)
	}
	return i.Objects.Tag(ctx, record.Key, record.VersionID, record.Verdict())
}

// publish publishes the event for the record's status, unless that is done, and notes it. The deletion of an upload that
// never existed has no event: anybody may delete any number of unused ids of their own.
func (i *Inspector) publish(ctx context.Context, record upload.Record) error {
	if record.Published {
		return nil
	}
	if record.Status != upload.Deleted || record.VersionID != "" {
		err := i.Events.Publish(ctx, upload.Event{
			ID: record.Owner + "/" + record.ID + "/" + string(record.Status),
			Record: upload.Record{ // without what a user wrote, but the name of a guest
				Owner: record.Owner, ID: record.ID, Key: record.Key, VersionID: record.VersionID, Status: record.Status,
				Reason: record.Reason, Size: record.Size, Type: record.Type, Context: record.Context,
				Detected: record.Detected, Checksum: record.Checksum, ChecksumAlgorithm: record.ChecksumAlgorithm,
				Guest: record.Guest, Link: record.Link,
			},
		})
		if err != nil {
			return err
		}
	}
	return i.Records.MarkPublished(ctx, record)
}

// removeOthers removes the arrived versions, except the one that the record has accepted. Of a tombstone, it removes all.
// However many there are, it says so in one line. What is too much is left to a later inspection.
func (i *Inspector) removeOthers(ctx context.Context, arrivals []Arrival, record upload.Record) error {
	extra, err := i.extra(ctx, arrivals, record)
	if err != nil || len(extra) == 0 {
		return err
	}
	said, key, left := "versions removed", arrivals[0].Key, false
	if arrivals[0].VersionID == "" {
		left, err = i.Replays.remove(ctx, i.Objects, key, extra)
	} else if left, err = i.Replays.postpone(ctx, key, len(extra)); err == nil && !left {
		err = i.Objects.Remove(ctx, key, extra...)
	}
	if err != nil {
		return err
	}
	if left {
		said = "versions left for later"
	}
	i.Log.WarnContext(ctx, said, "owner", record.Owner, "id", record.ID, "status", string(record.Status), "count", len(extra))
	return nil
}

// extra returns the arrived versions that have to go.
func (i *Inspector) extra(ctx context.Context, arrivals []Arrival, record upload.Record) (ids []string, err error) {
	arrived, err := i.arrived(ctx, arrivals)
	for _, version := range arrived {
		named := Arrival{Key: arrivals[0].Key, VersionID: version.ID}
		if record.Status == upload.Deleted || !version.Marker && !isAccepted(record, named) {
			ids = append(ids, version.ID)
		}
	}
	return ids, err
}

// arrived returns the versions that arrivals of one key name, or all that are under the key.
func (i *Inspector) arrived(ctx context.Context, arrivals []Arrival) ([]upload.Version, error) {
	if arrivals[0].VersionID == "" {
		return i.Objects.Versions(ctx, arrivals[0].Key)
	}
	versions := make([]upload.Version, len(arrivals))
	for n, a := range arrivals {
		versions[n].ID = a.VersionID
	}
	return versions, nil
}

// isAccepted reports whether the arrival is the version that the record has accepted.
func isAccepted(record upload.Record, arrival Arrival) bool {
	return record.Key == arrival.Key && record.VersionID == arrival.VersionID
}

// Expire ends an upload whose bytes have expired by one of the bucket's lifecycle rules: a rejected one that has a delete
// marker, or any whose version is gone.
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
	case record.Status == upload.Deleted && !record.Published:
		return i.finishDeletion(ctx, record)
	case record.Status == upload.Deleted, record.IsRefused(): // it has no bytes that could expire
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

// markExpired deletes an upload whose bytes are gone, or soon will be.
func (i *Inspector) markExpired(ctx context.Context, record upload.Record) error {
	tombstone, err := i.Records.MarkDeleted(ctx, record, i.Now().Add(upload.TombstoneLifetime))
	if err != nil {
		return err
	}
	i.Log.InfoContext(ctx, "upload expired", "owner", record.Owner, "id", record.ID)
	return i.finishDeletion(ctx, tombstone)
}

// finishDeletion removes every version of a deleted upload, and publishes the deletion.
func (i *Inspector) finishDeletion(ctx context.Context, tombstone upload.Record) error {
	if err := removeAll(ctx, i.Objects, tombstone.Key); err != nil {
		return err
	}
	return i.publish(ctx, tombstone)
}
