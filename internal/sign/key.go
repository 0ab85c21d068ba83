package sign

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"sync"
	"time"
)

// algorithm is the value of the field x-amz-algorithm.
const algorithm = "AWS4-HMAC-SHA256"

// DeriveKey returns the signing key of Signature Version 4 for a day (as 20060102, in UTC), a region and a service.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html, "Derive a signing key".
func DeriveKey(secretAccessKey, day, region, service string) []byte {
	key := []byte("AWS4" + secretAccessKey)
	for _, part := range []string{day, region, service, "aws4_request"} {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	return key
}

// A signingKey signs the forms and requests of one day. What they have in common is encoded once.
type signingKey struct {
	midnight   time.Time // the beginning of the day, in UTC
	day        string    // as 20060102
	scope      string    // day, region and service
	credential string    // the field x-amz-credential
	head       string    // the beginning of each policy, in base64
	query      string    // the beginning of each request's query, up to the date
	token      string    // the parameter with the session token, with & before; empty for long-lived credentials

	signers sync.Pool // of *daySigner
}

// A daySigner signs one form or request after another. It is reused, because an HMAC that is reset has hashed its key
// already.
type daySigner struct {
	mac hash.Hash // HMAC-SHA256 with the day's key
	sum []byte

	// Room for what is being signed.
	text, url []byte
	headers   []field
}

// keyOfDay returns the signing key for the day of now, in UTC.
func (s *Signer) keyOfDay(now time.Time) *signingKey {
	midnight := now.UTC().Truncate(24 * time.Hour)
	if key := s.key.Load(); key != nil && key.midnight.Equal(midnight) {
		return key
	}
	// Two callers may both derive the key at midnight. The keys are equal, so either may be kept.
	key := newSigningKey(s.config, midnight)
	s.key.Store(key)
	return key
}

func newSigningKey(config Config, midnight time.Time) *signingKey {
	day := midnight.Format("20060102")
	scope := day + "/" + config.Region + "/s3/aws4_request"
	credential := config.Credentials.AccessKeyID + "/" + scope
	document := openPolicy().
		equal("bucket", config.Bucket).
		equal(fieldAlgorithm, algorithm).
		equal(fieldCredential, credential)
	var parameter []byte
	if token := config.Credentials.SessionToken; token != "" {
		document = document.equal(fieldSecurityToken, token)
		parameter = appendURI([]byte("&X-Amz-Security-Token="), token, "")
	}
	secret := DeriveKey(config.Credentials.SecretAccessKey, day, config.Region, "s3")
	query := appendURI([]byte("X-Amz-Algorithm="+algorithm+"&X-Amz-Credential="), credential, "")
	key := &signingKey{
		midnight: midnight, day: day, scope: scope, credential: credential,
		head:  base64.StdEncoding.EncodeToString(document.pad()),
		query: string(query) + "&X-Amz-Date=", token: string(parameter),
	}
	key.signers.New = func() any { return &daySigner{mac: hmac.New(sha256.New, secret)} }
	return key
}

// date returns a time of the key's day as the field x-amz-date: 20060102T150405Z.
func (k *signingKey) date(now time.Time) string {
	hour, minute, second := now.UTC().Clock()
	b := append(make([]byte, 0, len("20060102T150405Z")), k.day...)
	b = append(b, 'T')
	for _, n := range [...]int{hour, minute, second} {
		b = append(b, byte('0'+n/10), byte('0'+n%10))
	}
	return string(append(b, 'Z'))
}

// seal completes the day's head with the rest of a policy's JSON. It returns the policy in base64 and its signature in
// lower-case hexadecimal digits, as a form carries them.
func (k *signingKey) seal(rest policy) (encoded, signature string) {
	d := k.signers.Get().(*daySigner)
	defer k.signers.Put(d)
	d.text = base64.StdEncoding.AppendEncode(append(d.text[:0], k.head...), rest)
	var digits [2 * sha256.Size]byte
	hex.Encode(digits[:], d.authenticate(d.text))
	return string(d.text), string(digits[:])
}

// authenticate returns the HMAC of a text with the day's key. It is valid until the next call.
func (d *daySigner) authenticate(text []byte) []byte {
	d.mac.Reset()
	d.mac.Write(text)
	d.sum = d.mac.Sum(d.sum[:0])
	return d.sum
}
