package upload

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"postern/api"
)

// A DerivedKey is an owner's own key, derived from the stage's secret. It makes the MAC in the owner's upload ids, and seals what
// the owner's objects carry. It is a secret: printed or encoded, it shows a placeholder. The zero value is not a key.
type DerivedKey [sha256.Size]byte

// DeriveKey derives an owner's key from the stage's secret by HKDF with SHA-256 (RFC 5869). The secret is one that
// identity.CheckKey accepts.
func DeriveKey(secret []byte, owner string) (DerivedKey, error) {
	key, err := hkdf.Key(sha256.New, secret, nil, "postern owner "+owner, len(DerivedKey{}))
	if err != nil {
		return DerivedKey{}, fmt.Errorf("deriving an owner's key: %w", err)
	}
	return DerivedKey(key), nil
}

// ParseKey reads what Text returned. Its error does not hold the text.
func ParseKey(text string) (DerivedKey, error) {
	key, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(key) != len(DerivedKey{}) || DerivedKey(key).Text() != text {
		return DerivedKey{}, errors.New("malformed derived key")
	}
	return DerivedKey(key), nil
}

// Text returns the key in base64url, 43 characters, for ParseKey. It is empty for the zero value.
func (k DerivedKey) Text() string {
	if k == (DerivedKey{}) {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(k[:])
}

// hidden stands for a key wherever it would be shown.
const hidden = "[derived key]"

// Format implements fmt.Formatter: every verb prints a placeholder.
func (DerivedKey) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

// MarshalText implements encoding.TextMarshaler: JSON and logs get a placeholder.
func (DerivedKey) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// Sizes of an id's UUID in bytes, and where its MAC begins in the id's text.
const (
	uuidSize   = 16
	macSize    = 6
	macAt      = 2 * (uuidSize - macSize)
	idHexEnd   = 2 * uuidSize
	randomAt   = 6
	randomSize = uuidSize - macSize - randomAt
)

// NewID returns a new id of an upload of the key's owner: a UUID of version 7 (RFC 9562, section 5.7) as 32 hexadecimal
// digits, a dot and the extension (lower case, without a dot). The UUID holds now in milliseconds, so that ids sort by
// time, then 26 random bits, then 48 bits of a MAC over all that and the extension.
func (p *PreparedKey) NewID(now time.Time, random io.Reader, extension string) (string, error) {
	if !api.IsExtension(extension) {
		return "", errors.New("malformed extension of an upload id")
	}
	var id [uuidSize]byte
	if _, err := io.ReadFull(random, id[randomAt:randomAt+randomSize]); err != nil {
		return "", fmt.Errorf("reading randomness for an upload id: %w", err)
	}
	for i, ms := randomAt-1, now.UnixMilli(); i >= 0; i, ms = i-1, ms>>8 {
		id[i] = byte(ms)
	}
	const version, variant = 0x70, 0x80
	id[6] = version | id[6]&0x0f
	id[8] = variant | id[8]&0x3f
	head := hex.EncodeToString(id[:uuidSize-macSize])
	return head + p.idMAC(head, extension) + "." + extension, nil
}

// NewID is that of the prepared key.
func (k DerivedKey) NewID(now time.Time, random io.Reader, extension string) (string, error) {
	prepared, err := k.Prepare()
	if err != nil {
		return "", err
	}
	return prepared.NewID(now, random, extension)
}

// Granted reports whether an id is one that NewID made with this key.
func (p *PreparedKey) Granted(id string) bool {
	return api.IsID(id) && hmac.Equal([]byte(id[macAt:idHexEnd]), []byte(p.idMAC(id[:macAt], api.Extension(id))))
}

// Granted is that of the prepared key.
func (k DerivedKey) Granted(id string) bool {
	prepared, err := k.Prepare()
	return err == nil && prepared.Granted(id)
}

// GrantedAt returns when an id (as api.IsID accepts it) was made, in UTC, to the millisecond.
func GrantedAt(id string) time.Time {
	ms, err := strconv.ParseInt(id[:12], 16, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
