package sign

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
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

// A PresignedRequest is a request that needs no other authorization than its URL.
type PresignedRequest struct {
	// Method is the HTTP method.
	Method string

	// URL is where the request is sent. It holds the signature.
	URL string

	// Headers are the headers that the client adds, by name: each is sent with exactly this value. The signature covers
	// Host and Content-Length, too, which every client makes itself, of the URL and the body.
	Headers map[string]string

	// Expires is when S3 begins to refuse the request, in UTC, in whole seconds.
	Expires time.Time
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
	request := &http.Request{Method: http.MethodPut, Header: http.Header{}, ContentLength: put.Size}
	for name, value := range put.Headers {
		request.Header.Set(name, value)
	}
	return s.presign(request, put.Key, url.Values{"x-id": {"PutObject"}}, now, lifetime)
}

// presign signs a request for an object. query holds the operation's parameters; presign adds those of the signature. S3
// does not read x-id, but the SDKs send it and logs show it.
func (s *Signer) presign(request *http.Request, key string, query url.Values, now time.Time, lifetime time.Duration) (PresignedRequest, error) {
	if err := validateLifetime(lifetime); err != nil {
		return PresignedRequest{}, err
	}
	now, lifetime = now.UTC().Truncate(time.Second), lifetime.Truncate(time.Second)
	if lifetime == 0 {
		return PresignedRequest{}, errors.New("lifetime is less than a second: at least 1s is allowed")
	}
	address, err := s.objectURL(key)
	if err != nil {
		return PresignedRequest{}, err
	}
	query.Set("X-Amz-Expires", strconv.FormatInt(int64(lifetime/time.Second), 10))
	address.RawQuery = query.Encode()
	request.URL = address
	credentials := aws.Credentials{
		AccessKeyID:     s.config.Credentials.AccessKeyID,
		SecretAccessKey: s.config.Credentials.SecretAccessKey,
		SessionToken:    s.config.Credentials.SessionToken,
	}
	signed, headers, err := s.v4.PresignHTTP(context.Background(), credentials, request, "UNSIGNED-PAYLOAD", "s3", s.config.Region, now)
	if err != nil {
		return PresignedRequest{}, fmt.Errorf("signing a request: %w", err)
	}
	return PresignedRequest{Method: request.Method, URL: signed, Headers: sentHeaders(headers), Expires: now.Add(lifetime)}, nil
}

// keyEscapes turns the escapes of a query into those of a path. Unreserved characters and slashes stay as they are.
var keyEscapes = strings.NewReplacer("+", "%20", "%2F", "/")

// objectURL returns the address of an object.
func (s *Signer) objectURL(key string) (*url.URL, error) {
	address, err := url.Parse(s.url + "/" + keyEscapes.Replace(url.QueryEscape(key)))
	if err != nil {
		return nil, errors.New("making the address of an object: the endpoint is not a URL")
	}
	return address, nil
}

// sentHeaders returns the signed headers that a client adds to its request.
func sentHeaders(signed http.Header) map[string]string {
	headers := make(map[string]string, len(signed))
	for name, values := range signed {
		if name != "Host" && name != "Content-Length" {
			headers[textproto.CanonicalMIMEHeaderKey(name)] = values[0]
		}
	}
	return headers
}
