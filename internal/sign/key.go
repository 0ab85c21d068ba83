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

// A signingKey signs the forms of one day. Their policies begin with the same conditions, which are encoded once.
type signingKey struct {
	midnight   time.Time // the beginning of the day, in UTC
	day        string    // as 20060102
	credential string    // the field x-amz-credential
	head       string    // the beginning of each policy, in base64

	sealers sync.Pool // of *sealer
}

// A sealer encodes and signs one policy after another. It is reused, because an HMAC that is reset has hashed its key
// already.
type sealer struct {
	mac    hash.Hash // HMAC-SHA256 with the day's key
	policy []byte    // in base64
	sum    []byte
	hex    []byte
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
	credential := config.Credentials.AccessKeyID + "/" + day + "/" + config.Region + "/s3/aws4_request"
	document := openPolicy().
		equal("bucket", config.Bucket).
		equal(fieldAlgorithm, algorithm).
		equal(fieldCredential, credential)
	if token := config.Credentials.SessionToken; token != "" {
		document = document.equal(fieldSecurityToken, token)
	}
	secret := DeriveKey(config.Credentials.SecretAccessKey, day, config.Region, "s3")
	key := &signingKey{midnight: midnight, day: day, credential: credential, head: base64.StdEncoding.EncodeToString(document.pad())}
	key.sealers.New = func() any { return &sealer{mac: hmac.New(sha256.New, secret)} }
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
	s := k.sealers.Get().(*sealer)
	defer k.sealers.Put(s)
	s.policy = base64.StdEncoding.AppendEncode(append(s.policy[:0], k.head...), rest)
	s.mac.Reset()
	s.mac.Write(s.policy)
	s.sum = s.mac.Sum(s.sum[:0])
	s.hex = hex.AppendEncode(s.hex[:0], s.sum)
	return string(s.policy), string(s.hex)
}
