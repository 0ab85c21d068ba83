package sign

import "time"

// CachedDayForTest is the day whose signing key s keeps, empty before the first form.
func CachedDayForTest(s *Signer) string {
	if key := s.key.Load(); key != nil {
		return key.day
	}
	return ""
}

// SameKeyForTest reports whether signing at a and at b uses one signing key without deriving it again.
func SameKeyForTest(s *Signer, a, b time.Time) bool {
	return s.keyOfDay(a) == s.keyOfDay(b)
}
