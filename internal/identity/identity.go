// Package identity says who a user is: how a mail is normalised, which owner it becomes, how a password is kept, and
// what a valid user is. It calls nothing.
package identity

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"postern/api"
)

// A Role says for whom a user may act.
type Role string

// The roles.
const (
	RoleUser    Role = "user"    // for itself
	RoleService Role = "service" // for anybody
)

// A User is a row of the users table.
type User struct {
	Mail    Mail   // partition key
	Owner   string // 20 hexadecimal digits, made by Owner when the user was created and never again
	Role    Role
	MaxSize *int64 // largest upload, in bytes; nil: the stage's default
	Quota   *int64 // how much the user may keep in all, in bytes; nil: the stage's default
	// FileQuota is how many files the user may keep in all, 0 to api.MaxFiles; nil: the stage's default.
	FileQuota *int64

	Hash    string // of the password, made by HashPassword or HashPasswordBeside
	OldHash string // of the password before, which is valid as well; empty: there is none
	// OldUntil is until when the password before is valid, in whole seconds. Zero: until it is dropped.
	OldUntil time.Time

	// Issuer is whose token has named the user. No row has one.
	Issuer string

	Scope
}

// Check returns an error when the user cannot be a row of the users table. It names the first field that is malformed, and
// never its value, which is personal.
func (u User) Check() error {
	mail, mailErr := ParseMail(string(u.Mail))
	hash, hashErr := parsePHC(u.Hash)
	var oldErr error
	if u.OldHash != "" {
		_, oldErr = hash.beside(u.OldHash)
	}
	switch {
	case mailErr != nil || mail != u.Mail:
		return malformed("mail")
	case !api.IsOwner(u.Owner):
		return malformed("owner")
	case hashErr != nil:
		return malformed("hash")
	case oldErr != nil:
		return malformed("oldHash")
	case !isSeconds(u.OldUntil) || u.OldHash == "" && !u.OldUntil.IsZero():
		return malformed("oldUntil")
	case u.Role != RoleUser && u.Role != RoleService:
		return malformed("role")
	case u.MaxSize != nil && *u.MaxSize < 0:
		return malformed("maxSize")
	case u.Quota != nil && *u.Quota < 0:
		return malformed("quota")
	case u.FileQuota != nil && (*u.FileQuota < 0 || *u.FileQuota > api.MaxFiles):
		return malformed("fileQuota")
	default:
		return u.check()
	}
}

// isSeconds reports whether a time is zero, or one that has whole seconds.
func isSeconds(t time.Time) bool { return t.IsZero() || t.Nanosecond() == 0 && t.Unix() > 0 }

func malformed(name string) error {
	return fmt.Errorf("attribute %s of a user is missing or malformed", name)
}

// Bytes of an owner's digest and of the key it is made with (RFC 7693, section 2.1, allows a key of up to 64).
const (
	ownerSize  = 10
	minKeySize = 32
	maxKeySize = 64
)

// CheckKey returns an error when key cannot be the key of the owner hash, which has 32 to 64 bytes.
func CheckKey(key []byte) error {
	if len(key) < minKeySize || len(key) > maxKeySize {
		return fmt.Errorf("owner key has %d bytes: must be %d to %d", len(key), minKeySize, maxKeySize)
	}
	return nil
}

// Owner returns the owner of a mail, the name of its folder: 20 lower-case hexadecimal digits of its keyed BLAKE2b-80
// digest (RFC 7693). Without the key, nobody can turn it back into the mail or try a guessed mail. It panics on a key that
// CheckKey refuses, because a weak key would give every mail away.
func Owner(key []byte, mail Mail) string { return digest(key, ownerSize, string(mail)) }

// A Mail is a mail address in the form that Postern compares, stores and hashes: lower-case ASCII. ParseMail makes one. It is
// personal data: it goes into no log, no error and no object key.
type Mail string

// Longest mail and longest local part, in bytes (RFC 5321, section 4.5.3.1, and RFC 3696, erratum 1690).
const (
	maxMail  = 254
	maxLocal = 64
	maxLabel = 63
)

// ErrMail is returned for a text that is not a mail address. It does not repeat the text.
var ErrMail = errors.New("not a mail address: must be name@domain in ASCII, at most 254 bytes")

// ParseMail reads a mail address, case-insensitively: a dot-atom, one @ and a host name (RFC 5321, section 4.1.2,
// without quoted names, address literals and comments). White space around it is not removed. Every error is ErrMail.
func ParseMail(s string) (Mail, error) {
	local, domain, ok := strings.Cut(s, "@")
	if !ok || len(s) > maxMail || len(local) > maxLocal {
		return "", ErrMail
	}
	if !every(local, ".", isAtom) || !every(domain, ".", isLabel) {
		return "", ErrMail
	}
	return Mail(strings.ToLower(s)), nil
}

// every reports whether each part of s between separators is valid.
func every(s, separator string, valid func(string) bool) bool {
	for part := range strings.SplitSeq(s, separator) {
		if !valid(part) {
			return false
		}
	}
	return true
}

func isAtom(s string) bool {
	for i := range len(s) {
		if !isAlphanumeric(s[i]) && !strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", rune(s[i])) {
			return false
		}
	}
	return s != ""
}

func isLabel(s string) bool {
	for i := range len(s) {
		if !isAlphanumeric(s[i]) && s[i] != '-' {
			return false
		}
	}
	return s != "" && len(s) <= maxLabel && s[0] != '-' && s[len(s)-1] != '-'
}

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
