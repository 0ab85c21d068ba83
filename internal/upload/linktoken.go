package upload

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"postern/api"
)

// Sizes of a link's id in bytes: when it ends in seconds since 1970, random bytes, and a MAC over both.
const (
	linkEnd    = 5
	linkRandom = 9
	linkMAC    = 6
	linkBytes  = linkEnd + linkRandom + linkMAC
)

// linkEncoding has no padding, since the bytes fill its characters.
var linkEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// newLinkID returns the id of a new link that ends then: 32 characters of base32. Nobody without the key can make one.
func (k DerivedKey) newLinkID(end time.Time, random io.Reader) (string, error) {
	id := make([]byte, linkEnd+linkRandom, linkBytes)
	if _, err := io.ReadFull(random, id[linkEnd:]); err != nil {
		return "", fmt.Errorf("reading randomness for a link: %w", err)
	}
	for i, seconds := linkEnd-1, end.Unix(); i >= 0; i, seconds = i-1, seconds>>8 {
		id[i] = byte(seconds)
	}
	return linkEncoding.EncodeToString(append(id, k.linkMAC(id)...)), nil
}

func (k DerivedKey) linkMAC(head []byte) []byte {
	mac := hmac.New(sha256.New, k.subkey(labelLinkIDs))
	mac.Write(head)
	return mac.Sum(nil)[:linkMAC]
}

// linkID returns the bytes of a link's id, whoever made it up.
func linkID(text string) ([]byte, bool) {
	id, err := linkEncoding.DecodeString(text)
	// The decoder skips line breaks.
	return id, err == nil && len(id) == linkBytes && linkEncoding.EncodeToString(id) == text
}

// MadeLink reports whether an id is that of a link which was made with this key.
func (k DerivedKey) MadeLink(id string) bool {
	raw, ok := linkID(id)
	return ok && hmac.Equal(raw[linkEnd+linkRandom:], k.linkMAC(raw[:linkEnd+linkRandom]))
}

// LinkEnd returns when the link of an id ends, in UTC, in whole seconds. It is the zero time for what is no id.
func LinkEnd(id string) time.Time {
	raw, ok := linkID(id)
	if !ok {
		return time.Time{}
	}
	var seconds int64
	for _, b := range raw[:linkEnd] {
		seconds = seconds<<8 | int64(b)
	}
	return time.Unix(seconds, 0).UTC()
}

const (
	ownerBytes = 10
	nonceBytes = 12
	tagBytes   = 16
	// maxTerms is the longest JSON of a link's terms, in bytes. The token fits into a header with room to spare.
	maxTerms = 2800
	// MaxLinkToken is the longest token, in characters.
	MaxLinkToken = len(api.LinkPrefix) + (ownerBytes+nonceBytes+maxTerms+tagBytes)*4/3 + 1
)

// ErrLinkToken is returned for a text that is no token of a link. It does not repeat the text.
var ErrLinkToken = errors.New("not a link: must be pstl_ and what follows it, as it was made")

// A LinkToken is a token of a link that was read and not yet verified. It is a secret: printed, it shows a placeholder.
type LinkToken struct {
	Owner  string // 20 hexadecimal digits
	sealed []byte // nonce and ciphertext
}

// Format implements fmt.Formatter: every verb prints a placeholder.
func (LinkToken) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[link]") }

// ParseLinkToken reads a token, without a look at whether it was ever made: see OpenLink. Every error is ErrLinkToken.
func ParseLinkToken(text string) (LinkToken, error) {
	encoded, ok := strings.CutPrefix(text, api.LinkPrefix)
	if !ok || len(text) > MaxLinkToken {
		return LinkToken{}, ErrLinkToken
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if err != nil || len(raw) < ownerBytes+nonceBytes+tagBytes || base64.RawURLEncoding.EncodeToString(raw) != encoded {
		return LinkToken{}, ErrLinkToken
	}
	return LinkToken{hex.EncodeToString(raw[:ownerBytes]), raw[ownerBytes:]}, nil
}

// NewLink gives a link an id and returns it with its token: the owner, a nonce and the AES-256-GCM of the terms, whose tag of
// 128 bits nobody without the owner's key can make. It returns an Error if the terms are too long.
func (k DerivedKey) NewLink(owner string, link Link, end time.Time, random io.Reader) (Link, string, error) {
	raw, err := hex.DecodeString(owner)
	if err != nil || len(raw) != ownerBytes {
		return Link{}, "", errors.New("malformed owner of a link")
	}
	if link.ID, err = k.newLinkID(end, random); err != nil {
		return Link{}, "", err
	}
	terms, err := encode(link)
	if err != nil {
		return Link{}, "", fmt.Errorf("writing a link: %w", err)
	}
	if len(terms) > maxTerms {
		return Link{}, "", invalid("the link has %d bytes: its from, note, folders and formats must be shorter, %d in all", len(terms), maxTerms)
	}
	seals, err := k.linkSeals()
	if err != nil {
		return Link{}, "", err
	}
	nonce := make([]byte, nonceBytes)
	if _, err := io.ReadFull(random, nonce); err != nil {
		return Link{}, "", fmt.Errorf("reading randomness for a link: %w", err)
	}
	sealed := seals.Seal(slices.Clone(nonce), nonce, terms, []byte(api.LinkPrefix+owner))
	return link, api.LinkPrefix + base64.RawURLEncoding.EncodeToString(append(raw, sealed...)), nil
}

// OpenLink returns the terms of a token. It reports false for a token that NewLink did not make with this key, the owner's own.
func (k DerivedKey) OpenLink(token LinkToken) (Link, bool) {
	seals, err := k.linkSeals()
	if err != nil || len(token.sealed) < nonceBytes {
		return Link{}, false
	}
	terms, err := seals.Open(nil, token.sealed[:nonceBytes], token.sealed[nonceBytes:], []byte(api.LinkPrefix+token.Owner))
	if err != nil {
		return Link{}, false
	}
	var link Link
	err = json.Unmarshal(terms, &link)
	return link, err == nil && k.MadeLink(link.ID)
}

func (k DerivedKey) linkSeals() (cipher.AEAD, error) {
	block, err := aes.NewCipher(k.subkey(labelLinks))
	if err != nil {
		return nil, fmt.Errorf("preparing the key of links: %w", err)
	}
	seals, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("preparing the key of links: %w", err)
	}
	return seals, nil
}
