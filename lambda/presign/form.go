package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"postern/api"
	"postern/internal/apigw"
	"postern/internal/contract"
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

// A minter answers the routes that sign.
type minter struct {
	folders  contract.Folders
	lifetime time.Duration
	signer   signer
	now      func() time.Time
	random   io.Reader
}

// presignedURL answers GET /presignedurl: a form for one new object of the owner.
func (m *minter) presignedURL(_ context.Context, request apigw.Request) (any, error) {
	file := upload.File{Name: optional(request.Query, "filename"), Type: optional(request.Query, "type")}
	format, err := file.Format(m.folders)
	if err != nil {
		return nil, err
	}
	limits := request.Identity.Limits()
	limits.Folder = format.MaxSize
	largest, err := limits.SinglePut()
	if err != nil {
		return nil, err
	}
	object, err := m.newObject(request.Identity.Owner, format)
	if err != nil {
		return nil, err
	}
	declared := upload.Declared{Quota: limits.Quota, Filename: request.Query["filename"]}
	fixed := attributes(format, declared.Metadata(), nil)
	signed, err := m.form(object, fixed, 1, largest)
	if err != nil {
		return nil, err
	}
	return api.PresignedForm{URL: signed.URL, Fields: signed.Fields, ID: object.id, Key: object.key, Expires: signed.Expires}, nil
}

// An object is to be uploaded.
type object struct {
	id, key string
	// granted is when, in UTC, in whole seconds as in a signature's date: so that the expiry that is told is the one
	// that is signed.
	granted time.Time
}

// newObject names a new object of an owner.
func (m *minter) newObject(owner string, format contract.Format) (object, error) {
	now := m.now()
	id, err := upload.NewID(now, m.random, format.Extension)
	if err != nil {
		return object{}, err
	}
	key, err := m.folders.Key(owner, id)
	if err != nil {
		return object{}, fmt.Errorf("making a key: %w", err)
	}
	return object{id, key, now.UTC().Truncate(time.Second)}, nil
}

// attributes are what a signature fixes about an object besides its key, size and tag: field names of a form and header
// names alike.
func attributes(format contract.Format, metadata map[string]string, checksum *string) map[string]string {
	attributes := map[string]string{"content-type": format.ContentType}
	for name, value := range metadata {
		attributes["x-amz-meta-"+name] = value
	}
	if checksum != nil {
		attributes["x-amz-checksum-sha256"] = *checksum
	}
	return attributes
}

// pendingXML is the tag set of an object that nobody has looked at yet, as a form has it
// (https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html, form field tagging).
const pendingXML = "<Tagging><TagSet><Tag><Key>status</Key><Value>pending</Value></Tag></TagSet></Tagging>"

// form signs a form for an object of min to max bytes. It adds to fields, which are the object's attributes.
func (m *minter) form(object object, fields map[string]string, min, max int64) (sign.PresignedPost, error) {
	fields["tagging"] = pendingXML
	signed, err := m.signer.PresignPost(sign.Post{Key: object.key, Fields: fields, MinSize: min, MaxSize: max}, object.granted, m.lifetime)
	if err != nil {
		return sign.PresignedPost{}, fmt.Errorf("signing a form: %w", err)
	}
	return signed, nil
}

func optional(query map[string]string, name string) *string {
	if value, ok := query[name]; ok {
		return &value
	}
	return nil
}
