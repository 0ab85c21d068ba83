package sign

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A PresignedRequest is a request that needs no other authorization than its URL.
type PresignedRequest struct {
	// Method is the HTTP method.
	Method string

	// URL is where the request is sent. It holds the signature.
	URL string

	// Headers are the headers that the client adds, by name: each is sent with exactly this value. It is nil if there is
	// none. The signature covers Host and, for a body of signed length, Content-Length, too, which every client makes
	// itself, of the URL and the body.
	Headers map[string]string

	// Expires is when S3 begins to refuse the request, in UTC, in whole seconds.
	Expires time.Time
}

// A request is a request for an object, to be signed by its query.
type request struct {
	method string
	key    string // of the object, as validatePath accepts it

	// query holds the operation's parameters, in any order. Their names begin with a lower-case letter.
	query []field

	// headers are signed: by their names in lower case, values as validateHeader accepts them.
	headers map[string]string

	// length is the signed Content-Length, in bytes. If it is 0, the body may have any length.
	length int64
}

// presign signs a request that S3 accepts from now until lifetime has passed, both in whole seconds: at least 1 second,
// at most 7 days. The signature does not cover the body. It fails only when lifetime is not as documented.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
func (s *Signer) presign(r request, now time.Time, lifetime time.Duration) (PresignedRequest, error) {
	if err := validateLifetime(lifetime); err != nil {
		return PresignedRequest{}, err
	}
	now, lifetime = now.UTC().Truncate(time.Second), lifetime.Truncate(time.Second)
	if lifetime == 0 {
		return PresignedRequest{}, errors.New("lifetime is less than a second: at least 1s is allowed")
	}
	key := s.keyOfDay(now)
	signer := key.signers.Get().(*daySigner)
	defer key.signers.Put(signer)
	return PresignedRequest{
		Method: r.method, URL: signer.sign(s.origin, r, key, now, lifetime), Headers: sentHeaders(r.headers), Expires: now.Add(lifetime),
	}, nil
}

// An origin is where objects lie.
type origin struct {
	server string // scheme, host and port of URLs
	host   string // the header Host, which has no port if it is the scheme's own
	path   string // what comes before an object's key, with a slash at its end
}

// sign returns the URL of a request with its signature.
func (d *daySigner) sign(at origin, r request, key *signingKey, now time.Time, lifetime time.Duration) string {
	headers := d.signedHeaders(r, at.host)
	date := key.date(now)

	url := append(append(d.url[:0], at.server...), at.path...)
	url = appendURI(url, r.key, "/")
	queryAt := len(url) + len("?")
	url = append(append(append(url, '?'), key.query...), date...)
	url = append(url, "&X-Amz-Expires="...)
	url = strconv.AppendInt(url, int64(lifetime/time.Second), 10)
	url = append(append(url, key.token...), "&X-Amz-SignedHeaders="...)
	url = appendNames(url, headers, "%3B")
	url = appendQuery(url, r.query)

	canonical := append(append(d.text[:0], r.method...), '\n')
	canonical = append(append(canonical, url[len(at.server):queryAt-1]...), '\n')
	canonical = append(append(canonical, url[queryAt:]...), '\n')
	for _, header := range headers {
		canonical = append(append(append(canonical, header.name...), ':'), header.value...)
		canonical = append(canonical, '\n')
	}
	canonical = appendNames(append(canonical, '\n'), headers, ";")
	sum := sha256.Sum256(append(canonical, "\nUNSIGNED-PAYLOAD"...))
	d.text = canonical

	toSign := append(append(d.text[:0], algorithm...), '\n')
	toSign = append(append(toSign, date...), '\n')
	toSign = append(append(toSign, key.scope...), '\n')
	d.text = hex.AppendEncode(toSign, sum[:])
	url = append(url, "&X-Amz-Signature="...)
	d.url = hex.AppendEncode(url, d.authenticate(d.text))
	return string(d.url)
}

// signedHeaders returns the headers that a signature covers, by name. They are valid until the next call.
func (d *daySigner) signedHeaders(r request, host string) []field {
	d.headers = append(d.headers[:0], field{"host", host})
	if r.length > 0 {
		d.headers = append(d.headers, field{"content-length", strconv.FormatInt(r.length, 10)})
	}
	for name, value := range r.headers {
		d.headers = append(d.headers, field{name, value})
	}
	sortByName(d.headers)
	return d.headers
}

func sortByName(fields []field) {
	slices.SortFunc(fields, func(a, b field) int { return strings.Compare(a.name, b.name) })
}

// appendNames appends the names of fields with a separator between.
func appendNames(b []byte, fields []field, separator string) []byte {
	for i, field := range fields {
		if i > 0 {
			b = append(b, separator...)
		}
		b = append(b, field.name...)
	}
	return b
}

// appendQuery appends the parameters of an operation, sorted by name, after those of the signature, whose names begin with
// an upper-case letter.
func appendQuery(b []byte, parameters []field) []byte {
	sortByName(parameters)
	for _, parameter := range parameters {
		b = append(append(append(b, '&'), parameter.name...), '=')
		b = appendURI(b, parameter.value, "")
	}
	return b
}

// appendURI appends s with every byte escaped but unreserved ones (RFC 3986, section 2.3) and those in keep.
func appendURI(b []byte, s, keep string) []byte {
	const hexDigits = "0123456789ABCDEF"
	for i := range len(s) {
		if c := s[i]; isUnreserved(c) || strings.IndexByte(keep, c) >= 0 {
			b = append(b, c)
		} else {
			b = append(b, '%', hexDigits[c>>4], hexDigits[c&0xf])
		}
	}
	return b
}

func isUnreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~'
}

// sentHeaders returns the signed headers that a client adds to its request, by the names that HTTP/1 has for them.
func sentHeaders(signed map[string]string) map[string]string {
	if len(signed) == 0 {
		return nil
	}
	headers := make(map[string]string, len(signed))
	for name, value := range signed {
		headers[textproto.CanonicalMIMEHeaderKey(name)] = value
	}
	return headers
}
