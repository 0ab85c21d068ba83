package sign

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"sync"
)

// algorithm is the field x-amz-algorithm.
const algorithm = "AWS4-HMAC-SHA256"

// A signingKey signs the forms of one day, and holds what they have in common.
type signingKey struct {
	day        string // UTC, as 20060102
	credential string // the field x-amz-credential
	conditions policy // for bucket, algorithm, credential and token

	// sealers holds *sealer values: keying one takes longer than most signatures.
	sealers sync.Pool
}

// keyOf is the signing key of a day (UTC, as 20060102).
func (s *Signer) keyOf(day string) *signingKey {
	if key := s.key.Load(); key != nil && key.day == day {
		return key
	}
	// Two callers may both derive at midnight; their keys are equal, so it does not matter whose is kept.
	key := newSigningKey(s.config, day)
	s.key.Store(key)
	return key
}

func newSigningKey(config Config, day string) *signingKey {
	credential := config.Credentials.AccessKeyID + "/" + day + "/" + config.Region + "/s3/aws4_request"
	conditions := policy(nil).
		equal("bucket", config.Bucket).
		equal(fieldAlgorithm, algorithm).
		equal(fieldCredential, credential)
	if token := config.Credentials.SessionToken; token != "" {
		conditions = conditions.equal(fieldSecurityToken, token)
	}
	secret := deriveKey(config.Credentials.SecretAccessKey, day, config.Region)
	return &signingKey{
		day:        day,
		credential: credential,
		conditions: conditions,
		sealers:    sync.Pool{New: func() any { return &sealer{hmac: hmac.New(sha256.New, secret)} }},
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

// seal returns a policy's JSON in base64 and its signature in lower-case hexadecimal digits, as a form carries them.
func (k *signingKey) seal(document policy) (encoded, signature string) {
	s := k.sealers.Get().(*sealer)
	defer k.sealers.Put(s)
	return s.seal(document)
}

// A sealer signs one policy after another with one key. Its buffers are reused.
type sealer struct {
	hmac    hash.Hash
	encoded []byte
	sum     []byte
}

func (s *sealer) seal(document policy) (encoded, signature string) {
	s.encoded = base64.StdEncoding.AppendEncode(s.encoded[:0], document)
	s.hmac.Reset()
	s.hmac.Write(s.encoded)
	s.sum = s.hmac.Sum(s.sum[:0])
	return string(s.encoded), hex.EncodeToString(s.sum)
}
