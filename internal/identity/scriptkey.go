package identity

import (
	"crypto/hmac"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
)

// ScriptKeyPrefix begins every key for scripts, so that programs which look for leaked secrets find it.
const ScriptKeyPrefix = "pstn_"

// A key for scripts is the prefix, 88 characters of base32 (RFC 4648, in lower case) and the CRC-32 (IEEE) of all before it
// in 8 hexadecimal digits, which tells a scanner a key from a text that looks like one. The base32 holds the owner, an id, 256
// random bits, and a MAC over these, without which nobody can make a text that costs a look at the table.
const (
	scriptOwner  = ownerSize
	scriptID     = 5
	scriptSecret = 32
	scriptTag    = 8
	scriptBytes  = scriptOwner + scriptID + scriptSecret + scriptTag
	scriptChars  = scriptBytes * 8 / 5
	scriptSum    = 8 // hexadecimal digits

	// ScriptKeySize is how many characters a key has.
	ScriptKeySize = len(ScriptKeyPrefix) + scriptChars + scriptSum
)

// scriptHash is the size of what is stored of a key, in bytes.
const scriptHash = 32

// scriptEncoding has no padding, since the bytes fill its characters.
var scriptEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// ErrScriptKey is returned for a text that is no key for scripts. It does not repeat the text.
var ErrScriptKey = errors.New("not a key for scripts: must be pstn_ and 96 characters, as it was shown when it was made")

// A ScriptKey is a key for scripts that was read. It is a secret: printed, it shows a placeholder.
type ScriptKey struct {
	Owner string // 20 hexadecimal digits
	ID    string // 8 characters of base32, which name the key

	text string
	tag  string // hexadecimal digits
	body string // what the tag is about
}

// Format implements fmt.Formatter: every verb prints a placeholder.
func (ScriptKey) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[key for scripts]") }

// NewScriptKey makes a key of an owner, with an id and a secret from random. key is the owner's own for this use: 32 bytes. The
// text is what its owner gets to see.
func NewScriptKey(key []byte, owner string, random io.Reader) (made ScriptKey, text string, err error) {
	raw, err := hex.DecodeString(owner)
	if err != nil || len(raw) != scriptOwner {
		return ScriptKey{}, "", errors.New("malformed owner of a key for scripts")
	}
	drawn := make([]byte, scriptID+scriptSecret)
	if _, err := io.ReadFull(random, drawn); err != nil {
		return ScriptKey{}, "", fmt.Errorf("reading randomness for a key: %w", err)
	}
	raw = append(raw, drawn...)
	tag, err := hex.DecodeString(digest(key, scriptTag, string(raw)))
	if err != nil {
		return ScriptKey{}, "", err
	}
	text = ScriptKeyPrefix + scriptEncoding.EncodeToString(append(raw, tag...))
	text += checksum(text)
	made, err = ParseScriptKey(text)
	return made, text, err
}

// ParseScriptKey reads a key, without a look at whether it was ever made: see IsGenuine. Every error is ErrScriptKey.
func ParseScriptKey(text string) (ScriptKey, error) {
	if len(text) != ScriptKeySize || !strings.HasPrefix(text, ScriptKeyPrefix) {
		return ScriptKey{}, ErrScriptKey
	}
	head, sum := text[:len(text)-scriptSum], text[len(text)-scriptSum:]
	raw, err := scriptEncoding.DecodeString(head[len(ScriptKeyPrefix):])
	// The decoder skips line breaks, so a text that it shortened is no key.
	if err != nil || len(raw) != scriptBytes || checksum(head) != sum {
		return ScriptKey{}, ErrScriptKey
	}
	id := raw[scriptOwner : scriptOwner+scriptID]
	body, tag := raw[:scriptBytes-scriptTag], raw[scriptBytes-scriptTag:]
	return ScriptKey{
		Owner: hex.EncodeToString(raw[:scriptOwner]), ID: scriptEncoding.EncodeToString(id),
		text: text, tag: hex.EncodeToString(tag), body: string(body),
	}, nil
}

// IsGenuine reports whether NewScriptKey made the key with this key of the owner.
func (k ScriptKey) IsGenuine(key []byte) bool {
	return hmac.Equal([]byte(digest(key, scriptTag, k.body)), []byte(k.tag))
}

// Hash returns what is stored of the key: its keyed digest, 64 hexadecimal digits.
func (k ScriptKey) Hash(key []byte) string { return digest(key, scriptHash, k.text) }

// IsScriptKeyID reports whether a text can be the id of a key.
func IsScriptKeyID(id string) bool {
	raw, err := scriptEncoding.DecodeString(id)
	return err == nil && len(raw) == scriptID && scriptEncoding.EncodeToString(raw) == id
}

func checksum(text string) string { return fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(text))) }
