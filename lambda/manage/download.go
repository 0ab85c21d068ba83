package main

import (
	"context"
	"time"

	"postern/api"
	"postern/internal/apigw"
	"postern/internal/sign"
	"postern/internal/upload"
)

const (
	// downloadLifetime is how long the URL of a download is valid at most: the bucket refuses signatures that are older
	// than the stage's lifetime.
	downloadLifetime = 5 * time.Minute
	// notCached keeps a download from outliving its upload, whatever the object itself says.
	notCached = "private, no-store"
)

// download answers GET /uploads/{id}/download: a URL of the version that was accepted.
func (m *manager) download(ctx context.Context, request apigw.Request) (any, error) {
	record, err := m.find(ctx, request.Identity.Owner, request.Path["id"])
	if err != nil {
		return nil, err
	}
	if err := checkReady(record); err != nil {
		return nil, err
	}
	signed, err := m.signer.PresignGet(sign.Get{
		Key:                record.Key,
		VersionID:          record.VersionID,
		ContentDisposition: upload.AttachmentDisposition(record.Filename),
		ContentType:        record.Type,
		CacheControl:       notCached,
	}, m.now(), min(downloadLifetime, m.lifetime))
	if err != nil {
		return nil, err
	}
	return api.Download{URL: signed.URL, Expires: signed.Expires}, nil
}
