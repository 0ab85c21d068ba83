package api

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
