package upload

import (
	"errors"

	"postern/api"
)

// CodeForTest is the code of a refusal, and empty for any other error.
func CodeForTest(err error) api.Code {
	if refusal, ok := errors.AsType[*Error](err); ok {
		return refusal.Code
	}
	return ""
}

// CachedKeysForTest is how many keys a cache keeps.
func CachedKeysForTest(c *KeyCache) int { return len(c.keys) }
