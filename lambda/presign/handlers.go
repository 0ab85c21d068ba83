package main

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
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
	// PresignCreate signs the beginning of a multipart upload.
	PresignCreate(create sign.Create, now time.Time, lifetime time.Duration) (sign.PresignedRequest, error)
	// PresignParts signs the PUTs of parts, in their order.
	PresignParts(open sign.OpenUpload, parts []sign.Part, now time.Time, lifetime time.Duration) ([]sign.PresignedRequest, error)
	// PresignPartsList signs the list of the parts after one.
	PresignPartsList(open sign.OpenUpload, after int64, now time.Time, lifetime time.Duration) (sign.PresignedRequest, error)
	// PresignCompletion signs the end of a multipart upload.
	PresignCompletion(open sign.OpenUpload, completion sign.Completion, now time.Time, lifetime time.Duration) (sign.PresignedRequest, error)
}

// A presigner answers the routes that sign.
type presigner struct {
	folders  contract.Folders
	lifetime time.Duration
	signer   signer
	now      func() time.Time
	random   io.Reader
	keys     *upload.KeyCache
	log      *slog.Logger
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
		keys:     new(upload.KeyCache),
		log:      setup.Log,
	}
	return apigw.New(contract.Presign, p.handlers(), apigw.NewThrottle(setup.Env.Throttle, function.WallClock), setup.Log)
}

// handlers maps each route to its handler.
func (p *presigner) handlers() map[string]apigw.Handler {
	return map[string]apigw.Handler{
		"GET /presignedurl":             apigw.HandleWith(p.form, apigw.EncodeForm),
		"POST /uploads":                 apigw.HandleWith(p.uploads, apigw.EncodeGrants),
		"POST /uploads/{id}/parts":      apigw.Handle(p.parts),
		"POST /uploads/{id}/parts/list": apigw.Handle(p.partsList),
		"POST /uploads/{id}/complete":   apigw.Handle(p.complete),
		"POST /links":                   apigw.Handle(p.createLink),
		"GET /link":                     apigw.Handle(p.link),
	}
}

// form answers GET /presignedurl: a form for one new object of the owner.
func (p *presigner) form(ctx context.Context, request apigw.Request[apigw.None]) (api.PresignedForm, error) {
	file := upload.File{Name: optional(request.Query, "filename"), Type: optional(request.Query, "type")}
	format, err := file.Format(request.Caller.Table(p.folders))
	if err != nil {
		return api.PresignedForm{}, err
	}
	limits := request.Caller.Limits()
	limits.Folder, limits.Text = format.MaxSize, int64(len(request.Query["filename"]))
	largest, err := limits.SinglePut()
	if err != nil {
		p.count(ctx, request.ID, request.Caller.Owner, new(tally).refuse(err))
		return api.PresignedForm{}, err
	}
	object, err := p.newObject(request.Caller, format)
	if err != nil {
		return api.PresignedForm{}, err
	}
	declared := upload.Declared{Quota: limits.Quota, Files: limits.FileQuota, Filename: request.Query["filename"]}
	fixed, err := p.attributes(object, format, declared)
	if err != nil {
		return api.PresignedForm{}, err
	}
	signed, err := p.signForm(object, fixed, 1, largest)
	if err != nil {
		return api.PresignedForm{}, err
	}
	p.count(ctx, request.ID, request.Caller.Owner, new(tally).grant(api.MethodPost, 0))
	return api.PresignedForm{URL: signed.URL, Fields: signed.Fields, ID: object.id, Key: object.key, Expires: api.Time{Time: signed.Expires}}, nil
}

func optional(query map[string]string, name string) *string {
	if value, ok := query[name]; ok {
		return &value
	}
	return nil
}
