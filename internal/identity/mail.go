// Package identity says who a user is: how a mail is normalised, which owner it becomes, how a password is kept, and
// what a row of the users table holds. It imports golang.org/x/crypto and the standard library only.
package identity

import (
	"errors"
	"strings"
)

// A Mail is a mail address in the one form that Postern compares, stores and hashes: lower-case ASCII. Make one with
// ParseMail. It is personal data: it goes into no log, no error and no object key.
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
