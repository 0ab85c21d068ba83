package main

import (
	"context"
	"errors"
	"fmt"

	"postern/api"
	"postern/internal/apigw"
	"postern/internal/upload"
)

// maxPatches is how often a patch is tried that an inspection comes between.
const maxPatches = 3

// patch answers PATCH /uploads/{id}: the upload as it is then.
func (m *manager) patch(ctx context.Context, request apigw.Request) (any, error) {
	patch := upload.Patch(request.Body.(api.UploadPatch))
	if err := patch.Check(); err != nil {
		return nil, err
	}
	owner, id := request.Identity.Owner, request.Path["id"]
	if !api.IsID(id) {
		return nil, errNoUpload
	}
	for range maxPatches {
		record, err := m.records.Patch(ctx, owner, id, patch, request.IfMatch)
		if err == nil {
			return record.View(), nil
		}
		if !errors.Is(err, upload.ErrGone) && !errors.Is(err, upload.ErrChanged) {
			return nil, err
		}
		if refusal := m.whyNotPatched(ctx, owner, id, request.IfMatch); refusal != nil {
			return nil, refusal
		}
	}
	return nil, &upload.Error{Code: api.Conflict, Message: "the upload is being changed by others: try again"}
}

// whyNotPatched says why an upload cannot be changed. It is nil when by now it can.
func (m *manager) whyNotPatched(ctx context.Context, owner, id string, ifMatch *int64) error {
	record, err := m.find(ctx, owner, id)
	switch {
	case err != nil:
		return err
	case record.Version == 0:
		return &upload.Error{Code: api.Conflict, Message: "the upload is not inspected yet: allowed is one with a version of 1 or more"}
	case ifMatch != nil && *ifMatch != record.Version:
		return &upload.Error{Code: api.PreconditionFailed, Message: fmt.Sprintf(
			`If-Match "%d" is not the upload's version: allowed is "%d"`, *ifMatch, record.Version)}
	default:
		return nil
	}
}
