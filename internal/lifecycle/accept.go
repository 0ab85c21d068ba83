package lifecycle

import (
	"context"
	"errors"
	"math"
	"path"
	"strings"

	"postern/internal/contract"
	"postern/internal/upload"
)

// unknownType is the content type of an upload whose extension is not in the format table.
const unknownType = "application/octet-stream"

// begin accepts the arrival, for which there is no record, and continues from there. It asks whether the owner was removed
// after the bytes have arrived. So a purge, which marks the owner before it lists the bucket, finds them, or they are removed
// here.
func (i *Inspector) begin(ctx context.Context, arrival Arrival) error {
	removed, err := i.Records.IsRemoved(ctx, arrival.Owner)
	if err != nil {
		return err
	}
	if removed {
		i.Log.WarnContext(ctx, "upload of a removed owner removed", "owner", arrival.Owner, "id", arrival.ID)
		return removeAll(ctx, i.Objects, arrival.Key)
	}
	versionID, err := i.firstVersion(ctx, arrival)
	if err != nil {
		return err
	}
	if versionID == "" {
		return i.giveUp(ctx, arrival)
	}
	record, err := i.accept(ctx, arrival, versionID)
	switch {
	case errors.Is(err, upload.ErrGone) && arrival.VersionID == "":
		return upload.ErrChanged // there may be other versions under the key
	case errors.Is(err, upload.ErrGone):
		return i.giveUp(ctx, arrival)
	case err != nil:
		return err
	}
	if err := i.resume(ctx, record, arrival.At); err != nil {
		return err
	}
	return i.removeOthers(ctx, []Arrival{arrival}, record)
}

// giveUp ignores an arrival whose bytes are gone. If there is a record by now, it returns upload.ErrChanged: an inspection
// that was cut short may have removed the bytes.
func (i *Inspector) giveUp(ctx context.Context, arrival Arrival) error {
	_, found, err := i.Records.Record(ctx, arrival.Owner, arrival.ID)
	if err == nil && found {
		return upload.ErrChanged
	}
	return err
}

// firstVersion returns the version to accept: the one that arrived, or the oldest under its key. It is empty if there is
// none.
func (i *Inspector) firstVersion(ctx context.Context, arrival Arrival) (versionID string, err error) {
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

// accept judges a version and writes its record. It returns upload.ErrGone if the version does not exist.
func (i *Inspector) accept(ctx context.Context, arrival Arrival, versionID string) (upload.Record, error) {
	object, err := i.Objects.Open(ctx, arrival.Key, versionID)
	if err != nil {
		return upload.Record{}, err
	}
	secret, err := i.OwnerKey(ctx)
	if err != nil {
		return upload.Record{}, err
	}
	key, err := upload.DeriveKey(secret, arrival.Owner)
	if err != nil {
		return upload.Record{}, err
	}
	record, quota, link, err := i.judge(arrival, versionID, object, key)
	if err != nil {
		return upload.Record{}, err
	}
	reason, err := i.count(ctx, record, quota, link)
	if err == nil && reason != "" {
		// Nothing counts such a record, so it must not stay for ever.
		record.Reason, record.Counted, record.Files, record.Expires = reason, 0, 0, i.Now().Add(upload.TombstoneLifetime)
		err = i.Records.Accept(ctx, record, quota)
	}
	return record, err
}

// count writes a record and counts it, or returns why there is no room for it: then it has written nothing. Whether a link was
// revoked is read after the bytes have arrived.
func (i *Inspector) count(ctx context.Context, record upload.Record, quota upload.Usage, link upload.LinkLimits) (upload.Reason, error) {
	var err error
	if link == (upload.LinkLimits{}) {
		err = i.Records.Accept(ctx, record, quota)
	} else {
		state, readErr := i.Records.LinkState(ctx, record.Owner, link.ID)
		if readErr != nil {
			return "", readErr
		}
		if state.IsRevoked(link.Made) {
			return upload.LinkRevoked, nil
		}
		err = i.Records.AcceptFromLink(ctx, record, quota, link)
	}
	switch {
	case errors.Is(err, upload.ErrOverQuota):
		return upload.OverQuota, nil
	case errors.Is(err, upload.ErrLinkUsedUp):
		return upload.LinkUsedUp, nil
	}
	return "", err
}

// judge makes the record of a version, with the reason to reject it if there is one. It must fit into quota and link, which is zero
// if the owner sent it. For an object that Postern did not sign, neither is known.
func (i *Inspector) judge(
	arrival Arrival, versionID string, object upload.Object, key upload.DerivedKey,
) (record upload.Record, quota upload.Usage, link upload.LinkLimits, err error) {
	declared, signed := key.Open(arrival.Key, object.Metadata)
	signed = signed && key.Granted(arrival.ID)
	quota = upload.Usage{Bytes: math.MaxInt64, Files: math.MaxInt64}
	if signed {
		quota.Bytes = declared.Quota
	}
	if signed && declared.Files > 0 {
		quota.Files = declared.Files
	}
	if signed {
		link = declared.Link
	}
	format, known := i.Folders.ByExtension(strings.TrimPrefix(path.Ext(arrival.ID), "."))
	if !known {
		format.ContentType = unknownType
	}
	record = upload.Record{
		Owner: arrival.Owner, ID: arrival.ID, Key: arrival.Key, VersionID: versionID,
		Status: upload.Accepted, Version: 1,
		Size: object.Size, Type: format.ContentType, ETag: object.ETag, Checksum: object.Checksum, ChecksumAlgorithm: object.ChecksumAlgorithm,
		Filename: declared.Filename, Title: declared.Title, Context: declared.Context, Files: 1,
		Guest: declared.Guest, Link: declared.Link.ID,
	}
	record.Counted = record.Size + record.Text()
	switch {
	case !signed:
		record.Reason = upload.Unsigned
	case declared.Size != 0 && declared.Size != object.Size:
		record.Reason = upload.SizeMismatch
	default:
		var found upload.Finding
		found, err = i.compare(format, known, object)
		record.Reason, record.Detected = found.Reason, found.Detected
	}
	return record, quota, link, err
}

// compare checks an object against its format, by its content type and its content. An object with a content encoding is
// refused, because a client would decode it and see something else than the inspection. A signed PUT cannot forbid one.
func (i *Inspector) compare(format contract.Format, known bool, object upload.Object) (upload.Finding, error) {
	found, err := i.Check(format, object)
	if err == nil && (!known || !strings.EqualFold(object.Type, format.ContentType) || object.Encoding != "") {
		found.Reason = upload.TypeMismatch
	}
	return found, err
}
