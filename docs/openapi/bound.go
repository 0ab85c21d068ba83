package main

import (
	"fmt"

	"github.com/getkin/kin-openapi/openapi3"

	"postern/api"
)

// Patterns of ids, keys and checksums, as package api and S3 have them.
var (
	idPattern  = fmt.Sprintf(`[0-9a-f]{32}\.[a-z0-9]{1,%d}`, api.MaxExtension)
	keyPattern = `[^/]+/[0-9a-f]{20}/` + idPattern

	// A checksum of a file is 32 bytes in base64; of a part, or of all parts, 8 bytes.
	checksumPattern = `[A-Za-z0-9+/]{43}=`
	crcPattern      = `[A-Za-z0-9+/]{11}=`

	linkIDPattern      = `[a-z2-7]{32}`
	linkPattern        = `pstl_[A-Za-z0-9_-]{52,}`
	scriptKeyIDPattern = `[a-z2-7]{8}`
	scriptKeyPattern   = `pstn_[a-z2-7]{88}[0-9a-f]{8}`

	uploadIDPattern = fmt.Sprintf(`[A-Za-z0-9._~-]{1,%d}`, api.MaxUploadID)
)

// longestCursor is more characters than any cursor has.
const longestCursor = 200

// bounds holds what a Go type cannot say: by type for the whole, by type and member for one member.
var bounds = map[string]func(*openapi3.Schema){
	"PresignedForm.url":    address,
	"PresignedForm.fields": notEmpty,
	"PresignedForm.id":     pattern(idPattern),
	"PresignedForm.key":    pattern(keyPattern),

	// A file name is counted in bytes, of which a character takes one or more.
	"UploadRequest.filename": length(1, api.MaxFilename),
	"UploadRequest.size":     between(1, api.MaxObject),
	"UploadRequest.title":    length(0, api.MaxTitle),
	"UploadRequest.context":  length(0, api.MaxContext),
	"UploadRequest.checksum": pattern(checksumPattern),
	"UploadRequest.via":      oneOf(api.Vias...),
	"UploadRequest.partSize": between(api.MinPart, api.MaxPart),

	"UploadBatch.uploads":  items(api.MaxBatch),
	"UploadGrants.uploads": items(api.MaxBatch),

	"UploadGrant.id":        pattern(idPattern),
	"UploadGrant.key":       pattern(keyPattern),
	"UploadGrant.method":    oneOf(api.Methods...),
	"UploadGrant.url":       address,
	"UploadGrant.fields":    notEmpty,
	"UploadGrant.headers":   notEmpty,
	"UploadGrant.partSize":  between(api.MinPart, api.MaxPart),
	"UploadGrant.partCount": between(1, api.MaxParts),

	"SignedRequest.method":  oneOf("POST"),
	"SignedRequest.url":     address,
	"SignedRequest.headers": notEmpty,

	"PartsRequest.uploadId":     pattern(uploadIDPattern),
	"PartsRequest.size":         between(1, api.MaxObject),
	"PartsRequest.partSize":     between(api.MinPart, api.MaxPart),
	"PartsRequest.parts":        items(api.MaxPartsPerCall),
	"PartRequest.number":        between(1, api.MaxParts),
	"PartRequest.checksum":      pattern(crcPattern),
	"PartsGrant.parts":          items(api.MaxPartsPerCall),
	"SignedPart.number":         between(1, api.MaxParts),
	"SignedPart.url":            address,
	"SignedPart.headers":        notEmpty,
	"PartsListRequest.uploadId": pattern(uploadIDPattern),
	"PartsListRequest.after":    between(0, api.MaxParts),
	"PartsListGrant.url":        address,
	"CompleteRequest.uploadId":  pattern(uploadIDPattern),
	"CompleteRequest.size":      between(1, api.MaxObject),
	"CompleteRequest.checksum":  pattern(crcPattern),
	"CompleteGrant.url":         address,
	"CompleteGrant.headers":     notEmpty,
	"OpenMultipart.uploadId":    pattern(uploadIDPattern),
	"OpenMultipart.partSize":    between(1, api.MaxPart),

	"Upload.id":          pattern(idPattern),
	"Upload.status":      oneOf(api.Statuses...),
	"Upload.reason":      oneOf(api.Reasons...),
	"Upload.filename":    length(1, api.MaxFilename),
	"Upload.title":       length(1, api.MaxTitle),
	"Upload.description": length(1, api.MaxDescription),
	"Upload.labels":      labels(1),
	"Upload.context":     length(1, api.MaxContext),
	"Upload.size":        between(1, api.MaxObject),
	"Upload.checksum":    pattern("(" + checksumPattern + "|" + crcPattern + ")"),

	"Upload.checksumAlgorithm": oneOf(api.ChecksumAlgorithms...),

	"Upload.version":    func(s *openapi3.Schema) { s.WithMin(0) },
	"Upload.multiparts": func(s *openapi3.Schema) { s.WithMinItems(1) },

	"UploadList.uploads": func(s *openapi3.Schema) { s.WithMaxItems(api.MaxPage) },
	"UploadList.cursor":  length(1, longestCursor),

	"UploadPatch":             notEmpty,
	"UploadPatch.title":       length(0, api.MaxTitle),
	"UploadPatch.description": length(0, api.MaxDescription),
	"UploadPatch.labels":      labels(0),

	"Download.url": address,

	"Usage.used":  func(s *openapi3.Schema) { s.WithMin(0) },
	"Usage.quota": func(s *openapi3.Schema) { s.WithMin(0) },

	"Usage.files":     func(s *openapi3.Schema) { s.WithMin(0) },
	"Usage.fileQuota": func(s *openapi3.Schema) { s.WithMin(0).WithMax(api.MaxFiles) },

	"Usage.maxSize": func(s *openapi3.Schema) { s.WithMin(0) },

	"ScriptKeyRequest.name":    length(1, api.MaxScriptKeyName),
	"ScriptKeyRequest.may":     rights,
	"ScriptKeyRequest.folders": func(s *openapi3.Schema) { s.WithMinItems(1).WithUniqueItems(true) },
	"ScriptKeyRequest.maxSize": between(1, api.MaxObject),
	"ScriptKeyRequest.days":    between(1, api.MaxScriptKeyDays),
	"ScriptKey.id":             pattern(scriptKeyIDPattern),
	"ScriptKey.name":           length(1, api.MaxScriptKeyName),
	"ScriptKey.may":            rights,
	"ScriptKey.folders":        func(s *openapi3.Schema) { s.WithMinItems(1).WithUniqueItems(true) },
	"ScriptKey.maxSize":        between(1, api.MaxObject),
	"ScriptKey.key":            pattern(scriptKeyPattern),
	"ScriptKeyList.keys":       func(s *openapi3.Schema) { s.WithMaxItems(api.MaxScriptKeys) },

	"LinkRequest.from":    length(1, api.MaxLinkFrom),
	"LinkRequest.note":    length(0, api.MaxLinkNote),
	"LinkRequest.folders": someOf,
	"LinkRequest.formats": formats,
	"LinkRequest.maxSize": between(1, api.MaxObject),
	"LinkRequest.count":   between(1, api.MaxLinkFiles),
	"LinkRequest.total":   func(s *openapi3.Schema) { s.WithMin(1) },
	"LinkRequest.until":   func(s *openapi3.Schema) { s.WithFormat("date-time") },
	"Link.id":             pattern(linkIDPattern),
	"Link.from":           length(1, api.MaxLinkFrom),
	"Link.note":           length(1, api.MaxLinkNote),
	"Link.folders":        someOf,
	"Link.formats":        formats,
	"Link.maxSize":        between(1, api.MaxObject),
	"Link.count":          between(1, api.MaxLinkFiles),
	"Link.total":          func(s *openapi3.Schema) { s.WithMin(1) },
	"Link.token":          pattern(linkPattern),
	"GuestLink.from":      length(1, api.MaxLinkFrom),
	"GuestLink.note":      length(1, api.MaxLinkNote),
	"GuestLink.formats":   someOf,
	"GuestLink.maxSize":   between(1, api.MaxObject),
	"GuestLink.count":     between(1, api.MaxLinkFiles),
	"GuestLink.left":      between(0, api.MaxLinkFiles),
	"GuestLink.total":     func(s *openapi3.Schema) { s.WithMin(1) },
	"UploadRequest.guest": length(1, api.MaxGuest),
	"Upload.guest":        length(1, api.MaxGuest),
	"Upload.link":         pattern(linkIDPattern),

	"ErrorBody.message":   length(1, 2000),
	"ErrorBody.code":      oneOf(api.Codes...),
	"ErrorBody.requestId": length(1, 100),

	"Health.status": oneOf("ok"),
}

