package upload

// CachedKeysForTest is how many keys a cache keeps.
func CachedKeysForTest(c *KeyCache) int { return len(c.keys) }
