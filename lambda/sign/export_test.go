package sign

import (
	"encoding/base64"
	"time"
)

// SignPolicyForTest signs any policy, given in base64, with the key that s signs forms with at now.
func SignPolicyForTest(s *Signer, encoded string, now time.Time) (string, error) {
	document, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return "", err
	}
	_, signature := s.keyOf(now.UTC().Format("20060102")).seal(document)
	return signature, nil
}

// CachedDayForTest is the day whose signing key s keeps, empty before the first form.
func CachedDayForTest(s *Signer) string {
	if key := s.key.Load(); key != nil {
		return key.day
	}
	return ""
}

// SameKeyForTest reports whether signing at a and at b uses one signing key without deriving it again.
func SameKeyForTest(s *Signer, a, b time.Time) bool {
	return s.keyOf(a.UTC().Format("20060102")) == s.keyOf(b.UTC().Format("20060102"))
}