func address(s *openapi3.Schema)  { s.WithFormat("uri") }
func notEmpty(s *openapi3.Schema) { s.WithMinProperties(1) }

// items bounds how many items an array has, at least one.
func items(most int64) func(*openapi3.Schema) {
	return func(s *openapi3.Schema) { s.WithMinItems(1).WithMaxItems(most) }
}

// labels bounds a list of labels, which has at least so many.
func labels(least int64) func(*openapi3.Schema) {
	return func(s *openapi3.Schema) {
		s.WithMinItems(least).WithMaxItems(api.MaxLabels).WithUniqueItems(true)
		length(1, api.MaxLabel)(s.Items.Value)
	}
}

// someOf bounds a list of names, which has one at least and each once.
func someOf(s *openapi3.Schema) { s.WithMinItems(1).WithUniqueItems(true) }

// formats bounds a list of extensions that a link names.
func formats(s *openapi3.Schema) {
	s.WithMinItems(1).WithMaxItems(api.MaxLinkFormats).WithUniqueItems(true)
}

// rights bounds a list of rights, which has one at least.
func rights(s *openapi3.Schema) {
	s.WithMinItems(1).WithMaxItems(int64(len(api.Rights))).WithUniqueItems(true)
	oneOf(api.Rights...)(s.Items.Value)
}

func pattern(whole string) func(*openapi3.Schema) {
	return func(s *openapi3.Schema) { s.WithPattern("^" + whole + "$") }
}

func length(least, most int64) func(*openapi3.Schema) {
	return func(s *openapi3.Schema) { s.WithMinLength(least).WithMaxLength(most) }
}

func between(least, most int64) func(*openapi3.Schema) {
	return func(s *openapi3.Schema) { s.WithMin(float64(least)).WithMax(float64(most)) }
}

func oneOf[T ~string](values ...T) func(*openapi3.Schema) {
	return func(s *openapi3.Schema) {
		for _, value := range values {
			s.Enum = append(s.Enum, string(value))
		}
	}
}
