package main

import (
	"fmt"

	"github.com/getkin/kin-openapi/openapi3"

	"postern/lambda/contract"
)

// Patterns of what names an upload, as the contract lays it out.
var (
	idPattern  = fmt.Sprintf(`[0-9a-f]{32}\.[a-z0-9]{1,%d}`, contract.MaxExtension)
	keyPattern = `[^/]+/[0-9a-f]{20}/` + idPattern

	// A checksum is 32 bytes in base64.
	checksumPattern = `[A-Za-z0-9+/]{43}=`
)

// Sizes in bytes: S3 takes an object of at most 10,000 parts, each of 5 MiB to 5 GiB but the last.
// See https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
const (
	leastPart     = 5 << 20
	largestPart   = 5 << 30
	mostParts     = 10_000
	largestObject = mostParts * largestPart
)

// Limits of a page of uploads.
const (
	mostUploads    = 100
	defaultUploads = 50
	longestCursor  = 200
)

// bounds are what Go's types do not say of themselves, by type, and of their members, by type and member.
var bounds = map[string]func(*openapi3.Schema){
	"PresignedForm.url":    address,
	"PresignedForm.fields": notEmpty,
	"PresignedForm.id":     pattern(idPattern),
	"PresignedForm.key":    pattern(keyPattern),

	// A file name is counted in bytes, of which a character takes one or more.
	"UploadRequest.filename": length(1, 255),
	"UploadRequest.size":     between(1, largestObject),
	"UploadRequest.title":    length(0, 300),
	"UploadRequest.checksum": pattern(checksumPattern),
	"UploadRequest.via":      oneOf(contract.Vias...),

	"UploadGrant.id":        pattern(idPattern),
	"UploadGrant.key":       pattern(keyPattern),
	"UploadGrant.method":    oneOf(contract.Methods...),
	"UploadGrant.url":       address,
	"UploadGrant.fields":    notEmpty,
	"UploadGrant.headers":   notEmpty,
	"UploadGrant.partSize":  between(leastPart, largestPart),
	"UploadGrant.partCount": between(1, mostParts),

	"Upload.id":          pattern(idPattern),
	"Upload.status":      oneOf(contract.Statuses...),
	"Upload.reason":      oneOf(contract.Reasons...),
	"Upload.filename":    length(1, 255),
	"Upload.title":       length(1, 300),
	"Upload.description": length(1, 2000),
	"Upload.labels":      labels(1),
	"Upload.size":        between(1, largestObject),
	"Upload.checksum":    pattern(checksumPattern),
	"Upload.version":     func(s *openapi3.Schema) { s.WithMin(0) },

	"UploadList.uploads": func(s *openapi3.Schema) { s.WithMaxItems(mostUploads) },
	"UploadList.cursor":  length(1, longestCursor),

	"UploadPatch":             notEmpty,
	"UploadPatch.title":       length(0, 300),
	"UploadPatch.description": length(0, 2000),
	"UploadPatch.labels":      labels(0),

	"Download.url": address,

	"ErrorBody.message":   length(1, 2000),
	"ErrorBody.code":      oneOf(codes()...),
	"ErrorBody.requestId": length(1, 100),

	"Health.status": oneOf("ok"),
}

func address(s *openapi3.Schema)  { s.WithFormat("uri") }
func notEmpty(s *openapi3.Schema) { s.WithMinProperties(1) }

// labels are at least so many, and 20 at most.
func labels(least int64) func(*openapi3.Schema) {
	return func(s *openapi3.Schema) {
		s.WithMinItems(least).WithMaxItems(20).WithUniqueItems(true)
		length(1, 64)(s.Items.Value)
	}
}

func pattern(whole string) func(*openapi3.Schema) {
	return func(s *openapi3.Schema) { s.WithPattern("^" + whole + "$") }
}

func length(least, most int64) func(*openapi3.Schema) {
	return func(s *openapi3.Schema) { s.WithMinLength(least).WithMaxLength(most) }
}

func between(least, most float64) func(*openapi3.Schema) {
	return func(s *openapi3.Schema) { s.WithMin(least).WithMax(most) }
}

func oneOf(values ...string) func(*openapi3.Schema) {
	return func(s *openapi3.Schema) {
		for _, value := range values {
			s.Enum = append(s.Enum, value)
		}
	}
}
