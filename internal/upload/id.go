package upload

import (
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"time"

	"postern/api"
)

// NewID makes the id of an upload: a UUID of version 7 (RFC 9562, section 5.7) as 32 hexadecimal digits, a dot and the
// extension (lower case, without a dot). The UUID holds now in milliseconds, so ids sort by time, and 74 bits of random.
func NewID(now time.Time, random io.Reader, extension string) (string, error) {
	if !api.IsExtension(extension) {
		return "", fmt.Errorf("malformed extension of an upload id")
	}
	var id [16]byte
	if _, err := io.ReadFull(random, id[6:]); err != nil {
		return "", fmt.Errorf("reading randomness for an upload id: %w", err)
	}
	for i, ms := 5, now.UnixMilli(); i >= 0; i, ms = i-1, ms>>8 {
		id[i] = byte(ms)
	}
	const version, variant = 0x70, 0x80
	id[6] = version | id[6]&0x0f
	id[8] = variant | id[8]&0x3f
	return hex.EncodeToString(id[:]) + "." + extension, nil
}

// GrantedAt is when an id (as api.IsID accepts it) was made, in UTC, to the millisecond.
func GrantedAt(id string) time.Time {
	ms, err := strconv.ParseInt(id[:12], 16, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
