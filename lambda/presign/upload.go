package main

import (
	"context"
	"errors"
	"fmt"

	"postern/api"
	"postern/internal/apigw"
	"postern/internal/contract"
	"postern/internal/upload"
)

// uploads answers POST /uploads: what uploads the declared files, each as one new object of the owner.
func (p *presigner) uploads(ctx context.Context, request apigw.Request[api.UploadOrBatch]) (api.GrantOrGrants, error) {
	var counted tally
	defer func() { p.count(ctx, request.ID, request.Caller.Owner, &counted) }()
	if batch := request.Body.UploadBatch; batch != nil {
		grants, err := p.batch(request.Caller, batch.Uploads, request.ID, &counted)
		return api.GrantOrGrants{UploadGrants: grants}, err
	}
	grant, err := p.upload(request.Caller, *request.Body.UploadRequest, &counted)
	return api.GrantOrGrants{UploadGrant: &grant}, err
}

// batch grants each file, in order, or says why not. The files that are granted fit into what is left of the quotas together.
func (p *presigner) batch(caller apigw.Caller, files []api.UploadRequest, requestID string, counted *tally) (*api.UploadGrants, error) {
	if n := len(files); n < 1 || n > api.MaxBatch {
		return nil, &upload.Error{Code: api.InvalidRequest, Message: fmt.Sprintf("uploads are %d: must be 1 to %d", n, api.MaxBatch)}
	}
	results := make([]api.UploadResult, len(files))
	for i, file := range files {
		grant, err := p.upload(caller, file, counted)
		if refusal, ok := errors.AsType[*upload.Error](err); ok {
			results[i].Error = &api.ErrorBody{Message: refusal.Message, Code: refusal.Code, RequestID: requestID}
			continue
		}
		if err != nil {
			return nil, err
		}
		results[i].UploadGrant = &grant
		caller.Remaining -= file.Size + upload.TextOf(file)
		caller.RemainingFiles--
		if caller.Link != nil {
			caller.Link.State.Used.Files++
			caller.Link.State.Used.Bytes += file.Size
		}
	}
	return &api.UploadGrants{Uploads: results}, nil
}

// errContext is the answer to a caller who may not give a context.
var errContext = &upload.Error{Code: api.Forbidden, Message: "context is given by the role service alone: leave it out"}

// upload grants the upload of one file, and counts it.
func (p *presigner) upload(caller apigw.Caller, declared api.UploadRequest, counted *tally) (api.UploadGrant, error) {
	format, err := p.check(caller, declared)
	if err != nil {
		counted.refuse(err)
		return api.UploadGrant{}, toGuest(caller, err)
	}
	method, err := upload.ChooseMethod(declared.Via, declared.Size)
	if err != nil {
		return api.UploadGrant{}, err
	}
	if method == api.MethodMultipart && declared.Checksum != nil {
		return api.UploadGrant{}, &upload.Error{Code: api.InvalidRequest, Message: "checksum is a SHA-256, which S3 does not check of a file in parts: " +
			"must be left out, and its CRC64NVME given at the completion"}
	}
	object, err := p.newObject(caller, format)
	if err != nil {
		return api.UploadGrant{}, err
	}
	fixed, err := p.attributes(object, format, metadataOf(caller, declared))
	if err != nil {
		return api.UploadGrant{}, err
	}
	grant := api.UploadGrant{ID: object.id, Key: object.key, Method: method}
	if err := p.sign(&grant, object, fixed, declared); err != nil {
		return api.UploadGrant{}, err
	}
	counted.grant(method, declared.Size)
	return grant, nil
}

// check checks what is declared against the stage's formats, the owner's limits and a guest's link. It returns the file's format.
func (p *presigner) check(caller apigw.Caller, declared api.UploadRequest) (contract.Format, error) {
	if declared.Context != nil && !caller.IsService() {
		return contract.Format{}, errContext
	}
	format, err := upload.Check(declared, caller.Table(p.folders), caller.Limits())
	switch {
	case err != nil:
		return format, err
	case caller.Link != nil:
		return format, caller.Link.Check(declared, caller.Link.State)
	case declared.Guest != nil:
		return format, &upload.Error{Code: api.InvalidRequest, Message: "guest is for uploads by a link alone: must be left out"}
	}
	return format, nil
}

// metadataOf returns what an object carries to its inspection.
func metadataOf(caller apigw.Caller, declared api.UploadRequest) upload.Declared {
	metadata := upload.Declared{Quota: caller.Quota, Files: caller.FileQuota, Size: declared.Size, Filename: declared.Filename}
	if declared.Title != nil {
		metadata.Title = *declared.Title
	}
	if declared.Context != nil {
		metadata.Context = *declared.Context
	}
	if caller.Link != nil {
		metadata.Guest, metadata.Link = *declared.Guest, caller.Link.Limits()
	}
	return metadata
}

// sign completes a grant. It adds to fixed, which are the object's attributes.
func (p *presigner) sign(grant *api.UploadGrant, object object, fixed map[string]string, declared api.UploadRequest) error {
	if declared.Checksum != nil {
		fixed["x-amz-checksum-sha256"] = *declared.Checksum
	}
	switch grant.Method {
	case api.MethodPost:
		signed, err := p.signForm(object, fixed, declared.Size, declared.Size)
		grant.URL, grant.Fields, grant.Expires.Time = signed.URL, signed.Fields, signed.Expires
		return err
	case api.MethodPut:
		signed, err := p.signPut(object, fixed, declared.Size)
		grant.URL, grant.Headers, grant.Expires.Time = signed.URL, signed.Headers, signed.Expires
		return err
	default:
		plan, err := upload.NewPlan(declared.Size, declared.PartSize)
		if err != nil {
			return err
		}
		signed, err := p.signCreate(object, fixed)
		grant.PartSize, grant.PartCount, grant.Expires.Time = plan.PartSize, plan.PartCount, signed.Expires
		grant.Create = &api.SignedRequest{Method: signed.Method, URL: signed.URL, Headers: signed.Headers}
		return err
	}
}
