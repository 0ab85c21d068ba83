package sign

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"strings"
	"sync"
	"time"
)

// algorithm is the field x-amz-algorithm.
const algorithm = "AWS4-HMAC-SHA256"

// A signingKey signs the forms of one day. Their policies have the same beginning, which is most of a policy and is
// encoded and hashed once.
type signingKey struct {
	midnight   time.Time // with which the day begins, in UTC
	day        string    // as 20060102
	credential string    // the field x-amz-credential
	head       string    // of a policy, in base64: the conditions for bucket, algorithm, credential and token

	// inner and outer are states of SHA-256, with which an HMAC begins (RFC 2104, section 4): inner has taken the head, too.
	inner, outer []byte
}

// keyOf is the signing key of a time's day, in UTC.
func (s *Signer) keyOf(now time.Time) *signingKey {
	midnight := now.UTC().Truncate(24 * time.Hour)
	if key := s.key.Load(); key != nil && key.midnight.Equal(midnight) {
		return key
	}
	// Two callers may both derive at midnight; their keys are equal, so it does not matter whose is kept.
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
	head := base64.StdEncoding.EncodeToString(document.pad())

	secret := deriveKey(config.Credentials.SecretAccessKey, day, config.Region)
	return &signingKey{
		midnight:   midnight,
		day:        day,
		credential: credential,
		head:       head,
		inner:      stateAfter(padded(secret, 0x36), []byte(head)),
		outer:      stateAfter(padded(secret, 0x5c)),
	}
}

// deriveKey derives the key for a credential scope, as sigv4-authentication-HTTPPOST.html, "Calculating a Signature",
// has it.
func deriveKey(secretAccessKey, day, region string) []byte {
	key := []byte("AWS4" + secretAccessKey)
	for _, part := range []string{day, region, "s3", "aws4_request"} {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(part))
		key = h.Sum(nil)
	}
	return key
}

// date is a time of the key's day as the field x-amz-date: 20060102T150405Z.
func (k *signingKey) date(now time.Time) string {
	hour, minute, second := now.UTC().Clock()
	b := append(make([]byte, 0, len("20060102T150405Z")), k.day...)
	b = append(b, 'T')
	for _, n := range [...]int{hour, minute, second} {
		b = append(b, byte('0'+n/10), byte('0'+n%10))
	}
	return string(append(b, 'Z'))
}

// padded is an HMAC's key of at most 64 bytes, filled up with zeros, with every byte changed by pad.
func padded(key []byte, pad byte) []byte {
	block := make([]byte, sha256.BlockSize)
	copy(block, key)
	for i := range block {
		block[i] ^= pad
	}
	return block
}

// stateAfter is the state of SHA-256 after some bytes.
func stateAfter(parts ...[]byte) []byte {
	h := sha256.New()
	for _, part := range parts {
		h.Write(part)
	}
	state, _ := h.(encoding.BinaryMarshaler).MarshalBinary() // never fails
	return state
}

// seal completes the day's head with the rest of a policy's JSON. It returns the policy in base64 and its signature in
// lower-case hexadecimal digits, as a form carries them.
func (k *signingKey) seal(rest policy) (encoded, signature string) {
	s := sealers.Get().(*sealer)
	defer sealers.Put(s)
	s.encoded = base64.StdEncoding.AppendEncode(s.encoded[:0], rest)
	s.sum = s.hash(k.inner, s.encoded)
	s.sum = s.hash(k.outer, s.sum)
	s.hex = hex.AppendEncode(s.hex[:0], s.sum)
	var whole strings.Builder
	whole.Grow(len(k.head) + len(s.encoded))
	whole.WriteString(k.head)
	whole.Write(s.encoded)
	return whole.String(), string(s.hex)
}

// A sealer signs one policy after another. Its parts are reused.
type sealer struct {
	sha256            hash.Hash
	encoded, sum, hex []byte
}

var sealers = sync.Pool{New: func() any { return &sealer{sha256: sha256.New()} }}

// hash goes on from a state with data, which may be the sum before.
func (s *sealer) hash(state, data []byte) []byte {
	_ = s.sha256.(encoding.BinaryUnmarshaler).UnmarshalBinary(state) // fails for what is no state alone
	s.sha256.Write(data)
	return s.sha256.Sum(s.sum[:0])
}
