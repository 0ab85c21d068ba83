package main

import (
	"context"
	"fmt"

	"postern/api"
	"postern/internal/apigw"
	"postern/internal/sign"
	"postern/internal/upload"
)

// Headers of every download. S3 would send the object's own, and a client can send those with a PUT, whose signature does
// not cover them.
const (
	// notCached keeps a download from outliving its upload.
	notCached = "private, no-store"
	// expired says the same to caches that know no Cache-Control.
	// Source: RFC 9111, section 5.3.
	expired = "Thu, 01 Jan 1970 00:00:00 GMT"
	// noLanguage is the tag of a language that nobody has told: S3 cannot leave the header out.
	// Source: RFC 5646, section 4.1.
	noLanguage = "und"
)

// download answers GET /uploads/{id}/download: a URL of the version that was accepted.
func (h *handlers) download(ctx context.Context, request apigw.Request[apigw.None]) (api.Download, error) {
	found, err := h.find(ctx, request.Caller, request.Path["id"])
	if err != nil {
		return api.Download{}, err
	}
	record := found.record
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
		ContentLanguage:    noLanguage,
		CacheControl:       notCached,
		Expires:            expired,
	}, h.now(), download.Lifetime)
	if err != nil {
		return api.Download{}, err
	}
	h.record(ctx, "download signed", request)
	return api.Download{URL: signed.URL, Expires: api.Time{Time: signed.Expires}}, nil
}
