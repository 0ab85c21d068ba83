// Package api is the wire contract of Postern's HTTP API: the bodies of requests and answers, the error codes, the
// limits, and the grammar of upload ids and object keys. The functions, the client, the command and other Go programs
// share it. It imports the standard library only.
package api

// Version is Postern's version, by semantic versioning (https://semver.org). `postern --version` and the stack's output
// Version tell it; CHANGELOG.md says what each version changed. This is its one place.
const Version = "0.1.0"

// A Code is the kind of an error, as programs read it.
type Code string

// The codes, each with the HTTP status that it comes with.
const (
	InvalidRequest       Code = "invalid_request"        // 400
	Unauthorized         Code = "unauthorized"           // 401
	Forbidden            Code = "forbidden"              // 403
	NotFound             Code = "not_found"              // 404; 403 for a route that does not exist
	Conflict             Code = "conflict"               // 409
	PreconditionFailed   Code = "precondition_failed"    // 412
	PayloadTooLarge      Code = "payload_too_large"      // 413
	UnsupportedMediaType Code = "unsupported_media_type" // 415
	TooManyRequests      Code = "too_many_requests"      // 429
	InternalError        Code = "internal_error"         // 500 and above
)

// Codes lists every Code in alphabetical order.
var Codes = []Code{
	Conflict, Forbidden, InternalError, InvalidRequest, NotFound, PayloadTooLarge, PreconditionFailed, TooManyRequests,
	Unauthorized, UnsupportedMediaType,
}

// MaxSubject is the longest subject in a query, in characters.
const MaxSubject = 128

// Limits of what a client says of an upload.
const (
	MaxFilename    = 255  // characters of a file name
	MaxTitle       = 300  // characters of a title
	MaxDescription = 2000 // characters of a description
	MaxLabels      = 20   // labels of an upload
	MaxLabel       = 64   // characters of a label
	MaxContext     = 256  // bytes of a context
)

// Lifetimes of a download's URL, in seconds. The longest is the stage's signature lifetime.
const (
	MinDownload     = 60
	DefaultDownload = 300
)

// Limits of one request for signatures.
const (
	MaxBatch        = 100 // files of an UploadBatch
	MaxPartsPerCall = 500 // parts of a PartsRequest
	MaxUploadID     = 256 // bytes of an uploadId
)

// Limits of a page of a list, in uploads.
const (
	MaxPage     = 100
	DefaultPage = 50
)

// Limits of S3. Source: Amazon S3 User Guide, "Amazon S3 multipart upload limits".
const (
	// MaxSinglePut is the largest object that one request can store, in bytes.
	MaxSinglePut int64 = 5 << 30

	MaxParts       = 10_000  // parts of a multipart upload
	MinPart  int64 = 5 << 20 // bytes of a part, unless it is the last
	MaxPart  int64 = 5 << 30 // bytes of a part

	// MaxObject is the largest object, in bytes: as many parts as there may be, each as large as one may be.
	MaxObject = MaxParts * MaxPart
)

// MaxFiles is the largest quota of files: S3 has none, and a number of ten digits fits into an object's metadata.
const MaxFiles = 1_000_000_000
