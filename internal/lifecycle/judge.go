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

// unknownType is the content type of what the format table has no row for.
const unknownType = "application/octet-stream"

// accept judges a version and writes its record. It returns upload.ErrGone when the version is not there.
func (i *Inspector) accept(ctx context.Context, arrival Arrival, versionID string) (upload.Record, error) {
	object, err := i.Objects.Open(ctx, arrival.Key, versionID)
	if err != nil {
		return upload.Record{}, err
	}
	record, quota, err := i.judge(arrival, versionID, object)
	if err != nil {
		return upload.Record{}, err
	}
	err = i.Records.Accept(ctx, record, quota)
	if errors.Is(err, upload.ErrOverQuota) {
		record.Reason, record.Counted = upload.OverQuota, 0
		err = i.Records.Accept(ctx, record, quota)
	}
	return record, err
}

// judge makes the record of a version, with the reason to reject it if there is one, and says what quota it has to fit
// into, in bytes. Of what no signature of Postern's stored, no quota is known.
func (i *Inspector) judge(arrival Arrival, versionID string, object upload.Object) (record upload.Record, quota int64, err error) {
	declared, signed := upload.ParseMetadata(object.Metadata)
	quota = declared.Quota
	if !signed {
		quota = math.MaxInt64
	}
	format, known := i.Folders.ByExtension(strings.TrimPrefix(path.Ext(arrival.ID), "."))
	if !known {
		format.ContentType = unknownType
	}
	record = upload.Record{
		Owner: arrival.Owner, ID: arrival.ID, Key: arrival.Key, VersionID: versionID,
		Status: upload.Accepted, Version: 1,
		Size: object.Size, Counted: object.Size, Type: format.ContentType, ETag: object.ETag, Checksum: object.Checksum,
		Filename: declared.Filename, Title: declared.Title,
	}
	switch {
	case !signed:
		record.Reason = upload.Unsigned
	case declared.Size != 0 && declared.Size != object.Size:
		record.Reason = upload.SizeMismatch
	case !known:
		record.Reason = upload.TypeMismatch
	default:
		record.Reason, err = i.compare(format, object)
	}
	return record, quota, err
}

// compare holds an object to its format, by its content type and then by its content. A client decodes what has a content
// encoding, which a signed PUT cannot forbid: then it would see something else than was looked at.
func (i *Inspector) compare(format contract.Format, object upload.Object) (upload.Reason, error) {
	if !strings.EqualFold(object.Type, format.ContentType) || object.Encoding != "" {
		return upload.TypeMismatch, nil
	}
	return i.Check(format, object)
}
