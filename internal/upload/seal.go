package upload

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
)

// Declared is what an object's metadata carries from the signature to the inspection.
type Declared struct {
	Quota    int64  `json:"quota"`           // the owner's quota when it was signed, in bytes
	Files    int64  `json:"files,omitempty"` // the owner's quota of files then; 0: signed before files were counted
	Size     int64  `json:"size,omitempty"`  // size of the file, in bytes; 0: not declared
	Filename string `json:"name,omitempty"`
	Title    string `json:"title,omitempty"`
}

const (
	// sealedField is the one name of an object's metadata, as it follows x-amz-meta-.
	sealedField = "postern"
	// labelSeals makes the key that seals.
	labelSeals = "postern seals"
	// maxNames bounds file name and title in JSON together, in bytes. S3 gives a user's metadata 2 KB in all; the rest is for
	// the field's name, size and quota, and base64 (https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html).
	maxNames = 1400
)

// Seal returns the metadata of an object by name: one field, the nonce and the AES-256-GCM of what was declared, in base64url
// (NIST SP 800-38D). Only the owner's key opens it, and only for the same object key. It returns an Error that names file
// name and title if S3 would not hold them.
func (k DerivedKey) Seal(objectKey string, declared Declared, random io.Reader) (map[string]string, error) {
	if err := checkNames(declared.Filename, declared.Title); err != nil {
		return nil, err
	}
	text, err := encode(declared)
	if err != nil {
		return nil, fmt.Errorf("sealing metadata: %w", err)
	}
	seal, err := k.cipher()
	if err != nil {
		return nil, fmt.Errorf("sealing metadata: %w", err)
	}
	nonce := make([]byte, seal.NonceSize(), seal.NonceSize()+len(text)+seal.Overhead())
	if _, err := io.ReadFull(random, nonce); err != nil {
		return nil, fmt.Errorf("reading randomness for a seal: %w", err)
	}
	sealed := seal.Seal(nonce, nonce, text, []byte(objectKey))
	return map[string]string{sealedField: base64.RawURLEncoding.EncodeToString(sealed)}, nil
}

// Open returns what Seal sealed. It reports false for any other metadata: then Postern did not sign it for this object.
func (k DerivedKey) Open(objectKey string, metadata map[string]string) (Declared, bool) {
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(metadata[sealedField])
	if err != nil {
		return Declared{}, false
	}
	seal, err := k.cipher()
	if err != nil || len(sealed) < seal.NonceSize() {
		return Declared{}, false
	}
	text, err := seal.Open(nil, sealed[:seal.NonceSize()], sealed[seal.NonceSize():], []byte(objectKey))
	if err != nil {
		return Declared{}, false
	}
	var declared Declared
	err = json.Unmarshal(text, &declared)
	return declared, err == nil
}

// cipher returns what seals and opens with this key.
func (k DerivedKey) cipher() (cipher.AEAD, error) {
	block, err := aes.NewCipher(k.subkey(labelSeals))
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// encode returns a value as JSON, in which <, > and & take a byte each.
func encode(value any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), err
}

// checkNames returns an Error when file name and title are more than an object's metadata holds.
func checkNames(name, title string) error {
	if len(name)+len(title) <= maxNames/longestEscape {
		return nil
	}
	text, err := encode(name + title)
	if size := len(text) - len(`""`); err == nil && size > maxNames {
		return invalid("filename %s and title %s have %d bytes together in JSON: must be at most %d, which S3's metadata holds",
			Quote(name), Quote(title), size, maxNames)
	}
	return err
}

// longestEscape is how many bytes one byte of text takes in JSON at most: \u0000.
const longestEscape = 6
