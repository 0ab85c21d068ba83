package main

import (
	"context"
	"fmt"

	"postern/api"
	"postern/internal/apigw"
	"postern/internal/sign"
	"postern/internal/upload"
)

// notCached keeps a download from outliving its upload, whatever the object itself says.
const notCached = "private, no-store"

// download answers GET /uploads/{id}/download: a URL of the version that was accepted.
func (h *handlers) download(ctx context.Context, request apigw.Request[apigw.None]) (api.Download, error) {
	record, err := h.find(ctx, request.Caller, request.Path["id"])
	if err != nil {
		return api.Download{}, err
	}
	// S3 refuses it as well: the role may read only what is tagged ready.
	if record.Status != upload.Ready {
		return api.Download{}, &upload.Error{Code: api.Conflict, Message: fmt.Sprintf("the upload is %s: must be ready", record.Shown())}
	}
	download, err := upload.ParseDownload(request.Query, record.DownloadType(), h.lifetime)
	if err != nil {
		return api.Download{}, err
	}
	signed, err := h.signer.PresignGet(sign.Get{
		Key:                record.Key,
		VersionID:          record.VersionID,
		ContentDisposition: upload.Disposition(download.Disposition, record.Filename),
		ContentType:        record.DownloadType(),
		CacheControl:       notCached,
	}, h.now(), download.Lifetime)
	if err != nil {
		return api.Download{}, err
	}
	return api.Download{URL: signed.URL, Expires: api.Time{Time: signed.Expires}}, nil
}
