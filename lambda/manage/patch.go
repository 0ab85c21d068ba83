package main

import (
	"context"
	"errors"
	"fmt"

	"postern/api"
	"postern/internal/apigw"
	"postern/internal/upload"
)

// maxPatches bounds how often a patch is tried when inspections change the record in between.
const maxPatches = 3

// patch answers PATCH /uploads/{id}: the upload as it is then.
func (h *handlers) patch(ctx context.Context, request apigw.Request[api.UploadPatch]) (api.Upload, error) {
	patch, err := upload.NewPatch(request.Body)
	if err != nil {
		return api.Upload{}, err
	}
	caller, id := request.Caller, request.Path["id"]
	if !caller.Key.Granted(id) {
		return api.Upload{}, errNoUpload
	}
	for range maxPatches {
		record, err := h.records.Patch(ctx, caller.Owner, id, patch, request.IfMatch)
		if err == nil {
			return record.View(), nil
		}
		if !errors.Is(err, upload.ErrGone) && !errors.Is(err, upload.ErrChanged) {
			return api.Upload{}, err
		}
		if refusal := h.whyNotPatched(ctx, caller, id, request.IfMatch); refusal != nil {
			return api.Upload{}, refusal
		}
	}
	return api.Upload{}, &upload.Error{Code: api.Conflict, Message: "the upload is being changed by others: try again"}
}

// whyNotPatched returns why an upload cannot be changed, or nil if by now it can.
func (h *handlers) whyNotPatched(ctx context.Context, caller apigw.Caller, id string, ifMatch *int64) error {
	record, err := h.find(ctx, caller, id)
	switch {
	case err != nil:
		return err
	case record.Version == 0:
		return &upload.Error{Code: api.Conflict, Message: "the upload is not inspected yet: its version must be 1 or more"}
	case ifMatch != nil && *ifMatch != record.Version:
		return &upload.Error{Code: api.PreconditionFailed, Message: fmt.Sprintf(
			`If-Match "%d" is not the upload's version: must be "%d"`, *ifMatch, record.Version)}
	default:
		return nil
	}
}
