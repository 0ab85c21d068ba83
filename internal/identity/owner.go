package identity

import (
	"encoding/hex"
	"fmt"

	"golang.org/x/crypto/blake2b"
)

// Bytes of an owner's digest and of the key it is made with (RFC 7693, section 2.1, allows a key of up to 64).
const (
	ownerSize  = 10
	minKeySize = 32
	maxKeySize = 64
)

// CheckKey returns an error when key cannot be the key of the owner hash: it has 32 to 64 bytes.
func CheckKey(key []byte) error {
	if len(key) < minKeySize || len(key) > maxKeySize {
		return fmt.Errorf("owner key has %d bytes: must be %d to %d", len(key), minKeySize, maxKeySize)
	}
	return nil
}

// Owner is the folder name of a mail: 20 lower-case hexadecimal digits of its keyed BLAKE2b-80 digest (RFC 7693).
// Without the key it cannot be turned back into the mail, nor a guessed mail be tried. It panics on a key that
// CheckKey refuses, because a weak key would give every mail away.
func Owner(key []byte, mail Mail) string {
	if err := CheckKey(key); err != nil {
		panic(err)
	}
	hash, err := blake2b.New(ownerSize, key)
	if err != nil {
		panic(err)
	}
	hash.Write([]byte(mail))
	return hex.EncodeToString(hash.Sum(nil))
}

func isOwner(s string) bool {
	digest, err := hex.DecodeString(s)
	return err == nil && len(digest) == ownerSize && hex.EncodeToString(digest) == s
}
