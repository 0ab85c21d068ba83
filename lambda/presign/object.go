package main

import (
	"fmt"
	"time"

	"postern/internal/apigw"
	"postern/internal/contract"
	"postern/internal/sign"
	"postern/internal/upload"
)

// An object is to be uploaded.
type object struct {
	id, key string
	owner   *upload.PreparedKey // seals what the object carries
	// granted is when, in UTC, in whole seconds as in a signature's date: the expiry that is told is then the signed one.
	granted  time.Time
	lifetime time.Duration // of what is signed
}

// newObject names a new object of the caller's owner.
func (p *presigner) newObject(caller apigw.Caller, format contract.Format) (object, error) {
	now := p.now()
	owner, err := p.keys.Prepare(caller.Key)
	if err != nil {
		return object{}, err
	}
	id, err := owner.NewID(now, p.random, format.Extension)
	if err != nil {
		return object{}, err
	}
	key, err := p.folders.Key(caller.Owner, id)
	if err != nil {
		return object{}, fmt.Errorf("making a key: %w", err)
	}
	return object{id, key, owner, now.UTC().Truncate(time.Second), p.lifetimeOf(caller)}, nil
}

// attributes returns what a signature fixes about an object besides its key, size, tag and checksum. The names are a form's
// fields and headers alike. What the client declared is sealed.
func (p *presigner) attributes(object object, format contract.Format, declared upload.Declared) (map[string]string, error) {
	metadata, err := object.owner.Seal(object.key, declared, p.random)
	if err != nil {
		return nil, err
	}
	attributes := map[string]string{"content-type": format.ContentType}
	for name, value := range metadata {
		attributes["x-amz-meta-"+name] = value
	}
	return attributes, nil
}

// The tag set of an object that is not inspected yet, as a form and as a header have it.
// See https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html (form field tagging) and
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html (x-amz-tagging).
const (
	pendingXML   = "<Tagging><TagSet><Tag><Key>status</Key><Value>pending</Value></Tag></TagSet></Tagging>"
	pendingQuery = "status=pending"
)

// signForm signs a form for an object of min to max bytes. It adds to fields, which are the object's attributes.
func (p *presigner) signForm(object object, fields map[string]string, min, max int64) (sign.PresignedPost, error) {
	fields["tagging"] = pendingXML
	signed, err := p.signer.PresignPost(sign.Post{Key: object.key, Fields: fields, MinSize: min, MaxSize: max}, object.granted, object.lifetime)
	if err != nil {
		return sign.PresignedPost{}, fmt.Errorf("signing a form: %w", err)
	}
	return signed, nil
}

// signPut signs a PUT of exactly size bytes, which stores nothing over an existing object. It adds to headers, which are
// the object's attributes.
func (p *presigner) signPut(object object, headers map[string]string, size int64) (sign.PresignedRequest, error) {
	headers["x-amz-tagging"] = pendingQuery
	headers["if-none-match"] = "*"
	signed, err := p.signer.PresignPut(sign.Put{Key: object.key, Headers: headers, Size: size}, object.granted, object.lifetime)
	if err != nil {
		return sign.PresignedRequest{}, fmt.Errorf("signing a PUT: %w", err)
	}
	return signed, nil
}

// signCreate signs the beginning of a multipart upload. It adds to headers, which are the object's attributes. S3 makes one
// checksum of the whole object from the parts' own.
func (p *presigner) signCreate(object object, headers map[string]string) (sign.PresignedRequest, error) {
	headers["x-amz-tagging"] = pendingQuery
	headers["x-amz-checksum-algorithm"] = "CRC64NVME"
	headers["x-amz-checksum-type"] = "FULL_OBJECT"
	signed, err := p.signer.PresignCreate(sign.Create{Key: object.key, Headers: headers}, object.granted, object.lifetime)
	if err != nil {
		return sign.PresignedRequest{}, fmt.Errorf("signing the beginning of a multipart upload: %w", err)
	}
	return signed, nil
}
