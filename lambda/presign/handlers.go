package main

import (
	"context"
	"crypto/rand"
	"io"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"postern/api"
	"postern/internal/apigw"
	"postern/internal/contract"
	"postern/internal/function"
	"postern/internal/sign"
	"postern/internal/upload"
)

// A signer signs without a network call, from now until lifetime has passed. Its errors hold no value of a field or a
// header.
type signer interface {
	// PresignPost signs a form.
	PresignPost(post sign.Post, now time.Time, lifetime time.Duration) (sign.PresignedPost, error)
	// PresignPut signs a PUT.
	PresignPut(put sign.Put, now time.Time, lifetime time.Duration) (sign.PresignedRequest, error)
}

// A presigner answers the routes that sign.
type presigner struct {
	folders  contract.Folders
	lifetime time.Duration
	signer   signer
	now      func() time.Time
	random   io.Reader
}

func newFunction(setup function.Setup[contract.PresignEnv]) (lambda.Handler, error) {
	signer, err := setup.Runtime.Signer(setup.Env.Bucket)
	if err != nil {
		return nil, err
	}
	p := &presigner{
		folders:  setup.Env.Folders,
		lifetime: setup.Env.Lifetime,
		signer:   signer,
		now:      time.Now,
		random:   rand.Reader,
	}
	return apigw.New(contract.Presign, p.handlers(), setup.Log)
}

// handlers maps each route to its handler.
func (p *presigner) handlers() map[string]apigw.Handler {
	return map[string]apigw.Handler{
		"GET /presignedurl": apigw.HandleWith(p.form, apigw.EncodeForm),
		"POST /uploads":     apigw.Handle(p.upload),
	}
}

// form answers GET /presignedurl: a form for one new object of the owner.
func (p *presigner) form(_ context.Context, request apigw.Request[apigw.None]) (api.PresignedForm, error) {
	file := upload.File{Name: optional(request.Query, "filename"), Type: optional(request.Query, "type")}
	format, err := file.Format(p.folders)
	if err != nil {
		return api.PresignedForm{}, err
	}
	limits := request.Caller.Limits()
	limits.Folder = format.MaxSize
	largest, err := limits.SinglePut()
	if err != nil {
		return api.PresignedForm{}, err
	}
	object, err := p.newObject(request.Caller, format)
	if err != nil {
		return api.PresignedForm{}, err
	}
	declared := upload.Declared{Quota: limits.Quota, Filename: request.Query["filename"]}
	fixed, err := p.attributes(request.Caller.Key, object, format, declared)
	if err != nil {
		return api.PresignedForm{}, err
	}
	signed, err := p.signForm(object, fixed, 1, largest)
	if err != nil {
		return api.PresignedForm{}, err
	}
	return api.PresignedForm{URL: signed.URL, Fields: signed.Fields, ID: object.id, Key: object.key, Expires: api.Time{Time: signed.Expires}}, nil
}

func optional(query map[string]string, name string) *string {
	if value, ok := query[name]; ok {
		return &value
	}
	return nil
}

// upload answers POST /uploads: what uploads the declared file as one new object of the owner.
func (p *presigner) upload(_ context.Context, request apigw.Request[api.UploadRequest]) (api.UploadGrant, error) {
	declared := request.Body
	format, err := upload.Check(declared, p.folders, request.Caller.Limits())
	if err != nil {
		return api.UploadGrant{}, err
	}
	method, err := upload.ChooseMethod(declared.Via, declared.Size)
	if err != nil {
		return api.UploadGrant{}, err
	}
	object, err := p.newObject(request.Caller, format)
	if err != nil {
		return api.UploadGrant{}, err
	}
	grant := api.UploadGrant{ID: object.id, Key: object.key, Method: method}
	metadata := upload.Declared{Quota: request.Caller.Quota, Size: declared.Size, Filename: declared.Filename}
	if declared.Title != nil {
		metadata.Title = *declared.Title
	}
	fixed, err := p.attributes(request.Caller.Key, object, format, metadata)
	if err != nil {
		return api.UploadGrant{}, err
	}
	if declared.Checksum != nil {
		fixed["x-amz-checksum-sha256"] = *declared.Checksum
	}
	switch method {
	case api.MethodPost:
		signed, err := p.signForm(object, fixed, declared.Size, declared.Size)
		grant.URL, grant.Fields, grant.Expires.Time = signed.URL, signed.Fields, signed.Expires
		return grant, err
	case api.MethodPut:
		signed, err := p.signPut(object, fixed, declared.Size)
		grant.URL, grant.Headers, grant.Expires.Time = signed.URL, signed.Headers, signed.Expires
		return grant, err
	default:
		grant.PartSize, grant.PartCount = upload.Parts(declared.Size)
		grant.Expires.Time = object.granted.Add(p.lifetime)
		return grant, nil
	}
}
