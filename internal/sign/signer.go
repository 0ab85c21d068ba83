// Package sign makes presigned uploads and downloads for Amazon S3: forms and URLs with which a client that has no AWS
// credentials uploads one object under rules that S3 enforces, or downloads one version of one. Signing is pure
// computation: it makes no network call, and the only state is the signing key of the day.
//
// A form is authorized by a POST policy, which is JSON in base64, signed with Signature Version 4:
//
//   - https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-authentication-HTTPPOST.html (authentication)
//   - https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html (policy)
//   - https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html (request)
//
// Other requests are authorized by the query of their URL:
//
//   - https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html (authentication)
//   - https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html (request)
//   - https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html (request)
//   - https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html (multipart upload)
//
// S3 checks a request against the permissions of the credentials that signed it, when it arrives. For an upload they
// need s3:PutObject on the object, and s3:PutObjectTagging as well when it is tagged; for a download
// s3:GetObjectVersion; for a list of parts s3:ListMultipartUploadParts.
package sign

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync/atomic"
)

// Config says where a Signer's uploads are sent and who signs them. Every field but Endpoint is required.
type Config struct {
	// Region is the AWS region of the bucket, such as "eu-west-1".
	Region string

	// Bucket is the name of the bucket.
	Bucket string

	// Endpoint is the URL of the S3 server without the bucket, such as "http://127.0.0.1:9000"; uploads are then sent to
	// <endpoint>/<bucket>. If empty, they are sent to AWS at https://<bucket>.s3.<region>.amazonaws.com, or below
	// amazonaws.com.cn in the regions of China. Other partitions with a domain of their own need an Endpoint.
	Endpoint string

	// Credentials sign.
	Credentials Credentials
}

// Credentials are AWS credentials. A signature dies with the credentials that made it, whatever its own lifetime.
type Credentials struct {
	AccessKeyID     string
	SecretAccessKey string

	// SessionToken comes with temporary credentials. If empty, the credentials are long-lived, and neither forms nor
	// URLs have an x-amz-security-token.
	SessionToken string
}

// A Signer signs uploads to one bucket. It is safe for concurrent use.
type Signer struct {
	config Config
	url    string                     // of the bucket
	origin origin                     // of its objects
	key    atomic.Pointer[signingKey] // for the day of the last signature; nil before the first
}

// New returns a Signer. It fails when config lacks a required field, or when a field cannot be part of a URL or of a
// credential scope; no error holds a credential.
func New(config Config) (*Signer, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	address, err := config.url()
	if err != nil {
		return nil, err
	}
	at, err := newOrigin(address)
	if err != nil {
		return nil, err
	}
	return &Signer{config: config, url: address, origin: at}, nil
}

// newOrigin returns where the objects of the bucket at an address lie.
func newOrigin(address string) (origin, error) {
	u, err := url.Parse(address)
	if err != nil {
		return origin{}, errors.New("endpoint is not a URL")
	}
	host := u.Host
	if own := map[string]string{"http": "80", "https": "443"}[u.Scheme]; u.Port() == own {
		host = strings.TrimSuffix(host, ":"+own)
	}
	return origin{server: u.Scheme + "://" + u.Host, host: host, path: u.EscapedPath() + "/"}, nil
}

func (c Config) validate() error {
	switch {
	case c.Region == "":
		return errors.New("region is empty")
	case !consistsOf(c.Region, lowerCase+digits+"-"):
		return fmt.Errorf("region is %q: only lower-case letters, digits and - are allowed", c.Region)
	case c.Bucket == "":
		return errors.New("bucket is empty")
	case len(c.Bucket) < 3 || len(c.Bucket) > 63 || !consistsOf(c.Bucket, lowerCase+digits+"-."):
		return fmt.Errorf("bucket is %q: only 3 to 63 lower-case letters, digits, - and . are allowed", c.Bucket)
	case c.Credentials.AccessKeyID == "":
		return errors.New("access key id is empty")
	case !consistsOf(c.Credentials.AccessKeyID, lowerCase+upperCase+digits+"-_"):
		return errors.New("access key id is malformed: only letters, digits, - and _ are allowed")
	case c.Credentials.SecretAccessKey == "":
		return errors.New("secret access key is empty")
	case !isVisible(c.Credentials.SessionToken):
		return errors.New("session token is malformed: only visible ASCII characters are allowed")
	}
	return nil
}

// Origin returns the origin of every URL that is signed, as browsers and policies of content write it: scheme, host and port. It
// is an error when the endpoint is not a URL.
func (c Config) Origin() (string, error) {
	address, err := c.url()
	if err != nil {
		return "", err
	}
	u, err := url.Parse(address)
	if err != nil {
		return "", errors.New("endpoint is not a URL")
	}
	return u.Scheme + "://" + u.Host, nil
}

// url returns the URL of the bucket. Forms are sent to it, and objects lie below it.
func (c Config) url() (string, error) {
	if c.Endpoint != "" {
		endpoint, err := parseEndpoint(c.Endpoint)
		return endpoint + "/" + c.Bucket, err
	}
	domain := "amazonaws.com"
	if strings.HasPrefix(c.Region, "cn-") {
		domain = "amazonaws.com.cn"
	}
	if strings.Contains(c.Bucket, ".") {
		// The certificate's wildcard covers one label only, so TLS would fail on <bucket>.s3.….
		return "https://s3." + c.Region + "." + domain + "/" + c.Bucket, nil
	}
	return "https://" + c.Bucket + ".s3." + c.Region + "." + domain, nil
}

// parseEndpoint returns the endpoint without a slash at its end.
func parseEndpoint(endpoint string) (string, error) {
	u, err := url.Parse(endpoint)
	// No error holds the endpoint, which may hold a password.
	switch {
	case err != nil:
		return "", errors.New("endpoint is not a URL")
	case u.Scheme != "http" && u.Scheme != "https":
		return "", fmt.Errorf("endpoint has scheme %q: only http and https are allowed", u.Scheme)
	case u.Host == "":
		return "", errors.New("endpoint has no host")
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || strings.Contains(endpoint, "#"):
		return "", errors.New("endpoint has more than scheme, host, port and path")
	}
	return strings.TrimRight(endpoint, "/"), nil
}
