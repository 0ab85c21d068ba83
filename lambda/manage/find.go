package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"postern/api"
	"postern/internal/upload"
)

// errNoUpload is what a client is told of an id that names nothing, is malformed, another's or deleted: one as the other.
var errNoUpload = &upload.Error{Code: api.NotFound, Message: "no such upload"}

const (
	// inspectionTime is how long bytes lie there before it is assumed that the event of their arrival is lost.
	inspectionTime = time.Minute
	// skew is by how much the clocks of functions are taken to differ at most.
	skew = time.Minute
)

// A found is what there is of an upload.
type found struct {
	// record is the upload's, a tombstone included. Of one that is waited for it is a record that does not exist: with a
	// Version of 0, owner, id, key and type, and the size of what has arrived.
	record upload.Record
	// overdue is whether an inspection should have gone further by now.
	overdue bool
}

// find reads an upload that a client may see, and has it inspected when that is overdue. It is errNoUpload when there is
// none.
func (m *manager) find(ctx context.Context, owner, id string) (upload.Record, error) {
	found, err := m.lookUp(ctx, owner, id)
	if err != nil {
		return upload.Record{}, err
	}
	if found.overdue {
		m.repairs.inspect(ctx, found.record.Key)
	}
	if found.record.Status == upload.Deleted {
		return upload.Record{}, errNoUpload
	}
	return found.record, nil
}

// lookUp reads what there is of an upload. It is errNoUpload when there is nothing.
func (m *manager) lookUp(ctx context.Context, owner, id string) (found, error) {
	if !api.IsID(id) {
		return found{}, errNoUpload
	}
	record, ok, err := m.records.Record(ctx, owner, id)
	if err != nil {
		return found{}, err
	}
	if !ok {
		return m.waiting(ctx, owner, id)
	}
	return found{record, m.isOverdue(record)}, nil
}

// isOverdue reports whether a record should be announced by now, which is an inspection's last step. How long ago its
// bytes arrived is not known, only that it was not before the grant: at worst it is looked at once more.
func (m *manager) isOverdue(record upload.Record) bool {
	return !record.Announced && (record.Status == upload.Deleted || m.now().Sub(upload.GrantedAt(record.ID)) > inspectionTime)
}

// waiting reads what there is of an upload without a record: it is waited for if bytes are there, if it may have been
// granted lately, or if a multipart upload of it is open.
func (m *manager) waiting(ctx context.Context, owner, id string) (found, error) {
	_, extension, _ := strings.Cut(id, ".")
	format, ok := m.folders.ByExtension(extension)
	if !ok {
		return found{}, errNoUpload
	}
	key, err := m.folders.Key(owner, id)
	if err != nil {
		return found{}, err
	}
	record := upload.Record{Owner: owner, ID: id, Key: key, Type: format.ContentType}
	versions, err := m.objects.Versions(ctx, key)
	if err != nil {
		return found{}, err
	}
	if i := slices.IndexFunc(versions, func(v upload.Version) bool { return !v.Marker }); i >= 0 {
		record.Size = versions[i].Size
		return found{record, m.now().Sub(versions[i].Modified) > inspectionTime}, nil
	}
	if m.isYoung(id) {
		return found{record: record}, nil
	}
	open, err := m.objects.HasOpenUpload(ctx, key)
	if err != nil {
		return found{}, err
	}
	if !open {
		return found{}, errNoUpload
	}
	return found{record: record}, nil
}

// isYoung reports whether a signature of the upload, if there ever was one, can still be valid.
func (m *manager) isYoung(id string) bool {
	age := m.now().Sub(upload.GrantedAt(id))
	return -skew <= age && age <= m.lifetime+skew
}
