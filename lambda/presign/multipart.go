package main

import (
	"context"
	"fmt"

	"postern/api"
	"postern/internal/apigw"
	"postern/internal/sign"
	"postern/internal/upload"
)

// parts answers POST /uploads/{id}/parts: a PUT of each part that is asked for.
func (p *presigner) parts(_ context.Context, request apigw.Request[api.PartsRequest]) (api.PartsGrant, error) {
	key, limits, err := p.granted(request.Caller, request.Path["id"])
	if err != nil {
		return api.PartsGrant{}, err
	}
	asked := request.Body
	plan, err := upload.CheckParts(asked, limits)
	if err != nil {
		return api.PartsGrant{}, toGuest(request.Caller, err)
	}
	parts := make([]sign.Part, len(asked.Parts))
	for i, part := range asked.Parts {
		parts[i] = sign.Part{Number: part.Number, Size: plan.Length(part.Number)}
		if part.Checksum != nil {
			parts[i].Checksum = *part.Checksum
		}
	}
	signed, err := p.signer.PresignParts(sign.OpenUpload{Key: key, UploadID: asked.UploadID}, parts, p.now(), p.lifetimeOf(request.Caller))
	if err != nil {
		return api.PartsGrant{}, fmt.Errorf("signing parts: %w", err)
	}
	grant := api.PartsGrant{Parts: make([]api.SignedPart, len(signed))}
	for i, part := range signed {
		grant.Parts[i] = api.SignedPart{Number: parts[i].Number, URL: part.URL, Headers: part.Headers}
		grant.Expires.Time = part.Expires
	}
	return grant, nil
}

// partsList answers POST /uploads/{id}/parts/list: a GET of the parts that S3 has.
func (p *presigner) partsList(_ context.Context, request apigw.Request[api.PartsListRequest]) (api.PartsListGrant, error) {
	key, _, err := p.granted(request.Caller, request.Path["id"])
	if err != nil {
		return api.PartsListGrant{}, err
	}
	asked := request.Body
	if err := upload.CheckPartsList(asked); err != nil {
		return api.PartsListGrant{}, err
	}
	var after int64
	if asked.After != nil {
		after = *asked.After
	}
	signed, err := p.signer.PresignPartsList(sign.OpenUpload{Key: key, UploadID: asked.UploadID}, after, p.now(), p.lifetimeOf(request.Caller))
	if err != nil {
		return api.PartsListGrant{}, fmt.Errorf("signing a list of parts: %w", err)
	}
	return api.PartsListGrant{URL: signed.URL, Expires: api.Time{Time: signed.Expires}}, nil
}

// complete answers POST /uploads/{id}/complete: the POST that makes the parts an object.
func (p *presigner) complete(_ context.Context, request apigw.Request[api.CompleteRequest]) (api.CompleteGrant, error) {
	key, limits, err := p.granted(request.Caller, request.Path["id"])
	if err != nil {
		return api.CompleteGrant{}, err
	}
	asked := request.Body
	if err := upload.CheckCompletion(asked, limits); err != nil {
		return api.CompleteGrant{}, toGuest(request.Caller, err)
	}
	completion := sign.Completion{Size: asked.Size}
	if asked.Checksum != nil {
		completion.Checksum = *asked.Checksum
	}
	signed, err := p.signer.PresignCompletion(sign.OpenUpload{Key: key, UploadID: asked.UploadID}, completion, p.now(), p.lifetimeOf(request.Caller))
	if err != nil {
		return api.CompleteGrant{}, fmt.Errorf("signing a completion: %w", err)
	}
	return api.CompleteGrant{URL: signed.URL, Headers: signed.Headers, Expires: api.Time{Time: signed.Expires}}, nil
}

// granted returns the key of an upload that was granted to the caller's owner, and what it may take. It returns
// upload.ErrNoUpload for any other id. The key follows from owner and id, so that another's upload cannot be named.
func (p *presigner) granted(caller apigw.Caller, id string) (string, upload.Limits, error) {
	if !caller.Key.Granted(id) {
		return "", upload.Limits{}, upload.ErrNoUpload
	}
	format, known := caller.Table(p.folders).ByExtension(api.Extension(id))
	if !known {
		return "", upload.Limits{}, upload.ErrNoUpload
	}
	key, err := p.folders.Key(caller.Owner, id)
	limits := caller.Limits()
	limits.Folder = format.MaxSize
	return key, limits, err
}
