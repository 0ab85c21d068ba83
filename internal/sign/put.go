package sign

import (
	"net/http"
	"time"
)

// A Put is an upload to be allowed: one object, sent as the body of one request, with everything about it fixed but its
// content.
type Put struct {
	// Key is the object's key, of 1 to 1024 bytes, without the segments "." and "..", which clients resolve.
	Key string

	// Headers are the request's further headers by their names in lower case: content-type, if-none-match,
	// x-amz-tagging, x-amz-checksum-sha256 and x-amz-meta-…. S3 refuses a request that has another value for one of
	// them, lacks one, or has one more that begins with x-amz-. Values are visible ASCII with single spaces inside.
	Headers map[string]string

	// Size is the file's exact size, in bytes: 1 to 5 GiB, as much as S3 takes in one request.
	Size int64
}

// PresignPut signs a PUT that S3 accepts from now until lifetime has passed, both in whole seconds: at least 1 second,
// at most 7 days. The signature covers every header of put and Content-Length. It covers the content only by a checksum
// among the headers. It fails when put or lifetime is not as documented. The error names the field and what is allowed, and
// holds no value of a header.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
func (s *Signer) PresignPut(put Put, now time.Time, lifetime time.Duration) (PresignedRequest, error) {
	if err := put.validate(); err != nil {
		return PresignedRequest{}, err
	}
	// S3 does not read x-id, but the SDKs send it and logs show it.
	return s.presign(request{
		method: http.MethodPut, key: put.Key, query: []field{{"x-id", "PutObject"}}, headers: put.Headers, length: put.Size,
	}, now, lifetime)
}
