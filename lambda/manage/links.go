package main

import (
	"context"
	"time"

	"postern/api"
	"postern/internal/apigw"
	"postern/internal/upload"
)

// links are the links for guests of every owner, of which only the end is stored.
type links interface {
	// RevokeLink revokes one link of an owner, which may be revoked already.
	RevokeLink(ctx context.Context, owner, id string) error
	// RevokeLinks revokes every link of an owner that was made until then.
	RevokeLinks(ctx context.Context, owner string, at time.Time) error
}

// errNoLink is the answer about a link that the owner never made.
var errNoLink = &upload.Error{Code: api.NotFound, Message: "no such link"}

// revokeLink answers DELETE /links/{linkId}. An id that was not made for the owner costs no call.
func (h *handlers) revokeLink(ctx context.Context, request apigw.Request[apigw.None]) (apigw.None, error) {
	id := request.Path["linkId"]
	if !request.Caller.Key.MadeLink(id) {
		return apigw.None{}, errNoLink
	}
	if err := h.links.RevokeLink(ctx, request.Caller.Owner, id); err != nil {
		return apigw.None{}, err
	}
	h.log.InfoContext(ctx, "link revoked", "apiRequestId", request.ID, "caller", request.Caller.Principal, "owner", request.Caller.Owner, "link", id)
	return apigw.None{}, nil
}

// revokeLinks answers DELETE /links: no link of the owner that was made until now works any more.
func (h *handlers) revokeLinks(ctx context.Context, request apigw.Request[apigw.None]) (apigw.None, error) {
	if err := h.links.RevokeLinks(ctx, request.Caller.Owner, h.now()); err != nil {
		return apigw.None{}, err
	}
	h.log.InfoContext(ctx, "links revoked", "apiRequestId", request.ID, "caller", request.Caller.Principal, "owner", request.Caller.Owner)
	return apigw.None{}, nil
}

// guestView returns what a guest is told of an upload. One that came by another link, or from the owner, is not there for it.
// Before the inspection nothing tells by which link an upload comes: then a guest learns no more than that it is waited for.
func guestView(link string, record upload.Record) (api.Upload, error) {
	if record.Version == 0 {
		return upload.Record{ID: record.ID, Type: record.Type}.GuestView(), nil
	}
	if record.Link != link {
		return api.Upload{}, errNoUpload
	}
	return record.GuestView(), nil
}
