package awsserver

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"postern/local/iam"
)

// maxSkew is the maximum difference between a signature's date and the current time.
// Source: AWS Signature Version 4, "Elements of an AWS API request signature".
const maxSkew = 5 * time.Minute

// signatures finds out who signed a request.
type signatures struct {
	issuer *iam.Issuer
	region string
}

var (
	errNotSigned      = &Error{"MissingAuthenticationTokenException", "Request is missing Authentication Token"}
	errUnknownToken   = &Error{"UnrecognizedClientException", "The security token included in the request is invalid."}
	errOtherDate      = &Error{"InvalidSignatureException", "Signature expired or not yet current: its date is more than 5 minutes from the time."}
	errUnsigned       = &Error{"InvalidSignatureException", "Every x-amz- header must be signed."}
	errOtherSignature = &Error{
		"InvalidSignatureException",
		"The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.",
	}
)

// An authorization is the content of an Authorization header of Signature Version 4.
type authorization struct {
	accessKeyID string
	signed      []string
}

var authorizationHeader = regexp.MustCompile(`^AWS4-HMAC-SHA256 Credential=([A-Za-z0-9]+)/[^,]+, ?SignedHeaders=([a-z0-9;-]+), ?Signature=[0-9a-f]{64}$`)

func readAuthorization(r *http.Request) (authorization, bool) {
	match := authorizationHeader.FindStringSubmatch(r.Header.Get("Authorization"))
	if match == nil {
		return authorization{}, false
	}
	return authorization{match[1], strings.Split(match[2], ";")}, true
}

// verify returns the principal who signed a request for a service, or an *Error.
func (s signatures) verify(r *http.Request, service string, body []byte, now time.Time) (string, error) {
	claimed, ok := readAuthorization(r)
	if !ok {
		return "", errNotSigned
	}
	credentials, ok := s.issuer.Find(claimed.accessKeyID)
	if !ok || subtle.ConstantTimeCompare([]byte(r.Header.Get("X-Amz-Security-Token")), []byte(credentials.SessionToken)) != 1 {
		return "", errUnknownToken
	}
	date, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil || now.Sub(date).Abs() > maxSkew {
		return "", errOtherDate
	}
	for name := range r.Header {
		if name = strings.ToLower(name); strings.HasPrefix(name, "x-amz-") && !slices.Contains(claimed.signed, name) {
			return "", errUnsigned
		}
	}
	expected, err := s.sign(r, claimed, credentials, service, body, date)
	if err != nil || subtle.ConstantTimeCompare([]byte(expected), []byte(plain(r.Header.Get("Authorization")))) != 1 {
		return "", errOtherSignature
	}
	return credentials.Role, nil
}

// sign returns the Authorization header that a request should have, made by the SDK's own signer: for this region and
// service, over exactly the headers that the client says it has signed.
func (s signatures) sign(r *http.Request, claimed authorization, c iam.Credentials, service string, body []byte, date time.Time) (string, error) {
	copied, err := http.NewRequestWithContext(context.Background(), r.Method, "http://"+r.Host+r.URL.RequestURI(), nil)
	if err != nil {
		return "", err
	}
	for _, name := range claimed.signed {
		switch name {
		case "host", "x-amz-date", "x-amz-security-token": // The signer sets them.
		case "content-length":
			copied.ContentLength = int64(len(body))
		default:
			copied.Header[http.CanonicalHeaderKey(name)] = r.Header.Values(name)
		}
	}
	sum := sha256.Sum256(body)
	err = v4.NewSigner().SignHTTP(r.Context(), c.AWS(), copied, hex.EncodeToString(sum[:]), service, s.region, date)
	return plain(copied.Header.Get("Authorization")), err
}

// plain removes the optional spaces after commas.
func plain(authorization string) string { return strings.ReplaceAll(authorization, ", ", ",") }
