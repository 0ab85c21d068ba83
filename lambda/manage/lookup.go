package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"postern/internal/apigw"
	"postern/internal/upload"
)

var errNoUpload = upload.ErrNoUpload

const (
	// inspectionTime is the age of bytes from which the event of their arrival is taken for lost.
	inspectionTime = time.Minute
	// skew bounds how much the functions' clocks are taken to differ.
	skew = time.Minute
)

// A lookup is the result of looking up an upload.
type lookup struct {
	// record is the upload's record, a tombstone included. An upload that is waited for has none: its record has Version 0,
	// owner, id, key and type, and the size of what has arrived.
	record upload.Record
	// open are the multipart uploads that are open, of an upload that is waited for.
	open []upload.Multipart
	// overdue reports whether an inspection should have gone further by now.
	overdue bool
}

// find reads an upload that a client may see, and has it inspected when that is overdue. It returns errNoUpload if there
// is none.
func (h *handlers) find(ctx context.Context, caller apigw.Caller, id string) (lookup, error) {
	found, err := h.lookUp(ctx, caller, id)
	if err != nil {
		return lookup{}, err
	}
	if found.overdue {
		h.repairs.inspect(ctx, found.record.Key)
	}
	if found.record.Status == upload.Deleted {
		return lookup{}, errNoUpload
	}
	return found, nil
}

// lookUp reads what is known of an upload. It returns errNoUpload if nothing is. An id that nobody granted to the caller's
// owner costs no call.
func (h *handlers) lookUp(ctx context.Context, caller apigw.Caller, id string) (lookup, error) {
	if !caller.Key.Granted(id) {
		return lookup{}, errNoUpload
	}
	record, ok, err := h.records.Record(ctx, caller.Owner, id)
	if err != nil {
		return lookup{}, err
	}
	found := lookup{record: record}
	if ok {
		found.overdue = h.isOverdue(record)
	} else if found, err = h.waiting(ctx, caller.Owner, id); err != nil {
		return lookup{}, err
	}
	if !caller.Opens(found.record.Key) {
		return lookup{}, errNoUpload
	}
	return found, nil
}

// isOverdue reports whether an inspection's last step, publishing the event, should be done by now. When the bytes arrived
// is not known, only that it was after the grant: at worst the upload is inspected once more.
func (h *handlers) isOverdue(record upload.Record) bool {
	return !record.Published && (record.Status == upload.Deleted || h.now().Sub(upload.GrantedAt(record.ID)) > inspectionTime)
}

// waiting looks up an upload without a record. It is waited for if bytes are there, if it was granted lately, or
// if a multipart upload of it is open.
func (h *handlers) waiting(ctx context.Context, owner, id string) (lookup, error) {
	_, extension, _ := strings.Cut(id, ".")
	format, ok := h.folders.ByExtension(extension)
	if !ok {
		return lookup{}, errNoUpload
	}
	key, err := h.folders.Key(owner, id)
	if err != nil {
		return lookup{}, err
	}
	record := upload.Record{Owner: owner, ID: id, Key: key, Type: format.ContentType}
	versions, err := h.objects.Versions(ctx, key)
	if err != nil {
		return lookup{}, err
	}
	if i := slices.IndexFunc(versions, func(v upload.Version) bool { return !v.Marker }); i >= 0 {
		record.Size = versions[i].Size
		return lookup{record: record, overdue: h.now().Sub(versions[i].Modified) > inspectionTime}, nil
	}
	open, err := h.objects.OpenUploads(ctx, key)
	if err != nil {
		return lookup{}, err
	}
	if len(open) == 0 && !h.isYoung(id) {
		return lookup{}, errNoUpload
	}
	return lookup{record: record, open: open}, nil
}

// isYoung reports whether a signature of the upload can still be valid.
func (h *handlers) isYoung(id string) bool {
	age := h.now().Sub(upload.GrantedAt(id))
	return -skew <= age && age <= h.lifetime+skew
}
