package identity

// WithChecksum ends the beginning of a key for scripts with its checksum, which is no secret.
func WithChecksum(head string) string { return head + checksum(head) }
