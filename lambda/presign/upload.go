package main

import (
	"context"
	"fmt"

	"postern/api"
	"postern/internal/apigw"
	"postern/internal/sign"
	"postern/internal/upload"
)

// upload answers POST /uploads: what uploads the one file that the client declares as one new object of the owner.
func (m *minter) upload(_ context.Context, request apigw.Request) (any, error) {
	declared := request.Body.(api.UploadRequest)
	format, err := upload.Check(declared, m.folders, request.Identity.Limits())
	if err != nil {
		return nil, err
	}
	method, err := upload.ChooseMethod(declared.Via, declared.Size)
	if err != nil {
		return nil, err
	}
	object, err := m.newObject(request.Identity.Owner, format)
	if err != nil {
		return nil, err
	}
	grant := api.UploadGrant{ID: object.id, Key: object.key, Method: method}
	metadata := upload.Declared{Quota: request.Identity.Quota, Size: declared.Size, Filename: declared.Filename}
	if declared.Title != nil {
		metadata.Title = *declared.Title
	}
	fixed := attributes(format, metadata.Metadata(), declared.Checksum)
	switch method {
	case api.MethodPost:
		signed, err := m.form(object, fixed, declared.Size, declared.Size)
		grant.URL, grant.Fields, grant.Expires = signed.URL, signed.Fields, signed.Expires
		return grant, err
	case api.MethodPut:
		signed, err := m.put(object, fixed, declared.Size)
		grant.URL, grant.Headers, grant.Expires = signed.URL, signed.Headers, signed.Expires
		return grant, err
	default:
		grant.PartSize, grant.PartCount = upload.Parts(declared.Size)
		grant.Expires = object.granted.Add(m.lifetime)
		return grant, nil
	}
}

// pendingQuery is the tag set of an object that nobody has looked at yet, as a header has it
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html, x-amz-tagging).
const pendingQuery = "status=pending"

// put signs a PUT of exactly size bytes, which stores nothing over an object that is there. It adds to headers, which are
// the object's attributes.
func (m *minter) put(object object, headers map[string]string, size int64) (sign.PresignedRequest, error) {
	headers["x-amz-tagging"] = pendingQuery
	headers["if-none-match"] = "*"
	signed, err := m.signer.PresignPut(sign.Put{Key: object.key, Headers: headers, Size: size}, object.granted, m.lifetime)
	if err != nil {
		return sign.PresignedRequest{}, fmt.Errorf("signing a PUT: %w", err)
	}
	return signed, nil
}
