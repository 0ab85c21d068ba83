package main

import (
	"context"
	"errors"
	"time"

	"postern/api"
	"postern/internal/apigw"
	"postern/internal/upload"
)

// createLink answers POST /links: a link for guests, of which nothing is stored. The authorizer lets no guest do this.
func (p *presigner) createLink(ctx context.Context, request apigw.Request[api.LinkRequest]) (api.Link, error) {
	caller := request.Caller
	maker := upload.LinkMaker{
		Table: p.folders, Folders: caller.Folders, MaxSize: caller.MaxSize, Expires: caller.Expires, Now: p.now(),
	}
	asked, end, err := maker.NewLink(request.Body)
	if err != nil {
		return api.Link{}, err
	}
	asked.Mail = caller.Mail
	link, token, err := caller.Key.NewLink(caller.Owner, asked, end, p.random)
	if err != nil {
		return api.Link{}, err
	}
	p.log.InfoContext(ctx, "link created", "apiRequestId", request.ID, "owner", caller.Owner, "link", link.ID)
	return api.Link{
		ID: link.ID, From: link.From, Note: link.Note, Folders: link.Folders, Formats: link.Formats,
		MaxSize: link.MaxSize, Count: link.Count, Total: link.Total,
		CreatedAt: api.Time{Time: time.UnixMilli(link.Made)}, Until: api.Time{Time: link.Until()}, Token: token,
	}, nil
}

// link answers GET /link: what the caller's link allows.
func (p *presigner) link(_ context.Context, request apigw.Request[apigw.None]) (api.GuestLink, error) {
	link := request.Caller.Link
	if link == nil {
		return api.GuestLink{}, &upload.Error{Code: api.Forbidden, Message: "this is for guests alone: you do not call with a link"}
	}
	guest := api.GuestLink{
		From: link.From, Note: link.Note, Formats: request.Caller.Table(p.folders).Extensions(),
		MaxSize: min(link.MaxSize, request.Caller.MaxSize), Count: link.Count, Total: link.Total, Until: api.Time{Time: link.Until()},
	}
	if link.Limits().HasRoom(link.State) {
		guest.Left = link.Count - link.State.Used.Files
	}
	return guest, nil
}

// shortest is how long a signature for a guest lives at least: enough to begin an upload.
const shortest = time.Minute

// lifetimeOf returns how long what is signed for a caller lives: for a guest, not much longer than the link.
func (p *presigner) lifetimeOf(caller apigw.Caller) time.Duration {
	if caller.Link == nil {
		return p.lifetime
	}
	return min(p.lifetime, max(shortest, caller.Link.Until().Sub(p.now()).Truncate(time.Second)))
}

// toGuest returns an error as the caller may read it: what the owner stores, and may store, is no guest's business.
func toGuest(caller apigw.Caller, err error) error {
	refusal, ok := errors.AsType[*upload.Error](err)
	if caller.Link == nil || !ok || !refusal.Quota {
		return err
	}
	return &upload.Error{Code: api.Forbidden, Message: "there is no room for this file: ask who sent you the link"}
}
