package main

import (
	"context"
	"time"

	"postern/api"
	"postern/internal/apigw"
	"postern/internal/contract"
	"postern/internal/sign"
	"postern/internal/upload"
)

// uploadRecords keep what is known of uploads. Every read is consistent. No error holds personal data.
type uploadRecords interface {
	// Record reads a record, a tombstone included, and reports false when there is none.
	Record(ctx context.Context, owner, id string) (upload.Record, bool, error)
	// Page reads up to limit of the owner's records, the newest first, whose id is below before unless it is empty.
	// Tombstones are left out, and if status is not empty, records of another one. next is the before of the next page,
	// empty after the last.
	Page(ctx context.Context, owner, before string, limit int32, status upload.Status) (records []upload.Record, next string, err error)
	// Patch changes a record and returns it with its next version: upload.ErrGone when there is none, or a tombstone,
	// upload.ErrChanged when version is not nil and not the record's.
	Patch(ctx context.Context, owner, id string, patch upload.Patch, version *int64) (upload.Record, error)
}

// objectVersions are the bucket's. No error holds personal data.
type objectVersions interface {
	// Versions lists the versions and delete markers of exactly this key, the oldest first.
	Versions(ctx context.Context, key string) ([]upload.Version, error)
	// HasOpenUpload reports whether a multipart upload of exactly this key is open.
	HasOpenUpload(ctx context.Context, key string) (bool, error)
}

// A deleter deletes uploads for good. What it has begun, a second call or an inspection completes.
type deleter interface {
	// Delete deletes an upload: record is its record, or one with a Version of 0 that does not exist. It reports false,
	// and does nothing, when the upload is deleted and that is announced.
	Delete(ctx context.Context, record upload.Record) (bool, error)
}

// A signer signs without a network call, from now until lifetime has passed. Its errors hold no value of a header.
type signer interface {
	// PresignGet signs the GET of one version.
	PresignGet(get sign.Get, now time.Time, lifetime time.Duration) (sign.PresignedRequest, error)
}

// A manager answers the routes over uploads.
type manager struct {
	folders  contract.Folders
	lifetime time.Duration // of the signatures of uploads
	records  uploadRecords
	objects  objectVersions
	deletion deleter
	signer   signer
	repairs  *repairs
	now      func() time.Time
}

// handlers are the manager's by route.
func (m *manager) handlers() map[string]apigw.Handler {
	return map[string]apigw.Handler{
		"GET /uploads":               m.list,
		"GET /uploads/{id}":          m.get,
		"PATCH /uploads/{id}":        m.patch,
		"DELETE /uploads/{id}":       m.delete,
		"GET /uploads/{id}/download": m.download,
	}
}

// list answers GET /uploads: a page of the owner's uploads that have a record.
func (m *manager) list(ctx context.Context, request apigw.Request) (any, error) {
	page, err := upload.ParsePage(request.Query)
	if err != nil {
		return nil, err
	}
	records, next, err := m.records.Page(ctx, request.Identity.Owner, page.Before, page.Limit, page.Status)
	if err != nil {
		return nil, err
	}
	list := api.UploadList{Uploads: make([]api.Upload, len(records))}
	for i, record := range records {
		list.Uploads[i] = record.View()
	}
	if next != "" {
		list.Cursor = upload.Cursor(next)
	}
	return list, nil
}

// get answers GET /uploads/{id}: what became of one of the owner's uploads.
func (m *manager) get(ctx context.Context, request apigw.Request) (any, error) {
	record, err := m.find(ctx, request.Identity.Owner, request.Path["id"])
	if err != nil {
		return nil, err
	}
	return record.View(), nil
}

// delete answers DELETE /uploads/{id}: nothing of it is left, and what arrives late is removed.
func (m *manager) delete(ctx context.Context, request apigw.Request) (any, error) {
	found, err := m.lookUp(ctx, request.Identity.Owner, request.Path["id"])
	if err != nil {
		return nil, err
	}
	deleted, err := m.deletion.Delete(ctx, found.record)
	if err != nil {
		return nil, err
	}
	if !deleted {
		return nil, errNoUpload
	}
	return nil, nil
}
