package upload

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"sync"
)

// A PreparedKey is a derived key that is ready to make ids and seals: what follows from the key alone is computed. It is a
// secret as the key is. It is safe for concurrent use.
type PreparedKey struct {
	seals cipher.AEAD
	ids   sync.Pool // of hash.Hash: an HMAC that is reset has hashed its key already
}

// Labels of the uses of a derived key. Every use has a key of its own.
const (
	labelIDs   = "postern ids"
	labelSeals = "postern seals"

	labelScripts = "postern keys for scripts"
	labelLinks   = "postern links"
	labelLinkIDs = "postern link ids"
)

// Prepare makes a key ready.
func (k DerivedKey) Prepare() (*PreparedKey, error) {
	block, err := aes.NewCipher(k.subkey(labelSeals))
	if err != nil {
		return nil, fmt.Errorf("preparing an owner's key: %w", err)
	}
	seals, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("preparing an owner's key: %w", err)
	}
	ids := k.subkey(labelIDs)
	return &PreparedKey{seals: seals, ids: sync.Pool{New: func() any { return hmac.New(sha256.New, ids) }}}, nil
}

// subkey returns the derived key's own key for a use.
func (k DerivedKey) subkey(label string) []byte {
	mac := hmac.New(sha256.New, k[:])
	_, _ = io.WriteString(mac, label)
	return mac.Sum(nil)
}

// idMAC returns the MAC in an id, in hexadecimal digits. head is all that comes before it.
func (p *PreparedKey) idMAC(head, extension string) string {
	mac := p.ids.Get().(hash.Hash)
	defer p.ids.Put(mac)
	mac.Reset()
	_, _ = io.WriteString(mac, head+"."+extension)
	var sum [sha256.Size]byte
	return hex.EncodeToString(mac.Sum(sum[:0])[:macSize])
}

// maxPrepared is how many owners' keys a KeyCache keeps.
const maxPrepared = 64

// A KeyCache keeps the keys of a few owners prepared: most callers ask for several uploads in a row. It is safe for
// concurrent use. The zero value is empty.
type KeyCache struct {
	mu   sync.Mutex
	keys map[DerivedKey]*PreparedKey
}

// Prepare returns a key that is ready. A full cache forgets all that it has.
func (c *KeyCache) Prepare(key DerivedKey) (*PreparedKey, error) {
	c.mu.Lock()
	prepared := c.keys[key]
	c.mu.Unlock()
	if prepared != nil {
		return prepared, nil
	}
	prepared, err := key.Prepare()
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.keys == nil || len(c.keys) >= maxPrepared {
		c.keys = map[DerivedKey]*PreparedKey{}
	}
	c.keys[key] = prepared
	return prepared, nil
}

// ForScripts returns the derived key's own key for keys of scripts, 32 bytes. It is a secret.
func (k DerivedKey) ForScripts() []byte { return k.subkey(labelScripts) }
