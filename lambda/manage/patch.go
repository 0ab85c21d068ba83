package main

import (
	"context"
	"errors"
	"fmt"

	"postern/api"
	"postern/internal/apigw"
	"postern/internal/upload"
)

// maxPatches bounds how often a patch is tried when others change the record in between.
const maxPatches = 8

// patch answers PATCH /uploads/{id}: the upload as it is then.
func (h *handlers) patch(ctx context.Context, request apigw.Request[api.UploadPatch]) (api.Upload, error) {
	patch, err := upload.NewPatch(request.Body)
	if err != nil {
		return api.Upload{}, err
	}
	caller := request.Caller
	for range maxPatches {
		found, err := h.find(ctx, caller, request.Path["id"])
		if err != nil {
			return api.Upload{}, err
		}
		record := found.record
		if err := checkPatchable(record, request.IfMatch); err != nil {
			return api.Upload{}, err
		}
		patched, err := h.records.Patch(ctx, record, patch, caller.Quota)
		switch {
		case err == nil:
			return patched.View(), nil
		case errors.Is(err, upload.ErrOverQuota):
			return api.Upload{}, &upload.Error{Code: api.PayloadTooLarge, Message: fmt.Sprintf(
				"title, description and labels take %d bytes more than before: must be at most what is left of the quota of %d bytes",
				patch.Apply(record).Counted-record.Counted, caller.Quota)}
		case !errors.Is(err, upload.ErrChanged):
			return api.Upload{}, err
		}
	}
	return api.Upload{}, &upload.Error{Code: api.Conflict, Message: "the upload is being changed by others: try again"}
}

// checkPatchable returns why an upload cannot be changed, or nil if it can.
func checkPatchable(record upload.Record, ifMatch *int64) error {
	switch {
	case record.Version == 0:
		return &upload.Error{Code: api.Conflict, Message: "the upload is not inspected yet: its version must be 1 or more"}
	case record.IsRefused(): // nothing would count its texts
		return &upload.Error{Code: api.Conflict, Message: fmt.Sprintf("the upload is %s: it can only be read and deleted", refused[record.Reason])}
	case ifMatch != nil && *ifMatch != record.Version:
		return &upload.Error{Code: api.PreconditionFailed, Message: fmt.Sprintf(
			`If-Match "%d" is not the upload's version: must be "%d"`, *ifMatch, record.Version)}
	default:
		return nil
	}
}

// refused says what an upload is that had no place to stay.
var refused = map[upload.Reason]string{
	upload.OverQuota: "over quota", upload.LinkUsedUp: "more than its link allows", upload.LinkRevoked: "of a link that was revoked",
}
